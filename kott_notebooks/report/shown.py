"""A table in a notebook's cell: the columns that matter first, with a summary above each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import numpy as np
import pandas as pd
from markupsafe import Markup

from kott_notebooks.errors import as_list, whole_number
from kott_notebooks.report.page import render, resource
from kott_notebooks.tables.columns import Names, need, typed, wall
from kott_notebooks.tables.kinds import of_class
from kott_notebooks.tables.names import with_names
from kott_notebooks.tables.provenance import check_table, zone_of
from kott_notebooks.times import zone_name

ROWS = 200  # of a notebook's cell; with more it is slow to save and to open
MANY_COLUMNS = 12  # that are shown side by side
LONG = 90  # letters of a cell; a longer text unfolds on demand
BINS = 12  # of a histogram
# What people look for in a row, in this order
FIRST = (
    "row", "id", "severity", "rule", "typeName", "type", "channelName", "linearAssetId", "name",
    "field", "detail", "hint", "startDate", "endDate", "impact", "description", "images",
)  # fmt: skip
_COUNTED = ("id", "type")  # ends of names of columns whose numbers are not amounts
_NAMED = {"type": "typeName", "linearAssetId": "channelName", "regionId": "regionName"}


class Column(NamedTuple):
    """The summary above a column: its name, how much is absent, how many values, their bars."""

    name: str
    absent: str
    distinct: str
    span: str
    bars: list[tuple[int, str]]  # height in percent, and what it stands for
    right: bool


class Cell(NamedTuple):
    """A cell: the text shown, the full text if that was cut, a link, and the key to sort by."""

    text: str
    full: str = ""
    url: str = ""
    key: str = ""


@dataclass(frozen=True, repr=False)
class Shown:
    """A table as HTML, which a notebook's cell shows.

    Attributes
    ----------
    html : str
        The table.
    summary : str
        How much of it is shown.
    """

    html: str
    summary: str

    def __repr__(self) -> str:
        return f"<kott table: {self.summary}>"

    def _repr_html_(self) -> str:
        return self.html


def show(
    table: pd.DataFrame,
    fields: Sequence[str] | None = None,
    *,
    labels: pd.DataFrame | None = None,
    channels: pd.DataFrame | Names | None = None,
    tz: str | tzinfo | None = None,
    n: int = ROWS,
) -> Shown:
    """Show a table in a notebook: the columns that matter first, each with a summary above it.

    The HTML is static and complete: it stays in a saved notebook, in nbconvert and without a
    kernel; where scripts run, a click on a heading sorts, and rows come in pages.

    Parameters
    ----------
    table : DataFrame
        Any table.
    fields : list of str, optional
        The columns to show. Default: all up to 12; of more, those that people look for first and
        that have values, and the names of the others below the table.
    labels, channels : DataFrame, optional
        `kott.labels` and `kott.channels`: names then stand beside ids, as `kott.with_names` has
        them. Types are named without labels where the table has `typeDescription`.
    tz : str or tzinfo, optional
        Zone of the times; default: the zone that the table was pulled for, else KOTT_TZ, else UTC.
    n : int, default 200
        The number of rows that are shown at most; the summaries are of all rows.

    Returns
    -------
    Shown
        `.html` is the HTML. Every text is escaped; long texts unfold, pictures are links.

    Raises
    ------
    KottError
        A column is missing, or `n` is less than 0.

    See Also
    --------
    kott.flat, kott.explore

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> assets = kott.assets(demo.login(assets=40, households=0), limit=30)
    >>> kott.show(assets[["id", "name", "startDate"]])
    <kott table: 30 rows of 3 columns, 3 shown>
    """
    check_table(table)
    n = whole_number("n", n)
    if table.index.nlevels > 1 or table.index.name is not None:
        table = table.reset_index()
    table = table.rename(columns=str)
    if labels is not None or channels is not None or {"type", "typeDescription"} <= {*table}:
        table = with_names(table, labels, channels)
    wanted = None if fields is None else as_list("fields", fields)
    table = typed(table) if wanted is None else need(table, *wanted)
    zoned = zone_of(table, tz)
    given = {name: int(table[name].notna().sum()) for name in table.columns}
    chosen = _chosen(given) if wanted is None else wanted
    head = table[chosen].head(n)
    rows = f"{len(table):,} row{'' if len(table) == 1 else 's'}"
    summary = f"{rows} of {len(given)} columns, {len(chosen)} shown"
    others = [name for name in given if name not in chosen]
    notes = [f"times of {zone_name(zoned)}"] if _has_times(table[chosen]) else []
    if len(head) < len(table):
        notes.append(f"the first {len(head):,} rows are shown")
    html = render(
        "shown.html",
        caption=", ".join([summary, *notes]),
        columns=[_described(table[name], zoned) for name in chosen],
        rows=list(zip(*(_cells(head[name], zoned) for name in chosen), strict=True)),
        filled=[name for name in others if given[name]],
        empty=[name for name in others if not given[name]],
        style=Markup(resource("shown.css")),
        script=Markup(resource("shown.js")),
    )
    digest = hashlib.sha256(html.encode("utf-8", "replace")).hexdigest()[:12]
    return Shown(str(html).replace("kott-shown-id", f"kott-{digest}"), summary)


def _chosen(given: dict[str, int]) -> list[str]:
    """Choose columns and their order: those that people look for, then the fullest."""
    if len(given) <= MANY_COLUMNS:
        return list(given)
    hidden = {name for name, words in _NAMED.items() if given.get(words)} | {"objectType"}
    able = [
        name
        for name, count in given.items()
        if count and name not in hidden and "@" not in name and not name.startswith("multilingual")
    ]
    place = {name: at for at, name in enumerate(FIRST)}
    kinds = ("tags.", "metas.", "")

    def rank(name: str) -> tuple[int, int, int]:
        kind = next(at for at, start in enumerate(kinds) if name.startswith(start))
        return place.get(name, len(place)), kind, -given[name]

    return sorted(able, key=rank)[:MANY_COLUMNS]


def _has_times(table: pd.DataFrame) -> bool:
    return any(dtype.kind == "M" for dtype in table.dtypes)


# The summary above a column


def _described(column: pd.Series[Any], tz: tzinfo) -> Column:
    """Describe a column: what is absent, how many values there are, how they are spread."""
    values = column.dropna()
    share = 1 - len(values) / len(column) if len(column) else 0
    absent = "" if not share else "all absent" if share == 1 else f"{_percent(share)} absent"
    distinct = values.nunique()
    words = f"{distinct:,} value{'' if distinct == 1 else 's'}" if distinct else ""
    is_number = column.dtype.kind in "iuf" and not str(column.name).lower().endswith(_COUNTED)
    span, bars = "", list[tuple[int, str]]()
    if len(values) and (is_number or column.dtype.kind == "M"):
        shown = [text.text for text in _cells(pd.Series([values.min(), values.max()]), tz)]
        span = " to ".join(dict.fromkeys(shown))
        bars = _histogram(values)
    elif len(values) and distinct < len(values):
        most = values.value_counts().head(BINS)
        texts = _cells(pd.Series(most.index.to_list(), dtype=column.dtype), tz)
        bars = [
            (_height(count, int(most.iloc[0])), f"{cell.text}: {count:,}")
            for cell, count in zip(texts, most.to_list(), strict=True)
        ]
    return Column(str(column.name), absent, words, span, bars, column.dtype.kind in "iuf")


def _percent(share: float) -> str:
    return "<1 %" if share < 0.01 else f"{min(share, 0.99):.0%}".replace("%", " %")


def _histogram(values: pd.Series[Any]) -> list[tuple[int, str]]:
    """Count numbers or times in bands of equal width."""
    is_time = values.dtype.kind == "M"
    numbers = (
        values.dt.tz_convert("UTC").to_numpy("datetime64[us]").astype(float)
        if is_time
        else values.to_numpy(float)
    )
    numbers = numbers[np.isfinite(numbers)] / 2  # halved, since high - low might overflow
    low, high = (numbers.min(), numbers.max()) if len(numbers) else (0.0, 0.0)
    if low == high:
        return []
    place = ((numbers - low) / (high - low) * BINS).astype(int).clip(max=BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    edges = 2 * np.linspace(low, high, BINS, endpoint=False)
    marks = [
        str(np.datetime64(int(edge), "us"))[:16].replace("T", " ") if is_time else f"{edge:,.6g}"
        for edge in edges
    ]
    return [
        (_height(int(count), int(counts.max())), f"from {mark}: {count:,}")
        for count, mark in zip(counts, marks, strict=True)
    ]


def _height(count: int, most: int) -> int:
    return 0 if not count else max(6, round(100 * count / most))


# Cells


def _cells(column: pd.Series[Any], tz: tzinfo) -> list[Cell]:
    """Write a column's cells as people read them."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = wall(column, tz)
    return [_cell(value, str(column.name)) for value in column.tolist()]


