"""The site: its questions are answered, its pages are found and lead somewhere."""

from __future__ import annotations

import doctest
import importlib.util
import inspect
import re
import time
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
QUESTIONS = (DOCS / "questions.md").read_text("utf-8")
CONFIG = (ROOT / "mkdocs.yml").read_text("utf-8")
PAGES = sorted(DOCS.glob("*.md"))
MADE = [ROOT / "GLOSSARY.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]
NOW = pd.Timestamp("2026-11-25T20:15", tz="UTC").timestamp()  # as the page of questions says


@pytest.fixture(scope="module")
def site() -> Any:
    """The script that builds the site, as a module."""
    spec = importlib.util.spec_from_file_location("site_build", DOCS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_answers_are_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each gives what the page shows, at the time that it names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "time", lambda: NOW)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    test = doctest.DocTestParser().get_doctest(QUESTIONS, {}, "questions.md", None, 0)
    words: list[str] = []
    runner = doctest.DocTestRunner(optionflags=flags)
    runner.run(test, out=words.append)
    plt.close("all")
    assert runner.summarize(verbose=False).failed == 0, "".join(words)


def test_there_are_thirty_questions_of_five_lines_at_most() -> None:
    """Numbered in order, each a question, each with code."""
    parts = re.split(r"^### (\d+)\. ", QUESTIONS, flags=re.MULTILINE)
    assert [int(one) for one in parts[1::2]] == list(range(1, 31))
    for part in parts[2::2]:
        question, _, answer = part.partition("\n")
        assert question.endswith("?")
        assert 1 <= len(re.findall(r"^(?:>>>|\.\.\.) ", answer, re.MULTILINE)) <= 5


def test_the_reference_is_of_functions_and_classes(site: Any) -> None:
    """A module may have the name of one: `catalog.audit` and `kott.ingests` are both."""
    for name, title in site.SECTIONS.items():
        places = re.findall(r"^::: (\S+)$", site.reference(name, title), re.MULTILINE)
        assert places
        for place in places:
            owner, _, last = place.rpartition(".")
            public = getattr(importlib.import_module(owner), last)
            assert inspect.isfunction(public) or inspect.isclass(public), place
            if public.__module__.endswith(f".{last}"):  # also where it is imported by a room above
                assert owner == public.__module__


def test_every_page_is_in_the_navigation(site: Any) -> None:
    """And what is made when the site is built; nothing else is."""
    made = {"glossary.md", "changelog.md", "benchmarks.md"}
    made |= {f"reference-{name}.md" for name in site.SECTIONS}
    listed = re.findall(r": ([\w-]+\.md)$", CONFIG, re.MULTILINE)
    assert sorted(listed) == sorted({path.name for path in PAGES} | made)


@pytest.mark.parametrize("path", [*PAGES, *MADE], ids=lambda path: path.stem)
def test_a_page_has_an_example(path: Path) -> None:
    """Code, a command or a call."""
    assert re.search(r"^```|`python |`\w+\.\w+\(", path.read_text("utf-8"), re.MULTILINE)


def test_the_reference_names_what_is_public(site: Any) -> None:
    """One entry per name, under the section's title."""
    for name, title in site.SECTIONS.items():
        text = site.reference(name, title)
        assert text.startswith(f"# {title}\n")
        assert f"{text.count('::: ')} names" in text
    assert "::: kott_notebooks.plots.gaps" in site.reference("plots", "Pictures")
    assert "::: kott_notebooks.catalog\n" not in site.reference("kott", "Lists")


def test_links_that_lead_nowhere_are_found(site: Any, tmp_path: Path) -> None:
    """Files, places in pages, and addresses outside."""
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html#deep">b</a><a href="#top">up</a>'
        '<img src="data:image/png;base64,AA"><img src="no.png"><a href="b.html#none">b</a>'
        '<script src="https://example.com/x.js"></script>',
        "utf-8",
    )
    (tmp_path / "b.html").write_text('<h2 id="deep">B</h2><a href="a.html">a</a>', "utf-8")
    assert site.wrong(tmp_path) == [
        "a.html: no.png leads nowhere",
        "a.html: b.html#none leads nowhere",
        "a.html: https://example.com/x.js is outside",
    ]
