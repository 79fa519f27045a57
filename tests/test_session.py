"""The session against the demo partner: who it is, what it sends, what it says when it fails."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.api.secrets import Secret
from kott_notebooks.demo.catalogue import Account

NOW = 1_764_000_123


class Clock:
    """The server's clock, which stands still until it is moved."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(clock: Clock) -> Callable[..., kott.Session]:
    """Log in to a small demo partner, by whatever means."""

    def log_in(**arguments: Any) -> kott.Session:
        sizes: dict[str, Any] = {"assets": 120, "channels": 4, "days": 3, "households": 12}
        return demo.login(**sizes, clock=clock, **arguments)

    return log_in


@pytest.fixture
def session(login: Callable[..., kott.Session]) -> kott.Session:
    """An operator's session."""
    return login()


def logged(session: kott.Session, action: str) -> dict[str, Any]:
    """Give what the server noted of the last call of an action."""
    notes = [one for one in demo.backend_of(session).log if one["action"] == action]
    return dict(notes[-1])


def account(session: kott.Session, role: str = "operator") -> Account:
    return next(one for one in demo.backend_of(session).world.accounts if role in one.roles)


def again(session: kott.Session, **means: Any) -> kott.Session:
    """Log in to the same partner once more, by other means."""
    return kott.login(demo.URL, demo.PARTNER_ID, http=session._connections.http, **means)


# Ways in


def test_a_user_logs_in_with_a_password(session: kott.Session) -> None:
    """And is who the server says."""
    who = session.whoami()
    assert who["username"] == demo.USERNAME
    assert who["partner_id"] == demo.PARTNER_ID
    assert who["expires"] == session.expiry
    assert "ks" not in who


def test_roles_are_named_where_they_may_be_listed(login: Callable[..., kott.Session]) -> None:
    """An operator reads a name; a user, who may not list the roles, a number."""
    staff = login(user="operator")
    assert staff.whoami()["roles"] == "Operator"
    backend = demo.backend_of(staff)
    assert login(backend=backend, user="master").whoami()["roles"] == "1,2"


def test_every_other_way_in(session: kott.Session) -> None:
    """Anonymous, pin, application token, ready ks, access-token: each opens a session."""
    operator = account(session)
    holder = next(one for one in demo.backend_of(session).world.accounts if one.pin)
    assert again(session, anonymous=True).whoami()["roles"] == "anonymous"
    pin = again(session, pin=holder.pin, pin_secret=holder.pin_secret)
    assert pin.whoami()["user_id"] == holder.user_id
    for name, token, kind in operator.app_tokens:
        by_token = again(session, app_token=(name, token, kind))
        assert by_token.whoami()["user_id"] == operator.user_id
    ks = session._secrets["ks"].reveal()
    assert again(session, ks=ks).whoami()["user_id"] == operator.user_id
    access = again(session, ks=operator.access_token)
    assert access.whoami()["user_id"] == operator.user_id


def test_a_refresh_token_is_used_once_and_renewed(login: Callable[..., kott.Session]) -> None:
    """Older servers hand one out with each login."""
    old = login(deployment="old")
    token = old.call("ottUser", "anonymousLogin", partnerId=demo.PARTNER_ID)["refreshToken"]
    session = again(old, refresh_token=token)
    assert session.whoami()["roles"] == "anonymous"
    assert session._secrets["refresh_token"].reveal() != token


@pytest.mark.parametrize(
    ("means", "code"),
    [
        ({"username": "nobody", "password": "wrong-wrong"}, "1011"),
        ({"username": demo.USERNAME, "password": "wrong-wrong"}, "1011"),
        ({"pin": "no-such-pin"}, None),
        ({"app_token": ("no-such-id", "no-such-token")}, None),
    ],
)
def test_a_wrong_secret_is_refused_and_not_shown(
    session: kott.Session, means: dict[str, Any], code: str | None
) -> None:
    """One line that says what to do; the secret stands nowhere in the traceback."""
    with pytest.raises(kott.ApiError) as caught:
        again(session, **means)
    assert code is None or caught.value.code == code
    assert "\n" not in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    for secret in ("wrong-wrong", "no-such-pin", "no-such-token"):
        assert secret not in shown


