"""`kott audit`: what it finds where, and how a build fails on it, or does not."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import audits, catalog, cli, demo, schedule, xmltv
from kott_notebooks.tables.provenance import facts

Capture = pytest.CaptureFixture[str]


def run(*arguments: object) -> int:
    """Run the command in this process; give its exit status."""
    try:
        return cli.main(["audit", *map(str, arguments)])
    except SystemExit as ended:  # argparse ends by itself
        return int(ended.code or 0)


def refused(capsys: Capture, *arguments: object) -> str:
    """Run a command that is used wrongly; give the line that it says."""
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


@pytest.fixture(scope="module")
def assets() -> pd.DataFrame:
    """Pull a small catalogue with defects, in all languages."""
    return kott.assets(demo.login(assets=300, households=5, channels=10, days=1), language="*")


@pytest.fixture
def saved(assets: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "assets.parquet"
    assets.to_parquet(path)
    return path


# A build


def test_a_build_fails_on_findings_and_passes_once_they_are_waived(
    tmp_path: Path, capsys: Capture
) -> None:
    """The demo has errors: 1; their waivers, written by the command itself, make it 0."""
    rules = tmp_path / "rules.toml"
    assert run("--demo", "--write-waivers", rules) == 1
    before = capsys.readouterr()
    assert "failing: " in before.err
    assert "image.none" in before.out
    assert run("--demo", "--rules", rules, "--fail-on", "error") == 0
    after = capsys.readouterr()
    assert ": 0 error" in after.err
    assert "image.none" not in after.out


def test_what_comes_new_fails_although_the_old_is_waived(
    saved: Path, assets: pd.DataFrame, tmp_path: Path
) -> None:
    """A waiver names the assets that it is for."""
    rules = tmp_path / "rules.toml"
    assert run(saved, "--write-waivers", rules) == 1
    assert run(saved, "--rules", rules) == 0
    worse = assets.copy()
    clean = ~worse["id"].astype("str").isin(catalog.audit(assets)["id"])
    names = worse.filter(regex="^(name|multilingualName|name@.*)$").columns
    worse.loc[clean.idxmax(), names] = None
    worse.to_parquet(saved)
    assert run(saved, "--rules", rules) == 1


@pytest.mark.parametrize(("fail_on", "status"), [("error", 0), ("info", 1), ("never", 0)])
def test_the_severity_to_fail_on_is_the_caller_s(
    tmp_path: Path, capsys: Capture, fail_on: str, status: int
) -> None:
    """Something merely worth knowing fails only where that is asked for."""
    table = pd.DataFrame({"id": [1], "type": [9], "name": "ALL OF THIS IS TOO LOUD"})
    table.to_parquet(tmp_path / "loud.parquet")
    assert run(tmp_path / "loud.parquet", "--fail-on", fail_on) == status
    assert "1 assets: 0 error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [("text.* > 0", 1), ("text.* > 1", 0), ("text.* > 99 %", 1), ("image.*>0,text.*>100%", 0)],
)
def test_a_build_fails_above_a_budget(
    tmp_path: Path, capsys: Capture, fail_on: str, status: int
) -> None:
    """A number of findings, or a share of the assets, each counted once."""
    table = pd.DataFrame({"id": [1], "type": [9], "name": "ALL OF THIS IS TOO LOUD"})
    table.to_parquet(tmp_path / "loud.parquet")
    assert run(tmp_path / "loud.parquet", "--fail-on", fail_on) == status
    capsys.readouterr()
    assert "fail_on must be" in refused(capsys, tmp_path / "loud.parquet", "--fail-on", "text > x")


def test_a_budget_of_no_rule_is_refused(capsys: Capture) -> None:
    """It would never fail; rules of the partner's own are not known beforehand."""
    said = refused(capsys, "--demo", "--fail-on", "text.shoutng > 3")
    assert "no rule 'text.shoutng'. Did you mean 'text.shouting'?" in said
    findings = catalog.audit(pd.DataFrame({"id": [1], "type": [9], "name": ["A"]}), now="2026")
    assert audits.failing(findings, "acme.short > 0").empty
    with pytest.raises(kott.KottError, match=r"The budget of text.\* must be at least 0"):
        audits.failing(findings, {"text.*": float("nan")})


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_build_fails_only_on_what_the_baseline_lacks(
    saved: Path, tmp_path: Path, capsys: Capture, suffix: str
) -> None:
    """Findings that were kept are known, from whatever file."""
    baseline = tmp_path / f"known.{suffix}"
    assert run(saved, "--out", baseline) == 1
    assert run(saved, "--baseline", baseline) == 0
    table = pd.read_parquet(baseline) if suffix == "parquet" else pd.read_csv(baseline)
    first = table.index[table["severity"] == "error"][:1]
    output = table.drop(index=first)
    output.to_parquet(baseline) if suffix == "parquet" else output.to_csv(baseline, index=False)
    capsys.readouterr()
    assert run(saved, "--baseline", baseline) == 1
    assert "failing: 1 findings of severity error or worse, not in the baseline" in (
        capsys.readouterr().err
    )


