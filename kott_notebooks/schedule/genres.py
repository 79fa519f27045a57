"""What kinds of programmes a channel shows, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import (
    DAY,
    MINUTE,
    TIMED,
    Channels,
    Columns,
    clipped,
    named,
    spans_of,
    window,
)
from kott_notebooks.tables import tags
from kott_notebooks.tables.columns import Micros, as_times, zone_of
from kott_notebooks.times import When

QUARTER = 15 * MINUTE  # every zone is off by so many of them
_NONE = "none"


def genre_of(epg: pd.DataFrame, column: str = "tags.Genre") -> npt.NDArray[Any]:
    """Give each programme's first genre, `none` where it has none; cells may be JSON or text."""
    lists = epg[column] if tags.has_lists(epg[column]) else tags.read(epg[column])
    codes, cells = pd.factorize(lists)
    genres = [next(values(cell), _NONE) for cell in cells]
    return np.array([*genres, _NONE], dtype=object)[codes]


def values(cell: Any) -> Iterator[str]:
    """Give the values of a tag's cell, a JSON list; other text is a value."""
    text = str(cell).strip()
    entries = msgspec.json.decode(text) if text.startswith("[") else [text]
    yield from (str(one) for one in entries if one)


def lineup_mix(
    epg: pd.DataFrame,
    *,
    genre: str = "tags.Genre",
    tz: str | tzinfo | None = None,
    start: When | None = None,
    end: When | None = None,
    channels: Channels | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure what is shown at which hour of the day, by genre.

    One row an hour and genre that occurs: hour (0 to 23 in `tz`, Int64), genre (str; `none` for
    programmes without), minutes (of all channels and days), share (of the hour's minutes; Float64).
    A programme's minutes count in the hours in which they lie, for its first genre. The window is
    the one that the table was pulled for, else from the first start to a day after the last: some
    programmes never end.
    """
    epg = named(epg, columns, *TIMED, genre)
    _, spans = spans_of(epg, channels)
    first, last = window(epg, start, end, tz)
    edge = max(spans.start, default=0) + DAY if last is None else last
    spans = clipped(spans, first, edge)
    first_piece = spans.start // QUARTER
    pieces = -(-spans.end // QUARTER) - first_piece
    row = np.repeat(np.arange(len(pieces)), pieces)
    place = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    since = (first_piece[row] + place) * QUARTER
    lasts = np.minimum(spans.end[row], since + QUARTER) - np.maximum(spans.start[row], since)
    shown = pd.DataFrame(
        {
            "hour": _local_hour(since, zone_of(epg, tz)),
            "genre": pd.array(genre_of(epg, genre)[spans.row[row]], dtype="str"),
            "minutes": pd.array(lasts / MINUTE, dtype="Float64"),
        }
    )
    mix = shown.groupby(["hour", "genre"])["minutes"].sum().reset_index()
    mix["share"] = mix["minutes"] / mix.groupby("hour")["minutes"].transform("sum")
    return mix


def _local_hour(times: Micros, tz: tzinfo) -> Any:
    known, at = np.unique(times, return_inverse=True)
    return pd.array(as_times(known).tz_convert(tz).hour.to_numpy()[at], dtype="Int64")
