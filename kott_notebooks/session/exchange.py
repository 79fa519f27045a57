"""One exchange with a server: what is sent, and what its reply says; pure."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kott_notebooks.api import bodies, envelopes
from kott_notebooks.api.bodies import Call
from kott_notebooks.api.secrets import Secret, encoded
from kott_notebooks.errors import ApiError, CredentialsError, TransportError
from kott_notebooks.session.retries import is_read

HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512"}


class Request(NamedTuple):
    """One request: what is sent but for the ks and the global parameters, and how it is read."""

    path: str
    parameters: dict[str, Any]
    name: str  # in messages
    calls: Sequence[Call]
    returns: str | tuple[str, ...]
    idempotent: bool
    own_ks: bool = False  # it has a ks of its own, or needs none
    packed: bool = False  # into a multirequest
    lost: str = "It was sent once, and may have happened."  # what a lost reply means

    @classmethod
    def of(
        cls, calls: Sequence[Call], parameters: Mapping[str, Any], *, multirequest: bool
    ) -> Request:
        """Make the request for calls: a multirequest of several, or where it is asked for."""
        own = {name: value for name, value in parameters.items() if value is not None}
        idempotent = all(is_read(call.action) for call in calls)
        if multirequest or len(calls) > 1:
            return cls(
                bodies.path("multirequest"),
                own | bodies.multirequest(calls),
                "multirequest",
                calls,
                tuple(call.returns for call in calls),
                idempotent=idempotent,
                own_ks="ks" in own,
                packed=True,
            )
        (call,) = calls
        own |= {name: value for name, value in call.arguments.items() if value is not None}
        return cls(
            bodies.path(call.service, call.action),
            bodies.typed(call.service, call.action, own),
            call.name,
            calls,
            call.returns,
            idempotent=idempotent,
            own_ks="ks" in own,
        )


def app_token_call(app_token: Sequence[Secret], ks: Secret) -> dict[str, Any]:
    """Return the arguments of appToken.startSession: the token is hashed with an anonymous ks."""
    name, token, *others = app_token
    kind = others[0].reveal() if others else "SHA256"
    algorithm = HASHES.get(kind.upper().replace("-", ""))
    if algorithm is None:
        # the value is not shown: it may be a part of a token with a colon in it
        raise CredentialsError(f"An app token's hashType is one of {', '.join(HASHES)}: give that.")
    digest = hashlib.new(algorithm, encoded(ks) + encoded(token), usedforsecurity=False)
    return {"id": name, "tokenHash": Secret(digest.hexdigest()), "ks": ks}


def login_session(fetched: Fetched, name: str) -> LoginSession:
    """Read a login's reply, flat or with a `loginSession`; no secret's text leaves this frame."""
    if fetched.errors:
        raise fetched.errors[0]
    result = envelopes.decoded(envelopes.reply(fetched.body, name).result, name)
    inner = result.get("loginSession") if isinstance(result, dict) else None
    session = inner if isinstance(inner, dict) else result
    ks = session.get("ks") if isinstance(session, dict) else None
    if not isinstance(ks, str) or not ks:
        raise TransportError(f"{name}: the reply holds no ks; check url.")
    token = session.get("refreshToken")
    return LoginSession(
        Secret(ks),
        instant(session.get("expiry")),
        Secret(token) if token and isinstance(token, str) else None,
    )


class Fetched(NamedTuple):
    """The reply to one request: an undecoded JSON body, and the calls that the API refused."""

    body: bytes
    errors: dict[int, ApiError]  # by the call's position
    seconds: float  # from sending to the last byte, of the attempt that succeeded
    waited: float  # of them, until the reply began
    retries: int


class LoginSession(NamedTuple):
    """What a login answers."""

    ks: Secret
    expiry: dt.datetime | None
    refresh_token: Secret | None = None


def instant(seconds: Any) -> dt.datetime | None:
    """Read epoch seconds; None where they are 0, absent, or not a time."""
    try:
        return dt.datetime.fromtimestamp(int(seconds), dt.UTC) if seconds else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
