"""What can go wrong, and what to do about it.

    KottError                   everything below; raised as itself for input that cannot work
    ├── CredentialsError        nothing to log in with, or a profile that cannot be trusted
    ├── TransportError          no reply, or one that is not the API's
    ├── IncompleteError         a list that could not be completed: .partial, .resume()
    │   └── Interrupted         the same after Ctrl-C or the stop button; a KeyboardInterrupt too
    └── ApiError                the API's own refusal: .code .name .arguments .hint
        ├── LoginError          wrong user, password, pin, token or partner
        ├── SessionExpired      a ks that has expired or is not valid
        ├── Forbidden           the role may not
        ├── KsqlError           a filter that the API cannot read
        └── RateLimited         too many calls

A class is here because a caller would act differently.
"""

from __future__ import annotations

import linecache
import operator
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

from kott_notebooks import schema

__all__ = [
    "ApiError",
    "CredentialsError",
    "Forbidden",
    "IncompleteError",
    "Interrupted",
    "KottError",
    "KsqlError",
    "LoginError",
    "RateLimited",
    "SessionExpired",
    "TransportError",
    "full_tracebacks",
]

# escape sequences of terminals, and every control character but the newline
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]?")
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

MAX_MESSAGE = 2_000  # characters of a server's message that are shown


class KottError(Exception):
    """An error of this package: what went wrong, and what to do next.

    Attributes
    ----------
    hint : str
        What to do next; the message ends with it.
    """

    hint = ""

    def __str__(self) -> str:
        return printable(super().__str__())

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the cell's line, what went wrong, and what to do next."""
        if _full_tracebacks or debugging():
            return _whole_traceback(self)
        message = str(self).removesuffix(self.hint).rstrip()
        parts = [*_line_of_cell(self.__traceback__), f"{type(self).__name__}: {message}"]
        parts += [self.hint] if self.hint else []
        return [*parts, "", "kott.full_tracebacks() shows more, from the next error on."]


_full_tracebacks = False


def full_tracebacks(show: bool = True) -> None:
    """Show errors of this package in notebooks with all their frames, or as a few lines again.

    Parameters
    ----------
    show : bool, default True
        False goes back to the cell's line, the message and what to do next. KOTT_DEBUG=1 shows
        everything too, and leaves the locals of the frames, which may show secrets.

    See Also
    --------
    KottError

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> kott.full_tracebacks()
    >>> kott.full_tracebacks(False)
    """
    global _full_tracebacks
    _full_tracebacks = show


def debugging() -> bool:
    """Return whether KOTT_DEBUG is set to show everything."""
    return os.getenv("KOTT_DEBUG") == "1"


def _whole_traceback(error: BaseException) -> list[str]:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        return traceback.format_exception(error)
    where = error.__traceback__
    lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, where, 1)
    return lines


def _line_of_cell(where: TracebackType | None) -> list[str]:
    """Return the line of the cell that led to an error, without the secrets that it may hold."""
    frames = list(traceback.walk_tb(where))
    own = [one for one in frames if one[0].f_globals.get("__name__") == "__main__"]
    if not own:
        return []
    frame, number = own[0]
    line = linecache.getline(frame.f_code.co_filename, number, frame.f_globals).strip()
    in_login = any(one.f_code.co_name == "login" for one, _ in frames)
    if in_login or _SECRET_WORDS.search(line):
        line = _LITERALS.sub("***", line)
    return [f"----> {number} {line}", ""] if line else []


_SECRET_WORDS = re.compile(
    r"(?i:password|passwd|pwd|token|secret|credential|login|key\b)|\bpin|Pin|_pin|\b(?:ks|KS)\b"
)
_LITERALS = re.compile(  # texts, also one that is not closed on its line; numbers; comments
    r"""(?x) [a-zA-Z]{0,2} (?: \"{3}.*?\"{3} | '{3}.*?'{3} | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )
    | ["'].* | \b\d[\w.]* | \#.*"""
)


def printable(text: str) -> str:
    """Remove escape codes and control characters from a server's text."""
    return _CONTROLS.sub(" ", _ESCAPES.sub("", text))


