"""Programmes that are in a guide twice: by mistake, as a repeat, or on another channel."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.schedule.spans import (
    HOUR,
    MINUTE,
    TIMED,
    Columns,
    Mask,
    Spans,
    Whole,
    Zone,
    known_names,
    named,
    paired,
    with_channel_names,
    zones_of,
)
from kott_notebooks.tables.columns import NAT, as_times, micros
from kott_notebooks.times import day_starts

REPEAT = "metas.Repeat"
_IDENTITIES = ("crid", "externalId")


def duplicates(
    epg: pd.DataFrame, *, max_minutes: float = 5, columns: Columns | None = None
) -> pd.DataFrame:
    """Find programmes that were ingested twice: into one slot, or again under a new id.

    Programmes without a name are not compared.

    Parameters
    ----------
    epg : DataFrame
        Programmes. With `crid` or `externalId`, those are compared too.
    max_minutes : float, default 5
        How far apart two starts of one programme may be, in minutes.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme that was ingested later (has the higher id), by channel and time:
        linearAssetId, channelName (`str`, where the guide has it), id, otherId (the one that was
        there before), name, startDate, endDate, fault (`str`). `slot`: the same channel, start, end
        and name. `again`: the same channel and name, starts at most `max_minutes` apart, times that
        overlap without being equal, and another crid or externalId where both have one.

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    repeats, simulcasts

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "id": [1, 2], "linearAssetId": [7, 7], "name": ["News", "News"],
    ...     "startDate": ["2026-03-01T20:00", "2026-03-01T20:01"],
    ...     "endDate": ["2026-03-01T20:15", "2026-03-01T20:15"],
    ... })
    >>> schedule.duplicates(epg)[["id", "otherId", "fault"]].values.tolist()
    [[2, 1, 'again']]
    """
    epg = named(epg, columns, *TIMED, "name").reset_index(drop=True)
    pairs = later_and_earlier(epg, round(max_minutes * MINUTE))
    shown = epg[["linearAssetId", "id", "name", *TIMED[1:]]].iloc[pairs["later"]]
    shown.insert(2, "otherId", epg["id"].array.take(pairs["earlier"].to_numpy()))
    shown = shown.assign(fault=pairs["fault"].array)
    shown = shown.sort_values(["linearAssetId", "startDate", "id"], ignore_index=True)
    return with_channel_names(shown, epg)


def later_and_earlier(epg: pd.DataFrame, apart: int) -> pd.DataFrame:
    """Pair the rows of what was ingested twice: `later`, `earlier` (rows), `fault`."""
    order = epg["id"].argsort(kind="stable").to_numpy()  # a row's position is the age of its id
    order = order[~texts.blank(epg["name"])[order]]
    sorted_ = epg.iloc[order]
    channel, name = (pd.factorize(sorted_[column])[0] for column in ("linearAssetId", "name"))
    code = channel * (int(name.max(initial=0)) + 1) + name
    start, end = micros(sorted_, "startDate"), micros(sorted_, "endDate")
    known = np.flatnonzero((channel >= 0) & (start != NAT))
    spans = Spans(code, start, end, np.arange(len(order))).take(known)
    spans = spans.take(np.lexsort((spans.end, spans.start, spans.code)))
    slot = _same_slot(spans)
    again = _again(sorted_, spans, apart)
    again = again[~again["later"].isin(slot["later"])]
    pairs = pd.concat([slot, again], ignore_index=True)
    return pairs.assign(**{side: order[pairs[side]] for side in ("later", "earlier")})


def _same_slot(spans: Spans) -> pd.DataFrame:
    later = np.zeros(len(spans.row), dtype=bool)
    later[1:] = np.logical_and.reduce([np.diff(column) == 0 for column in spans[:3]])
    place = np.arange(len(later))
    first = np.maximum.accumulate(np.where(later, 0, place))
    return _pairs(spans.row[later], spans.row[first[later]], "slot")


def _again(epg: pd.DataFrame, spans: Spans, apart: int) -> pd.DataFrame:
    """Pair programmes of a channel and a name that start close to each other and share time."""
    spans = spans.take(np.flatnonzero(spans.end > spans.start))
    one, other = paired(spans._replace(end=np.minimum(spans.end, spans.start + apart + 1)))
    moved = (spans.start[one] != spans.start[other]) | (spans.end[one] != spans.end[other])
    one, other = spans.row[one[moved]], spans.row[other[moved]]
    differ = _differ(epg, one, other)
    pairs = _pairs(np.maximum(one, other)[differ], np.minimum(one, other)[differ], "again")
    return pairs.sort_values(["later", "earlier"]).drop_duplicates("later")


def _differ(epg: pd.DataFrame, one: Whole, other: Whole) -> Mask:
    """Find pairs of different ids whose crid or externalId, where both have one, differs."""
    ids = pd.factorize(epg["id"])[0]
    comparable, differ = np.zeros((2, len(one)), dtype=bool)
    for column in _IDENTITIES:
        if column in epg.columns and len(one):
            codes = pd.factorize(epg[column])[0]
            has = ~texts.blank(epg[column])
            both = has[one] & has[other]
            comparable |= both
            differ |= both & (codes[one] != codes[other])
    apart: Mask = (differ | ~comparable) & (ids[one] != ids[other])
    return apart


def _pairs(later: npt.NDArray[Any], earlier: npt.NDArray[Any], fault: str) -> pd.DataFrame:
    pairs = pd.DataFrame({"later": later, "earlier": earlier})
    return pairs.assign(fault=pd.array([fault] * len(pairs), dtype="str"))


def bands(epg: pd.DataFrame, pairs: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Number the runs of programmes that were ingested twice; return the run of each pair.

    A programme that was ingested once breaks a run, and so does another fault.
    """
    channel = pd.factorize(epg["linearAssetId"])[0]
    start = micros(epg, "startDate")
    once = np.ones(len(epg), dtype=bool)
    once[pairs["later"]] = False
    rows = np.flatnonzero(once & (channel >= 0) & (start != NAT))
    rows = rows[np.lexsort((start[rows], channel[rows]))]
    fault = np.zeros(len(epg), dtype=np.int64)
    fault[pairs["earlier"]] = pd.factorize(pairs["fault"])[0] + 1
    runs = np.ones(len(rows), dtype=bool)
    runs[1:] = (np.diff(channel[rows]) != 0) | (np.diff(fault[rows]) != 0)
    run_of = np.full(len(epg), -1)
    run_of[rows] = np.cumsum(runs)
    earlier = pairs["earlier"].to_numpy()
    run: Whole = run_of[earlier]
    alone = run < 0  # the earlier one is itself the later one of another pair
    run[alone] = -1 - np.flatnonzero(alone)
    return run


