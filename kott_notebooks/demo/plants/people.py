"""Defects of households, their users and devices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kott_notebooks.demo.plants.ledger import Defect, Victims, each
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.shelf import Record

HOUR = 3_600
_IDLE_HOME, _IDLE_DEVICE, _NEW = 180 * DAY, 365 * DAY, 30 * DAY
HOMES, DEVICES, USERS = "KalturaHousehold", "KalturaHouseholdDevice", "KalturaOTTUser"
MEMBERS = "KalturaHouseholdUser"


class People:
    """The households while defects are planted; the first, of the fixed accounts, has none."""

    def __init__(self, dice: Dice, now: int, objects: dict[str, list[Record]]) -> None:
        self.now = now
        self.objects = objects
        self.defects: list[Defect] = []
        self._homes = Victims(dice, "households", objects[HOMES][1:])
        self._of = {cls: _by_household(objects[cls]) for cls in (DEVICES, MEMBERS, USERS)}

    def home(self, fits: Callable[[Record], bool] = lambda home: True) -> Record:
        """Take a household without a defect."""
        return self._homes.take(fits)

    def of(self, home: Record, cls: str) -> list[Record]:
        """List a household's records of a class."""
        return self._of[cls].get(home["id"], [])

    def expect(self, rule: str, thing: str, what: str) -> None:
        """Note a defect of a household, a user or a device, by kind and id."""
        kind, _, of = thing.partition(" ")
        self.defects.append(Defect(rule, kind, of, what))

    def expect_home(self, rule: str, home: Record, what: str) -> None:
        """Note a defect of a household."""
        self.expect(rule, f"household {home['id']}", what)

    def add_device(self, home: Record) -> None:
        """Add a device to a household."""
        devices = self.of(home, DEVICES)
        number = len(self.objects[DEVICES])
        device = devices[-1] | {
            "udid": f"udid-more-{number:06d}",
            "externalId": f"D-MORE-{number:06d}",
            "name": f"One more {len(devices) + 1}",
            "macAddress": ":".join(f"{part:02x}" for part in (6, *number.to_bytes(5, "big"))),
        }
        devices.append(device)
        self.objects[DEVICES].append(device)

    def add_user(self, home: Record) -> None:
        """Add a user to a household."""
        users = self.of(home, USERS)
        number = len(self.objects[USERS])
        name = f"one.more.{number}@example.com"
        user = users[-1] | {
            "id": str(900_001 + number),
            "username": name,
            "email": name,
            "externalId": f"U-MORE-{number:06d}",
            "isHouseholdMaster": False,
            "roleIds": "1",
        }
        member = self.of(home, MEMBERS)[-1] | {
            "userId": user["id"],
            "isMaster": False,
            "isDefault": False,
        }
        for cls, one in ((USERS, user), (MEMBERS, member)):
            self.of(home, cls).append(one)
            self.objects[cls].append(one)


def _by_household(records: list[Record]) -> dict[Any, list[Record]]:
    by_household: dict[Any, list[Record]] = {}
    for one in records:
        by_household.setdefault(one.get("householdId"), []).append(one)
    return by_household


def limits(on: People) -> None:
    """Fill households up to a limit, and over it; zero means no limit."""
    plants = (
        (DEVICES, "devicesLimit", on.add_device, "devices"),
        (USERS, "usersLimit", on.add_user, "users"),
    )
    for cls, limit, add, word in plants:
        for over in (0, 1, 1, 3, 0, 1):
            home = on.home()
            while len(on.of(home, cls)) < home[limit] + over:
                add(home)
            many = f"It has {home[limit] + over} {word}, and may have {home[limit]}."
            rule = f"household.over_{word}" if over else "household.at_limit"
            on.expect_home(rule, home, many)
        on.home()[limit] = 0


def both_limits(on: People) -> None:
    """Let a household have too many devices, and as many users as it may, and no master."""
    home = on.home()
    while len(on.of(home, DEVICES)) <= home["devicesLimit"]:
        on.add_device(home)
    while len(on.of(home, USERS)) < home["usersLimit"]:
        on.add_user(home)
    on.expect_home("household.over_devices", home, "It has a device too many.")
    on.expect_home("household.at_limit", home, "It has as many users as it may have.")
    _remove_master(on, home)


def no_master(on: People) -> None:
    """Make the master a plain user."""
    for _ in range(3):
        _remove_master(on, on.home())


