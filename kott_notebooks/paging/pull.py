"""One listing under way: what is asked for next, what came, and the proof that it is all.

The state is a list of tasks, a window each. An interrupt may come between any two steps, so that
a step is one assignment; what is under way when it comes is taken up by the next iteration.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any, NamedTuple

from kott_notebooks import schema
from kott_notebooks.api.bodies import plain
from kott_notebooks.api.rows import Cells, Found, Reader, Texts
from kott_notebooks.errors import ApiError, IncompleteError, KottError, TransportError
from kott_notebooks.paging.asking import Answer, Ask, Asking, Wish
from kott_notebooks.paging.pace import PACK, Cost, Pace
from kott_notebooks.paging.reading import CAPS, Reading
from kott_notebooks.paging.reporting import Progress, Report
from kott_notebooks.paging.tasks import Task, numbers
from kott_notebooks.paging.windows import (
    CUTS,
    WHOLE,
    Counted,
    Split,
    Window,
    bounds_of,
    by_ids,
    cut,
    joined,
    within,
)
from kott_notebooks.paging.workers import pool

PAGE_SIZE = 500  # asked for; a server may quietly give fewer a page, so count what came
LINEUP_SIZES = (100, 200, 800, 1200, 1600)  # lineup.get takes no other
RESULT_WINDOW = 10_000  # how deep the search engine behind a list can be paged, on most servers
AT_MOST = {"ottUser.list": 500}  # lists that stop there, whatever they count, and have no pager
SAMPLE = 10  # rows that a plan looks at
WORKERS = 8  # requests under way at the same time
READINGS = 4  # of one window, until two agree
DEEP_PAGE = "1"  # the code that refuses a page beyond the result window

_ONLY_IDS = {
    "objectType": "KalturaOnDemandResponseProfile",
    "retrievedProperties": "objectType,id,type",
}


class Plan(NamedTuple):
    """How a list will be read: its windows, how many rows each holds, and what a page costs."""

    windows: list[Counted]
    cost: Cost


class Pull:
    """One listing: iterate it for what is kept of its rows; again to go on after a failure.

    `done` holds what was proved, `came` also what came of the windows that were being read.
    """

    def __init__(
        self,
        ask: Ask,
        service: str,
        action: str = "list",
        arguments: dict[str, Any] | None = None,
        *,
        limit: int | None = None,
        split: Split | None = None,
        progress: Progress | None = None,
        workers: int = WORKERS,
        reader: Reader | None = None,
        pace: Pace | None = None,
        plan: Plan | None = None,
    ) -> None:
        known = schema.action(service, action)
        self.name = f"{known.service}.{known.name}" if known else f"{service}.{action}"
        if workers < 1:
            raise KottError(f"workers is a number of 1 or more, not {workers}.")
        given = {name: one for name, one in (arguments or {}).items() if one is not None}
        self.arguments: dict[str, Any] = plain(given)
        self._pager = _pager(self.name, self.arguments.pop("pager", {}), limit)
        self._paged = known is None or known.pager or self.name == "lineup.get"
        self.limit = None if limit is None else int(limit)
        self.split, self.workers = split, workers
        self._reader, self._ids = reader or Texts(), Cells()
        self._depth = RESULT_WINDOW
        self._ask, self._pace = ask, pace or Pace()
        self._asking = Asking(ask, workers, self._pace)
        self._report = Report(self.name, self.arguments, split, limit, progress)
        self._size = plan.cost.rows if plan else 0  # of a page, as far as it is planned
        windows = plan.windows if plan and limit is None else [(WHOLE, None)]
        self._tasks = [self._task(*one) for one in windows] if limit != 0 else []
        self._at = 0  # the first task that is not proved, or before it

    @property
    def done(self) -> list[Any]:
        """Give what is kept of the windows that were proved, in their order."""
        return [one for task in self._tasks if task.proved for one in task.proved.kept]

    @property
    def came(self) -> list[Any]:
        """Give what is kept of every row that came, those of unfinished windows included."""
        kept = (task.proved.kept if task.proved else task.first.kept for task in self._tasks)
        return [one for some in kept for one in some]

    def report(self) -> dict[str, Any]:
        """Say how the list was gathered, in values that JSON can hold."""
        return self._report.told(
            [(task.window, one) for task in self._tasks if (one := task.proved)]
        )

    def plan(self) -> Plan:
        """Count the list, cut it into windows that can be paged, and see what a page costs."""
        if not self._paged:
            return Plan([(WHOLE, None)], Cost())
        page = self.arguments | {"pager": {"pageSize": PAGE_SIZE, "pageIndex": 1}}
        with pool(self.workers) as executor:
            (first,) = self._ids_of([[page | {"responseProfile": _ONLY_IDS}]], executor)
            windows: list[Counted] = [(WHOLE, first.total)]
            if self._deep(first.total):
                windows = self._windows(WHOLE, first.total, executor)
        return Plan(windows, self._sampled(len(first.rows)))

    def _sampled(self, rows: int) -> Cost:
        """Look at a few whole rows, and say what a page of so many would cost."""
        some = self.arguments | {"pager": {"pageSize": SAMPLE, "pageIndex": 1}}
        (answer,) = self._ask([some], self._reader)
        if isinstance(answer, ApiError):
            raise answer
        seen = len((answer.found or self._reader.read(answer.result)).rows)
        times = rows / max(seen, 1)
        cost = self._pace.cost(answer, rows)
        return cost._replace(bytes=cost.bytes * times, size=int(cost.size * times))

    def __iter__(self) -> Iterator[Any]:
        with pool(self.workers) as executor:
            if again := self._asking.resume(executor):
                self._asked_again(again)
            for task in [one for one in self._tasks if one.given_up]:
                self._put(task, self._parts(task, 1))
            at = 0
            while at < len(self._tasks):
                proved = self._tasks[at].proved
                if proved is None:
                    self._go_on(self._tasks[at], executor)
                    continue
                at += 1
                self._at = max(at, self._at)
                yield from proved.kept

    # One step

    def _go_on(self, task: Task, executor: Executor) -> None:
        """Take what comes next, or settle a window that was read, or cut one that is too long."""
        try:
            if self._deep(task.first.total) or task.refused:
                windows = self._windows(task.window, task.first.total, executor)
                self._put(task, [self._task(*one) for one in windows])
            elif task.over:
                self._settle(task)
            else:
                self._asking.fill(executor, self._wishes, self._pages_left())
                self._take(executor)
        except (TransportError, ApiError) as error:
            if not self._report.rows:
                raise
            raise IncompleteError(f"{self._so_far()}{self._where()}, then: {error}") from error

    def _wishes(self) -> Iterator[Wish]:
        """Give the pages to ask for, in the order in which they are needed."""
        under_way = self._asking.under_way()
        for task in self._tasks[self._at :]:
            if task.proved is None:
                self._begin_second(task, under_way[id(task.first)])
                for reading in filter(None, (task.first, task.second)):
                    asked = reading.pages + under_way[id(reading)]
                    for index in range(asked + 1, reading.wanted + 1):
                        yield Wish(task, reading, index, self._page(task, reading, index))

    def _begin_second(self, task: Task, under_way: int) -> None:
        """Start the second reading as soon as every page of the first has come."""
        first = task.first
        if task.second is None and self._paged and first.pages and first.wanted > 1:
            asked = first.pages + under_way >= first.wanted
            if asked and not self._enough(first) and not self._asking.waiting(first):
                self._read_again(task)

    def _read_again(self, task: Task) -> None:
        """Start the second reading: for ids alone, where rows have some."""
        task.read_again(self._ids if task.first.named else self._reader)

    def _take(self, executor: Executor) -> None:
        """Add the pages that are needed first to their readings."""
        try:
            answers = self._asking.first(executor)
        except TransportError:
            if len(self._asking.needed) == 1:
                raise
            self._asked_again(self._asking.needed)
            self._asking.apart(executor)
            return
        for wish, answer in answers:
            # a page that was taken before an interrupt is not taken again
            if wish.page == wish.reading.pages + 1 and not wish.task.replaced:
                self._add(wish, answer)
        if answers:
            self._asking.drop()
        else:
            self._asked_again(self._asking.needed)

    def _asked_again(self, wishes: list[Wish]) -> None:
        """Forget second readings that may have begun before these pages of the first came."""
        self._report.asked_again()
        for wish in wishes:
            if wish.reading.keep:
                wish.task.second = None

    def _add(self, wish: Wish, answer: Answer) -> None:
        """Add a page to its reading; one beyond the result window tells how deep that is."""
        if isinstance(answer, ApiError):
            if answer.code != DEEP_PAGE or wish.page == 1:
                raise answer
            self._refused(wish, answer)
            return
        if answer.retries and wish.reading.keep:
            wish.task.second = None  # as above
        found = answer.found or wish.reading.reader.read(answer.result)
        self._report.note(answer)
        if wish.reading.keep:
            self._asking.learn(answer, len(found.rows))
            self._report.page(len(found.rows), found.total, whole=wish.task.window == WHOLE)
        wish.reading.add(found)

    def _refused(self, wish: Wish, refusal: ApiError) -> None:
        self._depth = (wish.page - 1) * max(self._report.page_size, 1)
        if self.split is None or self.limit is not None:
            raise IncompleteError(
                f"{self._so_far()}, and this server pages no deeper than {self._depth:,} rows: "
                "narrow the filter, or list assets and epg with kott.assets and kott.epg."
            ) from refusal
        wish.task.refused = True

    # The proof

    def _settle(self, task: Task) -> None:
        """Accept a window that is known to be whole; begin or repeat what shows it."""
        first = task.first
        proof = self._proof(task)
        if proof is not None:
            task.settle(proof)
        elif first.whole and first.pages > 1 and not task.read_twice:
            self._read_again(task)
        elif task.tries < READINGS:
            self._put(task, self._parts(task, task.tries + 1))
        else:
            task.given_up = True
            raise IncompleteError(
                f"{self.name} keeps changing: {first.rows:,} rows came, the server counts "
                f"{_counted(first)}, and {READINGS} readings did not settle it. Ask for less, or "
                "at a quieter time; .partial holds what came, .resume() tries again."
            )

    def _proof(self, task: Task) -> str | None:
        """Name what shows that a window is whole; None where nothing does yet."""
        first = task.first
        if self._enough(first):
            return "limit"
        if first.rows >= AT_MOST.get(self.name, first.rows + 1):
            raise IncompleteError(
                f"{self.name} answers at most {AT_MOST[self.name]:,} rows, and so many came: ask "
                "for less with a filter."
            )
        # nothing, and not even a count, where something was amiss before, proves nothing
        told = first.total is not None or task.tries == 1
        if first.whole and first.pages == 1 and told and first.expected in (None, first.total):
            return "one reply"
        if not self._paged:
            raise IncompleteError(
                f"{self.name} answered {first.rows:,} of {_counted(first)} rows and has no pager: "
                "ask for less with a filter."
            )
        return "two readings" if first.whole and task.agreed else None

    def _enough(self, first: Reading) -> bool:
        """Say whether a list goes on beyond its limit, and so many rows came."""
        if self.limit is None or (first.total is not None and first.total <= self.limit):
            return False
        return first.whole and first.rows >= self.limit

    def _parts(self, task: Task, tries: int) -> list[Task]:
        """Give the tasks that try a window again: parts that fit into one reply, where ids tell."""
        ids = task.ids if self.split is not None and self.limit is None else []
        parts = by_ids(task.window, ids, max(1, task.first.size * 9 // 10))
        return [self._task(part, tries=tries) for part in parts]

    # Windows

    def _windows(self, window: Window, rows: int | None, executor: Executor) -> list[Counted]:
        """Cut a window until each part can be paged; all parts of a level are counted together."""
        split = self._guessed(executor)
        deep: list[Counted] = [(window, rows)]
        fine: list[Counted] = []
        while deep:
            parts = [part for one in deep for part in self._halves(*one, split)]
            counts = self._checked(parts, executor) if window == WHOLE and not fine else None
            counted = zip(parts, counts or self._count(parts, executor), strict=True)
            deep = []
            for one in counted:
                (deep if self._deep(one[1]) else fine).append(one)
        fine.sort(key=lambda one: -1 if one[0].low is None else one[0].low)
        return joined(fine, self._depth - 1)

    def _halves(self, window: Window, rows: int | None, split: Split) -> list[Window]:
        """Cut a window into some more parts than its rows need."""
        wanted = 2 if rows is None else math.ceil(2 * rows / self._depth)
        parts = cut(window, split, min(max(wanted, 2), CUTS))
        if len(parts) == 1:
            raise IncompleteError(
                f"{self._so_far()}: more than {self._depth:,} rows share one {split.key}, "
                "and this server pages no deeper. Narrow the filter."
            )
        return parts

    def _checked(self, parts: list[Window], executor: Executor) -> list[int | None]:
        """Count parts of the whole, and see that they hold all of it: rows may lack the key."""
        for _ in range(READINGS):  # rows may come between two counts
            whole, *counts = self._count([WHOLE, *parts], executor)
            known = [one for one in counts if one is not None]
            if whole is None or whole in CAPS or len(known) < len(counts) or sum(known) >= whole:
                return counts
        raise IncompleteError(
            f"{self.name}: the windows hold {sum(known):,} of {whole:,} rows; some lack the key "
            "that the list was cut by: name one asset_type in the filter."
        )

    def _count(self, windows: list[Window], executor: Executor) -> list[int | None]:
        """Ask for the totals of windows, many in one request."""
        one = {"pager": {"pageSize": 1, "pageIndex": 1}, "responseProfile": _ONLY_IDS}
        asked = [within(self.arguments, self.split, window) | one for window in windows]
        packs = [asked[start : start + PACK] for start in range(0, len(asked), PACK)]
        return [found.total for found in self._ids_of(packs, executor)]

    def _guessed(self, executor: Executor) -> Split:
        """Guess between which values a list's ids lie, by its oldest and its newest rows."""
        assert self.split is not None
        orders = [{"orderBy": order} for order in ("CREATE_DATE_ASC", "CREATE_DATE_DESC")]
        ends = [
            self.arguments
            | {"filter": self.arguments["filter"] | order, "responseProfile": _ONLY_IDS}
            | {"pager": {"pageSize": PAGE_SIZE, "pageIndex": 1}}
            for order in orders
        ]
        ids = [n for found in self._ids_of([ends], executor) for n in numbers(found.keys)]
        return self.split._replace(low=min(ids), high=max(ids) + 1) if ids else self.split

    def _ids_of(self, packs: list[list[dict[str, Any]]], executor: Executor) -> Iterator[Found]:
        for answers in executor.map(lambda asked: self._ask(asked, self._ids), packs):
            for answer in answers:
                if isinstance(answer, ApiError):
                    raise answer
                self._report.note(answer)
                yield answer.found or self._ids.read(answer.result)

    def _deep(self, rows: int | None) -> bool:
        """Say whether so many rows must be cut before they can be paged."""
        cuttable = self.split is not None and self.limit is None
        return cuttable and rows is not None and rows >= self._depth

    # Small change

    def _task(self, window: Window, rows: int | None = None, tries: int = 1) -> Task:
        size = (self._report.page_size or self._size) if rows is not None else 0
        first = Reading(self._reader, limit=self.limit, paged=self._paged, expected=rows, size=size)
        return Task(window, first, tries)

    def _put(self, task: Task, others: list[Task]) -> None:
        """Put others in a task's place."""
        at = self._tasks.index(task)
        self._tasks = [*self._tasks[:at], *others, *self._tasks[at + 1 :]]
        task.replaced = True

    def _page(self, task: Task, reading: Reading, index: int) -> dict[str, Any]:
        """Give the arguments that ask for a page."""
        asked = within(self.arguments, self.split, task.window)
        if not reading.keep and reading.reader is self._ids:
            asked["responseProfile"] = _ONLY_IDS
        if self.name == "lineup.get":
            return asked | {"pageIndex": index, **self._pager}
        return asked | ({"pager": {**self._pager, "pageIndex": index}} if self._paged else {})

    def _pages_left(self) -> int:
        """Guess how many pages are still to come."""
        rows = max(self._report.totals, default=0) - self._report.rows
        left = rows // max(self._report.page_size, 1)
        return max(left, len(self._tasks) - self._at)

    def _so_far(self) -> str:
        wanted = f" of {max(self._report.totals):,}" if self._report.totals else ""
        rows = sum(one.proved.rows if one.proved else one.first.rows for one in self._tasks)
        return f"{self.name} stopped after {rows:,}{wanted} rows"

    def _where(self) -> str:
        """Name the page that is needed next, and its window."""
        needed = self._asking.needed
        if not needed or not self._paged:
            return ""
        bounds = " and ".join(bounds_of(self.split, needed[0].task.window))
        return f", at page {needed[0].page}{' of ' * bool(bounds)}{bounds}"


def _pager(name: str, given: dict[str, Any], limit: int | None) -> dict[str, Any]:
    if limit is not None and limit < 0:
        raise KottError(f"limit is a number of rows, not {limit}.")
    if "pageIndex" in given:
        raise KottError("pager: the pages are turned here; give pageSize alone, or limit=.")
    wanted = PAGE_SIZE if limit is None else min(PAGE_SIZE, limit)
    if name == "lineup.get":
        wanted = next((n for n in LINEUP_SIZES if n >= (limit or LINEUP_SIZES[-1])), 1600)
    return {"pageSize": wanted} | given


def _counted(reading: Reading) -> str:
    return "an unknown number" if reading.total is None else f"{reading.total:,}"
