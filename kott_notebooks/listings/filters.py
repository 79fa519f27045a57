"""Filters and profiles of asset lists, as the API takes them; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from kott_notebooks import ksql, schema
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.ksql import LIMIT, Expression
from kott_notebooks.tables.columns import need

GROUP = 200  # channel ids in one filter, which leaves room for the rest
KINDS = ("media", "epg", "recording")
# a kind of asset with quotes (group 1) or without (group 2); any other quoted value is skipped
_KIND = re.compile(r"(?:(?<![\w'])asset_type\s*=\s*(?:'\s*(\w+)\s*'|(\w+)))|'[^']*'", re.IGNORECASE)


def search(ksql: str, order_by: str | None = None, channel: int | None = None) -> dict[str, Any]:
    """Make the filter of an asset list, of one channel's if asked.

    Raises KottError for what the API would refuse: a filter that is too long, an unknown order.
    """
    if len(ksql) > LIMIT:
        raise KottError(
            f"The filter has {len(ksql):,} characters and the API takes {LIMIT:,}: "
            "split it into several."
        )
    orders = schema.enum("KalturaAssetOrderBy")
    if order_by is not None and not (isinstance(order_by, str) and order_by in orders):
        raise KottError(f"order_by is one of {', '.join(orders)}; not {order_by!r}.")
    named: dict[str, Any] = {"objectType": "KalturaSearchAssetFilter"}
    if channel is not None:
        named = {"objectType": "KalturaChannelFilter", "idEqual": whole_number("channel", channel)}
    return {
        **named,
        "kSql": ksql,
        **({"orderBy": order_by} if order_by else {}),
    }


def ksql_filter(action: schema.Action, condition: Expression) -> dict[str, Any]:
    """Make the filter object by which a list action takes KSQL."""
    cls = action.args.get("filter", "").removesuffix("?").partition(":")[2]
    fitting = [
        one
        for one in schema.extending(cls)
        if "kSql" in schema.properties(one) and not schema.is_abstract(one)
    ]
    if not fitting:
        raise KottError(
            f"{action.service}.{action.name} takes no KSQL: give filter= as a dict, with the "
            f"properties of {cls or 'its filter'}."
        )
    usual = next((one for one in (cls, "KalturaSearchAssetFilter") if one in fitting), fitting[0])
    return {"objectType": usual, "kSql": str(condition)}


def both(*items: str) -> str:
    """Join KSQL conditions; empty ones are left out."""
    given = [item for item in items if item]
    return f"(and {' '.join(given)})" if len(given) > 1 else "".join(given)


def kind_required(text: str) -> bool:
    """Return whether all that a filter finds has an asset_type that it names."""
    try:
        tree = ksql.read(text)
    except KottError:
        return True  # the server will refuse it in its own words
    return tree is not None and _requires(tree)


def _requires(tree: ksql.Expression) -> bool:
    if isinstance(tree, ksql.Group):
        decide = any if tree.word == "and" else all
        return decide(_requires(part) for part in tree.parts)
    return isinstance(tree, ksql.Term) and tree.key.lower() == "asset_type"


def kinds_named(ksql: str) -> list[str]:
    """Name the kinds of asset that a filter asks for itself: media, epg, recording."""
    named = [one[1] or one[2] for one in _KIND.finditer(ksql) if one[1] or one[2]]
    return list(dict.fromkeys(one.lower() if one.lower() in KINDS else "media" for one in named))


def quoted_kinds(ksql: str) -> str:
    """Put quotes around the kinds of asset that a filter names without them.

    Public programs write `asset_type=epg`; some servers understand it, every server the quotes.
    """
    return _KIND.sub(lambda one: f"asset_type='{one[2]}'" if one[2] else one[0], ksql)


def ids_of(given: Iterable[Any] | pd.DataFrame, what: str) -> list[int]:
    """Read ids, given as such or as a table with a column `id`; each once."""
    try:
        if isinstance(given, str | bytes):
            raise TypeError("a text is no list")
        ids = need(given, "id")["id"] if isinstance(given, pd.DataFrame) else given
        return list(dict.fromkeys(map(_whole, ids)))
    except (TypeError, ValueError, OverflowError) as error:  # of infinity
        raise KottError(f"{what} are given as whole numbers, or as a table with an id.") from error


def _whole(value: Any) -> int:
    number = int(value)
    if isinstance(value, bool) or (not isinstance(value, str) and number != value):
        raise ValueError(f"{value!r} is no whole number")
    return number


def channel_conditions(ids: Sequence[int] | None) -> Iterator[str]:
    """Write channels as conditions short enough for a filter; none for all channels."""
    if ids is None:
        yield ""
        return
    if not ids:
        raise KottError("channels names no channel: leave it out for all of them.")
    for start in range(0, len(ids), GROUP):
        yield f"linear_media_id:'{','.join(map(str, ids[start : start + GROUP]))}'"


def retrieved(profile: Any) -> list[str] | None:
    """Name the properties that a response profile asks for; None is all of them."""
    if not isinstance(profile, dict):
        raise KottError(
            'responseProfile is a dict: {"objectType": "KalturaOnDemandResponseProfile", '
            '"retrievedProperties": "objectType,id,name"}.'
        )
    names = [one.strip() for one in str(profile.get("retrievedProperties") or "").split(",")]
    return [one for one in names if one and one != "objectType"] or None


def only(fields: Sequence[str] | None) -> dict[str, str] | None:
    """Make the profile that asks for some properties; `metas.Year` asks for metas."""
    if fields is None:
        return None
    names = dict.fromkeys(["objectType", "id", "type", *(one.split(".")[0] for one in fields)])
    return {
        "objectType": "KalturaOnDemandResponseProfile",
        "retrievedProperties": ",".join(names),
    }
