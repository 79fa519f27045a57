"""The `kott` command: what it prints where, and with which exit status it ends."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import cli, demo, xmltv
from kott_notebooks.cli import lab
from kott_notebooks.demo.server import Server
from kott_notebooks.tables.provenance import facts

KOTT = [sys.executable, "-W", "error", "-m", "kott_notebooks"]
Capture = pytest.CaptureFixture[str]


def run(*arguments: object) -> int:
    """Run the command in this process; give its exit status."""
    try:
        return cli.main([str(one) for one in arguments])
    except SystemExit as ended:  # argparse ends by itself
        return int(ended.code or 0)


def printed(capsys: Capture, *arguments: object) -> str:
    """Run a command that must succeed; give what it wrote to stdout."""
    status = run(*arguments)
    out, err = capsys.readouterr()
    assert status == 0, err
    return out


def refused(capsys: Capture, *arguments: object) -> tuple[int, str]:
    """Run a command that must fail; give its status and the one line that it says."""
    status = run(*arguments)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return status, err


@pytest.fixture(scope="module")
def assets(server: Server) -> pd.DataFrame:
    """What `kott assets` must print."""
    with kott.login(
        server.url, demo.PARTNER_ID, username=demo.USERNAME, password=demo.PASSWORD
    ) as session:
        return kott.assets(session, limit=30)


# Formats


def test_csv_holds_what_people_read(partner: str, assets: pd.DataFrame, capsys: Capture) -> None:
    """Every row and column, tags joined, lists counted, times as ISO text."""
    table = pd.read_csv(io.StringIO(printed(capsys, "assets", "--limit", 30, "--format", "csv")))
    assert list(table.columns) == list(assets.columns)
    assert list(table["id"]) == list(assets["id"])
    assert list(table["mediaFiles"].fillna(0)) == list(kott.flat(assets)["mediaFiles"].fillna(0))
    assert pd.to_datetime(table["createDate"]).equals(
        assets["createDate"].dt.as_unit("us")
    ) or list(pd.to_datetime(table["createDate"])) == list(assets["createDate"])


def test_json_nests_what_is_nested(partner: str, assets: pd.DataFrame, capsys: Capture) -> None:
    """Images are arrays, tags objects, absent cells null, and each row has every column."""
    table = json.loads(printed(capsys, "assets", "--limit", 30, "--format", "json"))
    assert [row["id"] for row in table] == list(assets["id"])
    assert {tuple(row) for row in table} == {tuple(assets.columns)}
    images = next(row["images"] for row in table if row["images"])
    assert images[0]["url"].startswith("http")
    assert table[0]["createDate"] == f"{assets['createDate'][0]:%Y-%m-%dT%H:%M:%SZ}"


def test_json_of_no_rows_is_an_empty_array(partner: str, capsys: Capture) -> None:
    """Nothing found is an answer, not an error."""
    command = ("assets", "--ksql", "name='no such name'", "--format", "json")
    assert json.loads(printed(capsys, *command)) == []


def test_parquet_keeps_types_and_provenance(
    partner: str, assets: pd.DataFrame, capsys: Capture, tmp_path: Path
) -> None:
    """A file's suffix names its format; what is read back is the table that was pulled."""
    file = tmp_path / "assets.parquet"
    assert printed(capsys, "assets", "--limit", 30, "--out", file) == ""
    table = pd.read_parquet(file)
    pd.testing.assert_frame_equal(table, assets)
    assert facts(table)["action"] == "asset.list"


def test_parquet_goes_through_a_pipe(partner: str, tmp_path: Path) -> None:
    """What a pipe gets is the file itself."""
    done = subprocess.run(
        [*KOTT, "channels", "--format", "parquet"], capture_output=True, check=True
    )
    (tmp_path / "piped").write_bytes(done.stdout)
    assert len(pd.read_parquet(tmp_path / "piped")) == 40


