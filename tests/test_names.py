"""Names beside ids, and findings beside what they are of."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import audits, catalog, demo, household, plots, schedule
from kott_notebooks.errors import KottError

LABELS = pd.DataFrame(
    [
        ("assetStruct", 425, "Movie"),
        ("assetStruct", 428, "Linear"),
        ("region", 1, "North"),
        ("region", 425, "South"),
        ("deviceBrand", 31, "Phone"),
        ("userRole", 1, "User"),
        ("userRole", 2, "Master"),
    ],
    columns=["kind", "id", "name"],
)
CHANNELS = pd.DataFrame(
    {"id": [7, 8], "name": ["Harbour One", "Harbour Two"], "externalIds": ["901", "902"]}
)


@pytest.fixture(scope="module")
def session() -> Any:
    return demo.login(assets=200, channels=6, days=2, households=40, deployment="roomy")


@pytest.mark.parametrize("dtype", ["int64", "Int64", "float64", "str", "object", "category"])
@pytest.mark.parametrize("of_labels", ["int64", "str"])
def test_names_stand_beside_ids_of_any_dtype(dtype: str, of_labels: str) -> None:
    """A type that the labels lack has no name."""
    table = pd.DataFrame({"type": pd.Series([425, 428, 9], dtype=dtype), "name": ["a", "b", "c"]})
    named = kott.with_names(table, LABELS.astype({"id": of_labels}))
    assert list(named.columns) == ["type", "typeName", "name"]
    assert named["typeName"].fillna("").tolist() == ["Movie", "Linear", ""]
    assert "typeName" not in table


def test_each_kind_of_id_has_its_own_labels() -> None:
    """425 is a type and a region; a user may have several roles."""
    table = pd.DataFrame({"regionId": [1, 425], "brandId": [31, None], "roleIds": ["1", "1,2"]})
    named = kott.with_names(table, LABELS)
    assert named["regionName"].tolist() == ["North", "South"]
    assert named["brandName"].fillna("").tolist() == ["Phone", ""]
    assert named["userRole"].tolist() == ["User", "User, Master"]


def test_channels_are_known_by_both_their_ids() -> None:
    """A programme refers to a channel by linearAssetId, or by epgChannelId = externalIds."""
    table = pd.DataFrame({"linearAssetId": [7, None, 9], "epgChannelId": [None, 902, 903]})
    named = kott.with_names(table, channels=CHANNELS)
    assert named["channelName"].fillna("").tolist() == ["Harbour One", "Harbour Two", ""]
    by_name = kott.with_names(table, channels={7: "One", "9": "Nine"})
    assert by_name["channelName"].fillna("").tolist() == ["One", "", "Nine"]


def test_a_name_that_a_table_has_stays_where_no_label_is_known() -> None:
    """Images have the names of their types from the API."""
    table = pd.DataFrame({"type": [425, 5], "typeName": ["Film", "Trailer"]})
    assert kott.with_names(table, LABELS)["typeName"].tolist() == ["Movie", "Trailer"]


def test_a_column_that_holds_other_ids_gets_no_names() -> None:
    """The type of a media file is not the number of a struct."""
    files = pd.DataFrame({"type": ["HLS_Main", "Trailer"]})
    assert list(kott.with_names(files, LABELS).columns) == ["type"]


def test_channels_without_names_are_refused() -> None:
    """A list of ids has no names in it."""
    with pytest.raises(kott.KottError, match=r"or names by id, not \[7, 8\]"):
        kott.with_names(pd.DataFrame({"linearAssetId": [7]}), channels=[7, 8])  # type: ignore[arg-type]


def test_types_have_the_names_of_the_table_itself(session: Any) -> None:
    """Servers send typeDescription beside the type."""
    assets = kott.assets(session)
    named = kott.with_names(assets)
    assert (named["typeName"] == assets["typeDescription"]).all()
    with pytest.raises(KottError, match="labels="):
        kott.with_names(assets.drop(columns="typeDescription"))


def test_a_pull_of_channels_has_their_names(session: Any) -> None:
    """The names are there whatever the fields of the channels; with fields= there are none."""
    channels = kott.channels(session)
    epg = kott.epg(session, "today", "tomorrow", channels=channels)
    names = channels.set_index("id")["name"]
    assert (epg["channelName"] == epg["linearAssetId"].map(names)).all()
    few = kott.epg(session, "today", "tomorrow", channels=channels, fields=["name"])
    assert list(few.columns) == ["objectType", "id", "name"]


def test_findings_name_what_they_are_of(session: Any) -> None:
    """Assets have their type's name, channels their own, households their region's."""
    labels = kott.labels(session)
    assets = kott.assets(session)
    found = catalog.audit(assets, labels=labels).dropna(subset="id")
    types = assets.set_index(assets["id"].astype("str"))["typeDescription"]
    assert (found["typeName"] == found["id"].map(types)).all()
    homes = kott.households(session)
    found = household.audit(homes, kott.household_users(session), labels=labels)
    assert found["regionName"].notna().all()
    assert set(found["regionName"]) <= set(labels.query("kind == 'region'")["name"])


@pytest.mark.parametrize(
    "analysis",
    [
        catalog.completeness, catalog.values, catalog.years, catalog.growth, catalog.expiring,
        catalog.availability, catalog.ratios,
    ],
)  # fmt: skip
def test_analyses_of_assets_with_names_have_names(session: Any, analysis: Any) -> None:
    """The name stands right of the type."""
    assets = kott.with_names(kott.assets(session))
    table = analysis(assets)
    columns = list(table.columns)
    assert columns[columns.index("type") + 1] == "typeName"
    pairs = table[["type", "typeName"]].drop_duplicates()
    known = assets[["type", "typeName"]].drop_duplicates()
    assert len(pairs.merge(known)) == len(pairs) > 0
    plain = analysis(assets.drop(columns="typeName"))
    pd.testing.assert_frame_equal(table.drop(columns="typeName"), plain)


@pytest.mark.parametrize(
    "analysis",
    [schedule.gaps, schedule.coverage, schedule.horizon, schedule.now_next, schedule.audit],
)
def test_analyses_of_a_guide_have_the_names_of_channels(session: Any, analysis: Any) -> None:
    """Whether the channels are given, or their names stand in the guide."""
    channels = kott.channels(session)
    epg = kott.epg(session, "today-1d", "today+3d")
    table = analysis(epg, channels=channels)
    names = table["linearAssetId"].map(channels.set_index("id")["name"])
    assert names.notna().any()
    assert (table["channelName"] == names)[names.notna()].all()
    named = kott.with_names(epg, channels=channels)
    own = analysis(named)
    known = own["linearAssetId"].isin(channels["id"])  # a planted programme is of no channel
    assert known.any()
    assert own.loc[known, "channelName"].notna().all()
    assert "channelName" not in analysis(epg)


@pytest.mark.parametrize(
    "analysis",
    [
        schedule.duplicates, schedule.repeats, schedule.durations, schedule.texts, schedule.fillers,
        schedule.episodes, schedule.runtimes,
    ],
)  # fmt: skip
def test_tables_of_programmes_have_the_names_of_channels(analysis: Any) -> None:
    """Right of the channel's id, where the guide has them, and in no other guide."""
    start = pd.to_datetime(["2026-03-01T20:00", "2026-03-01T20:01", "2026-03-01T23:00"], utc=True)
    epg = pd.DataFrame(
        {"id": [1, 2, 3], "linearAssetId": [7, 7, 8], "name": ["News", "News", "Off air"],
         "description": ["A", "B", "<b>C</b>"], "startDate": start,
         "endDate": start + pd.to_timedelta([60, 60, 0], unit="min"), "metas.Runtime": "10",
         "metas.Season number": ["1", None, "1"], "metas.Episode number": ["2", "3", "1"]}
    )  # fmt: skip
    table = analysis(kott.with_names(epg, channels=CHANNELS))
    columns = list(table.columns)
    assert len(table)
    assert columns[columns.index("linearAssetId") + 1] == "channelName"
    names = table["linearAssetId"].map(CHANNELS.set_index("id")["name"])
    assert table["channelName"].tolist() == names.tolist()
    assert "channelName" not in analysis(epg)


