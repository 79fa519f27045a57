"""Kaltura's overview of its API, sentence by sentence; docs/api.md says where we stand on each."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

import kott_notebooks as kott
from kott_notebooks import demo, schema
from kott_notebooks.demo.backend import Reply

from .asking import JSON, PARTNER, VERSION, Api, log_in, unpacked
from .conftest import Make

LIST = "/api_v3/service/asset/action/list"
SEARCH = "KalturaSearchAssetFilter"
DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def got(
    api: Api, headers: dict[str, str] | None = None, query: dict[str, Any] | None = None
) -> Reply:
    """GET a list of assets with the caller's ks, and give the reply."""
    text = urlencode({"apiVersion": VERSION, "ks": api.ks} | (query or {}))
    return api.backend.handle("GET", f"{LIST}?{text}", headers or {}, b"")


def test_requests_are_http_post_or_get_url_encoded(api: Api) -> None:
    """The same action by GET, by a form and by JSON."""
    by_get = json.loads(got(api, query={"pager[pageSize]": 3}).body)["result"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"apiVersion": VERSION, "ks": api.ks, "pager[pageSize]": 3}).encode()
    by_form = json.loads(api.backend.handle("POST", LIST, form, body).body)["result"]
    assert by_get == by_form == api("asset.list", pager={"pageSize": 3})


def test_service_actions_are_grouped_by_entity() -> None:
    """Each service has actions of its own; most have list, get, add, update or delete."""
    actions = schema.actions()
    usual = {"list", "get", "add", "update", "delete"}
    assert sum(one.name in usual for one in actions) > len(actions) / 2


def test_client_server_and_stateless(make: Make) -> None:
    """Two connections with one ks see the same; nothing but the ks tells who is calling."""
    first = log_in(make())
    assert Api(first.backend, first.ks)("ottUser.get") == first("ottUser.get")
    assert Api(first.backend)("ottUser.get")["error"]["code"] == "500004"


def test_cacheable(api: Api) -> None:
    """A GET that reads carries Cache-Control and ETag, and is answered 304 if unchanged."""
    reply = got(api)
    assert "max-age" in reply.headers["Cache-Control"]
    assert got(api, headers={"If-None-Match": reply.headers["ETag"]}).status == 304


def test_layered(api: Api) -> None:
    """A version, or another path before `/api_v3`, may be a layer's; the answer is the same."""
    body = {"apiVersion": VERSION, "ks": api.ks}
    paths = ("", "/v4_5", "/gateway/tv")
    replies = [api.send(f"{path}{LIST}", body) for path in paths]
    assert len({json.dumps(json.loads(one.body)["result"]) for one in replies}) == 1


def test_identification_of_resources(api: Api) -> None:
    """One resource, two representations: JSON and XML."""
    body = {"apiVersion": VERSION, "ks": api.ks}
    as_json = json.loads(unpacked(api.send(LIST, body)))["result"]
    as_xml = ElementTree.fromstring(unpacked(api.send(LIST, body | {"format": 2})))
    ids = [one.findtext("id") for one in as_xml.findall("result/objects/item")]
    assert ids == [str(one["id"]) for one in as_json["objects"]]


def test_manipulation_through_representations(api: Api) -> None:
    """The demo is for reading: what would change it is forbidden in the API's own words."""
    assert api.code("asset.delete", id=1, assetReferenceType="media") == "500004"


def test_self_descriptive_messages(api: Api) -> None:
    """A reply names its type, and each object its class, which the schema knows."""
    reply = got(api)
    assert reply.headers["Content-Type"].startswith("application/json")
    result = json.loads(reply.body)["result"]
    classes = {result["objectType"], *(one["objectType"] for one in result["objects"])}
    assert all(schema.is_class(one) for one in classes)


def test_discoverable() -> None:
    """Actions, arguments and classes can be looked up: the API has no links in its replies."""
    services = kott.services()
    assert ((services["service"] == "asset") & (services["action"] == "list")).any()
    assert "filter" in kott.describe("asset.list")["name"].tolist()
    assert "kSql" in kott.describe(SEARCH)["name"].tolist()


def test_json_is_recommended_and_forms_are_supported() -> None:
    """Our client sends JSON."""
    session = demo.login(assets=50, channels=2, days=1, households=5)
    assert session.call("asset", "list")["totalCount"] > 0


