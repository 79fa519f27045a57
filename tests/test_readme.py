"""The README: its code runs, its commands work, and what it names is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, cli, demo, household, plots, schedule, xmltv
from kott_notebooks.cli import trip
from kott_notebooks.session import credentials

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MODULES = {
    **{"kott": kott, "demo": demo, "plots": plots},
    **{"catalog": catalog, "schedule": schedule, "household": household},
    "xmltv": xmltv,
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The blocks of commands for a terminal that ask a partner."""
    return [block for block in blocks("sh") if block.startswith("kott ")]


def test_the_demo_prints_what_the_readme_shows() -> None:
    """Every line of code in the output shown is one that `kott demo` runs."""
    shown = blocks("text")[0]
    code = [line for line in shown.splitlines() if re.match(r"[a-z]", line)]
    assert len(code) > 5
    assert [line for line in code if line not in trip.TRIP.splitlines()] == []


def test_six_lines_draw_a_picture_of_ones_own_partner(partner: str) -> None:
    """The code for one's own partner runs as it stands, where KOTT_* lead to one."""
    own = blocks("python")[0]
    assert len([line for line in own.splitlines() if line]) <= 6
    names: dict[str, object] = {}
    exec(own, names)
    assert plt.gca().get_ylabel() == "linearAssetId" or plt.gca().texts
    plt.close("all")


@pytest.mark.parametrize("block", commands())
def test_commands_work_as_written(
    block: str,
    partner: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each command for a terminal ends with 0, or as its comment says."""
    monkeypatch.chdir(tmp_path)
    for command in block.splitlines():
        assert cli.main(shlex.split(command, comments=True)[1:]) == int("# 1" in command)
        out, err = capsys.readouterr()
        assert out or re.search(r"(, in|written:) \w+\.(parquet|html)", err)


def test_the_rules_file_shown_is_one(tmp_path: Path) -> None:
    """What stands in the README can be copied."""
    (tmp_path / "rules.toml").write_text(blocks("toml")[1], "utf-8")
    rules = catalog.rules(tmp_path / "rules.toml")
    assert rules.thresholds.ending_days == 7
    assert [waiver.rule for waiver in rules.waivers] == ["file.no_trailer"]


def test_what_the_map_names_is_there() -> None:
    """Every function named in the README exists."""
    named = re.findall(r"`(\w+)\.(\w+)\(", README)
    assert len(named) > 20
    missing = [f"{a}.{b}" for a, b in named if a in MODULES and not hasattr(MODULES[a], b)]
    assert missing == []


def test_the_map_has_every_public_function() -> None:
    """What gives a table stands in the map."""
    tables = [name for name in kott.__all__ if name[0].islower() and name != "login"]
    tables = [name for name in tables if callable(getattr(kott, name))]
    assert [name for name in tables if f"`kott.{name}(" not in README] == []


def test_a_profile_as_shown_can_be_read() -> None:
    """The profile's keys are ones that login knows."""
    (profile,) = tomllib.loads(blocks("toml")[0]).values()
    assert set(profile) <= set(credentials.PROFILE_KEYS)


def test_links_lead_somewhere() -> None:
    """Every link and picture is a file of the project."""
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert targets
    assert [one for one in targets if not (ROOT / one).exists()] == []
