"""What is wrong with the guide: holes, overlaps, doubles, odd lengths, texts, flags, numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import numpy as np

from kott_notebooks.demo.plants.guide import ENG, MINUTE, Guide, said
from kott_notebooks.demo.plants.ledger import Defect, NoneLeft, each
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.guide import ZONE
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.shelf import Shelf
from kott_notebooks.demo.world.words import LANGUAGES

HOUR = 3_600
_FLAGS = {"catch_up": "catch-up", "start_over": "start-over", "cdvr": "recording"}


# Whole channels: to be planted first


def open_edges(on: Guide) -> None:
    """Let the guide of a channel begin late, and that of another end early."""
    for at in (0, -1):
        row = on.whole_channel()[at]
        on.dropped.add(row)
        on.gap(row, int(on.start[row]), int(on.until[row]))


def short_horizons(on: Guide) -> None:
    """End the guide of a channel early: just under five days and just over, and under a third."""
    for hours in (5 * 24 - 1, 5 * 24 + 1, 41, 39, 2):
        ends = on.now + hours * HOUR
        if ends < on.end:
            rows = on.whole_channel()
            last = max(row for row in rows if on.start[row] <= ends - MINUTE)
            on.dropped |= {row for row in rows if row > last}
            on.until[last] = ends
            on.gap(last, ends, on.end)


def shifted_clocks(on: Guide) -> None:
    """Keep the old hours when the clocks change, so that everything starts an hour off."""
    change, shift = _clock_change(on.begin + 7 * DAY, on.end - DAY // 2)
    for _ in range(3 if shift else 0):
        rows = on.whole_channel()
        for row in rows:
            if on.start[row] > change:
                on.start[row] -= shift
            if change < on.until[row] < on.end:
                on.until[row] = min(on.until[row] - shift, on.end)
        on.dropped |= {row for row in rows if on.start[row] >= on.end}
        what = f"From {said(change)} on, everything starts an hour off."
        on.found_id("schedule.clock_shift", on.channel_of(rows[0]), what)


def _clock_change(begin: int, end: int) -> tuple[int, int]:
    """Find when the partner's clocks change, and by how many seconds UTC times then move."""
    for moment in range(begin, end, HOUR):
        shift = _offset(moment - HOUR) - _offset(moment)
        if shift:
            return moment, shift
    return 0, 0


def _offset(moment: int) -> int:
    offset = datetime.fromtimestamp(moment, ZONE).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def no_programmes(on: Guide) -> None:
    """Take the whole guide of a channel away."""
    for _ in range(3):
        rows = on.whole_channel()
        on.dropped |= set(rows)
        channel = on.channel_of(rows[0])
        what = "The channel has no programme in the guide's window."
        on.found_id("schedule.no_programmes", channel, what)
        on.defects.append(Defect("channel.no_programmes", "media", str(channel), what))


def write_down_horizons(on: Guide) -> None:
    """Find the channels whose last programme ends in less than five days."""
    for channel, rows in on.rows.items():
        ends = max((int(on.until[row]) for row in rows if row not in on.dropped), default=None)
        if ends is not None and ends - on.now < 5 * DAY:
            on.found_id("schedule.horizon", channel, f"The guide ends at {said(ends)}.")


# Holes


def gaps(on: Guide) -> None:
    """End programmes early: by a minute, by 59 seconds, by 59 and by 60 minutes."""
    for seconds in (MINUTE, 59, 59 * MINUTE, HOUR):
        row = on.programme(partial(on.lasts, seconds + 10 * MINUTE))
        on.until[row] -= seconds
        if seconds >= MINUTE:
            on.gap(row, int(on.until[row]), int(on.start[row + 1]))


def missing_programmes(on: Guide) -> None:
    """Take a programme away, and another two that follow each other."""
    for number in (1, 2):
        row = on.programme()
        on.dropped |= set(range(row, row + number))
        on.gap(row, int(on.start[row]), int(on.until[row + number - 1]))


# Overlaps


def long_programmes(on: Guide) -> None:
    """Let a programme run a second into the next, and one over the next into the one after."""
    row = on.programme()
    on.until[row] += 1
    on.overlap(row, row + 1)
    row = on.programme()
    on.until[row] = on.start[row + 2] + 5 * MINUTE
    on.overlap(row, row + 1)
    on.overlap(row, row + 2)


