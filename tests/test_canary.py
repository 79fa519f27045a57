"""Secrets unlike anything else go through a whole session: no output and no file shows one."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import pickle
import re
import signal
import socket
import threading
import traceback
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from http import client
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, quote_plus

import nbformat
import pytest
import requests
import rich.traceback
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

import kott_notebooks as kott
from kott_notebooks import cli, demo, errors, report
from kott_notebooks.api import secrets
from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.server import Server
from kott_notebooks.session import retries
from kott_notebooks.widgets import LoginForm

WORDS = {
    "password": 'Kanarie/"1&ä-word',
    "wrong": "Kanarie-2-wrong-word",
    "pin": "73913377",
    "pin_secret": "Kanarie-4-pin-secret",
    "token": "Kanarie-5-app-token",
    "refresh": "Kanarie-6-refresh",
    "access": "Kanarie-7-access",
    "pii": "Kanarie-8-pii-key",
}
HERE = Path(__file__).name


@pytest.fixture
def server() -> Iterator[Server]:
    """A partner whose operator has secrets unlike anything else."""
    backend = demo.make(assets=60, channels=2, days=2, households=5, deployment="old")
    accounts = [
        dataclasses.replace(
            one,
            password=WORDS["password"],
            pin=WORDS["pin"],
            pin_secret=WORDS["pin_secret"],
            app_tokens=(("an-id", WORDS["token"], "SHA256"),),
            refresh_token=WORDS["refresh"],
            access_token=WORDS["access"],
        )
        if one.username == demo.USERNAME
        else one
        for one in backend.world.accounts
    ]
    world = dataclasses.replace(backend.world, accounts=accounts)
    with Server(Backend(world, deployment="old")) as running:
        yield running


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    """Let KOTT_* say where and who, as a notebook's environment does; let no time pass."""
    monkeypatch.setattr(retries, "pause", lambda seconds: None)
    monkeypatch.setenv("KOTT_URL", server.url)
    monkeypatch.setenv("KOTT_PARTNER_ID", str(demo.PARTNER_ID))
    monkeypatch.setenv("KOTT_USERNAME", demo.USERNAME)
    monkeypatch.setenv("KOTT_PASSWORD", WORDS["password"])
    monkeypatch.setenv("KOTT_PII_KEY", WORDS["pii"])


def forms(word: str) -> set[str]:
    """Write a secret in five encodings: raw, JSON, URL, base64 and base64 of user:secret."""
    pair = f"{demo.USERNAME}:{word}".encode()
    return {
        *(word, json.dumps(word)[1:-1], repr(word)[1:-1], repr(word.encode())[2:-1]),
        *(quote(word, safe=""), quote_plus(word)),
        *(b64encode(word.encode()).decode().rstrip("="), b64encode(pair).decode().rstrip("=")),
    }


def leaks(text: str, *others: str) -> list[str]:
    """Name the secrets that stand in a text, with what stands before them."""
    words = {**WORDS, **{f"ks {n}": one for n, one in enumerate(others)}}
    return [
        f"{name}: ...{text[max(0, text.index(form) - 60) : text.index(form)]}"
        for name, word in words.items()
        for form in forms(word)
        if form in text
    ]


# Failures, and what shows an exception


def below(error: BaseException) -> TracebackType | None:
    """Give the part of a traceback below this file: a caller's variables are the caller's."""
    where = error.__traceback__
    while where is not None and where.tb_frame.f_code.co_filename.endswith(HERE):
        where = where.tb_next
    return where


def rendered(error: BaseException) -> str:
    """Show an exception in every way that shows locals: trackers, pytest, rich, cgitb, IPython."""
    from IPython.core.ultratb import VerboseTB

    where = below(error)
    plain = traceback.TracebackException(type(error), error, where, capture_locals=True)
    extracted = rich.traceback.Traceback.extract(
        type(error), error, where, show_locals=True, locals_max_string=10_000, locals_max_length=99
    )
    nodes = [frame.locals or {} for stack in extracted.stacks for frame in stack.frames]
    frames = [
        f"{name}={value!r} {vars(value) if hasattr(value, '__dict__') else ''}"
        for frame, _ in traceback.walk_tb(where)
        for name, value in frame.f_locals.items()
    ]
    chain = [one for one in (error.__cause__, error.__context__) if one is not None]
    verbose = VerboseTB(theme_name="nocolor").structured_traceback(
        type(error), error, where, context=1
    )
    pretty = [str(node) for named in nodes for node in named.values()]
    parts = ["".join(plain.format()), *pretty, *frames, *verbose]
    return "\n".join([*parts, repr(error), repr(vars(error)), *map(rendered, chain)])


