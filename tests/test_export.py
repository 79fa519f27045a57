"""Tables that leave: Excel, CSV, DuckDB, Parquet and folders, each read back by another program."""

from __future__ import annotations

import csv
import datetime as dt
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.errors import KottError
from kott_notebooks.tables import columns, excel
from kott_notebooks.tables.files import replacing, write_text

FORMS = ("x.xlsx", "x.csv", "x.duckdb", "x.parquet", "x")


@pytest.fixture(scope="module")
def assets() -> pd.DataFrame:
    session = demo.login(assets=60, channels=3, days=2, households=0)
    return kott.assets(session, language="*", progress=False)


def sheet(path: Path, name: str | int = 0) -> list[dict[str, Any]]:
    """Give the rows of a sheet as openpyxl reads them."""
    book = openpyxl.load_workbook(path)
    cells = book.worksheets[name] if isinstance(name, int) else book[name]
    titles, *rows = cells.iter_rows(values_only=True)
    return [dict(zip(map(str, titles), row, strict=True)) for row in rows]


def made(**cells: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": pd.array(range(1, len(next(iter(cells.values()))) + 1), "Int64")} | cells
    )


# Excel


def test_excel_has_numbers_times_flags_and_texts_as_such(
    assets: pd.DataFrame, tmp_path: Path
) -> None:
    """Numbers can be summed, times sorted; times are those of the zone, without one."""
    path = kott.export(assets, tmp_path / "a.xlsx", tz="Asia/Kathmandu")
    rows = sheet(path)
    assert [row["id"] for row in rows] == assets["id"].tolist()
    wall = assets["startDate"].dt.tz_convert("Asia/Kathmandu").dt.tz_localize(None)
    assert [row["startDate"] for row in rows] == wall.dt.to_pydatetime().tolist()
    assert [row["name"] for row in rows] == assets["name"].tolist()
    assert {type(row["enableCatchUp"]) for row in rows} <= {bool, type(None)}
    assert {row["fact"]: row["value"] for row in sheet(path, "about")}["times are of"] == (
        "Asia/Kathmandu"
    )


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "UTC"])
def test_never_and_long_ago_have_cells_in_every_zone(tmp_path: Path, zone: str) -> None:
    """No clock goes beyond 9999; what is older than Excel's calendar is ISO text."""
    ends = ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", None]
    table = made(endDate=ends)
    rows = sheet(kott.export(table, tmp_path / "t.xlsx", tz=zone))
    assert rows[0]["endDate"].date() == dt.date(9999, 12, 31)
    assert str(rows[1]["endDate"])[:4] in ("0001", "0000")
    assert rows[2]["endDate"] is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="_"), max_size=40)


@settings(max_examples=25)
@given(st.lists(st.one_of(TEXTS, st.sampled_from("=+-@<").flatmap(lambda c: TEXTS.map(c.__add__)))))
def test_a_text_stays_a_text(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """No formula, link, number or markup is made of it; what XML cannot hold is marked."""
    path = tmp_path_factory.mktemp("texts") / "t.xlsx"
    texts = [*texts, "=1+1", "@SUM(A1)", "007", "http://a.b", "<r>x</r>", "{=1}", " a & <b> "]
    kott.export(pd.DataFrame({"name": texts}), path)
    cells = [row[0] for row in openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=2)]
    for cell, text in zip(cells, texts, strict=True):
        assert cell.data_type == "s" or (cell.value is None and not text)
        assert cell.hyperlink is None
        if text.isprintable():
            assert (cell.value or "") == text


def test_numbers_of_many_digits_lose_none(tmp_path: Path) -> None:
    """Excel counts in doubles: what is longer is written as text."""
    numbers = [2**53 + 1, -(2**63), 999_999_999_999_999, 7]
    table = pd.DataFrame(
        {"number": pd.array(numbers, "Int64"), "share": [0.1, 1e300, float("inf"), None]}
    )
    rows = sheet(kott.export(table, tmp_path / "t.xlsx"))
    assert [int(row["number"]) for row in rows] == numbers
    assert [row["share"] for row in rows] == [0.1, "1e+300", "inf", None]


