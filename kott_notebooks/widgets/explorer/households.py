"""Households with their users and devices: pulled, audited, laid out; hashed; no widget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks import household
from kott_notebooks.errors import IncompleteError
from kott_notebooks.listings import household_devices, household_users, households, labels
from kott_notebooks.paging import Progress
from kott_notebooks.session import Session
from kott_notebooks.tables.columns import id_texts
from kott_notebooks.widgets.explorer import cells
from kott_notebooks.widgets.explorer.assets import judged
from kott_notebooks.widgets.explorer.pages import Column, Detail
from kott_notebooks.widgets.explorer.state import RULE, Pulled, Rows, State, literal, some

Part: TypeAlias = pd.DataFrame | IncompleteError
NAME, TITLE, LABEL = "households", "Households", "id"
_NAMES = {"regionId": "region", "brandId": "deviceBrand", "deviceFamilyId": "deviceFamily"}


def gather(session: Session, question: dict[str, Any], bar: Progress) -> pd.DataFrame:
    """List the households; those that do not exist are left out and counted."""
    ids, own = question.get("ids"), question.get("external_ids")
    if not ids and not own:
        return households(session, progress=bar)
    return households(session, ids, external_ids=own, missing="skip", progress=bar)


def lay(session: Session, question: dict[str, Any], table: pd.DataFrame) -> Pulled:
    """Name regions, brands and families, and choose the facets."""
    known = labels(session, [*_NAMES.values()])
    names = {}
    for column, kind in _NAMES.items():
        own = known[known["kind"] == kind].dropna(subset=["name"])
        names[column] = dict(zip(id_texts(own["id"]), own["name"], strict=True))
    facets = [one for one in ("state", "regionId", "devicesLimit") if one in table]
    return Pulled(table, names=names, facets=tuple(facets))


def add(session: Session, pulled: Pulled, parts: dict[str, Part], bar: Progress) -> Pulled:
    """Add users and devices; what was received before a stop is in `parts`."""
    for kind, pull in (("users", household_users), ("devices", household_devices)):
        part = parts.get(kind)
        try:
            if isinstance(part, IncompleteError):
                parts[kind] = part.resume()
            elif part is None:
                parts[kind] = pull(session, pulled.table, progress=bar)
        except IncompleteError as error:
            parts[kind] = error
            raise
    return replace(pulled, more=dict(parts))


def judge(session: Session, question: dict[str, Any], pulled: Pulled) -> Pulled:
    """Add the findings of the audit: those of a user or a device are of its household."""
    users, devices = pulled.more["users"], pulled.more["devices"]
    findings = household.audit(pulled.table, users, devices)
    homes = {
        "household": (pulled.ids, pulled.ids),
        "user": (users["userId"], id_texts(users["householdId"])),
        "device": (devices["udid"], id_texts(devices["householdId"])),
    }
    places = {own: place for place, own in enumerate(pulled.ids)}
    rows = np.full(len(findings), -1, np.intp)
    for kind, (own, of) in homes.items():
        row_of = {str(key): places.get(str(home), -1) for key, home in zip(own, of, strict=True)}
        is_kind = (findings["kind"] == kind).to_numpy(bool)
        rows[is_kind] = [row_of.get(str(one), -1) for one in findings["id"][is_kind]]
    return replace(pulled, findings=findings, finding_rows=rows)


def columns(pulled: Pulled, rows: Rows) -> Iterator[Column]:
    """Lay rows out for people: state, region, users and devices of how many, findings."""
    table = some(pulled.table, rows)
    for name, width in (("state", 90), ("regionId", 120)):
        if name in table:
            yield Column(name, cells.title(name), width, cells.texts(pulled.texts(table[name])))
    for kind in ("users", "devices"):
        limit = table[f"{kind}Limit"]
        used = _used(pulled, kind, pulled.ids[rows])
        words = [
            f"{own}{' of ' + str(most) if pd.notna(most) and most else ''}"
            for own, most in zip(used, limit, strict=True)
        ]
        yield Column(f"{kind}Limit", kind.title(), 80, words, "short")
    yield Column("createDate", "Added", 94, cells.times(table["createDate"], pulled.tz), "short")
    yield cells.finding_counts(pulled, rows)


def row_names(pulled: Pulled, rows: Rows) -> list[str]:
    """Name households by their id: their names are hashed."""
    return list(pulled.ids[rows])


def _used(pulled: Pulled, kind: str, ids: pd.Index[str]) -> list[str]:
    """Count the users or devices of households; blank while they are being listed."""
    if kind not in pulled.more:
        return ["?"] * len(ids)
    counts = id_texts(pulled.more[kind]["householdId"]).value_counts()
    return [str(counts.get(one, 0)) for one in ids]


def detail(pulled: Pulled, row: int) -> Detail:
    """Show a household, its users and devices, hashed, and what is wrong with it."""
    own, home = pulled.ids[row], pulled.table.iloc[row]
    used = {kind: _used(pulled, kind, pd.Index([own]))[0] for kind in ("users", "devices")}
    limits = [
        (kind, f"{used.get(kind, '?')} of {cells.text(home[column]) or 'no limit'}")
        for kind, column in (("users", "usersLimit"), ("devices", "devicesLimit"))
    ]
    limits.append(("streams at once", cells.text(home["concurrentLimit"])))
    tables = {}
    for kind, shown in (("users", _USERS), ("devices", _DEVICES)):
        if kind in pulled.more:
            every = pulled.more[kind]
            mine = every[id_texts(every["householdId"]) == own]
            names = [one for one in shown if one in mine]
            rows = zip(*(_words(pulled, mine[one]) for one in names), strict=True)
            tables[kind.title()] = {"header": [shown[one] for one in names], "rows": list(rows)}
    region = cells.texts(pulled.texts(pulled.table["regionId"].iloc[[row]]))[0]
    added = cells.local(home["createDate"], pulled.tz)
    return Detail(
        f"Household {own}",
        f"{cells.text(home.get('state'))}, {region}, added {added}",
        findings=cells.findings_of(pulled, row),
        facts={cells.HIT: [(f"its {kind}", n) for kind, n in used.items()], "Limits": limits},
        tables=tables,
        code=f"kott.household_devices(session, [{own}])",
        user=_master(pulled, own),
    )


def _master(pulled: Pulled, own: str) -> str:
    """Return the user id of a household's master; blank while it is not known."""
    if "users" not in pulled.more:
        return ""
    users = pulled.more["users"]
    masters = users[(id_texts(users["householdId"]) == own) & users["isMaster"].fillna(False)]
    return cells.text(masters["userId"].iloc[0]) if len(masters) else ""


_USERS = {"userId": "User", "isMaster": "Master", "isDefault": "Default", "status": "Status"}
_DEVICES = {
    "name": "Name (hashed)", "udid": "udid (hashed)", "brandId": "Brand",
    "deviceFamilyId": "Family", "status": "Status", "lastActivityTime": "Last active",
}  # fmt: skip


def _words(pulled: Pulled, column: pd.Series[Any]) -> list[str]:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return cells.times(column, pulled.tz, "%Y-%m-%d %H:%M")
    return cells.texts(pulled.texts(column))


def lines(state: State, pulled: Pulled | None) -> str:
    """Write the lines that give the same table without the explorer."""
    given = {name: one for name, one in state.question.items() if one}
    asked = "".join(f", {name}={literal(one)}" for name, one in given.items())
    after: list[str] = []
    for name, chosen in state.filters.items():
        if name == RULE:
            audit = (
                "kott.household.audit(households, kott.household_users(session, households), "
                "kott.household_devices(session, households))"
            )
            after += judged("households", audit, chosen)
        else:
            after.append(f"# and {name} in {literal(chosen)}")
    return "\n".join([f"households = kott.households(session{asked})", *after])
