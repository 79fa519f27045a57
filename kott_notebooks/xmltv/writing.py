"""Tables -> XMLTV, in the order of its DTD, some thousand programmes at a time."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits.texts import blank
from kott_notebooks.errors import KottError
from kott_notebooks.schedule.doubles import said_yes
from kott_notebooks.schedule.genres import values
from kott_notebooks.schedule.spans import TIMED, Columns, named
from kott_notebooks.tables.columns import NAT, as_times, channel_ids, micros
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import zone
from kott_notebooks.xmltv import places

Texts: TypeAlias = npt.NDArray[Any]  # of str: a piece of XML for each programme

BATCH = 5_000  # programmes
TIME = "%Y%m%d%H%M%S %z"
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n'
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(
    epg: pd.DataFrame,
    channels: Iterable[Any] | pd.DataFrame | None,
    path: str | Path,
    *,
    tz: str | tzinfo = "UTC",
    partner: int | str | None = None,
    columns: Columns | None = None,
) -> None:
    """Write a guide as XMLTV, which `read` reads back; gzipped if the path ends in `.gz`.

    `channels` is the table of `kott.channels`, which has their names and pictures, or ids, or None:
    those that occur stand there in any case. They are written as `276507.478.kott`: the number, the
    `partner` (the one that the table was pulled from, or 0), and ours; ids that are no numbers
    stay. `tz` is the zone that times are written in, with their offset. `columns` says what the
    table calls the columns that we know by the API's names.

    The columns that XMLTV can hold, which are those that come back:

    | column | element | what comes back |
    |---|---|---|
    | linearAssetId, startDate, endDate | channel, start, stop | to the second |
    | name, description | title, desc | in one line, without blanks at the ends (see below) |
    | multilingualName, multilingualDescription | title, desc with lang | likewise |
    | metas.Episode name | sub-title | its first language |
    | tags.Director, Cast, Writer, Adapter ... Guest | credits | the values |
    | tags.Genre, Keyword, Country, Parental rating | category ... rating | the values |
    | metas.Year | date | the first four characters |
    | metas.Language, Original language, Star rating | language ... | the text |
    | metas.Runtime | length, in minutes | a number with two decimals |
    | metas.Season number, Episode number | episode-num, xmltv_ns and onscreen | whole numbers |
    | metas.Repeat, Premiere, Last chance, New | previously-shown ... | `true`; `false` is absent |
    | images | icon | url, width, height of each |
    | id, externalId, crid, metas.Series ID | url, of system `kott id` ... | all |

    Descriptions keep their line ends. A blank text is an absent one, but a title must stand, so it
    stands empty. Characters that XML cannot hold are left out. Flags, dates of creation, and the
    window and the provenance of the pull are nowhere in XMLTV. Raises KottError for programmes
    without a channel or a start.
    """
    pieces = lines(epg, channels, tz=tz, partner=partner, columns=columns)
    first = next(pieces)  # what is wrong with the table is said before there is a file
    opened: Any = gzip.open if str(path).endswith(".gz") else open
    with opened(path, "wt", encoding="utf-8", newline="\n") as file:
        file.write(first)
        file.writelines(pieces)


def lines(
    epg: pd.DataFrame,
    channels: Iterable[Any] | pd.DataFrame | None = None,
    *,
    tz: str | tzinfo = "UTC",
    partner: int | str | None = None,
    columns: Columns | None = None,
) -> Iterator[str]:
    """Give what `write` writes, in pieces of whole lines."""
    epg = named(epg, columns, *TIMED, "name")
    _check(epg)
    zoned = zone(tz)
    known = facts(epg)
    owner = partner if partner is not None else known.get("partner") or 0
    yield _head(known)
    yield from _channels(epg, channels, owner)
    for start in range(0, len(epg), BATCH):
        yield "".join(_programmes(epg.iloc[start : start + BATCH], zoned, owner))
    yield "</tv>\n"


def _check(epg: pd.DataFrame) -> None:
    lost = blank(epg["linearAssetId"]) | (micros(epg, "startDate") == NAT)
    if lost.any():
        raise KottError(
            f"{lost.sum():,} programmes have no linearAssetId or no startDate, which XMLTV needs: "
            'leave them out; epg.dropna(subset=["linearAssetId", "startDate"]) does so unless they '
            "are blank texts."
        )


def _head(known: dict[str, Any]) -> str:
    when = known.get("when")
    told = {
        "date": pd.Timestamp(when).strftime(TIME) if when else "",
        "source-info-name": str(known.get("url") or known.get("from") or ""),
        "generator-info-name": "kott_notebooks",
    }
    attributes = _attributes({name: text for name, text in told.items() if text})
    return f"{_PROLOGUE}<tv{attributes}>\n"


# Channels


def _channels(
    epg: pd.DataFrame, channels: Iterable[Any] | pd.DataFrame | None, owner: object
) -> Iterator[str]:
    listed: dict[Any, str] = {} if channels is None else dict.fromkeys(channel_ids(channels), "")
    if isinstance(channels, pd.DataFrame):
        texts = _named(channels, "display-name", "name", "multilingualName") + _icons(channels)
        listed = dict(zip(channels["id"], texts, strict=True))
    told = {places.written_id(own, owner): inner for own, inner in listed.items()}
    others = {places.written_id(own, owner) for own in epg["linearAssetId"].unique()} - set(told)
    for written, inner in [*told.items(), *((one, "") for one in sorted(others))]:
        if "<display-name" not in inner:  # there must be one
            inner = _element("display-name", _line(written)) + inner
        yield f"  <channel id={_quoted(written)}>\n{inner}  </channel>\n"


# Programmes


def _programmes(epg: pd.DataFrame, tz: tzinfo, owner: object) -> Iterable[str]:
    titles = _named(epg, "title", "name", "multilingualName")
    titles[titles == ""] = "    <title></title>\n"
    parts = [
        _times(epg, "  <programme start=", "startDate", tz),
        _times(epg, " stop=", "endDate", tz),
        _each(
            epg["linearAssetId"],
            lambda own: f" channel={_quoted(places.written_id(own, owner))}>\n",
        ),
        titles,
        _each(_column(epg, "metas.Episode name"), _subtitles),
        _named(epg, "desc", "description", "multilingualDescription", _paragraph),
        _credits(epg),
        _metas(epg, "date"),
        *(_tags(epg, name, places.TAGS[name]) for name in ("category", "keyword")),
        *(_metas(epg, name) for name in ("language", "orig-language")),
        _lengths(epg),
        _icons(epg),
        *(_urls(epg, name) for name in places.IDENTITIES),
        _tags(epg, "country", places.TAGS["country"]),
        _numbers(epg),
        *(_flags(epg, name) for name in places.FLAGS),
        _tags(epg, "rating", places.TAGS["rating"], "<value>{}</value>"),
        _metas(epg, "star-rating", "<value>{}</value>"),
        np.full(len(epg), "  </programme>\n", dtype=object),
    ]
    return map("".join, zip(*parts, strict=True))


def _column(epg: pd.DataFrame, name: str) -> pd.Series[Any]:
    return epg[name] if name in epg.columns else pd.Series(pd.NA, epg.index, dtype="object")


def _each(column: pd.Series[Any], make: Callable[[Any], str]) -> Texts:
    """Write every value once, an absent one as nothing, and lay the pieces out row by row."""
    codes, found = pd.factorize(column)
    return np.array([*map(make, found), ""], dtype=object)[codes]


def _element(name: str, text: str, inside: str = "{}", **attributes: str) -> str:
    """Write an element on a line of its own, or nothing where it has no text."""
    if not text:
        return ""
    told = _attributes({key: value for key, value in attributes.items() if value})
    return f"    <{name}{told}>{inside.format(escape(text))}</{name}>\n"


def _attributes(texts: Mapping[str, str]) -> str:
    return "".join(f" {name}={_quoted(text)}" for name, text in texts.items())


def _line(said: Any) -> str:
    """Give a value as text in one line, of what XML can hold."""
    if isinstance(said, float) and said.is_integer():
        said = int(said)
    return " ".join(_paragraph(said).split("\n"))


def _paragraph(said: Any) -> str:
    text = re.sub("\r\n?", "\n", _FORBIDDEN.sub("", str(said)))
    return text.strip()


def _quoted(text: str) -> str:
    return quoteattr(_line(text))


def _times(epg: pd.DataFrame, before: str, column: str, tz: tzinfo) -> Texts:
    stamps = micros(epg, column)
    times = pd.Series(as_times(np.where(stamps == NAT, 0, stamps)).tz_convert(tz))
    return _each(times.where(stamps != NAT), lambda time: f'{before}"{time.strftime(TIME)}"')


def _named(
    table: pd.DataFrame,
    element: str,
    one: str,
    many: str,
    text: Callable[[Any], str] | None = None,
) -> Texts:
    """Write a text: in every language that it is there in, else as it is."""
    shown = text or _line
    plain = _each(_column(table, one), lambda said: _element(element, shown(said)))
    said = _each(_column(table, many), lambda cell: _in_languages(element, cell, shown))
    return np.where(said == "", plain, said)


def _in_languages(element: str, cell: Any, shown: Callable[[Any], str]) -> str:
    return "".join(
        _element(element, shown(token.get("value")), lang=places.two_letters(token["language"]))
        for token in _entries(cell)
        if token.get("language")
    )


def _entries(cell: Any) -> list[dict[str, Any]]:
    """Give the objects of a nested cell; none of text that is no JSON list."""
    try:
        found = msgspec.json.decode(str(cell))
    except msgspec.DecodeError:
        found = None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _subtitles(cell: Any) -> str:
    return _in_languages("sub-title", cell, _line) or _element("sub-title", _line(cell))


def _credits(epg: pd.DataFrame) -> Texts:
    each = [_tags(epg, name, tag) for name, tag in places.CREDITS.items()]
    inner = [*accumulate(each)][-1]
    return np.where(inner == "", "", "    <credits>\n" + inner + "    </credits>\n")


def _tags(epg: pd.DataFrame, element: str, tag: str, inside: str = "{}") -> Texts:
    return _each(
        _column(epg, f"tags.{tag}"),
        lambda cell: "".join(_element(element, _line(one), inside) for one in values(cell)),
    )


def _metas(epg: pd.DataFrame, element: str, inside: str = "{}") -> Texts:
    column = _column(epg, f"metas.{places.METAS[element]}")
    return _each(column, lambda cell: _element(element, _line(cell), inside))


def _lengths(epg: pd.DataFrame) -> Texts:
    column = pd.to_numeric(_column(epg, f"metas.{places.METAS['length']}"), errors="coerce")
    return _each(column, lambda minutes: _element("length", f"{minutes:g}", units="minutes"))


def _icons(table: pd.DataFrame) -> Texts:
    return _each(_column(table, "images"), lambda cell: "".join(map(_icon, _entries(cell))))


def _icon(image: dict[str, Any]) -> str:
    told = {"src": image.get("url"), "width": image.get("width"), "height": image.get("height")}
    texts = {name: _line(value) for name, value in told.items() if value}
    if not texts.get("src"):
        return ""
    return f"    <icon{_attributes(texts)} />\n"


def _urls(epg: pd.DataFrame, name: str) -> Texts:
    return _each(_column(epg, name), lambda own: _url(name, _line(own)))


def _url(name: str, own: str) -> str:
    return _element("url", places.as_url(own) if own else "", system=places.SYSTEM + name)


def _numbers(epg: pd.DataFrame) -> Texts:
    told = (_column(epg, f"metas.{name}") for name in (places.SEASON, places.EPISODE))
    season, episode = (_each(column, _line) for column in told)
    return np.array([*map(_numbered, season, episode)], dtype=object)


@lru_cache(maxsize=10_000)
def _numbered(season: str, episode: str) -> str:
    return "".join(
        _element("episode-num", text, system=system)
        for system, text in places.numbering(season, episode)
    )


def _flags(epg: pd.DataFrame, element: str) -> Texts:
    column = _column(epg, f"metas.{places.FLAGS[element]}")
    return _each(column, lambda cell: f"    <{element} />\n" if said_yes(cell) else "")
