"""How many households, users and devices there are of what kind, and that it tells of no few."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo, household
from kott_notebooks.errors import KottError
from kott_notebooks.household.groups import folded

NOW = pd.Timestamp("2026-03-01T12:00Z")
DTYPES = {"group": "str", "count": "Int64", "households": "Int64", "share": "Float64"}


def devices(*rows: tuple[int, Any]) -> pd.DataFrame:
    """Make devices: household, brand."""
    table = pd.DataFrame(rows, columns=["householdId", "brandId"])
    return table.astype({"householdId": "Int64", "brandId": "Int64"})


def rested(*rows: tuple[int, float | None]) -> pd.DataFrame:
    """Make devices: household, days since the last activity."""
    days = [None if of is None else NOW - pd.Timedelta(days=of) for _, of in rows]
    times = pd.Series(days, dtype="datetime64[us, UTC]")
    ids = pd.Series([home for home, _ in rows], dtype="Int64")
    return pd.DataFrame({"householdId": ids, "lastActivityTime": times, "activatedOn": times})


def homes(count: int) -> pd.DataFrame:
    return pd.DataFrame({"id": pd.array(range(1, count + 1), dtype="Int64")})


def users(*rows: tuple[int, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["householdId", "isMaster"]).astype({"householdId": "Int64"})


def rows(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(table[["group", "count", "households"]].itertuples(index=False, name=None))


# No figure tells of a few


PAIRS = st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 12)), max_size=40)


@settings(max_examples=50)
@given(PAIRS, st.integers(1, 6))
def test_no_group_is_of_fewer_than_k_households(pairs: list[tuple[str, int]], k: int) -> None:
    """And what stands in "other" is of two groups or more, so that no subtraction finds one."""
    table = pd.DataFrame(pairs, columns=["state", "householdId"])
    result = household.groups(table, "state", k=k)
    own: dict[str, set[int]] = {}
    for group, home in pairs:
        own.setdefault(group, set()).add(home)
    if len(set().union(*own.values())) < k:
        assert result.empty
        return
    assert result["households"].ge(k).all()
    assert result["count"].sum() == len(pairs)
    shown = set(result["group"]) - {household.OTHER}
    for group in shown:
        assert len(own[group]) == result.set_index("group").at[group, "households"]
    assert len(set(own) - shown) != 1
    assert (household.OTHER in set(result["group"])) == bool(set(own) - shown)


@settings(max_examples=20)
@given(PAIRS)
def test_nothing_is_folded_where_every_group_is_large(pairs: list[tuple[str, int]]) -> None:
    """With k=1 there is no group too small."""
    table = pd.DataFrame(pairs, columns=["state", "householdId"])
    result = household.groups(table, "state", k=1)
    assert set(result["group"]) == {group for group, _ in pairs}


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ((9, 8, 5), ["a", "b", "c"]),
        ((9, 8, 4), ["a", "other"]),  # one group alone would be found by subtraction
        ((9, 8, 3, 2), ["a", "b", "other"]),
        ((9, 8, 2, 2), ["a", "other"]),  # two groups, and still too few
        ((4, 3), ["other"]),
        ((2, 2), []),
        ((7,), ["a"]),
    ],
)
def test_other_has_as_many_as_any_group(sizes: tuple[int, ...], shown: list[str]) -> None:
    """Five households are a group; four are not."""
    groups = [name for name, size in zip("abcd", sizes, strict=False) for _ in range(size)]
    table = pd.DataFrame({"id": range(len(groups)), "state": groups})
    assert household.groups(table, "state")["group"].tolist() == shown


def test_many_devices_of_few_households_are_few() -> None:
    """It is people who are counted, not their devices."""
    many = devices(*[(1, 31)] * 50, *((home, 32) for home in range(10)))
    assert rows(household.groups(many, "brandId")) == [("other", 60, 10)]


def test_a_k_of_none_is_refused() -> None:
    """The message says how to fold nothing."""
    with pytest.raises(KottError, match="k must be at least 1"):
        folded(pd.Series(["a"]), pd.Series([1]), 0)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(0, 400)), max_size=30))
def test_no_band_is_of_fewer_than_k_households(drawn: list[tuple[int, int | None]]) -> None:
    """Bands widen; every device stays counted, unless all are of too few households."""
    table = household.idle_devices(rested(*drawn), k=3, now=NOW)
    if len({home for home, _ in drawn}) < 3:
        assert table.empty
        return
    assert table["households"].ge(3).all()
    assert table["count"].sum() == len(drawn)


# What is counted


def test_groups_have_the_names_of_their_labels() -> None:
    """An id without a label stays an id, and a device without a brand has none."""
    labels = pd.DataFrame(
        {"kind": ["deviceBrand", "deviceFamily"], "id": ["31", "32"], "name": ["Phone", "Tablet"]}
    )
    table = devices((1, 31), (2, 31), (2, 31), (3, 32), (1, None))
    result = household.groups(table, "brandId", labels=labels, k=1)
    assert rows(result) == [("Phone", 3, 2), ("32", 1, 1), ("none", 1, 1)]
    assert result["share"].tolist() == [0.6, 0.2, 0.2]


def test_bands_begin_on_their_day() -> None:
    """Seven days are no longer under seven; what tells no time stands last."""
    table = rested((1, 6.999), (2, 7), (3, 29.9), (4, 365), (5, None), (6, -1))
    assert rows(household.idle_devices(table, k=1, now=NOW)) == [
        ("under 7 days", 2, 2),
        ("7 to 29 days", 2, 2),
        ("365 days or more", 1, 1),
        ("none", 1, 1),
    ]
    ages = household.device_ages(table, days=[30], k=1, now=NOW)
    assert ages["group"].tolist() == ["under 30 days", "30 days or more", "none"]


def test_a_small_band_joins_the_one_below_and_the_lowest_the_one_above() -> None:
    """What is idle for longest is seldom many, and stays told as far as it may be."""
    table = rested(*((home, 1) for home in range(9)), *((home, 100) for home in range(9)), (1, 999))
    result = household.idle_devices(table, now=NOW)
    assert rows(result) == [("under 7 days", 9, 9), ("90 days or more", 10, 9)]
    new = rested((1, 1), *((home, 10) for home in range(9)), *((home, 50) for home in range(9)))
    assert rows(household.idle_devices(new, now=NOW)) == [
        ("under 30 days", 10, 9),
        ("30 to 89 days", 9, 9),
    ]
    assert household.idle_devices(rested(*((home, 1) for home in range(9))), days=[], now=NOW)[
        "group"
    ].tolist() == ["any"]


def test_a_date_of_0_is_no_activity() -> None:
    """The API writes 0 where there was none, as `household.audit` reads it."""
    table = rested((1, 40), (2, None), (3, None))
    table.loc[2, ["lastActivityTime", "activatedOn"]] = pd.Timestamp(0, tz="UTC")
    expected = [("30 days or more", 1, 1), ("none", 2, 2)]
    for count in (household.idle_devices, household.idle_households, household.device_ages):
        assert rows(count(table, days=[30], k=1, now=NOW)) == expected


def test_a_household_is_as_idle_as_its_liveliest_device() -> None:
    """One device in use is enough."""
    table = rested((1, 400), (1, 2), (2, 400), (2, None), (3, None))
    assert rows(household.idle_households(table, k=1, now=NOW)) == [
        ("under 7 days", 1, 1),
        ("365 days or more", 1, 1),
        ("none", 1, 1),
    ]


def test_sizes_count_users_per_household() -> None:
    """One without users is there; large ones stand together where they are few."""
    members = users((2, True), (3, True), (3, False), *[(4, True)] * 9)
    assert rows(household.sizes(homes(4), members, k=1)) == [
        ("0", 1, 1), ("1", 1, 1), ("2", 1, 1), ("9", 1, 1),
    ]  # fmt: skip
    assert rows(household.sizes(homes(4), members, k=2)) == [("0 to 1", 2, 2), ("2 to 9", 2, 2)]


def test_masters_tells_who_misses_one() -> None:
    """A household without users misses more than a master."""
    members = users((1, True), (2, False), (3, True), (3, True))
    assert rows(household.masters(homes(4), members, k=1)) == [
        ("several masters", 1, 1), ("one master", 1, 1), ("no master", 1, 1), ("no users", 1, 1),
    ]  # fmt: skip


def test_headroom_counts_households_limit_by_limit() -> None:
    """In the order of the limits, the worst first; absent limits and tables have their words."""
    limits = pd.DataFrame(
        {"limit": ["users"] * 6 + ["streams"], "allowed": [2, 2, 2, 2, 9, None, 2],
         "used": [3, 2, 1, 0, 1, 1, None]}
    ).astype({"allowed": "Int64", "used": "Int64"})  # fmt: skip
    table = household.headroom(limits, k=1)
    assert list(zip(table["limit"], table["group"], table["households"], strict=True)) == [
        ("users", "over the limit", 1),
        ("users", "at the limit", 1),
        ("users", "1 left", 1),
        ("users", "2 left", 1),
        ("users", "3 or more left", 1),
        ("users", "no limit set", 1),
        ("streams", "not known", 1),
    ]
    assert table["least"].tolist() == [-1, 0, 1, 2, 3, pd.NA, pd.NA]


def headroom_of(*rest: int | None) -> list[tuple[str, int]]:
    """Count households by headroom, of a limit of 9; None has no limit."""
    allowed = [None if one is None else 9 for one in rest]
    used = [1 if one is None else 9 - one for one in rest]
    table = pd.DataFrame({"limit": "users", "allowed": allowed, "used": used})
    table = table.astype({"allowed": "Int64", "used": "Int64"})
    groups = household.headroom(table, k=3)
    return list(zip(groups["group"], groups["count"].tolist(), strict=True))


@pytest.mark.parametrize(
    ("rest", "groups"),
    [
        ([-1, 0, 0, 5, 5, 5], [("at or over the limit", 3), ("3 or more left", 3)]),
        ([-2, -1, -1, 0, 1, 1, 1], [("at or over the limit", 4), ("1 left", 3)]),
        ([-1, 1, 1, 5, 5, 5], [("1 or fewer left", 3), ("3 or more left", 3)]),
        ([0, 0, 0, 2, 3, 3], [("at the limit", 3), ("2 or more left", 3)]),
        (
            [-1, -1, -1, 5, 5, 5, None],
            [("over the limit", 3), ("at the limit or below, no limit set or not known", 4)],
        ),
        ([5, 5, None, None], [("any", 4)]),
        ([None, None, None, 0, 0, 0], [("at the limit", 3), ("no limit set", 3)]),
        ([0, 1], []),
    ],
)
def test_a_small_group_joins_its_neighbour(
    rest: list[int | None], groups: list[tuple[str, int]]
) -> None:
    """The words say the range; those at and over the limit are always named."""
    assert headroom_of(*rest) == groups


# On the demo


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    session = demo.login(seed=78, assets=20, channels=2, days=1, households=120, deployment="roomy")
    homes = kott.households(session)
    return {
        "homes": homes,
        "users": kott.household_users(session, homes),
        "devices": kott.household_devices(session, homes),
        "labels": kott.labels(session, ["deviceBrand", "deviceFamily", "region"]),
    }


FIGURES: dict[str, Callable[[dict[str, pd.DataFrame]], pd.DataFrame]] = {
    "brands": lambda of: household.groups(of["devices"], "brandId", labels=of["labels"]),
    "families": lambda of: household.groups(of["devices"], "deviceFamilyId", labels=of["labels"]),
    "regions": lambda of: household.groups(of["homes"], "regionId", labels=of["labels"]),
    "states": lambda of: household.groups(of["homes"], "state"),
    "idle devices": lambda of: household.idle_devices(of["devices"]),
    "idle households": lambda of: household.idle_households(of["devices"]),
    "ages": lambda of: household.device_ages(of["devices"]),
    "sizes": lambda of: household.sizes(of["homes"], of["users"]),
    "masters": lambda of: household.masters(of["homes"], of["users"]),
    "headroom": lambda of: household.headroom(
        household.limits(of["homes"], of["users"], of["devices"])
    ),
}
every = pytest.mark.parametrize("figure", FIGURES.values(), ids=FIGURES)


@every
def test_a_figure_counts_everybody_and_nobody_twice(
    figure: Callable[..., pd.DataFrame], tables: dict[str, pd.DataFrame]
) -> None:
    """Shares add up to all; no group is of fewer than five; dtypes are what they are."""
    table = figure(tables)
    assert {name: str(table[name].dtype) for name in DTYPES} == DTYPES
    assert table["households"].min() >= household.MIN_GROUP_SIZE
    limits = table["limit"].nunique() if "limit" in table else 1
    assert table["share"].sum() == pytest.approx(limits)


@every
def test_no_household_gives_an_empty_figure(
    figure: Callable[..., pd.DataFrame], tables: dict[str, pd.DataFrame]
) -> None:
    """Of the same columns and dtypes."""
    none = {name: table[:0] for name, table in tables.items()}
    result = figure(none)
    assert result.empty
    assert result.dtypes.to_dict() == figure(tables).dtypes.to_dict()


@every
def test_the_tables_given_are_left_alone(
    figure: Callable[..., pd.DataFrame], tables: dict[str, pd.DataFrame]
) -> None:
    """Their index does not matter either."""
    odd = {name: table.set_axis([7] * len(table)) for name, table in tables.items()}
    before = {name: table.copy() for name, table in odd.items()}
    pd.testing.assert_frame_equal(figure(odd), figure(tables))
    for name, table in odd.items():
        pd.testing.assert_frame_equal(table, before[name])


def plain_texts(tables: Iterable[pd.DataFrame]) -> set[str]:
    """Give everything that the schema calls personal, as the server has it."""
    columns = ["name", "externalId", "udid", "macAddress", "householdMasterUsername"]
    return {
        str(text)
        for table in tables
        for column in columns
        if column in table
        for text in table[column].dropna()
        if text
    }


def test_nothing_personal_comes_out_of_hashed_tables(tables: dict[str, pd.DataFrame]) -> None:
    """Neither in a figure nor in a finding; with pii=True, findings name whom they are about."""
    session = demo.login(seed=78, assets=20, channels=2, days=1, households=120, deployment="roomy")
    homes = kott.households(session, pii=True)
    devices = kott.household_devices(session, homes, pii=True)
    personal = plain_texts([homes, devices])
    assert len(personal) > 300
    result = household.audit(tables["homes"], tables["users"], tables["devices"])
    shown = {str(cell) for table in [result, *(of(tables) for of in FIGURES.values())]
             for cell in table.astype(str).to_numpy().ravel()}  # fmt: skip
    assert shown & personal == set()
    named = household.audit(homes, tables["users"], devices)
    assert set() < set(named["name"].dropna()) <= personal


def test_a_table_of_something_else_is_refused() -> None:
    """The message names the column that is missing."""
    with pytest.raises(KottError, match="no column regionId"):
        household.groups(homes(1), "regionId")
    with pytest.raises(KottError, match="no column id"):
        household.groups(pd.DataFrame({"state": ["ok"]}), "state")
    with pytest.raises(KottError, match="no column lastActivityTime"):
        household.idle_households(devices((1, 31)))
