"""Pictures of households: how near they are to their limits, and how many are in a group."""

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
    legible_rows,
    points,
    row_height,
    say,
)
from kott_notebooks.plots.lettering import width
from kott_notebooks.tables.columns import need

_NEAR = {-1: VERMILLION, 0: ORANGE, 1: YELLOW, 2: SKY, 3: BLUE}  # by the least headroom
_APART = {"no limit set": "#CCCCCC", "not known": "#F0F0F0"}  # a group that joins them is purple
_FEW = "These are too few households to be shown."


def limits(
    table: pd.DataFrame,
    *,
    k: int = household.MIN_GROUP_SIZE,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `household.limits` as a bar per limit: the number of households by their headroom.

    Groups of fewer than `k` households join their neighbours, as in `household.headroom`;
    households at and over the limit are always named.

    Parameters
    ----------
    table : DataFrame
        What `household.limits` returned.
    k : int, default 5
        The least number of households in a group.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.barh`.

    Returns
    -------
    Axes
        The Axes that was drawn on.

    Raises
    ------
    KottError
        The table lacks a column.

    See Also
    --------
    household.headroom : The numbers that are drawn.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household, plots
    >>> session = demo.login(assets=20, households=60, deployment="roomy")
    >>> homes = kott.households(session)
    >>> limits = household.limits(homes, kott.household_users(session))
    >>> plots.limits(limits).get_ylabel()
    'limit'
    """
    ax = current(ax)
    table = need(table, "limit", "allowed", "used")
    if table.empty:
        return say(ax, "There are no households here.")
    groups = household.headroom(table, k=k)
    if groups.empty:
        return say(ax, _FEW)
    places = groups.drop_duplicates("group").sort_values("least", kind="stable")
    least = places.set_index("group")["least"]
    counts = groups.pivot(index="group", columns="limit", values="households")
    counts = counts.reindex(index=least.index, columns=groups["limit"].unique())
    counts = counts.fillna(0).astype(int)
    ax.set(xlabel="households", ylabel="limit", xlim=(0, counts.sum().max()))
    base = pd.Series(0, index=counts.columns)
    for group, row in counts.iterrows():
        near = least[str(group)]
        colour = _APART.get(str(group), PURPLE) if pd.isna(near) else _NEAR[int(near)]
        look = {"color": colour, "label": group, **kwargs}
        bars = ax.barh(counts.columns, row, left=base, **look)
        ink = str(legible(np.array(to_rgba(look["color"]))))
        ax.bar_label(bars, _that_fit(ax, row), label_type="center", color=ink, fontsize=USUAL)
        base = base + row
    ax.invert_yaxis()
    ax.locator_params(axis="x", integer=True)
    legend_above(ax, {str(bar.get_label()): bar for bar in ax.containers})
    return ax


def groups(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `household.groups`, `sizes`, `idle_devices` and the like as a bar per group.

    Each bar has its count; "other" is grey. With more groups than legible rows, the first are
    drawn, and the label says how many there are.

    Parameters
    ----------
    table : DataFrame
        What a function of `household` returned, with the columns `group` and `count`.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.barh`.

    Returns
    -------
    Axes
        The Axes that was drawn on.

    Raises
    ------
    KottError
        The table lacks a column.

    See Also
    --------
    household.groups : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household, plots
    >>> session = demo.login(assets=20, households=60, deployment="roomy")
    >>> homes = kott.households(session)
    >>> sizes = household.sizes(homes, kott.household_users(session))
    >>> plots.groups(sizes).get_ylabel()
    'group'
    """
    ax = current(ax)
    table = need(table, "group", "count")
    if table.empty:
        return say(ax, _FEW)
    shown = table[: legible_rows(ax)]
    counts = shown["count"].to_numpy(np.float64)
    colours = np.where(shown["group"] == household.OTHER, GREY, BLUE).tolist()
    more = f", the first {len(shown)} of {len(table):,} groups" if len(shown) < len(table) else ""
    bars = ax.barh(np.arange(len(shown)), counts, **{"color": colours, **kwargs})
    label_rows(ax, labelled(shown["group"], None))
    texts = [f"{count:,.0f}" for count in counts]
    size = min(USUAL, max(SMALL, 0.8 * row_height(ax)))
    ax.bar_label(bars, texts, padding=2, fontsize=size)
    room = 1 + (max(map(width, texts)) + 1) * USUAL / points(ax)[0]
    ax.set(xlim=(0, counts.max() * room), xlabel=f"count{more}", ylabel="group")
    ax.locator_params(axis="x", integer=True)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return ax


def _that_fit(ax: Axes, counts: pd.Series[int]) -> list[str]:
    """Write the counts that have room in their bars, and nothing for the others."""
    per_household = points(ax)[0] / np.ptp(ax.get_xlim())
    texts = [f"{count:,}" for count in counts]
    room = counts.to_numpy() * per_household / USUAL
    return [text if width(text) < wide else "" for text, wide in zip(texts, room, strict=True)]
