"""A list server in memory that can lie, glitch, churn and refuse; no thread, no socket."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import ApiError
from kott_notebooks.paging import Fetch, Listing, Pull, Split
from kott_notebooks.paging.run import Job, Threads

SPLIT = Split("media_id", 0, 1_000)
SEARCH = {"filter": {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}}
DEEP = {"error": {"objectType": "KalturaAPIException", "code": "1", "message": "Search failed"}}

Row = dict[str, Any]


@dataclass
class Reply:
    """What a fetch gives."""

    body: bytes
    errors: Mapping[int, ApiError] = field(default_factory=dict)
    seconds: float = 0.02
    waited: float = 0.02
    retries: int = 0


class Server:
    """A list of rows that clamps pages and refuses deep ones; every hook may be replaced.

    `requests` are the batches received, `asked` the pages, in order.
    """

    def __init__(self, ids: Sequence[int], *, page: int = 50, depth: int = 10_000) -> None:
        self.rows: list[Row] = [{"objectType": "KalturaMediaAsset", "id": n} for n in ids]
        self.page, self.depth = page, depth
        self.asked: list[dict[str, Any]] = []
        self.requests: list[int] = []
        self.before: Callable[[int], None] = lambda nth: None
        self.total: Callable[[int, int, int], int | None] = lambda nth, matching, shown: matching
        self.hidden: Callable[[Row, int, dict[str, Any]], bool] = lambda row, nth, asked: False
        self.shown: Callable[[list[Row], int], list[Row]] = lambda rows, nth: rows
        self.ignores_bounds = self.ignores_pager = False
        self.one_by_one = threading.Lock()

    def __call__(
        self, calls: Sequence[Call], /, *, validate: bool = False, until: float | None = None
    ) -> Reply:
        """Answer one request: a page, or several; one request after the other."""
        with self.one_by_one:
            self.requests.append(len(calls))
            results = [self.answer(dict(call.arguments)) for call in calls]
        body = {"executionTime": 0.01, "result": results if len(calls) > 1 else results[0]}
        return Reply(json.dumps(body, separators=(",", ":")).encode())

    def answer(self, asked: dict[str, Any]) -> Row:
        """Answer one page."""
        self.asked.append(asked)
        nth = len(self.asked)
        self.before(nth)
        pager = asked.get("pager", {"pageSize": 10**6, "pageIndex": 1})
        size = min(pager["pageSize"], self.page)
        start = (pager["pageIndex"] - 1) * size
        if start and start + size > self.depth:
            return DEEP
        matching = [row for row in self.matching(asked) if not self.hidden(row, nth, asked)]
        rows = matching[: self.page] if self.ignores_pager else matching[start : start + size]
        rows = self.shown(rows, nth)
        total = self.total(nth, len(matching), len(rows))
        result: Row = {"objectType": "KalturaAssetListResponse", "objects": rows}
        return result if total is None else result | {"totalCount": total}

    def matching(self, asked: dict[str, Any]) -> list[Row]:
        """Return the rows within the bounds of a filter."""
        search = asked.get("filter", {})
        rows = self.rows
        if not self.ignores_bounds:
            for op, bound in re.findall(r"media_id(>=|<)'(-?\d+)'", search.get("kSql", "")):
                rows = [row for row in rows if (row["id"] >= int(bound)) == (op == ">=")]
        return rows[::-1] if search.get("orderBy") == "CREATE_DATE_DESC" else rows


class Turns(Threads):
    """Workers without threads: which of the requests is carried next is drawn by `dice`.

    The same dice give the same order, so that what fails once fails again.
    """

    def __init__(
        self, fetch: Fetch, most: int, until: float | None, *, dice: random.Random
    ) -> None:
        super().__init__(fetch, most, until)
        self.waiting: list[Job] = []
        self.dice = dice

    def send(self, job: Job) -> None:
        """Put a job among those of which one is drawn."""
        self.waiting.append(job)

    def wait(self) -> None:
        """Carry one of the jobs that the workers have."""
        under_way = self.waiting[: self._most]
        job = self.dice.choice(under_way)
        self.waiting.remove(job)
        job.carry(self._fetch, self.until)


def pull(
    server: Callable[..., Any],
    *,
    split: Split | None = SPLIT,
    workers: int = 1,
    turns: random.Random | None = None,
    **options: Any,
) -> Pull:
    """Pull the server's assets; one worker gives its replies an order, so do drawn `turns`."""
    listing = Listing("asset", "list", SEARCH, split=split, **options)
    threads = Threads if turns is None else partial(Turns, dice=turns)
    return Pull(listing, server, workers=workers, threads=threads)


def ids(parts: Pull) -> list[int]:
    """Return the ids of all rows of a pull."""
    return [row["id"] for page in parts for row in page.records()]


class Churn:
    """Rows that come and go: a change at some of the replies, drawn by chance.

    `stayed` are the ids of the rows that were there all the time.
    """

    def __init__(self, server: Server, seed: int, every: int) -> None:
        self.server, self.dice, self.every = server, random.Random(seed), every
        self.stayed = {row["id"] for row in server.rows}
        server.before = self.change

    def change(self, nth: int) -> None:
        """Take a row out, or put one in: at the end, at the start, or anywhere."""
        if nth % self.every:
            return
        rows = self.server.rows
        if rows and self.dice.random() < 0.5:
            self.stayed.discard(rows.pop(self.dice.randrange(len(rows)))["id"])
            return
        taken = {row["id"] for row in rows}
        new = max(taken, default=0) + 1
        if self.dice.random() < 0.3:
            free = sorted(set(range(new)) - taken)
            new = self.dice.choice(free) if free else new
        at = next((n for n, row in enumerate(rows) if row["id"] > new), len(rows))
        rows.insert(at, {"objectType": "KalturaMediaAsset", "id": new})
