"""Provenance: one JSON text that survives what pandas does to a table."""

from __future__ import annotations

import io
import logging

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, demo, schedule
from kott_notebooks.tables.provenance import Sheet, asked, facts, provenance, pulled, with_facts

TABLE = pd.DataFrame({"id": [1, 2, 3], "type": [7, 7, 8]})
WHEN = "2026-01-15T12:00:00+00:00"


def test_provenance_is_one_text() -> None:
    """A listing puts a single JSON text into attrs, and nothing else."""
    table = kott.assets(demo.login(assets=40, defects=False))
    assert list(table.attrs) == ["kott"]
    assert isinstance(table.attrs["kott"], str)
    assert facts(table)["action"] == "asset.list"


def test_facts_are_added_to_a_copy() -> None:
    """The table given keeps its own provenance; its rows are shared."""
    one = with_facts(TABLE, when=WHEN, rows=3)
    two = with_facts(one, rows=4)
    assert TABLE.attrs == {}
    assert (facts(one)["rows"], facts(two)["rows"]) == (3, 4)
    assert facts(two)["when"] == WHEN
    pd.testing.assert_frame_equal(two, TABLE, check_flags=False)


def test_a_cell_shows_every_fact_whole_and_escaped() -> None:
    """A long filter is not cut, and none of it is markup; what is made of it is a plain table."""
    filter = "<b>" + "x" * 300
    shown = provenance(with_facts(TABLE, source="kott.assets", filter=filter))
    assert isinstance(shown, Sheet)
    html = shown._repr_html_()
    assert "&lt;b&gt;" + "x" * 300 in html
    assert "<b>x" not in html
    assert "How this table was made: kott.assets" in html
    assert type(shown.head(2)) is pd.DataFrame


def test_provenance_survives_parquet_and_steps_of_pandas() -> None:
    """A filter, an assignment and a Parquet file carry it along."""
    table = with_facts(TABLE, source="kott.assets", when=WHEN)
    file = io.BytesIO()
    table[table["type"] == 7].assign(name="x").to_parquet(file)
    file.seek(0)
    assert facts(pd.read_parquet(file)) == {"source": "kott.assets", "when": WHEN}


def test_provenance_of_version_0_1_is_understood() -> None:
    """Tables that were saved with a mapping in attrs still say when they were pulled."""
    table = TABLE.copy()
    table.attrs["kott"] = {"when": WHEN}
    assert pulled(table) == pd.Timestamp(WHEN)


@pytest.mark.parametrize("text", ["no JSON", "[1]", 5, b"\xff"])
def test_a_provenance_that_is_not_ours_is_refused(text: object) -> None:
    """Something else under our name is named, with what to do about it."""
    table = TABLE.copy()
    table.attrs["kott"] = text
    with pytest.raises(kott.KottError, match="must be a JSON object"):
        facts(table)


def test_a_table_without_provenance_is_judged_at_the_present(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`pulled` logs one line that says so."""
    with caplog.at_level(logging.WARNING, "kott_notebooks"):
        moment = pulled(TABLE)
    assert abs(moment - pd.Timestamp.now("UTC")) < pd.Timedelta(minutes=1)
    assert len(caplog.records) == 1
    assert "judged at the present" in caplog.text


def test_now_is_not_assumed_where_it_is_given(caplog: pytest.LogCaptureFixture) -> None:
    """With `now=`, nothing is logged."""
    assert pulled(TABLE, WHEN) == pd.Timestamp(WHEN)
    assert caplog.records == []


def test_the_audit_of_two_joined_pulls_says_when_it_judged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """pd.concat of different pulls drops their provenance: the findings say `now`, in one line."""
    session = demo.login(assets=40)
    pulls = [kott.assets(session, f"asset_type='{kind}'") for kind in (425, 426)]
    joined = pd.concat(pulls, ignore_index=True)
    assert facts(joined) == {}
    before = pd.Timestamp.now("UTC")
    findings = catalog.audit(joined)
    assert pd.Timestamp(facts(findings)["now"]) >= before
    assert [one.levelname for one in caplog.records] == ["WARNING"]


def test_a_guide_says_when_it_was_judged() -> None:
    """schedule.audit puts `now` into its findings' provenance too."""
    epg = kott.epg(demo.login(assets=20, channels=2), "today", "today+1d")
    assert facts(schedule.audit(epg, now=WHEN))["now"] == WHEN


def test_the_window_is_of_the_arguments_first() -> None:
    """What is given goes before what was pulled; what neither knows is None."""
    table = with_facts(TABLE, start="2026-01-01T00:00:00+00:00", when=WHEN)
    assert asked(table) == (pd.Timestamp("2026-01-01", tz="UTC"), None)
    assert asked(table, "2026-01-02", "now+1h") == (
        pd.Timestamp("2026-01-02", tz="UTC"),
        pd.Timestamp("2026-01-15 13:00", tz="UTC"),
    )


def test_provenance_shows_rows_then_and_now() -> None:
    """A table that lost rows since shows both counts."""
    table = with_facts(TABLE, source="kott.assets", rows=3, windows=[{"proof": "one reply"}])
    shown = provenance(table.head(1)).set_index("fact")["value"]
    assert (shown["rows then"], shown["rows now"]) == ("3", "1")
    assert shown["windows"] == '[{"proof":"one reply"}]'


def test_provenance_of_an_unknown_table_is_refused() -> None:
    """A table that says nothing of its origin gets no invented one."""
    with pytest.raises(kott.KottError, match="no provenance"):
        provenance(pd.DataFrame())
