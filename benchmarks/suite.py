"""Twelve regimes of a pull, idle and busy servers, one after the other; about half an hour.

`--only` picks some by their number. Each regime runs its ways in turns; figures are medians, or
with `--best` those of the best turn. `--against PATH` runs the same ways of another checkout, which
has a `.venv` of its own, in the same turns: `suite.py --against ../old --best --turns 7`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pull

EVERYTHING = pull.NAMES
FIXED = {"8/1": (8, 1), "8/4": (8, 4), "8/13": (8, 13), "8/25": (8, 25), "4/10": (4, 10)}
REGIMES: list[dict[str, object]] = [
    {"latency": 0.05},
    {"latency": 0.2},
    {"rows": 20_000},
    {"rows": 20_000, "page": 500},
    {"rows": 20_000, "plain": True, "only": ("bytes", "loop", "ours", "ours, fields")},
    {"rows": 20_000, "kind": "epg", "only": ("bytes", "loop", "ours, epg")},
    {"rows": 100_000, "kind": "epg", "page": 500, "only": ("loop", "ours, epg")},
    {"rows": 100_000, "page": 500, "only": ("loop", "ours", "ours, fields")},
]
CHOICES: list[dict[str, object]] = [  # ours beside fixed numbers of workers and pages a request
    {"latency": 0.05},
    {"latency": 0.05, "work": 0.1},
    {"work": 0.1},
    {"rate": 50e6},
]
USUAL: dict[str, object] = {
    "rows": 5_000, "kind": "media", "latency": 0.0, "work": 0.0, "rate": 0.0, "page": 50,
}  # fmt: skip


def main() -> None:
    """Run the regimes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", nargs="*", type=int, help="numbers of regimes, from 1")
    parser.add_argument("--best", action="store_true", help="the best turn instead of the median")
    parser.add_argument("--against", type=Path, help="another checkout, with its .venv: 'before'")
    given = parser.parse_args()
    both = [(one, False) for one in REGIMES] + [(one, True) for one in CHOICES]
    for number, (options, choices) in enumerate(both, 1):
        if given.only is None or number in given.only:
            print(f"\n{number}. ", end="")
            one_regime({**USUAL, **options}, given, choices=choices)


def one_regime(regime: dict[str, object], given: argparse.Namespace, *, choices: bool) -> None:
    """Run one regime: each way, or ours beside fixed choices."""
    plain, only = bool(regime.pop("plain", False)), regime.pop("only", EVERYTHING)
    ways: dict[str, dict[str, str]] = {
        str(name): {}
        for name in pull.with_before(only, given.against)  # type: ignore[arg-type]
        if pull.python_of(str(name))  # type: ignore[attr-defined]
    }
    if choices:
        ways = {"ours": {}} | {f"ours|{name}": fixed(*pair) for name, pair in FIXED.items()}
    print(pull.regime({**regime, "plain": plain}), flush=True)
    with pull.server(plain=plain, **regime) as url:
        runs = pull.turns(url, ways, given.turns, int(str(regime["page"])))
        pull.print_table(runs, best=given.best)


def fixed(workers: int, pack: int) -> dict[str, str]:
    """Fix what ours would choose."""
    return {"KOTT_BENCH_WORKERS": str(workers), "KOTT_BENCH_PACK": str(pack)}


if __name__ == "__main__":
    main()
