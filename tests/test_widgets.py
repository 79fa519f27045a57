"""The login form, pressed without a browser."""

from __future__ import annotations

import json

import pytest

from kott_notebooks import demo
from kott_notebooks.demo.server import Server
from kott_notebooks.errors import KottError
from kott_notebooks.widgets import LoginForm


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


def test_a_wrong_password_is_told(form: LoginForm) -> None:
    """The form shows the API's own reason, and there is no session."""
    said = press(form, "wrong")
    assert "Not logged in" in said
    assert "1011" in said
    with pytest.raises(KottError, match="Not logged in yet"):
        _ = form.session


def test_a_failed_try_ends_the_session_before_it(form: LoginForm) -> None:
    """Nobody goes on as the user before by mistake."""
    press(form, demo.PASSWORD)
    press(form, "wrong")
    with pytest.raises(KottError, match="Not logged in yet"):
        _ = form.session


@pytest.mark.parametrize("password", [demo.PASSWORD, "a wrong one"])
def test_no_secret_is_left_in_the_widgets(form: LoginForm, password: str) -> None:
    """The password is gone after the button, whatever came of it."""
    press(form, password)
    assert form.password.value == ""
    assert password not in state(form)
    assert password not in repr(form)


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


def test_a_cell_that_ends_in_the_form_shows_it(form: LoginForm) -> None:
    """The notebook gets the widgets' view, and plain text where there are no widgets."""
    shown = form._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
