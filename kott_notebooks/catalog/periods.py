"""Days, weeks, months as the clocks of a zone have them."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import Micros, as_times
from kott_notebooks.times import zone


def edges(times: Micros, freq: str, tz: str | tzinfo | None) -> Micros:
    """List where the periods from the first time to the last begin, and where the last one ends.

    Nothing where there are no times. `freq` is how pandas names a period by its start.
    """
    try:
        offset = to_offset(freq)
    except ValueError as error:
        raise KottError(
            f"{freq!r} is no period: write 'D', 'W-MON', 'MS', 'QS' or 'YS'."
        ) from error
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
    """Give the place of each time's period; -1 before the first, and the last edge's after all."""
    return np.searchsorted(edges, times, "right") - 1
