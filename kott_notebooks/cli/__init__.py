"""The `kott` command: data on stdout, words on stderr, an exit status that says what happened.

0 done, 1 an audit found what it is to fail on, 2 used wrongly, 3 not logged in, 4 no reply or a
refusal, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import kott_notebooks as kott
from kott_notebooks import catalog
from kott_notebooks.cli import audit, lab, output, trip
from kott_notebooks.errors import (
    ApiError,
    CredentialsError,
    IncompleteError,
    KottError,
    LoginError,
    SessionExpired,
    TransportError,
)

DONE, FOUND, USAGE, LOGIN, SERVICE, STOPPED = 0, 1, 2, 3, 4, 130

SIZES = ("assets", "channels", "days", "households", "seed")  # of the demo partner
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
LISTS = {
    "assets": "the catalogue's media, linear channels included",
    "epg": "the programmes on air at some time in [START, END)",
    "channels": "the linear (TV) channels",
    "households": "households by their ids, or all that the server lists",
    "listing": "what any other list action lists",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments, rest = parser().parse_known_args(argv)
    if rest and arguments.command != "lab":
        parser().error(f"unrecognized arguments: {' '.join(rest)}")
    arguments.rest = rest
    with _warnings_on_one_line():
        return _status(arguments)


def _status(arguments: argparse.Namespace) -> int:
    try:
        failing = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _told("stopped", STOPPED)
    except BrokenPipeError:  # the reader has seen enough: `kott assets | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _told(f"{where}{error.strerror or error}", USAGE)
    except (CredentialsError, LoginError, SessionExpired) as error:
        return _told(error, LOGIN)
    except (ApiError, TransportError, IncompleteError) as error:
        return _told(error, SERVICE)
    except KottError as error:
        return _told(error, USAGE)
    else:
        return FOUND if failing else DONE
    return DONE


def _told(what: object, status: int) -> int:
    print(f"kott: {' '.join(str(what).split())}", file=sys.stderr)
    return status


@contextlib.contextmanager
def _warnings_on_one_line() -> Iterator[None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        _told(f"warning: {message}", DONE)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


# The commands


def parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="kott",
        description="Kaltura OTT Backend lists as complete tables.",
        epilog="Exit status: 0 done, 1 an audit found what it is to fail on, 2 used wrongly, "
        "3 not logged in, 4 no reply or a refusal.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"kott {kott.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(commands)
    _add_lab(commands)
    _add(commands, "whoami", "check the credentials and say whose they are", whoami)
    for name, what in LISTS.items():
        _add_list(commands, name, what)
    _add_guide(commands)
    _add_audit(commands)
    return top


def _add(commands: Any, name: str, what: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=f"kott {name}: {what}.", allow_abbrev=False
    )
    command.set_defaults(run=run)
    if run not in (demo, lab.open_notebooks):
        _add_login(command)
    return command


def _add_demo(commands: Any) -> None:
    command = _add(commands, "demo", "walk the whole trip on a made-up partner", demo)
    command.add_argument("--out", type=Path, default=Path("kott-demo"), help="pictures go here")
    command.add_argument("--serve", action="store_true", help="serve the partner until Ctrl-C")
    group = command.add_argument_group("with --serve", "What the partner has, and how it behaves.")
    group.add_argument("--port", type=int, default=0, help="default: a free one")
    group.add_argument("--deployment", choices=("strict", "roomy", "old"), default="strict")
    for name in SIZES:
        group.add_argument(f"--{name}", type=int, metavar="N")
    group.add_argument("--clean", action="store_true", help="with nothing wrong in it")
    group.add_argument("--guide", type=Path, metavar="FILE", help="XMLTV, instead of its own guide")
    group.add_argument("--faults", metavar="LIST", help="a bad day: latency=0.2,error=0.05 ...")


def _add_lab(commands: Any) -> None:
    command = _add(
        commands,
        "lab",
        "open the notebooks in JupyterLab, on the demo partner; "
        "other options are handed on to JupyterLab",
        lab.open_notebooks,
    )
    command.add_argument("--out", type=Path, default=Path("kott-lab"), help="the notebooks go here")
    command.add_argument("--own", action="store_true", help="on your own partner, as KOTT_* says")


def _add_login(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group(
        "who asks",
        "What is not given comes from KOTT_* or a profile; the password never from here.",
    )
    group.add_argument("--url")
    group.add_argument("--partner-id", type=int, metavar="N")
    group.add_argument("--username")
    group.add_argument("--anonymous", action="store_true", help="log in as nobody in particular")
    group.add_argument("--profile", help="a profile of kott/profiles.toml")
    group.add_argument("--language", metavar="CODE", help="such as eng; * for all")
    group.add_argument("--user-id", metavar="ID", help="act for this user")
    group.add_argument("--demo", action="store_true", help="ask the made-up partner instead")


def _add_list(commands: Any, name: str, what: str) -> None:
    command = _add(commands, name, f"list {what}", list_table)
    own = {
        "assets": [_add_narrowing],
        "epg": [_add_window, _add_narrowing],
        "channels": [],
        "households": [_add_households],
        "listing": [_add_listing],
    }
    for add in own[name]:
        add(command)
    command.add_argument("--format", choices=output.FORMATS, help="default: --out's suffix, table")
    command.add_argument("--out", type=Path, metavar="FILE", help="default: stdout")


def _add_guide(commands: Any) -> None:
    command = _add(commands, "guide", "write the TV guide of [START, END) as one HTML page", guide)
    _add_window(command, days=7)
    command.add_argument("-o", "--out", type=Path, metavar="FILE", help="default: stdout")


def _add_audit(commands: Any) -> None:
    command = _add(commands, "audit", "find what is wrong with the catalogue", audit_assets)
    audit.add_arguments(command)


def _add_narrowing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--ksql", default="", help="a filter: (and Genre='Drama' Year>'2000')")
    command.add_argument("--fields", type=_names, metavar="A,B", help="only these columns")
    command.add_argument("--limit", type=int, metavar="N", help="stop after N rows")


def _add_window(command: argparse.ArgumentParser, days: int = 1) -> None:
    command.add_argument("start", nargs="?", default="today", help="ISO text, now, today 20:00 ...")
    until = f"today+{days}d"
    command.add_argument("end", nargs="?", default=until, help=f"default: {until}; not in it")
    command.add_argument("--tz", help="zone of local times and days, default: KOTT_TZ, else UTC")
    command.add_argument("--channels", type=_names, metavar="ID,ID", help="of linear assets")


def _add_households(command: argparse.ArgumentParser) -> None:
    command.add_argument("ids", nargs="*", type=int, metavar="ID")
    command.add_argument("--external-ids", type=_names, metavar="ID,ID")
    command.add_argument("--pii", action="store_true", help="personal data as it is, not hashed")


def _add_listing(command: argparse.ArgumentParser) -> None:
    command.add_argument("service", help="such as region: kott.services() lists them")
    command.add_argument("action", nargs="?", default="list")
    command.add_argument("--filter", type=_object, metavar="JSON", help="the filter object")
    command.add_argument(
        "--argument", type=_pair, action="append", default=[], metavar="NAME=VALUE",
        help="any other argument of the action; VALUE is JSON, or text",
    )  # fmt: skip
    command.add_argument("--fields", type=_names, metavar="A,B", help="only these columns")
    command.add_argument("--limit", type=int, metavar="N", help="stop after N rows")
    command.add_argument("--pii", action="store_true", help="personal data as it is, not hashed")


def _names(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError('not an object: write {"nameEqual": "..."}')
    return found


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


# What they do


def demo(arguments: argparse.Namespace) -> None:
    """Walk the trip on the demo partner, or serve it."""
    if arguments.serve:
        sizes = {name: getattr(arguments, name) for name in SIZES}
        trip.serve(
            arguments.port,
            arguments.faults,
            deployment=arguments.deployment,
            defects=not arguments.clean,
            guide=arguments.guide,
            **{name: size for name, size in sizes.items() if size is not None},
        )
    else:
        trip.walk(arguments.out)


def whoami(arguments: argparse.Namespace) -> None:
    """Print who the credentials let in, one fact a line."""
    session = login(arguments)
    with session:  # logged out; a ready ks is somebody else's to end
        who = session.whoami()
    width = max(map(len, who))
    for name, value in who.items():
        print(f"{name:{width}}  {'' if value is None else value}")


def list_table(arguments: argparse.Namespace) -> None:
    """List, write the table, and say on stderr how much came."""
    session = login(arguments)
    with session:
        table = _LISTED[arguments.command](session, arguments)
        channels = _channels_of(session, arguments)
    whole = bool(getattr(arguments, "fields", None))
    said = output.write(table, arguments.format, arguments.out, whole=whole, channels=channels)
    print(said, file=sys.stderr)


def guide(arguments: argparse.Namespace) -> None:
    """Write the guide as a page, and say on stderr what is in it."""
    session = login(arguments)
    with session:
        channels = kott.channels(session)
        wanted = arguments.channels or channels
        epg = kott.epg(session, arguments.start, arguments.end, tz=arguments.tz, channels=wanted)
    names = channels.set_index("id")["name"]
    page = kott.guide(epg, wanted, tz=arguments.tz, names=names)
    print(f"{len(epg):,} programmes, {output.write_page(page, arguments.out)}", file=sys.stderr)


def _channels_of(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame | None:
    """List the channels that a guide names: those asked for, or all."""
    if given.command != "epg" or output.chosen_format(given.format, given.out) != "xmltv":
        return None
    channels = kott.channels(session)
    return (
        channels[channels["id"].astype("str").isin(given.channels)] if given.channels else channels
    )


def audit_assets(arguments: argparse.Namespace) -> bool:
    """Audit a saved table, or the partner's assets; say whether there is what is to fail on."""
    rules = catalog.rules(arguments.rules)
    if arguments.table is not None:
        return audit.told(audit.read(arguments), None, None, rules, arguments)
    session = login(arguments)
    with session:
        tables = audit.pulled(session, arguments)
    return audit.told(*tables, rules, arguments)


