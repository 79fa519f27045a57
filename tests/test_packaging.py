"""What the package promises as a whole: a light import, arrows that point one way, no way out."""

from __future__ import annotations

import ast
import graphlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import kott_notebooks as kott

PACKAGE = Path(kott.__file__).parent
ORDER = (  # a module imports only what stands above it
    *("schema", "errors", "times", "ksql", "api", "paging", "session", "tables", "listings"),
    *("history", "audits", "catalog", "schedule", "household", "xmltv", "plots", "report"),
    *("widgets", "demo", "cli", "__main__"),
)
ALONE = {  # who may import what is heavy, or reaches the network
    "requests": {"session", "demo"},
    "matplotlib": {"plots", "report", "cli"},
    "ipywidgets": {"widgets"},
    "kott_notebooks.demo": {"cli", "demo"},
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_notebooks" not in path.parts)


def part(path: Path) -> str:
    """Name the part of the package that a file belongs to: `frames`, `demo` ..."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Name what a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    """Name the parts of the package that a file imports, its own aside."""
    names = {name.split(".")[1] for name in imported(path) if name.startswith("kott_notebooks.")}
    return (names & {part(one) for one in modules()}) - {part(path)}


def dotted(path: Path) -> str:
    """Name a file as Python does: `kott_notebooks.demo.backend`."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


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


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """A module imports only modules that stand above it, as the design has them."""
    if part(path) == "__init__":
        return
    above = ORDER[: ORDER.index(part(path))]
    assert parts_imported(path) <= set(above)


def test_no_module_imports_itself_in_a_circle() -> None:
    """Inside the package's folders too, there is an order in which every module can be read."""
    names = {dotted(path): path for path in modules()}
    graph = {name: names.keys() & set(imported(path)) - {name} for name, path in names.items()}
    for found in graph.values():  # `from package import module` needs the module alone
        found -= {one.rpartition(".")[0] for one in found}
    assert [*graphlib.TopologicalSorter(graph).static_order()]


@pytest.mark.parametrize("name", ALONE)
def test_what_is_heavy_is_imported_in_one_place(name: str) -> None:
    """Only the session and the demo talk to the network, only plots draw, only the CLI serves."""
    users = {
        part(path)
        for path in modules()
        if any(one == name or one.startswith(f"{name}.") for one in imported(path))
    }
    assert users <= ALONE[name]


def test_the_demo_shares_no_code_with_the_client() -> None:
    """The backend is written from the API's facts: it cannot have the client's mistakes."""
    backend = [one for one in modules() if part(one) == "demo" and one.name != "__init__.py"]
    assert backend
    for path in backend:
        assert parts_imported(path) <= {"schema"}, path


def test_every_public_name_is_there() -> None:
    """`__all__` is sorted, holds each name once, and each of them exists."""
    assert kott.__all__ == sorted(set(kott.__all__))
    assert [name for name in kott.__all__ if not hasattr(kott, name)] == []


def test_types_are_shipped() -> None:
    """The package says that it is typed."""
    assert (PACKAGE / "py.typed").exists()


def test_no_test_reaches_the_network() -> None:
    """A socket opens to this machine alone."""
    with socket.socket() as one, pytest.raises(RuntimeError, match="out of this machine"):
        one.connect(("192.0.2.1", 80))
    with pytest.raises(RuntimeError, match="out of this machine"):
        socket.getaddrinfo("kott.invalid", 443)
