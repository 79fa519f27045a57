"""What is wrong with the media: pictures, files, windows, fields, texts, identities, series."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from kott_notebooks import schema
from kott_notebooks.demo.plants.ledger import Defect, NoneLeft, Victims, each
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import (
    DASH,
    EPISODE,
    FILE_TYPES,
    HLS,
    LINEAR,
    MOBILE,
    MOVIE,
    SERIES,
    TRAILER,
)
from kott_notebooks.demo.world.shelf import Record, Shelf
from kott_notebooks.demo.world.words import LANGUAGES

HOUR = 3_600
YEAR = 365.25 * DAY
LANDSCAPE, POSTER, SQUARE = "16:9", "2:3", "1:1"
ENG, FRA, ELL = LANGUAGES


class Assets:
    """The media shelf while things are planted in it."""

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
        """Take a row of a struct with which nothing is wrong yet."""
        return self._left[struct].take(fits)

    def is_left(self, row: int) -> bool:
        """Say whether nothing is wrong with a row yet."""
        return row in self._left[self.number("asset_type", row)]

    def all_of(self, rows: list[int]) -> list[int]:
        """Take these rows, with which nothing is wrong yet."""
        for row in rows:
            self._left[self.number("asset_type", row)].remove(row)
        return rows

    def pair(self, struct: int, number: int = 2) -> list[int]:
        """Take several rows at once, or none."""
        return [self.victim(struct) for _ in range(number)]

    def found(self, rule: str, row: int, what: str) -> None:
        """Write down what is wrong with a row."""
        self.defects.append(Defect(rule, "media", str(self.shelf.ids[row]), what))

    def patch(self, row: int, **properties: Any) -> None:
        """Give a row's record other properties; None leaves one out."""
        self.shelf.patch(int(self.shelf.ids[row]), **properties)

    def images(self, row: int) -> list[Record]:
        """Give a row's images, to be changed."""
        return [dict(one) for one in self.shelf.record(row)["images"]]

    def files(self, row: int) -> list[Record]:
        """Give a row's files, to be changed."""
        return [dict(one) for one in self.shelf.record(row)["mediaFiles"]]

    def number(self, key: str, row: int) -> int:
        """Give one of a row's numbers."""
        return int(self.shelf.numbers[key][row])

    def meta(self, name: str, row: int) -> Any:
        """Give one of a row's metas."""
        return self.shelf.metas[name].at(row)


def _seasons(shelf: Shelf) -> dict[tuple[str, int], list[int]]:
    """Give the rows of each (series id, season) in the order of their numbers."""
    found: dict[tuple[str, int], list[int]] = {}
    for row in np.flatnonzero(shelf.numbers["asset_type"] == EPISODE).tolist():
        place = (shelf.metas["Series ID"].at(row), shelf.metas["Season number"].at(row))
        found.setdefault(place, []).append(row)
    for rows in found.values():
        rows.sort(key=shelf.metas["Episode number"].at)
    return found


# Pictures


def no_image(on: Assets) -> None:
    """Take all images away: the list is empty, or not there."""
    for struct, images in ((MOVIE, []), (SERIES, None), (EPISODE, [])):
        row = on.victim(struct)
        on.patch(row, images=images)
        on.found("image.none", row, "It has no image at all.")
        for ratio in (LANDSCAPE, POSTER):
            on.found("image.missing_ratio", row, f"It has no image of {ratio}: it has none at all.")


def missing_ratio(on: Assets) -> None:
    """Take the images of one ratio away; written with an x it is there all the same."""
    for struct, ratio in (
        (MOVIE, POSTER),
        (EPISODE, LANDSCAPE),
        (SERIES, POSTER),
        (LINEAR, SQUARE),
    ):
        row = on.victim(struct)
        on.patch(row, images=[one for one in on.images(row) if one["ratio"] != ratio])
        on.found("image.missing_ratio", row, f"It has no image of {ratio}.")
    row = on.victim(MOVIE)
    on.patch(
        row, images=[one | {"ratio": one["ratio"].replace(":", "x")} for one in on.images(row)]
    )


