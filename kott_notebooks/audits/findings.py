"""The table that every audit returns: one row per finding, the same columns for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

ERROR, WARNING, INFO = SEVERITIES = ("error", "warning", "info")

DTYPES: dict[str, Any] = {
    "rule": "str",  # stable, dotted: schedule.gap
    "severity": "str",
    "kind": "str",  # media, epg, household, user, device
    "id": "str",  # of what is wrong; ids are unique within a kind
    "name": "str",
    "field": "str",
    "startDate": "datetime64[us, UTC]",
    "endDate": "datetime64[us, UTC]",
    "linearAssetId": "Int64",  # as in the guide, where its channels are not numbers
    "impact": "Float64",  # to sort by; its meaning is the audit's
    "detail": "str",
    "ksql": "str",  # finds the rule's findings on the server; absent where KSQL cannot
    "hint": "str",
}


def as_findings(rows: pd.DataFrame | Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table of findings: every column in its place and of its dtype, also without rows.

    What a row lacks is absent. Other columns are left out.
    """
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    columns = {
        column: _typed(table[column], dtype)
        if column in table
        else pd.Series(pd.NA, index=table.index, dtype="object").astype(dtype)
        for column, dtype in DTYPES.items()
    }
    return pd.DataFrame(columns, index=table.index).reset_index(drop=True)


def _typed(column: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    try:
        typed: pd.Series[Any] = pd.Series(column, dtype=dtype)
    except (ValueError, TypeError):
        if column.name != "linearAssetId":
            raise
        typed = column.astype("str")
    return typed
