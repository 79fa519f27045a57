"""What all audits share: findings, rules, waivers, summaries, and checks of text.

    findings = catalog.audit(assets, rules="rules.toml")
    audits.summary(findings)           what is wrong, and how often
    audits.score(findings, assets)     how good each asset type is, of 100
    audits.worklist(findings)          what to fix first
    audits.join(findings, assets)      each finding beside the asset that it is about
    audits.new(findings, baseline)     what an earlier audit did not find
    audits.failing(findings, "error")  what makes a build fail
    audits.trend([before, findings])   whether it gets better

A partner's own thresholds, severities and waivers are in a TOML file: see `audits.rules`;
`audits.rule_table()` says what each rule finds, and what to do about it.
"""

from __future__ import annotations

from kott_notebooks.audits.findings import join
from kott_notebooks.audits.ingests import audit_ingests
from kott_notebooks.audits.policy import failing, judged, new, waivers
from kott_notebooks.audits.rulebook import Rules, rules
from kott_notebooks.audits.summaries import OVERALL, rule_table, score, summary, trend, worklist

__all__ = [
    "OVERALL",
    "Rules",
    "audit_ingests",
    "failing",
    "join",
    "judged",
    "new",
    "rule_table",
    "rules",
    "score",
    "summary",
    "trend",
    "waivers",
    "worklist",
]


def __dir__() -> list[str]:
    return __all__
