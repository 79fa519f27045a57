"""How near households are to their limits, and what is wrong with them, as values."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeAlias

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import audits, demo, household
from kott_notebooks.errors import KottError
from kott_notebooks.tables.provenance import facts

COLUMNS = ["id", "devicesLimit", "usersLimit", "concurrentLimit"]
DTYPES = {
    "householdId": "Int64",
    "limit": "str",
    "allowed": "Int64",
    "used": "Int64",
    "headroom": "Int64",
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
    findings = household.limits(
        households((7, 2, 4, 1)), held(7, 7), held(7, 7, 7), streams=held(7)
    )
    assert rows(findings) == [
        [7, "devices", 2, 3, -1, 1.5],
        [7, "users", 4, 2, 2, 0.5],
        [7, "streams", 1, 1, 0, 1.0],
    ]


def test_a_limit_of_0_is_no_limit() -> None:
    """The API writes 0 where none is set; nothing is left of it, nor used up."""
    findings = household.limits(households((7, 0, None, 1)), held(7), held(7, 7))
    assert rows(findings)[:2] == [
        [7, "devices", None, 2, None, None],
        [7, "users", None, 1, None, None],
    ]


def test_a_household_without_rows_uses_none() -> None:
    """A table that was given says so by silence; one that was not given says nothing."""
    findings = household.limits(households((7, 2, 4, 1)), users=held(8, None))
    assert rows(findings) == [
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
    findings = household.limits(
        households(*((id, 3, 3, 3) for id in ids)), held(*users), held(*devices)
    )
    assert findings["householdId"].tolist() == [id for id in ids for _ in range(3)]
    used = findings[findings["limit"] != "streams"].set_index(["householdId", "limit"])["used"]
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
    findings = household.limits(table, held(), held(7))
    assert {name: str(dtype) for name, dtype in findings.dtypes.items()} == DTYPES
    assert len(findings) == 3 * len(table)


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


NOW = pd.Timestamp("2026-03-01T12:00Z")
AUDITED = {
    "rule": "str", "severity": "str", "kind": "str", "id": "str", "name": "str", "field": "str",
    "startDate": "datetime64[us, UTC]", "endDate": "datetime64[us, UTC]",
    "linearAssetId": "Int64", "impact": "Float64", "detail": "str", "ksql": "str", "hint": "str",
}  # fmt: skip


def ago(days: float = 0, hours: float = 0, seconds: float = 0) -> pd.Timestamp:
    return NOW - pd.Timedelta(days=days, hours=hours, seconds=seconds)


def homes(*rows: dict[str, Any]) -> pd.DataFrame:
    """Make households with nothing wrong, but for what is said."""
    usual = {"devicesLimit": 3, "usersLimit": 3, "concurrentLimit": 1, "state": "ok", "name": "n"}
    times = dict.fromkeys(("frequencyNextDeviceAction", "frequencyNextUserAction"), ago(days=9))
    table = pd.DataFrame([{"id": 1 + i, **usual, **times, **row} for i, row in enumerate(rows)])
    return table.astype(dict.fromkeys(COLUMNS, "Int64"))


def users_of(*rows: tuple[int, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["householdId", "isMaster"])


def devices_of(*rows: tuple[int, str, pd.Timestamp | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["householdId", "udid", "lastActivityTime"])


def found_in(findings: pd.DataFrame, rule: str) -> list[str]:
    return findings.loc[findings["rule"] == rule, "id"].tolist()


@pytest.mark.parametrize(("count", "rule"), [(1, None), (2, "at_limit"), (3, "over_users")])
def test_a_limit_is_reached_and_then_broken(count: int, rule: str | None) -> None:
    """One below says nothing; a limit of 0 is none."""
    members = users_of(*[(1, True)] * count, *[(2, True)] * count)
    findings = household.audit(homes({"usersLimit": 2}, {"usersLimit": 0}), members, now=NOW)
    assert findings["rule"].tolist() == ([f"household.{rule}"] if rule else [])


def test_too_many_devices_are_an_error() -> None:
    """The finding says how many there are, and how many there may be."""
    held_devices = devices_of((1, "a", NOW), (1, "b", NOW))
    findings = household.audit(homes({"devicesLimit": 1}), devices=held_devices, now=NOW)
    assert findings[["rule", "severity", "kind", "id", "field", "impact"]].to_numpy().tolist() == [
        ["household.over_devices", "error", "household", "1", "devicesLimit", 9.0]
    ]
    assert findings["detail"].tolist() == ["It has devices: 2; it may have: 1."]


def test_a_household_needs_users_and_one_of_them_a_master() -> None:
    """Without users it is empty, and nobody asks for its master."""
    members = users_of((1, True), (1, False), (2, False))
    findings = household.audit(homes({}, {}, {}), members, now=NOW)
    assert found_in(findings, "household.no_master") == ["2"]
    assert found_in(findings, "household.empty") == ["3"]
    assert len(findings) == 2


def test_a_suspended_household_is_found() -> None:
    """Pending is another thing."""
    findings = household.audit(homes({"state": "suspended"}, {"state": "pending"}), now=NOW)
    assert found_in(findings, "household.suspended") == ["1"]
    assert len(findings) == 1


def test_a_lock_lies_in_the_future() -> None:
    """Either of the two is enough, and both are one finding; this moment is no lock."""
    later = ago(hours=-1)
    findings = household.audit(
        homes(
            {"frequencyNextUserAction": later},
            {"frequencyNextUserAction": later, "frequencyNextDeviceAction": later},
            {"frequencyNextUserAction": NOW, "frequencyNextDeviceAction": None},
        ),
        now=NOW,
    )
    assert found_in(findings, "household.frequency_lock") == ["1", "2"]
    assert findings["detail"].iloc[0] == "No change before 2026-03-01 13:00 UTC."


def test_a_household_is_idle_when_all_its_devices_are() -> None:
    """Exactly 180 days are not more; one that tells no time may be active; none is no rest."""
    rested, just = ago(days=180, seconds=1), ago(days=180)
    held_devices = devices_of(
        (1, "a", rested), (1, "b", rested), (2, "c", rested), (2, "d", NOW), (3, "e", just),
        (4, "f", None),
    )  # fmt: skip
    findings = household.audit(homes({}, {}, {}, {}, {}), devices=held_devices, now=NOW)
    assert found_in(findings, "household.idle") == ["1"]


def test_a_device_is_idle_after_a_year() -> None:
    """Its id is its udid."""
    held_devices = devices_of((1, "a", ago(days=365, seconds=1)), (1, "b", ago(days=365)))
    findings = household.audit(homes({}), devices=held_devices, now=NOW)
    idle = findings[findings["rule"] == "device.idle"]
    assert idle[["kind", "id"]].to_numpy().tolist() == [["device", "a"]]
    assert idle["detail"].tolist() == ["It was last active on 2025-03-01."]


def test_a_device_of_two_households_is_found_once() -> None:
    """Twice in one household is another matter."""
    held_devices = devices_of((1, "a", NOW), (2, "a", NOW), (2, "b", NOW), (2, "b", NOW))
    findings = household.audit(homes({}, {"devicesLimit": 9}), devices=held_devices, now=NOW)
    assert found_in(findings, "device.duplicate_udid") == ["a"]
    assert findings["detail"].iloc[0] == "It is in 2 households."


def test_a_user_who_never_logged_in_is_found_after_a_month() -> None:
    """Days are arguments; a new user has time."""
    ott_users = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "createDate": [ago(days=31), ago(days=30), ago(days=99)],
            "lastLoginDate": [None, None, NOW],
        }
    )
    findings = household.audit(homes({}), ott_users=ott_users, now=NOW)
    assert findings[["rule", "kind", "id"]].to_numpy().tolist() == [
        ["user.never_logged_in", "user", "a"]
    ]
    younger = household.audit(homes({}), ott_users=ott_users, rules={"new_days": 29}, now=NOW)
    assert len(younger) == 2


def test_nothing_wrong_is_an_empty_table_of_findings() -> None:
    """It has the columns and dtypes that findings have."""
    findings = household.audit(homes({}), users_of((1, True)), devices_of((1, "a", NOW)), now=NOW)
    assert findings.empty
    assert {name: str(dtype) for name, dtype in findings.dtypes.items()} == AUDITED


def test_what_was_not_judged_is_in_the_provenance() -> None:
    """A table or a column that is missing is no sign that all is well."""
    bare = homes({}).drop(columns=["state", "frequencyNextDeviceAction", "frequencyNextUserAction"])
    provenance = facts(household.audit(bare, users_of((1, True)), now=NOW))
    assert provenance["when"] == NOW.isoformat()
    assert provenance["not_judged"] == {
        **dict.fromkeys(
            ("household.over_devices", "household.idle", "device.idle", "device.duplicate_udid"),
            "It needs devices.",
        ),
        "user.never_logged_in": "It needs ott_users.",
        "household.suspended": "It needs the column state.",
        "household.frequency_lock": "It needs a column "
        "frequencyNextDeviceAction or frequencyNextUserAction.",
    }


def test_a_lock_is_found_where_only_one_of_its_columns_is_there() -> None:
    """A role may not see the other."""
    table = homes({"frequencyNextUserAction": ago(hours=-1)})
    findings = household.audit(table.drop(columns="frequencyNextDeviceAction"), now=NOW)
    assert findings["rule"].tolist() == ["household.frequency_lock"]
    assert findings["field"].tolist() == ["frequencyNextUserAction"]


def test_a_blank_udid_is_no_device_of_two_households() -> None:
    """Nobody has said which device it is."""
    held_devices = devices_of((1, " ", NOW), (2, " ", NOW))
    assert household.audit(homes({}, {}), devices=held_devices, now=NOW).empty


# Each rule at its threshold: clean rows of which one is corrupted

Tables: TypeAlias = dict[str, pd.DataFrame]
SECOND = pd.Timedelta(seconds=1)


def clean(count: int) -> Tables:
    """Make households with nothing wrong, two users and two devices each."""
    ids = range(1, count + 1)
    return {
        "households": homes(*[{}] * count),
        "users": users_of(*((id, lead) for id in ids for lead in (True, False))),
        "devices": devices_of(*((id, f"{id}-{i}", ago(days=1)) for id in ids for i in "ab")),
        "ott_users": pd.DataFrame(
            {"id": [f"u{id}" for id in ids], "createDate": ago(99), "lastLoginDate": ago(1)}
        ),
    }


def audited(tables: Tables) -> pd.DataFrame:
    return household.audit(
        tables["households"], tables["users"], tables["devices"], ott_users=tables["ott_users"],
        now=NOW,
    )  # fmt: skip


def give(table: str, limit: str) -> Callable[[Tables, int, int], None]:
    """Let a household have as many more than it may (fewer, where negative) of something."""

    def corrupt(tables: Tables, id: int, over: int) -> None:
        own = tables[table]
        first = own[own["householdId"] == id].iloc[:1]
        more = [first.assign(**({"udid": f"more-{i}"} if "udid" in own else {})) for i in range(9)]
        limits = tables["households"]
        limits.loc[limits["id"] == id, limit] = 6
        tables[table] = pd.concat([own[own["householdId"] != id], *more[: 6 + over]])

    return corrupt


def depose(tables: Tables, id: int, over: int) -> None:
    users = tables["users"]
    if over > 0:
        users["isMaster"] &= users["householdId"] != id


def leave(tables: Tables, id: int, over: int) -> None:
    users = tables["users"]
    gone = users["householdId"] == id
    tables["users"] = users[~gone] if over > 0 else users[~(gone & ~users["isMaster"])]


def suspend(tables: Tables, id: int, over: int) -> None:
    states = tables["households"]
    states.loc[states["id"] == id, "state"] = "suspended" if over > 0 else "pending"


def rest(days: int, *, whole: bool) -> Callable[[Tables, int, int], None]:
    """Let a household's devices, all or the first, be idle for some days and seconds."""

    def corrupt(tables: Tables, id: int, over: int) -> None:
        devices = tables["devices"]
        of = devices["householdId"] == id
        if not whole:
            of &= devices["udid"].str.endswith("a")
        devices.loc[of, "lastActivityTime"] = ago(days) - over * SECOND

    return corrupt


