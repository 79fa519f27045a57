"""The state of many small calls: their records, in order, or what is missing. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from kott_notebooks import schema
from kott_notebooks.api.bodies import Call
from kott_notebooks.api.decode import ObjectReader, Reader, Rows, TextReader
from kott_notebooks.api.envelopes import decoded
from kott_notebooks.errors import ApiError, IncompleteError
from kott_notebooks.paging.work import Work

MISSING = ("1005", "1006")  # no such household


class LookupRequest(NamedTuple):
    """The call at a position."""

    position: int
    ids: bool = False


class Lookups(Work):
    """Many small calls: each answers one record, or a short list without a pager.

    `asked` is the property that every record of a call must have as it was asked for, and its
    value for each call. With `one_each`, a call that answers no record has a missing one, which is
    an error unless `skip_missing`.
    """

    def __init__(
        self,
        calls: Sequence[Call],
        *,
        asked: tuple[str, Sequence[Any]] | None = None,
        one_each: bool = False,
        skip_missing: bool = False,
    ) -> None:
        self.calls, self.asked, self.one_each = list(calls), asked, one_each
        self.skip_missing = skip_missing
        first = self.calls[0] if self.calls else Call("household", "get")
        known = schema.action(first.service, first.action)
        self.name = f"{first.service}.{first.action}"
        listed = known is not None and known.items is not None
        self.reader: Reader = TextReader() if listed else ObjectReader()
        self.replies: dict[int, Rows | ApiError] = {}

    def advance(self) -> None:
        """Raise IncompleteError for missing records, once every call is answered."""
        if self.done and not self.skip_missing and (missing := self.missing()):
            shown = ", ".join(f"{position + 1}" for position in missing[:10])
            more = ", ..." if len(missing) > 10 else ""
            raise IncompleteError(
                f"{len(missing):,} of {len(self.calls):,} households asked for do not exist: "
                f"those at position {shown}{more}. "
                ".partial holds the others, as missing='skip' returns."
            )

    def restart(self) -> None:
        """Ask again for the records that were missing."""
        if self.done:
            for position in self.missing():
                del self.replies[position]

    def wanted(self) -> Iterator[LookupRequest]:
        """Give the calls that are not answered yet, in order."""
        return (LookupRequest(n) for n in range(len(self.calls)) if n not in self.replies)

    def receive(self, request: LookupRequest, reply: Rows | ApiError) -> None:
        """Log the reply to a call; a record that was not asked for is an error."""
        if isinstance(reply, ApiError):
            if reply.code not in MISSING:
                raise reply
        else:
            if reply.total is not None and len(reply.rows) < reply.total:
                raise IncompleteError(
                    f"{self.name} returned {len(reply.rows):,} of {reply.total:,} records, and "
                    "this action has no pager: ask for less."
                )
            self._compare(request.position, reply)
        self.replies[request.position] = reply
        self.advance()

    def _compare(self, position: int, reply: Rows) -> None:
        """Compare the records of a reply with what was asked for."""
        if self.asked is None:
            return
        name, values = self.asked
        for row in reply.rows:
            shown = decoded(row, self.name).get(name)
            if str(shown) != str(values[position]) and (shown is not None or name == "id"):
                raise IncompleteError(
                    f"{self.name}: at position {position + 1}, the server returned a record of "
                    f"another {name} than the one asked for, so that none of its replies can be "
                    "trusted. Log in as an operator, who may look at every household."
                )

    def missing(self) -> list[int]:
        """List the positions of the calls whose record does not exist."""
        return [
            position
            for position, reply in sorted(self.replies.items())
            if isinstance(reply, ApiError) or (self.one_each and not reply.rows)
        ]

    def call(self, request: LookupRequest) -> Call:
        """Give the call at a position."""
        return self.calls[request.position]

    def reader_of(self, request: LookupRequest) -> Reader:
        """Give what reads the replies."""
        return self.reader

    @property
    def done(self) -> bool:
        """Return whether every call is answered."""
        return len(self.replies) == len(self.calls)

    def proved(self) -> Iterator[Any]:
        """Give the records as one part, once every call is answered."""
        return iter(self.received() if self.done else ())

    def received(self) -> list[Any]:
        """Return the records received so far as one part, in the order of their calls."""
        replies = [reply for _, reply in sorted(self.replies.items())]
        rows = [row for reply in replies if not isinstance(reply, ApiError) for row in reply.rows]
        return [self.reader.lay_out(rows)] if rows else []

    @property
    def rows(self) -> int:
        """Count the calls answered."""
        return len(self.replies)

    @property
    def expected(self) -> int:
        """Count the calls."""
        return len(self.calls)

    def so_far(self) -> str:
        """Say how many calls were answered."""
        return f"{self.name} stopped after {self.rows:,} of {len(self.calls):,} calls"

    def where(self, request: LookupRequest) -> str:
        """Say which call a request is for."""
        return f", at position {request.position + 1}"

    def report(self) -> dict[str, Any]:
        """Say how the records were gathered, in values that JSON can hold."""
        parts = self.received()
        return {
            "action": self.name if self.calls else None,
            "calls": self.rows,
            "rows": sum(part.rows for part in parts),
        }
