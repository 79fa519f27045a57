"""What each rule of the audit finds, just inside its threshold and just outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_assets import (
    DAY,
    END,
    EPISODE,
    FILES,
    IMAGES,
    LINEAR,
    LIVE,
    MEDIA,
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
from kott_notebooks.audits.findings import DTYPES
from kott_notebooks.catalog.rules_identity import Title, is_edit, near
from kott_notebooks.errors import KottError
from kott_notebooks.tables import frames, nested
from kott_notebooks.tables.provenance import facts, with_facts

Finding = tuple[str, str]  # rule, field


CLEAN = asset(name="Something Else", metas={"Year": number(1950)})


def table(*records: dict[str, Any]) -> pd.DataFrame:
    """Make the table that kott.assets would give: these, and last a clean one."""
    numbered = [{"id": 10 + i, **record} for i, record in enumerate([*records, CLEAN])]
    return frames.frame(numbered, MEDIA)


def audit(*records: dict[str, Any], **options: Any) -> pd.DataFrame:
    findings = catalog.audit(table(*records), now=datetime.fromtimestamp(NOW, UTC), **options)
    return findings[findings["rule"] != "field.unused"].reset_index(drop=True)


def judged(*records: dict[str, Any], **options: Any) -> list[Finding]:
    """Name what is found: rule and field."""
    findings = audit(*records, **options)
    return list(zip(findings["rule"], findings["field"], strict=True))


def with_rules(**changes: Any) -> catalog.Rules:
    return msgspec.structs.replace(catalog.rules(), **changes)


def test_nothing_is_wrong_with_a_clean_asset() -> None:
    """What the other tests change has nothing wrong by itself."""
    assert judged(asset()) == []


# Images


@pytest.mark.parametrize("images", [[], None])
def test_no_image_at_all(images: list[Any] | None) -> None:
    """Each ratio is missing too."""
    assert judged(asset(images=images)) == [
        ("image.none", "images"),
        ("image.missing_ratio", "images.16:9"),
        ("image.missing_ratio", "images.2:3"),
    ]


def test_a_ratio_is_there_however_it_is_written() -> None:
    """16x9 is 16:9; a label is no ratio."""
    assert judged(asset(images=[image("16x9"), image("Poster")])) == [
        ("image.missing_ratio", "images.2:3")
    ]


def test_a_channel_needs_a_square_image_alone() -> None:
    """What is needed depends on the struct."""
    channel = asset(LINEAR, images=[image("2:3")], metas={"Channel number": number(1)})
    assert judged(channel) == [("image.missing_ratio", "images.1:1")]


@pytest.mark.parametrize(("ratio", "least"), [("16:9", 640), ("2:3", 480)])
def test_the_largest_image_of_a_ratio_is_judged(ratio: str, least: int) -> None:
    """One pixel less is too small; without a width nobody knows."""
    others = [one for one in IMAGES if one["ratio"] != ratio]
    small = [*others, image(ratio, least - 1), image(ratio, 10)]
    assert judged(asset(images=small)) == [("image.too_small", f"images.{ratio}")]
    assert judged(asset(images=[*small, image(ratio, least)])) == []
    assert judged(asset(images=[*others, image(ratio, None)])) == []


def test_a_default_picture_is_found_where_there_is_no_other() -> None:
    """One that is real is enough."""
    alike = [image("16:9", default=True), image("2:3")]
    assert judged(asset(images=alike)) == [("image.default", "images.16:9")]
    assert judged(asset(images=[*alike, image("16:9")])) == []


# Files


def test_what_is_played_needs_a_file() -> None:
    """A movie needs its main file and a trailer, a series none."""
    assert [rule for rule, _ in judged(asset(mediaFiles=[]))] == [
        "file.none", "file.missing_type", "file.no_trailer",
    ]  # fmt: skip
    series = asset(SERIES, mediaFiles=[], metas={"Series ID": word("S")})
    episode = asset(EPISODE, mediaFiles=FILES[:1], name="Other")
    assert judged(series, episode) == []


def test_one_of_the_main_types_is_enough() -> None:
    """HLS or DASH; a trailer is no feature."""
    assert judged(asset(mediaFiles=FILES[1:])) == []
    assert judged(asset(mediaFiles=FILES[2:])) == [("file.missing_type", "mediaFiles")]


def test_files_that_are_all_off() -> None:
    """One that is on is enough; a file that does not tell is on."""
    off = [one | {"status": False} for one in FILES]
    assert judged(asset(mediaFiles=off)) == [("file.inactive", "mediaFiles")]
    assert judged(asset(mediaFiles=[*off[1:], FILES[0] | {"status": None}])) == []


@pytest.mark.parametrize(("end", "expected"), [(NOW - 1, ["file.expired"]), (NOW, [])])
def test_active_files_that_have_all_ended(end: int, expected: list[str]) -> None:
    """An inactive file that goes on is no help."""
    files = [one | {"endDate": end} for one in FILES[1:]] + [FILES[0] | {"status": False}]
    assert [rule for rule, _ in judged(asset(mediaFiles=files))] == expected


@pytest.mark.parametrize(
    ("window", "how"),
    [
        ({"startDate": START - 1}, "HLS_Main starts before the asset."),
        ({"endDate": END + 1}, "HLS_Main ends after the asset."),
        ({"startDate": START - 1, "endDate": END + 1}, "starts before the asset and ends after it"),
        ({"startDate": END + 1, "endDate": END + 2}, "starts after the asset has ended"),
    ],
)
def test_a_file_stays_in_its_asset_s_window(window: dict[str, int], how: str) -> None:
    """A second outside is found, one finding a file, with the file's window."""
    findings = audit(asset(mediaFiles=[FILES[0] | window, *FILES[1:]]))
    assert findings["rule"].tolist() == ["file.outside_window"]
    assert how in findings["detail"].iloc[0]
    start = window.get("startDate", START)
    assert findings["startDate"].tolist() == [pd.Timestamp(start, unit="s", tz="UTC")]


