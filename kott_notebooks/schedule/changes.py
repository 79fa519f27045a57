"""What became of a guide between two pulls of it, and how two sources of one guide differ.

Rows are matched first, then the fields of what was matched are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.spans import (
    DAY,
    HOUR,
    MINUTE,
    TIMED,
    Columns,
    Mask,
    Whole,
    keys,
    named,
    window,
)
from kott_notebooks.tables.columns import NAT, micros, pulled, stamp
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import When

# What is compared where both tables have it, beside times and names
FIELDS = (
    "description", "tags.Genre", "images", "enableCatchUp", "enableStartOver", "enableCdvr",
    "enableTrickPlay",
)  # fmt: skip
_FARTHEST = DAY  # that a programme is moved, where its name is on the channel several times


def changes(
    before: pd.DataFrame,
    after: pd.DataFrame,
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
        Two guides: tables of `kott.epg` or `xmltv.read`.
    now : str, date, datetime or Timestamp, default: when `after` was pulled
        The time from which `hours` counts.
    columns : mapping, optional
        What both tables call our columns.

    Returns
    -------
    DataFrame
        One row per programme and change, those with the least time to air first, then those that
        came too late: change, field (`str`), linearAssetId, id, newId, name, newName, startDate,
        newStartDate, endDate, newEndDate, old, new (the field's values, as text), minutes (by which
        it was moved, or its length changed, `Float64`), hours (to the earlier of the two starts,
        `Float64`; less than 0 for what has begun), detail (`str`). A change is `added`, `removed`,
        `moved` (to another start or channel), `retitled`, `shortened`, `lengthened`, `renumbered`
        (another id), or `changed`: the description, genres, images or a flag.

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    compare : Two sources side by side.

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
    by_id = _has_ids(before, columns) and _has_ids(after, columns)
    old, new = _within_both(_prepared(before, columns), _prepared(after, columns))
    if by_id:
        old, new = (table.drop_duplicates("id").reset_index(drop=True) for table in (old, new))
    match = matched(old, new, by_id=by_id)
    parts = [_rows(old, new, *part) for part in _differences(old, new, match)]
    return _late_first(pd.concat(parts, ignore_index=True), stamp(pulled(after, now)))


def compare(
    ours: pd.DataFrame,
    theirs: pd.DataFrame,
    *,
    channels: Mapping[Any, Any] | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Lay two sources of one guide side by side: programmes that both have, and that one has.

    Programmes are matched as `changes` matches guides without ids: by channel, start and name, then
    by name, then by channel and start.

    Parameters
    ----------
    ours, theirs : DataFrame
        Two guides: tables of `kott.epg` or `xmltv.read`.
    channels : mapping, optional
        Which of their channels is which of ours: `{"one.tv": 801}`; see `xmltv.match`. What it
        leaves out has the same id in both.
    columns : mapping, optional
        What both tables call our columns.

    Returns
    -------
    DataFrame
        One row per programme, by channel and time: linearAssetId (text where the two sources have
        ids of different kinds), startDate, endDate, name, otherStartDate, otherEndDate, otherName,
        minutes (by which theirs starts later, `Float64`), verdict (`str`): `same`, `differs`,
        `ours` or `theirs` (only there), differs (`str`: the fields that differ, by commas).

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
    old, new = _prepared(ours, columns), _prepared(theirs, columns)
    known = {str(their): our for their, our in (channels or {}).items()}
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
    match = matched(old, new, by_id=False)
    differs = np.full(len(match.old), "", dtype=object)
    for field in ("startDate", "endDate", "name", *_common(old, new)):
        mask = _differ(old, new, match, field)
        differs[mask] += np.where(differs[mask] == "", "", ", ") + field
    none = np.full(len(match.removed), -1), np.full(len(match.added), -1)
    one = np.concatenate([match.old, match.removed, none[1]])
    other = np.concatenate([match.new, none[0], match.added])
    verdict = np.concatenate(
        [
            np.where(differs == "", "same", "differs"),
            np.full(len(match.removed), "ours"),
            np.full(len(match.added), "theirs"),
        ]
    )
    left = old.reindex(one).reset_index(drop=True)
    right = new.reindex(other).reset_index(drop=True)
    apart = (right["startDate"] - left["startDate"]).dt.total_seconds() / 60
    table = pd.DataFrame(
        {
            "linearAssetId": left["linearAssetId"].fillna(right["linearAssetId"]),
            **{column: left[column] for column in ("startDate", "endDate", "name")},
            "otherStartDate": right["startDate"],
            "otherEndDate": right["endDate"],
            "otherName": right["name"],
            "minutes": apart.astype("Float64"),
            "verdict": pd.array(verdict, dtype="str"),
            "differs": pd.array([*differs, *[""] * (len(one) - len(differs))], dtype="str"),
        }
    )
    start = table["startDate"].fillna(table["otherStartDate"])
    order = table.assign(_start=start).sort_values(["linearAssetId", "_start"], kind="stable").index
    return table.loc[order].reset_index(drop=True)


# Matching


class Match(NamedTuple):
    """Which rows of two tables are one programme, and which have none in the other."""

    old: Whole
    new: Whole
    renumbered: Mask  # matched under another id
    removed: Whole
    added: Whole


def _has_ids(table: pd.DataFrame, columns: Columns | None) -> bool:
    """Say whether a programme has the same id in another table too."""
    return (columns or {}).get("id", "id") in table.columns and facts(table).get("ids") != "counted"


def _prepared(table: pd.DataFrame, columns: Columns | None) -> pd.DataFrame:
    table = named(table, columns, *TIMED, "name")
    shown = ["id", *TIMED, "name", *(field for field in FIELDS if field in table.columns)]
    return table[shown]


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
    """Match the rows of two tables, by what tells most first."""
    one = other = np.zeros(0, dtype=np.intp)
    if by_id:
        at = pd.Index(keys(new["id"])).get_indexer(pd.Index(keys(old["id"])))
        one, other = np.flatnonzero(at >= 0), at[at >= 0]
    size = len(one)
    ways: list[tuple[list[str], bool]] = [(["linearAssetId", "startDate", "name"], False)]
    if not by_id:
        both = "description" in old.columns and "description" in new.columns
        ways += [(["linearAssetId", "name", "description"], True)] if both else []
        ways += [(["linearAssetId", "name"], True), (["linearAssetId", "startDate"], False)]
    for columns, apart in ways:
        gone, fresh = (_others(table, rows) for table, rows in ((old, one), (new, other)))
        again = _nearest(old.loc[gone, columns], new.loc[fresh, columns], old, new, apart)
        one, other = np.append(one, gone[again[0]]), np.append(other, fresh[again[1]])
    renumbered = np.arange(len(one)) >= (size if by_id else len(one))
    return Match(one, other, renumbered, _others(old, one), _others(new, other))


def _others(table: pd.DataFrame, rows: Whole) -> Whole:
    return np.setdiff1d(np.arange(len(table)), rows)


def _nearest(
    one: pd.DataFrame, other: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame, apart: bool
) -> tuple[Whole, Whole]:
    """Pair the rows of two tables that have one key, those nearest in time first.

    Rows whose starts may be `apart` are a day apart at most, unless each has its key alone.
    """
    columns = list(one.columns)
    code = pd.concat([one, other]).groupby(columns, sort=False, dropna=True).ngroup().to_numpy()
    sides = [
        pd.DataFrame(
            {"code": of, "place": np.arange(len(of)), "start": micros(table, "startDate")[at]}
        )
        for of, table, at in (
            (code[: len(one)], old, one.index),
            (code[len(one) :], new, other.index),
        )
    ]
    sides = [side[(side["code"] >= 0) & (side["start"] != NAT)] for side in sides]
    sides = [side.assign(alone=~side["code"].duplicated(keep=False)) for side in sides]
    pairs = sides[0].merge(sides[1], on="code")
    pairs["apart"] = (pairs["start_x"] - pairs["start_y"]).abs()
    if apart:
        pairs = pairs[(pairs["apart"] <= _FARTHEST) | (pairs["alone_x"] & pairs["alone_y"])]
    pairs = pairs.sort_values(["apart", "start_x", "place_x", "place_y"])
    taken: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for place, where in zip(pairs["place_x"].tolist(), pairs["place_y"].tolist(), strict=True):
        if place not in taken[0] and where not in taken[1]:
            chosen.append((place, where))
            taken[0].add(place)
            taken[1].add(where)
    both = np.array(chosen, dtype=np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]


# Comparing


def _common(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    return [field for field in FIELDS if field in old.columns and field in new.columns]


def _differ(old: pd.DataFrame, new: pd.DataFrame, match: Match, field: str) -> Mask:
    """Find matched rows whose values differ; two absent ones, or blank ones, are equal."""
    sides = [old[field].iloc[match.old], new[field].iloc[match.new]]
    if field not in TIMED:
        sides = [side.astype("str").fillna("") for side in sides]
    codes = pd.factorize(pd.concat(sides))[0]
    differ: Mask = codes[: len(match.old)] != codes[len(match.old) :]
    return differ


_Part = tuple[str, str, npt.NDArray[Any], npt.NDArray[Any], Any]


def _differences(old: pd.DataFrame, new: pd.DataFrame, match: Match) -> Iterator[_Part]:
    """Return each change: its name, its field, the old rows, the new rows, the minutes."""
    (start, end), (later, until) = (
        [micros(table, column)[rows] for column in TIMED[1:]]
        for table, rows in ((old, match.old), (new, match.new))
    )
    none = np.full(len(match.removed), -1), np.full(len(match.added), -1)
    yield "removed", "", match.removed, none[0], np.nan
    yield "added", "", none[1], match.added, np.nan
    timed = (start != NAT) & (end != NAT) & (later != NAT) & (until != NAT)
    longer = np.where(timed, (until - later) - (end - start), 0) / MINUTE
    moved = np.where((start != NAT) & (later != NAT), later - start, 0) / MINUTE
    other_channel = _differ(old, new, match, "linearAssetId")
    for change, field, mask, minutes in (
        ("moved", "startDate", (start != later) | other_channel, moved),
        ("retitled", "name", _differ(old, new, match, "name"), None),
        ("shortened", "endDate", longer < 0, longer),
        ("lengthened", "endDate", longer > 0, longer),
        ("renumbered", "id", match.renumbered, None),
        *(("changed", one, _differ(old, new, match, one), None) for one in _common(old, new)),
    ):
        by = np.nan if minutes is None else minutes[mask]
        yield change, field, match.old[mask], match.new[mask], by


def _rows(
    old: pd.DataFrame,
    new: pd.DataFrame,
    change: str,
    field: str,
    one: npt.NDArray[Any],
    other: npt.NDArray[Any],
    minutes: Any,
) -> pd.DataFrame:
    was, now = (
        table.reindex(rows).reset_index(drop=True) for table, rows in ((old, one), (new, other))
    )
    by = pd.array(np.broadcast_to(minutes, len(one)), dtype="Float64")
    names = {"id": "newId", "name": "newName", "startDate": "newStartDate", "endDate": "newEndDate"}
    values = [
        of[field].astype("str") if field else pd.array([None] * len(one), "str")
        for of in (was, now)
    ]
    return pd.DataFrame(
        {
            "change": pd.array([change] * len(one), dtype="str"),
            "field": pd.array([field or None] * len(one), dtype="str"),
            "linearAssetId": was["linearAssetId"].fillna(now["linearAssetId"]),
            **{
                name: of[column]
                for column, new_ in names.items()
                for name, of in ((column, was), (new_, now))
            },
            "old": values[0],
            "new": values[1],
            "minutes": by,
            "detail": pd.array([_said(change, field, m) for m in by], dtype="str"),
        }
    )


def _said(change: str, field: str, minutes: Any) -> str:
    """Say in words what changed."""
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
