"""What every picture has: an Axes with labels that fit, times, colours, heat maps."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, TypeAlias

import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgba
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Bbox

from kott_notebooks.plots.clock import LocalLabels, LocalTimes
from kott_notebooks.plots.lettering import LETTER, lettering, shortened, width
from kott_notebooks.schedule.layout import genre_slots
from kott_notebooks.tables.columns import Names
from kott_notebooks.tables.names import names_beside
from kott_notebooks.times import zone

# Colours that people of every colour vision can tell apart, by Okabe and Ito
BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, VERMILLION, PURPLE = "#E69F00", "#D55E00", "#CC79A7"
GREY, INK, CHALK = "#999999", "#222222", "#F4F4F4"
SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY)
# Light ones for cells with dark text, and one for all others; by Paul Tol
LIGHT = ("#77AADD", "#EE8866", "#EEDD88", "#FFAABB", "#99DDFF", "#44BB99", "#BBCC33", "#AAAA00")
OTHERS = "#DDDDDD"
TITLES = 2_000  # more than anybody reads, and drawing text is slow
LETTERS = 4  # a shorter title is not legible
LABEL = 32  # letters of a label; a longer one would leave no room for the picture
SMALL, USUAL = 6.0, 9.0  # points: the smallest legible size, and the usual one
DAY = 86_400_000_000  # microseconds
Numbers: TypeAlias = npt.NDArray[np.float64]
dates: Any = matplotlib.dates  # has no types


def current(ax: Axes | None) -> Axes:
    """Return the Axes given, else the current one, or a new one if that is in use."""
    if ax is not None:
        return ax
    ax = plt.gca()
    if not (ax.has_data() or ax.texts):
        return ax
    return plt.subplots(figsize=plt.gcf().get_size_inches())[1]


def say(ax: Axes, why: str) -> Axes:
    """Write into an Axes why it is empty, in lines that fit."""
    room, height = np.multiply(points(ax), 0.8)
    size = float(FontProperties(size=plt.rcParams["font.size"]).get_size_in_points())
    lines = textwrap.wrap(why, max(int(room / (LETTER * size)), 8))
    size = min(size, height / len(lines) / 1.2, room / max(map(width, lines)))
    middle: dict[str, Any] = {"ha": "center", "va": "center", "transform": ax.transAxes}
    ax.text(0.5, 0.5, "\n".join(lines), fontsize=size, **middle)
    ax.set(xticks=[], yticks=[])
    return ax


def ink(ax: Axes) -> str:
    """Return the colour of lines that are seen on an Axes, light or dark."""
    return str(legible(np.array(to_rgba(ax.get_facecolor()))))


def pale(ax: Axes) -> tuple[float, ...]:
    """Return a background for an Axes that is a little off its own, light or dark."""
    face, line = (np.array(to_rgba(colour)) for colour in (ax.get_facecolor(), ink(ax)))
    return tuple(0.93 * face + 0.07 * line)


def alt_text(ax: Axes) -> str:
    """Describe a picture in words, for those who cannot see it.

    Parameters
    ----------
    ax : Axes
        What a function of `kott.plots` returned.

    Returns
    -------
    str
        Its title, what its axes show, how many rows it has, its key and its words: for the `alt`
        of an HTML image.

    See Also
    --------
    grid, completeness

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import plots
    >>> table = pd.DataFrame({"type": [425], "field": ["name"], "share": [0.5]})
    >>> alt_text(plots.completeness(table, names={425: "Movie"}))
    'field by type. Rows: name. Key: 0 %, <50, <80, <95, <100, 100 %.'
    """
    axes = " by ".join(filter(None, (ax.get_ylabel(), ax.get_xlabel())))
    rows = [text for text in (one.get_text() for one in ax.get_yticklabels()) if text]
    named = isinstance(ax.yaxis.get_major_locator(), FixedLocator)
    shown = ", ".join(rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    legend = ax.get_legend()
    key = ", ".join(one.get_text() for one in legend.get_texts()) if legend else ""
    words = "" if axes else " ".join(one.get_text() for one in ax.texts).replace("\n", " ")
    parts = (ax.get_title(), axes, f"Rows: {shown}" if named and rows else "", words)
    sentences = [*filter(None, parts), *([f"Key: {key}"] if key else [])]
    return " ".join(f"{one.removesuffix('.')}." for one in sentences)


def genre_colours(genres: Sequence[str]) -> dict[str, str]:
    """Return the colours of the first genres of a ranking, the same ones in every picture."""
    return {genre: LIGHT[slot] for genre, slot in genre_slots(genres, len(LIGHT)).items()}


def points(ax: Axes) -> tuple[float, float]:
    """Return the width and height of an Axes in points."""
    box, per_point = ax.get_window_extent(), ax.figure.dpi / 72
    return box.width / per_point, box.height / per_point


def row_height(ax: Axes) -> float:
    """Return the height of a row of a labelled Axes in points."""
    return float(points(ax)[1] / np.ptp(ax.get_ylim()))


def bar_height(ax: Axes) -> float:
    """Return the height of a bar as a part of its row: without a space where rows are thin."""
    return 0.84 if row_height(ax) > SMALL else 1.0


def legible_rows(ax: Axes) -> int:
    """Return how many rows have room for a label of their own."""
    return max(int(points(ax)[1] // (SMALL + 2)), 1)


def labelled(ids: Iterable[Any], names: Names | None) -> list[str]:
    """Return a label for each id, a number or text; different names get different labels."""
    known = {} if names is None else {str(one): name for one, name in names.items()}
    texts = ["none" if pd.isna(one) else str(one) for one in ids]
    return shortened([str(known.get(text, text)) for text in texts], LABEL)


def names_of(table: pd.DataFrame, column: str, names: Names | None) -> Names | None:
    """Return the names given, else those that the table has beside the ids of a column."""
    return names_beside(table, column) if names is None else names


def label_rows(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label beside each row, the first on top; beside every n-th where rows are thin."""
    room = points(ax)[1] / len(labels)
    size = min(USUAL, max(SMALL, room * 0.8))
    step = math.ceil(size / room)
    at = range(0, len(labels), step)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    texts, font = lettering(labels[i] for i in at)
    ax.set_yticks(at, texts, fontsize=size, parse_math=False, **font)


