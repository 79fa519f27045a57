"""Tables -> XMLTV, in the order of its DTD, a few thousand programmes at a time."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import tzinfo
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeAlias
from xml.sax.saxutils import escape, quoteattr

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.schedule.duplicates import said_yes
from kott_notebooks.schedule.genres import values
from kott_notebooks.schedule.spans import TIMED, Channels, Columns, named
from kott_notebooks.tables.columns import NAT, as_times, channel_ids, micros, need
from kott_notebooks.tables.files import replacing
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import zone
from kott_notebooks.xmltv import fields

Pieces: TypeAlias = npt.NDArray[Any]  # of str: a piece of XML for each row

BATCH = 5_000  # programmes
TIME = "%Y%m%d%H%M%S %z"
SECOND = 1_000_000  # microseconds
_ZONED = (np.datetime64("1800", "us").astype(int), np.datetime64("2500", "us").astype(int))
_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE tv SYSTEM "xmltv.dtd">\n'
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OPENED: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def write(
    epg: pd.DataFrame,
    channels: Channels | None,
    path: str | Path,
    *,
    tz: str | tzinfo | None = None,
    partner_id: int | None = None,
    columns: Columns | None = None,
) -> None:
    """Write a guide as XMLTV, which `read` reads back.

    Parameters
    ----------
    epg : DataFrame
        A table as `kott.epg` or `xmltv.read` gives it, in any dtypes.
    channels : DataFrame, iterable of ids, or None
        The table of `kott.channels`, which has names and pictures, or ids. Channels that only
        programmes name are added in any case, with their id for a name.
    path : str or Path
        The file to write; compressed if it ends in `.gz`, `.xz` or `.bz2`.
    tz : str or tzinfo, default: KOTT_TZ, else UTC
        The zone of the written times, which have their offset. XMLTV has no offsets with seconds:
        times that would need one (before 1972, mostly) are written in UTC.
    partner_id : int, optional
        The partner in the ids of channels. Default: the one that the table was pulled from, else 0.
    columns : mapping, optional
        Our names of columns -> the table's.

    Raises
    ------
    KottError
        A column is missing, or does not hold what its name says. There is no file then.

    See Also
    --------
    lines, read

    Notes
    -----
    Numbers of channels are written as `276507.478.kott`: the number, the partner, and "kott"; ids
    that are text are written unchanged. These columns are written, and `read` returns them:

    ========================================  ==================================================
    linearAssetId, startDate, endDate         channel, start, stop (to the second)
    name, name@deu, tags.Other titles         title (one line, no blanks at the ends)
    description, description@deu              desc (with its line ends)
    tags.Other descriptions                   desc
    metas.Episode name, metas.Episode         sub-title
    name@deu, tags.Other episode names
    tags.Director, Cast, Writer ... Guest     credits
    metas.Year                                date
    tags.Genre, Keyword, Country              category, keyword, country
    metas.Language, Original language         language, orig-language
    metas.Runtime                             length (minutes, two decimals)
    images                                    icon (url, width, height), image
    id, externalId, crid, metas.Series ID     url of system `kott id` ...
    tags.Address                              url
    metas.Season number, Episode number       episode-num, xmltv_ns and onscreen (whole numbers)
    tags.Episode ids (`SYSTEM=TEXT`)          episode-num of other systems
    metas.Video present, Colour, Aspect,      video
    Video quality
    metas.Audio present, Audio                audio
    metas.Repeat, Previously shown,           previously-shown, with start and channel
    Previously shown channel
    metas.Premiere, Last chance, New          premiere, last-chance, new (`false` is absent)
    metas.Premiere note, Last chance note     their texts
    tags.Subtitles (`deu (teletext)`)         subtitles
    tags.Parental rating, Rating system       rating
    (`SYSTEM=RATING`)
    metas.Star rating                         star-rating
    clumpidx                                  clumpidx
    ========================================  ==================================================

    A blank text is absent; only a title, a start and a channel, which XMLTV requires, are written
    empty. Characters that XML cannot hold are left out. Other columns (flags of catch-up, dates of
    creation) and the provenance of a pull have no place in XMLTV.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, xmltv
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> session = demo.login(assets=40, channels=3, households=0, defects=False)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "guide.xml.gz")
    ...     xmltv.write(epg, kott.channels(session), path)
    ...     len(xmltv.read(path)) == len(epg)
    True
    """
    pieces = lines(epg, channels, tz=tz, partner_id=partner_id, columns=columns)
    first = next(pieces)  # faults of the table are raised before the file is opened
    opened = _OPENED.get(Path(path).suffix.lower(), open)
    with replacing(path) as new, opened(new, "wt", encoding="utf-8", newline="\n") as file:
        file.write(first)
        file.writelines(pieces)


def lines(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    tz: str | tzinfo | None = None,
    partner_id: int | None = None,
    columns: Columns | None = None,
) -> Iterator[str]:
    """Return what `write` writes, in pieces of whole lines.

    Parameters
    ----------
    epg, channels, tz, partner_id, columns : as in `write`
        The guide, and how to write it.

    Yields
    ------
    str
        A piece of the guide's text; the first one follows the check of the table.

    Raises
    ------
    KottError
        As `write`.

    See Also
    --------
    write, read

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import xmltv
    >>> times = pd.to_datetime(["2026-03-01T20:00Z", "2026-03-01T21:00Z"])
    >>> epg = pd.DataFrame({"linearAssetId": ["a.tv"], "startDate": times[:1],
    ...                     "endDate": times[1:], "name": ["News"]})
    >>> "".join(xmltv.lines(epg)).count("<programme ")
    1
    """
    checked = named(epg, columns, *TIMED, "name")
    own = epg[(columns or {}).get("linearAssetId", "linearAssetId")]
    epg = checked.assign(linearAssetId=own)  # as it is: the text "140" is not our number 140
    zoned = zone(tz)
    known = facts(epg)
    owner = partner_id if partner_id is not None else known.get("partner") or 0
    times = [_times(epg, column, zoned) for column in TIMED[1:]]
    yield _head(known)
    yield from _channels(epg, channels, owner)
    for start in range(0, len(epg), BATCH):
        part = slice(start, start + BATCH)
        yield "".join(_programmes(epg.iloc[part], owner, *(one[part] for one in times)))
    yield "</tv>\n"


def _head(known: dict[str, Any]) -> str:
    when = known.get("when")
    attributes = {
        "date": pd.Timestamp(when).strftime(TIME) if when else "",
        "source-info-name": str(known.get("url") or known.get("from") or ""),
        "generator-info-name": "kott_notebooks",
    }
    return f"{_PROLOGUE}<tv{_attributes(attributes)}>\n"


# Channels


def _channels(epg: pd.DataFrame, channels: Channels | None, owner: object) -> Iterator[str]:
    if isinstance(channels, pd.DataFrame):  # ids stay as they are: the text "140" is no number
        table = need(channels, "id").assign(id=channels["id"])
    else:
        ids = [] if channels is None else channel_ids(channels)
        table = pd.DataFrame({"id": ids}, dtype=object)
    texts = _texts(table, "display-name", "name", "multilingualName")
    texts = texts + _pictures(table, "icon") + _tags(table, "url", fields.ADDRESSES)
    inner: dict[str, str] = {}
    for own, text in zip(table["id"], texts, strict=True):
        if not _is_blank(own):
            inner.setdefault(fields.written_id(own, owner), text)
    named_ = {
        fields.written_id(one, owner) for one in epg["linearAssetId"].unique() if not _is_blank(one)
    }
    for written, text in [*inner.items(), *((one, "") for one in sorted(named_ - set(inner)))]:
        if "<display-name" not in text:  # there must be one
            text = _element("display-name", _line(written)) + text
        yield f"  <channel id={_quoted(written)}>\n{text}  </channel>\n"


def _is_blank(own: Any) -> bool:
    return pd.isna(own) or not str(own).strip()


# Programmes


def _programmes(epg: pd.DataFrame, owner: object, start: Pieces, stop: Pieces) -> Iterable[str]:
    titles = _texts(epg, "title", "name", "multilingualName")
    titles[titles == ""] = "    <title></title>\n"
    channels = _each(epg["linearAssetId"], lambda own: _quoted(fields.written_id(own, owner)))
    channels[channels == ""] = '""'
    parts = [
        "  <programme start=" + start,
        np.where(stop == '""', "", " stop=" + stop),
        " channel=" + channels,
        _each(_column(epg, "clumpidx"), partial(_attribute, "clumpidx")),
        np.full(len(epg), ">\n", dtype=object),
        titles,
        _texts(epg, "sub-title", "metas.Episode name", "metas.Episode name"),
        _texts(epg, "desc", "description", "multilingualDescription", _paragraph),
        _nested("credits", [_tags(epg, one, f"tags.{tag}") for one, tag in fields.CREDITS.items()]),
        _meta(epg, "date", fields.YEAR),
        _tags(epg, "category", "tags.Genre"),
        _tags(epg, "keyword", "tags.Keyword"),
        _meta(epg, "language", "Language"),
        _meta(epg, "orig-language", "Original language"),
        _lengths(epg),
        _pictures(epg, "icon"),
        *(_urls(epg, name) for name in fields.IDENTITIES),
        _tags(epg, "url", fields.ADDRESSES),
        _tags(epg, "country", "tags.Country"),
        _numbers(epg),
        *(_details(epg, name) for name in ("video", "audio")),
        _repeats(epg),
        *(_flags(epg, name) for name in ("premiere", "last-chance", "new")),
        _each(_column(epg, fields.SUBTITLES), _subtitles),
        _ratings(epg),
        _meta(epg, "star-rating", "Star rating", "<value>{}</value>"),
        _pictures(epg, "image"),
        np.full(len(epg), "  </programme>\n", dtype=object),
    ]
    return map("".join, zip(*parts, strict=True))


def _column(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    return table[name] if name in table.columns else pd.Series(pd.NA, table.index, dtype="object")


def _each(column: pd.Series[Any], make: Callable[[Any], str]) -> Pieces:
    """Return the XML of each row's value, "" where it is absent; equal values are made once."""
    codes, uniques = pd.factorize(column)
    return np.array([*map(make, uniques), ""], dtype=object)[codes]


