"""The guide page: what it is given to draw, read back; how it looks, tests/browser sees."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from typing import Any

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import KottError, schedule
from kott_notebooks.report.page import Page, unpacked
from kott_notebooks.schedule.layout import genre_slots
from kott_notebooks.tables.provenance import with_facts

NOON = pd.Timestamp("2026-03-28T12:00", tz="UTC")
WINDOW: dict[str, Any] = {"start": NOON, "end": NOON + pd.Timedelta(hours=2)}


def at(minute: float) -> pd.Timestamp:
    return (NOON + pd.Timedelta(minutes=minute)).as_unit("us")


def epg(*rows: tuple[int, int, float, float, str], **more: Any) -> pd.DataFrame:
    """Make a guide: id, channel, first and last minute after noon, name."""
    table = pd.DataFrame(rows, columns=["id", "linearAssetId", "startDate", "endDate", "name"])
    for name in ("startDate", "endDate"):
        table[name] = pd.DatetimeIndex(table[name].map(at)).as_unit("us")
    return table.astype({"linearAssetId": "Int64", "name": "str"}).assign(**more)


def given(page: Page) -> Any:
    """Read what a page is given to draw."""
    (packed,) = re.findall(r'id="data">([^<]*)<', page.html)
    return unpacked(packed)


def column(packed: dict[str, list[Any]]) -> list[str]:
    return [packed["values"][code] for code in packed["codes"]]


def test_programmes_are_given_by_channel_and_time() -> None:
    """In seconds, with their texts; those outside the window are left out."""
    table = epg((1, 8, 60, 120, "B"), (2, 7, 0, 60, "A"), (3, 7, 500, 600, "Later"))
    data = given(kott.guide(table.assign(description=["b", "", "c"]), **WINDOW))
    first = int(NOON.timestamp())
    assert (data["start"], data["end"]) == (first, first + 7200)
    assert data["channels"] == data["ids"] == ["7", "8"]
    shown = data["programmes"]
    assert shown["channel"] == [0, 1]
    assert shown["start"] == [first, first + 3600]
    assert shown["end"] == [first + 3600, first + 7200]
    assert column(shown["name"]) == ["A", "B"]
    assert column(shown["text"]) == ["", "b"]
    assert shown["id"] == ["2", "1"]


def test_a_channel_is_known_by_the_id_that_its_programmes_name() -> None:
    """A guide that has an epgChannelId alone is shown as one with a linearAssetId."""
    table = epg((1, 7, 0, 60, "A")).drop(columns="linearAssetId").assign(epgChannelId="e7")
    channels = pd.DataFrame({"id": [7], "externalIds": ["e7"], "name": ["Seven"]})
    data = given(kott.guide(table, channels, **WINDOW))
    assert (data["channels"], data["programmes"]["channel"]) == (["Seven"], [0])


def test_metas_and_tags_are_shown_as_people_read_them() -> None:
    """By their own names; the genre has a place of its own."""
    tag = '{"objects":[{"value":"%s"},{"value":"Crime"}]}'
    table = epg((1, 7, 0, 60, "A"), (2, 7, 60, 120, "B"))
    table["tags.Genre"] = pd.Series([tag % "News", None], dtype="str")
    table["tags.Actors"] = pd.Series([tag % "Zoë", None], dtype="str")
    table["metas.Year "] = pd.Series([2019, None], dtype="Int64")
    data = given(kott.guide(table, **WINDOW))
    assert column(data["programmes"]["genre"]) == ["News", "none"]
    more = {label: column(cells) for label, cells in data["programmes"]["more"].items()}
    assert more == {"Actors": ["Zoë; Crime", ""], "Year": ["2019", ""]}
    assert data["genres"] == {"News": 1}


def test_overlaps_have_lanes_and_gaps_are_given() -> None:
    """Three programmes, two at once; an hour without."""
    data = given(
        kott.guide(epg((1, 7, 0, 30, "A"), (2, 7, 20, 40, "B"), (3, 7, 40, 60, "C")), **WINDOW)
    )
    assert data["programmes"]["lane"] == [0, 1, 0]
    assert data["programmes"]["many"] == [2, 2, 1]
    first = data["start"]
    assert data["gaps"] == {"channel": [0], "start": [first + 3600], "end": [first + 7200]}


def test_what_has_no_length_is_given_all_the_same() -> None:
    """At its start, over what else is on."""
    table = epg((1, 7, 0, 120, "A"), (2, 7, 30, 30, "Zero"), (3, 7, 50, 40, "Less"))
    shown = given(kott.guide(table, **WINDOW))["programmes"]
    lasts = [end - start for start, end in zip(shown["start"], shown["end"], strict=True)]
    assert dict(zip(column(shown["name"]), lasts, strict=True)) == {"A": 7200, "Zero": 0, "Less": 0}
    assert shown["many"] == [1, 1, 1]


def test_findings_know_their_programme_or_channel() -> None:
    """One of a programme has its place; a gap, whose id is the channel's, has none."""
    table = epg((7, 7, 0, 60, "TBA"), (8, 9, 0, 120, "A"))
    result = given(kott.guide(table, **WINDOW))["findings"]
    columns = (result[name] for name in ("rule", "programme", "channel"))
    places = list(zip(*columns, strict=True))
    assert ("schedule.placeholder_title", 0, 0) in places
    assert ("schedule.gap", -1, 0) in places


