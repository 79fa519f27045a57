"""Households, their users and their devices as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from kott_notebooks.api.bodies import Call
from kott_notebooks.errors import ApiError, Forbidden, IncompleteError, KottError
from kott_notebooks.listings.filters import ids_of
from kott_notebooks.listings.gathering import Ids, gathered
from kott_notebooks.listings.others import listing
from kott_notebooks.listings.progress import progress_bar
from kott_notebooks.paging import Lookups
from kott_notebooks.session import Session


def households(
    session: Session,
    ids: Ids | None = None,
    *,
    external_ids: Iterable[str] | None = None,
    pii: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List households, by their ids or external ids, or all of them; one row a household.

    All of them come only where the server lists them; where it refuses, the error says so.
    Columns: those of KalturaHousehold (id, devicesLimit, usersLimit, concurrentLimit, regionId
    `Int64`, state `str`, createDate `datetime64[us, UTC]` ...). name, description and externalId
    are hashed unless `pii=True`. Raises IncompleteError, with `.partial`, if some do not exist.
    Source: household.get or household.list.
    """
    if ids is not None and external_ids is not None:
        raise KottError("Give ids or external_ids, not both.")
    if ids is not None:
        wanted = ids_of(ids, "households")
        calls = [Call("household", "get", {"id": one}) for one in wanted]
        return _looked_up(session, calls, ("id", wanted), "kott.households", pii, progress)
    if isinstance(external_ids, str):
        raise KottError("external_ids is a list: write external_ids=[...].")
    if external_ids is not None:
        names = list(dict.fromkeys(external_ids))
        filters = [{"externalIdEqual": name} for name in names]
        calls = [Call("household", "list", {"filter": one}) for one in filters]
        return _looked_up(session, calls, ("externalId", names), "kott.households", pii, progress)
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
    progress: bool | None = None,
) -> pd.DataFrame:
    """List the users of households; one row a user in a household.

    `households` are ids or a table of `kott.households`; without them, all that the server lists.
    Columns: householdId `Int64`, userId `str`, isMaster, isDefault `boolean`, status `str`,
    householdMasterUsername `str`, hashed unless `pii=True`. Source: householdUser.list.
    """
    return _of_households(session, "householdUser", households, pii, progress)


def household_devices(
    session: Session,
    households: Ids | None = None,
    *,
    pii: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List the devices of households; one row a device.

    `households` are ids or a table of `kott.households`; without them, all that the server lists.
    Columns: those of KalturaHouseholdDevice (householdId, brandId, deviceFamilyId `Int64`, status
    `str`, activatedOn, lastActivityTime `datetime64[us, UTC]` ...); udid, name, macAddress,
    externalId and dynamicData are hashed unless `pii=True`. Source: householdDevice.list.
    """
    return _of_households(session, "householdDevice", households, pii, progress)


def _of_households(
    session: Session, service: str, given: Ids | None, pii: bool, progress: bool | None
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
    progress: bool | None,
    cls: str = CLASSES["household"],
) -> pd.DataFrame:
    """Make many small calls and lay their records out; each record must be one asked for."""
    with progress_bar(progress, source.removeprefix("kott.")) as bar:
        lookups = Lookups(calls, asked=asked, one_each=cls == CLASSES["household"])
        return gathered(session, [session._pull(lookups, progress=bar)], cls, source, pii=pii)
