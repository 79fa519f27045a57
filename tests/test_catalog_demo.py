"""The audit against the demo partner: what is planted is found, nothing else, and KSQL agrees."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, demo
from kott_notebooks.catalog.audit import FAMILIES

RATINGS = "Parental rating"
SEED = 41
UNSEEN = (81_001, 81_002, 81_003, 81_004, 81_005)  # not looked at while the rules were written


def partner_rules(session: Any) -> catalog.Rules:
    """Give the default rules, and the partner's own list of ratings."""
    of = {"objectType": "KalturaTagFilter", "typeEqual": 546}
    known = kott.listing(session, "tag", filter=of)["tag"]
    return msgspec.structs.replace(catalog.rules(), values={RATINGS: tuple(known)})


def partner(seed: int) -> Any:
    return demo.login(seed=seed, assets=1_500, channels=20, households=5, days=3)


def audited(session: Any) -> pd.DataFrame:
    """Audit the partner's assets, listed in all languages."""
    return catalog.audit(
        kott.assets(session, language="*"),
        labels=kott.labels(session),
        epg=kott.epg(session, "today-2d", "today+9d", fields=["id", "linearAssetId"]),
        rules=partner_rules(session),
    )


@pytest.fixture(scope="module")
def session() -> Any:
    return partner(SEED)


@pytest.fixture(scope="module")
def findings(session: Any) -> pd.DataFrame:
    return audited(session)


def counted(findings: pd.DataFrame) -> dict[str, Counter[str]]:
    """Count the findings of each rule, by id."""
    ids = findings["id"].fillna("")
    return {str(rule): Counter(of) for rule, of in ids.groupby(findings["rule"])}


@pytest.mark.parametrize("seed", UNSEEN)
def test_every_planted_defect_is_found_and_nothing_else(seed: int) -> None:
    """Rule by rule, recall and precision are 1."""
    session = partner(seed)
    planted = demo.defects(session)
    planted = planted[planted["kind"] == "media"]
    assert counted(audited(session)) == counted(planted)
    own = {rule for rule in catalog.rules().severities if rule.partition(".")[0] in FAMILIES}
    assert set(planted["rule"]) == own - {"field.unused"}


def test_a_listing_in_one_language_loses_the_languages_alone(
    session: Any, findings: pd.DataFrame
) -> None:
    """Texts are those of that language; what depends on others is not judged."""
    plain = catalog.audit(
        kott.assets(session), labels=kott.labels(session), rules=partner_rules(session)
    )
    needs_more = findings["rule"].str.startswith("language.") | (
        findings["rule"] == "channel.no_programmes"
    )
    assert counted(plain) == counted(findings[~needs_more])


def test_each_ksql_finds_its_findings_on_the_server(session: Any, findings: pd.DataFrame) -> None:
    """The server's ids are those of the rule, blank values included."""
    stated = findings.dropna(subset="ksql")
    table = catalog.rule_table()
    of_assets = table["rule"].str.partition(".")[0].isin(FAMILIES)
    assert set(stated["rule"]) == set(table["rule"][table["ksql"] & of_assets])
    for ksql, of in stated.groupby("ksql"):
        ids = kott.assets(session, str(ksql), fields=["id"])["id"].astype("str")
        assert set(ids) == set(of["id"]), ksql


def test_a_world_without_defects_has_no_error() -> None:
    """Its findings are of severity info."""
    clean = demo.login(seed=SEED, assets=400, channels=5, households=5, days=1, defects=False)
    findings = catalog.audit(kott.assets(clean, language="*"), labels=kott.labels(clean))
    assert set(findings["severity"]) == {"info"}