@pytest.mark.parametrize(("off", "expected"), [(100, []), (101, ["file.duration_mismatch"])])
def test_main_files_last_as_long_as_each_other(off: int, expected: list[str]) -> None:
    """Two per cent of their median are allowed; the trailer is shorter anyway."""
    main = [file("HLS_Main", duration=5_000 - off), file("DASH_Main", duration=5_000 + off)]
    assert [rule for rule, _ in judged(asset(mediaFiles=[*main, FILES[2]]))] == expected


# Windows

FIFTY_YEARS = int((pd.Timestamp(NOW, unit="s") + pd.DateOffset(years=50)).timestamp())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (START, NOW - 1, ["window.expired"]),
        (START, NOW, ["window.ending"]),
        (START, NOW + 14 * DAY, ["window.ending"]),
        (START, NOW + 14 * DAY + 1, []),
        (START, FIFTY_YEARS - 1, []),
        (START, FIFTY_YEARS, ["window.endless"]),
        (NOW, END, []),
        (NOW + 1, END, ["window.not_started"]),
        (NOW + 9 * YEAR, NOW + 9 * YEAR, ["window.inverted", "window.not_started"]),
        (None, None, []),
    ],
)
def test_windows_at_their_thresholds(
    start: int | None, end: int | None, expected: list[str]
) -> None:
    """A second makes the difference."""
    moved = asset(startDate=start, endDate=end, mediaFiles=[
        one | {"startDate": None, "endDate": None} for one in FILES
    ])  # fmt: skip
    assert [rule for rule, _ in judged(moved)] == expected


def test_what_is_off_may_have_ended() -> None:
    """Only an active asset is found."""
    files = [one | {"endDate": None, "status": True} for one in FILES]
    assert judged(asset(endDate=NOW - 1, status=False, mediaFiles=files)) == []


# Metas and tags


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"metas": {"Year": {"objectType": "KalturaDoubleValue"}}}, "Year"),
        ({"tags": {"Genre": tag()}}, "Genre"),
        ({"tags": {"Genre": tag(" ")}}, "Genre"),
    ],
)
def test_a_mandatory_field_is_absent_or_blank(changes: dict[str, Any], field: str) -> None:
    """The field is named as the rules name it; KSQL says it too."""
    findings = audit(asset(**changes))
    assert findings[["rule", "severity", "field"]].to_numpy().tolist() == [
        ["meta.missing", "error", field]
    ]
    assert "asset_type='425' " in findings["ksql"].iloc[0]


LABELS = pd.DataFrame(
    [
        ("assetStruct", "425", "Film", "Feature", None, "1,2,3,4,5"),
        ("meta", "1", "Year", "year", "NUMBER", None),
        ("meta", "2", "Adult", "adult", "BOOLEAN", None),
        ("meta", "3", "Released", "released", "DATE", None),
        ("meta", "4", "Short title", "short", "STRING", None),
        ("meta", "5", "Genre", "genre", "MULTILINGUAL_STRING", None),
        ("meta", "6", "Parental rating", "rating", "STRING", None),
    ],
    columns=["kind", "id", "name", "systemName", "dataType", "metaIds"],
)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("Year", "2001", "soon"),
        ("Adult", "false", "2"),
        ("Released", "1700000000", "next spring"),
    ],
)
def test_a_meta_has_the_type_of_its_definition(name: str, good: str, bad: str) -> None:
    """A column that holds both types is text, and each value is read."""
    own = {"Feature": catalog.rules().structs["Movie"]} | catalog.rules().structs
    options = {"labels": LABELS, "rules": with_rules(structs=own)}
    assert ("meta.type", f"metas.{name}") in judged(asset(metas={name: word(bad)}), **options)
    fine = judged(asset(metas={name: word(good)}), **options)
    assert [rule for rule, _ in fine if rule == "meta.type"] == []


def test_a_number_is_no_text() -> None:
    """A column of numbers does not hold what a definition calls text; of others nobody knows."""
    numbered = asset(metas={"Short title": number(3)})
    entity = LABELS.replace({"dataType": {"STRING": "RELEATED_ENTITY"}})
    assert ("meta.type", "metas.Short title") in judged(numbered, labels=LABELS)
    assert ("meta.type", "metas.Short title") not in judged(numbered, labels=entity)


