"""Which column of ours stands in which element of XMLTV, and how single values are written there.

XMLTV's own words for these are in the comments of its xmltv.dtd.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

TAGS = {  # elements that may stand several times -> tags
    "category": "Genre",
    "keyword": "Keyword",
    "country": "Country",
    "rating": "Parental rating",
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
METAS = {  # elements that stand once -> metas
    "sub-title": "Episode name",
    "date": "Year",
    "language": "Language",
    "orig-language": "Original language",
    "length": "Runtime",
    "star-rating": "Star rating",
}
FLAGS = {  # elements whose being there says it all
    "previously-shown": "Repeat",
    "premiere": "Premiere",
    "last-chance": "Last chance",
    "new": "New",
}
SEASON, EPISODE = "Season number", "Episode number"
IDENTITIES = ("id", "externalId", "crid", "metas.Series ID")  # in <url system="kott NAME">
SYSTEM = "kott "

# A channel's id

_OURS = re.compile(r"([0-9]{1,18})\.([^.]+)\.kott")


def written_id(channel: object, partner: object) -> str:
    """Write a channel's id: a number in XMLTV's form, anything else as it is."""
    text = str(channel)
    return f"{text}.{partner}.kott" if text.isascii() and text.isdecimal() else text


def read_id(written: str) -> tuple[int, str] | None:
    """Give the number and the partner of a channel of ours, None for anybody else's."""
    found = _OURS.fullmatch(written)
    return (int(found[1]), found[2]) if found else None


# Identities, which XMLTV takes for addresses


def as_url(text: str) -> str:
    """Write an identity as an address: as it is if it looks like one."""
    if "://" in text and not text.startswith("uri://"):
        return text
    return f"uri://{quote(text, safe='')}"


def from_url(url: str) -> str:
    """Read what `as_url` wrote."""
    return unquote(url.removeprefix("uri://")) if url.startswith("uri://") else url


# Episode numbers


def numbering(season: str, episode: str) -> list[tuple[str, str]]:
    """Write a season and an episode, whole numbers or "", in each system that can say them."""
    season, episode = _plain(season), _plain(episode)
    onscreen = (f"S{season}" if season else "") + (f"E{episode}" if episode else "")
    if not onscreen:
        return []
    if "0" in (season, episode):  # specials; xmltv_ns counts from zero what others count from one
        return [("onscreen", onscreen)]
    from_zero = [str(int(one) - 1) if one else "" for one in (season, episode)]
    return [("xmltv_ns", f"{'.'.join(from_zero)}."), ("onscreen", onscreen)]


_ONSCREEN = re.compile(
    r"\s*(?:S(?:eason|eries)?\s*\.?\s*(?P<season>[0-9]+))?[\s,.:]*"
    r"(?:E(?:p|pisode)?\s*\.?\s*(?P<episode>[0-9]+)(?:\s*(?:/|of)\s*[0-9]+)?)?\s*",
    re.IGNORECASE,
)


def numbers(system: str, text: str) -> tuple[str, str]:
    """Read a season and an episode, "" for what is not said: "1 . 4/13 . 0/2", "S2E5"."""
    if system == "xmltv_ns":
        season, episode, *_ = [*text.split("."), "", ""]
        return _from_one(season), _from_one(episode)
    found = _ONSCREEN.fullmatch(text) if system == "onscreen" else None
    read = found.groups(default="") if found else ("", "")
    return _plain(read[0]), _plain(read[1])


def _plain(number: str) -> str:
    return str(int(number)) if _is_whole(number) else ""


def _from_one(number: str) -> str:
    counted = number.partition("/")[0].strip()
    return str(int(counted) + 1) if _is_whole(counted) else ""


def _is_whole(number: str) -> bool:
    return re.fullmatch("[0-9]{1,9}", number) is not None


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


def three_letters(language: str) -> str:
    """Read a language as the API writes it."""
    return _LETTERS_3.get(language, language)
