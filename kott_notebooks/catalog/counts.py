"""Asset tables to tables: what a catalogue has and how it grew; no call, no drawing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.catalog.looking import view_of
from kott_notebooks.catalog.periods import edges, period_of
from kott_notebooks.errors import KottError
from kott_notebooks.tables import nested
from kott_notebooks.tables.columns import NAT, as_times, micros, need

PROPERTIES = (
    "name",
    "description",
    "externalId",
    "entryId",
    "startDate",
    "endDate",
    "images",
    "mediaFiles",
)

Mask: TypeAlias = npt.NDArray[np.bool_]  # which rows have something

_KINDS = {"metas.": "meta", "tags.": "tag"}


def completeness(assets: pd.DataFrame, *, properties: Iterable[str] = PROPERTIES) -> pd.DataFrame:
    """Measure how many assets of each type have each property, meta, tag, image and media file.

    One row a type and field: type Int64 (the asset struct), field str, kind str, rows, filled
    Int64, share Float64 (filled / rows); by type, then kind. Fields are `properties` (those that
    the table has), every `metas.*` and `tags.*`, `images.16:9` for each ratio and
    `mediaFiles.HLS_Main` for each file type that occurs. Blank text and empty lists are absent,
    and so is a tag without a value. Every field stands beside every type: a share of 0 may mean
    that the type does not know the field.
    """
    assets = need(assets, "type")
    codes, types = pd.factorize(assets["type"], sort=True, use_na_sentinel=False)
    found = list(_fields(assets, properties))
    rows = np.bincount(codes, minlength=len(types))
    filled = [np.bincount(codes[mask], minlength=len(types)) for _, _, mask in found]
    table = pd.DataFrame(
        {
            "type": types.repeat(len(found)),
            "field": pd.Series([field for field, _, _ in found] * len(types), dtype="str"),
            "kind": pd.Series([kind for _, kind, _ in found] * len(types), dtype="str"),
            "rows": pd.array(rows.repeat(len(found)), dtype="Int64"),
            "filled": pd.array(
                np.reshape(filled, (len(found), len(types))).T.ravel(), dtype="Int64"
            ),
        }
    )
    return table.assign(share=table["filled"] / table["rows"])


def growth(
    assets: pd.DataFrame, *, freq: str = "MS", tz: str | tzinfo | None = None
) -> pd.DataFrame:
    """Count what was added in each period, and how much there was at its end.

    One row a period and type: period (its first moment, in UTC), type Int64, added, total Int64;
    by period, then type. Every period from the first createDate to the last, and every type, also
    where nothing was added. `freq` is how pandas names a period by its start: "D", "W-MON", "MS"
    (months), "QS", "YS"; days are those of `tz`. An asset without a createDate is not counted,
    and what was deleted since is not known.
    """
    assets = need(assets, "type", "createDate")
    created = micros(assets, "createDate")
    known = created != NAT
    codes, types = pd.factorize(assets["type"][known], sort=True, use_na_sentinel=False)
    bounds = edges(created[known], freq, tz)
    starts = bounds[:-1]
    added = np.zeros((len(starts), len(types)), dtype=np.int64)
    np.add.at(added, (period_of(created[known], bounds), codes), 1)
    return pd.DataFrame(
        {
            "period": as_times(starts.repeat(len(types))),
            "type": types.take(np.tile(np.arange(len(types)), len(starts))),
            "added": pd.array(added.ravel(), dtype="Int64"),
            "total": pd.array(added.cumsum(axis=0).ravel(), dtype="Int64"),
        }
    )


def _fields(assets: pd.DataFrame, properties: Iterable[str]) -> Iterator[tuple[str, str, Mask]]:
    """Give each field, its kind, and which rows have it."""
    lists = {
        column: _listed(assets[column], key)
        for column, key in (("images", "ratio"), ("mediaFiles", "type"))
        if column in assets
    }
    view = view_of(assets)
    for name in properties:
        if name in assets:
            yield name, "property", lists[name][0] if name in lists else _given(view.text(name))
    for prefix, kind in _KINDS.items():
        for name in assets.columns:
            if str(name).startswith(prefix):
                cells = assets[name]
                yield str(name), kind, _tagged(cells) if kind == "tag" else _given(cells)
    for column, kind in (("images", "image"), ("mediaFiles", "file")):
        for label, mask in sorted(lists[column][1].items()) if column in lists else ():
            yield f"{column}.{label}", kind, mask


def _given(cells: pd.Series[Any]) -> Mask:
    given = cells.notna()
    if cells.dtype == "str":
        given &= cells.str.strip() != ""
    return given.to_numpy(bool)


def _tagged(cells: pd.Series[str]) -> Mask:
    """Tell which cells hold a tag with a value; each text is decoded once."""
    codes, texts = pd.factorize(cells)
    each = pd.DataFrame({"id": np.arange(len(texts)), "tags.one": pd.Series(texts, dtype="str")})
    values = nested.tags(each, "one")
    full = values.loc[_given(values["value"]), nested.KEY]
    plain = _given(each["tags.one"]) & ~each["tags.one"].str.match(r"[\[{]").to_numpy(bool)
    return np.isin(codes, [*full, *np.flatnonzero(plain)])  # `kott.flat` makes plain text


class _Entry(msgspec.Struct, gc=False):
    """An image or a media file, as far as it is counted."""

    ratio: Any = None
    type: Any = None


_ENTRIES = msgspec.json.Decoder(list[_Entry | None])


def _listed(cells: pd.Series[str], key: str) -> tuple[Mask, dict[str, Mask]]:
    """Tell which rows have any entry, and which have one of each ratio or file type."""
    some = np.zeros(len(cells), dtype=bool)
    by_label: dict[str, list[int]] = {}
    given = _given(cells)
    for row, cell in zip(np.flatnonzero(given).tolist(), cells[given].tolist(), strict=True):
        entries = _entries(cell, cells.name)
        some[row] = bool(entries)
        for label in {str(getattr(entry, key) or "").strip() for entry in entries} - {""}:
            by_label.setdefault(label, []).append(row)
    return some, {label: _marked(rows, len(cells)) for label, rows in by_label.items()}


def _entries(cell: object, column: object) -> list[_Entry]:
    try:
        return [entry for entry in _ENTRIES.decode(str(cell)) if entry is not None]
    except msgspec.DecodeError as error:
        raise KottError(
            f"{column} does not hold JSON lists: give the table as it was pulled, not kott.flat's."
        ) from error


def _marked(rows: list[int], length: int) -> Mask:
    mask = np.zeros(length, dtype=bool)
    mask[rows] = True
    return mask
