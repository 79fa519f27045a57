"""Records to tables, as values; the awkward but legal ones too."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kott_notebooks.api import envelopes, privacy
from kott_notebooks.api.decode import Page, TextReader
from kott_notebooks.api.secrets import Secret
from kott_notebooks.errors import KottError
from kott_notebooks.tables import frames
from kott_notebooks.tables.provenance import facts

MEDIA = "KalturaMediaAsset"
TEXT = "KalturaMultilingualStringValue"


def media(**properties: Any) -> dict[str, Any]:
    return {"objectType": MEDIA, "id": 1, **properties}


def metas(**values: Any) -> dict[str, Any]:
    return media(metas=values)


def value(kind: str, content: Any) -> dict[str, Any]:
    return {"objectType": f"Kaltura{kind}Value", "value": content}


def pages(*records: dict[str, Any]) -> list[Page]:
    """One page a record."""
    return [Page(json.dumps([one]).encode(), 1, len(records)) for one in records]


@pytest.fixture(params=[1, 1_000], autouse=True)
def batch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn every page into columns by itself, and many together: nothing may depend on it."""
    monkeypatch.setattr(frames, "BATCH", request.param)


def dtype(table: pd.DataFrame, column: str) -> str:
    return str(table[column].dtype)


def test_a_class_s_own_columns_are_there_when_no_row_is() -> None:
    """Names, order and dtypes do not depend on what came."""
    empty, one = frames.frame([], MEDIA), frames.frame([media(name="x")], MEDIA)
    assert list(empty.columns) == list(one.columns)
    assert empty.dtypes.equals(one.dtypes)
    assert list(empty.columns[:5]) == ["objectType", "id", "type", "name", "multilingualName"]
    kinds = {name: dtype(empty, name) for name in ("id", "name", "startDate", "status", "images")}
    assert kinds == {
        "id": "Int64",
        "name": "str",
        "startDate": "datetime64[us, UTC]",
        "status": "boolean",
        "images": "str",
    }


def test_metas_are_typed_by_their_value_objects() -> None:
    """Numbers, dates, truth and text each have their dtype; what is absent is NA."""
    table = frames.frame(
        [
            metas(
                Year=value("Double", 2017),
                Part=value("Integer", 2),
                Free=value("Boolean", False),
                Aired=value("Long", 890000000),
                Title=value("MultilingualString", "Quai"),
            ),
            metas(),
        ],
        MEDIA,
    )
    dtypes = {name: dtype(table, f"metas.{name}") for name in ("Year", "Part", "Free", "Aired")}
    assert dtypes == {
        "Year": "Float64",
        "Part": "Int64",
        "Free": "boolean",
        "Aired": "datetime64[us, UTC]",
    }
    assert table.loc[0, "metas.Aired"] == pd.Timestamp("1998-03-15T22:13:20Z")
    assert table.loc[1].filter(like="metas.").isna().all()


def test_nested_cells_are_the_api_s_json() -> None:
    """Images and unknown objects stay as text, compact."""
    table = frames.frame([media(images=[{"id": "a"}], odd={"x": 1})], MEDIA)
    assert table.loc[0, "images"] == '[{"id":"a"}]'
    assert table.loc[0, "odd"] == '{"x":1}'


def test_a_meta_of_two_types_is_text_and_named() -> None:
    """A number in one row and a text in the other: both as text, and the provenance says so."""
    table = frames.frame(
        [metas(Year=value("Double", 1998)), metas(Year=value("MultilingualString", "MCM"))], MEDIA
    )
    assert list(table["metas.Year"]) == ["1998", "MCM"]
    assert facts(table)["mixed"] == ["metas.Year"]


def test_a_meta_of_two_types_on_two_pages_is_text_and_named() -> None:
    """The same when the pages each agree with themselves."""
    source = pages(
        metas(Year=value("Double", 1998)),
        metas(Year=value("MultilingualString", "MCM")),
        metas(Year=value("Double", 7.5)),
    )
    table = frames.frame(source, MEDIA)
    assert list(table["metas.Year"]) == ["1998", "MCM", "7.5"]
    assert facts(table)["mixed"] == ["metas.Year"]


