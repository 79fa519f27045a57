"""Whether a table still is what the server has."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.listings.filters import only
from kott_notebooks.listings.gathering import fingerprint, keys
from kott_notebooks.paging import Listing, Pull, Split
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.tables.provenance import facts


def verify(session: Session, table: pd.DataFrame) -> pd.DataFrame:
    """List the ids again, and say what has changed since a table was pulled.

    Parameters
    ----------
    session : Session
        What `kott.login` returned, for the same partner.
    table : DataFrame
        A table of `kott.assets` or `kott.epg`, complete and as it was pulled.

    Returns
    -------
    DataFrame
        One row per difference, none if nothing changed: kind `str` (`media` or `epg`), id `Int64`,
        change `str` (`new` or `gone`).

    Raises
    ------
    KottError
        The table was cut by a limit, filtered or added to since, or is of another partner.

    See Also
    --------
    refresh, provenance

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> assets = kott.assets(session)
    >>> len(kott.verify(session, assets))
    0
    """
    known = _pulled(session, table)
    lists = [(known["arguments"], known["split"])]
    if isinstance(known["arguments"], list):
        lists = list(zip(known["arguments"], known["split"], strict=True))
    parts = [part for asked, split in lists for part in _ids(session, asked, split)]
    now, then = keys(frames.frame(parts, "KalturaAsset")), keys(table)
    rows = then.merge(now, how="outer", indicator="change").query("change != 'both'")
    changes = rows["change"].astype("str").map({"left_only": "gone", "right_only": "new"})
    changed = rows.assign(change=changes)[["kind", "id", "change"]].reset_index(drop=True)
    return changed.astype({"kind": "str", "id": "Int64", "change": "str"})


def _ids(session: Session, asked: dict[str, Any], split: list[Any] | None) -> Pull:
    asked = asked | {"responseProfile": only([])}
    reader = frames.reader("KalturaAsset", fields=["type"])
    key = None if split is None else Split(*split)
    return session._pull(Listing("asset", "list", asked, split=key, reader=reader))


def _pulled(session: Session, table: pd.DataFrame) -> dict[str, Any]:
    known = facts(table)
    if known.get("source") not in ("kott.assets", "kott.epg"):
        raise KottError("Only tables of kott.assets and kott.epg can be verified.")
    if (known["url"], known["partner"]) != (session.url, session.partner_id):
        raise KottError(
            f"This table is from {known['url']}, partner {known['partner']}: log in there."
        )
    if "incomplete" in known:
        raise KottError("This table is not the whole list: rows that it lacks may not be new.")
    if known["limit"] is not None:
        raise KottError("This table was cut by a limit: rows that it lacks may not be new.")
    if known["fingerprint"] != fingerprint(table):
        raise KottError(
            f"The table's rows were changed since it was pulled: {known['rows']:,} then, "
            f"{len(table):,} now. Verify it as it was."
        )
    return known
