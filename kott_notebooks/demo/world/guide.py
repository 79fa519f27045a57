"""The guide: each channel's programmes, day by day, without a gap and without an overlap.

A channel keeps its times by the partner's clocks, summer and winter: the night programme alone is
an hour longer or shorter when they change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from kott_notebooks.demo.world import words
from kott_notebooks.demo.world.dice import Dice, Ints
from kott_notebooks.demo.world.media import (
    DAY,
    FIRST_ID,
    FIRST_YEAR,
    MINUTE,
    Chain,
    genres,
    image,
    in_all,
    phrased,
    tag_of,
    where,
)
from kott_notebooks.demo.world.partner import LINEAR
from kott_notebooks.demo.world.shelf import Made, Meta, Record, Shelf, Tag, Text
from kott_notebooks.demo.world.titles import EPISODES, MOVIES, SERIES, Plots, Titles

ZONE = ZoneInfo("Europe/Athens")
_LENGTHS = np.array((15, 20, 25, 25, 30, 30, 30, 40, 45, 60, 95)) * MINUTE
_NIGHT_STARTS = np.array((0, 30, 60)) * MINUTE
_NIGHT_ENDS = np.array((300, 330, 360)) * MINUTE
_SHORTEST = 15 * MINUTE
_MOVIE_FROM = 90 * MINUTE
_PER_SEASON = 20
_PLOTS = 20_000  # different synopses, at most
_EPISODE_NAMES = 2_000
_MOVIES = 1_500
FLAGS = ("catch_up", "start_over", "cdvr", "trick_play")
_STANDING = len(words.STANDING)
_NIGHT = _STANDING - 1  # "Late Playlist"


@dataclass(frozen=True)
class Channels:
    """The linear assets in the order of their numbers, as columns."""

    ids: Ints
    numbers: dict[str, Ints]

    @property
    def count(self) -> int:
        return len(self.ids)


def channels_of(media: Shelf) -> Channels:
    """Return the linear channels of the media shelf."""
    rows = np.flatnonzero(media.numbers["asset_type"] == LINEAR)
    rows = rows[np.argsort(media.numbers["channel"][rows], kind="stable")]
    return Channels(media.ids[rows], {key: values[rows] for key, values in media.numbers.items()})


@dataclass(frozen=True)
class _Slots:
    """The slots of a day, channel by channel: seconds after local midnight."""

    channel: Ints
    start: Ints
    length: Ints
    night: NDArray[np.bool_]


def _slots(dice: Dice, channels: int) -> _Slots:
    columns: list[tuple[int, int, int]] = []
    for channel in range(channels):
        at = int(_NIGHT_STARTS[dice.one("night start", channel, 3)])
        until = at + DAY
        length = int(_NIGHT_ENDS[dice.one("night end", channel, 3)]) - at
        turn = 0
        while at < until:
            columns.append((channel, at, length))
            at += length
            turn += 1
            length = int(_LENGTHS[dice.one(f"slot {turn}", channel, len(_LENGTHS))])
            if until - at - length < _SHORTEST:
                length = until - at
    table = np.array(columns, np.int64).reshape(-1, 3)
    return _Slots(table[:, 0], table[:, 1], table[:, 2], np.diff(table[:, 0], prepend=-1) > 0)


@dataclass(frozen=True)
class _Airings:
    """When each programme is on, one row per programme, by channel and time."""

    slot: Ints
    day: Ints  # a number that goes up by one every local day
    start: Ints
    end: Ints


def window(now: int, days: int) -> tuple[int, int]:
    """Return the guide's window: from midnight UTC of the day before `now`, for `days` days."""
    start = (now // DAY - 1) * DAY
    return start, start + days * DAY


def _offset(day: date, hour: int) -> int:
    offset = datetime.combine(day, time(hour), ZONE).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def _airings(slots: _Slots, now: int, days: int) -> _Airings:
    begin, end = window(now, days)
    first = datetime.fromtimestamp(begin, UTC).date() - timedelta(days=2)
    starts, numbers = [], []
    for more in range(days + 4):
        day = first + timedelta(days=more)
        midnight = int(datetime.combine(day, time(0), UTC).timestamp())
        offset = np.where(slots.night, _offset(day, 0), _offset(day, 12))
        starts.append(midnight + slots.start - offset)
        numbers.append(np.full(len(slots.start), day.toordinal()))
    start, day_number = np.concatenate(starts), np.concatenate(numbers)
    slot = np.tile(np.arange(len(slots.start)), days + 4)
    order = np.lexsort((start, slots.channel[slot]))
    start, slot, day_number = start[order], slot[order], day_number[order]
    until = np.append(start[1:], 0)
    kept = (until > begin) & (start < end) & (until > start)
    return _Airings(
        slot[kept],
        day_number[kept],
        np.maximum(start[kept], begin),
        np.minimum(until[kept], end),
    )


@dataclass(frozen=True)
class _Programmes:
    """The content of each airing: a standing programme, an episode of a show, or a movie."""

    name: Ints  # place among standing programmes, then shows, then movies
    show: Ints  # from 0, or -1
    movie: Ints  # from 0, or -1
    run: Ints  # which episode of a show, counted through its seasons
    content: Ints


def _programmes(dice: Dice, slots: _Slots, airings: _Airings) -> _Programmes:
    count = len(slots.start)
    movie = (slots.length >= _MOVIE_FROM) & ~slots.night
    standing = slots.night | (~movie & (dice.many("standing", count, 4) == 0))
    usual = _no_two_alike(dice.many("which standing", count, _NIGHT), standing, _NIGHT)
    which = np.where(slots.night, _NIGHT, usual)
    shows = ~movie & ~standing
    show = where(shows, np.cumsum(shows) - 1).astype(np.int64)
    of, day = airings.slot, airings.day
    picked = dice.many("movie on air", of * 1_000_003 + day, _MOVIES)
    picked = _no_two_alike(picked, movie[of], _MOVIES)
    run = dice.many("show so far", count, 60)[of] + day - (day.min() if len(day) else 0)
    name = np.where(
        movie[of],
        _STANDING + shows.sum() + picked,
        np.where(standing[of], which[of], _STANDING + show[of]),
    )
    return _Programmes(
        name,
        show[of],
        np.where(movie[of], picked, -1),
        run,
        np.where(movie[of], picked, 10_000 + of * 1_000 + run),
    )


def _no_two_alike(which: Ints, among: NDArray[np.bool_], choices: int) -> Ints:
    """Change those marked that equal the one before, so that no programme follows itself."""
    which = which.copy()
    for at in (np.flatnonzero(among[1:] & among[:-1]) + 1).tolist():
        if which[at] == which[at - 1]:
            which[at] = (which[at] + 1) % choices
    return which


def guide_shelf(dice: Dice, now: int, days: int, channels: Channels) -> Shelf:
    """Make the shelf of programmes, by channel and time."""
    slots = _slots(dice, channels.count)
    airings = _airings(slots, now, days)
    programmes = _programmes(dice, slots, airings)
    count = len(airings.start)
    of = slots.channel[airings.slot]
    ids = FIRST_ID + np.cumsum(1 + dice.many("programme id", count, 3))
    create = np.minimum(airings.start - 9 * DAY, now - DAY) - dice.many("ingested", count, DAY)
    numbers = {
        "asset_type": np.zeros(count, np.int64),
        "start_date": airings.start,
        "end_date": airings.end,
        "create_date": create,
        "update_date": create + dice.many("revised", count, DAY),
        "epg_id": ids.copy(),
        "linear_media_id": channels.ids[of],
        "epg_channel_id": channels.numbers["external_ids"][of],
        "content": programmes.content,
        **{
            flag: channels.numbers[flag][of] * (dice.many(f"programme {flag}", count, 20) > 0)
            for flag in FLAGS
        },
    }
    return Shelf(
        ids,
        numbers,
        _texts(dice, programmes, numbers),
        _metas(dice, now, programmes, numbers),
        _tags(dice, programmes),
        frame,
    )


def _texts(dice: Dice, programmes: _Programmes, numbers: dict[str, Ints]) -> dict[str, Text]:
    count = len(programmes.name)
    shows = Titles(dice, "shows", int(programmes.show.max(initial=-1)) + 1, SERIES)
    movies = Titles(dice, "movies on air", _MOVIES, MOVIES)
    plots = Plots(dice, "programmes", min(count, _PLOTS))
    plot = dice.many("programme plot", programmes.content, max(min(count, _PLOTS), 1))
    starts, channels = numbers["start_date"].copy(), numbers["epg_channel_id"]

    def names(language: str) -> Sequence[str]:
        standing = phrased(words.STANDING)(language)
        return Chain(standing, shows.words(language), movies.words(language))

    def external(row: int) -> str:
        return f"{channels[row]}-{starts[row]}"

    return {
        "name": Text(programmes.name.astype(np.int32), names),
        "description": Text(plot.astype(np.int32), plots.words),
        "externalid": Text(np.arange(count, dtype=np.int32), in_all(Made(count, external))),
    }


def _metas(
    dice: Dice, now: int, programmes: _Programmes, numbers: dict[str, Ints]
) -> dict[str, Meta]:
    shown = programmes.show >= 0
    years = [str(y) for y in range(FIRST_YEAR, datetime.fromtimestamp(now, UTC).year + 1)]
    episode_names = Titles(dice, "episodes on air", _EPISODE_NAMES, EPISODES)
    called = dice.many("episode name", programmes.content, _EPISODE_NAMES)
    shows = int(programmes.show.max(initial=-1)) + 1
    written = in_all([str(number) for number in range(1_000)])
    flags = in_all(["false", "true"])
    year = dice.many("movie year", programmes.movie, len(years))
    return {
        "Series ID": Meta(
            "string",
            where(shown, programmes.show),
            in_all(Made(shows, lambda at: f"SHW{at + 1:05d}")),
        ),
        "Season number": Meta("string", where(shown, programmes.run // _PER_SEASON + 1), written),
        "Episode number": Meta("string", where(shown, programmes.run % _PER_SEASON + 1), written),
        "Episode name": Meta("multilingual", where(shown, called), episode_names.words),
        "Year": Meta("string", where(programmes.movie >= 0, year), in_all(years)),
        "Repeat": Meta("string", np.zeros(len(shown), np.int32), flags),
        "Catchup allowed ": Meta("string", numbers["catch_up"].astype(np.int32), flags),
    }


def _tags(dice: Dice, programmes: _Programmes) -> dict[str, Tag]:
    kinds = int(programmes.name.max(initial=-1)) + 1
    one, two = genres(dice, "programme", kinds)
    rating = dice.many(
        "programme rating", kinds, len(words.RATINGS) - 1
    )  # no programme is for adults
    return {
        "Genre": tag_of([one[programmes.name], two[programmes.name]], phrased(words.GENRES)),
        "Parental rating": tag_of([rating[programmes.name]], in_all(words.RATINGS)),
    }


def frame(shelf: Shelf, row: int) -> Record:
    """Return the properties of a programme's record other than texts, metas and tags."""
    number = {key: int(values[row]) for key, values in shelf.numbers.items()}
    programme = int(shelf.ids[row])
    return {
        "objectType": "KalturaProgramAsset",
        "id": programme,
        "type": number["asset_type"],
        "startDate": number["start_date"],
        "endDate": number["end_date"],
        "createDate": number["create_date"],
        "updateDate": number["update_date"],
        "indexStatus": "Ok",
        "epgId": str(programme),
        "epgChannelId": number["epg_channel_id"],
        "linearAssetId": number["linear_media_id"],
        "crid": f"crid://demo.kott.invalid/{number['content']}",
        "enableCatchUp": number["catch_up"] == 1,
        "enableStartOver": number["start_over"] == 1,
        "enableCdvr": number["cdvr"] == 1,
        "enableTrickPlay": number["trick_play"] == 1,
        "images": [image(number["content"], 11) | {"ratio": "16x9"}],
    }
