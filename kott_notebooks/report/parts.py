"""What page, work book and JSON tell alike of an audit: rules, scores, names, pictures."""

from __future__ import annotations

from os import PathLike
from typing import Any

import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.audits.findings import SEVERITIES
from kott_notebooks.catalog import Rules
from kott_notebooks.tables import nested
from kott_notebooks.tables.columns import id_texts, need
from kott_notebooks.tables.provenance import facts

GivenRules = Rules | str | PathLike[str] | None
NEEDED = ("rule", "severity", "kind", "id", "name", "field", "impact", "detail", "ksql", "hint")
WEB = ("https://", "http://")  # no other link is followed, whatever a table says


def by_rule(findings: pd.DataFrame, rules: GivenRules = None) -> pd.DataFrame:
    """Sum findings up by rule, the worst first, with what the rules say of each.

    The columns of `catalog.summary`, and threshold, movielabs `str`; rules of one's own have none.
    """
    told = catalog.rule_table(rules)[["rule", "threshold", "movielabs"]]
    return catalog.summary(need(findings, *NEEDED)).merge(told, on="rule", how="left")


def counted(findings: pd.DataFrame) -> dict[str, int]:
    """Count findings by severity, the worst first."""
    counts = findings["severity"].value_counts()
    return {severity: int(counts.get(severity, 0)) for severity in SEVERITIES}


def scores(findings: pd.DataFrame, assets: pd.DataFrame | None) -> pd.DataFrame:
    """Give `catalog.score` of the assets, or as the findings remember it; empty if nobody knows."""
    if assets is not None:
        return catalog.score(findings, assets)
    known = said(findings).get("scores", [])
    return pd.DataFrame(known, columns=["type", "assets", "clean", "score", "judged"])


def said(findings: pd.DataFrame) -> dict[str, Any]:
    """Give what an audit says of itself: when, assets, waived, not_judged, scores."""
    return facts(findings)


def type_names(assets: pd.DataFrame | None, labels: pd.DataFrame | None = None) -> dict[str, str]:
    """Name asset types: as the labels do, else as the assets do."""
    names: dict[str, str] = {}
    if assets is not None and "typeDescription" in assets:
        own = assets[["type", "typeDescription"]].dropna().drop_duplicates("type")
        names = dict(zip(own["type"].astype("str"), own["typeDescription"], strict=True))
    if labels is not None:
        structs = labels[labels["kind"] == "assetStruct"].dropna(subset=["name"])
        names |= dict(zip(id_texts(structs["id"]), structs["name"], strict=True))
    return names


def types(assets: pd.DataFrame | None, names: dict[str, str]) -> dict[str, str]:
    """Give each asset's type, by its name, by the asset's id."""
    if assets is None:
        return {}
    own = need(assets, "id", "type")[["id", "type"]].astype("str")
    return {id: names.get(type_, type_) for id, type_ in zip(own["id"], own["type"], strict=True)}


def pictures(assets: pd.DataFrame | None, ids: pd.Series[str]) -> dict[str, str]:
    """Give the address of one picture of each of these assets, if it has one on the web."""
    if assets is None or "images" not in assets:
        return {}
    laid = nested.images(assets[assets["id"].astype("str").isin(ids)])
    if "url" not in laid:
        return {}
    urls = laid.dropna(subset=["url"]).drop_duplicates("assetId")
    urls = urls[urls["url"].str.startswith(WEB)]
    return dict(zip(urls["assetId"].astype("str"), urls["url"], strict=True))
