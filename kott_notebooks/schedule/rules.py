"""Each rule of the guide's audit as findings: of which programme or channel, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts as check
from kott_notebooks.audits.findings import ERROR, INFO, WARNING
from kott_notebooks.audits.rulebook import Schedule
from kott_notebooks.schedule.clocks import clock_changes
from kott_notebooks.schedule.coverage import gaps, horizon, in_window, off_air_spans, overlapping
from kott_notebooks.schedule.duplicates import bands, later_and_earlier, simulcasts
from kott_notebooks.schedule.episodes import EPISODE, SEASON, episodes
from kott_notebooks.schedule.programmes import (
    durations,
    fillers,
    restart,
    runtimes,
    texts,
    watershed,
)
from kott_notebooks.schedule.spans import (
    DAY,
    LONGEST,
    MINUTE,
    TIMED,
    Mask,
    Spans,
    Whole,
    by_channel,
    in_order,
    joined,
    keys,
    spans_of,
    unknown_spans,
)
from kott_notebooks.tables.columns import Micros, as_times, micros
from kott_notebooks.times import offsets

SHORT_LIST = 5  # bad times of one cause that are findings of their own; more are one finding


@dataclass(frozen=True)
class Guide:
    """What is audited: the programmes, the channels, the present, the window, the zones."""

    epg: pd.DataFrame  # without the rows whose times are not possible
    bad: pd.DataFrame  # one row per time that is not: id, ..., row, field, cause, text
    expected: pd.Index[Any] | None  # the channels that should have programmes
    channels: pd.DataFrame | None
    all_known: bool  # that table has all channels: programmes of any other are findings
    names: Mapping[str, str]  # of channels, by their ids as text
    now: pd.Timestamp
    start: int | None  # the window, in microseconds
    end: int | None
    asked_end: int | None  # the end asked for, beyond which no horizon has to reach
    tz: Any  # as it was given, for `zones_of`
    labels: pd.Index[Any]  # the channels that have programmes
    zones: Sequence[tzinfo]  # of each of them
    rules: Schedule
    words: check.Words

    def has(self, *columns: str) -> bool:
        return set(columns) <= set(self.epg.columns)


# Columns that a rule needs
NEEDS = {
    "schedule.duplicate": ("name",),
    "schedule.reingested": ("name",),
    "schedule.missing_title": ("name",),
    "schedule.placeholder_title": ("name",),
    "schedule.missing_synopsis": ("description",),
    "schedule.title_is_synopsis": ("name", "description"),
    "schedule.mojibake": ("name",),
    "schedule.markup": ("name",),
    "schedule.residue": ("name",),
    "schedule.filler": ("name",),
    "schedule.same_as": ("name",),
    "schedule.episode_order": ("name", SEASON, EPISODE),
    "schedule.missing_episode": ("name", SEASON, EPISODE),
}


def findings(guide: Guide) -> Iterator[pd.DataFrame]:
    """Run every rule that the table has the columns for."""
    pairs = None
    yield _bad_times(guide)
    yield _missing_ends(guide)
    yield _gaps(guide)
    yield _durations(guide)
    yield _horizon(guide)
    if guide.has("name"):
        pairs = later_and_earlier(guide.epg, round(guide.rules.reingested_minutes * MINUTE))
        yield _duplicates(guide, pairs)
        yield _texts(guide)
        yield _fillers(guide)
        if "schedule.same_as" not in guide.rules.off:  # it costs as much as several others
            yield _same_as(guide)
    yield _overlaps(guide, pairs)
    if guide.expected is not None:
        yield _no_programmes(guide, guide.expected)
    if guide.has("name", SEASON, EPISODE):
        yield _episodes(guide)
    if guide.channels is not None and guide.all_known:
        yield _unknown_channels(guide, guide.channels)
    if guide.channels is not None:
        yield _restart(guide, guide.channels)
    yield _clock_shift(guide)
    if guide.has("name", guide.rules.runtime):
        yield _runtimes(guide)
    if guide.has("name", guide.rules.rating):
        yield _watershed(guide)


# Times


def _bad_times(guide: Guide) -> pd.DataFrame:
    """One row per programme, or one per cause where a file is full of it."""
    parts = []
    for (column, cause), of in guide.bad.groupby(["field", "cause"], sort=False):
        says = [f": {text}." if isinstance(text, str) and text else "." for text in of["text"]]
        if len(of) <= SHORT_LIST:
            part = _of_rows(of, "schedule.bad_time", [f"Its {column} {cause}{one}" for one in says])
        else:
            first = f"the first is {of['id'].iloc[0]}{says[0]}"
            detail = f"{len(of):,} programmes have a {column} that {cause}; {first}"
            part = pd.DataFrame({"rule": ["schedule.bad_time"], "detail": [detail]})
        parts.append(part.assign(field=str(column)))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _missing_ends(guide: Guide) -> pd.DataFrame:
    """A programme without an end ends at the next start, unless that is 8 hours away or more."""
    bad = set(guide.bad.loc[guide.bad["field"] == "endDate", "row"])
    spans = unknown_spans(guide.epg)
    known = np.array([row not in bad for row in guide.epg.index[spans.row]], dtype=bool)
    spans = spans.take(np.flatnonzero(known & (spans.end - spans.start >= LONGEST)))
    table = _of_rows(guide.epg.iloc[spans.row], "schedule.missing_end", "It has no end.")
    return table.assign(field="endDate", endDate=as_times(spans.end))


def _durations(guide: Guide) -> pd.DataFrame:
    table = durations(
        guide.epg,
        min_minutes=guide.rules.shortest_minutes,
        max_minutes=guide.rules.longest_minutes,
    )
    key = ["id", *TIMED]  # joined guides may share ids
    names = guide.epg.reindex(columns=[*key, "name"]).drop_duplicates(key)
    table = table.merge(names.astype({"name": "str"}), on=key, how="left")
    is_off_air = (table["fault"] == "long") & check.off_air(table["name"], words=guide.words)
    known = {fault: f"schedule.{fault}_length" for fault in ("zero", "negative")}
    rules = table["fault"].map(known).fillna("schedule.absurd_length")
    says = [f"It lasts {_span(minutes)}." for minutes in table["minutes"]]
    return table.assign(rule=rules, field="endDate", detail=says)[~is_off_air]


# Gaps and overlaps


def _gaps(guide: Guide) -> pd.DataFrame:
    """A channel that shows nothing at all is not a gap: see schedule.no_programmes."""
    is_known = guide.start is not None and guide.end is not None
    table = gaps(
        guide.epg,
        start=_time(guide.start),
        end=_time(guide.end),
        minutes=guide.rules.gap_minutes,
        channels=_shown(guide) if is_known else None,
        tz=guide.tz,
        off_air={name: of.times_off_air for name, of in guide.rules.channels.items()},
    )
    code = guide.labels.get_indexer(pd.Index(table["linearAssetId"]))
    return table.assign(
        rule="schedule.gap",
        severity=np.where(table["minutes"] >= guide.rules.gap_error_minutes, ERROR, WARNING),
        **_of_channel(guide, table["linearAssetId"]),
        field=_local_days(guide, code, micros(table, "startDate")),
        detail=[f"Nothing is on for {_span(minutes)}." for minutes in table["minutes"]],
    )


def _local_days(guide: Guide, code: npt.NDArray[Any], moments: Micros) -> list[str]:
    """Name the local days of moments, which tell gaps of a channel apart from audit to audit."""
    local = moments.copy()
    for tz in dict.fromkeys(guide.zones):
        own = np.array([guide.zones[one] == tz for one in code], dtype=bool)
        local[own] += offsets(moments[own], tz)
    return [str(one) for one in as_times(local).strftime("%Y-%m-%d")]


def _shown(guide: Guide) -> list[Any]:
    """List the channels that show something in the window."""
    shown = in_window(guide.epg, guide.start, guide.end)
    own = guide.epg["linearAssetId"][shown | _lasting(guide)]
    return sorted(own.dropna().unique().tolist())


def _lasting(guide: Guide) -> Mask:
    """Find programmes without an end that may be on in the window."""
    spans = unknown_spans(guide.epg)
    rows = np.zeros(len(guide.epg), dtype=bool)
    on = (guide.end is None) | (spans.start < (guide.end or 0))
    rows[spans.row[on & ((guide.start is None) | (spans.end > (guide.start or 0)))]] = True
    return rows


def _overlaps(guide: Guide, pairs: pd.DataFrame | None) -> pd.DataFrame:
    """One row per programme that runs on into others; of equal starts, that of the higher id."""
    epg = guide.epg
    if pairs is not None:
        epg = epg.drop(index=epg.index[pairs["later"]])
    epg = epg.sort_values("id", kind="stable")
    _, spans = spans_of(epg)
    one, other = overlapping(epg, spans)
    shared = np.minimum(spans.end[one], spans.end[other]) - spans.start[other]
    enough = shared > guide.rules.overlap_seconds * 1_000_000
    one, other = one[enough], other[enough]
    together = spans.start[one] == spans.start[other]  # the lower id comes first there
    cause, hit = np.where(together, other, one), np.where(together, one, other)
    until = np.minimum(spans.end[one], spans.end[other])
    runs = joined(in_order(Spans(cause, spans.start[other], until, np.arange(len(cause)))))
    causes, first_hit = _first_of_each(cause, spans.start[hit], spans.row[hit])
    sums = pd.DataFrame({"cause": runs.code, "first": runs.start, "last": runs.end})
    sums = sums.assign(minutes=(runs.end - runs.start) / MINUTE)
    how: dict[str, Any] = {"first": "min", "last": "max", "minutes": "sum"}
    table = sums.groupby("cause").agg(how).reindex(causes)
    hits = np.bincount(cause, minlength=len(spans.code))[causes]
    minutes = table["minutes"].to_numpy(float)
    says = [
        f"It runs {_span(by)} into {one}."
        if n == 1
        else f"It runs on into {n:,} others for {_span(by)}; the first is {one}."
        for n, by, one in zip(hits.tolist(), minutes, _titled(epg, first_hit), strict=True)
    ]
    table_ = _of_rows(epg.iloc[spans.row[causes]], "schedule.overlap", says)
    return table_.assign(
        severity=np.where(minutes <= guide.rules.overlap_error_minutes, WARNING, ERROR),
        startDate=as_times(table["first"].to_numpy(np.int64)),
        endDate=as_times(table["last"].to_numpy(np.int64)),
    )


def _first_of_each(cause: Whole, start: Micros, row: Whole) -> tuple[Whole, Whole]:
    """Return each cause once, and the row of the first programme that it hits."""
    order = np.lexsort((start, cause))
    causes, at = np.unique(cause[order], return_index=True)
    return causes, row[order][at]


def _horizon(guide: Guide) -> pd.DataFrame:
    """A channel without any programme has no horizon: see schedule.no_programmes."""
    hours = guide.rules.horizon_hours
    table = horizon(guide.epg, hours=hours, now=guide.now, end=_time(guide.asked_end))
    table = table[(table["short"] > 0) & table["endDate"].notna()]
    until = guide.now + pd.Timedelta(hours=hours)
    ends = [
        f"The guide ends at {end:%Y-%m-%d %H:%M} UTC, in {h:,.1f} h."
        if h
        else f"The guide ended at {end:%Y-%m-%d %H:%M} UTC."
        for end, h in zip(table["endDate"], table["ahead"], strict=True)
    ]
    return table.assign(
        rule="schedule.horizon",
        severity=np.where(table["ahead"] < hours / 3, ERROR, WARNING),
        **_of_channel(guide, table["linearAssetId"]),
        detail=ends,
        startDate=table["endDate"],
        endDate=until,
    )


def _no_programmes(guide: Guide, expected: pd.Index[Any]) -> pd.DataFrame:
    own = pd.Series(expected)
    missing = own[~keys(own).isin(set(keys(pd.Series(_shown(guide), dtype="object"))))]
    return pd.DataFrame(
        {
            "rule": "schedule.no_programmes",
            "linearAssetId": missing,
            **_of_channel(guide, missing),
            "startDate": _time(guide.start),
            "endDate": _time(guide.end),
            "detail": "The channel has no programme in the window.",
        }
    )


def _unknown_channels(guide: Guide, channels: pd.DataFrame) -> pd.DataFrame:
    """One row per channel that programmes name and the table of channels does not have."""
    own = keys(guide.epg["linearAssetId"])
    known = keys(channels["id"]).dropna()
    counts = own[own.notna() & ~own.isin(known)].value_counts(sort=False).sort_index()
    near = {_without_zeros(one): one for one in known}
    hints = [near.get(_without_zeros(one)) for one in counts.index]
    rows = own.reset_index(drop=True).drop_duplicates()
    first = guide.epg["linearAssetId"].iloc[rows[rows.isin(counts.index)].sort_values().index]
    return pd.DataFrame(
        {
            "rule": "schedule.unknown_channel",
            "linearAssetId": first.array,
            "id": counts.index,
            "detail": [
                f"{n:,} programme{' is' if n == 1 else 's are'} on a channel that is not listed."
                for n in counts
            ],
            "hint": [
                f"Use the id {one!r}, as the table of channels writes it."
                if one
                else "Add the channel, or leave its programmes out of the delivery."
                for one in hints
            ],
        }
    )


def _without_zeros(key: str) -> str:
    """Return an id without case, blanks and leading zeros."""
    return "".join(key.split()).casefold().lstrip("0")


# Programmes that are there twice


def _duplicates(guide: Guide, pairs: pd.DataFrame) -> pd.DataFrame:
    """One row per programme, or one per band where several slots in a row were ingested twice."""
    epg, run = guide.epg, bands(guide.epg, pairs)
    slots = pairs.assign(run=run).groupby("run")["earlier"].nunique().reindex(run).to_numpy()
    many = slots >= guide.rules.band_slots
    rules = {"slot": "schedule.duplicate", "again": "schedule.reingested"}
    says = {"slot": "It has the slot and the name of {}.", "again": "It is {} under another id."}
    single = pairs[~many]
    others = _titled(epg, single["earlier"].to_numpy())
    details = [says[one].format(other) for one, other in zip(single["fault"], others, strict=True)]
    parts = [_of_rows(epg.iloc[single["later"]], single["fault"].map(rules).array, details)]
    for (_, fault), of in pairs[many].groupby([run[many], "fault"]):
        rows = epg.iloc[of["later"]]
        since, until = rows["startDate"].min(), rows["endDate"].max()
        own = rows["linearAssetId"].iloc[:1]
        detail = (
            f"{len(rows):,} programmes from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC "
            f"are there twice, {rows['id'].iloc[0]} as {epg['id'].iloc[of['earlier'].iloc[0]]}."
        )
        band = {"rule": rules[str(fault)], "startDate": since, "endDate": until, "detail": detail}
        parts.append(pd.DataFrame({**band, "linearAssetId": own, **_of_channel(guide, own)}))
    return pd.concat(parts, ignore_index=True)


def _same_as(guide: Guide) -> pd.DataFrame:
    """One row per pair of channels."""
    table = simulcasts(
        guide.epg,
        guide.channels,
        min_share=guide.rules.same_as_share,
        min_programmes=guide.rules.same_as_programmes,
        tz=guide.tz,
        words=guide.words,
    )
    other = keys(table["otherChannelId"])
    named = [guide.names.get(one, one) for one in other]
    says = [
        f"On {day:%Y-%m-%d} it shows {same} of {n} programmes of {name}"
        + (f", {hours} h later." if hours else ".")
        for day, same, n, name, hours in zip(
            table["startDate"] + pd.Timedelta(hours=12),  # noon, in most zones the same day
            *(table[one] for one in ("same", "programmes")),
            named,
            table["hours"],
            strict=True,
        )
    ]
    return table.assign(
        rule="schedule.same_as",
        severity=np.where((table["hours"] > 0) | table["variant"], INFO, WARNING),
        **_of_channel(guide, table["linearAssetId"]),
        field=other,
        detail=says,
    )


# Texts


_TEXTS = pd.DataFrame(
    [
        ("name", "missing", "missing_title", "It has no name."),
        ("name", "placeholder", "placeholder_title", "Its name is a stand-in."),
        ("description", "missing", "missing_synopsis", "It has no description."),
        ("description", "placeholder", "missing_synopsis", "Its description is a stand-in."),
        ("description", "is_name", "title_is_synopsis", "Its description is its name."),
        ("name", "mojibake", "mojibake", "Its name was decoded wrongly."),
        ("description", "mojibake", "mojibake", "Its description was decoded wrongly."),
        ("name", "markup", "markup", "Its name holds HTML."),
        ("description", "markup", "markup", "Its description holds HTML."),
        ("name", "residue", "residue", "Its name holds remains of code."),
        ("description", "residue", "residue", "Its description holds remains of code."),
    ],
    columns=["field", "fault", "rule", "detail"],
).set_index(["field", "fault"])


def _texts(guide: Guide) -> pd.DataFrame:
    """One row per programme and rule, even where both of its texts are wrong."""
    table = texts(guide.epg, words=guide.words)
    table = table.join(_TEXTS, on=["field", "fault"], how="inner")
    table = table.assign(rule="schedule." + table["rule"])
    table = table.drop_duplicates(["id", *TIMED, "rule"])
    if not guide.has("description"):
        return table
    lacks = table[table["rule"] == "schedule.missing_synopsis"]
    code = guide.labels.get_indexer(pd.Index(guide.epg["linearAssetId"]))
    size = np.bincount(code[code >= 0], minlength=len(guide.labels))
    without = guide.labels.get_indexer(pd.Index(lacks["linearAssetId"]))
    count = np.bincount(without[without >= 0], minlength=len(guide.labels))
    none = np.flatnonzero((count == size) & (size > 0))
    gone = lacks.index[np.isin(without, none)]
    own = pd.Series(guide.labels.take(none))
    of = guide.epg.groupby("linearAssetId")
    every = pd.DataFrame(
        {
            "rule": "schedule.missing_synopsis",
            "field": "description",
            "linearAssetId": own,
            **_of_channel(guide, own),
            "startDate": of["startDate"].min().reindex(own).array,
            "endDate": of["endDate"].max().reindex(own).array,
            "detail": [
                f"None of its {n:,} programmes has a description."
                if n > 1
                else "Its only programme has no description."
                for n in size[none]
            ],
        }
    )
    return pd.concat([table.drop(index=gone), every], ignore_index=True)


def _fillers(guide: Guide) -> pd.DataFrame:
    """Fillers within the known off-air hours of a channel are no findings."""
    says = {"made up": "It was made up to fill a hole.", "off air": "Its name says: nothing is on."}
    table = fillers(guide.epg, words=guide.words)
    table = table.assign(rule="schedule.filler", field="name", detail=table["why"].map(says))
    hours = {name: of.times_off_air for name, of in guide.rules.channels.items()}
    if not hours or table.empty:
        return table
    start, end = micros(table, "startDate"), micros(table, "endDate")
    known = off_air_spans(
        by_channel(hours, guide.labels, guide.names),
        guide.zones,
        int(start.min()) - DAY,
        int(max(start.max(), end.max())) + DAY,
    )
    runs = joined(in_order(known))
    code = guide.labels.get_indexer(pd.Index(table["linearAssetId"]))
    within = np.zeros(len(table), dtype=bool)
    for one in np.unique(runs.code):
        own = np.flatnonzero(runs.code == one)
        rows = np.flatnonzero(code == one)
        at = np.searchsorted(runs.start[own], start[rows], "right") - 1
        within[rows] = (at >= 0) & (end[rows] <= runs.end[own][at])
    return table[~within]


# Numbers, flags, clocks


def _episodes(guide: Guide) -> pd.DataFrame:
    rules = dict.fromkeys(("no_episode", "no_season"), "schedule.missing_episode")
    says = {"no_episode": "It has a season, and no episode.", "no_season": "It has no season."}
    table = episodes(guide.epg)
    numbers = zip(table["fault"], table["episode"], table["previous"], strict=True)
    return table.assign(
        rule=table["fault"].map(rules | {"exchanged": "schedule.episode_order"}),
        field=table["fault"].map({"no_season": SEASON}).fillna(EPISODE),
        detail=[
            says.get(fault) or f"Episode {episode:g} follows episode {previous:g}."
            for fault, episode, previous in numbers
        ],
    )


def _restart(guide: Guide, channels: pd.DataFrame) -> pd.DataFrame:
    table = restart(guide.epg, channels)
    return table.assign(
        rule="schedule.catchup_flag",
        field=table["flags"].str.split(",").str[0],
        detail=[f"It has {flags}, and its channel has not." for flags in table["flags"]],
    )


def _clock_shift(guide: Guide) -> pd.DataFrame:
    """One row per channel, for the first change of the clocks that it did not follow."""
    table = clock_changes(guide.epg, guide.channels, tz=guide.tz)
    table = table[table["shifted"]].drop_duplicates("linearAssetId")
    says = [
        f"On {day} {off} programmes start {_span(by)} off, and {kept} do not."
        for day, off, kept, by in zip(
            table["day"], table["off"], table["kept"], table["minutes"].abs(), strict=True
        )
    ]
    return table.assign(
        rule="schedule.clock_shift",
        **_of_channel(guide, table["linearAssetId"]),
        startDate=table["changeDate"],
        endDate=table["changeDate"] + pd.Timedelta(days=7),
        detail=says,
    )


def _runtimes(guide: Guide) -> pd.DataFrame:
    table = runtimes(
        guide.epg,
        max_percent=guide.rules.runtime_percent,
        max_minutes=guide.rules.runtime_minutes,
        runtime=guide.rules.runtime,
    )
    both = zip(table["minutes"], table["runtime"], strict=True)
    says = [f"Its slot has {_span(slot)}, its runtime is {_span(stated)}." for slot, stated in both]
    return table.assign(rule="schedule.runtime", field=guide.rules.runtime, detail=says)


def _watershed(guide: Guide) -> pd.DataFrame:
    table = watershed(
        guide.epg,
        guide.channels,
        min_age=guide.rules.watershed_rating,
        daytime_hours=guide.rules.watershed_hours,
        rating=guide.rules.rating,
        tz=guide.tz,
    )
    both = zip(table["age"], table["minutes"], strict=True)
    says = [f"It is rated {age}, and on in the daytime for {_span(by)}." for age, by in both]
    return table.assign(rule="schedule.watershed", field=guide.rules.rating, detail=says)


# Words and columns that findings share


def _of_rows(rows: pd.DataFrame, rule: Any, detail: Any) -> pd.DataFrame:
    """Return findings of programmes."""
    shown = rows[["id", "linearAssetId", "startDate", "endDate"]]
    name = rows["name"] if "name" in rows.columns else None
    return shown.assign(rule=rule, name=name, detail=detail)


def _titled(epg: pd.DataFrame, rows: Whole) -> list[str]:
    """Write programmes as words name them: `News (4711)`, by their ids where they have no name."""
    own = epg.iloc[rows]
    ids = own["id"].astype("str")
    names = own["name"].astype("str").fillna("").str.strip() if "name" in own else ids
    pairs = zip(names, ids, strict=True)
    return [f"{name} ({one})" if name not in ("", one) else one for name, one in pairs]


def _of_channel(guide: Guide, own: pd.Series[Any]) -> dict[str, Any]:
    """Return the id and, where it is known, the name of a channel."""
    ids = keys(own)
    return {"id": ids, "name": [guide.names.get(one) for one in ids]}


def _time(moment: int | None) -> pd.Timestamp | None:
    return None if moment is None else as_times(np.array([moment]))[0]


def _span(minutes: float) -> str:
    """Write minutes as people say them: 1 s, 5 min, 1,440 min."""
    return f"{minutes:,.0f} min" if abs(minutes) >= 1 else f"{minutes * 60:,.0f} s"
