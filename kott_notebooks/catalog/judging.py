"""The audit of assets: every rule over one table, and what they found as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kott_notebooks.audits.findings import WARNING, as_findings
from kott_notebooks.audits.judging import WEIGHTS, judge
from kott_notebooks.audits.rulebook import Rules, RulesSource, definitions
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.audits.summaries import score
from kott_notebooks.catalog import (
    channels,
    files,
    identity,
    images,
    metas,
    nowhere,
    series,
    translated,
    windows,
    wording,
)
from kott_notebooks.catalog.checking import Check, found_by
from kott_notebooks.catalog.view import LABELS, Found, Mask, View
from kott_notebooks.tables.columns import NAT, as_times, distinct, id_texts, need, pulled
from kott_notebooks.tables.provenance import with_facts
from kott_notebooks.times import When

_OFF_OFFER = 1 / 3  # of the weight, where nobody can see the asset now


class Family(NamedTuple):
    """Rules that are found together, and the columns without which they cannot be."""

    find: Callable[[View], Iterator[Found]]
    columns: tuple[str, ...] = ()


FAMILIES = {
    "image": Family(images.find, ("images",)),
    "file": Family(files.find, ("mediaFiles",)),
    "window": Family(windows.find, ("startDate", "endDate")),
    "meta": Family(metas.find),
    "language": Family(translated.find),
    "text": Family(wording.find),
    "identity": Family(identity.find),
    "series": Family(series.find),
    "channel": Family(channels.find),
    "field": Family(nowhere.find),
}


def audit(
    assets: pd.DataFrame,
    *,
    labels: pd.DataFrame | None = None,
    epg: pd.DataFrame | None = None,
    rules: RulesSource | None = None,
    checks: Iterable[Check] = (),
    now: When | None = None,
) -> pd.DataFrame:
    """Find what is wrong with assets: images, files, windows, metas, texts, identity, series ...

    One row a finding: rule, severity (error, warning, info), kind (media), id, name, field, detail,
    ksql, hint `str`; startDate, endDate (of the window or file found) `datetime64[us, UTC]`;
    linearAssetId `Int64`; impact `Float64`: 9 for an error, 3 for a warning, 1 for an info, and a
    third of it where the asset is not on offer at `now` (default: when the table was pulled).
    By rule, then in the table's order. `ksql`, where KSQL can say it, finds the rule's findings
    of that field on the server, among what the table was listed of.

    `labels` (kott.labels) name the structs and the types of metas: without them the structs are
    known by `typeDescription`, and meta.type is not judged. `epg` is needed by
    channel.no_programmes; language.* needs assets listed with `language="*"`. A field that no row
    has is one finding, field.unused, and no rule judges it. `rules` are those of `catalog.rules`,
    or the path of a partner's file. `checks` are rules of one's own: functions of the assets that
    give a table with `rule` and `id`, and what else of a finding they know (a severity of warning
    else); the rules' severities and hints go before theirs. Their provenance says how many were
    `waived`, by rule, what was `not_judged`, and why, and the `scores` by type (catalog.score).
    """
    own = rules_of(rules)
    table = distinct(need(assets, "id", "type"))
    known = None if labels is None else need(labels, *LABELS)
    if known is not None:
        known = known.assign(id=id_texts(known["id"]))  # metaIds is text too
    view = View(table, own, pulled(assets, now), known, epg)
    offered = np.append(on_offer(view), False)
    parts = [_laid(view, found, offered) for found in _found(view)]
    parts += [_completed(view, found_by(check, assets), offered) for check in checks]
    every = as_findings(_ordered(pd.concat(parts) if parts else pd.DataFrame(), own))
    missing = _not_judged(view)
    findings = judge(
        every, own, source="catalog.audit", now=view.now, not_judged=missing, assets=view.count,
        judged=view.count, rules_judged=_share(own, missing),
    )  # fmt: skip
    return with_facts(findings, scores=score(findings, assets).to_dict("records"))


def _share(own: Rules, missing: dict[str, str]) -> float:
    """Say how much of the rules of assets was judged."""
    rules = [rule for rule in definitions() if rule.partition(".")[0] in FAMILIES]
    on = [rule for rule in rules if not own.is_off(rule)]
    judged = [rule for rule in on if not any(fnmatchcase(rule, one) for one in missing)]
    return len(judged) / max(len(on), 1)


def _found(view: View) -> Iterator[Found]:
    """Let every family find what it can: what its columns need to be there, some row has."""
    if not view.count:
        return
    for family in FAMILIES.values():
        if all(column in view.table for column in family.columns) and any(
            [view.filled(column).any() for column in family.columns] or [True]
        ):
            for found in family.find(view):
                if len(found.rows) and not view.rules.is_off(found.rule):
                    yield found


def _not_judged(view: View) -> dict[str, str]:
    """Say which rules went without what they need."""
    missing = {
        "meta.type": not {"assetStruct", "meta"} <= view.kinds and "labels of structs and of metas",
        "channel.no_programmes": view.epg is None and "epg",
        "language.*": not translated.fields(view) and 'assets listed with language="*"',
    }
    for name, family in FAMILIES.items():
        columns = [column for column in family.columns if column not in view.table]
        if columns:
            missing[f"{name}.*"] = f"columns: {', '.join(columns)}"
    return {rule: f"It needs {what}." for rule, what in missing.items() if what}


def _laid(view: View, found: Found, offered: Mask) -> pd.DataFrame:
    """Lay findings out; a row of -1 is none of the table's."""
    severity = view.rules.severities[found.rule]
    at = found.rows
    columns: dict[str, Any] = {
        "rule": found.rule,
        "severity": severity,
        "kind": "media",
        "id": view.ids[at],
        "name": view.names[at],
        "field": found.field,
        "impact": WEIGHTS[severity] * np.where(offered[at], 1, _OFF_OFFER),
        "detail": found.detail,
        "ksql": found.ksql or None,
        "hint": view.rules.hints[found.rule],
    }
    for column, times in (("startDate", found.start), ("endDate", found.end)):
        if times is not None:
            columns[column] = as_times(times)
    return pd.DataFrame(columns, index=range(len(at)))


def _completed(view: View, found: pd.DataFrame, offered: Mask) -> pd.DataFrame:
    """Give what a check of one's own found the columns that it left out."""
    rows = pd.Index(view.ids[:-1]).get_indexer(pd.Index(found["id"]))
    severity = found["rule"].map(view.rules.severities)
    if "severity" in found:
        severity = severity.where(severity.notna(), found["severity"])
    severity = severity.fillna(WARNING)
    seen = np.where(offered[rows], 1, _OFF_OFFER)
    weights = severity.map(WEIGHTS).to_numpy(float) * seen
    usual = pd.DataFrame({"kind": "media", "name": view.names[rows], "impact": weights})
    return found.assign(severity=severity).join(usual[usual.columns.difference(found.columns)])


def on_offer(view: View) -> Mask:
    """Say which assets viewers can find now."""
    start, end = view.times("startDate"), view.times("endDate")
    open_ = ((start == NAT) | (start <= view.moment)) & ((end == NAT) | (end > view.moment))
    return np.asarray(open_ & windows.active(view))


def _ordered(findings: pd.DataFrame, own: Rules) -> pd.DataFrame:
    if findings.empty:
        return findings
    order = {rule: place for place, rule in enumerate(own.severities)}
    return findings.sort_values("rule", key=lambda rules: rules.map(order), kind="stable")