class sealed:  # noqa: N801 - used as `with sealed():`
    """Seals every exception that leaves its block: see `seal`."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: object
    ) -> None:
        if error is not None:
            seal(error)


def seal(error: BaseException) -> None:
    """Clear the locals of the frames below, which may show secrets, and cut cause and context.

    With KOTT_DEBUG=1 all is left as it is.
    """
    if debugging():
        return
    chain: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while chain:
        one = chain.pop()
        if one is not None and not any(one is other for other in seen):
            seen.append(one)
            traceback.clear_frames(one.__traceback__)
            chain += [one.__cause__, one.__context__]
    error.__cause__ = error.__context__ = None


def whole_number(name: str, value: Any, least: int = 0) -> int:
    """Return an argument that has to be a whole number: one of Python, numpy or pandas, or 3.0."""
    is_whole = isinstance(value, float) and value.is_integer()
    try:
        number = operator.index(int(value) if is_whole else value)
    except TypeError as error:
        raise KottError(f"{name} must be a whole number, not {value!r:.80}.") from error
    if isinstance(value, bool):
        raise KottError(f"{name} must be a whole number, not {value}.")
    if number < least:
        raise KottError(f"{name} must be at least {least}, not {number}.")
    return number


def as_list(name: str, value: Any) -> list[Any]:
    """Return an argument that has to be a list, or anything that gives values one by one."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise KottError(f"{name} must be a list, not {value!r:.80}.")
    return list(value)


class CredentialsError(KottError):
    """Credentials are missing, or a file of profiles may not be used."""


