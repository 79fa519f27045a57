"""Errors say what to do next, and carry what a caller needs."""

from __future__ import annotations

import linecache
import math
import pickle
import re
import traceback
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import demo, errors, schema
from kott_notebooks.session import retries


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        ("1011", errors.LoginError, "WrongPasswordOrUserName"),
        ("2015", errors.LoginError, "InsideLockTime"),
        ("500008", errors.LoginError, "PartnerInvalid"),
        ("500016", errors.SessionExpired, "ExpiredKS"),
        ("500004", errors.Forbidden, "ServiceForbidden"),
        ("4004", errors.KsqlError, "SyntaxError"),
        ("4005", errors.KsqlError, "InvalidSearchField"),
        ("500096", errors.RateLimited, "RateLimitExceeded"),
        ("1", errors.ApiError, "Error"),
        ("1012", errors.ApiError, "DomainAlreadySuspended"),
        ("77777777", errors.ApiError, "unknown"),
    ],
)
def test_a_code_has_its_class_and_name(code: str, kind: type[errors.ApiError], name: str) -> None:
    """A caller can tell what to do by the class; the schema gives the name."""
    error = errors.api_error(code)
    assert type(error) is kind
    assert error.name == name


def test_the_message_is_one_line() -> None:
    """Whatever the server wrote."""
    error = errors.api_error("4004", "Bad\n  syntax.", action="asset.list")
    assert str(error).startswith("asset.list: Bad syntax [4004 SyntaxError]. Check the filter")
    assert "\n" not in str(error)


def test_an_api_error_survives_a_pickle() -> None:
    """Worker processes hand errors back."""
    error = errors.api_error("1006", "none", {"id": "5"}, action="household.get")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.arguments) == (type(error), str(error), {"id": "5"})


@pytest.mark.parametrize("value", [3, 3.0, np.int32(3), np.float64(3)])
def test_a_whole_number_may_be_of_any_library(value: Any) -> None:
    """A number out of a table is as good as one of Python."""
    assert errors.whole_number("limit", value) == 3


@pytest.mark.parametrize(
    "value",
    [True, 2.5, math.nan, math.inf, "3", None, [3], pd.NA, np.True_, np.timedelta64(3, "D")],
)
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    """The message has the argument's name and the value."""
    with pytest.raises(errors.KottError, match="limit must be a whole number, not "):
        errors.whole_number("limit", value)


def test_an_interrupt_is_a_keyboard_interrupt_too() -> None:
    """What stops on Ctrl-C elsewhere stops on ours."""
    with pytest.raises(KeyboardInterrupt):
        raise errors.Interrupted("stopped", partial=[1])


def test_nothing_to_resume_says_so() -> None:
    """An error without a way on tells to start again."""
    with pytest.raises(errors.KottError, match="call the listing again"):
        errors.IncompleteError("short").resume()


@pytest.mark.parametrize("code", ["1009", "1001", "1014", "1016", "1019", "1021", "1022", "2019"])
def test_codes_of_households_and_devices_have_a_hint(code: str) -> None:
    """One that says where to look or what must happen first; the code's name is beside it."""
    error = errors.api_error(code, "Refused", {}, action="household.get")
    assert str(error).startswith(f"household.get: Refused [{code} {schema.error_name(code)}]. ")
    assert len(error.hint) > 20


def test_every_hint_is_of_a_code_that_the_schema_knows() -> None:
    """And is a sentence."""
    for code, hint in errors.HINTS.items():
        assert schema.error_name(code)
        assert hint.endswith((".", "!"))


# What a notebook shows


def raised(cell: str, **names: Any) -> errors.KottError:
    """Run a cell as a notebook does, and give the error that it ends in."""
    name = f"<cell {hash(cell)}>"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    with pytest.raises(errors.KottError) as caught:
        exec(compile(cell, name, "exec"), {"__name__": "__main__", "kott": kott, **names})
    return caught.value