def test_a_store_is_a_baseline(saved: Path, tmp_path: Path, assets: pd.DataFrame) -> None:
    """Its newest findings are known."""
    store = tmp_path / "store"
    findings = catalog.audit(assets)
    kott.save(findings, store, name="findings")
    assert run(saved, "--baseline", store) == 0
    kott.save(findings[findings["severity"] != "error"], store, name="findings")
    assert run(saved, "--baseline", store) == 1


# What it audits


def test_a_live_partner_is_audited_in_all_languages(partner: str, capsys: Capture) -> None:
    """Labels are asked for as well, and with --epg a guide: every rule is judged."""
    assert run("--format", "json", "--epg", "--ksql", "(or Year>'1990' asset_type='414')") == 1
    said = json.loads(capsys.readouterr().out)
    series = {
        f"series.{rule}" for rule in ("orphan_episode", "empty", "hole")
    }  # of a filtered table
    assert set(said["not_judged"]) == series | {"meta.unknown_value", "ingest.*"}
    findings = {row["rule"] for row in said["rules"]}
    assert {"language.missing", "channel.no_programmes"} <= findings


def test_a_saved_table_is_audited_whatever_wrote_it(
    assets: pd.DataFrame, tmp_path: Path, capsys: Capture
) -> None:
    """Parquet, CSV and Excel give the same findings, but for what depends on when it was pulled."""
    times = map(str, assets.select_dtypes("datetimetz"))
    local = assets.assign(**{name: assets[name].dt.tz_localize(None) for name in times})
    assets.to_parquet(tmp_path / "a.parquet")
    assets.to_csv(tmp_path / "a.csv", index=False)
    local.to_excel(tmp_path / "a.xlsx", index=False)
    findings = []
    for suffix in ("parquet", "csv", "xlsx"):
        assert run(tmp_path / f"a.{suffix}", "--format", "json") == 1
        rows = json.loads(capsys.readouterr().out)["findings"]
        findings.append([(row["rule"], row["id"], row["field"], row["detail"]) for row in rows])
    assert len(findings[0]) > 50
    assert findings[0] == findings[1] == findings[2]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet"])
def test_an_export_is_audited_with_its_times(
    assets: pd.DataFrame, tmp_path: Path, capsys: Capture, name: str
) -> None:
    """Local times are read in the zone that the workbook names, and what was counted is said."""
    zone = None if name == "a.csv" else "Asia/Tokyo"
    path = kott.export(assets, tmp_path / name, tz=zone)
    windows = []
    for table in (path, kott.export(assets, tmp_path / "whole.parquet")):
        assert run(table, "--format", "json") == 1
        findings = json.loads(capsys.readouterr().out)
        windows.append(
            [(row["rule"], row["id"], row["detail"]) for row in findings["findings"]
             if row["rule"].startswith("window.")]
        )  # fmt: skip
        assert ("image.*" in findings["not_judged"]) == (table.suffix in (".csv", ".xlsx"))
    assert windows[0] == windows[1] != []


