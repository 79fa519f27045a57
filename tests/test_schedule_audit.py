"""The audit of a guide, against what is planted in the demo, and at each rule's threshold."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import audits, demo, plots, schedule
from kott_notebooks.audits.findings import DTYPES
from kott_notebooks.errors import KottError
from kott_notebooks.schedule.impact import impact
from kott_notebooks.tables.columns import stamp
from kott_notebooks.tables.provenance import facts, with_facts

ATHENS = "Europe/Athens"
NOW = pd.Timestamp("2026-01-14T12:00", tz="UTC")
MINUTE = pd.Timedelta(minutes=1)
HOUR = 60


class Partner(NamedTuple):
    """A demo partner, its guide, its channels, and what is wrong with the guide on purpose."""

    session: kott.Session
    epg: pd.DataFrame
    channels: pd.DataFrame
    planted: Counter[tuple[str, str]]


def partner(seed: int, now: str, *, defects: bool = True) -> Partner:
    """Log in to a partner of a small catalogue and a whole guide, and pull the guide."""
    clock = datetime.fromisoformat(now).replace(tzinfo=UTC)
    session = demo.login(
        seed=seed, assets=200, channels=36, clock=clock.timestamp, defects=defects, households=0
    )
    start = pd.Timestamp(clock).normalize() - pd.Timedelta(days=1)
    epg = kott.epg(session, start, start + pd.Timedelta(days=8))
    wrong = demo.defects(session)
    wrong = wrong[wrong["rule"].str.startswith("schedule.")]
    planted = Counter(zip(wrong["rule"], wrong["id"], strict=True))
    return Partner(session, epg, kott.channels(session), planted)


def audited(one: Partner, now: str) -> pd.DataFrame:
    return schedule.audit(one.epg, one.channels, now=now, tz=ATHENS)


AUTUMN = "2026-10-19T12:00"  # the clocks change on the guide's last day


@pytest.fixture(scope="module")
def autumn() -> Partner:
    """A partner in a week in which the clocks change."""
    return partner(7, AUTUMN)


def test_all_that_is_planted_is_found_and_nothing_else(autumn: Partner) -> None:
    """Rule by rule and id by id, every rule among them."""
    findings = audited(autumn, AUTUMN)
    assert Counter(zip(findings["rule"], findings["id"], strict=True)) == autumn.planted
    assert {rule for rule, _ in autumn.planted} <= set(audits.rules().severities)


@pytest.mark.parametrize(("seed", "now"), [(101, "2026-03-23T09:30"), (910017, AUTUMN)])
def test_so_it_is_for_other_seeds_and_seasons(seed: int, now: str) -> None:
    """In spring the clocks go forward; in autumn a night programme lasts an hour longer."""
    one = partner(seed, now)
    findings = audited(one, now)
    assert Counter(zip(findings["rule"], findings["id"], strict=True)) == one.planted


def test_nothing_is_wrong_with_a_clean_guide() -> None:
    """A partner without defects has no finding of any severity, also judged by other clocks."""
    clean = partner(7, "2026-01-14T12:00", defects=False)
    for tz in (ATHENS, "Asia/Tokyo", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"):
        assert schedule.audit(clean.epg, clean.channels, tz=tz).empty


def test_ksql_finds_a_rules_findings_on_the_server(autumn: Partner) -> None:
    """All but texts of nothing but blanks and stand-ins, which are there for the server."""
    findings = audited(autumn, AUTUMN)
    stated = findings[findings["ksql"].notna()]
    assert stated["rule"].nunique() == 2
    for (ksql, field), _ in stated.groupby(["ksql", "field"]):
        filter_ = {"objectType": "KalturaSearchAssetFilter", "kSql": ksql}
        answer = kott.listing(autumn.session, "asset", filter=filter_)
        absent = autumn.epg.loc[autumn.epg[str(field)].fillna("") == "", "id"]
        assert sorted(answer["id"]) == sorted(absent)
        assert len(absent)


def test_what_the_server_makes_up_is_found(autumn: Partner) -> None:
    """A pull with `auto_fill` has programmes that no other pull has."""
    start, end = facts(autumn.epg)["start"], facts(autumn.epg)["end"]
    filled = kott.epg(autumn.session, start, end, ksql="auto_fill='true'")
    findings = schedule.fillers(filled)
    made = findings[findings["why"] == "made up"]
    assert set(made["id"]) == set(filled["id"]) - set(autumn.epg["id"])
    assert len(made)


# A guide of our own

GAPLESS = schedule.Thresholds(off=("schedule.gap", "schedule.horizon"))


def guide(*times: tuple[float, float], channel: int = 7, **more: Any) -> pd.DataFrame:
    """Make programmes of a channel with these minutes from NOW on, each with a text of its own."""
    epg = pd.DataFrame(
        {
            "id": pd.array(range(1, len(times) + 1), dtype="Int64"),
            "linearAssetId": pd.array([channel] * len(times), dtype="Int64"),
            "name": pd.Series([f"Show {i}" for i in range(len(times))], dtype="str"),
            "description": pd.Series([f"Tale {i}." for i in range(len(times))], dtype="str"),
            "startDate": pd.Series([at(start) for start, _ in times], dtype="datetime64[us, UTC]"),
            "endDate": pd.Series([at(end) for _, end in times], dtype="datetime64[us, UTC]"),
        }
    )
    return epg.assign(**more)


def at(minute: float) -> pd.Timestamp:
    return NOW + minute * MINUTE


def rules_of(findings: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted(zip(findings["rule"], findings["id"], strict=True))


def days(hours: int = 144) -> list[tuple[float, float]]:
    """Fill a number of hours from NOW on with programmes of an hour."""
    return [(HOUR * i, HOUR * i + HOUR) for i in range(hours)]


@settings(max_examples=8)
@given(st.integers(0, 90 * 60) | st.sampled_from([59, 60, 3_599, 3_600]))
def test_a_gap_is_found_from_a_minute_on(seconds: int) -> None:
    """It is an error from an hour on, as long as the channel's id has to say."""
    epg = guide((-200, 0), (seconds / 60, 200))
    findings = schedule.audit(epg, now=NOW, rules=schedule.Thresholds(off=("schedule.horizon",)))
    severity = "error" if seconds >= 3_600 else "warning"
    expected = [("schedule.gap", "7", severity)] if seconds >= 60 else []
    assert findings[["rule", "id", "severity"]].to_numpy().tolist() == [
        list(row) for row in expected
    ]


