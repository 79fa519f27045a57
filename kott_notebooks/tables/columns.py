"""What the analysis asks of any table: its columns, when it was pulled, the window asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.times import When, instant, present

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


def pulled(table: pd.DataFrame, now: When | None = None) -> pd.Timestamp:
    """Give `now` if it is given, else when the table was pulled, else the present time."""
    when = now if now is not None else _provenance(table).get("when")
    return present() if when is None else instant(when)


def asked(
    table: pd.DataFrame, start: When | None = None, end: When | None = None
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Give the window: what is given here, else what the pull asked for, else None (not known)."""
    known = _provenance(table)
    first = _bound(table, known.get("start") if start is None else start)
    last = _bound(table, known.get("end") if end is None else end)
    if first is not None and last is not None and last <= first:
        raise KottError(f"The window ends at {last} and starts at {first}: give a later end.")
    return first, last


def _bound(table: pd.DataFrame, bound: When | None) -> pd.Timestamp | None:
    return None if bound is None else instant(bound, now=pulled(table))


def _provenance(table: pd.DataFrame) -> dict[str, Any]:
    return dict(table.attrs.get("kott") or {})


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
