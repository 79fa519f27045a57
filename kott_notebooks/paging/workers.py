"""Requests under way at the same time, on threads that end with the pull that started them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from kott_notebooks.errors import TransportError

T = TypeVar("T")


class _Now(Executor):
    """Does what it is handed at once: one worker needs no thread."""

    def submit(self, work: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as error:  # as any executor does: who asks for the result gets it
            done.set_exception(error)
        return done


@contextmanager
def pool(workers: int) -> Iterator[Executor]:
    """Give an executor; leaving the block stops what waits, and waits for nobody."""
    if workers == 1:
        yield _Now()
        return
    stopped = threading.Event()
    threads = ThreadPoolExecutor(
        workers, "kott", initializer=setattr, initargs=(_WORKER, "stopped", stopped)
    )
    try:
        yield threads
    finally:
        stopped.set()
        threads.shutdown(wait=False, cancel_futures=True)


def pause(seconds: float) -> None:
    """Wait; a worker whose pull was stopped does not, since the process may want to end."""
    stopped = getattr(_WORKER, "stopped", None)
    if stopped is None:
        time.sleep(seconds)
    elif stopped.wait(seconds):
        raise TransportError("The pull was stopped.")


_WORKER = threading.local()