class Interrupting(threading.Thread):
    """A server that answers a login by half, and has the stop button pressed while it is read."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def run(self) -> None:
        connection, _ = self.socket.accept()
        connection.recv(65_536)
        ks = f'{{"result":{{"loginSession":{{"ks":"{WORDS["access"]}","expiry":1'
        head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(f"{head}{len(ks):x}\r\n{ks}\r\n".encode())
        threading.Event().wait(0.3)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        threading.Event().wait(0.3)
        connection.close()
        self.socket.close()


class Buggy(requests.adapters.BaseAdapter):
    """A transport with a bug, which it meets with a reply in its hands."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        reply = {"result": {"loginSession": {"ks": WORDS["access"]}}, "asked": request.body}
        return self.broken(reply)

    def broken(self, reply: dict[str, Any]) -> requests.Response:
        raise ZeroDivisionError(len(reply))

    def close(self) -> None:
        """Hold nothing."""


def failures(server: Server) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give ways to fail, each a call; the secrets are wherever a user has them."""
    user: dict[str, Any] = {"username": demo.USERNAME, "password": WORDS["wrong"]}
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
    buggy = requests.Session()
    buggy.mount("http://", Buggy())
    interrupting = Interrupting()
    interrupting.start()
    session = kott.login()
    typo = {"objectType": "KalturaSearchAssetFilter", "kSql": "(and"}
    own: dict[str, Any] = {"ks": WORDS["wrong"]}
    yield "wrong password", lambda: kott.login(**user)
    yield "wrong pin", lambda: kott.login(pin=WORDS["wrong"], pin_secret=WORDS["pin_secret"])
    yield "wrong token", lambda: kott.login(app_token=("an-id", WORDS["wrong"]))
    yield "wrong ks", lambda: kott.login(ks=WORDS["access"] + "x").whoami()
    yield "wrong refresh token", lambda: kott.login(refresh_token=WORDS["wrong"])
    yield "no attempt", lambda: kott.login(ks=WORDS["wrong"], attempts=0)
    yield "dead server", lambda: kott.login(dead, **user)
    yield "missing profile", lambda: kott.login(profile="none", **user)
    yield "KSQL typo", lambda: kott.assets(session, "(and")
    yield "own call", lambda: session.call("asset", "list", filter=typo, ks=WORDS["access"])
    yield "own login", lambda: session.call("ottUser", "login", partnerId=1, **user)
    yield "own pages", lambda: session.pages("asset", **own, limits=1)
    yield "own records", lambda: list(session.records("asset", **own))
    yield "own count", lambda: session.count("asset", **own)
    yield "own listing", lambda: kott.listing(session, "channel", **own)
    yield "own plan", lambda: kott.plan(session, "channel", **own, limits=1)
    yield "own bytes", lambda: session.call("ottUser", "login", password=WORDS["wrong"].encode())
    yield "url", lambda: kott.login(f"https://ann:{WORDS['wrong']}@host.invalid", **user)
    yield "query", lambda: kott.login(f"https://host.invalid/?ks={WORDS['wrong']}", **user)
    yield "many", lambda: session.multirequest([("ottUser", "login", user), ("asset", "list", 7)])
    yield "stop button", lambda: kott.login(interrupting.url, **user)
    yield "bug", lambda: kott.login(http=buggy, **user)
    yield "pickle", lambda: pickle.dumps(session)


def shown_failures(server: Server, *names: str) -> dict[str, str]:
    """Fail in every way, or in those named, and show each failure in every way."""
    shown = {}
    for name, fail in failures(server):
        if names and name not in names:
            continue
        with pytest.raises((kott.KottError, KeyboardInterrupt, ZeroDivisionError)) as caught:
            fail()
        shown[name] = rendered(caught.value)
    return shown


def test_no_failure_shows_a_secret(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor with `_render_traceback_` switched off, nor a foreign exception."""
    monkeypatch.delattr(errors.KottError, "_render_traceback_")
    shown = shown_failures(server)
    assert {name: leaks(text) for name, text in shown.items() if leaks(text)} == {}
    assert all("kott_notebooks" in text for text in shown.values())


