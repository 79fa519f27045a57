"""Households, their users and devices: the own household for users, all for staff."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kott_notebooks.demo.backend.lists import listed, matching, ordered
from kott_notebooks.demo.backend.partner import Call, Handler, Record
from kott_notebooks.demo.backend.refusals import Refusal

USERS_MAX = 500  # ottUser.list has no pager, and returns no more rows


def get_household(call: Call) -> dict[str, Any]:
    """Answer the household of an id, or the caller's own."""
    return call.view.item(_household(call, call.arguments.get("id")))


def _household(call: Call, wanted: int | None) -> Record:
    own = wanted is None
    if own:
        wanted = call.household_id()
    elif not call.role.is_staff and wanted != call.household_id():
        raise Refusal("HouseholdForbidden", id=wanted)
    household = call.partner.find("KalturaHousehold", "id", wanted)
    if household is None:
        raise Refusal("DomainNotExists", id=wanted)
    return household


def list_households(call: Call) -> dict[str, Any]:
    """List households by external id; all of them where the deployment allows it."""
    given = call.filter()
    if not given.get("externalIdEqual") and not call.partner.deployment.lists_households:
        raise Refusal("MissingParameter", parameter="filter.externalIdEqual")
    asked = {name: value for name, value in given.items() if value != ""}
    return call.paged(ordered(call, matching(call, call.partner.households, asked), given))


def _members(cls: str) -> Handler:
    """Make the action that lists a household's users, or its devices."""

    def members(call: Call) -> Iterable[Record]:
        if call.sees_everybody and "householdIdEqual" not in call.filter():
            return call.partner.records(cls)
        household = _household(call, call.filter().get("householdIdEqual"))
        return call.partner.members(cls, int(household["id"]))

    return listed(members)


def list_users(call: Call) -> dict[str, Any]:
    """List users: all for staff, by any property; else the caller alone; never more than 500."""
    given = call.filter()
    users = call.partner.records("KalturaOTTUser")
    if not call.role.is_staff:
        users = [one for one in users if one["id"] == call.user_id]
    return call.paged(ordered(call, matching(call, users, given), given)[:USERS_MAX])


ACTIONS: dict[str, Handler] = {
    "household.get": get_household,
    "household.list": list_households,
    "householdUser.list": _members("KalturaHouseholdUser"),
    "householdDevice.list": _members("KalturaHouseholdDevice"),
    "householdLimitations.list": listed(
        lambda call: call.partner.records("KalturaHouseholdLimitations")
    ),
    "ottUser.list": list_users,
}
