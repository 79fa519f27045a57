"""Programme tables to tables: what is wrong with a guide, and what it shows; no call, no drawing.

Each function takes the table of `kott.epg`, or any other: `columns={"startDate": "start", ...}`
says what it calls the columns that we know by the API's names. Every channel is judged by its own
rows alone: each function may be run on parts of a table that hold whole channels.
"""

from __future__ import annotations

from kott_notebooks.schedule.air import coverage, gaps, overlaps

__all__ = ["coverage", "gaps", "overlaps"]
