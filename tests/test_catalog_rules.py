"""What the audit judges by: the defaults, a partner's file over them, and its slips."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from kott_notebooks import catalog, household, schedule
from kott_notebooks.audits.findings import as_findings
from kott_notebooks.errors import KottError
from kott_notebooks.tables.provenance import facts

WRONG = [
    ("[thresholds]\n\nending_days = 'soon'", 3, "thresholds.ending_days: Expected `float`"),
    ("[thresholds]\nending = 3", 2, "thresholds.ending: Object contains unknown field `ending`"),
    ("[widths]\n'16:9' = 640\n'2:3' = '480'", 3, "widths.2:3: Expected `int`, got `str`"),
    ("x = 1\n[widths]", 1, "x: Object contains unknown field `x`"),
    ("[structs.Movie]\n\nratios = '16:9'", 3, "structs.Movie.ratios: Expected `array`"),
    ("[structs.Film]\nrole = 'cinema'", 2, "structs.Film.role: Invalid enum value 'cinema'"),
    ("[structs]\nMovie = 3", 2, "structs.Movie: Expected `object`, got `int`"),
    ("[severities]\n'image.non' = 'off'", 2, "there is no rule 'image.non': image.none"),
    ("[severities]\n'image.none' = 'bad'", 2, "severities.image.none: Invalid enum value 'bad'"),
    ("[ranges]\nScore = [9, 1]", 2, "ranges.Score: the range of Score ends before it begins"),
    ("[[waivers]]\nrule = 'image.none'\nuntil = 2027-01-01", 1, "missing required field `reason`"),
    ("\n[[waivers]]\nrule='x'\nreason='y'\nuntil=2027-01-01", 2, "waivers.1: there is no rule 'x'"),
    ("severities = 3", 1, "severities: Expected `object`, got `int`"),
    ("waivers = 3", 1, "waivers: Expected `array`, got `int`"),
    ("[ranges]\nScore = ['a', 3]", 2, "ranges.Score: Expected `float`, got `str`"),
    ("[[waivers]]\nrule = 3", 1, "waivers.1.rule: Expected `str`, got `int`"),
    ("languages = 'eng'", 1, "languages: Expected `array`, got `str`"),
    ("own = 3\n[hints]\n'acme.x' = 'y'", 1, "own: Expected `array`, got `int`"),
    ("own = ['acme.*']\n[hints]\n'acne.x' = 'y'", 3, "no rule 'acne.x': is it in the list own?"),
    ("[movielabs]\n'image.nun' = 'A/B'", 2, "there is no rule 'image.nun': image.none"),
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


@pytest.mark.parametrize(("text", "line", "message"), WRONG)
def test_a_slip_is_named_with_its_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    """The error says the file, the line, the key and what is wrong."""
    path = written(tmp_path, text)
    with pytest.raises(KottError) as refused:
        catalog.rules(path)
    assert str(refused.value).startswith(f"{path}, line {line}: ")
    assert message in str(refused.value)


def test_what_is_no_toml_or_not_there_is_refused(tmp_path: Path) -> None:
    """The reader's own words name the line."""
    with pytest.raises(KottError, match=r"are no TOML: .*line 2"):
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
    found = catalog.audit(assets(), rules=path, now=now)
    return found.loc[found["rule"] == "text.missing_name", "id"].tolist()


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
    found = catalog.audit(assets(), rules=path, now=NOON)
    assert facts(found)["waived"] == {"text.missing_name": 2}


def test_a_rule_is_switched_off_or_made_graver(tmp_path: Path) -> None:
    """The severity is the partner's."""
    off = written(tmp_path, "[severities]\n'text.missing_name' = 'off'\n'field.nowhere' = 'error'")
    found = catalog.audit(assets(), rules=off)
    assert set(found["rule"]) == {"field.nowhere"}
    assert set(found["severity"]) == {"error"}


