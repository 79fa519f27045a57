"""What the package promises as a whole: a light import, arrows that point one way, no way out."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

import kott_notebooks as kott

PACKAGE = Path(kott.__file__).parent
ROOT = Path(__file__).parent.parent
LAZY = ("demo", "household", "plots", "widgets", "xmltv")


def fresh(code: str) -> str:
    """Run code in an interpreter that has imported nothing yet; give what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_import_is_light() -> None:
    """`import kott_notebooks` loads neither matplotlib nor ipywidgets nor the demo."""
    loaded = set(fresh("import sys, kott_notebooks; print(*sys.modules)").split())
    heavy = {"matplotlib", "ipywidgets", "IPython", "tqdm.auto", "kott_notebooks.demo"}
    assert "kott_notebooks" in loaded
    assert loaded & heavy == set()


def test_imports_point_one_way() -> None:
    """The contracts of pyproject.toml hold: who imports whom, who draws, who asks the network."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True)
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("name", LAZY)
def test_a_module_is_loaded_when_it_is_used(name: str) -> None:
    """`kott.plots` needs no import of its own, and costs nothing before."""
    module = f"kott_notebooks.{name}"
    code = f"import sys, kott_notebooks as kott; print({module!r} in sys.modules, kott.{name})"
    before, _, shown = fresh(code).partition(" ")
    assert shown.startswith(f"<module '{module}'")
    assert before == "False"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """A slip is not taken for a module that is loaded late."""
    with pytest.raises(AttributeError, match="no attribute 'asets'"):
        kott.asets  # type: ignore[attr-defined]  # noqa: B018


def test_types_are_shipped() -> None:
    """The package says that it is typed."""
    assert (PACKAGE / "py.typed").exists()


def test_no_test_reaches_the_network() -> None:
    """A socket opens to this machine alone."""
    with socket.socket() as one, pytest.raises(RuntimeError, match="out of this machine"):
        one.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="out of this machine"):
        socket.getaddrinfo("kott.invalid", 443)
