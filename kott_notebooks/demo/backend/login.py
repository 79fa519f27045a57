"""The actions that open, describe and end a session."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from kott_notebooks.demo.backend.partner import Call, Handler
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.backend.sessions import Ks
from kott_notebooks.demo.catalogue import Account

_HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}


def _session(call: Call, account: Account | None) -> dict[str, Any]:
    """Open a session and answer it as a login does."""
    sessions = call.partner.sessions
    ks = sessions.open(account, udid=call.arguments.get("udid", ""))
    answer = {"objectType": "KalturaLoginSession", "ks": ks.token, "expiry": ks.expiry}
    if call.partner.deployment.refresh_tokens:
        answer["refreshToken"] = sessions.refresh_token(account)
    return answer


def _response(call: Call, account: Account) -> dict[str, Any]:
    user = call.partner.user(account.user_id)
    if user.get("userState") == "user_not_activated":
        raise Refusal("UserNotActivated")
    return {
        "objectType": "KalturaLoginResponse",
        "user": call.view.item(user),
        "loginSession": _session(call, account),
    }


def anonymous_login(call: Call) -> dict[str, Any]:
    """Open an anonymous session."""
    call.partner.sessions.check_partner(call.arguments["partnerId"])
    return _session(call, None)


def login(call: Call) -> dict[str, Any]:
    """Open a session with a name and a password."""
    call.partner.sessions.check_partner(call.arguments["partnerId"])
    name, password = call.arguments.get("username", ""), call.arguments.get("password", "")
    return _response(call, call.partner.sessions.with_password(name, password))


def login_with_pin(call: Call) -> dict[str, Any]:
    """Open a session with a pin, and its secret if it has one."""
    call.partner.sessions.check_partner(call.arguments["partnerId"])
    pin, secret = call.arguments["pin"], call.arguments.get("secret", "")
    return _response(call, call.partner.sessions.with_pin(pin, secret))


def refresh_session(call: Call) -> dict[str, Any]:
    """Open a session with a refresh token, on servers that issue them."""
    return _session(call, call.partner.sessions.with_refresh_token(call.arguments["refreshToken"]))


def start_session(call: Call) -> dict[str, Any]:
    """Open a session with an application token: a hash of the anonymous ks and the token."""
    wanted, given = call.arguments["id"], call.arguments["tokenHash"].lower()
    account, token, kind = _app_token(call, wanted)
    plain = f"{call.session.token}{token}".encode()
    expected = hashlib.new(_HASHES[kind], plain).hexdigest()
    if not secrets.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise Refusal("InvalidAppTokenHash")
    seconds = call.arguments.get("expiry") or None
    if seconds is not None and seconds < 1:
        raise Refusal("ArgumentMinValueCrossed", argument="expiry", value=1)
    udid = call.arguments.get("udid", "")
    return _info(call.partner.sessions.open(account, udid=udid, seconds=seconds)) | {
        "objectType": "KalturaSessionInfo"
    }


def _app_token(call: Call, wanted: str) -> tuple[Account, str, str]:
    for account in call.partner.sessions.accounts:
        for known, token, kind in account.app_tokens:
            if known == wanted:
                return account, token, kind
    raise Refusal("ObjectIdNotFound", type="KalturaAppToken", id=wanted)


def _info(ks: Ks) -> dict[str, Any]:
    return {
        "objectType": "KalturaSession",
        "ks": ks.token,
        "partnerId": ks.partner_id,
        "userId": ks.user_id,
        "expiry": ks.expiry,
        "privileges": ks.privileges,
        "udid": ks.udid,
        "createDate": ks.created,
    }


def get_session(call: Call) -> dict[str, Any]:
    """Describe the caller's session; staff may ask about another."""
    other = call.arguments.get("session")
    if other is None or other == call.session.token:
        return _info(call.session)
    if not call.role.is_staff:
        raise Refusal("ServiceForbidden", service="session", action="get")
    return _info(call.partner.sessions.find(other))


def end_session(call: Call) -> bool:
    """End the caller's session."""
    call.partner.sessions.end(call.session)
    return True


def switch_user(call: Call) -> dict[str, Any]:
    """Open a session for another user: staff for anybody, a master within the household."""
    wanted = call.arguments["userIdToSwitch"]
    account = call.partner.account(wanted)
    if not call.role.is_staff and account.household_id != call.household_id():
        raise Refusal("UserNotInDomain", id=wanted)
    answer = _session(call, account)
    call.partner.sessions.end(call.session)
    return answer


def get_user(call: Call) -> dict[str, Any]:
    """Answer the user acted for."""
    return call.view.item(call.partner.user(call.user_id))


def permissions(call: Call) -> str:
    """Name what the caller's roles allow: each granted action."""
    return ",".join(sorted(call.role.actions))


ACTIONS: dict[str, Handler] = {
    "ottUser.anonymousLogin": anonymous_login,
    "ottUser.login": login,
    "ottUser.loginWithPin": login_with_pin,
    "ottUser.refreshSession": refresh_session,
    "ottUser.logout": end_session,
    "ottUser.get": get_user,
    "appToken.startSession": start_session,
    "session.get": get_session,
    "session.revoke": end_session,
    "session.switchUser": switch_user,
    "permission.getCurrentPermissions": permissions,
    "system.ping": lambda call: True,
    "system.getTime": lambda call: call.partner.now,
    "system.getVersion": lambda call: "demo",
}
NAMES = frozenset(name.lower() for name in ACTIONS)  # whose replies no cache may store
