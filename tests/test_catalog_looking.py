"""What is in a catalogue, in which languages, who is in it, and when it comes and goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import catalog, demo
from kott_notebooks.errors import KottError
from kott_notebooks.tables import frames

MEDIA = "KalturaMediaAsset"
MOVIE, SERIES = 425, 426
NOW = pd.Timestamp("2026-03-28T12:00Z")
DAY = 86_400
ATHENS = "Europe/Athens"  # its clocks go forward on 29 March 2026
LOOKS: tuple[Callable[..., pd.DataFrame], ...] = (
    *(catalog.completeness, catalog.growth, catalog.availability, catalog.expiring),
    *(catalog.values, catalog.years, catalog.cast, catalog.ratios, catalog.languages),
    catalog.duplicates,
)


def assets(*records: dict[str, Any]) -> pd.DataFrame:
    """Make the table that kott.assets would give."""
    numbered = [{"objectType": MEDIA, "id": i, "type": MOVIE, **r} for i, r in enumerate(records)]
    return frames.frame(numbered, MEDIA)


def tag(*values: str | None) -> dict[str, Any]:
    return {"objects": [{"value": value} for value in values]}


def text(value: object) -> dict[str, Any]:
    return {"objectType": "KalturaStringValue", "value": value}


def number(value: float) -> dict[str, Any]:
    return {"objectType": "KalturaDoubleValue", "value": value}


def tokens(**texts: str) -> list[dict[str, str]]:
    return [{"language": language, "value": value} for language, value in texts.items()]


def rows(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Give the cells of some columns, None where there is nothing."""
    picked = table[list(columns)].astype(object)
    return [*picked.where(picked.notna(), None).itertuples(index=False, name=None)]


def seconds(time: pd.Timestamp) -> int:
    return int(time.timestamp())


# Windows


def test_expiring_lists_what_window_ending_finds() -> None:
    """Both edges are inside; what has no end is not there; the first to leave is on top."""
    ends = [14 * DAY + 1, 14 * DAY, DAY, 1, 0, -1, 40_000 * DAY]
    records = [{"endDate": seconds(NOW) + end} for end in ends]
    table = assets(*records, {"startDate": 0})
    audited = catalog.audit(table, now=NOW)
    ending = audited.loc[audited["rule"] == "window.ending", "id"]
    assert set(ending) == {"1", "2", "3", "4"}
    assert catalog.expiring(table, days=14, now=NOW)["id"].tolist() == [4, 3, 2, 1]


def test_what_expires_stands_in_its_local_day() -> None:
    """A day begins at local midnight, two hours or three before that of UTC."""
    late, early = (pd.Timestamp(f"2026-03-{day}T21:30Z") for day in (28, 29))
    table = assets({"endDate": seconds(early)}, {"endDate": seconds(late), "name": "Dune"})
    result = catalog.expiring(table, tz=ATHENS, now=NOW)
    assert rows(result, "id", "name", "period", "endDate") == [
        (1, "Dune", pd.Timestamp("2026-03-27T22:00Z"), late),
        (0, None, pd.Timestamp("2026-03-29T21:00Z"), early),
    ]
    assert result["daysLeft"].tolist() == pytest.approx([9.5 / 24, 1 + 9.5 / 24])


HOURS = st.none() | st.integers(-80, 80)


@given(st.lists(st.tuples(HOURS, HOURS, st.sampled_from([MOVIE, SERIES])), min_size=1, max_size=9))
def test_availability_is_what_counting_window_by_window_gives(
    windows: list[tuple[int | None, int | None, int]],
) -> None:
    """What ends before it starts is never there; the last moment of a period decides."""
    table = assets(*({"type": of, **_window(start, end)} for start, end, of in windows))
    result = catalog.availability(table, start="now-2d", end="now+2d", freq="D", tz=ATHENS, now=NOW)
    edges = pd.date_range("2026-03-26", periods=6, freq="D", tz=ATHENS)
    types = sorted({of for _, _, of in windows})
    assert result["period"].tolist() == [edge for edge in edges[:-1] for _ in types]
    assert result["type"].tolist() == types * 5
    for period, of, enters, leaves, there in result.itertuples(index=False, name=None):
        until = edges[list(edges).index(period) + 1]
        own = [_moments(start, end) for start, end, type_ in windows if type_ == of]
        own = [(start, end) for start, end in own if start < end]
        assert enters == sum(period <= start < until for start, _ in own)
        assert leaves == sum(period <= end < until for _, end in own)
        assert there == sum(start < until <= end for start, end in own)


