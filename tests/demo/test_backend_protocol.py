"""Requests in every shape, replies in both formats."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kott_notebooks.demo.backend import Reply, replies

from .asking import JSON, NOW, PARTNER, VERSION, Api, from_xml, log_in, unpacked
from .conftest import Make

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LIST = "/api_v3/service/asset/action/list"


def get(api: Api, path: str, **query: Any) -> Any:
    """GET a path and give the decoded result."""
    text = urlencode({"apiVersion": VERSION, "ks": api.ks or "", **query})
    reply = api.backend.handle("GET", f"{path}?{text}", {}, b"")
    return json.loads(reply.body)["result"]


def form(api: Api, path: str, **fields: str) -> Any:
    """POST a form and give the decoded result."""
    body = urlencode({"apiVersion": VERSION, "ks": api.ks or "", **fields}).encode()
    return json.loads(api.backend.handle("POST", path, FORM, body).body)["result"]


def test_a_json_body_is_answered_in_an_envelope(api: Api) -> None:
    """The result stands beside the seconds that the server took."""
    whole = api.whole("system.ping")
    assert whole["result"] is True
    assert 0 <= whole["executionTime"] < 5


def test_service_names_have_no_case(api: Api) -> None:
    """Kaltura's Python client writes `ottuser`."""
    assert api("OTTUSER.get")["id"] == api("ottUser.get")["id"]


def test_a_version_may_stand_before_the_path(api: Api) -> None:
    """`/v4_5/api_v3` is the same API."""
    body = {"apiVersion": VERSION, "ks": api.ks}
    reply = api.send("/v4_5/api_v3/service/system/action/ping", body)
    assert json.loads(reply.body)["result"] is True


def test_a_path_outside_of_the_api_is_a_web_page(api: Api) -> None:
    """A wrong URL meets a web server, which knows no JSON."""
    reply = api.send("/service/system/action/ping", {})
    assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html")


def test_arguments_may_stand_in_the_path(api: Api) -> None:
    """GET takes key and value in turn."""
    matches = api.search("asset_type='media'", size=1)["objects"][0]
    path = f"/api_v3/service/asset/action/get/id/{matches['id']}/assetReferenceType/media"
    assert get(api, path)["id"] == matches["id"]


def test_a_path_decodes_what_it_carries(api: Api) -> None:
    """A blank in a path is `%20`, and a slash is no border."""
    name = quote("no/such user", safe="")
    answer = get(api, f"/api_v3/service/ottUser/action/list/filter:usernameEqual/{name}")
    assert answer["totalCount"] == 0


@pytest.mark.parametrize("nesting", ["filter[{}]", "filter:{}"])
def test_a_query_string_nests_with_brackets_or_colons(api: Api, nesting: str) -> None:
    """Both ways of Kaltura's clients mean an object in an object."""
    fields = {
        nesting.format("objectType"): "KalturaSearchAssetFilter",
        nesting.format("kSql"): "asset_type='media'",
    }
    assert get(api, LIST, **fields)["totalCount"] == api.search("asset_type='media'")["totalCount"]


def test_a_form_is_read_like_json(api: Api) -> None:
    """Everything arrives as text, the page size too."""
    fields = {
        "filter[objectType]": "KalturaSearchAssetFilter",
        "filter[kSql]": "asset_type='media'",
        "pager[pageSize]": "3",
    }
    assert len(form(api, LIST, **fields)["objects"]) == 3


def test_a_form_numbers_the_entries_of_a_list(api: Api) -> None:
    """`groupBy[0][value]` is the first entry's value."""
    fields = {
        "filter[objectType]": "KalturaSearchAssetFilter",
        "filter[kSql]": "asset_type='media'",
        "filter[groupBy][0][objectType]": "KalturaAssetMetaOrTagGroupBy",
        "filter[groupBy][0][value]": "Genre",
    }
    answer = form(api, "/api_v3/service/asset/action/count", **fields)
    assert answer["subs"][0]["field"] == "Genre"


