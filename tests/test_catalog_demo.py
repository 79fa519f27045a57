"""The audit against the demo partner: what is planted is found, nothing else, and KSQL agrees."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, demo
from kott_notebooks.catalog.audit import FAMILIES
from kott_notebooks.tables.provenance import facts

RATINGS = "Parental rating"
SEED = 81_001
FORMS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as pulled": lambda table: table,
    "CSV of texts": lambda table: pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype="str"),
    "convert_dtypes": lambda table: table.convert_dtypes(),
}


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


@pytest.mark.parametrize("form", FORMS)
def test_every_planted_defect_is_found_and_nothing_else(session: Any, form: str) -> None:
    """Rule by rule, recall and precision are 1, whatever the tables have been through."""
    assets, of = kott.assets(session, language="*"), FORMS[form]
    epg = kott.epg(session, "today-2d", "today+9d", fields=["id", "linearAssetId"])
    findings = catalog.audit(
        of(assets),
        labels=of(kott.labels(session)),
        epg=of(epg),
        rules=partner_rules(session),
        now=facts(assets)["when"],
    )
    planted = demo.defects(session)
    planted = planted[planted["kind"] == "media"]
    assert counted(findings) == counted(planted)
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
