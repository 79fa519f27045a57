"""What each command takes and does: data to stdout or a file, words to stderr."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import catalog
from kott_notebooks.cli import audit, books, lab, output, snapshots, trip, watch
from kott_notebooks.cli.arguments import (
    CHANNELS,
    FIELDS,
    KSQL,
    LIMIT,
    LOGIN,
    PII,
    PROFILE,
    TZ,
    Command,
    Group,
    argument,
    filled,
    json_object,
    names,
    new_file,
    pair,
    port,
    table_arguments,
    whole,
    window,
)
from kott_notebooks.errors import IncompleteError, KottError
from kott_notebooks.listings.others import LABELS, check_list
from kott_notebooks.times import instant

SIZES = {  # of the demo partner
    "assets": "how many assets",
    "channels": "how many linear channels",
    "days": "how many days its guide covers",
    "households": "how many households",
    "seed": "another number, another partner",
}
GUIDE_END = "today+7d"
NAMED = ("assets", "epg", "channels", "households", "listing")  # whose tables have ids with names
PLANNED = ("asset", "assets", "epg")
TABLE = table_arguments(output.FORMATS)
PARTNER = (
    PROFILE,
    argument("--demo", action="store_true", help="ask the made-up partner instead"),
)
OPTIONS = (
    "service",
    "action",
    "session",
    "filter",
    "fields",
    "limit",
    "pii",
    "progress",
    "workers",
)


def whoami(given: argparse.Namespace) -> None:
    """Print who the credentials let in, one fact per line."""
    with login(given) as session:
        facts = session.whoami()
    width = max(map(len, facts))
    lines = [f"{name:{width}}  {'' if fact is None else fact}\n" for name, fact in facts.items()]
    output.write_text(lines, None)


def write_table(given: argparse.Namespace) -> None:
    """Make the command's table, write it, and report on stderr how many rows it has."""
    check(given)
    format = output.checked_format(given.format, given.out)
    if format == "xmltv" and given.command != "epg":
        raise KottError(f"XMLTV is for `kott epg`: {given.command} has no column linearAssetId.")
    labels = channels = None
    with login(given) as session:
        try:
            table, incomplete = TABLES[given.command](session, given), None
        except IncompleteError as error:
            if given.command != "households" or isinstance(error, KeyboardInterrupt):
                raise
            table, incomplete = error.partial, error
        if given.command in NAMED and format in ("xlsx", "duckdb"):
            labels = kott.labels(session)
        if given.command == "epg" and format in ("xmltv", "xlsx", "duckdb"):
            channels = kott.channels(session)
            if given.channels:
                channels = channels[channels["id"].isin(given.channels)]
    summary = output.write(
        table,
        format,
        given.out,
        whole=bool(getattr(given, "fields", None)),
        safe=given.safe,
        tz=getattr(given, "tz", None),
        labels=labels,
        channels=channels,
    )
    print(summary, file=sys.stderr)
    if incomplete is not None:
        raise incomplete


def write_facts(given: argparse.Namespace) -> None:
    """Write what the schema says, for which no login is needed."""
    format = output.checked_format(given.format, given.out)
    table = kott.services() if given.command == "services" else kott.describe(given.name)
    print(output.write(table, format, given.out, whole=True, safe=given.safe), file=sys.stderr)


def guide(given: argparse.Namespace) -> None:
    """Write a guide as a page, and say on stderr what is in it: the partner's, or a file's."""
    output.check_screen(given.out, "A page", "-o FILE")
    if given.out and given.out.suffix.lower() not in ("", ".html", ".htm"):
        raise KottError(
            f"--out {given.out}: the page is HTML, in a .html file; `kott epg --out guide.xml` "
            "writes XMLTV."
        )
    if given.start == "-" or Path(given.start).is_file():
        epg, wanted, labels = guide_file(given)
    else:
        check_window(given)
        with login(given) as session:
            channels = kott.channels(session)
            wanted = given.channels or channels
            epg = kott.epg(session, given.start, given.end, tz=given.tz, channels=wanted)
        labels = channels.set_index("id")["name"]
    page = kott.guide(epg, wanted, tz=given.tz, names=labels)
    print(f"{len(epg):,} programmes, {output.write_page(page, given.out)}", file=sys.stderr)


