"""The documentation of what is public: complete, and its examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import validate

import kott_notebooks as kott

ROOT = Path(__file__).parent.parent
ROOMS = [getattr(kott, name) for name in kott.__all__ if inspect.ismodule(getattr(kott, name))]
PUBLIC = [kott, *ROOMS, importlib.import_module("kott_notebooks.audits.texts")]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
CHECKS = set(SETTINGS["numpydoc_validation"]["checks"])
NOW = time.time()
MODULES = sorted(
    one.name
    for one in pkgutil.walk_packages(kott.__path__, "kott_notebooks.")
    if "_notebooks." not in one.name.removeprefix("kott_notebooks.") and "__main__" not in one.name
)


FUNCTIONS = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in PUBLIC
    for name in module.__all__
    if inspect.isfunction(getattr(module, name))
}
METHODS = {
    f"kott_notebooks.Session.{name}": getattr(kott.Session, name)
    for name in dir(kott.Session)
    if name[0] != "_"
} | {"kott_notebooks.IncompleteError.resume": kott.IncompleteError.resume}
CLASSES = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in PUBLIC
    for name in module.__all__
    if inspect.isclass(getattr(module, name))
}
MADE_BY_USERS = [  # the others are made for them
    "kott_notebooks.demo.Deployment",
    "kott_notebooks.demo.Faults",
    "kott_notebooks.household.Thresholds",
    "kott_notebooks.ksql.Key",
    "kott_notebooks.schedule.Thresholds",
    "kott_notebooks.widgets.LoginForm",
]
DOCUMENTED = FUNCTIONS | METHODS | {name: CLASSES[name] for name in MADE_BY_USERS}
FOREIGN = pd.DataFrame({"unrelated": ["x"]})
REQUIRED = {  # what a function is given for an argument that it requires, by its annotation
    "pd.DataFrame": FOREIGN,
    "Channels | None": FOREIGN,
    "Place": "store",
    "RulesSource": {},
    "When": "today",
    "str": "x",
    "str | Mapping[str, float | str]": "error",
    "str | Path": "table.csv",
}
ANY_TABLE = {"coerce", "conform", "export", "flat", "report.show", "show", "xmltv.lines"}


def required(function: Callable[..., Any]) -> dict[str, str]:
    """Return the annotations of the arguments that a function cannot do without."""
    return {
        one.name: one.annotation
        for one in inspect.signature(function).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }


TAKE_TABLES = [
    name for name in FUNCTIONS if "pd.DataFrame" in list(required(FUNCTIONS[name]).values())[:1]
]


def errors(documented: Callable[..., Any]) -> list[str]:
    """Return what numpydoc has against a docstring."""
    messages = validate(get_doc_object(documented))["errors"]
    return [f"{code}: {text}" for code, text in messages if code in CHECKS]


def resolves(name: str, start: Any) -> bool:
    """Return whether a dotted name is public, seen from a module or class."""
    for part in name.split("."):
        if part not in dir(start):
            return False
        start = getattr(start, part)
    return True


def examples(name: str) -> list[doctest.DocTest]:
    """Give the docstrings of a module that have examples."""
    module = importlib.import_module(name)
    names: dict[str, Any] = {"kott": kott, "np": np, "pd": pd, "plt": plt}
    names |= {one: getattr(kott, one) for one in ("catalog", "demo", "household", "plots")}
    names |= {one: getattr(kott, one) for one in ("report", "schedule", "xmltv")}
    return [one for one in doctest.DocTestFinder().find(module, extraglobs=names) if one.examples]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_users_call_is_documented_in_full(name: str) -> None:
    """Parameters, returns, what to see next and an example, as numpydoc has them."""
    assert errors(DOCUMENTED[name]) == []


@pytest.mark.parametrize("name", [name for name in CLASSES if name not in MADE_BY_USERS])
def test_a_record_says_its_attributes(name: str) -> None:
    """They are in its docstring, or properties with one of their own."""
    cls = CLASSES[name]
    only_for_users = ("PR01", "SA01", "EX01")
    assert [one for one in errors(cls) if not one.startswith(only_for_users)] == []
    names = {name for name in inspect.get_annotations(cls) if name[0] != "_"}
    if "__init__" in vars(cls) and not names:
        given = re.findall(r"^ +(self\..*?) = ", inspect.getsource(cls.__init__), re.MULTILINE)
        names = set(re.findall(r"self\.([a-z]\w*)", " ".join(given)))
    documented = get_doc_object(cls, config={"show_class_members": False})["Attributes"]
    assert names <= {one for some, *_ in documented for one in some.split(", ")}


@pytest.mark.parametrize("name", [name for name in dir(kott.ksql.Key) if name[0] != "_"])
def test_a_comparison_of_a_key_has_an_example(name: str) -> None:
    """So does the class, for its operators."""
    assert "Examples\n" in (inspect.getdoc(getattr(kott.ksql.Key, name)) or "")


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_to_see_also_is_there(name: str) -> None:
    """Each name is public: beside the one that names it, or in kott."""
    beside = pkgutil.resolve_name(name.rpartition(".")[0])
    for names, _ in get_doc_object(DOCUMENTED[name])["See Also"]:
        for one, _ in names:
            assert resolves(one, beside) or resolves(one.removeprefix("kott."), kott), one


@pytest.mark.parametrize("name", TAKE_TABLES)
def test_a_function_that_refuses_a_table_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given a table of something else it raises KottError, and has a section Raises."""
    monkeypatch.chdir(tmp_path)
    arguments = {one: REQUIRED[its] for one, its in required(FUNCTIONS[name]).items()}
    if name.removeprefix("kott_notebooks.") in ANY_TABLE:
        FUNCTIONS[name](**arguments)
        return
    with pytest.raises(kott.KottError):
        FUNCTIONS[name](**arguments)
    assert "Raises\n" in (inspect.getdoc(FUNCTIONS[name]) or "")


@pytest.mark.parametrize("name", [name for name in MODULES if examples(name)])
def test_the_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gives what its docstring shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setattr(time, "time", lambda: NOW)  # the same partner in every example
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    words: list[str] = []
    for one in examples(name):
        runner.run(one, out=words.append)
    plt.close("all")
    assert runner.summarize(verbose=False).failed == 0, "".join(words)


def test_there_are_examples() -> None:
    """The documentation shows by doing."""
    assert sum(len(one.examples) for name in MODULES for one in examples(name)) > 100
