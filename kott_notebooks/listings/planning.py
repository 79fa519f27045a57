"""What a pull would take, before anything is fetched."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kott_notebooks.api.secrets import concealed
from kott_notebooks.errors import KottError
from kott_notebooks.listings.assets import asset_pulls, epg_pulls
from kott_notebooks.listings.others import listing_pull
from kott_notebooks.listings.planned import table_of
from kott_notebooks.paging import Progress
from kott_notebooks.session import Session


def plan(
    session: Session,
    what: str = "asset",
    /,
    *arguments: Any,
    progress: bool | Progress | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Estimate what a pull would take, before anything is fetched.

    The list is counted, cut into windows that the server can page, and ten rows are looked at.
    Source: the list action itself.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    what : str, default "asset"
        `asset` (arguments as `kott.assets`), `epg` (as `kott.epg`) or any other service (as
        `kott.listing`).
    *arguments : Any
        Arguments of that function, by place.
    progress : bool or Progress, optional
        Taken since those functions take it; shows nothing.
    **options : Any
        Arguments of that function, by name.

    Returns
    -------
    DataFrame
        One row per window: list `Int64` (which of several), key `str`, low, high `Int64` (key at
        least low and below high; NA is open), rows, pages, requests `Int64`, seconds, MiB `Float64`
        (estimates, MiB before compression), proof `str` (what will show that it is complete). NA
        where the list has no pager.

    Raises
    ------
    KottError
        The list cannot be planned, or an argument is not valid.

    See Also
    --------
    assets : Takes the plan as `plan=`.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> plan = kott.plan(session, "asset")
    >>> int(plan["rows"].sum())
    200
    """
    options = concealed(options)
    if what in ("asset", "assets"):
        pulls, *_ = asset_pulls(session, *arguments, **options)
    elif what == "epg" and len(arguments) + len({"start", "end"} & options.keys()) < 2:
        raise KottError("A plan of epg needs a window: kott.plan(session, 'epg', start, end).")
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
