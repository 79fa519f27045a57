"""The guide page in a browser: a week of 40 channels to look at, search and walk through."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.report.page import Page as Made

NASTY = "<script>alert(1)</script>"
CLOCK = pd.Timestamp("2026-10-22T09:30", tz="UTC")  # clocks are put back three days later


def week(**partner: Any) -> Made:
    """The demo's week around a clock change, one programme with a name that must stay one."""
    session = demo.login(clock=CLOCK.timestamp, assets=100, households=1, **partner)
    channels = kott.channels(session)
    epg = kott.epg(session, "2026-10-22", "2026-10-29", channels=channels)
    on = (epg["startDate"] > CLOCK) & (epg["linearAssetId"] == channels["id"][0])
    epg.loc[on.idxmax(), "name"] = NASTY
    return kott.guide(epg, channels, tz="Europe/Berlin", now=CLOCK)


@pytest.fixture(scope="module")
def made() -> Made:
    """A week of a few channels."""
    return week(channels=6)


def opened(page: Page, path: Path) -> Page:
    """Open a page from its file; an alert or an error in it fails the test."""
    page.on("dialog", lambda dialog: pytest.fail(f"an alert: {dialog.message}"))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(path.as_uri())
    expect(page.locator(".piece .box").first).to_be_visible()
    return page


@pytest.fixture
def guide(page: Page, made: Made, tmp_path: Path) -> Page:
    return opened(page, made.save(tmp_path / "guide.html"))


def cell(guide: Page, name: str) -> Locator:
    return guide.get_by_role("gridcell", name=name)


def focused(guide: Page) -> str:
    """Read the name of what has the focus, as a screen reader says it."""
    return str(guide.evaluate("document.activeElement.ariaLabel"))


def test_a_week_of_40_channels(page: Page, tmp_path: Path) -> None:
    """A few hundred kB, soon there (the bound is for a slow machine), and any day is a click away;
    search finds a title, accents aside, which stays text; nothing is asked of a network."""
    made = week(channels=40)
    assert len(made.html) < 400_000
    since = time.perf_counter()
    guide = opened(page, made.save(tmp_path / "guide.html"))
    assert time.perf_counter() - since < 10
    assert guide.get_by_role("rowheader").count() == 40
    for day in ("Wed 28 Oct", "Sat 24 Oct"):
        guide.get_by_role("button", name=day).click()
        expect(guide.locator(".day", has_text=day).locator("span")).to_be_in_viewport()
        expect(cell(guide, day).first).to_be_attached()
    guide.get_by_role("searchbox").fill("<SCRIPT>àlert")
    expect(guide.locator("#count")).to_have_text("1 found")
    guide.keyboard.press("Enter")
    expect(guide.get_by_role("region", name="Details").get_by_role("heading")).to_have_text(NASTY)
    expect(cell(guide, NASTY)).to_be_in_viewport()
    assert guide.locator("#grid script, #details script").count() == 0
    assert guide.evaluate("performance.getEntriesByType('resource').length") == 0


def test_a_filter_by_finding_leads_to_each(guide: Page) -> None:
    """What is found is told in words, and the next one is one press away."""
    guide.get_by_label("Finding").select_option("any")
    guide.get_by_role("button", name="Next match").click()
    expect(guide.locator("#details .findings")).to_contain_text("schedule.")
    expect(guide.locator("#count")).to_have_text(re.compile(r"^1 of \d+$"))
    guide.get_by_role("button", name="Previous match").click()
    expect(guide.locator("#count")).to_have_text(re.compile(r"^(\d+) of \1$"))
    current = guide.locator(".box.current:not(.off)")
    for place in range(1, 10):  # those of a channel come before those of its programmes
        guide.get_by_role("button", name="Next match").click()
        expect(guide.locator("#count")).to_have_text(re.compile(rf"^{place} of \d+$"))
        expect(guide.locator("#details .findings")).to_contain_text("schedule.")
        if current.count():
            break
    expect(current).to_be_in_viewport()
    assert guide.locator(".box.off").count() > guide.locator(".box:not(.off)").count()


def test_a_filter_by_genre_dims_the_others(guide: Page) -> None:
    """They stay where they are."""
    guide.get_by_label("Genre").select_option("News")
    bright = guide.locator(".box:not(.off):not(.gap)")
    expect(bright.first).to_be_attached()
    labels = bright.evaluate_all("all => all.map(one => one.ariaLabel)")
    assert [one for one in labels if ". News" not in one] == []
    assert guide.locator(".box.off").count() > len(labels)


