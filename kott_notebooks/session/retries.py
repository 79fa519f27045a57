"""When a call is sent again, and when no longer: one loop, whose pauses all callers share."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable

import tenacity

from kott_notebooks.errors import RateLimited, SessionExpired, TransportError
from kott_notebooks.paging import pause

ATTEMPTS = 6  # of one call
RENEWALS = 3  # attempts with a new ks that a call has at least
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds; each pause is drawn from zero to twice the last
PATIENCE = 120.0  # seconds for one call, pauses included
LONGEST_WAIT = 60.0  # seconds that a server may ask for
CIRCUIT = 25  # failures in a row, of all callers together, after which none is retried

_READS = re.compile(r"(get|list|count|search|query|is)|.*(List|Search)$", re.DOTALL)

log = logging.getLogger("kott_notebooks")


def is_read(action: str) -> bool:
    """Return whether an action's name says that it only reads; any other is sent once."""
    match = _READS.match(str(action))
    return match is not None and (match[2] is not None or not action[len(match[1]) :][:1].islower())


class Retries:
    """How patient one session is with its server; shared by all that send through it."""

    def __init__(self, attempts: int = ATTEMPTS) -> None:
        self._attempts = attempts
        self._lock = threading.Lock()
        self._failures = 0  # in a row
        self._quiet_until = 0.0  # by the monotonic clock
        self._backoff = tenacity.wait_random_exponential(FIRST_PAUSE, LONGEST_PAUSE)

    def loop(
        self,
        *,
        idempotent: bool,
        renew: Callable[[], None] | None = None,
        until: float | None = None,
    ) -> tenacity.Retrying:
        """Return the attempts of one call: `for attempt in loop(...)`, `with attempt:`.

        A call whose ks has expired is sent again after `renew`, whatever it does: it was refused.
        Any other is sent again where it is `idempotent` and the failure transient, but not beyond
        `until`, a time of the monotonic clock.
        """

        def expired(state: tenacity.RetryCallState) -> bool:
            return renew is not None and isinstance(_error(state), SessionExpired)

        def again(state: tenacity.RetryCallState) -> bool:
            return expired(state) or (idempotent and _is_transient(_error(state)))

        def enough(state: tenacity.RetryCallState) -> bool:
            if expired(state):
                return state.attempt_number > max(RENEWALS, self._attempts - 1)
            with self._lock:
                self._failures += 1
                failures = self._failures
            spent = state.seconds_since_start or 0.0
            late = until is not None and time.monotonic() >= until
            tries = state.attempt_number
            return tries >= self._attempts or spent > PATIENCE or failures >= CIRCUIT or late

        def before_sleep(state: tenacity.RetryCallState) -> None:
            if renew is not None and expired(state):
                renew()

        return tenacity.Retrying(
            retry=again,
            stop=enough,
            wait=lambda state: 0.0 if expired(state) else self._wait(state),
            sleep=pause,
            before=self._wait_for_quiet,
            before_sleep=before_sleep,
            reraise=True,
        )

    def renewed(self) -> Retries:
        """Return a copy with the same limits, whose locks are free."""
        return Retries(self._attempts)

    def succeeded(self) -> None:
        """Reset the count of failures: the server answers."""
        with self._lock:
            self._failures = 0

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Draw a pause, or take the server's, which holds for all callers."""
        error = _error(state)
        drawn = self._backoff(state)
        wanted = min(getattr(error, "wait", None) or 0.0, LONGEST_WAIT)
        if isinstance(error, RateLimited) or wanted:
            with self._lock:
                quiet = time.monotonic() + max(wanted, drawn)
                self._quiet_until = max(self._quiet_until, quiet)
        seconds = max(drawn, wanted)
        log.info("%s; again in %.1f s", error, seconds)
        return seconds

    def _wait_for_quiet(self, state: tenacity.RetryCallState) -> None:
        seconds = self._quiet_until - time.monotonic()
        if seconds > 0:
            pause(seconds)


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _is_transient(error: BaseException | None) -> bool:
    return isinstance(error, RateLimited) or (isinstance(error, TransportError) and error.passing)
