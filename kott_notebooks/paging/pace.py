"""How many pages one request had better ask for: by what a page's time goes to.

What a session has learned of its server is one number, how far it is.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from kott_notebooks.api.envelopes import Reply

PACK = 25  # pages in one request, at most: the server works through them one after the other
PACK_BYTES = 4 * 2**20  # of one reply, at most, as far as the first page tells
PACK_WORK = 10.0  # seconds of the server's work in one request, at most
NEAR, FAR = 16 * 2**20, 32 * 2**20  # bytes that may be asked for and not yet taken, about
TAKEN = 400e6  # bytes a second that we take in at best
CARRY, ROW = 20e-6, 25e-6  # seconds that a row costs us: to carry it in, and to make cells of it
REQUEST = 6e-3  # seconds that a request costs us: a thread that wakes waits for the interpreter


class Cost(NamedTuple):
    """What one page costs: seconds of the server's work and of its bytes' way, and our rows."""

    work: float = 0.0
    bytes: float = 0.0
    rows: int = 0
    size: int = 0  # in bytes


class Pace:
    """What a session has learned: how long the way to its server is, there and back."""

    def __init__(self) -> None:
        self.way = math.inf

    def note(self, seconds: float, work: float | None) -> None:
        """Learn from a reply that took so long, of which the server worked so long."""
        self.way = min(self.way, max(0.0, seconds - (work or 0.0)))

    def cost(self, reply: Reply, rows: int) -> Cost:
        """Say what went into a page; without the server's word, what is no way is its work."""
        way = min(self.way, reply.seconds)
        work = reply.seconds - way if reply.execution_time is None else reply.execution_time
        return Cost(work, max(0.0, reply.seconds - way - work), rows, reply.size)

    def seconds(self, pages: int, workers: int, cost: Cost, pack: int) -> float:
        """Estimate how long so many pages take, so many of them in a request.

        Large packs save ways there and back, small ones let us work while others are under way.
        The server works for several requests side by side; they share the link, and us. Once all
        rows are there, their ids are asked for again, which takes one way more.
        """
        way = 0.0 if math.isinf(self.way) else self.way
        packs = math.ceil(pages / pack)
        one = way + pack * cost.work
        asked = max(math.ceil(packs / workers) * one, way + pages * cost.bytes)
        first = one + pack * (cost.bytes * min(workers, packs) + CARRY * cost.rows)
        ours = packs * REQUEST + pages * (CARRY + ROW) * cost.rows
        again = way + cost.work if cost.rows else 0.0
        return max(asked + pages * CARRY * cost.rows + again, first + ours)

    def ahead(self) -> int:
        """Say how many bytes may be under way: as many more as we could take in on a long way."""
        return int(min(NEAR + self.way * TAKEN, FAR))

    def pack(self, pages: int, workers: int, cost: Cost) -> int:
        """Choose how many of so many pages one request asks for."""
        most = min(
            PACK,
            PACK_BYTES // max(cost.size, 1),
            int(PACK_WORK / max(cost.work, 1e-6)),
            pages,
        )
        sizes = range(1, max(most, 1) + 1)
        return min(sizes, key=lambda size: self.seconds(pages, workers, cost, size))
