"""The rules of names and descriptions: there, readable, and saying something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.view import Found, Mask, View

_HIDDEN = "\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # zero width, and directions
_CONTROL = f"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]|^[{_HIDDEN}]|[{_HIDDEN}]$"
_TAGS = (
    "a|abbr|b|big|blockquote|body|br|center|code|dd|div|dl|dt|em|font|h[1-6]|head|hr|html|i|img|"
    "li|ol|p|pre|s|script|small|span|strike|strong|style|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul"
)
_MARKUP = rf"(?i)</?(?:{_TAGS})(?:\s[^<>]*)?/?>|&(?:#\d+|#x[0-9a-f]+|[a-z]{{2,}}\d*);"

_STATED = ("text.placeholder",)  # by the texts that were found; of others KSQL sees too little


def find(view: View) -> Iterator[Found]:
    """Find what is wrong with names and descriptions."""
    limits = view.rules.thresholds
    longest = {"name": limits.name_characters, "description": limits.description_characters}
    for field, characters in longest.items():
        text = view.text(field)
        if texts.blank(text).all():
            continue
        absent = np.flatnonzero(texts.blank(text))
        ksql = view.ksql(view.absent(field, absent))
        yield Found(f"text.missing_{field}", absent, field, f"It has no {field}.", ksql)
        checks = {
            "text.placeholder": texts.placeholder(text),
            "text.mojibake": texts.mojibake(text),
            "text.control": _matches(text, _CONTROL),
            "text.markup": _matches(text, _MARKUP),
            "text.shouting": shouting(text, limits.shouting_letters),
            "text.too_long": texts.too_long(text, characters),
        }
        for rule, mask in checks.items():
            rows = np.flatnonzero(mask)
            stated = view.any_of(field, text.iloc[rows], text) if rule in _STATED else ""
            yield Found(rule, rows, field, _shown(field, text.iloc[rows]), stated)
    same = np.flatnonzero(texts.same(view.text("name"), view.text("description")))
    yield Found("text.description_is_name", same, "description", "Its description is its name.")


def shouting(text: pd.Series[Any], letters: int) -> Mask:
    """Find texts of more letters than so many, all of them capitals."""
    given = text.astype("str").fillna("")
    rows = np.flatnonzero(given.str.isupper())
    found = np.zeros(len(text), bool)
    found[rows] = [_shouts(one, letters) for one in given.iloc[rows]]
    return found


def _shouts(text: str, letters: int) -> bool:
    own = [letter for letter in text if letter.isalpha()]
    return len(own) > letters and all(map(str.isupper, own))


def _matches(text: pd.Series[Any], pattern: str) -> Mask:
    return text.astype("str").str.contains(pattern, regex=True, na=False).to_numpy(bool)


def _shown(field: str, text: pd.Series[Any]) -> Any:
    return np.array([f"Its {field} is {str(one)[:60]!r}." for one in text], dtype=object)
