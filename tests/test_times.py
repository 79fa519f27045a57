"""Points in time as people write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from kott_notebooks.errors import KottError
from kott_notebooks.times import epoch, filter_epoch, instant, zone

NOW = "2026-03-29T10:20:30Z"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-29", "2026-03-29T00:00Z"),
        ("2026-03-29T18:00", "2026-03-29T18:00Z"),
        ("2026-03-29T18:00+02:00", "2026-03-29T16:00Z"),
        ("now", NOW),
        ("today", "2026-03-29T00:00Z"),
        ("today+7d", "2026-04-05T00:00Z"),
        ("now - 90m", "2026-03-29T08:50:30Z"),
        ("today-1w", "2026-03-22T00:00Z"),
        ("2999-01-01", "2999-01-01T00:00Z"),
        (date(2026, 3, 29), "2026-03-29T00:00Z"),
        (datetime(2026, 3, 29, 5), "2026-03-29T05:00Z"),
        (datetime(2026, 3, 29, 5, tzinfo=timezone(timedelta(hours=1))), "2026-03-29T04:00Z"),
        (pd.Timestamp("2026-03-29", tz="Europe/Athens"), "2026-03-28T22:00Z"),
    ],
)
def test_points_in_time_are_read(written: object, meant: str) -> None:
    """Without a zone they are UTC; words refer to now."""
    found = instant(written, now=NOW)  # type: ignore[arg-type]
    assert found == pd.Timestamp(meant)
    assert (str(found.tz), found.unit) == ("UTC", "us")


@pytest.mark.parametrize("written", ["", "soon", "tomorrow", "today+7", 1700000000, None, pd.NaT])
def test_what_is_no_point_in_time_is_said(written: object) -> None:
    """The error says what may be written; a bare number could be anything."""
    with pytest.raises(KottError, match="is not a point in time: write ISO text"):
        instant(written)  # type: ignore[arg-type]


def test_now_is_the_clock() -> None:
    """Without a `now` of its own."""
    assert abs(instant("now") - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)


def test_epoch_counts_whole_seconds() -> None:
    """As the API does, before 1970 too."""
    assert epoch("1970-01-02") == 86400
    assert epoch("1969-12-31T23:59:59.5") == -1


def test_a_time_that_a_filter_would_take_for_an_offset_is_refused() -> None:
    """Small numbers count from now, so 1975 cannot be asked for."""
    assert filter_epoch("1990-01-01") == 631152000
    with pytest.raises(KottError, match="1975-01-01 cannot be asked for"):
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


@pytest.mark.parametrize("tz", ["Europe/Nowhere", "", "../etc", "+99:99", 5])
def test_what_is_no_zone_is_refused(tz: Any) -> None:
    """The error says how one is written."""
    with pytest.raises(KottError, match="is no time zone: write 'Europe/Berlin'"):
        zone(tz)


def test_a_variable_that_names_no_zone_is_named(monkeypatch: Any) -> None:
    """Or nobody would know where the name comes from."""
    monkeypatch.setenv("KOTT_TZ", "Berlin")
    with pytest.raises(KottError, match="KOTT_TZ=Berlin is no time zone"):
        zone()
