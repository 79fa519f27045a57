"""The one door for columns: a table is the same whatever it has been through."""

from __future__ import annotations

import contextlib
import datetime as dt
import inspect
import io
import logging
import sqlite3
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import catalog, household
from kott_notebooks.tables import frame
from kott_notebooks.tables.columns import distinct, id_texts, micros, need, times, typed
from kott_notebooks.tables.provenance import facts

MEDIA = "KalturaMediaAsset"
TABLE = pd.DataFrame(
    {
        "objectType": pd.Series([MEDIA, MEDIA, MEDIA], dtype="str"),
        "id": pd.Series([11, 12, 13], dtype="Int64"),
        "type": pd.Series([425, None, 426], dtype="Int64"),
        "name": pd.Series(["NA", None, "1917"], dtype="str"),
        "images": pd.Series(['[{"ratio":"16:9","width":"640"}]', None, "[]"], dtype="str"),
        "startDate": pd.to_datetime(
            pd.Series(["2026-01-02T03:04:05", None, "2999-12-31"]), format="ISO8601", utc=True
        ).astype("datetime64[us, UTC]"),
        "updateDate": pd.Series([pd.NaT] * 3, dtype="datetime64[us, UTC]"),
        "externalId": pd.Series(["007", "7", None], dtype="str"),
        "status": pd.Series([True, None, False], dtype="boolean"),
    }
)


def csv(table: pd.DataFrame) -> pd.DataFrame:
    text = io.StringIO(table.to_csv(index=False))
    return pd.read_csv(text, dtype="str", keep_default_na=False, na_values=[""])


def excel(table: pd.DataFrame) -> pd.DataFrame:
    zoned = table.select_dtypes("datetimetz").columns
    naive = table.assign(**{name: table[name].dt.tz_localize(None) for name in zoned})
    file = io.BytesIO()
    naive.to_excel(file, index=False)
    file.seek(0)
    return pd.read_excel(file, dtype=object, keep_default_na=False, na_values=[""])


def parquet(table: pd.DataFrame) -> pd.DataFrame:
    file = io.BytesIO()
    table.to_parquet(file)
    file.seek(0)
    return pd.read_parquet(file)


def sql(table: pd.DataFrame) -> pd.DataFrame:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        table.to_sql("assets", connection, index=False)
        return pd.read_sql("select * from assets", connection)


WAYS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "convert_dtypes": lambda table: table.convert_dtypes(),
    "Arrow": lambda table: table.convert_dtypes(dtype_backend="pyarrow"),
    "string": lambda table: table.astype({"name": "string", "images": "string"}),
    "category": lambda table: table.astype("category"),
    "object": lambda table: table.astype(object),
    "CSV as text": csv,
    "Excel": excel,
    "Parquet": parquet,
    "JSON": lambda table: pd.read_json(
        io.StringIO(table.to_json(orient="records", date_format="iso")), dtype=False
    ),
    "DuckDB": lambda table: duckdb.from_df(table).df(),
    "Polars": lambda table: polars.from_pandas(table).to_pandas(),
    "SQL": sql,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_table_comes_back_as_it_was(way: str) -> None:
    """Every known column has the same values and dtype after a round trip."""
    whole = need(WAYS[way](TABLE), "id", "startDate")
    for name in TABLE:
        wanted, shown = TABLE[name], whole[name]
        if name in ("id", "type", "status") and shown.dtype.kind in "ib":
            shown = shown.astype(wanted.dtype)  # whole numbers and flags of any size are taken
        pd.testing.assert_series_equal(shown, wanted)


@pytest.mark.parametrize("column", ["metas.Runtime", "views", "tally"])
@pytest.mark.parametrize("dtype", ["int64[pyarrow]", "int32[pyarrow]", "double[pyarrow]"])
def test_numbers_of_arrow_are_no_times(column: str, dtype: Any) -> None:
    """A column that only its values tell about holds the numbers that it held."""
    table = pd.DataFrame({"id": [1, 2], column: pd.Series([95, 110], dtype=dtype)})
    assert typed(table)[column].tolist() == [95, 110]


def test_a_table_of_ours_is_given_back_itself() -> None:
    """Nothing is copied where every column has its dtype."""
    assert typed(TABLE) is TABLE


def test_a_missing_column_is_named() -> None:
    """The message says what is missing and what there is."""
    with pytest.raises(kott.KottError, match=r"no column endDate; it has objectType, id"):
        need(TABLE, "id", "endDate")


ROOMS = (kott, kott.audits, catalog, household, kott.plots, kott.report, kott.schedule)
OF_TABLES = {
    f"{room.__name__}.{name}": getattr(room, name)
    for room in ROOMS
    for name in dir(room)
    if inspect.isfunction(one := getattr(room, name))
    and [kind for n, kind in one.__annotations__.items() if n != "return"][:1] == ["pd.DataFrame"]
}


