"""The small lists: labels, roles, ingests, what is for sale, what belongs to whom."""

from __future__ import annotations

from typing import Any

import pytest

from kott_notebooks import schema

from .asking import NOW, Api, log_in
from .conftest import Make

DAY = 86_400


def listed(api: Api, name: str, **given: Any) -> list[dict[str, Any]]:
    """List by a filter's properties, through one page that is large enough."""
    action = schema.action(*name.split("."))
    assert action
    cls = given.pop("cls", action.args.get("filter", "").partition(":")[2].removesuffix("?"))
    asked = {"filter": {"objectType": cls, **given}} if given or "filter" in action.required else {}
    pager = {"pager": {"pageSize": 500}} if action.pager else {}
    objects: list[dict[str, Any]] = api(name, **asked, **pager)["objects"]
    return objects


# Labels


def test_labels_are_in_the_language_of_the_request(api: Api) -> None:
    """A struct's name is translated; `*` gives every language."""
    english, french = (
        api("assetStruct.list", language=language)["objects"][0]["name"]
        for language in ("eng", "fra")
    )
    assert (english, french) == ("Movie", "Film")
    every = api("assetStruct.list", language="*")["objects"][0]["multilingualName"]
    assert {one["language"] for one in every} == {"eng", "fra", "ell"}


def test_metas_are_listed_by_struct(api: Api) -> None:
    """Those whose ids the struct names; an unknown struct is 4028."""
    for struct in listed(api, "assetStruct.list"):
        metas = listed(api, "meta.list", cls="KalturaMetaFilter", assetStructIdEqual=struct["id"])
        assert {one["id"] for one in metas} == set(struct["metaIds"].split(","))
    assert api.code("meta.list", filter={"assetStructIdEqual": 1}) == "4028"


def test_structs_are_listed_by_meta(api: Api) -> None:
    """The other way round."""
    matches = listed(api, "assetStruct.list", cls="KalturaAssetStructFilter", metaIdEqual=501)
    assert matches
    assert all("501" in one["metaIds"].split(",") for one in matches)


def test_tags_are_found_by_type_and_beginning(roomy: Api) -> None:
    """In the language of the request."""
    tags = listed(roomy, "tag.list")
    kind = tags[0]["type"]
    of_kind = [one["tag"] for one in tags if one["type"] == kind]
    assert [one["tag"] for one in listed(roomy, "tag.list", typeEqual=kind)] == of_kind
    begun = listed(roomy, "tag.list", typeEqual=kind, tagStartsWith="dR")
    assert [one["tag"] for one in begun] == [one for one in of_kind if one.startswith("Dr")]


@pytest.mark.parametrize(
    ("name", "given", "count"),
    [
        ("country.list", {"idIn": "1,3"}, 2),
        ("country.list", {"ipEqual": "127.0.0.1"}, 0),  # no record has one
        ("language.list", {"codeIn": "fra,xxx"}, 1),
        ("currency.list", {"codeIn": "EUR"}, 1),
        ("deviceBrand.list", {"deviceFamilyIdEqual": 1}, 2),
        ("deviceFamily.list", {"nameEqual": "mobile"}, 1),
        ("imageType.list", {"idIn": "11"}, 1),
        ("userRole.list", {"idIn": "0,3"}, 2),
        ("userRole.list", {"currentUserRoleIdsContains": True}, 1),
    ],
)
def test_a_filter_says_by_its_names_what_it_does(
    api: Api, name: str, given: dict[str, Any], count: int
) -> None:
    """`In` takes a comma list, `Equal` a value; case does not count."""
    assert len(listed(api, name, **given)) == count


def test_regions_are_found_by_place_and_channel(roomy: Api) -> None:
    """The default one, those on top, those that have a channel, the children of one."""
    regions = listed(roomy, "region.list", cls="KalturaRegionFilter")
    top = next(one for one in regions if not one.get("parentId"))
    child = next(one for one in regions if one.get("parentId"))

    def ids(**given: Any) -> set[int]:
        return {one["id"] for one in listed(roomy, "region.list", **given)}

    region = {"cls": "KalturaRegionFilter"}
    assert ids(**region, parentOnly=True) == {
        one["id"] for one in regions if not one.get("parentId")
    }
    assert child["id"] in ids(**region, parentIdEqual=top["id"])
    assert ids(**region, externalIdIn=child["externalId"]) == {child["id"]}
    channel = child["linearChannels"][0]["linearChannelId"]
    assert child["id"] in ids(**region, liveAssetIdEqual=channel)
    assert ids(cls="KalturaDefaultRegionFilter") == {
        one["id"] for one in regions if one["isDefault"]
    }


def test_permissions_are_those_of_a_role(make: Make) -> None:
    """Or of whoever asks."""
    backend = make()
    staff = log_in(backend)
    cls = "KalturaPermissionFilter"
    of_users = {one["name"] for one in listed(staff, "permission.list", cls=cls, roleIdIn=1)}
    own = listed(staff, "permission.list", cls=cls, currentUserPermissionsContains=True)
    assert of_users < {one["name"] for one in own}


def test_lists_are_ordered_as_their_filter_says(roomy: Api) -> None:
    """By name, or by a date; an order that the filter does not know is refused."""
    cls = "KalturaChannelsFilter"
    assert roomy.code("channel.list", filter={"objectType": cls, "orderBy": "SIZE_ASC"}) == "500041"
    countries = listed(roomy, "country.list", orderBy="NAME_ASC")
    assert [one["name"] for one in countries] == sorted(one["name"] for one in countries)


def test_small_lists_are_paged_too(api: Api) -> None:
    """Where the action has a pager."""
    pages = [
        api("tag.list", pager={"pageSize": 10, "pageIndex": index})["objects"]
        for index in range(1, 7)
    ]
    ids = [one["id"] for page in pages for one in page]
    assert len(set(ids)) == len(ids) == api("tag.list")["totalCount"]
    assert pages[-1] == []


