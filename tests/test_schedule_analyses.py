"""What the analyses of a guide find, just inside and just outside of their thresholds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks import schedule
from kott_notebooks.errors import KottError

MONDAY = pd.Timestamp("2026-03-23", tz="UTC")
MINUTE = pd.Timedelta(minutes=1)
SERIES = ("metas.Series ID", "metas.Season number", "metas.Episode number")
OTHER_NAMES = {
    "id": "pid",
    "linearAssetId": "channel",
    "startDate": "start",
    "endDate": "stop",
    "name": "title",
    "description": "synopsis",
}


def at(minute: float) -> pd.Timestamp:
    return MONDAY + minute * MINUTE


def guide(*rows: dict[str, Any], **every: Any) -> pd.DataFrame:
    """Make a guide of programmes 1, 2, ... of channel 7, with times in minutes since Monday."""
    filled = [
        {"id": i, "linearAssetId": 7, "name": f"Show {i}", "description": f"Tale {i}."}
        | every
        | row
        for i, row in enumerate(rows, 1)
    ]
    epg = pd.DataFrame(filled)
    for column in ("startDate", "endDate"):
        epg[column] = pd.Series([at(minute) for minute in epg[column]], dtype="datetime64[us, UTC]")
    return epg.astype({"id": "Int64", "linearAssetId": "Int64"})


def slot(start: float, end: float, **more: Any) -> dict[str, Any]:
    return {"startDate": start, "endDate": end} | more


def faults(findings: pd.DataFrame) -> dict[int, str]:
    return dict(zip(findings["id"], findings["fault"], strict=True))


# Lengths


@given(st.integers(-600, 600 * 60))
def test_a_length_is_judged_to_the_second(seconds: int) -> None:
    """A minute and eight hours are allowed, a second less or more is not."""
    expected = "short" if seconds < 60 else "long"
    expected = {0: "zero"}.get(seconds, "negative" if seconds < 0 else expected)
    table = schedule.durations(guide(slot(0, seconds / 60)))
    assert faults(table) == ({} if 60 <= seconds <= 8 * 3600 else {1: expected})


def test_a_genre_has_limits_of_its_own() -> None:
    """News of three hours are absurd where two are the limit; a film of three hours is not."""
    news = json.dumps({"objects": [{"value": "News"}, {"value": "Drama"}]})
    epg = guide(
        slot(0, 180, **{"tags.Genre": news}),
        slot(180, 360, **{"tags.Genre": "Film"}),
        slot(360, 540, **{"tags.Genre": None}),
    )
    assert faults(schedule.durations(epg, genres={"News": (1, 120)})) == {1: "long"}


# Texts


def test_texts_are_judged_field_by_field() -> None:
    """Each fault of a name or a description is a row; what is fine has none."""
    epg = guide(
        slot(0, 1, name=" ", description="TBA"),
        slot(0, 1, name="xy" * 50 + "z", description="It\u00e2\u20ac\u2122s"),
        slot(0, 1, name="The Island", description=" the  island"),
        slot(0, 1, name="xy" * 50, description="Tale" * 500),
    )
    table = schedule.texts(epg)
    assert set(zip(table["id"], table["field"], table["fault"], strict=True)) == {
        (1, "name", "missing"),
        (1, "description", "placeholder"),
        (2, "name", "too_long"),
        (2, "description", "mojibake"),
        (3, "description", "is_name"),
    }


def test_a_guide_without_descriptions_is_judged_by_its_names() -> None:
    """A column that was not asked for is not missing everywhere."""
    assert schedule.texts(guide(slot(0, 1)).drop(columns="description")).empty


# Doubles


def test_the_same_slot_twice_is_a_duplicate() -> None:
    """The later id is found, whatever the order of the rows; another name is another programme."""
    epg = guide(
        slot(0, 30, name="A"), slot(0, 30, name="A"), slot(0, 30, name="B"), slot(0, 30, name="A")
    )
    table = schedule.duplicates(epg.iloc[::-1])
    assert faults(table) == {2: "slot", 4: "slot"}
    assert table["otherId"].tolist() == [1, 1]


def test_nameless_programmes_are_not_compared() -> None:
    """Nobody knows whether they are the same."""
    assert schedule.duplicates(guide(slot(0, 30, name=None), slot(0, 30, name=None))).empty


@given(st.integers(-400, 400), st.booleans())
def test_a_programme_again_is_found_within_five_minutes(seconds: int, anew: bool) -> None:
    """Under a new crid, starting up to 300 seconds earlier or later."""
    epg = guide(
        slot(0, 30, name="A", crid="one"),
        slot(seconds / 60, 40, name="A", crid="two" if anew else "one"),
    )
    expected = {2: "again"} if anew and abs(seconds) <= 300 else {}
    assert faults(schedule.duplicates(epg)) == expected


def test_short_programmes_in_a_row_are_not_ingested_twice() -> None:
    """Two clips of one name, one after the other, share no time."""
    assert schedule.duplicates(guide(slot(0, 2), slot(2, 4), name="Clip")).empty


def test_repeats_are_recognized_by_the_flag_or_by_what_was_on_before() -> None:
    """A programme of the same crid is a repeat on its own channel alone."""
    epg = guide(
        slot(0, 30, crid="a"),
        slot(60, 90, crid="a"),
        slot(30, 60, crid="b", **{"metas.Repeat": "true"}),
        slot(90, 120, crid="a", linearAssetId=8),
        slot(120, 150, name="N", description="D", linearAssetId=8),
        slot(150, 180, name="N", description="D", linearAssetId=8),
    )
    table = schedule.repeats(epg).set_index("linearAssetId")
    assert table["repeats"].to_dict() == {7: 2, 8: 1}
    assert table["firstRuns"].to_dict() == {7: 1, 8: 2}
    assert table["share"].tolist() == [2 / 3, 1 / 3]


# Series


def airings(*numbers: tuple[str | None, str | None], **more: Any) -> pd.DataFrame:
    """Make airings of one series, half an hour each, of these seasons and episodes."""
    rows = [
        slot(30 * i, 30 * i + 30, **dict(zip(SERIES, ("S", *pair), strict=True)))
        for i, pair in enumerate(numbers)
    ]
    return guide(*rows, **more)


@pytest.mark.parametrize(
    ("numbers", "exchanged"),
    [
        ((1, 3, 2, 4), [3]),
        ((5, 6, 8, 7, 9, 10), [4]),
        ((1, 3, 2, 5), []),
        ((4, 3, 2, 1), []),
        ((1, 3, 1, 2, 4), [4]),  # a repeat is left out
        ((1, 3, 2), []),
    ],
)
def test_exchanged_episodes_are_found(numbers: tuple[int, ...], exchanged: list[int]) -> None:
    """Of n-1, n+1, n, n+2 the third, whatever the order of the rows."""
    epg = airings(*(("1", str(number)) for number in numbers))
    table = schedule.episodes(epg.sample(frac=1, random_state=1))
    assert sorted(table["id"]) == exchanged
    assert set(table["fault"]) <= {"exchanged"}


def test_strips_that_alternate_are_not_exchanged() -> None:
    """Episodes of a morning and an evening strip follow each other so by right."""
    hours = [24 * (n // 2) + (9 if n % 2 else 0) for n in range(4)]
    rows = [
        slot(60 * hour, 60 * hour + 30, **dict(zip(SERIES, ("S", "1", number), strict=True)))
        for hour, number in zip(hours, ("1", "3", "2", "4"), strict=True)
    ]
    assert schedule.episodes(guide(*rows)).empty
    daily = [row | slot(1440 * n, 1440 * n + 30) for n, row in enumerate(rows)]
    assert schedule.episodes(guide(*daily))["id"].tolist() == [3]


def test_a_series_without_an_id_is_known_by_its_name() -> None:
    """In a table without such ids, and in a row that has none."""
    numbers = ("1", "3", "2", "4")
    epg = airings(*(("1", number) for number in numbers), name="Show")
    for table in (epg.drop(columns=SERIES[0]), epg.assign(**{SERIES[0]: " "})):
        assert faults(schedule.episodes(table)) == {3: "exchanged"}
        assert schedule.episodes(table.assign(name=["Show", "Other"] * 2)).empty


def test_a_flagged_repeat_is_no_disorder() -> None:
    """It says that it was on before, though not in this table."""
    epg = airings(("1", "1"), ("1", "3"), ("1", "2"), ("1", "4"))
    assert faults(schedule.episodes(epg)) == {3: "exchanged"}
    assert schedule.episodes(epg.assign(**{"metas.Repeat": ["false", "false", "true", ""]})).empty


def test_half_a_number_is_found() -> None:
    """Both may be absent, and so may one where no airing of the series has both."""
    epg = airings(("1", None), (" ", "4"), (None, None), ("1", "x"))
    assert faults(schedule.episodes(epg)) == {1: "no_episode", 2: "no_season"}
    assert schedule.episodes(epg.iloc[:3]).empty


# Fillers and flags


def test_a_name_that_says_off_air_fills_a_hole() -> None:
    """In any language of the list; a stand-in for a name is something else."""
    names = ["Sendepause", "TBA", "OFF-AIR", "Off the Air Force", "放送休止"]
    epg = guide(*(slot(30 * n, 30 * n + 30, name=name) for n, name in enumerate(names)))
    table = schedule.fillers(epg)
    assert table["id"].tolist() == [1, 3, 5]
    assert set(table["why"]) == {"off air"}


def test_a_programme_without_an_identity_was_made_up() -> None:
    """What auto_fill adds has neither externalId nor crid; a table without any proves nothing."""
    epg = guide(slot(0, 30), slot(30, 60), externalId=None, crid=None)
    assert schedule.fillers(epg).empty
    table = schedule.fillers(epg.assign(externalId=pd.Series(["x", None], dtype="str")))
    assert table[["id", "why"]].to_numpy().tolist() == [[2, "made up"]]


def test_what_the_channel_does_not_allow_is_found() -> None:
    """On where the channel's is off; a flag that either does not have is not judged."""
    epg = guide(
        slot(0, 30, enableCatchUp=True, enableStartOver=True, enableCdvr=True),
        slot(30, 60, enableCatchUp=None, enableStartOver=False, enableCdvr=True),
        slot(60, 90, enableCatchUp=True, enableStartOver=True, linearAssetId=8),
    )
    channels = pd.DataFrame({"id": [7], "enableCatchUp": [False], "enableStartOver": [False]})
    table = schedule.restart(epg, channels)
    assert table[["id", "flags"]].to_numpy().tolist() == [[1, "enableCatchUp, enableStartOver"]]


