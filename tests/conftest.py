"""What every test gets: no way out of this machine, nobody's own credentials, a demo partner."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from kott_notebooks.demo.server import Server

HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "", None)
TOOLS = (
    "KOTT_KALTURA_PYTHON",
    "KOTT_CHROMIUM",
    "KOTT_PLAYER_JS",
)  # where a test finds what it needs


def stay_here(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse to connect to another machine, or to look up its address.

    An audit hook, since nobody can patch it away; and not an OSError, which the client would take
    for a bad line, so that the test would pass.
    """
    if event == "socket.connect":
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # text names a local socket
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host not in HERE:
        raise RuntimeError(f"A test tried to get out of this machine, to {host}.")


def pytest_configure() -> None:
    """Shut the way out before anything is collected; a slow machine fails no property.

    Where CI runs, properties draw the same examples each time; elsewhere new ones.
    """
    hypothesis.settings.register_profile(
        "any machine",
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
    hypothesis.settings.load_profile("any machine")
    sys.addaudithook(stay_here)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the credentials of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("KOTT_") and name not in TOOLS:
            monkeypatch.delenv(name)
    monkeypatch.setenv("KOTT_CONFIG", str(tmp_path / "no-profiles.toml"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a notebook draws where a notebook draws


@pytest.fixture(autouse=True)
def stop_button() -> Iterator[None]:
    """Let Ctrl-C be a KeyboardInterrupt, also where a shell runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Serve the demo partner behind a port of this machine, once for the whole run."""
    from kott_notebooks import demo

    with demo.serve() as running:
        yield running


@pytest.fixture
def partner(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let KOTT_* say where the served partner is, as `kott lab` does; give its address."""
    from kott_notebooks import demo

    monkeypatch.setenv("KOTT_URL", server.url)
    monkeypatch.setenv("KOTT_PARTNER_ID", str(demo.PARTNER_ID))
    monkeypatch.setenv("KOTT_USERNAME", demo.USERNAME)
    monkeypatch.setenv("KOTT_PASSWORD", demo.PASSWORD)
    return server.url
