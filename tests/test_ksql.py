"""KSQL as it is built, quoted and checked, beside a small reader of its own."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo, ksql
from kott_notebooks.demo.backend import ksql as strict
from kott_notebooks.errors import KottError, KsqlError
from kott_notebooks.ksql import Expression, K

WRONG: list[Any] = [K["Genre"], 7, b"name='x'", ["name='x'"], True]

Tree: TypeAlias = "tuple[str, str, str] | tuple[str, list[Tree]]"  # a comparison, or a group

TOKEN = re.compile(
    r"\s*(?:\((and|or)\s|(\))|([^()'=!~^<>+:]+?)\s*(!~|!=|!\+|\^=|>=|<=|[=~^><+:])\s*'([^']*)')"
)


def understood(text: str) -> Tree:
    """Read KSQL with a stack, as simply as it goes."""
    stack: list[tuple[str, list[Tree]]] = [("", [])]
    at = 0
    while at < len(text):
        token = TOKEN.match(text, at)
        assert token, text[at:]
        at = token.end()
        word, closing, key, operator, value = token.groups()
        if word:
            stack.append((word, []))
        elif closing:
            done = stack.pop()
            stack[-1][1].append(done)
        else:
            stack[-1][1].append((key, operator, value.replace("%27", "'")))
    ((_, (tree,)),) = stack
    return tree


def meant(expression: Expression) -> Tree:
    """Give what an expression says, in the small reader's words."""
    if isinstance(expression, ksql.Group):
        return expression.word, [meant(part) for part in expression.parts]
    assert isinstance(expression, ksql.Term)
    return expression.key, expression.operator, expression.value


def strictly(tree: strict.Tree | None) -> Tree:
    """Give what the demo's reader read, in the small reader's words."""
    if isinstance(tree, strict.Group):
        return tree.word, [strictly(part) for part in tree.items]
    assert isinstance(tree, strict.Term)
    return tree.key, tree.operator, tree.value


KEYS = st.sampled_from(["Genre", "Short title", "Χώρα", 'He said "x"', "and_so", "Not rated", "or"])
TEXTS = st.text(max_size=12).filter(lambda text: "%27" not in text)
SEARCHES = st.text(min_size=1, max_size=20).filter(lambda t: "%27" not in t and t.strip())
TERMS = st.one_of(
    st.builds(lambda key, text: K[key] == text, KEYS, TEXTS),
    st.builds(lambda key, text: K[key] != text, KEYS, TEXTS),
    st.builds(lambda key, text: K[key].contains(text), KEYS, SEARCHES),
    st.builds(lambda key, text: K[key].not_contains(text), KEYS, SEARCHES),
    st.builds(lambda key, text: K[key].starts(text), KEYS, SEARCHES),
    st.builds(lambda key, text: K[key].word_starts(text), KEYS, SEARCHES),
    st.builds(lambda key: K[key].exists(), KEYS),
    st.builds(lambda key: K[key].missing(), KEYS),
    st.builds(lambda key, n: K[key] > n, KEYS, st.integers() | st.floats(-1e9, 1e9)),
    st.builds(lambda key, n: K[key] <= n, KEYS, st.integers() | st.floats(-1e9, 1e9)),
    st.builds(lambda key, ns: K[key].isin(ns), KEYS, st.lists(st.integers(), min_size=1)),
    st.builds(lambda key, ts: K[key].isin(ts), KEYS, st.lists(TEXTS, min_size=1, max_size=3)),
    st.builds(lambda day: K.start_date >= day, st.dates(date(1980, 1, 7), date(2999, 12, 31))),
    st.builds(lambda kind: K.asset_type == kind, st.sampled_from(["media", "epg", 425])),
)
EXPRESSIONS = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner), st.builds(lambda a, b: a | b, inner, inner)
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_what_is_written_reads_as_it_was_meant(expression: Expression) -> None:
    """A small reader, the demo partner and our own reader all understand the same."""
    text = str(expression)
    assert understood(text) == meant(expression)
    assert strictly(strict.parse(text)) == meant(expression)
    assert ksql.read(text) == expression
    assert ksql.check(expression) == text


