"""An audit for people and programs: the page, the workbook, the JSON."""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import catalog, demo, report
from kott_notebooks.audits.findings import as_findings
from kott_notebooks.errors import KottError
from kott_notebooks.report.page import unpacked

NASTY = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "' onclick='alert(1)",
    "=HYPERLINK(\"https://evil.invalid\")",
    "\x00\u202e",
)  # fmt: skip
LINK = "https://console.invalid/assets/{id}"


@pytest.fixture(scope="module")
def assets() -> pd.DataFrame:
    return kott.assets(demo.login(seed=3, assets=400, channels=10, households=5, days=1))


@pytest.fixture(scope="module")
def findings(assets: pd.DataFrame) -> pd.DataFrame:
    return catalog.audit(assets)


def page_of(findings: pd.DataFrame, assets: pd.DataFrame | None = None, **options: Any) -> str:
    return report.audit(findings, assets, **options).html


def listed(html: str) -> Any:
    """Read what the work list is made of."""
    match = re.search(r'<script type="text/plain" id="data">(.*?)</script>', html)
    assert match is not None
    return unpacked(match[1])


def made_up(*names: str | None, **more: Any) -> pd.DataFrame:
    """Make a finding of each name, the first with the most impact."""
    rows = [
        {
            "rule": "acme.name", "severity": "error", "kind": "media", "id": str(place),
            "name": name, "field": "name", "impact": 100_000.0 - place, "detail": f"It is {name}.",
            "hint": "Change it.", "ksql": f"name='{name}'", **more,
        }
        for place, name in enumerate(names)
    ]  # fmt: skip
    return as_findings(rows)


