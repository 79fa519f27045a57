"""How near households are to their limits."""

from __future__ import annotations

import pandas as pd

from kott_notebooks.tables.columns import need

LIMITS = {"devices": "devicesLimit", "users": "usersLimit", "streams": "concurrentLimit"}


def limits(
    households: pd.DataFrame,
    users: pd.DataFrame | None = None,
    devices: pd.DataFrame | None = None,
    *,
    streams: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Lay what households use beside what they may: devices, users, streams.

    One row a household and limit: householdId Int64, limit str, allowed Int64 (NA where none is
    set, which the API writes as 0), used Int64 (NA where that table is not given), left Int64
    (negative beyond the limit), share Float64 (used / allowed). `users`, `devices` and `streams`
    are tables with one row each and a householdId, as `kott.household_users` and
    `kott.household_devices` give them; a household without a row there uses 0.
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
        left=table["allowed"] - table["used"], share=table["used"] / table["allowed"]
    )


def allowed_by(limit: pd.Series[int]) -> pd.Series[int]:
    """Give a column of limits, absent where none is set."""
    return limit.astype("Int64").where(limit != 0)


def used_by(ids: pd.Series[int], table: pd.DataFrame | None) -> pd.Series[int]:
    """Count the rows of each household in a table; absent where there is no table."""
    if table is None:
        return pd.Series(pd.NA, index=ids.index, dtype="Int64")
    counts = need(table, "householdId")["householdId"].value_counts()
    return ids.map(counts).fillna(0).astype("Int64")
