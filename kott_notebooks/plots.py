"""Tables to Axes: every analysis has its picture; nothing here is worked out or fetched.

Each function fills one Axes, the one given or the current one, and returns it; further keywords go
to its main artist. An empty table gives an Axes that says so. `names` (a mapping or Series,
id -> label) puts words in the place of ids. Labels and titles fit the size that the Axes has when
it is filled: give a figure of many channels its height first.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import BoundaryNorm, to_rgba
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox, TransformedBbox

from kott_notebooks.tables import NAT, Names, asked, channel_ids, micros, need, pulled, stamp
from kott_notebooks.times import When

# Colours that people of every colour vision can tell apart, by Okabe and Ito
BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, VERMILLION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"
GREY, PALE, INK = "#999999", "#F0F0F0", "#222222"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY)

TITLES = 2_000  # more than anybody reads, and drawing text is slow
LETTERS = 4  # a title cut shorter says nothing
LABEL = 32  # letters of a label; a longer one would leave no room for the picture
SMALL, USUAL = 6.0, 9.0  # points: the least that reads, and what is enough
LETTER = 0.6  # a letter's usual width, in font sizes
DAY = 86_400_000_000  # microseconds

Numbers: TypeAlias = npt.NDArray[np.float64]

_dates: Any = matplotlib.dates  # has no types


def completeness(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `catalog.completeness` as a heat map, fields by asset types: the darker, the fuller."""
    ax = _axes(ax)
    need(table, "field", "type", "share")
    if table.empty:
        return _say(ax, "There are no assets here, so no field is filled.")
    cells, fields, types = _crossed(table, "field", "type", "share")
    _heat(ax, cells, **kwargs)
    _label_rows(ax, _labels(fields, None))
    _label_columns(ax, _labels(types, names))
    ax.set(xlabel="type", ylabel="field")
    return ax


def growth(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo = "UTC",
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `catalog.growth` as areas, one a type: how much there was at each period's end.

    Where there are more types than colours, the smallest stand together as "others".
    """
    ax = _axes(ax)
    need(table, "period", "type", "total")
    if table.empty:
        return _say(ax, "No asset here has a createDate.")
    totals, types, periods = _crossed(table, "type", "period", "total")
    areas, labels = _few(totals, _labels(types, names))
    days = _days(micros(pd.DataFrame({"period": periods}), "period"))
    end = 2 * days[-1] - days[-2] if len(days) > 1 else days[-1] + 1
    _times(ax, days, tz, "period", until=end)
    days = np.append(days, end)
    areas = np.column_stack([areas, areas[:, -1]])  # a period lasts until the next one starts
    drawn = ax.stackplot(days, areas, **{"colors": SERIES, "step": "post", **kwargs})
    _legend(ax, drawn[::-1], labels[::-1], loc="upper left", title="type")
    ax.set(ylabel="total", ylim=(0, None))
    ax.locator_params(axis="y", integer=True)
    return ax


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
    ax = _axes(ax)
    if table.empty:
        return _say(ax, "No gaps were found.")
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
    ax = _axes(ax)
    if table.empty:
        return _say(ax, "No overlaps were found.")
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
    ax = _axes(ax)
    need(table, "linearAssetId", "day", "share")
    if table.empty:
        return _say(ax, "There is no programme here, so no day is covered.")
    cells, channels, days = _crossed(table.sort_values("day"), "linearAssetId", "day", "share")
    order = channels.argsort()
    _heat(ax, cells[order], **kwargs)
    _label_rows(ax, _labels(channels[order], names))
    _label_columns(ax, list(pd.DatetimeIndex(days).tz_convert(tz).strftime("%a %d %b")))
    ax.set(xlabel=f"day ({tz})", ylabel="linearAssetId")
    return ax


def limits(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `household.limits` as a bar per limit: how many households have how much left."""
    ax = _axes(ax)
    need(table, "limit", "allowed", "used", "left")
    if table.empty:
        return _say(ax, "There are no households here.")
    table = table.reset_index(drop=True)
    counts = pd.crosstab(_states(table), table["limit"]).reindex(list(LEFT), fill_value=0)
    counts = counts[table["limit"].unique()]
    ax.set(xlabel="households", ylabel="limit", xlim=(0, counts.sum().max()))
    for state, row in counts[counts.any(axis=1)].iterrows():
        base = counts.loc[:state].iloc[:-1].sum()
        look = {"color": LEFT[str(state)], "label": state, **kwargs}
        bars = ax.barh(counts.columns, row, left=base, **look)
        ink = str(_legible(np.array(to_rgba(look["color"]))))
        ax.bar_label(bars, _that_fit(ax, row), label_type="center", color=ink, fontsize=USUAL)
    ax.invert_yaxis()
    ax.locator_params(axis="x", integer=True)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=USUAL)
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
    ax = _axes(ax)
    need(epg, "name", "linearAssetId", "startDate", "endDate")
    labels = _channels(epg, channels)
    first, last = _window(epg, start, end)
    blocks = _blocks(epg, labels, first, last)
    if not len(blocks.row):
        return _say(ax, "There is no programme of these channels in this window.")
    _times(ax, _days(np.array([first, last])), tz, "startDate")
    _label_rows(ax, _labels(labels, _names(names, channels)))
    _draw(ax, blocks, **{"facecolors": SKY, "alpha": 0.55, **kwargs})
    _draw_titles(ax, blocks)
    _mark(ax, stamp(pulled(epg, now)), first, last)
    ax.set(ylabel="linearAssetId", facecolor=PALE)
    return ax


