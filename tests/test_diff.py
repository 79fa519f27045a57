"""The comparer: rows are matched, then fields are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott

CELL = st.none() | st.sampled_from(["a", "b", '["x"]'])
TABLE = st.dictionaries(st.integers(1, 6), st.tuples(CELL, CELL), max_size=5)


def table(rows: dict[int, tuple[str | None, str | None]]) -> pd.DataFrame:
    laid = pd.DataFrame([(key, *cells) for key, cells in rows.items()], columns=["id", "p", "q"])
    return laid.astype({"id": "Int64", "p": "str", "q": "str"})


@settings(max_examples=60, deadline=None)
@given(TABLE, TABLE)
def test_the_changes_lead_from_one_table_to_the_other(
    before: dict[int, tuple[str | None, str | None]],
    after: dict[int, tuple[str | None, str | None]],
) -> None:
    """What was added, removed and changed is exactly what differs."""
    result = kott.diff(table(before), table(after))
    by_change = {change: set(of["key"]) for change, of in result.groupby("change")}
    assert by_change.get("removed", set()) == {str(key) for key in before.keys() - after.keys()}
    assert by_change.get("added", set()) == {str(key) for key in after.keys() - before.keys()}
    changed = result[result["change"] == "changed"]
    wanted = {
        (str(key), field): (before[key][place], after[key][place])
        for key in before.keys() & after.keys()
        for place, field in enumerate("pq")
        if before[key][place] != after[key][place]
    }
    shown = zip(changed["key"], changed["field"], changed["before"], changed["after"], strict=True)
    assert {
        (key, field): tuple(None if pd.isna(one) else one for one in cells)
        for key, field, *cells in shown
    } == wanted


@pytest.mark.parametrize("dtype", ["float64", "str", "string", "category", "object"])
def test_rows_match_whatever_the_dtype_of_their_ids(dtype: str) -> None:
    """The same table in other dtypes has no change."""
    one = table({1: ("a", None), 2: ("b", "a")})
    assert kott.diff(one, one.astype({"id": dtype, "p": "string", "q": "object"})).empty


@pytest.mark.parametrize("text", ["str", "int64[pyarrow]", "Float64", "object"])
def test_a_number_is_one_number_in_every_dtype(text: str) -> None:
    """A year that a CSV file gave back as 1954.0, as text too, is no change."""
    before = pd.DataFrame({"id": [1, 2], "metas.Year": pd.array([1954, None], "Float64")})
    after = before.astype({"metas.Year": text})
    assert kott.diff(before, after).empty
    assert kott.diff(after, before).empty


@pytest.mark.parametrize("flags", [["true", "false"], ["True", "False"], [1, 0], ["1", "0"]])
def test_a_flag_is_one_flag_in_every_form(flags: list[Any]) -> None:
    """Flags of a server, of pandas and of SQL are compared as flags."""
    before = pd.DataFrame({"id": [1, 2], "metas.Repeat": [True, False]})
    after = pd.DataFrame({"id": [1, 2], "metas.Repeat": flags})
    assert kott.diff(before, after).empty
    changed = kott.diff(after, before.assign(**{"metas.Repeat": [True, True]}))
    assert changed["key"].tolist() == ["2"]


def test_nested_cells_are_compared_as_lists() -> None:
    """The order of an object's properties is no change; that of a list is."""
    before = pd.DataFrame({"id": [1, 2], "images": ['[{"a":1,"b":2}]', '["x","y"]']})
    after = pd.DataFrame({"id": [1, 2], "images": ['[{"b":2,"a":1}]', '["y","x"]']})
    assert kott.diff(before, after)["key"].tolist() == ["2"]


def test_an_equal_change_of_many_rows_is_one_cause() -> None:
    """Twelve assets of one new rating share a cause; the one other change has none."""
    before = pd.DataFrame({"id": range(13), "rating": "12"})
    result = kott.diff(before, before.assign(rating=["16"] * 12 + ["18"]))
    assert result["cause"].fillna("").tolist() == ["rating: 12 -> 16"] * 12 + [""]
    assert result["rows"].tolist() == [12] * 12 + [1]


def test_times_are_compared_as_times() -> None:
    """One moment in two zones is no change."""
    times = pd.Series(pd.to_datetime(["2026-01-02T03:00Z"]))
    before = pd.DataFrame({"id": [1], "startDate": times})
    after = before.assign(startDate=times.dt.tz_convert("Asia/Tokyo"))
    assert kott.diff(before, after).empty


def test_several_columns_identify_a_row() -> None:
    """The key shows them side by side."""
    before = pd.DataFrame({"a": [1, 1], "b": ["x", "y"], "v": [1, 2]})
    result = kott.diff(before, before.assign(v=[1, 3]), on=["a", "b"])
    assert result[["key", "before", "after"]].to_numpy().tolist() == [["1 | y", "2", "3"]]


