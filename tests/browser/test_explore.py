"""The explorer in JupyterLab: used, stopped, saved, and opened again without a kernel."""

from __future__ import annotations

import time
from collections.abc import Callable

import nbformat
from playwright.sync_api import Locator, Page, expect

from kott_notebooks import demo

from .jupyter import FAILED, PATIENCE, Lab, choose, run_all

WAIT = PATIENCE * 1000  # milliseconds
QUICK = """\
import kott_notebooks as kott
from kott_notebooks import demo
session = demo.login(assets=300, channels=4, days=2, households=6, deployment="roomy")
explorer = kott.explore(session)
explorer"""
SLOW = """\
import kott_notebooks as kott
from kott_notebooks import demo
faults = demo.Faults(latency=1.0)
session = demo.login(assets=600, channels=2, days=3, households=300, faults=faults)
kott.explore(session)"""


def written(lab: Lab, name: str, code: str) -> None:
    """Write a notebook of one cell."""
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / name)


def test_each_tab_answers_a_question(page: Page, lab: Lab) -> None:
    """By mouse and keyboard; the saved notebook opens without a kernel and holds no secret."""
    written(lab, "explore.ipynb", QUICK)
    run_all(page, lab, "explore.ipynb")
    shown = page.locator(".kott-live")
    expect(shown.get_by_text("Complete")).to_be_visible(timeout=WAIT)
    # which movies lack a picture, and what is to be done?
    shown.get_by_role("button", name="Movie").click()
    expect(shown.locator("code").first).to_contain_text('filters={"type": ["Movie"]}')
    shown.get_by_role("button", name="image.missing_ratio").click()
    shown.locator(".kott-pick").nth(1).get_by_role("button").first.click()
    expect(shown.get_by_label("Details")).to_contain_text("views in 30 days", timeout=WAIT)
    expect(shown.get_by_label("Details")).to_contain_text("Deliver an image of this ratio")
    expect(shown.get_by_role("heading", name="What is wrong")).to_be_in_viewport()
    page.keyboard.press("Enter")  # on "Close details"
    expect(shown.get_by_label("Details")).to_have_count(0)
    # the same, asked of the server by keyboard alone
    shown.get_by_label("KSQL").click()
    page.keyboard.type("(and Genre='Drama'")
    expect(shown.get_by_text("this bracket is not closed")).to_be_visible()
    page.keyboard.type(")")
    page.keyboard.press("Enter")
    expect(shown.locator("code").first).to_contain_text("ksql=", timeout=WAIT)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.get_by_title("Copy this line").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith('kott.explore(session, tab="assets", ksql=')
    # what is on today on one channel?
    page.get_by_role("tab", name="Schedule").click()
    expect(shown.get_by_role("button", name="schedule.gap").first).to_be_visible(timeout=WAIT)
    shown.get_by_role("button", name="As a guide").click()
    guide = shown.frame_locator("iframe")
    expect(guide.locator(".piece .box").first).to_be_visible(timeout=WAIT)
    # how many devices has a household?
    page.get_by_role("tab", name="Households").click()
    shown.get_by_label("Households").last.click()
    page.keyboard.type("20001")
    page.keyboard.press("Enter")
    shown.get_by_role("button", name="20001").click()
    expect(shown.get_by_label("Details").last).to_contain_text("Limits", timeout=WAIT)
    # which regions are there?
    page.get_by_role("tab", name="Any list").click()
    shown.get_by_label("Action").click()
    page.keyboard.type("region.list")
    page.keyboard.press("Enter")
    expect(shown.get_by_role("button", name="National")).to_be_visible(timeout=WAIT)
    assert page.locator(FAILED).all_inner_texts() == []
    saved = saved_with(
        "National", lab, "explore.ipynb", lambda: choose(page, "File", "Save Notebook")
    )
    assert demo.PASSWORD not in saved
    reopened_without_a_kernel(page, lab, "lab/tree/explore.ipynb", "National")


def saved_with(words: str, lab: Lab, name: str, save: Callable[[], None]) -> str:
    """Save until the file has the words: the copy follows the widget, and the file the copy."""
    for _ in range(PATIENCE):
        save()
        time.sleep(1)
        text = (lab.folder / name).read_text("utf-8")
        if words in text:
            return text
    raise AssertionError(f"{name} has no {words!r}.")


def reopened_without_a_kernel(page: Page, lab: Lab, path: str, words: str) -> None:
    """Its kernel is shut down: the copy is shown, and no dead widget."""
    expect(page.locator(".kott-static").first).to_be_hidden()
    choose(page, "Kernel", "Shut Down Kernel")
    page.wait_for_timeout(1_000)
    page.goto(f"{lab.url}/{path}?token={lab.token}&reset")
    copy = page.locator(".kott-static").get_by_text(words).first
    expect(copy).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(3_000)  # as long as JupyterLab waits for a widget
    assert "model not found" not in page.locator("body").inner_text()
    expect(copy).to_be_visible()


def test_notebook_7_shows_the_explorer_too(page: Page, lab: Lab) -> None:
    """Alive while there is a kernel, and its copy afterwards."""
    written(lab, "seven.ipynb", QUICK)
    page.goto(f"{lab.url}/notebooks/seven.ipynb?token={lab.token}")
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").first
    page.locator(".jp-CodeCell .jp-InputArea-editor").click()
    for _ in range(PATIENCE):  # what is run before the kernel is connected is dropped
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1_000)
        if prompt.inner_text() != "[ ]:":
            break
    shown = page.locator(".kott-live")
    expect(shown.get_by_text("Complete")).to_be_visible(timeout=WAIT)
    shown.get_by_title("Linear", exact=True).click()
    expect(shown.locator("code").first).to_contain_text('filters={"type": ["Linear"]}')
    saved_with("filters=", lab, "seven.ipynb", lambda: page.keyboard.press("Control+s"))
    reopened_without_a_kernel(page, lab, "notebooks/seven.ipynb", "filters=")


def test_a_pull_of_each_tab_is_stopped_in_the_middle(page: Page, lab: Lab) -> None:
    """What was received is shown at once, and said to be incomplete; the next one can begin."""
    written(lab, "slow.ipynb", SLOW)
    run_all(page, lab, "slow.ipynb")
    shown = page.locator(".kott-live")
    expect(shown.get_by_text("of 600 rows")).to_be_visible(timeout=WAIT)
    stopped(shown)
    expect(shown.locator(".kott-rows tr").first).to_be_visible()
    page.get_by_role("tab", name="Schedule").click()
    stopped(shown)
    page.get_by_role("tab", name="Households").click()
    shown.get_by_label("Households").last.click()
    page.keyboard.insert_text(",".join(map(str, range(20001, 20301))))
    page.keyboard.press("Enter")
    stopped(shown)
    page.get_by_role("tab", name="Any list").click()
    shown.get_by_label("Action").click()
    page.keyboard.type("asset.list")
    page.keyboard.press("Enter")
    stopped(shown)
    assert page.locator(FAILED).all_inner_texts() == []


def stopped(shown: Locator) -> None:
    """Press the button of the tab that is seen, and read what it says."""
    shown.get_by_role("button", name="Stop").locator("visible=true").click(timeout=WAIT)
    expect(shown.get_by_text("Not complete").locator("visible=true")).to_be_visible(timeout=WAIT)
    expect(shown.get_by_role("button", name="Go on").locator("visible=true")).to_be_visible()
