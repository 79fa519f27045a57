"""Pictures of households."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from kott_notebooks import household
from kott_notebooks.plots.drawing import (
    BLUE,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    USUAL,
    VERMILLION,
    YELLOW,
    current,
    label_rows,
    labelled,
    legend_above,
    legible,
    points,
    say,
)
from kott_notebooks.plots.lettering import width
from kott_notebooks.tables.columns import need

LEFT = dict(
    zip(household.LEFT, (VERMILLION, ORANGE, YELLOW, SKY, BLUE, "#CCCCCC", "#F0F0F0"), strict=True)
) | {household.OTHER: PURPLE}
_FEW = "These are too few households to be shown."


def limits(
    table: pd.DataFrame, *, k: int = household.K, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `household.limits` as a bar per limit: how many households have how much left.

    What fewer than `k` households have left is folded into "other", as `household.left` does.
    """
    ax = current(ax)
    need(table, "limit", "allowed", "used", "left")
    if table.empty:
        return say(ax, "There are no households here.")
    left = household.left(table, k=k)
    if left.empty:
        return say(ax, _FEW)
    counts = left.pivot(index="group", columns="limit", values="households")
    counts = counts.reindex(index=list(LEFT), columns=left["limit"].unique()).fillna(0).astype(int)
    ax.set(xlabel="households", ylabel="limit", xlim=(0, counts.sum().max()))
    for state, row in counts[counts.any(axis=1)].iterrows():
        base = counts.loc[:state].iloc[:-1].sum()
        look = {"color": LEFT[str(state)], "label": state, **kwargs}
        bars = ax.barh(counts.columns, row, left=base, **look)
        ink = str(legible(np.array(to_rgba(look["color"]))))
        ax.bar_label(bars, _that_fit(ax, row), label_type="center", color=ink, fontsize=USUAL)
    ax.invert_yaxis()
    ax.locator_params(axis="x", integer=True)
    legend_above(ax, {str(bar.get_label()): bar for bar in ax.containers})
    return ax


def groups(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `household.groups`, `sizes`, `idle_devices` and the like as a bar per group.

    Each bar says its count; "other" is grey. Where there are more groups than rows that can be
    read, the first are drawn, and the label says of how many.
    """
    ax = current(ax)
    need(table, "group", "count")
    if table.empty:
        return say(ax, _FEW)
    shown = table[: max(int(points(ax)[1] // (SMALL + 2)), 1)]
    counts = shown["count"].to_numpy(np.float64)
    colours = np.where(shown["group"] == household.OTHER, GREY, BLUE).tolist()
    more = f", the first {len(shown)} of {len(table):,} groups" if len(shown) < len(table) else ""
    bars = ax.barh(np.arange(len(shown)), counts, **{"color": colours, **kwargs})
    label_rows(ax, labelled(shown["group"], None))
    texts = [f"{count:,.0f}" for count in counts]
    ax.bar_label(bars, texts, padding=2, fontsize=min(USUAL, _row(ax, len(shown))))
    room = 1 + (max(map(width, texts)) + 1) * USUAL / points(ax)[0]
    ax.set(xlim=(0, counts.max() * room), xlabel=f"count{more}", ylabel="group")
    ax.locator_params(axis="x", integer=True)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return ax


def _row(ax: Axes, rows: int) -> float:
    return max(SMALL, 0.8 * points(ax)[1] / rows)


def _that_fit(ax: Axes, counts: pd.Series[int]) -> list[str]:
    per_household = points(ax)[0] / np.ptp(ax.get_xlim())
    texts = [f"{count:,}" for count in counts]
    room = counts.to_numpy() * per_household / USUAL
    return [text if width(text) < wide else "" for text, wide in zip(texts, room, strict=True)]
