"""Ticks at round local times, right when the clocks change."""

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
Walls = pd.DatetimeIndex  # what clocks show, without a zone

MINUTES = (1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10_080)  # between two ticks
DAY = 1440
ROOM = 45.0  # points that a tick and its label take
CHANGE = np.timedelta64(3, "h")  # more than any clock is put back or forward
MIDNIGHT = np.datetime64("1970-01-05", "us")  # a Monday, to count from


class LocalTimes(Locator):
    """Ticks at round times of a zone's clocks.

    A time that the clocks show twice has two ticks, one that they leave out has none. Up to three
    hours apart, one stands where the clocks were put back, be that round or not. What takes more
    than weekly ticks is left to matplotlib.
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
        found: list[float] = dates.date2num(ticks.view("datetime64[us]")).tolist()
        return found

    def step(self, vmin: float, vmax: float) -> int | None:
        """Give the minutes between two ticks that have room; None for more than a week."""
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
    """List when, in [first, last], a zone's clocks show a multiple of minutes since midnight.

    Times are microseconds since 1970, UTC. Multiples of days are counted from a Monday.
    """
    wall = _walls(first, last, minutes, zone)
    ticks = _instants(wall, zone)
    if minutes <= 180:
        again = _come_again(first, last, zone)
        near = np.abs(ticks[:, None] - again).min(axis=1, initial=2**62) < minutes * 40_000_000
        midnight = _clocks(ticks, zone) == _clocks(ticks, zone).normalize()
        ticks = np.union1d(ticks[~near | midnight], again)
    inside: Micros = ticks[(ticks >= first) & (ticks <= last)]
    return inside


def daily(first: int, last: int, hour: float, zone: tzinfo) -> Micros:
    """Say when clocks show an hour on each day around a stretch of time."""
    wall = _walls(first, last, DAY, zone) + pd.Timedelta(hours=hour)
    return _localized(wall, zone, True, "shift_forward")


def _walls(first: int, last: int, minutes: int, zone: tzinfo) -> Walls:
    """List the round times that clocks show around a stretch of time."""
    ends = _clocks(np.array([first, last]), zone).to_numpy("datetime64[us]") - MIDNIGHT
    ends += [-CHANGE, CHANGE]  # within, clocks may show what they showed before its beginning
    low, high = ends // np.timedelta64(minutes, "m")
    steps = np.arange(low, high + 1) * np.timedelta64(minutes, "m")
    return pd.DatetimeIndex(MIDNIGHT + steps)


def _instants(wall: Walls, zone: tzinfo) -> Micros:
    """Say when clocks show these times: twice, once or never; a day always has its beginning."""
    days = wall[wall == wall.normalize()]
    found = [_localized(wall, zone, early, "NaT") for early in (True, False)]
    found.append(_localized(days, zone, True, "shift_forward"))
    times: Micros = np.setdiff1d(np.concatenate(found), [NAT])
    return times


def _localized(wall: Walls, zone: tzinfo, early: bool, missing: Any) -> Micros:
    times = wall.tz_localize(zone, ambiguous=np.full(len(wall), early), nonexistent=missing)
    return times.tz_convert("UTC").to_numpy("datetime64[us]").view(np.int64)


def _come_again(first: int, last: int, zone: tzinfo) -> Micros:
    """List when the clocks were put back: the second beginning of what they show twice."""
    wall = _walls(first, last, 30, zone)
    early, late = (_localized(wall, zone, one, "NaT") for one in (True, False))
    twice = early != late
    twice[1:] &= ~twice[:-1]
    begins: Micros = late[twice]
    return begins


class LocalLabels(Formatter):
    """Labels of such ticks: a day's name where it begins, else the time, told apart when it is
    shown twice by the zone's letters."""

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
    wall = time.tz_localize(None)
    early, late = (wall.tz_localize(time.tz, ambiguous=one) for one in (True, False))
    return early != late


def _stamps(days: Any) -> Micros:
    """Read matplotlib's days as microseconds, made whole seconds: days hold no more."""
    seconds: Micros = np.rint(np.asarray(days) * 86_400).astype(np.int64)
    return seconds * 1_000_000


def _clocks(stamps: Micros, zone: tzinfo) -> Walls:
    return as_times(stamps).tz_convert(zone).tz_localize(None)
