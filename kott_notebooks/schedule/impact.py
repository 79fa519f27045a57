"""How much of what viewers see a finding spoils: minutes, prime time, the channel's weight."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.schedule.spans import DAY, MINUTE
from kott_notebooks.tables.columns import NAT, Micros, as_times, micros, need, stamp

Weights: TypeAlias = Mapping[Any, float] | pd.DataFrame


def impact(
    findings: pd.DataFrame,
    *,
    prime: tuple[float, float],
    prime_weight: float,
    weights: Weights | None,
    tz: tzinfo,
    start: pd.Timestamp | None,
    end: pd.Timestamp,
) -> Any:
    """Weigh findings: (minutes + (prime_weight - 1) x minutes in prime time) x channel's weight.

    The minutes are those between a finding's startDate and endDate, within the window. `prime`
    are two hours of the day in `tz`; a channel that `weights` does not name has the weight 1. A
    table of `kott.views` weighs each channel by its views, of which the mean is 1.
    """
    first, last = _clipped(findings, start, end)
    total = _prime_until(first, last, prime, tz)
    minutes = (last - first) / MINUTE
    if isinstance(weights, pd.DataFrame):
        counted = need(weights, "assetId", "views").dropna(subset=["assetId", "views"])
        share = counted["views"] / counted["views"].mean()
        weights = dict(zip(counted["assetId"], share, strict=True))
    known = {str(one): weight for one, weight in (weights or {}).items()}
    weight = findings["linearAssetId"].astype("str").map(known).astype("Float64").fillna(1.0)
    weighed = (minutes + total * (prime_weight - 1)) * weight.to_numpy(float)
    return pd.array(weighed, dtype="Float64")


def _clipped(
    findings: pd.DataFrame, start: pd.Timestamp | None, end: pd.Timestamp
) -> tuple[Micros, Micros]:
    """Cut findings off at the window; those without time, or of less than none, last none."""
    first, last = micros(findings, "startDate"), micros(findings, "endDate")
    known = (first != NAT) & (last > first)
    first, last = np.where(known, first, 0), np.where(known, last, 0)
    if start is not None:
        first = np.maximum(first, stamp(start))
    return first, np.maximum(first, np.minimum(last, stamp(end)))


def _prime_until(first: Micros, last: Micros, prime: tuple[float, float], tz: tzinfo) -> Any:
    """Give the minutes of prime time between two times, row by row."""
    lasting = last > first
    minutes = np.zeros(len(first))
    if not lasting.any():
        return minutes
    bounds = np.array([first[lasting].min() - DAY, last[lasting].max() + DAY])
    edges = as_times(bounds).tz_convert(tz).tz_localize(None).normalize()
    days = pd.date_range(edges[0], edges[1], freq="D")
    hours = [_local(days + pd.Timedelta(hours=hour), tz) for hour in prime]
    marks = np.column_stack(hours).ravel()
    grown = np.repeat(np.cumsum(hours[1] - hours[0]), 2) / MINUTE
    grown[::2] -= (hours[1] - hours[0]) / MINUTE
    minutes[lasting] = np.interp(last[lasting], marks, grown) - np.interp(
        first[lasting], marks, grown
    )
    return minutes


def _local(times: pd.DatetimeIndex, tz: tzinfo) -> Micros:
    """Say when the clocks of a zone show these times: the earlier of two, or after the hole."""
    earlier = np.ones(len(times), dtype=bool)
    utc = times.tz_localize(tz, ambiguous=earlier, nonexistent="shift_forward").tz_convert("UTC")
    return utc.to_numpy("datetime64[us]").view(np.int64)
