"""Which channel of a guide is which channel of ours."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.schedule.genres import values
from kott_notebooks.tables.columns import need
from kott_notebooks.xmltv import fields

Row: TypeAlias = dict[Any, Any]

IDS = ("id", "externalId", "externalIds", "epgChannelId")  # columns of ours that a guide may name
_QUALITY = re.compile(r"\b(?:hd|sd|fhd|uhd|hevc|4k|8k|hdtv|uhdtv|720p?|1080[pi]?|2160p?)\b")


def match(channels: pd.DataFrame, theirs: pd.DataFrame, *, min_score: float = 0.8) -> pd.DataFrame:
    """Find out which channel of a guide belongs to each of our channels.

    Ids are compared first, then names without HD, accents, case and punctuation, then names that
    are nearly equal and have the same numbers.

    Parameters
    ----------
    channels : DataFrame
        Our channels, as `kott.channels` gives them: `id`, `name`, and the ids that a guide may
        use (`externalId`, `externalIds`, `epgChannelId`), as far as they are there.
    theirs : DataFrame
        The guide's channels, as `xmltv.channels` gives them.
    min_score : float, default 0.8
        The least score, from 0 to 1, at which two channels are taken for one.

    Returns
    -------
    DataFrame
        One row per channel of ours, in order, then one per channel of theirs that belongs to none:
        `id` and `name` (ours), `theirId` and `theirName` (the guide's), each with the dtype of its
        table and absent where there is none; `by` (`str`: `id`, `name` or `similar`) and `score`
        (`Float64`): 1 for an equal id or name, 0.95 for an id that differs in case, blanks or
        leading zeros, 0.9 for a name that differs in case, accents or words such as HD, 0.85 for a
        name in the guide's id ("bbcone.uk"), less for what is similar. A channel of theirs may
        belong to several of ours (SD and HD).

    Raises
    ------
    KottError
        A table has no `id`, or min_score is not between 0 and 1.

    See Also
    --------
    channels, schedule.compare

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import xmltv
    >>> ours = pd.DataFrame({"id": [1, 2], "name": ["Öne HD", "Two"], "externalId": ["x", "2.tv"]})
    >>> theirs = pd.DataFrame({"id": ["one.de", "2.TV"], "name": ["One", None]})
    >>> xmltv.match(ours, theirs)[["id", "theirId", "by", "score"]]
       id theirId    by  score
    0   1  one.de  name    0.9
    1   2    2.TV    id   0.95
    """
    if not 0 <= min_score <= 1:
        raise KottError(f"min_score must be from 0 to 1, not {min_score}.")
    ours = need(channels, "id").to_dict("records")
    guide = need(theirs, "id").to_dict("records")
    stages = [  # each of our keys is looked up among theirs; the first that is there decides
        ("id", 1.0, _ids, _index(guide, _ids)),
        ("id", 0.95, _folded_ids, _index(guide, _folded_ids)),
        ("name", 1.0, _names, _index(guide, _names)),
        ("name", 0.9, _folded_names, _index(guide, _folded_names)),
        ("name", 0.85, _folded_names, _index(guide, _stems)),
    ]
    stages = [stage for stage in stages if stage[1] >= min_score]
    by_start = defaultdict(list)
    for at, row in enumerate(guide):
        for name in _folded_names(row):
            by_start[name[:2]].append((name, at))
    matches = [
        next(
            (
                (by, score, index[key])
                for by, score, keys, index in stages
                for key in keys(row)
                if key in index
            ),
            None,
        )
        or _similar(row, by_start, min_score)
        for row in ours
    ]
    places = [-1 if one is None else one[2] for one in matches]
    rest = [at for at in range(len(guide)) if at not in set(places)]
    ours_at, theirs_at = [*range(len(ours)), *[-1] * len(rest)], [*places, *rest]
    scored = [one[:2] if one is not None else (None, None) for one in matches]
    scored += [(None, None)] * len(rest)
    return pd.DataFrame(
        {
            "id": _cells(channels, "id", ours_at),
            "name": _cells(channels, "name", ours_at),
            "theirId": _cells(theirs, "id", theirs_at),
            "theirName": _cells(theirs, "name", theirs_at),
            "by": pd.Series([by for by, _ in scored], dtype="str"),
            "score": pd.Series([score for _, score in scored], dtype="Float64"),
        }
    )


def _cells(table: pd.DataFrame, column: str, at: list[int]) -> Any:
    """Return a column's cells at some rows, absent ones at -1."""
    cells = table[column] if column in table else pd.Series(None, table.index, dtype="str")
    if cells.dtype.kind in "iu":
        cells = cells.astype("Int64")
    return cells.array.take(np.array(at, np.intp), allow_fill=True)


def _index(rows: list[Row], keys: Callable[[Row], Iterable[str]]) -> dict[str, int]:
    """Return the first row that has each key."""
    return {key: at for at in reversed(range(len(rows))) for key in keys(rows[at])}


def _ids(row: Row) -> Iterator[str]:
    for column in IDS:
        if pd.notna(row.get(column)) and str(row[column]).strip():
            yield str(row[column])


def _folded_ids(row: Row) -> Iterator[str]:
    return (one.strip().casefold().lstrip("0") or "0" for one in _ids(row))


def _stems(row: Row) -> Iterator[str]:
    """Return the part of an id before its first full stop: often the name without blanks."""
    return (_folded(one.partition(".")[0]) for one in _ids(row))


def _names(row: Row) -> Iterator[str]:
    for column, cell in row.items():
        if (column == "name" or str(column).startswith("name@")) and pd.notna(cell):
            yield str(cell)
    others = row.get(fields.OTHER_TEXTS["display-name"])
    if isinstance(others, str):
        yield from values(others)


def _folded_names(row: Row) -> Iterator[str]:
    return (folded for name in _names(row) if len(folded := _folded(name)) > 1)


def _folded(name: str) -> str:
    """Return a name without case, accents, punctuation, blanks and words such as HD."""
    letters = unicodedata.normalize("NFKD", name.casefold()).replace("+", " plus ")
    words = "".join(one for one in letters if not unicodedata.combining(one))
    return re.sub(r"[\W_]+", "", _QUALITY.sub(" ", words)) or re.sub(r"[\W_]+", "", words)


def _similar(
    row: Row, by_start: dict[str, list[tuple[str, int]]], min_score: float
) -> tuple[str, float, int] | None:
    """Return the channel whose name begins alike, has the same numbers, and is nearest."""
    best: tuple[str, float, int] | None = None
    for own in _folded_names(row):
        for name, at in by_start.get(own[:2], ()):
            if re.findall("[0-9]+", name) != re.findall("[0-9]+", own):
                continue
            score = 0.9 * SequenceMatcher(None, own, name, autojunk=False).ratio()
            if score >= min_score and (best is None or score > best[1]):
                best = ("similar", round(score, 3), at)
    return best
