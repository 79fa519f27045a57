"""When channels have programmes, as columns of numbers, which all analyses of a guide start from.

A programme counts from its startDate up to, and without, its endDate. One without an end lasts
until the next start on its channel, if that is within 8 hours. One that lacks a start or a channel,
or ends no later than it starts, covers nothing and overlaps nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import (
    NAT,
    Micros,
    as_times,
    asked,
    called,
    channel_ids,
    micros,
    need,
    stamp,
    zone_of,
)
from kott_notebooks.tables.names import with_names
from kott_notebooks.times import When, day_starts, offsets, zone

Columns: TypeAlias = Mapping[str, str]  # our name of a column -> the table's
Channels: TypeAlias = Iterable[Any] | pd.DataFrame
Zone: TypeAlias = str | tzinfo | Mapping[Any, str | tzinfo]
Mask: TypeAlias = npt.NDArray[np.bool_]
Whole: TypeAlias = npt.NDArray[np.intp]

MINUTE = 60_000_000  # microseconds
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NEVER = 2**61  # later than any time
LONGEST = 8 * HOUR  # of a programme that can be believed
TIMED = ("linearAssetId", "startDate", "endDate")  # what every analysis needs
FIELDS = (  # metas and tags that analyses know, whatever their case in the table
    "tags.Genre", "tags.Parental rating", "metas.Runtime", "metas.Repeat", "metas.Series ID",
    "metas.Season number", "metas.Episode number",
)  # fmt: skip


def named(
    epg: pd.DataFrame,
    columns: Columns | None,
    *needed: str,
    channels: Channels | None = None,
) -> pd.DataFrame:
    """Return a guide whose columns have the names that we know; KottError where one is missing.

    Where rows have no id, their labels stand for it, or their places if labels come twice. Starts
    and ends become times in UTC. Names of metas and tags are matched whatever their case; `matched`
    in the provenance has those that differ. A programme without a linearAssetId belongs to the
    channel of `channels` whose externalIds is its epgChannelId.
    """
    need(epg, *(columns or {}).values())
    if columns:
        theirs = [column for column in columns if column not in columns.values()]
        epg = epg.drop(columns=theirs, errors="ignore")
        epg = epg.rename(columns={theirs: ours for ours, theirs in columns.items()})
    epg = called(epg, *FIELDS, *needed)
    if isinstance(channels, pd.DataFrame):
        epg = _linked(epg, need(channels, "id"))
    if "id" not in epg.columns:
        epg = epg.assign(id=epg.index if epg.index.is_unique else range(len(epg)))
    return _typed(epg, *needed)


def _typed(epg: pd.DataFrame, *needed: str) -> pd.DataFrame:
    """Return the table as our listings type it, but for ids of channels that are text already."""
    table = need(epg, *needed)
    own = epg.get("linearAssetId")
    return table if own is None or own.dtype != "str" else table.assign(linearAssetId=own)


def _linked(epg: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """Set missing linearAssetIds to that of the channel that the epgChannelId names."""
    if "externalIds" not in channels.columns or "epgChannelId" not in epg.columns:
        return epg
    own = epg.get("linearAssetId", pd.Series(None, epg.index, dtype="object"))
    if own.notna().all():
        return epg
    known = channels.assign(key=keys(channels["externalIds"])).drop_duplicates("key")
    linked = keys(epg["epgChannelId"]).map(known.set_index("key")["id"])
    return epg.assign(linearAssetId=linked if own.isna().all() else own.fillna(linked))


def keys(ids: pd.Series[Any]) -> pd.Series[Any]:
    """Return ids as text, the same for 7, 7.0 and "7"; "007" is another one."""
    codes, values = pd.factorize(ids)
    texts_ = [
        str(int(one)) if isinstance(one, float) and one.is_integer() else str(one)
        for one in values.tolist()
    ]
    return pd.Series(np.array([*texts_, None], dtype=object)[codes], ids.index, dtype="str")


class Spans(NamedTuple):
    """Times at which channels are busy, by channel (a code) and start; times in microseconds."""

    code: Whole
    start: Micros
    end: Micros
    row: Whole  # its position in the table

    def take(self, at: npt.NDArray[Any]) -> Spans:
        return Spans(*(column[at] for column in self))


def spans_of(
    epg: pd.DataFrame, channels: Channels | None = None, *, believable: bool = False
) -> tuple[pd.Index[Any], Spans]:
    """Return the channels and when they have programmes.

    With `believable`, a programme of more than 8 hours ends where the next one of its channel
    starts, if there is one: a wrong end hides no gap. What says that the channel is off air may
    last longer.
    """
    labels, begun = _begun(epg, channels)
    spans = begun.take(np.flatnonzero(begun.end > begun.start))
    long = np.flatnonzero(spans.end - spans.start > LONGEST) if believable else np.array([], int)
    if "name" in epg.columns and len(long):
        long = long[~texts.off_air(epg["name"].iloc[spans.row[long]])]
    if len(long):
        real = np.flatnonzero((begun.end > begun.start) | (begun.end == NAT))
        following = next_starts(begun.take(real))[begun.end[real] != NAT]
        spans.end[long] = np.minimum(spans.end[long], following[long])
    return labels, spans


def unknown_spans(epg: pd.DataFrame, channels: Channels | None = None) -> Spans:
    """Return the times that a programme without an end may cover.

    Each is from the programme's start to the next start on its channel, and no longer than 8 hours.
    """
    if not (micros(epg, "endDate") == NAT).any():
        return Spans(*(np.zeros(0, np.int64) for _ in Spans._fields))
    _, begun = _begun(epg, channels)
    at = np.flatnonzero(begun.end == NAT)
    until = np.minimum(next_starts(begun), begun.start + LONGEST)[at]
    return begun.take(at)._replace(end=until)


def _begun(epg: pd.DataFrame, channels: Channels | None) -> tuple[pd.Index[Any], Spans]:
    """Return all programmes that have a channel and a start; those without an end last `NAT`."""
    epg = _typed(epg, *TIMED)
    own = epg["linearAssetId"]
    if channels is None:
        code, labels = pd.factorize(own, sort=True)
    else:
        labels = as_channels(channels, epg)
        code = pd.Index(keys(pd.Series(labels))).get_indexer(pd.Index(keys(own)))
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    at = np.flatnonzero((code >= 0) & (start != NAT))
    begun = in_order(Spans(code, start, end, np.arange(len(epg))).take(at))
    if (begun.end == NAT).any():
        following = next_starts(begun)
        near = (begun.end == NAT) & (following - begun.start <= LONGEST)
        begun = begun._replace(end=np.where(near, following, begun.end))
    return labels, begun


def next_starts(spans: Spans) -> Micros:
    """Return when the next programme of the channel starts, later than this one; else `NEVER`."""
    fresh = np.ones(len(spans.code), dtype=bool)
    fresh[1:] = (np.diff(spans.code) != 0) | (np.diff(spans.start) != 0)
    first = np.flatnonzero(fresh)
    following = np.full(len(first), NEVER)
    same = np.flatnonzero(np.diff(spans.code[first]) == 0)
    following[same] = spans.start[first[same + 1]]
    starts: Micros = following[np.cumsum(fresh) - 1]
    return starts


def as_channels(channels: Channels, epg: pd.DataFrame) -> pd.Index[Any]:
    """List channels as the guide has them: by id, or by name where the guide has channelName.

    KottError where one of a list can be neither.
    """
    own, ids = epg["linearAssetId"], channel_ids(channels)
    names = known_names(epg)
    if not isinstance(channels, pd.DataFrame) and names:
        known = set(keys(own))
        by_name = {name.casefold(): one for one, name in names.items()}
        ids = [one if str(one) in known else by_name.get(str(one).casefold(), one) for one in ids]
    text = keys(pd.Series(ids, dtype="object")).dropna().drop_duplicates()
    other = text[~text.str.fullmatch(r"0|-?[1-9]\d{0,17}")]
    if pd.api.types.is_numeric_dtype(own.dtype):
        if len(other) and own.notna().any() and not isinstance(channels, pd.DataFrame):
            near = difflib.get_close_matches(other.iloc[0], names.values(), cutoff=0.5)
            raise KottError(
                f"{other.iloc[0]!r} is not a channel of this guide, whose ids are numbers. "
                + (f"Did you mean {' or '.join(map(repr, near))}?" if near else "Give ids.")
            )
        text = text if len(other) else text.astype("Int64").astype(own.dtype)
    labels: pd.Index[Any] = pd.Index(text)
    return labels


def known_names(epg: pd.DataFrame, channels: Channels | None = None) -> dict[str, str]:
    """Return the names of channels by their ids as text, as far as the tables say them."""
    parts = []
    if "channelName" in epg.columns and "linearAssetId" in epg.columns:
        parts.append(epg[["linearAssetId", "channelName"]].drop_duplicates("linearAssetId"))
    if isinstance(channels, pd.DataFrame) and {"id", "name"} <= set(channels.columns):
        parts.append(channels[["id", "name"]].drop_duplicates("id"))
    return {
        key: str(name)
        for part in parts
        for key, name in zip(keys(part.iloc[:, 0]), part.iloc[:, 1], strict=True)
        if pd.notna(name) and pd.notna(key)
    }


def with_channel_names(
    table: pd.DataFrame, epg: pd.DataFrame, channels: Channels | None = None
) -> pd.DataFrame:
    """Return a table with channelName beside linearAssetId, where a guide or channels have names.

    Beside otherChannelId, otherChannelName.
    """
    names = known_names(epg, channels)
    return with_names(table, channels=names) if names else table


def by_channel(given: Mapping[Any, Any], labels: pd.Index[Any], names: Mapping[str, str]) -> Any:
    """List what a mapping says of each channel, by its id or its name; None where it is silent."""
    known = {str(one).casefold(): value for one, value in given.items()}
    own = keys(pd.Series(labels))
    return [known.get(key.casefold(), known.get(names.get(key, key).casefold())) for key in own]


def zones_of(
    epg: pd.DataFrame,
    labels: pd.Index[Any],
    tz: Zone | None,
    channels: Channels | None = None,
) -> list[tzinfo]:
    """List the zone of each channel: of `tz`, of the column `tz` of `channels`, else the guide's.

    A mapping has ids or names of channels as its keys; channels that it leaves out are in the
    guide's own zone (`zone_of`).
    """
    names = known_names(epg, channels)
    given: Mapping[Any, Any] = tz if isinstance(tz, Mapping) else {}
    if isinstance(channels, pd.DataFrame) and {"id", "tz"} <= set(channels.columns):
        own = channels[channels["tz"].notna()]
        given = dict(zip(keys(own["id"]), own["tz"], strict=True)) | dict(given)
    usual = zone_of(epg, None if isinstance(tz, Mapping) else tz)
    return [usual if one is None else zone(one) for one in by_channel(given, labels, names)]


def at_local(local: Micros, tz: tzinfo) -> Micros:
    """Return when the clocks of a zone show local times, as UTC.

    A time that they show twice is the first of the two. One that they skip counts from the offset
    before the change: 02:30 is then what they show as 03:30.
    """
    guess = local - offsets(local, tz)
    before, after = offsets(guess - DAY // 2, tz), offsets(guess + DAY // 2, tz)
    early, late = local - before, local - after
    is_late = (offsets(early, tz) != before) & (offsets(late, tz) == after)
    return np.where(is_late, late, early)


def local_midnights(first: int, last: int, tz: tzinfo) -> Micros:
    """Return the midnights, in local time, of the days from `first` to `last` (times in UTC)."""
    days = day_starts(first, last, tz)
    local = days + offsets(days, tz)
    return (local + DAY // 4) // DAY * DAY  # where clocks skip midnight, a day starts after it


def in_order(spans: Spans) -> Spans:
    return spans.take(np.lexsort((spans.start, spans.code)))


def window(
    epg: pd.DataFrame, start: When | None, end: When | None, tz: str | tzinfo | None = None
) -> tuple[int | None, int | None]:
    first, last = asked(epg, start, end, tz)
    return None if first is None else stamp(first), None if last is None else stamp(last)


def refuse_unseen(labels: pd.Index[Any], spans: Spans, first: int | None, last: int | None) -> None:
    """Raise KottError for a channel without programmes where the window is not known."""
    unseen = labels.delete(np.unique(spans.code))
    if len(unseen) and (first is None or last is None):
        raise KottError(
            f"Channel {unseen[0]} has no programme here that lasts, and the table does not say "
            "which window was asked for: give start and end."
        )


def clipped(spans: Spans, first: Micros | int | None, last: Micros | int | None) -> Spans:
    """Return what lies in the window, cut off at its edges."""
    start = spans.start if first is None else np.maximum(spans.start, first)
    end = spans.end if last is None else np.minimum(spans.end, last)
    return spans._replace(start=start, end=end).take(np.flatnonzero(end > start))


def fenced(spans: Spans, channels: int, first: int | None, last: int | None) -> Spans:
    """Add a span of no length to each channel at the window's edges, so that gaps end there."""
    every = np.arange(channels)
    fences = [np.full(channels, edge) for edge in (first, last) if edge is not None]
    return in_order(
        Spans(
            np.concatenate([spans.code, *(every for _ in fences)]),
            np.concatenate([spans.start, *fences]),
            np.concatenate([spans.end, *fences]),
            np.concatenate([spans.row, *(np.full(channels, -1) for _ in fences)]),
        )
    )


