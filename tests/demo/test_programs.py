"""Requests in the shapes that public programs send, on the deployment that stands for their server.

The bodies are our own; what is taken from the field is their shape.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from .asking import JSON, NOW, PARTNER, VERSION, Api, log_in
from .conftest import Make

SEARCH = "KalturaSearchAssetFilter"
EVENING = (NOW - NOW % 86_400 + 64_800, NOW - NOW % 86_400 + 86_400)


def sent(api: Api, service: str, body: dict[str, Any], query: str = "") -> Any:
    """POST a JSON body and give the result."""
    path = f"/api_v3/service/{service}" + (f"?{query}" if query else "")
    reply = api.backend.handle("POST", path, JSON, json.dumps(body).encode())
    assert reply.status == 200
    return json.loads(reply.body)["result"]


@pytest.fixture
def viewer(make: Make) -> Api:
    """A user on a server with large pages that reads KSQL without quotes."""
    return log_in(make(deployment="roomy"), "user")


@pytest.fixture
def channel(viewer: Api) -> int:
    """A linear channel."""
    return int(viewer.search("asset_type='414'")["objects"][0]["id"])


def test_a_guide_grabber_without_quotes(viewer: Api, channel: int) -> None:
    """All programmes of a channel between two times, holes filled, a page of 500."""
    ksql = (
        f"(and linear_media_id: {channel} start_date <= '{EVENING[1]}' "
        f"end_date >= '{EVENING[0]}' asset_type='epg' auto_fill= true)"
    )
    body = {
        "ks": viewer.ks,
        "apiVersion": "5.4.0",
        "language": "eng",
        "filter": {"objectType": SEARCH, "kSql": ksql, "orderBy": "START_DATE_ASC"},
        "pager": {"objectType": "KalturaFilterPager", "pageSize": 500, "pageIndex": 1},
    }
    matches = sent(viewer, "asset/action/list", body)
    assert matches["totalCount"] == len(matches["objects"]) > 3
    assert {one["linearAssetId"] for one in matches["objects"]} == {channel}


def test_a_television_add_on_by_struct(viewer: Api) -> None:
    """Channels by a bare struct number in nested groups, only some properties, `clientTag` set."""
    body = {
        "apiVersion": "7.1.0.29894",
        "clientTag": "tv-addon",
        "ks": viewer.ks,
        "filter": {"objectType": SEARCH, "kSql": "(and (and asset_type=414))"},
        "responseProfile": {
            "objectType": "KalturaOnDemandResponseProfile",
            "retrievedProperties": "id,name,images,metas",
        },
    }
    matches = sent(viewer, "asset/action/list", body)
    assert matches["totalCount"] == 6
    assert matches["objects"][0].keys() <= {"id", "name", "images", "metas"}


def test_a_mobile_client_that_logs_in_and_lists_at_once(make: Make) -> None:
    """A multirequest counted from 1, `ignoreNull` everywhere, the ks of the first in the second."""
    api = Api(make(deployment="roomy"))
    body = {
        "apiVersion": "5.2.8",
        "clientTag": "java:18-11-05",
        "ignoreNull": True,
        "format": 1,
        "1": {
            "service": "ottuser",
            "action": "anonymousLogin",
            "partnerId": PARTNER,
            "ignoreNull": True,
        },
        "2": {
            "service": "asset",
            "action": "list",
            "ks": "{1:result:ks}",
            "ignoreNull": True,
            "filter": {"objectType": SEARCH, "kSql": "asset_type='414'", "typeIn": None},
        },
    }
    first, second = sent(api, "multirequest", body)
    assert first["objectType"] == "KalturaLoginSession"
    assert second["totalCount"] > 0


def test_a_recorder_of_series(viewer: Api) -> None:
    """One episode of each series, with the number of its episodes under a profile's name."""
    related = {
        "objectType": "KalturaDetachedResponseProfile",
        "name": "Episodes_In_Series",
        "filter": {"objectType": "KalturaAggregationCountFilter"},
    }
    body = {
        "apiVersion": VERSION,
        "ks": viewer.ks,
        "filter": {
            "objectType": SEARCH,
            "kSql": "(and asset_type='epg' start_date>'-90000')",
            "groupBy": [{"objectType": "KalturaAssetMetaOrTagGroupBy", "value": "Series ID"}],
        },
        "responseProfile": {
            "objectType": "KalturaOnDemandResponseProfile",
            "relatedProfiles": [related],
        },
    }
    matches = sent(viewer, "asset/action/list", body)["objects"]
    counts = [one["relatedObjects"]["Episodes_In_Series"]["objects"][0]["value"] for one in matches]
    assert counts
    assert max(counts) > 1


def test_a_page_that_posts_a_form(viewer: Api) -> None:
    """Nested names in brackets, numbers as text, and a query beside the form."""
    fields = {
        "ks": str(viewer.ks),
        "apiVersion": VERSION,
        "filter[objectType]": SEARCH,
        "filter[kSql]": "(and asset_type='epg' entitled_assets='entitledSubscriptions')",
        "pager[pageSize]": "5",
    }
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://tv.example"}
    path = "/api_v3/service/asset/action/list?format=1"
    reply = viewer.backend.handle("POST", path, form, urlencode(fields).encode())
    assert json.loads(reply.body)["result"]["totalCount"] == 0
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_a_set_top_box_of_an_older_server(make: Make, channel: int) -> None:
    """No apiVersion, a refresh token instead of a password, times as offsets without quotes."""
    api = Api(make(deployment="old"))
    body = {"refreshToken": "demo-refresh-user", "partnerId": PARTNER}
    session = sent(api, "ottUser/action/refreshSession", body)
    assert session["refreshToken"]
    ksql = f"(and asset_type=epg linear_media_id={channel} end_date>-900 start_date<7200)"
    body = {"ks": session["ks"], "filter": {"objectType": SEARCH, "kSql": ksql}}
    matches = sent(api, "asset/action/list", body)["objects"]
    assert matches
    assert all(one["endDate"] > NOW - 900 for one in matches)


def test_a_player_that_asks_for_sources(make: Make) -> None:
    """Three calls in one: a session, the asset, and where it plays from."""
    api = Api(make())
    movie = log_in(api.backend, "anonymous").search("asset_type='411'")["objects"][0]
    body = {
        "apiVersion": "5.4.0.28193",
        "clientTag": "html5:v7",
        "1": {"service": "ottuser", "action": "anonymousLogin", "partnerId": PARTNER},
        "2": {
            "service": "asset",
            "action": "get",
            "ks": "{1:result:ks}",
            "id": movie["id"],
            "assetReferenceType": "media",
        },
        "3": {
            "service": "asset",
            "action": "getPlaybackContext",
            "ks": "{1:result:ks}",
            "assetId": movie["id"],
            "assetType": "media",
            "contextDataParams": {
                "objectType": "KalturaPlaybackContextOptions",
                "mediaProtocol": "https",
                "context": "PLAYBACK",
                "urlType": "DIRECT",
            },
        },
    }
    _, asset, context = sent(api, "multirequest", body)
    assert asset["id"] == movie["id"]
    assert context["sources"]
