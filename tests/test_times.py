"""Points in time as people write them, and local days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kott_notebooks.errors import KottError
from kott_notebooks.times import (
    day_starts,
    epoch,
    filter_epoch,
    instant,
    offset_changes,
    offsets,
    zone,
    zone_name,
)

NOW = "2026-03-29T10:20:30Z"
MINUTE = 60_000_000  # microseconds
DAY = 1_440 * MINUTE


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-29", "2026-03-29T00:00Z"),
        ("2026-03-29T18:00", "2026-03-29T18:00Z"),
        ("2026-03-29T18:00+02:00", "2026-03-29T16:00Z"),
        ("now", NOW),
        ("today", "2026-03-29T00:00Z"),
        ("today+7d", "2026-04-05T00:00Z"),
        ("tomorrow", "2026-03-30T00:00Z"),
        ("yesterday 23:59:30", "2026-03-28T23:59:30Z"),
        ("today 20:00", "2026-03-29T20:00Z"),
        ("today 20:00 +1d", "2026-03-30T20:00Z"),
        ("now - 90m", "2026-03-29T08:50:30Z"),
        ("today-1w", "2026-03-22T00:00Z"),
        ("2999-01-01", "2999-01-01T00:00Z"),
        (date(2026, 3, 29), "2026-03-29T00:00Z"),
        (datetime(2026, 3, 29, 5), "2026-03-29T05:00Z"),
        (datetime(2026, 3, 29, 5, tzinfo=timezone(timedelta(hours=1))), "2026-03-29T04:00Z"),
        (pd.Timestamp("2026-03-29", tz="Europe/Athens"), "2026-03-28T22:00Z"),
        (np.datetime64("2026-03-29T05:00"), "2026-03-29T05:00Z"),
    ],
)
def test_points_in_time_are_understood(written: Any, meant: str) -> None:
    """Without a zone they are UTC; words refer to now."""
    moment = instant(written, now=NOW)
    assert moment == pd.Timestamp(meant)
    assert (str(moment.tz), moment.unit) == ("UTC", "us")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-29", "2026-03-28T22:00Z"),
        ("2026-03-29T18:00", "2026-03-29T15:00Z"),
        ("2026-03-29T18:00Z", "2026-03-29T18:00Z"),
        ("today", "2026-03-28T22:00Z"),
        ("today+1d", "2026-03-29T21:00Z"),  # a day of 23 hours
        ("today+24h", "2026-03-29T22:00Z"),
        ("tomorrow", "2026-03-29T21:00Z"),
        ("yesterday", "2026-03-27T22:00Z"),
        ("today 20:00", "2026-03-29T17:00Z"),
        ("today 3:30", "2026-03-29T01:30Z"),  # the clocks skip it: as much later
        (date(2026, 3, 29), "2026-03-28T22:00Z"),
    ],
)
def test_local_time_is_that_of_the_zone(written: Any, meant: str, monkeypatch: Any) -> None:
    """`tz=` says which, or KOTT_TZ."""
    assert instant(written, now=NOW, tz="Europe/Athens") == pd.Timestamp(meant)
    monkeypatch.setenv("KOTT_TZ", "Europe/Athens")
    assert instant(written, now=NOW) == pd.Timestamp(meant)


def test_of_two_equal_local_times_the_earlier_is_meant() -> None:
    """When the clocks go back, 03:30 comes twice in Athens."""
    assert instant("2026-10-25T03:30", tz="Europe/Athens") == pd.Timestamp("2026-10-25T00:30Z")


@pytest.mark.parametrize(
    "written", ["", "soon", "today+7", "today 25:00", "now 20:00", 1700000000, None, pd.NaT]
)
def test_what_is_no_point_in_time_is_refused(written: Any) -> None:
    """The error says what may be written; a bare number could be anything."""
    with pytest.raises(KottError, match="is not a point in time: write ISO text"):
        instant(written)


def test_now_is_the_clock() -> None:
    """Without a `now` of its own."""
    assert abs(instant("now") - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)


def test_epoch_counts_whole_seconds() -> None:
    """As the API does, before 1970 too."""
    assert epoch("1970-01-02") == 86400
    assert epoch("1969-12-31T23:59:59.5") == -1
    assert epoch("1970-01-02", tz="Europe/Berlin") == 82800


def test_a_time_that_a_filter_would_take_for_an_offset_is_refused() -> None:
    """Small numbers count from now, so 1975 cannot be in a filter."""
    assert filter_epoch("1990-01-01") == 631152000
    with pytest.raises(KottError, match="1975-01-01 cannot be used in a filter"):
        filter_epoch("1975-01-01")


@pytest.mark.parametrize(
    ("tz", "variable", "expected"),
    [
        (None, None, ZoneInfo("UTC")),
        (None, "", ZoneInfo("UTC")),
        (None, "Europe/Berlin", ZoneInfo("Europe/Berlin")),
        ("Asia/Tokyo", "Europe/Berlin", ZoneInfo("Asia/Tokyo")),
        ("-03:30", None, timezone(-timedelta(hours=3, minutes=30))),
        (UTC, "Europe/Berlin", UTC),
    ],
)
def test_a_zone_is_the_one_given_else_the_variables_else_utc(
    tz: str | tzinfo | None, variable: str | None, expected: tzinfo, monkeypatch: Any
) -> None:
    """KOTT_TZ is for whoever always wants the same; an offset is a zone too."""
    if variable is not None:
        monkeypatch.setenv("KOTT_TZ", variable)
    assert zone(tz) == expected
    assert zone(zone_name(zone(tz))).utcoffset(datetime(2026, 7, 1)) == expected.utcoffset(
        datetime(2026, 7, 1)
    )


class Zone(tzinfo):
    """A zone as other libraries make them: in a datetime it shows what pytz does, 53 minutes."""

    def __init__(self, name: str | None) -> None:
        if name is not None:
            self.zone = name

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(minutes=53 if moment is None or moment.month < 4 else 120)

    def dst(self, moment: datetime | None) -> None:
        """Say nothing: it is not asked for."""

    def tzname(self, moment: datetime | None) -> None:
        """Say nothing: it is not asked for."""


def test_a_zone_of_another_library_is_that_of_its_name() -> None:
    """The clocks of Berlin in pytz's Berlin, not those of the year 1892."""
    assert zone(Zone("Europe/Berlin")) == ZoneInfo("Europe/Berlin")
    moment = instant("2026-03-01T18:00", tz=Zone("Europe/Berlin"))
    assert moment == pd.Timestamp("2026-03-01T17:00Z")


