"""The catalogue's actions: pages, orders, languages, groups, days, line-ups."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from kott_notebooks.demo import catalogue
from kott_notebooks.demo.backend import DEPLOYMENTS, Backend
from kott_notebooks.demo.catalogue import World
from kott_notebooks.demo.world.partner import EPISODE

from .asking import NOW, Api, Clock, log_in
from .conftest import Make

DAY = 86_400
SEARCH = "KalturaSearchAssetFilter"
ALL_EPG = f"(and asset_type='epg' start_date > '{NOW - 30 * DAY}')"


def everything(api: Api, ksql: str, **more: Any) -> list[dict[str, Any]]:
    """List assets through all pages."""
    records: list[dict[str, Any]] = []
    for index in range(1, 99):
        page = api.search(ksql, index=index, **more)
        records += page["objects"]
        if not page["objects"]:
            assert len(records) == page["totalCount"]
            return records
    raise AssertionError("more pages than there can be")


# Pages


@pytest.mark.parametrize(("deployment", "most"), [("strict", 50), ("roomy", 500), ("old", 500)])
def test_a_page_is_never_larger_than_the_deployment_allows(
    make: Make, deployment: str, most: int
) -> None:
    """And says nothing about it."""
    api = log_in(make(deployment=deployment))
    page = api.search("", size=5_000)
    assert len(page["objects"]) == min(most, page["totalCount"])


def test_a_page_has_25_unless_it_is_said(api: Api) -> None:
    """And the first one is number 1."""
    assert len(api("asset.list")["objects"]) == 25
    assert api("asset.list", pager={"pageIndex": 1}) == api("asset.list")


def test_pages_hold_every_asset_once(api: Api, world: World) -> None:
    """One behind the other, and beyond the end there is nothing."""
    ids = [one["id"] for one in everything(api, "asset_type='media'")]
    assert sorted(ids) == world.media.ids.tolist()


def test_the_result_window_cannot_be_paged_beyond(make: Make) -> None:
    """Code 1, even where there would be nothing; the last page within it is answered."""
    api = log_in(make(deployment=replace(DEPLOYMENTS["strict"], result_window=100)))
    assert len(api.search("asset_type='media'", size=50, index=2)["objects"]) == 50
    assert api.search("asset_type='media'", size=50, index=3)["error"]["code"] == "1"
    assert api.search("asset_type='media'", size=30, index=4)["error"]["code"] == "1"
    assert api.search("asset_type='media'", size=50, index=2)["totalCount"] > 100


def test_a_total_may_stop_at_the_result_window(make: Make) -> None:
    """As some engines count no further."""
    capped = replace(DEPLOYMENTS["strict"], result_window=100, caps_totals=True)
    assert log_in(make(deployment=capped)).search("asset_type='media'")["totalCount"] == 100


# What is found


def test_without_a_type_all_kinds_are_answered(roomy: Api) -> None:
    """Media, channels and the programmes around now."""
    kinds = {one["objectType"] for one in everything(roomy, "")}
    assert kinds == {"KalturaMediaAsset", "KalturaLiveAsset", "KalturaProgramAsset"}


def test_programmes_without_dates_are_those_around_now(roomy: Api) -> None:
    """Two days to either side; a date, or an id, and the window is gone."""
    usual = everything(roomy, "asset_type='epg'")
    every = everything(roomy, ALL_EPG)
    assert 0 < len(usual) < len(every)
    assert {one["id"] for one in usual} == {
        one["id"] for one in every if abs(one["startDate"] - NOW) <= 2 * DAY
    }
    assert roomy.ids(f"epg_id='{every[0]['id']}'") == [(True, every[0]["id"])]


@pytest.mark.parametrize(("offset", "passed"), [("0", 0), ("-3600", -3600), ("7200", 7200)])
def test_a_small_number_counts_from_now(roomy: Api, offset: str, passed: int) -> None:
    """`end_date < '-900'` ended a quarter of an hour ago."""
    matches = roomy.ids(f"(and asset_type='epg' end_date < '{offset}')")
    assert matches == roomy.ids(f"(and asset_type='epg' end_date < '{NOW + passed}')")
    assert matches


def test_what_is_on_is_found_by_start_and_end(roomy: Api, world: World) -> None:
    """`start_date < B` and `end_date > A`: one programme a channel at a moment."""
    matches = roomy.search(f"(and asset_type='epg' start_date <= '{NOW}' end_date > '{NOW}')")
    channels = Counter(one["linearAssetId"] for one in matches["objects"])
    assert set(channels.values()) == {1}
    assert len(channels) == 6


@pytest.mark.parametrize(
    ("value", "all_of_it"), [("free", True), ("both", True), ("entitled", False)]
)
def test_everything_is_free(roomy: Api, value: str, all_of_it: bool) -> None:
    """The demo enforces no offer; the switches hide nothing."""
    whole = roomy.search("asset_type='media'")["totalCount"]
    asked = f"(and asset_type='media' entitled_assets='{value}' geo_block='true')"
    assert roomy.search(asked)["totalCount"] == (whole if all_of_it else 0)


def test_a_search_that_the_demo_has_no_data_for_finds_nothing(api: Api) -> None:
    """Recommendations of some adapter, say."""
    asked = {"objectType": "KalturaBundleFilter", "idEqual": 1}
    assert api("asset.list", filter=asked)["totalCount"] == 0


def test_type_in_picks_kinds(roomy: Api) -> None:
    """0 is programmes, a number an asset struct; several are joined."""
    struct = roomy.search("asset_type='media'")["objects"][0]["type"]
    listed = roomy.search("", filter={"typeIn": f"0,{struct}"}, size=500)
    alone = roomy.search("", filter={"typeIn": str(struct)})
    epg = roomy.search("", filter={"typeIn": "0"})
    assert {one["type"] for one in alone["objects"]} == {struct}
    assert listed["totalCount"] == alone["totalCount"] + epg["totalCount"]
    assert roomy.search("", filter={"typeIn": "nothing"})["totalCount"] == 0


def test_auto_fill_closes_every_hole_of_a_guide(world: World, clock: Clock) -> None:
    """With programmes that exist nowhere else; without it the hole stays."""
    holed = catalogue.build(seed=3, assets=300, channels=6, days=4, now=NOW, defects=False).epg
    channel = int(holed.numbers["linear_media_id"][0])
    holed.take(np.flatnonzero(np.arange(holed.count) % 7 != 3))
    api = log_in(Backend(replace(world, epg=holed), deployment="roomy", clock=clock))
    asked = f"asset_type='epg' linear_media_id='{channel}' start_date > '{NOW - 9 * DAY}'"
    by_time = {"orderBy": "START_DATE_ASC"}
    without = everything(api, f"(and {asked})", filter=by_time)
    filled = everything(api, f"(and {asked} auto_fill='true')", filter=by_time)
    assert gaps(without) > 5
    assert gaps(filled) == 0
    made = [one for one in filled if one not in without]
    assert {one["name"] for one in made} == {"No information"}
    assert len(made) + len(without) == len(filled)
    number = str(made[0]["id"])
    assert api.code("asset.get", id=number, assetReferenceType="epg_internal") == "4022"


def gaps(programmes: list[dict[str, Any]]) -> int:
    """Count the holes between programmes in the order of their starts."""
    return sum(one["endDate"] < after["startDate"] for one, after in pairwise(programmes))


# Orders


@pytest.mark.parametrize(
    ("order", "key", "reverse"),
    [
        ("START_DATE_ASC", "startDate", False),
        ("START_DATE_DESC", "startDate", True),
        ("CREATE_DATE_ASC", "createDate", False),
        ("CREATE_DATE_DESC", "createDate", True),
        ("NAME_ASC", "name", False),
        ("NAME_DESC", "name", True),
    ],
)
def test_an_order_sorts_and_ids_break_ties(roomy: Api, order: str, key: str, reverse: bool) -> None:
    """Names without regard to case, numbers before them."""
    matches = roomy.search("asset_type='media'", filter={"orderBy": order})["objects"]

    def value(one: dict[str, Any]) -> Any:
        named = one.get(key, "")
        return named if isinstance(named, int) else (not named.isdigit(), named.casefold())

    expected = sorted(matches, key=lambda one: one["id"])
    expected.sort(key=value, reverse=reverse)
    if reverse:
        assert [value(one) for one in matches] == [value(one) for one in expected]
    else:
        assert [one["id"] for one in matches] == [one["id"] for one in expected]


@pytest.mark.parametrize(
    "order", ["RELEVANCY_DESC", "VIEWS_DESC", "RATINGS_DESC", "VOTES_DESC", "LIKES_DESC"]
)
def test_an_order_by_popularity_is_the_same_every_time(roomy: Api, order: str) -> None:
    """The demo counts no views; its order is made up, and stays."""
    first = roomy.ids("asset_type='media'", filter={"orderBy": order})
    assert first == roomy.ids("asset_type='media'", filter={"orderBy": order})
    assert first != sorted(first)


def test_an_order_by_a_meta_sorts_by_its_values(roomy: Api, world: World) -> None:
    """Given as `dynamicOrderBy`; rows without a value come first."""
    name = next(name for name, meta in world.media.metas.items() if meta.kind == "number")
    asked = {"dynamicOrderBy": {"name": name, "orderBy": "META_ASC"}}
    matches = roomy.search("asset_type='media'", filter=asked)["objects"]
    values = [one["metas"].get(name, {}).get("value", float("-inf")) for one in matches]
    assert values == sorted(values)
    wrong = {"dynamicOrderBy": {"name": "no such meta", "orderBy": "META_ASC"}}
    assert roomy.search("", filter=wrong)["error"]["code"] == "4005"


# One asset


def test_an_asset_is_got_as_it_is_listed(api: Api) -> None:
    """By its id as text, and its kind."""
    media = api.search("asset_type='media'")["objects"][0]
    epg = api.search("asset_type='epg'")["objects"][0]
    assert api("asset.get", id=str(media["id"]), assetReferenceType="media") == media
    assert api("asset.get", id=str(epg["id"]), assetReferenceType="epg_internal") == epg
    assert api("asset.get", id=epg["externalId"], assetReferenceType="epg_external") == epg


# What is shown


def test_a_language_is_shown_with_the_default_in_its_holes(api: Api) -> None:
    """`fra` where there is French, `eng` where there is none."""
    every = api.search("asset_type='media'", size=50, language="*")["objects"]
    french = api.search("asset_type='media'", size=50, language="fra")["objects"]
    for whole, shown in zip(every, french, strict=True):
        texts = {one["language"]: one["value"] for one in whole["multilingualName"]}
        assert shown["name"] == texts.get("fra", texts.get("eng"))
        assert "multilingualName" not in shown
        assert "name" not in whole


def test_every_language_reaches_metas_and_tags(api: Api) -> None:
    """Each value says which language it is in."""
    records = api.search("asset_type='media'", language="*")["objects"]
    tags = [value for one in records for tag in one["tags"].values() for value in tag["objects"]]
    assert tags
    assert all({"language", "value"} <= set(value["multilingualValue"][0]) for value in tags)


def test_a_search_is_in_the_language_of_the_request(api: Api) -> None:
    """A French name is found in French."""
    french = api.search("asset_type='media'", language="fra")["objects"]
    english = {one["id"]: one["name"] for one in api.search("asset_type='media'")["objects"]}
    one = next(one for one in french if one["name"] != english[one["id"]])
    asked = f"(and asset_type='media' name = '{one['name'].replace(chr(39), '%27')}')"
    assert one["id"] in [number for _, number in api.ids(asked, language="fra")]
    assert one["id"] not in [number for _, number in api.ids(asked)]


def test_a_response_profile_leaves_only_what_it_names(api: Api) -> None:
    """Class and id too are there only if they are named."""
    profile = {
        "objectType": "KalturaOnDemandResponseProfile",
        "retrievedProperties": "objectType, id,name",
    }
    matches = api.search("asset_type='media'", responseProfile=profile)["objects"]
    assert {tuple(sorted(one)) for one in matches} == {("id", "name", "objectType")}
    bare = profile | {"retrievedProperties": "name"}
    one = api.search("asset_type='media'", responseProfile=bare)["objects"][0]
    assert list(one) == ["name"]


# Groups


def test_assets_are_counted_by_a_tag(roomy: Api) -> None:
    """Each asset once a value; the most frequent first."""
    asked = {
        "objectType": SEARCH,
        "kSql": "asset_type='media'",
        "groupBy": [{"objectType": "KalturaAssetMetaOrTagGroupBy", "value": "Genre"}],
    }
    counted = roomy("asset.count", filter=asked)
    records = roomy.search("asset_type='media'")["objects"]
    expected = Counter(
        value
        for one in records
        for value in {item["value"] for item in one["tags"].get("Genre", {}).get("objects", [])}
    )
    groups = counted["subs"][0]["objects"]
    assert counted["count"] == len(records)
    assert {one["value"]: one["count"] for one in groups} == expected
    assert [one["count"] for one in groups] == sorted(expected.values(), reverse=True)


def test_a_related_profile_shows_how_many_assets_a_group_has(roomy: Api) -> None:
    """One asset of each series, and under the profile's name the number of its episodes."""
    asked = {"groupBy": [{"objectType": "KalturaAssetMetaOrTagGroupBy", "value": "Series ID"}]}
    related = {
        "objectType": "KalturaDetachedResponseProfile",
        "name": "episodes",
        "filter": {"objectType": "KalturaAggregationCountFilter"},
    }
    profile = {"objectType": "KalturaOnDemandResponseProfile", "relatedProfiles": [related]}
    only_episodes = f"asset_type='{EPISODE}'"
    firsts = roomy.search(only_episodes, filter=asked, responseProfile=profile)["objects"]
    every = roomy.search(only_episodes)["objects"]
    expected = Counter(one["metas"]["Series ID"]["value"] for one in every)
    sizes = {
        one["metas"]["Series ID"]["value"]: one["relatedObjects"]["episodes"]["objects"][0]["value"]
        for one in firsts
    }
    assert sizes == expected
    assert roomy.code("asset.list", responseProfile=profile | {"relatedProfiles": [{}]}) == "500018"


