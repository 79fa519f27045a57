"""What a partner makes of findings: severities, hints, weights, waivers, and what fails a build."""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import rulebook
from kott_notebooks.audits.findings import SEVERITIES, as_findings, need_findings
from kott_notebooks.audits.rulebook import Rules, RulesSource, Waiver, definitions
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import id_texts, need
from kott_notebooks.tables.provenance import facts, pulled, with_facts
from kott_notebooks.times import When, instant

Weights: TypeAlias = "Mapping[Any, float] | pd.Series[float] | pd.DataFrame"
WEIGHTS = {"error": 9.0, "warning": 3.0, "info": 1.0}  # of a finding, where nothing else weighs it


def judge(
    rows: pd.DataFrame,
    rules: Rules,
    *,
    source: str,
    now: pd.Timestamp,
    families: Iterable[str],
    count: int,
    not_judged: Mapping[str, str],
    matched: Mapping[str, Any],
    **more: Any,
) -> pd.DataFrame:
    """Make findings of the rows that an audit's checks return, with their provenance.

    A severity or a hint that a row has of its own stays, unless a partner's rules set that of its
    rule. `families` are the first words of the audit's rules, `count` is the number of things
    judged; `not_judged` gives the reason by rule, or by a pattern such as "image.*"; `matched` maps
    the names in the rules to columns of other names; `more` goes into the provenance too. Rows keep
    their order.
    """
    findings = with_facts(
        as_findings(rows),
        source=source,
        now=now.isoformat(),
        judged=count,
        rules_judged=judged_share(rules, families, not_judged),
        not_judged=dict(not_judged),
        matched=dict(matched),
        **more,
    )
    return judged(findings, rules, now=now)


def judged_share(rules: Rules, families: Iterable[str], not_judged: Iterable[str]) -> float:
    """Return the share of an audit's rules that were judged, of those that are not off."""
    own = set(families)
    on = [
        rule for rule in definitions() if rule.partition(".")[0] in own and not rules.is_off(rule)
    ]
    missing = [rule for rule in on if any(fnmatch.fnmatchcase(rule, one) for one in not_judged)]
    return (len(on) - len(missing)) / max(len(on), 1)


def judged(findings: pd.DataFrame, rules: RulesSource, *, now: When | None = None) -> pd.DataFrame:
    """Judge findings by a partner's rules: severities, hints, waivers.

    Every audit does this with the `rules` that it is given; this function is for saved findings,
    and for rules that have changed since.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.
    rules : path, mapping or Rules
        A partner's rules; see `rules`.
    now : str, datetime or Timestamp, optional
        Waivers hold to the end of their last day in UTC, at this time; by default when the findings
        were made.

    Returns
    -------
    DataFrame
        The findings without those that are off or waived. The provenance counts those `waived`, by
        rule.

    Raises
    ------
    KottError
        A column is missing, or the rules cannot be used.

    See Also
    --------
    audits.rules, audits.waivers

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> off = audits.judged(findings, {"severities": {"image.missing_ratio": "off"}})
    >>> "image.missing_ratio" in set(off["rule"])
    False
    """
    own = rulebook.rules(rules)
    table = need(findings, "rule", "severity", "id", "field", "hint")
    given = table["severity"].where(~table["rule"].isin(own.graded))
    usual = {rule: one.hint for rule, one in definitions().items()}
    hints = {rule: hint for rule, hint in own.hints.items() if hint != usual.get(rule)}
    hint = table["rule"].map(hints).astype("str").fillna(table["hint"].astype("str"))
    table = table.assign(
        severity=given.fillna(table["rule"].map(own.severities)).astype("str"),
        hint=hint.fillna(table["rule"].map(usual).astype("str")),
    )
    table = table[np.array([not own.is_off(rule) for rule in table["rule"]], bool)]
    moment = pulled(findings, now)
    waived = np.zeros(len(table), bool)
    for waiver in own.waivers:
        if pd.Timestamp(waiver.until, tz="UTC") + pd.Timedelta(days=1) > moment:
            waived |= _is_waived(table, waiver)
    counts = Counter(facts(findings).get("waived", {})) + Counter(table["rule"][waived].tolist())
    return with_facts(
        table[~waived].reset_index(drop=True), when=moment.isoformat(), waived=dict(counts)
    )


