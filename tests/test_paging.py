"""Paging against a list in memory, behind the one function that paging is handed."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kott_notebooks.api.envelopes import Reply
from kott_notebooks.api.rows import Cells, Reader
from kott_notebooks.errors import ApiError, IncompleteError, KottError, TransportError, api_error
from kott_notebooks.paging import Pace, Plan, Pull, Split
from kott_notebooks.paging.asking import Landing
from kott_notebooks.paging.pace import PACK, Cost
from kott_notebooks.paging.windows import Window

Row = dict[str, Any]
SPLIT = Split("media_id", 0, 1_000)
SEARCH = {"filter": {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}}


class Server:
    """A list of rows that clamps pages, refuses deep ones, and can change as it is read."""

    def __init__(self, ids: list[int], *, most: int = 50, depth: int = 10_000) -> None:
        self.rows: list[Row] = [{"objectType": "KalturaMediaAsset", "id": n} for n in ids]
        self.most, self.depth = most, depth
        self.asked: list[dict[str, Any]] = []
        self.before: Callable[[int], None] = lambda nth: None
        self.total: Callable[[int, int], int | None] = lambda nth, true: true
        self.absent: set[int] = set()
        self.seconds = 0.02
        self.end = b""

    def __call__(self, pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        return [self.answered(page) for page in pages]

    def answered(self, arguments: dict[str, Any]) -> Reply | ApiError:
        try:
            return self.answer(arguments)
        except ApiError as error:
            return error

    def answer(self, arguments: dict[str, Any]) -> Reply:
        self.asked.append(arguments)
        nth = len(self.asked)
        self.before(nth)
        pager = arguments["pager"]
        size = min(pager["pageSize"], self.most)
        start = (pager["pageIndex"] - 1) * size
        if start + size > self.depth and start:
            raise api_error("1", "Search failed", action="asset.list")
        rows = self.within(arguments.get("filter", {}).get("kSql", ""))
        page = [] if nth in self.absent else rows[start : start + size]
        found: Row = {"totalCount": self.total(nth, len(rows))}
        found = {name: value for name, value in found.items() if value is not None}
        if page:
            found["objects"] = page
        return Reply(json.dumps(found).encode(), 0.01, 100, self.seconds)

    def within(self, ksql: str) -> list[Row]:
        rows = self.rows
        for op, number in re.findall(r"media_id(>=|<)'(-?\d+)'", ksql):
            rows = [r for r in rows if (r["id"] >= int(number)) == (op == ">=")]
        return rows


def alone(server: Server, **options: Any) -> Pull:
    """Pull with one worker, so that the server's calls have an order."""
    return Pull(server, "asset", "list", SEARCH, workers=1, **options)


def pulled(server: Server, **options: Any) -> list[int]:
    return ids(alone(server, **options))


def ids(pull: Pull) -> list[int]:
    return [row["id"] for page in pull for row in page.records()]


def test_five_thousand_rows_come_though_the_server_clamps_its_pages() -> None:
    """500 a page were asked for, 50 came: all 5,000 are there, in order."""
    server = Server(list(range(5_000)))
    pull = alone(server)
    assert ids(pull) == list(range(5_000))
    assert pull.report()["page_size"] == 50
    assert pull.report()["windows"][0]["proof"] == "two readings"


def test_workers_change_nothing_but_the_time() -> None:
    """Pages are asked for side by side once the first tells how many; the order is the server's."""
    busy, most = 0, 0
    lock = threading.Lock()

    class Slow(Server):
        def answer(self, arguments: dict[str, Any]) -> Reply:
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.005)
            reply = super().answer(arguments)
            with lock:
                busy -= 1
            return reply

    server = Slow(list(range(1_000)))
    assert ids(Pull(server, "asset", "list", SEARCH, workers=4)) == list(range(1_000))
    assert 1 < most <= 4
    assert len(server.asked) == 40


def test_a_far_server_is_asked_for_many_pages_at_once() -> None:
    """Where the way is what costs, a request asks for several pages, as many as keep us busy."""
    pace = Pace()
    pace.note(0.05, 0.0)
    page = Cost(work=0.001, rows=50, size=285_000)
    assert 5 <= pace.pack(99, 8, page) <= 25


