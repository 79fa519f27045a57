"""The rules of names and descriptions: there, readable, and saying something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.view import Found, View

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
        other = "name" if field == "description" else "description"
        checks = {
            "text.placeholder": texts.placeholder(text, view.text(other)),
            "text.mojibake": texts.mojibake(text),
            "text.control": texts.control(text),
            "text.markup": texts.markup(text),
            "text.shouting": texts.shouting(text, limits.shouting_letters),
            "text.too_long": texts.too_long(text, characters),
        }
        for rule, mask in checks.items():
            rows = np.flatnonzero(mask)
            stated = view.any_of(field, text.iloc[rows], text) if rule in _STATED else ""
            yield Found(rule, rows, field, _shown(field, text.iloc[rows]), stated)
    same = np.flatnonzero(texts.same(view.text("name"), view.text("description")))
    yield Found("text.description_is_name", same, "description", "Its description is its name.")


def _shown(field: str, text: pd.Series[Any]) -> Any:
    return np.array([f"Its {field} is {str(one)[:60]!r}." for one in text], dtype=object)