def test_a_struct_is_not_asked_for_metas_that_it_does_not_have() -> None:
    """The labels say which it has, and how it is called."""
    feature = {"Feature": catalog.rules().structs["Movie"]} | catalog.rules().structs
    bare = asset(tags={"Parental rating": tag(), "Genre": tag()})
    findings = judged(bare, labels=LABELS, rules=with_rules(structs=feature))
    assert [field for rule, field in findings if rule == "meta.missing"] == ["Genre"]


@pytest.mark.parametrize(("year", "expected"), [(1887, 1), (1888, 0), (2028, 0), (2029, 1)])
def test_years_there_can_be(year: int, expected: int) -> None:
    """From the oldest film to two years ahead."""
    rules = [rule for rule, _ in judged(asset(metas={"Year": number(year)}))]
    assert rules == ["meta.out_of_range"] * expected


def test_a_range_of_the_rules() -> None:
    """Its ends are within it."""
    rules = with_rules(ranges={"Score": (0.0, 10.0)})
    scores = [asset(name=f"Title {s}", metas={"Score": number(s)}) for s in (0, 10, 10.1)]
    findings = audit(*scores, rules=rules)
    assert findings[["rule", "id"]].to_numpy().tolist() == [["meta.out_of_range", "12"]]
    assert findings["detail"].iloc[0] == "Its Score is 10.1: not 0 to 10."


def test_a_value_outside_its_list() -> None:
    """Several of one asset are one finding."""
    rules = with_rules(values={"Parental rating": ("12", "16")})
    findings = audit(asset(tags={"Parental rating": tag("12", "R", "X")}), rules=rules)
    assert findings[["rule", "field"]].to_numpy().tolist() == [
        ["meta.unknown_value", "tags.Parental rating"]
    ]
    assert "R: is not in the list" in findings["detail"].iloc[0]


def test_a_list_of_values_and_a_range_hold_for_metas_and_tags_each() -> None:
    """A meta may have a list; a tag has no range."""
    rules = with_rules(values={"Quality": ("HD", "UHD")}, ranges={"Genre": (0.0, 1.0)})
    qualities = [asset(name=f"Title {q}", metas={"Quality": word(q)}) for q in ("HD", "4K")]
    findings = audit(*qualities, rules=rules)
    assert findings[["rule", "id", "ksql"]].to_numpy().tolist() == [
        ["meta.unknown_value", "11", "(and asset_type='media' Quality='4K')"]
    ]


@pytest.mark.parametrize("value", ["100%27", "x" * 5_000])
def test_what_ksql_cannot_say_is_left_out(value: str) -> None:
    """A filter has an end, and a %27 would be a quote."""
    rules = with_rules(values={"Parental rating": ("12",)})
    findings = audit(asset(tags={"Parental rating": tag(value)}), rules=rules)
    assert findings["rule"].tolist() == ["meta.unknown_value"]
    assert findings["ksql"].isna().all()


def test_the_rarer_of_two_spellings() -> None:
    """Case, blanks, punctuation and accents aside; KSQL cannot tell case, and then says nothing."""
    usual = [asset(name=f"Title {i}", tags={"Genre": tag("Sci-Fi")}) for i in "ab"]
    one, other = (asset(tags={"Genre": tag(v)}, name=v) for v in ("sci fi", "SCI-FI"))
    findings = audit(*usual, one)
    assert findings[["rule", "id", "field"]].to_numpy().tolist() == [
        ["meta.near_duplicate", "12", "tags.Genre"]
    ]
    assert findings["ksql"].iloc[0] == "(and asset_type='media' Genre='sci fi')"
    assert audit(*usual, other)["ksql"].isna().tolist() == [True]


# Languages


def spoken(**texts: str) -> list[dict[str, str]]:
    return [{"language": language, "value": value} for language, value in texts.items()]


def abroad(**changes: Any) -> dict[str, Any]:
    """Make an asset in two languages."""
    named = {"multilingualName": spoken(eng="Harbour", fra="Port")}
    lines = {"multilingualDescription": spoken(eng="Nobody leaves.", fra="Personne ne part.")}
    return asset(name=None, description=None, **{**named, **lines, **changes})


def test_a_text_is_missing_in_a_language() -> None:
    """Languages are those that occur, or the rules'; a blank text is none."""
    half = abroad(multilingualName=spoken(eng="Harbour", fra=" "))
    options: dict[str, Any] = {"now": datetime.fromtimestamp(NOW, UTC)}
    two = frames.frame([{"id": 1, **half}, {"id": 2, **abroad()}], MEDIA)

    def missing(rules: catalog.Rules | None = None) -> list[list[str]]:
        findings = catalog.audit(two, rules=rules, **options)
        return (
            findings.loc[findings["rule"] == "language.missing", ["id", "field"]]
            .to_numpy()
            .tolist()
        )

    assert missing() == [["1", "name@fra"]]
    assert missing(with_rules(languages=("eng",))) == []
    assert ["2", "name@ell"] in missing(with_rules(languages=("ell",)))


