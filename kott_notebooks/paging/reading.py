"""One window of a list: the log of what was received of it, and what that proves. No I/O."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from kott_notebooks.api.decode import NO_ID, Key, Rows, text_hashes
from kott_notebooks.paging.passes import (
    Pass,
    first_positions,
    repeats_a_row,
    repeats_an_id,
    row_ids,
)
from kott_notebooks.paging.windows import WHOLE, Split, Window, halves, tile_rows, tiles
from kott_notebooks.paging.work import (
    Accepted,
    Failed,
    Narrow,
    NeedsCheck,
    NeedsPass,
    PageRequest,
    TooDeep,
    Verdict,
)

if TYPE_CHECKING:
    from kott_notebooks.paging.listing import Listing

LINEUP_SIZES = (1600, 1200, 800, 200, 100)  # lineup.get takes no other
MAX_ROWS = {"ottUser.list": 500}  # lists that stop there whatever they count, and have no pager
MAX_PASSES = 12  # over one window, until two of them agree
IGNORED = (
    "{name}: the server shows rows outside of the windows of {key} that were requested, so that "
    "this list cannot be cut. Narrow the filter."
)


class Tile(NamedTuple):
    """The reply to a tile: the server's total, how many rows it showed, and their ids."""

    total: int | None
    rows: int
    ids: list[int] | None


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
        self.tiles: dict[Window, Tile] = {}
        self._tiling: dict[Window, list[int]] | None = None

    # The log

    def log(self, request: PageRequest, page: Rows) -> None:
        """Append a page, a tile or a look."""
        current = self.passes[-1]
        if request.kind == "tile":
            self.tiles[request.window] = Tile(page.total, len(page.keys), row_ids(page.keys))
            return
        if request.pass_ != current.number:
            return
        if request.kind == "look":
            current.look = page
        elif request.page == len(current.pages) + 1 and not current.over(self.listing.limit):
            if self.split is not None and outside(page.keys, self.window):
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
        ids = [row_ids(keys) or () for keys in shown]
        ids += [tile.ids or () for tile in self.tiles.values()]
        return set(filter(self.window.holds, chain.from_iterable(ids)))

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
            return TooDeep(current.total)
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
        if single and (verdict := self._one_reply(current)) is not None:
            return verdict
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
            yield self._page(current, page)
        counted = self.expected if current.number == 1 else None
        if last == 1 and counted and counted == size:  # its look can travel with it
            yield self._look(current, counted)

    def _page(self, current: Pass, page: int) -> PageRequest:
        return PageRequest(
            self, "page", self.window, current.number, page, current.size, current.ids
        )

    def _tile(self, current: Pass, window: Window) -> PageRequest:
        return PageRequest(self, "tile", window, current.number, 1, self.listing.page_size, True)

    def _look(self, current: Pass, total: int) -> PageRequest:
        """Request the row after the last; of a line-up, the page after the last."""
        if self.listing.name == "lineup.get":
            return self._page(current, math.ceil(total / current.size) + 1)._replace(kind="look")
        return self._page(current, total + 1)._replace(kind="look", size=1, ids=True)

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
        rows = tile_rows(self.listing.largest[False])
        if self._tiling is None:
            self._tiling = _tiling(self.window, current.keys(), rows)
        if not self._tiling:
            return self._without_bounds()
        missing = (window for window in self._tiling if window not in self.tiles)
        if len(self.tiles) < len(self._tiling):
            return NeedsCheck(self._tile(current, one) for one in missing)
        bounded = ((window, tile) for window, tile in self.tiles.items() if window != WHOLE)
        if any(tile.rows and _beyond(tile.ids, window) for window, tile in bounded):
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
        """Return whether a tile proves itself as one reply and shows the pass's rows once."""
        assert self._tiling is not None
        tile, expected = self.tiles[window], self._tiling[window]
        return (
            tile.total == tile.rows < max(self.listing.largest)
            and sorted(tile.ids or ()) == expected
            and len(set(expected)) == tile.rows
        )

    def _narrowed(self, current: Pass) -> Verdict:
        """Cut a window that contradicts itself at the ids that are known in it."""
        rows = tile_rows(self.listing.largest[False])
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
            return Failed(IGNORED.format(name=self.listing.name, key=key))
        return Narrow([WindowRead(self.listing, WHOLE, split=None, passes=self.passes)])

    def _refused(self, current: Pass) -> Verdict:
        listing = self.listing
        if self.split is not None and listing.limit is None:
            return TooDeep(current.total or self.expected)
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


def outside(keys: Sequence[Key], window: Window) -> bool:
    """Return whether a row lies outside of a window that has bounds."""
    return window != WHOLE and bool(keys) and _beyond(row_ids(keys), window)


def _beyond(ids: list[int] | None, window: Window) -> bool:
    """Return whether an id lies outside of a window, or cannot be read."""
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
