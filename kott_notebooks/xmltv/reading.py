"""The values of a guide's elements -> the tables of its programmes and channels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from kott_notebooks.errors import IncompleteError, KottError
from kott_notebooks.tables import frames
from kott_notebooks.tables.provenance import with_facts
from kott_notebooks.xmltv import fields
from kott_notebooks.xmltv.elements import Batch, GuideFile, Source

TextColumn: TypeAlias = list[str | None]  # one per row

LONGEST_OPEN = pd.Timedelta(hours=8)  # a programme without a stop ends at a start within this time
_TEXT = pa.large_string()
_DTYPES = {_TEXT: pd.StringDtype(na_value=np.nan), pa.int64(): pd.Int64Dtype()}


class Guide(NamedTuple):
    """What a guide holds.

    Attributes
    ----------
    epg : DataFrame
        The programmes, as `read` returns them.
    channels : DataFrame
        The channels, as `channels` returns them.
    faults : DataFrame
        What could not be read, as `faults` returns it.
    """

    epg: pd.DataFrame
    channels: pd.DataFrame
    faults: pd.DataFrame


def read_guide(source: Source, *, strict: bool = False) -> Guide:
    """Read an XMLTV guide whole, in one pass: its programmes, its channels, its faults.

    Parameters
    ----------
    source : str, Path or file object
        A file's path, or a file object of bytes or text. gzip, xz, bz2 and zip (of one .xml file)
        are recognized by their first bytes. A file object that can seek is left where it stood.
    strict : bool, default False
        Raise KottError at the first value that cannot be read, instead of leaving it out.

    Returns
    -------
    Guide
        A named tuple of three tables: `epg` as `read` returns it, `channels` as `channels` does,
        `faults` as `faults` does.

    Raises
    ------
    IncompleteError
        The file breaks off, or is not XML from some line on; `.partial` is the Guide before it.
    KottError
        The file is not XML, or its root is not <tv>; it declares entities; or `strict`.

    See Also
    --------
    read, channels, faults

    Examples
    --------
    >>> import io
    >>> from kott_notebooks import xmltv
    >>> text = '<tv><programme start="20260301" channel="7"><title>News</title></programme></tv>'
    >>> epg, channels, faults = xmltv.read_guide(io.StringIO(text))
    >>> epg["name"].tolist(), channels["id"].tolist(), len(faults)
    (['News'], ['7'], 0)
    """
    tables = _Tables(GuideFile(source), strict=strict)
    try:
        for kind, batch in tables.file.batches():
            tables.add(kind, batch)
    except IncompleteError as error:
        tables.broken(str(error))
        raise IncompleteError(str(error), partial=tables.guide()) from error
    return tables.guide()


def read(source: Source, *, strict: bool = False) -> pd.DataFrame:
    """Read the programmes of an XMLTV guide as the table that `kott.epg` would give.

    A value that cannot be read costs that value alone: it is absent, `faults` lists it with its
    line, and the provenance counts it.

    Parameters
    ----------
    source : str, Path or file object
        A file's path, or a file object of bytes or text. gzip, xz, bz2 and zip (of one .xml file)
        are recognized by their first bytes. A file object that can seek is left where it stood.
    strict : bool, default False
        Raise KottError at the first value that cannot be read, instead of leaving it out.

    Returns
    -------
    DataFrame
        One row per programme, in the guide's order. The columns are those of KalturaProgramAsset;
        `write` says which column holds which element. `startDate` and `endDate` are
        `datetime64[us, UTC]`; texts (`str`) have no blanks at their ends. `name` is the first
        title; `name@deu` holds the first of each language, `tags.Other titles` any others.
        `linearAssetId` is `Int64` where every channel of the guide is one that `write` numbered
        (`276507.478.kott`), else `str`: the guide's own ids, unchanged. `id` (`Int64`) counts the
        programmes where the guide has no ids of ours. A programme without a stop ends when the
        next one of its channel starts, if that is within 8 hours; those of a clump end together.
        `kott.provenance(table)` shows file, generator, `when` the guide was made (the `now` of an
        audit), `faults` by element, and `bad_times`: the text of each time that is absent.

    Raises
    ------
    IncompleteError
        The file breaks off, or is not XML from some line on; `.partial` is the table before it.
    KottError
        The file is not XML, or its root is not <tv>; it declares entities; or `strict`.

    See Also
    --------
    read_guide : Programmes, channels and faults from one pass.

    Examples
    --------
    >>> import io
    >>> from kott_notebooks import xmltv
    >>> text = '<programme start="20260301200000 +0100" channel="7"><title>A</title></programme>'
    >>> epg = xmltv.read(io.StringIO(f"<tv>{text}</tv>"))
    >>> str(epg["startDate"][0]), epg["linearAssetId"][0], epg["name"][0]
    ('2026-03-01 19:00:00+00:00', '7', 'A')
    """
    try:
        return read_guide(source, strict=strict).epg
    except IncompleteError as error:
        raise IncompleteError(str(error), partial=error.partial.epg) from error


def channels(source: Source, *, strict: bool = False) -> pd.DataFrame:
    """Read the channels of an XMLTV guide as the table that `kott.channels` would give.

    Parameters
    ----------
    source : str, Path or file object
        As in `read`.
    strict : bool, default False
        Raise KottError at the first value that cannot be read, instead of leaving it out.

    Returns
    -------
    DataFrame
        One row per channel, in the guide's order; in a guide without channel elements, one per
        channel that its programmes name. `id` as in `read`'s linearAssetId; `name` (`str`), the
        first one, `name@deu` for each language, `tags.Other names`; `externalId`, the id as the
        guide has it; `images`, `tags.Address`. Of a channel declared twice, the first counts.

    Raises
    ------
    IncompleteError
        The file breaks off, or is not XML from some line on; `.partial` is the table before it.
    KottError
        The file is not XML, or its root is not <tv>; it declares entities; or `strict`.

    See Also
    --------
    read_guide : Programmes, channels and faults from one pass.

    Examples
    --------
    >>> import io
    >>> from kott_notebooks import xmltv
    >>> text = '<tv><channel id="7"><display-name>Seven</display-name></channel></tv>'
    >>> xmltv.channels(io.StringIO(text))[["id", "name"]].to_numpy().tolist()
    [['7', 'Seven']]
    """
    try:
        return read_guide(source, strict=strict).channels
    except IncompleteError as error:
        raise IncompleteError(str(error), partial=error.partial.channels) from error


def faults(source: Source) -> pd.DataFrame:
    """List every value of an XMLTV guide that cannot be read, with its line.

    Parameters
    ----------
    source : str, Path or file object
        As in `read`.

    Returns
    -------
    DataFrame
        One row per fault, by line: `line` (`Int64`), `element` (`str`; an attribute as
        `programme start`), `text` (`str`; what the guide has there), `reason` (`str`). Where the
        file breaks off, the last row says so, with the element `tv`.

    Raises
    ------
    KottError
        The file is not XML, or its root is not <tv>; it declares entities.

    See Also
    --------
    read_guide

    Examples
    --------
    >>> import io
    >>> from kott_notebooks import xmltv
    >>> xmltv.faults(io.StringIO('<tv><programme start="20260230" channel="7"/></tv>'))
       line          element      text                     reason
    0     1  programme start  20260230  not a day of the calendar
    """
    try:
        return read_guide(source).faults
    except IncompleteError as error:
        rows: pd.DataFrame = error.partial.faults
        return rows


class _Columns:
    """The columns of a table, batch by batch."""

    def __init__(self, cls: str) -> None:
        self.cls = cls
        self.rows = 0
        self._sizes: list[int] = []
        self._chunks: dict[str, dict[int, pa.Array]] = {}

    def add(self, rows: int, columns: dict[str, TextColumn | pa.Array]) -> None:
        for name, values in columns.items():
            if isinstance(values, list) and not any(values):
                continue  # a column exists where a row has a value
            first = columns.get(name.partition("@")[0])
            if first is not values and first == values:  # all in one language: one text for both
                chunk = self._chunks[name.partition("@")[0]][len(self._sizes)]
            else:
                chunk = values if isinstance(values, pa.Array) else pa.array(values, _TEXT)
            self._chunks.setdefault(name, {})[len(self._sizes)] = chunk
        self._sizes.append(rows)
        self.rows += rows

    def table(self) -> pd.DataFrame:
        """Return the class's own columns, filled where there are values, then the others."""
        columns = {}
        for name in sorted(self._chunks):
            chunks = self._chunks[name]
            kind = next(iter(chunks.values())).type
            parts = [chunks.get(n, pa.nulls(size, kind)) for n, size in enumerate(self._sizes)]
            columns[name] = pa.chunked_array(parts, kind)
        filled = pa.table(columns).to_pandas(types_mapper=_DTYPES.get)
        declared = frames.frame([], self.cls).reindex(pd.RangeIndex(self.rows))
        return declared.assign(**dict(filled.items()))


