"""How the cost of a pull grows: 10,000, 100,000 and 1,000,000 assets, and 300,000 programmes.

The assets come with ten scalars (`fields=`), the programmes of 100 channels and 31 days whole; the
server gives 500 a page and none beyond 10,000 rows, so that all but the smallest are cut into
windows. Figures are medians of turns that alternate between the sizes.
"""

from __future__ import annotations

import argparse
import contextlib

import pull

SIZES = {
    "10,000 assets": (10_000, "media", "ours, fields"),
    "100,000 assets": (100_000, "media", "ours, fields"),
    "1,000,000 assets": (1_000_000, "media", "ours, fields"),
    "300,000 programmes": (300_000, "epg", "ours, epg"),
}


def main() -> None:
    """Print a row a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=3)
    given = parser.parse_args()
    with contextlib.ExitStack() as servers:
        urls = {
            name: servers.enter_context(pull.server(rows=rows, kind=kind, page=500, depth=10_000))
            for name, (rows, kind, _) in SIZES.items()
        }
        runs = {name: [] for name in SIZES}  # type: ignore[var-annotated]
        for _ in range(given.turns):
            for name, (rows, _, way) in SIZES.items():
                measured = pull.run(urls[name], way, {"KOTT_BENCH_PAGE": "500"})
                assert measured["rows"] == rows, measured
                runs[name].append(measured)
    print(f"{'what':20}{'seconds':>9}{'cpu s':>8}{'us a row':>10}{'peak MiB':>10}{'table MiB':>11}")
    for name, (rows, *_) in SIZES.items():
        seconds, cpu = pull.middle(runs[name], "seconds"), pull.middle(runs[name], "cpu")
        print(
            f"{name:20}{seconds:>9.2f}{cpu:>8.2f}{seconds / rows * 1e6:>10.1f}"
            f"{pull.middle(runs[name], 'peak'):>10.0f}{pull.middle(runs[name], 'table'):>11.0f}"
        )


if __name__ == "__main__":
    main()
