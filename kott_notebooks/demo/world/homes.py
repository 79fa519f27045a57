"""Households with their users and devices, the partner's staff, and the accounts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from kott_notebooks.demo.world import words
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.partner import BRANDS, LIMITATIONS, REGIONS, ROLE_NAMES
from kott_notebooks.demo.world.shelf import Record

DAY = 86_400
FIRST_HOUSEHOLD, FIRST_USER, FIRST_STAFF = 20_001, 600_001, 900
MAIL = "demo.kott.invalid"
PASSWORDS = {  # of the fixed accounts of the demo; valid nowhere else
    "operator": "popcorn-and-olives",
    "manager": "seven-blue-parrots",
    "administrator": "keys-of-the-lighthouse",
    "master": "sofa-remote-blanket",
    "user": "one-more-episode",
}
STAFF = ("operator", "manager", "administrator")
_HOMES = ("master", "user")  # fixed accounts that live in the first household
_APP_TOKENS = [
    ("demo-app-sha256", "4f1d6a0c9b7e", "SHA256"),
    ("demo-app-sha1", "a3c25e8871d4", "SHA1"),
    ("demo-app-md5", "77b0e61f2c9a", "MD5"),
    ("demo-app-sha512", "c8e94d130fa6", "SHA512"),
]


@dataclass(frozen=True)
class Account:
    """An account: a user who may log in, and every way to do so."""

    username: str
    password: str
    user_id: str
    household_id: int | None
    roles: tuple[str, ...]
    pin: str | None = None
    pin_secret: str | None = None
    app_tokens: tuple[tuple[str, str, str], ...] = ()  # id, token, hash type
    refresh_token: str | None = None
    access_token: str | None = None  # of the older TVP API; it serves as a ks


def homes(dice: Dice, now: int, households: int) -> dict[str, list[Record]]:
    """List households, their users and devices, and all users; staff have no household."""
    lists: dict[str, list[Record]] = {
        "KalturaHousehold": [_household(dice, now, at) for at in range(households)],
        "KalturaHouseholdUser": [],
        "KalturaHouseholdDevice": [],
        "KalturaOTTUser": [_employee(now, at, role) for at, role in enumerate(STAFF)],
    }
    for at, household in enumerate(lists["KalturaHousehold"]):
        users = list(_users(dice, now, at, household))
        master = users[0]["username"]
        lists["KalturaOTTUser"] += users
        lists["KalturaHouseholdUser"] += [_member(user, master) for user in users]
        lists["KalturaHouseholdDevice"] += _devices(dice, now, at, household)
    return lists


def _household(dice: Dice, now: int, at: int) -> Record:
    limits = 61 + dice.one("limitations", at, len(LIMITATIONS))
    _, devices, users, streams = LIMITATIONS[limits]
    created = now - (40 + dice.one("household since", at, 2_000)) * DAY
    surname = words.LAST_NAMES[dice.one("household name", at, len(words.LAST_NAMES))]
    return {
        "objectType": "KalturaHousehold",
        "id": FIRST_HOUSEHOLD + at,
        "name": f"{surname} {at + 1}",
        "description": "",
        "externalId": f"HH-{at + 1:06d}",
        "householdLimitationsId": limits,
        "devicesLimit": devices,
        "usersLimit": users,
        "concurrentLimit": streams,
        "regionId": 70 + dice.one("region", at, len(REGIONS)),
        "state": "ok",
        "isFrequencyEnabled": True,
        "frequencyNextDeviceAction": now - (1 + dice.one("next device", at, 300)) * DAY,
        "frequencyNextUserAction": now - (1 + dice.one("next user", at, 300)) * DAY,
        "restriction": "not_restricted",
        "createDate": created,
        "updateDate": created + dice.one("household changed", at, now - created),
    }


def _users(dice: Dice, now: int, at: int, household: Record) -> Iterator[Record]:
    """Make a household's users, the master first, at most one fewer than its limit."""
    count = 1 + dice.one("users", at, household["usersLimit"] - 1)
    for place in range(max(count, 2) if at == 0 else count):
        yield _user(dice, now, at, place, household)


