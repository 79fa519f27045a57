"""Pictures of what became of a catalogue and a guide, from snapshot to snapshot."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kott_notebooks.plots.drawing import (
    BLUE,
    GREEN,
    ORANGE,
    VERMILLION,
    current,
    days_of,
    legend,
    say,
    times,
)
from kott_notebooks.tables.columns import micros, need


def churn(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `history.churn` as bars: rows added and changed above zero, rows removed below.

    Parameters
    ----------
    table : DataFrame
        What `history.churn` returned.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.bar`.

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
    history.churn : The table.

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history, plots
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-02"], utc=True)
    >>> tables = pd.DataFrame({"snapshot": days, "id": [1, 2]})
    >>> plots.churn(history.churn(tables)).get_ylabel()
    'rows'
    """
    ax = current(ax)
    table = need(table, "snapshot", "added", "removed", "changed")
    if table.empty:
        return say(ax, "There is one snapshot, and nothing to compare it with.")
    table = table.sort_values("snapshot")
    days = days_of(micros(table, "snapshot"))
    width = 0.8 * np.diff(days).min(initial=1)
    pad = max(width, (days[-1] - days[0]) / 40)
    times(ax, days, tz, "snapshot", until=days[-1] + pad)
    added, removed, changed = (
        table[name].to_numpy(float) for name in ("added", "removed", "changed")
    )
    parts = [("added", added, 0 * added, GREEN), ("changed", changed, added, BLUE)]
    parts.append(("removed", -removed, 0 * added, VERMILLION))
    bars = [
        ax.bar(days, height, width, bottom=bottom, **{"color": colour, **kwargs})
        for _, height, bottom, colour in parts
    ]
    ax.axhline(0, color="grey", lw=0.8)
    legend(ax, bars, [name for name, *_ in parts], loc="best")
    ax.set(ylabel="rows", xlim=(days[0] - pad, days[-1] + pad))
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    return ax


def reach(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `history.reach`: how far guides reached, the shortest channel and the median.

    Parameters
    ----------
    table : DataFrame
        What `history.reach` returned.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.plot`.

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
    history.reach : The table.

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import history, plots
    >>> day = pd.Timestamp("2026-03-01", tz="UTC")
    >>> guides = pd.DataFrame({"snapshot": [day], "linearAssetId": [7], "endDate": [day]})
    >>> plots.reach(history.reach(guides)).get_ylabel()
    'hours ahead'
    """
    ax = current(ax)
    table = need(table, "snapshot", "linearAssetId", "hours")
    if table.empty:
        return say(ax, "There is no guide here yet.")
    by = table.groupby("snapshot")["hours"]
    measures = {"median of the channels": (by.median(), BLUE), "shortest": (by.min(), ORANGE)}
    whens = pd.DataFrame({"snapshot": by.size().index})
    days = days_of(micros(whens, "snapshot"))
    pad = max(days[-1] - days[0], 20) / 40
    times(ax, days, tz, "snapshot", until=days[-1] + pad)
    lines = [
        ax.plot(days, hours.to_numpy(float), **{"color": colour, "marker": "o", "ms": 4, **kwargs})
        for hours, colour in measures.values()
    ]
    legend(ax, [line for (line,) in lines], list(measures), loc="best")
    top = max(1.0, 1.1 * float(by.median().max()))  # a guide without an end reaches to 2999
    ax.set(ylabel="hours ahead", ylim=(0, top), xlim=(days[0] - pad, days[-1] + pad))
    return ax
