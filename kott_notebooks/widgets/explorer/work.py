"""Long work in a thread of its own: it says how far it is, and stops when it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

BETWEEN = 0.2  # seconds before a bar moves again


class Bar:
    """A progress bar for a listing, which stops the listing when somebody asked for that."""

    def __init__(self, show: Callable[[float, float | None], None]) -> None:
        self.n = 0.0
        self.total: float | None = None
        self.stopped = threading.Event()
        self._show, self._next = show, 0.0

    def reset(self, total: float | None = None) -> None:
        """Begin anew with another total."""
        self.n, self.total = 0.0, total

    def update(self, n: float | None = 1) -> None:
        """Add rows; raises KeyboardInterrupt when the work was stopped."""
        if self.stopped.is_set():
            raise KeyboardInterrupt
        self.n += n or 0
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + BETWEEN
            self._show(self.n, self.total)


class Work:
    """One job at a time; the next one stops the last, whose results nobody takes any more."""

    def __init__(self, show: Callable[[float, float | None], None]) -> None:
        self._show = show
        self._bar: Bar | None = None
        self._thread: threading.Thread | None = None

    def start(self, job: Callable[[Bar], None], *, again: bool = False) -> None:
        """Do a job in a thread; `again` with the bar of the last one, which its list holds."""
        if again and self._bar is not None:
            self._bar.stopped.clear()
        else:
            self.stop()
            self._bar = Bar(self._show)
        self._thread = threading.Thread(target=job, args=(self._bar,), name="kott", daemon=True)
        self._thread.start()

    def is_current(self, bar: Bar) -> bool:
        """Return whether a job is the last one that was started."""
        return bar is self._bar

    def stop(self) -> None:
        """Have the job stop at its next step."""
        if self._bar is not None:
            self._bar.stopped.set()

    def leave(self) -> None:
        """Take no result of the job any more."""
        self._bar = self._thread = None

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the job has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
