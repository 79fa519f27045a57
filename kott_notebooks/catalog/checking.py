"""Rules of one's own: functions from assets to findings, and what they give checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.findings import SEVERITIES
from kott_notebooks.errors import KottError

Check: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]


def found_by(check: Check, assets: pd.DataFrame) -> pd.DataFrame:
    """Run a check; give its findings with ids as text, or raise KottError that names the check."""
    name = getattr(check, "__name__", repr(check))
    found = check(assets)
    wrong = _wrong(found)
    if wrong:
        raise KottError(f"The check {name} gave {wrong}: give a table of rule, id, severity ...")
    return found.reset_index(drop=True).assign(id=lambda table: table["id"].astype("str"))


def _wrong(found: object) -> str:
    if not isinstance(found, pd.DataFrame):
        return f"no table but {type(found).__name__}"
    for column in ("rule", "id"):
        if column not in found:
            return f"a table without {column}"
    if texts.blank(found["rule"]).any():
        return "a finding of no rule"
    strange = set(found.get("severity", pd.Series(dtype="str")).dropna()) - set(SEVERITIES)
    if strange:
        return f"a severity of {sorted(map(str, strange))[0]!r}, not {', '.join(SEVERITIES)}"
    return ""
