"""What the API has, as tables."""

from __future__ import annotations

import pytest

import kott_notebooks as kott
from kott_notebooks import schema


def test_every_action_is_listed() -> None:
    """632 actions, 126 of which answer a list, 49 of those in pages."""
    table = kott.services()
    lists = table[table["items"].notna()]
    assert (len(table), len(lists), int(lists["pager"].sum())) == (632, 126, 49)
    assert [str(kind) for kind in table.dtypes] == ["str"] * 4 + ["boolean"]


def test_an_action_is_described_by_its_arguments() -> None:
    """Names, types, which are required; service names in any case."""
    table = kott.describe("OTTUSER.login").set_index("name")
    required = table["required"].to_dict()
    assert (required["partnerId"], required["password"]) == (True, False)


def test_an_action_without_arguments_has_no_row() -> None:
    """And the columns all the same."""
    assert list(kott.describe("session.revoke").columns) == [
        "name",
        "type",
        "required",
        "default",
    ]


def test_a_default_is_shown_where_the_schema_has_one() -> None:
    """As JSON; an argument without one has no text."""
    default = kott.describe("asset.semanticSearch").set_index("name")["default"]
    assert default.dropna().to_dict() == {"refineQuery": "false", "size": "10"}


def test_every_name_of_the_schema_can_be_described() -> None:
    """A class without properties, an action without arguments: an empty table, the same columns."""
    bare = [name for name in schema.data()["classes"] if not schema.properties(name)]
    assert len(bare) > 20
    for name in bare:
        table = kott.describe(name)
        assert (len(table), list(table)) == (0, ["name", "type", "of", "personal"])
    for one in [one for one in schema.actions() if not one.args][:20]:
        assert len(kott.describe(f"{one.service}.{one.name}")) == 0


def test_a_class_is_described_by_its_properties() -> None:
    """Inherited ones too, with the class that brings them; personal ones marked."""
    table = kott.describe("KalturaOTTUser").set_index("name")
    assert table["of"]["username"] == "KalturaBaseOTTUser"
    email = table.to_dict("index")["email"]
    assert email == {"type": "string", "of": "KalturaOTTUser", "personal": True}


def test_an_enum_is_described_by_its_values() -> None:
    """Names and what travels."""
    assert "START_DATE_ASC" in kott.describe("KalturaAssetOrderBy")["value"].tolist()


def test_a_slip_is_met_with_what_comes_close() -> None:
    """The error names it."""
    with pytest.raises(kott.KottError, match=r"did you mean asset\.list"):
        kott.describe("asset.lst")


def test_a_name_that_is_nowhere_near_says_where_to_look() -> None:
    """Without a guess."""
    with pytest.raises(kott.KottError, match=r"has no 'qqqq'\. kott\.services"):
        kott.describe("qqqq")
