"""Snapshots that are written part by part: stopped, killed and resumed, they come out whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

import kott_notebooks as kott
from kott_notebooks import KottError
from kott_notebooks.history import drafts, store

QUERY = {"action": "asset.list", "ksql": "(and)"}


def part(first: int, **columns: Any) -> pd.DataFrame:
    """Make three rows with ids from `first`, and further columns."""
    ids = pd.array(range(first, first + 3), dtype="Int64")
    return pd.DataFrame({"id": ids, **columns})


def text(*cells: str) -> pd.Series[str]:
    return pd.Series(cells, dtype="str")


def test_parts_of_different_columns_are_one_table(tmp_path: Path) -> None:
    """A meta that one part lacks is absent there; one that is a number here and text there is text.

    Parts stand in the order that is asked for, whenever they were written.
    """
    with drafts.begin(tmp_path, name="assets", query=QUERY) as draft:
        year = pd.array([1999, None, 2001], dtype="Int64")
        draft.append(part(4, **{"metas.Year": year}), {"low": 4})
        draft.append(part(1, **{"metas.Year": text("1", "x", "3"), "name": "A"}), {"low": 1})
        at = draft.commit({"source": "kott.assets"}, order=lambda about: about["low"])
    table = kott.load(tmp_path, at=at)
    assert table["id"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["metas.Year"].fillna("-").tolist() == ["1", "x", "3", "1999", "-", "2001"]
    assert table["name"].isna().tolist() == [False] * 3 + [True] * 3
    assert "kott.assets" in kott.provenance(table)["value"].tolist()


def test_a_draft_is_no_snapshot(tmp_path: Path) -> None:
    """Before it is committed nobody sees it, and afterwards nothing of it is left."""
    with drafts.begin(tmp_path, name="assets", query=QUERY) as draft:
        draft.append(part(1), {"low": 1})
        assert kott.snapshots(tmp_path).empty
        at = draft.commit({})
    assert sorted(one.name for one in (tmp_path / "assets").iterdir()) == [at, f"{at}.json"]


KILLED = """
import os, sys
import pandas as pd
from kott_notebooks.history import drafts, files

def dying(system, path, content, write=files.write_once):
    if path.endswith(".json") and len(draft.parts) == int(sys.argv[2]):
        if sys.argv[3] == "after":
            write(system, path, content)
        os._exit(9)
    write(system, path, content)

query = {"action": "asset.list", "ksql": "(and)"}
with drafts.begin(sys.argv[1], name="assets", query=query) as draft:
    files.write_once = dying
    for low in (1, 4, 7):
        draft.append(pd.DataFrame({"id": range(low, low + 3)}).convert_dtypes(), {"low": low})
"""


@pytest.mark.parametrize(("parts", "moment"), [(0, "before"), (1, "before"), (2, "after")])
def test_a_killed_writer_is_resumed_by_another_process(
    tmp_path: Path, parts: int, moment: str
) -> None:
    """Parts that were written stay, the one under way does not, and each row is there once."""
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(parts), moment]
    assert subprocess.run(command, check=False).returncode == 9
    with drafts.begin(tmp_path, name="assets", query=QUERY) as draft:
        done = [about["low"] for about in draft.parts]
        assert done == [1, 4, 7][: parts + (moment == "after")]
        for low in (1, 4, 7):
            if low not in done:
                draft.append(part(low), {"low": low})
        draft.commit({})
    assert kott.load(tmp_path)["id"].tolist() == [*range(1, 10)]


def test_another_query_begins_anew(tmp_path: Path) -> None:
    """What was written for one filter is not taken for another."""
    with drafts.begin(tmp_path, name="assets", query=QUERY) as draft:
        draft.append(part(1), {"low": 1})
    with drafts.begin(tmp_path, name="assets", query={**QUERY, "ksql": "Year>'2000'"}) as other:
        assert other.parts == []


def test_a_draft_remembers_its_state(tmp_path: Path) -> None:
    """It is made once, by whoever begins; the time of the beginning is the snapshot's."""
    with drafts.begin(tmp_path, name="t", query={}, state=lambda: {"windows": [1, 2]}) as draft:
        began = draft.began
        draft.append(part(1), {})
    with drafts.begin(tmp_path, name="t", query={}, state=lambda: 1 / 0) as draft:
        assert draft.state == {"windows": [1, 2]}
        assert [len(one) for one in draft.tables(["id", "name"])] == [3]
        draft.commit({})
    assert kott.snapshots(tmp_path)["when"].tolist() == [began]


