"""`kott snapshot`, `snapshots`, `diff` and `sql`: tables kept in a store, compared and asked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import history
from kott_notebooks.cli import output
from kott_notebooks.cli.arguments import argument, names, new_store, whole
from kott_notebooks.cli.audit import read_table
from kott_notebooks.errors import KottError

CHANGES = ("added", "removed", "changed")
NEWEST, PREVIOUS = "newest", "previous"
_CAUSES = 5  # that the summary lists

STORE = argument(
    "store", metavar="STORE", help="a folder, or the address of an object store: s3://BUCKET/kott"
)
NEW_STORE = STORE._replace(options={**STORE.options, "type": new_store})
NAME = argument("--name", metavar="NAME", help="which table of the store, such as assets")
DAYS = argument(
    "--days", type=whole(1), default=7, metavar="N", help="of the guide, from today; default: 7"
)
DIFF = (
    argument("before", metavar="A", help="a saved table; with --store a time, an id or previous"),
    argument("after", metavar="B", help="a saved table; with --store a time, an id or newest"),
    argument("--store", metavar="STORE", help="A and B are snapshots of this store"),
    NAME,
    argument(
        "--on", type=names, metavar="A,B",
        help="the columns that identify a row; default: id, of findings what makes them the same",
    ),
    argument(
        "--fail-on", type=names, default=[], metavar="WHAT",
        help="exit with 1 on changes of this kind: added, removed, changed; several by commas",
    ),
)  # fmt: skip

PULLS: dict[str, Callable[[kott.Session, argparse.Namespace], pd.DataFrame]] = {
    "assets": lambda session, given: kott.assets(session, given.ksql, to=given.store),
    "epg": lambda session, given: kott.epg(session, "today", f"today+{given.days}d", tz=given.tz),
    "channels": lambda session, given: kott.channels(session),
    "labels": lambda session, given: kott.labels(session),
}


def check_snapshot(given: argparse.Namespace) -> list[str]:
    """Return the tables to be saved; refuse before the login what cannot be."""
    tables = list(dict.fromkeys(given.tables)) or ["assets"]
    if unknown := [one for one in tables if one not in PULLS]:
        raise KottError(f"TABLE is one of {', '.join(PULLS)}; not {', '.join(unknown)}.")
    if given.by and tables != ["epg"]:
        raise KottError(f"--by is for the guide alone: kott snapshot {given.store} epg --by ...")
    return tables


def save(session: kott.Session, tables: list[str], given: argparse.Namespace) -> pd.DataFrame:
    """Pull and save one table after the other, and return the rows of their snapshots.

    Assets go straight to the store: the same command goes on after a failure or a kill.
    """
    saved: set[str] = set()
    for one in tables:
        table = PULLS[one](session, given)
        if one == "assets":  # the table is the row of its snapshot
            saved.update(table["id"])
        else:
            saved.add(kott.save(table, given.store, name=one, by=given.by))
    table = kott.snapshots(given.store)
    return table[table["id"].isin(saved)].reset_index(drop=True)


def compared(given: argparse.Namespace) -> pd.DataFrame:
    """Return what changed from A to B."""
    if unknown := [one for one in given.fail_on if one not in CHANGES]:
        raise KottError(f"--fail-on is {', '.join(CHANGES)}; not {', '.join(unknown)}.")
    before, after = (_table(text, given) for text in (given.before, given.after))
    return differences(before, after, on=given.on)


def differences(
    before: pd.DataFrame, after: pd.DataFrame, *, on: list[str] | None = None
) -> pd.DataFrame:
    """Return what changed between two tables; findings match by what makes them the same."""
    if on is None and {"rule", "severity"} <= set(before.columns) & set(after.columns):
        absent = {"id": "", "field": ""}
        before, after = before.fillna(absent), after.fillna(absent)
        on = history.IDENTITY
    return kott.diff(before, after, on or "id")


def _table(text: str, given: argparse.Namespace) -> pd.DataFrame:
    """Read a saved table, or with --store a snapshot."""
    if given.store is None:
        if given.name:
            raise KottError("--name is for tables of a --store.")
        return read_table(Path(text))
    if text == PREVIOUS:
        known = kott.snapshots(given.store, name=given.name)["id"]
        if len(known) < 2:
            raise KottError(f"{given.store} has no snapshot before the newest.")
        text = known.iloc[-2]
    return kott.load(given.store, name=given.name, at=None if text == NEWEST else text)


def words(changes: pd.DataFrame) -> Iterator[str]:
    """Describe what changed: the number of rows, and the causes that many of them share."""
    rows = changes.drop_duplicates(["change", "key"])["change"].value_counts()
    counts = [f"{rows.get(one, 0):,} {one}" for one in CHANGES]
    yield ", ".join(counts)
    causes = changes.dropna(subset="cause").drop_duplicates("cause")
    for cause, count in causes[["cause", "rows"]].iloc[:_CAUSES].itertuples(index=False):
        yield f"{count:,} rows: {cause}"
    if len(causes) > _CAUSES:
        yield f"and {len(causes) - _CAUSES:,} more causes"


def diff(given: argparse.Namespace) -> bool:
    """Write what changed, and a summary on stderr; return whether the command has to fail."""
    format = output.checked_format(given.format, given.out)
    changes = compared(given)
    output.write(changes, format, given.out, whole=True, safe=given.safe)
    for line in words(changes):
        print(line, file=sys.stderr)
    return bool(changes["change"].isin(given.fail_on).any())


def answer(given: argparse.Namespace) -> pd.DataFrame:
    """Return what a query gives, of a store or of saved tables by the names of their files."""
    paths = [Path(one) for one in given.source]
    if len(paths) == 1 and not paths[0].is_file():
        return kott.sql(given.query, given.source[0])
    return kott.sql(given.query, {path.stem: read_table(path) for path in paths})
