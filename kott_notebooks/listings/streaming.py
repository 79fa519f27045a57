"""A list that goes straight to disk: read window by window, each part written when it is proved."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import pandas as pd

from kott_notebooks.errors import IncompleteError, KottError
from kott_notebooks.history import drafts, snapshots
from kott_notebooks.history.drafts import Draft
from kott_notebooks.history.files import Place
from kott_notebooks.listings.fields import flat
from kott_notebooks.listings.gathering import Layout, added, fingerprint
from kott_notebooks.listings.planned import plans
from kott_notebooks.paging import Cost, Counted, Listing, Plan, Progress, Pull, Window
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.tables.provenance import facts

# A part is proved and written before the next one is requested: what is in memory, and what a kill
# loses, is a part
PART_WINDOWS = 2  # of as many rows as the server pages to, usually 10,000
PART_BYTES = 64 * 2**20  # of their replies, about


class Part(NamedTuple):
    """What is read and written at once: the number of the list, its windows, a page's cost."""

    nth: int
    windows: list[Counted]
    cost: Cost


def streamed(
    session: Session,
    pulls: Sequence[Pull],
    layout: Layout,
    store: Place,
    bar: Progress | None = None,
) -> pd.DataFrame:
    """Read lists part by part into a snapshot, and return it as `kott.snapshots` lists it.

    What the same call has written before, in whichever process, is not requested again.
    """
    if layout.limit is not None:
        raise KottError("to= writes whole lists: leave out limit=, or save what limit= gives.")
    name = layout.source.removeprefix("kott.")

    def parts() -> list[Part]:
        known = [
            Plan([*pull.listing.planned], pull.cost or Cost())
            for pull in pulls
            if isinstance(pull.listing, Listing) and pull.listing.planned
        ]
        return [*_parts(known if len(known) == len(pulls) else plans(session, pulls))]

    def go_on() -> pd.DataFrame:
        question = _question(session, pulls, layout)
        with drafts.begin(store, name=name, query=question, state=parts) as draft:
            reading = [*pulls]
            entry = session._begin(lambda: _received(session, reading, layout, draft), go_on)
            try:
                for number, table in _tables(session, pulls, layout, draft, bar, reading):
                    draft.append(table, {"number": number, "facts": facts(table)})
                    del table  # before the next one is there
                made = draft.commit(_provenance(pulls, layout, draft), order=_number)
            except KeyboardInterrupt as error:
                raise session._stopped(entry, reading, error) from None
            except KottError as error:
                if draft.parts:
                    there = f"{len(draft.parts):,} parts of the list are in {store}"
                    error = IncompleteError(f"{error} {there}: the same call goes on from there.")
                raise session._stopped(entry, reading, error) from None
        session._end(entry)
        listed = snapshots(store, name=name)
        return listed[listed["id"] == made].reset_index(drop=True)

    return go_on()


def _received(
    session: Session, pulls: Sequence[Pull], layout: Layout, draft: Draft
) -> pd.DataFrame:
    """Return the parts on disk as one table, without rows where there is no part yet."""
    tables = [*draft.tables()]
    if not tables:
        return layout.table(session, pulls, [], incomplete="stopped before the first part")
    return pd.concat(tables)


def _number(about: dict[str, Any]) -> int:
    return int(about["number"])


def _tables(
    session: Session,
    pulls: Sequence[Pull],
    layout: Layout,
    draft: Draft,
    bar: Progress | None,
    reading: list[Pull],
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Read the parts that are not there yet; `reading` names the one under way."""
    began = time.monotonic()
    done = {_number(about) for about in draft.parts}
    for number, (nth, planned, of_page) in enumerate(draft.state):
        if number in done:
            continue
        windows, cost = [(Window(*edges), rows) for edges, rows in planned], Cost(*of_page)
        listing = pulls[nth].listing
        assert isinstance(listing, Listing)
        pull = session._pull(
            listing.part(windows, page_rows=cost.rows),
            workers=pulls[nth].workers,
            progress=bar,
            cost=cost if cost.size else None,
            spent=time.monotonic() - began,
        )
        reading[:] = [pull]
        with frames.no_garbage_collection():
            table = layout.table(session, reading, pull)
        yield number, table
        del table


def _parts(planned: Sequence[Plan]) -> Iterator[Part]:
    """Divide the plans of lists into parts."""
    for nth, (windows, cost) in enumerate(planned):
        largest = max((rows or 0 for _, rows in windows), default=0)
        size = largest * cost.size / max(cost.rows, 1)
        at_once = max(1, min(PART_WINDOWS, int(PART_BYTES / max(size, 1))))
        for first in range(0, len(windows), at_once):
            yield Part(nth, windows[first : first + at_once], cost)


def _question(session: Session, pulls: Sequence[Pull], layout: Layout) -> dict[str, Any]:
    """Give all that decides which rows there are and how they look."""
    question = {
        **layout.origin(session),
        "user": session.username,
        "lists": [pull.listing.report()["arguments"] for pull in pulls],
        "fields": flat(layout.fields),
        "about": layout.about,
    }
    return dict(msgspec.json.decode(msgspec.json.encode(question, enc_hook=str)))


def _provenance(pulls: Sequence[Pull], layout: Layout, draft: Draft) -> dict[str, Any]:
    """Add up the provenance of all parts."""
    parts = [about["facts"] for about in sorted(draft.parts, key=_number)]
    known = added(parts, layout.cls)
    lists = [pull.listing.report() for pull in pulls]
    for name in ("arguments", "split"):
        known[name] = lists[0][name] if len(lists) == 1 else [one[name] for one in lists]
    known |= {"when": draft.began.isoformat(), "rows": sum(part["rows"] for part in parts)}
    for name in ("unreadable", "mixed"):
        if some := [one for part in parts for one in part.get(name, ())]:
            known[name] = some if name == "unreadable" else sorted(set(some))
    return known | {"fingerprint": fingerprint(*draft.tables(["objectType", "id"]))}