@pytest.mark.parametrize("function", OF_TABLES.values(), ids=OF_TABLES)
def test_every_function_refuses_what_is_no_table(function: Callable[..., Any]) -> None:
    """A list, a column or nothing at all is not read as a table without columns."""
    taken = inspect.signature(function).parameters.values()
    needed = [one for one in taken if one.default is one.empty]
    named = {one.name: "x" for one in needed if one.kind is one.KEYWORD_ONLY}
    for wrong in (None, [{"id": 1}], pd.Series([1]), "assets.parquet"):
        positional = [wrong for one in needed if one.kind is one.POSITIONAL_OR_KEYWORD]
        with pytest.raises(kott.KottError):
            function(*positional, **named)


def test_a_column_of_an_analysis_is_typed_where_all_of_it_can_be() -> None:
    """Of a name that is a partner's own too, no value is lost."""
    made = typed(pd.DataFrame({"snapshot": ["2026-01-01"], "total": ["5"], "share": ["0.5"]}))
    assert [dtype.kind for dtype in made.dtypes] == ["M", "i", "f"]
    own = typed(pd.DataFrame({"id": [1, 2], "share": ["0.5", "half"], "total": ["007", "1"]}))
    assert own["share"].tolist() == ["0.5", "half"]
    assert own["total"].tolist() == ["007", "1"]


def test_a_column_that_stands_twice_is_refused() -> None:
    """Which of two columns of one name is meant, nobody knows."""
    twice = pd.concat([TABLE, TABLE[["name"]]], axis=1)
    with pytest.raises(kott.KottError, match="several columns called name"):
        need(twice, "id")


@settings(max_examples=60, deadline=None)
@given(
    ids=st.lists(st.none() | st.integers(-(2**53), 2**53), min_size=1, max_size=6),
    dtype=st.sampled_from(["Int64", "float64", "str", "string", "object", "category", "arrow"]),
)
def test_ids_are_numbers_whatever_their_dtype(ids: list[int | None], dtype: str) -> None:
    """1, 1.0, "1" and "1.0" are one id."""
    column: Any = pd.Series(ids, dtype="Int64")
    if dtype == "arrow":
        column = column.astype(pd.ArrowDtype(pa.int64()))
    elif dtype in ("str", "string"):
        column = column.astype(dtype) + ".0"
    elif dtype == "float64":
        column = pd.Series([np.nan if one is None else float(one) for one in ids])
    else:
        column = column.astype(dtype)
    whole = need(pd.DataFrame({"id": column, "type": 1}), "id")["id"]
    assert [None if pd.isna(one) else int(one) for one in whole] == ids


@pytest.mark.parametrize("ids", [["7", "acme:7"], ["007", "7"], ["1.5", "2"]])
def test_ids_that_are_not_all_whole_numbers_stay_text(ids: list[str]) -> None:
    """A leading zero is a part of an id, and so is a prefix."""
    assert need(pd.DataFrame({"id": ids}), "id")["id"].tolist() == ids


def test_ids_join_as_text() -> None:
    """`id_texts` writes an id in one way, whatever its dtype."""
    whole = pd.Series([7, None], dtype="Int64")
    for column in (pd.Series([7.0, None]), pd.Series(["7.0", None]), whole):
        assert id_texts(column).tolist()[0] == "7"
        assert id_texts(column).isna().tolist() == [False, True]


def test_households_and_devices_join_across_dtypes() -> None:
    """An id that is text in one table and a fraction in the other is the same household."""
    limits = dict.fromkeys(["devicesLimit", "usersLimit", "concurrentLimit"], 2)
    homes = pd.DataFrame({"id": [5.0, 6.0], **limits})
    devices = pd.DataFrame({"householdId": pd.Series(["6", "5", "6"], dtype="category")})
    used = household.limits(homes, devices=devices).query("limit == 'devices'")["used"]
    assert used.tolist() == [1, 2]


def test_households_and_members_join_where_one_id_is_no_number() -> None:
    """Ids are numbers in one table and text in the other, which has one more: "acme:9"."""
    limits = dict.fromkeys(["devicesLimit", "usersLimit", "concurrentLimit"], 5)
    homes = pd.DataFrame({"id": [5, 6], **limits})
    ids = ["5", "6", "acme:9"]
    users = pd.DataFrame({"householdId": ids, "isMaster": True})
    devices = pd.DataFrame({"householdId": ids, "udid": ids, "lastActivityTime": "2024-01-01"})
    found = household.audit(homes, users, devices, now="2026-01-15")
    assert found["rule"].value_counts().to_dict() == {"device.idle": 3, "household.idle": 2}


MOMENTS = st.datetimes(
    min_value=pd.Timestamp("1900-01-01").to_pydatetime(),
    max_value=pd.Timestamp("9999-12-31").to_pydatetime(),
)