# What it writes


def test_files_are_written_as_their_names_say(saved: Path, tmp_path: Path, capsys: Capture) -> None:
    """Several at once; then nothing stands on stdout but what --format asks for."""
    names = ("a.html", "a.xlsx", "a.json", "a.csv", "a.parquet")
    files = [tmp_path / name for name in names]
    assert run(saved, *(word for file in files for word in ("--out", file))) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("written: ") == 5
    findings = pd.read_parquet(files[4])
    assert facts(findings)["source"] == "catalog.audit"
    assert "Catalogue audit" in files[0].read_text("utf-8")
    assert openpyxl.load_workbook(files[1]).sheetnames[0] == "Summary"
    assert len(json.loads(files[2].read_text("utf-8"))["findings"]) == len(findings)
    assert len(pd.read_csv(files[3])) == len(findings)
    assert run(saved, "--out", files[0], "--format", "csv") == 1
    assert capsys.readouterr().out.count("\n") == len(findings) + 1


# A guide

GUIDE = """<tv date="20260301">
<channel id="one.tv"><display-name>Harbour One</display-name></channel>
<channel id="two.tv"><display-name>Pier</display-name></channel>
<programme start="20260301100000" stop="20260301110000" channel="one.tv">
<title>Morning Quay</title><desc>Ships.</desc><icon/></programme>
<programme start="20260301120000" stop="20260301143000" channel="one.tv">
<title>Long Lunch</title><desc>Food.</desc></programme>
<programme start="20260301130000" stop="20260301140000" channel="one.tv">
<title>Noon News</title><desc>News.</desc></programme>
<programme start="20260301140000" stop="20260306150000" channel="one.tv">
<title>Tides</title><desc>Water.</desc></programme>
</tv>"""
CAUSES = [
    "error no_programmes two.tv Pier: The channel has no programme in the window.",
    "error overlap one.tv Harbour One: Long Lunch: It runs on into 2 others for 90 min; "
    "the first is Noon News (3).",
    "error gap one.tv Harbour One: Nothing is on for 60 min.",
    "warning absurd_length one.tv Harbour One: Tides: It lasts 7,260 min.",
]


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """Write a guide with a cause of each kind, under a name that does not say what it is."""
    (tmp_path / "feed").write_text(GUIDE)
    return tmp_path / "feed"


def causes(text: str) -> list[str]:
    """Give the lines of causes without times and blanks."""
    untimed = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d|schedule\.", "", text)
    return [" ".join(line.split()) for line in untimed.splitlines()]


@pytest.mark.parametrize("way", ["a file", "packed", "stdin"])
def test_a_guide_is_known_by_its_content_and_has_a_line_per_cause(
    guide: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """From a file of any name, packed, or from stdin."""
    if way == "packed":
        guide.write_bytes(gzip.compress(guide.read_bytes()))
    if way == "stdin":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(guide.read_bytes())))
    assert run("-" if way == "stdin" else guide) == 1
    out, err = capsys.readouterr()
    lines = sorted(causes(out))
    assert len(lines) == len(CAUSES)
    assert all(line.startswith(one) for line, one in zip(lines, sorted(CAUSES), strict=True))
    assert "4 programmes: 3 error, 1 warning" in err


def test_what_cannot_be_read_of_a_guide_is_said_with_its_line(guide: Path, capsys: Capture) -> None:
    """Equal faults are counted, and the first one shown."""
    guide.write_text(GUIDE.replace("<title>", "<icon/><title>"))
    run(guide)
    words = f"{guide}:5: icon src '': no address (5 such values, this is the first)"
    assert words in capsys.readouterr().err.splitlines()