def test_an_unknown_hash_type_is_not_shown(session: kott.Session) -> None:
    """It may be a part of the token: KOTT_APP_TOKEN is cut at its colons."""
    with pytest.raises(kott.CredentialsError, match="hashType is one of MD5") as caught:
        again(session, app_token=("id", "hush", "hunter2"))
    assert "hunter2" not in str(caught.value)


def test_a_wrong_password_is_a_login_error(session: kott.Session) -> None:
    """By its class, and by its words."""
    with pytest.raises(kott.LoginError, match=r"Check username and password\."):
        again(session, username=demo.USERNAME, password="wrong-wrong")


def test_a_wrong_partner_is_a_login_error(session: kott.Session) -> None:
    """The message says what to check."""
    with pytest.raises(kott.LoginError, match="Check partner_id and url"):
        kott.login(demo.URL, 999, anonymous=True, http=session._connections.http)


# What is sent


@pytest.mark.parametrize("format", ["json", "xml"])
def test_every_global_parameter_arrives(login: Callable[..., kott.Session], format: str) -> None:
    """Given at login they go with every call; given with a call they hold for it."""
    session = login(
        format=format, language="fra", currency="GBP", client_tag="audit:1", api_version="11.4.0.0"
    )
    session.call("session", "get")
    note = logged(session, "get")
    assert (note["language"], note["currency"]) == ("fra", "GBP")
    assert (note["clientTag"], note["apiVersion"]) == ("audit:1", "11.4.0.0")
    session.call("session", "get", language="ell", clientTag="audit:2")
    note = logged(session, "get")
    assert (note["language"], note["clientTag"], note["currency"]) == ("ell", "audit:2", "GBP")


def test_the_language_changes_what_comes(session: kott.Session) -> None:
    """One asset, three languages, and all of them at once."""
    number = int(kott.assets(session, limit=1)["id"][0])
    names = {
        language: kott.assets(session, f"media_id='{number}'", language=language)["name"][0]
        for language in ("eng", "fra", "ell")
    }
    assert len(set(names.values())) > 1
    for language, name in names.items():
        own = again(session, username=demo.USERNAME, password=demo.PASSWORD, language=language)
        assert kott.assets(own, f"media_id='{number}'")["name"].tolist() == [name]
    every = kott.assets(session, f"media_id='{number}'", language="*")
    texts = kott.translations(every).query("field == 'name'").set_index("language")["value"]
    assert texts.to_dict() == names


def test_the_currency_arrives(session: kott.Session) -> None:
    """Given with a call, it is noted by the server."""
    for currency in ("EUR", "GBP"):
        session.call("session", "get", currency=currency)
        assert logged(session, "get")["currency"] == currency


def test_a_user_id_acts_for_somebody_else(session: kott.Session) -> None:
    """An operator sees what the user would see."""
    master = account(session, "master")
    table = session.call("ottUser", "get", userId=master.user_id)
    assert table["id"] == master.user_id
    acting = again(session, username=demo.USERNAME, password=demo.PASSWORD, user_id=master.user_id)
    assert acting.call("ottUser", "get")["id"] == master.user_id


def test_a_response_profile_narrows_what_comes(session: kott.Session) -> None:
    """`fields` asks for some properties, and no others travel."""
    table = kott.assets(session, fields=["name"], limit=3)
    assert list(table.columns) == ["objectType", "id", "name"]
    raw = next(
        iter(
            session.records(
                "asset",
                limit=1,
                filter={"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"},
                responseProfile={
                    "objectType": "KalturaOnDemandResponseProfile",
                    "retrievedProperties": "objectType,id,name",
                },
            )
        )
    )
    assert set(raw) == {"objectType", "id", "name"}


# Calls


def test_a_multirequest_uses_earlier_results(session: kott.Session) -> None:
    """A login and a call with its ks, in one request; a failure stands in its place."""
    first, second, third = session.multirequest(
        [
            ("ottUser", "anonymousLogin", {"partnerId": demo.PARTNER_ID}),
            ("session", "get", {"ks": "{1:result:ks}"}),
            ("household", "get", {"id": 1, "ks": "{1:result:ks}"}),
        ]
    )
    assert first["ks"]
    assert second["userId"] == "0"
    assert isinstance(third, kott.Forbidden)
    assert third.action == "household.get"


def test_what_the_role_may_not_is_forbidden(login: Callable[..., kott.Session]) -> None:
    """Anonymous users see no households; the message says who may."""
    session = login(user="anonymous")
    with pytest.raises(kott.Forbidden, match=r"household\.get: .*500004.*log in as one that may"):
        kott.households(session, [1])


