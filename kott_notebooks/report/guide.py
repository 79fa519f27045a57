"""A guide as one page to scroll, search and filter; guide.js draws it."""

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
from kott_notebooks.schedule.layout import genre_slots, lanes, names_of, ranked, shown
from kott_notebooks.schedule.spans import (
    DAY,
    TIMED,
    Channels,
    Columns,
    Spans,
    in_order,
    keys,
    named,
    spans_of,
)
from kott_notebooks.tables import tags
from kott_notebooks.tables.columns import NAT, Names, as_times, micros, need, pulled, stamp
from kott_notebooks.tables.nested import flat
from kott_notebooks.tables.provenance import asked, facts
from kott_notebooks.times import When, instant, zone

SECOND = 1_000_000  # microseconds
MOST_DAYS = 31  # of the window, where none is given
COLOURS = 8  # for genres, in guide.css
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
    """Make a TV guide as one HTML page, which needs no network.

    It scrolls and zooms by day and hour; finds programmes and channels by words; filters by
    channel, genre or finding; shows the description, `metas.*` and `tags.*` of a programme; shows
    times in any zone; works by mouse or keyboard; prints one page per day. Gaps are hatched;
    programmes that share time stand one above the other.

    Parameters
    ----------
    epg : DataFrame
        The programmes, as `kott.epg` or `xmltv.read` gives them.
    channels : DataFrame or iterable of ids, optional
        The channels to show, in this order: ids, or the table of `kott.channels` or
        `xmltv.channels`. Default: those that occur, by id.
    findings : DataFrame, optional
        The findings to show, as `schedule.audit` gives them. Default: audited here; an empty table
        shows none.
    start, end : time, optional
        The window. Default: the one that the table was pulled for, else that of the programmes
        that start within 31 days around the middle one.
    now : time, optional
        The present, as the page shows it. Default: the reader's clock.
    tz : str or tzinfo, optional
        The zone that the page opens in. Default: KOTT_TZ, else UTC.
    names : mapping or Series, optional
        Names of channels by id. Default: those of `channels`.
    title : str, default "TV guide"
        The page's title.
    columns : mapping, optional
        Our names of columns -> the table's.

    Returns
    -------
    Page
        `.html` is the page, `.save(path)` writes it, and a notebook's cell shows it.

    Raises
    ------
    KottError
        There is no channel to show, a column is missing, or a time or zone is not valid.

    See Also
    --------
    plots.grid, kott.epg

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=40, channels=3, households=0, defects=False)
    >>> kott.guide(kott.epg(session, "today", "today+1d"), title="Today").title
    'Today'
    """
    zoned = zone(tz)
    epg = named(epg, columns, *TIMED, "name", channels=channels).reset_index(drop=True)
    labels = spans_of(epg, channels)[0]
    if not len(labels):
        raise KottError("There is no channel to show: the guide is empty, and none was asked for.")
    first, last = _window(epg, start, end, tz)
    since, until = as_times(np.array([first, last]))
    if findings is None:
        whose = labels if channels is None else channels
        findings = schedule.audit(epg, whose, start=since, end=until, now=now, tz=zoned)
    spans = _spans(epg, labels, first, last)
    gaps = schedule.gaps(epg, start=since, end=until, channels=labels)
    return page(title, resource("guide.html"), data={
        "zone": _zone_name(zoned, since),
        "start": first // SECOND,
        "end": last // SECOND,
        "now": None if now is None else stamp(pulled(epg, now, tz)) // SECOND,
        "pulled": _pulled(epg),
        "outside": int((_places(epg, labels) >= 0).sum()) - len(spans.row),
        "prime": list(Schedule().prime_hours),
        "channels": _labelled(labels, names_of(epg, channels, names)),
        "ids": [str(one) for one in labels],
        "programmes": _programmes(epg, spans),
        "gaps": _columns(spans_of(gaps, labels)[1]),
        "genres": genre_slots(ranked(_genres(epg)[spans.row], spans.end - spans.start), COLOURS),
        "findings": _findings(findings, epg, labels, spans),
    }, style=resource("guide.css"), script=resource("guide.js"))  # fmt: skip


