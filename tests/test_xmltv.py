"""XMLTV written and read: what comes back, what XMLTV's own tools say, what is refused."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import demo, schedule, xmltv
from kott_notebooks.errors import KottError
from kott_notebooks.schedule.genres import values
from kott_notebooks.tables.provenance import facts
from kott_notebooks.xmltv import fields
from kott_notebooks.xmltv.elements import GuideFile
from kott_notebooks.xmltv.fields import from_url, numbers, seconds

Partner: TypeAlias = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]

DTD = Path("/usr/share/xmltv/xmltv.dtd")
ATHENS = "Europe/Athens"
NOW = datetime(2026, 10, 21, 12, tzinfo=UTC)  # the clocks change within the week
MIDNIGHT = pd.Timestamp("2026-10-24", tz="UTC")
REAL = """\
<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE tv SYSTEM "xmltv.dtd">
<!-- in the manner of several grabbers at once -->
<tv date="20261024060000 +0200" generator-info-name="a grabber" source-info-name="A paper">
  <channel id="zwei.example">
    <display-name lang="de">Zwei</display-name>
    <display-name>Z2</display-name>
    <icon src="zwei.png"/><url>https://zwei.example</url>
  </channel>
  <programme start="20261024201500 +0200" stop="20261024220000 CEST" channel="zwei.example"
             showview="12-34" clumpidx="0/1">
    <title lang="de">Das M&#228;dchen &amp; die Stra\xdfe</title>
    <title lang="en">The Girl</title>
    <sub-title lang="de">Caf&eacute; Orange</sub-title>
    <desc lang="de">
       Ein Film.
       Zwei Zeilen.
    </desc>
    <credits><director>A. B.<image>https://zwei.example/ab.png</image></director>
      <actor role="Eva">C. D.</actor><actor>E. F.</actor><presenter> </presenter></credits>
    <date>19901011</date>
    <category lang="en">Film</category><category>Drama</category>
    <length units="hours">1.5</length>
    <icon src="still.jpg" width="640" height="360"/><icon src="other.jpg" width="wide"/>
    <url>https://zwei.example/film</url>
    <country>DE</country>
    <episode-num system="onscreen">S9E9</episode-num>
    <episode-num system="xmltv_ns"> 1 . 4/13 . 0/2 </episode-num>
    <video><aspect>16:9</aspect></video>
    <previously-shown start="19910101"/>
    <new/>
    <subtitles type="teletext"><language>de</language></subtitles>
    <rating system="FSK"><value>12</value></rating>
    <star-rating><value>3/5</value></star-rating>
    <image type="poster">https://zwei.example/p.png</image>
    <of-our-own>whatever</of-our-own>
  </programme>
  <programme start="202610242200 +0200" channel="zwei.example"><title>News</title></programme>
  <programme start="202610242200 +0200" channel="zwei.example"><title>Wetter</title></programme>
  <programme start="2026102421" channel="zwei.example"><title/></programme>
</tv>
"""


def real(folder: Path, text: str = REAL) -> Path:
    path = folder / "guide.xml"
    path.write_text(text, encoding="latin-1")
    return path


def partner(*, defects: bool, assets: int, channels: int, days: int) -> Partner:
    """Give a demo partner's programmes of a week, its channels, and what is wrong on purpose."""
    session = demo.login(
        seed=61,
        assets=assets,
        channels=channels,
        days=days,
        households=0,
        defects=defects,
        clock=NOW.timestamp,
    )
    start = pd.Timestamp(NOW).normalize() - pd.Timedelta(days=1)
    epg = kott.epg(session, start, start + pd.Timedelta(days=days))
    return epg, kott.channels(session), demo.defects(session)


@pytest.fixture(scope="module")
def spoilt() -> Partner:
    """A small partner with whatever can be wrong with a guide."""
    return partner(defects=True, assets=100, channels=30, days=8)


# What comes back