# How far, what now, what when


def test_the_horizon_is_measured_from_now() -> None:
    """Hours behind and ahead, and what is missing; a hole in between is not looked at."""
    epg = guide(slot(0, 60), slot(600, 660), slot(0, 60 * 6, linearAssetId=8))
    table = schedule.horizon(epg, now=at(120), hours=5, channels=[7, 8, 9])
    assert table["behind"].tolist() == [2, 2, 0]
    assert table["ahead"].tolist() == [9, 4, 0]
    assert table["short"].tolist() == [0, 1, 5]
    assert table["endDate"].isna().tolist() == [False, False, True]


def test_nobody_is_short_of_what_was_not_asked_for() -> None:
    """A pull of three hours says nothing about the fifth."""
    epg = guide(slot(0, 180), slot(0, 120, linearAssetId=8))
    table = schedule.horizon(epg, now=at(0), hours=5, end=at(180))
    assert table["short"].tolist() == [0, 1]


def test_now_and_next_are_named() -> None:
    """Of two that are on, the one that started last; what follows may come after a hole."""
    epg = guide(slot(0, 60), slot(20, 40), slot(50, 70), slot(0, 10, linearAssetId=8))
    table = schedule.now_next(epg, now=at(30), channels=[7, 8, 9])
    assert table["id"].fillna(0).tolist() == [2, 0, 0]
    assert table["nextId"].fillna(0).tolist() == [3, 0, 0]
    assert table["nextStartDate"].tolist()[0] == at(50)
    assert schedule.now_next(epg, now=at(40))["id"].tolist()[0] == 1


