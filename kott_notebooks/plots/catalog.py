"""Pictures of what is in the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from kott_notebooks.catalog import OVERALL
from kott_notebooks.plots.drawing import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SERIES,
    SMALL,
    TITLES,
    VERMILLION,
    Numbers,
    crossed,
    current,
    days_of,
    heat,
    ink,
    label_columns,
    label_rows,
    labelled,
    legend,
    legend_above,
    legible_rows,
    names_of,
    points,
    say,
    times,
)
from kott_notebooks.plots.lettering import width
from kott_notebooks.tables.columns import Names, micros, need, stamp
from kott_notebooks.times import When, instant

Places: TypeAlias = npt.NDArray[np.integer[Any]]

DOUBLES = {
    "identity.duplicate_external_id": VERMILLION,
    "identity.duplicate_entry_id": ORANGE,
    "identity.twin": BLUE,
}


def completeness(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `catalog.completeness` as a heat map of fields by asset types.

    The darker a cell, the more assets of the type have the field.

    Parameters
    ----------
    table : DataFrame
        What `catalog.completeness` returned.
    names : mapping or Series, optional
        Names of the asset types, by id.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.imshow`.

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
    catalog.completeness : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> plots.completeness(catalog.completeness(assets)).get_ylabel()
    'field'
    """
    ax = current(ax)
    table = need(table, "field", "type", "share")
    if table.empty:
        return say(ax, "There are no assets here, so no field is filled.")
    return _shares(ax, table, "field", "type", names, kwargs)


