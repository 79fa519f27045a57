"""How far a guide reaches, and what is on now and next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import (
    HOUR,
    TIMED,
    Channels,
    Columns,
    Spans,
    named,
    spans_of,
    window,
)
from kott_notebooks.tables.columns import NAT, Micros, as_times, pulled, stamp
from kott_notebooks.times import When


def horizon(
    epg: pd.DataFrame,
    *,
    hours: float = 120,
    now: When | None = None,
    end: When | None = None,
    channels: Channels | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure how many hours of guide a channel has behind and ahead of now, against a target.

    One row a channel: linearAssetId, startDate and endDate (of its first and its last programme,
    UTC), behind, ahead, short (hours, Float64). `short` is what is missing up to `hours` from now,
    or up to the end of the window where that comes first: nobody knows what lies beyond. `now` is
    when the table was pulled, `end` the end of what was asked for. Holes are not looked at: those
    are `gaps`. A channel of `channels` without a programme has no dates, and all is short.
    """
    epg = named(epg, columns, *TIMED)
    labels, spans = spans_of(epg, channels)
    moment = stamp(pulled(epg, now))
    until = moment + round(hours * HOUR)
    last = window(epg, None, end)[1]
    first, final = _extent(spans, len(labels))
    has = final != NAT
    ahead = np.where(has, final - moment, 0).clip(min=0)
    return pd.DataFrame(
        {
            "linearAssetId": labels,
            "startDate": as_times(first),
            "endDate": as_times(final),
            "behind": _hours(np.where(has, moment - first, 0)),
            "ahead": _hours(ahead),
            "short": _hours((until if last is None else min(until, last)) - moment - ahead),
        }
    )


def _extent(spans: Spans, channels: int) -> tuple[Micros, Micros]:
    """Give each channel's first start and last end; NAT where it has none."""
    first = np.full(channels, np.iinfo(np.int64).max)
    final = np.full(channels, NAT)
    np.minimum.at(first, spans.code, spans.start)
    np.maximum.at(final, spans.code, spans.end)
    return np.where(final == NAT, NAT, first), final


def _hours(micros: Micros) -> Any:
    return pd.array(micros.clip(min=0) / HOUR, dtype="Float64")


def now_next(
    epg: pd.DataFrame,
    *,
    at: When | None = None,
    channels: Channels | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Tell what each channel shows at a time, and what comes next.

    One row a channel: linearAssetId, id, name, startDate, endDate of what is on, then nextId,
    nextName, nextStartDate; absent where there is none. `at` is when the table was pulled unless
    given. Of several that are on, the one that started last is shown; of several that start
    together, the one with the highest id.
    """
    epg = named(epg, columns, *TIMED, "name")[["id", *TIMED, "name"]]
    epg = epg.sort_values("id", kind="stable")
    labels, spans = spans_of(epg, channels)
    moment = stamp(pulled(epg, at))
    begun = spans.start <= moment
    on = _of_each(spans, np.flatnonzero(begun & (spans.end > moment)), len(labels))
    later = np.flatnonzero(~begun)
    coming = _of_each(spans, later[::-1], len(labels))
    shown = _rows(epg, on, ["id", "name", "startDate", "endDate"])
    after = _rows(epg, coming, ["id", "name", "startDate"])
    after.columns = pd.Index(["nextId", "nextName", "nextStartDate"])
    return pd.concat([pd.DataFrame({"linearAssetId": labels}), shown, after], axis=1)


def _of_each(spans: Spans, found: npt.NDArray[np.intp], channels: int) -> npt.NDArray[np.intp]:
    """Give the table's row of each channel's last one found, -1 where none is."""
    rows = np.full(channels, -1)
    rows[spans.code[found]] = spans.row[found]
    return rows


def _rows(epg: pd.DataFrame, rows: npt.NDArray[np.intp], columns: Iterable[str]) -> pd.DataFrame:
    taken = epg.reset_index(drop=True)[list(columns)]
    return taken.reindex(rows).reset_index(drop=True)