def test_a_form_may_name_service_and_action(api: Api) -> None:
    """The bare address of the API takes them as parameters."""
    assert form(api, "/api_v3/", service="system", action="ping") is True


def test_the_body_wins_over_the_query(api: Api) -> None:
    """What is said twice counts as the body says it."""
    body = {"apiVersion": VERSION, "ks": api.ks, "pager": {"pageSize": 2}}
    reply = api.send(LIST + "?pager%5BpageSize%5D=9", body)
    assert len(json.loads(reply.body)["result"]["objects"]) == 2


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, b"{"),
        (JSON, b"[1]"),
        (JSON, b'{"a": "\\ud800"}'),
        (JSON, b'{"a":' * 5_000),
        (JSON, b'{"filter":' * 100 + b"1" + b"}" * 100),
        ({"Content-Type": "text/plain"}, b"{}"),
        (FORM, b"filter=1&filter[kSql]=2"),
    ],
)
def test_a_body_that_cannot_be_read_is_a_bad_request(
    api: Api, headers: dict[str, str], body: bytes
) -> None:
    """500003, with HTTP 200 like every error of the API."""
    reply = api.backend.handle("POST", LIST, headers, body)
    assert reply.status == 200
    assert json.loads(reply.body)["result"]["error"]["code"] == "500003"


@given(
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS"]),
    st.text(alphabet="/?&=%[]{}:;#.aé\x00", max_size=30),
    st.sampled_from(
        [
            *JSON.values(),
            *FORM.values(),
            "",
            "text/xml; q=1",
            "\xff",
            "multipart/form-data; boundary=0",
        ]
    ),
    st.binary(max_size=60) | st.text(alphabet='{}[]":,0a&=%', max_size=60).map(str.encode),
)
@settings(suppress_health_check=list(HealthCheck), deadline=None)
def test_no_bytes_break_it(api: Api, method: str, path: str, kind: str, body: bytes) -> None:
    """Every request has a reply."""
    headers = {"Content-Type": kind, "Accept": kind, "Accept-Encoding": kind}
    for start in (
        "",
        "/api_v3",
        "/api_v3/service/asset/action/list",
        "/api_v3/service/multirequest",
    ):
        assert api.backend.handle(method, start + path, headers, body).status in (200, 404)


def test_a_number_of_many_digits_breaks_nothing(api: Api) -> None:
    """Neither as a number nor in a path, a list or a reference."""
    digits = "9" * 5_000
    body = b'{"apiVersion": "11.5.0.0", "pager": {"pageSize": ' + digits.encode() + b"}}"
    reply = api.backend.handle("POST", LIST, JSON, body)
    assert json.loads(reply.body)["result"]["error"]["code"] == "500003"
    assert api.code("asset.list", pager={"pageSize": digits}) == "500054"
    assert api.search("", filter={"typeIn": digits})["totalCount"] == 0
    assert api.search(f"media_id='{digits[:4000]}'")["error"]["code"] == "4002"
    assert api("multirequest", **{digits: {}}) == []
    reference = {"call": "asset.get", "id": f"{{1:result:objects:{digits}:id}}"}
    refused = api.many({"call": "asset.list"}, reference | {"assetReferenceType": "media"})[1]
    assert refused["error"]["code"] == "50025"


def test_other_methods_are_refused(api: Api) -> None:
    """The API knows GET and POST."""
    reply = api.backend.handle("PUT", LIST, JSON, b"{}")
    assert json.loads(reply.body)["result"]["error"]["code"] == "500065"


@pytest.mark.parametrize(
    ("asked", "accept", "is_xml"),
    [
        (1, "text/xml", False),
        ("2", "application/json", True),
        (None, "text/xml", True),
        (None, "application/xml, */*", True),
        (None, "*/*", False),
        (None, "", False),
    ],
)
def test_format_decides_before_accept(api: Api, asked: Any, accept: str, is_xml: bool) -> None:
    """And where neither says anything, JSON it is."""
    body = {"apiVersion": VERSION} | ({} if asked is None else {"format": asked})
    reply = api.send("/api_v3/service/system/action/ping", body, Accept=accept)
    assert reply.body.startswith(b"<?xml") is is_xml
    assert ("xml" in reply.headers["Content-Type"]) is is_xml


