"""Compare two tables of anything: what was added, removed and changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError, as_list
from kott_notebooks.tables.columns import NAT, as_times, id_texts, is_flag, micros, need
from kott_notebooks.tables.kinds import STR

COLUMNS = ["change", "key", "field", "before", "after", "detail", "cause", "rows"]
MIN_ROWS = 10  # rows with an equal change, from which it counts as one cause
CONTEXT = 3  # words that are shown around those that changed
ENTRY = 60  # characters of an entry of a list that are shown
BLOCK = 10_000  # rows that are compared at once

Rows: TypeAlias = "npt.NDArray[np.intp]"


def diff(
    before: pd.DataFrame,
    after: pd.DataFrame,
    on: str | Iterable[str] = "id",
    *,
    fields: Sequence[str] | None = None,
    min_rows: int = MIN_ROWS,
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
    min_rows : int, default 10
        An equal change of one field in this many rows or more is one cause.

    Returns
    -------
    DataFrame
        One row per row that was added or removed, and per field that changed: `change` (`added`,
        `removed`, `changed`), `key` (the values of `on`, joined by ` | `), `field`, `before`,
        `after`, `detail` (what is different, for people: `Quay [-at dawn-] {+at dusk+}`, `+Drama
        -Crime`, `moved by 1 year`), `cause` (`str`; the same text for equal changes of many rows,
        else absent: `endDate moved by 1 year`), `rows` (`Int64`: how many rows share the cause,
        else 1). Added and removed rows have no field. Nested cells are compared as lists, whatever
        the order of an object's properties.

    Raises
    ------
    KottError
        A column is missing, a key is absent, or several rows of one table have one key.

    See Also
    --------
    catalog.changes, schedule.changes, history.churn

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
    keys = [on] if isinstance(on, str) else as_list("on", on)
    if not keys:
        raise KottError("on must name one column or more.")
    before, after = (need(table, *keys) for table in (before, after))
    common = list(before.columns.intersection(after.columns))
    wanted = common if fields is None else as_list("fields", fields)
    wanted = [name for name in wanted if name not in keys]
    before, after = (need(table, *wanted) for table in (before, after))
    old, new = _keys(before, keys), _keys(after, keys)
    at = new.get_indexer(old)
    rows, others = np.flatnonzero(at >= 0), at[at >= 0]  # of `before`, and theirs of `after`
    is_new = np.ones(len(new), dtype=bool)
    is_new[others] = False
    parts = [
        pd.DataFrame({"change": "removed", "key": old[at < 0]}),
        pd.DataFrame({"change": "added", "key": new[is_new]}),
    ]
    for name in wanted:
        at, one, other = _unequal(before[name], after[name], rows, others)
        parts.append(_changed(name, old[rows[at]], one, other))
    table = pd.concat(parts, ignore_index=True).reindex(columns=[*COLUMNS, "_change"])
    return _with_causes(table.replace({"before": "", "after": ""}, None), min_rows)


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


def _unequal(
    before: pd.Series[Any], after: pd.Series[Any], rows: Rows, others: Rows
) -> tuple[Rows, pd.Series[Any], pd.Series[Any]]:
    """Find the pairs of cells that may differ: which pairs, and the cells of both tables.

    Cells are compared in blocks, as their dtype holds them: equal ones are never made into text.
    """
    if (np.diff(others) < 0).any():  # rows in another order: one copy, not one per block
        after, others = after.take(others), np.arange(len(others))
    parts = [(rows[:0], before.iloc[:0], after.iloc[:0])]
    for begin in range(0, len(rows), BLOCK):
        one = _take(before, rows[begin : begin + BLOCK])
        other = _take(after, others[begin : begin + BLOCK])
        at = np.arange(len(one))
        if one.dtype == other.dtype:
            equal = pd.array(one.array == other.array).to_numpy(bool, na_value=False)
            is_there = one.notna().to_numpy(bool) | other.notna().to_numpy(bool)
            at = np.flatnonzero(~equal & is_there)
        if len(at):
            parts.append((begin + at, one.iloc[at], other.iloc[at]))
    pairs, ours, theirs = zip(*parts, strict=True)
    return np.concatenate(pairs), pd.concat(ours), pd.concat(theirs)


def _take(cells: pd.Series[Any], rows: Rows) -> pd.Series[Any]:
    """Return the cells of ascending rows, by a slice: Arrow copies all that it takes them from."""
    near: pd.Series[Any] = cells.iloc[rows[0] : rows[-1] + 1]
    return near.take(rows - rows[0])


def _changed(
    name: str, keys: pd.Index[Any], before: pd.Series[Any], after: pd.Series[Any]
) -> pd.DataFrame:
    """Lay out the cells of one field that differ; `_change` is the same for equal changes."""
    if "M" in (before.dtype.kind, after.dtype.kind):
        one, other = (micros(cells.to_frame(name), name) for cells in (before, after))
        at = np.flatnonzero(one != other)
        details = _moved(one[at], other[at])
        texts = [_times_as_text(times[at]) for times in (one, other)]
        changes = [f"{name} {detail}" for detail in details]
    else:
        texts = [_texts(before, after), _texts(after, before)]
        at = np.flatnonzero(texts[0] != texts[1])
        texts = [_ordered(cells[at]) for cells in texts]
        differ = texts[0] != texts[1]
        at, texts = at[differ], [cells[differ] for cells in texts]
        described = [_text_change(one, other) for one, other in zip(*texts, strict=True)]
        details = [detail for detail, _ in described]
        changes = [f"{name}: {core}" for _, core in described]
    cells = {"before": texts[0], "after": texts[1], "detail": details, "_change": changes}
    return pd.DataFrame({"change": "changed", "key": keys[at], "field": name, **cells})


def _texts(cells: pd.Series[Any], other: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Return cells as text, as numbers or flags are written where the other column holds them.

    An absent cell is empty.
    """
    has_numbers = cells.dtype.kind in "iuf" or other.dtype.kind in "iuf"
    texts = id_texts(cells) if has_numbers else cells.astype(STR)
    if other.dtype.kind == "b" and cells.dtype.kind != "b":
        given = texts.dropna().unique()
        flags = (True, False)
        texts = texts.replace(
            {text: str(is_) for is_ in flags for text in given if is_flag(text, is_)}
        )
    return np.asarray(texts.fillna("").to_numpy(object))


