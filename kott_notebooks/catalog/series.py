"""The rules of series and their episodes: each has the other, and the numbers run on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.view import Found, View


def find(view: View) -> Iterator[Found]:
    """Find what is wrong between series and episodes."""
    names = view.rules.fields
    if not (view.anywhere(names.series) and view.anywhere(names.series_key)):
        return
    episodes = _episodes(view)
    series = _keys(view, names.series_key)[view.role("series")]
    series = series[~texts.blank(series)]
    orphans = episodes[~episodes["series"].isin(series)]
    detail = "No series has the id " + orphans["series"] + "."
    rows = orphans["row"].to_numpy(np.intp)
    key = view.columns_of(names.series)[0].removeprefix("metas.")
    ksql = view.any_of(key, orphans["series"], episodes["series"], view.types("episode"))
    yield Found("series.orphan_episode", rows, names.series, detail.to_numpy(object), ksql)
    empty = series[~series.isin(episodes["series"])].index.to_numpy(np.intp)
    yield Found("series.empty", empty, names.series_key, "It has no episode.")
    numbered = episodes.dropna(subset=["number"])
    yield _holes(view, numbered, series)
    yield _doubles(view, numbered)


def _keys(view: View, field: str) -> pd.Series[str]:
    return view.text(view.columns_of(field)[0]).astype("str").str.strip()


def _episodes(view: View) -> pd.DataFrame:
    """Lay the episodes that name a series out: row, series, season, number."""
    names = view.rules.fields
    episodes = pd.DataFrame(
        {
            "row": np.arange(view.count),
            "series": _keys(view, names.series),
            "season": view.number(names.season),
            "number": view.number(names.episode),
        }
    )
    return episodes[view.role("episode") & ~texts.blank(episodes["series"])]


def _holes(view: View, numbered: pd.DataFrame, series: pd.Series[str]) -> Found:
    seasons = ["series", "season"]
    runs = numbered.drop_duplicates([*seasons, "number"]).sort_values([*seasons, "number"])
    before = runs.groupby(seasons, dropna=False, sort=False)["number"].shift()
    first = pd.Series(series.index, index=series).groupby(level=0).first()
    rows = runs["series"].map(first)
    found = (runs["number"] - before > 1) & rows.notna()
    detail = [
        f"{_season(season)}{before:g} and {number:g}, and none between."
        for season, before, number in zip(
            runs["season"][found], before[found], runs["number"][found], strict=True
        )
    ]
    at = rows[found].to_numpy(np.intp)
    return Found("series.hole", at, view.rules.fields.episode, np.array(detail, dtype=object))


def _season(season: float) -> str:
    return "It has episodes " if np.isnan(season) else f"Season {season:g} has episodes "


def _doubles(view: View, numbered: pd.DataFrame) -> Found:
    found = numbered[numbered.duplicated(["series", "season", "number"], keep=False)]
    detail = [
        f"Another episode of {series} is number {number:g} of its season."
        for series, number in zip(found["series"], found["number"], strict=True)
    ]
    rows = found["row"].to_numpy(np.intp)
    field = view.rules.fields.episode
    return Found("series.duplicate_number", rows, field, np.array(detail, dtype=object))
