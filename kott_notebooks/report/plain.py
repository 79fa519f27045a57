"""Findings as JSON, for programs such as a build that fails on them."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from kott_notebooks.audits.findings import need_findings
from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.report import parts
from kott_notebooks.tables.provenance import facts


def as_json(
    findings: pd.DataFrame,
    assets: pd.DataFrame | None = None,
    *,
    rules: RulesSource | None = None,
) -> str:
    """Write findings as one JSON object, whose keys are stable.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.
    assets : DataFrame, optional
        What was audited; its rows are counted, and assets are scored by type.
    rules : path, mapping or Rules, optional
        The rules of the audit; see `audits.rules`.

    Returns
    -------
    str
        An object with the keys `when`, `assets` (the number of rows judged: assets, programmes or
        households), `counts` (of findings, by severity), `scores` (by type: of `assets`, else as
        the audit computed them), `waived`, `not_judged`, `rules` (a summary, the worst first) and
        `findings` (one object per finding). Times are ISO text in UTC; absent values are null.

    Raises
    ------
    KottError
        The findings lack a column, or the rules cannot be used.

    See Also
    --------
    report.audit : The same as a page for people.

    Examples
    --------
    >>> import json
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, report
    >>> assets = kott.assets(demo.login(assets=200))
    >>> list(json.loads(report.as_json(catalog.audit(assets), assets))["counts"])
    ['error', 'warning', 'info']
    """
    findings = need_findings(findings, *parts.NEEDED)
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
