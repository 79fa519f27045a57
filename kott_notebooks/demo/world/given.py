"""A given guide instead of the made-up one: columns of plain values, as shelves."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from kott_notebooks.demo.world.dice import Ints
from kott_notebooks.demo.world.guide import FLAGS, Channels, frame
from kott_notebooks.demo.world.media import DAY, FIRST_ID, in_all
from kott_notebooks.demo.world.partner import LINEAR
from kott_notebooks.demo.world.shelf import Codes, Meta, Record, Shelf, Tag, Text
from kott_notebooks.demo.world.words import LANGUAGES

Values: TypeAlias = Sequence[Any]  # None for an absent one


@dataclass(frozen=True)
class Given:
    """A guide by the API's names: `channels` id, name, externalId; `programmes` as in a table.

    Times are epoch seconds; what is nested is JSON text; `metas.X` and `tags.X` are columns.
    """

    channels: Mapping[str, Values]
    programmes: Mapping[str, Values]


def name_channels(media: Shelf, given: Given) -> None:
    """Name the linear assets as the guide's channels, in order, and set their external ids."""
    rows = np.flatnonzero(media.numbers["asset_type"] == LINEAR)
    rows = rows[np.argsort(media.numbers["channel"][rows], kind="stable")]
    given_names = zip(given.channels["name"], given.channels["externalId"], strict=True)
    for row, (name, external) in zip(rows.tolist(), given_names, strict=True):
        media.texts["name"].put(row, dict.fromkeys(LANGUAGES, name))
        media.texts["externalid"].put(row, dict.fromkeys(LANGUAGES, external))


def given_shelf(now: int, linear: Channels, given: Given) -> Shelf:
    """Make the shelf of a guide's programmes, with the guide's ids where they are unique.

    A programme's create date is nine days before it is on, at the latest yesterday.
    """
    own = given.programmes
    ids = _ids(own["id"])
    order = np.argsort(ids)
    numbers = _numbers(now, linear, given) | {"epg_id": ids}
    shelf = Shelf(ids, numbers, _texts(own), _metas(own), _tags(own), _framed(own))
    shelf.take(order)
    return shelf


def _numbers(now: int, linear: Channels, given: Given) -> dict[str, Ints]:
    own = given.programmes
    place = {channel: at for at, channel in enumerate(given.channels["id"])}
    of = _whole([place[channel] for channel in own["linearAssetId"]])
    start = _whole(own["startDate"])
    create = np.minimum(start - 9 * DAY, now - DAY)
    return {
        "asset_type": np.zeros(len(of), np.int64),
        "start_date": start,
        "end_date": _whole(own["endDate"]),
        "create_date": create,
        "update_date": create.copy(),
        "linear_media_id": linear.ids[of],
        "epg_channel_id": linear.numbers["external_ids"][of],
        "content": np.arange(len(of)),  # where the guide has it
        **{flag: linear.numbers[flag][of] for flag in FLAGS},
    }


def _framed(own: Mapping[str, Values]) -> Callable[[Shelf, int], Record]:
    """Make a record with the guide's crid and images."""

    def framed(shelf: Shelf, row: int) -> Record:
        at = int(shelf.numbers["content"][row])
        given_names = {"crid": own["crid"][at], "images": json.loads(own["images"][at] or "[]")}
        record = {**frame(shelf, row), **given_names}
        return {name: value for name, value in record.items() if value is not None}

    return framed


def _ids(given: Values) -> Ints:
    if all(isinstance(one, int) for one in given) and len(set(given)) == len(given):
        return _whole(given)
    return FIRST_ID + np.arange(len(given))


def _whole(values: Values) -> Ints:
    return np.array(values, np.int64)


def _coded(values: Values) -> tuple[Codes, list[Any]]:
    """Number the values that occur, -1 for an absent one."""
    known: dict[Any, int] = {None: -1}
    codes = [known.setdefault(value, len(known) - 1) for value in values]
    return np.array(codes, np.int32), [value for value in known if value is not None]


def _texts(own: Mapping[str, Values]) -> dict[str, Text]:
    return {
        "name": Text(*_translated(own, "name")),
        "description": Text(*_translated(own, "description")),
        "externalid": _plain(own["externalId"]),
    }


def _plain(values: Values) -> Text:
    codes, words = _coded(values)
    return Text(codes, in_all(words))


def _translated(own: Mapping[str, Values], column: str) -> tuple[Codes, Callable[[str], list[str]]]:
    """Return a text in each of the demo's languages, translated where the guide does."""
    languages = [name for name in own if name.startswith(f"{column}@")]
    rows = zip(own[column], *(own[name] for name in languages), strict=True)
    codes, texts = _coded([row if row[0] is not None else None for row in rows])

    def words(language: str) -> list[str]:
        name = f"{column}@{language}"
        at = languages.index(name) + 1 if name in languages else 0
        return [row[at] or row[0] for row in texts]

    return codes, words


def _metas(own: Mapping[str, Values]) -> dict[str, Meta]:
    names = [name for name in own if name.startswith("metas.") and "@" not in name]
    return {name.removeprefix("metas."): Meta("string", *_translated(own, name)) for name in names}


def _tags(own: Mapping[str, Values]) -> dict[str, Tag]:
    named = {name: values for name, values in own.items() if name.startswith("tags.")}
    return {name.removeprefix("tags."): _tag(values) for name, values in named.items()}


def _tag(cells: Values) -> Tag:
    lists: list[list[str]] = [json.loads(cell or "[]") for cell in cells]
    codes, words = _coded([value for values in lists for value in values])
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in lists])])
    return Tag(offsets.astype(np.int64), codes, in_all(words))
