"""A guide as one page to scroll, search and filter; what is drawn there, guide.js draws."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks import schedule
from kott_notebooks.audits.rulebook import Schedule
from kott_notebooks.errors import KottError
from kott_notebooks.report.page import Page, page, resource
from kott_notebooks.schedule.genres import genre_of
from kott_notebooks.schedule.layout import lanes, names_of, ranked, shown
from kott_notebooks.schedule.spans import (
    TIMED,
    Channels,
    Columns,
    Spans,
    in_order,
    named,
    spans_of,
)
from kott_notebooks.tables import tags
from kott_notebooks.tables.columns import NAT, Names, as_times, micros, need, stamp
from kott_notebooks.tables.nested import flat
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import When, instant, zone

SECOND = 1_000_000  # microseconds
OF_A_CHANNEL = (  # rules whose findings name a channel and not a programme
    "schedule.gap",
    "schedule.no_programmes",
    "schedule.horizon",
    "schedule.clock_shift",
)


def guide(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    findings: pd.DataFrame | None = None,
    start: When | None = None,
    end: When | None = None,
    now: When | None = None,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    title: str = "TV guide",
    columns: Columns | None = None,
) -> Page:
    """Make a TV guide as one HTML page: it shows itself in a notebook, and `.save(path)` writes it.

    It needs no network, and a browser of 2024 or later: scroll and zoom by day and hour, search,
    filter by genre or by finding, read what is known of a programme (its description, `metas.*` and
    `tags.*`), in any time zone, with the mouse or the keyboard. What no programme covers is
    hatched, programmes that share time stand one above the other. `findings` are those of
    `schedule.audit` (default: found here; an empty table for none). `channels` (ids, or the table
    of `kott.channels`) are shown in the order given, by default those that occur, by id. The window
    is the one that the table was pulled for; `tz` the zone that the page opens in; `now` what it
    takes for the present instead of the reader's clock. Raises KottError where there is no channel
    to show.
    """
    zoned = zone(tz)
    epg = named(epg, columns, *TIMED, "name").reset_index(drop=True)
    labels = spans_of(epg, channels)[0]
    if not len(labels):
        raise KottError("There is no channel to show: the guide is empty, and none was asked for.")
    first, last = shown(epg, start, end)
    since, until = as_times(np.array([first, last]))
    if findings is None:
        asked = labels if channels is None else channels
        findings = schedule.audit(epg, asked, start=since, end=until, now=now, tz=zoned)
    spans = _spans(epg, labels, first, last)
    gaps = schedule.gaps(epg, start=since, end=until, channels=labels)
    return page(title, resource("guide.html"), data={
        "zone": _zone_name(zoned, since),
        "start": first // SECOND,
        "end": last // SECOND,
        "now": None if now is None else stamp(instant(now)) // SECOND,
        "pulled": _pulled(epg),
        "prime": list(Schedule().prime_hours),
        "channels": _labelled(labels, names, channels),
        "ids": [str(one) for one in labels],
        "programmes": _programmes(epg, spans),
        "gaps": _columns(spans_of(gaps, labels)[1]),
        "genres": ranked(_genres(epg)[spans.row], spans.end - spans.start),
        "findings": _findings(findings, epg, labels, spans),
    }, style=resource("guide.css"), script=resource("guide.js"))  # fmt: skip


def _spans(epg: pd.DataFrame, labels: pd.Index[Any], first: int, last: int) -> Spans:
    """Give the programmes that begin or last in the window; those of no length, and less, too."""
    code = labels.get_indexer(pd.Index(epg["linearAssetId"]))
    start = micros(epg, "startDate")
    end = np.maximum(start, micros(epg, "endDate"))
    seen = (code >= 0) & (start != NAT) & (start < last) & ((end > first) | (start >= first))
    return in_order(Spans(code, start, end, np.arange(len(epg))).take(np.flatnonzero(seen)))


def _programmes(epg: pd.DataFrame, spans: Spans) -> dict[str, Any]:
    rows = epg.iloc[spans.row]
    lane, many = np.zeros_like(spans.row), np.ones_like(spans.row)
    lasting = np.flatnonzero(spans.end > spans.start)
    lane[lasting], many[lasting] = lanes(spans.take(lasting))
    more = tags.fields(rows, "metas.", "tags.")
    return {
        **_columns(spans),
        "lane": lane.tolist(),
        "many": many.tolist(),
        "name": _packed(rows["name"]),
        "genre": _packed(pd.Series(_genres(epg)[spans.row])),
        "text": _packed(rows.get("description", pd.Series("", index=rows.index))),
        "id": [str(one) for one in rows["id"]],
        "more": {
            str(name).partition(".")[2].strip(): _packed(cells)
            for name, cells in flat(rows[more]).items()
            if name != "tags.Genre"
        },
    }


def _columns(spans: Spans) -> dict[str, list[int]]:
    """Give spans as numbers: the channel's place, seconds since 1970."""
    return {
        "channel": spans.code.tolist(),
        "start": (spans.start // SECOND).tolist(),
        "end": (-(-spans.end // SECOND)).tolist(),
    }


def _packed(cells: pd.Series[Any]) -> dict[str, list[Any]]:
    """Give each value once, and which one each row has; absent ones are empty."""
    codes, values = pd.factorize(cells.astype("str").fillna(""))
    return {"codes": codes.tolist(), "values": [str(one) for one in values]}


def _genres(epg: pd.DataFrame) -> npt.NDArray[Any]:
    return genre_of(epg) if "tags.Genre" in epg else np.full(len(epg), "none", dtype=object)


def _labelled(labels: pd.Index[Any], names: Names | None, channels: Channels | None) -> list[str]:
    found = names_of(channels, names)
    known = {} if found is None else {str(one): name for one, name in found.items()}
    texts = [known.get(str(one), str(one)) for one in labels]
    return [
        str(one) if pd.isna(text) else str(text) for one, text in zip(labels, texts, strict=True)
    ]


def _findings(
    findings: pd.DataFrame, epg: pd.DataFrame, labels: pd.Index[Any], spans: Spans
) -> dict[str, list[Any]]:
    """Give the findings of these channels, each with the place of its programme, -1 for none."""
    need(findings, "rule", "severity", "id", "detail", "hint", *TIMED)
    code = labels.get_indexer(pd.Index(findings["linearAssetId"]))
    found, code = findings[code >= 0], code[code >= 0]
    known = zip(spans.code.tolist(), epg["id"].astype("str").iloc[spans.row], strict=True)
    places = {key: place for place, key in reversed([*enumerate(known)])}
    keys = zip(code.tolist(), found["id"].astype("str"), strict=True)
    at = np.array([places.get(key, -1) for key in keys], dtype=int)
    start = micros(found, "startDate")
    return {
        "programme": np.where(found["rule"].isin(OF_A_CHANNEL), -1, at).tolist(),
        "channel": code.tolist(),
        "start": np.where(start == NAT, -1, start // SECOND).tolist(),
        **{name: _texts(found[name]) for name in ("rule", "severity", "detail", "hint")},
    }


def _texts(cells: pd.Series[Any]) -> list[str]:
    return [str(one) for one in cells.astype("str").fillna("")]


def _pulled(epg: pd.DataFrame) -> int | None:
    when = facts(epg).get("when")
    return None if when is None else stamp(instant(when)) // SECOND


def _zone_name(zoned: tzinfo, moment: pd.Timestamp) -> str:
    """Name a zone as browsers know it; one that has no name by its offset."""
    key = getattr(zoned, "key", None)
    if key:
        return str(key)
    offset = moment.tz_convert(zoned).strftime("%z")
    return "UTC" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}"