def test_a_line_up_is_mixed_by_the_local_hour() -> None:
    """A programme counts in each hour that it touches, in a zone a quarter of an hour off too."""
    tag = json.dumps({"objects": [{"value": "News"}]})
    epg = guide(slot(0, 30, **{"tags.Genre": tag}), slot(30, 75, **{"tags.Genre": None}))
    table = schedule.lineup_mix(epg, tz="Asia/Kathmandu", end=at(1440))  # +05:45
    rows = zip(table["hour"], table["genre"], table["minutes"], strict=True)
    assert list(rows) == [(5, "News", 15), (6, "News", 15), (6, "none", 45)]
    assert table["share"].tolist() == [1, 0.25, 0.75]


@pytest.mark.parametrize(
    ("cell", "genre"),
    [
        ('{"objects":[{"value":""},{"value":"Drama"},{"value":"Crime"}]}', "Drama"),
        ('{"value":"Drama"}', "Drama"),
        ('{"objects":[]}', "none"),
        ("[Drama]", "[Drama]"),
        (" 90s", "90s"),
        ("1984", "1984"),
        ("", "none"),
        (None, "none"),
    ],
)
def test_a_genre_is_the_first_value_of_the_tag(cell: str | None, genre: str) -> None:
    """In either of the shapes that servers use, or plain text in a guide from elsewhere."""
    epg = guide(slot(0, 30, kind=cell))
    assert schedule.lineup_mix(epg, genre="kind", end=at(30))["genre"].tolist() == [genre]


