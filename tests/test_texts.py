"""Checks of single texts: what fails, and what only looks like it."""

# ruff: noqa: RUF001 (letters that resemble others are what is tested)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kott_notebooks.audits import texts


def column(*values: Any) -> pd.Series[Any]:
    return pd.Series(values, dtype="str")


def fails(check: Callable[[pd.Series[Any]], Any], text: str | None) -> bool:
    return bool(check(column(text))[0])


def test_blank_text_is_absent_or_nothing_but_blanks() -> None:
    """A zero is a text, a no-break space is not."""
    mask = texts.blank(column(None, "", " ", "\u00a0\n", "0", " a "))
    assert mask.tolist() == [True, True, True, True, False, False]


CHECKS: list[Callable[[pd.Series[Any]], Any]] = [
    texts.placeholder,
    texts.off_air,
    texts.mojibake,
    texts.control,
    texts.markup,
    texts.residue,
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("text", ["", " ", None, "The Lighthouse Keeper's Daughter", "M*A*S*H"])
def test_absent_texts_and_plain_titles_pass(check: Any, text: str | None) -> None:
    """What is absent is missing, and nothing else."""
    assert not fails(check, text)


@pytest.mark.parametrize("check", [texts.blank, *CHECKS])
@pytest.mark.parametrize("dtype", ["str", "string", "object", "category", "string[pyarrow]"])
def test_any_dtype_of_text_is_read(check: Any, dtype: str) -> None:
    """The same texts give the same answer, whatever holds them; none give none."""
    values = ["TBA", "Sendepause", "Ã©", "a\x00", "<b>", "{{x}}", "A title", None]
    expected = check(column(*values)).tolist()
    assert check(pd.Series(values, dtype=dtype)).tolist() == expected
    assert check(pd.Series([], dtype=dtype)).tolist() == []


# Stand-ins

STAND_INS = [
    *("TBA", "t.b.c.", " To Be Announced ", "No information", "N/A.", "no-epg-data"),
    *("SEM INFORMAÇÃO", "sem informac\u0327a\u0303o", "Aucune information.", "未定", "番組未定"),
    *("ΧΩΡΊΣ ΤΊΤΛΟ", "Нет данных", "ไม่มีข้อมูล", "\uff34\uff22\uff21", "... TBA ..."),
    *("aaaa!", "A-A-A-A", "000-000", "......", "-", "- - -", "???", "?!", "★", "\u2600\ufe0f"),
    *("xxx", "XXXX", "Lorem ipsum", "** LOREM ipsum dolor sit amet " * 9, "." * 300 + "TBA"),
]
TITLES = [
    *("Test Cricket", "TBA Basketball", "MM", "It", "III", "999", "aaa bbb", "A.B.C.", "XXX"),
    *("xXx", "No information leaves the island", "...and more", "1408", "24", "Sem informação!?x"),
    *("Ipsum lorem", "null", "undefined", "NaN", "¿Qué?", "数", "\u0e01\u0e33"),
]


@pytest.mark.parametrize("text", STAND_INS)
def test_stand_ins_are_found(text: str) -> None:
    """Case, blanks, punctuation and the form of letters do not hide one."""
    assert fails(texts.placeholder, text)


@pytest.mark.parametrize("text", TITLES)
def test_titles_that_resemble_a_stand_in_pass(text: str) -> None:
    """A stand-in is the whole text."""
    assert not fails(texts.placeholder, text)


@pytest.mark.parametrize("word", texts.word_lists().stand_ins)
def test_every_listed_word_is_found_in_capitals_too(word: str) -> None:
    """The lists of the package hold in any case."""
    assert texts.placeholder(column(word, word.upper(), f" - {word}.")).all()


@pytest.mark.parametrize("word", ["Unknown", "UNTITLED", "test", "Title.", "None"])
def test_words_that_are_titles_too_depend_on_the_other_text(word: str) -> None:
    """They stand in where the other text is blank or a stand-in as well."""
    others = column(None, " ", "TBA", "Unknown", "A sailor finds a map.")
    mask = texts.placeholder(column(*[word] * 5), others)
    assert mask.tolist() == [True, True, True, True, False]
    assert fails(texts.placeholder, word)


def test_a_sure_stand_in_does_not_depend_on_the_other_text() -> None:
    """A real description does not make a title of "TBA"."""
    assert texts.placeholder(column("TBA"), column("A sailor finds a map.")).all()


def test_the_other_text_may_have_an_index_of_its_own() -> None:
    """Rows belong together by their places."""
    names = pd.Series(["Test", "Test"], index=[5, 9], dtype="str")
    mask = texts.placeholder(names, pd.Series(["A story.", None], index=[1, 2], dtype="str"))
    assert mask.tolist() == [False, True]


def test_a_partner_adds_words_to_the_lists() -> None:
    """The package's words stay."""
    own = texts.word_lists(stand_ins=["Programa sorpresa"], off_air=["Noche"])
    assert texts.placeholder(column("programa SORPRESA!", "TBA"), words=own).all()
    assert texts.off_air(column("noche", "Sendepause", "Noches"), words=own).tolist() == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "text", ["Off air", "SENDEPAUSE", "off-air.", "放送休止", "Fim de emissão"]
)
def test_names_that_say_that_nothing_is_on(text: str) -> None:
    """They are no stand-ins for a programme that is on."""
    assert fails(texts.off_air, text)
    assert not fails(texts.placeholder, text)


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=12), st.integers(1, 60))
def test_a_stand_in_is_found_at_any_distance_from_its_punctuation(text: str, times: int) -> None:
    """How many marks surround a word makes no difference to what it is."""
    once, often = (f"{'. ' * n}{text}{' -' * n}" for n in (1, times))
    assert fails(texts.placeholder, once) == fails(texts.placeholder, often)


