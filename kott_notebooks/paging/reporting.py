"""How a list was gathered, in values that JSON can hold; and what a progress bar is told."""

from __future__ import annotations

from typing import Any, Protocol

from kott_notebooks.api.envelopes import Reply
from kott_notebooks.paging.tasks import Proved
from kott_notebooks.paging.windows import Split, Window
from kott_notebooks.times import present


class Progress(Protocol):
    """What a progress bar has: a total, and rows as they come."""

    total: float | None

    def update(self, n: float | None = 1) -> Any:
        """Add rows."""


class Report:
    """Counts what a pull asked for and got."""

    def __init__(
        self,
        name: str,
        arguments: dict[str, Any],
        split: Split | None,
        limit: int | None,
        progress: Progress | None,
    ) -> None:
        self.rows = 0  # that came, whether proved or not
        self.totals: list[int] = []
        self._asked = {k: v for k, v in arguments.items() if k not in ("ks", "userId")}
        self._name, self._split, self._limit, self._progress = name, split, limit, progress
        self._when = present()
        self._page_size = 0
        self._tally = {"requests": 0, "retries": 0, "bytes": 0}
        self._seconds = {"seconds": 0.0, "server_seconds": 0.0}

    def note(self, reply: Reply) -> None:
        """Count a reply."""
        self._tally["requests"] += reply.requests
        self._tally["retries"] += reply.retries
        self._tally["bytes"] += reply.size
        self._seconds["seconds"] += reply.seconds
        self._seconds["server_seconds"] += reply.execution_time or 0.0

    def asked_again(self) -> None:
        """Count a request that is made again as a whole."""
        self._tally["retries"] += 1

    def page(self, rows: int, total: int | None, *, whole: bool) -> None:
        """Count a page of rows; `whole` says that its total is that of all that is listed."""
        self.rows += rows
        self._page_size = max(self._page_size, rows)
        if whole and total is not None and total not in self.totals:
            self.totals.append(total)
        if self._progress is not None:
            known = max([*self.totals, self.rows])
            self._progress.total = known if self._limit is None else min(known, self._limit)
            self._progress.update(rows)

    @property
    def page_size(self) -> int:
        """Give the most rows that a page had."""
        return self._page_size

    def told(self, proved: list[tuple[Window, Proved]]) -> dict[str, Any]:
        """Tell all of it, and of each window that was proved, how."""
        return {
            "action": self._name,
            "arguments": self._asked,
            "split": None if self._split is None else list(self._split),
            "limit": self._limit,
            "totals": self.totals,
            "rows": sum(one.rows for _, one in proved),
            "page_size": self._page_size,
            "order": "by window" if len(proved) > 1 else "as asked",
            "windows": _told(proved),
            "pages": sum(one.pages for _, one in proved),
            **self._tally,
            "duplicates": sum(one.duplicates for _, one in proved),
            **{name: round(value, 6) for name, value in self._seconds.items()},
            "when": self._when.isoformat(),
        }


def _told(windows: list[tuple[Window, Proved]]) -> list[dict[str, Any]]:
    """Tell windows; those that were cut further by ids stand together."""
    told: list[dict[str, Any]] = []
    for window, one in windows:
        edges = {"from": window.low, "to": window.high}
        last = told[-1] if told else {}
        if window.ids != (None, None) and "parts" in last and edges.items() <= last.items():
            told[-1] = last | {"rows": last["rows"] + one.rows, "parts": last["parts"] + 1}
        else:
            parts = {} if window.ids == (None, None) else {"parts": 1}
            told.append({**edges, "rows": one.rows, "proof": one.proof, **parts})
    return told
