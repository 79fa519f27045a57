"""What was planted, and what has no defect yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from kott_notebooks.demo.world.dice import Dice

T = TypeVar("T")


@dataclass(frozen=True)
class Defect:
    """One defect, by the rule that finds it; `what` describes it.

    `id` is the id of the asset, programme, household or user, and the udid of a device. What is
    wrong between two programmes has the larger of their ids, what is wrong with a channel's guide
    (a gap, its horizon, a shift, no programmes at all) the id of the linear asset, and what is
    wrong with no asset in particular has none.
    """

    rule: str
    kind: str  # media, epg, household, user or device
    id: str
    what: str


class NoneLeft(Exception):
    """The world is too small for one more defect: half of it stays clean."""


class Victims(Generic[T]):
    """Hands out things without a defect, in random order, each once."""

    def __init__(self, dice: Dice, purpose: str, things: Sequence[T]) -> None:
        order = dice.order(f"victims {purpose}", len(things)).tolist()
        self._left: list[T] = [things[at] for at in order]
        self._spared = len(things) // 2

    def take(self, fits: Callable[[T], bool] = lambda thing: True) -> T:
        """Take the next one that fits; it is not handed out again."""
        if len(self._left) > self._spared:
            for at, thing in enumerate(self._left):
                if fits(thing):
                    return self._left.pop(at)
        raise NoneLeft

    def remove(self, thing: T) -> None:
        """Take a given one."""
        self._left.remove(thing)

    def __contains__(self, thing: object) -> bool:
        return thing in self._left


def each(plants: Iterable[Callable[[T], None]], on: T) -> None:
    """Plant one after the other, as far as there is room."""
    for plant in plants:
        with suppress(NoneLeft):
            plant(on)