def _window(start: int | None, end: int | None) -> dict[str, int]:
    times = {"startDate": start, "endDate": end}
    return {key: seconds(NOW) + at * 3_600 for key, at in times.items() if at is not None}


def _moments(start: int | None, end: int | None) -> tuple[pd.Timestamp, pd.Timestamp]:
    ever, never = pd.Timestamp("1900-01-01T00Z"), pd.Timestamp("2200-01-01T00Z")
    first = ever if start is None else NOW + pd.Timedelta(hours=start)
    return first, never if end is None else NOW + pd.Timedelta(hours=end)


@pytest.mark.parametrize("tz", ["America/New_York", ATHENS, "Asia/Tokyo"])
def test_a_bare_date_is_a_day_of_the_zone(tz: str) -> None:
    """Two days are two periods, east and west of UTC."""
    table = catalog.availability(
        assets({}), start="2026-03-27", end="2026-03-29", freq="D", tz=tz, now=NOW
    )
    days = [pd.Timestamp(day, tz=tz) for day in ("2026-03-27", "2026-03-28")]
    assert table["period"].tolist() == days


def test_a_span_that_ends_before_it_starts_is_refused() -> None:
    """The message says what to give."""
    with pytest.raises(KottError, match="give a later end"):
        catalog.availability(assets({}), start="today", end="today")


# Values


GENRES = st.lists(st.sampled_from(["Drama", "News", "Kids", "Crime", " ", None]), max_size=4)


@given(st.lists(st.tuples(st.sampled_from([MOVIE, SERIES]), GENRES), min_size=1, max_size=8))
def test_values_is_what_counting_asset_by_asset_gives(
    drawn: list[tuple[int, list[str | None]]],
) -> None:
    """An asset counts once for each of its values, and as having none where all are blank."""
    table = assets(*({"type": of, "tags": {"Genre": tag(*genres)}} for of, genres in drawn))
    result = catalog.values(table)
    plain = [(of, {one for one in genres if one and one.strip()}) for of, genres in drawn]
    expected = Counter((value, of) for of, genres in plain for value in genres or [None])
    counted = dict(zip(rows(result, "value", "type"), result["assets"], strict=True))
    assert counted == expected
    of = Counter(of for of, _ in drawn)
    assert result["share"].tolist() == [a / of[t] for a, t in rows(result, "assets", "type")]


def test_the_tail_of_values_is_folded_into_one() -> None:
    """It stands after the others, with each of its assets once, and before those that have none."""
    genres = [("Drama", "News"), ("Drama", "News"), ("Drama", "Kids", "Crime"), ("Kids",), ()]
    table = assets(*({"tags": {"Genre": tag(*one)}} for one in genres))
    assert rows(catalog.values(table, n=3), "value", "values", "assets") == [
        ("Drama", 1, 3),
        ("Kids", 1, 2),
        ("2 others", 2, 3),
        (None, 0, 1),
    ]
    assert catalog.values(table, n=4)["values"].tolist() == [1, 1, 1, 1, 0]


def test_numbers_are_values_as_people_write_them() -> None:
    """A year is 1999, a score 7.5; a text in all languages is its first translation."""
    table = assets(
        {"metas": {"Year": number(1999), "Score": number(7.5)}},
        {"metas": {"Mood": {"multilingualValue": tokens(eng="Dark", fra="Sombre")}}},
    )
    assert catalog.values(table, "Year")["value"].iloc[0] == "1999"
    assert catalog.values(table, "metas.Score")["value"].iloc[0] == "7.5"
    assert catalog.values(table, "mood")["value"].iloc[0] == "Dark"


def test_a_field_that_is_not_there_is_refused_with_those_that_are() -> None:
    """So is a name that a meta and a tag share."""
    table = assets({"metas": {"Quality": text("HD")}, "tags": {"Quality": tag("HD")}})
    with pytest.raises(KottError, match=r"'Genre'; there are metas.Quality, tags.Quality"):
        catalog.values(table)
    with pytest.raises(KottError, match=r"metas.Quality and tags.Quality: give one"):
        catalog.values(table, "Quality")


