"""What became of a guide between two pulls of it, and how two sources of one guide differ.

Rows are matched first, then the fields of what was matched are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.schedule.spans import (
    DAY,
    HOUR,
    TIMED,
    Columns,
    Mask,
    Whole,
    keys,
    named,
    window,
    with_channel_names,
)
from kott_notebooks.tables.columns import NAT, micros, need, pulled, stamp
from kott_notebooks.tables.diff import diff
from kott_notebooks.tables.provenance import facts, with_facts
from kott_notebooks.times import When

# What is compared where both tables have it, beside times and names
FIELDS = (
    "description", "tags.Genre", "images", "enableCatchUp", "enableStartOver", "enableCdvr",
    "enableTrickPlay",
)  # fmt: skip
_FARTHEST = DAY  # between the starts of rows that are one programme, of a key that occurs often


def changes(
    before: pd.DataFrame,
    after: pd.DataFrame | None = None,
    *,
    now: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Show what changed between two pulls of a guide, and how long before it is on air.

    Programmes are matched by id, then by channel, start and name (ingested again under another id).
    Where a table has no ids of its own (an XMLTV guide from elsewhere: `xmltv.read` counts its
    programmes), they are matched by channel, start and name, then by name and description, then by
    name, the nearest first, and only then by channel and start: an evening that is pushed by an
    hour is moved, and not renamed. Where both tables know their window, only what is on air within
    both is compared.

    Parameters
    ----------
    before, after : DataFrame
        Two guides: tables of `kott.epg` or `xmltv.read`. Or, as `before` alone, snapshots of a
        guide one below the other, as `kott.load_all(store, name="epg")` returns them: each is
        compared with the one before it, in the time in which both have programmes.
    now : str, date, datetime or Timestamp, default: when `after` was pulled
        The time from which `hours` counts; of snapshots, each counts from its own.
    columns : mapping, optional
        What both tables call our columns.

    Returns
    -------
    DataFrame
        One row per programme and change, those with the least time to air first, then those that
        are too late: change, field (`str`), linearAssetId, channelName (`str`, where a guide has
        it), id, newId, name, newName, startDate, newStartDate, endDate, newEndDate, old, new (the
        field's values, as text), minutes (by which it was moved, or its length changed, `Float64`),
        hours (to the earlier of the two starts, `Float64`; less than 0 for what has begun), detail
        (`str`). A change is `added`, `removed`, `moved` (to another start or channel), `retitled`,
        `shortened`, `lengthened`, `renumbered` (another id), or `changed`: the description, genres,
        images, a flag, or an end that one of the two lacks. Of snapshots, ordered by a first column
        `snapshot` (`datetime64[us, UTC]`): the one that has the change.

    Raises
    ------
    KottError
        A column is missing, or holds no times; snapshots are fewer than two, or have no time in
        common.

    See Also
    --------
    compare : Two sources side by side.
    as_of : What a snapshot announced for one time.

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> before = pd.DataFrame({
    ...     "id": [1], "linearAssetId": [7], "name": ["Film"],
    ...     "startDate": ["2026-03-01T20:00"], "endDate": ["2026-03-01T22:00"],
    ... })
    >>> after = before.assign(startDate="2026-03-01T21:00", endDate="2026-03-01T23:00")
    >>> schedule.changes(before, after, now="2026-03-01")[["change", "detail"]].values.tolist()
    [['moved', 'It is moved by 60 min.']]
    """
    if after is None:
        return _changes_over_time(before, columns)
    by_id = _has_ids(before, columns) and _has_ids(after, columns)
    old, new = _within_both(_prepared(before, columns), _prepared(after, columns))
    if by_id:
        old, new = (table.drop_duplicates("id").reset_index(drop=True) for table in (old, new))
    table = _late_first(
        _changes(old, new, matched(old, new, by_id=by_id)), stamp(pulled(after, now))
    )
    return with_channel_names(with_channel_names(table, new), old)


