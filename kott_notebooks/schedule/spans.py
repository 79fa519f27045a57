"""When channels are busy, as numbers in columns: what the analyses of a guide are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import (
    NAT,
    Micros,
    as_times,
    asked,
    channel_ids,
    micros,
    need,
    stamp,
)
from kott_notebooks.times import When, day_starts

Columns: TypeAlias = Mapping[str, str]  # our name of a column -> the table's
Channels: TypeAlias = Iterable[Any] | pd.DataFrame

MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TIMED = ("linearAssetId", "startDate", "endDate")  # what every analysis needs


def named(epg: pd.DataFrame, columns: Columns | None, *needed: str) -> pd.DataFrame:
    """Give a guide's columns the names that we know them by; KottError where one is missing.

    Where rows have no id, their labels stand for it, or their places if labels come twice. Starts
    and ends become times in UTC.
    """
    if columns:
        need(epg, *columns.values())
        theirs = [column for column in columns if column not in columns.values()]
        epg = epg.drop(columns=theirs, errors="ignore")
        epg = epg.rename(columns={theirs: ours for ours, theirs in columns.items()})
    if "id" not in epg.columns:
        epg = epg.assign(id=epg.index if epg.index.is_unique else range(len(epg)))
    return need(epg, *needed)


class Spans(NamedTuple):
    """Times at which channels are busy, by channel (a code) and start; times in microseconds."""

    code: npt.NDArray[np.intp]
    start: Micros
    end: Micros
    row: npt.NDArray[np.intp]  # where it stands in the table

    def take(self, at: npt.NDArray[Any]) -> Spans:
        return Spans(*(column[at] for column in self))


def spans_of(epg: pd.DataFrame, channels: Channels | None = None) -> tuple[pd.Index[Any], Spans]:
    own = need(epg, *TIMED)["linearAssetId"]
    if channels is None:
        code, labels = pd.factorize(own, sort=True)
    else:
        labels = as_channels(channels, own)
        code = labels.get_indexer(pd.Index(own))
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    lasting = np.flatnonzero((code >= 0) & (start != NAT) & (end > start))
    return labels, in_order(Spans(code, start, end, np.arange(len(epg))).take(lasting))


def as_channels(channels: Channels, own: pd.Series[Any]) -> pd.Index[Any]:
    """List channels as the guide's own column has them; KottError where they cannot be."""
    ids = channel_ids(channels)
    if own.isna().all():  # nothing says what form the guide's ids have
        unseen: pd.Index[Any] = pd.Index(ids)
        return unseen
    try:
        return pd.Index(pd.Series(ids, dtype=own.dtype))
    except (ValueError, TypeError) as error:
        raise KottError(
            f"The channels {ids[:3]} are not in this guide's form ({own.dtype}): give ids as they "
            "stand in linearAssetId."
        ) from error


def in_order(spans: Spans) -> Spans:
    return spans.take(np.lexsort((spans.start, spans.code)))


def window(
    epg: pd.DataFrame, start: When | None, end: When | None, tz: str | tzinfo | None = None
) -> tuple[int | None, int | None]:
    first, last = asked(epg, start, end, tz)
    return None if first is None else stamp(first), None if last is None else stamp(last)


def refuse_unseen(labels: pd.Index[Any], spans: Spans, first: int | None, last: int | None) -> None:
    unseen = labels.delete(np.unique(spans.code))
    if len(unseen) and (first is None or last is None):
        raise KottError(
            f"Channel {unseen[0]} has no programme here, and the table does not say which window "
            "was asked for: give start and end."
        )


def clipped(spans: Spans, first: Micros | int | None, last: Micros | int | None) -> Spans:
    """Keep what lies in the window, cut off at its edges."""
    start = spans.start if first is None else np.maximum(spans.start, first)
    end = spans.end if last is None else np.minimum(spans.end, last)
    return spans._replace(start=start, end=end).take(np.flatnonzero(end > start))


def fenced(spans: Spans, channels: int, first: int | None, last: int | None) -> Spans:
    """Let each channel be busy for no time at the window's edges, so that gaps end there."""
    every = np.arange(channels)
    fences = [np.full(channels, edge) for edge in (first, last) if edge is not None]
    return in_order(
        Spans(
            np.concatenate([spans.code, *(every for _ in fences)]),
            np.concatenate([spans.start, *fences]),
            np.concatenate([spans.end, *fences]),
            np.concatenate([spans.row, *(np.full(channels, -1) for _ in fences)]),
        )
    )


def busy_until(spans: Spans) -> Micros:
    """Tell until when a channel is busy by each start: an earlier programme may outlast a later."""
    return pd.Series(spans.end).groupby(spans.code).cummax().to_numpy()


def joined(spans: Spans) -> Spans:
    """Join what overlaps or touches into runs that share no time."""
    reach = busy_until(spans)
    fresh = np.ones(len(reach), dtype=bool)
    fresh[1:] = (spans.code[1:] != spans.code[:-1]) | (spans.start[1:] > reach[:-1])
    begins = np.flatnonzero(fresh)
    ends = np.append(begins[1:], len(reach)) - 1
    return spans.take(begins)._replace(end=reach[ends[: len(begins)]])


def paired(spans: Spans) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
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


def timed(since: Micros, until: Micros) -> dict[str, Any]:
    return {
        "startDate": as_times(since),
        "endDate": as_times(until),
        "minutes": pd.array((until - since) / MINUTE, dtype="Float64"),
    }


def local_days(spans: Spans, first: int | None, last: int | None, tz: tzinfo) -> pd.DatetimeIndex:
    """List the first moments of the local days looked at, and of the day after them."""
    early = first if first is not None else min(spans.start, default=0)
    late = last if last is not None else max(spans.start, default=0) + 1
    return as_times(day_starts(early, max(early + 1, late) - 1, tz)).tz_convert(tz)


def bounds(
    spans: Spans, channels: int, edges: Micros, first: int | None, last: int | None
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


def in_common(since: Micros, until: Micros, start: Micros, end: Micros) -> Micros:
    shared: Micros = np.minimum(until, end) - np.maximum(since, start)
    return shared.clip(min=0)


def by_day(runs: Spans, edges: Micros, channels: int) -> Micros:
    """Sum up runs by channel and day; a run of several days is cut at their edges."""
    day = np.searchsorted(edges, runs.start, "right") - 1
    length = np.searchsorted(edges, runs.end, "left") - day  # in days
    piece = np.repeat(np.arange(len(day)), length)
    day = day[piece] + np.arange(len(piece)) - np.repeat(np.cumsum(length) - length, length)
    busy = in_common(edges[day], edges[day + 1], runs.start[piece], runs.end[piece])
    total: Micros = np.zeros((channels, len(edges) - 1), dtype=np.int64)
    np.add.at(total, (runs.code[piece], day), busy)
    return total
