"""Where a guide has gaps and overlaps, how much of a day it covers, how far it reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.schedule.spans import (
    DAY,
    HOUR,
    MINUTE,
    TIMED,
    Channels,
    Columns,
    Mask,
    Spans,
    Whole,
    Zone,
    at_local,
    bounds,
    busy_until,
    by_channel,
    by_day,
    clipped,
    fenced,
    in_common,
    in_order,
    joined,
    known_names,
    local_days,
    local_midnights,
    named,
    paired,
    refuse_unseen,
    spans_of,
    timed,
    unknown_spans,
    window,
    with_channel_names,
    zones_of,
)
from kott_notebooks.tables.columns import NAT, Micros, as_times, check_table, pulled, stamp, zone_of
from kott_notebooks.times import When, daily_span, dated_span

CLUMP = "clumpidx"  # XMLTV's "0/2": the first of two programmes that share a slot on purpose


def gaps(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    start: When | None = None,
    end: When | None = None,
    minutes: float = 1,
    tz: Zone | None = None,
    off_air: Mapping[Any, str | Iterable[str]] | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find when, within [start, end), a channel has no programme.

    A programme of more than 8 hours covers only the time until the next one starts, so that a
    wrong end hides no gap; one without an end leaves no gap until the next start, or for 8 hours.

    Parameters
    ----------
    epg : DataFrame
        Programmes: the table of `kott.epg` or `xmltv.read`, or any other with `columns`.
    channels : iterable of ids or names, or DataFrame of `kott.channels`, default: those that occur
        The channels to look at. One without a programme is a gap as long as the window.
    start, end : str, date, datetime or Timestamp, default: the window that was pulled
        The window. Where it is not known, only gaps between a channel's programmes are found.
        Words and bare dates are days of `tz`; a time of day without a zone is of KOTT_TZ, else UTC,
        as the times in the table are.
    minutes : float, default 1
        The shortest gap that is listed, in minutes.
    tz : str, tzinfo or mapping, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone of `today` and of bare dates in `start` and `end`, and of `off_air`; or the zone of
        each channel, by its id or name.
    off_air : mapping of channels to hours, optional
        When a channel is off air and has no gap, in local time: `{"7": "02:00-06:00"}`, or a list
        of such, or of single times: `"2026-03-01T02:00/2026-03-01T05:00"`.
    columns : mapping, optional
        What the table calls our columns: `{"startDate": "start", ...}`.

    Returns
    -------
    DataFrame
        One row per gap, at its full length, by channel and time: linearAssetId (as in `epg`),
        startDate, endDate (`datetime64[us, UTC]`), minutes (`Float64`); channelName (`str`)
        where the guide or `channels` has names.

    Raises
    ------
    KottError
        A column is missing, a channel is not known, or a channel without programmes has no window.

    See Also
    --------
    coverage : How much of each day is covered.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=8, days=3, households=0)
    >>> epg = kott.epg(session, "today-1d", "today+1d")
    >>> gaps = schedule.gaps(epg, minutes=30)
    >>> list(gaps.columns)
    ['linearAssetId', 'startDate', 'endDate', 'minutes']
    >>> bool((gaps["minutes"] >= 30).all())
    True
    """
    epg = named(epg, columns, *TIMED, channels=channels)
    labels, spans = spans_of(epg, channels, believable=True)
    first, last = window(epg, start, end, None if isinstance(tz, Mapping) else tz)
    if channels is not None:
        refuse_unseen(labels, spans, first, last)
    spans = fenced(clipped(spans, first, last), len(labels), first, last)
    covered = [spans, clipped(unknown_spans(epg, channels), first, last)]
    if off_air and len(spans.start):
        zones = zones_of(epg, labels, tz, channels)
        hours = by_channel(off_air, labels, known_names(epg, channels))
        off_air_times = off_air_spans(hours, zones, int(spans.start.min()), int(spans.end.max()))
        edges = pd.DataFrame({"code": spans.code, "first": spans.start, "last": spans.end})
        own = edges.groupby("code").agg({"first": "min", "last": "max"}).reindex(off_air_times.code)
        covered.append(clipped(off_air_times, *(own[edge].fillna(0).to_numpy(int) for edge in own)))
    spans = in_order(Spans(*(np.concatenate(column) for column in zip(*covered, strict=True))))
    since, until = busy_until(spans)[:-1], spans.start[1:]
    free = (until > since) & (until - since >= minutes * MINUTE)
    at = np.flatnonzero(free & (spans.code[1:] == spans.code[:-1]))
    table = pd.DataFrame(
        {"linearAssetId": labels.take(spans.code[at]), **timed(since[at], until[at])}
    )
    return with_channel_names(table, epg, channels)


