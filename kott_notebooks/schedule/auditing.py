"""The audit of a guide: every rule for programmes, weighed by what viewers miss."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits.findings import as_findings
from kott_notebooks.audits.judging import judge
from kott_notebooks.audits.rulebook import RulesSource, definitions
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.ksql import K
from kott_notebooks.schedule.checks import Guide, found
from kott_notebooks.schedule.impact import Weights, impact
from kott_notebooks.schedule.spans import DAY, TIMED, Columns, named
from kott_notebooks.tables.columns import (
    as_times,
    asked,
    channel_ids,
    micros,
    pulled,
    stamp,
    zone_of,
)
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import When


def audit(
    epg: pd.DataFrame,
    channels: Iterable[Any] | pd.DataFrame | None = None,
    *,
    rules: RulesSource | None = None,
    weights: Weights | None = None,
    tz: str | tzinfo | None = None,
    now: When | None = None,
    start: When | None = None,
    end: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find what is wrong with a guide, by every rule, and what hurts viewers most first.

    One row per finding, with the columns of `kott_notebooks.audits.findings`: of a programme, a
    pair, a gap or a channel (kind `epg`; `id` is then the channel's). Of a pair, the higher id is
    found. By impact:
    (minutes + (prime_weight - 1) x minutes in prime time) x the channel's weight in `weights` (1),
    the minutes being those from startDate to endDate within the window. By default a minute
    between 18:00 and 23:00 in `tz` counts three times; a finding of no length has an impact of 0.

    `channels` (ids, or the table of `kott.channels`; default: those that were asked for) are
    missed where they show nothing; only the table tells whether catch-up, start-over and recording
    are theirs. `tz` is the zone whose clock changes are looked for: UTC has none. `now` is when the
    table was pulled, [start, end) the window that was asked for. A rule whose columns the table
    has not is left out; `rules` sets thresholds and turns rules off: `schedule.Rules`, a mapping
    such as `{"gap_minutes": 5}`, or the path of a rules file, whose table `[schedule]` has these
    (`catalog.judged` puts its severities and waivers on the findings). KSQL can state few of the
    rules, and takes a text of nothing but blanks for one.
    """
    own = rules_of(rules, section="schedule")
    epg = named(epg, columns, *TIMED)
    zoned = zone_of(epg, tz)
    first, last = asked(epg, start, end, zoned)
    guide = Guide(
        epg=epg,
        asked=_asked(epg, channels),
        channels=channels if isinstance(channels, pd.DataFrame) else None,
        now=pulled(epg, now),
        start=first,
        end=last,
        tz=zoned,
        rules=own.schedule,
        words=own.word_lists(),
    )
    parts = [as_findings(part) for part in found(guide) if len(part)]
    rows = pd.concat(parts, ignore_index=True) if parts else as_findings([])
    findings = _weighed(_told(rows, guide), guide, weights)
    return judge(
        findings, own, source="schedule.audit", now=guide.now, not_judged={},
        judged=epg["linearAssetId"].nunique(),
    )  # fmt: skip


def _asked(epg: pd.DataFrame, channels: Iterable[Any] | pd.DataFrame | None) -> list[Any] | None:
    """List the channels asked for: of a table of all, those that the programmes were pulled of."""
    pulled_for = facts(epg).get("channels")
    if channels is None or (isinstance(channels, pd.DataFrame) and pulled_for):
        return pulled_for or None
    return channel_ids(channels)


def _told(rows: pd.DataFrame, guide: Guide) -> pd.DataFrame:
    """Complete findings by what their rule says."""
    known = definitions()
    severity = rows["rule"].map({rule: one.severity for rule, one in known.items()})
    return rows.assign(
        severity=rows["severity"].fillna(severity),
        kind="epg",
        ksql=rows["rule"].map(_ksql(guide)),
        hint=rows["rule"].map({rule: one.hint for rule, one in known.items()}),
    )


def _ksql(guide: Guide) -> dict[str, str]:
    """State the rules that KSQL can: a text that is absent, in the window."""
    window = K.asset_type == "epg"
    if guide.end is not None:
        window &= K.start_date < guide.end
    if guide.start is not None:
        window &= K.end_date > guide.start
    absent = {"schedule.missing_title": K.name, "schedule.missing_synopsis": K.description}
    return {rule: str(window & key.missing()) for rule, key in absent.items()}


def _weighed(rows: pd.DataFrame, guide: Guide, weights: Weights | None) -> pd.DataFrame:
    weighed = rows.assign(
        impact=impact(
            rows,
            prime=guide.rules.prime_hours,
            prime_weight=guide.rules.prime_weight,
            weights=weights,
            tz=guide.tz,
            start=guide.start,
            end=guide.end if guide.end is not None else _last(guide),
        )
    )
    keys = ["impact", "linearAssetId", "startDate", "rule", "id"]
    ordered = weighed.sort_values(keys, ascending=[False, True, True, True, True])
    return as_findings(ordered)


def _last(guide: Guide) -> pd.Timestamp:
    """Give a window's end where none is known, so that the year 2999 does not outweigh all."""
    ahead = guide.now + pd.Timedelta(hours=guide.rules.horizon_hours)
    starts = micros(guide.epg, "startDate").max(initial=stamp(guide.now)) + DAY
    return max(ahead, as_times(np.array([starts]))[0])