NASTY = ("<b>&amp;</b>", " a\r\nb ", "]]>", "\"'", "\x0b\ufffe", "uri://%41", "http://x/%41", "[]")
TEXT = st.text(max_size=12) | st.sampled_from(NASTY)
PLAIN = st.none() | TEXT
TAG = st.none() | st.lists(TEXT, max_size=3)
LANGUAGES = ("eng", "fra", "grc")
TEXTS = (  # columns whose text comes back in one line
    *("name", "metas.Episode name", "externalId", "crid", "metas.Series ID", "clumpidx"),
    *(f"metas.{meta}" for meta in (*fields.METAS.values(), *fields.SHOWN.values())),
)
TAGS = [f"tags.{name}" for name in fields.TAGS.values()]
PROGRAMME = st.fixed_dictionaries(
    {
        "id": st.integers(1, 10**15),
        "linearAssetId": st.integers(1, 3),
        "start": st.integers(-(10**9), 10**9),
        "length": st.none() | st.integers(-9_000, 90_000),
        "description": PLAIN,
        "texts": st.fixed_dictionaries(dict.fromkeys(TEXTS, PLAIN)),
        "tags": st.dictionaries(st.sampled_from(TAGS), TAG, max_size=4),
        "translated": st.dictionaries(st.sampled_from(LANGUAGES), TEXT, max_size=3),
        "year": st.none() | st.integers(1888, 2030),
        "runtime": st.none() | st.integers(1, 60_000),
        "numbers": st.tuples(st.none() | st.integers(0, 99), st.none() | st.integers(0, 999)),
        "flags": st.tuples(*[st.sampled_from([None, "true"])] * 4),
        "icon": st.none() | TEXT,
    }
)
FLAGS = [f"metas.{meta}" for meta in fields.FLAGS.values()]


