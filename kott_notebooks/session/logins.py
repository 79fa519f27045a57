"""The calls that log in, for each means of doing so."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from kott_notebooks.errors import CredentialsError
from kott_notebooks.session.credentials import Credentials

Ask = Callable[[str, str, dict[str, Any]], dict[str, Any]]

HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}


def log_in(who: Credentials, ask: Ask) -> dict[str, Any]:
    """Get a login session, {ks, expiry ...}, by the means that the credentials have."""
    secrets = who.secrets
    partner = {"partnerId": who.partner_id, "udid": who.settings.get("udid")}
    if who.means == "password":
        known = {"username": who.username, "password": secrets["password"]}
        return _inner(ask("ottUser", "login", partner | known))
    if who.means == "pin":
        known = {"pin": secrets["pin"], "secret": secrets.get("pin_secret")}
        return _inner(ask("ottUser", "loginWithPin", partner | known))
    if who.means == "refresh_token":
        known = {"refreshToken": secrets["refresh_token"]}
        return ask("ottUser", "refreshSession", partner | known)
    anonymous = ask("ottUser", "anonymousLogin", partner)
    if who.means == "anonymous":
        return anonymous
    name, token, *kind = secrets["app_token"]
    hashed = token_hash(anonymous["ks"], token, *kind)
    known = {"id": name, "tokenHash": hashed, "udid": partner["udid"], "ks": anonymous["ks"]}
    return ask("appToken", "startSession", known)


def token_hash(ks: str, token: str, kind: str = "SHA256") -> str:
    """Hash an application token with an anonymous ks, by the token's hashType."""
    name = HASHES.get(kind.upper().replace("-", ""))
    if name is None:
        # what was given is not shown: of a token with a colon in it, it is a part of the token
        raise CredentialsError(f"An app token's hashType is one of {', '.join(HASHES)}: give that.")
    return hashlib.new(name, (ks + token).encode()).hexdigest()


def _inner(answer: dict[str, Any]) -> dict[str, Any]:
    session: dict[str, Any] = answer.get("loginSession") or {}
    return session