def off_air_spans(
    hours: Iterable[str | Iterable[str] | None], zones: Iterable[tzinfo], first: int, last: int
) -> Spans:
    """Return when channels are known to be off air within [first, last), as their rules say."""
    parts = [Spans(*(np.zeros(0, np.int64) for _ in Spans._fields))]
    for code, (given, tz) in enumerate(zip(hours, zones, strict=True)):
        for one in [given] if isinstance(given, str) else given or []:
            since, until = _off_air(one, tz, first, last)
            parts.append(Spans(np.full(len(since), code), since, until, np.full(len(since), -1)))
    return Spans(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _off_air(written: str, tz: tzinfo, first: int, last: int) -> tuple[Micros, Micros]:
    """Return the starts and ends of "02:00-06:00" on each local day, or of "START/END" once."""
    try:
        if "/" in written:
            since, until = map(stamp, dated_span(written, tz=tz))
            return np.array([since]), np.array([until])
        begin, end = daily_span(written)
    except KottError as error:
        raise KottError(f"off_air: {error}") from error
    midnights = local_midnights(first - DAY, last, tz)
    return tuple(  # type: ignore[return-value]
        at_local(midnights + minute * MINUTE, tz) for minute in (begin, end)
    )


def overlaps(epg: pd.DataFrame, *, columns: Columns | None = None) -> pd.DataFrame:
    """Find every pair of programmes of a channel that share time, neighbours or not.

    Programmes that follow each other without a break share nothing. Those of one XMLTV clump
    (column `clumpidx`, equal starts) are meant to share their slot.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per pair, by channel and time: linearAssetId, id (the one that starts first; of two
        that start together, the lower id), otherId, startDate, endDate (the time that they share,
        `datetime64[us, UTC]`), minutes (`Float64`).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    audit : Names the cause of overlaps once, with how many programmes it hits.

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "id": [1, 2], "linearAssetId": [7, 7],
    ...     "startDate": ["2026-03-01T20:00", "2026-03-01T20:50"],
    ...     "endDate": ["2026-03-01T21:00", "2026-03-01T21:30"],
    ... })
    >>> schedule.overlaps(epg)[["id", "otherId", "minutes"]].values.tolist()
    [[1, 2, 10.0]]
    """
    check_table(epg)
    clump = [CLUMP] if CLUMP in epg.columns else []
    clump += ["channelName"] if "channelName" in epg.columns else []
    epg = named(epg, columns, *TIMED)[["id", *TIMED, *clump]].sort_values("id", kind="stable")
    labels, spans = spans_of(epg)
    one, other = overlapping(epg, spans)
    table = pd.DataFrame(
        {
            "linearAssetId": labels.take(spans.code[one]),
            "id": epg["id"].array.take(spans.row[one]),
            "otherId": epg["id"].array.take(spans.row[other]),
            **timed(spans.start[other], np.minimum(spans.end[one], spans.end[other])),
        }
    )
    return with_channel_names(table, epg)


def overlapping(epg: pd.DataFrame, spans: Spans) -> tuple[Whole, Whole]:
    """Pair the spans that share time, but for those of one clump."""
    one, other = paired(spans)
    if CLUMP not in epg.columns:
        return one, other
    of = epg[CLUMP].astype("str").str.extract("/(.+)", expand=False)
    total = pd.factorize(of)[0][spans.row]
    meant = (spans.start[one] == spans.start[other]) & (total[one] == total[other])
    apart = ~(meant & (total[one] >= 0))
    return one[apart], other[apart]


def coverage(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure how much of each local day a channel's programmes cover, up to their stated ends.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : iterable of ids or names, or DataFrame of `kott.channels`, default: those that occur
        The channels to look at.
    start, end : str, date, datetime or Timestamp, default: the window that was pulled
        The window. Where it is not known: whole days, from a channel's first start to its last end
        (a programme of more than 8 hours counts with 8). Words and bare dates are days of `tz`; a
        time of day without a zone is of KOTT_TZ, else UTC.
    tz : str or tzinfo, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone of the days.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per channel and day: linearAssetId, day (its first moment, in `tz`), minutes
        (covered; what several programmes share counts once), asked (the day's minutes within
        the window: 1,380, 1,440 or 1,500 for most whole days), share (minutes / asked); all three
        `Float64`.

    Raises
    ------
    KottError
        A column is missing, a channel is not known, or a channel without programmes has no window.

    See Also
    --------
    gaps : When nothing is on.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=4, days=3, households=0, defects=False)
    >>> epg = kott.epg(session, "today", "tomorrow", tz="Europe/Athens")
    >>> schedule.coverage(epg)["share"].tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    epg = named(epg, columns, *TIMED, channels=channels)
    labels, spans = spans_of(epg, channels)
    first, last = window(epg, start, end, tz)
    if channels is not None:
        refuse_unseen(labels, spans, first, last)
    spans = clipped(spans, first, last)
    days = local_days(spans, first, last, zone_of(epg, tz))
    edges = days.to_numpy("datetime64[us]").view(np.int64)
    since, until = bounds(spans, len(labels), edges, first, last)
    within = in_common(edges[:-1], edges[1:], since[:, None], until[:, None])
    runs = joined(clipped(spans, since[spans.code], until[spans.code]))
    code, day = np.nonzero(within)
    whole, part = within[code, day], by_day(runs, edges, len(labels))[code, day]
    table = pd.DataFrame(
        {
            "linearAssetId": labels.take(code),
            "day": days.take(day),
            "minutes": pd.array(part / MINUTE, dtype="Float64"),
            "asked": pd.array(whole / MINUTE, dtype="Float64"),
            "share": pd.array(part / whole, dtype="Float64"),
        }
    )
    return with_channel_names(table, epg, channels)


def horizon(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    hours: float = 120,
    now: When | None = None,
    end: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Measure how many hours of guide a channel has behind and ahead of now, against a target.

    Gaps are not looked at. A programme of more than 8 hours reaches only to the next start.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : iterable of ids or names, or DataFrame of `kott.channels`, default: those that occur
        The channels to look at. One without a programme has no dates, and all is short.
    hours : float, default 120
        The target: hours of guide from `now` on.
    now : str, date, datetime or Timestamp, default: when the table was pulled
        The present.
    end : str, date, datetime or Timestamp, default: the end of what was pulled
        No channel is short of hours beyond it.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per channel: linearAssetId, startDate and endDate (of its first and its last
        programme, `datetime64[us, UTC]`), behind, ahead, short (hours, `Float64`).

    Raises
    ------
    KottError
        A column is missing, or a channel is not known.

    See Also
    --------
    coverage, history.reach, plots.horizon

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=4, days=3, households=0, defects=False)
    >>> epg = kott.epg(session, "today-1d", "today+7d")
    >>> bool((schedule.horizon(epg)["short"] > 0).all())  # the demo's guide has three days
    True
    """
    epg = named(epg, columns, *TIMED, channels=channels)
    labels, spans = spans_of(epg, channels, believable=True)
    moment = stamp(pulled(epg, now))
    until = moment + round(hours * HOUR)
    last = window(epg, None, end)[1]
    first = np.full(len(labels), np.iinfo(np.int64).max)
    final = np.full(len(labels), NAT)
    np.minimum.at(first, spans.code, spans.start)
    np.maximum.at(final, spans.code, spans.end)
    has = final != NAT
    ahead = np.where(has, final - moment, 0).clip(min=0)
    table = pd.DataFrame(
        {
            "linearAssetId": labels,
            "startDate": as_times(np.where(has, first, NAT)),
            "endDate": as_times(final),
            "behind": _hours(np.where(has, moment - first, 0)),
            "ahead": _hours(ahead),
            "short": _hours((until if last is None else min(until, last)) - moment - ahead),
        }
    )
    return with_channel_names(table, epg, channels)


def _hours(micros: Micros) -> Any:
    return pd.array(micros.clip(min=0) / HOUR, dtype="Float64")


def now_next(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    now: When | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Show what each channel has on at a time, and what comes next.

    Of several programmes that are on, the one that started last is shown; of several that start
    together, the one with the highest id.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : iterable of ids or names, or DataFrame of `kott.channels`, default: those that occur
        The channels to look at.
    now : str, date, datetime or Timestamp, default: when the table was pulled
        The time.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per channel: linearAssetId, id, name, startDate, endDate of what is on, then nextId,
        nextName, nextStartDate, with the dtypes of `epg`; absent where there is none.

    Raises
    ------
    KottError
        A column is missing, or a channel is not known.

    See Also
    --------
    gaps, plots.grid

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=4, days=3, households=0, defects=False)
    >>> epg = kott.epg(session, "now-3h", "now+3h")
    >>> bool(schedule.now_next(epg)["name"].notna().all())
    True
    """
    epg = named(epg, columns, *TIMED, "name", channels=channels)
    names = ["channelName"] if "channelName" in epg.columns else []
    epg = epg[["id", *TIMED, "name", *names]].sort_values("id", kind="stable")
    labels, spans = spans_of(epg, channels)
    moment = stamp(pulled(epg, now))
    begun = spans.start <= moment
    on = np.flatnonzero(begun & (spans.end > moment))
    later = np.flatnonzero(~begun)
    epg = epg.reset_index(drop=True)
    shown = _rows(epg, _last_of_each(spans, on, len(labels)), ["id", "name", *TIMED[1:]])
    after = _rows(
        epg, _last_of_each(spans, later[::-1], len(labels)), ["id", "name", "startDate"]
    ).set_axis(["nextId", "nextName", "nextStartDate"], axis=1)
    table = pd.concat([pd.DataFrame({"linearAssetId": labels}), shown, after], axis=1)
    return with_channel_names(table, epg, channels)


def _last_of_each(spans: Spans, at: Whole, channels: int) -> npt.NDArray[np.intp]:
    """Return the table's row of each channel's last span of these, -1 where it has none."""
    rows = np.full(channels, -1)
    rows[spans.code[at]] = spans.row[at]
    return rows


def _rows(epg: pd.DataFrame, rows: npt.NDArray[np.intp], columns: list[str]) -> pd.DataFrame:
    return epg[columns].reindex(rows).reset_index(drop=True)


def in_window(epg: pd.DataFrame, first: int | None, last: int | None) -> Mask:
    """Find programmes that are on at some time in the window; those of no length count there."""
    start = epg["startDate"].to_numpy("datetime64[us]").view(np.int64)
    end = epg["endDate"].to_numpy("datetime64[us]").view(np.int64)
    within = start != NAT
    if first is not None:
        within &= (end > first) | (start >= first)
    if last is not None:
        within &= start < last
    mask: Mask = within
    return mask
