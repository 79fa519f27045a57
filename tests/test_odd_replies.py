"""Replies of any shape: what leaves is an error of ours, or what the reply says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.demo.backend import Reply
from kott_notebooks.demo.transport import DemoAdapter
from kott_notebooks.session.sending import retry_after


class Saying:
    """A server that gives one reply to everything."""

    def __init__(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None):
        self.reply = Reply(status, {"Content-Type": "application/json", **(headers or {})}, body)

    def handle(self, *_: Any) -> Reply:
        return self.reply

    def login(self, **means: Any) -> kott.Session:
        http = requests.Session()
        http.mount(demo.URL, DemoAdapter(cast("demo.Backend", self)))
        return kott.login(demo.URL, demo.PARTNER_ID, http=http, attempts=1, **means)


def saying(body: bytes | str, **how: Any) -> kott.Session:
    """A session with a ready ks at a server that says one thing."""
    return Saying(body.encode() if isinstance(body, str) else body, **how).login(ks="djJ8-ready")


NUMBERS = ["1e999", "-1e999", "9" * 5_000, "1" + "0" * 30, "-0", "NaN"]
NAMES = (
    "id type objects totalCount objectType error code message args name value loginSession ks "
    "expiry metas tags subs count userId startDate images"
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.text(max_size=5) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES.split()) | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A reply of JSON, of XML, or of neither."""
    outer = {
        name: json.dumps(draw(VALUES))
        for name in draw(st.sets(st.sampled_from(["result", "error", "code", "message", "args"])))
    }
    outer["executionTime"] = draw(st.sampled_from(["0.5", '"NaN"', "null", "[]", "1e999", "-1"]))
    text = "{" + ",".join(f"{json.dumps(name)}:{one}" for name, one in outer.items()) + "}"
    shape = draw(st.sampled_from(["json", "json", "json", "number", "deep", "cut", "xml", "noise"]))
    if shape == "number":
        number = draw(st.sampled_from(NUMBERS))
        inner = draw(
            st.sampled_from(["%s", '{"totalCount":1,"objects":[{"id":%s}]}', '{"id":[%s]}'])
        )
        text = '{"result":' + inner % number + "}"
    elif shape == "deep":
        depth = draw(st.sampled_from([100, 900, 5_000]))
        text = '{"result":' + "[" * depth + "]" * depth + "}"
    elif shape == "cut":
        text = text[: draw(st.integers(0, len(text)))]
    elif shape == "xml":
        inner = draw(st.sampled_from(["<a>", "<item>", "<objects><item>", "<error>", "<itemKey>"]))
        depth = draw(st.sampled_from([0, 1, 900]))
        closing = "".join(f"</{one}" for one in reversed(inner.split("<")[1:]))
        encoding = draw(st.sampled_from(["", "<?xml version='1.0' encoding='klingon'?>"]))
        number = draw(st.sampled_from(["1e999", "9" * 5_000, "1_0", "NaN", "", "x"]))
        middle = inner * depth + number + closing * depth
        text = (
            f"{encoding}<xml><executionTime>{number}</executionTime><result>{middle}</result></xml>"
        )
    elif shape == "noise":
        return draw(st.binary(max_size=30))
    return text.encode("utf-8", "surrogatepass")


FILTER = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}
USES: dict[str, Callable[[kott.Session], Any]] = {
    "call": lambda session: session.call("asset", "get", id=1),
    "write": lambda session: session.call("household", "delete"),
    "multirequest": lambda session: session.multirequest([("asset", "get"), ("system", "ping")]),
    "whoami": lambda session: session.whoami(),
    "count": lambda session: session.count("asset", filter=FILTER),
    "records": lambda session: list(session.records("assetStruct")),
    "facets": lambda session: kott.facets(session, "Genre"),
    "labels": lambda session: kott.labels(session),
    "channels": lambda session: kott.channels(session),
    "assets": lambda session: kott.assets(session, workers=1),
    "households": lambda session: kott.households(session, [1]),
    "ingests": lambda session: kott.ingests(session, "2026-01-01"),
    "uploads": lambda session: kott.ingests(session, "2026-01-01", kind="vod"),
    "logout": lambda session: session.logout(),
}
WAYS_IN: dict[str, dict[str, Any]] = {
    "password": {"username": "ann", "password": "hush-hush"},
    "pin": {"pin": "1234"},
    "app_token": {"app_token": ("id", "hush-hush")},
    "refresh_token": {"refresh_token": "hush-hush"},
    "anonymous": {"anonymous": True},
}


@pytest.mark.filterwarnings("ignore:.*a weak proof")  # of an empty reply, for one
@pytest.mark.parametrize("use", USES)
@given(body=bodies(), status=st.sampled_from([200, 200, 200, 204, 400, 503]))
@settings(max_examples=60)
def test_whatever_a_server_says_only_our_errors_leave(use: str, body: bytes, status: int) -> None:
    """No KeyError, no TypeError, no error of a library."""
    session = saying(body, status=status, headers={"Retry-After": "\u00b2"})
    with contextlib.suppress(kott.KottError):
        USES[use](session)


