"""The recipes of the docs run as they stand, and answer what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

RECIPES = Path(__file__).parents[1] / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """What the recipes made, one after the other."""
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", RECIPES.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, names)
    return names


def test_a_channel_and_a_collection_have_assets(made: dict[str, Any]) -> None:
    """Each asset once."""
    for name in ("drama", "collection"):
        assert len(made[name])
        assert made[name]["id"].is_unique


def test_entitlements_have_names_and_prices(made: dict[str, Any]) -> None:
    """Every one of them."""
    assert len(made["entitlements"])
    assert made["entitlements"][["product", "price"]].notna().all(axis=None)


def test_recordings_have_their_programmes(made: dict[str, Any]) -> None:
    """None is lost."""
    assert len(made["recorded"]) == len(made["recordings"]) > 0
    assert made["recorded"]["name"].notna().all()


def test_history_and_favourites_have_names(made: dict[str, Any]) -> None:
    """They are of assets on offer."""
    for name in ("history", "favourites"):
        assert len(made[name])
        assert made[name]["assetId"].isin(made["assets"].index).all()


def test_each_region_has_its_line_up(made: dict[str, Any]) -> None:
    """Numbers are unique; on the islands one channel has two."""
    assert set(made["lineups"]) == {"National", "North", "South", "Islands", "Capital"}
    for name, lineup in made["lineups"].items():
        assert lineup["lcn"].is_unique
        assert lineup["id"].is_unique == (name != "Islands")


def test_the_top_list_follows_the_views(made: dict[str, Any]) -> None:
    """The most viewed first."""
    assert len(made["top"]) == 10
    assert made["views"]["views"].is_monotonic_decreasing


def test_some_gap_is_explained(made: dict[str, Any]) -> None:
    """By the refusal that caused it."""
    assert len(made["explained"]) == len(made["findings"])
    assert made["explained"]["cause"].notna().any()


def test_a_star_joins_as_pandas_does(made: dict[str, Any]) -> None:
    """Assets by genre, asked of the exported database."""
    tags = made["kott"].tags(made["catalogue"], "Genre")
    counts = tags["value"].value_counts()
    assert made["by_genre"].set_index("value")["assets"].to_dict() == counts.to_dict()
    assert (made["folder"] / "catalogue.xlsx").stat().st_size > 10_000
