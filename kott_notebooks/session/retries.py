"""When to ask again, and when to stop: reads only, with growing pauses that all callers share."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import tenacity

from kott_notebooks.errors import RateLimited, TransportError
from kott_notebooks.paging import pause

T = TypeVar("T")

ATTEMPTS = 6  # of one call
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds; each pause is drawn from zero to twice the last
PATIENCE = 120.0  # seconds for one call, pauses included
LONGEST_WAIT = 60.0  # seconds that a server may ask to be left alone
CIRCUIT = 25  # failures in a row, of all callers together, before nobody asks any more

_READS = re.compile(r"(get|list|count|search|query|is)|.*(List|Search)$", re.DOTALL)

log = logging.getLogger("kott_notebooks")


def is_read(action: str) -> bool:
    """Say whether an action's name says that it only reads; any other is sent once."""
    found = _READS.match(action)
    return found is not None and (found[2] is not None or not action[len(found[1]) :][:1].islower())


class Retries:
    """How patient one session is with its server; shared by all that ask through it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0  # in a row
        self._quiet_until = 0.0  # by the monotonic clock
        self._backoff = tenacity.wait_random_exponential(FIRST_PAUSE, LONGEST_PAUSE)

    def ask(self, once: Callable[[], T]) -> tuple[T, int]:
        """Call until it works, and say how often it was called again."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_pass),
            wait=self._wait,
            sleep=pause,
            stop=self._enough,
            before=self._keep_quiet,
            after=self._count,
            reraise=True,
        )
        result = retrying(once)
        with self._lock:
            self._failures = 0
        return result, retrying.statistics["attempt_number"] - 1

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Draw a pause, or take the server's; one that the server asks for holds for everybody."""
        error = state.outcome.exception() if state.outcome else None
        drawn = self._backoff(state)
        wanted = min(getattr(error, "wait", None) or 0.0, LONGEST_WAIT)
        if isinstance(error, RateLimited) or wanted:
            with self._lock:
                quiet = time.monotonic() + max(wanted, drawn)
                self._quiet_until = max(self._quiet_until, quiet)
        seconds = max(drawn, wanted)
        log.info("%s; again in %.1f s", error, seconds)
        return seconds

    def _keep_quiet(self, state: tenacity.RetryCallState) -> None:
        left = self._quiet_until - time.monotonic()
        if left > 0:
            pause(left)

    def _count(self, state: tenacity.RetryCallState) -> None:
        with self._lock:
            self._failures += 1

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        tried, spent = state.attempt_number, state.seconds_since_start or 0.0
        return tried >= ATTEMPTS or spent > PATIENCE or self._failures >= CIRCUIT


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, RateLimited) or (isinstance(error, TransportError) and error.passing)