def _element(name: str, text: str, inside: str = "{}", **attributes: str) -> str:
    """Write an element on a line of its own, or nothing where it has no text."""
    if not text:
        return ""
    return f"    <{name}{_attributes(attributes)}>{inside.format(escape(text))}</{name}>\n"


def _attributes(texts: Mapping[str, str]) -> str:
    return "".join(f" {name}={_quoted(text)}" for name, text in texts.items() if text)


def _attribute(name: str, value: Any) -> str:
    return _attributes({name: _line(value)})


def _quoted(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("", text))


def _line(value: Any) -> str:
    """Return a value as text in one line, of what XML can hold."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(_paragraph(value).split("\n"))


def _paragraph(value: Any) -> str:
    return re.sub("\r\n?", "\n", _FORBIDDEN.sub("", str(value))).strip()


def _times(epg: pd.DataFrame, column: str, tz: tzinfo) -> Pieces:
    """Write times in a zone, in quotes; in UTC where the zone has seconds in its offset."""
    stamps, rows = np.unique(micros(epg, column), return_inverse=True)
    absent = stamps == NAT
    stamps = np.where(absent, 0, stamps) // SECOND * SECOND
    zoned = np.clip(stamps, *_ZONED)
    local = pd.DatetimeIndex(as_times(zoned).tz_convert(tz).tz_localize(None))
    offsets = (local.as_unit("us").asi8 - zoned) // SECOND
    offsets = np.where((offsets % 60 != 0) | (zoned != stamps), 0, offsets)
    shown = np.datetime_as_string((stamps + offsets * SECOND).view("datetime64[us]"), unit="s")
    texts = [
        f'"{re.sub("[-T:]", "", text)} {"-" if offset < 0 else "+"}'
        f'{abs(offset) // 3_600:02}{abs(offset) // 60 % 60:02}"'
        for text, offset in zip(shown.tolist(), offsets.tolist(), strict=True)
    ]
    return np.where(absent, '""', np.array(texts, dtype=object))[rows]


def _texts(
    table: pd.DataFrame,
    element: str,
    column: str,
    translated: str,
    shown: Callable[[Any], str] = _line,
) -> Pieces:
    """Write a text, its other languages, and further ones; `read` takes the first for the text.

    `translated` is the column that may hold the API's translations as JSON.
    """
    languages = {
        str(name).rpartition("@")[2]: cells
        for name, cells in table.items()
        if str(name).startswith(f"{column}@")
    } or _languages(_column(table, translated))
    plain = _column(table, column)
    if column == translated:  # of a meta in all languages, the cell is the translations
        plain = plain.mask(plain.astype("str").str.startswith("[{").fillna(False))
    first = np.full(len(table), "", dtype=object)
    rest = first.copy()
    for language, cells in languages.items():
        make = partial(_translated, element, fields.two_letters(language), shown)
        texts = _each(cells, make)
        leads = (first == "") & (plain.isna() | (plain == cells)).fillna(False).to_numpy(bool)
        first, rest = np.where(leads, texts, first), rest + np.where(leads, "", texts)
    unlabelled = _each(plain, lambda text: _element(element, shown(text)))
    others = _tags(table, element, fields.OTHER_TEXTS[element])
    written: Pieces = np.where(first == "", unlabelled, first) + rest + others
    return written


def _translated(element: str, code: str, shown: Callable[[Any], str], text: Any) -> str:
    return _element(element, shown(text), lang=code)


def _languages(cells: pd.Series[Any]) -> dict[str, pd.Series[Any]]:
    """Return the API's translations, one column per language."""
    rows = [
        {str(one["language"]): one.get("value") for one in _entries(cell) if one.get("language")}
        for cell in cells
    ]
    table = pd.DataFrame(rows, index=cells.index, dtype=object)
    return {str(name): table[name] for name in table}


