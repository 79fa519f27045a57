"""Rules of metas and tags: filled, of their type, in their range, of one spelling, and in use."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks import schema
from kott_notebooks.catalog.rules_identity import folded
from kott_notebooks.catalog.view import Hits, Mask, View
from kott_notebooks.ksql import K
from kott_notebooks.tables.columns import bare
from kott_notebooks.tables.provenance import facts

_MEDIA = "KalturaMediaAsset"
_PROPERTIES = (  # that rules refer to
    "name", "description", "images", "mediaFiles", "startDate", "endDate", "externalId", "entryId",
)  # fmt: skip


def metas(view: View) -> Iterator[Hits]:
    """Judge the values of metas and tags."""
    yield from _missing(view)
    yield from _wrong_types(view)
    yield from _out_of_range(view)
    for field, known in view.rules.values.items():
        for column in view.columns_of(field):
            values = view.values(column)
            unknown = values[~values["value"].str.strip().isin(known)]
            why = "is not in the list"
            yield _of_values("meta.unknown_value", view, column, unknown, why)
    yield from _near_duplicates(view)


def mandatory(view: View) -> dict[str, list[tuple[str, Mask]]]:
    """Return each mandatory field with the structs (asset type, rows) that require it.

    Where the labels list a struct's metas, it is not asked for others.
    """
    fields: dict[str, list[tuple[str, Mask]]] = {}
    for type_, needs, rows in view.by_struct():
        names = view.field_names(type_)
        for field in needs.mandatory:
            if names is None or bare(field) in names:
                fields.setdefault(field, []).append((type_, rows))
    return fields


def _missing(view: View) -> Iterator[Hits]:
    for field, structs in mandatory(view).items():
        has = view.has(field)
        if not has.any():
            continue
        for type_, rows in structs:
            at = np.flatnonzero(rows & ~has)
            absent = view.absent(view.columns_of(field)[0], at)
            ksql = view.ksql((K.asset_type == type_) & absent) if type_ else ""
            yield Hits("meta.missing", at, field, f"It has no {field.strip()}.", ksql)


_WRITTEN = {  # a value of a type, where its column is text
    "NUMBER": r"\s*[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\s*",
    "DATE": r"\s*-?\d+\s*",
    "BOOLEAN": r"\s*(?i:true|false)\s*",
}
_DTYPES = {"NUMBER": "iuf", "DATE": "iuM", "BOOLEAN": "b"}  # numpy's letters for kinds of types


def _wrong_types(view: View) -> Iterator[Hits]:
    for type_, _, rows in view.by_struct():
        own = view.metas_of(type_)
        for name, kind in () if own is None else zip(own["name"], own["dataType"], strict=True):
            for column in view.columns_of(str(name)):
                if column.startswith("metas."):
                    at = np.flatnonzero(rows & ~_has_type(view, column, str(kind)))
                    yield Hits("meta.type", at, column, _shown(view, column, at, f"no {kind}"))


def _has_type(view: View, column: str, kind: str) -> Mask:
    """Return which values are blank or of a type; text and unknown types may hold anything."""
    cells, blank = view.table[column], ~view.filled(column)
    if kind not in _DTYPES:
        is_text = kind in ("STRING", "MULTILINGUAL_STRING")
        return blank | (cells.dtype == "str") | (not is_text)
    if kind == "BOOLEAN" and cells.dtype.kind in "iuf":  # Excel makes 1.0 of a flag beside a blank
        return blank | cells.isin((0, 1)).to_numpy(bool)
    if cells.dtype != "str":
        return blank | (cells.dtype.kind in _DTYPES[kind])
    text = view.text(column)
    is_written = text.str.fullmatch(_WRITTEN[kind]).fillna(False).to_numpy(bool)
    if kind == "DATE":  # as CSV writes one
        dates = pd.to_datetime(text, errors="coerce", format="ISO8601", utc=True)
        is_written = is_written | dates.notna().to_numpy(bool)
    return blank | is_written


def _bounds(view: View) -> dict[str, tuple[float, float]]:
    limits = view.rules.thresholds
    years = (float(limits.year_first), float(view.now.year + limits.years_ahead))
    return {view.rules.fields.year: years, **view.rules.ranges}


def _out_of_range(view: View) -> Iterator[Hits]:
    for field, (least, most) in _bounds(view).items():
        for column in view.columns_of(field):
            number = view.numbers(column)
            at = np.flatnonzero((number < least) | (number > most))
            key = K[column.partition(".")[2] or column]
            is_number = column.startswith("metas.") and view.table[column].dtype != "str"
            ksql = view.ksql((key < least) | (key > most)) if is_number else ""
            detail = _shown(view, column, at, f"not {least:g} to {most:g}")
            yield Hits("meta.out_of_range", at, column, detail, ksql)


def decimal_commas(view: View) -> dict[str, str]:
    """Return why numbers with a decimal comma are not judged, by rule and column."""
    names = view.rules.fields
    reasons = {}
    for field in dict.fromkeys([*_bounds(view), names.season, names.episode]):
        for column in view.columns_of(field):
            text = view.first(column)
            commas = text[text.str.fullmatch(r"[+-]?\d+,\d+").fillna(False)]
            if len(commas):
                reasons[f"meta.out_of_range {column}"] = (
                    f"{len(commas):,} values have a decimal comma, such as {commas.iloc[0]!r}."
                )
    return reasons


def _shown(view: View, column: str, at: Any, what: str) -> Any:
    name = column.partition(".")[2] or column
    values = view.first(column).iloc[at]
    return (f"Its {name.strip()} is " + values + f": {what}.").to_numpy(object)


def _near_duplicates(view: View) -> Iterator[Hits]:
    for column in map(str, view.table.columns):
        if not column.startswith("tags.") or "@" in column:
            continue
        values = view.values(column)
        counts = values["value"].value_counts().sort_index()
        counts = counts.sort_values(ascending=False, kind="stable")
        folds = folded(counts.index, significant="+#")
        usual = pd.Series(counts.index, index=folds).groupby(level=0).first()
        spelling = usual.reindex(folds).set_axis(counts.index)
        rarer = spelling[(spelling != spelling.index) & spelling.notna() & (folds != "")]
        hits = values[values["value"].isin(rarer.index)]
        why = "elsewhere " + hits["value"].map(rarer)
        yield _of_values("meta.near_duplicate", view, column, hits, why)


def _of_values(rule: str, view: View, column: str, hits: pd.DataFrame, why: Any) -> Hits:
    """Find rows by their values; several values of one row are one finding."""
    name = column.partition(".")[2] or column
    sentences = pd.Series(f"{name.strip()} " + hits["value"] + ": " + why + ".", dtype="str")
    details = sentences.groupby(hits["row"]).agg(" ".join)
    ksql = view.any_of(name, hits["value"], view.values(column)["value"])
    return Hits(rule, details.index.to_numpy(np.intp), column, details.to_numpy(object), ksql)


def unused(view: View) -> Iterator[Hits]:
    """Find fields that rules refer to or labels list, that were asked for, and that no row has."""
    for field, reason in _expected(view).items():
        if not view.anywhere(field):
            near = _near_names(view, field)
            has = f" Rows have {' and '.join(near)}." if near else ""
            detail = f"{reason} {field.strip()}, and no row has it.{has}"
            yield Hits("field.unused", np.array([-1], np.intp), field, detail)


def _expected(view: View) -> dict[str, str]:
    """Return the fields that rows should have, and what expects them."""
    names = view.rules.fields
    fields = [*mandatory(view), *view.rules.values, *view.rules.ranges]
    if view.role("episode").any():
        fields += [names.series, names.season, names.episode]
    if view.role("series").any():
        fields.append(names.series_key)
    expected = dict.fromkeys([one for one in _PROPERTIES if one in view.table], "Rules refer to")
    if "fields" not in facts(view.table) and not _is_profiled(view):
        expected |= dict.fromkeys(fields, "Rules refer to")
        known = {bare(field) for field in expected}
        for type_, _, _ in view.by_struct():
            own = view.metas_of(type_)
            for name in () if own is None else own["name"].dropna():
                if bare(name) not in known:
                    expected.setdefault(str(name), "The struct has")
    return expected


def _is_profiled(view: View) -> bool:
    """Return whether the table was pulled with some fields only."""
    return "responseProfile" in (facts(view.table).get("arguments") or {})


def _near_names(view: View, field: str) -> list[str]:
    """Return names of metas and tags that rows have and that resemble a field's."""
    columns = [one for one in map(str, view.table.columns) if one.startswith(("metas.", "tags."))]
    by_name = {bare(one.partition(".")[2]): one.partition(".")[2].strip() for one in columns}
    wanted = bare(field)
    near = [one for one in by_name if wanted in one or (one and one in wanted)]
    near += difflib.get_close_matches(wanted, by_name, n=2, cutoff=0.7)
    return [by_name[one] for one in dict.fromkeys(near) if one != wanted][:2]


def never_filled(view: View) -> list[str]:
    """List properties of the rows' classes that were asked for and that no row has."""
    classes = set(view.table["objectType"].dropna()) if "objectType" in view.table else set()
    known = [_MEDIA, *sorted(cls for cls in classes if schema.is_class(cls))]
    listed = dict.fromkeys(name for cls in known for name in schema.properties(cls))
    return [
        name for name in listed
        if name in view.table and not name.startswith("multilingual") and not view.anywhere(name)
    ]  # fmt: skip