def test_many_programmes_of_a_channel_share_a_line(guide: Path, capsys: Capture) -> None:
    """Six and more under one rule; the line counts them and shows the first in time."""
    rows = [
        f'<programme start="202603011{n}0000" stop="202603011{n + 1}0030" channel="one.tv">'
        f"<title>Show {n}</title><desc>Tale {n}.</desc></programme>"
        for n in range(7)
    ]
    guide.write_text(f'<tv date="20260301">{"".join(rows)}</tv>')
    run(guide)
    lines = [line for line in causes(capsys.readouterr().out) if " overlap " in line]
    assert lines == [
        "warning overlap one.tv: 6 programmes, the first is Show 0: It runs 30 s into Show 1 (2)."
    ]


def test_equal_gaps_of_a_channel_share_a_line(guide: Path, capsys: Capture) -> None:
    """Six and more: the same minutes are missing at each midnight."""
    rows = [
        f'<programme start="202603{day:02}000000" stop="202603{day:02}235500" channel="one.tv">'
        "<title>All day</title><desc>Tale.</desc></programme>"
        for day in range(1, 9)
    ]
    guide.write_text(f'<tv date="20260301">{"".join(rows)}</tv>')
    run(guide)
    lines = [line for line in causes(capsys.readouterr().out) if " gap " in line]
    assert lines == ["warning gap one.tv: 7 times: Nothing is on for 5 min."]


def test_a_guide_is_judged_in_the_window_zone_and_present_that_are_given(
    guide: Path, capsys: Capture
) -> None:
    """A window without programmes of a channel, local times, a horizon from the present given."""
    window = ("--start", "2026-03-01 12:00", "--end", "2026-03-01 13:00")
    assert run(guide, *window, "--tz", "Europe/Athens", "--now", "2026-03-01T10:30+00:00") == 1
    out = capsys.readouterr().out
    assert "2026-03-01 12:00  schedule.no_programmes  two.tv Pier" in out
    assert "schedule.gap" not in out.replace("2026-03-01 13:00  schedule.gap", "")
    assert run(guide, "--now", "2026-03-05") == 1
    assert "schedule.horizon" in capsys.readouterr().out


def test_a_build_fails_on_a_guide_by_budget_baseline_and_waivers(
    guide: Path, tmp_path: Path
) -> None:
    """As on a catalogue."""
    known, rules = tmp_path / "known.csv", tmp_path / "rules.toml"
    assert run(guide, "--fail-on", "schedule.* > 4") == 0
    assert run(guide, "--fail-on", "schedule.* > 3") == 1
    assert run(guide, "--out", known, "--write-waivers", rules) == 1
    assert run(guide, "--baseline", known) == 0
    assert run(guide, "--rules", rules) == 0
    guide.write_text(GUIDE.replace("20260301120000", "20260301121000").replace("Noon News", ""))
    assert run(guide, "--baseline", known) == 1  # no title is new; the gap grew, and is known
    assert run(guide, "--rules", rules, "--fail-on", "schedule.gap > 0") == 0


def test_a_guides_findings_go_to_every_kind_of_file(guide: Path, tmp_path: Path) -> None:
    """The page and the workbook name the guide's own rules."""
    names = ("a.html", "a.xlsx", "a.json", "a.csv", "a.parquet")
    files = [tmp_path / name for name in names]
    assert run(guide, *(word for file in files for word in ("--out", file))) == 1
    assert "Guide audit" in files[0].read_text("utf-8")
    assert "schedule.gap" in openpyxl.load_workbook(files[1]).sheetnames
    said = json.loads(files[2].read_text("utf-8"))
    assert (said["assets"], len(said["findings"])) == (4, 4)
    assert len(pd.read_csv(files[3])) == len(pd.read_parquet(files[4])) == 4