def test_groups_stand_within_groups(roomy: Api) -> None:
    """By type, and within each type by genre."""
    asked = {
        "objectType": SEARCH,
        "kSql": "asset_type='media'",
        "groupBy": [
            {"objectType": "KalturaAssetFieldGroupBy", "value": "media_type_id"},
            {"objectType": "KalturaAssetMetaOrTagGroupBy", "value": "Genre"},
        ],
        "groupOrderBy": "value_asc",
    }
    groups = roomy("asset.count", filter=asked)["subs"][0]["objects"]
    for group in groups:
        of_type = roomy.search(f"asset_type='{group['value']}'")
        assert group["count"] == of_type["totalCount"]
        inner = group.get("subs", [{"objects": []}])[0]["objects"]
        assert all(one["count"] <= group["count"] for one in inner)
        assert [one["value"] for one in inner] == sorted(one["value"] for one in inner)


def test_rows_without_the_value_are_a_group_if_asked_for(roomy: Api, world: World) -> None:
    """`Include` counts them, without a value."""
    name = next(name for name, meta in world.media.metas.items() if (meta.codes < 0).any())
    asked = {
        "objectType": SEARCH,
        "kSql": "asset_type='media'",
        "groupBy": [{"objectType": "KalturaAssetMetaOrTagGroupBy", "value": name}],
        "groupingOptionEqual": "Include",
    }
    counted = roomy("asset.count", filter=asked)
    groups = counted["subs"][0]["objects"]
    assert sum(one["count"] for one in groups) == counted["count"]
    assert [one["count"] for one in groups if "value" not in one] == [
        int((world.media.metas[name].codes < 0).sum())
    ]


