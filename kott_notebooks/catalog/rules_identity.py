"""Rules of identity: assets that are, or seem to be, the same."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.catalog.view import Hits, View, view_of

_IDS = {
    "identity.duplicate_external_id": "externalId",
    "identity.duplicate_entry_id": "entryId",  # KSQL has no such key
}
_SHOWN = 5  # twins that a finding names
_ACCENTS = re.compile("[\u0300-\u036f]")  # of Latin, Greek and Cyrillic; other marks are letters
_ROMAN = re.compile("(?=[xvi])x{0,3}(?:ix|iv|v?i{0,3})")  # I to XXXIX


class Title(NamedTuple):
    """A folded name by its words, with what twins must share: a block, and the name's numbers."""

    block: int  # a number for each struct, year and series
    numbers: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return "".join(self.words)


def identities(view: View) -> Iterator[Hits]:
    """Find assets that share an id, or a year and nearly a name."""
    for rule, field in _IDS.items():
        ids = view.first(field)
        given = ids[~texts.blank(ids)]
        again = given[given.duplicated(keep=False)]
        times = again.map(again.value_counts()).astype("str")
        detail = (times + f" assets have the {field} " + again + ".").to_numpy(object)
        ksql = view.any_of(field, again, given) if field == "externalId" else ""
        yield Hits(rule, again.index.to_numpy(np.intp), field, detail, ksql)
    rows_of = titles(view)
    near_titles = _near_titles(rows_of, view)
    twins: dict[int, list[int]] = {}
    for title, own in rows_of.items():
        rows = [*own, *(row for other in sorted(near_titles[title]) for row in rows_of[other])]
        if len(rows) > 1:
            twins |= {row: [one for one in rows[: _SHOWN + 1] if one != row] for row in own}
    shown = [one if isinstance(one, str) else "an asset without an id" for one in view.ids]
    details = [
        f"{view.names[row]} seems to be {', '.join(shown[other] for other in others[:_SHOWN])} too."
        for row, others in sorted(twins.items())
    ]
    at = np.array(sorted(twins), np.intp)
    yield Hits("identity.twin", at, "name", np.array(details, dtype=object))


def duplicates(assets: pd.DataFrame, *, rules: RulesSource | None = None) -> pd.DataFrame:
    """Group the assets that the identity rules of the audit find: of one id, or twins by name.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them.
    rules : path, mapping or Rules, optional
        A partner's rules; see `audits.rules`.

    Returns
    -------
    DataFrame
        One row per asset of a group: `group` (`Int64`; 1 is the largest), `rule` (`str`), `assets`
        (how many the group has; `Int64`), `id`, `type` as in the table, `name` (`str`). An asset
        that two rules find is in two groups. Twins of twins are one group, also where the first and
        the last differ by more than one edit.

    Raises
    ------
    KottError
        The table lacks `id` or `type`, or the rules cannot be used.

    See Also
    --------
    audit, plots.duplicates

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> groups = catalog.duplicates(kott.assets(demo.login(assets=200)))
    >>> list(groups.columns)
    ['group', 'rule', 'assets', 'id', 'type', 'name']
    """
    view = view_of(assets, "id", "type", own=rules_of(rules))
    groups = [(rule, rows) for rule, rows in _groups(view) if len(rows) > 1]
    groups.sort(key=lambda group: -len(group[1]))
    sizes = [len(rows) for _, rows in groups]
    at = np.array([row for _, rows in groups for row in rows], np.intp)
    return pd.DataFrame(
        {
            "group": pd.array(np.repeat(np.arange(1, len(groups) + 1), sizes), dtype="Int64"),
            "rule": pd.array(np.repeat([rule for rule, _ in groups], sizes), dtype="str"),
            "assets": pd.array(np.repeat(sizes, sizes), dtype="Int64"),
            **{column: view.table[column].iloc[at].array for column in ("id", "type")},
            "name": view.text("name").iloc[at].array,
        }
    )


def _groups(view: View) -> Iterator[tuple[str, list[int]]]:
    for rule, field in _IDS.items():
        ids = view.first(field)
        again = ids[ids.duplicated(keep=False) & ~texts.blank(ids)]
        for rows in again.groupby(again, sort=False).groups.values():
            yield rule, list(rows)
    rows_of = titles(view)
    near_titles = _near_titles(rows_of, view)
    seen: set[Title] = set()
    for title in rows_of:
        reached, ahead = {title}, [] if title in seen else [title]
        while ahead:
            new = near_titles[ahead.pop()] - reached
            reached |= new
            ahead += new
        if title not in seen:
            yield "identity.twin", sorted(row for one in reached for row in rows_of[one])
        seen |= reached