@settings(max_examples=8)
@given(st.integers(1, 130) | st.sampled_from([39, 40, 119, 120]))
def test_a_horizon_is_short_under_five_days(hours: int) -> None:
    """It is an error under a third of them."""
    findings = schedule.audit(guide(*days(hours)), now=NOW)
    severity = "error" if hours < 40 else "warning"
    expected = [["schedule.horizon", "7", severity]] if hours < 120 else []
    assert findings[["rule", "id", "severity"]].to_numpy().tolist() == expected


def test_the_time_of_the_pull_is_now() -> None:
    """A table that was kept is judged by when it was pulled."""
    epg = guide(*days(130))
    epg = with_facts(epg, when=str(NOW))
    assert schedule.audit(epg).empty
    epg = with_facts(epg, when=str(at(11 * HOUR)))
    assert rules_of(schedule.audit(epg)) == [("schedule.horizon", "7")]


def test_a_channel_that_shows_nothing_is_missed_once() -> None:
    """It has neither a gap nor a horizon; a window that is not known is that of the table."""
    epg = guide(*days())
    for window in ({"start": at(0), "end": at(144 * HOUR)}, {}):
        findings = schedule.audit(epg, [8, 7], now=NOW, **window)  # type: ignore[arg-type]
        assert rules_of(findings) == [("schedule.no_programmes", "8")]
        assert findings["startDate"].tolist() == [at(0)]
        assert findings["endDate"].tolist() == [at(144 * HOUR)]


def test_an_empty_guide_lacks_every_channel() -> None:
    """Also where no window is known, and where ids are text."""
    channels = pd.DataFrame({"id": ["a.tv", "b.tv"], "name": ["A", "B"]})
    findings = schedule.audit(guide(), channels, now=NOW)
    assert rules_of(findings) == [("schedule.no_programmes", one) for one in ("a.tv", "b.tv")]
    assert findings["name"].tolist() == ["A", "B"]


def test_channels_that_cannot_be_are_refused() -> None:
    """A guide that numbers its channels cannot miss a name, unless it has names itself."""
    epg = guide(*days())
    with pytest.raises(KottError, match=r"'one.tv' is not a channel of this guide.*Give ids"):
        schedule.audit(epg, ["one.tv"], now=NOW, start=at(0), end=at(60))
    named = epg.assign(channelName="Harbour One")
    assert schedule.audit(named, ["harbour one"], now=NOW, start=at(0), end=at(60)).empty
    with pytest.raises(KottError, match="Did you mean 'Harbour One'"):
        schedule.gaps(named, channels=["Harbour Two"])


@pytest.mark.parametrize(
    "channels", [7, "7", [{"id": 7}], pd.DataFrame({"name": ["Seven"]}), {"id": [7]}]
)
@pytest.mark.parametrize("function", [schedule.audit, schedule.gaps, plots.grid, kott.guide])
def test_what_lists_no_channels_is_refused(function: Any, channels: Any) -> None:
    """One number or text, records, a table without ids, a mapping."""
    with pytest.raises(KottError, match=r"channels must be a list|no column id"):
        function(guide(*days()), channels)


def test_a_guide_that_names_its_channels_otherwise_is_shown() -> None:
    """By epgChannelId: in the mix of genres as in the grid."""
    epg = guide(*days()).drop(columns="linearAssetId").assign(epgChannelId="e7")
    channels = pd.DataFrame({"id": [7], "externalIds": ["e7"], "name": ["Seven"]})
    assert len(schedule.lineup_mix(epg.assign(**{"tags.Genre": "News"}), channels)) == 24


def test_ids_join_whatever_their_dtypes() -> None:
    """Numbers, whole floats and text are one channel; "007" is another than "7"."""
    epg = guide(*days())
    for own in ([7], ["7"], [7.0]):
        channels = pd.DataFrame({"id": own, "name": ["Seven"]})
        assert schedule.audit(epg, channels, now=NOW).empty
    other = pd.DataFrame({"id": ["007"], "name": ["Agent"]})
    findings = schedule.audit(epg, other, now=NOW)
    assert rules_of(findings) == [
        ("schedule.no_programmes", "007"),
        ("schedule.unknown_channel", "7"),
    ]
    assert findings["hint"].str.contains("'007'").tolist().count(True) == 1