def test_a_number_that_is_whole_in_one_row_only_is_a_number() -> None:
    """1 and 1.5 are both Float64, declared or not, on one page or two."""
    rows = [media(odd=1, metas={"A": value("Double", 1)}), media(odd=1.5)]
    for source in (rows, pages(*rows)):
        table = frames.frame(source, MEDIA)
        assert dtype(table, "odd") == dtype(table, "metas.A") == "Float64"
        assert list(table["odd"]) == [1.0, 1.5]


def test_text_that_looks_like_a_date_stays_text() -> None:
    """Nothing is guessed from a text."""
    table = frames.frame([metas(When=value("MultilingualString", "2020-01-01"))], MEDIA)
    assert dtype(table, "metas.When") == "str"
    assert table.loc[0, "metas.When"] == "2020-01-01"


def test_null_is_absent_wherever_it_stands() -> None:
    """Null values, metas, tags, images, an empty tag and a null one: a row each, no error."""
    rows = [
        media(name=None, metas=None, tags=None, images=None),
        media(metas={"A": None, "B": value("Double", None)}, tags={"G": None}),
        media(metas={}, tags={"G": {"objects": []}, "H": {}}),
    ]
    table = frames.frame(rows, MEDIA)
    assert len(table) == 3
    assert table["name"].isna().all()
    assert table["tags.G"].isna().all()
    assert table["metas.B"].isna().all()


def test_an_id_past_2_to_53_is_exact() -> None:
    """No float on the way."""
    table = frames.frame([media(id=2**53 + 1), media(id=2**63 - 1)], MEDIA)
    assert list(table["id"]) == [2**53 + 1, 2**63 - 1]


def test_an_id_past_2_to_63_is_kept_as_text() -> None:
    """What Int64 cannot hold is not lost."""
    table = frames.frame([media(id=2**64), media(id=5)], MEDIA)
    assert list(table["id"]) == [str(2**64), "5"]
    assert facts(table)["mixed"] == ["id"]


def test_numbers_and_truth_that_travel_as_text_or_number_are_taken() -> None:
    """A type of "425" and a status of 1 are 425 and true, on the page of well-typed ones too."""
    rows = [media(type="425", status=1), media(type=7, status="false"), media()]
    table = frames.frame(rows, MEDIA)
    assert table["type"].tolist() == [425, 7, pd.NA]
    assert table["status"].tolist() == [True, False, pd.NA]


def test_a_property_that_does_not_fit_its_type_is_text_and_named() -> None:
    """One odd value costs the column its type and nothing its value."""
    table = frames.frame([media(type="movie"), media(type=7)], MEDIA)
    assert list(table["type"]) == ["movie", "7"]
    assert facts(table)["mixed"] == ["type"]


def test_the_word_null_is_a_text() -> None:
    """Where a column's values disagree, too."""
    mixed = frames.frame([metas(Y=value("Double", 1998)), metas(Y=value("String", "null"))], MEDIA)
    assert mixed["metas.Y"].tolist() == ["1998", "null"]
    assert frames.frame([media(type="null"), media(type=5)], MEDIA)["type"].tolist() == [
        "null",
        "5",
    ]


def test_nested_cells_have_the_server_s_spelling_on_every_page() -> None:
    """A page that brings a new name is no other: numbers are not written anew."""
    cells = frames.reader(MEDIA)
    body = b'{"objects":[{"objectType":"KalturaMediaAsset","id":1,"odd":[{"w":1.50,"v":1e3}]}]}'
    parts = [cells.lay_out(cells.read(body).rows) for _ in range(2)]
    assert frames.frame(parts, MEDIA)["odd"].tolist() == ['[{"w":1.50,"v":1e3}]'] * 2


