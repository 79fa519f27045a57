"""Guides of the field: what is read of them, what is listed as a fault, what comes back."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kott_notebooks as kott
from kott_notebooks import schedule, xmltv
from kott_notebooks.errors import KottError
from kott_notebooks.schedule.genres import values
from kott_notebooks.tables.provenance import facts

START, STOP = "20260501180000 +0000", "20260501190000 +0000"


def programme(
    body: str = "<title>T</title>", start: str = START, stop: str = STOP, channel: str = "b.tv"
) -> str:
    """Write a programme on one line."""
    return f'<programme start="{start}" stop="{stop}" channel="{channel}">{body}</programme>\n'


def guide(*parts: str, head: str = "") -> io.BytesIO:
    """Write a guide: <tv> is on line 1, the first part on line 2."""
    return io.BytesIO(f"{head}<tv>\n{''.join(parts)}</tv>\n".encode())


def again(source: io.BytesIO, folder: Path, **options: Any) -> Path:
    """Write what was read of a guide."""
    epg, channels = xmltv.read(source), xmltv.channels(source)
    xmltv.write(epg, channels, folder / "again.xml", **options)
    return folder / "again.xml"


# Ids


@pytest.mark.parametrize(
    "ids", [["140", "7"], ["12", "012"], ["1e3", "1000"], ["BBC", "bbc"], [" a", "a"]]
)
def test_ids_that_differ_in_writing_are_two_channels(tmp_path: Path, ids: list[str]) -> None:
    """They stay as they are, in both tables and when they are written again."""
    names = [f'<channel id="{one}"><display-name>N{one}</display-name></channel>\n' for one in ids]
    source = guide(*names, *(programme(channel=one) for one in ids))
    assert xmltv.read(source)["linearAssetId"].tolist() == xmltv.channels(source)["id"].tolist()
    path = again(source, tmp_path)
    assert xmltv.channels(path)["id"].tolist() == xmltv.read(path)["linearAssetId"].tolist() == ids
    assert xmltv.channels(path)["name"].tolist() == [f"N{one}".strip() for one in ids]


@pytest.mark.parametrize("own", ["007.478.kott", "7.478.kott ", "7..kott", "7.kott"])
def test_an_id_that_is_not_quite_ours_stays_text(own: str) -> None:
    """A number that would be written otherwise is somebody else's."""
    assert xmltv.read(guide(programme(channel=own)))["linearAssetId"].tolist() == [own]


@pytest.mark.parametrize("dtype", ["Int64", "float64", "Float64", "int32", "object", "category"])
def test_numbers_are_written_as_ours_from_any_column(tmp_path: Path, dtype: str) -> None:
    """A float column's 41.0 is channel 41, also where the table of channels has integers."""
    own = pd.Series([41, 42]).astype(pd.api.types.pandas_dtype(dtype))
    epg = pd.DataFrame({"linearAssetId": own, "name": ["A", "B"]})
    times = pd.to_datetime(["2026-05-01T18:00Z", "2026-05-01T19:00Z"])
    epg = epg.assign(startDate=times[0], endDate=times[1])
    channels = pd.DataFrame({"id": [41, 42], "name": ["One", "Two"]})
    xmltv.write(epg, channels, tmp_path / "guide.xml", partner_id=9)
    text = (tmp_path / "guide.xml").read_text("utf-8")
    assert text.count("<channel ") == 2
    assert 'channel="41.9.kott"' in text
    assert xmltv.read(tmp_path / "guide.xml")["linearAssetId"].tolist() == [41, 42]


def test_both_tables_agree_on_ids_where_there_are_no_programmes() -> None:
    """An empty delivery is judged channel by channel."""
    source = guide('<channel id="x.tv"/>', '<channel id="y.tv"/>')
    epg, channels, _ = xmltv.read_guide(source)
    assert epg["linearAssetId"].dtype == channels["id"].dtype
    window: dict[str, Any] = {"start": "2026-05-01", "end": "2026-05-02", "now": "2026-05-01"}
    findings = schedule.audit(epg, channels, **window)
    assert findings[findings["rule"] == "schedule.no_programmes"]["id"].tolist() == ["x.tv", "y.tv"]