def busy_until(spans: Spans) -> Micros:
    """Return the latest end so far on each span's channel: an earlier programme may last longer."""
    return pd.Series(spans.end).groupby(spans.code).cummax().to_numpy()


def joined(spans: Spans) -> Spans:
    """Join what overlaps or touches into runs that share no time."""
    reach = busy_until(spans)
    fresh = np.ones(len(reach), dtype=bool)
    fresh[1:] = (spans.code[1:] != spans.code[:-1]) | (spans.start[1:] > reach[:-1])
    begins = np.flatnonzero(fresh)
    ends = np.append(begins[1:], len(reach)) - 1
    return spans.take(begins)._replace(end=reach[ends[: len(begins)]])


def paired(spans: Spans) -> tuple[Whole, Whole]:
    """Pair each span with those that start before it ends.

    They follow it directly: compare with the next one, then the second next, while any overlaps.
    """
    one = np.arange(len(spans.code))
    pairs = [(one[:0], one[:0])]
    for step in range(1, len(one)):
        one = one[one + step < len(spans.code)]
        other = one + step
        shares = (spans.code[other] == spans.code[one]) & (spans.start[other] < spans.end[one])
        one = one[shares]
        if not len(one):
            break
        pairs.append((one, one + step))
    firsts, seconds = (np.concatenate(side) for side in zip(*pairs, strict=True))
    order = np.lexsort((seconds, firsts))
    return firsts[order], seconds[order]


