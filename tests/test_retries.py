"""When the session asks again, and when it does not."""

from __future__ import annotations

import itertools
import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
import requests

import kott_notebooks as kott
from kott_notebooks import demo, schema
from kott_notebooks.api.bodies import Call
from kott_notebooks.demo.backend import Reply
from kott_notebooks.demo.transport import DemoAdapter
from kott_notebooks.errors import RateLimited, TransportError
from kott_notebooks.session import retries
from kott_notebooks.session.retries import Retries, is_read
from kott_notebooks.tables.provenance import facts


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass, and note how much would have."""
    slept: list[float] = []
    monkeypatch.setattr(retries, "pause", slept.append)
    return slept


def send(retries: Retries, call: Callable[[], str], **how: Any) -> tuple[str, int]:
    """Call in the loop of attempts until it works, and say how often it was called again."""
    for attempt in retries.loop(idempotent=True, **how):
        with attempt:
            result = call()
            retries.succeeded()
            return result, attempt.retry_state.attempt_number - 1
    raise AssertionError


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Make a call that fails so often before it works."""
    left = iter([error] * times)

    def call() -> str:
        for one in left:
            raise one
        return "at last"

    return call


def passing(wait: float | None = None) -> TransportError:
    return TransportError("HTTP 503", passing=True, wait=wait)


def test_names_say_what_only_reads() -> None:
    """Lists, gets, counts and searches; nothing that adds, grants, logs in or out."""
    reads = [one for one in schema.actions() if is_read(one.name)]
    assert {one.name for one in reads if one.items} == {
        one.name for one in schema.actions() if one.items
    }
    writes = {"add", "update", "delete", "grant", "login", "logout", "purchase", "listen", "issue"}
    assert not [name for name in writes if is_read(name)]
    assert {one.name for one in reads if not one.name.startswith(("get", "list"))} == {
        *("count", "query", "isUsed", "semanticSearch"),
        *("groupRepresentativeList", "watchBasedRecommendationsList"),
    }


def test_what_may_pass_is_asked_again(pauses: list[float]) -> None:
    """Five failures, then a reply; the pauses grow, drawn from nothing to twice the last."""
    result, again = send(Retries(), failing(5, passing()))
    assert (result, again) == ("at last", 5)
    assert len(pauses) == 5
    assert all(pause <= retries.FIRST_PAUSE * 2**n for n, pause in enumerate(pauses))


def test_what_cannot_pass_is_not_asked_again(pauses: list[float]) -> None:
    """A wrong url stays wrong."""
    with pytest.raises(TransportError):
        send(Retries(), failing(1, TransportError("HTTP 404")))
    assert pauses == []


def test_patience_ends(pauses: list[float]) -> None:
    """After six tries the error is the caller's."""
    with pytest.raises(TransportError):
        send(Retries(), failing(6, passing()))
    assert len(pauses) == 5


def test_a_server_that_asks_for_quiet_gets_it_from_everybody(pauses: list[float]) -> None:
    """Retry-After holds for the call and for the next one, up to a bound."""
    patient = Retries()
    send(patient, failing(1, passing(wait=7.0)))
    assert pauses[0] >= 7.0
    send(patient, lambda: "somebody else")
    assert pauses[-1] > 6.0
    send(patient, failing(1, passing(wait=9_999.0)))
    assert max(pauses) <= retries.LONGEST_WAIT


def test_too_many_calls_slow_everybody(pauses: list[float]) -> None:
    """The API's 500096 names no time; the drawn pause holds for all."""
    patient = Retries()
    send(patient, failing(3, RateLimited("500096")))
    assert len(pauses) >= 3


def test_a_dead_server_is_left_alone(pauses: list[float]) -> None:
    """After a number of failures in a row, each caller fails at its first try."""
    patient = Retries()
    tries = itertools.count()

    def dead() -> str:
        next(tries)
        raise passing()

    for _ in range(10):
        with pytest.raises(TransportError):
            send(patient, dead)
    assert next(tries) < retries.CIRCUIT + 10


def test_reads_survive_a_bad_day(pauses: list[float], caplog: pytest.LogCaptureFixture) -> None:
    """5xx, resets, cut and garbled bodies, gateways' pages, limits: the table is the clean one."""
    sizes: dict[str, Any] = {"assets": 800, "channels": 3, "days": 2, "households": 60}
    clean = demo.login(**sizes, clock=lambda: 1_764_000_123)
    faults = demo.Faults(
        seed=11,
        spare=1,
        error=0.06,
        reset=0.03,
        truncated=0.03,
        garbled=0.02,
        html=0.02,
        rate_limited=0.02,
        too_many=0.02,
        expire_every=120,
    )
    bad = demo.login(**sizes, clock=lambda: 1_764_000_123, faults=faults)
    with caplog.at_level(logging.INFO, "kott_notebooks"):
        tables = [kott.assets(bad) for _ in range(6)]
    wanted = kott.assets(clean)
    assert all(table.equals(wanted) for table in tables)
    assert sum(facts(table)["retries"] for table in tables) > 0
    assert pauses
    assert "again in" in caplog.text
    homes = [one["id"] for one in demo.backend_of(bad).world.objects["KalturaHousehold"]]
    assert len(kott.household_devices(bad, homes)) == len(kott.household_devices(clean, homes))


