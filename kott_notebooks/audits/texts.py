"""What is wrong with a text, told from the text alone; for names and descriptions of any table.

Each check takes a column of texts and gives a numpy mask, True where it finds something; an absent
text is blank, and nothing else. All are regular expressions of RE2, run by Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Mask: TypeAlias = npt.NDArray[np.bool_]

PLACEHOLDERS = (
    "TBA", "TBC", "TBD", "to be announced", "to be confirmed", "no information",
    "no information available", "lorem ipsum", "test", "xxx", "n/a",
)  # fmt: skip
_RUN = 3  # letters or digits that make a run: "xxx", not "MM"
_SHORT = 60  # characters: no stand-in but a run or "Lorem ipsum ..." is longer
_LOREM = r"^[^\p{L}]*lorem[^\p{L}]+ipsum"
_MARK = r"[^\s\p{Z}\p{L}\p{M}\p{N}]"
_BLANKS = r"[\s\p{Z}]+"

# Bytes of UTF-8 read one by one, as Latin-1 or Windows-1252 has them. What is a mark in its own
# right may follow a capital by right: "AMANHÃ…".
_MARKS = "\u00a0\u00ab\u00bb\u00b7\u2013\u2014\u2018-\u201a\u201c-\u201e\u2022\u2026\u2039\u203a"
_BYTES = "\u0080-\u009f\u00a1-\u00aa\u00ac-\u00b6\u00b8-\u00ba\u00bc-\u00bf" + (
    "\u20ac\u0192\u2020\u2021\u02c6\u2030\u0160\u0152\u017d\u02dc\u2122\u0161\u0153\u017e\u0178"
)
_MOJIBAKE = "|".join(
    (
        "\ufffd",
        f"[\u00c2\u00c3][{_BYTES}]",
        f"(?:^|\\P{{Lu}})[\u00c2\u00c3][{_MARKS}]",
        f"\u00e2[\u0080\u20ac][{_BYTES}{_MARKS}]",  # quotes and dashes
        "\u00ef\u00bb\u00bf",  # a byte order mark
        "\u00f0\u0178",  # a picture
        f"(?:[\u00ce-\u00d1\u00d7-\u00d9][{_BYTES}{_MARKS}]){{2}}",  # Greek, Cyrillic, Hebrew ...
    )
)


def blank(texts: pd.Series[Any]) -> Mask:
    """Find texts that are absent, empty or nothing but blanks."""
    return ~_mask(pc.match_substring_regex(_arrow(texts), r"[^\s\p{Z}]"))


def placeholder(texts: pd.Series[Any], words: Iterable[str] = PLACEHOLDERS) -> Mask:
    """Find stand-ins for a text: one of `words`, a run of one character, "Lorem ipsum ...".

    Case, punctuation and blanks aside. Three letters or digits make a run, one mark does.
    """
    codes, values = pd.factorize(texts)  # names come back: a million programmes share a few
    text = _arrow(pd.Series(values, dtype="str"))
    found = _mask(pc.match_substring_regex(text, _LOREM, ignore_case=True)) | _run(text)
    short = np.flatnonzero(_mask(pc.less_equal(pc.utf8_length(text), _SHORT)))
    letters = _letters(text.take(pa.array(short)))
    known = pc.is_in(letters, _letters(pa.array(list(words), pa.string())))
    spaced = _run(pc.replace_substring_regex(text.take(pa.array(short)), _BLANKS, ""))
    found[short] |= (_mask(known) & _mask(pc.not_equal(letters, ""))) | spaced
    return np.append(found, False)[codes]


def mojibake(texts: pd.Series[Any]) -> Mask:
    """Find texts that were decoded wrongly: "Ã©", "â€™", U+FFFD, the same of other alphabets."""
    return _mask(pc.match_substring_regex(_arrow(texts), _MOJIBAKE))


def too_long(texts: pd.Series[Any], characters: int) -> Mask:
    """Find texts of more than so many characters."""
    return _mask(pc.greater(pc.utf8_length(_arrow(texts)), characters))


def same(one: pd.Series[Any], other: pd.Series[Any]) -> Mask:
    """Find rows where two texts are one, case and blanks aside; blank ones are not."""
    sides = [pc.utf8_trim_whitespace(_arrow(texts)) for texts in (one, other)]
    alike = _same_letter(sides, 0) & _same_letter(sides, -1)
    rows = np.flatnonzero(alike)  # few: folding all would take seconds
    first, second = (_folded(side.take(pa.array(rows))) for side in sides)
    alike[rows] = _mask(pc.and_(pc.equal(first, second), pc.not_equal(first, "")))
    return alike


def _same_letter(sides: list[Any], at: int) -> Mask:
    letters = (pc.utf8_slice_codeunits(side, at, at + 1 or None) for side in sides)
    return _mask(pc.equal(*(pc.utf8_lower(letter) for letter in letters)))


def _arrow(texts: pd.Series[Any]) -> Any:
    return pa.array(texts.astype("str").array, pa.string())


def _letters(text: Any) -> Any:
    """Leave the letters and digits of a text, in lower case."""
    return pc.replace_substring_regex(pc.utf8_lower(text), r"[^\p{L}\p{M}\p{N}]+", "")


def _folded(text: Any) -> Any:
    return pc.replace_substring_regex(pc.utf8_lower(text), _BLANKS, " ")


def _run(text: Any) -> Mask:
    """Find texts of one character, many times: of a mark, once will do."""
    alike = pc.equal(pc.utf8_slice_codeunits(text, 1), pc.utf8_slice_codeunits(text, 0, -1))
    size = pc.utf8_length(text)
    mark = pc.match_substring_regex(pc.utf8_slice_codeunits(text, 0, 1), _MARK)
    return _mask(pc.and_(alike, pc.or_(pc.greater_equal(size, _RUN), mark)))


def _mask(found: Any) -> Mask:
    """Take an absent answer for a no."""
    return np.asarray(pc.fill_null(found, False), dtype=bool)
