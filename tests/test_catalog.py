"""What a catalogue has and how it grew, beside plain counting."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks import catalog
from kott_notebooks.errors import KottError
from kott_notebooks.tables import frames, nested

MEDIA = "KalturaMediaAsset"
MOVIE, SERIES = 425, 426


def assets(*records: dict[str, Any]) -> pd.DataFrame:
    """Make the table that kott.assets would give."""
    numbered = [{"objectType": MEDIA, "id": i, "type": MOVIE, **r} for i, r in enumerate(records)]
    return frames.frame(numbered, MEDIA)


def text(value: str | None) -> dict[str, Any]:
    return {"objectType": "KalturaMultilingualStringValue", "value": value}


def tag(*values: str | None) -> dict[str, Any]:
    return {"objects": [{"value": value} for value in values]}


def filled(table: pd.DataFrame, field: str) -> list[int]:
    """Give how many rows have a field, by type."""
    result = catalog.completeness(table)
    return result.loc[result["field"] == field, "filled"].tolist()


RATIOS = st.lists(st.sampled_from(["16:9", "2:3", "", None]), max_size=3)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from([MOVIE, SERIES, None])},
        optional={
            "name": st.sampled_from(["Dune", " ", "\n", "", None]),
            "year": st.sampled_from([1999, None]),
            "genre": st.none() | st.lists(st.sampled_from(["Drama", " ", None]), max_size=2),
            "ratios": st.none() | RATIOS,
        },
    ),
    max_size=8,
)


def as_record(drawn: dict[str, Any]) -> dict[str, Any]:
    """Write what was drawn as the API would."""
    record: dict[str, Any] = {"type": drawn["type"], "name": drawn.get("name")}
    record["metas"] = {"Year": {"objectType": "KalturaDoubleValue", "value": drawn.get("year")}}
    if drawn.get("genre") is not None:
        record["tags"] = {"Genre": tag(*drawn["genre"])}
    if drawn.get("ratios") is not None:
        record["images"] = [{"ratio": ratio} for ratio in drawn["ratios"]]
    return record


def has(drawn: dict[str, Any], field: str) -> bool:
    """Say by plain Python whether an asset has a field."""
    ratios = drawn.get("ratios") or []
    return {
        "name": bool((drawn.get("name") or "").strip()),
        "metas.Year": drawn.get("year") is not None,
        "tags.Genre": any((value or "").strip() for value in drawn.get("genre") or []),
        "images": bool(ratios),
        "images.16:9": "16:9" in ratios,
        "images.2:3": "2:3" in ratios,
    }.get(field, False)


@given(RECORDS)
def test_completeness_is_what_counting_row_by_row_gives(drawn: list[dict[str, Any]]) -> None:
    """Each type's rows, and those of them that have a field, blank text being none."""
    table = catalog.completeness(assets(*map(as_record, drawn)))
    rows = Counter(one["type"] for one in drawn)
    assert len(table) == table["type"].nunique(dropna=False) * table["field"].nunique()
    assert table["type"].nunique(dropna=False) == len(rows)
    for type_, field, counted, full, share in zip(
        table["type"].astype(object).where(table["type"].notna(), None),
        table["field"],
        table["rows"],
        table["filled"],
        table["share"],
        strict=True,
    ):
        own = [one for one in drawn if one["type"] == type_]
        assert counted == rows[type_]
        assert full == sum(has(one, field) for one in own)
        assert share == full / counted


def test_fields_stand_by_kind_for_every_type() -> None:
    """Properties, metas, tags, image ratios and file types, in this order."""
    table = catalog.completeness(
        assets(
            {"name": "Dune", "metas": {"Short title": text("D")}, "tags": {"Genre": tag("Drama")}},
            {"type": SERIES, "images": [{"ratio": "2:3"}], "mediaFiles": [{"type": "HLS_Main"}]},
        ),
        properties=["name"],
    )
    movies = table[table["type"] == MOVIE]
    assert movies[["field", "kind", "filled"]].to_numpy().tolist() == [
        ["name", "property", 1],
        ["metas.Short title", "meta", 1],
        ["tags.Genre", "tag", 1],
        ["images.2:3", "image", 0],
        ["mediaFiles.HLS_Main", "file", 0],
    ]
    assert table.loc[table["type"] == SERIES, "filled"].tolist() == [0, 0, 0, 1, 1]


