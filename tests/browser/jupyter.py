"""A JupyterLab of our own: `kott lab` as a user starts it, but with nobody's settings."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

PATIENCE = 60  # seconds
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # draw every cell
}
OWN = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
FAILED = ".jp-RenderedText[data-mime-type*=err]"  # a traceback, or what went to stderr
ENDED = f"""() => document.querySelector('{FAILED}')
    || [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .every(prompt => /\\[\\d+\\]/.test(prompt.textContent))"""


class Lab(NamedTuple):
    """A running JupyterLab, and the folder of its notebooks."""

    folder: Path
    url: str
    token: str

    def ask(self, path: str, method: str = "GET") -> None:
        """Send a request to the server, and drop its answer."""
        urlopen(Request(f"{self.url}{path}?token={self.token}", method=method), timeout=10).close()


@contextlib.contextmanager
def running(folder: Path, settings: Path) -> Iterator[Lab]:
    """Run `kott lab` until the block ends."""
    lab = Lab(folder, f"http://127.0.0.1:{_free_port()}", "made-up-token")
    overrides = settings / OWN[0] / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(json.dumps(SETTINGS), "utf-8")
    command = [sys.executable, "-m", "kott_notebooks", "lab", f"--out={folder}", *OPTIONS]
    own = {name: str(settings / name) for name in OWN} | {"JUPYTER_TOKEN": lab.token}
    inherited = {name: text for name, text in os.environ.items() if name != "MPLBACKEND"}
    with (settings / "log").open("wb") as log:
        child = subprocess.Popen(
            [*command, f"--port={lab.url.rpartition(':')[2]}"],
            env=inherited | own,
            stdout=log,
            stderr=log,
        )
        try:
            _await_answer(lab, child)
            yield lab
            lab.ask("/api/shutdown", "POST")
            assert child.wait(PATIENCE) == 0
        finally:
            child.kill()
            child.wait()


def run_all(page: Page, lab: Lab, notebook: str) -> None:
    """Open a notebook, run every cell, and wait until the last one is done, or one failed."""
    page.goto(f"{lab.url}/lab/tree/{notebook}?token={lab.token}&reset")
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle", timeout=PATIENCE * 1000)
    choose(page, "Run", "Run All Cells")
    page.wait_for_function(ENDED)


def choose(page: Page, menu: str, entry: str) -> None:
    """Choose an entry of a menu."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _await_answer(lab: Lab, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and child.poll() is None:
        try:
            return lab.ask("/api")
        except (URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("JupyterLab does not answer.")