@pytest.mark.parametrize(
    ("accept", "is_xml"),
    [
        ("text/xml;q=0.5, application/json", False),
        ("application/json;q=0.5, text/xml", True),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", True),
        ("application/*", False),
        ("application/*;q=0.3, text/*;q=0.4", True),
        ("text/xml;q=0, */*", False),
        ("application/json;q=0, */*;q=0.1", True),
        ("application/json; charset=utf-8; q=0.2 , text/xml;q=0.1", False),
        ("text/xml, application/json", True),
        ("text/html", False),
    ],
)
def test_accept_weighs_its_media_types(api: Api, accept: str, is_xml: bool) -> None:
    """The higher q-value wins, then the closer name, then the earlier one."""
    reply = api.send("/api_v3/service/system/action/ping", {"apiVersion": VERSION}, Accept=accept)
    assert reply.body.startswith(b"<?xml") is is_xml


@pytest.mark.parametrize("asked", [9, 30, "jsonp", 0])
def test_odd_formats_are_refused(api: Api, asked: Any) -> None:
    """JSONP, Excel and the like are not of this server."""
    assert api.code("system.ping", format=asked) == "500084"


@pytest.mark.parametrize("value", [True, False, "true"])
def test_ignore_null_is_a_global_parameter(api: Api, value: Any) -> None:
    """The generated Java and PHP clients put it into every body, and into sub-requests."""
    assert api("system.ping", ignoreNull=value) is True
    parts = api.many({"call": "system.ping", "ignoreNull": value}, ignoreNull=value)
    assert parts == [True]


def request(api: Api, method: str, path: str, headers: dict[str, str] | None = None) -> Reply:
    """Send a request without a body, with the caller's ks in the query."""
    text = urlencode({"apiVersion": VERSION, "ks": api.ks or ""})
    return api.backend.handle(method, f"{path}?{text}", headers or {}, b"")


def test_a_browser_may_ask_before_it_sends_json(api: Api) -> None:
    """OPTIONS names the methods, and the headers that the page wants to send."""
    asked = {"Origin": "http://localhost:1", "Access-Control-Request-Headers": "content-type,x-a"}
    reply = api.backend.handle("OPTIONS", LIST, asked, b"")
    assert reply.status == 200
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Access-Control-Allow-Headers"] == "content-type,x-a"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("path", [LIST, "/api_v3/service/nope/action/nope", "/api_v3/x?format=2"])
def test_every_reply_of_the_api_may_be_read_by_any_origin(api: Api, path: str) -> None:
    """An error too, and a reply in XML."""
    for method in ("GET", "HEAD", "POST"):
        reply = api.backend.handle(method, path, {}, b"")
        assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_head_is_a_get_without_its_body(api: Api) -> None:
    """The same headers, the length among them."""
    head, whole = (request(api, method, LIST) for method in ("HEAD", "GET"))
    assert head.body == b""
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert int(head.headers["Content-Length"]) > 100