def test_workers_of_a_stopped_pull_do_not_wait() -> None:
    """Ctrl-C while eight workers pause for a server that asked for 30 s: all end at once."""
    faults = demo.Faults(spare=2, too_many=1.0, retry_after=30)
    session = demo.login(assets=900, channels=2, days=2, households=5, faults=faults)
    began = time.monotonic()
    main = threading.main_thread().ident or 0
    timer = threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(kott.Interrupted):
        kott.assets(session)
    while any(one.name.startswith("kott") for one in threading.enumerate()):
        assert time.monotonic() - began < 5
        time.sleep(0.05)


def test_a_write_is_never_sent_twice(pauses: list[float]) -> None:
    """A lost reply is an error that says so, however often reads would be tried."""
    session = demo.login(assets=50, channels=2, days=2, households=5)
    backend = demo.backend_of(session)
    backend.bad_day = type(backend.bad_day)(demo.Faults(reset=1.0))
    before = len(backend.log)
    with pytest.raises(kott.TransportError, match="may have happened"):
        session.call("entitlement", "grant", productId=1, productType="ppv", history=False)
    assert not any(pauses)
    assert len(backend.log) - before <= 1


class Saying:
    """A server that says one thing after the other, and the last one from then on."""

    def __init__(self, *bodies: bytes) -> None:
        self.bodies, self.asked = list(bodies), 0

    def handle(self, *_: Any) -> Reply:
        body = self.bodies[min(self.asked, len(self.bodies) - 1)]
        self.asked += 1
        return Reply(200, {"Content-Type": "application/json"}, body)

    def login(self, **means: Any) -> kott.Session:
        http, backend = requests.Session(), cast("demo.Backend", self)
        http.mount(demo.URL, DemoAdapter(backend))
        return kott.login(demo.URL, demo.PARTNER_ID, http=http, **means)


LIMITED = b'{"error":{"code":"500096","message":"Rate limit exceeded"}}'


def test_writes_that_are_too_many_stand_in_their_places() -> None:
    """They are sent once; each has its own refusal, or the one for all of them."""
    calls = [("entitlement", "grant"), ("household", "delete")]
    for_each = Saying(b'{"result":[%s,%s]}' % (LIMITED, LIMITED))
    table = for_each.login(ks="ready").multirequest(calls)
    assert [type(one) for one in table] == [RateLimited, RateLimited]
    assert [one.action for one in table] == ["entitlement.grant", "household.delete"]
    for_all = Saying(b'{"result":%s}' % LIMITED)
    table = for_all.login(ks="ready").multirequest(calls)
    assert [type(one) for one in table] == [RateLimited, RateLimited]
    assert for_each.asked == for_all.asked == 1


def test_reads_that_are_too_many_are_an_error(pauses: list[float]) -> None:
    """Once they were asked for often enough."""
    server = Saying(b'{"result":[%s]}' % LIMITED)
    with pytest.raises(RateLimited):
        server.login(ks="ready").multirequest([("session", "get")])
    assert server.asked == retries.ATTEMPTS


def test_a_replay_with_a_new_ks_is_counted() -> None:
    """So that a second reading that began before it is forgotten; packed or not."""
    over = b'{"result":{"error":{"code":"500016"}}}'
    ks = b'{"result":{"ks":"fresh"}}'
    single = Saying(ks, over, ks, b'{"result":{}}')
    assert single.login(anonymous=True)._fetch([Call("asset", "list")]).retries == 1
    packed = Saying(ks, over, ks, b'{"result":[{},{}]}')
    calls = [Call("asset", "list"), Call("asset", "list")]
    assert packed.login(anonymous=True)._fetch(calls).retries == 1
    assert single.asked == packed.asked == 4


KS = b'{"result":{"ks":"djJ8-fresh"}}'


@pytest.mark.parametrize(
    ("means", "sent"),
    [
        ({"username": "ann", "password": "hush"}, 3),
        ({"anonymous": True}, 3),
        ({"app_token": ("id", "hush")}, 4),
    ],
)
def test_the_first_login_is_retried(pauses: list[float], means: dict[str, Any], sent: int) -> None:
    """Where one login does not use up what it is done with."""
    server = Saying(b"{", b"", KS)
    server.login(**means)
    assert server.asked == sent


@pytest.mark.parametrize("means", [{"pin": "1234"}, {"refresh_token": "hush"}])
def test_a_first_login_that_is_used_up_is_sent_once(
    pauses: list[float], means: dict[str, Any]
) -> None:
    """Its lost reply is an error that says so."""
    server = Saying(b"{", KS)
    with pytest.raises(TransportError, match=r"may have happened.*call kott\.login\(\) again"):
        server.login(**means)
    assert server.asked == 1


