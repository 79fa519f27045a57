"""The table that every audit gives."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import audits, catalog, household, schedule
from kott_notebooks.audits.findings import DTYPES, as_findings
from kott_notebooks.audits.rulebook import definitions
from kott_notebooks.tables.provenance import facts

FAMILIES = {
    "catalog": (
        "channel", "field", "file", "identity", "image", "language", "meta", "series", "text",
        "window",
    ),
    "schedule": ("schedule",),
    "household": ("household", "device", "user"),
}  # fmt: skip


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {str(column): str(dtype) for column, dtype in table.dtypes.items()}


def test_no_finding_has_every_column() -> None:
    """An empty table has the dtypes of a full one."""
    assert dtypes(as_findings([])) == DTYPES
    assert dtypes(as_findings(pd.DataFrame({"rule": ["schedule.gap"]}))) == DTYPES


def test_what_a_row_does_not_say_is_absent() -> None:
    """Ids become text, other columns are left out, rows are counted from nought."""
    rows = pd.DataFrame({"id": [7], "linearAssetId": [9], "more": [1]}, index=[3])
    findings = as_findings(rows)
    assert dtypes(findings) == DTYPES
    assert findings[["id", "linearAssetId"]].to_dict("records") == [{"id": "7", "linearAssetId": 9}]
    assert findings.notna().to_numpy().sum() == 2


def test_a_channel_may_be_a_name() -> None:
    """Guides from elsewhere name their channels."""
    assert as_findings([{"linearAssetId": "one.tv"}])["linearAssetId"].tolist() == ["one.tv"]


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    session = kott.demo.login(assets=60, channels=3, days=2, households=20, deployment="roomy")
    return {
        "assets": kott.assets(session),
        "epg": kott.epg(session, "today", "today+1d"),
        "households": kott.households(session),
    }


@settings(max_examples=8, deadline=None)
@given(off=st.lists(st.sampled_from(sorted(definitions())), unique=True))
def test_audits_have_the_same_facts(tables: dict[str, pd.DataFrame], off: list[str]) -> None:
    """Whatever is off, each says what was judged, and how much of its rules; a score tells it."""
    rules = {"severities": dict.fromkeys(off, "off")}
    made = {
        "catalog": (catalog.audit(tables["assets"], rules=rules), tables["assets"], "type"),
        "schedule": (schedule.audit(tables["epg"], rules=rules), tables["epg"], "linearAssetId"),
        "household": (
            household.audit(tables["households"], rules=rules), tables["households"], "regionId",
        ),
    }  # fmt: skip
    known = {name: facts(findings) for name, (findings, _, _) in made.items()}
    assert known["schedule"].keys() == known["household"].keys()
    assert known["catalog"].keys() - known["schedule"].keys() == {"scores", "unused"}
    for name, (findings, table, by) in made.items():
        own = [rule for rule in definitions() if rule.startswith(FAMILIES[name])]
        on = [rule for rule in own if rule not in off]
        judged = [
            rule
            for rule in on
            if not any(fnmatchcase(rule, one) for one in known[name]["not_judged"])
        ]
        share = audits.score(findings, table, by=by)["judged"]
        assert share.tolist() == [round(len(judged) / max(len(on), 1), 4)] * len(share)
        assert known[name]["judged"] == len(table)
