"""Why the guide has holes: what its ingests refused, and what is wrong with the ingests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kott_notebooks.audits.findings import ERROR, WARNING, as_findings
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.provenance import pulled, with_facts
from kott_notebooks.times import When

RULES = {
    "ingest.failed": (ERROR, "See the errors of its records: kott.ingest_results(session, ID)."),
    "ingest.partly_failed": (WARNING, "Correct the refused records, and have them sent again."),
    "ingest.slow": (WARNING, "See whether the file grew, or the server was busy."),
    "ingest.none_today": (WARNING, "Ask the supplier of this profile why nothing was delivered."),
}
_FAILED = ("TOTAL_FAILURE", "Failed", "Fatal")
_DELIVERED = ("SUCCESS", "WARNING")


def audit_ingests(
    ingests: pd.DataFrame,
    *,
    now: When | None = None,
    slow_factor: float = 3,
    regular_days: int = 5,
    silent_hours: float = 24,
) -> pd.DataFrame:
    """Find what is wrong with ingests: failed, failed in part, slow, or missing today.

    Parameters
    ----------
    ingests : DataFrame
        A table of `kott.ingests` of a week and more.
    now : str, date, datetime or Timestamp, optional
        The present; default: when the table was pulled.
    slow_factor : float, default 3
        An ingest that takes this many times the median of its profile's last 10 is slow.
    regular_days : int, default 5
        A profile is missed that delivered on each of this many days,
    silent_hours : float, default 24
        and nothing in these hours before `now`.

    Returns
    -------
    DataFrame
        One row per finding, with the columns of every audit; `kind` is "ingest", `id` the ingest's
        id, or the profile's for `ingest.none_today`.

    Raises
    ------
    KottError
        The table lacks a column.

    Examples
    --------
    >>> session = demo.login(assets=200, channels=8, households=20)
    >>> sorted(set(schedule.audit_ingests(kott.ingests(session))["rule"]))
    ['ingest.failed', 'ingest.none_today', 'ingest.partly_failed', 'ingest.slow']
    """
    names = ("ingestId", "ingestName", "ingestProfileId", "createdDate", "completedDate")
    need(ingests, *names, "status", "records", "succeeded", "failed")
    present = pulled(ingests, now)
    rows = [
        *_failures(ingests),
        *_slow(ingests, slow_factor),
        *_silent(ingests, present, regular_days, pd.Timedelta(hours=silent_hours)),
    ]
    severity = {rule: one for rule, (one, _) in RULES.items()}
    hints = {rule: hint for rule, (_, hint) in RULES.items()}
    completed = [
        {"kind": "ingest", "severity": severity[one["rule"]], "hint": hints[one["rule"]], **one}
        for one in rows
    ]
    return with_facts(as_findings(completed), source="schedule.audit_ingests", now=str(present))


def _rows(table: pd.DataFrame) -> Iterator[Any]:
    yield from table.itertuples()


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


def _failures(ingests: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for one in _rows(ingests):
        records, failed = (0 if pd.isna(n) else int(n) for n in (one.records, one.failed))
        none_succeeded = records > 0 and not pd.isna(one.succeeded) and one.succeeded == 0
        if one.status in _FAILED or none_succeeded:
            detail = f"{one.status}: {failed:,} of {records:,} records failed."
            yield _finding(one, "ingest.failed", detail, failed)
        elif failed:
            detail = f"{failed:,} of {records:,} records failed."
            yield _finding(one, "ingest.partly_failed", detail, failed)


def _slow(ingests: pd.DataFrame, factor: float) -> Iterator[dict[str, Any]]:
    for _, group in ingests.groupby("ingestProfileId", dropna=False):
        took = (group["completedDate"] - group["createdDate"]).dt.total_seconds()
        usual = took[group["createdDate"].sort_values().index[-10:]].median()
        for one, seconds in zip(_rows(group), took, strict=True):
            if seconds > factor * usual:
                detail = f"It took {seconds / 60:,.0f} minutes; {usual / 60:,.0f} are usual."
                yield _finding(one, "ingest.slow", detail, seconds / 60)


def _silent(
    ingests: pd.DataFrame, now: pd.Timestamp, days: int, silence: pd.Timedelta
) -> Iterator[dict[str, Any]]:
    since = now - silence
    for profile, group in ingests.groupby("ingestProfileId"):
        created = group["createdDate"]
        if (created > since).any():
            continue
        ago = set(((since - created).dt.total_seconds() // 86_400).astype(int).tolist())
        if ago.issuperset(range(days)):
            last = group.sort_values("createdDate").iloc[-1]
            yield {
                "rule": "ingest.none_today",
                "id": str(profile),
                "name": f"profile {profile}",
                "startDate": last["createdDate"],
                "endDate": now,
                "impact": float((now - last["createdDate"]) / pd.Timedelta(hours=1)),
                "detail": f"The last of its ingests is {last['ingestId']}, created "
                f"{last['createdDate']:%Y-%m-%d %H:%M} UTC.",
            }


def explain(findings: pd.DataFrame, ingest_results: pd.DataFrame) -> pd.DataFrame:
    """Return which gaps a refusal at ingest caused, and when a missing channel was last delivered.

    A gap is explained by a programme of its channel that an ingest refused, of which at least half
    lies in the gap, and which no later ingest brought.

    Parameters
    ----------
    findings : DataFrame
        Findings of `schedule.audit`.
    ingest_results : DataFrame
        A table of `kott.ingest_results`, of the ingests of some days.

    Returns
    -------
    DataFrame
        The findings, in their order, with two more columns, absent where nothing is known: `cause`
        `str`, which is also added to `detail`, and `ingestId` `Int64`, the ingest that it names.

    Raises
    ------
    KottError
        A table lacks a column.

    Examples
    --------
    >>> session = demo.login(assets=200, households=20)
    >>> channels = kott.channels(session)
    >>> epg = kott.epg(session, "today-1d", "today+7d", channels=channels)
    >>> findings = schedule.audit(epg, channels)
    >>> results = kott.ingest_results(session, kott.ingests(session))
    >>> explained = schedule.explain(findings, results)
    >>> bool(explained.loc[explained["rule"] == "schedule.gap", "cause"].notna().any())
    True
    """
    need(findings, "rule", "id", "detail", "linearAssetId", "startDate", "endDate")
    names = ("ingestId", "createdDate", "externalProgramId", "linearChannelId", "startDate")
    need(ingest_results, *names, "endDate", "status", "code", "message")
    refused = _refused(ingest_results)
    delivered = ingest_results[ingest_results["status"].isin(_DELIVERED)]
    causes: list[tuple[str | None, Any]] = []
    for one in _rows(findings):
        if one.rule == "schedule.gap":
            causes.append(_refusal(one, refused))
        elif one.rule == "schedule.no_programmes":
            causes.append(_last_delivery(one, delivered))
        else:
            causes.append((None, pd.NA))
    cause = pd.Series([text for text, _ in causes], index=findings.index, dtype="str")
    ingest = pd.Series([key for _, key in causes], index=findings.index, dtype="Int64")
    detail = findings["detail"].where(
        cause.isna(), findings["detail"].fillna("").str.cat(cause, sep=" ").str.strip()
    )
    return findings.assign(detail=detail, cause=cause, ingestId=ingest)


def _refused(results: pd.DataFrame) -> pd.DataFrame:
    """Return the refusals that no later ingest made good."""
    good = results[results["status"].isin(_DELIVERED)]
    latest = good.groupby("externalProgramId")["createdDate"].max()
    failed = results[results["status"] == "FAILURE"]
    later = latest.reindex(failed["externalProgramId"]).set_axis(failed.index)
    return failed[~(later > failed["createdDate"])]


def _refusal(gap: Any, refused: pd.DataFrame) -> tuple[str | None, Any]:
    own = refused[refused["linearChannelId"].astype("str") == str(gap.linearAssetId)]
    first = own["startDate"].clip(lower=gap.startDate)
    shared = own["endDate"].clip(upper=gap.endDate) - first
    inside = own[(shared > pd.Timedelta(0)) & (shared * 2 >= own["endDate"] - own["startDate"])]
    if inside.empty:
        return None, pd.NA
    last = inside.sort_values(["createdDate", "startDate"]).iloc[-1]
    several = f"{len(inside)} programmes" if len(inside) > 1 else "a programme"
    why = f"{last['code']} {last['message']}".removesuffix(".")
    return f"Ingest {last['ingestId']} refused {several} here: {why}.", last["ingestId"]


def _last_delivery(finding: Any, delivered: pd.DataFrame) -> tuple[str | None, Any]:
    channel = finding.id if pd.isna(finding.linearAssetId) else finding.linearAssetId
    own = delivered[delivered["linearChannelId"].astype("str") == str(channel)]
    if own.empty:
        return None, pd.NA
    last = own.sort_values("createdDate").iloc[-1]
    when = f"{last['createdDate']:%Y-%m-%d %H:%M} UTC"
    return f"It was last delivered by ingest {last['ingestId']}, {when}.", last["ingestId"]