def _changes_over_time(guides: pd.DataFrame, columns: Columns | None) -> pd.DataFrame:
    """Compare each snapshot with the one before it, in the time in which both have programmes."""
    start, snapshot, id_ = (
        (columns or {}).get(one, one) for one in ("startDate", "snapshot", "id")
    )
    guides = need(guides, start, snapshot).reset_index(drop=True)
    starts = need(guides[[start]].set_axis(["startDate"], axis=1), "startDate")["startDate"]
    times = guides[snapshot].dropna().drop_duplicates().sort_values()
    pulls = [(when, guides[guides[snapshot] == when].drop(columns=snapshot)) for when in times]
    if len(pulls) < 2:
        raise KottError(
            f"Two snapshots are needed to compare, not {len(pulls)}: give kott.load_all(store), or "
            "two guides."
        )
    are_counted = id_ in guides and all(
        set(keys(own[id_])) == {str(n) for n in range(1, len(own) + 1)} for _, own in pulls
    )
    parts = []
    for (_, before), (when, after) in pairwise(pulls):
        sides = starts[before.index], starts[after.index]
        first, last = max(of.min() for of in sides), min(of.max() for of in sides)
        if last < first:
            raise KottError(f"The guide of {when} begins after the one before it has ended.")
        known = {
            "start": str(first),
            "end": str(last + pd.Timedelta(seconds=1)),
            "ids": "counted" if are_counted else None,
        }
        both = (with_facts(one, **known) for one in (before, after))
        parts.append(changes(*both, now=when, columns=columns))
        parts[-1].insert(0, "snapshot", pd.Series(when, parts[-1].index, "datetime64[us, UTC]"))
    return pd.concat(parts, ignore_index=True)