def test_blanks_of_a_server_that_writes_them_are_seen_though_the_first_cells_are_empty() -> None:
    """A list without anything in it does not tell how lists are written."""
    cells = frames.reader(MEDIA)
    row = '{"id": 1, "images": [], "tags": {"G": {"objects": [{"value": "Drama"}]}}}'
    body = f'{{"result": {{"objects": [{row}], "totalCount": 1}}}}'
    cells.read(b'{"objects":[{"id":1,"tags":{"G":null}}]}')
    assert cells.fast(body.encode(), 1) is None
    assert cells.fast(body.replace(" ", "").encode(), 1) is not None


def test_a_body_that_is_no_utf_8_is_found_out_though_nested_cells_are_not_decoded() -> None:
    """Letters of two bytes and more are taken, halves of them are not."""
    cells = frames.reader(MEDIA)
    body = '{"result":{"objects":[{"id":1,"images":[{"url":"Bérő-\U0001f600"}]}]}}'.encode()
    assert cells.fast(body, 1) is not None
    assert cells.fast(body.replace("é".encode(), b"\xc3"), 1) is None


def test_an_unknown_class_and_property_are_kept() -> None:
    """A server may send what no schema lists."""
    table = frames.frame([{"objectType": "KalturaShiny", "id": 1, "shine": True}], MEDIA)
    assert table["shine"].tolist() == [True]
    assert table.loc[0, "objectType"] == "KalturaShiny"


def test_a_property_of_an_extending_class_has_its_type() -> None:
    """A live asset among media: its catchUpBuffer is Int64, its times are times."""
    live = {"objectType": "KalturaLiveAsset", "id": 2, "catchUpBuffer": "60"}
    assert dtype(frames.frame([media(), live], MEDIA), "catchUpBuffer") == "Int64"


@pytest.mark.parametrize("name", ["a.b", 'with "quotes"', "line\nbreak", "Catchup allowed ", ""])
def test_a_meta_s_name_survives(name: str) -> None:
    """Dots, quotes, line breaks, trailing blanks: the column is the partner's own name."""
    table = frames.frame([media(metas={name: value("Double", 1)})], MEDIA)
    assert table[f"metas.{name}"].tolist() == [1.0]


def test_a_meta_that_first_occurs_on_the_last_page_has_its_column() -> None:
    """NA for the rows before."""
    source = pages(media(), media(), metas(Late=value("Boolean", True)))
    table = frames.frame(source, MEDIA)
    assert table["metas.Late"].tolist() == [pd.NA, pd.NA, True]


def test_a_time_in_2999_is_a_time() -> None:
    """Microseconds reach where nanoseconds do not."""
    table = frames.frame([media(endDate=32472151200)], MEDIA)
    assert table.loc[0, "endDate"] == pd.Timestamp("2999-01-01T02:00:00Z")


@pytest.mark.parametrize("seconds", [2**62, 1_700_000_000_000, -62_135_596_801, "soon"])
def test_a_time_that_is_not_valid_costs_one_value(seconds: int | str) -> None:
    """Milliseconds of one asset leave the others' times alone; provenance has the number."""
    bad = media(id=7, startDate=seconds)
    table = frames.frame(pages(media(id=6, startDate=10), bad), MEDIA)
    assert table["startDate"].dt.year.tolist()[:1] == [1970]
    assert table["startDate"].isna().tolist() == [False, True]
    assert facts(table)["unreadable"] == [{"column": "startDate", "id": "7", "value": str(seconds)}]


def test_an_end_after_9999_means_never() -> None:
    """Servers write it for assets without an end; it becomes the last moment of 9999."""
    table = frames.frame([media(endDate=253_402_300_800), media(endDate=10**12)], MEDIA)
    assert table.loc[0, "endDate"] == pd.Timestamp("9999-12-31T23:59:59Z")
    assert [one["value"] for one in facts(table)["unreadable"]] == [str(10**12)]


def test_rows_that_are_left_out_are_not_named() -> None:
    """The first rows of a part name only their own values."""
    parts = list(pages(media(id=6), media(id=7, startDate=10**13)))
    reader = frames.reader(MEDIA)
    part = reader.lay_out(
        [row for one in parts for row in reader.read(b'{"objects":' + one.objects + b"}").rows]
    )
    assert "unreadable" not in facts(frames.frame([part.head(1)], MEDIA))
    assert facts(frames.frame([part.select([1])], MEDIA))["unreadable"]


