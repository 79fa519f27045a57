"""A slow reading of the rules over a world's records: what the list of defects is held against.

It judges by the usual settings, with the partner's own lists: which fields are mandatory, which
values a tag may have, of what type a meta is.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations, groupby, pairwise, permutations
from typing import Any

from kott_notebooks.demo.catalogue import World
from kott_notebooks.demo.world.guide import ZONE

Record = dict[str, Any]
Finding = tuple[str, str, str]  # rule, kind, id

LANGUAGES = ("eng", "fra", "ell")
MINUTE, HOUR, DAY = 60, 3_600, 86_400
YEAR = 365.25 * DAY
FIRST, LAST = 315_532_800, 253_402_300_799  # 1980, and the end of 9999
ROMAN = {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"}
WIDTHS = {"16:9": 640, "2:3": 480, "1:1": 200}
MAIN = ("HLS_Main", "DASH_Main")
STAND_INS = {"tba", "tbc", "tobeannounced", "noinformation", "loremipsum", "na", "seminformacao"}
TITLES_TOO = {"test", "unknown", "untitled", "title", "none"}
TYPES: dict[str, tuple[type, ...]] = {
    "NUMBER": (int, float),
    "DATE": (int,),
    "BOOLEAN": (bool,),
    "STRING": (str,),
    "MULTILINGUAL_STRING": (str,),
}


def findings(world: World) -> Counter[Finding]:
    """Find everything that is wrong with a world."""
    return Counter([*_media(world), *_epg(world), *_people(world)])


def _text(record: Record, name: str) -> dict[str, str]:
    return {token["language"]: token["value"] for token in record.get(name, ())}


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _is_stand_in(text: str, other: str) -> bool:
    folded, beside = _fold(text), _fold(other)
    if folded in TITLES_TOO:
        return not beside or beside in STAND_INS | TITLES_TOO
    run = len(folded) > 3 and len(set(folded)) == 1
    return folded in STAND_INS or run or (bool(text.strip()) and not folded)


def _is_mojibake(text: str) -> bool:
    return any(bad in text for bad in ("\xc3\xa9", "\xe2\u20ac\u2122", "\xc4\u2122", "\ufffd"))


# Media


def _media(world: World) -> Iterator[Finding]:
    records = [world.media.record(row) for row in range(world.media.count)]
    for record in records:
        for rule in (
            *_images(record),
            *_files(record, world.now),
            *_window(record, world.now),
            *_texts(record),
        ):
            yield rule, "media", str(record["id"])
    struct = {one["id"]: one["systemName"] for one in world.objects["KalturaAssetStruct"]}
    yield from _fields(world, records)
    yield from _identities(records)
    yield from _series(records, {name: key for key, name in struct.items()})
    yield from _channels(world, records)


def _images(record: Record) -> Iterator[str]:
    images = record.get("images") or []
    if not images:
        yield "image.none"
    for ratio in ("1:1",) if record["typeDescription"] == "Linear" else ("16:9", "2:3"):
        of = [one for one in images if one["ratio"].replace("x", ":") == ratio]
        widths = [one["width"] for one in of if "width" in one]
        if not of:
            yield "image.missing_ratio"
        elif all(one["isDefault"] for one in of):
            yield "image.default"
        if widths and max(widths) < WIDTHS[ratio]:
            yield "image.too_small"


def _files(record: Record, now: int) -> Iterator[str]:
    files, kind = record.get("mediaFiles") or [], record["typeDescription"]
    types = {one["type"] for one in files}
    if kind in ("Movie", "Episode"):
        if not files:
            yield "file.none"
        if not types & set(MAIN):
            yield "file.missing_type"
        if kind == "Movie" and "Trailer" not in types:
            yield "file.no_trailer"
    active = [one for one in files if one["status"]]
    if files and not active:
        yield "file.inactive"
    if active and max(one["endDate"] for one in active) < now <= record["endDate"]:
        yield "file.expired"
    for one in files:
        start = record["startDate"] if record["startDate"] >= FIRST else 0
        end = record["endDate"] if record["endDate"] >= FIRST else LAST
        if one["startDate"] < start or one["endDate"] > end or one["startDate"] > end:
            yield "file.outside_window"
    main = [one["duration"] for one in files if one["type"] in MAIN]
    if any(abs(one / statistics.median(main) - 1) > 0.02 for one in main if one):
        yield "file.duration_mismatch"


def _window(record: Record, now: int) -> Iterator[str]:
    start, end = record["startDate"], record["endDate"]
    starts, ends = FIRST <= start <= LAST, FIRST <= end < 10**12
    if not starts:
        yield "window.bad_time"
    if not ends:
        yield "window.bad_time"
        return
    if starts and end <= start:
        yield "window.inverted"
    if end < now and record["status"]:
        yield "window.expired"
    if starts and start > now:
        yield "window.not_started"
    if now <= end <= now + 14 * DAY:
        yield "window.ending"
    if end >= now + 50 * YEAR and record["typeDescription"] != "Linear":
        yield "window.endless"


def _texts(record: Record) -> Iterator[str]:
    texts = {
        key: _text(record, f"multilingual{key.capitalize()}") for key in ("name", "description")
    }
    synopsis = record["metas"].get("Short synopsis")
    translated = [*texts.values()]
    if synopsis:
        translated.append(
            {token["language"]: token["value"] for token in synopsis["multilingualValue"]}
        )
    for each in translated:
        yield from ("language.missing" for one in LANGUAGES if not each.get(one, "").strip())
        for one, other in combinations(each.values(), 2):
            if one == other and sum(map(str.isalpha, one)) > 20:
                yield "language.untranslated"
    for key, each in texts.items():
        text = each.get("eng", "")
        if not text.strip():
            yield f"text.missing_{key}"
            continue
        letters = [letter for letter in text if letter.isalpha()]
        other = texts["name" if key == "description" else "description"].get("eng", "")
        tests = {
            "text.placeholder": _is_stand_in(text, other),
            "text.mojibake": _is_mojibake(text),
            "text.control": bool(
                re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
                or re.search("^[\u200b-\u200f]|[\u200b-\u200f]$", text)
            ),
            "text.markup": bool(re.search(r"</?\w+/?>|&#?\w+;", text)),
            "text.residue": "{{" in text or text.endswith('"}') or text == "undefined",
            "text.shouting": len(letters) > 12 and all(map(str.isupper, letters)),
            "text.too_long": len(text) > (100 if key == "name" else 2_000),
        }
        yield from (rule for rule, is_so in tests.items() if is_so)
    name, description = ("".join(texts[key].get("eng", "").split()) for key in texts)
    if name and name.casefold() == description.casefold():
        yield "text.description_is_name"


def _fields(world: World, records: list[Record]) -> Iterator[Finding]:
    metas = {one["id"]: one for one in world.objects["KalturaMeta"]}
    known: dict[str, set[str]] = defaultdict(set)
    for one in world.objects["KalturaTag"]:
        name = _text(metas[str(one["type"])], "multilingualName")["eng"]
        known[name].add(_text(one, "multilingualTag")["eng"])
    structs = {one["id"]: one for one in world.objects["KalturaAssetStruct"]}
    this = datetime.fromtimestamp(world.now, UTC).year
    tags: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        for name, values in _tags(record):
            tags[name].update(values)
    rarer = {name: _rarer(counts) for name, counts in tags.items()}
    for record in records:
        of, asset = structs[record["type"]], str(record["id"])
        types = {}
        for key in of["metaIds"].split(","):
            name = _text(metas[key], "multilingualName")["eng"]
            if not metas[key]["multipleValue"]:
                types[name] = metas[key]["dataType"]
            needed = of["dynamicData"]["mandatoryMetaIds"]["value"].split(",")
            if key in needed and not _has(record, name):
                yield "meta.missing", "media", asset
        for name, value in record["metas"].items():
            plain = value.get("value", "")
            if not isinstance(plain, TYPES[types[name]]):
                yield "meta.type", "media", asset
            elif name == "Year" and not 1888 <= value["value"] <= this + 2:
                yield "meta.out_of_range", "media", asset
        for name, values in _tags(record):
            for value in filter(str.strip, values):
                if value in rarer[name]:
                    yield "meta.near_duplicate", "media", asset
                elif name == "Parental rating" and value not in known[name]:
                    yield "meta.unknown_value", "media", asset


def _tags(record: Record) -> Iterator[tuple[str, list[str]]]:
    for name, value in record["tags"].items():
        yield name, [_text(one, "multilingualValue").get("eng", "") for one in value["objects"]]


def _has(record: Record, name: str) -> bool:
    values = [value for key, of in _tags(record) if key == name for value in of]
    meta = record["metas"].get(name, {}).get("value")
    return any(value.strip() for value in values) or meta is not None


def _rarer(counts: Counter[str]) -> set[str]:
    alike: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        alike[_fold(value)].append(value)
    usual = {max(values, key=lambda value: counts[value]) for values in alike.values()}
    return set(counts) - usual


def _identities(records: list[Record]) -> Iterator[Finding]:
    for prop, rule in (("externalId", "external_id"), ("entryId", "entry_id")):
        times = Counter(record[prop] for record in records)
        for record in records:
            if times[record[prop]] > 1:
                yield f"identity.duplicate_{rule}", "media", str(record["id"])
    groups: dict[Any, list[tuple[str, str]]] = defaultdict(list)
    for record in records:
        year = record["metas"].get("Year", {}).get("value")
        name = _text(record, "multilingualName").get("eng", "")
        if name.strip() and year is not None:
            of = record["metas"].get("Series ID", {}).get("value")
            series = of if record["typeDescription"] == "Episode" else ""
            groups[record["type"], year, series].append((name, str(record["id"])))
    matches = {
        asset
        for group in groups.values()
        for (one, first), (other, second) in combinations(group, 2)
        if _alike(one, other)
        for asset in (first, second)
    }
    yield from (("identity.twin", "media", asset) for asset in matches)


def _alike(first: str, second: str) -> bool:
    words = [[_fold(word) for word in re.split(r"[\W_]+", name)] for name in (first, second)]
    words = [[word for word in own if word] for own in words]
    numbers = [
        [word for at, word in enumerate(own) if word.isdigit() or (at and word in ROMAN)]
        for own in words
    ]
    one, other = sorted((_fold(first), _fold(second)), key=len)
    if numbers[0] != numbers[1]:
        return False
    if one == other:
        return True
    fewer, more = sorted(words, key=len)
    if any(more[:at] + more[at + 1 :] == fewer for at, word in enumerate(more) if len(word) == 1):
        return False
    if len(one) < 8 or len(other) - len(one) > 1:
        return False
    at = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1),
        len(one),
    )
    return one[at + (len(one) == len(other)) :] == other[at + 1 :]


def _series(records: list[Record], structs: dict[str, int]) -> Iterator[Finding]:
    def meta(record: Record, name: str) -> Any:
        return record["metas"].get(name, {}).get("value")

    series = {
        meta(record, "Series ID"): str(record["id"])
        for record in records
        if record["type"] == structs["Series"]
    }
    seasons: dict[tuple[str, Any], list[tuple[int, str]]] = defaultdict(list)
    having = set()
    for record in records:
        if record["type"] != structs["Episode"]:
            continue
        of = meta(record, "Series ID")
        having.add(of)
        if of not in series:
            yield "series.orphan_episode", "media", str(record["id"])
        elif meta(record, "Episode number") is not None:
            place = (of, meta(record, "Season number"))
            seasons[place].append((meta(record, "Episode number"), str(record["id"])))
    for (of, _), episodes in seasons.items():
        times = Counter(number for number, _ in episodes)
        for number, asset in episodes:
            if times[number] > 1:
                yield "series.duplicate_number", "media", asset
        for one, other in pairwise(sorted(times)):
            if other - one > 1:
                yield "series.hole", "media", series[of]
    for of, asset in series.items():
        if of not in having:
            yield "series.empty", "media", asset


def _channels(world: World, records: list[Record]) -> Iterator[Finding]:
    on_air = set(world.epg.numbers["linear_media_id"].tolist())
    for record in records:
        if record["typeDescription"] != "Linear":
            continue
        asset = str(record["id"])
        if not record.get("externalIds"):
            yield "channel.no_epg_id", "media", asset
        if record["enableCatchUp"] and not record.get("catchUpBuffer"):
            yield "channel.catchup_without_buffer", "media", asset
        if record["id"] not in on_air:
            yield "channel.no_programmes", "media", asset
            yield "schedule.no_programmes", "epg", asset


# Programmes


EARLIEST, LATEST = 315_532_800, 4_133_980_800  # 1980-01-01, 2101-01-01
OFF_AIR = {"offair", "sendepause", "sememissao"}
ADULT = 16


def _epg(world: World) -> Iterator[Finding]:
    channels = {
        record["id"]: record
        for record in (world.media.record(row) for row in range(world.media.count))
        if record["typeDescription"] == "Linear"
    }
    by_channel: dict[int, list[Record]] = defaultdict(list)
    for row in range(world.epg.count):
        one = world.epg.record(row)
        one["name"] = _text(one, "multilingualName").get("eng", "")
        one["description"] = _text(one, "multilingualDescription").get("eng", "")
        bad_end = one.get("endDate", 0) >= 10**12
        if bad_end or not EARLIEST <= one["startDate"] < LATEST:
            yield "schedule.bad_time", "epg", str(one["id"])
        if bad_end:
            one["endDate"], one["unreadable"] = None, True
        if EARLIEST <= one["startDate"] < LATEST:
            by_channel[one["linearAssetId"]].append(one)
    begin = (world.now // DAY - 1) * DAY
    starts = [one["startDate"] for of in by_channel.values() for one in of]
    end = -(-(max(starts, default=0) + 1) // DAY) * DAY
    for channel, of in by_channel.items():
        of.sort(key=lambda one: (one["startDate"], one["id"]))
        if channel not in channels:
            yield "schedule.unknown_channel", "epg", str(channel)
        yield from _ends(of)
        yield from _texts_of(of, str(channel))
        for one in of:
            for rule in _alone(one, channels.get(channel)):
                yield rule, "epg", str(one["id"])
        yield from _gaps(of, begin, end, str(channel))
        yield from _twice_and_overlaps(of, str(channel))
        yield from _order(of)
        yield from _half_numbered(of)
        if max(one["believed"] for one in of) - world.now < 5 * DAY:
            yield "schedule.horizon", "epg", str(channel)
        if _is_shifted(of, begin, end):
            yield "schedule.clock_shift", "epg", str(channel)
    yield from _same_channels(by_channel)


def _ends(of: list[Record]) -> Iterator[Finding]:
    """Complete each programme: `end` (None where unknown), `believed`, `covers`."""
    for one in of:
        start, end = one["startDate"], one.get("endDate")
        later = [other["startDate"] for other in of if other["startDate"] > start]
        following = min(later, default=None)
        if end is None and following is not None and following - start <= 8 * HOUR:
            end = following
        elif end is None and "unreadable" not in one:
            yield "schedule.missing_end", "epg", str(one["id"])
        one["end"] = end
        one["believed"] = start if end is None else end
        one["covers"] = min(following or start + DAY, start + 8 * HOUR) if end is None else end
        too_long = end is not None and end - start > 8 * HOUR and _fold(one["name"]) not in OFF_AIR
        if too_long and following is not None:
            one["believed"] = one["covers"] = min(one["end"], following)


def _alone(one: Record, channel: Record | None) -> Iterator[str]:
    name, description, metas = one["name"], one["description"], one["metas"]
    lasts = None if one["end"] is None else one["end"] - one["startDate"]
    flags = ("enableCatchUp", "enableStartOver", "enableCdvr")
    off_air = _fold(name) in OFF_AIR
    runtime = float(metas.get("Runtime", {}).get("value", 0))
    slot = (lasts or 0) / MINUTE
    said = " ".join(name.split()).casefold()
    tests = {
        "schedule.zero_length": lasts == 0,
        "schedule.negative_length": lasts is not None and lasts < 0,
        "schedule.absurd_length": lasts is not None
        and (0 < lasts < MINUTE or (lasts > 8 * HOUR and not off_air)),
        "schedule.missing_title": not name.strip(),
        "schedule.placeholder_title": _fold(name) in EPG_STAND_INS or name == "......",
        "schedule.filler": off_air,
        "schedule.title_is_synopsis": bool(said)
        and said == " ".join(description.split()).casefold().removesuffix("."),
        "schedule.catchup_flag": channel is not None
        and any(one[flag] and not channel[flag] for flag in flags),
        "schedule.runtime": runtime > 0
        and abs(slot - runtime) > 10
        and abs(slot - runtime) > runtime / 5,
        "schedule.watershed": _is_for_adults(one) and lasts is not None and _in_daytime(one),
    }
    for test, wrong in (
        ("mojibake", _is_mojibake),
        ("markup", lambda text: bool(re.search(r"</?[a-z]+/?>|&[a-z]+;", text))),
        ("residue", lambda text: "{{" in text or "${" in text or text == "undefined"),
    ):
        tests[f"schedule.{test}"] = wrong(name) or wrong(description)
    yield from (rule for rule, is_so in tests.items() if is_so)


EPG_STAND_INS = {"tba", "tbc", "noepgdata", "keineinformationen"}


def _is_for_adults(one: Record) -> bool:
    ratings = [
        token["value"]
        for value in one["tags"].get("Parental rating", {}).get("objects", [])
        for token in value["multilingualValue"]
    ]
    return any(rating.isdecimal() and int(rating) >= ADULT for rating in ratings)


def _in_daytime(one: Record) -> bool:
    hours = (
        datetime.fromtimestamp(at, UTC).astimezone(ZONE).hour
        for at in range(one["startDate"], one["end"], MINUTE)
    )
    return any(6 <= hour < 21 for hour in hours)


def _texts_of(of: list[Record], channel: str) -> Iterator[Finding]:
    without = [
        one
        for one in of
        if not one["description"].strip() or _fold(one["description"]) == "nodescriptionavailable"
    ]
    if len(without) == len(of):
        yield "schedule.missing_synopsis", "epg", channel
    else:
        yield from (("schedule.missing_synopsis", "epg", str(one["id"])) for one in without)


def _gaps(of: list[Record], begin: int, end: int, channel: str) -> Iterator[Finding]:
    covered = begin
    for one in [*of, {"startDate": end, "covers": end}]:
        if one["covers"] < one["startDate"]:
            continue
        if one["startDate"] - covered >= MINUTE:
            yield "schedule.gap", "epg", channel
        covered = max(covered, one["covers"])


def _twice_and_overlaps(of: list[Record], channel: str) -> Iterator[Finding]:
    twice: dict[int, tuple[str, Record]] = {}  # the later one's id -> the rule, the earlier one
    for one, other in _close(of):
        earlier, later = sorted((one, other), key=lambda each: each["id"])
        if one["name"] != other["name"] or not one["name"].strip():
            continue
        if (one["startDate"], one["end"]) == (other["startDate"], other["end"]):
            twice[later["id"]] = ("schedule.duplicate", earlier)
        elif (
            other["startDate"] - one["startDate"] <= 300
            and one["end"] is not None
            and one["end"] > other["startDate"]
            and (one["crid"] != other["crid"] or one["externalId"] != other["externalId"])
        ):
            twice.setdefault(later["id"], ("schedule.reingested", earlier))
    once = [one for one in of if one["id"] not in twice]
    rule_of = {earlier["id"]: rule for rule, earlier in twice.values()}
    for rule, run in groupby(once, key=lambda one: rule_of.get(one["id"])):
        ids = {one["id"] for one in run}
        again = [each for each, (_, earlier) in twice.items() if earlier["id"] in ids]
        if rule and len(ids) >= 3:
            yield rule, "epg", channel
        elif rule:
            yield from ((rule, "epg", str(each)) for each in again)
    causes = set()
    for one, other in _close(once):
        ends = (one["end"], other["end"])
        if None in ends or min(ends) <= other["startDate"] or ends[0] <= one["startDate"]:
            continue
        together = one["startDate"] == other["startDate"]
        causes.add(max(one["id"], other["id"]) if together else one["id"])
    yield from (("schedule.overlap", "epg", str(one)) for one in causes)


def _close(of: list[Record]) -> Iterator[tuple[Record, Record]]:
    """Give the pairs that share time, or start within five minutes."""
    for at, one in enumerate(of):
        until = max(one["end"] or 0, one["startDate"] + 301)
        for other in of[at + 1 :]:
            if other["startDate"] >= until:
                break
            yield one, other


def _numbers(one: Record) -> tuple[Any, Any, Any]:
    metas = {name: value.get("value") for name, value in one["metas"].items()}
    series = metas.get("Series ID") or one["name"]
    return series, metas.get("Season number"), metas.get("Episode number")


def _order(of: list[Record]) -> Iterator[Finding]:
    aired: dict[Any, list[tuple[int, Record]]] = defaultdict(list)
    for one in of:
        series, season, episode = _numbers(one)
        if season and episode and int(episode) not in [n for n, _ in aired[series, season]]:
            aired[series, season].append((int(episode), one))
    for episodes in aired.values():
        for four in zip(*(episodes[at:] for at in range(4)), strict=False):
            numbers = [number - four[0][0] for number, _ in four]
            if numbers == [0, 2, 1, 3]:  # all at one time of the day: the demo has no other strips
                yield "schedule.episode_order", "epg", str(four[2][1]["id"])


def _half_numbered(of: list[Record]) -> Iterator[Finding]:
    whole = {series for series, season, episode in map(_numbers, of) if season and episode}
    for one in of:
        series, season, episode = _numbers(one)
        if bool(season) != bool(episode) and series in whole:
            yield "schedule.missing_episode", "epg", str(one["id"])


def _is_shifted(of: list[Record], begin: int, end: int) -> bool:
    """Compare each local day after a clock change with the week before, name by name."""
    changed = next((at for at in range(begin, end, HOUR) if _jump(at)), None)
    if changed is None:
        return False
    step = timedelta(seconds=_offset(changed) - _offset(changed - HOUR))
    airings = [
        (datetime.fromtimestamp(one["startDate"], UTC).astimezone(ZONE).replace(tzinfo=None), one)
        for one in of
    ]
    before = {
        (one["name"], local.time())
        for local, one in airings
        if changed - 7 * DAY <= one["startDate"] < changed
    }
    off: Counter[Any] = Counter()
    kept: Counter[Any] = Counter()
    for local, one in airings:
        if changed <= one["startDate"] < changed + 7 * DAY:
            same = (one["name"], local.time()) in before
            stepped = (one["name"], (local - step).time()) in before
            off[local.date()] += stepped and not same
            kept[local.date()] += same and not stepped
    return any(count >= 3 and count > 2 * kept[day] for day, count in off.items())


def _offset(moment: int) -> float:
    shown = datetime.fromtimestamp(moment, ZONE).utcoffset()
    return shown.total_seconds() if shown else 0


def _jump(moment: int) -> bool:
    return _offset(moment - HOUR) != _offset(moment)


def _same_channels(by_channel: dict[int, list[Record]]) -> Iterator[Finding]:
    """Compare each channel's days with the same hours of every other, and with later ones."""
    shown = {
        channel: {
            (one["startDate"], _fold(one["name"]))
            for one in of
            if one["name"].strip() and _fold(one["name"]) not in OFF_AIR | EPG_STAND_INS
        }
        for channel, of in by_channel.items()
    }
    for first, later in permutations(sorted(shown), 2):
        names = {name for _, name in shown[later]}
        pairs = (
            (day, hours)
            for day in _local_days(shown[first])
            if len(day) >= 8 and len({name for _, name in day}) >= 4
            if sum(name in names for _, name in day) >= 0.9 * len(day)
            for hours in range(0 if first < later else 1, 13)
        )
        if any(_is_same(day, shown[later], hours) for day, hours in pairs):
            yield "schedule.same_as", "epg", str(later)


