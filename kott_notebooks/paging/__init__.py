"""A list action -> its rows: complete and proved, or an IncompleteError. Knows no Session.

`listing` holds the state of one list and decides, without I/O, what to request next and what is
proved: it is read by windows (`reading`), each in one or several passes (`passes`), and what is too
deep is counted and cut (`survey`). `lookups` is the same for many small calls, `planning` for a
plan; `work` has what they share. `run` sends what they want through the `fetch` it is given: only
it has threads and waits. `windows` and `batching` are pure.
"""

from kott_notebooks.paging.batching import Cost, Pace, batch_size, expected_seconds
from kott_notebooks.paging.listing import RESULT_WINDOW, Listing
from kott_notebooks.paging.lookups import Lookups
from kott_notebooks.paging.planning import Plan, Planning
from kott_notebooks.paging.run import WORKERS, Fetch, Fetched, Progress, Pull, pause
from kott_notebooks.paging.windows import WHOLE, Counted, Split, Window
from kott_notebooks.paging.work import Work

__all__ = [
    "RESULT_WINDOW",
    "WHOLE",
    "WORKERS",
    "Cost",
    "Counted",
    "Fetch",
    "Fetched",
    "Listing",
    "Lookups",
    "Pace",
    "Plan",
    "Planning",
    "Progress",
    "Pull",
    "Split",
    "Window",
    "Work",
    "batch_size",
    "expected_seconds",
    "pause",
]
