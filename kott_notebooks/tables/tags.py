"""Texts in several languages, and tags: what the API wraps becomes plain columns.

A tag's cell is a JSON list of texts, `["Drama","Crime"]`. Where a listing asked for all languages,
each has a column of its own: `name@eng`, `metas.Synopsis@fra`, `tags.Genre@fra`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa

from kott_notebooks.errors import KottError
from kott_notebooks.tables.kinds import STR, TEXT
from kott_notebooks.tables.provenance import check_table

_LANGUAGE = re.compile(r"(.+)@([A-Za-z]{2,3}(?:-\w+)*)")


def language_of(column: object, columns: Iterable[object]) -> tuple[str, str]:
    """Split a column into its field and language; the language of a field itself is empty.

    Only what stands beside its field is a language: a meta called `E@mail` has none.
    """
    name = str(column)
    split = _LANGUAGE.fullmatch(name)
    if split is None or split[1] not in columns:
        return name, ""
    return split[1], split[2]


def fields(table: pd.DataFrame, *prefixes: str) -> list[str]:
    """List the columns that begin with a prefix (`metas.`, `tags.`), without those of languages."""
    check_table(table)
    return [
        str(name)
        for name in table.columns
        if str(name).startswith(prefixes) and not language_of(name, table.columns)[1]
    ]


def languages(table: pd.DataFrame, field: str) -> dict[str, str]:
    """Return the column of each language of a field."""
    split = {str(name): language_of(name, table.columns) for name in table.columns if "@" in name}
    return {language: name for name, (own, language) in split.items() if own == field and language}


def tokens(value: Any) -> dict[str, str]:
    """Return the first text of each language in a decoded `multilingualValue`."""
    texts: dict[str, str] = {}
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict) and one.get("language") and one.get("value") is not None:
            texts.setdefault(str(one["language"]), str(one["value"]))
    return texts


def cells(texts: pa.Array) -> dict[str, pa.Array]:
    """Return a tag's cells by language, from the JSON that the API writes; "" for the tag itself.

    Distinct cells are decoded once. The text of an entry is its `value`, else its first language's.
    """
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    plain = _plain(distinct)
    if plain is not None:
        return {"": pa.array(plain, TEXT).take(encoded.indices)}
    bare: list[str | None] = []
    translated: dict[str, dict[int, str]] = {}
    for place, text in enumerate(distinct):
        entries = _entries(msgspec.json.decode(text))
        own = [one for one in map(_text, entries) if one]
        bare.append(_json(own) if own else None)
        tokened = [tokens(one.get("multilingualValue")) for one in entries if isinstance(one, dict)]
        for language in dict.fromkeys(code for one in tokened for code in one):
            values = [one[language] for one in tokened if language in one]
            translated.setdefault(language, {})[place] = _json(values)
    by_language: dict[str, list[str | None]] = {
        language: [values.get(place) for place in range(len(bare))]
        for language, values in translated.items()
    }
    return {
        language: pa.array(values, TEXT).take(encoded.indices)
        for language, values in {"": bare, **by_language}.items()
    }


class _Entry(msgspec.Struct, gc=False):
    value: str | None = None
    multilingualValue: Any = None  # noqa: N815 - the wire's name


class _Tag(msgspec.Struct, gc=False):
    objects: list[_Entry]


_TAGS = msgspec.json.Decoder(list[_Tag])


def _plain(texts: list[str]) -> list[str | None] | None:
    """Return the lists of tags in one language, in a third of the time; None for other tags."""
    try:
        tags = _TAGS.decode(f"[{','.join(texts)}]")
    except msgspec.ValidationError:
        return None
    if any(entry.multilingualValue is not None for tag in tags for entry in tag.objects):
        return None
    lists = ([entry.value for entry in tag.objects if entry.value] for tag in tags)
    return [_json(one) if one else None for one in lists]


def has_lists(column: pd.Series[Any]) -> bool:
    """Return whether a column's first cell is a JSON list of texts, or no row has a cell."""
    given = column.notna().to_numpy(bool)
    return not given.any() or str(column.iloc[int(given.argmax())]).startswith(('["', "[]"))


def read(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return a tag's column as JSON lists, also from version 0.1's cells and `joined` texts."""
    codes, texts = pd.factorize(column)
    lists: list[str | None] = []
    for text in texts.to_numpy(object):
        try:
            entries = _entries(msgspec.json.decode(text)) if text[:1] in "[{" else split(text)
        except msgspec.DecodeError:
            entries = split(text)
        own = [one for one in map(_text, entries) if one]
        lists.append(_json(own) if own else None)
    every = pd.Series([*lists, None], dtype=STR)
    return pd.Series(every.take(codes).array, column.index, name=column.name)


def joined(lists: list[list[str]], text: str) -> list[str]:
    """Join the values of each list, as `Drama; Crime`: what `split` takes apart again.

    A value that could be misread is quoted as in CSV: `"Rock; Pop"`. `text` is the JSON of all.
    """
    if any(mark in text for mark in _MARKS):
        return ["; ".join(map(_quoted, dict.fromkeys(one))) for one in lists]
    return ["; ".join(dict.fromkeys(one)) for one in lists]


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if _MISREAD.search(value) else value


# A value that could be misread: one with a semicolon or a quote, with a blank at an end, that looks
# like JSON, or that is empty. A column whose JSON has none of the marks holds no such value.
_MISREAD = re.compile(r'[;"]|^[\s\[{]|\s$|^$', re.ASCII)
_MARKS = (";", "\\", '" ', ' "', '"[', '"{', '""')
_VALUE = re.compile(r'\s*("(?:[^"]|"")*"(?=\s*(?:;|\Z))|[^;]*)(?:;|\Z)', re.ASCII)


def split(text: str) -> list[str]:
    """Return the values of a text that `joined` or a person wrote; blank ones are left out."""
    values = [match[1].strip(" \t\r\n\f\v") for match in _VALUE.finditer(text)]
    return [
        one[1:-1].replace('""', '"') if len(one) > 1 and one[0] == one[-1] == '"' else one
        for one in values
        if one
    ]


def values(column: pd.Series[Any]) -> pd.DataFrame:
    """Lay the JSON lists of a column out, each value once per row: `row` (its place), `value`."""
    codes, distinct = pd.factorize(column)
    texts = distinct.to_numpy(object)
    try:
        every = msgspec.json.decode(f"[{','.join(texts)}]", type=list[list[str]])
    except msgspec.MsgspecError as error:
        raise KottError(
            f"{column.name} must hold JSON lists of texts, as kott.assets gives them: {error}."
        ) from error
    lists = [list(dict.fromkeys(one)) for one in every]
    each = pd.DataFrame(
        {
            "code": [code for code, one in enumerate(lists) for _ in one],
            "value": pd.Series([value for one in lists for value in one], dtype=STR),
        }
    )
    rows = pd.DataFrame({"row": range(len(codes)), "code": codes})
    laid = rows.merge(each, on="code").sort_values("row", kind="stable")
    return laid[["row", "value"]].reset_index(drop=True)


def _entries(tag: Any) -> list[Any]:
    """Return a tag's entries: those of a list, of `objects`, or the one `value` that it has."""
    if isinstance(tag, list):
        return tag
    if not isinstance(tag, dict):
        return [tag]
    objects = tag.get("objects")
    return objects if isinstance(objects, list) else [tag]


def _text(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return None if entry is None else str(entry)
    if entry.get("value") is not None:
        return str(entry["value"])
    return next(iter(tokens(entry.get("multilingualValue")).values()), None)


def _json(texts: list[str]) -> str:
    return msgspec.json.encode(texts).decode()
