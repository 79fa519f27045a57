"""The analyses as rows of findings: which rule, of what, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits.findings import ERROR, WARNING
from kott_notebooks.audits.rulebook import Schedule
from kott_notebooks.audits.texts import Words
from kott_notebooks.schedule.air import gaps, overlaps
from kott_notebooks.schedule.clocks import clock_changes
from kott_notebooks.schedule.doubles import duplicates
from kott_notebooks.schedule.presence import horizon
from kott_notebooks.schedule.programmes import FLAGS, durations, fillers, restart, texts
from kott_notebooks.schedule.series import EPISODE, SEASON, episodes
from kott_notebooks.schedule.spans import DAY, HOUR, as_channels, clipped, spans_of
from kott_notebooks.tables.columns import as_times, stamp


@dataclass(frozen=True)
class Guide:
    """What is audited: the programmes, the channels asked for, the time, the window, the zone."""

    epg: pd.DataFrame
    asked: list[Any] | None
    channels: pd.DataFrame | None
    now: pd.Timestamp
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    tz: tzinfo
    rules: Schedule
    words: Words

    def has(self, *columns: str) -> bool:
        return set(columns) <= set(self.epg.columns)


def found(guide: Guide) -> Iterator[pd.DataFrame]:
    """Run every check that the table has the columns for."""
    yield from (_gaps(guide), _overlaps(guide), _durations(guide), _horizon(guide))
    if guide.asked is not None and guide.start is not None and guide.end is not None:
        yield _no_programmes(guide, guide.asked)
    if guide.has("name"):
        yield from (_duplicates(guide), _texts(guide), _fillers(guide))
    if guide.has("name", SEASON, EPISODE):
        yield _episodes(guide)
    if guide.channels is not None and any(flag in guide.channels.columns for flag in FLAGS):
        yield _restart(guide, guide.channels)
    yield _clock_changes(guide)


def _gaps(guide: Guide) -> pd.DataFrame:
    """A channel that shows nothing at all is not a gap: see schedule.no_programmes."""
    table = gaps(
        guide.epg,
        start=guide.start,
        end=guide.end,
        minutes=guide.rules.gap_minutes,
        channels=_shown(guide),
    )
    return table.assign(
        rule="schedule.gap",
        severity=np.where(table["minutes"] >= guide.rules.gap_error_minutes, ERROR, WARNING),
        **_of_channel(guide, table["linearAssetId"]),
        detail=[f"Nothing is on for {_span(minutes)}." for minutes in table["minutes"]],
    )


def _shown(guide: Guide) -> list[Any]:
    """List the channels that show something in the window."""
    first, last = (None if at is None else stamp(at) for at in (guide.start, guide.end))
    labels, spans = spans_of(guide.epg)
    return labels.take(np.unique(clipped(spans, first, last).code)).tolist()


def _overlaps(guide: Guide) -> pd.DataFrame:
    """Of a pair, the programme with the higher id is found: it came later."""
    table = overlaps(guide.epg)
    code, ids = pd.factorize(pd.concat([table["id"], table["otherId"]]), sort=True)
    sides = code[: len(table)], code[len(table) :]
    later, earlier = ids.take(np.maximum(*sides)), ids.take(np.minimum(*sides))
    shared = zip(table["minutes"], earlier, strict=True)
    return table.assign(
        rule="schedule.overlap",
        id=later,
        name=_names(guide, later),
        detail=[f"It shares {_span(minutes)} with {other}." for minutes, other in shared],
    )


def _durations(guide: Guide) -> pd.DataFrame:
    rules = {"short": "schedule.absurd_length", "long": "schedule.absurd_length"}
    table = durations(
        guide.epg, shortest=guide.rules.shortest_minutes, longest=guide.rules.longest_minutes
    )
    known = {fault: f"schedule.{fault}_length" for fault in ("zero", "negative")}
    return table.assign(
        rule=table["fault"].map(rules | known),
        name=_names(guide, table["id"]),
        field="endDate",
        detail=[f"It lasts {_span(minutes)}." for minutes in table["minutes"]],
    )


def _horizon(guide: Guide) -> pd.DataFrame:
    """A channel without any programme has no horizon: see schedule.no_programmes."""
    hours = guide.rules.horizon_hours
    table = horizon(guide.epg, hours=hours, now=guide.now, end=guide.end)
    table = table[(table["short"] > 0) & table["endDate"].notna()]
    until = as_times(np.full(len(table), stamp(guide.now) + round(hours * HOUR)))
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


def _no_programmes(guide: Guide, asked: list[Any]) -> pd.DataFrame:
    known = pd.Series(as_channels(asked, guide.epg["linearAssetId"]))
    missing = known[~known.isin(_shown(guide))]
    return pd.DataFrame(
        {
            "rule": "schedule.no_programmes",
            "linearAssetId": missing,
            **_of_channel(guide, missing),
            "startDate": guide.start,
            "endDate": guide.end,
            "detail": "The channel has no programme in the window.",
        }
    )


def _duplicates(guide: Guide) -> pd.DataFrame:
    rules = {"slot": "schedule.duplicate", "again": "schedule.reingested"}
    says = {"slot": "It has the slot and the name of {}.", "again": "It is {} again, as another."}
    table = duplicates(guide.epg, minutes=guide.rules.reingested_minutes)
    others = zip(table["fault"], table["otherId"], strict=True)
    return table.assign(
        rule=table["fault"].map(rules),
        detail=[says[fault].format(other) for fault, other in others],
    )


_TEXTS = pd.DataFrame(
    [
        ("name", "missing", "schedule.missing_title", "It has no name."),
        ("name", "placeholder", "schedule.placeholder_title", "Its name is a stand-in."),
        ("name", "mojibake", "schedule.mojibake", "Its name was decoded wrongly."),
        ("description", "missing", "schedule.missing_synopsis", "It has no description."),
        ("description", "mojibake", "schedule.mojibake", "Its description was decoded wrongly."),
        ("description", "is_name", "schedule.title_is_synopsis", "Its description is its name."),
    ],
    columns=["field", "fault", "rule", "detail"],
).set_index(["field", "fault"])


def _texts(guide: Guide) -> pd.DataFrame:
    """One row a programme and rule, though both of its texts be wrong."""
    table = texts(guide.epg, placeholders=guide.words.stand_ins)
    table = table.join(_TEXTS, on=["field", "fault"], how="inner")
    return table.drop_duplicates(["id", "rule"])


def _fillers(guide: Guide) -> pd.DataFrame:
    says = {"made up": "It was made up to fill a hole.", "placeholder": "It stands in a hole."}
    table = fillers(guide.epg, placeholders=guide.words.stand_ins)
    return table.assign(rule="schedule.filler", field="name", detail=table["why"].map(says))


def _episodes(guide: Guide) -> pd.DataFrame:
    rules = dict.fromkeys(("no_episode", "no_season"), "schedule.missing_episode")
    says = {"no_episode": "It has a season, and no episode.", "no_season": "It has no season."}
    fields = {"no_season": SEASON}
    table = episodes(guide.epg)
    numbers = zip(table["fault"], table["episode"], table["previous"], strict=True)
    return table.assign(
        rule=table["fault"].map(rules | {"backwards": "schedule.episode_order"}),
        field=table["fault"].map(fields).fillna(EPISODE),
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


def _clock_changes(guide: Guide) -> pd.DataFrame:
    """One row a channel: at the first change that it did not follow."""
    table = clock_changes(guide.epg, tz=guide.tz)
    table = table[table["shifted"]].drop_duplicates("linearAssetId")
    off = zip(table["off"], table["programmes"], table["minutes"].abs(), strict=True)
    until = table["changeDate"] + pd.Timedelta(DAY * 7, "us")
    return table.assign(
        rule="schedule.clock_shift",
        **_of_channel(guide, table["linearAssetId"]),
        startDate=table["changeDate"],
        endDate=until,
        detail=[f"{one} of {all_} programmes are {_span(by)} off." for one, all_, by in off],
    )


def _of_channel(guide: Guide, own: pd.Series[Any]) -> dict[str, Any]:
    """Give the id and, where the table of channels has one, the name of a channel."""
    names: Mapping[Any, Any] = {}
    if guide.channels is not None and "name" in guide.channels.columns:
        names = dict(zip(guide.channels["id"], guide.channels["name"], strict=True))
    return {"id": own.astype("str"), "name": [names.get(one) for one in own]}


def _names(guide: Guide, ids: Any) -> Any:
    if not guide.has("name"):
        return None
    known = guide.epg.loc[guide.epg["id"].isin(ids), ["id", "name"]].drop_duplicates("id")
    return known.set_index("id")["name"].reindex(ids).array


def _span(minutes: float) -> str:
    """Write minutes as people say them: 1 s, 5 min, 1,440 min."""
    return f"{minutes:,.0f} min" if abs(minutes) >= 1 else f"{minutes * 60:,.0f} s"