def timed(since: Micros, until: Micros) -> dict[str, Any]:
    """Return the columns that say when something is, and for how long."""
    return {
        "startDate": as_times(since),
        "endDate": as_times(until),
        "minutes": pd.array((until - since) / MINUTE, dtype="Float64"),
    }


def local_days(spans: Spans, first: int | None, last: int | None, tz: tzinfo) -> pd.DatetimeIndex:
    """List the first moments of the local days looked at, and of the day after them."""
    early = first if first is not None else min(spans.start, default=0)
    late = last if last is not None else max(reach_of(spans), default=0)
    return as_times(day_starts(early, max(early + 1, late) - 1, tz)).tz_convert(tz)


def reach_of(spans: Spans) -> Micros:
    """Return the ends of spans, of long ones 8 hours after their start: some never end."""
    return np.minimum(spans.end, spans.start + LONGEST)


def bounds(
    spans: Spans, channels: int, edges: Micros, first: int | None, last: int | None
) -> tuple[Micros, Micros]:
    """Return each channel's own window: the one asked for, or its whole days, if it has spans."""
    since, until = np.full((2, channels), edges[0])
    seen, begins = np.unique(spans.code, return_index=True)
    since[seen] = edges[np.searchsorted(edges, spans.start[begins], "right") - 1]
    reach = np.maximum.reduceat(reach_of(spans), begins) if len(begins) else begins
    until[seen] = edges[np.searchsorted(edges, reach - 1, "right")]
    if first is not None:
        since = np.full(channels, first)
    return since, until if last is None else np.full(channels, last)


def in_common(since: Micros, until: Micros, start: Micros, end: Micros) -> Micros:
    shared: Micros = np.minimum(until, end) - np.maximum(since, start)
    return shared.clip(min=0)


def by_day(runs: Spans, edges: Micros, channels: int) -> Micros:
    """Sum up runs by channel and day; a run of several days is cut at their edges."""
    day = np.searchsorted(edges, runs.start, "right") - 1
    length = np.searchsorted(edges, runs.end, "left") - day  # in days
    piece = np.repeat(np.arange(len(day)), length)
    day = day[piece] + np.arange(len(piece)) - np.repeat(np.cumsum(length) - length, length)
    busy = in_common(edges[day], edges[day + 1], runs.start[piece], runs.end[piece])
    total: Micros = np.zeros((channels, len(edges) - 1), dtype=np.int64)
    np.add.at(total, (runs.code[piece], day), busy)
    return total
