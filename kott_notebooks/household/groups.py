"""Numbers of households, users and devices, in groups that are large enough to show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import whole_number
from kott_notebooks.tables.columns import NAT, Micros, id_texts, micros, need, pulled, stamp
from kott_notebooks.times import When

KINDS = {"brandId": "deviceBrand", "deviceFamilyId": "deviceFamily", "regionId": "region"}
IDLE = (7, 30, 90, 180, 365)  # days
AGES = (30, 90, 180, 365, 730)
OTHER = "other"
MIN_GROUP_SIZE = 5  # households in a group that may be shown
_DAY = 86_400_000_000  # microseconds
_NONE = "none"


def groups(
    table: pd.DataFrame, by: str, *, labels: pd.DataFrame | None = None, k: int = MIN_GROUP_SIZE
) -> pd.DataFrame:
    """Count the rows of a table, and the households they belong to, by the values of a column.

    A group of fewer than `k` households is folded into "other", and so are the smallest of the
    large enough until that is of two groups and `k` households: no subtraction reveals a few. This
    holds for one figure: several cuts of the same households side by side may still reveal a few.

    Parameters
    ----------
    table : DataFrame
        Households, users or devices.
    by : str
        A column such as regionId, state, brandId, deviceFamilyId, model.
    labels : DataFrame, optional
        `kott.labels`, which name brands, families and regions.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a group; 1 to fold nothing.

    Returns
    -------
    DataFrame
        One row per group, the largest first: `group` ("none" where the cell is empty; "other",
        last, for what was folded; `str`), `count` (rows), `households` (`Int64`), `share` (of the
        rows, `Float64`). No row where the table is of fewer than `k` households.

    Raises
    ------
    KottError
        `k` is less than 1, or the table lacks the column.

    See Also
    --------
    sizes, plots.groups

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> homes = kott.households(demo.login(assets=20, households=60, deployment="roomy"))
    >>> table = household.groups(homes, "state")
    >>> int(table["households"].min()) >= household.MIN_GROUP_SIZE
    True
    """
    values = need(table, by)[by].reset_index(drop=True)
    group = values.convert_dtypes().astype("str").replace(_names(by, labels)).fillna(_NONE)
    return figure(group, _households(table), k)


def _names(by: str, labels: pd.DataFrame | None) -> dict[str, str]:
    """Return the names of a column's values by their id, as text."""
    if labels is None or by not in KINDS:
        return {}
    known = need(labels, "kind", "id", "name")
    own = known[known["kind"] == KINDS[by]].dropna(subset=["id", "name"])
    return dict(zip(own["id"].astype("str"), own["name"].astype("str"), strict=True))


def idle_devices(
    devices: pd.DataFrame,
    *,
    days: Iterable[int] = IDLE,
    k: int = MIN_GROUP_SIZE,
    now: When | None = None,
) -> pd.DataFrame:
    """Count devices by how long they have been idle, from lastActivityTime to `now`.

    A band of fewer than `k` households is joined with the shorter one, which says more than "other"
    and reveals as little; what remains is folded as `groups` does.

    Parameters
    ----------
    devices : DataFrame
        `kott.household_devices`.
    days : iterable of int
        Where a band begins, in days.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a band; 1 to widen none.
    now : str, datetime or Timestamp, optional
        By default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per band, the shortest first: `group` ("under 7 days", "7 to 29 days" ...; "none"
        where no activity is known; `str`), `count` (devices), `households` (`Int64`), `share`
        (`Float64`).

    Raises
    ------
    KottError
        The table lacks `lastActivityTime`, `k` is less than 1, or `now` is not valid.

    See Also
    --------
    idle_households, device_ages, plots.groups

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> devices = kott.household_devices(demo.login(assets=20, households=60, deployment="roomy"))
    >>> household.idle_devices(devices, days=[30])["group"].iloc[0]
    'under 30 days'
    """
    return _banded(devices, "lastActivityTime", days, k, now)


def idle_households(
    devices: pd.DataFrame,
    *,
    days: Iterable[int] = IDLE,
    k: int = MIN_GROUP_SIZE,
    now: When | None = None,
) -> pd.DataFrame:
    """Count households by how long all their devices have been idle.

    A household without a device is not counted.

    Parameters
    ----------
    devices : DataFrame
        `kott.household_devices`.
    days : iterable of int
        Where a band begins, in days.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a band; 1 to widen none.
    now : str, datetime or Timestamp, optional
        By default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per band, as `idle_devices` returns them; count and households are the same.

    Raises
    ------
    KottError
        The table lacks a column, `k` is less than 1, or `now` is not valid.

    See Also
    --------
    idle_devices, plots.groups

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> devices = kott.household_devices(demo.login(assets=20, households=60, deployment="roomy"))
    >>> "group" in household.idle_households(devices, days=[30])
    True
    """
    devices = need(devices, "householdId", "lastActivityTime")
    last = pulled(devices, now)
    latest = devices.groupby("householdId")[["lastActivityTime"]].max().reset_index()
    return _banded(latest, "lastActivityTime", days, k, last)