class _Tables:
    """The tables of a guide while it is read."""

    def __init__(self, file: GuideFile, *, strict: bool) -> None:
        self.file = file
        self._strict = strict
        self._epg = _Columns("KalturaProgramAsset")
        self._channels = _Columns("KalturaLiveAsset")
        self._declared: dict[str, None] = {}  # ids of channel elements, in their order
        self._named: dict[str, None] = {}  # ids of channels that programmes name
        self._faults: list[tuple[int, str, str, str]] = []
        self._bad_times: list[dict[str, Any]] = []
        self._counted = False  # whether a programme has no id of ours

    def add(self, kind: str, batch: Batch) -> None:
        """Add elements of one kind."""
        if kind == "channel":
            self._channels.add(len(batch.lines), self._channel_columns(batch))
        else:
            self._epg.add(len(batch.lines), self._programme_columns(batch))
        if self._strict and self._faults:
            line, element, text, reason = min(self._faults)
            raise KottError(
                f"{self.file.name}, line {line}: {element} {text!r}: {reason}. "
                "strict=False leaves such values out."
            )

    def broken(self, why: str) -> None:
        """Note that the file breaks off here."""
        self._faults.append((self.file.line, "tv", "", why))

    def guide(self) -> Guide:
        """Make the tables."""
        own = {one: fields.own_id(one) for one in self._declared | self._named}
        numbers = {one: parts[0] for one, parts in own.items() if parts is not None}
        partners = {parts[1] for parts in own.values() if parts is not None}
        is_ours = len(numbers) == len(own) and len(partners) <= 1
        facts = self._facts(next(iter(partners), None) if is_ours else None)
        epg, channels = self._epg.table(), self._channel_table()
        if is_ours:
            epg["linearAssetId"] = epg["linearAssetId"].map(numbers).astype("Int64")
            channels["id"] = channels["id"].map(numbers).astype("Int64")
        else:
            epg["linearAssetId"] = epg["linearAssetId"].astype("str")
        bad_ends = [one["row"] for one in self._bad_times if one["field"] == "endDate"]
        bad_times = {"bad_times": self._bad_times} if self._bad_times else {}
        faults = pd.DataFrame(
            sorted(self._faults), columns=["line", "element", "text", "reason"], dtype="str"
        )  # the order of the file: a batch lists its faults element by element
        epg = with_facts(
            _ended(epg, bad_ends), source="xmltv.read", rows=len(epg), **facts, **bad_times
        )
        channels = with_facts(channels, source="xmltv.channels", rows=len(channels), **facts)
        return Guide(epg, channels, faults.astype({"line": "Int64"}))

    def _facts(self, partner: str | None) -> dict[str, Any]:
        root = self.file.root or {}
        is_number = partner is not None and re.fullmatch("0|[1-9][0-9]*", partner)
        try:
            made = pd.Timestamp(fields.seconds(root.get("date", "")), unit="s", tz="UTC")
        except ValueError:
            made = None
        return {
            "file": Path(self.file.name).name,
            "partner": int(partner) if partner is not None and is_number else partner,
            "from": root.get("source-info-name"),
            "generator": root.get("generator-info-name"),
            "when": None if made is None else made.isoformat(),
            "ids": "counted" if self._counted else None,
            "faults": dict(Counter(element for _, element, _, _ in self._faults)),
        }

    def _fault(self, line: int, element: str, text: str, reason: object) -> None:
        self._faults.append((line, element, text, f"{reason}"))

    def _valid(self, line: int, element: str, make: Callable[..., Any], *given: str) -> Any:
        """Return what `make` makes of a text; None, and a fault, where it raises ValueError."""
        try:
            return make(*given)
        except ValueError as error:
            self._fault(line, element, given[-1], error)
            return None

    def _channel_ids(self, batch: Batch, element: str, attribute: str) -> TextColumn:
        ids: TextColumn = []
        for line, attributes in zip(batch.lines, batch.attributes, strict=True):
            written = attributes.get(attribute, "")
            ids.append(written if written.strip() else None)
            if ids[-1] is None:
                self._fault(line, f"{element} {attribute}", written, "no channel's id")
        return ids

    # Channels

    def _channel_columns(self, batch: Batch) -> dict[str, TextColumn | pa.Array]:
        ids = self._channel_ids(batch, "channel", "id")
        for own, line in zip(ids, batch.lines, strict=True):
            if own in self._declared:
                self._fault(line, "channel", str(own), "declared before, and the first counts")
            elif own is not None:
                self._declared[own] = None
        return {
            "objectType": ["KalturaLiveAsset"] * len(ids),
            "id": ids,
            "externalId": ids,
            **self._in_languages(batch, "display-name", "name"),
            "images": self._images(batch),
            **_tags(batch, {"url": fields.ADDRESSES}),
        }

    def _channel_table(self) -> pd.DataFrame:
        table = self._channels.table()
        if self._channels.rows:
            return table[table["id"].notna()].drop_duplicates("id", ignore_index=True)
        ids = pd.Series([*self._named], dtype="str")
        kind = pd.Series("KalturaLiveAsset", ids.index, dtype="str")
        return table.reindex(ids.index).assign(objectType=kind, id=ids, externalId=ids)

    # Programmes

    def _programme_columns(self, batch: Batch) -> dict[str, TextColumn | pa.Array]:
        rows = len(batch.lines)
        channels = self._channel_ids(batch, "programme", "channel")
        self._named |= dict.fromkeys(one for one in channels if one is not None)
        return {
            "objectType": ["KalturaProgramAsset"] * rows,
            "type": pa.array([0] * rows, pa.int64()),
            "linearAssetId": channels,
            "startDate": self._times(batch, "start", "startDate"),
            "endDate": self._times(batch, "stop", "endDate"),
            "clumpidx": [one.get("clumpidx", "").strip() or None for one in batch.attributes],
            **self._addresses(batch),
            **{
                name: cells
                for path, column in fields.TEXTS.items()
                for name, cells in self._in_languages(batch, path, column).items()
            },
            "images": self._images(batch),
            **_tags(batch, {path: f"tags.{tag}" for path, tag in fields.TAGS.items()}),
            **self._metas(batch),
            **self._numbers(batch),
            **_subtitles(batch),
            **_rating_systems(batch),
        }

    def _times(self, batch: Batch, attribute: str, column: str) -> pa.Array:
        """Return times as Arrow; those that cannot be read are absent, and listed as bad times."""
        times: list[int | None] = []
        for row, attributes in enumerate(batch.attributes):
            text, moment = attributes.get(attribute, ""), None
            if text or attribute == "start":
                try:
                    moment = fields.seconds(text) * 1_000_000
                except ValueError as error:
                    self._fault(batch.lines[row], f"programme {attribute}", text, error)
                    bad = {"row": self._epg.rows + row, "field": column, "text": text}
                    self._bad_times.append(bad)
            times.append(moment)
        return pa.array(times, pa.int64()).cast(pa.timestamp("us", "UTC"))

    def _in_languages(
        self, batch: Batch, path: str, column: str
    ) -> dict[str, TextColumn | pa.Array]:
        """Return the first text of each row, the first of each language, and any further ones."""
        rows = len(batch.lines)
        columns: dict[str, TextColumn] = {column: [None] * rows}
        first = columns[column]
        languages: dict[str, TextColumn] = {}
        others: dict[int, list[str]] = {}
        for row, text, attributes, line in batch.of(path):
            is_first = first[row] is None
            if is_first:
                first[row] = text
            code = attributes.get("lang", "")
            cells = languages.get(code)
            if code and cells is None:
                language = self._valid(line, f"{path} lang", fields.three_letters, code)
                if language is not None:
                    cells = columns.setdefault(f"{column}@{language}", [None] * rows)
                    languages[code] = cells
            if cells is not None and cells[row] is None:
                cells[row] = text
            elif not is_first:
                others.setdefault(row, []).append(text)
        return {**columns, fields.OTHER_TEXTS[path]: _tag_cells(others, rows)}

    def _images(self, batch: Batch) -> TextColumn:
        """Return icons and images as the JSON of `images`; one without an address is left out."""
        images: dict[int, list[dict[str, Any]]] = {}
        for row, _, attributes, line in batch.of("icon", blank=True):
            image: dict[str, Any] = {"objectType": "KalturaMediaImage"}
            for side in ("width", "height"):
                pixels = attributes.get(side, "")
                if pixels.isascii() and pixels.isdigit() and len(pixels) < 10:
                    image[side] = int(pixels)
                elif pixels:
                    self._fault(line, f"icon {side}", pixels, "not a whole number of pixels")
            image["url"] = attributes.get("src", "").strip()
            if image["url"]:
                images.setdefault(row, []).append(image)
            else:
                self._fault(line, "icon src", "", "no address")
        for row, text, attributes, _ in batch.of("image"):
            own = {"objectType": "KalturaMediaImage", "url": text, "element": "image"}
            images.setdefault(row, []).append(own | attributes | own)
        return _cells(images, len(batch.lines))

    def _addresses(self, batch: Batch) -> dict[str, TextColumn | pa.Array]:
        """Return the ids that `write` put into addresses, and the other addresses."""
        rows = len(batch.lines)
        known: dict[str, TextColumn] = {}
        others: dict[int, list[str]] = {}
        for row, text, attributes, _ in batch.of("url"):
            system, name = attributes.get("system", "")[: len(fields.SYSTEM)], ""
            if system == fields.SYSTEM:
                name = attributes["system"][len(fields.SYSTEM) :]
            if name in fields.IDENTITIES:
                known.setdefault(name, [None] * rows)[row] = fields.from_url(text)
            else:
                others.setdefault(row, []).append(text)
        first = self._epg.rows + 1
        own = known.pop("id", [None] * rows)
        ids = [int(one) if one and one.isdecimal() and len(one) < 19 else None for one in own]
        self._counted |= None in ids
        counted = [first + row if one is None else one for row, one in enumerate(ids)]
        addresses = _tag_cells(others, rows)
        return {"id": pa.array(counted, pa.int64()), **known, fields.ADDRESSES: addresses}

    def _metas(self, batch: Batch) -> dict[str, TextColumn | pa.Array]:
        """Return the values that occur once in a programme."""
        rows = len(batch.lines)
        metas: dict[str, TextColumn] = {}

        def put(meta: str, row: int, text: str | None) -> None:
            cells = metas.setdefault(f"metas.{meta}", [None] * rows)
            if cells[row] is None:
                cells[row] = text

        for path, meta in fields.METAS.items():
            for row, text, _, _ in batch.of(path):
                put(meta, row, text)
        for row, text, _, line in batch.of("date"):
            put(fields.YEAR, row, self._valid(line, "date", fields.year_of, text))
        for row, text, attributes, line in batch.of("length"):
            units = attributes.get("units", "minutes")
            put(fields.RUNTIME, row, self._valid(line, "length", fields.minutes_of, units, text))
        for element, meta in fields.FLAGS.items():
            for row, text, _, _ in batch.of(element, blank=True):
                put(meta, row, "true")
                if element in fields.NOTES and text:
                    put(fields.NOTES[element], row, text)
        for row, _, attributes, _ in batch.of("previously-shown", blank=True):
            for name, meta in fields.SHOWN.items():
                put(meta, row, attributes.get(name, "").strip() or None)
        return dict(metas)

    def _numbers(self, batch: Batch) -> dict[str, TextColumn | pa.Array]:
        """Return season and episode: each by the first numbering that has it, xmltv_ns before all.

        Other numberings (dd_progid, `Part one`) are kept as `SYSTEM=TEXT`.
        """
        rows = len(batch.lines)
        seasons: TextColumn = [None] * rows
        episodes: TextColumn = [None] * rows
        others: dict[int, list[str]] = {}
        values = list(batch.of("episode-num"))
        values.sort(key=lambda value: value[2].get("system") != "xmltv_ns")
        for row, text, attributes, line in values:
            system = attributes.get("system") or "onscreen"
            pair = self._valid(line, "episode-num", fields.numbers, system, text) or ("", "")
            seasons[row] = seasons[row] or pair[0] or None
            episodes[row] = episodes[row] or pair[1] or None
            if not any(pair):
                others.setdefault(row, []).append(f"{system}={text}")
        return {
            f"metas.{fields.SEASON}": seasons,
            f"metas.{fields.EPISODE}": episodes,
            fields.EPISODE_IDS: _tag_cells(others, rows),
        }