def held(text: str | None, *, lines: bool = False) -> str | None:
    """Return what XMLTV holds of a text: nothing that XML forbids, no blanks at the ends."""
    if text is None:
        return None
    kept = "".join(c for c in text if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
    kept = kept.replace("\r\n", "\n").replace("\r", "\n").strip()
    return (kept if lines else kept.replace("\n", " ")) or None


def tag(values: list[str] | None) -> str | None:
    """Write a tag as tables have it."""
    return msgspec.json.encode(values).decode() if values else None


def row(one: dict[str, Any]) -> dict[str, Any]:
    """Give a programme as a row of `kott.epg`."""
    start = MIDNIGHT + pd.Timedelta(one["start"], "s")
    ends = None if one["length"] is None else start + pd.Timedelta(one["length"], "s")
    season, episode = (None if number is None else str(number) for number in one["numbers"])
    icon = [{"objectType": "KalturaMediaImage", "width": 640, "height": 360, "url": one["icon"]}]
    return {
        "id": one["id"],
        "linearAssetId": one["linearAssetId"],
        "startDate": start,
        "endDate": ends,
        "description": one["description"],
        **{f"name@{code}": one["translated"].get(code) for code in LANGUAGES},
        **{f"description@{code}": one["translated"].get(code) for code in LANGUAGES},
        **one["texts"],
        **{name: tag(one["tags"].get(name)) for name in TAGS},
        "metas.Year": one["year"] and str(one["year"]),
        "metas.Runtime": one["runtime"] and f"{one['runtime'] / 100:g}",
        "metas.Season number": season,
        "metas.Episode number": episode,
        **dict(zip(FLAGS, one["flags"], strict=True)),
        "images": one["icon"] and msgspec.json.encode(icon).decode(),
    }


def as_held(one: dict[str, Any]) -> dict[str, Any]:
    """Give the row that can come back of a programme, with what the docstring promises."""
    texts = {name: held(text) for name, text in one["texts"].items()}
    tags = {
        name: [text for value in values or () if (text := held(value))]
        for name, values in one["tags"].items()
    }
    lines = [held(one["translated"].get(code), lines=True) for code in LANGUAGES]
    names = [held(one["translated"].get(code)) for code in LANGUAGES]
    flags = list(one["flags"])
    if any(texts[f"metas.{meta}"] for meta in fields.SHOWN.values()):
        flags[FLAGS.index("metas.Repeat")] = "true"  # when it was shown before makes it a repeat
    return {
        **row(one | {"texts": texts, "tags": tags, "flags": flags, "icon": held(one["icon"])}),
        **{f"name@{code}": text for code, text in zip(LANGUAGES, names, strict=True)},
        **{f"description@{code}": text for code, text in zip(LANGUAGES, lines, strict=True)},
        "name": texts["name"] or next(filter(None, names), None),
        "description": held(one["description"], lines=True) or next(filter(None, lines), None),
    }


def as_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Make the table that `kott.epg` would give, of the columns that there are."""
    times = dict.fromkeys(("startDate", "endDate"), "datetime64[us, UTC]")
    numbers = dict.fromkeys(("id", "linearAssetId"), "Int64")
    table = pd.DataFrame(rows, columns=list(rows[0]))
    return table.astype(dict.fromkeys(table.columns, "str") | times | numbers)


@settings(max_examples=30)
@given(st.lists(PROGRAMME, min_size=1, max_size=4), st.sampled_from(["UTC", ATHENS, "Asia/Tokyo"]))
def test_what_xmltv_can_hold_comes_back(
    tmp_path_factory: pytest.TempPathFactory, world: list[dict[str, Any]], tz: str
) -> None:
    """Whatever stands in the columns that `write` lists, in whatever zone it is written."""
    path = tmp_path_factory.getbasetemp() / "any.xml"
    xmltv.write(as_table([row(one) for one in world]), None, path, tz=tz, partner_id=478)
    expected = as_table([as_held(one) for one in world])
    table = xmltv.read(path).reindex(columns=expected.columns)
    table["endDate"] = table["endDate"].where(expected["endDate"].notna())  # the others are filled
    pd.testing.assert_frame_equal(table.astype(expected.dtypes), expected)


@pytest.fixture(scope="module")
def written(spoilt: Partner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write that partner's guide."""
    path = tmp_path_factory.mktemp("written") / "guide.xml"
    xmltv.write(*spoilt[:2], path, tz=ATHENS)
    return path


def test_a_demo_guide_is_judged_the_same(spoilt: Partner, written: Path) -> None:
    """All findings come back but those of flags and unreadable ends, which XMLTV cannot hold."""
    epg, channels, _ = spoilt
    read = xmltv.read(written)
    assert facts(read)["partner"] == 478
    start, end = (facts(epg)[name] for name in ("start", "end"))
    before = schedule.audit(epg, channels, tz=ATHENS, now=NOW)
    after = schedule.audit(read, channels, tz=ATHENS, now=NOW, start=start, end=end)
    lost = (before["rule"] == "schedule.bad_time") & (before["field"] == "endDate")
    expected = before[(before["rule"] != "schedule.catchup_flag") & ~lost]
    assert len(expected) > 60
    blank = expected["name"].str.strip().eq("")  # which XMLTV takes for absent
    expected = expected.assign(name=expected["name"].mask(blank)).reset_index(drop=True)
    pd.testing.assert_frame_equal(after, expected)


def test_a_guide_in_all_languages_keeps_them(tmp_path: Path) -> None:
    """Names and descriptions come back in each, tags and names of episodes in the first."""
    session = demo.login(assets=20, channels=2, days=2, households=0, language="*", defects=False)
    epg = kott.epg(session, "today", "today+1d")
    xmltv.write(epg, None, tmp_path / "guide.xml")
    read = xmltv.read(tmp_path / "guide.xml")
    first = kott.translations(epg).query("language == 'eng'")
    names, episodes = (first.loc[first["field"] == one] for one in ("name", "metas.Episode name"))
    assert read["name"].tolist() == names["value"].tolist()
    assert read["metas.Episode name"].dropna().tolist() == episodes["value"].tolist()
    assert kott.tags(read, "Genre")["value"].tolist() == kott.tags(epg, "Genre")["value"].tolist()


def test_channels_come_back_by_number_name_and_picture(spoilt: Partner, written: Path) -> None:
    """In XMLTV's form they say the number, the partner, and whose they are."""
    channels, read = spoilt[1], xmltv.channels(written)
    read = read[read["id"].isin(channels["id"])].reset_index(drop=True)  # some are not known
    assert read["externalId"].tolist() == [f"{own}.478.kott" for own in channels["id"]]
    assert read["id"].tolist() == channels["id"].tolist()
    assert read["name"].tolist() == channels["name"].tolist()
    shown = ["assetId", "url", "width", "height"]
    pd.testing.assert_frame_equal(kott.images(read)[shown], kott.images(channels)[shown])


def small(**columns: Any) -> pd.DataFrame:
    """Make two programmes of a channel."""
    given = {
        "linearAssetId": [7, 7],
        "startDate": [MIDNIGHT, MIDNIGHT + pd.Timedelta(hours=1)],
        "endDate": [MIDNIGHT + pd.Timedelta(hours=1), MIDNIGHT + pd.Timedelta(hours=2)],
        "name": ["One", "Two"],
    }
    return pd.DataFrame(given | columns)


def test_two_partners_channels_stay_apart(tmp_path: Path) -> None:
    """Where not all channels are of one partner, all keep the ids that the guide has."""
    xmltv.write(small(linearAssetId=["7.1.kott", "7.2.kott"]), None, tmp_path / "guide.xml")
    read, channels = xmltv.read(tmp_path / "guide.xml"), xmltv.channels(tmp_path / "guide.xml")
    assert read["linearAssetId"].tolist() == channels["id"].tolist() == ["7.1.kott", "7.2.kott"]
    xmltv.write(read, channels, tmp_path / "again.xml")
    assert (tmp_path / "again.xml").read_text().count("<channel ") == 2


def test_any_frame_is_written(tmp_path: Path) -> None:
    """Columns of other names, times without a zone, channels by name, genres as plain text."""
    theirs = pd.DataFrame(
        {"station": ["one.example"], "from": ["2026-10-25T01:30"], "to": ["2026-10-25T02:30"]}
    ).assign(what="News", genre="Talk", year=1990.0)
    columns = {
        "linearAssetId": "station", "startDate": "from", "endDate": "to", "name": "what",
        "tags.Genre": "genre", "metas.Year": "year",
    }  # fmt: skip
    xmltv.write(theirs, ["one.example"], tmp_path / "g.xml", columns=columns, tz=ATHENS)
    text = (tmp_path / "g.xml").read_text("utf-8")
    assert 'start="20261025043000 +0300" stop="20261025033000' not in text
    assert 'start="20261025033000 +0200" stop="20261025043000 +0200" channel="one.example"' in text
    read = xmltv.read(tmp_path / "g.xml").iloc[0]
    assert (read["name"], read["metas.Year"]) == ("News", "1990")
    assert next(values(read["tags.Genre"])) == "Talk"


def test_an_empty_guide_is_a_guide(tmp_path: Path) -> None:
    """No programme and no channel: the columns are there all the same."""
    xmltv.write(small().iloc[:0], None, tmp_path / "guide.xml")
    read = xmltv.read(tmp_path / "guide.xml")
    assert read.empty
    assert str(read["startDate"].dtype) == "datetime64[us, UTC]"
    assert xmltv.channels(tmp_path / "guide.xml").empty


@pytest.mark.parametrize("column", ["linearAssetId", "startDate", "endDate"])
def test_a_programme_without_a_channel_or_a_time_is_written(tmp_path: Path, column: str) -> None:
    """What `read` leaves out of a guide, `write` leaves open."""
    epg = small().astype({"linearAssetId": "Int64"})
    epg.loc[1, column] = None
    xmltv.write(epg, None, tmp_path / "guide.xml")
    again = xmltv.read(tmp_path / "guide.xml")
    assert again[column].isna().tolist() == [False, True]
    assert again["name"].tolist() == ["One", "Two"]


# Other people's guides


def test_a_real_guide_is_read(tmp_path: Path) -> None:
    """Of one like those that grabbers make, everything that has a column."""
    epg = xmltv.read(real(tmp_path))
    first = {str(name): cell for name, cell in epg.iloc[0].dropna().items()}
    tags = {name: [*values(cell)] for name, cell in first.items() if name.startswith("tags.")}
    assert tags == {
        "tags.Cast": ["C. D.", "E. F."],
        "tags.Country": ["DE"],
        "tags.Director": ["A. B."],
        "tags.Genre": ["Film", "Drama"],
        "tags.Parental rating": ["12"],
        "tags.Rating system": ["FSK=12"],
        "tags.Subtitles": ["de (teletext)"],
        "tags.Address": ["https://zwei.example/film"],
    }
    assert {name: cell for name, cell in first.items() if name.startswith("metas.")} == {
        "metas.Aspect": "16:9",
        "metas.Episode name": "Café Orange",
        "metas.Episode name@deu": "Café Orange",
        "metas.Episode number": "5",
        "metas.New": "true",
        "metas.Previously shown": "19910101",
        "metas.Repeat": "true",
        "metas.Runtime": "90",
        "metas.Season number": "2",
        "metas.Star rating": "3/5",
        "metas.Year": "1990",
    }
    assert first["name"] == "Das Mädchen & die Straße"
    assert first["description"] == "Ein Film.\n       Zwei Zeilen."
    assert first["name@deu"] == first["name"]
    assert (first["name@eng"], first["clumpidx"]) == ("The Girl", "0/1")
    assert kott.images(epg)[["url", "width"]].fillna(0).to_numpy().tolist() == [
        ["still.jpg", 640],
        ["other.jpg", 0],
        ["https://zwei.example/p.png", 0],
    ]
    assert epg["linearAssetId"].tolist() == ["zwei.example"] * 4
    assert epg["id"].tolist() == [1, 2, 3, 4]
    assert epg["name"].isna().tolist() == [False, False, False, True]


def test_a_programme_without_a_stop_ends_when_a_later_one_starts(tmp_path: Path) -> None:
    """Two that start together end together; nobody knows when the last one ends."""
    epg = xmltv.read(real(tmp_path))
    expected = ["20:00", "21:00", "21:00", "NaT"]
    assert [str(end)[11:16] or str(end) for end in epg["endDate"]] == expected


def test_a_guide_says_where_it_is_from(tmp_path: Path) -> None:
    """When it was made is what an audit takes for now; its window it does not know."""
    epg = xmltv.read(real(tmp_path))
    expected = kott.provenance(epg).set_index("fact")["value"].to_dict()
    assert expected == {
        "rows then": "4", "rows now": "4", "source": "xmltv.read", "file": "guide.xml",
        "from": "A paper", "generator": "a grabber", "when": "2026-10-24T04:00:00+00:00",
        "ids": "counted", "faults": '{"icon width":1}',
    }  # fmt: skip
    horizon = schedule.horizon(epg).iloc[0]
    assert horizon["ahead"] == pytest.approx(17)
    channels = xmltv.channels(real(tmp_path))
    assert channels[["id", "name"]].to_numpy().tolist() == [["zwei.example", "Zwei"]]


def test_the_schedule_toolkit_runs_on_a_real_guide(tmp_path: Path) -> None:
    """Channels are text there, and everything is found as of numbers."""
    epg, channels = xmltv.read(real(tmp_path)), xmltv.channels(real(tmp_path))
    start, end = "2026-10-24T18:00", "2026-10-24T22:00"
    table = schedule.audit(epg, channels, tz=ATHENS, start=start, end=end)
    assert table["linearAssetId"].eq("zwei.example").all()
    assert Counter(table["rule"]) == {
        "schedule.gap": 1,
        "schedule.missing_end": 1,
        "schedule.overlap": 1,
        "schedule.horizon": 1,
        "schedule.missing_synopsis": 3,
        "schedule.missing_title": 1,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20260329183000 +0200", "2026-03-29T16:30Z"),
        ("20260329183000 -0330", "2026-03-29T22:00Z"),
        ("20260329183000+0200", "2026-03-29T16:30Z"),
        ("20260329183000 +02:00", "2026-03-29T16:30Z"),
        ("20260329183000", "2026-03-29T18:30Z"),
        ("20260329183000 Z", "2026-03-29T18:30Z"),
        ("20260329183000 BST", "2026-03-29T17:30Z"),
        ("202603291830 edt", "2026-03-29T22:30Z"),
        ("2026032918", "2026-03-29T18:00Z"),
        ("20260329", "2026-03-29T00:00Z"),
        ("202603", "2026-03-01T00:00Z"),
        ("2026", "2026-01-01T00:00Z"),
        ("19691231235959 +0000", "1969-12-31T23:59:59Z"),
    ],
)
def test_times_of_every_form_are_read(text: str, expected: str) -> None:
    """An initial part is enough, zones have offsets or names, and none is UTC."""
    assert seconds(text) == pd.Timestamp(expected).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "20261301",
        "20260230",
        "2026032925",
        "20260329240001",
        "00010101",
        "1774800000000",
        "202603291860",
        "20260329 IST",
        "20261",
        "20260329 +2500",
        "99991231235959 -0100",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Neither a day that there is not nor a zone that means several is guessed at."""
    with pytest.raises(ValueError, match=r"time|month|day|zone|year|offset"):
        seconds(text)


@pytest.mark.parametrize(
    ("system", "text", "expected"),
    [
        ("xmltv_ns", "1.4.", ("2", "5")),
        ("xmltv_ns", " 1 . 4/13 . 0/2 ", ("2", "5")),
        ("xmltv_ns", "0..", ("1", "")),
        ("xmltv_ns", ".11/13", ("", "12")),
        ("onscreen", "S01E05", ("1", "5")),
        ("onscreen", "s2 e7", ("2", "7")),
        ("onscreen", "Series 2, Episode 5 of 6", ("2", "5")),
        ("onscreen", "Ep. 12/20", ("", "12")),
        ("onscreen", "Season 3", ("3", "")),
        ("onscreen", "3x07", ("3", "7")),
        ("onscreen", "[S4 Ep 11]", ("4", "11")),
        ("onscreen", "S1E2-E3", ("1", "2")),
        ("common", "S10E01", ("10", "1")),
        ("onscreen", "1" * 50 + "!", ("", "")),
        ("onscreen", "#FFEE", ("", "")),
        ("dd_progid", "EP01.0012", ("", "")),
    ],
)
def test_episode_numbers_of_every_form_are_read(
    system: str, text: str, expected: tuple[str, str]
) -> None:
    """From zero in xmltv_ns, as people say them on screen; what says neither says nothing."""
    assert numbers(system, text) == expected


def test_an_address_of_somebody_elses_is_no_identity_of_ours(tmp_path: Path) -> None:
    """Only addresses of our own systems are read as ids."""
    epg = xmltv.read(real(tmp_path))
    assert epg[["externalId", "crid"]].isna().all(axis=None)
    assert from_url("crid://a/%41") == "crid://a/%41"


# Files


def test_gzip_is_read_and_written(tmp_path: Path) -> None:
    """Written by its suffix, read by its first bytes."""
    xmltv.write(small(), None, tmp_path / "guide.xml.gz")
    assert (tmp_path / "guide.xml.gz").read_bytes()[:2] == b"\x1f\x8b"
    plain = tmp_path / "guide.xml.gz.unpacked"
    plain.write_bytes(gzip.decompress((tmp_path / "guide.xml.gz").read_bytes()))
    (tmp_path / "guide").write_bytes((tmp_path / "guide.xml.gz").read_bytes())
    pd.testing.assert_frame_equal(xmltv.read(plain), xmltv.read(tmp_path / "guide"))


def test_a_large_guide_is_parsed_in_little_memory(tmp_path: Path) -> None:
    """Going through 18 MB takes no more than a batch of programmes."""
    text = "<desc>" + "words " * 200 + "</desc>"
    one = f'<programme start="20261024" channel="a.b"><title>x</title>{text}</programme>\n'
    with (tmp_path / "large.xml").open("w") as file:
        file.write("<tv>\n")
        file.writelines(one for _ in range(15_000))
        file.write("</tv>\n")
    tracemalloc.start()
    count = sum(len(batch.lines) for _, batch in GuideFile(tmp_path / "large.xml").batches())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 15_000
    assert peak < 6_000_000


BREAKS = [  # what is put in place of what, the line that is named, and the reason
    ("</tv>", "", r"line 42: no element found"),
    ("<title/>", "<title>", r"line 40: mismatched tag"),
    ("<title/>", "<title>\x01</title>", r"line 40: not well-formed"),
]


@pytest.mark.parametrize(("good", "bad", "reason"), BREAKS)
def test_a_guide_that_breaks_off_gives_what_came_before(
    tmp_path: Path, good: str, bad: str, reason: str
) -> None:
    """The error names the line and carries each function's own table; `faults` lists it last."""
    path = real(tmp_path, REAL.replace(good, bad, 1))
    with pytest.raises(kott.IncompleteError, match=reason) as caught:
        xmltv.read(path)
    assert caught.value.partial["name"].tolist()[:3] == [
        "Das Mädchen & die Straße", "News", "Wetter",
    ]  # fmt: skip
    with pytest.raises(kott.IncompleteError, match=reason) as caught:
        xmltv.channels(path)
    assert caught.value.partial["id"].tolist() == ["zwei.example"]
    faults = xmltv.faults(path)
    assert faults["element"].tolist() == ["icon width", "tv"]
    assert re.search(reason, faults["reason"].iloc[1])