def small_image(on: Assets) -> None:
    """Narrow the images of a ratio to one pixel less than wanted, and others to just enough."""
    sizes = ((MOVIE, LANDSCAPE, 640), (EPISODE, POSTER, 480), (LINEAR, SQUARE, 200))
    for struct, ratio, least in (*sizes, (SERIES, POSTER, 480)):
        row = on.victim(struct)
        _narrow(on, row, ratio, least - 1)
        on.found("image.too_small", row, f"Its largest image of {ratio} is {least - 1} wide.")
    for struct, ratio, least in sizes:
        _narrow(on, on.victim(struct), ratio, least)
    row = on.victim(MOVIE)
    images = on.images(row)
    on.patch(
        row,
        images=[*images, images[0] | {"id": f"{images[0]['id']}s", "width": 320, "height": 180}],
    )
    row = on.victim(SERIES)
    unknown = ("width", "height")
    on.patch(
        row, images=[{k: v for k, v in one.items() if k not in unknown} for one in on.images(row)]
    )


def _narrow(on: Assets, row: int, ratio: str, width: int) -> None:
    across, down = map(int, ratio.split(":"))
    size = {"width": width, "height": width * down // across}
    on.patch(row, images=[one | size if one["ratio"] == ratio else one for one in on.images(row)])


def default_image(on: Assets) -> None:
    """Mark the only image of a ratio as the stand-in; where another one is real, all is well."""
    for struct, ratios in (
        (MOVIE, (LANDSCAPE,)),
        (EPISODE, (POSTER,)),
        (SERIES, (LANDSCAPE, POSTER)),
    ):
        row = on.victim(struct)
        images = [one | {"isDefault": one["ratio"] in ratios} for one in on.images(row)]
        on.patch(row, images=images)
        for ratio in ratios:
            on.found("image.default", row, f"Its only image of {ratio} is the default picture.")
    row = on.victim(MOVIE)
    images = on.images(row)
    on.patch(row, images=[*images, images[0] | {"id": f"{images[0]['id']}d", "isDefault": True}])


# Files


def no_file(on: Assets) -> None:
    """Take all files away."""
    for struct, files in ((MOVIE, []), (EPISODE, []), (MOVIE, None)):
        row = on.victim(struct)
        on.patch(row, mediaFiles=files)
        on.found("file.none", row, "It has no file at all.")
        on.found("file.missing_type", row, "It has no main file: it has none at all.")
        if struct == MOVIE:
            on.found("file.no_trailer", row, "It has no trailer: it has no file at all.")


def inactive_file(on: Assets) -> None:
    """Switch all files off; one that stays on is enough."""
    for struct in (MOVIE, EPISODE, MOVIE):
        row = on.victim(struct)
        on.patch(row, mediaFiles=[one | {"status": False} for one in on.files(row)])
        on.found("file.inactive", row, "None of its files is active.")
    row = on.victim(MOVIE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first, *(one | {"status": False} for one in rest)])


def expired_file(on: Assets) -> None:
    """Let all active files end before now, an inactive one aside; one that goes on is enough."""
    over = {"endDate": on.now - HOUR}
    for struct in (MOVIE, EPISODE):
        row = on.victim(struct)
        on.patch(row, mediaFiles=[one | over for one in on.files(row)])
        on.found("file.expired", row, "All its files ended an hour ago, and it goes on.")
    row = on.victim(MOVIE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first | {"status": False}, *(one | over for one in rest)])
    on.found("file.expired", row, "All its active files ended an hour ago, and it goes on.")
    row = on.victim(EPISODE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first | {"endDate": on.now + HOUR}, *(one | over for one in rest)])