# An Axes, and what every picture has


def _axes(ax: Axes | None) -> Axes:
    return plt.gca() if ax is None else ax


def _say(ax: Axes, why: str) -> Axes:
    """Leave the Axes empty but for the words that say why it is."""
    ax.text(0.5, 0.5, why, ha="center", va="center", wrap=True, transform=ax.transAxes)
    ax.set(xticks=[], yticks=[])
    return ax


def _points(ax: Axes) -> tuple[float, float]:
    """Give the width and height of an Axes in points."""
    box, per_point = ax.get_window_extent(), ax.figure.dpi / 72
    return box.width / per_point, box.height / per_point


def _row_height(ax: Axes) -> float:
    return float(_points(ax)[1] / np.ptp(ax.get_ylim()))


def _width(text: str) -> float:
    """Estimate a text's width in font sizes, without drawing it."""
    return LETTER * sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _labels(ids: Iterable[Any], names: Names | None) -> list[str]:
    """Name each id; `kott.labels` has ids as text, so that does as well."""
    known = {} if names is None else {str(one): name for one, name in names.items()}
    texts = ["none" if pd.isna(one) else str(one) for one in ids]
    return [_short(str(known.get(text, text)), LABEL) for text in texts]


def _short(text: str, letters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def _label_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label beside each row, the first on top; beside every n-th where rows are thin."""
    room = _points(ax)[1] / len(labels)
    size = min(USUAL, max(SMALL, room * 0.8))
    step = math.ceil(size / room)
    at = range(0, len(labels), step)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_yticks(at, [labels[i] for i in at], fontsize=size, parse_math=False)


def _label_columns(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label below each column, slanted where they are narrow, or below every n-th."""
    room = _points(ax)[0] / len(labels)
    slanted = max(map(_width, labels)) * USUAL > room
    step = math.ceil(1.4 * USUAL / room) if slanted else 1
    at = range(0, len(labels), step)
    slant: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xlim(-0.5, len(labels) - 0.5)
    ax.set_xticks(
        at,
        [labels[i] for i in at],
        fontsize=USUAL,
        parse_math=False,
        **(slant if slanted else {}),
    )


def _legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str], **kwargs: Any) -> None:
    legend = ax.legend(handles, ["?"] * len(labels), fontsize=USUAL, **kwargs)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, parse_math=False)  # as they are, also with a _ in front or two $


