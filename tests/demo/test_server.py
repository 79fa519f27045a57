"""The backend behind a real port, spoken to as any client would."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from kott_notebooks.demo.faults import Faults
from kott_notebooks.demo.server import Server

from .asking import JSON, VERSION, log_in
from .conftest import Make

PING = "/api_v3/service/system/action/ping"


@pytest.fixture
def server(make: Make) -> Iterator[Server]:
    """A running server."""
    with Server(make()) as running:
        yield running


def post(server: Server, path: str = PING, **body: object) -> requests.Response:
    """POST a JSON body."""
    with requests.Session() as client:
        return client.post(server.url + path, json={"apiVersion": VERSION, **body}, timeout=5)


def test_it_answers_on_this_machine_alone(server: Server) -> None:
    """At a port that was free."""
    assert server.url.startswith("http://127.0.0.1:")
    assert post(server).json()["result"] is True


def test_it_says_what_the_backend_says(server: Server) -> None:
    """Byte for byte, but for the seconds it took and the request's id."""
    api = log_in(server.backend)
    asked = {"ks": api.ks, "pager": {"pageSize": 3}}
    over_the_wire = post(server, "/api_v3/service/asset/action/list", **asked).json()["result"]
    assert over_the_wire == api("asset.list", pager={"pageSize": 3})


def test_a_get_is_answered_too(server: Server) -> None:
    """With a query."""
    response = requests.get(server.url + PING, params={"apiVersion": VERSION}, timeout=5)
    assert response.json()["result"] is True


def test_a_client_that_hangs_up_makes_no_noise(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its reply is written to nobody, and nothing is printed."""
    api = log_in(server.backend)
    body = json.dumps({"apiVersion": VERSION, "ks": api.ks, "pager": {"pageSize": 50}}).encode()
    head = f"POST /api_v3/service/asset/action/list HTTP/1.1\r\nContent-Length: {len(body)}\r\n"
    parts = urlsplit(server.url)
    for _ in range(20):
        line = socket.create_connection((parts.hostname, parts.port), timeout=5)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        line.close()
    server.close()
    assert capfd.readouterr().err == ""


def test_a_connection_is_kept(server: Server) -> None:
    """HTTP/1.1: many requests over one."""
    host = urlsplit(server.url).netloc
    connection = http.client.HTTPConnection(host, timeout=5)
    body = json.dumps({"apiVersion": VERSION})
    sockets = set()
    for _ in range(3):
        connection.request("POST", PING, body, JSON)
        sockets.add(connection.sock.getsockname())
        assert json.loads(connection.getresponse().read())["result"] is True
    connection.close()
    assert len(sockets) == 1


def test_many_clients_are_served_at_once(server: Server) -> None:
    """Each on a thread of its own."""
    results: list[bool] = []

    def ask() -> None:
        results.extend(post(server).json()["result"] for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 40


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(reset=1.0), requests.ConnectionError),
        (Faults(truncated=1.0), requests.exceptions.ChunkedEncodingError),
        (Faults(hang=1.0), requests.ReadTimeout),
    ],
)
def test_a_bad_line_is_bad_over_a_socket_too(
    make: Make, faults: Faults, error: type[Exception]
) -> None:
    """As a client meets it in the wild."""
    with Server(make(faults=faults)) as server, pytest.raises(error):
        requests.post(server.url + PING, json={"apiVersion": VERSION}, timeout=0.3)


@pytest.mark.parametrize(
    "header",
    [
        "Transfer-Encoding: chunked",
        *(f"Content-Length: {n}" for n in ("\u00b2", "-1", "9" * 5_000)),
    ],
)
def test_a_body_of_unknown_length_is_refused(server: Server, header: str) -> None:
    """411, and the connection ends."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as line:
        line.sendall(f"POST / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n0\r\n\r\n".encode("latin-1"))
        assert line.recv(4096).startswith(b"HTTP/1.1 411")


def test_closing_ends_kept_connections(make: Make) -> None:
    """No thread, and no socket, stays behind."""
    before = threading.active_count()
    server = Server(make())
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    connection.request("POST", PING, json.dumps({"apiVersion": VERSION}), JSON)
    connection.getresponse().read()
    server.close()
    assert threading.active_count() == before
    with pytest.raises(OSError, match=r"refused|closed|reset"):
        http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=1).connect()
    connection.close()


def test_a_port_may_be_chosen(make: Make) -> None:
    """And is free again afterwards."""
    with Server(make()) as first:
        port = urlsplit(first.url).port
    assert port
    with Server(make(), port) as second:
        assert post(second).json()["result"] is True
