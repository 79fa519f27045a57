"""What snapshots say together, checked against a plain count."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks import KottError, history, plots
from kott_notebooks.tables.provenance import with_facts

DAY = pd.Timedelta(days=1)
START = pd.Timestamp("2026-03-01", tz="UTC").as_unit("us")
RULES, IDS = ("image.none", "file.none"), ("1", "2", "3")
AUDITS = st.lists(
    st.sets(st.tuples(st.sampled_from(RULES), st.sampled_from(IDS))), min_size=1, max_size=4
)


def audits(days: list[set[tuple[str, str]]]) -> pd.DataFrame:
    rows = [
        (START + n * DAY, rule, "media", one, None)
        for n, result in enumerate(days)
        for rule, one in sorted(result)
    ]
    table = pd.DataFrame(rows, columns=["snapshot", "rule", "kind", "id", "field"])
    table["snapshot"] = pd.to_datetime(table["snapshot"], utc=True).astype("datetime64[us, UTC]")
    return with_facts(table, snapshots=[(START + n * DAY).isoformat() for n in range(len(days))])


def guides(*rows: tuple[int, int, int, float, str]) -> pd.DataFrame:
    """Make guides: hours until the snapshot, channel, id, start in hours, name; an hour each."""
    return pd.DataFrame(
        {
            "snapshot": [START + pd.Timedelta(hours=row[0]) for row in rows],
            "linearAssetId": pd.array([row[1] for row in rows], dtype="Int64"),
            "id": pd.array([row[2] for row in rows], dtype="Int64"),
            "startDate": [START + pd.Timedelta(hours=row[3]) for row in rows],
            "endDate": [START + pd.Timedelta(hours=row[3] + 1) for row in rows],
            "name": pd.Series([row[4] for row in rows], dtype="str"),
        }
    )


def test_snapshots_that_were_a_csv_file_say_the_same() -> None:
    """Times and numbers as text are read before they are compared."""
    table = guides((0, 7, 1, 30, "A"), (24, 7, 1, 30, "B"), (24, 7, 2, 31, "C"))
    text = pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype=str)
    functions: list[Any] = [history.lead_times, history.reach, history.churn, history.filled]
    functions.append(lambda own: history.as_of(own, START + pd.Timedelta(hours=30.5), START + DAY))
    for function in functions:
        pd.testing.assert_frame_equal(function(text), function(table))
    found = audits([{("image.none", "1")}, {("image.none", "1"), ("file.none", "2")}])
    again = pd.read_csv(io.StringIO(found.to_csv(index=False)), dtype=str)
    pd.testing.assert_frame_equal(history.turnover(again), history.turnover(found))
    assert history.lifetimes(again)["state"].tolist() == ["new", "standing"]


@given(AUDITS)
def test_a_finding_lives_from_its_first_audit_to_its_last(
    days: list[set[tuple[str, str]]],
) -> None:
    """And is new, standing or fixed by the last two audits, one that found nothing included."""
    table = history.lifetimes(audits(days))
    for row in table.to_dict("records"):
        seen = [n for n, result in enumerate(days) if (row["rule"], row["id"]) in result]
        now, then = len(days) - 1 in seen, len(days) - 2 in seen
        assert row["state"] == ("fixed" if not now else "standing" if then else "new")
    assert len(table) == len(set().union(*days))


@given(AUDITS)
def test_every_audit_is_the_one_before_plus_new_minus_fixed(
    days: list[set[tuple[str, str]]],
) -> None:
    """New and standing are what an audit found; standing and fixed what the one before found."""
    table = history.turnover(audits(days))
    counts = table.groupby("snapshot")[["new", "standing", "fixed"]].sum()
    result = table[["new", "standing", "fixed"]].to_numpy().sum(axis=1)
    for n, (before, now) in enumerate(zip([set(), *days], days, strict=False)):
        expected = [len(now - before), len(now & before), len(before - now)]
        if any(expected):
            assert counts.loc[[START + n * DAY]].to_numpy().tolist()[0] == expected
    assert result.all()


def test_seen_first_and_last() -> None:
    """A finding that was away for a day keeps its first day."""
    table = history.lifetimes(
        audits([{("file.none", "1")}, {("file.none", "2")}, {("file.none", "1")}])
    )
    one = table[table["id"] == "1"].iloc[0]
    assert (one["firstSeen"], one["lastSeen"]) == (START, START + 2 * DAY)
    assert one["state"] == "new"


def test_what_the_guide_said_at_a_time() -> None:
    """The newest snapshot at or before that time answers, though a later one knows better."""
    table = guides((0, 7, 1, 20, "News"), (18, 7, 1, 20, "Film"), (19, 7, 1, 20, "Match"))
    for at, name in ((17, "News"), (18, "Film"), (23, "Match")):
        said = history.as_of(
            table, START + pd.Timedelta(hours=20.5), START + pd.Timedelta(hours=at)
        )
        assert said["name"].tolist() == [name]
    with pytest.raises(KottError, match="No snapshot is as old as"):
        history.as_of(table, START, START - DAY)


@pytest.mark.parametrize(
    ("rows", "minutes", "late"),
    [
        ([(0, 7, 1, 20, "News"), (10, 7, 1, 20, "News")], 1200, False),
        ([(0, 7, 1, 20, "News"), (10, 7, 1, 20, "Film")], 600, False),
        ([(0, 7, 2, 30, "X"), (19, 7, 1, 20, "News"), (19, 7, 2, 30, "X")], 60, True),
        ([(0, 7, 2, 10, "X"), (19, 7, 1, 20, "News"), (19, 7, 2, 10, "X")], 60, False),
        ([(21, 7, 1, 20, "News")], -60, False),
    ],
)
def test_how_early_a_programme_was_published(rows: list[Any], minutes: float, late: bool) -> None:
    """From the first snapshot that had it as it is now; late where an earlier guide skipped it."""
    table = history.lead_times(guides(*rows))
    one = table[table["id"] == 1].iloc[0]
    assert (one["minutes"], bool(one["late"])) == (minutes, late)


@pytest.mark.parametrize("measure", [history.lead_times, history.reach])
def test_measures_of_channels_have_their_names(measure: Any) -> None:
    """Where the guides have them, and in no other table."""
    own = guides((0, 7, 1, 20, "News"), (10, 8, 2, 20, "Film"))
    table = measure(own.assign(channelName=["Seven", "Eight"]))
    pairs = dict(zip(table["linearAssetId"], table["channelName"], strict=True))
    assert pairs == {7: "Seven", 8: "Eight"}
    assert "channelName" not in measure(own)


def test_churn_counts_what_came_went_and_changed() -> None:
    """From each snapshot to the next."""
    days = [START, START, START + DAY, START + DAY, START + 2 * DAY]
    tables = pd.DataFrame({"snapshot": days, "id": [1, 2, 2, 3, 3], "name": list("ABXCC")})
    table = history.churn(tables)
    assert table["snapshot"].tolist() == [START + DAY, START + 2 * DAY]
    assert table[["added", "removed", "changed", "total"]].to_numpy().tolist() == [
        [1, 1, 1, 2],
        [0, 1, 0, 1],
    ]


def test_a_field_that_rots_has_lost() -> None:
    """Blank texts and empty lists count as absent."""
    days = [START, START, START + DAY, START + DAY]
    cells = pd.Series(['["x"]', '["y"]', '["x"]', "[]"], dtype="str")
    tables = pd.DataFrame({"snapshot": days, "id": [1, 2, 1, 2], "tags.Genre": cells})
    table = history.filled(tables).set_index(["snapshot", "field"])
    assert table["share"].to_dict()[(START + DAY, "tags.Genre")] == 0.5
    lost = table["lost"].to_dict()
    assert (lost[(START + DAY, "tags.Genre")], lost[(START + DAY, "id")]) == (0.5, 0)


def test_plots_over_time_draw_each_snapshot() -> None:
    """A bar of each kind per snapshot but the first; a line of medians and one of minima."""
    days = [START + n * DAY for n in range(3)]
    tables = pd.DataFrame({"snapshot": days, "id": [1, 2, 3]})
    ax = plots.churn(history.churn(tables), ax=plt.figure().gca())
    bars: list[Any] = list(ax.patches)
    assert [bar.get_height() for bar in bars] == [1, 1, 0, 0, -1, -1]
    guides = tables.assign(linearAssetId=7, endDate=[day + DAY for day in days])
    ax = plots.reach(history.reach(guides), ax=plt.figure().gca())
    lines: list[Any] = list(ax.lines)
    assert [list(line.get_ydata()) for line in lines] == [[24.0] * 3] * 2
    plt.close("all")


def test_a_guide_without_an_end_leaves_the_others_readable() -> None:
    """The axis reaches as far as the lines do."""
    ends = [START + DAY, START + DAY, pd.Timestamp("2999-01-01", tz="UTC")]
    guides = pd.DataFrame({"snapshot": START, "linearAssetId": [7, 8, 9], "endDate": ends})
    ax = plots.reach(history.reach(guides), ax=plt.figure().gca())
    assert ax.get_ylim()[1] < 100
    plt.close("all")


def test_a_snapshot_without_rows_is_one() -> None:
    """All went and came again; of a table from which rows were taken, it is not known."""
    table = guides((0, 7, 1, 30, "A"), (48, 7, 1, 30, "A"))
    days = [(START + n * DAY).isoformat() for n in range(3)]
    table = with_facts(table, snapshots=days, rows_loaded=len(table))
    counts = history.churn(table)[["added", "removed", "total"]]
    assert counts.to_numpy().tolist() == [[0, 1, 0], [1, 0, 1]]
    airing = START + pd.Timedelta(hours=30.5)
    assert history.as_of(table, airing, START + DAY).empty
    assert len(history.churn(table[1:])) == 0
    assert len(history.as_of(table[:1], airing, START + DAY)) == 1


def test_no_rows_have_no_shares() -> None:
    """Whether the table has columns or not."""
    for one in (guides()[:0], guides()[:0][["snapshot"]]):
        assert history.filled(one).dtypes.astype(str).to_dict() == {
            "snapshot": "datetime64[us, UTC]",
            "field": "str",
            "share": "Float64",
            "lost": "Float64",
        }
