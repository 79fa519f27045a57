"""The rules of availability: when an asset is on offer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kott_notebooks.catalog.view import DAY, SECOND, Found, Mask, View
from kott_notebooks.ksql import Expression, K
from kott_notebooks.tables.columns import NAT

_YEAR = 365.25 * DAY


def find(view: View) -> Iterator[Found]:
    """Find what is wrong with windows, or worth knowing."""
    start, end, now = view.times("startDate"), view.times("endDate"), view.moment
    limits = view.rules.thresholds
    soon = now + round(limits.ending_days * DAY)
    never = now + round(limits.endless_years * _YEAR)
    ends = end != NAT
    yield _found(view, "window.inverted", "endDate", ends & (start != NAT) & (end <= start))
    yield _found(view, "window.expired", "endDate", ends & (end < now) & active(view))
    later = K.start_date > now // SECOND
    yield _found(view, "window.not_started", "startDate", (start != NAT) & (start > now), later)
    last = (K.end_date >= _up(now)) & (K.end_date <= soon // SECOND)
    yield _found(view, "window.ending", "endDate", ends & (end >= now) & (end <= soon), last)
    yield _found(view, "window.endless", "endDate", ends & (end >= never), K.end_date >= _up(never))


_DETAILS = {
    "window.inverted": "It ends before it has started.",
    "window.expired": "It has ended, and is still active.",
    "window.not_started": "It has not started yet.",
    "window.ending": "It ends soon.",
    "window.endless": "It never ends.",
}


def active(view: View) -> Mask:
    """Say which assets are active; one that does not tell is."""
    if "status" not in view.table:
        return np.ones(view.count, bool)
    return view.table["status"].astype("boolean").fillna(True).to_numpy(bool)


def _found(view: View, rule: str, field: str, mask: Mask, term: Expression | None = None) -> Found:
    rows = np.flatnonzero(mask)
    ksql = "" if term is None else view.ksql(term)
    start, end = view.times("startDate")[rows], view.times("endDate")[rows]
    return Found(rule, rows, field, _DETAILS[rule], ksql, start, end)


def _up(moment: int) -> int:
    """Round up to whole seconds, which are all that KSQL knows."""
    return -(-moment // SECOND)
