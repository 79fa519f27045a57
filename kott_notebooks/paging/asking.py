"""Requests under way, in the order in which their answers are needed."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice, takewhile
from typing import Any, NamedTuple

from kott_notebooks.api.bodies import Call
from kott_notebooks.api.envelopes import Reply, replies, reply
from kott_notebooks.api.rows import Reader
from kott_notebooks.errors import ApiError, TransportError
from kott_notebooks.paging.pace import Cost, Pace
from kott_notebooks.paging.reading import Reading
from kott_notebooks.paging.tasks import Task

# One request for so many pages of a list, each read by the reader
Ask = Callable[[list[dict[str, Any]], Reader], list[Reply | ApiError]]
Answer = Reply | ApiError
LARGE = 2**16  # bytes of a body that are worth to be decoded in order


class Wish(NamedTuple):
    """A page to ask for: of which task and reading, its place there, its arguments."""

    task: Task
    reading: Reading
    page: int
    arguments: dict[str, Any]


class Landing:
    """Hands on to a reader, but keeps a large body for later: workers only carry.

    Decoding holds all threads up, so it is done where rows are needed, in their order. What turns
    out not to be as expected is asked for again `carefully`, by the way that knows every case.
    """

    def __init__(self, reader: Reader, *, carefully: bool) -> None:
        self._reader, self._carefully = reader, carefully
        self._body = b""
        self.landed = False
        self.read, self.keep = reader.read, reader.keep

    def at_once(self, body: bytes, calls: int) -> list[Reply] | None:
        """Read a body, or keep it."""
        if self._carefully or len(body) < LARGE or body[:1] != b"{":
            found = self._reader.at_once(body, calls)
            self.landed = found is not None
            return found
        self._body, self.landed = body, True
        return [Reply(b"", requests=int(n == 0)) for n in range(calls)]

    def opened(self, answers: list[Answer]) -> list[Answer]:
        """Read what was kept; nothing where it is no list, or holds a refusal."""
        if not self._body:
            return answers
        found = self._reader.at_once(self._body, len(answers)) or self._step_by_step(len(answers))
        return [
            one._replace(result=read.result, found=read.found, execution_time=read.execution_time)
            for one, read in zip(answers, found, strict=bool(found))
            if isinstance(one, Reply)
        ]

    def _step_by_step(self, calls: int) -> list[Reply]:
        """Read a body that holds new names, or is written otherwise than most."""
        try:
            if calls == 1:
                return [reply(self._body, "")]
            found = replies(self._body, [Call("", "")] * calls)
        except (ApiError, TransportError):
            return []
        read = [one for one in found if isinstance(one, Reply)]
        return read if len(read) == calls else []


class Job(NamedTuple):
    """Pages asked for in one request, what their bytes land in, and the answers to come."""

    wishes: list[Wish]
    landing: Landing
    answers: Future[list[Answer]]

    @property
    def here(self) -> bool:
        """Say whether the bytes of the answers have come, or a failure in their place."""
        return self.landing.landed or self.answers.done()


class Asking:
    """Keeps so many requests under way; an answer stays first until it is dropped."""

    def __init__(self, ask: Ask, workers: int, pace: Pace) -> None:
        self._ask, self._workers, self._pace = ask, workers, pace
        self._jobs: deque[Job] = deque()
        self._cost: Cost | None = None  # of a page of rows

    def resume(self, executor: Executor) -> list[Wish]:
        """Ask again for what was under way when the last executor stopped, unless it came."""
        came = [_came(job) for job in self._jobs]
        self._jobs = deque(
            job if there else self._job(job.wishes, executor)
            for job, there in zip(self._jobs, came, strict=True)
        )
        jobs = zip(self._jobs, came, strict=True)
        return [wish for job, there in jobs if not there for wish in job.wishes]

    def fill(self, executor: Executor, wishes: Callable[[], Iterator[Wish]], pages: int) -> None:
        """Ask for what is wished, until as many answers wait as there are workers.

        `pages` says how many are wanted in all, as far as is known.
        """
        while self._room() and (chosen := self._chosen(wishes(), pages)):
            self._jobs.append(self._job(chosen, executor))

    def first(self, executor: Executor) -> list[tuple[Wish, Answer]]:
        """Wait for the answers that are needed first; none where they are asked for again."""
        job = self._jobs[0]
        answers = job.landing.opened(job.answers.result())
        if not answers:
            self._jobs[0] = self._job(job.wishes, executor, carefully=True)
            return []
        return list(zip(job.wishes, answers, strict=True))

    def _room(self) -> bool:
        """Say whether one more request may be under way: not too many of them, nor too large."""
        if self._workers == 1:
            return not self._jobs
        size = 0 if self._cost is None else self._cost.size
        pages = sum(len(job.wishes) for job in self._jobs if job.wishes[0].reading.keep)
        coming = sum(not job.here for job in self._jobs)
        fits = pages * size < self._pace.ahead() or len(self._jobs) < 2
        return fits and coming < self._workers + 2

    @property
    def needed(self) -> list[Wish]:
        """Give the wishes whose answers are needed first."""
        return self._jobs[0].wishes if self._jobs else []

    def apart(self, executor: Executor) -> None:
        """Ask for the pages of the first request one by one: one may fail, and not the others."""
        (wishes, *_), *others = self._jobs
        self._jobs = deque([*(self._job([wish], executor) for wish in wishes), *others])

    def drop(self) -> None:
        """Let go of the first answers: they were taken."""
        self._jobs.popleft()

    def under_way(self) -> Counter[int]:
        """Count the pages of each reading that are under way."""
        return Counter(id(wish.reading) for job in self._jobs for wish in job.wishes)

    def waiting(self, reading: Reading) -> bool:
        """Say whether the bytes of a reading's pages have not come yet."""
        return any(
            wish.reading is reading and not job.here for job in self._jobs for wish in job.wishes
        )

    def learn(self, reply: Reply, rows: int) -> None:
        """Learn from the first page what pages cost."""
        if self._cost is None and rows:
            self._cost = self._pace.cost(reply, rows)

    def _chosen(self, wishes: Iterator[Wish], pages: int) -> list[Wish]:
        """Choose what one request asks for: pages of one sort, as many as pay."""
        first = next(wishes, None)
        if first is None:
            return []
        keep, cost = first.reading.keep, self._cost
        if cost is None:
            return [first]
        if not keep:  # ids alone: little to carry, and nothing to do here
            pages, cost = first.reading.wanted, Cost(cost.work)
        size = self._pace.pack(pages, self._workers, cost)
        alike = takewhile(lambda wish: wish.reading.keep == keep, wishes)
        return [first, *islice(alike, size - 1)]

    def _job(self, wishes: list[Wish], executor: Executor, *, carefully: bool = False) -> Job:
        asked = [wish.arguments for wish in wishes]
        landing = Landing(wishes[0].reading.reader, carefully=carefully or self._cost is None)
        return Job(wishes, landing, executor.submit(self._ask, asked, landing))


def _came(job: Job) -> bool:
    future = job.answers
    if not future.done() or future.cancelled() or future.exception() is not None:
        return False
    return not any(isinstance(one, ApiError) for one in future.result())
