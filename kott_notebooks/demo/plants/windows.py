"""Windows of assets: planted defects, and all findings by the dates: some occur naturally."""

from __future__ import annotations

import numpy as np

from kott_notebooks.demo.plants.assets import HOUR, YEAR, Assets
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, SERIES

FIRST, NEVER = 315_532_800, 253_402_300_799  # 1980, and the end of 9999
MILLISECONDS = 10**12


def moved_windows(on: Assets) -> None:
    """Move ends and starts to just before and just after the thresholds."""
    dates = on.shelf.numbers
    start, end = dates["start_date"], dates["end_date"]
    long_ago = on.now - 60 * DAY
    for after in (-HOUR, -30 * DAY, HOUR, 14 * DAY - HOUR, 14 * DAY + HOUR):
        end[on.victim(MOVIE, lambda row: start[row] < long_ago)] = on.now + after
    end[on.victim(EPISODE)] = on.now - HOUR
    for years, days in ((50, -30), (50, 30), (75, 0)):
        end[on.victim(SERIES)] = on.now + int(years * YEAR) + days * DAY
    end[on.victim(MOVIE)] = NEVER
    for after in (-HOUR, HOUR, 30 * DAY):
        start[on.victim(EPISODE)] = on.now + after


def inverted_windows(on: Assets) -> None:
    """End an asset when it starts, before it starts, and a minute after it starts."""
    dates = on.shelf.numbers
    start, end = dates["start_date"], dates["end_date"]
    row = on.victim(MOVIE)
    end[row] = start[row]
    row = on.victim(SERIES)
    start[row], end[row] = end[row], start[row]
    row = on.victim(SERIES)
    end[row] = start[row] - 60
    row = on.victim(EPISODE)
    end[row] = start[row] + 60


def bad_times(on: Assets) -> None:
    """Start or end before 1980; the first second of 1980 is valid."""
    dates = on.shelf.numbers
    for date in (DAY, FIRST - 1, FIRST):
        dates["start_date"][on.victim(MOVIE)] = date
    for date in (DAY, FIRST - 1):
        dates["end_date"][on.victim(EPISODE)] = date


def write_down_windows(on: Assets) -> None:
    """Find the defects of windows by their dates, also those that occur naturally."""
    of = on.shelf.numbers
    start, end, now = of["start_date"], of["end_date"], on.now
    starts = (start >= FIRST) & (start <= NEVER)
    ends = (end >= FIRST) & (end < MILLISECONDS)
    expected = {
        "window.inverted": (starts & ends & (end <= start), "It ends before it has started."),
        "window.expired": (ends & (end < now) & (of["status"] == 1), "It ended, and is active."),
        "window.not_started": (starts & (start > now), "It has not started yet."),
        "window.ending": ((end > now) & (end <= now + 14 * DAY), "It ends within 14 days."),
        "window.endless": (
            ends & (end >= now + 50 * YEAR) & (of["asset_type"] != LINEAR),
            "It ends in 50 years or later.",
        ),
        "window.bad_time": (~starts | ~ends, "No asset has such a date."),
    }
    for rule, (rows, what) in expected.items():
        for row in np.flatnonzero(rows).tolist():
            on.expect(rule, row, what)


PLANTS = (moved_windows, inverted_windows, bad_times)
