"""login() and the Session: who asks, with which ks, and what is done when it is over."""

from __future__ import annotations

import contextlib
import datetime as dt
import html
import logging
import secrets as randomness
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, NoReturn, Self, TypeVar

import requests

from kott_notebooks import paging, schema
from kott_notebooks.api import privacy, wire
from kott_notebooks.api.rows import Reader, Texts
from kott_notebooks.errors import (
    ApiError,
    CredentialsError,
    IncompleteError,
    Interrupted,
    KottError,
    LoginError,
    RateLimited,
    SessionExpired,
    TransportError,
    api_error,
)
from kott_notebooks.paging import packing
from kott_notebooks.session import credentials
from kott_notebooks.session.credentials import Credentials
from kott_notebooks.session.logins import log_in
from kott_notebooks.session.retries import Retries, is_read
from kott_notebooks.session.sending import Answer, post, warn_of_plain_http

API_VERSION = "11.5.0.0"
__version__ = version("kott_notebooks")
CLIENT_TAG = f"kott_notebooks:python:{__version__}"
REPLAYS = 3  # of one call, each with a ks of its own
REPEATABLE = ("password", "anonymous", "app_token")  # means that one login does not use up
EARLY = 60.0  # seconds before its end that a ks is renewed

T = TypeVar("T")

log = logging.getLogger("kott_notebooks")


def login(
    url: str | None = None,
    partner_id: int | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
    pin: str | None = None,
    pin_secret: str | None = None,
    app_token: tuple[str, ...] | None = None,
    refresh_token: str | None = None,
    ks: str | None = None,
    anonymous: bool = False,
    udid: str | None = None,
    language: str | None = None,
    currency: str | None = None,
    user_id: str | None = None,
    profile: str | None = None,
    format: str | None = None,
    api_version: str | None = None,
    client_tag: str | None = None,
    http: requests.Session | None = None,
) -> Session:
    """Log in to a partner and return the Session that every other function takes first.

    What is not given comes from KOTT_* variables, then from a profile, then from a prompt.

    - `username` and `password`; `pin` (and `pin_secret`); `app_token` as `(id, token)`, or
      `(id, token, hashType)` where that is not SHA256; `refresh_token`; `anonymous=True`.
    - `ks`: a ready ks, or a TVP-API access-token, which serves as one. It is not renewed.
    - `language` (`eng`; `*` for all), `currency` and `user_id` (to act for somebody else) go with
      every call; so do `api_version` and `client_tag`. `format` is `json` or `xml`.
    - `http`: a requests.Session of your own: proxies, certificates, adapters.

    Raises LoginError if the API lets nobody in, CredentialsError if something is missing, and
    TransportError if no reply comes.
    """
    given = {name: value for name, value in locals().items() if name in credentials.PROFILE_KEYS}
    session = Session(credentials.find(given, profile), http=http)
    session._log_in()
    return session


