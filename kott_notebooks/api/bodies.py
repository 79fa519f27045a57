"""Calls -> the bodies of requests; pure. Nothing here sends anything."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from kott_notebooks import schema
from kott_notebooks.api.secrets import Body, Secret
from kott_notebooks.errors import KottError
from kott_notebooks.ksql import Expression, Key, as_text

FORMATS = {"json": 1, "xml": 2}
ACCEPT = {"json": "application/json", "xml": "text/xml"}
GLOBALS = (  # parameters that any action takes
    *("apiVersion", "clientTag", "ks", "kalsig", "partnerId", "userId", "language", "currency"),
    *("format", "responseProfile", "ignoreNull", "abortOnError", "abortAllOnError"),
    "skipCondition",
)
BY_GET = ("lineup.get",)  # to which production servers refuse a POST
LAST_REFERENCE = 9  # a reference's number is one digit: only the first nine results can be named

_REFERENCE = re.compile(r"\{(\d+):result\b")


class Call(NamedTuple):
    """One action with its arguments."""

    service: str
    action: str
    arguments: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        """Name the action as the API does, `asset.list`."""
        known = schema.action(self.service, self.action)
        return f"{known.service}.{known.name}" if known else f"{self.service}.{self.action}"

    @property
    def returns(self) -> str:
        """The schema's type of the result; empty where no schema has the action."""
        known = schema.action(self.service, self.action)
        return known.returns if known else ""


def path(service: str, action: str | None = None) -> str:
    """Return the path of an action, or of a service that is called without one (multirequest)."""
    return f"/api_v3/service/{service}" + (f"/action/{action}" if action else "")


def for_get(url: str, parameters: Mapping[str, Any]) -> tuple[str, Body]:
    """Write a GET: its address with the parameters that anybody may read, and a body of the rest.

    Addresses are kept in logs and by proxies, so no ks and no user stands in one.
    """
    given = {name: value for name, value in plain(parameters).items() if value is not None}
    hidden = ("ks", "userId")
    open_ = {
        name: value
        for name, value in given.items()
        if name not in hidden and isinstance(value, bool | int | float | str)
    }
    query = urlencode(
        {
            name: str(value).lower() if value is True or value is False else value
            for name, value in open_.items()
        }
    )
    return f"{url}?{query}", encode({k: v for k, v in given.items() if k not in open_})


def encode(parameters: Mapping[str, Any]) -> Body:
    """Write a body; points in time become epoch seconds, and what is None is left out."""
    given = {name: value for name, value in plain(parameters).items() if value is not None}
    try:
        return Body(msgspec.json.encode(given, enc_hook=Secret.reveal))
    except UnicodeEncodeError as error:
        raise KottError(f"These arguments cannot be sent: {error}.") from error


def plain(value: Any, where: str = "") -> Any:
    """Return a value as JSON can hold it; points in time and days as epoch seconds, UTC.

    Secrets stay as they are. `where` names the value in messages, which never show it.
    """
    if value is None or isinstance(value, bool | Secret):
        return value
    if isinstance(value, str):  # a subclass too, such as numpy's
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Expression | Key):
        condition: Any = value  # a key alone is refused there
        return as_text(condition)
    if isinstance(value, Mapping):
        above = f"{where}." if where else ""
        return {str(name): plain(one, f"{above}{name}") for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one, f"{where}[{n}]") for n, one in enumerate(value)]
    if isinstance(value, dt.datetime) and value == value:  # NaT is not a point in time
        aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return int(aware.timestamp() // 1)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return plain(dt.datetime.combine(value, dt.time()))
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
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
    does not extend it, or is abstract, is refused, naming those that fit. A required filter of a
    list that is missing is the plain one of its class. Actions and arguments that no schema lists
    are unchanged.
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
    fits = schema.extends(given, cls) and not schema.is_abstract(given)
    if schema.is_class(given) and schema.is_class(cls) and not fits:
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
            _check(
                f"{where}: {cls}", "property", value, schema.properties(cls), ("objectType",), cls
            )
        for name, one in value.items():
            _check_properties(one, f"{where}.{name}")


def _check(
    what: str,
    kind: str,
    given: Iterable[str],
    known: Mapping[str, Any],
    more: Sequence[str],
    cls: str = "",
) -> None:
    for name in given:
        if name not in known and name not in more and not name.endswith("__null"):
            raise KottError(f"{what} has no {kind} {name!r}. {_near(name, known, cls)}")


def _near(name: str, known: Mapping[str, Any], cls: str) -> str:
    """Name the near names, else the nearest of the classes that extend one, else all there are."""
    close = schema.near(name, known)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    subclasses = [one for one in schema.extending(cls) if not schema.is_abstract(one)]
    for close_name in schema.near(name, {p for one in subclasses for p in schema.properties(one)}):
        having = [one for one in subclasses if close_name in schema.properties(one)]
        return f"Did you mean {close_name}? Then add objectType, one of {', '.join(having)}."
    return f"It has {', '.join(known)}." if known else "It has none."


def _own_class(value: Mapping[str, Any], cls: str, where: str) -> str:
    """Return the argument's class, unless it lacks a property that only its subclasses have."""
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
    """Read one call; a message never shows an invalid one, since it may hold a password."""
    if isinstance(call, list | tuple) and 2 <= len(call) <= 3:
        service, action, arguments = (*call, {})[:3]
        if isinstance(arguments, Mapping):
            return Call(str(service), str(action), arguments)
    size = f" of {len(call)}" if isinstance(call, list | tuple) else ""
    raise KottError(
        f"Call {position} is a {type(call).__name__}{size} and cannot be read: write "
        "(service, action, arguments), the arguments as a dict."
    )


def _check_references(arguments: Mapping[str, Any], position: int) -> None:
    for text in _texts(arguments):
        for number in (int(digits[:6]) for digits in _REFERENCE.findall(text)):
            if not 1 <= number <= position:
                raise KottError(
                    f"{{{number}:result...}} in call {position + 1} points at a result "
                    "which does not come before it: count results from 1."
                )
            if number > LAST_REFERENCE:
                raise KottError(
                    f"{{{number}:result...}} in call {position + 1}: only the first "
                    f"{LAST_REFERENCE} results can be named; put the call that is named among them."
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str | Secret):
        yield value if isinstance(value, str) else value.reveal()
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
