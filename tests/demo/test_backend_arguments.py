"""Arguments by the schema: what is taken, what is refused, and with which code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks import schema
from kott_notebooks.demo.backend.arguments import number, truth, whole

from .asking import Api, log_in
from .conftest import Make

SEARCH = "KalturaSearchAssetFilter"


@pytest.mark.parametrize(
    ("name", "parameters", "code"),
    [
        ("nobody.list", {}, "500011"),
        ("asset.listen", {}, "500012"),
        ("asset", {}, "500033"),
        ("asset.list", {"filtre": {}}, "500013"),
        ("asset.list", {"filter": {"objectType": SEARCH, "ksql": ""}}, "500013"),
        ("asset.list", {"filter": "a text"}, "500054"),
        ("asset.list", {"filter": {"kSql": ""}}, "500013"),
        ("asset.list", {"filter": {"objectType": "KalturaBaseSearchAssetFilter"}}, "500018"),
        ("asset.list", {"filter": {"objectType": "KalturaMetaFilter"}}, "500076"),
        ("asset.list", {"filter": {"objectType": "KalturaNothing"}}, "500076"),
        ("asset.list", {"filter": {"objectType": ["list"]}}, "500076"),
        ("asset.list", {"filter": {"objectType": SEARCH, "orderBy": "SIZE"}}, "500041"),
        ("asset.list", {"filter": {"objectType": SEARCH, "kSql": {"a": 1}}}, "500054"),
        ("asset.list", {"filter": {"objectType": SEARCH, "groupBy": "Genre"}}, "500054"),
        ("asset.list", {"filter": {"objectType": SEARCH, "groupBy": {"one": {}}}}, "500054"),
        ("asset.list", {"filter": {"objectType": SEARCH, "groupBy": [1]}}, "500054"),
        ("ottUser.logout", {"adapterData": []}, "500054"),
        ("ottUser.logout", {"adapterData": {"a": 1}}, "500054"),
        ("asset.list", {"pager": {"pageSize": "many"}}, "500054"),
        ("asset.list", {"pager": {"pageSize": 2**63}}, "500054"),
        ("asset.list", {"pager": {"pageSize": 0}}, "500048"),
        ("asset.list", {"pager": {"pageIndex": 0}}, "500048"),
        ("asset.list", {"pager": {"pageIndex": -1}}, "500048"),
        ("asset.get", {"id": "1"}, "500053"),
        ("asset.get", {"id": "1", "assetReferenceType": "movie"}, "500041"),
        ("asset.get", {"id": "x", "assetReferenceType": "media"}, "500029"),
        ("asset.get", {"id": "x", "assetReferenceType": "epg_internal"}, "500030"),
        ("asset.get", {"id": "1", "assetReferenceType": "media"}, "4039"),
        ("asset.get", {"id": "1", "assetReferenceType": "epg_internal"}, "4022"),
        ("asset.get", {"id": "1", "assetReferenceType": "epg_external"}, "4022"),
        ("asset.get", {"id": "1", "assetReferenceType": "npvr"}, "4039"),
        ("household.list", {}, "500053"),
        ("assetStruct.get", {"id": 1}, "4028"),
        ("lineup.get", {"pageIndex": 1, "pageSize": 100}, "500065"),
        ("asset.list", {"language": "tlh"}, "500072"),
        ("asset.list", {"currency": "ZZZ"}, "4081"),
        ("asset.list", {"responseProfile": {"objectType": SEARCH}}, "500076"),
        ("asset.list", {"responseProfile": {}}, "500018"),
    ],
)
def test_what_is_wrong_has_its_code(
    api: Api, name: str, parameters: dict[str, Any], code: str
) -> None:
    """Unknown, missing, mistyped and out of bounds are told apart."""
    assert api.code(name, **parameters) == code


@pytest.mark.parametrize(
    ("parameters", "code"),
    [({"pageIndex": 1, "pageSize": 50}, "500092"), ({"pageIndex": 0, "pageSize": 100}, "500048")],
)
def test_a_line_up_has_pages_of_few_sizes(
    make: Make, parameters: dict[str, Any], code: str
) -> None:
    """The size is one of five, the index counts from 1."""
    assert log_in(make(deployment="roomy")).code("lineup.get", **parameters) == code


def test_an_error_names_what_is_wrong(api: Api) -> None:
    """Its arguments are there for programs, its message for people."""
    error = api("asset.get", id="1", assetReferenceType="movie")["error"]
    named = {one["name"]: one["value"] for one in error["args"]}
    assert named == {
        "value": "movie",
        "argument": "assetReferenceType",
        "type": "KalturaAssetReferenceType",
    }
    assert "movie" in error["message"]


@pytest.mark.parametrize("deployment", ["roomy", "old"])
def test_other_servers_ignore_a_property_that_no_class_has(make: Make, deployment: str) -> None:
    """Which is how a misspelt `ksql` lists everything."""
    api = log_in(make(deployment=deployment))
    asked = {"objectType": SEARCH, "ksql": "asset_type='epg'"}
    assert "totalCount" in api("asset.list", filter=asked)
    assert "totalCount" in api("asset.list", filtre=asked)


@pytest.mark.parametrize("size", [3, "3", " 3 "])
def test_numbers_may_be_text(api: Api, size: Any) -> None:
    """Kaltura's Python client sends nothing else."""
    assert len(api("asset.list", pager={"pageSize": size, "pageIndex": "1"})["objects"]) == 3


