"""Whether a guide moved with the clocks when they changed."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import (
    DAY,
    MINUTE,
    TIMED,
    Channels,
    Columns,
    Zone,
    named,
    with_channel_names,
    zones_of,
)
from kott_notebooks.tables.columns import NAT, Micros, as_times, micros
from kott_notebooks.times import offset_changes, offsets

_FEWEST = 3  # programmes that have to be off before a channel counts as shifted
_DAYS = 7  # before and after the change that are compared


class _Airings(NamedTuple):
    """The starts of programmes, as columns."""

    pattern: npt.NDArray[np.int64]  # the channel and the name, as one number
    channel: npt.NDArray[np.int64]
    start: Micros  # in UTC
    local: Micros  # as the clocks show it

    def take(self, at: npt.NDArray[Any]) -> _Airings:
        return _Airings(*(column[at] for column in self))


def clock_changes(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    tz: Zone | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find channels whose programmes did not move, or moved twice, when their clocks changed.

    A programme of the week after the change kept its time if its name was on at that local time in
    the week before; it is off if its name was on earlier or later by the step of the clocks. A name
    that was on at both times counts for neither. Where no name of a channel recurs, the starts
    alone are compared, over the whole week.

    Parameters
    ----------
    epg : DataFrame
        Programmes. Without names, the starts alone are compared.
    channels : DataFrame of `kott.channels`, optional
        Its column `tz`, if it has one, says in which zone a channel is.
    tz : str, tzinfo or mapping, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone, or a mapping of channels (ids or names) to zones.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per change and channel that can be compared: linearAssetId, changeDate
        (`datetime64[us, UTC]`), minutes (by which the clocks went forward, `Float64`), programmes
        (of the week from the change on), day (the worst local day, as text), kept, off (of that
        day; counts are `Int64`), shifted (`boolean`): on some day three and more are off, and more
        than twice as many as those that kept their time.

    Raises
    ------
    KottError
        A column is missing, holds no times, or a zone does not exist.

    See Also
    --------
    audit, gaps

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> start = pd.date_range("2026-03-23", periods=14 * 24, freq="h", tz="UTC")
    >>> epg = pd.DataFrame({
    ...     "linearAssetId": 7, "name": [f"Show {n % 24}" for n in range(len(start))],
    ...     "startDate": start, "endDate": start + pd.Timedelta("1h"),
    ... })
    >>> schedule.clock_changes(epg, tz="Europe/Berlin")["shifted"].tolist()
    [True]
    """
    epg = named(epg, columns, *TIMED, channels=channels)
    channel, labels = pd.factorize(epg["linearAssetId"], sort=True)
    channel = channel.astype(np.int64)
    pattern = channel
    if "name" in epg.columns:
        name = pd.factorize(epg["name"])[0].astype(np.int64)
        pattern = channel * (name.max(initial=0) + 2) + name + 1
    utc = micros(epg, "startDate")
    zones = zones_of(epg, labels, tz, channels)
    parts = []
    for zone in dict.fromkeys(zones):
        own = np.array([one == zone for one in zones], dtype=bool)
        rows = np.flatnonzero((channel >= 0) & (utc != NAT))
        rows = rows[own[channel[rows]]]
        if len(rows):
            parts += _of_zone(_Airings(pattern, channel, utc, utc).take(rows), zone, labels)
    empty = _EMPTY.astype({"linearAssetId": labels.dtype})
    table = pd.concat([empty, *parts], ignore_index=True) if parts else empty
    order = ["changeDate", "linearAssetId"]
    if len(dict.fromkeys(zones)) > 1:
        table = table.sort_values(order, ignore_index=True)
    return with_channel_names(table, epg, channels)