def file_outside(on: Assets) -> None:
    """Let files reach a minute beyond the asset's window, or start after it."""
    row = on.victim(MOVIE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first | {"startDate": first["startDate"] - 60}, *rest])
    on.found("file.outside_window", row, f"{first['type']} starts a minute before the asset.")
    row = on.victim(EPISODE)
    files = [one | {"endDate": one["endDate"] + 60} for one in on.files(row)]
    on.patch(row, mediaFiles=files)
    for one in files:
        on.found("file.outside_window", row, f"{one['type']} ends a minute after the asset.")
    row = on.victim(MOVIE)
    *rest, last = on.files(row)
    end = last["endDate"]
    on.patch(row, mediaFiles=[*rest, last | {"startDate": end + DAY, "endDate": end + 2 * DAY}])
    on.found("file.outside_window", row, f"{last['type']} starts a day after the asset has ended.")
    row = on.victim(MOVIE)
    inside = [one | {"startDate": one["startDate"] + 60} for one in on.files(row)]
    on.patch(row, mediaFiles=[one | {"endDate": one["endDate"] - 60} for one in inside])


def missing_type(on: Assets) -> None:
    """Leave no main file; one of HLS and DASH is enough."""
    for struct, kind in ((MOVIE, TRAILER), (EPISODE, MOBILE), (MOVIE, TRAILER)):
        row = on.victim(struct)
        own = {"typeId": kind, "type": FILE_TYPES[kind]}
        files = [one for one in on.files(row) if one["typeId"] == kind] or [on.files(row)[0] | own]
        on.patch(row, mediaFiles=files[:1])
        on.found("file.missing_type", row, f"Its only file is {files[0]['type']}.")
    for struct, kind in ((EPISODE, DASH), (MOVIE, HLS)):
        row = on.victim(struct)
        kept = (kind, TRAILER)
        on.patch(row, mediaFiles=[one for one in on.files(row) if one["typeId"] in kept])


def mismatched_durations(on: Assets) -> None:
    """Let two main files lie 2.02 % off their median, another two 1.98 %."""
    for struct, off in ((MOVIE, 101), (EPISODE, 101), (MOVIE, 4_000), (EPISODE, 99), (MOVIE, 99)):
        row = on.victim(struct)
        main = {HLS: {"duration": 5_000 + off}, DASH: {"duration": 5_000 - off}}
        on.patch(row, mediaFiles=[one | main.get(one["typeId"], {}) for one in on.files(row)])
        if off > 100:
            on.found("file.duration_mismatch", row, f"Its main files differ by {2 * off} seconds.")


def no_trailer(on: Assets) -> None:
    """Take the trailer of a movie away; an episode needs none."""
    for _ in range(3):
        row = on.victim(MOVIE)
        on.patch(row, mediaFiles=[one for one in on.files(row) if one["typeId"] != TRAILER])
        on.found("file.no_trailer", row, "It has no trailer.")


# Windows: planted here; what is wrong with any is written down at the end, from the dates


def windows(on: Assets) -> None:
    """Move ends and starts to just before and just after where they are found."""
    dates = on.shelf.numbers
    start, end = dates["start_date"], dates["end_date"]
    long_ago = on.now - 60 * DAY
    for after in (-HOUR, -30 * DAY, HOUR, 14 * DAY - HOUR, 14 * DAY + HOUR):
        end[on.victim(MOVIE, lambda row: start[row] < long_ago)] = on.now + after
    end[on.victim(EPISODE)] = on.now - HOUR
    for years, days in ((50, -30), (50, 30), (75, 0)):
        end[on.victim(SERIES)] = on.now + int(years * YEAR) + days * DAY
    for after in (-HOUR, HOUR, 30 * DAY):
        start[on.victim(EPISODE)] = on.now + after


def inverted_windows(on: Assets) -> None:
    """End an asset when it starts, before it starts, and a minute after it starts."""
    dates = on.shelf.numbers
    start, end = dates["start_date"], dates["end_date"]
    row = on.victim(MOVIE)
    end[row] = start[row]
    row = on.victim(SERIES)
    start[row], end[row] = end[row], start[row]
    row = on.victim(SERIES)
    end[row] = start[row] - 60
    row = on.victim(EPISODE)
    end[row] = start[row] + 60


