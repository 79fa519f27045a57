"""Any list action: pulled and laid out by the columns that matter first; no widget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.listings import channels, labels, listing
from kott_notebooks.paging import Progress
from kott_notebooks.session import Session
from kott_notebooks.tables.names import CHANNELS, LABELLED, NAMED, with_names
from kott_notebooks.tables.nested import flat
from kott_notebooks.widgets.explorer import cells
from kott_notebooks.widgets.explorer.pages import Column, Detail
from kott_notebooks.widgets.explorer.state import Pulled, Rows, State, literal, some

NAME, TITLE, LABEL = "listing", "Any list", "name"
row_names = cells.names
FIRST = (
    "systemName", "externalId", "type", "typeName", "status", "state", "createDate", "updateDate",
)  # fmt: skip
MAX_COLUMNS, MAX_FACETS, MAX_VALUES = 7, 5, 20


def gather(session: Session, question: dict[str, Any], bar: Progress) -> pd.DataFrame:
    """List what the action lists."""
    service, action = question.get("service") or "", question.get("action") or "list"
    return listing(session, service, action, filter=question.get("filter"), progress=bar)


def lay(session: Session, question: dict[str, Any], table: pd.DataFrame) -> Pulled:
    """Put names beside ids, and choose the facets: columns of a few values that rows share."""
    if sources := _sources(table):
        known = labels(session) if "labels" in sources else None
        own = channels(session, progress=False) if "channels" in sources else None
        table = with_names(table, known, own)
    facets = []
    for name in map(str, table.columns):
        if NAMED.get(name) in table:
            continue  # the facet is that of the names
        values = table[name].nunique()
        if name not in ("id", "objectType") and 1 < values <= min(MAX_VALUES, len(table) - 1):
            facets.append(name)
    return Pulled(table, facets=tuple(facets[:MAX_FACETS]))


def _sources(table: pd.DataFrame) -> list[str]:
    """Name the tables that have the names of a table's ids."""
    columns = {"labels": {*LABELLED}, "channels": {*CHANNELS, "epgChannelId"}}
    return [name for name, own in columns.items() if not own.isdisjoint(table.columns)]


def judge(session: Session, question: dict[str, Any], pulled: Pulled) -> Pulled:
    """Add nothing: no audit knows any list."""
    return pulled


def columns(pulled: Pulled, rows: Rows) -> Iterator[Column]:
    """Lay rows out for people: the columns that matter, then ids with names, then the others.

    A column without a value is not shown.
    """
    table = pulled.table
    filled = [one for one in map(str, table) if one != "objectType" and _is_filled(table[one])]
    named = {name for pair in NAMED.items() if {*pair} <= {*table.columns} for name in pair}
    place = {name: at for at, name in enumerate(FIRST)}
    ordered = sorted(filled, key=lambda one: place.get(one, len(FIRST) + (one not in named)))
    readable = flat(some(table, rows))
    for name in [one for one in ordered if one not in ("id", "name")][:MAX_COLUMNS]:
        column = readable[name]
        is_number = pd.api.types.is_numeric_dtype(column.dtype) and column.dtype != "boolean"
        is_time = pd.api.types.is_datetime64_any_dtype(column.dtype)
        words = [text[:16] for text in cells.texts(column)] if is_time else cells.texts(column)
        kind = "number" if is_number else "short" if is_time else "text"
        yield Column(name, name, 130, words, kind)


def _is_filled(column: pd.Series[Any]) -> bool:
    given = column.dropna()
    return bool(len(given)) and not (given.astype("str") == "").all()


def detail(pulled: Pulled, row: int) -> Detail:
    """Show every field of a row that has a value."""
    one = flat(pulled.table.iloc[row : row + 1]).iloc[0]
    known = [(str(name), cells.text(value)) for name, value in one.items()]
    return Detail(
        cells.names(pulled, np.array([row]))[0],
        facts={"Fields": [(name, words) for name, words in known if words]},
    )


def lines(state: State, pulled: Pulled | None) -> str:
    """Write the lines that give the same table without the explorer."""
    question = state.question
    asked = (
        f", {literal(question['action'])}" if question.get("action") not in (None, "list") else ""
    )
    asked += f", filter={literal(question['filter'])}" if question.get("filter") else ""
    after = [f"# and {name} in {literal(chosen)}" for name, chosen in state.filters.items()]
    lines = [f"table = kott.listing(session, {literal(question.get('service') or '')}{asked})"]
    if pulled is not None and (sources := _sources(pulled.table)):
        known = ", ".join(f"{name}=kott.{name}(session)" for name in sources)
        lines.append(f"table = kott.with_names(table, {known})")
    return "\n".join([*lines, *after])
