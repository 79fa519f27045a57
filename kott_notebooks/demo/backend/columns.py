"""One key of KSQL over all rows of a shelf: what each operator finds in numbers, texts and tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]

NUMBER_OPERATORS = frozenset(("=", ">", ">=", "<", "<=", ":"))
TEXT_OPERATORS = frozenset(("=", "!=", "~", "!~", "^", "^=", "+", "!+"))
SHORTENED = ("~", "!~", "^", "^=")  # whose values count up to 20 characters
SHORT = 20


class Column(Protocol):
    """What a key stands for on one shelf."""

    @property
    def operators(self) -> frozenset[str]:
        """Name the operators that this kind of key takes."""

    def find(self, operator: str, value: Any) -> Mask:
        """Say of every row whether the comparison holds."""


def _compare(values: npt.NDArray[Any], operator: str, wanted: Any) -> Mask:
    compare = {
        "=": np.equal,
        ">": np.greater,
        ">=": np.greater_equal,
        "<": np.less,
        "<=": np.less_equal,
    }[operator]
    return np.asarray(compare(values, wanted), dtype=np.bool_)


@dataclass(frozen=True)
class Numbers:
    """Whole numbers that every row has, such as ids and dates."""

    values: npt.NDArray[np.int64]
    operators = NUMBER_OPERATORS

    def find(self, operator: str, value: Any) -> Mask:
        """Compare with a number; `:` with a list of them."""
        if operator == ":":
            return np.asarray(np.isin(self.values, value), dtype=np.bool_)
        return _compare(self.values, operator, value)


@dataclass(frozen=True)
class Measures:
    """Numbers that some rows have (NaN where not), such as a year."""

    values: npt.NDArray[np.float64]
    operators = NUMBER_OPERATORS | {"+", "!+"}

    def find(self, operator: str, value: Any) -> Mask:
        """Compare with a number; a row without one satisfies nothing but `!+`."""
        if operator in ("+", "!+"):
            absent = np.isnan(self.values)
            return absent if operator == "!+" else ~absent
        if operator == ":":
            return np.asarray(np.isin(self.values, value), dtype=np.bool_)
        return _compare(self.values, operator, value)


def _matcher(operator: str, needle: str) -> Callable[[str], bool]:
    """Give the test of one folded text, for an operator without its "not"."""
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
    test = _matcher(operator.removeprefix("!") or "=", needle.casefold())
    return np.fromiter(map(test, vocabulary), dtype=np.bool_, count=len(vocabulary))


@dataclass(frozen=True)
class Texts:
    """One text a row: each different text once, folded, and every row's number of its own."""

    folded: list[str]
    codes: Codes
    operators = TEXT_OPERATORS

    def find(self, operator: str, value: Any) -> Mask:
        """Match without regard to case; a row without text satisfies the operators that deny."""
        found: Mask = _hits(self.folded, operator, value)[self.codes]
        return ~found if operator.startswith("!") else found


@dataclass(frozen=True)
class Tags:
    """Any number of texts a row: row r has those numbered `codes[offsets[r]:offsets[r + 1]]`."""

    folded: list[str]
    offsets: npt.NDArray[np.int64]
    codes: Codes
    operators = TEXT_OPERATORS

    @cached_property
    def _rows(self) -> npt.NDArray[np.int64]:
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def find(self, operator: str, value: Any) -> Mask:
        """Match if one of a row's texts does; deny if none does."""
        found = np.zeros(len(self.offsets) - 1, dtype=np.bool_)
        found[self._rows[_hits(self.folded, operator, value)[self.codes]]] = True
        return ~found if operator.startswith("!") else found


@dataclass(frozen=True)
class Both:
    """A meta and a tag of one name: either may match, and a denial holds for both."""

    columns: tuple[Column, ...]

    @property
    def operators(self) -> frozenset[str]:
        """Name what any of them takes."""
        return frozenset().union(*(column.operators for column in self.columns))

    def find(self, operator: str, value: Any) -> Mask:
        """Ask those that take the operator."""
        masks = [one.find(operator, value) for one in self.columns if operator in one.operators]
        join = np.logical_and if operator.startswith("!") else np.logical_or
        return np.asarray(join.reduce(masks), dtype=np.bool_)


def texts(vocabulary: Iterable[object], codes: Codes) -> Texts:
    """Make a column of texts, of each different one and every row's place in it (-1: none)."""
    return Texts([*(folded(value) for value in vocabulary), ""], codes)


def measures(vocabulary: Iterable[object], codes: Codes) -> Measures:
    """Make a column of numbers; what is none counts as absent."""
    return Measures(np.array([*map(_measure, vocabulary), np.nan], np.float64)[codes])


def tags(vocabulary: Iterable[object], offsets: npt.NDArray[np.int64], codes: Codes) -> Tags:
    """Make a column of any number of texts a row."""
    return Tags([folded(value) for value in vocabulary], offsets, codes)


def folded(value: object) -> str:
    """Make the text of a value that comparisons use, case aside."""
    return shown(value).casefold()


def shown(value: object) -> str:
    """Make the text of a value."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _measure(value: object) -> float:
    try:
        return float(str(value))
    except (TypeError, ValueError):
        return float("nan")
