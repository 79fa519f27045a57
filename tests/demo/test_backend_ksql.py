"""KSQL: what is read, what is refused, and what is found, beside a naive reader of records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kott_notebooks.demo.backend import Backend, ksql
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.catalogue import World

from .asking import Api, Clock, log_in

DAY = 86_400
EVER = "start_date > '315360001'"  # for programmes, so that no default window stands in


def refused(text: str) -> Refusal:
    """Read what must not be readable, and give the refusal."""
    with pytest.raises(Refusal) as caught:
        ksql.parse(text)
    return caught.value


# Reading


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("name='a'", ksql.Term("name", "=", "a", 0)),
        ("  name = 'a'  ", ksql.Term("name", "=", "a", 2)),
        ("Catchup allowed !+ ''", ksql.Term("Catchup allowed", "!+", "", 0)),
        ("genre+''", ksql.Term("genre", "+", "", 0)),
        ("name^='a b'", ksql.Term("name", "^=", "a b", 0)),
        ("name='it%27s'", ksql.Term("name", "=", "it's", 0)),
        ("name='and (or)'", ksql.Term("name", "=", "and (or)", 0)),
        ("And='a'", ksql.Term("And", "=", "a", 0)),
        ("", None),
        ("   ", None),
        ("(and a='1')", ksql.Group("and", (ksql.Term("a", "=", "1", 5),))),
    ],
)
def test_a_filter_is_read_into_terms(text: str, tree: ksql.Tree | None) -> None:
    """Blanks may stand around keys, operators and values."""
    assert ksql.parse(text) == tree


@pytest.mark.parametrize(
    "text", ["(and(or a='1' b='2')(or c='3'))", "( and ( or a='1' b='2' ) (or c='3') )"]
)
def test_brackets_need_no_blanks(text: str) -> None:
    """They separate by themselves."""
    tree = ksql.parse(text)
    assert isinstance(tree, ksql.Group)
    assert [term.key for term in ksql.terms(tree)] == ["a", "b", "c"]
    assert [type(item) for item in tree.items] == [ksql.Group, ksql.Group]


BARE = [
    ("asset_type=607", [("asset_type", "=", "607")]),
    ("auto_fill= true", [("auto_fill", "=", "true")]),
    ("linear_media_id: 12", [("linear_media_id", ":", "12")]),
    ("(and (and asset_type=607))", [("asset_type", "=", "607")]),
    ("media_id:1,2, 3 ", [("media_id", ":", "1,2, 3")]),
    ("(or genre:Drama,Kids year>1990)", [("genre", ":", "Drama,Kids"), ("year", ">", "1990")]),
    ("(and genre+ year !+ name~x)", [("genre", "+", ""), ("year", "!+", ""), ("name", "~", "x")]),
    ("(and a='1'b='2')", [("a", "=", "1"), ("b", "=", "2")]),
    ("( or  end_date<-900 a = 'b c' )", [("end_date", "<", "-900"), ("a", "=", "b c")]),
]


@pytest.mark.parametrize(("text", "terms"), BARE)
def test_some_servers_read_values_without_quotes(
    text: str, terms: list[tuple[str, str, str]]
) -> None:
    """And items without blanks; others refuse them as a syntax error."""
    parsed = ksql.terms(ksql.parse(text, lenient=True))
    assert [(one.key, one.operator, one.value) for one in parsed] == terms
    assert refused(text).code == "4004"


@pytest.mark.parametrize(
    "text", ["a=", "a=)", "(and a=)", "(and a=b", "a=b c", "(and a=b c)", "a='b"]
)
def test_a_lenient_server_refuses_what_has_no_meaning(text: str) -> None:
    """A value is missing, a bracket or a quote is not closed, or a word stands alone."""
    with pytest.raises(Refusal) as caught:
        ksql.parse(text, lenient=True)
    assert caught.value.code == "4004"


@pytest.mark.parametrize("deployment", ["strict", "roomy", "old"])
def test_the_deployment_decides_how_ksql_is_read(world: World, deployment: str) -> None:
    """`strict` refuses what `roomy` and `old` take: bare values, and a value of older servers."""
    api = log_in(Backend(world, deployment=deployment, clock=Clock()))
    bare = api.search("(and asset_type=epg auto_fill= true start_date>'-90000')", size=1)
    older = api.search("(and asset_type='media' entitled_assets='entitledSubscriptions')")
    if deployment == "strict":
        assert [one["error"]["code"] for one in (bare, older)] == ["4004", "4002"]
    else:
        assert bare["totalCount"] > 100
        assert older["totalCount"] == 0


@pytest.mark.parametrize("operator", ksql.OPERATORS)
def test_every_operator_is_read(operator: str) -> None:
    """The longer ones before those that they begin with."""
    assert ksql.parse(f"key{operator}'v'") == ksql.Term("key", operator, "v", 0)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("name", 4),  # no operator
        ("name=a", 5),  # no quotes
        ("name='a", 5),  # not closed
        ('name="a"', 5),
        ("='a'", 0),  # no key
        ("name='a' year='1'", 9),  # two items, and no and
        ("(name='a')", 1),
        ("(AND name='a')", 1),  # not in lower case
        ("(and name='a'", 13),
        ("(and name='a'))", 14),
        ("(and)", 4),
        ("(or ( ))", 6),
        ("(and name='a'year='1')", 13),
        ("(not name='a')", 1),
        ("(and not (or name='a'))", 9),  # there is no not
        ("name=='a'", 5),
        ("(", 1),
        (")", 0),
        ("()", 1),
    ],
)
def test_what_cannot_be_read_is_refused_where_it_stops(text: str, position: int) -> None:
    """4004 and a position that counts from 0."""
    refusal = refused(text)
    assert refusal.code == "4004"
    assert refusal.details["position"] == str(position)


def test_brackets_do_not_nest_for_ever() -> None:
    """No filter breaks the server."""
    assert refused("(and " * 500 + "a='1'" + ")" * 500).code == "4004"


def test_a_filter_has_at_most_4096_characters() -> None:
    """One more is refused."""
    assert ksql.parse("name='" + "a" * (4096 - 7) + "'") is not None
    assert refused("name='" + "a" * (4096 - 6) + "'").code == "500045"


# Checking


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nothing='1'", "4005"),
        ("status='1'", "4005"),
        ("(and name~'a' nothing+'')", "4005"),
        ("name>'1'", "4002"),
        ("name:'1'", "4002"),
        ("media_id='x'", "4002"),
        ("media_id='1.5'", "4002"),
        ("media_id='1,2'", "4002"),
        ("media_id:'1,'", "4002"),
        ("media_id~'1'", "4002"),
        ("media_id!='1'", "4002"),
        ("media_id+''", "4002"),
        ("media_id='99999999999999999999'", "4002"),
        ("start_date>='2024-01-01'", "4002"),
        ("start_date>''", "4002"),
        ("asset_type!='media'", "4002"),
        ("asset_type='film'", "4002"),
        ("asset_type:'1,2'", "4002"),
        ("geo_block='false'", "4002"),
        ("auto_fill~'true'", "4002"),
        ("entitled_assets='mine'", "4002"),
        ("name+'a'", "4002"),
        ("name~''", "4002"),
        ("name^''", "4002"),
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, text: str, code: str) -> None:
    """An unknown key, an operator or a value that the key does not take."""
    assert api.search(text)["error"]["code"] == code


def test_a_refusal_says_where(api: Api) -> None:
    """The position of the key."""
    error = api.search("(and name~'a' nothing='')")["error"]
    assert {"name": "position", "value": "14"} in [
        {"name": one["name"], "value": one["value"]} for one in error["args"]
    ]


# Finding, beside records read naively


@dataclass(frozen=True)
class Row:
    """One record, and whether it is a programme."""

    is_epg: bool
    record: dict[str, Any]

    def values(self, key: str) -> list[str | float]:
        """Give what a key holds in the default language: no value, one, or several."""
        if key in ("name", "description"):
            tokens = self.record.get(f"multilingual{key.capitalize()}", [])
            return [one["value"] for one in tokens if one["language"] == "eng"]
        if key == "externalId":
            return [self.record[key]] if self.record.get(key) else []
        meta, tag = self.record["metas"].get(key), self.record["tags"].get(key)
        result = [_single(meta)] if meta else []
        result += [_single(one) for one in tag["objects"]] if tag else []
        return [one for one in result if one != ""]


def _single(value: dict[str, Any]) -> str | float:
    if "multilingualValue" in value:
        texts = [one["value"] for one in value["multilingualValue"] if one["language"] == "eng"]
        return texts[0] if texts else ""
    values = value["value"]
    if isinstance(values, bool):
        return str(values).lower()
    return float(values) if isinstance(values, int | float) else str(values)


def rows(world: World) -> list[Row]:
    """Read every record of a world."""
    media = [Row(False, world.media.record(at)) for at in range(world.media.count)]
    return media + [Row(True, world.epg.record(at)) for at in range(world.epg.count)]


def matches(operator: str, held: list[str | float], value: str) -> bool:
    """Return whether a text comparison holds, as the grammar's prose has it."""
    if operator.startswith("!"):
        return not matches(operator[1:], held, value)
    texts = [str(one).lower() for one in held]
    part = value.lower()[:20]
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda text: text == value.lower(),
        "~": lambda text: part in text,
        "^=": lambda text: text.startswith(part),
        "^": lambda text: any(
            text[at:].startswith(part)
            for at in range(len(text))
            if at == 0 or not (text[at - 1].isalnum() or text[at - 1] == "_")
        ),
        "+": lambda text: True,
    }
    return any(tests[operator](text) for text in texts)


