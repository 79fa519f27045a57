"""Households, their users and their devices as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import pandas as pd

from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import ApiError, Forbidden, IncompleteError, KottError, as_list
from kott_notebooks.listings.filters import ids_of
from kott_notebooks.listings.gathering import Ids, Layout, gathered
from kott_notebooks.listings.others import listing
from kott_notebooks.listings.progress import progress_bar
from kott_notebooks.paging import Lookups, Progress
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import with_facts


def households(
    session: Session,
    ids: Ids | None = None,
    *,
    external_ids: Iterable[str] | None = None,
    missing: Literal["error", "skip"] = "error",
    pii: bool = False,
    progress: bool | Progress | None = None,
) -> pd.DataFrame:
    """List households, by their ids or external ids, or all of them.

    All of them are listed only where the server lists them; where it refuses, the error says so.
    Source: household.get or household.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    ids : iterable of int or DataFrame, optional
        Ids of households, or a table with a column `id`.
    external_ids : iterable of str, optional
        Ids of your own records, instead of `ids`.
    missing : {"error", "skip"}, default "error"
        What to do about households that do not exist: raise IncompleteError, or return the others;
        the provenance then has the positions of those that are `missing`, from 0, each id counted
        once.
    pii : bool, default False
        Show name, description and externalId as they are, instead of hashed.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row per household: the columns of KalturaHousehold (id, devicesLimit, usersLimit,
        concurrentLimit, regionId `Int64`; state `str`; createDate `datetime64[us, UTC]` ...).

    Raises
    ------
    IncompleteError
        Some households do not exist, or the list could not be completed; see `.partial`.
    ApiError
        The API refuses the request.
    KottError
        Both `ids` and `external_ids` are given, or one of them is not a list.

    See Also
    --------
    household_users : Their users.
    household_devices : Their devices.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3, deployment="roomy")
    >>> len(kott.households(session))
    3
    """
    if missing not in ("error", "skip"):
        raise KottError(f"missing is 'error' or 'skip', not {missing!r}.")
    skip = missing == "skip"
    if ids is not None and external_ids is not None:
        raise KottError("Give ids or external_ids, not both.")
    if ids is not None:
        wanted = ids_of(ids, "households")
        calls = [Call("household", "get", {"id": one}) for one in wanted]
        return _looked_up(
            session, calls, ("id", wanted), "kott.households", pii, progress, skip=skip
        )
    if external_ids is not None:
        names = list(dict.fromkeys(as_list("external_ids", external_ids)))
        filters = [{"externalIdEqual": name} for name in names]
        calls = [Call("household", "list", {"filter": one}) for one in filters]
        return _looked_up(
            session, calls, ("externalId", names), "kott.households", pii, progress, skip=skip
        )
    try:
        return listing(session, "household", filter={}, pii=pii, progress=progress)
    except (Forbidden, IncompleteError):
        raise
    except ApiError as error:
        raise error.hinted(
            "This server does not list all households: give ids= or external_ids=."
        ) from error


def household_users(
    session: Session,
    households: Ids | None = None,
    *,
    pii: bool = False,
    progress: bool | Progress | None = None,
) -> pd.DataFrame:
    """List the users of households.

    Source: householdUser.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    households : iterable of int or DataFrame, optional
        Ids, or a table of `kott.households`. Default: all households that the server lists.
    pii : bool, default False
        Show personal data as it is, instead of hashed.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row per user in a household: householdId `Int64`, userId `str`, isMaster, isDefault
        `boolean`, status `str`, householdMasterUsername `str` (hashed).

    Raises
    ------
    IncompleteError
        The list could not be completed; see `.partial` and `.resume()`.
    ApiError
        The API refuses the request.

    See Also
    --------
    households, household_devices, household.sizes

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3, deployment="roomy")
    >>> users = kott.household_users(session)
    >>> users["householdId"].nunique()
    3
    """
    return _of_households(session, "householdUser", households, pii, progress)


def household_devices(
    session: Session,
    households: Ids | None = None,
    *,
    pii: bool = False,
    progress: bool | Progress | None = None,
) -> pd.DataFrame:
    """List the devices of households.

    Source: householdDevice.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    households : iterable of int or DataFrame, optional
        Ids, or a table of `kott.households`. Default: all households that the server lists.
    pii : bool, default False
        Show personal data as it is, instead of hashed.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row per device: the columns of KalturaHouseholdDevice (householdId, brandId,
        deviceFamilyId `Int64`; status `str`; activatedOn, lastActivityTime
        `datetime64[us, UTC]` ...). udid, name, macAddress, externalId and dynamicData are hashed.

    Raises
    ------
    IncompleteError
        The list could not be completed; see `.partial` and `.resume()`.
    ApiError
        The API refuses the request.

    See Also
    --------
    households, household_users, household.idle_devices

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3, deployment="roomy")
    >>> devices = kott.household_devices(session)
    >>> {"householdId", "brandId"} <= set(devices.columns)
    True
    """
    return _of_households(session, "householdDevice", households, pii, progress)


def _of_households(
    session: Session, service: str, given: Ids | None, pii: bool, progress: bool | Progress | None
) -> pd.DataFrame:
    table = households(session, progress=progress) if given is None else given
    ids = ids_of(table, "households")
    filters = [{"householdIdEqual": one} for one in ids]
    calls = [Call(service, "list", {"filter": one}) for one in filters]
    source = f"kott.{_SOURCES[service]}"
    asked = ("householdId", ids)
    return _looked_up(session, calls, asked, source, pii, progress, CLASSES[service])


CLASSES = {
    "household": "KalturaHousehold",
    "householdUser": "KalturaHouseholdUser",
    "householdDevice": "KalturaHouseholdDevice",
}
_SOURCES = {"householdUser": "household_users", "householdDevice": "household_devices"}


def _looked_up(
    session: Session,
    calls: list[Call],
    asked: tuple[str, list[Any]],
    source: str,
    pii: bool,
    progress: bool | Progress | None,
    cls: str = CLASSES["household"],
    *,
    skip: bool = False,
) -> pd.DataFrame:
    """Make many small calls and lay their records out; each must be one that was requested."""
    with progress_bar(progress, source.removeprefix("kott.")) as bar:
        one_each = cls == CLASSES["household"]
        lookups = Lookups(calls, asked=asked, one_each=one_each, skip_missing=skip)
        pulls = [session._pull(lookups, progress=bar)]
        table = gathered(session, pulls, Layout(cls, source, pii=pii))
    return with_facts(table, missing=lookups.missing()) if skip else table