def test_programmes_of_other_channels_are_left_out() -> None:
    """Of a list, of a filtered table and of a table without rows, nobody knows what is unknown."""
    epg = pd.concat([guide(*days()), guide((0, 60), channel=8).assign(id=900)])
    whole = with_facts(pd.DataFrame({"id": [7, 9], "name": ["Seven", "Nine"]}), rows=2)
    for channels in ([7], whole.iloc[:1], with_facts(whole.iloc[:1], rows=2)):
        assert schedule.audit(epg, channels, now=NOW).empty
    findings = schedule.audit(epg, whole, now=NOW)
    assert ("schedule.unknown_channel", "8") in rules_of(findings)


def test_channels_asked_for_in_the_pull_are_missed() -> None:
    """The provenance names them; of a table of all channels the others are not."""
    epg = guide(*days())
    window = {"start": str(at(0)), "end": str(at(144 * HOUR))}
    epg = with_facts(epg, when=str(NOW), channels=[7, 9], **window)
    every = pd.DataFrame({"id": [7, 8, 9], "name": ["Seven", "Eight", "Nine"]})
    assert rules_of(schedule.audit(epg)) == [("schedule.no_programmes", "9")]
    assert schedule.audit(epg, every)["name"].tolist() == ["Nine"]


def test_a_programme_that_runs_on_is_found_once() -> None:
    """With how many it hits, the first of them, and the minutes that they share."""
    epg = guide((0, 150), (60, 120), (120, 180), (180, 240))
    findings = schedule.audit(epg, now=at(-1000 * HOUR), rules=GAPLESS)
    assert findings[["rule", "id", "name", "severity", "detail"]].to_numpy().tolist() == [
        ["schedule.overlap", "1", "Show 0", "error",
         "It runs on into 2 others for 90 min; the first is Show 1 (2)."]
    ]  # fmt: skip
    assert findings["startDate"].tolist() == [at(60)]
    assert findings["endDate"].tolist() == [at(150)]


def test_of_two_that_start_together_the_later_id_is_found() -> None:
    """Unless they are of one clump, which share their slot on purpose."""
    epg = guide((0, 60), (0, 30), (60, 120))
    assert rules_of(schedule.audit(epg, now=NOW, rules=GAPLESS)) == [("schedule.overlap", "2")]
    clump = epg.assign(clumpidx=["0/2", "1/2", ""])
    assert schedule.audit(clump, now=NOW, rules=GAPLESS).empty
    other = epg.assign(clumpidx=["0/2", "1/3", ""])
    assert rules_of(schedule.audit(other, now=NOW, rules=GAPLESS)) == [("schedule.overlap", "2")]
    for dtype in ("str", "object", "float64", "category"):  # as a filter or a file leaves them
        none = epg.assign(clumpidx=pd.Series([None] * 3, dtype=dtype))
        assert rules_of(schedule.audit(none, now=NOW, rules=GAPLESS)) == [("schedule.overlap", "2")]


@pytest.mark.parametrize(("seconds", "severity"), [(1, "warning"), (60, "warning"), (61, "error")])
def test_a_short_overlap_is_a_warning(seconds: int, severity: str) -> None:
    """Up to and including a minute; a tolerance makes it none."""
    epg = guide((0, 60 + seconds / 60), (60, 120))
    findings = schedule.audit(epg, now=NOW, rules=GAPLESS)
    assert findings[["id", "severity"]].to_numpy().tolist() == [["1", severity]]
    tolerant = {"overlap_seconds": 61, "off": ["schedule.gap", "schedule.horizon"]}
    assert schedule.audit(epg, now=NOW, rules=tolerant).empty


def test_a_stuck_end_hides_nothing() -> None:
    """In a week of 40 channels: it is named twice, and its gap and short horizon are there."""
    week = [
        guide(*days(168), channel=n).assign(id=range(n * 1000, n * 1000 + 168)) for n in range(40)
    ]
    epg = pd.concat(week, ignore_index=True)
    epg = epg.reset_index(drop=True)
    epg["name"] = epg["name"] + " of " + epg["linearAssetId"].astype("str")
    epg.loc[(epg["id"] == 5020), "endDate"] = at(60 * 24 * 365 * 900)
    epg = epg[~epg["id"].between(5040, 5042) & ~epg["id"].between(5100, 5999)]
    findings = schedule.audit(epg, now=NOW, start=at(0), end=at(168 * HOUR))
    assert rules_of(findings) == [
        ("schedule.absurd_length", "5020"),
        ("schedule.gap", "5"),
        ("schedule.gap", "5"),
        ("schedule.horizon", "5"),
        ("schedule.overlap", "5020"),
    ]
    gap = findings[findings["rule"] == "schedule.gap"]
    assert sorted(gap["startDate"]) == [at(40 * HOUR), at(100 * HOUR)]


def test_a_band_delivered_twice_is_one_finding() -> None:
    """Three slots in a row; two are found one by one, and a programme that came once parts them."""
    epg = guide(*days())
    for places, expected in (
        ([3, 4, 5], [("schedule.duplicate", "7")]),
        ([3, 4], [("schedule.duplicate", "900"), ("schedule.duplicate", "901")]),
        ([3, 4, 6], [("schedule.duplicate", str(900 + n)) for n in range(3)]),
        ([*range(144)], [("schedule.duplicate", "7")]),
    ):
        again = epg.iloc[places].assign(id=range(900, 900 + len(places)))
        findings = schedule.audit(pd.concat([epg, again]), now=NOW)
        assert rules_of(findings) == expected
    assert findings["detail"].str.startswith("144 programmes from 2026-01-14 12:00 to").all()
    moved = epg.iloc[3:6].assign(id=range(900, 903), crid="new")
    moved["startDate"] += pd.Timedelta(seconds=30)
    twice = pd.concat([epg.assign(crid="old"), moved])
    assert rules_of(schedule.audit(twice, now=NOW)) == [("schedule.reingested", "7")]


