"""A made-up partner in this process, to log in to and pull from without a network.

    session = demo.login()             the real client, mounted on a backend without a socket
    with demo.serve() as server: ...   the same backend behind a port, at server.url

What the backend answers:

| of the API | here |
|---|---|
| requests | JSON, forms (also in parts), GET with path pairs, a query or a body; no file uploads |
| replies | JSON and XML by `format` or Accept, gzip; JSONP and the other formats are refused |
| HTTP | OPTIONS and the headers for pages of other origins, HEAD, ETag on GET replies |
| multirequest | references, abortOnError, abortAllOnError, skipCondition |
| global parameters | all; kalsig is not checked, ignoreNull changes nothing |
| sessions | every login, revoke, switchUser, lock-out, app and refresh tokens |
| asset.list, .get, .count | KSQL with every operator and key; groups; orders (popularity made up) |
| recordings | `asset_type='recording'` and npvr, for the household that made them |
| bundles | the assets of a subscription's or a collection's channels |
| semantic search, recommendations, personal selections | some assets on offer |
| channel, epg, lineup | .list and .get |
| household, householdUser, householdDevice, ottUser | .get and .list |
| labels, offers, prices, entitlements, histories, choices | .list |
| any other list action | a few samples of its class, made from the schema |
| anything that would change something, and other reads | forbidden: 500004 |
| geo_block, parental_rules, user_interests | taken, and hide nothing |
| entitled_assets | everything is free |
| excludeWatched, priority groups, trending days, ORDER_NUM | taken, and change nothing |

What each role may read (a role has what those before it have):

| role | reads |
|---|---|
| anonymous | assets on offer, channels, the guide, line-ups, labels, offers and their prices |
| user | the own household, its users and devices, and all that is the household's or the user's |
| master | the same, and as any other user of the household |
| operator, manager | every list, assets not on offer too; what is a user's with `user_id=` |
| administrator | the same; personal lists show everybody's, unless it acts for a user |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import requests

from kott_notebooks import session as client
from kott_notebooks.demo import catalogue
from kott_notebooks.demo.backend import Backend, Deployment
from kott_notebooks.demo.catalogue import Account
from kott_notebooks.demo.faults import Faults
from kott_notebooks.demo.server import Server
from kott_notebooks.demo.transport import DemoAdapter
from kott_notebooks.demo.world.homes import MAIL, PASSWORDS
from kott_notebooks.demo.world.partner import PARTNER_ID
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.times import When, epoch

__all__ = [
    "PARTNER_ID",
    "PASSWORD",
    "URL",
    "USERNAME",
    "Backend",
    "Deployment",
    "Faults",
    "Server",
    "backend_of",
    "changes",
    "defects",
    "login",
    "make",
    "serve",
]


def __dir__() -> list[str]:
    return __all__


URL = "https://demo.kott.invalid"
USERNAME, PASSWORD = f"operator@{MAIL}", PASSWORDS["operator"]
_CREDENTIALS = frozenset(("username", "pin", "app_token", "refresh_token", "ks", "anonymous"))

_world = lru_cache(maxsize=4)(catalogue.build)


def make(
    *,
    seed: int = 7,
    assets: int = 2_000,
    channels: int = 40,
    days: int = 8,
    households: int = 500,
    defects: bool = True,
    deployment: Literal["strict", "roomy", "old"] | Deployment = "strict",
    clock: Callable[[], float] | None = None,
    faults: Faults | None = None,
    roles: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    guide: str | Path | None = None,
) -> Backend:
    """Make a demo partner: generated data behind the rules of a deployment.

    Parameters
    ----------
    seed, assets, channels, days, households, defects : as in `login`
        What the partner has.
    deployment, clock, faults, roles : as in `login`
        How its server answers.
    guide : str or Path, optional
        As in `login`.

    Returns
    -------
    Backend
        The partner, to be shared by several logins: ``demo.login(backend=...)``.

    Raises
    ------
    KottError
        The guide cannot be read, or a size is no whole number.
    ValueError
        There is no deployment of that name.

    See Also
    --------
    login, serve

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> backend = demo.make(assets=60, households=0)
    >>> one, other = demo.login(backend=backend), demo.login(backend=backend, user="manager")
    >>> one.count("asset", filter={}) == other.count("asset", filter={})
    True
    """
    clock = clock or time.time
    sizes = (("assets", assets), ("channels", channels), ("days", days), ("households", households))
    assets, channels, days, households = (whole_number(*one) for one in sizes)
    build = partial(catalogue.build, given=_given(guide)) if guide is not None else _world
    world = build(
        seed=seed,
        assets=assets,
        channels=channels,
        days=days,
        households=households,
        now=int(clock()),
        defects=defects,
    )
    return Backend(world, deployment=deployment, clock=clock, faults=faults, roles=roles)


def login(
    *,
    seed: int = 7,
    assets: int = 2_000,
    channels: int = 40,
    days: int = 8,
    households: int = 500,
    defects: bool = True,
    deployment: Literal["strict", "roomy", "old"] | Deployment = "strict",
    clock: Callable[[], float] | None = None,
    faults: Faults | None = None,
    roles: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    guide: str | Path | None = None,
    user: str = "operator",
    backend: Backend | None = None,
    **login_arguments: Any,
) -> client.Session:
    """Log in to a demo partner and return the Session, as `kott.login` does.

    Parameters
    ----------
    seed : int, default 7
        Partners with one seed and the same sizes are the same in the same second.
    assets : int, default 2000
        Number of media, linear channels included.
    channels : int, default 40
        Number of linear channels.
    days : int, default 8
        Days of guide, from the day before the clock's.
    households : int, default 500
        Number of households.
    defects : bool, default True
        Whether defects are planted: see `defects`.
    deployment : {"strict", "roomy", "old"} or Deployment, default "strict"
        The rules of the server: page sizes, result window, which arguments it refuses.
    clock : callable, optional
        Returns the present in epoch seconds; by default `time.time`.
    faults : Faults, optional
        Errors, delays and damage that requests meet; by default none.
    roles : mapping, optional
        Custom roles by name, each a list of the API's permission items.
    guide : str or Path, optional
        An XMLTV file whose channels and programmes replace the made-up ones; `channels`, `days` and
        the planted defects of a guide then do not count. Programmes whose end is unknown are left
        out.
    user : str, default "operator"
        A role ("anonymous", "user", "master", "operator", "manager", "administrator" or one of
        `roles`) or a username.
    backend : Backend, optional
        A partner that `make` made; by default a new one.
    **login_arguments
        Arguments of `kott.login`, such as `format` or `language`. With credentials among them,
        `user` does not count.

    Returns
    -------
    Session
        The real client; its requests are answered in this process.

    Raises
    ------
    KottError
        There is no such user, or the guide cannot be read.
    ValueError
        There is no deployment of that name.

    See Also
    --------
    kott.login : Log in to a real partner.

    Examples
    --------
    >>> from kott_notebooks import demo
    >>> demo.login(assets=60, user="manager").partner_id
    478
    """
    backend = backend or make(
        seed=seed,
        assets=assets,
        channels=channels,
        days=days,
        households=households,
        defects=defects,
        deployment=deployment,
        clock=clock,
        faults=faults,
        roles=roles,
        guide=guide,
    )
    http = requests.Session()
    http.mount(URL, DemoAdapter(backend))
    if not _CREDENTIALS & set(login_arguments):
        login_arguments |= _credentials(backend, user)
    return client.login(URL, PARTNER_ID, http=http, **login_arguments)


def _given(path: str | Path) -> catalogue.Given:
    """Read an XMLTV guide; channels that only its programmes name are channels too."""
    from kott_notebooks import xmltv

    epg, channels, _ = xmltv.read_guide(path)
    epg = epg.dropna(subset=["linearAssetId", "startDate", "endDate"])
    epg, channels = epg.astype({"linearAssetId": "str"}), channels.astype({"id": "str"})
    others = epg.loc[~epg["linearAssetId"].isin(channels["id"]), ["linearAssetId"]]
    more = others.drop_duplicates().rename(columns={"linearAssetId": "id"})
    named = pd.concat([channels[["id", "name", "externalId"]], more.assign(externalId=more["id"])])
    named["name"] = named["name"].fillna(named["id"])
    return catalogue.Given(_plain(named), _plain(epg))


def _plain(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a table as lists of plain values, None for absent ones, times in epoch seconds."""
    times = table.select_dtypes("datetimetz").columns
    seconds = {
        name: table[name].astype("int64").floordiv(1_000_000).where(table[name].notna())
        for name in times
    }
    plain = table.assign(**seconds).astype(object)
    return {str(name): plain[name].where(plain[name].notna(), None).tolist() for name in plain}


