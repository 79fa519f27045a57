"""Check a guide of a million programmes, and draw a week of 200 channels; print one table.

Beside it, scaled from what they can manage: XMLTV's `tv_sort`, where it is installed, and the loop
over a DataFrame's rows that one writes first.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd

from kott_notebooks import plots, schedule, xmltv

ZONE = "Europe/Athens"
START = pd.Timestamp("2026-09-21", tz="UTC")  # with the change of the clocks on its way
WORDS = ("Harbour", "Night", "Studio", "Weather", "Crystal", "Late", "Market", "Ferry", "Garden")
LENGTHS = (15, 30, 30, 45, 60, 90)  # minutes
GENRES = ("News", "Drama", "Comedy", "Sport", "Documentary", "Kids")
TAG = '{{"objectType":"KalturaMultilingualStringValueArray","objects":[{{"value":"{}"}}]}}'


def main() -> None:
    """Print one table: what was done, to how many programmes, in how long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programmes", type=int, default=1_000_000)
    parser.add_argument("--channels", type=int, default=400)
    parser.add_argument("--seed", type=int, default=50_001)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--few", type=int, default=10_000, help="what the others are given")
    given = parser.parse_args()
    epg = guide(given.programmes, given.channels, given.seed)
    few = guide(given.few, max(given.few * given.channels // given.programmes, 1), given.seed + 1)
    week = guide(200 * 170, 200, given.seed + 2, (30, 60, 90))
    print(f"{'what':34}{'programmes':>12}{'seconds':>10}{'cpu s':>8}{'for 1,000,000':>15}")
    for name, one in CHECKS.items():
        say(name, len(epg), *(timed(one, epg) for _ in range(given.turns)))
    say("all four", len(epg), *(timed(four, epg) for _ in range(given.turns)))
    say("audit", len(epg), *(timed(audit, epg) for _ in range(given.turns)))
    say("grid of 200 channels, saved", len(week), *(timed(grid, week) for _ in range(given.turns)))
    say("a loop over rows, all four", len(few), timed(loop, few))
    check(few)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "few.xml"
        say("xmltv.write", len(few), timed(lambda epg: xmltv.write(epg, None, path), few))
        for _ in range(given.turns):  # in turns, so that a busy machine slows them alike
            say("xmltv.read_guide", len(few), timed(lambda _: xmltv.read_guide(path), few))
            say("xmltv.channels", len(few), timed(lambda _: xmltv.channels(path), few))
            say("a loop over ElementTree", len(few), timed(lambda _: element_loop(path), few))
        if shutil.which("tv_sort"):
            say("tv_sort, neighbours alone", len(few), timed(lambda _: tv_sort(path), few))


def say(name: str, programmes: int, *runs: tuple[float, float]) -> None:
    seconds, cpu = (statistics.median(times) for times in zip(*runs, strict=True))
    print(f"{name:34}{programmes:>12,}{seconds:>10.2f}{cpu:>8.2f}{cpu / programmes * 1e6:>15,.1f}")


def timed(what: Callable[[pd.DataFrame], Any], epg: pd.DataFrame) -> tuple[float, float]:
    """Give seconds by the clock, and of the processor, other programs that were run included."""
    start, before = time.perf_counter(), sum(os.times()[:4])
    what(epg)
    return time.perf_counter() - start, sum(os.times()[:4]) - before


def guide(
    programmes: int, channels: int, seed: int, lengths: Sequence[int] = LENGTHS
) -> pd.DataFrame:
    """Make a table as kott.epg gives it: of fifty programmes one ends late, and one early.

    Every five hundredth stands twice.
    """
    dice = np.random.default_rng(seed)
    each = -(-programmes // channels)
    minutes = dice.choice(lengths, (channels, each))
    ends = np.cumsum(minutes, axis=1)
    starts, ends = ((ends - minutes).ravel(), ends.ravel())
    wrong = dice.integers(0, 50, len(ends))
    ends = ends + np.where(wrong == 0, 5, 0) - np.where(wrong == 1, 5, 0)
    twice = dice.integers(0, programmes, programmes // 500)
    row = np.append(np.arange(programmes), twice)[-programmes:]
    row = row[np.argsort(starts[row], kind="stable")]  # the order of a pull
    number = np.arange(programmes)
    title = dice.integers(0, 20_000, len(ends))[row]
    names = np.array([f"{WORDS[n % 9]} {WORDS[n // 9 % 9]} {n}" for n in range(20_000)], object)
    tales = np.array([f"What came of {name}, and who remembers it." for name in names], object)
    numerals = np.array([str(n) for n in range(100)], object)
    of_series = title % 2 == 0
    texts = {
        "name": names[title],
        "description": tales[title],
        "externalId": [f"x-{n}" for n in number],
        "crid": [f"crid://b/{n}" for n in number],
        "metas.Series ID": np.where(of_series, names[title % 500], None),
        "metas.Season number": np.where(of_series, numerals[1 + title % 5], None),
        "metas.Episode number": np.where(of_series, numerals[1 + number % 20], None),
        "tags.Genre": [TAG.format(GENRES[n % 6]) for n in title],
    }
    times = {
        name: (START + pd.to_timedelta(minute[row], unit="min")).as_unit("us")
        for name, minute in (("startDate", starts), ("endDate", ends))
    }
    return pd.DataFrame(
        {
            "id": pd.array(number + 1, dtype="Int64"),
            "linearAssetId": pd.array(row // each + 300_001, dtype="Int64"),
            **times,
            "enableCatchUp": pd.array(title % 3 == 0, dtype="boolean"),
            **{name: pd.array(values, dtype="str") for name, values in texts.items()},
        }
    )


def channels_of(epg: pd.DataFrame) -> pd.DataFrame:
    ids = pd.Series(epg["linearAssetId"].unique(), dtype="Int64")
    return pd.DataFrame({"id": ids, "name": "C " + ids.astype("str"), "enableCatchUp": True})


CHECKS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "gaps": lambda epg: schedule.gaps(epg, start=START, end=epg["endDate"].max()),
    "overlaps": schedule.overlaps,
    "coverage": lambda epg: schedule.coverage(epg, tz=ZONE),
    "duplicates": schedule.duplicates,
}


def four(epg: pd.DataFrame) -> None:
    for one in CHECKS.values():
        one(epg)


def audit(epg: pd.DataFrame) -> pd.DataFrame:
    end = epg["endDate"].max()
    return schedule.audit(epg, channels_of(epg), tz=ZONE, now=START, start=START, end=end)


def grid(epg: pd.DataFrame) -> None:
    with mpl.rc_context({"figure.figsize": (16, 24)}):
        axes = plots.grid(epg, channels=channels_of(epg), tz=ZONE)
    axes.figure.savefig(os.devnull, format="png")
    axes.figure.clear()


def loop(epg: pd.DataFrame) -> tuple[Any, ...]:
    """Find gaps, overlaps, coverage and duplicates as one writes it first: row after row."""
    gaps, overlaps, duplicates, covered = [], [], [], {}
    for channel, own in epg.groupby("linearAssetId"):
        until, on = None, []
        seen = set()
        for _, one in own.sort_values("startDate").iterrows():
            if until is not None and one["startDate"] - until >= pd.Timedelta(minutes=1):
                gaps.append((channel, until, one["startDate"]))
            on = [other for other in on if other["endDate"] > one["startDate"]]
            overlaps += [(other["id"], one["id"]) for other in on]
            on.append(one)
            key = (one["startDate"], one["endDate"], one["name"])
            duplicates += [one["id"]] if key in seen else []
            seen.add(key)
            since = one["startDate"] if until is None else max(until, one["startDate"])
            day = one["startDate"].tz_convert(ZONE).normalize()
            if one["endDate"] > since:
                place = (channel, day)
                covered[place] = covered.get(place, pd.Timedelta(0)) + (one["endDate"] - since)
            until = one["endDate"] if until is None else max(until, one["endDate"])
    return gaps, overlaps, duplicates, covered


def check(epg: pd.DataFrame) -> None:
    """See to it that the loop finds as much as we do."""
    gaps, overlaps, duplicates, _ = loop(epg)
    slots = schedule.duplicates(epg)["fault"].eq("slot").sum()
    ours = len(schedule.gaps(epg)), len(schedule.overlaps(epg)), slots
    assert ours == (len(gaps), len(overlaps), len(duplicates)), ours


def element_loop(path: Path) -> pd.DataFrame:
    """Read what one reads first of a guide, with ElementTree; far fewer columns than ours."""
    rows = []
    for _, element in ElementTree.iterparse(path):
        if element.tag == "programme":
            texts = [element.findtext(name) for name in ("title", "sub-title", "desc")]
            lists = [[one.text for one in element.findall(n)] for n in ("category", "episode-num")]
            times = [element.get(name) for name in ("start", "stop", "channel")]
            rows.append((*times, *texts, *lists))
            element.clear()
    names = ["start", "stop", "channel", "title", "sub-title", "desc", "category", "episode-num"]
    table = pd.DataFrame(rows, columns=names)
    for name in ("start", "stop"):
        table[name] = pd.to_datetime(table[name], format="%Y%m%d%H%M%S %z", utc=True)
    return table


def tv_sort(path: Path) -> None:
    command = ["tv_sort", "--by-channel", "--output", os.devnull, str(path)]
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
