"""The demo partner's API: a request's bytes in, a reply's bytes out, no socket.

transport, server      carry requests here
  Backend.handle       one request: parsed, executed, encoded, compressed
    protocol           bytes -> service, action, parameters
    execution          ks, role, arguments, then the action; those of a multirequest in turn
    arguments          parameters -> typed arguments, by the schema
    roles, sessions    who is calling, and what they may do
    actions            login, assets, households, lists, offers: what each action does
      search           which assets a filter means: ksql over the columns of a library
    records, replies   what of a record a caller sees, and the bytes that are sent
"""

from __future__ import annotations

import gzip
import hashlib
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from kott_notebooks.demo.backend import login, protocol, replies
from kott_notebooks.demo.backend.deployments import DEPLOYMENTS, Deployment
from kott_notebooks.demo.backend.execution import Execution
from kott_notebooks.demo.backend.partner import Partner
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.backend.roles import custom as custom_role
from kott_notebooks.demo.catalogue import World
from kott_notebooks.demo.faults import BadDay, Fault, Faults

__all__ = ["DEPLOYMENTS", "Backend", "Deployment", "Reply"]

GZIP_FROM = 1_400  # bytes; a shorter reply fits into one packet
FRESH_SECONDS = 60  # for which a cache may answer a GET
CORS = {  # pages of any origin may call the API, as Kaltura's own player does
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "X-Kaltura-Session, X-Me, ETag",
}


@dataclass
class Reply:
    """A reply as it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    delay: float = 0.0  # seconds before it is sent
    broken: bool = False  # the connection is reset instead
    cut: int | None = None  # bytes of the body after which the connection ends

    @property
    def sent(self) -> bytes:
        """Return the part of the body that arrives."""
        return self.body[: self.cut]


class Backend:
    """One partner behind the API.

    `roles` names custom roles, each a list of the API's permission items; whoever logs in as
    `NAME@demo.kott.invalid` with the operator's password has the role NAME and no other.

    Attributes
    ----------
    log : deque of dict
        The latest requests, without secrets.
    bad_day : BadDay
        What draws the faults.
    partner : Partner
        The data, and the state that requests change.
    """

    def __init__(
        self,
        world: World,
        *,
        deployment: str | Deployment = "strict",
        clock: Callable[[], float] = time.time,
        faults: Faults | None = None,
        roles: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        chosen = DEPLOYMENTS.get(deployment) if isinstance(deployment, str) else deployment
        if not isinstance(chosen, Deployment):
            raise ValueError(f"a deployment is one of {', '.join(DEPLOYMENTS)}, not {deployment!r}")
        if not isinstance(faults, Faults | None):
            raise ValueError(f"faults are demo.Faults(...), not {faults!r}")
        self.log: deque[dict[str, Any]] = deque(maxlen=10_000)
        self.bad_day = BadDay(faults or Faults())
        self.partner = _partner(world, chosen, clock, roles or {}, self.bad_day)

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request, with the fault that is drawn for it."""
        if method == "OPTIONS":
            return _preflight(headers)
        fault = self.bad_day.fault()
        if fault.kind in _INSTEAD:
            return _gateway(fault, self.bad_day.faults)
        reply = self._answer(method, path, headers, body, limited=fault.kind == "rate_limited")
        reply.delay += fault.delay
        return _damaged(reply, fault, self.bad_day)

    def _answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, limited: bool
    ) -> Reply:
        """Answer one request; what the API refuses is a reply like any other."""
        started = time.perf_counter()
        self.partner.live()
        form = protocol.accepted_format(headers)
        cacheable = False
        result: Any
        try:
            asked = protocol.read(method, path, headers, body)
            form = protocol.wanted_format(asked.parameters, headers)
            if limited:
                raise Refusal("RateLimitExceeded")
            result = Execution(self.partner, self.log.append).run(asked)
            cacheable = asked.method != "POST" and not body and _is_cacheable(asked)
        except protocol.NoSuchPath:
            return _page(404, "Not Found")
        except Refusal as refusal:
            result = refusal
        caching = _caching(result, form, cacheable)
        if cacheable and _holds(headers, caching["ETag"]):
            return Reply(304, CORS | caching, b"")
        reply = _packed(result, started, headers, form, caching)
        if method == "HEAD":
            reply.body = b""  # its headers are those of a GET
        reply.delay = self.bad_day.faults.per_record * _records(result)
        return reply

    @property
    def world(self) -> World:
        """Return the data that is served."""
        return self.partner.world


