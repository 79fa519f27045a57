"""Lists against servers in memory: what proves them, what does not, and how they go on."""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
import time
import warnings
from collections.abc import Sequence
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lying import SEARCH, SPLIT, Churn, Reply, Row, Server, ids, pull

from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import IncompleteError, KottError, TransportError, api_error
from kott_notebooks.paging import Listing, Pull, Split, Window


class Answers:
    """A server that gives one result, whatever is requested."""

    def __init__(self, result: object) -> None:
        self.result = result
        self.asked: list[dict[str, Any]] = []

    def __call__(self, calls: Sequence[Call], /, **_: Any) -> Reply:
        self.asked += [dict(call.arguments) for call in calls]
        results = [self.result] * len(calls)
        return Reply(json.dumps({"result": results if len(calls) > 1 else results[0]}).encode())


def of(service: str, server: Any, action: str = "list", **options: Any) -> Pull:
    """Pull another list with one worker."""
    return Pull(Listing(service, action, **options), server, workers=1)


def proofs(of_pull: Pull) -> list[str]:
    return [window["proof"] for window in of_pull.report()["windows"]]


def records(of_pull: Pull) -> list[Row]:
    return [row for page in of_pull for row in page.records()]


# What proves a list


@pytest.mark.parametrize("split", [SPLIT, None])
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("rows", [0, 1, 49, 50, 51, 100, 1_001])
def test_an_honest_list_is_complete_and_in_order(
    rows: int, workers: int, split: Split | None
) -> None:
    """However many rows, whether it can be split or not, and by however many workers."""
    server = Server(range(rows))
    assert ids(pull(server, split=split, workers=workers)) == list(range(rows))


def test_one_reply_needs_a_look_at_the_row_after_its_last() -> None:
    """A total that fits the rows is a claim: the second request shows that nothing follows."""
    server = Server(range(30))
    one = pull(server)
    assert ids(one) == list(range(30))
    assert proofs(one) == ["one reply"]
    assert [page["pager"] for page in server.asked] == [
        {"pageSize": 500, "pageIndex": 1},
        {"pageSize": 1, "pageIndex": 31},
    ]


def test_a_list_that_can_be_split_is_checked_by_tiles() -> None:
    """Each tile holds at most nine tenths of a page, and only ids are requested."""
    server = Server(range(1_000))
    one = pull(server)
    assert ids(one) == list(range(1_000))
    assert one.report()["windows"] == [
        {"from": None, "to": None, "rows": 1_000, "proof": "tiles", "tiles": 23}
    ]
    assert one.report()["page_size"] == 50
    checked = [page for page in server.asked if "responseProfile" in page]
    assert len(server.asked) - len(checked) == 20
    assert all(len(server.matching(page)) <= 45 for page in checked)


def test_a_list_that_cannot_be_split_is_read_twice_with_pages_of_two_sizes() -> None:
    """A hole that one page makes is no hole of a page of another size."""
    server = Server(range(200))
    one = pull(server, split=None)
    assert ids(one) == list(range(200))
    assert proofs(one) == ["two passes"]
    sizes = [page["pager"]["pageSize"] for page in server.asked]
    assert sizes == [500] * 4 + [43] * 5


@pytest.mark.parametrize("split", [SPLIT, None])
def test_a_row_that_one_page_hides_is_there(split: Split | None) -> None:
    """Out of the index whenever page 3 is served: the hole is seen by what checks the list."""
    server = Server(range(1, 201))
    server.hidden = lambda row, nth, asked: row["id"] == 10 and asked["pager"]["pageIndex"] == 3
    try:
        table = ids(pull(server, split=split))
    except IncompleteError:
        assert split is None
    else:
        assert sorted(table) == list(range(1, 201))


def test_a_total_that_is_capped_loses_nothing() -> None:
    """The server counts to 5,000 and has 7,000 rows: tiles show those that it does not count."""
    server = Server(range(7_000), page=500)
    server.total = lambda nth, matching, shown: min(matching, 5_000)
    assert sorted(ids(pull(server))) == list(range(7_000))


