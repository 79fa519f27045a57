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

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from kott_notebooks import schema
from kott_notebooks.api.bodies import Call, plain
from kott_notebooks.api.decode import (
    NO_ID,
    Key,
    Reader,
    Rows,
    StructReader,
    TextReader,
    text_hashes,
)
from kott_notebooks.api.secrets import MASK, Secret, concealed
from kott_notebooks.errors import ApiError, IncompleteError, KottError, KsqlError
from kott_notebooks.ksql import LIMIT
from kott_notebooks.paging.passes import (
    Pass,
    first_positions,
    repeats_a_row,
    repeats_an_id,
    row_ids,
)
from kott_notebooks.paging.windows import (
    MAX_PARTS,
    WHOLE,
    Counted,
    Split,
    Window,
    cut,
    halves,
    merge,
    tiles,
    within,
)

PAGE_SIZE = 500  # requested; servers may silently return fewer, so use the size received
LINEUP_SIZES = (1600, 1200, 800, 200, 100)  # lineup.get takes no other
RESULT_WINDOW = 10_000  # the depth of most servers; a smaller one is learned from its refusal
MAX_ROWS = {"ottUser.list": 500}  # lists that stop there whatever they count, and have no pager
MAX_PASSES = 12  # over one window, until two of them agree
BOUNDS = 80  # characters that the bounds of a window take in a filter
LAY_OUT = 1_000  # rows that are laid out at a time
DEEP_PAGE = "1"  # the code that refuses a page beyond the result window
WEAK = {
    "two passes, no total": "the server sends no total: two passes ended at the same rows",
    "one reply, miscounted": "the server's total does not fit its rows, and it has no pager",
}

_ONLY_IDS = {
    "objectType": "KalturaOnDemandResponseProfile",
    "retrievedProperties": "objectType,id,type",
}


class PageRequest(NamedTuple):
    """One page to request; what is sent is derived from it.

    `kind` is page, tile, look, count, or oldest and newest, which show where the ids lie.
    """

    read: object  # the window that it belongs to
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

    windows: Sequence[WindowRead | Survey]


class Failed(NamedTuple):
    """The verdict on a window that nothing can prove."""

    why: str


Verdict: TypeAlias = Accepted | NeedsCheck | NeedsPass | Narrow | Failed


class Proved(NamedTuple):
    """Rows that are proved: the window they fill, their parts, and what proves them."""

    window: Window
    parts: list[Any]
    rows: int
    proof: str
    pages: int
    duplicates: int
    tiles: int = 0


