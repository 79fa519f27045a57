"""Arguments as received -> values of the types that the schema declares, or the right refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.backend.refusals import Refusal

# Parameters that a request of any action may carry.
GLOBALS = frozenset(
    (
        *("apiVersion", "clientTag", "kalsig", "ks", "partnerId", "userId", "language", "currency"),
        *("format", "responseProfile", "abortOnError", "abortAllOnError", "skipCondition"),
        "ignoreNull",  # sent by the generated Java and PHP clients; nulls are ignored in any case
    )
)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_LONG = 2**63
_NUMBER = re.compile("[0-9]{1,6}")  # of an entry


@cache
def orders(cls: str | None) -> str | None:
    """Name the enum of what a filter's `orderBy` takes: that of its class, or of the next above."""
    if cls is None:
        return None
    name = cls.removesuffix("Filter") + "OrderBy"
    return name if schema.enum(name) else orders(schema.data()["classes"][cls]["base"])


def _order(cls: str, given: str, where: str) -> Any:
    """Check an order against its enum, since the schema types it as text."""
    enum = orders(cls)
    return _enum(enum, given, where) if enum else given


def checked(
    action: schema.Action, parameters: Mapping[str, Any], *, strict: bool
) -> dict[str, Any]:
    """Return an action's arguments, each of its declared type, without absent and null ones."""
    given = _without_nulls(parameters)
    unknown = [name for name in given if name not in action.args and name not in GLOBALS]
    if unknown and strict:
        raise Refusal("InvalidActionParameters", parameter=unknown[0])
    reader = Reader(strict)
    arguments = {
        name: reader.value(kind.removesuffix("?"), given[name], name)
        for name, kind in action.args.items()
        if name in given
    }
    missing = [name for name in action.required if name not in arguments]
    if missing:
        raise Refusal("MissingParameter", parameter=missing[0])
    return arguments


def _without_nulls(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out nulls, as JSON has them or as `name__null`, as Kaltura's clients send them."""
    return {
        name: value
        for name, value in given.items()
        if value is not None and not name.endswith("__null")
    }


class Reader:
    """Reads values by their declared type; numbers and booleans may be text."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict  # whether names that the schema lacks are refused

    def value(self, kind: str, given: Any, where: str) -> Any:
        """Read one value of a type as the schema writes it: `int`, `object:CLASS`."""
        family, _, of = kind.partition(":")
        if family == "object":
            return self.object(of, given, where)
        if family == "array":
            return self.array(of, given, where)
        if family == "map":
            return self.map(of, given, where)
        if family == "enum":
            return _enum(of, given, where)
        read = _SCALARS.get(family)
        value = read(given) if read else given
        if value is None:
            raise Refusal("InvalidActionParameter", parameter=where, type=kind)
        return value

    def object(self, cls: str, given: Any, where: str) -> dict[str, Any]:
        """Read an object: of the declared class, or of one that extends it."""
        if not isinstance(given, dict):
            raise Refusal("InvalidActionParameter", parameter=where, type=cls)
        actual = str(given.get("objectType") or cls)
        if not schema.is_class(actual) or not schema.extends(actual, cls):
            raise Refusal("InvalidObjectType", type=actual, expected=cls)
        if schema.is_abstract(actual):
            raise Refusal("AbstractParameter", parameter=where, type=actual)
        kinds = schema.properties(actual)
        sent = _without_nulls({k: v for k, v in given.items() if k != "objectType"})
        unknown = [name for name in sent if name not in kinds]
        if unknown and self.strict:
            raise Refusal("InvalidActionParameters", parameter=f"{where}.{unknown[0]}")
        read = {
            name: self.value(kinds[name], value, f"{where}.{name}")
            for name, value in sent.items()
            if name in kinds
        }
        if schema.extends(actual, "KalturaFilter") and read.get("orderBy"):
            read["orderBy"] = _order(actual, read["orderBy"], f"{where}.orderBy")
        return {"objectType": actual, **read}

    def array(self, cls: str, given: Any, where: str) -> list[Any]:
        """Read a list; forms send one as an object with numbered keys, and an empty one as `-`."""
        if isinstance(given, dict):
            numbered = {int(k): v for k, v in given.items() if _NUMBER.fullmatch(k)}
            if len(numbered) == len(given) or set(given) == {"-"}:
                given = [numbered[number] for number in sorted(numbered)]
        if not isinstance(given, list):
            raise Refusal("InvalidActionParameter", parameter=where, type=f"array:{cls}")
        return [self._item(cls, item, f"{where}.{at}") for at, item in enumerate(given)]

    def map(self, cls: str, given: Any, where: str) -> dict[str, Any]:
        """Read a map of names to objects."""
        if not isinstance(given, dict):
            raise Refusal("InvalidActionParameter", parameter=where, type=f"map:{cls}")
        items = {name: item for name, item in given.items() if name not in ("objectType", "-")}
        return {name: self._item(cls, item, f"{where}.{name}") for name, item in items.items()}

    def _item(self, cls: str, given: Any, where: str) -> Any:
        kind = f"object:{cls}" if schema.is_class(cls) else cls
        return self.value(kind, given, where)


def whole(given: Any) -> int | None:
    """Read a whole number of 64 bits, as a number or as text; anything else gives None."""
    if isinstance(given, str):
        text = given.strip()
        digits = text.removeprefix("-")
        given = int(text) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    if isinstance(given, bool) or not isinstance(given, int) or abs(given) >= _LONG:
        return None
    return given


def number(given: Any) -> float | None:
    """Read a finite number, as a number or as text; anything else gives None."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        value = float(given)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def truth(given: Any) -> bool | None:
    """Read true, false, 1 or 0, as such or as text; anything else gives None."""
    if isinstance(given, dict | list | float):
        return None
    return _TRUTH.get(str(given).strip().lower())


def text(given: Any) -> str | None:
    """Read text; numbers and booleans are taken as their text, anything else gives None."""
    if isinstance(given, bool):
        return str(given).lower()
    return str(given) if isinstance(given, str | int | float) else None


_SCALARS = {"int": whole, "time": whole, "float": number, "bool": truth, "string": text}


def _enum(name: str, given: Any, where: str) -> Any:
    values = {str(value).lower(): value for value in schema.enum(name).values()}
    known = values.get((text(given) or "").lower())
    if known is None:
        raise Refusal("EnumValueNotSupported", value=given, argument=where, type=name)
    return known
