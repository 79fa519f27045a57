"""`kott watch`: one run for cron or CI, of snapshot, audit, comparison, page and webhook."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import audits, catalog, history, report, schedule
from kott_notebooks.api.secrets import Secret
from kott_notebooks.audits.findings import SEVERITIES, as_findings
from kott_notebooks.cli import output
from kott_notebooks.cli.arguments import TZ, argument, new_file
from kott_notebooks.cli.snapshots import CHANGES, DAYS, NEW_STORE, differences, words
from kott_notebooks.session.webhook import check_webhook, post_webhook
from kott_notebooks.tables.provenance import facts, with_facts

FINDINGS = "findings"  # the name of the table of findings in the store
LISTED = 20  # new findings that a message lists

ARGUMENTS = (
    NEW_STORE,
    argument("--rules", type=Path, metavar="FILE", help="thresholds, waivers ...: TOML"),
    argument(
        "--fail-on", metavar="WHAT", default="error",
        help="exit with 1 on findings that the run before did not have, of this severity or a "
        "worse one (error, warning, info; default: error), never, or above budgets",
    ),
    argument("--epg", action="store_true", help="the guide too: snapshot and audit"),
    DAYS,
    TZ,
    argument("--out", type=new_file(".html"), metavar="FILE", help="the page, as .html"),
    argument(
        "--webhook", type=Secret, metavar="URL",
        help="send what changed there as JSON; default: KOTT_WEBHOOK. It is shown nowhere",
    ),
)  # fmt: skip


class Run(NamedTuple):
    """What one run saw: the assets, the findings with their first day, and what is different."""

    assets: pd.DataFrame
    labels: pd.DataFrame
    findings: pd.DataFrame
    changes: pd.DataFrame | None  # of assets since the run before; None in the first run
    turnover: pd.DataFrame  # new, standing and fixed findings by rule; empty in the first run
    new: pd.DataFrame  # findings that the run before did not have
    failing: pd.DataFrame


def check(given: argparse.Namespace) -> None:
    """Refuse before the login what cannot be understood."""
    audits.failing(as_findings([]), given.fail_on, judged=1)
    catalog.rules(given.rules)
    if given.webhook is None and os.getenv("KOTT_WEBHOOK"):
        given.webhook = Secret(os.environ["KOTT_WEBHOOK"])
    if given.webhook is not None:
        check_webhook(given.webhook)


def watch(session: kott.Session, given: argparse.Namespace) -> bool:
    """Save, audit, compare, write and send; return whether the command has to fail."""
    rules = catalog.rules(given.rules)
    run = _run(session, given, rules)
    for line in _words(run):
        print(line, file=sys.stderr)
    if run.changes is not None:
        output.write(run.turnover.drop(columns="snapshot"), "table", None)
    if given.out is not None:
        page = report.audit(
            run.findings,
            run.assets,
            labels=run.labels,
            rules=rules,
            changes=run.changes,
            turnover=run.turnover,
        )
        page.save(given.out)
        print(f"written: {given.out}", file=sys.stderr)
    if given.webhook is not None:
        post_webhook(given.webhook, payload(run, url=session.url, partner=session.partner_id))
        print("sent to the webhook", file=sys.stderr)
    return not run.failing.empty


def _run(session: kott.Session, given: argparse.Namespace, rules: catalog.Rules) -> Run:
    store = given.store
    assets, labels = kott.assets(session, language="*"), kott.labels(session)
    findings = catalog.audit(assets, labels=labels, rules=rules)
    tables = {"assets": assets}
    if given.epg:
        channels = kott.channels(session)
        tables["epg"] = kott.epg(
            session, "today", f"today+{given.days}d", tz=given.tz, channels=channels
        )
        of_guide = schedule.audit(tables["epg"], channels, rules=rules, tz=given.tz)
        findings = _joined(findings, of_guide)
    known = set(kott.snapshots(store)["name"])
    before = kott.load(store, name="assets") if "assets" in known else None
    baseline = kott.load(store, name=FINDINGS) if FINDINGS in known else findings
    changes = None if before is None else differences(before, assets)
    for name, table in {**tables, FINDINGS: findings}.items():
        kott.save(table, store, name=name, when=facts(assets).get("when"))
    audited = kott.load_all(store, name=FINDINGS, fields=history.IDENTITY)
    last = history.turnover(audited)
    last = last[last["snapshot"] == last["snapshot"].max()]
    new = audits.new(findings, baseline)
    return Run(
        assets,
        labels,
        _since(findings, audited),
        changes,
        last if FINDINGS in known else last.iloc[:0],
        new,
        audits.failing(new, given.fail_on),
    )


def _joined(findings: pd.DataFrame, of_guide: pd.DataFrame) -> pd.DataFrame:
    """Join the findings of assets and of the guide, with the facts of both."""
    one, other = facts(findings), facts(of_guide)
    both = {name: {**one[name], **other[name]} for name in ("not_judged", "waived")}
    joined = pd.concat([findings, of_guide], ignore_index=True)
    joined.attrs.clear()
    return with_facts(
        joined, **{**one, **both, "source": "kott.watch", "judged": one["judged"] + other["judged"]}
    )


def _since(findings: pd.DataFrame, audited: pd.DataFrame) -> pd.DataFrame:
    """Add to findings the day of the first run that had each of them."""
    first = history.lifetimes(audited)[[*history.IDENTITY, "firstSeen"]]
    keys = [findings[one].astype("str").fillna("") for one in history.IDENTITY]
    known = first.fillna("").set_index(history.IDENTITY)["firstSeen"]
    seen = known.reindex(pd.MultiIndex.from_arrays(keys)).array
    return findings.assign(firstSeen=pd.Series(seen, findings.index))


def _words(run: Run) -> Iterator[str]:
    counts = run.findings["severity"].value_counts()
    tally = ", ".join(f"{counts.get(one, 0):,} {one}" for one in SEVERITIES)
    yield f"{len(run.assets):,} assets: {tally}"
    if run.changes is None:
        yield "This is the first run: later ones are compared with it."
        return
    yield "assets: " + "; ".join(words(run.changes))
    totals = run.turnover[["new", "standing", "fixed"]].sum()
    yield "findings: " + ", ".join(f"{number:,} {name}" for name, number in totals.items())
    if len(run.failing):
        yield f"failing: {len(run.failing):,} new findings"


def payload(run: Run, **partner: Any) -> Mapping[str, Any]:
    """Return the message for a webhook. `text` is what chats show; the rest is for programs."""
    counts = run.findings["severity"].value_counts()
    changes: dict[str, Any] | None = None
    if run.changes is not None:
        rows = run.changes.drop_duplicates(["change", "key"])["change"].value_counts()
        causes = run.changes.dropna(subset="cause").drop_duplicates("cause")
        changes = {one: int(rows.get(one, 0)) for one in CHANGES}
        changes["causes"] = causes[["cause", "rows"]].to_dict("records")
    listed = run.new[["rule", "severity", "kind", "id", "name", "detail"]].iloc[:LISTED]
    return {
        "text": "\n".join(_words(run)),
        "version": kott.__version__,
        **partner,
        "when": facts(run.findings).get("when"),
        "failing": len(run.failing),
        "assets": len(run.assets),
        "counts": {one: int(counts.get(one, 0)) for one in SEVERITIES},
        "changes": changes,
        "rules": run.turnover[["rule", "new", "standing", "fixed"]].to_dict("records"),
        "new": listed.astype(object).where(listed.notna(), None).to_dict("records"),
    }
