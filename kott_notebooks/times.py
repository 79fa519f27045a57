"""Points in time as people write them, zones, and local days; pure.

Times are whole microseconds since 1970, UTC, wherever they come as arrays.
"""

from __future__ import annotations

import os
import re
import time as system
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError

__all__ = [
    "DAY",
    "EARLIEST",
    "SECOND",
    "Micros",
    "When",
    "bound",
    "daily_span",
    "dated_span",
    "day_start",
    "day_starts",
    "epoch",
    "filter_epoch",
    "instant",
    "offset_changes",
    "offsets",
    "present",
    "zone",
    "zone_name",
]

When: TypeAlias = str | date | datetime | np.datetime64 | pd.Timestamp
Micros: TypeAlias = npt.NDArray[np.int64]

SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND

_RELATIVE = re.compile(
    r"(now|(?:today|tomorrow|yesterday)(?:\s+(\d\d?):(\d\d)(?::(\d\d))?)?)"
    r"\s*(?:([+-])\s*(\d{1,6})\s*([smhdw]))?"
)
_DAYS = re.compile(_RELATIVE.pattern + r"|\d{4}-\d\d-\d\d|\d{8}")
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
_WORDS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_ACCEPTED = (
    "write ISO text such as '2026-03-29T18:00', 'now', 'today', 'today 20:00', 'tomorrow', "
    "'today+7d', or give a datetime"
)


def present() -> pd.Timestamp:
    """Return the present time, in UTC."""
    return pd.Timestamp(system.time(), unit="s", tz="UTC").as_unit("us")


def instant(
    value: When, *, now: When | None = None, tz: str | tzinfo | None = None
) -> pd.Timestamp:
    """Return a point in time, in UTC and microseconds.

    Parameters
    ----------
    value : str, date, datetime or Timestamp
        ISO text, `now`, `today`, `tomorrow`, `yesterday`, each with a time of day if you like
        (`today 20:00`) and with a distance (`today+7d`; s, m, h, d, w), or an object. `today` is
        the local midnight that has passed, and `today+1d` is the next one, also where the day has
        23 or 25 hours.
    now : str, date, datetime or Timestamp, default: the present time
        What the words refer to.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of a value that names none, and of the words. A local time that comes twice when
        the clocks change is the earlier one; one that is skipped is moved later by the gap.

    Returns
    -------
    Timestamp
        In UTC.

    Raises
    ------
    KottError
        `value` is not a point in time.

    Examples
    --------
    >>> instant("2026-03-29 18:00", tz="Europe/Berlin")
    Timestamp('2026-03-29 16:00:00+0000', tz='UTC')
    >>> instant("today 20:00", now="2026-03-29T10:00", tz="Europe/Berlin")
    Timestamp('2026-03-29 18:00:00+0000', tz='UTC')
    """
    zoned = zone(tz)
    try:
        if isinstance(value, str) and (relative := _RELATIVE.fullmatch(value.strip())):
            moment = _relative(relative, present() if now is None else instant(now, tz=tz), zoned)
        elif isinstance(value, str | date | np.datetime64):
            moment = pd.Timestamp(value)
        else:
            moment = pd.NaT
        if not pd.isna(moment) and moment.tz is None:
            moment = _in_zone(moment.to_pydatetime(warn=False), zoned)
    except (ValueError, OverflowError) as error:
        raise KottError(f"{value!r} is not a point in time: {_ACCEPTED}.") from error
    if pd.isna(moment):
        raise KottError(f"{value!r} is not a point in time: {_ACCEPTED}.")
    return moment.as_unit("us").tz_convert("UTC")


