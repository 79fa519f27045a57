"""What a catalogue has: fields, pictures and languages, by asset type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.rules_text import translated_fields
from kott_notebooks.catalog.values import types_of
from kott_notebooks.catalog.view import LABELS, Mask, View, view_of
from kott_notebooks.errors import KottError, as_list
from kott_notebooks.tables.columns import bare, id_texts, need
from kott_notebooks.tables.frames import no_garbage_collection
from kott_notebooks.tables.names import named_like, with_names

PROPERTIES = (
    "name",
    "description",
    "externalId",
    "entryId",
    "startDate",
    "endDate",
    "images",
    "mediaFiles",
)

_KINDS = {"metas.": "meta", "tags.": "tag"}
_COUNTS = {"rows": "Int64", "filled": "Int64"}


def completeness(
    assets: pd.DataFrame,
    *,
    properties: Iterable[str] = PROPERTIES,
    labels: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Measure how many assets of each type have each property, meta, tag, image and media file.

    Blank text and empty lists are absent, and so is a tag without a value.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    properties : iterable of str
        Properties to measure, of those that the table has; by default `PROPERTIES`.
    labels : DataFrame, optional
        `kott.labels`, which name the types and say what metas and tags they can have.

    Returns
    -------
    DataFrame
        One row per type and field, by type, then kind: `type` (as in the table), `typeName` (with
        labels, or where the assets have it), `field`, `kind` (property, meta, tag, image, file;
        `str`), `rows`, `filled` (`Int64`), `share` (filled / rows, `Float64`). Fields are the
        properties, every `metas.*` and `tags.*`, `images.16:9` for each ratio and
        `mediaFiles.HLS_Main` for each file type that occurs. Every field stands beside every type:
        without labels, a share of 0 may mean that the type cannot have it; with them that share is
        absent.

    Raises
    ------
    KottError
        The table lacks `type`, or the labels lack a column.

    See Also
    --------
    languages, schedule.completeness, plots.completeness

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> table = catalog.completeness(kott.assets(demo.login(assets=200, defects=False)))
    >>> table.loc[table["field"] == "name", "share"].unique().tolist()
    [1.0]
    """
    view = view_of(assets, "type")
    codes, types = types_of(view)
    with no_garbage_collection():
        fields = list(_fields(view, as_list("properties", properties)))
    rows = np.bincount(codes, minlength=len(types))
    filled = [np.bincount(codes[mask], minlength=len(types)) for _, _, mask in fields]
    table = pd.DataFrame(
        {
            "type": types.repeat(len(fields)),
            "field": pd.Series([field for field, _, _ in fields] * len(types), dtype="str"),
            "kind": pd.Series([kind for _, kind, _ in fields] * len(types), dtype="str"),
            "rows": pd.array(rows.repeat(len(fields)), dtype="Int64"),
            "filled": pd.array(
                np.reshape(filled, (len(fields), len(types))).T.ravel(), dtype="Int64"
            ),
        }
    )
    share = table["filled"] / table["rows"]
    if labels is None:
        return named_like(table.assign(share=share), assets)
    labels = need(labels, *LABELS)
    return with_names(table.assign(share=share.mask(_impossible(table, labels, view))), labels)


def _impossible(table: pd.DataFrame, labels: pd.DataFrame, view: View) -> Mask:
    """Return which metas and tags a type cannot have, and does not, by the labels."""
    labelled = View(view.table, view.rules, view.now, labels)
    mask = np.zeros(len(table), bool)
    types = id_texts(table["type"])
    for type_ in types.dropna().unique():
        names = labelled.field_names(type_)
        if names is not None:
            fields = table["field"].str.partition(".")[2].map(bare)
            mask |= ((types == type_) & ~fields.isin(names)).fillna(False).to_numpy(bool)
    is_field = table["kind"].isin(["meta", "tag"]).to_numpy(bool)
    return mask & is_field & (table["filled"] == 0).to_numpy(bool)


def _fields(view: View, properties: Iterable[str]) -> Iterator[tuple[str, str, Mask]]:
    """Yield each field, its kind, and which rows have it."""
    for name in properties:
        if name in view.table:
            yield name, "property", view.has(name)
    for prefix, kind in _KINDS.items():
        for name in map(str, view.table.columns):
            if name.startswith(prefix) and "@" not in name:
                yield name, kind, view.filled(name)
    for column, kind in (("images", "image"), ("mediaFiles", "file")):
        if column in view.table:
            row, names = view.ratios_or_types(column)
            codes, distinct = pd.factorize(names, sort=True)
            for code, name in enumerate(distinct):
                has = np.bincount(row[codes == code], minlength=view.count) > 0
                if name:
                    yield f"{column}.{name}", kind, has


