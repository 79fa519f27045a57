"""A partner that lives in this process: logs in, serves, and tells what is wrong with it.

The backend is written from the API's facts and shares no code with the client, so the client that
is tried here is the real one, down to the bytes.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import requests

from kott_notebooks import session as client
from kott_notebooks.demo.backend import DEPLOYMENTS, Backend
from kott_notebooks.demo.catalogue import World, build
from kott_notebooks.demo.faults import Faults
from kott_notebooks.demo.server import Server
from kott_notebooks.demo.transport import DemoAdapter
from kott_notebooks.demo.world.homes import MAIL, PASSWORDS
from kott_notebooks.errors import KottError

__all__ = [
    "PARTNER_ID",
    "PASSWORD",
    "URL",
    "USERNAME",
    "Faults",
    "Server",
    "backend_of",
    "defects",
    "login",
    "serve",
]

URL = "https://demo.kott.invalid"
PARTNER_ID = 478
USERNAME = f"operator@{MAIL}"
PASSWORD = PASSWORDS["operator"]

Clock = Callable[[], float]


def login(
    *,
    user: str = "operator",
    backend: Backend | None = None,
    seed: int = 7,
    assets: int = 2_000,
    channels: int = 40,
    days: int = 8,
    households: int = 500,
    defects: bool = True,
    deployment: str = "strict",
    clock: Clock | datetime | None = None,
    faults: Faults | None = None,
    **settings: Any,
) -> client.Session:
    """Log in to a demo partner of one's own, without a socket, and return the Session.

    - `user`: `operator`, `manager`, `administrator`, `master` (of a household), `user`, or
      `anonymous`.
    - `seed`, `assets` (linear channels among them), `channels`, `days`, `households`: what it has;
      the same numbers and clock make the same partner. `defects=False` leaves nothing wrong.
    - `deployment`: `strict` (small pages, households not listed), `roomy` or `old`.
    - `clock`: the partner's time: a function that gives epoch seconds, or a datetime that stays.
    - `faults`: what a bad day looks like. `backend`: a partner that is there already.
    - `settings`: those of `kott.login`: `format`, `language`, `client_tag` ...
    """
    partner = backend or _backend(
        deployment,
        clock,
        faults,
        seed=seed,
        assets=assets,
        channels=channels,
        days=days,
        households=households,
        defects=defects,
    )
    http = requests.Session()
    http.mount(URL, DemoAdapter(partner))
    return client.login(URL, PARTNER_ID, http=http, **_means(partner, user), **settings)


def serve(
    port: int = 0,
    *,
    backend: Backend | None = None,
    seed: int = 7,
    assets: int = 2_000,
    channels: int = 40,
    days: int = 8,
    households: int = 500,
    defects: bool = True,
    deployment: str = "strict",
    clock: Clock | datetime | None = None,
    faults: Faults | None = None,
) -> Server:
    """Serve a demo partner on a port of this machine, for browsers and other clients.

    Arguments as `login`; port 0 takes any that is free. The server runs until it is closed, or
    until its `with` block ends; `.url` is what a client logs in to.
    """
    partner = backend or _backend(
        deployment,
        clock,
        faults,
        seed=seed,
        assets=assets,
        channels=channels,
        days=days,
        households=households,
        defects=defects,
    )
    return Server(partner, port)


def backend_of(session: client.Session) -> Backend:
    """Give the partner behind a session of `login`: its log, its world."""
    adapter = session.http.get_adapter(session.url)
    if not isinstance(adapter, DemoAdapter):
        raise KottError("This session is not one of demo.login(): its partner is somewhere else.")
    return adapter.backend


def defects(session: client.Session) -> pd.DataFrame:
    """List what is wrong with the demo partner, one row a finding; rule, kind, id, what `str`.

    Every consequence of a planted defect is listed, since one plant can break several rules.
    """
    columns = ["rule", "kind", "id", "what"]
    planted = backend_of(session).world.defects
    rows = [[getattr(one, name) for name in columns] for one in planted]
    return pd.DataFrame(rows, columns=columns).astype("str")


def _backend(
    deployment: str, clock: Clock | datetime | None, faults: Faults | None, **world: int
) -> Backend:
    if deployment not in DEPLOYMENTS:
        raise KottError(f"deployment is one of {', '.join(DEPLOYMENTS)}; not {deployment!r}.")
    ticking = _ticking(clock)
    built = _world(now=int(ticking()), **world)
    return Backend(built, deployment=deployment, clock=ticking, faults=faults)


def _ticking(clock: Clock | datetime | None) -> Clock:
    if clock is None:
        return time.time
    if not isinstance(clock, datetime):
        return clock
    still = (clock if clock.tzinfo else clock.replace(tzinfo=UTC)).timestamp()
    return lambda: still


@functools.lru_cache(maxsize=4)
def _world(**arguments: Any) -> World:
    return build(**arguments)


def _means(partner: Backend, user: str) -> dict[str, Any]:
    """Find what somebody logs in with, by role or by name."""
    if user == "anonymous":
        return {"anonymous": True}
    for account in partner.partner.sessions.accounts:
        if user in (account.username, *account.roles):
            return {"username": account.username, "password": account.password}
    known = {role for account in partner.world.accounts for role in account.roles}
    raise KottError(f"user is one of {', '.join(sorted(known))} or anonymous; not {user!r}.")
