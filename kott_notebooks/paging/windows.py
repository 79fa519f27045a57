"""Windows: parts of a list, cut by the ids of its rows. Values and pure functions only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

MAX_PARTS = 100  # that one window is cut into: they are counted before they are cut again
MAX_BOUND = 2**53  # a higher bound would not survive a JSON number


class Split(NamedTuple):
    """The KSQL key of the rows' ids, which are expected to lie between `low` and `high`."""

    key: str
    low: int
    high: int


class Window(NamedTuple):
    """The rows whose id is at least `low` and below `high`; None is open.

    The outermost windows of a list are open, so that together they hold every id.
    """

    low: int | None = None
    high: int | None = None

    def holds(self, row_id: int) -> bool:
        """Return whether a row with this id belongs to the window."""
        return (self.low is None or self.low <= row_id) and (
            self.high is None or row_id < self.high
        )

    def as_ksql(self, key: str) -> list[str]:
        """Write the bounds as KSQL conditions."""
        bounds = ((">=", self.low), ("<", self.high))
        return [f"{key}{op}'{bound}'" for op, bound in bounds if bound is not None]


WHOLE = Window()
Counted = tuple[Window, int | None]  # a window, and how many rows the server counts in it


def within(arguments: dict[str, Any], split: Split | None, window: Window) -> dict[str, Any]:
    """Narrow a list's arguments to a window."""
    if split is None or window == WHOLE:
        return arguments
    search = arguments["filter"]
    items = [item for item in (search.get("kSql") or "", *window.as_ksql(split.key)) if item]
    return arguments | {"filter": search | {"kSql": f"(and {' '.join(items)})"}}


def cut(window: Window, split: Split, parts: int) -> list[Window]:
    """Cut a window into about `parts` equal parts; an open end is searched in doubling steps.

    A window that holds a single id is returned as it is.
    """
    low, high = window
    first, last = split.low, split.high
    if low is not None:
        reach = last if low < last else 2 * low - min(first, low - 1)
        first, last = low, reach if high is None else high
    elif high is not None:
        first, last = (first if high > first else 2 * high - max(last, high + 1)), high
    step = max(1, (last - first) // max(parts, 2))
    edges = [*range(first + step, last - step + 1, step)]
    edges = [*([first] if low is None else []), *edges, *([last] if high is None else [])]
    return _between(window, [edge for edge in edges if 0 <= edge < MAX_BOUND])


def tile_rows(page_rows: int) -> int:
    """Return how many known rows a tile holds, so that a few that are not known fit its page."""
    return max(1, page_rows * 9 // 10)


def tiles(window: Window, ids: Sequence[int], rows: int) -> list[Window]:
    """Cut a window so that each part holds at most `rows` of the ids that are known."""
    return _between(window, sorted(set(ids))[rows::rows])


def halves(window: Window, ids: Sequence[int], rows: int) -> list[Window]:
    """Cut a window into smaller ones of at most `rows` known ids; none where it cannot be cut."""
    known = sorted(set(ids))
    if len(known) > 1:
        return tiles(window, known, max(1, min(rows, len(known) // 2)))
    parts = _between(window, [known[0], known[0] + 1] if known else [])
    return parts if len(parts) > 1 else []


def _between(window: Window, edges: Sequence[int]) -> list[Window]:
    """Cut a window at those of the edges that lie inside it."""
    low, high = window
    inside = [
        edge for edge in edges if (low is None or low < edge) and (high is None or edge < high)
    ]
    return [Window(*pair) for pair in pairwise([low, *inside, high])]


def merge(counted: Sequence[Counted], rows: int) -> list[Counted]:
    """Merge neighbours that together hold at most `rows` rows."""
    merged: list[Counted] = []
    for window, count in counted:
        before, held = merged[-1] if merged else (window, None)
        if count is not None and held is not None and held + count <= rows:
            merged[-1] = (Window(before.low, window.high), held + count)
        else:
            merged.append((window, count))
    return merged
