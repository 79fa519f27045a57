"""Which rows of the catalogue a filter means, and in which order: KSQL over columns."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kott_notebooks.demo.backend import ksql
from kott_notebooks.demo.backend.arguments import whole
from kott_notebooks.demo.backend.columns import DAY, OFFSETS_BELOW, Codes, Mask, Rows, measure
from kott_notebooks.demo.backend.filler import filler
from kott_notebooks.demo.backend.library import DATES, EPG, MEDIA, NUMBERS, RECORDING, Library
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.catalogue import World
from kott_notebooks.demo.world import views
from kott_notebooks.demo.world.dice import Dice

MEDIA_SHELF, EPG_SHELF, FILLER_SHELF, RECORDING_SHELF = range(4)  # places among the libraries
EPG_DAYS = 2  # programmes this many days around now answer a search that names no date
FILLER = "filler"
_POPULARITY: dict[str, Callable[[Dice, str, Rows], Any]] = {
    "views": views.views,
    "likes": views.likes,
    "votes": views.votes,
    "ratings": views.ratings,
}


@dataclass(frozen=True)
class Question:
    """One search: what is asked, how it is sorted, in which language, and by whom."""

    tree: ksql.Tree | None
    order: str
    language: str
    now: int
    sees_all: bool  # whether inactive, expired and not yet started media are found
    types: frozenset[str] | None = None  # asset types as text; None is every type
    recordings: bool = False  # whether the first household's recordings are found


class Search:
    """Answers questions over all shelves; rows are numbered from the first shelf to the last."""

    def __init__(
        self, world: World, default_language: str, *, lenient: bool = False, kept: int = 24
    ) -> None:
        shelves = (
            (MEDIA, MEDIA, world.media),
            (EPG, EPG, world.epg),
            (EPG, FILLER, filler(world.epg)),
            (RECORDING, RECORDING, world.recordings),
        )
        self.libraries = tuple(
            Library(kind, name, shelf, default_language, lenient) for kind, name, shelf in shelves
        )
        counts = [library.shelf.count for library in self.libraries]
        self.starts = [sum(counts[:place]) for place in range(len(counts))]
        self.count = sum(counts)
        self._ids = np.concatenate([library.shelf.ids for library in self.libraries])
        self._dice = Dice(world.seed)
        self._kept = kept
        self._answers: OrderedDict[Question, Rows] = OrderedDict()
        self._orders: dict[tuple[str, str], tuple[Rows, Rows]] = {}
        self._lock = threading.RLock()

    def place(self, row: int) -> tuple[int, int]:
        """Return a row's shelf, by its number, and its place on it."""
        shelf = bisect_right(self.starts, row) - 1
        return shelf, row - self.starts[shelf]

    def rows(self, question: Question) -> Rows:
        """Find the rows in order; the last answers are kept, since pages ask the same again."""
        if not _depends_on_now(question):
            question = replace(question, now=0)
        with self._lock:
            answer = self._answers.pop(question, None)
            if answer is None:
                answer = self._sorted(self._mask(question), question)
            self._answers[question] = answer
            while len(self._answers) > self._kept:
                self._answers.popitem(last=False)
        return answer

    def check(self, tree: ksql.Tree | None) -> None:
        """Refuse unknown keys, and operators and values that fit a key on no shelf."""
        for term in ksql.terms(tree):
            asked = [one.column(term.key.lower(), one.default_language) for one in self.libraries]
            known = [column for column in asked if column]
            if not known:
                raise Refusal("InvalidSearchField", field=term.key, position=term.at)
            wrong = [column.why_not(term.operator, term.value) for column in known]
            if all(wrong):
                why = f"{term.key}: {wrong[0]}"
                raise Refusal("BadSearchRequest", why=why, position=term.at)

    def values(self, key: str, language: str) -> Iterator[tuple[list[str], Rows, Codes]]:
        """Return each value that a key has on any shelf, as `Library.values` does."""
        for library, start in zip(self.libraries, self.starts, strict=True):
            for labels, rows, codes in library.values(key, language):
                yield labels, rows + start, codes

    def known(self, name: str) -> str:
        """Return the key that a name means, to group or sort by; an unknown one is refused."""
        key = name.strip().lower()
        if not any(library.column(key, library.default_language) for library in self.libraries):
            raise Refusal("InvalidSearchField", field=name, position=0)
        return key

    def _mask(self, question: Question) -> Mask:
        return np.concatenate([Matcher(one, question).mask() for one in self.libraries])

    def _sorted(self, mask: Mask, question: Question) -> Rows:
        permutation, rank = self._order(question.order, question.language)
        rows = np.flatnonzero(mask)
        if len(rows) * 20 < len(mask):
            return rows[np.argsort(rank[rows])]
        return permutation[mask[permutation]]

    def _order(self, order: str, language: str) -> tuple[Rows, Rows]:
        """Return all rows in order, and each row's place in it; equal ones stand by id."""
        place = (order, language)
        if place not in self._orders:
            keys = self._keys(order, language)
            permutation = np.lexsort((self._ids, -keys if order.endswith("_DESC") else keys))
            rank = np.empty_like(permutation)
            rank[permutation] = np.arange(len(permutation))
            self._orders[place] = (permutation, rank)
        return self._orders[place]

    def _keys(self, order: str, language: str) -> Rows:
        """Return what an order compares: a date, a text, or how popular each asset is.

        An order is one of the API's words, or `key:META_ASC` for a meta.
        """
        key, _, meta = order.partition(":")
        field = key if meta else order.rpartition("_")[0].lower()
        if meta or field == "name":
            return self._by_value(field, language)
        if field in DATES or field == "relevancy":
            number = "update_date" if field == "relevancy" else field
            return np.concatenate([one.shelf.numbers[number] for one in self.libraries])
        count = _POPULARITY[field]
        parts = [count(self._dice, one.kind, one.shelf.ids) for one in self.libraries]
        return np.concatenate(parts)

    def _by_value(self, key: str, language: str) -> Rows:
        """Rank every row by its first value of a key: nothing, then numbers, then texts."""
        places = {"": 0}
        codes = np.zeros(self.count, np.int64)
        for labels, rows, of in reversed(list(self.values(key, language))):
            known = np.array([places.setdefault(label, len(places)) for label in labels], np.int64)
            codes[rows[::-1]] = known[of[::-1]]
        rank = np.empty(len(places), np.int64)
        rank[[places[label] for label in sorted(places, key=_sortable)]] = np.arange(len(places))
        return rank[codes]