@pytest.mark.parametrize(("accept", "start"), [("application/json", b"{"), ("text/xml", b"<?xml")])
def test_the_accept_header_defines_the_format(api: Api, accept: str, start: bytes) -> None:
    """`application/json` or `text/xml`."""
    assert got(api, headers={"Accept": accept}).body.startswith(start)


def test_format_1_is_json_and_2_is_xml(api: Api) -> None:
    """Whatever Accept says."""
    assert got(api, headers={"Accept": "text/xml"}, query={"format": 1}).body.startswith(b"{")
    assert got(api, headers={"Accept": "application/json"}, query={"format": 2}).body.startswith(
        b"<?xml"
    )


def test_a_reply_has_an_execution_time_and_a_result(api: Api) -> None:
    """Seconds of the server, and what was asked for."""
    assert set(api.whole("system.ping")) == {"executionTime", "result"}


def test_an_action_expects_known_arguments(api: Api) -> None:
    """One that it does not have is refused by a strict server."""
    assert api.code("asset.list", colour="red") == "500013"


def test_any_object_that_extends_the_expected_one_may_be_sent(api: Api) -> None:
    """And no other."""
    for cls in (SEARCH, "KalturaChannelFilter"):
        given = {"objectType": cls} | ({"idEqual": 801} if "Channel" in cls else {})
        assert "objects" in api("asset.list", filter=given)
    assert api.code("asset.list", filter={"objectType": "KalturaMetaFilter"}) == "500076"


def test_of_an_abstract_object_only_extended_ones_may_be_used(api: Api) -> None:
    """500018 for the abstract one."""
    abstract = {"objectType": "KalturaBaseRegionFilter"}
    assert api.code("region.list", filter=abstract) == "500018"
    assert "objects" in api("region.list", filter={"objectType": "KalturaRegionFilter"})


def test_the_server_may_return_any_object_that_extends_the_expected_one(api: Api) -> None:
    """A list of media has media assets and live ones."""
    matches = api.search("(or asset_type='414' asset_type='412')", size=50)["objects"]
    assert {one["objectType"] for one in matches} == {"KalturaLiveAsset", "KalturaMediaAsset"}
    assert all(schema.extends(one["objectType"], "KalturaAsset") for one in matches)


def test_many_requests_are_sent_in_one(api: Api) -> None:
    """With results in their order."""
    assert api.many({"call": "system.ping"}, {"call": "system.getTime"})[0] is True


def test_a_later_request_uses_the_response_of_an_earlier_one(make: Make) -> None:
    """`{1:result:ks}` is the ks of the first."""
    login = {"call": "ottUser.anonymousLogin", "partnerId": PARTNER}
    results = Api(make()).many(login, {"call": "asset.list", "ks": "{1:result:ks}"})
    assert results[1]["totalCount"] > 0


def test_client_tag_identifies_the_application_in_the_logs(api: Api) -> None:
    """Free text, with name, language and version."""
    api("system.ping", clientTag="tv:python:1.0")
    assert api.backend.log[-1]["clientTag"] == "tv:python:1.0"


def test_api_version_is_mandatory(api: Api) -> None:
    """Without one the server refuses."""
    body = json.dumps({"ks": api.ks}).encode()
    reply = api.backend.handle("POST", LIST, JSON, body)
    assert json.loads(reply.body)["result"]["error"]["code"] == "500057"


def test_a_ks_may_be_a_tvp_api_access_token(make: Make) -> None:
    """No init-object is needed then."""
    assert Api(make(), "demo-access-user")("ottUser.get")["username"].startswith("user@")


def test_user_id_replaces_the_operating_user(make: Make) -> None:
    """For a privileged user only."""
    backend = make()
    user = backend.partner.records("KalturaOTTUser")[5]
    operator, viewer = log_in(backend), log_in(backend, "user")
    assert operator("ottUser.get", userId=user["id"])["id"] == user["id"]
    assert viewer.code("ottUser.get", userId=user["id"]) == "500004"


def test_language_returns_content_in_a_language(api: Api) -> None:
    """Of those that the partner has."""
    english, french = (
        api.search("asset_type='411'", language=one)["objects"][0] for one in ("eng", "fra")
    )
    assert english["id"] == french["id"]
    assert english["description"] != french["description"]


