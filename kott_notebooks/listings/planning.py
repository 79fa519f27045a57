"""What a pull would take, before anything is fetched."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.listings.assets import asset_pulls, epg_pulls
from kott_notebooks.listings.others import listing_pull
from kott_notebooks.listings.planned import table_of
from kott_notebooks.session import Session


def plan(
    session: Session,
    what: str = "asset",
    /,
    *arguments: Any,
    progress: bool | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Say what a pull would take before anything is fetched; one row a window.

    `what` is `asset` (arguments as `kott.assets`), `epg` (as `kott.epg`) or any other service (as
    `kott.listing`). The list is counted, cut into windows that the server can page, and ten rows
    are looked at. `kott.assets(session, ..., plan=plan)` and `kott.epg(...)` then read it so.
    `progress` is taken since those take it, and shows nothing.

    Columns: list `Int64` (of several, the nth), key `str`, low, high `Int64` (the window: key at
    least low and below high; NA is open), rows, pages, requests `Int64`, seconds, MiB `Float64`
    (estimates; bytes as they are before compression), proof `str` (what will show that it is all).
    Rows, pages and more are NA where the list has no pager. Source: the list action itself.
    """
    if what in ("asset", "assets"):
        pulls, *_ = asset_pulls(session, *arguments, **options)
    elif what == "epg":
        pulls, _ = epg_pulls(session, *arguments, **options)
    else:
        pulls = [listing_pull(session, what, *arguments, **options)[0]]
    if pulls[0].listing.name == "lineup.get":
        raise KottError(
            "lineup.get pages in sizes of its own and cannot be planned: list it with "
            "kott.listing(session, 'lineup', 'get'), or plan 'lineup' for lineup.list."
        )
    return table_of(session, pulls)
