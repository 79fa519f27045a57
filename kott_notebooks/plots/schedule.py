"""Pictures of a guide: its grid, gaps, overlaps, horizon and changes, and how it was ingested."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter
from matplotlib.transforms import Bbox, TransformedBbox

from kott_notebooks import schedule
from kott_notebooks.audits.findings import ERROR, INFO, WARNING
from kott_notebooks.audits.ingests import outcomes
from kott_notebooks.audits.rulebook import Schedule
from kott_notebooks.plots.clock import daily
from kott_notebooks.plots.drawing import (
    BLUE,
    DAY,
    GREEN,
    INK,
    LETTERS,
    ORANGE,
    OTHERS,
    PURPLE,
    SKY,
    SMALL,
    TITLES,
    USUAL,
    VERMILLION,
    YELLOW,
    Numbers,
    bar_height,
    crossed,
    current,
    days_of,
    genre_colours,
    heat,
    ink,
    label_columns,
    label_rows,
    labelled,
    legend_above,
    pale,
    points,
    row_height,
    say,
    times,
)
from kott_notebooks.plots.lettering import LETTER, lettering, short
from kott_notebooks.schedule.genres import genre_of
from kott_notebooks.schedule.layout import lanes, names_of, ranked, shown
from kott_notebooks.schedule.spans import (
    TIMED,
    Channels,
    Columns,
    Spans,
    clipped,
    keys,
    named,
    spans_of,
)
from kott_notebooks.tables.columns import (
    NAT,
    Names,
    as_times,
    check_table,
    micros,
    need,
    pulled,
    stamp,
)
from kott_notebooks.times import When, zone

HOUR = DAY / 24
DIM = "#666666"  # what matters less, on dark Axes

# Classes of lengths, each from its hours on: the longer, the darker
LENGTHS = {
    "< 15 min": (0, "#F6C28B"),
    "< 1 h": (0.25, "#EE8D4A"),
    "< 6 h": (1, "#D9541E"),
    "< 1 day": (6, "#A32A0D"),
    "1 day and more": (24, "#4A0F05"),
}
ON_DARK = ("#B5402A", "#D9541E", "#EE8D4A", "#F6C28B", "#FFF3E2")  # the longer, the lighter
SEVERITIES = {INFO: BLUE, WARNING: "#7A4B00", ERROR: "#B3002D"}  # the worst on top
# What the grid shows without a frame
DRAWN = ("schedule.gap", "schedule.overlap", "schedule.no_programmes", "schedule.horizon")


def gaps(
    table: pd.DataFrame,
    channels: Channels | None = None,
    *,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.gaps` as a strip per channel, marked where nothing is on.

    The longer a gap, the darker its mark (the lighter, in a dark style). Even a short gap is wide
    enough to be seen.

    Parameters
    ----------
    table : DataFrame
        What `schedule.gaps` returned.
    channels : iterable of ids, or DataFrame of `kott.channels`, optional
        The channels to show, also those without a gap; by default those in the table.
    start, end : str, date, datetime or Timestamp, optional
        The window to show; by default the one that the table was made for.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis.
    names : mapping or Series, optional
        Names of the channels, by id.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `PolyCollection`.

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
    schedule.gaps : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> plots.gaps(schedule.gaps(epg), channels=kott.channels(session)).get_ylabel()
    'linearAssetId'
    """
    ax = current(ax)
    check_table(table)
    if table.empty:
        return say(ax, "No gaps were found.")
    table = need(table, *TIMED)
    hours, colours = zip(*LENGTHS.values(), strict=True)
    colours = colours if ink(ax) == INK else ON_DARK
    lasts = (micros(table, "endDate") - micros(table, "startDate")) / HOUR
    length = (np.searchsorted(hours, lasts, "right") - 1).clip(min=0)
    _strips(ax, table, channels, (start, end), tz, names, kwargs, np.array(colours)[length])
    if not _coloured(kwargs):
        key = {label: Patch(color=one) for label, one in zip(LENGTHS, colours, strict=True)}
        legend_above(ax, {label: key[label] for label in np.array(list(key))[np.unique(length)]})
    return ax