def test_a_whole_number_that_no_float_holds_makes_text() -> None:
    """On one page past 2^53, on the other with a fraction."""
    table = frames.frame(pages(media(odd=2**53 + 1), media(odd=0.5)), MEDIA)
    assert table["odd"].astype("str").iloc[0] in (str(2**53 + 1), str(float(2**53 + 1)))


SPOKEN = [{"language": "eng", "value": "Quay"}, {"language": "fra", "value": "Quai"}]


@pytest.mark.parametrize(("own", "shown"), [(None, "Quay"), ("Kai", "Kai")])
def test_a_meta_has_a_column_of_each_language(own: str | None, shown: str) -> None:
    """The meta itself is the server's value, else its first language's text."""
    meta = {"objectType": TEXT, "value": own, "multilingualValue": SPOKEN}
    table = frames.frame(pages(metas(T=meta), metas(T=value("MultilingualString", "x"))), MEDIA)
    assert table.filter(like="metas.").fillna("absent").to_dict("list") == {
        "metas.T": [shown, "x"], "metas.T@eng": ["Quay", "absent"],
        "metas.T@fra": ["Quai", "absent"],
    }  # fmt: skip
    assert "mixed" not in facts(table)


def test_a_name_has_a_column_of_each_language() -> None:
    """An absent name is the first translation; the API's list of them is not repeated."""
    table = frames.frame([media(multilingualName=SPOKEN), media(name="Pier")], MEDIA)
    assert table["name"].tolist() == ["Quay", "Pier"]
    assert (table.loc[0, "name@eng"], table.loc[0, "name@fra"]) == ("Quay", "Quai")
    assert table["multilingualName"].isna().all()


def test_translations_are_a_column_where_they_are_named() -> None:
    """The API's own name may be asked for: it is JSON, as the API writes it."""
    rows = [media(multilingualName=SPOKEN)]
    table = frames.frame(rows, MEDIA, fields=["multilingualName"])
    assert list(table.columns) == ["objectType", "id", "multilingualName"]
    assert json.loads(str(table.loc[0, "multilingualName"])) == SPOKEN


def test_another_use_of_such_a_name_stays() -> None:
    """A server may call a text multilingualNote."""
    table = frames.frame([media(multilingualNote="two languages")], MEDIA)
    assert table["multilingualNote"].tolist() == ["two languages"]


@pytest.mark.parametrize(
    ("tag", "cell"),
    [
        ({"objects": [{"value": "Drama"}, {"value": 'a "} b'}]}, ["Drama", 'a "} b']),
        ({"value": "Drama", "objectType": "KalturaStringValue"}, ["Drama"]),
        ({"objectType": "X", "objects": [{"value": "B"}, None, {"value": "B"}]}, ["B", "B"]),
        ({"objects": [{"multilingualValue": SPOKEN}]}, ["Quay"]),
        ({"objects": [{"value": None}]}, None),
        ({"objects": []}, None),
        ({"objects": None, "value": "Drama"}, ["Drama"]),
        ({}, None),
        (None, None),
    ],
)
def test_a_tag_is_a_list_of_texts(tag: Any, cell: list[str] | None) -> None:
    """Whatever the server's envelope and the order of its keys; no value is absent."""
    table = frames.frame(pages(media(tags={"G": tag}), media(tags={"G": {"value": "x"}})), MEDIA)
    shown = [None if pd.isna(one) else json.loads(one) for one in table["tags.G"]]
    assert shown == [cell, ["x"]]


def test_a_tag_has_a_column_of_each_language() -> None:
    """The values in French stand side by side."""
    quay = {"multilingualValue": SPOKEN}
    sea = {"value": "Sea", "multilingualValue": [{"language": "fra", "value": "Mer"}]}
    table = frames.frame([media(tags={"G": {"objects": [quay, sea]}})], MEDIA)
    assert table.filter(like="tags.").iloc[0].to_dict() == {
        "tags.G": '["Quay","Sea"]', "tags.G@eng": '["Quay"]', "tags.G@fra": '["Quai","Mer"]',
    }  # fmt: skip