# Texts decoded wrongly

RIGHT = [
    *("Soirée", "São Paulo", "Święta", "Žena", "Kış güneşi", "Țară", "Ətraf", "Tiếng Việt"),
    *("Fußball für Anfänger", "Børnenes ø", "Árvíztűrő", "Þjóðhátíð", "It’s – “so”", "5 €"),
    *("Καλημέρα", "Привет", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "日本", "안녕하세요", "თბილისი"),
    *("Հայաստան", "አማርኛ", "ភាសា", "ລາວ", "မြန်မာ", "ひらがな", "Acme™ Show", "¿Qué pasa?"),
]
MARKED = [
    *("AMANHÃ…", "PÄIVÄÄ…", "«ROMÃ»", "CITTÃ’", "Soirée…”", "“Le café…”", "«Thaï»", "Ø…", "É»"),
    *("PÅ\u00a0GÅ", "Ångström Way", "SÃO PAULO", "à la carte », dit-il", "Œuvre", "ŠKODA™"),
]


@pytest.mark.parametrize("text", RIGHT)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_text_decoded_wrongly_is_found(text: str, encoding: str) -> None:
    """UTF-8 decoded a byte at a time fails."""
    wrong = text.encode().decode(encoding, errors="replace")
    assert fails(texts.mojibake, wrong)
    assert fails(texts.mojibake, f"The story so far: {wrong}, and so on.")


@pytest.mark.parametrize("text", [*RIGHT, *MARKED])
def test_text_decoded_rightly_passes(text: str) -> None:
    """In capitals too, and before marks."""
    assert not texts.mojibake(column(text, text.upper(), text.lower(), f"{text} {text}")).any()


@pytest.mark.parametrize("text", ["ï¿½", "na\ufffdve", "a\u0093b", "SCHÃ–N", "CORAÃ‡ÃƒO", "ðŸ˜€"])
def test_signs_of_a_wrong_encoding(text: str) -> None:
    """Replacement characters, C1 controls, and capitals within a word."""
    assert fails(texts.mojibake, text)


def test_a_line_end_of_iso_6429_is_no_wrong_encoding() -> None:
    """U+0085 ends a line."""
    assert not fails(texts.mojibake, "One line\u0085and another")


def test_one_letter_of_another_script_may_be_chance() -> None:
    """Two neighbours are needed: marks after a letter may be one sequence."""
    one, two = (text.encode().decode("cp1252") for text in ("本", "本本"))
    assert texts.mojibake(column(one, two)).tolist() == [False, True]


# Controls


@pytest.mark.parametrize(
    "text",
    [
        *("a\x00b", "a\x0bb", "runs\x7f dry", "Corfu\u200b", "\ufeffCorfu", "\u2063A"),
        *("Corfu\u2060 ", "\u200fSpies", "Spies\u061c", "\u202aSpies\u202c", "a \u202bb"),
        *("a \u2067b\u202c", "\u05d0\u200b", "\u05d0 \u202b\u05d1", "\u05d0\u200b\u200f"),
    ],
)  # fmt: skip
def test_controls_are_found(text: str) -> None:
    """Anywhere; hidden characters at the ends; directions that stay open."""
    assert fails(texts.control, text)


