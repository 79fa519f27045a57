"""How near households are to their limits."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from kott_notebooks.household.groups import MIN_GROUP_SIZE, OTHER, figure, used_by, widened
from kott_notebooks.tables.columns import need

LIMITS = {"devices": "devicesLimit", "users": "usersLimit", "streams": "concurrentLimit"}
NO_LIMIT, NOT_KNOWN = "no limit set", "not known"
_STEPS = (0, 1, 2, 3)  # where a group of households begins, by headroom
_DTYPES = {
    "limit": "str", "group": "str", "least": "Int64", "count": "Int64", "households": "Int64",
    "share": "Float64",
}  # fmt: skip


def limits(
    households: pd.DataFrame,
    users: pd.DataFrame | None = None,
    devices: pd.DataFrame | None = None,
    *,
    streams: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Compare what households use with their limits: devices, users, streams.

    Parameters
    ----------
    households : DataFrame
        `kott.households`.
    users, devices, streams : DataFrame, optional
        One row per user, device or stream, with its `householdId`, such as `kott.household_users`
        and `kott.household_devices`; whole for these households: one without a row uses 0.

    Returns
    -------
    DataFrame
        One row per household and limit: `householdId` (as in the table), `limit` (devices, users,
        streams; `str`), `allowed` (absent where none is set, which the API writes as 0), `used`
        (absent where that table is not given), `headroom` (allowed - used, negative beyond the
        limit; `Int64`), `share` (used / allowed, `Float64`).

    Raises
    ------
    KottError
        A table lacks a column.

    See Also
    --------
    headroom, audit

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> session = demo.login(assets=20, households=30, deployment="roomy")
    >>> homes, devices = kott.households(session), kott.household_devices(session)
    >>> household.limits(homes, devices=devices)["limit"].unique().tolist()
    ['devices', 'users', 'streams']
    """
    households = need(households, "id", *LIMITS.values()).reset_index(drop=True)
    ids = households["id"]
    tables = {"devices": devices, "users": users, "streams": streams}
    parts = [
        pd.DataFrame(
            {
                "householdId": ids,
                "limit": pd.Series(name, index=ids.index, dtype="str"),
                "allowed": allowed_by(households[column]),
                "used": used_by(ids, tables[name]),
            }
        )
        for name, column in LIMITS.items()
    ]
    table = pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)
    return table.assign(
        headroom=table["allowed"] - table["used"], share=table["used"] / table["allowed"]
    )


def allowed_by(limit: pd.Series[int]) -> pd.Series[int]:
    """Return a column of limits, absent where none is set."""
    return limit.astype("Int64").where(limit != 0)


def headroom(limits: pd.DataFrame, *, k: int = MIN_GROUP_SIZE) -> pd.DataFrame:
    """Count households by how far they are below each limit.

    No group is of fewer than `k` households: a smaller one joins its neighbour, and the words say
    the range ("at or over the limit"). A small group without a limit or of unknown use joins those
    farthest below the limit; the words name all groups that have no row of their own ("3 or more
    left, no limit set or not known"), so that they do not say which of them were small. A limit of
    fewer than `k` households has no row.

    Parameters
    ----------
    limits : DataFrame
        `household.limits`.
    k : int, default `MIN_GROUP_SIZE`
        The least number of households in a group; 1 to see all.

    Returns
    -------
    DataFrame
        One row per limit and group, limits in the table's order, the nearest to the limit first:
        `limit`, `group` ("over the limit", "at the limit", "1 left", "2 left", "3 or more left",
        ranges of these, "no limit set", "not known", what was joined with one of the two; `str`),
        `least` (the least headroom in the group, -1 over the limit; absent for the last three;
        `Int64`), `count`, `households` (`Int64`), `share` (of the limit's households, `Float64`).

    Raises
    ------
    KottError
        `k` is less than 1.

    See Also
    --------
    limits, plots.limits

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import household
    >>> limits = pd.DataFrame({"limit": "devices", "allowed": 5, "used": [6, 5, 5, 5, 4, 1, 1, 1]})
    >>> household.headroom(limits, k=3)[["group", "count"]].to_numpy().tolist()
    [['1 or fewer left', 5], ['3 or more left', 3]]
    """
    own = need(limits, "limit", "allowed", "used").reset_index(drop=True)
    parts = [
        _of_limit(own.loc[rows], k).assign(limit=str(name))
        for name, rows in own.groupby("limit", sort=False).groups.items()
    ]
    table = pd.concat([pd.DataFrame(columns=list(_DTYPES)), *parts], ignore_index=True)
    return table[list(_DTYPES)].astype(_DTYPES)


def _of_limit(own: pd.DataFrame, k: int) -> pd.DataFrame:
    unknown, unlimited = own["used"].isna(), own["allowed"].isna()
    counted = ~(unknown | unlimited)
    free = (own["allowed"] - own["used"]).fillna(0).to_numpy(np.int64).clip(-1, _STEPS[-1])
    each = pd.Series(own.index, index=own.index)  # a row per household
    steps = widened(free[counted], each[counted], _STEPS, k)
    bounds = [-1, *steps, _STEPS[-1] + 1]
    names = [_words(low, high) for low, high in pairwise(bounds)]
    place = np.searchsorted(steps, free, "right")
    group = pd.Series(np.array(names, dtype=object)[place], index=own.index)
    group = group.mask(unlimited, NO_LIMIT).mask(unknown, NOT_KNOWN)
    table = figure(group, each, k, [*names, NO_LIMIT, NOT_KNOWN], joins=names[::-1])
    least = dict(zip(names, bounds, strict=False))
    table = table.assign(least=table["group"].map(least))
    if OTHER in set(table["group"]):
        words = _joined(set(table["group"]), names, bounds)
        table["group"] = table["group"].replace(OTHER, words)
    return table


def _joined(shown: set[str], names: list[str], bounds: list[int]) -> str:
    """Name a joined group by all that has no row of its own: the farthest steps, and the rest."""
    if shown == {OTHER}:
        return _words(bounds[0], bounds[-1])
    steps = [low for name, low in zip(names, bounds, strict=False) if name not in shown]
    parts = [_words(steps[0], bounds[-1])] if steps else []
    parts += [name for name in (NO_LIMIT, NOT_KNOWN) if name not in shown]
    return f"{', '.join(parts[:-1])} or {parts[-1]}"


def _words(low: int, high: int) -> str:
    """Write a range of headroom, from `low` to below `high`."""
    last = _STEPS[-1]
    if high > last:
        return {-1: "any", 0: "at the limit or below"}.get(low, f"{low} or more left")
    if low == -1:
        words = {0: "over the limit", 1: "at or over the limit"}
        return words.get(high, f"{high - 1} or fewer left")
    if low == 0:
        return "at the limit" if high == 1 else f"0 to {high - 1} left"
    return f"{low} left" if high == low + 1 else f"{low} to {high - 1} left"