def test_ingests_are_found_by_either_filter(roomy: Api) -> None:
    """And what the last one brought is remembered."""
    ingests = listed(roomy, "ingestStatus.getEpgList")
    last = max(one["ingestId"] for one in ingests)
    by_id = roomy("ingestStatus.getEpgList", idsFilter={"ingestIdIn": f"{last},1"})
    assert [one["ingestId"] for one in by_id["objects"]] == [last]
    since = {"filter": {"createdDateGreaterThan": NOW - 3 * DAY}}
    assert len(roomy("ingestStatus.getEpgList", **since)["objects"]) == 2
    brought = roomy("ingestStatus.getEpgProgramResultList", ingestId=last)
    assert brought["totalCount"] > 0
    assert roomy("ingestStatus.getEpgProgramResultList", ingestId=last - 1)["totalCount"] == 0
    assert roomy.code("ingestStatus.getEpgProgramResultList", ingestId=1) == "500055"


# Offers


def amounts(api: Api, **parameters: Any) -> list[tuple[str, float]]:
    """Give the currency and amount of every product's price."""
    given = {"objectType": "KalturaProductPriceFilter"}
    matches = api("productPrice.list", filter=given, **parameters)["objects"]
    return [(one["price"]["currency"], one["price"]["amount"]) for one in matches]


def test_prices_are_in_the_currency_of_the_request(api: Api) -> None:
    """The sign and the amount change with it."""
    euros, dollars = amounts(api), amounts(api, currency="USD")
    assert {code for code, _ in euros} == {"EUR"}
    assert {code for code, _ in dollars} == {"USD"}
    assert [amount for _, amount in dollars] == [round(amount * 1.1, 2) for _, amount in euros]


def test_prices_inside_offers_change_too(api: Api) -> None:
    """However deep they lie."""
    price = api("subscription.list", currency="GBP")["objects"][0]["price"]["price"]
    assert (price["currency"], price["currencySign"]) == ("GBP", "£")


def test_prices_are_found_by_product(api: Api) -> None:
    """By the list of its kind."""
    one = api("productPrice.list", filter={"subscriptionIdIn": "1002"})["objects"]
    assert [price["productId"] for price in one] == ["1002"]
    assert api("productPrice.list", filter={"collectionIdIn": "1002"})["totalCount"] == 0


def test_offers_are_found_by_id_name_and_channel(roomy: Api) -> None:
    """A subscription opens channels."""
    offers = listed(roomy, "subscription.list")
    last = offers[-1]
    assert listed(roomy, "subscription.list", subscriptionIdIn=last["id"]) == [last]
    assert listed(roomy, "subscription.list", nameContains="PREM") == [last]
    channel = int(last["channelsIds"].split(",")[-1])
    opening = listed(roomy, "subscription.list", channelIdEqual=channel)
    assert [one["id"] for one in opening] == [last["id"]]


# What belongs to somebody


def test_entitlements_are_those_of_the_user_or_the_household(make: Make) -> None:
    """A member of the household has what its master bought only by the household."""
    backend = make()
    master, user = log_in(backend, "master"), log_in(backend, "user")
    own = listed(master, "entitlement.list", entityReferenceEqual="user")
    assert {one["userId"] for one in own} == {master("session.get")["userId"]}
    assert listed(user, "entitlement.list", entityReferenceEqual="user") == []
    shared = listed(user, "entitlement.list", entityReferenceEqual="household")
    assert shared == own
    assert listed(master, "entitlement.list", productTypeEqual="ppv") == []
    assert listed(master, "entitlement.list", isExpiredEqual=True) == []


@pytest.mark.parametrize(
    "name", ["transactionHistory.list", "recording.list", "assetHistory.list", "bookmark.list"]
)
def test_what_was_paid_recorded_and_watched_is_ones_own(make: Make, name: str) -> None:
    """Another household has nothing, and staff see it by acting for the user."""
    backend = make()
    user, staff = log_in(backend, "user"), log_in(backend)
    own = listed(user, name)
    assert own
    assert listed(staff, name) == []
    number = user("session.get")["userId"]
    given: dict[str, Any] = {"filter": {}} if name == "bookmark.list" else {}
    assert staff(name, userId=number, **given)["totalCount"] == len(own)


def test_history_is_narrowed_by_state_days_and_assets(make: Make) -> None:
    """Done or in progress, of late, or what KSQL finds."""
    user = log_in(make(deployment="roomy"), "user")
    whole = listed(user, "assetHistory.list")
    done = listed(user, "assetHistory.list", statusEqual="done")
    progress = listed(user, "assetHistory.list", statusEqual="progress")
    assert len(done) + len(progress) == len(whole)
    assert len(listed(user, "assetHistory.list", daysLessThanOrEqual=5)) == 5
    one = whole[0]["assetId"]
    matches = listed(user, "assetHistory.list", kSql=f"media_id='{one}'")
    assert [row["assetId"] for row in matches] == [one]
    assert user.code("assetHistory.list", filter={"kSql": "nothing='1'"}) == "4005"


def test_recordings_are_found_by_state_and_programme(make: Make) -> None:
    """`statusIn` takes a list; KSQL is about the programme."""
    user = log_in(make(deployment="roomy"), "user")
    made = listed(user, "recording.list", statusIn="RECORDED,FAILED")
    assert made
    assert {one["status"] for one in made} == {"RECORDED"}
    wanted = f"epg_id='{made[0]['assetId']}'"
    assert [one["id"] for one in listed(user, "recording.list", kSql=wanted)] == [made[0]["id"]]