def test_an_expired_ks_is_renewed_though_nothing_is_retried(pauses: list[float]) -> None:
    """A call that was refused did not happen, so that a write is sent again too."""
    over = b'{"result":{"error":{"code":"500016"}}}'
    server = Saying(KS, over, KS, b'{"result":true}')
    assert server.login(anonymous=True, attempts=1).call("household", "delete") is True
    assert pauses == [0.0]


def lost_login(session: kott.Session, **means: Any) -> tuple[kott.Session, Any]:
    """Log in by other means; the ks is over, and the reply to the login that renews it is lost."""
    renewed = kott.login(demo.URL, demo.PARTNER_ID, http=session._connections.http, **means)
    backend = demo.backend_of(session)
    backend.partner.sessions.clock = lambda: time.time() + 2 * 86_400
    backend.bad_day = type(backend.bad_day)(demo.Faults(spare=1, truncated=1.0))
    backend.log.clear()
    return renewed, backend


def test_a_refresh_token_is_never_sent_twice(pauses: list[float]) -> None:
    """Its lost reply may have used it up; every later call says so, and what to do."""
    old = demo.login(deployment="old", assets=50, channels=2, days=2, households=5)
    token = old.call("ottUser", "anonymousLogin", partnerId=demo.PARTNER_ID)["refreshToken"]
    session, backend = lost_login(old, refresh_token=token)
    with pytest.raises(TransportError, match=r"may have happened.*call kott\.login\(\) again"):
        session.call("session", "get")
    backend.bad_day = type(backend.bad_day)(demo.Faults())
    with pytest.raises(TransportError, match=r"call kott\.login\(\) again"):
        session.call("session", "get")
    assert [one["action"] for one in backend.log].count("refreshSession") == 1
    assert not any(pauses)


def test_a_refresh_token_is_sent_once_before_the_ks_ends(pauses: list[float]) -> None:
    """What was sent early, and lost, is not sent with the next call; the old ks lasts on."""
    old = demo.login(deployment="old", assets=50, channels=2, days=2, households=5)
    token = old.call("ottUser", "anonymousLogin", partnerId=demo.PARTNER_ID)["refreshToken"]
    session = kott.login(demo.URL, demo.PARTNER_ID, http=old._connections.http, refresh_token=token)
    session._renew_at = time.monotonic() - 1
    backend = demo.backend_of(session)
    backend.log.clear()
    backend.bad_day = type(backend.bad_day)(demo.Faults(truncated=1.0))
    with pytest.raises(TransportError):
        session.call("session", "get")
    backend.bad_day = type(backend.bad_day)(demo.Faults())
    assert session.call("session", "get")["ks"]
    assert [one["action"] for one in backend.log].count("refreshSession") == 1


def test_a_password_is_sent_until_somebody_answers(pauses: list[float]) -> None:
    """One login does not use it up."""
    session = demo.login(assets=50, channels=2, days=2, households=5)
    known = {"username": demo.USERNAME, "password": demo.PASSWORD}
    session, backend = lost_login(session, **known)
    with pytest.raises(TransportError):
        session.call("session", "get")
    assert [one["action"] for one in backend.log].count("login") == retries.ATTEMPTS
    backend.bad_day = type(backend.bad_day)(demo.Faults())
    assert session.call("session", "get")["ks"]


def test_the_stop_button_is_quick_and_what_came_is_kept() -> None:
    """Interrupted in mid-pull: back within a second, and going on asks for the rest alone."""
    sizes: dict[str, Any] = {"assets": 4_000, "channels": 2, "days": 2, "households": 5}
    quiet = demo.login(**sizes, clock=lambda: 1_764_000_123)
    wanted = kott.assets(quiet, workers=2)
    session = demo.login(
        **sizes, clock=lambda: 1_764_000_123, faults=demo.Faults(spare=1, latency=0.15)
    )
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    timer = threading.Timer(0.6, press)
    timer.start()
    with pytest.raises(kott.Interrupted) as stopped:
        kott.assets(session, workers=2)
    assert time.monotonic() - pressed[0] < 1
    assert len(stopped.value.partial) > 0
    listed = pages_listed(session)
    table = session.unfinished[-1].resume()
    assert table.equals(wanted)
    assert session.unfinished == []
    pages, tiles = -(-len(wanted) // 50), -(-len(wanted) // 45)
    assert facts(table)["pages"] == pages
    # no page that was received is requested again
    received = len(stopped.value.partial) // 50
    assert pages_listed(session) - listed <= pages - received + tiles


def pages_listed(session: kott.Session) -> int:
    """Count the pages that were asked for, one by one or packed."""
    log = demo.backend_of(session).log
    return sum(entry["service"] == "asset" for entry in log)