def repeats(epg: pd.DataFrame, *, columns: Columns | None = None) -> pd.DataFrame:
    """Measure how much of a channel's guide is shown for the first time.

    A repeat is what `metas.Repeat` says is one, and what the table shows on that channel before:
    the same crid, or where there is none, the same name and description.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per channel: linearAssetId, channelName (`str`, where the guide has it), programmes,
        firstRuns, repeats (`Int64`), share (of repeats, `Float64`).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    duplicates, simulcasts

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=4, days=3, households=0, defects=False)
    >>> repeats = schedule.repeats(kott.epg(session, "today-1d", "today+2d"))
    >>> bool((repeats["firstRuns"] + repeats["repeats"] == repeats["programmes"]).all())
    True
    """
    epg = named(epg, columns, *TIMED, "name")
    again = pd.Series(is_repeat(epg, _content(epg)), index=epg.index)
    counted = again.groupby(epg["linearAssetId"]).agg(["size", "sum"]).astype("Int64")
    table = pd.DataFrame(
        {
            "linearAssetId": counted.index,
            "programmes": counted["size"].array,
            "firstRuns": (counted["size"] - counted["sum"]).array,
            "repeats": counted["sum"].array,
            "share": (counted["sum"] / counted["size"]).array,
        }
    )
    return with_channel_names(table, epg)


def _content(epg: pd.DataFrame) -> npt.NDArray[Any]:
    """Number the programmes by what they show."""
    columns = [column for column in ("name", "description") if column in epg.columns]
    codes = [pd.factorize(epg[column], use_na_sentinel=False)[0] for column in columns]
    content = codes[0] if len(codes) == 1 else codes[0] * (codes[1].max(initial=0) + 1) + codes[1]
    if "crid" not in epg.columns:
        return content
    crid = pd.factorize(epg["crid"])[0]
    return np.where((crid < 0) | texts.blank(epg["crid"]), content, -2 - crid)


