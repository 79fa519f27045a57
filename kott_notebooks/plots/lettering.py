"""Texts that fit, stay distinct when they are cut, and have fonts with all of their letters."""

from __future__ import annotations

import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

LETTER = 0.6  # a letter's usual width, in font sizes
MISSING = "□"  # drawn for a letter that no installed font has
# Fonts that are tried first; any other installed font comes after them
PREFERRED = ("Noto Sans CJK", "Noto Sans", "Noto Emoji", "Symbola", "WenQuanYi", "Droid Sans")
ADVICE = (
    "Some letters are drawn as □, since no installed font has them: install one "
    "(Noto Sans CJK for Chinese, Japanese and Korean; Noto Sans Thai, Noto Sans Devanagari; "
    "Noto Emoji) and start Python again."
)


def width(text: str) -> float:
    """Estimate a text's width in font sizes, without drawing it."""
    return LETTER * sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def short(text: str, letters: int) -> str:
    """Cut a text at its end, to the width of `letters`; Chinese and such take two each."""
    text = " ".join(text.split())
    if width(text) <= letters * LETTER + 1e-9:
        return text
    rooms = np.cumsum([width(one) for one in text])
    fitting = int(np.searchsorted(rooms, (letters - 1) * LETTER + 1e-9, "right"))
    return text[:fitting].rstrip() + "…"


def shortened(texts: Sequence[str], letters: int) -> list[str]:
    """Cut texts in their middle, so that different texts stay different.

    Those that would become equal are cut in the beginning that they share; where even that does
    not tell them apart, they stay whole.
    """
    whole = [" ".join(text.split()) for text in texts]
    cut = {text: _cut_in_the_middle(text, letters) for text in whole}
    for shorten in (_cut_what_is_alike, lambda alike, _: {text: text for text in alike}):
        count = Counter(cut.values())
        groups: dict[str, list[str]] = {}
        for text, label in cut.items():
            if count[label] > 1:
                groups.setdefault(label, []).append(text)
        for alike in groups.values():
            cut |= shorten(alike, letters)
    return [cut[text] for text in whole]


def _cut_in_the_middle(text: str, letters: int) -> str:
    if len(text) <= letters:
        return text
    head = letters // 2
    return f"{text[:head].rstrip()}…{text[head + 1 - letters :].lstrip()}"


def _cut_what_is_alike(texts: list[str], letters: int) -> dict[str, str]:
    """Keep a few first letters, and what follows the part that all begin with."""
    head, alike = letters // 4, 0
    while len({text[: alike + 1] for text in texts}) == 1:
        alike += 1
    since = max(head, alike - head)
    return {text: short(f"{text[:head].rstrip()}…{text[since:]}", letters) for text in texts}


def lettering(texts: Iterable[str]) -> tuple[list[str], dict[str, Any]]:
    """Return texts and the keywords of a matplotlib text that draw all their letters.

    Where the usual font lacks some, installed fonts that have them are added behind it. What no
    font has is drawn as a box, with one warning that says what to install. Controls and other
    characters that nobody sees are left out where the font lacks them.
    """
    texts, usual = list(texts), FontProperties()
    letters, path = frozenset("".join(texts)), findfont(usual)
    known = get_font(path).get_charmap()
    unseen = [ord(one) for one in letters if unicodedata.category(one)[0] == "C"]
    gone = dict.fromkeys(one for one in unseen if one not in known)
    texts = [text.translate(gone) for text in texts] if gone else texts
    lacking = _lacking(letters, path)
    if not lacking:
        return texts, {}
    families, missing = _covering(lacking)
    if missing:
        warnings.warn(ADVICE, stacklevel=4)
        boxes = dict.fromkeys(map(ord, missing), MISSING)
        texts = [text.translate(boxes) for text in texts]
    return texts, {"fontfamily": [*usual.get_family(), *families]} if families else {}


@cache
def _lacking(letters: frozenset[str], path: str) -> frozenset[str]:
    """Return the letters that a font does not have; blanks and marks that join are no letters."""
    known = get_font(path).get_charmap()
    return frozenset(
        one for one in letters if ord(one) not in known and one.isprintable() and not one.isspace()
    )


@cache
def _covering(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Choose installed fonts that have the letters; say which letters none of them has."""
    fonts = sorted(
        (one for one in fontManager.ttflist if one.style == "normal" and "Color" not in one.name),
        key=lambda one: (
            next((n for n, name in enumerate(PREFERRED) if one.name.startswith(name)), 99),
            abs(int(one.weight) - 400) if str(one.weight).isdigit() else 0,
            one.name,
        ),
    )
    families = []
    for font in fonts:
        rest = _lacking(letters, font.fname)
        if rest < letters:
            families.append(font.name)
            letters = rest
        if not letters:
            break
    return families, letters
