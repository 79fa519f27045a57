"""Where a guide has holes, where it is double, how much of a day it covers.

A programme counts from its startDate up to, and without, its endDate. One that lacks either, ends
no later than it starts, or names no channel, covers nothing and overlaps nothing. Every channel is
judged by its own rows alone: each function may be run on parts of a table that hold whole channels.
"""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import pandas as pd

from kott_notebooks.schedule.spans import (
    MINUTE,
    TIMED,
    Channels,
    Columns,
    bounds,
    busy_until,
    by_day,
    clipped,
    fenced,
    in_common,
    joined,
    local_days,
    named,
    paired,
    refuse_unseen,
    spans_of,
    timed,
    window,
)
from kott_notebooks.tables.columns import zone_of
from kott_notebooks.times import When


def gaps(
    epg: pd.DataFrame,
    *,
    start: When | None = None,
    end: When | None = None,
    minutes: float = 1,
    tz: str | tzinfo | None = None,
    channels: Channels | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find when, within [start, end), a channel has no programme for `minutes` and longer.

    One row a gap at its full length: linearAssetId, startDate, endDate (UTC), minutes (Float64);
    by channel and time. The window is the one that the table was pulled for; where that is not
    known, only gaps between a channel's own programmes are found. `channels` (ids, or the table of
    `kott.channels`; default: those that occur) are the ones looked at: one without a programme is
    a gap as long as the window, and a KottError where there is no window. `tz` is the zone
    of `today` and of bare dates in `start` and `end`.
    """
    epg = named(epg, columns, *TIMED)
    labels, spans = spans_of(epg, channels)
    first, last = window(epg, start, end, tz)
    if channels is not None:
        refuse_unseen(labels, spans, first, last)
    spans = fenced(clipped(spans, first, last), len(labels), first, last)
    since, until = busy_until(spans)[:-1], spans.start[1:]
    free = (until > since) & (until - since >= minutes * MINUTE)
    found = np.flatnonzero(free & (spans.code[1:] == spans.code[:-1]))
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(spans.code[found]),
            **timed(since[found], until[found]),
        }
    )


def overlaps(epg: pd.DataFrame, *, columns: Columns | None = None) -> pd.DataFrame:
    """Find every two programmes of a channel that share time: neighbours, chains, nested ones.

    One row a pair: linearAssetId, id (the one that starts first; of two that start together, the
    lower id), otherId, startDate, endDate (the time that they share, UTC), minutes (Float64); by
    channel and time. Programmes that follow each other without a break share nothing.
    """
    epg = named(epg, columns, *TIMED)[["id", *TIMED]].sort_values("id", kind="stable")
    labels, spans = spans_of(epg)
    one, other = paired(spans)
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(spans.code[one]),
            "id": epg["id"].array.take(spans.row[one]),
            "otherId": epg["id"].array.take(spans.row[other]),
            **timed(spans.start[other], np.minimum(spans.end[one], spans.end[other])),
        }
    )


def coverage(
    epg: pd.DataFrame,
    *,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo | None = None,
    channels: Channels | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure how much of each local day a channel's programmes cover.

    One row a channel and day: linearAssetId, day (its first moment, in `tz`), minutes (covered;
    what several programmes share counts once), asked (the day's minutes within [start, end): 1,380,
    1,440 or 1,500 for a whole day), share (minutes / asked); all three Float64. The window is the
    one that the table was pulled for; where that is not known, the whole days from a channel's
    first start to its last. `channels` as in `gaps`.
    """
    epg = named(epg, columns, *TIMED)
    labels, spans = spans_of(epg, channels)
    first, last = window(epg, start, end, tz)
    if channels is not None:
        refuse_unseen(labels, spans, first, last)
    spans = clipped(spans, first, last)
    days = local_days(spans, first, last, zone_of(epg, tz))
    edges = days.to_numpy("datetime64[us]").view(np.int64)
    since, until = bounds(spans, len(labels), edges, first, last)
    within = in_common(edges[:-1], edges[1:], since[:, None], until[:, None])
    runs = joined(clipped(spans, since[spans.code], until[spans.code]))
    code, day = np.nonzero(within)
    whole, part = within[code, day], by_day(runs, edges, len(labels))[code, day]
    return pd.DataFrame(
        {
            "linearAssetId": labels.take(code),
            "day": days.take(day),
            "minutes": pd.array(part / MINUTE, dtype="Float64"),
            "asked": pd.array(whole / MINUTE, dtype="Float64"),
            "share": pd.array(part / whole, dtype="Float64"),
        }
    )
