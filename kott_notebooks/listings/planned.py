"""Plans as tables, and back: what a table of `kott.plan` says of each list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.paging import RESULT_WINDOW, Cost, Pace, Plan, Pull, Window
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import facts, with_facts

COLUMNS = {
    "list": "Int64",
    "key": "str",
    "low": "Int64",
    "high": "Int64",
    "rows": "Int64",
    "pages": "Int64",
    "requests": "Int64",
    "seconds": "Float64",
    "MiB": "Float64",
    "proof": "str",
}
ID_BYTES = 70  # of a row of which only the ids are asked for


def table_of(session: Session, pulls: Sequence[Pull]) -> pd.DataFrame:
    """Lay plans out as a table, one row a window."""
    plans = [pull.plan() for pull in pulls]
    rows = [
        {"list": n, **_row(window, count, pull, plan.cost, session.pace)}
        for n, (pull, plan) in enumerate(zip(pulls, plans, strict=True))
        for window, count in plan.windows
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    told = [
        {
            "filter": pull.arguments.get("filter"),
            "windows": [[window.low, window.high, count] for window, count in plan.windows],
            "cost": list(plan.cost),
        }
        for pull, plan in zip(pulls, plans, strict=True)
    ]
    return with_facts(
        table, source="kott.plan", url=session.url, partner=session.partner_id, plans=told
    )


def _row(window: Window, rows: int | None, pull: Pull, cost: Cost, pace: Pace) -> dict[str, Any]:
    """Estimate what a window takes: its pages, and their ids again where that is the proof."""
    known = {"key": pull.split.key if pull.split else None, "low": window.low, "high": window.high}
    wanted = rows if rows is None or pull.limit is None else min(rows, pull.limit)
    if wanted is None:
        return {**known, "requests": 1, "proof": "one reply"}
    pages = max(1, math.ceil(wanted / max(cost.rows, 1)))
    pack = pace.pack(pages, pull.workers, cost)
    requests, seconds = math.ceil(pages / pack), pace.seconds(pages, pull.workers, cost, pack)
    size = wanted * cost.size / max(cost.rows, 1)
    proof = _proof(pull, rows or 0, pages)
    if proof == "two readings":
        requests += math.ceil(pages / pace.pack(pages, pull.workers, Cost(cost.work)))
        seconds, size = seconds + pace.way + cost.work, size + wanted * ID_BYTES
    return {
        **known,
        "rows": rows,
        "pages": pages,
        "requests": requests,
        "seconds": round(seconds, 3),
        "MiB": round(size / 2**20, 3),
        "proof": proof,
    }


def _proof(pull: Pull, rows: int, pages: int) -> str:
    if pull.limit is not None and rows > pull.limit:
        return "limit"
    if pages > 1 and rows >= RESULT_WINDOW and pull.split is None:
        return f"none: it cannot be cut, and few servers page beyond {RESULT_WINDOW:,} rows"
    return "one reply" if pages == 1 else "two readings"


def plans_of(
    plan: pd.DataFrame | None, filters: Sequence[dict[str, Any]], session: Session
) -> list[Plan | None]:
    """Give the plan of each filter; raises KottError for the plan of another question."""
    if plan is None:
        return [None] * len(filters)
    known = facts(plan)
    told = known.get("plans") or []
    if known.get("source") != "kott.plan" or not told:
        raise KottError("plan is a table of kott.plan, as it came from there.")
    if [one["filter"] for one in told] != list(filters):
        raise KottError(
            "This plan is for another question: plan what is asked here. Relative times such as "
            "'now+2h' move on: give fixed ones to both."
        )
    if (known["url"], known["partner"]) != (session.url, session.partner_id):
        raise KottError(f"This plan is for {known['url']}, partner {known['partner']}.")
    return [
        Plan([(Window(low, high), rows) for low, high, rows in one["windows"]], Cost(*one["cost"]))
        for one in told
    ]
