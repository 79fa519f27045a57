"""What changed between two pulls of a guide."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kott_notebooks import KottError, schedule
from kott_notebooks.tables.provenance import with_facts

NOON = pd.Timestamp("2026-03-23T12:00", tz="UTC")
HOUR = pd.Timedelta(hours=1)


def pull(
    *rows: tuple[int, float, float, str], when: float = 0, window: tuple[int, int] | None = None
) -> pd.DataFrame:
    """Make a guide of channel 7: id, start and end in hours after noon, name."""
    epg = pd.DataFrame(rows, columns=["id", "startDate", "endDate", "name"])
    for column in ("startDate", "endDate"):
        times = [NOON + hours * HOUR for hours in epg[column]]
        epg[column] = pd.Series(times, dtype="datetime64[us, UTC]")
    epg = epg.assign(linearAssetId=7).astype({"id": "Int64", "linearAssetId": "Int64"})
    epg = epg.astype({"name": "str"})
    epg = with_facts(epg, when=str(NOON + when * HOUR))
    if window:
        start, end = (str(NOON + hours * HOUR) for hours in window)
        epg = with_facts(epg, start=start, end=end)
    return epg


def listed(findings: pd.DataFrame) -> list[tuple[str, Any]]:
    """List each change with the id that the programme had, or has."""
    return list(zip(findings["change"], findings["id"].fillna(findings["newId"]), strict=True))


def test_the_same_pull_twice_has_no_changes() -> None:
    """Whatever the order of the rows."""
    epg = pull((1, 0, 1, "A"), (2, 1, 2, "B"))
    table = schedule.changes(epg, epg.iloc[::-1])
    assert table.empty
    assert table.dtypes.astype(str)[["change", "newId", "newEndDate", "hours"]].tolist() == [
        "str",
        "Int64",
        "datetime64[us, UTC]",
        "Float64",
    ]


def test_every_change_is_named() -> None:
    """A programme that changed in two ways has two rows."""
    before = pull((1, 1, 2, "A"), (2, 2, 3, "B"), (3, 3, 4, "C"), (4, 4, 5, "D"), (5, 5, 6, "E"))
    after = pull((1, 1, 1.5, "A"), (2, 2.5, 3.5, "B"), (3, 3, 4, "New"), (6, 4, 6, "F"))
    after = pd.concat([after, pull((5, 5, 7, "Late E"))], ignore_index=True)
    table = schedule.changes(before, after, now=NOON)
    assert sorted(listed(table)) == [
        ("added", 6),
        ("lengthened", 5),
        ("moved", 2),
        ("removed", 4),
        ("retitled", 3),
        ("retitled", 5),
        ("shortened", 1),
    ]
    row = table[table["change"] == "moved"].iloc[0]
    assert (row["startDate"], row["newStartDate"]) == (NOON + 2 * HOUR, NOON + 2.5 * HOUR)


def test_another_channel_is_a_move() -> None:
    """The programme is still on, elsewhere."""
    epg = pull((1, 1, 2, "A"))
    other = epg.assign(linearAssetId=pd.array([8], dtype="Int64"))
    assert listed(schedule.changes(epg, other, now=NOON)) == [("moved", 1)]


def test_a_new_id_for_the_same_programme_is_no_removal() -> None:
    """Same channel, start and name: it was ingested again, and may have changed besides."""
    table = schedule.changes(pull((1, 1, 2, "A")), pull((9, 1, 1.5, "A")), now=NOON)
    assert sorted(listed(table)) == [("renumbered", 1), ("shortened", 1)]
    assert table["newId"].tolist() == [9, 9]


def test_late_changes_come_first() -> None:
    """By the time left until the earlier start; what has begun already comes last."""
    before = pull((1, 9, 10, "A"), (2, 3, 4, "B"), (3, -1, 1, "C"), (4, 8, 9, "D"))
    after = pull((1, 9, 10, "a"), (2, 3, 4, "b"), (3, -1, 1, "c"), (4, 1, 2, "D"), when=0)
    table = schedule.changes(before, after)
    assert listed(table) == [("moved", 4), ("retitled", 2), ("retitled", 1), ("retitled", 3)]
    assert table["hours"].tolist() == [1, 3, 9, -1]


def test_a_pushed_evening_is_moved() -> None:
    """Names are matched before slots, also one that is on the channel twice."""
    before = pull((1, 1, 2, "News"), (2, 2, 3, "Film"), (3, 3, 4, "Talk"), (4, 4, 5, "News"))
    after = pull((1, 1, 2, "News"), (2, 2, 3, "Special"), (3, 3, 4, "Film"), (4, 4, 5, "Talk"))
    after = pd.concat([after, pull((5, 5, 6, "News"))], ignore_index=True)
    table = schedule.changes(bare(before), bare(after), now=NOON)
    names = table["name"].fillna(table["newName"])
    assert sorted(zip(table["change"], names, table["minutes"].fillna(0), strict=True)) == [
        ("added", "Special", 0),
        ("moved", "Film", 60),
        ("moved", "News", 60),
        ("moved", "Talk", 60),
    ]
    moved = table["change"] == "moved"
    assert set(table["detail"][moved]) == {"It is moved by 60 min."}


def test_a_name_that_recurs_is_pushed_in_order() -> None:
    """The early News is not taken for the late one, though that was on nearer to its new start."""
    before = pull((1, 1, 2, "News"), (2, 2, 3, "Film"), (3, 3, 4, "News"))
    after = pull((1, 2.5, 3.5, "News"), (2, 3.5, 4.5, "Film"), (3, 4.5, 5.5, "News"))
    table = schedule.changes(bare(before), bare(after), now=NOON)
    assert table[["change", "minutes"]].to_numpy().tolist() == [["moved", 90]] * 3


def test_lengths_are_compared_whichever_end_changed() -> None:
    """A later start with the same end is a move, and shorter; an end that is new is a change."""
    before, after = pull((1, 1, 3, "A"), (2, 3, 4, "B")), pull((1, 2, 3, "A"), (2, 3, 4, "B"))
    before.loc[1, "endDate"] = pd.NaT
    table = schedule.changes(before, after, now=NOON)
    columns = ["change", "field", "minutes"]
    assert sorted(table[columns].fillna(0).to_numpy().tolist()) == [
        ["changed", "endDate", 0],
        ["moved", "startDate", 60],
        ["shortened", "endDate", -60],
    ]


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("description", "A tale.", "Another."),
        ("tags.Genre", '["Drama"]', '["Crime"]'),
        ("images", "[]", '[{"id":"1"}]'),
        ("enableCatchUp", True, False),
    ],
)
def test_other_fields_are_compared_where_both_have_them(field: str, old: Any, new: Any) -> None:
    """With the values of both; a blank text is an absent one."""
    epg = pull((1, 1, 2, "A"))
    table = schedule.changes(epg.assign(**{field: old}), epg.assign(**{field: new}), now=NOON)
    assert table[["change", "field", "old", "new"]].to_numpy().tolist() == [
        ["changed", field, str(old), str(new)]
    ]
    assert schedule.changes(epg.assign(**{field: old}), epg, now=NOON).empty
    if field == "description":
        blank, absent = epg.assign(description=""), epg.assign(description=None)
        assert schedule.changes(blank, absent, now=NOON).empty


def test_two_sources_stand_side_by_side() -> None:
    """Each programme once, with what differs; ids of channels are mapped."""
    ours = pull((1, 1, 2, "News"), (2, 2, 3, "Film"), (3, 3, 4, "Talk"))
    theirs = pull((7, 1, 2, "News"), (8, 2.5, 3, "Film"), (9, 5, 6, "Late"))
    theirs = theirs.assign(linearAssetId="seven.tv")
    table = schedule.compare(ours, theirs, matches={"seven.tv": 7})
    assert table[["name", "otherName", "verdict", "differs"]].fillna("").to_numpy().tolist() == [
        ["News", "News", "same", ""],
        ["Film", "Film", "differs", "startDate"],
        ["Talk", "", "ours", ""],
        ["", "Late", "theirs", ""],
    ]
    assert table["minutes"].fillna(0).tolist() == [0, 30, 0, 0]
    assert set(table["linearAssetId"]) == {7}
    assert set(schedule.compare(ours, theirs)["verdict"]) == {"ours", "theirs"}
    with pytest.raises(KottError, match="matches must be a mapping"):
        schedule.compare(ours, theirs, matches=pd.DataFrame({"id": [7]}))  # type: ignore[arg-type]


def test_programmes_without_ids_are_matched_by_when_they_are_on() -> None:
    """By channel, start and name, then by start, then by a name that the channel has once."""
    before = pull((1, 1, 2, "News"), (2, 2, 3, "Film"), (3, 3, 4, "Talk"), (4, 4, 5, "News"))
    after = pull((1, 0, 1, "Early"), (2, 1, 2, "News"), (3, 2, 3, "Movie"), (4, 5, 6, "Talk"))
    expected = [("added", "Early"), ("moved", "Talk"), ("removed", "News"), ("retitled", "Film")]
    for one, other in ((bare(before), bare(after)), (counted(before), counted(after))):
        table = schedule.changes(one, other, now=NOON)
        names = table["name"].fillna(table["newName"])
        assert sorted(zip(table["change"], names, strict=True)) == expected


def bare(epg: pd.DataFrame) -> pd.DataFrame:
    """Leave nothing but labels, of which all are the same."""
    return epg.drop(columns="id").set_axis([0] * len(epg))


def counted(epg: pd.DataFrame) -> pd.DataFrame:
    """Mark a table as `xmltv.read` does, of a guide that has no ids."""
    epg = epg.copy()
    epg = with_facts(epg, ids="counted")
    return epg


@pytest.mark.parametrize("swapped", [False, True])
def test_only_what_both_windows_show_is_compared(swapped: bool) -> None:
    """A later pull of later days neither adds nor removes what only one of them asked for."""
    one = pull((1, 0, 1, "A"), (2, 5, 6, "B"), window=(0, 10))
    other = pull((2, 5, 6, "B"), (3, 11, 12, "C"), window=(3, 20))
    both = (other, one) if swapped else (one, other)
    assert schedule.changes(*both, now=NOON).empty


def test_without_a_window_all_is_compared() -> None:
    """What only one of the tables has was added, or removed."""
    table = schedule.changes(pull((1, 0, 1, "A")), pull((3, 11, 12, "C")), now=NOON)
    assert listed(table) == [("removed", 1), ("added", 3)]


def test_tables_with_other_names_are_compared() -> None:
    """`columns` says what both call theirs."""
    names = {"startDate": "begin", "name": "title"}
    one, other = pull((1, 1, 2, "A")), pull((1, 1, 2, "B"))
    table = schedule.changes(
        one.rename(columns=names),
        other.rename(columns=names),
        now=NOON,
        columns=names,
    )
    assert table[["name", "newName"]].to_numpy().tolist() == [["A", "B"]]


def test_snapshots_are_compared_one_after_the_other() -> None:
    """What a later delivery adds at its end, or no longer has of the past, is no change."""
    days = [
        pull((1, 1, 2, "News"), (2, 30, 31, "Film"), (3, 40, 41, "Talk")),
        pull((2, 30, 31, "Film"), (3, 40, 41, "Talk"), (4, 50, 51, "Late")),
        pull((2, 30, 31, "Film"), (3, 41, 42, "Talk"), (4, 50, 51, "Later"), (5, 60, 61, "New")),
    ]
    counted_anew = [epg.assign(id=range(1, len(epg) + 1)) for epg in days]
    for own in (days, counted_anew):
        guides = pd.concat(
            [epg.assign(snapshot=NOON + 24 * n * HOUR) for n, epg in enumerate(own)],
            ignore_index=True,
        )
        table = schedule.changes(guides.sample(frac=1, random_state=1).sort_values("id"))
        shown = table[["change", "name", "hours"]].to_numpy().tolist()
        assert shown == [["retitled", "Late", 2], ["moved", "Talk", -8]]
        assert table["snapshot"].tolist() == [NOON + 48 * HOUR] * 2
    at_noon = schedule.as_of(guides, NOON + 40.5 * HOUR, NOON + 30 * HOUR)
    assert at_noon["name"].tolist() == ["Talk"]


def test_snapshots_may_have_other_names_and_times_as_text() -> None:
    """As they come from a CSV file of another program."""
    names = {"startDate": "begin"}
    days = [pull((1, 1, 2, "News"), (2, 3, 4, one)) for one in ("Film", "Movie")]
    guides = pd.concat([epg.assign(snapshot=NOON + n * HOUR) for n, epg in enumerate(days)])
    guides = guides.rename(columns=names).astype({"begin": "str", "endDate": "str"})
    table = schedule.changes(guides, columns=names)
    assert table[["name", "newName"]].to_numpy().tolist() == [["Film", "Movie"]]


def test_fewer_than_two_snapshots_are_refused() -> None:
    """And guides that share no time: nothing could be compared."""
    one = pull((1, 1, 2, "News")).assign(snapshot=NOON)
    with pytest.raises(KottError, match="Two snapshots are needed to compare, not 1"):
        schedule.changes(one)
    later = pull((1, 100, 101, "News")).assign(snapshot=NOON + HOUR)
    with pytest.raises(KottError, match="begins after the one before it has ended"):
        schedule.changes(pd.concat([one, later], ignore_index=True))
