"""Metas and tags are found whatever their case, and what was matched is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import catalog, demo, plots, schedule
from kott_notebooks.tables.columns import called, own_name
from kott_notebooks.tables.provenance import facts

OTHER_NAMES: list[Callable[[str], str]] = [str.lower, str.upper, lambda name: f" {name} "]


def renamed(table: pd.DataFrame, how: Callable[[str], str]) -> pd.DataFrame:
    """Call every meta and tag otherwise."""
    names = {
        name: f"{name.partition('.')[0]}.{how(name.partition('.')[2])}"
        for name in map(str, table.columns)
        if name.startswith(("metas.", "tags."))
    }
    return table.rename(columns=names)


@pytest.fixture(scope="module")
def session() -> kott.Session:
    """An operator of a partner with defects."""
    return demo.login(seed=3, assets=300, channels=8, days=2, households=0)


@pytest.fixture(scope="module")
def assets(session: kott.Session) -> pd.DataFrame:
    """The media of the partner."""
    return kott.assets(session)


@pytest.fixture(scope="module")
def epg(session: kott.Session) -> pd.DataFrame:
    """Two days of the guide."""
    return kott.epg(session, "today", "today+2d")


@pytest.mark.parametrize("how", OTHER_NAMES)
@pytest.mark.parametrize(
    "analysis",
    [
        lambda assets: catalog.values(assets, "Genre"),
        lambda assets: catalog.values(assets, "tags.Genre", n=3),
        catalog.years,
        lambda assets: catalog.cast(assets, credits=["Director"])[["person", "assets"]],
        lambda assets: kott.tags(assets, "Genre")[["assetId", "value"]],
        lambda assets: kott.explode(assets, "tags.Genre"),
    ],
)
def test_an_analysis_of_assets_finds_its_fields(
    analysis: Any, how: Callable[[str], str], assets: pd.DataFrame
) -> None:
    """The same numbers, whatever the partner calls them."""
    usual, other = analysis(assets), analysis(renamed(assets, how))
    pd.testing.assert_frame_equal(usual, other, check_like=False)
    assert len(other)


@pytest.mark.parametrize("how", OTHER_NAMES)
def test_the_audit_of_assets_says_what_it_matched(
    how: Callable[[str], str], assets: pd.DataFrame
) -> None:
    """It finds the same, and names each column that the rules call otherwise."""
    usual, other = catalog.audit(assets), catalog.audit(renamed(assets, how))
    same = ["rule", "id", "severity", "impact"]
    pd.testing.assert_frame_equal(usual[same], other[same])
    assert facts(usual)["matched"] == {}
    assert facts(other)["matched"]["Year"] == [f"metas.{how('Year')}"]


@pytest.mark.parametrize("how", OTHER_NAMES)
def test_the_audit_of_a_guide_finds_its_fields(
    how: Callable[[str], str], epg: pd.DataFrame
) -> None:
    """Seasons, episodes, runtimes, ratings; a name of one's own rules too."""
    usual, other = schedule.audit(epg), schedule.audit(renamed(epg, how))
    same = ["rule", "id", "severity", "impact"]
    pd.testing.assert_frame_equal(usual[same], other[same])
    assert facts(other)["not_judged"] == facts(usual)["not_judged"]
    assert facts(other)["matched"]["tags.Genre"] == f"tags.{how('Genre')}"
    own = schedule.audit(epg, rules={"rating": "tags.PARENTAL RATING"})
    assert "schedule.watershed" not in facts(own)["not_judged"]


@pytest.mark.parametrize("how", OTHER_NAMES)
def test_genres_of_a_guide_are_found(how: Callable[[str], str], epg: pd.DataFrame) -> None:
    """In the mix of the line-up and in the colours of the grid."""
    mix = schedule.lineup_mix(renamed(epg, how))
    pd.testing.assert_frame_equal(mix, schedule.lineup_mix(epg))
    legend = plots.grid(renamed(epg, how), start="today 18:00", end="today 20:00").get_legend()
    assert legend is not None
    assert {one.get_text() for one in legend.get_texts()} & set(mix["genre"])


NAMES = st.text("aAbB ", min_size=1, max_size=4)


@settings(max_examples=50, deadline=None)
@given(st.sets(NAMES, max_size=5), NAMES)
def test_a_match_is_exact_or_the_only_one(names: set[str], wanted: str) -> None:
    """Of several names that differ in case alone none is chosen; other columns stay as they are."""
    table = pd.DataFrame(np.zeros((1, len(names))), columns=[f"tags.{one}" for one in names])
    alike = [one for one in names if one.strip().casefold() == wanted.strip().casefold()]
    chosen = wanted if wanted in names or len(alike) != 1 else alike[0]
    assert own_name(table, f"tags.{wanted}") == f"tags.{chosen}"
    expected = {f"tags.{wanted if one == chosen else one}" for one in names}
    assert set(called(table, f"tags.{wanted}").columns) == expected