def _remove_master(on: People, home: Record) -> None:
    for member in on.of(home, MEMBERS):
        member["isMaster"] = False
    for user in on.of(home, USERS):
        user |= {"isHouseholdMaster": False, "roleIds": "1"}
    on.expect_home("household.no_master", home, "None of its users is its master.")


def empty(on: People) -> None:
    """Remove all users."""
    for _ in range(3):
        home = on.home()
        home["state"] = "no_users_in_household"
        for cls in (MEMBERS, USERS):
            gone = {id(one) for one in on.of(home, cls)}
            on.objects[cls][:] = [one for one in on.objects[cls] if id(one) not in gone]
            on.of(home, cls).clear()
        on.expect_home("household.empty", home, "It has no users.")


def suspended(on: People) -> None:
    """Suspend households; one that is pending is not."""
    for state in ("suspended", "suspended", "suspended", "pending"):
        home = on.home()
        home["state"] = state
        if state == "suspended":
            on.expect_home("household.suspended", home, "It is suspended.")


def idle(on: People) -> None:
    """Let all devices of a household be idle for half a year, or an hour less; or for longer."""
    for rest in (_IDLE_HOME - HOUR, _IDLE_HOME + HOUR, 200 * DAY, _IDLE_DEVICE + HOUR):
        home = on.home()
        for device in on.of(home, DEVICES):
            _rest(on, device, rest)
        if rest > _IDLE_HOME:
            on.expect_home("household.idle", home, f"No device was used for {rest // DAY} days.")


def idle_devices(on: People) -> None:
    """Let one device of several be idle for a year, or an hour less."""
    for rest in (_IDLE_DEVICE - HOUR, _IDLE_DEVICE + HOUR, 500 * DAY, 1_000 * DAY):
        home = on.home(lambda home: len(on.of(home, DEVICES)) > 1)
        _rest(on, on.of(home, DEVICES)[-1], rest)


def _rest(on: People, device: Record, rest: int) -> None:
    last = on.now - rest
    device |= {"lastActivityTime": last, "activatedOn": min(device["activatedOn"], last)}
    if rest > _IDLE_DEVICE:
        what = f"It was not used for {rest // DAY} days."
        on.expect("device.idle", f"device {device['udid']}", what)


def shared_udids(on: People) -> None:
    """Let a device be in two households or three; twice in one household is no finding."""
    for number in (2, 2, 3):
        homes = [on.home() for _ in range(number)]
        udid = on.of(homes[0], DEVICES)[0]["udid"]
        for home in homes[1:]:
            on.of(home, DEVICES)[0]["udid"] = udid
        on.expect("device.duplicate_udid", f"device {udid}", f"It stands in {number} households.")
    home = on.home(lambda home: len(on.of(home, DEVICES)) > 1)
    first, second, *_ = on.of(home, DEVICES)
    second["udid"] = first["udid"]


def locks(on: People) -> None:
    """Let the next allowed change lie in the future, or an hour ago."""
    device, user = "frequencyNextDeviceAction", "frequencyNextUserAction"
    for keys, later in (
        ((device,), HOUR),
        ((user,), DAY),
        ((device, user), 20 * DAY),
        ((user,), -HOUR),
    ):
        home = on.home()
        home |= dict.fromkeys(keys, on.now + later)
        if later > 0:
            what = f"The next change is allowed in {later // HOUR} hours."
            on.expect_home("household.frequency_lock", home, what)


def never_logged_in(on: People) -> None:
    """Remove the last login of users who were created 30 days ago, or an hour less."""
    for age in (_NEW - HOUR, _NEW + HOUR, 31 * DAY, 400 * DAY):
        user = on.of(on.home(), USERS)[0]
        del user["lastLoginDate"]
        user |= {"createDate": on.now - age, "updateDate": on.now - age}
        if age > _NEW:
            what = f"Made {age // DAY} days ago, and never logged in."
            on.expect("user.never_logged_in", f"user {user['id']}", what)


PLANTS = (
    limits,
    both_limits,
    no_master,
    empty,
    suspended,
    idle,
    idle_devices,
    shared_udids,
    locks,
    never_logged_in,
)


def plant_people(dice: Dice, now: int, objects: dict[str, list[Record]]) -> list[Defect]:
    """Plant all defects of households, and list them."""
    on = People(dice, now, objects)
    each(PLANTS, on)
    return on.defects