_INSTEAD = ("error", "html", "too_many")


def _preflight(headers: Mapping[str, str]) -> Reply:
    """Answer the preflight of a browser for a request of another origin."""
    wanted = protocol.header(headers, "access-control-request-headers")
    allowed = {
        "Access-Control-Allow-Methods": ", ".join((*protocol.METHODS, "OPTIONS")),
        "Access-Control-Allow-Headers": wanted or "Content-Type, Accept",
        "Access-Control-Max-Age": "86400",
        "Content-Length": "0",
    }
    return Reply(200, CORS | allowed, b"")


def _is_cacheable(asked: protocol.Asked) -> bool:
    """Return whether a reply may be cached: not one that opens or ends a session, nor several."""
    name = f"{asked.service}.{asked.action}".lower()
    return asked.service.lower() != "multirequest" and name not in login.NAMES


def _caching(result: Any, form: int, cacheable: bool) -> dict[str, str]:
    """Make the headers for caches; the ETag depends on the result, not on the time it took."""
    if not cacheable:
        return {"Cache-Control": "no-store"}
    digest = hashlib.blake2b(replies.encoded(result, 0, form), digest_size=12).hexdigest()
    return {
        "Cache-Control": f"private, max-age={FRESH_SECONDS}",
        "ETag": f'W/"{digest}"',
        "Vary": "Accept, Accept-Encoding",
    }


def _holds(headers: Mapping[str, str], etag: str) -> bool:
    """Return whether the client has the reply of an ETag; strong and weak ones compare alike."""
    given = protocol.header(headers, "if-none-match").split(",")
    return bool({"*", etag.removeprefix("W/")} & {one.strip().removeprefix("W/") for one in given})


def _packed(
    result: Any, started: float, headers: Mapping[str, str], form: int, caching: dict[str, str]
) -> Reply:
    body = replies.encoded(result, time.perf_counter() - started, form)
    sent = CORS | caching
    sent |= {
        "Content-Type": replies.CONTENT_TYPES[form],
        "X-Kaltura-Session": secrets.token_hex(8),
        "X-Me": "demo",
    }
    if len(body) >= GZIP_FROM and protocol.accepts_gzip(headers):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        sent["Content-Encoding"] = "gzip"
    return Reply(200, sent | {"Content-Length": str(len(body))}, body)


def _page(status: int, title: str, **headers: str) -> Reply:
    """Make the page of a web server or gateway that does not know the API."""
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()
    sent = {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}
    return Reply(status, sent, body)


def _gateway(fault: Fault, faults: Faults) -> Reply:
    """Make a gateway's reply instead of the API's."""
    if fault.kind == "too_many":
        reply = _page(429, "Too Many Requests", **{"Retry-After": str(faults.retry_after)})
    elif fault.kind == "html":
        reply = _page(200, "Welcome to the network")
    else:
        reply = _page(fault.status, HTTPStatus(fault.status).phrase)
    reply.delay = fault.delay
    return reply


def _damaged(reply: Reply, fault: Fault, bad_day: BadDay) -> Reply:
    """Damage a reply."""
    if fault.kind == "garbled":
        reply.headers.pop("Content-Encoding", None)
        reply.body = bad_day.garble(reply.body)
    reply.broken = fault.kind == "reset"
    reply.cut = len(reply.body) // 2 if fault.kind == "truncated" else None
    return reply


def _records(result: Any) -> int:
    """Count the records of a reply."""
    if isinstance(result, list):
        return sum(_records(one) for one in result)
    return len(result.get("objects", ())) if isinstance(result, dict) else 0


def _partner(
    world: World,
    deployment: Deployment,
    clock: Callable[[], float],
    custom: Mapping[str, Sequence[Mapping[str, Any]]],
    bad_day: BadDay,
) -> Partner:
    """Build the partner; each custom role has an account of its own."""
    operator = next(account for account in world.accounts if "operator" in account.roles)
    added = [
        replace(operator, username=f"{name}@{operator.username.partition('@')[2]}", roles=(name,))
        for name in custom
    ]
    made = {name: custom_role(items) for name, items in custom.items()}
    return Partner(world, deployment, clock, made, [*world.accounts, *added], bad_day)