def test_a_get_that_reads_may_be_cached(api: Api) -> None:
    """An unchanged result is answered 304, whatever the time that it took."""
    first = request(api, "GET", LIST)
    assert first.headers["Cache-Control"].startswith("private, max-age=")
    again = request(api, "GET", LIST, {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    for held in (first.headers["ETag"].removeprefix("W/"), "*"):
        assert request(api, "GET", LIST, {"If-None-Match": f'"x", {held}'}).status == 304
    other = request(api, "GET", LIST, {"If-None-Match": '"another"'})
    assert other.status == 200
    xml = request(api, "GET", LIST, {"Accept": "text/xml"})
    assert xml.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    [
        f"/api_v3/service/ottUser/action/anonymousLogin/partnerId/{PARTNER}",
        "/api_v3/service/session/action/get",
        "/api_v3/service/nobody/action/list",
        "/api_v3/service/multirequest",
    ],
)
def test_what_opens_a_session_or_fails_is_not_stored(api: Api, path: str) -> None:
    """No cache may hold a ks or an error."""
    reply = request(api, "GET", path)
    assert reply.headers["Cache-Control"] == "no-store"
    assert "ETag" not in reply.headers


def test_a_get_may_carry_its_ks_in_a_body(api: Api) -> None:
    """Then it stands in no URL; and no cache may store the reply, since URLs do not differ."""
    body = json.dumps({"ks": api.ks}).encode()
    reply = api.backend.handle("GET", f"{LIST}?apiVersion={VERSION}", JSON, body)
    assert json.loads(reply.body)["result"]["totalCount"] > 0
    assert reply.headers["Cache-Control"] == "no-store"


def multipart(api: Api, parts: list[tuple[str, str]], *, boundary: str = "xyz") -> Any:
    """POST a form in parts and give the decoded result; a name may carry a file name."""
    lines = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    ]
    body = "".join([*lines, f"--{boundary}--\r\n"]).encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return json.loads(api.backend.handle("POST", LIST, headers, body).body)["result"]


def test_a_form_in_parts_is_read_like_json(api: Api) -> None:
    """Nested names too, and any letters."""
    given = [("apiVersion", VERSION), ("ks", str(api.ks)), ("pager[pageSize]", "4")]
    given += [("filter[objectType]", "KalturaSearchAssetFilter"), ("filter[kSql]", "name~'é'")]
    assert multipart(api, given) == api.search("name~'é'", size=4)


def test_a_part_named_json_holds_parameters(api: Api) -> None:
    """As Kaltura's Python client sends them beside files."""
    body = json.dumps({"apiVersion": VERSION, "ks": api.ks, "pager": {"pageSize": 3}})
    given = [("json", body), ('file"; filename="a.xml', "<a/>")]
    assert multipart(api, given)["error"]["code"] == "500013"  # asset.list takes no file
    assert len(multipart(api, given[:1])["objects"]) == 3


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_parts_without_their_boundary_are_a_bad_request(api: Api, kind: str) -> None:
    """500003."""
    body = b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--xyz--\r\n'
    reply = api.backend.handle("POST", LIST, {"Content-Type": kind}, body)
    assert json.loads(reply.body)["result"]["error"]["code"] == "500003"


