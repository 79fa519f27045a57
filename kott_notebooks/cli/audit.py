"""`kott audit`: assets or a guide to findings, as lines, a table, a page, a workbook or JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import audits, catalog, report, schedule, xmltv
from kott_notebooks.audits.findings import SEVERITIES, as_findings
from kott_notebooks.cli import output
from kott_notebooks.cli.arguments import TZ, argument, checked, filled, new_file
from kott_notebooks.errors import IncompleteError, KottError
from kott_notebooks.schedule.spans import known_names
from kott_notebooks.tables.columns import id_texts
from kott_notebooks.tables.export import read_book
from kott_notebooks.tables.provenance import facts, zone_of
from kott_notebooks.tables.provenance import pulled as pulled_at
from kott_notebooks.times import instant, present

EPG = ("today-1d", "today+2d")  # a channel without a programme then has none
WEEK = ("today", "today+7d")
DAYS = 90  # that a waiver written here holds; its file says until when
MANY = 5  # programmes of a channel that have a line each under one rule; more share a line
_SHOWN = ["severity", "rule", "findings", "assets", "hint"]
_PROGRAMME = "KalturaProgramAsset"


ARGUMENTS = (
    argument(
        "table", nargs="?", type=Path, metavar="FILE",
        help="a guide in XMLTV (packed too; - reads stdin) or a saved table (.parquet, .csv, "
        ".xlsx); default: the partner's assets",
    ),
    argument("--schedule", action="store_true", help="audit the guide: that of the partner"),
    argument(
        "--start", type=checked(instant), metavar="TIME",
        help="of a guide: look from this time on; default: today, or a file's first start",
    ),
    argument(
        "--end", type=checked(instant), metavar="TIME",
        help="of a guide: look until this time; default: today+7d, or a file's last end",
    ),
    TZ,
    argument(
        "--now", type=checked(instant), metavar="TIME",
        help="the present; default: when the table was pulled, or the guide was made",
    ),
    argument("--rules", type=Path, metavar="FILE", help="thresholds, waivers ...: TOML"),
    argument(
        "--fail-on", metavar="WHAT", default="error",
        help="exit with 1 on findings of this severity or a worse one (error, warning, info; "
        "default: error), never, or above budgets: 'image.* > 2 %%, schedule.gap > 10'",
    ),
    argument(
        "--baseline", type=filled, metavar="FILE",
        help="saved findings (.parquet, .csv, .xlsx), or the store of `kott watch`: fail only on "
        "what they do not have",
    ),
    argument("--ksql", metavar="FILTER", help="audit only what this filter finds"),
    argument("--epg", action="store_true", help="look for channels without programmes"),
    argument(
        "--format", choices=output.FORMATS,
        help="of stdout; table (default) sums assets up by rule and has a line per cause of a "
        "guide, others list findings",
    ),
    argument(
        "--out", type=new_file(".html", ".xlsx", ".json", ".csv", ".parquet"), metavar="FILE",
        action="append", default=[],
        help=".html a page, .xlsx a workbook, or .json, .csv, .parquet; may be given again",
    ),
    argument(
        "--write-waivers", type=new_file(), metavar="FILE",
        help=f"add to a rules file what waives the findings that fail for {DAYS} days",
    ),
)  # fmt: skip


class Subject(NamedTuple):
    """What is audited: assets, with labels and perhaps a guide; or a guide, with its channels."""

    table: pd.DataFrame
    is_guide: bool = False
    labels: pd.DataFrame | None = None
    epg: pd.DataFrame | None = None
    channels: pd.DataFrame | None = None


def check(given: argparse.Namespace) -> None:
    """Refuse before the login what cannot be read or written."""
    audits.failing(as_findings([]), given.fail_on, judged=1)
    books = [
        path
        for path in (given.table, given.baseline and Path(given.baseline), *given.out)
        if path and path.suffix.lower() == ".xlsx"
    ]
    missing = [name for name in ("openpyxl", "xlsxwriter") if find_spec(name) is None]
    if books and missing:
        raise KottError(
            f"{books[0]}: Excel needs {missing[0]}: python3 -m pip install 'kott_notebooks[excel]'"
        )
    if given.format == "xmltv":
        raise KottError("Findings are not a guide: --format is table, csv, json or parquet.")
    if given.epg and given.schedule:
        raise KottError("--epg is for an audit of assets: leave it out, or --schedule.")
    if given.table is None and not given.schedule:
        _refuse_guide_options(given, "give --schedule, or a guide in XMLTV")
    output.checked_format(given.format, None)
    given.known = _baseline(given.baseline) if given.baseline else as_findings([])
    audits.new(as_findings([]), given.known)
    if given.write_waivers and given.write_waivers.exists():
        catalog.rules(given.write_waivers)


def _refuse_guide_options(given: argparse.Namespace, remedy: str) -> None:
    for option in ("start", "end", "tz"):
        if getattr(given, option) is not None:
            raise KottError(f"--{option} is for an audit of a guide: {remedy}.")


def pulled(session: kott.Session, given: argparse.Namespace) -> Subject:
    """Pull the assets, in all languages unless one is named; with --schedule the guide."""
    if given.schedule:
        channels, window = kott.channels(session), (given.start or WEEK[0], given.end or WEEK[1])
        epg = kott.epg(session, *window, tz=given.tz, ksql=given.ksql)
        return Subject(epg, is_guide=True, channels=channels)
    assets = kott.assets(session, given.ksql, language=given.language or "*")
    fields = ["id", "linearAssetId"]
    epg_ = kott.epg(session, *EPG, fields=fields) if given.epg else None
    return Subject(assets, labels=kott.labels(session), epg=epg_)


def saved(given: argparse.Namespace) -> Subject:
    """Read a guide, or a saved table of assets or programmes: each is known by its content."""
    path: Path = given.table
    for option in ("demo", "ksql", "epg"):
        if getattr(given, option):
            raise KottError(f"A file is audited as it is: leave out --{option}, or {path}.")
    by_suffix = path.suffix.lower() in _GUIDES
    if str(path) == "-" or (path.is_file() and (by_suffix or xmltv.is_guide(path))):
        epg, channels, _ = read_guide(path)
        return Subject(epg, is_guide=True, channels=channels)
    table = read_table(path)
    classes = set(table["objectType"].dropna()) if "objectType" in table else set()
    if given.schedule or classes == {_PROGRAMME}:
        return Subject(table, is_guide=True)
    _refuse_guide_options(given, f"give --schedule if {path} holds programmes")
    return Subject(table)


def read_guide(path: Path) -> xmltv.Guide:
    """Read an XMLTV guide, from stdin where the path is `-`; report on stderr what is left out."""
    if str(path) == "-" and sys.stdin is None:
        raise KottError("stdin is closed: give the path of a guide.")
    try:
        guide = xmltv.read_guide(sys.stdin.buffer if str(path) == "-" else path)
    except IncompleteError as error:  # the file's fault, and no service's
        raise KottError(str(error)) from error
    for (element, reason), of in guide.faults.groupby(["element", "reason"], sort=False):
        line, text = of[["line", "text"]].iloc[0]
        more = f" ({len(of):,} such values, this is the first)" if len(of) > 1 else ""
        said = f"{path}:{line}: {element} {text!r}: {reason}{more}"
        print(output.one_line(said), file=sys.stderr)
    return guide


def _baseline(text: str) -> pd.DataFrame:
    """Read findings from a file, or the newest ones of a store."""
    path = Path(text)
    if path.is_dir() or "://" in text:
        return kott.load(text, name="findings")
    return read_table(path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a saved table; KottError for a file of another kind."""
    if not path.is_file():
        raise KottError(f"{path} is no file.")
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise KottError(
            f"{path}: a saved table ends in {', '.join(_READERS)}, and a guide is XML whose root "
            "is <tv>."
        )
    try:
        return reader(path)
    except (ValueError, KeyError, BadZipFile) as error:  # of pandas, Arrow and openpyxl
        raise KottError(f"{path} cannot be read as a table: {error}") from error


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {  # CSV and Excel: cells as they stand
    ".parquet": pd.read_parquet,
    ".csv": lambda path: pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""]),
    ".xlsx": read_book,
}


