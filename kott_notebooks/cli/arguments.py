"""The arguments of the command line: each is declared once, and checked before any login."""

from __future__ import annotations

import argparse
import errno
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from kott_notebooks.errors import KottError
from kott_notebooks.times import instant, zone


class Argument(NamedTuple):
    """One argument, as argparse takes it."""

    names: tuple[str, ...]
    options: dict[str, Any]


class Group(NamedTuple):
    """Arguments that the help shows under a title of their own."""

    title: str
    description: str
    arguments: tuple[Argument, ...]


class Command(NamedTuple):
    """One command: its name, what it does, what it takes, and lines that can be typed as shown."""

    name: str
    summary: str
    run: Callable[[argparse.Namespace], bool | None]
    arguments: tuple[Argument | Group, ...]
    examples: tuple[str, ...] = ()


class UsageError(KottError):
    """The command line cannot be parsed."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise what the command shows as one line, with exit status 2."""
        raise UsageError(f"{message.rstrip('.')}. `{self.prog} --help` lists what there is.")


def parser(commands: Iterable[Command], version: str, epilog: str) -> Parser:
    """Build the parser of the whole command line."""
    top = Parser(
        prog="kott",
        description="Kaltura OTT Backend lists as complete tables.",
        epilog=epilog,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"kott {version}")
    subparsers = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands:
        one = subparsers.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary[0].upper()}{command.summary[1:]}.",
            epilog="\n".join(["examples:", *(f"  {line}" for line in command.examples)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        one.set_defaults(run=command.run)
        for argument in command.arguments:
            place: Any = one
            if isinstance(argument, Group):
                place = one.add_argument_group(argument.title, argument.description)
            own = argument.arguments if isinstance(argument, Group) else (argument,)
            for names, options in own:
                place.add_argument(*names, **options)
    return top


def argument(*names: str, **options: Any) -> Argument:
    """Declare an argument; names and options are those of `add_argument`."""
    return Argument(names, options)


# The types of arguments; each raises ArgumentTypeError, to which argparse adds the argument's name


def checked(read: Callable[[str], Any]) -> Callable[[str], str]:
    """Return a type that checks a text by reading it, and leaves it as it is."""

    def text(value: str) -> str:
        try:
            read(value)
        except KottError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
        return value

    return text


def filled(text: str) -> str:
    """Read a text that is not empty: a shell variable that is not set gives an empty one."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: give a value, or leave the option out")
    return text


def whole(least: int) -> Callable[[str], int]:
    """Return the type of whole numbers that are at least `least`."""

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value < 2**63:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return value

    return number


def port(text: str) -> int:
    """Read the number of a port."""
    number = whole(0)(text)
    if number >= 2**16:
        raise argparse.ArgumentTypeError(f"--port is a number below {2**16:,}, not {number}")
    return number


def names(text: str) -> list[str]:
    """Read names, or ids, between commas."""
    words = [one.strip() for one in text.split(",") if one.strip()]
    if not words:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing: write A,B")
    return words


def ids(text: str) -> list[int]:
    """Read ids between commas."""
    return [whole(0)(one) for one in names(text)]


def json_object(text: str) -> dict[str, Any]:
    """Read a JSON object."""
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('not an object: write {"nameEqual": "..."}')
    return value


def pair(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE; the value is JSON, or text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        return name, value


def new_file(*suffixes: str) -> Callable[[str], Path]:
    """Return the type of files that can be written, with one of these suffixes if any are given."""

    def path(text: str) -> Path:
        file = Path(text)
        if suffixes and file.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} should end in {', '.join(suffixes)}")
        wrong = 0
        if "\0" in text or not file.parent.is_dir():
            wrong = errno.ENOENT
        elif file.is_dir():
            wrong = errno.EISDIR
        elif not os.access(file if file.exists() else file.parent, os.W_OK):
            wrong = errno.EACCES
        if wrong:
            raise argparse.ArgumentTypeError(f"{text}: {os.strerror(wrong)}")
        return file

    return path


def new_store(text: str) -> str:
    """Read the place of a store that can be written: a folder, or an address, taken as it is."""
    place = Path(os.path.expanduser(text)).absolute()
    above = next(one for one in (place, *place.parents) if one.exists())
    if "://" not in text and not (above.is_dir() and os.access(above, os.W_OK)):
        wrong = errno.EACCES if above.is_dir() else errno.ENOTDIR
        raise argparse.ArgumentTypeError(f"{text}: {os.strerror(wrong)}")
    return text


# Arguments that several commands take

KSQL = argument("--ksql", metavar="FILTER", help="which assets: (and Genre='Drama' Year>'2000')")
FIELDS = argument("--fields", type=names, metavar="A,B", help="only these columns: name,Genre")
LIMIT = argument("--limit", type=whole(0), metavar="N", help="stop after N rows")
PII = argument("--pii", action="store_true", help="personal data as it is, not hashed")
TZ = argument(
    "--tz", type=checked(zone), metavar="ZONE",
    help="zone of local times and days, such as Europe/Berlin; default: KOTT_TZ, else UTC",
)  # fmt: skip
CHANNELS = argument("--channels", type=ids, metavar="ID,ID", help="ids of linear assets")
SAFE = argument(
    "--safe", action="store_true", help="CSV for a spreadsheet: no cell is run as a formula"
)
PROFILE = argument("--profile", type=filled, metavar="NAME", help="a profile of kott/profiles.toml")
LOGIN = Group(
    "who asks",
    "What is not given comes from KOTT_* or a profile; the password never from here.",
    (
        argument("--url", type=filled, help="the server's address: https://HOST"),
        argument("--partner-id", type=whole(0), metavar="N", help="the partner's number"),
        argument("--username", type=filled, metavar="NAME", help="who logs in"),
        argument("--anonymous", action="store_true", help="log in without a user"),
        PROFILE,
        argument("--language", type=filled, metavar="CODE", help="such as eng; * for all"),
        argument("--user-id", type=filled, metavar="ID", help="act for this user"),
        argument("--demo", action="store_true", help="ask the made-up partner instead"),
    ),
)


def window(days: int, *, or_file: bool = False) -> tuple[Argument, ...]:
    """Declare the two ends of a window of time, and the zone that they are read in.

    With `or_file`, a file, or `-` for stdin, may be given instead of the start.
    """
    end = f"today+{days}d"
    time: Callable[[str], str] = checked(instant)

    def start(text: str) -> str:
        is_file = or_file and (text == "-" or Path(text).is_file())
        return text if is_file else time(text)

    return (
        argument(
            "start", nargs="?", default="today", type=start, metavar="START",
            help="ISO text, now, today, tomorrow, 'today 20:00', today+7d ...; default: today",
        ),
        argument(
            "end", nargs="?", default=end, type=time, metavar="END",
            help=f"the first moment after the window; default: {end}",
        ),
        TZ,
    )  # fmt: skip


def table_arguments(formats: Sequence[str]) -> tuple[Argument, ...]:
    """Declare where a table goes, and in which form."""
    return (
        argument("--format", choices=formats, help="default: by the suffix of --out, else table"),
        argument("--out", type=new_file(), metavar="FILE", help="default: stdout"),
        SAFE,
    )
