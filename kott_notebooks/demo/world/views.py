"""Views of assets, with a long tail, and their likes and ratings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kott_notebooks.demo.world.dice import Dice, Ints

DAY = 86_400
COUNTED_DAYS = 365  # over which the views of an asset are spread evenly
_FEWEST = 3.0  # views of the least watched asset
Floats = NDArray[np.float64]


def views(dice: Dice, kind: str, ids: Ints) -> Ints:
    """Count the views of assets within the year; `kind` is media or epg."""
    return dice.long_tail(f"views of {kind}", ids, _FEWEST)


def likes(dice: Dice, kind: str, ids: Ints) -> Ints:
    """Count the likes: of every hundred views, two to eleven."""
    return views(dice, kind, ids) * (2 + dice.many(f"likes of {kind}", ids, 10)) // 100


def votes(dice: Dice, kind: str, ids: Ints) -> Ints:
    """Count the ratings."""
    return views(dice, kind, ids) // 15


def ratings(dice: Dice, kind: str, ids: Ints) -> Floats:
    """Return the mean rating, from 1 to 5; 0 without ratings."""
    mean = 1 + dice.many(f"rating of {kind}", ids, 41) / 10
    return np.where(votes(dice, kind, ids) > 0, mean, 0.0)


def within(counts: Ints, start: int, end: int, now: int) -> Ints:
    """Return the part of the year's counts in [start, end)."""
    first, last = max(start, now - COUNTED_DAYS * DAY), min(end, now)
    return counts * max(last - first, 0) // (COUNTED_DAYS * DAY)