def test_a_cast_says_who_is_in_how_many_assets() -> None:
    """Credits in the order asked for; twice in one asset is once; a text holds several."""
    table = assets(
        {"tags": {"Cast": tag("Ana", " Bo", "Ana"), "Director": tag("Bo")}},
        {"tags": {"Cast": tag("Bo", " ")}, "metas": {"Writers": text("Ana; Bo ,Cy|")}},
        {"metas": {"Writers": text("Cy")}},
    )
    result = catalog.cast(table)
    assert rows(result, "credit", "person", "assets", "share") == [
        ("Cast", "Bo", 2, 1.0),
        ("Cast", "Ana", 1, 0.5),
        ("Director", "Bo", 1, 1.0),
        ("Writers", "Cy", 2, 1.0),
        ("Writers", "Ana", 1, 0.5),
        ("Writers", "Bo", 1, 0.5),
    ]
    assert set(catalog.cast(table, credits=["Director"])["person"]) == {"Bo"}


def test_credits_of_other_names_are_asked_for() -> None:
    """The message names what there is; so it does for a name that is not there."""
    table = assets({"tags": {"Stars": tag("Ana")}})
    with pytest.raises(KottError, match=r"name some with credits=, of tags.Stars"):
        catalog.cast(table)
    with pytest.raises(KottError, match=r"'Cast'; there are tags.Stars"):
        catalog.cast(table, credits=["Cast"])
    assert catalog.cast(table, credits=["Stars"])["person"].tolist() == ["Ana"]


def test_years_that_cannot_be_stand_last_with_those_that_are_missing() -> None:
    """1888 and two years ahead can be; the year before and the year after cannot."""
    of = [1888, 1887, 2028, 2029, 1999, None]
    table = assets(*({"metas": {"Year": number(year)} if year else {}} for year in of))
    result = catalog.years(table.assign(type=pd.array([*[MOVIE] * 5, SERIES], "Int64")), now=NOW)
    assert rows(result, "year", "type", "assets") == [
        (1888, MOVIE, 1),
        (1999, MOVIE, 1),
        (2028, MOVIE, 1),
        (None, MOVIE, 2),
        (None, SERIES, 1),
    ]


# Pictures, languages, duplicates


def test_ratios_crosses_types_with_ratios() -> None:
    """16x9 is 16:9; the widest of an asset counts; a ratio that a type has not is a zero."""
    wide = {"ratio": "16:9", "width": 640}
    table = assets(
        {"images": [wide, {"ratio": "16x9", "width": 1920}, {"ratio": "", "width": 9}]},
        {"images": [{**wide, "isDefault": True}, {"ratio": "2:3", "isDefault": True}]},
        {"images": [{**wide, "isDefault": True}, wide]},
        {"type": SERIES},
    )
    columns = ("type", "ratio", "rows", "filled", "defaults", "share", "width")
    assert rows(catalog.ratios(table), *columns) == [
        (MOVIE, "16:9", 3, 3, 1, 1.0, 640.0),
        (MOVIE, "2:3", 3, 1, 1, 1 / 3, None),
        (SERIES, "16:9", 1, 0, 0, 0.0, None),
        (SERIES, "2:3", 1, 0, 0, 0.0, None),
    ]


def test_languages_says_what_is_translated() -> None:
    """Of those that have a text in any language; a blank one is none."""
    table = assets(
        {"multilingualName": tokens(eng="One", fra="Un")},
        {"multilingualName": tokens(eng="Two", fra=" ")},
        {"metas": {"Mood": {"multilingualValue": tokens(eng="Dark")}}},
    )
    columns = ("field", "language", "rows", "given", "filled", "share")
    assert rows(catalog.languages(table), *columns) == [
        ("name", "eng", 3, 2, 2, 1.0),
        ("name", "fra", 3, 2, 1, 0.5),
        ("metas.Mood", "eng", 3, 1, 1, 1.0),
        ("metas.Mood", "fra", 3, 1, 0, 0.0),
    ]
    asked = catalog.languages(table, languages=["ell"])
    assert rows(asked, "field", "language", "given", "filled") == [
        ("name", "ell", 2, 0),
        ("metas.Mood", "ell", 1, 0),
    ]


def test_a_field_that_a_type_has_not_has_no_share() -> None:
    """None of none is neither all nor nothing."""
    table = assets({"multilingualName": tokens(eng="One")}, {"type": SERIES})
    assert rows(catalog.languages(table), "type", "given", "share") == [
        (MOVIE, 1, 1.0),
        (SERIES, 0, None),
    ]


