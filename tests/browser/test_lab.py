"""JupyterLab as `kott lab` opens it: the notebooks run whole, and the form logs in."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Page, expect

from kott_notebooks import demo
from kott_notebooks.demo.server import Server

from .jupyter import FAILED, PATIENCE, Lab, choose, run_all

WAIT = PATIENCE * 1000  # milliseconds

FORM = """\
from kott_notebooks.widgets import LoginForm
form = LoginForm()
form"""


@pytest.mark.parametrize("notebook", ["01_catalogue", "02_schedule", "03_households"])
def test_a_notebook_runs_whole(page: Page, lab: Lab, notebook: str) -> None:
    """No cell fails, every picture is drawn, and no progress bar is left behind."""
    run_all(page, lab, f"{notebook}.ipynb")
    assert page.locator(FAILED).all_inner_texts() == []
    assert page.locator(".jp-OutputArea-output img").count() >= 2
    assert page.locator(".jp-OutputArea-output .widget-hprogress").count() == 0


def test_somebody_logs_in_on_the_form(page: Page, lab: Lab) -> None:
    """Type the password, press the button, read who is logged in; the saved file has no secret."""
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(FORM), nbformat.v4.new_code_cell("form.session.url")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / "form.ipynb")
    run_all(page, lab, "form.ipynb")
    expect(page.get_by_text("Not logged in yet: press Log in above").first).to_be_visible()
    page.locator("input[type=password]").fill(demo.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator(".widget-html").get_by_text(demo.USERNAME)).to_be_visible()
    expect(page.locator("input[type=password]")).to_have_count(0)
    choose(page, "File", "Save Notebook")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    saved = (lab.folder / "form.ipynb").read_text("utf-8")
    assert "Not logged in yet" in saved
    assert demo.PASSWORD not in saved


LOGIN = """\
import os
for name in [one for one in os.environ if one.startswith("KOTT_")]:
    del os.environ[name]
import kott_notebooks as kott
session = kott.login()"""


def test_a_login_without_settings_shows_the_form(page: Page, lab: Lab, server: Server) -> None:
    """By keyboard: a wrong password is refused, the right one logs in, and the next cell works.

    Then somebody logs out, and changes the partner.
    """
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(LOGIN), nbformat.v4.new_code_cell("session.url")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, lab.folder / "login.ipynb")
    run_all(page, lab, "login.ipynb")
    expect(page.get_by_text("Not logged in yet: log in on the form above").first).to_be_visible()
    page.get_by_role("textbox", name="Server").fill(server.url)
    page.get_by_role("textbox", name="Partner").fill(str(demo.PARTNER_ID))
    page.get_by_role("textbox", name="User").fill(demo.USERNAME)
    password = page.locator("input[type=password]")
    password.fill("wrong")
    password.press("Enter")
    expect(page.get_by_text("1011")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Log in", exact=True)).to_be_enabled()
    expect(password).to_be_focused()
    page.wait_for_timeout(1000)  # nobody types sooner
    page.keyboard.type(demo.PASSWORD, delay=20)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=WAIT)
    page.locator(".jp-CodeCell").nth(1).locator(".jp-InputArea-editor").click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-CodeCell").nth(1)).to_contain_text(f"'{server.url}'", timeout=WAIT)
    # log out; another partner is refused in words; back to the first one
    page.get_by_role("button", name="Log out").press("Enter")
    expect(page.get_by_text("Logged out.")).to_be_visible(timeout=WAIT)
    page.get_by_role("textbox", name="Partner").fill("999")
    password.fill(demo.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("500008")).to_be_visible(timeout=WAIT)
    expect(password).to_be_focused()
    page.wait_for_timeout(1000)
    page.get_by_role("textbox", name="Partner").fill(str(demo.PARTNER_ID))
    password.fill(demo.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=WAIT)
    choose(page, "File", "Save Notebook")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    assert demo.PASSWORD not in (lab.folder / "login.ipynb").read_text("utf-8")