ACTION = {"objectType": "KalturaApiActionPermissionItem", "service": "asset", "action": "list"}


def test_all_actions_are_forbidden_by_default(make: Make) -> None:
    """A role has the actions that its permission items name."""
    api = log_in(make(roles={"analyst": [ACTION]}), "analyst")
    assert "objects" in api("asset.list")
    assert api.code("region.list", filter={"objectType": "KalturaRegionFilter"}) == "500004"


def test_all_properties_are_permitted_unless_specified_otherwise(make: Make) -> None:
    """One that is excluded is missing from every object."""
    hidden = {
        "objectType": "KalturaApiParameterPermissionItem",
        "object": "KalturaAsset",
        "parameter": "description",
        "isExcluded": True,
    }
    shown = log_in(make(roles={"analyst": [ACTION, hidden]}), "analyst")("asset.list")["objects"]
    assert all("description" not in one and "name" in one for one in shown)


def test_all_arguments_are_permitted_unless_specified_otherwise(make: Make) -> None:
    """One that is excluded is refused."""
    barred = {
        "objectType": "KalturaApiArgumentPermissionItem",
        "service": "asset",
        "action": "list",
        "parameter": "pager",
        "isExcluded": True,
    }
    api = log_in(make(roles={"analyst": [ACTION, barred]}), "analyst")
    assert "objects" in api("asset.list")
    assert api.code("asset.list", pager={"pageSize": 1}) == "500052"


def test_a_role_is_a_set_of_allowed_permissions(api: Api) -> None:
    """From anonymous to administrator, each with those of the one before."""
    roles = {
        one["name"]: one["permissionNames"].split(",") for one in api("userRole.list")["objects"]
    }
    names = ["Anonymous", "User", "Master", "Operator", "Manager", "Administrator"]
    assert list(roles) == names
    for lower, higher in pairwise(names):
        assert set(roles[lower]) < set(roles[higher])


def test_all_http_requests_return_200_even_for_an_error(api: Api) -> None:
    """The error stands in the reply, in JSON and in XML."""
    for form in (1, 2):
        body = {"apiVersion": VERSION, "ks": "nobody's", "format": form}
        reply = api.send(LIST, body)
        assert reply.status == 200
        assert b"KalturaAPIException" in reply.body


def test_the_client_library_raises_the_error() -> None:
    """Ours raises ApiError with the code."""
    session = demo.login(assets=50, channels=2, days=1, households=5)
    with pytest.raises(kott.ApiError) as caught:
        session.call("asset", "get", id="1", assetReferenceType="media")
    assert caught.value.code == "4039"


def test_an_error_inside_a_multirequest_is_in_the_results(api: Api) -> None:
    """And leaves the others alone."""
    results = api.many(
        {"call": "asset.get", "id": "1", "assetReferenceType": "media"}, {"call": "system.ping"}
    )
    assert results[0]["error"]["objectType"] == "KalturaAPIException"
    assert results[1] is True


def test_an_asset_is_any_programme_or_video(api: Api) -> None:
    """A search without a kind finds both."""
    types = {one["type"] for one in api.search("start_date>'-90000'", size=50)["objects"]}
    assert types
    assert api.search("asset_type='epg'")["totalCount"] > 0
    assert api.search("asset_type='media'")["totalCount"] > 0


def test_a_channel_is_a_set_of_assets_selected_manually_or_dynamically(api: Api) -> None:
    """Both kinds are there."""
    classes = {one["objectType"] for one in api("channel.list")["objects"]}
    assert classes == {"KalturaDynamicChannel", "KalturaManualChannel"}


def test_a_user_is_associated_with_a_household(make: Make) -> None:
    """And the household with its users."""
    user = log_in(make(), "user")
    own = user("household.get")["id"]
    members = [one["userId"] for one in user("householdUser.list")["objects"]]
    assert user("ottUser.get")["householdId"] == own
    assert user("session.get")["userId"] in members


def test_the_docs_say_where_we_stand_on_each_sentence() -> None:
    """Each test of this file is named there."""
    docs = DOCS.read_text(encoding="utf-8")
    names = [name for name in globals() if name.startswith("test_")]
    missing = [name for name in names if f"`{name}`" not in docs]
    assert missing == ["test_the_docs_say_where_we_stand_on_each_sentence"]