@pytest.mark.parametrize("split", [SPLIT, None])
def test_a_total_of_the_page_loses_nothing(split: Split | None) -> None:
    """The total counts the rows of its own page: the look finds the next row."""
    server = Server(range(120))
    server.total = lambda nth, matching, shown: shown
    with contextlib.suppress(IncompleteError):
        assert sorted(ids(pull(server, split=split))) == list(range(120))


@pytest.mark.parametrize("total", [0, 2, -1])
@pytest.mark.parametrize("split", [SPLIT, None])
def test_a_total_below_the_rows_proves_nothing(split: Split | None, total: int) -> None:
    """Whatever it is, three rows beside it contradict it."""
    server = Server(range(6), page=3)
    server.total = lambda nth, matching, shown: total
    with pytest.raises(IncompleteError, match=rf"counts {total} and shows"):
        ids(pull(server, split=split))


@pytest.mark.parametrize("split", [SPLIT, None])
def test_rows_that_are_counted_and_not_shown_are_said(split: Split | None) -> None:
    """The role may not see three of them: the error says so in words, and nothing loops."""
    server = Server(range(200))
    server.shown = lambda rows, nth: [row for row in rows if row["id"] not in (3, 77, 150)]
    with pytest.raises(IncompleteError, match="counts 200 and shows 197") as caught:
        ids(pull(server, split=split))
    assert "asset.list stopped after 197 of 200 rows" in str(caught.value)
    assert len(server.asked) < 150


def test_totals_that_move_are_said() -> None:
    """From 1,001 to 1,004 and back: no number of them proves the list."""
    server = Server(range(1_001))
    server.total = lambda nth, matching, shown: matching + 3 * (nth % 2)
    for split in (SPLIT, None):
        one = pull(server, split=split)
        with pytest.raises(IncompleteError, match="its totals move by 3 from one reply to the"):
            ids(one)
        assert sum(page.rows for page in one.received()) == 1_001


def test_totals_as_texts_are_numbers() -> None:
    """Some servers write "120"."""
    server = Server(range(120))
    server.total = lambda nth, matching, shown: str(matching)  # type: ignore[assignment, return-value]
    assert ids(pull(server)) == list(range(120))


def test_a_list_without_totals_is_a_weak_proof() -> None:
    """Two passes end at an empty page and agree; the provenance and a warning say so."""
    server = Server(range(120))
    server.total = lambda nth, matching, shown: None
    one = pull(server)
    with pytest.warns(UserWarning, match="sends no total"):
        assert ids(one) == list(range(120))
    assert proofs(one) == ["two passes, no total"]


def test_a_server_that_ignores_the_pager_and_sends_no_total_proves_nothing() -> None:
    """The same 50 of 200 rows on every page are one page."""
    server = Server(range(200))
    server.total, server.ignores_pager = (lambda nth, matching, shown: None), True
    with pytest.raises(IncompleteError, match="repeats a page"):
        ids(pull(server))
    assert len(server.asked) < 50


def test_a_server_that_mixes_its_only_page_anew_does_not_hold_us() -> None:
    """No total, no pager, another order each time: a page without a new row is the last."""
    server = Server(range(21), page=5)
    dice = random.Random(1)
    server.total, server.ignores_pager = (lambda nth, matching, shown: None), True
    server.before = lambda nth: dice.shuffle(server.rows)
    with pytest.raises(IncompleteError, match="repeats a page"):
        ids(pull(server))
    assert len(server.asked) < 300


def test_the_same_rows_without_ids_on_every_page_are_one_page() -> None:
    """150 are counted, and the same 50 are received three times."""
    page = {"totalCount": 150, "objects": [{"assetId": n} for n in range(50)]}
    with pytest.raises(IncompleteError, match="repeats a page"):
        records(of("entitlement", Answers(page)))


