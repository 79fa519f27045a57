"""What a list says while it is read: its requests, its verdicts, its proved rows. Values only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from kott_notebooks.api.bodies import Call
from kott_notebooks.api.decode import Reader, Rows
from kott_notebooks.errors import ApiError
from kott_notebooks.paging.passes import Pass
from kott_notebooks.paging.windows import Window

if TYPE_CHECKING:
    from kott_notebooks.paging.reading import WindowRead

PAGE_SIZE = 500  # requested; servers may silently return fewer, so use the size received
LAY_OUT = 1_000  # rows that are laid out at a time
WEAK = {
    "two passes, no total": "the server sends no total: two passes ended at the same rows",
    "one reply, miscounted": "the server's total does not fit its rows, and it has no pager",
}


class PageRequest(NamedTuple):
    """One page to request; what is sent is derived from it.

    `kind` is page, tile, look, count, or oldest and newest, which show where the ids lie.
    """

    owner: object  # the window that it belongs to
    kind: str
    window: Window
    pass_: int
    page: int
    size: int
    ids: bool  # of the rows, their ids only


class Accepted(NamedTuple):
    """The verdict on rows that are proved: where they are, and what proves them."""

    rows_of: Pass
    proof: str
    positions: list[int] | None = None  # of the rows that are proved; None for all
    windows: Sequence[WindowRead] = ()  # that are read again, since their tiles show other ids
    tiles: int = 0


class NeedsCheck(NamedTuple):
    """The verdict on a window of which pages, or what checks them, are still missing."""

    requests: Iterator[PageRequest]


class NeedsPass(NamedTuple):
    """The verdict on a window that has to be read once more, with pages of another size."""

    next: Pass


class Narrow(NamedTuple):
    """The verdict on a window that is better read as others."""

    windows: Sequence[WindowRead]


class TooDeep(NamedTuple):
    """The verdict on a window that the server does not page to its end: it is to be counted."""

    total: int | None


class Failed(NamedTuple):
    """The verdict on a window that nothing can prove."""

    why: str


Verdict: TypeAlias = "Accepted | NeedsCheck | NeedsPass | Narrow | TooDeep | Failed"


class Proved(NamedTuple):
    """Rows that are proved: the window they fill, their parts, and what proves them."""

    window: Window
    parts: list[Any]
    rows: int
    proof: str
    pages: int
    duplicates: int
    tiles: int = 0


class Work:
    """What can be run: it says what it wants, takes the replies, and has parts in the end.

    A subclass gives `wanted`, `call`, `reader_of`, `receive`, `done` and `proved`.
    """

    name = ""

    def wanted(self) -> Iterator[Any]:
        """Give what is to be requested, in the order in which it is needed."""
        raise NotImplementedError

    def call(self, request: Any) -> Call:
        """Give the call of a request."""
        raise NotImplementedError

    def reader_of(self, request: Any) -> Reader:
        """Give what reads the reply to a request."""
        raise NotImplementedError

    def receive(self, request: Any, reply: Rows | ApiError) -> None:
        """Log a reply."""
        raise NotImplementedError

    @property
    def done(self) -> bool:
        """Return whether all is proved."""
        raise NotImplementedError

    def proved(self) -> Iterator[Any]:
        """Give the parts that are proved, in order."""
        return iter(())

    def received(self) -> list[Any]:
        """Return the parts of all that was received."""
        return []

    def restart(self) -> None:
        """Begin anew with what failed for good."""

    def advance(self) -> None:
        """Act on whatever needs no further reply."""

    def lay_out(self, rows: int) -> bool:
        """Lay out rows, if at least `rows` of them wait; return whether it did."""
        return False

    @property
    def rows(self) -> int:
        """Count what was received."""
        return 0

    @property
    def expected(self) -> int:
        """Count what is expected."""
        return 0

    @property
    def page_rows(self) -> int:
        """Return the rows of a page, as far as is known."""
        return 1

    def so_far(self) -> str:
        """Say how much was received."""
        return f"{self.name} was stopped"

    def where(self, request: Any) -> str:
        """Say what a request is for."""
        return ""

    def report(self) -> dict[str, Any]:
        """Say how it was gathered, in values that JSON can hold."""
        return {"action": self.name}
