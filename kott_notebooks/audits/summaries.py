"""Tables about findings: by rule, by score, by what to fix first, over time; and of the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from kott_notebooks.audits import rulebook
from kott_notebooks.audits.findings import (
    SEVERITIES,
    kinds_of_findings,
    kinds_of_rows,
    need_findings,
)
from kott_notebooks.audits.rulebook import OTHER, Rules, RulesSource, definitions
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.tables.columns import id_texts, need
from kott_notebooks.tables.provenance import check_table, facts
from kott_notebooks.times import instant

OVERALL = "all"
_LOSS = {"error": 25.0, "warning": 8.0}  # points that a finding costs, of 100


def summary(findings: pd.DataFrame) -> pd.DataFrame:
    """Count findings by rule, the worst severity first, then the most impact.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.

    Returns
    -------
    DataFrame
        One row per rule and severity: `rule`, `severity` (`str`), `findings`, `assets` (how many
        different ids, of all kinds together; `Int64`), `impact` (their sum, `Float64`), `hint`
        (`str`).

    Raises
    ------
    KottError
        The findings lack a column.

    See Also
    --------
    audits.worklist, audits.score, audits.rule_table

    Examples
    --------
    >>> from kott_notebooks import audits, catalog, demo
    >>> import kott_notebooks as kott
    >>> findings = catalog.audit(kott.assets(demo.login(assets=200)))
    >>> list(audits.summary(findings).columns)
    ['rule', 'severity', 'findings', 'assets', 'impact', 'hint']
    """
    columns = need_findings(findings, "rule", "id", "impact", "hint")
    groups = columns.groupby(["rule", "severity"], sort=False)
    table = groups.agg(
        findings=("rule", "size"), assets=("id", "nunique"), impact=("impact", "sum"),
        hint=("hint", "first"),
    ).reset_index()  # fmt: skip
    dtypes = {"rule": "str", "severity": "str", "findings": "Int64", "assets": "Int64"}
    table = table.astype({**dtypes, "impact": "Float64", "hint": "str"})
    worst = table["severity"].map({one: place for place, one in enumerate(SEVERITIES)})
    order = np.lexsort((-table["impact"].to_numpy(float), worst.to_numpy(float)))
    return table.iloc[order].reset_index(drop=True)


def score(findings: pd.DataFrame, table: pd.DataFrame, *, by: str = "type") -> pd.DataFrame:
    """Grade what was audited from 0 to 100, by type and over all.

    Each row of the table begins with 100 points and loses 25 for each error and 8 for each warning
    about it, down to 0; infos cost nothing. A score is the mean over the rows. Rules that were not
    judged cost nothing: `judged` says how much of the audit a score rests on.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit, also read back from a file.
    table : DataFrame
        What was audited: assets, or households with ``by="regionId"``.
    by : str, default "type"
        The column to group by.

    Returns
    -------
    DataFrame
        One row per group, then one of "all": the grouping column (`str`), `assets` (rows of the
        table, each id once), `clean` (without an error or a warning; `Int64`), `score` (`Float64`),
        `judged` (share of the audit's rules that were judged, `Float64`; absent where the findings
        have no provenance).

    Raises
    ------
    KottError
        A column is missing.

    See Also
    --------
    audits.summary, audits.trend

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> audits.score(findings, assets)["type"].iloc[-1]
    'all'
    """
    for one in (findings, table):
        check_table(one)
    if "severity" not in findings and "severity" in table:
        findings, table = table, findings  # version 0.1 took the assets first
    if "kind" in findings:  # an ingest or a user may have the id of an asset or a household
        findings = findings[kinds_of_findings(findings).isin(kinds_of_rows(table))]
    lost = need_findings(findings, "id")["severity"].map(_LOSS).fillna(0)
    by_id = lost.groupby(id_texts(findings["id"]).to_numpy(object)).sum()
    own = need(table, "id", by).drop_duplicates("id")
    points = 100 - id_texts(own["id"]).map(by_id).fillna(0).to_numpy(float).clip(0, 100)
    each = pd.DataFrame({by: id_texts(own[by]).to_numpy(), "score": points})
    each["clean"] = each["score"] == 100
    parts = [
        rows.groupby(by, dropna=False)
        .agg(assets=("score", "size"), clean=("clean", "sum"), score=("score", "mean"))
        .reset_index()
        for rows in (each, each.assign(**{by: OVERALL}))
    ]
    dtypes = {by: "str", "assets": "Int64", "clean": "Int64", "score": "Float64"}
    graded = pd.concat(parts, ignore_index=True).astype(dtypes)
    return graded.assign(judged=pd.array([_judged_share(findings)] * len(graded), "Float64"))


def _judged_share(findings: pd.DataFrame) -> float | None:
    known = facts(findings)
    return round(known["rules_judged"], 4) if "rules_judged" in known else None


def worklist(findings: pd.DataFrame, *, n: int | None = 50) -> pd.DataFrame:
    """List what to fix first: the things with the most impact.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit. Those without an id belong to no thing and are left out.
    n : int or None, default 50
        Number of rows; None for all.

    Returns
    -------
    DataFrame
        One row per thing: `kind`, `id`, `name` (`str`), `impact` (the sum, `Float64`), `findings`,
        `errors`, `warnings` (`Int64`), `rules`, `details` (joined, the worst first; `str`).

    Raises
    ------
    KottError
        `n` is negative.

    See Also
    --------
    audits.summary, audits.join, report.audit

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> list(audits.worklist(findings, n=5).columns[:4])
    ['kind', 'id', 'name', 'impact']
    """
    n = None if n is None else whole_number("n", n)
    columns = ["kind", "id", "name", "impact", "severity", "rule", "detail"]
    with_id = need_findings(findings, *columns)[columns].dropna(subset=["id"])
    with_id = with_id[with_id["id"] != ""]
    worst = with_id.sort_values("impact", ascending=False, kind="stable")
    worst = worst.assign(error=worst["severity"] == "error", warn=worst["severity"] == "warning")
    key = ["kind", "id"]
    table = (
        worst.groupby(key, sort=False)
        .agg(
            name=("name", "first"), impact=("impact", "sum"), findings=("rule", "size"),
            errors=("error", "sum"), warnings=("warn", "sum"),
        )
        .reset_index()
        .sort_values(["impact", "findings"], ascending=False, kind="stable")[:n]
    )  # fmt: skip
    listed = worst.merge(table[key], on=key)  # texts are joined for those shown, and no others
    joined = listed.groupby(key, sort=False).agg(
        rules=("rule", lambda rules: ", ".join(dict.fromkeys(rules.dropna()))),
        details=("detail", lambda details: " ".join(details.dropna())),
    )
    table = table.merge(joined.reset_index(), on=key, how="left").reset_index(drop=True)
    whole = dict.fromkeys(("findings", "errors", "warnings"), "Int64")
    texts = dict.fromkeys(("kind", "id", "name", "rules", "details"), "str")
    return table.astype({**whole, **texts, "impact": "Float64"})


_TREND = {
    "rule": {
        "when": "datetime64[us, UTC]", "rule": "str", "severity": "str", "findings": "Int64",
        "assets": "Int64",
    },
    "type": {
        "when": "datetime64[us, UTC]", "type": "str", "assets": "Int64", "clean": "Int64",
        "score": "Float64", "judged": "Float64",
    },
}  # fmt: skip


def trend(
    audits: Mapping[Any, pd.DataFrame] | Iterable[pd.DataFrame],
    *,
    by: Literal["rule", "type"] = "rule",
) -> pd.DataFrame:
    """Compare several audits, in the order in which they were made.

    Parameters
    ----------
    audits : list or mapping of DataFrame
        Findings as an audit returned them, also read back from Parquet, which keeps when they were
        made; or a mapping from times to findings.
    by : {"rule", "type"}, default "rule"
        Whether to count findings by rule, or to lay out the scores by type.

    Returns
    -------
    DataFrame
        One row per audit and rule: `when` (`datetime64[us, UTC]`), `rule`, `severity` (of then, or
        the last known; `str`), `findings`, `assets` (`Int64`); a rule that any of the audits has
        found has a row in each. With ``by="type"``, one row per audit and type (and "all"): `when`,
        `type`, `assets`, `clean`, `score`, `judged`, as `score` has them.

    Raises
    ------
    KottError
        Findings do not say when they were made, or how they scored.

    See Also
    --------
    audits.score, history.turnover, plots.trend

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> made = {"2026-03-01": findings, "2026-03-02": findings}
    >>> audits.trend(made)["when"].dt.day.unique().tolist()
    [1, 2]
    """
    if by not in _TREND:
        raise KottError(f'by must be "rule" or "type", not {by!r}.')
    if isinstance(audits, pd.DataFrame):
        raise KottError("A trend takes several audits: give a list of findings.")
    if isinstance(audits, Mapping):
        dated = [(instant(when), findings) for when, findings in audits.items()]
    else:
        dated = [(instant(str(_fact(one, "when"))), one) for one in audits]
    dated.sort(key=lambda pair: pair[0])
    if by == "type":
        rows = [{"when": when} | row for when, one in dated for row in _fact(one, "scores")]
    else:
        rows = _rows_by_rule([(when, _by_rule(one)) for when, one in dated])
    return pd.DataFrame(rows, columns=list(_TREND[by])).astype(_TREND[by])


def _fact(findings: pd.DataFrame, name: Literal["when", "scores"]) -> Any:
    known = facts(findings).get(name)
    if known is None:
        what = {"when": "when they were made", "scores": "how the assets scored"}[name]
        raise KottError(
            f"These findings do not say {what}: give them as catalog.audit returned them, or kept "
            "as Parquet; a mapping {time: findings} says when they were made."
        )
    return known


def _by_rule(findings: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {
        str(rule): {
            "severity": min(group["severity"], key=SEVERITIES.index),  # the worst
            "findings": len(group),
            "assets": group["id"].nunique(),
        }
        for rule, group in need_findings(findings, "rule", "id").groupby("rule", sort=False)
    }


def _rows_by_rule(
    counted: list[tuple[pd.Timestamp, dict[str, dict[str, Any]]]],
) -> list[dict[str, Any]]:
    known = {rule: row["severity"] for _, by_rule in counted for rule, row in by_rule.items()}
    return [
        {"when": when, "rule": rule, "severity": severity, "findings": 0, "assets": 0}
        | by_rule.get(rule, {})
        for when, by_rule in counted
        for rule, severity in known.items()
    ]


def rule_table(rules: RulesSource | None = None) -> pd.DataFrame:
    """List the rules of all audits, as a partner's rules have them.

    Parameters
    ----------
    rules : path, mapping, Rules or None
        A partner's rules; see `rules`.

    Returns
    -------
    DataFrame
        One row per rule, in the order of findings: `rule`, `severity` (error, warning, info, off;
        `str`), `threshold` (in words; absent where a rule has none), `hint` (what to do),
        `movielabs` (category/term of the MovieLabs QC Vocabulary; absent where none fits; `str`),
        `ksql` (whether findings can carry KSQL that finds them on the server; `boolean`).

    Raises
    ------
    KottError
        The rules cannot be used.

    See Also
    --------
    audits.rules

    Examples
    --------
    >>> from kott_notebooks import audits
    >>> table = audits.rule_table({"thresholds": {"ending_days": 3}}).set_index("rule")
    >>> table.loc["window.ending", ["severity", "threshold"]].tolist()
    ['info', 'within 3 days']
    """
    own = rulebook.rules(rules)
    words = _threshold_words(own)
    rows = [
        {
            "rule": rule,
            "severity": "off" if own.is_off(rule) else own.severities[rule],
            "threshold": one.threshold.format(
                thresholds=own.thresholds,
                schedule=own.schedule,
                household=own.household,
                ingests=own.ingests,
                **words,
            )
            or None,
            "hint": own.hints[rule],
            "movielabs": own.movielabs.get(rule),
            "ksql": one.ksql,
        }
        for rule, one in definitions().items()
    ]
    texts = ("rule", "severity", "threshold", "hint", "movielabs")
    return pd.DataFrame(rows).astype(dict.fromkeys(texts, "str") | {"ksql": "boolean"})


def _threshold_words(own: Rules) -> dict[str, str]:
    """Write the rules' lists as text."""
    years = f"{own.thresholds.year_first} to {own.thresholds.years_ahead} years ahead"
    ranges = [f"{name} {least:g} to {most:g}" for name, (least, most) in own.ranges.items()]
    return {
        **{need: _by_struct(own, need) for need in ("ratios", "files", "trailer", "mandatory")},
        "widths": ", ".join(f"{width} pixels at {ratio}" for ratio, width in own.widths.items()),
        "ranges": "; ".join([f"{own.fields.year} {years}", *ranges]),
        "values": "; ".join(f"{name}: {', '.join(one)}" for name, one in own.values.items()),
        "languages": ", ".join(own.languages),
    }


def _by_struct(own: Rules, need: str) -> str:
    """Write what structs need, those with the same need together."""
    structs: dict[tuple[str, ...], list[str]] = {}
    for name, needs in own.structs.items():
        if getattr(needs, need):
            shown = "others" if name == OTHER else name
            structs.setdefault(getattr(needs, need), []).append(shown)
    return "; ".join(f"{', '.join(names)}: {', '.join(own)}" for own, names in structs.items())
