"""Bodies to send and replies to read, as values."""

from __future__ import annotations

import datetime as dt
import json
from http import HTTPMethod, HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks.api import bodies, envelopes
from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import ApiError, KottError, SessionExpired, TransportError
from kott_notebooks.ksql import K

SAMPLES = Path(__file__).parent / "samples"


def read(name: str, returns: str = "object") -> envelopes.Reply:
    return envelopes.reply((SAMPLES / name).read_bytes(), "asset.list", returns=returns)


def values(replies: list[envelopes.Reply | ApiError]) -> list[Any]:
    return [one.value for one in replies if isinstance(one, envelopes.Reply)]


def test_json_and_xml_say_the_same() -> None:
    """Over what the schema lists, values and types agree, maps and arrays included."""
    kind = "object:KalturaAssetListResponse"
    assert read("asset_list.xml", kind).value == read("asset_list.json", kind).value


def test_the_seconds_of_the_server_are_read() -> None:
    """executionTime is seconds, in both formats, and may be missing."""
    assert read("asset_list.json").execution_time == 0.25
    assert read("asset_list.xml").execution_time == 0.25
    assert envelopes.reply(b'{"result":true}', "system.ping").execution_time is None


@pytest.mark.parametrize(
    "name",
    ["error.json", "error.xml", "error_at_the_top.json", "error_bare.json", "error_bare_top.json"],
)
def test_an_error_is_raised_in_every_shape(name: str) -> None:
    """Code, name, arguments and hint come out of each of the places errors stand in."""
    with pytest.raises(ApiError) as caught:
        read(name)
    error = caught.value
    assert (error.code, error.name) == ("500053", "MissingParameter")
    assert error.arguments == {"parameter": "filter"}
    assert str(error) == (
        "asset.list: Missing parameter [filter] [500053 MissingParameter]. "
        "Give the argument that the message names."
    )


def test_an_error_without_arguments_or_message_is_still_one() -> None:
    """`args` and `message` may be absent, `code` may be a number."""
    with pytest.raises(SessionExpired) as caught:
        envelopes.reply(b'{"result":{"error":{"code":500016}}}', "asset.list")
    assert caught.value.arguments == {}
    assert "the API gave no reason" in str(caught.value)


def test_an_error_with_status_400_is_the_api_s() -> None:
    """Gateways change the status; the words inside count."""
    with pytest.raises(SessionExpired):
        envelopes.reply(b'{"result":{"error":{"code":"500016"}}}', "asset.list", status=400)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "has no body"),
        (b"  \n", "has no body"),
        (b"<html><body>Bad gateway</body></html>", "an HTML page"),
        (b"<!DOCTYPE html><p>Sign in", "an HTML page"),
        (b"Service Unavailable", "cannot be read"),
        (b'{"result":{"totalCount":3', "cannot be read"),
        (b'{"objects":[]}', "cannot be read"),
        (b"<xml><result><id>1</id>", "cannot be read"),
        (b"<rss></rss>", "cannot be read"),
        (b'{"result":"\xff"}', "cannot be read"),
    ],
)
def test_what_the_api_did_not_write_is_said(body: bytes, words: str) -> None:
    """No body, a proxy's page, a cut one: a TransportError in one line that says what to do."""
    with pytest.raises(TransportError, match=words) as caught:
        envelopes.reply(body, "asset.list", status=200)
    assert "\n" not in str(caught.value)


def test_a_status_is_named() -> None:
    """HTTP 502 stands in the message."""
    with pytest.raises(TransportError, match=r"asset\.list: HTTP 502"):
        envelopes.reply(b"<html></html>", "asset.list", status=502)


def test_a_good_body_under_a_bad_status_is_no_answer() -> None:
    """A result that came with HTTP 500 is not trusted."""
    with pytest.raises(TransportError, match="HTTP 500"):
        envelopes.reply(b'{"result":true}', "system.ping", status=500)


