"""One key of KSQL over all rows of a shelf: its operators, and the rows that each one matches."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

DAY = 86_400
OFFSETS_BELOW = 10 * 365 * DAY  # a smaller number is seconds from now, not a date in the seventies
EXISTS, MISSING = "+", "!+"
IN = ":"
SHORTENED = ("~", "!~", "^", "^=")  # of whose values 20 characters count
SHORT = 20
_WHOLE = re.compile(r"\s*-?[0-9]{1,18}\s*")
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
_TEXT_OPERATORS = ("=", "!=", *SHORTENED, EXISTS, MISSING)


class Column(Protocol):
    """The values of a key on one shelf."""

    def why_not(self, operator: str, value: str) -> str:
        """Return why an operator or its value does not fit; empty where it does."""

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Return for every row whether a comparison that fits holds."""


def _unknown(operator: str, taken: Iterable[str]) -> str:
    return "" if operator in taken else f"[{operator}] is not one of {' '.join(taken)}"


def _compare(values: npt.NDArray[Any], operator: str, wanted: Any) -> Mask:
    return np.asarray(_COMPARISONS[operator](values, wanted), dtype=np.bool_)


def _whole_numbers(value: str) -> str:
    wrong = [part for part in value.split(",") if not _WHOLE.fullmatch(part)]
    return f"[{wrong[0]}] is not a whole number" if wrong else ""


@dataclass(frozen=True)
class Numbers:
    """Whole numbers that every row has: ids, or moments, of which small ones count from now."""

    values: Rows
    moments: bool = False

    def why_not(self, operator: str, value: str) -> str:
        """Take comparisons with a whole number, and `:` with a comma list of them."""
        if operator != IN and "," in value:
            return f"[{value}] is not a whole number"
        return _unknown(operator, (*_COMPARISONS, IN)) or _whole_numbers(value)

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Compare every row's number."""
        wanted = [int(part) for part in value.split(",")]
        if self.moments:
            wanted = [now + one if one < OFFSETS_BELOW else one for one in wanted]
        if operator == IN:
            return np.asarray(np.isin(self.values, wanted), dtype=np.bool_)
        return _compare(self.values, operator, wanted[0])


@dataclass(frozen=True)
class Measures:
    """Numbers that some rows have (NaN where not), such as a year."""

    values: npt.NDArray[np.float64]
    moments: bool = False

    def why_not(self, operator: str, value: str) -> str:
        """Take comparisons with a number, `:` with a comma list of whole ones, and existence."""
        if operator in (EXISTS, MISSING):
            return _not_empty(operator, value)
        if operator == IN:
            return _whole_numbers(value)
        wrong = "" if measure(value) is not None else f"[{value}] is not a number"
        return _unknown(operator, (*_COMPARISONS, IN, EXISTS, MISSING)) or wrong

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Compare every row's number; a row without one matches `!+` only."""
        if operator in (EXISTS, MISSING):
            absent: Mask = np.isnan(self.values)
            return absent if operator == MISSING else ~absent
        wanted = [float(part) for part in value.split(",")]
        if self.moments:
            wanted = [now + one if one < OFFSETS_BELOW else one for one in wanted]
        if operator == IN:
            return np.asarray(np.isin(self.values, wanted), dtype=np.bool_)
        return _compare(self.values, operator, wanted[0])


def _not_empty(operator: str, value: str) -> str:
    return f"[{operator}] takes an empty value" if value else ""


def _text_why_not(operator: str, value: str) -> str:
    if operator in (EXISTS, MISSING):
        return _not_empty(operator, value)
    if operator in SHORTENED and not value:
        return f"[{operator}] needs a value"
    return _unknown(operator, _TEXT_OPERATORS)


def _matcher(operator: str, needle: str) -> Callable[[str], bool]:
    """Return the test of one folded text, for an operator without its "not"."""
    if operator == "=":
        return lambda text: text == needle
    if operator == "~":
        return lambda text: needle in text
    if operator == "^=":
        return lambda text: text.startswith(needle)
    if operator == "^":
        start = re.compile(rf"(?<!\w){re.escape(needle)}")
        return lambda text: needle in text and bool(start.search(text))
    return bool