def write_down_windows(on: Assets) -> None:
    """Find by the dates alone what is wrong with a window, or worth knowing; some is natural."""
    of = on.shelf.numbers
    start, end, now = of["start_date"], of["end_date"], on.now
    found = {
        "window.inverted": (end <= start, "It ends before it has started."),
        "window.expired": ((end < now) & (of["status"] == 1), "It ended, and is active."),
        "window.not_started": (start > now, "It has not started yet."),
        "window.ending": ((end > now) & (end <= now + 14 * DAY), "It ends within 14 days."),
        "window.endless": (end >= now + 50 * YEAR, "It ends in 50 years or later."),
    }
    for rule, (rows, what) in found.items():
        for row in np.flatnonzero(rows).tolist():
            on.found(rule, row, what)


# Fields


def missing_meta(on: Assets) -> None:
    """Take mandatory fields away, or leave them blank."""
    for struct, name in ((MOVIE, "Year"), (LINEAR, "Channel number")):
        row = on.victim(struct)
        on.shelf.metas[name].put(row, None)
        on.found("meta.missing", row, f"It has no {name}.")
    row = on.victim(EPISODE, lambda row: _is_last(on, row))
    on.shelf.metas["Episode number"].put(row, None)
    on.found("meta.missing", row, "It has no Episode number.")
    genre = on.shelf.tags["Genre"]
    row = on.victim(SERIES)
    genre.put(row, [])
    on.found("meta.missing", row, "It has no Genre.")
    row = on.victim(MOVIE)
    genre.put(row, [genre.add(dict.fromkeys(LANGUAGES, " "))])
    on.found("meta.missing", row, "Its Genre is blank.")


def _is_last(on: Assets, row: int) -> bool:
    """Say whether an episode is the last of a season of several."""
    season = on.seasons[on.meta("Series ID", row), on.meta("Season number", row)]
    return len(season) > 2 and season[-1] == row


def mistyped_meta(on: Assets) -> None:
    """Put text where a number, a flag or a date is due."""
    plants = ((MOVIE, "Runtime", "two hours"), (EPISODE, "Adult", "maybe"), (MOVIE, "Adult", "2"))
    for struct, name, value in (*plants, (SERIES, "License start", "next spring")):
        row = on.victim(struct)
        on.shelf.metas[name].put(row, value)
        on.found("meta.type", row, f"Its {name} is {value!r}.")


def out_of_range(on: Assets) -> None:
    """Put years just outside of what there can be, and just inside."""
    this = datetime.fromtimestamp(on.now, UTC).year
    for year in (1887, this + 3, 20_250, 1888, this + 2):
        row = on.victim(MOVIE)
        on.shelf.metas["Year"].put(row, year)
        if not 1888 <= year <= this + 2:
            on.found("meta.out_of_range", row, f"Its Year is {year}.")


def unknown_value(on: Assets) -> None:
    """Put ratings that the partner's list of tag values does not have."""
    rating = on.shelf.tags["Parental rating"]
    for struct, value in ((MOVIE, "21"), (SERIES, "R"), (EPISODE, "PG-13")):
        row = on.victim(struct)
        rating.put(row, [rating.add(dict.fromkeys(LANGUAGES, value))])
        on.found("meta.unknown_value", row, f"Its Parental rating is {value!r}.")


def near_duplicate(on: Assets) -> None:
    """Write a tag's value in another way: case, punctuation, blanks, accents."""
    plants = (
        ("Genre", "Sci-Fi", "sci fi"),
        ("Studio", "Kestrel Pictures", "Kestrel  pictures"),
        ("Country", "United Kingdom", "United-Kingdom"),
        ("Genre", "Comedy", "Com\N{LATIN SMALL LETTER E WITH ACUTE}dy"),
    )
    for name, usual, other in plants:
        row, tag = on.victim(MOVIE), on.shelf.tags[name]
        entry = tag.entries(tag.vocabulary(ENG).index(usual))
        tag.put(row, [tag.add(entry | {ENG: other})])
        on.found("meta.near_duplicate", row, f"Its {name} is {other!r}, elsewhere {usual!r}.")
    row, studio = on.victim(MOVIE), on.shelf.tags["Studio"]
    studio.put(row, [studio.add(dict.fromkeys(LANGUAGES, "Kestrel Pictures Two"))])


