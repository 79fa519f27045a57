"""Hides personal data and credentials; pure.

The schema marks both by class and property. A personal text becomes a keyed hash, the same for
the same text, so that tables still join; a secret always becomes `***`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from kott_notebooks import schema
from kott_notebooks.api.secrets import MASK, Secret, encoded, is_credential

Hide: TypeAlias = Callable[[str], str]


def hasher(key: Secret) -> Hide:
    """Make the function that replaces a personal text: HMAC-SHA256, its first 16 hex digits."""

    def hide(text: str) -> str:
        digest = hmac.digest(encoded(key), text.encode("utf-8", "surrogatepass"), "sha256")
        return digest.hex()[:16]

    return hide


def unhidden(text: str) -> str:
    """Leave a personal text as it is."""
    return text


@cache
def sensitive(cls: str) -> bool:
    """Return whether a class holds something personal or secret, at any depth."""
    return _sensitive(cls, frozenset())


def searched(cls: str) -> bool:
    """Return whether rows of a class are searched for what is hidden: all but assets."""
    return sensitive(cls) or not schema.extends(cls, "KalturaAsset")


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
    """Replace what is personal or secret in a decoded object of a class, at any depth.

    What no schema lists is masked where its name is a credential's, and in classes that are about
    persons replaced unless its name is known to be harmless.
    """
    if isinstance(value, list):
        return [hidden(one, cls, hide) for one in value]
    if not isinstance(value, dict):
        return value
    own = str(value.get("objectType") or cls)
    kinds = schema.properties(cls) | schema.properties(own)
    personal = schema.personal(own) | schema.personal(cls)  # an unlisted class extends a listed one
    secret = schema.secret(own) | schema.secret(cls)
    clean = {}
    for name, one in value.items():
        listed = name in kinds
        if one is None or one == "" or name == "objectType":
            clean[name] = one
        elif name in secret or (not listed and is_credential(name)):
            clean[name] = MASK
        elif name in personal or (personal and not listed and name not in _harmless()):
            clean[name] = hide_whole(one, hide)
        else:
            clean[name] = _inner(one, kinds.get(name, ""), hide)
    return clean


def _inner(value: Any, kind: str, hide: Hide) -> Any:
    shape, _, cls = kind.partition(":")
    if shape == "map" and isinstance(value, dict):
        return {
            key: MASK if is_credential(key) else hidden(one, cls, hide)
            for key, one in value.items()
        }
    return hidden(value, cls if shape in ("object", "array") else "", hide)


@cache
def _harmless() -> frozenset[str]:
    """Names that some class has for a number, time, flag or enum, and none for a personal text."""
    kinds: dict[str, set[str]] = {}
    for cls in schema.data()["classes"]:
        for name, kind in schema.own_properties(cls).items():
            marked = name in schema.personal(cls) | schema.secret(cls)
            kinds.setdefault(name, set()).add("marked" if marked else kind.partition(":")[0])
    plain = {"int", "float", "time", "bool", "enum"}
    return frozenset(name for name, some in kinds.items() if some & plain and "marked" not in some)


def hide_whole(value: Any, hide: Hide) -> Any:
    """Replace every text and number in a value, at any depth, names of maps left alone."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return hide(str(value))
    if isinstance(value, list):
        return [hide_whole(one, hide) for one in value]
    if isinstance(value, dict):
        return {k: one if k == "objectType" else hide_whole(one, hide) for k, one in value.items()}
    return value