@pytest.mark.parametrize(
    ("rows", "on", "message"),
    [
        ({"id": [1, 1]}, "id", "Several rows have one id, such as '1'"),
        ({"id": [1, None]}, "id", "id must be there in every row"),
        ({"id": [1]}, "name", "no column name"),
        ({"id": [1]}, [], "on must name one column"),
    ],
)
def test_rows_that_cannot_be_matched_are_refused(
    rows: dict[str, list[int | None]], on: str | list[str], message: str
) -> None:
    """A key that is missing, absent or not unique is named."""
    given_ = pd.DataFrame(rows)
    with pytest.raises(kott.KottError, match=message):
        kott.diff(given_, given_, on=on)


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        ("12", "16", "12 -> 16"),
        (None, "A quay", "absent -> A quay"),
        ("A film about the sea", "A film about the old sea", "... film about the {+old+} sea"),
        ("Shown at dawn today", "Shown at dusk today", "Shown at [-dawn-] {+dusk+} today"),
        ("a b c d e X f g h i", "a b c d e f g h i", "... c d e [-X-] f g h ..."),
        ("one two", "three four", "one two -> three four"),
        ('["Drama","Crime"]', '["Fun","Drama"]', "+Fun -Crime"),
        ('["Drama","Crime"]', '["Crime","Drama"]', "the same entries in another order or number"),
        (None, '["Drama"]', "+Drama"),
        ('[{"ratio":"16:9"}]', "[]", '-{"ratio":"16:9"}'),
    ],
)
def test_a_change_is_written_in_words(before: str | None, after: str | None, detail: str) -> None:
    """Texts word by word, lists by what came and went."""
    old, new = (
        pd.DataFrame({"id": [1], "x": pd.Series([one], dtype="str")}) for one in (before, after)
    )
    assert kott.diff(old, new)["detail"].tolist() == [detail]


@pytest.mark.parametrize(
    ("before", "after", "detail"),
    [
        ("2026-02-28T10:00Z", "2027-02-28T10:00Z", "moved by 1 year"),
        ("2024-02-29T10:00Z", "2025-02-28T10:00Z", "moved by 1 year"),
        ("2026-03-31T10:00Z", "2026-01-31T10:00Z", "moved back by 2 months"),
        ("2026-01-31T10:00Z", "2026-02-03T10:00Z", "moved by 3 days"),
        ("2026-01-31T10:00Z", "2026-01-31T08:30Z", "moved back by 90 minutes"),
        ("2026-01-31T10:00Z", "2026-02-02T11:02:03Z", "moved by 2 days 01:02:03"),
        ("2026-01-01T00:00Z", "9999-12-31T23:59:59Z", "moved by 2912442 days 23:59:59"),
        (None, "2026-01-31T08:30Z", "is there now"),
        ("2026-01-31T08:30Z", None, "is absent now"),
    ],
)
def test_a_time_that_moved_says_by_how_much(
    before: str | None, after: str | None, detail: str
) -> None:
    """By years and months of the calendar, else by a duration."""
    times = [pd.to_datetime(pd.Series([one]), utc=True).dt.as_unit("us") for one in (before, after)]
    old, new = (pd.DataFrame({"id": [1], "endDate": one}) for one in times)
    assert kott.diff(old, new)["detail"].tolist() == [detail]


def test_times_that_all_moved_alike_are_one_cause() -> None:
    """Whatever time each had: twelve windows that end a year later have one cause."""
    ends = pd.Series(pd.date_range("2026-01-01", periods=12, tz="UTC", unit="us"))
    before = pd.DataFrame({"id": range(12), "endDate": ends})
    result = kott.diff(before, before.assign(endDate=ends + pd.DateOffset(years=1)))
    assert set(result["cause"]) == {"endDate moved by 1 year"}
    assert set(result["rows"]) == {12}


def test_a_time_as_text_is_compared_as_a_time() -> None:
    """A table that was CSV has no change."""
    ends = pd.Series(pd.date_range("2026-01-01T10:00", periods=2, tz="UTC", unit="us"))
    before = pd.DataFrame({"id": [1, 2], "endDate": ends})
    assert kott.diff(before, before.astype({"endDate": "str"})).empty


@pytest.mark.parametrize("dtype", ["str", "Int64", "Float64", "boolean", "datetime64[us, UTC]"])
def test_few_changes_of_many_rows_are_exactly_those(dtype: str) -> None:
    """Of 25,000 rows, in any order: a value that is another, is absent, or is there now."""
    rows = np.arange(25_000)
    cells = pd.Series(rows % 2, dtype="Int64").mask(rows % 5 == 0)
    before = pd.DataFrame({"id": rows, "x": cells})
    after = before.copy()
    after.loc[[10, 20_001], "x"] = [1, None]
    after.loc[12_347, "x"] = 0
    before, after = (
        one.assign(x=pd.to_datetime(one["x"], unit="s", utc=True).dt.as_unit("us"))
        if dtype.startswith("date")
        else one.astype({"x": dtype})
        for one in (before, after)
    )
    for other in (after, after.sample(frac=1, random_state=1), after.drop(index=range(100, 200))):
        result = kott.diff(before, other).query("change == 'changed'")
        assert result["key"].tolist() == ["10", "12347", "20001"]
        assert result["before"].isna().tolist() == [True, False, False]
        assert result["after"].isna().tolist() == [False, False, True]


def test_fields_are_a_list() -> None:
    """One text is no list of its letters."""
    with pytest.raises(kott.KottError, match="fields must be a list, not 'name'"):
        kott.diff(table({}), table({}), fields="name")