# Clocks


def week(names: int = 4, channel: int = 7) -> list[dict[str, Any]]:
    """Make a fortnight from Monday in which the same is on every day, from noon on."""
    return [
        slot(
            day * 1440 + 720 + 60 * i,
            day * 1440 + 780 + 60 * i,
            name=f"Show {i}",
            linearAssetId=channel,
        )
        for day in range(14)
        for i in range(names)
    ]


CHANGE = pd.Timestamp("2026-03-29T01:00", tz="UTC")  # of Athens' clocks, forward, a Sunday


def moved(epg: pd.DataFrame, minutes: int) -> pd.DataFrame:
    """Move what comes after the change by some minutes, in UTC."""
    late = epg["startDate"] >= CHANGE
    shift = pd.to_timedelta(late * minutes, "min")
    return epg.assign(startDate=epg["startDate"] + shift, endDate=epg["endDate"] + shift)


@pytest.mark.parametrize(
    ("minutes", "shifted"), [(-60, False), (0, True), (-120, True), (-90, False)]
)
def test_a_channel_that_did_not_move_with_the_clocks_is_found(minutes: int, shifted: bool) -> None:
    """Kept at the old UTC hours, or moved twice; half an hour off is something else."""
    table = schedule.clock_changes(moved(guide(*week()), minutes), tz="Europe/Athens")
    assert table["changeDate"].tolist() == [CHANGE]
    assert table["minutes"].tolist() == [60]
    assert table["shifted"].tolist() == [shifted]


def test_a_zone_that_does_not_change_its_clocks_finds_nothing() -> None:
    """Nor does a guide that ends before the change."""
    epg = guide(*week())
    early = epg[epg["startDate"] < CHANGE]
    assert schedule.clock_changes(epg, tz="UTC").empty
    assert schedule.clock_changes(early, tz="Europe/Athens").empty


def test_the_same_every_hour_proves_nothing() -> None:
    """A channel that repeats itself around the clock looks the same an hour off."""
    epg = guide(*(slot(60 * i, 60 * i + 60, name="Loop") for i in range(14 * 24)))
    assert schedule.clock_changes(epg, tz="Europe/Athens")["shifted"].tolist() == [False]


def test_starts_tell_where_names_do_not_come_back() -> None:
    """Every programme has a name of its own, and starts are at seven minutes past."""
    epg = guide(*week())
    fresh = epg.assign(name=[f"Film {i}" for i in range(len(epg))])
    sparse = fresh[fresh["startDate"].dt.hour == 12]
    for table in (sparse, sparse.drop(columns="name")):
        for minutes, shifted in ((0, True), (-60, False)):
            result = schedule.clock_changes(moved(table, minutes), tz="Europe/Athens")
            assert result["shifted"].tolist() == [shifted]