def overlaps(
    table: pd.DataFrame,
    channels: Channels | None = None,
    *,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.overlaps` as a strip per channel, marked where programmes share time.

    Even a short overlap is wide enough to be seen.

    Parameters
    ----------
    table : DataFrame
        What `schedule.overlaps` returned.
    channels : iterable of ids, or DataFrame of `kott.channels`, optional
        The channels to show, also those without an overlap; by default those in the table.
    start, end : str, date, datetime or Timestamp, optional
        The window to show; by default the one that the table was made for.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis.
    names : mapping or Series, optional
        Names of the channels, by id.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `PolyCollection`.

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
    schedule.overlaps : The table.

    Examples
    --------
    >>> import pandas as pd
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> longer = epg.assign(endDate=epg["endDate"] + pd.Timedelta("5min"))
    >>> plots.overlaps(schedule.overlaps(longer)).get_ylabel()
    'linearAssetId'
    """
    ax = current(ax)
    check_table(table)
    if table.empty:
        return say(ax, "No overlaps were found.")
    return _strips(ax, table, channels, (start, end), tz, names, {"color": BLUE, **kwargs})


def coverage(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.coverage` as a heat map of channels by days: the darker, the fuller.

    Parameters
    ----------
    table : DataFrame
        What `schedule.coverage` returned.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone that the coverage was measured in.
    names : mapping or Series, optional
        Names of the channels, by id.
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
    schedule.coverage : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> plots.coverage(schedule.coverage(epg)).get_xlabel()
    'day (UTC)'
    """
    ax = current(ax)
    table = need(table, "linearAssetId", "day", "share")
    if table.empty:
        return say(ax, "There is no programme here, so no day is covered.")
    table = table.assign(day=as_times(micros(table, "day"))).sort_values("day")
    cells, channels, days = crossed(table, "linearAssetId", "day", "share")
    order = channels.argsort()
    heat(ax, cells[order], **kwargs)
    label_rows(ax, labelled(channels[order], names_of(table, None, names)))
    label_columns(ax, list(pd.DatetimeIndex(days).tz_convert(zone(tz)).strftime("%a %d %b")))
    ax.set(xlabel=f"day ({zone(tz)})", ylabel="linearAssetId")
    return ax


def horizon(
    table: pd.DataFrame,
    *,
    hours: float = 120,
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.horizon` as a bar per channel, the shortest on top.

    A bar shows the hours of guide ahead of now and behind it, against a target. Bars end at twice
    the target, however far the guide reaches.

    Parameters
    ----------
    table : DataFrame
        What `schedule.horizon` returned.
    hours : float, default 120
        The target, as it was given to `schedule.horizon`.
    names : mapping or Series, optional
        Names of the channels, by id.
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
    schedule.horizon : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> plots.horizon(schedule.horizon(epg)).get_ylabel()
    'linearAssetId'
    """
    ax = current(ax)
    table = need(table, "linearAssetId", "behind", "ahead", "short")
    if table.empty:
        return say(ax, "There is no channel here.")
    table = table.sort_values(["ahead", "linearAssetId"], kind="stable")
    ahead, behind, lacks = (
        table[column].to_numpy(float, na_value=0) for column in ("ahead", "behind", "short")
    )
    state = np.select([lacks <= 0, ahead >= (ahead + lacks) / 3], [0, 1], 2)
    looks = {"enough": BLUE, "less": ORANGE, "under a third": VERMILLION}
    label_rows(ax, labelled(table["linearAssetId"], names_of(table, None, names)))
    rows = np.arange(len(table))
    look = {"color": np.array(list(looks.values()))[state], "height": bar_height(ax), **kwargs}
    ax.barh(rows, ahead.clip(max=2 * hours), **look)
    past = OTHERS if ink(ax) == INK else DIM
    ax.barh(rows, -behind.clip(max=hours), **{**look, "color": past})
    ax.axvline(0, color=ink(ax), linewidth=1, label="now")
    ax.axvline(hours, color=ink(ax), linewidth=1, linestyle="--", label="target")
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1.2, 2.4, 4.8, 10]))
    ax.set(xlabel="ahead, hours from now", ylabel="linearAssetId")
    key = {label: Patch(color=looks[label]) for label in np.array(list(looks))[np.unique(state)]}
    dashes = {f"target: {hours:g} h": Line2D([], [], color=ink(ax), linestyle="--")}
    legend_above(ax, {**key, "behind": Patch(color=past), **dashes})
    return ax