def _relative(written: re.Match[str], now: pd.Timestamp, zoned: tzinfo) -> pd.Timestamp:
    """Return the time that words mean; whole days are counted by the local calendar."""
    word, hour, minute, second, sign, count, unit = written.groups()
    number = int(f"{sign or '+'}{count or 0}")
    days = number * {"d": 1, "w": 7}.get(unit, 0)
    later = timedelta(seconds=number * {"s": 1, "m": 60, "h": 3600}.get(unit, 0))
    if word == "now":
        return now + timedelta(days=days) + later
    day = now.tz_convert(zoned).date() + timedelta(days=_WORDS[word.split()[0]] + days)
    clock = time(int(hour or 0), int(minute or 0), int(second or 0))
    return _in_zone(datetime.combine(day, clock), zoned) + later


def _in_zone(local: datetime, zoned: tzinfo) -> pd.Timestamp:
    """Return when the clocks of a zone show this: the first time, or where the day begins."""
    if local.time() == time():
        return pd.Timestamp(day_start(local.date(), zoned), unit="us", tz="UTC")
    return pd.Timestamp(local.replace(tzinfo=zoned, fold=0).astimezone(UTC))


def bound(value: When, *, now: When, tz: tzinfo) -> pd.Timestamp:
    """Return an end of the window that an analysis looks at.

    Words and bare dates are days of `tz`, by which the analysis counts days. A date with a time of
    day and without a zone is of KOTT_TZ, else UTC, as the times in the table are.
    """
    bare = type(value) is date or (isinstance(value, str) and _DAYS.fullmatch(value.strip()))
    return instant(value, now=now, tz=tz if bare else None)


