"""Pictures of households."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from kott_notebooks.plots.drawing import (
    BLUE,
    ORANGE,
    PALE,
    SKY,
    USUAL,
    VERMILLION,
    YELLOW,
    current,
    legible,
    points,
    say,
    width,
)
from kott_notebooks.tables import need


def limits(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `household.limits` as a bar per limit: how many households have how much left."""
    ax = current(ax)
    need(table, "limit", "allowed", "used", "left")
    if table.empty:
        return say(ax, "There are no households here.")
    table = table.reset_index(drop=True)
    counts = pd.crosstab(_states(table), table["limit"]).reindex(list(LEFT), fill_value=0)
    counts = counts[table["limit"].unique()]
    ax.set(xlabel="households", ylabel="limit", xlim=(0, counts.sum().max()))
    for state, row in counts[counts.any(axis=1)].iterrows():
        base = counts.loc[:state].iloc[:-1].sum()
        look = {"color": LEFT[str(state)], "label": state, **kwargs}
        bars = ax.barh(counts.columns, row, left=base, **look)
        ink = str(legible(np.array(to_rgba(look["color"]))))
        ax.bar_label(bars, _that_fit(ax, row), label_type="center", color=ink, fontsize=USUAL)
    ax.invert_yaxis()
    ax.locator_params(axis="x", integer=True)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, fontsize=USUAL)
    return ax


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
    per_household = points(ax)[0] / np.ptp(ax.get_xlim())
    texts = [f"{count:,}" for count in counts]
    room = counts.to_numpy() * per_household / USUAL
    return [text if width(text) < wide else "" for text, wide in zip(texts, room, strict=True)]
