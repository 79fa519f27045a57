"""One shelf as KSQL sees it: a column for each key, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kott_notebooks.demo.backend import columns
from kott_notebooks.demo.backend.columns import Codes, Column, Mask, Rows
from kott_notebooks.demo.catalogue import Shelf
from kott_notebooks.demo.world.shelf import Meta, Text

MEDIA, EPG, RECORDING = "media", "epg", "recording"
DATES = frozenset(("start_date", "end_date", "create_date", "update_date"))
NUMBERS = DATES | {"media_id", "epg_id", "linear_media_id", "epg_channel_id"}
TEXTS = ("name", "description", "externalid")
# Switches that hide no row of the demo: it blocks no country, and knows no user's interests.
SWITCHES = ("geo_block", "parental_rules", "user_interests", "auto_fill")


class Library:
    """The keys of one shelf."""

    def __init__(
        self, kind: str, name: str, shelf: Shelf, default_language: str, lenient: bool = False
    ) -> None:
        self.kind = kind  # media, epg or recording
        self.name = name
        self.shelf = shelf
        self.default_language = default_language
        self.lenient = lenient  # whether values are accepted that only some servers know
        self._columns: dict[tuple[str, str], Column | None] = {}
        self._metas = _by_key(shelf.metas)
        self._tags = _by_key(shelf.tags)

    def column(self, key: str, language: str) -> Column | None:
        """Return a key's column; a key that rows of this shelf never have gives None."""
        place = (key, language)
        if place not in self._columns:
            self._columns[place] = self._column(key, language)
        return self._columns[place]

    def _column(self, key: str, language: str) -> Column | None:
        if key == "asset_type":
            return columns.Types(self.kind, self.shelf.numbers[key])
        if key == "entitled_assets":
            return self._entitlement()
        if key in SWITCHES:
            return columns.Choices({"true": self._all})
        if self._is_number(key):
            return columns.Numbers(self.shelf.numbers[key], key in DATES)
        if key in TEXTS:
            text = self.shelf.texts[key]
            return columns.texts(self._shown(text, language), text.codes)
        own = [self._meta(name, language) for name in self._metas.get(key, ())]
        own += [self._tag(name, language) for name in self._tags.get(key, ())]
        return columns.Both(tuple(own)) if len(own) > 1 else next(iter(own), None)

    def _is_number(self, key: str) -> bool:
        return key in NUMBERS and key in self.shelf.numbers

    def _all(self) -> Mask:
        return np.full(self.shelf.count, True)

    def _none(self) -> Mask:
        return np.full(self.shelf.count, False)

    def _entitlement(self) -> Column:
        """Everything in the demo is free: prices are listed, but not enforced."""
        free, paid = self._all, self._none
        masks = {"free": free, "both": free, "entitled": paid, "not_entitled": paid}
        return columns.Choices(masks | ({"entitledsubscriptions": paid} if self.lenient else {}))

    def _meta(self, name: str, language: str) -> Column:
        meta = self.shelf.metas[name]
        shown = self._shown(meta, language)
        if meta.kind not in ("number", "date"):
            return columns.texts(shown, meta.codes)
        numbers = columns.measures(shown, meta.codes, moments=meta.kind == "date")
        is_text = np.array([*(isinstance(value, str) for value in shown), False])
        if not is_text.any():
            return numbers
        return columns.Both(
            (numbers, columns.texts(shown, np.where(is_text[meta.codes], meta.codes, -1)))
        )

    def _tag(self, name: str, language: str) -> Column:
        tag = self.shelf.tags[name]
        return columns.tags(self._shown(tag, language), tag.offsets, tag.codes)

    def _shown(self, column: Any, language: str) -> list[Any]:
        """List a vocabulary, in the default language where another has no text."""
        values = column.vocabulary(language)
        usual = column.vocabulary(self.default_language)
        return [other if value == "" else value for value, other in zip(values, usual, strict=True)]

    def values(self, key: str, language: str) -> Iterator[tuple[list[str], Rows, Codes]]:
        """Return the labels that a key has, and in pairs a row and the place of its label."""
        every = np.arange(self.shelf.count)
        if self._is_number(key) or key == "asset_type":
            numbers, codes = np.unique(self.shelf.numbers[key], return_inverse=True)
            yield [str(number) for number in numbers], every, codes.astype(np.int32)
        singles: list[Text | Meta] = [self.shelf.texts[key]] if key in TEXTS else []
        singles += [self.shelf.metas[name] for name in self._metas.get(key, ())]
        for one in singles:
            has = one.codes >= 0
            labels = [columns.shown(value) for value in self._shown(one, language)]
            yield labels, every[has], one.codes[has]
        for name in self._tags.get(key, ()):
            tag = self.shelf.tags[name]
            yield self._shown(tag, language), np.repeat(every, np.diff(tag.offsets)), tag.codes

    def on_offer(self, now: int) -> Mask:
        """Find the rows that all users may see: of media those active and within their window."""
        if self.kind != MEDIA:
            return self._all()
        of = self.shelf.numbers
        seen = (of["status"] == 1) & (of["start_date"] <= now) & (of["end_date"] > now)
        return np.asarray(seen, dtype=np.bool_)


def _by_key(named: Any) -> dict[str, list[str]]:
    """Group the partner's names by how KSQL writes them: any case, no blanks at the ends."""
    keys: dict[str, list[str]] = {}
    for name in named:
        keys.setdefault(name.strip().lower(), []).append(name)
    return keys