def test_every_column_of_a_field_is_judged_by_its_own_numbers() -> None:
    """A tag of the same name comes to nothing, and hides nothing."""
    early = asset(metas={"Year": number(2001), "YEAR": number(1700)}, tags={"Year": tag("x")})
    own = table(early)
    turned = own[[*sorted(own.columns, key=lambda name: name == "metas.Year")]]
    for one in (own, turned, own[own.columns[::-1]]):
        findings = catalog.audit(one, now=datetime.fromtimestamp(NOW, UTC))
        odd = findings[findings["rule"] == "meta.out_of_range"]
        assert odd["field"].tolist() == ["metas.YEAR"]
        assert odd["detail"].tolist() == ["Its YEAR is 1700: not 1888 to 2028."]


def test_a_flag_from_excel_is_a_flag() -> None:
    """A column of flags and blanks comes back as 1.0 and nothing; a 2 is still none."""
    flagged = table(asset(metas={"Adult": {"value": True}}), asset())
    for value, findings in ((1.0, 0), (2.0, 1)):
        adult = pd.DataFrame({"metas.Adult": [value, None, None]})
        numbers = flagged.drop(columns="metas.Adult").join(adult)
        rules = catalog.audit(numbers, labels=LABELS, now=datetime.fromtimestamp(NOW, UTC))["rule"]
        assert (rules == "meta.type").sum() == findings


def test_labels_that_a_role_may_not_read_hide_no_defect() -> None:
    """Without the metas, each struct is asked for what the rules say, and meta.type is told."""
    bare = asset(tags={"Genre": tag()})
    refused = LABELS[LABELS["kind"] != "meta"]
    findings = audit(bare, labels=refused)
    assert ("meta.missing", "Genre") in set(zip(findings["rule"], findings["field"], strict=True))
    assert facts(findings)["not_judged"]["meta.type"].startswith("It needs labels")
    with pytest.raises(KottError, match="no column kind"):
        audit(bare, labels=table(bare))


@pytest.mark.parametrize("column", ["systemName", "id"])
def test_the_languages_of_the_labels_are_asked_for(column: str) -> None:
    """Their code is a name on some servers, and an id on others; strange labels do not count."""
    labels = LABELS.reindex(range(len(LABELS) + 2))
    labels.loc[len(LABELS) :, ["kind", "id", "systemName"]] = ["language", "1", "x"]
    labels.loc[len(LABELS) :, column] = ["eng", "ell"]
    one = frames.frame([{"id": 1, **abroad(multilingualName=spoken(eng="Harbour"))}], MEDIA)
    plain = one.drop(columns=one.filter(like="escription").columns)
    fields = catalog.audit(plain, labels=labels)
    missing = fields.loc[fields["rule"] == "language.missing", "field"]
    assert missing.tolist() == ["name@ell"]
    strange = catalog.audit(plain, labels=labels.replace({column: {"eng": "fra"}}))
    assert "language.missing" not in set(strange["rule"])


@pytest.mark.parametrize(("text", "expected"), [("L" * 20, 0), ("L" * 21, 1), ("1" * 30, 0)])
def test_the_same_long_text_in_two_languages(text: str, expected: int) -> None:
    """Twenty letters may be a name; digits are none."""
    alike = frames.frame([{"id": 1, **abroad(multilingualName=spoken(eng=text, fra=text))}], MEDIA)
    rules = catalog.audit(alike)["rule"].tolist()
    assert rules.count("language.untranslated") == expected


def test_texts_in_all_languages_are_judged_by_the_first() -> None:
    """A name in some language is a name."""
    two = [abroad(multilingualName=spoken(eng="TBA", fra="Port")), abroad()]
    findings = catalog.audit(frames.frame([{"id": i, **one} for i, one in enumerate(two)], MEDIA))
    texts = findings[findings["rule"].str.startswith("text.")]
    assert texts[["rule", "field", "name"]].to_numpy().tolist() == [
        ["text.placeholder", "name@eng", "TBA"]
    ]


# Texts


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("text.placeholder", "T.B.A."),
        ("text.mojibake", "Caf\xc3\xa9 of the Sailors"),
        ("text.control", "A river\x7f runs"),
        ("text.control", "A bell\x07 in it"),
        ("text.control", "Corfu\u200b"),
        ("text.markup", "Salt &amp; Vinegar"),
        ("text.markup", "<b>Bold</b> and <br/> thin"),
        ("text.shouting", "LIGHTHOUSEMEN"),
        ("text.too_long", "Long way " * 12),
        ("", "Test Match of the Bakers"),
        ("", "S\xe3o Paulo \xe0 la carte"),
        ("", "Zero\u200bWidth Lantern"),
        ("", "3 < 4 and 5 > 4, says AT&T; <3"),
        ("", "KALEIDOSCOPE"),
        ("", "\u6f22\u5b57" * 10),
    ],
)
def test_names_that_are_wrong_and_some_that_look_it(rule: str, text: str) -> None:
    """Each is found by one rule, or by none."""
    assert judged(asset(name=text)) == ([(rule, "name")] if rule else [])


@pytest.mark.parametrize(("field", "most"), [("name", 100), ("description", 2_000)])
def test_a_text_is_too_long_from_one_character_more(field: str, most: int) -> None:
    """The threshold itself will do."""
    text = "so long " * 300
    assert judged(asset(**{field: text[:most]})) == []
    assert judged(asset(**{field: text[: most + 1]})) == [("text.too_long", field)]