_GUIDES = (".xml", ".xmltv", ".gz", ".xz", ".bz2", ".zip")  # ends that no saved table has


_WRITERS: dict[str, Callable[[pd.DataFrame, Subject, catalog.Rules, Path], object]] = {
    ".html": lambda table, of, rules, path: report.audit(
        table, None if of.is_guide else of.table, labels=of.labels, rules=rules
    ).save(path),
    ".xlsx": lambda table, of, rules, path: report.workbook(
        table, path, assets=None if of.is_guide else of.table, labels=of.labels, rules=rules
    ),
    ".json": lambda table, of, rules, path: output.write_text([_as_json(table, of, rules)], path),
    ".csv": lambda table, of, rules, path: output.write(table, None, path),
    ".parquet": lambda table, of, rules, path: output.write(table, None, path),
}


def carry_out(subject: Subject, rules: catalog.Rules, given: argparse.Namespace) -> bool:
    """Audit, write the outputs and a summary on stderr; return whether the command has to fail."""
    table = findings(subject, rules, given)
    if given.format or not given.out:
        _print(table, subject, rules, given)
    for path in given.out:
        _WRITERS[path.suffix.lower()](table, subject, rules, path)
    failing = audits.failing(audits.new(table, given.known), given.fail_on)
    if given.write_waivers:
        _waive(failing, given.write_waivers)
    for line in _words(table, subject, len(failing), given):
        print(line, file=sys.stderr)
    return not failing.empty


