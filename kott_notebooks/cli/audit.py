"""`kott audit`: assets to findings, as a table, a page, a work book or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import audits, catalog, report
from kott_notebooks.audits.findings import SEVERITIES, as_findings
from kott_notebooks.cli import output
from kott_notebooks.cli.arguments import argument, new_file
from kott_notebooks.errors import KottError
from kott_notebooks.tables.export import read_book
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import present

GUIDE = ("today-1d", "today+2d")  # a channel without a programme then has none
DAYS = 90  # that a waiver written here holds; its file says until when
_SHOWN = ["severity", "rule", "findings", "assets", "hint"]


ARGUMENTS = (
    argument(
        "table", nargs="?", type=Path, metavar="TABLE",
        help="a saved table (.parquet, .csv, .xlsx); default: what the partner has",
    ),
    argument("--rules", type=Path, metavar="FILE", help="thresholds, waivers ...: TOML"),
    argument(
        "--fail-on", metavar="WHAT", default="error",
        help="exit with 1 on findings of this severity or a worse one (error, warning, info; "
        "default: error), never, or above budgets: 'image.* > 2 %%, schedule.gap > 10'",
    ),
    argument(
        "--baseline", type=Path, metavar="FILE",
        help="saved findings (.parquet, .csv, .xlsx): fail only on what they do not have",
    ),
    argument("--ksql", metavar="FILTER", help="audit only what this filter finds"),
    argument("--epg", action="store_true", help="look for channels without programmes"),
    argument(
        "--format", choices=output.FORMATS, help="of stdout; table (default) sums up, others list"
    ),
    argument(
        "--out", type=new_file(".html", ".xlsx", ".json", ".csv", ".parquet"), metavar="FILE",
        action="append", default=[],
        help=".html a page, .xlsx a work book, or .json, .csv, .parquet; may be given again",
    ),
    argument(
        "--write-waivers", type=new_file(), metavar="FILE",
        help=f"add to a rules file what waives the findings that fail for {DAYS} days",
    ),
)  # fmt: skip


def check(given: argparse.Namespace) -> None:
    """Refuse before the login what cannot be read or written."""
    audits.failing(as_findings([]), given.fail_on, judged=1)
    books = [
        path
        for path in (given.table, given.baseline, *given.out)
        if path and path.suffix.lower() == ".xlsx"
    ]
    missing = [name for name in ("openpyxl", "xlsxwriter") if find_spec(name) is None]
    if books and missing:
        raise KottError(
            f"{books[0]}: Excel needs {missing[0]}: python3 -m pip install 'kott_notebooks[excel]'"
        )
    if given.format == "xmltv":
        raise KottError("Findings are not a guide: --format is table, csv, json or parquet.")
    output.checked_format(given.format, None)


def pulled(
    session: kott.Session, arguments: argparse.Namespace
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Pull the assets, in all languages unless one is named, the labels, and with --epg a guide."""
    assets = kott.assets(session, arguments.ksql, language=arguments.language or "*")
    fields = ["id", "linearAssetId"]
    epg = kott.epg(session, *GUIDE, fields=fields) if arguments.epg else None
    return assets, kott.labels(session), epg


def read(arguments: argparse.Namespace) -> pd.DataFrame:
    """Read a saved table of assets; raises KottError for another file than those it knows."""
    path: Path = arguments.table
    for option in ("demo", "ksql", "epg"):
        if getattr(arguments, option):
            raise KottError(f"A saved table is audited as it is: leave out --{option}, or {path}.")
    return read_table(path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a saved table; raises KottError for another file than those it knows."""
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise KottError(f"{path}: a saved table ends in {', '.join(_READERS)}.")
    if not path.is_file():
        raise KottError(f"{path} is no file.")
    try:
        return reader(path)
    except (ValueError, KeyError, BadZipFile) as error:  # of pandas, Arrow and openpyxl
        raise KottError(f"{path} cannot be read as a table: {error}") from error


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {  # CSV and Excel: cells as they stand
    ".parquet": pd.read_parquet,
    ".csv": lambda path: pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""]),
    ".xlsx": read_book,
}


class Audited(NamedTuple):
    """What is written: findings, and what they are of."""

    found: pd.DataFrame
    assets: pd.DataFrame
    labels: pd.DataFrame | None
    rules: catalog.Rules

    def as_json(self) -> str:
        return report.as_json(self.found, assets=self.assets, rules=self.rules)


_WRITERS: dict[str, Callable[[Audited, Path], object]] = {
    ".html": lambda of, path: report.audit(*of[:2], labels=of.labels, rules=of.rules).save(path),
    ".xlsx": lambda of, path: report.workbook(
        of.found, path, assets=of.assets, labels=of.labels, rules=of.rules
    ),
    ".json": lambda of, path: output.write_text([of.as_json()], path),
    ".csv": lambda of, path: output.write(of.found, None, path),
    ".parquet": lambda of, path: output.write(of.found, None, path),
}


def told(
    assets: pd.DataFrame,
    labels: pd.DataFrame | None,
    epg: pd.DataFrame | None,
    rules: catalog.Rules,
    arguments: argparse.Namespace,
) -> bool:
    """Audit, write what was asked for, sum up on stderr; say whether the command is to fail."""
    if assets.empty:
        raise KottError("There is no asset to audit: look at the filter, or the table.")
    found = catalog.audit(assets, labels=labels, epg=epg, rules=rules)
    audited = Audited(found, assets, labels, rules)
    if arguments.format or not arguments.out:
        _print(audited, arguments.format or "table")
    for path in arguments.out:
        _WRITERS[path.suffix.lower()](audited, path)
    new = found
    if arguments.baseline:
        new = audits.new(found, read_table(arguments.baseline))
    failing = audits.failing(new, arguments.fail_on)
    if arguments.write_waivers:
        _waive(failing, arguments.write_waivers)
    for line in _words(found, len(failing), arguments):
        print(line, file=sys.stderr)
    return not failing.empty


def _print(audited: Audited, format: str) -> None:
    if format == "json":
        print(audited.as_json())
    elif format == "table":
        output.write(catalog.summary(audited.found)[_SHOWN], format, None)
    else:
        output.write(audited.found, format, None)


def _waive(failing: pd.DataFrame, path: Path) -> None:
    """Add waivers of findings to a rules file: for a while, that they be looked at."""
    today = present()
    text = catalog.waivers(
        failing, reason=f"found on {today:%Y-%m-%d}", until=today + pd.Timedelta(days=DAYS)
    )
    known = path.read_text("utf-8") if path.exists() else ""
    output.write_text([known, text], path)


def _words(found: pd.DataFrame, failing: int, arguments: argparse.Namespace) -> Iterator[str]:
    said, counts = facts(found), found["severity"].value_counts()
    tally = ", ".join(f"{counts.get(one, 0):,} {one}" for one in SEVERITIES)
    overall = next((row["score"] for row in said["scores"] if row["type"] == catalog.OVERALL), None)
    score = "" if overall is None else f"; score {overall:.1f} of 100"
    yield f"{said['assets']:,} assets: {tally}, {sum(said['waived'].values()):,} waived{score}"
    for rule, why in said["not_judged"].items():
        yield f"not judged: {rule}. {why}"
    for path in arguments.out:
        yield f"written: {path}"
    if failing:
        limit = arguments.fail_on
        above = f"of severity {limit} or worse" if limit in SEVERITIES else f"by {limit}"
        new = ", not in the baseline" if arguments.baseline else ""
        yield f"failing: {failing:,} findings {above}{new}"
