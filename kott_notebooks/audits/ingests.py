"""The rules for ingests: failed, failed in part, slow, missing today; of guides and of uploads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kott_notebooks.audits.findings import as_findings
from kott_notebooks.audits.policy import judge
from kott_notebooks.audits.rulebook import Ingests, Rules, RulesSource
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import need, pulled
from kott_notebooks.times import When

_COLUMNS = (
    "ingestId", "ingestName", "ingestProfileId", "createdDate", "completedDate", "status",
    "records", "succeeded", "failed",
)  # fmt: skip
_FAILED = ("TOTAL_FAILURE", "Failed", "Fatal")
_PARTLY_FAILED = ("PARTIAL_FAILURE", "Partial")
_UNDER_WAY = (
    "IN_PROGRESS", "Pending", "Uploaded", "Queued", "Parsing", "Processing", "Processed",
)  # fmt: skip
OUTCOMES = ("complete", "with warnings", "partly failed", "failed", "under way")


def audit_ingests(
    ingests: pd.DataFrame, *, rules: RulesSource | None = None, now: When | None = None
) -> pd.DataFrame:
    """Find what is wrong with ingests: failed, failed in part, slow, or missing today.

    `schedule.audit` and `catalog.audit` judge the same with `ingests=`.

    Parameters
    ----------
    ingests : DataFrame
        A table of `kott.ingests`, of a week or more.
    rules : path, mapping or Rules, optional
        A partner's rules; see `audits.rules`. A mapping may hold the keys of ``[ingests]`` alone:
        ``{"slow_factor": 5}``.
    now : str, date, datetime or Timestamp, optional
        The present; default: when the table was pulled.

    Returns
    -------
    DataFrame
        One row per finding, with the columns of every audit; `kind` is "ingest", `id` the ingest's
        id, or the profile's for `ingest.none_today`. `impact` is the number of records that failed,
        the minutes that a slow one took, or the hours without a delivery.

    Raises
    ------
    KottError
        The table lacks a column, or a rule is not valid.

    See Also
    --------
    kott.ingests, kott.ingest_results, plots.ingests

    Examples
    --------
    >>> session = demo.login(assets=200, channels=8, households=20)
    >>> sorted(set(schedule.audit_ingests(kott.ingests(session))["rule"]))
    ['ingest.failed', 'ingest.none_today', 'ingest.partly_failed', 'ingest.slow']
    """
    own = rules_of(rules, section="ingests")
    moment = pulled(ingests, now)
    rows, not_judged = ingest_findings(ingests, own, moment)
    return judge(
        rows,
        own,
        source="schedule.audit_ingests",
        now=moment,
        families=["ingest"],
        count=len(ingests),
        not_judged=not_judged,
        matched={},
    )


def ingest_findings(
    ingests: pd.DataFrame | None, own: Rules, now: pd.Timestamp, kind: str | None = None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the findings of ingests of a kind, and the rules not judged with the reason.

    Without a table no rule for ingests is judged.
    """
    if ingests is None:
        return as_findings([]), {"ingest.*": "It needs ingests."}
    table = need(ingests, *_COLUMNS)
    if kind is not None:
        own_kind = need(table, "kind")["kind"] == kind
        if len(table) and not own_kind.any():
            raise KottError(
                f"ingests must be of kind {kind!r}, not {table['kind'].iloc[0]!r}: "
                f"kott.ingests(session, kind={kind!r})."
            )
        table = table[own_kind]
    rows = [*_failures(table), *_slow(table, own.ingests), *_overdue(table, now, own.ingests)]
    profiles = table["ingestProfileId"].notna().any() or table.empty
    not_judged = {} if profiles else {"ingest.none_today": "No ingest names its profile."}
    severity = own.severities
    findings = [{"kind": "ingest", "severity": severity[one["rule"]], **one} for one in rows]
    return as_findings(findings), not_judged


def _finding(ingest: Any, rule: str, detail: str, impact: float) -> dict[str, Any]:
    return {
        "rule": rule,
        "id": str(ingest.ingestId),
        "name": ingest.ingestName,
        "startDate": ingest.createdDate,
        "endDate": ingest.completedDate,
        "impact": impact,
        "detail": detail,
    }


def outcomes(ingests: pd.DataFrame) -> pd.Series[str]:
    """Return the outcome of each ingest: one of `OUTCOMES`."""
    table = need(ingests, "status", "records", "succeeded", "failed")
    status = table["status"]
    counts = table.reindex(columns=["records", "failed", "warned"]).fillna(0)
    none_succeeded = (counts["records"] > 0) & table["succeeded"].eq(0).fillna(False)
    outcome = pd.Series("complete", index=table.index, dtype="str")
    outcome = outcome.mask(status.isin(_UNDER_WAY), "under way")
    outcome = outcome.mask((counts["warned"] > 0) | (status == "WARNING"), "with warnings")
    outcome = outcome.mask((counts["failed"] > 0) | status.isin(_PARTLY_FAILED), "partly failed")
    return outcome.mask(none_succeeded | status.isin(_FAILED), "failed")


def _failures(ingests: pd.DataFrame) -> Iterator[dict[str, Any]]:
    rows: Iterator[Any] = ingests.assign(outcome=outcomes(ingests)).itertuples()
    for one in rows:
        records, failed = (0 if pd.isna(n) else int(n) for n in (one.records, one.failed))
        detail = f"{failed:,} of {records:,} records failed."
        if one.outcome == "failed":
            yield _finding(one, "ingest.failed", f"{one.status}: {detail}", failed)
        elif one.outcome == "partly failed":
            yield _finding(one, "ingest.partly_failed", detail, failed)


def _slow(ingests: pd.DataFrame, rules: Ingests) -> Iterator[dict[str, Any]]:
    for _, group in ingests.groupby("ingestProfileId", dropna=False):
        seconds = (group["completedDate"] - group["createdDate"]).dt.total_seconds()
        usual = seconds[group["createdDate"].sort_values().index[-10:]].median()
        for one, lasted in zip(group.itertuples(), seconds, strict=True):
            if lasted > rules.slow_factor * usual:
                detail = f"It took {lasted / 60:,.0f} minutes; {usual / 60:,.0f} are usual."
                yield _finding(one, "ingest.slow", detail, lasted / 60)


def _overdue(ingests: pd.DataFrame, now: pd.Timestamp, rules: Ingests) -> Iterator[dict[str, Any]]:
    since = now - pd.Timedelta(hours=rules.silent_hours)
    for profile, group in ingests.dropna(subset=["createdDate"]).groupby("ingestProfileId"):
        created = group["createdDate"]
        if (created > since).any():
            continue
        days_before = set(((since - created).dt.total_seconds() // 86_400).astype(int).tolist())
        if days_before.issuperset(range(rules.regular_days)):
            last = group.sort_values("createdDate").iloc[-1]
            yield {
                "rule": "ingest.none_today",
                "id": str(profile),
                "name": f"profile {profile}",
                "startDate": last["createdDate"],
                "endDate": now,
                "impact": (now - last["createdDate"]) / pd.Timedelta(hours=1),
                "detail": f"The last of its ingests is {last['ingestId']}, created "
                f"{last['createdDate']:%Y-%m-%d %H:%M} UTC.",
            }
