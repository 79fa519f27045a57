"""Findings as a partner judges them: severities and hints of its own, and what is waived."""

from __future__ import annotations

import json
from collections import Counter
from os import PathLike

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.catalog.rulebook import Rules, Waiver, given
from kott_notebooks.tables.columns import need, pulled
from kott_notebooks.tables.provenance import facts, with_facts
from kott_notebooks.times import When, instant


def judged(
    findings: pd.DataFrame, rules: Rules | str | PathLike[str], *, now: When | None = None
) -> pd.DataFrame:
    """Judge findings of any audit by a partner's rules: severities, hints, waivers.

    For `schedule.audit` and `household.audit`, whose rules the file names under `own`;
    `catalog.audit` has done it. A waiver holds to the end of its last day in UTC, at `now`
    (default: when the findings were made). The provenance counts, by rule, what was
    `waived`.
    """
    own = given(rules)
    table = need(findings, "rule", "severity", "id", "field", "hint")
    severity = table["rule"].map(own.severities).fillna(table["severity"]).astype("str")
    hint = table["rule"].map(own.hints).fillna(table["hint"]).astype("str")
    table = table.assign(severity=severity, hint=hint)[severity != "off"]
    moment = pulled(findings, now)
    waived = np.zeros(len(table), bool)
    for waiver in own.waivers:
        if pd.Timestamp(waiver.until, tz="UTC") + pd.Timedelta(days=1) > moment:
            waived |= _fits(table, waiver)
    kept = table[~waived].reset_index(drop=True)
    before = facts(findings)
    counts = Counter(before.get("waived", {})) + Counter(table["rule"][waived].tolist())
    known = {**before, "when": moment.isoformat(), "waived": dict(counts)}
    return with_facts(kept, **known)


def waivers(findings: pd.DataFrame, *, reason: str, until: When) -> str:
    """Write waivers of findings, as TOML to be put at the end of a rules file.

    One a rule and field, with the ids that were found: what comes new is still found. `until` is
    their last day.
    """
    day = f"{instant(until):%Y-%m-%d}"
    table = need(findings, "rule", "field", "id").fillna({"field": "", "id": ""})
    texts = []
    for (rule, field), of in table.groupby(["rule", "field"], sort=False):
        ids = [one for one in of["id"].unique() if one]
        lines = ["", "[[waivers]]", f"rule = {_quoted(rule)}", f"reason = {_quoted(reason)}"]
        lines += [f"until = {day}"] + ([f"field = {_quoted(field)}"] if field else [])
        lines += [f"ids = [{', '.join(map(_quoted, ids))}]"] if ids else []
        texts.append("\n".join([*lines, ""]))
    return "".join(texts)


def _quoted(word: object) -> str:
    """Quote a text as TOML and JSON both read it."""
    return json.dumps(str(word), ensure_ascii=False).replace("\x7f", "\\u007f")


def _fits(findings: pd.DataFrame, waiver: Waiver) -> npt.NDArray[np.bool_]:
    of = findings["rule"] == waiver.rule
    if waiver.ids:
        of &= findings["id"].isin([str(one) for one in waiver.ids])
    if waiver.field:
        of &= findings["field"] == waiver.field
    return of.to_numpy(bool)
