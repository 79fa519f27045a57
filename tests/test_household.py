"""How near households are to their limits, as values."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks import household
from kott_notebooks.errors import KottError

COLUMNS = ["id", "devicesLimit", "usersLimit", "concurrentLimit"]
DTYPES = {
    "householdId": "Int64",
    "limit": "str",
    "allowed": "Int64",
    "used": "Int64",
    "left": "Int64",
    "share": "Float64",
}


def households(*rows: tuple[int, int | None, int | None, int | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS).astype("Int64")


def held(*ids: int | None) -> pd.DataFrame:
    """Make a table of users, devices or streams: one row each, of these households."""
    return pd.DataFrame({"householdId": pd.array(ids, dtype="Int64")})


def rows(table: pd.DataFrame) -> list[list[Any]]:
    return table.astype(object).where(table.notna(), None).to_numpy().tolist()


def test_limits_lays_use_beside_what_is_allowed() -> None:
    """One row a household and limit; beyond the limit, what is left is below zero."""
    found = household.limits(households((7, 2, 4, 1)), held(7, 7), held(7, 7, 7), streams=held(7))
    assert rows(found) == [
        [7, "devices", 2, 3, -1, 1.5],
        [7, "users", 4, 2, 2, 0.5],
        [7, "streams", 1, 1, 0, 1.0],
    ]


def test_a_limit_of_0_is_none() -> None:
    """The API writes 0 where none is set; nothing is left of it, nor used up."""
    found = household.limits(households((7, 0, None, 1)), held(7), held(7, 7))
    assert rows(found)[:2] == [
        [7, "devices", None, 2, None, None],
        [7, "users", None, 1, None, None],
    ]


def test_a_household_without_rows_uses_none() -> None:
    """A table that was given says so by silence; one that was not given says nothing."""
    found = household.limits(households((7, 2, 4, 1)), users=held(8, None))
    assert rows(found) == [
        [7, "devices", 2, None, None, None],
        [7, "users", 4, 0, 4, 0.0],
        [7, "streams", 1, None, None, None],
    ]


@given(
    st.lists(st.integers(1, 5), unique=True),
    st.lists(st.integers(1, 6)),
    st.lists(st.integers(1, 6)),
)
def test_every_household_is_there_in_its_order(
    ids: list[int], users: list[int], devices: list[int]
) -> None:
    """Use is what a count of the other tables' rows gives, strangers aside."""
    found = household.limits(
        households(*((id, 3, 3, 3) for id in ids)), held(*users), held(*devices)
    )
    assert found["householdId"].tolist() == [id for id in ids for _ in range(3)]
    used = found[found["limit"] != "streams"].set_index(["householdId", "limit"])["used"]
    for id in ids:
        assert used[id, "users"] == users.count(id)
        assert used[id, "devices"] == devices.count(id)


def test_the_index_does_not_matter() -> None:
    """A filtered or sorted table keeps its order of rows."""
    table = households((7, 1, 1, 1), (8, 1, 1, 1)).set_index(pd.Index([5, 5]))
    assert household.limits(table)["householdId"].tolist() == [7, 7, 7, 8, 8, 8]


@pytest.mark.parametrize("table", [households((7, 2, 0, 1)), households()])
def test_columns_and_types_are_always_the_same(table: pd.DataFrame) -> None:
    """Also where there is no household."""
    found = household.limits(table, held(), held(7))
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == DTYPES
    assert len(found) == 3 * len(table)


def test_a_table_of_something_else_is_refused() -> None:
    """The error names the column that is missing."""
    with pytest.raises(KottError, match="no column householdId; it has id"):
        household.limits(households((7, 1, 1, 1)), users=households())


def test_the_tables_given_are_left_alone() -> None:
    """Analysis reads; it does not change what it was given."""
    table, users = households((7, 0, 2, 1)), held(7)
    before = table.copy(), users.copy()
    household.limits(table, users)
    pd.testing.assert_frame_equal(table, before[0])
    pd.testing.assert_frame_equal(users, before[1])
