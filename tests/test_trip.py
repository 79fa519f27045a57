"""The whole trip over a real port: the same tables as without one, in JSON and in XML."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import demo, schema
from kott_notebooks.demo.server import Server

BY_HAND = Path(__file__).parent / "samples" / "by_hand"
NOW = datetime(2025, 11, 24, 16, 2, 3, tzinfo=UTC).timestamp()
WORLD: dict[str, Any] = {
    "assets": 120,
    "channels": 4,
    "days": 3,
    "households": 12,
    "clock": lambda: NOW,
    "deployment": "roomy",
    "defects": False,
}
DAYS = ("2025-11-23", "2025-11-26")
DATES = ["startDate", "endDate", "createDate"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The demo partner behind a port of this machine."""
    with demo.serve(**WORLD) as running:
        yield running


@pytest.fixture(scope="module", params=["json", "xml"])
def remote(request: pytest.FixtureRequest, server: Server) -> Iterator[kott.Session]:
    """A session over the port, in either format."""
    with kott.login(
        server.url,
        demo.PARTNER_ID,
        username=demo.USERNAME,
        password=demo.PASSWORD,
        format=request.param,
    ) as session:
        yield session


@pytest.fixture(scope="module")
def local() -> kott.Session:
    """A session without a socket."""
    return demo.login(**WORLD)


def lists(session: kott.Session) -> dict[str, pd.DataFrame]:
    """Take every step of the trip once."""
    homes = kott.households(session, pii=True)
    return {
        "assets": kott.assets(session),
        "epg": kott.epg(session, *DAYS),
        "channels": kott.channels(session),
        "households": homes,
        "users": kott.household_users(session, homes, pii=True),
        "devices": kott.household_devices(session, homes, pii=True),
        "labels": kott.labels(session),
        "facets": kott.facets(session, "Genre"),
    }


def listed_only(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns that the schema lists: from XML, others stay text."""
    known = {name for cls in schema.data()["classes"] for name in schema.properties(cls)}
    wanted = [name for name in table.columns if name.split(".")[0] in {*known, "objectType"}]
    return table[wanted]


def test_a_port_and_its_format_change_nothing(local: kott.Session, remote: kott.Session) -> None:
    """Row by row, column by column, dtype by dtype; nested cells too."""
    here, there = lists(local), lists(remote)
    for name, table in here.items():
        assert len(table) > 0, name
        if remote._format == "json":
            pd.testing.assert_frame_equal(there[name], table)
        else:
            pd.testing.assert_frame_equal(listed_only(there[name]), listed_only(table))


def by_hand(name: str) -> list[dict[str, str]]:
    with (BY_HAND / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(value: Any) -> str:
    """Write a cell as the hand-made tables do."""
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if pd.isna(value):
        return ""
    return str(int(value)) if isinstance(value, float) else str(value)


def rows(table: pd.DataFrame, like: list[dict[str, str]]) -> list[dict[str, str]]:
    """Write the rows and columns that the hand-made table has."""
    chosen = table.set_index("id", drop=False).loc[[int(one["id"]) for one in like]]
    return [{name: written(row[name]) for name in like[0]} for row in chosen.to_dict("records")]


def joined(table: pd.DataFrame, tag: str) -> pd.Series:
    return kott.tags(table, tag).groupby("assetId")["value"].agg(" + ".join)


def test_twenty_assets_are_as_written_by_hand(remote: kott.Session) -> None:
    """Movies, series, episodes, channels, one that ends in 2999."""
    table = kott.assets(remote)
    expected = by_hand("assets")
    table = table.rename(columns={"metas.Year": "Year", "metas.Adult": "Adult"})
    table = table.assign(
        Genre=table["id"].map(joined(table, "Genre")),
        images=table["id"].map(kott.images(table).groupby("assetId").size()).fillna(0),
        mediaFiles=table["id"].map(kott.media_files(table).groupby("assetId").size()).fillna(0),
    )
    assert len(expected) == 20
    assert rows(table, expected) == expected


def test_twenty_programmes_are_as_written_by_hand(remote: kott.Session) -> None:
    """Their times in UTC, their channels, their episode numbers as the text that they are."""
    table = kott.epg(remote, *DAYS)
    expected = by_hand("epg")
    table = table.rename(columns={"metas.Episode number": "Episode number"})
    table = table.assign(Genre=table["id"].map(joined(table, "Genre")))
    assert len(expected) == 20
    assert rows(table, expected) == expected


def test_three_households_are_as_written_by_hand(remote: kott.Session) -> None:
    """And as many users and devices as counted."""
    expected = by_hand("households")
    ids = [int(one["id"]) for one in expected]
    table = kott.households(remote, ids, pii=True)
    users, devices = kott.household_users(remote, ids), kott.household_devices(remote, ids)
    table = table.assign(
        users=table["id"].map(users.groupby("householdId").size()),
        devices=table["id"].map(devices.groupby("householdId").size()),
    )
    assert len(expected) == 3
    assert rows(table, expected) == expected
