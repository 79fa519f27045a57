"""Findings as one page: the score, what is wrong, what to mend first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kott_notebooks import audits, catalog
from kott_notebooks.audits.findings import SEVERITIES, need_findings
from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.catalog.view import LABELS
from kott_notebooks.errors import whole_number
from kott_notebooks.report import parts
from kott_notebooks.report.page import Page, page, render, resource
from kott_notebooks.tables.provenance import facts as facts_of

LISTED = 3_000  # rows of the work list
_OF_EACH = 40  # things of each rule that are listed, even with a low impact
_DETAILS = 12  # findings that are shown of one thing, beside one of each rule
_WHOLE = 200  # findings of no thing in particular, and single changes
_FILTERS = 5  # KSQL filters that are shown of one rule


def audit(
    findings: pd.DataFrame,
    assets: pd.DataFrame | None = None,
    *,
    labels: pd.DataFrame | None = None,
    rules: RulesSource | None = None,
    title: str | None = None,
    link: str | None = None,
    n: int = LISTED,
    changes: pd.DataFrame | None = None,
    turnover: pd.DataFrame | None = None,
) -> Page:
    """Make a page of an audit: score, rules with their remedies, work list with search, pictures.

    It is one file that needs no network; light or dark as the reader has it. In a notebook it shows
    itself.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit: of assets, a guide, or households. Where they have a column
        `firstSeen`, as `history.lifetimes` gives it, the work list says since when they stand.
    assets : DataFrame, optional
        What was audited. With assets the page scores each type, shows which fields are filled, and
        links to a picture of each asset.
    labels : DataFrame, optional
        `kott.labels`, which name the types.
    rules : path, mapping or Rules, optional
        The rules of the audit; see `audits.rules`.
    title : str, optional
        By default what was audited.
    link : str, optional
        Where assets are edited, such as "https://HOST/assets/{id}".
    n : int, default 3000
        Number of things in the work list: those of most impact; some of every rule are added, and
        the page says how many it leaves out.
    changes : DataFrame, optional
        What changed since an earlier table, as `kott.diff` returns it.
    turnover : DataFrame, optional
        New, standing and fixed findings by rule, as `history.turnover` returns them.

    Returns
    -------
    Page
        `.save(path)` writes it, `.html` is its text.

    Raises
    ------
    KottError
        `n` is negative, or the findings lack a column.

    See Also
    --------
    workbook, digest, as_json

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, report
    >>> assets = kott.assets(demo.login(assets=200))
    >>> report.audit(catalog.audit(assets), assets).title
    'Catalogue audit'
    """
    n = whole_number("n", n)
    findings = need_findings(findings, *parts.NEEDED)
    by_rule = parts.by_rule(findings, rules)
    findings = findings.reset_index(drop=True)
    audited = parts.audited(findings)
    names = parts.type_names(assets, labels)
    with_id = findings[findings["id"].notna() & (findings["id"] != "")]
    listed = _listed(with_id, n)
    whole = findings.drop(with_id.index)
    body = render(
        "audit.html",
        title=title or audited.title,
        thing=audited.thing,
        things=audited.things,
        weights=audited.weights,
        severities=SEVERITIES,
        facts=_facts(findings, assets, audited),
        tiles=_tiles(findings, assets, audited),
        rules=_rules(by_rule, findings),
        work={"listed": len(listed), "total": with_id.groupby(["kind", "id"]).ngroups},
        whole=whole[:_WHOLE].fillna({"field": "", "detail": ""}).to_dict("records"),
        more_whole=max(len(whole) - _WHOLE, 0),
        filled=_filled(assets, labels, names) if audited.is_catalog else None,
        quiet=_quiet(by_rule, findings, rules, audited),
        since=_since(changes, turnover),
        **_scores(findings, assets, names),
    )
    data = _data(listed, with_id, by_rule["rule"].tolist(), parts.types(assets, names))
    data["things"] = audited.things
    data["link"] = link if link and link.startswith(parts.WEB) else None
    urls = parts.pictures(assets, listed["id"])
    data["pictures"] = [urls.get(id, "") for id in listed["id"]]
    return page(
        title or audited.title,
        body,
        data=data,
        style=resource("audit.css"),
        script=resource("audit.js"),
        height=900,
    )


def _facts(
    findings: pd.DataFrame, assets: pd.DataFrame | None, audited: parts.Audited
) -> list[str]:
    known = facts_of(findings)
    count = known.get("judged", known.get("assets")) if assets is None else len(assets)
    lines = [
        f"{count:,} {audited.rows}" if count is not None else "",
        f"{len(findings):,} findings",
    ]
    if known.get("when"):
        lines.append(f"as of {pd.Timestamp(known['when']):%Y-%m-%d %H:%M} UTC")
    return [line for line in lines if line]


def _tiles(
    findings: pd.DataFrame, assets: pd.DataFrame | None, audited: parts.Audited
) -> list[dict[str, str]]:
    overall = parts.scores(findings, assets).query("type == 'all'")
    tiles = [("", f"{score:.1f}", "score, of 100") for score in overall["score"].dropna()]
    tiles += [
        (severity, f"{count:,}", severity if count == 1 or severity == "info" else f"{severity}s")
        for severity, count in parts.counted(findings).items()
    ]
    tiles += [
        ("", f"{clean:,}", f"of {count:,} {audited.rows} have neither error nor warning")
        for count, clean in zip(overall["assets"], overall["clean"], strict=True)
    ]
    return [{"kind": kind, "number": number, "words": words} for kind, number, words in tiles]


def _scores(
    findings: pd.DataFrame, assets: pd.DataFrame | None, names: dict[str, str]
) -> dict[str, Any]:
    scores = parts.scores(findings, assets)
    own = scores[scores["type"] != audits.OVERALL].dropna(subset=["score"])
    judged = scores["judged"].dropna()
    share = float(judged.iloc[0]) if len(judged) else 1.0
    return {
        "scores": [
            {"name": names.get(type_, type_), "score": score, "clean": clean, "count": count}
            for type_, count, clean, score in _rows(own, "type", "assets", "clean", "score")
        ],
        "judged": "" if share == 1 else f"{share:.0%} of the rules could be judged; see the end.",
    }


def _rows(table: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[column].tolist() for column in columns), strict=True)


def _rules(by_rule: pd.DataFrame, findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Lay out each rule that has findings: its counts, its remedy, and more facts about it."""
    filters = findings.dropna(subset=["ksql"]).groupby("rule")["ksql"].unique()
    most = max(int(by_rule["findings"].max()), 1) if len(by_rule) else 1
    rules = []
    for row in by_rule.to_dict("records"):
        known = (("Threshold", row["threshold"]), ("MovieLabs QC term", row["movielabs"]))
        facts = [
            {"name": name, "value": value, "is_code": False}
            for name, value in known
            if not pd.isna(value)
        ]
        facts += [
            {"name": "On the server", "value": ksql, "is_code": True}
            for ksql in list(filters.get(row["rule"], ()))[:_FILTERS]
        ]
        hint = "" if pd.isna(row["hint"]) else row["hint"]
        rules.append(
            {
                **{str(key): one for key, one in row.items()},
                "hint": hint,
                "share": row["findings"] / most,
                "facts": facts,
            }
        )
    return rules


