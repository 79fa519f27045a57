"""One way through a window, page by page: what came, and whether it can be all."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from kott_notebooks.api.rows import Found, Key, Reader

BATCH = 1_000  # rows that are made into what is kept at a time
CAPS = (10_000, 100_000)  # totals at which a server may have stopped counting


class _Come(NamedTuple):
    """What came so far; a page is added by putting a new one in its place, so whole or not."""

    pages: int = 0
    keys: tuple[Key, ...] | list[Key] = ()
    kept: tuple[Any, ...] = ()
    loose: tuple[Any, ...] | list[Any] = ()  # rows that are not yet made into what is kept
    duplicates: int = 0
    ended: bool = False  # by a page that brought nothing new
    totals: tuple[int, ...] = ()
    size: int = 0  # of the largest page
    prints: frozenset[int] = frozenset()  # of pages whose rows have no id


class Reading:
    """Takes the pages of a window in their order; `expected` is what was counted beforehand.

    With a `limit` it is over after so many rows; with `keep=False` only the keys are kept.
    """

    def __init__(
        self,
        reader: Reader,
        *,
        limit: int | None = None,
        paged: bool = True,
        keep: bool = True,
        expected: int | None = None,
        size: int = 0,
    ) -> None:
        self.reader = reader
        self.keep = keep
        self.expected = expected
        self._limit, self._paged, self._size = limit, paged, size
        self._come = _Come()
        self._seen: set[Key] = set()

    def add(self, found: Found) -> None:
        """Take the next page, without the rows that came before."""
        come = self._come
        if len(self._seen) != len(come.keys):  # an interrupt came between here and the last line
            self._seen = set(come.keys)
        mark = hash(tuple(found.keys)) if found.keys and found.keys[0][0] == b"text" else 0
        # rows without an id may be equal, but a whole page that comes again is the same page
        fresh = self._fresh(found.keys) if not mark else [mark not in come.prints] * len(found.keys)
        if not self._paged:
            fresh = [True] * len(found.keys)  # all there is, in one reply: an id may be there twice
        keys = _only(found.keys, fresh)
        loose = [*come.loose, *_only(found.rows, fresh)] if self.keep else []
        kept = come.kept
        if len(loose) >= BATCH:
            kept, loose = (*kept, self.reader.keep(loose)), []
        counts = found.total is not None and (
            found.rows or not come.pages
        )  # past the end: perhaps 0
        self._come = _Come(
            come.pages + 1,
            [*come.keys, *keys],
            kept,
            loose,
            come.duplicates + len(fresh) - len(keys),
            not keys,
            (*come.totals, found.total) if counts and found.total is not None else come.totals,
            max(come.size, len(found.rows)),
            come.prints | {mark},
        )
        if not mark:
            self._seen.update(keys)

    def again(self, reader: Reader) -> Reading:
        """Give a reading of the same rows, for their keys alone."""
        return Reading(reader, limit=self._limit, keep=False, expected=self.total, size=self.size)

    def emptied(self) -> Reading:
        """Give a reading of which nothing came, in the place of one that is no longer needed."""
        return Reading(self.reader, limit=self._limit, expected=self.total)

    def _fresh(self, keys: list[Key]) -> list[bool]:
        if self._seen.isdisjoint(keys) and len(set(keys)) == len(keys):
            return [True] * len(keys)
        seen = set(self._seen)
        return [key not in seen and not seen.add(key) for key in keys]  # type: ignore[func-returns-value]

    @property
    def pages(self) -> int:
        """Say how many pages were taken."""
        return self._come.pages

    @property
    def size(self) -> int:
        """Give the rows of a page."""
        return self._come.size

    @property
    def rows(self) -> int:
        """Count the rows that came, each once."""
        return len(self._come.keys)

    @property
    def duplicates(self) -> int:
        """Count the rows that came again."""
        return self._come.duplicates

    @property
    def keys(self) -> list[Key]:
        """Name the rows that came."""
        return list(self._come.keys)

    @property
    def named(self) -> bool:
        """Say whether rows have ids."""
        return not self._come.keys or self._come.keys[0][0] != b"text"

    @property
    def total(self) -> int | None:
        """Give the server's last count, if it gives any."""
        return self._come.totals[-1] if self._come.totals else None

    @property
    def wanted(self) -> int:
        """Say how many pages are worth asking for in all, as far as is known."""
        come = self._come
        if self.over:
            return come.pages
        total, size = (self.total, come.size) if come.pages else (self.expected, self._size)
        if total is None or not size:
            return come.pages + 1
        rows = total if self._limit is None else min(total, self._limit)
        left = rows - len(come.keys) - come.duplicates
        return come.pages + max(1, math.ceil(left / size))

    @property
    def over(self) -> bool:
        """Say whether there is nothing more to ask for."""
        come = self._come
        if not come.pages:
            return False
        if come.ended or not self._paged:
            return True
        if self._limit is not None and len(come.keys) >= self._limit:
            return True
        if self.total is None or self.total in CAPS or len(set(come.totals)) > 1:
            return False
        return len(come.keys) + come.duplicates >= self.total

    @property
    def whole(self) -> bool:
        """Say whether as many rows came as the server counted, or all there were if it did not."""
        wanted = min(self._come.totals, default=len(self._come.keys))
        return len(self._come.keys) >= (wanted if self._limit is None else min(wanted, self._limit))

    @property
    def kept(self) -> list[Any]:
        """Give what is kept of the rows, up to the limit."""
        come = self._come
        parts = [*come.kept, *([self.reader.keep(list(come.loose))] if come.loose else [])]
        return parts if self._limit is None else headed(parts, self._limit)

    def agrees(self, other: Reading) -> bool:
        """Say whether two readings found the same rows."""
        return sorted(self._come.keys) == sorted(other._come.keys)


def headed(parts: list[Any], limit: int) -> list[Any]:
    """Cut parts to their first rows."""
    cut, left = [], limit
    for part in parts:
        if left > 0:
            cut.append(part.head(left))
            left -= cut[-1].rows
    return cut


def _only(values: list[Any], wanted: list[bool]) -> list[Any]:
    return (
        values if all(wanted) else [one for one, keep in zip(values, wanted, strict=True) if keep]
    )
