"""Nested cells as tables of their own, keyed by the row that holds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from kott_notebooks import schema
from kott_notebooks.tables import frames
from kott_notebooks.tables import tags as tagging
from kott_notebooks.tables.columns import kinds_of, need, own_name, wall
from kott_notebooks.times import zone

KEY = "assetId"


def explode(table: pd.DataFrame, column: str, *, key: str = "id") -> pd.DataFrame:
    """Lay a nested column out: one row per entry.

    Parameters
    ----------
    table : DataFrame
        Any table of ours, also read back from a file.
    column : str
        The nested column, such as "images", or "mediaFiles".
    key : str, default "id"
        The column that identifies a row of `table`.

    Returns
    -------
    DataFrame
        One row per entry: `assetId` (the key, of its dtype; a key other than `id` has its own
        name), then the properties of the entry, of the schema's dtypes where it lists the entry's
        class. The entries of a map have their name as `key`. A row whose cell is empty or not
        JSON has no row here.

    Raises
    ------
    KottError
        A column is missing.

    See Also
    --------
    images, media_files, tags, translations : The columns that are laid out most.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> list(kott.explode(assets, "images").columns[:3])
    ['assetId', 'objectType', 'ratio']
    """
    table = need(table, column := own_name(table, column), key)
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


def images(table: pd.DataFrame) -> pd.DataFrame:
    """Lay images out: one row per image of an asset.

    Parameters
    ----------
    table : DataFrame
        Assets or programmes.

    Returns
    -------
    DataFrame
        One row per image: `assetId` (`Int64`), `id`, `ratio`, `url` (`str`), `width`, `height`
        (pixels), `version`, `imageTypeId` (`Int64`), `isDefault` (`boolean`), `imageTypeName`
        (`str`).

    Raises
    ------
    KottError
        The table has no column `images`, or no `id`.

    See Also
    --------
    media_files, catalog.ratios

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> images = kott.images(kott.assets(demo.login(assets=60)))
    >>> sorted(images["ratio"].unique())
    ['16:9', '1:1', '2:3']
    """
    return explode(table, "images")


def media_files(table: pd.DataFrame) -> pd.DataFrame:
    """Lay media files out: one row per file of an asset.

    Parameters
    ----------
    table : DataFrame
        Assets.

    Returns
    -------
    DataFrame
        One row per file: `assetId`, `id`, `typeId`, `fileSize` (bytes), `duration` (seconds by the
        documentation, milliseconds on some servers; `Int64`), `type`, `url`, `externalId` (`str`),
        `startDate`, `endDate` (`datetime64[us, UTC]`), `status` (`boolean`) and the further
        properties of KalturaMediaFile.

    Raises
    ------
    KottError
        The table has no column `mediaFiles`, or no `id`.

    See Also
    --------
    images, explode

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> files = kott.media_files(kott.assets(demo.login(assets=60)))
    >>> "DASH_Main" in set(files["type"])
    True
    """
    return explode(table, "mediaFiles")


def tags(table: pd.DataFrame, *names: str) -> pd.DataFrame:
    """Lay tags out: one row per value of a tag.

    Parameters
    ----------
    table : DataFrame
        Assets or programmes.
    *names : str
        The tags, such as "Genre", or "Genre@fra" for a language, in whatever case; by default all.

    Returns
    -------
    DataFrame
        One row per value: `assetId` (`Int64`), `tag`, `value` (`str`). A value that occurs twice in
        one cell has one row.

    Raises
    ------
    KottError
        The table has no `id`, or no tag of a name.

    See Also
    --------
    explode, catalog.values

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> tags = kott.tags(kott.assets(demo.login(assets=60)), "Genre", "Studio")
    >>> list(tags.columns), sorted(tags["tag"].unique())
    (['assetId', 'tag', 'value'], ['Genre', 'Studio'])
    """
    columns = [own_name(table, f"tags.{name}") for name in names] or tagging.fields(table, "tags.")
    table = need(table, "id", *columns)
    parts = [tagging.values(table[name]).assign(tag=name.removeprefix("tags.")) for name in columns]
    laid = pd.concat([pd.DataFrame(columns=["row", "tag", "value"]), *parts], ignore_index=True)
    return _keyed(table, laid, ["tag", "value"])


def translations(table: pd.DataFrame) -> pd.DataFrame:
    """Lay translations out: one row per field and language of an asset.

    Parameters
    ----------
    table : DataFrame
        Assets or programmes that were listed with ``language="*"``: the API sends translations only
        then.

    Returns
    -------
    DataFrame
        One row per text: `assetId` (`Int64`), `field`, `language`, `value` (`str`). Each value of a
        tag has a row.

    Raises
    ------
    KottError
        The table has no `id`.

    See Also
    --------
    tags, catalog.languages

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> assets = kott.assets(demo.login(assets=60), language="*")
    >>> sorted(kott.translations(assets)["language"].unique())
    ['ell', 'eng', 'fra']
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
    """Add the id of each `row` as the first column."""
    owner = table["id"].take(laid["row"].to_numpy(np.intp)).array
    return pd.DataFrame({KEY: owner, **{name: laid[name].astype("str").array for name in texts}})