def test_a_channel_without_descriptions_is_one_finding() -> None:
    """One description among them, and each of the others is found."""
    epg = guide(*days()).assign(description=["", " ", "TBA"] * 48)
    findings = schedule.audit(epg, now=NOW)
    assert rules_of(findings) == [("schedule.missing_synopsis", "7")]
    epg.loc[5, "description"] = "A tale."
    assert len(schedule.audit(epg, now=NOW)) == 143


@pytest.mark.parametrize(
    ("columns", "rule", "field"),
    [
        ({"name": " "}, "schedule.missing_title", "name"),
        (
            {"name": "Soir\u00c3\u00a9e", "description": "Caf\u00c3\u00a9"},
            "schedule.mojibake",
            "name",
        ),
        ({"description": None}, "schedule.missing_synopsis", "description"),
        ({"name": "A", "description": "a"}, "schedule.title_is_synopsis", "description"),
    ],
)
def test_a_text_is_found_once_a_programme(columns: dict[str, Any], rule: str, field: str) -> None:
    """Though both of a programme's texts be wrong in one way."""
    epg = guide(*days())
    epg.loc[3, list(columns)] = list(columns.values())
    findings = schedule.audit(epg, now=NOW)
    assert findings[["rule", "id", "field"]].to_numpy().tolist() == [[rule, "4", field]]


def test_programmes_of_joined_guides_may_share_their_ids() -> None:
    """As those of two XMLTV files do: each is found, under its own name."""
    one, other = guide(*days()), guide(*days(), channel=8, name="Other")
    for epg in (one, other):
        epg.loc[3, "description"] = ""
        epg.loc[5, "endDate"] = at(5 * HOUR)
    both = pd.concat([one, other], ignore_index=True)
    findings = schedule.audit(both, now=NOW, rules=GAPLESS)
    shown = findings[["rule", "linearAssetId", "name"]].sort_values(["rule", "linearAssetId"])
    assert shown.to_numpy().tolist() == [
        ["schedule.missing_synopsis", 7, "Show 3"],
        ["schedule.missing_synopsis", 8, "Other"],
        ["schedule.zero_length", 7, "Show 5"],
        ["schedule.zero_length", 8, "Other"],
    ]


EPISODE, SEASON = "metas.Episode number", "metas.Season number"
CORRUPTIONS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [  # inside, outside, rules
    ({"name": "A"}, {"name": " "}, ["missing_title"]),
    ({"name": "Test Cricket"}, {"name": "T.B.A."}, ["placeholder_title"]),
    (
        {"name": "Test"},
        {"name": "Test", "description": ""},
        ["missing_synopsis", "placeholder_title"],
    ),
    ({"name": "Off the air force"}, {"name": "OFF AIR"}, ["filler"]),
    ({"name": "Q&A;"}, {"name": "Q&amp;A"}, ["markup"]),
    ({"description": "Give {5}."}, {"description": "Give ${n}."}, ["residue"]),
    ({"description": "No data, no film."}, {"description": "No data"}, ["missing_synopsis"]),
    ({"name": "Caf\u00e9"}, {"name": "Caf\u00c3\u00a9"}, ["mojibake"]),
    ({"description": "A"}, {"description": "\n"}, ["missing_synopsis"]),
    (
        {"name": "A", "description": "A!"},
        {"name": "A", "description": "a ."},
        ["title_is_synopsis"],
    ),
    ({EPISODE: None, SEASON: None}, {EPISODE: None}, ["missing_episode"]),
    ({EPISODE: None, SEASON: None}, {SEASON: ""}, ["missing_episode"]),
    ({"enableCatchUp": True}, {"enableCdvr": True}, ["catchup_flag"]),
]


@settings(max_examples=2)
@pytest.mark.parametrize(("inside", "outside", "rules"), CORRUPTIONS)
@given(row=st.integers(3, 140))
def test_one_programme_is_spoilt_at_a_time(
    inside: dict[str, Any], outside: dict[str, Any], rules: list[str], row: int
) -> None:
    """What is just right is not found anywhere; what is just wrong, there and nowhere else."""
    channels = pd.DataFrame({"id": [7], "enableCatchUp": [True], "enableCdvr": [False]})
    clean = guide(*days(), enableCatchUp=False, enableCdvr=False)
    numbers = pd.Series([str(i + 10) for i in range(len(clean))], dtype="str")
    clean = clean.assign(**{"metas.Series ID": "S", SEASON: "1"}).assign(**{EPISODE: numbers})
    for spoilt, expected in ((inside, []), (outside, rules)):
        epg = clean.copy()
        for column, value in spoilt.items():
            epg.loc[row, column] = value
        findings = schedule.audit(epg, channels, now=NOW)
        assert rules_of(findings) == [(f"schedule.{rule}", str(row + 1)) for rule in expected]


