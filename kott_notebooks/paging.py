"""A list action -> its pages: complete, or an IncompleteError. Knows no Session, is handed a call.

How a list is known to be whole: a reply that holds everything is its own proof. Where several
replies were needed, rows may have come and gone between them, and a count that fits proves
nothing; so the ids are read a second time, and what came is accepted when both readings agree.
A list longer than the server's result window is cut into windows that fit, each proved alone.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import msgspec

from kott_notebooks import schema
from kott_notebooks.errors import ApiError, IncompleteError, KottError, TransportError
from kott_notebooks.times import present
from kott_notebooks.wire import Reply, plain

PAGE_SIZE = 500  # asked for; a server may quietly give fewer a page, so count what came
LINEUP_SIZES = (100, 200, 800, 1200, 1600)  # lineup.get takes no other
RESULT_WINDOW = 10_000  # how deep the search engine behind a list can be paged, on most servers
CAPS = (10_000, 100_000)  # totals at which a server may have stopped counting
AT_MOST = {"ottUser.list": 500}  # lists that stop there, whatever they count, and have no pager
WORKERS = 8  # requests under way at the same time
PACK = 10  # pages in one multirequest, at most
READINGS = 4  # of one window, until two agree
DEEP_PAGE = "1"  # the code that refuses a page beyond the result window

Ask = Callable[[list[dict[str, Any]]], list[Reply | ApiError]]  # one request for so many pages
Key = tuple[bytes, bytes]


class Progress(Protocol):
    """What a progress bar has: a total, and rows as they come."""

    total: float | None

    def update(self, n: float | None = 1) -> Any:
        """Add rows."""


class Page(NamedTuple):
    """One undecoded reply: its rows as JSON text, how many, and the total, if one was claimed."""

    objects: bytes
    rows: int
    total: int | None

    def records(self) -> list[dict[str, Any]]:
        """Decode the rows."""
        found: list[dict[str, Any]] = msgspec.json.decode(self.objects)
        return found

    def only(self, wanted: list[bool]) -> Page:
        """Keep some of the rows, still undecoded."""
        if all(wanted) and len(wanted) == self.rows:
            return self
        parts = msgspec.json.decode(self.objects, type=list[msgspec.Raw])
        kept = [bytes(part) for part, keep in zip(parts, wanted, strict=False) if keep]
        return Page(b"[" + b",".join(kept) + b"]", len(kept), self.total)


class Split(NamedTuple):
    """How a list too long to page is cut: by a KSQL key, guessing its values from `low` to `high`.

    The outermost windows stay open, so that no row lies outside of them all; no bound is below
    `least`, where a number would mean something else.
    """

    key: str
    low: int
    high: int
    least: int = 0


class Window(NamedTuple):
    """A part of a list: rows whose key is at least `low` and below `high`; None is open."""

    low: int | None = None
    high: int | None = None


class _List(msgspec.Struct):
    totalCount: int | None = None  # noqa: N815 - the wire's name
    objects: msgspec.Raw = msgspec.Raw(b"null")


class _Identity(msgspec.Struct):
    id: msgspec.Raw = msgspec.Raw(b"")
    type: msgspec.Raw = msgspec.Raw(b"")


def read_page(reply: Reply) -> Page:
    """Read the outline of a list reply: `objects` may be empty or absent, `totalCount` too."""
    try:
        found = msgspec.json.decode(reply.result, type=_List)
        objects = bytes(found.objects) if bytes(found.objects) != b"null" else b"[]"
        rows = len(msgspec.json.decode(objects, type=list[dict[str, msgspec.Raw]]))
    except msgspec.MsgspecError as error:
        raise TransportError("The reply is not a list: does the action answer one?") from error
    return Page(objects, rows, found.totalCount)


def keys(page: Page) -> list[Key]:
    """Name each row: by kind and id, or by its whole text where the class has no id."""
    found = msgspec.json.decode(page.objects, type=list[_Identity])
    if all(bytes(one.id) for one in found):
        return [(_kind(bytes(one.type)), bytes(one.id)) for one in found]
    texts = msgspec.json.decode(page.objects, type=list[msgspec.Raw])
    return [(b"text", bytes(one)) for one in texts]


def _kind(asset_type: bytes) -> bytes:
    # programmes (0) and recordings (1) have ids of their own, which media's may equal
    return asset_type if asset_type.strip(b'"') in (b"0", b"1") else b""


class Reading:
    """One way through a window, page by page: what came, and whether it can be all."""

    def __init__(self, limit: int | None = None, *, paged: bool = True) -> None:
        self.pages: list[Page] = []
        self.keys: list[Key] = []
        self.duplicates = 0
        self.ended = False  # by a page that brought nothing new
        self._limit, self._paged = limit, paged
        self._totals: list[int] = []
        self._seen: set[Key] = set()
        self._texts: set[bytes] = set()
        self._size = 0  # of the first page

    def add(self, page: Page) -> None:
        """Take the next page, without the rows that came before."""
        named = keys(page)
        # rows without an id may be equal, but a whole page that comes again is the same page
        repeated = page.objects in self._texts
        fresh = [not repeated and (key[0] == b"text" or key not in self._seen) for key in named]
        self._seen.update(named)
        self._texts.add(page.objects)
        self.keys += [key for key, new in zip(named, fresh, strict=True) if new]
        self.duplicates += page.rows - sum(fresh)
        self.ended = not any(fresh)
        if page.total is not None and (
            page.rows or not self.pages
        ):  # past the end, totals may be 0
            self._totals.append(page.total)
        self._size = self._size or page.rows
        self.pages.append(page.only(fresh))

    @property
    def total(self) -> int | None:
        """Give the server's last count, if it gives any."""
        return self._totals[-1] if self._totals else None

    @property
    def missing_pages(self) -> int:
        """Say how many pages are still to be asked for, by the first one's size and total."""
        if not self.pages or not self._size or self.total is None:
            return 1
        wanted = self.total if self._limit is None else min(self.total, self._limit)
        return max(1, math.ceil((wanted - len(self.keys) - self.duplicates) / self._size))

    @property
    def over(self) -> bool:
        """Say whether there is nothing more to ask for."""
        if not self.pages:
            return False
        if self.ended or not self._paged:
            return True
        if self._limit is not None and len(self.keys) >= self._limit:
            return True
        if self.total is None or self.total in CAPS or len(set(self._totals)) > 1:
            return False
        return len(self.keys) + self.duplicates >= self.total

    @property
    def whole(self) -> bool:
        """Say whether as many rows came as the server counted, or all there were if it did not."""
        wanted = min(self._totals, default=len(self.keys))
        return len(self.keys) >= (wanted if self._limit is None else min(wanted, self._limit))

    def agrees(self, other: Reading) -> bool:
        """Say whether two readings found the same rows."""
        return sorted(self.keys) == sorted(other.keys)


