"""The login form; what it gathers goes to `kott.login`."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
from collections.abc import Iterator
from html import escape
from typing import Any

import ipywidgets

from kott_notebooks.api.secrets import Secret
from kott_notebooks.errors import KottError
from kott_notebooks.session import PendingSession, Session, credentials, login
from kott_notebooks.widgets.static import ENTER, WithCopy

WIDE = ipywidgets.Layout(width="28em")
LABEL = {"description_width": "7em"}
SERVICE = "kott_notebooks"  # the name of our entries in the keyring
NO_PROFILE = "—"
# Ways to log in, and the fields that each needs, its secret last
WAYS = {
    "password": ("username", "password"),
    "pin": ("pin", "pin_secret"),
    "app token": ("token_id", "token"),
    "anonymous": (),
    "ready ks": ("ks",),
}
MEANS = {  # the setting of a profile by which each way is known
    "ready ks": "ks",
    "app token": "app_token",
    "pin": "pin",
    "password": "password",
    "anonymous": "anonymous",
}
NAMES = {
    "username": "User",
    "password": "Password",
    "pin": "Pin",
    "pin_secret": "Pin secret",
    "token_id": "Token id",
    "token": "Token",
    "ks": "ks",
}
OPTIONAL = ("pin_secret",)
REMEMBERED = ("password", "token")


class LoginForm(WithCopy):
    """Ask who logs in where, and log in at the press of a button or of Enter.

    A cell that ends in `form` shows it; `form.session` is the Session, as soon as somebody is
    logged in. The fields of secrets are emptied whatever happens. Logged in, a card with a button
    to log out stands in the place of the fields.

    Parameters
    ----------
    url : str, optional
        The server that the form begins with; by default KOTT_URL.
    partner_id : int, optional
        The partner; by default KOTT_PARTNER_ID.
    username : str, optional
        The user; by default KOTT_USERNAME.
    **options
        Further arguments of `kott.login` (`language`, `user_id`, `http` ...).

    See Also
    --------
    kott.login, kott.explore

    Examples
    --------
    >>> from kott_notebooks import demo, widgets
    >>> widgets.LoginForm(demo.URL, demo.PARTNER_ID, demo.USERNAME)
    <kott LoginForm: not logged in>
    """

    def __init__(
        self,
        url: str | None = None,
        partner_id: int | None = None,
        username: str | None = None,
        **options: Any,
    ) -> None:
        self._session: Session | None = None
        options = {name: credentials.conceal(name, one) for name, one in options.items()}
        url = credentials.conceal("url", url or os.getenv("KOTT_URL"))
        self._options = options
        self._waiting: asyncio.TimerHandle | None = None  # for the letters typed before Enter
        self.pending = PendingSession()  # becomes the session when somebody logs in
        self.url = _text("Server", url, "https://HOST")
        self.partner = _text("Partner", partner_id or os.getenv("KOTT_PARTNER_ID"), "478")
        self.username = _text("User", username or os.getenv("KOTT_USERNAME"))
        self.status = ipywidgets.HTML()
        self._profiles = self._trusted_profiles()
        self.profile = _choice("Profile", [NO_PROFILE, *self._profiles])
        self.way = _choice("With", list(WAYS))
        self.password, self.pin, self.pin_secret, self.token, self.ks = (
            ipywidgets.Password(description=NAMES[name], layout=WIDE, style=LABEL)
            for name in ("password", "pin", "pin_secret", "token", "ks")
        )
        self.token_id = _text("Token id", None)
        self.remember = ipywidgets.Checkbox(description="Remember me on this computer", indent=True)
        self.button = ipywidgets.Button(description="Log in", button_style="primary")
        self.log_out = ipywidgets.Button(description="Log out")
        super().__init__(ipywidgets.VBox())
        self.button.on_click(self._pressed)
        self.log_out.on_click(self._logged_out)
        self.way.observe(self._lay_out, "value")
        self.profile.observe(self._chosen, "value")
        for one in (self.url, self.partner, *map(self._field, NAMES)):
            one.on_msg(self._entered)
        self._lay_out()

    @property
    def session(self) -> Session:
        """The Session; raises KottError before anybody is logged in."""
        if self._session is None:
            raise KottError("Not logged in yet: press Log in above, then run this cell again.")
        return self._session

    def static(self) -> str:
        """Return whether a user was logged in when the notebook was saved, and where."""
        if self._session is None:
            return "Not logged in. Run this cell to log in."
        where = f"partner {self._session.partner_id} at {self._session.url}"
        return f"Was logged in to {escape(where)}. Run this cell to log in again."

    def __repr__(self) -> str:
        return f"<kott LoginForm: {self._session or 'not logged in'}>"

    def _field(self, name: str) -> Any:
        return getattr(self, name)

    def _lay_out(self, _: object = None) -> None:
        """Show the fields of the way to log in, or the card of who is logged in."""
        self.update()
        if self._session is not None:
            self.box.children = [self.status, self.log_out]
            return
        fields = [self._field(name) for name in WAYS[self.way.value]]
        profiles = [self.profile] if self._profiles else []
        remember = [self.remember] if _remembers(self.way.value) else []
        above = [*profiles, self.url, self.partner, self.way]
        self.box.children = [*above, *fields, *remember, self.button, self.status]

    def _trusted_profiles(self) -> dict[str, dict[str, Any]]:
        """Return the profiles to choose from, or why their file cannot be trusted."""
        try:
            return credentials.profiles()
        except KottError as error:
            self.status.value = escape(str(error))
            return {}

    def _chosen(self, _: object = None) -> None:
        """Fill in what a profile says; its secret is used where none is typed."""
        held = self._profiles.get(self.profile.value, {})
        way = self._means_of_profile() or "password"
        self.url.value = str(held.get("url", ""))
        self.partner.value = str(held.get("partner_id", ""))
        self.username.value = str(held.get("username", ""))
        self.way.value = way

    def _entered(self, _: object, content: dict[str, Any], __: object) -> None:
        """Log in when Enter is pressed in a field, once the last letters are there."""
        if content.get("event") != "submit":
            return
        if self._waiting is not None:
            self._waiting.cancel()
        try:
            self._waiting = asyncio.get_running_loop().call_later(ENTER, self._pressed)
        except RuntimeError:  # no kernel, and nothing to wait for
            self._pressed()

    def _pressed(self, _: object = None) -> None:
        """Log in with what stands in the fields, and say how it went."""
        secrets = {name: self._taken(name) for name in NAMES}
        if self._session is not None or self.button.disabled:
            return  # who is logged in stays so
        with self._busy():
            try:
                self._session = self._log_in(secrets)
            except KottError as error:
                self.status.value = f"<b>Not logged in.</b> {escape(str(error))}"
        if self._session is None:
            self._field((WAYS[self.way.value] or ("url",))[-1]).focus()
            return
        self.pending.become(self._session)
        self.status.value = _card(self._session)
        self._lay_out()

    def _taken(self, name: str) -> Any:
        """Take what stands in a field; a secret does not stay there."""
        field = self._field(name)
        if not isinstance(field, ipywidgets.Password):
            return field.value.strip()
        secret, field.value = Secret(field.value), ""
        return secret

    @contextlib.contextmanager
    def _busy(self) -> Iterator[None]:
        """Show that a login is under way, and disable the form."""
        inputs = [one for one in self.box.children if one is not self.status]
        self.status.value, self.button.icon = "", "spinner"
        self.button.description = "Logging in …"
        for one in inputs:
            one.disabled = True
        try:
            yield
        finally:
            for one in inputs:
                one.disabled = False
            self.button.description, self.button.icon = "Log in", ""

    def _log_in(self, given: dict[str, Any]) -> Session:
        url, partner, way = self.url.value.strip(), self.partner.value.strip(), self.way.value
        secret = WAYS[way][-1] if WAYS[way] else ""
        entry = f"{url} {partner} {given['username'] or given['token_id']}"
        if secret in REMEMBERED and not given[secret]:
            given[secret] = _recalled(entry) or given[secret]
        if secret and not given[secret] and self._means_of_profile() == way:
            typed = {"partner_id": partner, "username": self.username.value.strip()}
            held = self._profiles[self.profile.value]
            if all(str(held.get(name, text)) == text for name, text in typed.items()):
                number = int(partner) if partner.isdecimal() else None
                return login(url, number, profile=self.profile.value, **self._options)
        fields = {"Server": url, "Partner": partner}
        fields |= {NAMES[name]: given[name] for name in WAYS[way] if name not in OPTIONAL}
        empty = [name for name, text in fields.items() if not text]
        if empty:
            raise KottError(f"Fill in: {', '.join(empty)}.")
        if not partner.isdecimal():
            raise KottError("Partner is a number: your operator's account.")
        means: dict[str, Any] = {name: given[name] or None for name in WAYS[way]}
        if way == "app token":
            means = {"app_token": (means["token_id"], means["token"])}
        elif way == "anonymous":
            means = {"anonymous": True}
        session = login(url, int(partner), **means, **self._options)
        if self.remember.value and secret in REMEMBERED:
            _remember(entry, given[secret])
        return session

    def _means_of_profile(self) -> str | None:
        """Name the way to log in that the chosen profile has the secret of."""
        held = self._profiles.get(self.profile.value, {})
        return next((way for way, name in MEANS.items() if name in held), None)

    def _logged_out(self, _: object = None) -> None:
        """End the session and show the fields again."""
        session, self._session = self._session, None
        self.status.value = "Logged out."
        try:
            if session is not None:
                session.logout()
        except KottError as error:
            self.status.value = f"Logged out here; the server did not answer: {escape(str(error))}"
        self._lay_out()


def _card(session: Session) -> str:
    """Describe the login: user, roles, partner, server, and until when."""
    try:
        who = session.whoami()
    except KottError:  # a role may be forbidden to ask
        who = {"username": session.username, "roles": None}
    rows = {
        "user": who["username"] or "anonymous",
        "roles": who["roles"],
        "partner": session.partner_id,
        "server": session.url,
        "time left": _time_left(session.expiry),
    }
    cells = "".join(
        f"<tr><th style='text-align:left;padding-right:1em'>{name}</th>"
        f"<td style='text-align:left'>{escape(str(value))}</td></tr>"
        for name, value in rows.items()
        if value not in (None, "")
    )
    return f"<b>Logged in.</b><table>{cells}</table>"


def _time_left(expiry: dt.datetime | None) -> str | None:
    if expiry is None:
        return None
    minutes = max(int((expiry - dt.datetime.now(dt.UTC)).total_seconds() // 60), 0)
    remaining = f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"
    return f"{remaining}, until {expiry:%Y-%m-%d %H:%M} UTC; then it is renewed"


def _keyring() -> Any:
    """Return the operating system's keyring; None where there is none (extra `keyring`)."""
    try:
        import keyring
        import keyring.backends.fail
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return None if isinstance(backend, keyring.backends.fail.Keyring) else keyring


def _remembers(way: str) -> bool:
    return bool(WAYS[way]) and WAYS[way][-1] in REMEMBERED and _keyring() is not None


def _recalled(name: str) -> Secret | None:
    keyring = _keyring()
    if keyring is None:
        return None
    with contextlib.suppress(keyring.errors.KeyringError):
        text = keyring.get_password(SERVICE, name)
        return Secret(text) if text else None
    return None


def _remember(name: str, secret: Secret) -> None:
    keyring = _keyring()
    if keyring is not None:
        with contextlib.suppress(keyring.errors.KeyringError):
            keyring.set_password(SERVICE, name, secret.reveal())


def _text(name: str, value: object, placeholder: str = "") -> ipywidgets.Text:
    text = "" if value is None else str(value)
    return ipywidgets.Text(
        text, description=name, placeholder=placeholder, layout=WIDE, style=LABEL
    )


def _choice(name: str, options: list[str]) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=options, description=name, layout=WIDE, style=LABEL)
