"""Two catalogues side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, demo
from kott_notebooks.errors import KottError


@pytest.fixture(scope="module")
def session() -> kott.Session:
    return demo.login(assets=60, channels=2, days=1, households=0, defects=False)


@pytest.fixture(scope="module")
def assets(session: kott.Session) -> pd.DataFrame:
    return kott.assets(session, progress=False)


@pytest.fixture(scope="module")
def labels(session: kott.Session) -> pd.DataFrame:
    return kott.labels(session)


def elsewhere(assets: pd.DataFrame) -> pd.DataFrame:
    """Give the same assets as another partner has them: other ids, types, dates and order."""
    other = assets.sample(frac=1, random_state=3).reset_index(drop=True)
    dates = {name: other[name] + pd.Timedelta(days=9) for name in ("createDate", "updateDate")}
    return other.assign(id=range(7_000, 7_000 + len(other)), type=other["type"] + 50, **dates)


def relabelled(labels: pd.DataFrame) -> pd.DataFrame:
    structs, ids = labels["kind"] == "assetStruct", labels["id"].astype("str")
    moved = (ids.where(structs, "0").astype("int64") + 50).astype("str")
    return labels.assign(id=ids.mask(structs, moved))


def test_the_same_catalogue_elsewhere_does_not_differ(
    assets: pd.DataFrame, labels: pd.DataFrame
) -> None:
    """Ids, dates of creation and numbers of types are a partner's own."""
    table = catalog.compare(
        {"A": assets, "B": elsewhere(assets)}, labels={"A": labels, "B": relabelled(labels)}
    )
    assert table.empty
    assert str(table["rows"].dtype) == "Int64"


@pytest.mark.parametrize("dtype", [None, "str", "object"])
@pytest.mark.parametrize("by", ["externalId", "name and year"])
def test_known_edits_are_just_what_is_listed(assets: pd.DataFrame, by: str, dtype: Any) -> None:
    """A name, a tag, a picture, one asset less and one more, whatever the dtypes."""
    films = assets[assets["metas.Year"].notna()].drop_duplicates("name").reset_index(drop=True)
    ours = films.drop(columns="externalId") if by != "externalId" else films
    theirs = elsewhere(ours.drop(index=0))
    edited = theirs["name"] == ours.loc[2, "name"]
    theirs.loc[edited, "description"] = "Another text"
    theirs.loc[theirs["name"] == ours.loc[3, "name"], "tags.Genre"] = '["Polka"]'
    theirs.loc[theirs["name"] == ours.loc[4, "name"], "images"] = None
    ours = ours.drop(index=1).reset_index(drop=True)
    if dtype is not None:
        theirs = theirs.astype(dtype)
    table = catalog.compare({"ours": ours, "theirs": theirs})
    seen = sorted(zip(table["change"], table["name"], table["field"].fillna(""), strict=True))
    assert seen == sorted(
        [
            ("only in ours", films.loc[0, "name"], ""),
            ("only in theirs", films.loc[1, "name"], ""),
            ("differs", films.loc[2, "name"], "description"),
            ("differs", films.loc[3, "name"], "tags.Genre"),
            ("differs", films.loc[4, "name"], "images"),
        ]
    )
    assert set(table.loc[table["change"] == "differs", "matched"]) == {by}
    pairs = table[table["change"] == "differs"].set_index("name")
    id_of = theirs.astype({"id": "str"}).set_index("name")["id"]
    assert (pairs["otherId"] == id_of.reindex(pairs.index)).all()


def test_types_are_compared_by_name(assets: pd.DataFrame, labels: pd.DataFrame) -> None:
    """An asset that is a film here and an episode there differs in its type."""
    theirs = elsewhere(assets)
    film, episode = (
        labels.loc[labels["name"] == one, "id"].iloc[0] for one in ("Movie", "Episode")
    )
    first = theirs.index[theirs["type"] == int(film) + 50][0]
    theirs.loc[first, "type"] = int(episode) + 50
    table = catalog.compare(
        {"A": assets, "B": theirs}, labels={"A": labels, "B": relabelled(labels)}
    )
    assert table[["field", "value", "otherValue"]].values.tolist() == [
        ["typeName", "Movie", "Episode"]
    ]


