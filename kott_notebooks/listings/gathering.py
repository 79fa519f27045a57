"""What was pulled becomes one table that says how it was gathered."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.api import privacy
from kott_notebooks.api.secrets import MASK
from kott_notebooks.errors import ApiError, IncompleteError, TransportError
from kott_notebooks.listings.fields import Chosen, flat, narrowed
from kott_notebooks.paging import Pull, headed
from kott_notebooks.paging.packing import Packs
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.provenance import with_facts

Ids: TypeAlias = Iterable[Any] | pd.DataFrame


def gathered(
    session: Session,
    pulls: Sequence[Pull | Packs],
    cls: str,
    source: str,
    *,
    fields: Chosen | None = None,
    limit: int | None = None,
    pii: bool = False,
    **about: Any,
) -> pd.DataFrame:
    """Lay pulls out as one table with its provenance; keep what came if one of them stops."""

    def lay(parts: Iterable[Any]) -> pd.DataFrame:
        kept = list(parts) if limit is None else headed(list(parts), limit)
        table = frames.frame(kept, cls, fields=flat(fields), hide=hiding(session, pii))
        table = narrowed(table, fields)
        origin = {"source": source, "url": session.url, "partner": session.partner_id}
        told = _added([pull.report() for pull in pulls], cls)
        told |= {"rows": len(table), **about, **_personal(cls, pii)}
        told |= {"fingerprint": fingerprint(table)} if "id" in table else {}
        return with_facts(table, **origin, **told)

    def gather() -> pd.DataFrame:
        try:
            return lay(chain.from_iterable(pulls))
        except (TransportError, ApiError, IncompleteError, KeyboardInterrupt) as error:
            came = [part for pull in pulls for part in pull.came]
            if not came and isinstance(error, TransportError | ApiError):
                raise
            partial = with_facts(lay(came), incomplete=str(error) or "stopped")
            raise session.stopped(error, partial, gather) from error

    return gather()


def fingerprint(table: pd.DataFrame) -> str:
    """Sum up which rows a table has, whatever their order."""
    hashed = pd.util.hash_pandas_object(keys(table), index=False).to_numpy()
    return hashlib.sha256(np.sort(hashed).tobytes()).hexdigest()[:16]


def keys(table: pd.DataFrame) -> pd.DataFrame:
    """Give what tells rows apart: kind (`epg` or `media`) `str`, and id."""
    table = need(table, "objectType", "id")
    programmes = table["objectType"].eq("KalturaProgramAsset")
    return pd.DataFrame({"kind": np.where(programmes, "epg", "media"), "id": table["id"]})


def hiding(session: Session, pii: bool) -> privacy.Hide:
    """Give what replaces personal texts in this session's tables."""
    return privacy.keep if pii else privacy.hasher(_key(session))


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
    return whole


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
    if os.environ.get("KOTT_PII_KEY"):
        return {"personal": "hashed with KOTT_PII_KEY"}
    return {"personal": "hashed with this session's own key; KOTT_PII_KEY would join sessions"}


def _key(session: Session) -> bytes:
    return os.environ.get("KOTT_PII_KEY", "").encode() or session._salt