def compare(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    *,
    matches: Mapping[Any, Any] | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Compare two sources of one guide: programmes that both have, and that one has.

    Programmes are matched as `changes` matches guides without ids: by channel, start and name, then
    by name, then by channel and start.

    Parameters
    ----------
    ours, theirs : DataFrame
        Two guides: tables of `kott.epg` or `xmltv.read`.
    matches : mapping, optional
        Which of their channels is which of ours: `{"one.tv": 801}`; see `xmltv.match`. What it
        leaves out has the same id in both.
    columns : mapping, optional
        What both tables call our columns.

    Returns
    -------
    DataFrame
        One row per programme, by channel and time: linearAssetId (text where the two sources have
        ids of different kinds), channelName (`str`, where a source has it), startDate, endDate,
        name, otherStartDate, otherEndDate, otherName, minutes (by which theirs starts later,
        `Float64`), verdict (`str`): `same`, `differs`, `ours` or `theirs` (only there), differs
        (`str`: the fields that differ, by commas).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    changes : Two pulls of one source.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=4, days=3, households=0, defects=False)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> later = epg.assign(startDate=epg["startDate"] + pd.Timedelta("5min"))
    >>> schedule.compare(epg, later)["differs"].unique().tolist()
    ['startDate']
    """
    if not (matches is None or isinstance(matches, Mapping)):
        raise KottError(
            "matches must be a mapping of their channels to ours. Of a table of xmltv.match it is "
            "dict(zip(table['theirId'], table['id'])), without rows that lack one."
        )
    old, new = _prepared(ours, columns), _prepared(theirs, columns)
    known = {str(their): our for their, our in (matches or {}).items()}
    own = keys(new["linearAssetId"])
    mapped = own.map(known)
    new = new.assign(linearAssetId=mapped.where(mapped.notna(), own))
    if (
        keys(new["linearAssetId"]).str.fullmatch(r"0|[1-9]\d{0,17}").all()
        and old["linearAssetId"].dtype.kind in "iu"
    ):
        new = new.assign(linearAssetId=keys(new["linearAssetId"]).astype("Int64"))
    else:
        old, new = (one.assign(linearAssetId=keys(one["linearAssetId"])) for one in (old, new))
    old, new = _within_both(old, new)
    table, differences = _compared(old, new, matched(old, new, by_id=False), TIMED[1:])
    one, other = table["old"].to_numpy(), table["new"].to_numpy()
    changed = differences[differences["change"] == "changed"].groupby("pair", sort=False)["field"]
    differs = changed.agg(", ".join).reindex(table.index).fillna("").astype("str")
    kinds = [other < 0, one < 0, (differs != "").to_numpy()]
    verdict = np.select(kinds, ["ours", "theirs", "differs"], "same")
    left = old.reindex(one).reset_index(drop=True)
    right = new.reindex(other).reset_index(drop=True)
    apart = (right["startDate"] - left["startDate"]).dt.total_seconds() / 60
    rows = pd.DataFrame(
        {
            "linearAssetId": left["linearAssetId"].fillna(right["linearAssetId"]),
            **{column: left[column] for column in ("startDate", "endDate", "name")},
            "otherStartDate": right["startDate"],
            "otherEndDate": right["endDate"],
            "otherName": right["name"],
            "minutes": apart.astype("Float64"),
            "verdict": pd.array(verdict, dtype="str"),
            "differs": differs.array,
        }
    )
    start = rows["startDate"].fillna(rows["otherStartDate"])
    order = rows.assign(_start=start).sort_values(["linearAssetId", "_start"], kind="stable").index
    rows = rows.loc[order].reset_index(drop=True)
    return with_channel_names(with_channel_names(rows, new), old)


# Matching


class Match(NamedTuple):
    """Which rows of two tables are one programme, and which have none in the other."""

    old: Whole
    new: Whole
    renumbered: Mask  # matched under another id
    removed: Whole
    added: Whole


def _has_ids(table: pd.DataFrame, columns: Columns | None) -> bool:
    """Return whether a programme has the same id in another table too."""
    return (columns or {}).get("id", "id") in table.columns and facts(table).get("ids") != "counted"


def _prepared(table: pd.DataFrame, columns: Columns | None) -> pd.DataFrame:
    table = named(table, columns, *TIMED, "name")
    if table["linearAssetId"].dtype.kind in "iu":
        table = table.assign(linearAssetId=table["linearAssetId"].astype("Int64"))
    others = [field for field in (*FIELDS, "channelName") if field in table.columns]
    return table[["id", *TIMED, "name", *others]]


def _within_both(old: pd.DataFrame, new: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    windows = [window(table, None, None) for table in (old, new)]
    first = max((since for since, _ in windows if since is not None), default=None)
    last = min((until for _, until in windows if until is not None), default=None)
    return _on_air(old, first, last), _on_air(new, first, last)


def _on_air(table: pd.DataFrame, first: int | None, last: int | None) -> pd.DataFrame:
    start, end = micros(table, "startDate"), micros(table, "endDate")
    on = np.ones(len(table), dtype=bool)
    if first is not None:
        on &= (end > first) | (start >= first)
    if last is not None:
        on &= start < last
    return table[on].reset_index(drop=True)


def matched(old: pd.DataFrame, new: pd.DataFrame, *, by_id: bool) -> Match:
    """Match the rows of two tables by one key after another, the most certain key first."""
    one = other = np.zeros(0, dtype=np.intp)
    if by_id:
        at = pd.Index(keys(new["id"])).get_indexer(pd.Index(keys(old["id"])))
        one, other = np.flatnonzero(at >= 0), at[at >= 0]
    size = len(one)
    # the columns of each key, and whether starts may differ
    steps: list[tuple[list[str], bool]] = [(["linearAssetId", "startDate", "name"], False)]
    if not by_id:
        both = "description" in old.columns and "description" in new.columns
        steps += [(["linearAssetId", "name", "description"], True)] if both else []
        steps += [(["linearAssetId", "name"], True), (["linearAssetId", "startDate"], False)]
    for columns, apart in steps:
        gone, fresh = _unmatched(old, one), _unmatched(new, other)
        pairs = _nearest(old.loc[gone, columns], new.loc[fresh, columns], old, new, apart)
        one, other = np.append(one, gone[pairs[0]]), np.append(other, fresh[pairs[1]])
    renumbered = np.arange(len(one)) >= (size if by_id else len(one))
    return Match(one, other, renumbered, _unmatched(old, one), _unmatched(new, other))


def _unmatched(table: pd.DataFrame, rows: Whole) -> Whole:
    return np.setdiff1d(np.arange(len(table)), rows)


def _nearest(
    one: pd.DataFrame, other: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame, apart: bool
) -> tuple[Whole, Whole]:
    """Pair the rows of two tables that have one key, those nearest in time first.

    With `apart`, starts may differ: by a day at most, unless both tables have the key once. Where
    all rows of a key are later by the same time in the other table, they were moved together, and
    are paired in their order.
    """
    columns = list(one.columns)
    code = pd.concat([one, other]).groupby(columns, sort=False, dropna=True).ngroup().to_numpy()
    sides = []
    for of, table, at in ((code[: len(one)], old, one.index), (code[len(one) :], new, other.index)):
        side = pd.DataFrame({"code": of, "start": micros(table, "startDate")[at]})
        side = side.assign(place=side.index)[(side["code"] >= 0) & (side["start"] != NAT)]
        by_key = side.sort_values("start", kind="stable").groupby("code")
        sides.append(side.assign(nth=by_key.cumcount(), many=by_key["code"].transform("size")))
    pairs = sides[0].merge(sides[1], on="code")
    pairs["later"] = pairs["start_y"] - pairs["start_x"]
    pairs["apart"] = pairs["later"].abs()
    if apart:
        is_alone = (pairs["many_x"] == 1) & (pairs["many_y"] == 1)
        pairs = pairs[(pairs["apart"] <= _FARTHEST) | is_alone]
    in_order = (pairs["nth_x"] == pairs["nth_y"]) & (pairs["many_x"] == pairs["many_y"])
    times = pairs[in_order].groupby("code")["later"].nunique()
    together = in_order & pairs["code"].isin(times.index[times == 1])
    pairs = pairs.assign(last=~together).sort_values(
        ["last", "apart", "start_x", "place_x", "place_y"]
    )
    chosen: dict[int, int] = {}  # place in one table -> place in the other
    taken: set[int] = set()
    for place, where in zip(pairs["place_x"].tolist(), pairs["place_y"].tolist(), strict=True):
        if place not in chosen and where not in taken:
            chosen[place] = where
            taken.add(where)
    return np.array([*chosen], np.intp), np.array([*chosen.values()], np.intp)


# Comparing


def _compared(
    old: pd.DataFrame, new: pd.DataFrame, match: Match, times: Iterable[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare matched rows; return the pairs, and the rows of `kott.diff` with their `pair`.

    A pair's `old` and `new` are places in the two tables, -1 for none.
    """
    none = np.full(len(match.removed), -1), np.full(len(match.added), -1)
    pairs = pd.DataFrame(
        {
            "old": np.concatenate([match.old, match.removed, none[1]]),
            "new": np.concatenate([match.new, none[0], match.added]),
        }
    )
    one, other = (
        table.assign(pair=pd.Series(pairs.index, pairs[side]).drop(-1, errors="ignore"))
        for table, side in ((old, "old"), (new, "new"))
    )
    common = [one for one in FIELDS if one in old.columns and one in new.columns]
    differences = diff(one, other, on="pair", fields=[*times, "name", *common])
    return pairs, differences.assign(pair=differences["key"].astype("int64"))


