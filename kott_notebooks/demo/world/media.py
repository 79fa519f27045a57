"""The media shelf: movies, series with their episodes, linear channels, in random order."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kott_notebooks.demo.world import words
from kott_notebooks.demo.world.dice import Dice, Ints
from kott_notebooks.demo.world.partner import (
    DASH,
    EPISODE,
    FILE_TYPES,
    HLS,
    IMAGE_TYPES,
    LINEAR,
    MOBILE,
    MOVIE,
    PARTNER_ID,
    SERIES,
    STRUCTS,
    TRAILER,
    tag_vocabulary,
)
from kott_notebooks.demo.world.shelf import Codes, Made, Meta, Record, Shelf, Tag, Text
from kott_notebooks.demo.world.titles import EPISODES, MOVIES, PEOPLE, Plots, Titles, person
from kott_notebooks.demo.world.titles import SERIES as SERIES_TITLES
from kott_notebooks.demo.world.words import LANGUAGES, Phrase

FIRST_ID = 300_001  # of media and of programmes, whose ids overlap
MINUTE, DAY = 60, 86_400
FAR_FUTURE = 32_472_144_000  # 1 January 2999
FIRST_YEAR = 1950
_PER_SEASON = 8
_GRADES = ("A", "A minus", "B", "B minus", "C")
_WEEK = 7 * DAY
_SMALL = range(10_000)
_IMAGES = {11: (1280, 720), 12: (720, 1080), 13: (400, 400)}  # image type -> width, height
_HAS_IMAGES = {MOVIE: (11, 12), SERIES: (11, 12), EPISODE: (11, 12), LINEAR: (11, 12, 13)}

Mask = NDArray[np.bool_]


class Chain(Sequence[Any]):
    """Several vocabularies, one after the other."""

    def __init__(self, *parts: Sequence[Any]) -> None:
        self._parts = parts
        self._starts = [0, *accumulate(map(len, parts))]

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, at: Any) -> Any:
        part = bisect_right(self._starts, at) - 1
        return self._parts[part][at - self._starts[part]]


def in_all(values: Sequence[Any]) -> Callable[[str], Sequence[Any]]:
    """Make a vocabulary that is the same in every language."""
    return lambda language: values


def phrased(phrases: Sequence[Phrase]) -> Callable[[str], Sequence[str]]:
    """Make a vocabulary of phrases."""
    return lambda language: [phrase[LANGUAGES.index(language)] for phrase in phrases]


def where(mask: Mask, codes: Ints) -> Codes:
    """Return the codes where `mask` is true, and -1 elsewhere."""
    return np.where(mask, codes, -1).astype(np.int32)


def tag_of(columns: Sequence[Ints | Codes], words: Callable[[str], Sequence[Any]]) -> Tag:
    """Make a tag of columns of its first, second ... values; -1 is no value."""
    table: Ints = np.stack(columns, axis=1).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum((table >= 0).sum(axis=1))])
    return Tag(offsets, table[table >= 0].astype(np.int32), words)


def channel_name(at: int, language: str) -> str:
    """Name a channel: a word, and for later channels a genre, a place, or both."""
    word = words.CHANNEL_NAMES[at % len(words.CHANNEL_NAMES)]
    rest, parts = at // len(words.CHANNEL_NAMES), [word]
    shows, places = len(words.GENRES), len(words.PLACES)
    of = LANGUAGES.index(language)
    if rest > shows + places:
        second, third = divmod(rest - shows - places - 1, places)
        parts += [words.GENRES[second][of], words.PLACES[third][of]]
    elif rest > shows:
        parts.append(words.PLACES[rest - shows - 1][of])
    elif rest:
        parts.append(words.GENRES[rest - 1][of])
    return " ".join(parts)


@dataclass(frozen=True)
class _Plan:
    """The kind of each row, before they are shuffled: channels, movies, series, then episodes."""

    structs: Ints
    counts: dict[int, int]
    series: Ints  # of series and episodes, from 1
    season: Ints
    episode: Ints

    def of(self, *structs: int) -> Mask:
        return np.isin(self.structs, structs)


def _plan(dice: Dice, assets: int, channels: int) -> _Plan:
    vod = max(assets - channels, 0)
    series = vod // 20
    episodes = series * 9
    counts = {
        LINEAR: channels,
        MOVIE: vod - series - episodes,
        SERIES: series,
        EPISODE: episodes,
    }
    weights = 4 + dice.many("episodes of a series", series, 11)
    bounds = np.cumsum(weights) * episodes // max(int(weights.sum()), 1)
    sizes = np.diff(bounds, prepend=0)
    within = np.arange(episodes) - np.repeat(bounds - sizes, sizes)
    before = np.zeros(channels + counts[MOVIE], np.int64)
    none = np.zeros(channels + counts[MOVIE] + series, np.int64)
    numbers = np.arange(1, series + 1)
    return _Plan(
        np.repeat(list(counts), list(counts.values())),
        counts,
        np.concatenate([before, numbers, np.repeat(numbers, sizes)]),
        np.concatenate([none, within // _PER_SEASON + 1]),
        np.concatenate([none, within % _PER_SEASON + 1]),
    )


def media_shelf(dice: Dice, now: int, assets: int, channels: int) -> Shelf:
    """Make the shelf: `assets` rows, of which `channels` are linear."""
    plan = _plan(dice, assets, channels)
    count = len(plan.structs)
    numbers = _numbers(dice, now, plan)
    order = dice.order("media", count)
    shelf = Shelf(
        np.arange(count),
        numbers,
        _texts(dice, plan),
        _metas(dice, now, plan, numbers),
        _tags(dice, plan, numbers),
        _frame,
    )
    shelf.take(order)
    shelf.ids = FIRST_ID + np.cumsum(1 + dice.many("media id", count, 3))
    shelf.numbers["media_id"] = shelf.ids.copy()
    return shelf


def _numbers(dice: Dice, now: int, plan: _Plan) -> dict[str, Ints]:
    row = np.arange(len(plan.structs))
    movie, linear = plan.of(MOVIE), plan.of(LINEAR)
    minutes = np.where(movie, 82, 21)
    minutes += dice.many("minutes", len(row), np.where(movie, 70, 38))
    lasts = minutes * MINUTE + dice.many("seconds", len(row), MINUTE)
    catch_up = (linear & (dice.many("catch-up", len(row), 4) > 0)).astype(np.int64)
    return {
        "asset_type": plan.structs,
        **_dates(dice, now, plan),
        "series": plan.series,
        "duration": np.where(movie | plan.of(EPISODE), lasts, 0),
        "channel": np.where(linear, row + 1, 0),
        "external_ids": np.where(linear, 7_001 + 3 * row, 0),
        "catch_up": catch_up,
        "start_over": catch_up * (dice.many("start-over", len(row), 5) > 0),
        "cdvr": (linear & (dice.many("cdvr", len(row), 3) > 0)).astype(np.int64),
        "trick_play": linear.astype(np.int64),
        "buffer": catch_up * _WEEK,
    }


def _dates(dice: Dice, now: int, plan: _Plan) -> dict[str, Ints]:
    """Put everything on offer but for a few movies: some not started, some ending, some expired."""
    count = len(plan.structs)
    start = now - DAY - dice.many("media start", count, 1_000 * DAY)
    end = now + 60 * DAY + dice.many("media end", count, 900 * DAY)
    soon = dice.many("media soon", count, 10 * DAY)
    state = np.where(plan.of(MOVIE), dice.many("media state", count, 400), 400)
    to_come, ending, over, hidden = (state // 4 == which for which in range(4))
    start = np.where(to_come, now + 2 * DAY + 3 * soon, start)
    end = np.where(ending, now + 2 * DAY + soon, end)
    end = np.where(over, now - 40 * DAY + 3 * soon, end)
    end = np.where(plan.of(LINEAR), now + 10 * 365 * DAY, end)
    end = np.where(np.arange(count) == _eternal(plan), FAR_FUTURE, end)
    start = np.where(over, np.minimum(start, end - 90 * DAY), start)
    create = np.minimum(start, now) - DAY - dice.many("media create", count, 30 * DAY)
    return {
        "start_date": start // MINUTE * MINUTE,
        "end_date": end // MINUTE * MINUTE,
        "create_date": create,
        "update_date": create + dice.many("media update", count, now - create),
        "status": (~(over | hidden)).astype(np.int64),
    }


def _eternal(plan: _Plan) -> int:
    """Return the row of the first movie, whose window never ends."""
    return plan.counts[LINEAR] if plan.counts[MOVIE] else -1


def _texts(dice: Dice, plan: _Plan) -> dict[str, Text]:
    count, of = len(plan.structs), plan.counts
    each = np.arange(count, dtype=np.int32)
    movies = Titles(dice, "movies", of[MOVIE], MOVIES)
    series = Titles(dice, "series", of[SERIES], SERIES_TITLES)
    episodes = Titles(dice, "episodes", of[EPISODE], EPISODES)
    plots = Plots(dice, "media", count)
    structs = plan.structs.tolist()

    def names(language: str) -> Sequence[str]:
        return Chain(
            Made(of[LINEAR], lambda at: channel_name(at, language)),
            movies.words(language),
            series.words(language),
            episodes.words(language),
        )

    def external(at: int) -> str:
        return f"{STRUCTS[structs[at]][0][:3].upper()}{at + 1:06d}"

    return {
        "name": Text(each, names),
        "description": Text(each.copy(), plots.words),
        "externalid": Text(each.copy(), in_all(Made(count, external))),
    }


def _metas(dice: Dice, now: int, plan: _Plan, numbers: dict[str, Ints]) -> dict[str, Meta]:
    return {
        **_metas_of_movies(dice, plan, numbers),
        **_metas_of_all(dice, now, plan),
        **_metas_of_series(plan),
        **_metas_of_channels(dice, plan, numbers),
    }


def _metas_of_movies(dice: Dice, plan: _Plan, numbers: dict[str, Ints]) -> dict[str, Meta]:
    """Make the metas of movies, some of which series and episodes have too."""
    count, movie = len(plan.structs), plan.of(MOVIE)
    days, day = np.unique(numbers["start_date"] // DAY * DAY, return_inverse=True)
    titles = Titles(dice, "movies", plan.counts[MOVIE], MOVIES)
    foreign = movie & (dice.many("original name", count, 3) == 0)
    scores = [round(value / 10, 1) for value in range(10, 100)]
    score = dice.many("score", count, len(scores))
    grade = len(scores) + dice.many("grade", count, len(_GRADES))
    return {
        "Runtime": Meta(
            "number",
            where(plan.of(MOVIE, EPISODE), numbers["duration"] // MINUTE),
            in_all(_SMALL),
        ),
        "Original name": Meta(
            "string",
            where(foreign, np.arange(count) - plan.counts[LINEAR]),
            in_all(titles.words("fra")),
        ),
        "Score": Meta(
            "number",
            where(plan.of(MOVIE, SERIES), np.where(movie, score, grade)),
            in_all([*scores, *_GRADES]),
        ),
        "License start": Meta("date", where(plan.of(MOVIE, SERIES), day), in_all(days.tolist())),
    }


def _metas_of_all(dice: Dice, now: int, plan: _Plan) -> dict[str, Meta]:
    """Make the metas of all but channels; an episode has the year of its series."""
    count, vod = len(plan.structs), ~plan.of(LINEAR)
    years = range(FIRST_YEAR, datetime.fromtimestamp(now, UTC).year + 1)
    work = np.where(plan.series > 0, -plan.series, np.arange(count))
    synopses = [
        (eng[0].upper() + eng[1:], fra[0].upper() + fra[1:], ell[0].upper() + ell[1:])
        for eng, fra, ell in words.THEMES
    ]
    synopsis = dice.many("short synopsis", count, len(synopses))
    adult = plan.of(MOVIE) & (dice.many("adult", count, 50) == 0)
    return {
        "Year": Meta("number", where(vod, dice.many("year", work, len(years))), in_all(years)),
        "Short synopsis": Meta("multilingual", where(vod, synopsis), phrased(synopses)),
        "Adult": Meta("bool", adult.astype(np.int32), in_all([False, True])),
    }


def _metas_of_series(plan: _Plan) -> dict[str, Meta]:
    episode = plan.of(EPISODE)
    ids = Made(plan.counts[SERIES] + 1, lambda at: f"SER{at:05d}")
    return {
        "Series ID": Meta("string", where(plan.series > 0, plan.series), in_all(ids)),
        "Season number": Meta("number", where(episode, plan.season), in_all(_SMALL)),
        "Episode number": Meta("number", where(episode, plan.episode), in_all(_SMALL)),
    }


def _metas_of_channels(dice: Dice, plan: _Plan, numbers: dict[str, Ints]) -> dict[str, Meta]:
    linear = plan.of(LINEAR)
    quality = dice.many("channel quality", len(linear), 2)
    return {
        "Channel number": Meta("number", where(linear, numbers["channel"]), in_all(_SMALL)),
        "Catchup allowed ": Meta("bool", where(linear, numbers["catch_up"]), in_all([False, True])),
        "Quality": Meta("string", where(linear, quality), in_all(words.QUALITIES)),
    }


def genres(dice: Dice, purpose: str, count: int) -> list[Ints]:
    """Draw one genre for every row, and a second one for some."""
    size = len(words.GENRES)
    first = dice.many(f"{purpose} genre", count, size)
    second = (first + 1 + dice.many(f"{purpose} other genre", count, size - 1)) % size
    return [first, np.where(dice.many(f"{purpose} genres", count, 3) == 0, second, -1)]


def people(dice: Dice, purpose: str, index: Ints, number: int) -> list[Ints]:
    """Draw some people for every row, none of them twice."""
    first = dice.many(f"{purpose} person", index, PEOPLE)
    step = 1 + dice.many(f"{purpose} person step", index, PEOPLE // number - 1)
    return [(first + step * at) % PEOPLE for at in range(number)]


def _tags(dice: Dice, plan: _Plan, numbers: dict[str, Ints]) -> dict[str, Tag]:
    count = len(plan.structs)
    movie, series, episode, linear = (plan.of(one) for one in (MOVIE, SERIES, EPISODE, LINEAR))
    whole = movie | series
    one, two = genres(dice, "media", count)
    everybody = in_all([person(code) for code in range(PEOPLE)])
    cast = people(dice, "cast", np.where(plan.series > 0, -plan.series, np.arange(count)), 3)
    director = people(dice, "director", np.arange(count), 1)

    def fixed(name: str, mask: Mask) -> Tag:
        values = tag_vocabulary(name)
        return tag_of([where(mask, dice.many(name, count, len(values)))], phrased(values))

    return {
        "Genre": tag_of([one, where(~linear, two)], phrased(words.GENRES)),
        "Cast": tag_of([where(~linear, codes) for codes in cast], everybody),
        "Director": tag_of([where(movie | episode, codes) for codes in director], everybody),
        "Country": fixed("Country", whole),
        "Studio": fixed("Studio", whole),
        "Parental rating": fixed("Parental rating", ~linear),
        "Quality": fixed("Quality", movie | episode),
    }


def _frame(shelf: Shelf, row: int) -> Record:
    number = {key: int(values[row]) for key, values in shelf.numbers.items()}
    asset_id, struct = int(shelf.ids[row]), number["asset_type"]
    record: Record = {
        "objectType": "KalturaLiveAsset" if struct == LINEAR else "KalturaMediaAsset",
        "id": asset_id,
        "type": struct,
        "typeDescription": STRUCTS[struct][0],
        "startDate": number["start_date"],
        "endDate": number["end_date"],
        "createDate": number["create_date"],
        "updateDate": number["update_date"],
        "status": number["status"] == 1,
        "indexStatus": "Ok",
        "inheritancePolicy": "Enable",
        "entryId": f"0_{_scrambled(asset_id):08x}",
        "images": [image(asset_id, key) for key in _HAS_IMAGES[struct]],
        "mediaFiles": _files(asset_id, struct, number),
    }
    if struct == LINEAR:
        record |= _linear(number)
    return record


def _scrambled(number: int) -> int:
    """Map a small number to another one of 32 bits."""
    return number * 2_654_435_761 % (1 << 32)


def image(of: int, image_type: int, size: tuple[int, int] | None = None) -> Record:
    """Make the image of an asset, of one type."""
    name, ratio = IMAGE_TYPES[image_type]
    width, height = size or _IMAGES[image_type]
    key = f"{_scrambled(of):08x}{image_type:02x}"
    return {
        "objectType": "KalturaMediaImage",
        "id": key,
        "imageTypeId": image_type,
        "imageTypeName": name,
        "ratio": ratio,
        "width": width,
        "height": height,
        "url": f"https://images.demo.kott.invalid/p/{PARTNER_ID}/entry_id/{key}/version/1",
        "version": 1,
        "isDefault": False,
    }


def _files(asset_id: int, struct: int, number: dict[str, int]) -> list[Record]:
    if struct == SERIES:
        return []
    kinds = [HLS, DASH]
    if struct == MOVIE:
        kinds += [TRAILER] if asset_id % 4 else [TRAILER, MOBILE]
    return [media_file(asset_id, kind, number) for kind in kinds]


def media_file(asset_id: int, kind: int, number: dict[str, int]) -> Record:
    """Make one file of an asset; main files of one asset differ by a second at most."""
    trailer, live = kind == TRAILER, number["asset_type"] == LINEAR
    duration = 90 + asset_id % 60 if trailer else number["duration"] + kind % 2 * (not live)
    ending = "mpd" if kind == DASH else "m3u8"
    return {
        "objectType": "KalturaMediaFile",
        "id": asset_id * 10 + kind % 10,
        "assetId": asset_id,
        "type": FILE_TYPES[kind],
        "typeId": kind,
        "url": f"https://cdn.demo.kott.invalid/{asset_id}/{FILE_TYPES[kind].lower()}.{ending}",
        "duration": duration,
        "fileSize": 0 if live else duration * 650_000,
        "externalId": f"{asset_id}-{FILE_TYPES[kind]}",
        "status": True,
        "startDate": number["start_date"],
        "endDate": number["end_date"],
    }


def _linear(number: dict[str, int]) -> Record:
    on = {name: number[name] == 1 for name in ("catch_up", "start_over", "cdvr", "trick_play")}
    states = {name: "ENABLED" if is_on else "DISABLED" for name, is_on in on.items()}
    return {
        "externalIds": str(number["external_ids"]),
        "externalEpgIngestId": f"epg-{number['external_ids']}",
        "channelType": "OTT",
        "enableCatchUp": on["catch_up"],
        "enableCatchUpState": states["catch_up"],
        "enableStartOver": on["start_over"],
        "enableStartOverState": states["start_over"],
        "enableCdvr": on["cdvr"],
        "enableCdvrState": states["cdvr"],
        "enableTrickPlay": on["trick_play"],
        "enableTrickPlayState": states["trick_play"],
        "catchUpBuffer": number["buffer"],
        "trickPlayBuffer": 3_600,
    }