def label_columns(ax: Axes, labels: Sequence[str]) -> None:
    """Write a label below each column, slanted where they are narrow, or below every n-th."""
    room = points(ax)[0] / len(labels)
    slanted = max(map(width, labels)) * USUAL > room
    step = math.ceil(1.4 * USUAL / room) if slanted else 1
    at = range(0, len(labels), step)
    slant: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xlim(-0.5, len(labels) - 0.5)
    texts, font = lettering(labels[i] for i in at)
    look = font | (slant if slanted else {})
    ax.set_xticks(at, texts, fontsize=USUAL, parse_math=False, **look)


def legend(ax: Axes, handles: Sequence[Any], labels: Sequence[str], **kwargs: Any) -> Legend:
    """Add a legend whose labels are drawn as they are, even with a leading _ or with two $."""
    key = ax.legend(handles, ["?"] * len(labels), fontsize=USUAL, **kwargs)
    texts, font = lettering(labels)
    for text, label in zip(key.get_texts(), texts, strict=True):
        text.set(text=label, parse_math=False, **font)
    return key


def legend_above(ax: Axes, key: Mapping[str, Any], *, lift: float = 0) -> None:
    """Put a legend of label -> handle above the Axes, `lift` points up, in as many rows as needed.

    A title that is set later is above the legend: matplotlib keeps titles clear of an Axes' child
    axes, and an invisible one has the place of the key.
    """
    if not key:
        return
    room, height = points(ax)
    column = (max(map(width, key)) + 3) * USUAL  # a label, its mark and the space behind
    where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1 + lift / height)}
    look: dict[str, Any] = {"frameon": False, "handlelength": 1, "columnspacing": 1}
    columns = max(1, min(len(key), int(room / column)))
    drawn = legend(ax, list(key.values()), list(key), ncols=columns, **where, **look)

    def place(_: Any, renderer: Any) -> Bbox:
        inverse = ax.figure.transSubfigure.inverted()
        return Bbox(inverse.transform(drawn.get_window_extent(renderer)))

    placeholder = ax.inset_axes((0, 1, 1, 0.1), visible=False)
    placeholder.set_axes_locator(place)