def test_the_canary_sings_without_cleared_frames(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply stands in the frames of libraries, where types do not reach."""
    monkeypatch.setenv("KOTT_DEBUG", "1")
    shown = shown_failures(server, "stop button", "bug")
    assert leaks(shown["stop button"])
    assert leaks(shown["bug"])


def test_the_canary_sings_without_types(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that still run cannot be cleared."""
    monkeypatch.setattr(secrets.Secret, "__repr__", lambda self: self.reveal())
    shown = shown_failures(server, "wrong password", "KSQL typo")
    assert leaks(shown["wrong password"])
    assert leaks(shown["KSQL typo"])


# Outputs and files


def whole_session(folder: Path, server: Server) -> list[str]:
    """Log in every way, list, show and save all that can be; give every ks there was."""
    ways: list[dict[str, Any]] = [
        {"username": demo.USERNAME, "password": WORDS["password"]},
        {"pin": WORDS["pin"], "pin_secret": WORDS["pin_secret"]},
        {"app_token": ("an-id", WORDS["token"])},
        {"refresh_token": WORDS["refresh"]},
        {"ks": WORDS["access"]},
        {"anonymous": True},
    ]
    sessions = [kott.login(server.url, demo.PARTNER_ID, **way) for way in ways]
    held = [session._secrets["ks"].reveal() for session in sessions]
    for session in sessions:
        print(repr(session), session._repr_html_(), vars(session), session.whoami())
    form = LoginForm()
    form.password.value = WORDS["password"]
    form.button.click()
    print(form, [one.get_state() for one in (form.box, *form.box.children)])
    held.append(form.session._secrets["ks"].reveal())
    session = form.session
    assets = kott.assets(session)
    users = kott.listing(session, "ottUser")
    assets.to_csv(folder / "assets.csv")
    assets.to_parquet(folder / "assets.parquet")
    users.to_csv(folder / "users.csv")
    kott.save(users, folder / "store")
    print(assets.attrs, users.attrs, kott.provenance(assets), kott.provenance(users))
    findings = kott.catalog.audit(assets)
    (folder / "audit.html").write_text(str(report.audit(findings, assets)._repr_html_()))
    report.workbook(findings, folder / "audit.xlsx")
    commands = ["whoami", "assets --format json", "assets --ksql (and", "audit", "listing ottUser"]
    for command in commands:
        with contextlib.suppress(SystemExit):
            cli.main(command.split())
    return held


def texts(folder: Path) -> Iterator[str]:
    """Give the text of every file in a folder, and of the files in those that are zipped."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.read_bytes().decode("latin-1") + path.read_text("utf-8", "replace")
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as packed:
                yield from (
                    packed.read(name).decode("utf-8", "replace") for name in packed.namelist()
                )


def test_no_output_and_no_file_shows_a_secret(
    server: Server,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Logging everything at DEBUG, http.client's own output included."""
    monkeypatch.setattr(client.HTTPConnection, "debuglevel", 1)
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG):
        held = whole_session(tmp_path, server)
    out, err = capfd.readouterr()
    assert "send:" in out
    assert "kott Session" in out
    for text in (out, err, caplog.text, *texts(tmp_path)):
        assert leaks(text, *held) == []


NOTEBOOK = """
import os, logging
import kott_notebooks as kott
from kott_notebooks.widgets import LoginForm
logging.basicConfig(level=logging.DEBUG)
wrong = os.environ.pop("WRONG")
---
session = kott.login()
session
---
form = LoginForm()
form.password.value = os.environ["KOTT_PASSWORD"]
form
---
form.button.click()
print(form.session, vars(form.session))
---
%xmode Verbose
---
kott.assets(session, "(and")
---
kott.full_tracebacks()
kott.assets(session, "(and")
---
kott.login("http://127.0.0.1:9", attempts=1)
---
session.call("ottUser", "login", partnerId=1, username="ann", password=os.environ["KOTT_PASSWORD"])
---
%tb
"""


def test_a_saved_notebook_shows_no_secret(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its widgets' state, `%xmode Verbose`, and as HTML."""
    monkeypatch.setenv("WRONG", WORDS["wrong"])
    cells = [new_code_cell(cell.strip()) for cell in NOTEBOOK.split("---")]
    notebook = new_notebook(cells=cells)
    NotebookClient(
        notebook, allow_errors=True, timeout=600, startup_timeout=600, store_widget_state=True
    ).execute()
    saved = nbformat.writes(notebook)
    assert "widget-state" in saved
    assert saved.count('"output_type": "error"') >= 4
    exporter: Any = HTMLExporter
    page, _ = exporter().from_notebook_node(notebook)
    for text in (saved, page):
        assert leaks(text) == []
        assert not re.search(r"djJ8[A-Za-z0-9+/]{12}", text)
