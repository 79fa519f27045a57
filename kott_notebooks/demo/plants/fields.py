"""Defects of metas and tags."""

from __future__ import annotations

from datetime import UTC, datetime

from kott_notebooks.demo.plants.assets import ENG, Assets
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, SERIES
from kott_notebooks.demo.world.words import LANGUAGES


def missing_meta(on: Assets) -> None:
    """Remove mandatory fields, or leave them blank."""
    for struct, name in ((MOVIE, "Year"), (LINEAR, "Channel number")):
        row = on.victim(struct)
        on.shelf.metas[name].put(row, None)
        on.expect("meta.missing", row, f"It has no {name}.")
    row = on.victim(EPISODE, lambda row: on.ends_season(row))
    on.shelf.metas["Episode number"].put(row, None)
    on.expect("meta.missing", row, "It has no Episode number.")
    genre = on.shelf.tags["Genre"]
    row = on.victim(SERIES)
    genre.put(row, [])
    on.expect("meta.missing", row, "It has no Genre.")
    row = on.victim(MOVIE)
    genre.put(row, [genre.add(dict.fromkeys(LANGUAGES, " "))])
    on.expect("meta.missing", row, "Its Genre is blank.")


def mistyped_meta(on: Assets) -> None:
    """Put text where a flag or a date belongs."""
    plants = (
        (EPISODE, "Adult", "maybe"),
        (MOVIE, "Adult", "2"),
        (SERIES, "License start", "next spring"),
        (MOVIE, "License start", "soon"),
    )
    for struct, name, value in plants:
        row = on.victim(struct)
        on.shelf.metas[name].put(row, value)
        on.expect("meta.type", row, f"Its {name} is {value!r}.")


def out_of_range(on: Assets) -> None:
    """Put years just outside the range, and just inside."""
    this = datetime.fromtimestamp(on.now, UTC).year
    for year in (1887, this + 3, 20_250, 1888, this + 2):
        row = on.victim(MOVIE)
        on.shelf.metas["Year"].put(row, year)
        if not 1888 <= year <= this + 2:
            on.expect("meta.out_of_range", row, f"Its Year is {year}.")


def unknown_value(on: Assets) -> None:
    """Put ratings that the partner's list of tag values does not have."""
    rating = on.shelf.tags["Parental rating"]
    for struct, value in ((MOVIE, "21"), (SERIES, "R"), (EPISODE, "PG-13")):
        row = on.victim(struct)
        rating.put(row, [rating.add(dict.fromkeys(LANGUAGES, value))])
        on.expect("meta.unknown_value", row, f"Its Parental rating is {value!r}.")


def near_duplicate(on: Assets) -> None:
    """Write a tag's value with other case, punctuation, blanks or accents."""
    plants = (
        ("Genre", "Sci-Fi", "sci fi"),
        ("Studio", "Kestrel Pictures", "Kestrel  pictures"),
        ("Country", "United Kingdom", "United-Kingdom"),
        ("Genre", "Comedy", "Com\N{LATIN SMALL LETTER E WITH ACUTE}dy"),
    )
    for name, usual, other in plants:
        row, tag = on.victim(MOVIE), on.shelf.tags[name]
        entry = tag.entries(tag.vocabulary(ENG).index(usual))
        tag.put(row, [tag.add(entry | {ENG: other})])
        on.expect("meta.near_duplicate", row, f"Its {name} is {other!r}, elsewhere {usual!r}.")
    row, studio = on.victim(MOVIE), on.shelf.tags["Studio"]
    studio.put(row, [studio.add(dict.fromkeys(LANGUAGES, "Kestrel Pictures Two"))])


PLANTS = (
    missing_meta,
    mistyped_meta,
    out_of_range,
    unknown_value,
    near_duplicate,
)
