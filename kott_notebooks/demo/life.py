"""How the world changes, day by day after it was made, as the seed decides.

Assets are added, withdrawn and edited; the guide is delivered again, a day longer and with some
programmes renamed; and on some days the delivery fails in part. Planted defects do not change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kott_notebooks.demo.plants.ingests import daily_ingest
from kott_notebooks.demo.world.dice import Dice, Ints
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import MOVIE
from kott_notebooks.demo.world.words import LANGUAGES

if TYPE_CHECKING:
    from kott_notebooks.demo.catalogue import World

ADDED, WITHDRAWN, EDITED, RENAMED = 2, 2, 3, 3  # a day
_PER_DAY = ADDED + WITHDRAWN + EDITED
_AHEAD = 6 * 3_600  # seconds to the start of a programme that is renamed


class Change(NamedTuple):
    """One change: of a field of an asset, or of the whole asset."""

    time: int
    kind: str  # media or epg
    id: int
    change: str  # added, removed or changed
    field: str  # that changed; empty for the whole


class _Life:
    """Changes the world from day to day, and lists the changes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dice = Dice(world.seed)
        self.changes: list[Change] = []
        self.media = world.media.picked(np.arange(world.media.count))
        self.epg = world.epg.picked(np.arange(world.epg.count))
        self.objects = dict(world.objects)
        self.ingest_results = dict(world.ingest_results)
        self._spared = {(one.kind, one.id) for one in world.defects}
        used = _referred(world)
        movies = np.flatnonzero(world.media.numbers["asset_type"] == MOVIE).tolist()
        ids = world.media.ids
        free = [
            row for row in movies if int(ids[row]) not in used and self._is_free("media", ids[row])
        ]
        order = self.dice.order("life", len(free)).tolist()
        self._movies = [int(ids[free[at]]) for at in order]

    def _is_free(self, kind: str, key: int) -> bool:
        return (kind, str(key)) not in self._spared

    def live(self, day: int) -> None:
        """Begin a day, counted from 1."""
        now = self.world.now + day * DAY
        movies = self._movies[(day - 1) * _PER_DAY : day * _PER_DAY]
        withdrawn, edited = movies[:WITHDRAWN], movies[WITHDRAWN : WITHDRAWN + EDITED]
        self._edit(now, edited)
        self._add(now, day, movies[WITHDRAWN + EDITED :])
        self._withdraw(now, withdrawn)
        if self.world.days:
            renamed = self._rename(now, day)
            self._lengthen(now, day)
            daily_ingest(self.objects, self.ingest_results, self.epg, now, day, renamed)

    def _edit(self, now: int, movies: list[int]) -> None:
        for movie in movies:
            row = self.media.row(movie)
            text = self.media.texts["description"]
            longer = {of: f"{old} *" for of, old in text.at(row).items() if old}
            text.put(row, longer or dict.fromkeys(LANGUAGES, "A new edition"))
            self.media.numbers["update_date"][row] = now
            for field in ("description", "updateDate"):
                self.changes.append(Change(now, "media", movie, "changed", field))

    def _add(self, now: int, day: int, models: list[int]) -> None:
        """Add movies like those given, with new names, dates and ids."""
        shelf = self.media
        first = shelf.count
        shelf.take(np.array([*range(first), *(shelf.row(one) for one in models)], np.int64))
        for at, row in enumerate(range(first, shelf.count)):
            key = int(shelf.ids[:row].max()) + 1
            shelf.ids[row] = shelf.numbers["media_id"][row] = key
            name = shelf.texts["name"].at(row)
            shelf.texts["name"].put(row, {of: f"{text}: {day + 1}" for of, text in name.items()})
            shelf.texts["externalid"].put(row, dict.fromkeys(LANGUAGES, f"NEW{day:03d}{at}"))
            for date in ("create_date", "update_date", "start_date"):
                shelf.numbers[date][row] = now
            self.changes.append(Change(now, "media", key, "added", ""))

    def _withdraw(self, now: int, movies: list[int]) -> None:
        self.media.take(np.flatnonzero(~np.isin(self.media.ids, movies)))
        self.changes += [Change(now, "media", one, "removed", "") for one in movies]

    def _rename(self, now: int, day: int) -> Ints:
        """Rename future programmes on one channel, another channel each day."""
        of = self.epg.numbers
        channels = np.unique(of["linear_media_id"])
        if not len(channels):
            return np.zeros(0, np.int64)
        ahead = of["start_date"] > now + _AHEAD
        ahead[self.world.epg.count :] = False  # those that were added by this world's changes
        rows = np.flatnonzero(ahead & (of["linear_media_id"] == channels[day % len(channels)]))
        free = [row for row in rows.tolist() if self._is_free("epg", self.epg.ids[row])]
        renamed = free[day % 5 :: 11][:RENAMED]
        for row in renamed:
            text = self.epg.texts["name"]
            text.put(row, {name: f"{old} {day + 1}" for name, old in text.at(row).items() if old})
            of["update_date"][row] = now
            for field in ("name", "updateDate"):
                key = int(self.epg.ids[row])
                self.changes.append(Change(now, "epg", key, "changed", field))
        return np.array(renamed, np.int64)

    def _lengthen(self, now: int, day: int) -> None:
        """Add a day to the guide: a copy of the day a week before, cut at midnight."""
        shelf, week = self.epg, min(7, self.world.days) * DAY
        begin = (self.world.now // DAY - 1 + self.world.days + day - 1) * DAY
        start, end = shelf.numbers["start_date"], shelf.numbers["end_date"]
        model = (end > begin - week) & (start < begin - week + DAY) & (end > start)
        first = shelf.count
        if not model.any():
            return
        last = int(shelf.ids.max())
        shelf.take(np.concatenate([np.arange(first), np.flatnonzero(model)]))
        new = np.arange(first, shelf.count)
        numbers = shelf.numbers
        shelf.ids[new] = numbers["epg_id"][new] = last + 1 + np.arange(len(new))
        numbers["start_date"][new] = np.maximum(numbers["start_date"][new] + week, begin)
        numbers["end_date"][new] = np.minimum(numbers["end_date"][new] + week, begin + DAY)
        numbers["create_date"][new] = numbers["update_date"][new] = now
        for row in new.tolist():
            name = f"{numbers['epg_channel_id'][row]}-{numbers['start_date'][row]}"
            shelf.texts["externalid"].put(row, dict.fromkeys(LANGUAGES, name))
        ids = shelf.ids[new].tolist()
        self.changes += [Change(now, "epg", one, "added", "") for one in ids]


def world_after(world: World, days: int) -> tuple[World, list[Change]]:
    """Return the world some days after it was made, and all changes until then."""
    life = _Life(world)
    for day in range(1, days + 1):
        life.live(day)
    later = replace(
        world,
        media=life.media,
        epg=life.epg,
        objects=life.objects,
        ingest_results=life.ingest_results,
    )
    return later, life.changes


def _referred(world: World) -> set[int]:
    """Find the assets that other records refer to, which are not withdrawn."""
    picked = {
        int(one)
        for channel in world.objects["KalturaChannel"]
        for one in channel.get("mediaIds", "").split(",")
        if one
    }
    return picked | {
        int(value)
        for records in world.objects.values()
        for record in records
        for value in _assets(record)
    }


def _assets(record: Mapping[str, object]) -> Iterator[str]:
    for name in ("assetId", "mediaId", "imageObjectId"):
        if str(record.get(name, "")).isdigit():
            yield str(record[name])
    if record["objectType"] == "KalturaBookmark":
        yield str(record["id"])