def test_a_listing_in_one_language_tells_none() -> None:
    """The message says how to list."""
    with pytest.raises(KottError, match=r'list the assets with language="\*"'):
        catalog.languages(assets({"name": "One"}))


def test_a_name_in_all_languages_is_a_name() -> None:
    """Completeness counts it, blank ones aside; duplicates shows it."""
    table = assets(
        {"multilingualName": tokens(eng="One"), "externalId": "x"},
        {"multilingualName": tokens(eng=" "), "externalId": "x"},
    )
    complete = catalog.completeness(table).set_index("field")["filled"]
    assert complete["name"] == 1
    assert catalog.duplicates(table)["name"].iloc[0] == "One"


def test_twins_of_twins_are_one_group() -> None:
    """Groups are by rule, the largest first; other years are other films."""
    names = ["Marmalade", "Marmelade", "Marmelades", "Marmalade"]
    years = [1999, 1999, 1999, 2000]
    table = assets(
        *(
            {"name": name, "metas": {"Year": number(year)}, "externalId": f"{i // 2}"}
            for i, (name, year) in enumerate(zip(names, years, strict=True))
        )
    )
    assert rows(catalog.duplicates(table), "group", "rule", "assets", "id") == [
        (1, "identity.twin", 3, 0),
        (1, "identity.twin", 3, 1),
        (1, "identity.twin", 3, 2),
        (2, "identity.duplicate_external_id", 2, 0),
        (2, "identity.duplicate_external_id", 2, 1),
        (3, "identity.duplicate_external_id", 2, 2),
        (3, "identity.duplicate_external_id", 2, 3),
    ]


# On the demo, and at the edges


@pytest.fixture(scope="module")
def session() -> Any:
    return demo.login(seed=77, assets=400, channels=5, households=3, days=1)


@pytest.fixture(scope="module")
def table(session: Any) -> pd.DataFrame:
    return kott.assets(session, language="*")


def test_values_counts_as_the_server_does(session: Any, table: pd.DataFrame) -> None:
    """The local count of a tag is that of kott.facets."""
    result = catalog.values(table, "Genre").dropna(subset="value").groupby("value")["assets"].sum()
    asked = kott.facets(session, "Genre").set_index("Genre")["count"]
    blank = asked.index.str.strip() == ""  # a value for the server
    assert result.to_dict() == asked[~blank].to_dict()


def test_duplicates_holds_what_the_audit_finds(table: pd.DataFrame) -> None:
    """The same assets, rule by rule."""
    findings = catalog.audit(table)
    result = catalog.duplicates(table)
    assert result["group"].nunique() > 3
    for rule, of in result.groupby("rule"):
        audited = findings.loc[findings["rule"] == rule, "id"]
        assert sorted(of["id"].astype("str")) == sorted(audited)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_no_asset_gives_an_empty_table_of_the_same_columns(
    look: Callable[..., pd.DataFrame], table: pd.DataFrame
) -> None:
    """Names and dtypes do not depend on what is there."""
    some, none = look(table), look(table[:0])
    assert len(some)
    assert none.empty
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_the_table_given_is_left_alone_and_its_index_does_not_matter(
    look: Callable[..., pd.DataFrame], table: pd.DataFrame
) -> None:
    """A filtered or sorted table is as good as any."""
    shuffled = table.iloc[::-1].set_axis([5] * len(table))
    before = shuffled.copy()
    result = look(shuffled)
    pd.testing.assert_frame_equal(shuffled, before)
    pd.testing.assert_frame_equal(result, look(table.iloc[::-1].reset_index(drop=True)))


@pytest.mark.parametrize("look", LOOKS[2:], ids=lambda look: look.__name__)
def test_texts_that_are_objects_are_read_as_texts(
    look: Callable[..., pd.DataFrame], table: pd.DataFrame
) -> None:
    """As tables from Excel or CSV have them, empty cells as NaN."""
    texts = [name for name in table.columns if table[name].dtype == "str"]
    pd.testing.assert_frame_equal(look(table.astype(dict.fromkeys(texts, "object"))), look(table))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_a_table_of_something_else_is_refused(look: Callable[..., pd.DataFrame]) -> None:
    """The message names what is missing."""
    with pytest.raises(KottError, match="no column"):
        look(pd.DataFrame({"householdId": [1]}))
