"""The tables of the site in a browser: a heading sorts, a box filters."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

SCRIPT = (Path(__file__).parents[2] / "docs" / "site.js").read_text("utf-8")
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
