"""`kott run` and `kott gallery`: notebooks run as pages, and summaries that a mail can show."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import kott_notebooks as kott
from kott_notebooks import catalog, cli, demo, household, report, schedule
from kott_notebooks.audits.findings import as_findings
from kott_notebooks.cli.books import read_notebook, set_parameters
from kott_notebooks.report.notebook import notebook

BOOK = {
    "# How many?": "md",
    "n = 3\nname = 'assets'": "parameters",
    "import kott_notebooks as kott\nfrom kott_notebooks import catalog, demo, report": "",
    "session = demo.login(assets=50, channels=2, days=1, households=1)": "",
    "findings = catalog.audit(kott.assets(session))\nprint(n, name, kott.configured())": "",
    "import matplotlib.pyplot as plt\nplt.plot(range(n));": "",
    "report.digest(findings)": "summary",
    "print('only on a screen')": "screen",
}


def made(path: Path, cells: dict[str, str] = BOOK) -> Path:
    """Write a notebook of cells and their tags."""
    new = nbformat.v4
    book = new.new_notebook(
        cells=[
            new.new_markdown_cell(source)
            if tag == "md"
            else new.new_code_cell(source, metadata={"tags": [tag] if tag else []})
            for source, tag in cells.items()
        ]
    )
    nbformat.write(book, path)
    return path


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook, and what became of it."""
    folder = tmp_path_factory.mktemp("books")
    path = made(folder / "mine.ipynb")
    line = ["run", str(path), "-p", "n=7", "--demo", "--out", str(folder / "report.html")]
    assert cli.main(line) == cli.DONE
    return folder


def test_a_notebook_becomes_one_page(reports: Path) -> None:
    """Words, outputs and pictures; no code, nothing from elsewhere, small."""
    page = (reports / "report.html").read_text("utf-8")
    assert "<h1" in page
    assert "7 assets False" in page
    assert page.count("data:image/png;base64,") == 1
    assert "demo.login" not in page
    assert len(page.encode()) < 100_000
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)


def test_the_summary_stands_on_top(reports: Path) -> None:
    """Before the notebook's heading, by inline styles alone; a cell for the screen is left out."""
    page = (reports / "report.html").read_text("utf-8")
    assert page.index("of 100") < page.index("<h1")
    assert page.count("of 100") == 1
    assert "only on a screen" not in page