def test_a_guide_without_channel_elements_gives_its_channels() -> None:
    """In the order in which programmes name them; blank ones are none."""
    source = guide(*(programme(channel=one) for one in ("z.tv", "", "b.tv", "z.tv")))
    channels = xmltv.channels(source)
    assert channels[["id", "externalId"]].to_numpy().tolist() == [["z.tv"] * 2, ["b.tv"] * 2]
    assert channels["name"].isna().all()
    assert kott.guide(*xmltv.read_guide(source)[:2]).html


def test_a_channel_declared_twice_counts_once() -> None:
    """The first declaration counts, and the second is a fault."""
    one, two = (
        f'<channel id="b.tv"><display-name>{name}</display-name></channel>\n' for name in "XY"
    )
    source = guide(one, '<channel id="c.tv"/>\n', two)
    assert xmltv.channels(source)["name"].tolist()[0] == "X"
    assert xmltv.channels(source)["id"].tolist() == ["b.tv", "c.tv"]
    assert xmltv.faults(source)[["line", "element"]].to_numpy().tolist() == [[4, "channel"]]


# Faults cost one value

FAULTS = [  # a part of a programme, the column that is absent, and the element that is named
    ("<icon/>", "images", "icon src"),
    ('<icon src="  "/>', "images", "icon src"),
    ('<length units="minutes">one hour</length>', "metas.Runtime", "length"),
    ('<length units="hours">nan</length>', "metas.Runtime", "length"),
    ('<length units="weeks">2</length>', "metas.Runtime", "length"),
    ("<date>spring</date>", "metas.Year", "date"),
    ("<date>08.11</date>", "metas.Year", "date"),
    ('<episode-num system="xmltv_ns">two.one</episode-num>', "metas.Season number", "episode-num"),
    ('<desc lang="in German, please">D</desc>', "description@deu", "desc lang"),
]


@pytest.mark.parametrize(("body", "column", "element"), FAULTS)
def test_a_fault_costs_its_value_alone(body: str, column: str, element: str) -> None:
    """The value is absent, its line is listed, its kind counted; strict=True raises."""
    title = "<title>T</title>"
    source = guide(programme(title), f"{programme(title + body)}", programme(title))
    epg = xmltv.read(source)
    assert epg["name"].tolist() == ["T"] * 3
    assert column not in epg or epg[column].isna().all()
    faults = xmltv.faults(source)
    assert faults[["line", "element"]].to_numpy().tolist() == [[3, element]]
    assert facts(epg)["faults"] == {element: 1}
    with pytest.raises(KottError, match=f"line 3: {element} "):
        xmltv.read(source, strict=True)


def test_a_fault_is_listed_with_its_own_line() -> None:
    """Not with the programme's: a programme has many lines."""
    body = "\n<title>T</title>\n<!-- a\ncomment -->\n<date>\n?</date>\n<icon\n/>"
    assert xmltv.faults(guide(programme(body)))["line"].tolist() == [6, 8]


def test_a_whole_guide_has_no_fault() -> None:
    """And strict=True reads it."""
    source = guide('<channel id="b.tv"/>', programme())
    assert xmltv.faults(source).empty
    assert len(xmltv.read(source, strict=True)) == len(xmltv.channels(source, strict=True)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261231240000 +0000", "2027-01-01T00:00Z"),
        ("20240228240000 +0100", "2024-02-28T23:00Z"),
        ("202605012400", "2026-05-02T00:00Z"),
        ("19800101000000", "1980-01-01T00:00Z"),
        ("19700101000000 +0000", "1970-01-01T00:00Z"),
        ("21200101000000 +0000", "2120-01-01T00:00Z"),
        ("20260501180000 -004430", "2026-05-01T18:44:30Z"),
    ],
)
def test_odd_times_that_a_calendar_has_are_read(text: str, expected: str) -> None:
    """24:00 is the next midnight; a year far away is the audit's business."""
    epg = xmltv.read(guide(programme(start=text)))
    assert epg["startDate"][0] == pd.Timestamp(expected)
    assert facts(epg)["faults"] == {}


