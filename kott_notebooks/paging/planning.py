"""What a list will take, before it is read: its windows, and what a page costs. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kott_notebooks.api.bodies import Call
from kott_notebooks.api.decode import Reader, Rows
from kott_notebooks.errors import ApiError, IncompleteError
from kott_notebooks.paging.batching import Cost
from kott_notebooks.paging.listing import Listing
from kott_notebooks.paging.survey import Survey
from kott_notebooks.paging.windows import WHOLE, Counted
from kott_notebooks.paging.work import PAGE_SIZE, Failed, Narrow, NeedsCheck, PageRequest, Work

SAMPLE = 10  # rows that a plan looks at


class Plan(NamedTuple):
    """How a list will be read: its windows, how many rows each holds, and what a page costs."""

    windows: list[Counted]
    cost: Cost


class Planning(Work):
    """Counts a listing and looks at a few of its rows; nothing is read."""

    def __init__(self, listing: Listing) -> None:
        self.listing, self.name = listing, listing.name
        self.first: Rows | None = None
        self.sample: Rows | None = None
        self.survey: Survey | None = None
        self.windows: list[Counted] | None = None if listing.paged else [(WHOLE, None)]

    def advance(self) -> None:
        """Take over the windows, once they are counted."""
        if self.windows is None and self.first is not None:
            if self.survey is None:
                self.windows = [(WHOLE, self.first.total)]
                return
            verdict = self.survey.verdict()
            if isinstance(verdict, Narrow):
                self.windows = [(one.window, one.expected) for one in verdict.windows]
            elif isinstance(verdict, Failed):
                raise IncompleteError(verdict.why)

    def wanted(self) -> Iterator[PageRequest]:
        """Give what is to be requested: a page of ids, the counts, a page of a few rows."""
        whole = PageRequest(self, "count", WHOLE, 1, 1, PAGE_SIZE, True)
        if self.first is None and self.listing.paged:
            yield whole
        elif self.windows is None and self.survey is not None:
            verdict = self.survey.verdict()
            if isinstance(verdict, NeedsCheck):
                yield from verdict.requests
        elif self.sample is None and self.listing.paged:
            yield whole._replace(kind="page", size=SAMPLE, ids=False)

    def receive(self, request: PageRequest, reply: Rows | ApiError) -> None:
        """Log a reply."""
        if isinstance(reply, ApiError):
            raise self.listing.in_own_words(request, reply)
        if request.owner is not self and self.survey is not None:
            self.survey.log(request, reply)
        elif request.kind == "page":
            self.sample = reply
        else:
            self.first = reply
            self.listing.largest = [len(reply.keys)] * 2
            deep = reply.total is not None and reply.total > self.listing.deepest
            if deep and self.listing.split is not None and self.listing.limit is None:
                self.survey = Survey(self.listing, WHOLE, reply.total)
        self.advance()

    def plan(self, cost: Cost | None) -> Plan:
        """Return the plan; `cost` is that of the few rows."""
        rows = len(self.first.keys) if self.first else 0
        if cost is None or not cost.rows:
            return Plan(self.windows or [], Cost(rows=rows))
        times = rows / cost.rows
        size, transfer = int(cost.size * times), cost.transfer * times
        return Plan(self.windows or [], Cost(cost.work, transfer, rows, size))

    def call(self, request: PageRequest) -> Call:
        """Give the call that requests a page."""
        return self.listing.call(request)

    def reader_of(self, request: PageRequest) -> Reader:
        """Give what reads the reply to a request."""
        return self.listing.reader_of(request)

    @property
    def done(self) -> bool:
        """Return whether the windows are counted and the rows were looked at."""
        return self.windows is not None and (self.sample is not None or not self.listing.paged)
