"""Lists to practise on: rows for every list that an analyst meets, consistent with one another."""

from __future__ import annotations

from typing import Any

import pytest

from kott_notebooks import schema
from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.backend.roles import LADDER, PERSONAL
from kott_notebooks.demo.catalogue import World

from .asking import NOW, Api, Clock, log_in
from .conftest import Make
from .test_backend_every_action import LISTS, WANTED, simplest


def asked(one: schema.Action) -> dict[str, Any]:
    """Give the plainest arguments that a list action takes."""
    arguments = {name: simplest(one.args[name]) for name in one.required}
    return arguments | WANTED.get(f"{one.service}.{one.name}", {})


@pytest.fixture(scope="module")
def admin(world: World) -> Api:
    """An administrator of a server with large pages."""
    return log_in(Backend(world, deployment="roomy", clock=Clock()), "administrator")


def objects(api: Api, name: str, **arguments: Any) -> list[dict[str, Any]]:
    """List the records of an action, which must not be refused."""
    answer = api(name, pager={"pageSize": 500}, **arguments)
    assert "objects" in answer, answer
    rows: list[dict[str, Any]] = answer["objects"]
    return rows


def test_an_administrator_has_rows_in_nearly_every_list(admin: Api) -> None:
    """At least 115 of the 126 list actions, each with its plainest arguments."""
    answers = {
        f"{one.service}.{one.name}": admin(f"{one.service}.{one.name}", **asked(one))
        for one in LISTS
    }
    empty = [name for name, answer in answers.items() if not answer.get("objects")]
    assert len(LISTS) == 126
    assert len(empty) <= 11, empty


@pytest.mark.parametrize("role", LADDER)
@pytest.mark.parametrize("deployment", ["strict", "old"])
def test_every_role_has_a_table_or_a_refusal(make: Make, role: str, deployment: str) -> None:
    """Every list answers rows, no rows, or an error with a message."""
    api = log_in(make(deployment=deployment), role)
    for one in LISTS:
        answer = api(f"{one.service}.{one.name}", **asked(one))
        assert "objects" in answer or answer["error"]["message"], one


@pytest.mark.parametrize("role", ["anonymous", "user", "operator"])
def test_personal_lists_are_for_whoever_they_belong_to(make: Make, role: str) -> None:
    """A user reads the own ones, an operator by acting for the user, nobody else any."""
    backend = make()
    api, user = log_in(backend, role), log_in(backend, "user")
    user_id = user("session.get")["userId"]
    for one in [one for one in LISTS if f"{one.service}.{one.name}".lower() in PERSONAL]:
        name = f"{one.service}.{one.name}"
        own = user(name, **asked(one))["objects"]
        assert own, name
        if role == "anonymous":
            assert api.code(name, **asked(one)) == "500004"
        elif role == "operator":
            assert api(name, **asked(one))["objects"] == []
            assert api(name, **asked(one), userId=user_id)["objects"] == own


def test_a_sample_refers_to_what_exists(world: World) -> None:
    """Ids of assets, households, users, channels and structs are those of the world."""
    known = {
        "assetId": {
            *world.media.ids.tolist(),
            *world.epg.ids.tolist(),
            *world.recordings.ids.tolist(),
        },
        "mediaId": set(world.media.ids.tolist()),
        "householdId": {one["id"] for one in world.objects["KalturaHousehold"]},
        "userId": {one["id"] for one in world.objects["KalturaOTTUser"]},
        "assetStructId": {one["id"] for one in world.objects["KalturaAssetStruct"]},
        "fileId": {one["id"] for one in world.objects["KalturaMediaFile"]},
        "assetFileId": {one["id"] for one in world.objects["KalturaMediaFile"]},
        "ppvModuleId": {int(one["id"]) for one in world.objects["KalturaPpv"]},
    }
    for cls, records in world.objects.items():
        for record in records:
            for name in known.keys() & record.keys():
                kept = {str(one) for one in known[name]}
                assert str(record[name]) in kept, (cls, name, record[name])


def test_a_sample_shows_every_property_of_its_class(world: World) -> None:
    """But for what the schema cannot say how to fill: abstract or deeply nested objects."""
    for cls in ("KalturaCouponsGroup", "KalturaParentalRule", "KalturaCDNAdapterProfile"):
        for record in world.objects[cls]:
            missing = schema.properties(cls).keys() - record.keys()
            shown = {f"multilingual{name[0].upper()}{name[1:]}" for name in missing}
            assert shown <= record.keys(), missing


