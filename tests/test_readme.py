"""README and docs: their code runs, their commands work, and what they name is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, cli, demo, schedule, xmltv
from kott_notebooks.demo.server import Server
from kott_notebooks.session import credentials

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCS = {path.name: path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
GLOSSARY = (ROOT / "GLOSSARY.md").read_text("utf-8")
PAGES = {"README.md": README, "GLOSSARY.md": GLOSSARY, **DOCS}
MODULES = (
    "audits", "catalog", "demo", "history", "household", "plots", "report", "scale",
    "schedule", "xmltv",
)  # fmt: skip


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def lines(text: str) -> list[str]:
    """The lines for a terminal that call `kott`, but for those that run until they are stopped."""
    shown = [line for block in blocks(text, "sh") for line in block.splitlines()]
    return [line for line in shown if line.startswith("kott ")]


def spans(text: str, pattern: str) -> list[str]:
    """What stands in the text as code and matches."""
    return [one for one in re.findall(r"`([^`\n]+)`", text) if re.fullmatch(pattern, one)]


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """Serve a small partner."""
    with demo.serve(assets=150, channels=4, days=2, households=5) as running:
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


def test_the_readme_is_short() -> None:
    """Under 100 lines, three pictures, and six lines of Python that draw one."""
    assert README.count("\n") < 100
    assert README.count("![") == 3
    assert len([line for line in blocks(README, "python")[0].splitlines() if line]) == 6


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if blocks(text, "python")])
def test_code_runs_as_written(page: str, asked: Server) -> None:
    """Block by block, as somebody pastes it."""
    session = kott.login()
    channels = kott.channels(session)
    xmltv.write(kott.epg(session, "today", "today+1d"), channels, "guide.xml")
    names: dict[str, object] = {}
    shown = blocks(PAGES[page], "python")
    for block in [one for one in shown if "import SparkSession" not in one]:  # run in test_scale
        plt.close("all")
        exec(block, names)
    if page == "README.md":
        assert plt.gca().has_data() or plt.gca().texts
    plt.close("all")


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if lines(text)])
def test_commands_work_as_written(
    page: str, asked: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line for a terminal ends with 0, or as its comment says; its files are there."""
    epg = kott.epg(session := kott.login(), "today", "today+7d")
    for path in ("guide.xml", "guide.xml.gz"):
        xmltv.write(epg, kott.channels(session), path)
    kott.export(schedule.audit(epg).iloc[:0], "yesterday.parquet")
    for line in lines(PAGES[page]):
        words = shlex.split(line, comments=True)[1:]
        assert cli.main(words) == int("# 1" in line), (line, capsys.readouterr().err)
        out, err = capsys.readouterr()
        assert out or "in " in err or "written: " in err, line


@pytest.mark.parametrize(
    ("page", "call"),
    [
        (name, call)
        for name, text in PAGES.items()
        for call in spans(
            text, r"(kott\.(assets|listing|provenance)|session\.\w+)\((?!.*\.\.\.).*\)"
        )
    ],
)
def test_calls_in_the_text_run(page: str, call: str, asked: Server) -> None:
    """`session.records("region")`, `kott.assets(session, K-expression)` and all the others."""
    session = kott.login()
    assets = kott.assets(session, limit=3)
    names = {"kott": kott, "session": session, "assets": assets, "table": assets}
    assert eval(call.replace('id="1"', f'id="{assets["id"][0]}"'), names) is not None


def test_the_rules_files_shown_can_be_read(tmp_path: Path) -> None:
    """What stands in docs/audits.md can be copied."""
    read = []
    for text in blocks(DOCS["audits.md"], "toml"):
        (tmp_path / "rules.toml").write_text(text, "utf-8")
        read.append(catalog.rules(tmp_path / "rules.toml"))
    assert read[0].thresholds.ending_days == 7
    assert [one.rule for rules in read for one in rules.waivers] == [
        *("file.no_trailer", "schedule.gap"),
    ]
    assert list(read[1].schedule.channels) == ["7", "Harbour Two"]


def test_the_reference_has_every_public_function_and_no_other() -> None:
    """Of `kott` and of each module."""
    named = set(re.findall(r"`(\w+\.\w+)[(`]", DOCS["reference.md"]))
    public = {f"kott.{name}" for name in kott.__all__ if callable(getattr(kott, name))}
    public = {name for name in public if name[5].islower()}
    for module in MODULES:
        own = getattr(kott, module)
        public |= {f"{module}.{name}" for name in own.__all__ if callable(getattr(own, name))}
    named = {name for name in named if name.split(".")[0] in ("kott", *MODULES)}
    named -= {f"kott.{name}" for name in MODULES}
    public = {name for name in public if name.split(".")[1][0].islower()}
    assert (named - public, public - named) == (set(), set())


def test_a_profile_as_shown_can_be_read() -> None:
    """The profile's keys are ones that login knows."""
    (profile,) = tomllib.loads(blocks(README, "toml")[0]).values()
    assert set(profile) <= set(credentials.PROFILE_KEYS)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every link and picture is a file of the project."""
    folder = ROOT / "docs" if page in DOCS else ROOT
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", PAGES[page])
    assert [one for one in targets if "://" not in one and not (folder / one).exists()] == []