def _window(
    epg: pd.DataFrame, start: When | None, end: When | None, tz: str | tzinfo | None
) -> tuple[int, int]:
    """Return the window; where none is known, programmes far from the others do not widen it."""
    first, last = shown(epg, start, end, tz)
    is_known = any(bound is not None for bound in asked(epg, start, end, tz))
    if is_known or last - first <= MOST_DAYS * DAY:
        return first, last
    starts = pd.Series(micros(epg, "startDate")).where(lambda stamps: stamps != NAT)
    near = (starts - starts.median()).abs() <= MOST_DAYS * DAY / 2
    return shown(epg[near.to_numpy()], None, None)


def _spans(epg: pd.DataFrame, labels: pd.Index[Any], first: int, last: int) -> Spans:
    """Return the programmes that are on in the window, also those of no or of negative length."""
    code = _places(epg, labels)
    start = micros(epg, "startDate")
    end = np.maximum(start, micros(epg, "endDate"))
    seen = (code >= 0) & (start != NAT) & (start < last) & ((end > first) | (start >= first))
    return in_order(Spans(code, start, end, np.arange(len(epg))).take(np.flatnonzero(seen)))


def _places(table: pd.DataFrame, labels: pd.Index[Any]) -> npt.NDArray[np.intp]:
    """Return the channel of each row by its place among the labels, -1 for none of them."""
    known = pd.Index(keys(pd.Series(labels)))
    places: npt.NDArray[np.intp] = known.get_indexer(pd.Index(keys(table["linearAssetId"])))
    return places


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
    """Return spans as numbers: the channel's place, seconds since 1970."""
    return {
        "channel": spans.code.tolist(),
        "start": (spans.start // SECOND).tolist(),
        "end": (-(-spans.end // SECOND)).tolist(),
    }


def _packed(cells: pd.Series[Any]) -> dict[str, list[Any]]:
    """Return the distinct values, and each row's index among them; an absent value is ""."""
    codes, values = pd.factorize(cells.astype("str").fillna(""))
    return {"codes": codes.tolist(), "values": [str(one) for one in values]}


def _genres(epg: pd.DataFrame) -> npt.NDArray[Any]:
    return genre_of(epg) if "tags.Genre" in epg else np.full(len(epg), "none", dtype=object)


def _labelled(labels: pd.Index[Any], names: Names | None) -> list[str]:
    known = {} if names is None else {str(one): name for one, name in names.items()}
    texts = [known.get(str(one), str(one)) for one in labels]
    return [
        str(one) if pd.isna(text) else str(text) for one, text in zip(labels, texts, strict=True)
    ]


def _findings(
    findings: pd.DataFrame, epg: pd.DataFrame, labels: pd.Index[Any], spans: Spans
) -> dict[str, list[Any]]:
    """Return the findings of these channels, each with the place of its programme, -1 for none."""
    findings = need(findings, "rule", "severity", "id", "detail", "hint", *TIMED)
    code = _places(findings, labels)
    own, code = findings[code >= 0], code[code >= 0]
    known = zip(spans.code.tolist(), epg["id"].astype("str").iloc[spans.row], strict=True)
    places = {key: place for place, key in reversed([*enumerate(known)])}
    programmes = zip(code.tolist(), own["id"].astype("str"), strict=True)
    at = np.array([places.get(one, -1) for one in programmes], dtype=int)
    start = micros(own, "startDate")
    return {
        "programme": np.where(own["rule"].isin(OF_A_CHANNEL), -1, at).tolist(),
        "channel": code.tolist(),
        "start": np.where(start == NAT, -1, start // SECOND).tolist(),
        **{name: _texts(own[name]) for name in ("rule", "severity", "detail", "hint")},
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
