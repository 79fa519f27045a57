"""Lay out, measure and export tables of assets whose values are all distinct."""

from __future__ import annotations

import argparse
import itertools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import catalog
from kott_notebooks.tables import frames

CHUNK = 10_000  # records that are made at a time
COLUMNS = 40  # of the sheet
TAGS = ("Genre", "Cast", "Director", "Country", "Mood", "Studio", "Award")


def main() -> None:
    """Make the table, then print what each function takes, the best of some turns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="for flat and completeness")
    parser.add_argument("--sheet", type=int, default=100_000, help="rows that go to Excel; 0: none")
    parser.add_argument("--turns", type=int, default=2)
    given = parser.parse_args()
    table = assets(max(given.rows, given.sheet))
    print(f"{'what':26}{'rows':>9}{'seconds':>9}{'cpu s':>8}")
    rows = table.iloc[: given.rows]
    _report("kott.flat", lambda: kott.flat(rows), given.rows, given.turns)
    _report("catalog.completeness", lambda: catalog.completeness(rows), given.rows, given.turns)
    if given.sheet:
        rows = table.iloc[: given.sheet]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "assets.xlsx")
            for name, one in (("with its parts", rows), (f"{COLUMNS} columns", filled(rows))):
                _report(f".xlsx, {name}", lambda one=one: kott.export(one, path), given.sheet, 1)


def filled(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with as many columns as asked, each with a value in each row."""
    plain = table.drop(columns=["images", "mediaFiles"]).dropna(axis="columns")
    plain = plain.loc[:, [not str(name).startswith("tags.") for name in plain.columns]]
    number = itertools.count(2)
    while plain.shape[1] < COLUMNS:
        plain = plain.join(plain.iloc[:, 1:].add_suffix(f" {next(number)}"))
    return plain.iloc[:, :COLUMNS]


def _report(name: str, work: Callable[[], Any], rows: int, turns: int) -> None:
    seconds, cpu = [], []
    for _ in range(turns):
        started, before = time.perf_counter(), time.process_time()
        work()
        seconds.append(time.perf_counter() - started)
        cpu.append(time.process_time() - before)
    print(f"{name:26}{rows:>9,}{min(seconds):>9.2f}{min(cpu):>8.2f}", flush=True)


def assets(count: int) -> pd.DataFrame:
    """Make a table of assets as `kott.assets` would, without a server."""
    parts = [
        frames.frame(
            [record(number) for number in range(start, min(start + CHUNK, count))],
            "KalturaMediaAsset",
        )
        for start in range(0, count, CHUNK)
    ]
    return pd.concat(parts, ignore_index=True)


def record(number: int) -> dict[str, Any]:
    """Make an asset as the API sends it: three images and files, two metas, 21 values of tags."""
    return {
        "objectType": "KalturaMediaAsset",
        "id": number,
        "type": 425 + number % 4,
        "name": f"Film {number}",
        "description": f"About {number}, at length, at length, at length.",
        "externalId": f"x{number}",
        "entryId": f"e{number}",
        "startDate": 1_700_000_000 + number,
        "endDate": 1_900_000_000 + number,
        "status": True,
        "images": [
            {"id": f"{number}-{place}", "ratio": ratio, "width": 1_000, "height": 500,
             "url": f"https://images.invalid/{number}/{place}", "version": 1, "isDefault": False,
             "imageTypeId": place}
            for place, ratio in enumerate(("16:9", "2:3", "1:1"))
        ],
        "mediaFiles": [
            {"id": number * 10 + place, "type": kind, "status": True, "startDate": 1_700_000_000,
             "endDate": 1_900_000_000, "duration": 5_000, "externalId": f"f{number}-{place}",
             "url": f"https://files.invalid/{number}/{place}"}
            for place, kind in enumerate(("HLS_Main", "DASH_Main", "Trailer"))
        ],
        "metas": {
            "Year": {"objectType": "KalturaDoubleValue", "value": 1900 + number % 120},
            "Synopsis": {
                "objectType": "KalturaMultilingualStringValue", "value": f"Synopsis of {number}",
            },
        },
        "tags": {
            tag: {"objects": [{"value": f"{tag} {number}-{place}"} for place in range(3)]}
            for tag in TAGS
        },
    }  # fmt: skip


if __name__ == "__main__":
    main()
