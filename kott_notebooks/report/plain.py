"""Findings as JSON, for programs such as a build that is to fail."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from kott_notebooks.report import parts
from kott_notebooks.tables.provenance import facts


def as_json(
    findings: pd.DataFrame, *, assets: pd.DataFrame | None = None, rules: parts.GivenRules = None
) -> str:
    """Write findings as one JSON object, whose keys stay as they are.

    `when`, `assets` (how many were judged: assets, programmes or households), `counts` by severity,
    `scores` by type (of `assets`, or as the audit left them), `waived`, `not_judged`, `rules` (a
    summary, the worst first) and `findings` (an object each). Times are ISO text in UTC; what is
    absent is null. A table's own `findings.to_json` has the rows alone.
    """
    known = facts(findings)
    whole = {
        "when": known.get("when"),
        "assets": known.get("judged", known.get("assets")) if assets is None else len(assets),
        "counts": parts.counted(findings),
        "scores": _records(parts.scores(findings, assets)),
        "waived": known.get("waived", {}),
        "not_judged": known.get("not_judged", {}),
        "rules": _records(parts.by_rule(findings, rules)),
        "findings": _records(findings),
    }
    return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    plain = table.astype("object").where(table.notna(), None)
    for name in table.select_dtypes("datetimetz"):
        plain[name] = table[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype("object")
        plain[name] = plain[name].where(table[name].notna(), None)
    names = list(map(str, plain.columns))
    return [dict(zip(names, row, strict=True)) for row in plain.itertuples(index=False)]