def share(tables: Tables, id: int, over: int) -> None:
    """Let a device stand in the next household too, or twice in its own."""
    devices = tables["devices"]
    to = devices["householdId"] == (id + 1 if over > 0 else id)
    devices.loc[to & devices["udid"].str.endswith("b"), "udid"] = f"{id}-a"


def lock(tables: Tables, id: int, over: int) -> None:
    table = tables["households"]
    table.loc[table["id"] == id, "frequencyNextUserAction"] = NOW + over * SECOND


def stay_away(tables: Tables, id: int, over: int) -> None:
    table = tables["ott_users"]
    table.loc[table["id"] == f"u{id}", "lastLoginDate"] = pd.NaT
    table.loc[table["id"] == f"u{id}", "createDate"] = ago(30) - over * SECOND


CORRUPT: dict[str, tuple[Callable[[Tables, int, int], None], str]] = {
    "household.over_devices": (give("devices", "devicesLimit"), "{}"),
    "household.over_users": (give("users", "usersLimit"), "{}"),
    "household.no_master": (depose, "{}"),
    "household.empty": (leave, "{}"),
    "household.suspended": (suspend, "{}"),
    "household.idle": (rest(180, whole=True), "{}"),
    "device.idle": (rest(365, whole=False), "{}-a"),
    "device.duplicate_udid": (share, "{}-a"),
    "household.frequency_lock": (lock, "{}"),
    "user.never_logged_in": (stay_away, "u{}"),
}