# Texts


def missing_language(on: Assets) -> None:
    """Take translations away."""
    plants = (
        (MOVIE, "name", (ELL,)),
        (SERIES, "description", (FRA,)),
        (EPISODE, "name", (FRA, ELL)),
    )
    for struct, key, languages in plants:
        row = on.victim(struct)
        on.shelf.texts[key].put(row, dict.fromkeys(languages, ""))
        for language in languages:
            on.found("language.missing", row, f"Its {key} has no text in {language}.")
    row, synopsis = on.victim(MOVIE), on.shelf.metas["Short synopsis"]
    synopsis.put(row, synopsis.entries(int(synopsis.codes[row])) | {ELL: ""})
    on.found("language.missing", row, "Its Short synopsis has no text in ell.")


def untranslated(on: Assets) -> None:
    """Let the same text stand in two languages: 21 letters are found, 20 are not."""
    for struct, name in ((MOVIE, "Lighthousesandharbour"), (MOVIE, "Grandmothersandtrain")):
        row = on.victim(struct)
        on.shelf.texts["name"].put(row, {ENG: name, FRA: name})
        if len(name) > 20:
            on.found("language.untranslated", row, f"Its name is {name!r} in eng and in fra.")
    for struct, key in ((SERIES, "description"), (EPISODE, "description")):
        row, texts = on.victim(struct), on.shelf.texts[key]
        texts.put(row, {ELL: texts.at(row)[ENG]})
        on.found("language.untranslated", row, f"Its {key} is the same in eng and in ell.")


def missing_text(on: Assets) -> None:
    """Take names and descriptions away in every language, or leave them blank."""
    for key, blanks in (("name", ("", "  ", "")), ("description", ("", " ", ""))):
        for struct, blank in zip((MOVIE, SERIES, EPISODE), blanks, strict=True):
            row = on.victim(struct)
            on.shelf.texts[key].put(row, dict.fromkeys(LANGUAGES, blank))
            on.found(f"text.missing_{key}", row, f"It has no {key}.")
            for language in LANGUAGES:
                on.found("language.missing", row, f"Its {key} has no text in {language}.")


_LONG = "A very long story about one island, " * 60
_TEXTS: tuple[tuple[str, int, str, str], ...] = (  # rule (none: just inside), struct, field, text
    ("text.placeholder", MOVIE, "name", "TBA"),
    ("text.placeholder", EPISODE, "name", "tbc"),
    ("text.placeholder", SERIES, "description", "Lorem ipsum"),
    ("text.placeholder", MOVIE, "description", "N/A."),
    ("text.placeholder", EPISODE, "description", "No information"),
    ("text.placeholder", MOVIE, "name", "-----"),
    ("", MOVIE, "name", "Test Match of the Bakers"),
    ("", EPISODE, "description", "No information leaves the island, and nobody minds."),
    ("text.mojibake", MOVIE, "name", "Caf\xc3\xa9 of the Sailors"),
    ("text.mojibake", SERIES, "description", "It wasn\xe2\u20ac\u2122t the gardener."),
    ("text.mojibake", EPISODE, "description", "The na\ufffdve inventor comes home."),
    ("", MOVIE, "name", "S\xe3o Paulo \xe0 la carte"),
    ("text.control", MOVIE, "description", "The river\x7f runs dry, and everybody talks."),
    ("text.control", EPISODE, "name", "The Painter of Corfu\u200b"),
    ("text.control", SERIES, "name", "\u200fSpies of the Orchard"),
    ("", MOVIE, "description", "Two lines.\nThe second tells more than the first."),
    ("", EPISODE, "name", "The Zero\u200bWidth Lantern"),
    ("text.markup", MOVIE, "description", "<b>Everybody</b> lies, and one of them is right."),
    ("text.markup", EPISODE, "name", "Salt &amp; Vinegar"),
    ("text.markup", SERIES, "description", "It&#39;s the neighbours who know.<br/>"),
    ("", MOVIE, "description", "3 < 4 and 5 > 4, says the teacher, and AT&T agrees."),
    ("text.shouting", MOVIE, "name", "LIGHTHOUSEMEN"),
    ("text.shouting", EPISODE, "name", "THE WEDDING OF THE CAPTAIN"),
    ("text.shouting", SERIES, "description", "NOBODY SLEEPS WHILE THE TRAIN IS LATE."),
    ("", MOVIE, "name", "KALEIDOSCOPE"),
    ("text.too_long", MOVIE, "name", ("The Long Way Home, " * 6)[:100] + "s"),
    ("text.too_long", EPISODE, "description", _LONG[:2_000] + "s"),
    ("text.too_long", MOVIE, "description", _LONG + _LONG),
    ("", SERIES, "name", ("The Short Way Back, " * 6)[:99] + "k"),
    ("", EPISODE, "description", _LONG[:1_999] + "k"),
)


