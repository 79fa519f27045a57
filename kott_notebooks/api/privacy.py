"""Hides what says something about a person, and what lets somebody in; pure.

The schema marks both by class and property. A personal text becomes a keyed hash, the same for
the same text, so that tables still join; a secret becomes `***` whatever was asked for.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from kott_notebooks import schema
from kott_notebooks.api.secrets import MASK

Hide: TypeAlias = Callable[[str], str]


def hasher(key: bytes) -> Hide:
    """Make the function that replaces a personal text: HMAC-SHA256, its first 16 hex digits."""

    def hide(text: str) -> str:
        return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]

    return hide


def keep(text: str) -> str:
    """Leave a personal text as it is."""
    return text


@cache
def sensitive(cls: str) -> bool:
    """Say whether a class holds something personal or secret, at any depth."""
    return _sensitive(cls, frozenset())


def _sensitive(cls: str, above: frozenset[str]) -> bool:
    if cls in above or not schema.is_class(cls):
        return False
    family = schema.extending(cls)  # a server may answer any of them
    if any(schema.personal(one) or schema.secret(one) for one in family):
        return True
    kinds = {kind for one in family for kind in schema.properties(one).values() if ":" in kind}
    inner = {kind.partition(":")[2] for kind in kinds}
    return any(_sensitive(one, above | {cls}) for one in inner)


def hidden(value: Any, cls: str, hide: Hide) -> Any:
    """Replace what is personal or secret in a decoded object of a class, at any depth."""
    if isinstance(value, list):
        return [hidden(one, cls, hide) for one in value]
    if not isinstance(value, dict):
        return value
    own = str(value.get("objectType") or cls)
    kinds = schema.properties(own) or schema.properties(cls)
    personal = schema.personal(own) | schema.personal(cls)  # an unlisted class extends a listed one
    secret = schema.secret(own) | schema.secret(cls)
    clean = {}
    for name, one in value.items():
        if one is None or one == "":
            clean[name] = one
        elif name in secret:
            clean[name] = MASK
        elif name in personal:
            clean[name] = hide_whole(one, hide)
        else:
            clean[name] = _inner(one, kinds.get(name, ""), hide)
    return clean


def _inner(value: Any, kind: str, hide: Hide) -> Any:
    shape, _, cls = kind.partition(":")
    if shape == "map" and isinstance(value, dict):
        return {key: hidden(one, cls, hide) for key, one in value.items()}
    return hidden(value, cls, hide) if cls else value


def hide_whole(value: Any, hide: Hide) -> Any:
    """Replace every text and number in a value, at any depth, names of maps left alone."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return hide(str(value))
    if isinstance(value, list):
        return [hide_whole(one, hide) for one in value]
    if isinstance(value, dict):
        return {k: one if k == "objectType" else hide_whole(one, hide) for k, one in value.items()}
    return value
