"""Rules of what viewers play and see: images, media files, windows, linear channels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.rulebook import ratio_text
from kott_notebooks.catalog.view import DAY, FIRST_TIME, SECOND, Hits, Mask, View
from kott_notebooks.ksql import Expression, K
from kott_notebooks.tables.columns import NAT, id_texts, need, stamp
from kott_notebooks.tables.provenance import facts, why_partial


def images(view: View) -> Iterator[Hits]:
    """Judge images: the ratios that a struct needs, large enough, and not the default alone."""
    none = np.flatnonzero(~view.filled("images"))
    yield Hits("image.none", none, "images", "It has no image at all.")
    needed = [set(map(ratio_text, needs.ratios)) for needs in view.needs]
    widths = {ratio_text(ratio): width for ratio, width in view.rules.widths.items()}
    for ratio in sorted(set().union(*needed)):
        required = np.array([ratio in one for one in needed], bool)[view.code]
        at = np.flatnonzero(view.images.properties["ratio"] == ratio)
        row, own = view.images.row[at], view.images.properties.iloc[at]
        has = np.bincount(row, minlength=view.count) > 0
        has_own = np.bincount(row[~own["default"]], minlength=view.count) > 0
        widest = own["width"].groupby(row).max().reindex(range(view.count))
        least = widths.get(ratio, 0)
        field, missing = f"images.{ratio}", np.flatnonzero(required & ~has)
        yield Hits("image.missing_ratio", missing, field, f"It has no image of {ratio}.")
        default_only = np.flatnonzero(required & has & ~has_own)
        detail = f"Its only image of {ratio} is the default picture."
        yield Hits("image.default", default_only, field, detail)
        small = np.flatnonzero(required & (widest < least).fillna(False).to_numpy(bool))
        wide = pd.Series(widest.iloc[small].astype("str"), dtype="str")
        too_small = f"Its largest image of {ratio} is " + wide + f" wide, not {least}."
        yield Hits("image.too_small", small, field, too_small.to_numpy(object))


def files(view: View) -> Iterator[Hits]:
    """Judge media files: present, active, within the asset's window, of the types needed."""
    field, has_files = "mediaFiles", view.filled("mediaFiles")
    needs_main, needs_trailer = view.where(lambda of: of.files), view.where(lambda of: of.trailer)
    active = np.bincount(view.files.row[view.files.properties["active"]], minlength=view.count) > 0
    has_main, has_trailer = _has_type(view, "files"), _has_type(view, "trailer")
    for rule, mask, detail in (
        ("file.none", needs_main & ~has_files, "It has no media file at all."),
        ("file.missing_type", needs_main & ~has_main, "It has no main file."),
        ("file.no_trailer", needs_trailer & ~has_trailer, "It has no trailer."),
        ("file.inactive", has_files & ~active, "None of its files is active."),
        (
            "file.expired",
            active & _all_ended(view),
            "All its active files have ended, and the asset goes on.",
        ),
    ):
        yield Hits(rule, np.flatnonzero(mask), field, detail)
    yield _outside_window(view)
    yield _durations(view)


def _of_type(view: View, need: str) -> Mask:
    """Return which files are of a type that their own asset's struct names."""
    types, struct = view.files.properties["type"], view.code[view.files.row]
    mask = np.zeros(len(types), bool)
    for code, needs in enumerate(view.needs):
        mask |= (struct == code) & types.isin(getattr(needs, need)).to_numpy(bool)
    return mask


def _has_type(view: View, need: str) -> Mask:
    return np.asarray(np.bincount(view.files.row[_of_type(view, need)], minlength=view.count) > 0)


def _all_ended(view: View) -> Mask:
    """Return which assets have not ended, while all their active files have."""
    end, own = view.times("endDate"), view.files.properties
    ended = ((own["end"] != NAT) & (own["end"] < view.moment)).to_numpy(bool)
    on = view.files.row[own["active"].to_numpy(bool) & ~ended]
    no_end = view.all_times("endDate") == NAT  # an end that is not valid is not known
    not_ended = no_end | ((end != NAT) & (end >= view.moment))
    return np.asarray(not_ended & (np.bincount(on, minlength=view.count) == 0))


