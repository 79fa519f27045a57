"""Nested cells laid out: tables to tables, keyed by the row they came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from kott_notebooks import schema
from kott_notebooks.tables import frames
from kott_notebooks.tables import tags as tagging
from kott_notebooks.tables.columns import need, wall
from kott_notebooks.times import zone

KEY = "assetId"


def explode(table: pd.DataFrame, column: str, *, key: str = "id") -> pd.DataFrame:
    """Lay a nested column out: one row per entry, `assetId` first, then the entry's properties.

    A map's entries get their name as `key`. Types are the schema's where it lists the entry's
    class. A row with nothing in the cell has no row here. `key` names the column that identifies
    a row of `table`; it stands in the result as `assetId` (of another name: as itself).
    """
    table = need(table, column, key)
    owners, entries = [], []
    for owner, cell in _cells(table, column, key):
        for entry in _entries(cell):
            owners.append(owner)
            entries.append(entry)
    laid = frames.frame(entries, _entry_class(column, entries))
    name = KEY if key == "id" else key
    owned = pd.Series(owners, dtype=table[key].dtype, name=name)
    laid = laid.drop(columns=name, errors="ignore").reindex(owned.index)
    laid.insert(0, name, owned)
    return laid


def images(assets: pd.DataFrame) -> pd.DataFrame:
    """Lay images out: one row per picture of an asset.

    `assetId` Int64, then KalturaMediaImage: id, ratio, url `str`, width, height, version,
    imageTypeId `Int64` (pixels), isDefault `boolean`, imageTypeName `str`.
    """
    return explode(assets, "images")


def media_files(assets: pd.DataFrame) -> pd.DataFrame:
    """Lay media files out: one row per file of an asset.

    `assetId` Int64, then KalturaMediaFile: id, typeId, fileSize (bytes), duration `Int64` (seconds
    by the documentation, milliseconds on some servers), type, url, externalId `str`,
    startDate, endDate `datetime64[us, UTC]`, status `boolean` ...
    """
    return explode(assets, "mediaFiles")


def tags(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Lay tags out, all or those named: one row per value; `assetId` Int64, `tag`, `value` str.

    Values that stand twice on one row are given once. A language of a tag is named `Genre@fra`.
    """
    columns = [f"tags.{name}" for name in names] or tagging.fields(table, "tags.")
    table = need(table, "id", *columns)
    parts = [tagging.values(table[name]).assign(tag=name.removeprefix("tags.")) for name in columns]
    laid = pd.concat([pd.DataFrame(columns=["row", "tag", "value"]), *parts], ignore_index=True)
    return _keyed(table, laid, ["tag", "value"])


def translations(table: pd.DataFrame) -> pd.DataFrame:
    """Lay translations out: one row per text; `assetId` Int64, `field`, `language`, `value` str.

    Give a table that was listed with `language="*"`: only then does the API send them. Of a tag,
    each value of the list is a row.
    """
    table = need(table, "id")
    parts: list[pd.DataFrame] = []
    for field in map(str, table.columns):
        for language, column in tagging.languages(table, field).items():
            given = table[column].notna().to_numpy(bool)
            laid = pd.DataFrame({"row": np.flatnonzero(given), "value": table[column][given].array})
            if field.startswith("tags."):
                laid = tagging.values(table[column])
            parts.append(laid.assign(field=field, place=len(parts), language=language))
    columns = ["field", "language", "value"]
    laid = pd.concat([pd.DataFrame(columns=["row", "place", *columns]), *parts])
    order = laid.groupby("field", sort=False)["place"].transform("min")
    laid = laid.assign(first=order).sort_values(["first", "row", "place"], kind="stable")
    return _keyed(table, laid, columns)


def _keyed(table: pd.DataFrame, laid: pd.DataFrame, texts: list[str]) -> pd.DataFrame:
    """Put the id of each `row` before the texts that were laid out."""
    owner = table["id"].take(laid["row"].to_numpy(np.intp)).array
    return pd.DataFrame({KEY: owner, **{name: laid[name].astype("str").array for name in texts}})