@pytest.mark.parametrize("comparison", [schedule.changes, schedule.compare])
def test_compared_guides_have_the_names_of_channels(comparison: Any) -> None:
    """Of both guides, though each have channels that the other lacks."""
    start = pd.to_datetime(["2026-03-01T20:00", "2026-03-01T21:00"], utc=True)
    epg = pd.DataFrame(
        {"id": [1, 2], "linearAssetId": [7, 8], "name": ["News", "Film"], "startDate": start,
         "endDate": start + pd.Timedelta("1h")}
    )  # fmt: skip
    named = kott.with_names(epg, channels=CHANNELS)
    table = comparison(named.iloc[:1], named.iloc[1:])
    pairs = sorted(zip(table["linearAssetId"], table["channelName"], strict=True))
    assert pairs == [(7, "Harbour One"), (8, "Harbour Two")]
    assert "channelName" not in comparison(epg.iloc[:1], epg.iloc[1:])


def test_pictures_show_names_by_themselves(session: Any) -> None:
    """Types and channels are called by their names; names= goes first."""
    channels = kott.channels(session)
    assets, epg = kott.assets(session), kott.epg(session, "today-1d", "today+3d")
    filled = catalog.completeness(assets, labels=kott.labels(session))
    tables: dict[Any, pd.DataFrame] = {
        plots.completeness: filled,
        plots.coverage: schedule.coverage(epg, channels=channels),
        plots.horizon: schedule.horizon(epg, channels=channels),
    }
    for plot, table in tables.items():
        _, ax = plt.subplots(figsize=(9, 9))
        of = ax.get_xticklabels if plot is plots.completeness else ax.get_yticklabels
        plot(table, ax=ax)
        name = "typeName" if plot is plots.completeness else "channelName"
        assert {one.get_text() for one in of()} == set(table[name])
    _, ax = plt.subplots()
    plots.completeness(filled, names=dict.fromkeys(filled["type"], "film"), ax=ax)
    assert {one.get_text() for one in ax.get_xticklabels()} == {"film"}
    plt.close("all")


