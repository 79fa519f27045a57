"""Snapshots: what is saved comes back as it was, whole or not at all."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import KottError, catalog, demo
from kott_notebooks.tables.provenance import facts

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2026-03-01", tz="UTC")


@pytest.fixture(scope="module")
def assets() -> pd.DataFrame:
    return kott.assets(demo.login(assets=120, clock=START.timestamp))


@pytest.fixture(scope="module")
def epg() -> pd.DataFrame:
    return kott.epg(demo.login(assets=50, clock=START.timestamp), START, START + 2 * DAY)


def table(**columns: Any) -> pd.DataFrame:
    made = pd.DataFrame(columns)
    return made.convert_dtypes().astype({c: "str" for c in made if made[c].dtype == "str"})


def test_a_table_comes_back_as_it_was(assets: pd.DataFrame, tmp_path: Path) -> None:
    """Rows, their order, columns, dtypes and provenance."""
    kott.save(assets, tmp_path)
    back = kott.load(tmp_path)
    pd.testing.assert_frame_equal(back, assets)
    assert back.attrs == assets.attrs


@pytest.mark.parametrize("by", ["day", "channel", None])
def test_partitions_change_nothing(epg: pd.DataFrame, by: Any, tmp_path: Path) -> None:
    """However the files are split, the order of rows is kept."""
    shuffled = epg.sample(frac=1, random_state=1).reset_index(drop=True)
    kott.save(shuffled, tmp_path, by=by)
    pd.testing.assert_frame_equal(kott.load(tmp_path), shuffled)


COLUMNS: dict[str, Any] = {
    "Int64": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "Float64": st.one_of(st.none(), st.floats(allow_nan=False)),
    "boolean": st.one_of(st.none(), st.booleans()),
    "str": st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=8)),
    "datetime64[us, UTC]": st.one_of(
        st.none(),
        st.datetimes(pd.Timestamp("1700-01-01"), pd.Timestamp("2262-01-01")).map(
            lambda time: pd.Timestamp(time, tz="UTC")
        ),
    ),
}


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6)


@given(
    dtypes=st.dictionaries(NAMES, st.sampled_from([*COLUMNS]), min_size=1, max_size=4),
    rows=st.integers(0, 4),
    data=st.data(),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_dtype_of_ours_survives(
    dtypes: dict[str, str], rows: int, data: st.DataObject, tmp_path: Path
) -> None:
    """Names with blanks and dots, empty tables, empty columns, times of 1700 and 2261."""
    columns = {
        name: pd.Series(
            data.draw(st.lists(COLUMNS[dtype], min_size=rows, max_size=rows)), dtype=dtype
        )
        for name, dtype in dtypes.items()
    }
    made = pd.DataFrame(columns)
    at = kott.save(made, tmp_path, name="made")
    pd.testing.assert_frame_equal(kott.load(tmp_path, at=at), made)


def test_others_can_read_it(epg: pd.DataFrame, tmp_path: Path) -> None:
    """pandas reads a snapshot's folder without us."""
    kott.save(epg, tmp_path, by="day")
    (folder,) = (one for one in (tmp_path / "epg").iterdir() if one.is_dir())
    plain = pd.read_parquet(folder)
    assert sorted(plain["id"]) == sorted(epg["id"])
    assert plain["startDate"].dtype == epg["startDate"].dtype


def test_the_newest_at_a_time_is_loaded(tmp_path: Path) -> None:
    """By time, by id, or the newest; of two of one time, the one saved last."""
    for day in range(3):
        kott.save(table(id=[day]), tmp_path, name="t", when=START + day * DAY)
    again = kott.save(table(id=[99]), tmp_path, name="t", when=START + DAY)
    assert kott.load(tmp_path)["id"].tolist() == [2]
    assert kott.load(tmp_path, at=START + DAY)["id"].tolist() == [99]
    assert kott.load(tmp_path, at=START + 1.5 * DAY)["id"].tolist() == [99]
    assert kott.load(tmp_path, at="2026-03-01")["id"].tolist() == [0]
    assert kott.load(tmp_path, at=again)["id"].tolist() == [99]
    with pytest.raises(KottError, match="oldest is of 2026-03-01"):
        kott.load(tmp_path, at="2026-02-28")