def _user(dice: Dice, now: int, at: int, place: int, household: Record) -> Record:
    number = at * 10 + place
    first = words.FIRST_NAMES[dice.one("first name", number, len(words.FIRST_NAMES))]
    last = str(household["name"]).split(" ", 1)[0]
    name = f"{first}.{last}.{number + 1}"
    username = f"{_HOMES[place]}@{MAIL}" if at == 0 and place < 2 else f"{_plain(name)}@example.com"
    created = household["createDate"] + dice.one("user since", number, 30) * DAY
    return {
        "objectType": "KalturaOTTUser",
        "id": str(FIRST_USER + number),
        "username": username,
        "firstName": first,
        "lastName": last,
        "email": username,
        "externalId": f"U-{number + 1:06d}",
        "countryId": 1 + dice.one("user country", at, len(words.COUNTRIES)),
        "city": words.PLACES[dice.one("city", at, len(words.PLACES))][0],
        "address": f"{1 + at % 90} {words.NOUNS[at % len(words.NOUNS)][0].title()} Street",
        "phone": f"+00 555 {number:07d}",
        "householdId": household["id"],
        "isHouseholdMaster": place == 0,
        "roleIds": "1,2" if place == 0 else "1",
        "userState": "ok",
        "suspensionState": "NOT_SUSPENDED",
        "failedLoginCount": 0,
        "createDate": created,
        "updateDate": created,
        "lastLoginDate": now - dice.one("last login", number, 20 * DAY) - 60,
    }


def _plain(name: str) -> str:
    """Write a name as in a mail address: no capitals, no accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return plain.lower()


def _employee(now: int, at: int, role: str) -> Record:
    return {
        "objectType": "KalturaOTTUser",
        "id": str(FIRST_STAFF + at),
        "username": f"{role}@{MAIL}",
        "firstName": "Demo",
        "lastName": role.capitalize(),
        "email": f"{role}@{MAIL}",
        "externalId": f"staff-{at + 1}",
        "isHouseholdMaster": False,
        "roleIds": str(ROLE_NAMES.index(role)),
        "userState": "user_with_no_household",
        "suspensionState": "NOT_SUSPENDED",
        "failedLoginCount": 0,
        "createDate": now - 900 * DAY,
        "updateDate": now - 30 * DAY,
        "lastLoginDate": now - 2 * DAY,
    }


def _member(user: Record, master: str) -> Record:
    return {
        "objectType": "KalturaHouseholdUser",
        "householdId": user["householdId"],
        "userId": user["id"],
        "isMaster": user["isHouseholdMaster"],
        "householdMasterUsername": master,
        "status": "OK",
        "isDefault": user["isHouseholdMaster"],
    }


def _devices(dice: Dice, now: int, at: int, household: Record) -> Iterator[Record]:
    """Make a household's devices, at most one fewer than its limit; the first was used recently."""
    count = 1 + dice.one("devices", at, household["devicesLimit"] - 1)
    brands = list(BRANDS)
    for place in range(count):
        number = at * 20 + place
        brand = brands[dice.one("brand", number, len(brands))]
        name, family, maker = BRANDS[brand]
        idle = dice.one("last activity", number, 20 if place == 0 else 300) * DAY
        activated = household["createDate"] + dice.one("activated", number, 20) * DAY
        yield {
            "objectType": "KalturaHouseholdDevice",
            "householdId": household["id"],
            "udid": f"udid-{dice.one('udid', number, 1 << 32):08x}-{number:06d}",
            "name": f"{name} {place + 1}",
            "brandId": brand,
            "deviceFamilyId": family,
            "manufacturer": maker,
            "model": f"{name} model {1 + number % 4}",
            "externalId": f"D-{number + 1:06d}",
            "macAddress": ":".join(f"{part:02x}" for part in (2, *number.to_bytes(5, "big"))),
            "status": "ACTIVATED",
            "activatedOn": activated,
            "lastActivityTime": max(activated, now - idle - 3_600),
        }


def accounts(users: list[Record]) -> list[Account]:
    """List the accounts: one of each staff role, a household's master, and a user."""
    by_name = {user["username"]: user for user in users}
    return [
        _account(by_name[f"{name}@{MAIL}"], name, place)
        for place, name in enumerate(PASSWORDS)
        if f"{name}@{MAIL}" in by_name
    ]


def _account(user: Record, name: str, place: int) -> Account:
    return Account(
        username=user["username"],
        password=PASSWORDS[name],
        user_id=user["id"],
        household_id=user.get("householdId"),
        roles=(name,),
        pin=f"{1_000 + 1_111 * place}",
        pin_secret="demo" if name == "user" else None,
        app_tokens=tuple(_APP_TOKENS) if name == "operator" else (),
        refresh_token=f"demo-refresh-{name}",
        access_token=f"demo-access-{name}",
    )
