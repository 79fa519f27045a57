"""The rules of media files: there, active, within the asset's window, of the types needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kott_notebooks.catalog.view import Found, Mask, View
from kott_notebooks.tables.columns import NAT

_FIELD = "mediaFiles"


def find(view: View) -> Iterator[Found]:
    """Find what is wrong with media files."""
    files = view.filled(_FIELD)
    main, trailer = view.where(lambda of: of.files), view.where(lambda of: of.trailer)
    none = np.flatnonzero(main & ~files)
    yield Found("file.none", none, _FIELD, "It has no media file at all.")
    without = np.flatnonzero(main & ~_has(view, "files"))
    yield Found("file.missing_type", without, _FIELD, "It has no main file.")
    dull = np.flatnonzero(trailer & ~_has(view, "trailer"))
    yield Found("file.no_trailer", dull, _FIELD, "It has no trailer.")
    active = np.bincount(view.files.row[view.files.of["active"]], minlength=view.count) > 0
    off = np.flatnonzero(files & ~active)
    yield Found("file.inactive", off, _FIELD, "None of its files is active.")
    yield _expired(view, active)
    yield _outside(view)
    yield _mismatched(view)


def _types(view: View, kind: str) -> Mask:
    """Say which files are of a type that their own asset's struct names."""
    types, of = view.files.of["type"], view.code[view.files.row]
    found = np.zeros(len(types), bool)
    for code, needs in enumerate(view.needs):
        found |= (of == code) & types.isin(getattr(needs, kind)).to_numpy(bool)
    return found


def _has(view: View, kind: str) -> Mask:
    of_kind = view.files.row[_types(view, kind)]
    return np.asarray(np.bincount(of_kind, minlength=view.count) > 0)


def _expired(view: View, active: Mask) -> Found:
    end, of = view.times("endDate"), view.files.of
    over = ((of["end"] != NAT) & (of["end"] < view.moment)).to_numpy(bool)
    on = view.files.row[of["active"].to_numpy(bool) & ~over]
    goes_on = (end == NAT) | (end >= view.moment)
    rows = np.flatnonzero(active & goes_on & (np.bincount(on, minlength=view.count) == 0))
    return Found("file.expired", rows, _FIELD, "All its active files have ended, and it goes on.")


def _outside(view: View) -> Found:
    row, of = view.files.row, view.files.of
    start, end = view.times("startDate")[row], view.times("endDate")[row]
    since, until = of["start"].to_numpy(), of["end"].to_numpy()
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
    detail = (of["type"].iloc[at] + " " + how + ".").to_numpy(object)
    return Found("file.outside_window", row[at], _FIELD, detail, "", since[at], until[at])


def _mismatched(view: View) -> Found:
    main = _types(view, "files") & view.files.of["duration"].gt(0).to_numpy(bool)
    row, duration = view.files.row[main], view.files.of["duration"][main]
    median = duration.groupby(row).transform("median")
    apart = (duration - median).abs()
    most = view.rules.thresholds.duration_percent  # compared in whole seconds: at 7 % of 10,000
    rows = np.unique(row[(apart * 100 > median * most).to_numpy(bool)])  # 700 are within
    off: npt.NDArray[np.float64] = (apart / median * 100).to_numpy()
    worst = np.zeros(view.count)
    np.maximum.at(worst, row, off)
    detail = [f"A main file's duration is {one:.1f} % off their median." for one in worst[rows]]
    return Found("file.duration_mismatch", rows, _FIELD, np.array(detail, dtype=object))
