"""A request's method, path, headers and body -> what was asked: service, action and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

from kott_notebooks.demo.backend.refusals import Refusal

MAX_DEPTH = 40  # of nested objects; real requests stay under ten
JSON, XML = 1, 2
METHODS = ("GET", "HEAD", "POST")
FORMATS = {"1": JSON, "json": JSON, "2": XML, "xml": XML}


_MEDIA_TYPES = {  # media type -> the formats that it names, and how closely
    "application/json": ((JSON, 3),),
    "application/xml": ((XML, 3),),
    "text/xml": ((XML, 3),),
    "application/*": ((JSON, 2), (XML, 2)),
    "text/*": ((XML, 2),),
    "*/*": ((JSON, 1), (XML, 1)),
}
_QUALITY = re.compile(r"[01](\.\d*)?")


class NoSuchPath(Exception):
    """The path does not lead to the API: a web server answers, not the API."""


@dataclass(frozen=True)
class Asked:
    """What a request asks for, before anything is checked."""

    service: str
    action: str
    parameters: dict[str, Any]
    method: str = "POST"


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Asked:
    """Find service, action and parameters; what the body says wins over query and path.

    A GET may have a body too, so that a ks need not stand in a URL.
    """
    if method not in METHODS:
        raise Refusal("HttpMethodNotSupported", method=method)
    before, _, query = path.partition("?")
    _, mark, rest = before.partition("/api_v3")
    if not mark or (rest and not rest.startswith("/")):
        raise NoSuchPath(before)
    parameters = _nested(_path_pairs(rest))
    parameters |= _nested(parse_qsl(query, keep_blank_values=True))
    parameters |= _body(headers, body)
    _check_depth(parameters)
    service, action = parameters.pop("service", ""), parameters.pop("action", "")
    return Asked(str(service), str(action), parameters, method)


def wanted_format(parameters: Mapping[str, Any], headers: Mapping[str, str]) -> int:
    """Decide between JSON and XML: `format` first, then the Accept header, else JSON."""
    asked = parameters.get("format")
    if asked not in (None, ""):
        known = FORMATS.get(str(asked).lower())
        if known is None:
            raise Refusal("FormatNotSupported", format=asked)
        return known
    return accepted_format(headers)


def accepted_format(headers: Mapping[str, str]) -> int:
    """Choose the format that the Accept header prefers: q-values first, then the closer name.

    What names neither format, or refuses both, is answered in JSON.
    """
    named = {JSON: (0, 0.0, 0), XML: (0, 0.0, 0)}  # by closeness of the name, q, place from the end
    for place, part in enumerate(header(headers, "accept").lower().split(",")):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
        q = float(quality) if _QUALITY.fullmatch(quality) else 1.0
        for form, closeness in _MEDIA_TYPES.get(name, ()):
            named[form] = max(named[form], (closeness, q, -place))
    wanted = {form: (q, closeness, place) for form, (closeness, q, place) in named.items()}
    return XML if wanted[XML] > wanted[JSON] else JSON


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a request's header by its name in lower case, or nothing."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    """Return whether the client takes a compressed reply."""
    return bool(
        re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", header(headers, "accept-encoding"))
    )


def _path_pairs(rest: str) -> list[tuple[str, str]]:
    """Read `/service/asset/action/list/key/value`; a name without a value counts as empty."""
    parts = [unquote(part) for part in rest.strip("/").split("/") if part]
    return list(zip(parts[::2], [*parts[1::2], ""], strict=False))


def _body(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    whole_type = header(headers, "content-type")
    kind = whole_type.partition(";")[0].strip().lower()
    if not body.strip():
        return {}
    if kind == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        return _nested(parse_qsl(text, keep_blank_values=True))
    if kind == "multipart/form-data":
        return _multipart(whole_type, body)
    if kind != "application/json":
        raise Refusal("BadRequest", why=f"a body of type [{kind}] cannot be read")
    return _json(body)


def _json(body: bytes) -> dict[str, Any]:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Refusal("BadRequest", why="the body is not JSON") from error
    if not isinstance(decoded, dict):
        raise Refusal("BadRequest", why="the body is not a JSON object")
    return decoded


def _multipart(whole_type: str, body: bytes) -> dict[str, Any]:
    """Read a form in parts; a part named `json` holds parameters, a file counts as its name."""
    head = f"Content-Type: {whole_type}\r\n\r\n".encode("utf-8", "replace")
    message = message_from_bytes(head + body, policy=policy.compat32)
    if not message.is_multipart():
        raise Refusal("BadRequest", why="the body has no parts between its boundaries")
    pairs: list[tuple[str, str]] = []
    parameters: dict[str, Any] = {}
    for part in message.walk():
        if part is message:
            continue
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            raise Refusal("BadRequest", why="a part of the form has no name")
        if name == "json":
            parameters |= _json(content)
        else:
            pairs.append((name, part.get_filename() or content.decode("utf-8", "replace")))
    return parameters | _nested(pairs)


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Lay `filter[kSql]=..` and `filter:kSql=..` out as an object in an object."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        *folders, leaf = re.findall(r"[^\[\]:]+", name) or [name]
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
            if not isinstance(place, dict):
                raise Refusal("BadRequest", why=f"[{name}] is a value and an object")
        place[leaf] = value
    return tree


def _check_depth(parameters: Any) -> None:
    """Refuse what is nested beyond reason, so that nothing after this need count."""
    level = [parameters]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise Refusal("BadRequest", why="the parameters are nested too deeply")


def _children(value: Any) -> list[Any]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [child for child in inside if isinstance(child, dict | list)]
