"""The audit of a guide: every rule for programmes, weighed by what viewers miss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits.findings import as_findings
from kott_notebooks.audits.ingests import ingest_findings
from kott_notebooks.audits.policy import Weights, judge, weights_of
from kott_notebooks.audits.rulebook import RulesSource, definitions
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.ksql import K
from kott_notebooks.schedule.impact import impact
from kott_notebooks.schedule.programmes import FLAGS
from kott_notebooks.schedule.rules import NEEDS, Guide, findings
from kott_notebooks.schedule.spans import (
    DAY,
    HOUR,
    TIMED,
    Channels,
    Columns,
    Zone,
    as_channels,
    by_channel,
    keys,
    known_names,
    named,
    spans_of,
    unknown_spans,
    with_channel_names,
    zones_of,
)
from kott_notebooks.tables.columns import (
    NAT,
    as_times,
    asked,
    called,
    micros,
    pulled,
    stamp,
    zone_of,
)
from kott_notebooks.tables.provenance import facts, why_partial
from kott_notebooks.times import EARLIEST, SECOND, When

_LATEST_START = stamp(pd.Timestamp("2101-01-01", tz="UTC"))
_LATEST_END = 253_402_300_800 * SECOND  # the end of the year 9999
_EARLIEST = 315_532_800 * SECOND  # 1980-01-01


def audit(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    rules: RulesSource | None = None,
    weights: Weights | None = None,
    ingests: pd.DataFrame | None = None,
    tz: Zone | None = None,
    now: When | None = None,
    start: When | None = None,
    end: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find what is wrong with a guide, by every rule; what hurts viewers most stands first.

    A cause is one finding, however many programmes it affects: a programme that runs on, a band of
    slots that was delivered twice, a channel without descriptions. A rule whose columns the table
    lacks, or that a filtered table cannot show, is not judged; the provenance lists it.

    Parameters
    ----------
    epg : DataFrame
        Programmes: the table of `kott.epg` or `xmltv.read`, or any other with `columns`.
    channels : DataFrame of `kott.channels`, or iterable of ids or names, optional
        The channels that should have programmes; by default those that were pulled. Programmes of
        others are left out, or are findings where a whole table of channels is given. Only the
        table tells whether catch-up, start-over and recording are a channel's.
    rules : path of a TOML file, mapping, or Rules, optional
        Thresholds, off-air hours of channels, severities, waivers: see `audits.rules`. A mapping
        may hold the keys of the table `[schedule]` alone: `{"gap_minutes": 5}`.
    weights : mapping or Series of numbers by channel, or DataFrame of `kott.views`, optional
        How much a channel counts in the impact, by its id or name; others count 1. By views, their
        mean is 1.
    ingests : DataFrame, optional
        `kott.ingests` of the guide; the rules `ingest.*` need it.
    tz : str, tzinfo or mapping, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone of days, prime time and clock changes; or the zone of each channel, by its id or
        name. A column `tz` of `channels` does too.
    now : str, date, datetime or Timestamp, default: when the table was pulled
        The present, from which the horizon counts.
    start, end : str, date, datetime or Timestamp, default: the window that was pulled
        The window. Where it is not known and channels are: from the first start to the last end.
        Words and bare dates, here and in `now`, are days of `tz`; a time of day without a zone is
        of KOTT_TZ, else UTC.
    columns : mapping, optional
        What the table calls our columns: `{"startDate": "start", ...}`.

    Returns
    -------
    DataFrame
        One row per finding, by impact, with the columns of `kott_notebooks.audits.findings`: of a
        programme, a gap or a channel (kind `epg`; `id` is then the channel's). Impact: (minutes +
        (prime_weight - 1) x minutes in prime time) x the channel's weight, the minutes being those
        from startDate to endDate within the window; of an ingest: see `audit_ingests`. `field` of
        a gap is its local day.
        Provenance: `now`, `judged` (programmes), `rules_judged` (share of the rules), `not_judged`
        (rule -> why), `waived`, `matched` (metas and tags that the table calls otherwise than the
        rules).

    Raises
    ------
    KottError
        A column is missing, a channel or a rule is not known, a threshold is not valid.

    See Also
    --------
    gaps, overlaps, duplicates, clock_changes, episodes : The analyses behind the rules.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=8, days=3, households=0)
    >>> epg = kott.epg(session, "today-1d", "today+2d")
    >>> findings = schedule.audit(epg, kott.channels(session), tz="Europe/Athens")
    >>> bool(findings["impact"].is_monotonic_decreasing)
    True
    """
    own = rules_of(rules, section="schedule")
    zone = None if isinstance(tz, Mapping) else tz
    moment = pulled(epg, now, zone)
    table = channels if isinstance(channels, pd.DataFrame) else None
    epg = named(epg, columns, *TIMED, channels=channels).reset_index(drop=True)
    epg = called(epg, own.schedule.runtime, own.schedule.rating)
    expected, all_known = _expected(epg, channels), table is not None and _is_whole(table)
    if expected is not None and len(expected) and not all_known and not facts(epg).get("channels"):
        listed = set(keys(pd.Series(expected)))
        ids = keys(epg["linearAssetId"])
        epg = epg[ids.isna() | ids.isin(listed)]
    epg, bad = _without_bad_times(_once(epg))
    window = [None if edge is None else stamp(edge) for edge in asked(epg, start, end, zone)]
    asked_end = window[1]
    if expected is not None and None in window and len(epg):
        _, spans = spans_of(epg, believable=True)
        spans = spans if len(spans.start) else unknown_spans(epg)
        if len(spans.start):
            known = int(spans.start.min()), int(spans.end.max())
            window = [b if a is None else a for a, b in zip(window, known, strict=True)]
    labels = pd.Index(pd.Series(epg["linearAssetId"].dropna().unique()))
    guide = Guide(
        epg=epg,
        bad=bad,
        expected=expected,
        channels=table,
        all_known=all_known,
        names=known_names(epg, channels),
        now=moment,
        start=window[0],
        end=window[1],
        asked_end=asked_end,
        tz=tz,
        labels=labels,
        zones=zones_of(epg, labels, tz, channels),
        rules=own.schedule,
        words=own.word_lists(),
    )
    not_judged = _not_judged(guide)
    parts = [as_findings(part) for part in findings(guide) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else as_findings([])
    rows = rows[~rows["rule"].isin(list(not_judged))]
    rows = _weighed(rows.assign(kind="epg", ksql=rows["rule"].map(_ksql(guide))), guide, weights)
    of_ingests, ingests_not_judged = ingest_findings(ingests, own, moment, "epg")
    rows = pd.concat([rows, of_ingests], ignore_index=True) if len(of_ingests) else rows
    audited = judge(
        _ordered(rows),
        own,
        source="schedule.audit",
        now=moment,
        families=["schedule"],
        count=len(epg) + int((bad["row"] < 0).sum()),
        not_judged=not_judged | ingests_not_judged,
        matched=facts(epg).get("matched", {}),
    )
    return with_channel_names(audited, epg, channels)


def _expected(epg: pd.DataFrame, channels: Channels | None) -> pd.Index[Any] | None:
    """List the channels that should have programmes: of a table, those that were pulled."""
    of_pull = facts(epg).get("channels")
    if channels is None or (isinstance(channels, pd.DataFrame) and of_pull):
        return as_channels(of_pull, epg) if of_pull else None
    return as_channels(channels, epg)


def _is_whole(channels: pd.DataFrame) -> bool:
    """Return whether a table has all channels, as far as its provenance says."""
    known = facts(channels)
    return len(channels) >= max(1, known.get("rows") or 0) and known.get("limit") is None


def _once(epg: pd.DataFrame) -> pd.DataFrame:
    """Drop repeated programmes: joined tables hold programmes of both twice."""
    if epg["id"].is_unique:
        return epg
    return epg[~epg.duplicated([one for one in ("id", *TIMED, "name") if one in epg.columns])]


def _without_bad_times(epg: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the programmes with possible times, and one row per time that is not possible.

    A programme of which only the end is not a time stays, without an end. `row` of a bad time is
    the programme's place among those that stay, -1 for one that was dropped.
    """
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    written = _unreadable(epg)
    no_end = (end == NAT) & written["endDate"].notna().to_numpy()
    causes: list[tuple[str, str, Any]] = [
        ("startDate", "is not a valid time", start == NAT),
        ("startDate", "is before 1980", (start != NAT) & (start < _EARLIEST)),
        ("startDate", "is after 2100", start >= _LATEST_START),
        ("endDate", "is not a valid time", no_end),
        ("endDate", "is before 1980", (end != NAT) & (end < _EARLIEST)),
        ("endDate", "is after 9999", end >= _LATEST_END),
    ]
    out = np.logical_or.reduce([mask for *_, mask in causes if mask is not no_end])
    place = np.where(out, -1, np.cumsum(~out) - 1)
    shown = [one for one in ("id", *TIMED, "name") if one in epg.columns]
    parts: list[pd.DataFrame] = []
    for field, cause, mask in causes:
        if parts and not mask.any():
            continue
        of = epg.loc[mask, shown]
        times = of[field].to_numpy("datetime64[us]")
        text = written.loc[mask, field].to_numpy(object)
        text = np.where(np.isnat(times), text, np.datetime_as_string(times, "m"))
        parts.append(of.assign(row=place[mask], field=field, cause=cause, text=text))
    return epg[~out].reset_index(drop=True), pd.concat(parts, ignore_index=True)


def _unreadable(epg: pd.DataFrame) -> pd.DataFrame:
    """Return the text of each time that could not be read, as the table's provenance has it."""
    texts = pd.DataFrame(None, index=epg.index, columns=list(TIMED[1:]), dtype="object")
    known = facts(epg)
    if known.get("rows") is None or len(epg) == known["rows"]:  # places hold in the whole table
        for one in known.get("bad_times", []):
            if one["row"] in epg.index and one["field"] in texts.columns:
                texts.loc[one["row"], one["field"]] = one["text"]
    ids = keys(epg["id"])
    for one in known.get("unreadable", []):
        if one["column"] in texts.columns:
            texts.loc[(ids == one["id"]).to_numpy(bool, na_value=False), one["column"]] = one[
                "value"
            ]
    return texts.where(epg[list(texts.columns)].isna())


_OF_THE_WHOLE = (  # rules that a filtered guide cannot show: what was left out would be missing
    "schedule.gap", "schedule.horizon", "schedule.no_programmes", "schedule.missing_end",
    "schedule.episode_order",
)  # fmt: skip


def _not_judged(guide: Guide) -> dict[str, str]:
    """Return which rules cannot be judged, and why."""
    needs = {
        **NEEDS,
        "schedule.runtime": ("name", guide.rules.runtime),
        "schedule.watershed": ("name", guide.rules.rating),
    }
    lacks = {
        rule: [column for column in columns if not guide.has(column)]
        for rule, columns in needs.items()
    }
    why = {rule: f"It needs columns: {', '.join(of)}." for rule, of in lacks.items() if of}
    if guide.expected is None:
        why["schedule.no_programmes"] = "It needs the channels that should have programmes."
    if not guide.all_known:
        why["schedule.unknown_channel"] = "It needs the whole table of channels."
    flags = set() if guide.channels is None else set(guide.channels.columns)
    if not any(flag in flags and guide.has(flag) for flag in FLAGS):
        why["schedule.catchup_flag"] = "It needs the table of channels, and flags on both sides."
    if reason := why_partial(guide.epg):
        why |= dict.fromkeys(_OF_THE_WHOLE, reason)
    return {rule: why[rule] for rule in definitions() if rule in why}


def _ksql(guide: Guide) -> dict[str, str]:
    """Return the KSQL of the rules that KSQL can say: a text is absent, in the window."""
    window = K.asset_type == "epg"
    if guide.end is not None and guide.end > EARLIEST * SECOND:
        window &= K.start_date < as_times(np.array([guide.end]))[0]
    if guide.start is not None and guide.start > EARLIEST * SECOND:
        window &= K.end_date > as_times(np.array([guide.start]))[0]
    absent = {"schedule.missing_title": K.name, "schedule.missing_synopsis": K.description}
    return {rule: str(window & key.missing()) for rule, key in absent.items()}


def _weighed(rows: pd.DataFrame, guide: Guide, weights: Weights | None) -> pd.DataFrame:
    code, labels = pd.factorize(rows["linearAssetId"])
    zones = [*zones_of(guide.epg, labels, guide.tz, guide.channels), zone_of(guide.epg)]
    known = [*keys(pd.Series(guide.labels)), *guide.names, *guide.names.values()]
    weight = [*by_channel(weights_of(weights, known), labels, guide.names), None]
    end = guide.end
    if end is None:  # so that the year 2999 does not outweigh all
        starts = micros(guide.epg, "startDate").max(initial=stamp(guide.now)) + DAY
        end = max(stamp(guide.now) + round(guide.rules.horizon_hours * HOUR), int(starts))
    return rows.assign(
        impact=impact(
            rows,
            prime=guide.rules.prime_hours,
            prime_weight=guide.rules.prime_weight,
            weights=[weight[one] for one in code],
            zones=[zones[one] for one in code],
            start=guide.start,
            end=end,
        )
    )


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Put what hurts viewers most first."""
    order = ["impact", "linearAssetId", "startDate", "rule", "id"]
    return as_findings(rows.sort_values(order, ascending=[False, True, True, True, True]))
