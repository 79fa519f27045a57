"""A catalogue over time, by local periods: what was added, what comes on offer, what leaves."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.frequencies import to_offset

from kott_notebooks.catalog.view import DAY, view_of
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import NAT, Micros, as_times, micros, need, pulled, stamp
from kott_notebooks.tables.names import named_like
from kott_notebooks.times import When, bound, zone

_NEVER = np.iinfo(np.int64).max
_FREQS = "'D', 'W-MON', 'MS', 'QS' or 'YS'"


def growth(
    assets: pd.DataFrame, *, freq: str = "MS", tz: str | tzinfo | None = None
) -> pd.DataFrame:
    """Count what was added in each period, and how much there was at its end.

    An asset without a createDate is not counted, nor is one that has been deleted since.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    freq : str, default "MS"
        A period by its start, as pandas names it: "D", "W-MON", "MS" (months), "QS", "YS".
    tz : str or tzinfo, optional
        The zone whose days these are; by default `KOTT_TZ`, else UTC.

    Returns
    -------
    DataFrame
        One row per period and type, from the first createDate to the last, also where nothing was
        added: `period` (its first moment, `datetime64[us, UTC]`), `type` (as in the table),
        `added`, `total` (`Int64`).

    Raises
    ------
    KottError
        `freq` is not a period by its start.

    See Also
    --------
    availability, plots.growth

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> growth = catalog.growth(kott.assets(demo.login(assets=200, defects=False)), freq="YS")
    >>> growth.groupby("type")["added"].sum().sum()
    np.int64(200)
    """
    assets = need(assets, "type", "createDate")
    created = micros(assets, "createDate")
    known = created != NAT
    codes, types = pd.factorize(assets["type"][known], sort=True, use_na_sentinel=False)
    bounds = edges(created[known], freq, tz)
    starts = bounds[:-1]
    added = np.zeros((len(starts), len(types)), dtype=np.int64)
    np.add.at(added, (period_of(created[known], bounds), codes), 1)
    table = pd.DataFrame(
        {
            "period": as_times(starts.repeat(len(types))),
            "type": types.take(np.tile(np.arange(len(types)), len(starts))),
            "added": pd.array(added.ravel(), dtype="Int64"),
            "total": pd.array(added.cumsum(axis=0).ravel(), dtype="Int64"),
        }
    )
    return named_like(table, assets)


def expiring(
    assets: pd.DataFrame,
    *,
    days: float = 30,
    freq: str = "D",
    tz: str | tzinfo | None = None,
    now: When | None = None,
) -> pd.DataFrame:
    """List the assets whose window ends soon, the first to leave on top.

    Status and files make no difference: with ``days=14`` these are what window.ending finds.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    days : float, default 30
        The number of days from `now`.
    freq : str, default "D"
        A period by its start, as pandas names it: "D", "W-MON", "MS".
    tz : str or tzinfo, optional
        The zone whose days these are; by default `KOTT_TZ`, else UTC.
    now : str, datetime or Timestamp, optional
        By default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per asset: `period` (in which it leaves, by its first moment), `endDate`
        (`datetime64[us, UTC]`), `daysLeft` (`Float64`), `type`, `id` (as in the table), `name`
        (`str`). ``.groupby(["period", "type"]).size()`` counts them.

    Raises
    ------
    KottError
        The table lacks a column, or `freq`, `tz` or `now` is not valid.

    See Also
    --------
    availability

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> soon = catalog.expiring(kott.assets(demo.login(assets=200)), days=14)
    >>> bool((soon["daysLeft"] <= 14).all())
    True
    """
    view = view_of(assets, "id", "type", "endDate", now=now, tz=tz)
    last = view.moment + round(days * DAY)
    end = view.times("endDate")
    order = np.argsort(end, kind="stable")
    rows = order[(end[order] >= view.moment) & (end[order] <= last)]
    leaves = end[rows]
    bounds = edges(leaves, freq, tz)
    table = pd.DataFrame(
        {
            "period": as_times(bounds[period_of(leaves, bounds)]),
            "endDate": as_times(leaves),
            "daysLeft": pd.array((leaves - view.moment) / DAY, dtype="Float64"),
            "type": view.table["type"].iloc[rows].array,
            "id": view.table["id"].iloc[rows].array,
            "name": view.text("name").astype("str").iloc[rows].array,
        }
    )
    return named_like(table, assets)


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

    An asset is on offer within its window, in any status and with any files: without a startDate
    from the beginning, without an endDate for ever, and never where it ends before it starts.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    start, end : str, datetime or Timestamp
        The window, counted from `now`; periods are whole, from the one that holds `start` to the
        one that holds the last moment before `end`. Words and bare dates are days of `tz`; a time
        of day without a zone is of KOTT_TZ, else UTC.
    freq : str, default "W-MON"
        A period by its start, as pandas names it: "D", "W-MON", "MS".
    tz : str or tzinfo, optional
        The zone whose days these are; by default `KOTT_TZ`, else UTC.
    now : str, datetime or Timestamp, optional
        By default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per period and type, those without a change too: `period` (its first moment,
        `datetime64[us, UTC]`), `type` (as in the table), `enters`, `leaves`, `onOffer` (`Int64`).

    Raises
    ------
    KottError
        The window ends before it starts, or `freq` is not a period by its start.

    See Also
    --------
    growth, expiring, plots.availability

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> assets = kott.assets(demo.login(assets=200, defects=False))
    >>> weeks = catalog.availability(assets, start="today", end="today+14d")
    >>> weeks.columns.tolist()
    ['period', 'type', 'enters', 'leaves', 'onOffer']
    """
    windows = need(assets, "type", "startDate", "endDate")
    first, last = micros(windows, "startDate"), micros(windows, "endDate")
    last = np.where(last == NAT, _NEVER, last)
    codes, types = pd.factorize(windows["type"], sort=True, use_na_sentinel=False)
    bounds = edges(_span(start, end, pulled(assets, now, tz), zone(tz)), freq, tz)
    valid = last > first
    entered = _counts(first[valid], codes[valid], bounds, len(types))
    gone = _counts(last[valid], codes[valid], bounds, len(types))
    periods = len(bounds) - 1
    table = pd.DataFrame(
        {
            "period": as_times(bounds[:-1].repeat(len(types))),
            "type": types.take(np.tile(np.arange(len(types)), periods)),
            "enters": pd.array(entered[1:].ravel(), dtype="Int64"),
            "leaves": pd.array(gone[1:].ravel(), dtype="Int64"),
            "onOffer": pd.array((entered - gone).cumsum(axis=0)[1:].ravel(), dtype="Int64"),
        }
    )
    return named_like(table, assets)


