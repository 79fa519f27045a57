"""`kott snapshot`, `snapshots`, `diff`, `sql` and `watch`, run as a user runs them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, cli, demo
from kott_notebooks.demo.backend import Backend
from kott_notebooks.report.page import unpacked

Capture = pytest.CaptureFixture[str]
SMALL: dict[str, Any] = {"assets": 60, "channels": 3, "days": 2, "households": 5}
START = float(int(time.time()))
NOON = pd.Timestamp("2026-03-01T12:00", tz="UTC")
DAY = pd.Timedelta(days=1)


class Clock:
    """The partner's clock, which a test moves on."""

    now = START
    backend: Backend

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Clock]:
    """Let KOTT_* lead to a small partner with a clock, and work in an empty folder."""
    clock = Clock()
    clock.backend = demo.make(clock=clock, **SMALL)
    with demo.serve(backend=clock.backend) as server:
        monkeypatch.setenv("KOTT_URL", server.url)
        monkeypatch.setenv("KOTT_PARTNER_ID", str(demo.PARTNER_ID))
        monkeypatch.setenv("KOTT_USERNAME", demo.USERNAME)
        monkeypatch.setenv("KOTT_PASSWORD", demo.PASSWORD)
        monkeypatch.delenv("KOTT_WEBHOOK", raising=False)
        monkeypatch.chdir(tmp_path)
        yield clock


def run(*arguments: str) -> int:
    return cli.main(arguments)


def table(path: str, **columns: Any) -> str:
    """Write a table as CSV, and return its path."""
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_a_snapshot_is_saved_listed_and_asked(clock: Clock, capsys: Capture) -> None:
    """What the server has, by the names of the tables."""
    assert run("snapshot", "store", "assets", "channels", "--format", "json") == 0
    saved = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in saved} == {"assets", "channels"}
    assert run("snapshots", "store", "--name", "channels", "--format", "json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["rows"] for one in listed] == [SMALL["channels"]]
    assert run("sql", "select count(*) as n from channels", "store", "--format", "csv") == 0
    assert capsys.readouterr().out == f"n\n{SMALL['channels']}\n"


def test_a_snapshot_of_assets_is_what_a_listing_returns(clock: Clock) -> None:
    """It goes straight to the store, of which no draft remains; a filter is kept to."""
    assert run("snapshot", "store", "--ksql", "Year>'2000'") == 0
    saved = kott.load("store").sort_values("id", ignore_index=True)
    listed = kott.assets(kott.login(), "Year>'2000'").sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(saved, listed)
    assert not [*Path("store").rglob("draft-*")]


def test_a_guide_is_split_by_day(clock: Clock) -> None:
    """The files of `--by day` are in a folder per day."""
    assert run("snapshot", "store", "epg", "--days", "1", "--by", "day") == 0
    assert {one.parent.name[:4] for one in Path("store").rglob("*.parquet")} == {"day="}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["snapshot", "store", "asets"], "TABLE is one of assets, epg"),
        (["snapshot", "store", "assets", "--by", "day"], "--by is for the guide alone"),
        (["diff", "a.csv", "b.csv", "--fail-on", "gone"], "--fail-on is added, removed, changed"),
        (["diff", "a.csv", "b.csv", "--name", "assets"], "--name is for tables of a --store"),
        (["diff", "a.csv", "b.csv"], "a.csv is no file"),
        (["sql", "select 1", "a.csv", "b.csv"], "a.csv is no file"),
        (["watch", "store", "--fail-on", "much"], "fail_on must be error"),
        (["watch", "store", "--webhook", "ftp://secret.invalid"], "The webhook must be an address"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, line: list[str], words: str
) -> None:
    """Exit status 2 or 3, one line, and nothing is written; a webhook's address is not shown."""
    monkeypatch.chdir(tmp_path)
    assert run(*line) in (2, 3)
    err = capsys.readouterr().err
    assert words in err
    assert "secret.invalid" not in err
    assert not [*tmp_path.iterdir()]


def test_two_files_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """The rows go to stdout, the sums to stderr; --fail-on decides on the exit status."""
    monkeypatch.chdir(tmp_path)
    before = table("before.csv", id=[1, 2, 3], name=["Quay", "Pier", "Bay"])
    after = table("after.csv", id=[2, 3], name=["Pier", "Cove"])
    assert run("diff", before, after, "--format", "csv") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[1:] == ["removed,1,,,,,,1", "changed,3,name,Bay,Cove,Bay -> Cove,,1"]
    assert err == "0 added, 1 removed, 1 changed\n"
    assert run("diff", before, after, "--fail-on", "added") == 0
    assert run("diff", before, after, "--fail-on", "added,removed") == 1
    assert run("diff", before, before, "--fail-on", "added,removed,changed") == 0


