"""Replies -> results and the API's errors, from JSON or XML; pure.

A result is kept as compact JSON text, in whichever format it travelled, so that unused
values are never decoded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError

import msgspec

from kott_notebooks import schema
from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import ApiError, TransportError, api_error

PASSING = (200, 408, 425, 429, 500, 502, 503, 504)  # with these, an unreadable reply is transient
SMALL = 2**16  # bytes of a body in which every way to write an error is looked for

_ABSENT, _NULL = msgspec.Raw(b""), msgspec.Raw(b"null")
_SPELLED_OTHERWISE = re.compile(rb"\\[u/]")
_NO_ERROR = (b"null", b"false", b"0", b'""', b"[]")
# an escape as JSON reads it: a surrogate pair, a lone surrogate, or any other
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(?P<lone>u[dD][89a-fA-F]\w\w)|.)", re.DOTALL
)


class Reply(NamedTuple):
    """What one call answered: `result` as compact JSON text, and the server's own seconds."""

    result: bytes
    execution_time: float | None = None

    @property
    def value(self) -> Any:
        """Decode the result."""
        return decoded(self.result, "")


class _Outline(msgspec.Struct):
    """The few names that tell a reply from an error, their values undecoded."""

    executionTime: msgspec.Raw = _NULL  # noqa: N815 - the API's name
    result: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _NULL
    objectType: msgspec.Raw = _NULL  # noqa: N815

    @property
    def failed(self) -> bool:
        return bytes(self.error)[:1] == b"{" or bytes(self.objectType) == b'"KalturaAPIException"'


class _Failure(msgspec.Struct):
    """An error of the API, whose parts may be of any type."""

    code: msgspec.Raw = _NULL
    message: msgspec.Raw = _NULL
    args: msgspec.Raw = _NULL


def reply(
    body: bytes,
    action: str,
    *,
    status: int = 200,
    returns: str | tuple[str, ...] = "",
) -> Reply:
    """Read a reply in either format; raise the API's error, or say that it is not the API's.

    `action` names the call in messages; `returns` is its declared type, by which XML is read; a
    tuple of them for a multirequest.
    """
    one = _read_json(json_body(body, action, status=status, returns=returns), action, status)
    error = error_in(one.result, action)
    if error:
        raise error
    if status >= 400:
        raise _unreadable(action, status, body)
    return one


def replies(body: bytes, calls: Sequence[Call], *, status: int = 200) -> list[Reply | ApiError]:
    """Read a multirequest's reply: a result or an error for each call, in its place."""
    kinds = tuple(call.returns for call in calls)
    whole = reply(body, "multirequest", status=status, returns=kinds)
    if whole.result[:1] != b"[":
        raise TransportError("multirequest: the reply is not a list of results; ask again.")
    parts = msgspec.json.decode(whole.result, type=list[msgspec.Raw])
    if len(parts) != len(calls):
        raise TransportError(
            f"multirequest: {len(calls)} calls were sent, {len(parts)} results received; ask again."
        )
    share = whole.execution_time and whole.execution_time / len(calls)
    return [
        error_in(bytes(part), call.name) or Reply(bytes(part), share)
        for part, call in zip(parts, calls, strict=True)
    ]


def results(body: bytes, calls: Sequence[Call]) -> list[Reply | ApiError]:
    """Read the reply to one call, or to several in a multirequest."""
    if len(calls) > 1:
        return replies(body, calls)
    try:
        return [reply(body, calls[0].name)]
    except ApiError as error:
        return [error]


def errors(
    body: bytes, calls: Sequence[Call], *, status: int = 200, packed: bool = False
) -> dict[int, ApiError]:
    """Return the API's refusals by the positions of their calls; raise where a part is not a reply.

    A failure of a `packed` request, a multirequest, as a whole is raised.
    """
    if packed:
        parts = replies(body, calls, status=status)
        return {n: one for n, one in enumerate(parts) if isinstance(one, ApiError)}
    try:
        reply(body, calls[0].name, status=status)
    except ApiError as error:
        return {0: error}
    return {}


