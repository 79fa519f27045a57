"""Defects of series and their episodes."""

from __future__ import annotations

from itertools import pairwise

from kott_notebooks.demo.plants.assets import Assets
from kott_notebooks.demo.plants.ledger import NoneLeft
from kott_notebooks.demo.world.partner import EPISODE, SERIES


def orphans(on: Assets) -> None:
    """Let episodes name a series that does not exist."""
    for place in range(3):
        row = on.victim(EPISODE, on.ends_season)
        on.shelf.metas["Series ID"].put(row, f"SER9{place:04d}")
        on.expect("series.orphan_episode", row, "Its Series ID is that of no series.")


def holes(on: Assets) -> None:
    """Renumber episodes so that numbers are missing between others, or only before them."""
    number = on.shelf.metas["Episode number"]
    for moved in ({-1: 1}, {-1: 10}, {-2: 1, -1: 2}, {1: 40}):
        season = _whole_season(on)
        numbers = {row: number.at(row) for row in season}
        for at, more in moved.items():
            numbers[season[at]] += more
        _renumber(on, season, numbers)
    season = _whole_season(on)
    _renumber(on, season, {row: number.at(row) + 1 for row in season})


def _renumber(on: Assets, season: list[int], numbers: dict[int, int]) -> None:
    for row, changed in numbers.items():
        on.shelf.metas["Episode number"].put(row, changed)
    shown = sorted(numbers.values())
    for before, after in pairwise(shown):
        if after - before > 1:
            what = f"Season {on.meta('Season number', season[0])} has {before} and {after} only."
            on.expect("series.hole", on.series[on.meta("Series ID", season[0])], what)


def _whole_season(on: Assets, least: int = 4) -> list[int]:
    """Take all episodes of a season, none of which has a defect."""
    for season in on.seasons.values():
        if len(season) >= least and all(on.is_left(row) for row in season):
            return on.all_of(season)
    raise NoneLeft


def repeated_numbers(on: Assets) -> None:
    """Let the last episode of a season repeat a number; in another season it is right."""
    number = on.shelf.metas["Episode number"]
    for _ in range(3):
        *_, before, last = _whole_season(on)
        number.put(last, number.at(before))
        for row in (before, last):
            on.expect("series.duplicate_number", row, f"Two episodes are number {number.at(row)}.")


def empty_series(on: Assets) -> None:
    """Remove all episodes of a series: by changing its id, or by moving them to another series."""
    for place in range(2):
        series, episodes = _whole_series(on)
        on.shelf.metas["Series ID"].put(series, f"SER8{place:04d}")
        on.expect("series.empty", series, "No episode has its Series ID.")
        for row in episodes:
            on.expect("series.orphan_episode", row, "Its Series ID is that of no series any more.")
    for place in range(2):
        series, episodes = _whole_series(on)
        other = on.victim(SERIES)
        for row in episodes:
            season = on.meta("Season number", row) + 20 * (place + 1)
            on.shelf.metas["Series ID"].put(row, on.meta("Series ID", other))
            on.shelf.metas["Season number"].put(row, season)
        on.expect("series.empty", series, "No episode has its Series ID.")


def _whole_series(on: Assets) -> tuple[int, list[int]]:
    """Take a series with few episodes, none of which has a defect."""
    for name, series in on.series.items():
        episodes = [row for (of, _), rows in on.seasons.items() if of == name for row in rows]
        untouched = on.is_left(series) and all(on.is_left(row) for row in episodes)
        if len(episodes) < 8 and untouched:
            return on.all_of([series])[0], on.all_of(episodes)
    raise NoneLeft


PLANTS = (holes, repeated_numbers, empty_series, orphans)