def test_a_picture_of_each_ratio_counts_an_asset_once() -> None:
    """Two pictures of one ratio are one asset that has it; one without a ratio is a picture."""
    table = assets({"images": [{"ratio": "16:9"}, {"ratio": "16:9"}]}, {"images": [{"id": "a"}]})
    assert filled(table, "images.16:9") == [1]
    assert filled(table, "images") == [2]


@pytest.mark.parametrize("empty", [None, {}, {"objects": []}, {"objects": [{"value": " "}]}])
def test_a_tag_without_a_value_is_absent(empty: dict[str, Any] | None) -> None:
    """Null, no list, an empty list and blank values are all nothing."""
    table = assets({"tags": {"Genre": empty}}, {"tags": {"Genre": tag("Drama")}})
    assert filled(table, "tags.Genre") == [1]


@pytest.mark.parametrize("empty", [None, [], [None]])
def test_no_pictures_and_no_files_are_absent(empty: list[Any] | None) -> None:
    """An empty list has nothing to show."""
    table = assets({"images": empty, "mediaFiles": empty})
    assert filled(table, "images") == filled(table, "mediaFiles") == [0]


def test_a_tag_in_the_older_shape_counts() -> None:
    """Older servers write one value, without a list."""
    assert filled(assets({"tags": {"Genre": {"value": "Drama"}}}), "tags.Genre") == [1]


def test_a_truth_that_is_false_is_there() -> None:
    """False and 0 are values."""
    false = {"objectType": "KalturaBooleanValue", "value": False}
    zero = {"objectType": "KalturaIntegerValue", "value": 0}
    table = assets({"metas": {"Adult": false, "Age": zero}})
    assert filled(table, "metas.Adult") == filled(table, "metas.Age") == [1]


def test_columns_that_were_not_pulled_are_not_judged() -> None:
    """A table of some fields is measured by those."""
    table = catalog.completeness(assets({"name": "Dune"})[["id", "type", "name"]])
    assert table["field"].tolist() == ["name"]


def test_flat_tags_count_and_flat_pictures_are_refused() -> None:
    """Joined text is a value; counts do not tell the ratios, and must not pass for none."""
    table = assets({"tags": {"Genre": tag("Drama")}, "images": [{"ratio": "16:9"}]}, {})
    assert filled(nested.flat(table.drop(columns="images")), "tags.Genre") == [1]
    table = nested.flat(table)
    with pytest.raises(KottError, match=r"images does not hold JSON: .*kott\.flat"):
        catalog.completeness(table)


def test_completeness_of_nothing_has_the_same_columns() -> None:
    """No asset in, no row out, with the dtypes that a full table has."""
    full, empty = catalog.completeness(assets({"name": "Dune"})), catalog.completeness(assets())
    assert empty.empty
    assert full.dtypes.equals(empty.dtypes)
    assert {name: str(dtype) for name, dtype in full.dtypes.items()} == {
        "type": "Int64",
        "field": "str",
        "kind": "str",
        "rows": "Int64",
        "filled": "Int64",
        "share": "Float64",
    }


def test_the_type_is_needed() -> None:
    """Without it nobody knows what an asset should have."""
    with pytest.raises(KottError, match="no column type"):
        catalog.completeness(assets({"name": "Dune"})[["id", "name"]])


def made(*pairs: tuple[str | None, int | None]) -> pd.DataFrame:
    """Make assets of a createDate and a type."""
    table = pd.DataFrame(pairs, columns=["createDate", "type"]).astype({"type": "Int64"})
    times = pd.to_datetime(table["createDate"], utc=True, format="ISO8601")
    return table.assign(createDate=times.astype("datetime64[us, UTC]"))


def as_rows(table: pd.DataFrame, tz: str = "UTC") -> list[list[Any]]:
    days = table["period"].dt.tz_convert(tz).dt.strftime("%Y-%m-%d")
    return table.assign(period=days).to_numpy().tolist()