@pytest.mark.parametrize("rule", CORRUPT)
@settings(max_examples=10)
@given(st.data())
def test_a_rule_finds_what_is_beyond_its_threshold_alone(rule: str, data: st.DataObject) -> None:
    """Of clean rows, the one that was corrupted; at the threshold, and before it, none."""
    corrupt, named = CORRUPT[rule]
    tables = clean(data.draw(st.integers(2, 5)))
    id = data.draw(st.integers(1, len(tables["households"]) - 1))
    over = data.draw(st.integers(-3, 3))
    corrupt(tables, id, over)
    assert found_in(audited(tables), rule) == ([named.format(id)] if over > 0 else [])


def test_clean_rows_are_clean() -> None:
    """What is corrupted above has nothing wrong before."""
    assert audited(clean(5)).empty


@given(st.sampled_from(["devices", "users"]), st.integers(-3, 3))
@settings(max_examples=10)
def test_a_household_is_at_its_limit_at_no_other_number(table: str, over: int) -> None:
    """One less is not yet there, one more is over it."""
    tables = clean(2)
    give(table, f"{table}Limit")(tables, 1, over)
    findings = audited(tables)
    assert found_in(findings, "household.at_limit") == (["1"] if over == 0 else [])
    assert found_in(findings, f"household.over_{table}") == (["1"] if over > 0 else [])