@settings(max_examples=60, deadline=None)
@given(
    moments=st.lists(st.none() | MOMENTS, min_size=1, max_size=6),
    form=st.sampled_from(
        ["s", "ms", "us", "Asia/Kathmandu", "text", "Z", "offset", "object", "arrow"]
    ),
)
def test_times_are_utc_whatever_their_form(moments: list[Any], form: str) -> None:
    """Any unit and zone, ISO text with and without a zone, objects and Arrow give one time."""
    stamps = pd.Series([None if one is None else one.replace(microsecond=0) for one in moments])
    wanted = stamps.astype("datetime64[us]").dt.tz_localize("UTC")
    column: Any = wanted.dt.tz_localize(None)
    if form in ("s", "ms", "us"):
        column = column.astype(f"datetime64[{form}]")
    elif form == "Asia/Kathmandu":
        column = wanted.dt.tz_convert(form)
    elif form in ("text", "Z"):
        column = column.dt.strftime("%Y-%m-%dT%H:%M:%S" + form.removeprefix("text"))
    elif form == "offset":
        zoned = wanted.dt.tz_convert("+05:30")
        column = zoned.map(lambda one: None if pd.isna(one) else one.isoformat(sep=" "))
    elif form == "object":
        column = column.astype(object)
    else:
        column = column.astype(pd.ArrowDtype(pa.timestamp("us")))
    read, bad = times(column.rename("startDate"))
    assert bad == []
    pd.testing.assert_series_equal(read, wanted.rename("startDate"), check_names=False)


def test_the_day_numbers_of_excel_are_times() -> None:
    """An unformatted sheet counts days since 1899; the second is exact."""
    read, _ = times(pd.Series([46_024.127835648, None], name="startDate"))
    assert read[0] == pd.Timestamp("2026-01-02T03:04:05Z")


@pytest.mark.parametrize(
    "text", ["03/04/2026", "3.4.2026 20:15", "03-04-26", "31/12/2026 00:00", "13/01/2026"]
)
def test_days_before_months_are_refused(text: str) -> None:
    """One such date refuses the column, also beside ISO dates: nobody guesses."""
    with pytest.raises(kott.KottError, match="only ISO dates are read"):
        micros(pd.DataFrame({"createDate": ["2026-01-01", text]}), "createDate")


@pytest.mark.parametrize("column", [["soon"], ["Mar 4, 2026", "x"], [1_700_000_000], [5.5]])
def test_a_column_without_any_time_is_refused(column: list[Any]) -> None:
    """Words, English dates and numbers that are no days of Excel are not read as times."""
    with pytest.raises(kott.KottError, match="startDate does not hold times"):
        need(pd.DataFrame({"startDate": column, "endDate": None}), "startDate")


def test_a_column_that_is_not_needed_is_not_refused() -> None:
    """What a function does not ask for stays as it is."""
    table = pd.DataFrame({"id": [1], "startDate": ["soon"]})
    assert need(table, "id")["startDate"].tolist() == ["soon"]