def test_columns_can_be_read(assets: pd.DataFrame, tmp_path: Path) -> None:
    """Wide enough, the heading stays and filters, times in a format, empty columns hidden."""
    book = openpyxl.load_workbook(kott.export(assets, tmp_path / "a.xlsx"))
    cells = book.worksheets[0]
    at = {str(cell.value): cell.column_letter for cell in cells[1]}
    assert cells.freeze_panes == "A2"
    assert str(cells.auto_filter.ref).startswith("A1:")
    longest = assets["name"].str.len().quantile(0.9)
    assert longest < cells.column_dimensions[at["name"]].width <= 61
    assert cells[f"{at['startDate']}2"].number_format.startswith("yyyy-mm-dd hh:mm")
    assert cells.column_dimensions[at["startDate"]].width >= 16
    assert cells.column_dimensions[at["relatedEntities"]].hidden


def test_a_text_too_long_for_excel_is_cut_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By Excel's own count, in which a picture letter is two."""
    table = made(name=["short", "\N{CLAPPER BOARD}" * 20_000])
    path = kott.export(table, tmp_path / "t.xlsx")
    text = sheet(path)[1]["name"]
    assert text.endswith("…")
    assert 32_000 < len(text.encode("utf-16-le")) / 2 <= 32_767
    assert "32,767 letters" in caplog.text
    assert "32,767 letters" in str(sheet(path, "about"))


