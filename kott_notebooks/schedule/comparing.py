"""What became of a guide between two pulls of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import HOUR, TIMED, Columns, named, window
from kott_notebooks.tables.columns import NAT, micros, pulled, stamp
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import When

_KEPT = ["id", *TIMED, "name"]


def changes(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    now: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Tell what changed between two pulls of a guide, and how long before it is on air.

    One row a programme and change: change, linearAssetId, id, newId, name, newName, startDate,
    newStartDate, endDate, newEndDate, hours (Float64; from `now`, when `after` was pulled, to the
    earlier of the two starts: less than nothing for what has begun). A change is `added`,
    `removed`, `moved` (to another start or channel), `retitled`, `shortened`, `lengthened` (by
    its minutes), or `renumbered`: the same channel, start and name under another id. Where a table
    has no ids (an XMLTV guide from elsewhere: `xmltv.read` counts its programmes), programmes are
    told by channel, start and name, then by channel and start, then by a name that is on the
    channel once. The latest changes come first: those with the least time left, then those that
    came too late. Where both tables know their window, only what is on air within both is compared.
    """
    ids = _has_ids(before, columns) and _has_ids(after, columns)
    tables = [_kept(table, columns, ids=ids) for table in (before, after)]
    old, new = _within_both(*tables)
    pairs = _matched(old, new, ids=ids)
    found = [_rows(old, new, one, other, change) for change, one, other in _told(old, new, pairs)]
    moment = stamp(pulled(after, now))
    return _late_first(pd.concat(found, ignore_index=True), moment)


def _has_ids(table: pd.DataFrame, columns: Columns | None) -> bool:
    """Tell whether a programme has the same id in another table too."""
    counted = facts(table).get("ids") == "counted"
    return (columns or {}).get("id", "id") in table.columns and not counted


def _kept(table: pd.DataFrame, columns: Columns | None, *, ids: bool) -> pd.DataFrame:
    table = named(table, columns, *TIMED, "name")[_KEPT]
    return table.drop_duplicates("id") if ids else table


def _within_both(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    windows = [window(table, None, None) for table in (old, new)]
    first = max((since for since, _ in windows if since is not None), default=None)
    last = min((until for _, until in windows if until is not None), default=None)
    return _on_air(old, first, last), _on_air(new, first, last)


def _on_air(table: pd.DataFrame, first: int | None, last: int | None) -> pd.DataFrame:
    start, end = micros(table, "startDate"), micros(table, "endDate")
    on = np.ones(len(table), dtype=bool)
    if first is not None:
        on &= (end > first) | (start >= first)
    if last is not None:
        on &= start < last
    return table[on].reset_index(drop=True)


_WAYS: tuple[tuple[list[str], Any], ...] = (  # what is compared, which of several is taken
    (["linearAssetId", "startDate", "name"], "first"),
    (["linearAssetId", "startDate"], "first"),
    (["linearAssetId", "name"], False),
)


def _matched(old: pd.DataFrame, new: pd.DataFrame, *, ids: bool) -> dict[str, npt.NDArray[np.intp]]:
    """Pair the rows of two tables by id, then what is left by channel, start and name."""
    none = np.full(len(old), -1)
    at = pd.Index(new["id"]).get_indexer(pd.Index(old["id"])) if ids else none
    by_id = one = np.flatnonzero(at >= 0)
    other = at[by_id]
    for keys, keep in _WAYS[:1] if ids else _WAYS:
        gone, fresh = _left(old, one), _left(new, other)
        was = old.loc[gone, keys].assign(one=gone).drop_duplicates(keys, keep=keep)
        now = new.loc[fresh, keys].assign(other=fresh).drop_duplicates(keys, keep=keep)
        again = was.merge(now, on=keys)
        one = np.append(one, again["one"].to_numpy(np.intp))
        other = np.append(other, again["other"].to_numpy(np.intp))
    pairs: dict[str, npt.NDArray[Any]] = {
        "old": one,
        "new": other,
        "renumbered": ids & (np.arange(len(one)) >= len(by_id)),
        "removed": _left(old, one),
        "added": _left(new, other),
    }
    return pairs


def _left(table: pd.DataFrame, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return np.setdiff1d(np.arange(len(table)), rows)


def _told(
    old: pd.DataFrame, new: pd.DataFrame, pairs: dict[str, npt.NDArray[Any]]
) -> list[tuple[str, npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Name each change, with the rows of the old table and of the new one; -1 for none."""
    one, other = pairs["old"], pairs["new"]
    sides = ((old, one), (new, other))
    start, stop = ([micros(table, column)[rows] for table, rows in sides] for column in TIMED[1:])
    lasts = stop[0] - start[0], stop[1] - start[1]
    moved = (start[0] != start[1]) | _differ(old, new, one, other, "linearAssetId")
    found = {
        "moved": moved,
        "retitled": _differ(old, new, one, other, "name"),
        "shortened": lasts[1] < lasts[0],
        "lengthened": lasts[1] > lasts[0],
        "renumbered": pairs["renumbered"],
    }
    nothing = np.full(len(pairs["removed"]), -1), np.full(len(pairs["added"]), -1)
    return [
        ("removed", pairs["removed"], nothing[0]),
        ("added", nothing[1], pairs["added"]),
        *((change, one[mask], other[mask]) for change, mask in found.items()),
    ]


def _differ(
    old: pd.DataFrame,
    new: pd.DataFrame,
    one: npt.NDArray[np.intp],
    other: npt.NDArray[np.intp],
    column: str,
) -> npt.NDArray[np.bool_]:
    both = pd.concat([old[column].iloc[one], new[column].iloc[other]])
    codes = pd.factorize(both)[0]
    differ: npt.NDArray[np.bool_] = codes[: len(one)] != codes[len(one) :]
    return differ


def _rows(
    old: pd.DataFrame,
    new: pd.DataFrame,
    one: npt.NDArray[np.intp],
    other: npt.NDArray[np.intp],
    change: str,
) -> pd.DataFrame:
    was, now = (
        table.reindex(rows).reset_index(drop=True) for table, rows in ((old, one), (new, other))
    )
    told: dict[str, Any] = {
        "change": pd.array([change] * len(one), dtype="str"),
        "linearAssetId": was["linearAssetId"].fillna(now["linearAssetId"]),
    }
    for column, renamed in (
        ("id", "newId"), ("name", "newName"),
        ("startDate", "newStartDate"), ("endDate", "newEndDate"),
    ):  # fmt: skip
        told |= {column: was[column], renamed: now[column]}
    return pd.DataFrame(told)


def _late_first(found: pd.DataFrame, moment: int) -> pd.DataFrame:
    starts = np.stack([micros(found, "startDate"), micros(found, "newStartDate")])
    first = np.where(starts == NAT, np.iinfo(np.int64).max, starts).min(axis=0)
    left = first - moment
    found["hours"] = pd.array(left / HOUR, dtype="Float64")
    order = np.lexsort((found["change"], np.abs(left), left < 0))
    return found.iloc[order].reset_index(drop=True)
