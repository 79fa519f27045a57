"""The state of one list: what to request next, what was received, what proves it. No I/O.

Whatever is received is appended to a log, and every decision follows from the logs, so that an
interrupt between any two lines loses nothing but what was under way.

A total is the server's claim. What proves a window is

- one reply whose rows are as many as its total, with no row after them;
- tiles, where KSQL can bound the rows' ids: the ids that were received cut the window into tiles
  which each fit into one reply, and each tile is requested once more, ids only. A tile that shows
  other ids is read again with its rows;
- else a second pass, with pages of another size, which shows the same rows.

What contradicts itself is cut into smaller windows, or read again with pages of another size,
until the contradiction is gone or the list fails with what was seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kott_notebooks import schema
from kott_notebooks.api.bodies import Call, plain
from kott_notebooks.api.decode import Reader, Rows, StructReader, TextReader
from kott_notebooks.api.secrets import concealed, shown
from kott_notebooks.errors import ApiError, IncompleteError, KottError, KsqlError, whole_number
from kott_notebooks.ksql import LIMIT, in_own_text
from kott_notebooks.paging.reading import LINEUP_SIZES, WindowRead
from kott_notebooks.paging.survey import Survey
from kott_notebooks.paging.windows import WHOLE, Counted, Split, Window, within
from kott_notebooks.paging.work import (
    PAGE_SIZE,
    Accepted,
    Failed,
    Narrow,
    NeedsCheck,
    NeedsPass,
    PageRequest,
    Proved,
    TooDeep,
    Work,
)

RESULT_WINDOW = 10_000  # the depth of most servers; a smaller one is learned from its refusal
BOUNDS = 80  # characters that the bounds of a window take in a filter
DEEP_PAGE = "1"  # the code that refuses a page beyond the result window
_ONLY_IDS = {
    "objectType": "KalturaOnDemandResponseProfile",
    "retrievedProperties": "objectType,id,type",
}


class Listing(Work):
    """One list action: the windows it is read by, and what was received of each.

    Give `wanted()` to a server and its replies to `receive()` until `done`; `proved` are the rows.
    """

    def __init__(
        self,
        service: str,
        action: str = "list",
        arguments: dict[str, Any] | None = None,
        *,
        limit: int | None = None,
        split: Split | None = None,
        reader: Reader | None = None,
        windows: Sequence[Counted] | None = None,
        page_rows: int = 0,
        ksql: str | None = None,
    ) -> None:
        known = schema.action(service, action)
        self.service, self.action = service, action
        self.name = f"{known.service}.{known.name}" if known else f"{service}.{action}"
        given = {name: one for name, one in (arguments or {}).items() if one is not None}
        self.arguments: dict[str, Any] = plain(concealed(given))
        for name in ("filter", "pager"):
            if not isinstance(self.arguments.get(name, {}), dict):
                raise KottError(f"{name} must be a dict, not {given[name]!r:.80}.")
        self._pager = dict(self.arguments.pop("pager", {}))
        if "pageIndex" in self._pager:
            raise KottError("pager: the pages are turned here; give pageSize alone, or limit=.")
        self.paged = known is None or known.pager or self.name == "lineup.get"
        self.limit = None if limit is None else whole_number("limit", limit)
        self.own_ksql = ksql  # what the caller wrote of the filter
        whole = str((self.arguments.get("filter") or {}).get("kSql", ""))
        self.split = split if len(whole) + BOUNDS < LIMIT else None
        self.page_size = self._page_size()
        self.depth = RESULT_WINDOW
        self.largest = [page_rows, page_rows]  # rows of the largest page, and of one of ids only
        self.reader: Reader = reader or TextReader()
        self.ids_reader: Reader = StructReader()
        self.totals: list[int] = []  # of the whole list, as they differ
        self.replies = 0
        self.planned: Sequence[Counted] = windows if windows and limit is None else ()
        self.items: list[WindowRead | Survey | Proved] = []
        if limit != 0:
            counted = self.planned or [(WHOLE, None)]
            self.items = [self._window(window, rows) for window, rows in counted]

    def part(self, windows: Sequence[Counted], page_rows: int = 0) -> Listing:
        """Return a listing of some windows of this one."""
        return Listing(
            self.service,
            self.action,
            self.arguments | {"pager": self._pager},
            split=self.split,
            reader=self.reader,
            windows=windows,
            page_rows=page_rows,
            ksql=self.own_ksql,
        )

    def _window(self, window: Window, rows: int | None = None) -> WindowRead:
        return WindowRead(self, window, split=self.split, expected=rows)

    def _page_size(self) -> int:
        wanted = PAGE_SIZE if not self.limit else min(PAGE_SIZE, self.limit)
        if self.name == "lineup.get":
            fitting = [size for size in LINEUP_SIZES if size >= (self.limit or LINEUP_SIZES[0])]
            usual = (fitting or [LINEUP_SIZES[0]])[-1]
            wanted = whole_number("pageSize", self.arguments.pop("pageSize", usual), 1)
        return whole_number("pager.pageSize", self._pager.get("pageSize", wanted), 1)

    # What the runner asks

    def advance(self) -> None:
        """Act on every verdict that needs no further reply."""
        self._settle(list(self.items))

    def _settle(self, open_items: list[WindowRead | Survey | Proved]) -> None:
        while open_items:
            item = open_items.pop()
            verdict = None if isinstance(item, Proved) else item.verdict()
            at = next((n for n, one in enumerate(self.items) if one is item), None)
            if verdict is None or at is None or isinstance(verdict, NeedsCheck):
                continue
            if isinstance(verdict, Failed):
                raise IncompleteError(verdict.why)
            if isinstance(verdict, NeedsPass) and isinstance(item, WindowRead):
                item.begin(verdict.next)
                open_items.append(item)
                continue
            others: list[WindowRead | Survey | Proved] = []
            if isinstance(verdict, Accepted) and isinstance(item, WindowRead):
                others = [self._proved(item, verdict), *verdict.windows]
            elif isinstance(verdict, Narrow):
                others = [*verdict.windows]
            elif isinstance(verdict, TooDeep):
                others = [Survey(self, item.window, verdict.total)]
            self.items[at : at + 1] = others
            open_items += others

    def _proved(self, item: WindowRead, verdict: Accepted) -> Proved:
        rows_of = verdict.rows_of
        rows_of.lay_out(self.reader, 0)
        parts = rows_of.selected(verdict.positions)
        rows = sum(part.rows for part in parts)
        repeated = 0 if verdict.windows or verdict.proof == "limit" else rows_of.count - rows
        pages = len(rows_of.pages)
        return Proved(item.window, parts, rows, verdict.proof, pages, repeated, verdict.tiles)

    def restart(self) -> None:
        """Begin anew with every window that nothing could prove."""
        self.replies = 0
        for at, item in enumerate(self.items):
            if not isinstance(item, Proved) and isinstance(item.verdict(), Failed):
                self.items[at] = self._window(item.window)

    def wanted(self) -> Iterator[PageRequest]:
        """Give what is to be requested, in the order in which it is needed."""
        for item in list(self.items):
            if not isinstance(item, Proved) and isinstance(verdict := item.verdict(), NeedsCheck):
                yield from verdict.requests

    def receive(self, request: PageRequest, reply: Rows | ApiError) -> None:
        """Log a reply; one for a window that was replaced meanwhile is of no use."""
        item = next((one for one in self.items if one is request.owner), None)
        if item is None or isinstance(item, Proved):
            return
        if isinstance(reply, ApiError):
            self._refused(request, reply)
        else:
            self.replies += 1
            if request.kind in ("page", "tile"):
                self.largest[request.ids] = max(self.largest[request.ids], len(reply.keys))
            counted = request.kind == "page" and request.window == WHOLE and reply.keys
            if counted and reply.total is not None and reply.total not in self.totals:
                self.totals.append(reply.total)
            item.log(request, reply)
            if self.replies > 1_000 and self.replies > self._most_replies:
                raise IncompleteError(
                    f"{self.so_far()}: {self.replies:,} replies did not prove it."
                )
        self._settle([item])

    @property
    def _most_replies(self) -> int:
        """Bound the replies of a list, by the rows that were counted and received."""
        rows = max(self.totals, default=0) + self.rows
        return 1_000 + 30 * rows // max(*self.largest, 1)

    def _refused(self, request: PageRequest, refusal: ApiError) -> None:
        """Learn the depth from a page that is refused; raise any other refusal."""
        item = request.owner
        deep = request.kind in ("page", "look") and request.page > 1
        if isinstance(item, WindowRead) and refusal.code == DEEP_PAGE and deep:
            rows = request.page - 1
            if request.kind == "page":
                rows *= max(self.largest[request.ids], 1)
            self.depth = min(self.depth, rows)
            item.too_deep = True
        elif (
            isinstance(item, WindowRead)
            and isinstance(refusal, KsqlError)
            and request.kind == "tile"
            and item.window == WHOLE
        ):
            item.outside = True
        else:
            raise self.in_own_words(request, refusal)

    def in_own_words(self, request: PageRequest, refusal: ApiError) -> ApiError:
        """Give a refusal with the position that it names in what the caller wrote."""
        if self.own_ksql is None or not isinstance(refusal, KsqlError):
            return refusal
        sent = self.call(request).arguments["filter"]["kSql"]
        return in_own_text(refusal, sent, self.own_ksql)

    def call(self, request: PageRequest) -> Call:
        """Give the call that requests a page."""
        arguments = within(self.arguments, self.split, request.window)
        if request.kind in ("oldest", "newest"):
            order = "CREATE_DATE_ASC" if request.kind == "oldest" else "CREATE_DATE_DESC"
            arguments = arguments | {"filter": arguments["filter"] | {"orderBy": order}}
        if request.ids:
            arguments = arguments | {"responseProfile": _ONLY_IDS}
        sizes = {"pageSize": request.size, "pageIndex": request.page}
        if self.name == "lineup.get":
            arguments = arguments | sizes
        elif self.paged:
            arguments = arguments | {"pager": self._pager | sizes}
        return Call(self.service, self.action, arguments)

    def reader_of(self, request: PageRequest) -> Reader:
        """Give what reads the reply to a request."""
        return self.ids_reader if request.ids else self.reader

    def lay_out(self, rows: int) -> bool:
        """Lay out the first pass that has at least `rows` rows waiting; return whether one had."""
        passes = (one for item in self.items if isinstance(item, WindowRead) for one in item.passes)
        return any(one.lay_out(self.reader, rows) for one in passes)

    # What it is so far

    @property
    def done(self) -> bool:
        """Return whether every window is proved."""
        return all(isinstance(item, Proved) for item in self.items)

    def proved(self) -> Iterator[Any]:
        """Give the parts of the windows at the start of the list that are proved."""
        for item in self.items:
            if not isinstance(item, Proved):
                return
            yield from item.parts

    def received(self) -> list[Any]:
        """Return the parts of every row received, those of windows without a proof too."""
        parts: list[Any] = []
        for item in self.items:
            if isinstance(item, Proved):
                parts += item.parts
            elif isinstance(item, WindowRead):
                rows_pass, positions = item.received()
                rows_pass.lay_out(self.reader, 0)
                parts += rows_pass.selected(positions)
        return parts

    @property
    def rows(self) -> int:
        """Count the rows received."""
        return sum(
            item.rows if isinstance(item, Proved) else item.count
            for item in self.items
            if not isinstance(item, Survey)
        )

    @property
    def expected(self) -> int:
        """Count the rows of the whole list, as far as is known."""
        rows = max([*self.totals, self.rows])
        return rows if self.limit is None else min(rows, self.limit)

    @property
    def page_rows(self) -> int:
        """Return the rows of a page, as far as is known."""
        return max(self.largest[False], 1)

    @property
    def deepest(self) -> int:
        """Return the rows of the largest window that can be paged: the depth less one page."""
        largest = max(self.largest) or self.page_size
        return max(self.depth - largest, largest * 9 // 10, 1)

    def so_far(self) -> str:
        """Say how many rows were received."""
        counted = f" of {max(self.totals):,}" if self.totals else ""
        return f"{self.name} stopped after {self.rows:,}{counted} rows"

    def where(self, request: PageRequest) -> str:
        """Say which page a request is for, and of which window."""
        bounds = " and ".join(request.window.as_ksql(self.split.key)) if self.split else ""
        page = f", at page {request.page}" if self.paged and request.kind == "page" else ""
        if not bounds:
            return page
        return f"{page} of {bounds}" if page else f", at {bounds}"

    def report(self) -> dict[str, Any]:
        """Say how the list was gathered, in values that JSON can hold."""
        proved = [item for item in self.items if isinstance(item, Proved)]
        return {
            "action": self.name,
            "arguments": shown({k: v for k, v in self.arguments.items() if k != "userId"}),
            "split": None if self.split is None else list(self.split),
            "limit": self.limit,
            "totals": self.totals,
            "rows": sum(one.rows for one in proved),
            "page_size": self.largest[False],
            "order": "by window" if len(proved) > 1 else "as asked",
            "windows": _windows(proved),
            "pages": sum(one.pages for one in proved),
            "duplicates": sum(one.duplicates for one in proved),
        }


def _windows(proved: Sequence[Proved]) -> list[dict[str, Any]]:
    """Describe windows; neighbours that were read again one by one stand together."""
    described: list[dict[str, Any]] = []
    for one in proved:
        last = described[-1] if described else {}
        follows = last.get("to") == one.window.low is not None and last["proof"] == one.proof
        if follows and one.proof == "one reply":
            described[-1] = last | {
                "to": one.window.high,
                "rows": last["rows"] + one.rows,
                "replies": last.get("replies", 1) + 1,
            }
            continue
        tiled = {"tiles": one.tiles} if one.tiles else {}
        edges = {"from": one.window.low, "to": one.window.high}
        described.append({**edges, "rows": one.rows, "proof": one.proof, **tiled})
    return described