def _outside_window(view: View) -> Hits:
    row, own = view.files.row, view.files.properties
    start, end = view.times("startDate")[row], view.times("endDate")[row]
    since, until = own["start"].to_numpy(), own["end"].to_numpy()
    early = (since != NAT) & (start != NAT) & (since < start)
    after = (since != NAT) & (end != NAT) & (since > end)
    late = (until != NAT) & (end != NAT) & (until > end)
    at = np.flatnonzero(early | late | after)
    how = np.select(
        [after[at], early[at] & late[at], early[at]],
        ["starts after the asset has ended", "starts before the asset and ends after it",
         "starts before the asset"],
        "ends after the asset",
    )  # fmt: skip
    files = own.iloc[at]
    detail = (files["type"] + " " + how + ".").to_numpy(object)
    field = ("mediaFiles." + files["id"]).str.removesuffix(".").to_numpy(object)
    return Hits("file.outside_window", row[at], field, detail, "", since[at], until[at])


def _durations(view: View) -> Hits:
    own = view.files.properties
    main = _of_type(view, "files") & own["duration"].gt(0).to_numpy(bool)
    row, duration = view.files.row[main], own["duration"][main]
    median = duration.groupby(row).transform("median")
    apart = (duration - median).abs()
    limit = view.rules.thresholds.duration_percent  # compared without division: 7 % of 10,000 s
    rows = np.unique(row[(apart * 100 > median * limit).to_numpy(bool)])  # are exactly 700 s
    percent: npt.NDArray[np.float64] = (apart / median * 100).to_numpy()
    worst = np.zeros(view.count)
    np.maximum.at(worst, row, percent)
    detail = [f"A main file's duration is {one:.1f} % off their median." for one in worst[rows]]
    return Hits("file.duration_mismatch", rows, "mediaFiles", np.array(detail, dtype=object))


