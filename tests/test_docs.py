"""The documentation of what is public: complete, and its examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from numpydoc.validate import validate

import kott_notebooks as kott

ROOT = Path(__file__).parent.parent
ROOMS = ("ksql", "listings", "session")  # whose public functions have every section
PUBLIC = [kott, kott.ksql]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
CHECKS = set(SETTINGS["numpydoc_validation"]["checks"])
MODULES = sorted(
    one.name
    for one in pkgutil.walk_packages(kott.__path__, "kott_notebooks.")
    if "_notebooks." not in one.name.removeprefix("kott_notebooks.") and "__main__" not in one.name
)


def functions(module: ModuleType) -> list[str]:
    """Name the public functions of a module in full."""
    named = [(name, getattr(module, name)) for name in module.__all__]
    return [
        f"{module.__name__}.{name}"
        for name, one in named
        if inspect.isfunction(one) and one.__module__.split(".")[1] in ROOMS
    ]


def examples(name: str) -> list[doctest.DocTest]:
    """Give the docstrings of a module that have examples."""
    module = importlib.import_module(name)
    names: dict[str, Any] = {"kott": kott, "np": np, "pd": pd, "plt": plt}
    names |= {one: getattr(kott, one) for one in ("catalog", "demo", "household", "plots")}
    names |= {one: getattr(kott, one) for one in ("report", "schedule", "xmltv")}
    return [one for one in doctest.DocTestFinder().find(module, extraglobs=names) if one.examples]


METHODS = [
    f"kott_notebooks.Session.{name}" for name in dir(kott.Session) if not name.startswith("_")
]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_the_session_says_what_it_takes_and_returns(name: str) -> None:
    """As numpydoc has it."""
    errors = validate(name)["errors"]
    assert [f"{code}: {text}" for code, text in errors if code in CHECKS] == []


@pytest.mark.parametrize("name", [name for module in PUBLIC for name in functions(module)])
def test_a_public_function_is_documented_in_full(name: str) -> None:
    """Parameters, returns, what it raises and an example, as numpydoc has them."""
    errors = validate(name)["errors"]
    assert [f"{code}: {text}" for code, text in errors if code in CHECKS] == []
    assert "Examples\n" in (inspect.getdoc(pkgutil.resolve_name(name)) or "")


@pytest.mark.parametrize("name", [name for name in MODULES if examples(name)])
def test_the_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gives what its docstring shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    words: list[str] = []
    for one in examples(name):
        runner.run(one, out=words.append)
    plt.close("all")
    assert runner.summarize(verbose=False).failed == 0, "".join(words)


def test_there_are_examples() -> None:
    """The documentation shows by doing."""
    assert sum(len(one.examples) for name in MODULES for one in examples(name)) > 100
