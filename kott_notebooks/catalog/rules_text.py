"""Rules of texts: names and descriptions, in every language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.view import Hits, View

_OTHER = {"name": "description", "description": "name"}


def names(view: View) -> Iterator[Hits]:
    """Judge names and descriptions; of assets listed in all languages, every translation."""
    limits, lists = view.rules.thresholds, view.rules.word_lists()
    longest = {"name": limits.name_characters, "description": limits.description_characters}
    for field in longest:
        if not view.has(field).any():
            continue
        absent = np.flatnonzero(~view.has(field))
        ksql = view.ksql(view.absent(field, absent))
        yield Hits(f"text.missing_{field}", absent, field, f"It has no {field}.", ksql)
        for place, (column, text, other) in enumerate(_judged(view, field)):
            checks = {
                "text.placeholder": texts.placeholder(text, other, words=lists),
                "text.mojibake": texts.mojibake(text),
                "text.control": texts.control(text),
                "text.markup": texts.markup(text),
                "text.residue": texts.residue(text),
                "text.shouting": texts.shouting(text, limits.shouting_letters),
                "text.too_long": texts.too_long(text, longest[field]),
            }
            for rule, mask in checks.items():
                rows = np.flatnonzero(mask)
                stated = rule == "text.placeholder" and place == 0  # KSQL searches one language
                ksql = view.any_of(field, text.iloc[rows], text) if stated else ""
                yield Hits(rule, rows, column, _quoted(column, text.iloc[rows]), ksql)
    if view.has("name").any() and view.has("description").any():
        for column, text, other in _judged(view, "description"):
            same = np.flatnonzero(texts.same(text, other))
            yield Hits("text.description_is_name", same, column, "Its description is its name.")


def _judged(view: View, field: str) -> Iterator[tuple[str, pd.Series[Any], pd.Series[Any]]]:
    """Yield each text to be judged: its column, itself, and the other text in its language.

    A row without translations is judged by its bare text.
    """
    translations, others = view.translations(field), view.translations(_OTHER[field])
    blank = pd.Series(np.nan, index=view.table.index, dtype="str")
    for language, text in translations.items():
        other = others.get(language, blank if others else view.text(_OTHER[field]))
        yield f"{field}@{language}", text, other
    if not translations:
        yield field, view.text(field), view.text(_OTHER[field])
        return
    untranslated = np.logical_and.reduce([texts.blank(text) for text in translations.values()])
    if untranslated.any():
        yield field, view.text(field).where(untranslated), view.text(_OTHER[field])


def _quoted(column: str, text: pd.Series[Any]) -> Any:
    field, _, language = column.partition("@")
    where = f" in {language}" if language else ""
    return np.array([f"Its {field}{where} is {str(one)[:60]!r}." for one in text], dtype=object)


def languages(view: View) -> Iterator[Hits]:
    """Judge translations: every text in every language, and not the same text in two.

    The values of tags are translated once for all, in the partner's tags, and not judged here.
    """
    translations = {field: view.translations(field) for field in translated_fields(view)}
    wanted = _wanted(view, translations)
    for field, by_language in translations.items():
        filled = {one: ~texts.blank(text) for one, text in by_language.items()}
        asked = np.ones(view.count, bool)
        if field.startswith("metas."):
            asked = np.logical_or.reduce([view.filled(field), *filled.values()])
        label = field.removeprefix("metas.").strip()
        for language in wanted:
            rows = np.flatnonzero(asked & ~filled.get(language, np.zeros(view.count, bool)))
            detail = f"Its {label} has no text in {language}."
            yield Hits("language.missing", rows, f"{field}@{language}", detail)
        yield _untranslated(view, field, label, by_language)


def translated_fields(view: View) -> list[str]:
    """List the fields whose texts are known in all languages."""
    columns = [column for column in map(str, view.table.columns) if column.startswith("metas.")]
    fields = dict.fromkeys(["name", "description", *(one.partition("@")[0] for one in columns)])
    return [field for field in fields if view.translations(field)]


def _wanted(view: View, translations: dict[str, dict[str, pd.Series[Any]]]) -> list[str]:
    """List the languages that are required: the rules', the labels', or those that occur."""
    if view.rules.languages:
        return list(view.rules.languages)
    occurring = {
        language
        for by_language in translations.values()
        for language, text in by_language.items()
        if not texts.blank(text).all()
    }
    own = view.labels_of("language")
    for column in ("code", "systemName", "id"):  # labels of version 0.2 have no codes
        if column in own and len(own) and occurring <= set(own[column]):
            return own[column].tolist()
    return sorted(occurring)


def _untranslated(
    view: View, field: str, label: str, by_language: dict[str, pd.Series[Any]]
) -> Hits:
    laid = pd.concat(
        [
            pd.DataFrame({"row": np.arange(view.count), "value": text.array, "language": language})
            for language, text in by_language.items()
        ]
    ).dropna(subset="value")
    again = laid[laid.duplicated(["row", "value"], keep=False)]
    letters = again["value"].str.count(r"[^\W\d_]")
    same = again[letters > view.rules.thresholds.untranslated_letters].sort_values("row")
    where = same.groupby("row")["language"].agg(" and ".join)
    detail = (f"Its {label} is the same in " + where + ".").to_numpy(object)
    return Hits("language.untranslated", where.index.to_numpy(np.intp), field, detail)
