"""A Session that waits for the login on the form that `kott.login()` shows."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from typing import Any

from kott_notebooks.errors import KottError
from kott_notebooks.session import credentials
from kott_notebooks.session.session import Session


class PendingSession(Session):
    """Has no user until the login on the form succeeds."""

    def __init__(self) -> None:  # it has no state of a Session yet
        pass

    def become(self, session: Session) -> None:
        """Take over a session that is logged in."""
        self.__dict__.clear()
        self.__dict__.update(session.__dict__)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise KottError("Not logged in yet: log in on the form above, then run this cell again.")

    def __repr__(self) -> str:
        return super().__repr__() if self.__dict__ else "<kott Session: not logged in yet>"

    def _repr_html_(self) -> str:
        return super()._repr_html_() if self.__dict__ else "<i>Not logged in yet.</i>"


def on_a_form(given: Mapping[str, Any], profile: str | None) -> Session | None:
    """Show the login form where no server is configured and a notebook can show one.

    Returns the session that it will log in; None where the login is to go on without a form.
    """
    shell = sys.modules.get("IPython")
    kernel = getattr(shell and shell.get_ipython(), "kernel", None)
    if not getattr(kernel, "_allow_stdin", False):  # nothing can be typed there
        return None
    configured = credentials.configured(given.get("url"), profile)
    if configured or importlib.util.find_spec("ipywidgets") is None:
        return None
    from IPython.display import display

    from kott_notebooks.widgets import LoginForm  # here, since widgets import sessions

    form = LoginForm(**{name: one for name, one in given.items() if name in _FIELDS and one})
    display(form)
    return form.pending


_FIELDS = ("partner_id", "username", "language", "currency", "user_id", "udid", "format")