def test_half_a_number_is_found_where_others_are_whole() -> None:
    """A series of which no airing has both numbers is numbered so on purpose."""
    epg = guide(*days()).assign(name="Soap").assign(**{SEASON: "1", EPISODE: None})
    off = schedule.Thresholds(off=("schedule.same_as",))
    assert schedule.audit(epg, now=NOW, rules=off).empty
    epg.loc[0, EPISODE] = "1"
    assert len(schedule.audit(epg, now=NOW, rules=off)) == 143


@settings(max_examples=2)
@pytest.mark.parametrize("seconds", [-1, 0, 1, 59, 60, 480 * 60, 480 * 60 + 1])
@given(row=st.integers(3, 140))
def test_a_length_is_found_at_its_threshold(row: int, seconds: int) -> None:
    """Zero and less, under a minute, over eight hours; a minute and eight hours are lengths."""
    rules = {0: "zero", -1: "negative", 1: "absurd", 59: "absurd", 480 * 60 + 1: "absurd"}
    epg = guide(*days())
    epg.loc[row, "endDate"] = at(HOUR * row + seconds / 60)
    off = schedule.Thresholds(off=("schedule.gap", "schedule.overlap"))
    expected = [(f"schedule.{rules[seconds]}_length", str(row + 1))] if seconds in rules else []
    assert rules_of(schedule.audit(epg, now=NOW, rules=off)) == expected


@settings(max_examples=2)
@pytest.mark.parametrize(
    "moved", [(0, 0), (1, 0), (0, -1), (300, 0), (-300, 0), (301, 0), (-301, 0)]
)
@given(row=st.integers(3, 140), anew=st.booleans(), renamed=st.booleans())
def test_what_was_ingested_twice_is_found_at_its_threshold(
    row: int, moved: tuple[int, int], anew: bool, renamed: bool
) -> None:
    """A slot is the same to the second; again is within 300 seconds, under another crid."""
    epg = guide(*days()).assign(crid="one")
    again = epg.iloc[[row]].assign(id=pd.array([999], dtype="Int64"))
    for column, seconds in zip(("startDate", "endDate"), moved, strict=True):
        again[column] += pd.Timedelta(seconds=seconds)
    again = again.assign(crid="two" if anew else "one", name="Other" if renamed else again["name"])
    off = schedule.Thresholds(off=("schedule.overlap",))
    findings = schedule.audit(pd.concat([epg, again], ignore_index=True), now=NOW, rules=off)
    rule = "duplicate" if moved == (0, 0) else "reingested" if anew else ""
    wanted = bool(rule) and not renamed and abs(moved[0]) <= 300
    assert rules_of(findings) == ([(f"schedule.{rule}", "999")] if wanted else [])


@settings(max_examples=5)
@given(st.integers(-1, 1), st.integers(-1, 1))
def test_a_channel_is_silent_but_for_a_second(before: int, after: int) -> None:
    """One whose programmes end when the window starts, and start when it ends, shows nothing."""
    late = 144 * HOUR
    epg = pd.concat(
        [
            guide(*days()),
            guide((-60, before / 60), (late - after / 60, late + 60), channel=8).assign(
                id=[500, 501]
            ),
        ]
    )
    off = schedule.Thresholds(off=("schedule.gap", "schedule.horizon"))
    findings = schedule.audit(epg, [7, 8], now=NOW, start=at(0), end=at(late), rules=off)
    silent = before <= 0 and after <= 0
    assert rules_of(findings) == ([("schedule.no_programmes", "8")] if silent else [])


FORTNIGHT = (pd.Timestamp("2026-10-19", tz=ATHENS) - NOW) / MINUTE
CHANGE = (pd.Timestamp("2026-10-25T01:00", tz="UTC") - NOW) / MINUTE


@settings(max_examples=8)
@given(st.integers(0, 4), st.sampled_from([0, 60]))
def test_a_clock_shift_is_three_programmes_off(off: int, moved: int) -> None:
    """A channel follows the clocks, except for some programmes of the first day after."""
    start = [
        FORTNIGHT + day * 24 * HOUR + hour * HOUR for day in range(6) for hour in range(12, 16)
    ]
    after = [FORTNIGHT + 6 * 24 * HOUR + 60 + hour * HOUR for hour in range(12, 16)]
    after = [one - moved * (place < off) for place, one in enumerate(after)]
    epg = guide(*((one, one + 10) for one in [*start, *after]))
    epg["name"] = [f"Show {place % 4}" for place in range(len(epg))]
    rules = schedule.Thresholds(off=("schedule.gap", "schedule.horizon"))
    findings = schedule.audit(epg, now=at(FORTNIGHT), tz=ATHENS, rules=rules)
    shifted = moved == 60 and off >= 3
    assert rules_of(findings) == ([("schedule.clock_shift", "7")] if shifted else [])


@settings(max_examples=5)
@given(st.integers(3, 140), st.integers(-1, 1))
def test_a_second_too_long_is_an_overlap(row: int, seconds: int) -> None:
    """Touching programmes share nothing, and a second is too short for a gap."""
    epg = guide(*days())
    epg.loc[row, "endDate"] = at(HOUR * (row + 1) + seconds / 60)
    expected = [("schedule.overlap", str(row + 1))] if seconds > 0 else []
    assert rules_of(schedule.audit(epg, now=NOW)) == expected


