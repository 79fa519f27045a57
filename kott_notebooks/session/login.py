"""login(): from credentials to a Session."""

from __future__ import annotations

from typing import Literal

import requests

from kott_notebooks.api.secrets import Secret
from kott_notebooks.errors import sealed, whole_number
from kott_notebooks.session import credentials
from kott_notebooks.session.pending import on_a_form
from kott_notebooks.session.retries import ATTEMPTS
from kott_notebooks.session.sending import Limits, positive
from kott_notebooks.session.session import Session


def login(
    url: str | None = None,
    partner_id: int | None = None,
    *,
    username: str | None = None,
    password: str | Secret | None = None,
    pin: str | Secret | None = None,
    pin_secret: str | Secret | None = None,
    app_token: tuple[str | Secret, ...] | None = None,
    refresh_token: str | Secret | None = None,
    ks: str | Secret | None = None,
    anonymous: bool = False,
    udid: str | None = None,
    language: str | None = None,
    currency: str | None = None,
    user_id: str | None = None,
    profile: str | None = None,
    format: Literal["json", "xml"] | None = None,
    api_version: str | None = None,
    client_tag: str | None = None,
    http: requests.Session | None = None,
    timeout: float | tuple[float, float] | None = None,
    attempts: int = ATTEMPTS,
    deadline: float | None = None,
    max_reply_mb: float = 256,
    max_reply_seconds: float = 600,
) -> Session:
    """Log in to a partner and return the Session that every other function takes first.

    What is not given comes from KOTT_* variables, then from a profile, then from a prompt. In a
    notebook where no server is configured, a form is shown, and the Session that is returned can be
    used as soon as the login there succeeds. Secrets are wrapped at once, so that no traceback,
    log or notebook shows them; a variable of your own that holds one stays yours to protect.

    Parameters
    ----------
    url : str, optional
        The operator's server, `https://HOST`.
    partner_id : int, optional
        The operator's account.
    username, password : str, optional
        A user and the password.
    pin, pin_secret : str, optional
        A pin, and its secret where it has one. A pin is sent once.
    app_token : tuple of str, optional
        `(id, token)`, or `(id, token, hashType)` where that is not SHA256.
    refresh_token : str, optional
        Of an older server; sent once, and renewed by each login.
    ks : str, optional
        A ready ks, or a TVP-API access-token, which serves as one. It is not renewed.
    anonymous : bool, default False
        Log in without a user.
    udid : str, optional
        The device that logs in.
    language, currency : str, optional
        Go with every call: `eng` (`*` for all languages), `EUR`.
    user_id : str, optional
        The user to act for, where the role may.
    profile : str, optional
        A section of the file of profiles; by default KOTT_PROFILE, else `default`.
    format : {"json", "xml"}, default "json"
        The format of replies.
    api_version, client_tag : str, optional
        Go with every call; by default 11.5.0.0 and the name of this package.
    http : requests.Session, optional
        A session of your own with its proxies, certificates and adapters; used as it is. By default
        one that takes proxies and certificates from the environment once, and never `.netrc`.
    timeout : float or (float, float), default (10, 90)
        Seconds to connect, and between two parts of a reply; KOTT_TIMEOUT is the second.
    attempts : int, default 6
        How often a call that only reads is sent at most, where failures are transient.
    deadline : float, optional
        Seconds that a listing may take (each list of one that reads several, but with `to=` all of
        them); then it stops with an IncompleteError, which can resume.
    max_reply_mb : float, default 256
        Size of one reply, decompressed, beyond which it is refused.
    max_reply_seconds : float, default 600
        Seconds of one reply beyond which it is refused.

    Returns
    -------
    Session
        Logged in; a context manager that logs out at its end.

    Raises
    ------
    LoginError
        The API refuses the user, password, pin, token or partner.
    CredentialsError
        Something is missing, or a file of profiles cannot be trusted.
    TransportError
        No reply came, or one that is not the API's.

    See Also
    --------
    configured, demo.login, widgets.LoginForm

    Examples
    --------
    >>> from kott_notebooks import demo
    >>> demo.login(assets=50, channels=2, days=2, households=5)  # doctest: +ELLIPSIS
    <kott Session: https://demo.kott.invalid, partner 478, operator@..., ks until ... UTC>
    """
    password, pin, pin_secret = (
        credentials.conceal(*one)
        for one in (("password", password), ("pin", pin), ("pin_secret", pin_secret))
    )
    app_token = credentials.conceal("app_token", app_token)
    refresh_token = credentials.conceal("refresh_token", refresh_token)
    ks = credentials.conceal("ks", ks)
    url = credentials.conceal("url", url)
    given = {name: value for name, value in locals().items() if name in credentials.PROFILE_KEYS}
    with sealed():
        if (pending := on_a_form(given, profile)) is not None:
            return pending
        who = credentials.find(given, profile)
        limits = Limits.checked(who.settings.get("timeout"), max_reply_mb, max_reply_seconds)
        attempts = whole_number("attempts", attempts, 1)
        if deadline is not None:
            deadline = positive("deadline", deadline)
        session = Session(who, http=http, limits=limits, attempts=attempts, deadline=deadline)
        session._log_in()
    return session
