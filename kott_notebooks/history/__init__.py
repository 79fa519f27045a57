"""Tables kept on disk: snapshots that are whole or not there, and what changed between them."""

from kott_notebooks.history.over_time import (
    IDENTITY,
    as_of,
    churn,
    filled,
    lead_times,
    lifetimes,
    reach,
    turnover,
)
from kott_notebooks.history.sql import sql
from kott_notebooks.history.store import load, load_all, save, snapshots

__all__ = [
    "IDENTITY",
    "as_of",
    "churn",
    "filled",
    "lead_times",
    "lifetimes",
    "load",
    "load_all",
    "reach",
    "save",
    "snapshots",
    "sql",
    "turnover",
]


def __dir__() -> list[str]:
    return __all__