def guide_file(given: argparse.Namespace) -> tuple[pd.DataFrame, Any, pd.Series[str]]:
    """Read an XMLTV guide from a file, or with `-` from stdin: programmes, channels, names."""
    if given.end != GUIDE_END:
        raise KottError(f"The page of {given.start} shows all of it: leave out {given.end}.")
    if given.channels:
        raise KottError("--channels is for linear assets: leave it out for a file.")
    epg, channels, _ = audit.read_guide(Path(given.start))
    return epg, channels, channels.set_index("id")["name"]


def audit_all(given: argparse.Namespace) -> bool:
    """Audit a file, or what the partner has; return whether the command has to fail."""
    audit.check(given)
    rules = catalog.rules(given.rules)
    if given.table is not None:
        return audit.carry_out(audit.saved(given), rules, given)
    with login(given) as session:
        subject = audit.pulled(session, given)
    return audit.carry_out(subject, rules, given)


def snapshot(given: argparse.Namespace) -> None:
    """Save what the partner has now in a store, and list what was saved."""
    format = output.checked_format(given.format, given.out)
    tables = snapshots.check_snapshot(given)
    with login(given) as session:
        saved = snapshots.save(session, tables, given)
    print(output.write(saved, format, given.out, whole=True, safe=given.safe), file=sys.stderr)


def write_store(given: argparse.Namespace) -> None:
    """Write a table that is made of a store or of saved tables, without a login."""
    format = output.checked_format(given.format, given.out)
    if given.command == "sql":
        table = snapshots.answer(given)
    else:
        table = kott.snapshots(given.store, name=given.name)
    print(output.write(table, format, given.out, whole=True, safe=given.safe), file=sys.stderr)


def watch_once(given: argparse.Namespace) -> bool:
    """Make one run of `kott watch`; return whether the command has to fail."""
    watch.check(given)
    with login(given) as session:
        return watch.watch(session, given)


def demo(given: argparse.Namespace) -> None:
    """Go through every step on the demo partner, or serve it."""
    if not given.serve:
        trip.walk(given.out)
        return
    sizes = {name: getattr(given, name) for name in SIZES}
    trip.serve(
        given.port,
        given.faults,
        deployment=given.deployment,
        defects=not given.clean,
        guide=given.guide,
        **{name: size for name, size in sizes.items() if size is not None},
    )


