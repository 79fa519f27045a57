"""The table that every audit gives."""

from __future__ import annotations

import pandas as pd

from kott_notebooks.audits.findings import DTYPES, as_findings


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in table.dtypes.items()}


def test_no_finding_has_every_column() -> None:
    """An empty table has the dtypes of a full one."""
    assert dtypes(as_findings([])) == DTYPES
    assert dtypes(as_findings(pd.DataFrame({"rule": ["schedule.gap"]}))) == DTYPES


def test_what_a_row_does_not_say_is_absent() -> None:
    """Ids become text, other columns are left out, rows are counted from nought."""
    rows = pd.DataFrame({"id": [7], "linearAssetId": [9], "more": [1]}, index=[3])
    findings = as_findings(rows)
    assert dtypes(findings) == DTYPES
    assert findings[["id", "linearAssetId"]].to_dict("records") == [{"id": "7", "linearAssetId": 9}]
    assert findings.notna().to_numpy().sum() == 2


def test_a_channel_may_be_a_name() -> None:
    """Guides from elsewhere name their channels."""
    assert as_findings([{"linearAssetId": "one.tv"}])["linearAssetId"].tolist() == ["one.tv"]
