"""XMLTV's times: 20260329183000 +0200, or a part of that from its start; epoch seconds here."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_TIME = re.compile(r"\s*([0-9]{4,14})\s*([+-][0-9]{2}:?[0-9]{2}|[A-Za-z]+)?\s*")
_LEAST = "00000101000000"
_EPOCH = date(1970, 1, 1).toordinal()
_ZONES = {  # hours ahead of UTC; names that mean several things are left out
    **dict.fromkeys(("", "Z", "UTC", "UT", "GMT", "WET"), 0),
    **dict.fromkeys(("BST", "CET", "MET", "WEST"), 1),
    **dict.fromkeys(("CEST", "MEST", "EET", "SAST"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    **{"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
    **{"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6},
    **{"PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10},
}


def seconds(text: str) -> int:
    """Read a time as epoch seconds; one without a zone is UTC. ValueError for anything else."""
    found = _TIME.fullmatch(text)
    if found is None or len(found[1]) % 2:
        raise ValueError(f"{text!r} is no XMLTV time: write 20260329183000 +0200")
    digits = found[1] + _LEAST[len(found[1]) :]
    hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:])
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError(f"{text!r} is no time of day")
    return _midnight(digits[:8]) + 3_600 * hour + 60 * minute + second - _offset(found[2] or "")


@lru_cache(maxsize=4_096)
def _midnight(day: str) -> int:
    ordinal = date(int(day[:4]), int(day[4:6]), int(day[6:])).toordinal()
    return (ordinal - _EPOCH) * 86_400


@lru_cache(maxsize=256)
def _offset(zone: str) -> int:
    if zone[:1] in ("+", "-"):
        ahead = 3_600 * int(zone[1:3]) + 60 * int(zone[-2:])
        return ahead if zone[0] == "+" else -ahead
    if zone.upper() not in _ZONES:
        raise ValueError(f"no one time zone is called {zone}: write its offset, such as +0200")
    return 3_600 * _ZONES[zone.upper()]