def login(given: argparse.Namespace) -> kott.Session:
    """Log in as the command line says; to the demo partner with --demo."""
    if not given.demo:
        return kott.login(
            given.url,
            given.partner_id,
            username=given.username,
            anonymous=given.anonymous,
            profile=given.profile,
            language=given.language,
            user_id=given.user_id,
        )
    from kott_notebooks import demo as partner

    for name in ("url", "partner_id", "username", "profile"):
        if getattr(given, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise KottError(f"--demo has a partner and users of its own: leave out {option}.")
    return partner.login(
        user="anonymous" if given.anonymous else "operator",
        language=given.language,
        user_id=given.user_id,
    )


def check(given: argparse.Namespace) -> None:
    """Refuse before the login what argparse cannot see: arguments that do not fit each other."""
    if "start" in given:
        check_window(given)
    if given.command in ("listing", "plan") and getattr(given, "what", "") not in PLANNED:
        service = given.service if "service" in given else given.what
        check_list(service, getattr(given, "action", "list"))
    for name, _ in getattr(given, "argument", []):
        if name in OPTIONS:
            raise KottError(f"--argument {name}: that one has an option or a place of its own.")
    if getattr(given, "external_ids", None) and given.ids:
        raise KottError("Give the households' ids, or --external-ids, not both.")
    if unknown := [one for one in getattr(given, "kinds", []) if one not in LABELS]:
        raise KottError(f"KIND is one of {', '.join(LABELS)}; not {', '.join(unknown)}.")


def check_window(given: argparse.Namespace) -> None:
    """Refuse a window that ends before it starts."""
    start, end = (instant(one, tz=given.tz) for one in (given.start, given.end))
    if end <= start:
        raise KottError(f"The window ends at {end} and starts at {start}: give a later END.")


# The commands whose output is a table


def _epg(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    return kott.epg(
        session,
        given.start,
        given.end,
        tz=given.tz,
        channels=given.channels,
        ksql=given.ksql,
        fields=given.fields,
        limit=given.limit,
    )


def _listing(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    return kott.listing(
        session,
        given.service,
        given.action,
        filter=given.filter,
        fields=given.fields,
        limit=given.limit,
        pii=given.pii,
        **dict(given.argument),
    )


def _facets(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    labels = kott.labels(session, ["assetStruct"]) if "media_type_id" in given.by else None
    channels = kott.channels(session) if "linear_media_id" in given.by else None
    return kott.facets(session, given.by, given.ksql, labels=labels, channels=channels)


def _plan(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    if given.what == "epg":
        return kott.plan(session, "epg", given.start, given.end, tz=given.tz, ksql=given.ksql)
    filtered: dict[str, Any] = {"ksql": given.ksql} if given.what in ("asset", "assets") else {}
    return kott.plan(session, given.what, **filtered)


TABLES = {
    "assets": lambda session, given: kott.assets(
        session, given.ksql, fields=given.fields, limit=given.limit
    ),
    "epg": _epg,
    "channels": lambda session, given: kott.channels(session),
    "households": lambda session, given: kott.households(
        session, given.ids or None, external_ids=given.external_ids, pii=given.pii
    ),
    "listing": _listing,
    "labels": lambda session, given: kott.labels(session, *([given.kinds] if given.kinds else [])),
    "facets": _facets,
    "plan": _plan,
}


COMMANDS = (
    Command(
        "demo",
        "go through every step on a made-up partner",
        demo,
        (
            argument("--out", type=Path, default=Path("kott-demo"), help="pictures go here"),
            argument("--serve", action="store_true", help="serve the partner until Ctrl-C"),
            Group(
                "with --serve",
                "What the partner has, and how it behaves.",
                (
                    argument(
                        "--port", type=port, default=0, metavar="N", help="default: a free one"
                    ),
                    argument(
                        "--deployment",
                        choices=("strict", "roomy", "old"),
                        default="strict",
                        help="how much its server takes; default: strict",
                    ),
                    *(
                        argument(f"--{name}", type=whole(0), metavar="N", help=what)
                        for name, what in SIZES.items()
                    ),
                    argument("--clean", action="store_true", help="with nothing wrong in it"),
                    argument(
                        "--guide", type=Path, metavar="FILE", help="XMLTV, instead of its own guide"
                    ),
                    argument(
                        "--faults", metavar="LIST", help="how it fails: latency=0.2,error=0.05 ..."
                    ),
                ),
            ),
        ),
        ("kott demo", "kott demo --serve --port 8080 --faults latency=0.2,error=0.05"),
    ),
    Command(
        "lab",
        "open the notebooks in JupyterLab, on the demo partner; other options go to JupyterLab",
        lab.open_notebooks,
        (
            argument("--out", type=Path, default=Path("kott-lab"), help="the notebooks go here"),
            argument(
                "--own",
                action="store_true",
                help="on your own partner, as KOTT_* or a profile says",
            ),
            argument(
                "--profile",
                type=filled,
                metavar="NAME",
                help="with --own: a profile of kott/profiles.toml",
            ),
        ),
        ("kott lab", "kott lab --own --profile acceptance --no-browser"),
    ),
    Command(
        "run",
        "run a notebook against a partner, and write it as one page",
        books.run_notebook,
        (
            argument("notebook", metavar="NOTEBOOK", help="a file, or a name such as 01_catalogue"),
            argument(
                "-o",
                "--out",
                type=new_file(".html"),
                required=True,
                metavar="FILE.html",
                help="where the page goes",
            ),
            argument(
                "-p",
                "--parameter",
                type=pair,
                action="append",
                default=[],
                metavar="NAME=VALUE",
                help="a value for a name of its first code cell; VALUE is JSON, or text",
            ),
            argument("--code", action="store_true", help="show the code too"),
            *PARTNER,
        ),
        (
            "kott run 01_catalogue --out report.html",
            "kott run 02_schedule -p days=3 -p tz=Europe/Berlin --out guide.html --demo",
        ),
    ),
    Command(
        "gallery",
        "render notebooks as pages with an index; those without output are run first",
        books.gallery,
        (
            argument(
                "notebooks", nargs="*", metavar="PATH", help="files or folders; default: ours"
            ),
            argument(
                "-o", "--out", type=Path, required=True, metavar="FOLDER", help="the pages go here"
            ),
            *PARTNER,
        ),
        ("kott gallery -o site", "kott gallery my-notebooks -o site --profile acceptance"),
    ),
    Command(
        "whoami",
        "check the credentials and say whose they are",
        whoami,
        (LOGIN,),
        ("kott whoami", "kott whoami --demo"),
    ),
    Command(
        "assets",
        "list the catalogue's media, linear channels included",
        write_table,
        (KSQL, FIELDS, LIMIT, *TABLE, LOGIN),
        (
            "kott assets --out assets.parquet",
            """kott assets --ksql "(and Genre='Drama' Year>'2000')" --fields name,Year""",
            "kott assets --limit 20 --demo",
        ),
    ),
    Command(
        "epg",
        "list the programmes on air at some time in [START, END)",
        write_table,
        (*window(1), CHANNELS, KSQL, FIELDS, LIMIT, *TABLE, LOGIN),
        (
            "kott epg",
            "kott epg today today+7d --tz Europe/Berlin --format csv",
            "kott epg now now+2h --fields name,startDate,linearAssetId",
            "kott epg --out guide.xml",
        ),
    ),
    Command(
        "channels",
        "list the linear (TV) channels",
        write_table,
        (*TABLE, LOGIN),
        ("kott channels --format json",),
    ),
    Command(
        "households",
        "list households by their ids, or all that the server lists",
        write_table,
        (
            argument("ids", nargs="*", type=whole(0), metavar="ID", help="the households' ids"),
            argument("--external-ids", type=names, metavar="ID,ID", help="ids of your own records"),
            PII,
            *TABLE,
            LOGIN,
        ),
        ("kott households 20001 20002", "kott households 20001 --pii --format json"),
    ),
    Command(
        "listing",
        "list what any other list action lists",
        write_table,
        (
            argument(
                "service", metavar="SERVICE", help="such as region; `kott services` lists them"
            ),
            argument("action", nargs="?", default="list", metavar="ACTION", help="default: list"),
            argument("--filter", type=json_object, metavar="JSON", help="the filter object"),
            argument(
                "--argument",
                type=pair,
                action="append",
                default=[],
                metavar="NAME=VALUE",
                help="any other argument of the action; VALUE is JSON, or text",
            ),
            FIELDS,
            LIMIT,
            PII,
            *TABLE,
            LOGIN,
        ),
        (
            "kott listing region",
            "kott listing assetStruct --format json",
            """kott listing channel --filter '{"objectType": "KalturaChannelsFilter"}'""",
            "kott listing lineup get --argument pageIndex=1",
        ),
    ),
    Command(
        "labels",
        "name what tables hold as numbers: asset structs, metas, regions ...",
        write_table,
        (
            argument(
                "kinds", nargs="*", metavar="KIND", help="such as assetStruct, meta; default: all"
            ),
            *TABLE,
            LOGIN,
        ),
        ("kott labels", "kott labels region deviceBrand"),
    ),
    Command(
        "facets",
        "count assets by metas, tags or fields, on the server",
        write_table,
        (argument("by", nargs="+", metavar="NAME", help="such as Genre"), KSQL, *TABLE, LOGIN),
        ("kott facets Genre", """kott facets Genre --ksql "Year>'2000'" --format csv"""),
    ),
    Command(
        "plan",
        "say what a pull would take: windows, rows, requests, seconds",
        write_table,
        (
            argument("what", metavar="WHAT", help="assets, epg, or the service of another list"),
            *window(7),
            KSQL,
            *TABLE,
            LOGIN,
        ),
        ("kott plan assets", "kott plan epg today today+7d", "kott plan region"),
    ),
    Command(
        "services",
        "list every action that the API has",
        write_facts,
        TABLE,
        ("kott services", "kott services --format csv"),
    ),
    Command(
        "describe",
        "describe an action, a class or an enum of the API",
        write_facts,
        (argument("name", metavar="NAME", help="such as asset.list or KalturaMediaAsset"), *TABLE),
        (
            "kott describe asset.list",
            "kott describe KalturaMediaAsset",
            "kott describe KalturaAssetOrderBy",
        ),
    ),
    Command(
        "guide",
        "write the TV guide of [START, END), or of an XMLTV file, as one HTML page",
        guide,
        (
            *window(7, or_file=True),
            CHANNELS,
            argument("-o", "--out", type=new_file(), metavar="FILE", help="default: stdout"),
            LOGIN,
        ),
        (
            "kott guide -o guide.html",
            "kott guide today today+1d --tz Europe/Berlin -o today.html",
            "kott guide guide.xml.gz -o guide.html  # a file; - reads stdin",
        ),
    ),
    Command(
        "audit",
        "find what is wrong with the catalogue, or a guide",
        audit_all,
        (*audit.ARGUMENTS, LOGIN),
        (
            "kott audit  # 1: there are errors",
            "kott audit --out audit.html --out audit.xlsx  # 1: for those who mend",
            "kott audit --write-waivers rules.toml  # 1: what is known is waived for 90 days",
            "kott audit --rules rules.toml  # 0, until something new is found",
            "kott audit assets.parquet --fail-on never  # a saved table",
            "kott audit guide.xml.gz --fail-on never  # a guide in XMLTV; - reads stdin",
            "kott audit --schedule --tz Europe/Berlin  # 1: the partner's guide of a week",
        ),
    ),
    Command(
        "snapshot",
        "save tables of what the partner has now in a store",
        snapshot,
        (
            snapshots.NEW_STORE,
            argument(
                "tables",
                nargs="*",
                metavar="TABLE",
                help=f"of {', '.join(snapshots.PULLS)}; default: assets",
            ),
            KSQL,
            snapshots.DAYS,
            TZ,
            argument("--by", choices=("day", "channel"), help="how the files of epg are split"),
            *TABLE,
            LOGIN,
        ),
        ("kott snapshot kott-store", "kott snapshot kott-store epg --days 2 --by day"),
    ),
    Command(
        "snapshots",
        "list the snapshots of a store",
        write_store,
        (snapshots.STORE, snapshots.NAME, *TABLE),
        ("kott snapshots kott-store", "kott snapshots kott-store --name epg --format json"),
    ),
    Command(
        "diff",
        "compare two saved tables, or two snapshots of a store",
        snapshots.diff,
        (*snapshots.DIFF, *TABLE),
        (
            "kott diff newest now --store kott-store --name assets",
            "kott diff assets.parquet assets.parquet --fail-on removed,changed",
        ),
    ),
    Command(
        "sql",
        "ask a store, or saved tables, in SQL (DuckDB)",
        write_store,
        (
            argument("query", metavar="QUERY", help='SQL: select "tags.Genre" from assets'),
            argument(
                "source",
                nargs="+",
                metavar="SOURCE",
                help="a store, or saved tables, which the query calls by the names of their files",
            ),
            *TABLE,
        ),
        (
            'kott sql "select type, count(*) n from assets group by type" kott-store',
            'kott sql "select name from assets limit 3" assets.parquet',
        ),
    ),
    Command(
        "watch",
        "make one run for cron or CI: snapshot, audit, comparison, page, message to a webhook",
        watch_once,
        (*watch.ARGUMENTS, LOGIN),
        (
            "kott watch kott-watch --out watch.html",
            "kott watch kott-watch --fail-on 'image.* > 2 %'  # 0: nothing new since the first run",
        ),
    ),
)