def device_ages(
    devices: pd.DataFrame,
    *,
    days: Iterable[int] = AGES,
    k: int = MIN_GROUP_SIZE,
    now: When | None = None,
) -> pd.DataFrame:
    """Count devices by how long ago they were activated, from activatedOn to `now`.

    Parameters
    ----------
    devices : DataFrame
        `kott.household_devices`.
    days : iterable of int
        Where a band begins, in days.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a band; 1 to widen none.
    now : str, datetime or Timestamp, optional
        By default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per band, as `idle_devices` returns them.

    Raises
    ------
    KottError
        The table lacks `activatedOn`, `k` is less than 1, or `now` is not valid.

    See Also
    --------
    idle_devices, plots.groups

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> devices = kott.household_devices(demo.login(assets=20, households=60, deployment="roomy"))
    >>> household.device_ages(devices)["count"].sum() == len(devices)
    np.True_
    """
    return _banded(devices, "activatedOn", days, k, now)


def sizes(
    households: pd.DataFrame, members: pd.DataFrame, *, k: int = MIN_GROUP_SIZE
) -> pd.DataFrame:
    """Count households by how many users (or devices) they have.

    Sizes of fewer than `k` households are joined with the next smaller ones.

    Parameters
    ----------
    households : DataFrame
        `kott.households`.
    members : DataFrame
        `kott.household_users` or `kott.household_devices`, whole for these households.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a group.

    Returns
    -------
    DataFrame
        One row per size, the smallest first: `group` ("0", "1" ... "6 to 8"; `str`), `count`,
        `households` (`Int64`), `share` (`Float64`).

    Raises
    ------
    KottError
        A table lacks a column, or `k` is less than 1.

    See Also
    --------
    masters, groups, plots.groups

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> session = demo.login(assets=20, households=60, deployment="roomy")
    >>> table = household.sizes(kott.households(session), kott.household_users(session))
    >>> int(table["count"].sum())
    60
    """
    ids = need(households, "id")["id"].reset_index(drop=True)
    many = used_by(ids, members).to_numpy(np.int64)
    beyond = int(max(many, default=0)) + 1
    edges = widened(many, ids, range(1, beyond), k)
    names = [_size(low, high) for low, high in pairwise([0, *edges, beyond])]
    group = np.array(names, dtype=object)[np.searchsorted(edges, many, "right")]
    return figure(pd.Series(group, dtype="str"), ids, k, names)


def _size(low: int, high: int) -> str:
    return str(low) if high == low + 1 else f"{low} to {high - 1}"


def masters(
    households: pd.DataFrame, users: pd.DataFrame, *, k: int = MIN_GROUP_SIZE
) -> pd.DataFrame:
    """Count households by whether they have a master among their users.

    Parameters
    ----------
    households : DataFrame
        `kott.households`.
    users : DataFrame
        `kott.household_users`, whole for these households.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a group.

    Returns
    -------
    DataFrame
        One row per group: `group` ("one master", "several masters", "no master", "no users",
        "other" for what was folded; `str`), `count`, `households` (`Int64`), `share` (`Float64`).

    Raises
    ------
    KottError
        A table lacks a column, or `k` is less than 1.

    See Also
    --------
    sizes, plots.groups

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> session = demo.login(assets=20, households=60, deployment="roomy")
    >>> table = household.masters(kott.households(session), kott.household_users(session), k=1)
    >>> "one master" in set(table["group"])
    True
    """
    ids = need(households, "id")["id"].reset_index(drop=True)
    users = need(users, "householdId", "isMaster")
    is_master = users["isMaster"].fillna(False).astype(bool)
    members = used_by(ids, users).to_numpy(np.int64)
    leads = used_by(ids, users[is_master]).to_numpy(np.int64)
    words = ["no users", "no master", "one master", "several masters"]
    group = np.select([members == 0, leads == 0, leads == 1], words[:3], words[3])
    return figure(pd.Series(group, dtype="str"), ids, k, words[::-1])


_DTYPES = {"group": "str", "count": "Int64", "households": "Int64", "share": "Float64"}