def findings(subject: Subject, rules: catalog.Rules, given: argparse.Namespace) -> pd.DataFrame:
    """Audit what was read or pulled."""
    if subject.is_guide:
        no_channels = subject.channels is None or subject.channels.empty or given.ksql
        if subject.table.empty and no_channels:
            raise KottError("There is no programme to audit: look at the file, or at the filter.")
        tz = zone_of(subject.table, given.tz)
        moment = pulled_at(subject.table, given.now)
        start, end = (
            None if text is None else instant(text, now=moment, tz=tz)
            for text in (given.start, given.end)
        )
        return schedule.audit(
            *(subject.table, subject.channels),
            rules=rules, tz=given.tz, now=moment, start=start, end=end,
        )  # fmt: skip
    if subject.table.empty:
        raise KottError("There is no asset to audit: look at the filter, or the table.")
    return catalog.audit(
        subject.table, labels=subject.labels, epg=subject.epg, rules=rules, now=given.now
    )


def _as_json(table: pd.DataFrame, subject: Subject, rules: catalog.Rules) -> str:
    return report.as_json(table, assets=None if subject.is_guide else subject.table, rules=rules)


def _print(
    table: pd.DataFrame, subject: Subject, rules: catalog.Rules, given: argparse.Namespace
) -> None:
    if given.format == "json":
        print(_as_json(table, subject, rules))
    elif given.format in ("csv", "parquet"):
        output.write(table, given.format, None)
    elif subject.is_guide:
        output.write_text(_causes(table, subject, zone_of(subject.table, given.tz)), None)
    else:
        output.write(catalog.summary(table)[_SHOWN], "table", None)


def _causes(table: pd.DataFrame, subject: Subject, tz: tzinfo) -> Iterator[str]:
    """Write a line per cause: severity, local time, rule, channel, programme, what is wrong.

    Many programmes of a channel that break one rule share a line, and so do equal findings of the
    channel itself, such as a gap at each midnight.
    """
    names = known_names(subject.table, subject.channels)
    local = table["startDate"].dt.tz_convert(tz).dt.strftime("%Y-%m-%d %H:%M").fillna("")
    table = table.assign(local=local, channel=id_texts(table["linearAssetId"]).fillna(""))
    own = table["detail"].where(table["id"] == table["channel"], "")
    same = table.groupby(["rule", "severity", "channel", own], dropna=False)
    place = same["startDate"].rank(method="first", na_option="bottom")
    table = table.assign(count=same["rule"].transform("size"))
    table = table[(table["count"] <= MANY) | (place == 1)]
    width = max(table["rule"].str.len(), default=0)
    for row in table.to_dict("records"):
        channel = row["channel"]
        label = " ".join(dict.fromkeys(filter(None, (channel, names.get(channel)))))
        is_channel, count = row["id"] == channel, f"{row['count']:,}"
        name = "" if is_channel or pd.isna(row["name"]) else row["name"]
        if row["count"] > MANY:
            first = f"{count} programmes, the first is {name or row['id']}"
            name = f"{count} times" if is_channel else first
        said = ": ".join(filter(None, [label, name, row["detail"]]))
        line = f"{row['severity']:7}  {row['local']:16}  {row['rule']:{width}}  {said}"
        yield output.one_line(line) + "\n"


def _waive(failing: pd.DataFrame, path: Path) -> None:
    """Add waivers of findings to a rules file, which end after DAYS so that they are looked at."""
    today = present()
    text = catalog.waivers(
        failing, reason=f"found on {today:%Y-%m-%d}", until=today + pd.Timedelta(days=DAYS)
    )
    known = path.read_text("utf-8") if path.exists() else ""
    output.write_text([known, text], path)


def _words(
    table: pd.DataFrame, subject: Subject, failing: int, arguments: argparse.Namespace
) -> Iterator[str]:
    known, counts = facts(table), table["severity"].value_counts()
    tally = ", ".join(f"{counts.get(one, 0):,} {one}" for one in SEVERITIES)
    scores = [row["score"] for row in known.get("scores", []) if row["type"] == catalog.OVERALL]
    score = f"; score {scores[0]:.1f} of 100" if scores and scores[0] is not None else ""
    things = "programmes" if subject.is_guide else "assets"
    yield f"{known['judged']:,} {things}: {tally}, {sum(known['waived'].values()):,} waived{score}"
    for rule, why in known["not_judged"].items():
        yield f"not judged: {rule}. {why}"
    for path in arguments.out:
        yield f"written: {path}"
    if failing:
        limit = arguments.fail_on
        above = f"of severity {limit} or worse" if limit in SEVERITIES else f"by {limit}"
        new = ", not in the baseline" if arguments.baseline else ""
        yield f"failing: {failing:,} findings {above}{new}"