def test_the_notebook_itself_stays_as_it_was(reports: Path) -> None:
    """Neither outputs nor parameters are written into it."""
    cells = nbformat.read(reports / "mine.ipynb", 4).cells
    assert [cell.source for cell in cells] == list(BOOK)
    assert not any(cell.get("outputs") for cell in cells)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "02_shedule"], "Did you mean 02_schedule"),
        (["run", "mine.txt"], "is not a notebook"),
        (["run", "mine.ipynb", "-p", "m=1"], "no parameter 'm'; it has n, name"),
        (["run", "broken.ipynb"], "broken.ipynb stopped: KottError: 'x' is not"),
        (["run", "mine.ipynb", "--profile", "mine"], "leave out --profile"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_line(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name, a file, a parameter; an error in a cell is told as it is."""
    monkeypatch.chdir(tmp_path)
    made(tmp_path / "mine.ipynb")
    (tmp_path / "mine.txt").write_text("no notebook", "utf-8")
    fails = "raise __import__('kott_notebooks').KottError(\"'x' is not a channel.\")"
    made(tmp_path / "broken.ipynb", {fails: ""})
    assert cli.main([*words, "--demo", "--out", "report.html"]) == cli.USAGE
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("source", ["n: int = 3", "%config InlineBackend\nn = 3"])
def test_parameters_may_have_types_and_magics_beside_them(source: str, tmp_path: Path) -> None:
    """As in a notebook of yours."""
    book = read_notebook(made(tmp_path / "mine.ipynb", {source: "parameters"}))
    set_parameters(book, {"n": 7})
    assert [cell.source for cell in book.cells] == [source, "n = 7"]


def test_a_cell_of_parameters_that_is_not_python_is_refused(tmp_path: Path) -> None:
    """In words, before the notebook runs."""
    book = read_notebook(made(tmp_path / "mine.ipynb", {"n = = 3": "parameters"}))
    with pytest.raises(kott.KottError, match="is not Python"):
        set_parameters(book, {"n": 7})


@pytest.mark.parametrize("names", [("a/index",), ("a/mine", "b/mine")])
def test_no_page_of_a_gallery_replaces_another(
    names: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two notebooks of one name, or one that is called as the index is."""
    paths = [tmp_path / f"{name}.ipynb" for name in names]
    for path in paths:
        path.parent.mkdir()
        made(path)
    line = ["gallery", *map(str, paths), "--demo", "-o", str(tmp_path / "out")]
    assert cli.main(line) == cli.USAGE
    assert "would be written twice" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_gallery_has_an_index_and_a_page_per_notebook(
    reports: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With code; a notebook that has outputs is not run again."""
    book = nbformat.read(reports / "mine.ipynb", 4)
    book.cells = [
        nbformat.v4.new_markdown_cell("# A <saved> one"),
        nbformat.v4.new_code_cell(
            "1 / 0", outputs=[nbformat.v4.new_output("stream", text="as it was")]
        ),
    ]
    saved = tmp_path / "in" / "saved.ipynb"
    saved.parent.mkdir()
    nbformat.write(book, saved)
    out = str(tmp_path / "out")
    line = ["gallery", str(reports / "mine.ipynb"), str(saved), "--demo", "-o", out]
    assert cli.main(line) == cli.DONE
    index = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert re.findall(r'href="([^"]+)"', index) == ["mine.html", "saved.html"]
    assert "A &lt;saved&gt; one" in index
    assert index.count("data:image/png") == 1
    assert "demo" in (tmp_path / "out" / "mine.html").read_text("utf-8")
    assert "as it was" in (tmp_path / "out" / "saved.html").read_text("utf-8")


def test_rare_colours_of_a_picture_stay() -> None:
    """A class of few cells has the colour that the key gives it."""
    pixels = np.full((200, 400, 3), 255, np.uint8)
    pixels[:, 100:] = np.linspace(0, 255, 300, dtype=np.uint8)[None, :, None]
    pixels[:4, :4] = (196, 230, 120)
    given, data = io.BytesIO(), nbformat.v4.new_output("display_data")
    Image.fromarray(pixels).save(given, "PNG")
    data["data"] = {"image/png": base64.b64encode(given.getvalue()).decode()}
    cell = nbformat.v4.new_code_cell("draw()", outputs=[data])
    page = notebook(nbformat.v4.new_notebook(cells=[cell]), "Colours").html
    shown = base64.b64decode(re.findall(r"data:image/png;base64,([^\"]+)", page)[0])
    kept = np.asarray(Image.open(io.BytesIO(shown)).convert("RGB")).astype(int)
    assert np.abs(kept - pixels).max() < 24


# Summaries


@pytest.fixture(scope="module")
def session() -> kott.Session:
    """An operator of a small partner with defects."""
    return demo.login(assets=200, channels=6, days=2, households=40)


def audits(session: kott.Session) -> dict[str, pd.DataFrame]:
    """Audit assets, a guide and households."""
    homes = kott.households(session, range(20_001, 20_041))
    epg = kott.epg(session, "today", "today+1d")
    return {
        "assets": catalog.audit(kott.assets(session)),
        "programmes": schedule.audit(epg),
        "households": household.audit(homes, kott.household_users(session, homes)),
    }


def test_a_summary_has_three_numbers_and_at_most_five_causes(session: kott.Session) -> None:
    """The worst severity first; of assets the score, else how many warnings."""
    for thing, findings in audits(session).items():
        summary = report.digest(findings)
        last = "score" if thing == "assets" else "warnings"
        assert list(summary.numbers) == [thing, "errors", last]
        errors = findings["severity"].eq("error").sum()
        assert summary.numbers["errors"] == f"{errors:,}"
        causes = catalog.summary(findings).head(5)
        assert [one["rule"] for one in summary.causes] == causes["rule"].tolist()


def test_a_summary_survives_a_mail(session: kott.Session) -> None:
    """No class, script, picture or address; every word escaped."""
    findings = as_findings(
        [{"rule": "<b>", "severity": "error", "kind": "media", "id": "1", "hint": "a & b"}]
    )
    shown = report.digest(findings)._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "a &amp; b" in shown
    assert not re.search(r"class=|<script|<img|<style|https?:", shown)
    assert "Nothing was found." in report.digest(as_findings([]))._repr_html_()


def test_a_summary_is_text_where_there_is_no_html() -> None:
    """One line of numbers, one per cause."""
    findings: Any = as_findings(
        [
            {"rule": rule, "severity": "warning", "kind": "epg", "id": str(at), "hint": "Mend it."}
            for at, rule in enumerate(["schedule.gap", "schedule.gap", "schedule.overlap"])
        ]
    )
    lines = repr(report.digest(findings)).splitlines()
    assert lines[0] == "programmes ?, errors 0, warnings 3"
    assert "2 x schedule.gap: Mend it." in lines[1:]
