"""The shelf of programmes while defects are planted in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from kott_notebooks.demo.plants.ledger import Defect, NoneLeft, Victims
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.guide import window
from kott_notebooks.demo.world.shelf import Shelf
from kott_notebooks.demo.world.words import LANGUAGES

MINUTE = 60
ENG = LANGUAGES[0]


@dataclass
class _Copy:
    """A programme to add: a copy of a row with some other numbers and texts."""

    row: int
    numbers: dict[str, int]
    texts: dict[str, str]


class Guide:
    """The shelf of programmes while defects are planted in it.

    Rows are by channel and time, and stay where they are until `finish` takes the dropped ones out
    and adds the copies.
    """

    def __init__(self, dice: Dice, now: int, days: int, shelf: Shelf, media: Shelf) -> None:
        self.now = now
        self.shelf = shelf
        self.media = media
        self.begin, self.end = window(now, days)
        self.start = shelf.numbers["start_date"]
        self.until = shelf.numbers["end_date"]
        self.channel = shelf.numbers["linear_media_id"]
        self.defects: list[Defect] = []
        self.dropped: set[int] = set()
        self.copies: list[_Copy] = []
        edges = np.flatnonzero(np.diff(self.channel)) + 1
        self.rows = {  # channel -> its rows, by time
            int(self.channel[part[0]]): part.tolist()
            for part in np.split(np.arange(shelf.count), edges)
            if len(part)
        }
        self._channels = Victims(dice, "channels", list(self.rows))
        self.candidates: list[int] = dice.order("victims programmes", shelf.count).tolist()
        self._claimed: set[int] = set()
        self._in_channels = 0

    def whole_channel(self) -> list[int]:
        """Take all rows of a channel whose guide has no defect yet."""
        rows: list[int] = self.rows[self._channels.take()]
        self._claimed |= set(rows)
        self._in_channels += len(rows)
        return rows

    def programme(
        self, fits: Callable[[int], bool] = lambda row: True, *, before: int = 2, after: int = 3
    ) -> int:
        """Take a programme and its neighbours, none of which has a defect yet."""
        for row in self.candidates:
            around = range(max(row - before, 0), min(row + after + 1, self.shelf.count))
            if (
                fits(row)
                and len(around) == before + after + 1
                and self.channel[around[0]] == self.channel[around[-1]]
                and self._claimed.isdisjoint(around)
            ):
                self.claim(around)
                return row
        raise NoneLeft

    def claim(self, rows: Iterable[int]) -> None:
        """Take these rows; NoneLeft where half of all rows outside whole channels are taken."""
        self._claimed |= set(rows)
        if len(self._claimed) - self._in_channels > (self.shelf.count - self._in_channels) // 2:
            raise NoneLeft

    def is_left(self, rows: Iterable[int]) -> bool:
        """Return whether none of these rows has a defect yet."""
        return self._claimed.isdisjoint(rows)

    def channel_of(self, row: int) -> int:
        """Return a row's linear asset id."""
        channel: int = self.channel[row].item()
        return channel

    def lasts(self, seconds: int, row: int) -> bool:
        """Return whether a row lasts for a time."""
        return bool(self.until[row] - self.start[row] >= seconds)

    def name(self, row: int) -> str:
        """Return a row's name."""
        return self.shelf.texts["name"].at(row)[ENG]

    def expect(self, rule: str, row: int, what: str) -> None:
        """Note a defect of a row."""
        self.expect_id(rule, int(self.shelf.ids[row]), what)

    def expect_id(self, rule: str, programme: int, what: str) -> None:
        """Note a defect of a programme, or of a channel's guide."""
        self.defects.append(Defect(rule, "epg", str(programme), what))

    def gap(self, row: int, start: int, end: int) -> None:
        """Note a gap of a row's channel."""
        self.gap_of(self.channel_of(row), start, end)

    def gap_of(self, channel: int, start: int, end: int) -> None:
        """Note a gap of a channel."""
        minutes = (end - start) / MINUTE
        what = f"Nothing is on for {minutes:,.0f} minutes from {utc_text(start)}."
        self.expect_id("schedule.gap", channel, what)

    def overlap(self, row: int) -> None:
        """Note that a row overlaps others."""
        self.expect("schedule.overlap", row, "It runs on into others.")

    def copy(self, row: int, numbers: Mapping[str, int], texts: Mapping[str, str]) -> int:
        """Add a copy of a row, and return its id, which is larger than all before."""
        self.copies.append(_Copy(row, dict(numbers), dict(texts)))
        return int(self.shelf.ids[-1]) + len(self.copies)

    def other(self, row: int, start: int, end: int, name: str) -> int:
        """Add another programme to a row's channel, and return its id."""
        moved = {"start_date": start, "end_date": end, "content": 90_000_000 + len(self.copies)}
        return self.copy(row, moved, {"name": name, "externalid": f"late-{len(self.copies)}"})

    def finish(self) -> None:
        """Remove the dropped rows, and add the copies."""
        shelf = self.shelf
        kept = [row for row in range(shelf.count) if row not in self.dropped]
        last = int(shelf.ids[-1]) if shelf.count else 0
        shelf.take(np.array([*kept, *(one.row for one in self.copies)], np.int64))
        for place, one in enumerate(self.copies):
            row = len(kept) + place
            shelf.ids[row] = shelf.numbers["epg_id"][row] = last + place + 1
            for key, number in one.numbers.items():
                shelf.numbers[key][row] = number
            for key, text in one.texts.items():
                shelf.texts[key].put(row, dict.fromkeys(LANGUAGES, text))


def utc_text(moment: int) -> str:
    """Write epoch seconds as people read them."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
