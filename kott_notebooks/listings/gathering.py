"""What was pulled becomes one table that says how it was gathered."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.api import privacy
from kott_notebooks.api.secrets import MASK, Secret, shown
from kott_notebooks.errors import KottError
from kott_notebooks.listings.fields import Chosen, flat, narrowed
from kott_notebooks.paging import Pull
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.names import with_names
from kott_notebooks.tables.provenance import with_facts

Ids: TypeAlias = Iterable[Any] | pd.DataFrame


def gathered(
    session: Session,
    pulls: Sequence[Pull],
    cls: str,
    source: str,
    *,
    fields: Chosen | None = None,
    limit: int | None = None,
    pii: bool = False,
    also: Sequence[str] = (),
    check: Callable[[pd.DataFrame], None] | None = None,
    names: pd.DataFrame | None = None,
    **about: Any,
) -> pd.DataFrame:
    """Lay pulls out as one table with its provenance, and the names of channels if it has all.

    `check` raises what is wrong with it, by the columns of `also` too, which the table then lacks.

    The listing is registered in `session.unfinished` before anything is requested, so that an
    interrupt at any moment leaves what was received, and a way to go on.
    """

    def lay_out(parts: Iterable[Any], **more: Any) -> pd.DataFrame:
        received = list(parts) if limit is None else _head(parts, limit)
        wanted = None if fields is None else [*(flat(fields) or []), *also]
        table = frames.frame(received, cls, fields=wanted, hide=hiding(session, pii))
        if check is not None and not more:
            check(table)
        if fields is not None:
            table = table.drop(columns=[one for one in also if one not in (flat(fields) or [])])
        table = narrowed(table, fields)
        if names is not None and fields is None and "name" in names:
            table = with_names(table, channels=names)
        origin = {"source": source, "url": session.url, "partner": session.partner_id}
        facts = _added([pull.report() for pull in pulls], cls)
        facts |= {"rows": len(table), "limit": limit, **about, **_personal(cls, pii)}
        facts |= {"fingerprint": fingerprint(table)} if "id" in table else {}
        return with_facts(table, **origin, **facts, **more)

    def received() -> pd.DataFrame:
        return lay_out((part for pull in pulls for part in pull.received()), incomplete=reason[-1])

    def gather() -> pd.DataFrame:
        entry = session._begin(pulls, received, gather)
        try:
            with _no_garbage_collection():
                table = lay_out(chain.from_iterable(pulls))
        except (KottError, KeyboardInterrupt) as error:
            reason.append(str(error) or "stopped")
            raise session._stopped(entry, pulls, error) from None
        session._end(entry)
        return table

    reason = ["under way"]
    return gather()


def _head(parts: Iterable[Any], limit: int) -> list[Any]:
    """Return the first rows of parts."""
    first, missing = [], limit
    for part in parts:
        if missing > 0:
            first.append(part.head(missing))
            missing -= first[-1].rows
    return first


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the collection of reference cycles: rows make none, and there are many of them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def fingerprint(table: pd.DataFrame) -> str:
    """Hash the ids of a table's rows, in any order."""
    hashed = pd.util.hash_pandas_object(keys(table), index=False).to_numpy()
    return hashlib.sha256(np.sort(hashed).tobytes()).hexdigest()[:16]


def keys(table: pd.DataFrame) -> pd.DataFrame:
    """Return what tells rows apart: kind (`epg` or `media`) `str`, and id."""
    table = need(table, "objectType", "id")
    programmes = table["objectType"].eq("KalturaProgramAsset")
    return pd.DataFrame({"kind": np.where(programmes, "epg", "media"), "id": table["id"]})


def hiding(session: Session, pii: bool) -> privacy.Hide:
    """Return what replaces personal texts in this session's tables."""
    return privacy.unhidden if pii else privacy.hasher(_key(session))


def _added(reports: list[dict[str, Any]], cls: str) -> dict[str, Any]:
    """Add up how several lists were gathered; what was asked for may name a person, so mask it."""
    whole = dict(reports[0])
    for report in reports[1:]:
        for name, value in report.items():
            if name in _SUMS:
                whole[name] = whole[name] + value
    if len(reports) > 1:
        for name in ("arguments", "split"):
            whole[name] = [report[name] for report in reports]
    if privacy.sensitive(cls) and "arguments" in whole:
        whole["arguments"] = dict.fromkeys(whole["arguments"], MASK)
    return dict(shown(whole))


_SUMS = (
    "totals",
    "windows",
    "pages",
    "requests",
    "retries",
    "duplicates",
    "bytes",
    "seconds",
    "server_seconds",
)


def _personal(cls: str, pii: bool) -> dict[str, str]:
    if not privacy.sensitive(cls):
        return {}
    if pii:
        return {"personal": "as the API gives it"}
    if os.getenv("KOTT_PII_KEY"):
        return {"personal": "hashed with KOTT_PII_KEY"}
    return {"personal": "hashed with this session's own key; KOTT_PII_KEY would join sessions"}


def _key(session: Session) -> Secret:
    own = os.getenv("KOTT_PII_KEY")
    return Secret(own) if own else session._pseudonym_key
