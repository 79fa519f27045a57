"""Nested cells laid out: tables to tables, keyed by the row they came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pandas as pd

from kott_notebooks import schema
from kott_notebooks.tables import frames
from kott_notebooks.tables.columns import need

KEY = "assetId"


def explode(table: pd.DataFrame, column: str, *, key: str = "id") -> pd.DataFrame:
    """Lay a nested column out: one row an entry, `assetId` first, then the entry's properties.

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
    """Lay images out: one row a picture of an asset.

    `assetId` Int64, then KalturaMediaImage: id, ratio, url `str`, width, height, version,
    imageTypeId `Int64` (pixels), isDefault `boolean`, imageTypeName `str`.
    """
    return explode(assets, "images")


def media_files(assets: pd.DataFrame) -> pd.DataFrame:
    """Lay media files out: one row a file of an asset.

    `assetId` Int64, then KalturaMediaFile: id, typeId, fileSize (bytes), duration `Int64` (seconds
    by the documentation, milliseconds on some servers), type, url, externalId `str`,
    startDate, endDate `datetime64[us, UTC]`, status `boolean` ...
    """
    return explode(assets, "mediaFiles")


def tags(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Lay tags out, all or those named: one row a value; `assetId` Int64, `tag`, `value` str.

    Values that stand twice on one row are given once. Where all languages were asked for, the
    first translation is the value.
    """
    columns = [f"tags.{name}" for name in names] or _starting(table, "tags.")
    table = need(table, "id", *columns)
    rows = [
        (owner, column.removeprefix("tags."), value)
        for column in columns
        for owner, cell in _cells(table, column, "id")
        for value in dict.fromkeys(_values(cell))
    ]
    laid = pd.DataFrame(rows, columns=[KEY, "tag", "value"])
    return laid.astype({KEY: table["id"].dtype, "tag": "str", "value": "str"})


def translations(table: pd.DataFrame) -> pd.DataFrame:
    """Lay translations out: one row a text; `assetId` Int64, `field`, `language`, `value` str.

    Give a table that was listed with `language="*"`: only then does the API send them.
    """
    named = {"multilingualName": "name", "multilingualDescription": "description"}
    table = need(table, "id")
    columns = [*named, *_starting(table, "metas."), *_starting(table, "tags.")]
    rows = [
        (owner, named.get(column, column), token.get("language"), token.get("value"))
        for column in columns
        if column in table and table[column].dtype == "str"
        for owner, cell in _cells(table, column, "id")
        for token in _tokens(cell)
    ]
    laid = pd.DataFrame(rows, columns=[KEY, "field", "language", "value"])
    return laid.astype({KEY: table["id"].dtype, "field": "str", "language": "str", "value": "str"})


def flat(table: pd.DataFrame, *, safe: bool = False) -> pd.DataFrame:
    """Make every cell one that people read, for CSV and Excel: the same rows and columns.

    A tag becomes its values joined by `, `; a list (images, media files) becomes how many there
    are, Int64; a text in all languages becomes its first translation; other objects stay JSON.
    `safe` puts an apostrophe before texts that a spreadsheet would run as a formula.
    """
    table = need(table)
    nested = [name for name in table.columns if _is_nested(table[name])]
    shown = {name: _readable(table[name].reset_index(drop=True)) for name in nested}
    flat_table = table.assign(**{name: one.set_axis(table.index) for name, one in shown.items()})
    return flat_table.apply(_harmless) if safe else flat_table


def _harmless(cells: pd.Series) -> pd.Series:
    if not pd.api.types.is_string_dtype(cells.dtype):
        return cells
    return cells.str.replace(r"^(?=[=+\-@\t\r])", "'", regex=True)


def _readable(cells: pd.Series) -> pd.Series:
    decoded = [msgspec.json.decode(cell) for cell in cells.dropna()]
    if all(_is_text_in_languages(one) for one in decoded):
        texts: list[Any] = [next((t.get("value") for t in one), None) for one in decoded]
    elif all(isinstance(one, list) for one in decoded):
        counts = pd.Series([len(one) for one in decoded], cells.dropna().index, dtype="Int64")
        return counts.reindex(cells.index)
    else:
        texts = [_joined(one) for one in decoded]
    return pd.Series(texts, cells.dropna().index, dtype="str").reindex(cells.index)


def _joined(value: Any) -> str:
    if isinstance(value, dict) and ("objects" in value or "value" in value):
        return ", ".join(dict.fromkeys(_values(value)))
    return msgspec.json.encode(value).decode()


def _is_nested(column: pd.Series) -> bool:
    if column.dtype != "str":
        return False
    given = column.dropna()
    return bool(len(given)) and bool(given.str.match(r"\s*[\[{]").all() and _all_json(given))


def _all_json(cells: pd.Series) -> bool:
    try:
        msgspec.json.decode(f"[{','.join(cells)}]")
    except msgspec.DecodeError:
        return False
    return True


def _is_text_in_languages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict) and "language" in one and "value" in one for one in value
    )


def _starting(table: pd.DataFrame, prefix: str) -> list[str]:
    return [str(name) for name in table.columns if str(name).startswith(prefix)]


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


def _values(tag: Any) -> Iterator[str]:
    """Give a tag's values, in either of the shapes that servers use."""
    if not isinstance(tag, dict):
        return
    for one in tag.get("objects") or ([tag] if "value" in tag else []):
        if not isinstance(one, dict):
            continue
        value = one.get("value")
        if value is None:
            value = next((token.get("value") for token in one.get("multilingualValue") or []), None)
        if value is not None:
            yield str(value)


def _tokens(cell: Any) -> Iterator[dict[str, Any]]:
    """Give the translation tokens of a name, a meta or a tag."""
    if isinstance(cell, dict):
        for one in filter(None, cell.get("objects") or []):
            yield from one.get("multilingualValue") or []
    elif _is_text_in_languages(cell):
        yield from cell
