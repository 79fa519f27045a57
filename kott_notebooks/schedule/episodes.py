"""What the numbers of a series' episodes say, on each channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts as check
from kott_notebooks.schedule.duplicates import REPEAT, is_repeat
from kott_notebooks.schedule.programmes import numbers_in
from kott_notebooks.schedule.spans import DAY, HOUR, TIMED, Columns, Mask, named, with_channel_names
from kott_notebooks.tables.columns import NAT, micros

SERIES, SEASON, EPISODE = "metas.Series ID", "metas.Season number", "metas.Episode number"


def episodes(epg: pd.DataFrame, *, columns: Columns | None = None) -> pd.DataFrame:
    """Find programmes with only one of season and episode number, and episodes that are exchanged.

    A series is known by its id, else by the programme's name. Repeats (`metas.Repeat` says so, or
    the episode was on before) are left out of the order.

    Parameters
    ----------
    epg : DataFrame
        Programmes, with `metas.Season number` and `metas.Episode number`, and if there is one
        `metas.Series ID`.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme: id, linearAssetId, channelName (where the guide has it), startDate,
        endDate, name, series (all `str`), season, episode, previous (the episode before it; all
        `Float64`), fault (`str`). `no_episode`: a season and no episode number, though other
        airings of the series on that channel have both; `no_season`: the reverse; `exchanged`: of
        four airings in a row of one season and one strip (at one time of the day, or within 6 hours
        of each other), the second and the third are exchanged; the third is listed.

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    audit, duplicates

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> start = pd.date_range("2026-03-01T20:00", periods=4, freq="D", tz="UTC")
    >>> epg = pd.DataFrame({
    ...     "id": [1, 2, 3, 4], "linearAssetId": 7, "name": "Soap",
    ...     "startDate": start, "endDate": start + pd.Timedelta("30min"),
    ...     "metas.Season number": "1", "metas.Episode number": ["5", "7", "6", "8"],
    ... })
    >>> schedule.episodes(epg)[["id", "episode", "fault"]].values.tolist()
    [[3, 6.0, 'exchanged']]
    """
    epg = named(epg, columns, *TIMED, "name", SEASON, EPISODE)
    series = epg["name"].astype("str")
    if SERIES in epg.columns:
        series = epg[SERIES].astype("str").mask(check.blank(epg[SERIES]), series)
    used = ["id", *TIMED, "name", SEASON, EPISODE, REPEAT]
    guide, epg = epg, epg[[name for name in used if name in epg.columns]].assign(series=series)
    epg = epg[~check.blank(series)].reset_index(drop=True)
    bare_season, bare_episode = check.blank(epg[SEASON]), check.blank(epg[EPISODE])
    both = pd.Series(~bare_season & ~bare_episode)
    numbered = both.groupby([pd.factorize(epg[one])[0] for one in ("linearAssetId", "series")])
    others = numbered.transform("any").to_numpy(bool)
    epg = epg.assign(
        season=pd.array(numbers_in(epg[SEASON]), dtype="Float64"),
        episode=pd.array(numbers_in(epg[EPISODE]), dtype="Float64"),
    )
    exchanged, previous = _exchanged(epg)
    fault = np.select(
        [bare_episode & ~bare_season & others, bare_season & ~bare_episode & others, exchanged],
        ["no_episode", "no_season", "exchanged"],
        "",
    )
    shown = ["id", *TIMED, "name", "series", "season", "episode"]
    table = epg[shown].assign(
        previous=pd.array(previous, dtype="Float64"), fault=pd.array(fault, dtype="str")
    )
    return with_channel_names(table.loc[fault != ""].reset_index(drop=True), guide)


def _exchanged(epg: pd.DataFrame) -> tuple[Mask, npt.NDArray[np.float64]]:
    """Find the third of four airings n-1, n+1, n, n+2; return also the episode before each row."""
    start = micros(epg, "startDate")
    known = (epg["season"].notna() & epg["episode"].notna()).to_numpy(bool) & (start != NAT)
    rows = np.flatnonzero(known & epg["linearAssetId"].notna().to_numpy(bool))
    table = epg.iloc[rows]
    season = _numbered(table["linearAssetId"], table["series"], table["season"])
    fresh = ~is_repeat(table, _numbered(pd.Series(season), table["episode"]))
    order = np.lexsort((start[rows], season))
    order = order[fresh[order]]
    season, at = season[order], start[rows][order]
    episode = table["episode"].to_numpy(float)[order]
    exchanged, previous = np.zeros(len(epg), dtype=bool), np.full(len(epg), np.nan)
    follows = np.flatnonzero(np.diff(season) == 0) + 1  # one of the same season
    previous[rows[order[follows]]] = episode[follows - 1]
    first = np.flatnonzero(season[:-3] == season[3:])
    steps = np.stack([at[first + n + 1] - at[first + n] for n in range(3)]).reshape(3, -1)
    daily = np.abs((steps + DAY // 2) % DAY - DAY // 2) <= HOUR
    strip = (daily & (steps >= DAY - HOUR)).all(axis=0) | (steps < 6 * HOUR).all(axis=0)
    for ahead, apart in ((1, 2), (2, 1), (3, 3)):  # n-1, n+1, n, n+2
        strip &= episode[first + ahead] - episode[first] == apart
    exchanged[rows[order[first[strip] + 2]]] = True
    return exchanged, previous


def _numbered(*columns: pd.Series[Any]) -> npt.NDArray[np.int64]:
    """Number the rows by the values of several columns."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = pd.factorize(column, use_na_sentinel=False)[0]
        code = pd.factorize(code * (codes.max(initial=0) + 1) + codes)[0]
    return code
