"""The protocol as pure functions: bodies to send, replies to read. Nothing here sends anything.

A reply is kept as the JSON text of its `result`, whatever format it travelled in, so that what
nobody looks at is never decoded. `value()` decodes it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError

import msgspec

from kott_notebooks import schema
from kott_notebooks.errors import ApiError, KottError, TransportError, api_error
from kott_notebooks.ksql import Expression, Key, as_text

FORMATS = {"json": 1, "xml": 2}
ACCEPT = {"json": "application/json", "xml": "text/xml"}
PASSING = (200, 408, 425, 429, 500, 502, 503, 504)  # an unreadable reply may be better next time
GLOBALS = (  # parameters that any action takes
    *("apiVersion", "clientTag", "ks", "kalsig", "partnerId", "userId", "language", "currency"),
    *("format", "responseProfile", "ignoreNull", "abortOnError", "abortAllOnError"),
    "skipCondition",
)
REFERABLE = 9  # a reference's number is one digit, so only the first nine results can be named

_NOTHING = msgspec.Raw(b"null")
_SPELLED_OTHERWISE = re.compile(rb"\\[u/]")
_REFERENCE = re.compile(r"\{(\d+):result\b")
# an escape as JSON reads it: a pair of halves, one half, or any other
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(?P<half>u[dD][89a-fA-F]\w\w)|.)", re.DOTALL
)


class Reply(NamedTuple):
    """What one call answered: `result` as compact JSON text, and the server's own seconds."""

    result: bytes
    execution_time: float | None = None
    size: int = 0  # bytes of the body it came in
    seconds: float = 0.0  # that we waited
    retries: int = 0
    requests: int = 1  # that brought it; 0 for the others that came with it
    found: Any = None  # what a reader of lists made of it at once, in the place of `result`

    @property
    def value(self) -> Any:
        """Decode the result."""
        return msgspec.json.decode(self.result)


# Reads a body of so many calls at once, or says that it cannot: then it is read step by step
AtOnce = Callable[[bytes, int], list[Reply] | None]


class Call(NamedTuple):
    """One action of a multirequest."""

    service: str
    action: str
    arguments: Mapping[str, Any] = {}


class _Outline(msgspec.Struct):
    """The few names that tell a reply from an error, their values undecoded."""

    executionTime: msgspec.Raw = _NOTHING  # noqa: N815 - the wire's name
    result: msgspec.Raw = _NOTHING
    error: msgspec.Raw = _NOTHING
    objectType: msgspec.Raw = _NOTHING  # noqa: N815

    @property
    def failed(self) -> bool:
        return bytes(self.error)[:1] == b"{" or bytes(self.objectType) == b'"KalturaAPIException"'


# Asking


def path(service: str, action: str | None = None) -> str:
    """Give the path of an action, or of a service that is called without one (multirequest)."""
    return f"/api_v3/service/{service}" + (f"/action/{action}" if action else "")


def encode(parameters: Mapping[str, Any]) -> bytes:
    """Write a body; points in time become epoch seconds, and what is None is left out."""
    given = {name: value for name, value in plain(parameters).items() if value is not None}
    try:
        return msgspec.json.encode(given)
    except UnicodeEncodeError as error:
        raise KottError(f"These arguments cannot be sent: {error}.") from error


def plain(value: Any, where: str = "") -> Any:
    """Give a value in what JSON can hold; points in time and days as epoch seconds, UTC.

    `where` names it in messages, which never show it: it may be a password.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Expression | Key):
        condition: Any = value  # a key alone is refused there
        return as_text(condition)
    if isinstance(value, Mapping):
        above = f"{where}." if where else ""
        return {str(name): plain(one, f"{above}{name}") for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one, f"{where}[{n}]") for n, one in enumerate(value)]
    if isinstance(value, dt.datetime) and value == value:  # NaT is no point in time
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return int(aware.timestamp() // 1)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return plain(dt.datetime.combine(value, dt.time()))
    if isinstance(value, float) and math.isfinite(value):
        return value
    if hasattr(value, "tolist") and not isinstance(value, float):  # numpy's and pandas' own
        inner = value.tolist()
        if inner is not None:
            return plain(inner, where)
    raise KottError(
        f"{where or 'A value'} ({type(value).__name__}) cannot be sent: give text, a finite "
        "number, a flag, a time, or a list or dict of them."
    )


def typed(service: str, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Complete the objects among an action's arguments with their `objectType`.

    A missing one is the argument's own class, or the usual one where that is abstract; a class that
    does not extend it is refused, naming those that do. A required filter of a list that is missing
    is the plain one of its class. Actions and arguments that no schema lists are unchanged.
    """
    known = schema.action(service, action)
    kinds = known.args if known else {}
    if known and known.items and "filter" in known.required:
        arguments = {"filter": {}, **arguments}  # the plain one of its class lists everything
    return {
        name: _typed(value, kinds.get(name, "").removesuffix("?"), name)
        for name, value in arguments.items()
    }