def bad_text(on: Assets) -> None:
    """Put texts that are wrong, and some that only look it."""
    for rule, struct, key, text in _TEXTS:
        row = on.victim(struct)
        on.shelf.texts[key].put(row, {ENG: text})
        if rule:
            on.found(rule, row, f"Its {key} is {text[:40]!r}.")


def description_is_name(on: Assets) -> None:
    """Repeat the name as the description, case and blanks aside; more than the name is enough."""
    changes: tuple[Callable[[str], str], ...] = (
        str,
        str.lower,
        lambda name: f" {name.replace(' ', '  ')} ",
        lambda name: f"{name}, once more",
    )
    for struct, change in zip((MOVIE, SERIES, EPISODE, MOVIE), changes, strict=True):
        row = on.victim(struct)
        name = on.shelf.texts["name"].at(row)[ENG]
        on.shelf.texts["description"].put(row, {ENG: change(name)})
        if change is not changes[-1]:
            on.found("text.description_is_name", row, "Its description is its name.")


# Identities


def shared_external_id(on: Assets) -> None:
    """Let two or three assets share an external id."""
    for struct, number in ((MOVIE, 2), (EPISODE, 2), (SERIES, 3)):
        rows = on.pair(struct, number)
        texts = on.shelf.texts["externalid"]
        for row in rows[1:]:
            texts.put(row, texts.at(rows[0]))
        for row in rows:
            shared = texts.at(row)[ENG]
            on.found("identity.duplicate_external_id", row, f"{number} assets are {shared}.")


def shared_entry_id(on: Assets) -> None:
    """Let two assets share an entry id, in two structs also."""
    for rows in (on.pair(MOVIE), on.pair(EPISODE, 3), [on.victim(MOVIE), on.victim(EPISODE)]):
        shared = on.shelf.record(rows[0])["entryId"]
        for row in rows:
            on.patch(row, entryId=shared)
            on.found("identity.duplicate_entry_id", row, f"{len(rows)} assets have {shared}.")


_TWINS: tuple[tuple[bool, int, int, tuple[str, ...]], ...] = (  # twins?, struct, years apart, names
    (True, MOVIE, 0, ("The Quiet Cartographer", "the quiet carto-grapher")),
    (True, MOVIE, 0, ("Marmalade Caf\xe9", "Marmalade Cafe", "Marmalade, Cafe!")),
    (True, MOVIE, 0, ("Windmills", "Windmill")),
    (True, SERIES, 0, ("Ferrymen of Patras", "Ferrymon of Patras")),
    (False, MOVIE, 0, ("Kestrel", "Kestral")),
    (False, MOVIE, 0, ("Saltwater Hymns", "Saltwater Hims")),
    (False, MOVIE, 1, ("The Parrot Ledger", "The Parrot Ledger")),
)


