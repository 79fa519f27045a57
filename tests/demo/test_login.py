"""demo.login(), demo.serve() and demo.defects(): the real client against the demo."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.demo.faults import Faults

from .asking import NOW, Clock

SMALL: dict[str, Any] = {"assets": 120, "channels": 4, "days": 3, "households": 12}


@pytest.fixture(scope="module")
def backend() -> demo.Backend:
    """A small partner that the module's sessions share."""
    return demo.make(**SMALL, clock=Clock(), deployment="old")


def test_an_operator_is_logged_in_without_asking() -> None:
    """One call, no credentials, no network."""
    session = demo.login(**SMALL)
    assert (session.url, session.partner_id) == (demo.URL, demo.PARTNER_ID)
    assert session.username == demo.USERNAME
    assert demo.backend_of(session).world.media.count == 120


@pytest.mark.parametrize("user", ["user", "master", "operator", "manager", "administrator"])
def test_a_user_is_chosen_by_role(backend: demo.Backend, user: str) -> None:
    """Or by name."""
    session = demo.login(backend=backend, user=user)
    named = demo.login(backend=backend, user=f"{user}@demo.kott.invalid")
    assert session.whoami()["user_id"] == named.whoami()["user_id"]


def test_nobody_in_particular_may_log_in_too(backend: demo.Backend) -> None:
    """The anonymous user is a role like any other."""
    assert demo.login(backend=backend, user="anonymous").whoami()["user_id"] == "0"


def test_a_custom_role_is_a_user(backend: demo.Backend) -> None:
    """It has what its permission items give it."""
    item = {"objectType": "KalturaApiActionPermissionItem", "service": "asset", "action": "*"}
    session = demo.login(**SMALL, roles={"reader": [item]}, user="reader")
    assert session.count("asset") > 0
    with pytest.raises(kott.KottError):
        session.call("meta", "list")


def test_an_unknown_user_is_refused_with_those_that_there_are(backend: demo.Backend) -> None:
    """By their roles."""
    with pytest.raises(kott.KottError, match=r"anonymous.*operator"):
        demo.login(backend=backend, user="nobody")


def test_every_other_way_in_works_with_the_real_client(backend: demo.Backend) -> None:
    """Pin, application token of each hash, refresh token, access token, a ready ks."""
    accounts = backend.partner.sessions.accounts
    operator = next(one for one in accounts if one.roles == ("operator",))
    user = next(one for one in accounts if one.pin_secret)
    ks = backend.partner.sessions.open(user).token
    ways: list[dict[str, Any]] = [
        {"pin": operator.pin},
        {"pin": user.pin, "pin_secret": user.pin_secret},
        {"refresh_token": operator.refresh_token},
        {"ks": operator.access_token},
        {"ks": ks},
        *({"app_token": token} for token in operator.app_tokens),
    ]
    assert {kind for _, _, kind in operator.app_tokens} <= {
        one.upper() for one in hashlib.algorithms_available
    }
    for way in ways:
        wanted = user if "pin_secret" in way or way.get("ks") == ks else operator
        assert demo.login(backend=backend, **way).whoami()["user_id"] == wanted.user_id


def test_every_global_parameter_arrives(backend: demo.Backend) -> None:
    """They are in the log, and change what is answered."""
    user = next(one for one in backend.partner.sessions.accounts if one.roles == ("user",))
    session = demo.login(
        backend=backend,
        language="fra",
        currency="USD",
        user_id=user.user_id,
        client_tag="a test",
        api_version="9.9.9.9",
    )
    assert session.call("household", "get")["id"] == user.household_id
    last = backend.log[-1]
    assert last["service"] == "household"
    assert last["language"] == "fra"
    assert last["currency"] == "USD"
    assert last["userId"] == user.user_id
    assert last["clientTag"] == "a test"
    assert last["apiVersion"] == "9.9.9.9"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_format_is_asked_for_and_read(backend: demo.Backend, form: str) -> None:
    """The same number of assets in both."""
    session = demo.login(backend=backend, format=form)
    assert len(kott.assets(session)) == 120
    assert str(backend.log[-1]["format"]) == {"json": "1", "xml": "2"}[form]


def test_the_same_arguments_share_a_world() -> None:
    """It is built once, however often it is asked for."""
    clock = Clock(NOW + 5)
    first, second = (demo.make(**SMALL, clock=clock) for _ in range(2))
    assert first.world is second.world
    assert demo.make(**SMALL, seed=8, clock=clock).world is not first.world


def test_a_ks_that_is_over_is_renewed_by_the_client(backend: demo.Backend) -> None:
    """A fixed clock decides when."""
    clock = Clock()
    session = demo.login(**SMALL, clock=clock)
    clock.now += 90_000
    assert session.call("system", "getTime") == NOW + 90_000
    assert session.count("asset") > 0


def test_a_bad_day_is_handed_in() -> None:
    """And the client has to live with it."""
    session = demo.login(**SMALL, faults=Faults(rate_limited=1.0, spare=1))
    with pytest.raises(kott.KottError, match="500096"):
        session.call("household", "suspend")


def test_a_server_is_made_of_the_same_arguments() -> None:
    """Or of a backend that is there already."""
    with demo.serve(**SMALL, clock=Clock()) as server:
        session = kott.login(
            server.url, demo.PARTNER_ID, username=demo.USERNAME, password=demo.PASSWORD
        )
        assert len(kott.assets(session)) == 120
        with pytest.raises(kott.KottError, match="real server"):
            demo.backend_of(session)
        session.logout()


def test_defects_are_a_table(backend: demo.Backend) -> None:
    """One row a defect; a clean world has none, with the same columns."""
    session = demo.login(backend=backend)
    planted = demo.defects(session)
    assert list(planted.columns) == ["rule", "kind", "id", "what"]
    assert len(planted) == len(backend.world.defects)
    clean = demo.defects(demo.login(**SMALL, defects=False))
    assert list(clean.columns) == list(planted.columns)
    assert clean.empty


def test_a_deployment_that_does_not_exist_is_refused() -> None:
    """With the names of those that there are."""
    with pytest.raises(ValueError, match=r"strict, roomy, old"):
        demo.make(**SMALL, deployment="lax")  # type: ignore[arg-type]
