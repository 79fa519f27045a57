"""How many pages one request carries, by what a page costs; pure."""

from __future__ import annotations

import math
from typing import NamedTuple

MAX_PAGES = 25  # in one request: the server works through them one after the other
MAX_BYTES = 4 * 2**20  # of one reply, as far as the first page tells
MAX_WORK = 10.0  # seconds of the server's work in one request
NEAR_AHEAD, FAR_AHEAD = 16 * 2**20, 32 * 2**20  # bytes requested and not received yet, about
RECEIVED = 400e6  # bytes a second that we receive at best
DECODE, LAY_OUT = 20e-6, 25e-6  # seconds that a row costs us
REQUEST = 6e-3  # seconds that a request costs us: a thread that wakes waits for the interpreter
NEXT_DOOR, FAST_LINK = 2e-3, 5e-3  # seconds of a round trip, and of a page's transfer, below which
# threads cost more than they save


class Cost(NamedTuple):
    """What one page costs: seconds of the server's work, seconds of transfer, rows, bytes."""

    work: float = 0.0
    transfer: float = 0.0
    rows: int = 0
    size: int = 0


class Pace:
    """What a session has learned of its server: the round trip, in seconds."""

    def __init__(self) -> None:
        self.round_trip = math.inf

    def note(self, waited: float, work: float | None) -> None:
        """Learn from a reply that began after `waited`, in which the server worked `work`."""
        self.round_trip = min(self.round_trip, max(0.0, waited - (work or 0.0)))

    def cost(
        self, seconds: float, work: float | None, rows: int, size: int, pages: int = 1
    ) -> Cost:
        """Divide a reply's seconds; without the server's own, all but the round trip is work."""
        way = min(self.round_trip, seconds)
        worked = seconds - way if work is None else work
        transfer = max(0.0, seconds - way - worked)
        return Cost(worked / pages, transfer / pages, rows // pages, size // pages)


def expected_seconds(pages: int, workers: int, cost: Cost, batch: int, round_trip: float) -> float:
    """Estimate how long `pages` pages take, `batch` of them in a request.

    Large batches save round trips, small ones let us work while others are under way. The server
    works for several requests side by side; they share the link, and us. Once all rows are there,
    their ids are requested again, which takes one round trip more.
    """
    way = 0.0 if math.isinf(round_trip) else round_trip
    batches = math.ceil(pages / batch)
    one = way + batch * cost.work
    server = max(math.ceil(batches / workers) * one, way + pages * cost.transfer)
    first = one + batch * (cost.transfer * min(workers, batches) + DECODE * cost.rows)
    ours = batches * REQUEST + pages * (DECODE + LAY_OUT) * cost.rows
    check = way + cost.work if cost.rows else 0.0
    return max(server + pages * DECODE * cost.rows + check, first + ours)


def batch_size(pages: int, workers: int, cost: Cost, round_trip: float) -> int:
    """Choose how many of `pages` pages one request carries."""
    most = min(
        MAX_PAGES,
        MAX_BYTES // max(cost.size, 1),
        int(MAX_WORK / max(cost.work, 1e-6)),
        pages,
    )
    sizes = range(1, max(most, 1) + 1)
    return min(sizes, key=lambda size: expected_seconds(pages, workers, cost, size, round_trip))


def bytes_ahead(round_trip: float) -> int:
    """Return how many bytes may be under way: the longer the round trip, the more."""
    return int(min(NEAR_AHEAD + round_trip * RECEIVED, FAR_AHEAD))
