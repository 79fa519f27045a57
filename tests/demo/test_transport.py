"""The adapter: requests' own client, all the way down to bytes, without a socket."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from kott_notebooks.demo.faults import Faults
from kott_notebooks.demo.transport import DemoAdapter

from .asking import VERSION
from .conftest import Make

URL = "https://demo.kott.invalid"
PING = f"{URL}/api_v3/service/system/action/ping"
Client = Callable[..., requests.Session]


@pytest.fixture
def client(make: Make) -> Client:
    """A function that gives a client of a backend with faults."""

    def connected(faults: Faults | None = None) -> requests.Session:
        http = requests.Session()
        http.mount(URL, DemoAdapter(make(faults=faults)))
        return http

    return connected


def ping(http: requests.Session, timeout: float = 5) -> requests.Response:
    """Ask for the least."""
    return http.post(PING, json={"apiVersion": VERSION}, timeout=timeout)


def test_a_request_is_answered_as_over_a_network(client: Client) -> None:
    """With a status, headers and a body that requests decodes."""
    response = ping(client())
    assert response.status_code == 200
    assert response.headers["X-Me"] == "demo"
    assert response.json()["result"] is True
    assert response.request.url == PING


def test_a_packed_reply_is_unpacked(client: Client) -> None:
    """By requests, which asked for it."""
    http = client()
    anonymous = {"apiVersion": VERSION, "partnerId": 478}
    login = http.post(f"{URL}/api_v3/service/ottUser/action/anonymousLogin", json=anonymous)
    asked = {"apiVersion": VERSION, "ks": login.json()["result"]["ks"]}
    response = http.post(f"{URL}/api_v3/service/asset/action/list", json=asked)
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.json()["result"]["objects"]) == 25


def test_a_reply_may_be_streamed(client: Client) -> None:
    """In pieces, as a client reads long ones."""
    http = client()
    with http.post(PING, json={"apiVersion": VERSION}, stream=True) as response:
        assert b"".join(response.iter_content(5)).endswith(b'"result":true}')


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        (Faults(reset=1.0), requests.ConnectionError),
        (Faults(truncated=1.0), requests.exceptions.ChunkedEncodingError),
        (Faults(hang=1.0), requests.ReadTimeout),
        (Faults(latency=0.2), requests.ReadTimeout),
    ],
)
def test_a_bad_line_raises_what_requests_raises(
    client: Client, faults: Faults, error: type[Exception]
) -> None:
    """A reset, an early end, a silence."""
    with pytest.raises(error):
        ping(client(faults), timeout=0.05)


def test_a_patient_client_waits(client: Client) -> None:
    """A delay shorter than its time-out passes."""
    response = ping(client(Faults(latency=0.02)))
    assert response.json()["result"] is True


def test_a_gateways_errors_are_statuses(client: Client) -> None:
    """Which requests leaves to its caller."""
    assert ping(client(Faults(too_many=1.0))).status_code == 429
    assert ping(client(Faults(error=1.0))).status_code >= 500


def test_a_get_and_a_form_are_carried_too(client: Client) -> None:
    """Bodies of text, bytes and none."""
    http = client()
    assert http.get(PING, params={"apiVersion": VERSION}).json()["result"] is True
    assert http.post(PING, data={"apiVersion": VERSION}).json()["result"] is True
    body = b'{"apiVersion": "11.5.0.0"}'
    response = http.post(PING, data=body, headers={"Content-Type": "application/json"})
    assert response.json()["result"] is True