def test_a_server_that_gives_its_last_page_again_ends() -> None:
    """Whatever follows the end, the table is complete, and there is no loop."""
    server = Server(range(120))
    last: list[Row] = []

    def again(rows: list[Row], nth: int) -> list[Row]:
        last[:] = rows or last
        return list(last)

    server.shown = again
    assert ids(pull(server)) == list(range(120))
    assert len(server.asked) < 20


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("split", [SPLIT, None])
def test_an_empty_page_that_should_have_rows_is_no_end(split: Split | None, page: int) -> None:
    """One slip is made good by pages of another size, or by tiles."""
    server = Server(range(140))
    server.shown = lambda rows, nth: [] if nth == page else rows
    assert sorted(ids(pull(server, split=split))) == list(range(140))


def test_a_total_that_is_lost_past_the_end_proves_nothing() -> None:
    """An empty page that counts 0, or nothing at all, is an early end like any other."""

    class Ending(Server):
        end: Row

        def answer(self, asked: dict[str, Any]) -> Row:
            reply = super().answer(asked)
            return reply if asked["pager"]["pageIndex"] == 1 else self.end

    for end in ({"totalCount": 0}, {}):
        server = Ending(range(120))
        server.end = end
        with pytest.raises(IncompleteError, match="50 of 120 rows"):
            ids(pull(server, split=None))


@pytest.mark.parametrize("total", [0, None])
def test_a_list_that_is_empty_all_of_a_sudden_proves_nothing(total: int | None) -> None:
    """One page of rows, and nothing from then on: no empty table."""
    server = Server(range(120))
    server.shown = lambda rows, nth: rows if nth == 1 else []
    server.total = lambda nth, matching, shown: matching if nth == 1 else total
    with pytest.raises(IncompleteError, match="50 of 120 rows"):
        ids(pull(server, split=None))


def test_bounds_that_are_ignored_are_found_out() -> None:
    """Rows outside of a tile show it, and the list is proved by two passes instead."""
    server = Server(range(200))
    server.ignores_bounds = True
    one = pull(server)
    assert ids(one) == list(range(200))
    assert proofs(one) == ["two passes"]


def test_a_key_that_the_server_does_not_know_is_not_needed() -> None:
    """A refusal of the bounds is not one of the list."""

    class Strict(Server):
        def answer(self, asked: dict[str, Any]) -> Row:
            if "media_id" in str(asked):
                return {"error": {"code": "4005", "message": "Invalid search field: media_id"}}
            return super().answer(asked)

    one = pull(Strict(range(200)))
    assert ids(one) == list(range(200))
    assert proofs(one) == ["two passes"]


def test_kinds_that_the_key_does_not_bound_are_not_lost() -> None:
    """Programmes among media have ids of their own: such a list is proved by two passes."""
    server = Server([])
    server.rows = [{"id": n % 60, "type": 5 * (n < 60)} for n in range(120)]
    assert len(ids(pull(server))) == 120


def test_rows_of_two_kinds_with_one_id_are_two_rows() -> None:
    """Programmes and media have ids of their own."""
    server = Server([], page=2)
    server.rows = [{"id": 1, "type": 0}, {"id": 1, "type": 5}, {"id": 2, "type": 5}]
    assert ids(pull(server)) == [1, 1, 2]


