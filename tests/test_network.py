"""What the session says when something other than the API answers, or nobody does."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import json
import socket
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import kott_notebooks as kott
from kott_notebooks.session import retries, sending

USER: dict[str, Any] = {"username": "ann", "password": "hush-hush-hush"}


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass between two attempts, and note how much would have."""
    slept: list[float] = []
    monkeypatch.setattr(retries, "pause", slept.append)
    return slept


class Strangers(http.server.ThreadingHTTPServer):
    """A web server that knows nothing of the API: it gives `answer`, or none until let go.

    `write` takes a connection over instead; `requests` has the headers of each request, and
    `ports` the client's port.
    """

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Stranger)
        self.answer: tuple[int, dict[str, str], bytes] | None = None
        self.write: Callable[[Stranger], None] | None = None
        self.let_go = threading.Event()
        self.requests: list[dict[str, str]] = []
        self.ports: list[int] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away; anything else is reported as ever."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers whatever its server was set to."""

    server: Strangers
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(dict(self.headers.items()))
        self.server.ports.append(self.client_address[1])
        if self.server.write is not None:
            self.server.write(self)
            return
        answer = self.server.answer
        if answer is None:
            self.server.let_go.wait(5)
            self.close_connection = True
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
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()


def refused(url: str, **options: Any) -> str:
    """Log in where that cannot work; give the message."""
    with pytest.raises(kott.TransportError) as caught:
        kott.login(url, 478, **USER, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b"<html>Not found</html>"), "HTTP 404 is an HTML page and not the API's"),
        ((200, {}, b"<html>Welcome, pay here</html>"), "a proxy or a wrong url answered"),
        ((200, {}, b""), "has no body"),
        ((502, {}, b"bad gateway"), "HTTP 502 cannot be read"),
        ((200, {}, b'{"result":{"objectType":"KalturaLoginResponse"}}'), "holds no ks"),
        ((302, {"Location": "https://elsewhere.example.com/"}, b""), "secrets do not follow"),
    ],
)
def test_an_answer_of_another_server_is_distinguished_from_the_api_s(
    stranger: Strangers,
    answer: tuple[int, dict[str, str], bytes],
    words: str,
) -> None:
    """One line that says what came and what to check; never the password."""
    stranger.answer = answer
    assert words in refused(stranger.url)


def test_nobody_there_is_said() -> None:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert f"127.0.0.1:{port} cannot be reached; check url" in refused(f"http://127.0.0.1:{port}")


def test_a_dead_proxy_is_distinguished_from_a_dead_server() -> None:
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
    assert "took too long to reply" in refused(stranger.url, timeout=(1.0, 0.2), attempts=1)


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


# Bounds


def ready(server: Strangers, **options: Any) -> kott.Session:
    """Log in with a ready ks, which sends nothing."""
    return kott.login(server.url, 478, ks="djJ8-ready", **options)


def zipped(megabytes: int) -> tuple[int, dict[str, str], bytes]:
    """Return a reply of some MB that travels as a thousandth of them."""
    body = gzip.compress(b'{"result":"' + b"x" * megabytes * 10**6 + b'"}')
    return 200, {"Content-Encoding": "gzip"}, body