@pytest.mark.parametrize(
    "text",
    ["20250229000000", "00010101000000 +0100", "00000000000000", "1777658400000", "noon", ""],
)
def test_a_time_that_no_calendar_has_is_absent_and_said(text: str) -> None:
    """All others stay times; the provenance has the text, for the audit."""
    source = guide(programme(), programme(start=text), programme(stop=text or "x"), programme())
    epg = xmltv.read(source)
    assert str(epg["startDate"].dtype) == str(epg["endDate"].dtype) == "datetime64[us, UTC]"
    assert epg["startDate"].isna().tolist() == [False, True, False, False]
    assert epg["endDate"].isna().tolist() == [False, False, True, False]
    assert facts(epg)["bad_times"] == [
        {"row": 1, "field": "startDate", "text": text},
        {"row": 2, "field": "endDate", "text": text or "x"},
    ]


def test_an_open_end_is_the_next_start_within_eight_hours() -> None:
    """A stop that is not there is filled; later starts are too late to be its end."""
    open_ended = '<programme start="{}" channel="b.tv"><title>T</title></programme>'
    starts = ("20260501180000", "20260501193000", "20260502093000")
    epg = xmltv.read(guide(*(open_ended.format(one) for one in starts)))
    assert epg["endDate"].isna().tolist() == [False, True, True]
    assert epg["endDate"][0] == epg["startDate"][1]
    assert "bad_times" not in facts(epg)


# Values


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A <i>very</i> long <b>way <u>home</u></b>", "A very long way home"),
        ("<![CDATA[Q & A]]>", "Q & A"),
        ("Caf&eacute; &amp; Bar", "Café & Bar"),
        ("one <!-- two --> three", "one  three"),
        ("<b>all</b>", "all"),
    ],
)
def test_words_in_markup_belong_to_the_text(body: str, expected: str) -> None:
    """Elements that XMLTV does not have lose their tags, not their words."""
    epg = xmltv.read(guide(programme(f"<title>{body}</title><desc>{body}</desc>")))
    assert [epg["name"][0], epg["description"][0]] == [expected] * 2


def test_an_entity_of_html_is_read_in_an_attribute_too() -> None:
    """No DTD is needed for it."""
    assert xmltv.read(guide(programme(channel="Caf&eacute;.tv")))["linearAssetId"][0] == "Café.tv"


@pytest.mark.parametrize(
    ("text", "year"),
    [("31/12/1999", "1999"), ("1999-12-31", "1999"), ("19991231", "1999"), ("Jan 2001", "2001")],
)
def test_a_date_gives_its_year(text: str, year: str) -> None:
    """Wherever four digits stand alone, or at its start."""
    assert xmltv.read(guide(programme(f"<date>{text}</date>")))["metas.Year"][0] == year


def test_numberings_complete_each_other() -> None:
    """xmltv_ns counts first, each for what it has; other systems keep their text."""
    numbers = {"onscreen": "2x09", "xmltv_ns": "..0/2", "dd_progid": "EP0012.0003"}
    body = "".join(f'<episode-num system="{k}">{v}</episode-num>' for k, v in numbers.items())
    body += "<episode-num>Part one</episode-num>"
    body += '<episode-num system="xmltv_ns">.6.</episode-num>'
    epg = xmltv.read(guide(programme(body)))
    assert (epg["metas.Season number"][0], epg["metas.Episode number"][0]) == ("2", "7")
    kept = [*values(epg["tags.Episode ids"][0])]
    assert kept == ["xmltv_ns=..0/2", "dd_progid=EP0012.0003", "onscreen=Part one"]