@given(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS)
def test_joins_are_flat_and_without_order(a: Expression, b: Expression, c: Expression) -> None:
    """However they are bracketed in Python, three that must hold stand in one group."""
    assert str((a & b) & c) == str(a & (b & c))
    assert str((a | b) | c) == str(a | (b | c))
    assert "(and (and" not in str((a & b) & (b & c))


@given(EXPRESSIONS, EXPRESSIONS)
def test_text_joins_as_an_expression_does(a: Expression, b: Expression) -> None:
    """KSQL from elsewhere may stand on either side."""
    assert str(a & b) == str(a & str(b)) == str(str(a) & b)
    assert str(a | b) == str(a | str(b)) == str(str(a) | b)


def test_it_reads_as_a_person_would_have_written_it() -> None:
    """One line, no needless brackets, blanks or quotes."""
    dramas = (K.asset_type == "media") & K["Genre"].contains("Dra")
    assert str(dramas) == "(and asset_type='media' Genre~'Dra')"
    assert str(dramas & ((K.Year > 1990) | K.Year.missing())) == (
        "(and asset_type='media' Genre~'Dra' (or Year>'1990' Year!+''))"
    )
    assert repr(K.Year == 1999) == "<KSQL Year='1999'>"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (K.a == "x", "a='x'"),
        (K.a != "x", "a!='x'"),
        (K.a > 1, "a>'1'"),
        (K.a >= 1.5, "a>='1.5'"),
        (K.a < np.int64(2), "a<'2'"),
        (K.a <= np.float64(4), "a<='4'"),
        (K.a == np.True_, "a='true'"),
        (K.start_date > np.datetime64("2026-03-01T00:00"), "start_date>'1772323200'"),
        (K.start_date > np.timedelta64(-1, "D"), "start_date>'-86400'"),
        (K.a == 1e20, "a='100000000000000000000'"),
        (K.a > 1e-7, "a>'0.0000001'"),
        (K.a == True, "a='true'"),  # noqa: E712 - a value, not a test
        (K.a.isin([1, 2]), "a:'1,2'"),
        (K.a.isin(pd.Series([7], dtype="Int64")), "a:'7'"),
        (K.a.isin(["x", "y"]), "(or a='x' a='y')"),
        (K.a.isin("xy"), "a='xy'"),
        (K.a.isin(["12", "15"]), "(or a='12' a='15')"),  # a tag of texts takes no list
        (K.asset_type.isin([425, 426]), "(or asset_type='425' asset_type='426')"),
        (K.a.contains("x"), "a~'x'"),
        (K.a.not_contains("x"), "a!~'x'"),
        (K.a.word_starts("x"), "a^'x'"),
        (K.a.starts("x"), "a^='x'"),
        (K.a.exists(), "a+''"),
        (K.start_date.missing(), "start_date!+''"),
        (K["Short title"] == "It's", "Short title='It%27s'"),
        (K.geo_block == True, "geo_block='true'"),  # noqa: E712 - a value, not a test
    ],
)
def test_each_comparison_has_its_operator(expression: Expression, text: str) -> None:
    """Values stand in single quotes, a quote in them is %27, whole numbers make a list."""
    assert str(expression) == text


NEW_YEAR = "1767225600"


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01",
        "2026-01-01T02:00+02:00",
        date(2026, 1, 1),
        datetime(2026, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        pd.Timestamp("2026-01-01T02:00", tz="Europe/Athens"),
        1_767_225_600,
    ],
)
def test_dates_are_epoch_seconds(value: Any) -> None:
    """However a date is given; without a zone it is UTC."""
    assert str(K.start_date >= value) == f"start_date>='{NEW_YEAR}'"


