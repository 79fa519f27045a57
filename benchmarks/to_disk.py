"""A million assets straight to disk: what it takes, and what is lost when it is killed 20 times.

First one process pulls them into a store, then others do the same and are killed (SIGKILL) when
the server has given a number of pages, drawn by chance, until one comes to the end. In both the
snapshot has to hold each row once. `--whole` pulls whole assets instead of ten `fields=`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

import contenders
import pull
import pyarrow.parquet as pq

import kott_notebooks as kott


def main() -> None:
    """Print a row per way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--one", nargs=2, help="url and store: pull in this process and print")
    given = parser.parse_args()
    if given.one:
        one(*given.one, whole=given.whole)
        return
    print(
        f"{'way':22}{'rows':>11}{'twice':>7}{'pages':>8}{'seconds':>9}{'cpu s':>8}{'peak MiB':>10}"
    )
    with pull.server(rows=given.rows, kind="media", page=500, depth=10_000) as url:
        with tempfile.TemporaryDirectory() as store:
            began = time.perf_counter()
            used = finished(process(url, store, given))
            needed = pages(url)
            show("in one go", store, needed, time.perf_counter() - began, used)
        with tempfile.TemporaryDirectory() as store:
            began, before = time.perf_counter(), needed
            points = sorted(random.Random(given.seed).sample(range(1, needed), given.kills))
            for point in points:
                killed(process(url, store, given), url, before + point)
            used = finished(process(url, store, given))
            seconds = time.perf_counter() - began
            show(f"killed {given.kills} times", store, pages(url) - before, seconds, used)


def one(url: str, store: str, *, whole: bool) -> None:
    """Pull into a store, and print what this process took."""
    session = kott.login(url, 1, ks="djJ8-benchmark")
    fields = None if whole else contenders.FIELDS
    kott.assets(session, fields=fields, to=store, progress=False)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}))


def process(url: str, store: str, given: argparse.Namespace) -> subprocess.Popen[str]:
    """Begin to pull in a process of its own."""
    arguments = [sys.executable, __file__, "--one", url, store, *["--whole"] * given.whole]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def finished(running: subprocess.Popen[str]) -> dict[str, float]:
    """Wait for its end, and give what it printed."""
    printed, _ = running.communicate()
    assert running.returncode == 0
    used: dict[str, float] = json.loads(printed.splitlines()[-1])
    return used


def killed(running: subprocess.Popen[str], url: str, point: int) -> None:
    """Kill it once the server has given `point` pages."""
    while pages(url) < point:
        assert running.poll() is None, "it ended before it was killed"
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.communicate()


def pages(url: str) -> int:
    """Ask the server how many pages it has given."""
    with urllib.request.urlopen(url) as reply:
        return int(reply.read())


def show(way: str, store: str, given: int, seconds: float, used: dict[str, float]) -> None:
    """Print what a snapshot holds, and what it took."""
    (listed,) = kott.snapshots(store).to_dict("records")
    folder = f"{store}/assets/{listed['id']}"
    ids = pq.read_table(folder, columns=["id"])["id"]
    twice = len(ids) - len(ids.unique())
    print(
        f"{way:22}{len(ids):>11,}{twice:>7}{given:>8,}{seconds:>9.1f}"
        f"{used['cpu']:>8.1f}{used['peak']:>10.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
