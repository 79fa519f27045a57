"""What kinds of programmes a channel shows, when, and how fully they are described."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.errors import KottError
from kott_notebooks.schedule.spans import (
    DAY,
    MINUTE,
    TIMED,
    Channels,
    Columns,
    clipped,
    keys,
    known_names,
    named,
    spans_of,
    window,
)
from kott_notebooks.tables import tags
from kott_notebooks.tables.columns import Micros, as_times, zone_of
from kott_notebooks.times import When

QUARTER = 15 * MINUTE  # the offset of every zone is a multiple of it
_NONE = "none"
PROPERTIES = ("name", "description", "images")  # measured by default, with all metas and tags


def genre_of(epg: pd.DataFrame, column: str = "tags.Genre") -> npt.NDArray[Any]:
    """Return each programme's first genre, `none` where it has none; cells may be JSON or text."""
    lists = epg[column] if tags.has_lists(epg[column]) else tags.read(epg[column])
    codes, cells = pd.factorize(lists)
    genres = [next(values(cell), _NONE) for cell in cells]
    return np.array([*genres, _NONE], dtype=object)[codes]


def values(cell: Any) -> Iterator[str]:
    """Return the values of a tag's cell, a JSON list; any other text is itself a value."""
    text = str(cell).strip()
    try:
        entries = msgspec.json.decode(text) if text.startswith("[") else [text]
    except msgspec.DecodeError:  # "[Live] Music"
        entries = [text]
    yield from (str(one) for one in entries if one)


def lineup_mix(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    genre: str = "tags.Genre",
    tz: str | tzinfo | None = None,
    start: When | None = None,
    end: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure what is shown at which hour of the day, by genre.

    The minutes of a programme count in the hours in which they lie, for its first genre.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : iterable of ids or names, or DataFrame of `kott.channels`, default: those that occur
        The channels to look at.
    genre : str, default "tags.Genre"
        The column of genres.
    tz : str or tzinfo, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone of the hours.
    start, end : str, date, datetime or Timestamp, default: as the table was pulled
        The window; without either, from the first start to a day after the last, since some
        programmes never end. Words and bare dates are days of `tz`; a time of day without a zone
        is of KOTT_TZ, else UTC.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per hour and genre that occurs: `hour` (0 to 23; `Int64`), `genre` (`str`; "none"
        for programmes without one), `minutes` (of all channels and days), `share` (of the minutes
        of the hour; `Float64`).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    completeness, plots.genre_clock

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "linearAssetId": [7], "tags.Genre": ["News"],
    ...     "startDate": ["2026-03-01T20:30"], "endDate": ["2026-03-01T21:30"],
    ... })
    >>> schedule.lineup_mix(epg)[["hour", "minutes"]].values.tolist()
    [[20, 30.0], [21, 30.0]]
    """
    epg = named(epg, columns, *TIMED, genre, channels=channels)
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


def completeness(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    by: Iterable[str] | str = ("channel", "genre"),
    genre: str = "tags.Genre",
    properties: Iterable[str] = PROPERTIES,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure how many programmes of each channel and genre have each property, meta and tag.

    Blank text and empty lists are absent, and so is a tag without a value. A programme counts for
    its first genre.

    Parameters
    ----------
    epg : DataFrame
        Programmes: the table of `kott.epg` or `xmltv.read`, or any other with `columns`.
    channels : DataFrame of `kott.channels`, or iterable of ids or names, optional
        The channels to look at, by default those that occur; a table gives their names too.
    by : "channel", "genre" or a list of both, default both
        What programmes are grouped by.
    genre : str, default "tags.Genre"
        The column of genres. Where the table lacks it, the genre is `none` everywhere.
    properties : iterable of str, default name, description and images
        Properties to measure beside every `metas.*` and `tags.*`, of those that the table has.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per group and field, by channel, then genre: linearAssetId (as in `epg`) and
        channelName (`str`, where names are known), genre (`str`; `none` for programmes without),
        field, kind (property, meta, tag, image; `str`), rows (programmes of the group), filled
        (those that have the field; `Int64`), share (filled / rows, `Float64`). Fields are named as
        `catalog.completeness` names them: `images.16:9` for each ratio that occurs.

    Raises
    ------
    KottError
        `by` names something else, a column is missing, or a channel is not known.

    See Also
    --------
    catalog.completeness : The same for assets, by type.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=2, days=2, households=0, defects=False)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> table = schedule.completeness(epg, by="channel")
    >>> table.loc[table["field"] == "description", "share"].tolist()
    [1.0, 1.0]
    """
    groups = [by] if isinstance(by, str) else list(by)
    if not groups or set(groups) - {"channel", "genre"}:
        raise KottError(f'by must be "channel", "genre" or a list of both, not {by!r}.')
    epg = named(epg, columns, *TIMED, channels=channels).reset_index(drop=True)
    if channels is not None:
        labels, _ = spans_of(epg, channels)
        epg = epg[keys(epg["linearAssetId"]).isin(set(keys(pd.Series(labels))))]
    genres = genre_of(epg, genre) if genre in epg.columns else np.full(len(epg), _NONE)
    grouped = {"channel": epg["linearAssetId"], "genre": pd.Series(genres, epg.index, dtype="str")}
    key = pd.DataFrame({one: grouped[one] for one in ("channel", "genre") if one in groups})
    key = key.rename(columns={"channel": "linearAssetId"})
    code = key.groupby(list(key.columns), dropna=False).ngroup()
    table = catalog.completeness(epg.assign(type=code), properties=properties)
    own = key.assign(type=code).drop_duplicates("type").set_index("type").reindex(table["type"])
    if "linearAssetId" in own.columns and (names := known_names(epg, channels)):
        own.insert(1, "channelName", keys(own["linearAssetId"]).map(names).astype("str"))
    return pd.concat([own.reset_index(drop=True), table.drop(columns="type")], axis=1)