def test_prices_of_files_are_found_by_file(admin: Api) -> None:
    """A file that is sold has a pay-per-view and its price, in the currency asked for."""
    sold = objects(admin, "assetFilePpv.list", filter={})
    file = sold[0]["assetFileId"]
    assert [
        one["assetFileId"]
        for one in objects(admin, "assetFilePpv.list", filter={"assetFileIdEqual": file})
    ] == [file]
    owner = next(
        one["assetId"] for one in objects(admin, "mediaFile.list", filter={}) if one["id"] == file
    )
    of_asset = objects(admin, "assetFilePpv.list", filter={"assetIdEqual": owner})
    assert [one["assetFileId"] for one in of_asset] == [file]
    prices = admin("productPrice.list", filter={"fileIdIn": str(file)}, currency="USD")["objects"]
    assert [(one["fileId"], one["productType"]) for one in prices] == [(file, "ppv")]
    assert prices[0]["ppvModuleId"] == str(sold[0]["ppvModuleId"])
    assert prices[0]["price"]["currency"] == "USD"


def test_pay_per_view_has_no_id_of_its_own(admin: Api) -> None:
    """Several entitlements of one household have the id 0, as the API gives them."""
    rows = objects(admin, "entitlement.list", filter={"productTypeEqual": "ppv"})
    assert {one["id"] for one in rows} == {0}
    households = [one["householdId"] for one in rows]
    assert max(households.count(one) for one in households) > 1


def test_one_channel_of_a_line_up_has_two_numbers(admin: Api) -> None:
    """On the islands, where the partner allows it; elsewhere each channel has one."""
    for region in admin.backend.partner.records("KalturaRegion"):
        rows = objects(admin, "lineup.list", filter={"regionIdEqual": region["id"]})
        numbers, channels = ([one[key] for one in rows] for key in ("lcn", "id"))
        assert len(set(numbers)) == len(numbers)
        assert len(numbers) - len(set(channels)) == (region["name"] == "Islands")


def test_finished_recordings_are_assets_of_their_household(make: Make) -> None:
    """`asset_type='recording'` finds them, npvr gets one; nobody else sees them."""
    backend = make()
    user = log_in(backend, "user")
    matches = user.search("asset_type='recording'")["objects"]
    recorded = {one["id"]: one for one in objects(user, "recording.list")}
    assert {one["objectType"] for one in matches} == {"KalturaRecordingAsset"}
    assert {one["id"] for one in matches} == {
        key for key, one in recorded.items() if one["status"] == "RECORDED"
    }
    one = matches[0]
    assert user("asset.get", id=str(one["id"]), assetReferenceType="npvr") == one
    programme = user("asset.get", id=one["epgId"], assetReferenceType="epg_internal")
    assert [one[name] for name in ("name", "startDate", "linearAssetId")] == [
        programme[name] for name in ("name", "startDate", "linearAssetId")
    ]
    for role in ("anonymous", "operator"):
        other = log_in(backend, role)
        assert other.search("asset_type='recording'")["totalCount"] == 0
        assert other.code("asset.get", id=str(one["id"]), assetReferenceType="npvr") == "4039"


def test_a_bundle_is_the_assets_of_its_channels(roomy: Api) -> None:
    """Those of a subscription's or a collection's channels, each once."""
    subscription = roomy("subscription.list")["objects"][0]
    wanted = {"objectType": "KalturaBundleFilter", "bundleTypeEqual": "subscription"}
    pager = {"pageSize": 500}
    bundle = roomy("asset.list", filter=wanted | {"idEqual": int(subscription["id"])}, pager=pager)
    ids = {one["id"] for one in bundle["objects"]}
    expected = set()
    for channel in subscription["channelsIds"].split(","):
        part = {"objectType": "KalturaChannelFilter", "idEqual": int(channel)}
        expected |= {one["id"] for one in roomy("asset.list", filter=part, pager=pager)["objects"]}
    assert ids == expected
    assert bundle["totalCount"] == len(ids) > 0


def test_a_search_in_words_finds_texts(roomy: Api) -> None:
    """asset.semanticSearch looks for the words in names and descriptions."""
    name = roomy.search("asset_type='media'")["objects"][0]["name"]
    matches = roomy("asset.semanticSearch", query=name, size=3)["objects"]
    assert name in [one["name"] for one in matches]
    assert len(matches) <= 3


def test_what_a_household_plans_lies_ahead(world: World) -> None:
    """Reminders are of programmes to come, favourites of assets on offer."""
    start = dict(zip(world.epg.ids.tolist(), world.epg.numbers["start_date"].tolist(), strict=True))
    assert all(start[one["assetId"]] > NOW for one in world.objects["KalturaReminder"])
    favourites = world.objects["KalturaFavorite"]
    rows = [world.media.row(one["assetId"]) for one in favourites]
    assert len(rows) == 15
    assert all(world.media.numbers["end_date"][row] > NOW for row in rows)
