"""Pictures of what is in the catalogue."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kott_notebooks.plots.drawing import (
    SERIES,
    Numbers,
    crossed,
    current,
    days_of,
    heat,
    label_columns,
    label_rows,
    labelled,
    legend,
    say,
    times,
)
from kott_notebooks.tables import Names, micros, need


def completeness(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `catalog.completeness` as a heat map, fields by asset types: the darker, the fuller."""
    ax = current(ax)
    need(table, "field", "type", "share")
    if table.empty:
        return say(ax, "There are no assets here, so no field is filled.")
    cells, fields, types = crossed(table, "field", "type", "share")
    heat(ax, cells, **kwargs)
    label_rows(ax, labelled(fields, None))
    label_columns(ax, labelled(types, names))
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
    ax = current(ax)
    need(table, "period", "type", "total")
    if table.empty:
        return say(ax, "No asset here has a createDate.")
    totals, types, periods = crossed(table, "type", "period", "total")
    areas, labels = _few(totals, labelled(types, names))
    days = days_of(micros(pd.DataFrame({"period": periods}), "period"))
    end = 2 * days[-1] - days[-2] if len(days) > 1 else days[-1] + 1
    times(ax, days, tz, "period", until=end)
    days = np.append(days, end)
    areas = np.column_stack([areas, areas[:, -1]])  # a period lasts until the next one starts
    drawn = ax.stackplot(days, areas, **{"colors": SERIES, "step": "post", **kwargs})
    legend(ax, drawn[::-1], labels[::-1], loc="upper left", title="type")
    ax.set(ylabel="total", ylim=(0, None))
    ax.locator_params(axis="y", integer=True)
    return ax


def _few(areas: Numbers, labels: list[str]) -> tuple[Numbers, list[str]]:
    """Join the smallest areas where there are more than colours."""
    if len(labels) <= len(SERIES):
        return areas, labels
    by_size = np.argsort(-areas[:, -1], kind="stable")
    large, small = np.sort(by_size[: len(SERIES) - 1]), by_size[len(SERIES) - 1 :]
    joined = np.vstack([areas[large], areas[small].sum(axis=0)])
    return joined, [*(labels[i] for i in large), f"{len(small)} others"]
