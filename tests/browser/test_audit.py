"""The page of an audit in a browser: the work list is searched, filtered and shown in parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import kott_notebooks as kott
from kott_notebooks import catalog, demo, report


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save the page of a small catalogue, one of whose titles is a script."""
    assets = kott.assets(demo.login(assets=600, households=5, channels=10, days=1))
    assets.loc[assets["name"].isna().idxmin(), "name"] = (
        "<script>document.title = 'broken'</script>"
    )
    page = report.audit(catalog.audit(assets), assets, link="https://console.invalid/{id}")
    return page.save(tmp_path_factory.mktemp("audit") / "audit.html")


def test_the_work_list_is_searched_and_filtered(page: Page, saved: Path) -> None:
    """A rule's name shows its assets; words, a severity and a type narrow; a reset shows all."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(saved.as_uri())
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).not_to_have_count(50)
    page.get_by_role("button", name="text.markup").click()
    expect(page.locator("#count")).to_contain_text("of")
    assert all("text.markup" in words for words in rows.all_inner_texts())
    page.get_by_role("searchbox").fill("script broken")
    expect(rows).to_have_count(1)
    expect(rows.locator("td").first).to_contain_text("<script>document.title = 'broken'</script>")
    expect(rows.locator("a").first).to_have_attribute("href", re.compile("https://console.*/3"))
    page.get_by_role("button", name="Show all").click()
    expect(rows).to_have_count(50)
    page.get_by_label("Severity").select_option("info")
    page.locator("#type").select_option("Linear")
    assert all("Linear" in words for words in rows.all_inner_texts())
    assert page.title() == "Catalogue audit"
    assert wrong == []


def test_light_and_dark(page: Page, saved: Path) -> None:
    """The page is as the reader has it, and a button turns it over."""
    page.emulate_media(color_scheme="dark")
    page.goto(saved.as_uri())
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(20, 23, 26)"
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