def test_one_day_off_is_enough() -> None:
    """Three programmes of a local day; the days after it moved with the clocks."""
    epg = moved(guide(*week()), -60)
    late = epg["startDate"].between(CHANGE, CHANGE + pd.Timedelta(days=1))
    for number, shifted in ((3, True), (2, False)):
        rows = late & (late.cumsum() <= number)
        hour = pd.to_timedelta(rows * 60, "min")
        wrong = epg.assign(startDate=epg["startDate"] + hour, endDate=epg["endDate"] + hour)
        table = schedule.clock_changes(wrong, tz="Europe/Athens")
        assert table["shifted"].tolist() == [shifted]
        assert table[["day", "off", "kept"]].to_numpy().tolist() == [
            ["2026-03-29", number, 4 - number]
        ]


def test_every_channel_has_its_own_clocks() -> None:
    """By a mapping of ids or names, or by a column of the channels."""
    epg = guide(*week(), *week(channel=8))
    channels = pd.DataFrame({"id": [7, 8], "name": ["A", "B"], "tz": ["Europe/Athens", "UTC"]})
    for way in (
        {"tz": {7: "Europe/Athens", "8": "UTC"}},
        {"tz": {"a": "Europe/Athens"}, "channels": channels.drop(columns="tz")},
        {"channels": channels},
    ):
        table = schedule.clock_changes(epg, **way)
        assert table[["linearAssetId", "shifted"]].to_numpy().tolist() == [[7, True]]


# Cross-checks


@pytest.mark.parametrize(
    ("slot_minutes", "runtime", "listed"),
    [
        (60, "60", False), (70, "60", False), (72, "60", False), (73, "60", True), (47, "60", True),
        (25, "15", False), (26, "15", True), (150, "180", False), (143, "180", True),
        (60, "an hour", False), (60, None, False), (60, "0", False),
    ],
)  # fmt: skip
def test_a_slot_is_compared_with_the_runtime(
    slot_minutes: int, runtime: str | None, listed: bool
) -> None:
    """More than a fifth of the runtime and more than ten minutes apart."""
    epg = guide(slot(0, slot_minutes, **{"metas.Runtime": runtime}), slot(0, 5))
    assert schedule.runtimes(epg)["id"].tolist() == ([1] if listed else [])


@pytest.mark.parametrize(
    ("rating", "start", "minutes"),
    [
        ('["18"]', 5 * 60, 0),  # until 6:00
        ('["18"]', 5.5 * 60, 30),
        ('["FSK 16"]', 12 * 60, 60),
        ('["15"]', 12 * 60, 0),
        ('["12","TV-MA 17+"]', 20.5 * 60, 30),
        ('["18"]', 21 * 60, 0),
        ('["PG"]', 12 * 60, 0),
        (None, 12 * 60, 0),
    ],
)
def test_adults_only_is_for_the_evening(rating: str | None, start: float, minutes: float) -> None:
    """From six in the morning to nine in the evening, as the channel's clocks show it."""
    row = slot(
        start - 120, start - 60, **{"tags.Parental rating": rating}
    )  # Athens is ahead by 2 h
    table = schedule.watershed(guide(row), tz={7: "Europe/Athens"})
    assert table["minutes"].tolist() == ([minutes] if minutes else [])


def test_a_rating_may_stand_in_a_meta_and_in_brackets() -> None:
    """Only a tag is a JSON list."""
    epg = guide(slot(12 * 60, 13 * 60, **{"metas.Rating": "[FSK 16]"}))
    assert schedule.watershed(epg, rating="metas.Rating")["age"].tolist() == [16]