def test_the_keyboard_goes_everywhere(guide: Page) -> None:
    """By programme, channel and day; Enter shows details, Escape hides them, and focus is seen.

    One cell alone is on the way of the Tab key.
    """
    assert guide.locator("#grid [tabindex='0']").count() == 1
    guide.locator(".box.current").focus()
    first = focused(guide)
    guide.keyboard.press("ArrowRight")
    assert focused(guide) != first
    guide.keyboard.press("ArrowLeft")
    assert focused(guide) == first
    guide.keyboard.press("PageDown")
    assert "Fri 23 Oct" in focused(guide)
    guide.keyboard.press("ArrowDown")
    guide.keyboard.press("ArrowDown")
    row = guide.evaluate("document.activeElement.closest('[role=row]').ariaRowIndex")
    assert row == "4"
    outline = guide.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    guide.keyboard.press("Enter")
    expect(guide.locator("#details")).to_be_visible()
    guide.keyboard.press("Escape")
    expect(guide.locator("#details")).to_be_hidden()
    guide.keyboard.press("Home")
    assert guide.evaluate("document.activeElement.role") == "rowheader"
    guide.keyboard.press("End")
    assert "29 Oct" in focused(guide)
    expect(guide.locator(":focus")).to_be_in_viewport()


def test_another_zone_changes_every_time(guide: Page) -> None:
    """And none of the places."""
    now = guide.locator(".box.current")
    before, box = int(now.locator("i").inner_text().split(":")[0]), now.bounding_box()
    guide.get_by_label("Time zone").select_option("Asia/Tokyo")
    now = guide.locator(".box.current")
    assert int(now.locator("i").inner_text().split(":")[0]) == (before + 7) % 24
    assert now.bounding_box() == box


def test_the_hour_that_comes_again_is_shown_with_its_zone(guide: Page) -> None:
    """On 25 October Berlin shows 02:00 twice."""
    marks = guide.locator(".tick").all_inner_texts()
    again = [one for one in marks if one.startswith("02:00 ")]
    assert again in (["02:00 CEST", "02:00 CET"], ["02:00 GMT+2", "02:00 GMT+1"])
    at = marks.index(again[0])
    assert [marks[at - 1], marks[at + 2]] == ["01:00", "03:00"]


def test_zoom_keeps_the_middle(guide: Page) -> None:
    """What was in the middle of the view stays there."""
    middle = "(v => (v.scrollLeft + (v.clientWidth - 150) / 2) / parseFloat(getComputedStyle("
    middle += (
        "document.documentElement).getPropertyValue('--hour')))(document.querySelector('#view'))"
    )
    guide.get_by_role("button", name="Sun 25 Oct").click()
    before = guide.evaluate(middle)
    guide.get_by_role("button", name="Zoom out").click()
    assert guide.evaluate(middle) == pytest.approx(before, abs=0.1)


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = (colour) => {
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((one) => one / 255)
      .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (el) => {
    const colour = getComputedStyle(el).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" && el.parentElement ? behind(el.parentElement) : colour;
  };
  const found = [];
  const words = "h1, p, label span, option, b, i, .tick, .day span, li, dt, dd";
  for (const el of document.querySelectorAll(words)) {
    if (!el.textContent || !el.checkVisibility()) continue;
    const pair = [light(getComputedStyle(el).color), light(behind(el))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) found.push([el.textContent, el.className, ratio]);
  }
  return found;
}"""


def test_every_word_can_be_read_in_light_and_dark(guide: Page) -> None:
    """A button switches between them; each word stands out from what is behind it by 4.5 to 1."""
    paper = "getComputedStyle(document.body).backgroundColor"
    guide.get_by_label("Finding").select_option("any")
    guide.get_by_role("button", name="Next match").click()
    guide.get_by_label("Finding").select_option("")
    before = guide.evaluate(paper)
    assert guide.evaluate(CONTRAST) == []
    guide.get_by_role("button", name="Light / dark").click()
    assert guide.evaluate(paper) != before
    assert guide.evaluate(CONTRAST) == []


def test_a_phone_shows_it_without_scrolling_sideways(guide: Page) -> None:
    """Only the guide itself scrolls; details come from below."""
    guide.set_viewport_size({"width": 360, "height": 740})
    assert guide.evaluate("document.documentElement.scrollWidth") <= 360
    guide.locator(".box.current").click()
    box = guide.locator("#details").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 360)


def test_a_notebook_keeps_it_through_nbconvert(page: Page, made: Made, tmp_path: Path) -> None:
    """In a frame of its own, which runs there, and cannot reach the notebook's page."""
    from nbconvert import HTMLExporter

    shown = nbformat.v4.new_output("display_data", {"text/html": made._repr_html_()})
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("guide", outputs=[shown])])
    html, _ = HTMLExporter().from_notebook_node(book)
    (tmp_path / "book.html").write_text(html, "utf-8")
    page.goto((tmp_path / "book.html").as_uri(), wait_until="domcontentloaded")
    page.locator("iframe").scroll_into_view_if_needed()
    rows = page.frame_locator("iframe").get_by_role("row").all()[1:]
    assert len(rows) == 6
    for row in rows:
        expect(row.get_by_role("gridcell").first).to_be_visible()
    assert (
        page.frames[1].evaluate(
            "(() => { try { return parent.document.title } catch { return 'no' } })()"
        )
        == "no"
    )