def _hits(vocabulary: Sequence[str], operator: str, value: str) -> Mask:
    needle = value[:SHORT] if operator in SHORTENED else value
    test = _matcher(operator.removeprefix("!"), needle.casefold())
    return np.fromiter(map(test, vocabulary), dtype=np.bool_, count=len(vocabulary))


@dataclass(frozen=True)
class Texts:
    """One text per row: each different text once, folded, and every row's index among them."""

    folded: list[str]
    codes: Codes

    def why_not(self, operator: str, value: str) -> str:
        """Take equality, parts and existence."""
        return _text_why_not(operator, value)

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Match without case; a row without text matches the negated operators."""
        hits: Mask = _hits(self.folded, operator, value)[self.codes]
        return ~hits if operator.startswith("!") else hits


@dataclass(frozen=True)
class Tags:
    """Any number of texts per row: row r has those at `codes[offsets[r]:offsets[r + 1]]`."""

    folded: list[str]
    offsets: Rows
    codes: Codes

    @cached_property
    def _rows(self) -> Rows:
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def why_not(self, operator: str, value: str) -> str:
        """Take equality, parts and existence."""
        return _text_why_not(operator, value)

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Match if one of a row's texts does; a negation matches if none does."""
        hits = np.zeros(len(self.offsets) - 1, dtype=np.bool_)
        hits[self._rows[_hits(self.folded, operator, value)[self.codes]]] = True
        return ~hits if operator.startswith("!") else hits


@dataclass(frozen=True)
class Choices:
    """A key that is not a field: it takes `=` and one of a few values, each with its own rows."""

    masks: Mapping[str, Callable[[], Mask]]

    def why_not(self, operator: str, value: str) -> str:
        """Take `=` and the values that there are."""
        wrong = "" if value.lower() in self.masks else f"[{value}] is not one of its values"
        return _unknown(operator, ("=",)) or wrong

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Return the rows of a value."""
        return self.masks[value.lower()]()


@dataclass(frozen=True)
class Types:
    """`asset_type`: a kind of asset by its name, or the number of an asset struct."""

    kind: str
    numbers: Rows

    def why_not(self, operator: str, value: str) -> str:
        """Take `=` and a kind or a number."""
        known = value.lower() in ("media", "epg", "recording") or _WHOLE.fullmatch(value)
        wrong = "" if known else f"[{value}] is neither media, epg, recording nor a number"
        return _unknown(operator, ("=",)) or wrong

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Return the rows of a type."""
        if _WHOLE.fullmatch(value):
            return _compare(self.numbers, "=", int(value))
        return np.full(len(self.numbers), value.lower() == self.kind)


@dataclass(frozen=True)
class Both:
    """A meta and a tag of one name: either may match, and a negation holds for both."""

    columns: tuple[Column, ...]

    def why_not(self, operator: str, value: str) -> str:
        """Accept what any of them accepts."""
        wrong = [column.why_not(operator, value) for column in self.columns]
        return wrong[0] if all(wrong) else ""

    def find(self, operator: str, value: str, now: int) -> Mask:
        """Use those that accept it."""
        fit = [column for column in self.columns if not column.why_not(operator, value)]
        masks = [column.find(operator, value, now) for column in fit]
        join = np.logical_and if operator.startswith("!") else np.logical_or
        return np.asarray(join.reduce(masks), dtype=np.bool_)


def texts(vocabulary: Iterable[object], codes: Codes) -> Texts:
    """Make a column of texts, of each different one and every row's index (-1: none)."""
    return Texts([*(shown(value).casefold() for value in vocabulary), ""], codes)


def measures(vocabulary: Iterable[object], codes: Codes, *, moments: bool) -> Measures:
    """Make a column of numbers; text counts as absent."""
    known = [np.nan if isinstance(value, str) else value for value in vocabulary]
    return Measures(np.array([*known, np.nan], np.float64)[codes], moments)


def tags(vocabulary: Iterable[object], offsets: Rows, codes: Codes) -> Tags:
    """Make a column of any number of texts per row."""
    return Tags([shown(value).casefold() for value in vocabulary], offsets, codes)


def shown(value: object) -> str:
    """Make the text of a value."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def measure(value: str) -> float | None:
    """Read a finite number; anything else gives None."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
