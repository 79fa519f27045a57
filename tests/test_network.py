"""What the session says when something other than the API answers, or nobody does."""

from __future__ import annotations

import http.server
import socket
import threading
import traceback
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import kott_notebooks as kott
from kott_notebooks.session import retries

USER: dict[str, Any] = {"username": "ann", "password": "hush-hush-hush"}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass between two attempts, and note how much would have."""
    slept: list[float] = []
    monkeypatch.setattr(retries, "pause", slept.append)
    return slept


class Strangers(http.server.ThreadingHTTPServer):
    """A web server that knows nothing of the API: it gives `answer`, or none until let go."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Stranger)
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.let_go = threading.Event()


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers whatever its server was told to."""

    server: Strangers

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.answer
        if answer is None:
            self.server.let_go.wait(5)
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def stranger() -> Iterator[Strangers]:
    """A web server that runs."""
    server = Strangers()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()


def login(server: Strangers) -> kott.Session:
    return kott.login(f"http://127.0.0.1:{server.server_port}", 478, **USER)


def refused(url: str, **options: Any) -> str:
    """Log in where that cannot work; give the message."""
    with pytest.raises(kott.TransportError) as caught:
        kott.login(url, 478, **USER, **options)
    assert "\n" not in str(caught.value)
    assert USER["password"] not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b"<html>Not found</html>"), "HTTP 404 is an HTML page and not the API's"),
        ((200, {}, b"<html>Welcome, pay here</html>"), "a proxy or a wrong url answered"),
        ((200, {}, b""), "came without a body"),
        ((502, {}, b"bad gateway"), "HTTP 502 cannot be read"),
        ((200, {}, b'{"result":{"objectType":"KalturaLoginResponse"}}'), "holds no ks"),
        ((302, {"Location": "https://elsewhere.example.com/"}, b""), "secrets do not follow"),
    ],
)
def test_a_stranger_s_answer_is_told_from_the_api_s(
    stranger: Strangers,
    answer: tuple[int, dict[str, str], bytes],
    words: str,
) -> None:
    """One line that says what came and what to check; never the password."""
    stranger.answer = answer
    assert words in refused(f"http://127.0.0.1:{stranger.server_port}")


def test_nobody_there_is_said() -> None:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert f"127.0.0.1:{port} cannot be reached; check url" in refused(f"http://127.0.0.1:{port}")


def test_a_dead_proxy_is_told_from_a_dead_server() -> None:
    """Proxies are requests' own, and so are their failures."""
    with requests.Session() as own, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own.proxies = {"https": f"http://127.0.0.1:{free.getsockname()[1]}"}
        own.trust_env = False
        assert "the proxy on the way to tv.example.com" in refused(
            "https://tv.example.com", http=own
        )


def test_a_reply_that_never_comes_is_an_error(stranger: Strangers) -> None:
    """Every call has a time-out."""
    stranger.answer = None
    url = f"http://127.0.0.1:{stranger.server_port}"
    assert "took too long to reply" in refused(url, timeout=(1.0, 0.2), attempts=1)


def test_an_error_has_neither_cause_nor_context() -> None:
    """The request stands in both, and the password in the request."""
    with pytest.raises(kott.TransportError) as caught:
        kott.login("http://127.0.0.1:9", 478, **USER)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_plain_http_to_another_machine_is_warned_of() -> None:
    """Passwords could be read on the way; on this machine they cannot."""
    with pytest.warns(UserWarning, match=r"tv\.example\.com is asked over plain http"):
        kott.login("http://tv.example.com", 478, ks="djJ8-ready")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kott.login("http://127.0.0.1:9", 478, ks="djJ8-ready")
