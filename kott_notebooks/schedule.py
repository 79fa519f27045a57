"""Programme tables to tables: where a guide has holes, where it is double; no call, no drawing.

A programme counts from its startDate up to, and without, its endDate. One that lacks either, ends
no later than it starts, or names no channel, covers nothing and overlaps nothing. Every channel is
judged by its own rows alone: each function may be run on parts of a table that hold whole channels.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables import NAT, Micros, as_times, asked, channel_ids, micros, need, stamp
from kott_notebooks.times import When

_MINUTE = 60_000_000  # microseconds


def gaps(
    epg: pd.DataFrame,
    *,
    start: When | None = None,
    end: When | None = None,
    minutes: float = 1,
    channels: Iterable[Any] | pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find when, within [start, end), a channel has no programme for `minutes` and longer.

    One row a gap at its full length: linearAssetId, startDate, endDate (UTC), minutes (Float64);
    by channel and time. The window is the one that the table was pulled for; where that is not
    known, only gaps between a channel's own programmes are found. `channels` (ids, or the table of
    `kott.channels`; default: those that occur) are the ones looked at: one without a programme is
    a gap as long as the window, and a KottError where there is no window.
    """
    labels, spans = _spans(epg, channels)
    first, last = _window(epg, start, end)
    if channels is not None:
        _refuse_unseen(labels, spans, first, last)
    spans = _fenced(_clipped(spans, first, last), len(labels), first, last)
    since, until = _reach(spans)[:-1], spans.start[1:]
    free = (until > since) & (until - since >= minutes * _MINUTE)
    found = np.flatnonzero(free & (spans.code[1:] == spans.code[:-1]))
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(spans.code[found]),
            **_lasting(since[found], until[found]),
        }
    )


def overlaps(epg: pd.DataFrame) -> pd.DataFrame:
    """Find every two programmes of a channel that share time: neighbours, chains, nested ones.

    One row a pair: linearAssetId, id (the one that starts first; of two that start together, the
    lower id), otherId, startDate, endDate (the time that they share, UTC), minutes (Float64); by
    channel and time. Programmes that follow each other without a break share nothing.
    """
    columns = ["id", "linearAssetId", "startDate", "endDate"]
    epg = need(epg, *columns)[columns].sort_values("id", kind="stable")
    labels, spans = _spans(epg)
    one, other = _pairs(spans)
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(spans.code[one]),
            "id": epg["id"].array.take(spans.row[one]),
            "otherId": epg["id"].array.take(spans.row[other]),
            **_lasting(spans.start[other], np.minimum(spans.end[one], spans.end[other])),
        }
    )