def twins(on: Assets) -> None:
    """Make assets of one year that are the same by their names, and some that nearly are."""
    for are_twins, struct, apart, names in _TWINS:
        rows = on.pair(struct, len(names))
        for place, (row, name) in enumerate(zip(rows, names, strict=True)):
            on.shelf.texts["name"].put(row, {ENG: name})
            on.shelf.metas["Year"].put(row, 1987 + apart * place)
            if are_twins:
                on.found("identity.twin", row, f"{' and '.join(map(repr, names))}, both of 1987.")


# Series and their episodes


def orphans(on: Assets) -> None:
    """Let episodes name a series that is not there."""
    for place in range(3):
        row = on.victim(EPISODE, lambda row: _is_last(on, row))
        on.shelf.metas["Series ID"].put(row, f"SER9{place:04d}")
        on.found("series.orphan_episode", row, "Its Series ID is that of no series.")


def holes(on: Assets) -> None:
    """Renumber episodes so that numbers are missing between others, or only before them."""
    number = on.shelf.metas["Episode number"]
    for moved in ({-1: 1}, {-1: 10}, {-2: 1, -1: 2}, {1: 40}):
        season = _whole_season(on)
        numbers = {row: number.at(row) for row in season}
        for at, more in moved.items():
            numbers[season[at]] += more
        _renumber(on, season, numbers)
    season = _whole_season(on)
    _renumber(on, season, {row: number.at(row) + 1 for row in season})


def _renumber(on: Assets, season: list[int], numbers: dict[int, int]) -> None:
    for row, changed in numbers.items():
        on.shelf.metas["Episode number"].put(row, changed)
    shown = sorted(numbers.values())
    for before, after in pairwise(shown):
        if after - before > 1:
            what = f"Season {on.meta('Season number', season[0])} has {before} and {after} only."
            on.found("series.hole", _series_row(on, season[0]), what)


def _series_row(on: Assets, episode: int) -> int:
    return on.series[on.meta("Series ID", episode)]


def _whole_season(on: Assets, least: int = 4) -> list[int]:
    """Take all the episodes of a season that has some, none of them touched yet."""
    for season in on.seasons.values():
        if len(season) >= least and all(on.is_left(row) for row in season):
            return on.all_of(season)
    raise NoneLeft


def repeated_numbers(on: Assets) -> None:
    """Give the last episode of a season the number of the one before; of another season it may."""
    number = on.shelf.metas["Episode number"]
    for _ in range(3):
        *_, before, last = _whole_season(on)
        number.put(last, number.at(before))
        for row in (before, last):
            on.found("series.duplicate_number", row, f"Two episodes are number {number.at(row)}.")


def empty_series(on: Assets) -> None:
    """Take all episodes of a series away: by its own id, or by moving them to another series."""
    for place in range(2):
        series, episodes = _whole_series(on)
        on.shelf.metas["Series ID"].put(series, f"SER8{place:04d}")
        on.found("series.empty", series, "No episode has its Series ID.")
        for row in episodes:
            on.found("series.orphan_episode", row, "Its Series ID is that of no series any more.")
    for place in range(2):
        series, episodes = _whole_series(on)
        other = on.victim(SERIES)
        for row in episodes:
            season = on.meta("Season number", row) + 20 * (place + 1)
            on.shelf.metas["Series ID"].put(row, on.meta("Series ID", other))
            on.shelf.metas["Season number"].put(row, season)
        on.found("series.empty", series, "No episode has its Series ID.")


def _whole_series(on: Assets) -> tuple[int, list[int]]:
    """Take a series with all its episodes, none of them touched yet; one with few."""
    for name, series in on.series.items():
        episodes = [row for (of, _), rows in on.seasons.items() if of == name for row in rows]
        untouched = on.is_left(series) and all(on.is_left(row) for row in episodes)
        if len(episodes) < 8 and untouched:
            return on.all_of([series])[0], on.all_of(episodes)
    raise NoneLeft


