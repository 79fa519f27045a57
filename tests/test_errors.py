"""Errors say what to do next, and carry what a caller needs."""

from __future__ import annotations

import pickle

import pytest

from kott_notebooks import errors, schema


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
