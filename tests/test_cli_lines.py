"""Lines of the command: those that its help shows, wrong ones, and 300 made of its help."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import cli, demo, xmltv
from kott_notebooks.cli.arguments import Argument, Command, Group
from kott_notebooks.cli.commands import COMMANDS
from kott_notebooks.demo.server import Server
from kott_notebooks.errors import HINTS

KOTT = [sys.executable, "-W", "error", "-m", "kott_notebooks"]
SMALL: dict[str, Any] = {"assets": 60, "channels": 3, "days": 2, "households": 5}
STATUSES = {0, 1, 2, 3, 4}
BY_THEMSELVES = ("demo", "lab", "run", "gallery")  # they last, and have tests of their own
Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """Serve a small partner."""
    with demo.serve(**SMALL) as running:
        yield running


@pytest.fixture
def asked(small: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """Let KOTT_* lead to the small partner, and work in an empty folder."""
    monkeypatch.setenv("KOTT_URL", small.url)
    monkeypatch.setenv("KOTT_PARTNER_ID", str(demo.PARTNER_ID))
    monkeypatch.setenv("KOTT_USERNAME", demo.USERNAME)
    monkeypatch.setenv("KOTT_PASSWORD", demo.PASSWORD)
    monkeypatch.chdir(tmp_path)
    return small


def run(*arguments: str) -> int:
    """Run the command in this process; give its exit status."""
    try:
        return cli.main(arguments)
    except SystemExit as ended:  # --help and --version
        return int(ended.code or 0)


WRITTEN = r"[\d,]+ rows of [^\n\x1b]+\n"  # what was written before something was missing

# What the help shows


def test_every_line_that_a_help_shows_works(asked: Server, capsys: Capture) -> None:
    """In the order of the commands; each ends with 0, or as its comment says."""
    ids = [str(one["id"]) for one in asked.backend.world.objects["KalturaHousehold"]]
    xmltv.write(kott.epg(kott.login(), "today", "today+1d"), None, "guide.xml.gz")
    for command in COMMANDS:
        for line in command.examples:
            if command.name in BY_THEMSELVES:
                continue
            words = shlex.split(line.replace("20001", ids[0]).replace("20002", ids[1]), True)
            assert run(*words[1:]) == int("# 1" in line), (line, capsys.readouterr().err)
            out, err = capsys.readouterr()
            assert out or "in " in err or "written: " in err, line


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_help_has_examples_that_it_understands(command: Command, capsys: Capture) -> None:
    """And shows each argument with what it means."""
    assert command.examples
    assert run(command.name, "--help") == 0
    shown = capsys.readouterr().out
    for line in command.examples:
        assert line in shown
    assert [one.names for one in every(command.arguments) if not one.options.get("help")] == []


def every(arguments: tuple[Argument | Group, ...]) -> Iterator[Argument]:
    """Give the arguments of a command, those in groups too."""
    for one in arguments:
        yield from one.arguments if isinstance(one, Group) else (one,)


# What is wrong is said before anybody logs in


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("assets --limit -1", "'-1' is not a whole number of at least 0"),
        ("assets --limit x", "'x' is not a whole number"),
        ("assets --out none/x.csv", "none/x.csv: No such file or directory"),
        ("assets --out .", ".: Is a directory"),
        ("assets --out x.doc", "no format is called doc"),
        ("assets --format xmltv", "no column linearAssetId"),
        ("epg tomorrow-ish", "'tomorrow-ish' is not a point in time"),
        ("epg today yesterday", "give a later END"),
        ("epg --tz Mars/Base", "Mars/Base"),
        ("epg --channels a,b", "'a' is not a whole number"),
        ("guide today today -o guide.html", "give a later END"),
        ("guide -o guide.xml", "`kott epg --out guide.xml` writes XMLTV"),
        ("plan epg 2026-01-02 2026-01-01", "give a later END"),
        ("listing region --filter [", "not JSON"),
        ("listing region --filter []", "not an object"),
        ("listing region --argument name", "'name' is not NAME=VALUE"),
        ("listing region --argument filter=1", "has an option or a place of its own"),
        ("households 1 --external-ids 2", "not both"),
        ("listing regoin", "regoin.list is not a list action"),
        ("plan regoin", "regoin.list is not a list action"),
        ("labels regoin", "KIND is one of assetStruct"),
        ("audit --out audit.doc", "should end in .html"),
        ("audit --rules none.toml", "none.toml"),
        ("audit --baseline none.parquet", "none.parquet is no file"),
        ("audit --baseline findings.csv", "no column rule"),
        ("audit --write-waivers latin1.toml", "latin1.toml cannot be read"),
        ("watch store --rules none.toml", "none.toml"),
        ("whoami --profile ''", "argument --profile: it is empty"),
        ("audit --baseline ''", "argument --baseline: it is empty"),
        ("watch findings.csv", "findings.csv: Not a directory"),
        ("snapshot findings.csv/store epg", "findings.csv/store: Not a directory"),
        ("audit --fail-on never --out none/audit.html", "No such file or directory"),
        ("lab --profile x", "--profile is for --own"),
        ("demo --serve --port 99999", "--port is a number below 65,536"),
        ("whoami --demo --username ann", "leave out --username"),
        ("whoami --colour", "unrecognized arguments: --colour"),
        ("whoami --password hunter2", "--password: other users can read"),
        ("--password hunter2 whoami", "set KOTT_PASSWORD"),
        ("assets --app-token=hunter2", "set KOTT_APP_TOKEN"),
    ],
)
def test_what_is_wrong_is_one_line_before_the_login(
    line: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    """Status 2, although no server is there to ask."""
    monkeypatch.chdir(tmp_path)
    Path("findings.csv").write_text("id,name\n1,One\n", "utf-8")
    Path("latin1.toml").write_text("# \u00e9", "latin-1")
    monkeypatch.setenv("KOTT_URL", "http://127.0.0.1:9")
    assert run(*shlex.split(line)) == cli.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"kott: [^\n]*\n", err)
    assert words in err
    assert "hunter2" not in err


def test_a_guide_without_a_programme_is_not_judged(asked: Server, capsys: Capture) -> None:
    """A slip in a filter does not let a build pass."""
    assert run("audit", "--schedule", "--ksql", "name='no such name'") == cli.USAGE
    assert "There is no programme to audit" in capsys.readouterr().err


def test_excel_is_asked_for_before_the_pull(
    asked: Server, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Without the extra the error names it, and no request was made."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    before = len(asked.backend.log)
    assert run("audit", "--out", "audit.xlsx") == cli.USAGE
    assert "audit.xlsx: Excel needs xlsxwriter: python3 -m pip install 'kott_notebooks[excel]'" in (
        capsys.readouterr().err
    )
    assert len(asked.backend.log) == before


# Words


@pytest.mark.parametrize("hint", [*HINTS.values()])
def test_hints_are_in_the_commands_words(hint: str) -> None:
    """Nobody at a terminal can call a function."""
    assert not re.search(r"kott\.|session|\w\(|\b[a-z_]+=(?!['\"])", cli.in_command_words(hint))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("whoami", "set KOTT_URL"),
        ("whoami --url https://h.invalid --anonymous", "give --partner-id"),
        ("whoami --url https://h.invalid --partner-id 1", "give --anonymous"),
        ("whoami --url h", "write https://HOST"),
        ("listing system ping", "`kott services`"),
        ("describe KalturaThing", "`kott services`"),
    ],
)
def test_remedies_can_be_typed(line: str, words: str, capsys: Capture) -> None:
    """`--url`, `kott demo`; not `url=`, not `demo.login()`."""
    assert run(*line.split()) in (cli.USAGE, cli.LOGIN)
    said = capsys.readouterr().err
    assert words in said
    assert not re.search(r"kott\.|kott_notebooks\.|\w=(?!')", said)


# Streams


def typed(line: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run a line of the shell, in which $KOTT is the command."""
    environment = {**os.environ, "KOTT": shlex.join(KOTT), **options}
    return subprocess.run(["bash", "-c", line], capture_output=True, env=environment)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