def _ended(table: pd.DataFrame, bad_ends: Sequence[int]) -> pd.DataFrame:
    """Let a programme without a stop end when a later one of its channel starts.

    The end stays absent where the stop cannot be read.
    """
    is_open = table["endDate"].isna()
    is_open.iloc[list(bad_ends)] = False
    if not is_open.any():
        return table
    ordered = table[["linearAssetId", "startDate"]].sort_values("startDate", kind="stable")
    starts = ordered["startDate"].groupby(ordered["linearAssetId"])
    following = starts.shift(-1)
    later = following.where(following > ordered["startDate"])
    later = later.groupby(ordered["linearAssetId"]).bfill().reindex(table.index)
    is_open &= later - table["startDate"] <= LONGEST_OPEN
    return table.assign(endDate=table["endDate"].mask(is_open, later))


def _tags(batch: Batch, columns: dict[str, str]) -> dict[str, TextColumn | pa.Array]:
    """Return the values of each path as a tag."""
    cells: dict[str, TextColumn | pa.Array] = {}
    for path, column in columns.items():
        values: dict[int, list[str]] = {}
        for row, text, _, _ in batch.of(path):
            values.setdefault(row, []).append(text)
        cells[column] = _tag_cells(values, len(batch.lines))
    return cells


def _subtitles(batch: Batch) -> dict[str, TextColumn | pa.Array]:
    values: dict[int, list[str]] = {}
    for row, text, attributes, _ in batch.of("subtitles/language", blank=True):
        if both := fields.subtitles(text, attributes.get("type", "")):
            values.setdefault(row, []).append(both)
    return {fields.SUBTITLES: _tag_cells(values, len(batch.lines))}


def _rating_systems(batch: Batch) -> dict[str, TextColumn | pa.Array]:
    """Return the ratings that name their system, as `SYSTEM=RATING`."""
    values: dict[int, list[str]] = {}
    for row, text, attributes, _ in batch.of("rating/value"):
        if system := attributes.get("system", "").strip():
            values.setdefault(row, []).append(f"{system}={text}")
    return {fields.RATING_SYSTEM: _tag_cells(values, len(batch.lines))}


def _tag_cells(values: dict[int, list[str]], rows: int) -> TextColumn:
    """Return tags as JSON lists; rows with equal values share one text."""
    texts: dict[tuple[str, ...], str] = {}
    cells: TextColumn = [None] * rows
    for row, own in values.items():
        key = tuple(own)
        if key not in texts:
            texts[key] = msgspec.json.encode(own).decode()
        cells[row] = texts[key]
    return cells


def _cells(values: dict[int, list[Any]], rows: int) -> TextColumn:
    cells: TextColumn = [None] * rows
    for row, own in values.items():
        cells[row] = msgspec.json.encode(own).decode()
    return cells