def test_findings_that_are_given_are_the_ones_shown() -> None:
    """Those of channels that are not shown are left out; an empty table shows none."""
    table = epg((1, 7, 0, 60, ""), (2, 8, 0, 60, ""))
    own = kott_findings(table)
    assert given(kott.guide(table, [8], findings=own, **WINDOW))["findings"]["channel"] == [0]
    assert given(kott.guide(table, findings=own[:0], **WINDOW))["findings"]["rule"] == []


def test_findings_that_were_a_file_are_shown_too() -> None:
    """Their ids are those of the guide, whatever the dtypes of both."""
    table = epg((1, 7, 0, 60, ""), (2, 8, 0, 60, ""))
    own = kott_findings(table)
    shown = given(kott.guide(table, findings=own, **WINDOW))["findings"]
    as_text = own.astype({"id": "str", "linearAssetId": "str"})
    assert given(kott.guide(table, findings=as_text, **WINDOW))["findings"] == shown
    named = table.astype({"linearAssetId": "str"})
    assert given(kott.guide(named, findings=own, **WINDOW))["findings"] == shown


def kott_findings(table: pd.DataFrame) -> pd.DataFrame:
    result = schedule.audit(table, **WINDOW)
    return result[result["rule"] == "schedule.missing_title"]


def test_channels_asked_for_are_rows_in_their_order() -> None:
    """By the table's names, or the names given; one without a programme too."""
    table = epg((1, 7, 0, 60, "A"))
    channels = pd.DataFrame({"id": pd.array([9, 7], "Int64"), "name": ["Nine", None]})
    assert given(kott.guide(table, channels, **WINDOW))["channels"] == ["Nine", "7"]
    names = {"7": "Seven"}
    assert given(kott.guide(table, [9, 7], names=names, **WINDOW))["channels"] == ["9", "Seven"]


def test_the_pull_gives_window_and_time() -> None:
    """And `now` is the reader's clock unless it is given."""
    table = epg((1, 7, 0, 60, "A"))
    table = with_facts(
        table,
        when=at(5).isoformat(),
        **{k: v.isoformat() for k, v in WINDOW.items()},
    )
    data = given(kott.guide(table))
    assert data["end"] - data["start"] == 7200
    assert (data["pulled"], data["now"]) == (data["start"] + 300, None)
    assert given(kott.guide(table, now=at(10)))["now"] == data["start"] + 600


@pytest.mark.parametrize(
    ("tz", "name"),
    [
        ("Australia/Lord_Howe", "Australia/Lord_Howe"),
        (timezone(timedelta(hours=-3, minutes=-30)), "-03:30"),
        (UTC, "UTC"),
    ],
)
def test_the_zone_is_named_as_browsers_know_it(tz: Any, name: str) -> None:
    """By its key, else its offset."""
    assert given(kott.guide(epg((1, 7, 0, 60, "A")), tz=tz, **WINDOW))["zone"] == name


def test_a_zone_that_does_not_exist_is_refused() -> None:
    """Before anything is worked out."""
    with pytest.raises(KottError, match="'Nowhere' is not a time zone"):
        kott.guide(epg((1, 7, 0, 60, "A")), tz="Nowhere")


def test_nothing_to_show_is_an_error_that_says_so() -> None:
    """An empty table, and no channel asked for."""
    with pytest.raises(KottError, match="no channel to show"):
        kott.guide(epg()[:0])


def test_other_names_of_columns() -> None:
    """A guide of another source, without ids."""
    table = epg((1, 7, 0, 60, "A")).drop(columns="id").rename(columns={"name": "title"})
    data = given(kott.guide(table, columns={"name": "title"}, **WINDOW))
    assert column(data["programmes"]["name"]) == ["A"]


def test_a_name_is_never_html() -> None:
    """Whatever a programme, a channel or the page is called."""
    nasty = "</script><script>alert(1)</script>\u2028<b>"
    page = kott.guide(epg((1, 7, 0, 60, nasty)), names={7: nasty}, title=nasty, **WINDOW)
    assert "alert(1)</script>" not in page.html
    assert column(given(page)["programmes"]["name"]) == [nasty]
    assert given(page)["channels"] == [nasty]


def test_the_same_guide_is_the_same_page() -> None:
    """Byte by byte, so that it can be compared."""
    table = epg((1, 7, 0, 60, "A"))
    assert kott.guide(table, **WINDOW) == kott.guide(table, **WINDOW)


def test_one_time_far_away_does_not_widen_the_page() -> None:
    """A programme of 1970 is counted as not shown; a window that is given holds."""
    table = epg((1, 7, 0, 60, "A"), (2, 7, 60, 120, "B"), (3, 7, 0, 60, "Zero"))
    table.loc[2, ["startDate", "endDate"]] -= pd.Timedelta(days=20_000)
    nothing = pd.DataFrame(columns=[*schedule.audit(table[:2], **WINDOW).columns])
    data = given(kott.guide(table, findings=nothing))
    assert (data["end"] - data["start"], data["outside"]) == (7200, 1)
    assert given(kott.guide(table[:2], findings=nothing))["outside"] == 0
    year = given(kott.guide(table, start="2026-01-01", end="2027-01-01", findings=nothing))
    assert year["end"] - year["start"] == 365 * 86_400


def test_a_genre_has_a_place_in_the_palette() -> None:
    """The same in every picture."""
    table = epg((1, 7, 0, 60, "A"), (2, 7, 60, 120, "B"))
    table["tags.Genre"] = ["News", "Drama"]
    assert given(kott.guide(table, **WINDOW))["genres"] == genre_slots(["News", "Drama"], 8)
