"""Records as a reader may see them: in one language, with what was asked for and is allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from kott_notebooks.demo.backend import replies
from kott_notebooks.demo.backend.protocol import JSON
from kott_notebooks.demo.backend.roles import Role

ALL_LANGUAGES = "*"
CACHE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class View:
    """How records are shown: the language, the properties asked for, and who is looking."""

    language: str
    default_language: str
    properties: frozenset[str] | None = None  # None is all of them
    related: tuple[str, ...] = ()  # names under which a group's size is shown with its asset
    role: Role | None = None  # only where it hides something

    def item(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Show one item of a list, or the object of a get."""
        return self.picked(self._object(record))

    def asset(self, record: dict[str, Any]) -> dict[str, Any]:
        """Show an asset that its shelf has already put into the language."""
        return self.item(record) if self.role else self.picked(record)

    def picked(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Leave the properties that were asked for."""
        if self.properties is None:
            return shown
        return {name: value for name, value in shown.items() if name in self.properties}

    def anything(self, value: Any) -> Any:
        """Show a value of any depth: translations are reduced to one language, unless all are."""
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self.anything(item) for item in value]
        return value

    def _object(self, record: Mapping[str, Any]) -> dict[str, Any]:
        hidden = self.role.hides(record.get("objectType", "")) if self.role else frozenset()
        shown: dict[str, Any] = {}
        for name, value in record.items():
            bare = name[12].lower() + name[13:] if name.startswith("multilingual") else name
            if value is None or name in hidden or bare in hidden:
                continue
            if bare == name or self.language == ALL_LANGUAGES:
                shown[name] = self.anything(value)
            elif (text := self.text(value)) is not None:
                shown[bare] = text
        return shown

    def text(self, tokens: Sequence[Mapping[str, str]]) -> str | None:
        """Pick the language's text, else the default language's, else the first there is."""
        texts = {token["language"]: token["value"] for token in tokens}
        known = [one for one in (self.language, self.default_language, *texts) if one in texts]
        return texts[known[0]] if known else None


Key = tuple[str, View, int]  # a shelf's name, a view, a format


class RecordCache:
    """Encoded records, kept while there is room: a page that was served once is served fast."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        self.held = 0
        self._buckets: dict[Key, dict[int, bytes]] = {}
        self._lock = threading.Lock()

    def of(self, key: Key) -> Mapping[int, bytes]:
        """Return the records held of one shelf, view and format, by row."""
        return self._buckets.get(key, {})

    def add(self, key: Key, row: int, piece: bytes) -> None:
        """Keep a record; when there is no room for it, everything held is let go."""
        with self._lock:
            if self.held + len(piece) > self.limit:
                self._buckets.clear()
                self.held = 0
            self._buckets.setdefault(key, {})[row] = piece
            self.held += len(piece)


class Shown:
    """One page's rows of a shelf, shown in a view: encoded when a reply is written, not before."""

    def __init__(
        self,
        name: str,
        record: Callable[[int, str], dict[str, Any]],
        rows: Sequence[int],
        view: View,
        cache: RecordCache,
    ) -> None:
        self.name = name  # of the shelf
        self.record = record  # gives a row's record in a language
        self.rows = rows
        self.view = view
        self.cache = cache

    def __len__(self) -> int:
        return len(self.rows)

    def pieces(self, form: int) -> list[bytes]:
        """Return each record's bytes, from the cache where it has them."""
        key = (self.name, self.view, form)
        held = self.cache.of(key)
        return [held.get(row) or self._encode(row, key) for row in self.rows]

    def values(self) -> list[dict[str, Any]]:
        """Return the records as they are shown, decoded."""
        return [self._shown(row) for row in self.rows]

    def _shown(self, row: int) -> dict[str, Any]:
        if self.view.properties is not None:
            whole = self.cache.of((self.name, replace(self.view, properties=None), JSON))
            if row in whole:  # to pick from what was made before costs less than to make it anew
                return self.view.picked(msgspec.json.decode(whole[row]))
        return self.view.asset(self.record(row, self.view.language))

    def _encode(self, row: int, key: Key) -> bytes:
        shown = self._shown(row)
        piece = replies.json(shown) if key[2] == JSON else replies.xml(shown)
        self.cache.add(key, row, piece)
        return piece


class Joined:
    """One page of rows from several shelves; `order` names the part and place of each."""

    def __init__(self, parts: Sequence[Shown], order: Sequence[tuple[int, int]]) -> None:
        self.parts = parts
        self.order = order

    def __len__(self) -> int:
        return len(self.order)

    def pieces(self, form: int) -> list[bytes]:
        """Return each record's bytes."""
        pieces = [part.pieces(form) for part in self.parts]
        return [pieces[part][at] for part, at in self.order]

    def values(self) -> list[dict[str, Any]]:
        """Return the records as they are shown, decoded."""
        values = [part.values() for part in self.parts]
        return [values[part][at] for part, at in self.order]
