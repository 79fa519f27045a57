"""A partner that lives in this process: log in, pull, and no network is needed.

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
| excludeWatched, priority groups, trending days | taken, and change nothing |

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
from typing import Any

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
from kott_notebooks.errors import KottError
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
    deployment: str | Deployment = "strict",
    clock: Callable[[], float] | None = None,
    faults: Faults | None = None,
    roles: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    guide: str | Path | None = None,
) -> Backend:
    """Make a partner: a world from a seed and of these sizes, behind a deployment's rules.

    The guide runs from the day before the clock's day, for so many days; `clock` gives epoch
    seconds, and goes on deciding when a ks is over. `deployment` is `strict`, `roomy` or `old`;
    `faults` make it a bad day; `roles` are custom roles as permission items. The same arguments in
    the same second make the same world.

    `guide` is a file of XMLTV, whose programmes stand instead of the made-up ones, on linear
    channels of its own (their externalId is what the guide calls them); `channels`, `days` and the
    defects of a guide are left aside. A programme of which nobody knows when it ends is left out.
    """
    clock = clock or time.time
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
    deployment: str | Deployment = "strict",
    clock: Callable[[], float] | None = None,
    faults: Faults | None = None,
    roles: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    guide: str | Path | None = None,
    user: str = "operator",
    backend: Backend | None = None,
    **login_arguments: Any,
) -> client.Session:
    """Log in to a demo partner and return the Session, as `kott.login` does.

    The partner is made as `make` does, or shared by handing in its `backend`. `user` is a role
    (`anonymous`, `user`, `master`, `operator`, `manager`, `administrator` or one of `roles`) or a
    username. Further arguments, such as `format` or `language`, go to `kott.login`; if they bring
    credentials, nobody asks for `user`.
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
    """Read somebody's own guide, and take those for channels too that only programmes name."""
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
    """Give a table as lists of plain values, None for absent ones, times in epoch seconds."""
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
    """Put a demo partner behind a port of this machine (0: any free one), and return it running.

    Takes what `make` takes, or a `backend`. The server is a context manager; its `url` is what to
    log in to, its `backend` what answers.
    """
    return Server(backend or make(**partner), port)


def backend_of(session: client.Session) -> Backend:
    """Give the backend that a session of `demo.login` talks to; KottError for any other session."""
    adapter = session._connections.http.get_adapter(session.url)
    if not isinstance(adapter, DemoAdapter):
        raise KottError("This session talks to a real server: only demo.login() has a backend.")
    return adapter.backend


def changes(session: client.Session, start: When, end: When) -> pd.DataFrame:
    """List what changes in a session's demo partner, in truth, after `start` and until `end`.

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
    pandas.DataFrame
        One row per asset that came or went, and per field that changed: `time`
        `datetime64[us, UTC]`, `kind` (media or epg), `id` `Int64`, `change` (added, removed or
        changed), `field` (empty for a whole asset).

    Examples
    --------
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
    """List what is wrong in a session's demo partner, on purpose: rule, kind, id, what."""
    planted = backend_of(session).world.defects
    rows = [(one.rule, one.kind, one.id, one.what) for one in planted]
    return pd.DataFrame(rows, columns=["rule", "kind", "id", "what"], dtype="str")
