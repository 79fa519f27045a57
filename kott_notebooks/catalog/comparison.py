"""Two catalogues compared: of two partners, of staging and production, or of two days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.catalog.rules_identity import folded
from kott_notebooks.catalog.view import View, tag_values
from kott_notebooks.errors import KottError, as_list
from kott_notebooks.tables.columns import bare, distinct, id_texts, need, pulled, times
from kott_notebooks.tables.diff import MIN_ROWS, diff
from kott_notebooks.tables.kinds import STR
from kott_notebooks.tables.provenance import by_snapshot, with_facts

COLUMNS = [
    "change", "matched", "id", "otherId", "externalId", "name", "typeName", "field", "value",
    "otherValue", "detail", "cause", "rows",
]  # fmt: skip
# Columns that differ between partners (ids, dates), or are compared in another way
_OWN = ("id", "externalId", "entryId", "type", "objectType", "createDate", "updateDate", "images",
        "mediaFiles", "indexStatus", "typeDescription")  # fmt: skip


def compare(
    assets: Mapping[str, pd.DataFrame],
    *,
    labels: Mapping[str, pd.DataFrame] | None = None,
    fields: Sequence[str] | None = None,
    rules: RulesSource | None = None,
    min_rows: int = MIN_ROWS,
) -> pd.DataFrame:
    """Compare the assets of two partners, or of staging and production.

    Assets are matched by `externalId`, then by folded name, year, season and episode, and type
    where it is known. A value that several assets of one side share does not match.

    Parameters
    ----------
    assets : mapping of str to DataFrame
        Two tables of `kott.assets` by their names: `{"staging": ..., "production": ...}`.
    labels : mapping of str to DataFrame, optional
        `kott.labels` of each, by the same names: types are compared by their names then. Without
        them, by the column `typeName` where both tables have it.
    fields : list of str, optional
        Columns to compare. Default: all that both tables have, without ids and dates of the
        partner's own; of images the ratios, of media files the types.
    rules : path, mapping or Rules, optional
        Rules that say which fields hold year, season and episode; see `audits.rules`.
    min_rows : int, default 10
        An equal change of one field in this many assets or more is one cause.

    Returns
    -------
    DataFrame
        One row per asset that one side lacks, and per field that differs: `change` (`only in A`,
        `only in B`, `differs`), `matched` (`externalId`, `name and year`; of an asset of one side,
        `several` if it could not be told apart from others), `id`, `otherId` (in A and in B),
        `externalId`, `name`, `typeName`, `field`, `value`, `otherValue`, `detail` (what is
        different, for people, as `kott.diff` says it), `cause` (all `str`; the cause is one text
        for equal changes of many assets), `rows` (`Int64`: how many assets share
        it). The provenance counts the assets that were `matched`.

    Raises
    ------
    KottError
        `assets` are not two tables, `labels` have other names, or a column is missing.

    See Also
    --------
    kott.diff : Two tables of anything.
    schedule.compare : Two sources of one guide.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> staging = kott.assets(demo.login(assets=40, households=0, defects=False))
    >>> production = staging.assign(id=staging["id"] + 7_000).drop(index=3)
    >>> table = catalog.compare({"staging": staging, "production": production})
    >>> table["change"].value_counts().to_dict()
    {'only in staging': 1}
    """
    if not isinstance(assets, Mapping) or len(assets) != 2:
        given = len(assets) if isinstance(assets, Mapping) else type(assets).__name__
        raise KottError(f"assets must be two tables by name, not {given}.")
    if labels is not None and set(labels) != set(assets):
        raise KottError(f"labels are of {', '.join(labels)}; the tables of {', '.join(assets)}.")
    names, own = list(assets), rules_of(rules)
    views = [
        View(distinct(need(table, "id", "name")), own, pulled(table), (labels or {}).get(name))
        for name, table in assets.items()
    ]
    types = _types(views)
    at, matched, several = _matched(views, types)
    tables = [_compared(view, of) for view, of in zip(views, types, strict=True)]
    common = [name for name in tables[0].columns if name in tables[1].columns]
    wanted = common if fields is None else as_list("fields", fields)
    for name in set(wanted).intersection(common):
        cells = _of_one_kind(*(table[name] for table in tables))
        tables = [table.assign(**{name: one}) for table, one in zip(tables, cells, strict=True)]
    pairs = np.full(views[1].count, -1)
    pairs[at[at >= 0]] = np.flatnonzero(at >= 0)
    keys = np.arange(views[0].count).astype(str).astype(object)
    other_keys = np.where(
        pairs >= 0, pairs.astype(str), "b" + np.arange(views[1].count).astype(str)
    )
    differences = diff(
        tables[0].assign(key=keys),
        tables[1].assign(key=other_keys),
        "key",
        fields=wanted,
        min_rows=min_rows,
    )
    ours, theirs = map(_described, views, types, several)
    ours["matched"] = np.where(at >= 0, matched, ours["matched"])
    ours["otherId"] = views[1].ids[at]
    unmatched = theirs.set_axis(other_keys)[pairs < 0].rename(columns={"id": "otherId"})
    described = pd.concat([ours.set_axis(keys), unmatched])
    table = described.reindex(differences["key"]).reset_index(drop=True)
    table = table.assign(
        change=differences["change"].map(
            {"removed": f"only in {names[0]}", "added": f"only in {names[1]}", "changed": "differs"}
        ),
        field=differences["field"],
        value=differences["before"],
        otherValue=differences["after"],
        detail=differences["detail"],
        cause=differences["cause"],
    )
    table = table.reindex(columns=COLUMNS).astype(dict.fromkeys(COLUMNS[:-1], "str"))
    table["rows"] = differences["rows"]
    counts = pd.Series(matched[at >= 0]).value_counts().to_dict()
    return with_facts(
        table, source="catalog.compare", tables=names, matched=counts, rows=len(table)
    )


def changes(
    before: pd.DataFrame,
    after: pd.DataFrame | None = None,
    *,
    fields: Sequence[str] | None = None,
    min_rows: int = MIN_ROWS,
) -> pd.DataFrame:
    """Show what changed in a catalogue: between two pulls of it, or from snapshot to snapshot.

    Parameters
    ----------
    before, after : DataFrame
        Two tables of `kott.assets`. Or, as `before` alone, snapshots of one partner one below the
        other, as `kott.load_all(store, name="assets")` returns them: each is compared with the one
        before it.
    fields : list of str, optional
        The columns to compare. Default: all that both tables have, without `updateDate`, which
        changes with every other field.
    min_rows : int, default 10
        An equal change of one field in this many assets or more is one cause.

    Returns
    -------
    DataFrame
        One row per asset that was added or removed, and per field of an asset that changed: the
        columns of `kott.diff`, of which `key` is the asset's id, with `name` (`str`, the asset's
        newest name) after it. Of snapshots, ordered by a first column `snapshot`
        (`datetime64[us, UTC]`): the one that has the change.

    Raises
    ------
    KottError
        A column is missing, an asset has no id, or snapshots are fewer than two.

    See Also
    --------
    kott.diff : Two tables of anything.
    history.churn : The number of changes from snapshot to snapshot.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> today = kott.assets(demo.login(assets=40, households=0, defects=False))
    >>> catalog.changes(today.drop(index=3), today)["change"].tolist()
    ['added']
    """
    if after is None:
        snapshots = by_snapshot(need(before, "snapshot"))
        if len(snapshots) < 2:
            raise KottError(
                f"Two snapshots are needed to compare, not {len(snapshots)}: give "
                "kott.load_all(store), or two tables of assets."
            )
        parts = []
        for (_, one), (when, other) in pairwise(snapshots.items()):
            old, new = (table.drop(columns="snapshot") for table in (one, other))
            part = changes(old, new, fields=fields, min_rows=min_rows)
            part.insert(0, "snapshot", pd.Series(when, part.index, "datetime64[us, UTC]"))
            parts.append(part)
        return pd.concat(parts, ignore_index=True)
    old, new = (distinct(need(table, "id", "name")) for table in (before, after))
    if fields is None:
        fields = [one for one in old.columns.intersection(new.columns) if one != "updateDate"]
    table = diff(old, new, fields=fields, min_rows=min_rows)
    named = pd.concat([new[["id", "name"]], old[["id", "name"]]])
    names = pd.Series(named["name"].array, index=id_texts(named["id"]))
    names = names[~names.index.duplicated()]
    table.insert(2, "name", names.reindex(table["key"]).astype(STR).reset_index(drop=True))
    return table


def _types(views: list[View]) -> list[pd.Series[Any] | None]:
    """Name the type of each row of both tables; None where one of them knows no names."""
    named = []
    for view in views:
        own = view.labels_of("assetStruct").set_index("id")["name"]
        known = view.table.get("typeName")
        if len(own):
            known = view.first("type").map(own)
        named.append(known)
    return named if all(one is not None for one in named) else [None, None]


def _matched(
    views: list[View], types: list[pd.Series[Any] | None]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_], list[npt.NDArray[np.bool_]]]:
    """Return the row of B for each row of A (-1: none), what matched, and the ambiguous ones."""
    at = np.full(views[0].count, -1)
    matched = np.full(views[0].count, None, dtype=object)
    taken = np.zeros(views[1].count, bool)
    titles = [_titles(view, of) for view, of in zip(views, types, strict=True)]
    ids = [view.first("externalId").fillna("") for view in views]
    for key, (one, other) in (("externalId", ids), ("name and year", titles)):
        once, theirs = _once(one, at < 0), _once(other, ~taken)
        place = pd.Index(theirs).get_indexer(pd.Index(once))
        rows = once.index[place >= 0]
        at[rows] = theirs.index[place[place >= 0]]
        matched[rows] = key
        taken[at[rows]] = True
    alike = [titles[0].isin(titles[1]), titles[1].isin(titles[0])]
    alone = [at < 0, ~taken]
    several = [
        free & of.to_numpy(bool) & (title != "").to_numpy(bool)
        for free, of, title in zip(alone, alike, titles, strict=True)
    ]
    return at, matched, several


def _once(keys: pd.Series[Any], free: npt.NDArray[np.bool_]) -> pd.Series[Any]:
    """Return the keys of free rows that are unique among them, without blank ones."""
    own = keys[free & (keys != "").to_numpy(bool)]
    return own[~own.duplicated(keep=False)]


def _titles(view: View, types: pd.Series[Any] | None) -> pd.Series[str]:
    """Write what identifies a title as one text; blank without a name."""
    fields = view.rules.fields
    name = folded(view.text("name").fillna("").astype("str"))
    key = pd.Series(name.to_numpy(), dtype=STR)
    for field in (fields.year, fields.season, fields.episode):
        key = key + "|" + pd.Series(list(map(str, view.number(field))), dtype=STR)
    if types is not None:
        key = key + "|" + pd.Series([bare(one) for one in types.fillna("")], dtype=STR)
    return key.mask(name == "", "")


def _compared(view: View, types: pd.Series[Any] | None) -> pd.DataFrame:
    """Return the columns compared by default, with lists without an order sorted."""
    table = view.table
    names = [one for one in map(str, table.columns) if one not in _OWN]
    own = [one for one in names if not one.startswith("multilingual")]
    compared = table[own].copy(deep=False)
    for name in [one for one in own if one.startswith("tags.")]:
        codes, cells = pd.factorize(table[name])
        lists = [_json(sorted(set(tag_values(cell)))) for cell in cells]
        compared[name] = pd.Series([*lists, None], dtype=STR).take(codes).array
    if types is not None:
        compared["typeName"] = types.array
    for name, listed, key in (("images", "images", "ratio"), ("mediaFiles", "files", "type")):
        if name in table.columns:
            entries = getattr(view, listed)
            each: dict[int, set[str]] = {}
            for row, value in zip(entries.row, entries.properties[key], strict=True):
                each.setdefault(row, set()).add(value)
            texts = [_json(sorted(each.get(row, ()))) for row in range(view.count)]
            compared[name] = pd.Series(texts, dtype=STR).array
    return compared


def _of_one_kind(one: pd.Series[Any], other: pd.Series[Any]) -> tuple[pd.Series[Any], ...]:
    """Convert text, as files have it, to the type of the other side's column."""
    kinds = {one.dtype.kind, other.dtype.kind}
    if len(kinds) > 1 and "M" in kinds:
        with suppress(KottError):
            return times(one)[0], times(other)[0]
    if len(kinds) > 1 and "b" in kinds:
        return tuple(cells.astype(STR).str.lower() for cells in (one, other))
    if len(kinds) > 1 and kinds & set("iuf"):
        return id_texts(one), id_texts(other)
    return one, other


def _json(texts: list[str]) -> str | None:
    return msgspec.json.encode(texts).decode() if texts else None


def _described(view: View, types: pd.Series[Any] | None, several: npt.NDArray[Any]) -> pd.DataFrame:
    """Lay out what identifies each asset."""
    none = pd.Series(None, view.table.index, dtype=STR)
    return pd.DataFrame(
        {
            "id": view.ids[:-1],
            "externalId": view.first("externalId"),
            "name": view.text("name"),
            "typeName": none if types is None else types,
            "matched": [("several" if one else None) for one in several],
        }
    )
