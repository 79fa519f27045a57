"""A guide laid out: programmes that share time stand side by side, in as few lanes as needed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kott_notebooks.schedule.layout import lanes
from kott_notebooks.schedule.spans import Spans, in_order

PROGRAMMES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(1, 9)))


def spans(rows: list[tuple[int, int, int]]) -> Spans:
    """Make spans of a channel, a start and a length."""
    code, start, length = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return in_order(Spans(code.astype(np.intp), start, start + length, np.arange(len(code))))


def on_at(some: Spans, code: int, minute: int) -> list[int]:
    on = (some.code == code) & (some.start <= minute) & (some.end > minute)
    return [int(i) for i in np.flatnonzero(on)]


@given(PROGRAMMES)
def test_no_two_in_a_lane_share_time(rows: list[tuple[int, int, int]]) -> None:
    """At any minute, those that are on have lanes of their own, out of the same number."""
    some = spans(rows)
    lane, many = lanes(some)
    for code in range(3):
        for minute in range(30):
            on = on_at(some, code, minute)
            assert len({int(lane[i]) for i in on}) == len(on)
            assert len({int(many[i]) for i in on}) <= 1
            assert all(0 <= lane[i] < many[i] for i in on)


@given(PROGRAMMES)
def test_there_are_no_more_lanes_than_programmes_at_once(rows: list[tuple[int, int, int]]) -> None:
    """The most lanes are those of the busiest minute."""
    some = spans(rows)
    busiest = max((len(on_at(some, c, m)) for c in range(3) for m in range(30)), default=0)
    assert max(lanes(some)[1], default=0) == busiest


def test_programmes_that_touch_stay_alone() -> None:
    """One that begins when the other ends shares nothing with it."""
    lane, many = lanes(spans([(0, 0, 5), (0, 5, 5), (1, 3, 5)]))
    assert (lane.tolist(), many.tolist()) == ([0, 0, 0], [1, 1, 1])