def _typed(value: Any, kind: str, where: str) -> Any:
    shape, _, cls = kind.partition(":")
    if shape == "array" and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_typed(one, f"object:{cls}", f"{where}[{n}]") for n, one in enumerate(value)]
    if shape == "map" and isinstance(value, Mapping):
        return {key: _typed(one, f"object:{cls}", f"{where}.{key}") for key, one in value.items()}
    if shape != "object" or not isinstance(value, Mapping):
        return value
    given = str(value["objectType"]) if "objectType" in value else _own_class(value, cls, where)
    if schema.is_class(given) and schema.is_class(cls) and not schema.extends(given, cls):
        fitting = ", ".join(one for one in schema.extending(cls) if not schema.is_abstract(one))
        raise KottError(f"{where} cannot be a {given}: it takes {fitting}.")
    kinds = schema.properties(given)
    return {"objectType": given} | {
        name: _typed(one, kinds.get(name, ""), f"{where}.{name}") for name, one in value.items()
    }


def check_names(service: str, action: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments and properties that the schema does not have; the message has near names.

    Some servers ignore what they do not know, and a misspelt filter then lists everything. Actions
    and classes that the schema does not list are not checked.
    """
    known = schema.action(service, action)
    if known:
        _check(f"{known.service}.{known.name}", "argument", arguments, known.args, GLOBALS)
    for name, value in typed(service, action, arguments).items():
        _check_properties(value, name)


def _check_properties(value: Any, where: str) -> None:
    if isinstance(value, list | tuple):
        for n, one in enumerate(value):
            _check_properties(one, f"{where}[{n}]")
    elif isinstance(value, Mapping):
        cls = str(value.get("objectType", ""))
        if schema.is_class(cls):
            _check(f"{where}: {cls}", "property", value, schema.properties(cls), ("objectType",))
        for name, one in value.items():
            _check_properties(one, f"{where}.{name}")


def _check(
    what: str, kind: str, given: Iterable[str], known: Mapping[str, Any], more: Sequence[str]
) -> None:
    for name in given:
        if name not in known and name not in more and not name.endswith("__null"):
            close = schema.near(name, known)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"It has {', '.join(known)}."
            raise KottError(f"{what} has no {kind} {name!r}. {hint if known else 'It has none.'}")


def _own_class(value: Mapping[str, Any], cls: str, where: str) -> str:
    """Give the argument's class, unless it lacks a property that only classes extending it have."""
    usual = schema.usual(cls)
    concrete = [one for one in schema.extending(cls) if not schema.is_abstract(one)]
    if usual is None:
        raise KottError(
            f"{where} is a {cls}, which is abstract: add objectType, one of {', '.join(concrete)}."
        )
    for name in value.keys() - schema.properties(usual).keys():
        having = [one for one in concrete if name in schema.properties(one)]
        if having:
            raise KottError(
                f"{where} is a {usual}, which has no {name}: add objectType, one of "
                f"{', '.join(having)}."
            )
    return usual


def multirequest(calls: Iterable[Sequence[Any] | Call]) -> dict[str, Any]:
    """Write many calls as one body's parameters, counted from "0".

    A call is `(service, action)` or `(service, action, arguments)`. A later one may use an earlier
    one's result as `{1:result:ks}`, counting from 1; only the first nine can be named.
    """
    body: dict[str, Any] = {}
    for position, call in enumerate(as_calls(calls)):
        _check_references(call.arguments, position)
        parameters = typed(call.service, call.action, call.arguments)
        body[str(position)] = {"service": call.service, "action": call.action, **parameters}
    return body


def as_calls(calls: Iterable[Sequence[Any] | Call]) -> list[Call]:
    """Read calls written as tuples."""
    return [_as_call(call, position) for position, call in enumerate(calls, 1)]


def _as_call(call: Any, position: int) -> Call:
    """Read one call; what is none is not shown, since it may hold a password."""
    if isinstance(call, list | tuple) and 2 <= len(call) <= 3:
        read = Call(*call)
        if isinstance(read.arguments, Mapping):
            return read
    size = f" of {len(call)}" if isinstance(call, list | tuple) else ""
    raise KottError(
        f"Call {position} is a {type(call).__name__}{size} and cannot be read: write "
        "(service, action, arguments), the arguments as a dict."
    )


def _check_references(arguments: Mapping[str, Any], position: int) -> None:
    for text in _texts(arguments):
        for number in map(int, _REFERENCE.findall(text)):
            if not 1 <= number <= position:
                raise KottError(
                    f"{{{number}:result...}} in call {position + 1} points at a result "
                    "which does not come before it: count results from 1."
                )
            if number > REFERABLE:
                raise KottError(
                    f"{{{number}:result...}} in call {position + 1}: only the first {REFERABLE} "
                    "results can be named; put the call that is named among them."
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


# Reading


def reply(
    body: bytes,
    action: str,
    *,
    status: int = 200,
    returns: str | tuple[str, ...] = "",
    at_once: AtOnce | None = None,
) -> Reply:
    """Read a reply in either format; raise the API's error, or say that it is not the API's.

    `action` names the call in messages; `returns` is its declared type, by which XML is read; a
    tuple of them for a multirequest.
    """
    if at_once and status == 200 and (at_once_read := at_once(body, 1)):
        return at_once_read[0]
    text = body.strip().removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<" and not text[:14].lower().startswith((b"<!doctype html", b"<html")):
        found = _read_xml(text, action, status, returns)
    else:
        found = _read_json(text, action, status)
    error = error_in(found.result, action)
    if error:
        raise error
    if status >= 400:
        raise _unreadable(action, status, body)
    return found


def replies(
    body: bytes, calls: Sequence[Call], *, status: int = 200, at_once: AtOnce | None = None
) -> list[Reply | ApiError]:
    """Read a multirequest's reply: a result or an error for each call, in its place."""
    if at_once and status == 200 and (at_once_read := at_once(body, len(calls))):
        size = len(body) // len(calls)
        return [one._replace(size=size) for one in at_once_read]
    kinds = tuple(_returns(call) for call in calls)
    whole = reply(body, "multirequest", status=status, returns=kinds)
    if whole.result[:1] != b"[":
        raise TransportError("multirequest: the reply is not a list of results; ask again.")
    parts = msgspec.json.decode(whole.result, type=list[msgspec.Raw])
    if len(parts) != len(calls):
        raise TransportError(
            f"multirequest: {len(calls)} calls were sent and {len(parts)} results came; ask again."
        )
    share = whole.execution_time and whole.execution_time / len(calls)
    return [
        error_in(bytes(part), f"{call.service}.{call.action}")
        or Reply(bytes(part), share, len(bytes(part)), requests=int(position == 0))
        for position, (part, call) in enumerate(zip(parts, calls, strict=True))
    ]


def error_in(result: bytes, action: str) -> ApiError | None:
    """Find the API's error in a result, in any of the shapes that it comes in."""
    if result[:1] != b"{":
        return None
    outline = msgspec.json.decode(result, type=_Outline)
    if not outline.failed:
        return None
    inside = bytes(outline.error)[:1] == b"{"
    found = msgspec.json.decode(outline.error if inside else result)
    listed = found.get("args") or []
    named = {str(one["name"]): one.get("value") for one in listed if _is_argument(one)}
    return api_error(
        str(found.get("code", "")), str(found.get("message") or ""), named, action=action
    )


def _is_argument(one: Any) -> bool:
    return isinstance(one, Mapping) and "name" in one


def _returns(call: Call) -> str:
    known = schema.action(call.service, call.action)
    return known.returns if known else ""


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
    if b'"result"' not in compact:
        raise _unreadable(action, status, body)
    return Reply(bytes(outline.result), seconds)


def _mended(body: bytes) -> bytes:
    """Replace escapes of half a character, which no text can hold, by the replacement sign."""
    if b"\\" not in body:
        return body
    return _ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body)


def _seconds(text: bytes) -> float | None:
    try:
        return float(text.strip(b'"'))
    except ValueError:
        return None


def _unreadable(action: str, status: int, body: bytes) -> TransportError:
    failed = f"HTTP {status}" if status != 200 else "the reply"
    start = body.lstrip()[:200].lower()
    if not start:
        why = f"{failed} came without a body; check url, or ask again."
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


def _read_xml(body: bytes, action: str, status: int, returns: str | tuple[str, ...]) -> Reply:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise _unreadable(action, status, body) from error
    result, error_element = root.find("result"), root.find("error")
    if result is None and error_element is None:
        raise _unreadable(action, status, body)
    seconds = root.findtext("executionTime")
    if result is None:
        found: Any = {"error": _element(root.find("error"), "object:KalturaAPIException")}
    elif isinstance(returns, tuple):
        found = [_result(one, kind) for one, kind in zip(result, returns, strict=False)]
        if len(result) != len(returns) or result.find("item") is None:
            found = _result(result, "")
    else:
        found = _result(result, returns)
    return Reply(msgspec.json.encode(found), _seconds((seconds or "").encode()))


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
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    try:
        return float(text)
    except ValueError:
        return text
