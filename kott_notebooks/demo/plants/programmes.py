"""Defects of the guide: gaps, overlaps, duplicates, odd lengths, texts, flags, numbers."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from kott_notebooks.demo.plants.guide import ENG, MINUTE, Guide, utc_text
from kott_notebooks.demo.plants.ledger import Defect, NoneLeft, each
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.guide import ZONE
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.shelf import Meta, Shelf
from kott_notebooks.demo.world.words import LANGUAGES

HOUR = 3_600
_FLAGS = {"catch_up": "catch-up", "start_over": "start-over", "cdvr": "recording"}


# Whole channels: planted first


def open_edges(on: Guide) -> None:
    """Let the guide of a channel begin late and end early."""
    rows = on.whole_channel()
    for row in (rows[0], rows[-1]):
        on.dropped.add(row)
        on.gap(row, int(on.start[row]), int(on.until[row]))


def short_horizons(on: Guide) -> None:
    """End the guide of a channel early: just under five days, just over, under a third."""
    for hours in (5 * 24 - 1, 5 * 24 + 1, 39, 2):
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
        what = f"From {utc_text(change)} on, everything starts an hour off."
        on.expect_id("schedule.clock_shift", on.channel_of(rows[0]), what)


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
    """Remove the whole guide of a channel."""
    rows = on.whole_channel()
    on.dropped |= set(rows)
    _without_programmes(on, on.channel_of(rows[0]))


def _without_programmes(on: Guide, channel: int) -> None:
    what = "The channel has no programme in the guide's window."
    on.expect_id("schedule.no_programmes", channel, what)
    on.defects.append(Defect("channel.no_programmes", "media", str(channel), what))


def unknown_channels(on: Guide) -> None:
    """Let the programmes of a channel name one that does not exist."""
    for _ in range(3):
        rows = on.whole_channel()
        channel = on.channel_of(rows[0])
        _without_programmes(on, channel)
        on.channel[rows] = channel + 500_000
        on.shelf.numbers["epg_channel_id"][rows] += 500_000
        what = f"Its {len(rows)} programmes are on a channel that does not exist."
        on.expect_id("schedule.unknown_channel", channel + 500_000, what)


def same_channels(on: Guide) -> None:
    """Show on two channels what another shows: at the same time, and an hour later."""
    taken = [on.whole_channel() for _ in range(3)]
    first, again, delayed = sorted(taken, key=lambda rows: on.channel_of(rows[0]))
    for rows, later in ((again, 0), (delayed, HOUR)):
        channel = on.channel_of(rows[0])
        on.dropped |= set(rows)
        moved = {"linear_media_id": channel, "catch_up": 0, "start_over": 0, "cdvr": 0}
        moved["epg_channel_id"] = int(on.shelf.numbers["epg_channel_id"][rows[0]])
        for row in first:
            start, until = int(on.start[row]) + later, int(on.until[row]) + later
            if start < on.end:
                on.copy(row, {**moved, "start_date": start, "end_date": min(until, on.end)}, {})
        what = f"It shows what {on.channel_of(first[0])} shows."
        on.expect_id("schedule.same_as", channel, what)
    on.expect_id("schedule.same_as", channel, "An hour later than another one.")
    on.gap_of(channel, on.begin, on.begin + HOUR)


def stuck_ends(on: Guide) -> None:
    """Let a programme end in the year 2999: it hides neither a gap nor that the guide ends."""
    rows = on.whole_channel()
    if len(rows) < 60:
        raise NoneLeft
    stuck, gone = rows[len(rows) // 4], rows[len(rows) // 3]
    last = max(row for row in rows if on.start[row] < on.end - DAY)
    on.until[stuck] = 32_472_144_000
    on.overlap(stuck)
    on.expect("schedule.absurd_length", stuck, "It ends in the year 2999.")
    on.dropped |= {gone, *(row for row in rows if row > last)}
    on.gap(stuck, int(on.start[gone]), int(on.until[gone]))
    on.gap(stuck, int(on.until[last]), on.end)


def without_texts(on: Guide) -> None:
    """Remove all descriptions of a channel."""
    rows = on.whole_channel()
    for row in rows:
        on.shelf.texts["description"].put(row, dict.fromkeys(LANGUAGES, ""))
    what = f"None of its {len(rows)} programmes has a description."
    on.expect_id("schedule.missing_synopsis", on.channel_of(rows[0]), what)


def last_end(on: Guide) -> None:
    """Remove the end of a channel's last programme; elsewhere the next start is the end."""
    rows = on.whole_channel()
    last = max(row for row in rows if on.start[row] < on.end - 9 * HOUR)
    on.dropped |= {row for row in rows if row > last}
    for row in (last, rows[len(rows) // 2]):
        on.shelf.patch(int(on.shelf.ids[row]), endDate=None)
    on.expect("schedule.missing_end", last, "It has no end, and nothing follows.")
    on.gap(last, int(on.start[last]) + 8 * HOUR, on.end)
    on.until[last] = on.start[last]  # the part of it that is known


def missing_ends(on: Guide) -> None:
    """Remove the end of a programme, and all programmes that start within nine hours after it."""
    for _ in range(2):
        row = on.programme(after=26)
        follows = min(one for one in range(row + 1, row + 27) if on.start[one] > _hours(on, row, 9))
        on.dropped |= set(range(row + 1, follows))
        on.shelf.patch(int(on.shelf.ids[row]), endDate=None)
        on.expect("schedule.missing_end", row, "It has no end, and nothing follows for hours.")
        on.gap(row, _hours(on, row, 8), int(on.start[follows]))


def _hours(on: Guide, row: int, hours: int) -> int:
    return int(on.start[row]) + hours * HOUR


def write_down_horizons(on: Guide) -> None:
    """Find the channels whose last programme ends in less than five days."""
    ends: dict[int, int] = {}
    for row in set(range(on.shelf.count)) - on.dropped:
        channel, until = on.channel_of(row), int(on.until[row])
        if until - on.start[row] <= 8 * HOUR + 2 * HOUR:  # not a stuck end
            ends[channel] = max(ends.get(channel, 0), until)
    for one in on.copies:
        channel = one.numbers.get("linear_media_id", on.channel_of(one.row))
        until = one.numbers.get("end_date", int(on.until[one.row]))
        ends[channel] = max(ends.get(channel, 0), until)
    for channel, until in ends.items():
        if until - on.now < 5 * DAY:
            on.expect_id("schedule.horizon", channel, f"The guide ends at {utc_text(until)}.")


# Gaps


def gaps(on: Guide) -> None:
    """End programmes early: by a minute, by 59 seconds, by 59 and by 60 minutes."""
    for seconds in (MINUTE, 59, 59 * MINUTE, HOUR):
        row = on.programme(partial(on.lasts, seconds + 10 * MINUTE))
        on.until[row] -= seconds
        if seconds >= MINUTE:
            on.gap(row, int(on.until[row]), int(on.start[row + 1]))


def missing_programmes(on: Guide) -> None:
    """Remove a programme, and two that follow each other."""
    for number in (1, 2):
        row = on.programme()
        on.dropped |= set(range(row, row + number))
        on.gap(row, int(on.start[row]), int(on.until[row + number - 1]))


# Overlaps


def long_programmes(on: Guide) -> None:
    """Let a programme run a second into the next, and one over the next into the one after."""
    row = on.programme()
    on.until[row] += 1
    on.overlap(row)
    row = on.programme()
    on.until[row] = on.start[row + 2] + 5 * MINUTE
    on.overlap(row)


def nested(on: Guide) -> None:
    """Put programmes within another one: one, two together, and one before a gap."""
    for number in (1, 2):
        row = on.programme(partial(on.lasts, 40 * MINUTE))
        start, until = int(on.start[row]) + 10 * MINUTE, int(on.until[row]) - 10 * MINUTE
        inner = [on.other(row, start, until, _NAMES[place]) for place in range(number)]
        on.overlap(row)
        for later in inner[1:]:
            on.expect_id("schedule.overlap", later, "It has the slot of another one.")
    row = on.programme(partial(on.lasts, 40 * MINUTE))
    on.until[row] -= 10 * MINUTE
    on.other(row, int(on.start[row]) + 10 * MINUTE, int(on.until[row]), _NAMES[2])
    on.overlap(row)
    on.gap(row, int(on.until[row]), int(on.start[row + 1]))


def chained(on: Guide) -> None:
    """Put a programme over the end of one and the start of the next."""
    row = on.programme()
    between = int(on.until[row])
    inner = on.other(row, between - 6 * MINUTE, between + 6 * MINUTE, _NAMES[3])
    on.overlap(row)
    on.expect_id("schedule.overlap", inner, "It runs on into the next one.")


def ingested_twice(on: Guide) -> None:
    """Insert programmes twice, one or two in a row; another name in the same slot overlaps."""
    for number in (1, 2, 1):
        row = on.programme(after=4)
        for place in range(row, row + number):
            again = on.copy(place, {}, {})
            what = f"{on.name(place)!r} stands twice in its slot."
            on.expect_id("schedule.duplicate", again, what)
    row = on.programme()
    other = on.other(row, int(on.start[row]), int(on.until[row]), _NAMES[4])
    on.expect_id("schedule.overlap", other, "It has the slot of another one.")


def bands(on: Guide) -> None:
    """Deliver three programmes in a row twice, and five; and three again under new ids."""
    for number, anew in ((3, False), (5, False), (3, True)):
        row = on.programme(after=number + 2)
        for place in range(row, row + number):
            _again(on, place, 60) if anew else on.copy(place, {}, {})
        rule = "schedule.reingested" if anew else "schedule.duplicate"
        what = f"{number} programmes from {utc_text(int(on.start[row]))} on are there twice."
        on.expect_id(rule, on.channel_of(row), what)


def reingested(on: Guide) -> None:
    """Ingest programmes again up to five minutes later: a finding; a second more is not."""
    for later, anew in ((60, True), (299, True), (-120, True), (301, True), (120, False)):
        row = on.programme()
        again = _again(on, row, later, anew=anew)
        if anew and later < 300:
            what = f"{on.name(row)!r} stands there again, {later} seconds later."
            on.expect_id("schedule.reingested", again, what)
        else:
            on.overlap(row)


def _again(on: Guide, row: int, later: int, *, anew: bool = True) -> int:
    """Insert a programme again, a little later, and return its id."""
    numbers, texts = {"start_date": int(on.start[row]) + later}, {}
    if anew:
        numbers["content"] = 80_000_000 + row
        texts["externalid"] = f"again-{on.shelf.ids[row]}"
    return on.copy(row, numbers, texts)


# Lengths and times


def no_length(on: Guide) -> None:
    """Let programmes end when they start, or before."""
    lengths = {0: "schedule.zero_length", -1: "schedule.negative_length"}
    for length, rule in ((0, lengths[0]), (-1, lengths[-1]), (0, lengths[0]), (-600, lengths[-1])):
        row = on.programme()
        start = int(on.start[row])
        on.expect_id(rule, on.other(row, start, start + length, _NAMES[5]), f"It lasts {length} s.")
    for length, rule in ((0, lengths[0]), (-60, lengths[-1])):
        row = on.programme()
        on.until[row] = on.start[row] + length
        on.expect(rule, row, f"It lasts {length} s.")
        on.gap(row, int(on.start[row]), int(on.start[row + 1]))


def absurd_lengths(on: Guide) -> None:
    """Stretch programmes to eight hours and to a minute more; shrink others to a minute or less."""
    for length in (8 * HOUR, 8 * HOUR + MINUTE, 10 * HOUR, 9 * HOUR):
        row = on.programme(partial(on.lasts, 4 * HOUR), after=26)
        end = int(on.start[row]) + length
        on.until[row] = end
        covered = [later for later in range(row + 1, row + 27) if on.start[later] < end]
        on.dropped |= {later for later in covered if on.until[later] <= end}
        on.start[[later for later in covered if on.until[later] > end]] = end
        if length == 9 * HOUR:
            on.shelf.texts["name"].put(row, {ENG: "Sendepause"})
            on.expect("schedule.filler", row, "Its name says that nothing is on.")
        elif length > 8 * HOUR:
            on.expect("schedule.absurd_length", row, f"It lasts {length // MINUTE} minutes.")
    for length in (MINUTE, MINUTE - 1, 1):
        row = on.programme()
        on.until[row] = on.start[row + 1] = on.start[row] + length
        if length < MINUTE:
            on.expect("schedule.absurd_length", row, f"It lasts {length} seconds.")


def bad_times(on: Guide) -> None:
    """Let records have impossible times: a start of 1970, ends in milliseconds."""
    for _ in range(2):
        row = on.programme()
        on.shelf.patch(int(on.shelf.ids[row]), endDate=int(on.until[row]) * 1_000)
        on.expect("schedule.bad_time", row, "Its end is in milliseconds.")
    row = on.programme()
    on.shelf.patch(int(on.shelf.ids[row]), startDate=1_000)
    on.expect("schedule.bad_time", row, "It starts in 1970.")
    on.gap(row, int(on.start[row]), int(on.until[row]))


# Texts


_NAMES = ("Harbour Watch", "Night Bus", "Studio Talk", "Late Ferry", "Other Voices", "Short Break")
_PLACEHOLDERS = ("TBA", "No EPG data", "tbc", "......", "Keine Informationen")
_OFF_AIR = ("Off air", "SENDEPAUSE", "Sem emiss\xe3o")
_TEXTS: tuple[tuple[str, str, str], ...] = (  # rule (none: just inside), field, text
    ("schedule.mojibake", "name", "Soir\xc3\xa9e musicale"),
    ("schedule.mojibake", "description", "The captain\xe2\u20ac\u2122s last voyage."),
    ("schedule.mojibake", "description", "A na\ufffdve plan, and who pays for it."),
    ("schedule.markup", "name", "Rock &amp; Roll"),
    ("schedule.markup", "description", "A plan,<br/>and who pays for it."),
    ("schedule.markup", "description", "<b>Live</b> from the harbour."),
    ("schedule.residue", "name", "{{title}}"),
    ("schedule.residue", "name", "undefined"),
    ("schedule.residue", "description", "A plan by ${author}."),
    ("", "name", "Soir\xe9e au caf\xe9"),
    ("", "name", "Test Cricket"),
    ("", "name", "Unknown"),  # a film's name, since the description is real
    ("", "name", "Rock&Roll;"),
    ("", "description", "The prize is $5, or {nothing}."),
    ("", "description", "No information, says the minister; two reporters disagree."),
)


def bad_texts(on: Guide) -> None:
    """Insert wrong texts, and right ones that look wrong."""
    for rule, key, text in _TEXTS:
        row = on.programme()
        on.shelf.texts[key].put(row, {ENG: text})
        if rule:
            on.expect(rule, row, f"Its {key} is {text!r}.")


def placeholders(on: Guide) -> None:
    """Replace names by stand-ins, or by words that say that nothing is on."""
    for name in (*_PLACEHOLDERS, *_OFF_AIR):
        row = on.programme()
        on.shelf.texts["name"].put(row, {ENG: name})
        rule = "filler" if name in _OFF_AIR else "placeholder_title"
        on.expect(f"schedule.{rule}", row, f"Its name is {name!r}.")


def missing_texts(on: Guide) -> None:
    """Remove names and descriptions, leave them blank, or insert a stand-in; once, both."""
    rules = {"name": "schedule.missing_title", "description": "schedule.missing_synopsis"}
    for keys, blank in (
        (("name",), ""),
        (("name",), "  "),
        (("description",), ""),
        (("description",), " "),
        (("description",), "No description available"),
        (("name", "description"), ""),
    ):
        row = on.programme()
        for key in keys:
            on.shelf.texts[key].put(row, dict.fromkeys(LANGUAGES, blank))
            on.expect(rules[key], row, f"It has no {key}.")


def name_as_synopsis(on: Guide) -> None:
    """Repeat the name as the description, with a full stop too; more words are right."""
    for more in ("", ".", "", " continues."):
        row = on.programme()
        on.shelf.texts["description"].put(row, {ENG: on.name(row) + more})
        if len(more) < 2:
            on.expect("schedule.title_is_synopsis", row, "Its description is its name.")


# Flags and numbers


def forbidden_flags(on: Guide) -> None:
    """Set flags of a programme that its channel does not have."""
    of = on.media.numbers
    for flags in (("catch_up",), ("start_over",), ("cdvr",), ("catch_up", "start_over")):
        without = on.media.ids[np.logical_and.reduce([of[flag] == 0 for flag in flags])]
        row = on.programme(np.isin(on.channel, without).__getitem__)
        for flag in flags:
            on.shelf.numbers[flag][row] = 1
        what = " and ".join(_FLAGS[flag] for flag in flags)
        on.expect("schedule.catchup_flag", row, f"It has {what}, and its channel has not.")


def disordered(on: Guide) -> None:
    """Swap two episodes of a series on a channel; a rerun is no finding."""
    number = on.shelf.metas["Episode number"]
    for _ in range(3):
        rows = _strip(on)
        second, third = number.at(rows[1]), number.at(rows[2])
        number.put(rows[1], third)
        number.put(rows[2], second)
        what = f"Episode {second} follows episode {third}."
        on.expect("schedule.episode_order", rows[2], what)
    rows = _strip(on)
    number.put(rows[2], number.at(rows[0]))


def _strip(on: Guide) -> list[int]:
    """Take four airings in a row of one series on one channel, all of one season."""
    season, series = on.shelf.metas["Season number"], on.shelf.metas["Series ID"]
    for first in on.candidates:
        if series.codes[first] < 0:
            continue
        of = on.rows.get(on.channel_of(first), [])
        rows = [row for row in of if row >= first and series.codes[row] == series.codes[first]][:4]
        seasons = {int(season.codes[row]) for row in rows}
        if len(rows) == 4 and len(seasons) == 1 and on.is_left(rows):
            on.claim(rows)
            return rows
    raise NoneLeft


def half_numbered(on: Guide) -> None:
    """Remove the number of an episode, or of its season; both may be absent."""
    series = on.shelf.metas["Series ID"]
    names = ("Season number", "Episode number")
    for gone in (names[1:], names[:1], names[1:], names):
        row = on.programme(partial(_is_shown_often, on))
        for name in gone:
            on.shelf.metas[name].put(row, None)
        if len(gone) == 1:
            on.expect("schedule.missing_episode", row, f"It has no {gone[0]}.")
    for row in (on.programme(lambda row: series.codes[row] < 0),):  # no other airing has numbers
        on.shelf.metas[names[0]].put(row, "1")


def _is_shown_often(on: Guide, row: int) -> bool:
    """Return whether a row's series has at least five airings on its channel that stay."""
    series = on.shelf.metas["Series ID"].codes
    if series[row] < 0:
        return False
    own = set(on.rows.get(on.channel_of(row), [])) - on.dropped
    return [int(series[one]) for one in own].count(int(series[row])) >= 5


# Cross-checks


def runtimes(on: Guide) -> None:
    """State runtimes that differ from the slot by a fifth and ten minutes, and by more."""
    runtime = Meta("string", np.full(on.shelf.count, -1, np.int32), lambda language: [])
    on.shelf.metas["Runtime"] = runtime
    for share, minutes in (
        (1.0, 10),
        (1.0, 11),
        (1.0, -11),
        (0.2, 0),
        (0.21, 0),
        (0.19, 0),
        (0.4, 0),
    ):
        long = 60 * MINUTE if share < 1 else 20 * MINUTE
        row = on.programme(lambda row, long=long: long <= _slot(on, row) <= 2.5 * long)  # type: ignore[misc]
        slot = _slot(on, row) // MINUTE
        stated = slot + minutes if minutes else math.floor(slot / (1 - share))
        runtime.put(row, str(stated))
        apart = abs(slot - stated)
        if apart > 10 and apart > stated / 5:
            on.expect("schedule.runtime", row, f"Its slot has {slot} min, its runtime is {stated}.")


def _slot(on: Guide, row: int) -> int:
    return int(on.until[row] - on.start[row])


def watershed(on: Guide) -> None:
    """Show programmes for adults at noon, until after six, before nine, and at night."""
    rating = on.shelf.tags["Parental rating"]
    adult = rating.vocabulary(ENG).index("18")
    for first, last in ((7, 9), (11, 14), (15, 18), (20, 20.9), (5, 5.9), (23, 24), (0, 3)):
        row = on.programme(lambda row, a=first, b=last: a <= _local_hour(on, row) <= b)  # type: ignore[misc]
        rating.put(row, [adult])
        if _is_on_by_day(on, row):
            on.expect("schedule.watershed", row, "It is rated 18, and on between 6:00 and 21:00.")


def _is_on_by_day(on: Guide, row: int) -> bool:
    """Return whether a programme is on between 6:00 and 21:00 local time on its day or the next."""
    start, until = int(on.start[row]), int(on.until[row])
    midnight = datetime.fromtimestamp(start, ZONE).replace(hour=0, minute=0, second=0)
    days = [midnight + timedelta(days=n) for n in (0, 1)]
    return any(
        start < day.replace(hour=21).timestamp() and until > day.replace(hour=6).timestamp()
        for day in days
    )


def _local_hour(on: Guide, row: int) -> float:
    shown = datetime.fromtimestamp(int(on.start[row]), ZONE)
    return shown.hour + shown.minute / 60


PLANTS = (
    open_edges,
    short_horizons,
    shifted_clocks,
    no_programmes,
    unknown_channels,
    same_channels,
    stuck_ends,
    without_texts,
    last_end,
    absurd_lengths,
    missing_ends,
    disordered,
    gaps,
    missing_programmes,
    long_programmes,
    nested,
    chained,
    ingested_twice,
    bands,
    reingested,
    no_length,
    bad_times,
    bad_texts,
    placeholders,
    missing_texts,
    name_as_synopsis,
    forbidden_flags,
    half_numbered,
    runtimes,
    watershed,
    write_down_horizons,
)


def plant_programmes(dice: Dice, now: int, days: int, shelf: Shelf, media: Shelf) -> list[Defect]:
    """Plant all defects of a guide, and list them."""
    on = Guide(dice, now, days, shelf, media)
    each(PLANTS, on)
    on.finish()
    return on.defects
