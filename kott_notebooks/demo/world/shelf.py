"""A kind of asset kept as columns: a record's dict is made when it is needed.

Every text, meta and tag is a list of what occurs (a vocabulary, one per language) and a small
number per row that points into it. What is changed afterwards is an override on a row: a column
gets a new entry in its vocabulary, a nested property a patch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from kott_notebooks.demo.world.dice import Ints
from kott_notebooks.demo.world.words import LANGUAGES

Record = dict[str, Any]
Codes = NDArray[np.int32]
Words = Callable[[str], Sequence[Any]]  # a language -> the vocabulary in it
Scalar = str | int | float | bool

DEFAULT_LANGUAGE = LANGUAGES[0]
ALL_LANGUAGES = "*"
VALUE_CLASSES = {
    "string": "KalturaStringValue",
    "multilingual": "KalturaMultilingualStringValue",
    "number": "KalturaDoubleValue",
    "date": "KalturaLongValue",
    "bool": "KalturaBooleanValue",
}
_REMEMBERED = 5_000  # value objects are kept for vocabularies no longer than this


class Made(Sequence[Any]):
    """A sequence whose entries are made when they are used."""

    def __init__(self, count: int, make: Callable[[int], Any]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return [self._make(i) for i in range(*at.indices(self._count))]
        if not -self._count <= at < self._count:
            raise IndexError(at)
        return self._make(int(at) % self._count)

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, range(self._count))


def tokens(texts: Mapping[str, str]) -> list[Record]:
    """Return translations as the API does; a language without text has no token."""
    return [
        {"objectType": "KalturaTranslationToken", "language": language, "value": text}
        for language, text in texts.items()
        if text
    ]


class Column:
    """Values by row: `codes` holds an index into the vocabulary, or -1 for no value."""

    def __init__(self, codes: Codes, words: Words) -> None:
        self.codes = codes
        self._words = {language: words(language) for language in LANGUAGES}
        self._base = len(self._words[DEFAULT_LANGUAGE])
        self._extra: list[Mapping[str, Any]] = []
        self._lists: dict[str, list[Any]] = {}

    def copy(self) -> Self:
        """Make another column with the same values."""
        other = copy(self)
        other._extra, other._lists = list(self._extra), {}
        return other

    def vocabulary(self, language: str) -> list[Any]:
        """List the values that occur, in one language; the list is cached, so do not change it."""
        if language not in self._lists:
            words = list(self._words[language])
            words += [entry.get(language, "") for entry in self._extra]
            self._lists[language] = words
        return self._lists[language]

    def entry(self, code: int, language: str) -> Any:
        """Return one entry of the vocabulary without making the rest of it."""
        if code < self._base:
            return self._words[language][code]
        return self._extra[code - self._base].get(language, "")

    def entries(self, code: int) -> dict[str, Any]:
        """Return one entry in every language."""
        return {language: self.entry(code, language) for language in LANGUAGES}

    def add(self, entry: Mapping[str, Any]) -> int:
        """Add an entry (language -> value) to the vocabulary, and return its code."""
        self._lists.clear()
        self._extra.append(entry)
        return self._base + len(self._extra) - 1

    def take(self, rows: Ints) -> None:
        """Keep these rows only, in this order."""
        self.codes = self.codes[rows]


class Text(Column):
    """A text that every row may have, in several languages: a name, a description."""

    def values(self, language: str) -> Sequence[str]:
        """Return each row's text, blank where there is none."""
        words, codes = self.vocabulary(language), self.codes
        return Made(len(codes), lambda row: words[codes[row]] if codes[row] >= 0 else "")

    def at(self, row: int) -> dict[str, str]:
        """Return a row's text in every language."""
        code = int(self.codes[row])
        return self.entries(code) if code >= 0 else dict.fromkeys(LANGUAGES, "")

    def served(self, row: int, language: str) -> str:
        """Return a row's text in one language, or in the default one where it has none."""
        code = int(self.codes[row])
        if code < 0:
            return ""
        return str(self.entry(code, language) or self.entry(code, DEFAULT_LANGUAGE))

    def put(self, row: int, texts: Mapping[str, str]) -> None:
        """Change a row's text in the languages given."""
        self.codes[row] = self.add({**self.at(row), **texts})