def test_parquet_is_not_for_the_screen(
    partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes would only upset a terminal."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    status, said = refused(capsys, "channels", "--format", "parquet")
    assert status == 2
    assert "give --out FILE" in said


@pytest.mark.parametrize(
    "command",
    ["assets --limit 30", "epg now now+2h --tz Asia/Tokyo", "labels", "describe asset.list"],
)
def test_a_table_goes_to_excel(partner: str, capsys: Capture, tmp_path: Path, command: str) -> None:
    """With its rows on the first sheet, in every command that has a table."""
    assert run(*command.split(), "--out", tmp_path / "t.xlsx") == 0
    rows = int(capsys.readouterr().err.partition(" row")[0].replace(",", ""))
    book = pd.read_excel(tmp_path / "t.xlsx", sheet_name=None)
    assert len(next(iter(book.values()))) == rows > 0
    assert ("Asia/Tokyo" if "Tokyo" in command else "UTC") in book["about"]["value"].tolist()
    named = {"assets": "typeName", "epg": "channelName"}.get(command.partition(" ")[0])
    assert named is None or book[command.partition(" ")[0]][named].notna().any()


def test_a_database_goes_through_a_file_of_any_name(
    partner: str, capsys: Capture, tmp_path: Path
) -> None:
    """--format says what it is."""
    out = tmp_path / "catalogue.db"
    assert run("assets", "--limit", 30, "--format", "duckdb", "--out", out) == 0
    with duckdb.connect(str(out), read_only=True) as database:
        assert database.sql("select count(*) from assets").fetchall() == [(30,)]


def test_a_table_in_a_file_is_whole(partner: str, capsys: Capture, tmp_path: Path) -> None:
    """A file has no width to fit."""
    assert run("channels", "--out", tmp_path / "channels.txt") == 0
    heading = (tmp_path / "channels.txt").read_text("utf-8").splitlines()[0]
    assert "metas.Channel number" in heading
    assert "of them shown" not in capsys.readouterr().err


def test_a_table_fits_the_terminal(
    partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is longer than the terminal is wide; stderr says what is not shown."""
    monkeypatch.setenv("COLUMNS", "70")
    assert run("assets", "--limit", 30) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 31
    assert max(map(len, lines)) <= 70
    assert lines[0].split()[:3] == ["id", "type", "name"]
    assert "of them shown" in err


def test_fields_are_shown_whatever_the_width(
    partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns that were asked for by name are not cut."""
    monkeypatch.setenv("COLUMNS", "20")
    out = printed(capsys, "assets", "--limit", 3, "--fields", "name,createDate,description")
    assert out.split("\n")[0].split() == ["id", "name", "createDate", "description"]


def test_a_guide_is_a_page(partner: str, capsys: Capture, tmp_path: Path) -> None:
    """To a file, or to a pipe: the same page; words say how much is in it."""
    window = ("2026-03-28", "2026-03-29", "--channels", "300311,300975", "--tz", "Europe/Berlin")
    assert run("guide", *window, "-o", tmp_path / "guide.html") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"\d+ programmes, \d+ kB, in .*guide.html\n", err)
    saved = (tmp_path / "guide.html").read_text("utf-8")
    assert saved.startswith("<!doctype html>")
    assert printed(capsys, "guide", *window)[:400] == saved[:400]


def test_a_guide_of_a_file_is_a_page(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known by its content, from stdin too, without a login; half a file is the file's fault."""
    start = '<programme start="20260501{}0000" channel="b.tv"><title>Own</title></programme>'
    text = "".join(start.format(hour) for hour in (18, 19))
    content = gzip.compress(f"<tv>{text}</tv>".encode())
    (tmp_path / "guide").write_bytes(content)
    assert run("guide", tmp_path / "guide", "-o", tmp_path / "guide.html") == 0
    assert capsys.readouterr().err.startswith("2 programmes, ")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert printed(capsys, "guide", "-").startswith("<!doctype html>")
    (tmp_path / "half").write_text(f"<tv>{text}")
    status, words = refused(capsys, "guide", str(tmp_path / "half"), "-o", str(tmp_path / "x"))
    assert (status, "no element found" in words) == (2, True)
    for extra in (["--channels", "7"], ["tomorrow"]):
        status, words = refused(
            capsys, "guide", str(tmp_path / "guide"), *extra, "-o", str(tmp_path / "x")
        )
        assert (status, "leave " in words) == (2, True)


def test_a_page_is_not_for_the_screen(
    partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads HTML there."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert refused(capsys, "guide", "today", "today+1d")[1].startswith("kott: A page is not for")


def test_a_guide_goes_out_as_xmltv_and_comes_back(
    partner: str, capsys: Capture, tmp_path: Path
) -> None:
    """A file's suffix is enough; the channels asked for are named, and no others."""
    session = kott.login()
    epg, channels = kott.epg(session, "today", "today+1d"), kott.channels(session)
    own = epg.loc[epg["linearAssetId"].isin(channels["id"]), "linearAssetId"].iloc[0]
    said = printed(capsys, "epg", "--channels", own, "--format", "xmltv")
    assert printed(capsys, "epg", "--channels", own, "--out", tmp_path / "guide.xml") == ""
    assert (tmp_path / "guide.xml").read_text("utf-8").splitlines()[3:] == said.splitlines()[3:]
    read = xmltv.read(tmp_path / "guide.xml")
    assert sorted(read["id"]) == sorted(epg.loc[epg["linearAssetId"] == own, "id"])
    names = channels.set_index("id")["name"]
    assert xmltv.channels(tmp_path / "guide.xml")["name"].tolist() == [names[own]]


def test_what_is_no_guide_is_no_xmltv(partner: str, capsys: Capture) -> None:
    """Assets have no channel to be on."""
    assert cli.main(["assets", "--limit", "1", "--format", "xmltv"]) == cli.USAGE
    assert "no column linearAssetId" in capsys.readouterr().err


def test_words_stay_off_stdout(partner: str, capsys: Capture) -> None:
    """A pipe gets data only; how much came, and how, is said on stderr."""
    assert run("channels", "--format", "csv") == 0
    out, err = capsys.readouterr()
    assert "request" not in out
    assert err.startswith("40 rows of ")


def test_no_cell_steers_the_terminal() -> None:
    """Escape sequences and line breaks in a server's words are blanks in a table."""
    from kott_notebooks.cli import output

    assert output._cut("\x1b[31mred\r\nnext\t\x07") == "[31mred next"


# Lists


def test_epg_lists_a_window_of_some_channels(partner: str, capsys: Capture) -> None:
    """START and END bound the programmes, --channels whose they are."""
    channels = json.loads(printed(capsys, "channels", "--format", "json"))
    number = channels[3]["id"]
    rows = json.loads(
        printed(capsys, "epg", "now", "now+6h", "--channels", number, "--format", "json")
    )
    assert rows
    assert {row["linearAssetId"] for row in rows} == {number}


def test_ksql_narrows(partner: str, assets: pd.DataFrame, capsys: Capture) -> None:
    """--ksql is the server's filter, word for word."""
    number = assets["id"][7]
    command = ("assets", "--ksql", f"media_id='{number}'", "--format", "json")
    assert [row["id"] for row in json.loads(printed(capsys, *command))] == [number]


def test_households_hide_who_they_are(partner: str, capsys: Capture) -> None:
    """Names are hashed unless --pii says otherwise."""
    hidden, plain = (
        json.loads(printed(capsys, "households", 20_001, 20_002, "--format", "json", *more))
        for more in ((), ("--pii",))
    )
    assert [row["id"] for row in hidden] == [row["id"] for row in plain] == [20_001, 20_002]
    assert hidden[0]["name"] != plain[0]["name"]


def test_a_household_that_does_not_exist_leaves_the_others(partner: str, capsys: Capture) -> None:
    """They are written, stderr says which is missing, and the status is 4."""
    assert run("households", 20_001, 1, 20_002, "--format", "json") == 4
    out, err = capsys.readouterr()
    assert [row["id"] for row in json.loads(out)] == [20_001, 20_002]
    assert "1 of 3 households asked for do not exist: those at position 2." in err
    assert ".partial" not in err


def test_any_other_list_may_be_asked_for(partner: str, capsys: Capture) -> None:
    """A service, an action, a filter and further arguments reach the API."""
    table = printed(capsys, "listing", "assetStruct", "--format", "csv", "--fields", "name")
    assert "Movie" in table
    lineup = printed(
        capsys, "listing", "lineup", "get", "--argument", "pageIndex=1", "--format", "csv"
    )
    assert lineup.count("\n") > 1


def test_facets_have_names_beside_the_ids(partner: str, capsys: Capture) -> None:
    """Of types and of channels, as far as they are counted."""
    by_type = printed(capsys, "facets", "media_type_id", "--format", "csv")
    assert "media_type_id,typeName,count" in by_type
    assert ",Movie," in by_type
    epg = ("--ksql", "asset_type='epg'", "--format", "csv")
    assert "linear_media_id,channelName" in printed(capsys, "facets", "linear_media_id", *epg)


# Who asks


def test_whoami_names_the_user_and_no_secret(partner: str, capsys: Capture) -> None:
    """The credentials are checked without a pull."""
    out = printed(capsys, "whoami")
    assert demo.USERNAME in out
    assert str(demo.PARTNER_ID) in out
    assert demo.PASSWORD not in out


def test_the_demo_needs_no_credentials(capsys: Capture) -> None:
    """--demo asks the made-up partner in this process."""
    assert demo.URL in printed(capsys, "whoami", "--demo")


def test_the_command_line_comes_before_the_environment(partner: str, capsys: Capture) -> None:
    """--anonymous logs in as nobody although KOTT_USERNAME names somebody."""
    assert "anonymous" in printed(capsys, "whoami", "--anonymous")


def test_a_ready_ks_outlives_the_command(
    partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made the ks goes on with it after `kott` has used it."""
    maker = kott.login(partner, demo.PARTNER_ID, username=demo.USERNAME, password=demo.PASSWORD)
    monkeypatch.delenv("KOTT_USERNAME")
    monkeypatch.delenv("KOTT_PASSWORD")
    monkeypatch.setenv("KOTT_KS", maker._secrets["ks"].reveal())
    assert printed(capsys, "whoami") == printed(capsys, "whoami")
    assert maker.whoami()["username"] == demo.USERNAME


# Exit status


def test_used_wrongly_is_2(partner: str, capsys: Capture) -> None:
    """No command, an unknown one, an unknown option, or input that cannot work."""
    unread = [("--filter", "["), ("--filter", "[]"), ("--argument", "name")]
    lists = [("listing", "region", *wrong) for wrong in unread]
    for wrong in ((), ("assetz",), ("assets", "--limits", "3"), *lists):
        assert run(*wrong) == 2
    capsys.readouterr()
    assert refused(capsys, "epg", "tomorrow-ish")[0] == 2
    assert refused(capsys, "listing", "asset", "get")[0] == 2


def test_a_file_that_cannot_be_written_is_2(partner: str, capsys: Capture, tmp_path: Path) -> None:
    """The message names the file."""
    status, said = refused(capsys, "channels", "--out", tmp_path / "none" / "x.csv")
    assert status == 2
    assert "x.csv: No such file or directory" in said


def test_nobody_let_in_is_3(partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong password, or none at all; what was tried is not shown."""
    monkeypatch.setenv("KOTT_PASSWORD", "not-the-one")
    status, said = refused(capsys, "whoami")
    assert status == 3
    assert "1011" in said
    assert "not-the-one" not in said
    monkeypatch.delenv("KOTT_PASSWORD")
    assert refused(capsys, "whoami")[0] == 3


def test_a_refusal_or_no_reply_is_4(
    partner: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KSQL that cannot be read, a forbidden list, a server that is not there."""
    assert refused(capsys, "assets", "--ksql", "(and name=")[0] == 4
    assert refused(capsys, "households", "--anonymous")[0] == 4
    monkeypatch.setenv("KOTT_URL", "http://127.0.0.1:9")
    assert refused(capsys, "whoami")[0] == 4


def test_ctrl_c_is_130(partner: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who stops a pull gets one word, and no table."""
    with demo.serve(faults=demo.Faults(spare=3, latency=0.2)) as slow:
        command = [*KOTT, "assets"]
        monkeypatch.setenv("KOTT_URL", slow.url)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            while len(slow.backend.log) < 4:
                time.sleep(0.05)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert out == b""
    assert err.endswith(b"kott: stopped\n")
    assert b"Traceback" not in err


@pytest.mark.filterwarnings("default")
def test_a_warning_is_one_line(capsys: Capture) -> None:
    """Plain http is warned of in words, without a source line of ours."""
    status = run("whoami", "--url", "http://0.0.0.0:9", "--partner-id", 1, "--anonymous")
    said = capsys.readouterr().err.splitlines()
    assert status == 4
    assert len(said) == 2
    assert said[0].startswith("kott: warning: 0.0.0.0 is asked over plain http")


# As a program


def test_the_program_says_its_version() -> None:
    """`kott` is installed beside Python."""
    program = Path(sys.executable).with_name("kott")
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"kott {kott.__version__}\n"


def test_a_reader_that_has_seen_enough_gets_141(partner: str) -> None:
    """`kott assets | head` ends in silence, as any command that is stopped by a closed pipe."""
    with subprocess.Popen(
        [*KOTT, "assets", "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.read(10)
        child.stdout.close()
        said = child.stderr.read().decode()
    assert said == ""
    assert child.returncode == 141


def test_the_demo_walks_the_whole_trip(tmp_path: Path, capsys: Capture) -> None:
    """Session, three tables with how they were gathered, figures, and a picture of each kind."""
    out = printed(capsys, "demo", "--out", tmp_path / "pictures")
    assert f"<kott Session: {demo.URL}" in out
    assert len(re.findall("rows of .* columns by .*: .* request", out)) >= 4
    assert {file.name for file in (tmp_path / "pictures").iterdir()} == {
        *("completeness.png", "growth.png", "grid.png", "gaps.png", "overlaps.png"),
        *("coverage.png", "limits.png"),
    }
    assert all(
        file.read_bytes().startswith(b"\x89PNG") for file in (tmp_path / "pictures").iterdir()
    )
    assert str(tmp_path / "pictures") in out.splitlines()[-1]


def test_the_notebooks_are_copied_once(tmp_path: Path) -> None:
    """`kott lab` keeps a notebook that somebody has worked on."""
    assert lab.copied(tmp_path / "lab") == []
    mine = tmp_path / "lab" / "01_catalogue.ipynb"
    mine.write_text("mine", "utf-8")
    assert mine in lab.copied(tmp_path / "lab")
    assert mine.read_text("utf-8") == "mine"


def test_the_lab_starts_on_the_demo_partner_alone(partner: str) -> None:
    """Nobody's own credentials reach the notebooks of `kott lab`, unless --own asks for it."""
    with lab.served() as variables:
        environment = lab.without_credentials() | variables
    named = {name: value for name, value in environment.items() if name.startswith("KOTT_")}
    assert named["KOTT_URL"] not in ("", partner)
    assert named["KOTT_USERNAME"] == demo.USERNAME
    assert set(variables) == {"KOTT_URL", "KOTT_PARTNER_ID", "KOTT_USERNAME", "KOTT_PASSWORD"}


def test_the_lab_checks_ones_own_credentials_first(
    partner: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong password is 3 before anything starts, and a profile counts."""
    monkeypatch.setenv("KOTT_PASSWORD", "not-the-one")
    assert refused(capsys, "lab", "--own", "--out", tmp_path / "lab")[0] == 3
    status, said = refused(capsys, "lab", "--own", "--profile", "x", "--out", tmp_path / "lab")
    assert (status, "no profile 'x'" in said) == (3, True)


def test_the_lab_ends_jupyterlab_with_itself(tmp_path: Path) -> None:
    """Whoever ends `kott lab` (SIGTERM) leaves no server behind."""
    command = [*KOTT, "lab", "--out", str(tmp_path), "--no-browser", "--allow-root", "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as ours:
        assert ours.stderr is not None
        while b"Jupyter Server" not in ours.stderr.readline():
            pass
        children = Path(f"/proc/{ours.pid}/task/{ours.pid}/children").read_text("utf-8").split()
        ours.send_signal(signal.SIGTERM)
        ours.communicate(timeout=60)
    assert ours.returncode == 0
    assert [one for one in children if Path(f"/proc/{one}").exists()] == []
    assert children


def test_the_demo_can_be_served(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `kott demo --serve` prints sets up another `kott`; Ctrl-C ends it with 0."""
    small = ["--assets", "60", "--channels", "2", "--days", "2", "--households", "5", "--clean"]
    with subprocess.Popen(
        [*KOTT, "demo", "--serve", "--deployment", "roomy", "--faults", "latency=0.01", *small],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(4)]
        for line in lines:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            monkeypatch.setenv(name, value)
        out = printed(capsys, "whoami")
        homes = printed(capsys, "households", "--format", "csv")
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
    assert os.environ["KOTT_URL"] in out
    assert demo.USERNAME in out
    assert len(homes.splitlines()) == 1 + 5
    assert child.returncode == 0


def test_a_fault_that_there_is_not_is_said(capsys: Capture) -> None:
    """One line that names those there are."""
    assert cli.main(["demo", "--serve", "--faults", "rain=1"]) == cli.USAGE
    assert "no fault is called 'rain'; there are seed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["listing", "ottUser", "--argument", "filter={}"],
            "--argument filter: that one has an op",
        ),
        (["assets", "--out", "assets.xls", "--limit", "1"], "no format is called xls"),
        (["whoami", "--demo", "--username", "ann"], "leave out --username"),
        (["demo", "--serve", "--port", "99999"], "--port is a number below 65,536"),
        (["demo", "--serve", "--guide", "nowhere.xml"], "guide in nowhere.xml cannot be read"),
    ],
)
def test_a_slip_is_one_line_and_2(
    partner: str, capsys: Capture, arguments: list[str], words: str
) -> None:
    """Never a traceback, never something else than was asked for."""
    status, message = refused(capsys, *arguments)
    assert status == 2
    assert words in message


def test_the_demo_takes_a_language_and_nobody_in_particular(capsys: Capture) -> None:
    """--demo goes with --anonymous, --language and --user-id."""
    assert "anonymous" in printed(capsys, "whoami", "--demo", "--anonymous")
    english, french = (
        printed(capsys, "assets", "--demo", "--language", code, "--limit", "1", "--format", "csv")
        for code in ("eng", "fra")
    )
    assert english != french