def test_a_long_reply_is_packed_if_the_client_takes_it(api: Api) -> None:
    """gzip is honoured, and what comes out is the same."""
    body = {"apiVersion": VERSION, "ks": api.ks}
    plain = json.loads(api.send(LIST, body).body)["result"]
    packed = api.send(LIST, body, **{"Accept-Encoding": "deflate, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body))["result"] == plain


@pytest.mark.parametrize("accepted", ["identity", "deflate", "gzip;q=0", ""])
def test_a_client_that_takes_no_gzip_gets_none(api: Api, accepted: str) -> None:
    """`q=0` means no."""
    body = {"apiVersion": VERSION, "ks": api.ks}
    reply = api.send(LIST, body, **{"Accept-Encoding": accepted})
    assert "Content-Encoding" not in reply.headers


def test_a_reply_says_who_answered_and_what_it_is_called(api: Api) -> None:
    """Each request has an id of its own."""
    first, second = (api.send("/api_v3/service/system/action/ping", {}) for _ in range(2))
    assert first.headers["X-Me"] == "demo"
    assert first.headers["X-Kaltura-Session"] != second.headers["X-Kaltura-Session"]


@pytest.mark.parametrize("version", [None, "", "eleven", "11", "11.5.0.0.0"])
def test_a_strict_server_wants_a_version(api: Api, version: str | None) -> None:
    """500057, since without one servers speak an older dialect."""
    body = {"ks": api.ks} | ({} if version is None else {"apiVersion": version})
    reply = api.send("/api_v3/service/system/action/ping", body)
    assert json.loads(reply.body)["result"]["error"]["code"] == "500057"


def test_an_old_server_answers_without_a_version(make: Make) -> None:
    """In the dialect of today: the demo knows no other."""
    api = log_in(make(deployment="old"))
    reply = api.send("/api_v3/service/system/action/ping", {})
    assert json.loads(reply.body)["result"] is True


def test_xml_says_what_json_says(api: Api) -> None:
    """The same record in both formats, text for text."""
    body = {"apiVersion": VERSION, "ks": api.ks, "pager": {"pageSize": 5}}
    plain = json.loads(api.send(LIST, body).body)["result"]
    root = ElementTree.fromstring(api.send(LIST, body | {"format": 2}).body)
    assert [child.tag for child in root] == ["executionTime", "result"]
    assert from_xml(root[1]) == as_text(plain)


def as_text(value: Any) -> Any:
    """Write the leaves of a JSON value as XML does; an empty list or map leaves nothing."""
    if isinstance(value, dict):
        return {key: as_text(child) for key, child in value.items()} or ""
    if isinstance(value, list):
        return [as_text(child) for child in value] or ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def test_xml_of_some_properties_is_still_an_object(api: Api) -> None:
    """Even where the class is not among them."""
    profile = {"objectType": "KalturaOnDemandResponseProfile", "retrievedProperties": "id,tags"}
    body = {"apiVersion": VERSION, "ks": api.ks, "format": 2, "responseProfile": profile}
    root = ElementTree.fromstring(api.send(LIST, body).body)
    first = root.find("result/objects/item")
    assert first is not None
    assert {child.tag for child in first} == {"id", "tags"}


def test_a_reply_holds_nothing_that_has_no_text() -> None:
    """A mistake in an action is not sent as something else."""
    with pytest.raises(TypeError, match="complex"):
        replies.json(1j)


def test_xml_lays_an_error_out_as_kaltura_does(api: Api) -> None:
    """`result/error` with class, code and message, arguments as items."""
    body = {"apiVersion": VERSION, "format": 2}
    root = ElementTree.fromstring(api.send("/api_v3/service/nobody/action/list", body).body)
    error = root.find("result/error")
    assert error is not None
    assert error.findtext("objectType") == "KalturaAPIException"
    assert error.findtext("code") == "500011"
    assert error.findtext("args/item/value") == "nobody"


def test_xml_leaves_out_what_it_cannot_carry(api: Api) -> None:
    """Control characters have no place in XML 1.0; line ends and entities survive."""
    name = "a\x00b\x0bc\r\n<&>\ud83d\ude00"
    body = {"apiVersion": VERSION, "format": 2, "ks": api.ks}
    reply = api.send(f"/api_v3/service/asset/action/{quote('x')}", body | {"action": name})
    root = ElementTree.fromstring(reply.body)
    assert root.findtext("result/error/args/item[2]/value") == "abc\r\n<&>\U0001f600"


def test_the_time_is_the_servers(api: Api) -> None:
    """system.getTime answers a bare number."""
    assert api("system.getTime") == NOW


def test_the_log_holds_who_asked_for_what_and_no_secret(api: Api) -> None:
    """The global parameters can be seen to arrive; ks and password cannot."""
    api("ottUser.get", clientTag="a test", language="fra", currency="USD")
    last = api.backend.log[-1]
    assert last == {
        "service": "ottUser",
        "action": "get",
        "clientTag": "a test",
        "apiVersion": VERSION,
        "language": "fra",
        "currency": "USD",
    }
    assert str(api.ks) not in str(list(api.backend.log))


def test_the_log_says_what_was_refused(api: Api) -> None:
    """With the code of the error."""
    api("asset.list", language="klingon", partnerId=PARTNER)
    assert api.backend.log[-1]["error"] == "500072"


def test_unpacked_is_what_was_meant(api: Api) -> None:
    """A short reply is not packed, whatever the client takes."""
    reply = api.send(
        "/api_v3/service/system/action/ping", {"apiVersion": VERSION}, **{"Accept-Encoding": "gzip"}
    )
    assert "Content-Encoding" not in reply.headers
    assert json.loads(unpacked(reply))["result"] is True