_RATIOS = {
    "ratio": "str",
    "rows": "Int64",
    "filled": "Int64",
    "defaults": "Int64",
    "width": "Float64",
}


def ratios(assets: pd.DataFrame) -> pd.DataFrame:
    """Measure which picture ratios the assets of each type have, and how wide they are.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.

    Returns
    -------
    DataFrame
        One row per type and ratio, also where no asset has it; by type, the most frequent ratio
        first: `type` (as in the table), `ratio` ("16:9", also where it is written 16x9; `str`),
        `rows`, `filled`, `defaults` (assets with the default picture alone; `Int64`), `width`
        (pixels: the median of each asset's widest; absent where no picture has one; `Float64`),
        `share` (filled / rows, `Float64`).

    Raises
    ------
    KottError
        The table lacks `type` or `images`.

    See Also
    --------
    kott.images, plots.ratios

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> sorted(set(catalog.ratios(kott.assets(demo.login(assets=200)))["ratio"]))
    ['16:9', '1:1', '2:3']
    """
    view = view_of(assets, "type", "images")
    row, own = view.images
    of_row = own.assign(row=row)[own["ratio"] != ""].groupby(["row", "ratio"], sort=False)
    each = of_row.agg(width=("width", "max"), default=("default", "all")).reset_index()
    codes, types = types_of(view)
    of_type = each.assign(type=codes[each["row"]]).groupby(["type", "ratio"])
    sums = of_type.agg(
        filled=("row", "size"), defaults=("default", "sum"), width=("width", "median")
    )
    common = each["ratio"].value_counts().index
    cells = pd.MultiIndex.from_product([range(len(types)), common], names=sums.index.names)
    table = sums.reindex(cells).reset_index()
    code = table["type"].to_numpy(np.intp)
    table.insert(2, "rows", np.bincount(codes, minlength=len(types))[code])
    table = (
        table.fillna({"filled": 0, "defaults": 0})
        .astype({"ratio": "str", **_RATIOS})
        .assign(type=types.take(code))
    )
    return named_like(table.assign(share=table["filled"] / table["rows"]), assets)


_LANGUAGES = {
    "field": "str",
    "language": "str",
    "rows": "Int64",
    "given": "Int64",
    "filled": "Int64",
}


def languages(assets: pd.DataFrame, *, languages: Iterable[str] | None = None) -> pd.DataFrame:
    """Measure in which languages the assets of each type have their names, descriptions and metas.

    Values of tags are translated once for all, and not counted.

    Parameters
    ----------
    assets : DataFrame
        Assets listed with ``language="*"``: only those have translations.
    languages : iterable of str, optional
        Codes as the API has them ("eng"); by default those that occur.

    Returns
    -------
    DataFrame
        One row per type, field and language: `type` (as in the table), `field`, `language` (`str`),
        `rows` (of the type), `given` (those with the field in any language), `filled` (in this one;
        `Int64`), `share` (filled / given, absent where none is given; `Float64`).

    Raises
    ------
    KottError
        The table has no translations.

    See Also
    --------
    completeness, kott.translations, plots.languages

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> assets = kott.assets(demo.login(assets=200, defects=False), language="*")
    >>> catalog.languages(assets)["language"].unique().tolist()
    ['ell', 'eng', 'fra']
    """
    view = view_of(assets, "type")
    translations = {field: view.translations(field) for field in translated_fields(view)}
    if not translations and view.count:
        raise KottError('The table has no translations: list the assets with language="*".')
    filled = {
        field: {language: ~texts.blank(text) for language, text in by_language.items()}
        for field, by_language in translations.items()
    }
    occurring = {one for own in filled.values() for one, mask in own.items() if mask.any()}
    wanted = sorted(occurring) if languages is None else as_list("languages", languages)
    codes, types = types_of(view)
    rows = np.bincount(codes, minlength=len(types))
    none = np.zeros(view.count, bool)
    parts: list[dict[str, Any]] = [
        {
            "type": types[code],
            "field": field,
            "language": language,
            "rows": rows[code],
            "given": int((np.logical_or.reduce([none, *own.values()]) & (codes == code)).sum()),
            "filled": int((own.get(language, none) & (codes == code)).sum()),
        }
        for code in range(len(types))
        for field, own in filled.items()
        for language in wanted
    ]
    table = pd.DataFrame(parts, columns=["type", *_LANGUAGES]).astype(_LANGUAGES)
    table = table.astype({"type": types.dtype})
    share = table["filled"] / table["given"].where(table["given"] > 0)
    return named_like(table.assign(share=share), assets)
