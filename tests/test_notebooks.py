"""The notebooks: saved without output, short cells, half prose, and each runs whole."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import nbformat
import pytest
from nbclient import NotebookClient

from kott_notebooks.report.notebook import notebook

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
STRICT = """\
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel")  # warns of itself when it ends"""

BAR = """\
import time
from kott_notebooks.listings.progress import progress_bar
with progress_bar(None, "assets") as bar:
    bar.reset(600)
    for _ in range(4):
        time.sleep(0.6)
        bar.update(150)"""
PULL = """\
import kott_notebooks as kott
from kott_notebooks import demo
faults = demo.Faults(latency=0.6)
session = demo.login(assets=100, channels=2, days=1, households=1, faults=faults)
assets = kott.assets(session)"""

every = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(book: Any) -> list[Any]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_the_questions_are_there() -> None:
    """From five minutes to a month; the page of notebooks names each."""
    assert [path.stem for path in NOTEBOOKS] == [
        "00_start",
        "01_catalogue",
        "02_schedule",
        "03_households",
        "04_your_partner",
        "05_any_action",
        "06_over_time",
    ]
    page = (NOTEBOOKS[0].parent.parent / "docs" / "notebooks.md").read_text("utf-8")
    assert [path.stem for path in NOTEBOOKS] == re.findall(r"^\| \[(\w+)\]", page, re.MULTILINE)


@every
def test_parameters_stand_in_the_first_code_cell(path: Path) -> None:
    """As papermill and `kott run` look for them."""
    first, *others = code(read(path))
    assert first.metadata["tags"] == ["parameters"]
    assert "profile = None" in first.source
    assert not any("parameters" in cell.metadata.get("tags", []) for cell in others)


@every
def test_a_notebook_is_saved_without_output(path: Path) -> None:
    """No output, no count, no widget state: nothing of whoever ran it last."""
    book = json.loads(path.read_text("utf-8"))
    assert [cell for cell in book["cells"] if cell.get("outputs")] == []
    assert {cell.get("execution_count") for cell in book["cells"]} == {None}
    assert "widgets" not in book["metadata"]
    nbformat.validate(book)


@every
def test_a_notebook_is_half_prose(path: Path) -> None:
    """A question on top; cells of a few lines, no `def`; as many words as code cells need."""
    book = read(path)
    prose = [cell for cell in book.cells if cell.cell_type == "markdown"]
    assert book.cells[0].source.partition("\n")[0].endswith("?")
    assert len(prose) >= 0.4 * len(book.cells)
    assert max(cell.source.count("\n") + 1 for cell in code(book)) <= 8
    assert not any("def " in cell.source for cell in code(book))


@every
def test_a_notebook_runs_whole(path: Path, tmp_path: Path) -> None:
    """Every cell runs, warnings are errors, nothing is written to stderr, pictures come out."""
    book = read(path)
    book.cells.insert(0, nbformat.v4.new_code_cell(STRICT))
    client = NotebookClient(
        book,
        timeout=600,
        startup_timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    outputs = [output for cell in code(book) for output in cell.outputs]
    words = [one.text for one in outputs if one.output_type == "stream" and one.name == "stderr"]
    pictures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert words == []
    assert pictures
    page = notebook(book, path.stem, code=False).html
    assert len(page.encode()) < 500_000  # what `kott run` makes of it
    assert "<iframe" not in page


class Watched(NotebookClient):
    """A run that remembers what each display showed, also what was updated later."""

    shown: ClassVar[list[dict[str, str]]] = []

    def process_message(self, message: Any, cell: Any, number: int) -> Any:
        """Note what is displayed."""
        if "display_data" in message["msg_type"]:
            self.shown.append(message["content"]["data"])
        return super().process_message(message, cell, number)


def test_a_progress_bar_moves_and_leaves_no_word() -> None:
    """It knows its total, moves while rows come, and the saved notebook has no word of it."""
    quick = "few = kott.assets(session, limit=1, progress=False)"
    cells = [nbformat.v4.new_code_cell(source) for source in (BAR, PULL, quick)]
    book = nbformat.v4.new_notebook(cells=cells)
    watched = Watched(book, timeout=600, startup_timeout=600, kernel_name="python3")
    watched.execute()
    texts = [one["text/plain"] for one in watched.shown]
    assert texts[:5] == [*(f"assets: {rows} of 600 rows" for rows in (150, 300, 450, 600)), ""]
    assert '<progress value="300.0" max="600">' in watched.shown[1]["text/html"]
    assert re.fullmatch(r"assets: \d+(?: of 100)? rows", texts[5])
    saved = [set(one["data"].values()) for cell in book.cells for one in cell.outputs]
    assert saved == [{""}, {""}]
    assert "widgets" not in book.metadata