def test_a_frame_that_is_shown_late_opens_at_now(page: Page, made: Made, tmp_path: Path) -> None:
    """A notebook makes it before it has a size."""
    path = tmp_path / "late.html"
    path.write_text(f"<!doctype html><div id='late' hidden>{made._repr_html_()}</div>", "utf-8")
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    expect(frame.locator(".box").first).to_be_attached()
    page.evaluate("document.getElementById('late').hidden = false")
    expect(frame.locator("#over .now")).to_be_in_viewport()
    expect(frame.locator(".box.current")).to_be_in_viewport()


def test_a_search_finds_channels_and_shows_its_first_hit(guide: Page) -> None:
    """A channel by its name, its programmes undimmed; else the first programme, in view."""
    name = guide.get_by_role("rowheader").last.inner_text()
    guide.get_by_role("searchbox").fill(name)
    expect(guide.get_by_role("rowheader", name=name)).to_be_in_viewport()
    expect(guide.locator(".name.current")).to_have_text(name)
    assert guide.locator(".row", has=guide.locator(".current")).locator(".box.off").count() == 0
    guide.get_by_role("searchbox").fill(NASTY)
    expect(guide.locator("#count")).to_have_text("1 found")
    expect(cell(guide, NASTY)).to_be_in_viewport()


def test_a_filter_by_channel_leaves_its_row(guide: Page) -> None:
    """The keyboard stays in it, and the count is of its programmes."""
    guide.get_by_label("Channel").select_option(index=2)
    rows = guide.get_by_role("rowheader")
    expect(rows).to_have_count(1)
    guide.locator(".current").focus()
    guide.keyboard.press("ArrowDown")
    assert guide.locator(".row:visible .current").count() == 1
    guide.get_by_label("Channel").select_option("")
    expect(rows).to_have_count(6)


def test_findings_are_counted_in_words(guide: Page) -> None:
    """How many there are, and on how many programmes, channels and gaps."""
    words = r"\d+ findings? on (\d+ (programme|channel|gap)s?(, )?)+"
    expect(guide.locator("#about")).to_have_text(re.compile(words))
    guide.get_by_label("Finding").select_option("any")
    expect(guide.locator("#count")).to_have_text(re.compile(f"^{words}$"))


def test_print_gives_a_page_per_day(guide: Page) -> None:
    """With each channel's programmes; the screen's guide is left out, and names stay text."""
    guide.emulate_media(media="print")
    pages = guide.locator("#paper article")
    expect(pages).to_have_count(7)
    expect(pages.first.locator("h2")).to_have_text(re.compile(r"Thu 22 Oct \(Europe/Berlin\)"))
    expect(pages.first.get_by_text(NASTY)).to_be_visible()
    expect(guide.locator("#view")).to_be_hidden()
    assert guide.locator("#paper script").count() == 0


def test_a_notebook_in_the_dark_has_a_dark_page(page: Page, made: Made, tmp_path: Path) -> None:
    """The frame follows the notebook's theme, whatever the system prefers."""
    path = tmp_path / "dark.html"
    body = "<body data-jp-theme-light='{}'>{}</body>"
    page.emulate_media(color_scheme="null")  # else the driver's own choice overrides the frame's
    shades = []
    for light in ("true", "false"):
        path.write_text(f"<!doctype html>{body.format(light, made._repr_html_())}", "utf-8")
        page.goto(path.as_uri())
        frame = page.frame_locator("iframe")
        expect(frame.locator(".box").first).to_be_attached()
        paper = "getComputedStyle(document.body).backgroundColor"
        shades.append(page.frames[1].evaluate(paper))
    assert shades == ["rgb(255, 255, 255)", "rgb(20, 23, 26)"]
