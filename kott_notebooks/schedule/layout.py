"""How a guide is laid out for people: its window, its names, its lanes, which genres first."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import DAY, Channels, Spans, Whole, busy_until, known_names
from kott_notebooks.tables.columns import NAT, Names, asked, micros, stamp
from kott_notebooks.times import When

# Beginnings of the names that most guides use, so that they never compete for a colour
COMMON_GENRES = ("drama", "news", "movie", "comedy", "document", "sport", "kids", "music")


def shown(
    table: pd.DataFrame,
    start: When | None,
    end: When | None,
    tz: str | tzinfo | None = None,
) -> tuple[int, int]:
    """Return the window asked for, else the one that holds the table's times; in microseconds.

    What ends long after the last start does not widen it: some programmes never end.
    """
    first, last = asked(table, start, end, tz)
    starts, ends = micros(table, "startDate"), micros(table, "endDate")
    known = (starts != NAT) & (ends > starts)
    early = min(starts[known], default=0) if first is None else stamp(first)
    late = min(max(ends[known], default=DAY), max(starts[known], default=0) + DAY)
    return int(early), int(late) if last is None else stamp(last)


def names_of(epg: pd.DataFrame, channels: Channels | None, names: Names | None) -> Names | None:
    """Return the names given, else those of the channel table and of the guide's channelName."""
    return known_names(epg, channels) if names is None else names


def ranked(genres: npt.NDArray[Any] | pd.Series[Any], minutes: Any) -> list[str]:
    """List the genres that have a name, those with the most minutes first."""
    total = pd.Series(minutes).groupby(genres).sum().drop("none", errors="ignore")
    return [str(one) for one in total.sort_values(ascending=False, kind="stable").index]


def genre_slots(genres: Sequence[str], slots: int) -> dict[str, int]:
    """Assign a place in a palette to each of the first genres of a ranking.

    A place depends on the name alone, so that a genre has one colour in every picture, unless two
    of those shown have the same place; then the common names go first, the others by the alphabet.
    """
    preferred = {}
    for genre in sorted(genres[:slots]):
        name = genre.casefold()
        common = next((n for n, one in enumerate(COMMON_GENRES) if name.startswith(one)), None)
        preferred[genre] = (common is None, zlib.crc32(name.encode()) if common is None else common)
    taken: dict[str, int] = {}
    for genre, (_, place) in sorted(preferred.items(), key=lambda one: one[1][0]):
        free = set(range(slots)) - set(taken.values())
        taken[genre] = min(free, key=lambda slot: (slot - place) % slots)
    return {genre: taken[genre] for genre in genres[:slots]}


def lanes(spans: Spans) -> tuple[Whole, Whole]:
    """Return the lane of each span, from 0, and how many lanes the spans around it need.

    Those in one lane share no time. Spans are ordered by channel and start, as `spans_of` returns
    them; one that shares its time with none has its channel to itself: lane 0 of 1.
    """
    lane, many = np.zeros(len(spans.code), np.intp), np.ones(len(spans.code), np.intp)
    begins = np.flatnonzero(_fresh(spans))
    sizes = np.diff(np.append(begins, len(lane)))
    for begin, size in zip(begins[sizes > 1], sizes[sizes > 1], strict=True):
        group = slice(begin, begin + size)
        lane[group] = _stacked(spans.start[group], spans.end[group])
        many[group] = lane[group].max() + 1
    return lane, many


def _fresh(spans: Spans) -> npt.NDArray[np.bool_]:
    """Return which spans begin when all earlier ones of their channel have ended."""
    fresh = np.ones(len(spans.code), dtype=bool)
    over = spans.start[1:] >= busy_until(spans)[:-1]
    fresh[1:] = over | (spans.code[1:] != spans.code[:-1])
    return fresh


def _stacked(starts: npt.NDArray[Any], ends: npt.NDArray[Any]) -> list[int]:
    """Put each span into the first lane that is free when it starts."""
    free: list[int] = []  # from when on, by lane
    taken = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        lane = next((i for i, since in enumerate(free) if since <= start), len(free))
        free[lane : lane + 1] = [end]
        taken.append(lane)
    return taken