def test_another_root_is_refused(tmp_path: Path) -> None:
    """XML that is not XMLTV is named as what it is."""
    with pytest.raises(KottError, match=r"line 4: the root of a guide is <tv>, and here .* <rss>"):
        xmltv.read(real(tmp_path, REAL.replace("<tv date", "<rss date")))


def test_no_entity_is_declared_and_nothing_is_fetched(tmp_path: Path) -> None:
    """A bomb is refused where it is declared; a file that an entity names is not opened."""
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    bomb = '<!DOCTYPE tv [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    theft = f'<!DOCTYPE tv [<!ENTITY a SYSTEM "{secret.as_uri()}">]>'
    for declared in (bomb, theft):
        text = REAL.replace('<!DOCTYPE tv SYSTEM "xmltv.dtd">', declared)
        with pytest.raises(KottError, match=r"line 2: entities are declared here"):
            xmltv.read(real(tmp_path, text))


def test_what_is_no_guide_at_all_is_refused(tmp_path: Path) -> None:
    """A file that is not there, an empty one, half a gzip file, an unknown encoding."""
    with pytest.raises(KottError, match=r"cannot be read: .*No such file"):
        xmltv.read(tmp_path / "nowhere.xml")
    with pytest.raises(KottError, match=r"line 1: no element found"):
        xmltv.read(real(tmp_path, ""))
    for encoding in ("klingon", "hex", "rot13"):
        with pytest.raises(KottError, match=f"unknown encoding: {encoding}"):
            xmltv.read(real(tmp_path, f'<?xml version="1.0" encoding="{encoding}"?><tv/>'))
    path = tmp_path / "half.gz"
    path.write_bytes(gzip.compress(REAL.encode("latin-1"))[:700])
    with pytest.raises(kott.IncompleteError, match=r"line \d+: the file is broken from here on"):
        xmltv.read(path)