@pytest.mark.parametrize(
    "text",
    [
        *("One\nTwo", "One\r\nTwo", "A\ttab", "Zero\u200bWidth", "a\u061cb"),
        *("a \u202bb\u202c c", "\u200f\u05d0\u05d1", "\u0627\u0628\u061c", "\u2067\u05d0\u2069"),
        *("a \u2067b\u202bc\u2069 d", "a\u0093b",),
    ],
)  # fmt: skip
def test_what_a_text_may_hold_passes(text: str) -> None:
    """Line ends, tabs, marks inside, and direction marks around right-to-left letters."""
    assert not fails(texts.control, text)


# Markup


@pytest.mark.parametrize(
    "text",
    [
        *("<b>Bold</b>", "thin<br/>", "<BR >", "<video src=x>", "x<mark>y</mark>"),
        *("<font size=2>x", "<h3\nid=a>", "<!-- note -->", "<!DOCTYPE html>", "<MARQUEE>"),
        *("Salt &amp; Pepper", "&#39;", "&#x27;", "a &eacute; b", "&AMP;", "&NotEqualTilde;"),
    ],
)  # fmt: skip
def test_html_is_found(text: str) -> None:
    """Tags, obsolete ones too, comments, and entities by name and number."""
    assert fails(texts.markup, text)


@pytest.mark.parametrize(
    "text",
    [
        *("A < B > C", "I <3 you", "<sigh> again", "<bx>", "Rock&Roll; live", "Q&A;", "AT&T"),
        *("Salt &amp Pepper", "&Eacut;", "3 < 4 and 5 > 4", "<", "<>", "< b >", "&;", "&#;"),
    ],
)
def test_what_is_no_name_of_html_passes(text: str) -> None:
    """Angle brackets and ampersands are text as well."""
    assert not fails(texts.markup, text)


# Remains of code


@pytest.mark.parametrize(
    "text",
    [
        *('A story."}', 'x"} ', "{{title}}", "Hello ${name}", "by [object Object]", "%s of %d"),
        *("null", "undefined", " NaN "),
    ],
)
def test_remains_of_code_are_found(text: str) -> None:
    """Templates that were not filled, ends of JSON, words of JavaScript."""
    assert fails(texts.residue, text)


@pytest.mark.parametrize(
    "text", ['"}" is a brace', "{one}", "$5", "50% sale", "Null Island", "Nan", "NULL", "Undefined"]
)
def test_words_and_braces_that_belong_there_pass(text: str) -> None:
    """Only the exact remains count."""
    assert not fails(texts.residue, text)


# Case, length, equality


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LIGHTHOUSEMEN", True),
        ("KALEIDOSCOPE", False),
        ("THE WEDDINGS OF 1999", True),
        ("THE WEDDING OF the CAPTAIN", False),
        ("\u6f22\u5b57" * 10, False),
        ("123 456 789 000", False),
        ("ΟΙ ΨΑΡΑΔΕΣ ΤΟΥ ΝΟΤΟΥ", True),
        (None, False),
    ],
)
def test_shouting_is_all_capitals(text: str | None, expected: bool) -> None:
    """More than twelve letters; letters without case are no capitals."""
    assert fails(lambda one: texts.shouting(one, 12), text) == expected


def test_a_text_at_the_limit_is_not_too_long() -> None:
    """100 characters are allowed, 101 are not."""
    mask = texts.too_long(column("é" * 100, "é" * 101, None), 100)
    assert mask.tolist() == [False, True, False]


def test_texts_are_equal_without_case_and_blanks() -> None:
    """All blanks; one letter more is another text; absent texts are equal to nothing."""
    one = column("The Élan", "SciFi Night", "Straße", "The Élan", "The Élan", "", None, "A.")
    other = column("the  élan ", "Sci Fi\u00a0Night", "STRASSE", "The Élans", None, "", None, "A")
    expected = [True, True, True, False, False, False, False, False]
    assert texts.same(one, other).tolist() == expected
    assert texts.same(one, other, full_stop=True).tolist() == [*expected[:-1], True]


@settings(max_examples=60)
@given(st.text(max_size=8), st.text(max_size=8))
def test_equality_does_not_depend_on_the_side(one: str, other: str) -> None:
    """What equals another text is equalled by it."""
    there, back = (texts.same(column(a), column(b)) for a, b in ((one, other), (other, one)))
    assert np.array_equal(there, back)
