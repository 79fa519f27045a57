"""Findings as an Excel workbook: one sheet per rule, with links between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.audits.findings import need_findings
from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.report import parts
from kott_notebooks.tables.excel import Book, Link, sheet_names
from kott_notebooks.tables.files import replacing
from kott_notebooks.tables.provenance import facts

SUMMARY, WORK = "Summary", "Work list"
MOST = 30_000  # rows of a sheet: Excel takes 65,530 links in one
_WORK_ROWS = 5_000
_LINK = 2_079  # characters that Excel takes in a link
_WIDTHS = {"name": 36, "rule": 32, "rules": 40, "detail": 60, "details": 80, "hint": 60, "ksql": 40}
_WIDTHS |= {"threshold": 40, "movielabs": 36, "startDate": 18, "endDate": 18}
_OF_RULE = ("id", "name", "type", "field", "detail", "startDate", "endDate", "impact", "picture")


def workbook(
    findings: pd.DataFrame,
    path: str | Path,
    assets: pd.DataFrame | None = None,
    *,
    labels: pd.DataFrame | None = None,
    rules: RulesSource | None = None,
    link: str | None = None,
    n: int = MOST,
) -> Path:
    """Write findings as an Excel workbook: a summary, a work list, and a sheet per rule.

    The summary links to the sheet of each rule. Times are UTC. Text is written as text: none runs
    as a formula.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.
    path : str or Path
        The file to write.
    assets : DataFrame, optional
        What was audited; rows then name the asset type and link to a picture.
    labels : DataFrame, optional
        `kott.labels`, which name the types.
    rules : path, mapping or Rules, optional
        The rules of the audit; see `audits.rules`.
    link : str, optional
        Where assets are edited, such as "https://HOST/assets/{id}"; each id links to it.
    n : int, default 30,000
        Number of findings in the sheet of a rule, those of most impact first; the sheet says how
        many it leaves out. It is also the most, since Excel limits the links in a sheet.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    KottError
        The extra `excel` is not installed, the file cannot be written, `n` is out of range, or the
        findings lack a column.

    See Also
    --------
    report.audit : The same as an HTML page.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, report
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> assets = kott.assets(demo.login(assets=60))
    >>> with TemporaryDirectory() as folder:
    ...     report.workbook(catalog.audit(assets), Path(folder, "audit.xlsx"), assets).name
    'audit.xlsx'
    """
    n = whole_number("n", n, 1)
    if n > MOST:
        raise KottError(f"n must be 1 to {MOST:,}, the links that a sheet can hold, not {n:,}.")
    findings = need_findings(findings, *parts.NEEDED)
    by_rule = parts.by_rule(findings, rules)
    types = parts.types(assets, parts.type_names(assets, labels))
    sheets = sheet_names(by_rule["rule"], taken=[SUMMARY, WORK])
    with replacing(path) as new, Book(new) as book:
        links: list[Any] = [Link(_within(sheets[rule]), rule) for rule in by_rule["rule"]]
        lead = _headline(findings, assets)
        book.sheet(SUMMARY, by_rule.assign(rule=links), lead=lead, widths=_WIDTHS)
        lead = [f"The {_WORK_ROWS:,} with the most impact, at most."]
        book.sheet(WORK, _work(findings, link), lead=lead, widths=_WIDTHS)
        urls = parts.pictures(assets, findings["id"])
        for rule, sheet in sheets.items():
            own = findings[findings["rule"] == rule].sort_values(
                "impact", ascending=False, kind="stable"
            )
            shown = own[:n].assign(
                type=lambda table: [types.get(one, "") for one in table["id"]],
                picture=lambda table: [_outward(urls.get(one)) for one in table["id"]],
                id=lambda table: [_asset(one, link) for one in table["id"]],
            )
            columns = [name for name in _OF_RULE if name in shown]
            book.sheet(sheet, shown[columns], lead=_lead(own, n), widths=_WIDTHS)
    return Path(path)


def _headline(findings: pd.DataFrame, assets: pd.DataFrame | None) -> list[str]:
    known = facts(findings)
    counts = ", ".join(f"{n:,} {severity}" for severity, n in parts.counted(findings).items())
    lines = [f"Findings: {counts}"]
    overall = parts.scores(findings, assets).query("type == 'all'")
    if len(overall):
        assets_, score = overall.iloc[0][["assets", "score"]]
        lines.append(f"Score {score:.1f} of 100, over {assets_:,} assets")
    if "when" in known:
        lines.append(f"As of {pd.Timestamp(known['when']):%Y-%m-%d %H:%M} UTC")
    return lines


def _lead(own: pd.DataFrame, n: int) -> list[Any]:
    hint = ": ".join(own[["rule", "hint"]].iloc[0].dropna())
    lines = [Link(_within(SUMMARY), SUMMARY), hint]
    lines += [f"On the server: {ksql}" for ksql in own["ksql"].dropna().unique()[:5]]
    if len(own) > n:
        lines.append(f"{len(own) - n:,} more are not in this sheet: those of least impact.")
    return lines


def _work(findings: pd.DataFrame, link: str | None) -> pd.DataFrame:
    work = catalog.worklist(findings, n=_WORK_ROWS)
    return work.assign(id=[_asset(one, link) for one in work["id"]]).drop(columns="kind")


def _asset(id: Any, link: str | None) -> Any:
    if pd.isna(id) or not link:
        return id
    return Link(link.replace("{id}", quote(str(id), safe="")), str(id))


def _within(sheet: str) -> str:
    return f"internal:'{sheet}'!A1"


def _outward(url: str | None) -> Any:
    return Link(url, "picture") if url and len(url) <= _LINK else None