def day_of(channel: int, number: int, later: float = 0, **more: Any) -> list[dict[str, Any]]:
    """Make a day of programmes of a channel, an hour each."""
    return [
        slot(60 * n + later, 60 * n + 60 + later, name=f"Show {n}", linearAssetId=channel) | more
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("number", "spoilt", "later", "hours"),
    [
        (8, 0, 0, [0]), (7, 0, 0, []), (10, 1, 0, [0]), (10, 2, 0, []), (12, 0, 60, [1]),
        (12, 0, 720, [12]), (12, 0, 780, []), (12, 0, 30, []), (24, 0, 0, [0]),
    ],
)  # fmt: skip
def test_channels_that_show_the_same_are_found(
    number: int, spoilt: int, later: int, hours: list[int]
) -> None:
    """Eight programmes and more, nine tenths of both, at once or by whole hours up to twelve."""
    rows = [*day_of(7, number), *day_of(8, number, later)]
    for n in range(spoilt):
        rows[n] |= {"name": f"Other {n}"}
    table = schedule.simulcasts(guide(*rows), tz="UTC")
    assert table["hours"].tolist() == hours
    assert table["linearAssetId"].tolist() == [8] * len(hours)
    assert table["otherChannelId"].tolist() == [7] * len(hours)


def test_what_says_nothing_is_not_compared() -> None:
    """Stand-ins, off-air names and a loop of three names."""
    for name in ("TBA", "Sendepause"):
        rows = [*day_of(7, 12, name=name), *day_of(8, 12, name=name)]
        assert schedule.simulcasts(guide(*rows), tz="UTC").empty
    rows = [*day_of(7, 12), *day_of(8, 12)]
    loop = [row | {"name": f"Clip {n % 3}"} for n, row in enumerate(rows)]
    assert schedule.simulcasts(guide(*loop), tz="UTC").empty
    shouted = [row | {"name": row["name"].upper() + "!"} for row in rows[12:]]
    names = pd.DataFrame({"id": [7, 8], "name": ["Harbour", "Harbour HD"]})
    table = schedule.simulcasts(guide(*rows[:12], *shouted), names, tz="UTC")
    assert table["variant"].tolist() == [True]


# Completeness


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "linearAssetId": st.sampled_from([7, 8]),
                "tags.Genre": st.sampled_from([None, '["News"]', '["Drama","Crime"]', "[]"]),
                "description": st.sampled_from([None, " ", "Tale."]),
                "metas.Year": st.sampled_from([None, "", "1999"]),
            }
        ),
        min_size=1,
        max_size=12,
    )
)
def test_completeness_is_what_counting_one_by_one_gives(rows: list[dict[str, Any]]) -> None:
    """By channel and first genre; blank texts and empty lists are absent."""
    epg = guide(*(slot(30 * n, 30 * n + 30, **row) for n, row in enumerate(rows)))
    counts: dict[tuple[int, str, str], list[int]] = {}
    for row in rows:
        genre = (json.loads(row["tags.Genre"] or "[]") or ["none"])[0]
        filled = {
            "name": True,
            "description": bool((row["description"] or "").strip()),
            "metas.Year": bool(row["metas.Year"]),
            "tags.Genre": genre != "none",
        }
        for field, has in filled.items():
            both = counts.setdefault((row["linearAssetId"], genre, field), [0, 0])
            both[0] += 1
            both[1] += has
    table = schedule.completeness(epg)
    shown = table[["linearAssetId", "genre", "field"]].itertuples(index=False, name=None)
    both_ = table[["rows", "filled"]].to_numpy().tolist()
    assert dict(zip(shown, both_, strict=True)) == counts
    assert (table["share"] == table["filled"] / table["rows"]).all()


def test_completeness_by_channel_or_genre_sums_up() -> None:
    """With the names of channels, of those asked for."""
    rows = [slot(0, 30), slot(0, 30, linearAssetId=8, description=None), slot(30, 60)]
    epg = guide(*rows).assign(**{"tags.Genre": ['["News"]', '["News"]', '["Drama"]']})
    names = pd.DataFrame({"id": [7, 8], "name": ["Harbour", "Pier"]})
    table = schedule.completeness(epg, names, by="channel").query("field == 'description'")
    assert table[["channelName", "share"]].to_numpy().tolist() == [["Harbour", 1], ["Pier", 0]]
    table = schedule.completeness(epg, [7], by="genre").query("field == 'description'")
    assert table[["genre", "rows", "share"]].to_numpy().tolist() == [
        ["Drama", 1, 1],
        ["News", 1, 1],
    ]
    with pytest.raises(KottError, match='by must be "channel", "genre" or a list of both'):
        schedule.completeness(epg, by="day")