def test_an_xml_bomb_is_refused() -> None:
    """Entities are never expanded."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><result>&a;</result></xml>'
    with pytest.raises(TransportError):
        envelopes.reply(bomb, "system.ping", returns="string")


def test_half_a_character_becomes_the_replacement_sign() -> None:
    """A lone surrogate escape is mended; whole pairs and escaped backslashes stay."""
    body = rb'{"result":{"a":"x\ud800y","b":"\ud83d\ude00","c":"\udc00","d":"\\ud800"}}'
    value = envelopes.reply(body, "asset.get").value
    assert value == {"a": "x\ufffdy", "b": "\U0001f600", "c": "\ufffd", "d": "\\ud800"}


def test_a_pretty_printed_body_is_kept_compact() -> None:
    """Nested cells are compared as text, so there is one spelling."""
    plain = {"result": {"tags": {"Genre": {"objects": [{"value": "Dr\u00e1ma / X"}]}}}}
    compact = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    for body in (compact, json.dumps(plain, indent=2).encode(), b"\xef\xbb\xbf" + compact):
        assert envelopes.reply(body, "asset.get").result == compact[10:-1]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_result_comes_back_as_it_was(value: Any) -> None:
    """Whatever JSON holds survives, ids past 2^53 included."""
    body = json.dumps({"result": {"it": value}}).encode()
    assert envelopes.reply(body, "asset.get").value == {"it": value}


def test_none_is_left_out_and_dates_are_seconds() -> None:
    """A body holds what was given, dates as the API counts them, numpy's numbers as numbers."""
    body = bodies.encode(
        {"a": None, "d": [dt.datetime(2026, 1, 1)], "n": np.int64(3), "t": np.bool_(True)}
    )
    assert json.loads(body) == {"d": [1767225600], "n": 3, "t": True}


def test_what_json_cannot_hold_is_refused() -> None:
    """An object of somebody's own is a clear error, before anything is sent."""
    with pytest.raises(KottError, match=r"a\[0\] \(complex\) cannot be sent: give text"):
        bodies.encode({"a": [1j]})


def test_a_value_that_is_refused_is_named_and_not_shown() -> None:
    """It may be a password; the name says where it stands."""
    with pytest.raises(KottError, match=r"^0\.password \(bytes\) cannot be sent") as caught:
        bodies.encode({"0": {"password": b"hunter2"}})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(KottError, match=r"^A value \(bytes\)"):
        bodies.plain(b"hunter2")


def test_a_missing_object_type_is_the_argument_s_class() -> None:
    """Also of objects inside objects."""
    typed = bodies.typed("household", "list", {"filter": {"externalIdEqual": "x"}})
    assert typed == {"filter": {"objectType": "KalturaHouseholdFilter", "externalIdEqual": "x"}}


def test_a_class_that_does_not_fit_is_refused_by_name() -> None:
    """The error lists those that do."""
    with pytest.raises(KottError, match=r"filter cannot be a KalturaHousehold: .*SearchAsset"):
        bodies.typed("asset", "list", {"filter": {"objectType": "KalturaHousehold"}})


def test_a_property_of_an_extending_class_asks_for_its_name() -> None:
    """kSql is not KalturaAssetFilter's own: sent so, a server would drop it quietly."""
    with pytest.raises(KottError, match="has no kSql: add objectType"):
        bodies.typed("asset", "list", {"filter": {"kSql": "name='x'"}})


def test_an_abstract_class_is_replaced_by_its_usual_one() -> None:
    """A required filter of a list may be left out."""
    usual = {"filter": {"objectType": "KalturaRegionFilter"}}
    assert bodies.typed("region", "list", {}) == usual
    assert bodies.typed("region", "list", {"filter": {}}) == usual
    assert bodies.typed("report", "list", {}) == {
        "filter": {"objectType": "KalturaDeviceReportFilter"}
    }


def test_an_abstract_class_of_many_is_refused() -> None:
    """The error names the classes that may be sent, and no abstract one."""
    with pytest.raises(KottError, match=r"one of KalturaAssetReminderFilter, KalturaSeasonsRem"):
        bodies.typed("reminder", "list", {})


def test_a_filter_expression_is_sent_as_text() -> None:
    """A key that is compared with nothing is refused."""
    filters = {"objectType": "KalturaSearchAssetFilter", "kSql": K.name == "x"}
    assert bodies.plain(filters)["kSql"] == "name='x'"
    with pytest.raises(KottError, match="alone is not a filter"):
        bodies.plain({"kSql": K.name})


def test_what_no_schema_lists_survives_xml() -> None:
    """Plain results and lists of actions that are newer than the schema."""
    assert envelopes.reply(b"<xml><result>yes</result></xml>", "new.one").value == "yes"
    listed = b"<xml><result><item>1</item><item>2</item></result></xml>"
    assert envelopes.reply(listed, "new.many").value == ["1", "2"]
    calls = [Call("new", "one"), Call("system", "ping")]
    body = b"<xml><result><item>yes</item><item>true</item></result></xml>"
    assert [
        one.value for one in envelopes.replies(body, calls) if isinstance(one, envelopes.Reply)
    ] == [
        "yes",
        True,
    ]


def test_an_empty_number_in_xml_is_absent() -> None:
    """As JSON leaves it out."""
    body = b"<xml><result><startDate></startDate><name></name></result></xml>"
    value = envelopes.reply(body, "asset.get", returns="object:KalturaMediaAsset").value
    assert value == {"startDate": None, "name": ""}