def test_a_far_and_busy_server_is_asked_as_seldom_as_it_has_workers() -> None:
    """The server works for eight side by side: so many requests waste the least way."""
    pace = Pace()
    pace.note(0.05, 0.0)
    assert pace.pack(99, 8, Cost(work=0.1, bytes=0.001, rows=50)) == 13
    assert pace.pack(99, 8, Cost(work=0.1)) == 13


def test_a_near_server_is_asked_page_by_page() -> None:
    """Where the way costs nothing, a page that comes alone can be worked on at once."""
    pace = Pace()
    pace.note(0.0005, 0.0)
    assert pace.pack(99, 8, Cost(work=0.1, bytes=0.001, rows=50)) <= 2
    assert pace.pack(99, 8, Cost(bytes=0.02, rows=50)) <= 4


def test_a_request_stays_small_enough_to_be_answered() -> None:
    """Neither bytes nor the server's time may add up without end."""
    pace = Pace()
    pace.note(2.0, 0.0)
    assert pace.pack(10_000, 8, Cost(size=2_000_000)) == 2
    assert pace.pack(10_000, 8, Cost(work=3.0)) == 3
    assert pace.pack(10_000, 8, Cost()) <= PACK
    assert pace.pack(1, 8, Cost(work=60.0)) == 1


