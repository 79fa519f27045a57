"""Findings to tables that people act on: what is wrong, how good it is, what to mend first."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kott_notebooks.audits.findings import SEVERITIES
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import need

OVERALL = "all"


def summary(findings: pd.DataFrame) -> pd.DataFrame:
    """Count findings by rule, the worst severity first, then the most impact.

    One row a rule: rule, severity `str`, findings, assets (or whatever has an id) `Int64`, impact
    `Float64` (their sum), hint `str`.
    """
    columns = need(findings, "rule", "severity", "id", "impact", "hint")
    of = columns.groupby(["rule", "severity"], sort=False)
    table = of.agg(
        findings=("rule", "size"), assets=("id", "nunique"), impact=("impact", "sum"),
        hint=("hint", "first"),
    ).reset_index()  # fmt: skip
    dtypes = {"rule": "str", "severity": "str", "findings": "Int64", "assets": "Int64"}
    table = table.astype({**dtypes, "impact": "Float64", "hint": "str"})
    worst = table["severity"].map({one: place for place, one in enumerate(SEVERITIES)})
    order = np.lexsort((-table["impact"].to_numpy(float), worst.to_numpy(float)))
    return table.iloc[order].reset_index(drop=True)


def score(assets: pd.DataFrame, findings: pd.DataFrame) -> pd.DataFrame:
    """Grade assets from 0 to 100, by asset type and over all.

    One row a type, then one of `all`: type `str`, assets, clean (without an error or a warning)
    `Int64`, score `Float64`. An asset begins with 100 and loses 25 for each error and 8 for each
    warning, down to 0; infos cost nothing. The score is the mean over the assets.
    """
    lost = need(findings, "id", "severity")["severity"].map({"error": 25.0, "warning": 8.0})
    by_id = lost.fillna(0).groupby(findings["id"]).sum()
    own = need(assets, "id", "type")
    left = 100 - own["id"].astype("str").map(by_id).fillna(0).to_numpy(float).clip(0, 100)
    types = own["type"].convert_dtypes().astype("str")  # Excel has 425.0
    each = pd.DataFrame({"type": types.to_numpy(), "score": left})
    each["clean"] = each["score"] == 100
    whole = each.assign(type=OVERALL)
    table = pd.concat([_graded(each), _graded(whole)], ignore_index=True)
    return table.astype({"type": "str", "assets": "Int64", "clean": "Int64", "score": "Float64"})


def _graded(each: pd.DataFrame) -> pd.DataFrame:
    of = each.groupby("type", dropna=False)
    table = of.agg(assets=("score", "size"), clean=("clean", "sum"), score=("score", "mean"))
    return table.reset_index()


def worklist(findings: pd.DataFrame, *, n: int | None = 50) -> pd.DataFrame:
    """List what to mend first: those with the most impact, `n` of them (None: all).

    One row an asset: kind, id, name `str`, impact `Float64`, findings, errors, warnings `Int64`,
    rules, details `str` (joined, the worst first). Findings without an id are of no asset.
    """
    if n is not None and n < 0:
        raise KottError(f"A work list of {n} is none: give n=50, or None for all.")
    columns = ["kind", "id", "name", "impact", "severity", "rule", "detail"]
    of_assets = need(findings, *columns)[columns].dropna(subset=["id"])
    of_assets = of_assets[of_assets["id"] != ""]
    worst = of_assets.sort_values("impact", ascending=False, kind="stable")
    worst = worst.assign(error=worst["severity"] == "error", warn=worst["severity"] == "warning")
    of = worst.groupby(["kind", "id"], sort=False)
    table = of.agg(
        name=("name", "first"), impact=("impact", "sum"), findings=("rule", "size"),
        errors=("error", "sum"), warnings=("warn", "sum"),
    ).reset_index()  # fmt: skip
    top = table.sort_values(["impact", "findings"], ascending=False, kind="stable")[:n]
    return _with_texts(top, worst).reset_index(drop=True)


def _with_texts(top: pd.DataFrame, worst: pd.DataFrame) -> pd.DataFrame:
    """Join the rules and details of those that are listed, and of no others."""
    key = ["kind", "id"]
    listed = worst.merge(top[key], on=key)
    joined = listed.groupby(key, sort=False).agg(
        rules=("rule", lambda rules: ", ".join(dict.fromkeys(rules))),
        details=("detail", lambda details: " ".join(details.dropna())),
    )
    table = top.merge(joined.reset_index(), on=key, how="left")
    whole = dict.fromkeys(("findings", "errors", "warnings"), "Int64")
    texts = dict.fromkeys(("kind", "id", "name", "rules", "details"), "str")
    return table.astype({**whole, **texts, "impact": "Float64"})