class Session:
    """One user's way into one partner: calls actions, pages lists, keeps the secrets to itself.

    `url`, `partner_id`, `username` and `http` may be read; `unfinished` holds the lists that were
    stopped. It is a context manager that logs out at the end.
    """

    def __init__(self, who: Credentials, *, http: requests.Session | None = None) -> None:
        settings = who.settings
        self._who = who
        self.url, self.partner_id, self.username = who.url, who.partner_id, who.username
        self.format = str(settings.get("format", "json")).lower()
        if self.format not in wire.FORMATS:
            raise KottError(f"format is 'json' or 'xml', not {self.format!r}.")
        self.expiry: dt.datetime | None = None
        self.unfinished: list[IncompleteError] = []
        self._cache: dict[str, Any] = {}  # what the partner's names are, asked once
        self.salt = randomness.token_bytes(32)  # for hashing personal data, unless KOTT_PII_KEY is
        self._means, self._secrets = who.means, who.secrets
        self._globals = {
            "apiVersion": str(settings.get("api_version", API_VERSION)),
            "clientTag": str(settings.get("client_tag", CLIENT_TAG)),
            "language": settings.get("language"),
            "currency": settings.get("currency"),
            "userId": _text(settings.get("user_id")),
            "format": wire.FORMATS[self.format],
        }
        self.http = http or requests.Session()
        self._renewing = threading.Lock()
        self._renew_at: float | None = None  # by the monotonic clock
        self._locked_out: LoginError | TransportError | None = None
        self._retries = Retries()
        self.pace = paging.Pace()  # what is learned of how far the server is
        warn_of_plain_http(self.url)

    # Asking

    def call(self, service: str, action: str, /, **arguments: Any) -> Any:
        """Call one action and return its result, decoded.

        Arguments are the action's own, by the API's names; the global parameters (`language`,
        `currency`, `userId`, `responseProfile`, `apiVersion`, `clientTag`) may be given too and
        hold for this call. Raises ApiError if the API refuses, TransportError if no reply comes.
        """
        return self._ask(service, action, arguments).value

    def multirequest(
        self, calls: Iterable[Sequence[Any] | wire.Call], /, **parameters: Any
    ) -> list[Any]:
        """Call many actions in one request and return their results, in order.

        A call is `(service, action, arguments)`; a later one may use an earlier one's result as
        `"{1:result:ks}"`. A call that failed stands in its place as an ApiError, not raised; but
        reads that are too many are asked again, and RateLimited is raised if they stay so.
        `parameters` hold for all of them: global ones, `abortOnError`, `abortAllOnError`.
        """
        asked = wire.as_calls(calls)
        return [
            one if isinstance(one, ApiError) else one.value
            for one in self._ask_many(asked, parameters)
        ]

    def pages(
        self,
        service: str,
        action: str = "list",
        /,
        *,
        limit: int | None = None,
        split: paging.Split | None = None,
        progress: paging.Progress | None = None,
        workers: int = paging.WORKERS,
        reader: Reader | None = None,
        plan: paging.Plan | None = None,
        **arguments: Any,
    ) -> paging.Pull:
        """Give a list action's pages, complete or an IncompleteError; nothing is asked until read.

        A page is undecoded rows, and how many; a `reader` of its own makes something else of them.
        `limit` stops after so many rows. A list longer than the server's result window needs a
        `split`, which the listing functions give; `plan` is how `Pull.plan` would read it.
        So many `workers` ask at the same time; the order of rows does not depend on it.
        """

        wire.check_names(service, action, arguments)

        def ask(pages: list[dict[str, Any]], reader: Reader) -> list[wire.Reply | ApiError]:
            if len(pages) == 1:
                return [self._ask(service, action, pages[0], at_once=reader.at_once)]
            calls = [wire.Call(service, action, page) for page in pages]
            return self._ask_many(calls, {}, at_once=reader.at_once)

        return paging.Pull(
            ask,
            service,
            action,
            arguments,
            limit=limit,
            split=split,
            progress=progress,
            workers=workers,
            reader=reader,
            pace=self.pace,
            plan=plan,
        )

    def packs(
        self,
        calls: Sequence[wire.Call],
        /,
        *,
        one_each: bool = False,
        progress: paging.Progress | None = None,
    ) -> packing.Packs:
        """Give the pages of many small calls, packed into multirequests; nothing is asked yet."""
        return packing.Packs(
            lambda pack: self._ask_many(pack, {}), calls, one_each=one_each, progress=progress
        )

    def records(
        self, service: str, action: str = "list", /, *, limit: int | None = None, **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        """Give a list action's records one by one, as the API sends them.

        Raises IncompleteError, whose `partial` holds the records that came, if the list cannot be
        had whole.
        """
        yield from self._records(self.pages(service, action, limit=limit, **arguments))

    def _records(self, pull: paging.Pull) -> Iterator[dict[str, Any]]:
        try:
            for page in pull:
                yield from page.records()
        except (IncompleteError, KeyboardInterrupt) as error:
            came = [one for page in pull.came for one in page.records()]
            raise self.stopped(error, came, lambda: list(self._records(pull))) from error

    def count(self, service: str, action: str = "list", /, **arguments: Any) -> int:
        """Say how many records a list action has, by asking for one of them."""
        known = schema.action(service, action)
        if known is None or not known.pager:
            return sum(1 for _ in self.records(service, action, **arguments))
        wire.check_names(service, action, arguments)
        one = {"pageSize": 1, "pageIndex": 1}
        answer = self._ask(service, action, arguments | {"pager": one})
        total = Texts().read(answer.result).total
        if total is None or total in paging.CAPS:
            raise IncompleteError(
                f"{service}.{action} counts no further than {total or 'the page that it gives'}: "
                "narrow the filter, or list it.",
                partial=total,
            )
        return total

    def stopped(
        self, error: BaseException, partial: Any, resume: Callable[[], Any]
    ) -> IncompleteError:
        """Make the error for a list that stopped early, and keep it in `unfinished`."""
        kind = Interrupted if isinstance(error, KeyboardInterrupt) else IncompleteError
        message = str(error) or (
            f"Stopped after {len(partial):,} rows; session.unfinished[-1].resume() goes on."
        )

        def go_on() -> Any:
            self.unfinished[:] = [one for one in self.unfinished if one is not found]
            return resume()  # if it stops again, that is an entry of its own

        found = kind(message, partial=partial, resume=go_on)
        self.unfinished.append(found)
        return found

    # Who is it

    def whoami(self) -> dict[str, Any]:
        """Check the credentials and say whose they are: partner, user, roles, until when.

        Asks session.get and, for a user who has logged in, ottUser.get. The ks is left out.
        """
        found = self.call("session", "get")
        who = {
            "url": self.url,
            "partner_id": found.get("partnerId", self.partner_id),
            "user_id": found.get("userId"),
            "username": self.username,
            "roles": "anonymous",
            "expires": _instant(found.get("expiry")),
        }
        if str(found.get("userId") or "0") != "0":
            user = self.call("ottUser", "get")
            who |= {"username": user.get("username"), "roles": user.get("roleIds")}
        return who

    def logout(self) -> None:
        """End the ks on the server and forget every secret."""
        try:
            if "ks" in self._secrets:
                self._ask("ottUser", "logout", {}, renew=False)
        except SessionExpired:
            log.debug("the ks was over before the logout")
        finally:
            self._secrets.forget()
            self._means, self._renew_at = "nothing", None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Log out, unless the ks was given ready: that one is its owner's; close the pool."""
        try:
            if self._means != "ks":
                self.logout()
        except KottError as error:
            log.info("the logout failed: %s", error)
        finally:
            self._secrets.forget()
            self._means, self._renew_at = "nothing", None
            self.http.close()

    def __repr__(self) -> str:
        return f"<kott Session: {', '.join(self._card().values())}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for name, text in self._card().items()
        )
        return f"<table>{rows}</table>"

    def _card(self) -> dict[str, str]:
        if self._means == "nothing":
            return {"server": self.url, "user": "logged out"}
        user = self.username or {"ks": "with a ready ks", "anonymous": "anonymous"}.get(
            self._means, f"by {self._means.replace('_', ' ')}"
        )
        card = {"server": self.url, "partner": f"partner {self.partner_id or 'of the ks'}"}
        card["user"] = user
        if self.expiry is not None:
            card["until"] = f"ks until {self.expiry:%Y-%m-%d %H:%M} UTC"
        return card

    def __reduce__(self) -> NoReturn:
        raise CredentialsError("A Session holds secrets and cannot be pickled: log in anew there.")

    # The one place that sends

    def _ask(
        self,
        service: str,
        action: str,
        arguments: dict[str, Any],
        *,
        renew: bool = True,
        at_once: wire.AtOnce | None = None,
    ) -> wire.Reply:
        known = schema.action(service, action)
        name = f"{known.service}.{known.name}" if known else f"{service}.{action}"
        given = {key: one for key, one in arguments.items() if one is not None}
        parameters = wire.typed(service, action, given)
        returns = known.returns if known else ""

        def read(answer: Answer) -> wire.Reply:
            reply = wire.reply(
                answer.body, name, status=answer.status, returns=returns, at_once=at_once
            )
            self.pace.note(answer.seconds, reply.execution_time)
            return reply._replace(size=len(answer.body), seconds=answer.seconds)

        def once() -> wire.Reply:
            return self._send(
                wire.path(service, action), {"ks": self._ks()} | parameters, name, read
            )

        def patiently() -> wire.Reply:
            reply, retries = self._retries.ask(once)
            return reply._replace(retries=retries)

        def asking() -> wire.Reply:
            return patiently() if is_read(action) else _once(once)

        if not renew or "ks" in parameters:
            return asking()
        reply, replays = self._replaying(asking)
        return reply._replace(retries=reply.retries + replays)

    def _ask_many(
        self,
        calls: list[wire.Call],
        parameters: dict[str, Any],
        *,
        at_once: wire.AtOnce | None = None,
    ) -> list[wire.Reply | ApiError]:
        if not calls:
            return []
        body = parameters | wire.multirequest(calls)
        reads = all(is_read(call.action) for call in calls)

        def read(answer: Answer) -> list[wire.Reply | ApiError]:
            found = wire.replies(answer.body, calls, status=answer.status, at_once=at_once)
            asked_again = (SessionExpired, RateLimited) if reads else SessionExpired
            again = [one for one in found if isinstance(one, asked_again)]
            if again and (reads or len(again) == len(found)):  # else a write would happen twice
                raise again[0]
            share = answer.seconds / len(calls)
            return [
                one._replace(seconds=share)
                if isinstance(one, wire.Reply)
                else self._scrubbed(one, body)
                for one in found
            ]

        def once() -> list[wire.Reply | ApiError]:
            ks = {"ks": self._ks()}
            return self._send(wire.path("multirequest"), ks | body, "multirequest", read)

        def patiently() -> list[wire.Reply | ApiError]:
            return _counted(*self._retries.ask(once))

        try:
            return _counted(*self._replaying(patiently if reads else lambda: _once(once)))
        except (SessionExpired, RateLimited) as error:
            if reads and isinstance(error, RateLimited):  # it was asked for often enough
                raise
            return [error for _ in calls]

    def _replaying(self, once: Callable[[], T]) -> tuple[T, int]:
        """Ask; where the ks is over, log in again and ask once more; say how often that was."""
        ks = self._secrets.get("ks")
        if self._renew_at is not None and time.monotonic() > self._renew_at:
            with contextlib.suppress(ApiError, TransportError):  # it may last a little longer
                self._renew(ks)
        for replays in range(REPLAYS):
            ks = self._secrets.get("ks")
            try:
                return once(), replays
            except SessionExpired as error:
                if self._means in ("ks", "nothing"):
                    raise error.hinted(_READY_KS) from error
                self._renew(ks)
        return once(), REPLAYS

    def _renew(self, ks: str | None) -> None:
        """Log in again, once for all who found this ks over."""
        with self._renewing:
            if self._secrets.get("ks") != ks:
                return
            if self._locked_out is not None:  # a wrong password is not tried again and again
                raise self._locked_out
            log.info("the ks is over: logging in again")
            try:
                self._log_in_again()
            except LoginError as error:
                self._locked_out = error
                raise

    def _log_in_again(self) -> None:
        """Repeat the login; a pin or a refresh token, which a lost reply may use up, just once."""
        if self._means in REPEATABLE:
            self._retries.ask(self._log_in)
            return
        try:
            _once(self._log_in)
        except TransportError as error:
            self._locked_out = TransportError(f"{error} {_USED_UP}")
            raise self._locked_out from error

    def _log_in(self) -> None:
        """Get a ks by the means that the session has."""
        if self._means == "ks":
            return
        found = log_in(self._who, self._login_call)
        self._secrets["ks"] = found["ks"]
        if self._means == "refresh_token" and found.get("refreshToken"):
            self._secrets["refresh_token"] = found["refreshToken"]
        self.expiry = _instant(found.get("expiry"))
        left = self.expiry.timestamp() - time.time() if self.expiry else 0.0
        # a server whose clock is far from ours cannot be planned for: its refusal will tell
        self._renew_at = time.monotonic() + left - EARLY if left > 2 * EARLY else None

    def _login_call(self, service: str, action: str, parameters: dict[str, Any]) -> dict[str, Any]:
        name = f"{service}.{action}"
        own = {"userId": None, "language": None, "currency": None}
        known = schema.action(service, action)
        returns = known.returns if known else "object:KalturaLoginSession"

        def read(answer: Answer) -> dict[str, Any]:
            reply = wire.reply(answer.body, name, status=answer.status, returns=returns)
            found = reply.value
            if not isinstance(found, dict) or not (found.get("loginSession") or found).get("ks"):
                raise TransportError(f"{name}: the reply holds no ks; check url.")
            return found

        return self._send(wire.path(service, action), own | parameters, name, read)

    def _send(
        self, path: str, parameters: dict[str, Any], name: str, read: Callable[[Answer], T]
    ) -> T:
        """Post and read."""
        headers = {
            "Accept": wire.ACCEPT[self.format],
            "User-Agent": f"kott_notebooks/{__version__}",
        }
        body = wire.encode(self._globals | parameters)
        answer = post(self.http, self.url + path, body, headers, name)
        try:
            return read(answer)
        except TransportError as error:
            error.wait = answer.wait
            raise
        except ApiError as error:
            refusal = self._scrubbed(error, parameters)
        if isinstance(refusal, RateLimited):
            refusal.wait = answer.wait
        raise refusal  # out here, so that the words before the masking are not kept as its context

    def _scrubbed(self, error: ApiError, sent: Mapping[str, Any]) -> ApiError:
        """Mask secrets in the API's words, ours and those that were sent: some messages quote."""
        others = [*privacy.secrets_in(wire.plain(sent))]
        said = self._secrets.scrub(error.message, others)
        named = {key: self._secrets.scrub(str(one), others) for key, one in error.arguments.items()}
        if said == error.message and named == error.arguments:
            return error
        return api_error(error.code, said, named, action=error.action)

    def _ks(self) -> str:
        ks = self._secrets.get("ks")
        if ks is None:
            raise KottError("This session is logged out: call kott.login() again.")
        return str(ks)


def _once(ask: Callable[[], T]) -> T:
    """Ask what is not a read: a lost reply is not asked for again."""
    try:
        return ask()
    except TransportError as error:
        if not error.passing:
            raise
        raise TransportError(f"{error} It was sent once, and may have happened.") from error


def _counted(found: list[wire.Reply | ApiError], retries: int) -> list[wire.Reply | ApiError]:
    """Count on the first reply of a request how often it was asked again."""
    first, *others = found
    if isinstance(first, wire.Reply):
        first = first._replace(retries=first.retries + retries)
    return [first, *others]


_USED_UP = "What it was done with may be used up: call kott.login() again."
_READY_KS = (
    "It was given ready and cannot be renewed: get a new ks and call kott.login(ks=...) with it."
)


def _instant(seconds: Any) -> dt.datetime | None:
    try:
        return dt.datetime.fromtimestamp(int(seconds), dt.UTC) if seconds else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