def test_an_unknown_action_is_named(session: kott.Session) -> None:
    """The API's own refusal, with where to look."""
    with pytest.raises(kott.ApiError, match=r"kott\.services\(\) lists them"):
        session.call("asset", "shine")


@pytest.mark.parametrize(
    ("ksql", "code"),
    [("(and name~'x'", "4004"), ("nosuchkey='1'", "4005"), ("start_date>'x'", "4002")],
)
def test_a_filter_that_cannot_be_read_is_a_ksql_error(
    session: kott.Session, ksql: str, code: str
) -> None:
    """Syntax, key or value: one line each."""
    with pytest.raises(kott.KsqlError) as caught:
        kott.assets(session, ksql)
    assert caught.value.code == code
    assert caught.value.hint in str(caught.value)


def test_records_come_one_by_one_and_a_limit_stops_them(session: kott.Session) -> None:
    """As the API sends them."""
    asked = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}
    table = list(session.records("asset", filter=asked, limit=7))
    assert len(table) == 7
    assert all(one["objectType"].startswith("Kaltura") for one in table)


def test_a_count_asks_for_one_row(session: kott.Session) -> None:
    """With a pager by the total, without by the rows."""
    asked = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}
    assert session.count("asset", filter=asked) == len(kott.assets(session))
    assert logged(session, "list")
    assert session.count("assetStruct") == len(kott.listing(session, "assetStruct"))


# The end of a ks


def test_an_expired_ks_is_renewed_and_the_call_replayed(
    session: kott.Session, clock: Clock
) -> None:
    """Nobody notices, once or twice; multirequests too."""
    before = session.expiry
    clock.now += 2 * 86_400
    assert len(kott.assets(session, limit=3)) == 3
    assert session.expiry is not None
    assert before is not None
    assert session.expiry > before
    clock.now += 2 * 86_400
    (table,) = session.multirequest([("session", "get")])
    assert table["userId"] == account(session).user_id


def test_a_ks_that_ends_in_mid_pull_is_renewed(
    login: Callable[..., kott.Session], clock: Clock
) -> None:
    """No row is lost or doubled."""
    session = login()
    whole = kott.assets(session)
    pull = iter(
        session.pages(
            "asset",
            filter={"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"},
            pager={"pageSize": 20},
        )
    )
    first = next(pull)
    clock.now += 2 * 86_400
    rows = first.rows + sum(page.rows for page in pull)
    assert rows == len(whole)


def test_a_ready_ks_that_is_over_says_so(session: kott.Session, clock: Clock) -> None:
    """It cannot be renewed; the message tells what to do, and not the ks."""
    ks = session._secrets["ks"].reveal()
    ready = again(session, ks=ks)
    clock.now += 2 * 86_400
    with pytest.raises(kott.SessionExpired, match="cannot be renewed: get a new ks") as caught:
        ready.whoami()
    assert ks not in "".join(traceback.format_exception(caught.value))


def test_a_logout_ends_the_ks_and_forgets_the_secrets(session: kott.Session) -> None:
    """The server no longer takes it, and the session says what to do."""
    ks = session._secrets["ks"].reveal()
    with session:
        pass
    assert "logged out" in repr(session)
    assert session._secrets == {}
    with pytest.raises(kott.KottError, match="logged out"):
        session.call("session", "get")
    with pytest.raises(kott.SessionExpired):
        again(session, ks=ks).whoami()


def test_a_ready_ks_outlives_its_block(session: kott.Session) -> None:
    """It is its owner's to end; the session itself forgets it."""
    ks = session._secrets["ks"].reveal()
    for _ in range(2):
        with again(session, ks=ks) as ready:
            assert ready.whoami()["user_id"] == account(session).user_id
        assert ready._secrets == {}


def test_a_refused_logout_hides_no_other_error(session: kott.Session) -> None:
    """The block ends as it would have; the secrets are gone."""
    backend = demo.backend_of(session)
    session.__enter__()
    backend.bad_day = type(backend.bad_day)(demo.Faults(reset=1.0))
    session.__exit__(None, None, None)
    assert "logged out" in repr(session)