class Meta(Column):
    """A single-valued field. `kind` is its definition's; a text among numbers stays a text."""

    def __init__(self, kind: str, codes: Codes, words: Words) -> None:
        super().__init__(codes, words)
        self.kind = kind
        self._objects: dict[tuple[int, str], Record] = {}

    def values(self, language: str) -> Sequence[Scalar | None]:
        """Return each row's value, None where it has none."""
        words, codes = self.vocabulary(language), self.codes
        return Made(len(codes), lambda row: words[codes[row]] if codes[row] >= 0 else None)

    def at(self, row: int) -> Any:
        """Return a row's value in the default language."""
        code = int(self.codes[row])
        return self.entry(code, DEFAULT_LANGUAGE) if code >= 0 else None

    def put(self, row: int, value: Scalar | Mapping[str, str] | None) -> None:
        """Change a row's value: one for all languages, one per language, or None for no value."""
        if value is None:
            self.codes[row] = -1
        elif isinstance(value, Mapping):
            self.codes[row] = self.add(value)
        else:
            self.codes[row] = self.add(dict.fromkeys(LANGUAGES, value))

    def object(self, row: int, language: str) -> Record | None:
        """Return a row's value object, or None, shared between records: do not change it."""
        code = int(self.codes[row])
        if code < 0:
            return None
        known = self._objects.get((code, language))
        if known is None:
            known = self._value(code, language)
            if self._base <= _REMEMBERED:
                self._objects[code, language] = known
        return known

    def _value(self, code: int, language: str) -> Record:
        value = self.entry(code, DEFAULT_LANGUAGE if language == ALL_LANGUAGES else language)
        if self.kind == "multilingual":
            if language == ALL_LANGUAGES:
                return _multilingual(self.entries(code))
            value = value or self.entry(code, DEFAULT_LANGUAGE)
        kind = "string" if isinstance(value, str) and self.kind != "multilingual" else self.kind
        return {"objectType": VALUE_CLASSES[kind], "value": value}


class Tag(Column):
    """A field of many values: row r has `codes[offsets[r]:offsets[r + 1]]`."""

    def __init__(self, offsets: Ints, codes: Codes, words: Words) -> None:
        super().__init__(codes, words)
        self.offsets = offsets
        self._objects: dict[tuple[int, str], Record] = {}

    def values(self, language: str) -> Sequence[tuple[str, ...]]:
        """Return each row's values."""
        words = self.vocabulary(language)
        return Made(len(self.offsets) - 1, lambda row: tuple(words[c] for c in self.row(row)))

    def row(self, row: int) -> list[int]:
        """Return a row's indexes into the vocabulary."""
        codes: list[int] = self.codes[self.offsets[row] : self.offsets[row + 1]].tolist()
        return codes

    def put(self, row: int, codes: Sequence[int]) -> None:
        """Change a row's values, given as indexes into the vocabulary."""
        start, end = int(self.offsets[row]), int(self.offsets[row + 1])
        new = np.asarray(codes, np.int32)
        self.codes = np.concatenate([self.codes[:start], new, self.codes[end:]])
        self.offsets = self.offsets.copy()
        self.offsets[row + 1 :] += len(new) - (end - start)

    def take(self, rows: Ints) -> None:
        """Keep these rows only, in this order."""
        lengths = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        self.codes = self.codes[np.repeat(self.offsets[:-1][rows], lengths) + within]
        self.offsets = offsets

    def object(self, row: int, language: str) -> Record | None:
        """Return a row's value objects, or None, shared between records: do not change the list."""
        codes = self.row(row)
        if not codes:
            return None
        return {
            "objectType": "KalturaMultilingualStringValueArray",
            "objects": [self._value(code, language) for code in codes],
        }

    def _value(self, code: int, language: str) -> Record:
        known = self._objects.get((code, language))
        if known is None:
            if language == ALL_LANGUAGES:
                known = _multilingual(self.entries(code))
            else:
                text = self.entry(code, language) or self.entry(code, DEFAULT_LANGUAGE)
                known = {"objectType": "KalturaMultilingualStringValue", "value": text}
            self._objects[code, language] = known
        return known