def _days(stamps: npt.NDArray[np.int64]) -> Numbers:
    """Give microseconds since 1970 as matplotlib counts time: in days."""
    return np.asarray(_dates.date2num(stamps.view("datetime64[us]")), dtype=np.float64)


def _times(
    ax: Axes, ends: Numbers, tz: str | tzinfo, name: str, *, until: float | None = None
) -> None:
    """Make x an axis of times in a zone, from the first of `ends` to the last, and say so.

    `until` lets it run on beyond the last.
    """
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    locator = _dates.AutoDateLocator(tz=zone)
    formatter = _dates.ConciseDateFormatter(
        locator,
        tz=zone,
        formats=["%Y", "%b", "%a %d", "%H:%M", "%H:%M", "%H:%M:%S"],
        zero_formats=["", "%Y", "%d %b", "%a %d", "%H:%M", "%H:%M"],
        show_offset=False,  # of one end alone; the label says both
    )
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    first, last = _dates.num2date(ends[[0, -1]], tz=zone)
    clock = "%d %b %Y" if first.hour == last.hour == 0 else "%d %b %Y %H:%M"
    span = f"{first.strftime(clock)} to {last.strftime(clock)}"
    ax.set(xlim=(ends[0], ends[-1] if until is None else until), xlabel=f"{name}, {span} ({zone})")


# Heat maps

# Classes of shares, each from its value on; all and nothing are classes of their own
SHARES = {
    "0 %": 0,
    "<50": 1e-9,
    "<80": 0.5,
    "<95": 0.8,
    "<100": 0.95,
    "100 %": 1,
}


def _crossed(
    table: pd.DataFrame, row: str, column: str, value: str
) -> tuple[Numbers, pd.Index[Any], pd.Index[Any]]:
    """Lay a tidy table out as rows by columns, in the order in which they occur."""
    i, rows = pd.factorize(table[row], use_na_sentinel=False)
    j, columns = pd.factorize(table[column], use_na_sentinel=False)
    cells = np.full((len(rows), len(columns)), np.nan)
    cells[i, j] = table[value].to_numpy(np.float64, na_value=np.nan)
    return cells, pd.Index(rows), pd.Index(columns)


def _heat(ax: Axes, shares: Numbers, **kwargs: Any) -> None:
    """Draw shares as cells, percentages where there is room, and a key to the colours."""
    steps = BoundaryNorm(list(SHARES.values()), 256, extend="max")
    image = ax.imshow(shares, **{"cmap": "YlGnBu", "norm": steps, "aspect": "auto", **kwargs})
    ax.set_facecolor(GREY)  # where nothing is known
    width, height = np.divide(_points(ax), shares.shape[::-1])
    size = min(USUAL, height * 0.8, width / (4 * LETTER))
    if size >= SMALL and shares.size <= TITLES:
        colours = _legible(image.to_rgba(shares))
        for (i, j), share in np.ndenumerate(shares):
            if not np.isnan(share):
                look: dict[str, Any] = {
                    "color": colours[i, j],
                    "ha": "center",
                    "va": "center_baseline",
                }
                ax.text(j, i, _percent(share), fontsize=size, **look)
    key = [Patch(color=colour) for colour in image.to_rgba(np.array(list(SHARES.values())))]
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "frameon": False}
    _legend(ax, key, list(SHARES), ncols=len(SHARES), handlelength=1, columnspacing=1, **above)


def _percent(share: float) -> str:
    """Round down, so that 100 means all; what is little but not nothing is <1."""
    return "<1" if 0 < share < 0.01 else str(math.floor(share * 100 + 1e-9))


def _legible(colours: Numbers) -> npt.NDArray[np.str_]:
    """Choose white text for dark colours, dark text for light ones."""
    return np.where(colours[..., :3] @ (0.3, 0.6, 0.1) < 0.55, "white", INK)