def nested(on: Guide) -> None:
    """Put programmes within another one: one, two at once, and one before a hole."""
    for number in (1, 2):
        row = on.programme(partial(on.lasts, 40 * MINUTE))
        start, until = int(on.start[row]) + 10 * MINUTE, int(on.until[row]) - 10 * MINUTE
        for place in range(number):
            inner = on.other(row, start, until, _NAMES[place])
            for _ in range(place + 1):
                on.found_id("schedule.overlap", inner, "It lies within another one.")
    row = on.programme(partial(on.lasts, 40 * MINUTE))
    on.until[row] -= 10 * MINUTE
    inner = on.other(row, int(on.start[row]) + 10 * MINUTE, int(on.until[row]), _NAMES[2])
    on.found_id("schedule.overlap", inner, "It lies within another one, at its end.")
    on.gap(row, int(on.until[row]), int(on.start[row + 1]))


def chained(on: Guide) -> None:
    """Put a programme over the end of one and the start of the next."""
    row = on.programme()
    between = int(on.until[row])
    inner = on.other(row, between - 6 * MINUTE, between + 6 * MINUTE, _NAMES[3])
    for _ in range(2):
        on.found_id("schedule.overlap", inner, "It begins before the last one ends.")


def doubles(on: Guide) -> None:
    """Put programmes twice; another name in the same slot overlaps and is no double."""
    for _ in range(3):
        row = on.programme()
        again = on.copy(row, {}, {})
        on.found_id("schedule.duplicate", again, f"{on.name(row)!r} stands twice in its slot.")
        on.found_id("schedule.overlap", again, "It has the slot of another one.")
    row = on.programme()
    other = on.other(row, int(on.start[row]), int(on.until[row]), _NAMES[4])
    on.found_id("schedule.overlap", other, "It has the slot of another one.")


def reingested(on: Guide) -> None:
    """Ingest programmes again a little later: up to five minutes are found, a second more not."""
    for later, anew in ((60, True), (299, True), (-120, True), (301, True), (120, False)):
        row = on.programme()
        numbers, texts = {"start_date": int(on.start[row]) + later}, {}
        if anew:
            numbers["content"] = 80_000_000 + row
            texts["externalid"] = f"again-{on.shelf.ids[row]}"
        again = on.copy(row, numbers, texts)
        for _ in range(2 if later < 0 else 1):
            on.found_id("schedule.overlap", again, "It shares time with another one.")
        if anew and later < 300:
            what = f"{on.name(row)!r} stands there again, {later} seconds later."
            on.found_id("schedule.reingested", again, what)


# Lengths


def no_length(on: Guide) -> None:
    """Let programmes end when they start, or before."""
    lengths = {0: "schedule.zero_length", -1: "schedule.negative_length"}
    for length, rule in ((0, lengths[0]), (-1, lengths[-1]), (0, lengths[0]), (-600, lengths[-1])):
        row = on.programme()
        start = int(on.start[row])
        on.found_id(rule, on.other(row, start, start + length, _NAMES[5]), f"It lasts {length} s.")
    for length, rule in ((0, lengths[0]), (-60, lengths[-1])):
        row = on.programme()
        on.until[row] = on.start[row] + length
        on.found(rule, row, f"It lasts {length} s.")
        on.gap(row, int(on.start[row]), int(on.start[row + 1]))


def absurd_lengths(on: Guide) -> None:
    """Stretch programmes to eight hours and to a minute more; shrink others to a minute or less."""
    for length in (8 * HOUR, 8 * HOUR + MINUTE, 10 * HOUR):
        row = on.programme(partial(on.lasts, 4 * HOUR), after=26)
        end = int(on.start[row]) + length
        on.until[row] = end
        covered = [later for later in range(row + 1, row + 27) if on.start[later] < end]
        on.dropped |= {later for later in covered if on.until[later] <= end}
        on.start[[later for later in covered if on.until[later] > end]] = end
        if length > 8 * HOUR:
            on.found("schedule.absurd_length", row, f"It lasts {length // MINUTE} minutes.")
    for length in (MINUTE, MINUTE - 1, 1):
        row = on.programme()
        on.until[row] = on.start[row + 1] = on.start[row] + length
        if length < MINUTE:
            on.found("schedule.absurd_length", row, f"It lasts {length} seconds.")


# Texts


_NAMES = ("Harbour Watch", "Night Bus", "Studio Talk", "Late Ferry", "Other Voices", "Short Break")
_PLACEHOLDERS = ("TBA", "No information", "tbc", "......", "To be announced")
_TEXTS: tuple[tuple[str, str, str], ...] = (  # rule (none: just inside), field, text
    ("schedule.mojibake", "name", "Soir\xc3\xa9e musicale"),
    ("schedule.mojibake", "description", "The captain\xe2\u20ac\u2122s last voyage."),
    ("schedule.mojibake", "description", "A na\ufffdve plan, and who pays for it."),
    ("", "name", "Soir\xe9e au caf\xe9"),
    ("", "name", "Test Cricket"),
    ("", "description", "No information, says the minister; two reporters disagree."),
)