DETAILS = """
<title>Plain</title><title lang="de">Deutsch</title><title>Short</title>
<title lang="de">Kurz</title>
<sub-title lang="en">Pilot</sub-title><sub-title lang="fr">Pilote</sub-title>
<desc>One.</desc><desc>Two.</desc>
<credits><actor role="X">A. B.<image>a.png</image> Junior</actor><guest>C</guest></credits>
<icon src="i.png"/><url>https://x.tv/1</url><url system="shop">https://x.tv/2</url>
<episode-num system="dd_progid">EP1.2</episode-num>
<video><present>yes</present><colour>no</colour><aspect>4:3</aspect><quality>SD</quality></video>
<audio><present>yes</present><stereo>dolby</stereo></audio>
<previously-shown start="20200101" channel="c.tv"/>
<premiere>First on TV</premiere><last-chance/>
<new/>
<subtitles type="teletext"><language>German</language></subtitles>
<subtitles type="deaf-signed"/><subtitles><language>en</language></subtitles>
<rating system="FSK"><value>12</value><icon src="r.png"/></rating><rating><value>PG</value></rating>
<rating system="BBFC">15</rating>
<star-rating system="x"><value>4/5</value></star-rating>
<image type="poster" size="3" orient="P" system="tvdb">https://x.tv/p.jpg</image>
"""


def test_everything_that_was_read_comes_back(tmp_path: Path) -> None:
    """A guide that was written of what was read gives the same two tables."""
    head = """<channel id="b.tv"><display-name lang="de">Zwei</display-name>
        <display-name>2</display-name><display-name>Two</display-name><icon src="z.png"/>
        <url>https://two.tv</url></channel>"""
    extra = programme(DETAILS).replace(' channel="b.tv"', ' channel="b.tv" clumpidx="0/2"')
    source = guide(head, extra, programme(channel=""), programme(start="20260230"))
    path = again(source, tmp_path, tz="Europe/Berlin")
    for read, names in ((xmltv.read, ["name@deu", "clumpidx"]), (xmltv.channels, ["name@deu"])):
        before, after = read(source), read(path)
        assert set(names) <= set(before)
        pd.testing.assert_frame_equal(after, before, check_like=True)


def test_an_image_keeps_its_address_whatever_its_attributes(tmp_path: Path) -> None:
    """And what it is: a guide's attributes may have the names of ours."""
    source = guide(programme('<image url="x" element="icon" objectType="y">https://x.tv/p</image>'))
    images = xmltv.read(source)["images"].tolist()
    assert '"url":"https://x.tv/p","element":"image"' in images[0]
    assert xmltv.read(again(source, tmp_path))["images"].tolist() == images


def test_the_further_elements_have_columns() -> None:
    """Each by a name that says what it is."""
    row: pd.Series[Any] = xmltv.read(guide(programme(DETAILS))).iloc[0].dropna()
    lists = {str(name): [*values(cell)] for name, cell in row.items() if str(name)[:4] == "tags"}
    assert lists == {
        "tags.Other titles": ["Short", "Kurz"],
        "tags.Other descriptions": ["Two."],
        "tags.Cast": ["A. B. Junior"],
        "tags.Guest": ["C"],
        "tags.Address": ["https://x.tv/1", "https://x.tv/2"],
        "tags.Episode ids": ["dd_progid=EP1.2"],
        "tags.Subtitles": ["German (teletext)", "(deaf-signed)", "en"],
        "tags.Parental rating": ["12", "PG", "15"],
        "tags.Rating system": ["FSK=12", "BBFC=15"],
    }
    metas = {str(name)[6:]: cell for name, cell in row.items() if str(name)[:5] == "metas"}
    assert metas == {
        "Episode name": "Pilot", "Episode name@eng": "Pilot", "Episode name@fra": "Pilote",
        "Video present": "yes", "Colour": "no", "Aspect": "4:3", "Video quality": "SD",
        "Audio present": "yes", "Audio": "dolby", "Repeat": "true", "Previously shown": "20200101",
        "Previously shown channel": "c.tv", "Premiere": "true", "Premiere note": "First on TV",
        "Last chance": "true", "New": "true", "Star rating": "4/5",
    }  # fmt: skip
    pictures = msgspec.json.decode(str(row["images"]))
    assert [one["url"] for one in pictures] == ["i.png", "https://x.tv/p.jpg"]
    assert (pictures[1]["type"], pictures[1]["system"]) == ("poster", "tvdb")


