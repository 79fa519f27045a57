"""What is hidden of people, and what of keys."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

from kott_notebooks import schema
from kott_notebooks.api import privacy
from kott_notebooks.api.secrets import Secret


def test_the_same_text_hashes_alike_under_one_key_only() -> None:
    """So tables join, and nobody joins them with another's."""
    hide, other = privacy.hasher(Secret("key")), privacy.hasher(Secret("other"))
    assert hide("ann") == hide("ann") != hide("Ann")
    assert hide("ann") != other("ann")
    assert len(hide("ann")) == 16


@pytest.mark.parametrize(
    ("cls", "expected"),
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
def test_classes_that_hold_something_are_known(cls: str, expected: bool) -> None:
    """Also where it stands in an object inside."""
    assert privacy.sensitive(cls) is expected


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


@pytest.mark.parametrize(
    ("cls", "given"),
    [
        ("KalturaSubscriptionEntitlement", {"deviceName": "canary", "deviceUdid": "canary"}),
        ("KalturaBillingTransaction", {"paymentMethodExtraDetails": "canary", "remarks": "canary"}),
        ("KalturaHouseholdPaymentMethod", {"details": "canary", "externalId": "canary"}),
        ("KalturaSearchHistory", {"name": "canary", "deviceId": "canary"}),
        ("KalturaUserLog", {"message": "canary"}),
        ("KalturaInboxMessage", {"message": "canary"}),
        ("KalturaAssetComment", {"writer": "canary"}),
        ("KalturaHousehold", {"nickname": "canary", "loyalty": {"card": "canary", "n": [12345]}}),
        ("KalturaOTTUser", {"secondPhone": 12345, "pets": ["canary"]}),
        ("KalturaCategoryItem", {"editor": {"objectType": "KalturaOTTUser", "email": "canary"}}),
        ("KalturaCategoryItem", {"by": [{"objectType": "KalturaHousehold", "name": "canary"}]}),
    ],
)
def test_personal_texts_of_every_class_are_replaced(cls: str, given: dict[str, Any]) -> None:
    """Unlisted ones in classes about persons too, and persons inside other objects."""
    clean = str(privacy.hidden({"objectType": cls, **given}, cls, lambda text: "#"))
    assert "canary" not in clean
    assert "12345" not in clean
    assert "#" in clean


@pytest.mark.parametrize(
    ("name", "value"), [("createDate", 7), ("isMaster", True), ("householdId", 5), ("status", "ON")]
)
def test_an_unlisted_property_that_is_known_elsewhere_as_harmless_stays(
    name: str, value: Any
) -> None:
    """Where some class has it as a number, a time, a flag or an enum, and none as personal."""
    given = {"objectType": "KalturaDeviceReport", name: value}
    assert name not in schema.properties("KalturaDeviceReport")
    assert privacy.hidden(given, "KalturaDeviceReport", lambda text: "#") == given


@pytest.mark.parametrize(
    ("cls", "given"),
    [
        *(
            (f"Kaltura{kind}", {"sharedSecret": "canary"})
            for kind in (
                *("CDNAdapterProfile", "CDVRAdapterProfile", "DrmProfile", "EngagementAdapter"),
                *("OSSAdapterProfile", "PaymentGatewayProfile", "PlaybackProfile"),
                *("RecommendationProfile", "SSOAdapterProfile", "SmsAdapterProfile"),
            )
        ),
        ("KalturaIngestProfile", {"transformationAdapterSharedSecret": "canary"}),
        ("KalturaIotClientConfiguration", {"password": "canary"}),
        ("KalturaIot", {"accessKey": "canary"}),
        ("KalturaIotProfileAws", {"accessKeyId": "canary"}),
        ("KalturaHouseholdCoupon", {"code": "canary"}),
        ("KalturaCoupon", {"couponCode": "canary"}),
        ("KalturaCDNAdapterProfile", {"settings": {"apiKey": {"value": "canary"}}}),
        ("KalturaAssetStruct", {"newPassword": "canary"}),
        ("KalturaNobodyKnows", {"inner": [{"refreshToken": "canary"}]}),
    ],
)
def test_credentials_of_every_class_are_masked(cls: str, given: dict[str, Any]) -> None:
    """Also under names that no schema lists, and where people are shown."""
    assert "canary" not in str(privacy.hidden(given, cls, privacy.unhidden))


def test_nothing_is_made_of_nothing() -> None:
    """An absent or empty text stays so: how many are filled can still be counted."""
    given = {"email": None, "phone": "", "city": "Athens"}
    clean = privacy.hidden(given, "KalturaOTTUser", lambda text: "#")
    assert clean == {"email": None, "phone": "", "city": "#"}


def test_secrets_are_masked_even_where_people_are_shown() -> None:
    """pii=True is about persons, not about keys."""
    clean = privacy.hidden({"token": "t", "id": "i"}, "KalturaAppToken", privacy.unhidden)
    assert clean == {"token": "***", "id": "i"}


WORDS = (
    "secret secrets token tokens password passwords passwd pwd key keys pin pins credential "
    "credentials udid udids mail email phone address ip mac username writer birthday zip "
    "firstname lastname surname devicename"
)
TEXTS = ("string", "object", "map", "array", "file")  # of numbers, flags and times none is either
HARMLESS = {
    "KalturaAnnouncement": {"mailTemplate", "mailSubject"},
    "KalturaDataEncryption": {"username"},  # how usernames are encrypted
    "KalturaDeviceDynamicDataCondition": {"key"},
    "KalturaDynamicData": {"key"},
    "KalturaDynamicKeysCondition": {"key"},
    "KalturaFilterFileByDynamicDataAction": {"key"},
    "KalturaGeneralPartnerConfig": {"mailSettings"},
    "KalturaHeaderCondition": {"key"},
    "KalturaIpRangeCondition": {"fromIP", "toIP"},  # of a rule, not of a person
    "KalturaIpV6RangeCondition": {"fromIP", "toIP"},
    "KalturaKeyValue": {"key"},
    "KalturaMediaFileDynamicData": {"mediaFileTypeKeyName"},
    "KalturaMediaFileType": {"dynamicDataKeys"},
    "KalturaMessageTemplate": {"mailTemplate", "mailSubject"},
    # the operator's own, from which its customers get mail
    "KalturaNotificationsPartnerSettings": {
        *("churnMailTemplateName", "churnMailSubject", "senderEmail", "mailSenderName"),
    },
    "KalturaOTTUserDynamicData": {"key"},
    "KalturaOpcPartnerConfiguration": {"resetPassword"},  # how one is reset
    "KalturaPlaybackProfile": {"adapterGrpcAddress"},
    "KalturaRegistryResponse": {"key"},
    "KalturaRegistrySettings": {"key"},
    "KalturaSSOAdapterProfile": {"adapterGrpcAddress"},
}


def looks_private(name: str) -> bool:
    """Return whether a word of a camel-case name looks like a credential or like personal data."""
    words = [one.lower() for one in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)]
    pairs = {first + second for first, second in itertools.pairwise(words)}
    return not {*words, *pairs}.isdisjoint(WORDS.split())