def test_growth_adds_up_month_by_month() -> None:
    """Months and types in which nothing came are there too."""
    table = catalog.growth(
        made(
            ("2026-01-31T23:59:59", MOVIE),
            ("2026-01-01", MOVIE),
            ("2026-03-01", SERIES),
            (None, SERIES),
        )
    )
    assert as_rows(table) == [
        ["2026-01-01", MOVIE, 2, 2],
        ["2026-01-01", SERIES, 0, 0],
        ["2026-02-01", MOVIE, 0, 2],
        ["2026-02-01", SERIES, 0, 0],
        ["2026-03-01", MOVIE, 0, 2],
        ["2026-03-01", SERIES, 1, 1],
    ]


def test_growth_counts_local_days() -> None:
    """Half past eleven at night in UTC is the next day in Athens."""
    table = made(("2026-03-28T23:30", MOVIE), ("2026-03-29T20:59", MOVIE), ("2026-03-29T21:00", 1))
    result = catalog.growth(table, freq="D", tz="Europe/Athens")
    assert as_rows(result[result["type"] == MOVIE], "Europe/Athens") == [
        ["2026-03-29", MOVIE, 2, 2],
        ["2026-03-30", MOVIE, 0, 2],
    ]
    assert result["period"].iloc[0] == pd.Timestamp("2026-03-28T22:00Z")


@pytest.mark.parametrize(
    ("tz", "first"),
    [("America/Havana", "2026-11-01T04:00Z"), ("America/Sao_Paulo", "2018-11-04T03:00Z")],
)
def test_a_day_whose_midnight_is_double_or_missing_starts_once(tz: str, first: str) -> None:
    """It starts with the earlier midnight, or where the hole ends."""
    at = pd.Timestamp(first)
    table = made((at.isoformat(), 1), ((at + pd.Timedelta(hours=20)).isoformat(), 1))
    result = catalog.growth(table, freq="D", tz=tz)
    assert result["period"].tolist() == [at]
    assert result["total"].tolist() == [2]


@given(
    st.lists(st.datetimes(pd.Timestamp("2019-12-25"), pd.Timestamp("2022-02-05")), max_size=10),
    st.sampled_from(["D", "W-MON", "MS", "QS", "YS"]),
    st.sampled_from(["UTC", "Europe/Athens", "Asia/Kathmandu"]),
)
def test_growth_is_what_periods_of_local_time_count(created: list[Any], freq: str, tz: str) -> None:
    """Pandas' own periods of local time hold as many."""
    table = made(*((time.isoformat(), MOVIE) for time in created))
    result = catalog.growth(table, freq=freq, tz=tz)
    local = table["createDate"].dt.tz_convert(tz).dt.tz_localize(None)
    name = {"MS": "M", "QS": "Q", "YS": "Y", "W-MON": "W-SUN"}.get(freq, freq)
    counts = local.dt.to_period(name).value_counts()
    starts = result["period"].dt.tz_convert(tz).dt.tz_localize(None).dt.to_period(name)
    assert dict(zip(starts, result["added"], strict=True)) == {p: counts.get(p, 0) for p in starts}
    assert result["added"].sum() == len(created)
    assert result["total"].tolist() == result["added"].cumsum().tolist()


def test_growth_of_nothing_has_the_same_columns() -> None:
    """No asset in, no row out, with the dtypes that a full table has."""
    full, empty = catalog.growth(made(("2026-01-01", 1))), catalog.growth(made((None, 1)))
    assert empty.empty
    assert full.dtypes.equals(empty.dtypes)
    assert [str(dtype) for dtype in full.dtypes] == ["datetime64[us, UTC]", *["Int64"] * 3]


def test_an_unknown_period_is_refused() -> None:
    """The error says which there are."""
    with pytest.raises(KottError, match=r"freq must be 'D', .* not 'monthly'"):
        catalog.growth(made(("2026-01-01", 1)), freq="monthly")


def test_the_table_given_is_left_alone() -> None:
    """Analysis reads; it does not change what it was given."""
    table = assets({"name": " ", "createDate": 1_700_000_000, "tags": {"Genre": tag("Drama")}})
    before = table.copy()
    catalog.completeness(table)
    catalog.growth(table)
    pd.testing.assert_frame_equal(table, before)