def test_a_grouped_list_has_one_asset_of_each_value(roomy: Api) -> None:
    """The first in order."""
    asked = {"groupBy": [{"objectType": "KalturaAssetFieldGroupBy", "value": "media_type_id"}]}
    matches = roomy.search("asset_type='media'", filter=asked)
    kinds = {one["type"] for one in roomy.search("asset_type='media'")["objects"]}
    assert [one["type"] for one in matches["objects"]] == list(
        dict.fromkeys(one["type"] for one in matches["objects"])
    )
    assert {one["type"] for one in matches["objects"]} == kinds
    assert matches["totalCount"] == len(kinds)


def test_a_group_by_an_unknown_field_is_refused(api: Api) -> None:
    """4005, as in a filter."""
    asked = {
        "objectType": SEARCH,
        "groupBy": [{"objectType": "KalturaAssetMetaOrTagGroupBy", "value": "nothing"}],
    }
    assert api.code("asset.count", filter=asked) == "4005"


# Channels, days, line-ups


def test_a_curated_channel_lists_its_assets(make: Make) -> None:
    """By its own filter or its own list, narrowed by a filter of the caller's."""
    api = log_in(make(deployment="roomy"))
    for channel in api("channel.list", pager={"pageSize": 100})["objects"]:
        asked = {"objectType": "KalturaChannelFilter", "idEqual": channel["id"]}
        listed = api("asset.list", filter=asked)
        narrowed = api("asset.list", filter=asked | {"kSql": "name ~ 'a'"})
        assert listed["totalCount"] >= narrowed["totalCount"]
        assert api("channel.get", id=channel["id"])["name"] == channel["name"]


