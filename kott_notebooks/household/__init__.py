"""Household tables to tables: devices and users, limits, and what is wrong; no requests.

    limits = household.limits(households, users, devices)
    household.headroom(limits)                            households by what their limits leave
    household.groups(devices, "brandId", labels=labels)   rows and households by a column's values
    household.audit(households, users, devices)           what is wrong, household by household

Groups are of at least `MIN_GROUP_SIZE` households (`k=` changes that), so that no figure reveals a
few. What the tables of `kott.households` hash stays hashed in all of these.
"""

from __future__ import annotations

from kott_notebooks.audits.rulebook import Household as Thresholds
from kott_notebooks.household.audit import audit
from kott_notebooks.household.groups import (
    MIN_GROUP_SIZE,
    OTHER,
    device_ages,
    groups,
    idle_devices,
    idle_households,
    masters,
    sizes,
)
from kott_notebooks.household.limits import LIMITS, headroom, limits

__all__ = [
    "LIMITS",
    "MIN_GROUP_SIZE",
    "OTHER",
    "Thresholds",
    "audit",
    "device_ages",
    "groups",
    "headroom",
    "idle_devices",
    "idle_households",
    "limits",
    "masters",
    "sizes",
]


def __dir__() -> list[str]:
    return __all__
