"""Whether a guide moved with the clocks when they changed."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import DAY, MINUTE, TIMED, Columns, named
from kott_notebooks.tables.columns import NAT, Micros, as_times, micros
from kott_notebooks.times import zone

_STEP = 15 * MINUTE  # clocks change at a quarter of an hour, everywhere
_FEWEST = 3  # programmes that have to be off, to speak of a channel


class _Airings(NamedTuple):
    """What is shown when: a pattern (channel and name, or channel alone), UTC, the clock's time."""

    pattern: npt.NDArray[np.int64]
    channel: npt.NDArray[np.int64]
    start: Micros
    wall: Micros

    def take(self, at: npt.NDArray[Any]) -> _Airings:
        return _Airings(*(column[at] for column in self))


def clock_changes(
    epg: pd.DataFrame, *, tz: str | tzinfo, columns: Columns | None = None
) -> pd.DataFrame:
    """Find channels whose programmes did not move, or moved twice, when the clocks of `tz` changed.

    One row a change and channel that can be compared: linearAssetId, changeDate (UTC), minutes (by
    which the clocks went forward, Float64), programmes (of the week from the change on), kept, off
    (those that start at an hour at which the channel showed the same in the week before; those
    that do so but for the change, Int64), shifted (boolean): `off` is three and more, and more than
    twice `kept`. Programmes are told by their names; where fewer than three names come back, by
    their starts alone. A table without names is judged by starts.
    """
    epg = named(epg, columns, *TIMED)
    channel, labels = pd.factorize(epg["linearAssetId"], sort=True)
    utc = micros(epg, "startDate")
    known = np.flatnonzero((channel >= 0) & (utc != NAT))
    zoned = zone(tz)
    wall = _wall(utc[known], zoned)
    named_too = _patterns(epg, channel)[known]
    airings = _Airings(named_too, channel[known], utc[known], wall)
    parts = [
        _compared(airings, change, shift, labels) for change, shift in _changes(utc[known], zoned)
    ]
    return pd.concat([_EMPTY.astype({"linearAssetId": labels.dtype}), *parts], ignore_index=True)


_EMPTY = pd.DataFrame(
    {
        "linearAssetId": pd.Series(dtype="Int64"),
        "changeDate": pd.Series(dtype="datetime64[us, UTC]"),
        "minutes": pd.Series(dtype="Float64"),
        "programmes": pd.Series(dtype="Int64"),
        "kept": pd.Series(dtype="Int64"),
        "off": pd.Series(dtype="Int64"),
        "shifted": pd.Series(dtype="boolean"),
    }
)


def _patterns(epg: pd.DataFrame, channel: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Number what comes back: a name on a channel."""
    if "name" not in epg.columns:
        return channel.astype(np.int64)
    name = pd.factorize(epg["name"])[0].astype(np.int64)
    pattern: npt.NDArray[np.int64] = channel * (name.max(initial=0) + 2) + name + 1
    return pattern


def _wall(utc: Micros, tz: tzinfo) -> Micros:
    """Give what the clocks show, as microseconds since 1970 on them."""
    known, at = np.unique(utc, return_inverse=True)
    local = as_times(known).tz_convert(tz).tz_localize(None)
    shown: Micros = local.to_numpy("datetime64[us]").view(np.int64)[at]
    return shown


def _changes(utc: Micros, tz: tzinfo) -> list[tuple[int, int]]:
    """List when clocks change between the first start and the last, and by how much."""
    if not len(utc):
        return []
    days = np.arange(utc.min() // DAY, utc.max() // DAY + 2) * DAY
    changes = []
    for day in days[:-1][np.diff(_wall(days, tz)) != DAY]:
        steps = np.arange(day, day + DAY + 1, _STEP)
        offset = _wall(steps, tz) - steps
        at = np.flatnonzero(np.diff(offset))
        changes += [(int(steps[i + 1]), int(offset[i + 1] - offset[i])) for i in at]
    return changes


def _compared(airings: _Airings, change: int, shift: int, labels: pd.Index[Any]) -> pd.DataFrame:
    before = airings.take(_within(airings.start, change - 7 * DAY, change))
    after = airings.take(_within(airings.start, change, change + 7 * DAY))
    size = len(labels)
    programmes = np.bincount(after.channel, minlength=size)
    kept, off = _counted(before, after, shift, size)
    few = kept + off < _FEWEST
    plain = _counted(_by_start(before), _by_start(after), shift, size)
    kept, off = np.where(few, plain[0], kept), np.where(few, plain[1], off)
    comparable = np.flatnonzero(
        (programmes > 0) & (np.bincount(before.channel, minlength=size) > 0)
    )
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(comparable),
            "changeDate": as_times(np.full(len(comparable), change)),
            "minutes": pd.array(np.full(len(comparable), shift / MINUTE), dtype="Float64"),
            "programmes": pd.array(programmes[comparable], dtype="Int64"),
            "kept": pd.array(kept[comparable], dtype="Int64"),
            "off": pd.array(off[comparable], dtype="Int64"),
            "shifted": pd.array(((off >= _FEWEST) & (off > 2 * kept))[comparable], dtype="boolean"),
        }
    )


def _by_start(airings: _Airings) -> _Airings:
    return airings._replace(pattern=airings.channel)


def _within(start: Micros, since: int, until: int) -> npt.NDArray[np.intp]:
    return np.flatnonzero((start >= since) & (start < until))


def _counted(
    before: _Airings, after: _Airings, shift: int, channels: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Count per channel what starts as the week before, and what is off by the change."""
    pattern = before.pattern * DAY + before.wall % DAY
    hits = [
        np.isin(after.pattern * DAY + (after.wall + moved) % DAY, pattern)
        for moved in (0, shift, -shift)
    ]
    counts = [np.bincount(after.channel[hit], minlength=channels) for hit in hits]
    return counts[0], np.maximum(counts[1], counts[2])
