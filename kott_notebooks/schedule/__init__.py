"""Programme tables to tables: what is wrong with a guide, and what it shows.

Nothing here asks the network or draws. Each function takes the table of `kott.epg`, or any other:
`columns={"startDate": "start", ...}` maps the API's names of columns to the table's. All functions
but `simulcasts` judge a channel by its own rows alone, so a large table may be divided by channel.
"""

from __future__ import annotations

from kott_notebooks.audits.ingests import audit_ingests
from kott_notebooks.audits.rulebook import Schedule as Thresholds
from kott_notebooks.history.over_time import as_of
from kott_notebooks.schedule.audit import audit
from kott_notebooks.schedule.changes import changes, compare
from kott_notebooks.schedule.clocks import clock_changes
from kott_notebooks.schedule.coverage import coverage, gaps, horizon, now_next, overlaps
from kott_notebooks.schedule.duplicates import duplicates, repeats, simulcasts
from kott_notebooks.schedule.episodes import episodes
from kott_notebooks.schedule.genres import completeness, lineup_mix
from kott_notebooks.schedule.ingests import explain
from kott_notebooks.schedule.programmes import (
    durations,
    fillers,
    restart,
    runtimes,
    texts,
    watershed,
)

__all__ = [
    "Thresholds",
    "as_of",
    "audit",
    "audit_ingests",
    "changes",
    "clock_changes",
    "compare",
    "completeness",
    "coverage",
    "duplicates",
    "durations",
    "episodes",
    "explain",
    "fillers",
    "gaps",
    "horizon",
    "lineup_mix",
    "now_next",
    "overlaps",
    "repeats",
    "restart",
    "runtimes",
    "simulcasts",
    "texts",
    "watershed",
]


def __dir__() -> list[str]:
    return __all__
