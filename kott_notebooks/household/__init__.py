"""Household tables to tables: who has what, how near to their limits, what is wrong; no call.

    limits = household.limits(households, users, devices)
    household.left(limits)                                how many are how near to their limits
    household.groups(devices, "brandId", labels=labels)   how many of what, wherever they are
    household.audit(households, users, devices)           what is wrong, household by household

Figures of groups never tell of few: a group of fewer than `k` households stands in "other". What
the tables of `kott.households` hash stays hashed in all of these.
"""

from __future__ import annotations

from kott_notebooks.audits.rulebook import Household as Rules
from kott_notebooks.household.auditing import audit
from kott_notebooks.household.folding import OTHER, K
from kott_notebooks.household.groups import (
    LEFT,
    device_ages,
    groups,
    idle_devices,
    idle_households,
    left,
    masters,
    sizes,
)
from kott_notebooks.household.limiting import LIMITS, limits

__all__ = [
    "LEFT",
    "LIMITS",
    "OTHER",
    "K",
    "Rules",
    "audit",
    "device_ages",
    "groups",
    "idle_devices",
    "idle_households",
    "left",
    "limits",
    "masters",
    "sizes",
]