def _credentials(backend: Backend, user: str) -> dict[str, Any]:
    if user == "anonymous":
        return {"anonymous": True}
    account = _account(backend.partner.sessions.accounts, user)
    return {"username": account.username, "password": account.password}


def _account(accounts: Sequence[Account], user: str) -> Account:
    """Find an account by its username, or the first whose highest role is the one named."""
    for account in accounts:
        if user in (account.username, account.roles[-1]):
            return account
    known = ", ".join(sorted({"anonymous", *(account.roles[-1] for account in accounts)}))
    raise KottError(f"The demo has no user {user!r}: choose one of {known}, or a username.")


def serve(port: int = 0, *, backend: Backend | None = None, **partner: Any) -> Server:
    """Serve a demo partner on a port of this machine.

    Parameters
    ----------
    port : int, default 0
        The port; 0 takes any that is free.
    backend : Backend, optional
        A partner that `make` made; by default a new one.
    **partner
        Arguments of `make`.

    Returns
    -------
    Server
        The running server: `url` to log in to, `backend` that answers, `close()`; also a context
        manager.

    Raises
    ------
    OSError
        The port is in use.

    See Also
    --------
    login, make

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> with demo.serve(assets=60) as server:
    ...     kott.login(server.url, demo.PARTNER_ID, anonymous=True).count("asset", filter={}) > 0
    True
    """
    return Server(backend or make(**partner), port)


