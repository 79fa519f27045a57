"""What the numbers of a series' episodes say, on each channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts as check
from kott_notebooks.schedule.doubles import REPEAT, is_repeat
from kott_notebooks.schedule.spans import TIMED, Columns, named
from kott_notebooks.tables.columns import micros

SERIES, SEASON, EPISODE = "metas.Series ID", "metas.Season number", "metas.Episode number"


def episodes(epg: pd.DataFrame, *, columns: Columns | None = None) -> pd.DataFrame:
    """Find programmes of a series with half a number, and episodes that run backwards.

    One row a programme: id, linearAssetId, startDate, endDate, name, series (str), season, episode
    (Float64), previous (the episode before it, Float64), fault. `no_episode`: a season and no
    episode number; `no_season`: the reverse. `backwards`: on its channel, the series' last episode
    of that season had a higher number, this one is not 1, and neither is a repeat (it says so in
    `metas.Repeat`, or was on before). The columns read are `metas.Series ID`, `metas.Season number`
    and `metas.Episode number`: `columns=` says what a partner calls them. In a table without series
    ids, such as a guide from elsewhere, a series is told by its name.
    """
    epg = named(epg, columns, *TIMED, "name", SEASON, EPISODE)
    epg = epg if SERIES in epg.columns else epg.assign(**{SERIES: epg["name"]})
    read = ["id", *TIMED, "name", SERIES, SEASON, EPISODE, REPEAT]
    epg = epg[[column for column in read if column in epg.columns]]
    epg = epg[~check.blank(epg[SERIES])].reset_index(drop=True)
    bare_season, bare_episode = check.blank(epg[SEASON]), check.blank(epg[EPISODE])
    numbers = epg.assign(
        series=epg[SERIES].astype("str"),
        season=_number(epg[SEASON]),
        episode=_number(epg[EPISODE]),
    )
    numbers["previous"] = _previous(numbers)
    backwards = (numbers["episode"] < numbers["previous"]) & (numbers["episode"] != 1)
    fault = np.select(
        [
            bare_episode & ~bare_season,
            bare_season & ~bare_episode,
            backwards.to_numpy(dtype=bool, na_value=False),
        ],
        ["no_episode", "no_season", "backwards"],
        "",
    )
    shown = ["id", *TIMED, "name", "series", "season", "episode", "previous"]
    numbers["fault"] = pd.array(fault, dtype="str")
    found: pd.DataFrame = numbers[[*shown, "fault"]].loc[fault != ""]
    return found.reset_index(drop=True)


def _number(texts: pd.Series) -> pd.Series:
    codes, values = pd.factorize(texts)
    numbers = pd.to_numeric(pd.Series(values, dtype="object"), errors="coerce")
    return pd.Series(np.append(numbers, np.nan)[codes], texts.index).astype("Float64")


def _previous(numbers: pd.DataFrame) -> pd.Series:
    """Give the number of the episode that a channel showed last, of a season, repeats aside."""
    known = numbers[numbers["season"].notna() & numbers["episode"].notna()]
    season = _joined(known["linearAssetId"], known["series"], known["season"])
    fresh = ~is_repeat(known, _joined(pd.Series(season), known["episode"]))
    order = np.lexsort((micros(known, "startDate"), season))
    order = order[fresh[order]]
    episode = known["episode"].to_numpy(float)[order]
    previous = np.full(len(known), np.nan)
    follows = np.flatnonzero(np.diff(season[order]) == 0)
    previous[order[follows + 1]] = episode[follows]
    return pd.Series(previous, known.index, dtype="Float64").reindex(numbers.index)


def _joined(*columns: pd.Series) -> npt.NDArray[np.int64]:
    """Number the rows by what stands in several columns."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = pd.factorize(column, use_na_sentinel=False)[0]
        code = pd.factorize(code * (codes.max(initial=0) + 1) + codes)[0]
    return code
