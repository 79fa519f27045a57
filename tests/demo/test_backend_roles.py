"""Who may do what: actions, arguments, properties, other people's data."""

from __future__ import annotations

from typing import Any

import pytest

from kott_notebooks import schema

from .asking import log_in
from .conftest import Make

LADDER = ("anonymous", "user", "master", "operator", "manager", "administrator")


def action(name: str, *, excluded: bool = False) -> dict[str, Any]:
    """Make a permission item of an action."""
    service, _, of = name.partition(".")
    return {
        "objectType": "KalturaApiActionPermissionItem",
        "service": service,
        "action": of,
        "isExcluded": excluded,
    }


@pytest.mark.parametrize("role", LADDER)
def test_every_role_reads_the_catalogue(make: Make, role: str) -> None:
    """Assets, channels and labels are for all."""
    api = log_in(make(), role)
    assert api("asset.list", pager={"pageSize": 1})["totalCount"] > 0
    assert api("assetStruct.list")["totalCount"] > 0


@pytest.mark.parametrize(
    ("name", "lowest"),
    [
        ("household.get", "user"),
        ("householdUser.list", "user"),
        ("householdDevice.list", "user"),
        ("entitlement.list", "user"),
        ("household.list", "operator"),
        ("campaign.list", "operator"),
    ],
)
def test_an_action_is_forbidden_below_its_rung(make: Make, name: str, lowest: str) -> None:
    """500004 comes before any look at the arguments."""
    backend = make(deployment="roomy")
    for role in LADDER:
        refused = log_in(backend, role)(name).get("error", {}).get("code") == "500004"
        assert refused is (LADDER.index(role) < LADDER.index(lowest))


def test_every_write_is_forbidden_to_everybody(make: Make) -> None:
    """The demo answers 500004 to all that would change it, and to reads that it has not."""
    api = log_in(make(), "administrator")
    answered = {"get", "count", "login", "anonymousLogin", "loginWithPin", "logout", "ping"}
    answered |= {"startSession", "revoke", "switchUser", "getTime", "getVersion"}
    answered |= {"getPlaybackContext", "getEpgDetails", "getVodAssetResult"}
    for one in schema.actions():
        if not one.items and one.name not in answered | {"getCurrentPermissions"}:
            assert api.code(f"{one.service}.{one.name}") == "500004"


@pytest.mark.parametrize("role", ["anonymous", "user", "master"])
def test_media_that_are_not_on_offer_are_for_staff(make: Make, role: str) -> None:
    """Inactive, expired and not yet started ones are neither listed, counted nor got."""
    backend = make(deployment="roomy")
    staff, other = log_in(backend), log_in(backend, role)
    everything = set(staff.ids("asset_type='media'"))
    offered = set(other.ids("asset_type='media'"))
    hidden = {one for _, one in everything - offered}
    now = backend.partner.now
    records = {one["id"]: one for one in staff.search("asset_type='media'")["objects"]}
    assert hidden == {
        number
        for number, one in records.items()
        if not (one["status"] and one["startDate"] <= now < one["endDate"])
    }
    got = {"id": str(min(hidden)), "assetReferenceType": "media"}
    assert staff("asset.get", **got)["id"] == min(hidden)
    assert other.code("asset.get", **got) == "4039"


def test_a_household_is_ones_own(make: Make) -> None:
    """Users see theirs, by its id or without; staff see any."""
    backend = make()
    user, staff = log_in(backend, "user"), log_in(backend)
    own = user("household.get")
    assert user("household.get", id=own["id"]) == own
    known = [one["id"] for one in backend.partner.households]
    other = next(one for one in known if one != own["id"])
    assert user.code("household.get", id=other) == "500028"
    assert user.code("householdDevice.list", filter={"householdIdEqual": other}) == "500028"
    assert staff("household.get", id=other)["id"] == other
    assert staff.code("household.get") == "1005"


def test_staff_may_act_for_somebody(make: Make) -> None:
    """`userId` makes that user's household the caller's own."""
    backend = make()
    user, staff = log_in(backend, "user"), log_in(backend)
    number = user("session.get")["userId"]
    assert staff("household.get", userId=number) == user("household.get")
    assert staff("ottUser.get", userId=number)["id"] == number
    assert staff.code("household.get", userId="no-such-user") == "2000"


def test_others_act_for_nobody_but_themselves(make: Make) -> None:
    """Not even to read what is for all."""
    backend = make()
    user, master = log_in(backend, "user"), log_in(backend, "master")
    assert user.code("asset.list", userId=master("session.get")["userId"]) == "500004"
    assert "totalCount" in user("asset.list", userId=user("session.get")["userId"])


def test_a_user_sees_nobody_else_in_the_list_of_users(make: Make) -> None:
    """Staff see all, and never more than 500."""
    backend = make()
    user, staff = log_in(backend, "user"), log_in(backend)
    assert [one["id"] for one in user("ottUser.list")["objects"]] == [user("session.get")["userId"]]
    assert len(staff("ottUser.list")["objects"]) > 40


def test_a_custom_role_has_the_actions_that_it_was_given(make: Make) -> None:
    """And no others; an excluded one is taken away from a whole service."""
    items = [action("asset.*"), action("meta.list"), action("asset.count", excluded=True)]
    api = log_in(make(roles={"reader": items}), "reader")
    assert api("asset.list")["totalCount"] > 0
    assert api("meta.list")["totalCount"] > 0
    assert api.code("tag.list") == "500004"
    assert api.code("asset.count") == "500004"
    assert api.code("asset.delete", id=1, assetReferenceType="media") == "500004"


def test_a_property_may_be_hidden_from_a_role(make: Make) -> None:
    """It is missing from every record, of subclasses too, and may not be sent."""
    hidden = {
        "objectType": "KalturaApiParameterPermissionItem",
        "object": "KalturaAsset",
        "parameter": "description",
        "action": "READ",
        "isExcluded": True,
    }
    backend = make(deployment="roomy", roles={"blind": [action("asset.*"), hidden]})
    seen = log_in(backend, "blind").search("asset_type='media'")["objects"]
    whole = log_in(backend).search("asset_type='media'")["objects"]
    assert any("description" in one for one in whole)
    assert not any("description" in one for one in seen)
    assert all("name" in one for one in seen)
    every = log_in(backend, "blind").search("asset_type='media'", language="*")["objects"]
    assert not any("multilingualDescription" in one for one in every)


def test_a_property_of_a_filter_may_be_forbidden(make: Make) -> None:
    """500051."""
    hidden = {
        "objectType": "KalturaApiParameterPermissionItem",
        "object": "KalturaSearchAssetFilter",
        "parameter": "kSql",
        "action": "ALL",
        "isExcluded": True,
    }
    api = log_in(make(roles={"blind": [action("asset.*"), hidden]}), "blind")
    asked = {"objectType": "KalturaSearchAssetFilter", "kSql": "name~'a'"}
    assert api.code("asset.list", filter=asked) == "500051"


def test_an_argument_may_be_forbidden(make: Make) -> None:
    """500052."""
    barred = {
        "objectType": "KalturaApiArgumentPermissionItem",
        "service": "asset",
        "action": "list",
        "parameter": "pager",
        "isExcluded": True,
    }
    api = log_in(make(roles={"hasty": [action("asset.list"), barred]}), "hasty")
    assert "totalCount" in api("asset.list")
    assert api.code("asset.list", pager={"pageSize": 1}) == "500052"


def test_permissions_can_be_asked_for(make: Make) -> None:
    """As a comma list of actions."""
    api = log_in(make(), "user")
    assert "household.get" in api("permission.getCurrentPermissions").split(",")
