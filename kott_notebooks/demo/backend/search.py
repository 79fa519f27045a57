"""Which rows of the catalogue a filter means, and in which order: KSQL over columns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from kott_notebooks.demo.backend import columns, ksql
from kott_notebooks.demo.backend.columns import Codes, Column, Mask
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.catalogue import Shelf, World

Rows = npt.NDArray[np.int64]

DAY = 86_400
OFFSETS_BELOW = 10 * 365 * DAY  # a smaller number is seconds from now, not a date of the seventies
EPG_DAYS = 3  # programmes this many days around now answer a search that names no date
DATES = frozenset(("start_date", "end_date", "create_date", "update_date"))
NUMBERS = DATES | {"media_id", "epg_id", "linear_media_id", "epg_channel_id"}
TEXTS = ("name", "description", "externalid")
SWITCHES = ("geo_block", "parental_rules", "user_interests", "auto_fill")
ENTITLEMENT = ("free", "entitled", "not_entitled", "both")
EPG_TYPE, RECORDING_TYPE = "0", "1"
MEDIA, EPG = "media", "epg"


@dataclass(frozen=True)
class Question:
    """One search: what is asked, how it is sorted, in which language, and by whom."""

    tree: ksql.Tree | None
    order: str
    language: str
    now: int
    sees_all: bool  # whether inactive, expired and not yet started media are found
    types: frozenset[str] | None = None  # asset types as text; None is every type


class Library:
    """One shelf as KSQL sees it: a column for each key, made when it is first asked for."""

    def __init__(self, name: str, shelf: Shelf, default_language: str) -> None:
        self.name = name
        self.shelf = shelf
        self.default_language = default_language
        self._columns: dict[tuple[str, str], Column | None] = {}
        self._metas = _by_key(shelf.metas)
        self._tags = _by_key(shelf.tags)

    def knows(self, key: str) -> bool:
        """Say whether rows of this shelf can have such a key."""
        return key in TEXTS or key in self._metas or key in self._tags or self._is_number(key)

    def _is_number(self, key: str) -> bool:
        return key in NUMBERS and key in self.shelf.numbers

    def is_date(self, key: str) -> bool:
        """Say whether small numbers of a key count from now."""
        metas = self._metas.get(key, ())
        return key in DATES or any(self.shelf.metas[name].kind == "date" for name in metas)

    def column(self, key: str, language: str) -> Column | None:
        """Give a key's column; a key that rows of this shelf never have gives None."""
        place = (key, language)
        if place not in self._columns:
            self._columns[place] = self._column(key, language)
        return self._columns[place]

    def _column(self, key: str, language: str) -> Column | None:
        if self._is_number(key):
            return columns.Numbers(self.shelf.numbers[key])
        if key in TEXTS:
            return columns.texts(*self.text(key, language))
        found = [self._meta(name, language) for name in self._metas.get(key, ())]
        found += [self._tag(name, language) for name in self._tags.get(key, ())]
        return columns.Both(tuple(found)) if len(found) > 1 else next(iter(found), None)

    def text(self, key: str, language: str) -> tuple[list[str], Codes]:
        """Give the texts that occur, as they are shown, and each row's place among them."""
        text = self.shelf.texts[key]
        return self._shown(text, language), text.codes

    def _shown(self, column: Any, language: str) -> list[Any]:
        """List a vocabulary; the default language stands in where another has no text."""
        values = column.vocabulary(language)
        usual = column.vocabulary(self.default_language)
        return [other if value == "" else value for value, other in zip(values, usual, strict=True)]

    def _meta(self, name: str, language: str) -> Column:
        meta = self.shelf.metas[name]
        make = columns.measures if meta.kind in ("number", "date") else columns.texts
        return make(self._shown(meta, language), meta.codes)

    def _tag(self, name: str, language: str) -> Column:
        tag = self.shelf.tags[name]
        return columns.tags(self._shown(tag, language), tag.offsets, tag.codes)

    def values(self, key: str, language: str) -> Iterator[tuple[list[str], Rows, Codes]]:
        """Give the labels that a key has, and in pairs a row and the place of its label."""
        every = np.arange(self.shelf.count)
        if self._is_number(key) or (key == "asset_type" and self.name == MEDIA):
            numbers, codes = np.unique(self.shelf.numbers[key], return_inverse=True)
            yield [str(number) for number in numbers], every, codes.astype(np.int32)
        elif key == "asset_type":
            yield [EPG_TYPE], every, np.zeros(self.shelf.count, np.int32)
        elif key in TEXTS:
            yield _having(every, *self.text(key, language))
        for name in self._metas.get(key, ()):
            meta = self.shelf.metas[name]
            yield _having(every, self._shown(meta, language), meta.codes)
        for name in self._tags.get(key, ()):
            tag = self.shelf.tags[name]
            yield self._shown(tag, language), np.repeat(every, np.diff(tag.offsets)), tag.codes

    def asset_type(self, wanted: str) -> Mask:
        """Find the rows of one type: a struct's number, `media`, `epg`, 0 or 1."""
        if self.name == EPG:
            return np.full(self.shelf.count, wanted in (EPG, EPG_TYPE))
        if wanted == MEDIA:
            return np.full(self.shelf.count, True)
        number = (
            int(wanted) if wanted.isdigit() and wanted not in (EPG_TYPE, RECORDING_TYPE) else -1
        )
        return np.asarray(self.shelf.numbers["asset_type"] == number, dtype=np.bool_)

    def on_offer(self, now: int) -> Mask:
        """Find the rows that everybody may see: of media those active and within their window."""
        if self.name == EPG:
            return np.full(self.shelf.count, True)
        of = self.shelf.numbers
        seen = (of["status"] == 1) & (of["start_date"] <= now) & (of["end_date"] > now)
        return np.asarray(seen, dtype=np.bool_)