def bad_texts(on: Guide) -> None:
    """Put texts that are wrong, and some that only look it."""
    for rule, key, text in _TEXTS:
        row = on.programme()
        on.shelf.texts[key].put(row, {ENG: text})
        if rule:
            on.found(rule, row, f"Its {key} is {text!r}.")


def placeholders(on: Guide) -> None:
    """Put a stand-in for a name; between real programmes it fills a hole."""
    for name in _PLACEHOLDERS:
        row = on.programme()
        on.shelf.texts["name"].put(row, {ENG: name})
        on.found("schedule.placeholder_title", row, f"Its name is {name!r}.")
        on.found("schedule.filler", row, f"Its name is {name!r}, among real ones.")


def missing_texts(on: Guide) -> None:
    """Take names and descriptions away, or leave them blank; once, both."""
    rules = {"name": "schedule.missing_title", "description": "schedule.missing_synopsis"}
    for keys, blank in (
        (("name",), ""),
        (("name",), "  "),
        (("description",), ""),
        (("description",), " "),
        (("name", "description"), ""),
    ):
        row = on.programme()
        for key in keys:
            on.shelf.texts[key].put(row, dict.fromkeys(LANGUAGES, blank))
            on.found(rules[key], row, f"It has no {key}.")


def name_as_synopsis(on: Guide) -> None:
    """Repeat the name as the description; more than the name is enough."""
    for more in ("", "", "", " continues."):
        row = on.programme()
        on.shelf.texts["description"].put(row, {ENG: on.name(row) + more})
        if not more:
            on.found("schedule.title_is_synopsis", row, "Its description is its name.")


# Flags and numbers


def forbidden_flags(on: Guide) -> None:
    """Allow for a programme what its channel does not have."""
    of = on.media.numbers
    for flags in (("catch_up",), ("start_over",), ("cdvr",), ("catch_up", "start_over")):
        without = on.media.ids[np.logical_and.reduce([of[flag] == 0 for flag in flags])]
        row = on.programme(np.isin(on.channel, without).__getitem__)
        for flag in flags:
            on.shelf.numbers[flag][row] = 1
        what = " and ".join(_FLAGS[flag] for flag in flags)
        on.found("schedule.catchup_flag", row, f"It has {what}, and its channel has not.")


def disordered(on: Guide) -> None:
    """Swap two episodes of a series on a channel; a rerun is no disorder."""
    number = on.shelf.metas["Episode number"]
    for _ in range(3):
        rows = _strip(on)
        second, third = number.at(rows[1]), number.at(rows[2])
        number.put(rows[1], third)
        number.put(rows[2], second)
        what = f"Episode {second} follows episode {third}."
        on.found("schedule.episode_order", rows[2], what)
    rows = _strip(on)
    number.put(rows[2], number.at(rows[0]))


def _strip(on: Guide) -> list[int]:
    """Take four airings in a row of one series on one channel, all of one season."""
    season, series = on.shelf.metas["Season number"], on.shelf.metas["Series ID"]
    for first in on.candidates:
        if series.codes[first] < 0:
            continue
        of = on.rows[on.channel_of(first)]
        rows = [row for row in of if row >= first and series.codes[row] == series.codes[first]][:4]
        seasons = {int(season.codes[row]) for row in rows}
        if len(rows) == 4 and len(seasons) == 1 and on.is_left(rows):
            on.claim(rows)
            return rows
    raise NoneLeft


def half_numbered(on: Guide) -> None:
    """Take the number of an episode away, or that of its season; both may be absent."""
    series = on.shelf.metas["Series ID"]
    names = ("Season number", "Episode number")
    for gone in (names[1:], names[:1], names[1:], names):
        row = on.programme(lambda row: series.codes[row] >= 0)
        for name in gone:
            on.shelf.metas[name].put(row, None)
        if len(gone) == 1:
            on.found("schedule.missing_episode", row, f"It has no {gone[0]}.")


PLANTS = (
    open_edges,
    short_horizons,
    shifted_clocks,
    no_programmes,
    absurd_lengths,
    disordered,
    gaps,
    missing_programmes,
    long_programmes,
    nested,
    chained,
    doubles,
    reingested,
    no_length,
    bad_texts,
    placeholders,
    missing_texts,
    name_as_synopsis,
    forbidden_flags,
    half_numbered,
    write_down_horizons,
)


def plant_programmes(dice: Dice, now: int, days: int, shelf: Shelf, media: Shelf) -> list[Defect]:
    """Plant everything that can be wrong with a guide, and list it."""
    on = Guide(dice, now, days, shelf, media)
    each(PLANTS, on)
    on.finish()
    return on.defects
