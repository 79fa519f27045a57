"""Titles that are one edit apart, found by sums of their letters instead of pair by pair.

A title's sum is that of each letter times BASE to the power of its place, modulo 2**64. To leave
a place out, or to close the gap, changes the sum in a known way; so two titles of one block that
are an edit apart have a sum in common, and the few that have one are compared letter by letter.
It takes as many steps as there are letters, whatever the size of a block, and no library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

_BASE = 0x9E3779B97F4A7C15  # any odd number has an inverse modulo 2**64
_INVERSE = pow(_BASE, -1, 2**64)


def near(
    titles: Sequence[tuple[int, str]], letters: int
) -> Iterator[tuple[tuple[int, str], tuple[int, str]]]:
    """Pair titles of one block (their first part) that are one edit apart; each is given once.

    Only names of so many letters and more are. Digits are never edited: part 1 is not part 2.
    """
    long = [title for title in titles if sum(map(str.isalpha, title[1])) >= letters]
    for one, other in sorted(_candidates(long)):
        if is_edit(long[one][1], long[other][1]):
            yield long[one], long[other]


def is_edit(one: str, other: str) -> bool:
    """Say whether a letter put in, left out or changed makes one of the other; a digit is none."""
    short, long = sorted((one, other), key=len)
    more = len(long) - len(short)
    if more > 1 or one == other:
        return False
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    edited = long[at] + short[at : at + 1 - more]
    return short[at + 1 - more :] == long[at + 1 :] and not any(map(str.isdigit, edited))


def _candidates(titles: Sequence[tuple[int, str]]) -> set[tuple[int, int]]:
    """Pair the places of titles that have a sum in common."""
    blocks = np.array([block for block, _ in titles], np.uint64)
    sizes = np.array([len(name) for _, name in titles], np.intp)
    if not len(sizes):
        return set()
    text = "".join(name for _, name in titles)
    letter = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    title = np.repeat(np.arange(len(sizes)), sizes)
    starts = np.cumsum(sizes) - sizes
    place = np.arange(len(letter)) - starts[title]
    power, inverse = _powers(int(sizes.max()))
    share = letter * power[place]
    whole = np.add.reduceat(share, starts)
    before = np.cumsum(share, dtype=np.uint64) - share
    before -= before[starts][title]
    after = whole[title] - before - share
    salt = blocks * np.uint64(_INVERSE ^ 0xFFFF)
    size, spot = sizes.astype(np.uint64) * power[1], (place + 1).astype(np.uint64) * power[2]
    changed = (whole[title] - share) ^ (salt + size)[title] ^ spot
    closed = (before + after * inverse) ^ (salt + size - power[1])[title]
    own = whole ^ (salt + size)
    return _sharing(changed, title) | _found(closed, title, own)


def _powers(most: int) -> tuple[npt.NDArray[np.uint64], np.uint64]:
    powers = np.full(max(most, 3), _BASE, np.uint64)
    powers[0] = 1
    return np.cumprod(powers, dtype=np.uint64), np.uint64(_INVERSE)


def _sharing(sums: npt.NDArray[np.uint64], title: npt.NDArray[np.intp]) -> set[tuple[int, int]]:
    """Pair titles with one sum; of many with one, every two."""
    order = np.argsort(sums, kind="stable")
    sums, title = sums[order], title[order]
    edges = np.flatnonzero(np.append(True, sums[1:] != sums[:-1]))
    ends = np.append(edges[1:], len(sums))
    many = np.flatnonzero(ends - edges > 1)
    return {
        pair
        for at in many.tolist()
        for pair in combinations(sorted(set(title[edges[at] : ends[at]].tolist())), 2)
    }


def _found(
    sums: npt.NDArray[np.uint64], title: npt.NDArray[np.intp], own: npt.NDArray[np.uint64]
) -> set[tuple[int, int]]:
    """Pair titles that are whole what another is without a letter."""
    order = np.argsort(own)
    at = np.searchsorted(own[order], sums).clip(max=len(own) - 1)
    hits = np.flatnonzero(own[order][at] == sums)
    pairs = zip(title[hits].tolist(), order[at[hits]].tolist(), strict=True)
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}