def _is_waived(findings: pd.DataFrame, waiver: Waiver) -> npt.NDArray[np.bool_]:
    mask = findings["rule"] == waiver.rule
    if waiver.ids:
        mask &= id_texts(findings["id"]).isin([str(one) for one in waiver.ids])
    if waiver.field:
        mask &= findings["field"] == waiver.field
    return mask.to_numpy(bool)


def weights_of(weights: Weights | None, known: Iterable[Any]) -> dict[str, float]:
    """Return how much each id or name counts, by its text in lower case.

    A weight from a table of `kott.views` is an asset's views divided by their mean. `known` are the
    ids and names of what is audited: weights that name none of them are refused.
    """
    if weights is None:
        return {}
    if isinstance(weights, pd.DataFrame):
        counted = need(weights, "assetId", "views").dropna(subset=["assetId", "views"])
        views = counted["views"].astype(float)
        keys, values = counted["assetId"], views / (views.mean() or 1)
    elif isinstance(weights, Mapping | pd.Series):
        keys = pd.Series(list(weights.keys()), dtype=object)
        values = pd.Series([value for _, value in weights.items()], dtype=object)
    else:
        raise KottError(
            f"weights must be numbers by id or name, or a table of kott.views, not {weights!r:.80}."
        )
    if not all(isinstance(one, Real) and 0 <= one < np.inf for one in values):
        raise KottError(f"weights must be numbers of at least 0, not {values.tolist()!r:.80}.")
    given = dict(zip(id_texts(keys).str.lower(), map(float, values), strict=True))
    names = {str(one).lower() for one in known}
    if given and names and names.isdisjoint(given):
        raise KottError(
            f"weights must be of what is audited, such as {min(names)!r}, not {min(given)!r}: the "
            "audit of a guide takes those of its channels."
        )
    return given


def waivers(findings: pd.DataFrame, *, reason: str, until: When) -> str:
    """Write waivers of findings, as TOML for the end of a rules file.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit, also read back from a file.
    reason : str
        Why they are accepted.
    until : str, date or Timestamp
        The last day on which they are.

    Returns
    -------
    str
        One waiver per rule and field, with the ids of its findings, so that a new one is found.

    Raises
    ------
    KottError
        A column is missing, or `until` is not a date.

    See Also
    --------
    audits.rules, audits.failing

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> audits.waivers(findings[:1], reason="Known", until="2027-01-31").split()[0]
    '[[waivers]]'
    """
    day = f"{instant(until):%Y-%m-%d}"
    table = need(findings, "rule", "field", "id")
    table = table.assign(id=id_texts(table["id"]).fillna(""), field=table["field"].fillna(""))
    parts = []
    for (rule, field), waived in table.groupby(["rule", "field"], sort=False):
        ids = [one for one in waived["id"].unique() if one]
        lines = ["", "[[waivers]]", f"rule = {_quoted(rule)}", f"reason = {_quoted(reason)}"]
        lines += [f"until = {day}"] + ([f"field = {_quoted(field)}"] if field else [])
        lines += [f"ids = [{', '.join(map(_quoted, ids))}]"] if ids else []
        parts.append("\n".join([*lines, ""]))
    return "".join(parts)


def _quoted(word: object) -> str:
    """Quote a text as TOML and JSON both read it."""
    return json.dumps(str(word), ensure_ascii=False).replace("\x7f", "\\u007f")


