"""Rules that compare assets with each other, over partitions that Dask shuffles by key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.audits.rulebook import Rules, definitions
from kott_notebooks.catalog.audit import is_programme
from kott_notebooks.catalog.view import Mask, view_of
from kott_notebooks.history.store import conformed, schema_of
from kott_notebooks.scale.sources import dask, load, run, tasks
from kott_notebooks.tables.columns import id_texts

ROW, KIND, KEY = "_row", "_kind", "_key"
_KINDS = {  # what assets are compared by, for each rule
    "identity.duplicate_external_id": "externalId",
    "identity.duplicate_entry_id": "entryId",
    "identity.twin": "title",
    **{rule: "series" for rule in definitions() if rule.startswith("series.")},
}


def only(own: Rules, *families: str) -> Rules:
    """Return rules that judge some families only, and waive nothing."""
    off = {rule: "off" for rule in definitions() if rule.partition(".")[0] not in families}
    return msgspec.structs.replace(own, severities={**own.severities, **off}, waivers=())


def compared(
    listed: Sequence[list[Any]],
    masks: Sequence[Mask],
    slim: pd.DataFrame,
    first: Mask,
    options: dict[str, Any],
) -> pd.DataFrame:
    """Audit assets by the rules of identity and series.

    Assets with one key (an id, a struct and year, a series) come to one worker, which returns the
    rows that a rule may find. These are audited here, in the order of the whole table, with the
    rows that are the `first` of their types. Those of series are audited by themselves: an episode
    that shares an id would be an orphan without its series.
    """
    dask()
    from dask.dataframe import from_delayed

    names = _names(slim, options)
    outline = slim.loc[first, names].assign(**{ROW: np.flatnonzero(first)})
    schema = {**schema_of(slim[names]), ROW: "int64", KIND: "str", KEY: "str"}
    starts = np.cumsum([0, *map(len, masks)]).tolist()
    keyed = tasks(
        _keyed,
        [
            (one, mask, start, schema, options)
            for one, mask, start in zip(listed, masks, starts, strict=False)
        ],
    )
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in schema.items()})
    whole = from_delayed(keyed, meta=empty, verify_meta=False).shuffle(
        on=KEY,
        shuffle_method="tasks",  # on disk would write a file for each column of each part
    )
    rows = pd.concat(run(_candidates, [(one, outline, options) for one in whole.to_delayed()]))
    ids = id_texts(slim["id"]).to_numpy()
    parts = []
    for own in (rows[rows[KIND] != "series"], rows[rows[KIND] == "series"]):
        chosen = first.copy()
        chosen[own[ROW]] = True
        findings = catalog.audit(slim[chosen], **options)
        compared_by = pd.MultiIndex.from_arrays([own[KIND], ids[own[ROW]]])
        judged_by = pd.MultiIndex.from_arrays([findings["rule"].map(_KINDS), findings["id"]])
        parts.append(findings[judged_by.isin(compared_by)])
    return pd.concat(parts)


def _names(slim: pd.DataFrame, options: dict[str, Any]) -> list[str]:
    """Return the columns that rules of identity and series look at."""
    view = view_of(slim.iloc[:0], "id", "type", own=options["rules"], labels=options.get("labels"))
    own = view.rules.fields
    fields = (own.year, own.season, own.episode, own.series, own.series_key)
    wanted = {
        column for field in (*fields, "externalId", "entryId") for column in view.columns_of(field)
    }
    wanted |= {"id", "type", "typeDescription", "objectType", "multilingualName"}
    return [one for one in map(str, slim) if one in wanted or one.partition("@")[0] == "name"]


def _keyed(
    partition: list[Any], mask: Mask, start: int, schema: dict[str, str], options: dict[str, Any]
) -> pd.DataFrame:
    """Repeat assets for each kind of key that they have, with the key and their row."""
    table = load(*partition)[mask].assign(**{ROW: start + np.flatnonzero(mask)})
    table = table[~is_programme(table)]
    view = view_of(table, "id", "type", own=options["rules"], labels=options.get("labels"))
    own = view.rules.fields
    year, series = pd.Series(view.number(own.year)), view.key(own.series)
    type_, is_series = id_texts(view.table["type"]).fillna(""), view.role("series")
    is_episode = view.role("episode")
    title = type_ + " " + year.astype("str") + " " + series.where(is_episode, "")
    of_series = view.key(own.series_key).where(is_series, series.where(is_episode & (series != "")))
    keys = {
        "externalId": view.first("externalId").where(lambda ids: ids != ""),
        "entryId": view.first("entryId").where(lambda ids: ids != ""),
        "title": title.where(year.notna()),
        "series": of_series,  # blank for a series without a key, which has no episodes
    }
    parts = []
    for kind, key in keys.items():
        added: dict[str, Any] = {KIND: kind, KEY: key.astype("str").str.casefold()}
        parts.append(view.table.assign(**added)[key.notna()])
    return conformed(pd.concat(parts, ignore_index=True), schema)


def _candidates(
    table: pd.DataFrame, outline: pd.DataFrame, options: dict[str, Any]
) -> pd.DataFrame:
    """Return kind and row of assets that share an id, seem twins, or are of a series at fault."""
    parts = []
    for kind, own in table.groupby(KIND):
        is_found = own[KEY].duplicated(keep=False)
        if kind in ("title", "series"):
            rest = outline[~outline[ROW].isin(own[ROW])]
            joined = pd.concat([own, rest]).sort_values(ROW)
            joined.attrs = outline.attrs
            findings = catalog.audit(joined, **options)
            of_kind = findings["rule"].map(_KINDS) == kind
            is_found = id_texts(own["id"]).isin(findings.loc[of_kind, "id"])
        if kind == "series":  # with all of its episodes
            is_found |= own[ROW].isin(outline[ROW])
            is_found = own[KEY].isin(own.loc[is_found, KEY])
        parts.append(own.loc[is_found, [KIND, ROW]])
    return pd.concat(parts) if parts else table[[KIND, ROW]]