def test_snapshots_are_listed_oldest_first(assets: pd.DataFrame, tmp_path: Path) -> None:
    """With what each holds, and what it was asked for."""
    kott.save(assets, tmp_path)
    kott.save(table(id=[1]), tmp_path, name="t", when=START - DAY)
    listed = kott.snapshots(tmp_path)
    assert listed["name"].tolist() == ["t", "assets"]
    assert listed["rows"].tolist() == [1, len(assets)]
    assert listed["action"].tolist()[1] == "asset.list"
    assert kott.snapshots(tmp_path, name="t")["name"].tolist() == ["t"]
    assert kott.snapshots(tmp_path / "none").empty


@pytest.mark.parametrize(
    ("before", "after", "dtype", "values"),
    [
        ([1], [0.5], "Float64", [1.0, 0.5]),
        ([1], ["x"], "str", ["1", "x"]),
        ([True], ["x"], "str", ["true", "x"]),
        ([5.0], ["x"], "str", ["5", "x"]),
        ([2**60], [0.5], "str", [str(2**60), "0.5"]),
        ([1], [None], "Int64", [1, None]),
        (["a"], ["b"], "str", ["a", "b"]),
    ],
)
def test_a_type_that_moves_between_days_loses_nothing(
    before: list[Any], after: list[Any], dtype: str, values: list[Any], tmp_path: Path
) -> None:
    """A meta that was a number yesterday and is text today is text in both."""
    for n, cells in enumerate((before, after)):
        column = pd.Series(cells, dtype="str" if cells == [None] else None).convert_dtypes()
        column = column.astype("str") if column.dtype == "string" else column
        made = pd.DataFrame({"id": [n], "metas.X": column})
        kott.save(made, tmp_path, name="t", when=START + n * DAY)
    both = kott.load_all(tmp_path)
    assert both["metas.X"].dtype == dtype
    assert both["metas.X"].astype("object").where(both["metas.X"].notna(), None).tolist() == values


def test_new_columns_are_empty_where_they_were_not(tmp_path: Path) -> None:
    """No column is dropped because the first snapshot lacks it."""
    kott.save(table(id=[1]), tmp_path, name="t", when=START)
    kott.save(table(id=[2], more=["x"]), tmp_path, name="t", when=START + DAY)
    both = kott.load_all(tmp_path)
    assert both["more"].fillna("-").tolist() == ["-", "x"]
    assert both["snapshot"].tolist() == [START, START + DAY]
    assert kott.load_all(tmp_path, start=START + DAY)["id"].tolist() == [2]
    assert kott.load_all(tmp_path, fields=["more"])["more"].notna().sum() == 1
    with pytest.raises(KottError, match="no snapshot of 't' has nowhere"):
        kott.load_all(tmp_path, fields=["nowhere"])


def test_a_damaged_file_is_named(assets: pd.DataFrame, tmp_path: Path) -> None:
    """A file that was cut short, or of which one byte changed, is an error; others can be read."""
    first = kott.save(assets[:5], tmp_path)
    second = kott.save(assets, tmp_path)
    (path,) = (tmp_path / "assets" / second).glob("*.parquet")
    content = path.read_bytes()
    for damaged in (content[:-10], content[:100] + b"x" + content[101:]):
        path.write_bytes(damaged)
        with pytest.raises(KottError, match=r"part-0\.parquet is damaged"):
            kott.load(tmp_path, at=second)
    path.unlink()
    with pytest.raises(KottError, match=r"part-0\.parquet cannot be read"):
        kott.load(tmp_path, at=second)
    assert len(kott.load(tmp_path, at=first)) == 5


def test_a_newer_manifest_says_so(assets: pd.DataFrame, tmp_path: Path) -> None:
    """A version of tomorrow is not guessed at; older snapshots stay readable."""
    first = kott.save(assets[:5], tmp_path)
    second = kott.save(assets, tmp_path)
    path = tmp_path / "assets" / f"{second}.json"
    path.write_text(path.read_text("utf-8").replace('"version": 1', '"version": 2', 1), "utf-8")
    with pytest.raises(KottError, match="newer kott_notebooks"):
        kott.load(tmp_path)
    assert len(kott.load(tmp_path, at=first)) == 5
    path.write_text("{", "utf-8")
    with pytest.raises(KottError, match="damaged"):
        kott.load(tmp_path)


