"""A client of a few lines, so that the backend is not tested by the client it is there to test."""

from __future__ import annotations

import gzip
import json
from typing import Any
from xml.etree import ElementTree

from kott_notebooks.demo.backend import Backend, Reply

VERSION = "11.5.0.0"
JSON = {"Content-Type": "application/json"}
NOW = 1_764_000_123
PARTNER = 478


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Api:
    """Asks a backend as one user."""

    def __init__(self, backend: Backend, ks: str | None = None) -> None:
        self.backend = backend
        self.ks = ks

    def send(self, path: str, body: dict[str, Any], **headers: str) -> Reply:
        """POST a JSON body and give the reply as it is."""
        return self.backend.handle("POST", path, JSON | headers, json.dumps(body).encode())

    def whole(self, name: str, /, **parameters: Any) -> dict[str, Any]:
        """Call `service.action` and give the whole decoded reply."""
        service, _, action = name.partition(".")
        path = f"/api_v3/service/{service}" + (f"/action/{action}" if action else "")
        given = {"apiVersion": VERSION, "ks": self.ks} | parameters
        reply = self.send(path, {key: value for key, value in given.items() if value is not None})
        assert reply.status == 200
        decoded: dict[str, Any] = json.loads(reply.body)
        return decoded

    def __call__(self, name: str, /, **parameters: Any) -> Any:
        """Call `service.action`, or `multirequest`, and give its result."""
        return self.whole(name, **parameters)["result"]

    def code(self, name: str, /, **parameters: Any) -> str:
        """Call what must be refused, and give the code."""
        return str(self(name, **parameters)["error"]["code"])

    def many(self, *calls: dict[str, Any], **parameters: Any) -> list[Any]:
        """Send a multirequest; a call is its arguments with `call="service.action"` among them."""
        parts = {}
        for number, one in enumerate(calls):
            service, _, action = one.pop("call").partition(".")
            parts[str(number)] = {"service": service, "action": action, **one}
        results: list[Any] = self("multirequest", **parts, **parameters)
        return results

    def search(self, ksql: str, *, size: int = 500, index: int = 1, **more: Any) -> dict[str, Any]:
        """List assets by KSQL."""
        given = {"objectType": "KalturaSearchAssetFilter", "kSql": ksql, **more.pop("filter", {})}
        pager = {"pageSize": size, "pageIndex": index}
        matches: dict[str, Any] = self("asset.list", filter=given, pager=pager, **more)
        return matches

    def ids(self, ksql: str, **more: Any) -> list[tuple[bool, int]]:
        """List whether each asset found is a programme, and its id."""
        return [(one["type"] == 0, one["id"]) for one in self.search(ksql, **more)["objects"]]


def log_in(backend: Backend, role: str = "operator") -> Api:
    """Log in as the account of a role."""
    api = Api(backend)
    if role == "anonymous":
        return Api(backend, api("ottUser.anonymousLogin", partnerId=PARTNER)["ks"])
    accounts = backend.partner.sessions.accounts
    account = next(one for one in accounts if one.roles[-1] == role)
    answer = api(
        "ottUser.login",
        partnerId=PARTNER,
        username=account.username,
        password=account.password,
    )
    return Api(backend, answer["loginSession"]["ks"])


def unpacked(reply: Reply) -> bytes:
    """Give a reply's body, decompressed if it is packed."""
    packed = reply.headers.get("Content-Encoding") == "gzip"
    return gzip.decompress(reply.body) if packed else reply.body


def from_xml(node: ElementTree.Element) -> Any:
    """Read a result as XML lays it out; every value stays text."""
    children = list(node)
    if not children:
        return node.text or ""
    if all(child.tag == "item" for child in children):
        if children[0].find("itemKey") is not None:
            return {child.findtext("itemKey"): _without_key(child) for child in children}
        return [from_xml(child) for child in children]
    return {child.tag: from_xml(child) for child in children}


def _without_key(item: ElementTree.Element) -> Any:
    return {child.tag: from_xml(child) for child in item if child.tag != "itemKey"}
