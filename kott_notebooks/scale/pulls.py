"""Pulls whose windows are spread over workers, each logged in by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import Any, TypeAlias

import pandas as pd

from kott_notebooks.api.secrets import is_credential, secrets_in
from kott_notebooks.errors import CredentialsError, KottError, whole_number
from kott_notebooks.history import drafts, snapshots
from kott_notebooks.history.files import Place
from kott_notebooks.history.store import stacked
from kott_notebooks.ksql import Expression, K, as_text, read
from kott_notebooks.listings import assets, plan
from kott_notebooks.scale.sources import run
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import facts, with_facts

AT_ONCE = 16  # windows that are pulled before any of them is written
Login: TypeAlias = Callable[[], Session]


def pull_assets(
    login: Login,
    ksql: str | Expression | None = None,
    *,
    to: Place | None = None,
    windows: int = 8,
    **options: Any,
) -> pd.DataFrame:
    """Pull assets with several workers: each pulls windows of ids with a session of its own.

    The windows are those of `kott.plan`: as many assets as the server pages to. Where these are
    few, the ids are listed and cut into more. If a worker is lost, Dask has others pull its windows
    again.

    Parameters
    ----------
    login : callable
        Logs in on a worker and returns the session, with credentials from the worker's environment
        or profiles: `kott.login`, or ``partial(kott.login, profile="north")``. It is sent to the
        workers, so it must hold no secret.
    ksql : str or Expression, optional
        Which assets, as in `kott.assets`.
    to : str or path, optional
        A store: the windows are written to a snapshot there, and a pull that was stopped continues
        where it stopped.
    windows : int, default 8
        The least number of windows, if there are as many assets.
    **options
        Passed on to `kott.assets`, such as `fields`; not `limit`.

    Returns
    -------
    DataFrame
        One row per asset, window by window in the order of ids; with `to`, the snapshot's row of
        `kott.snapshots`.

    Raises
    ------
    KottError
        Dask is not installed, `login` or `options` hold a secret, or `limit` is given.

    See Also
    --------
    map_assets, kott.assets

    Examples
    --------
    >>> from kott_notebooks import demo, scale
    >>> from functools import partial
    >>> login = partial(demo.login, assets=200, channels=4, days=2, households=0)
    >>> len(scale.pull_assets(login))
    200
    """
    windows = whole_number("windows", windows, 1)
    if "limit" in options:
        raise KottError("limit= would hold for each window: narrow the list with KSQL instead.")
    _check(login, options)
    ksql = as_text(ksql)
    with login() as session:
        planned = plan(session, "assets", ksql)
        known: dict[str, Any] = {"url": session.url, "partner": session.partner_id}
        pairs = planned[["low", "high"]].astype(object)
        bounds = pairs.where(pairs.notna(), None).to_numpy().tolist()
        if len(bounds) < windows:
            ids = assets(session, ksql, fields=["id"])["id"].drop_duplicates().sort_values()
            cuts = ids.iloc[:: max(1, -(-len(ids) // windows))].tolist()[1:]
            bounds = [list(pair) for pair in pairwise([None, *cuts, None])]
    listed = facts(planned)["plans"][0]["filter"]
    known |= {"source": "kott.assets", "action": "asset.list", "arguments": {"filter": listed}}
    if to is None:
        tables = run(_pulled, [(login, ksql, window, options) for window in bounds])
        table = stacked(tables)
        when = min(facts(one)["when"] for one in tables)
        return with_facts(table, **known, rows=len(table), when=when)
    query = {**known, **{name: repr(option) for name, option in options.items()}}
    with drafts.begin(to, name="assets", query=query, state=lambda: bounds) as draft:
        done = [about["window"] for about in draft.parts]
        missing = [window for window in draft.state if window not in done]
        for place in range(0, len(missing), AT_ONCE):
            some = missing[place : place + AT_ONCE]
            tables = run(_pulled, [(login, ksql, window, options) for window in some])
            for window, table in zip(some, tables, strict=True):
                draft.append(table, {"window": window})
        rows = sum(len(table) for table in draft.tables(["id"]))
        order = {str(window): place for place, window in enumerate(draft.state)}
        at = draft.commit(
            {**known, "rows": rows, "when": draft.began.isoformat()},
            order=lambda about: order[str(about["window"])],
        )
    saved = snapshots(to, name="assets")
    return saved[saved["id"] == at].reset_index(drop=True)


def map_partners(
    logins: Mapping[str, Login], function: Callable[[Session], pd.DataFrame]
) -> pd.DataFrame:
    """Run a function for many partners side by side, each on a worker that logs in by itself.

    Parameters
    ----------
    logins : mapping of str to callable
        For each partner, by its name, a function that logs in to it; see `pull_assets`.
    function : callable
        Takes a session and returns a table, such as ``lambda session:
        catalog.audit(kott.assets(session))``.

    Returns
    -------
    DataFrame
        The rows of all partners: `partner` (`str`), then the columns of the tables.

    Raises
    ------
    KottError
        Dask is not installed, or a login holds a secret.

    See Also
    --------
    map_assets, pull_assets

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, scale
    >>> from functools import partial
    >>> small = partial(demo.login, assets=50, channels=2, days=1, households=0)
    >>> logins = {"north": partial(small, seed=1), "south": partial(small, seed=2)}
    >>> scale.map_partners(logins, kott.channels).groupby("partner").size().to_dict()
    {'north': 2, 'south': 2}
    """
    for login in logins.values():
        _check(login, {})
    tables = run(_of_partner, [(login, function) for login in logins.values()])
    for name, table in zip(logins, tables, strict=True):
        table.insert(0, "partner", pd.Series(name, table.index, dtype="str"))
    return stacked(tables)


def _of_partner(login: Login, function: Callable[[Session], pd.DataFrame]) -> pd.DataFrame:
    with login() as session:
        return function(session)


def _pulled(
    login: Login, ksql: str, window: list[int | None], options: dict[str, Any]
) -> pd.DataFrame:
    """Pull one window of ids on a worker."""
    low, high = window
    terms = [read(ksql)] if ksql else []
    terms += [K.media_id >= low] if low is not None else []
    terms += [K.media_id < high] if high is not None else []
    with login() as session:
        return assets(session, reduce(and_, terms) if terms else None, **options)


def _check(login: Login, options: Mapping[str, Any]) -> None:
    """Refuse a secret that would be sent to the workers."""
    held = [getattr(login, name, None) for name in ("args", "keywords", "__self__", "__defaults__")]
    cells = [cell.cell_contents for cell in getattr(login, "__closure__", None) or ()]
    named = getattr(login, "keywords", None) or {}
    if any(secrets_in([held, cells, dict(options)])) or any(map(is_credential, named)):
        raise CredentialsError(
            "login holds a secret, which would travel to the workers: let each read its own, from "
            "KOTT_PASSWORD or a profile there, as in partial(kott.login, profile='north')."
        )