def _having(rows: Rows, labels: list[Any], codes: Codes) -> tuple[list[str], Rows, Codes]:
    """Leave out the rows that have no value."""
    has = codes >= 0
    return [columns.shown(label) for label in labels], rows[has], codes[has]


def _by_key(named: Any) -> dict[str, list[str]]:
    """Group the partner's names by how KSQL writes them: any case, no blanks at the ends."""
    keys: dict[str, list[str]] = {}
    for name in named:
        keys.setdefault(name.strip().lower(), []).append(name)
    return keys


class Search:
    """Answers questions over both shelves; rows are numbered through, media first."""

    def __init__(self, world: World, default_language: str, *, kept: int = 24) -> None:
        self.libraries = (
            Library(MEDIA, world.media, default_language),
            Library(EPG, world.epg, default_language),
        )
        self.epg_from = world.media.count
        self.count = world.media.count + world.epg.count
        self._kept = kept
        self._found: OrderedDict[Question, Rows] = OrderedDict()
        self._orders: dict[tuple[str, str], tuple[Rows, Rows]] = {}
        self._lock = threading.RLock()

    def rows(self, question: Question) -> Rows:
        """Find the rows in order; the last answers are kept, since pages ask the same again."""
        if not _depends_on_now(question):
            question = replace(question, now=0)
        with self._lock:
            found = self._found.pop(question, None)
            if found is None:
                found = self._sorted(self._mask(question), question)
            self._found[question] = found
            while len(self._found) > self._kept:
                self._found.popitem(last=False)
        return found

    def check(self, tree: ksql.Tree | None) -> None:
        """Refuse unknown keys, operators that a key does not take, and values that are none."""
        for term in ksql.terms(tree):
            Check(self.libraries, term).all()

    def values(self, key: str, language: str) -> Iterator[tuple[list[str], Rows, Codes]]:
        """Give each value that a key has on either shelf; an unknown key is refused."""
        if key != "asset_type" and not any(library.knows(key) for library in self.libraries):
            raise Refusal("InvalidSearchField", field=key, position=0)
        for library, start in zip(self.libraries, (0, self.epg_from), strict=True):
            for labels, rows, codes in library.values(key, language):
                yield labels, rows + start, codes

    def order_by(self, name: str, direction: str) -> str:
        """Name the order by a meta or a tag, for a question."""
        key = name.strip().lower()
        if not any(library.knows(key) for library in self.libraries):
            raise Refusal("InvalidSearchField", field=name, position=0)
        return f"{key}:{direction}"

    def _mask(self, question: Question) -> Mask:
        return np.concatenate([Matcher(one, question).mask() for one in self.libraries])

    def _sorted(self, mask: Mask, question: Question) -> Rows:
        permutation, rank = self._order(question.order, question.language)
        rows = np.flatnonzero(mask)
        if len(rows) * 20 < len(mask):
            return rows[np.argsort(rank[rows])]
        return permutation[mask[permutation]]

    def _order(self, order: str, language: str) -> tuple[Rows, Rows]:
        """Give all rows in order, and each row's place in it; equal ones stand by id."""
        place = (order, language)
        if place not in self._orders:
            keys = self._keys(order, language)
            if order.endswith("_DESC"):
                keys = -keys
            permutation = np.lexsort((self._ids, keys))
            rank = np.empty_like(permutation)
            rank[permutation] = np.arange(len(permutation))
            self._orders[place] = (permutation, rank)
        return self._orders[place]

    @cached_property
    def _ids(self) -> Rows:
        return np.concatenate([one.shelf.ids for one in self.libraries])

    def _keys(self, order: str, language: str) -> Rows:
        """Give what an order compares; counts that the demo does not have come from the ids."""
        if ":" in order:
            return self._by_value(order.partition(":")[0], language)
        field = order.rpartition("_")[0].lower()
        if field == "name":
            return self._by_value(field, language)
        if field in DATES or field == "relevancy":
            number = "update_date" if field == "relevancy" else field
            return np.concatenate([one.shelf.numbers[number] for one in self.libraries])
        return (self._ids * 2_654_435_761 + sum(field.encode()) * 40_503) % 99_991

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


