"""What holds a secret shows it nowhere."""

from __future__ import annotations

import copy
import json
import math
import pickle
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kott_notebooks.api import bodies
from kott_notebooks.api.secrets import Body, Secret, concealed, masked, secrets_in
from kott_notebooks.errors import CredentialsError


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{:>12}".format, "%s".__mod__])
def test_a_secret_shows_stars(show: Callable[[Any], str]) -> None:
    """However it becomes text."""
    assert show(Secret("hunter2")).strip() == "***"


@pytest.mark.parametrize(
    "use", [json.dumps, list, len, bytes, lambda one: one + "", lambda one: one[:3]]
)
def test_a_secret_is_not_a_text(use: Callable[[Any], Any]) -> None:
    """What takes texts apart refuses it."""
    with pytest.raises(TypeError):
        use(Secret("hunter2"))


def test_no_attribute_of_a_secret_is_its_text() -> None:
    """Trackers that walk over attributes see none."""
    one = Secret("hunter2")
    assert "hunter2" not in repr([getattr(one, name) for name in dir(one) if name != "__doc__"])


def test_secrets_are_compared_with_secrets_alone() -> None:
    """A text is not equal to a secret, since comparing it would say what it is."""
    assert Secret("hunter2") == Secret("hunter2") != Secret("hunter3")
    assert Secret("hunter2") != "hunter2"


@pytest.mark.parametrize("spread", [copy.copy, copy.deepcopy, pickle.dumps, hash])
def test_a_secret_is_neither_copied_nor_pickled(spread: Callable[[Any], Any]) -> None:
    """Nor hashed: it would be compared by its hash."""
    with pytest.raises(
        (CredentialsError, TypeError), match=r"neither copied nor pickled|unhashable"
    ):
        spread(Secret("hunter2"))


def test_a_body_is_masked_and_so_are_its_slices() -> None:
    """Its bytes are those of the request all the same."""
    body = bodies.encode({"password": Secret("hunter2")})
    assert bytes(body) == b'{"password":"hunter2"}' == b"".join([body])
    assert type(body[3:]) is Body
    assert body[0] == ord("{")
    for shown in (repr(body), str(body), f"{body}", f"{body!r:>40}", repr(body[2:]), repr([body])):
        assert "hunter" not in shown


def test_credentials_among_arguments_are_concealed() -> None:
    """By their names, marked in the schema or not, at any depth; pins that are numbers too."""
    sent = {
        "username": "ann",
        "password": "a",
        "session": "b",
        "0": {"appToken": {"token": "c", "hashType": "SHA1"}, "pin": 1234},
        "1": {"pinCode": ["d"], "newPassword": "e", "secret": None, "tokenHash": "f"},
        "extraParams": {"Token": {"objectType": "KalturaStringValue", "value": "g"}},
    }
    hidden = concealed(sent)
    assert [one.reveal() for one in secrets_in(hidden)] == [
        "a",
        "b",
        "c",
        "1234",
        "d",
        "e",
        "f",
        "g",
    ]
    assert hidden["username"] == "ann"
    assert sent["password"] == "a"


@pytest.mark.parametrize("given", [b"1234", 1234, np.int64(1234), np.str_("1234"), {"1234"}])
def test_a_credential_of_any_type_is_concealed(given: Any) -> None:
    """As bytes, as a number of numpy's, in a set."""
    hidden = concealed({"pin": given})
    assert "1234" not in repr(hidden)
    assert [one.reveal() for one in secrets_in(hidden)] == ["1234"]


@pytest.mark.parametrize("given", [None, True, math.nan, "", "{1:result:ks}"])
def test_what_is_no_credential_stays(given: Any) -> None:
    """A flag, what is absent, and a name of a result."""
    assert concealed({"pin": given})["pin"] is given


def test_a_reference_to_a_result_is_no_secret() -> None:
    """It names a ks; it is none."""
    assert concealed({"ks": "{1:result:ks}"}) == {"ks": "{1:result:ks}"}


FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "JSON": json.dumps,
    "JSON with letters": lambda one: json.dumps(one, ensure_ascii=False),
    "JSON with slashes": lambda one: json.dumps(one).replace("/", "\\/"),
    "URL": lambda one: quote(one, safe=""),
    "URL in lower case": lambda one: re.sub("%..", lambda hit: hit[0].lower(), quote(one)),
    "form": quote_plus,
    "base64": lambda one: b64encode(one.encode()).decode(),
    "base64 for URLs": lambda one: urlsafe_b64encode(one.encode()).decode().rstrip("="),
    "base64 of ann:": lambda one: b64encode(f"ann:{one}".encode()).decode(),
    "base64 of anna:": lambda one: b64encode(f"anna:{one}".encode()).decode(),
    "base64 of annie:": lambda one: b64encode(f"annie:{one}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
@settings(max_examples=25)
def test_a_secret_is_masked_in_every_form(form: str, secret: str) -> None:
    """Short ones as words: here they stand alone."""
    assume(re.fullmatch(r"\w+|.{4,}", secret) and not set(secret) <= set("*"))
    written = FORMS[form](secret)
    assert written not in masked(f"?: [{written}] .", [Secret(secret)])


def test_a_short_secret_is_masked_as_a_word_only() -> None:
    """Else a pin of one digit would take every number apart."""
    said = masked("User 12 of 1212 missed 12.", [Secret("12")])
    assert said == "User *** of 1212 missed ***."
    assert masked("Missing parameter [filter]", [Secret("i"), Secret("q")]) == (
        "Missing parameter [filter]"
    )


@pytest.mark.parametrize(
    "said",
    [
        'Cannot parse {"ks":"djJ8MXx0',
        r"Cannot parse {\"apiVersion\":\"11.5",
        "Cannot parse password=hun&udid",
        "Cannot parse %7B%22password%22%3A%22hunt",
    ],
)
def test_words_that_quote_the_request_are_left_out(said: str) -> None:
    """What is cut off in the middle of a secret has no form that could be known."""
    assert masked(said, [Secret("hunter2")], ["password"]) == (
        "(its words quote the request and are left out)"
    )


@pytest.mark.parametrize(
    "said",
    ["Invalid KS: expired", "Missing parameter [ks]", "Syntax error at (and name~'x' year>'1')"],
)
def test_words_that_name_a_parameter_stay(said: str) -> None:
    """They are what helps."""
    assert masked(said, [Secret("hunter2")], ["filter", "ks"]) == said


def test_the_longest_secret_is_masked_first() -> None:
    """One may begin another."""
    secrets = [Secret("hush-hush"), Secret("hush-hush-hush")]
    assert masked("it is hush-hush-hush", secrets) == "it is ***"
