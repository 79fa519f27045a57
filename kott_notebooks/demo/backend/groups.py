"""Search results by the values of a meta, a tag or a field: counted, or one asset per value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kott_notebooks.demo.backend.columns import Mask, Rows
from kott_notebooks.demo.backend.partner import Call
from kott_notebooks.demo.backend.refusals import Refusal

_FIELDS = {"media_type_id": "asset_type"}  # any other field is grouped by its own key
Group = tuple[str | None, Rows]
_ORDERS: dict[str, Callable[[Group], Any]] = {
    "defaultorder": lambda group: (-len(group[1]), group[0] or ""),
    "count_desc": lambda group: (-len(group[1]), group[0] or ""),
    "count_asc": lambda group: (len(group[1]), group[0] or ""),
    "value_asc": lambda group: group[0] or "",
    "value_desc": lambda group: group[0] or "",
}


def counted(call: Call, rows: Rows, given: dict[str, Any]) -> dict[str, Any]:
    """Count rows, and within them by each grouping inside the one before."""
    whole = {"objectType": "KalturaAssetCount", "count": len(rows)}
    return whole | _subs(call, rows, given, given.get("groupBy", ()))


def _subs(
    call: Call, rows: Rows, given: dict[str, Any], groupings: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    if not groupings:
        return {}
    first, *rest = groupings
    counts = []
    for value, of in _groups(call, rows, given, _named(first)):
        named = {} if value is None else {"value": value}
        count = {"objectType": "KalturaAssetCount", **named, "count": len(of)}
        counts.append(count | _subs(call, of, given, rest))
    field = {"objectType": "KalturaAssetsCount", "field": first["value"], "objects": counts}
    return {"subs": [field]}


def first_of_each(call: Call, rows: Rows, given: dict[str, Any]) -> tuple[Rows, Rows]:
    """Return the rows that come first in a group, and the size of the largest group of each."""
    kept = [rows]
    for grouping in given["groupBy"]:
        kept = [part for of in kept for _, part in _groups(call, of, given, _named(grouping))]
    sizes = np.zeros(call.partner.search.count, np.int64)
    for part in kept:
        if len(part):
            sizes[part[0]] = max(sizes[part[0]], len(part))
    chosen = rows[sizes[rows] > 0]
    return chosen, sizes[chosen]


def _named(grouping: dict[str, Any]) -> str:
    """Return the name to group by, which must be there."""
    if not grouping.get("value"):
        raise Refusal("MissingParameter", parameter="groupBy.value")
    return str(grouping["value"])


def _groups(call: Call, rows: Rows, given: dict[str, Any], name: str) -> list[Group]:
    """Group rows by a key's values; rows without a value are a group with `Include`."""
    key = call.partner.search.known(_FIELDS.get(name, name))
    order = str(given.get("groupOrderBy", "defaultOrder")).lower()
    by_value = _by_value(call, rows, key)
    if given.get("groupingOptionEqual") == "Include":
        grouped = _mask(call, np.concatenate([np.zeros(0, np.int64), *by_value.values()]))
        by_value[None] = rows[~grouped[rows]]
    groups = sorted(by_value.items(), key=_ORDERS[order], reverse=order == "value_desc")
    return [group for group in groups if len(group[1])]


def _by_value(call: Call, rows: Rows, key: str) -> dict[str | None, Rows]:
    """Return the rows of each value, in their order."""
    search, language = call.partner.search, call.view.language
    place = np.full(search.count, -1)
    place[rows] = np.arange(len(rows))
    by_value: dict[str | None, list[Rows]] = {}
    known = language if language in call.partner.languages else call.partner.default_language
    for labels, having, codes in search.values(key, known):
        wanted = place[having] >= 0
        once = np.unique(codes[wanted].astype(np.int64) * search.count + place[having[wanted]])
        code, places = np.divmod(once, search.count)
        edges = np.flatnonzero(np.diff(code)) + 1
        for part in np.split(np.arange(len(once)), edges) if len(once) else ():
            by_value.setdefault(labels[int(code[part[0]])], []).append(places[part])
    return {label: rows[np.unique(np.concatenate(parts))] for label, parts in by_value.items()}


def _mask(call: Call, rows: Rows) -> Mask:
    mask = np.zeros(call.partner.search.count, np.bool_)
    mask[rows] = True
    return mask
