"""Who may do what: the ladder of roles, and custom roles given as the API's permission items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.backend.refusals import Refusal

LADDER = ("anonymous", "user", "master", "operator", "manager", "administrator")
_EVERYBODY = """
    ottUser.login ottUser.anonymousLogin ottUser.loginWithPin ottUser.refreshSession
    system.ping system.getTime system.getVersion
"""
_ANONYMOUS = """
    appToken.startSession session.get session.revoke ottUser.logout
    asset.list asset.get asset.count asset.getPlaybackContext
    channel.list channel.get epg.list lineup.get lineup.list
    assetStruct.list assetStruct.get meta.list tag.list topic.list
    imageType.list mediaFileType.list ratio.list region.list
    language.list currency.list country.list deviceBrand.list deviceFamily.list
    subscription.list collection.list ppv.list productPrice.list
"""
_USER = """
    household.get householdUser.list householdDevice.list householdLimitations.list
    ottUser.get ottUser.list permission.getCurrentPermissions
    entitlement.list transactionHistory.list recording.list assetHistory.list bookmark.list
"""
# Lists of what belongs to a user or a household: every user reads the own ones.
_PERSONAL = """
    assetPersonalMarkup.list favorite.list followTvSeries.list homeNetwork.list
    householdCoupon.list householdPaymentGateway.list householdPaymentMethod.list
    householdPremiumService.list householdSegment.list inboxMessage.list personalFeed.list
    personalList.list reminder.list searchHistory.list seriesRecording.list
    socialAction.list socialFriendActivity.list streamingDevice.list userAssetRule.list
    userInterest.list userLog.list userSegment.list
"""
_MASTER = "session.switchUser"
_OPERATOR = """
    household.list permission.list userRole.list
    ingestStatus.getEpgDetails ingestStatus.getVodAssetResult bulkUpload.get
"""
_ADDED = dict(zip(LADDER, (_ANONYMOUS, _USER + _PERSONAL, _MASTER, _OPERATOR, "", ""), strict=True))


def _named(actions: str) -> frozenset[str]:
    return frozenset(actions.lower().split())


EVERYBODY = _named(_EVERYBODY)
PERSONAL = _named(_PERSONAL)


@dataclass(frozen=True)
class Role:
    """What the roles of a user allow together; names are in lower case, `*` is any action."""

    rank: int = -1  # how far up the ladder; below `user` for custom roles
    actions: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()  # though a whole service was granted
    hidden: frozenset[tuple[str, str]] = frozenset()  # (class, property) that may not be read
    barred: frozenset[tuple[str, str]] = frozenset()  # (action, argument) that may not be used

    @property
    def is_staff(self) -> bool:
        """Operators and above: they see the whole catalogue and everybody's household."""
        return self.rank >= LADDER.index("operator")

    def check(self, action: schema.Action, parameters: Iterable[str]) -> None:
        """Refuse an action that was not granted, or an argument that was forbidden."""
        name = f"{action.service}.{action.name}".lower()
        granted = {name, f"{action.service.lower()}.*"} & (self.actions | EVERYBODY)
        if not granted or name in self.denied:
            raise Refusal("ServiceForbidden", service=action.service, action=action.name)
        for parameter in parameters:
            if (name, parameter.lower()) in self.barred:
                raise Refusal(
                    "ActionArgumentForbidden",
                    argument=parameter,
                    service=action.service,
                    action=action.name,
                )

    def check_properties(self, value: Any) -> None:
        """Refuse a sent object that uses a property which the role may not touch."""
        for cls, name in _used(value) if self.hidden else ():
            if any(schema.extends(cls, of) and name == hidden for of, hidden in self.hidden):
                raise Refusal("PropertyActionForbidden", type=cls, property=name)

    def hides(self, cls: str) -> frozenset[str]:
        """Name the properties of a class that the role may not read."""
        return frozenset(name for of, name in self.hidden if schema.extends(cls, of))


def _used(value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict):
        cls = value.get("objectType", "")
        yield from ((cls, name) for name in value)
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in inside:
        yield from _used(child)


NOBODY = Role()


@cache
def rung(name: str) -> Role:
    """Return a role of the ladder: everything that those below it have, and its own."""
    rank = LADDER.index(name)
    actions = frozenset().union(*(_named(_ADDED[lower]) for lower in LADDER[: rank + 1]))
    if rank >= LADDER.index("operator"):
        actions |= {f"{one.service}.{one.name}".lower() for one in schema.actions() if one.items}
    return Role(rank, actions)


def custom(items: Sequence[Mapping[str, Any]]) -> Role:
    """Make a role of permission items: an excluded one takes away, any other grants."""
    granted: set[str] = set()
    taken: set[str] = set()
    hidden: set[tuple[str, str]] = set()
    barred: set[tuple[str, str]] = set()
    for item in items:
        excluded = bool(item.get("isExcluded"))
        name = f"{item.get('service', '')}.{item.get('action', '')}".lower()
        if item["objectType"] == "KalturaApiActionPermissionItem":
            (taken if excluded else granted).add(name)
        elif item["objectType"] == "KalturaApiArgumentPermissionItem" and excluded:
            barred.add((name, item["parameter"].lower()))
        elif item["objectType"] == "KalturaApiParameterPermissionItem" and excluded:
            hidden.add((item["object"], item["parameter"]))
    return Role(
        actions=frozenset(granted),
        denied=frozenset(taken),
        hidden=frozenset(hidden),
        barred=frozenset(barred),
    )


def together(roles: Sequence[Role]) -> Role:
    """Join roles: any grant holds; what is forbidden stays so only if all of them forbid it."""
    return Role(
        max(role.rank for role in roles),
        frozenset().union(*(role.actions for role in roles)),
        frozenset.intersection(*(role.denied for role in roles)),
        frozenset.intersection(*(role.hidden for role in roles)),
        frozenset.intersection(*(role.barred for role in roles)),
    )