@pytest.mark.parametrize("means", WAYS_IN)
@given(body=bodies())
@settings(max_examples=30)
def test_whatever_a_login_answers_only_our_errors_leave(means: str, body: bytes) -> None:
    """Flat or nested, a text or a list."""
    with contextlib.suppress(kott.KottError):
        assert Saying(body).login(**WAYS_IN[means])._secrets["ks"]


def test_an_error_beside_a_result_is_an_error() -> None:
    """Wherever it stands, and whatever its type."""
    result = '"result":{"objectType":"KalturaAssetListResponse","totalCount":0}'
    for error in ('{"code":"4004","message":"no"}', '"no"', '["no"]'):
        for body in (f'{{{result},"error":{error}}}', f'{{"error" : {error}, {result}}}'):
            with pytest.raises(kott.ApiError, match="no"):
                saying(body).call("asset", "list")


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ("7", {}),
        ('"x"', {}),
        ("[7,null]", {}),
        ('{"parameter":"filter"}', {"parameter": "filter"}),
        ('[{"name":"parameter","value":"filter"}]', {"parameter": "filter"}),
        ('[{"name":["a"],"value":1}]', {"['a']": "1"}),
    ],
)
def test_an_error_s_arguments_may_be_anything(args: str, named: dict[str, str]) -> None:
    """Those that have names are given."""
    body = b'{"result":{"error":{"code":1,"message":7,"args":%s}}}' % args.encode()
    with pytest.raises(kott.ApiError) as caught:
        saying(body).call("asset", "list")
    assert caught.value.arguments == named
    assert str(caught.value).startswith("asset.list: 7 [1 Error].")


@pytest.mark.parametrize("session", ['{"ks":"djJ8-x","expiry":"soon"}', '{"ks":"djJ8-x"}'])
@pytest.mark.parametrize("shape", ["%s", '{"loginSession":%s}', '{"loginSession":%s,"user":null}'])
def test_a_login_may_be_answered_flat(session: str, shape: str) -> None:
    """Or inside of a response, whatever the means."""
    body = b'{"result":%s}' % (shape % session).encode()
    for means in WAYS_IN.values():
        assert Saying(body).login(**means)._secrets["ks"].reveal() == "djJ8-x"


@pytest.mark.parametrize("result", ['"djJ8-x"', "null", "[]", "7", '{"ks":7}', '{"ks":""}'])
def test_a_login_without_a_ks_is_an_error(result: str) -> None:
    """A text is not taken for one."""
    for means in WAYS_IN.values():
        with pytest.raises(kott.TransportError, match="holds no ks"):
            Saying(b'{"result":%s}' % result.encode()).login(**means)


@pytest.mark.parametrize("result", ["null", "[]", "7", '"ann"', "true"])
def test_a_whoami_that_is_no_object_is_an_error(result: str) -> None:
    """The message says what it is."""
    with pytest.raises(kott.TransportError, match=r"session\.get: the result is not an object"):
        saying(f'{{"result":{result}}}').whoami()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), (" 7 ", 7.0), ("1.5", 1.5), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)]
    + [(text, None) for text in ("\u00b2", "\u0663", "-5", "NaN", "inf", "9" * 400, "soon", "")],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    """Any other text is ignored."""
    assert retry_after(header) == seconds


@pytest.mark.parametrize("text", ['"NaN"', '"-1"', "1e999", "[]", "{}", '"soon"'])
def test_an_execution_time_that_cannot_be_is_absent(text: str) -> None:
    """The result counts."""
    body = b'{"executionTime":%s,"result":true}' % text.encode()
    assert saying(body).call("system", "ping") is True


@pytest.mark.parametrize("number", ["1e999", "9" * 5_000])
def test_a_number_that_no_machine_holds_is_an_error(number: str) -> None:
    """In a result that is decoded."""
    with pytest.raises(kott.TransportError, match=r"asset\.get: the result cannot be decoded"):
        saying(b'{"result":{"id":%s}}' % number.encode()).call("asset", "get", id=1)


@pytest.mark.parametrize("number", ["1e999", "9" * 5_000, "NaN", "1_0", "\u0663"])
def test_a_number_that_no_machine_holds_stays_text_in_xml(number: str) -> None:
    """As all that does not fit its type does."""
    body = f"<xml><result><id>{number}</id></result></xml>"
    assert saying(body).call("asset", "get", id=1) == {"id": number}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<xml><result>1</result></xml>", "not a list"),
        ("<xml><result>a proxy's words</result></xml>", "not a list"),
        (
            "<xml><result><totalCount>0</totalCount><objects>?</objects></result></xml>",
            "not a list",
        ),
        ("<xml><result/><result><error><code>1</code></error></result></xml>", "cannot be read"),
    ],
)
def test_xml_that_is_no_list_is_no_empty_list(body: str, words: str) -> None:
    """As in JSON: a text in the place of an object, an error behind another result."""
    with pytest.raises(kott.TransportError, match=words):
        kott.listing(saying(body), "region")