def _multilingual(texts: Mapping[str, str]) -> Record:
    return {"objectType": "KalturaMultilingualStringValue", "multilingualValue": tokens(texts)}


class Shelf:
    """One kind of asset, as columns; `ids` ascend.

    `frame` gives what a record has beside texts, metas and tags: its class, its dates, its images
    and files. It is called with the shelf and a row.
    """

    def __init__(
        self,
        ids: Ints,
        numbers: dict[str, Ints],
        texts: dict[str, Text],
        metas: dict[str, Meta],
        tags: dict[str, Tag],
        frame: Callable[[Shelf, int], Record],
    ) -> None:
        self.ids = ids
        self.numbers = numbers
        self.texts = texts
        self.metas = metas
        self.tags = tags
        self.patches: dict[int, Record] = {}  # id -> properties that replace others; None: removed
        self._frame = frame

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.ids)

    def text(self, key: str, language: str) -> Sequence[str]:
        """Return a text (`name`, `description`, `externalid`) per row, "" where absent."""
        return self.texts[key].values(language)

    def row(self, asset_id: int) -> int:
        """Find the row of an id; there must be one."""
        row = int(np.searchsorted(self.ids, asset_id))
        if row == self.count or self.ids[row] != asset_id:
            raise KeyError(asset_id)
        return row

    def take(self, rows: Ints) -> None:
        """Keep these rows only, in this order (a row may occur twice, and get another id)."""
        self.ids = self.ids[rows]
        self.numbers = {key: values[rows] for key, values in self.numbers.items()}
        for columns in (self.texts, self.metas, self.tags):
            for column in columns.values():
                column.take(rows)

    def picked(self, rows: Ints, frame: Callable[[Shelf, int], Record] | None = None) -> Shelf:
        """Make another shelf of some rows; changes there change nothing here."""
        texts = {key: column.copy() for key, column in self.texts.items()}
        metas = {key: column.copy() for key, column in self.metas.items()}
        tags = {key: column.copy() for key, column in self.tags.items()}
        other = Shelf(self.ids, self.numbers, texts, metas, tags, frame or self._frame)
        other.take(rows)
        if frame is None:
            other.patches = {key: dict(patch) for key, patch in self.patches.items()}
        return other

    def patch(self, asset_id: int, **properties: Any) -> None:
        """Replace properties of the record of an id; None removes one."""
        self.patches.setdefault(asset_id, {}).update(properties)

    def record(self, row: int, language: str = ALL_LANGUAGES) -> Record:
        """Make the API's object for a row, in its all-languages form or in one language.

        A text that has no translation stands in the default language, as servers do.
        Nested value objects are shared between records: read them, do not change them.
        """
        record = self._frame(self, row)
        for key, texts in self.texts.items():
            _write(record, key, texts, row, language)
        record["metas"] = {
            name: value
            for name, meta in self.metas.items()
            if (value := meta.object(row, language)) is not None
        }
        record["tags"] = {
            name: value
            for name, tag in self.tags.items()
            if (value := tag.object(row, language)) is not None
        }
        for name, value in self.patches.get(int(self.ids[row]), {}).items():
            record[name] = value
            if value is None:
                del record[name]
        return record


_PROPERTIES = {
    "name": "multilingualName",
    "description": "multilingualDescription",
}


def _write(record: Record, key: str, texts: Text, row: int, language: str) -> None:
    plural = _PROPERTIES.get(key)
    if plural is None:
        record["externalId"] = texts.served(row, DEFAULT_LANGUAGE)
    elif language == ALL_LANGUAGES:
        record[plural] = tokens(texts.at(row))
    elif text := texts.served(row, language):
        record[key] = text