def test_stdout_is_utf8_wherever_it_goes(asked: Server, encoding: str) -> None:
    """Whatever Python makes of the terminal's encoding."""
    done = typed("$KOTT assets --language '*' --format csv", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert not done.stdout.isascii()
    done.stdout.decode("utf-8")
    assert b"\r\n" not in done.stdout


@pytest.mark.parametrize(
    ("line", "status", "words"),
    [
        ("$KOTT channels --format csv >&-", 2, b"kott: stdout is closed: give --out FILE.\n"),
        ("$KOTT whoami >/dev/full", 2, b"kott: No space left on device\n"),
        ("$KOTT whoami --limit 2>&-", 2, b""),
        ("$KOTT whoami --limit 2>/dev/full", 2, b""),
        ("$KOTT audit - <&-", 2, b"kott: stdin is closed: give the path of a guide.\n"),
        ("$KOTT services --format csv >/dev/full", 2, b"kott: No space left on device\n"),
    ],
)
def test_closed_and_full_streams_end_in_words(
    asked: Server, line: str, status: int, words: bytes
) -> None:
    """Never in a traceback, nor in one when Python ends."""
    done = typed(line)
    assert (done.returncode, done.stderr) == (status, words)


def test_ctrl_d_at_the_prompt_is_3(asked: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a password at the prompt, the command is not logged in."""
    monkeypatch.delenv("KOTT_PASSWORD")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*KOTT, "whoami"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as child:
        os.close(theirs)
        said = b""
        while b"Password: " not in said:
            said += os.read(ours, 1024)
        os.write(ours, b"\x04")
        status = child.wait(20)
        said += os.read(ours, 4096)
    os.close(ours)
    assert status == cli.LOGIN
    assert b"Traceback" not in said
    assert b"kott: nothing was typed at the prompt" in said


# 300 lines made of the command's own help


VALUES = (
    *("", "0", "7", "-3", "1e9", "9" * 30, "x", "a,b", "1,2", "today", "now+2h", "2026-02-30"),
    *("*", "eng", "Europe/Berlin", "Genre='Drama'", "(and name='x'", "name,Genre", "metas.Yaer"),
    *("out.csv", "out.parquet", "out.xlsx", "none/out.csv", ".", "asset", "region", "list", "get"),
    *("{}", "[1]", '{"idIn": "1"}', "pageIndex=1", "=", "csv", "json", "table", "error", "never"),
    *("\u0130\u00e9\u4e2d\u202e", "\udcff", "\x1b[31m", "a\nb", "\0", "'", '"', "%s", "-"),
)
PULLED = [one for one in COMMANDS if one.name not in BY_THEMSELVES]


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """Draw a command and some of its arguments, each with a value that may or may not fit."""
    command = draw(st.sampled_from(PULLED))
    line = [command.name]
    taken = [*every(command.arguments)]
    for names, options in draw(st.lists(st.sampled_from(taken), max_size=4, unique_by=id)):
        if names == ("--demo",):
            continue  # a world of its own every time
        line += [names[-1]] if names[0].startswith("-") else []
        if "action" not in options or options["action"] == "append":
            line.append(draw(st.sampled_from([*options.get("choices", ()), *VALUES])))
    return [*line, *draw(st.sampled_from([[], [], [], ["--help"], ["--colour"], ["x"]]))]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=lines())
def test_any_line_ends_in_a_status_of_the_table(
    line: list[str], asked: Server, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A failure is one line on stderr; nothing is a traceback."""
    status = run(*line)
    err = capsysbinary.readouterr().err.decode()  # stdout may be Parquet
    assert status in STATUSES
    assert "Traceback" not in err
    if status > 1:
        assert re.fullmatch(rf"({WRITTEN})?kott: [^\n\x1b]+\n", err), err
