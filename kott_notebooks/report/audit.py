"""Findings as one page: how good it is, what is wrong, what to mend first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.audits.findings import SEVERITIES
from kott_notebooks.errors import KottError
from kott_notebooks.report import parts
from kott_notebooks.report.page import Page, page, resource, text

MOST = 3_000  # assets that the work list holds
_OF_EACH = 40  # assets of each rule that stand there whatever their impact
_DETAILS = 12  # findings that are told of one asset, and one of each rule
_ELSEWHERE = 200  # findings of no asset
_STATED = 5  # filters that are told of one rule


def audit(
    findings: pd.DataFrame,
    assets: pd.DataFrame | None = None,
    *,
    labels: pd.DataFrame | None = None,
    rules: parts.GivenRules = None,
    title: str = "Catalogue audit",
    link: str | None = None,
    most: int = MOST,
) -> Page:
    """Make a page of an audit: score, rules with their remedies, work list with search, pictures.

    It is one file that needs no network; light or dark as the reader has it. `assets` are those
    that were audited: with them the page scores each type, shows which fields are filled, and links
    to a picture of each asset; `labels` name the types, `rules` are those of the audit. `link` is
    where assets are edited, such as "https://HOST/assets/{id}". The work list holds the `most`
    assets of most impact and some of every rule, so that the page stays small, and says how many it
    leaves out. `.save(path)` writes it; in a notebook it shows itself.
    """
    if most < 0:
        raise KottError(f"A work list of {most} is none: give most=1000, or 0 for a few a rule.")
    told = parts.by_rule(findings, rules)
    findings = findings.reset_index(drop=True)
    names = parts.type_names(assets, labels)
    of_assets = findings[findings["id"].notna() & (findings["id"] != "")]
    listed = _listed(of_assets, most)
    main = "".join(
        (
            _tiles(findings, assets),
            _grades(parts.scores(findings, assets), names),
            _rules(told, findings),
            _worklist(told, len(listed), of_assets.groupby(["kind", "id"]).ngroups),
            _elsewhere(findings.drop(of_assets.index)),
            _filled(assets, names),
            _silent(told, findings, rules),
        )
    )
    body = f"{_head(title, findings, assets)}<main>{main}</main>"
    data = _data(listed, of_assets, told["rule"].tolist(), parts.types(assets, names))
    data["link"] = link if link and link.startswith(parts.WEB) else None
    urls = parts.pictures(assets, listed["id"])
    data["pictures"] = [urls.get(id, "") for id in listed["id"]]
    return page(
        title, body, data=data, style=resource("audit.css"), script=resource("audit.js"), height=900
    )


# What is said once


def _head(title: str, findings: pd.DataFrame, assets: pd.DataFrame | None) -> str:
    said = parts.said(findings)
    count = said.get("assets") if assets is None else len(assets)
    facts = [f"{count:,} assets" if count is not None else "", f"{len(findings):,} findings"]
    if said.get("when"):
        facts.append(f"as of {pd.Timestamp(said['when']):%Y-%m-%d %H:%M} UTC")
    return (
        f"<header><h1>{text(title)}</h1><p>{text(', '.join(filter(None, facts)))}</p>"
        '<button class="theme" type="button">Light or dark</button></header>'
    )


def _tiles(findings: pd.DataFrame, assets: pd.DataFrame | None) -> str:
    overall = parts.scores(findings, assets).query("type == 'all'")
    tiles = [_tile("", f"{score:.1f}", "score, of 100") for score in overall["score"].dropna()]
    tiles += [
        _tile(
            severity, f"{count:,}", f"{severity}{'' if count == 1 or severity == 'info' else 's'}"
        )
        for severity, count in parts.counted(findings).items()
    ]
    tiles += [
        _tile("", f"{clean:,}", f"of {count:,} assets have neither error nor warning")
        for count, clean in zip(overall["assets"], overall["clean"], strict=True)
    ]
    return f'<section class="tiles">{"".join(tiles)}</section>'


def _tile(kind: str, number: str, words: str) -> str:
    return f'<div class="tile {kind}"><b>{number}</b><span>{words}</span></div>'


def _grades(scores: pd.DataFrame, names: dict[str, str]) -> str:
    own = scores[scores["type"] != catalog.OVERALL].dropna(subset=["score"])
    rows = [
        f"<tr><th scope='row'>{text(names.get(type_, type_))}</th>"
        f"<td class='wide'>{_bar(score / 100)}</td><td class='number'>{score:.1f}</td>"
        f"<td class='number'>{clean:,} of {count:,} clean</td></tr>"
        for type_, count, clean, score in _rows(own, "type", "assets", "clean", "score")
    ]
    lead = "An asset begins with 100 and loses 25 for each error, 8 for each warning, down to 0."
    table = f"<table class='bars'>{''.join(rows)}</table>"
    return _section("Score by type", table, lead) if rows else ""


def _rows(table: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[column].tolist() for column in columns), strict=True)


def _bar(share: float, kind: str = "") -> str:
    return f'<i class="bar {kind}" style="width: {max(0.4, 100 * share):.2f}%"></i>'


def _section(title: str, body: str, lead: str = "") -> str:
    lead = f"<p>{lead}</p>" if lead else ""
    return f"<section><h2>{text(title)}</h2>{lead}{body}</section>"


# Rules


def _rules(told: pd.DataFrame, findings: pd.DataFrame) -> str:
    if told.empty:
        return _section("What is wrong", "<p>Nothing was found.</p>")
    largest = int(told["findings"].max())
    stated = findings.dropna(subset=["ksql"]).groupby("rule")["ksql"].unique()
    rows = [_rule(row, largest, stated.get(row["rule"], ())) for row in told.to_dict("records")]
    head = "<tr><th>severity</th><th>rule</th><th class='number'>findings</th>"
    head += "<th class='wide'></th><th class='number'>assets</th><th>what to do</th></tr>"
    lead = "A rule's name shows its assets in the work list."
    return _section("What is wrong", f"<table class='rules'>{head}{''.join(rows)}</table>", lead)


def _rule(row: dict[Any, Any], largest: int, stated: Iterable[str]) -> str:
    severity, rule = text(row["severity"]), text(row["rule"])
    hint = "" if pd.isna(row["hint"]) else text(row["hint"])
    return (
        f"<tr><td><span class='chip {severity}'>{severity}</span></td>"
        f"<td><button type='button' class='pick' data-rule='{rule}'>{rule}</button></td>"
        f"<td class='number'>{row['findings']:,}</td>"
        f"<td class='wide'>{_bar(row['findings'] / largest, severity)}</td>"
        f"<td class='number'>{row['assets']:,}</td><td>{hint}{_more(row, list(stated))}</td></tr>"
    )


def _more(row: dict[Any, Any], stated: list[str]) -> str:
    facts = [
        f"<dt>{name}</dt><dd>{text(row[key])}</dd>"
        for key, name in (("threshold", "Threshold"), ("movielabs", "MovieLabs QC term"))
        if not pd.isna(row[key])
    ]
    facts += [
        f"<dt>On the server</dt><dd><code>{text(one)}</code></dd>" for one in stated[:_STATED]
    ]
    return f"<details><summary>more</summary><dl>{''.join(facts)}</dl></details>" if facts else ""


def _silent(told: pd.DataFrame, findings: pd.DataFrame, rules: parts.GivenRules) -> str:
    """Say which rules found nothing, which were not judged, and what was waived."""
    said = parts.said(findings)
    known = catalog.rule_table(rules)
    known = known[~known["rule"].isin(told["rule"])]
    off = known["rule"][known["severity"] == "off"]
    quiet = known["rule"][known["severity"] != "off"]
    lines = [*_line("Found nothing, or were not asked", quiet), *_line("Switched off", off)]
    for rule, why in said.get("not_judged", {}).items():
        lines.append(f"<li>Not judged: {text(rule)}. {text(why)}</li>")
    for rule, count in said.get("waived", {}).items():
        lines.append(f"<li>Waived: {text(rule)}, {count:,} findings</li>")
    return _section("Which rules are silent", f"<ul>{''.join(lines)}</ul>")


def _line(words: str, rules: pd.Series[str]) -> Iterator[str]:
    if len(rules):
        yield f"<li>{words}: {text(', '.join(rules))}</li>"


# Findings of no asset, and fields


def _elsewhere(findings: pd.DataFrame) -> str:
    """Tell what is found of no asset in particular, such as a field that none has."""
    rows = [
        f"<tr><td><span class='chip {text(severity)}'>{text(severity)}</span></td>"
        f"<td>{text(field)}</td><td>{text(detail)}</td><td class='under'>{text(rule)}</td></tr>"
        for severity, field, detail, rule in _rows(
            findings[:_ELSEWHERE].fillna({"field": "", "detail": ""}),
            *("severity", "field", "detail", "rule"),
        )
    ]
    left = len(findings) - len(rows)
    table = f"<table>{''.join(rows)}</table>" + (f"<p>And {left:,} more.</p>" if left else "")
    return _section("Of no asset in particular", table) if rows else ""


def _filled(assets: pd.DataFrame | None, names: dict[str, str]) -> str:
    """Draw which fields the assets of each type have, those that some lack."""
    if assets is None or assets.empty:
        return ""
    table = catalog.completeness(assets)
    shares = table.pivot(index="field", columns="type", values="share").astype(float)
    shares = shares.loc[table["field"].drop_duplicates()]
    shares = shares[((shares > 0) & (shares < 1)).any(axis=1)]
    if shares.empty:
        return _section("Which fields are filled", "<p>Each type has a field always, or never.</p>")
    types = [str(type_) for type_ in shares.columns]
    head = "".join(f"<th scope='col'>{text(names.get(type_, type_))}</th>" for type_ in types)
    rows = [
        f"<tr><th scope='row'>{text(field)}</th>{''.join(map(_cell, cells))}</tr>"
        for field, cells in zip(shares.index, shares.to_numpy().tolist(), strict=True)
    ]
    heat = (
        f"<div class='scroll'><table class='heat'><tr><th></th>{head}</tr>{''.join(rows)}</table>"
    )
    lead = "The share of assets that have a field; fields that a type has always, or never, aside."
    return _section("Which fields are filled", f"{heat}</div>", lead)


def _cell(share: float) -> str:
    shown = "" if share == 0 else "100 %" if share == 1 else f"{min(99.9, 100 * share):.1f} %"
    return f"<td style='--share: {100 * share:.0f}%'>{shown}</td>"


# The work list


def _listed(findings: pd.DataFrame, most: int) -> pd.DataFrame:
    """Choose the assets of the list: most impact first, and of every rule some."""
    key = ["kind", "id"]
    total = findings.groupby(key, sort=False)["impact"].sum().rename("total").reset_index()
    total = total.sort_values("total", ascending=False, kind="stable", ignore_index=True)
    ranked = findings.merge(total.assign(place=total.index), on=key).sort_values(
        "place", kind="stable"
    )
    some = ranked.groupby("rule", sort=False).head(_OF_EACH)["place"]
    return total[(total.index < most) | total.index.isin(some)].reset_index(drop=True)


def _worklist(told: pd.DataFrame, listed: int, every: int) -> str:
    if not every:
        return ""
    lead = (
        "Most impact first: an error weighs 9, a warning 3, an info 1, and a third where viewers "
    )
    lead += "do not see the asset."
    if listed < every:
        lead += f" <strong>The list holds {listed:,} of {every:,} assets: those of most impact and "
        lead += "some of every rule; the table of findings has all.</strong>"
    rules = "".join(f"<option>{text(rule)}</option>" for rule in told["rule"])
    severities = "".join(f"<option>{one}</option>" for one in SEVERITIES)
    return _section(
        "Work list",
        '<form id="filter"><label>Search <input type="search" id="search" '
        'placeholder="name, id or words"></label>'
        f'<label>Severity <select id="severity"><option value="">all</option>{severities}'
        f'</select></label><label>Rule <select id="rule"><option value="">all</option>{rules}'
        '</select></label><label>Type <select id="type"><option value="">all</option></select>'
        '</label><button type="reset">Show all</button></form><p id="count" role="status"></p>'
        '<div class="scroll"><table class="work"><thead><tr><th>asset</th><th>type</th>'
        '<th class="number">impact</th><th>what is wrong</th></tr></thead>'
        '<tbody id="rows"></tbody></table></div>'
        '<button type="button" id="further" hidden>Show more</button>'
        "<noscript>The list needs the page's own script.</noscript>",
        lead,
    )


def _data(
    listed: pd.DataFrame, findings: pd.DataFrame, rules: list[str], types: dict[str, str]
) -> dict[str, Any]:
    """Lay the list out for the script: assets, and the findings of each."""
    own = findings.merge(listed.reset_index(names="at"), on=["kind", "id"])
    worst = own.sort_values(["at", "impact"], ascending=[True, False], kind="stable")
    of = worst.groupby("at", sort=True)
    first = ~worst.duplicated(["at", "rule"])  # the page filters by rule
    kept = worst[(of.cumcount() < _DETAILS) | first]
    table = listed.assign(
        name=of["name"].first().fillna(""),
        type=[types.get(id, kind) for id, kind in _rows(listed, "id", "kind")],
        impact=listed["total"].fillna(0).round(1),
        many=of.size(),
    )
    told = kept.assign(
        rule=kept["rule"].map({rule: place for place, rule in enumerate(rules)}),
        severity=kept["severity"].map({one: place for place, one in enumerate(SEVERITIES)}),
        detail=kept["detail"].fillna(""),
    )
    return {
        "rules": rules,
        "severities": list(SEVERITIES),
        "assets": list(_rows(table, "id", "name", "type", "impact", "many")),
        "findings": list(_rows(told, "at", "rule", "severity", "detail")),
    }