def coverage(
    epg: pd.DataFrame,
    *,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo = "UTC",
    channels: Iterable[Any] | pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure how much of each local day a channel's programmes cover.

    One row a channel and day: linearAssetId, day (its first moment, in `tz`), minutes (covered;
    what several programmes share counts once), asked (the day's minutes within [start, end): 1,380,
    1,440 or 1,500 for a whole day), share (minutes / asked); all three Float64. The window is the
    one that the table was pulled for; where that is not known, the whole days from a channel's
    first start to its last. `channels` as in `gaps`.
    """
    labels, spans = _spans(epg, channels)
    first, last = _window(epg, start, end)
    if channels is not None:
        _refuse_unseen(labels, spans, first, last)
    spans = _clipped(spans, first, last)
    days = _days(spans, first, last, tz)
    edges = days.to_numpy("datetime64[us]").view(np.int64)
    since, until = _bounds(spans, len(labels), edges, first, last)
    within = _shared(edges[:-1], edges[1:], since[:, None], until[:, None])
    runs = _runs(_clipped(spans, since[spans.code], until[spans.code]))
    code, day = np.nonzero(within)
    whole, part = within[code, day], _by_day(runs, edges, len(labels))[code, day]
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(code),
            "day": days.take(day),
            "minutes": pd.array(part / _MINUTE, dtype="Float64"),
            "asked": pd.array(whole / _MINUTE, dtype="Float64"),
            "share": pd.array(part / whole, dtype="Float64"),
        }
    )


class _Spans(NamedTuple):
    """Times at which channels are busy, by channel (a code) and start; times in microseconds."""

    code: npt.NDArray[np.intp]
    start: Micros
    end: Micros
    row: npt.NDArray[np.intp]  # where it stands in the table

    def take(self, at: npt.NDArray[Any]) -> _Spans:
        return _Spans(*(column[at] for column in self))


def _spans(
    epg: pd.DataFrame, channels: Iterable[Any] | pd.DataFrame | None = None
) -> tuple[pd.Index[Any], _Spans]:
    own = need(epg, "linearAssetId", "startDate", "endDate")["linearAssetId"]
    if channels is None:
        code, labels = pd.factorize(own, sort=True)
    else:
        labels = pd.Index(pd.Series(channel_ids(channels)).astype(own.dtype))
        code = labels.get_indexer(pd.Index(own))
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    lasting = np.flatnonzero((code >= 0) & (start != NAT) & (end > start))
    return labels, _sorted(_Spans(code, start, end, np.arange(len(epg))).take(lasting))


def _sorted(spans: _Spans) -> _Spans:
    return spans.take(np.lexsort((spans.start, spans.code)))


def _window(
    epg: pd.DataFrame, start: When | None, end: When | None
) -> tuple[int | None, int | None]:
    first, last = asked(epg, start, end)
    return None if first is None else stamp(first), None if last is None else stamp(last)


def _refuse_unseen(
    labels: pd.Index[Any], spans: _Spans, first: int | None, last: int | None
) -> None:
    unseen = labels.delete(np.unique(spans.code))
    if len(unseen) and (first is None or last is None):
        raise KottError(
            f"Channel {unseen[0]} has no programme here, and the table does not say which window "
            "was asked for: give start and end."
        )


def _clipped(spans: _Spans, first: Micros | int | None, last: Micros | int | None) -> _Spans:
    """Keep what lies in the window, cut off at its edges."""
    start = spans.start if first is None else np.maximum(spans.start, first)
    end = spans.end if last is None else np.minimum(spans.end, last)
    return spans._replace(start=start, end=end).take(np.flatnonzero(end > start))


def _fenced(spans: _Spans, channels: int, first: int | None, last: int | None) -> _Spans:
    """Let each channel be busy for no time at the window's edges, so that gaps end there."""
    every = np.arange(channels)
    fences = [np.full(channels, edge) for edge in (first, last) if edge is not None]
    return _sorted(
        _Spans(
            np.concatenate([spans.code, *(every for _ in fences)]),
            np.concatenate([spans.start, *fences]),
            np.concatenate([spans.end, *fences]),
            np.concatenate([spans.row, *(np.full(channels, -1) for _ in fences)]),
        )
    )


def _reach(spans: _Spans) -> Micros:
    """Tell until when a channel is busy by each start: an earlier programme may outlast a later."""
    return pd.Series(spans.end).groupby(spans.code).cummax().to_numpy()


def _runs(spans: _Spans) -> _Spans:
    """Join what overlaps or touches into runs that share no time."""
    reach = _reach(spans)
    fresh = np.ones(len(reach), dtype=bool)
    fresh[1:] = (spans.code[1:] != spans.code[:-1]) | (spans.start[1:] > reach[:-1])
    begins = np.flatnonzero(fresh)
    ends = np.append(begins[1:], len(reach)) - 1
    return spans.take(begins)._replace(end=reach[ends[: len(begins)]])


def _pairs(spans: _Spans) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Pair each span with those that start before it ends.

    They stand right behind it, so look one place ahead, then two, as long as anything is found.
    """
    one = np.arange(len(spans.code))
    pairs = [(one[:0], one[:0])]
    for step in range(1, len(one)):
        one = one[one + step < len(spans.code)]
        other = one + step
        shares = (spans.code[other] == spans.code[one]) & (spans.start[other] < spans.end[one])
        one = one[shares]
        if not len(one):
            break
        pairs.append((one, one + step))
    firsts, seconds = (np.concatenate(side) for side in zip(*pairs, strict=True))
    order = np.lexsort((seconds, firsts))
    return firsts[order], seconds[order]


def _lasting(since: Micros, until: Micros) -> dict[str, Any]:
    return {
        "startDate": as_times(since),
        "endDate": as_times(until),
        "minutes": pd.array((until - since) / _MINUTE, dtype="Float64"),
    }


def _days(spans: _Spans, first: int | None, last: int | None, tz: str | tzinfo) -> pd.DatetimeIndex:
    """List the first moments of the local days looked at, and of the day after them."""
    early = first if first is not None else min(spans.start, default=0)
    late = last if last is not None else max(spans.start, default=0) + 1
    ends = as_times(np.array([early, max(early + 1, late) - 1])).tz_convert(tz).tz_localize(None)
    days = pd.date_range(ends[0].normalize(), ends[1].normalize() + pd.Timedelta(days=1), freq="D")
    # A clock change at midnight: the day begins with the earlier of two, or where the hole ends.
    earlier = np.ones(len(days), dtype=bool)
    return days.tz_localize(tz, ambiguous=earlier, nonexistent="shift_forward").unique()


def _bounds(
    spans: _Spans, channels: int, edges: Micros, first: int | None, last: int | None
) -> tuple[Micros, Micros]:
    """Give each channel's own window: the one asked for, or its whole days (none for no spans)."""
    since, until = np.full((2, channels), edges[0])
    seen, begins = np.unique(spans.code, return_index=True)
    ends = np.append(begins[1:], len(spans.code))[: len(begins)] - 1
    since[seen] = edges[np.searchsorted(edges, spans.start[begins], "right") - 1]
    until[seen] = edges[np.searchsorted(edges, spans.start[ends], "right")]
    if first is not None:
        since = np.full(channels, first)
    return since, until if last is None else np.full(channels, last)


def _shared(since: Micros, until: Micros, start: Micros, end: Micros) -> Micros:
    shared: Micros = np.minimum(until, end) - np.maximum(since, start)
    return shared.clip(min=0)


def _by_day(runs: _Spans, edges: Micros, channels: int) -> Micros:
    """Sum up runs by channel and day; a run of several days is cut at their edges."""
    day = np.searchsorted(edges, runs.start, "right") - 1
    length = np.searchsorted(edges, runs.end, "left") - day  # in days
    piece = np.repeat(np.arange(len(day)), length)
    day = day[piece] + np.arange(len(piece)) - np.repeat(np.cumsum(length) - length, length)
    busy = _shared(edges[day], edges[day + 1], runs.start[piece], runs.end[piece])
    total: Micros = np.zeros((channels, len(edges) - 1), dtype=np.int64)
    np.add.at(total, (runs.code[piece], day), busy)
    return total