def test_dates_of_metas_are_given_as_dates() -> None:
    """Text stays text there, since the key does not say what it is."""
    assert str(K["Release date"] > date(2026, 1, 1)) == f"Release date>'{NEW_YEAR}'"
    assert str(K["Release date"] == "2026-01-01") == "Release date='2026-01-01'"


def test_a_timedelta_counts_from_when_the_api_reads_it() -> None:
    """The API takes small and negative numbers as offsets."""
    assert str(K.end_date < timedelta(minutes=-15)) == "end_date<'-900'"
    assert str(K["END_DATE"] < pd.Timedelta(days=1)) == "END_DATE<'86400'"


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: bool(K.a == 1), r"neither true nor false.*join filters with & and \|"),
    (lambda: 1 < K.a < 5, "write a range as"),
    (lambda: K.a == 1 & K.b, "Put each comparison in brackets"),
    (lambda: (K.a == 1) | K.b, "Put each comparison in brackets"),
    (lambda: (K.a == 1) & 3, "not with 3"),
    (lambda: ~(K.a == 1), "no 'not': ask with !="),
    (lambda: K.a == None, r"None.*\.missing\(\)"),  # noqa: E711 - a value, not a test
    (lambda: K.a == float("nan"), r"nan.*\.missing\(\)"),
    (lambda: K.start_date > pd.NaT, "NaT is not a point in time"),  # type: ignore[operator]
    (lambda: K.a == K.b, "cannot be compared with K"),
    (lambda: K.a > "x", "> takes a number"),
    (lambda: K.a < timedelta(1), "Only keys that end in _date"),
    (lambda: K.start_date > "2026", "a year or seconds"),
    (lambda: K.start_date > "soon", "'soon' is not a point in time"),
    (lambda: K.a == "100%27", "would read the %27 as a quote"),
    (lambda: K.a.contains("x" * 21), "Only 20 characters of it would count, not 21"),
    (lambda: K.a.not_contains("x" * 21), "Only 20 characters"),
    (lambda: K.a.word_starts("x" * 21), "Only 20 characters"),
    (lambda: K.a.starts("x" * 21), "Only 20 characters"),
    (lambda: K.a.contains(" "), "takes some text"),
    (lambda: K.a.isin([]), "empty list"),
    (lambda: K.asset_type != "media", "asset_type takes only ="),
    (lambda: K.asset_type == "film", "media, epg, recording, or an asset struct's number"),
    (lambda: K.auto_fill == False, "auto_fill takes true"),  # noqa: E712 - a value, not a test
    (lambda: K.entitled_assets == "all", "takes free, entitled, not_entitled, both"),
    (lambda: K[""], "cannot be asked for"),
    (lambda: K["a=b"], "cannot be asked for"),
    (lambda: list(K), "by its name, as text, not by 0"),  # type: ignore[call-overload]
]


@pytest.mark.parametrize(("slip", "why"), REFUSED)
def test_what_the_api_would_not_take_is_refused(slip: Callable[[], object], why: str) -> None:
    """Before anything is sent, and with words that say what to do."""
    with pytest.raises(KottError, match=why):
        slip()


def test_twenty_characters_are_searched_for() -> None:
    """The last length that counts whole; a quote is one character, however it is written."""
    text = "it's " + "x" * 15
    assert str(K.a.contains(text)) == f"a~'it%27s {'x' * 15}'"


def test_a_filter_has_at_most_4096_characters() -> None:
    """One more is refused, and can still be looked at."""
    fits = K.a == "x" * (4096 - len("a=''"))
    assert len(str(fits)) == 4096
    long = K.ab == "x" * (4096 - len("a=''"))
    with pytest.raises(KottError, match="4,097 characters and the API takes 4,096"):
        str(long)
    assert repr(long).startswith("<KSQL ab='xxx")