@pytest.mark.parametrize("field", ["name", "description"])
@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_a_text_is_missing_or_blank(field: str, blank: str | None) -> None:
    """Both are nothing to read."""
    assert judged(asset(**{field: blank})) == [(f"text.missing_{field}", field)]


def test_a_description_that_is_the_name() -> None:
    """Case and blanks aside."""
    findings = judged(asset(description=" the  QUIET harbour"))
    assert findings == [("text.description_is_name", "description")]


# Identity


@pytest.mark.parametrize(
    ("field", "rule"),
    [("externalId", "duplicate_external_id"), ("entryId", "duplicate_entry_id")],
)
def test_two_assets_with_one_id(field: str, rule: str) -> None:
    """Every one of them is found; blank ids are none."""
    same = [asset(name=f"Title {i}", **{field: "X1"}) for i in "ab"]
    none = [asset(name=f"Other {i}", **{field: ""}) for i in "ab"]
    findings = audit(*same, *none)
    assert findings[["rule", "id"]].to_numpy().tolist() == [
        [f"identity.{rule}", "10"], [f"identity.{rule}", "11"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "twins"),
    [
        ("The Quiet Ferry", "the quiet-ferry!", True),
        ("Marmalade Caf\xe9", "Marmalade Cafe", True),
        ("Windmills", "Windmill", True),
        ("Kestrels", "Kestrals", True),
        ("Kestrel", "Kestral", False),
        ("Saltwater Hymns", "Saltwater Hims", False),
        ("Harbour Lights 1", "Harbour Lights 2", False),
    ],
)
def test_twins_are_one_edit_apart_at_most(one: str, other: str, twins: bool) -> None:
    """Eight letters and more; digits are no misprint."""
    findings = audit(asset(name=one), asset(name=other))
    assert findings["id"].tolist() == (["10", "11"] if twins else [])
    assert set(findings["rule"]) == ({"identity.twin"} if twins else set())


def test_twins_are_of_one_year_and_struct() -> None:
    """A remake is no twin."""
    assert judged(asset(), asset(metas={"Year": number(2002)})) == []
    series = asset(SERIES, metas={"Series ID": word("S")})
    episode = asset(EPISODE, name="Another")
    assert judged(asset(), series, episode) == []


@given(st.lists(st.text("ab1", min_size=1, max_size=5), unique=True, max_size=12))
def test_near_titles_are_those_that_comparing_every_two_finds(names: list[str]) -> None:
    """The hashes leave nobody out, and pair nobody twice."""
    titles = [Title(block, (), (name,)) for block in (3, 4) for name in names]
    long = [name for name in names if sum(map(str.isalpha, name)) >= 2]
    slow = {
        frozenset((Title(block, (), (one,)), Title(block, (), (other,))))
        for block in (3, 4)
        for one in long
        for other in long
        if one < other and is_edit(one, other)
    }
    quick = [frozenset(pair) for pair in near(titles, 2)]
    assert len(quick) == len(set(quick))
    assert set(quick) == slow


# Series


def season(*numbers: int, series: str = "S", season: int = 1) -> list[dict[str, Any]]:
    metas = {"Series ID": word(series), "Season number": number(season)}
    return [
        asset(EPISODE, name=f"Part {chr(97 + i)}", metas=metas | {"Episode number": number(n)})
        for i, n in enumerate(numbers)
    ]


WHOLE = asset(SERIES, name="A Series", metas={"Series ID": word("S")})


def test_a_hole_between_numbers_is_found_on_the_series() -> None:
    """One finding a hole; a season need not begin with 1."""
    findings = audit(WHOLE, *season(2, 3, 5, 9))
    assert findings[["rule", "id", "field", "detail"]].to_numpy().tolist() == [
        ["series.hole", "10", "season 1: 4", "It lacks season 1, episode 4."],
        ["series.hole", "10", "season 1: 6-8", "It lacks season 1, episode 6-8."],
    ]


def test_one_number_twice_in_a_season() -> None:
    """Both are found; of another season it may be."""
    again = asset(EPISODE, name="Part z", metas={"Season number": number(2)})
    findings = audit(WHOLE, *season(1, 2, 2), again)
    assert findings[["rule", "id"]].to_numpy().tolist() == [
        ["series.duplicate_number", "12"],
        ["series.duplicate_number", "13"],
    ]


def test_orphans_and_empty_series() -> None:
    """An episode needs its series, a series its episodes."""
    findings = audit(WHOLE, *season(1, series="T"))
    assert findings[["rule", "id"]].to_numpy().tolist() == [
        ["series.orphan_episode", "11"],
        ["series.empty", "10"],
    ]


def test_a_series_may_be_known_by_its_external_id() -> None:
    """The rules say which field of the series its episodes name."""
    fields = msgspec.structs.replace(catalog.rules().fields, series_key="externalId")
    whole = asset(SERIES, name="A Series", externalId="S", metas={"Series ID": word("other")})
    assert judged(whole, *season(1), rules=with_rules(fields=fields)) == []


# Channels


def channel(**changes: Any) -> dict[str, Any]:
    usual = {"objectType": LIVE, "externalIds": "7", "images": [image("1:1")], "name": "Meltemi"}
    flags = {"enableCatchUp": True, "catchUpBuffer": 60}
    return asset(LINEAR, metas={"Channel number": number(1)}, **{**usual, **flags, **changes})