class TransportError(KottError):
    """There was no reply, or one that the API did not write.

    Attributes
    ----------
    passing : bool
        Whether the failure is transient: another attempt may succeed.
    wait : float or None
        The number of seconds that the server asks for.
    """

    def __init__(self, message: str, *, passing: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.passing = passing
        self.wait = wait


class IncompleteError(KottError):
    """A list could not be completed; what was received of it is here.

    Attributes
    ----------
    partial : list of dict or DataFrame
        What was received: records from a session, a table from a listing function. It is made when
        it is looked at, so that an interrupt need not wait for it.
    """

    def __init__(
        self,
        message: str,
        *,
        partial: Iterable[Any] | int | None = None,
        build: Callable[[], Any] | None = None,
        resume: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(message)
        self._partial, self._build = partial, build
        self._resume = resume

    @property
    def partial(self) -> Any:
        """What was received: records or a table."""
        if self._build is not None:
            self._partial = self._build()
            self._build = None
        return self._partial

    def resume(self) -> Any:
        """Go on where the call stopped, and return what it would have returned.

        Returns
        -------
        list of dict or DataFrame
            The whole list, of which only what is missing is requested.

        Raises
        ------
        IncompleteError
            It stopped again: this one goes on from there.
        KottError
            The list cannot be resumed.

        See Also
        --------
        kott.assets, kott.verify

        Examples
        --------
        >>> import kott_notebooks as kott
        >>> from kott_notebooks import demo
        >>> faults = demo.Faults(seed=3, spare=2, reset=0.5)  # every other connection is reset
        >>> session = demo.login(assets=200, faults=faults, attempts=1)
        >>> try:
        ...     assets = kott.assets(session, workers=1)
        ... except kott.IncompleteError as error:
        ...     print(len(error.partial), len(error.resume()))
        50 200
        """
        if self._resume is None:
            raise KottError("There is nothing to resume here: call the listing again.")
        return self._resume()


class Interrupted(IncompleteError, KeyboardInterrupt):
    """A pull was stopped by the user; `session.unfinished[-1]` has what was received."""


class ApiError(KottError):
    """The API refused an action.

    Attributes
    ----------
    code, name : str
        As on the wire, and the schema's name for it.
    message : str
        The API's words.
    arguments : dict
        What the API filled its message with (`args` on the wire, a word that Python's exceptions
        have taken).
    action : str
        What was refused: "asset.list".
    hint : str
        What to do next.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        arguments: Mapping[str, Any] | None = None,
        *,
        action: str = "",
        hint: str | None = None,
    ) -> None:
        self.code = printable(str(code))
        self.message = printable(message)
        self.arguments = {
            printable(name): printable(one) if isinstance(one, str) else one
            for name, one in (arguments or {}).items()
        }
        self.action = action
        self.name = schema.error_name(self.code) or "unknown"
        self.hint = hint or HINTS.get(self.code, "")
        super().__init__(code, message)

    def hinted(self, hint: str) -> ApiError:
        """Return the same refusal with another hint."""
        return api_error(self.code, self.message, self.arguments, action=self.action, hint=hint)

    def __str__(self) -> str:
        said = " ".join(self.message[:MAX_MESSAGE].split()).rstrip(". ") or "the API gave no reason"
        said += " ..." if len(self.message) > MAX_MESSAGE else ""
        where = f"{self.action}: " if self.action else ""
        return f"{where}{said} [{self.code} {self.name}]. {self.hint}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.code, self.message, self.arguments, self.action, self.hint)


class LoginError(ApiError):
    """The API refused the login."""


class SessionExpired(ApiError):
    """The ks has expired or is not valid."""


class Forbidden(ApiError):
    """The role may not do, see or name this."""


class KsqlError(ApiError):
    """A KSQL filter cannot be parsed; the message says where."""


class RateLimited(ApiError):
    """The API wants fewer calls.

    Attributes
    ----------
    wait : float or None
        The number of seconds that it asks for.
    """

    wait: float | None = None


HINTS = {
    "1": "If this was a deep page, narrow the list; else ask again later.",
    "500004": "This role may not do that: log in as one that may (an operator, for most lists).",
    "500008": "Check partner_id and url: this server does not know that partner.",
    "500011": "Check the service's name: kott.services() lists them.",
    "500012": "Check the action's name: kott.services() lists them.",
    "500013": "Check the arguments: kott.describe('service.action') lists them.",
    "500015": "The ks is not one of this server's: log in again.",
    "500016": "Log in again.",
    "500018": "Give it an objectType: one of the classes that extend the one named.",
    "500028": "This household is closed to this user: log in as an operator.",
    "500034": "The refresh token was used or has expired: log in with a password.",
    "500051": "This role may not use that property.",
    "500052": "This role may not use that argument.",
    "500053": "Give the argument that the message names.",
    "500057": "Give api_version: the server does not answer without one.",
    "500096": "Wait a little, then ask again with fewer calls.",
    "1000": "A household with that external id exists already.",
    "1001": "The household has reached its limit of devices or users: see household.limits.",
    "1002": "The household may have no device of this family: see householdLimitations.list.",
    "1003": "The device is in another household, or in none: see kott.household_devices.",
    "1005": "This user belongs to no household.",
    "1006": "There is no household with that id.",
    "1009": "This household is suspended: ask the operator, or act for another one.",
    "1010": "There are no limitations with that id: householdLimitations.list lists them.",
    "1011": "Check username and password.",
    "1012": "This household is suspended already.",
    "1013": "This household is active already.",
    "1014": "Devices and users may change again later: see the household's frequencyNext... dates.",
    "1015": "The household has this device already.",
    "1016": "The device is in another household: it must be removed there first.",
    "1017": "This household has no users.",
    "1018": "The user is in another household: it must leave that one first.",
    "1019": "There is no device with that udid: see kott.household_devices.",
    "1020": "The user is not in this household: see kott.household_users.",
    "1021": "Only a master of the household may do that.",
    "1022": "The household has reached its limit of users: see household.limits.",
    "1023": "The household is not set up yet: add its first device or user.",
    "1024": "The device waits to be confirmed by the household's master.",
    "1027": "This user may not do that in this household.",
    "1029": "The user is in this household already.",
    "1037": "There is no region with that id: kott.listing(session, 'region') lists them.",
    "1040": "The password has expired: set a new one, then log in.",
    "2000": "There is no such user: check the username and the partner.",
    "2001": "This user is suspended: ask the operator.",
    "2004": "The pin is wrong or has expired: ask for a new one.",
    "2015": "Too many failed tries: this user is locked for a while.",
    "2016": "This user has not been activated yet.",
    "2019": "The device is in no household: log in without udid=, or add it to one.",
    "4002": "Check the filter's values: kott.ksql.check(text) helps.",
    "4004": "Check the filter's syntax: kott.ksql.check(text) shows where it goes wrong.",
    "4005": "No meta, tag or field has that name: kott.labels(session) lists them.",
}

_CLASSES: dict[str, type[ApiError]] = {
    **dict.fromkeys(
        ("1011", "2000", "2001", "2003", "2004", "2015", "2016", "500008", "500034"), LoginError
    ),
    **dict.fromkeys(("500015", "500016"), SessionExpired),
    **dict.fromkeys(("500004", "500028", "500051", "500052"), Forbidden),
    **dict.fromkeys(("4002", "4004", "4005"), KsqlError),
    "500096": RateLimited,
}


def api_error(
    code: str,
    message: str = "",
    arguments: Mapping[str, Any] | None = None,
    *,
    action: str = "",
    hint: str | None = None,
) -> ApiError:
    """Make the exception that fits a code."""
    kind = _CLASSES.get(str(code), ApiError)
    return kind(code, message, arguments, action=action, hint=hint)


def _rebuild(
    code: str, message: str, arguments: Mapping[str, Any], action: str, hint: str
) -> ApiError:
    return api_error(code, message, arguments, action=action, hint=hint)