def test_a_draft_of_yesterday_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first rows are no longer true."""
    with drafts.begin(tmp_path, name="t", query={}) as draft:
        draft.append(part(1), {})
        later = draft.began + pd.Timedelta(days=1, seconds=1)
    monkeypatch.setattr(drafts, "present", lambda: later)
    with drafts.begin(tmp_path, name="t", query={}) as draft:
        assert draft.parts == []
        draft.append(part(4), {})
        draft.commit({})
    assert kott.load(tmp_path)["id"].tolist() == [4, 5, 6]


def test_a_column_without_values_has_no_say_in_its_type(tmp_path: Path) -> None:
    """A number stays a number where another part has nothing."""
    with drafts.begin(tmp_path, name="t", query={}) as draft:
        draft.append(part(1, **{"metas.Year": pd.array([1999, None, 2001], dtype="Int64")}), {})
        draft.append(part(4, **{"metas.Year": pd.Series([None] * 3, dtype="str")}), {})
        draft.commit({})
    assert kott.load(tmp_path)["metas.Year"].dtype == "Int64"


def test_one_process_writes_a_draft_at_a_time(tmp_path: Path) -> None:
    """The second is refused as long as the first lives."""
    code = (
        "import sys; from kott_notebooks.history import drafts\n"
        "try: drafts.begin(sys.argv[1], name='assets', query={})\n"
        "except Exception as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with drafts.begin(tmp_path, name="assets", query={}):
        second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Another process is writing" in second.stdout
    third = subprocess.run(command, capture_output=True, text=True, check=True)
    assert third.stdout == ""


def test_a_full_disk_stops_a_draft_and_loses_nothing(tmp_path: Path) -> None:
    """The parts before it are on disk, and the message says that the same call goes on."""
    code = (
        "import resource, signal, sys; import pandas as pd\n"
        "from kott_notebooks.history import drafts\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "draft = drafts.begin(sys.argv[1], name='t', query={})\n"
        "draft.append(pd.DataFrame({'id': [1]}), {})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try: draft.append(pd.DataFrame({'id': range(100_000)}), {})\n"
        "except Exception as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1 parts before it are on disk: the same call goes on" in done.stdout
    with drafts.begin(tmp_path, name="t", query={}) as draft:
        assert len(draft.parts) == 1


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    """A draft whose file was cut short is not committed."""
    with drafts.begin(tmp_path, name="t", query={}) as draft:
        draft.append(part(1), {})
        (path,) = tmp_path.rglob("*.parquet")
        os.truncate(path, 20)
        with pytest.raises(KottError, match=rf"{path.name} is damaged"):
            draft.commit({})
    assert kott.snapshots(tmp_path).empty


def test_an_object_store_holds_drafts() -> None:
    """Where there is no lock, and no link."""
    for low in (1, 4):
        with drafts.begin("memory://drafts", name="t", query={}) as draft:
            draft.append(part(low), {"low": low})
    with drafts.begin("memory://drafts", name="t", query={}) as draft:
        draft.commit({})
    assert kott.load("memory://drafts")["id"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_large_snapshot_is_read_by_others_and_file_by_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pandas, Polars and DuckDB read the folder without us; `tables_of` one file at a time."""
    monkeypatch.setattr(drafts, "ROWS_PER_FILE", 4)
    with drafts.begin(tmp_path, name="t", query={}) as draft:
        for low in (1, 4, 7):
            draft.append(part(low, **({"name": "x"} if low == 4 else {})), {"low": low})
        at = draft.commit({})
    assert [len(one) for one in store.tables_of(tmp_path)] == [6, 3]
    folder = tmp_path / "t" / at
    with duckdb.connect() as database:
        by_duckdb = database.execute(f"from read_parquet('{folder}/*.parquet')").df()
    for table in (
        pd.read_parquet(folder),
        pl.read_parquet(folder / "*.parquet").to_pandas(),
        by_duckdb,
    ):
        assert table["id"].tolist() == [*range(1, 10)]
        assert table["name"].notna().sum() == 3