# Areas and bars


def _few(areas: Numbers, labels: list[str]) -> tuple[Numbers, list[str]]:
    """Join the smallest areas where there are more than colours."""
    if len(labels) <= len(SERIES):
        return areas, labels
    by_size = np.argsort(-areas[:, -1], kind="stable")
    large, small = np.sort(by_size[: len(SERIES) - 1]), by_size[len(SERIES) - 1 :]
    joined = np.vstack([areas[large], areas[small].sum(axis=0)])
    return joined, [*(labels[i] for i in large), f"{len(small)} others"]


LEFT = {
    "over the limit": VERMILLION,
    "at the limit": ORANGE,
    "1 left": YELLOW,
    "2 left": SKY,
    "3 or more left": BLUE,
    "no limit set": "#CCCCCC",
    "not known": PALE,
}


def _states(table: pd.DataFrame) -> pd.Series[str]:
    left = table["left"].to_numpy(np.float64, na_value=np.nan)
    unknown, free = table["used"].isna(), table["allowed"].isna()
    cases = [unknown, free, left < 0, left == 0, left == 1, left == 2]
    words = ["not known", "no limit set", *list(LEFT)[:4]]
    return pd.Series(np.select(cases, words, "3 or more left"), index=table.index)


def _that_fit(ax: Axes, counts: pd.Series[int]) -> list[str]:
    per_household = _points(ax)[0] / np.ptp(ax.get_xlim())
    texts = [f"{count:,}" for count in counts]
    room = counts.to_numpy() * per_household / USUAL
    return [text if _width(text) < wide else "" for text, wide in zip(texts, room, strict=True)]


# Blocks by channel and time


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
    _times(ax, _days(np.array([first, last])), tz, "startDate")
    _label_rows(ax, _labels(labels, _names(names, channels)))
    _draw(ax, _blocks(table, labels, first, last), **{"linewidths": 1, **look})
    if _row_height(ax) > SMALL:
        ax.hlines(np.arange(1, len(labels)) - 0.5, *ax.get_xlim(), color="white", linewidth=0.5)
    ax.set(ylabel="linearAssetId", facecolor=PALE)
    return ax


def _draw(ax: Axes, blocks: _Blocks, **kwargs: Any) -> None:
    """Draw all blocks as one collection; white edges part them where they are wide enough."""
    left, right = _days(blocks.start), _days(blocks.end)
    apart = 0.42 if _row_height(ax) > SMALL else 0.5  # rows too thin for a space join
    top, bottom = blocks.row - apart, blocks.row + apart
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    outlines = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)
    wide = np.median(right - left) / np.ptp(ax.get_xlim()) * _points(ax)[0] > 4
    edges = {"edgecolors": "white", "linewidths": 0.7 if wide else 0}
    ax.add_collection(PolyCollection(list(outlines), **{**edges, **kwargs}), autolim=False)


def _draw_titles(ax: Axes, blocks: _Blocks) -> None:
    """Write titles into the blocks that have room for some letters, the longest blocks first."""
    size = min(USUAL, 0.6 * _row_height(ax))
    if size < SMALL:
        return
    left, right = _days(blocks.start), _days(_until_next(blocks))
    room = (right - left) / np.ptp(ax.get_xlim()) * _points(ax)[0] - 6  # points, less a margin
    letters = (room / (LETTER * size)).astype(int)
    fit = np.flatnonzero((letters >= LETTERS) & (blocks.title != ""))
    for i in fit[np.argsort(-room[fit], kind="stable")][:TITLES]:
        block = Bbox.from_extents(left[i], blocks.row[i] - 0.5, right[i], blocks.row[i] + 0.5)
        text = ax.annotate(
            _short(str(blocks.title[i]), letters[i]),
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
        (at,) = _days(np.array([now]))
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
