"""Bad days: each fault alone, from a seed, and as the command line gives them."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from kott_notebooks.demo.backend import Backend, Reply
from kott_notebooks.demo.faults import FOREVER, KINDS, BadDay, Faults

from .asking import VERSION, Api, log_in
from .conftest import Make

PING = "/api_v3/service/system/action/ping"


def ping(backend: Backend) -> Reply:
    """Ask for the least."""
    return Api(backend).send(PING, {"apiVersion": VERSION})


def test_a_good_day_is_the_usual_one(make: Make) -> None:
    """Nothing happens unless it is asked for."""
    replies = [ping(make()) for _ in range(20)]
    assert {(one.status, one.delay, one.broken, one.cut) for one in replies} == {
        (200, 0.0, False, None)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_is_the_same_day(kind: str) -> None:
    """And another seed is another."""
    days = [BadDay(Faults.read(f"seed={seed},{kind}=0.5")) for seed in (1, 1, 2)]
    first, again, other = ([day.fault().kind for _ in range(100)] for day in days)
    assert first == again != other
    assert set(first) == {"", kind}


def test_one_fault_does_not_move_another() -> None:
    """Turning resets on leaves the errors where they were, or puts an error before them."""
    alone = BadDay(Faults(error=0.3))
    joined = BadDay(Faults(error=0.3, reset=0.5))
    pairs = [(alone.fault().kind, joined.fault().kind) for _ in range(200)]
    assert all(after == "error" for before, after in pairs if before == "error")


def test_the_first_requests_may_be_spared(make: Make) -> None:
    """A login comes through, and then it begins."""
    backend = make(faults=Faults(error=1.0, spare=2))
    assert [ping(backend).status == 200 for _ in range(3)] == [True, True, False]


def test_an_error_is_a_gateways_page(make: Make) -> None:
    """Of one of the four usual statuses."""
    backend = make(faults=Faults(error=1.0))
    replies = [ping(backend) for _ in range(40)]
    assert {one.status for one in replies} == {500, 502, 503, 504}
    assert all(one.body.startswith(b"<html>") for one in replies)


def test_html_may_come_with_a_200(make: Make) -> None:
    """Which is the worst of gateways."""
    reply = ping(make(faults=Faults(html=1.0)))
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html")


def test_too_many_requests_say_when_to_come_back(make: Make) -> None:
    """As HTTP does, and as the API does."""
    reply = ping(make(faults=Faults(too_many=1.0, retry_after=7)))
    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    limited = ping(make(faults=Faults(rate_limited=1.0)))
    assert json.loads(limited.body)["result"]["error"]["code"] == "500096"


def test_a_truncated_reply_promises_more_than_comes(make: Make) -> None:
    """The length in its header is that of the whole."""
    reply = ping(make(faults=Faults(truncated=1.0)))
    assert len(reply.sent) < int(reply.headers["Content-Length"]) == len(reply.body)


def test_a_garbled_reply_is_no_json(make: Make) -> None:
    """Though it is as long as it should be."""
    reply = ping(make(faults=Faults(garbled=1.0)))
    assert len(reply.body) == int(reply.headers["Content-Length"])
    with pytest.raises(ValueError, match=r"Invalid|codec|Extra|Expecting"):
        json.loads(reply.body)


def test_a_reset_has_no_reply(make: Make) -> None:
    """The connection is broken instead."""
    assert ping(make(faults=Faults(reset=1.0))).broken


def test_replies_take_their_time(make: Make) -> None:
    """Latency, jitter, and work for each record; a hanging one longer than anybody waits."""
    slow = [ping(make(faults=Faults(latency=0.2, jitter=0.1, seed=seed))) for seed in range(9)]
    assert all(0.2 <= one.delay <= 0.3 for one in slow)
    assert len({one.delay for one in slow}) == 9
    backend = make(faults=Faults(per_record=0.01))
    api = log_in(backend)
    body = {"apiVersion": VERSION, "ks": api.ks, "pager": {"pageSize": 20}}
    assert api.send("/api_v3/service/asset/action/list", body).delay == pytest.approx(0.2)
    assert ping(make(faults=Faults(hang=1.0))).delay == FOREVER


def test_a_ks_is_over_every_so_many_calls(make: Make) -> None:
    """And stays over: one has to log in again."""
    api = log_in(make(faults=Faults(expire_every=3)))
    answers = [api("session.get") for _ in range(5)]
    assert ["error" in one for one in answers] == [False, False, True, True, True]
    assert answers[2]["error"]["code"] == "500016"


def totals(api: Api, count: int = 30) -> list[int]:
    """Ask for the same page many times, and give the totals."""
    return [api.search("asset_type='media'", size=50)["totalCount"] for _ in range(count)]


def test_totals_may_move(make: Make) -> None:
    """They move by the number given to either side, while the records stay."""
    right = totals(log_in(make()))[0]
    moved = totals(log_in(make(faults=Faults(moving=3))))
    assert set(moved) == set(range(right - 3, right + 4))


def test_records_may_come_and_go(make: Make) -> None:
    """A page is short of some that the next reading has."""
    api = log_in(make(faults=Faults(churn=20), deployment="roomy"))
    readings = [set(api.ids("asset_type='media'")) for _ in range(8)]
    assert len({frozenset(one) for one in readings}) > 4
    whole = set(log_in(make(deployment="roomy")).ids("asset_type='media'"))
    assert all(one <= whole and len(whole - one) <= 20 for one in readings)


def test_a_page_may_repeat_the_one_before(make: Make) -> None:
    """Page 2 is page 1 again."""
    api = log_in(make(faults=Faults(duplicate=1.0)))
    pages = [api.ids("asset_type='media'", size=20, index=index) for index in (1, 2)]
    assert pages[0] == pages[1]


def test_one_page_may_always_fail(make: Make) -> None:
    """The others do not."""
    api = log_in(make(faults=Faults(failing_page=2)))
    matches = [api.search("asset_type='media'", size=20, index=index) for index in (1, 2, 3, 2)]
    assert [one.get("error", {}).get("code") for one in matches] == [None, "1", None, "1"]


def test_faults_are_read_from_a_line() -> None:
    """As `kott demo --serve` takes them."""
    assert Faults.read("latency=0.2, error=0.05,seed=3") == Faults(latency=0.2, error=0.05, seed=3)
    assert Faults.read("") == Faults()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latnecy=1", "no fault is called 'latnecy'; there are seed, "),
        ("latency", "latency is a number, not ''"),
        ("latency=fast", "latency is a number, not 'fast'"),
        ("seed=0.5", "seed is a number, not '0.5'"),
        ("error=1.5", "error must be from 0 to 1, not 1.5"),
        ("duplicate=nan", "duplicate must be from 0 to 1, not nan"),
        ("latency=-1", "latency must be at least 0, not -1"),
        ("jitter=inf", "jitter must be at least 0, not inf"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(text: str, words: str) -> None:
    """The message names the fault and what was given."""
    with pytest.raises(ValueError, match=re.escape(words)):
        Faults.read(text)


def test_a_bad_day_costs_no_time_of_its_own(make: Make) -> None:
    """Delays are the carrier's to keep, not the backend's."""
    started = time.perf_counter()
    ping(make(faults=Faults(latency=5.0)))
    assert time.perf_counter() - started < 1


def test_everything_at_once_is_still_repeatable(make: Make) -> None:
    """The whole day, twice."""
    rates: dict[str, Any] = dict.fromkeys(KINDS, 0.1)

    def day() -> list[tuple[int, bool, int | None, float]]:
        backend = make(faults=Faults(seed=5, **rates))
        replies = [ping(backend) for _ in range(60)]
        return [(one.status, one.broken, one.cut, one.delay) for one in replies]

    assert [one[:2] for one in day()] == [one[:2] for one in day()]
    assert len({one[0] for one in day()}) > 3
