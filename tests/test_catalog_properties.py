"""Each rule of the audit at its threshold: what lies just inside is let be, just outside is found.

Whatever the thresholds and the order of rows: each rule gets assets that are clean but for one
thing, all rules in one table, so that no rule sees what was made for another as its own.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from string import ascii_uppercase
from typing import Any, TypeAlias

import msgspec
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from made_assets import (
    DAY,
    END,
    EPISODE,
    FILES,
    LINEAR,
    LIVE,
    MEDIA,
    MOVIE,
    NOW,
    SERIES,
    START,
    YEAR,
    asset,
    file,
    image,
    number,
    tag,
    word,
)  # fmt: skip

from kott_notebooks import catalog
from kott_notebooks.catalog.audit import FAMILIES
from kott_notebooks.tables import frames

Record: TypeAlias = dict[str, Any]
Made: TypeAlias = tuple[bool, Record]  # whether the rule finds it
Case: TypeAlias = Callable[[catalog.Rules], Iterator[Made]]

FINE, WRONG = False, True
LABELS = pd.DataFrame(
    [
        ("assetStruct", str(MOVIE), "Movie", "Movie", None, "1,2,3,4"),
        ("meta", "1", "Year", "Year", "NUMBER", None),
        ("meta", "2", "Adult", "Adult", "BOOLEAN", None),
        ("meta", "3", "Genre", "Genre", "MULTILINGUAL_STRING", None),
        ("meta", "4", "Parental rating", "Rating", "STRING", None),
    ],
    columns=["kind", "id", "name", "systemName", "dataType", "metaIds"],
)


def letters(seed: object, count: int) -> str:
    """Make a word of its own for each seed, far from those of others, of 40 letters at most."""
    digits = hashlib.sha1(str(seed).encode()).hexdigest()
    return "".join(chr(97 + int(digit, 16)) for digit in digits)[:count].capitalize()


def sentence(characters: int) -> str:
    return ("so it goes on and on " * 200)[: characters - 1] + "."


def unbound(**window: int) -> Record:
    """Make an asset of this window, whose files have none of their own."""
    files = [one | {"startDate": None, "endDate": None} for one in FILES]
    return asset(mediaFiles=files, **window)


def episode(series: str, number_: int) -> Record:
    metas = {"Series ID": word(series), "Episode number": number(number_)}
    return asset(EPISODE, metas=metas)


def series(key: str) -> Record:
    return asset(SERIES, metas={"Series ID": word(key)})


def channel(**changes: Any) -> Record:
    usual = {"objectType": LIVE, "externalIds": "7", "images": [image("1:1")], "onAir": True}
    flags = {"enableCatchUp": True, "catchUpBuffer": 60}
    return asset(LINEAR, metas={"Channel number": number(1)}, **{**usual, **flags, **changes})


# What each rule is given


def image_none(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(images=[image("4:3")])
    yield WRONG, asset(images=[])


def image_missing_ratio(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(images=[image("16x9"), image("2:3")])
    yield WRONG, asset(images=[image("2:3"), image("4:3")])


def image_too_small(rules: catalog.Rules) -> Iterator[Made]:
    widths = rules.widths
    for less, findings in ((0, FINE), (1, WRONG)):
        yield findings, asset(images=[image("16:9", widths["16:9"] - less), image("2:3")])
        yield findings, asset(images=[image("2:3", widths["2:3"] - less), image("16:9")])
        yield findings, channel(images=[image("1:1", widths["1:1"] - less)])


def image_default(rules: catalog.Rules) -> Iterator[Made]:
    stand_in = [image("16:9", default=True), image("2:3")]
    yield FINE, asset(images=[*stand_in, image("16:9")])
    yield WRONG, asset(images=stand_in)


def file_none(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(mediaFiles=FILES[2:])
    yield WRONG, asset(mediaFiles=[])


def file_inactive(rules: catalog.Rules) -> Iterator[Made]:
    off = [one | {"status": False} for one in FILES]
    yield FINE, asset(mediaFiles=[*off[1:], FILES[0]])
    yield WRONG, asset(mediaFiles=off)


def file_expired(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(mediaFiles=[one | {"endDate": NOW} for one in FILES])
    yield WRONG, asset(mediaFiles=[one | {"endDate": NOW - 1} for one in FILES])


def file_outside_window(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(mediaFiles=[one | {"startDate": START, "endDate": END} for one in FILES])
    yield WRONG, asset(mediaFiles=[FILES[0] | {"startDate": START - 1}, *FILES[1:]])
    yield WRONG, asset(mediaFiles=[FILES[0] | {"endDate": END + 1}, *FILES[1:]])


def file_missing_type(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(mediaFiles=FILES[1:])
    yield WRONG, asset(mediaFiles=FILES[2:])


def file_duration_mismatch(rules: catalog.Rules) -> Iterator[Made]:
    most = round(100 * rules.thresholds.duration_percent)
    for off, findings in ((most, FINE), (most + 1, WRONG)):
        main = [file("HLS_Main", duration=10_000 - off), file("DASH_Main", duration=10_000 + off)]
        yield findings, asset(mediaFiles=[*main, FILES[2]])


def file_no_trailer(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(mediaFiles=FILES)
    yield WRONG, asset(mediaFiles=FILES[:2])


def window_inverted(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, unbound(startDate=NOW + 9 * YEAR, endDate=NOW + 9 * YEAR + 1)
    yield WRONG, unbound(startDate=NOW + 9 * YEAR, endDate=NOW + 9 * YEAR)


def window_expired(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, unbound(endDate=NOW)
    yield WRONG, unbound(endDate=NOW - 1)


def window_not_started(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, unbound(startDate=NOW)
    yield WRONG, unbound(startDate=NOW + 1)


def window_ending(rules: catalog.Rules) -> Iterator[Made]:
    last = NOW + round(rules.thresholds.ending_days * DAY)
    yield FINE, unbound(endDate=last + 1)
    yield FINE, unbound(endDate=NOW - 1)
    yield WRONG, unbound(endDate=last)
    yield WRONG, unbound(endDate=NOW)


def window_endless(rules: catalog.Rules) -> Iterator[Made]:
    years = pd.DateOffset(years=int(rules.thresholds.endless_years))
    never = int((pd.Timestamp(NOW, unit="s") + years).timestamp())
    yield FINE, unbound(endDate=never - 1)
    yield from ((WRONG, unbound(endDate=end)) for end in (never, 253_402_300_799, 10**12 - 1))


def window_bad_time(rules: catalog.Rules) -> Iterator[Made]:
    yield from ((FINE, unbound(endDate=end)) for end in (0, 315_532_800, 10**12 - 1))
    yield from (
        (WRONG, unbound(endDate=end)) for end in (1, 315_532_799, 10**12, 9_999_999_999_999)
    )
    yield WRONG, unbound(startDate=253_402_300_800)


def meta_missing(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(metas={"Year": number(2000)})
    yield WRONG, asset(metas={"Year": {"objectType": "KalturaDoubleValue"}})
    yield WRONG, asset(tags={"Genre": tag(" ")})


def meta_type(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(metas={"Adult": word("true")})
    yield WRONG, asset(metas={"Adult": word("2")})


def meta_out_of_range(rules: catalog.Rules) -> Iterator[Made]:
    first, last = rules.thresholds.year_first, 2026 + rules.thresholds.years_ahead
    for less, findings in ((0, FINE), (1, WRONG)):
        yield findings, asset(metas={"Year": number(first - less)})
        yield findings, asset(metas={"Year": number(last + less)})


def meta_unknown_value(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(tags={"Parental rating": tag("16")})
    yield WRONG, asset(tags={"Parental rating": tag("16", "17")})


def meta_near_duplicate(rules: catalog.Rules) -> Iterator[Made]:
    yield from ((FINE, asset(tags={"Mood": tag(mood)})) for mood in ("Sci-Fi", "Sci-Fi", "Sci-Fix"))
    yield WRONG, asset(tags={"Mood": tag("sci fi")})


def text_missing_name(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(name="?")
    yield from ((WRONG, asset(name=blank)) for blank in (None, "", " \n"))


def text_missing_description(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(description="?")
    yield from ((WRONG, asset(description=blank)) for blank in (None, "", "\u00a0"))


def text_placeholder(rules: catalog.Rules) -> Iterator[Made]:
    yield from ((FINE, asset(description=fine)) for fine in ("A test of time", "TBA Radio", "MM"))
    yield from ((WRONG, asset(description=wrong)) for wrong in ("T.B.A.", "n/a", "???", "mmmm"))


def text_mojibake(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(description="S\xe3o Paulo \xe0 la carte")
    yield WRONG, asset(description="S\xc3\xa3o Paulo")


def text_control(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(description="Two\nlines")
    yield WRONG, asset(description="Two\x07bells")


def text_markup(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(description="3 < 4 & 5 > 4")
    yield WRONG, asset(description="3 &lt; 4")


def text_residue(rules: catalog.Rules) -> Iterator[Made]:
    yield from ((FINE, asset(description=fine)) for fine in ("A { of }", "NULL", "100 %"))
    yield from ((WRONG, asset(description=wrong)) for wrong in ("{{x}}", "null", 'A."}', "%s"))


def text_shouting(rules: catalog.Rules) -> Iterator[Made]:
    most = rules.thresholds.shouting_letters
    yield FINE, asset(description=ascii_uppercase[:most])
    yield WRONG, asset(description=ascii_uppercase[: most + 1])


def text_too_long(rules: catalog.Rules) -> Iterator[Made]:
    limits = rules.thresholds
    for field, most in (
        ("name", limits.name_characters),
        ("description", limits.description_characters),
    ):
        yield FINE, asset(**{field: sentence(most)})
        yield WRONG, asset(**{field: sentence(most + 1)})


def text_description_is_name(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, asset(name="Quiet Ferry", description="Quiet Ferry.")
    yield WRONG, asset(name="Loud Tram", description=" loud  TRAM")


def identity_duplicate_external_id(rules: catalog.Rules) -> Iterator[Made]:
    yield from ((FINE, asset(externalId=id)) for id in ("X1", "x1", " "))
    yield from ((WRONG, asset(externalId=id)) for id in ("X2", "X2 "))


def identity_duplicate_entry_id(rules: catalog.Rules) -> Iterator[Made]:
    yield from ((FINE, asset(entryId=id)) for id in ("1_a", "1_A", ""))
    yield from ((WRONG, asset(entryId=id)) for id in ("1_b", "1_b"))


def identity_twin(rules: catalog.Rules) -> Iterator[Made]:
    least = rules.thresholds.twin_letters
    for less, findings in ((1, FINE), (0, WRONG)):
        name = letters(("twin", less), least - less)
        yield findings, asset(name=name)
        yield findings, asset(name=f"{name[:-1]}z")
    yield from ((WRONG, asset(name=name)) for name in ("\xc9t\xe9", "ete!"))


def series_orphan_episode(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, series("orphan 1")
    yield FINE, episode("orphan 1", 1)
    yield WRONG, episode("orphan 2", 1)


def series_hole(rules: catalog.Rules) -> Iterator[Made]:
    for key, numbers, findings in (("hole 1", (3, 4), FINE), ("hole 2", (3, 5), WRONG)):
        yield findings, series(key)
        yield from ((FINE, episode(key, number_)) for number_ in numbers)


def series_duplicate_number(rules: catalog.Rules) -> Iterator[Made]:
    for key, numbers, findings in (("double 1", (1, 2), FINE), ("double 2", (1, 1), WRONG)):
        yield FINE, series(key)
        yield from ((findings, episode(key, number_)) for number_ in numbers)


def series_empty(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, series("full")
    yield FINE, episode("full", 1)
    yield WRONG, series("empty")


def channel_no_epg_id(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, channel(externalIds="8")
    yield WRONG, channel(externalIds=" ")


def channel_no_programmes(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, channel(onAir=True)
    yield WRONG, channel(onAir=False)


def channel_catchup_without_buffer(rules: catalog.Rules) -> Iterator[Made]:
    yield FINE, channel(catchUpBuffer=1)
    yield FINE, channel(catchUpBuffer=0, enableCatchUp=False)
    yield from ((WRONG, channel(catchUpBuffer=none)) for none in (0, None))


CASES: dict[str, Case] = {
    f"{family}.{rule}": case
    for name, case in list(globals().items())
    for family, _, rule in [name.partition("_")]
    if f"{family}.{rule}" in catalog.rules().severities
}


# The properties


@st.composite
def rules_of_all_kinds(draw: st.DrawFn) -> catalog.Rules:
    """Draw thresholds from all that a partner could want."""
    usual = catalog.rules()
    limits = msgspec.structs.replace(
        usual.thresholds,
        ending_days=draw(st.integers(1, 60)),
        endless_years=draw(st.integers(20, 80)),
        duration_percent=draw(st.integers(1, 20)),
        year_first=draw(st.integers(1850, 1950)),
        years_ahead=draw(st.integers(0, 9)),
        name_characters=draw(st.integers(50, 150)),
        description_characters=draw(st.integers(151, 3_000)),
        shouting_letters=draw(st.integers(5, 20)),
        twin_letters=draw(st.integers(5, 12)),
    )
    width = st.integers(2, 1_000)  # no more than clean images have
    widths = {ratio: draw(width) for ratio in usual.widths}
    values = {"Parental rating": ("12", "16")}
    return msgspec.structs.replace(usual, thresholds=limits, widths=widths, values=values)


def test_every_rule_has_a_case() -> None:
    """But for those that have a test of their own, below."""
    apart = {"language.missing", "language.untranslated", "field.unused"}
    own = {rule for rule in catalog.rules().severities if rule.partition(".")[0] in FAMILIES}
    assert set(CASES) == own - apart


@settings(max_examples=5)
@given(rules_of_all_kinds(), st.randoms(use_true_random=False))
def test_what_is_inside_is_let_be_and_what_is_outside_is_found(
    rules: catalog.Rules, chance: random.Random
) -> None:
    """Each rule finds what was made wrong for it and lets be what is just right; in any order."""
    made = [(rule, *one) for rule, case in CASES.items() for one in case(rules)]
    made += [("", FINE, asset()) for _ in range(chance.randint(1, 5))]
    chance.shuffle(made)
    records = [named(record, place) for place, (_, _, record) in enumerate(made)]
    on_air = [record["id"] for record in records if record.pop("onAir", False)]
    guide = pd.DataFrame({"linearAssetId": pd.array(on_air, dtype="Int64")})
    now = datetime.fromtimestamp(NOW, UTC)
    table = frames.frame(records, MEDIA)
    findings = catalog.audit(table, labels=LABELS, epg=guide, rules=rules, now=now)
    pairs = set(zip(findings["rule"], findings["id"], strict=True))
    ids = set(findings["id"])
    for place, (rule, wrong, _) in enumerate(made):
        assert ((rule, str(place)) in pairs) == wrong, (rule, records[place])
        assert rule or str(place) not in ids, records[place]


def named(record: Record, place: int) -> Record:
    """Give an asset its id, and a name that is like no other where it has the usual one."""
    usual = record["name"] == asset()["name"]
    return {**record, "id": place, "name": letters(place, 30) if usual else record["name"]}


LANGUAGES = ("eng", "fra", "ell")


@settings(max_examples=5)
@given(st.lists(st.sets(st.sampled_from(LANGUAGES), min_size=1), min_size=1, max_size=8))
def test_every_language_that_is_missing_is_found(spoken: list[set[str]]) -> None:
    """One finding a name and language; those that are asked for are there or found."""
    rules = msgspec.structs.replace(catalog.rules(), languages=LANGUAGES)
    findings = catalog.audit(abroad([{one: letters((i, one), 20) for one in has}
                                  for i, has in enumerate(spoken)]), rules=rules)  # fmt: skip
    missing = findings[findings["rule"] == "language.missing"]
    assert sorted(zip(missing["id"], missing["field"], strict=True)) == sorted(
        (str(place), f"name@{one}")
        for place, has in enumerate(spoken)
        for one in set(LANGUAGES) - has
    )


@settings(max_examples=5)
@given(st.integers(3, 39), st.integers(-1, 1))
def test_the_same_text_in_two_languages_is_found_from_its_length_on(most: int, more: int) -> None:
    """Up to the threshold it may be a name."""
    limits = msgspec.structs.replace(catalog.rules().thresholds, untranslated_letters=most)
    rules = msgspec.structs.replace(catalog.rules(), thresholds=limits)
    text = letters("same", most + more)
    findings = catalog.audit(
        abroad([{"eng": text, "fra": text}, {"eng": "a", "fra": "b"}]), rules=rules
    )
    same = findings.loc[findings["rule"] == "language.untranslated", "id"]
    assert same.tolist() == ["0"] * (more > 0)


def abroad(names: list[dict[str, str]]) -> pd.DataFrame:
    """Make assets with names in these languages."""
    translations = [
        [{"language": one, "value": text} for one, text in own.items()] for own in names
    ]
    records = [{"id": i, "type": 9, "multilingualName": one} for i, one in enumerate(translations)]
    return frames.frame(records, MEDIA)


@settings(max_examples=5)
@given(st.integers(1, 6), st.integers(0, 6))
def test_a_field_is_nowhere_only_if_no_row_has_it(rows: int, with_it: int) -> None:
    """One row that has it is enough; then the others are found by the field's own rule."""
    with_it = min(rows, with_it)
    records = [
        {
            "id": i,
            "type": MOVIE,
            "name": letters(i, 20),
            "description": "?" if i < with_it else None,
        }
        for i in range(rows)
    ]
    findings = catalog.audit(frames.frame(records, MEDIA))
    nowhere = findings.loc[findings["rule"] == "field.unused", "field"].tolist()
    missing = (findings["rule"] == "text.missing_description").sum()
    assert ("description" in nowhere) == (with_it == 0)
    assert missing == (rows - with_it if with_it else 0)