def compares(operator: str, held: float | None, value: str) -> bool:
    """Return whether a number comparison holds."""
    if held is None:
        return False
    wanted = [float(part) for part in value.split(",")]
    return {
        "=": held == wanted[0],
        ">": held > wanted[0],
        ">=": held >= wanted[0],
        "<": held < wanted[0],
        "<=": held <= wanted[0],
        ":": held in wanted,
    }[operator]


@pytest.fixture(scope="module")
def backend(world: World) -> Backend:
    """A server whose searches the whole module shares."""
    return Backend(world, deployment="roomy", clock=Clock())


@pytest.fixture(scope="module")
def staff(backend: Backend) -> Api:
    """An operator of it."""
    return log_in(backend)


@pytest.fixture(scope="module")
def everything(world: World) -> list[Row]:
    """Every record."""
    return rows(world)


def rows_of(staff: Api, text: str) -> set[tuple[bool, int]]:
    """Give kind and id of all that a filter finds, through all pages."""
    collected: set[tuple[bool, int]] = set()
    for index in range(1, 20):
        page = staff.search(text, index=index)
        assert "objects" in page, page
        collected |= {(one["type"] == 0, one["id"]) for one in page["objects"]}
        if not page["objects"]:
            assert len(collected) == page["totalCount"]
            return collected
    raise AssertionError("more pages than there can be")