def test_without_a_manifest_there_is_no_snapshot(assets: pd.DataFrame, tmp_path: Path) -> None:
    """What a writer that was killed leaves behind is not taken for a table."""
    kept = kott.save(assets[:5], tmp_path)
    lost = kott.save(assets, tmp_path)
    (tmp_path / "assets" / f"{lost}.json").unlink()
    assert kott.snapshots(tmp_path)["id"].tolist() == [kept]
    assert len(kott.load(tmp_path)) == 5


FILL = """
import resource, signal, sys
import kott_notebooks as kott, pandas as pd
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    kott.save(pd.DataFrame({"id": range(100_000)}), sys.argv[1], name="t")
except kott.KottError as error:
    print(error)
"""


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    """The snapshots before it stay, and nothing of the new one is left."""
    kott.save(table(id=[1]), tmp_path, name="t")
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "could not be written" in done.stdout
    assert kott.load(tmp_path)["id"].tolist() == [1]
    assert len([*(tmp_path / "t").iterdir()]) == 2


def _save(store: str, n: int) -> None:
    for _ in range(5):
        kott.save(table(id=[n] * 1000), store, name="t", when=START)


def test_two_processes_save_side_by_side(tmp_path: Path) -> None:
    """Neither waits for the other, and every snapshot is whole."""
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_save, args=(str(tmp_path), n)) for n in (1, 2)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0, 0]
    saved = kott.snapshots(tmp_path)
    assert len(saved) == 10
    for at in saved["id"]:
        assert kott.load(tmp_path, at=at)["id"].nunique() == 1


def test_an_object_store_is_a_store(assets: pd.DataFrame) -> None:
    """Through fsspec, by its address."""
    kott.save(assets, "memory://partner/kott")
    pd.testing.assert_frame_equal(kott.load("memory://partner/kott"), assets)
    assert kott.snapshots("memory://partner/kott")["rows"].tolist() == [len(assets)]
    with pytest.raises(KottError, match="nosuch"):
        kott.save(assets, "nosuch://x")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "../x"}, "name must be"),
        ({"by": "week"}, "'day' or 'channel', not 'week'"),
        ({"by": "channel"}, "needs the column linearAssetId"),
        ({}, "what the table is called|name must be"),
    ],
)
def test_what_cannot_be_saved_says_why(
    arguments: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """And writes nothing."""
    given = {"name": "t", **arguments} if arguments else {}
    with pytest.raises(KottError, match=words):
        kott.save(table(id=[1]), tmp_path, **given)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    "store", ["", "a\0b", "\udcff", "~nobody-has-this-name/kott", 3, None, b"kott", __file__]
)
def test_a_store_that_cannot_be_a_folder_is_refused(store: Any) -> None:
    """Nothing is written into the folder that one happens to be in."""
    for use in (lambda: kott.save(table(id=[1]), store, name="t"), lambda: kott.snapshots(store)):
        with pytest.raises(KottError, match="must be a folder"):
            use()


def test_what_cannot_be_loaded_says_what_there_is(tmp_path: Path) -> None:
    """An empty store, several tables, a table that is not there, a column that is not there."""
    with pytest.raises(KottError, match="it is empty"):
        kott.load(tmp_path)
    kott.save(table(id=[1]), tmp_path, name="a")
    kott.save(table(id=[1]), tmp_path, name="b")
    with pytest.raises(KottError, match="it has a, b"):
        kott.load(tmp_path)
    with pytest.raises(KottError, match="no table 'c'; it has a, b"):
        kott.load(tmp_path, name="c")
    with pytest.raises(KottError, match="has no column x; it has id"):
        kott.load(tmp_path, name="a", fields=["x"])
    with pytest.raises(KottError, match="fields must be a list, not 'id'"):
        kott.load(tmp_path, name="a", fields="id")


# SQL


