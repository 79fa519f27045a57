"""Nested cells laid out, as values."""

from __future__ import annotations

from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks.errors import KottError
from kott_notebooks.tables import frames, tags

MEDIA = "KalturaMediaAsset"


def table(*records: dict[str, Any]) -> pd.DataFrame:
    return frames.frame([{"objectType": MEDIA, **one} for one in records], MEDIA)


def tag(*values: str) -> dict[str, Any]:
    return {"objects": [{"value": one} for one in values]}


def test_images_are_one_row_a_picture() -> None:
    """Keyed by the asset, typed by the schema; an asset without any has no row."""
    result = kott.images(
        table({"id": 5, "images": [{"id": "a", "width": 640}, {"id": "b"}]}, {"id": 6})
    )
    assert result[["assetId", "id"]].values.tolist() == [[5, "a"], [5, "b"]]
    assert result["width"].tolist() == [640, pd.NA]
    assert str(result["width"].dtype) == str(result["assetId"].dtype) == "Int64"


def test_no_image_at_all_has_the_same_columns() -> None:
    """An empty table is as wide as a full one."""
    full = kott.images(table({"id": 5, "images": [{"objectType": "KalturaMediaImage", "id": "a"}]}))
    empty = kott.images(table({"id": 5}))
    assert empty.empty
    assert set(full.columns) == set(empty.columns)


def test_media_files_have_times_and_truth() -> None:
    """Typed as the asset's own columns are."""
    result = kott.media_files(
        table({"id": 5, "mediaFiles": [{"assetId": 5, "endDate": 32472151200, "status": True}]})
    )
    assert result.loc[0, "endDate"] == pd.Timestamp("2999-01-01T02:00:00Z")
    assert str(result["status"].dtype) == "boolean"
    assert list(result.columns).count("assetId") == 1


def test_a_map_is_laid_out_by_its_keys() -> None:
    """Dynamic data: one row a name."""
    result = kott.explode(
        frames.frame(
            [{"udid": "d", "dynamicData": {"os": {"value": "9"}}}], "KalturaHouseholdDevice"
        ),
        "dynamicData",
        key="udid",
    )
    assert result[["udid", "key", "value"]].values.tolist() == [["d", "os", "9"]]


def test_a_column_that_is_not_there_is_said() -> None:
    """The error names it."""
    with pytest.raises(KottError, match="no column pictures"):
        kott.explode(table({"id": 1}), "pictures")


def test_tags_are_one_row_a_value() -> None:
    """Values that repeat count once a row; older servers' single value is read too."""
    result = kott.tags(
        table(
            {"id": 1, "tags": {"Genre": tag("Drama", "Noir", "Drama"), "Cast": tag("Ann")}},
            {"id": 2, "tags": {"Genre": {"value": "Comedy"}, "Cast": {"objects": []}}},
        )
    )
    assert result.values.tolist() == [
        [1, "Cast", "Ann"],
        [1, "Genre", "Drama"],
        [1, "Genre", "Noir"],
        [2, "Genre", "Comedy"],
    ]


def test_tags_can_be_named() -> None:
    """Only those asked for."""
    result = kott.tags(table({"id": 1, "tags": {"Genre": tag("A"), "Cast": tag("B")}}), "Cast")
    assert result["tag"].unique().tolist() == ["Cast"]


def test_no_tag_gives_typed_columns() -> None:
    """Empty, with the dtypes of a full one."""
    assert [str(kind) for kind in kott.tags(table()).dtypes] == ["Int64", "str", "str"]


def test_translations_are_one_row_a_text() -> None:
    """Of names, metas and tags, where all languages were asked for."""
    tokens = [{"language": "eng", "value": "Quay"}, {"language": "fra", "value": "Quai"}]
    text = {"objectType": "KalturaMultilingualStringValue", "multilingualValue": tokens}
    result = kott.translations(
        table(
            {
                "id": 1,
                "multilingualName": tokens,
                "metas": {"T": text},
                "tags": {"G": {"objects": [text]}},
            }
        )
    )
    assert result["field"].tolist() == ["name"] * 2 + ["metas.T"] * 2 + ["tags.G"] * 2
    assert result["value"].tolist() == ["Quay", "Quai"] * 3


def test_flat_cells_read_well() -> None:
    """Tags joined, lists counted, plain texts untouched."""
    result = kott.flat(
        table(
            {"id": 1, "name": "[sic]", "images": [{"id": "a"}], "tags": {"Genre": tag("A", "B")}},
            {"id": 2, "name": "{x}"},
        )
    )
    assert result["tags.Genre"].tolist()[0] == "A; B"
    assert result["images"].tolist() == [1, pd.NA]
    assert result["name"].tolist() == ["[sic]", "{x}"]


def test_flat_takes_tables_that_were_joined() -> None:
    """Their index may repeat."""
    one = table({"id": 1, "tags": {"Genre": tag("A")}})
    assert kott.flat(pd.concat([one, one]))["tags.Genre"].tolist() == ["A", "A"]


def test_a_tag_with_holes_is_read() -> None:
    """A null among its values is none."""
    given = table({"id": 1, "tags": {"Genre": {"objects": [None, {"value": "A"}]}}})
    assert kott.tags(given)["value"].tolist() == ["A"]


def test_flat_leaves_texts_alone_that_look_like_lists() -> None:
    """A name is a name, in every language."""
    tokens = [{"language": "eng", "value": "[1, 2]"}]
    found = kott.flat(table({"id": 1, "multilingualName": tokens}))
    assert found[["name", "name@eng"]].to_numpy().tolist() == [["[1, 2]", "[1, 2]"]]


@pytest.mark.parametrize(
    ("values", "cell"),
    [
        (["Drama", "Crime, Mystery"], "Drama; Crime, Mystery"),
        (["Rock; Pop", "Jazz"], '"Rock; Pop"; Jazz'),
        (['The "Best"'], '"The ""Best"""'),
        (["[live]", "null", "007"], '"[live]"; null; 007'),
        ([" a", "b "], '" a"; "b "'),
    ],
)
def test_flat_joins_values_so_that_they_come_apart_again(values: list[str], cell: str) -> None:
    """Only what could be misread is quoted."""
    flat = kott.flat(table({"id": 1, "tags": {"Genre": tag(*values)}}))
    assert flat["tags.Genre"].tolist() == [cell]
    assert kott.tags(flat)["value"].tolist() == values


@drawn(st.lists(st.lists(st.text(min_size=1), min_size=1, unique=True), min_size=1))
def test_any_values_come_apart_again(lists: list[list[str]]) -> None:
    """Whatever characters they have, in whatever company."""
    text = msgspec.json.encode(lists).decode()
    assert [tags.split(one) for one in tags.joined(lists, text)] == lists


def test_what_is_laid_out_leaves_its_table_alone() -> None:
    """Every function gives a new table."""
    given = table({"id": 1, "tags": {"Genre": tag("A")}, "images": [{"id": "a"}]})
    before = given.copy()
    kott.tags(given), kott.images(given), kott.flat(given), kott.translations(given)
    pd.testing.assert_frame_equal(given, before)