def as_pulled(table: pd.DataFrame) -> pd.DataFrame:
    return table


def through_csv(table: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype="str")


@pytest.mark.parametrize("form", [as_pulled, through_csv])
def test_findings_are_joined_with_assets(session: Any, form: Any) -> None:
    """One row per finding; ids are text on one side and numbers on the other."""
    assets = kott.assets(session)
    found = catalog.audit(assets)
    joined = audits.join(form(found), form(assets))
    assert joined["rule"].tolist() == found["rule"].tolist()
    names = assets.set_index(assets["id"].astype("str"))["name"]
    expected = found["id"].map(names).fillna("")
    assert joined["name_row"].fillna("").tolist() == expected.tolist()


def test_findings_are_joined_with_programmes_channels_and_devices(session: Any) -> None:
    """A finding of a channel is not taken for a programme of that number."""
    channels = kott.channels(session)
    epg = kott.epg(session, "today-1d", "today+3d", channels=channels)
    found = schedule.audit(epg, channels)
    of_channel = (found["id"] == found["linearAssetId"].astype("str")).to_numpy(bool)
    assert of_channel.any()
    assert not of_channel.all()
    with_programmes, with_channels = audits.join(found, epg), audits.join(found, channels)
    assert with_programmes["type"].notna().tolist() == (~of_channel).tolist()
    assert with_channels["type"].notna().tolist() == of_channel.tolist()
    same_numbers = epg.assign(id=found["id"][of_channel].iloc[0])
    assert audits.join(found, same_numbers)["type"].isna().all()


def test_a_row_that_stands_twice_is_joined_once() -> None:
    """The last one counts; a device is known by its udid."""
    found = pd.DataFrame({"rule": "x.y", "kind": ["device", "device"], "id": ["u2", "u9"]})
    devices = pd.DataFrame(
        {"objectType": "KalturaHouseholdDevice", "udid": ["u1", "u2", "u2"], "brandId": [1, 2, 3]}
    )
    joined = audits.join(found, devices)
    assert joined["brandId"].fillna(0).tolist() == [3, 0]