def test_prime_time_and_the_channels_weight_count() -> None:
    """Two hours, one of them prime: 60 + 3 x 60 minutes, times the channel's weight."""
    evening = pd.Timestamp("2026-01-14T17:00", tz=ATHENS)
    start = (evening - NOW) / MINUTE
    epg = guide((start - 10, start), (start + 120, start + 130))
    gap = schedule.Thresholds(off=("schedule.horizon",))
    findings = schedule.audit(epg, now=NOW, tz=ATHENS, rules=gap, weights={7: 2.5})
    assert findings["impact"].tolist() == [(60 + 3 * 60) * 2.5]
    assert schedule.audit(epg, now=NOW, rules=gap)["impact"].tolist() == [120]


@settings(max_examples=40)
@given(
    st.integers(0, 9 * 24 * 4),
    st.integers(0, 3 * 24 * 4),
    st.sampled_from([ATHENS, "UTC", "America/Havana", "Asia/Kathmandu"]),
    st.sampled_from([(18, 23), (0, 24), (20, 20.5)]),
)
def test_a_walk_through_the_minutes_weighs_the_same(
    start: int, length: int, tz: str, prime: tuple[float, float]
) -> None:
    """A quarter of an hour at a time, each weighed by what the clocks show."""
    origin = pd.Timestamp("2026-10-24", tz="UTC") + start * 15 * MINUTE
    quarters = [(origin + i * 15 * MINUTE).tz_convert(tz) for i in range(length)]
    hours = [one.hour + one.minute / 60 for one in quarters]
    twice = [one for one in hours if prime[0] <= one < prime[1]]
    finding = {"startDate": [origin], "endDate": [origin + length * 15 * MINUTE]}
    weighed = impact(
        pd.DataFrame({**finding, "linearAssetId": [7]}),
        prime=prime,
        prime_weight=2,
        weights=[None],
        zones=[ZoneInfo(tz)],
        start=None,
        end=stamp(pd.Timestamp("2027-01-01", tz="UTC")),
    )
    assert list(weighed) == [15 * (len(hours) + len(twice))]


def test_prime_time_follows_the_clocks() -> None:
    """In a week with a clock change, each evening counts from 18:00 to 23:00 as clocks show it."""
    start, end = pd.Timestamp("2026-03-27", tz=ATHENS), pd.Timestamp("2026-03-31", tz=ATHENS)
    first, last = ((time - NOW) / MINUTE for time in (start, end))
    epg = guide((first - 10, first), (last, last + 10))
    off = schedule.Thresholds(off=("schedule.horizon",))
    findings = schedule.audit(epg, now=NOW, tz=ATHENS, rules=off)
    assert findings["impact"].tolist() == [(4 * 24 - 1 + 2 * 4 * 5) * HOUR]


def test_what_hurts_most_comes_first() -> None:
    """By impact; an end in the year 2999 does not outweigh the window."""
    epg = guide((0, 60), (60, 120), (180, 240), (300, 300))
    epg.loc[2, "endDate"] = pd.Timestamp("2999-12-31", tz="UTC")
    findings = schedule.audit(epg, now=NOW, tz="UTC", start=at(0), end=at(400))
    assert findings["impact"].is_monotonic_decreasing
    assert findings.set_index("rule")["impact"].to_dict() == {
        "schedule.absurd_length": 220 + 2 * 40,
        "schedule.gap": 60,
        "schedule.zero_length": 0,
    }


def test_rules_are_turned_off_and_thresholds_moved() -> None:
    """A rule that does not exist is refused, for a slip would hide nothing."""
    epg = guide((0, 60), (65, 120))
    assert schedule.audit(
        epg, now=NOW, rules=schedule.Thresholds(gap_minutes=6, horizon_hours=2)
    ).empty
    off = schedule.Thresholds(off=("schedule.gap", "schedule.horizon"))
    assert schedule.audit(epg, now=NOW, rules=off).empty
    with pytest.raises(KottError, match=r"no rule 'schedule.gaps'.*schedule.gap"):
        schedule.audit(epg, rules=schedule.Thresholds(off=("schedule.gaps",)))


def test_prime_time_may_reach_past_midnight() -> None:
    """From 22:00 to 1:00 in the morning is 22 to 25; 22 to 1 is refused."""
    evening = (pd.Timestamp("2026-01-14T21:00", tz="UTC") - NOW) / MINUTE
    epg = guide((evening - 10, evening), (evening + 300, evening + 310))
    late = schedule.Thresholds(prime_hours=(22, 25), off=("schedule.horizon",))
    assert schedule.audit(epg, now=NOW, rules=late)["impact"].tolist() == [300 + 2 * 180]
    with pytest.raises(KottError, match="past midnight is 25"):
        schedule.audit(guide(), rules=schedule.Thresholds(prime_hours=(22, 1)))


def test_findings_have_their_columns_whatever_is_found() -> None:
    """An empty audit has the dtypes of a full one, and each finding says what to do."""
    clean = schedule.audit(guide(*days()), now=NOW)
    full = schedule.audit(guide((0, 60), (30, 90)), now=NOW)
    for findings in (clean, full, schedule.audit(guide(), now=NOW)):
        assert {str(name): str(dtype) for name, dtype in findings.dtypes.items()} == DTYPES
    assert clean.empty
    required = full[["rule", "severity", "kind", "id", "impact", "detail", "hint"]]
    assert required.notna().to_numpy().all()


