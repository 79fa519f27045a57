"""Random numbers that depend on a seed alone, in any order, one by one or a million together."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_STEP = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_MASK = (1 << 64) - 1


@cache
def _salt(seed: int, purpose: str) -> int:
    digest = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Dice:
    """The random numbers of a seed: `purpose` names what is decided, `index` for which thing.

    A number depends on seed, purpose and index alone (splitmix64), so that none has to be stored,
    and a change of numpy's generators changes nothing.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def one(self, purpose: str, index: int, sides: int) -> int:
        """Roll once: a number from 0 to `sides` - 1."""
        z = (_salt(self.seed, purpose) + index * _STEP) & _MASK
        z = ((z ^ (z >> 30)) * _MIX[0]) & _MASK
        z = ((z ^ (z >> 27)) * _MIX[1]) & _MASK
        return int(((z ^ (z >> 31)) >> 2) % sides)

    def many(self, purpose: str, index: Ints | int, sides: int | Ints) -> Ints:
        """Roll for every index (or for the first `index` of them), as `one` would."""
        each = np.arange(index) if isinstance(index, int) else index
        z = each.astype(np.uint64) * np.uint64(_STEP) + np.uint64(_salt(self.seed, purpose))
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX[0])
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX[1])
        z = (z ^ (z >> np.uint64(31))) >> np.uint64(2)
        return z.astype(np.int64) % sides

    def long_tail(self, purpose: str, index: Ints, smallest: float) -> Ints:
        """Draw numbers with a long tail: few are large, most are small, as views of assets are."""
        share = (self.many(purpose, index, 1 << 30) + 1) / (1 << 30)
        return (smallest / share**0.9).astype(np.int64)

    def order(self, purpose: str, count: int) -> Ints:
        """Return the numbers from 0 to `count` - 1 in random order."""
        return np.argsort(self.many(purpose, count, 1 << 62), kind="stable")
