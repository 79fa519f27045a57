"""Every way in and out, what a ks is worth, and when it is worth nothing."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.backend.sessions import Sessions
from kott_notebooks.demo.catalogue import Account, World

from .asking import NOW, PARTNER, Api, Clock, log_in
from .conftest import Make

DAY = 86_400


def account(api: Api, role: str = "operator") -> Account:
    """Give the account whose highest role is this."""
    accounts = api.backend.partner.sessions.accounts
    return next(one for one in accounts if one.roles[-1] == role)


def login(api: Api, **changes: Any) -> Any:
    """Log in as the operator, with something different."""
    operator = account(api)
    given = {"username": operator.username, "password": operator.password, "partnerId": PARTNER}
    return api("ottUser.login", **given | changes)


def test_a_password_opens_a_session_of_a_day(api: Api) -> None:
    """With the user, and a ks that says `v2` and the partner when decoded."""
    answer = login(api)
    session = answer["loginSession"]
    assert answer["objectType"] == "KalturaLoginResponse"
    assert answer["user"]["id"] == account(api).user_id
    assert session["expiry"] == NOW + DAY
    assert session["ks"].startswith("djJ8")
    assert base64.urlsafe_b64decode(session["ks"]).startswith(b"v2|478|")


def test_two_logins_have_two_ks(api: Api) -> None:
    """A ks is random."""
    assert login(api)["loginSession"]["ks"] != login(api)["loginSession"]["ks"]


def test_a_name_has_no_case(api: Api) -> None:
    """As mail addresses have none."""
    assert "loginSession" in login(api, username=account(api).username.upper())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "wrong"}, "1011"),
        ({"username": "nobody"}, "1011"),
        ({"username": None}, "1011"),
        ({"partnerId": 1}, "500008"),
        ({"partnerId": "ours"}, "500054"),
        ({"partnerId": None}, "500053"),
    ],
)
def test_a_failed_login_says_what_was_wrong(api: Api, changes: Any, code: str) -> None:
    """Whether name or password was wrong is not told apart."""
    assert login(api, **changes)["error"]["code"] == code


def test_a_user_who_is_not_activated_does_not_come_in(world: World, clock: Clock) -> None:
    """2016, though the password is right."""
    users = [one | {"userState": "user_not_activated"} for one in world.objects["KalturaOTTUser"]]
    asleep = replace(world, objects=world.objects | {"KalturaOTTUser": users})
    assert login(Api(Backend(asleep, clock=clock)))["error"]["code"] == "2016"


def test_wrong_passwords_lock_a_user_for_a_while(api: Api, clock: Clock) -> None:
    """Five in a row, and even the right one is refused for five minutes."""
    for _ in range(5):
        assert login(api, password="wrong")["error"]["code"] == "1011"
    assert login(api)["error"]["code"] == "2015"
    clock.now += 301
    assert "loginSession" in login(api)


def test_a_right_password_starts_the_count_anew(api: Api) -> None:
    """Four wrong ones, a right one, four wrong ones: no lock."""
    for _ in range(2):
        for _ in range(4):
            login(api, password="wrong")
        assert "loginSession" in login(api)


def test_a_lock_is_for_one_user(api: Api) -> None:
    """Others come in."""
    for _ in range(6):
        login(api, password="wrong")
    other = account(api, "user")
    assert "loginSession" in login(api, username=other.username, password=other.password)


def test_anybody_may_come_in_anonymously(make: Make) -> None:
    """As the user 0."""
    api = log_in(make(), "anonymous")
    assert api("session.get")["userId"] == "0"
    assert api.code("ottUser.anonymousLogin", partnerId=1) == "500008"


def test_a_pin_opens_a_session(api: Api) -> None:
    """With its secret, where it has one."""
    holder = next(one for one in api.backend.partner.sessions.accounts if one.pin)
    given = {"partnerId": PARTNER, "pin": holder.pin}
    answer = api("ottUser.loginWithPin", **given, secret=holder.pin_secret)
    assert answer["user"]["id"] == holder.user_id
    assert api.code("ottUser.loginWithPin", **given, secret="wrong") == "2003"
    assert api.code("ottUser.loginWithPin", partnerId=PARTNER, pin="000000") == "2003"


def test_an_application_token_opens_a_session(make: Make) -> None:
    """Its hash together with an anonymous ks proves that one has it."""
    api = log_in(make(), "anonymous")
    for holder in api.backend.partner.sessions.accounts:
        for known, token, kind in holder.app_tokens:
            hashed = hashlib.new(kind.lower(), f"{api.ks}{token}".encode()).hexdigest()
            answer = api("appToken.startSession", id=known, tokenHash=hashed, expiry=600)
            assert answer["objectType"] == "KalturaSessionInfo"
            assert answer["userId"] == holder.user_id
            assert answer["expiry"] == NOW + 600
            assert Api(api.backend, answer["ks"])("session.get")["userId"] == holder.user_id


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tokenHash": "00"}, "50022"),
        ({"id": "no-such-token"}, "500055"),
        ({"ks": None}, "500004"),
        ({"expiry": -1}, "500048"),
    ],
)
def test_a_wrong_application_token_opens_nothing(make: Make, changes: Any, code: str) -> None:
    """And neither does a right one without a ks."""
    api = log_in(make(), "anonymous")
    holder = next(one for one in api.backend.partner.sessions.accounts if one.app_tokens)
    known, token, kind = holder.app_tokens[0]
    hashed = hashlib.new(kind.lower(), f"{api.ks}{token}".encode()).hexdigest()
    given = {"id": known, "tokenHash": hashed} | changes
    refused = Api(api.backend)("appToken.startSession", **{"ks": api.ks} | given)
    assert refused["error"]["code"] == code


def test_an_access_token_serves_as_a_ks(api: Api) -> None:
    """As TVP-API's do."""
    holder = next(one for one in api.backend.partner.sessions.accounts if one.access_token)
    assert Api(api.backend, holder.access_token)("session.get")["userId"] == holder.user_id