def test_a_channel_that_is_not_there_is_refused(api: Api) -> None:
    """4064."""
    asked = {"objectType": "KalturaChannelFilter", "idEqual": 99}
    assert api.code("asset.list", filter=asked) == "4064"


def test_channels_are_found_by_name_and_id(roomy: Api) -> None:
    """Exactly, by the beginning, or by a list of ids."""
    channels = roomy("channel.list")["objects"]
    first = channels[0]

    def ids(**asked: Any) -> list[int]:
        given = {"objectType": "KalturaChannelsFilter", **asked}
        return [one["id"] for one in roomy("channel.list", filter=given)["objects"]]

    assert ids(idEqual=first["id"]) == [first["id"]]
    assert ids(idIn=f"{first['id']},99999") == [first["id"]]
    assert first["id"] in ids(nameEqual=first["name"].upper())
    assert first["id"] in ids(nameStartsWith=first["name"][:3])
    assert ids(nameEqual="no such channel") == []
    manual = next(one for one in channels if "mediaIds" in one)
    asset = int(manual["mediaIds"].split(",")[0])
    assert manual["id"] in ids(mediaIdEqual=asset)
    by_ksql = {"objectType": "KalturaChannelSearchByKsqlFilter", "kSql": "name~'a'"}
    assert roomy("channel.list", filter=by_ksql)["objects"] == []


