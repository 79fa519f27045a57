"""Groups too small to be shown without telling of somebody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError

OTHER = "other"
K = 5  # households, the least that a group may be to be shown


def folded(groups: pd.Series[Any], households: pd.Series[Any], k: int) -> pd.Series[Any]:
    """Give each row's group, `OTHER` where it is of fewer than `k` households.

    Whoever knows the whole could subtract all other groups from it: so the smallest groups that
    are large enough join, until `OTHER` is of two groups and of `k` households. Where the whole is
    of fewer than `k` households, no row has a group. Both columns have one index.
    """
    if k < 1:
        raise KottError(f"A group of {k} households is none: give k=1 to fold nothing.")
    codes, names = pd.factorize(groups, use_na_sentinel=False)
    pairs = pd.DataFrame({"group": codes, "household": households.to_numpy()})
    pairs = pairs.dropna().drop_duplicates()
    sizes = np.bincount(pairs["group"], minlength=len(names))
    small = int((sizes < k).sum())
    if not small:
        return groups
    order = np.argsort(sizes, kind="stable")
    rank = np.argsort(order, kind="stable")
    first = pairs.assign(rank=rank[pairs["group"]]).groupby("household")["rank"].min()
    reached = np.bincount(first, minlength=len(names)).cumsum()  # households of the n smallest
    if reached[-1] < k:
        return pd.Series(None, index=groups.index, dtype="object")
    last = max(small, 2, int(np.searchsorted(reached, k)) + 1)
    return groups.astype("object").where(rank[codes] >= last, OTHER)


def widened(
    values: npt.NDArray[np.integer[Any]],
    households: pd.Series[Any],
    edges: Iterable[int],
    k: int,
) -> list[int]:
    """Leave those edges between bands, in their order, that part no fewer than `k` households.

    A band in which there are some, and fewer, joins the one below it; the lowest the one above.
    """

    def few(low: float, high: float) -> bool:
        return 0 < households[(values >= low) & (values < high)].nunique() < k

    kept: list[int] = []
    for edge in sorted(edges, reverse=True):
        if not few(edge, kept[0] if kept else np.inf):
            kept.insert(0, edge)
    while kept and few(-np.inf, kept[0]):
        kept.pop(0)
    return kept
