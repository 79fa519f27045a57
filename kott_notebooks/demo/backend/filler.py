"""Programmes that fill the gaps of a guide, for a search with `auto_fill`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kott_notebooks.demo.catalogue import Shelf
from kott_notebooks.demo.world.shelf import Text

LONGEST = 2 * 3_600
NAMES = {"eng": "No information", "fra": "Aucune information", "ell": "Χωρίς πληροφορίες"}


def filler(epg: Shelf) -> Shelf:
    """Make a shelf of programmes for every minute between two programmes of a channel."""
    holes = np.array(list(_pieces(epg)), np.int64).reshape(-1, 4)
    start, end, linear, channel = holes.T
    ids = np.arange(len(holes)) + 1 + (epg.ids[-1] if epg.count else 0)
    numbers = {
        "asset_type": np.zeros_like(ids),
        "start_date": start,
        "end_date": end,
        "create_date": start,
        "update_date": start,
        "epg_id": ids,
        "linear_media_id": linear,
        "epg_channel_id": channel,
    }
    nothing = np.full(len(ids), -1, np.int32)
    texts = {
        "name": Text(np.zeros(len(ids), np.int32), lambda language: [NAMES.get(language, "")]),
        "description": Text(nothing, lambda language: []),
        "externalid": Text(nothing, lambda language: []),
    }
    return Shelf(ids, numbers, texts, {}, {}, _frame)


def _pieces(epg: Shelf) -> Iterator[tuple[int, int, int, int]]:
    """Return each gap in pieces: start, end, linear asset, epg channel."""
    of = epg.numbers
    order = np.lexsort((of["start_date"], of["linear_media_id"]))
    start, end = of["start_date"][order], of["end_date"][order]
    linear, channel = of["linear_media_id"][order], of["epg_channel_id"][order]
    edges = np.flatnonzero(np.diff(linear)) + 1
    for part in np.split(np.arange(len(order)), edges):
        covered = np.maximum.accumulate(end[part])[:-1]
        after = start[part][1:]
        for at in np.flatnonzero(after > covered):
            for begin in range(int(covered[at]), int(after[at]), LONGEST):
                until = min(begin + LONGEST, int(after[at]))
                yield begin, until, int(linear[part[0]]), int(channel[part[0]])


def _frame(shelf: Shelf, row: int) -> dict[str, Any]:
    number = {key: int(values[row]) for key, values in shelf.numbers.items()}
    return {
        "objectType": "KalturaProgramAsset",
        "id": number["epg_id"],
        "type": 0,
        "startDate": number["start_date"],
        "endDate": number["end_date"],
        "createDate": number["create_date"],
        "updateDate": number["update_date"],
        "epgChannelId": number["epg_channel_id"],
        "epgId": str(number["epg_id"]),
        "linearAssetId": number["linear_media_id"],
    }
