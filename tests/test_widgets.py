"""The login form, pressed without a browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.demo.server import Server
from kott_notebooks.errors import KottError
from kott_notebooks.widgets import LoginForm, static
from kott_notebooks.widgets.login import NAMES, WAYS


@pytest.fixture
def form(server: Server) -> LoginForm:
    """A form with everything filled in but the password."""
    return LoginForm(server.url, demo.PARTNER_ID, demo.USERNAME)


def press(form: LoginForm, password: str) -> str:
    """Type a password, press the button; give what the form then says."""
    form.password.value = password
    form.button.click()
    return str(form.status.value)


def state(form: LoginForm) -> str:
    """Everything that a saved notebook would hold of the form."""
    widgets = [form.box, *form.box.children]
    return json.dumps([one.get_state() for one in widgets], default=str)


def test_the_right_password_logs_in(form: LoginForm) -> None:
    """The form says who is logged in, and its session works."""
    assert demo.USERNAME in press(form, demo.PASSWORD)
    assert form.session.whoami()["username"] == demo.USERNAME


def test_before_the_button_there_is_no_session(form: LoginForm) -> None:
    """Asking too early says what to do."""
    with pytest.raises(KottError, match="Not logged in yet: press Log in above"):
        _ = form.session


def test_a_wrong_password_is_shown_as_refused(form: LoginForm) -> None:
    """The form shows the API's own reason, and there is no session."""
    said = press(form, "wrong")
    assert "Not logged in" in said
    assert "1011" in said
    with pytest.raises(KottError, match="Not logged in yet"):
        _ = form.session


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_wrong_file_of_certificates_is_named(
    content: str | None, form: LoginForm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words, without the password; with the file corrected, the same form logs in."""
    path = tmp_path / "certificates.pem"
    if content is not None:
        path.write_text(content, "utf-8")
    with monkeypatch.context() as wrong:
        wrong.setenv("REQUESTS_CA_BUNDLE", str(path))
        words = press(form, demo.PASSWORD)
    assert f"REQUESTS_CA_BUNDLE names {path}" in words
    assert demo.PASSWORD not in state(form) + words
    assert "Logged in." in press(form, demo.PASSWORD)


def test_a_second_press_never_throws_a_good_session_away(form: LoginForm) -> None:
    """Who wants to be somebody else logs out first."""
    press(form, demo.PASSWORD)
    first = form.session
    press(form, "wrong")
    assert form.session is first
    assert first.whoami()["username"] == demo.USERNAME


def test_logged_in_a_card_takes_the_place_of_the_fields(form: LoginForm) -> None:
    """User, roles, partner, server and the time left; and a button to log out."""
    press(form, demo.PASSWORD)
    card = str(form.status.value)
    assert form.password not in form.box.children
    for words in (demo.USERNAME, str(demo.PARTNER_ID), form.session.url, "roles", "time left"):
        assert words in card
    session = form.session
    form.log_out.click()
    assert form.password in form.box.children
    with pytest.raises(KottError, match="logged out"):
        session.call("session", "get")
    press(form, demo.PASSWORD)
    assert form.session.whoami()["username"] == demo.USERNAME


def press_enter(form: LoginForm) -> None:
    """Press Enter in the field of the password, as the browser tells of it."""
    data = {"method": "custom", "content": {"event": "submit"}}
    form.password._handle_msg({"content": {"data": data}, "buffers": []})


def test_enter_logs_in(form: LoginForm) -> None:
    """In any field."""
    form.password.value = demo.PASSWORD
    press_enter(form)
    assert form.session.whoami()["username"] == demo.USERNAME


def test_enter_waits_for_the_last_letters(form: LoginForm) -> None:
    """The message of Enter may overtake theirs; Enter pressed twice logs in once."""

    async def typed() -> None:
        form.password.value = demo.PASSWORD[:-3]
        press_enter(form)
        press_enter(form)
        form.password.value = demo.PASSWORD
        await asyncio.sleep(static.ENTER + 0.2)

    asyncio.run(typed())
    assert form.session.whoami()["username"] == demo.USERNAME
    assert "Not logged in" not in form.status.value


def test_every_way_to_log_in_has_its_fields(server: Server) -> None:
    """Fields of other ways are not shown; anonymous has none."""
    form = LoginForm(server.url, demo.PARTNER_ID)
    for way, names in WAYS.items():
        form.way.value = way
        shown = [name for name in NAMES if getattr(form, name) in form.box.children]
        assert shown == list(names)
    form.way.value = "anonymous"
    form.button.click()
    assert form.session.whoami()["roles"] == "anonymous"


def test_a_ready_ks_logs_in(server: Server) -> None:
    """And is gone from its field."""
    given = kott.login(server.url, demo.PARTNER_ID, username=demo.USERNAME, password=demo.PASSWORD)
    form = LoginForm(server.url, demo.PARTNER_ID)
    form.way.value = "ready ks"
    form.ks.value = given._secrets["ks"].reveal()
    form.button.click()
    assert form.session.whoami()["username"] == demo.USERNAME
    assert form.ks.value == ""


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    """A file of two profiles, one with its password."""
    path = tmp_path / "profiles.toml"
    lines = f'url = "{server.url}"\npartner_id = {demo.PARTNER_ID}\nusername = "{demo.USERNAME}"\n'
    path.write_text(f'[whole]\n{lines}password = "{demo.PASSWORD}"\n\n[half]\n{lines}', "utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("KOTT_CONFIG", str(path))
    return path


def test_a_profile_fills_the_form(profiles: Path) -> None:
    """Its password is used where none is typed, and never stands in a field."""
    form = LoginForm()
    form.profile.value = "whole"
    assert form.username.value == demo.USERNAME
    assert demo.PASSWORD not in state(form)
    form.button.click()
    assert form.session.whoami()["username"] == demo.USERNAME


@pytest.mark.parametrize("field", ["partner", "username"])
def test_a_profile_s_password_is_not_used_for_another_login(profiles: Path, field: str) -> None:
    """What was typed over the partner or the user counts, and its password has to be typed too."""
    form = LoginForm()
    form.profile.value = "whole"
    getattr(form, field).value = "479"
    assert "Fill in: Password." in press(form, "")


def test_a_profile_without_a_partner_takes_the_one_that_is_typed(profiles: Path) -> None:
    """With the password of the profile."""
    lines = profiles.read_text("utf-8").splitlines()
    kept = [one for one in lines if not one.startswith("partner_id")]
    profiles.write_text("\n".join(kept), "utf-8")
    form = LoginForm()
    form.profile.value = "whole"
    form.partner.value = str(demo.PARTNER_ID)
    form.button.click()
    assert form.session.partner_id == demo.PARTNER_ID


def test_a_profile_without_a_password_wants_one_typed(profiles: Path) -> None:
    """The form does not ask anywhere else."""
    form = LoginForm()
    form.profile.value = "half"
    assert "Fill in: Password." in press(form, "")
    press(form, demo.PASSWORD)
    assert form.session.whoami()["username"] == demo.USERNAME


def test_a_file_of_profiles_that_others_can_read_is_not_offered(profiles: Path) -> None:
    """The form says what to do, and can be filled in by hand."""
    profiles.chmod(0o644)
    form = LoginForm()
    assert form.profile not in form.box.children
    assert "chmod 600" in str(form.status.value)


class FakeKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password


@pytest.fixture
def ring() -> Iterator[FakeKeyring]:
    """Use a keyring of the test's own."""
    before = keyring.get_keyring()
    fake = FakeKeyring()
    keyring.set_keyring(fake)
    yield fake
    keyring.set_keyring(before)


def test_a_password_that_is_remembered_is_not_typed_again(
    ring: FakeKeyring, server: Server
) -> None:
    """It lies in the system's keyring, and in no field."""
    form = LoginForm(server.url, demo.PARTNER_ID, demo.USERNAME)
    form.remember.value = True
    press(form, demo.PASSWORD)
    assert list(ring.held.values()) == [demo.PASSWORD]
    again = LoginForm(server.url, demo.PARTNER_ID, demo.USERNAME)
    assert demo.PASSWORD not in state(again)
    press(again, "")
    assert again.session.whoami()["username"] == demo.USERNAME


def test_a_wrong_password_is_not_remembered(ring: FakeKeyring, form: LoginForm) -> None:
    """Nor one that nobody asked to remember."""
    form.remember.value = True
    press(form, "wrong")
    form.remember.value = False
    press(form, demo.PASSWORD)
    assert ring.held == {}


def test_without_a_keyring_nothing_is_offered(server: Server) -> None:
    """And nothing is said about it."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        form = LoginForm(server.url, demo.PARTNER_ID, demo.USERNAME)
        assert form.remember not in form.box.children
        press(form, demo.PASSWORD)
    finally:
        keyring.set_keyring(before)
    assert form.session.whoami()["username"] == demo.USERNAME


def test_the_session_of_the_form_can_be_named_before_the_login(form: LoginForm) -> None:
    """It says what to do until somebody logs in, and is a session like any other from then on."""
    session = form.pending
    assert "not logged in yet" in repr(session)
    for ask in (lambda: session.url, lambda: session.call("session", "get")):
        with pytest.raises(KottError, match="log in on the form above"):
            ask()
    press(form, demo.PASSWORD)
    assert session.whoami()["username"] == demo.USERNAME
    assert len(kott.channels(session, progress=False)) > 0


@pytest.mark.parametrize("password", [demo.PASSWORD, "a wrong one"])
def test_no_secret_is_left_in_the_widgets(form: LoginForm, password: str) -> None:
    """The password is gone after the button, whatever came of it."""
    press(form, password)
    assert form.password.value == ""
    assert password not in state(form)
    assert password not in repr(form)


def test_no_argument_of_the_form_is_kept_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a secret among its options, nor a password in the server's address."""
    monkeypatch.setenv("KOTT_URL", "https://ann:hunter2@host.invalid")
    form = LoginForm(ks="hunter2", app_token=("id", "hunter2"))
    assert "hunter2" not in repr([vars(form), *(one.get_state() for one in form.box.children)])


def test_the_ks_never_reaches_the_widgets(form: LoginForm, server: Server) -> None:
    """What lets somebody in stays in the session."""
    press(form, demo.PASSWORD)
    ks = form.session._secrets["ks"].reveal()
    assert len(ks) > 8
    assert ks not in state(form)


@pytest.mark.parametrize(
    ("field", "name"), [("url", "Server"), ("partner", "Partner"), ("username", "User")]
)
def test_an_empty_field_is_named(form: LoginForm, field: str, name: str) -> None:
    """Nothing is asked of a server before the form is filled in; the password is emptied too."""
    getattr(form, field).value = " "
    assert f"Fill in: {name}." in press(form, demo.PASSWORD)
    assert form.password.value == ""


def test_an_empty_password_is_not_looked_for_elsewhere(
    form: LoginForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password in the environment belongs to another user."""
    monkeypatch.setenv("KOTT_PASSWORD", demo.PASSWORD)
    assert "Fill in: Password." in press(form, "")


def test_a_partner_is_a_number(form: LoginForm) -> None:
    """A name in the partner's field is told, and not sent."""
    form.partner.value = "Kaltura"
    assert "Partner is a number" in press(form, demo.PASSWORD)


def test_words_from_outside_are_escaped() -> None:
    """Markup in what was given, or in a server's words, is shown and not obeyed."""
    form = LoginForm(demo.URL, 478, demo.USERNAME, profile="<img src=x onerror=alert(1)>")
    said = press(form, demo.PASSWORD)
    assert "<img" not in said
    assert "&lt;img" in said


def test_fields_stand_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """KOTT_* fill in the form, but for the password."""
    monkeypatch.setenv("KOTT_URL", "https://ott.example")
    monkeypatch.setenv("KOTT_PARTNER_ID", "99")
    monkeypatch.setenv("KOTT_USERNAME", "ann")
    monkeypatch.setenv("KOTT_PASSWORD", "hunter2")
    form = LoginForm()
    assert [form.url.value, form.partner.value, form.username.value] == [
        "https://ott.example",
        "99",
        "ann",
    ]
    assert "hunter2" not in state(form)


def test_options_reach_the_login(form: LoginForm, server: Server) -> None:
    """A form of another language gives a session of that language."""
    english = LoginForm(server.url, demo.PARTNER_ID, demo.USERNAME, language="eng")
    french = LoginForm(server.url, demo.PARTNER_ID, demo.USERNAME, language="fra")
    names = []
    for one in (english, french):
        press(one, demo.PASSWORD)
        records = one.session.records(
            "asset", filter={"objectType": "KalturaSearchAssetFilter"}, limit=5
        )
        names.append([record["name"] for record in records])
    assert names[0] != names[1]


def test_a_saved_notebook_says_whether_somebody_was_logged_in(form: LoginForm) -> None:
    """The copy that needs no kernel names partner and server, not the user."""
    assert form.static() == "Not logged in. Run this cell to log in."
    press(form, demo.PASSWORD)
    assert f"partner {demo.PARTNER_ID} at {form.session.url}" in form.static()
    assert demo.USERNAME not in form.static()
