"""The media shelf while defects are planted in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kott_notebooks.demo.plants.ledger import Defect, Victims
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, SERIES
from kott_notebooks.demo.world.shelf import Record, Shelf
from kott_notebooks.demo.world.words import LANGUAGES

HOUR = 3_600
YEAR = 365.25 * DAY
LANDSCAPE, POSTER, SQUARE = "16:9", "2:3", "1:1"
ENG, FRA, ELL = LANGUAGES


class Assets:
    """The media shelf while defects are planted in it."""

    def __init__(self, dice: Dice, now: int, shelf: Shelf) -> None:
        self.now = now
        self.shelf = shelf
        self.defects: list[Defect] = []
        self.seasons = _seasons(shelf)
        series = np.flatnonzero(shelf.numbers["asset_type"] == SERIES).tolist()
        self.series = {shelf.metas["Series ID"].at(row): row for row in series}
        self._left = {
            struct: Victims(dice, str(struct), self._usual(struct))
            for struct in (MOVIE, SERIES, EPISODE, LINEAR)
        }

    def _usual(self, struct: int) -> list[int]:
        """List the rows of a struct that are on offer, now and for a while."""
        of = self.shelf.numbers
        usual = (of["asset_type"] == struct) & (of["status"] == 1) & (of["start_date"] < self.now)
        usual &= (of["end_date"] > self.now + 30 * DAY) & (of["end_date"] < self.now + 30 * YEAR)
        rows: list[int] = np.flatnonzero(usual).tolist()
        return rows

    def victim(self, struct: int, fits: Callable[[int], bool] = lambda row: True) -> int:
        """Take a row of a struct without a defect."""
        return self._left[struct].take(fits)

    def is_left(self, row: int) -> bool:
        """Return whether a row has no defect yet."""
        return row in self._left[self.number("asset_type", row)]

    def all_of(self, rows: list[int]) -> list[int]:
        """Take these rows, which have no defect yet."""
        for row in rows:
            self._left[self.number("asset_type", row)].remove(row)
        return rows

    def victims(self, struct: int, number: int = 2) -> list[int]:
        """Take several rows of a struct without a defect."""
        return [self.victim(struct) for _ in range(number)]

    def expect(self, rule: str, row: int, what: str) -> None:
        """Note a defect of a row."""
        self.defects.append(Defect(rule, "media", str(self.shelf.ids[row]), what))

    def patch(self, row: int, **properties: Any) -> None:
        """Replace properties of a row's record; None removes one."""
        self.shelf.patch(int(self.shelf.ids[row]), **properties)

    def images(self, row: int) -> list[Record]:
        """Return a row's images, to be changed."""
        return [dict(one) for one in self.shelf.record(row)["images"]]

    def files(self, row: int) -> list[Record]:
        """Return a row's files, to be changed."""
        return [dict(one) for one in self.shelf.record(row)["mediaFiles"]]

    def number(self, key: str, row: int) -> int:
        """Return one of a row's numbers."""
        return int(self.shelf.numbers[key][row])

    def meta(self, name: str, row: int) -> Any:
        """Return one of a row's metas."""
        return self.shelf.metas[name].at(row)

    def ends_season(self, row: int) -> bool:
        """Return whether an episode is the last of a season of several."""
        season = self.seasons[self.meta("Series ID", row), self.meta("Season number", row)]
        return len(season) > 2 and season[-1] == row


def _seasons(shelf: Shelf) -> dict[tuple[str, int], list[int]]:
    """Return the rows of each (series id, season) in the order of their numbers."""
    by_place: dict[tuple[str, int], list[int]] = {}
    for row in np.flatnonzero(shelf.numbers["asset_type"] == EPISODE).tolist():
        place = (shelf.metas["Series ID"].at(row), shelf.metas["Season number"].at(row))
        by_place.setdefault(place, []).append(row)
    for rows in by_place.values():
        rows.sort(key=shelf.metas["Episode number"].at)
    return by_place
