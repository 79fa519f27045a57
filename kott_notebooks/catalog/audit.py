"""The audit of assets: every rule over one table, and the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.findings import SEVERITIES, WARNING, with_labels
from kott_notebooks.audits.ingests import ingest_findings
from kott_notebooks.audits.policy import WEIGHTS, Weights, judge, weights_of
from kott_notebooks.audits.rulebook import RulesSource, definitions
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.audits.summaries import score
from kott_notebooks.catalog import (
    rules_fields,
    rules_identity,
    rules_media,
    rules_series,
    rules_text,
)
from kott_notebooks.catalog.view import LABELS, Hits, Mask, View, asked_filter, listing_filter
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import NAT, as_times, distinct, id_texts, need, pulled
from kott_notebooks.tables.nested import without_counts
from kott_notebooks.tables.provenance import facts, with_facts
from kott_notebooks.times import When

Floats: TypeAlias = npt.NDArray[np.float64]
Check: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]
_OFF_OFFER = 1 / 3  # the share of the weight of an asset that viewers cannot see now
_PROGRAMMES = ("KalturaProgramAsset", "KalturaRecordingAsset")


class Family(NamedTuple):
    """Rules that are judged together, and the columns that each of them needs."""

    judge: Callable[[View], Iterator[Hits]]
    columns: tuple[str, ...] = ()


FAMILIES = {
    "image": Family(rules_media.images, ("images",)),
    "file": Family(rules_media.files, ("mediaFiles",)),
    "window": Family(rules_media.windows),
    "meta": Family(rules_fields.metas),
    "language": Family(rules_text.languages),
    "text": Family(rules_text.names),
    "identity": Family(rules_identity.identities),
    "series": Family(rules_series.series),
    "channel": Family(rules_media.channels),
    "field": Family(rules_fields.unused),
}


def audit(
    assets: pd.DataFrame,
    *,
    labels: pd.DataFrame | None = None,
    epg: pd.DataFrame | None = None,
    rules: RulesSource | None = None,
    checks: Iterable[Check] = (),
    weights: Weights | None = None,
    ingests: pd.DataFrame | None = None,
    now: When | None = None,
) -> pd.DataFrame:
    """Find what is wrong with assets: images, files, windows, metas, texts, identity, series.

    `audits.rule_table` says what each rule finds. Programmes and recordings among the assets are
    left out, and an asset that appears twice is one asset.

    Parameters
    ----------
    assets : DataFrame
        Assets as `kott.assets` returns them, or read back from a file. ``language="*"`` has them
        judged in all languages.
    labels : DataFrame, optional
        `kott.labels`: the names of structs and the types of metas. Without them structs are known
        by `typeDescription`, and meta.type is not judged.
    epg : DataFrame, optional
        Programmes as `kott.epg` returns them; channel.no_programmes needs them.
    rules : path, mapping or Rules, optional
        A partner's rules; see `audits.rules`.
    checks : iterable of functions
        Further rules: each takes the assets and returns a table with `rule`, `id`, and any other
        columns of findings. Severities and hints of `rules` replace theirs; without a severity, a
        finding is a warning.
    weights : mapping or Series of numbers by id, or DataFrame of `kott.views`, optional
        How much an asset counts in the impact; others count 1. Views are divided by their mean:
        impact is then what viewers lose.
    ingests : DataFrame, optional
        ``kott.ingests(session, kind="vod")``; the rules `ingest.*` need it.
    now : str, datetime or Timestamp, optional
        The time to judge at; by default when the table was pulled.

    Returns
    -------
    DataFrame
        One row per finding, by rule, then in the table's order: `rule`, `severity` (error, warning,
        info), `kind` ("media"), `id`, `name`, `typeName` (with labels, or where the assets have
        it), `field`, `detail`, `ksql`, `hint` (`str`); `startDate`, `endDate` (of the window or
        file; `datetime64[us, UTC]`), `linearAssetId` (`Int64`), `impact` (9 for an error, 3 for a
        warning, 1 for an info, a third of it where the asset is not on offer, times the asset's
        weight; of an ingest: see `schedule.audit_ingests`; `Float64`). `ksql`, where KSQL can state
        the rule, finds its findings of that field on the server, among what the table was listed
        from. The provenance has how many assets were `judged`, the share of the rules that were
        (`rules_judged`), what was `not_judged` and why, `waived` by rule, `matched`: metas and tags
        whose names differ from those in the rules by case or blanks, or are system names, `scores`
        by type, and `unused`: fields of the schema that no row has.

    Raises
    ------
    KottError
        The table lacks `id` or `type`, or a check returned something other than findings.

    See Also
    --------
    audits.rules, audits.summary, report.audit

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo
    >>> session = demo.login(assets=200)
    >>> findings = catalog.audit(kott.assets(session), labels=kott.labels(session))
    >>> findings.loc[findings["rule"] == "file.inactive", ["severity", "field"]].iloc[0].tolist()
    ['error', 'mediaFiles']
    """
    own = rules_of(rules)
    table = need(assets, "id", "type")
    programmes = is_programme(table)
    media = distinct(without_counts(table[~programmes]))
    known = None if labels is None else need(labels, *LABELS)
    view = View(media, own, pulled(assets, now), known, epg, _partial(assets))
    exposure = _exposure(view, weights)
    parts = [_laid(view, hits, exposure) for hits in _hits(view)]
    parts += [_completed(view, _checked(check, media), exposure) for check in checks]
    of_ingests, ingests_not_judged = ingest_findings(ingests, own, view.now, "vod")
    parts += [of_ingests] if len(of_ingests) else []
    rows = pd.concat(parts) if parts else pd.DataFrame()
    if len(rows):
        order = {rule: place for place, rule in enumerate(definitions())}
        rows = rows.sort_values("rule", key=lambda one: one.map(order), kind="stable")
    missing = _not_judged(view, int(programmes.sum())) | ingests_not_judged
    findings = judge(
        rows,
        own,
        source="catalog.audit",
        now=view.now,
        families=FAMILIES,
        count=view.count,
        not_judged=missing,
        matched=view.matched,
        unused=rules_fields.never_filled(view),
    )
    findings = with_labels(findings, known, media)
    scores = score(findings, media).to_dict("records")
    return with_facts(findings, scores=scores)


def is_programme(table: pd.DataFrame) -> Mask:
    """Return which rows are programmes or recordings."""
    if "objectType" in table:
        return table["objectType"].isin(_PROGRAMMES).to_numpy(bool)
    return (id_texts(table["type"]) == "0").fillna(False).to_numpy(bool)


def _partial(assets: pd.DataFrame) -> str:
    """Return why assets may be missing from a table; empty where none are."""
    known, text = facts(assets), listing_filter(assets)
    channel = asked_filter(assets).get("idEqual")
    if channel is not None:
        return f"The table holds the assets of the curated channel {channel}."
    if known.get("incomplete"):
        return f"The list of assets broke off: {known['incomplete']}"
    if text and text != "asset_type='media'":
        return f"The table was filtered by {text}."
    rows, totals = known.get("rows"), known.get("totals") or []
    if known.get("limit") is not None and rows is not None and sum(totals) > rows:
        return f"The table was limited to {rows:,} of {sum(totals):,} assets."
    if rows is not None and len(assets) < rows:
        return f"The table holds {len(assets):,} of the {rows:,} assets that were pulled."
    return ""


def _hits(view: View) -> Iterator[Hits]:
    """Judge every family whose columns some row has, and of which some rule is on."""
    on = {rule.partition(".")[0] for rule in definitions() if not view.rules.is_off(rule)}
    for name, family in FAMILIES.items() if view.count else ():
        if name in on and not _lacks(view, family.columns):
            for hits in family.judge(view):
                if len(hits.rows) and not view.rules.is_off(hits.rule):
                    yield hits


def _lacks(view: View, columns: Iterable[str]) -> list[str]:
    """List the columns that the table lacks, or that no row has."""
    return [one for one in columns if one not in view.table or not view.filled(one).any()]


def _not_judged(view: View, programmes: int) -> dict[str, str]:
    """Return which rules could not be judged, and why."""
    missing: dict[str, str] = {}
    if programmes:
        missing["programmes"] = f"{programmes:,} rows are programmes: see schedule.audit."
    if not view.count:
        reason = "The table holds no media."
        return missing | {f"{name}.*": reason for name in FAMILIES}
    for name, family in FAMILIES.items():
        if lacking := _lacks(view, family.columns):
            missing[f"{name}.*"] = f"No row has {', '.join(lacking)}."
    fields, linear = view.rules.fields, view.role("linear")
    has_epg_ids = view.anywhere("externalIds")
    has_buffers = "enableCatchUp" in view.table and view.anywhere("catchUpBuffer")
    mandatory = [one for one in rules_fields.mandatory(view) if not view.anywhere(one)]
    ranges = [fields.year, *view.rules.ranges]
    tags = [one for one in map(str, view.table.columns) if one.startswith("tags.")]
    reasons = {
        "window.*": _without(view, "startDate", "endDate"),
        "window.not_started": _without(view, "startDate"),
        **dict.fromkeys(
            ("window.inverted", "window.expired", "window.ending", "window.endless"),
            _without(view, "endDate"),
        ),
        "meta.missing": f"No row has {', '.join(mandatory)}." if mandatory else "",
        "meta.type": ""
        if {"assetStruct", "meta"} <= view.kinds
        else "It needs labels of structs and of metas.",
        "meta.out_of_range": _without(view, *ranges),
        "meta.unknown_value": "" if view.rules.values else "The rules list no values.",
        "meta.near_duplicate": "" if tags else "The table has no tags.",
        "language.*": ""
        if rules_text.translated_fields(view)
        else 'It needs assets listed with language="*".',
        "text.*": _without(view, "name", "description"),
        "text.missing_name": _without(view, "name"),
        "text.missing_description": _without(view, "description"),
        "text.description_is_name": _without(view, "name") or _without(view, "description"),
        "identity.duplicate_external_id": _without(view, "externalId"),
        "identity.duplicate_entry_id": _without(view, "entryId"),
        "identity.twin": _without(view, "name") or _without(view, fields.year),
        "series.orphan_episode": rules_series.why_unjudged(view),
        "series.empty": rules_series.why_unjudged(view),
        "series.hole": view.partial or _without(view, fields.episode),
        "series.duplicate_number": _without(view, fields.series) or _without(view, fields.episode),
        "channel.no_epg_id": "No row has externalIds." if linear.any() and not has_epg_ids else "",
        "channel.no_programmes": rules_media.why_unjudged(view),
        "channel.catchup_without_buffer": "No row has enableCatchUp and catchUpBuffer."
        if linear.any() and not has_buffers
        else "",
        **rules_fields.decimal_commas(view),
    }
    return missing | {rule: why for rule, why in reasons.items() if why}


def _without(view: View, *fields: str) -> str:
    """Return a message that no row has any of these fields; empty where one has."""
    if any(view.anywhere(field) for field in fields):
        return ""
    return f"No row has {' or '.join(fields)}."


def _laid(view: View, hits: Hits, exposure: Floats) -> pd.DataFrame:
    """Lay hits out as findings."""
    severity, at = view.rules.severities[hits.rule], hits.rows
    columns: dict[str, Any] = {
        "rule": hits.rule,
        "severity": severity,
        "kind": "media",
        "id": view.ids[at],
        "name": view.names[at],
        "field": hits.field,
        "impact": WEIGHTS[severity] * exposure[at],
        "detail": hits.detail,
        "ksql": hits.ksql or None,
        "hint": view.rules.hints[hits.rule],
    }
    for column, times in (("startDate", hits.start), ("endDate", hits.end)):
        if times is not None:
            columns[column] = as_times(times)
    return pd.DataFrame(columns, index=range(len(at)))


def _checked(check: Check, assets: pd.DataFrame) -> pd.DataFrame:
    """Run a caller's check; return its findings with ids as text."""
    name = getattr(check, "__name__", repr(check))
    result = check(assets)
    problem = ""
    if not isinstance(result, pd.DataFrame):
        problem = f"{type(result).__name__}, not a table"
    elif lacking := [column for column in ("rule", "id") if column not in result]:
        problem = f"a table without {lacking[0]}"
    elif texts.blank(result["rule"]).any():
        problem = "a finding without a rule"
    else:
        severities = result.get("severity", pd.Series(dtype="str")).dropna()
        unknown = sorted(set(map(str, severities)) - set(SEVERITIES))
        if unknown:
            problem = f"the severity {unknown[0]!r}, not {', '.join(SEVERITIES)}"
    if problem:
        raise KottError(f"The check {name} returned {problem}: return rule, id, severity ...")
    return result.reset_index(drop=True).assign(id=lambda table: id_texts(table["id"]))