@pytest.mark.parametrize(
    "value", [float("nan"), pd.NaT, dt.timedelta(1), np.datetime64("NaT", "s")]
)
def test_what_means_nothing_to_the_api_is_refused(value: object) -> None:
    """Not sent as null or as something else."""
    with pytest.raises(KottError, match="cannot be sent"):
        bodies.encode({"a": value})


def test_days_and_columns_are_sent_as_what_they_mean() -> None:
    """Midnight UTC; lists."""
    given = {"day": dt.date(2026, 1, 1), "ids": pd.Series([1, 2]), "t": np.datetime64("2026-01-01")}
    assert json.loads(bodies.encode(given)) == {"day": 1767225600, "ids": [1, 2], "t": 1767225600}


def test_values_of_numpy_and_enums_are_sent_as_those_of_python() -> None:
    """JSON has no subclasses of texts and numbers."""
    value = [np.str_("é"), np.float64(2.5), np.int64(3), np.True_, HTTPMethod.GET, HTTPStatus.OK]
    assert json.loads(bytes(bodies.encode({"x": value}))) == {"x": ["é", 2.5, 3, True, "GET", 200]}


def test_an_unknown_action_passes_as_it_is() -> None:
    """A newer server may have actions that the schema does not."""
    assert bodies.typed("asset", "shine", {"filter": {"a": 1}}) == {"filter": {"a": 1}}


def test_a_multirequest_counts_from_zero() -> None:
    """Calls keep their order under "0", "1" ..., each with its own typed arguments."""
    body = bodies.multirequest(
        [
            ("ottUser", "anonymousLogin", {"partnerId": 1}),
            ("asset", "list", {"ks": "{1:result:ks}"}),
        ]
    )
    assert body == {
        "0": {"service": "ottUser", "action": "anonymousLogin", "partnerId": 1},
        "1": {"service": "asset", "action": "list", "ks": "{1:result:ks}"},
    }


def test_a_reference_that_points_nowhere_is_refused() -> None:
    """Forward, to itself, or past the ninth: said before anything is sent."""
    with pytest.raises(KottError, match="does not come before") as caught:
        bodies.multirequest([("ottUser", "login", {"password": "hunter2{1:result:id}"})])
    assert "{1:result" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    twelve: list[Any] = [("system", "ping")] * 11
    with pytest.raises(KottError, match="first 9"):
        bodies.multirequest([*twelve, ("asset", "get", {"id": ["{10:result:id}"]})])


def test_what_is_no_call_is_refused() -> None:
    """A text is not a call, nor are four things; what they hold is not shown."""
    with pytest.raises(KottError, match=r"Call 1 is a str .*write \(service, action"):
        bodies.multirequest(["asset.list"])
    bad: list[Any] = [("ottUser", "login", {"password": "hunter2"}, "x")]
    with pytest.raises(KottError, match="Call 2 is a tuple of 4") as caught:
        bodies.multirequest([("system", "ping"), *bad])
    assert "hunter2" not in str(caught.value)
    with pytest.raises(KottError, match="the arguments as a dict"):
        bodies.multirequest([("ottUser", "login", "hunter2")])


def test_a_failed_call_stands_in_its_place() -> None:
    """The others are results; nothing is raised."""
    calls = [Call("system", "ping"), Call("asset", "list"), Call("system", "ping")]
    body = b'{"executionTime":1.5,"result":[true,{"error":{"code":"1","message":"no"}},false]}'
    first, second, third = envelopes.replies(body, calls)
    assert isinstance(second, ApiError)
    assert second.action == "asset.list"
    assert [one.value for one in (first, third) if isinstance(one, envelopes.Reply)] == [
        True,
        False,
    ]


def test_a_failed_call_stands_in_its_place_in_xml() -> None:
    """`item` by `item`, each typed by its own action."""
    calls = [Call("system", "ping"), Call("asset", "list")]
    body = (
        b"<xml><result><item>true</item><item><error><objectType>KalturaAPIException</objectType>"
        b"<code>1</code><message>no</message></error></item></result></xml>"
    )
    first, second = envelopes.replies(body, calls)
    assert isinstance(first, envelopes.Reply)
    assert first.value is True
    assert isinstance(second, ApiError)
    assert second.code == "1"


def test_a_failure_of_the_whole_multirequest_is_raised() -> None:
    """An object instead of a list is one error for all."""
    with pytest.raises(SessionExpired):
        envelopes.replies(b'{"result":{"error":{"code":"500016"}}}', [Call("asset", "list")])


def test_results_that_do_not_match_the_calls_are_said() -> None:
    """Two calls and one result is no answer."""
    calls = [Call("system", "ping")] * 2
    with pytest.raises(TransportError, match="2 calls were sent, 1 results received"):
        envelopes.replies(b'{"result":[true]}', calls)
    with pytest.raises(TransportError, match="not a list"):
        envelopes.replies(b'{"result":true}', calls)
