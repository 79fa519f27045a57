"""Programme tables to tables: what is wrong with a guide, and what it shows; no call, no drawing.

Each function takes the table of `kott.epg`, or any other: `columns={"startDate": "start", ...}`
says what it calls the columns that we know by the API's names. Every channel is judged by its own
rows alone: each function may be run on parts of a table that hold whole channels.
"""

from __future__ import annotations

from kott_notebooks.audits.rulebook import Schedule as Rules
from kott_notebooks.schedule.air import coverage, gaps, overlaps
from kott_notebooks.schedule.auditing import audit
from kott_notebooks.schedule.clocks import clock_changes
from kott_notebooks.schedule.comparing import changes
from kott_notebooks.schedule.doubles import duplicates, repeats
from kott_notebooks.schedule.genres import lineup_mix
from kott_notebooks.schedule.ingests import audit_ingests, explain
from kott_notebooks.schedule.presence import horizon, now_next
from kott_notebooks.schedule.programmes import durations, fillers, restart, texts
from kott_notebooks.schedule.series import episodes

__all__ = [
    "Rules",
    "audit",
    "audit_ingests",
    "changes",
    "clock_changes",
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
    "texts",
]
