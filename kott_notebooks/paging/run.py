"""Runs a list: sends what it wants, hands it the replies. The only threads and waits are here."""

from __future__ import annotations

import math
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from kott_notebooks.api.bodies import BY_GET, Call
from kott_notebooks.api.decode import Rows, decode
from kott_notebooks.errors import ApiError, IncompleteError, TransportError, whole_number
from kott_notebooks.paging.batching import (
    FAST_LINK,
    MAX_PAGES,
    NEXT_DOOR,
    Cost,
    Pace,
    batch_size,
    bytes_ahead,
)
from kott_notebooks.paging.lookups import Lookups
from kott_notebooks.paging.windows import tile_rows
from kott_notebooks.paging.work import LAY_OUT, WEAK, Work
from kott_notebooks.times import present

WORKERS = 8  # requests under way at the same time
MAX_TRIES = 3  # of a request whose reply is garbled
SMALL_CALLS = 50  # in one request: the server works through them one after the other
FAR = 0.01  # seconds of a round trip, from which checks are sent before rows are laid out
MAX_LOOSE = 6 * LAY_OUT  # rows that wait so
TO_SEND = 2e-3  # seconds for a thread to send: rows laid out meanwhile would hold it up
TICK = 0.2  # seconds: a wait on Windows cannot be interrupted before it ends


class Fetched(Protocol):
    """The reply to one request: its body, undecoded JSON, and what it took."""

    @property
    def body(self) -> bytes:
        """The whole body."""

    @property
    def errors(self) -> Mapping[int, ApiError]:
        """What the API refused, by the positions of the calls."""

    @property
    def seconds(self) -> float:
        """From sending to the last byte."""

    @property
    def waited(self) -> float:
        """Seconds of them until the reply began."""

    @property
    def retries(self) -> int:
        """How often the request was sent again."""


class Fetch(Protocol):
    """What sends one request: a call, or several in a batch."""

    def __call__(
        self, calls: Sequence[Call], /, *, validate: bool = False, until: float | None = None
    ) -> Fetched:
        """Send; `validate` decodes the reply once, `until` is when the last attempt begins."""


class Progress(Protocol):
    """What a progress bar has: a total, how far it is, and ways to move it."""

    total: float | None
    n: float

    def reset(self, total: float | None = None) -> Any:
        """Begin anew with another total."""

    def update(self, n: float | None = 1) -> Any:
        """Add rows."""


class Job:
    """One request under way: the pages it carries, and what becomes of it."""

    def __init__(self, requests: Sequence[Any], calls: Sequence[Call], tries: int = 1) -> None:
        self.requests, self.calls, self.tries = requests, calls, tries
        self.reply: Fetched | None = None
        self.error: BaseException | None = None
        self.decoded: list[Rows | ApiError] | None = None

    def carry(self, fetch: Fetch, until: float | None) -> None:
        """Send the request and store its reply, or the error in its place."""
        try:
            self.reply = fetch(self.calls, validate=self.tries > 1, until=until)
        except BaseException as error:  # raised where the reply is waited for
            self.error = error

    @property
    def ended(self) -> bool:
        """Return whether the reply or an error is there."""
        return self.reply is not None or self.error is not None


class Threads:
    """Daemon threads that carry jobs; leaving the block stops them and waits for none."""

    def __init__(self, fetch: Fetch, most: int, until: float | None) -> None:
        self._fetch, self._most, self.until = fetch, most, until
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._stopped = threading.Event()
        self._started = 0

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for _n in range(self._started):
            self._jobs.put(None)

    def send(self, job: Job) -> None:
        """Hand a job to a thread; another one is started until there are `most`."""
        self._jobs.put(job)
        if self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name="kott", daemon=True).start()

    def wait(self) -> None:
        """Wait until some job has ended, or for a moment."""
        try:
            self._ended.get(timeout=TICK)
        except Empty:
            return

    def _work(self) -> None:
        _WORKER.stopped = self._stopped
        while (job := self._jobs.get()) is not None and not self._stopped.is_set():
            job.carry(self._fetch, self.until)
            self._ended.put(None)


_WORKER = threading.local()


def pause(seconds: float) -> None:
    """Wait; a worker whose list was stopped does not, since the process may want to end."""
    stopped: threading.Event | None = getattr(_WORKER, "stopped", None)
    if stopped is None:
        time.sleep(seconds)
    elif stopped.wait(seconds):
        raise TransportError("The list was stopped.")


