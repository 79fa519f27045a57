"""Tables to Axes: every analysis has its picture; nothing here asks the network or analyses.

Each function fills one Axes, the one given or the current one, and returns it; further keywords go
to its main artist. An empty table gives an Axes that says so. `names` (a mapping or Series,
id -> label) replaces ids by labels, by default by the names that the table or `channels=` has
(`typeName`, `channelName`). Labels and titles fit the size that the Axes has when it is drawn on:
make the figure of many channels tall before.
"""

from kott_notebooks.plots.catalog import (
    availability,
    completeness,
    duplicates,
    growth,
    languages,
    ratios,
    trend,
    values,
    years,
)
from kott_notebooks.plots.drawing import alt_text
from kott_notebooks.plots.history import churn, reach
from kott_notebooks.plots.household import groups, limits
from kott_notebooks.plots.schedule import (
    changes,
    coverage,
    gaps,
    genre_clock,
    grid,
    horizon,
    ingests,
    lead_times,
    overlaps,
)

__all__ = [
    "alt_text",
    "availability",
    "changes",
    "churn",
    "completeness",
    "coverage",
    "duplicates",
    "gaps",
    "genre_clock",
    "grid",
    "groups",
    "growth",
    "horizon",
    "ingests",
    "languages",
    "lead_times",
    "limits",
    "overlaps",
    "ratios",
    "reach",
    "trend",
    "values",
    "years",
]


def __dir__() -> list[str]:
    return __all__
