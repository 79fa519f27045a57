"""Asset tables to tables: what assets are about, who is in them, of what year; no call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.catalog.looking import view_of
from kott_notebooks.catalog.view import View
from kott_notebooks.errors import KottError
from kott_notebooks.times import When

CREDITS = (
    *("Cast", "Actor", "Actors", "Director", "Directors", "Writer", "Writers", "Producer"),
    *("Producers", "Presenter", "Presenters", "Host", "Hosts", "Guest", "Guests", "Composer"),
    *("Composers", "Creator", "Creators", "Editor", "Commentator", "Adapter"),
)
_NO_YEAR = np.iinfo(np.int64).max  # after all others
_RATIOS = {
    "ratio": "str",
    "rows": "Int64",
    "filled": "Int64",
    "defaults": "Int64",
    "width": "Float64",
}
_MANY = r"\s*[,;|]\s*"  # between the names in a text


def values(assets: pd.DataFrame, field: str = "Genre", *, top: int | None = None) -> pd.DataFrame:
    """Count the assets of each type by the values of a meta, a tag or a column, without the server.

    One row a value and type that has it: value `str`, values `Int64` (how many this row stands
    for), type `Int64`, assets `Int64`, share `Float64` (of the type's assets). The commonest value
    comes first; then the rest where more than `top` were folded ("12 others", an asset with two
    of them counts once); last the assets that have none (value absent, values 0). An asset with
    two values of a tag counts for both. `field` is a column, or the name of a meta or tag. What
    `kott.facets` counts is the same, asked of the server, where no asset need be pulled.
    """
    view = view_of(assets, "type")
    laid = _laid(view, _column(view, field))
    kept = _common(laid["value"], top)
    folded = laid["value"].nunique() - len(kept)
    place = kept.get_indexer_for(pd.Index(laid["value"]))
    laid["key"] = np.where(place < 0, len(kept), place)
    none = np.setdiff1d(np.arange(view.count), laid["row"])
    last = pd.DataFrame({"row": none, "key": len(kept) + 1})
    counted = _by_type(view, pd.concat([laid[["row", "key"]].drop_duplicates(), last]))
    at = counted.pop("key").to_numpy()
    names = np.array([*kept, f"{folded:,} others", None], dtype=object)
    stands = np.array([*[1] * len(kept), folded, 0])
    counted.insert(0, "value", pd.Series(names[at], dtype="str"))
    counted.insert(1, "values", pd.Series(stands[at], dtype="Int64"))
    return counted


def _common(values: pd.Series[str], top: int | None) -> pd.Index[str]:
    """List the values that are not folded, the commonest first, then by name."""
    counts = values.value_counts().rename_axis("value").reset_index()
    order = counts.sort_values(["count", "value"], ascending=[False, True])["value"].tolist()
    few = order if top is None or len(order) <= top else order[: max(top - 1, 0)]
    kept: pd.Index[str] = pd.Index(few, dtype="str")
    return kept


def years(assets: pd.DataFrame, *, field: str = "Year", now: When | None = None) -> pd.DataFrame:
    """Count the assets of each type by year.

    One row a year that occurs and type: year `Int64`, type `Int64`, assets `Int64`, share `Float64`
    (of the type's assets); by year, then type. The last year is absent: those assets have none, or
    one that cannot be (before 1888, more than two years after `now`, as meta.out_of_range says).
    """
    view = view_of(assets, "type", now=now)
    _column(view, field)
    limits = view.rules.thresholds
    year = view.number(field)
    fits = (year >= limits.year_first) & (year <= view.now.year + limits.years_ahead)
    key = np.full(view.count, _NO_YEAR)
    key[fits] = year[fits].astype(np.int64)
    counted = _by_type(view, pd.DataFrame({"row": range(view.count), "key": key}))
    known = counted.pop("key")
    counted.insert(0, "year", known.astype("Int64").mask(known == _NO_YEAR))
    return counted


def cast(assets: pd.DataFrame, *, credits: Iterable[str] | None = None) -> pd.DataFrame:
    """List who is in how many assets, credit by credit.

    One row a credit and person: credit (the meta's or tag's name), person `str`, assets `Int64`,
    share `Float64` (of the assets that have the credit); the most first. `credits` are names of
    metas or tags that hold people, by default those of `CREDITS` that the table has; a text of
    several is split at commas, semicolons and bars. A name spelled in two ways is two people:
    meta.near_duplicate of the audit finds those.
    """
    view = view_of(assets, "type")
    names = CREDITS if credits is None else list(credits)
    known = {name: column for name in names for column in view.columns_of(name)}
    if credits is None and not known and view.count:
        raise KottError(
            f"None of the usual credits is here; name yours: credits=[...], of {_fields(assets)}."
        )
    columns = known if credits is None else {name: _column(view, name) for name in names}
    parts = [_credited(view, column) for column in dict.fromkeys(columns.values())]
    dtypes = {"credit": "str", "person": "str", "assets": "Int64", "share": "Float64"}
    empty = pd.DataFrame(columns=list(dtypes))
    return pd.concat([empty, *parts], ignore_index=True).astype(dtypes)


def _credited(view: View, column: str) -> pd.DataFrame:
    laid = _laid(view, column)
    if not column.startswith("tags."):
        people = laid["value"].str.split(_MANY, regex=True)
        laid = laid.assign(value=people).explode("value")
    laid = laid.assign(value=laid["value"].str.strip())
    laid = laid[laid["value"] != ""].drop_duplicates()
    counts = laid["value"].value_counts()
    table = pd.DataFrame(
        {
            "credit": column.partition(".")[2] or column,
            "person": counts.index,
            "assets": counts.to_numpy(),
            "share": counts.to_numpy() / laid["row"].nunique(),
        }
    )
    return table.sort_values(["assets", "person"], ascending=[False, True])


def ratios(assets: pd.DataFrame) -> pd.DataFrame:
    """Measure which picture ratios the assets of each type have, and how wide they are.

    One row a type and ratio, also where no asset has it: type `Int64`, ratio `str` ("16:9", whoever
    wrote 16x9), rows, filled, defaults `Int64` (those of them that have the default picture alone),
    width `Float64` (pixels: the median of each asset's widest; absent where no picture tells),
    share `Float64` (filled / rows). By type, the commonest ratio first.
    """
    view = view_of(assets, "type", "images")
    each = _widest(view)
    codes, types = _types(view)
    found = each.assign(type=codes[each["row"]]).groupby(["type", "ratio"])
    sums = found.agg(filled=("row", "size"), defaults=("default", "sum"), width=("width", "median"))
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
    return table.assign(share=table["filled"] / table["rows"])


def _widest(view: View) -> pd.DataFrame:
    """Give the widest picture of each row and ratio, and whether all of them are the default."""
    row, of = view.images
    each = of.assign(row=row)[of["ratio"] != ""].groupby(["row", "ratio"], sort=False)
    return each.agg(width=("width", "max"), default=("default", "all")).reset_index()


def _column(view: View, field: str) -> str:
    """Find the one column of a field; raise KottError that says what there is instead."""
    found = view.columns_of(field)
    if len(found) == 1:
        return found[0]
    if found:
        raise KottError(f"{field} is {' and '.join(found)}: give one of them.")
    raise KottError(f"There is no meta, tag or column {field!r}; there are {_fields(view.table)}.")


def _fields(assets: pd.DataFrame) -> str:
    own = [str(name) for name in assets.columns if str(name).startswith(("metas.", "tags."))]
    return ", ".join(own) or "no metas and no tags"


def _laid(view: View, column: str) -> pd.DataFrame:
    """Lay the values of a column out: row, value; each of a row once, blank ones aside."""
    if column.startswith("tags."):
        return view.tag(column).copy()
    cells = view.text(column)
    said = cells[view.filled(column)]
    if said.dtype.kind == "f":
        said = said.map("{:.15g}".format)  # a year is 1999, and not 1999.0
    laid = pd.DataFrame({"row": said.index.to_numpy(np.intp), "value": said.array})
    return laid.astype({"value": "str"})


def _types(view: View) -> tuple[npt.NDArray[np.intp], Any]:
    return pd.factorize(view.table["type"], sort=True, use_na_sentinel=False)


def _by_type(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """Count rows by their key and type: key, type, assets, share; by key, then type."""
    codes, types = _types(view)
    counts = rows.groupby(["key", codes[rows["row"]]]).size()
    code = counts.index.get_level_values(1).to_numpy(np.intp)
    of = np.bincount(codes, minlength=len(types))[code]
    table = pd.DataFrame(
        {
            "key": counts.index.get_level_values(0).to_numpy(np.int64),
            "type": types.take(code),
            "assets": pd.Series(counts.to_numpy(), dtype="Int64"),
        }
    )
    return table.assign(share=table["assets"] / of)
