"""What is public: the names that completion shows, and arguments that mean one thing everywhere."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType

import pytest

import kott_notebooks as kott

ROOMS = [name for name in kott.__all__ if isinstance(getattr(kott, name), ModuleType)]
MODULES = ["kott_notebooks", *(f"kott_notebooks.{room}" for room in [*ROOMS, "audits.texts"])]
FUNCTIONS = {
    f"{module.removeprefix('kott_notebooks').removeprefix('.')}.{name}": one
    for module in MODULES
    for name, one in vars(importlib.import_module(module)).items()
    if name in importlib.import_module(module).__all__ and inspect.isfunction(one)
}
# Names whose type depends on what the function is about: a number of things where a partner is made
# up, the things themselves elsewhere; what to group by; whichever source is read.
SEVERAL = {
    "assets", "by", "channels", "days", "households", "kind", "labels",
    "source", "tz",
}  # fmt: skip

CLASSES = {
    one: None
    for module in map(importlib.import_module, MODULES)
    for one in map(vars(module).get, module.__all__)
    if inspect.isclass(one)
}
METHODS = {  # those that a caller uses, but for what Python gives any object to
    f"{of.__module__}.{of.__name__}.{name}": inspect.unwrap(getattr(one, "__func__", one))
    for of in CLASSES
    for name, one in vars(of).items()
    if inspect.isfunction(getattr(one, "__func__", one))
    and name not in ("__eq__", "__ne__")
    and (not name.startswith("_") or name.endswith("__"))
}
FURTHER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def arguments(name: str) -> dict[str, inspect.Parameter]:
    """Return the argument of this name of each public function that has one."""
    given = {of: inspect.signature(one).parameters for of, one in FUNCTIONS.items()}
    return {of: own[name] for of, own in given.items() if name in own}


def types(name: str) -> set[str]:
    """Return how public functions annotate an argument, whether it may be None or not.

    What a widget takes is written into a line of code, so it is text or a number.
    """
    given = {of: one for of, one in arguments(name).items() if not of.startswith("widgets.")}
    written = [one.annotation for one in given.values() if one.kind not in FURTHER]
    return {one.removesuffix(" | None").rpartition(".")[2] for one in written}


@pytest.mark.parametrize("name", MODULES)
def test_completion_shows_what_is_public(name: str) -> None:
    """`dir()` of a public module is its `__all__`, which holds each name once."""
    module = importlib.import_module(name)
    assert dir(module) == sorted(set(module.__all__))
    assert len(module.__all__) == len(set(module.__all__))
    assert [one for one in module.__all__ if not hasattr(module, one)] == []


def test_an_argument_has_one_type() -> None:
    """A name means the same in every public function, but for those that SEVERAL lists."""
    names = {name for one in FUNCTIONS.values() for name in inspect.signature(one).parameters}
    assert {name for name in names - SEVERAL if len(types(name)) > 1} == set()


def test_no_argument_takes_anything() -> None:
    """Only what goes on to another function is of any type."""
    loose = [
        f"{of}({one.name})"
        for of, function in (FUNCTIONS | METHODS).items()
        for one in inspect.signature(function).parameters.values()
        if one.annotation in ("Any", "object", "Iterable[object]") and one.kind not in FURTHER
    ]
    assert loose == []


def test_limit_counts_rows_that_are_fetched() -> None:
    """What limits the rows that are shown is called `n`."""
    fetching = set(arguments("session"))
    assert set(arguments("limit")) <= fetching
    assert set(arguments("n")).isdisjoint(fetching)


@pytest.mark.parametrize("name", ["columns", "labels", "now", "rules", "tz"])
def test_an_option_is_the_usual_one_unless_given(name: str) -> None:
    """The usual zone, time, rules and columns are those of the environment or the table."""
    needed = {inspect.Parameter.empty} if name == "rules" else set()
    assert {one.default for one in arguments(name).values()} <= {None} | needed


def test_rules_have_one_shape() -> None:
    """Every audit and report takes a path, a mapping or Rules."""
    assert types("rules") == {"RulesSource"}


def test_a_filter_is_text_or_an_expression() -> None:
    """So it is wherever a function takes one."""
    assert types("ksql") == {"str | Expression"}


def test_findings_come_first() -> None:
    """A function of findings and of what was audited takes the findings first."""
    second = ("assets", "table", "labels", "ingest_results")
    for of in arguments("findings"):
        order = list(inspect.signature(FUNCTIONS[of]).parameters)
        assert all(order.index("findings") < order.index(one) for one in second if one in order)


def test_a_guide_may_have_columns_of_other_names() -> None:
    """Every function that takes a guide first takes `columns` too."""
    first = {of: next(iter(inspect.signature(one).parameters), "") for of, one in FUNCTIONS.items()}
    assert [of for of, name in first.items() if name == "epg"] == [
        of for of in arguments("columns") if first[of] == "epg"
    ]