class Check:
    """Whether one term makes sense to any shelf."""

    def __init__(self, libraries: Sequence[Library], term: ksql.Term) -> None:
        self.libraries = libraries
        self.term = term
        self.key = term.key.lower()

    def fail(self, why: str) -> Refusal:
        """Say what is wrong with the term, and where it stands."""
        return Refusal("BadSearchRequest", why=why, position=self.term.at)

    def all(self) -> None:
        """Refuse the term unless its key is known and its operator and value fit the key."""
        if self.key in ("asset_type", "entitled_assets", *SWITCHES):
            self.reserved()
            return
        if not any(library.knows(self.key) for library in self.libraries):
            raise Refusal("InvalidSearchField", field=self.term.key, position=self.term.at)
        operators = self.operators()
        if self.term.operator not in operators:
            raise self.fail(f"[{self.term.key}] does not take [{self.term.operator}]")
        self.value(is_text="~" in operators)

    def operators(self) -> frozenset[str]:
        """Name the operators that the key takes on any shelf."""
        found: frozenset[str] = frozenset()
        for library in self.libraries:
            column = library.column(self.key, library.default_language)
            found |= column.operators if column else frozenset()
        return found

    def value(self, *, is_text: bool) -> None:
        """Refuse a value that its operator cannot compare with."""
        operator, value = self.term.operator, self.term.value
        if operator in ("+", "!+"):
            if value:
                raise self.fail(f"[{operator}] takes an empty value")
        elif operator == ":":
            integers(value, self)
        elif operator in (">", ">=", "<", "<=") or not is_text:
            if self.key in NUMBERS:
                integer(value, self)
            elif measure(value) is None:
                raise self.fail(f"[{value}] is not a number")
        elif operator in columns.SHORTENED and not value:
            raise self.fail(f"[{operator}] needs a value")

    def reserved(self) -> None:
        """Check the keys that are not fields: a type, an entitlement, a switch."""
        operator, value = self.term.operator, self.term.value.lower()
        if operator != "=":
            raise self.fail(f"[{self.term.key}] takes only [=]")
        if self.key == "asset_type":
            fits = value in (MEDIA, EPG, "recording") or (value.isascii() and value.isdigit())
        elif self.key == "entitled_assets":
            fits = value in ENTITLEMENT
        else:
            fits = value == "true"
        if not fits:
            raise self.fail(f"[{self.term.key}] cannot be [{self.term.value}]")


