"""What the audit judges by: the defaults, a partner's file over them, and its slips."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from kott_notebooks import audits, catalog, household, schedule
from kott_notebooks.audits.findings import as_findings
from kott_notebooks.errors import KottError
from kott_notebooks.tables.provenance import facts

WRONG = [
    ("[thresholds]\nending_days = 'soon'", "thresholds.ending_days: Expected `float`, got `str`"),
    ("[thresholds]\nending = 3", "thresholds has no key 'ending'. Did you mean 'ending_days'?"),
    ("[thresholds]\ntwin_edits = 2", "thresholds.twin_edits: Expected `int` <= 1"),
    ("[widths]\n'2:3' = '480'", "widths.2:3: Expected `int`, got `str`"),
    ("threshold = 1", "there is no key 'threshold'. Did you mean 'thresholds'"),
    ("[structs.Movie]\nratios = '16:9'", "structs.Movie.ratios: Expected `array`"),
    ("[structs.Film]\nrole = 'cinema'", "structs.Film.role: Invalid enum value 'cinema'"),
    ("[structs]\nMovie = 3", "structs.Movie: Expected `object`, got `int`"),
    ("[severities]\n'image.non' = 'off'", "no rule 'image.non'. Did you mean 'image.none'"),
    ("[severities]\n'image.none' = 'bad'", "severities.image.none: Invalid enum value 'bad'"),
    ("[ranges]\nScore = [9, 1]", "ranges.Score: 9 to 1 is not a range"),
    ("[schedule]\ngap_minutes = -3", "schedule.gap_minutes must be a number of at least 0"),
    ("[thresholds]\nending_days = nan", "thresholds.ending_days must be a number of at least 0"),
    ("[ranges]\nScore = [nan, 1]", "ranges.Score: nan to 1 is not a range"),
    ("[widths]\n'16:90' = 300", "widths.16:90: no struct has this ratio; they have 16:9, 2:3, 1:1"),
    ("[widths]\n'2x3' = -1", "widths.2x3 must be at least 0, not -1"),
    ("[ranges]\nScore = ['a', 3]", "ranges.Score.0: Expected `float`, got `str`"),
    ("[[waivers]]\nrule = 'x'\nuntil = 2027-01-01", "missing required field `reason`"),
    ("[[waivers]]\nrule='x'\nreason='y'\nuntil=2027-01-01", "there is no rule 'x'"),
    ("[[waivers]]\nrule = 3\nreason='y'\nuntil=2027-01-01", "waivers.0.rule: Expected `str`"),
    ("severities = 3", "severities: Expected `object`, got `int`"),
    ("waivers = 3", "waivers: Expected `array`, got `int`"),
    ("languages = 'eng'", "languages: Expected `array`, got `str`"),
    ("[words]\nstandins = ['x']", "words has no key 'standins'. Did you mean 'stand_ins'"),
    ("own = 3\n[hints]\n'acme.x' = 'y'", "own: Expected `array`, got `int`"),
    ("own = ['acme.*']\n[hints]\n'acne.x' = 'y'", "no rule 'acne.x'"),
    ("[movielabs]\n'image.nun' = 'A/B'", "no rule 'image.nun'. Did you mean 'image.none'"),
    ("[schedule]\ngap_minutes = 'x'", "schedule.gap_minutes: Expected `float`, got `str`"),
    ("[schedule]\ngap = 3", "schedule has no key 'gap'"),
    ("[schedule]\noff = ['schedule.gaps']", "no rule 'schedule.gaps'. Did you mean 'schedule.gap'"),
    ("[schedule]\nprime_hours = [22, 1]", "schedule.prime_hours must be two hours"),
    ("[schedule.channels.7]\noff_air = '2-6'", "schedule.channels.7.off_air: Expected `str`"),
    ("[schedule.channels.7]\noff_air = '26:00-06:00'", "7.off_air: '26:00-06:00' must be hours"),
    ("[schedule.channels.7]\noff_air = ['1:00-2:00', '02:00-06:75']", "'02:00-06:75' must be"),
    ("[schedule.channels.7]\noff_air = '24:30-06:00'", "'24:30-06:00' must be hours"),
    ("[schedule.channels.7]\nknown_gaps = '02:00'", "known_gaps: Expected `str` matching"),
    ("[schedule.channels.7]\nknown_gaps = ['2026-03-01/2026-02-30']", "'2026-02-30' is not"),
    ("[schedule.channels.7]\nknown_gaps = '2026-03-02/2026-03-01'", "ends before it starts"),
    ("schedule = 3", "schedule: Expected `object`, got `int`"),
    ("[household]\nidle = 3", "household has no key 'idle'. Did you mean 'idle_days'?"),
]  # fmt: skip


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_defaults_cover_every_rule() -> None:
    """Each has a severity and a hint, and each threshold a value."""
    rules = catalog.rules()
    assert set(rules.severities) == set(rules.hints)
    assert rules.thresholds.ending_days == 14
    assert rules.widths == {"16:9": 640, "2:3": 480, "1:1": 200}
    assert rules.waivers == ()


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    """Everything else stays as it is by default; lists are replaced."""
    text = "[thresholds]\nending_days = 3\n[structs.Movie]\nmandatory = ['Cast']\n"
    rules = catalog.rules(written(tmp_path, text + "[values]\nRating = ['U']\n"))
    assert rules.thresholds.ending_days == 3
    assert rules.thresholds.endless_years == 50
    assert rules.structs["Movie"].mandatory == ("Cast",)
    assert rules.structs["Movie"].ratios == ("16:9", "2:3")
    assert rules.values == {"Rating": ("U",)}


def test_a_new_struct_has_what_its_role_needs(tmp_path: Path) -> None:
    """Without a role it needs what it says, and nothing more."""
    text = "[structs.Feature]\nrole = 'movie'\nratios = ['2:3']\n[structs.Extra]\n"
    structs = catalog.rules(written(tmp_path, text)).structs
    assert structs["Feature"].files == structs["Movie"].files
    assert structs["Feature"].ratios == ("2:3",)
    assert structs["Extra"].ratios == structs["Extra"].mandatory == ()


def test_a_struct_is_found_by_any_of_its_names() -> None:
    """Case aside; one that nobody named is `*`."""
    rules = catalog.rules()
    assert rules.needs("9", "MOVIE") == rules.structs["Movie"]
    assert rules.needs("9", "Bonus") == rules.structs["*"]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_slip_is_named_with_its_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    """The error says the file, the key, what is wrong, and the near names."""
    path = written(tmp_path, text)
    with pytest.raises(KottError) as refused:
        audits.rules(path)
    assert str(refused.value).startswith(f"The rules in {path}: ")
    assert message in str(refused.value)


def test_a_mapping_says_what_a_file_says(tmp_path: Path) -> None:
    """Rules as they are, are taken as they are."""
    own = audits.rules(
        written(tmp_path, "[thresholds]\nending_days = 3\n[words]\nstand_ins=['Soon']")
    )
    assert audits.rules({"thresholds": {"ending_days": 3}, "words": {"stand_ins": ["Soon"]}}) == own
    assert audits.rules(own) is own
    assert "Soon" in own.word_lists().stand_ins
    assert "TBA" in own.word_lists().stand_ins


def test_the_audit_that_asks_may_be_given_its_own_table() -> None:
    """By its keys alone, or as the table's class; the other tables are known too."""
    short = audits.rules({"gap_minutes": 5}, section="schedule")
    assert short == audits.rules({"schedule": {"gap_minutes": 5}})
    assert short == audits.rules(schedule.Thresholds(gap_minutes=5), section="schedule")


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    """It begins with a byte order mark."""
    path = written(tmp_path, "\ufeff[schedule]\ngap_minutes = 5\n")
    assert audits.rules(path).schedule.gap_minutes == 5


