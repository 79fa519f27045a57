"""The site in a browser: the tables of a page sort and filter, the search works from a disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kott_notebooks.report.page import resource

WORKER = (Path(__file__).parents[2] / "docs" / "iframe-worker.js").read_text("utf-8")
SCRIPT = resource("tables.js")
ROWS = [("ten", "10"), ("nine", "9"), ("none", ""), *((f"row {n}", f"1,{n:03}") for n in range(9))]


@pytest.fixture
def table(page: Page) -> Page:
    """Show a page with one table, and the scripts of a theme that has names of its own."""
    rows = "".join(f"<tr><td>{name}</td><td>{number}</td></tr>" for name, number in ROWS)
    page.set_content(
        f"<article><table><thead><tr><th>name</th><th>number</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></article>"
        f"<script>const value = 1, table = 2, compare = 3;</script><script>{SCRIPT}</script>"
    )
    return page


def test_a_heading_sorts(table: Page) -> None:
    """By number, up and down, by mouse and by Enter; what has no number comes last, going up."""
    heading, first = table.locator("th").nth(1), table.locator("tbody tr td").first
    heading.click()
    expect(first).to_have_text("nine")
    expect(table.locator("tbody tr").last.locator("td").first).to_have_text("none")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.press("Enter")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(table.locator("tbody tr").nth(1).locator("td").first).to_have_text("row 8")


def test_a_box_filters(table: Page) -> None:
    """Every word has to be in the row, in any case; an empty box shows all."""
    box = table.get_by_label("Filter the rows of this table")
    box.fill("ROW 1,003")
    expect(table.locator("tbody tr:visible")).to_have_count(1)
    box.fill("")
    expect(table.locator("tbody tr:visible")).to_have_count(len(ROWS))


def test_a_worker_answers_in_a_page_from_a_disk(page: Page, tmp_path: Path) -> None:
    """As the search of the site needs it, which browsers refuse there; messages are copies."""
    double = "self.onmessage = (one) => { one.data.n *= 2; self.postMessage(one.data); }"
    (tmp_path / "double.js").write_text(double)
    (tmp_path / "page.html").write_text(f"<body><script>{WORKER}</script></body>")
    page.goto((tmp_path / "page.html").as_uri())
    doubled = page.evaluate(
        """() => new Promise((resolve) => {
            const worker = new Worker("double.js"), sent = { n: 21 };
            worker.onmessage = (one) => { worker.terminate(); resolve([sent.n, one.data.n]); };
            worker.postMessage(sent);
        })"""
    )
    assert doubled == [21, 42]
    assert page.locator("iframe").count() == 0