def epoch(value: When, *, now: When | None = None, tz: str | tzinfo | None = None) -> int:
    """Return a point in time as the API counts it: whole seconds since 1970, UTC."""
    return int(instant(value, now=now, tz=tz).timestamp() // 1)


EARLIEST = 315_964_800  # 1980-01-06: the API's filters take smaller numbers as offsets from now


def filter_epoch(value: When, *, now: When | None = None, tz: str | tzinfo | None = None) -> int:
    """Return a point in time for a filter; KottError for one that the API reads as an offset."""
    seconds = epoch(value, now=now, tz=tz)
    if seconds < EARLIEST:
        raise KottError(
            f"{value} cannot be used in a filter: the API reads times before 1980 as offsets from "
            "now. Give a later time."
        )
    return seconds


_HOURS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")


def daily_span(written: str) -> tuple[int, int]:
    """Return the two ends of hours such as "22:00-06:00", in minutes after a day's midnight.

    An end that is not after the start is on the next day. KottError where they are no hours.
    """
    match = _HOURS.fullmatch(written.strip())
    numbers = [int(number) for number in match.groups()] if match else [99] * 4
    start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if max(numbers[1], numbers[3]) > 59 or max(start, end) > 1_440:
        raise KottError(
            f"{written!r} must be hours such as '02:00-06:00', or a start and an end "
            "such as '2026-03-01T02:00/2026-03-01T05:00'."
        )
    return start, end if end > start else end + 1_440


def dated_span(
    written: str, *, tz: str | tzinfo | None = None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the two ends of "START/END", in UTC; KottError unless END is later."""
    first, last = (instant(part, tz=tz) for part in written.split("/", 1))
    if last <= first:
        raise KottError(f"{written!r} ends before it starts.")
    return first, last


def zone(tz: str | tzinfo | None = None) -> tzinfo:
    """Return a time zone by its name, or by its offset such as "+02:00".

    None is the zone that the variable KOTT_TZ names, else UTC. All functions that show times,
    count local days or take times without a zone follow it. KottError where there is no such zone.
    """
    name = os.environ.get("KOTT_TZ") or "UTC" if tz is None else tz
    if isinstance(name, tzinfo):
        of_pytz = getattr(name, "zone", None)  # whose zones a datetime does not take
        if of_pytz is None:
            return name
        name = str(of_pytz)
    try:
        at: Any = datetime.strptime(name, "%z") if _OFFSET.fullmatch(name) else None
        return at.tzinfo if at else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        what = f"KOTT_TZ={name}" if tz is None else repr(name)
        raise KottError(f"{what} is not a time zone: write 'Europe/Berlin' or the like.") from error


def zone_name(tz: tzinfo) -> str:
    """Return a zone's name, from which `zone` makes it again.

    KottError for a zone that changes its clocks and has no name, such as those of dateutil.
    """
    if key := getattr(tz, "key", None) or getattr(tz, "zone", None):
        return str(key)
    winter, summer = (datetime(2026, month, 1, tzinfo=tz).strftime("%z") for month in (1, 7))
    if winter != summer:
        raise KottError(f"{tz!r} has no name to be known by: give tz='Europe/Berlin' or the like.")
    return winter


# Clocks: offsets change at any second of any day, by any amount

_FIRST, _LAST = -62_135_510_400 * SECOND, 253_402_214_400 * SECOND  # the range of Python's calendar


def _offset(second: int, tz: tzinfo) -> int:
    shown = datetime.fromtimestamp(second, tz).utcoffset() or timedelta(0)
    return round(shown.total_seconds()) * SECOND


def offset_changes(first: int, last: int, tz: tzinfo) -> list[tuple[int, int]]:
    """List when the clocks of a zone change in [first, last], and by how much they go forward."""
    first, last = (min(max(edge, _FIRST), _LAST) // SECOND for edge in (first, last))
    changes = []
    step = 43_200  # no zone has changed its clocks back and forth within half a day
    before = _offset(first - 1, tz)
    for since in range(first - 1, last, step):
        until = min(since + step, last)
        after = _offset(until, tz)
        if after != before:
            low, high = since, until
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(middle, tz) == before else (low, middle)
            changes.append((high * SECOND, after - before))
        before = after
    return changes


def offsets(utc: Micros, tz: tzinfo) -> Micros:
    """Return how far the clocks of a zone are ahead of UTC at each of these times."""
    if not len(utc):
        return np.zeros(0, dtype=np.int64)
    first, last = int(utc.min()), int(utc.max())
    changes = offset_changes(first, last, tz)
    ahead = _offset(min(max(first, _FIRST), _LAST) // SECOND - 1, tz)
    steps = np.cumsum([ahead, *(by for _, by in changes)])
    at = np.searchsorted(np.array([when for when, _ in changes], dtype=np.int64), utc, "right")
    ahead_of_utc: Micros = steps[at]
    return ahead_of_utc


def day_starts(first: int, last: int, tz: tzinfo) -> Micros:
    """Return the first moment of each local day from that of `first` to that after `last`.

    A day that a zone skipped has none (Apia, 30 December 2011); a day whose midnight is skipped
    begins where the hole in the clock ends; of two midnights the earlier one counts.
    """
    since, until = first - 3 * DAY, last + 3 * DAY  # midnights of the days around, in any zone
    changes = [at for at, _ in offset_changes(since, until, tz)]
    begins = np.array([since, *changes], dtype=np.int64)
    ends = np.array([*changes, until], dtype=np.int64)
    ahead = offsets(begins, tz)
    starts: dict[int, int] = {}  # number of the local day -> its first moment
    for begin, end, by in zip(begins.tolist(), ends.tolist(), ahead.tolist(), strict=True):
        for day in range((begin + by) // DAY, -(-(end + by) // DAY)):
            starts.setdefault(day, max(begin, day * DAY - by))
    every = np.array([starts[day] for day in sorted(starts)], dtype=np.int64)
    low = int(np.searchsorted(every, first, "right")) - 1
    return every[low : int(np.searchsorted(every, max(first, last), "right")) + 1]


def day_start(day: date, tz: tzinfo) -> int:
    """Return the first moment of a local day; of a day that was skipped, that of the next."""
    noon = (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY + DAY // 2
    starts = day_starts(noon - DAY, noon + DAY, tz)
    local = (starts + offsets(starts, tz)) // DAY
    return int(starts[np.searchsorted(local, noon // DAY)])
