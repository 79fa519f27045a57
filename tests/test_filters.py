"""Filters of asset lists, as text."""

from __future__ import annotations

import pandas as pd
import pytest

from kott_notebooks import ksql
from kott_notebooks.errors import KottError
from kott_notebooks.listings import filters


def test_conditions_are_joined_only_where_there_are_several() -> None:
    """A single one stays as it was written."""
    assert filters.both("a='1'", "") == "a='1'"
    assert filters.both("a='1'", "", "(or b='2' c='3')") == "(and a='1' (or b='2' c='3'))"


@pytest.mark.parametrize(
    ("ksql", "kinds"),
    [
        ("", []),
        ("name~'asset type'", []),
        ("asset_type='media'", ["media"]),
        ("(and ASSET_TYPE = '425' name~'x')", ["media"]),
        ("(or asset_type='epg' asset_type='12')", ["epg", "media"]),
        ("asset_type='recording'", ["recording"]),
        ("asset_type=epg", ["epg"]),
        ("(and asset_type = recording start_date<'0')", ["recording"]),
        ("(or Asset_Type=607 asset_type='epg')", ["media", "epg"]),
        ("name~'asset_type=epg'", []),
        ("my_asset_type=epg", []),
    ],
)
def test_the_kinds_that_a_filter_names_are_found(ksql: str, kinds: list[str]) -> None:
    """A struct's number is a kind of media."""
    assert filters.kinds_named(ksql) == kinds


@pytest.mark.parametrize(
    ("ksql", "sent"),
    [
        ("asset_type=epg", "asset_type='epg'"),
        ("(and asset_type = 607 year > 1990)", "(and asset_type='607' year > 1990)"),
        (
            "(and asset_type='epg' name~'asset_type=1')",
            "(and asset_type='epg' name~'asset_type=1')",
        ),
        ("name='x'", "name='x'"),
    ],
)
def test_a_kind_without_quotes_is_sent_with_them(ksql: str, sent: str) -> None:
    """Every server understands the quotes; other values are sent as they were written."""
    assert filters.quoted_kinds(ksql) == sent


@pytest.mark.parametrize(
    ("ksql", "required"),
    [
        ("asset_type='425'", True),
        ("(and asset_type='425' name~'x')", True),
        ("(and name~'x' (or asset_type='425' asset_type='426'))", True),
        ("(or asset_type='425' name~'x')", False),
        ("name~'x'", False),
        ("(and unreadable", True),
    ],
)
def test_a_kind_that_only_some_rows_have_is_known(ksql: str, required: bool) -> None:
    """A list is cut by a key of its kind, so that every row must be of it."""
    assert filters.kind_required(ksql) is required


def test_many_channels_are_several_filters() -> None:
    """Each short enough for the API, no channel lost."""
    conditions = list(filters.channel_conditions(list(range(10**9, 10**9 + 450))))
    assert [one.count(",") + 1 for one in conditions] == [200, 200, 50]
    assert max(map(len, conditions)) < ksql.LIMIT / 1.5


def test_all_channels_are_no_condition_and_no_channel_an_error() -> None:
    """An empty list is a slip, not every channel."""
    assert list(filters.channel_conditions(None)) == [""]
    with pytest.raises(KottError, match="names no channel"):
        list(filters.channel_conditions([]))


def test_ids_come_as_such_or_as_a_table() -> None:
    """Each once; what is no number is said."""
    assert filters.ids_of(["3", 5, 3.0, "5"], "channels") == [3, 5]
    assert filters.ids_of(pd.DataFrame({"id": [7, 7, 8]}), "channels") == [7, 8]
    for slip in (["BBC"], "123", [1.7], [True]):
        with pytest.raises(KottError, match="channels are given as whole numbers"):
            filters.ids_of(slip, "channels")


def test_what_the_api_would_refuse_is_refused_before() -> None:
    """A filter too long, an order that is none."""
    with pytest.raises(KottError, match=r"4,103 characters and the API takes 4,096"):
        filters.search(f"name='{'x' * 4096}'")
    with pytest.raises(KottError, match="order_by is one of RELEVANCY_DESC"):
        filters.search("", "NEWEST")


def test_fields_ask_for_their_properties() -> None:
    """A meta asks for metas; id, type and class always come."""
    profile = filters.only(["name", "metas.Year", "metas.Part"])
    assert profile is not None
    assert profile["retrievedProperties"] == "objectType,id,type,name,metas"
    assert filters.only(None) is None