@pytest.mark.parametrize("ids", [None, " "])
def test_a_channel_without_an_id_for_the_guide(ids: str | None) -> None:
    """Blank is none."""
    silent = channel(externalIds=ids, name="Other")
    assert judged(channel(), silent) == [("channel.no_epg_id", "externalIds")]


@pytest.mark.parametrize(("buffer", "expected"), [(None, 1), (0, 1), (1, 0)])
def test_catch_up_needs_a_buffer(buffer: int | None, expected: int) -> None:
    """One second is a buffer."""
    fine = channel(name="Other", externalIds="8")
    rules = [rule for rule, _ in judged(channel(catchUpBuffer=buffer), fine)]
    assert rules == ["channel.catchup_without_buffer"] * expected


def test_a_channel_without_programmes_is_known_by_the_guide() -> None:
    """Only where a guide is given."""
    guide = pd.DataFrame({"linearAssetId": pd.array([10], dtype="Int64")})
    findings = audit(channel(), channel(name="Other"), epg=guide)
    assert findings[["rule", "id"]].to_numpy().tolist() == [["channel.no_programmes", "11"]]


@pytest.mark.parametrize("said", [{"ksql": "Genre='News'"}, {"limit": 1}, {"incomplete": "Late."}])
def test_a_guide_that_is_not_whole_shows_no_silent_channel(said: dict[str, Any]) -> None:
    """The programmes of a channel may be among those that were left out: that is said instead."""
    guide = with_facts(pd.DataFrame({"linearAssetId": [10]}), rows=1, **said)
    findings = audit(channel(), channel(name="Other"), epg=guide)
    assert findings.empty
    assert "not whole" in facts(findings)["not_judged"]["channel.no_programmes"]


@pytest.mark.parametrize("dtype", ["str", "float", "object"])
def test_a_guide_may_write_ids_in_its_own_way(dtype: Any) -> None:
    """A guide from a file has ids as text, or as numbers with a fraction."""
    ids = pd.Series([10, 10]).astype(dtype)
    guide = pd.DataFrame({"linearAssetId": ids})
    channels = [asset(LINEAR, externalIds=str(n), images=[image("1:1")]) for n in (1, 2)]
    findings = audit(*channels, epg=guide)
    silent = findings[findings["rule"] == "channel.no_programmes"]
    assert silent["id"].tolist() == ["11"]


# The whole


def unused(findings: pd.DataFrame) -> dict[str, str]:
    of = findings[findings["rule"] == "field.unused"]
    return dict(zip(of["field"], of["detail"], strict=True))


def test_a_field_that_no_row_has_is_said_once() -> None:
    """Its own rules are silent; it has no id; who speaks for it is told."""
    bare = table(asset(description=None, metas={"Year": {}, "Release year": number(1)}, images=[]))
    bare = bare.drop(index=1).drop(columns="endDate")
    findings = catalog.audit(bare)
    details = unused(findings)
    assert {"description", "images", "Year"} <= set(details)
    assert details["Year"].endswith("no row has it. Rows have Release year.")
    assert "endDate" not in details  # was not asked for
    assert not set(findings["rule"]) & {"image.none", "text.missing_description", "meta.missing"}
    assert findings.loc[findings["rule"] == "field.unused", "id"].isna().all()


def test_what_was_not_judged_is_said() -> None:
    """Silence of a rule that lacked something is no praise."""
    findings = catalog.audit(table(asset()).drop(columns="images"), labels=LABELS)
    missing = facts(findings)["not_judged"]
    assert missing["channel.no_programmes"] == "It needs epg."
    assert missing["language.*"] == 'It needs assets listed with language="*".'
    assert missing["image.*"] == "No row has images."
    assert missing["identity.duplicate_entry_id"] == "No row has entryId."
    assert missing["series.orphan_episode"] == "The table holds no series."
    assert "meta.missing" not in missing


def test_findings_have_their_columns_and_dtypes() -> None:
    """Also those of no asset at all."""
    for one in (table(asset(name=None)), table().iloc[:0]):
        findings = catalog.audit(one)
        assert {name: str(dtype) for name, dtype in findings.dtypes.items()} == DTYPES
    assert findings.empty


def test_impact_is_less_for_what_nobody_sees() -> None:
    """An error is 9, a warning 3; a third of it where the asset is not on offer."""
    off = asset(name=None, status=False)
    assert audit(asset(name=None), off)["impact"].tolist() == [9, 3]