def login(arguments: argparse.Namespace) -> kott.Session:
    """Log in as the command line says; to the demo partner with --demo."""
    if arguments.demo:
        return _demo_login(arguments)
    return kott.login(
        arguments.url,
        arguments.partner_id,
        username=arguments.username,
        anonymous=arguments.anonymous,
        profile=arguments.profile,
        language=arguments.language,
        user_id=arguments.user_id,
    )


def _demo_login(arguments: argparse.Namespace) -> kott.Session:
    from kott_notebooks import demo as partner

    elsewhere = [
        f"--{name.replace('_', '-')}"
        for name in ("url", "partner_id", "username", "profile")
        if getattr(arguments, name)
    ]
    if elsewhere:
        raise KottError(f"--demo has a partner and users of its own: leave out {elsewhere[0]}.")
    return partner.login(
        user="anonymous" if arguments.anonymous else "operator",
        language=arguments.language,
        user_id=arguments.user_id,
    )


def _assets(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    return kott.assets(session, given.ksql, fields=given.fields, limit=given.limit)


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


def _households(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    return kott.households(
        session, given.ids or None, external_ids=given.external_ids, pii=given.pii
    )


def _listing(session: kott.Session, given: argparse.Namespace) -> pd.DataFrame:
    taken = [name for name, _ in given.argument if name in OPTIONS]
    if taken:
        raise KottError(f"--argument {taken[0]}: that one has an option or a place of its own.")
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


_LISTED = {
    "assets": _assets,
    "epg": _epg,
    "channels": lambda session, given: kott.channels(session),
    "households": _households,
    "listing": _listing,
}