@pytest.mark.parametrize("page", [3, 50])
def test_an_id_with_two_texts_is_two_rows(page: int) -> None:
    """A line-up lists a channel once per number; whether on one page or on several."""
    server = Server([], page=page)
    server.rows = [{"id": 10 + n // 2, "type": 4, "lcn": 100 + n} for n in range(8)]
    table = records(of("lineup", server))
    assert [row["lcn"] for row in table] == list(range(100, 108))


@pytest.mark.parametrize("split", [SPLIT, None])
def test_a_row_that_is_shown_twice_is_not_two_rows(split: Split | None) -> None:
    """One reply that repeats a row in the place of another contradicts itself."""
    server = Server(range(10))
    server.shown = lambda rows, nth: [*rows[:-1], rows[0]] if len(rows) > 1 else rows
    try:
        table = ids(pull(server, split=split))
    except IncompleteError:
        return
    assert table == list(range(10))


@pytest.mark.parametrize("split", [SPLIT, None])
@pytest.mark.parametrize("page", [5, 50])
@pytest.mark.parametrize("place", [10, 60])
def test_a_list_that_holds_one_row_twice_proves_nothing(
    split: Split | None, page: int, place: int
) -> None:
    """The same row stands at two places in every reply, and the totals count it twice."""
    server = Server(range(100), page=page)
    server.rows.insert(place, server.rows[10])
    with pytest.raises(IncompleteError, match="shows a row twice"):
        ids(pull(server, split=split))


def test_rows_without_an_id_may_be_equal() -> None:
    """A class without an id can list the same record twice, and both count."""
    server = Server([], page=2)
    server.rows = [{"name": "a"}] * 3
    assert records(of("entitlement", server)) == [{"name": "a"}] * 3


def test_a_row_that_leaves_while_another_arrives_is_noticed() -> None:
    """Total 200, total 200, 200 rows and one hole: the check disagrees."""
    server = Server(range(200))

    def swap(nth: int) -> None:
        if nth == 3:
            del server.rows[10]
            server.rows.append({"objectType": "KalturaMediaAsset", "id": 999})

    server.before = swap
    assert sorted(ids(pull(server))) == [n for n in range(200) if n != 10] + [999]


def test_a_list_that_grew_at_its_end_is_accepted() -> None:
    """What was there when it was read is in the table; the proof says what happened."""
    server = Server(range(200))
    server.before = lambda nth: server.rows.append({"id": 1_000}) if nth == 6 else None
    one = pull(server, split=None)
    assert ids(one) == list(range(200))
    assert proofs(one) == ["grew at its end"]


def test_a_list_that_never_stands_still_is_an_incomplete_error() -> None:
    """A row arrives at the front with each reply: no two passes agree."""
    server = Server(range(200))
    server.before = lambda nth: server.rows.insert(0, {"id": 10_000 + nth})
    with pytest.raises(IncompleteError, match="its totals move"):
        ids(pull(server, split=None))


@pytest.mark.parametrize("split", [SPLIT, None])
def test_a_list_that_failed_can_be_tried_again(split: Split | None) -> None:
    """A server that miscounts, and counts well later: going on gives the list."""
    server = Server(range(200))
    server.total = lambda nth, matching, shown: matching + 1
    one = pull(server, split=split)
    with pytest.raises(IncompleteError):
        ids(one)
    server.total = lambda nth, matching, shown: matching
    assert sorted(ids(one)) == list(range(200))


# Lists that have no pager, or one of their own


def test_an_action_without_a_pager_needs_one_request() -> None:
    """householdUser.list answers whole."""
    server = Answers({"totalCount": 1, "objects": [{"userId": "5"}]})
    assert records(of("householdUser", server)) == [{"userId": "5"}]
    assert server.asked == [{}]


@pytest.mark.parametrize("total", [{"totalCount": 0}, {"totalCount": 1}, {}])
def test_a_list_without_a_pager_that_counts_too_little_is_a_weak_proof(total: Row) -> None:
    """Nothing more can be requested; the provenance and a warning say so."""
    one = of("householdUser", Answers({"objects": [{"userId": "5"}, {"userId": "6"}], **total}))
    with pytest.warns(UserWarning, match="total does not fit its rows"):
        assert len(records(one)) == 2
    assert proofs(one) == ["one reply, miscounted"]


def test_an_id_may_be_there_twice_in_one_whole_reply() -> None:
    """Two users' bookmarks of one asset: all there is was received at once."""
    rows = [{"id": "7", "type": 1, "user": {"id": n}} for n in (1, 2)]
    table = records(of("bookmark", Answers({"totalCount": 2, "objects": rows})))
    assert [row["id"] for row in table] == ["7", "7"]


def test_an_action_without_a_pager_that_holds_back_is_incomplete() -> None:
    """Fewer rows than are counted, and no further page to request."""
    users = Answers({"totalCount": 900, "objects": [{"id": "5"}]})
    with pytest.raises(IncompleteError, match=r"1 of 900 rows and has no pager"):
        records(of("ottUser", users))


def test_a_list_that_stops_at_a_number_is_incomplete_there() -> None:
    """ottUser.list counts 500 whatever there is: 500 users may be all, or not."""
    users = {"totalCount": 500, "objects": [{"id": str(n)} for n in range(500)]}
    one = of("ottUser", Answers(users))
    with pytest.raises(IncompleteError, match="at most 500 rows, and that many"):
        records(one)
    assert one.received()[0].rows == 500


def test_a_line_up_is_paged_by_its_own_arguments() -> None:
    """lineup.get takes pageIndex and pageSize plainly, and only some sizes."""
    rows = [{"id": n, "type": 4} for n in range(1_300)]

    def answer(calls: Sequence[Call], /, **_: Any) -> Reply:
        pages = [(call.arguments["pageSize"], call.arguments["pageIndex"]) for call in calls]
        asked.extend(pages)
        results = [
            {"totalCount": len(rows), "objects": rows[(n - 1) * size : n * size]}
            for size, n in pages
        ]
        return Reply(json.dumps({"result": results[0] if len(calls) == 1 else results}).encode())

    asked: list[tuple[int, int]] = []
    assert len(records(of("lineup", answer, "get"))) == 1_300
    assert asked == [(1_600, 1), (1_600, 2)]  # the look is the page after the end
    assert len(records(of("lineup", answer, "get", limit=150))) == 150
    assert asked[2:] == [(200, 1)]


# Limits


def test_a_limit_requests_no_further_page() -> None:
    """120 rows of many are three pages of 50, cut."""
    server = Server(range(5_000))
    one = pull(server, limit=120)
    assert ids(one) == list(range(120))
    assert (proofs(one), len(server.asked)) == (["limit"], 3)


def test_a_limit_beyond_the_end_is_no_excuse() -> None:
    """A list that ends before the limit is proved like any other."""
    one = pull(Server(range(120)), limit=500)
    assert ids(one) == list(range(120))
    assert proofs(one) == ["tiles"]


def test_a_limit_of_nothing_requests_nothing() -> None:
    """No row wanted, no call made."""
    server = Server(range(50))
    assert ids(pull(server, limit=0)) == []
    assert server.asked == []


def test_a_limit_is_of_the_list_not_of_a_window() -> None:
    """A plan that was made without the limit does not spread it."""
    windows = [(Window(None, 100), 100), (Window(100, None), 200)]
    assert ids(pull(Server(range(300)), limit=10, windows=windows)) == list(range(10))


def test_arguments_that_cannot_be_are_refused() -> None:
    """A negative limit, a page index of the caller's own, no worker at all."""
    with pytest.raises(KottError, match="at least 0, not -1"):
        Listing("asset", limit=-1)
    with pytest.raises(KottError, match="pages are turned here"):
        Listing("asset", "list", {"pager": {"pageIndex": 2}})
    with pytest.raises(KottError, match="at least 1, not 0"):
        pull(Server([]), workers=0)


# Deep lists


def test_a_long_list_is_cut_into_windows() -> None:
    """25,000 rows behind a depth of 10,000 are complete, by windows that tile the line."""
    server = Server(range(0, 50_000, 2), page=500)
    one = pull(server)
    assert sorted(ids(one)) == list(range(0, 50_000, 2))
    windows = one.report()["windows"]
    assert windows[0]["from"] is None
    assert windows[-1]["to"] is None
    assert all(a["to"] == b["from"] for a, b in pairwise(windows))


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize(("depth", "page"), [(5_000, 500), (1_000, 100), (100, 50), (50, 50)])
def test_a_smaller_depth_is_learned_from_the_refusal(depth: int, page: int, workers: int) -> None:
    """Whether the page was requested alone or in a batch."""
    server = Server(range(7_000 if depth == 5_000 else 1_500), page=page, depth=depth)
    assert sorted(ids(pull(server, workers=workers))) == [row["id"] for row in server.rows]


def test_a_plan_whose_windows_are_too_deep_is_cut_further() -> None:
    """Its windows are not requested again and again."""
    server = Server(range(3_000), page=100, depth=500)
    windows = [(Window(None, 1_500), 1_500), (Window(1_500, None), 1_500)]
    assert sorted(ids(pull(server, windows=windows, page_rows=100))) == list(range(3_000))
    assert len(server.asked) < 200


def test_a_long_list_that_cannot_be_split_says_so() -> None:
    """Past the depth the error says how far it got and what to do."""
    server = Server(range(1_500), page=100, depth=1_000)
    one = pull(server, split=None)
    with pytest.raises(IncompleteError, match=r"1,000 of 1,500 rows.*no deeper than 1,000"):
        ids(one)
    assert sum(page.rows for page in one.received()) == 1_000


def test_a_list_just_within_the_depth_is_checked_by_pages_that_reach_no_deeper() -> None:
    """Pages of seven eighths would end beyond the depth; the size of the next pass does not."""
    server = Server(range(990), page=100, depth=1_000)
    one = pull(server, split=None)
    assert ids(one) == list(range(990))
    assert proofs(one) == ["two passes"]


def test_more_rows_than_fit_under_one_key_say_so() -> None:
    """A window of one id that is still too deep cannot be cut."""
    server = Server([], page=100, depth=100)
    server.rows = [{"id": 7, "n": n} for n in range(300)]
    with pytest.raises(IncompleteError, match="share one media_id"):
        ids(pull(server))


def test_a_deep_list_whose_rows_lack_the_key_is_incomplete() -> None:
    """What no window holds is missed: the parts are counted against the whole."""

    class Mixed(Server):
        def matching(self, asked: dict[str, Any]) -> list[Row]:
            rows = super().matching(asked)
            return rows if "media_id" in str(asked) else rows + [{"id": 0, "type": 0}] * 500

    with pytest.raises(IncompleteError, match=r"hold 12,000 of 12,500 rows"):
        ids(pull(Mixed(range(12_000), page=500)))


# Failures, interrupts and going on


def test_a_failure_keeps_what_was_received_and_goes_on() -> None:
    """The network fails in the third window; iterating again needs no page twice."""
    server = Server(range(25_000), page=500)

    def fail(nth: int) -> None:
        if nth == 60:
            raise TransportError("gone")

    server.before = fail
    one = pull(server)
    with contextlib.suppress(IncompleteError):
        ids(one)
    assert sorted(ids(one)) == list(range(25_000))


def test_a_failure_before_anything_is_received_is_itself() -> None:
    """Nothing fetched, nothing to keep: the first error stands."""

    def gone(*_: Any, **__: Any) -> Reply:
        raise TransportError("gone")

    with pytest.raises(TransportError, match="gone"):
        ids(pull(gone))


def test_the_page_that_always_fails_is_named() -> None:
    """Its place is in the message, and the pages beside it are not lost."""

    class Failing(Server):
        def __call__(self, calls: Sequence[Call], /, **options: Any) -> Reply:
            if any(call.arguments["pager"]["pageIndex"] == 7 for call in calls):
                raise TransportError("HTTP 500")
            return super().__call__(calls, **options)

    one = pull(Failing(range(1_000)))
    with pytest.raises(IncompleteError, match="300 of 1,000 rows, at page 7, then: HTTP 500"):
        ids(one)
    assert sum(page.rows for page in one.received()) == 300


def test_an_undecodable_body_is_requested_again() -> None:
    """A garbled body does not count as a page; its rows are received once."""
    garbled: list[int] = []

    class Garbling(Server):
        def __call__(self, calls: Sequence[Call], /, **options: Any) -> Reply:
            reply = super().__call__(calls, **options)
            if len(self.requests) % 4 == 2 and not options.get("validate"):
                garbled.append(len(calls))
                return Reply(reply.body[: len(reply.body) // 2])
            return reply

    assert ids(pull(Garbling(range(500)))) == list(range(500))
    assert garbled


def test_what_is_no_list_is_said() -> None:
    """A reply that cannot be a list is not an empty table."""
    with pytest.raises(TransportError, match="not a list"):
        records(of("asset", Answers([1])))


def test_a_refusal_in_mid_list_keeps_what_was_received() -> None:
    """Whatever the API refuses, the rows before it are not lost."""

    class Refusing(Server):
        def answer(self, asked: dict[str, Any]) -> Row:
            if asked["pager"]["pageIndex"] == 3:
                return {"error": {"code": "500004", "message": "no"}}
            return super().answer(asked)

    one = pull(Refusing(range(200)))
    with pytest.raises(IncompleteError, match=r"100 of 200 rows, then: .*500004"):
        ids(one)


def test_a_deadline_ends_a_list_that_can_go_on() -> None:
    """The error names the deadline; going on has as much time again."""

    class Slow(Server):
        def answer(self, asked: dict[str, Any]) -> Row:
            time.sleep(0.002)
            return super().answer(asked)

    listing = Listing("asset", "list", SEARCH, split=SPLIT)
    one = Pull(listing, Slow(range(2_000)), workers=1, deadline=0.05)
    with pytest.raises(IncompleteError, match=r"deadline=0\.05 seconds are over"):
        ids(one)
    for _ in range(50):
        with contextlib.suppress(IncompleteError):
            assert ids(one) == list(range(2_000))
            return
    raise AssertionError("it does not come to an end")


def test_going_on_requests_only_the_rest() -> None:
    """After half of the pages, no page that was received is requested again."""
    server = Server(range(2_000))
    server.before = lambda nth: (_ for _ in ()).throw(KeyboardInterrupt) if nth == 21 else None
    one = pull(server)
    with pytest.raises(KeyboardInterrupt):
        ids(one)
    received = sum(page.rows for page in one.received()) // 50
    server.before = lambda nth: None
    server.asked.clear()
    assert ids(one) == list(range(2_000))
    whole = [page["pager"]["pageIndex"] for page in server.asked if "responseProfile" not in page]
    assert whole == list(range(received + 1, 41))


@settings(max_examples=40, deadline=None)
@given(line=st.integers(1, 9_000), split=st.sampled_from([SPLIT, None]))
def test_an_interrupt_may_come_at_any_line(line: int, split: Split | None) -> None:
    """Ctrl-C between any two lines of the engine: going on gives all of it, each row once."""
    server = Server(range(300), page=20, depth=100 if split else 10_000)
    one = pull(server, split=split)
    remaining = line

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal remaining
        if "paging" not in frame.f_code.co_filename or "tests" in frame.f_code.co_filename:
            return None
        remaining -= event == "line"
        if remaining == 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            ids(one)
    finally:
        sys.settrace(before)
    assert sorted(ids(one)) == list(range(300))
    assert one.report()["rows"] == 300


# Workers and time


def test_workers_change_nothing_but_the_time() -> None:
    """Pages are requested side by side once the first says how many; the order is the server's."""
    busy, most = 0, 0
    lock = threading.Lock()

    class Slow(Server):
        def __call__(self, calls: Sequence[Call], /, **options: Any) -> Reply:
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.005)
            with lock:
                busy -= 1
                return super().__call__(calls, **options)

    server = Slow(range(1_000))
    assert ids(pull(server, workers=4)) == list(range(1_000))
    assert 1 < most <= 4


def test_pages_travel_in_batches_once_the_first_tells_what_they_cost() -> None:
    """Twenty pages of a far server are the first alone, the others in few requests."""
    server = Server(range(1_000))
    ids(pull(server, workers=2))
    assert server.requests[0] == 1
    assert len(server.requests) < 12


def test_a_list_without_ids_costs_linear_time() -> None:
    """Four times the pages is not sixteen times the work: lines of code run, not seconds."""
    small, large = (lines_of(rows) for rows in (1_000, 4_000))
    assert large < 6 * small


def lines_of(rows: int) -> int:
    """Count the lines of the engine that a list without ids takes."""
    server = Server([], page=20)
    server.rows = [{"name": str(n)} for n in range(rows)]
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if "paging" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert len(records(of("entitlement", server))) == rows
    finally:
        sys.settrace(before)
    return count


# Churn and chance


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 700),
    page=st.sampled_from([1, 7, 50, 500]),
    depth=st.sampled_from([60, 250, 10_000]),
    gap=st.integers(1, 5_000),
    empty=st.sets(st.integers(1, 30), max_size=3),
)
def test_every_list_is_complete_or_an_error(
    rows: int, page: int, depth: int, gap: int, empty: set[int]
) -> None:
    """Whatever the page size, depth and ids, and whatever page is empty by mistake."""
    server = Server([n * gap for n in range(rows)], page=page, depth=max(depth, page * 2))
    server.shown = lambda shown, nth: [] if nth in empty else shown
    try:
        table = ids(pull(server))
    except IncompleteError:
        assert empty
    else:
        assert sorted(table) == [n * gap for n in range(rows)]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 400),
    seed=st.integers(0, 10_000),
    page=st.sampled_from([5, 20, 50]),
    depth=st.sampled_from([60, 150, 10_000]),
    failing=st.sampled_from([0.0, 0.05, 0.2]),
    workers=st.sampled_from([1, 3]),
)
def test_what_stays_is_there_once_whatever_comes_and_goes(
    rows: int, seed: int, page: int, depth: int, failing: float, workers: int
) -> None:
    """Every row that was there all the time, in the end, however often the list goes on."""
    dice = random.Random(seed)  # of everything: one thread throws them, in one order

    class Failing(Server):
        def __call__(self, calls: Sequence[Call], /, **options: Any) -> Reply:
            reply = super().__call__(calls, **options)
            if dice.random() < failing:
                raise TransportError("lost")
            return reply

    server = Failing(range(0, rows * 3, 3), page=page, depth=max(depth, 2 * page))
    churn = Churn(server, seed, 3)
    one = pull(server, workers=workers, turns=dice)
    for _ in range(600):
        try:
            table = ids(one)
            break
        except (IncompleteError, TransportError):
            continue
    else:
        raise AssertionError("it does not come to an end")
    assert len(set(table)) == len(table)
    assert churn.stayed <= set(table)


@pytest.mark.parametrize(
    ("split", "every", "most"), [(SPLIT, 2, 0.0), (None, 10, 0.15), (None, 20, 0.0)]
)
def test_honest_lists_that_change_stay_listable(
    split: Split | None, every: int, most: float
) -> None:
    """A change every second reply where the list can be split, every tenth where it cannot."""
    failed = 0
    for seed in range(60):
        server = Server(range(0, 3 * random.Random(seed).choice([30, 120, 200, 300]), 3))
        churn = Churn(server, seed, every)
        try:
            table = ids(pull(server, split=split))
        except IncompleteError:
            failed += 1
            continue
        assert len(set(table)) == len(table)
        assert churn.stayed <= set(table)
    assert failed <= 60 * most


def test_a_refused_call_is_the_apis_own_error() -> None:
    """Nothing received, and a refusal: it is raised as it is."""

    def refused(*_: Any, **__: Any) -> Reply:
        return Reply(b'{"result":null}', {0: api_error("4004", "bad syntax")})

    with pytest.raises(KottError, match="bad syntax"), warnings.catch_warnings():
        ids(pull(refused))
