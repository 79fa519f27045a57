"""Ctrl-C at any line: what was received stays, the list can go on, and the command ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo

LAYERS = ("paging", "listings/gathering", "session/session", "tables/frames", "errors")
FIELDS = ["name", "status"]


@pytest.fixture(scope="module")
def session() -> kott.Session:
    """Log in to 130 assets, on a server that pages them by 50."""
    return demo.login(
        assets=130, channels=2, days=2, households=5, defects=False, clock=lambda: 1_764_000_123
    )


@contextlib.contextmanager
def interrupted(*lines: int) -> Iterator[None]:
    """Raise a KeyboardInterrupt at these lines of our layers, counted one after the other."""
    remaining = list(lines)

    def trace(frame: FrameType, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        if "kott_notebooks" not in name or not any(layer in name for layer in LAYERS):
            return None
        if remaining and event == "line":
            remaining[0] -= 1
            if remaining[0] == 0:
                del remaining[0]
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(first=st.integers(1, 6_000), second=st.integers(1, 400))
def test_a_listing_interrupted_at_any_line_can_go_on(
    session: kott.Session, first: int, second: int
) -> None:
    """Engine, register and layout: once and once more, and resume() gives the whole table."""
    wanted = kott.assets(session, fields=FIELDS, workers=1)
    session.unfinished.clear()
    table: pd.DataFrame | None = None
    with interrupted(first, second), contextlib.suppress(KeyboardInterrupt):
        table = kott.assets(session, fields=FIELDS, workers=1)
    if table is None and session.unfinished:
        with interrupted(second, second), contextlib.suppress(KeyboardInterrupt):
            table = session.unfinished[-1].resume()
    if table is None and session.unfinished:
        table = session.unfinished[-1].resume()
    if table is None:  # interrupted before anything was requested
        table = kott.assets(session, fields=FIELDS, workers=1)
    pd.testing.assert_frame_equal(table, wanted)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(line=st.integers(1, 4_000))
def test_records_interrupted_at_any_line_can_go_on(session: kott.Session, line: int) -> None:
    """Each record once, in the end."""
    search = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}
    session.unfinished.clear()
    records: list[dict[str, Any]] = []
    with interrupted(line), contextlib.suppress(KeyboardInterrupt):
        records = list(session.records("asset", filter=search))
    if not records and session.unfinished:
        records = session.unfinished[-1].resume()
        assert session.unfinished == []
    if records:
        assert len({record["id"] for record in records}) == len(records) == 130


def test_a_listing_is_registered_before_anything_is_requested(session: kott.Session) -> None:
    """An interrupt while the first page is on its way leaves a way to go on."""
    session.unfinished.clear()

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    http = session._connections.http
    http.hooks["response"].append(stop)
    try:
        with pytest.raises(kott.Interrupted):
            kott.assets(session, fields=FIELDS, workers=1)
    finally:
        http.hooks["response"].remove(stop)
    (entry,) = session.unfinished
    assert len(entry.partial) == 0
    assert len(entry.resume()) == 130
    assert session.unfinished == []


def test_the_last_ten_listings_are_kept(session: kott.Session) -> None:
    """Twelve interrupts leave ten ways to go on, the latest last."""
    session.unfinished.clear()
    for number in range(12):
        with contextlib.suppress(KeyboardInterrupt), interrupted(900 + number):
            kott.assets(session, fields=FIELDS, limit=number + 1, workers=1)
    assert 0 < len(session.unfinished) <= 10


def test_records_that_nobody_takes_to_the_end_are_not_unfinished(session: kott.Session) -> None:
    """Whoever breaks off a loop has seen enough."""
    session.unfinished.clear()
    records = session.records("assetStruct")
    next(records)
    records.close()  # type: ignore[attr-defined]
    assert session.unfinished == []


@pytest.mark.skipif(os.name == "nt", reason="signals of a terminal")
@pytest.mark.parametrize("presses", [1, 2])
def test_the_command_ends_after_ctrl_c(tmp_path: Path, presses: int) -> None:
    """While pages are on their way from a server that takes a minute; a second press too."""
    slow = demo.Faults(spare=1, latency=60.0)
    with demo.serve(assets=50, channels=2, days=2, households=5, faults=slow) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "kott_notebooks", "assets", "--out", str(tmp_path / "a.csv")],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "KOTT_URL": server.url,
                "KOTT_PARTNER_ID": str(demo.PARTNER_ID),
                "KOTT_USERNAME": demo.USERNAME,
                "KOTT_PASSWORD": demo.PASSWORD,
            },
        )
        try:
            while len(server.backend.log) < 2 and process.poll() is None:
                time.sleep(0.1)
            for _ in range(presses):
                process.send_signal(signal.SIGINT)
                time.sleep(0.05)
            _, words = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, words) == (130, "kott: stopped\n")


class StoppingBar:
    """A progress bar that stops its list when 50 rows were received."""

    total: float | None = None
    n = 0.0

    def reset(self, total: float | None = None) -> None:
        self.total = total

    def update(self, n: float | None = 1) -> None:
        self.n += n or 0
        if self.n >= 50:
            raise KeyboardInterrupt


def test_a_bar_of_the_callers_own_stops_a_list(session: kott.Session) -> None:
    """It may raise KeyboardInterrupt: what was received stays, and the list can go on."""
    bar = StoppingBar()
    with pytest.raises(kott.Interrupted) as stopped:
        kott.assets(session, fields=FIELDS, workers=1, progress=bar)
    assert bar.total == 130
    assert 50 <= len(stopped.value.partial) < 130
    bar.n = float("-inf")
    assert len(stopped.value.resume()) == 130