def _span(start: When, end: When, now: pd.Timestamp, tz: tzinfo) -> Micros:
    first, last = (bound(edge, now=now, tz=tz) for edge in (start, end))
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


def edges(times: Micros, freq: str, tz: str | tzinfo | None) -> Micros:
    """List where the periods from the first time to the last begin, and where the last one ends.

    Nothing where there are no times. `freq` is how pandas names a period by its start.
    """
    try:
        offset = to_offset(freq)
    except ValueError as error:
        raise KottError(f"freq must be {_FREQS}, not {freq!r}.") from error
    # The label of a period by its end would be a day of the period before
    if offset is None or type(offset).__name__.endswith("End"):
        raise KottError(f"freq must name a period by its start: {_FREQS}, not {freq!r}.")
    zoned = zone(tz)
    if not len(times):
        return times
    ends = as_times(np.array([times.min(), times.max()])).tz_convert(zoned).tz_localize(None)
    first, last = offset.rollback(ends[0].normalize()), ends[1].normalize() + offset
    periods = pd.date_range(first, last, freq=offset)
    # A clock change at midnight: the day begins with the earlier of two, or where the hole ends.
    earlier = np.ones(len(periods), dtype=bool)
    local = periods.tz_localize(zoned, ambiguous=earlier, nonexistent="shift_forward").unique()
    return local.tz_convert("UTC").tz_localize(None).to_numpy("datetime64[us]").view(np.int64)


def period_of(times: Micros, edges: Micros) -> Micros:
    """Return the index of each time's period: -1 before the first, the last edge's after all."""
    return np.searchsorted(edges, times, "right") - 1