def test_two_guides_are_compared(tmp_path: Path) -> None:
    """Of our own by their ids, of others, which have none, by channel and time."""
    later = REAL.replace("2026102421", "2026102423").replace("<title>News", "<title>Sport")
    one, other = xmltv.read(real(tmp_path)), xmltv.read(real(tmp_path, later))
    table = schedule.changes(one, other, now="2026-10-24")
    assert table[table["change"] == "retitled"][["name", "newName"]].to_numpy().tolist() == [
        ["News", "Sport"]
    ]
    xmltv.write(small(id=[5, 6]), None, tmp_path / "one.xml")
    xmltv.write(small(id=[6, 5]), None, tmp_path / "two.xml")
    ours = schedule.changes(xmltv.read(tmp_path / "one.xml"), xmltv.read(tmp_path / "two.xml"))
    assert ours["change"].value_counts().to_dict() == {"moved": 2, "retitled": 2}


# XMLTV's own tools


@pytest.fixture(scope="module")
def tools() -> None:
    """Find xmltv-util: it must be there where CI runs; elsewhere these tests may be left out."""
    missing = not (DTD.exists() and shutil.which("tv_validate_file") and shutil.which("tv_sort"))
    if missing and os.environ.get("CI") == "true":
        pytest.fail("xmltv-util is not installed: .ci/run installs it.")
    if missing:
        pytest.skip("no xmltv-util (Debian has it) on this machine")