def test_what_is_no_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    """The reader's own words name the line."""
    with pytest.raises(KottError, match=r"are not TOML: .*line 2"):
        catalog.rules(written(tmp_path, "[widths]\n= 3"))
    with pytest.raises(KottError, match="cannot be read"):
        catalog.rules(tmp_path / "none.toml")


def assets() -> pd.DataFrame:
    """Make two assets without a name, of one that has one."""
    return pd.DataFrame(
        {"id": [1, 2, 3], "type": 9, "name": pd.Series([None, None, "Harbour"], dtype="str")}
    )


def ids(path: Path, now: datetime) -> list[str]:
    """Audit the two by a file; give whose name is found missing."""
    findings = catalog.audit(assets(), rules=path, now=now)
    return findings.loc[findings["rule"] == "text.missing_name", "id"].tolist()


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WAIVER = "[[waivers]]\nrule = 'text.missing_name'\nreason = 'trailers'\n"


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ("until = 2026-03-01", []),
        ("until = 2026-02-28", ["1", "2"]),
        ("until = 2026-03-01\nids = [1]", ["2"]),
        ("until = 2026-03-01\nids = ['2']", ["1"]),
        ("until = 2026-03-01\nfield = 'name'", []),
        ("until = 2026-03-01\nfield = 'other'", ["1", "2"]),
    ],
)
def test_a_waiver_holds_to_the_end_of_its_last_day(
    tmp_path: Path, more: str, left: list[str]
) -> None:
    """For all assets, or those named; for all fields, or the one named."""
    assert ids(written(tmp_path, WAIVER + more), NOON) == left