def _since(changes: pd.DataFrame | None, turnover: pd.DataFrame | None) -> dict[str, Any] | None:
    """Lay out the differences from an earlier run: findings by rule, causes, single changes."""
    if changes is None and (turnover is None or turnover.empty):
        return None
    since: dict[str, Any] = {"rules": [], "counts": {}, "causes": [], "changes": [], "more": 0}
    if turnover is not None and not turnover.empty:
        last = turnover[turnover["snapshot"] == turnover["snapshot"].max()]
        last = last[(last["new"] > 0) | (last["fixed"] > 0)]
        since["rules"] = last.sort_values("new", ascending=False).to_dict("records")
    if changes is not None:
        counts = changes.drop_duplicates(["change", "key"])["change"].value_counts()
        since["counts"] = {one: int(counts.get(one, 0)) for one in ("added", "removed", "changed")}
        causes = changes.dropna(subset="cause").drop_duplicates("cause")
        since["causes"] = causes.sort_values("rows", ascending=False).to_dict("records")
        single = changes[changes["cause"].isna()].fillna({"field": "", "detail": ""})
        since["changes"] = single.iloc[:_WHOLE].to_dict("records")
        since["more"] = max(len(single) - _WHOLE, 0)
    return since


def _filled(
    assets: pd.DataFrame | None, labels: pd.DataFrame | None, names: dict[str, str]
) -> dict[str, Any] | None:
    """Lay out which fields the assets of each type have, those that some lack."""
    if assets is None or assets.empty:
        return None
    whole = labels is not None and set(LABELS) <= set(labels.columns)
    table = catalog.completeness(assets, labels=labels if whole else None)
    shares = table.pivot(index="field", columns="type", values="share").astype(float).fillna(0)
    shares = shares.loc[table["field"].drop_duplicates()]
    shares = shares[((shares > 0) & (shares < 1)).any(axis=1)]
    return {
        "types": [names.get(str(type_), str(type_)) for type_ in shares.columns],
        "rows": [
            {"field": field, "shares": own}
            for field, own in zip(shares.index, shares.to_numpy().tolist(), strict=True)
        ],
    }