def new(findings: pd.DataFrame, baseline: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that an earlier audit did not have.

    A finding is the same in two audits if rule, kind, id and field are the same; the field of a gap
    holds its local day. A finding that differs in words, severity or times alone is not new.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.
    baseline : DataFrame
        Findings of an earlier one, also read back from CSV or Excel.

    Returns
    -------
    DataFrame
        Rows of `findings`, in their order, with their provenance.

    Raises
    ------
    KottError
        The findings or the baseline lack a column.

    See Also
    --------
    audits.failing, history.turnover

    Examples
    --------
    >>> from kott_notebooks import audits, catalog, demo
    >>> import kott_notebooks as kott
    >>> findings = catalog.audit(kott.assets(demo.login(assets=200)))
    >>> len(audits.new(findings, findings)), len(audits.new(findings, findings.iloc[5:]))
    (0, 5)
    """
    known = pd.MultiIndex.from_frame(_identity(baseline))
    is_new = ~pd.MultiIndex.from_frame(_identity(findings)).isin(known)
    return findings[is_new].reset_index(drop=True)


def _identity(findings: pd.DataFrame) -> pd.DataFrame:
    table = need(findings, "rule", "kind", "id", "field")
    key = table[["rule", "kind", "id", "field"]].assign(id=id_texts(table["id"]))
    return key.astype("str").fillna("")


_BUDGET = re.compile(r"\s*([\w.*?]+)\s*>\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


def failing(
    findings: pd.DataFrame, fail_on: str | Mapping[str, float | str], *, judged: int | None = None
) -> pd.DataFrame:
    """Return the findings that make a build fail.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.
    fail_on : str or mapping
        A severity ("error": errors; "warning": warnings too; "info": all), "never", or budgets by
        rule: ``"image.* > 2 %, schedule.gap > 10"`` or ``{"image.*": "2 %", "schedule.gap": 10}``.
        A pattern's findings are counted together; a share is that of the things judged, each
        counted once.
    judged : int, optional
        How many things were judged; by default what the audit's provenance says.

    Returns
    -------
    DataFrame
        All findings of the severity, or of the budgets that are exceeded.

    Raises
    ------
    KottError
        `fail_on` is not valid, or is a share while the findings do not say how many things were
        judged.

    See Also
    --------
    audits.new, audits.waivers

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> len(audits.failing(findings, "image.* > 100 %"))
    0
    """
    findings = need_findings(findings, "rule", "kind", "id")
    if isinstance(fail_on, str) and fail_on in SEVERITIES:
        return findings[findings["severity"].isin(SEVERITIES[: SEVERITIES.index(fail_on) + 1])]
    if fail_on == "never":
        return findings.iloc[:0]
    budgets = fail_on
    if not isinstance(budgets, str | Mapping):
        raise KottError(f"fail_on must be a text or budgets by rule, not {budgets!r:.80}.")
    if isinstance(budgets, str):
        matches = [_BUDGET.fullmatch(part) for part in budgets.split(",")]
        budgets = {match[1]: match[2] + match[3] for match in matches if match}
        if None in matches:
            raise KottError(
                f"fail_on must be {', '.join(SEVERITIES)}, never, or budgets such as "
                f"'image.* > 2 %, schedule.gap > 10'; not {fail_on!r}."
            )
    exceeded = np.zeros(len(findings), bool)
    for pattern, budget in budgets.items():
        exceeded |= _over_budget(findings, pattern, str(budget), judged)
    return findings[exceeded]


def _over_budget(
    findings: pd.DataFrame, pattern: str, budget: str, judged: int | None
) -> npt.NDArray[np.bool_]:
    rules = findings["rule"].astype(str)
    matches = np.array([fnmatch.fnmatchcase(rule, pattern) for rule in rules], bool)
    number, percent = budget.strip().removesuffix("%"), budget.strip().endswith("%")
    try:
        limit = float(number)
    except ValueError as error:
        raise KottError(
            f"The budget of {pattern} must be a number or a share, not {budget!r}."
        ) from error
    if not limit >= 0:
        raise KottError(f"The budget of {pattern} must be at least 0, not {budget!r}.")
    if not fnmatch.filter([*definitions(), *rules], pattern):
        close = difflib.get_close_matches(pattern, definitions(), n=1, cutoff=0.85)
        if close:  # a rule of the partner's own is not so near to one of the package
            raise KottError(f"fail_on: there is no rule {pattern!r}. Did you mean {close[0]!r}?")
    count = int(matches.sum())
    if percent:
        total = judged if judged is not None else facts(findings).get("judged")
        if total is None:
            raise KottError(
                f"{pattern} > {budget}: these findings do not say how many things were judged. "
                "Give the number (judged=), or a budget that is a number."
            )
        count = findings.loc[matches, ["kind", "id"]].drop_duplicates().shape[0]
        limit = limit / 100 * total
    return matches & (count > limit)
