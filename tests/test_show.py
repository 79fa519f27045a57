"""Tables in a notebook's cell."""

from __future__ import annotations

import html.parser
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import audits, demo
from kott_notebooks.errors import KottError


class Reader(html.parser.HTMLParser):
    """Reads what a browser would show: texts by the tag they stand in, tags, links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.tags[-1], data.strip()))

    def texts(self, *tags: str) -> list[str]:
        return [text for tag, text in self.words if tag in tags]


@pytest.fixture(scope="module")
def assets() -> pd.DataFrame:
    session = demo.login(assets=60, channels=3, days=2, households=0)
    return kott.assets(session, progress=False)


def test_the_columns_that_matter_come_first(assets: pd.DataFrame) -> None:
    """Of 63 columns; the names of all others stand below, empty ones apart."""
    read = Reader(kott.show(assets).html)
    heads = read.texts("button")
    assert heads[:5] == ["id", "typeName", "name", "startDate", "endDate"]
    assert len(heads) == 12
    (filled,) = [text for text in read.texts("p") if text.startswith("With values")]
    (empty,) = [text for text in read.texts("p") if text.startswith("Empty")]
    named = {*heads, *filled.partition(": ")[2].split(", "), *empty.partition(": ")[2].split(", ")}
    assert named == {*assets.columns, "typeName"}
    assert "relatedEntities" in empty


def test_a_heading_says_what_the_column_holds() -> None:
    """How much is absent, how many values, from where to where."""
    years = pd.array([1990, 2000, 2000, None], "Int64")
    table = pd.DataFrame({"year": years, "genre": ["Noir", None, None, "Noir"]})
    read = Reader(kott.show(table).html)
    assert read.texts("small") == [
        "1990 to 2000",
        "2 values",
        "25 % absent",
        "1 value",
        "50 % absent",
    ]


@settings(max_examples=40)
@given(st.lists(st.floats(), max_size=8), st.sampled_from(["float64", "Float64"]))
def test_any_numbers_have_a_summary(numbers: list[float], dtype: Any) -> None:
    """Also equal, endless and very large ones."""
    read = Reader(kott.show(pd.DataFrame({"x": pd.Series(numbers, dtype=dtype)})).html)
    assert len(read.texts("td")) == pd.Series(numbers, dtype=float).notna().sum()


def test_one_time_in_all_rows_is_a_span_of_one(assets: pd.DataFrame) -> None:
    """Without bars."""
    same = assets.assign(startDate=pd.Timestamp("2026-03-01 12:00", tz="UTC"))
    read = Reader(kott.show(same, ["startDate"], tz="UTC").html)
    assert read.texts("small") == ["2026-03-01 12:00", "1 value"]


def test_times_are_those_of_the_zone(assets: pd.DataFrame) -> None:
    """And the caption says of which."""
    shown = kott.show(assets.head(3), ["startDate"], tz="Asia/Kathmandu").html
    wall = assets["startDate"].head(3).dt.tz_convert("Asia/Kathmandu").dt.strftime("%Y-%m-%d %H:%M")
    assert Reader(shown).texts("td") == wall.tolist()
    assert "times of Asia/Kathmandu" in shown


NASTY = st.text(st.sampled_from("<>&\"'/ab=\n\\]{[-"), max_size=30)


@settings(max_examples=40)
@given(st.lists(st.one_of(NASTY, st.sampled_from(["<script>alert(1)</script>", "</style><b>"]))))
def test_a_text_is_shown_as_it_is(texts: list[str]) -> None:
    """Whatever is in it, it makes no tag, and none of it is lost."""
    table = pd.DataFrame({"name": pd.Series(texts, dtype="str"), "<b>": 1})
    read = Reader(kott.show(table).html)
    assert read.tags.count("script") == read.tags.count("style") == 1
    assert "b" not in read.tags
    given = {" ".join(text.split()) for text in texts} - {""}
    seen = {" ".join(text.split()) for text in read.texts("td", "span", "summary")}
    assert given <= seen


def test_long_texts_unfold_and_pictures_are_links(assets: pd.DataFrame) -> None:
    """Nothing is loaded from elsewhere, and a link opens a page of its own."""
    long = "All of it. " * 40
    table = assets.head(2).assign(description=long)[["id", "description", "images"]]
    read = Reader(kott.show(table).html)
    assert read.texts("span").count(long.strip()) == 2
    assert "img" not in read.tags
    assert read.links == kott.images(table).groupby("assetId", sort=False)["url"].first().tolist()


def test_only_addresses_of_the_web_become_links() -> None:
    """A script would run with the rights of the notebook."""
    table = pd.DataFrame({"url": ["javascript:alert(1)", "https://a.b/c", '[{"url":"data:,x"}]']})
    assert Reader(kott.show(table).html).links == ["https://a.b/c"]


def test_rows_beyond_the_limit_are_counted() -> None:
    """The summaries are of all rows."""
    shown = kott.show(pd.DataFrame({"x": range(1_000)}), n=5)
    assert repr(shown) == "<kott table: 1,000 rows of 1 columns, 1 shown>"
    read = Reader(shown.html)
    assert read.texts("td") == ["0", "1", "2", "3", "4"]
    assert "1,000 values" in read.texts("small")


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame({"a": [None, None]}),
        pd.DataFrame({0: [True, False], 1: [1.5, float("nan")]}),
        pd.DataFrame({"x": [1, 1], "y": ["a", "b"]}).groupby(["x", "y"]).size().to_frame("n"),
    ],
    ids=["nothing", "no rows", "all absent", "numbered columns", "an index of its own"],
)
def test_any_table_can_be_shown(table: pd.DataFrame) -> None:
    """Also one that is not ours."""
    assert Reader(kott.show(table)._repr_html_()).tags.count("table") == 1


def test_types_are_named_without_labels(assets: pd.DataFrame) -> None:
    """By what the server calls them; the numbers are among the other columns."""
    reader = Reader(kott.show(assets).html)
    assert {"Movie", "Episode"} <= set(reader.texts("td"))
    assert "typeName" in reader.texts("button")


def test_findings_have_the_colours_of_their_severity(assets: pd.DataFrame) -> None:
    """Errors and warnings stand out; every hint is there, whole."""
    findings = kott.catalog.audit(assets).head(150)
    shown = kott.show(findings).html
    for severity, count in findings["severity"].value_counts().items():
        assert shown.count(f'<td class="{severity}">') == count
    assert set(findings["hint"]) <= {text for _, text in Reader(shown).words}


def test_slips_are_refused(assets: pd.DataFrame) -> None:
    """With what was given."""
    with pytest.raises(KottError, match="no column Yaer"):
        kott.show(assets, ["Yaer"])
    with pytest.raises(KottError, match="n must be at least 0, not -1"):
        kott.show(assets, n=-1)


def test_rules_have_html_of_their_own() -> None:
    """Every section that says something, with a partner's texts as they are."""
    waiver = {"rule": "image.none", "reason": "<b>known</b>", "until": "2099-12-31"}
    rules = audits.rules({"thresholds": {"ending_days": 9}, "waivers": [waiver]})
    read = Reader(rules._repr_html_())
    settings = dict(zip(read.texts("th"), read.texts("td"), strict=True))
    assert settings["ending_days"] == "9.0"
    assert "<b>known</b>" in settings["1"]
    assert "waivers (1)" in read.texts("summary")