def backend_of(session: client.Session) -> Backend:
    """Return the backend that answers a session of `demo.login`.

    Parameters
    ----------
    session : Session
        A session of `demo.login`.

    Returns
    -------
    Backend
        The backend, with its `world` and its `log` of requests.

    Raises
    ------
    KottError
        The session talks to a real server.

    See Also
    --------
    login, Backend

    Examples
    --------
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=60)
    >>> demo.backend_of(session).world.partner_id
    478
    """
    adapter = session._connections.http.get_adapter(session.url)
    if not isinstance(adapter, DemoAdapter):
        raise KottError("This session talks to a real server: only demo.login() has a backend.")
    return adapter.backend


def changes(session: client.Session, start: When, end: When) -> pd.DataFrame:
    """List what really changes in a session's demo partner, after `start` and until `end`.

    With each full day of the clock since the partner was made, some assets are added, withdrawn and
    edited, and the guide is delivered again: a day longer, with some programmes renamed.

    Parameters
    ----------
    session : Session
        A session of `demo.login`.
    start, end : str, date, datetime or Timestamp
        The period, which may lie ahead of the clock.

    Returns
    -------
    DataFrame
        One row per asset that was added or removed, and per field that changed: `time`
        `datetime64[us, UTC]`, `kind` (media or epg), `id` `Int64`, `change` (added, removed or
        changed), `field` (empty for a whole asset).

    Raises
    ------
    KottError
        The session talks to a real server, or a time is not valid.

    See Also
    --------
    login, kott.diff

    Examples
    --------
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=3, households=20)
    >>> sorted(set(demo.changes(session, "now", "now+2d")["change"]))
    ['added', 'changed', 'removed']
    """
    partner = backend_of(session).partner
    now = pd.Timestamp(partner.now, unit="s", tz="UTC")
    rows = partner.changes(epoch(start, now=now), epoch(end, now=now))
    table = pd.DataFrame(rows, columns=["time", "kind", "id", "change", "field"])
    times = pd.to_datetime(table["time"].astype("int64"), unit="s", utc=True)
    texts = dict.fromkeys(("kind", "change", "field"), "str")
    return table.assign(time=times.dt.as_unit("us")).astype({"id": "Int64", **texts})


def defects(session: client.Session) -> pd.DataFrame:
    """List the defects that are planted in the partner of a session.

    Parameters
    ----------
    session : Session
        A session of `demo.login`.

    Returns
    -------
    DataFrame
        One row per defect: `rule` (of the audit that finds it), `kind`, `id`, `what` (in words),
        all `str`.

    Raises
    ------
    KottError
        The session talks to a real server.

    See Also
    --------
    login, changes

    Examples
    --------
    >>> from kott_notebooks import demo
    >>> defects = demo.defects(demo.login(assets=60))
    >>> list(defects.columns)
    ['rule', 'kind', 'id', 'what']
    """
    planted = backend_of(session).world.defects
    rows = [(one.rule, one.kind, one.id, one.what) for one in planted]
    return pd.DataFrame(rows, columns=["rule", "kind", "id", "what"], dtype="str")
