"""Many actions in one request: numbered, referring to each other, aborted, skipped."""

from __future__ import annotations

from typing import Any

import pytest

from .asking import PARTNER, VERSION, Api, Clock
from .conftest import Make

PING = {"call": "system.ping"}


def ping() -> dict[str, Any]:
    """A request that always succeeds."""
    return dict(PING)


def fail() -> dict[str, Any]:
    """A request that always fails."""
    return {"call": "nobody.knows"}


def codes(results: list[Any]) -> list[Any]:
    """Give each result's error code, or True."""
    return [one["error"]["code"] if isinstance(one, dict) else one for one in results]


@pytest.mark.parametrize("start", [0, 1])
def test_requests_count_from_zero_or_one(api: Api, start: int) -> None:
    """Kaltura's clients do either."""
    part = {"service": "system", "action": "ping"}
    parts = {str(start + number): part for number in range(3)}
    assert api("multirequest", **parts) == [True, True, True]


@pytest.mark.parametrize("numbers", [("0", "2"), ("2", "3"), ("0", "00")])
def test_a_hole_in_the_numbers_is_refused_as_a_whole(api: Api, numbers: tuple[str, str]) -> None:
    """The result is one error, not a list."""
    parts = {number: {"service": "system", "action": "ping"} for number in numbers}
    assert api.code("multirequest", **parts) == "500042"


def test_a_failure_stands_in_its_place(api: Api) -> None:
    """And leaves the others alone."""
    assert codes(api.many(ping(), fail(), ping())) == [True, "500011", True]


def test_a_later_request_uses_an_earlier_ks(make: Make) -> None:
    """Log in and list in one go."""
    api = Api(make())
    login, listed = api.many(
        {"call": "ottUser.anonymousLogin", "partnerId": PARTNER},
        {"call": "asset.list", "ks": "{1:result:ks}", "pager": {"pageSize": 1}},
    )
    assert login["ks"].startswith("djJ8")
    assert len(listed["objects"]) == 1


def test_a_reference_reaches_into_lists(api: Api) -> None:
    """By position, at any depth of the arguments."""
    listed, got = api.many(
        {
            "call": "asset.list",
            "filter": {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"},
        },
        {"call": "asset.get", "id": "{1:result:objects:3:id}", "assetReferenceType": "media"},
    )
    assert got["id"] == listed["objects"][3]["id"]


def test_a_star_joins_all_with_commas_inside_longer_text(api: Api) -> None:
    """`media_id:'1,2,3'` out of an earlier list."""
    kind = "KalturaSearchAssetFilter"
    first, second = api.many(
        {
            "call": "asset.list",
            "filter": {"objectType": kind, "kSql": "asset_type='media'"},
            "pager": {"pageSize": 4},
        },
        {
            "call": "asset.list",
            "filter": {
                "objectType": kind,
                "kSql": "(and asset_type='media' media_id:'{1:result:objects:*:id}')",
            },
        },
    )
    assert {one["id"] for one in second["objects"]} == {one["id"] for one in first["objects"]}
    assert second["totalCount"] == 4


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("{2:result:ks}", "500043"),  # itself
        ("{0:result:ks}", "500043"),
        ("{9:result:ks}", "500043"),
        ("{12:result:ks}", "50025"),  # only one digit is understood
        ("{1:result:nothing}", "50025"),
        ("{1:result:objects:99:id}", "50025"),
        ("{1:result:objects:*:nothing}", "50025"),
        ("{1:result:totalCount:x}", "50025"),
    ],
)
def test_a_reference_to_nothing_is_refused(api: Api, token: str, code: str) -> None:
    """Whatever is wrong with it."""
    _, refused = api.many(
        {"call": "asset.list", "pager": {"pageSize": 2}},
        {"call": "asset.get", "id": token, "assetReferenceType": "media"},
    )
    assert refused["error"]["code"] == code


def test_a_reference_to_a_failure_is_refused(api: Api) -> None:
    """There is no result to take from."""
    _, refused = api.many(fail(), {"call": "session.get", "session": "{1:result:ks}"})
    assert refused["error"]["code"] == "50025"


def test_a_reference_reaches_into_a_page_of_mixed_kinds(roomy: Api) -> None:
    """And truth is written as text where text is wanted."""
    listed, counted, named = roomy.many(
        {"call": "asset.list", "pager": {"pageSize": 500}},
        {"call": "ottUser.list", "filter": {"idIn": "{1:result:objects:*:id}"}},
        {"call": "ottUser.list", "filter": {"usernameEqual": "-{1:result:objects:0:status}-"}},
    )
    assert len({one["type"] for one in listed["objects"]}) > 2
    assert counted["totalCount"] == named["totalCount"] == 0