def test_pages_are_packed_once_the_first_tells_what_they_cost() -> None:
    """Twenty pages of a far server are the first alone, the others in few requests."""
    server = Server(list(range(1_000)))
    server.seconds = 0.2
    packs: list[int] = []
    pace = Pace()
    pace.note(0.19, 0.0)

    def ask(pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        packs.append(len(pages))
        return server(pages, reader)

    pull = Pull(ask, "asset", "list", SEARCH, workers=2, pace=pace)
    assert ids(pull) == list(range(1_000))
    assert packs[0] == 1
    assert sum(packs) == 40
    assert len(packs) < 12


def test_fifty_rows_need_one_call() -> None:
    """A reply that holds everything is its own proof."""
    server = Server(list(range(50)))
    assert pulled(server) == list(range(50))
    assert len(server.asked) == 1


def test_a_limit_fetches_no_page_more() -> None:
    """120 rows of many are three pages of 50, cut."""
    server = Server(list(range(5_000)))
    assert pulled(server, limit=120) == list(range(120))
    assert len(server.asked) == 3


def test_a_limit_beyond_the_end_is_no_excuse() -> None:
    """A list that ends before the limit is proved like any other."""
    server = Server(list(range(120)))
    pull = alone(server, limit=500)
    assert ids(pull) == list(range(120))
    assert pull.report()["windows"][0]["proof"] == "two readings"


def test_a_limit_of_nothing_asks_nothing() -> None:
    """No row wanted, no call made."""
    server = Server(list(range(50)))
    assert pulled(server, limit=0) == []
    assert server.asked == []


def test_a_limit_is_of_the_list_not_of_a_window() -> None:
    """A plan that was made without the limit does not spread it."""
    plan = Plan([(Window(None, 100), 100), (Window(100, None), 200)], Cost())
    assert pulled(Server(list(range(300))), split=SPLIT, limit=10, plan=plan) == list(range(10))


def test_a_negative_limit_is_refused() -> None:
    """A limit below zero has no meaning."""
    with pytest.raises(KottError, match="-1"):
        Pull(Server([]), "asset", limit=-1)


def test_an_empty_list_is_complete() -> None:
    """No objects and a total of zero: no rows, no error."""
    assert pulled(Server([])) == []


def test_a_total_that_trembles_loses_nothing() -> None:
    """The count moves by three either way; the pages are read to the empty one."""
    server = Server(list(range(1_001)))
    server.total = lambda nth, true: true + (-3, 0, 3)[nth % 3]
    assert pulled(server) == list(range(1_001))


def test_a_total_that_is_always_too_low_at_the_end_loses_nothing() -> None:
    """A count that drops below the truth only on the last full page does not end the reading."""
    server = Server(list(range(101)))
    server.total = lambda nth, true: true - 1 if nth == 2 else true
    assert pulled(server) == list(range(101))


def test_an_empty_page_before_the_total_is_read_again() -> None:
    """One empty page among full ones is a slip, which a second reading mends."""
    server = Server(list(range(300)))
    server.absent = {3}
    assert pulled(server) == list(range(300))


def test_a_total_out_of_reach_is_an_incomplete_error() -> None:
    """The server counts more rows than it gives, always: what came is told, and nothing loops."""
    server = Server(list(range(120)))
    server.total = lambda nth, true: true + 1
    with pytest.raises(IncompleteError, match="120 rows came, the server counts 121"):
        pulled(server)
    assert len(server.asked) < 50


def test_a_total_that_is_lost_past_the_end_proves_nothing() -> None:
    """An empty page that counts 0, or nothing at all, is an early end like any other."""

    class Ending(Server):
        def answer(self, arguments: dict[str, Any]) -> Reply:
            found = super().answer(arguments)
            return found if arguments["pager"]["pageIndex"] == 1 else Reply(self.end)

    for end in (b'{"totalCount":0}', b"{}"):
        server = Ending(list(range(120)))
        server.end = end
        with pytest.raises(IncompleteError, match="50 rows came, the server counts 120"):
            pulled(server)


def test_a_list_that_counts_nothing_is_read_to_its_end() -> None:
    """Without totalCount the empty page is the end, and a second reading the proof."""
    server = Server(list(range(120)))
    server.total = lambda nth, true: None
    pull = alone(server)
    assert ids(pull) == list(range(120))
    assert pull.report()["windows"][0]["proof"] == "two readings"


def test_a_server_that_repeats_its_last_page_does_not_hold_us() -> None:
    """A page without a new row ends a reading, whatever the totals do."""

    class Stuck(Server):
        def answer(self, arguments: dict[str, Any]) -> Reply:
            index = min(arguments["pager"]["pageIndex"], 3)
            return super().answer({**arguments, "pager": {"pageSize": 50, "pageIndex": index}})

    server = Stuck(list(range(120)))
    server.total = lambda nth, true: true + nth % 3
    assert pulled(server) == list(range(120))
    assert len(server.asked) < 20


def test_a_server_that_ignores_the_pager_is_found_out() -> None:
    """The same rows without ids on every page are one page."""
    page = json.dumps({"totalCount": 150, "objects": [{"assetId": n} for n in range(50)]})
    pull = Pull(lambda asked, _: [Reply(page.encode())] * len(asked), "entitlement", workers=1)
    with pytest.raises(IncompleteError, match="50 rows came, the server counts 150"):
        ids(pull)


def test_a_split_list_whose_rows_lack_the_key_is_incomplete() -> None:
    """What no window holds is missed: the whole is counted again at the end."""

    class Mixed(Server):
        def within(self, ksql: str) -> list[Row]:
            rows = super().within(ksql)
            return rows if "media_id" in ksql else rows + [{"id": 0, "type": 0}] * 500

    server = Mixed(list(range(12_000)), most=500)
    with pytest.raises(IncompleteError, match=r"hold 12,000 of 12,500 rows"):
        pulled(server, split=SPLIT)


def test_no_worker_is_no_pull() -> None:
    """One asks at least."""
    with pytest.raises(KottError, match="1 or more, not 0"):
        Pull(Server([]), "asset", workers=0)


def test_a_row_that_leaves_while_another_comes_is_noticed() -> None:
    """Total 200, total 200, 200 distinct rows and one missing: the second reading disagrees."""
    server = Server(list(range(200)))

    def swap(nth: int) -> None:
        if nth == 3:
            del server.rows[10]
            server.rows.append({"objectType": "KalturaMediaAsset", "id": 999})

    server.before = swap
    assert pulled(server) == [n for n in range(200) if n != 10] + [999]


def test_a_list_that_never_stands_still_is_an_incomplete_error() -> None:
    """A row comes at the front with each call: no two readings agree."""
    server = Server(list(range(200)))
    server.before = lambda nth: server.rows.insert(0, {"id": 10_000 + nth})
    with pytest.raises(IncompleteError, match="keeps changing"):
        pulled(server)


def test_a_page_given_twice_is_counted_once() -> None:
    """Rows that shift onto the next page come twice; they are dropped and counted."""
    server = Server(list(range(150)))
    server.before = lambda nth: server.rows.insert(0, {"id": 777}) if nth == 2 else None
    pull = alone(server)
    assert sorted(ids(pull)) == [*range(150), 777]


def test_rows_of_two_kinds_with_one_id_are_two_rows() -> None:
    """Programmes and media have ids of their own."""
    server = Server([])
    server.rows = [{"id": 1, "type": 0}, {"id": 1, "type": 5}, {"id": 2, "type": 5}]
    server.most = 2
    assert pulled(server) == [1, 1, 2]


def test_rows_without_an_id_may_be_equal() -> None:
    """A class without an id can list the same record twice, and both count."""
    server = Server([])
    server.rows = [{"name": "a"}] * 3
    server.most = 2
    pull = Pull(server, "entitlement", "list")
    assert [row for page in pull for row in page.records()] == [{"name": "a"}] * 3


def test_a_long_list_is_split_into_windows() -> None:
    """25,000 rows behind a result window of 10,000 come whole, by windows over media_id."""
    server = Server(list(range(0, 50_000, 2)), most=500)
    pull = alone(server, split=SPLIT)
    assert sorted(ids(pull)) == list(range(0, 50_000, 2))
    windows = pull.report()["windows"]
    assert windows[0]["from"] is None
    assert windows[-1]["to"] is None
    assert all(a["to"] == b["from"] for a, b in pairwise(windows))


def test_a_smaller_result_window_is_learned_from_the_refusal() -> None:
    """A server that pages 1,000 rows deep gives 3,000 all the same."""
    server = Server(list(range(3_000)), most=100, depth=1_000)
    assert sorted(pulled(server, split=SPLIT)) == list(range(3_000))


def test_a_long_list_that_cannot_be_split_says_so() -> None:
    """Past the result window the error says how far it got and what to do."""
    server = Server(list(range(1_500)), most=100, depth=1_000)
    pull = Pull(server, "channel")
    with pytest.raises(IncompleteError, match=r"1,000 of 1,500 rows.*no deeper than 1,000"):
        ids(pull)
    assert sum(page.rows for page in pull.came) == 1_000


def test_more_rows_than_fit_under_one_key_say_so() -> None:
    """A window of one key that is still too deep cannot be cut."""
    server = Server([7] * 300, most=100, depth=100)
    server.rows = [{"id": 7, "n": n} for n in range(300)]
    with pytest.raises(IncompleteError, match="share one media_id"):
        pulled(server, split=SPLIT)


def test_a_failure_keeps_what_came_and_goes_on() -> None:
    """The network fails in the third window; iterating again needs no window twice."""
    server = Server(list(range(25_000)), most=500)

    def fail(nth: int) -> None:
        if nth == 60:
            raise TransportError("gone")

    server.before = fail
    pull = alone(server, split=SPLIT)
    with pytest.raises(IncompleteError, match="gone"):
        ids(pull)
    assert 0 < sum(page.rows for page in pull.came) < 25_000
    assert sorted(ids(pull)) == list(range(25_000))


def test_a_failure_before_anything_came_is_itself() -> None:
    """Nothing fetched, nothing to keep: the first error stands."""

    def gone(pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        raise TransportError("gone")

    with pytest.raises(TransportError, match="gone"):
        ids(Pull(gone, "asset"))


def test_a_window_that_answers_less_than_was_counted_is_read_again() -> None:
    """An empty reply is no proof where rows had just been counted."""
    server = Server(list(range(40)))
    server.absent = {1}
    server.total = lambda nth, true: 0 if nth == 1 else true
    plan = Plan([(Window(None, 100), 40)], Cost())
    assert pulled(server, split=SPLIT, plan=plan) == list(range(40))
    assert len(server.asked) == 2


def test_a_body_that_is_of_no_use_has_not_landed() -> None:
    """A page that has to be asked for again has not come; a second reading must wait for it."""
    landing = Landing(Cells(), carefully=False)
    assert landing.at_once(b'{"result":{"error":{"code":"500016"}}}', 1) is None
    assert not landing.landed
    assert landing.at_once(b'{"result":{"totalCount":0}}', 1)
    assert landing.landed


def test_an_action_without_a_pager_is_asked_once() -> None:
    """householdUser.list answers whole."""
    asked = []

    def ask(pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        asked.extend(pages)
        return [Reply(b'{"totalCount":1,"objects":[{"userId":"5"}]}')]

    assert [p.rows for p in Pull(ask, "householdUser")] == [1]
    assert asked == [{}]


def test_an_id_may_be_there_twice_in_one_whole_reply() -> None:
    """Two users' bookmarks of one asset: all that there is came at once, so nothing came again."""
    server = Server([])
    server.rows = [{"id": "7", "type": 1, "user": {"id": n}} for n in (1, 2)]

    def ask(pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        return [
            server.answered({**page, "pager": {"pageSize": 50, "pageIndex": 1}}) for page in pages
        ]

    assert [str(one) for one in ids(Pull(ask, "bookmark"))] == ["7", "7"]


def test_an_action_without_a_pager_that_holds_back_is_incomplete() -> None:
    """ottUser.list answers at most 500 of more."""
    with pytest.raises(IncompleteError, match=r"1 of 900 rows and has no pager"):
        ids(Pull(lambda *_: [Reply(b'{"totalCount":900,"objects":[{"id":"5"}]}')], "ottUser"))
    users = b'{"totalCount":5,"objects":[{"userId":"5"}]}'
    with pytest.raises(IncompleteError, match=r"1 of 5 rows and has no pager"):
        ids(Pull(lambda *_: [Reply(users)], "householdUser"))


def test_a_list_that_stops_at_a_number_is_incomplete_there() -> None:
    """ottUser.list counts 500 whatever there is: 500 users may be all, or not."""
    users = json.dumps({"totalCount": 500, "objects": [{"id": str(n)} for n in range(500)]})
    pull = Pull(lambda *_: [Reply(users.encode())], "ottUser")
    with pytest.raises(IncompleteError, match="at most 500 rows, and so many came"):
        ids(pull)
    assert pull.came[0].rows == 500


def test_a_line_up_is_paged_by_its_own_arguments() -> None:
    """lineup.get takes pageIndex and pageSize plainly, and only some sizes."""
    asked = []

    def ask(pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        asked.extend(pages)
        return [Reply(b'{"totalCount":1,"objects":[{"id":5}]}')]

    assert ids(Pull(ask, "lineup", "get", limit=150)) == [5]
    assert asked == [{"pageIndex": 1, "pageSize": 200}]


def test_the_pages_are_not_turned_by_hand() -> None:
    """A page index of the caller's own would make a hole."""
    with pytest.raises(KottError, match="pages are turned here"):
        Pull(Server([]), "asset", "list", {"pager": {"pageIndex": 2}})


def test_what_is_no_list_is_said() -> None:
    """A reply that cannot be a list is not an empty table."""
    with pytest.raises(TransportError, match="not a list"):
        ids(Pull(lambda *_: [Reply(b"[1]")], "asset"))


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 700),
    most=st.sampled_from([1, 7, 50, 500]),
    depth=st.sampled_from([60, 250, 10_000]),
    gap=st.integers(1, 5_000),
    data=st.data(),
)
def test_every_list_comes_whole_or_not_at_all(
    rows: int, most: int, depth: int, gap: int, data: st.DataObject
) -> None:
    """Whatever the page size, result window and ids, and whatever page fails to come."""
    server = Server([n * gap for n in range(rows)], most=most, depth=max(depth, most * 2))
    server.absent = data.draw(st.sets(st.integers(1, 30), max_size=3))
    try:
        found = pulled(server, split=SPLIT)
    except IncompleteError:
        assert server.absent
    else:
        assert sorted(found) == [n * gap for n in range(rows)]


class Drifting(Server):
    """Rows come and go between pages, and some requests fail, by draws of chance."""

    def __init__(self, rows: int, seed: int, *, most: int, depth: int, failing: float) -> None:
        super().__init__(list(range(0, rows * 3, 3)), most=most, depth=depth)
        self.dice, self.failing = random.Random(seed), failing
        self.stayed = {row["id"] for row in self.rows}
        self.quiet_after = 10_000
        self.before = self.drift

    def drift(self, nth: int) -> None:
        if nth > self.quiet_after or not self.rows:
            return
        if self.dice.random() < 0.3:
            gone = self.rows.pop(self.dice.randrange(len(self.rows)))
            self.stayed.discard(gone["id"])
        if self.dice.random() < 0.3:
            last = self.rows[-1]["id"] if self.rows else 0
            self.rows.append({"objectType": "KalturaMediaAsset", "id": last + 3})

    def __call__(self, pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
        answers = super().__call__(pages, reader)
        if self.dice.random() < self.failing:
            raise TransportError("lost")
        return answers


def resumed(pull: Pull, times: int = 600) -> list[int]:
    """Iterate a pull again and again until it ends."""
    for _ in range(times):
        try:
            return ids(pull)
        except (IncompleteError, TransportError, KeyboardInterrupt):
            continue
    raise AssertionError("it does not come to an end")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 400),
    seed=st.integers(0, 10_000),
    most=st.sampled_from([5, 20, 50]),
    depth=st.sampled_from([60, 150, 10_000]),
    failing=st.sampled_from([0.0, 0.05, 0.2]),
    workers=st.sampled_from([1, 3]),
)
def test_what_stays_is_there_once_whatever_comes_and_goes(
    rows: int, seed: int, most: int, depth: int, failing: float, workers: int
) -> None:
    """Every row that was there all the time, in the end, however often the pull went on."""
    server = Drifting(rows, seed, most=most, depth=max(depth, 2 * most), failing=failing)
    server.quiet_after = 400
    found = resumed(Pull(server, "asset", "list", SEARCH, workers=workers, split=SPLIT))
    assert len(set(found)) == len(found)
    assert server.stayed <= set(found)


@settings(max_examples=40, deadline=None)
@given(line=st.integers(1, 6_000), seed=st.integers(0, 100))
def test_an_interrupt_may_come_at_any_line(line: int, seed: int) -> None:
    """Ctrl-C between any two lines of the engine: going on gives all of it, each row once."""
    server = Drifting(300, seed, most=20, depth=100, failing=0.0)
    server.before = lambda nth: None
    pull = alone(server, split=SPLIT)
    left = line

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if "paging" not in frame.f_code.co_filename or "tests" in frame.f_code.co_filename:
            return None
        left -= event == "line"
        if left == 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            ids(pull)
    finally:
        sys.settrace(before)
    assert sorted(ids(pull)) == sorted(server.stayed)
    assert pull.report()["rows"] == 300


def test_going_on_asks_only_for_the_rest() -> None:
    """After half of the pages, no page that came is asked for again."""
    server = Server(list(range(2_000)))
    server.before = lambda nth: (_ for _ in ()).throw(KeyboardInterrupt) if nth == 21 else None
    pull = alone(server)
    with pytest.raises(KeyboardInterrupt):
        ids(pull)
    server.before = lambda nth: None
    server.asked.clear()
    assert ids(pull) == list(range(2_000))
    whole = [page for page in server.asked if "responseProfile" not in page]
    assert [page["pager"]["pageIndex"] for page in whole] == list(range(21, 41))


def test_the_page_that_always_fails_is_named() -> None:
    """Its place and its window are in the message, and the pages beside it are not lost."""

    class Failing(Server):
        def __call__(self, pages: list[dict[str, Any]], reader: Reader) -> list[Reply | ApiError]:
            if any(page["pager"]["pageIndex"] == 7 for page in pages):
                raise TransportError("HTTP 500")
            return super().__call__(pages, reader)

    pace = Pace()
    pace.note(0.3, 0.0)
    server = Failing(list(range(1_000)))
    pull = Pull(server, "asset", "list", SEARCH, workers=1, pace=pace)
    with pytest.raises(IncompleteError, match="300 of 1,000 rows, at page 7, then: HTTP 500"):
        ids(pull)
    assert sum(page.rows for page in pull.came) == 300