def test_what_is_waived_is_counted(tmp_path: Path) -> None:
    """Nothing vanishes without a trace."""
    path = written(tmp_path, WAIVER + "until = 2026-03-01")
    findings = catalog.audit(assets(), rules=path, now=NOON)
    assert facts(findings)["waived"] == {"text.missing_name": 2}


def test_a_rule_is_switched_off_or_made_graver(tmp_path: Path) -> None:
    """The severity is the partner's."""
    off = written(tmp_path, "[severities]\n'text.missing_name' = 'off'\n'field.unused' = 'error'")
    findings = catalog.audit(assets().assign(description=None), rules=off)
    assert set(findings["rule"]) == {"field.unused"}
    assert set(findings["severity"]) == {"error"}


def test_rules_of_one_s_own_and_of_other_audits_are_named_first(tmp_path: Path) -> None:
    """The list `own` has them, by name or pattern: a slip in the others is still refused."""
    text = "own = ['schedule.*', 'acme.short']\n[severities]\n'acme.short' = 'error'\n[[waivers]]\n"
    text += "rule = 'schedule.gap'\nreason = 'a test channel'\nuntil = 2026-03-01\nids = [7]\n"
    path = written(tmp_path, text)
    checks = [lambda table: table[["id"]].assign(rule="acme.short", severity="info")]
    findings = catalog.audit(assets(), rules=path, checks=checks)
    own = findings[findings["rule"] == "acme.short"]
    assert own[["severity", "impact"]].drop_duplicates().to_numpy().tolist() == [["error", 9]]
    guide = as_findings([{"rule": "schedule.gap", "severity": "warning", "id": id} for id in "78"])
    judged = catalog.judged(guide, path, now=NOON)
    assert judged["id"].tolist() == ["8"]
    assert facts(judged)["waived"] == {"schedule.gap": 1}
    again = catalog.judged(judged, path, now=NOON)
    assert facts(again)["waived"] == {"schedule.gap": 1}
    assert list(judged.columns) == list(guide.columns)


def test_a_table_of_the_rules_says_what_each_finds(tmp_path: Path) -> None:
    """One row a rule, with the thresholds, severities and remedies of the file that is given."""
    text = "[thresholds]\nending_days = 3\n[severities]\n'image.none' = 'off'\n[values]\n"
    table = catalog.rule_table(written(tmp_path, text + "Rating = ['U', 'PG']\n")).set_index("rule")
    assert table.loc["window.ending", "threshold"] == "within 3 days"
    assert table.loc["image.none", "severity"] == "off"
    assert table.loc["meta.unknown_value", "threshold"] == "Rating: U, PG"
    assert table.loc["image.missing_ratio", "threshold"] == (
        "others, Movie, Series, Episode: 16:9, 2:3; Linear: 1:1"
    )
    assert table.loc["image.too_small", "movielabs"] == "ARTWORK/RESOLUTION"
    assert table["hint"].notna().all()
    assert catalog.rule_table()["threshold"].notna().sum() == table["threshold"].notna().sum() - 1


