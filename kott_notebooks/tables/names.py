"""Names beside ids: of types, channels, regions, brands and roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import Names, id_texts, need
from kott_notebooks.tables.kinds import STR
from kott_notebooks.tables.provenance import check_table

LABELLED = {  # the column of ids: the kind of its labels, and the column of names
    "type": ("assetStruct", "typeName"),
    "regionId": ("region", "regionName"),
    "brandId": ("deviceBrand", "brandName"),
    "deviceFamilyId": ("deviceFamily", "deviceFamilyName"),
    "deviceFamilyid": ("deviceFamily", "deviceFamilyName"),  # of a brand, as the API spells it
    "roleId": ("userRole", "userRole"),
    "roleIds": ("userRole", "userRole"),
    "imageTypeId": ("imageType", "imageTypeName"),
    "ratioId": ("ratio", "ratioName"),
    "typeId": ("mediaFileType", "fileTypeName"),
    "media_type_id": ("assetStruct", "typeName"),  # of `kott.facets`
}
CHANNELS = {
    "linearAssetId": "channelName",
    "otherChannelId": "otherChannelName",
    "linear_media_id": "channelName",  # of `kott.facets`
}
NAMED = {column: name for column, (_, name) in LABELLED.items()} | CHANNELS


def with_names(
    table: pd.DataFrame,
    labels: pd.DataFrame | None = None,
    channels: pd.DataFrame | Names | None = None,
) -> pd.DataFrame:
    """Add the names of asset types, channels, regions, brands and roles beside their ids.

    Parameters
    ----------
    table : DataFrame
        Any table of ours: a listing, an analysis, findings.
    labels : DataFrame, optional
        `kott.labels`. Without them, asset types are named by `typeDescription` if it is there.
    channels : DataFrame, mapping or Series, optional
        `kott.channels`, or names by the channels' ids.

    Returns
    -------
    DataFrame
        The same rows, and after each column of ids one of names (`str`, absent where a name is not
        known): `typeName` (of `type`), `channelName` (of `linearAssetId`, else of `epgChannelId`),
        `otherChannelName`, `regionName`, `brandName`, `deviceFamilyName`, `userRole` (of `roleId`
        or `roleIds`), `imageTypeName`, `ratioName`, `fileTypeName` (of `typeId`). A column of which
        no id is known gets none.

    Raises
    ------
    KottError
        Neither labels nor channels are given and the table has no `typeDescription`, or one of
        them lacks its columns.

    See Also
    --------
    labels, channels

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> assets = kott.with_names(kott.assets(session), kott.labels(session))
    >>> sorted(assets["typeName"].unique())
    ['Episode', 'Linear', 'Movie', 'Series']
    """
    check_table(table)
    if labels is None and channels is None and "typeDescription" not in table:
        raise KottError("Give labels= (kott.labels) or channels= (kott.channels) to take names of.")
    if {"type", "typeDescription"} <= set(table.columns):
        table = named(table, "type", _pairs(table, "type", "typeDescription"))
    if labels is not None:
        labels = need(labels, "kind", "id", "name")
        for column, (kind, _) in LABELLED.items():
            if column in table:
                table = named(table, column, _pairs(labels[labels["kind"] == kind], "id", "name"))
    if isinstance(channels, pd.DataFrame):
        channels = need(channels, "id", "name")
        if "externalIds" in channels and "epgChannelId" in table:
            by_external_id = _pairs(channels, "externalIds", "name")
            table = named(table, "epgChannelId", by_external_id, "channelName")
        channels = _pairs(channels, "id", "name")
    if not (channels is None or isinstance(channels, Mapping | pd.Series)):
        raise KottError(f"channels must be kott.channels, or names by id, not {channels!r:.80}.")
    for column in CHANNELS:
        if channels is not None and column in table:
            table = named(table, column, channels)
    return table


def named(
    table: pd.DataFrame, column: str, names: Mapping[Any, Any] | pd.Series[Any], to: str = ""
) -> pd.DataFrame:
    """Return the table with the names of a column's ids beside it; names that it has are replaced.

    Where a name is not known, one that the table already has stays. A table of which no id is
    known stays as it is.
    """
    to = to or NAMED[column]
    keys = id_texts(pd.Series([key for key, _ in names.items()], dtype=object))
    known = {key: name for key, (_, name) in zip(keys, names.items(), strict=True)}
    codes, ids = pd.factorize(table[column])
    texts = [_name(one, known) for one in id_texts(pd.Series(ids))]
    if not known or (len(table) and not any(texts)):
        return table
    cells = pd.Series([*texts, None], dtype=STR).take(codes).set_axis(table.index)
    if to in table:
        return table.assign(**{to: cells.fillna(table[to].astype(STR))})
    table = table.copy(deep=False)
    table.insert(list(table.columns).index(column) + 1, to, cells)
    return table


def _name(id_: str, known: Mapping[str, Any]) -> str | None:
    """Return the name of an id, or those of several with commas between them."""
    if id_ in known:
        return str(known[id_])
    names = [str(known[one.strip()]) for one in str(id_).split(",") if one.strip() in known]
    return ", ".join(names) or None


def named_like(table: pd.DataFrame, source: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the names that another table has beside the same ids."""
    for column in NAMED:
        if column in table:
            table = named(table, column, names_beside(source, column))
    return table


def names_beside(table: pd.DataFrame, column: str) -> dict[str, str]:
    """Return the names that a table has beside its ids, by the ids as text; perhaps none."""
    to = NAMED.get(column, "")
    return _pairs(table, column, to) if {column, to} <= set(table.columns) else {}


def _pairs(table: pd.DataFrame, ids: str, names: str) -> dict[str, str]:
    own = table[[ids, names]].dropna().drop_duplicates(ids)
    return dict(zip(id_texts(own[ids]), own[names].astype(STR), strict=True))
