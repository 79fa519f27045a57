"""How many pages one request had better ask for: by what a page's time goes to; pure but for what
a session has learned of its server."""

from __future__ import annotations

import math
from typing import NamedTuple

from kott_notebooks.wire import Reply

PACK = 25  # pages in one request, at most: the server works through them one after the other
PACK_BYTES = 4 * 2**20  # of one reply, at most, as far as the first page tells
PACK_WORK = 10.0  # seconds of the server's work in one request, at most
ROW = 40e-6  # seconds that a row costs us, from its bytes to its cells
NEARLY = 1.03  # a smaller pack that takes no more than this times the least is as good
REQUEST = 700e-6  # seconds that a request costs us, whatever it asks for


class Cost(NamedTuple):
    """What one page costs, in seconds: the server's work, the way of its bytes, our own work."""

    work: float = 0.0
    bytes: float = 0.0
    ours: float = 0.0
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
        return Cost(work, max(0.0, reply.seconds - way - work), rows * ROW, reply.size)

    def pack(self, pages: int, workers: int, cost: Cost) -> int:
        """Choose how many of so many pages one request asks for.

        Large packs save ways there and back, small ones let us work while others are under way.
        Bytes share the way, whoever asked for them; the server's work goes on side by side.
        """
        way = 0.0 if math.isinf(self.way) else self.way

        def seconds(size: int) -> float:
            packs = math.ceil(pages / size)
            busy = min(workers, packs)
            one = way + size * (cost.work + cost.bytes * busy)
            ours = packs * REQUEST + pages * cost.ours
            return max(math.ceil(packs / workers) * one + size * cost.ours, one + ours)

        most = min(
            PACK,
            math.ceil(pages / workers),
            PACK_BYTES // max(cost.size, 1),
            int(PACK_WORK / max(cost.work, 1e-6)),
        )
        took = [seconds(size) for size in range(1, max(most, 1) + 1)]
        good = min(took) * NEARLY
        return next(size for size, one in enumerate(took, 1) if one <= good)
