"""A window to be read, until it is known to be whole."""

from __future__ import annotations

from typing import Any, NamedTuple

from kott_notebooks.api.rows import Key, Reader
from kott_notebooks.paging.reading import Reading
from kott_notebooks.paging.windows import Window


class Proved(NamedTuple):
    """What is kept of a window that is known to be whole, how many rows, and what shows it."""

    kept: list[Any]
    rows: int
    proof: str
    pages: int
    duplicates: int


class Task:
    """A window, read once for its rows, and again for its ids where that is the proof.

    `tries` counts the attempts at it, those at the window that it is a part of included.
    """

    def __init__(self, window: Window, first: Reading, tries: int = 1) -> None:
        self.window, self.first, self.tries = window, first, tries
        self.second: Reading | None = None
        self.refused = False  # by a server that does not page so deep
        self.replaced = False  # by others, which read its window
        self.given_up = False  # after so many tries; going on begins them anew
        self.proved: Proved | None = None
        self._pages_before = 0

    @property
    def over(self) -> bool:
        """Say whether nothing more is to be asked for, as far as is known."""
        return self.first.over and (self.second is None or self.second.over)

    def read_again(self, reader: Reader) -> None:
        """Start the second reading; every page of the first has come."""
        self.second = self.first.again(reader)
        self._pages_before = self.first.wanted

    @property
    def ids(self) -> list[int]:
        """Give the ids that are known to lie in the window; none where rows have none."""
        both = [*self.first.keys, *(self.second.keys if self.second else [])]
        return numbers(both) if self.first.named else []

    @property
    def read_twice(self) -> bool:
        """Say whether there is a second reading that began after the first was over."""
        return self.second is not None and self.first.pages <= self._pages_before

    @property
    def agreed(self) -> bool:
        """Say whether two readings found the same rows."""
        return self.read_twice and self.second is not None and self.first.agrees(self.second)

    def settle(self, proof: str) -> None:
        """Keep what came, and let go of what it was proved by."""
        first = self.first
        kept = first.kept
        rows = sum(one.rows for one in kept)
        self.proved = Proved(kept, rows, proof, first.pages, first.duplicates)
        self.first, self.second = first.emptied(), None


def numbers(keys: list[Key]) -> list[int]:
    """Read the ids among keys as numbers; none where they are none."""
    try:
        return [int(one.strip(b'"')) for _, one in keys]
    except ValueError:
        return []
