"""Credentials: held so that nothing shows them, masked where a server quotes them; pure."""

from __future__ import annotations

import hmac
import html
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from numbers import Number  # numpy's too
from typing import Any, NoReturn, SupportsIndex, overload
from urllib.parse import quote, quote_plus

from kott_notebooks import schema
from kott_notebooks.errors import CredentialsError

MASK = "***"
SHORT = 4  # characters; a secret of fewer is masked as a whole word only

# `session` is the ks that session.get asks about
_CREDENTIAL = re.compile(
    r".*(password|passwd|pwd|pin|pincode|token|tokenhash|secret|(api|access|private|secret)_?key)"
    r"|ks|session|authorization|credentials?",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\{\d+:result[^{}]*\}")  # refers to a result, and is not a secret


class Secret:
    """A credential: shown as ***, readable by `reveal()` alone.

    It is not a str: one would leak by joining, slicing, encoding and JSON. The text stands in a
    closure, where no walk over attributes comes across it.
    """

    __slots__ = ("_give",)
    __hash__ = None  # type: ignore[assignment]  # a dict of them would compare their hashes

    def __init__(self, text: str) -> None:
        self._give: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._give()

    def __eq__(self, other: object) -> bool:
        """Compare in constant time; a text is never equal to the secret that it is."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(encoded(self), encoded(other))

    def __bool__(self) -> bool:
        """Return whether there is a text at all."""
        return bool(self.reveal())

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce__()

    def __reduce__(self) -> NoReturn:
        raise CredentialsError("A secret is neither copied nor pickled: log in again there.")


def encoded(secret: Secret) -> bytes:
    """Return a secret's text as bytes, lone surrogates included."""
    return secret.reveal().encode("utf-8", "surrogatepass")


class Body(bytes):
    """The bytes of a request, which hold secrets: its repr, text and slices are masked."""

    def __repr__(self) -> str:
        return f"<{len(self):,} bytes of a request>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    @overload
    def __getitem__(self, at: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> Body: ...
    def __getitem__(self, at: SupportsIndex | slice) -> int | Body:
        """Return a byte, or a slice that is masked too."""
        return Body(super().__getitem__(at)) if isinstance(at, slice) else super().__getitem__(at)


def is_credential(name: str) -> bool:
    """Return whether an argument or property of this name holds a secret, in any class."""
    return name in _marked_secret() or _CREDENTIAL.fullmatch(name) is not None


@cache
def _marked_secret() -> frozenset[str]:
    names = {name for cls in schema.data()["classes"] for name in schema.secret(cls)}
    return frozenset(names - {"code"})  # a coupon's; the name alone says nothing


def concealed(value: Any, name: str = "") -> Any:
    """Copy arguments, the texts and numbers under a credential's name as Secrets, at any depth.

    A property `value` has the name of the object that holds it, which is an entry of a map.
    """
    if isinstance(value, Mapping):
        inner = {key: name if key == "value" else str(key) for key in value}
        return {key: concealed(one, inner[key]) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [concealed(one, name) for one in value]
    is_text = isinstance(value, str | bytes | Number) and not isinstance(value, bool)
    if not is_text or value != value or not is_credential(name):  # NaN is refused by its name
        return value
    text = readable(value)
    return value if not text or _REFERENCE.fullmatch(text) else Secret(text)


def readable(value: object) -> str:
    """Return the text of a credential, which may be given as bytes or as a number."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def secrets_in(value: Any) -> Iterator[Secret]:
    """Return the Secrets in a value, at any depth."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from secrets_in(one)


def shown(value: Any) -> Any:
    """Copy a value with *** in the place of every Secret, at any depth."""
    if isinstance(value, Mapping):
        return {name: shown(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [shown(one) for one in value]
    return MASK if isinstance(value, Secret) else value


def masked(text: str, secrets: Iterable[Secret], names: Iterable[str] = ()) -> str:
    """Mask secrets in a server's words, in the forms in which they travel.

    Raw, JSON-escaped, URL-encoded and in base64, alone or as `user:secret`; short ones as whole
    words only. Words that quote the request, by the `names` of its parameters, are left out: what
    is cut off in the middle of a secret has no form that could be known.
    """
    if _quotes(text, names):
        return "(its words quote the request and are left out)"
    for one in sorted((one.reveal() for one in secrets if one), key=len, reverse=True):
        text = re.sub(_forms(one), MASK, text)
        text = _BASE64.sub(partial(_without_base64, secret=one), text)
    return text


def _quotes(text: str, names: Iterable[str]) -> bool:
    """Return whether a text holds a piece of a body of JSON, or of a form."""
    quoted = r'[\\"\']+\s*:|=[^&\s]*&|%22\s*(:|%3[aA])'
    known = "|".join(re.escape(name) for name in (*names, "ks", "apiVersion", "clientTag"))
    return re.search(rf"(?<![A-Za-z])({known})({quoted})", text) is not None


def _forms(secret: str) -> str:
    """Write the pattern that finds a secret in a text."""
    raw = secret.encode("utf-8", "surrogatepass")
    escaped = {json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
    forms = {secret, html.escape(secret), *escaped, *(one.replace("/", "\\/") for one in escaped)}
    urls = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    known = {*map(re.escape, forms), *(f"(?i:{re.escape(one)})" for one in urls)}
    either = "|".join(sorted(known, key=len, reverse=True))
    return either if len(secret) >= SHORT else rf"(?<!\w)(?:{either})(?!\w)"


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{2,}={0,2}")


def _without_base64(match: re.Match[str], secret: str) -> str:
    """Mask a run of base64 that holds a secret, or a short one alone or as `user:secret`."""
    run = match[0].rstrip("=").translate(_STANDARD)
    raw = re.escape(secret.encode("utf-8", "surrogatepass"))
    long = len(secret) >= SHORT
    for start in range(4 if long else 1):  # a run may begin before its base64 does
        part = run[start:-1] if (len(run) - start) % 4 == 1 else run[start:]
        text = b64decode(part + "=" * (-len(part) % 4))
        if re.search(raw if long else rb"\A([ -~]*:)?" + raw + rb"\Z", text):
            return MASK
    return match[0]


_STANDARD = str.maketrans("-_", "+/")