_EMPTY = pd.DataFrame(
    {
        "linearAssetId": pd.Series(dtype="Int64"),
        "changeDate": pd.Series(dtype="datetime64[us, UTC]"),
        "minutes": pd.Series(dtype="Float64"),
        "programmes": pd.Series(dtype="Int64"),
        "day": pd.Series(dtype="str"),
        "kept": pd.Series(dtype="Int64"),
        "off": pd.Series(dtype="Int64"),
        "shifted": pd.Series(dtype="boolean"),
    }
)


def _of_zone(airings: _Airings, tz: tzinfo, labels: pd.Index[Any]) -> list[pd.DataFrame]:
    """Compare the channels of one zone at each change of its clocks."""
    start = airings.start
    airings = airings._replace(local=start + offsets(start, tz))
    changes = offset_changes(int(start.min()), int(start.max()) + 1, tz)
    return [_at_change(airings, change, step, labels) for change, step in changes]


def _at_change(airings: _Airings, change: int, step: int, labels: pd.Index[Any]) -> pd.DataFrame:
    """Compare the week after a change with the week before, channel by channel."""
    week = _DAYS * DAY
    before, after = (
        airings.take(np.flatnonzero((airings.start >= since) & (airings.start < since + week)))
        for since in (change - week, change)
    )
    size = len(labels)
    first_day = int(after.local.min(initial=change)) // DAY
    day = after.local // DAY - first_day
    by_day = _counted(before, after, day, step, size)
    first, second = (one._replace(pattern=one.channel) for one in (before, after))
    by_start = _counted(first, second, np.zeros_like(day), step, size)
    nameless = (by_day.kept.sum(axis=1) + by_day.off.sum(axis=1)) == 0
    nameless |= (airings.pattern == airings.channel).all()
    compared = by_day.kept + by_day.off > 0
    worst = np.where(compared, by_day.off - 2 * by_day.kept, -len(after.start) * 2 - 1).argmax(1)
    every = np.arange(size)
    kept = np.where(nameless, by_start.kept[:, 0], by_day.kept[every, worst])
    off = np.where(nameless, by_start.off[:, 0], by_day.off[every, worst])
    programmes = np.bincount(after.channel, minlength=size)
    shown = np.flatnonzero((programmes > 0) & (np.bincount(before.channel, minlength=size) > 0))
    days = np.datetime_as_string(((first_day + worst) * DAY).view("datetime64[us]"), "D")
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(shown),
            "changeDate": as_times(np.full(len(shown), change)),
            "minutes": pd.array(np.full(len(shown), step / MINUTE), dtype="Float64"),
            "programmes": pd.array(programmes[shown], dtype="Int64"),
            "day": pd.array(days[shown], dtype="str"),
            "kept": pd.array(kept[shown], dtype="Int64"),
            "off": pd.array(off[shown], dtype="Int64"),
            "shifted": pd.array(((off >= _FEWEST) & (off > 2 * kept))[shown], dtype="boolean"),
        }
    )


class _Counts(NamedTuple):
    """How many programmes kept their local time and how many are off, by channel and day."""

    kept: npt.NDArray[np.int64]
    off: npt.NDArray[np.int64]


def _counted(
    before: _Airings, after: _Airings, day: npt.NDArray[np.int64], step: int, channels: int
) -> _Counts:
    """Count programmes that kept their time, and those that are off.

    They are off in one of two directions, not moved with the clocks or moved twice: the one in
    which more of them are.
    """
    pattern = before.pattern * DAY + before.local % DAY
    same, early, late = (
        np.isin(after.pattern * DAY + (after.local + moved) % DAY, pattern)
        for moved in (0, -step, step)
    )
    counts = np.zeros((4, channels, _DAYS + 2), dtype=np.int64)
    masks = (same & ~early, early & ~same, same & ~late, late & ~same)
    for table, mask in zip(counts, masks, strict=True):
        np.add.at(table, (after.channel[mask], day[mask]), 1)
    twice = counts[3] > counts[1]
    return _Counts(*(np.where(twice, counts[n + 2], counts[n]) for n in (0, 1)))
