"""How many pages one request carries, and how lists are cut; values only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lying import SEARCH, Reply, Server

from kott_notebooks.api.bodies import Call
from kott_notebooks.paging import WHOLE, Cost, Pace, Split, Window, batch_size
from kott_notebooks.paging.batching import MAX_PAGES
from kott_notebooks.paging.listing import Listing
from kott_notebooks.paging.run import Pull
from kott_notebooks.paging.windows import cut, halves, merge, tile_rows, tiles
from kott_notebooks.paging.work import PageRequest

PAGE = Cost(work=0.001, rows=50, size=285_000)


@pytest.mark.parametrize(
    ("cost", "round_trip", "fewest", "most"),
    [
        pytest.param(PAGE, 0.05, 5, 25, id="far: as many as keep us busy"),
        pytest.param(Cost(0.1, 0.001, 50), 0.05, 13, 13, id="far and busy: one per worker"),
        pytest.param(Cost(0.1), 0.05, 13, 13, id="ids of a far and busy server"),
        pytest.param(Cost(0.1, 0.001, 50), 0.0005, 1, 2, id="near and busy: page by page"),
        pytest.param(Cost(0.0, 0.02, 50), 0.0005, 1, 4, id="near, on a slow link"),
    ],
)
def test_a_request_carries_as_many_pages_as_pay(
    cost: Cost, round_trip: float, fewest: int, most: int
) -> None:
    """Of 99 pages and eight workers, by what the time of a page goes to."""
    assert fewest <= batch_size(99, 8, cost, round_trip) <= most


def test_a_request_stays_small_enough_to_be_answered() -> None:
    """Neither bytes nor the server's time may add up without end."""
    assert batch_size(10_000, 8, Cost(size=2_000_000), 2.0) == 2
    assert batch_size(10_000, 8, Cost(work=3.0), 2.0) == 3
    assert batch_size(10_000, 8, Cost(), 2.0) <= MAX_PAGES
    assert batch_size(1, 8, Cost(work=60.0), 2.0) == 1


def test_the_round_trip_is_the_shortest_seen() -> None:
    """What the server worked is no way; a slow reply says nothing of the way."""
    pace = Pace()
    for seconds, work in ((0.3, 0.1), (0.06, 0.01), (0.9, None)):
        pace.note(seconds, work)
    assert pace.round_trip == pytest.approx(0.05)
    assert pace.cost(0.4, 0.1, 100, 2_000, pages=2) == pytest.approx((0.05, 0.125, 50, 1_000))


BOUNDS = st.one_of(st.none(), st.integers(0, 10**6))
IDS = st.lists(st.integers(0, 10**6), max_size=60)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    low, high = draw(BOUNDS), draw(BOUNDS)
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high) + 1
    return Window(low, high)


def tile_the_line(parts: list[Window], window: Window) -> bool:
    """Return whether parts fill a window, without a gap and without overlap."""
    edges = [parts[0].low == window.low, parts[-1].high == window.high]
    return all(edges) and all(a.high == b.low is not None for a, b in pairwise(parts))


@given(window=windows(), ids=IDS, rows=st.integers(1, 20), parts=st.integers(2, 40))
def test_windows_tile_the_line(window: Window, ids: list[int], rows: int, parts: int) -> None:
    """However a window is cut, each id is in one part, and merged parts still fill it."""
    split = Split("media_id", 1_000, 500_000)
    inside = list(filter(window.holds, ids))
    cuts = [cut(window, split, parts), tiles(window, inside, rows)]
    cuts += [halved] if (halved := halves(window, inside, rows)) else []
    for pieces in cuts:
        assert tile_the_line(pieces, window)
        assert all(sum(piece.holds(one) for piece in pieces) == 1 for one in inside)
        counted = [(piece, 1) for piece in pieces]
        assert tile_the_line([piece for piece, _ in merge(counted, 3)], window)
    assert all(sum(map(tile.holds, set(inside))) <= rows for tile in cuts[1])


@given(window=windows(), ids=IDS, rows=st.integers(1, 20))
def test_a_window_is_narrowed_or_cannot_be(window: Window, ids: list[int], rows: int) -> None:
    """No part is the window itself, and each holds fewer of the ids that are known."""
    inside = set(filter(window.holds, ids))
    parts = halves(window, sorted(inside), rows)
    assert window not in parts
    for part in parts:
        assert sum(map(part.holds, inside)) < max(len(inside), 2)


def test_a_window_of_one_id_cannot_be_narrowed() -> None:
    """There is nothing smaller to request."""
    assert halves(Window(7, 8), [7], 10) == []
    assert halves(WHOLE, [], 10) == []


@pytest.mark.parametrize("rows", [1_000, 5_000, 9_000])
def test_a_slow_servers_checks_are_divided_among_its_workers(rows: int) -> None:
    """They hold fewer rows than pages do, so there are more of them."""
    listing = Listing("asset", split=Split("media_id", 1, rows))
    listing.totals, listing.largest = [rows], [50, 50]
    pace = Pace()
    pace.note(0.15, 0.1)
    pull = Pull(listing, lambda *_a, **_k: pytest.fail("sent"), pace=pace, cost=Cost(0.1, 0, 50, 9))
    size = pull._batch_size(PageRequest(None, "tile", WHOLE, 1, 1, 500, ids=True))
    assert math.ceil(math.ceil(rows / tile_rows(50)) / size) <= pull.workers


def test_the_time_of_a_replys_bytes_is_not_the_servers_distance() -> None:
    """Of a server next door, whose replies begin at once and are read for longer."""
    server = Server(range(1, 501))

    def fetch(calls: Sequence[Call], /, **_: object) -> Reply:
        body = server(calls).body.replace(b'"executionTime":0.01', b'"executionTime":0.0005')
        return Reply(body, seconds=0.004, waited=0.0015)

    pull = Pull(Listing("asset", "list", SEARCH), fetch)
    assert sum(page.rows for page in pull) == 500
    assert pull._pace.round_trip == pytest.approx(0.001)
    assert pull._workers_now == 1
