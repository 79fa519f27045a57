"""Names as people hear them: without case, accents, punctuation and blanks."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import numpy.typing as npt
import pandas as pd

_ACCENTS = re.compile("[\u0300-\u036f]")  # of Latin, Greek and Cyrillic; other marks are letters
_ASCII = re.compile("[^a-z0-9]+")


def folded(names: npt.ArrayLike) -> pd.Index[str]:
    """Fold names; one of punctuation alone becomes blank."""
    return pd.Index(list(map(_folded, np.asarray(names, object))), dtype="str")


def _folded(name: str) -> str:
    low = name.casefold()
    if low.isascii():
        return _ASCII.sub("", low)
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", low))
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] in "LMN")
