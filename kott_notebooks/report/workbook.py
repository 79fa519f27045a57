"""Findings as an Excel work book: a sheet a rule, to be worked off, and links between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.errors import KottError
from kott_notebooks.report import parts
from kott_notebooks.tables.provenance import facts

SUMMARY, WORK = "Summary", "Work list"
MOST = 30_000  # rows of a sheet: Excel takes 65,530 links in one
_WORK_ROWS = 5_000
_LONGEST = 32_767  # characters that Excel takes in a cell
_LINK = 2_079  # ... and in a link
_WIDTHS = {"name": 36, "rule": 32, "rules": 40, "detail": 60, "details": 80, "hint": 60, "ksql": 40}
_WIDTHS |= {"threshold": 40, "movielabs": 36, "startDate": 18, "endDate": 18}
_OF_RULE = ("id", "name", "type", "field", "detail", "startDate", "endDate", "impact", "picture")


def workbook(
    findings: pd.DataFrame,
    path: str | Path,
    *,
    assets: pd.DataFrame | None = None,
    labels: pd.DataFrame | None = None,
    rules: parts.GivenRules = None,
    link: str | None = None,
    n: int = MOST,
) -> Path:
    """Write findings as an Excel work book, and give its path: a summary, a work list, the rules.

    The summary links to each rule's sheet, which has its findings, `n` of them, those of most
    impact first, and says how many were left out: Excel takes no more links. With `assets`, rows
    name the type and link to a picture; `link` is where assets are edited, such as
    "https://HOST/assets/{id}", and each id leads there. Times are UTC. Texts stay texts: none is
    taken for a formula.
    Raises KottError without the extra `excel`, and where the file cannot be written.
    """
    if not 1 <= n <= MOST:
        raise KottError(f"n must be 1 to {MOST:,}, the links that a sheet can hold, not {n:,}.")
    by_rule = parts.by_rule(findings, rules)
    types = parts.types(assets, parts.type_names(assets, labels))
    sheets = _sheet_names(by_rule["rule"])
    with _Book(Path(path)) as book:
        links: list[Any] = [Link(_within(sheets[rule]), rule) for rule in by_rule["rule"]]
        book.sheet(SUMMARY, _headline(findings, assets), by_rule.assign(rule=links))
        book.sheet(
            WORK, [f"The {_WORK_ROWS:,} with the most impact, at most."], _work(findings, link)
        )
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
            book.sheet(sheet, _lead(own, n), shown[[c for c in _OF_RULE if c in shown]])
    return Path(path)


@dataclass(frozen=True)
class Link:
    """A cell that leads somewhere."""

    url: str
    words: str


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


def _sheet_names(rules: Iterable[str]) -> dict[str, str]:
    """Name a sheet for each rule: 31 characters, none of []:*?/\\', each once in any case."""
    names: dict[str, str] = {}
    taken = {SUMMARY.casefold(), WORK.casefold(), "history"}
    for rule in rules:
        plain = re.sub(r"[\[\]:*?/\\'\x00-\x1f]", "_", rule)[:31]
        count, name = 1, plain
        while name.casefold() in taken:
            count += 1
            name = f"{plain[: 30 - len(str(count))]}~{count}"
        taken.add(name.casefold())
        names[rule] = name
    return names


class _Book:
    """A work book being written, sheet after sheet and row after row."""

    def __init__(self, path: Path) -> None:
        try:
            import xlsxwriter
        except ImportError as error:
            raise KottError(
                "A work book needs XlsxWriter: python3 -m pip install 'kott_notebooks[excel]'"
            ) from error
        try:
            path.open("wb").close()  # xlsxwriter tries last, and leaves its own files behind
        except OSError as error:
            raise KottError(f"{path} cannot be written: {error}") from error
        # Nothing is guessed from a text, and rows leave memory as they are written.
        self.book = xlsxwriter.Workbook(path, {"constant_memory": True, "in_memory": False})
        self.bold = self.book.add_format({"bold": True, "bottom": 1})
        self.time = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})

    def __enter__(self) -> _Book:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.book.close()

    def sheet(self, name: str, lead: Sequence[Any], table: pd.DataFrame) -> None:
        """Write a sheet: lines on top, then the table, its heading frozen and with filters."""
        sheet = self.book.add_worksheet(name)
        top = len(lead) + 1
        for column, title in enumerate(map(str, table.columns)):
            sheet.set_column(column, column, _WIDTHS.get(title, 12))
        for row, line in enumerate(lead):
            self.cell(sheet, row, 0, line)
        for column, title in enumerate(map(str, table.columns)):
            sheet.write_string(top, column, title, self.bold)
        for row, cells in enumerate(table.itertuples(index=False), top + 1):
            for column, cell in enumerate(cells):
                self.cell(sheet, row, column, cell)
        sheet.freeze_panes(top + 1, 0)
        sheet.autofilter(top, 0, top + max(len(table), 1), len(table.columns) - 1)

    def cell(self, sheet: Any, row: int, column: int, cell: Any) -> None:
        """Write a cell as what it is: a link, a time, a number, else a text."""
        if isinstance(cell, Link):
            sheet.write_url(row, column, cell.url, string=_text(cell.words))
        elif pd.isna(cell):
            return
        elif isinstance(cell, pd.Timestamp) and 1900 < cell.year < 9999:
            sheet.write_datetime(row, column, cell.tz_localize(None).to_pydatetime(), self.time)
        elif isinstance(cell, Real):
            sheet.write_number(row, column, cell)
        else:
            sheet.write_string(row, column, _text(cell))


def _text(cell: Any) -> str:
    return str(cell).encode("utf-8", "replace").decode()[:_LONGEST]