def flat(
    table: pd.DataFrame, *, tz: str | tzinfo | None = None, safe: bool = False
) -> pd.DataFrame:
    """Make every cell readable by people, for CSV and Excel; rows and columns stay the same.

    A tag becomes its values joined by `; `, where a value with a semicolon or a quote is quoted as
    in CSV: `Drama; "Rock; Pop"`. Every function of ours reads such cells as the same lists again.
    A list of objects (images, media files) becomes their number (`Int64`); other objects stay JSON.

    Parameters
    ----------
    table : DataFrame
        Any table of ours.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the times, which become local times without a zone, as Excel has them.
    safe : bool, default False
        Put an apostrophe before text that a spreadsheet would run as a formula.

    Returns
    -------
    DataFrame
        The table with such cells.

    Raises
    ------
    KottError
        `tz` is not a zone.

    See Also
    --------
    export, explode

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> flat = kott.flat(kott.assets(demo.login(assets=60)))
    >>> flat["startDate"].dtype, flat["images"].dtype
    (dtype('<M8[us]'), Int64Dtype())
    """
    table = need(table)
    shown: dict[str, pd.Series[Any]] = {}
    known = kinds_of(table.columns)
    with frames.no_garbage_collection():
        for name in map(str, table.columns):
            is_text = name.startswith("metas.") or known.get(name.partition("@")[0]) == "text"
            if isinstance(table[name].dtype, pd.DatetimeTZDtype):
                shown[name] = wall(table[name], zone(tz))
            elif table[name].dtype == "str" and not is_text:
                shown[name] = _readable(table[name])
    flat_table = table.assign(**shown)
    return flat_table.apply(harmless) if safe else flat_table


def harmless(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Put an apostrophe before texts that a spreadsheet would run as a formula."""
    if not pd.api.types.is_string_dtype(cells.dtype):
        return cells
    return cells.str.replace(r"^(?=[=+\-@\t\r])", "'", regex=True)


def without_counts(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out nested columns that hold counts instead of JSON, as `flat` makes them."""
    lists = [table[name].dropna() for name in ("images", "mediaFiles") if name in table]
    counts = [one.name for one in lists if len(one) and not str(one.iloc[0]).startswith("[")]
    return table.drop(columns=counts)


def _readable(column: pd.Series[Any]) -> pd.Series[Any]:
    """Join a column's lists of texts, count its lists of objects; leave other columns alone."""
    given = column.notna().to_numpy(bool)
    if not given.any() or not str(column.iloc[int(given.argmax())]).startswith("["):
        return column
    codes, distinct = pd.factorize(column)
    cells = distinct.to_numpy(object)
    text = f"[{','.join(cells)}]"
    lists: list[list[Any]] = []
    try:
        with contextlib.suppress(msgspec.ValidationError):
            lists = msgspec.json.decode(text, type=list[list[str]])
        if any(lists) and len(lists) == len(cells):
            shown = pd.Series([*tagging.joined(lists, text), None], dtype="str")
        else:
            lists = msgspec.json.decode(text, type=list[list[msgspec.Raw]])
            shown = pd.Series([*map(len, lists), None], dtype="Int64")
    except msgspec.MsgspecError:
        return column
    if len(lists) != len(cells):
        return column
    return pd.Series(shown.take(codes).array, column.index, name=column.name)


def _cells(table: pd.DataFrame, column: str, key: str) -> Iterator[tuple[Any, Any]]:
    """Yield each row's key and decoded cell, for rows whose cell is JSON."""
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
    """Name the class of a column's entries: the one that they name, else the schema's."""
    named = {str(one["objectType"]) for one in entries if "objectType" in one}
    if len(named) == 1:
        return named.pop()
    kinds = {schema.properties(cls).get(column, "") for cls in _HOLDERS}
    classes = {kind.partition(":")[2] for kind in kinds if ":" in kind}
    return classes.pop() if len(classes) == 1 else None


_HOLDERS = ("KalturaLiveAsset", "KalturaProgramAsset", "KalturaHouseholdDevice", "KalturaOTTUser")
