"""What is wrong with a text, and what only looks it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kott_notebooks.audits import texts


def column(*values: Any) -> pd.Series[Any]:
    return pd.Series(values, dtype="str")


def test_blank_text_is_absent_or_nothing_but_blanks() -> None:
    """A zero is a text, a no-break space is not."""
    found = texts.blank(column(None, "", " ", "\u00a0\n", "0", " a "))
    assert found.tolist() == [True, True, True, True, False, False]


STAND_INS = [
    "TBA",
    "t.b.c.",
    "No information",
    "N/A.",
    "Test",
    "......",
    "-",
    "- - -",
    "xxx",
    "000",
]
STAND_INS += [
    "Lorem ipsum",
    "Lorem ipsum dolor sit amet, consetetur sadipscing elitr, sed diam " * 2,
]
REAL = [
    "Test Cricket",
    "MM",
    "M",
    "It",
    "No information leaves the island",
    "N",
    "...and more",
    "?!",
]


@pytest.mark.parametrize("text", STAND_INS)
def test_stand_ins_are_found(text: str) -> None:
    """Case and punctuation do not hide one."""
    assert texts.placeholder(column(text, text.upper())).all()


@pytest.mark.parametrize("text", [*REAL, "", " ", None])
def test_what_only_looks_like_a_stand_in_is_left(text: str | None) -> None:
    """A stand-in is the whole text; a blank one is absent."""
    assert not texts.placeholder(column(text)).any()


def test_a_partner_has_stand_ins_of_its_own() -> None:
    """The words may be given."""
    own = column("Aucune information.", "TBA")
    assert texts.placeholder(own, ["aucune information"]).tolist() == [True, False]


@pytest.mark.parametrize(
    "text", ["Soirée", "It\u2019s \u2013 \u201cso\u201d", "São Paulo", "Καλημέρα", "Привет", "שלום"]
)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_text_decoded_wrongly_is_found(text: str, encoding: str) -> None:
    """UTF-8 read a byte at a time; the same text read rightly is left."""
    wrong = text.encode().decode(encoding, errors="replace")
    assert texts.mojibake(column(wrong, text)).tolist() == [True, False]


@pytest.mark.parametrize("text", ["AMANHÃ…", "«ROMÃ»", "Soirée…”", "“Le café…”", "Ø…", None])
def test_rare_letters_before_marks_are_left(text: str | None) -> None:
    """A capital may end a word in capitals, and a mark follow it."""
    assert not texts.mojibake(column(text)).any()


def test_a_text_at_the_limit_is_left() -> None:
    """So many characters are allowed, one more is not."""
    found = texts.too_long(column("é" * 100, "é" * 101, None), 100)
    assert found.tolist() == [False, True, False]


def test_the_same_text_twice_is_found_whatever_its_case_and_blanks() -> None:
    """One letter more is another text; two absent texts are not the same."""
    one = column("The Élan", "The Élan", "The Élan", "", None, "A")
    other = column("the  élan ", "The Élans", None, "", None, "a")
    assert texts.same(one, other).tolist() == [True, False, False, False, False, True]


def test_columns_of_nothing_are_fine() -> None:
    """No rows, no findings; a column of absent values may have any dtype."""
    for check in (texts.blank, texts.placeholder, texts.mojibake):
        assert check(column()).tolist() == []
    assert texts.blank(pd.Series([None, None], dtype="object")).all()