class Pull:
    """A list and the way to its server: iterate it for the parts of its rows.

    Iterate it again to go on after a failure: only what was not received is requested.
    """

    def __init__(
        self,
        listing: Work,
        fetch: Fetch,
        *,
        workers: int = WORKERS,
        pace: Pace | None = None,
        progress: Progress | None = None,
        cost: Cost | None = None,
        deadline: float | None = None,
        spent: float = 0.0,
        threads: Callable[[Fetch, int, float | None], Threads] = Threads,
    ) -> None:
        self.listing, self.workers = listing, whole_number("workers", workers, 1)
        self._fetch, self._pace, self._progress = fetch, pace or Pace(), progress
        self._before: tuple[float, float] | None = None  # rows and total that the bar had
        self._deadline = deadline  # seconds, of one iteration
        self._spent = spent  # seconds of it that the parts of the list before took
        self._threads = threads
        self.cost = cost  # of a page with its rows, once it is known
        self._when = present()
        self._counts = {"requests": 0, "retries": 0, "bytes": 0}
        self._seconds = {"seconds": 0.0, "server_seconds": 0.0}

    def __iter__(self) -> Iterator[Any]:
        listing, in_flight, yielded = self.listing, list[Job](), 0
        all_sent = False  # whether all that is wanted before the next reply was sent
        listing.restart()
        listing.advance()
        until = None
        if self._deadline is not None:
            until = time.monotonic() + self._deadline - self._spent
        with self._threads(self._fetch, self.workers, until) as threads:
            while True:
                for part in islice(listing.proved(), yielded, None):
                    yielded += 1
                    yield part
                if listing.done:
                    break
                if until is not None and time.monotonic() >= until:
                    raise IncompleteError(
                        f"{listing.so_far()}: its deadline={self._deadline:g} seconds are over. "
                        ".resume() goes on with as many again."
                    )
                if not all_sent:
                    before = len(in_flight)
                    all_sent = self._send(in_flight, threads)
                    if FAR < self._pace.round_trip < math.inf:
                        time.sleep(TO_SEND * (len(in_flight) - before))
                failed = (one for one in in_flight if one.error is not None)
                job = in_flight[0] if in_flight[0].ended else next(failed, in_flight[0])
                if job.ended:
                    self._receive(job, in_flight, threads)
                    all_sent = False
                    listing.lay_out(MAX_LOOSE if self._pace.round_trip > FAR else LAY_OUT)
                elif not self._decode_one(in_flight) and not listing.lay_out(LAY_OUT):
                    self._show()
                    threads.wait()
        weak = {one["proof"] for one in listing.report().get("windows", ())} & WEAK.keys()
        for proof in weak:
            warnings.warn(f"{listing.name}: a weak proof, since {WEAK[proof]}.", stacklevel=2)

    # Sending

    def _send(self, in_flight: list[Job], threads: Threads) -> bool:
        """Send what is wanted and not under way, in batches; return False where room ran out."""
        under_way = {request for job in in_flight for request in job.requests}
        batch: list[Any] = []
        size = 0
        for request in self.listing.wanted():
            if request in under_way:
                continue
            if batch and (len(batch) >= size or request.ids != batch[0].ids):
                self._start(Job(batch, self._calls(batch)), in_flight, threads)
                batch = []
            if not batch:
                if not self._has_room(in_flight):
                    return False
                size = self._batch_size(request)
            batch.append(request)
        if batch:
            self._start(Job(batch, self._calls(batch)), in_flight, threads)
        return True

    def _start(self, job: Job, in_flight: list[Job], threads: Threads, at: int = -1) -> None:
        in_flight.insert(len(in_flight) if at < 0 else at, job)
        if self._workers_now == 1:
            job.carry(self._fetch, threads.until)
        else:
            threads.send(job)

    def _calls(self, requests: Sequence[Any]) -> list[Call]:
        return [self.listing.call(request) for request in requests]

    @property
    def _workers_now(self) -> int:
        """Count the workers that save time: one for a server next door."""
        cost = self.cost
        if cost is None or cost.transfer > FAST_LINK:
            return self.workers
        return 1 if self._pace.round_trip + cost.work < NEXT_DOOR else self.workers

    def _has_room(self, in_flight: list[Job]) -> bool:
        """Return whether one more request may be under way: not too many of them, nor too large."""
        workers = self._workers_now
        if workers == 1:
            return not in_flight
        size = self.cost.size if self.cost else 0
        size *= sum(len(job.requests) for job in in_flight if not job.requests[0].ids)
        fits = size < bytes_ahead(self._pace.round_trip) or len(in_flight) < 2
        return fits and sum(not job.ended for job in in_flight) < workers + 2

    def _batch_size(self, first: Any) -> int:
        """Choose how many requests travel with this one."""
        listing, cost = self.listing, self.cost
        if isinstance(listing, Lookups):
            return SMALL_CALLS
        if listing.name in BY_GET:
            return 1  # a multirequest is a POST
        if cost is None:
            return MAX_PAGES if first.kind == "count" else 1
        remaining = listing.expected if first.ids else listing.expected - listing.rows
        rows = tile_rows(listing.page_rows) if first.kind == "tile" else listing.page_rows
        pages = max(math.ceil(remaining / rows), 1)
        # of ids alone, there is little to transfer and nothing to lay out
        cost = Cost(cost.work) if first.ids else cost
        return batch_size(pages, self._workers_now, cost, self._pace.round_trip)

    # Receiving

    def _receive(self, job: Job, in_flight: list[Job], threads: Threads) -> None:
        """Hand the replies of a job to the listing, or send it again where that may help."""
        at = in_flight.index(job)
        try:
            replies = job.decoded or self._replies(job)
        except (TransportError, ApiError) as error:
            garbled = job.reply is not None and getattr(error, "passing", False)
            if len(job.requests) > 1 or (garbled and job.tries < MAX_TRIES):
                # one page may fail and not the others; a garbled reply is requested again
                self._counts["retries"] += 1
                del in_flight[at]
                for nth, request in enumerate(job.requests):
                    again = Job([request], self._calls([request]), job.tries + 1)
                    self._start(again, in_flight, threads, at + nth)
                return
            if not self.listing.rows:
                raise
            where = self.listing.where(job.requests[0])
            message = f"{self.listing.so_far()}{where}, then: {error}"
            raise IncompleteError(message) from error
        for request, reply in zip(job.requests, replies, strict=True):
            try:
                self.listing.receive(request, reply)
            except ApiError as error:
                if not self.listing.rows:
                    raise
                raise IncompleteError(f"{self.listing.so_far()}, then: {error}") from error
        in_flight.remove(job)
        self._show()

    def _decode_one(self, in_flight: list[Job]) -> bool:
        """Decode a reply whose turn has not come yet; return whether there was one."""
        job = next((one for one in in_flight if one.reply and one.decoded is None), None)
        if job is None:
            return False
        try:
            job.decoded = self._replies(job)
        except (TransportError, ApiError):
            job.decoded = []  # it is decoded, and fails, once more when its turn comes
        return True

    def _replies(self, job: Job) -> list[Rows | ApiError]:
        """Decode the replies of a job, and learn from them what a page costs."""
        if isinstance(job.error, ApiError) and len(job.requests) == 1:
            return [job.error]
        if job.error is not None or job.reply is None:
            raise job.error or TransportError("no reply")
        fetched, first = job.reply, job.requests[0]
        if len(job.requests) == 1 and fetched.errors:
            return [fetched.errors[0]]
        decoded = decode(fetched.body, job.calls, self.listing.reader_of(first))
        work = decoded.execution_time
        self._pace.note(fetched.waited, work)
        self._counts["requests"] += 1
        self._counts["retries"] += fetched.retries
        self._counts["bytes"] += len(fetched.body)
        self._seconds["seconds"] += fetched.seconds
        self._seconds["server_seconds"] += work or 0.0
        shown = sum(len(part.rows) for part in decoded.parts if not isinstance(part, ApiError))
        if shown and not first.ids:
            pages, size = len(job.requests), len(fetched.body)
            cost = self._pace.cost(fetched.seconds, work, shown, size, pages)
            if self.cost is None or cost.transfer < self.cost.transfer:  # the others waited for us
                self.cost = cost
        return [fetched.errors.get(n, part) for n, part in enumerate(decoded.parts)]

    def _show(self) -> None:
        """Move the progress bar to where the list is, after the lists that it showed before."""
        if (bar := self._progress) is None:
            return
        if self._before is None:
            self._before = (bar.n, bar.total or 0) if bar.n else (0, 0)
        rows, total = (
            one + before
            for one, before in zip(
                (self.listing.rows, self.listing.expected), self._before, strict=True
            )
        )
        if bar.total != total:
            bar.reset(total=total)
        bar.update(rows - bar.n)

    # What it is so far

    def received(self) -> list[Any]:
        """Return the parts of every row received, whether proved or not."""
        return self.listing.received()

    def report(self) -> dict[str, Any]:
        """Say how the list was gathered, in values that JSON can hold."""
        seconds = {name: round(value, 6) for name, value in self._seconds.items()}
        tally = {**self._counts, **seconds, "when": self._when.isoformat()}
        return self.listing.report() | tally