def integer(value: str, check: Check) -> int:
    """Read a whole number as KSQL takes one."""
    text = value.strip()
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise check.fail(f"[{value}] is not a whole number")
    return int(text)


def integers(value: str, check: Check) -> list[int]:
    """Read a comma list of whole numbers."""
    return [integer(part, check) for part in value.split(",")]


def measure(value: str) -> float | None:
    """Read a finite number; anything else gives None."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


class Matcher:
    """Finds the rows of one shelf that a question means."""

    def __init__(self, library: Library, question: Question) -> None:
        self.library = library
        self.question = question
        self.count = library.shelf.count

    def mask(self) -> Mask:
        """Say of every row whether it answers the question."""
        question = self.question
        mask = np.full(self.count, True)
        if question.types is not None:
            kinds = [self.library.asset_type(kind) for kind in sorted(question.types)]
            mask &= np.logical_or.reduce(kinds)
        if not question.sees_all:
            mask &= self.library.on_offer(question.now)
        if self.library.name == EPG and not _says_when(question.tree):
            mask &= self.around_now()
        if question.tree is not None and mask.any():
            mask &= self.tree(question.tree)
        return mask

    def around_now(self) -> Mask:
        """Find the programmes of the window that stands in when no date is given."""
        start = self.library.shelf.numbers["start_date"]
        now = self.question.now
        return np.asarray(abs(start - now) <= EPG_DAYS * DAY, dtype=np.bool_)

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
        """Evaluate one comparison; a key that this shelf does not have is absent from every row."""
        key = term.key.lower()
        if key == "asset_type":
            return self.library.asset_type(term.value.lower())
        if key == "entitled_assets":
            return self.entitled(term.value.lower())
        if key in SWITCHES:
            return np.full(self.count, True)
        column = self.library.column(key, self.question.language)
        if column is None or term.operator not in column.operators:
            return np.full(self.count, term.operator.startswith("!"))
        wanted = self.wanted(term, is_text="~" in column.operators)
        if wanted is None:  # text where this shelf has numbers
            return np.full(self.count, term.operator.startswith("!"))
        return column.find(term.operator, wanted)

    def entitled(self, value: str) -> Mask:
        """Find what may be watched: programmes are free, media as the partner's offers say."""
        return np.full(self.count, value in ("free", "both"))

    def wanted(self, term: ksql.Term, *, is_text: bool) -> Any:
        """Give the value to compare with: a text, a number, a list of them, a moment."""
        if is_text or term.operator in ("+", "!+"):
            return term.value
        if term.operator == ":":
            return [int(part) for part in term.value.split(",")]
        key = term.key.lower()
        number = int(term.value) if key in NUMBERS else measure(term.value)
        if number is not None and self.library.is_date(key) and number < OFFSETS_BELOW:
            return self.question.now + number
        return number


def _cost(item: ksql.Tree) -> int:
    if isinstance(item, ksql.Group):
        return 2
    key = item.key.lower()
    return 0 if key == "asset_type" else 1 if key in NUMBERS else 3


def _says_when(tree: ksql.Tree | None) -> bool:
    """Say whether a filter picks programmes by date or id, so that no window stands in."""
    return any(
        term.key.lower() in ("start_date", "end_date", "epg_id") for term in ksql.terms(tree)
    )


def _only_media(tree: ksql.Tree | None) -> bool:
    """Say whether every row that a filter can find is of a media type."""
    if isinstance(tree, ksql.Group):
        join = all if tree.word == "or" else any
        return join(_only_media(item) for item in tree.items)
    return tree is not None and tree.key.lower() == "asset_type" and tree.value not in (EPG, "0")


def _has_offset(tree: ksql.Tree | None) -> bool:
    """Say whether a filter may hold a moment that counts from now."""
    compared = [
        term.value for term in ksql.terms(tree) if term.operator in columns.NUMBER_OPERATORS
    ]
    return any((measure(value) or OFFSETS_BELOW) < OFFSETS_BELOW for value in compared)


def _depends_on_now(question: Question) -> bool:
    tree = question.tree
    window = not (_says_when(tree) or _only_media(tree))
    return not question.sees_all or window or _has_offset(tree)
