"""Ticks at round local times, right when the clocks change.

Clocks that are put back show an hour twice (a fold): two ticks. Clocks that are put forward leave
an hour out (a gap): no tick, and a midnight in a gap becomes the first time after it.

    fold    UTC      23:00   00:00   01:00   02:00        gap    UTC      00:00   01:00   02:00
                       |       |       |       |                            |       |       |
            clocks   01:00   02:00   02:00   03:00               clocks   01:00   03:00   04:00
                             first   second                               no 02:00
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import matplotlib.dates
import numpy as np
import pandas as pd
from matplotlib.ticker import Formatter, Locator

from kott_notebooks.tables.columns import NAT, Micros, as_times

dates: Any = matplotlib.dates  # has no types
Local = pd.DatetimeIndex  # what clocks show, without a zone

MINUTES = (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)  # between two ticks
DAY = 1440
ROOM = 45.0  # points, of a tick and its label
CHANGE = np.timedelta64(3, "h")  # more than clocks are put back or forward
MIDNIGHT = np.datetime64("1970-01-05", "us")  # a Monday, to count from


class LocalTimes(Locator):
    """Ticks at round times of a zone's clocks.

    Ticks up to three hours apart include the time at which the clocks were put back, round or not.
    An axis that needs more than weekly ticks has matplotlib's.
    """

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.long = dates.AutoDateLocator(tz=zone)

    def set_axis(self, axis: Any) -> None:
        super().set_axis(axis)
        self.long.set_axis(axis)

    def __call__(self) -> Sequence[float]:
        return self.tick_values(*self.view())

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        step = self.step(vmin, vmax)
        if step is None:
            return list(self.long.tick_values(*dates.num2date([vmin, vmax], tz=self.zone)))
        first, last = sorted(_stamps(np.array([vmin, vmax])).tolist())
        ticks = round_times(first, last, step, self.zone)
        days: list[float] = dates.date2num(ticks.view("datetime64[us]")).tolist()
        return days

    def step(self, vmin: float, vmax: float) -> int | None:
        """Return the minutes between two ticks that fit; None for more than a week."""
        most = max(2, self._width() / ROOM)
        fitting = (one for one in MINUTES if abs(vmax - vmin) * DAY / one <= most)
        return next(fitting, None)

    def view(self) -> tuple[float, float]:
        axis: Any = self.axis
        first, last = axis.get_view_interval()
        return float(first), float(last)

    def _width(self) -> float:
        axes = getattr(self.axis, "axes", None)
        return 10 * ROOM if axes is None else axes.get_window_extent().width * 72 / axes.figure.dpi


def round_times(first: int, last: int, minutes: int, zone: tzinfo) -> Micros:
    """Return the times in [first, last] at which clocks show a multiple of minutes since midnight.

    Times are microseconds since 1970, UTC. Multiples of days are counted from a Monday.
    """
    local = _round_local(first, last, minutes, zone)
    midnights = local[local == local.normalize()]
    times = [_to_utc(local, zone, is_first=is_first) for is_first in (True, False)]
    times.append(_to_utc(midnights, zone, in_gap="shift_forward"))  # each day has its beginning
    ticks = np.setdiff1d(np.concatenate(times), [NAT])
    if minutes <= 180:
        folds = _folds(first, last, zone)
        is_near = np.abs(ticks[:, None] - folds).min(axis=1, initial=2**62) < minutes * 40_000_000
        is_midnight = _to_local(ticks, zone) == _to_local(ticks, zone).normalize()
        ticks = np.union1d(ticks[~is_near | is_midnight], folds)
    inside: Micros = ticks[(ticks >= first) & (ticks <= last)]
    return inside


def daily(first: int, last: int, hour: float, zone: tzinfo) -> Micros:
    """Return when clocks show an hour on each day around [first, last]."""
    local = _round_local(first, last, DAY, zone) + pd.Timedelta(hours=hour)
    return _to_utc(local, zone, in_gap="shift_forward")


def _round_local(first: int, last: int, minutes: int, zone: tzinfo) -> Local:
    """Return the round local times around [first, last]."""
    ends = _to_local(np.array([first, last]), zone).to_numpy("datetime64[us]") - MIDNIGHT
    ends += [-CHANGE, CHANGE]  # clocks that are put back show times from before `first` again
    low, high = ends // np.timedelta64(minutes, "m")
    steps = np.arange(low, high + 1) * np.timedelta64(minutes, "m")
    return pd.DatetimeIndex(MIDNIGHT + steps)


def _folds(first: int, last: int, zone: tzinfo) -> Micros:
    """Return when the clocks were put back: where the second pass of an hour begins."""
    local = _round_local(first, last, 30, zone)
    early, late = (_to_utc(local, zone, is_first=one) for one in (True, False))
    is_shown_twice = early != late
    is_shown_twice[1:] &= ~is_shown_twice[:-1]
    begins: Micros = late[is_shown_twice]
    return begins


def _to_utc(local: Local, zone: tzinfo, *, is_first: bool = True, in_gap: Any = "NaT") -> Micros:
    """Return when clocks show local times: in a fold for the first or second time."""
    times = local.tz_localize(zone, ambiguous=np.full(len(local), is_first), nonexistent=in_gap)
    return times.tz_convert("UTC").to_numpy("datetime64[us]").view(np.int64)


def _to_local(stamps: Micros, zone: tzinfo) -> Local:
    return as_times(stamps).tz_convert(zone).tz_localize(None)


class LocalLabels(Formatter):
    """Labels of the ticks of `LocalTimes`: the day at its beginning, else the time.

    A time that is shown twice has the zone's letters too.
    """

    def __init__(self, locator: LocalTimes) -> None:
        self.locator = locator
        self.long = dates.ConciseDateFormatter(
            locator.long,
            tz=locator.zone,
            formats=["%Y", "%b", "%a %d", "%H:%M", "%H:%M", "%H:%M:%S"],
            zero_formats=["", "%Y", "%d %b", "%a %d", "%H:%M", "%H:%M"],
            show_offset=False,  # of one end alone; the axis label says both
        )

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        if self.locator.step(*self.locator.view()) is None:
            return list(self.long.format_ticks(values))
        stamps = _stamps(np.asarray(values, dtype=np.float64))
        return [_label(time) for time in as_times(stamps).tz_convert(self.locator.zone)]


def _label(time: pd.Timestamp) -> str:
    if time.date() != (time - pd.Timedelta(minutes=1)).date():
        return time.strftime("%d %b" if time.day == 1 else "%a %d")
    return time.strftime("%H:%M\n%Z" if _shown_twice(time) else "%H:%M")


def _shown_twice(time: pd.Timestamp) -> bool:
    local = time.tz_localize(None)
    early, late = (local.tz_localize(time.tz, ambiguous=one) for one in (True, False))
    return early != late


def _stamps(days: Any) -> Micros:
    """Convert matplotlib's days to microseconds, rounded to seconds: days are no more exact."""
    seconds: Micros = np.rint(np.asarray(days) * 86_400).astype(np.int64)
    return seconds * 1_000_000
