"""Asset tables to tables: what a catalogue has, how it grew, what is wrong with it; no requests.

    findings = catalog.audit(assets, labels=kott.labels(session))
    catalog.summary(findings)         what is wrong, and how often
    catalog.score(findings, assets)   how good each asset type is, of 100
    catalog.worklist(findings)        which assets to fix first
    catalog.trend([before, findings]) whether it gets better

A partner's own rules are in a TOML file: `catalog.rules("rules.toml")`;
`catalog.rule_table()` says what each rule finds, and what to do about it.
"""

from __future__ import annotations

from kott_notebooks.audits import (
    OVERALL,
    Rules,
    judged,
    rule_table,
    rules,
    score,
    summary,
    trend,
    waivers,
    worklist,
)
from kott_notebooks.catalog.audit import audit
from kott_notebooks.catalog.comparison import changes, compare
from kott_notebooks.catalog.completeness import PROPERTIES, completeness, languages, ratios
from kott_notebooks.catalog.over_time import availability, expiring, growth
from kott_notebooks.catalog.rules_identity import duplicates
from kott_notebooks.catalog.values import CREDITS, cast, values, years

__all__ = [
    "CREDITS",
    "OVERALL",
    "PROPERTIES",
    "Rules",
    "audit",
    "availability",
    "cast",
    "changes",
    "compare",
    "completeness",
    "duplicates",
    "expiring",
    "growth",
    "judged",
    "languages",
    "ratios",
    "rule_table",
    "rules",
    "score",
    "summary",
    "trend",
    "values",
    "waivers",
    "worklist",
    "years",
]


def __dir__() -> list[str]:
    return __all__
