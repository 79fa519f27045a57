"""The rules of metas and tags: there, of their type, in their range, of one spelling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.catalog.folding import folded
from kott_notebooks.catalog.view import Found, Mask, View
from kott_notebooks.ksql import K


def find(view: View) -> Iterator[Found]:
    """Find what is wrong with metas and tags."""
    yield from _missing(view)
    yield from _mistyped(view)
    yield from _out_of_range(view)
    yield from _unknown(view)
    yield from _near_duplicates(view)


def mandatory(view: View) -> dict[str, list[tuple[str, Mask]]]:
    """Give each mandatory field the structs (asset type, rows) that cannot do without it.

    Where the labels list a struct's metas, it is not asked for others.
    """
    found: dict[str, list[tuple[str, Mask]]] = {}
    for type_, needs, rows in view.by_struct():
        own = _names_of(view, type_)
        for field in needs.mandatory:
            if own is None or field.strip().casefold() in own:
                found.setdefault(field, []).append((type_, rows))
    return found


def _names_of(view: View, type_: str) -> set[str] | None:
    """Give the names and system names of the metas that a struct has, if the labels tell."""
    if view.labels is None:
        return None
    structs = view.labels[(view.labels["kind"] == "assetStruct") & (view.labels["id"] == type_)]
    ids = {key for text in structs["metaIds"].dropna() for key in text.split(",")}
    if not ids:
        return None
    metas = view.labels[(view.labels["kind"] == "meta") & view.labels["id"].isin(ids)]
    both = pd.concat([metas["name"], metas["systemName"]]).dropna()
    return {name.strip().casefold() for name in both} or None  # a role may not read metas


def _missing(view: View) -> Iterator[Found]:
    for field, structs in mandatory(view).items():
        has = view.has(field)
        if not has.any():
            continue
        for type_, rows in structs:
            at = np.flatnonzero(rows & ~has)
            absent = view.absent(view.columns_of(field)[0], at)
            ksql = view.ksql((K.asset_type == type_) & absent)
            yield Found("meta.missing", at, field, f"It has no {field.strip()}.", ksql)


# Types


def _mistyped(view: View) -> Iterator[Found]:
    if view.labels is None:
        return
    metas = view.labels[view.labels["kind"] == "meta"]
    kinds = dict(zip(metas["id"], zip(metas["name"], metas["dataType"], strict=True), strict=True))
    structs = view.labels[view.labels["kind"] == "assetStruct"].set_index("id")["metaIds"].dropna()
    for type_, _, rows in view.by_struct():
        for key in str(structs.get(type_, "")).split(","):
            name, kind = kinds.get(key, ("", ""))
            column = next((c for c in view.columns_of(str(name)) if c.startswith("metas.")), None)
            if column is not None:
                at = np.flatnonzero(rows & ~_fits(view, column, str(kind)))
                yield Found("meta.type", at, column, _details(view, column, at, f"no {kind}"))


_WRITTEN = {  # how a value reads where its column holds several types, and is text
    "NUMBER": r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    "DATE": r"-?\d+",
    "BOOLEAN": r"true|false",
}
_DTYPES = {"NUMBER": "iuf", "DATE": "iuM", "BOOLEAN": "b"}  # numpy's letters for kinds of types
_TEXTS = ("STRING", "MULTILINGUAL_STRING")


def _fits(view: View, column: str, kind: str) -> Mask:
    """Say which values are absent or of a type; a text may hold anything, an unknown type too."""
    cells = view.table[column]
    absent = cells.isna().to_numpy(bool)
    if kind not in _DTYPES:
        return absent | (cells.dtype == "str") | (kind not in _TEXTS)
    if kind == "BOOLEAN" and cells.dtype.kind in "iuf":  # Excel makes 1.0 of a flag beside a blank
        return absent | cells.isin((0, 1)).to_numpy(bool)
    if cells.dtype != "str":
        return absent | (cells.dtype.kind in _DTYPES[kind])
    return absent | cells.str.fullmatch(_WRITTEN[kind]).fillna(False).to_numpy(bool)


def _out_of_range(view: View) -> Iterator[Found]:
    limits, year = view.rules.thresholds, view.rules.fields.year
    last = float(view.now.year + limits.years_ahead)
    bounds = {year: (float(limits.year_first), last), **view.rules.ranges}
    for field, (least, most) in bounds.items():
        for column in view.columns_of(field):
            if not column.startswith("metas."):
                continue
            number = view.numbers(column)
            at = np.flatnonzero((number < least) | (number > most))
            key = K[column.partition(".")[2]]
            numeric = view.table[column].dtype != "str"
            term = (key < least) | (key > most)
            detail = _details(view, column, at, f"not {least:g} to {most:g}")
            ksql = view.ksql(term) if numeric else ""
            yield Found("meta.out_of_range", at, column, detail, ksql)


def _details(view: View, column: str, at: Any, what: str) -> Any:
    name = column.partition(".")[2]
    values = view.text(column).iloc[at].astype("str").str.removesuffix(".0")
    return (f"Its {name.strip()} is " + values + f": {what}.").to_numpy(object)


# Values


def _unknown(view: View) -> Iterator[Found]:
    for field, known in view.rules.values.items():
        for column in view.columns_of(field):
            laid = _laid(view, column)
            found = laid[~laid["value"].str.strip().isin(known)]
            yield _of_values("meta.unknown_value", view, column, found, laid, "is not in the list")


def _near_duplicates(view: View) -> Iterator[Found]:
    for column in map(str, view.table.columns):
        if not column.startswith("tags."):
            continue
        laid = view.tag(column)
        counts = (
            laid["value"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
        )
        usual = pd.Series(counts.index, index=folded(counts.index)).groupby(level=0).first()
        spoken = usual.reindex(folded(counts.index)).set_axis(counts.index)
        rarer = spoken[(spoken != spoken.index) & spoken.notna() & (folded(spoken.index) != "")]
        found = laid[laid["value"].isin(rarer.index)]
        why = "elsewhere " + found["value"].map(rarer)
        yield _of_values("meta.near_duplicate", view, column, found, laid, why)


def _laid(view: View, column: str) -> pd.DataFrame:
    if column.startswith("tags."):
        return view.tag(column)
    values = view.text(column).astype("str")[view.filled(column)]
    return pd.DataFrame({"row": values.index, "value": values}).reset_index(drop=True)


def _of_values(
    rule: str, view: View, column: str, found: pd.DataFrame, laid: pd.DataFrame, why: Any
) -> Found:
    """Find rows by their values; several of one row are one finding."""
    name = column.partition(".")[2]
    said = pd.Series(f"{name.strip()} " + found["value"] + ": " + why + ".", dtype="str")
    details = said.groupby(found["row"]).agg(" ".join)
    rows = details.index.to_numpy(np.intp)
    ksql = view.any_of(name, found["value"], laid["value"])
    return Found(rule, rows, column, details.to_numpy(object), ksql)
