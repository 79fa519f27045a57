"""`kott run` and `kott gallery`: notebooks run without a browser, as pages."""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kott_notebooks.cli.lab import shipped, without_credentials
from kott_notebooks.errors import KottError
from kott_notebooks.report.notebook import first_picture, notebook
from kott_notebooks.report.page import page, render, resource

CELL_SECONDS = 3_600  # that a cell may take: one cell may pull a large partner
START_SECONDS = 600  # that a kernel may take to start, on a busy machine


def run_notebook(given: argparse.Namespace) -> None:
    """Run a notebook against a partner, and write it as one page."""
    path = notebook_path(given.notebook)
    book = read_notebook(path)
    set_parameters(book, dict(given.parameter))
    execute(book, path.name, environment(given))
    made = notebook(book, title_of(book, path), code=given.code)
    made.save(given.out)
    print(f"{len(made.html.encode()) / 1000:,.0f} kB, in {given.out}", file=sys.stderr)


def gallery(given: argparse.Namespace) -> None:
    """Render notebooks as pages in a folder, with an index; those without output are run first."""
    paths = [one for path in given.notebooks or [shipped()] for one in notebooks_in(Path(path))]
    pages = Counter(["index", *(path.stem for path in paths)])
    if twice := [name for name, count in pages.items() if count > 1]:
        raise KottError(f"{twice[0]}.html would be written twice: give one notebook another name.")
    given.out.mkdir(parents=True, exist_ok=True)
    entries = []
    for path in paths:
        book = read_notebook(path)
        if not any(cell.get("outputs") for cell in book.cells):
            print(f"running {path}", file=sys.stderr)
            execute(book, path.name, environment(given))
        title = title_of(book, path)
        made = notebook(book, title)
        made.save(given.out / f"{path.stem}.html")
        entries.append(
            {"title": title, "href": f"{path.stem}.html", "picture": first_picture(made)}
        )
    body = render("gallery.html", entries=entries)
    page("Notebooks", body, style=resource("notebook.css")).save(given.out / "index.html")
    print(f"{len(paths)} notebooks, in {given.out / 'index.html'}", file=sys.stderr)


def notebook_path(name: str) -> Path:
    """Return the path of a notebook: a file, or one of ours by its name."""
    own = {path.stem: path for path in notebooks_in(shipped())}
    path = own.get(name, Path(name))
    if path.is_file():
        return path
    near = difflib.get_close_matches(name, own, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"Give a file, or one of {', '.join(own)}."
    raise KottError(f"There is no notebook {name}. {hint}")


def notebooks_in(path: Path) -> list[Path]:
    """List the notebooks of a folder, or the one file; KottError where there is none."""
    books = sorted(path.glob("*.ipynb")) if path.is_dir() else [path]
    if not books or not books[0].is_file():
        raise KottError(f"{path} holds no notebook.")
    return books


def read_notebook(path: Path) -> Any:
    """Read a notebook; KottError for what is not one."""
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, KeyError) as error:
        raise KottError(f"{path} is not a notebook: {str(error)[:200]}") from error


def title_of(book: Any, path: Path) -> str:
    """Return the first heading of a notebook, else the name of its file."""
    lines = [line for cell in book.cells[:1] for line in cell.source.splitlines()]
    return lines[0].lstrip("# ") if lines and lines[0].startswith("#") else path.stem


def set_parameters(book: Any, parameters: Mapping[str, Any]) -> None:
    """Insert a cell of values after the one that is tagged `parameters`, as papermill does."""
    import nbformat

    if not parameters:
        return
    tagged = [
        place
        for place, cell in enumerate(book.cells)
        if "parameters" in cell.metadata.get("tags", [])
    ]
    known = _assigned(book.cells[tagged[0]].source) if tagged else []
    for name in parameters:
        if name not in known:
            raise KottError(
                f"The notebook has no parameter {name!r}; it has {', '.join(known) or 'none'}."
            )
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    book.cells.insert(tagged[0] + 1, nbformat.v4.new_code_cell(source))


def _assigned(source: str) -> list[str]:
    """List the names that a cell assigns at its top level."""
    from IPython.core.inputtransformer2 import TransformerManager

    try:
        statements = ast.parse(TransformerManager().transform_cell(source)).body
    except SyntaxError as error:
        raise KottError(f"The cell tagged `parameters` is not Python: {error}.") from error
    targets = [
        target
        for one in statements
        if isinstance(one, ast.Assign | ast.AnnAssign)
        for target in (one.targets if isinstance(one, ast.Assign) else [one.target])
    ]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def environment(given: argparse.Namespace) -> dict[str, str]:
    """Return the environment variables by which the notebook finds its partner."""
    if given.demo and given.profile:
        raise KottError("--demo has a partner of its own: leave out --profile.")
    if given.demo:
        return {**without_credentials(), "KOTT_CONFIG": "none.toml"}  # there is none where it runs
    return {**os.environ, **({"KOTT_PROFILE": given.profile} if given.profile else {})}


def execute(book: Any, name: str, variables: Mapping[str, str]) -> None:
    """Run all cells in a new kernel; KottError with the error of a cell that fails."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            book,
            timeout=CELL_SECONDS,
            startup_timeout=START_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute(env={**variables, "KOTT_PROGRESS": "0"}, stderr=subprocess.DEVNULL)
        except CellExecutionError as error:
            raise KottError(f"{name} stopped: {error.ename}: {error.evalue}") from error
        except (CellTimeoutError, RuntimeError) as error:  # a kernel that died, or did not start
            raise KottError(f"{name} stopped: {str(error).partition(chr(10))[0]}") from error