def test_a_channel_that_is_a_draft_is_for_staff(make: Make) -> None:
    """Others neither see it nor its assets."""
    backend = make()
    staff, user = log_in(backend), log_in(backend, "user")
    draft = next(one for one in staff("channel.list")["objects"] if not one["isActive"])
    assert draft["id"] not in [one["id"] for one in user("channel.list")["objects"]]
    assert user.code("channel.get", id=draft["id"]) == "4064"


def test_a_day_of_a_channel_is_answered_whole(api: Api, world: World) -> None:
    """The programmes that start on it, in order, without a pager."""
    channel = int(world.epg.numbers["linear_media_id"][0])
    midnight = NOW - NOW % DAY
    asked = {"objectType": "KalturaEpgFilter", "liveAssetIdEqual": channel, "dateEqual": midnight}
    listed = api("epg.list", filter=asked)["objects"]
    starts = [one["startDate"] for one in listed]
    assert starts == sorted(starts)
    assert {one["objectType"] for one in listed} == {"KalturaEpg"}
    assert all(midnight <= start < midnight + DAY for start in starts)
    assert len(listed) > 10


def test_a_line_up_has_the_channels_by_number(roomy: Api) -> None:
    """With plain page arguments, of sizes that are prescribed."""
    page = roomy("lineup.get", pageIndex=1, pageSize=100)
    numbers = [one["lcn"] for one in page["objects"]]
    assert numbers == sorted(numbers)
    assert page["totalCount"] == len(numbers) > 0
    assert {one["objectType"] for one in page["objects"]} == {"KalturaLineupChannelAsset"}
    assert roomy("lineup.get", pageIndex=2, pageSize=100)["objects"] == []


def test_a_line_up_is_listed_by_region(api: Api) -> None:
    """Between two numbers, if asked."""
    region = api.backend.partner.records("KalturaRegion")[0]
    asked = {"objectType": "KalturaLineupRegionalChannelFilter", "regionIdEqual": region["id"]}
    whole = api("lineup.list", filter=asked)["objects"]
    numbers = [one["lcn"] for one in whole]
    some = asked | {"lcnGreaterThanOrEqual": numbers[1], "lcnLessThanOrEqual": numbers[2]}
    assert [one["lcn"] for one in api("lineup.list", filter=some)["objects"]] == numbers[1:3]
    named = asked | {"kSql": f"media_id='{whole[0]['id']}'"}
    assert [one["id"] for one in api("lineup.list", filter=named)["objects"]] == [whole[0]["id"]]
    assert api.code("lineup.list", filter=asked | {"regionIdEqual": 1}) == "1037"


def test_a_region_has_its_own_numbers_and_its_parents(api: Api) -> None:
    """A channel stands once, by the nearer number."""
    regions = api.backend.partner.records("KalturaRegion")
    child = next(one for one in regions if one.get("parentId"))
    parent = next(one for one in regions if one["id"] == child["parentId"])
    asked = {"objectType": "KalturaLineupRegionalChannelFilter", "regionIdEqual": child["id"]}
    numbers = {one["id"]: one["lcn"] for one in api("lineup.list", filter=asked)["objects"]}
    own = {one["linearChannelId"]: one["channelNumber"] for one in child["linearChannels"]}
    theirs = {one["linearChannelId"]: one["channelNumber"] for one in parent["linearChannels"]}
    assert numbers == theirs | own


def test_the_same_page_twice_is_the_same_bytes(api: Api) -> None:
    """Kept records are those that were made."""
    first, second = (api.search("asset_type='media'", size=50) for _ in range(2))
    assert first == second


def test_the_store_lets_go_before_it_grows_too_large(make: Make) -> None:
    """And what it serves stays right."""
    backend = make()
    api = log_in(backend)
    backend.partner.cache.limit = 20_000
    pages = [api.search("asset_type='media'", index=index) for index in (1, 2, 3)]
    assert backend.partner.cache.held <= 20_000
    assert [api.search("asset_type='media'", index=index) for index in (1, 2, 3)] == pages
