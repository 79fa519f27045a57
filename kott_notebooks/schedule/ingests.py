"""Why a guide has gaps: what its ingests refused."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kott_notebooks.tables.columns import need

_DELIVERED = ("SUCCESS", "WARNING")


def explain(findings: pd.DataFrame, ingest_results: pd.DataFrame) -> pd.DataFrame:
    """Add to findings which refusal caused a gap, and when a missing channel was last delivered.

    The cause of a gap is a programme of its channel that an ingest refused and no later ingest
    delivered, and of which at least half lies in the gap.

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

    See Also
    --------
    gaps, kott.ingest_results, audit_ingests

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, households=20)
    >>> channels = kott.channels(session)
    >>> epg = kott.epg(session, "today-1d", "today+7d", channels=channels)
    >>> findings = schedule.audit(epg, channels)
    >>> results = kott.ingest_results(session, kott.ingests(session))
    >>> explained = schedule.explain(findings, results)
    >>> bool(explained.loc[explained["rule"] == "schedule.gap", "cause"].notna().any())
    True
    """
    findings = need(findings, "rule", "id", "detail", "linearAssetId", "startDate", "endDate")
    names = ("ingestId", "createdDate", "externalProgramId", "linearChannelId", "startDate")
    results = need(ingest_results, *names, "endDate", "status", "code", "message")
    refused = _refused(results)
    delivered = results[results["status"].isin(_DELIVERED)]
    causes: list[tuple[str | None, Any]] = []
    for one in findings.itertuples():
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
