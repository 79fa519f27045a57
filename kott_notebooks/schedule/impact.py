"""How much a finding matters to viewers: its minutes, prime time, the channel's weight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import DAY, HOUR, MINUTE, at_local, local_midnights
from kott_notebooks.tables.columns import NAT, Micros, micros


def impact(
    findings: pd.DataFrame,
    *,
    prime: tuple[float, float],
    prime_weight: float,
    weights: Sequence[float | None],
    zones: Sequence[tzinfo],
    start: int | None,
    end: int,
) -> Any:
    """Weigh findings: (minutes + (prime_weight - 1) x minutes in prime time) x channel's weight.

    The minutes are those between a finding's startDate and endDate, within the window. `prime`
    are two hours of the day; `weights` and `zones` are those of each finding's channel, and None
    is a weight of 1.
    """
    first, last = micros(findings, "startDate"), micros(findings, "endDate")
    lasting = (first != NAT) & (last > first)
    first, last = np.where(lasting, first, 0), np.where(lasting, last, 0)
    if start is not None:
        first = np.maximum(first, start)
    last = np.maximum(first, np.minimum(last, end))
    in_prime = minutes_between(first, last, prime, zones)
    weight = np.array([1.0 if one is None else float(one) for one in weights])
    weighed = ((last - first) / MINUTE + in_prime * (prime_weight - 1)) * weight
    return pd.array(weighed, dtype="Float64")


def minutes_between(
    first: Micros, last: Micros, hours: tuple[float, float], zones: Sequence[tzinfo]
) -> npt.NDArray[np.float64]:
    """Return the minutes between two times that lie within two hours of the day, row by row."""
    minutes = np.zeros(len(first))
    for tz in dict.fromkeys(zones):
        rows = np.flatnonzero(np.array([one == tz for one in zones], dtype=bool) & (last > first))
        if not len(rows):
            continue
        midnights = local_midnights(
            int(first[rows].min()) - 2 * DAY, int(last[rows].max()) + DAY, tz
        )
        edges = [at_local(midnights + round(hour * HOUR), tz) for hour in hours]
        marks = np.column_stack(edges).ravel()
        grown = np.repeat(np.cumsum(edges[1] - edges[0]), 2) / MINUTE
        grown[::2] -= (edges[1] - edges[0]) / MINUTE
        minutes[rows] = np.interp(last[rows], marks, grown) - np.interp(first[rows], marks, grown)
    return minutes