def test_references_stand_in_lists_too(api: Api) -> None:
    """In every entry."""
    asked = [{"objectType": "KalturaAssetFieldGroupBy", "value": "{1:result:nothing}"}]
    given = {"objectType": "KalturaSearchAssetFilter", "groupBy": asked}
    refused = api.many({"call": "session.get"}, {"call": "asset.count", "filter": given})[1]
    assert refused["error"]["code"] == "50025"


def test_a_condition_that_cannot_be_compared_is_refused(api: Api) -> None:
    """Text is neither less nor greater than a number."""
    asked = skip("Property", propertyPath="text", operator="LessThan", value="1")
    assert codes(api.many(asked)) == ["500067"]


@pytest.mark.parametrize("text", ["{not a reference}", "{1:nothing}", "{}"])
def test_other_braces_are_text(api: Api, text: str) -> None:
    """A username may hold them."""
    _, listed = api.many(ping(), {"call": "ottUser.list", "filter": {"usernameEqual": text}})
    assert listed["totalCount"] == 0


def test_a_multirequest_holds_no_other(api: Api) -> None:
    """500064."""
    assert codes(api.many({"call": "multirequest.do"})) == ["500064"]


def test_a_part_that_is_no_object_is_a_bad_request(api: Api) -> None:
    """And so is the whole."""
    assert api("multirequest", **{"0": "ping"})["error"]["code"] == "500003"


def test_an_empty_multirequest_answers_nothing(api: Api) -> None:
    """A list without entries."""
    assert api("multirequest") == []


def test_abort_on_error_ends_the_rest(api: Api) -> None:
    """Those before the failure stand."""
    results = api.many(ping(), fail(), ping(), ping(), abortOnError=True)
    assert codes(results) == [True, "500011", "500079", "500079"]


def test_abort_all_on_error_of_one_request_ends_those_after_it(api: Api) -> None:
    """But only if that one fails."""
    harmless = api.many(fail(), ping() | {"abortAllOnError": True}, ping())
    assert codes(harmless) == ["500011", True, True]
    assert codes(api.many(fail() | {"abortAllOnError": "true"}, ping())) == ["500011", "500079"]


def skip(kind: str, **more: str) -> dict[str, Any]:
    """A ping with a condition."""
    return ping() | {"skipCondition": {"objectType": f"Kaltura{kind}SkipCondition", **more}}


@pytest.mark.parametrize(
    ("condition", "results"),
    [
        ("No", ["500011", True, True]),
        ("Previous", ["500011", True, True]),
        ("Any", ["500011", True, "500080"]),
    ],
)
def test_a_request_is_skipped_for_failures_before_it(
    api: Api, condition: str, results: list[Any]
) -> None:
    """For that of the last one, or for any."""
    asked = ping() | {
        "skipCondition": {"objectType": "KalturaSkipOnErrorCondition", "condition": condition}
    }
    assert codes(api.many(fail(), ping(), asked)) == results


def test_previous_means_the_request_just_before(api: Api) -> None:
    """Which failed here."""
    asked = ping() | {
        "skipCondition": {"objectType": "KalturaSkipOnErrorCondition", "condition": "Previous"}
    }
    assert codes(api.many(fail(), asked)) == ["500011", "500080"]


@pytest.mark.parametrize(
    ("operator", "value", "skipped"),
    [
        ("Equal", "478", True),
        ("UnEqual", "478", False),
        ("GreaterThan", "477", True),
        ("LessThan", "478", False),
    ],
)
def test_a_request_is_skipped_for_an_earlier_value(
    api: Api, operator: str, value: str, skipped: bool
) -> None:
    """Compared as a number where both are."""
    asked = skip("Property", propertyPath="{1:result:partnerId}", operator=operator, value=value)
    _, result = api.many({"call": "session.get"}, asked)
    assert codes([result]) == ["500080" if skipped else True]


@pytest.mark.parametrize(("kind", "value"), [("Count", "2"), ("Sum", "3"), ("Avg", "1.5")])
def test_a_condition_may_count_sum_or_average(api: Api, kind: str, value: str) -> None:
    """Over all entries of a list."""
    asked = skip(
        "AggregatedProperty",
        propertyPath="1,2",
        aggregationType=kind,
        operator="Equal",
        value=value,
    )
    assert codes(api.many(asked)) == ["500080"]


def test_a_version_is_asked_of_the_whole(make: Make, clock: Clock) -> None:
    """A multirequest without one is one error."""
    api = Api(make())
    assert api("multirequest", apiVersion="", **{"0": {}})["error"]["code"] == "500057"
    assert api.backend.partner.now == int(clock.now)
    assert VERSION == "11.5.0.0"