def _completed(view: View, rows: pd.DataFrame, exposure: Floats) -> pd.DataFrame:
    """Add the columns of findings that a caller's check left out."""
    places = {id_: place for place, id_ in enumerate(view.ids[:-1]) if isinstance(id_, str)}
    at = np.array([places.get(id_, -1) for id_ in rows["id"]], np.intp)
    severity = rows["rule"].map(view.rules.severities)
    if "severity" in rows:
        severity = severity.where(severity.notna(), rows["severity"])
    severity = severity.fillna(WARNING)
    impact = severity.map(WEIGHTS).to_numpy(float) * exposure[at]
    usual = pd.DataFrame({"kind": "media", "name": view.names[at], "impact": impact})
    return rows.assign(severity=severity).join(usual[usual.columns.difference(rows.columns)])


def _exposure(view: View, weights: Weights | None) -> Floats:
    """Weigh each asset by who can see it now and who does; last, a finding of no asset."""
    start, end = view.times("startDate"), view.times("endDate")
    within = ((start == NAT) | (start <= view.moment)) & ((end == NAT) | (end > view.moment))
    seen = np.where(within & rules_media.active(view), 1, _OFF_OFFER)
    ids = pd.Series(view.ids[:-1], dtype="str")
    weight = ids.str.lower().map(weights_of(weights, ids)).fillna(1)
    return np.append(seen * weight.to_numpy(float), _OFF_OFFER)