def _sortable(label: str) -> tuple[int, float, str]:
    number = measure(label)
    return (1, number, "") if number is not None else (2 if label else 0, 0.0, label.casefold())


class Matcher:
    """Finds the rows of one shelf that a question means."""

    def __init__(self, library: Library, question: Question) -> None:
        self.library = library
        self.question = question
        self.count = library.shelf.count

    def mask(self) -> Mask:
        """Return for every row whether it answers the question."""
        question, library = self.question, self.library
        searched = {
            FILLER: _names(question.tree, "auto_fill"),
            RECORDING: question.recordings,
        }
        mask = np.full(self.count, searched.get(library.name, True))
        if question.types is not None:
            mask &= self.of_types(question.types)
        if not question.sees_all:
            mask &= library.on_offer(question.now)
        if library.kind == EPG and not _says_when(question.tree):
            mask &= self.around_now()
        if question.tree is not None and mask.any():
            mask &= self.tree(question.tree)
        return mask

    def of_types(self, types: frozenset[str]) -> Mask:
        """Find the rows of some types, given as numbers; other text matches no row."""
        numbers = [number for number in map(whole, types) if number is not None]
        return np.asarray(np.isin(self.library.shelf.numbers["asset_type"], numbers), np.bool_)

    def around_now(self) -> Mask:
        """Find the programmes of the window that stands in when no date is given."""
        start = self.library.shelf.numbers["start_date"]
        return np.asarray(abs(start - self.question.now) <= EPG_DAYS * DAY, dtype=np.bool_)

    def tree(self, tree: ksql.Tree) -> Mask:
        """Evaluate a tree; an "and" stops when nothing is left, so the cheap items come first."""
        if isinstance(tree, ksql.Term):
            return self.term(tree)
        if tree.word == "or":
            return np.asarray(np.logical_or.reduce([self.tree(item) for item in tree.items]))
        mask = np.full(self.count, True)
        for item in sorted(tree.items, key=_cost):
            mask &= self.tree(item)
            if not mask.any():
                break
        return mask

    def term(self, term: ksql.Term) -> Mask:
        """Evaluate one comparison; what this shelf cannot have is absent from every row."""
        column = self.library.column(term.key.lower(), self.question.language)
        if column is None or column.why_not(term.operator, term.value):
            return np.full(self.count, term.operator.startswith("!"))
        return column.find(term.operator, term.value, self.question.now)


def _cost(item: ksql.Tree) -> int:
    if isinstance(item, ksql.Group):
        return 2
    key = item.key.lower()
    return 0 if key == "asset_type" else 1 if key in NUMBERS else 3


def _names(tree: ksql.Tree | None, *keys: str) -> bool:
    return any(term.key.lower() in keys for term in ksql.terms(tree))


def _says_when(tree: ksql.Tree | None) -> bool:
    """Return whether a filter picks programmes by date or id, so that no window stands in."""
    return _names(tree, "start_date", "end_date", "epg_id")


def _only_media(tree: ksql.Tree | None) -> bool:
    """Return whether every row that a filter can find is of a media type."""
    if isinstance(tree, ksql.Group):
        join = all if tree.word == "or" else any
        return join(_only_media(item) for item in tree.items)
    return tree is not None and tree.key.lower() == "asset_type" and tree.value not in (EPG, "0")


def _has_offset(tree: ksql.Tree | None) -> bool:
    """Return whether a filter may hold a moment that counts from now."""
    numbers = [measure(part) for term in ksql.terms(tree) for part in term.value.split(",")]
    return any(number is not None and number < OFFSETS_BELOW for number in numbers)


def _depends_on_now(question: Question) -> bool:
    window = not (_says_when(question.tree) or _only_media(question.tree))
    return not question.sees_all or window or _has_offset(question.tree)
