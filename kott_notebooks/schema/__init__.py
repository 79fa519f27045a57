"""What the API has: services, actions, classes, enums and error names, as facts of one data file.

Types are short strings: `int`, `float`, `bool`, `string`, `file`, `void`, `time` (epoch seconds),
`enum:NAME`, `object:CLASS`, `array:CLASS`, `map:CLASS`. An argument that may be left out ends in
`?`. Nothing here knows how a call is made.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

__all__ = [
    "Action",
    "action",
    "actions",
    "ancestry",
    "close_to",
    "data",
    "enum",
    "error_name",
    "extending",
    "extends",
    "is_abstract",
    "is_class",
    "near",
    "own_properties",
    "personal",
    "properties",
    "secret",
    "usual",
]


class Action(NamedTuple):
    """One action: its canonical names, its arguments (name -> type) and what it answers."""

    service: str
    name: str
    args: dict[str, str]
    returns: str
    items: str | None  # the class of a list's entries, for an action that answers a list
    pager: bool
    defaults: Mapping[str, Any] = MappingProxyType({})  # where the schema has them

    @property
    def required(self) -> list[str]:
        """Names of the arguments that may not be left out."""
        return [name for name, kind in self.args.items() if not kind.endswith("?")]


@cache
def data() -> dict[str, Any]:
    """Read the data file, once, when it is first asked for."""
    text = files(__package__).joinpath("ott.json").read_bytes()
    return dict(msgspec.json.decode(text))


@cache
def _service_names() -> dict[str, str]:
    return {name.lower(): name for name in data()["services"]}


def action(service: str, name: str) -> Action | None:
    """Find an action; service names are case-insensitive, and an unknown one gives None."""
    return _action(str(service), str(name))


@cache
def _action(service: str, name: str) -> Action | None:
    canonical = _service_names().get(service.lower())
    actions = data()["services"].get(canonical, {})
    action_name = {key.lower(): key for key in actions}.get(name.lower())
    if canonical is None or action_name is None:
        return None
    facts = actions[action_name]
    return Action(
        canonical,
        action_name,
        facts["args"],
        facts["returns"],
        facts.get("items"),
        facts.get("pager", False),
        facts.get("defaults", {}),
    )


def actions() -> list[Action]:
    """List every action of every service, by name."""
    every = [action(s, a) for s, names in data()["services"].items() for a in names]
    return [one for one in every if one]


def close_to(name: str) -> list[str]:
    """Name the actions, classes and enums whose names are near `name`."""
    names = [f"{one.service}.{one.name}" for one in actions()]
    return near(name, [*names, *data()["classes"], *data()["enums"]])


def near(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names near a name, in any case; the nearest first."""
    lower = {one.lower(): one for one in known}
    return [lower[hit] for hit in difflib.get_close_matches(name.lower(), lower)]


@cache
def ancestry(cls: str) -> tuple[str, ...]:
    """Return a class and those that it extends, the outermost first."""
    facts = data()["classes"].get(cls)
    if facts is None:
        return ()
    return (*(ancestry(facts["base"]) if facts["base"] else ()), cls)


def own_properties(cls: str) -> dict[str, str]:
    """List the properties that a class itself declares, and their types."""
    return dict(data()["classes"][cls]["properties"])


@cache
def properties(cls: str) -> dict[str, str]:
    """List a class's properties and types, inherited ones first; an unknown class has none."""
    return {name: kind for one in ancestry(cls) for name, kind in own_properties(one).items()}


def is_class(cls: str) -> bool:
    """Return whether the schema has this class."""
    return cls in data()["classes"]


def extends(cls: str, base: str) -> bool:
    """Return whether a class is another one, or extends it at any depth."""
    return cls == base or base in ancestry(cls)


def is_abstract(cls: str) -> bool:
    """Return whether the API takes only classes that extend this one."""
    return cls in data()["abstract"]


def usual(cls: str) -> str | None:
    """Name the class to send where `cls` is declared; None where that is ambiguous.

    Of an abstract one it is that named without `Base`, or the only one that extends it.
    """
    concrete = [one for one in extending(cls) if not is_abstract(one)]
    if cls in concrete or not concrete:
        return cls
    plain = cls.replace("Base", "")
    if plain in concrete:
        return plain
    return concrete[0] if len(concrete) == 1 else None


def extending(base: str) -> list[str]:
    """List a class and every class that extends it."""
    return _families().get(base, [])


@cache
def _families() -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for cls in data()["classes"]:
        for base in ancestry(cls):
            families.setdefault(base, []).append(cls)
    return families


@cache
def _marked(mark: str, cls: str) -> frozenset[str]:
    classes = data()["classes"]
    return frozenset(name for one in ancestry(cls) for name in classes[one].get(mark, ()))


def personal(cls: str) -> frozenset[str]:
    """Name the properties of a class that say something about a person."""
    return _marked("personal", cls)


def secret(cls: str) -> frozenset[str]:
    """Name the properties of a class that are credentials: tokens, pins, passwords."""
    return _marked("secret", cls)


def enum(name: str) -> dict[str, Any]:
    """List an enum's names and the values that travel."""
    return dict(data()["enums"].get(name, {}))


def error_name(code: str) -> str | None:
    """Return the name of an error code: `500016` is `ExpiredKS`."""
    name = data()["errors"].get(str(code))
    return str(name) if name is not None else None