@pytest.fixture(params=["isal", "zlib"])
def gunzip(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decompress by each of the modules that may be there."""
    module = "isal.isal_zlib" if request.param == "isal" else "zlib"
    monkeypatch.setattr(sending, "zlib", pytest.importorskip(module))


@pytest.mark.usefixtures("gunzip")
@pytest.mark.parametrize(
    ("pack", "ending"),
    [
        (lambda text: gzip.compress(text), ""),
        (lambda text: gzip.compress(text[:9]) + gzip.compress(text[9:]), ""),
        (lambda text: gzip.compress(text) + b"of no use", ""),
        (lambda text: gzip.compress(text)[:-1], "broke off its reply"),
        (lambda text: gzip.compress(text)[: len(text) // 9], "broke off its reply"),
        (lambda text: gzip.compress(text)[:5], "broke off its reply"),
        (lambda text: gzip.compress(text)[:-8] + b"12345678", "garbled its reply"),
        (lambda text: gzip.compress(text[:9]) + gzip.compress(text[9:])[:-4], "broke off"),
        (lambda text: b"\x1f\x8bnot gzip" + text, "garbled its reply"),
        (lambda _text: b"", "has no body"),
    ],
)
def test_compressed_replies_are_whole_or_an_error(
    stranger: Strangers, pack: Callable[[bytes], bytes], ending: str
) -> None:
    """Members one after the other are one reply; what is cut or altered is refused."""
    words = [f"{n * 7919:x}" for n in range(20_000)]
    body = json.dumps({"result": words}).encode()
    stranger.answer = (200, {"Content-Encoding": "GZip"}, pack(body))
    session = ready(stranger, attempts=1)
    if not ending:
        assert session.call("system", "ping") == words
        return
    with pytest.raises(kott.TransportError, match=ending):
        session.call("system", "ping")


@pytest.mark.usefixtures("gunzip")
def test_a_reply_of_a_million_empty_members_ends(stranger: Strangers) -> None:
    """Decompressing counts for the time that a reply may take."""
    stranger.answer = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"") * 10**6)
    with pytest.raises(kott.TransportError, match=r"max_reply_seconds=0\.5|garbled"):
        ready(stranger, max_reply_seconds=0.5).call("system", "ping")


def test_a_reply_that_is_too_large_is_refused_and_not_sent_again(stranger: Strangers) -> None:
    """Its size counts decompressed; the message says how to allow more."""
    stranger.answer = zipped(20)
    with pytest.raises(kott.TransportError, match=r"larger than max_reply_mb=2 .*log in with"):
        ready(stranger, max_reply_mb=2).call("system", "ping")
    assert len(stranger.requests) == 1


@pytest.mark.parametrize("encoding", ["", "Content-Encoding: gzip\r\n"])
def test_a_reply_that_announces_too_much_is_refused_at_once(
    stranger: Strangers, encoding: str
) -> None:
    """Nothing of its body is waited for."""

    def announce(handler: Stranger) -> None:
        head = f"HTTP/1.1 200 OK\r\n{encoding}Content-Length: 3000000\r\n\r\n"
        handler.wfile.write(head.encode())
        stranger.let_go.wait(5)
        handler.close_connection = True

    stranger.write = announce
    with pytest.raises(kott.TransportError, match="larger than max_reply_mb=2 "):  # no "broke off"
        ready(stranger, max_reply_mb=2).call("system", "ping")


@pytest.mark.usefixtures("gunzip")
def test_a_reply_that_is_too_large_does_not_fill_the_memory(stranger: Strangers) -> None:
    """It is counted while it is decompressed."""
    stranger.answer = zipped(60)
    session = ready(stranger, max_reply_mb=2)
    tracemalloc.start()
    try:
        with pytest.raises(kott.TransportError):
            session.call("system", "ping")
        assert tracemalloc.get_traced_memory()[1] < 12e6
    finally:
        tracemalloc.stop()


def test_a_reply_within_the_bounds_is_whole(stranger: Strangers) -> None:
    """Every byte, compressed or not."""
    stranger.answer = zipped(5)
    session = ready(stranger, max_reply_mb=6)
    assert session.call("system", "ping") == "x" * 5 * 10**6
    stranger.answer = (200, {}, gzip.decompress(stranger.answer[2]))
    assert session.call("system", "ping") == "x" * 5 * 10**6
    assert len(set(stranger.ports)) == 1


@pytest.mark.parametrize("headers", [True, False])
def test_a_reply_that_takes_too_long_is_refused_and_not_sent_again(
    stranger: Strangers, headers: bool
) -> None:
    """However steadily its bytes come, of the body or of the headers."""

    def drip(handler: Stranger) -> None:
        text = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n" + (b"\r\n" if headers else b"X: ")
        with contextlib.suppress(OSError):
            handler.wfile.write(text)
            while not stranger.let_go.wait(0.05):
                handler.wfile.write(b"x")
        handler.close_connection = True

    stranger.write = drip
    with pytest.raises(kott.TransportError, match=r"takes longer than max_reply_seconds=0\.4 "):
        ready(stranger, max_reply_seconds=0.4).call("system", "ping")
    assert len(stranger.requests) == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("timeout", 0), ("timeout", (1, 0)), ("timeout", "soon"), ("attempts", 0)),
        *(("attempts", 1.5), ("max_reply_mb", 0), ("max_reply_seconds", -1), ("deadline", 0)),
    ],
)
def test_a_limit_that_cannot_be_is_refused(option: str, value: Any) -> None:
    """With the value given and the values allowed."""
    with pytest.raises(kott.KottError, match=rf"{option} must be .* not "):
        kott.login("https://tv.example.com", 478, ks="djJ8", **{option: value})


def test_a_timeout_may_stand_in_the_environment(
    stranger: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KOTT_TIMEOUT is seconds between two parts of a reply."""
    monkeypatch.setenv("KOTT_TIMEOUT", "0.2")
    assert "took too long to reply" in refused(stranger.url, attempts=1)


# How the connection ends


def hang_up(handler: Stranger) -> None:
    handler.close_connection = True


def break_off(handler: Stranger) -> None:
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"result":')
    handler.close_connection = True


def garble(handler: Stranger) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    handler.wfile.write(head + b"oops")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (hang_up, "closed the connection without a reply; ask again"),
        (break_off, "broke off its reply; ask again"),
        (garble, "garbled its reply; ask again"),
    ],
)
def test_how_a_connection_ended_is_said(
    stranger: Strangers, write: Callable[[Stranger], None], words: str
) -> None:
    """A server that was reached is not called unreachable; reads are sent again."""
    stranger.write = write
    with pytest.raises(kott.TransportError, match=words):
        ready(stranger, attempts=3).call("system", "getVersion")
    assert len(stranger.requests) == 3


