"""One request executed: its user, permission and arguments; then the action."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.backend import actions, arguments, multirequest
from kott_notebooks.demo.backend.partner import Call, Partner
from kott_notebooks.demo.backend.protocol import Asked
from kott_notebooks.demo.backend.records import ALL_LANGUAGES, View
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.backend.roles import EVERYBODY, Role
from kott_notebooks.demo.backend.sessions import Ks

LOGGED = ("clientTag", "apiVersion", "language", "currency", "userId", "partnerId", "format")
_VERSION = re.compile(r"\d+(\.\d+){1,3}")
Parameters = Mapping[str, Any]


class Execution:
    """Executes a request, and logs it."""

    def __init__(self, partner: Partner, note: Callable[[dict[str, Any]], None]) -> None:
        self.partner = partner
        self.note = note
        self.method = "POST"

    def run(self, asked: Asked) -> Any:
        """Run a request; a failure of the whole request is raised."""
        self.method = asked.method
        if asked.service.lower() == "multirequest":
            self._check_version(asked.parameters)
            return self._many(multirequest.sub_requests(asked.parameters))
        return self._one(asked.service, asked.action, asked.parameters)

    def _many(self, parts: list[dict[str, Any]]) -> list[Any]:
        """Run calls one after the other; a failure is the result of its call."""
        results: list[Any] = []
        aborted = False
        for part in parts:
            try:
                results.append(self._part(part, results, aborted))
            except Refusal as refusal:
                results.append(refusal)
                aborted = aborted or bool(arguments.truth(part.get("abortAllOnError")))
        return results

    def _part(self, part: dict[str, Any], results: list[Any], aborted: bool) -> Any:
        multirequest.check_runs(part, results, aborted)
        given = multirequest.resolved(part, results)
        multirequest.check_condition(given, results)
        service, action = given.pop("service", ""), given.pop("action", "")
        if str(service).lower() == "multirequest":
            raise Refusal("MultirequestGenericMethod")
        return self._one(str(service), str(action), given)

    def _one(self, service: str, name: str, parameters: Parameters) -> Any:
        entry = {"service": service, "action": name}
        entry |= {key: parameters[key] for key in LOGGED if parameters.get(key) is not None}
        self.note(entry)
        try:
            self._check_version(parameters)
            return self._carried_out(self._action(service, name), parameters)
        except Refusal as refusal:
            entry["error"] = refusal.code
            raise

    def _check_version(self, parameters: Parameters) -> None:
        version = parameters.get("apiVersion")
        if version is None and not self.partner.deployment.needs_api_version:
            return
        if not _VERSION.fullmatch(str(version)):
            raise Refusal("InvalidVersion", version=version)

    def _action(self, service: str, name: str) -> schema.Action:
        if not actions.is_service(service):
            raise Refusal("InvalidService", service=service)
        if not name:
            raise Refusal("ActionNotSpecified")
        action = actions.known(service, name, old=self.partner.deployment.refresh_tokens)
        if action is None:
            raise Refusal("InvalidAction", service=service, action=name)
        return action

    def _carried_out(self, action: schema.Action, parameters: Parameters) -> Any:
        ks = self._ks(action, parameters)
        role = self.partner.role(ks)
        role.check(action, parameters)
        self._check_method(action)
        checked = arguments.checked(
            action, parameters, strict=self.partner.deployment.refuses_unknown
        )
        role.check_properties(checked)
        handler = actions.handler(action)
        if handler is None:
            raise Refusal("ServiceForbidden", service=action.service, action=action.name)
        return handler(
            Call(
                partner=self.partner,
                action=action,
                arguments=checked,
                ks=ks,
                role=role,
                user_id=self._user_id(action, parameters, ks, role),
                view=self._view(parameters, role),
                currency=self._currency(parameters),
            )
        )

    def _check_method(self, action: schema.Action) -> None:
        """Refuse `lineup.get` by POST where that is for tests only."""
        by_post = self.method == "POST" and not self.partner.deployment.lineup_by_post
        if by_post and (action.service, action.name) == ("lineup", "get"):
            raise Refusal("HttpMethodNotSupported", method=self.method)

    def _ks(self, action: schema.Action, parameters: Parameters) -> Ks | None:
        """Find the session; a login needs none, so an expired one does no harm there."""
        given = parameters.get("ks")
        if given in (None, "") or f"{action.service}.{action.name}".lower() in EVERYBODY:
            return None
        if not isinstance(given, str):
            raise Refusal("InvalidKS")
        ks = self.partner.sessions.find(given)
        if self.partner.bad_day.expires():
            self.partner.sessions.end(ks)
            raise Refusal("ExpiredKS")
        return ks

    def _user_id(
        self, action: schema.Action, parameters: Parameters, ks: Ks | None, role: Role
    ) -> str:
        """Return the user to act for; `userId` names another one, for those who may."""
        own = ks.user_id if ks else ""
        wanted = parameters.get("userId")
        if wanted in (None, "") or "userId" in action.args or str(wanted) == own:
            return own
        if not role.is_staff:
            raise Refusal("ServiceForbidden", service=action.service, action=action.name)
        return str(self.partner.user(wanted)["id"])

    def _view(self, parameters: Parameters, role: Role) -> View:
        language = parameters.get("language") or self.partner.default_language
        if language != ALL_LANGUAGES and language not in self.partner.languages:
            raise Refusal("GroupDoesNotContainLanguage", language=language)
        profile = self._profile(parameters.get("responseProfile"))
        wanted = profile.get("retrievedProperties")
        return View(
            language=language,
            default_language=self.partner.default_language,
            properties=frozenset(one.strip() for one in wanted.split(",")) if wanted else None,
            related=tuple(
                str(one.get("name", ""))
                for one in profile.get("relatedProfiles", ())
                if (one.get("filter") or {}).get("objectType") == "KalturaAggregationCountFilter"
            ),
            role=role if role.hidden else None,
        )

    def _profile(self, given: Any) -> dict[str, Any]:
        """Read a response profile, and those that it holds for related objects."""
        if given in (None, ""):
            return {}
        cls = "KalturaBaseResponseProfile"
        reader = arguments.Reader(self.partner.deployment.refuses_unknown)
        profile: dict[str, Any] = reader.object(cls, given, "responseProfile")
        if "relatedProfiles" in profile:
            where = "responseProfile.relatedProfiles"
            profile["relatedProfiles"] = reader.array(cls, profile["relatedProfiles"], where)
        return profile

    def _currency(self, parameters: Parameters) -> str:
        wanted = parameters.get("currency")
        if wanted in (None, ""):
            return self.partner.default_currency
        if not self.partner.find("KalturaCurrency", "code", wanted):
            raise Refusal("GroupDoesNotContainCurrency", currency=wanted)
        return str(wanted)