def _changes(old: pd.DataFrame, new: pd.DataFrame, match: Match) -> pd.DataFrame:
    """Return a row per change: its kind, and for times, by how many minutes they differ."""
    old, new = (
        table.assign(minutes=(table["endDate"] - table["startDate"]).dt.total_seconds() / 60)
        for table in (old, new)
    )
    pairs, rows = _compared(old, new, match, ["linearAssetId", "startDate", "minutes"])
    renumbered = pd.DataFrame({"pair": np.flatnonzero(match.renumbered)})
    rows = pd.concat([rows, renumbered.assign(change="changed", field="id")], ignore_index=True)
    places = pairs.loc[rows["pair"]]
    was, now = (
        table.reindex(places[side]).reset_index(drop=True)
        for table, side in ((old, "old"), (new, "new"))
    )
    moved = (now["startDate"] - was["startDate"]).dt.total_seconds() / 60
    longer = now["minutes"] - was["minutes"]
    of_channel, of_length = rows["field"] == "linearAssetId", rows["field"] == "minutes"
    field = rows["field"].replace({"linearAssetId": "startDate", "minutes": "endDate"})
    is_moved = of_channel | ((field == "startDate") & moved.notna())
    change = rows["change"].mask(is_moved, "moved").mask(field == "name", "retitled")
    change = change.mask(field == "id", "renumbered")
    change = change.mask(of_length & (longer < 0), "shortened")
    change = change.mask(of_length & (longer > 0), "lengthened")
    minutes = moved.fillna(0).where(is_moved, longer.where(of_length))
    names = {"id": "newId", "name": "newName", "startDate": "newStartDate", "endDate": "newEndDate"}
    table = pd.DataFrame(
        {
            "change": change.astype("str"),
            "field": field.astype("str"),
            "linearAssetId": was["linearAssetId"].fillna(now["linearAssetId"]),
            **{
                name: of[column]
                for column, new_ in names.items()
                for name, of in ((column, was), (new_, now))
            },
            "old": _values(was, field),
            "new": _values(now, field),
            "minutes": minutes.astype("Float64"),
        }
    )
    parts = zip(table["change"], table["field"], table["minutes"], strict=True)
    table["detail"] = pd.array([_sentence(*one) for one in parts], dtype="str")
    again = table.assign(pair=rows["pair"]).duplicated(["pair", "change", "field"])
    return table[~again].reset_index(drop=True)