@pytest.mark.parametrize("value", [None, ""])
def test_null_is_not_given(api: Api, value: Any) -> None:
    """Be it JSON's, or `name__null` of Kaltura's clients."""
    given_null = {"pager": None, "filter__null": value} if value is None else {"pager__null": ""}
    assert len(api("asset.list", **given_null)["objects"]) == 25


def test_an_empty_list_may_be_a_dash(api: Api) -> None:
    """As Kaltura's clients write one."""
    asked = {"objectType": SEARCH, "kSql": "asset_type='media'", "groupBy": {"-": ""}}
    assert api("asset.list", filter=asked)["totalCount"] > 100


def test_enums_have_no_case(api: Api) -> None:
    """`MEDIA` is `media`."""
    wanted = str(api.search("asset_type='media'")["objects"][0]["id"])
    assert str(api("asset.get", id=wanted, assetReferenceType="MEDIA")["id"]) == wanted


@pytest.mark.parametrize(
    ("cls", "abstract"),
    [
        ("KalturaAsset", True),
        ("KalturaReminderFilter", True),
        ("KalturaReportFilter", True),
        ("KalturaSubscriptionSet", True),
        ("KalturaAssetFilter", False),
        ("KalturaValue", True),
        ("KalturaChannelsBaseFilter", True),
        ("KalturaBaseRegionFilter", True),
        ("KalturaRegionFilter", False),
        ("KalturaSearchAssetFilter", False),
        ("KalturaFilterPager", False),
    ],
)
def test_the_schema_says_which_classes_are_abstract(cls: str, abstract: bool) -> None:
    """Only a class that extends one of them may be sent."""
    assert schema.is_abstract(cls) is abstract


@given(st.integers())
def test_whole_numbers_have_64_bits(value: int) -> None:
    """As a number and as text."""
    expected = value if abs(value) < 2**63 else None
    assert whole(value) == expected
    assert whole(str(value)) == (expected if len(str(abs(value))) < 20 else None)


@given(st.one_of(st.none(), st.text(), st.floats(), st.lists(st.integers()), st.booleans()))
def test_readers_give_a_value_or_none(value: Any) -> None:
    """Whatever they are given."""
    assert whole(value) is None or isinstance(whole(value), int)
    assert number(value) is None or isinstance(number(value), float)
    assert truth(value) in (None, True, False)
