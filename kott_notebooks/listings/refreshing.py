"""A snapshot of a list brought up to date: what has changed is requested, and the ids of all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.history import drafts, load, snapshots
from kott_notebooks.history.files import Place
from kott_notebooks.history.store import tables_of
from kott_notebooks.listings.assets import SPLITS, asset_pulls
from kott_notebooks.listings.filters import both
from kott_notebooks.listings.gathering import Layout, fingerprint, gathered, keys
from kott_notebooks.listings.progress import progress_bar
from kott_notebooks.paging import WORKERS, Progress
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import instant

MARGIN = pd.Timedelta(hours=1)  # what was updated while the snapshot was pulled is requested again
IDS = 100  # named in one filter
GATHERED = (  # facts of a refreshed snapshot that are those of the list of all ids
    *("when", "totals", "windows", "pages", "requests", "retries", "bytes"),
    *("seconds", "server_seconds"),
)


def refresh(
    session: Session,
    store: Place,
    *,
    name: str = "assets",
    workers: int = WORKERS,
    progress: bool | Progress | None = None,
) -> pd.DataFrame:
    """Make a new snapshot of assets from the newest one, by requesting what has changed since.

    Requested are the assets that were updated since an hour before the newest snapshot (by
    `update_date`), and the ids of all: what the server no longer lists is left out, and what it
    lists and no snapshot has is requested by its id. Source: asset.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned, for the partner of the snapshot.
    store : str or path
        A store with a snapshot of `kott.assets`, made by `to=` or by `kott.save`.
    name : str, default "assets"
        What the table is called in the store.
    workers : int, default 8
        Number of requests in flight.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row: the new snapshot, as `kott.snapshots` lists it. Its provenance has `refreshed`: the
        snapshot before it, since when changes were requested, and how many assets were `updated`
        (new ones included) and `removed`.

    Raises
    ------
    KottError
        The newest snapshot is not a whole table of `kott.assets`, or is of another partner.
    IncompleteError
        A list could not be completed. The store is as it was.

    See Also
    --------
    assets : Pulls all of them, with `to=` straight into a store.

    Examples
    --------
    >>> import tempfile
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> store, session = tempfile.mkdtemp(), demo.login(assets=200)
    >>> _ = kott.assets(session, to=store)
    >>> kott.refresh(session, store)["rows"].tolist()
    [200]
    """
    at, known = _newest(session, store, name)
    asked, since = dict(known["asked"]), _since(store, name, at, known)
    ksql, fields = asked.pop("ksql"), asked.pop("fields")
    with progress_bar(progress, "refresh") as bar:

        def listed(condition: str, of: list[str] | None = fields) -> pd.DataFrame:
            pulls, cls, columns = asset_pulls(
                session, both(ksql, condition), fields=of, workers=workers, bar=bar, **asked
            )
            return gathered(session, pulls, Layout(cls, known["source"], columns))

        everything = listed("", ["type"])
        now = _rows(everything)
        changed = listed(f"update_date>='{int(since.timestamp())}'")
        changed = changed[_rows(changed).isin(now)]
        with _begun(store, name, {"refresh": at, **_origin(session)}) as draft:
            missing, removed = now.difference(_rows(changed)), 0
            for old in tables_of(store, name=name, at=at):
                draft.append(old[_rows(old).isin(missing)], {})
                missing = missing.difference(_rows(old))
                removed += len(_rows(old).difference(now))
            new = [changed, *(listed(one) for one in _conditions(missing))]
            for table in new:
                draft.append(table, {})
            known |= {fact: facts(everything)[fact] for fact in GATHERED}
            known |= {
                "rows": sum(map(len, draft.tables(["id"]))),
                "fingerprint": fingerprint(*draft.tables(["objectType", "id"])),
                "refreshed": {
                    "from": at,
                    "since": since.isoformat(),
                    "updated": sum(map(len, new)),
                    "removed": removed,
                },
            }
            made = draft.commit(known)
    snapshot = snapshots(store, name=name)
    return snapshot[snapshot["id"] == made].reset_index(drop=True)


def _newest(session: Session, store: Place, name: str) -> tuple[str, dict[str, Any]]:
    """Give the id and the provenance of the newest snapshot, if it can be refreshed."""
    listed = snapshots(store, name=name)
    if listed.empty:
        raise KottError(f"The store {store} has no snapshot of {name!r}: pull one with to=.")
    at = str(listed["id"].iloc[-1])
    known = facts(load(store, name=name, at=at, fields=["id"]))
    if known.get("source") != "kott.assets" or "asked" not in known:
        raise KottError(f"The snapshot {at} of {name!r} is not a table of kott.assets.")
    if known.get("limit") is not None or "incomplete" in known:
        raise KottError(f"The snapshot {at} of {name!r} is not the whole list: pull it anew.")
    if {one: known.get(one) for one in ("url", "partner")} != _origin(session):
        raise KottError(
            f"The snapshot {at} is from {known.get('url')}, partner {known.get('partner')}: log in "
            "there."
        )
    return at, known


def _origin(session: Session) -> dict[str, Any]:
    return {"url": session.url, "partner": session.partner_id}


def _since(store: Place, name: str, at: str, known: dict[str, Any]) -> pd.Timestamp:
    """Return the time since when changes may be missing, by whichever clock is behind."""
    since = instant(known["when"])
    fields = known["asked"]["fields"]
    if not fields or "updateDate" in fields:
        last = load(store, name=name, at=at, fields=["updateDate"])["updateDate"].max()
        since = since if pd.isna(last) else min(since, last)
    return since - MARGIN


def _begun(store: Place, name: str, query: dict[str, Any]) -> drafts.Draft:
    """Begin a draft anew: parts of a process that was stopped are of another list of ids."""
    with drafts.begin(store, name=name, query=query) as old:
        if old.parts:
            old.discard()
    return drafts.begin(store, name=name, query=query)


def _rows(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(keys(table))


def _conditions(missing: pd.MultiIndex) -> Iterator[str]:
    """Name rows by their ids in filters, `IDS` in each."""
    for kind in missing.unique("kind"):
        ids = missing[missing.get_level_values("kind") == kind].get_level_values("id")
        key = SPLITS[kind].key
        for start in range(0, len(ids), IDS):
            named = " ".join(f"{key}='{one}'" for one in ids[start : start + IDS])
            yield f"(or {named})"