def _entries(cell: Any) -> list[dict[str, Any]]:
    """Return the objects of a nested cell; none of text that is not a JSON list."""
    if not isinstance(cell, str) or not cell.startswith("["):
        return []
    try:
        entries = msgspec.json.decode(cell)
    except msgspec.DecodeError:
        return []
    return [one for one in entries if isinstance(one, dict)]


def _nested(element: str, parts: list[Pieces]) -> Pieces:
    inner = sum(parts[1:], parts[0])
    return np.where(inner == "", "", f"    <{element}>\n" + inner + f"    </{element}>\n")


def _tags(table: pd.DataFrame, element: str, column: str) -> Pieces:
    return _each(
        _column(table, column),
        lambda cell: "".join(_element(element, _line(one)) for one in values(cell)),
    )


def _meta(epg: pd.DataFrame, element: str, meta: str, inside: str = "{}") -> Pieces:
    column = _column(epg, f"metas.{meta}")
    return _each(column, lambda cell: _element(element, _line(cell), inside))


def _lengths(epg: pd.DataFrame) -> Pieces:
    column = pd.to_numeric(_column(epg, f"metas.{fields.RUNTIME}"), errors="coerce").round(2)
    return _each(column, lambda minutes: _element("length", f"{minutes:.15g}", units="minutes"))


