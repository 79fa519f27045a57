"""The rules of identity: assets that are, or seem to be, the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.folding import folded
from kott_notebooks.catalog.near import near
from kott_notebooks.catalog.view import Found, View

Title: TypeAlias = tuple[int, str]  # of a block (struct and year), and a folded name

_SHOWN = 5  # twins that a finding names


def find(view: View) -> Iterator[Found]:
    """Find assets that share an id, or a year and nearly a name."""
    yield _shared(view, "identity.duplicate_external_id", "externalId", stated=True)
    yield _shared(view, "identity.duplicate_entry_id", "entryId")  # KSQL has no such key
    yield _twins(view)


def _shared(view: View, rule: str, field: str, *, stated: bool = False) -> Found:
    ids = view.text(field).astype("str").str.strip()
    given = ids[~texts.blank(ids)]
    again = given[given.duplicated(keep=False)]
    times = again.map(again.value_counts()).astype("str")
    detail = times + f" assets have the {field} " + again + "."
    ksql = view.any_of(field, again, given) if stated else ""
    return Found(rule, again.index.to_numpy(np.intp), field, detail.to_numpy(object), ksql)


def titles(view: View) -> dict[Title, list[int]]:
    """Give the rows of each title, for assets with a name and a year."""
    names, year = view.text("name"), view.number(view.rules.fields.year)
    known = np.flatnonzero(~np.isnan(year) & ~texts.blank(names))
    folds = folded(names.iloc[known])
    same = pd.DataFrame({"type": view.table["type"].iloc[known], "year": year[known]})
    block = same.groupby(["type", "year"], dropna=False).ngroup().to_numpy()
    of: dict[Title, list[int]] = defaultdict(list)
    for row, place, title in zip(known.tolist(), block.tolist(), folds.tolist(), strict=True):
        if title:
            of[place, title].append(row)
    return of


def _twins(view: View) -> Found:
    of = titles(view)
    others = _others(of, near(list(of), view.rules.thresholds.twin_letters))
    rows = np.array(sorted(others), np.intp)
    detail = [
        f"{view.names[row]} seems to be {', '.join(view.ids[others[row][:_SHOWN]])} too."
        for row in rows.tolist()
    ]
    return Found("identity.twin", rows, "name", np.array(detail, dtype=object))


def _others(
    of: dict[Title, list[int]], pairs: Iterable[tuple[Title, Title]]
) -> dict[int, list[int]]:
    """Give the rows that have twins, and some of theirs: of the same title, or of a near one."""
    alike: dict[Title, set[Title]] = defaultdict(set)
    for one, other in pairs:
        alike[one].add(other)
        alike[other].add(one)
    found: dict[int, list[int]] = {}
    for title, own in of.items():
        if len(own) > 1 or title in alike:
            rows = [*own, *(row for other in sorted(alike[title]) for row in of[other])]
            found |= {row: [one for one in rows[: _SHOWN + 1] if one != row] for row in own}
    return found
