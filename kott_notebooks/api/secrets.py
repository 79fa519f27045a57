"""What lets somebody in: held so that nothing shows it, masked where a server quotes it; pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NoReturn, SupportsIndex, overload

from kott_notebooks import schema
from kott_notebooks.errors import CredentialsError

MASK = "***"

# `session` is the ks that session.get asks about
_CREDENTIAL = re.compile(r".*(password|pin|token|tokenhash|secret)|ks|session", re.IGNORECASE)
_REFERENCE = re.compile(r"\{\d+:result[^{}]*\}")  # names a result, and is none


class Secret:
    """A text that lets somebody in: shown as ***, given by `reveal()` alone.

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
        mine, theirs = (one.reveal().encode("utf-8", "surrogatepass") for one in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __bool__(self) -> bool:
        """Say whether there is a text at all."""
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
    """Say whether an argument or property of this name holds a secret, whatever its class."""
    return name in _marked_secret() or _CREDENTIAL.fullmatch(name) is not None


@cache
def _marked_secret() -> frozenset[str]:
    return frozenset(name for cls in schema.data()["classes"] for name in schema.secret(cls))


def concealed(value: Any, name: str = "") -> Any:
    """Copy arguments, the texts and numbers under a credential's name as Secrets, at any depth.

    What stands under `value` is named as the object that it stands in: an entry of a map.
    """
    if isinstance(value, Mapping):
        inner = {key: name if key == "value" else str(key) for key in value}
        return {key: concealed(one, inner[key]) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [concealed(one, name) for one in value]
    if not is_credential(name) or not isinstance(value, str | int) or isinstance(value, bool):
        return value
    text = str(value)
    return value if not text or _REFERENCE.fullmatch(text) else Secret(text)


def secrets_in(value: Any) -> Iterator[Secret]:
    """Give the Secrets in a value, at any depth."""
    if isinstance(value, Secret):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from secrets_in(one)


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """Mask every secret that stands in a text, the longest first."""
    for one in sorted((one.reveal() for one in secrets), key=len, reverse=True):
        if len(one) > 3:
            text = text.replace(one, MASK)
    return text