def _pictures(table: pd.DataFrame, element: str) -> Pieces:
    def pictures(cell: Any) -> str:
        entries = [one for one in _entries(cell) if one.get("url")]
        return "".join(map(write, (one for one in entries if one.get("element") == kind)))

    kind, write = ("image", _image) if element == "image" else (None, _icon)
    return _each(_column(table, "images"), pictures)


def _icon(image: dict[str, Any]) -> str:
    texts = {"src": _line(image["url"])}
    texts |= {side: _line(image[side]) for side in ("width", "height") if image.get(side)}
    return f"    <icon{_attributes(texts)} />\n" if texts["src"] else ""


def _image(image: dict[str, Any]) -> str:
    names = ("type", "size", "orient", "system")
    return _element(
        "image", _line(image["url"]), **{name: _line(image.get(name) or "") for name in names}
    )


def _urls(epg: pd.DataFrame, name: str) -> Pieces:
    def url(own: Any) -> str:
        text = _line(own)
        return _element("url", fields.as_url(text) if text else "", system=fields.SYSTEM + name)

    return _each(_column(epg, name), url)


def _numbers(epg: pd.DataFrame) -> Pieces:
    columns = (_column(epg, f"metas.{name}") for name in (fields.SEASON, fields.EPISODE))
    season, episode = (_each(column, _line) for column in columns)
    others = _each(_column(epg, fields.EPISODE_IDS), _episode_ids)
    return np.array([*map(_numbered, season, episode)], dtype=object) + others


