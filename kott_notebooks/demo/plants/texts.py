"""Defects of names, descriptions and their translations."""

from __future__ import annotations

from collections.abc import Callable

from kott_notebooks.demo.plants.assets import ELL, ENG, FRA, Assets
from kott_notebooks.demo.world.partner import EPISODE, MOVIE, SERIES
from kott_notebooks.demo.world.words import LANGUAGES


def missing_language(on: Assets) -> None:
    """Remove translations."""
    plants = (
        (MOVIE, "name", (ELL,)),
        (SERIES, "description", (FRA,)),
        (EPISODE, "name", (FRA, ELL)),
    )
    for struct, key, languages in plants:
        row = on.victim(struct)
        on.shelf.texts[key].put(row, dict.fromkeys(languages, ""))
        for language in languages:
            on.expect("language.missing", row, f"Its {key} has no text in {language}.")
    row, synopsis = on.victim(MOVIE), on.shelf.metas["Short synopsis"]
    synopsis.put(row, synopsis.entries(int(synopsis.codes[row])) | {ELL: ""})
    on.expect("language.missing", row, "Its Short synopsis has no text in ell.")


def untranslated(on: Assets) -> None:
    """Use the same text in two languages: 21 letters are a finding, 20 are not."""
    for struct, name in ((MOVIE, "Lighthousesandharbour"), (MOVIE, "Grandmothersandtrain")):
        row = on.victim(struct)
        on.shelf.texts["name"].put(row, {ENG: name, FRA: name})
        if len(name) > 20:
            on.expect("language.untranslated", row, f"Its name is {name!r} in eng and in fra.")
    for struct, key in ((SERIES, "description"), (EPISODE, "description")):
        row, texts = on.victim(struct), on.shelf.texts[key]
        texts.put(row, {ELL: texts.at(row)[ENG]})
        on.expect("language.untranslated", row, f"Its {key} is the same in eng and in ell.")


def missing_text(on: Assets) -> None:
    """Remove names and descriptions in every language, or leave them blank."""
    for key, blanks in (("name", ("", "  ", "")), ("description", ("", " ", ""))):
        for struct, blank in zip((MOVIE, SERIES, EPISODE), blanks, strict=True):
            row = on.victim(struct)
            on.shelf.texts[key].put(row, dict.fromkeys(LANGUAGES, blank))
            on.expect(f"text.missing_{key}", row, f"It has no {key}.")
            for language in LANGUAGES:
                on.expect("language.missing", row, f"Its {key} has no text in {language}.")


_LONG = "A very long story about one island, " * 60
_TEXTS: tuple[tuple[str, int, str, str], ...] = (  # rule (none: just inside), struct, field, text
    ("text.placeholder", MOVIE, "name", "TBA"),
    ("text.placeholder", EPISODE, "name", "tbc"),
    ("text.placeholder", SERIES, "description", "Lorem ipsum"),
    ("text.placeholder", MOVIE, "description", "N/A."),
    ("text.placeholder", EPISODE, "description", "No information"),
    ("text.placeholder", MOVIE, "name", "-----"),
    ("text.placeholder", MOVIE, "name", "Sem informa\xe7\xe3o"),
    ("text.placeholder", EPISODE, "description", "aaaa!"),
    ("", MOVIE, "name", "Untitled"),
    ("", MOVIE, "name", "Test Match of the Bakers"),
    ("", EPISODE, "description", "No information leaves the island, and nobody minds."),
    ("text.mojibake", MOVIE, "name", "Caf\xc3\xa9 of the Sailors"),
    ("text.mojibake", SERIES, "description", "It wasn\xe2\u20ac\u2122t the gardener."),
    ("text.mojibake", EPISODE, "description", "The na\ufffdve inventor comes home."),
    ("text.mojibake", MOVIE, "name", "\xc5\u0161wi\xc4\u2122ta nad morzem"),
    ("", MOVIE, "description", "AMANH\xc3\u2026 is another day on the island."),
    ("", MOVIE, "name", "S\xe3o Paulo \xe0 la carte"),
    ("text.control", MOVIE, "description", "The river\x7f runs dry, and everybody talks."),
    ("text.control", EPISODE, "name", "The Painter of Corfu\u200b"),
    ("text.control", SERIES, "name", "\u200fSpies of the Orchard"),
    ("", MOVIE, "description", "Two lines.\nThe second tells more than the first."),
    ("", EPISODE, "name", "The Zero\u200bWidth Lantern"),
    ("text.markup", MOVIE, "description", "<b>Everybody</b> lies, and one of them is right."),
    ("text.markup", EPISODE, "name", "Salt &amp; Vinegar"),
    ("text.markup", SERIES, "description", "It&#39;s the neighbours who know.<br/>"),
    ("", MOVIE, "description", "3 < 4 and 5 > 4, says the teacher, and AT&T agrees."),
    ("text.residue", MOVIE, "name", "{{title}} of the Harbour"),
    ("text.residue", EPISODE, "description", "undefined"),
    ("text.residue", SERIES, "description", 'They meet again."}'),
    ("", MOVIE, "name", "Null Island"),
    ("text.shouting", MOVIE, "name", "LIGHTHOUSEMEN"),
    ("text.shouting", EPISODE, "name", "THE WEDDING OF THE CAPTAIN"),
    ("text.shouting", SERIES, "description", "NOBODY SLEEPS WHILE THE TRAIN IS LATE."),
    ("", MOVIE, "name", "KALEIDOSCOPE"),
    ("text.too_long", MOVIE, "name", ("The Long Way Home, " * 6)[:100] + "s"),
    ("text.too_long", EPISODE, "description", _LONG[:2_000] + "s"),
    ("text.too_long", MOVIE, "description", _LONG + _LONG),
    ("", SERIES, "name", ("The Short Way Back, " * 6)[:99] + "k"),
    ("", EPISODE, "description", _LONG[:1_999] + "k"),
)


def bad_text(on: Assets) -> None:
    """Insert wrong texts, and right ones that look wrong."""
    for rule, struct, key, text in _TEXTS:
        row = on.victim(struct)
        on.shelf.texts[key].put(row, {ENG: text})
        if rule:
            on.expect(rule, row, f"Its {key} is {text[:40]!r}.")


def description_is_name(on: Assets) -> None:
    """Repeat the name as the description but for case and blanks; a longer description is right."""
    changes: tuple[Callable[[str], str], ...] = (
        str,
        str.lower,
        lambda name: f" {name.replace(' ', '  ')} ",
        lambda name: f"{name}, once more",
    )
    for struct, change in zip((MOVIE, SERIES, EPISODE, MOVIE), changes, strict=True):
        row = on.victim(struct)
        name = on.shelf.texts["name"].at(row)[ENG]
        on.shelf.texts["description"].put(row, {ENG: change(name)})
        if change is not changes[-1]:
            on.expect("text.description_is_name", row, "Its description is its name.")


PLANTS = (
    missing_language,
    untranslated,
    missing_text,
    bad_text,
    description_is_name,
)