TEXT_OPERATORS = ("=", "!=", "~", "!~", "^", "^=", "+", "!+")
NUMBER_OPERATORS = ("=", ">", ">=", "<", "<=", ":")
Naive = Callable[[Row], bool]


def text_terms(everything: list[Row], keys: list[str]) -> st.SearchStrategy[tuple[str, Naive]]:
    """Draw text comparisons with pieces of what is really there, and with what is not."""
    some = {
        key: sorted({str(value) for row in everything for value in row.values(key)})[:200] or ["x"]
        for key in keys
    }

    @st.composite
    def term(draw: st.DrawFn) -> tuple[str, Naive]:
        key = draw(st.sampled_from(keys))
        operator = draw(st.sampled_from(TEXT_OPERATORS))
        whole = draw(st.sampled_from(some[key]) | st.text("abc é'*.", min_size=1, max_size=4))
        start = draw(st.integers(0, max(0, len(whole) - 1)))
        piece = whole[start : start + draw(st.integers(1, 30))]
        value = "" if operator in ("+", "!+") else whole if operator in ("=", "!=") else piece
        written = draw(st.sampled_from([key, key.upper(), key.lower()]))
        text = f"{written}{operator}'{value.replace(chr(39), '%27')}'"
        return text, lambda row: matches(operator, row.values(key), value)

    return term()