class Words(HTMLParser):
    """Gathers a page's text and its tags."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


# The page


def test_every_rule_stands_with_its_count_and_remedy(
    findings: pd.DataFrame, assets: pd.DataFrame
) -> None:
    """Severity, findings, what to do, threshold and MovieLabs term; the score of each type."""
    text = Words(page_of(findings, assets)).text
    for row in catalog.summary(findings).itertuples():
        assert f"{row.rule} {row.findings:,}" in text
        assert str(row.hint) in text
    assert "METADATA/MISSING-INFORMATION" in text
    assert "within 14 days" in text
    for row in catalog.score(findings, assets).itertuples():
        assert f"{row.score:.1f}" in text
    assert "Movie" in text
    assert "channel.no_programmes. It needs epg." in text


def test_the_work_list_has_all_findings_of_its_assets(
    findings: pd.DataFrame, assets: pd.DataFrame
) -> None:
    """Most impact first, each with its type, a picture to be followed, and where to mend it."""
    data = listed(page_of(findings, assets, link=LINK))
    work = catalog.worklist(findings, n=None)
    assert [one[3] for one in data["assets"]] == pytest.approx(work["impact"].round(1).tolist())
    assert {one[0] for one in data["assets"]} == set(work["id"])
    assert {one[2] for one in data["assets"]} <= {"Movie", "Series", "Episode", "Linear"}
    assert len(data["findings"]) == findings["id"].notna().sum()
    assert data["link"] == LINK
    pictures = [url for url in data["pictures"] if url]
    assert pictures
    assert all(url.startswith("https://") for url in pictures)


def test_findings_of_no_asset_are_shown_too(findings: pd.DataFrame) -> None:
    """A field that nobody has is in no work list."""
    text = Words(page_of(findings)).text
    for detail in findings.loc[findings["id"].isna(), "detail"]:
        assert str(detail) in text


def test_what_is_waived_or_switched_off_is_listed(assets: pd.DataFrame, tmp_path: Path) -> None:
    """A rule that is silent for a reason says it."""
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "[severities]\n'image.none' = 'off'\n[[waivers]]\nrule = 'meta.missing'\n"
        "reason = 'known'\nuntil = 2999-01-01\n"
    )
    text = Words(page_of(catalog.audit(assets, rules=rules), assets, rules=rules)).text
    assert "Switched off: image.none" in text
    assert re.search(r"Waived: meta\.missing, \d+ findings", text)


def test_labels_name_the_types(findings: pd.DataFrame, assets: pd.DataFrame) -> None:
    """Where the table itself does not; pictures are no must."""
    types = assets["type"].drop_duplicates().astype("str").tolist()
    labels = pd.DataFrame(
        {"kind": "assetStruct", "id": types, "name": [f"Kind {t}" for t in types]}
    )
    bare = assets.drop(columns="typeDescription").assign(images="[{}]")
    data = listed(page_of(findings, bare, labels=labels))
    assert {one[2] for one in data["assets"]} <= set(labels["name"])
    assert set(data["pictures"]) == {""}


@pytest.mark.parametrize("words", NASTY)
def test_no_title_becomes_html(words: str) -> None:
    """Whatever an asset, a rule or a page is called: the tags stay those of the page."""
    usual = Words(page_of(made_up("Harbour"))).tags
    odd = made_up(words, rule=f"acme.{words}", hint=words, detail=words)
    assets = pd.DataFrame(
        {
            "id": [0],
            "type": 9,
            "typeDescription": words,
            "images": f'[{{"url": {json.dumps(words)}}}]',
        }
    )
    page = Words(page_of(odd, title=words))
    assert page.tags == usual
    assert page.text.count(words.replace("\x00", "\ufffd")) or words in page.text
    data = listed(page_of(odd, assets))
    assert data["assets"][0][1:3] == [words, words]
    assert data["pictures"] == [""]  # no address on the web


def test_nothing_found_is_a_page_as_well() -> None:
    """It says so, and has no list."""
    html = page_of(made_up())
    assert "Nothing was found." in html
    assert 'id="rows"' not in html


def test_a_large_catalogue_makes_no_large_page() -> None:
    """The list is cut, keeps some of every rule, and says what it left out."""
    many = made_up(*(f"Title {place}" for place in range(20_000)))
    rare = made_up("Rare").assign(rule="acme.rare", id="rare", impact=0.1, severity="info")
    page = report.audit(pd.concat([many, rare], ignore_index=True), n=500)
    assert len(page.html) < 100_000
    assert "The list holds 501 of 20,001 assets" in page.html
    assert listed(page.html)["assets"][-1][0] == "rare"
    with pytest.raises(KottError, match="n must be at least 0, not -1"):
        report.audit(many, n=-1)


def test_an_asset_with_many_findings_is_shown_in_short() -> None:
    """The list says how many more there are."""
    one = pd.concat([made_up("Harbour")] * 30, ignore_index=True)
    data = listed(page_of(one))
    assert [row[4] for row in data["assets"]] == [30]
    assert len(data["findings"]) == 12


@pytest.mark.parametrize(
    ("kind", "rule", "title"),
    [
        ("media", "image.none", "Catalogue audit"),
        ("epg", "schedule.gap", "Guide audit"),
        ("device", "device.idle", "Household audit"),
    ],
)
def test_a_page_is_titled_and_filled_by_its_findings(kind: str, rule: str, title: str) -> None:
    """Only rules of the same audit are listed as without findings."""
    page = report.audit(made_up("One", kind=kind, rule=rule))
    assert page.title == title
    text = Words(page.html).text
    families = {"Catalogue audit": "file.none", "Guide audit": "schedule.overlap"}
    others = families | {"Household audit": "household.empty"}
    assert [other for other in others if others[other] in text] == [title]


def test_the_work_list_counts_what_was_audited() -> None:
    """Programmes and channels of a guide are no assets."""
    html = page_of(made_up("One", kind="epg", rule="schedule.gap"))
    assert listed(html)["things"] == "programmes and channels"
    assert "${things} shown" in html


def test_programmes_are_called_so() -> None:
    """Their type is a number of the API's, as is that of recordings."""
    findings = made_up("One", "Two", kind="epg", rule="schedule.absurd_length")
    programmes = pd.DataFrame({"id": [0, 1], "type": [0, 1]})
    data = listed(page_of(findings, programmes))
    assert [row[2] for row in data["assets"]] == ["Programme", "Recording"]


# The workbook


@pytest.fixture(scope="module")
def book(findings: pd.DataFrame, assets: pd.DataFrame, tmp_path_factory: Any) -> Any:
    path = tmp_path_factory.mktemp("book") / "audit.xlsx"
    assert report.workbook(findings, path, assets=assets, link=LINK) == path
    return openpyxl.load_workbook(path)


def rows_of(sheet: Any, heading: str) -> list[dict[str, Any]]:
    """Read the table of a sheet whose heading begins with a word: its cells by their column."""
    rows = [list(row) for row in sheet.iter_rows()]
    top = next(place for place, row in enumerate(rows) if row[0].value == heading)
    names = [cell.value for cell in rows[top]]
    return [dict(zip(names, row, strict=True)) for row in rows[top + 1 :]]


def test_each_rule_has_a_sheet_with_its_findings(book: Any, findings: pd.DataFrame) -> None:
    """Numbers are numbers, times times; the work list and the summary come first."""
    assert book.sheetnames[:2] == ["Summary", "Work list"]
    for rule, of in findings.groupby("rule"):
        rows = rows_of(book[str(rule)], "id")
        assert sorted(row["id"].value or "" for row in rows) == sorted(of["id"].fillna(""))
    ending = rows_of(book["window.ending"], "id")[0]
    assert isinstance(ending["impact"].value, int | float)
    assert ending["endDate"].is_date
    assert ending["type"].value in ("Movie", "Series", "Episode", "Linear")


