"""The `kott` command: data on stdout, words on stderr, an exit status that says what happened.

0 done, 1 there is what --fail-on names, 2 used wrongly (or a file cannot be read or written),
3 not logged in, 4 no reply, a refusal or an incomplete list, 130 stopped by Ctrl-C, 141 the reader
of stdout has closed it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import NoReturn

import kott_notebooks as kott
from kott_notebooks.cli.arguments import parser
from kott_notebooks.cli.commands import COMMANDS
from kott_notebooks.errors import (
    ApiError,
    CredentialsError,
    IncompleteError,
    KottError,
    LoginError,
    SessionExpired,
    TransportError,
)
from kott_notebooks.session.credentials import SECRETS

__all__ = [
    "CLOSED", "DONE", "FAILED", "LOGIN", "SERVICE", "STATUSES", "STOPPED", "USAGE",
    "in_command_words", "main",
]  # fmt: skip

STOP_SECONDS = 0.7  # that a command has to end by itself after Ctrl-C
DONE, FAILED, USAGE, LOGIN, SERVICE, STOPPED, CLOSED = 0, 1, 2, 3, 4, 130, 141
STATUSES = (
    "exit status: 0 done, 1 there is what --fail-on names, 2 used wrongly, "
    "3 not logged in, 4 no reply, a refusal or an incomplete list, 130 stopped, 141 stdout closed"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    with _plain_streams(), _warnings_on_one_line():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    try:
        _check_no_secret(sys.argv[1:] if argv is None else argv)
        arguments, rest = parser(COMMANDS, kott.__version__, STATUSES).parse_known_args(argv)
        if rest and arguments.command != "lab":
            raise KottError(
                f"unrecognized arguments: {' '.join(rest)}. "
                f"`kott {arguments.command} --help` lists what there is."
            )
        arguments.rest = rest
        with _quick_stop(as_process=argv is None and arguments.command != "lab"):
            failing = arguments.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _say("stopped", STOPPED)
    except BrokenPipeError:  # the reader has seen enough: `kott assets | head`
        _discard_stdout()
        return CLOSED
    except OSError as error:
        _discard_stdout()
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror or error}", USAGE)
    except EOFError:
        return _say("nothing was typed at the prompt: not logged in", LOGIN)
    except (CredentialsError, LoginError, SessionExpired) as error:
        return _say(error, LOGIN)
    except (ApiError, TransportError, IncompleteError) as error:
        return _say(error, SERVICE)
    except KottError as error:
        return _say(error, USAGE)
    return FAILED if failing else DONE


def _check_no_secret(argv: Sequence[str]) -> None:
    """Refuse a secret on the command line, and do not repeat it."""
    for one in argv:
        option = one.partition("=")[0]
        name = option.removeprefix("--").replace("-", "_")
        if option.startswith("--") and name in SECRETS:
            raise KottError(
                f"{option}: other users can read a command line, and logs keep it: "
                f"set KOTT_{name.upper()}."
            )


@contextlib.contextmanager
def _quick_stop(*, as_process: bool) -> Iterator[None]:
    """End the process soon after Ctrl-C, even where Python cannot handle the signal at once.

    The first press interrupts the command, further ones do nothing. The signal also wakes a thread,
    which ends the process if it is still running STOP_SECONDS later.
    """
    if not as_process:
        yield
        return
    over = threading.Event()
    woken, signalled = socket.socketpair()
    signalled.setblocking(False)

    def watch() -> None:
        while (numbers := woken.recv(1)) and numbers[0] != signal.SIGINT:
            pass
        if numbers and not over.wait(STOP_SECONDS):
            os.write(2, b"kott: stopped\n")
            os._exit(STOPPED)

    def press(*_: object) -> NoReturn:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    watcher = threading.Thread(target=watch, name="kott-stop", daemon=True)
    watcher.start()
    signal.signal(signal.SIGINT, press)
    before = signal.set_wakeup_fd(signalled.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        signalled.close()
        watcher.join()
        woken.close()


def _say(what: object, status: int) -> int:
    """Write a message on one line of stderr, without control characters, in the command's words.

    Where nobody can read it, the status alone says what happened.
    """
    text = "".join(one if one.isprintable() else " " for one in in_command_words(str(what)))
    with contextlib.suppress(OSError):
        print(f"kott: {' '.join(text.split())}", file=sys.stderr)
    return status


_WORDS = [  # a remedy in Python -> what to type instead
    (r"\.partial holds the others, as missing='skip' returns", "The others were written"),
    (r"kott\.(services|labels|whoami)\((?:session)?\)", r"`kott \1`"),
    (r"kott\.describe\(['\"]([\w.]+)['\"]\)", r"`kott describe \1`"),
    (r"kott\.assets\(session, \"(.*?)\"\)", r'`kott assets --ksql "\1"`'),
    (r"kott\.listing\(session, '(\w+)'(?:, '(\w+)')?\)", r"`kott listing \1 \2`"),
    (r"kott\.household_(user|device)s\b", r"`kott listing household\1`"),
    (r"\budid=(?![\w'\"])", "a udid"),
    (r"(?:with )?kott_notebooks\.demo\.login\(\)", "`kott demo`"),
    (r": kott\.ksql\.check\(text\)[^.]*", ""),
    (r"(?:call )?kott\.login\(\)( again)?", r"run the command\1"),
    (r" and call kott\.login\(ks=\.\.\.\) with it", " and set KOTT_KS to it"),
    (r"session\.unfinished\[-1\]\.resume\(\) goes on", "run the command again"),
    (r"log in with anonymous=True", "give --anonymous"),
    (r"\bgive (?:password|pin|ks|app_token|refresh_token)=, ", ""),
    (r"\b(ksql|fields|limit|name|tz|profile|username|url|language|channels)=(?![\w'\"])", r"--\1"),
    (r"\b(partner|user)_id=(?![\w'\"])", r"--\1-id"),
    (r"\bexternal_ids=(?![\w'\"])", "--external-ids"),
    (r"\bids=(?![\w'\"])", "ids"),
    (r"\bfilter=", "--filter "),
]


def in_command_words(text: str) -> str:
    """Return a message whose remedies are those of the command line, and not of Python."""
    for python, command in _WORDS:
        text = re.sub(python, command, text)
    return text


@contextlib.contextmanager
def _plain_streams() -> Iterator[None]:
    """Write UTF-8 with line feeds on every system; discard stderr where it is closed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    if sys.stderr is not None:
        yield
        return
    with (
        open(os.devnull, "w", encoding="utf-8") as discarded,
        contextlib.redirect_stderr(discarded),
    ):
        yield


def _discard_stdout() -> None:
    """Stop writing to a closed stdout, also when Python ends."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _warnings_on_one_line() -> Iterator[None]:
    def show(message: Warning | str, *_: object, **__: object) -> None:
        _say(f"warning: {message}", DONE)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