def _local_days(shown: set[tuple[int, str]]) -> list[set[tuple[int, str]]]:
    days: dict[Any, set[tuple[int, str]]] = defaultdict(set)
    for start, name in shown:
        days[datetime.fromtimestamp(start, UTC).astimezone(ZONE).date()].add((start, name))
    return list(days.values())


def _is_same(day: set[tuple[int, str]], other: set[tuple[int, str]], hours: int) -> bool:
    date = datetime.fromtimestamp(next(iter(day))[0], UTC).astimezone(ZONE).date()
    edges = [
        datetime(one.year, one.month, one.day, tzinfo=ZONE).timestamp()
        for one in (date, date + timedelta(days=1))
    ]
    moved = {(start - hours * HOUR, name) for start, name in other}
    theirs = {(start, name) for start, name in moved if edges[0] <= start < edges[1]}
    both = len(day & theirs)
    return len(theirs) >= 8 and both >= 0.9 * len(day) and both >= 0.9 * len(theirs)


# Households


def _people(world: World) -> Iterator[Finding]:
    objects, now = world.objects, world.now
    devices, users = (defaultdict(list) for _ in range(2))
    for one in objects["KalturaHouseholdDevice"]:
        devices[one["householdId"]].append(one)
    for one in objects["KalturaHouseholdUser"]:
        users[one["householdId"]].append(one)
    for home in objects["KalturaHousehold"]:
        for rule in _home(home, users[home["id"]], devices[home["id"]], now):
            yield rule, "household", str(home["id"])
    homes = defaultdict(set)
    for one in objects["KalturaHouseholdDevice"]:
        homes[one["udid"]].add(one["householdId"])
        if now - one["lastActivityTime"] > 365 * DAY:
            yield "device.idle", "device", one["udid"]
    for udid, of in homes.items():
        if len(of) > 1:
            yield "device.duplicate_udid", "device", udid
    for user in objects["KalturaOTTUser"]:
        if "lastLoginDate" not in user and now - user["createDate"] > 30 * DAY:
            yield "user.never_logged_in", "user", user["id"]


def _home(home: Record, users: list[Record], devices: list[Record], now: int) -> Iterator[str]:
    for word, of in (("devices", devices), ("users", users)):
        limit = home[f"{word}Limit"]
        if limit and len(of) > limit:
            yield f"household.over_{word}"
        if limit and len(of) == limit:
            yield "household.at_limit"
    if not users:
        yield "household.empty"
    elif not any(one["isMaster"] for one in users):
        yield "household.no_master"
    if home["state"] == "suspended":
        yield "household.suspended"
    if devices and all(now - one["lastActivityTime"] > 180 * DAY for one in devices):
        yield "household.idle"
    if max(home["frequencyNextDeviceAction"], home["frequencyNextUserAction"]) > now:
        yield "household.frequency_lock"