@pytest.mark.parametrize("bad", ["2026-02-30", "1767225600000", "25:00", "2026-13-01T00:00"])
def test_one_time_that_is_not_valid_costs_one_value(
    bad: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are read; the log and the provenance name it."""
    table = pd.DataFrame({"id": [8, 9], "startDate": ["2026-01-01", bad], "endDate": None})
    with caplog.at_level(logging.WARNING, "kott_notebooks"):
        read = need(table, "startDate")
    assert read["startDate"].isna().tolist() == [False, True]
    assert facts(read)["unreadable"] == [{"column": "startDate", "id": "9", "value": bad}]
    assert "startDate: 1 of 2 values cannot be read" in caplog.text


@pytest.mark.parametrize("empty", [[None, None], [np.nan, np.nan], ["", ""], [pd.NaT, pd.NaT]])
def test_an_empty_column_of_times_is_absent(empty: list[Any]) -> None:
    """CSV gives an empty column as numbers or text: no value is absent in every form."""
    table = need(pd.DataFrame({"id": [1, 2], "endDate": empty}), "endDate")
    assert table["endDate"].isna().all()
    assert str(table["endDate"].dtype) == "datetime64[us, UTC]"


@settings(max_examples=30, deadline=None)
@given(
    flags=st.lists(st.none() | st.booleans(), min_size=1, max_size=5),
    form=st.sampled_from(["True", "true", "1", "1.0"]),
)
def test_flags_are_flags_in_every_form(flags: list[bool | None], form: str) -> None:
    """CSV and SQL write true and false as text and numbers."""
    no = {"True": "False", "true": "false", "1": "0", "1.0": "0.0"}
    written = {True: form, False: no[form]}
    column = pd.Series([None if one is None else written[one] for one in flags], dtype="str")
    table = typed(pd.DataFrame({"id": range(len(flags)), "status": column, "entryId": "e"}))
    if any(one is not None for one in flags):
        assert [None if pd.isna(one) else bool(one) for one in table["status"]] == flags


def test_decoded_cells_become_json_again() -> None:
    """Lists and dicts, as other tools decode nested columns, are the text that we write."""
    cells = [[{"ratio": "16:9", "width": 640}], np.array([{"ratio": "2:3"}]), None]
    table = typed(TABLE.assign(images=pd.Series(cells, dtype=object)))
    assert table["images"].tolist()[:2] == ['[{"ratio":"16:9","width":640}]', '[{"ratio":"2:3"}]']


def test_half_a_character_costs_itself_alone() -> None:
    """An emoji that was cut in two is a question mark; the other texts stay."""
    columns = {"name": ["Quay \ud83d", "Pier"], "own": ["\ud800", 1]}
    texts = {name: pd.Series(cells, dtype=object) for name, cells in columns.items()}
    table = typed(pd.DataFrame(texts))
    assert table["name"].tolist() == ["Quay ?", "Pier"]
    assert table["own"].tolist() == ["?", "1"]


@pytest.mark.parametrize("given", ["1,5", "many"])
def test_an_amount_that_is_no_number_is_refused(given: str) -> None:
    """Where a function needs it: it would be compared as a text."""
    limits = pd.DataFrame({"limit": "users", "allowed": ["4", given], "used": 1})
    with pytest.raises(kott.KottError, match=f"allowed must hold whole numbers, not '{given}'"):
        household.headroom(limits)


@pytest.mark.parametrize("function", ["summary", "worklist", "failing", "report.audit", "as_json"])
def test_a_severity_that_does_not_exist_is_refused(function: str) -> None:
    """A finding of "Error" or "critical" would be counted by nobody."""
    findings = catalog.audit(TABLE, now="2026-01-15").assign(severity="Critical")
    functions: dict[str, Callable[[pd.DataFrame], Any]] = {
        "summary": kott.audits.summary,
        "worklist": kott.audits.worklist,
        "failing": lambda table: kott.audits.failing(table, "error"),
        "report.audit": kott.report.audit,
        "as_json": kott.report.as_json,
    }
    with pytest.raises(kott.KottError, match="severity must be error, warning, info, not 'Crit"):
        functions[function](findings)


def test_an_asset_of_two_pulls_is_one_asset() -> None:
    """Of rows of one kind and id the last stays; a programme of that id is another thing."""
    later = TABLE.assign(name=TABLE["name"].fillna("later"))
    programme = TABLE.head(1).assign(objectType="KalturaProgramAsset")
    joined = distinct(pd.concat([TABLE, later, programme]))
    assert joined["id"].tolist() == [11, 12, 13, 11]
    assert joined["name"].tolist()[:3] == ["NA", "later", "1917"]


@pytest.mark.parametrize("way", WAYS)
def test_an_audit_finds_the_same_in_every_form(way: str) -> None:
    """Findings do not depend on the way that a table came back."""
    rows = [
        {"objectType": MEDIA, "id": 1, "type": 425, "name": "Quay", "typeDescription": "Movie",
         "images": [{"ratio": "16:9", "width": "100"}], "status": True, "externalId": "007",
         "startDate": 1_700_000_000, "endDate": 1_600_000_000,
         "mediaFiles": [{"type": "HLS_Main", "status": "false", "endDate": 9_999_999_999_999}]},
        {"objectType": MEDIA, "id": 2, "type": 425, "name": "NA", "typeDescription": "Movie",
         "status": False, "externalId": "7"},
    ]  # fmt: skip
    table = frame(rows, MEDIA)
    back = WAYS[way](table)
    now = "2026-01-15"
    columns = ["rule", "id", "field", "detail"]
    wanted = catalog.audit(table, now=now)[columns]
    pd.testing.assert_frame_equal(catalog.audit(back, now=now)[columns], wanted)


def test_arrow_texts_of_a_dictionary_are_times() -> None:
    """As Parquet read by Arrow has texts that repeat; other types are errors of this package."""
    texts = pa.array(["2026-04-03T18:00", None]).dictionary_encode()
    read = need(pd.DataFrame({"startDate": pd.arrays.ArrowExtensionArray(texts)}), "startDate")
    assert read["startDate"].dropna().tolist() == [pd.Timestamp("2026-04-03T18:00Z")]
    for odd in (pa.array([dt.time(18)]), pa.array([1]).dictionary_encode(), pa.array([b"x"])):
        with pytest.raises(kott.KottError, match="startDate does not hold times"):
            need(pd.DataFrame({"startDate": pd.arrays.ArrowExtensionArray(odd)}), "startDate")