def test_fields_narrow_the_columns() -> None:
    """id and objectType stay; a meta asked for by name is the only one."""
    row = media(name="x", metas={"A": value("Double", 1), "B": value("Double", 2)})
    table = frames.frame([row], MEDIA, fields=["name", "metas.A"])
    assert list(table.columns) == ["objectType", "id", "name", "metas.A"]


def test_a_field_that_never_came_is_an_empty_column() -> None:
    """Asked for by name, it is not dropped quietly."""
    table = frames.frame([media()], MEDIA, fields=["metas.Nowhere"])
    assert table["metas.Nowhere"].isna().all()


def test_records_and_pages_make_the_same_table() -> None:
    """A list of dicts is laid out as the pages that held it."""
    body = b'{"result":{"totalCount":2,"objects":[{"id":1,"name":"a"},{"id":2,"type":5}]}}'
    texts = TextReader()
    page = texts.lay_out(texts.read(envelopes.reply(body, "asset.list").result).rows)
    pd.testing.assert_frame_equal(frames.frame([page], MEDIA), frames.frame(page.records(), MEDIA))


def test_personal_texts_are_replaced_and_secrets_masked() -> None:
    """Hashed alike for alike, nested ones too; ids stay."""
    rows: list[dict[str, Any]] = [
        {"id": "7", "username": "ann", "dynamicData": {"pet": {"value": "rex"}}},
        {"id": "8", "username": "ann"},
    ]
    table = frames.frame(rows, "KalturaOTTUser", hide=privacy.hasher(Secret("key")))
    first, second = table["username"]
    assert first == second != "ann"
    assert "rex" not in str(table.loc[0, "dynamicData"])
    assert list(table["id"]) == ["7", "8"]
    tokens = frames.frame([{"id": "t", "token": "hush"}], "KalturaAppToken")
    assert list(tokens["token"]) == ["***"]


def test_coerce_types_columns_that_agree() -> None:
    """Programmes' metas are text on the wire; those that are numbers or truth become so."""
    texts = {
        "season": ["1", None, "12"],
        "zip": ["01234", "2", None],
        "hd": ["true", "false", None],
    }
    table = pd.DataFrame({f"metas.{k}": pd.array(v, "str") for k, v in texts.items()})
    typed = frames.coerce(table)
    assert [dtype(typed, f"metas.{name}") for name in texts] == ["Int64", "str", "boolean"]
    assert typed["metas.season"].tolist() == [1, pd.NA, 12]
    assert dtype(table, "metas.season") == "str"


def test_coerce_takes_tables_that_were_joined() -> None:
    """Their index may repeat; a column that is not there is said."""
    table = pd.DataFrame({"metas.n": pd.array(["1", "2"], "str")}, index=[0, 0])
    assert frames.coerce(table)["metas.n"].tolist() == [1, 2]
    with pytest.raises(KottError, match="no column nope"):
        frames.coerce(table, ["nope"])


@pytest.mark.parametrize("form", ["string", "object", "category", "string[pyarrow]"])
def test_coerce_takes_texts_of_every_dtype(form: Any) -> None:
    """A table that other programs had has texts of other dtypes."""
    table = pd.DataFrame({"metas.n": pd.Series(["1", "2"], dtype=form)})
    assert dtype(frames.coerce(table), "metas.n") == "Int64"


def test_coerce_leaves_numbers_that_no_float_holds() -> None:
    """Ids of twenty digits stay what they are: two of them would become one."""
    ids = ["12345678901234567890", "12345678901234567891"]
    table = frames.coerce(pd.DataFrame({"metas.Id": pd.Series(ids, dtype="str")}))
    assert table["metas.Id"].tolist() == ids


