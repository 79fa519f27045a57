"""The partner that is served, and one call to it: what every action's function is handed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.backend.deployments import Deployment
from kott_notebooks.demo.backend.records import RecordCache, View
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.backend.roles import LADDER, NOBODY, Role, rung, together
from kott_notebooks.demo.backend.search import Search
from kott_notebooks.demo.backend.sessions import Ks, Sessions
from kott_notebooks.demo.catalogue import Account, World
from kott_notebooks.demo.faults import BadDay
from kott_notebooks.demo.life import Change, world_after
from kott_notebooks.demo.world.media import DAY

Record = Mapping[str, Any]


class Partner:
    """A world behind a deployment: its catalogue, its sessions, its roles, its clock."""

    def __init__(
        self,
        world: World,
        deployment: Deployment,
        clock: Callable[[], float],
        roles: Mapping[str, Role],
        accounts: Sequence[Account],
        bad_day: BadDay,
    ) -> None:
        self.world = self._made = world
        self._day = 0  # since the world was made
        self._lock = threading.Lock()
        self.deployment = deployment
        self.clock = clock
        self.roles = roles
        self.bad_day = bad_day
        self.languages = [one["code"] for one in self.records("KalturaLanguage")]
        self.default_language = next(
            one["code"] for one in self.records("KalturaLanguage") if one.get("isDefault")
        )
        self.default_currency = next(
            (one["code"] for one in self.records("KalturaCurrency") if one.get("isDefault")), ""
        )
        self.cache = RecordCache()
        self._indexes: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        self._members: dict[str, dict[int, list[dict[str, Any]]]] = {}
        self.sessions = Sessions(world.partner_id, accounts, deployment, clock)
        self.search = self._search()

    def live(self) -> None:
        """Bring the world to the clock's day."""
        day = max((self.now - self._made.now) // DAY, 0)
        with self._lock:
            if day == self._day:
                return
            self.world, _ = world_after(self._made, day)
            self.search = self._search()
            self.cache, self._indexes, self._members = RecordCache(), {}, {}
            self._day = day

    def changes(self, start: int, end: int) -> list[Change]:
        """List what changes in (start, end], in epoch seconds."""
        days = max((end - self._made.now) // DAY, 0)
        return [one for one in world_after(self._made, days)[1] if start < one.time <= end]

    def _search(self) -> Search:
        lenient = self.deployment.lenient_ksql
        return Search(self.world, self.default_language, lenient=lenient)

    @property
    def now(self) -> int:
        """Return the time by the server's clock, in epoch seconds."""
        return int(self.clock())

    def records(self, cls: str) -> list[dict[str, Any]]:
        """List the partner's small records of a class, in every language."""
        records: list[dict[str, Any]] = self.world.objects.get(cls, [])
        return records

    def find(self, cls: str, name: str, value: object) -> dict[str, Any] | None:
        """Find the first record of a class whose property has a value, compared as text."""
        place = (cls, name)
        if place not in self._indexes:
            backwards = reversed(self.records(cls))
            self._indexes[place] = {str(one.get(name)): one for one in backwards}
        return self._indexes[place].get(str(value))

    @property
    def households(self) -> list[dict[str, Any]]:
        """List every household."""
        return self.records("KalturaHousehold")

    def members(self, cls: str, household_id: int) -> list[dict[str, Any]]:
        """List what a household has of a class: users, or devices."""
        if cls not in self._members:
            grouped: dict[int, list[dict[str, Any]]] = {}
            for one in self.records(cls):
                grouped.setdefault(int(one["householdId"]), []).append(one)
            self._members[cls] = grouped
        return self._members[cls].get(household_id, [])

    def user(self, user_id: object) -> dict[str, Any]:
        """Find a user's record; there must be one."""
        user = self.find("KalturaOTTUser", "id", user_id)
        if user is None:
            raise Refusal("UserDoesNotExist", id=user_id)
        return user

    def account(self, user_id: str) -> Account:
        """Find a user's account; one who never logs in has the rights of a user or a master."""
        user = self.user(user_id)
        role = "master" if user.get("isHouseholdMaster") else "user"
        return self.sessions.account(user_id) or Account(
            username=user["username"],
            password=secrets.token_hex(16),
            user_id=user_id,
            household_id=user.get("householdId"),
            roles=(role,),
        )

    def role(self, ks: Ks | None) -> Role:
        """Return the roles of a ks's user, joined; none without a ks."""
        if ks is None:
            return NOBODY
        names = ks.account.roles if ks.account else ("anonymous",)
        return together([self.roles[name] if name in self.roles else rung(name) for name in names])


@dataclass(frozen=True)
class Call:
    """One action as it is carried out: checked arguments, and on whose behalf."""

    partner: Partner
    action: schema.Action
    arguments: dict[str, Any]
    ks: Ks | None
    role: Role
    user_id: str  # the user acted for, which `userId` may have replaced
    view: View
    currency: str

    @property
    def session(self) -> Ks:
        """Return the ks of the call."""
        if self.ks is None:
            raise Refusal("InvalidKS")
        return self.ks

    def filter(self) -> dict[str, Any]:
        """Return the filter, which may be empty."""
        return dict(self.arguments.get("filter") or {})

    def user(self) -> dict[str, Any] | None:
        """Return the record of the user acted for; the anonymous user has none."""
        return self.partner.find("KalturaOTTUser", "id", self.user_id)

    @property
    def sees_everybody(self) -> bool:
        """Return whether personal lists show all users: to an administrator with no household."""
        own_household = (self.user() or {}).get("householdId")
        return self.role.rank >= LADDER.index("administrator") and not own_household

    def own(self, cls: str) -> list[dict[str, Any]]:
        """Return records that do not name their owner: all of them are the first household's."""
        household = (self.user() or {}).get("householdId")
        mine = any(one["id"] == household for one in self.partner.households[:1])
        return self.partner.records(cls) if mine or self.sees_everybody else []

    def household_id(self) -> int:
        """Return the household of the user acted for."""
        household = (self.user() or {}).get("householdId")
        if not household:
            raise Refusal("UserNotInDomain", id=self.user_id)
        return int(household)

    def page(self) -> tuple[int, int]:
        """Return the first row and the size of the page that the pager asks for."""
        pager = self.arguments.get("pager") or {}
        size, index = pager.get("pageSize", 25), pager.get("pageIndex", 1)
        for name, value in (("pageSize", size), ("pageIndex", index)):
            if value < 1:
                raise Refusal("ArgumentMinValueCrossed", argument=f"pager.{name}", value=1)
        size = min(size, self.partner.deployment.page_max)
        return (index - 1) * size, size

    def paged(self, records: Sequence[Record]) -> dict[str, Any]:
        """Answer the page of a small list that the pager asks for; without a pager, all of it."""
        if not self.action.pager:
            return self.listed(records, len(records))
        places, total = self.cut(len(records), *self.page())
        return self.listed([records[place] for place in places], total)

    def cut(self, count: int, first: int, size: int) -> tuple[Sequence[int], int]:
        """Return one page of a list and its total, with the faults that are drawn for it."""
        if self.partner.bad_day.fails(first, size):
            raise Refusal("Error", why="Search failed")
        return self.partner.bad_day.page(count, first, size)

    def listed(self, records: Iterable[Record], total: int) -> dict[str, Any]:
        """Answer a list response of the class that the action declares."""
        return self.response(total, [self.view.item(record) for record in records])

    def response(self, total: int, objects: Any) -> dict[str, Any]:
        """Answer a list response whose objects are shown already."""
        cls = self.action.returns.partition(":")[2]
        return {"objectType": cls, "totalCount": total, "objects": objects}


Handler = Callable[[Call], Any]