def validated(path: Path) -> list[str]:
    """List what XMLTV's validator has to say; its last line is a verdict."""
    command = ["tv_validate_file", "--dtd-file", str(DTD), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    *complaints, verdict = done.stdout.splitlines()
    assert verdict == "Validated ok." if done.returncode == 0 else verdict.endswith("found.")
    return [re.sub(r"^Line \d+ ", "", one) for one in complaints]


@pytest.mark.usefixtures("tools")
def test_a_clean_week_is_valid(tmp_path: Path) -> None:
    """The validator has no complaint."""
    epg, channels, _ = partner(defects=False, assets=60, channels=12, days=8)
    xmltv.write(epg, channels, tmp_path / "guide.xml", tz=ATHENS)
    assert validated(tmp_path / "guide.xml") == []


@pytest.mark.usefixtures("tools")
def test_of_a_spoilt_week_the_validator_finds_what_it_can(spoilt: Partner, written: Path) -> None:
    """Programmes without a title, channels without programmes: all that were planted, no more."""
    defects = spoilt[2]
    silent = defects.loc[defects["rule"] == "schedule.no_programmes", "id"]
    untitled = defects["rule"].eq("schedule.missing_title").sum()
    assert untitled
    assert Counter(validated(written)) == {
        "Empty title": untitled,
        **{f"No programme entries found for {own}.478.kott": 1 for own in silent},
    }


@pytest.mark.usefixtures("tools")
def test_whatever_the_texts_are_the_file_is_valid(tmp_path: Path) -> None:
    """Every element that we write, with marks of XML and characters that it forbids in it."""
    text = "<b>&amp; ]]> \"'\r\n \x0b\ufffe {} uri://%41"
    one = {
        **{"id": 1, "linearAssetId": 7, "start": 0, "length": 60, "description": text},
        **{"texts": dict.fromkeys(TEXTS, text), "tags": {name: [text, text] for name in TAGS}},
        **{"translated": {}, "year": 1990, "runtime": 9_050, "numbers": (2, 5), "icon": text},
        "flags": ("true",) * 4,
    }
    rows = [row(one), row(one | {"id": 2, "start": 60, "translated": {"eng": text, "fra": text}})]
    path = tmp_path / "guide.xml"
    xmltv.write(as_table(rows), ["a.b", 7], path, partner_id=1)
    assert validated(path) == ["No programme entries found for a.b"]
    written = set(re.findall(r"<([a-z-]+)", path.read_text("utf-8")))
    paths = [*fields.TAGS, *fields.METAS, *fields.FLAGS]
    table = {name for path in paths for name in path.split("/")}
    assert written > table | {"title", "desc", "icon", "url", "episode-num", "display-name"}


def disturbed(epg: pd.DataFrame) -> pd.DataFrame:
    """Keep programmes with a name within three hours of an overlap on their channel."""
    overlaps = schedule.overlaps(epg)
    around = pd.Timedelta(hours=3)
    near = epg.merge(overlaps, on="linearAssetId", suffixes=("", "Shared"))
    near = near[(near["startDate"] < near["endDateShared"] + around)]
    near = near[near["endDate"] > near["startDateShared"] - around]
    return epg[epg["id"].isin(near["id"]) & epg["name"].fillna("").str.strip().ne("")]


def sorted_out(path: Path) -> set[tuple[str, str]]:
    """List what tv_sort calls overlapping: when either of two programmes starts and stops."""
    command = ["tv_sort", "--output", os.devnull, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = re.findall(r"overlapping.*\n.*\tat (.*)\nand .*\tat (.*)\n", done.stderr)
    assert len(expected) == done.stderr.count("overlapping")
    assert "gap" not in done.stderr
    return set(expected)


@pytest.mark.usefixtures("tools")
def test_tv_sort_finds_the_overlaps_of_neighbours_alone(tmp_path: Path, spoilt: Partner) -> None:
    """Of ours, those of two that follow each other by start and end, and no others."""
    epg = disturbed(spoilt[0]).sort_values(["linearAssetId", "startDate", "endDate", "id"])
    ours = schedule.overlaps(epg)
    follows = dict(zip(epg["id"], epg["id"].shift(-1), strict=True))
    neighbours = ours[
        (ours["id"].map(follows) == ours["otherId"]) | (ours["otherId"].map(follows) == ours["id"])
    ]
    assert 10 < len(neighbours) < len(ours)
    times = epg.set_index("id")[["startDate", "endDate"]]
    shown = times.apply(lambda column: column.dt.strftime("%Y%m%d%H%M%S %z")).agg("-|".join, axis=1)
    pairs = zip(neighbours["id"].map(shown), neighbours["otherId"].map(shown), strict=True)
    xmltv.write(epg, None, tmp_path / "guide.xml")
    assert {frozenset(pair) for pair in sorted_out(tmp_path / "guide.xml")} == {
        frozenset(pair) for pair in pairs
    }


def evening() -> pd.DataFrame:
    """Make the evening that the docs show."""
    programmes = {
        "Night of Film": ("20:00", "23:00"),
        "News": ("20:30", "20:45"),
        "Talk": ("21:00", "22:00"),
        "Late": ("23:30", "23:45"),
    }
    times = [[f"2026-11-25T{time}Z" for time in pair] for pair in programmes.values()]
    epg = pd.DataFrame(times, columns=["startDate", "endDate"]).assign(linearAssetId=7)
    return epg.assign(id=[1, 2, 3, 4], name=list(programmes))


@pytest.mark.usefixtures("tools")
def test_tv_sort_says_what_the_docs_show(tmp_path: Path) -> None:
    """One pair of neighbours; the one within the same programme, and the gap, are ours alone."""
    xmltv.write(evening(), None, tmp_path / "guide.xml")
    command = ["tv_sort", "--output", os.devnull, str(tmp_path / "guide.xml")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    shown = (Path(__file__).parent.parent / "docs" / "guides.md").read_text("utf-8")
    assert f"```text\n{said}```" in shown
    pairs = schedule.overlaps(evening())[["id", "otherId", "minutes"]]
    assert pairs.to_numpy().tolist() == [[1, 2, 15], [1, 3, 60]]
    assert schedule.gaps(evening())["minutes"].tolist() == [30]


def test_the_lines_of_the_docs_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a guide of that name."""
    docs = (Path(__file__).parent.parent / "docs" / "guides.md").read_text("utf-8")
    (lines,) = re.findall(r"```python\n(from kott_notebooks import demo, .*?)```", docs, re.DOTALL)
    monkeypatch.chdir(real(tmp_path).parent)
    names: dict[str, Any] = {}
    exec(lines, names)
    assert kott.channels(names["session"])["externalId"].tolist() == ["zwei.example"]
