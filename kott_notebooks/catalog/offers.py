"""Asset tables to tables: what comes on offer and what leaves, and when; no call, no drawing."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.catalog.looking import view_of
from kott_notebooks.catalog.periods import edges, period_of
from kott_notebooks.catalog.view import DAY
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import NAT, Micros, as_times, micros, need, pulled, stamp
from kott_notebooks.times import When, instant

_NEVER = np.iinfo(np.int64).max


def expiring(
    assets: pd.DataFrame,
    *,
    days: float = 30,
    freq: str = "D",
    tz: str | tzinfo | None = None,
    now: When | None = None,
) -> pd.DataFrame:
    """List the assets whose window ends within so many days, the first to leave on top.

    One row an asset: period (the local day in which it leaves, by its first moment in UTC),
    endDate `datetime64[us, UTC]`, daysLeft `Float64`, type and id as in the table, name `str`. With
    `days=14` they are what window.ending of the audit finds, whatever status and files say.
    `.groupby(["period", "type"]).size()` counts them. `freq` is how pandas names a period by its
    start ("D", "W-MON", "MS"), in `tz`; `now` is when the table was pulled unless given.
    """
    view = view_of(assets, "id", "type", "endDate", now=now)
    last = view.moment + round(days * DAY)
    end = view.times("endDate")
    order = np.argsort(end, kind="stable")
    rows = order[(end[order] >= view.moment) & (end[order] <= last)]
    leaves = end[rows]
    bounds = edges(leaves, freq, tz)
    return pd.DataFrame(
        {
            "period": as_times(bounds[period_of(leaves, bounds)]),
            "endDate": as_times(leaves),
            "daysLeft": pd.array((leaves - view.moment) / DAY, dtype="Float64"),
            "type": view.table["type"].iloc[rows].array,
            "id": view.table["id"].iloc[rows].array,
            "name": view.text("name").astype("str").iloc[rows].array,
        }
    )


def availability(
    assets: pd.DataFrame,
    *,
    start: When = "today-90d",
    end: When = "today+90d",
    freq: str = "W-MON",
    tz: str | tzinfo | None = None,
    now: When | None = None,
) -> pd.DataFrame:
    """Count what comes on offer and what leaves in each period, and what is on offer at its end.

    One row a period and type: period (its first moment, in UTC), type `Int64`, enters, leaves,
    onOffer `Int64`; by period, then type, those without a change too. Periods are whole, from the
    one that holds `start` to the one that holds the last moment before `end`; `freq` is how pandas
    names one by its start ("D", "W-MON", "MS"), in `tz`. On offer is what lies in its window,
    whatever status and files say: without a startDate since ever, without an endDate for ever, and
    never where it ends before it starts. `start` and `end` count from `now`, which is when the
    table was pulled unless given.
    """
    windows = need(assets, "type", "startDate", "endDate")
    first, last = micros(windows, "startDate"), micros(windows, "endDate")
    last = np.where(last == NAT, _NEVER, last)
    codes, types = pd.factorize(windows["type"], sort=True, use_na_sentinel=False)
    bounds = edges(_span(start, end, pulled(assets, now)), freq, tz)
    ever = last > first
    came = _counts(first[ever], codes[ever], bounds, len(types))
    left = _counts(last[ever], codes[ever], bounds, len(types))
    periods = len(bounds) - 1
    return pd.DataFrame(
        {
            "period": as_times(bounds[:-1].repeat(len(types))),
            "type": types.take(np.tile(np.arange(len(types)), periods)),
            "enters": pd.array(came[1:].ravel(), dtype="Int64"),
            "leaves": pd.array(left[1:].ravel(), dtype="Int64"),
            "onOffer": pd.array((came - left).cumsum(axis=0)[1:].ravel(), dtype="Int64"),
        }
    )


def _span(start: When, end: When, now: pd.Timestamp) -> Micros:
    first, last = instant(start, now=now), instant(end, now=now)
    if last <= first:
        raise KottError(f"The window ends at {last} and starts at {first}: give a later end.")
    return np.array([stamp(first), stamp(last) - 1])


def _counts(
    times: Micros, codes: npt.NDArray[np.intp], bounds: Micros, types: int
) -> npt.NDArray[np.int64]:
    """Count times by period and type; the first row is what lies before all periods."""
    counts = np.zeros((len(bounds), types), dtype=np.int64)
    place = period_of(times, bounds) + 1
    inside = place < len(bounds)
    np.add.at(counts, (place[inside], codes[inside]), 1)
    return counts
