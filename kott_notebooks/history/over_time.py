"""Snapshots compared: since when a finding stands, what a guide announced, how tables changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.diff import diff
from kott_notebooks.tables.names import named_like
from kott_notebooks.tables.provenance import by_snapshot, facts, snapshots_of
from kott_notebooks.times import When, instant

IDENTITY = ["rule", "kind", "id", "field"]  # two findings that agree here are the same one
NEW, STANDING, FIXED = "new", "standing", "fixed"


def lifetimes(findings: pd.DataFrame) -> pd.DataFrame:
    """Return when each finding was first and last seen, and whether it is still there.

    Parameters
    ----------
    findings : DataFrame
        The findings of several audits one below the other, as `kott.load_all(store,
        name="findings")` returns them: with a column `snapshot`.

    Returns
    -------
    DataFrame
        One row per finding that was ever found (the same `rule`, `kind`, `id` and `field`), with
        the columns that it had when it was last found, and: `firstSeen`, `lastSeen`
        (`datetime64[us, UTC]`), `state` (`str`): `new` (in the last audit, not in the one before),
        `standing` (in both), `fixed` (not in the last). New ones come first, fixed ones last.

    Raises
    ------
    KottError
        A column is missing, or `snapshot` holds no times.

    See Also
    --------
    turnover, audits.new

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-02"], utc=True)
    >>> audits = pd.DataFrame({"snapshot": days, "rule": ["image.none"] * 2 + ["file.none"],
    ...     "kind": "media", "id": ["7", "7", "8"], "field": ""})
    >>> history.lifetimes(audits)[["id", "state"]].values.tolist()
    [['8', 'new'], ['7', 'standing']]
    """
    findings = need(findings, "snapshot", *IDENTITY)
    ordered = findings.sort_values("snapshot", kind="stable")
    seen = ordered.groupby(IDENTITY, dropna=False, sort=False)["snapshot"]
    table = ordered.assign(firstSeen=seen.transform("min"), lastSeen=seen.transform("max"))
    audits = _audits(findings)
    last, before = audits[-1] if audits else None, audits[-2] if len(audits) > 1 else None
    now, then = (seen.transform(lambda times, at=at: (times == at).any()) for at in (last, before))
    states = np.where(now.astype(bool), np.where(then.astype(bool), STANDING, NEW), FIXED)
    table["state"] = pd.Series(states, table.index, dtype="str")
    table = table.drop_duplicates(IDENTITY, keep="last").drop(columns="snapshot")
    place = table["state"].map({NEW: 0, STANDING: 1, FIXED: 2})
    return table.iloc[np.argsort(place.to_numpy(), kind="stable")].reset_index(drop=True)


def _audits(findings: pd.DataFrame) -> list[pd.Timestamp]:
    """Return the times of all audits, also of those without findings, from the provenance."""
    known = [pd.Timestamp(one) for one in facts(findings).get("snapshots", ())]
    return sorted({*known, *findings["snapshot"]})


def turnover(findings: pd.DataFrame) -> pd.DataFrame:
    """Count the new, standing and fixed findings of each audit and rule.

    Parameters
    ----------
    findings : DataFrame
        As `lifetimes` takes them.

    Returns
    -------
    DataFrame
        One row per audit and rule: `snapshot` (`datetime64[us, UTC]`), `rule` (`str`), `new`,
        `standing`, `fixed` (`Int64`; against the audit before: in the first one all are new).

    Raises
    ------
    KottError
        A column is missing, or `snapshot` holds no times.

    See Also
    --------
    lifetimes, audits.trend

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-02"], utc=True)
    >>> audits = pd.DataFrame({"snapshot": days, "rule": ["image.none"] * 3, "kind": "media",
    ...     "id": ["7", "7", "8"], "field": ""})
    >>> history.turnover(audits)[["new", "standing", "fixed"]].values.tolist()
    [[1, 0, 0], [1, 1, 0]]
    """
    findings = need(findings, "snapshot", *IDENTITY)
    unique = findings.drop_duplicates(["snapshot", *IDENTITY])
    rows = []
    before: dict[str, set[Any]] = {}
    for audit in _audits(findings):
        own = unique[unique["snapshot"] == audit]
        keys = own[IDENTITY].astype("str").fillna("").agg(tuple, axis=1)
        now = {str(rule): set(keys[at]) for rule, at in own.groupby("rule").groups.items()}
        for rule in sorted({*before, *now}):
            last, this = before.get(rule, set()), now.get(rule, set())
            counts = (len(this - last), len(this & last), len(last - this))
            rows.append((audit, rule, *counts))
        before = now
    table = pd.DataFrame(rows, columns=["snapshot", "rule", NEW, STANDING, FIXED])
    table["snapshot"] = pd.to_datetime(table["snapshot"], utc=True).astype("datetime64[us, UTC]")
    return table.astype({"rule": "str", NEW: "Int64", STANDING: "Int64", FIXED: "Int64"})


def as_of(guides: pd.DataFrame, airing: When, at: When) -> pd.DataFrame:
    """Return what the guide announced at one time for another, such as at 18:00 for 20:00.

    Parameters
    ----------
    guides : DataFrame
        Snapshots of a guide one below the other, as `kott.load_all(store, name="epg")` returns
        them.
    airing : str, datetime or Timestamp
        The time on air.
    at : str, datetime or Timestamp
        The newest snapshot at or before this time is taken.

    Returns
    -------
    DataFrame
        One row per programme that this snapshot had on air at that time.

    Raises
    ------
    KottError
        No snapshot is as old as `at`.

    See Also
    --------
    kott.load_all, history.lead_times, schedule.changes

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> guides = pd.DataFrame({
    ...     "snapshot": ["2026-03-01", "2026-03-02"], "name": ["Film", "News"],
    ...     "startDate": ["2026-03-03T20:00"] * 2, "endDate": ["2026-03-03T21:00"] * 2,
    ... })
    >>> times = ["snapshot", "startDate", "endDate"]
    >>> guides[times] = guides[times].apply(pd.to_datetime, utc=True)
    >>> history.as_of(guides, "2026-03-03T20:30", "2026-03-01T12:00")["name"].tolist()
    ['Film']
    """
    guides = need(guides, "snapshot", "startDate", "endDate")
    moment, limit = instant(airing), instant(at)
    snapshots = snapshots_of(guides)
    known = [when for when in snapshots if when <= limit]
    if not known:
        oldest = min(snapshots, default=None)
        raise KottError(f"No snapshot is as old as {limit}; the oldest is of {oldest}.")
    on_air = (guides["startDate"] <= moment) & (guides["endDate"] > moment)
    announced: pd.DataFrame = guides[on_air & (guides["snapshot"] == known[-1])]
    return announced.reset_index(drop=True)


def lead_times(guides: pd.DataFrame) -> pd.DataFrame:
    """Measure how long before its start each programme was first in the guide as it is now.

    Parameters
    ----------
    guides : DataFrame
        As `as_of` takes them.

    Returns
    -------
    DataFrame
        One row per programme of a channel (the same `id`): `linearAssetId`, `channelName` (`str`,
        where the guide has it), `id` (as in the guide), `startDate` (the last that it had),
        `published` (the first snapshot that had it on that channel at that time with that name),
        `minutes` (`Float64`, from there to its start; negative where it was published later),
        `late` (`boolean`: it is missing in an earlier snapshot that reached beyond its start).

    Raises
    ------
    KottError
        A column is missing.

    See Also
    --------
    as_of, plots.lead_times

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> guides = pd.DataFrame({
    ...     "snapshot": ["2026-03-01", "2026-03-02"], "linearAssetId": 7, "id": 1, "name": "News",
    ...     "startDate": ["2026-03-03"] * 2,
    ... })
    >>> times = ["snapshot", "startDate"]
    >>> guides[times] = guides[times].apply(pd.to_datetime, utc=True)
    >>> history.lead_times(guides)["minutes"].tolist()
    [2880.0]
    """
    guides = need(guides, "snapshot", "linearAssetId", "id", "startDate", "name")
    key = ["linearAssetId", "id", "startDate", "name"]
    ordered = guides.sort_values("snapshot", kind="stable")
    table = ordered.drop_duplicates(["linearAssetId", "id"], keep="last")[key]
    first = ordered.groupby(key, dropna=False, sort=False)["snapshot"].min()
    table = table.merge(first.rename("published").reset_index(), on=key, how="left")
    table["minutes"] = (table["startDate"] - table["published"]).dt.total_seconds() / 60
    reach = guides.groupby(["linearAssetId", "snapshot"])["startDate"].max().reset_index()
    earlier = table.merge(reach, on="linearAssetId", suffixes=("", "OfAny"))
    missed = earlier[
        (earlier["snapshot"] < earlier["published"])
        & (earlier["startDateOfAny"] > earlier["startDate"])
    ]
    late = pd.MultiIndex.from_frame(table[["linearAssetId", "id"]]).isin(
        pd.MultiIndex.from_frame(missed[["linearAssetId", "id"]])
    )
    table = table.assign(late=pd.array(late, dtype="boolean")).astype({"minutes": "Float64"})
    shown = ["linearAssetId", "id", "startDate", "published", "minutes", "late"]
    return named_like(table[shown], guides)


def churn(
    tables: pd.DataFrame, *, on: str | Iterable[str] = "id", fields: Sequence[str] | None = None
) -> pd.DataFrame:
    """Count the rows added, removed and changed from each snapshot to the next.

    Parameters
    ----------
    tables : DataFrame
        Snapshots one below the other, as `kott.load_all` returns them.
    on : str or iterable of str, default "id"
        The column or columns that identify a row.
    fields : sequence of str, optional
        The columns to compare; by default all.

    Returns
    -------
    DataFrame
        One row per snapshot but the first: `snapshot` (`datetime64[us, UTC]`), `added`, `removed`,
        `changed`, `total` (rows then; all `Int64`).

    Raises
    ------
    KottError
        A column is missing, or `snapshot` holds no times.

    See Also
    --------
    kott.diff : The changes themselves.

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-01", "2026-03-02"], utc=True)
    >>> tables = pd.DataFrame({"snapshot": days, "id": [1, 2, 2], "name": ["A", "B", "C"]})
    >>> history.churn(tables)[["added", "removed", "changed", "total"]].values.tolist()
    [[0, 1, 1, 1]]
    """
    keys = [on] if isinstance(on, str) else list(on)
    tables = need(tables, "snapshot", *keys)
    rows = []
    for (_, before), (when, after) in pairwise(by_snapshot(tables).items()):
        old, new = (one.drop(columns="snapshot").drop_duplicates(keys) for one in (before, after))
        kinds = diff(old, new, keys, fields=fields).drop_duplicates(["change", "key"])["change"]
        counts = [(kinds == kind).sum() for kind in ("added", "removed", "changed")]
        rows.append((when, *counts, len(new)))
    table = pd.DataFrame(rows, columns=["snapshot", "added", "removed", "changed", "total"])
    times = pd.to_datetime(table["snapshot"], utc=True).astype("datetime64[us, UTC]")
    return table.assign(snapshot=times).astype(dict.fromkeys(table.columns[1:], "Int64"))


def filled(tables: pd.DataFrame) -> pd.DataFrame:
    """Measure the share of rows that have each field, by snapshot.

    Parameters
    ----------
    tables : DataFrame
        As `churn` takes them.

    Returns
    -------
    DataFrame
        One row per snapshot and field: `snapshot` (`datetime64[us, UTC]`), `field` (`str`), `share`
        (of the rows that have it, `Float64`), `lost` (how far the share is below that of the first
        snapshot, `Float64`).

    Raises
    ------
    KottError
        There is no column `snapshot`, or it holds no times.

    See Also
    --------
    churn, catalog.completeness

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-02"], utc=True)
    >>> tables = pd.DataFrame({"snapshot": days, "id": [1, 1], "name": ["A", None]})
    >>> history.filled(tables).query("lost > 0")["field"].tolist()
    ['name']
    """
    tables = need(tables, "snapshot")
    fields = tables.drop(columns="snapshot")
    blank = fields.isna()
    texts = [str(one) for one in fields.columns if fields[one].dtype == "str"]
    for name in texts:
        blank[name] |= fields[name].str.strip().isin(("", "[]")).fillna(False)
    shares: pd.DataFrame = (~blank).groupby(tables["snapshot"]).mean()
    stacked: Any = shares.rename_axis(columns="field").stack()
    table: pd.DataFrame = stacked.rename("share").reset_index()
    table = table.astype({"field": "str", "share": "Float64"})
    first = shares.iloc[0] if len(shares) else pd.Series(dtype=float)
    return table.assign(lost=table["field"].map(first).astype("Float64") - table["share"])


def reach(guides: pd.DataFrame) -> pd.DataFrame:
    """Measure how far the guide of each channel reached, by snapshot.

    Parameters
    ----------
    guides : DataFrame
        As `as_of` takes them.

    Returns
    -------
    DataFrame
        One row per snapshot and channel: `snapshot` (`datetime64[us, UTC]`), `linearAssetId` (as
        in the guide), `channelName` (`str`, where the guide has it), `hours` (from the snapshot to
        the last end, `Float64`).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    schedule.horizon, plots.reach

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history
    >>> day = pd.Timestamp("2026-03-01", tz="UTC")
    >>> guides = pd.DataFrame({"snapshot": [day], "linearAssetId": [7], "endDate": [day]})
    >>> history.reach(guides.assign(endDate=day + pd.Timedelta(hours=36)))["hours"].tolist()
    [36.0]
    """
    guides = need(guides, "snapshot", "linearAssetId", "endDate")
    ends = guides.groupby(["snapshot", "linearAssetId"])["endDate"].max().reset_index()
    hours = (ends["endDate"] - ends["snapshot"]).dt.total_seconds() / 3600
    table = ends.assign(hours=hours.astype("Float64"))[["snapshot", "linearAssetId", "hours"]]
    return named_like(table, guides)