def test_refresh_tokens_are_of_older_servers(api: Api) -> None:
    """Today's neither issue them nor know the action."""
    assert "refreshToken" not in login(api)["loginSession"]
    assert api.code("ottUser.refreshSession", refreshToken="x") == "500012"


def test_a_refresh_token_opens_a_session_on_older_servers(make: Make) -> None:
    """For whoever it was issued to."""
    api = log_in(make(deployment="old"))
    token = login(api)["loginSession"]["refreshToken"]
    answer = api("ottUser.refreshSession", refreshToken=token)
    assert Api(api.backend, answer["ks"])("session.get")["userId"] == account(api).user_id
    assert api.code("ottUser.refreshSession", refreshToken="x") == "500034"


def test_a_ks_ends_when_its_time_is_up(api: Api, clock: Clock) -> None:
    """To the second."""
    clock.now = NOW + DAY - 1
    assert api("session.get")["expiry"] == NOW + DAY
    clock.now = NOW + DAY
    assert api.code("session.get") == "500016"


@pytest.mark.parametrize("action", ["session.revoke", "ottUser.logout"])
def test_a_session_that_was_ended_is_over(api: Api, action: str) -> None:
    """Its ks is answered like an expired one."""
    assert api(action) is True
    assert api.code("asset.list") == "500016"


@pytest.mark.parametrize(
    ("ks", "code"),
    [
        ("nonsense", "500015"),
        ("djJ8!!", "500015"),
        (base64.urlsafe_b64encode(b"v2|478|forged").decode(), "500015"),
        (base64.urlsafe_b64encode(b"v2|479|of another partner").decode(), "500008"),
        (base64.urlsafe_b64encode(b"\xff|\xff|").decode(), "500015"),
        ("é", "500015"),
        (["a list"], "500015"),
    ],
)
def test_a_ks_that_nobody_issued_is_refused(api: Api, ks: Any, code: str) -> None:
    """That of another partner is told apart."""
    assert api.code("asset.list", ks=ks) == code


def test_without_a_ks_nothing_but_the_doors_is_open(make: Make) -> None:
    """Logins and the like."""
    api = Api(make())
    assert api("system.ping") is True
    assert api.code("asset.list") == "500004"


def test_a_stale_ks_does_not_keep_anybody_out(api: Api) -> None:
    """A login does not look at it."""
    assert "loginSession" in login(api, ks="stale")


def test_a_session_tells_about_itself(api: Api) -> None:
    """And staff may ask about another's."""
    other = log_in(api.backend, "user")
    assert api("session.get")["createDate"] == NOW
    assert api("session.get", session=other.ks)["userId"] == account(api, "user").user_id
    assert other.code("session.get", session=api.ks) == "500004"


def test_staff_may_become_anybody(api: Api) -> None:
    """The old session ends with it."""
    wanted = account(api, "user").user_id
    answer = api("session.switchUser", userIdToSwitch=wanted)
    assert Api(api.backend, answer["ks"])("ottUser.get")["id"] == wanted
    assert api.code("session.get") == "500016"


def test_a_master_may_become_another_of_the_household(make: Make) -> None:
    """But nobody of another one, and nobody who does not exist."""
    api = log_in(make(), "master")
    home = api("household.get")["id"]
    users = api("householdUser.list")["objects"]
    stranger = next(
        one
        for one in api.backend.partner.records("KalturaHouseholdUser")
        if one["householdId"] != home
    )
    assert api.code("session.switchUser", userIdToSwitch=stranger["userId"]) == "1005"
    assert api.code("session.switchUser", userIdToSwitch="no-such-user") == "2000"
    assert "ks" in api("session.switchUser", userIdToSwitch=users[-1]["userId"])


def test_old_sessions_are_forgotten_in_the_end(make: Make) -> None:
    """The server does not grow without bounds."""
    backend = make()
    sessions: Sessions = backend.partner.sessions
    first = sessions.open(None)
    for _ in range(20_000):
        sessions.open(None)
    assert Api(backend, first.token).code("asset.list") == "500015"