def growth(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `catalog.growth` as stacked areas: the number of assets at each period's end, by type.

    With more types than colours, the smallest are joined as "others".

    Parameters
    ----------
    table : DataFrame
        What `catalog.growth` returned.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis.
    names : mapping or Series, optional
        Names of the asset types, by id.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.stackplot`.

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
    catalog.growth : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> plots.growth(catalog.growth(assets)).get_ylabel()
    'total'
    """
    ax = current(ax)
    table = need(table, "period", "type", "total")
    if table.empty:
        return say(ax, "No asset here has a createDate.")
    totals, types, periods = crossed(table.sort_values("period"), "type", "period", "total")
    areas, labels = _few(totals, labelled(types, names_of(table, "type", names)), totals[:, -1])
    days = days_of(micros(pd.DataFrame({"period": periods}), "period"))
    end = 2 * days[-1] - days[-2] if len(days) > 1 else days[-1] + 1
    times(ax, days, tz, "period", until=end)
    days = np.append(days, end)
    areas = np.column_stack([areas, areas[:, -1]])  # a period lasts until the next one starts
    drawn = ax.stackplot(days, areas, **{"colors": SERIES, "step": "post", **kwargs})
    legend(ax, drawn[::-1], labels[::-1], loc="upper left", title="type")
    ax.set(ylabel="total", ylim=(0, None))
    _whole(ax.yaxis)
    return ax


def availability(
    table: pd.DataFrame,
    *,
    now: When | None = None,
    tz: str | tzinfo | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `catalog.availability` as bars: assets that enter go up, assets that leave go down.

    All types are summed; pass the rows of one type to see it alone. The legend says how many assets
    are on offer at the end of the first and of the last period. A bar far longer than the others is
    cut, with its number at its end.

    Parameters
    ----------
    table : DataFrame
        What `catalog.availability` returned.
    now : str, date, datetime or Timestamp, optional
        A time to mark with a line.
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
    catalog.availability : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> plots.availability(catalog.availability(assets)).get_ylabel()
    'assets'
    """
    ax = current(ax)
    table = need(table, "period", "enters", "leaves", "onOffer")
    if table.empty:
        return say(ax, "There are no assets here, so nothing enters or leaves.")
    sums = table.groupby("period")[["enters", "leaves", "onOffer"]].sum().reset_index()
    days = days_of(micros(sums, "period"))
    ends = np.append(days[1:], 2 * days[-1] - days[-2] if len(days) > 1 else days[-1] + 1)
    times(ax, days, tz, "period", until=ends[-1])
    edge = 0.5 if points(ax)[0] > 6 * len(days) else 0  # thin bars would be all edge
    look = {
        "align": "edge",
        "width": ends - days,
        "edgecolor": ax.get_facecolor(),
        "linewidth": edge,
    }
    up = _cut(ax, days, sums["enters"], 1, {**look, "color": GREEN, **kwargs})
    down = _cut(ax, days, sums["leaves"], -1, {**look, "color": VERMILLION, **kwargs})
    ax.axhline(0, color=ink(ax), linewidth=0.8)
    if now is not None:
        ax.axvline(days_of(np.array([stamp(instant(now))]))[0], color=ink(ax), linestyle=":")
    first, last = sums["onOffer"].iloc[[0, -1]]
    labels = ["enters", "leaves", f"onOffer {first:,} at first, {last:,} at last"]
    key = [up, down, Line2D([], [], linestyle="")]
    legend_above(ax, dict(zip(labels, key, strict=True)))
    _whole(ax.yaxis)
    ax.set_ylabel("assets")
    return ax


def values(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `catalog.values` as a bar per value, the most frequent on top, one colour per type.

    Below the values stands what the table joined, and last the assets without a value. With more
    values than legible rows, the first are drawn, and the label says how many there are.

    Parameters
    ----------
    table : DataFrame
        What `catalog.values` returned.
    names : mapping or Series, optional
        Names of the asset types, by id.
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
    catalog.values : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> plots.values(catalog.values(assets, "Genre")).get_ylabel()
    'value'
    """
    ax = current(ax)
    table = need(table, "value", "type", "assets")
    if table.empty:
        return say(ax, "There are no assets here, so no value is counted.")
    place, every = pd.factorize(table["value"], use_na_sentinel=False)
    cells, types, shown = crossed(table[place < legible_rows(ax)], "type", "value", "assets")
    more = f", the first {len(shown)} of {len(every):,} values" if len(shown) < len(every) else ""
    named = names_of(table, "type", names)
    most = _stacked(ax, ax.barh, np.arange(len(shown), dtype=float), cells, types, named, kwargs)
    label_rows(ax, labelled(shown, None))
    _whole(ax.xaxis)
    ax.set(xlim=(0, most * 1.05), xlabel=f"assets{more}", ylabel="value")
    return ax


def years(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `catalog.years` as a bar per year, one colour per type.

    Assets without a year, or with an impossible one, are not drawn; the label gives their number.

    Parameters
    ----------
    table : DataFrame
        What `catalog.years` returned.
    names : mapping or Series, optional
        Names of the asset types, by id.
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
    catalog.years : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> plots.years(catalog.years(assets)).get_ylabel()
    'assets'
    """
    ax = current(ax)
    table = need(table, "year", "type", "assets")
    known = table.dropna(subset=["year"])
    if known.empty:
        return say(ax, "No asset here has a year.")
    cells, types, columns = crossed(known, "type", "year", "assets")
    at = columns.to_numpy(np.float64)
    named = names_of(table, "type", names)
    most = _stacked(ax, ax.bar, at, cells, types, named, kwargs)
    _whole(ax.xaxis, "{x:.0f}")
    _whole(ax.yaxis)
    without = int(table.loc[table["year"].isna(), "assets"].sum())
    more = f" ({without:,} assets without one)" if without else ""
    ax.set(xlim=(at.min() - 1, at.max() + 1), ylim=(0, most * 1.05))
    ax.set(xlabel=f"year{more}", ylabel="assets")
    return ax


def ratios(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `catalog.ratios` as a heat map of picture ratios by asset types.

    The darker a cell, the more assets of the type have a picture of the ratio.

    Parameters
    ----------
    table : DataFrame
        What `catalog.ratios` returned.
    names : mapping or Series, optional
        Names of the asset types, by id.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.imshow`.

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
    catalog.ratios : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> plots.ratios(catalog.ratios(assets)).get_ylabel()
    'ratio'
    """
    ax = current(ax)
    table = need(table, "ratio", "type", "share")
    if table.empty:
        return say(ax, "There are no pictures here.")
    return _shares(ax, table, "ratio", "type", names, kwargs)


def languages(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `catalog.languages` as a heat map of fields by languages.

    The darker a cell, the more assets have the field in the language. All types are summed; pass
    the rows of one type to see it alone.

    Parameters
    ----------
    table : DataFrame
        What `catalog.languages` returned.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.imshow`.

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
    catalog.languages : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60), language="*")
    >>> plots.languages(catalog.languages(assets)).get_ylabel()
    'field'
    """
    ax = current(ax)
    table = need(table, "field", "language", "given", "filled")
    if table.empty:
        return say(ax, "There are no texts here.")
    of = table.groupby(["field", "language"], sort=False)[["given", "filled"]].sum().reset_index()
    share = of["filled"] / of["given"].where(of["given"] > 0)
    return _shares(ax, of.assign(share=share), "field", "language", None, kwargs)


def duplicates(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `catalog.duplicates` as a row per group, the largest on top, with a dot per asset.

    A row has the name of its first asset, and dots have ids where there is room. With more groups
    than legible rows, the first are drawn, and the label says how many there are.

    Parameters
    ----------
    table : DataFrame
        What `catalog.duplicates` returned.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `Axes.scatter`.

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
    catalog.duplicates : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60)).assign(externalId="one")
    >>> plots.duplicates(catalog.duplicates(assets)).get_ylabel()
    'name'
    """
    ax = current(ax)
    table = need(table, "group", "rule", "id", "name")
    if table.empty:
        return say(ax, "No two assets here seem to be the same.")
    codes, groups = pd.factorize(table["group"])
    shown = table[codes < legible_rows(ax)].reset_index(drop=True)
    row, drawn = pd.factorize(shown["group"])
    place = shown.groupby(row).cumcount().to_numpy() + 1
    label_rows(ax, labelled(shown["name"][place == 1], None))
    more = f", the first {len(drawn)} of {len(groups):,} groups" if len(drawn) < len(groups) else ""
    ax.set(xlabel=f"assets{more}", ylabel="name", xlim=(0.5, place.max() + 0.9))
    rules = [rule for rule in DOUBLES if (shown["rule"] == rule).any()]
    dots = [
        ax.scatter(place[of], row[of], **{"color": DOUBLES[rule], "s": 30, **kwargs})
        for rule in rules
        for of in [(shown["rule"] == rule).to_numpy()]
    ]
    words = [rule.removeprefix("identity.") for rule in rules]
    legend_above(ax, dict(zip(words, dots, strict=True)))
    _whole(ax.xaxis)
    _write(ax, place, row, shown["id"].astype("str"))
    return ax


def trend(
    table: pd.DataFrame,
    *,
    names: Names | None = None,
    tz: str | tzinfo | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `catalog.trend(audits, by="type")` as a line per type, and a thick one for all assets.

    Scores are from 0 to 100. With more types than colours, those with the lowest last score have a
    colour, and the others are grey.

    Parameters
    ----------
    table : DataFrame
        What `catalog.trend` returned, by type.
    names : mapping or Series, optional
        Names of the asset types, by id.
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
    catalog.trend : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, plots
    >>> assets = kott.assets(demo.login(assets=60))
    >>> findings = catalog.audit(assets)
    >>> audits = {"2026-03-01": findings, "2026-03-02": findings}
    >>> plots.trend(catalog.trend(audits, by="type")).get_ylabel()
    'score'
    """
    ax = current(ax)
    table = need(table, "when", "type", "score")
    if table.empty:
        return say(ax, "There is no audit here yet.")
    cells, types, whens = crossed(table.sort_values("when"), "type", "when", "score")
    days = days_of(micros(pd.DataFrame({"when": whens}), "when"))
    pad = max(days[-1] - days[0], 20) / 40
    times(ax, days, tz, "when", until=days[-1] + pad)
    lines, labels, known_as = [], [], labelled(types, names_of(table, "type", names))
    for at, colour in _coloured(cells, types, ink(ax)):
        known = ~np.isnan(cells[at])
        look = {"color": colour, "lw": 3 if types[at] == OVERALL else 1.5, "marker": "o", "ms": 4}
        line = ax.plot(days[known], cells[at][known], **{**look, **kwargs})
        if colour != GREY:
            lines += line
            labels.append(known_as[at])
    legend(ax, lines, labels, loc="best", title="type")
    ax.set(ylabel="score", ylim=(0, 102), xlim=(days[0] - pad, days[-1] + pad))
    return ax