def flat(table: pd.DataFrame, *, tz: str | tzinfo = "UTC", safe: bool = False) -> pd.DataFrame:
    """Make every cell one that people read, for CSV and Excel: the same rows and columns.

    A tag becomes its values joined by `, `; a list (images, media files) becomes how many there
    are, Int64; translations become the first one; other objects stay JSON. Times are those of
    `tz`, without a zone, as Excel has them. `safe` puts an apostrophe before texts that a
    spreadsheet would run as a formula.
    """
    table = need(table)
    shown: dict[str, pd.Series[Any]] = {}
    for name in map(str, table.columns):
        if isinstance(table[name].dtype, pd.DatetimeTZDtype):
            shown[name] = wall(table[name], zone(tz))
        elif table[name].dtype == "str" and not name.startswith("metas."):
            shown[name] = _readable(table[name])
    flat_table = table.assign(**shown)
    return flat_table.apply(harmless) if safe else flat_table


def harmless(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Put an apostrophe before texts that a spreadsheet would run as a formula."""
    if not pd.api.types.is_string_dtype(cells.dtype):
        return cells
    return cells.str.replace(r"^(?=[=+\-@\t\r])", "'", regex=True)


def without_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out nested columns that hold no JSON: `flat` has put counts in their place."""
    lists = [table[name].dropna() for name in ("images", "mediaFiles") if name in table]
    counts = [one.name for one in lists if len(one) and not str(one.iloc[0]).startswith("[")]
    return table.drop(columns=counts)


def _readable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Join a column's lists of texts, count its lists of objects; leave other columns alone."""
    given = column.notna().to_numpy(bool)
    cells = column.to_numpy(object)[given]
    if not len(cells) or cells[0].lstrip()[:1] != "[":
        return column
    text = f"[{','.join(cells)}]"
    try:
        entries = msgspec.json.decode(text, type=list[list[msgspec.Raw]])
    except msgspec.MsgspecError:
        return column
    if len(entries) != len(cells):
        return column
    if str(column.name).startswith("multilingual"):
        firsts = [
            next(iter(tagging.tokens(msgspec.json.decode(one)).values()), None) for one in cells
        ]
        return _filled(column, given, firsts)
    try:
        lists = msgspec.json.decode(text, type=list[list[str]])
    except msgspec.ValidationError:
        lists = []
    if not any(lists):
        counts = pd.Series(pd.NA, column.index, dtype="Int64", name=column.name)
        counts[given] = [len(one) for one in entries]
        return counts
    return _filled(column, given, [", ".join(dict.fromkeys(one)) for one in lists])


def _filled(column: pd.Series[Any], given: Any, texts: list[str | None]) -> pd.Series[Any]:
    cells = np.full(len(column), None, dtype=object)
    cells[given] = texts
    return pd.Series(cells, column.index, dtype="str", name=column.name)


def _cells(table: pd.DataFrame, column: str, key: str) -> Iterator[tuple[Any, Any]]:
    """Give each row's key and decoded cell, where there is one; text that is no JSON has none."""
    for owner, cell in zip(table[key], table[column], strict=True):
        if not isinstance(cell, str) or cell[:1] not in ("{", "["):
            continue
        try:
            yield owner, msgspec.json.decode(cell)
        except msgspec.DecodeError:
            continue


def _entries(cell: Any) -> Iterable[dict[str, Any]]:
    if isinstance(cell, list):
        return [one if isinstance(one, dict) else {"value": one} for one in cell]
    if "objects" in cell or "objectType" in cell:
        return [one for one in cell.get("objects") or [] if isinstance(one, dict)]
    return [
        {"key": name} | (one if isinstance(one, dict) else {"value": one})
        for name, one in cell.items()
    ]


def _entry_class(column: str, entries: list[dict[str, Any]]) -> str | None:
    """Name the class of a column's entries: what they say, else what the schema says of it."""
    said = {str(one["objectType"]) for one in entries if "objectType" in one}
    if len(said) == 1:
        return said.pop()
    kinds = {schema.properties(cls).get(column, "") for cls in _HOLDERS}
    classes = {kind.partition(":")[2] for kind in kinds if ":" in kind}
    return classes.pop() if len(classes) == 1 else None


_HOLDERS = ("KalturaLiveAsset", "KalturaProgramAsset", "KalturaHouseholdDevice", "KalturaOTTUser")
