"""The audit of households, their users and their devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.findings import with_labels
from kott_notebooks.audits.policy import WEIGHTS, judge
from kott_notebooks.audits.rulebook import Household, RulesSource, definitions
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.household.groups import known_times, used_by
from kott_notebooks.household.limits import LIMITS, allowed_by
from kott_notebooks.tables.columns import (
    NAT,
    Micros,
    as_times,
    distinct,
    id_texts,
    need,
    pulled,
    stamp,
)
from kott_notebooks.times import When

_NEEDS = {  # rule, and the table without which it is not judged
    "household.over_devices": "devices",
    "household.over_users": "users",
    "household.no_master": "users",
    "household.empty": "users",
    "household.idle": "devices",
    "device.idle": "devices",
    "device.duplicate_udid": "devices",
    "user.never_logged_in": "ott_users",
}
_DAY = 86_400_000_000  # microseconds
_NEXT = ("frequencyNextDeviceAction", "frequencyNextUserAction")


def audit(
    households: pd.DataFrame,
    users: pd.DataFrame | None = None,
    devices: pd.DataFrame | None = None,
    *,
    ott_users: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    rules: RulesSource | None = None,
    now: When | None = None,
) -> pd.DataFrame:
    """Find what is wrong with households, their users and their devices.

    `audits.rule_table` says what each rule finds. Hashed values stay hashed.

    Parameters
    ----------
    households : DataFrame
        `kott.households`.
    users, devices : DataFrame, optional
        `kott.household_users` and `kott.household_devices`, whole for these households. Rules that
        need a table that is missing are not judged.
    ott_users : DataFrame, optional
        ``kott.listing(session, "ottUser")``; user.never_logged_in needs it.
    labels : DataFrame, optional
        `kott.labels`: the names of regions, brands and roles.
    rules : path, mapping or Rules, optional
        A partner's rules; see `audits.rules`. A mapping may hold the keys of ``[household]`` alone:
        ``{"idle_days": 90}``.
    now : str, datetime or Timestamp, optional
        The time to judge at; by default when the households were pulled.

    Returns
    -------
    DataFrame
        One row per finding, by rule, then in the table's order: `rule`, `severity` (error, warning,
        info), `kind` (household, user, device), `id` (a device's is its udid), `name`, `field`,
        `detail`, `hint` (`str`), `impact` (9 for an error, 3 for a warning, 1 for an info;
        `Float64`); the other columns of findings are absent. With labels, `regionName` (of a
        household), `brandName` (of a device), `userRole` (`str`). The provenance has how many
        households were `judged`, the share of the rules that were (`rules_judged`), what was
        `not_judged` and why, and `waived` by rule.

    Raises
    ------
    KottError
        A table lacks a column.

    See Also
    --------
    limits, audits.summary, report.audit

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, household
    >>> session = demo.login(assets=20, households=60, deployment="roomy")
    >>> findings = household.audit(kott.households(session), kott.household_users(session))
    >>> "household.no_master" in set(findings["rule"])
    True
    """
    own = rules_of(rules, section="household")
    when = pulled(households, now)
    moment = stamp(when)
    homes = distinct(need(households, "id", *LIMITS.values()))
    parts = [*_limits(homes, users, devices), *_states(homes, moment)]
    if users is not None:
        parts += _members(homes, users)
    if devices is not None:
        parts += _devices(homes, devices, moment, own.household)
    if ott_users is not None:
        parts.append(_never_logged_in(ott_users, moment - round(own.household.new_days * _DAY)))
    order = {rule: place for place, rule in enumerate(definitions())}
    rows = pd.concat(parts).sort_values("rule", key=lambda of: of.map(order), kind="stable")
    findings = judge(
        rows,
        own,
        source="household.audit",
        now=when,
        families=["household", "device", "user"],
        count=len(homes),
        not_judged=_not_judged(homes, users=users, devices=devices, ott_users=ott_users),
        matched={},
    )
    return with_labels(findings, labels, homes, devices, ott_users)


def _not_judged(homes: pd.DataFrame, **tables: pd.DataFrame | None) -> dict[str, str]:
    """Return which rules went without what they need."""
    missing = {rule: table for rule, table in _NEEDS.items() if tables[table] is None}
    if "state" not in homes:
        missing["household.suspended"] = "the column state"
    if not set(_NEXT) & set(homes.columns):
        missing["household.frequency_lock"] = f"a column {' or '.join(_NEXT)}"
    return {rule: f"It needs {what}." for rule, what in missing.items()}


def _finding(rule: str, table: pd.DataFrame, field: str, detail: Any) -> pd.DataFrame:
    """Lay the rows of a table out as what a rule found."""
    own = definitions()[rule]
    kind = rule.partition(".")[0]
    name = table["name"] if "name" in table else pd.Series(None, index=table.index, dtype="object")
    return pd.DataFrame(
        {
            "rule": rule,
            "severity": own.severity,
            "kind": kind,
            "id": table["udid" if kind == "device" else "id"].astype("str"),
            "name": name,
            "field": field,
            "impact": WEIGHTS[own.severity],
            "detail": detail,
            "hint": own.hint,
        },
        index=table.index,
    )


def _limits(
    homes: pd.DataFrame, users: pd.DataFrame | None, devices: pd.DataFrame | None
) -> Iterator[pd.DataFrame]:
    for word, table in (("devices", devices), ("users", users)):
        field = LIMITS[word]
        allowed, used = allowed_by(homes[field]), used_by(homes["id"], table)
        for rule, fits in (
            (f"household.over_{word}", used > allowed),
            ("household.at_limit", used == allowed),
        ):
            mask = fits.fillna(False).astype(bool)
            detail = f"It has {word}: " + used[mask].astype("str")
            detail += "; it may have: " + allowed[mask].astype("str") + "."
            yield _finding(rule, homes[mask], field, detail)


def _states(homes: pd.DataFrame, moment: int) -> Iterator[pd.DataFrame]:
    if "state" in homes:
        suspended = homes[homes["state"] == "suspended"]
        yield _finding("household.suspended", suspended, "state", "It is suspended.")
    dates = [column for column in _NEXT if column in homes]
    if dates:
        until = np.max([known_times(homes, column) for column in dates], axis=0)
        at = np.flatnonzero(until > moment)
        detail = "No change before " + as_times(until[at]).strftime("%Y-%m-%d %H:%M UTC") + "."
        locked = homes.iloc[at]
        yield _finding("household.frequency_lock", locked, " ".join(dates), detail.to_numpy(object))


def _members(homes: pd.DataFrame, users: pd.DataFrame) -> Iterator[pd.DataFrame]:
    users = need(users, "householdId", "isMaster")
    master = users["isMaster"].fillna(False).astype(bool)
    ids, own = id_texts(homes["id"]), id_texts(users["householdId"])
    some, has_master = ids.isin(own), ids.isin(own[master])
    detail = "It has users, and none is its master."
    yield _finding("household.no_master", homes[some & ~has_master], "isMaster", detail)
    yield _finding("household.empty", homes[~some], "id", "It has no users.")


def _devices(
    homes: pd.DataFrame, devices: pd.DataFrame, moment: int, limits: Household
) -> Iterator[pd.DataFrame]:
    devices = need(devices, "householdId", "udid", "lastActivityTime").reset_index(drop=True)
    last = known_times(devices, "lastActivityTime")
    idle_now = (last != NAT) & (moment - last > limits.idle_days * _DAY)
    ids, own = id_texts(homes["id"]), id_texts(devices["householdId"])
    some, in_use = ids.isin(own), ids.isin(own[~idle_now])
    detail = f"None of its devices was active for {limits.idle_days:g} days."
    yield _finding("household.idle", homes[some & ~in_use], "lastActivityTime", detail)
    idle = (last != NAT) & (moment - last > limits.device_idle_days * _DAY)
    detail_of = _since(last[idle], "It was last active on ")
    yield _finding("device.idle", devices[idle], "lastActivityTime", detail_of)
    known = devices[~texts.blank(devices["udid"])]
    places = known.drop_duplicates(["udid", "householdId"])
    many = places.groupby("udid")["householdId"].transform("size")
    shared = places[many > 1].drop_duplicates("udid")
    shared_by = "It is in " + many[shared.index].astype("str") + " households."
    yield _finding("device.duplicate_udid", shared, "udid", shared_by)


def _never_logged_in(ott_users: pd.DataFrame, before: int) -> pd.DataFrame:
    ott_users = need(ott_users, "id", "createDate", "lastLoginDate").reset_index(drop=True)
    created, login = (known_times(ott_users, one) for one in ("createDate", "lastLoginDate"))
    never = (login == NAT) & (created != NAT) & (created < before)
    detail = _since(created[never], "It has never logged in, and was created on ")
    return _finding("user.never_logged_in", ott_users[never], "lastLoginDate", detail)


def _since(times: Micros, words: str) -> npt.NDArray[np.object_]:
    days = as_times(times).strftime("%Y-%m-%d")
    return np.array([f"{words}{day}." for day in days], dtype=object)