def test_a_guide_from_elsewhere_is_audited() -> None:
    """Channel, start, end and title are enough; a channel may be a name, rows need no id."""
    epg = guide((0, 60), (30, 90)).assign(channel="one.tv").drop(columns=["id", "linearAssetId"])
    epg = epg.rename(columns={"name": "title"}).drop(columns="description")
    names = {"linearAssetId": "channel", "name": "title"}
    findings = schedule.audit(epg, now=NOW, columns=names)
    assert rules_of(findings) == [("schedule.horizon", "one.tv"), ("schedule.overlap", "0")]
    assert findings["linearAssetId"].tolist() == ["one.tv", "one.tv"]


def test_the_guide_given_is_left_alone() -> None:
    """The audit reads."""
    epg = guide((0, 60), (30, 90), (np.nan, np.nan))
    before = epg.copy()
    schedule.audit(epg, now=NOW)
    pd.testing.assert_frame_equal(epg, before)


# Times and zones


def test_an_end_that_is_missing_is_the_next_start() -> None:
    """Within eight hours; later, or with none after it, it is found, and no gap besides."""
    epg = guide((0, 60), (60, np.nan), (9 * HOUR, 600), (600, np.nan))
    findings = schedule.audit(epg, now=at(-1000 * HOUR), start=at(0), end=at(24 * HOUR))
    assert rules_of(findings) == [
        ("schedule.gap", "7"),
        ("schedule.missing_end", "4"),
    ]
    assert findings.set_index("rule").loc["schedule.gap", "startDate"] == at(600 + 8 * HOUR)
    alone = guide((0, np.nan))
    assert ("schedule.missing_end", "1") in rules_of(schedule.audit(alone, [7], now=NOW))
    far = guide((0, 60), (60, np.nan), (9 * HOUR + 1, 600))
    assert ("schedule.missing_end", "2") in rules_of(schedule.audit(far, now=NOW))


@pytest.mark.parametrize("channels", [None, [7], [7, 8]])
def test_a_guide_in_which_nothing_lasts_is_judged(channels: list[int] | None) -> None:
    """Lengths of zero and less are findings, also where no programme has any other."""
    findings = schedule.audit(guide((0, 0), (60, -30)), channels, now=NOW)
    wanted = [("schedule.negative_length", "2"), ("schedule.zero_length", "1")]
    missing = [("schedule.no_programmes", "8")] if channels == [7, 8] else []
    assert sorted(rules_of(findings)) == sorted(wanted + missing)


@pytest.mark.parametrize(
    ("column", "when", "cause"),
    [
        ("startDate", "1979-12-31", "is before 1980"),
        ("startDate", "2101-01-01", "is after 2100"),
        ("endDate", "1979-12-31", "is before 1980"),
        ("startDate", None, "is not a valid time"),
    ],
)
def test_a_time_that_cannot_be_is_found_and_judged_no_further(
    column: str, when: str | None, cause: str
) -> None:
    """The slot is then free; the rest of the guide is judged."""
    epg = guide(*days())
    epg.loc[3, column] = pd.NaT if when is None else pd.Timestamp(when, tz="UTC")
    findings = schedule.audit(epg, now=NOW)
    assert rules_of(findings) == [("schedule.bad_time", "4"), ("schedule.gap", "7")]
    (detail,) = findings.loc[findings["rule"] == "schedule.bad_time", "detail"]
    assert detail.startswith(f"Its {column} {cause}")


def test_what_could_not_be_read_is_quoted() -> None:
    """An end that no calendar has is found, and the next start stands for it."""
    epg = guide(*days())
    written = epg.assign(endDate=epg["endDate"].astype("str"))
    written.loc[3, "endDate"] = "2026-02-30T10:00"
    findings = schedule.audit(written, now=NOW)
    assert rules_of(findings) == [("schedule.bad_time", "4")]
    assert findings["detail"].tolist() == ["Its endDate is not a valid time: 2026-02-30T10:00."]
    epg.loc[3, "endDate"] = pd.NaT
    marked = with_facts(epg, bad_times=[{"row": 3, "field": "endDate", "text": "20260230"}])
    (detail,) = schedule.audit(marked, now=NOW)["detail"]
    assert detail == "Its endDate is not a valid time: 20260230."


@pytest.mark.parametrize(("number", "expected"), [(5, 5), (6, 1)])
def test_many_bad_times_of_one_cause_are_one_finding(number: int, expected: int) -> None:
    """A file whose times are all of the year 1 has one fault."""
    epg = guide(*days())
    epg.loc[: number - 1, "startDate"] = pd.Timestamp("1970-01-01", tz="UTC")
    findings = schedule.audit(epg, now=NOW)
    assert findings["rule"].value_counts().get("schedule.bad_time") == expected


def test_known_off_air_hours_and_gaps_are_no_findings() -> None:
    """In the channel's local time, past midnight too; what is missing beside them is found."""
    every = [(24 * HOUR * day + 4 * HOUR, 24 * HOUR * day + 22 * HOUR) for day in range(6)]
    epg = guide(*every).assign(name="Test card", description="Tale.", channelName="Harbour")
    off = ("schedule.absurd_length", "schedule.horizon", "schedule.same_as")
    hours = [  # NOW is 14:00 in Athens: the channel is off air from 12:00 to 18:00 there
        ({"7": {"off_air": "12:00-18:00"}}, 0),
        ({"harbour": {"off_air": ["12:00-14:00", "14:00-18:00"]}}, 0),
        ({"7": {"off_air": "12:00-17:00"}}, 5),
        ({"8": {"off_air": "12:00-18:00"}}, 5),
        ({"7": {"known_gaps": "2026-01-15 12:00/2026-01-15 18:00"}}, 4),
        ({"7": {"known_gaps": ["2026-01-15T12:00/2026-01-16T18:00", "2026-01-17/2026-01-18"]}}, 2),
        ({"7": {"known_gaps": "2026-01-15 12:00/2026-01-15 17:00"}}, 5),
    ]
    for channels, gaps in hours:
        rules = {"schedule": {"channels": channels, "off": off}}
        findings = schedule.audit(epg, now=NOW, rules=rules, tz=ATHENS)
        assert (findings["rule"] == "schedule.gap").sum() == gaps