def is_repeat(epg: pd.DataFrame, content: npt.NDArray[Any]) -> Mask:
    """Find repeats: `metas.Repeat` says so, or the channel has shown the same `content` before."""
    channel = pd.factorize(epg["linearAssetId"])[0].astype(np.int64)
    what = pd.factorize(content)[0]
    key = channel * (what.max(initial=0) + 1) + what
    order = np.argsort(micros(epg, "startDate"), kind="stable")
    seen = np.empty(len(key), dtype=bool)
    seen[order] = pd.Series(key[order]).duplicated()
    if REPEAT not in epg.columns:
        return seen
    codes, values = pd.factorize(epg[REPEAT])
    flagged: Mask = seen | np.array([*map(said_yes, values), False])[codes]
    return flagged


def said_yes(value: Any) -> bool:
    """Return whether a meta, which is text on the wire, means yes."""
    return str(value).strip().lower() in ("true", "1", "yes", "y")


# The same programmes on two channels

_QUALITY = re.compile(r"\b(?:u?hd|sd|4k|uhdtv|hdtv)\b|\d+", re.IGNORECASE)
_HOURS = 12  # by which a channel may be later than another, at most
_CHUNK = 2_000_000  # pairs compared at once, which bounds the memory


def simulcasts(
    epg: pd.DataFrame,
    channels: pd.DataFrame | None = None,
    *,
    min_share: float = 0.9,
    min_programmes: int = 8,
    min_names: int = 4,
    tz: Zone | None = None,
    words: texts.Words | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find channels that show the same on some local day, at the same time or whole hours later.

    Stand-ins for names and names that say "off air" are not compared, nor is upper and lower case.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : DataFrame of `kott.channels`, optional
        Names of channels, and their zones.
    min_share : float, default 0.9
        The share of each channel's programmes of that day that the other channel has too.
    min_programmes, min_names : int, default 8 and 4
        How many programmes, and how many different names, such a day needs.
    tz : str, tzinfo or mapping, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone of the days, or of each channel.
    words : Words, optional
        The lists of stand-ins and of words for "off air"; see `kott_notebooks.audits.texts`.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per pair of channels: linearAssetId (the later one), otherChannelId, startDate,
        endDate (of the first such day, `datetime64[us, UTC]`), hours (by which it is later),
        programmes (of that day), same (how many of them the other has; all `Int64`), variant
        (`boolean`: the names differ only by HD, SD, UHD, 4K or a number).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    repeats, duplicates

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> day = pd.DataFrame({"linearAssetId": 1, "name": [f"Show {n}" for n in range(12)]})
    >>> day["startDate"] = pd.date_range("2026-03-01T10:00", periods=12, freq="h", tz="UTC")
    >>> day["endDate"] = day["startDate"] + pd.Timedelta("1h")
    >>> later = day.assign(linearAssetId=2, startDate=day["startDate"] + pd.Timedelta("1h"))
    >>> epg = pd.concat([day, later], ignore_index=True)
    >>> schedule.simulcasts(epg)[["linearAssetId", "otherChannelId", "hours"]].values.tolist()
    [[2, 1, 1]]
    """
    epg = named(epg, columns, *TIMED, "name", channels=channels)
    code, labels = pd.factorize(epg["linearAssetId"], sort=True)
    title, start = folded_names(epg, words)[0], micros(epg, "startDate")
    rows = np.flatnonzero((code >= 0) & (title >= 0) & (start != NAT))
    table = pd.DataFrame({"code": code[rows], "start": start[rows] // 1_000_000})
    table = table.assign(title=title[rows]).drop_duplicates()
    table = table.sort_values(["code", "start", "title"], ignore_index=True)
    days = _days_of(table, zones_of(epg, labels, tz, channels), min_programmes, min_names)
    pairs = _verified(table, days, _candidates(table, days, min_share), min_share, min_programmes)
    pairs = pairs.sort_values(["one", "other", "hours", "day"]).drop_duplicates(["one", "other"])
    pairs = pairs.reset_index(drop=True)
    known = known_names(epg, channels)
    names = [_QUALITY.sub("", known.get(str(one), str(one))) for one in labels]
    names = ["".join(one.split()).casefold().strip("-+.") for one in names]
    day = days.iloc[pairs["day"]]
    later, first = pairs["later"].to_numpy(), pairs["first"].to_numpy()
    table = pd.DataFrame(
        {
            "linearAssetId": labels.take(later),
            "otherChannelId": labels.take(first),
            "startDate": as_times(day["since"].to_numpy() * 1_000_000),
            "endDate": as_times(day["until"].to_numpy() * 1_000_000),
            "hours": pd.array(pairs["hours"].array, dtype="Int64"),
            "programmes": pd.array(day["programmes"].array, dtype="Int64"),
            "same": pd.array(pairs["same"].array, dtype="Int64"),
            "variant": pd.array(
                [names[a] == names[b] for a, b in zip(later, first, strict=True)],
                dtype="boolean",
            ),
        }
    )
    return with_channel_names(table, epg, channels)


def folded_names(
    epg: pd.DataFrame, words: texts.Words | None
) -> tuple[npt.NDArray[np.intp], pd.Index[str]]:
    """Return names without case, blanks and punctuation, and the number of each row's name.

    The number is -1 for none and for stand-ins.
    """
    codes, values = pd.factorize(epg["name"])
    known = pd.Series(values, dtype="str")
    folded = known.str.casefold().str.replace(r"[\W_]+", "", regex=True)
    bare = texts.blank(folded) | texts.off_air(known, words=words)
    bare |= texts.placeholder(known, words=words)
    number, distinct = pd.factorize(folded)
    return np.append(np.where(bare, -1, number), -1)[codes], pd.Index(distinct)


def _days_of(table: pd.DataFrame, zones: list[Any], programmes: int, names: int) -> pd.DataFrame:
    """List the local days of each channel that hold enough: their edges, and their rows."""
    parts = []
    for tz in dict.fromkeys(zones):
        of = np.array([zone == tz for zone in zones], dtype=bool)[table["code"].to_numpy()]
        own = table[of]
        if own.empty:
            continue
        first, last = (int(edge) * 1_000_000 for edge in (own["start"].min(), own["start"].max()))
        edges = day_starts(first, last, tz) // 1_000_000
        day = np.searchsorted(edges, own["start"], "right") - 1
        begin = np.flatnonzero(
            (np.diff(own["code"], prepend=-1) != 0) | (np.diff(day, prepend=-1) != 0)
        )
        groups = pd.DataFrame({"code": own["code"].to_numpy()[begin], "day": day[begin]})
        rows = own.index.to_numpy()[begin]
        counted = own.groupby([own["code"], day], sort=True)["title"]
        groups = groups.assign(
            row=rows, programmes=counted.size().to_numpy(), names=counted.nunique().to_numpy(),
            since=edges[day[begin]], until=edges[day[begin] + 1],
        )  # fmt: skip
        parts.append(groups)
    if not parts:
        columns = ["code", "day", "row", "programmes", "names", "since", "until"]
        return pd.DataFrame({column: np.zeros(0, np.int64) for column in columns})
    days = pd.concat(parts, ignore_index=True)
    enough = (days["programmes"] >= programmes) & (days["names"] >= names)
    return days[enough].reset_index(drop=True)


def _candidates(table: pd.DataFrame, days: pd.DataFrame, share: float) -> pd.DataFrame:
    """List which day of a channel may be another channel's, and by how many hours later.

    At most 1 - `share` of a day's programmes may be missing on the other channel. So of one more
    than that number at least one is there: those with the rarest names are looked up, since the
    fewest channels have them.
    """
    size = days["programmes"].to_numpy(int)
    day = np.repeat(np.arange(len(days)), size)
    place = np.arange(len(day)) - np.repeat(np.cumsum(size) - size, size)
    row = days["row"].to_numpy(int)[day] + place
    code, start, title = (table[column].to_numpy(np.int64) for column in table)
    often = np.bincount(title, minlength=1)[title[row]]
    rank = np.empty(len(row), dtype=np.int64)
    order = np.lexsort((often, day))
    rank[order] = place
    probes = np.flatnonzero(rank < (np.floor(size * (1 - share) + 1e-9) + 1)[day])
    row, day = row[probes], day[probes]
    hour = HOUR // 1_000_000
    base = int(start.min(initial=0))
    span = int(start.max(initial=0)) - base + (_HOURS + 1) * hour + 1
    index = np.argsort(title * span + (start - base), kind="stable")
    key = (title * span + (start - base))[index]
    wanted = title[row] * span + (start[row] - base)
    low = np.searchsorted(key, wanted)
    many = np.searchsorted(key, wanted + _HOURS * hour, "right") - low
    parts: list[pd.DataFrame] = []
    for begin, end in _chunks(many):
        part = np.repeat(np.arange(begin, end), many[begin:end])
        step = np.arange(len(part)) - np.repeat(
            np.cumsum(many[begin:end]) - many[begin:end], many[begin:end]
        )
        other = index[low[part] + step]
        apart = start[other] - start[row[part]]
        whole = (apart % hour == 0) & (code[other] != code[row[part]])
        hits = {"day": day[part], "code": code[other], "hours": apart // hour}
        parts.append(pd.DataFrame(hits)[whole].drop_duplicates())
    every = pd.concat(parts) if parts else pd.DataFrame({"day": [], "code": [], "hours": []})
    every = every.drop_duplicates().astype(np.int64)
    return every[(every["hours"] > 0) | (every["code"] > days["code"].to_numpy()[every["day"]])]


def _chunks(many: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Cut numbers into stretches whose sums stay near the size of a chunk."""
    part = (np.cumsum(many) - many) // _CHUNK
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(many)]
    return [pair for pair in pairwise(edges) if pair[1] > pair[0]]