def small(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).assign(id=np.arange(len(rows)))


def test_what_could_be_several_is_matched_with_none() -> None:
    """Two films of one name and year on one side cannot be told apart."""
    ours = small({"name": "The Quay", "metas.Year": 1999}, {"name": "Pier", "metas.Year": 2001})
    theirs = small(
        {"name": "the quay!", "metas.Year": "1999"},
        {"name": "The Quay", "metas.Year": "1999"},
        {"name": "PIER", "metas.Year": "2001"},
    )
    table = catalog.compare({"A": ours, "B": theirs})
    alone = table[table["change"] != "differs"]
    assert alone["change"].value_counts().to_dict() == {"only in A": 1, "only in B": 2}
    assert set(alone["matched"]) == {"several"}
    differs = table[table["change"] == "differs"]
    assert differs[["value", "otherValue"]].values.tolist() == [["Pier", "PIER"]]


def test_an_equal_change_of_many_assets_is_one_cause(assets: pd.DataFrame) -> None:
    """Where all windows ended a year later, that is one thing to look at."""
    theirs = elsewhere(assets).assign(description="Nothing is known.")
    ours = assets.assign(description="Soon.")
    table = catalog.compare({"A": ours, "B": theirs})
    assert table["cause"].unique().tolist() == ["description: Soon. -> Nothing is known."]
    assert set(table["rows"]) == {len(assets)}
    assert set(table["detail"]) == {"Soon. -> Nothing is known."}


@pytest.mark.parametrize(
    ("names", "words"), [(["A"], "two tables"), (["A", "B", "C"], "two tables")]
)
def test_other_than_two_tables_are_refused(
    assets: pd.DataFrame, names: list[str], words: str
) -> None:
    """With how many were given."""
    with pytest.raises(KottError, match=f"{words}.*{len(names)}"):
        catalog.compare(dict.fromkeys(names, assets))


def test_labels_of_other_names_are_refused(assets: pd.DataFrame, labels: pd.DataFrame) -> None:
    """Else types would be compared by numbers without a word."""
    with pytest.raises(KottError, match=r"labels are of C, B"):
        catalog.compare({"A": assets, "B": assets}, labels={"C": labels, "B": labels})


def test_changes_of_two_pulls_have_the_names_of_assets(assets: pd.DataFrame) -> None:
    """An asset less, one more, one with another name; `updateDate` alone is no change."""
    later = assets.assign(updateDate=assets["updateDate"] + pd.Timedelta(days=1))
    later.loc[3, "name"] = "Renamed"
    table = catalog.changes(assets.drop(index=0), later.drop(index=1))
    assert table[["change", "key", "name"]].to_numpy().tolist() == [
        ["removed", str(assets["id"][1]), assets["name"][1]],
        ["added", str(assets["id"][0]), assets["name"][0]],
        ["changed", str(assets["id"][3]), "Renamed"],
    ]
    assert table["field"].tolist()[2:] == ["name"]


def test_snapshots_of_a_catalogue_are_compared_one_after_the_other(
    assets: pd.DataFrame, tmp_path: Path
) -> None:
    """Each change stands beside the snapshot that has it."""
    days = pd.date_range("2026-03-01", periods=3, tz="UTC", unit="us")
    tables = (assets, assets.iloc[1:], assets.iloc[1:].assign(description="Another one"))
    for when, table in zip(days, tables, strict=True):
        kott.save(table, tmp_path, name="assets", when=when)
    changes = catalog.changes(kott.load_all(tmp_path))
    counts = changes.groupby(["snapshot", "change"]).size().to_dict()
    assert counts == {(days[1], "removed"): 1, (days[2], "changed"): len(assets) - 1}


def test_changes_of_one_snapshot_are_refused(assets: pd.DataFrame) -> None:
    """There is nothing to compare it with."""
    with pytest.raises(KottError, match="Two snapshots are needed to compare, not 1"):
        catalog.changes(assets.assign(snapshot=pd.Timestamp("2026-03-01", tz="UTC")))
