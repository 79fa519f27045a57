"""What the analysis asks of any table: its columns, when it was pulled, the window asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables.provenance import asked, pulled, zone_of

__all__ = [
    "NAT", "Micros", "Names", "as_times", "asked", "channel_ids", "micros", "need", "pulled",
    "stamp", "zone_of",
]  # fmt: skip

Names: TypeAlias = "Mapping[Any, str] | pd.Series[str]"
Micros: TypeAlias = npt.NDArray[np.int64]

NAT = np.iinfo(np.int64).min  # what numpy makes of a time that is absent


def need(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the table if it has these columns; raise KottError that names the missing ones."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        has = ", ".join(map(str, table.columns[:8])) or "none at all"
        more = ", ..." if len(table.columns) > 8 else ""
        raise KottError(
            f"The table has no column {', '.join(missing)}; it has {has}{more}. "
            "Give a table of kott.assets, kott.epg or kott.households with these columns kept."
        )
    return table


def channel_ids(channels: Iterable[Any] | pd.DataFrame) -> list[Any]:
    """List the ids of channels that are given as ids, or as the table of `kott.channels`."""
    if isinstance(channels, pd.DataFrame):
        channels = need(channels, "id")["id"]
    return list(dict.fromkeys(channels))


def micros(table: pd.DataFrame, column: str) -> Micros:
    """Give a column of times as whole microseconds since 1970, UTC; what is absent is `NAT`.

    Times without a zone are UTC. Raises KottError for a column of something else.
    """
    times = table[column]
    if times.dtype.kind != "M":
        times = _read_times(times, column)
    return times.to_numpy("datetime64[us]").view(np.int64)


def _read_times(times: pd.Series[Any], column: str) -> pd.Series[Any]:
    try:
        if pd.api.types.is_numeric_dtype(times.dtype):
            raise ValueError("numbers")
        return pd.to_datetime(times, utc=True)
    except (ValueError, TypeError) as error:
        raise KottError(
            f"{column} does not hold times ({times.dtype}): convert it with pd.to_datetime."
        ) from error


def stamp(time: pd.Timestamp) -> int:
    """Give a time as whole microseconds since 1970, UTC."""
    return int(time.as_unit("us").asm8.astype(np.int64))


def as_times(stamps: Micros) -> pd.DatetimeIndex:
    """Make times in UTC of microseconds since 1970."""
    return pd.DatetimeIndex(stamps.view("datetime64[us]")).tz_localize("UTC")
