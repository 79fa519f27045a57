"""How a list too long to page is cut: into windows over the ids of its rows; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

CUTS = 100  # windows that one is cut into, at most: they are counted before they are cut again
LAST = 2**53  # no bound is higher: it would not survive a JSON number


class Split(NamedTuple):
    """The KSQL key of the rows' ids, guessed to lie between `low` and `high`.

    The outermost windows stay open, so that no row lies outside of them all. An id stays what it
    is; a row cut by anything else could be moved from a window not yet read to one that was.
    """

    key: str
    low: int
    high: int


class Window(NamedTuple):
    """A part of a list: rows whose id is at least `low` and below `high`; None is open.

    `ids` narrows it further, to a part that is read alone.
    """

    low: int | None = None
    high: int | None = None
    ids: tuple[int | None, int | None] = (None, None)


WHOLE = Window()
Counted = tuple[Window, int | None]  # and how many rows the server counts in it


def within(arguments: dict[str, Any], split: Split | None, window: Window) -> dict[str, Any]:
    """Narrow a list's arguments to a window."""
    if split is None or window == WHOLE:
        return dict(arguments)
    asked = dict(arguments["filter"])
    items = [text for text in (asked.get("kSql") or "", *bounds_of(split, window)) if text]
    asked["kSql"] = f"(and {' '.join(items)})"
    return arguments | {"filter": asked}


def bounds_of(split: Split | None, window: Window) -> list[str]:
    """Write a window as KSQL conditions."""
    if split is None:
        return []
    return [*_bounds(split.key, window.low, window.high), *_bounds(split.key, *window.ids)]


def _bounds(key: str, low: int | None, high: int | None) -> list[str]:
    return [f"{key}{op}'{n}'" for op, n in ((">=", low), ("<", high)) if n is not None]


def cut(window: Window, split: Split, parts: int) -> list[Window]:
    """Cut a window into about so many; an open end is searched in steps that double.

    One that holds a single id comes back as it is.
    """
    low, high = window.low, window.high
    a, b = split.low, split.high
    if low is not None:
        a, b = low, (high if high is not None else b if low < b else 2 * low - min(a, low - 1))
    elif high is not None:
        a, b = (a if high > a else 2 * high - max(b, high + 1)), high
    step = max(1, (b - a) // max(parts, 2))
    points = [*range(a + step, b - step + 1, step)]
    points = [*([a] if low is None else []), *points, *([b] if high is None else [])]
    inside = [n for n in points if 0 <= n < LAST and _between(n, low, high)]
    edges = [low, *inside, high]
    return [Window(*pair, window.ids) for pair in pairwise(edges)]


def _between(point: int, low: int | None, high: int | None) -> bool:
    return (low is None or low < point) and (high is None or point < high)


def joined(
    counted: Sequence[tuple[Window, int | None]], most: int
) -> list[tuple[Window, int | None]]:
    """Join neighbours that together hold no more rows than fit."""
    whole: list[Counted] = []
    for window, rows in counted:
        before, held = whole[-1] if whole else (window, None)
        if rows is not None and held is not None and held + rows <= most:
            whole[-1] = (Window(before.low, window.high, window.ids), held + rows)
        else:
            whole.append((window, rows))
    return whole


def by_ids(window: Window, ids: Sequence[int], most: int) -> list[Window]:
    """Cut a window so that each part holds at most so many of the ids that are known."""
    edges = sorted(set(ids))[most::most]
    low, high = window.ids
    inside = [n for n in edges if _between(n, low, high)]
    bounds = [low, *inside, high]
    return [window._replace(ids=pair) for pair in pairwise(bounds)]