def json_body(
    body: bytes, action: str, *, status: int = 200, returns: str | tuple[str, ...] = ""
) -> bytes:
    """Return a body as JSON: XML is converted, typed by `returns`; anything else stays as it is."""
    if body.startswith(b"{"):
        return body
    text = body.strip().removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<" and not text[:14].lower().startswith((b"<!doctype html", b"<html")):
        return _json_of_xml(text, action, status, returns)
    return text


def may_hold_error(body: bytes) -> bool:
    """Say, cheaply, whether an error of the API may stand in a JSON body, or it is not JSON.

    In a large body only the usual spelling is looked for: decoding it shows the others.
    """
    if not body.startswith(b"{") or not body.endswith(b"}"):
        return True
    if len(body) > SMALL:
        return b'"error":' in body
    return b'"error"' in body or b"KalturaAPIException" in body or b"\\u" in body


def decoded(result: bytes, action: str) -> Any:
    """Decode a result; a number out of range or too deep nesting is a TransportError."""
    try:
        return msgspec.json.decode(result)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TransportError(f"{action}: the result cannot be decoded: {error}.") from error


def decoded_object(result: Any, action: str) -> dict[str, Any]:
    """Return a decoded result that has to be an object; a TransportError where it is not one."""
    if isinstance(result, dict):
        return result
    raise TransportError(f"{action}: the result is not an object ({_shape(result)}); check url.")


def _shape(value: Any) -> str:
    kinds = {type(None): "null", list: "a list", str: "a text", bool: "a flag"}
    return kinds.get(type(value), "a number")


def error_in(result: bytes, action: str) -> ApiError | None:
    """Find the API's error in a result, in any of the shapes that it comes in."""
    if result[:1] != b"{":
        return None
    outline = msgspec.json.decode(result, type=_Outline)
    if not outline.failed:
        return None
    inside = bytes(outline.error)[:1] == b"{"
    failure = msgspec.json.decode(outline.error if inside else result, type=_Failure)
    code, message, listed = (_lenient(one) for one in (failure.code, failure.message, failure.args))
    entries = listed if isinstance(listed, list) else []
    named = {_text(one["name"]): one.get("value") for one in entries if _is_argument(one)}
    if isinstance(listed, dict):
        named = {str(name): one for name, one in listed.items() if name != "objectType"}
    return api_error(_text(code), _text(message), named, action=action)


