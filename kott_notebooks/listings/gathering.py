"""What was pulled becomes one table that says how it was gathered."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

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


class Layout(NamedTuple):
    """How what was pulled becomes a table: the class of its rows, its columns, what is said of it.

    `check` raises what is wrong with it, by the columns of `also` too, which the table then lacks.
    `names` are channels, whose names it has if it has all columns.
    """

    cls: str
    source: str
    fields: Chosen | None = None
    limit: int | None = None
    pii: bool = False
    also: Sequence[str] = ()
    check: Callable[[pd.DataFrame], None] | None = None
    names: pd.DataFrame | None = None
    about: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def table(
        self, session: Session, pulls: Sequence[Pull], parts: Iterable[Any], **more: Any
    ) -> pd.DataFrame:
        """Lay parts of pulls out as a table with its provenance, to which `more` is added."""
        received = list(parts) if self.limit is None else _head(parts, self.limit)
        flat_fields = None if self.fields is None else flat(self.fields) or []
        wanted = None if flat_fields is None else [*flat_fields, *self.also]
        table = frames.frame(received, self.cls, fields=wanted, hide=hiding(session, self.pii))
        if self.check is not None and not more:
            self.check(table)
        if flat_fields is not None:
            table = table.drop(columns=[one for one in self.also if one not in flat_fields])
        table = narrowed(table, self.fields)
        if self.names is not None and self.fields is None and "name" in self.names:
            table = with_names(table, channels=self.names)
        facts = self.origin(session) | added([pull.report() for pull in pulls], self.cls)
        facts |= {"rows": len(table), "limit": self.limit} | self.about
        facts |= _personal(self.cls, self.pii)
        facts |= {"fingerprint": fingerprint(table)} if "id" in table else {}
        return with_facts(table, **facts, **more)

    def origin(self, session: Session) -> dict[str, Any]:
        """Say where a table is from."""
        return {"source": self.source, "url": session.url, "partner": session.partner_id}


def gathered(session: Session, pulls: Sequence[Pull], layout: Layout) -> pd.DataFrame:
    """Lay pulls out as one table with its provenance.

    The listing is registered in `session.unfinished` before anything is requested, so that an
    interrupt at any moment leaves what was received, and a way to go on.
    """

    def received() -> pd.DataFrame:
        parts = (part for pull in pulls for part in pull.received())
        return layout.table(session, pulls, parts, incomplete=reason[-1])

    def gather() -> pd.DataFrame:
        entry = session._begin(received, gather)
        try:
            with frames.no_garbage_collection():
                table = layout.table(session, pulls, chain.from_iterable(pulls))
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


def fingerprint(*tables: pd.DataFrame) -> str:
    """Hash the ids of the rows of tables, in any order."""
    hashed = [pd.util.hash_pandas_object(keys(one), index=False).to_numpy() for one in tables]
    return hashlib.sha256(np.sort(np.concatenate(hashed)).tobytes()).hexdigest()[:16]


def keys(table: pd.DataFrame) -> pd.DataFrame:
    """Return what tells rows apart: kind (`epg` or `media`) `str`, and id."""
    table = need(table, "objectType", "id")
    programmes = table["objectType"].eq("KalturaProgramAsset")
    return pd.DataFrame({"kind": np.where(programmes, "epg", "media"), "id": table["id"]})


def hiding(session: Session, pii: bool) -> privacy.Hide:
    """Return what replaces personal texts in this session's tables."""
    return privacy.unhidden if pii else privacy.hasher(_key(session))


def added(reports: list[dict[str, Any]], cls: str) -> dict[str, Any]:
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