def test_the_partners_guide_is_audited(partner: str, capsys: Capture) -> None:
    """Its channels are those that should have programmes; every finding is of the guide."""
    assert run("--schedule", "--start", "today", "--end", "tomorrow", "--format", "json") == 1
    said = json.loads(capsys.readouterr().out)
    assert {row["kind"] for row in said["findings"]} == {"epg"}
    assert "schedule.no_programmes" not in said["not_judged"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_saved_table_of_programmes_is_audited_as_a_guide(
    tmp_path: Path, capsys: Capture, suffix: str
) -> None:
    """It is known by the class of its rows, or by --schedule."""
    epg = xmltv.read(io.StringIO(GUIDE)).drop(columns="clumpidx", errors="ignore")
    path = tmp_path / f"epg.{suffix}"
    for table, more in ((epg, ()), (epg.drop(columns="objectType"), ("--schedule",))):
        table.to_parquet(path) if suffix == "parquet" else table.to_csv(path, index=False)
        assert run(path, "--now", "2026-03-01", *more) == 1
        findings = causes(capsys.readouterr().out)
        assert len(findings) == len(schedule.audit(epg, now="2026-03-01"))
        assert any(
            line.startswith("error gap one.tv: Nothing is on for 60 min.") for line in findings
        )


def test_slips_with_a_guide_are_named(guide: Path, tmp_path: Path, capsys: Capture) -> None:
    """Half a file, a file that is neither, an empty one, options that do not go together."""
    (tmp_path / "half").write_text(GUIDE[:600])
    assert "half" in refused(capsys, tmp_path / "half")
    (tmp_path / "other.xml").write_text("<rss/>")
    assert "the root of a guide is <tv>, and here it is <rss>" in refused(
        capsys, tmp_path / "other.xml"
    )
    (tmp_path / "blank.xml").write_text("")
    assert "no element found; this is not XML" in refused(capsys, tmp_path / "blank.xml")
    (tmp_path / "none.xml").write_text("<tv/>")
    assert "no programme to audit" in refused(capsys, tmp_path / "none.xml")
    assert "leave out --epg" in refused(capsys, guide, "--epg")
    assert "--epg is for an audit of assets" in refused(capsys, "--schedule", "--epg")
    assert "--start is for an audit of a guide" in refused(capsys, "--start", "today")
    assert "The window ends" in refused(capsys, guide, "--start", "2027-01-01", "--end", "2026")


# Slips


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.parquet", "no table", "a.parquet cannot be read as a table"),
        ("a.xlsx", "no table", "a.xlsx cannot be read as a table"),
        ("a.csv", "", "a.csv cannot be read as a table: No columns"),
        ("a.csv", "name,type\nx,9\n", "The table has no column id; it has name, type."),
        ("a.csv", "id,type\n", "There is no asset to audit"),
        ("a.csv", "id,type,images\n1,9,[3\n", "images does not hold JSON"),
        ("a.txt", "id", "a saved table ends in .parquet, .csv, .xlsx"),
    ],
)
def test_a_table_that_cannot_be_audited_is_refused(
    tmp_path: Path, capsys: Capture, name: str, content: str, words: str
) -> None:
    """Each in one line that says what is wrong."""
    (tmp_path / name).write_text(content)
    assert words in refused(capsys, tmp_path / name)


def test_excel_says_what_it_needs(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the extra there is a word on how to get it."""
    pd.DataFrame({"id": [1]}).to_excel(tmp_path / "a.xlsx", engine="xlsxwriter")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert "pip install 'kott_notebooks[excel]'" in refused(capsys, tmp_path / "a.xlsx")


def test_slips_of_the_command_are_named(saved: Path, tmp_path: Path, capsys: Capture) -> None:
    """A file that is not there, options that do not go together, rules that are wrong."""
    assert "none.parquet is no file" in refused(capsys, tmp_path / "none.parquet")
    assert "leave out --demo" in refused(capsys, saved, "--demo")
    assert "leave out --ksql" in refused(capsys, saved, "--ksql", "Year>'1990'")
    assert "'a.doc' should end in .html" in refused(capsys, saved, "--out", "a.doc")
    rules = tmp_path / "rules.toml"
    rules.write_text("[thresholds]\nending = 3\n")
    assert f"{rules}: thresholds has no key 'ending'" in refused(capsys, saved, "--rules", rules)