def _banded(
    table: pd.DataFrame, column: str, days: Iterable[int], k: int, now: When | None
) -> pd.DataFrame:
    table = need(table, column)
    times = known_times(table, column)
    ids = _households(table)
    past = (stamp(pulled(table, now)) - times[times != NAT]) // _DAY  # days
    edges = widened(past, ids[times != NAT], days, k)
    names = _bands(edges)
    group = np.full(len(times), _NONE, dtype=object)
    group[times != NAT] = np.array(names, dtype=object)[np.searchsorted(edges, past, "right")]
    return figure(pd.Series(group, dtype="str"), ids, k, [*names, _NONE])


def _bands(edges: Sequence[int]) -> list[str]:
    if not edges:
        return ["any"]
    inner = [f"{low} to {high - 1} days" for low, high in pairwise(edges)]
    return [f"under {edges[0]} days", *inner, f"{edges[-1]} days or more"]


def _households(table: pd.DataFrame) -> pd.Series[Any]:
    """Return the household of each row: a table of households has it as its id."""
    column = "householdId" if "householdId" in table else "id"
    return need(table, column)[column].reset_index(drop=True)


def figure(
    groups: pd.Series[str],
    households: pd.Series[Any],
    k: int,
    order: Sequence[str] = (),
    joins: Sequence[str] = (),
) -> pd.DataFrame:
    """Count rows and households by group, in an order, or the largest first; "other" is last.

    Small groups join those of `joins`, in this order, or else the smallest that are large enough.
    """
    each = pd.DataFrame({"group": folded(groups, households, k, joins), "household": households})
    each = each.dropna(subset="group")
    table = (
        each.groupby("group")
        .agg(count=("group", "size"), households=("household", "nunique"))
        .reset_index()
    )
    place = {name: at for at, name in enumerate(order)} | {OTHER: len(order) + 1}
    at = table["group"].map(place).fillna(len(order))
    ordered = table.iloc[np.lexsort((table["group"], -table["count"], at))]
    ordered = ordered.assign(share=ordered["count"] / len(groups)).reset_index(drop=True)
    return ordered[[*_DTYPES]].astype(_DTYPES)


def folded(
    groups: pd.Series[Any], households: pd.Series[Any], k: int, joins: Sequence[str] = ()
) -> pd.Series[Any]:
    """Return each row's group, `OTHER` where it is of fewer than `k` households.

    The other groups could be subtracted from the total: so groups that are large
    enough join (those of `joins` first, then the smallest), until `OTHER` is of two groups and of
    `k` households. Where the whole is of fewer, no row has a group. Both columns have one index.
    """
    k = whole_number("k", k, 1)
    codes, names = pd.factorize(groups, use_na_sentinel=False)
    pairs = pd.DataFrame({"group": codes, "household": households.to_numpy()})
    pairs = pairs.dropna().drop_duplicates()
    sizes = np.bincount(pairs["group"], minlength=len(names))
    small = int((sizes < k).sum())
    if not small:
        return groups
    preferred = {name: at for at, name in enumerate(joins)}
    later = np.array([preferred.get(name, len(joins)) for name in names])
    order = np.lexsort((sizes, np.where(sizes < k, -1, later)))
    rank = np.argsort(order, kind="stable")
    first = pairs.assign(rank=rank[pairs["group"]]).groupby("household")["rank"].min()
    reached = np.bincount(first, minlength=len(names)).cumsum()  # households of the n smallest
    if reached[-1] < k:
        return pd.Series(None, index=groups.index, dtype="object")
    last = max(small, 2, int(np.searchsorted(reached, k)) + 1)
    return groups.astype("object").where(rank[codes] >= last, OTHER)


def widened(
    values: npt.NDArray[np.integer[Any]],
    households: pd.Series[Any],
    edges: Iterable[int],
    k: int,
) -> list[int]:
    """Return those edges between bands, in their order, that part no fewer than `k` households.

    A band in which there are some, and fewer, joins the one below it; the lowest the one above.
    """

    def few(low: float, high: float) -> bool:
        return 0 < households[(values >= low) & (values < high)].nunique() < k

    kept: list[int] = []
    for edge in sorted(edges, reverse=True):
        if not few(edge, kept[0] if kept else np.inf):
            kept.insert(0, edge)
    while kept and few(-np.inf, kept[0]):
        kept.pop(0)
    return kept


def known_times(table: pd.DataFrame, column: str) -> Micros:
    """Return a column of times; the API's 0, which stands for none, is absent."""
    times = micros(table, column)
    return np.where(times == 0, NAT, times)


def used_by(ids: pd.Series[int], table: pd.DataFrame | None) -> pd.Series[int]:
    """Count the rows of each household in a table; absent where there is no table."""
    if table is None:
        return pd.Series(pd.NA, index=ids.index, dtype="Int64")
    counts = id_texts(need(table, "householdId")["householdId"]).value_counts()
    return id_texts(ids).map(counts).fillna(0).astype("Int64")
