"""What stands in a guide twice: by mistake, or because it is shown again."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts as check
from kott_notebooks.schedule.spans import MINUTE, TIMED, Columns, Spans, named, paired
from kott_notebooks.tables.columns import NAT, micros

Mask: TypeAlias = npt.NDArray[np.bool_]

REPEAT = "metas.Repeat"
_IDENTITIES = ("crid", "externalId")


def duplicates(
    epg: pd.DataFrame, *, minutes: float = 5, columns: Columns | None = None
) -> pd.DataFrame:
    """Find programmes that were ingested twice: into one slot, or again under a new id.

    One row a programme that came later (by id): linearAssetId, id, otherId (the one that was there
    before), name, startDate, endDate, fault. `slot`: the same channel, start, end and name.
    `again`: the same channel and name, starts at most `minutes` apart, sharing time but not the
    slot, and another crid or externalId (where the table has them). By channel and time. Programmes
    without a name are not compared.
    """
    epg = named(epg, columns, *TIMED, "name")
    known = [column for column in _IDENTITIES if column in epg.columns]
    epg = epg[["linearAssetId", "id", "name", *TIMED[1:], *known]]
    epg = epg[~check.blank(epg["name"])].sort_values("id", kind="stable")
    spans = _by_name(epg)
    slot = _same_slot(spans)
    again = _again(epg, spans, round(minutes * MINUTE))
    again = again[~again["later"].isin(slot["later"])]
    pairs = pd.concat([slot, again], ignore_index=True)
    shown = epg[["linearAssetId", "id", "name", *TIMED[1:]]].iloc[pairs["later"]]
    shown.insert(2, "otherId", epg["id"].array.take(pairs["earlier"].to_numpy()))
    shown = shown.assign(fault=pairs["fault"].array)
    return shown.sort_values(["linearAssetId", "startDate", "id"], ignore_index=True)


def _by_name(epg: pd.DataFrame) -> Spans:
    """Order the programmes by channel and name, then time, then id; those without a channel out."""
    channel, name = (pd.factorize(epg[column])[0] for column in ("linearAssetId", "name"))
    code = channel * (int(name.max(initial=0)) + 1) + name
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    row = np.arange(len(epg))
    spans = Spans(code, start, end, row).take(np.flatnonzero((channel >= 0) & (start != NAT)))
    return spans.take(np.lexsort((spans.end, spans.start, spans.code)))


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


def _differ(epg: pd.DataFrame, one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Mask:
    """Tell which pairs have another identity, as far as the table has any."""
    known = [column for column in _IDENTITIES if column in epg.columns]
    differ = np.full(len(one), not known)
    for column in known:
        both = pd.concat([epg[column].iloc[one], epg[column].iloc[other]])
        codes = pd.factorize(both)[0]
        differ |= codes[: len(one)] != codes[len(one) :]
    return differ


def _pairs(later: npt.NDArray[Any], earlier: npt.NDArray[Any], fault: str) -> pd.DataFrame:
    pairs = pd.DataFrame({"later": later, "earlier": earlier})
    return pairs.assign(fault=pd.array([fault] * len(pairs), dtype="str"))


def repeats(epg: pd.DataFrame, *, columns: Columns | None = None) -> pd.DataFrame:
    """Measure how much of a channel's guide is shown for the first time.

    One row a channel: linearAssetId, programmes, firstRuns, repeats (Int64), share (of repeats,
    Float64). A repeat is what `metas.Repeat` says is one, and what the table shows on that channel
    before: the same crid, or where there is none, the same name and description.
    """
    epg = named(epg, columns, *TIMED, "name")
    again = pd.Series(is_repeat(epg, _content(epg)), index=epg.index)
    counted = again.groupby(epg["linearAssetId"]).agg(["size", "sum"]).astype("Int64")
    return pd.DataFrame(
        {
            "linearAssetId": counted.index,
            "programmes": counted["size"].array,
            "firstRuns": (counted["size"] - counted["sum"]).array,
            "repeats": counted["sum"].array,
            "share": (counted["sum"] / counted["size"]).array,
        }
    )


def _content(epg: pd.DataFrame) -> npt.NDArray[Any]:
    """Number the programmes by what they show."""
    told = [column for column in ("name", "description") if column in epg.columns]
    codes = [pd.factorize(epg[column], use_na_sentinel=False)[0] for column in told]
    content = codes[0] if len(codes) == 1 else codes[0] * (codes[1].max(initial=0) + 1) + codes[1]
    if "crid" not in epg.columns:
        return content
    crid = pd.factorize(epg["crid"])[0]
    return np.where(crid < 0, content, -2 - crid)


def is_repeat(epg: pd.DataFrame, content: npt.NDArray[Any]) -> Mask:
    """Tell which programmes are repeats: they say so, or were on before on that channel."""
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
    """Tell whether a meta, which is text on the wire, says yes."""
    return str(value).strip().lower() in ("true", "1", "yes", "y")