def test_names_are_looked_at_word_by_word() -> None:
    """`shipIn` has no pin in it."""
    private = ("macAddress", "lastAccessIP", "pinCode", "deviceName", "myDeviceName", "firstName")
    assert all(map(looks_private, private))
    assert not any(map(looks_private, ("shippingId", "ipsum", "keyboard", "name", "deviceBrandId")))


def test_every_property_that_looks_private_is_marked() -> None:
    """Or known to be harmless: a class that is new has to be looked at."""
    unmarked: dict[str, set[str]] = {}
    for cls in schema.data()["classes"]:
        marked = schema.personal(cls) | schema.secret(cls)
        names = {
            name
            for name, kind in schema.own_properties(cls).items()
            if kind.partition(":")[0] in TEXTS and looks_private(name) and name not in marked
        }
        if names and not schema.extends(cls, "KalturaFilter"):
            unmarked[cls] = names
    assert unmarked == HARMLESS


def test_what_people_are_known_by_is_marked() -> None:
    """Names, mails, phones, addresses, udids: of users, households and devices."""
    assert {"username", "firstName", "lastName", "email", "phone", "address"} <= schema.personal(
        "KalturaOTTUser"
    )
    assert {"udid", "name", "macAddress", "externalId"} <= schema.personal("KalturaHouseholdDevice")
    assert {"name", "externalId"} <= schema.personal("KalturaHousehold")
    assert "householdMasterUsername" in schema.personal("KalturaHouseholdUser")