def test_a_notebook_shows_the_line_the_message_and_what_to_do() -> None:
    """A slip in a filter takes five lines."""
    session = demo.login(assets=50, channels=2, days=2, households=5)
    cell = "limit = 3\nkott.assets(session, \"(and name~'x'\", limit=limit)\n"
    shown = raised(cell, session=session)._render_traceback_()
    assert shown[0] == "----> 2 kott.assets(session, \"(and name~'x'\", limit=limit)"
    assert shown[2].startswith("KsqlError: asset.list: ")
    assert shown[2].endswith("[4004 SyntaxError].")
    assert shown[3].startswith("Check the filter's syntax: kott.ksql.check(text)")
    assert len("\n".join(shown).splitlines()) < 15


@pytest.mark.parametrize(
    "cell",
    [
        "kott.login(URL, 1, username='ann', password='canary')",
        "pw = 'canary'; kott.login(URL, 1, username='ann', password=pw)  # canary",
        "kott.login(URL, 1, pin=7777777)",
        "kott.login(URL, 1, app_token=('id', \"canary\"))",
        'kott.login(URL, 1, username=\'ann\', password="""canary\ncanary""")',
        "kott.login(URL, 1, username='ann', password=f'can{\"ary\"}')",
        "def enter(word):\n    kott.login(URL, 1, username='a', password=word)\nenter('canary')",
        "session.call('ottUser', 'login', partnerId=1, username='ann', password='canary')",
        "session.call('ottUser', 'setInitialPassword', partnerId=1, **{'token': 'canary'})",
    ],
)
def test_the_line_that_a_notebook_shows_has_no_secret(
    cell: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever in a login the password stands; other words of the line stay."""
    monkeypatch.setattr(retries, "pause", lambda seconds: None)
    session = demo.login(assets=50, channels=2, days=2, households=5)
    shown = "\n".join(raised(cell, session=session, URL="http://127.0.0.1:9")._render_traceback_())
    assert "----> " in shown
    assert "canary" not in shown
    assert "7777777" not in shown


def test_full_tracebacks_show_every_frame() -> None:
    """Until they are turned off again."""
    session = demo.login(assets=50, channels=2, days=2, households=5)
    error = raised("kott.assets(session, '(and')", session=session)
    few = error._render_traceback_()
    kott.full_tracebacks()
    try:
        assert len(error._render_traceback_()) > len(few)
        assert "gathering.py" in "".join(error._render_traceback_())
    finally:
        kott.full_tracebacks(False)
    assert error._render_traceback_() == few


def test_a_server_s_escape_codes_reach_no_message() -> None:
    """Nor its control characters: a terminal would obey them."""
    said = "no\x1b]0;title\x07 \x1b[31mred\x1b[0m \x9b1m \u202egnorw\x00"
    error = errors.api_error("1\x1b[2J", said, {"a\x07": "b\x1b[1m"})
    for text in (
        str(error),
        error.message,
        error.code,
        *error.arguments,
        *error.arguments.values(),
    ):
        assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", text)
    assert error.message.split() == ["no", "red", "1m", "gnorw"]
    assert "\x1b" not in str(errors.KottError(f"This partner has {said}."))


# What leaves a session


def test_what_leaves_a_sealed_block_has_cleared_frames() -> None:
    """Of the whole chain, and whatever its class: no cause, no context."""

    def inner(secret: str) -> None:
        raise KeyError(len(secret))

    def outer(secret: str) -> None:
        try:
            inner(secret)
        except KeyError as error:
            raise KeyboardInterrupt from error

    with pytest.raises(KeyboardInterrupt) as caught, errors.sealed():
        outer("canary")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "secret = " not in "".join(shown.format())


def test_debugging_leaves_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """KOTT_DEBUG=1 is for those who know what they show."""
    monkeypatch.setenv("KOTT_DEBUG", "1")
    with pytest.raises(errors.KottError) as caught, errors.sealed():
        raise errors.KottError("b") from KeyError("a")
    assert isinstance(caught.value.__cause__, KeyError)
