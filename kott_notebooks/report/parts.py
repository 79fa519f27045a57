"""What the audit's page, workbook and JSON share: rules, scores, names and pictures of findings."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from kott_notebooks import audits
from kott_notebooks.audits.findings import SEVERITIES, need_findings
from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.catalog.audit import FAMILIES
from kott_notebooks.tables import nested
from kott_notebooks.tables.columns import id_texts
from kott_notebooks.tables.provenance import facts

NEEDED = ("rule", "severity", "kind", "id", "name", "field", "impact", "detail", "ksql", "hint")
WEB = ("https://", "http://")  # how an address begins that becomes a link; no other does


def by_rule(findings: pd.DataFrame, rules: RulesSource | None = None) -> pd.DataFrame:
    """Sum findings up by rule, the worst first, with what the rules say of each.

    The columns of `audits.summary`, and `threshold`, `movielabs` (`str`; a caller's rules have
    none).
    """
    known = audits.rule_table(rules)[["rule", "threshold", "movielabs"]]
    return audits.summary(need_findings(findings, *NEEDED)).merge(known, on="rule", how="left")


def counted(findings: pd.DataFrame) -> dict[str, int]:
    """Count findings by severity, the worst first."""
    counts = findings["severity"].value_counts()
    return {severity: int(counts.get(severity, 0)) for severity in SEVERITIES}


def scores(findings: pd.DataFrame, assets: pd.DataFrame | None) -> pd.DataFrame:
    """Return `audits.score` of the assets, or as the findings' provenance has it, or no row."""
    if assets is not None and audited(findings).is_catalog:
        return audits.score(findings, assets)
    known = facts(findings).get("scores", [])
    return pd.DataFrame(known, columns=["type", "assets", "clean", "score", "judged"])


class Audited(NamedTuple):
    """What was audited, as the outputs call it."""

    title: str
    thing: str
    things: str
    rows: str
    weights: str
    families: tuple[str, ...]  # how the names of its rules begin

    @property
    def is_catalog(self) -> bool:
        return "image" in self.families


_WEIGHTS = "an error weighs 9, a warning 3, an info 1"
_CATALOG = Audited(
    "Catalogue audit", "asset", "assets", "assets",
    f"{_WEIGHTS}, and a third where viewers do not see the asset.", tuple(FAMILIES),
)  # fmt: skip
_GUIDE = Audited(
    "Guide audit", "programme", "programmes and channels", "programmes",
    "the minutes that viewers miss, those in prime time and of large channels most.",
    ("schedule", "ingest"),
)  # fmt: skip
_HOUSEHOLDS = Audited(
    "Household audit", "household", "households, users and devices", "households",
    f"{_WEIGHTS}.", ("household", "user", "device"),
)  # fmt: skip
_SOURCES = {"schedule.audit": _GUIDE, "household.audit": _HOUSEHOLDS, "catalog.audit": _CATALOG}


def audited(findings: pd.DataFrame) -> Audited:
    """Return what was audited: by the findings' provenance, else by their kinds."""
    source = facts(findings).get("source")
    if source in _SOURCES:
        return _SOURCES[source]
    kinds = set(findings["kind"].dropna())
    if kinds and kinds <= {"epg", "ingest"}:
        return _GUIDE
    return _HOUSEHOLDS if kinds and kinds <= set(_HOUSEHOLDS.families) else _CATALOG


def type_names(assets: pd.DataFrame | None, labels: pd.DataFrame | None = None) -> dict[str, str]:
    """Return the names of asset types by id: as the labels have them, else as the assets do."""
    names = {"0": "Programme", "1": "Recording"}  # the API's own; the others are a partner's
    if assets is not None and {"type", "typeDescription"} <= set(assets.columns):
        own = assets[["type", "typeDescription"]].dropna().drop_duplicates("type")
        names = dict(zip(id_texts(own["type"]), own["typeDescription"], strict=True))
    if labels is not None:
        structs = labels[labels["kind"] == "assetStruct"].dropna(subset=["name"])
        names |= dict(zip(id_texts(structs["id"]), structs["name"], strict=True))
    return names


def types(assets: pd.DataFrame | None, names: dict[str, str]) -> dict[str, str]:
    """Return the name of each asset's type by the asset's id; none for tables without types."""
    if assets is None or not {"id", "type"} <= set(assets.columns):
        return {}
    pairs = zip(id_texts(assets["id"]), id_texts(assets["type"]), strict=True)
    return {id: names.get(type_, type_) for id, type_ in pairs if isinstance(type_, str)}


def pictures(assets: pd.DataFrame | None, ids: pd.Series[str]) -> dict[str, str]:
    """Return the address of one picture of each of these assets, if it has one on the web."""
    if assets is None or "images" not in assets:
        return {}
    laid = nested.images(assets[id_texts(assets["id"]).isin(ids)])
    if "url" not in laid:
        return {}
    urls = laid.dropna(subset=["url"]).drop_duplicates("assetId")
    urls = urls[urls["url"].str.startswith(WEB)]
    return dict(zip(id_texts(urls["assetId"]), urls["url"], strict=True))
