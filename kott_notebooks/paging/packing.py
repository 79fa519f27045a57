"""Many small calls -> their records, packed into multirequests. Knows no Session, is handed an ask.

What came of a pack is kept, so that a run that stops can go on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kott_notebooks import schema
from kott_notebooks.api.bodies import Call
from kott_notebooks.api.envelopes import Reply
from kott_notebooks.api.rows import Page, Texts
from kott_notebooks.errors import ApiError, IncompleteError, TransportError
from kott_notebooks.paging import Progress
from kott_notebooks.times import present

PACK = 50  # calls in one multirequest: the server works through them one after the other
NOT_THERE = ("1005", "1006")  # no such household

AskMany = Callable[[list[Call]], list[Reply | ApiError]]


class Packs:
    """Many calls of one action under way: iterate for their pages, a pack each; again to go on.

    `one_each` says that every call stands for a record, so that one without is missing.
    """

    def __init__(
        self,
        ask: AskMany,
        calls: Sequence[Call],
        *,
        one_each: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.came: list[Page] = []
        self._ask, self._calls = ask, list(calls)
        self._one_each, self._progress = one_each, progress
        self._asked = self._bytes = self._requests = 0
        self._seconds = self._server_seconds = 0.0
        self._missing: list[int] = []
        self._when = present()

    def __iter__(self) -> Iterator[Page]:
        yield from self.came
        while self._asked < len(self._calls):
            pack = self._calls[self._asked : self._asked + PACK]
            try:
                page = self._page(pack)
            except (TransportError, ApiError) as error:
                if not self.came:
                    raise
                raise IncompleteError(
                    f"Stopped after {self._asked:,} of {len(self._calls):,} calls, then: {error}"
                ) from error
            self._asked += len(pack)
            self.came.append(page)
            if self._progress is not None:
                self._progress.update(len(pack))
            yield page
        if self._missing:
            raise IncompleteError(self._what_is_missing())

    def report(self) -> dict[str, Any]:
        """Say how the records were gathered, in values that JSON can hold."""
        name = f"{self._calls[0].service}.{self._calls[0].action}" if self._calls else None
        return {
            "action": name,
            "calls": self._asked,
            "rows": sum(page.rows for page in self.came),
            "requests": self._requests,
            "bytes": self._bytes,
            "seconds": round(self._seconds, 6),
            "server_seconds": round(self._server_seconds, 6),
            "when": self._when.isoformat(),
        }

    def _page(self, pack: list[Call]) -> Page:
        """Ask a pack and join the records of its answers."""
        answers = self._ask(pack)
        self._requests += 1
        rows = [self._rows(call, answer) for call, answer in zip(pack, answers, strict=True)]
        missing = [
            self._asked + position
            for position, found in enumerate(rows, 1)
            if not found and (self._one_each or isinstance(answers[position - 1], ApiError))
        ]
        self._missing += missing
        joined = [row for found in rows for row in found]
        return Page(b"[" + b",".join(joined) + b"]", len(joined), len(joined))

    def _rows(self, call: Call, answer: Reply | ApiError) -> list[bytes]:
        if isinstance(answer, ApiError):
            if answer.code in NOT_THERE:
                return []
            raise answer
        self._bytes += answer.size
        self._seconds += answer.seconds
        self._server_seconds += answer.execution_time or 0.0
        known = schema.action(call.service, call.action)
        if known is None or known.items is None:
            return [answer.result]
        found = Texts().read(answer.result)
        if found.total is not None and len(found.rows) < found.total:
            raise IncompleteError(
                f"The server gave {len(found.rows):,} of {found.total:,} records, and this action "
                "has no pager: ask for less."
            )
        return [bytes(one) for one in found.rows]

    def _what_is_missing(self) -> str:
        shown = ", ".join(map(str, self._missing[:10]))
        more = ", ..." if len(self._missing) > 10 else ""
        return (
            f"{len(self._missing):,} of {len(self._calls):,} households asked for are not there: "
            f"those at position {shown}{more}. Leave them out; .partial holds the others."
        )