def packed(pages: int, first: Reply | None, workers: int) -> int:
    """Choose how many pages one request asks for, by what the first page's time went to.

    A server works through a request's pages one after the other. So where the way there is what
    costs, few requests are best, as many as there are workers; where the server's work is, each
    page goes alone.
    """
    if first is None or first.execution_time is None:
        return 1
    way = first.seconds - first.execution_time
    return max(1, min(PACK, math.ceil(pages / workers))) if way > first.execution_time else 1


def side_by_side(ask: Ask, asked: list[dict[str, Any]], size: int, workers: int) -> Iterator[Reply]:
    """Ask for pages, so many in a request, many requests at once; give the replies in order.

    Who stops listening stops the rest. A page that is refused is raised in its place.
    """
    packs = [asked[start : start + size] for start in range(0, len(asked), size)]
    if len(packs) == 1 or workers == 1:
        yield from _opened(map(ask, packs))
        return
    stopped = threading.Event()
    pool = ThreadPoolExecutor(
        min(workers, len(packs)),
        "kott",
        initializer=setattr,
        initargs=(_WORKER, "stopped", stopped),
    )
    try:
        yield from _opened(pool.map(ask, packs))
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)


def pause(seconds: float) -> None:
    """Wait; a worker whose pull was stopped does not, since the process may want to end."""
    stopped = getattr(_WORKER, "stopped", None)
    if stopped is None:
        time.sleep(seconds)
    elif stopped.wait(seconds):
        raise TransportError("The pull was stopped.")


_WORKER = threading.local()


def _opened(answers: Iterator[list[Reply | ApiError]]) -> Iterator[Reply]:
    for pack in answers:
        for answer in pack:
            if isinstance(answer, ApiError):
                raise answer
            yield answer


class _TooDeep(Exception):
    """Say that a window does not fit into the result window."""