def test_sql_asks_tables_and_types_the_answer(epg: pd.DataFrame) -> None:
    """Joins two tables by name; the dtypes are those of our tables."""
    channels = table(id=epg["linearAssetId"].unique()[:2].tolist(), title=["One", "Two"])
    result = kott.sql(
        """select title, count(*) as n, avg(epoch(endDate) - epoch(startDate)) / 60 as minutes,
        min(startDate) as first, bool_or(enableCatchUp) as catchUp
        from epg join channels on epg.linearAssetId = channels.id group by title order by title""",
        {"epg": epg, "channels": channels},
    )
    own = epg[epg["linearAssetId"] == channels["id"][0]]
    assert result["title"].tolist() == ["One", "Two"]
    assert result["n"][0] == len(own)
    assert result["first"][0] == own["startDate"].min()
    assert [str(one) for one in result.dtypes] == [
        *("str", "Int64", "Float64", "datetime64[us, UTC]", "boolean"),
    ]


def test_sql_asks_a_store(tmp_path: Path) -> None:
    """A name is the newest snapshot, NAME_all every one; new columns are empty before they came."""
    kott.save(table(id=[1, 2]), tmp_path, name="t", when=START)
    kott.save(table(id=[2], more=["x"]), tmp_path, name="t", when=START + DAY)
    assert kott.sql("select id from t", tmp_path)["id"].tolist() == [2]
    counted = kott.sql("select snapshot, count(more) n from t_all group by 1 order by 1", tmp_path)
    assert counted["snapshot"].tolist() == [START, START + DAY]
    assert counted["n"].tolist() == [0, 1]


def test_nested_columns_are_views() -> None:
    """One row per value of a tag, and per image."""
    made = table(
        id=[1, 2],
        images=['[{"ratio":"16:9"},{"ratio":"2:3"}]', None],
        **{"tags.Genre": ['["Drama","It\'s \\"odd\\""]', None], "tags.Cast": [None, '["Ann"]']},
    )
    tags = kott.sql("select * from assets_tags order by id, value", {"assets": made})
    assert tags.to_dict("list") == {
        "id": [1, 1, 2],
        "tag": ["Genre", "Genre", "Cast"],
        "value": ["Drama", 'It\'s "odd"', "Ann"],
    }
    ratios = kott.sql("select entry->>'ratio' as ratio from assets_images", {"assets": made})
    assert ratios["ratio"].tolist() == ["16:9", "2:3"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select * from nowhere", "nowhere does not exist"),
        ("selec 1", "syntax error"),
        ("select 1 +", "failed"),
        ("-- nothing", "has no result: write a SELECT"),
        ("select '\udcff'", "failed"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(query: str, words: str) -> None:
    """In DuckDB's own words."""
    with pytest.raises(KottError, match=words):
        kott.sql(query, {"t": table(id=[1])})


def test_a_table_of_many_row_groups_keeps_its_order(tmp_path: Path) -> None:
    """Several threads write it."""
    table = pd.DataFrame({"id": pd.array(range(500_000), dtype="Int64"), "name": "x" * 50})
    for _ in range(5):
        kott.save(table, tmp_path, name="assets")
        assert kott.load(tmp_path, fields=["id"])["id"].is_monotonic_increasing


def test_tables_that_no_store_can_hold_are_refused(tmp_path: Path) -> None:
    """Two columns of one name; a column that has the name of a partition, or of what is added."""
    twice = pd.DataFrame([[1, 2]], columns=["id", "id"])
    with pytest.raises(KottError, match="cannot be written as Parquet"):
        kott.save(twice, tmp_path, name="twice")
    own = pd.DataFrame({"linearAssetId": [7], "channel": ["A"], "snapshot": [START]})
    with pytest.raises(KottError, match="makes a column channel, which the table has already"):
        kott.save(own, tmp_path, name="own", by="channel")
    kott.save(own, tmp_path, name="own")
    with pytest.raises(KottError, match="has a column snapshot of its own"):
        kott.load_all(tmp_path, name="own")
    assert len(kott.load_all(tmp_path, name="own", fields=["channel"])) == 1


def test_one_of_the_snapshots_that_were_loaded_is_judged_as_a_whole(tmp_path: Path) -> None:
    """Its rows are fewer than those that were loaded, and none of its own are missing."""
    assets = kott.assets(demo.login(assets=40, households=0))
    for day in (START, START + DAY):
        kott.save(assets, tmp_path, when=day)
    both = kott.load_all(tmp_path)
    one = both[both["snapshot"] == START].drop(columns="snapshot")
    reasons = facts(catalog.audit(one, now=START))["not_judged"]
    assert "that were pulled" not in " ".join(reasons.values())
