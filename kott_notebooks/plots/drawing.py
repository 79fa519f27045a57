"""What every picture has: an Axes with labels that fit, times, colours, heat maps."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, TypeAlias

import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.patches import Patch

from kott_notebooks.plots.clock import LocalLabels, LocalTimes
from kott_notebooks.tables.columns import Names
from kott_notebooks.times import zone

# Colours that people of every colour vision can tell apart, by Okabe and Ito
BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, VERMILLION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"
GREY, PALE, INK = "#999999", "#F0F0F0", "#222222"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY)
# Light ones for cells with dark text, and what stands for all others; by Paul Tol
LIGHT = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00")
OTHERS = "#DDDDDD"
TITLES = 2_000  # more than anybody reads, and drawing text is slow
LETTERS = 4  # a title cut shorter says nothing
LABEL = 32  # letters of a label; a longer one would leave no room for the picture
SMALL, USUAL = 6.0, 9.0  # points: the least that reads, and what is enough
LETTER = 0.6  # a letter's usual width, in font sizes
DAY = 86_400_000_000  # microseconds
Numbers: TypeAlias = npt.NDArray[np.float64]
dates: Any = matplotlib.dates  # has no types


def current(ax: Axes | None) -> Axes:
    return plt.gca() if ax is None else ax


def say(ax: Axes, why: str) -> Axes:
    """Leave the Axes empty but for the words that say why it is."""
    ax.text(0.5, 0.5, why, ha="center", va="center", wrap=True, transform=ax.transAxes)
    ax.set(xticks=[], yticks=[])
    return ax


def points(ax: Axes) -> tuple[float, float]:
    """Give the width and height of an Axes in points."""
    box, per_point = ax.get_window_extent(), ax.figure.dpi / 72
    return box.width / per_point, box.height / per_point


def row_height(ax: Axes) -> float:
    return float(points(ax)[1] / np.ptp(ax.get_ylim()))


def width(text: str) -> float:
    """Estimate a text's width in font sizes, without drawing it."""
    return LETTER * sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def labelled(ids: Iterable[Any], names: Names | None) -> list[str]:
    """Name each id; `kott.labels` has ids as text, so that does as well."""
    known = {} if names is None else {str(one): name for one, name in names.items()}
    texts = ["none" if pd.isna(one) else str(one) for one in ids]
    return [short(str(known.get(text, text)), LABEL) for text in texts]


def short(text: str, letters: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def label_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label beside each row, the first on top; beside every n-th where rows are thin."""
    room = points(ax)[1] / len(labels)
    size = min(USUAL, max(SMALL, room * 0.8))
    step = math.ceil(size / room)
    at = range(0, len(labels), step)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_yticks(at, [labels[i] for i in at], fontsize=size, parse_math=False)


def label_columns(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label below each column, slanted where they are narrow, or below every n-th."""
    room = points(ax)[0] / len(labels)
    slanted = max(map(width, labels)) * USUAL > room
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


def legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str], **kwargs: Any) -> None:
    legend = ax.legend(handles, ["?"] * len(labels), fontsize=USUAL, **kwargs)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set(text=label, parse_math=False)  # as they are, also with a _ in front or two $


def legend_above(ax: Axes, key: Mapping[str, Any], *, lift: float = 0) -> None:
    """Put a key of label -> handle above the Axes, `lift` points up, in as many rows as needed."""
    if not key:
        return
    room, height = points(ax)
    column = (max(map(width, key)) + 3) * USUAL  # a label, its mark and the space behind
    where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1 + lift / height)}
    look: dict[str, Any] = {"frameon": False, "handlelength": 1, "columnspacing": 1}
    columns = max(1, min(len(key), int(room / column)))
    legend(ax, list(key.values()), list(key), ncols=columns, **where, **look)


def days_of(stamps: npt.NDArray[np.int64]) -> Numbers:
    """Give microseconds since 1970 as matplotlib counts time: in days."""
    return np.asarray(dates.date2num(stamps.view("datetime64[us]")), dtype=np.float64)


def times(
    ax: Axes, ends: Numbers, tz: str | tzinfo | None, name: str, *, until: float | None = None
) -> None:
    """Make x an axis of times in a zone, from the first of `ends` to the last, and say so.

    `until` lets it run on beyond the last.
    """
    zoned = zone(tz)
    locator = LocalTimes(zoned)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(LocalLabels(locator))
    first, last = dates.num2date(ends[[0, -1]], tz=zoned)
    clock = "%d %b %Y" if first.hour == last.hour == 0 else "%d %b %Y %H:%M"
    span = f"{first.strftime(clock)} to {last.strftime(clock)}"
    ax.set(xlim=(ends[0], ends[-1] if until is None else until), xlabel=f"{name}, {span} ({zoned})")


# Classes of shares, each from its value on; all and nothing are classes of their own
SHARES = {
    "0 %": 0,
    "<50": 1e-9,
    "<80": 0.5,
    "<95": 0.8,
    "<100": 0.95,
    "100 %": 1,
}


def crossed(
    table: pd.DataFrame, row: str, column: str, value: str
) -> tuple[Numbers, pd.Index[Any], pd.Index[Any]]:
    """Lay a tidy table out as rows by columns, in the order in which they occur."""
    i, rows = pd.factorize(table[row], use_na_sentinel=False)
    j, columns = pd.factorize(table[column], use_na_sentinel=False)
    cells = np.full((len(rows), len(columns)), np.nan)
    cells[i, j] = table[value].to_numpy(np.float64, na_value=np.nan)
    return cells, pd.Index(rows), pd.Index(columns)


def heat(ax: Axes, shares: Numbers, **kwargs: Any) -> None:
    """Draw shares as cells, percentages where there is room, and a key to the colours."""
    steps = BoundaryNorm(list(SHARES.values()), 256, extend="max")
    image = ax.imshow(shares, **{"cmap": "YlGnBu", "norm": steps, "aspect": "auto", **kwargs})
    ax.set_facecolor(GREY)  # where nothing is known
    width, height = np.divide(points(ax), shares.shape[::-1])
    size = min(USUAL, height * 0.8, width / (4 * LETTER))
    if size >= SMALL and shares.size <= TITLES:
        colours = legible(image.to_rgba(shares))
        for (i, j), share in np.ndenumerate(shares):
            if not np.isnan(share):
                look: dict[str, Any] = {
                    "color": colours[i, j],
                    "ha": "center",
                    "va": "center_baseline",
                }
                ax.text(j, i, _percent(share), fontsize=size, **look)
    key = [Patch(color=colour) for colour in image.to_rgba(np.array(list(SHARES.values())))]
    legend_above(ax, dict(zip(SHARES, key, strict=True)))


def _percent(share: float) -> str:
    """Round down, so that 100 means all; what is little but not nothing is <1."""
    return "<1" if 0 < share < 0.01 else str(math.floor(share * 100 + 1e-9))


def legible(colours: Numbers) -> npt.NDArray[np.str_]:
    """Choose white text for dark colours, dark text for light ones."""
    return np.where(colours[..., :3] @ (0.3, 0.6, 0.1) < 0.55, "white", INK)
