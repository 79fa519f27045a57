"""Any other list action as a table, and the labels that tables need."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kott_notebooks import schema
from kott_notebooks.api.bodies import check_names, plain
from kott_notebooks.api.secrets import concealed
from kott_notebooks.errors import (
    ApiError,
    KottError,
    LoginError,
    RateLimited,
    SessionExpired,
    as_list,
)
from kott_notebooks.ksql import Expression
from kott_notebooks.listings.fields import Chosen, Source, chosen, requested
from kott_notebooks.listings.filters import ksql_filter, only, retrieved
from kott_notebooks.listings.gathering import Layout, gathered, hiding
from kott_notebooks.listings.progress import progress_bar
from kott_notebooks.paging import WORKERS, Listing, Progress, Pull
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.tables.columns import typed
from kott_notebooks.tables.provenance import with_facts

LABELS: dict[str, dict[str, Any]] = {
    "assetStruct": {},
    "meta": {},
    "imageType": {},
    "mediaFileType": {},
    "ratio": {},
    "region": {},
    "deviceBrand": {},
    "deviceFamily": {},
    "userRole": {},
    "language": {},
}


def listing(
    session: Session,
    service: str,
    action: str = "list",
    *,
    filter: dict[str, Any] | Expression | None = None,
    fields: Sequence[str] | None = None,
    limit: int | None = None,
    pii: bool = False,
    workers: int = WORKERS,
    progress: bool | Progress | None = None,
    **arguments: Any,
) -> pd.DataFrame:
    """List what any other list action lists, paged where it has pages.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    service : str
        Name of a service in any case, such as `region`; `kott.services()` lists them.
    action : str, default "list"
        Name of the list action.
    filter : dict or ksql.Expression, optional
        The filter object. Without `objectType` it is of the argument's own class, or of the usual
        one where that is abstract. An expression of `kott.K` where the list takes KSQL.
    fields : list of str, optional
        Only these columns. Default: all.
    limit : int, optional
        Stop after this many rows. Default: all.
    pii : bool, default False
        Show personal data as it is, instead of hashed. Credentials are masked always.
    workers : int, default 8
        Number of requests in flight.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.
    **arguments : Any
        Any other argument of the action, by the API's name; `kott.describe` lists them.

    Returns
    -------
    DataFrame
        One row per record: the columns of the class that the action lists, then others as they
        occur.

    Raises
    ------
    IncompleteError
        The list could not be completed; see `.partial` and `.resume()`.
    ApiError
        The API refuses the request.
    KottError
        There is no such list action, or an argument is not valid; the message says what is.

    See Also
    --------
    services, describe, Session.records

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> regions = kott.listing(session, "region", fields=["name"])
    >>> list(regions.columns)
    ['objectType', 'id', 'name']
    """
    arguments = concealed(arguments)
    if "to" in arguments:
        raise KottError(
            "to= is of kott.assets and kott.epg, whose lists are split by id and written part by "
            "part. Other lists are proved as a whole: kott.save(kott.listing(...), store, "
            f"name={service!r})."
        )
    known = listed(service, action, session, filter=filter, **arguments)
    with progress_bar(progress, service) as bar:
        pull, columns = listing_pull(
            session,
            service,
            action,
            known,
            bar,
            filter=filter,
            fields=fields,
            limit=limit,
            pii=pii,
            workers=workers,
            **arguments,
        )
        cls = known.items or ""
        return gathered(session, [pull], Layout(cls, "kott.listing", columns, limit, pii))


def listing_pull(
    session: Session,
    service: str,
    action: str = "list",
    known: schema.Action | None = None,
    bar: Progress | None = None,
    /,
    *,
    filter: dict[str, Any] | Expression | None = None,
    fields: Sequence[str] | None = None,
    limit: int | None = None,
    pii: bool = False,
    workers: int = WORKERS,
    **arguments: Any,
) -> tuple[Pull, Chosen | None]:
    """Return the list that `listing` reads, and its columns."""
    known = known or listed(service, action, session)
    profile = arguments.pop("responseProfile", None)
    if profile is not None and fields is not None:
        raise KottError("Give fields= or responseProfile=, not both: fields= makes a profile.")
    if profile is not None:
        fields = retrieved(profile)
    if isinstance(filter, Expression):
        filter = ksql_filter(known, filter)
    asked = arguments if filter is None else {"filter": plain(filter), **arguments}
    check_names(known.service, known.name, asked)
    source = Source(known.service, known.name, known.items or "", asked)
    columns = chosen(session, fields, source)
    wanted = requested(columns, source.items, session, arguments.get("language"))
    listing = Listing(
        known.service,
        known.name,
        {"responseProfile": profile or only(wanted), **asked},
        limit=limit,
        reader=frames.reader(known.items, fields=wanted, hide=hiding(session, pii)),
    )
    return session._pull(listing, workers=workers, progress=bar), columns


def listed(
    service: str, action: str, session: Session | None = None, **arguments: Any
) -> schema.Action:
    """Return what is known of a list action; KottError for any other.

    Of an action that is newer than the schema, a session tells the class of the first row.
    """
    known = schema.action(service, action)
    if known is None and session is not None:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            first = next(session.records(service, action, limit=1, **given), {})
        except ApiError as error:
            if error.code in _NO_SUCH_ACTION:
                raise KottError(_no_list(service, action)) from error
            raise
        return schema.Action(service, action, {}, "", str(first.get("objectType", "")), True)
    if known is None or known.items is None:
        raise KottError(_no_list(service, action))
    return known


_NO_SUCH_ACTION = ("500011", "500012")


def check_list(service: str, action: str) -> None:
    """Refuse, without asking a server, an action that is no list and a misspelled service.

    Any other name that the schema does not have may be newer than the schema.
    """
    services = {one.service.lower() for one in schema.actions()}
    near = difflib.get_close_matches(service.lower(), services, cutoff=0.8)
    is_misspelled = service.lower() not in services and any(
        abs(len(one) - len(service)) <= 1 for one in near
    )
    if schema.action(service, action) is not None or is_misspelled:
        listed(service, action)


def labels(session: Session, kinds: Sequence[str] = tuple(LABELS)) -> pd.DataFrame:
    """Name what tables hold as numbers.

    The labels of a session are requested once. A kind that the role may not read, or that the
    server does not have, is missing and named in the provenance as `refused`. Source: the list
    actions.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    kinds : list of str, optional
        Some of `assetStruct`, `meta`, `imageType`, `mediaFileType`, `ratio`, `region`,
        `deviceBrand`, `deviceFamily`, `userRole`, `language`. Default: all.

    Returns
    -------
    DataFrame
        One row per label: kind `str`, id `Int64` (as the tables have them; text where a server's
        ids are not all whole numbers), name, systemName, code (of a language), dataType (of a
        meta), metaIds (of a struct: a comma list) `str`. A name in all languages is its first
        translation.

    Raises
    ------
    KottError
        A kind is unknown.

    See Also
    --------
    with_names : Names beside the ids of any table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> structs = kott.labels(session).query("kind == 'assetStruct'").set_index("id")["name"]
    >>> sorted(kott.assets(session)["type"].map(structs).unique())
    ['Episode', 'Linear', 'Movie', 'Series']
    """
    if isinstance(kinds, str):
        raise KottError(f"kinds is a list of {', '.join(LABELS)}; write [{kinds!r}].")
    kinds = as_list("kinds", kinds)
    if unknown := [one for one in kinds if one not in [*LABELS]]:
        raise KottError(f"kinds is a list of {', '.join(LABELS)}; not {unknown[0]!r:.80}.")
    # By kind: the rows, or why there are none
    known: dict[str, list[dict[str, Any]] | str] = session._cache.setdefault("labels", {})
    for kind in kinds:
        if kind not in known:
            try:
                known[kind] = list(session.records(kind, **LABELS[kind]))
            except (SessionExpired, RateLimited, LoginError):
                raise
            except ApiError as error:
                known[kind] = str(error)
    columns = ["kind", "id", "name", "systemName", "code", "dataType", "metaIds"]
    cells: list[dict[str, str | None]] = []
    refused: dict[str, str] = {}
    for kind in kinds:
        rows = known[kind]
        if isinstance(rows, str):
            refused[kind] = rows
        else:
            cells += [
                {name: _label(row | {"kind": kind}, name) for name in columns} for row in rows
            ]
    table = typed(pd.DataFrame(cells, columns=columns).astype("str"), "id")
    return with_facts(
        table,
        source="kott.labels",
        url=session.url,
        partner=session.partner_id,
        rows=len(table),
        refused=refused,
    )


def _label(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    if name == "name" and value is None:  # in all languages, as a session of language="*" asks
        texts = row.get("multilingualName")
        named = [one for one in texts if isinstance(one, dict)] if isinstance(texts, list) else []
        value = next((one.get("value") for one in named), None)
    return None if value is None else str(value)


def _no_list(service: str, action: str) -> str:
    lists = [f"{one.service}.{one.name}" for one in schema.actions() if one.items]
    own = [name for name in lists if name.lower().startswith(f"{service}.".lower())]
    close = own or [name for name in schema.close_to(f"{service}.{action}") if name in lists]
    hint = f"; try {', '.join(close)}" if close else ": kott.services() lists those that are"
    return f"{service}.{action} is not a list action{hint}."
