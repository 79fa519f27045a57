"""Gaps, overlaps and coverage of a guide, beside slow and obvious models of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kott_notebooks import schedule
from kott_notebooks.errors import KottError
from kott_notebooks.tables.provenance import with_facts

Analysis: TypeAlias = Callable[..., pd.DataFrame]

MIDNIGHT = pd.Timestamp("2026-03-29", tz="UTC")
MINUTE = pd.Timedelta(minutes=1)
SECOND = pd.Timedelta(seconds=1)
QUARTER = pd.Timedelta(minutes=15)
ZONES = {
    "UTC": MIDNIGHT,
    "Europe/Athens": MIDNIGHT,  # the night of the change to summer time
    "Asia/Kathmandu": MIDNIGHT,  # a quarter of an hour off
    "Australia/Lord_Howe": pd.Timestamp("2026-04-05", tz="UTC"),  # changes by half an hour
    "America/Havana": pd.Timestamp("2026-11-01", tz="UTC"),  # midnight comes twice
    "America/Sao_Paulo": pd.Timestamp("2018-11-04", tz="UTC"),  # a day without its midnight
}


class Programme(NamedTuple):
    """A programme as the models have it: times in steps from an origin, the end not included."""

    id: int
    channel: int
    start: int
    end: int


def guide(
    programmes: list[Programme], origin: pd.Timestamp = MIDNIGHT, step: pd.Timedelta = MINUTE
) -> pd.DataFrame:
    """Make the table that kott.epg would give."""
    starts = [origin + one.start * step for one in programmes]
    ends = [origin + one.end * step for one in programmes]
    return pd.DataFrame(
        {
            "id": pd.Series([one.id for one in programmes], dtype="Int64"),
            "linearAssetId": pd.Series([one.channel for one in programmes], dtype="Int64"),
            "startDate": pd.Series(starts, dtype="datetime64[us, UTC]"),
            "endDate": pd.Series(ends, dtype="datetime64[us, UTC]"),
        }
    )


def one_channel(*times: tuple[int, int]) -> pd.DataFrame:
    """Make a guide of channel 7 whose programmes 1, 2, ... have these minutes."""
    return guide([Programme(i, 7, *pair) for i, pair in enumerate(times, start=1)])


def at(minute: int) -> pd.Timestamp:
    return MIDNIGHT + minute * MINUTE


def minutes_of(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Give the rows' times as minutes since midnight."""
    since = (table["startDate"] - MIDNIGHT) // MINUTE
    return list(zip(since, (table["endDate"] - MIDNIGHT) // MINUTE, strict=True))


@st.composite
def programmes(draw: st.DrawFn, longest: int = 40, until: int = 120) -> list[Programme]:
    """Draw two channels' programmes in any order: empty, backward, nested, touching ones too."""
    span = st.tuples(st.sampled_from([1, 2]), st.integers(-20, until), st.integers(-3, longest))
    drawn = draw(st.lists(span, max_size=12))
    ids = draw(st.permutations(range(len(drawn))))
    return [
        Programme(id, channel, start, start + length)
        for id, (channel, start, length) in zip(ids, drawn, strict=True)
    ]


def busy(world: list[Programme], channel: int) -> set[int]:
    """List the steps at which a channel has a programme."""
    return {step for one in world if one.channel == channel for step in range(one.start, one.end)}


def free_runs(taken: set[int], start: int, end: int) -> list[tuple[int, int]]:
    """Walk from start to end and list the longest stretches that are not taken."""
    runs: list[tuple[int, int]] = []
    for step in range(start, end):
        if step in taken:
            continue
        if runs and runs[-1][1] == step:
            runs[-1] = (runs[-1][0], step + 1)
        else:
            runs.append((step, step + 1))
    return runs


@given(programmes(), st.integers(0, 50), st.integers(1, 60), st.integers(1, 5))
def test_gaps_are_the_minutes_that_nothing_covers(
    world: list[Programme], start: int, length: int, tolerance: int
) -> None:
    """A walk through the window, minute by minute, finds the same gaps."""
    table = schedule.gaps(
        guide(world),
        start=at(start),
        end=at(start + length),
        minutes=tolerance,
        channels=[2, 1],
    )
    for channel in (1, 2):
        runs = free_runs(busy(world, channel), start, start + length)
        assert minutes_of(table[table["linearAssetId"] == channel]) == [
            run for run in runs if run[1] - run[0] >= tolerance
        ]


@given(programmes())
def test_without_a_window_only_inner_gaps_are_found(world: list[Programme]) -> None:
    """A channel's gaps lie between the first and the last minute that it covers."""
    table = schedule.gaps(guide(world))
    for channel in (1, 2):
        taken = busy(world, channel)
        inner = free_runs(taken, min(taken, default=0), max(taken, default=0))
        assert minutes_of(table[table["linearAssetId"] == channel]) == inner


@given(programmes())
def test_overlaps_are_the_pairs_that_share_a_minute(world: list[Programme]) -> None:
    """Comparing every programme with every other finds the same pairs and the same minutes."""
    table = schedule.overlaps(guide(world))
    expected = {}
    for one, other in combinations(world, 2):
        shared = set(range(one.start, one.end)) & set(range(other.start, other.end))
        if one.channel == other.channel and shared:
            first, second = sorted((one, other), key=lambda p: (p.start, p.id))
            expected[first.id, second.id] = (one.channel, min(shared), max(shared) + 1)
    rows = zip(table["linearAssetId"], minutes_of(table), strict=True)
    pairs = zip(table["id"], table["otherId"], strict=True)
    assert len(table) == len(expected)
    assert {pair: (own, *span) for pair, (own, span) in zip(pairs, rows, strict=True)} == expected


@given(programmes(longest=150, until=250), st.sampled_from(sorted(ZONES)), st.integers(0, 96))
def test_coverage_counts_a_local_days_minutes_once(
    world: list[Programme], tz: str, start: int
) -> None:
    """A walk through three days, a quarter of an hour at a time, finds the same share."""
    origin, end = ZONES[tz], start + 3 * 96
    table = schedule.coverage(
        guide(world, origin, QUARTER),
        start=origin + start * QUARTER,
        end=origin + end * QUARTER,
        tz=tz,
        channels=[1, 2],
    )
    quarters = {step: (origin + step * QUARTER).tz_convert(tz).date() for step in range(start, end)}
    asked = Counter(quarters.values())
    for channel in (1, 2):
        taken = Counter(day for step, day in quarters.items() if step in busy(world, channel))
        rows = table[table["linearAssetId"] == channel]
        assert rows["day"].dt.date.tolist() == sorted(asked)
        assert rows["asked"].tolist() == [15 * asked[day] for day in sorted(asked)]
        assert rows["minutes"].tolist() == [15 * taken[day] for day in sorted(asked)]
        assert rows["share"].tolist() == [taken[day] / asked[day] for day in sorted(asked)]


CHANGES = {  # in the middle of the two minutes around them a day begins, or the clocks change
    "Europe/Athens": pd.Timestamp("2026-03-29T01:00", tz="UTC"),
    "Asia/Kathmandu": pd.Timestamp("2026-03-28T18:15", tz="UTC"),
    "America/Havana": pd.Timestamp("2026-11-01T05:00", tz="UTC"),  # from one o'clock to midnight
    "America/Sao_Paulo": pd.Timestamp("2018-11-04T03:00", tz="UTC"),  # from midnight to one o'clock
}


@settings(max_examples=50)
@given(
    programmes(longest=70, until=110),
    st.sampled_from(sorted(CHANGES)),
    st.integers(0, 30),
    st.integers(1, 90),
    st.integers(1, 20),
)
def test_a_walk_through_the_seconds_finds_the_same(
    world: list[Programme], tz: str, start: int, length: int, tolerance: int
) -> None:
    """Gaps, overlaps and coverage, each second looked at, where days and clocks change."""
    origin, end = CHANGES[tz] - MINUTE, start + length
    epg = guide(world, origin, SECOND)
    first, last = origin + start * SECOND, origin + end * SECOND
    gaps = schedule.gaps(epg, start=first, end=last, minutes=tolerance / 60, channels=[1, 2])
    days = schedule.coverage(epg, start=first, end=last, tz=tz, channels=[1, 2])
    overlaps = schedule.overlaps(epg)
    local = {at: (origin + at * SECOND).tz_convert(tz).date() for at in range(start, end)}
    for channel in (1, 2):
        on = Counter(
            at for one in world if one.channel == channel for at in range(one.start, one.end)
        )
        runs = free_runs(set(on), start, end)
        own = gaps[gaps["linearAssetId"] == channel]
        assert seconds_of(own, origin) == [run for run in runs if run[1] - run[0] >= tolerance]
        shared = overlaps[overlaps["linearAssetId"] == channel]
        walked = Counter(
            at for since, until in seconds_of(shared, origin) for at in range(since, until)
        )
        assert walked == {at: n * (n - 1) // 2 for at, n in on.items() if n > 1}
        asked = Counter(local.values())
        busy_on = Counter(day for at, day in local.items() if at in on)
        table = days[days["linearAssetId"] == channel]
        assert table["day"].dt.date.tolist() == sorted(asked)
        assert table["asked"].tolist() == [asked[day] / 60 for day in sorted(asked)]
        assert table["minutes"].tolist() == [busy_on[day] / 60 for day in sorted(asked)]


def seconds_of(table: pd.DataFrame, origin: pd.Timestamp) -> list[tuple[int, int]]:
    """Give the rows' times as seconds since the origin."""
    since = (table["startDate"] - origin) // SECOND
    return list(zip(since, (table["endDate"] - origin) // SECOND, strict=True))


@given(programmes(longest=150, until=250), st.sampled_from(sorted(ZONES)))
def test_without_a_window_a_channels_own_days_are_looked_at(
    world: list[Programme], tz: str
) -> None:
    """They run from the day of its first start to that of its last end, or of 8 hours after."""
    epg = guide(world, ZONES[tz], QUARTER)
    table = schedule.coverage(epg, tz=tz)
    real = epg[epg["endDate"] > epg["startDate"]]
    reach = real["endDate"].clip(upper=real["startDate"] + pd.Timedelta(hours=8)) - SECOND
    both = pd.concat([real, real.assign(startDate=reach)])
    days = both["startDate"].dt.tz_convert(tz).dt.date.groupby(both["linearAssetId"])
    for channel, own in days:
        expected = pd.date_range(own.min(), own.max()).date.tolist()
        assert table.loc[table["linearAssetId"] == channel, "day"].dt.date.tolist() == expected
    assert table["linearAssetId"].nunique() == days.ngroups


@given(programmes())
def test_each_channel_is_judged_by_its_own_rows(world: list[Programme]) -> None:
    """Two parts of a table, analysed apart and laid together, give what the whole gives."""
    epg = guide(world)
    parts = [epg[epg["linearAssetId"] == channel] for channel in (1, 2)]
    analyses: list[Analysis] = [schedule.gaps, schedule.overlaps, schedule.coverage]
    for function in analyses:
        laid = pd.concat([function(part) for part in parts], ignore_index=True)
        pd.testing.assert_frame_equal(laid, function(epg))


def test_a_gap_at_the_tolerance_is_found() -> None:
    """A gap of exactly a minute counts, one of 59 seconds does not."""
    epg = one_channel((0, 10), (11, 20), (21, 30))
    epg.loc[2, "startDate"] = at(21) - pd.Timedelta(seconds=1)
    assert minutes_of(schedule.gaps(epg)) == [(10, 11)]


def test_a_programme_that_began_before_the_window_covers_its_start() -> None:
    """The window's first minutes are no gap when something was on already."""
    epg = one_channel((-30, 15), (15, 60))
    assert schedule.gaps(epg, start=at(0), end=at(60)).empty


def test_an_outlasting_programme_leaves_no_gap() -> None:
    """A long programme covers what follows the short one nested in it."""
    assert schedule.gaps(one_channel((0, 60), (10, 20), (60, 70))).empty


def test_the_windows_edges_are_gaps_too() -> None:
    """What is missing before the first and after the last programme is found."""
    table = schedule.gaps(one_channel((10, 20)), start=at(0), end=at(30))
    assert minutes_of(table) == [(0, 10), (20, 30)]
    assert table["minutes"].tolist() == [10.0, 10.0]


def test_the_window_that_was_pulled_is_the_default() -> None:
    """The table's provenance says which window was asked for."""
    epg = one_channel((10, 20))
    epg = with_facts(epg, start=at(0).isoformat(), end=at(20).isoformat())
    assert minutes_of(schedule.gaps(epg)) == [(0, 10)]
    assert schedule.coverage(epg)["asked"].tolist() == [20.0]


def test_relative_bounds_count_from_the_pull() -> None:
    """`now` is when the table was pulled, so that a saved table answers the same tomorrow."""
    epg = one_channel((10, 20))
    epg = with_facts(epg, when=at(5).isoformat())
    assert minutes_of(schedule.gaps(epg, start="now", end="now+20m")) == [(5, 10), (20, 25)]


def test_bare_dates_are_local_days() -> None:
    """Of `tz=`, else of the zone that the table was pulled for."""
    epg = one_channel((-2000, 3000))
    for table, tz in ((epg, "Europe/Athens"), (pulled_for(epg, "Europe/Athens"), None)):
        result = schedule.coverage(table, start="2026-03-29", end="2026-03-30", tz=tz)
        assert result["asked"].tolist() == [1380.0]
    day = schedule.gaps(one_channel((-60, 1200)), start="2026-03-29", end="2026-03-30", tz="+02:00")
    assert minutes_of(day) == [(-120, -60), (1200, 1320)]


def pulled_for(epg: pd.DataFrame, tz: str) -> pd.DataFrame:
    """Mark a table as kott.epg does."""
    epg = epg.copy()
    epg.attrs["kott"] = {"tz": tz}
    return epg


def test_a_channel_without_programmes_is_one_long_gap() -> None:
    """A channel that was asked for and has nothing is a gap as long as the window."""
    table = schedule.gaps(one_channel((0, 60)), start=at(0), end=at(60), channels=[8, 7])
    assert table["linearAssetId"].tolist() == [8]
    assert minutes_of(table) == [(0, 60)]


def test_channels_may_be_the_channel_table() -> None:
    """The table of kott.channels says which channels are looked at."""
    channels = pd.DataFrame({"id": pd.array([9], dtype="Int64"), "name": ["Nine"]})
    table = schedule.gaps(one_channel((0, 5), (9, 9)), start=at(0), end=at(60), channels=channels)
    assert table["linearAssetId"].tolist() == [9]


@pytest.mark.parametrize("function", [schedule.gaps, schedule.coverage])
def test_a_missing_channel_needs_a_window(function: Analysis) -> None:
    """Nobody can say how long an absent channel is missing when no window is known."""
    with pytest.raises(KottError, match=r"Channel 8 has no programme here.*give start and end"):
        function(one_channel((0, 60)), channels=[7, 8], start=at(0))


def test_nested_and_chained_overlaps_are_pairs() -> None:
    """Every two that share time are a pair, neighbours or not; touching ones are none."""
    table = schedule.overlaps(one_channel((0, 60), (10, 20), (50, 70), (70, 80)))
    assert list(zip(table["id"], table["otherId"], strict=True)) == [(1, 2), (1, 3)]
    assert minutes_of(table) == [(10, 20), (50, 60)]


def test_of_two_that_start_together_the_lower_id_comes_first() -> None:
    """The order of the rows does not decide which of a pair is the other."""
    table = schedule.overlaps(one_channel((0, 60), (0, 30)).iloc[::-1])
    assert table[["id", "otherId"]].to_numpy().tolist() == [[1, 2]]


def test_an_end_in_the_year_2999_is_taken_as_it_is() -> None:
    """A programme that never ends covers all days and overlaps all that follow."""
    epg = one_channel((0, 60), (60, 120), (2000, 2100))
    epg.loc[1, "endDate"] = pd.Timestamp("2999-12-31", tz="UTC")
    assert schedule.gaps(epg).empty
    assert schedule.overlaps(epg)["otherId"].tolist() == [3]
    assert schedule.coverage(epg)["share"].tolist() == [1.0, 1.0]


def test_an_absent_end_is_the_next_start() -> None:
    """Within 8 hours; else nobody knows, and for 8 hours there is no gap."""
    epg = one_channel((0, 10), (10, 20), (20, 30), (700, 710))
    epg.loc[1, "endDate"] = None
    epg.loc[2, "endDate"] = None
    assert minutes_of(schedule.gaps(epg)) == [(500, 700)]
    assert schedule.overlaps(epg).empty
    assert schedule.coverage(epg)["minutes"].sum() == 30


def test_a_wrong_end_hides_no_gap() -> None:
    """A programme of more than 8 hours covers what lies before the next start alone."""
    epg = one_channel((0, 60), (60, 50_000), (120, 180), (240, 300))
    assert minutes_of(schedule.gaps(epg)) == [(180, 240)]
    assert schedule.horizon(epg, now=at(0))["ahead"].tolist() == [5]
    off_air = epg.assign(name=["News", "Sendepause", "Film", "Talk"])
    assert schedule.gaps(off_air).empty


def test_known_off_air_hours_are_no_gaps() -> None:
    """Hours of every local day, by the channel's id or name, or one time."""
    epg = one_channel((0, 60), (600, 660)).assign(channelName="Harbour")
    ways: list[tuple[dict[str, Any], list[tuple[int, int]]]] = [
        ({"7": "01:00-10:00"}, []),
        ({"harbour": ["2:00-4:00", "6:00-23:00"]}, [(60, 120), (240, 360)]),
        ({"7": "2026-03-29T02:00/2026-03-29T10:00"}, [(60, 120)]),
        ({"8": "01:00-10:00"}, [(60, 600)]),
    ]
    for off_air, expected in ways:
        assert minutes_of(schedule.gaps(epg, off_air=off_air, tz="UTC")) == expected
    with pytest.raises(KottError, match=r"'25-26' must be hours such as '02:00-06:00'"):
        schedule.gaps(epg, off_air={"7": "25-26"})
    with pytest.raises(KottError, match=r"off_air: .* ends before it starts"):
        schedule.gaps(epg, off_air={"7": "2026-03-29T10:00/2026-03-29T02:00"})


@pytest.mark.parametrize("column", ["startDate", "linearAssetId"])
def test_a_row_without_time_or_channel_covers_nothing(column: str) -> None:
    """Absent values leave a gap, and no error."""
    epg = one_channel((0, 10), (10, 20), (20, 30))
    epg.loc[1, column] = None
    assert minutes_of(schedule.gaps(epg)) == [(10, 20)]
    assert schedule.overlaps(epg).empty


def test_one_bound_of_the_window_is_enough() -> None:
    """The other end is then the channel's own, in whole days; what lies beyond is not counted."""
    epg = one_channel((-3000, -2900), (-60, 60), (100, 160), (4000, 4060))
    since = schedule.coverage(epg, start=at(-30))
    until = schedule.coverage(epg, end=at(120))
    assert since[["asked", "minutes"]].to_numpy().tolist() == [
        [30, 30],
        [1440, 120],
        [1440, 0],
        [1440, 60],
    ]
    assert until["asked"].tolist() == [1440, 1440, 1440, 120]
    assert until["minutes"].tolist() == [100, 0, 60, 80]


def test_days_of_23_and_25_hours_are_whole() -> None:
    """A day is as long as the clocks make it."""
    epg = one_channel((-200 * 1440, 300 * 1440))
    spring = schedule.coverage(
        epg, start="2026-03-28T22:00", end="2026-03-29T21:00", tz="Europe/Athens"
    )
    autumn = schedule.coverage(
        epg, start="2026-10-24T21:00", end="2026-10-25T22:00", tz="Europe/Athens"
    )
    assert spring[["asked", "minutes", "share"]].to_numpy().tolist() == [[1380.0, 1380.0, 1.0]]
    assert autumn[["asked", "minutes", "share"]].to_numpy().tolist() == [[1500.0, 1500.0, 1.0]]


@pytest.mark.parametrize(
    ("function", "columns"),
    [
        (schedule.gaps, {"startDate": "datetime64[us, UTC]", "endDate": "datetime64[us, UTC]"}),
        (
            schedule.overlaps,
            {"id": "Int64", "otherId": "Int64", "startDate": "datetime64[us, UTC]"},
        ),
        (schedule.coverage, {"day": "datetime64[us, UTC]", "asked": "Float64", "share": "Float64"}),
    ],
)
def test_an_empty_table_has_the_same_columns(function: Analysis, columns: dict[str, str]) -> None:
    """No rows in, no rows out, with the dtypes that a full table has."""
    full, empty = function(one_channel((0, 20), (10, 20), (30, 40))), function(one_channel())
    assert len(full)
    assert empty.empty
    assert full.dtypes.equals(empty.dtypes)
    expected = {"linearAssetId": "Int64", "minutes": "Float64", **columns}
    assert {name: str(empty[name].dtype) for name in expected} == expected


def test_a_table_of_something_else_is_refused() -> None:
    """The error names the columns that are missing."""
    with pytest.raises(KottError, match="no column linearAssetId, startDate, endDate; it has id"):
        schedule.gaps(pd.DataFrame({"id": [1]}))


def test_times_as_text_are_read() -> None:
    """A guide from a file may hold ISO text."""
    epg = one_channel((0, 10), (20, 30))
    text = epg.assign(startDate=epg["startDate"].astype(str), endDate=epg["endDate"].astype(str))
    pd.testing.assert_frame_equal(schedule.gaps(text), schedule.gaps(epg))


@pytest.mark.parametrize("value", [1_774_742_400, "noon"])
def test_a_column_that_holds_no_times_is_refused(value: int | str) -> None:
    """Numbers are not guessed at, for nobody knows whether they are seconds."""
    epg = one_channel((0, 10)).assign(startDate=value)
    with pytest.raises(KottError, match="startDate does not hold times"):
        schedule.gaps(epg)


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    """Swapped bounds are a mistake, not an empty answer."""
    with pytest.raises(KottError, match="give a later end"):
        schedule.gaps(one_channel((0, 10)), start=at(60), end=at(0))


def test_the_table_given_is_left_alone() -> None:
    """Analysis reads; it does not sort or mark what it was given."""
    epg = one_channel((30, 40), (0, 10), (5, 20))
    before = epg.copy()
    schedule.gaps(epg)
    schedule.overlaps(epg)
    schedule.coverage(epg)
    pd.testing.assert_frame_equal(epg, before)