class Pull:
    """One listing under way: iterate it for its pages; iterate again to go on after a failure.

    `done` holds the pages that were proved, `came` also those of the window that was being read.
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
    ) -> None:
        known = schema.action(service, action)
        self.name = f"{known.service}.{known.name}" if known else f"{service}.{action}"
        self.items = known.items if known else None
        self.done: list[Page] = []
        self._ask, self._split, self._progress = ask, split, progress
        self._limit = None if limit is None else int(limit)
        if workers < 1:
            raise KottError(f"workers is a number of 1 or more, not {workers}.")
        self._workers = workers
        given = {name: one for name, one in (arguments or {}).items() if one is not None}
        self._arguments: dict[str, Any] = plain(given)
        self._pager = _pager(self.name, self._arguments.pop("pager", {}), limit)
        self._paged = known is None or known.pager or self.name == "lineup.get"
        self._todo = [] if limit == 0 else [Window()]
        self._reading = Reading(self._limit, paged=self._paged)
        self._whole: int | None = None  # rows of a list that had to be cut, before it was
        self._depth = RESULT_WINDOW
        self._when = present()
        self._windows: list[dict[str, Any]] = []
        self._tally = {"pages": 0, "requests": 0, "retries": 0, "duplicates": 0, "bytes": 0}
        self._seconds = {"seconds": 0.0, "server_seconds": 0.0}
        self._totals: list[int] = []
        self._page_size = 0
        self._first: Reply | None = None

    @property
    def came(self) -> list[Page]:
        """Give every page that came, those of an unfinished window included."""
        return self.done + (self._reading.pages if self._todo else [])

    def __iter__(self) -> Iterator[Page]:
        yield from self.done
        while self._todo:
            try:
                pages = self._proved(self._todo[0])
            except _TooDeep:
                self._todo[:1] = self._halves(self._todo[0])
                self._reading = Reading(self._limit, paged=self._paged)
            except (TransportError, ApiError) as error:
                if not sum(page.rows for page in self.came):
                    raise
                raise IncompleteError(f"{self._so_far()}, then: {error}") from error
            else:
                del self._todo[0]
                self.done += pages
                yield from pages
        self._check_windows()

    def report(self) -> dict[str, Any]:
        """Say how the list was gathered, in values that JSON can hold."""
        return {
            "action": self.name,
            "arguments": {k: v for k, v in self._arguments.items() if k not in ("ks", "userId")},
            "split": None if self._split is None else list(self._split),
            "limit": self._limit,
            "totals": self._totals,
            "rows": sum(page.rows for page in self.done),
            "page_size": self._page_size,
            "order": "by window" if len(self._windows) > 1 else "as asked",
            "windows": self._windows,
            **self._tally,
            **{name: round(value, 6) for name, value in self._seconds.items()},
            "when": self._when.isoformat(),
        }

    # One window

    def _proved(self, window: Window) -> list[Page]:
        """Read a window until it is known to be whole."""
        seen = False
        for _ in range(READINGS):
            reading = self._reading = self._read(window)
            # nothing, and not even a count, where rows were a moment ago, proves nothing
            lost = seen and not reading.keys and reading.total is None
            seen = seen or bool(reading.keys)
            proof = None if lost else self._proof(window, reading)
            if proof:
                return self._accepted(window, reading, proof)
        raise IncompleteError(
            f"{self.name} keeps changing: {len(reading.keys):,} rows came, the server counts "
            f"{_counted(reading)}, and {READINGS} readings did not settle it. Ask for less, or at "
            "a quieter time; .partial holds what came, .resume() tries again."
        )

    def _proof(self, window: Window, reading: Reading) -> str | None:
        """Name what shows that a reading is whole; None where it has to be read again."""
        rows, limit = len(reading.keys), self._limit
        if limit is not None and reading.whole and (reading.total is None or reading.total > limit):
            return "limit"
        if rows >= AT_MOST.get(self.name, rows + 1):
            raise IncompleteError(
                f"{self.name} answers at most {AT_MOST[self.name]:,} rows, and so many came: ask "
                "for less with a filter."
            )
        if reading.whole and len(reading.pages) == 1:
            return "one reply"
        if not self._paged:
            raise IncompleteError(
                f"{self.name} answered {rows:,} of {_counted(reading)} rows and has no pager: ask "
                "for less with a filter."
            )
        agreed = reading.whole and reading.agrees(self._read(window, again=True))
        return "two readings" if agreed else None

    def _read(self, window: Window, *, again: bool = False) -> Reading:
        """Page through a window once; the second time only for its ids, where rows have them."""
        arguments = self._within(window)
        if again and self._reading.keys and self._reading.keys[0][0] != b"text":
            arguments["responseProfile"] = _ONLY_IDS
        reading = Reading(self._limit, paged=self._paged)
        if not again:
            self._reading = reading
        while not reading.over:
            first = len(reading.pages) + 1
            for page in self._pages(arguments, range(first, first + reading.missing_pages)):
                reading.add(page)
                self._note(page, again=again)
                if self._split and self._limit is None and (page.total or 0) >= self._depth:
                    if window == Window():
                        self._whole = page.total
                    raise _TooDeep
                if reading.over:
                    break
        return reading

    def _pages(self, arguments: dict[str, Any], indexes: range) -> Iterator[Page]:
        """Give pages in order, asked for side by side."""
        asked = [arguments | self._turned_to(index) for index in indexes]
        size = packed(len(asked), self._first, self._workers)
        replies = side_by_side(self._ask, asked, size, self._workers)
        for index in indexes:
            try:
                reply = next(replies)
            except ApiError as error:
                if error.code != DEEP_PAGE or index == 1:
                    raise
                raise self._refused(index) from error
            self._first = self._first or reply
            self._tally["requests"] += reply.requests
            self._tally["retries"] += reply.retries
            self._tally["bytes"] += reply.size
            self._seconds["seconds"] += reply.seconds
            self._seconds["server_seconds"] += reply.execution_time or 0.0
            yield read_page(reply)

    def _refused(self, index: int) -> Exception:
        """Learn the result window from the page that was too deep, and say what to do about it."""
        self._depth = (index - 1) * max(self._page_size, 1)
        if self._split and self._limit is None:
            return _TooDeep()
        return IncompleteError(
            f"{self._so_far()}, and this server pages no deeper than {self._depth:,} rows: "
            "narrow the filter, or list assets and epg with kott.assets and kott.epg."
        )

    def _note(self, page: Page, *, again: bool) -> None:
        if page.total is not None and page.total not in self._totals:
            self._totals.append(page.total)
        if again:
            return
        self._tally["pages"] += 1
        self._page_size = max(self._page_size, page.rows)
        if self._progress is not None:
            total = page.rows if page.total is None else page.total
            wanted = total if self._limit is None else min(total, self._limit)
            self._progress.total = max(self._progress.total or 0, wanted)
            self._progress.update(page.rows)

    def _accepted(self, window: Window, reading: Reading, proof: str) -> list[Page]:
        if self._limit is not None:
            reading = _headed(reading, self._limit)
        rows = sum(page.rows for page in reading.pages)
        self._tally["duplicates"] += reading.duplicates
        self._windows.append({"from": window.low, "to": window.high, "rows": rows, "proof": proof})
        return [page for page in reading.pages if page.rows]

    def _turned_to(self, index: int) -> dict[str, Any]:
        if self.name == "lineup.get":
            return {"pageIndex": index, **self._pager}
        return {"pager": {**self._pager, "pageIndex": index}} if self._paged else {}

    def _so_far(self) -> str:
        rows = sum(page.rows for page in self.came)
        wanted = f" of {max(self._totals):,}" if self._totals else ""
        return f"{self.name} stopped after {rows:,}{wanted} rows"

    # Windows

    def _check_windows(self) -> None:
        """See that the windows of a list that was cut hold all of it: rows lack no key."""
        if self._whole is None or self._whole in CAPS:
            return
        rows = sum(page.rows for page in self.done) + self._tally["duplicates"]
        now = next(self._pages(dict(self._arguments), range(1, 2))).total or 0
        if now not in CAPS and rows < min(self._whole, now):
            raise IncompleteError(
                f"{self.name}: the windows hold {rows:,} of {min(self._whole, now):,} rows; some "
                "lack the key that the list was cut by: name one asset_type in the filter."
            )

    def _within(self, window: Window) -> dict[str, Any]:
        if self._split is None or window == Window():
            return dict(self._arguments)
        bounds = [(">=", window.low), ("<", window.high)]
        conditions = [f"{self._split.key}{op}'{n}'" for op, n in bounds if n is not None]
        asked = dict(self._arguments["filter"])
        items = [text for text in (asked.get("kSql") or "", *conditions) if text]
        asked["kSql"] = f"(and {' '.join(items)})"
        return self._arguments | {"filter": asked}

    def _halves(self, window: Window) -> list[Window]:
        """Cut a window in two; an open end is searched in steps that double."""
        assert self._split is not None
        _, first, last, least = self._split
        low, high = window
        if low is None and high is None:
            middle = (first + last) // 2
        elif high is None and low is not None:
            middle = last if low < last else low + max(last - first, low - first)
        elif low is None and high is not None:
            middle = first if high > first else high - max(last - first, last - high)
        else:
            middle = ((low or 0) + (high or 0)) // 2
        if middle in (low, high) or not least <= middle < 2**53:
            raise IncompleteError(
                f"{self._so_far()}: more than {self._depth:,} rows share one {self._split.key}, "
                "and this server pages no deeper. Narrow the filter."
            )
        return [Window(low, middle), Window(middle, high)]


_ONLY_IDS = {
    "objectType": "KalturaOnDemandResponseProfile",
    "retrievedProperties": "objectType,id,type",
}


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


def _headed(reading: Reading, limit: int) -> Reading:
    """Cut a reading to its first rows."""
    left = limit
    for position, page in enumerate(reading.pages):
        reading.pages[position] = page.only([n < left for n in range(page.rows)])
        left -= reading.pages[position].rows
    return reading