def _cell(value: Any, column: str) -> Cell:
    if not isinstance(value, str):
        if pd.isna(value):
            return Cell("")
        if isinstance(value, bool):
            return Cell("yes" if value else "no")
        if isinstance(value, pd.Timestamp):
            return Cell(f"{value:%Y-%m-%d %H:%M}", key=value.isoformat())
        if isinstance(value, float):
            return Cell(f"{value:,.2f}".removesuffix(".00"), key=repr(value))
        return Cell(str(value), key=str(value))
    if value[:1] in ("[", "{") and column not in _texts() and not column.startswith("metas."):
        try:
            return _nested(msgspec.json.decode(value))
        except msgspec.DecodeError:
            pass
    text = " ".join(value.split())
    url = value if urlsplit(value[:8]).scheme in ("http", "https") else ""
    if len(text) <= LONG:
        return Cell(text, value if "\n" in value.strip() else "", url)
    return Cell(f"{text[: LONG - 1].rstrip()}…", value, url)


def _nested(content: Any) -> Cell:
    """Show a list of texts as one text, a picture as a link, anything else as JSON that unfolds."""
    entries = content if isinstance(content, list) else [content]
    if entries and all(isinstance(one, str) for one in entries):
        return _cell(", ".join(entries), "name")
    urls = [str(one.get("url")) for one in entries if isinstance(one, dict) and one.get("url")]
    words = f"{len(entries):,} entr{'y' if len(entries) == 1 else 'ies'}"
    full = msgspec.json.format(msgspec.json.encode(content), indent=2).decode()
    first = next((url for url in urls if url.startswith(("http://", "https://"))), "")
    return Cell(words, full, first, key=str(len(entries)))


@cache
def _texts() -> frozenset[str]:
    """Return the names of columns of plain texts, which may look like JSON: a film "[1408]"."""
    classes = ("KalturaMediaAsset", "KalturaProgramAsset")
    kinds = [item for cls in classes for item in of_class(cls).items()]
    return frozenset(name for name, kind in kinds if kind == "text") | {"detail", "hint", "ksql"}