@pytest.mark.parametrize(
    ("weights", "impacts"),
    [
        ({10: 3, "11": 0.5}, [27, 1.5]),
        ({11: 2}, [9, 6]),  # others count 1
        (pd.Series([3, 0.5], index=["10", "11"]), [27, 1.5]),
        (pd.DataFrame({"assetId": [10, 11, 12], "views": [40, 10, 10]}), [18, 1.5]),
        (pd.DataFrame({"assetId": [10, 11], "views": [6, pd.NA]}), [9, 3]),
        (pd.DataFrame({"assetId": [10, 11], "views": [0, 0]}), [0, 0]),
    ],
)
def test_impact_is_weighed_by_views(weights: Any, impacts: list[float]) -> None:
    """By the share of the mean number of views, or by numbers of one's own."""
    off = asset(name=None, status=False)
    assert audit(asset(name=None), off, weights=weights)["impact"].tolist() == impacts


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({10: -1}, r"at least 0, not \[-1\]"),
        ({10: "many"}, r"at least 0, not \['many'\]"),
        ({10: float("nan")}, "at least 0"),
        ({99: 2}, "such as '10', not '99'"),
        ([10], r"by id or name, or a table of kott.views, not \[10\]"),
        (pd.DataFrame({"assetId": [10]}), "no column views"),
    ],
)
def test_weights_that_cannot_be_are_refused(weights: Any, message: str) -> None:
    """Negative ones, and those of nothing that is audited."""
    with pytest.raises(KottError, match=message):
        audit(asset(), weights=weights)


def test_uploads_are_judged_beside_the_assets() -> None:
    """Given ingests of kind vod; those of a guide are refused, and without any it is said."""
    uploads = pd.DataFrame(
        {
            "kind": "vod",
            "ingestId": [1, 2],
            "ingestName": ["a.xml", "b.xml"],
            "ingestProfileId": pd.array([None, None], dtype="Int64"),
            "createdDate": pd.to_datetime(["2026-02-27", "2026-02-28"], utc=True),
            "completedDate": pd.to_datetime(["2026-02-27", "2026-02-28"], utc=True),
            "status": ["Success", "Partial"],
            "records": [5, 6],
            "succeeded": [5, 4],
            "failed": [0, 2],
        }
    )
    findings = audit(asset(), ingests=uploads)
    assert findings[["rule", "kind", "id", "impact"]].to_numpy().tolist() == [
        ["ingest.partly_failed", "ingest", "2", 2]
    ]
    assert facts(findings)["not_judged"]["ingest.none_today"] == "No ingest names its profile."
    assert facts(audit(asset()))["not_judged"]["ingest.*"] == "It needs ingests."
    with pytest.raises(KottError, match=r"kind 'vod', not 'epg': kott\.ingests"):
        audit(asset(), ingests=uploads.assign(kind="epg"))


def test_ksql_says_what_the_table_was_listed_of() -> None:
    """The rule is joined with the listing's own filter."""
    one = table(asset(name=None))
    one = with_facts(one, arguments={"filter": {"kSql": "Year>'1990'"}})
    findings = catalog.audit(one, now=datetime.fromtimestamp(NOW, UTC))
    assert findings["ksql"].dropna().tolist() == ["(and Year>'1990' name!+'')"]


def test_the_index_does_not_matter_and_the_table_is_left_alone() -> None:
    """A filtered or sorted table is judged as it stands."""
    one = table(asset(name=None), asset(images=[])).set_index(pd.Index([5, 5, 5]))
    before = one.copy()
    catalog.audit(one)
    pd.testing.assert_frame_equal(one, before)
    assert audit(asset(name=None))["id"].tolist() == ["10"]


def test_a_struct_that_the_rules_do_not_name_needs_images_alone() -> None:
    """It stands as `*`."""
    trailer = asset(images=[], mediaFiles=[], metas={"Year": {}}, typeDescription="Bonus", type=9)
    assert {rule for rule, _ in judged(trailer)} == {"image.none", "image.missing_ratio"}


def test_what_is_needed_and_missing_is_named() -> None:
    """A table without types, or with cells that were cut, is refused with what to do."""
    with pytest.raises(KottError, match="no column type"):
        catalog.audit(table().drop(columns="type"))
    with pytest.raises(KottError, match=r"images does not hold JSON"):
        catalog.audit(table(asset()).assign(images="[1, 2"))


def test_a_table_for_people_is_audited_by_what_it_still_tells() -> None:
    """`kott.flat` leaves counts of images and files: their rules are named, texts are judged."""
    findings = catalog.audit(nested.flat(table(asset(name="TBA"), asset())), now="2026-01-15")
    assert "text.placeholder" in set(findings["rule"])
    assert {"image.*", "file.*"} <= set(facts(findings)["not_judged"])
    assert not findings["rule"].str.startswith(("image.", "file.")).any()


def test_a_table_that_went_through_a_file_of_people_is_judged_alike() -> None:
    """Excel makes floats of types, and objects of texts that are mixed with nothing."""
    one = table(asset(name=None), asset(images=[image("2:3")]))
    loose = one.astype({"type": float, "name": object, "images": object, "metas.Year": float})
    now = datetime.fromtimestamp(NOW, UTC)
    columns = ["rule", "id", "field", "detail"]
    pd.testing.assert_frame_equal(
        catalog.audit(loose, now=now)[columns], catalog.audit(one, now=now)[columns]
    )