# Every one


def numbered(epg: pd.DataFrame) -> pd.DataFrame:
    episodes = pd.Series(["1", "3", "2", None], dtype="str")
    return epg.assign(**{SERIES[0]: "S", SERIES[1]: "1"}).assign(**{SERIES[2]: episodes})


ANALYSES: dict[str, Callable[..., pd.DataFrame]] = {
    "durations": schedule.durations,
    "texts": schedule.texts,
    "duplicates": schedule.duplicates,
    "repeats": schedule.repeats,
    "episodes": schedule.episodes,
    "fillers": schedule.fillers,
    "overlaps": schedule.overlaps,
    "gaps": schedule.gaps,
    "coverage": schedule.coverage,
    "lineup_mix": lambda epg, **more: schedule.lineup_mix(epg, genre="metas.Series ID", **more),
    "horizon": lambda epg, **more: schedule.horizon(epg, now=at(0), **more),
    "now_next": lambda epg, **more: schedule.now_next(epg, now=at(5), **more),
    "clock_changes": lambda epg, **more: schedule.clock_changes(epg, tz="Europe/Athens", **more),
    "completeness": schedule.completeness,
}


def rich() -> pd.DataFrame:
    """Make a guide in which every analysis has something to say."""
    rows = [slot(0, 30), slot(0, 30), slot(9000, 9000, name="Off air"), slot(20_000, 20_010)]
    return numbered(guide(*rows, name="Same", description="Same"))


@pytest.mark.parametrize("name", ANALYSES)
def test_an_empty_guide_has_the_columns_of_a_full_one(name: str) -> None:
    """No rows in, no rows out, of the same dtypes."""
    full, empty = ANALYSES[name](rich()), ANALYSES[name](rich().iloc[:0])
    assert empty.empty
    assert full.dtypes.astype(str).to_dict() == empty.dtypes.astype(str).to_dict()


@pytest.mark.parametrize("name", ANALYSES)
def test_columns_may_have_other_names(name: str) -> None:
    """A guide from elsewhere, told what is what, gives the same answers; it is left as it was."""
    theirs = rich().rename(columns=OTHER_NAMES)
    before = theirs.copy()
    table = ANALYSES[name](theirs, columns=OTHER_NAMES)
    pd.testing.assert_frame_equal(table, ANALYSES[name](rich()))
    pd.testing.assert_frame_equal(theirs, before)


FOUR = {"linearAssetId": "channel", "startDate": "start", "endDate": "stop", "name": "title"}


@pytest.mark.parametrize("name", set(ANALYSES) - {"episodes", "lineup_mix"})
def test_four_columns_are_enough(name: str) -> None:
    """Channel, start, end and title, whatever they are called; times need no zone."""
    four = rich().iloc[::-1].reset_index(drop=True)[list(FOUR)].rename(columns=FOUR)
    four["start"], four["stop"] = (four[one].dt.tz_localize(None) for one in ("start", "stop"))
    table = ANALYSES[name](four, columns=FOUR)
    bare = rich().iloc[::-1].reset_index(drop=True)[list(FOUR)]
    pd.testing.assert_frame_equal(table, ANALYSES[name](bare))


@pytest.mark.parametrize("name", ["episodes", "lineup_mix"])
def test_what_more_is_needed_is_said(name: str) -> None:
    """Numbers of episodes and genres are in columns of their own."""
    with pytest.raises(KottError, match=r"no column metas\.(Season|Series)"):
        ANALYSES[name](rich()[list(FOUR)])


@pytest.mark.parametrize("name", ANALYSES)
def test_labels_may_be_the_same(name: str) -> None:
    """Tables that were laid together have rows of one label."""
    table = ANALYSES[name](rich().set_index(pd.Index([0, 0, 0, 0])))
    pd.testing.assert_frame_equal(table, ANALYSES[name](rich()))


