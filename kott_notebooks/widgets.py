"""The login form: widgets that are held, not subclassed; what they gather goes to `kott.login`."""

from __future__ import annotations

import os
from html import escape
from typing import Any

import ipywidgets

from kott_notebooks.api.secrets import Secret
from kott_notebooks.errors import KottError
from kott_notebooks.session import Session, login

WIDE = ipywidgets.Layout(width="28em")
LABEL = {"description_width": "6em"}


class LoginForm:
    """Ask for a partner, a user and a password, and log in at the press of a button.

    A cell that ends in `form` shows it; `form.session` is the Session, once somebody is logged
    in. What is not given stands as KOTT_URL, KOTT_PARTNER_ID and KOTT_USERNAME say. Other
    `options` (`language`, `user_id`, `http` ...) are those of `kott.login`. The password field is
    emptied whatever happens.
    """

    def __init__(
        self,
        url: str | None = None,
        partner_id: int | None = None,
        username: str | None = None,
        **options: Any,
    ) -> None:
        self._session: Session | None = None
        self._options = options
        self.url = _field("Server", url or os.environ.get("KOTT_URL"), "https://HOST")
        self.partner = _field("Partner", partner_id or os.environ.get("KOTT_PARTNER_ID"), "478")
        self.username = _field("User", username or os.environ.get("KOTT_USERNAME"))
        self.password = ipywidgets.Password(description="Password", layout=WIDE, style=LABEL)
        self.button = ipywidgets.Button(description="Log in", button_style="primary")
        self.status = ipywidgets.HTML()
        self.button.on_click(self._pressed)
        self.box = ipywidgets.VBox(
            [self.url, self.partner, self.username, self.password, self.button, self.status]
        )

    @property
    def session(self) -> Session:
        """Give the Session; raises KottError before anybody is logged in."""
        if self._session is None:
            raise KottError("Not logged in yet: press Log in above, then run this cell again.")
        return self._session

    def _repr_mimebundle_(self, **wanted: Any) -> Any:
        return self.box._repr_mimebundle_(**wanted)

    def __repr__(self) -> str:
        return f"<kott LoginForm: {self._session or 'not logged in'}>"

    def _pressed(self, _: ipywidgets.Button) -> None:
        """Log in with what stands in the fields, and say how it went."""
        password, self.password.value = Secret(self.password.value), ""
        self._session, self.button.disabled = None, True
        self.status.value = "Logging in …"
        try:
            self._session = self._log_in(password)
            self.status.value = self._session._repr_html_()
        except KottError as error:
            self.status.value = f"<b>Not logged in.</b> {escape(str(error))}"
        finally:
            self.button.disabled = False

    def _log_in(self, password: Secret) -> Session:
        fields = {
            "Server": self.url.value.strip(),
            "Partner": self.partner.value.strip(),
            "User": self.username.value.strip(),
            "Password": password,
        }
        empty = [name for name, text in fields.items() if not text]
        if empty:
            raise KottError(f"Fill in: {', '.join(empty)}.")
        if not fields["Partner"].isdecimal():
            raise KottError("Partner is a number: your operator's account.")
        return login(
            fields["Server"],
            int(fields["Partner"]),
            username=fields["User"],
            password=password,
            **self._options,
        )


def _field(name: str, value: object, placeholder: str = "") -> ipywidgets.Text:
    text = "" if value is None else str(value)
    return ipywidgets.Text(
        text, description=name, placeholder=placeholder, layout=WIDE, style=LABEL
    )
