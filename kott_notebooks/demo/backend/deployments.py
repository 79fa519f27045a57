"""What differs from one operator's server to the next: sizes, caps, and what may be listed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deployment:
    """One operator's settings; `dataclasses.replace` makes others of them."""

    name: str
    page_max: int  # a larger page size is silently reduced to this one
    result_window: int  # rows of a search that can be reached by paging
    caps_totals: bool  # whether totalCount stops at the result window
    lists_households: bool  # whether household.list returns all of them for an empty filter
    refresh_tokens: bool  # whether a login returns a refresh token, as older servers do
    needs_api_version: bool  # whether a request without apiVersion is refused
    refuses_unknown: bool  # whether an argument or a property that is not in the schema is refused
    lenient_ksql: bool  # whether KSQL without quotes, or oddly spaced, is understood
    lineup_by_post: bool  # whether lineup.get may be sent by POST, which is meant for tests only
    ks_seconds: int = 86_400
    lock_after: int = 5  # wrong passwords in a row
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
