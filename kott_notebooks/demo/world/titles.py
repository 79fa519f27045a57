"""Titles and descriptions, composed from words when they are read.

A title is a pattern and a place in each of its word lists, so that no two titles of a batch
are equal, or nearly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kott_notebooks.demo.world import words
from kott_notebooks.demo.world.dice import Dice, Ints
from kott_notebooks.demo.world.shelf import Made
from kott_notebooks.demo.world.words import LANGUAGES, Phrase

_LISTS: dict[str, tuple[Phrase, ...]] = {
    "first": tuple((name, name, name) for name in words.FIRST_NAMES),
    "mood": tuple((mood.title(), fra, ell) for mood, fra, ell in words.MOODS),
    "noun": tuple((noun.title(), fra, ell) for noun, fra, ell in words.NOUNS),
    "role": tuple((role.title(), fra, ell) for role, fra, ell in words.ROLES),
    "place": words.PLACES,
}
_AND = "κ\N{GREEK SMALL LETTER ALPHA}\N{GREEK SMALL LETTER IOTA}"  # "and"

_PATTERNS: tuple[tuple[tuple[str, ...], Phrase], ...] = (
    (("mood", "noun"), ("The {0} {1}", "{1} {0}", "{1} {0}")),
    (("noun", "place"), ("The {0} in {1}", "{0} {1}", "{0} {1}")),
    (
        ("first", "mood", "noun"),
        ("{0} and the {1} {2}", "{0} et {2} {1}", f"{{0}} {_AND} {{2}} {{1}}"),
    ),
    (("role", "place"), ("{0} in {1}", "{0} {1}", "{0} {1}")),
    (("mood", "role", "place"), ("{0} {1} in {2}", "{1} {0} {2}", "{1} {0} {2}")),
    (("first", "noun"), ("{0} and the {1}", "{0} et {1}", f"{{0}} {_AND} {{1}}")),
    (("mood", "noun", "place"), ("The {0} {1} in {2}", "{1} {0} {2}", "{1} {0} {2}")),
    (
        ("first", "mood", "noun", "place"),
        ("{0} and the {1} {2} in {3}", "{0} et {2} {1} {3}", f"{{0}} {_AND} {{2}} {{1}} {{3}}"),
    ),
)
MOVIES = (0, 1, 2)
SERIES = (3, 4)
EPISODES = (5, 6)
_OVERFLOW = len(_PATTERNS) - 1


class Titles:
    """A batch of different titles, of a few patterns in turn."""

    def __init__(self, dice: Dice, purpose: str, count: int, patterns: tuple[int, ...]) -> None:
        quotas = _quotas(count, patterns)
        order = dice.order(f"{purpose} order", count)
        self._pattern = np.empty(count, np.int64)
        self._index = np.empty(count, np.int64)
        start = 0
        for pattern, quota in quotas:
            rows = order[start : start + quota]
            self._pattern[rows] = pattern
            self._index[rows] = _some(dice, f"{purpose} {pattern}", _size(pattern), quota)
            start += quota

    def words(self, language: str) -> Sequence[str]:
        """Return the batch in one language."""
        patterns, indexes = self._pattern.tolist(), self._index.tolist()
        at = LANGUAGES.index(language)
        return Made(len(patterns), lambda row: _compose(patterns[row], indexes[row], at))


def _size(pattern: int) -> int:
    return math.prod(len(_LISTS[name]) for name in _PATTERNS[pattern][0])


def _quotas(count: int, patterns: tuple[int, ...]) -> list[tuple[int, int]]:
    """Divide a batch evenly between the patterns; the longest one takes what others cannot hold."""
    quotas = []
    for remaining, pattern in zip(
        range(len(patterns), 0, -1), sorted(patterns, key=_size), strict=True
    ):
        quotas.append((pattern, min(count // remaining, _size(pattern))))
        count -= quotas[-1][1]
    if count > _size(_OVERFLOW):
        raise ValueError(f"The demo has no titles for {count:,} assets more: ask for fewer assets.")
    return [*quotas, (_OVERFLOW, count)]


def _some(dice: Dice, purpose: str, size: int, count: int) -> Ints:
    """Choose different numbers below `size`: walk it in a stride that shares no factor with it."""
    stride = int(size * 0.618)
    while math.gcd(stride, size) > 1:
        stride += 1
    return (np.arange(count) * stride + dice.one(purpose, 0, size)) % size


def _compose(pattern: int, index: int, language: int) -> str:
    lists, template = _PATTERNS[pattern]
    parts = []
    for name in reversed(lists):
        index, digit = divmod(index, len(_LISTS[name]))
        parts.append(_LISTS[name][digit][language])
    text = template[language].format(*reversed(parts))
    return text[0].upper() + text[1:]


def person(code: int) -> str:
    """Name one of the `PEOPLE`."""
    last, first = divmod(code, len(words.FIRST_NAMES))
    return f"{words.FIRST_NAMES[first]} {words.LAST_NAMES[last]}"


PEOPLE = len(words.FIRST_NAMES) * len(words.LAST_NAMES)


class Plots:
    """A batch of descriptions."""

    def __init__(self, dice: Dice, purpose: str, count: int) -> None:
        self._plot = dice.many(f"{purpose} plot", count, len(words.PLOTS))
        self._who = dice.many(f"{purpose} who", count, PEOPLE)
        self._what = dice.many(f"{purpose} what", count, len(words.NOUNS))
        self._why = dice.many(f"{purpose} why", count, len(words.THEMES))

    def words(self, language: str) -> Sequence[str]:
        """Return the batch in one language."""
        at = LANGUAGES.index(language)
        article = "the " if at == 0 else ""

        def one(row: int) -> str:
            plot: str = words.PLOTS[self._plot[row]][at]
            return plot.format(
                who=person(int(self._who[row])),
                what=article + words.NOUNS[self._what[row]][at],
                why=words.THEMES[self._why[row]][at],
            )

        return Made(len(self._plot), one)
