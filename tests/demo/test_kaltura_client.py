"""Kaltura's own client against the demo: it cannot tell it from a server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kott_notebooks import demo
from kott_notebooks.demo.server import Server

from .asking import Clock, log_in

SCRIPT = Path(__file__).with_name("kaltura_client.py")
KSQL = "(and asset_type='media' (or name~'a' genre='Drama') year>'1950')"


@pytest.fixture(scope="module")
def server() -> Any:
    """A small partner behind a port."""
    backend = demo.make(assets=200, channels=4, days=3, households=12, defects=False, clock=Clock())
    with Server(backend) as running:
        yield running


@pytest.fixture(scope="module")
def saw(server: Server) -> dict[str, Any]:
    """What the client saw; it runs in another Python, since its licence is not ours."""
    python = os.environ.get("KOTT_KALTURA_PYTHON")
    if not python:
        pytest.skip("KOTT_KALTURA_PYTHON names no Python with KalturaOttApiClient==5.0.2.25914")
    household = str(server.backend.partner.households[2]["id"])
    command = [
        python,
        str(SCRIPT),
        server.url,
        "478",
        demo.USERNAME,
        demo.PASSWORD,
        household,
        KSQL,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_it_logs_in(server: Server, saw: dict[str, Any]) -> None:
    """Anonymously and as an operator."""
    assert saw["user"] == demo.USERNAME
    assert 0 < saw["anonymous"] <= saw["total"]


def test_it_lists_every_page(server: Server, saw: dict[str, Any]) -> None:
    """Each asset once, with names, metas and tags as JSON has them."""
    api = log_in(server.backend)
    records = [one for index in (1, 2, 3, 4) for one in api.search(KSQL, index=index)["objects"]]
    assert len(saw["ids"]) == saw["total"] == len(records) > 50
    assert saw["ids"] == [one["id"] for one in records]
    assert saw["names"] == [one["name"] for one in records]
    assert saw["years"] == [one["metas"].get("Year", {}).get("value") for one in records]
    assert saw["tags"] == {
        name: [value["value"] for value in tag["objects"]]
        for name, tag in records[0]["tags"].items()
    }
    assert saw["got"] == [records[0][name] for name in ("id", "name", "startDate")]


def test_it_reads_households(server: Server, saw: dict[str, Any]) -> None:
    """And who lives in them."""
    partner = server.backend.partner
    home = partner.households[2]
    assert saw["household"] == [home["id"], home["externalId"], home["devicesLimit"]]
    users = partner.members("KalturaHouseholdUser", home["id"])
    assert saw["users"] == [one["userId"] for one in users]


def test_its_exceptions_carry_our_codes(saw: dict[str, Any]) -> None:
    """Each the API's own."""
    assert saw["wrong_password"] == "1011"
    assert saw["forbidden"] == "500004"
    assert saw["no_such_asset"] == "4039"
    assert saw["syntax"] == "4004"


def test_it_sends_many_requests_in_one(saw: dict[str, Any]) -> None:
    """With `{1:result:ks}`; the last is refused, in its place.

    Its `doMultiRequest` calls `Element.getchildren`, gone since Python 3.9: so it needs a shim.
    """
    assert "getchildren" in saw["without_shim"]
    assert saw["together"] == ["djJ8N", 3, "500004"]
