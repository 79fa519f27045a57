"""lineup.get, which production servers answer to GET alone: no secret stands in a URL."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.transport import DemoAdapter

SIZES: dict[str, Any] = {"assets": 200, "channels": 130, "days": 1, "households": 20}


class Recorder(DemoAdapter):
    """Carries requests to a demo backend, and notes method, URL and body."""

    def __init__(self, backend: Backend, *, reads_bodies_of_get: bool = True) -> None:
        super().__init__(backend)
        self.seen: list[tuple[str, str, bytes]] = []
        self.reads_bodies_of_get = reads_bodies_of_get

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Note a request and answer it."""
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else bytes(body)
        self.seen.append((str(request.method), str(request.url), sent))
        if request.method == "GET" and not self.reads_bodies_of_get:
            request.body = None
        return super().send(request, *args, **kwargs)


def logged_in(adapter: Recorder) -> kott.Session:
    """Log an operator in through an adapter."""
    http = requests.Session()
    http.mount(demo.URL, adapter)
    return kott.login(
        demo.URL, demo.PARTNER_ID, username=demo.USERNAME, password=demo.PASSWORD, http=http
    )


def test_a_line_up_is_got_without_a_secret_in_any_url() -> None:
    """The ks travels in the body of a GET; every channel comes once."""
    adapter = Recorder(demo.make(**SIZES))
    session = logged_in(adapter)
    table = kott.listing(session, "lineup", "get", pageIndex=1, pageSize=100)
    assert len(table) == 130
    assert table["lcn"].is_unique
    sent = [one for one in adapter.seen if "lineup" in one[1]]
    assert sent
    assert {method for method, _, _ in sent} == {"GET"}
    for _, url, body in sent:
        secret = json.loads(body)["ks"]
        assert json.loads(body).keys() <= {"ks", "responseProfile"}
        assert secret not in url
        assert parse_qs(urlsplit(url).query).keys() >= {"pageIndex", "pageSize", "apiVersion"}


def test_a_user_acted_for_stands_in_no_url() -> None:
    """Neither the ks nor `userId`; a response profile is in the body too."""
    adapter = Recorder(demo.make(**SIZES))
    session = logged_in(adapter)
    user = demo.backend_of(session).partner.records("KalturaOTTUser")[3]["id"]
    session.call("lineup", "get", pageIndex=1, pageSize=100, userId=user)
    _, url, body = adapter.seen[-1]
    assert str(user) not in url
    assert json.loads(body)["userId"] == str(user)


def test_an_expired_ks_is_renewed_for_a_get_too() -> None:
    """And the line-up comes."""
    adapter = Recorder(demo.make(**SIZES))
    session = logged_in(adapter)
    sessions = demo.backend_of(session).partner.sessions
    for ks in list(sessions._open.values()):
        sessions.end(ks)
    assert session.call("lineup", "get", pageIndex=1, pageSize=100)["totalCount"] == 130


def test_a_server_that_reads_no_body_of_a_get_is_asked_by_post() -> None:
    """Where it allows that."""
    adapter = Recorder(demo.make(deployment="roomy", **SIZES), reads_bodies_of_get=False)
    session = logged_in(adapter)
    assert session.call("lineup", "get", pageIndex=1, pageSize=100)["totalCount"] == 130
    assert [method for method, _, _ in adapter.seen[-2:]] == ["GET", "POST"]


def test_where_neither_works_the_error_says_what_to_do() -> None:
    """The ks is put in no URL: lineup.list has the same channels."""
    adapter = Recorder(demo.make(**SIZES), reads_bodies_of_get=False)
    session = logged_in(adapter)
    with pytest.raises(kott.Forbidden, match=r"Call lineup\.list"):
        session.call("lineup", "get", pageIndex=1, pageSize=100)
    assert all("ks=" not in url for _, url, _ in adapter.seen)