def test_an_empty_filter_adds_nothing() -> None:
    """A filter that somebody left empty joins as nothing."""
    assert str((K.a == 1) & "") == "a='1'"
    assert ksql.check(" ") == " "
    assert ksql.read("") is None


def test_jupyter_may_look_at_what_there_is() -> None:
    """The API's own keys are offered; names that only Python asks for are none."""
    assert "start_date" in dir(K)
    assert not hasattr(K, "_repr_html_")
    assert 'K["Genre"]' in repr(K)
    assert repr(K.name) == "K['name']"


def test_expressions_can_be_kept_and_compared() -> None:
    """Two that say the same are equal, in a set and after a pickle too."""
    one, other = K.a.contains("x") & (K.b == 1), K.a.contains("x") & (K.b == 1)
    assert {one, other} == {pickle.loads(pickle.dumps(one))}


# (KSQL, the place of the slip from 0, words of the message)
SLIPS = [
    ("a=1", 2, "not in single quotes.*Write '1'"),
    ('a="Sci fi"', 2, "not in single quotes.*Write 'Sci fi'"),
    ("a=\u2018x\u2019", 2, "not in single quotes.*Write 'x'"),
    ("(and a=x b='2')", 7, "not in single quotes.*Write 'x'"),
    ("a=", 2, "a value should stand here, at character 3, at the end"),
    ("a='1", 2, "quote is not closed"),
    ("name='It's me'", 9, "write a quote inside a value as %27"),
    ("(and a='1'b='2')", 10, "Part items by blanks"),
    ("(and a='1', b='2')", 10, "Part items by blanks"),
    ("(and a='1' , b='2')", 11, ", is not KSQL"),
    ("(AND a='1' b='2')", 1, "AND is not in lower case.*Write and"),
    ("(Or a='1' b='2')", 1, "Or is not in lower case"),
    ("a='1' AND b='2'", 6, r"AND stands between items.*\(and item item\)"),
    ("(and a='1' or b='2')", 11, "or stands between items"),
    ("a='1' b='2'", 6, r"stands alone.*\(and item item\)"),
    ("(and a='1' && b='2')", 11, "& is not KSQL"),
    ("not a='1'", 0, "no 'not'.*!="),
    ("(not a='1')", 1, "no 'not'"),
    ("(and a='1' not b='2')", 11, "no 'not'"),
    ("(and a='1' (not (or b='2' c='3')))", 12, "no 'not'"),
    ("(and a='1' b='2'", 0, "bracket is not closed"),
    ("(and a='1' (or b='2' c='3')", 0, "bracket is not closed"),
    ("a='1')", 5, "closes that was not opened"),
    ("(a='1' b='2')", 1, "opens no group"),
    ("(and )", 0, "group is empty"),
    ("(and " * 51 + "a='1'" + ")" * 51, 250, "nested too deeply"),
    ("a=='1'", 1, "== is no operator"),
    ("a<>'1'", 1, "<> is no operator"),
    ("Genre in ('a')", 9, "'Genre in' has no operator"),
    ("Genre like 'a'", 11, "'Genre like' has no operator"),
    ("'Genre'='x'", 0, "keys have no quotes"),
    ("\"Genre\"='x'", 0, "Keys have no quotes"),
    ("start_date > '2026-01-01'", 13, "epoch seconds; K.start_date"),
    ("asset_type!='media'", 12, "takes only ="),
    ("asset_type:'425,426'", 11, "takes only ="),
    ("user_interests='false'", 15, "user_interests takes true"),
    ("media_id:'1,b'", 9, "whole numbers"),
    ("Year>'old'", 5, "> takes a number"),
    ("Genre+'x'", 6, r"takes no value: write Genre\+''"),
    ("Genre~''", 6, "takes some text"),
    (f"Genre~'{'x' * 21}'", 6, "Only 20 characters"),
    ("a='" + "x" * 4093 + "'", 4096, "4,097 characters are too many"),
]


