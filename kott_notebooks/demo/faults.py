"""Faults of a server: which occur and how often, drawn from a seed so that they can be repeated."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

__all__ = ["BadDay", "Fault", "Faults"]

FOREVER = 3_600.0  # seconds; longer than any client waits
MOST = 1e9  # of seconds or of anything that is counted
STATUSES = (500, 502, 503, 504)
# Drawn in this order for every request, whether its rate is zero or not, so that turning one fault
# on does not move the others.
KINDS = ("error", "reset", "truncated", "garbled", "html", "rate_limited", "too_many", "hang")


@dataclass(frozen=True)
class Faults:
    """Rates from 0 to 1 per request, times in seconds; everything is off unless given.

    Parameters
    ----------
    seed : int, default 0
        The faults of one seed are the same.
    spare : int, default 0
        The number of first requests without a fault: a login, say.
    latency : float, default 0
        Before every reply.
    jitter : float, default 0
        Up to this much more.
    per_record : float, default 0
        Server work for each record of a reply.
    error : float, default 0
        HTTP 500, 502, 503 or 504.
    reset : float, default 0
        The connection is reset instead of a reply.
    truncated : float, default 0
        The body ends early.
    garbled : float, default 0
        The body is no longer JSON or XML.
    html : float, default 0
        A gateway's page instead of the reply, with HTTP 200.
    rate_limited : float, default 0
        The API's 500096.
    too_many : float, default 0
        HTTP 429 with Retry-After.
    retry_after : int, default 1
        What that header says.
    hang : float, default 0
        No reply in any reasonable time.
    expire_every : int, default 0
        After this number of calls, the ks of a call expires.
    moving : int, default 0
        Totals are off by up to this number, differently each time.
    churn : int, default 0
        Up to this number of records of a list are missing, others each time.
    duplicate : float, default 0
        A page repeats the one before it.
    failing_page : int, default 0
        The page of this number always fails.

    See Also
    --------
    login, make, serve

    Examples
    --------
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=60, faults=demo.Faults(spare=2, moving=3))
    """

    seed: int = 0
    spare: int = 0
    latency: float = 0.0
    jitter: float = 0.0
    per_record: float = 0.0
    error: float = 0.0
    reset: float = 0.0
    truncated: float = 0.0
    garbled: float = 0.0
    html: float = 0.0
    rate_limited: float = 0.0
    too_many: float = 0.0
    retry_after: int = 1
    hang: float = 0.0
    expire_every: int = 0
    moving: int = 0
    churn: int = 0
    duplicate: float = 0.0
    failing_page: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value, is_rate = getattr(self, field.name), field.name in (*KINDS, "duplicate")
            if field.name != "seed" and not 0 <= value <= (1 if is_rate else MOST):
                allowed = "from 0 to 1" if is_rate else "at least 0"
                raise ValueError(f"{field.name} must be {allowed}, not {value}")

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `latency=0.2,error=0.05`, as the command line gives it."""
        known = {field.name: float if field.type == "float" else int for field in fields(cls)}
        given: dict[str, Any] = {}
        for part in filter(str.strip, text.split(",")):
            name, _, value = (word.strip() for word in part.partition("="))
            if name not in known:
                raise ValueError(f"no fault is called {name!r}; there are {', '.join(known)}")
            try:
                given[name] = known[name](value)
            except ValueError as error:
                raise ValueError(f"{name} is a number, not {value!r}") from error
        return cls(**given)


@dataclass(frozen=True)
class Fault:
    """The fault of one request: a delay, and at most one of KINDS."""

    kind: str = ""
    delay: float = 0.0
    status: int = 500


class BadDay:
    """Draws the faults, request by request."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)
        self._requests = 0
        self._calls = 0
        self._lock = threading.Lock()

    def fault(self) -> Fault:
        """Draw the fault of the next request."""
        faults = self.faults
        with self._lock:
            self._requests += 1
            draws = [self._random.random() for _ in KINDS]
            delay = faults.latency + faults.jitter * self._random.random()
            status = self._random.choice(STATUSES)
            if self._requests <= faults.spare:
                return Fault()
        rates = [getattr(faults, kind) for kind in KINDS]
        hits = (kind for kind, draw, rate in zip(KINDS, draws, rates, strict=True) if draw < rate)
        kind = next(hits, "")
        return Fault(kind, FOREVER if kind == "hang" else delay, status)

    def expires(self) -> bool:
        """Return whether the ks of this call is over."""
        with self._lock:
            self._calls += 1
            every = self.faults.expire_every
            return bool(every) and self._calls % every == 0

    def fails(self, first: int, size: int) -> bool:
        """Return whether a page is the one that always fails."""
        return bool(self.faults.failing_page) and first == (self.faults.failing_page - 1) * size

    def page(self, count: int, first: int, size: int) -> tuple[Sequence[int], int]:
        """Return the positions that make a page of a list, and the total that the list claims."""
        faults = self.faults
        with self._lock:
            gone = self._gone(count)
            moved = self._random.randint(-faults.moving, faults.moving)
            again = self._random.random() < faults.duplicate
        start = max(0, first - size) if again else first
        total = max(0, count - len(gone) + moved)
        if not gone:
            return range(count)[start : start + size], total
        return [at for at in range(count) if at not in gone][start : start + size], total

    def _gone(self, count: int) -> set[int]:
        some = self._random.randint(0, min(self.faults.churn, count))
        return set(self._random.sample(range(count), some))

    def garble(self, body: bytes) -> bytes:
        """Damage a body in its middle."""
        middle = len(body) // 2
        return body[:middle] + b"\x00\xff<<" + body[middle + 4 :]