@pytest.mark.parametrize("name", ["metas.Year", "tags.Genre"])
def test_a_property_that_is_called_as_a_meta_is_an_error(name: str) -> None:
    """It would take the place of the meta's column."""
    row = {"objectType": "KalturaRegion", "id": 1, name: 1999}
    session = saying(json.dumps({"result": {"totalCount": 1, "objects": [row]}}))
    with pytest.raises(kott.KottError, match=f"A row has a property '{name}'"):
        kott.listing(session, "region", limit=1)


@pytest.mark.parametrize("address", ["http://[::1", "\u00ff\u00fe", "https://other.example.com"])
def test_a_redirect_to_any_address_is_an_error(address: str) -> None:
    """Also to one that requests cannot read."""
    session = saying(b"", status=302, headers={"Location": address})
    with pytest.raises(kott.TransportError, match="sends us"):
        session.call("asset", "get", id=1)


def test_an_error_of_megabytes_fits_on_a_screen() -> None:
    """The message has its beginning; the whole stands in `.message`."""
    body = b'{"result":{"error":{"code":"7","message":"%s"}}}' % (b"word " * 10**6)
    with pytest.raises(kott.ApiError) as caught:
        saying(body).call("asset", "get", id=1)
    assert len(str(caught.value)) < 3_000
    assert len(caught.value.message) > 4_000_000


@pytest.mark.parametrize("depth", [900, 5_000])
def test_a_nest_too_deep_for_xml_is_an_error(depth: int) -> None:
    """Not a RecursionError."""
    body = "<xml><result>" + "<a>" * depth + "</a>" * depth + "</result></xml>"
    with pytest.raises(kott.TransportError, match="cannot be read"):
        saying(body).call("asset", "get", id=1)


def counted(value: Any, count: int, *inner: dict[str, Any]) -> dict[str, Any]:
    """One group of asset.count, and those within it."""
    return {"value": value, "count": count, "subs": [{"field": "X", "objects": list(inner)}]}


@pytest.mark.parametrize(
    ("groups", "rows"),
    [
        ([], []),
        ([counted("News", 4)], [["News", None, 4]]),
        (
            [counted("News", 4), counted("Drama", 5, counted("1", 5))],
            [["Drama", "1", 5], ["News", None, 4]],
        ),
        ([{"value": "News", "count": 4}], [["News", None, 4]]),
        ([counted("A", 3, counted("1", 2), counted("2", 1))], [["A", "1", 2], ["A", "2", 1]]),
    ],
)
def test_a_group_without_inner_groups_still_counts(
    groups: list[dict[str, Any]], rows: list[Any]
) -> None:
    """Assets that have the first value and none of the second are a row with an empty cell."""
    result = {"count": sum(one["count"] for one in groups), "subs": [{"objects": groups}]}
    session = saying(json.dumps({"result": result}))
    table = kott.facets(session, ["Genre", "media_type_id"])
    assert table.astype("object").where(table.notna(), None).to_numpy().tolist() == rows


def test_a_server_that_ignores_the_pager_does_not_hold_us() -> None:
    """It sends the same row without an id on every page, and counts nothing."""
    session = saying(b'{"result":{"objects":[{}]}}')
    with pytest.raises(kott.IncompleteError, match="repeats"):
        list(session.records("deviceBrand"))


PACKED = [
    *("{}", "[]", "null", "5", '{"objects":5}', '{"objects":[5]}', '{"objects":[{}]}'),
    *('{"objects":[{"assetId":null}]}', '{"objects":[{"assetId":1,"views":"many"}]}'),
    *('{"ingestId":1,"fileName":"a","errors":5}', '{"id":1,"createDate":"soon","fileName":5}'),
]


PACKED_USES: dict[str, Callable[[kott.Session], Any]] = {
    "views": lambda session: kott.views(session, [1]),
    "programmes": lambda session: kott.ingest_results(session, 1),
    "media": lambda session: kott.ingest_results(session, 1, kind="vod"),
}


@pytest.mark.parametrize("use", PACKED_USES)
@pytest.mark.parametrize("answer", PACKED)
def test_an_odd_answer_to_one_of_several_calls_is_an_error_or_nothing(
    answer: str, use: str
) -> None:
    """Never a KeyError."""
    with contextlib.suppress(kott.KottError):
        PACKED_USES[use](saying(f'{{"result":[{answer}]}}'))