@pytest.mark.parametrize(("text", "place", "why"), SLIPS, ids=[text[:24] for text, *_ in SLIPS])
def test_slips_are_found_with_their_place(text: str, place: int, why: str) -> None:
    """The message says where, what is wrong, and what to write."""
    with pytest.raises(KsqlError, match=why) as caught:
        ksql.check(text)
    assert caught.value.code == "4004"
    assert caught.value.arguments == {"position": str(place)}
    assert f"at character {place + 1}, " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "(and asset_type='epg' (or linear_media_id:'1' linear_media_id:'2') "
        "start_date >= '1700000000' end_date <= '1700086400')",
        " ( or\n a = '1' (and b ='2'c='3')) ".replace("'c", "' c"),
        "(and(or a='1' b='2')c='3')",
        "Not rated='1'",
        "(and and='1' or='2' not='3')",
        "end_date < '-900'",
        "genre+''",
        "linear_media_id:'1, 2'",
        "asset_type='425'",
        "Rating>='-1.5'",
    ],
)
def test_what_servers_take_passes(text: str) -> None:
    """Blanks, line breaks and keys that look like words are fine."""
    assert ksql.check(text) == text


def slip(text: str) -> KsqlError | None:
    """Give the slip found in a text, if there is any."""
    try:
        ksql.check(text)
    except KsqlError as error:
        return error
    return None


PIECES = st.sampled_from(
    ["(and ", "(or ", ")", " ", "a='1'", "b ~ 'x'", "c", "'", "=", "not ", ">"]
)


@st.composite
def nearly_right(draw: st.DrawFn) -> str:
    """Draw KSQL from which one character was taken away."""
    text = str(draw(EXPRESSIONS))
    at = draw(st.integers(0, len(text) - 1))
    return text[:at] + text[at + 1 :]


@given(st.lists(PIECES, max_size=8).map("".join) | nearly_right())
def test_what_passes_is_what_the_demo_partner_reads(text: str) -> None:
    """Whatever stands there: a tree that both readers agree on, or a slip with a place."""
    fault = slip(text)
    if fault is not None:
        assert 0 <= int(fault.arguments["position"]) <= len(text)
        return
    ours, tree = ksql.read(text), strict.parse(text)
    assert (ours is None) == (tree is None)
    if ours is not None:
        assert strictly(tree) == meant(ours)


def test_a_filter_is_text_an_expression_or_nothing() -> None:
    """Nothing is the empty text."""
    assert ksql.as_text(None) == ""
    assert ksql.as_text("name='x'") == ksql.as_text(K.name == "x") == "name='x'"


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_anything_else_is_not_a_filter(wrong: Any) -> None:
    """A key alone is the usual slip."""
    with pytest.raises(KottError, match="filter"):
        ksql.as_text(wrong)


@pytest.mark.parametrize(
    ("slip", "place"), [("Genre=", 6), ("name~'x' Year>", None), ("nosuch='1'", 0)]
)
@pytest.mark.parametrize(
    "ask",
    [
        lambda session, text: kott.assets(session, text),
        lambda session, text: kott.epg(session, "today", "today+1d", ksql=text),
        lambda session, text: kott.facets(session, "Genre", text),
        lambda session, text: kott.plan(session, "asset", text),
    ],
)
def test_a_refused_filter_has_its_place_in_what_was_written(
    slip: str, place: int | None, ask: Callable[[kott.Session, str], object]
) -> None:
    """Whatever is put around a filter before it is sent, the position counts from its own start."""
    session = demo.login(assets=20, channels=2, days=2, households=2)
    with pytest.raises(KsqlError) as caught:
        ask(session, slip)
    at = caught.value.arguments.get("position")
    assert at is None or int(at) <= len(slip)
    if place is not None:
        assert (at, f"at position {place}" in str(caught.value)) == (str(place), True)