def test_two_snapshots_are_compared_by_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """By a time, or as previous and newest; findings match by what makes them the same."""
    monkeypatch.chdir(tmp_path)
    for day, rules in enumerate((["image.none"], ["image.none", "file.none"])):
        findings = pd.DataFrame({"rule": rules, "severity": "error", "kind": "media", "id": "7"})
        findings = findings.assign(field=pd.Series(None, findings.index, dtype="str"), detail=day)
        kott.save(findings, "store", name="findings", when=NOON + day * DAY)
    for before, after in (("2026-03-01T18:00", "2026-03-02T18:00"), ("previous", "newest")):
        assert run("diff", before, after, "--store", "store", "--format", "json") == 0
        changes = json.loads(capsys.readouterr().out)
        assert [(one["change"], one["key"]) for one in changes] == [
            ("added", "file.none | media | 7 | "),
            ("changed", "image.none | media | 7 | "),
        ]


def test_files_are_asked_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """Each file is a table."""
    monkeypatch.chdir(tmp_path)
    one, other = table("one.csv", id=[1, 2]), table("other.csv", id=[2], word=["x"])
    assert run("sql", "select word from one join other using (id)", one, other) == 0
    assert capsys.readouterr().out.split() == ["word", "x"]


class Hook(BaseHTTPRequestHandler):
    """A webhook that remembers what it was sent, and answers as it is told."""

    status = 200
    seen: list[dict[str, Any]]

    def do_POST(self) -> None:
        """Take a message."""
        type(self).seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, type[Hook]]]:
    """Listen for messages; give the address and what was seen."""
    handler = type("OwnHook", (Hook,), {"seen": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/Kanarie-hook", handler
        server.shutdown()


def test_a_watch_compares_with_the_run_before(
    clock: Clock, capsys: Capture, hook: tuple[str, type[Hook]]
) -> None:
    """The first run fails on nothing; the next one says what changed, on page, webhook and stderr.

    The address of the webhook is shown nowhere.
    """
    url, handler = hook
    watch = ("watch", "store", "--out", "page.html", "--webhook", url)
    assert run(*watch) == 0
    assert "This is the first run" in capsys.readouterr().err
    assert handler.seen[0]["changes"] is None
    assert "Since the run before" not in Path("page.html").read_text("utf-8")
    clock.now += 86_400
    assert run(*watch, "--fail-on", "never") == 0
    err = capsys.readouterr().err
    made = pd.Timestamp(START, unit="s", tz="UTC")
    truth = demo.changes(demo.login(backend=clock.backend), made, made + DAY)
    media = truth[(truth["kind"] == "media") & (truth["field"] == "")]
    message = handler.seen[1]
    assert message["changes"]["added"] == (media["change"] == "added").sum()
    assert message["changes"]["removed"] == (media["change"] == "removed").sum() > 0
    assert message["rules"] != []
    assert message["text"] in err + "\n"
    page = Path("page.html").read_text("utf-8")
    assert "Since the run before" in page
    written = "".join(one.read_text("utf-8") for one in Path("store").rglob("*.json"))
    assert "Kanarie" not in page + err + written + json.dumps(handler.seen)


def test_a_watch_fails_on_new_findings_alone(clock: Clock) -> None:
    """What the run before had does not fail; what it had not does."""
    assert run("watch", "store", "--fail-on", "info") == 0
    assert run("watch", "store", "--fail-on", "info") == 0
    findings = kott.load("store", name="findings")
    kott.save(findings.iloc[1:], "store", name="findings")
    assert run("watch", "store", "--fail-on", "info") == 1


def test_a_watch_of_the_guide_has_its_findings_too(clock: Clock) -> None:
    """With --epg the guide is saved and audited."""
    assert run("watch", "store", "--epg", "--days", "1") == 0
    rules = set(kott.load("store", name="findings")["rule"])
    assert {rule.partition(".")[0] for rule in rules} >= {"schedule", "image"}
    assert len(kott.load("store", name="epg"))


@pytest.mark.parametrize("failing", ["status", "nobody"])
def test_a_webhook_that_fails_is_said(
    clock: Clock,
    capsys: Capture,
    hook: tuple[str, type[Hook]],
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
) -> None:
    """Exit status 4, after the snapshot is saved; the message has no word of the address."""
    url, handler = hook
    handler.status = 500
    if failing == "nobody":
        url = "http://127.0.0.1:9/Kanarie-hook"
    monkeypatch.setenv("KOTT_WEBHOOK", url)
    assert run("watch", "store") == 4
    err = capsys.readouterr().err
    assert "The webhook did not take the message" in err
    assert "Kanarie" not in err
    assert len(kott.snapshots("store", name="findings")) == 1


def test_the_store_says_since_when_a_finding_stands(clock: Clock) -> None:
    """The page of the second run names the day of the first."""
    findings = catalog.audit(kott.assets(kott.login(), language="*"))
    kott.save(findings, "store", name="findings", when=NOON)
    run("watch", "store", "--out", "page.html")
    page = Path("page.html").read_text("utf-8")
    packed = page.partition('id="data"')[2].partition(">")[2].partition("<")[0]
    assert "(since 2026-03-01)" in json.dumps(unpacked(packed))