class WindowRead:
    """One window being read: its passes, and what checks them.

    `expected` is how many rows were counted in it, `seen` are the rows that were received of it
    before: a pass, and their positions there.
    """

    def __init__(
        self,
        listing: Listing,
        window: Window,
        *,
        split: Split | None,
        expected: int | None = None,
        seen: tuple[Pass, list[int]] | None = None,
        passes: list[Pass] | None = None,
    ) -> None:
        self.listing, self.window, self.split = listing, window, split
        self.expected, self.seen = expected, seen
        self.passes = passes or [Pass(1, listing.page_size)]
        self.outside = False  # the server shows rows outside of the window, or refuses its bounds
        self.too_deep = False  # a page was refused for its depth
        self.tiles: dict[Window, Rows] = {}
        self._tiling: dict[Window, list[int]] | None = None

    # The log

    def log(self, request: PageRequest, page: Rows) -> None:
        """Append a page, a tile or a look."""
        current = self.passes[-1]
        if request.kind == "tile":
            self.tiles[request.window] = page._replace(rows=[])  # their keys are all we need
            return
        if request.pass_ != current.number:
            return
        if request.kind == "look":
            current.look = page
        elif request.page == len(current.pages) + 1 and not current.over(self.listing.limit):
            if self.split is not None and _outside(page.keys, self.window):
                self.outside = True
            repeated = len(set(page.keys)) < len(page.keys)
            texts = (
                text_hashes(page.rows)
                if not current.ids and (repeated or self.split is None)
                else None
            )
            current.append(page, texts)

    def received(self) -> tuple[Pass, list[int]]:
        """Return the rows received, each once: a pass, and their positions there."""
        own = max((one for one in self.passes if not one.ids), key=lambda one: one.count)
        if self.seen is not None and not own.count:
            return self.seen
        return own, first_positions(own.keys())

    @property
    def count(self) -> int:
        """Count the rows received."""
        own = max(one.count for one in self.passes if not one.ids)
        return own or (len(self.seen[1]) if self.seen else 0)

    @property
    def known(self) -> set[int]:
        """Return the ids that were seen in the window, in this read or before."""
        shown = [one.keys() for one in self.passes]
        if self.seen is not None:
            keys = self.seen[0].keys()
            shown.append([keys[position] for position in self.seen[1]])
        shown += [reply.keys for reply in self.tiles.values()]
        ids = chain.from_iterable(row_ids(keys) or () for keys in shown)
        return set(filter(self.window.holds, ids))

    def begin(self, next_pass: Pass) -> None:
        """Log the beginning of another pass."""
        self.too_deep = False
        self.passes.append(next_pass)

    # The verdict

    def verdict(self) -> Verdict:
        """Decide what the logs allow: accept, check, read again, narrow, or fail."""
        listing, current = self.listing, self.passes[-1]
        limit = listing.limit
        if self.too_deep:
            return self._refused(current)
        if self.outside:
            return self._without_bounds()
        deep = self.split is not None and limit is None and current.total is not None
        if deep and (current.total or 0) > listing.deepest:
            return Narrow([Survey(listing, self.window, current.total)])
        if not current.pages or (listing.paged and not current.over(limit)):
            return NeedsCheck(self._pages(current))
        if not listing.paged:
            return self._unpaged(current)
        if limit is not None and current.count >= limit:
            positions = first_positions(current.keys())
            if len(positions) >= limit:
                return Accepted(current, "limit", positions[:limit])
        emptied = not current.count and any(one.count for one in self.passes)
        if self.split is None and emptied:  # nothing, where rows were shown, proves nothing
            return self._again(current)
        single = len(current.pages) == 1 and not current.ids and current.total is not None
        if single and (found := self._one_reply(current)) is not None:
            return found
        if self.split is not None and current.total is not None:
            return self._narrowed(current) if single else self._tiled(current)
        return self._two_passes(current)

    def _pages(self, current: Pass) -> Iterator[PageRequest]:
        size = self.listing.largest[current.ids] or 0
        if current.number > 1:
            size = min(size, current.size) or current.size
        expected = self.expected if current.number == 1 else self.passes[-2].total
        last = current.pages_wanted(size, expected, self.listing.limit) if self.listing.paged else 1
        for page in range(len(current.pages) + 1, last + 1):
            yield self._request("page", current, page=page)
        counted = self.expected if current.number == 1 else None
        if last == 1 and counted and counted == size:  # its look can travel with it
            yield self._look(current, counted)

    def _request(self, kind: str, current: Pass, **parts: Any) -> PageRequest:
        whole = PageRequest(self, kind, self.window, current.number, 1, current.size, current.ids)
        return whole._replace(**parts)

    def _look(self, current: Pass, total: int) -> PageRequest:
        """Request the row after the last; of a line-up, the page after the last."""
        if self.listing.name == "lineup.get":
            return self._request("look", current, page=math.ceil(total / current.size) + 1)
        return self._request("look", current, page=total + 1, size=1, ids=True)

    def _unpaged(self, current: Pass) -> Verdict:
        """Judge a list that has no pager: it is in one reply, or incomplete."""
        rows, total, name = current.count, current.total, self.listing.name
        if rows >= MAX_ROWS.get(name, rows + 1):
            return Failed(
                f"{name} returns at most {MAX_ROWS[name]:,} rows, and that many were received: "
                "narrow it with a filter."
            )
        if total is not None and rows < total:
            return Failed(
                f"{name} returned {rows:,} of {total:,} rows and has no pager: narrow it with a "
                "filter."
            )
        return Accepted(current, "one reply" if rows == total else "one reply, miscounted")

    def _one_reply(self, current: Pass) -> Verdict | None:
        """Judge a window that one reply may hold; None where it does not."""
        page, rows = current.pages[0], current.count
        if page.total != rows or repeats_a_row(page):
            return None
        lacking = self.seen is not None and self.known - set(row_ids(page.keys) or ())
        if rows < min(current.size, self.listing.largest[False]) and not lacking:
            return Accepted(current, "one reply")
        look = current.look
        if look is None:
            return NeedsCheck(iter([self._look(current, rows)]))
        ignores_pager = self.split is None and len(look.keys) > 1 and look.keys == page.keys
        if (not look.keys or ignores_pager) and look.total == rows:
            return Accepted(current, "one reply")
        return None

    def _tiled(self, current: Pass) -> Verdict:
        """Check a pass of several pages by tiles; those that show other ids are read again."""
        rows = max(1, self.listing.largest[False] * 9 // 10)
        if self._tiling is None:
            self._tiling = _tiling(self.window, current.keys(), rows)
        if not self._tiling:
            return self._without_bounds()
        missing = (window for window in self._tiling if window not in self.tiles)
        if len(self.tiles) < len(self._tiling):
            return NeedsCheck(
                self._request("tile", current, window=one, size=self.listing.page_size, ids=True)
                for one in missing
            )
        if any(_outside(reply.keys, window) for window, reply in self.tiles.items()):
            return self._without_bounds()
        bad = {window for window in self._tiling if not self._agrees(window)}
        if not bad:
            return Accepted(current, "tiles", tiles=len(self._tiling))
        if bad == {self.window}:
            return self._narrowed(current)
        good_ids = {one for window, ids in self._tiling.items() if window not in bad for one in ids}
        shown = row_ids(current.keys()) or []
        positions = [n for n, one in enumerate(shown) if one in good_ids]
        again = self._parts([window for window in self._tiling if window in bad], current)
        return Accepted(current, "tiles", positions, again, len(self._tiling) - len(bad))

    def _parts(self, windows: Sequence[Window], seen: Pass) -> list[WindowRead]:
        """Give reads of parts of the window, which know what was seen of them."""
        shown = row_ids(seen.keys()) or []
        firsts = first_positions(seen.keys()) if shown else []
        return [
            WindowRead(
                self.listing,
                window,
                split=self.split,
                seen=(seen, [n for n in firsts if window.holds(shown[n])]),
            )
            for window in windows
        ]

    def _agrees(self, window: Window) -> bool:
        """Say whether a tile proves itself as one reply, and shows what the pass showed, once."""
        assert self._tiling is not None
        reply, expected = self.tiles[window], self._tiling[window]
        shown = len(reply.keys)
        return (
            reply.total == shown < max(self.listing.largest)
            and sorted(row_ids(reply.keys) or ()) == expected
            and len(set(expected)) == shown
        )

    def _narrowed(self, current: Pass) -> Verdict:
        """Cut a window that contradicts itself at the ids that are known in it."""
        rows = max(1, self.listing.largest[False] * 9 // 10)
        parts = halves(self.window, sorted(self.known), rows)
        seen = self.received()[0]
        return Narrow(self._parts(parts, seen)) if parts else self._again(current)

    def _two_passes(self, current: Pass) -> Verdict:
        """Compare the last two passes; one that may end before the list does needs a look."""
        if current.number == 1 or self._why_not_proved() is not None:
            return self._again(current)
        before, total = self.passes[-2], current.total
        if total is not None and not current.ends_short:
            if current.look is None:
                return NeedsCheck(iter([self._look(current, total)]))
            if current.look.keys or current.look.total != total:
                return self._again(current)
        if current.count > before.count:
            return Accepted(before, "grew at its end")
        proof = "two passes, no total" if total is None else "two passes"
        return Accepted(before if current.ids else current, proof)

    def _why_not_proved(self) -> str | None:
        """Say why the last two passes do not prove the list; None where they do."""
        before, current = self.passes[-2:]
        first, second = self._identities(before), self._identities(current)
        totals = current.totals
        if first is None or second is None:
            return "one id has several texts"
        if before.repeats_a_page or current.repeats_a_page:
            return "it repeats a page that it gave before"
        if repeats_an_id(first) or repeats_an_id(second):
            return "it shows a row on two pages"
        totalled = any(one.totals for one in self.passes)
        if not totals and (totalled or current.pages[-1].keys or before.pages[-1].keys):
            return "its total comes and goes"
        if not totals or set(totals) == {len(second)}:
            return None if Counter(first) == Counter(second) else "two passes show different rows"
        grows = [*before.totals, *totals]
        if (
            not before.ids
            and grows == sorted(grows)
            and before.total == len(first)
            and current.total == len(second)
            and second[: len(first)] == first
        ):
            return None
        return f"the server counts {current.total:,} and shows {len(second):,}"

    def _identities(self, one: Pass) -> list[Any] | None:
        """Return what identifies each row of a pass: with its text, once an id has several."""
        if not any(each.two_texts() for each in self.passes):
            return list(one.keys())
        texts = one.texts()
        return None if None in texts else list(zip(one.keys(), texts, strict=True))

    def _again(self, current: Pass) -> Verdict:
        """Read the window once more, with pages of a size that was not used yet."""
        base = self.passes[0]
        largest = max((one.pages[-1].largest for one in self.passes if one.pages), default=0)
        sizes = _sizes(self.listing, largest or base.size)
        tries = MAX_PASSES if self.split is None else 4
        if current.number >= min(tries, max(2, len(sizes))):
            return Failed(self._what_was_seen())
        no_ids = any(key[0] == NO_ID for key in current.keys()[:1])
        ids = (
            self.split is None
            and not current.ids
            and not no_ids
            and self.listing.limit is None
            and not any(each.two_texts() for each in self.passes)
        )
        return NeedsPass(Pass(current.number + 1, sizes[min(current.number, len(sizes) - 1)], ids))

    def _without_bounds(self) -> Verdict:
        """Go on by passes where the server does not take the bounds of a window."""
        if self.window != WHOLE or self.split is None:
            key = self.split.key if self.split else "its bounds"
            return Failed(_IGNORED.format(name=self.listing.name, key=key))
        return Narrow([WindowRead(self.listing, WHOLE, split=None, passes=self.passes)])

    def _refused(self, current: Pass) -> Verdict:
        listing = self.listing
        if self.split is not None and listing.limit is None:
            return Narrow([Survey(listing, self.window, current.total or self.expected)])
        if current.number > 1 and current.number < MAX_PASSES:
            return NeedsPass(Pass(current.number + 1, self._shallow(current.total or 0)))
        return Failed(
            f"{listing.so_far()}, and this server pages no deeper than {listing.depth:,} rows: "
            "narrow the filter, or list assets and epg with kott.assets and kott.epg."
        )

    def _shallow(self, total: int) -> int:
        """Choose a page size that reaches no deeper than the first pass did."""
        first = self.passes[0]
        largest = first.pages[-1].largest
        depth = math.ceil(total / largest) * largest
        used = {one.size for one in self.passes[1:]} | {largest}
        sizes = (z for z in range(largest, 0, -1) if z not in used)
        return next((z for z in sizes if math.ceil(total / z) * z <= depth), 1)

    def _bounds(self) -> list[str]:
        split = self.split or self.listing.split
        return self.window.as_ksql(split.key) if split else []

    def _what_was_seen(self) -> str:
        """Say in words why the window cannot be proved."""
        listing = self.listing
        passes = [one for one in self.passes if one.pages]
        totals = [*listing.totals, *(total for one in passes for total in one.totals)]
        counts = list(dict.fromkeys(one.count for one in passes))
        seen = []
        if len(listing.totals) > 1:
            moved = max(listing.totals) - min(listing.totals)
            seen.append(f"its totals move by {moved:,} from one reply to the next")
        elif listing.totals and listing.totals[0] != listing.rows:
            counted = f"{listing.totals[0]:,}"
            seen.append(f"on every page the server counts {counted} and shows {listing.rows:,}")
        if any(one.look and one.look.keys for one in passes):
            seen.append("it shows a row after the last one that it counts")
        if any(one.repeats_a_page for one in passes):
            seen.append("it repeats a page that it gave before")
        if any(repeats_an_id(one.keys()) and not one.two_texts() for one in passes):
            seen.append("it shows a row twice")
        if self.window != WHOLE and passes and passes[-1].total is not None:
            where = " and ".join(self._bounds())
            shown = ", then ".join(f"{count:,}" for count in counts)
            seen.append(f"where {where}, it counts {passes[-1].total:,} and shows {shown}")
        if not seen and len(passes) > 1:
            seen.append(self._why_not_proved() or "what follows its last row cannot be checked")
        if not seen and not totals:
            seen.append("it sends no total")
        return (
            f"{listing.so_far()}, and the list cannot be proved: {'; '.join(seen)}. Narrow the "
            "filter, or try at a quieter time: .partial holds what was received, .resume() tries "
            "again."
        )


class Survey:
    """A window too deep to be paged: it is counted and cut until each part is not."""

    def __init__(self, listing: Listing, window: Window, total: int | None) -> None:
        assert listing.split is not None
        self.listing, self.window, self.total, self.split = listing, window, total, listing.split
        self._ends: dict[str, Rows] = {}
        self._counts: dict[tuple[int, Window], int | None] = {}  # by attempt and window

    def log(self, request: PageRequest, page: Rows) -> None:
        """Log where the ids lie, or how many rows a part has."""
        if _outside(page.keys, request.window):
            raise IncompleteError(_IGNORED.format(name=self.listing.name, key=self.split.key))
        if request.kind == "count":
            self._counts[request.pass_, request.window] = page.total
        else:
            self._ends[request.kind] = page

    def verdict(self) -> Verdict:
        """Decide whether all parts are counted and few enough."""
        if len(self._ends) < 2:
            ends = [kind for kind in ("oldest", "newest") if kind not in self._ends]
            return NeedsCheck(
                PageRequest(self, kind, self.window, 1, 1, PAGE_SIZE, True) for kind in ends
            )
        for attempt in range(1, 5):
            verdict = self._counted(attempt)
            if verdict is not None:
                return verdict
        whole, parts = self._counts[4, WHOLE], self._sum(4)
        return Failed(
            f"{self.listing.name}: the windows hold {parts:,} of {whole:,} rows; some lack "
            f"{self.split.key}, by which the list is cut: name one asset_type in the filter."
        )

    def _counted(self, attempt: int) -> Verdict | None:
        """Judge one attempt at counting; None where its parts hold less than the whole."""
        try:
            parts = list(self._parts(self.window, self.total, attempt))
        except IncompleteError as error:
            return Failed(str(error))
        missing = [window for window, rows in parts if rows is _UNCOUNTED]
        if self.window == WHOLE and (attempt, WHOLE) not in self._counts:
            missing.insert(0, WHOLE)
        if missing:
            return NeedsCheck(
                PageRequest(self, "count", window, attempt, 1, 1, True) for window in missing
            )
        whole = self._counts.get((attempt, WHOLE))
        if whole is not None and None not in dict(parts).values() and self._sum(attempt) < whole:
            return None
        merged = merge(parts, self.listing.deepest)
        return Narrow(
            [
                WindowRead(self.listing, window, split=self.split, expected=rows)
                for window, rows in merged
            ]
        )

    def _sum(self, attempt: int) -> int:
        return sum(rows or 0 for _, rows in self._parts(self.window, self.total, attempt))

    def _parts(self, window: Window, rows: int | None, attempt: int) -> Iterator[Counted]:
        """Walk the parts of a window, down to those that are few enough or not counted yet."""
        deepest = self.listing.deepest
        wanted = 2 if rows is None else math.ceil(2 * rows / deepest)
        parts = cut(window, self._guessed, min(max(wanted, 2), MAX_PARTS))
        if len(parts) == 1:
            raise IncompleteError(
                f"{self.listing.so_far()}: more than {deepest:,} rows share one {self.split.key}, "
                "and this server pages no deeper. Narrow the filter."
            )
        for part in parts:
            count = self._counts.get((attempt, part), _UNCOUNTED)
            if count is not _UNCOUNTED and count is not None and count > deepest:
                yield from self._parts(part, count, attempt)
            else:
                yield part, count

    @property
    def _guessed(self) -> Split:
        """Guess between which values the ids lie, by the oldest and the newest rows."""
        ids = [n for page in self._ends.values() for n in row_ids(page.keys) or ()]
        return self.split._replace(low=min(ids), high=max(ids) + 1) if ids else self.split


_UNCOUNTED: Any = object()
_IGNORED = (
    "{name}: the server shows rows outside of the windows of {key} that were requested, so that "
    "this list cannot be cut. Narrow the filter."
)


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
        """Say whether all is proved."""
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
        """Lay out rows, if at least `rows` of them wait; say whether it did."""
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
    ) -> None:
        known = schema.action(service, action)
        self.service, self.action = service, action
        self.name = f"{known.service}.{known.name}" if known else f"{service}.{action}"
        if limit is not None and limit < 0:
            raise KottError(f"limit must be None or at least 0, not {limit}.")
        given = {name: one for name, one in (arguments or {}).items() if one is not None}
        self.arguments: dict[str, Any] = plain(concealed(given))
        self._pager = dict(self.arguments.pop("pager", {}))
        if "pageIndex" in self._pager:
            raise KottError("pager: the pages are turned here; give pageSize alone, or limit=.")
        self.paged = known is None or known.pager or self.name == "lineup.get"
        self.limit = None if limit is None else int(limit)
        ksql = str((self.arguments.get("filter") or {}).get("kSql", ""))
        self.split = split if len(ksql) + BOUNDS < LIMIT else None
        self.page_size = self._page_size()
        self.depth = RESULT_WINDOW
        self.largest = [page_rows, page_rows]  # rows of a page with its rows, and with ids only
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
        )

    def _window(self, window: Window, rows: int | None = None) -> WindowRead:
        return WindowRead(self, window, split=self.split, expected=rows)

    def _page_size(self) -> int:
        wanted = PAGE_SIZE if not self.limit else min(PAGE_SIZE, self.limit)
        if self.name == "lineup.get":
            fitting = [size for size in LINEUP_SIZES if size >= (self.limit or LINEUP_SIZES[0])]
            wanted = int(self.arguments.pop("pageSize", 0)) or (fitting or [LINEUP_SIZES[0]])[-1]
        return int(self._pager.get("pageSize", wanted))

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
            self.items[at : at + 1] = others
            open_items += others

    def _proved(self, read: WindowRead, verdict: Accepted) -> Proved:
        rows_of = verdict.rows_of
        rows_of.lay_out(self.reader, 0)
        parts = rows_of.selected(verdict.positions)
        rows = sum(part.rows for part in parts)
        repeated = 0 if verdict.windows or verdict.proof == "limit" else rows_of.count - rows
        pages = len(rows_of.pages)
        return Proved(read.window, parts, rows, verdict.proof, pages, repeated, verdict.tiles)

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
        read = next((item for item in self.items if item is request.read), None)
        if read is None or isinstance(read, Proved):
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
            read.log(request, reply)
            if self.replies > 1_000 and self.replies > self._most_replies:
                raise IncompleteError(
                    f"{self.so_far()}: {self.replies:,} replies did not settle it."
                )
        self._settle([read])

    @property
    def _most_replies(self) -> int:
        """Bound the replies of a list, by the rows that were counted and received."""
        rows = max(self.totals, default=0) + self.rows
        return 1_000 + 30 * rows // max(*self.largest, 1)

    def _refused(self, request: PageRequest, refusal: ApiError) -> None:
        """Learn the depth from a page that is refused; raise any other refusal."""
        read = request.read
        deep = request.kind in ("page", "look") and request.page > 1
        if isinstance(read, WindowRead) and refusal.code == DEEP_PAGE and deep:
            rows = request.page - 1
            if request.kind == "page":
                rows *= max(self.largest[request.ids], 1)
            self.depth = min(self.depth, rows)
            read.too_deep = True
        elif (
            isinstance(read, WindowRead)
            and isinstance(refusal, KsqlError)
            and request.kind == "tile"
            and read.window == WHOLE
        ):
            read.outside = True
        else:
            raise refusal

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
        """Lay out the first pass that has at least `rows` rows waiting; say whether one had."""
        passes = (one for item in self.items if isinstance(item, WindowRead) for one in item.passes)
        return any(one.lay_out(self.reader, rows) for one in passes)

    # What it is so far

    @property
    def done(self) -> bool:
        """Say whether every window is proved."""
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
        return f"{page}{' of ' if page and bounds else ', at ' if bounds else ''}{bounds}"

    def report(self) -> dict[str, Any]:
        """Say how the list was gathered, in values that JSON can hold."""
        proved = [item for item in self.items if isinstance(item, Proved)]
        return {
            "action": self.name,
            "arguments": _masked({k: v for k, v in self.arguments.items() if k != "userId"}),
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


def _masked(value: Any) -> Any:
    """Copy arguments without the secrets in them."""
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return MASK if isinstance(value, Secret) else value


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


def _outside(keys: Sequence[Key], window: Window) -> bool:
    """Say whether a row lies outside of a window that has bounds."""
    if window == WHOLE or not keys:
        return False
    ids = row_ids(keys)
    return ids is None or not all(map(window.holds, ids))


def _tiling(window: Window, keys: Sequence[Key], rows: int) -> dict[Window, list[int]]:
    """Cut a window into tiles of at most `rows` rows, each with the ids known in it."""
    ids = sorted(row_ids(keys) or ())
    cuts = tiles(window, ids, rows) if ids else []
    starts = [0, *(bisect_left(ids, one.low or 0) for one in cuts[1:]), len(ids)]
    return {one: ids[a:b] for one, a, b in zip(cuts, starts, starts[1:], strict=False)}


def _sizes(listing: Listing, largest: int) -> list[int]:
    """Give the page sizes for the passes over one window, in their order; each is another."""
    if listing.name == "lineup.get":
        first = listing.page_size
        return [first, *(size for size in LINEUP_SIZES if size != first)]
    sixteenths = (16, 14, 12, 10, 15, 13, 11, 9, 8, 7, 6, 5)
    return list(dict.fromkeys(max(1, largest * part // 16) for part in sixteenths))
