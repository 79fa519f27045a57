"""How many households, users and devices there are of what kind, small groups folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.household.folding import OTHER, K, folded, widened
from kott_notebooks.household.limiting import used_by
from kott_notebooks.tables.columns import NAT, micros, need, pulled, stamp
from kott_notebooks.times import When

KINDS = {"brandId": "deviceBrand", "deviceFamilyId": "deviceFamily", "regionId": "region"}
IDLE = (7, 30, 90, 180, 365)  # days
AGES = (30, 90, 180, 365, 730)
LEFT = (
    *("over the limit", "at the limit", "1 left", "2 left", "3 or more left"),
    *("no limit set", "not known"),
)
_DAY = 86_400_000_000  # microseconds
_NONE = "none"


def groups(
    table: pd.DataFrame, by: str, *, labels: pd.DataFrame | None = None, k: int = K
) -> pd.DataFrame:
    """Count the rows of a table, and the households they are of, by the values of a column.

    One row a group, the largest first: group `str` ("none" where the cell is empty; "other", last,
    for what was folded), count (rows), households `Int64`, share `Float64` (of the rows). `table`
    is one of households, users or devices; `by` a column such as regionId, state, brandId,
    deviceFamilyId, model. `labels` (kott.labels) name brands, families and regions.

    A group of fewer than `k` households is folded into "other", and so are the smallest of the
    large enough until that is of two groups and `k` households: no subtraction tells of a few. No
    row at all where the table is of fewer than `k` households. It is one figure that is safe so:
    whoever lays several cuts of the same households side by side may still learn of a few.
    """
    values = need(table, by)[by].reset_index(drop=True)
    found = values.convert_dtypes().astype("str").replace(_names(by, labels)).fillna(_NONE)
    return _figure(found, _households(table), k)


def _names(by: str, labels: pd.DataFrame | None) -> dict[str, str]:
    """Give the names of a column's values by their id, as text."""
    if labels is None or by not in KINDS:
        return {}
    known = need(labels, "kind", "id", "name")
    own = known[known["kind"] == KINDS[by]].dropna(subset=["id", "name"])
    return dict(zip(own["id"].astype("str"), own["name"].astype("str"), strict=True))


def idle_devices(
    devices: pd.DataFrame, *, days: Iterable[int] = IDLE, k: int = K, now: When | None = None
) -> pd.DataFrame:
    """Count devices by how long they have rested, from lastActivityTime to `now`.

    One row a band of days, the shortest first: group `str` ("under 7 days", "7 to 29 days" ...;
    "none" where no activity is told), count (devices), households `Int64`, share `Float64`. A band
    of fewer than `k` households is widened by the shorter one, which tells more than "other" and
    gives away as little; what is left to fold is folded as `groups` folds. `now` is when the table
    was pulled unless given.
    """
    return _banded(devices, "lastActivityTime", days, k, now)


def idle_households(
    devices: pd.DataFrame, *, days: Iterable[int] = IDLE, k: int = K, now: When | None = None
) -> pd.DataFrame:
    """Count households by how long all their devices have rested.

    One row a band of days, as `idle_devices` gives them; count and households are the same. A
    household without a device is not counted.
    """
    need(devices, "householdId", "lastActivityTime")
    last = pulled(devices, now)
    latest = devices.groupby("householdId")[["lastActivityTime"]].max().reset_index()
    return _banded(latest, "lastActivityTime", days, k, last)


def device_ages(
    devices: pd.DataFrame, *, days: Iterable[int] = AGES, k: int = K, now: When | None = None
) -> pd.DataFrame:
    """Count devices by how long ago they were activated, from activatedOn to `now`.

    One row a band of days, as `idle_devices` gives them.
    """
    return _banded(devices, "activatedOn", days, k, now)


def sizes(households: pd.DataFrame, members: pd.DataFrame, *, k: int = K) -> pd.DataFrame:
    """Count households by how many users (or devices) they have.

    One row a size, the smallest first: group `str` ("0", "1" ... "6 to 8"), count, households
    `Int64`, share `Float64`. Sizes of fewer than `k` households stand together with the next
    smaller ones, as `idle_devices` widens its bands. `members` is the table of
    `kott.household_users` or `kott.household_devices`, whole for these households.
    """
    ids = need(households, "id")["id"].reset_index(drop=True)
    many = used_by(ids, members).to_numpy(np.int64)
    beyond = int(max(many, default=0)) + 1
    edges = widened(many, ids, range(1, beyond), k)
    names = [_size(low, high) for low, high in pairwise([0, *edges, beyond])]
    found = np.array(names, dtype=object)[np.searchsorted(edges, many, "right")]
    return _figure(pd.Series(found, dtype="str"), ids, k, names)


