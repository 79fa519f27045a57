"""A catalogue by the values of a field: its genres, its years, who is in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.catalog.view import View, view_of
from kott_notebooks.errors import KottError, as_list
from kott_notebooks.tables.names import named_like
from kott_notebooks.tables.provenance import with_facts
from kott_notebooks.times import When

CREDITS = (
    *("Cast", "Actor", "Actors", "Director", "Directors", "Writer", "Writers", "Producer"),
    *("Producers", "Presenter", "Presenters", "Host", "Hosts", "Guest", "Guests", "Composer"),
    *("Composers", "Creator", "Creators", "Editor", "Commentator", "Adapter"),
)
_NO_YEAR = np.iinfo(np.int64).max  # after all others
_SEPARATORS = r"\s*[,;|]\s*"  # between the names in a text


def values(assets: pd.DataFrame, field: str = "Genre", *, n: int | None = None) -> pd.DataFrame:
    """Count the assets of each type by the values of a meta, a tag or a column.

    `kott.facets` counts the same on the server, where no asset needs to be pulled.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    field : str, default "Genre"
        A column, or the name of a meta or tag.
    n : int, optional
        How many values to show; the others are counted in one row. By default all.

    Returns
    -------
    DataFrame
        One row per value and type that has it: `value` (`str`), `values` (how many this row stands
        for, `Int64`), `type` (as in the table), `assets` (`Int64`), `share` (of the type's assets,
        `Float64`). The most frequent value comes first; then the others ("12 others"; an asset with
        two of them counts once); last the assets that have none (`value` absent, `values` 0). An
        asset with two values of a tag counts for both.

    Raises
    ------
    KottError
        No field, or more than one, has this name.

    See Also
    --------
    cast, plots.values
    kott.facets : The same, counted by the server.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> genres = catalog.values(kott.assets(demo.login(assets=200, defects=False)), "Genre", n=3)
    >>> list(genres.columns)
    ['value', 'values', 'type', 'assets', 'share']
    """
    view = view_of(assets, "type")
    laid = view.values(_column(view, field)).copy()
    shown = _common(laid["value"], n)
    others = laid["value"].nunique() - len(shown)
    place = shown.get_indexer_for(pd.Index(laid["value"]))
    laid["key"] = np.where(place < 0, len(shown), place)
    without = np.setdiff1d(np.arange(view.count), laid["row"])
    last = pd.DataFrame({"row": without, "key": len(shown) + 1})
    counted = _by_type(view, pd.concat([laid[["row", "key"]].drop_duplicates(), last]))
    at = counted.pop("key").to_numpy()
    names = np.array([*shown, f"{others:,} others", None], dtype=object)
    stands_for = np.array([*[1] * len(shown), others, 0])
    counted.insert(0, "value", pd.Series(names[at], dtype="str"))
    counted.insert(1, "values", pd.Series(stands_for[at], dtype="Int64"))
    return _with_matched(counted, view)


def _common(values: pd.Series[str], n: int | None) -> pd.Index[str]:
    """List the values that have a row of their own, the most frequent first, then by name."""
    counts = values.value_counts().rename_axis("value").reset_index()
    order = counts.sort_values(["count", "value"], ascending=[False, True])["value"].tolist()
    shown = order if n is None or len(order) <= n else order[: max(n - 1, 0)]
    common: pd.Index[str] = pd.Index(shown, dtype="str")
    return common


def years(assets: pd.DataFrame, *, field: str = "Year", now: When | None = None) -> pd.DataFrame:
    """Count the assets of each type by year.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    field : str, default "Year"
        The name of the meta or tag that holds the year.
    now : str, datetime or Timestamp, optional
        Years more than two after it are not valid; by default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per year that occurs and type, by year: `year` (`Int64`), `type` (as in the table),
        `assets` (`Int64`), `share` (of the type's assets, `Float64`). The last year is absent:
        those assets have none, or one that is not valid, as meta.out_of_range says.

    Raises
    ------
    KottError
        The table lacks `type`, or no field, or more than one, has this name.

    See Also
    --------
    values, plots.years

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> table = catalog.years(kott.assets(demo.login(assets=200, defects=False)))
    >>> table.columns.tolist()
    ['year', 'type', 'assets', 'share']
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
    return _with_matched(counted, view)


def cast(assets: pd.DataFrame, *, credits: Iterable[str] | None = None) -> pd.DataFrame:
    """List who is in how many assets, credit by credit.

    A name spelled in two ways is two people: meta.near_duplicate of the audit finds those.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    credits : iterable of str, optional
        Names of metas or tags that hold people; by default those of `CREDITS` that the table has.
        A text of several people is split at commas, semicolons and bars.

    Returns
    -------
    DataFrame
        One row per credit and person, the most frequent first: `credit` (the meta's or tag's name),
        `person` (`str`), `assets` (`Int64`), `share` (of the assets that have the credit,
        `Float64`).

    Raises
    ------
    KottError
        The table has none of the credits.

    See Also
    --------
    values

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> people = catalog.cast(kott.assets(demo.login(assets=200, defects=False)))
    >>> sorted(set(people["credit"]))
    ['Cast', 'Director']
    """
    view = view_of(assets, "type")
    names = CREDITS if credits is None else as_list("credits", credits)
    known = {name: column for name in names for column in view.columns_of(name)}
    if credits is None and not known and view.count:
        raise KottError(
            f"The table has none of the usual credits: name some with credits=, of {_fields(view)}."
        )
    columns = known if credits is None else {name: _column(view, name) for name in names}
    parts = [_credited(view, column) for column in dict.fromkeys(columns.values())]
    dtypes = {"credit": "str", "person": "str", "assets": "Int64", "share": "Float64"}
    empty = pd.DataFrame(columns=list(dtypes))
    return _with_matched(pd.concat([empty, *parts], ignore_index=True).astype(dtypes), view)


def _with_matched(table: pd.DataFrame, view: View) -> pd.DataFrame:
    """Note in the provenance which columns a field was matched with, where their names differ."""
    return with_facts(table, matched=view.matched) if view.matched else table


def _credited(view: View, column: str) -> pd.DataFrame:
    laid = view.values(column)
    if not column.startswith("tags."):
        people = laid["value"].str.split(_SEPARATORS, regex=True)
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


def _column(view: View, field: str) -> str:
    """Find the only column of a field; KottError names the fields that there are."""
    columns = view.columns_of(field)
    if len(columns) == 1:
        return columns[0]
    if columns:
        raise KottError(f"{field} is {' and '.join(columns)}: give one of them.")
    raise KottError(f"There is no meta, tag or column {field!r}; there are {_fields(view)}.")


def _fields(view: View) -> str:
    own = [name for name in map(str, view.table.columns) if name.startswith(("metas.", "tags."))]
    return ", ".join(own) or "no metas and no tags"


def types_of(view: View) -> tuple[npt.NDArray[np.intp], Any]:
    """Number each row's type; return the numbers and the types, in their order."""
    return pd.factorize(view.table["type"], sort=True, use_na_sentinel=False)


def _by_type(view: View, rows: pd.DataFrame) -> pd.DataFrame:
    """Count rows by their key and type: key, type, assets, share; by key, then type."""
    codes, types = types_of(view)
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
    return named_like(table.assign(share=table["assets"] / of), view.table)