def _ordered(cells: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return texts with the properties of nested objects in one order."""
    codes, distinct = pd.factorize(cells)
    ordered = [_in_order(text) if text[:1] in ("[", "{") else text for text in distinct]
    return np.array([*ordered, ""], dtype=object)[codes]


def _in_order(text: str) -> str:
    try:
        return msgspec.json.encode(msgspec.json.decode(text), order="sorted").decode()
    except msgspec.DecodeError:
        return text


# What is different, in words


def _times_as_text(times: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    shown = [one.isoformat() for one in as_times(np.where(times == NAT, 0, times))]
    return np.where(times == NAT, "", np.array(shown, dtype=object))


def _moved(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> list[str]:
    """Describe how far times moved: by years or months of the calendar, else by a duration."""
    pairs = pd.DataFrame({"one": before, "other": after})
    known = (pairs["one"] != NAT) & (pairs["other"] != NAT)
    one, other = (as_times(pairs[side].where(known, 0).to_numpy()) for side in pairs)
    months = (other.year - one.year) * 12 + other.month - one.month
    last = other.days_in_month
    same_day = (other.day == one.day) | ((one.day > last) & (other.day == last))
    calendar = same_day & (one - one.normalize() == other - other.normalize()) & (months != 0)
    details = []
    for is_known, is_calendar, month, seconds, is_new in zip(
        known, calendar, months, (other - one).total_seconds(), pairs["one"] == NAT, strict=True
    ):
        if not is_known:
            details.append("is there now" if is_new else "is absent now")
            continue
        if is_calendar:
            size, unit = (month // 12, "year") if month % 12 == 0 else (month, "month")
        else:
            sizes = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
            unit = next((unit for unit, one in sizes.items() if seconds % one == 0), "second")
            size = seconds / sizes[unit]
        way = "moved by" if seconds > 0 else "moved back by"
        if unit == "second" and abs(seconds) >= 60:
            duration = pd.Timedelta(np.timedelta64(round(abs(seconds) * 1e6), "us"))
            details.append(f"{way} {duration}")
            continue
        details.append(f"{way} {abs(size):,g} {unit}{'' if abs(size) == 1 else 's'}")
    return details


def _text_change(before: str, after: str) -> tuple[str, str]:
    """Describe how a text or a list changed: in full, and the part that other rows may share."""
    if before[:1] == "[" or after[:1] == "[":
        change = _list_change(before, after)
        return change, change
    words, others = before.split(), after.split()
    first = _shared_words(words, others)
    last = _shared_words(words[first:][::-1], others[first:][::-1])
    gone, new = words[first : len(words) - last], others[first : len(others) - last]
    if not (first or last) or not (gone or new):
        change = f"{before or 'absent'} -> {after or 'absent'}"
        return change, change
    core = [f"[-{' '.join(gone)}-]"] * bool(gone) + [f"{{+{' '.join(new)}+}}"] * bool(new)
    ahead, behind = words[:first], words[len(words) - last :]
    shown = ["..."] * (first > CONTEXT) + ahead[-CONTEXT:] + core
    shown += behind[:CONTEXT] + ["..."] * (last > CONTEXT)
    return " ".join(shown), " ".join(core)


def _shared_words(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words at the beginning that two texts share."""
    pairs = zip(words, others, strict=False)
    shortest = min(len(words), len(others))
    return next((at for at, (one, other) in enumerate(pairs) if one != other), shortest)


def _list_change(before: str, after: str) -> str:
    """Describe which entries of a list were added and removed."""
    lists = []
    for text in (before, after):
        try:
            content = msgspec.json.decode(text) if text else []
        except msgspec.DecodeError:
            content = text
        entries = content if isinstance(content, list) else [content]
        lists.append([one if isinstance(one, str) else _short(one) for one in entries])
    gone = [one for one in lists[0] if one not in lists[1]]
    new = [one for one in lists[1] if one not in lists[0]]
    return " ".join([*(f"+{one}" for one in new), *(f"-{one}" for one in gone)]) or (
        "the same entries in another order or number"
    )


def _short(entry: Any) -> str:
    text = msgspec.json.encode(entry, order="sorted").decode()
    return text if len(text) <= ENTRY else f"{text[:ENTRY]}..."


def _with_causes(table: pd.DataFrame, min_rows: int) -> pd.DataFrame:
    """Name the equal changes of many rows as one cause."""
    count = table.groupby("_change")["key"].transform("size").fillna(1)
    grouped = count >= min_rows
    table = table.assign(cause=table["_change"].where(grouped), rows=count.where(grouped, 1))
    table = table.drop(columns="_change")
    return table.astype(dict.fromkeys(COLUMNS[:-1], "str") | {"rows": "Int64"})
