"""What differs from one operator's server to the next: sizes, caps, and what may be listed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deployment:
    """One operator's settings; `dataclasses.replace` makes others of them.

    Parameters
    ----------
    name : str
        What it is called.
    page_max : int
        A larger page size is silently reduced to this one.
    result_window : int
        Rows of a search that can be reached by paging.
    caps_totals : bool
        Whether totalCount stops at the result window.
    lists_households : bool
        Whether household.list returns all of them for an empty filter.
    refresh_tokens : bool
        Whether a login returns a refresh token, as older servers do.
    needs_api_version : bool
        Whether a request without apiVersion is refused.
    refuses_unknown : bool
        Whether an argument or a property that is not in the schema is refused.
    lenient_ksql : bool
        Whether KSQL without quotes, or oddly spaced, is understood.
    lineup_by_post : bool
        Whether lineup.get may be sent by POST, which is meant for tests only.
    ks_seconds : int, default 86400
        How long a ks is valid.
    lock_after : int, default 5
        Wrong passwords in a row that lock a user out.
    lock_seconds : int, default 300
        For how long.

    See Also
    --------
    login, make

    Examples
    --------
    >>> from dataclasses import replace
    >>> from kott_notebooks import demo
    >>> backend = demo.make(assets=60, deployment="roomy")
    >>> small = replace(backend.partner.deployment, page_max=25)
    >>> session = demo.login(assets=60, deployment=small)
    >>> len(session.call("asset", "list", pager={"pageSize": 100})["objects"])
    25
    """

    name: str
    page_max: int
    result_window: int
    caps_totals: bool
    lists_households: bool
    refresh_tokens: bool
    needs_api_version: bool
    refuses_unknown: bool
    lenient_ksql: bool
    lineup_by_post: bool
    ks_seconds: int = 86_400
    lock_after: int = 5
    lock_seconds: int = 300


STRICT = Deployment(
    name="strict",
    page_max=50,
    result_window=10_000,
    caps_totals=False,
    lists_households=False,
    refresh_tokens=False,
    needs_api_version=True,
    refuses_unknown=True,
    lenient_ksql=False,
    lineup_by_post=False,
)
ROOMY = Deployment(
    name="roomy",
    page_max=500,
    result_window=100_000,
    caps_totals=False,
    lists_households=True,
    refresh_tokens=False,
    needs_api_version=True,
    refuses_unknown=False,
    lenient_ksql=True,
    lineup_by_post=True,
)
OLD = Deployment(
    name="old",
    page_max=500,
    result_window=10_000,
    caps_totals=True,
    lists_households=False,
    refresh_tokens=True,
    needs_api_version=False,
    refuses_unknown=False,
    lenient_ksql=True,
    lineup_by_post=True,
)
DEPLOYMENTS = {one.name: one for one in (STRICT, ROOMY, OLD)}