def _size(low: int, high: int) -> str:
    return str(low) if high == low + 1 else f"{low} to {high - 1}"


def masters(households: pd.DataFrame, users: pd.DataFrame, *, k: int = K) -> pd.DataFrame:
    """Count households by whether they have a master among their users.

    One row a group: group `str` ("one master", "several masters", "no master", "no users", "other"
    for what was folded), count, households `Int64`, share `Float64`, folded as `groups` folds.
    """
    ids = need(households, "id")["id"].reset_index(drop=True)
    users = need(users, "householdId", "isMaster")
    lead = users["isMaster"].fillna(False).astype(bool)
    many = used_by(ids, users).to_numpy(np.int64)
    leads = used_by(ids, users[lead]).to_numpy(np.int64)
    words = ["no users", "no master", "one master", "several masters"]
    found = np.select([many == 0, leads == 0, leads == 1], words[:3], words[3])
    return _figure(pd.Series(found, dtype="str"), ids, k, words[::-1])


def left(limits: pd.DataFrame, *, k: int = K) -> pd.DataFrame:
    """Count households by how much is left of each limit; `limits` are those of `limits`.

    One row a limit and group: limit, group `str` ("over the limit", "at the limit", "1 left" ...,
    "no limit set", "not known", "other" for what was folded), count, households `Int64`, share
    `Float64` (of the limit's households); limits in the table's order, folded as `groups` folds.
    """
    own = need(limits, "limit", "allowed", "used", "left").reset_index(drop=True)
    rest = own["left"].to_numpy(np.float64, na_value=np.nan)
    unknown, free = own["used"].isna(), own["allowed"].isna()
    cases = [unknown, free, rest < 0, rest == 0, rest == 1, rest == 2]
    words = pd.Series(np.select(cases, [LEFT[6], LEFT[5], *LEFT[:4]], LEFT[4]), dtype="str")
    each = pd.Series(own.index)  # a row is a household's
    parts = [
        _figure(words[of], each[of], k, LEFT).assign(limit=str(name))
        for name, of in own.groupby("limit", sort=False).groups.items()
    ]
    columns = ["limit", *_DTYPES]
    table = pd.concat([pd.DataFrame(columns=columns), *parts], ignore_index=True)
    return table[columns].astype({"limit": "str", **_DTYPES})


_DTYPES = {"group": "str", "count": "Int64", "households": "Int64", "share": "Float64"}


def _banded(
    table: pd.DataFrame, column: str, days: Iterable[int], k: int, now: When | None
) -> pd.DataFrame:
    table = need(table, column)
    times = micros(table, column)
    ids = _households(table)
    rested = (stamp(pulled(table, now)) - times[times != NAT]) // _DAY
    edges = widened(rested, ids[times != NAT], days, k)
    names = _bands(edges)
    found = np.full(len(times), _NONE, dtype=object)
    found[times != NAT] = np.array(names, dtype=object)[np.searchsorted(edges, rested, "right")]
    return _figure(pd.Series(found, dtype="str"), ids, k, [*names, _NONE])


def _bands(edges: Sequence[int]) -> list[str]:
    if not edges:
        return ["any"]
    inner = [f"{low} to {high - 1} days" for low, high in pairwise(edges)]
    return [f"under {edges[0]} days", *inner, f"{edges[-1]} days or more"]


def _households(table: pd.DataFrame) -> pd.Series[Any]:
    """Give the household of each row: a table of households has it as its id."""
    column = "householdId" if "householdId" in table else "id"
    return need(table, column)[column].reset_index(drop=True)


def _figure(
    found: pd.Series[str], households: pd.Series[Any], k: int, order: Sequence[str] = ()
) -> pd.DataFrame:
    """Count rows and households by group, in an order, or the largest first; the rest is last."""
    each = pd.DataFrame({"group": folded(found, households, k), "household": households})
    each = each.dropna(subset="group")
    table = (
        each.groupby("group")
        .agg(count=("group", "size"), households=("household", "nunique"))
        .reset_index()
    )
    place = {name: at for at, name in enumerate(order)} | {OTHER: len(order) + 1}
    at = table["group"].map(place).fillna(len(order))
    ordered = table.iloc[np.lexsort((table["group"], -table["count"], at))]
    ordered = ordered.assign(share=ordered["count"] / len(found)).reset_index(drop=True)
    return ordered[[*_DTYPES]].astype(_DTYPES)