def _coloured(cells: Numbers, types: pd.Index[Any], overall: str) -> list[tuple[int, str]]:
    """Return a colour for each type: grey but for the lowest scores, `overall` for all types."""
    last = pd.DataFrame(cells.T).ffill().to_numpy()[-1]
    whole = types == OVERALL
    grey = set(np.lexsort((last, whole))[len(SERIES) - 1 :].tolist())
    order = np.lexsort((types.astype(str), whole)).tolist()
    bright = iter(SERIES)
    colours = [GREY if at in grey else next(bright) for at in order]
    return [(at, overall if whole[at] else of) for at, of in zip(order, colours, strict=True)]


def _cut(ax: Axes, at: Numbers, given: pd.Series[int], way: int, look: dict[str, Any]) -> Any:
    """Draw bars up or down; one of a single busy day is cut, so that the others can be seen."""
    counts = given.to_numpy(np.float64)
    some = counts[counts > 0]
    most = min(some.max(), 5 * np.quantile(some, 0.9)) if len(some) else 1
    bars = ax.bar(at, way * np.minimum(counts, most), **look)
    beyond = [f"{count:,.0f}" if count > most else "" for count in counts]
    ax.bar_label(bars, beyond, padding=1, fontsize=SMALL)
    ends = (None, most * 1.12) if way > 0 else (-most * 1.12, None)
    ax.set_ylim(*ends)
    return bars