def _lenient(raw: msgspec.Raw) -> Any:
    """Decode a part of an error; a part that cannot be decoded is shown unchanged."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return bytes(raw)[:200].decode("utf-8", "replace")


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _is_argument(one: Any) -> bool:
    return isinstance(one, Mapping) and "name" in one


def _read_json(body: bytes, action: str, status: int) -> Reply:
    try:
        compact = msgspec.json.format(_mended(body), indent=-1)
        compact.decode("utf-8")
        if b"\\" in compact and _SPELLED_OTHERWISE.search(compact):
            # one spelling for one text: nested cells are compared as text
            compact = msgspec.json.encode(msgspec.json.decode(compact))
        outline = msgspec.json.decode(compact, type=_Outline)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(action, status, body) from error
    seconds = _seconds(bytes(outline.executionTime))
    if outline.failed:
        return Reply(compact, seconds)
    if bytes(outline.error) not in _NO_ERROR:  # a text or a list, as gateways write one
        return Reply(b'{"error":{"message":%b}}' % bytes(outline.error), seconds)
    if not bytes(outline.result):
        raise _unreadable(action, status, body)
    return Reply(bytes(outline.result), seconds)


def _mended(body: bytes) -> bytes:
    """Replace lone surrogates, which no text can hold, by the replacement character."""
    if b"\\" not in body:
        return body
    return _ESCAPE.sub(lambda match: rb"\ufffd" if match["lone"] else match[0], body)


def _seconds(text: bytes) -> float | None:
    """Read seconds, a number or a text; NaN and anything else is absent."""
    try:
        seconds = float(text.strip(b'"'))
    except ValueError:
        return None
    return seconds if 0 <= seconds < math.inf else None


def _unreadable(action: str, status: int, body: bytes) -> TransportError:
    failed = f"HTTP {status}" if status != 200 else "the reply"
    start = body.lstrip()[:200].lower()
    if not start:
        why = f"{failed} has no body; check url, or ask again."
    elif start.startswith((b"<!doctype html", b"<html")):
        why = (
            f"{failed} is an HTML page and not the API's: a proxy or a wrong url answered; "
            "check url and the proxy."
        )
    else:
        size = f"{len(body):,} bytes"
        why = f"{failed} cannot be read as the API's ({size}); check url, or ask again."
    return TransportError(f"{action}: {why}" if action else why, passing=status in PASSING)


# XML


def _json_of_xml(body: bytes, action: str, status: int, returns: str | tuple[str, ...]) -> bytes:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(body)
        seconds = _seconds((root.findtext("executionTime") or "").encode())
        return msgspec.json.encode({"executionTime": seconds} | _envelope(root, returns))
    except (
        *(ParseError, DefusedXmlException, ValueError),
        *(LookupError, RecursionError),  # an unknown encoding, too deep nesting
    ) as error:
        raise _unreadable(action, status, body) from error


def _envelope(root: Element, returns: str | tuple[str, ...]) -> dict[str, Any]:
    """Return the result in an XML reply, and the error that stands in its place or beside it."""
    result, error = root.find("result"), root.find("error")
    if len(root.findall("result")) > 1:
        raise ValueError("several results")
    if error is not None:
        return {"error": _element(error, "object:KalturaAPIException")}
    if result is None:
        raise ValueError("neither a result nor an error")
    if not isinstance(returns, tuple):
        return {"result": _result(result, returns)}
    if len(result) != len(returns) or result.find("item") is None:
        return {"result": _result(result, "")}
    return {"result": [_result(one, kind) for one, kind in zip(result, returns, strict=True)]}


def _result(element: Element, kind: str) -> Any:
    error = element.find("error")
    if error is not None:
        return {"error": _element(error, "object:KalturaAPIException")}
    return _element(element, kind)


def _element(element: Element | None, kind: str) -> Any:
    if element is None:
        return None
    shape, _, cls = kind.partition(":")
    if shape in _SCALARS:
        return _scalar(element.text or "", shape)
    children = list(element)
    if not children and (element.text or "").strip():
        return element.text  # where an object or a list is declared, too
    if shape == "map" or (not shape and _is_map(children)):
        inner = f"object:{cls}" if cls else ""
        return {item.findtext("itemKey") or "": _object(item, inner) for item in children}
    if shape == "array" or (not shape and children and children[0].tag == "item"):
        return [_element(item, f"object:{cls}" if cls else "") for item in children]
    if shape == "object" or children:
        return _object(element, kind)
    return element.text or ""


def _object(element: Element, kind: str) -> dict[str, Any]:
    declared = kind.partition(":")[2]
    cls = element.findtext("objectType") or declared
    kinds = _ERROR if cls == "KalturaAPIException" else schema.properties(cls)
    kinds = kinds or schema.properties(declared)  # a class that no schema lists extends it
    return {
        child.tag: _element(child, kinds.get(child.tag, ""))
        for child in element
        if child.tag != "itemKey"
    }


def _is_map(children: list[Element]) -> bool:
    return bool(children) and all(one.find("itemKey") is not None for one in children)


_ERROR = {
    "objectType": "string",
    "code": "string",
    "message": "string",
    "args": "array:KalturaApiExceptionArg",
}
_SCALARS = frozenset(("int", "time", "float", "bool", "string", "enum", "file", "void"))


def _scalar(text: str, shape: str) -> Any:
    """Type a text by the schema; one that does not fit stays text, as it would in JSON."""
    if not text and shape not in ("string", "enum"):
        return None
    if shape == "bool":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if shape in ("int", "time", "float"):
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    """Read a number; one that JSON's readers do not hold stays text."""
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text) and -(2**63) <= int(text) < 2**64:
        return int(text)
    if re.fullmatch(r"[+-]?([0-9]+[.][0-9]*|[.][0-9]+|[0-9]+(?=[eE]))([eE][+-]?[0-9]+)?", text):
        return float(text) if math.isfinite(float(text)) else text
    return text