@pytest.mark.parametrize("form", ["as pulled", "CSV of texts", "convert_dtypes"])
def test_what_is_planted_in_the_demo_is_found_and_nothing_else(form: str) -> None:
    """Rule by rule, for households, users and devices: recall and precision are 1."""
    session = demo.login(
        assets=200, channels=2, days=1, households=140, deployment="roomy", seed=71_001
    )
    homes = kott.households(session)
    tables: dict[str, Any] = {
        "households": homes,
        "users": kott.household_users(session, homes),
        "devices": kott.household_devices(session, homes, pii=True),
        "ott_users": kott.listing(session, "ottUser"),
        "labels": kott.labels(session),
    }
    for name, table in tables.items():
        if form == "CSV of texts":
            text = io.StringIO(table.to_csv(index=False))
            tables[name] = pd.read_csv(text, dtype="str")
        elif form == "convert_dtypes":
            tables[name] = table.convert_dtypes()
    findings = household.audit(**tables, now=facts(homes)["when"])
    planted = demo.defects(session)
    planted = planted[planted["kind"].isin(["household", "user", "device"])]
    keys = ["rule", "kind", "id"]
    assert Counter(map(tuple, findings[keys].to_numpy())) == Counter(
        map(tuple, planted[keys].to_numpy())
    )
    kinds = ("household.", "device.", "user.")
    own = {rule for rule in audits.rules().severities if rule.startswith(kinds)}
    assert set(planted["rule"]) == own


def test_a_world_without_defects_has_nothing_wrong() -> None:
    """Not even what would merely be worth knowing."""
    session = demo.login(
        assets=20, channels=2, days=1, households=140, deployment="roomy", defects=False
    )
    findings = household.audit(
        kott.households(session),
        kott.household_users(session),
        kott.household_devices(session),
        ott_users=kott.listing(session, "ottUser"),
    )
    assert findings.empty