# Channels


def no_epg_id(on: Assets) -> None:
    """Take the id away by which programmes name the channel."""
    for ids in (None, "", None):
        row = on.victim(LINEAR)
        on.patch(row, externalIds=ids, externalEpgIngestId=None)
        on.found("channel.no_epg_id", row, "It has no id that programmes could refer to.")


def no_buffer(on: Assets) -> None:
    """Let channels have catch-up and nowhere to keep it; one second is a buffer."""
    for buffer in (0, None, 0, 1):
        row = on.victim(LINEAR, lambda row: on.number("catch_up", row) == 1)
        on.patch(row, catchUpBuffer=buffer)
        if not buffer:
            what = f"It has catch-up and {'a buffer of zero' if buffer == 0 else 'no buffer'}."
            on.found("channel.catchup_without_buffer", row, what)


# All at once, and nothing in particular


def wrecks(on: Assets) -> None:
    """Let several things be wrong with one asset."""
    row = on.victim(MOVIE)
    on.shelf.texts["name"].put(row, {ENG: "TEST"})
    on.shelf.texts["description"].put(row, {ENG: "test"})
    files = [one | {"status": False, "endDate": on.now - DAY} for one in on.files(row)]
    on.patch(row, images=[], mediaFiles=[one for one in files if one["typeId"] != TRAILER])
    on.found("text.placeholder", row, "Its name is 'TEST'.")
    on.found("text.placeholder", row, "Its description is 'test'.")
    on.found("text.description_is_name", row, "Its description is its name.")
    on.found("image.none", row, "It has no image at all.")
    for ratio in (LANDSCAPE, POSTER):
        on.found("image.missing_ratio", row, f"It has no image of {ratio}: it has none at all.")
    on.found("file.inactive", row, "None of its files is active.")
    on.found("file.no_trailer", row, "It has no trailer.")
    row = on.victim(EPISODE)
    on.shelf.texts["name"].put(row, {ENG: "<i>Nobody</i>&nbsp;knows", ELL: ""})
    on.shelf.numbers["end_date"][row] = on.now - HOUR
    _narrow(on, row, LANDSCAPE, 639)
    on.found("text.markup", row, "Its name has markup.")
    on.found("language.missing", row, "Its name has no text in ell.")
    on.found("image.too_small", row, f"Its largest image of {LANDSCAPE} is 639 wide.")


def empty_fields(on: Assets) -> None:
    """Name the fields that the schema lists for media and that no row has; they are natural."""
    listed = schema.properties("KalturaMediaAsset") | schema.properties("KalturaLiveAsset")
    of = on.shelf.numbers["asset_type"]
    firsts = np.unique(of, return_index=True)[1].tolist()
    shown = {name for row in firsts for name in on.shelf.record(row)}
    shown |= {name for patch in on.shelf.patches.values() for name in patch}
    known = shown | {"name", "description"}  # what a record in one language has
    for name in listed:
        if on.shelf.count and name not in known:
            on.defects.append(Defect("field.nowhere", "media", "", f"No row has {name}."))


PLANTS = (
    holes,
    repeated_numbers,
    empty_series,
    orphans,
    missing_meta,
    no_buffer,
    no_epg_id,
    no_image,
    missing_ratio,
    small_image,
    default_image,
    no_file,
    inactive_file,
    expired_file,
    file_outside,
    missing_type,
    mismatched_durations,
    no_trailer,
    windows,
    inverted_windows,
    mistyped_meta,
    out_of_range,
    unknown_value,
    near_duplicate,
    missing_language,
    untranslated,
    missing_text,
    bad_text,
    description_is_name,
    shared_external_id,
    shared_entry_id,
    twins,
    wrecks,
    write_down_windows,
    empty_fields,
)


def plant_assets(dice: Dice, now: int, shelf: Shelf) -> list[Defect]:
    """Plant everything that can be wrong with media, and list it."""
    on = Assets(dice, now, shelf)
    each(PLANTS, on)
    return on.defects