def genre_clock(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `schedule.lineup_mix` as a bar per hour of the day, divided by genre.

    With more genres than colours, those with the fewest minutes are joined as "others".

    Parameters
    ----------
    table : DataFrame
        What `schedule.lineup_mix` returned.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone that the mix was measured in.
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
    schedule.lineup_mix : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> plots.genre_clock(schedule.lineup_mix(epg)).get_xlabel()
    'hour (UTC)'
    """
    ax = current(ax)
    table = need(table, "hour", "genre", "minutes")
    if table.empty:
        return say(ax, "There is no programme here, so no genre is shown.")
    most = genre_colours(ranked(table["genre"], table["minutes"]))
    genre = table["genre"].where(table["genre"].isin(list(most)), "others")
    minutes = table.groupby([genre, "hour"])["minutes"].sum().unstack(fill_value=0)
    minutes = minutes.reindex([*most, *minutes.index.difference(list(most))])
    shares = (minutes / minutes.sum()).reindex(columns=range(24), fill_value=0).astype(float)
    base, edge = np.zeros(24), {"edgecolor": ax.get_facecolor()}
    for name, share in shares.iterrows():
        look = {"color": most.get(str(name), OTHERS), "width": 1, **edge, **kwargs}
        ax.bar(range(24), share, bottom=base, label=str(name), **look)
        base += share.to_numpy()
    label_columns(ax, [f"{hour:02}" for hour in range(24)])
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel=f"hour ({zone(tz)})", ylabel="share", ylim=(0, 1))
    legend_above(ax, {str(one): Patch(color=most.get(str(one), OTHERS)) for one in shares.index})
    return ax


def changes(table: pd.DataFrame, *, ax: Axes | None = None, **kwargs: Any) -> Axes:
    """Draw `schedule.changes` as bars: the number of changes by the hours between change and air.

    The latest changes stand first. A bar is divided by what changed.

    Parameters
    ----------
    table : DataFrame
        What `schedule.changes` returned.
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
    schedule.changes : The table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> after = epg.assign(name=epg["name"] + "!")
    >>> plots.changes(schedule.changes(epg, after)).get_ylabel()
    'changes'
    """
    ax = current(ax)
    table = need(table, "change", "hours")
    table = table[table["hours"].notna()]
    if table.empty:
        return say(ax, "There is no change here that has a time.")
    classes = np.searchsorted(list(UNTIL_AIR.values()), table["hours"].to_numpy(float), "right")
    counts = pd.crosstab(classes, table["change"]).reindex(range(len(UNTIL_AIR) + 1), fill_value=0)
    base = np.zeros(len(counts))
    for change in [one for one in CHANGES if one in counts]:
        look = {"color": CHANGES[change], "label": change, **kwargs}
        bars = ax.bar(range(len(counts)), counts[change], bottom=base, **look)
        base += counts[change].to_numpy()
    ax.bar_label(bars, [f"{count:,.0f}" if count else "" for count in base], fontsize=USUAL)
    ax.set_ylim(0, base.max() * 1.08)  # room for the number above the tallest
    label_columns(ax, ["begun", *(f"< {label}" for label in list(UNTIL_AIR)[1:]), "later"])
    ax.set(xlabel="hours, from the change to air", ylabel="changes")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    legend_above(ax, {one: Patch(color=CHANGES[one]) for one in CHANGES if one in counts})
    return ax


# The ends of classes of hours from a change to air
UNTIL_AIR = {"0": 0, "1 h": 1, "3 h": 3, "6 h": 6, "1 day": 24, "3 days": 72, "7 days": 168}
CHANGES = {
    "removed": VERMILLION,
    "added": GREEN,
    "moved": ORANGE,
    "retitled": BLUE,
    "shortened": SKY,
    "lengthened": PURPLE,
    "renumbered": YELLOW,
    "changed": OTHERS,
}


def lead_times(
    table: pd.DataFrame, *, names: Names | None = None, ax: Axes | None = None, **kwargs: Any
) -> Axes:
    """Draw `history.lead_times` as a bar per channel, those that publish latest on top.

    A bar is divided by how long before air the channel's programmes were published.

    Parameters
    ----------
    table : DataFrame
        What `history.lead_times` returned.
    names : mapping or Series, optional
        Names of channels by id.
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
    history.lead_times : The table.

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import plots
    >>> table = pd.DataFrame({"linearAssetId": [7, 7], "minutes": [30, 5000]})
    >>> plots.lead_times(table, names={7: "Harbour"}).get_xlabel()
    'minutes before air, share of programmes'
    """
    ax = current(ax)
    table = need(table, "linearAssetId", "minutes")
    table = table[table["minutes"].notna() & table["linearAssetId"].notna()]
    if table.empty:
        return say(ax, "There is no programme here of which the publication is known.")
    minutes = table["minutes"].to_numpy(float)
    classes = np.searchsorted([hours * 60 for hours, _ in LEADS.values()][:-1], minutes, "right")
    latest = table.groupby("linearAssetId")["minutes"].median().sort_values(kind="stable").index
    shares = pd.crosstab(table["linearAssetId"], classes, normalize="index").reindex(latest)
    label_rows(ax, labelled(pd.Series(latest), names_of(table, None, names)))
    rows, base = np.arange(len(latest)), np.zeros(len(latest))
    shown = {label: LEADS[label][1] for label in np.array(list(LEADS))[shares.columns]}
    for (_, share), (label, colour) in zip(shares.items(), shown.items(), strict=True):
        look = {"color": colour, "height": bar_height(ax), "label": label, **kwargs}
        ax.barh(rows, share, left=base, **look)
        base += share.to_numpy()
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlabel="minutes before air, share of programmes", ylabel="linearAssetId", xlim=(0, 1))
    legend_above(ax, {label: Patch(color=colour) for label, colour in shown.items()})
    return ax


# How long before air a programme was published: the end of each class in hours, and its colour
LEADS = {
    "after its start": (0, VERMILLION),
    "< 6 h": (6, ORANGE),
    "< 1 day": (24, YELLOW),
    "< 3 days": (72, SKY),
    "earlier": (np.inf, BLUE),
}


def ingests(
    table: pd.DataFrame,
    *,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw `kott.ingests` as a row per profile and a mark per ingest, coloured by its outcome.

    A mark's area grows with the number of records. Uploads of media have no profile and stand on a
    row of their own.

    Parameters
    ----------
    table : DataFrame
        What `kott.ingests` returned.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis.
    names : mapping or Series, optional
        Names of the profiles, by id.
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
    schedule.audit_ingests : What is wrong with ingests.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> plots.ingests(kott.ingests(session)).get_ylabel()
    'ingestProfileId'
    """
    ax = current(ax)
    check_table(table)
    if table.empty:
        return say(ax, "There are no ingests.")
    table = need(table, "ingestProfileId", "createdDate", "records")
    table = table[table["createdDate"].notna()]
    if table.empty:
        return say(ax, "No ingest here has a createdDate.")
    code, profiles = pd.factorize(table["ingestProfileId"], sort=True, use_na_sentinel=False)
    created = days_of(micros(table, "createdDate"))
    pad = max(np.ptp(created), 1) * 0.04
    times(ax, np.array([created.min() - pad, created.max() + pad]), tz, "createdDate")
    label_rows(ax, labelled(profiles, names))
    records = table["records"].fillna(0).to_numpy(float)
    largest = min(row_height(ax) * 0.7, 2.5 * USUAL)
    width = np.maximum(largest * np.sqrt(records / max(records.max(), 1)), USUAL)
    outcome = outcomes(table).to_numpy()
    key: dict[str, Line2D] = {}
    for one, (colour, marker) in INGESTS.items():
        at = np.flatnonzero(outcome == one)
        look = {"color": colour, "marker": marker, "edgecolors": ink(ax), "linewidths": 0.5}
        if len(at):
            ax.scatter(created[at], code[at], width[at] ** 2, **{**look, **kwargs})
            key[one] = _mark_of(colour, marker, ink(ax))
    legend_above(ax, key)
    ax.set(ylabel="ingestProfileId", facecolor=pale(ax))
    return ax


# The colour and the mark of each outcome of an ingest
INGESTS = {
    "complete": (GREEN, "o"),
    "with warnings": (YELLOW, "^"),
    "partly failed": (ORANGE, "D"),
    "failed": (VERMILLION, "X"),
    "under way": (OTHERS, "s"),
}


def _mark_of(colour: str, marker: str, edge: str) -> Line2D:
    """Return the legend's mark of an outcome, of one size."""
    look: dict[str, Any] = {"linestyle": "none", "markersize": USUAL, "markeredgewidth": 0.5}
    return Line2D([], [], color=colour, marker=marker, markeredgecolor=edge, **look)


def grid(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    start: When | None = None,
    end: When | None = None,
    now: When | None = None,
    tz: str | tzinfo | None = None,
    names: Names | None = None,
    findings: pd.DataFrame | None = None,
    columns: Columns | None = None,
    ax: Axes | None = None,
    **kwargs: Any,
) -> Axes:
    """Draw a guide as a grid of channels by hours: a block per programme, a line at `now`.

    Blocks have the colour of their genre (`tags.Genre`); the rarer genres are joined as "others".
    Programmes that share time are drawn one above the other. Gaps are hatched, prime time (18:00 to
    23:00 in `tz`) is shaded. Titles are drawn where there is room, and end with their block.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : iterable of ids, or DataFrame of `kott.channels`, optional
        The channels to show, in this order; by default those that occur, by id.
    start, end : str, date, datetime or Timestamp, optional
        The window to show; by default the one that the table was pulled for.
        Words and bare dates are days of `tz`; a time of day without a zone is of KOTT_TZ, else UTC.
    now : str, date, datetime or Timestamp, default: when the table was pulled
        The time of the line.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the time axis and of prime time.
    names : mapping or Series, optional
        Names of the channels, by id.
    findings : DataFrame, optional
        Findings of `schedule.audit`: what is wrong is framed, by severity.
    columns : mapping, optional
        What the table calls our columns.
    ax : Axes, optional
        The Axes to draw on; by default the current one.
    **kwargs
        Keywords of `PolyCollection`, which draws the blocks.

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
    report.guide : The same as an interactive page.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, plots, schedule
    >>> session = demo.login(assets=60, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> plots.grid(epg, kott.channels(session)).get_ylabel()
    'linearAssetId'
    """
    ax = current(ax)
    epg = named(epg, columns, *TIMED, "name", channels=channels)
    labels, spans = spans_of(epg, channels)
    first, last = shown(epg, start, end, tz)
    spans = clipped(spans, first, last)
    if not len(spans.row):
        return say(ax, "There is no programme of these channels in this window.")
    times(ax, days_of(np.array([first, last])), tz, "startDate")
    label_rows(ax, labelled(labels, names_of(epg, channels, names)))
    lane, many = lanes(spans)
    colours, key = _genres(epg, spans)
    look: dict[str, Any] = {"label": "programmes", "facecolors": colours, **_edges(ax, spans)}
    _add(ax, _boxes(ax, spans, lane, many), **{**look, **kwargs})
    _draw_titles(ax, spans, epg["name"], lane, many)
    key = {} if _coloured(kwargs) else key
    key |= _hatch_gaps(ax, epg, labels, first, last)
    key |= _shade_prime_time(ax, first, last, zone(tz))
    key |= {} if findings is None else _frame(ax, findings, labels, first, last)
    _mark(ax, stamp(pulled(epg, now, tz)), first, last)
    legend_above(ax, key, lift=1.5 * USUAL)
    ax.set(ylabel="linearAssetId", facecolor=pale(ax))
    return ax


def _strips(
    ax: Axes,
    table: pd.DataFrame,
    channels: Channels | None,
    window: tuple[When | None, When | None],
    tz: str | tzinfo | None,
    names: Names | None,
    look: dict[str, Any],
    colours: npt.NDArray[np.str_] | None = None,
) -> Axes:
    """Draw the times of a table as marks on a strip per channel, in the colours of its rows."""
    labels, spans = spans_of(need(table, *TIMED), channels)
    first, last = shown(table, *window, tz)
    times(ax, days_of(np.array([first, last])), tz, "startDate")
    label_rows(ax, labelled(labels, names_of(table, channels, names)))
    spans = clipped(spans, first, last)
    if colours is not None and not _coloured(look):
        look = {"facecolors": colours[spans.row], **look}
    _add(ax, _boxes(ax, spans), **{"edgecolors": "face", "linewidths": 1, **look})
    if row_height(ax) > SMALL:
        ax.hlines(np.arange(1, len(labels)) - 0.5, *ax.get_xlim(), color=pale(ax), linewidth=0.5)
    ax.set(ylabel="linearAssetId", facecolor=pale(ax))
    return ax


def _coloured(look: dict[str, Any]) -> bool:
    return not {"color", "facecolor", "facecolors"}.isdisjoint(look)


def _boxes(
    ax: Axes, spans: Spans, lane: npt.NDArray[Any] | int = 0, many: npt.NDArray[Any] | int = 1
) -> Numbers:
    """Return the corners of a box per span: in its row, or in its lane of `many`."""
    height = bar_height(ax)
    top = spans.code - height / 2 + lane * height / many
    return _corners(days_of(spans.start), days_of(spans.end), top, top + height / many)


def _corners(left: Numbers, right: Numbers, top: Numbers, bottom: Numbers) -> Numbers:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def _add(ax: Axes, boxes: Numbers, **look: Any) -> None:
    """Draw all boxes as one collection: thousands take no longer than a few."""
    verts: Any = boxes  # an array is taken much faster than the lists that the types name
    ax.add_collection(PolyCollection(verts, **look), autolim=False)


def _edges(ax: Axes, spans: Spans) -> dict[str, Any]:
    """Separate blocks by edges in the Axes' colour where they are wide and high enough."""
    usual = np.median(spans.end - spans.start) / DAY
    room = min(usual / np.ptp(ax.get_xlim()) * points(ax)[0], row_height(ax))
    return {"edgecolors": ax.get_facecolor(), "linewidths": 0.7 if room > 4 else 0}


def _genres(epg: pd.DataFrame, spans: Spans) -> tuple[Any, dict[str, Patch]]:
    """Return each block's colour, and what the colours mean."""
    if "tags.Genre" not in epg.columns:
        return SKY, {}
    genres = genre_of(epg)
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    lasts = np.where((start == NAT) | (end == NAT), 0, end - start).clip(0, DAY)
    most = genre_colours(ranked(genres, lasts))
    codes, known = pd.factorize(genres[spans.row])
    colours = to_rgba_array([most.get(genre, OTHERS) for genre in known])[codes]
    key = {genre: colour for genre, colour in most.items() if genre in known}
    key |= {"others": OTHERS} if len(known) > len(key) else {}
    return colours, {genre: Patch(color=colour) for genre, colour in key.items()}


def _hatch_gaps(
    ax: Axes, epg: pd.DataFrame, labels: pd.Index[Any], first: int, last: int
) -> dict[str, Patch]:
    since, until = as_times(np.array([first, last]))
    missing = schedule.gaps(epg, start=since, end=until, channels=labels)
    if missing.empty:
        return {}
    look: dict[str, Any] = {"facecolor": "#FFF4EC", "edgecolor": "#C77B4E", "hatch": "////"}
    spans = spans_of(missing, labels)[1]
    _add(ax, _boxes(ax, spans), label="gaps", **{**look, "linewidths": 0.5})
    return {"gap": Patch(**look)}


def _shade_prime_time(ax: Axes, first: int, last: int, tz: tzinfo) -> dict[str, Patch]:
    """Shade the hours that count most, on each local day."""
    hours = Schedule().prime_hours
    since, until = (daily(first, last, hour, tz) for hour in hours)
    seen = (until > first) & (since < last)
    if not seen.any() or seen.sum() > points(ax)[0] / USUAL:  # none, or too narrow
        return {}
    left, right = days_of(since[seen].clip(min=first)), days_of(until[seen].clip(max=last))
    low, high = (np.full(len(left), edge) for edge in ax.get_ylim())
    shade: dict[str, Any] = {"facecolor": ink(ax), "alpha": 0.09, "linewidth": 0}
    _add(ax, _corners(left, right, high, low), label="prime time", zorder=1.5, **shade)
    return {"prime time": Patch(**{**shade, "alpha": 0.3})}  # a small patch has to be darker


def _frame(
    ax: Axes, findings: pd.DataFrame, labels: pd.Index[Any], first: int, last: int
) -> dict[str, Patch]:
    """Frame the programmes of findings; findings that the grid shows anyway are left out."""
    findings = need(findings, "rule", "severity", *TIMED)
    spans = _spans_of_findings(findings, labels, first, last)
    severity = findings["severity"].to_numpy()[spans.row]
    key = {}
    for one, colour in SEVERITIES.items():
        look: dict[str, Any] = {"facecolor": "none", "edgecolor": colour, "linewidth": 1.5}
        its = spans.take(np.flatnonzero(severity == one))
        if len(its.row):
            _add(ax, _boxes(ax, its), label=one, zorder=1.7, **look)
            key[one] = Patch(**{**look, "facecolor": OTHERS})  # as around a block
    return key


def _spans_of_findings(
    findings: pd.DataFrame, labels: pd.Index[Any], first: int, last: int
) -> Spans:
    """Return the spans of findings; one without length, or with a negative one, is at its start."""
    code = pd.Index(keys(pd.Series(labels))).get_indexer(pd.Index(keys(findings["linearAssetId"])))
    start, end = micros(findings, "startDate"), micros(findings, "endDate")
    seen = (code >= 0) & (start != NAT) & ~findings["rule"].isin(DRAWN).to_numpy()
    seen &= (start < last) & (np.maximum(start, end) >= first)
    start = start.clip(first, last)
    end = np.maximum(start, end.clip(max=last))
    return Spans(code, start, end, np.arange(len(code))).take(np.flatnonzero(seen))


def _draw_titles(
    ax: Axes,
    spans: Spans,
    titles: pd.Series[str],
    lane: npt.NDArray[np.intp],
    many: npt.NDArray[np.intp],
) -> None:
    """Write titles into the blocks that have room for some letters, the longest blocks first."""
    title = titles.fillna("").to_numpy(object)[spans.row]
    size = np.minimum(USUAL, 0.6 * row_height(ax) / many)
    boxes = _boxes(ax, spans, lane, many)
    left, right = boxes[:, 0, 0], boxes[:, 2, 0]
    room = (right - left) / np.ptp(ax.get_xlim()) * points(ax)[0] - 6  # points, less a margin
    letters = (room / (LETTER * size)).astype(int)
    fit = np.flatnonzero((size >= SMALL) & (letters >= LETTERS) & (title != ""))
    drawn = fit[np.argsort(-room[fit], kind="stable")][:TITLES]
    texts, font = lettering(short(str(title[i]), letters[i]) for i in drawn)
    for i, text in zip(drawn, texts, strict=True):
        _write(ax, text, boxes[i], size[i], font)


def _write(ax: Axes, title: str, box: Numbers, size: float, font: dict[str, Any]) -> None:
    text = ax.annotate(
        title,
        (box[0, 0], box[:, 1].mean()),
        xytext=(2, 0),
        textcoords="offset points",
        va="center_baseline",
        color=INK,
        fontsize=size,
        parse_math=False,
        clip_on=True,
        in_layout=False,
        **font,
    )
    text.set_clip_box(TransformedBbox(Bbox(box[[0, 2]]), ax.transData))


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
