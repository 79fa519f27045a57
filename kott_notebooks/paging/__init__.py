"""A list action -> its pages: complete, or an IncompleteError. Knows no Session, is handed an ask.

How a list is known to be whole: a reply that holds everything is its own proof. Where several
replies were needed, rows may have come and gone between them, and a count that fits proves
nothing; so the ids are read a second time, after the first reading is over, and what came is
accepted when both agree. Where they do not, the window is cut by the ids that are known, into
parts of which each comes in one reply. A list longer than the server's result window is counted
and cut into windows that fit, each proved alone.
"""

from kott_notebooks.paging.pace import Cost, Pace
from kott_notebooks.paging.pull import RESULT_WINDOW, WORKERS, Plan, Pull
from kott_notebooks.paging.reading import CAPS, headed
from kott_notebooks.paging.reporting import Progress
from kott_notebooks.paging.windows import WHOLE, Counted, Split, Window
from kott_notebooks.paging.workers import pause

__all__ = [
    "CAPS",
    "RESULT_WINDOW",
    "WHOLE",
    "WORKERS",
    "Cost",
    "Counted",
    "Pace",
    "Plan",
    "Progress",
    "Pull",
    "Split",
    "Window",
    "headed",
    "pause",
]
