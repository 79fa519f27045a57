"""JupyterLab as `kott lab` opens it: the notebooks run whole, and the form logs in."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Page, expect

from kott_notebooks import demo

from .jupyter import FAILED, Lab, choose, run_all

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
    expect(page.locator("input[type=password]")).to_have_value("")
    choose(page, "File", "Save Notebook")
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')")
    saved = (lab.folder / "form.ipynb").read_text("utf-8")
    assert "Not logged in yet" in saved
    assert demo.PASSWORD not in saved
