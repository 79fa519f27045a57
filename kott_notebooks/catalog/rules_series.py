"""Rules of series and their episodes: each has the other, and no number is missing or double."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kott_notebooks.catalog.view import Hits, View


def series(view: View) -> Iterator[Hits]:
    """Judge series and episodes."""
    names = view.rules.fields
    episodes = _episodes(view)
    keys = view.key(names.series_key)[view.role("series")]
    if not why_unjudged(view):
        orphans = episodes[~episodes["series"].isin(keys)]
        detail = ("No series has the id " + orphans["series"] + ".").to_numpy(object)
        key = view.columns_of(names.series)[0].partition(".")[2]
        episode = view.of_role("episode")
        ksql = ""
        if episode is not None and key:
            ksql = view.any_of(key, orphans["series"], episodes["series"], episode)
        rows = orphans["row"].to_numpy(np.intp)
        yield Hits("series.orphan_episode", rows, names.series, detail, ksql)
        empty = keys[~keys.isin(episodes["series"]) | (keys == "")].index.to_numpy(np.intp)
        yield Hits("series.empty", empty, names.series_key, "It has no episode.")
    numbered = episodes.dropna(subset=["number"])
    if not view.partial:
        yield _holes(numbered, keys[keys != ""])
    again = numbered[numbered.duplicated(["series", "season", "number"], keep=False)]
    details = [
        f"Another episode of {series} is number {number:g} of its season."
        for series, number in zip(again["series"], again["number"], strict=True)
    ]
    rows = again["row"].to_numpy(np.intp)
    yield Hits("series.duplicate_number", rows, names.episode, np.array(details, dtype=object))


def why_unjudged(view: View) -> str:
    """Return why it is unknown which episodes belong to which series; empty where it is known."""
    names = view.rules.fields
    if view.partial:
        return view.partial
    for role, field in (("series", names.series_key), ("episode", names.series)):
        rows = view.role(role)
        if not rows.any():
            return f"The table holds no {'series' if role == 'series' else 'episodes'}."
        if not (view.has(field) & rows).any():
            return f"None of the {role}{'s' if role == 'episode' else ''} has {field}."
    return ""


def _episodes(view: View) -> pd.DataFrame:
    """Lay the episodes that name a series out: row, series, season, number."""
    names = view.rules.fields
    episodes = pd.DataFrame(
        {
            "row": np.arange(view.count),
            "series": view.key(names.series),
            "season": view.number(names.season),
            "number": view.number(names.episode),
        }
    )
    return episodes[view.role("episode") & (episodes["series"] != "").to_numpy(bool)]


def _holes(numbered: pd.DataFrame, keys: pd.Series[str]) -> Hits:
    seasons = ["series", "season"]
    runs = numbered.drop_duplicates([*seasons, "number"]).sort_values([*seasons, "number"])
    before = runs.groupby(seasons, dropna=False, sort=False)["number"].shift()
    first = pd.Series(keys.index, index=keys).groupby(level=0).first()
    rows = runs["series"].map(first)
    is_hole = (runs["number"] - before > 1) & rows.notna()
    holes = [
        (_season(season), f"{low + 1:g}" if high - low <= 2 else f"{low + 1:g}-{high - 1:g}")
        for season, low, high in zip(
            runs["season"][is_hole], before[is_hole], runs["number"][is_hole], strict=True
        )
    ]
    fields = np.array([f"{season}: {missing}" for season, missing in holes], dtype=object)
    details = [f"It lacks {season}, episode {missing}." for season, missing in holes]
    return Hits(
        "series.hole", rows[is_hole].to_numpy(np.intp), fields, np.array(details, dtype=object)
    )


def _season(season: float) -> str:
    return "season" if np.isnan(season) else f"season {season:g}"