# The environment


PONG: tuple[int, dict[str, str], bytes] = (200, {}, b'{"result":true}')


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_missing_bundle_of_certificates_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is sent."""
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "/no/such/bundle.pem")
    with pytest.raises(kott.KottError, match=f"{name} names /no/such/bundle.pem, which does not"):
        kott.login("https://tv.example.com", 478, ks="djJ8")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_that_holds_no_certificate_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The server's certificate is not blamed for it."""
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    path = tmp_path / "bundle.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\ncut off", "utf-8")
    monkeypatch.setenv(name, str(path))
    with pytest.raises(kott.KottError, match=f"{name} names {path}, which is no file of certif"):
        kott.login("https://tv.example.com", 478, ks="djJ8")


def test_a_given_session_s_missing_bundle_is_an_error() -> None:
    """Not an OSError."""
    with requests.Session() as own:
        own.trust_env, own.verify = False, "/no/such/bundle.pem"
        assert "a file could not be read" in refused("https://127.0.0.1:9", http=own)


def test_netrc_is_never_read(
    stranger: Strangers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its passwords are for others; one given as http= is left as it is."""
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login ann password hush\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    stranger.answer = PONG
    ready(stranger).call("system", "ping")
    assert "Authorization" not in stranger.requests[-1]
    with requests.Session() as own:
        ready(stranger, http=own).call("system", "ping")
    assert "Authorization" in stranger.requests[-1]


def test_proxies_are_read_once(stranger: Strangers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session stays with the way that it found at its login."""
    stranger.answer = PONG
    session = ready(stranger)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert session.call("system", "ping") is True
    proxied = ready(stranger)
    monkeypatch.delenv("HTTP_PROXY")
    with pytest.raises(kott.TransportError, match="the proxy on the way"):
        proxied.call("system", "ping")


def test_many_threads_have_a_connection_each(
    stranger: Strangers, caplog: pytest.LogCaptureFixture
) -> None:
    """And none is dropped between two requests."""
    threads = 20
    together = threading.Barrier(threads)

    def meet(handler: Stranger) -> None:
        together.wait(30)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + PONG[2])

    stranger.write = meet
    session = ready(stranger)
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(3):
            assert all(pool.map(lambda _: session.call("system", "ping"), range(threads)))
    assert len(set(stranger.ports)) == threads
    assert "pool is full" not in caplog.text


FORKED = """
import os, sys
import requests
import kott_notebooks as kott

url, given = sys.argv[1:]
http = requests.Session() if given == "given" else None
session = kott.login(url, 478, ks="djJ8-ready", http=http)
session.call("system", "ping")
if os.fork() == 0:
    try:
        session.call("system", "ping")
    except kott.KottError as error:
        print(error)
    sys.exit()
os.wait()
session.call("system", "ping")
session.call("system", "ping")
"""


def forked(server: Strangers, given: str) -> str:
    """Call before a fork, in the child and after it in the parent; give what was printed."""
    server.answer = PONG
    command = [sys.executable, "-W", "error", "-c", FORKED, server.url, given]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


def test_a_forked_child_takes_a_connection_of_its_own(stranger: Strangers) -> None:
    """And leaves the parent's open."""
    assert forked(stranger, "own") == ""
    before, child, *after = stranger.ports
    assert child != before
    assert after == [before, before]


def test_a_forked_child_refuses_connections_that_were_given(stranger: Strangers) -> None:
    """It cannot make others like them; the message says what to do."""
    assert "before a fork" in forked(stranger, "given")
    assert len(stranger.ports) == 3