@pytest.mark.parametrize("name", [one for one in ANALYSES if one != "lineup_mix"])
def test_each_channel_is_judged_by_its_own_rows(name: str) -> None:
    """Two channels, analysed apart and laid together, give what the whole gives."""
    again = slot(2, 32, name="A", crid="d")
    one = guide(
        *week(),
        slot(0, 30, name="A"),
        again,
        slot(40, 40),
        slot(50, 60, name="Off air"),
        slot(0, 1, name=" "),
    )
    one = one.assign(**{SERIES[0]: "S", SERIES[1]: "1", SERIES[2]: "4"})
    one.loc[5, SERIES[2]] = None
    other = one.assign(linearAssetId=pd.array([8] * len(one), dtype="Int64"), id=one["id"] + 100)
    parts = [one, other]
    laid = pd.concat([ANALYSES[name](part) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(laid, ANALYSES[name](pd.concat(parts, ignore_index=True)))
    assert len(laid)


def test_a_column_that_is_not_there_is_named() -> None:
    """A slip in `columns` is an error."""
    with pytest.raises(KottError, match="no column begins"):
        schedule.durations(guide(slot(0, 1)), columns={"startDate": "begins"})


def test_rows_without_ids_are_known_by_their_labels() -> None:
    """A guide from a file need not number its programmes."""
    epg = guide(slot(0, 30), slot(10, 40)).drop(columns="id")
    table = schedule.overlaps(epg.set_index(pd.Index(["one", "two"])))
    assert table[["id", "otherId"]].to_numpy().tolist() == [["one", "two"]]


def bare_guide(*rows: tuple[int, str, str, str | None]) -> pd.DataFrame:
    """Make a guide of a channel, start, end and name, without ids."""
    channel, start, end, name = zip(*rows, strict=True)
    times = {"startDate": pd.to_datetime(start, utc=True), "endDate": pd.to_datetime(end, utc=True)}
    return pd.DataFrame({"linearAssetId": channel, **times, "name": name})


def test_a_guide_that_ended_before_now_lacks_no_more_than_the_target() -> None:
    """Nor anything at all where the window that was asked for is over too."""
    table = bare_guide((7, "2026-01-01", "2026-01-02", "News"))
    assert schedule.horizon(table, now="2026-01-05")["short"].tolist() == [120]
    past = schedule.horizon(table, now="2026-01-05", end="2026-01-04")
    assert past["short"].tolist() == [0]
    result = schedule.audit(table, now="2026-01-05")
    (detail,) = result.loc[result["rule"] == "schedule.horizon", "detail"]
    assert detail == "The guide ended at 2026-01-02 00:00 UTC."
    over = schedule.audit(table, now="2026-01-05", end="2026-01-04")
    assert "schedule.horizon" not in set(over["rule"])


def test_rows_whose_labels_come_twice_are_found_each() -> None:
    """As after pd.concat of two guides without ids."""
    first = ("2026-01-01T00:00", "2026-01-01T01:00", None)
    second = ("2026-01-01T01:00", "2026-01-01T02:00", None)
    table = bare_guide((7, *first), (7, *second)).set_index(pd.Index([0, 0]))
    result = schedule.audit(table, now="2026-01-01")
    assert result.loc[result["rule"] == "schedule.missing_title", "id"].tolist() == ["0", "1"]


def test_the_last_programme_counts_in_the_mix_without_a_window() -> None:
    """Up to a day after its start."""
    table = bare_guide((7, "2026-01-01T00:00", "2026-01-01T01:00", "News"))
    mix = schedule.lineup_mix(table.assign(genre="News"), genre="genre")
    assert mix["minutes"].tolist() == [60]
    endless = table.assign(genre="News", endDate=pd.Timestamp("2999-01-01", tz="UTC"))
    assert schedule.lineup_mix(endless, genre="genre")["minutes"].sum() == 1440


def test_weights_may_name_channels_as_text() -> None:
    """As the columns of a CSV file do."""
    table = bare_guide((7, "2026-01-01T00:00", "2026-01-01T01:00", None))
    impacts = [
        schedule.audit(table, now="2026-01-01", weights=weights)["impact"].tolist()
        for weights in ({7: 2}, {"7": 2})
    ]
    assert impacts[0] == impacts[1] != schedule.audit(table, now="2026-01-01")["impact"].tolist()