@lru_cache(maxsize=10_000)
def _numbered(season: str, episode: str) -> str:
    return "".join(
        _element("episode-num", text, system=system)
        for system, text in fields.numbering(season, episode)
    )


def _episode_ids(cell: Any) -> str:
    parts = [one.partition("=") for one in values(cell)]
    return "".join(_element("episode-num", _line(text), system=one) for one, _, text in parts)


def _details(epg: pd.DataFrame, element: str) -> Pieces:
    """Write what <video> or <audio> holds."""
    inner = {path.partition("/"): meta for path, meta in fields.METAS.items()}
    return _nested(
        element,
        [_meta(epg, name, meta) for (top, _, name), meta in inner.items() if top == element],
    )


def _repeats(epg: pd.DataFrame) -> Pieces:
    is_repeat = _each(_column(epg, "metas.Repeat"), lambda cell: "x" if said_yes(cell) else "")
    when, where = (
        _each(_column(epg, f"metas.{meta}"), partial(_attribute, name))
        for name, meta in fields.SHOWN.items()
    )
    element = "    <previously-shown" + when + where + " />\n"
    return np.where(is_repeat + when + where == "", "", element)


def _flags(epg: pd.DataFrame, element: str) -> Pieces:
    is_set = _each(
        _column(epg, f"metas.{fields.FLAGS[element]}"), lambda cell: "x" if said_yes(cell) else ""
    )
    notes = _meta(epg, element, fields.NOTES.get(element, ""))
    return np.where(is_set + notes == "", "", np.where(notes == "", f"    <{element} />\n", notes))


def _subtitles(cell: Any) -> str:
    pieces = []
    for one in values(cell):
        language, kind = fields.subtitle_parts(_line(one))
        inner = f"<language>{escape(language)}</language>" if language else ""
        pieces.append(f"    <subtitles{_attributes({'type': kind})}>{inner}</subtitles>\n")
    return "".join(pieces)


def _ratings(epg: pd.DataFrame) -> Pieces:
    """Write ratings, each with its system where one is known."""
    pairs = zip(
        _column(epg, "tags.Parental rating"), _column(epg, fields.RATING_SYSTEM), strict=True
    )
    return np.array(
        [_rated(*("" if pd.isna(one) else one for one in pair)) for pair in pairs], dtype=object
    )


@lru_cache(maxsize=10_000)
def _rated(ratings: str, systems: str) -> str:
    pieces, remaining = [], [*values(systems)]
    for rating in values(ratings):
        system = next((one for one in remaining if one.partition("=")[2] == rating), "")
        if system:
            remaining.remove(system)
        name = system.partition("=")[0]
        pieces.append(_element("rating", _line(rating), "<value>{}</value>", system=_line(name)))
    return "".join(pieces)
