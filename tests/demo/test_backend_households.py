"""Households, users, devices: found by id, by external id, all of them where that is allowed."""

from __future__ import annotations

from .asking import Api, log_in
from .conftest import Make


def test_a_household_is_got_by_its_id(api: Api) -> None:
    """An id may be text; one that is not there is 1006."""
    household = api.backend.partner.households[0]
    assert api("household.get", id=str(household["id"]))["externalId"] == household["externalId"]
    assert api.code("household.get", id=1) == "1006"


def test_a_household_is_found_by_its_external_id(api: Api) -> None:
    """None found is an empty list."""
    household = api.backend.partner.households[3]
    matches = api("household.list", filter={"externalIdEqual": household["externalId"]})
    assert [one["id"] for one in matches["objects"]] == [household["id"]]
    assert api("household.list", filter={"externalIdEqual": "none"})["totalCount"] == 0


def test_a_strict_server_does_not_list_all_households(api: Api) -> None:
    """An external id is missing, it says."""
    assert api.code("household.list", filter={}) == "500053"
    assert api.code("household.list", filter={"externalIdEqual": ""}) == "500053"


def test_a_roomy_server_lists_all_households(roomy: Api) -> None:
    """In pages, the newest first if asked."""
    asked = {"objectType": "KalturaHouseholdFilter", "orderBy": "CREATE_DATE_DESC"}
    page = roomy("household.list", filter=asked, pager={"pageSize": 30, "pageIndex": 1})
    rest = roomy("household.list", filter=asked, pager={"pageSize": 30, "pageIndex": 2})
    dates = [one["createDate"] for one in page["objects"] + rest["objects"]]
    assert dates == sorted(dates, reverse=True)
    assert page["totalCount"] == len(dates) == len(roomy.backend.partner.households)


def test_members_are_listed_by_household(api: Api) -> None:
    """Users and devices say whose they are; an unknown household is 1006."""
    for name in ("householdUser.list", "householdDevice.list"):
        for household in api.backend.partner.households[:5]:
            matches = api(name, filter={"householdIdEqual": household["id"]})
            assert matches["totalCount"] == len(matches["objects"])
            assert {one["householdId"] for one in matches["objects"]} <= {household["id"]}
        assert api.code(name, filter={"householdIdEqual": 1}) == "1006"


def test_devices_are_found_by_family(api: Api) -> None:
    """A comma list of families."""
    devices = api.backend.partner.records("KalturaHouseholdDevice")
    home, family = devices[0]["householdId"], devices[0]["deviceFamilyId"]
    asked = {"householdIdEqual": home, "deviceFamilyIdIn": f"{family},99999"}
    matches = api("householdDevice.list", filter=asked)["objects"]
    assert {one["udid"] for one in matches} == {
        one["udid"]
        for one in devices
        if one["householdId"] == home and one["deviceFamilyId"] == family
    }


def test_ones_own_members_need_no_filter(make: Make) -> None:
    """A user is told about the household that he or she lives in."""
    user = log_in(make(), "user")
    home = user("household.get")["id"]
    listed = user("householdUser.list")["objects"]
    assert {one["householdId"] for one in listed} == {home}
    assert user("session.get")["userId"] in {one["userId"] for one in listed}


def test_users_are_found_by_name_mail_and_id(api: Api) -> None:
    """By one property or several."""
    user = api.backend.partner.records("KalturaOTTUser")[5]
    for asked in (
        {"usernameEqual": user["username"]},
        {"idIn": f"{user['id']},99999999"},
        {"idIn": user["id"], "usernameEqual": user["username"]},
    ):
        matches = api("ottUser.list", filter=asked)["objects"]
        assert [one["id"] for one in matches] == [user["id"]]


def test_many_households_come_in_one_multirequest(api: Api) -> None:
    """One that is not there stands as an error in its place."""
    ids = [one["id"] for one in api.backend.partner.households[:3]]
    results = api.many(*({"call": "household.get", "id": one} for one in [*ids, 1]))
    assert [one.get("id") for one in results] == [*ids, None]
    assert results[-1]["error"]["code"] == "1006"