def test_a_stand_in_for_a_known_gap_is_no_filler() -> None:
    """What says "off air" is expected there, and found anywhere else."""
    epg = guide((0, 60), (60, 120), (120, 180)).assign(name=["News", "Off air", "Talk"])
    for until, fillers in (("16:00", 0), ("15:59", 1)):
        known = {"7": {"known_gaps": f"2026-01-14 15:00/2026-01-14 {until}"}}
        findings = schedule.audit(epg, now=NOW, rules={"channels": known}, tz=ATHENS)
        assert (findings["rule"] == "schedule.filler").sum() == fillers


def test_a_guide_that_is_judged_whole_ends_for_every_channel() -> None:
    """Without a window the last end of all channels is no excuse for a short horizon."""
    epg = guide((0, 600), (600, 1200))
    table = pd.DataFrame({"id": [7], "name": ["Harbour"]})
    assert "schedule.horizon" in set(schedule.audit(epg, table, now=NOW)["rule"])
    findings = schedule.audit(epg, table, now=NOW, start=NOW, end=NOW + 1200 * MINUTE)
    assert "schedule.horizon" not in set(findings["rule"])


def test_a_gap_is_known_by_its_local_day() -> None:
    """Two audits see the same gap, though it grew."""
    epg = guide((0, 10 * HOUR + 30), (11 * HOUR, 12 * HOUR))
    off = schedule.Thresholds(off=("schedule.horizon", "schedule.absurd_length"))
    for tz, day in (("UTC", "2026-01-14"), (ATHENS, "2026-01-15")):
        findings = schedule.audit(epg, now=NOW, tz=tz, rules=off)
        assert findings["field"].tolist() == [day]


def test_every_channel_has_the_zone_of_its_own() -> None:
    """By a mapping of ids or names, or by a column of the channels: prime time is local."""
    epg = pd.concat([guide((-10, 0), (60, 70), channel=n) for n in (7, 8)]).assign(id=range(4))
    channels = pd.DataFrame({"id": [7, 8], "name": ["Seven", "Eight"], "tz": ["UTC", "Asia/Tokyo"]})
    window = {"start": at(-10), "end": at(70), "now": NOW, "rules": {}}
    ways: list[dict[str, Any]] = [
        {"tz": {7: "UTC", "8": "Asia/Tokyo"}},
        {"tz": {"eight": "Asia/Tokyo"}, "channels": channels.drop(columns="tz")},
        {"channels": channels},
    ]
    for way in ways:
        findings = schedule.audit(epg, **way, **window)  # type: ignore[arg-type]
        gap = findings[findings["rule"] == "schedule.gap"].set_index("linearAssetId")["impact"]
        assert gap.to_dict() == {7: 60, 8: 180}  # 21:00 in Tokyo


# What is not judged


def test_what_is_not_judged_is_said() -> None:
    """Rules without their columns, without channels, or of a guide that was filtered."""
    bare = guide(*days()).drop(columns=["name", "description"])
    findings = schedule.audit(bare, now=NOW)
    known = facts(findings)
    assert known["now"] == "2026-01-14T12:00:00+00:00"
    assert known["judged"] == 144
    assert known["not_judged"]["schedule.missing_title"] == "It needs columns: name."
    assert "schedule.no_programmes" in known["not_judged"]
    assert "schedule.gap" not in known["not_judged"]


def test_a_filtered_guide_lacks_nothing(autumn: Partner) -> None:
    """What a filter or a limit left out is no gap, no short horizon and no silent channel."""
    start, end = facts(autumn.epg)["start"], facts(autumn.epg)["end"]
    parts = [
        kott.epg(autumn.session, start, end, ksql="name='Harbour Watch'"),
        kott.epg(autumn.session, start, end, limit=50),
    ]
    for epg in parts:
        findings = schedule.audit(epg, autumn.channels, tz=ATHENS)
        assert not set(findings["rule"]) & {
            "schedule.gap", "schedule.horizon", "schedule.no_programmes",
        }  # fmt: skip
        assert "filter or a limit" in facts(findings)["not_judged"]["schedule.gap"]


def test_a_partners_hint_goes_before_a_findings_own() -> None:
    """A rule's usual hint does not."""
    epg = guide(*days())
    channels = pd.DataFrame({"id": ["07"], "name": ["Seven"]})
    for rules, hint in (
        ({}, "Use the id '07'"),
        ({"hints": {"schedule.unknown_channel": "Ask Ann."}}, "Ask Ann."),
    ):
        findings = schedule.audit(epg, channels, now=NOW, rules=rules)
        (text,) = findings.loc[findings["rule"] == "schedule.unknown_channel", "hint"]
        assert text.startswith(hint)