def test_coerce_leaves_an_empty_column() -> None:
    """No value, no type to agree on."""
    table = pd.DataFrame({"metas.x": pd.array([None, None], "str")})
    assert dtype(frames.coerce(table), "metas.x") == "str"


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.text() | st.none(),
                "type": st.integers(-(2**63), 2**63 - 1) | st.none(),
                "status": st.booleans(),
                "startDate": st.integers(-(10**10), 10**11),
                "odd": st.integers()
                | st.text()
                | st.booleans()
                | st.floats(allow_nan=False, allow_infinity=False)
                | st.lists(st.integers()),
            },
        ),
        max_size=8,
    ),
    st.integers(1, 4),
)
def test_rows_survive_whatever_their_pages(rows: list[dict[str, Any]], size: int) -> None:
    """Cut into pages of any size, well-typed columns hold what was put in."""
    cut = [rows[n : n + size] for n in range(0, len(rows), size)]
    source = [Page(json.dumps(part).encode(), len(part), len(rows)) for part in cut]
    table = frames.frame(source, MEDIA)
    assert len(table) == len(rows)
    for name in ("name", "type", "status"):
        assert [None if pd.isna(v) else v for v in table[name]] == [row.get(name) for row in rows]
    seconds = [None if pd.isna(v) else v.timestamp() for v in table["startDate"]]
    assert seconds == [row.get("startDate") for row in rows]
    if "odd" in table:
        assert table["odd"].notna().tolist() == [row.get("odd") is not None for row in rows]


TOKENS = [{"objectType": "KalturaTranslationToken", "language": "fra", "value": "Quai"}]
TEXTS = st.text(max_size=3) | st.sampled_from(["null", "1e3", "0.50"])
VALUES = st.one_of(
    st.builds(value, st.sampled_from(["String", "MultilingualString"]), TEXTS),
    st.builds(value, st.just("Double"), st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9)),
    st.builds(value, st.sampled_from(["Integer", "Long"]), st.integers(-(2**70), 2**70)),
    st.builds(value, st.just("Boolean"), st.booleans()),
    st.builds(value, st.sampled_from(["String", "Long", "Unheard"]), st.none() | st.text("12")),
    st.just({"objectType": TEXT, "multilingualValue": TOKENS}),
    st.none(),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.dictionaries(st.sampled_from("AB"), VALUES), max_size=8), st.integers(1, 4))
def test_metas_survive_whatever_their_pages(rows: list[dict[str, Any]], size: int) -> None:
    """What is learned of a meta's class on one page changes nothing for what another holds."""
    records = [metas(**row) for row in rows]
    cut = [records[n : n + size] for n in range(0, len(records), size)]
    source = [Page(msgspec.json.encode(part), len(part), len(records)) for part in cut]
    table, whole = frames.frame(source, MEDIA), frames.frame(records, MEDIA)
    pd.testing.assert_frame_equal(table, whole)
    assert table.attrs == whole.attrs
    for name in table.filter(regex=r"metas\.[AB]$"):
        cells = [row.get(str(name).removeprefix("metas.")) or {} for row in rows]
        for one, shown in zip(cells, table[name], strict=True):
            wanted = "Quai" if "multilingualValue" in one else one.get("value")
            assert pd.isna(shown) == (wanted is None)
            if isinstance(shown, str):
                assert shown == wanted or json.loads(shown) == wanted
            elif wanted is not None:
                number = float(wanted) if isinstance(wanted, str) else wanted
                assert getattr(shown, "timestamp", lambda n=shown: n)() == number


@given(
    lists=st.lists(st.lists(st.none() | st.text(max_size=4), max_size=3), min_size=1, max_size=5)
)
@settings(max_examples=50)
def test_tags_are_the_same_alone_and_beside_an_odd_one(lists: list[list[str | None]]) -> None:
    """Usual tags are read in one go, which one of another form must not change."""
    usual = [
        media(tags={"G": {"objects": [value("String", text) for text in one]}}) for one in lists
    ]
    alone = frames.frame(pages(*usual), MEDIA)
    beside = frames.frame(pages(*usual, media(tags={"G": {"objects": [7]}})), MEDIA)
    assert beside["tags.G"].iloc[-1] == '["7"]'
    shown = alone["tags.G"] if "tags.G" in alone else pd.Series([None] * len(lists), dtype="str")
    pd.testing.assert_series_equal(beside["tags.G"].iloc[:-1], shown, check_names=False)