@pytest.mark.parametrize(
    ("rows", "wide", "words"), [(1_048_576, 1, "1,048,576 rows"), (1, 16_385, "16,385 columns")]
)
def test_a_table_too_large_for_a_sheet_is_refused(
    tmp_path: Path, rows: int, wide: int, words: str
) -> None:
    """Before anything is written, with what to do instead."""
    table = pd.DataFrame(1, range(rows), list(map(str, range(wide))))
    with pytest.raises(KottError, match=rf"{words}.*\.csv"):
        kott.export(table, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_parts_longer_than_a_sheet_go_on_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every row once, in order, under the same heading; the sheets say where they begin."""
    monkeypatch.setattr(excel, "ROWS", 5)  # a full sheet takes a minute to write
    images = [[{"id": f"{asset}-{n}", "ratio": "1:1"} for n in range(5)] for asset in range(2)]
    table = made(id=pd.array([0, 1], "Int64"), images=[json.dumps(cell) for cell in images])
    path = kott.export(table, tmp_path / "t.xlsx")
    assert openpyxl.load_workbook(path).sheetnames[1:-1] == [
        "images", "images from 5", "images from 9",
    ]  # fmt: skip
    parts = [sheet(path, name) for name in ("images", "images from 5", "images from 9")]
    assert list(map(len, parts)) == [4, 4, 2]
    ids = [row["id"] for part in parts for row in part]
    assert ids == [f"{asset}-{n}" for asset in range(2) for n in range(5)]
    assert [row["assetId"] for row in parts[2]] == [1, 1]


# Parts that join


def test_the_parts_have_what_was_nested(assets: pd.DataFrame, tmp_path: Path) -> None:
    """One row per entry, keyed by an id that stands once in the main table."""
    path = kott.export(assets, tmp_path / "a.xlsx")
    ids = [row["id"] for row in sheet(path, "assets")]
    for name, whole in (("images", kott.images(assets)), ("mediaFiles", kott.media_files(assets))):
        rows = sheet(path, name)
        assert [row["assetId"] for row in rows] == whole["assetId"].tolist()
        assert [row["url"] for row in rows] == whole["url"].tolist()
    assert len(set(ids)) == len(ids)
    assert {row["assetId"] for row in sheet(path, "tags")} <= set(ids)


def test_names_stand_beside_ids(tmp_path: Path) -> None:
    """In the main sheet and in the parts."""
    session = demo.login(assets=20, channels=2, days=1, households=0)
    assets, labels = kott.assets(session, progress=False), kott.labels(session)
    path = kott.export(assets, tmp_path / "a.xlsx", labels=labels)
    names = labels[labels["kind"] == "assetStruct"].set_index("id")["name"]
    named = assets["type"].astype("str").map({str(key): name for key, name in names.items()})
    assert [row["typeName"] for row in sheet(path)] == named.tolist()
    assert {row["fileTypeName"] for row in sheet(path, "mediaFiles")} == (
        set(kott.media_files(assets)["type"])
    )


def test_a_database_is_a_star(assets: pd.DataFrame, tmp_path: Path) -> None:
    """A question over assets, tags and images, in SQL, has the answer of pandas."""
    path = kott.export(assets, tmp_path / "a.duckdb", tz="Europe/Berlin")
    with duckdb.connect(str(path), read_only=True) as database:
        rows = database.sql(
            "select value, count(distinct a.id), count(*) from assets a join tags t on "
            "t.assetId = a.id join images i on i.assetId = a.id where tag = 'Genre' group by value"
        ).fetchall()
        types = dict(
            database.sql("select column_name, column_type from (describe assets)").fetchall()
        )
    tags, images = kott.tags(assets, "Genre"), kott.images(assets)
    joined = tags.merge(images, on="assetId").groupby("value")["assetId"].agg(["nunique", "size"])
    assert sorted(rows) == sorted(joined.itertuples(name=None))
    assert (types["id"], types["startDate"]) == ("BIGINT", "TIMESTAMP")
    assert not {"images", "mediaFiles", "tags.Genre"} & types.keys()


def test_a_folder_is_a_star_of_csv(assets: pd.DataFrame, tmp_path: Path) -> None:
    """Each file has the rows of its table, with times of the zone."""
    path = kott.export(assets, tmp_path / "star", tz="Asia/Tokyo")
    read = {one.stem: pd.read_csv(one) for one in path.iterdir()}
    assert {"assets", "images", "mediaFiles", "tags"} == read.keys()
    assert read["tags"]["assetId"].isin(read["assets"]["id"]).all()
    wall = assets["startDate"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m-%d %H:%M:%S")
    assert read["assets"]["startDate"].tolist() == wall.tolist()


def test_rows_whose_ids_repeat_are_keyed_by_their_number(
    assets: pd.DataFrame, tmp_path: Path
) -> None:
    """Else a join would give each entry twice."""
    twice = pd.concat([assets, assets])
    path = kott.export(twice, tmp_path / "a.duckdb")
    with duckdb.connect(str(path), read_only=True) as database:
        (joined,) = database.sql("select count(*) from assets join images using (row)").fetchall()
    assert joined == (2 * len(kott.images(assets)),)


def test_a_folder_with_other_files_is_refused(assets: pd.DataFrame, tmp_path: Path) -> None:
    """What lies in a folder is read as one data set; an earlier export is replaced."""
    kott.export(assets, tmp_path / "star")
    kott.export(assets.head(3), tmp_path / "star")
    assert len(pd.read_csv(tmp_path / "star" / "assets.csv")) == 3
    (tmp_path / "star" / "notes.txt").write_text("mine")
    with pytest.raises(KottError, match=r"notes\.txt"):
        kott.export(assets, tmp_path / "star")


def test_titles_in_brackets_are_no_lists(tmp_path: Path) -> None:
    """Also where every title begins with one."""
    table = made(label=["[REC]", "[1408]"], parts=['[{"a":1}]', "[]"])
    kott.export(table, tmp_path / "star")
    assert {one.name for one in (tmp_path / "star").iterdir()} == {"table.csv", "parts.csv"}
    assert pd.read_csv(tmp_path / "star" / "table.csv")["label"].tolist() == ["[REC]", "[1408]"]


# CSV and Parquet


def test_csv_prefixes_nothing_unless_asked(tmp_path: Path) -> None:
    """It is read again, and a title may begin with a sign."""
    table = made(name=["=1+1", "-Man", "plain"])
    assert pd.read_csv(kott.export(table, tmp_path / "a.csv"))["name"].tolist() == [
        "=1+1", "-Man", "plain",
    ]  # fmt: skip
    safe = pd.read_csv(kott.export(table, tmp_path / "b.csv", safe=True))
    assert safe["name"].tolist() == ["'=1+1", "'-Man", "plain"]


@pytest.mark.parametrize("safe", [False, True])
def test_a_return_in_a_cell_ends_no_row_of_a_csv(safe: bool, tmp_path: Path) -> None:
    """Nor begins a cell that a spreadsheet would run."""
    table = made(name=["one\r=1+1", "\r", "a\r\nb"], title=["x", "y", "z"])
    with kott.export(table, tmp_path / "a.csv", safe=safe).open(
        encoding="utf-8", newline=""
    ) as file:
        _, *rows = csv.reader(file)
    cells = table["name"].tolist()
    assert [row[1] for row in rows] == (["one\r=1+1", "'\r", "a\r\nb"] if safe else cells)


@pytest.mark.parametrize("dtype", ["object", "category", "str", "string"])
def test_safe_cells_are_of_any_dtype(dtype: str, tmp_path: Path) -> None:
    """And names of columns are cells too."""
    table = pd.DataFrame({"=name": pd.Series(["=1+1", "@x", None], dtype=dtype)})
    assert kott.flat(table, safe=True)["=name"].tolist()[:2] == ["'=1+1", "'@x"]
    text = kott.export(table, tmp_path / "a.csv", safe=True).read_text("utf-8")
    assert text.splitlines()[:3] == ["'=name", "'=1+1", "'@x"]


def test_csv_is_read_again_with_its_times(assets: pd.DataFrame, tmp_path: Path) -> None:
    """In UTC, and it says so; in a zone only if one is given."""
    read = pd.read_csv(kott.export(assets, tmp_path / "a.csv"), dtype="str")
    again, _ = columns.times(read["startDate"])
    assert again.tolist() == assets["startDate"].dt.floor("s").tolist()
    local = pd.read_csv(kott.export(assets, tmp_path / "b.csv", tz="Asia/Tokyo"), dtype="str")
    wall = assets["startDate"].dt.tz_convert("Asia/Tokyo").dt.strftime("%Y-%m-%d %H:%M:%S")
    assert local["startDate"].tolist() == wall.tolist()


def test_parquet_has_everything(assets: pd.DataFrame, tmp_path: Path) -> None:
    """Values, dtypes and provenance; a zone moves no time."""
    read = pd.read_parquet(kott.export(assets, tmp_path / "a.parquet"))
    pd.testing.assert_frame_equal(read, assets)
    assert kott.provenance(read).equals(kott.provenance(assets))
    zoned = pd.read_parquet(kott.export(assets, tmp_path / "b.parquet", tz="Asia/Tokyo"))
    assert (zoned["startDate"] == assets["startDate"]).all()


@pytest.mark.parametrize("name", FORMS)
def test_no_rows_are_written_too(assets: pd.DataFrame, tmp_path: Path, name: str) -> None:
    """A day without anything is a file with its columns."""
    assert kott.export(assets.head(0), tmp_path / name).exists()


@pytest.mark.parametrize("columns", [[2025, 2026], pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])])
@pytest.mark.parametrize("name", FORMS)
def test_a_pivot_table_is_written(tmp_path: Path, name: str, columns: Any) -> None:
    """The names of its columns become text; times without a zone stay as they are."""
    path = tmp_path / name
    table = pd.DataFrame([[1, pd.Timestamp("2026-03-01")]], columns=columns)
    assert kott.export(table, path, tz="Asia/Tokyo").exists()


def test_what_is_no_table_is_refused(tmp_path: Path, assets: pd.DataFrame) -> None:
    """A column is no table."""
    with pytest.raises(KottError, match=r"DataFrame.* not a Series"):
        kott.export(assets["name"], tmp_path / "a.csv")  # type: ignore[arg-type]


def test_a_workbook_without_its_extra_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, assets: pd.DataFrame
) -> None:
    """With the command that installs it; nothing is written."""
    monkeypatch.setitem(sys.modules, "rustpy_xlsxwriter", None)
    with pytest.raises(KottError, match=r"pip install 'kott_notebooks\[excel\]'"):
        kott.export(assets.head(1), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_is_refused(tmp_path: Path, assets: pd.DataFrame) -> None:
    """With what the system says about it."""
    (tmp_path / "a").write_text("")
    with pytest.raises(KottError, match="cannot be written: Not a directory"):
        kott.export(assets.head(1), tmp_path / "a" / "b.csv")


def test_another_end_is_refused(assets: pd.DataFrame, tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(KottError, match=r"\.xlsx.*not 'a\.xls'"):
        kott.export(assets, tmp_path / "a.xls")


# Whole or not there


@contextmanager
def small_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond some bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 3_000, 12_000])
@pytest.mark.parametrize("name", FORMS)
def test_a_full_disk_leaves_the_old_file(
    assets: pd.DataFrame, tmp_path: Path, name: str, room: int
) -> None:
    """And nothing beside it."""
    path = kott.export(assets.head(1), tmp_path / name)
    before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    with small_disk(room), pytest.raises(KottError, match="cannot be written"):
        kott.export(assets, path)
    assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before


def test_an_interrupt_leaves_the_old_file(tmp_path: Path) -> None:
    """Whatever was written until then."""

    def parts() -> Iterator[str]:
        yield "new " * 100_000
        raise KeyboardInterrupt

    path = write_text(tmp_path / "a.txt", ["old"])
    with pytest.raises(KeyboardInterrupt):
        write_text(path, parts())
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


def test_a_kill_leaves_the_old_file(tmp_path: Path) -> None:
    """However far the writer has come."""
    path = write_text(tmp_path / "a.csv", ["old"])
    code = (
        "import itertools, sys; from kott_notebooks.tables.files import write_text; "
        "write_text(sys.argv[1], (print(n, flush=True) or 'new' * 1000 for n in itertools.count()))"
    )
    with subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(200):
            writer.stdout.readline()
        writer.kill()
    assert path.read_text() == "old"


def test_a_link_and_the_rights_of_a_file_stay(tmp_path: Path) -> None:
    """The file behind the link is replaced."""
    path = write_text(tmp_path / "a.txt", ["old"])
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    write_text(link, ["new"])
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)


def test_what_is_no_file_is_written_to_directly() -> None:
    """A pipe or a device cannot be replaced."""
    with replacing("/dev/null") as path:
        assert path == Path("/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_folder_is_no_file(assets: pd.DataFrame, tmp_path: Path) -> None:
    """Nothing in it is touched."""
    (tmp_path / "a.xlsx").mkdir()
    with pytest.raises(KottError, match="is a folder"):
        kott.export(assets, tmp_path / "a.xlsx")


def test_no_part_takes_the_place_of_the_table(tmp_path: Path) -> None:
    """Also where a nested column is called as the table would be."""
    table = made(table=['[{"a":1}]', '[{"a":2},{"a":3}]'])
    assert [len(sheet(kott.export(table, tmp_path / "t.xlsx"), at)) for at in (0, 1)] == [2, 3]


# Days that are one data set


@pytest.mark.parametrize("change", ["as text", "as float", "without a column", "empty"])
def test_a_day_is_made_like_another(assets: pd.DataFrame, change: str) -> None:
    """Columns and dtypes are those of the first day, whatever became of the second."""
    first, day = assets.head(20), assets.tail(20).reset_index(drop=True)
    other = {
        "as text": lambda: day.astype({"id": "str", "startDate": "str", "metas.Year": "object"}),
        "as float": lambda: day.astype({"id": "float64", "type": "float64"}),
        "without a column": lambda: day.drop(columns=["description", "metas.Year"]),
        "empty": lambda: day.head(0).astype("object"),
    }[change]()
    pinned = kott.conform(other, like=first)
    assert pinned.dtypes.to_dict() == first.dtypes.to_dict()
    assert pinned["id"].tolist() == day["id"].tolist()[: len(other)]


def test_a_new_column_stays_behind_the_others(assets: pd.DataFrame) -> None:
    """It is neither lost nor in the way."""
    pinned = kott.conform(assets.assign(new=1)[["new", "name", "id"]], like=assets[["id", "name"]])
    assert list(pinned.columns) == ["id", "name", "new"]


@pytest.mark.parametrize(
    ("cells", "dtype", "wrong"),
    [
        (["7", "7.5"], "Int64", "7.5"),
        (["yes", "perhaps"], "boolean", "yes"),
        (["2026-01-01", "soon"], "datetime64[us, UTC]", "soon"),
        (["1.5", "one"], "Float64", "one"),
    ],
)
def test_a_value_that_does_not_fit_is_named(cells: list[str], dtype: str, wrong: str) -> None:
    """Instead of becoming absent."""
    like = pd.DataFrame({"column": pd.Series([None], dtype=dtype)})
    with pytest.raises(KottError, match=f"column.*'{wrong}'"):
        kott.conform(pd.DataFrame({"column": cells}), like=like)
