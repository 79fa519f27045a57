"""What is hidden of people, and what of keys."""

from __future__ import annotations

import pytest

from kott_notebooks import schema
from kott_notebooks.api import privacy


def test_the_same_text_hashes_alike_under_one_key_only() -> None:
    """So tables join, and nobody joins them with another's."""
    hide, other = privacy.hasher(b"key"), privacy.hasher(b"other")
    assert hide("ann") == hide("ann") != hide("Ann")
    assert hide("ann") != other("ann")
    assert len(hide("ann")) == 16


@pytest.mark.parametrize(
    ("cls", "found"),
    [
        ("KalturaHousehold", True),
        ("KalturaOTTUser", True),
        ("KalturaHouseholdDevice", True),
        ("KalturaLoginResponse", True),
        ("KalturaReport", True),
        ("KalturaLiveAsset", False),
        ("KalturaProgramAsset", False),
        ("KalturaNobodyKnows", False),
    ],
)
def test_classes_that_hold_something_are_known(cls: str, found: bool) -> None:
    """Also where it stands in an object inside."""
    assert privacy.sensitive(cls) is found


def test_objects_inside_are_searched() -> None:
    """A user in a login response is a user."""
    given = {
        "user": {"objectType": "KalturaOTTUser", "id": "7", "email": "ann@example.com"},
        "loginSession": {"ks": "djJ8-x", "expiry": 5},
    }
    clean = privacy.hidden(given, "KalturaLoginResponse", lambda text: "#")
    assert clean["user"] == {"objectType": "KalturaOTTUser", "id": "7", "email": "#"}
    assert clean["loginSession"] == {"ks": "***", "expiry": 5}


def test_maps_and_lists_are_searched() -> None:
    """Every text of personal dynamic data goes; its names stay."""
    given = [{"dynamicData": {"pets": {"objectType": "KalturaStringValue", "value": "rex"}}}]
    clean = privacy.hidden(given, "KalturaHouseholdDevice", lambda text: "#")
    assert clean == [{"dynamicData": {"pets": {"objectType": "KalturaStringValue", "value": "#"}}}]


def test_a_class_that_no_schema_lists_hides_what_its_list_s_class_would() -> None:
    """Servers send newer classes."""
    given = {"objectType": "KalturaHouseholdDeviceV2", "udid": "u", "householdId": 5}
    clean = privacy.hidden(given, "KalturaHouseholdDevice", lambda text: "#")
    assert clean == {"objectType": "KalturaHouseholdDeviceV2", "udid": "#", "householdId": 5}


def test_numbers_that_name_somebody_are_hidden_too() -> None:
    """A phone number may travel as one."""
    assert privacy.hidden({"phone": 12345}, "KalturaOTTUser", lambda text: "#") == {"phone": "#"}


def test_nothing_is_made_of_nothing() -> None:
    """An absent or empty text stays so: how many are filled can still be counted."""
    given = {"email": None, "phone": "", "city": "Athens"}
    clean = privacy.hidden(given, "KalturaOTTUser", lambda text: "#")
    assert clean == {"email": None, "phone": "", "city": "#"}


def test_secrets_are_masked_even_where_people_are_shown() -> None:
    """pii=True is about persons, not about keys."""
    clean = privacy.hidden({"token": "t", "id": "i"}, "KalturaAppToken", privacy.keep)
    assert clean == {"token": "***", "id": "i"}


def test_what_people_are_known_by_is_marked() -> None:
    """Names, mails, phones, addresses, udids: of users, households and devices."""
    assert {"username", "firstName", "lastName", "email", "phone", "address"} <= schema.personal(
        "KalturaOTTUser"
    )
    assert {"udid", "name", "macAddress", "externalId"} <= schema.personal("KalturaHouseholdDevice")
    assert {"name", "externalId"} <= schema.personal("KalturaHousehold")
    assert "householdMasterUsername" in schema.personal("KalturaHouseholdUser")
