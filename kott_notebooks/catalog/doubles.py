"""Asset tables to tables: which assets are, or seem to be, the same; no call, no drawing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.rulebook import Rules
from kott_notebooks.catalog.identity import Title, titles
from kott_notebooks.catalog.looking import view_of
from kott_notebooks.catalog.near import near
from kott_notebooks.catalog.view import View

Group: TypeAlias = list[int]  # rows

_IDS = {
    "identity.duplicate_external_id": "externalId",
    "identity.duplicate_entry_id": "entryId",
}


def duplicates(assets: pd.DataFrame, *, rules: Rules | None = None) -> pd.DataFrame:
    """Group the assets that the identity rules of the audit find: of one id, or twins by name.

    One row an asset of a group: group `Int64` (1 is the largest), rule `str`, assets `Int64` (how
    many the group has), id, type as in the table, name `str`. An asset that two rules find is in
    two groups. Twins of twins are one group, also where the first and the last differ by more than
    an edit.
    """
    view = view_of(assets, "id", "type", own=rules)
    found = [(rule, rows) for rule, rows in _groups(view) if len(rows) > 1]
    found.sort(key=lambda group: -len(group[1]))
    sizes = [len(rows) for _, rows in found]
    at = np.array([row for _, rows in found for row in rows], np.intp)
    return pd.DataFrame(
        {
            "group": pd.array(np.repeat(np.arange(1, len(found) + 1), sizes), dtype="Int64"),
            "rule": pd.array(np.repeat([rule for rule, _ in found], sizes), dtype="str"),
            "assets": pd.array(np.repeat(sizes, sizes), dtype="Int64"),
            **{column: view.table[column].iloc[at].array for column in ("id", "type")},
            "name": view.text("name").iloc[at].array,
        }
    )


def _groups(view: View) -> Iterator[tuple[str, Group]]:
    for rule, field in _IDS.items():
        ids = view.text(field).astype("str").str.strip()
        again = ids[ids.duplicated(keep=False) & ~texts.blank(ids)]
        for rows in again.groupby(again, sort=False).groups.values():
            yield rule, list(rows)
    if view.columns_of(view.rules.fields.year):
        of = titles(view)
        for joined in _joined(of, view.rules.thresholds.twin_letters):
            yield "identity.twin", sorted(row for title in joined for row in of[title])


def _joined(of: dict[Title, list[int]], letters: int) -> Iterator[set[Title]]:
    """Join titles that are an edit apart, and those that are one apart from these, and so on."""
    alike: dict[Title, set[Title]] = defaultdict(set)
    for one, other in near(list(of), letters):
        alike[one].add(other)
        alike[other].add(one)
    seen: set[Title] = set()
    for title in of:
        if title not in seen:
            joined = _reached(title, alike)
            seen |= joined
            yield joined


def _reached(title: Title, alike: dict[Title, set[Title]]) -> set[Title]:
    reached, ahead = {title}, [title]
    while ahead:
        new = alike.get(ahead.pop(), set()) - reached
        reached |= new
        ahead += new
    return reached