def _shares(
    ax: Axes, table: pd.DataFrame, row: str, column: str, names: Names | None, kwargs: Any
) -> Axes:
    """Draw shares as a heat map; `names` are of the columns."""
    cells, rows, columns = crossed(table, row, column, "share")
    heat(ax, cells, **kwargs)
    label_rows(ax, labelled(rows, None))
    label_columns(ax, labelled(columns, names_of(table, column, names)))
    ax.set(xlabel=column, ylabel=row)
    return ax


def _stacked(
    ax: Axes,
    bar: Callable[..., Any],
    at: Numbers,
    cells: Numbers,
    types: pd.Index[Any],
    names: Names | None,
    kwargs: dict[str, Any],
) -> float:
    """Draw a bar at each place, one part per type by number; return the longest bar's length."""
    order = types.argsort()
    counts = np.nan_to_num(cells[order])
    parts, labels = _few(counts, labelled(types[order], names), counts.sum(axis=1))
    start = "left" if bar == ax.barh else "bottom"
    bases = np.cumsum(parts, axis=0) - parts
    drawn = [
        bar(at, part, **{"color": colour, start: base, **kwargs})
        for part, base, colour in zip(parts, bases, SERIES, strict=False)
    ]
    legend(ax, drawn, labels, loc="best", title="type")
    return float(parts.sum(axis=0).max())


def _few(areas: Numbers, labels: list[str], sizes: Numbers) -> tuple[Numbers, list[str]]:
    """Join the smallest areas where there are more than colours."""
    if len(labels) <= len(SERIES):
        return areas, labels
    by_size = np.argsort(-sizes, kind="stable")
    large, small = np.sort(by_size[: len(SERIES) - 1]), by_size[len(SERIES) - 1 :]
    joined = np.vstack([areas[large], areas[small].sum(axis=0)])
    return joined, [*(labels[i] for i in large), f"{len(small)} others"]


def _whole(axis: Axis, form: str = "{x:,.0f}") -> None:
    """Label an axis with whole numbers."""
    axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.set_major_formatter(lambda count, _: form.format(x=abs(count)))


def _write(ax: Axes, x: Places, y: Places, texts: pd.Series[str]) -> None:
    """Write a text beside each dot, if all of them have room."""
    room = points(ax)[0] / np.ptp(ax.get_xlim())
    if len(texts) > TITLES or width(max(texts, key=len)) * SMALL + 8 > room:
        return
    for at, text in zip(zip(x, y, strict=True), texts, strict=True):
        ax.annotate(
            text,
            at,
            (5, 0),
            textcoords="offset points",
            fontsize=SMALL,
            va="center",
            annotation_clip=False,
        )
