"""Audit a catalogue, beside a pandera schema that has the rules which look at columns alone."""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import pandas as pd

from kott_notebooks.tables.provenance import facts

WAYS = ("audit", "audit, one language", "pandera")
BOTH = (  # the rules that the schema has too
    *("text.missing_name", "text.missing_description", "text.too_long", "meta.out_of_range"),
    *("window.inverted", "window.not_started", "window.endless", "image.none"),
    *("identity.duplicate_external_id", "identity.duplicate_entry_id"),
)


def main() -> None:
    """Make the tables, let each way judge them in a process of its own, print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=WAYS, help="some of the ways")
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        name, folder = given.run
        print(json.dumps(make(folder, given.assets) if name == "make" else measured(name, folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        _run("make", folder, given.assets)  # elsewhere too: a child's peak begins with its parent's
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in given.only}
        for _ in range(given.turns):
            for name in given.only:
                runs[name].append(_run(name, folder, given.assets))
    print(f"{given.assets:,} assets, the median of {given.turns}")
    print(
        f"{'way':22}{'rules':>6}{'findings':>10}{'in both':>9}{'seconds':>9}{'cpu s':>8}{'GiB':>6}"
    )
    for name, result in runs.items():
        one = {key: statistics.median(run[key] for run in result) for key in result[0]}
        print(
            f"{name:22}{one['rules']:>6,.0f}{one['findings']:>10,.0f}{one['both']:>9,.0f}"
            f"{one['seconds']:>9.2f}{one['cpu']:>8.2f}{one['peak']:>6.2f}"
        )


def make(folder: str, count: int) -> dict[str, Any]:
    """Pull the demo partner's assets, in one language and in all, into Parquet files."""
    import kott_notebooks as kott
    from kott_notebooks import demo

    session = demo.login(assets=count, deployment="roomy")
    for name, language in (("one", None), ("all", "*")):
        kott.assets(session, language=language).to_parquet(f"{folder}/{name}.parquet")
    kott.labels(session).to_parquet(f"{folder}/labels.parquet")
    return {}


def _run(name: str, folder: str, count: int) -> dict[str, Any]:
    command = [sys.executable, __file__, f"--assets={count}", "--run", name, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def measured(name: str, folder: str) -> dict[str, Any]:
    """Judge a table in one way; reading the file is not counted, its memory is."""
    file = "all" if name == "audit" else "one"
    table = pd.read_parquet(f"{folder}/{file}.parquet")
    judge = (
        by_schema if name == "pandera" else by_audit(pd.read_parquet(f"{folder}/labels.parquet"))
    )
    judge(table[:100])  # what is loaded and compiled at first
    started, before = time.perf_counter(), time.process_time()
    result = judge(table)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - before,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        **result,
    }


def by_audit(labels: pd.DataFrame) -> Callable[[pd.DataFrame], dict[str, int]]:
    """Judge by every rule that needs no guide."""
    from kott_notebooks import catalog

    def judge(table: pd.DataFrame) -> dict[str, int]:
        result = catalog.audit(table, labels=labels)
        both = int(result["rule"].isin(BOTH).sum())
        return {"rules": len(catalog.rules().severities), "findings": len(result), "both": both}

    return judge


def by_schema(table: pd.DataFrame) -> dict[str, int]:
    """Judge by a schema, all of whose failures are gathered."""
    import pandera.pandas as pa

    now = pd.Timestamp(facts(table)["when"])
    there = pa.Check(lambda text: text.str.strip() != "")

    def text(most: int) -> Any:
        return pa.Column(nullable=False, checks=[there, pa.Check.str_length(max_value=most)])

    once = {"nullable": True, "checks": pa.Check(lambda ids: ids.isna() | ~ids.duplicated(False))}
    schema = pa.DataFrameSchema(
        {
            "name": text(100),
            "description": text(2_000),
            "metas.Year": pa.Column(nullable=True, checks=pa.Check.in_range(1888, now.year + 2)),
            "startDate": pa.Column(nullable=True, checks=pa.Check.le(now)),
            "endDate": pa.Column(
                nullable=True, checks=pa.Check.lt(now + pd.Timedelta(days=50 * 365.25))
            ),
            "externalId": pa.Column(**once),
            "entryId": pa.Column(**once),
            "images": pa.Column(nullable=False, checks=pa.Check.ne("[]")),
        },
        checks=pa.Check(lambda of: of["endDate"].isna() | (of["endDate"] > of["startDate"])),
    )
    try:
        schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as failed:
        cases = failed.failure_cases  # a check of the whole row has a case for each column
        cases["column"] = cases["column"].where(cases["schema_context"] == "Column")
        result = len(cases.drop_duplicates(["column", "check", "index"]))
        return {"rules": len(BOTH), "findings": result, "both": result}
    return {"rules": len(BOTH), "findings": 0, "both": 0}


if __name__ == "__main__":
    main()
