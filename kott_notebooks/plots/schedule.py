"""Pictures of a guide: what is on where and when, and where nothing or too much is."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.transforms import Bbox, TransformedBbox

from kott_notebooks.plots.drawing import (
    BLUE,
    DAY,
    INK,
    LETTER,
    LETTERS,
    PALE,
    SKY,
    SMALL,
    TITLES,
    USUAL,
    VERMILLION,
    crossed,
    current,
    days_of,
    heat,
    label_columns,
    label_rows,
    labelled,
    points,
    row_height,
    say,
    short,
    times,
)
from kott_notebooks.tables import NAT, Names, asked, channel_ids, micros, need, pulled, stamp
from kott_notebooks.times import When


def gaps(
    table: pd.DataFrame,
    *,
    channels: Iterable[Any] | pd.DataFrame | None = None,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo = "UTC",
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.gaps` as a strip per channel, marked where nothing is on.

    `channels` (ids, or the table of `kott.channels`) shows those without a gap too. However short,
    a gap is drawn wide enough to be seen.
    """
    ax = current(ax)
    if table.empty:
        return say(ax, "No gaps were found.")
    return _strips(ax, table, channels, (start, end), tz, names, {"color": VERMILLION, **kwargs})


def overlaps(
    table: pd.DataFrame,
    *,
    channels: Iterable[Any] | pd.DataFrame | None = None,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo = "UTC",
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.overlaps` as a strip per channel, marked where programmes share time.

    `channels` (ids, or the table of `kott.channels`) shows those without an overlap too. However
    short, an overlap is drawn wide enough to be seen.
    """
    ax = current(ax)
    if table.empty:
        return say(ax, "No overlaps were found.")
    return _strips(ax, table, channels, (start, end), tz, names, {"color": BLUE, **kwargs})


def coverage(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo = "UTC",
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.coverage` as a heat map, channels by days: the darker, the fuller.

    Give the `tz` that the coverage was measured in.
    """
    ax = current(ax)
    need(table, "linearAssetId", "day", "share")
    if table.empty:
        return say(ax, "There is no programme here, so no day is covered.")
    cells, channels, days = crossed(table.sort_values("day"), "linearAssetId", "day", "share")
    order = channels.argsort()
    heat(ax, cells[order], **kwargs)
    label_rows(ax, labelled(channels[order], names))
    label_columns(ax, list(pd.DatetimeIndex(days).tz_convert(tz).strftime("%a %d %b")))
    ax.set(xlabel=f"day ({tz})", ylabel="linearAssetId")
    return ax


def grid(
    epg: pd.DataFrame,
    *,
    channels: Iterable[Any] | pd.DataFrame | None = None,
    start: When | None = None,
    end: When | None = None,
    now: When | None = None,
    tz: str | tzinfo = "UTC",
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw a guide as a grid: channels by hours, a block a programme, a line at `now`.

    What is grey is a gap; where programmes overlap, the block is darker. Titles stand where there
    is room, cut off at their block's end. `channels` (ids, or the table of `kott.channels`) are
    shown in the order given, by default those that occur, by id. The window is the one that the
    table was pulled for, and `now` the time when it was.
    """
    ax = current(ax)
    need(epg, "name", "linearAssetId", "startDate", "endDate")
    labels = _channels(epg, channels)
    first, last = _window(epg, start, end)
    blocks = _blocks(epg, labels, first, last)
    if not len(blocks.row):
        return say(ax, "There is no programme of these channels in this window.")
    times(ax, days_of(np.array([first, last])), tz, "startDate")
    label_rows(ax, labelled(labels, _names(names, channels)))
    _draw(ax, blocks, **{"facecolors": SKY, "alpha": 0.55, **kwargs})
    _draw_titles(ax, blocks)
    _mark(ax, stamp(pulled(epg, now)), first, last)
    ax.set(ylabel="linearAssetId", facecolor=PALE)
    return ax


class _Blocks(NamedTuple):
    """Stretches of time by row: microseconds, cut off at the window's edges."""

    row: npt.NDArray[np.intp]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    title: npt.NDArray[np.object_]


def _channels(table: pd.DataFrame, channels: Iterable[Any] | pd.DataFrame | None) -> pd.Index[Any]:
    own: pd.Series[Any] = table["linearAssetId"]
    shown = own.dropna().unique() if channels is None else channel_ids(channels)
    labels: pd.Index[Any] = pd.Index(pd.Series(shown).astype(own.dtype))
    return labels.sort_values() if channels is None else labels


def _names(names: Names | None, channels: Iterable[Any] | pd.DataFrame | None) -> Names | None:
    """Take the labels from the channel table where that is given."""
    if names is None and isinstance(channels, pd.DataFrame) and "name" in channels:
        return dict(zip(channels["id"], channels["name"], strict=True))
    return names


def _window(table: pd.DataFrame, start: When | None, end: When | None) -> tuple[int, int]:
    """Give the window asked for, else the one that holds the table's times.

    What ends long after the last start does not widen it: some programmes never end.
    """
    first, last = asked(table, start, end)
    starts, ends = micros(table, "startDate"), micros(table, "endDate")
    known = (starts != NAT) & (ends > starts)
    early = min(starts[known], default=0) if first is None else stamp(first)
    late = min(max(ends[known], default=DAY), max(starts[known], default=0) + DAY)
    return int(early), int(late) if last is None else stamp(last)


def _blocks(table: pd.DataFrame, labels: pd.Index[Any], first: int, last: int) -> _Blocks:
    row = labels.get_indexer(pd.Index(table["linearAssetId"]))
    start, end = micros(table, "startDate"), micros(table, "endDate")
    seen = (row >= 0) & (start != NAT) & (end > start) & (end > first) & (start < last)
    titles = table["name"] if "name" in table else pd.Series("", index=table.index)
    return _Blocks(
        row[seen],
        start[seen].clip(min=first),
        end[seen].clip(max=last),
        titles[seen].fillna("").to_numpy(object),
    )


def _strips(
    ax: Axes,
    table: pd.DataFrame,
    channels: Iterable[Any] | pd.DataFrame | None,
    window: tuple[When | None, When | None],
    tz: str | tzinfo,
    names: Names | None,
    look: dict[str, Any],
) -> Axes:
    """Draw the times of a table as marks on a strip per channel."""
    need(table, "linearAssetId", "startDate", "endDate")
    labels = _channels(table, channels)
    first, last = _window(table, *window)
    times(ax, days_of(np.array([first, last])), tz, "startDate")
    label_rows(ax, labelled(labels, _names(names, channels)))
    _draw(ax, _blocks(table, labels, first, last), **{"linewidths": 1, **look})
    if row_height(ax) > SMALL:
        ax.hlines(np.arange(1, len(labels)) - 0.5, *ax.get_xlim(), color="white", linewidth=0.5)
    ax.set(ylabel="linearAssetId", facecolor=PALE)
    return ax


def _draw(ax: Axes, blocks: _Blocks, **kwargs: Any) -> None:
    """Draw all blocks as one collection; white edges part them where they are wide enough."""
    left, right = days_of(blocks.start), days_of(blocks.end)
    apart = 0.42 if row_height(ax) > SMALL else 0.5  # rows too thin for a space join
    top, bottom = blocks.row - apart, blocks.row + apart
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    outlines = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
    wide = np.median(right - left) / np.ptp(ax.get_xlim()) * points(ax)[0] > 4
    edges = {"edgecolors": "white", "linewidths": 0.7 if wide else 0}
    ax.add_collection(PolyCollection(list(outlines), **{**edges, **kwargs}), autolim=False)


def _draw_titles(ax: Axes, blocks: _Blocks) -> None:
    """Write titles into the blocks that have room for some letters, the longest blocks first."""
    size = min(USUAL, 0.6 * row_height(ax))
    if size < SMALL:
        return
    left, right = days_of(blocks.start), days_of(_until_next(blocks))
    room = (right - left) / np.ptp(ax.get_xlim()) * points(ax)[0] - 6  # points, less a margin
    letters = (room / (LETTER * size)).astype(int)
    fit = np.flatnonzero((letters >= LETTERS) & (blocks.title != ""))
    for i in fit[np.argsort(-room[fit], kind="stable")][:TITLES]:
        block = Bbox.from_extents(left[i], blocks.row[i] - 0.5, right[i], blocks.row[i] + 0.5)
        text = ax.annotate(
            short(str(blocks.title[i]), letters[i]),
            (left[i], blocks.row[i]),
            xytext=(2, 0),
            textcoords="offset points",
            va="center_baseline",
            color=INK,
            fontsize=size,
            parse_math=False,
            clip_on=True,
            in_layout=False,
        )
        text.set_clip_box(TransformedBbox(block, ax.transData))


def _until_next(blocks: _Blocks) -> npt.NDArray[np.int64]:
    """Give each block's end, or the start of the next where that overlaps it."""
    order = np.lexsort((blocks.start, blocks.row))
    until = blocks.end.copy()
    one, other = order[:-1], order[1:]
    same = blocks.row[one] == blocks.row[other]
    until[one[same]] = np.minimum(until[one[same]], blocks.start[other[same]])
    return until


def _mark(ax: Axes, now: int, first: int, last: int) -> None:
    """Draw a line at the present, if that is in the window."""
    if first <= now < last:
        (at,) = days_of(np.array([now]))
        ax.axvline(at, color=VERMILLION, linewidth=1.5, label="now")
        ax.annotate(
            "now",
            (at, 1),
            xycoords=ax.get_xaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            color=VERMILLION,
            ha="center",
            va="bottom",
            fontsize=USUAL,
        )