def _verified(
    table: pd.DataFrame, days: pd.DataFrame, pairs: pd.DataFrame, share: float, programmes: int
) -> pd.DataFrame:
    """Return the pairs of a day and another channel that share enough programmes."""
    code, start, title = (table[column].to_numpy(np.int64) for column in table)
    hour, base = HOUR // 1_000_000, int(start.min(initial=0))
    span = int(start.max(initial=0)) - base + 1
    width = int(title.max(initial=0)) + 1
    shows = np.unique(code * width + title)  # every channel and name that occur together
    key = np.sort(np.searchsorted(shows, code * width + title) * span + (start - base))
    when = code * (span + 1) + (start - base)  # sorted, as the table is
    kept = []
    for begin, end in _chunks(days["programmes"].to_numpy()[pairs["day"]]):
        part = pairs.iloc[begin:end]
        day, hours = days.iloc[part["day"]], part["hours"].to_numpy() * hour
        size, other = day["programmes"].to_numpy(int), part["code"].to_numpy()
        pair = np.repeat(np.arange(len(part)), size)
        row = day["row"].to_numpy(int)[pair] + (
            np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)
        )
        what = np.searchsorted(shows, other[pair] * width + title[row])
        there = what < len(shows)
        there[there] = shows[what[there]] == (other[pair] * width + title[row])[there]
        at = start[row] + hours[pair] - base
        there &= (at >= 0) & (at < span)
        wanted = what * span + at
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        same = np.bincount(pair, weights=there & (key[place] == wanted), minlength=len(part))
        edges = [
            np.searchsorted(when, other * (span + 1) + (edge + hours - base).clip(0, span))
            for edge in (day["since"].to_numpy(), day["until"].to_numpy())
        ]
        theirs = edges[1] - edges[0]
        enough = (same >= share * size - 1e-9) & (same >= share * theirs - 1e-9)
        enough &= theirs >= programmes
        own = day["code"].to_numpy()
        sides = {"one": np.minimum(own, other), "other": np.maximum(own, other)}
        both = {"first": own, "later": other, "same": same.astype(np.int64)}
        kept.append(part.reset_index(drop=True).assign(**sides, **both)[enough])
    columns = ["day", "hours", "one", "other", "first", "later", "same"]
    if not kept:
        return pd.DataFrame({column: np.zeros(0, np.int64) for column in columns})
    verified: pd.DataFrame = pd.concat(kept, ignore_index=True)[columns]
    return verified