def test_no_threshold_is_left_out_of_the_table(tmp_path: Path) -> None:
    """Each threshold that a file can change, changes what the table says."""
    table = catalog.rule_table()["threshold"].fillna("").tolist()
    for name in msgspec.structs.asdict(catalog.rules().thresholds):
        path = written(tmp_path, f"[thresholds]\n{name} = {77 if name != 'twin_edits' else 0}\n")
        assert catalog.rule_table(path)["threshold"].fillna("").tolist() != table, name


OTHERS = """[thresholds]
ending_days = 7

[schedule]
gap_minutes = 5
prime_hours = [20, 25]
off = ["schedule.horizon"]

[household]
idle_days = 90
"""


def test_one_file_has_the_thresholds_of_the_other_audits(tmp_path: Path) -> None:
    """Each audit reads its own table, and is as with rules that say the same in Python."""
    path = written(tmp_path, OTHERS)
    assert catalog.rules(path).thresholds.ending_days == 7
    starts = pd.to_datetime(["2026-03-01T00:00", "2026-03-01T01:04", "2026-03-01T02:10"], utc=True)
    epg = pd.DataFrame({"id": [1, 2, 3], "linearAssetId": 1, "startDate": starts})
    epg["endDate"] = starts + pd.Timedelta(hours=1)
    own = schedule.Thresholds(gap_minutes=5, prime_hours=(20, 25), off=("schedule.horizon",))
    findings = schedule.audit(epg, rules=path, now="2026-03-01")
    assert findings["rule"].tolist() == ["schedule.gap"]  # of 6 minutes: the one of 4 is none here
    pd.testing.assert_frame_equal(findings, schedule.audit(epg, rules=own, now="2026-03-01"))
    homes = pd.DataFrame({"id": [1], "devicesLimit": 5, "usersLimit": 5, "concurrentLimit": 5})
    seen = pd.to_datetime(["2025-11-01"], utc=True)
    devices = pd.DataFrame({"householdId": [1], "udid": ["u"], "lastActivityTime": seen})
    asked: dict[str, Any] = {"devices": devices, "now": "2026-03-01"}
    assert household.audit(homes, **asked).empty
    assert household.audit(homes, **asked, rules=path)["rule"].tolist() == ["household.idle"]
    off = {"idle_days": 90, "off": ["household.idle"]}
    assert household.audit(homes, **asked, rules=off).empty


def test_what_is_no_rules_at_all_is_refused() -> None:
    """Rules of another audit, and a key of a mapping that is not there, which has no line."""
    homes = pd.DataFrame({"id": [1], "devicesLimit": 5, "usersLimit": 5, "concurrentLimit": 5})
    others: Any = schedule.Thresholds()
    with pytest.raises(KottError, match=r"rules must be the path .* not Schedule"):
        household.audit(homes, rules=others)
    with pytest.raises(KottError, match=r"household has no key 'idle'. Did you mean 'idle_days'"):
        household.audit(homes, rules={"idle": 3})
    number: Any = 3
    with pytest.raises(KottError, match=r"rules must be the path of a TOML file.* not 3"):
        catalog.rules(number)


def test_rules_of_all_audits_are_judged_by_one_file(tmp_path: Path) -> None:
    """Severities and waivers hold for guides and households as for assets."""
    text = "[severities]\n'schedule.gap' = 'info'\n'household.empty' = 'off'\n"
    path = written(tmp_path, text)
    starts = pd.to_datetime(["2026-03-01T00:00", "2026-03-01T04:00"], utc=True)
    epg = pd.DataFrame({"id": [1, 2], "linearAssetId": 1, "startDate": starts})
    epg["endDate"] = starts + pd.Timedelta(hours=1)
    gap = schedule.audit(epg, rules=path, now="2026-02-01")
    assert gap[["rule", "severity"]].to_numpy().tolist() == [["schedule.gap", "info"]]
    homes = pd.DataFrame({"id": [1], "devicesLimit": 5, "usersLimit": 5, "concurrentLimit": 5})
    users = pd.DataFrame({"householdId": [], "isMaster": []})
    assert household.audit(homes, users, now=NOON)["rule"].tolist() == ["household.empty"]
    assert household.audit(homes, users, rules=path, now=NOON).empty