def _values(rows: pd.DataFrame, field: pd.Series[str]) -> pd.Series[Any]:
    """Return each row's value of the field that is named beside it, as text."""
    texts = pd.Series(None, index=rows.index, dtype="str")
    for name, of in field.dropna().groupby(field):
        texts[of.index] = rows.loc[of.index, str(name)].astype("str")
    return texts


def _sentence(change: str, field: str, minutes: Any) -> str:
    """Describe one change."""
    by = "" if pd.isna(minutes) else f"{abs(minutes):,.0f} min"
    if change == "moved":
        later = "" if pd.isna(minutes) or minutes >= 0 else " earlier"
        return f"It is moved by {by}{later}." if minutes else "It is moved to another channel."
    return {
        "removed": "It is no longer there.",
        "added": "It is new.",
        "retitled": "Its name changed.",
        "shortened": f"It is {by} shorter.",
        "lengthened": f"It is {by} longer.",
        "renumbered": "It has another id.",
        "changed": f"Its {field} changed.",
    }[change]


def _late_first(table: pd.DataFrame, moment: int) -> pd.DataFrame:
    starts = np.stack([micros(table, "startDate"), micros(table, "newStartDate")])
    first = np.where(starts == NAT, np.iinfo(np.int64).max, starts).min(axis=0)
    ahead = np.where(first == np.iinfo(np.int64).max, np.nan, (first - moment) / HOUR)
    table.insert(table.columns.get_loc("detail"), "hours", pd.array(ahead, dtype="Float64"))  # type: ignore[arg-type]
    order = np.lexsort((table["change"], np.abs(ahead), ahead < 0))
    return table.iloc[order].reset_index(drop=True)
