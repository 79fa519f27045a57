"""One comparer: two tables of anything -> what was added, removed and changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import id_texts, need
from kott_notebooks.tables.kinds import STR

COLUMNS = ["change", "key", "field", "before", "after", "cause", "rows"]
MANY = 10  # rows with one equal change, from which on it is one cause


def diff(
    before: pd.DataFrame,
    after: pd.DataFrame,
    on: str | Iterable[str] = "id",
    *,
    fields: Iterable[str] | None = None,
    many: int = MANY,
) -> pd.DataFrame:
    """Compare two tables: match their rows, then compare the fields that both have.

    Parameters
    ----------
    before, after : DataFrame
        Any two tables of ours, in any dtypes.
    on : str or list of str, default "id"
        The columns that identify a row in both. Numbers and texts match: 7, 7.0 and "7" are one.
    fields : list of str, optional
        The columns to compare; by default all that both tables have, `on` aside.
    many : int, default 10
        From how many rows on an equal change of one field is one cause.

    Returns
    -------
    DataFrame
        One row per row that was added or removed, and per field that changed: `change` (`added`,
        `removed`, `changed`), `key` (the values of `on`, joined by ` | `), `field`, `before`,
        `after`, `cause` (`str`; the same text for equal changes of many rows, else absent), `rows`
        (`Int64`: how many rows share the cause, else 1). Added and removed rows have no field.
        Nested cells are compared as lists, whatever the order of an object's properties.

    Raises
    ------
    KottError
        A column is missing, a key is absent, or several rows of one table have one key.

    Examples
    --------
    >>> import pandas as pd
    >>> import kott_notebooks as kott
    >>> before = pd.DataFrame({"id": [1, 2], "name": ["Quay", "Pier"]})
    >>> after = pd.DataFrame({"id": ["2", "3"], "name": ["Dock", "Bay"]})
    >>> kott.diff(before, after)[["change", "key", "field", "before", "after"]].fillna("")
        change key field before after
    0  removed   1
    1    added   3
    2  changed   2  name   Pier  Dock
    """
    keys = [on] if isinstance(on, str) else list(on)
    wanted = list(before.columns.intersection(after.columns)) if fields is None else list(fields)
    wanted = [name for name in wanted if name not in keys]
    before, after = (need(table, *keys, *wanted) for table in (before, after))
    old, new = _keys(before, keys), _keys(after, keys)
    at = new.get_indexer(old)
    rows, partners = np.flatnonzero(at >= 0), at[at >= 0]
    parts = [
        pd.DataFrame({"change": "removed", "key": old[at < 0]}),
        pd.DataFrame({"change": "added", "key": new[~new.isin(old)]}),
    ]
    for name in wanted:
        one, other = _comparable(before[name], rows), _comparable(after[name], partners)
        changed = np.flatnonzero(one != other)
        cells = {"before": one[changed], "after": other[changed]}
        parts.append(
            pd.DataFrame({"change": "changed", "key": old[rows[changed]], "field": name, **cells})
        )
    table = pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)
    return _with_causes(table.replace({"before": "", "after": ""}, None), many)


def _keys(table: pd.DataFrame, on: list[str]) -> pd.Index[Any]:
    texts = [id_texts(table[name]) for name in on]
    if absent := [name for name, one in zip(on, texts, strict=True) if one.isna().any()]:
        raise KottError(f"{', '.join(absent)} must be there in every row to match rows by it.")
    joined = texts[0]
    for one in texts[1:]:
        joined = joined + " | " + one
    keys = pd.Index(joined)
    if keys.has_duplicates:
        raise KottError(
            f"Several rows have one {' and '.join(on)}, such as {keys[keys.duplicated()][0]!r}: "
            "give on= columns that identify a row."
        )
    return keys


def _comparable(column: pd.Series[Any], rows: Any) -> Any:
    """Return cells as texts that are equal where the values are; an absent cell is empty."""
    cells = column.iloc[rows]
    if cells.dtype.kind == "M":
        return cells.map(lambda one: "" if pd.isna(one) else one.isoformat()).to_numpy(object)
    texts = id_texts(cells) if cells.dtype.kind in "iuf" else cells.astype(STR)
    codes, distinct = pd.factorize(texts)
    ordered = [_ordered(text) if text[:1] in ("[", "{") else text for text in distinct]
    return np.array([*ordered, ""], dtype=object)[codes]


def _ordered(text: str) -> str:
    try:
        return msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
    except msgspec.DecodeError:
        return text


def _with_causes(table: pd.DataFrame, many: int) -> pd.DataFrame:
    """Name the equal changes of many rows as one cause."""
    alike = table.groupby(["field", "before", "after"], dropna=False)["key"].transform("size")
    grouped = (table["change"] == "changed") & (alike >= many)
    said = table["before"].fillna("absent") + " -> " + table["after"].fillna("absent")
    cause = (table["field"] + ": " + said).where(grouped)
    table = table.assign(cause=cause, rows=alike.where(grouped, 1))
    return table.astype(dict.fromkeys(COLUMNS[:-1], "str") | {"rows": "Int64"})