def _quiet(
    by_rule: pd.DataFrame,
    findings: pd.DataFrame,
    rules: RulesSource | None,
    audited: parts.Audited,
) -> list[str]:
    """Return which rules found nothing, which were not judged, and what was waived."""
    known, table = facts_of(findings), audits.rule_table(rules)
    table = table[~table["rule"].isin(by_rule["rule"])]
    table = table[[rule.partition(".")[0] in audited.families for rule in table["rule"]]]
    off = table["severity"] == "off"
    lines = [
        f"{words}: {', '.join(names)}"
        for words, names in (
            ("Found nothing, or were not judged", table["rule"][~off]),
            ("Switched off", table["rule"][off]),
        )
        if len(names)
    ]
    lines += [f"Not judged: {rule}. {why}" for rule, why in known.get("not_judged", {}).items()]
    return lines + [
        f"Waived: {rule}, {count:,} findings" for rule, count in known.get("waived", {}).items()
    ]


def _listed(findings: pd.DataFrame, n: int) -> pd.DataFrame:
    """Choose the things of the list: most impact first, and some of every rule."""
    key = ["kind", "id"]
    total = findings.groupby(key, sort=False)["impact"].sum().rename("total").reset_index()
    total = total.sort_values("total", ascending=False, kind="stable", ignore_index=True)
    ranked = findings.merge(total.assign(place=total.index), on=key).sort_values(
        "place", kind="stable"
    )
    some = ranked.groupby("rule", sort=False).head(_OF_EACH)["place"]
    return total[(total.index < n) | total.index.isin(some)].reset_index(drop=True)


def _data(
    listed: pd.DataFrame, findings: pd.DataFrame, rules: list[str], types: dict[str, str]
) -> dict[str, Any]:
    """Lay the list out for the script: things, and the findings of each."""
    own = findings.merge(listed.reset_index(names="at"), on=["kind", "id"])
    worst = own.sort_values(["at", "impact"], ascending=[True, False], kind="stable")
    of = worst.groupby("at", sort=True)
    first = ~worst.duplicated(["at", "rule"])  # the page filters by rule
    shown = worst[(of.cumcount() < _DETAILS) | first]
    if "firstSeen" in shown:
        since = shown["firstSeen"].dt.strftime(" (since %Y-%m-%d)").fillna("")
        shown = shown.assign(detail=shown["detail"].fillna("") + since)
    table = listed.assign(
        name=of["name"].first().fillna(""),
        type=[types.get(id, kind) for id, kind in _rows(listed, "id", "kind")],
        impact=listed["total"].fillna(0).round(1),
        findings=of.size(),
    )
    places = shown.assign(
        rule=shown["rule"].map({rule: place for place, rule in enumerate(rules)}),
        severity=shown["severity"].map({one: place for place, one in enumerate(SEVERITIES)}),
        detail=shown["detail"].fillna(""),
    )
    return {
        "rules": rules,
        "severities": list(SEVERITIES),
        "assets": list(_rows(table, "id", "name", "type", "impact", "findings")),
        "findings": list(_rows(places, "at", "rule", "severity", "detail")),
    }