@pytest.mark.parametrize("tz", ["Africa/Monrovia", "Europe/Amsterdam", "Asia/Kathmandu"])
def test_no_offset_with_seconds_is_written(tmp_path: Path, tz: str) -> None:
    """Zones of old had them; those times are written in UTC, the others in their zone."""
    starts = pd.to_datetime(["1935-03-01T12:00Z", "1971-06-01T12:00Z", "2026-05-01T12:00Z"])
    epg = pd.DataFrame({"linearAssetId": "a", "startDate": starts, "name": "T"})
    epg["endDate"] = epg["startDate"] + pd.Timedelta(hours=1)
    xmltv.write(epg, None, tmp_path / "guide.xml", tz=tz)
    text = (tmp_path / "guide.xml").read_text("utf-8")
    assert len(pd.Series([text]).str.findall(r'"\d{14} [+-]\d{4}"')[0]) == 6
    read = xmltv.read(tmp_path / "guide.xml")
    assert read["startDate"].tolist() == epg["startDate"].tolist()


# Files


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress, bytes])
def test_compressed_guides_are_known_by_their_content(tmp_path: Path, pack: Any) -> None:
    """Whatever the file is called."""
    path = tmp_path / "guide.download"
    path.write_bytes(pack(guide(programme()).getvalue()))
    assert xmltv.is_guide(path)
    assert len(xmltv.read(path)) == 1


def test_a_zip_archive_holds_one_guide(tmp_path: Path) -> None:
    """Other files beside it do not matter; two guides are named and refused."""
    path = tmp_path / "guide.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "a guide")
        archive.writestr("a.xml", guide(programme()).getvalue())
    assert len(xmltv.read(path)) == 1
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.xml", "<tv/>")
    with pytest.raises(KottError, match=r"one \.xml file; .*'a\.xml', 'b\.xml'"):
        xmltv.read(path)


@pytest.mark.parametrize("suffix", ["xml", "xml.gz", "xml.xz", "xml.bz2"])
def test_a_guide_is_written_compressed_by_its_suffix(tmp_path: Path, suffix: str) -> None:
    """And read back."""
    xmltv.write(xmltv.read(guide(programme())), None, tmp_path / f"guide.{suffix}")
    magic = (tmp_path / f"guide.{suffix}").read_bytes()[:2]
    assert (
        magic == {"xml": b"<?", "xml.gz": b"\x1f\x8b", "xml.xz": b"\xfd7", "xml.bz2": b"BZ"}[suffix]
    )
    assert xmltv.read(tmp_path / f"guide.{suffix}")["name"].tolist() == ["T"]


