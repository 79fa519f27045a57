"""How far a pull is: a bar in a terminal, or in the cell of a notebook."""

from __future__ import annotations

import contextlib
import html
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from kott_notebooks.errors import KottError
from kott_notebooks.paging import Progress

FIRST, BETWEEN = 0.5, 0.2  # seconds before a cell shows a bar, and before it moves


@contextlib.contextmanager
def progress_bar(wanted: bool | Progress | None, name: str) -> Iterator[Progress | None]:
    """Show a bar in notebooks and terminals, unless `wanted` or KOTT_PROGRESS says otherwise.

    A bar of the caller's own is moved as it is. It may raise KeyboardInterrupt from `update`, which
    stops the list; what was received stays.
    """
    if wanted is not None and not isinstance(wanted, bool):
        if not all(hasattr(wanted, one) for one in ("total", "n", "reset", "update")):
            raise KottError(
                "progress must be True, False, None or a bar with total, n, reset and update, not "
                f"{wanted!r:.80}."
            )
        yield wanted
        return
    setting = os.environ.get("KOTT_PROGRESS", "").lower()
    if wanted is None and setting:
        wanted = setting not in ("0", "off", "false", "no")
    if wanted is False:
        yield None
        return
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if hasattr(shell, "kernel"):
        bar = CellBar(name)
        try:
            yield bar
        finally:
            bar.close()
        return
    from tqdm.std import tqdm

    hidden = None if wanted is None else False  # None: hidden where stderr is no terminal
    with tqdm(desc=name, unit=" rows", leave=False, disable=hidden) as line:
        yield line


class CellBar:
    """A bar in the output of a cell, without a widget; closed, it has no words in a saved cell."""

    def __init__(self, name: str) -> None:
        self.name, self.n = name, 0.0
        self.total: float | None = None
        self._next = time.monotonic() + FIRST
        self._shown: Any = None  # what IPython updates in the cell

    def reset(self, total: float | None = None) -> None:
        """Begin anew with another total."""
        self.n, self.total = 0.0, total

    def update(self, n: float | None = 1) -> None:
        """Add rows, and show the progress if it was not shown just now."""
        self.n += n or 0
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + BETWEEN
            of = f" of {self.total:,.0f}" if self.total else ""
            place = f' value="{self.n}" max="{max(self.total, self.n)}"' if self.total else ""
            text = f"{self.name}: {self.n:,.0f}{of} rows"
            self._show(text, f"<progress{place}></progress> {html.escape(text)}")

    def close(self) -> None:
        """Take it away."""
        if self._shown is not None:
            self._show("", "")

    def _show(self, text: str, page: str) -> None:
        bundle = {"text/plain": text, "text/html": page}
        if self._shown is None:
            from IPython.display import display

            self._shown = display(bundle, raw=True, display_id=True)
        else:
            self._shown.update(bundle, raw=True)
