"""`fields=`: which columns a name means, and what is refused before anything is pulled."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import K, demo

WORLD: dict[str, Any] = {"assets": 120, "channels": 3, "days": 2, "households": 3}


@pytest.fixture(scope="module", params=["operator", "anonymous"])
def session(request: pytest.FixtureRequest) -> kott.Session:
    """A user who may list the partner's metas, and one who may not."""
    return demo.login(**WORLD, user=request.param)


@pytest.fixture(scope="module")
def whole(session: kott.Session) -> pd.DataFrame:
    """Every column of the same assets."""
    return kott.assets(session)


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ("Genre", ["tags.Genre"]),
        ("genre", ["tags.Genre"]),
        ("Year", ["metas.Year"]),
        ("metas.year", ["metas.Year"]),
        ("Catchup allowed", ["metas.Catchup allowed "]),
        ("Quality", ["metas.Quality", "tags.Quality"]),
        ("tags.Quality", ["tags.Quality"]),
        ("description", ["description"]),
        ("typeDescription", ["typeDescription"]),
    ],
)
def test_a_field_means_the_column_of_that_name(
    session: kott.Session, whole: pd.DataFrame, field: str, columns: list[str]
) -> None:
    """A property, a meta, a tag, both where both have the name, or what servers add."""
    table = kott.assets(session, fields=[field])
    pd.testing.assert_frame_equal(table, whole[["objectType", "id", *columns]])


@pytest.mark.parametrize(
    ("field", "nearest"),
    [
        ("metas.Yaer", "metas.Year"),
        ("Yaer", "metas.Year"),
        ("tags.Gnre", "tags.Genre"),
        ("metas.Genre", "tags.Genre"),
        ("nmae", "name"),
        ("createdate", "createDate"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_the_nearest(
    session: kott.Session, field: str, nearest: str
) -> None:
    """In a pull and in its plan alike."""
    for listed in (kott.assets, lambda *_, **given: kott.plan(session, "asset", **given)):
        with pytest.raises(kott.KottError, match=rf"'{field}' is not a column .*{nearest}\b"):
            listed(session, fields=["id", field])


@pytest.mark.parametrize("field", ["qqqqqq", "tags.a'b", "metas.", "", "linearAssetId"])
def test_a_name_near_to_nothing_says_where_names_are_listed(
    session: kott.Session, field: str
) -> None:
    """Whatever characters it has."""
    with pytest.raises(kott.KottError, match=r"kott\.describe\('KalturaLiveAsset'\)"):
        kott.assets(session, fields=[field])


def test_a_known_name_without_values_is_an_empty_column(session: kott.Session) -> None:
    """Not an error: the filter may find no row, or none that has it."""
    for ksql in (K.name == "no such name", K.asset_type == "media"):
        table = kott.assets(session, ksql, fields=["metas.Repeat"])
        assert table["metas.Repeat"].isna().all()


def test_a_system_name_means_its_meta() -> None:
    """Where the role may list the metas."""
    table = kott.assets(demo.login(**WORLD), fields=["ShortSynopsis"])
    assert list(table.columns) == ["objectType", "id", "metas.Short synopsis"]


def test_programmes_and_other_lists_have_fields_of_their_own() -> None:
    """A channel's number is none of a household's."""
    session = demo.login(**WORLD, deployment="roomy")
    guide = kott.epg(session, "today", "today+1d", fields=["Genre", "linearAssetId"])
    assert list(guide.columns) == ["objectType", "id", "tags.Genre", "linearAssetId"]
    assert kott.listing(session, "household", fields=["devicesLimit"])["devicesLimit"].notna().all()
    with pytest.raises(kott.KottError, match=r"'devicesLimt' .*Did you mean devicesLimit\?"):
        kott.listing(session, "household", fields=["devicesLimt"])


def test_fields_is_a_list() -> None:
    """A text would be taken for its letters."""
    with pytest.raises(kott.KottError, match=r"write fields=\['name'\]"):
        kott.assets(demo.login(**WORLD), fields="name")


def test_properties_cost_no_further_request() -> None:
    """Only names of metas and tags are looked up, once per session."""
    session = demo.login(**WORLD)
    backend = demo.backend_of(session)
    before = len(backend.log)
    kott.assets(session, fields=["name"], limit=10)
    plain = len(backend.log) - before
    kott.assets(session, fields=["Genre"], limit=10)
    kott.assets(session, fields=["Genre", "metas.Year"], limit=10)
    assert len(backend.log) - before == 3 * plain + 1


def test_a_text_in_all_languages_has_their_columns() -> None:
    """The API keeps translations apart from the text: both are asked for."""
    session = demo.login(**WORLD)
    every = kott.assets(session, language="*")
    table = kott.assets(session, fields=["name", "description@fra"], language="*")
    own = ["name", "name@eng", "name@fra", "name@ell", "description@fra"]
    pd.testing.assert_frame_equal(table, every[["objectType", "id", *own]])
    spoken = demo.login(**WORLD, language="*")
    pd.testing.assert_frame_equal(kott.assets(spoken, fields=["name"]), table.iloc[:, :-1])


def test_one_language_of_a_listing_in_another_is_refused(session: kott.Session) -> None:
    """It would be an empty column."""
    with pytest.raises(kott.KottError, match=r'name@fra.*language="\*"'):
        kott.assets(session, fields=["name@fra"])
