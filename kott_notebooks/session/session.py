"""The Session: sends with a ks, and renews it when it expires."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import html
import logging
import secrets as randomness
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, NoReturn, Self
from urllib.parse import urlsplit

import requests

from kott_notebooks import paging, schema
from kott_notebooks.api import bodies, envelopes
from kott_notebooks.api.bodies import Call
from kott_notebooks.api.decode import TextReader
from kott_notebooks.api.secrets import Secret, concealed, masked, secrets_in
from kott_notebooks.errors import (
    ApiError,
    CredentialsError,
    Forbidden,
    IncompleteError,
    Interrupted,
    KottError,
    LoginError,
    RateLimited,
    SessionExpired,
    TransportError,
    api_error,
    as_list,
    sealed,
)
from kott_notebooks.session.credentials import Credentials
from kott_notebooks.session.exchange import (
    Fetched,
    LoginSession,
    Request,
    app_token_call,
    instant,
    login_session,
)
from kott_notebooks.session.retries import ATTEMPTS, Retries, is_read
from kott_notebooks.session.sending import Answer, Connections, Limits, warn_of_plain_http

API_VERSION = "11.5.0.0"
DEMO = "demo.kott.invalid"  # the demo partner's host, and that of its users' names
__version__ = version("kott_notebooks")
CLIENT_TAG = f"kott_notebooks:python:{__version__}"
REPEATABLE = ("password", "anonymous", "app_token")  # means that one login does not use up
CAPS = (10_000, 100_000)  # totals at which a server may have stopped counting
UNFINISHED = 10  # stopped listings that a session keeps
EARLY = 60.0  # seconds before its end that a ks is renewed

log = logging.getLogger("kott_notebooks")


class Session:
    """One user's way into one partner: calls actions, pages lists, holds the secrets.

    It is a context manager that logs out at the end.

    Attributes
    ----------
    url, partner_id, username : str, int and str or None
        Where and who it is.
    expiry : datetime or None
        When the ks ends, where the server says so.
    unfinished : list of IncompleteError
        The lists that were stopped, the latest last.
    """

    def __init__(
        self,
        who: Credentials,
        *,
        http: requests.Session | None = None,
        limits: Limits | None = None,
        attempts: int = ATTEMPTS,
        deadline: float | None = None,
    ) -> None:
        settings = who.settings
        self._who = who
        self.url, self.partner_id, self.username = who.url, who.partner_id, who.username
        self._format = str(settings.get("format", "json")).lower()
        if self._format not in bodies.FORMATS:
            raise KottError(f"format is 'json' or 'xml', not {self._format!r}.")
        self.expiry: dt.datetime | None = None
        self.unfinished: list[IncompleteError] = []
        self._cache: dict[str, Any] = {}  # the partner's names, requested once
        self._pseudonym_key = Secret(randomness.token_hex(32))  # where KOTT_PII_KEY is not set
        self._means, self._secrets = who.means, dict(who.secrets)
        self._globals = {
            "apiVersion": str(settings.get("api_version", API_VERSION)),
            "clientTag": str(settings.get("client_tag", CLIENT_TAG)),
            "language": settings.get("language"),
            "currency": settings.get("currency"),
            "userId": _text(settings.get("user_id")),
            "format": bodies.FORMATS[self._format],
        }
        self._connections = Connections(self.url, http, limits or Limits())
        self._renewing = threading.Lock()
        self._renew_at: float | None = None  # by the monotonic clock
        self._refused_ks: Secret | None = None  # the last that the server called expired
        self._locked_out: LoginError | TransportError | None = None
        self._retries = Retries(attempts)
        self._deadline = deadline
        self._pace = paging.Pace()  # the round trip and the server's time, as measured
        warn_of_plain_http(self.url)

    # Calls

    def call(self, service: str, action: str, /, **arguments: Any) -> Any:
        """Call one action and return its result, decoded.

        Parameters
        ----------
        service, action : str
            By the API's names: `"asset", "get"`.
        **arguments
            The action's own, and global parameters (`language`, `currency`, `userId`,
            `responseProfile`, `apiVersion`, `clientTag`), which hold for this call. An action that
            only reads is retried; any other is sent once.

        Returns
        -------
        object
            What JSON holds: usually a dict.

        Raises
        ------
        ApiError
            The API refuses.
        TransportError
            No reply came, or one that is not the API's. Where the action may change something,
            the message says whether it may have happened.

        See Also
        --------
        multirequest, records

        Examples
        --------
        >>> from kott_notebooks import demo
        >>> session = demo.login(assets=50, channels=2, days=2, households=5)
        >>> session.call("session", "get")["partnerId"]
        478
        """
        arguments = concealed(arguments)
        asked = Call(service, action, arguments)
        fetched = self._fetch([asked])
        if fetched.errors:
            raise fetched.errors[0]
        return envelopes.decoded(envelopes.reply(fetched.body, asked.name).result, asked.name)

    def multirequest(
        self, calls: Iterable[Sequence[Any] | Call], /, **parameters: Any
    ) -> list[Any]:
        """Call many actions in one request and return their results, in order.

        Parameters
        ----------
        calls : iterable of (service, action, arguments)
            A later one may use an earlier one's result as `"{1:result:ks}"`, counted from 1.
        **parameters
            Hold for all of them: global ones, `abortOnError`, `abortAllOnError`.

        Returns
        -------
        list
            One result per call. A call that failed stands in its place as an ApiError, not raised.

        Raises
        ------
        RateLimited
            Calls that only read were refused as too many, however often they were sent.
        TransportError
            No reply came, or one that is not the API's.

        See Also
        --------
        call

        Examples
        --------
        >>> session = demo.login(assets=50, channels=2, days=2, households=5)
        >>> calls = [("session", "get"), ("asset", "list", {"pager": {"pageSize": 1}})]
        >>> [result["objectType"] for result in session.multirequest(calls)]
        ['KalturaSession', 'KalturaAssetListResponse']
        """
        calls, parameters = concealed(as_list("calls", calls)), concealed(parameters)
        asked = bodies.as_calls(calls)
        if not asked:
            return []
        try:
            fetched = self._fetch(asked, parameters, multirequest=True)
        except (SessionExpired, RateLimited) as error:
            if isinstance(error, RateLimited) and _only_reads(asked):
                raise
            return [error for _ in asked]
        return [
            fetched.errors[n]
            if isinstance(one, ApiError)
            else envelopes.decoded(one.result, asked[n].name)
            for n, one in enumerate(envelopes.replies(fetched.body, asked))
        ]

    def pages(
        self,
        service: str,
        action: str = "list",
        /,
        *,
        limit: int | None = None,
        workers: int = paging.WORKERS,
        **arguments: Any,
    ) -> paging.Pull:
        """Return a list action's pages, complete or an IncompleteError.

        Nothing is requested until the pages are iterated. A page is undecoded rows, and how many;
        `page.records()` decodes them.

        Parameters
        ----------
        service, action : str
            A list action.
        limit : int, optional
            Stop after this many rows.
        workers : int, default 8
            Number of requests in flight. The order of the rows does not depend on it.
        **arguments : Any
            Arguments of the action, by the API's names.

        Returns
        -------
        Pull
            An iterable of pages.

        See Also
        --------
        records, kott.listing

        Examples
        --------
        >>> session = demo.login(assets=200, channels=4, days=2, households=3)
        >>> [page.rows for page in session.pages("region")]
        [5]
        """
        arguments = concealed(arguments)
        bodies.check_names(service, action, arguments)
        return self._pull(paging.Listing(service, action, arguments, limit=limit), workers=workers)

    def _pull(
        self,
        listing: paging.Work,
        *,
        workers: int = paging.WORKERS,
        progress: paging.Progress | None = None,
        cost: paging.Cost | None = None,
        spent: float = 0.0,
    ) -> paging.Pull:
        """Return a listing with this session as the way to its server."""
        return paging.Pull(
            listing,
            self._fetch,
            workers=workers,
            pace=self._pace,
            progress=progress,
            cost=cost,
            deadline=self._deadline,
            spent=spent,
        )

    def records(
        self, service: str, action: str = "list", /, *, limit: int | None = None, **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield a list action's records one by one, as the API sends them.

        Parameters
        ----------
        service, action : str
            A list action; service names in any case.
        limit : int, optional
            Stop after this many records.
        **arguments : Any
            Arguments of the action, by the API's names.

        Yields
        ------
        dict
            One record.

        Raises
        ------
        IncompleteError
            The list could not be completed: `.partial` holds the records that were received, and
            `.resume()` returns all of them.

        See Also
        --------
        pages, kott.listing

        Examples
        --------
        >>> session = demo.login(assets=200, channels=4, days=2, households=3)
        >>> [region["name"] for region in session.records("region", limit=1)]
        ['National']
        """
        arguments = concealed(arguments)
        pull = self.pages(service, action, limit=limit, **arguments)

        def resumed() -> list[dict[str, Any]]:
            return list(self._records(pull, resumed))

        yield from self._records(pull, resumed)

    def _records(
        self, pull: paging.Pull, resumed: Callable[[], list[dict[str, Any]]]
    ) -> Iterator[dict[str, Any]]:
        def received() -> list[dict[str, Any]]:
            return [record for page in pull.received() for record in page.records()]

        entry = self._begin(received, resumed)
        try:
            for page in pull:
                yield from page.records()
        except (KottError, KeyboardInterrupt) as error:
            raise self._stopped(entry, [pull], error) from None
        except GeneratorExit:  # the caller needs no more
            self._end(entry)
            raise
        self._end(entry)

    def count(self, service: str, action: str = "list", /, **arguments: Any) -> int:
        """Return how many records a list action has, by requesting one of them.

        A list without a pager is read whole.

        Parameters
        ----------
        service, action : str
            A list action; service names in any case.
        **arguments : Any
            Arguments of the action, by the API's names.

        Returns
        -------
        int
            The server's total.

        Raises
        ------
        IncompleteError
            The server sends no total, or one at which it stops counting.

        See Also
        --------
        records, kott.plan

        Examples
        --------
        >>> session = demo.login(assets=200, channels=4, days=2, households=3)
        >>> session.count("assetStruct")
        5
        """
        arguments = concealed(arguments)
        known = schema.action(service, action)
        if known is None or not known.pager:
            return sum(1 for _ in self.records(service, action, **arguments))
        bodies.check_names(service, action, arguments)
        one = {"pageSize": 1, "pageIndex": 1}
        call = Call(service, action, arguments | {"pager": one})
        fetched = self._fetch([call], validate=True)
        if fetched.errors:
            raise fetched.errors[0]
        total = TextReader().read(envelopes.reply(fetched.body, call.name).result).total
        if total is None or total in CAPS:
            why = "sends no total" if total is None else f"may have stopped counting at {total:,}"
            raise IncompleteError(
                f"{service}.{action} {why}: narrow the filter, or list it.", partial=total
            )
        return total

    # Unfinished lists

    def _begin(
        self,
        received: Callable[[], Any],
        resumed: Callable[[], Any],
    ) -> Interrupted:
        """Register a listing in `unfinished` before anything of it is requested."""

        def resume() -> Any:
            try:
                return resumed()  # which registers itself
            finally:
                self._end(entry)

        entry = Interrupted("A list is under way.", build=received, resume=resume)
        self.unfinished[:] = [*self.unfinished, entry][-UNFINISHED:]
        return entry

    def _end(self, entry: IncompleteError) -> None:
        """Take a listing off the register."""
        self.unfinished[:] = [one for one in self.unfinished if one is not entry]

    def _stopped(
        self, entry: Interrupted, pulls: Sequence[paging.Pull], error: BaseException
    ) -> BaseException:
        """Return the error to raise for a listing that stopped; it stays on the register."""
        if isinstance(error, KeyboardInterrupt):
            so_far = "; ".join(pull.listing.so_far() for pull in pulls)
            entry.args = (f"{so_far}; session.unfinished[-1].resume() goes on.",)
            return entry
        if not isinstance(error, IncompleteError) and not any(p.listing.rows for p in pulls):
            self._end(entry)
            return error
        stopped = IncompleteError(str(error), build=entry._build, resume=entry._resume)
        self.unfinished[:] = [stopped if one is entry else one for one in self.unfinished]
        return stopped

    # Who is logged in

    def whoami(self) -> dict[str, Any]:
        """Check the credentials and say whose they are.

        Requests session.get and, for a user who has logged in, ottUser.get and userRole.list.

        Returns
        -------
        dict
            url, partner_id, user_id, username, roles, expires; never the ks. The roles are names
            where this user may list them, else numbers.

        Raises
        ------
        ApiError
            The ks has expired or is not valid.

        See Also
        --------
        logout, kott.login

        Examples
        --------
        >>> session = demo.login(assets=200, channels=4, days=2, households=3)
        >>> session.whoami()["partner_id"]
        478
        """
        session = envelopes.decoded_object(self.call("session", "get"), "session.get")
        who = {
            "url": self.url,
            "partner_id": session.get("partnerId", self.partner_id),
            "user_id": session.get("userId"),
            "username": self.username,
            "roles": "anonymous",
            "expires": instant(session.get("expiry")),
        }
        if str(session.get("userId") or "0") != "0":
            user = envelopes.decoded_object(self.call("ottUser", "get"), "ottUser.get")
            who |= {
                "username": user.get("username"),
                "roles": self._role_names(user.get("roleIds")),
            }
        return who

    def _role_names(self, ids: Any) -> Any:
        """Name roles, given as numbers with commas between them; what has no name stays."""
        numbers = [one.strip() for one in str(ids or "").split(",")]
        try:
            known = {str(one.get("id")): one.get("name") for one in self.records("userRole")}
        except KottError:  # most roles may not list them
            return ids
        return ", ".join(str(known.get(one) or one) for one in numbers) or ids

    def logout(self) -> None:
        """End the ks on the server and forget every secret.

        See Also
        --------
        whoami, kott.login

        Examples
        --------
        >>> session = demo.login(assets=200)
        >>> session.logout()
        >>> session
        <kott Session: https://demo.kott.invalid, logged out>
        """
        try:
            if "ks" in self._secrets:
                self._fetch([Call("ottUser", "logout")], renew=False)
        except SessionExpired:
            log.debug("the ks had expired before the logout")
        finally:
            self._forget()

    def _forget(self) -> None:
        self._secrets.clear()
        self._means, self._renew_at = "nothing", None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Log out, unless the ks was given by the caller, and close the pool.

        After an interrupt the ks is forgotten without a request: the server may not answer.
        """
        try:
            if self._means != "ks" and not (kind and issubclass(kind, KeyboardInterrupt)):
                self.logout()
        except KottError as error:
            log.info("the logout failed: %s", error)
        finally:
            self._forget()
            self._connections.close()

    def __repr__(self) -> str:
        return f"<kott Session: {', '.join(self._card().values())}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for name, text in self._card().items()
        )
        style = "font-size:1.3em;font-weight:bold;margin:0.3em 0"
        return f"<p style='{style}'>{html.escape(self._whose())}</p><table>{rows}</table>"

    def _whose(self) -> str:
        """Say whose data this is: the demo's figures must not be taken for a partner's."""
        if self._means == "nothing":
            return "Logged out"
        host = urlsplit(self.url).hostname or ""
        if DEMO in (host, (self.username or "").rpartition("@")[2]):
            return "Made-up data of the demo partner"
        return f"Data of {self._card()['partner']} at {host}"

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

    def _fetch(
        self,
        calls: Sequence[Call],
        parameters: Mapping[str, Any] | None = None,
        *,
        multirequest: bool = False,
        validate: bool = False,
        renew: bool = True,
        until: float | None = None,
    ) -> Fetched:
        """Send one request, plain for one call, a multirequest for several, and return its reply.

        In one loop, reads are retried and an expired ks is renewed. The body is JSON, undecoded;
        with `validate` it is decoded once, so that a garbled one is requested again. What the API
        refuses is in `errors`; raised are failures of the whole request. No attempt begins after
        `until`, a time of the monotonic clock.
        """
        with sealed():
            if self._connections.leave_parent():  # a thread of the parent may have held a lock
                self._renewing, self._retries = threading.Lock(), self._retries.renewed()
            request = Request.of(calls, parameters or {}, multirequest=multirequest)
            renewable = renew and not request.own_ks and self._means not in ("ks", "nothing")
            if renewable:
                self._renew_early()
            attempts = self._retries.loop(
                idempotent=request.idempotent,
                renew=self._renew_refused if renewable else None,
                until=until,
            )
            try:
                for attempt in attempts:
                    with attempt:
                        fetched = self._attempt(request, validate=validate)
                        return fetched._replace(retries=attempt.retry_state.attempt_number - 1)
            except SessionExpired as error:
                if self._means == "ks" and not request.own_ks:
                    raise error.hinted(_READY_KS) from error
                raise
        raise AssertionError("the loop returns or raises")

    def _attempt(self, request: Request, *, validate: bool = False) -> Fetched:
        """Send once, and read from the reply whether the API refuses."""
        ks = None if request.own_ks else self._ks()
        parameters = self._globals | {"ks": ks} | request.parameters
        headers = {
            "Accept": bodies.ACCEPT[self._format],
            "User-Agent": f"kott_notebooks/{__version__}",
        }
        answer: Answer | None = None
        refused: ApiError | None = None
        try:
            if request.name in bodies.BY_GET:
                url, body = bodies.for_get(self.url + request.path, parameters)
                answer = self._connections.post(url, body, headers, request.name, method="GET")
                refused = self._refused_get(request, answer)
            if answer is None or refused is not None:
                url, body = self.url + request.path, bodies.encode(parameters)
                answer = self._connections.post(url, body, headers, request.name)
            fetched = self._checked(request, answer, validate=validate)
            if refused is not None and fetched.errors:
                raise refused.hinted(_ONLY_GET)
        except TransportError as error:
            error.wait = answer.wait if answer else None
            if request.idempotent or not error.passing:
                raise
            raise TransportError(f"{error} {request.lost}") from error
        except ApiError as error:
            if isinstance(error, SessionExpired):
                self._refused_ks = ks
            elif isinstance(error, RateLimited) and answer:
                error.wait = answer.wait
            raise
        self._retries.succeeded()
        return fetched

    def _refused_get(self, request: Request, answer: Answer) -> ApiError | None:
        """Return the refusal of a GET by a server that may not have read the ks in its body."""
        try:
            error = self._checked(request, answer, validate=False).errors.get(0)
        except SessionExpired as expired:
            return expired
        return error if isinstance(error, Forbidden) else None

    def _checked(self, request: Request, answer: Answer, *, validate: bool) -> Fetched:
        """Raise what fails the whole request, or may be sent again; gather the other refusals."""
        calls, status = request.calls, answer.status
        body, errors = answer.body, {}
        try:
            body = envelopes.json_body(body, request.name, status=status, returns=request.returns)
            if validate or status != 200 or envelopes.may_hold_error(body):
                errors = envelopes.errors(body, calls, status=status, packed=request.packed)
        except ApiError as error:
            raise self._masked(error, request) from error
        errors = {n: self._masked(error, request) for n, error in errors.items()}
        again = [
            error
            for n, error in errors.items()
            if (isinstance(error, SessionExpired) and "ks" not in calls[n].arguments)
            or (isinstance(error, RateLimited) and request.idempotent)
        ]
        if again and (request.idempotent or len(again) == len(calls)):  # no write happens twice
            raise again[0]
        return Fetched(body, errors, answer.seconds, answer.waited, 0)

    # Logging in

    def _renew_early(self) -> None:
        """Log in again shortly before the ks expires."""
        if self._renew_at is not None and time.monotonic() > self._renew_at:
            with contextlib.suppress(ApiError, TransportError):  # it may last a little longer
                self._renew(self._secrets.get("ks"))

    def _renew_refused(self) -> None:
        self._renew(self._refused_ks)

    def _renew(self, ks: Secret | None) -> None:
        """Log in again, once for all threads that used this ks."""
        with self._renewing:
            if self._secrets.get("ks") is not ks:
                return
            if self._locked_out is not None:  # a wrong password is not sent again and again
                raise copy.copy(self._locked_out)
            log.info("the ks has expired: logging in again")
            try:
                self._log_in()
            except (LoginError, TransportError) as error:
                if isinstance(error, LoginError) or self._means not in REPEATABLE:
                    self._locked_out = error
                raise

    def _log_in(self) -> None:
        """Get a ks; a pin or a refresh token is sent once, since a lost reply may use it up."""
        if self._means == "ks":
            return
        for attempt in self._retries.loop(idempotent=self._means in REPEATABLE):
            with attempt:
                opened = self._opened()
        self._secrets["ks"], self.expiry = opened.ks, opened.expiry
        if self._means == "refresh_token" and opened.refresh_token is not None:
            self._secrets["refresh_token"] = opened.refresh_token
        seconds = opened.expiry.timestamp() - time.time() if opened.expiry else 0.0
        # a server whose clock is far from ours cannot be planned for: its refusal will tell
        self._renew_at = time.monotonic() + seconds - EARLY if seconds > 2 * EARLY else None

    def _opened(self) -> LoginSession:
        """Log in by the means that the session has."""
        means, secrets = self._means, self._secrets
        partner = {"partnerId": self.partner_id, "udid": self._who.settings.get("udid")}
        if means == "password":
            user = {"username": self.username, "password": secrets["password"]}
            return self._login_call("ottUser", "login", partner | user)
        if means == "pin":
            pin = {"pin": secrets["pin"], "secret": secrets.get("pin_secret")}
            return self._login_call("ottUser", "loginWithPin", partner | pin)
        if means == "refresh_token":
            token = {"refreshToken": secrets["refresh_token"]}
            return self._login_call("ottUser", "refreshSession", partner | token)
        anonymous = self._login_call("ottUser", "anonymousLogin", partner)
        if means == "anonymous":
            return anonymous
        own = app_token_call(secrets["app_token"], anonymous.ks)
        return self._login_call("appToken", "startSession", own | {"udid": partner["udid"]})

    def _login_call(self, service: str, action: str, parameters: dict[str, Any]) -> LoginSession:
        call = Call(service, action, parameters)
        others = {"userId": None, "language": None, "currency": None}
        request = Request(
            bodies.path(service, action),
            others | parameters,
            call.name,
            [call],
            call.returns or "object:KalturaLoginSession",
            idempotent=self._means in REPEATABLE,
            own_ks=True,
            lost=_USED_UP,
        )
        return login_session(self._attempt(request), call.name)

    # Secrets

    def _masked(self, error: ApiError, request: Request) -> ApiError:
        """Mask secrets in the API's words, those held and those sent: some messages quote."""
        mask = partial(
            masked,
            secrets=[*secrets_in(self._secrets), *secrets_in(request.parameters)],
            names=[name for call in request.calls for name in call.arguments],
        )
        return api_error(
            mask(error.code),
            mask(error.message),
            {mask(str(name)): mask(str(one)) for name, one in error.arguments.items()},
            action=error.action,
        )

    def _ks(self) -> Secret:
        ks = self._secrets.get("ks")
        if not isinstance(ks, Secret):
            raise KottError("This session is logged out: call kott.login() again.")
        return ks


def _only_reads(calls: Sequence[Call]) -> bool:
    return all(is_read(call.action) for call in calls)


_USED_UP = (
    "It was sent once, and may have happened. What it was done with may be used up: "
    "call kott.login() again."
)
_ONLY_GET = (
    "This server may read the ks of a GET only in the URL, where proxies keep it, so it is "
    "not sent there; and it refuses POST. Call lineup.list, or ask the operator to allow POST."
)
_READY_KS = (
    "It was given ready and cannot be renewed: get a new ks and call kott.login(ks=...) with it."
)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
