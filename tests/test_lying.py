"""Servers that lie: a table keeps its promise, or there is an error. No thread, no socket."""

from __future__ import annotations

import os
import random
import warnings
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lying import SPLIT, Row, Server, ids, pull

from kott_notebooks.errors import ApiError, IncompleteError
from kott_notebooks.paging import Pull

TOTALS = ("honest", "moving", "absent", "capped", "of the page", "absent at times", "zero", "low")
ORDERS = ("by id", "reversed", "drawn", "drawn at each reply")
SHOWN = ("honest", "page twice", "row twice", "last page again")
HIDDEN = ("nothing", "by page", "by request", "once")
REPLICAS = ("one", "by page", "by request")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Server, set[int], Pull]:
    """Draw a server, the ids that it shows in every reply, and how it is pulled."""
    count = draw(st.integers(0, 130))
    gap = draw(st.sampled_from([1, 3, 1_000]))
    page = draw(st.sampled_from([1, 2, 5, 7, 16, 50]))
    depth = draw(st.sampled_from([10_000, 10_000, 100, 3 * page]))
    server = Server([n * gap + 1 for n in range(count)], page=page, depth=max(depth, page))
    dice = random.Random(draw(st.integers(0, 2**32)))
    always = {row["id"] for row in server.rows}

    if server.rows and draw(st.integers(0, 9)) == 0:  # the index holds a row twice
        server.rows.insert(draw(st.integers(0, count)), dice.choice(server.rows))

    totals = draw(st.sampled_from(TOTALS))
    cap, off = draw(st.integers(0, 120)), draw(st.integers(-3, 3))

    def total(nth: int, matching: int, shown: int) -> int | None:
        return {
            "honest": matching,
            "moving": matching + dice.randint(-3, 3),
            "absent": None,
            "capped": min(matching, cap),
            "of the page": shown,
            "absent at times": matching if nth % 3 else None,
            "zero": 0,
            "low": matching + off,
        }[totals]

    server.total = total

    order = draw(st.sampled_from(ORDERS))
    if order == "reversed":
        server.rows.reverse()
    elif order == "drawn":
        dice.shuffle(server.rows)
    elif order == "drawn at each reply":
        server.before = lambda nth: dice.shuffle(server.rows)

    hidden = draw(st.sampled_from(HIDDEN))
    some = set(dice.sample(sorted(always), min(len(always), draw(st.integers(0, 4)))))
    number = draw(st.integers(1, 8))
    lacking = [set(dice.sample(sorted(always), min(len(always), 2))) for _ in range(2)]
    replicas = draw(st.sampled_from(REPLICAS))

    def out(row: Row, nth: int, asked: dict[str, Any]) -> bool:
        index = asked.get("pager", {}).get("pageIndex", 1)
        here = {"by page": index == number, "by request": nth % (number + 1) == 0}
        gone = here.get(hidden, hidden == "once" and nth == number) and row["id"] in some
        which = {"by page": index % 2, "by request": nth % 2}.get(replicas)
        return gone or (which is not None and row["id"] in lacking[which])

    server.hidden = out
    if hidden != "nothing":
        always -= some
    if replicas != "one":
        always -= lacking[0] | lacking[1]

    shown = draw(st.sampled_from(SHOWN))
    before: list[list[Row]] = [[]]

    def changed(rows: list[Row], nth: int) -> list[Row]:
        kept = before[0]
        before[0] = rows or kept
        if shown == "page twice" and nth == number + 1 and kept:
            return kept
        if shown == "row twice" and rows and nth % number == 0:
            return [*rows[:-1], rows[0]] if len(rows) > 1 else rows
        return kept if shown == "last page again" and not rows else rows

    server.shown = changed
    if shown in ("page twice", "row twice"):
        always -= {row["id"] for row in server.rows}  # a row in the place of which another is shown
    server.ignores_bounds = draw(st.sampled_from([False, False, False, True]))
    server.ignores_pager = draw(st.sampled_from([False, False, False, True]))
    if server.ignores_pager and count > page:
        always = set()  # rows beyond its only page are in no reply
    split, workers = draw(st.sampled_from([SPLIT, None])), draw(st.sampled_from([1, 1, 1, 8]))
    return server, always, pull(server, split=split, workers=workers, turns=dice)


EXAMPLES = 2_000 if os.environ.get("CI") else 250


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(world=worlds())
def test_no_lie_makes_a_table_that_breaks_the_promise(
    world: tuple[Server, set[int], Pull],
) -> None:
    """Every row visible in every reply that could hold it is there once, or there is an error."""
    server, always, one = world
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = ids(one)
        except (IncompleteError, ApiError):
            table = None
    assert len(server.asked) < 5_000
    if table is not None:
        assert len(table) == len(set(table))
        assert always <= set(table)
