"""Plans as tables, and back: what a table of `kott.plan` says of each list."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.paging import (
    RESULT_WINDOW,
    Cost,
    Listing,
    Plan,
    Planning,
    Pull,
    Window,
    batch_size,
    expected_seconds,
)
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import facts, sheet, with_facts

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
ID_BYTES = 70  # of a row of which only the ids are requested


def plans(session: Session, pulls: Sequence[Pull]) -> list[Plan]:
    """Count lists, and look at a few of their rows."""
    made = []
    for pull in pulls:
        assert isinstance(pull.listing, Listing)
        planning = Planning(pull.listing)
        looked = session._pull(planning, workers=pull.workers)
        list(looked)
        made.append(planning.plan(looked.cost))
    return made


def table_of(session: Session, pulls: Sequence[Pull]) -> pd.DataFrame:
    """Lay plans out as a table, one row per window."""
    listings = [pull.listing for pull in pulls if isinstance(pull.listing, Listing)]
    planned = plans(session, pulls)
    round_trip = session._pace.round_trip
    rows = [
        {"list": n, **_row(window, count, listing, plan.cost, pulls[n].workers, round_trip)}
        for n, (listing, plan) in enumerate(zip(listings, planned, strict=True))
        for window, count in plan.windows
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    facts = [
        {
            "filter": listing.arguments.get("filter"),
            "windows": [[window.low, window.high, count] for window, count in plan.windows],
            "cost": list(plan.cost),
        }
        for listing, plan in zip(listings, planned, strict=True)
    ]
    known = {"source": "kott.plan", "url": session.url, "partner": session.partner_id}
    return sheet(with_facts(table, **known, plans=facts), _title(table))


def _title(plan: pd.DataFrame) -> str:
    """Sum a plan up: its windows, rows and requests, the time and the size."""
    total = plan[["rows", "requests", "seconds", "MiB"]].sum()
    windows = f"{len(plan):,} window{'' if len(plan) == 1 else 's'}"
    requests = f"{total['requests']:,.0f} request{'' if total['requests'] == 1 else 's'}"
    if plan["rows"].isna().any():
        return f"{windows}, {requests}; the list has no pager, so its rows are not counted"
    cost = f"about {total['seconds']:,.1f} seconds, {total['MiB']:,.1f} MiB"
    return f"{total['rows']:,.0f} rows in {windows}: {requests}, {cost}"


def _row(
    window: Window,
    rows: int | None,
    listing: Listing,
    cost: Cost,
    workers: int,
    round_trip: float,
) -> dict[str, Any]:
    """Estimate what a window takes: its pages, and what checks them."""
    key = listing.split.key if listing.split else None
    known = {"key": key, "low": window.low, "high": window.high}
    wanted = rows if rows is None or listing.limit is None else min(rows, listing.limit)
    if wanted is None:
        return {**known, "requests": 1, "proof": "one reply"}
    pages = max(1, math.ceil(wanted / max(cost.rows, 1)))
    batch = batch_size(pages, workers, cost, round_trip)
    requests = math.ceil(pages / batch)
    seconds = expected_seconds(pages, workers, cost, batch, round_trip)
    size = wanted * cost.size / max(cost.rows, 1)
    proof = _proof(listing, rows or 0, pages)
    if proof in ("tiles", "two passes"):
        checks = math.ceil(pages * (10 / 9 if proof == "tiles" else 8 / 7))
        requests += math.ceil(checks / batch_size(checks, workers, Cost(cost.work), round_trip))
        seconds, size = seconds + round_trip + cost.work, size + wanted * ID_BYTES
    elif proof == "one reply":
        requests += 1  # the look at the row after the last
    return {
        **known,
        "rows": rows,
        "pages": pages,
        "requests": requests,
        "seconds": round(seconds, 3),
        "MiB": round(size / 2**20, 3),
        "proof": proof,
    }


def _proof(listing: Listing, rows: int, pages: int) -> str:
    if listing.limit is not None and rows >= listing.limit:
        return "limit"
    if pages > 1 and rows >= RESULT_WINDOW and listing.split is None:
        return f"none: it cannot be cut, and few servers page beyond {RESULT_WINDOW:,} rows"
    if pages == 1:
        return "one reply"
    return "two passes" if listing.split is None else "tiles"


def plans_of(
    plan: pd.DataFrame | None, filters: Sequence[dict[str, Any]], session: Session
) -> list[Plan | None]:
    """Return the plan of each filter; raises KottError for the plan of another question."""
    if plan is None:
        return [None] * len(filters)
    known = facts(plan)
    plans = known.get("plans") or []
    if known.get("source") != "kott.plan" or not plans:
        raise KottError("plan must be an unchanged table of kott.plan.")
    if [one["filter"] for one in plans] != list(filters):
        raise KottError(
            "This plan is for another question: plan what is asked here. Relative times such as "
            "'now+2h' move on: give fixed ones to both."
        )
    if (known["url"], known["partner"]) != (session.url, session.partner_id):
        raise KottError(f"This plan is for {known['url']}, partner {known['partner']}.")
    return [
        Plan([(Window(low, high), rows) for low, high, rows in one["windows"]], Cost(*one["cost"]))
        for one in plans
    ]
