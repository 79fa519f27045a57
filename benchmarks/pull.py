"""Pull every asset of a stand-in server in each way, in turns, and print figures and ratios.

One regime a run; `suite.py` runs a dozen. Every way has to give as many rows as the others.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NAMES = ("bytes", "loop", "kaltura", "dlt", "ours", "ours, fields")
ELSEWHERE = {"kaltura": "KOTT_KALTURA_PYTHON", "dlt": "KOTT_DLT_PYTHON"}
BEFORE = "KOTT_BENCH_BEFORE"  # where the other checkout is
SERVER = ("rows", "latency", "work", "rate", "page", "kind")  # options of the stand-in


def main() -> None:
    """Print one table for one regime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--kind", choices=("media", "epg"), default="media")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds there and back")
    parser.add_argument("--work", type=float, default=0.0, help="the server's seconds for a page")
    parser.add_argument("--rate", type=float, default=0.0, help="bits a second of the link")
    parser.add_argument("--page", type=int, default=50, help="the server's page maximum")
    parser.add_argument("--plain", action="store_true", help="without gzip")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=NAMES, help="some of the ways")
    parser.add_argument("--best", action="store_true", help="the best turn instead of the median")
    parser.add_argument("--against", type=Path, help="another checkout, with its .venv: 'before'")
    given = parser.parse_args()
    ways = {name: {} for name in with_before(given.only, given.against) if python_of(name)}
    with server(**{name: getattr(given, name) for name in SERVER}, plain=given.plain) as url:
        print(regime(vars(given)))
        print_table(turns(url, ways, given.turns, given.page), best=given.best)


def with_before(names: Iterable[str], against: Path | None) -> list[str]:
    """Put the same way of another checkout before each of ours."""
    if against is None:
        return list(names)
    os.environ[BEFORE] = str(against.resolve())
    pairs = [[name.replace("ours", "before"), name] if "ours" in name else [name] for name in names]
    return [name for pair in pairs for name in pair]


@contextlib.contextmanager
def server(*, plain: bool = False, **options: Any) -> Iterator[str]:
    """Run a stand-in server in a process of its own, and give its url."""
    arguments = [f"--{name}={value}" for name, value in options.items()] + ["--plain"] * plain
    process = subprocess.Popen(
        [sys.executable, str(HERE / "standin.py"), *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()


def turns(
    url: str, ways: dict[str, dict[str, str]], count: int, page: int = 50
) -> dict[str, list[dict[str, Any]]]:
    """Run each way once that does not count, then a number of times, one after the other.

    A way is named for its contender; what stands behind a `|` tells variants apart.
    """
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in ways}
    for turn in range(count + 1):
        for name, env in ways.items():
            measured = run(url, name.partition("|")[0], {"KOTT_BENCH_PAGE": str(page), **env})
            if turn:
                runs[name].append(measured)
    check(runs)
    return runs


def check(runs: dict[str, list[dict[str, Any]]]) -> None:
    """Stop where one way pulled more rows than another, as nothing is compared then."""
    rows = {name: sorted({one["rows"] for one in measured}) for name, measured in runs.items()}
    if len({count for counts in rows.values() for count in counts}) > 1:
        options = "; ".join(f"{name}: {', '.join(map(str, of))}" for name, of in rows.items())
        raise SystemExit(f"The ways did not pull the same rows, so no table: {options}")


def run(url: str, name: str, env: dict[str, str]) -> dict[str, Any]:
    """Run one contender in a process of its own."""
    here = Path(os.environ[BEFORE]) / "benchmarks" if name.startswith("before") else HERE
    way = name.replace("before", "ours")
    done = subprocess.run(
        [str(python_of(name)), str(here / "contenders.py"), way, url],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env=os.environ | {"KOTT_PROGRESS": "0"} | env,
    )
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def python_of(name: str) -> str | None:
    """Give the Python that has what a contender needs; none where it is not said."""
    if name.startswith("before"):
        return str(Path(os.environ[BEFORE]) / ".venv" / "bin" / "python")
    return os.environ.get(ELSEWHERE[name]) if name in ELSEWHERE else sys.executable


def middle(measured: list[dict[str, Any]], key: str) -> float:
    """Give the median of a figure."""
    return statistics.median(one[key] for one in measured)


def ratio(
    measured: list[dict[str, Any]], ours: list[dict[str, Any]], key: str = "seconds"
) -> float:
    """Give the median of a figure's ratio to ours, turn by turn."""
    return statistics.median(
        one[key] / other[key] for one, other in zip(measured, ours, strict=True)
    )


def regime(given: dict[str, Any]) -> str:
    """Describe the options of a run."""
    extra = [f"{given['work'] * 1000:.0f} ms of work a page"] * bool(given["work"])
    extra += [f"{given['rate'] / 1e6:.0f} Mbit/s"] * bool(given["rate"])
    extra += ["without gzip"] * bool(given["plain"])
    what = "programmes" if given["kind"] == "epg" else "assets"
    return ", ".join(
        [f"{given['rows']:,} {what}", f"{given['latency'] * 1000:.0f} ms",
         f"pages of {given['page']}", *extra]
    )  # fmt: skip


def print_table(runs: dict[str, list[dict[str, Any]]], *, best: bool = False) -> None:
    """Print a row per way: medians or the best turn, and how many times as long as ours it took."""
    if best:
        runs = {
            name: [min(measured, key=lambda one: one["seconds"])] for name, measured in runs.items()
        }
    ours = [name for name in runs if name.startswith("ours") and "|" not in name]
    print(
        f"{'way':16}{'rows/s':>10}{'seconds':>9}{'cpu s':>8}{'peak MiB':>10}{'table MiB':>11}"
        + "".join(f"{'x ' + name:>16}" for name in ours)
    )
    for name, measured in runs.items():
        seconds = middle(measured, "seconds")
        print(
            f"{name:16}{middle(measured, 'rows') / seconds:>10,.0f}{seconds:>9.2f}"
            f"{middle(measured, 'cpu'):>8.2f}{middle(measured, 'peak'):>10.0f}"
            f"{middle(measured, 'table'):>11.0f}"
            + "".join(f"{ratio(measured, runs[other]):>15.1f}x" for other in ours)
        )


if __name__ == "__main__":
    main()
