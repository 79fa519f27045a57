"""Which column is which element of XMLTV, and how single values are written."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from urllib.parse import quote, unquote

TEXTS = {  # elements in several languages -> the column, and `COLUMN@deu` for each language
    "title": "name",
    "desc": "description",
    "sub-title": "metas.Episode name",
}
OTHER_TEXTS = {  # further texts of a language that has one already
    "title": "tags.Other titles",
    "desc": "tags.Other descriptions",
    "sub-title": "tags.Other episode names",
    "display-name": "tags.Other names",
}
CREDITS = {  # in the DTD's order
    "director": "Director",
    "actor": "Cast",
    "writer": "Writer",
    "adapter": "Adapter",
    "producer": "Producer",
    "composer": "Composer",
    "editor": "Editor",
    "presenter": "Presenter",
    "commentator": "Commentator",
    "guest": "Guest",
}
TAGS = {  # paths of values that may occur several times -> tags
    "category": "Genre",
    "keyword": "Keyword",
    "country": "Country",
    "rating/value": "Parental rating",
    **{f"credits/{name}": tag for name, tag in CREDITS.items()},
}
METAS = {  # paths of texts that occur once -> metas
    "language": "Language",
    "orig-language": "Original language",
    "video/present": "Video present",
    "video/colour": "Colour",
    "video/aspect": "Aspect",
    "video/quality": "Video quality",
    "audio/present": "Audio present",
    "audio/stereo": "Audio",
    "star-rating/value": "Star rating",
}
FLAGS = {  # elements whose presence is the value, in the DTD's order
    "previously-shown": "Repeat",
    "premiere": "Premiere",
    "last-chance": "Last chance",
    "new": "New",
}
SHOWN = {"start": "Previously shown", "channel": "Previously shown channel"}  # its attributes
NOTES = {"premiere": "Premiere note", "last-chance": "Last chance note"}  # the texts of two flags
YEAR, RUNTIME, SEASON, EPISODE = "Year", "Runtime", "Season number", "Episode number"
SUBTITLES, RATING_SYSTEM = "tags.Subtitles", "tags.Rating system"
EPISODE_IDS, ADDRESSES = "tags.Episode ids", "tags.Address"
IDENTITIES = ("id", "externalId", "crid", "metas.Series ID")  # in <url system="kott NAME">
SYSTEM = "kott "

# Times: 20260329183000 +0200, or a part of that from its start; epoch seconds here

_TIME = re.compile(r"\s*([0-9]{4,14})\s*([+-][0-9]{2}(?::?[0-9]{2}){0,2}|[A-Za-z]+)?\s*")
_FIRST = "00000101000000"
_EPOCH = date(1970, 1, 1).toordinal()
_LAST = 253_402_300_799  # the end of the year 9999
_DAY = 86_400
_ZONES = {  # hours ahead of UTC; names that mean several zones are left out
    **dict.fromkeys(("", "Z", "UTC", "UT", "GMT", "WET"), 0),
    **dict.fromkeys(("BST", "CET", "MET", "WEST"), 1),
    **dict.fromkeys(("CEST", "MEST", "EET", "SAST"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    **{"JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13},
    **{"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6},
    **{"PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10},
}


@lru_cache(maxsize=65_536)
def seconds(text: str) -> int:
    """Return a time in epoch seconds; without a zone it is UTC, and 24:00 is the next midnight.

    Raises ValueError for what is not a time, the year 1 included: software writes it for "none".
    """
    parts = _TIME.fullmatch(text)
    if parts is None or len(parts[1]) % 2:
        raise ValueError("not a time such as 20260329183000 +0200")
    digits = parts[1] + _FIRST[len(parts[1]) :]
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:])
    is_midnight = (hour, minute, second) == (24, 0, 0)
    if not is_midnight and (hour > 23 or minute > 59 or second > 60):
        raise ValueError("not a time of day")
    if year < 2:
        raise ValueError(f"the year {year}, which stands for no time")
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError as error:
        raise ValueError("not a day of the calendar") from error
    moment = days * _DAY + 3_600 * hour + 60 * minute + second - _offset(parts[2] or "")
    if moment > _LAST:
        raise ValueError("after the year 9999")
    return moment


def _offset(zone: str) -> int:
    if zone[:1] not in ("+", "-"):
        if zone.upper() not in _ZONES:
            raise ValueError(f"{zone} names no one time zone: an offset such as +0200 does")
        return 3_600 * _ZONES[zone.upper()]
    digits = zone[1:].replace(":", "").ljust(6, "0")
    hours, minutes, seconds_ = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if hours > 23 or minutes > 59 or seconds_ > 59:
        raise ValueError(f"{zone} is not an offset")
    ahead = 3_600 * hours + 60 * minutes + seconds_
    return ahead if zone[0] == "+" else -ahead


# Years and lengths


@lru_cache(maxsize=10_000)
def year_of(text: str) -> str:
    """Return the year of a date: 1990, 19901011, 1990-10-11, 08.11.1990; ValueError without one."""
    match = re.match(r"([0-9]{4})(?:[0-9]{2}|[0-9]{4}|[0-9]{10})?(?![0-9])", text) or re.search(
        r"(?<![0-9])([0-9]{4})(?![0-9])", text
    )
    if match is None or match[1] < "0002":
        raise ValueError("not a date with a year of four digits")
    return match[1]


_MINUTES = {"seconds": 1 / 60, "hours": 60.0, "minutes": 1.0}


@lru_cache(maxsize=10_000)
def minutes_of(units: str, text: str) -> str:
    """Return a length in minutes, with up to two decimals; ValueError where it is not a number."""
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text) or units not in _MINUTES:
        raise ValueError(f"not a number of {units}")
    return f"{round(float(text) * _MINUTES[units], 2):.15g}"


# A channel's id

_OURS = re.compile(r"(0|[1-9][0-9]{0,17})\.([^.]+)\.kott")


def written_id(channel: object, partner: object) -> str:
    """Write a channel's id: a number in XMLTV's form, also from a float column; text as it is."""
    if isinstance(channel, str):
        return channel
    number = int(channel) if isinstance(channel, float) and channel.is_integer() else channel
    return f"{number}.{partner}.kott"


def own_id(written: str) -> tuple[int, str] | None:
    """Return the number and the partner of an id that `written_id` wrote; None for any other."""
    parts = _OURS.fullmatch(written)
    return (int(parts[1]), parts[2]) if parts else None


# Identities, which XMLTV takes for addresses


def as_url(text: str) -> str:
    """Write an identity as an address: as it is if it looks like one."""
    if "://" in text and not text.startswith("uri://"):
        return text
    return f"uri://{quote(text, safe='')}"


def from_url(url: str) -> str:
    """Return the identity that `as_url` wrote."""
    return unquote(url.removeprefix("uri://")) if url.startswith("uri://") else url


# Episode numbers


def numbering(season: str, episode: str) -> list[tuple[str, str]]:
    """Return a season and an episode, whole numbers or "", in each system that can hold them."""
    season, episode = _plain(season), _plain(episode)
    onscreen = (f"S{season}" if season else "") + (f"E{episode}" if episode else "")
    if not onscreen:
        return []
    if "0" in (season, episode):  # specials; xmltv_ns counts from zero what others count from one
        return [("onscreen", onscreen)]
    from_zero = [str(int(one) - 1) if one else "" for one in (season, episode)]
    return [("xmltv_ns", f"{'.'.join(from_zero)}."), ("onscreen", onscreen)]


_XMLTV_NS = re.compile(r"\s*([0-9]{0,9})\s*(?:/\s*[0-9]*\s*)?")
_ONSCREEN = re.compile(
    r"""[\s(\[]*
    (?: (?P<first>[0-9]{1,9}) \s*x\s* (?P<second>[0-9]{1,9})
    |   (?: S(?:eason|eries)? [\s.:]* (?P<season>[0-9]{1,9}) )?
        [\s,.:;/-]*
        (?: (?:E(?:p(?:isode)?)?|x) [\s.:]* (?P<episode>[0-9]{1,9}) )?
    )
    (?: [\s/,&+.:\u2013-]* (?:of|E(?:p(?:isode)?)?|x)? [\s.:]* (?<![0-9])[0-9]+(?![0-9]) ){0,4}
    [\s)\]]*""",  # the last line but one: "of 6", "-E06"
    re.IGNORECASE | re.VERBOSE,
)
_ONSCREEN_SYSTEMS = ("onscreen", "common", "sxxexx")
_LONGEST = 60  # characters of a numbering


@lru_cache(maxsize=10_000)
def numbers(system: str, text: str) -> tuple[str, str]:
    """Return a season and an episode, "" for what is not there: "1 . 4/13 . 0/2", "S2E5", "2x05".

    Raises ValueError for xmltv_ns that does not have its form.
    """
    if system == "xmltv_ns":
        parts = [_XMLTV_NS.fullmatch(part) for part in text.split(".")]
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise ValueError("not xmltv_ns such as 1.4.0/2")
        season, episode = (part[1] if part else "" for part in parts[:2])
        return _from_one(season), _from_one(episode)
    if system.casefold() not in _ONSCREEN_SYSTEMS or len(text) > _LONGEST:
        return "", ""
    match = _ONSCREEN.fullmatch(text)
    if match is None:
        return "", ""
    return _plain(match["season"] or match["first"]), _plain(match["episode"] or match["second"])


def _from_one(number: str) -> str:
    return str(int(number) + 1) if number else ""


def _plain(number: str | None) -> str:
    return str(int(number)) if number and re.fullmatch("[0-9]{1,9}", number) else ""


# Subtitles: `deu (teletext)`; a language, a kind, or both


def subtitles(language: str, kind: str) -> str:
    """Return subtitles as one text, "" for nothing."""
    return f"{language} ({kind})".strip() if kind else language


def subtitle_parts(text: str) -> tuple[str, str]:
    """Return the language and the kind that `subtitles` joined."""
    parts = re.fullmatch(r"(?:(.*) )?\((teletext|onscreen|deaf-signed)\)|(.*)", text, re.DOTALL)
    language, kind, plain = parts.groups(default="") if parts else ("", "", text)
    return language or plain, kind


# Languages: XMLTV has two letters (ISO 639-1), the API three (ISO 639-2)

_LANGUAGES: dict[str, str] = dict(
    re.findall(
        r"(\w{3})=(\w\w)",
        """
        ara=ar aze=az bel=be ben=bn bos=bs bul=bg cat=ca ces=cs cym=cy dan=da deu=de ell=el eng=en
        est=et eus=eu fas=fa fin=fi fra=fr gle=ga glg=gl heb=he hin=hi hrv=hr hun=hu hye=hy ind=id
        isl=is ita=it jpn=ja kat=ka kaz=kk khm=km kor=ko lav=lv lit=lt mkd=mk mlt=mt msa=ms nld=nl
        nor=no pol=pl por=pt ron=ro rus=ru slk=sk slv=sl spa=es sqi=sq srp=sr swe=sv tam=ta tel=te
        tha=th tur=tr ukr=uk urd=ur uzb=uz vie=vi zho=zh
        """,
    )
)
_LETTERS_3 = {two: three for three, two in _LANGUAGES.items()}


def two_letters(language: str) -> str:
    """Write a language as XMLTV does, or as it is where there is no such code."""
    return _LANGUAGES.get(language, language)


@lru_cache(maxsize=1_000)
def three_letters(language: str) -> str:
    """Return a language as the API writes it; ValueError for what cannot be one."""
    if not re.fullmatch("[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8}){0,3}", language):
        raise ValueError("not the code of a language, such as de")
    return _LETTERS_3.get(language.lower(), language)