def titles(view: View) -> dict[Title, list[int]]:
    """Return the rows of each title, for assets with a name and a year; episodes by series."""
    names, year = view.text("name"), view.number(view.rules.fields.year)
    episode = view.role("episode")
    series = view.key(view.rules.fields.series).where(episode, "")
    known = np.flatnonzero(
        ~np.isnan(year) & ~texts.blank(names) & ~(episode & (series == "").to_numpy(bool))
    )
    blocks = pd.DataFrame(
        {"type": view.code[known], "year": year[known], "series": series.iloc[known].array}
    )
    block = blocks.groupby(["type", "year", "series"], sort=False).ngroup()
    rows_of: dict[Title, list[int]] = defaultdict(list)
    for row, number, name in zip(known.tolist(), block.tolist(), names.iloc[known], strict=True):
        words = tuple(_words(name))
        if words:
            rows_of[Title(number, _numbers(words), words)].append(row)
    return _joined_by_name(rows_of)


def _joined_by_name(rows_of: dict[Title, list[int]]) -> dict[Title, list[int]]:
    """Join titles that differ only in where their words are divided: "Sci Fi" and "SciFi"."""
    firsts: dict[tuple[int, tuple[str, ...], str], Title] = {}
    joined: dict[Title, list[int]] = defaultdict(list)
    for title, rows in rows_of.items():
        joined[firsts.setdefault((title.block, title.numbers, title.name), title)] += rows
    return joined


def _words(name: str) -> list[str]:
    """Return a name's words without case, accents and punctuation."""
    return [word for word in re.split(r"[\W_]+", _plain(name)) if word]


def _plain(name: str) -> str:
    low = name.casefold()
    return low if low.isascii() else _ACCENTS.sub("", unicodedata.normalize("NFKD", low))


def _numbers(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words that number a title: digits, and I to XXXIX after its first word."""
    return tuple(
        word
        for place, word in enumerate(words)
        if word.isdigit() or (place and _ROMAN.fullmatch(word))
    )


def folded(names: npt.ArrayLike, *, significant: str = "") -> pd.Index[str]:
    """Fold names to their letters and digits, without case, accents and blanks.

    `significant` are other characters that are kept. A name of punctuation alone becomes blank.
    """
    folds = [
        "".join(
            one
            for one in _plain(name)
            if one in significant or unicodedata.category(one)[0] in "LMN"
        )
        for name in np.asarray(names, object)
    ]
    return pd.Index(folds, dtype="str")


def _near_titles(titles: Iterable[Title], view: View) -> dict[Title, set[Title]]:
    """Return the titles that are one edit from each."""
    near_titles: dict[Title, set[Title]] = defaultdict(set)
    limits = view.rules.thresholds
    for one, other in near(list(titles), limits.twin_letters) if limits.twin_edits else ():
        near_titles[one].add(other)
        near_titles[other].add(one)
    return near_titles


def near(titles: Sequence[Title], letters: int) -> Iterator[tuple[Title, Title]]:
    """Pair titles of one block, with the same numbers, that are one edit apart; each pair once.

    Names of fewer than `letters` letters are left out. Two names are one edit apart only if they
    are equal without one letter of either, or of both: so all names are hashed without each of
    their letters, and those that share a hash are compared.
    """
    long = [title for title in titles if sum(map(str.isalpha, title.name)) >= letters]
    names = [title.name for title in long]
    sizes = [len(name) + 1 for name in names]
    hashes = np.fromiter(
        (
            hash((title.block, title.numbers, name[:at] + name[at + 1 :]))
            for title, name in zip(long, names, strict=True)
            for at in range(len(name) + 1)  # the last leaves nothing out
        ),
        np.int64,
        sum(sizes),
    )
    owner = np.repeat(np.arange(len(long)), sizes)
    order = np.argsort(hashes, kind="stable")
    edges = np.flatnonzero(np.diff(hashes[order], prepend=0, append=0) != 0)
    pairs = {
        pair
        for first, last in pairwise(edges.tolist())
        if last - first > 1
        for pair in combinations(sorted(set(owner[order[first:last]].tolist())), 2)
    }
    for one, other in sorted(pairs):
        if _is_near(long[one], long[other]):
            yield long[one], long[other]


def _is_near(one: Title, other: Title) -> bool:
    """Return whether two titles are one edit apart; a digit or a word of one letter is not one."""
    short, long = sorted((one, other), key=lambda title: len(title.name))
    if (one.block, one.numbers) != (other.block, other.numbers):
        return False
    if not is_edit(short.name, long.name):
        return False
    return not any(
        len(word) == 1 and long.words[:place] + long.words[place + 1 :] == short.words
        for place, word in enumerate(long.words)
    )


def is_edit(one: str, other: str) -> bool:
    """Return whether one letter, and no digit, added, removed or changed makes one of the other."""
    short, long = sorted((one, other), key=len)
    more = len(long) - len(short)
    if more > 1 or one == other:
        return False
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    edited = long[at] + short[at : at + 1 - more]
    return short[at + 1 - more :] == long[at + 1 :] and not any(map(str.isdigit, edited))