def days_of(stamps: npt.NDArray[np.int64]) -> Numbers:
    """Return microseconds since 1970 as matplotlib counts time: in days."""
    return np.asarray(dates.date2num(stamps.view("datetime64[us]")), dtype=np.float64)


def times(
    ax: Axes, ends: Numbers, tz: str | tzinfo | None, name: str, *, until: float | None = None
) -> None:
    """Make x an axis of times in a zone, from the first of `ends` to the last, with a label.

    `until` extends it beyond the last.
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
NOTHING = "#F2B8A0"  # 0 %: not one of the shades, so that it stands out
CANNOT = "cannot have"


def crossed(
    table: pd.DataFrame, row: str, column: str, value: str
) -> tuple[Numbers, pd.Index[Any], pd.Index[Any]]:
    """Pivot a tidy table into rows by columns, in the order in which they occur."""
    i, rows = pd.factorize(table[row], use_na_sentinel=False)
    j, columns = pd.factorize(table[column], use_na_sentinel=False)
    cells = np.full((len(rows), len(columns)), np.nan)
    cells[i, j] = table[value].to_numpy(np.float64, na_value=np.nan)
    return cells, pd.Index(rows), pd.Index(columns)


def heat(ax: Axes, shares: Numbers, **kwargs: Any) -> None:
    """Draw shares as cells, percentages where there is room, and a key to the colours.

    Cells without a share are hatched: a field that the type cannot have differs from one that no
    asset has.
    """
    shades = plt.get_cmap(kwargs.pop("cmap", "YlGnBu"))(np.linspace(0.1, 1, len(SHARES) - 1))
    colours = ListedColormap([NOTHING, *map(tuple, shades)])
    steps = BoundaryNorm([*SHARES.values(), 2], len(SHARES))
    look: dict[str, Any] = {"cmap": colours, "norm": steps, "aspect": "auto", **kwargs}
    if len(shares) <= ax.get_window_extent().height:  # else rows are lost; blended, they are not
        look = {"interpolation": "nearest", **look}
    image = ax.imshow(shares, **look)
    shown = image.to_rgba(np.array(list(SHARES.values())))
    edge: dict[str, Any] = {"edgecolor": GREY, "linewidth": 0.5}  # the darkest is seen on black
    patches = (Patch(facecolor=tuple(colour), **edge) for colour in shown)
    key = dict(zip(SHARES, patches, strict=True))
    if np.isnan(shares).any():
        look = {"facecolor": pale(ax), "edgecolor": GREY, "hatch": "////"}
        ax.patch.set(facecolor=look["facecolor"])
        ax.add_patch(Rectangle((0, 0), 1, 1, transform=ax.transAxes, zorder=-1, lw=0, **look))
        key[CANNOT] = Patch(linewidth=0.5, **look)
    width, height = np.divide(points(ax), shares.shape[::-1])
    size = min(USUAL, height * 0.8, width / (4 * LETTER))
    if size >= SMALL and shares.size <= TITLES:
        middle: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": size}
        inks = legible(image.to_rgba(shares))
        for (i, j), share in np.ndenumerate(shares):
            if not np.isnan(share):
                ax.text(j, i, _percent(share), color=inks[i, j], **middle)
    legend_above(ax, key)


def _percent(share: float) -> str:
    """Round down, so that 100 means all; a small share that is not zero is <1."""
    return "<1" if 0 < share < 0.01 else str(math.floor(share * 100 + 1e-9))


def legible(colours: Numbers) -> npt.NDArray[np.str_]:
    """Choose light text for dark colours, dark text for light ones."""
    return np.where(colours[..., :3] @ (0.3, 0.6, 0.1) < 0.55, CHALK, INK)