def windows(view: View) -> Iterator[Hits]:
    """Judge when an asset is on offer."""
    start, end, now = view.times("startDate"), view.times("endDate"), view.moment
    starts, ends, limits = start != NAT, end != NAT, view.rules.thresholds
    soon = now + round(limits.ending_days * DAY)
    never = stamp(_years_later(view.now, limits.endless_years))
    linear = view.role("linear")
    checks: list[tuple[str, str, Mask, Expression | None, str]] = [
        ("window.inverted", "endDate", ends & starts & (end <= start), None,
         "It ends before it has started."),
        ("window.expired", "endDate", ends & (end < now) & active(view), None,
         "It has ended, and is still active."),
        ("window.not_started", "startDate", starts & (start > now),
         K.start_date > now // SECOND, "It has not started yet."),
        ("window.ending", "endDate", ends & (end >= now) & (end <= soon),
         (K.end_date >= _up(now)) & (K.end_date <= soon // SECOND), "It ends soon."),
        ("window.endless", "endDate", ends & (end >= never) & ~linear,
         _without_linear(view, (K.end_date >= _up(never)) & (K.end_date < 10**12)),
         "It never ends."),
    ]  # fmt: skip
    for rule, field, mask, term, detail in checks:
        rows = np.flatnonzero(mask)
        ksql = "" if term is None else view.ksql(term)
        yield Hits(rule, rows, field, detail, ksql, start[rows], end[rows])
    yield from _bad_times(view)


def _years_later(now: pd.Timestamp, years: float) -> pd.Timestamp:
    whole = int(years)
    later: pd.Timestamp = now + pd.DateOffset(years=whole)
    return later + pd.Timedelta(days=(years - whole) * 365.25)


def _without_linear(view: View, term: Expression) -> Expression | None:
    """Leave linear channels out, if there are any; None where types are unknown."""
    if not view.role("linear").any():
        return term
    others = [type_ for type_, needs, _ in view.by_struct() if needs.role != "linear"]
    if not others or not all(others):
        return None
    of_others: Expression = reduce(or_, (K.asset_type == one for one in others))
    return of_others & term


def _bad_times(view: View) -> Iterator[Hits]:
    """Find times before 1980, and those that the provenance lists as unreadable."""
    unreadable = pd.DataFrame(
        facts(view.table).get("unreadable") or [], columns=["column", "id", "value"], dtype="str"
    )
    place = pd.Index(view.ids[:-1])
    for column in ("startDate", "endDate"):
        times = view.all_times(column)
        early = np.flatnonzero((times != NAT) & (times < FIRST_TIME))
        years = [f"Its {column} is {one:%Y-%m-%d}: before 1980." for one in _times(times[early])]
        yield Hits("window.bad_time", early, column, np.array(years, dtype=object))
        own = unreadable[unreadable["column"] == column]
        rows = place.get_indexer_for(pd.Index(own["id"])) if len(own) else np.array([], np.intp)
        own, rows = own[rows >= 0], rows[rows >= 0]
        detail = (f"Its {column} is " + own["value"] + ": no valid time.").to_numpy(object)
        yield Hits("window.bad_time", rows, column, detail)


def _times(stamps: npt.NDArray[np.int64]) -> Any:
    return pd.DatetimeIndex(stamps.view("datetime64[us]"))


def active(view: View) -> Mask:
    """Return which assets are active: those without a status are."""
    if "status" not in view.table:
        return np.ones(view.count, bool)
    return view.table["status"].astype("boolean").fillna(True).to_numpy(bool)


def _up(moment: int) -> int:
    """Round up to whole seconds, which are all that KSQL knows."""
    return -(-moment // SECOND)


def channels(view: View) -> Iterator[Hits]:
    """Judge linear channels: programmes can refer to them, and catch-up has a buffer."""
    linear = view.role("linear")
    if view.anywhere("externalIds"):
        blank = texts.blank(view.first("externalIds"))
        detail = "It has no id that programmes could refer to."
        yield Hits("channel.no_epg_id", np.flatnonzero(linear & blank), "externalIds", detail)
    if view.epg is not None and not why_unjudged(view):
        rows = np.flatnonzero(linear & _asked_for(view) & ~_on_air(view))
        yield Hits("channel.no_programmes", rows, "id", "No programme is on it.")
    if "enableCatchUp" in view.table and view.anywhere("catchUpBuffer"):
        on = view.table["enableCatchUp"].astype("boolean").fillna(False).to_numpy(bool)
        buffer = view.numbers("catchUpBuffer")
        rows = np.flatnonzero(linear & on & ~(buffer > 0))
        detail = "It has catch-up, and no buffer for it."
        yield Hits("channel.catchup_without_buffer", rows, "catchUpBuffer", detail)


def why_unjudged(view: View) -> str:
    """Return why a guide does not show which channels have no programme; empty where it does."""
    if view.epg is None:
        return "It needs epg."
    if facts(view.epg).get("rows", 0) > len(view.epg):
        return "The guide was filtered: channels without programmes are not known."
    return why_partial(view.epg)


def _asked_for(view: View) -> Mask:
    """Return the channels for which the guide was pulled: all, unless its provenance names some."""
    asked = facts(view.epg).get("channels") if view.epg is not None else None
    ids = view.ids[:-1].astype(str)
    return np.isin(ids, list(map(str, asked))) if asked else np.ones(view.count, bool)


def _on_air(view: View) -> Mask:
    """Return which channels have a programme, by linearAssetId or by epgChannelId."""
    epg = need(view.epg, "linearAssetId") if view.epg is not None else pd.DataFrame()
    of = {one: set(id_texts(epg[one].drop_duplicates()).dropna()) for one in epg if one in _LINKS}
    by_id = np.isin(view.ids[:-1].astype(str), list(of.get("linearAssetId", ())))
    by_epg_id = view.key("externalIds").isin(of.get("epgChannelId", set()) - {""})
    return by_id | by_epg_id.to_numpy(bool)


_LINKS = ("linearAssetId", "epgChannelId")