class Pipe(io.RawIOBase):
    """A stream that cannot be rewound."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(memoryview(buffer)[:7])


def test_file_objects_of_every_kind_are_read() -> None:
    """Bytes, text whatever it declares, and pipes; one that can seek stays where it stood."""
    source = guide(programme())
    text = f'<?xml version="1.0" encoding="Big5"?><tv>{programme("<title>新聞</title>")}</tv>'
    assert xmltv.read(io.StringIO(text))["name"].tolist() == ["新聞"]
    assert len(xmltv.read(io.BufferedReader(Pipe(gzip.compress(source.getvalue()))))) == 1
    source.seek(0)
    assert len(xmltv.read(source)) == len(xmltv.channels(source)) == 1
    assert source.tell() == 0


def test_what_is_not_a_source_is_refused() -> None:
    """Text of a guide is not a path."""
    with pytest.raises(KottError, match="path or a file object, not None"):
        xmltv.read(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoding", "codec", "text"),
    [
        ("GB2312", "gb2312", "新闻联播"),
        ("gbk", "gbk", "鍾情"),
        ("GB18030", "gb18030", "𠀋"),
        ("Big5", "big5", "新聞"),
        ("Shift_JIS", "cp932", "ニュース①"),
        ("EUC-JP", "euc_jp", "ニュース"),
        ("EUC-KR", "euc_kr", "뉴스"),
        ("windows-1252", "cp1252", "“Café”"),
        ("windows-1251", "cp1251", "Новости"),
        ("ISO-8859-15", "iso8859-15", "5 €"),
        ("KOI8-R", "koi8-r", "Новости"),
        ("windows-874", "cp874", "ข่าว"),  # names of IANA's and of browsers that Python lacks
        ("Windows-31J", "cp932", "ニュース①"),
        ("x-sjis", "shift_jis", "ニュース"),
        ("utf8", "utf-8", "Żółw"),
        ("utf-16", "utf-8", "Żółw"),  # as .NET writes a text into a file
    ],
)
def test_encodings_are_read_by_name(encoding: str, codec: str, text: str) -> None:
    """Of one byte or several per character."""
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<tv>'
    content = f"{head}{programme(f'<title>{text}</title>')}</tv>"
    assert xmltv.read(io.BytesIO(content.encode(codec)))["name"].tolist() == [text]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_says_the_encoding(codec: str) -> None:
    """Without a declaration."""
    content = f"<tv>{programme('<title>Żółw</title>')}</tv>".encode(codec)
    assert xmltv.read(io.BytesIO(content))["name"].tolist() == ["Żółw"]


def test_bytes_of_another_encoding_break_the_guide_off() -> None:
    """What came before is there."""
    content = b'<?xml version="1.0" encoding="GB2312"?>\n<tv>'
    content += (programme("<title>新闻</title>") * 3_000).encode("gb2312") + b"\xff\xff\xff</tv>"
    with pytest.raises(kott.IncompleteError, match="decode") as caught:
        xmltv.read(io.BytesIO(content))
    assert len(caught.value.partial) > 1_000


def test_an_attribute_of_megabytes_is_refused() -> None:
    """Expat would scan it again with every piece; long texts and comments are read."""
    long = "x" * 3_000_000
    with pytest.raises(kott.IncompleteError, match="a tag with its attributes may have 1,048,576"):
        xmltv.read(guide(programme(channel=long)))
    source = guide(f"<!-- {long}<>{long} -->", programme(f"<desc>{long}</desc>"))
    assert xmltv.read(source)["description"].str.len().tolist() == [len(long)]


def test_is_guide_looks_at_the_content() -> None:
    """XML with another root, other files, and half a guide."""
    files = {b"<tv/>": True, b"<rss/>": False, b"PAR1": False, b"": False, b"<tv><programme": True}
    for content, expected in files.items():
        assert xmltv.is_guide(io.BytesIO(content)) is expected


def test_programmes_under_another_element_are_not_the_guides() -> None:
    """Only what stands right under <tv> counts."""
    source = guide(f"<archive>{programme() * 3}</archive>", programme("<title>Own</title>"))
    assert xmltv.read(source)["name"].tolist() == ["Own"]


# Which channel is which


def matched(ours: dict[str, Any], theirs: dict[str, Any], **options: Any) -> list[list[Any]]:
    """Match two tables of channels; absent cells are None."""
    table = xmltv.match(pd.DataFrame(ours), pd.DataFrame(theirs), **options)
    shown = table[["id", "theirId", "by", "score"]].astype(object)
    rows: list[list[Any]] = shown.where(shown.notna(), None).to_numpy().tolist()
    return rows


def test_channels_are_matched_by_id_before_name() -> None:
    """An id as it stands counts 1, one but for case, blanks and zeros 0.95."""
    ours = {"id": [1, 2], "name": ["One", "Two"], "externalId": ["X.tv", "007"]}
    theirs = {"id": ["One", "x.TV", "7"], "name": ["One", "Somebody", "Agent"]}
    assert matched(ours, theirs) == [
        [1, "x.TV", "id", 0.95], [2, "7", "id", 0.95], [None, "One", None, None],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs", "score"),
    [
        ("ZDF", "ZDF", 1.0),
        ("ZDF HD", "zdf", 0.9),
        ("Télé-Québec", "TELE QUEBEC UHD", 0.9),
        ("Canal+", "Canal +", 0.9),
        ("Canal+", "Canal", None),
        ("Sport 1", "Sport 2", None),
        ("Discovery Channel", "Discovery Chanel", 0.872),
        ("HD", "SD", None),
    ],
)
def test_names_are_matched_without_what_differs_by_taste(
    ours: str, theirs: str, score: float | None
) -> None:
    """HD, accents, case and punctuation do not count; numbers and a plus do."""
    row = matched({"id": [1], "name": [ours]}, {"id": ["t"], "name": [theirs]})[0]
    assert row[3] == (None if score is None else pytest.approx(score, abs=0.01))


def test_a_guides_further_names_and_ids_are_looked_at() -> None:
    """One channel of a guide may serve two of ours; a name may stand in its id."""
    head = (
        '<channel id="a"><display-name>1</display-name><display-name>Uno</display-name></channel>'
    )
    theirs = xmltv.channels(guide(head, '<channel id="due.it"/>'))
    ours = pd.DataFrame({"id": [1, 2, 3], "name": ["Uno", "UNO HD", "Due"]})
    assert xmltv.match(ours, theirs)["theirId"].tolist() == ["a", "a", "due.it"]


def test_without_channels_of_ours_all_of_theirs_are_others() -> None:
    """A filter may have removed every channel."""
    ours = pd.DataFrame({"id": pd.array([], "Int64"), "name": pd.array([], "str")})
    table = xmltv.match(ours, pd.DataFrame({"id": ["a"], "name": ["A"]}))
    assert table["theirId"].tolist() == ["a"]
    assert table[["id", "name"]].isna().all(axis=None)
    assert xmltv.match(ours, ours).empty


def test_a_score_out_of_range_is_refused() -> None:
    """It is a share of 1."""
    with pytest.raises(KottError, match="min_score must be from 0 to 1, not 80"):
        matched({"id": [1], "name": ["A"]}, {"id": ["a"], "name": ["A"]}, min_score=80)


def test_no_channels_match_nothing() -> None:
    """Each side may be empty."""
    assert matched({"id": [], "name": []}, {"id": ["a"], "name": ["A"]}) == [
        [None, "a", None, None]
    ]
    assert matched({"id": [1], "name": ["A"]}, {"id": [], "name": []}) == [[1, None, None, None]]


# A referee: the same guides by ElementTree

WORDS = st.text("aé新 &<>\"'\n", min_size=0, max_size=8)
TIMES = st.sampled_from([START, "20260502", "20260230", "noon", "", "20260501240000 +0100"])
VALUES = st.one_of(
    st.tuples(st.just("title"), WORDS),
    st.tuples(st.just("desc"), WORDS),
    st.tuples(st.just("category"), WORDS),
    st.tuples(st.just("date"), st.sampled_from(["1990", "19901011", "soon", ""])),
    st.tuples(st.just("icon"), st.sampled_from(["a.png", ""])),
    st.tuples(st.just("length"), st.sampled_from(["90", "long", ""])),
)
PROGRAMMES = st.lists(st.tuples(TIMES, TIMES, WORDS, st.lists(VALUES, max_size=5)), max_size=6)


def built(programmes: list[Any]) -> ET.Element:
    """Build a guide with ElementTree; icons have their text as an address."""
    root = ET.Element("tv")
    for start, stop, channel, parts in programmes:
        one = ET.SubElement(root, "programme", start=start, stop=stop, channel=channel)
        for name, text in parts:
            if name == "icon":
                ET.SubElement(one, name, src=text)
            else:
                ET.SubElement(one, name).text = text
    return root


def moment(text: str) -> Any:
    """Read a time as the referee does: with strptime, and 24:00 as the next midnight."""
    late, text = "240000" in text, text.replace("240000", "000000")
    form = {20: "%Y%m%d%H%M%S %z", 8: "%Y%m%d"}.get(len(text))
    if form is None:
        return pd.NaT
    read = pd.to_datetime(text, format=form, utc=True, errors="coerce")
    return read + pd.Timedelta(days=int(late)) if pd.notna(read) else pd.NaT


@settings(max_examples=40, deadline=None)
@given(PROGRAMMES)
def test_what_is_read_is_what_a_referee_reads(programmes: list[Any]) -> None:
    """Of guides with faults in them, every text, time, genre and address; and all faults."""
    text = ET.tostring(built(programmes))
    epg, _, faults = xmltv.read_guide(io.BytesIO(text))
    root = ET.fromstring(text)
    assert len(epg) == len(root)
    wrong = 0
    for (_, row), one in zip(epg.iterrows(), root, strict=True):
        texts = {
            name: [(v.text or "").strip() for v in one.iter(name)] for name in ("title", "desc")
        }
        for name, column in (("title", "name"), ("desc", "description")):
            first = next(filter(None, texts[name]), None)
            assert (None if pd.isna(row[column]) else row[column]) == first
        genres = [t for g in one.iter("category") if (t := (g.text or "").strip())]
        cell = row.get("tags.Genre")
        assert ([*values(cell)] if isinstance(cell, str) else []) == genres
        starts = moment(one.get("start", ""))
        assert row["startDate"] == starts or (pd.isna(row["startDate"]) and pd.isna(starts))
        channel = one.get("channel", "")
        assert not channel.strip() or row["linearAssetId"] == channel
        sources = [i.get("src", "") for i in one.iter("icon")]
        cell = row.get("images")
        images = msgspec.json.decode(cell) if isinstance(cell, str) else []
        assert [i["url"] for i in images] == [src for src in sources if src]
        wrong += pd.isna(starts) + (not channel.strip()) + sources.count("")
        wrong += pd.isna(moment(one.get("stop", ""))) and one.get("stop") != ""
        wrong += sum(d.text == "soon" for d in one.iter("date"))
        wrong += sum(d.text == "long" for d in one.iter("length"))
    assert len(faults) == wrong


SPRINKLED = st.lists(
    st.tuples(
        st.integers(0, 2_000),
        st.sampled_from(
            ["<", ">", "&", '"', "</", "/>", "<b>", "</b>", "&amp;", "é", "]]>", "\x00"]
        ),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(PROGRAMMES, SPRINKLED)
def test_a_file_is_refused_only_where_a_referee_refuses_it(
    programmes: list[Any], sprinkled: list[tuple[int, str]]
) -> None:
    """Faults anywhere in the bytes: what is XML is read, with its titles; all else is our error."""
    text = ET.tostring(built(programmes), "unicode")
    for place, fault in sprinkled:
        at = place % (len(text) + 1)
        text = text[:at] + fault + text[at:]
    try:
        root = ET.fromstring(text.encode())
    except ET.ParseError:
        with pytest.raises(KottError):
            xmltv.read(io.BytesIO(text.encode()))
        return
    epg = xmltv.read(io.BytesIO(text.encode()))
    titles = [
        next(filter(None, ("".join(one.itertext()).strip() for one in own.findall("title"))), None)
        for own in root.findall("programme")
    ]
    assert [None if pd.isna(name) else name for name in epg["name"]] == titles