def test_links_lead_to_sheets_assets_and_pictures(book: Any, findings: pd.DataFrame) -> None:
    """From the summary to each rule and back; from an id to where the asset is edited."""
    summary = rows_of(book["Summary"], "rule")
    assert [row["rule"].value for row in summary] == catalog.summary(findings)["rule"].tolist()
    for row in summary:
        sheet = row["rule"].hyperlink.location.partition("!")[0].strip("'")
        assert sheet == row["rule"].value
        assert book[sheet]["A1"].hyperlink.location == "'Summary'!A1"
    row = rows_of(book["meta.missing"], "id")[0]
    assert row["id"].hyperlink.target == LINK.replace("{id}", row["id"].value)
    pictures = [row["picture"].hyperlink.target for row in rows_of(book["image.too_small"], "id")]
    assert all(url.startswith("https://images.demo.kott.invalid/") for url in pictures)


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    """Names stay as they are, and rules too: of long names, the sheet's is cut."""
    odd = made_up(*NASTY[:4], rule="acme.a_rule_that_has_a_long_name/1").assign(linearAssetId=None)
    more = odd.assign(rule="acme.a_rule_that_has_a_long_name/2")
    path = report.workbook(pd.concat([odd, more], ignore_index=True), tmp_path / "odd.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[2:] == [
        "acme.a_rule_that_has_a_long_nam", "acme.a_rule_that_has_a_long_n~2",
    ]  # fmt: skip
    rows = rows_of(book[book.sheetnames[2]], "id")
    assert [row["name"].value for row in rows] == list(NASTY[:4])
    assert {row["name"].data_type for row in rows} == {"s"}


def test_a_sheet_says_what_it_left_out(tmp_path: Path) -> None:
    """The findings of most impact stay, since Excel limits the number of links."""
    path = report.workbook(made_up("One", "Two", "Three"), tmp_path / "cut.xlsx", n=2.0)  # type: ignore[arg-type]
    sheet = openpyxl.load_workbook(path)["acme.name"]
    assert [row["id"].value for row in rows_of(sheet, "id")] == ["0", "1"]
    assert "1 more are not in this sheet" in str([row[0].value for row in sheet.iter_rows()])
    with pytest.raises(KottError, match="n must be 1 to 30,000"):
        report.workbook(made_up("One"), path, n=100_000)
    with pytest.raises(KottError, match="n must be a whole number"):
        report.workbook(made_up("One"), path, n="2")  # type: ignore[arg-type]


def test_an_asset_of_many_findings_is_found_by_each_of_its_rules() -> None:
    """Details are cut short, but never the only one of a rule: the page filters by what it has."""
    many = made_up(*["x"] * 20).assign(id="1")
    last = made_up("x").assign(id="1", rule="acme.last", severity="info", impact=1.0)
    data = listed(page_of(pd.concat([many, last], ignore_index=True)))
    rules = [data["rules"][rule] for _, rule, *_ in data["findings"]]
    assert rules == ["acme.name"] * 12 + ["acme.last"]
    assert data["assets"][0][-1] == 21


def test_a_work_book_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is an error of ours, which the command can show."""
    with pytest.raises(KottError, match=r"book.xlsx cannot be written: .*No such file"):
        report.workbook(made_up("One"), tmp_path / "nowhere" / "book.xlsx")


def test_nothing_found_is_a_work_book_as_well(tmp_path: Path) -> None:
    """With two empty tables in it."""
    path = report.workbook(made_up(), tmp_path / "none.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Summary", "Work list"]
    assert rows_of(book["Summary"], "rule") == []


def test_a_work_book_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra there is a word on how to get it."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(KottError, match=r"pip install 'kott_notebooks\[excel\]'"):
        report.workbook(made_up("One"), tmp_path / "none.xlsx")


# JSON


def test_json_has_the_counts_and_every_finding(
    findings: pd.DataFrame, assets: pd.DataFrame
) -> None:
    """Times are ISO text, what is absent is null, and the keys are always there."""
    said = json.loads(report.as_json(findings, assets=assets))
    assert list(said) == [
        "when", "assets", "counts", "scores", "waived", "not_judged", "rules", "findings",
    ]  # fmt: skip
    assert said["assets"] == len(assets)
    assert sum(said["counts"].values()) == len(said["findings"]) == len(findings)
    ending = next(row for row in said["findings"] if row["rule"] == "window.ending")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ending["endDate"])
    assert ending["linearAssetId"] is None
    assert said["rules"][0]["severity"] == "error"
    assert said["scores"][-1]["type"] == "all"
    assert said["scores"] == json.loads(report.as_json(findings))["scores"]


def test_json_of_nothing_is_json() -> None:
    """Findings of another source know no time and no score."""
    said = json.loads(report.as_json(made_up()))
    assert said["counts"] == {"error": 0, "warning": 0, "info": 0}
    assert said["findings"] == said["scores"] == []
    assert said["when"] is None
