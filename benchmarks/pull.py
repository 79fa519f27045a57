"""Pull every asset of a stand-in server in each way, in turns, and print medians and ratios."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = ("bytes", "loop", "kaltura", "ours", "ours, fields")


def main() -> None:
    """Print one table for one regime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--page", type=int, default=50, help="the server's page maximum")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=NAMES, help="some of the ways")
    given = parser.parse_args()
    ways = {name: _python(name) for name in given.only if _python(name)}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    arguments = [f"--{name}={getattr(given, name)}" for name in ("rows", "latency", "page")]
    server = subprocess.Popen(
        [sys.executable, str(HERE / "standin.py"), *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        for _ in range(given.turns):
            for name, python in ways.items():
                runs[name].append(_run(python, name, url))
    finally:
        server.terminate()
        server.wait()
    _table(runs, given)


def _python(name: str) -> str | None:
    return os.environ.get("KOTT_KALTURA_PYTHON") if name == "kaltura" else sys.executable


def _run(python: str, name: str, url: str) -> dict[str, Any]:
    done = subprocess.run(
        [python, str(HERE / "contenders.py"), name, url],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=os.environ | {"KOTT_PROGRESS": "0"},
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _table(runs: dict[str, list[dict[str, Any]]], given: argparse.Namespace) -> None:
    print(f"{given.rows:,} assets, {given.latency * 1000:.0f} ms, pages of {given.page}")
    print(f"{'way':14}{'rows/s':>10}{'seconds':>9}{'cpu s':>8}{'peak MiB':>10}{'ours is':>10}")
    middle = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]}
        for name, found in runs.items()
    }
    for name, one in middle.items():
        pairs = zip(runs[name], runs.get("ours", []), strict=False)
        ratio = statistics.median([a["seconds"] / b["seconds"] for a, b in pairs] or [0.0])
        print(
            f"{name:14}{one['rows'] / one['seconds']:>10,.0f}{one['seconds']:>9.2f}"
            f"{one['cpu']:>8.2f}{one['peak']:>10.0f}{ratio:>9.1f}x"
        )


if __name__ == "__main__":
    main()