def test_a_rule_of_one_s_own_is_a_function() -> None:
    """It says which rule and which ids; what it leaves out is filled in."""

    def short(assets: pd.DataFrame) -> pd.DataFrame:
        return assets.loc[assets["name"].str.len() < 4, ["id"]].assign(rule="own.short_name")

    findings = audit(asset(name="Uno"), asset(name="Due", status=False), checks=[short])
    columns = ["rule", "severity", "kind", "id", "name", "impact"]
    assert findings[columns].to_numpy().tolist() == [
        ["own.short_name", "warning", "media", "10", "Uno", 3],
        ["own.short_name", "warning", "media", "11", "Due", 1],
    ]


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ([], "list, not a table"),
        (pd.DataFrame({"id": [1]}), "a table without rule"),
        (pd.DataFrame({"rule": ["own.x"]}), "a table without id"),
        (pd.DataFrame({"rule": [" "], "id": [1]}), "a finding without a rule"),
        (pd.DataFrame({"rule": ["x"], "id": [1], "severity": "bad"}), "the severity 'bad'"),
    ],
)
def test_what_a_rule_of_one_s_own_gives_is_checked(given: Any, wrong: str) -> None:
    """The error names the function and what is wrong with its table."""

    def careless(assets: pd.DataFrame) -> Any:
        return given

    with pytest.raises(KottError, match=f"The check careless returned {wrong}"):
        audit(asset(), checks=[careless])


def test_a_rule_of_one_s_own_may_find_nothing_or_know_more() -> None:
    """No row is fine; an id of no asset, a severity, a field and a hint are taken as they are."""
    none = pd.DataFrame({"rule": [], "id": []})
    more = pd.DataFrame(
        {
            "rule": "own.x",
            "id": [10, 99],
            "severity": ["info", None],
            "field": "name",
            "hint": "Ask",
        }
    )
    findings = audit(asset(), checks=[lambda assets: none, lambda assets: more])
    assert findings[["id", "severity", "field", "hint", "impact"]].to_numpy().tolist() == [
        ["10", "info", "name", "Ask", 1],
        ["99", "warning", "name", "Ask", 1],
    ]


# Reading


def test_a_summary_has_the_worst_first() -> None:
    """One row a rule."""
    findings = audit(asset(name=None, images=[image("16:9")]), asset(images=[image("2:3")]))
    lines = catalog.summary(findings)
    assert lines[["rule", "findings", "assets", "impact"]].to_numpy().tolist() == [
        ["text.missing_name", 1, 1, 9.0],
        ["image.missing_ratio", 2, 2, 6.0],
    ]
    assert list(lines.columns) == ["rule", "severity", "findings", "assets", "impact", "hint"]


def test_a_score_is_the_mean_of_what_is_left() -> None:
    """An error costs 25, a warning 8, an info nothing; nobody falls below 0."""
    one = table(asset(name=None), asset(images=[image("2:3")], name="OH WHAT A LONG DAY"))
    lines = catalog.score(catalog.audit(one, now=datetime.fromtimestamp(NOW, UTC)), one)
    assert lines["type"].tolist() == ["425", "all"]
    assert lines[["assets", "clean"]].to_numpy().tolist() == [[3, 1]] * 2
    assert lines["score"].tolist() == pytest.approx([(75 + 92 + 100) / 3] * 2)
    many = pd.DataFrame({"id": ["10"] * 9, "severity": ["error"] * 9})
    assert catalog.score(many, one)["score"].tolist() == pytest.approx([200 / 3] * 2)


def test_a_work_list_begins_with_the_most_impact() -> None:
    """One row an asset, its rules and details joined; `n` of them, or all."""
    findings = audit(asset(images=[image("2:3")]), asset(name=None, images=[]))
    first = catalog.worklist(findings, n=1)
    assert first[["kind", "id", "findings", "errors", "warnings"]].to_numpy().tolist() == [
        ["media", "11", 4, 2, 2]
    ]
    assert first["rules"].tolist() == ["image.none, text.missing_name, image.missing_ratio"]
    assert catalog.worklist(findings, n=None)["id"].tolist() == ["11", "10"]
    with pytest.raises(KottError, match="n must be at least 0, not -1"):
        catalog.worklist(findings, n=-1)


def test_no_findings_are_read_as_well() -> None:
    """Empty tables, with the dtypes that full ones have."""
    none, some = audit(asset()), audit(asset(name=None))
    assert catalog.summary(none).empty
    assert catalog.summary(none).dtypes.equals(catalog.summary(some).dtypes)
    assert catalog.worklist(none).dtypes.equals(catalog.worklist(some).dtypes)
    assert np.all(catalog.score(none, table())["score"] == 100)


def test_a_score_is_of_what_the_findings_are_about() -> None:
    """A failed ingest, or a user, that has the id of an asset costs the asset nothing."""
    assets = table(asset())
    others = pd.DataFrame({"kind": ["ingest", "user"], "id": "10", "severity": "error"})
    assert catalog.score(others, assets)["score"].tolist() == [100, 100]
    assert catalog.score(others.assign(kind="media"), assets)["score"].tolist() == [75, 75]


def test_assets_without_an_id_are_judged_too() -> None:
    """Twins of them are told, and a finding of a check without an id is about none of them."""
    assets = table(asset(), asset(), asset())
    assets.loc[1:, "id"] = None
    check = pd.DataFrame({"rule": ["acme.rule"], "id": [None]})
    findings = catalog.audit(assets, checks=[lambda _: check])
    twins = findings[findings["rule"] == "identity.twin"]
    assert "an asset without an id, an asset without an id" in twins["detail"].iloc[0]
    assert findings.loc[findings["rule"] == "acme.rule", "name"].isna().tolist() == [True]
