"""Points in time as people write them, and local days; pure."""

from __future__ import annotations

import os
import re
from datetime import date, datetime, tzinfo
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from kott_notebooks.errors import KottError

When: TypeAlias = str | date | datetime | pd.Timestamp

_RELATIVE = re.compile(r"(now|today)\s*(?:([+-])\s*(\d+)\s*([smhdw]))?")
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
_UNITS = {
    "s": pd.Timedelta(seconds=1),
    "m": pd.Timedelta(minutes=1),
    "h": pd.Timedelta(hours=1),
    "d": pd.Timedelta(days=1),
    "w": pd.Timedelta(weeks=1),
}


def present() -> pd.Timestamp:
    """Give the present time, in UTC."""
    return pd.Timestamp.now("UTC").as_unit("us")


def instant(value: When, *, now: When | None = None) -> pd.Timestamp:
    """Read a point in time: ISO text, `now`, `today`, `today+7d` (s, m, h, d, w), or a date object.

    Gives UTC in microseconds; input without a zone is UTC. `now` fixes what the words refer to.
    Raises KottError for anything else.
    """
    if isinstance(value, str):
        relative = _RELATIVE.fullmatch(value.strip())
        if relative:
            return _relative(*relative.groups(), now=now)
    if not isinstance(value, str | date):
        raise KottError(f"{value!r} is not a point in time: {_ACCEPTED}.")
    try:
        found = pd.Timestamp(value)
    except (ValueError, OverflowError) as error:
        raise KottError(f"{value!r} is not a point in time: {_ACCEPTED}.") from error
    if pd.isna(found):
        raise KottError(f"{value!r} is not a point in time: {_ACCEPTED}.")
    found = found.as_unit("us")
    return found.tz_localize("UTC") if found.tz is None else found.tz_convert("UTC")


_ACCEPTED = "write ISO text such as '2026-03-29T18:00', 'now', 'today+7d', or give a datetime"


def _relative(
    word: str, sign: str | None, count: str | None, unit: str | None, *, now: When | None
) -> pd.Timestamp:
    base = present() if now is None else instant(now)
    if word == "today":
        base = base.normalize()
    if sign is None or count is None or unit is None:
        return base
    step = int(count) * _UNITS[unit]
    return base + step if sign == "+" else base - step


def epoch(value: When, *, now: When | None = None) -> int:
    """Give a point in time as the API counts it: whole seconds since 1970, UTC."""
    return int(instant(value, now=now).timestamp() // 1)


EARLIEST = 315_964_800  # 1980-01-06: the API's filters take smaller numbers as offsets from now


def filter_epoch(value: When, *, now: When | None = None) -> int:
    """Give a point in time for a filter; raises KottError for one that would mean another."""
    seconds = epoch(value, now=now)
    if seconds < EARLIEST:
        raise KottError(
            f"{value} cannot be asked for: filters take times before 1980 as offsets from now."
        )
    return seconds


def zone(tz: str | tzinfo | None = None) -> tzinfo:
    """Give a time zone by its name, or its offset such as "+02:00"; KottError where there is none.

    None is the one that the variable KOTT_TZ names, else UTC: so do all functions that show times
    or count local days.
    """
    name = os.environ.get("KOTT_TZ") or "UTC" if tz is None else tz
    if isinstance(name, tzinfo):
        return name
    try:
        at: Any = datetime.strptime(name, "%z") if _OFFSET.fullmatch(name) else None
        return at.tzinfo if at else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        what = f"KOTT_TZ={name}" if tz is None else repr(name)
        raise KottError(f"{what} is no time zone: write 'Europe/Berlin' or the like.") from error
