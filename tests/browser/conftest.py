"""A browser without a window, and a JupyterLab for it to look at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from . import jupyter

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (  # nothing is asked of other machines
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="package")
def chromium() -> str:
    """Find the browser: there must be one where CI runs; elsewhere its tests may be left out."""
    matches = os.environ.get("KOTT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if matches is None and os.environ.get("CI") == "true":
        pytest.fail("Chromium is not on the path: .ci/run installs it.")
    if matches is None:
        pytest.skip("no Chromium on the path; KOTT_CHROMIUM may name one")
    return matches


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Start the browser, once for the whole run."""
    expect.set_options(timeout=jupyter.PATIENCE * 1000)
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=chromium, args=[*QUIET])
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open an empty page, wide enough for a notebook."""
    one = browser.new_page(viewport={"width": 1400, "height": 1000})
    one.set_default_timeout(jupyter.PATIENCE * 1000)
    yield one
    one.close()


@pytest.fixture(scope="package")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[jupyter.Lab]:
    """Run JupyterLab, once for the whole run."""
    folder, settings = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("settings")
    with jupyter.running(folder, settings) as lab:
        yield lab