def test_rules_of_one_s_own_and_of_other_audits_are_named_first(tmp_path: Path) -> None:
    """The list `own` has them, by name or pattern: a slip in the others is still refused."""
    text = "own = ['schedule.*', 'acme.short']\n[severities]\n'acme.short' = 'error'\n[[waivers]]\n"
    text += "rule = 'schedule.gap'\nreason = 'a test channel'\nuntil = 2026-03-01\nids = [7]\n"
    path = written(tmp_path, text)
    checks = [lambda table: table[["id"]].assign(rule="acme.short", severity="info")]
    found = catalog.audit(assets(), rules=path, checks=checks)
    own = found[found["rule"] == "acme.short"]
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
    told = catalog.rule_table(written(tmp_path, text + "Rating = ['U', 'PG']\n")).set_index("rule")
    assert told.loc["window.ending", "threshold"] == "within 3 days"
    assert told.loc["image.none", "severity"] == "off"
    assert told.loc["meta.unknown_value", "threshold"] == "Rating: U, PG"
    assert told.loc["image.missing_ratio", "threshold"] == (
        "others, Movie, Series, Episode: 16:9, 2:3; Linear: 1:1"
    )
    assert told.loc["image.too_small", "movielabs"] == "ARTWORK/RESOLUTION"
    assert told["hint"].notna().all()
    assert catalog.rule_table()["threshold"].notna().sum() == told["threshold"].notna().sum() - 1


def test_no_threshold_is_left_out_of_the_table(tmp_path: Path) -> None:
    """Each threshold that a file can change, changes what the table says."""
    told = catalog.rule_table()["threshold"].fillna("").tolist()
    for name in msgspec.structs.asdict(catalog.rules().thresholds):
        path = written(tmp_path, f"[thresholds]\n{name} = 77\n")
        assert catalog.rule_table(path)["threshold"].fillna("").tolist() != told, name


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
    own = schedule.Rules(gap_minutes=5, prime_hours=(20, 25), off=("schedule.horizon",))
    found = schedule.audit(epg, rules=path, now="2026-03-01")
    assert found["rule"].tolist() == ["schedule.gap"]  # of 6 minutes: the one of 4 is none here
    pd.testing.assert_frame_equal(found, schedule.audit(epg, rules=own, now="2026-03-01"))
    homes = pd.DataFrame({"id": [1], "devicesLimit": 5, "usersLimit": 5, "concurrentLimit": 5})
    seen = pd.to_datetime(["2025-11-01"], utc=True)
    devices = pd.DataFrame({"householdId": [1], "udid": ["u"], "lastActivityTime": seen})
    asked: dict[str, Any] = {"devices": devices, "now": "2026-03-01"}
    assert household.audit(homes, **asked).empty
    assert household.audit(homes, **asked, rules=path)["rule"].tolist() == ["household.idle"]
    off = {"idle_days": 90, "off": ["household.idle"]}
    assert household.audit(homes, **asked, rules=off).empty


SLIPS = [
    ("[schedule]\n\ngap_minutes = 'x'", 3, "schedule.gap_minutes: Expected `float`, got `str`"),
    ("[schedule]\ngap = 3", 2, "schedule.gap: there is no such key: gap_minutes, "),
    ("[schedule]\noff = ['gap']", 2, "schedule.off: there is no rule 'gap': the rules are sched"),
    ("[schedule]\nprime_hours = [22, 1]", 2, "schedule.prime_hours: Prime time from 22"),
    ("schedule = 3", 1, "schedule: a table is wanted, not 3."),
]


@pytest.mark.parametrize(("text", "line", "words"), SLIPS)
def test_slips_in_the_tables_of_other_audits_name_their_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    """As those of the catalogue do."""
    path = written(tmp_path, text)
    with pytest.raises(KottError) as caught:
        schedule.audit(pd.DataFrame({"id": [1]}), rules=path)
    assert str(caught.value).startswith(f"{path}, line {line}: {words}")


def test_what_is_no_rules_at_all_is_refused() -> None:
    """Rules of another audit, and a key of a mapping that is not there, which has no line."""
    homes = pd.DataFrame({"id": [1], "devicesLimit": 5, "usersLimit": 5, "concurrentLimit": 5})
    others: Any = schedule.Rules()
    with pytest.raises(KottError, match=r"rules are household.Rules, a mapping or a file; not"):
        household.audit(homes, rules=others)
    with pytest.raises(KottError, match=r"^household\.idle: there is no such key: idle_days"):
        household.audit(homes, rules={"idle": 3})
    number: Any = 3
    with pytest.raises(KottError, match="The rules in 3 cannot be read"):
        catalog.rules(number)