def number_terms(everything: list[Row]) -> st.SearchStrategy[tuple[str, Naive]]:
    """Draw comparisons of ids and dates around values that are there."""
    fields: dict[str, Callable[[Row], int | None]] = {
        "media_id": lambda row: None if row.is_epg else row.record["id"],
        "epg_id": lambda row: row.record["id"] if row.is_epg else None,
        "linear_media_id": lambda row: row.record.get("linearAssetId"),
        "epg_channel_id": lambda row: row.record.get("epgChannelId"),
        "start_date": lambda row: row.record["startDate"],
        "end_date": lambda row: row.record.get("endDate"),
        "create_date": lambda row: row.record.get("createDate"),
        "update_date": lambda row: row.record.get("updateDate"),
    }
    some = {
        key: sorted({value for row in everything if (value := read(row)) is not None})
        for key, read in fields.items()
    }

    @st.composite
    def term(draw: st.DrawFn) -> tuple[str, Naive]:
        key = draw(st.sampled_from(sorted(fields)))
        operator = draw(st.sampled_from(NUMBER_OPERATORS))
        values = draw(st.lists(st.sampled_from(some[key]), min_size=1, max_size=4))
        off = draw(st.integers(-1, 1))
        joined = ",".join(str(one + off) for one in (values if operator == ":" else values[:1]))
        return f"{key} {operator} '{joined}'", lambda row: compares(
            operator, fields[key](row), joined
        )

    return term()


def measure_terms(everything: list[Row], keys: list[str]) -> st.SearchStrategy[tuple[str, Naive]]:
    """Draw comparisons of metas that are numbers, in some rows."""

    @st.composite
    def term(draw: st.DrawFn) -> tuple[str, Naive]:
        key = draw(st.sampled_from(keys))
        some = sorted({v for row in everything for v in row.values(key) if isinstance(v, float)})
        operator = draw(st.sampled_from([*NUMBER_OPERATORS, "+", "!+"]))
        wanted = draw(st.lists(st.sampled_from(some), min_size=1, max_size=3))
        values = [int(one) for one in wanted] if operator == ":" else wanted[:1]
        value = "" if "+" in operator else ",".join(map(str, values))

        def holds(row: Row) -> bool:
            held = row.values(key)
            if "+" in operator:
                return bool(held) == (operator == "+")
            if held and isinstance(held[0], str):  # where another struct has text
                return operator == "=" and held[0] == value
            return compares(operator, float(held[0]) if held else None, value)

        return f"{key} {operator} '{value}'", holds

    return term()


def trees(leaves: st.SearchStrategy[tuple[str, Naive]]) -> st.SearchStrategy[tuple[str, Naive]]:
    """Draw filters of and and or, nested."""

    def group(parts: st.SearchStrategy[tuple[str, Naive]]) -> st.SearchStrategy[tuple[str, Naive]]:
        return st.builds(
            joined, st.sampled_from(["and", "or"]), st.lists(parts, min_size=1, max_size=3)
        )

    return st.recursive(leaves, group, max_leaves=6)


def joined(word: str, parts: list[tuple[str, Naive]]) -> tuple[str, Naive]:
    """Join filters, and their naive readers."""
    text = f"({word} {' '.join(part for part, _ in parts)})"
    join = all if word == "and" else any
    return text, lambda row: join(naive(row) for _, naive in parts)


def test_filters_find_what_reading_every_record_finds(
    staff: Api, everything: list[Row], world: World
) -> None:
    """Random trees over texts, tags, metas, ids and dates, both shelves, nested."""
    metas = {name: meta.kind for name, meta in world.media.metas.items()}
    numeric = [name for name, kind in metas.items() if kind in ("number", "date")]
    textual = [name for name in metas if name not in numeric and name == name.strip()]
    leaves = st.one_of(
        text_terms(everything, ["name", "description", "externalId", *world.media.tags, *textual]),
        number_terms(everything),
        measure_terms(everything, numeric),
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees(leaves))
    def holds(drawn: tuple[str, Naive]) -> None:
        text, naive = drawn
        expected = {(row.is_epg, row.record["id"]) for row in everything if naive(row)}
        assert rows_of(staff, f"(and {text} {EVER})") == {one for one in expected if one in ever}

    ever = {
        (row.is_epg, row.record["id"]) for row in everything if row.record["startDate"] > 315360001
    }
    holds()
