"""A window too deep to be paged: it is counted and cut until no part of it is. No I/O."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kott_notebooks.api.decode import Rows
from kott_notebooks.errors import IncompleteError
from kott_notebooks.paging.passes import row_ids
from kott_notebooks.paging.reading import IGNORED, WindowRead, outside
from kott_notebooks.paging.windows import MAX_PARTS, WHOLE, Counted, Split, Window, cut, merge
from kott_notebooks.paging.work import PAGE_SIZE, Failed, Narrow, NeedsCheck, PageRequest, Verdict

if TYPE_CHECKING:
    from kott_notebooks.paging.listing import Listing

_UNCOUNTED: Any = object()


class Survey:
    """A window too deep to be paged: it is counted and cut until each part is not."""

    def __init__(self, listing: Listing, window: Window, total: int | None) -> None:
        assert listing.split is not None
        self.listing, self.window, self.total, self.split = listing, window, total, listing.split
        self._ends: dict[str, Rows] = {}
        self._counts: dict[tuple[int, Window], int | None] = {}  # by attempt and window

    def log(self, request: PageRequest, page: Rows) -> None:
        """Log where the ids lie, or how many rows a part has."""
        if outside(page.keys, request.window):
            raise IncompleteError(IGNORED.format(name=self.listing.name, key=self.split.key))
        if request.kind == "count":
            self._counts[request.pass_, request.window] = page.total
        else:
            self._ends[request.kind] = page

    def verdict(self) -> Verdict:
        """Decide whether all parts are counted and few enough."""
        if len(self._ends) < 2:
            ends = [kind for kind in ("oldest", "newest") if kind not in self._ends]
            return NeedsCheck(
                PageRequest(self, kind, self.window, 1, 1, PAGE_SIZE, True) for kind in ends
            )
        for attempt in range(1, 5):
            verdict = self._counted(attempt)
            if verdict is not None:
                return verdict
        whole, parts = self._counts[4, WHOLE], self._sum(4)
        return Failed(
            f"{self.listing.name}: the windows hold {parts:,} of {whole:,} rows; some lack "
            f"{self.split.key}, by which the list is cut: name one asset_type in the filter."
        )

    def _counted(self, attempt: int) -> Verdict | None:
        """Judge one attempt at counting; None where its parts hold less than the whole."""
        try:
            parts = list(self._parts(self.window, self.total, attempt))
        except IncompleteError as error:
            return Failed(str(error))
        missing = [window for window, rows in parts if rows is _UNCOUNTED]
        if self.window == WHOLE and (attempt, WHOLE) not in self._counts:
            missing.insert(0, WHOLE)
        if missing:
            return NeedsCheck(
                PageRequest(self, "count", window, attempt, 1, 1, True) for window in missing
            )
        whole = self._counts.get((attempt, WHOLE))
        if whole is not None and None not in dict(parts).values() and self._sum(attempt) < whole:
            return None
        merged = merge(parts, self.listing.deepest)
        return Narrow(
            [
                WindowRead(self.listing, window, split=self.split, expected=rows)
                for window, rows in merged
            ]
        )

    def _sum(self, attempt: int) -> int:
        return sum(rows or 0 for _, rows in self._parts(self.window, self.total, attempt))

    def _parts(self, window: Window, rows: int | None, attempt: int) -> Iterator[Counted]:
        """Walk the parts of a window, down to those that are few enough or not counted yet."""
        deepest = self.listing.deepest
        wanted = 2 if rows is None else math.ceil(2 * rows / deepest)
        parts = cut(window, self._guessed, min(max(wanted, 2), MAX_PARTS))
        if len(parts) == 1:
            raise IncompleteError(
                f"{self.listing.so_far()}: more than {deepest:,} rows share one {self.split.key}, "
                "and this server pages no deeper. Narrow the filter."
            )
        for part in parts:
            count = self._counts.get((attempt, part), _UNCOUNTED)
            if count is not _UNCOUNTED and count is not None and count > deepest:
                yield from self._parts(part, count, attempt)
            else:
                yield part, count

    @property
    def _guessed(self) -> Split:
        """Guess between which values the ids lie, by the oldest and the newest rows."""
        ids = [n for page in self._ends.values() for n in row_ids(page.keys) or ()]
        return self.split._replace(low=min(ids), high=max(ids) + 1) if ids else self.split