def test_a_password_that_was_changed_is_tried_once(
    session: kott.Session, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight workers whose ks is over do not lock the account."""
    session._secrets["password"] = Secret("no longer right")
    clock.now += 2 * 86_400
    before = len(demo.backend_of(session).log)
    for _ in range(3):
        with pytest.raises(kott.LoginError):
            kott.assets(session)
    tried = list(demo.backend_of(session).log)[before:]
    assert [one["action"] for one in tried].count("login") == 1


def test_no_call_is_no_request(session: kott.Session) -> None:
    """An empty multirequest answers nothing."""
    assert session.multirequest([]) == []


# Secrets


def test_no_secret_is_shown_logged_or_pickled(
    session: kott.Session, caplog: pytest.LogCaptureFixture
) -> None:
    """repr, HTML card, log lines, pickles, copies: neither password nor ks."""
    with caplog.at_level(logging.DEBUG):
        table = kott.assets(session, limit=5)
    shown = repr(session) + session._repr_html_() + caplog.text + repr(vars(session))
    shown += str(table.attrs) + table.to_csv()
    assert "asset.list" in caplog.text
    for secret in (demo.PASSWORD, session._secrets["ks"].reveal()):
        assert secret not in shown
    for spread in (pickle.dumps, copy.deepcopy):
        with pytest.raises(kott.CredentialsError, match="cannot be pickled"):
            spread(session)


def test_a_card_says_whose_data_it_is(session: kott.Session, partner: str) -> None:
    """The demo's is made up, in this process or served; a partner's is its own."""
    assert "Made-up data of the demo partner" in session._repr_html_()
    assert "Made-up data of the demo partner" in kott.login()._repr_html_()
    anonymous = kott.login(partner, demo.PARTNER_ID, anonymous=True)
    assert "Data of partner 478 at 127.0.0.1" in anonymous._repr_html_()


def test_a_card_shows_who_and_until_when(session: kott.Session) -> None:
    """In words, every one of them escaped."""
    session.username = "<b>ann</b>"
    assert "partner 478" in repr(session)
    assert "ks until" in repr(session)
    assert "&lt;b&gt;ann&lt;/b&gt;" in session._repr_html_()


def test_a_ks_in_the_api_s_words_is_masked(session: kott.Session) -> None:
    """Some messages quote what they refuse."""
    ks = session._secrets["ks"].reveal()
    with pytest.raises(kott.ApiError) as caught:
        session.call("asset", "list", filter={"objectType": "KalturaSearchAssetFilter", "kSql": ks})
    assert ks not in str(caught.value)
    assert ks not in str(caught.value.arguments)
    assert ks not in "".join(traceback.format_exception(caught.value))
    wrong = {"objectType": "KalturaSearchAssetFilter", "kSql": ks}
    (table,) = session.multirequest([("asset", "list", {"filter": wrong})])
    assert isinstance(table, kott.ApiError)
    assert ks not in str(table) + str(table.arguments)


@pytest.mark.parametrize(
    "secret",
    [
        {"password": "hunter2"},
        {"extraParams": {"token": {"objectType": "KalturaStringValue", "value": "hunter2"}}},
    ],
)
def test_a_secret_that_was_sent_is_masked_in_the_api_s_words(
    session: kott.Session, secret: dict[str, Any]
) -> None:
    """The session does not hold it, but the message may quote it; here as a language."""
    asked = {"partnerId": demo.PARTNER_ID, "language": "hunter2", **secret}
    with pytest.raises(kott.ApiError, match=r"Language \[\*\*\*\]") as caught:
        session.call("ottUser", "login", **asked)
    shown = "".join(traceback.format_exception(caught.value))
    (table,) = session.multirequest([("ottUser", "login", asked)])
    assert isinstance(table, kott.ApiError)
    for error in (caught.value, table):
        shown += f"{error} {error.arguments}"
    assert "hunter2" not in shown


def test_a_ks_that_was_sent_is_masked(session: kott.Session) -> None:
    """One of somebody else's, too."""
    other = again(session, anonymous=True)._secrets["ks"].reveal()
    with pytest.raises(kott.ApiError, match=r"Language \[\*\*\*\]") as caught:
        session.call("session", "get", ks=other, language=other)
    assert other not in "".join(traceback.format_exception(caught.value))
    assert other not in str(caught.value.arguments)


def test_an_unknown_format_is_refused(login: Callable[..., kott.Session]) -> None:
    """JSON or XML."""
    with pytest.raises(kott.KottError, match="format is 'json' or 'xml'"):
        login(format="yaml")
