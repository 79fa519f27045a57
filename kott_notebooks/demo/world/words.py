"""The words that titles, people and channels are made of, in the partner's three languages.

They stand in `words.txt`. Within a list no two words of a language are within one edit of each
other, so that two titles made of different words never look like twins; and a French or Greek
complement stands where English has an adjective, since that needs no agreement.
"""

from __future__ import annotations

from importlib.resources import files

LANGUAGES = ("eng", "fra", "ell")

COUNTRY_CODES = ("GR", "FR", "GB", "ES", "IT", "SE", "PL", "CA", "JP", "BR")
RATINGS = ("U", "PG", "12", "15", "18")
QUALITIES = ("SD", "HD", "UHD")
STUDIOS = (
    "Blue Harbour Films",
    "Kestrel Pictures",
    "Atelier Onze",
    "Meltemi Studios",
    "Nordlys Film",
    "Quarry Lane",
    "Saffron House",
    "Tandem Fiction",
    "Upstream Media",
    "Verdigris Cinema",
)

Phrase = tuple[str, str, str]  # one thing said in each of LANGUAGES


def _sections() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in files(__package__).joinpath("words.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif line:
            lines.append(line)
    return sections


_SECTIONS = _sections()


def _phrases(section: str) -> tuple[Phrase, ...]:
    rows = (line.split(" | ") for line in _SECTIONS[section])
    return tuple((eng, fra, ell) for eng, fra, ell in rows)


def _names(section: str) -> tuple[str, ...]:
    return tuple(" ".join(_SECTIONS[section]).split())


NOUNS = _phrases("nouns")
MOODS = _phrases("moods")
PLACES = _phrases("places")
ROLES = _phrases("roles")
GENRES = _phrases("genres")
COUNTRIES = _phrases("countries")
THEMES = _phrases("themes")
PLOTS = _phrases("plots")  # {who}, {what} and {why} are filled in
STANDING = _phrases("standing")  # programmes that every channel has
FIRST_NAMES = _names("first_names")
LAST_NAMES = _names("last_names")
CHANNEL_NAMES = _names("channel_names")