def test_a_zone_without_a_name_is_not_named_by_one_offset() -> None:
    """A table of it would be read in winter time all the year."""
    with pytest.raises(KottError, match="has no name to be known by: give tz='Europe/Berlin'"):
        zone_name(Zone(None))


@pytest.mark.parametrize("tz", ["Europe/Nowhere", "", "../etc", "+99:99", 5])
def test_what_is_no_zone_is_refused(tz: Any) -> None:
    """The error says how one is written."""
    with pytest.raises(KottError, match="is not a time zone: write 'Europe/Berlin'"):
        zone(tz)


def test_a_variable_that_names_no_zone_is_named(monkeypatch: Any) -> None:
    """Or nobody would know where the name comes from."""
    monkeypatch.setenv("KOTT_TZ", "Berlin")
    with pytest.raises(KottError, match="KOTT_TZ=Berlin is not a time zone"):
        zone()


# Local days


def micros(moment: str) -> int:
    return round(pd.Timestamp(moment, tz="UTC").timestamp()) * 1_000_000


HOLES = {  # zone -> a moment at or near an unusual change of its clocks
    "Pacific/Apia": "2011-12-30T10:00",  # a day is skipped
    "Pacific/Kwajalein": "1993-08-21T12:00",
    "Antarctica/Casey": "2016-10-21T16:00",  # three hours at midnight
    "Asia/Kathmandu": "1985-12-31T18:30",  # a quarter of an hour at midnight
    "America/Havana": "2026-11-01T05:00",  # midnight comes twice
    "America/Sao_Paulo": "2018-11-04T03:00",  # a day without its midnight
    "America/Goose_Bay": "2010-03-14T03:31",  # a minute after midnight
    "America/Toronto": "1919-03-31T04:30",  # half an hour before midnight
    "Australia/Lord_Howe": "2026-04-04T15:00",  # half an hour
    "Africa/Monrovia": "1972-01-07T00:44:30",  # an offset with seconds
    "Europe/Athens": "2026-03-29T01:00",
    "UTC": "2026-03-29T01:00",
}


@pytest.mark.parametrize("tz", HOLES)
def test_a_day_begins_at_its_first_moment(tz: str) -> None:
    """A walk through the minutes of a week, as Python's own calendar shows them, finds the same."""
    zoned, around = ZoneInfo(tz), micros(HOLES[tz])
    first, last = around - 3 * DAY, around + 3 * DAY
    seen: dict[date, int] = {}
    for moment in range(first // 1_000_000 - 2 * 86_400, last // 1_000_000 + 2 * 86_400, 30):
        seen.setdefault(datetime.fromtimestamp(moment, zoned).date(), moment * 1_000_000)
    every = sorted(seen.values())[1:]
    expected = [start for start in every if start <= last]
    expected = [max(start for start in expected if start <= first)] + [
        start for start in expected if start > first
    ]
    starts = day_starts(first, last, zoned)
    assert starts[:-1].tolist() == expected
    assert starts[-1] == min(start for start in every if start > last)


@settings(max_examples=30)
@given(
    st.sampled_from([*HOLES, "America/New_York", "Asia/Gaza", "Africa/Casablanca"]),
    st.integers(micros("1950-01-01") // MINUTE, micros("2037-01-01") // MINUTE),
)
def test_offsets_are_those_of_the_calendar(tz: str, minute: int) -> None:
    """At every hour of half a year, from any minute on."""
    utc = np.arange(minute, minute + 180 * 1440, 60, dtype=np.int64) * MINUTE
    zoned = ZoneInfo(tz)
    shown = [datetime.fromtimestamp(at // 1_000_000, zoned).utcoffset() for at in utc.tolist()]
    expected = [round(one.total_seconds()) * 1_000_000 for one in shown if one is not None]
    assert offsets(utc, zoned).tolist() == expected


def test_changes_are_dated_to_the_second() -> None:
    """With how far the clocks go forward, less than nothing for back."""
    changes = offset_changes(micros("2026-01-01"), micros("2027-01-01"), ZoneInfo("Europe/Berlin"))
    assert changes == [
        (micros("2026-03-29T01:00"), 60 * MINUTE),
        (micros("2026-10-25T01:00"), -60 * MINUTE),
    ]
    assert offset_changes(micros("2026-03-29T01:00"), micros("2026-03-30"), UTC) == []
