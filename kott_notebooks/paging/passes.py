"""One reading of a window, page by page: an append-only log, and what its rows are. No I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain, takewhile
from typing import Any, NamedTuple

from kott_notebooks.api.decode import NO_ID, Key, Reader, Rows

EQUAL_PAGES = 20  # in a row, without ids or a total: the server ignores the pager


class Received(NamedTuple):
    """One page in the log of a pass; `sum` and `largest` are the rows of all pages up to it."""

    keys: list[Key]
    total: int | None
    texts: list[int] | None
    sum: int
    largest: int
    mark: int  # pages with one mark have the same rows
    repeats: bool  # a page that was received before


class Pass:
    """All pages of one window, read once: an append-only log, and the parts laid out from it."""

    def __init__(self, number: int, size: int, ids: bool = False) -> None:
        self.number, self.size, self.ids = number, size, ids
        self.pages: list[Received] = []
        self.rows: list[list[Any]] = []  # of each page, until they are laid out
        self.parts: list[tuple[int, Any]] = []  # how many pages they reach to, and the part
        self.look: Rows | None = None
        self._seen: set[Any] = set()  # rows of a list that nobody counts

    def append(self, page: Rows, texts: list[int] | None) -> None:
        """Log the next page."""
        number, before = len(self.pages), self.pages[-1] if self.pages else None
        self.rows[number:] = [page.rows]  # over what an interrupted call may have put there
        shown, mark = len(page.keys), hash(tuple(page.keys))
        # past the end, a server may count nothing
        total = page.total if shown or before is None else None
        rows = page.keys if texts is None else [*zip(page.keys, texts, strict=True)]
        with_ids = shown > 0 and page.keys[0][0] != NO_ID
        nothing_new = with_ids and total is None and self._seen.issuperset(rows)
        self.pages.append(
            Received(
                page.keys,
                total,
                texts,
                shown + (before.sum if before else 0),
                max(shown, before.largest if before else 0),
                mark,
                # rows without ids may be equal, but hardly a whole page of different ones, nor
                # page after page in a list that nobody counts
                shown > 0
                and (nothing_new or any(one.mark == mark for one in self.pages))
                and (
                    with_ids
                    or len(set(page.keys)) > 1
                    or (total is None and self._equal_pages(mark) >= EQUAL_PAGES)
                ),
            )
        )
        if total is None:
            self._seen.update(rows)

    def lay_out(self, reader: Reader, rows: int) -> bool:
        """Lay out what is not yet, if that is at least `rows` rows; the undecoded rows go."""
        start, end = self.parts[-1][0] if self.parts else 0, len(self.pages)
        done = self.pages[start - 1].sum if start else 0
        if self.ids or end == start or self.pages[-1].sum - done < rows:
            return False
        loose = list(chain.from_iterable(self.rows[start:end]))
        if loose:
            self.parts.append((end, reader.lay_out(loose)))
        for number in range(start, end):
            self.rows[number] = []
        return bool(loose)

    def selected(self, positions: list[int] | None) -> list[Any]:
        """Return the parts, or what they hold at some positions."""
        if positions is None:
            return [part for _, part in self.parts]
        selected, start, at = [], 0, 0
        for _, part in self.parts:
            stop = at
            while stop < len(positions) and positions[stop] < start + part.rows:
                stop += 1
            if stop - at == part.rows:
                selected.append(part)
            elif stop > at:
                selected.append(part.select([one - start for one in positions[at:stop]]))
            start, at = start + part.rows, stop
        return selected

    @property
    def count(self) -> int:
        """Count the rows received, repeated ones too."""
        return self.pages[-1].sum if self.pages else 0

    @property
    def total(self) -> int | None:
        """Return the server's last total, if it sent any."""
        return next((one.total for one in reversed(self.pages) if one.total is not None), None)

    @property
    def totals(self) -> list[int]:
        """Return the totals of all pages."""
        return [page.total for page in self.pages if page.total is not None]

    @property
    def ends_short(self) -> bool:
        """Return whether the last page has fewer rows than a page of this pass."""
        last, largest = len(self.pages[-1].keys), self.pages[-1].largest
        return len(self.pages) > 1 and last < min(self.size, largest)

    def _equal_pages(self, mark: int) -> int:
        """Count the last pages that have the same rows as a page with this mark."""
        return sum(1 for _ in takewhile(lambda one: one.mark == mark, reversed(self.pages)))

    @property
    def repeats_a_page(self) -> bool:
        """Return whether the last page is one that was received before."""
        return bool(self.pages) and self.pages[-1].repeats

    def keys(self) -> list[Key]:
        """Return what identifies each row received."""
        return list(chain.from_iterable(page.keys for page in self.pages))

    def texts(self) -> list[int | None]:
        """Return the hash of each row's text, where it is known."""
        unknown: list[int | None] = [None]
        texts = (page.texts or unknown * len(page.keys) for page in self.pages)
        return list(chain.from_iterable(texts))

    def two_texts(self) -> bool:
        """Return whether one id was received with two different texts."""
        keys = self.keys()
        if len(set(keys)) == len(keys):
            return False
        known: dict[Key, int] = {}
        pairs = zip(keys, self.texts(), strict=True)
        return any(
            known.setdefault(key, text) != text
            for key, text in pairs
            if key[0] != NO_ID and text is not None
        )

    def over(self, limit: int | None) -> bool:
        """Return whether no further page of this pass is worth a request."""
        if not self.pages:
            return False
        last = self.pages[-1]
        if not last.keys or self.repeats_a_page:
            return True
        if limit is not None and last.sum >= limit and len(set(self.keys())) >= limit:
            return True
        total = self.total
        return total is not None and len(self.pages) * last.largest >= total

    def pages_wanted(self, rows_a_page: int, expected: int | None, limit: int | None) -> int:
        """Count the pages that are worth a request, as far as is known."""
        start = len(self.pages)
        total = self.total if self.pages else expected
        largest = (self.pages[-1].largest if self.pages else 0) or rows_a_page
        if total is None or not largest:
            return start + 1
        rows = total if limit is None else min(total, limit)
        return max(start + 1, math.ceil(rows / largest))


def row_ids(keys: Sequence[Key]) -> list[int] | None:
    """Read the ids of rows as numbers; None where they are of several kinds, or no numbers."""
    if len({kind for kind, _ in keys}) > 1:
        return None
    try:
        return [int(one.strip(b'"')) for _, one in keys if isinstance(one, bytes)] or None
    except ValueError:
        return None


def first_positions(keys: Sequence[Key]) -> list[int]:
    """Return where each row is received for the first time; rows without ids are all first."""
    seen: set[Key] = set()
    positions = []
    for position, key in enumerate(keys):
        if key[0] == NO_ID or key not in seen:
            seen.add(key)
            positions.append(position)
    return positions


def repeats_a_row(page: Received) -> bool:
    """Return whether a page shows one row with an id twice."""
    if not page.texts or page.keys[0][0] == NO_ID:
        return False
    return len(set(zip(page.keys, page.texts, strict=True))) < len(page.keys)


def repeats_an_id(identities: Sequence[Any]) -> bool:
    """Return whether a row with an id is there twice."""
    kinds = (one[0][0] if isinstance(one[0], tuple) else one[0] for one in identities)
    with_id = [one for one, kind in zip(identities, kinds, strict=True) if kind != NO_ID]
    return len(set(with_id)) < len(with_id)
