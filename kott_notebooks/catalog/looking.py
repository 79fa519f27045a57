"""What looking at a table begins with: the view of it, by the rules that nobody changed."""

from __future__ import annotations

import pandas as pd

from kott_notebooks.audits.rulebook import Rules, rules
from kott_notebooks.catalog.view import View
from kott_notebooks.tables.columns import need, pulled
from kott_notebooks.times import When


def view_of(
    assets: pd.DataFrame, *columns: str, own: Rules | None = None, now: When | None = None
) -> View:
    """Give the view of a table that has these columns."""
    table = need(assets, *columns).reset_index(drop=True)
    return View(table, own or rules(), pulled(assets, now))
