"""`kott lab`: a copy of the notebooks, opened in JupyterLab."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import kott_notebooks as kott
from kott_notebooks.errors import KottError
from kott_notebooks.session import credentials
from kott_notebooks.tables.files import write_text

PACKAGE = Path(kott.__file__).parent
SHIPPED = (PACKAGE / "_notebooks", PACKAGE.parent / "notebooks")  # in a wheel; in a clone


def open_notebooks(arguments: argparse.Namespace) -> None:
    """Copy the notebooks to a folder, and run JupyterLab there until it is stopped.

    With --own the credentials are checked first, so that no cell shows an error.
    """
    if arguments.profile and not arguments.own:
        raise KottError("--profile is for --own: without it, the notebooks ask the demo partner.")
    if arguments.own:
        with kott.login(profile=arguments.profile) as session:
            print(f"The notebooks ask {session!r}", file=sys.stderr)
    for path in copied(arguments.out):
        print(f"{path} is there already, and stays as it is", file=sys.stderr)
    if arguments.own:
        profile = {"KOTT_PROFILE": arguments.profile} if arguments.profile else {}
        run(arguments.out, arguments.rest, {**os.environ, **profile})
        return
    with served() as variables:
        run(arguments.out, arguments.rest, without_credentials() | variables)


def shipped() -> Path:
    """Return the folder of the notebooks that came with the package."""
    folder = next((one for one in SHIPPED if one.is_dir()), None)
    if folder is None:
        raise KottError("The notebooks did not come with this installation: install it again.")
    return folder


def copied(folder: Path) -> list[Path]:
    """Copy the notebooks to a folder; return those that existed there and were kept."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for notebook in sorted(shipped().glob("*.ipynb")):
        copy = folder / notebook.name
        if copy.exists():
            kept.append(copy)
        else:
            write_text(copy, [notebook.read_text("utf-8")])
    return kept


@contextlib.contextmanager
def served() -> Iterator[dict[str, str]]:
    """Serve the demo partner, and yield the variables by which `kott.login()` finds it."""
    from kott_notebooks import demo

    with demo.serve() as server:
        yield {
            "KOTT_URL": server.url,
            "KOTT_PARTNER_ID": str(demo.PARTNER_ID),
            "KOTT_USERNAME": demo.USERNAME,
            "KOTT_PASSWORD": demo.PASSWORD,
        }


def without_credentials() -> dict[str, str]:
    """Return the environment without the variables that name another partner."""
    hidden = {f"KOTT_{name.upper()}" for name in (*credentials.PROFILE_KEYS, "profile")}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def run(folder: Path, options: list[str], environment: Mapping[str, str]) -> None:
    """Run JupyterLab in a folder until it ends; it handles Ctrl-C, and ends when we are ended."""
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={folder}", *options]
    child = subprocess.Popen(command, env=environment)
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: child.terminate()),
    }
    try:
        status = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if child.poll() is None:
            child.terminate()
    if status not in (0, -signal.SIGINT, -signal.SIGTERM):
        raise KottError(f"JupyterLab ended with status {status}: its own words stand above.")
