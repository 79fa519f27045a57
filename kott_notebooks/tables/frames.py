"""Records -> DataFrame; pure.

A record's own properties become columns by the API's names; `metas` and `tags` become one column
per name (`metas.Year`, `tags.Genre`). A cell is a scalar, or JSON text for nested values. A page
becomes columns as it arrives, and a nested cell is decoded when it is used.
"""

from __future__ import annotations

import contextlib
import gc
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress
from operator import attrgetter
from types import NoneType
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from kott_notebooks.api import privacy
from kott_notebooks.api.decode import (
    ABSENT,
    MAPS,
    NULL,
    Page,
    Reader,
    Rows,
    StructReader,
    TextReader,
    Value,
    columns,
)
from kott_notebooks.api.privacy import Hide
from kott_notebooks.tables import kinds, tags
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.kinds import KINDS, MAX_TIME
from kott_notebooks.tables.provenance import with_facts

Column: TypeAlias = list[Raw]  # the JSON text of each row's cell; NULL where it is absent

BATCH = 1_000  # rows that are turned into columns at a time

_TEXT = kinds.TEXT
_STR = kinds.STR
_DTYPES = {one.arrow: one.dtype for name, one in KINDS.items() if name != "time"}
_PYTHON = {int: "int", float: "float", bool: "bool", str: "text"}
_BOOLS = {"0": False, "1": True, "false": False, "true": True}
_FRACTION = re.compile(rb"-?\d+[.eE][-+.eE\d]+")


class _Chunk(NamedTuple):
    """One part of a column, and the values of it that are not valid times, by row."""

    kind: str
    values: pa.Array
    bad: dict[int, str] = {}  # noqa: RUF012 - never changed


class Part(NamedTuple):
    """Some rows as columns, and what was not valid: column, id, text."""

    rows: int
    chunks: dict[str, _Chunk]
    bad: tuple[tuple[str, str, str], ...] = ()

    def head(self, rows: int) -> Part:
        """Return the first rows."""
        return self if rows >= self.rows else self.select(range(rows))

    def select(self, positions: Sequence[int]) -> Part:
        """Return the rows at these positions, in this order."""
        at = pa.array(positions, pa.int64())
        cut = {name: _Chunk(one.kind, one.values.take(at)) for name, one in self.chunks.items()}
        return self._replace(rows=len(positions), chunks=cut)


def frame(
    source: Iterable[Part] | Iterable[Page] | Iterable[dict[str, Any]],
    cls: str | None = None,
    *,
    fields: Sequence[str] | None = None,
    hide: Hide = privacy.unhidden,
) -> pd.DataFrame:
    """Lay parts, pages or records out as a table, one row per record.

    `cls` is the records' class: its own properties are always columns, in the schema's order and
    types, also when no record has them; `fields` narrows them. Others follow as they occur, then
    `metas.*` and `tags.*` by name. dtypes: `Int64`, `Float64`, `boolean`, `str`, and
    `datetime64[us, UTC]` for times; what is nested is JSON text. A column whose values disagree
    about their type is text, and the provenance names it as `mixed`; a time that is not valid is
    absent, and `unreadable` has its column, id and value. `hide` replaces personal texts.
    """
    parts = list(_parts(source, reader(cls, fields=fields, hide=hide)))
    return _narrowed(_assembled(parts, _declared(cls, _tops(fields))), fields)


def reader(
    cls: str | None = None, *, fields: Sequence[str] | None = None, hide: Hide = privacy.unhidden
) -> Reader:
    """Return what reads a list of a class into the parts of a table, as `frame` takes them."""
    wanted = _tops(fields)
    declared = _declared(cls, wanted)
    cells = StructReader(_declared(cls), lambda rows: _part(rows, declared, wanted))
    return _Hiding(cells, cls, hide) if cls and privacy.searched(cls) else cells


class _Hiding:
    """Reads what may say something about a person, and replaces it before anything is kept."""

    def __init__(self, inner: StructReader, cls: str, hide: Hide) -> None:
        self._inner, self._cls, self._hide = inner, cls, hide
        self.lay_out = inner.lay_out

    def fast(self, body: bytes, calls: int) -> None:
        """Return None: `read` does it."""

    def read(self, result: bytes) -> Rows:
        """Read the rows, and replace personal texts."""
        page = TextReader().read(result)
        records = map(msgspec.json.decode, page.rows)
        hidden = [privacy.hidden(one, self._cls, self._hide) for one in records]
        return self._inner.read(msgspec.json.encode({"totalCount": page.total, "objects": hidden}))


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Pause the collection of reference cycles: decoded rows make none, and there are many."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def coerce(table: pd.DataFrame, fields: Sequence[str] | None = None) -> pd.DataFrame:
    """Convert text columns whose every value agrees: to whole numbers, numbers or true/false.

    EPG metas are text in the API's replies even where they mean a number. A column with a value
    that does not fit stays text.

    Parameters
    ----------
    table : DataFrame
        Any table of ours.
    fields : list of str, optional
        The columns to try; by default every column `metas.*` that is text.

    Returns
    -------
    DataFrame
        The table, with columns of dtype `Int64`, `Float64` or `boolean` where all values agree.

    Raises
    ------
    KottError
        The table lacks one of `fields`.

    See Also
    --------
    conform, flat

    Examples
    --------
    >>> import pandas as pd
    >>> import kott_notebooks as kott
    >>> epg = pd.DataFrame({"metas.Year": ["1999", None], "metas.Part": ["1", "2a"]}, dtype="str")
    >>> kott.coerce(epg).dtypes.astype(str).tolist()
    ['Int64', 'str']
    """
    table = need(table, *(fields or ()))
    named = list(table.columns) if fields is None else list(fields)
    texts = [
        name
        for name in named
        if table[name].dtype == _STR and (fields is not None or str(name).startswith("metas."))
    ]
    typed = {name: _agreed(table[name].reset_index(drop=True)) for name in texts}
    return table.assign(**{name: column.set_axis(table.index) for name, column in typed.items()})


def _agreed(texts: pd.Series) -> pd.Series:
    given = texts.dropna()
    if given.empty:
        return texts
    if given.isin(["true", "false"]).all():
        return texts.map({"true": True, "false": False}).astype("boolean")
    for pattern, dtype, read in _NUMBERS:
        if given.str.fullmatch(pattern).all():
            return pd.Series(given.map(read), dtype=dtype).reindex(texts.index)
    return texts


_NUMBERS = (
    (r"-?(?:0|[1-9]\d{0,17})", "Int64", int),
    (r"-?\d{1,15}\.\d+|-?(?:0|[1-9]\d{0,14})", "Float64", float),  # as many digits as it holds
)


# Parts


def _parts(source: Iterable[Any], reader: Reader) -> Iterator[Part]:
    """Return pages and records as parts, small pages joined: a part costs the same for any size."""
    rows: list[Any] = []
    records: list[dict[str, Any]] = []
    for one in source:
        if isinstance(one, Part):
            yield one
        elif isinstance(one, Page):
            rows += _rows(one.objects, reader)
        else:
            records.append(one)
        if len(rows) >= BATCH:
            yield reader.lay_out(rows)
            rows = []
    if records:
        rows += _rows(msgspec.json.encode(records), reader)
    if rows:
        yield reader.lay_out(rows)


def _rows(objects: bytes, reader: Reader) -> list[Any]:
    return reader.read(b'{"objects":' + objects + b"}").rows


def _declared(cls: str | None, wanted: Collection[str] | None = None) -> dict[str, str]:
    """Name a class's columns and their kinds, or those of them that are wanted."""
    known = {} if cls is None else kinds.of_class(cls)
    return {name: kind for name, kind in known.items() if wanted is None or name in wanted}


def _tops(fields: Sequence[str] | None) -> frozenset[str] | None:
    """Name what is wanted, where that is not everything; objectType and id always are."""
    return None if fields is None else frozenset(["objectType", "id", *fields])


def _part(rows: list[Any], declared: dict[str, str], wanted: frozenset[str] | None) -> Part:
    """Turn rows into their part of each column."""
    laid = columns(rows)
    classes = {text.strip(b'"').decode() for text in set(map(bytes, laid.get("objectType", [])))}
    known = {name: kind for cls in sorted(classes) for name, kind in _declared(cls).items()}
    known |= declared
    kept = {name: cells for name, cells in laid.items() if wanted is None or _in(name, wanted)}
    chunks: dict[str, _Chunk] = {}
    for name, cells in kept.items():
        chunks |= _columns(name, cells, known)
    for name in filter(_has_translations, list(chunks)):
        if chunks[name].kind == "json":
            chunks |= _translations(name, chunks)
            if wanted is None or name not in wanted:  # the languages have columns of their own
                del chunks[name]
    ids = laid.get("id", [NULL] * len(rows))
    bad = tuple(
        (name, _unquoted(ids[row]) or "", text)
        for name, one in chunks.items()
        for row, text in one.bad.items()
    )
    return Part(len(rows), chunks, bad)


def _in(name: str, wanted: frozenset[str]) -> bool:
    top, dot, _ = name.partition(".")
    return name in wanted or bool(dot and top in MAPS and top in wanted)


def _columns(name: str, cells: list[Any], known: dict[str, str]) -> dict[str, _Chunk]:
    """Turn cells into their column, and into one of each language that they have."""
    if name.startswith("metas."):
        return _meta(name, cells)
    if name.startswith("tags."):
        by_language = tags.cells(_texts(cells)).items()
        return {_in_language(name, one): _Chunk("json", values) for one, values in by_language}
    kind = known.get(name, "")
    if kind == "time":
        return {name: _times(cells, endless=name == "endDate")}
    return {name: _chunk(cells, kind)}


def _in_language(name: str, language: str) -> str:
    return f"{name}@{language}" if language else name


def _has_translations(name: str) -> bool:
    """Return whether a property holds the translations of another."""
    return name.startswith("multilingual")


def _translations(name: str, chunks: dict[str, _Chunk]) -> dict[str, _Chunk]:
    """Return the languages of `multilingualName` as `name@eng` ..., and `name` where it is absent.

    Nothing where no row has a translation.
    """
    own = name.removeprefix("multilingual")
    own = own[:1].lower() + own[1:]
    cells = chunks[name].values.to_pylist()
    translated = [tags.tokens(msgspec.json.decode(cell)) if cell else {} for cell in cells]
    if not any(translated):
        return {}
    plain = chunks[own].values if own in chunks else pa.nulls(len(cells), _TEXT)
    firsts = pa.array([next(iter(one.values()), None) for one in translated], _TEXT)
    whole = _Chunk("text", pc.coalesce(plain.cast(_TEXT), firsts))
    return {own: whole} | _by_language(own, translated)


def _by_language(name: str, translated: list[dict[str, str]]) -> dict[str, _Chunk]:
    languages = dict.fromkeys(language for one in translated for language in one)
    return {
        f"{name}@{language}": _Chunk(
            "text", pa.array([one.get(language) for one in translated], _TEXT)
        )
        for language in languages
    }


def _array(cells: Column) -> bytes:
    return b"[" + b",".join(cells) + b"]"


# Columns


def _chunk(cells: Column, kind: str) -> _Chunk:
    """Type undecoded cells; where one does not fit the kind expected, all become text."""
    kind = kind or _kind_of(cells)
    if kind == "json":
        return _Chunk("json", _texts(cells))
    try:
        return _Chunk(kind, pa.array(_decoded(cells, kind), KINDS[kind].arrow))
    except (ValueError, OverflowError, KeyError):
        return _mixed(cells)


def _times(cells: Column, *, endless: bool) -> _Chunk:
    """Type epoch seconds; one that is not a valid time is absent, and named in `bad`.

    Ends after 9999 and before 1e12, which servers write for "never", are the last moment of 9999.
    """
    try:
        return _Chunk("time", pa.array(_decoded(cells, "time"), pa.int64()))
    except (ValueError, OverflowError):
        pass  # one of them is not valid: each is looked at
    seconds: list[int | None] = []
    bad: dict[int, str] = {}
    for row, cell in enumerate(cells):
        text = _unquoted(cell)
        whole = text is not None and re.fullmatch(r"-?\d{1,18}(\.0+)?", text)
        value = int(text.partition(".")[0]) if text is not None and whole else None
        if endless and value is not None and MAX_TIME < value < 10**12:
            value = MAX_TIME
        if text is not None and (value is None or not _fits([value], "time")):
            bad[row], value = text, None
        seconds.append(value)
    return _Chunk("time", pa.array(seconds, pa.int64()), bad)


def _mixed(cells: Column) -> _Chunk:
    return _Chunk("mixed", pa.array(map(_unquoted, cells), _TEXT))


def _meta(name: str, values: list[Value | None]) -> dict[str, _Chunk]:
    """Type a meta's column by its value objects; where they disagree, all become text."""
    classes: set[Any] = set(map(type, values))
    given: list[Any] = values
    if NoneType in classes:
        given = [ABSENT if one is None else one for one in values]
    classes -= {NoneType, type(ABSENT)}
    typed = filter(_has_value, given) if Value in classes else classes  # what names its class
    kind = kinds.common({kinds.OF_VALUE.get(one.objectType, "") for one in typed}) or "mixed"
    plain = list(map(attrgetter("value"), given))
    translated = _translated(given)
    if translated:
        firsts = (next(iter(one.values()), None) for one in translated)
        plain = [first if one is None else one for one, first in zip(plain, firsts, strict=True)]
    if _exact(plain, kind):
        chunk = _Chunk(kind, pa.array(plain, KINDS[kind].arrow))
    else:
        cells = [NULL if one is None else Raw(msgspec.json.encode(one)) for one in plain]
        kind = "" if kind != "mixed" and _any_nested(cells) else kind
        chunk = _mixed(cells) if kind == "mixed" else _chunk(cells, kind)
    return {name: chunk} | _by_language(name, translated)


def _translated(values: list[Any]) -> list[dict[str, str]]:
    """Return each value's texts by language; an empty list where no value has any."""
    cells = list(map(attrgetter("multilingualValue"), values))
    if cells.count(NULL) == len(cells):
        return []
    texts = [{} if cell == NULL else tags.tokens(msgspec.json.decode(cell)) for cell in cells]
    return texts if any(texts) else []


def _has_value(value: Value) -> bool:
    return value.value is not None or value.multilingualValue != NULL


def _exact(values: list[Any], kind: str) -> bool:
    """Return whether all values are of the kind expected or None, and a column can hold them."""
    types: set[Any] = set(map(type, values)) - {NoneType}
    if kind == "float":  # JSON writes a whole number without its point
        whole = [one for one in values if type(one) is int] if int in types else [0]
        return types <= {int, float} and max(map(abs, whole)) <= 2**53
    return kind in KINDS and types == {KINDS[kind].wire} and _fits(values, kind)


def _fits(values: list[Any], kind: str) -> bool:
    bounds = KINDS[kind].bounds
    if bounds is None:
        return True
    given = [one for one in values if one is not None]
    low, high = bounds
    return not given or bool(low <= min(given) and max(given) <= high)


def _any_nested(cells: Column) -> bool:
    return any(bytes(cell)[:1] in (b"{", b"[") for cell in cells)


def _kind_of(cells: Column) -> str:
    """Name the kind of values that no schema lists; none where they disagree."""
    if _any_nested(cells):
        return "json" if all(_any_nested([cell]) or cell == NULL for cell in cells) else ""
    types = {type(one) for one in msgspec.json.decode(_array(cells)) if one is not None}
    return kinds.common({_PYTHON[one] for one in types})


def _decoded(cells: Column, kind: str) -> list[Any]:
    """Decode cells as a kind, also where a server writes it otherwise (`"425"`, `1` for true)."""
    text = _array(cells)
    try:
        values: list[Any] = msgspec.json.decode(text, type=KINDS[kind].cells)
    except msgspec.ValidationError:
        values = [None if one is None else _fitted(one, kind) for one in msgspec.json.decode(text)]
    if kind == "time" and not _fits(values, kind):
        raise OverflowError("a time that no calendar shows")
    return values


def _fitted(value: Any, kind: str) -> Any:
    """Return a value as the kind expected; raises ValueError where it is not one."""
    if kind == "bool" and str(value).lower() in _BOOLS:
        return _BOOLS[str(value).lower()]
    if kind in ("int", "time") and re.fullmatch(r"-?\d+(\.0+)?", str(value)):
        return int(str(value).partition(".")[0])
    if kind == "float" and isinstance(value, str):
        return float(value)
    raise ValueError(f"{value!r} is not a {kind}")


def _unquoted(cell: Raw) -> str | None:
    """Return a cell's text: a string without its quotes, a number in one spelling, or its JSON."""
    text = bytes(cell)
    if text[:1] == b'"':
        return str(msgspec.json.decode(text))
    if _FRACTION.fullmatch(text):
        return _written(float(text))
    return None if cell == NULL else text.decode()


def _written(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _texts(cells: Column) -> pa.Array:
    """Lay texts end to end, as Arrow keeps them; the decoder has checked that they are UTF-8."""
    lengths = np.fromiter(map(len, cells), np.int64, len(cells))
    absent = [n for n in np.flatnonzero(lengths == len(NULL)) if cells[n] == NULL]
    given = np.ones(len(cells), bool)
    given[absent] = False
    lengths[absent] = 0
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    texts = compress(cells, given) if absent else cells
    present = np.packbits(given, bitorder="little")
    buffers = (pa.py_buffer(buffer) for buffer in (ends, b"".join(texts), present))
    return pa.LargeStringArray.from_buffers(len(cells), *buffers)


# The table


def _assembled(parts: list[Part], declared: dict[str, str]) -> pd.DataFrame:
    """Join parts: declared columns, then others as they occur, then metas and tags."""
    others = [name for part in parts for name in part.chunks if name not in declared]
    spread = sorted({name for name in others if name.startswith(("metas.", "tags."))})
    ordered = dict.fromkeys([*declared, *(name for name in others if name not in spread), *spread])
    joined = {name: _joined(name, parts, declared.get(name, "text")) for name in ordered}
    table: pd.DataFrame = pa.table(
        {name: values for name, (_, values) in joined.items()}
    ).to_pandas(types_mapper=_DTYPES.get)
    mixed = [name for name, (kind, _) in joined.items() if kind == "mixed"]
    bad = [
        {"column": column, "id": id_, "value": text}
        for part in parts
        for column, id_, text in part.bad
    ]
    if bad:  # of rows that are in the table
        ids = set(table["id"].astype(_STR)) if "id" in table else {""}
        bad = [one for one in bad if one["id"] in ids]
    new = {name: value for name, value in (("mixed", mixed), ("unreadable", bad)) if value}
    return with_facts(table, **new) if new else table


def _joined(name: str, parts: list[Part], declared: str) -> tuple[str, pa.ChunkedArray]:
    """Join a column's parts; where their kinds differ, as numbers if they are, else as text."""
    chunks = [part.chunks.get(name) or _Chunk("none", pa.nulls(part.rows)) for part in parts]
    given = {chunk.kind for chunk in chunks if chunk.values.null_count < len(chunk.values)}
    kind = (kinds.common(given) or "mixed") if given else declared
    try:
        values = _cast(chunks, KINDS[kind].arrow if kind in KINDS else _TEXT)
    except pa.ArrowInvalid:  # a whole number that no float holds exactly
        kind, values = "mixed", _cast(chunks, _TEXT)
    if kind == "time":
        values = pc.multiply(values, 1_000_000).cast(pa.timestamp("us", "UTC"))
    return kind, values


def _cast(chunks: list[_Chunk], target: pa.DataType) -> pa.ChunkedArray:
    if target == _TEXT:
        chunks = [_Chunk("text", _numerals(one)) if one.kind == "float" else one for one in chunks]
    return pa.chunked_array([one.values.cast(target) for one in chunks], target)


def _numerals(numbers: _Chunk) -> pa.Array:
    """Write numbers as `_unquoted` does."""
    given = numbers.values.to_pylist()
    return pa.array([None if one is None else _written(one) for one in given], _TEXT)


def _narrowed(table: pd.DataFrame, fields: Sequence[str] | None) -> pd.DataFrame:
    """Return objectType, id and the fields asked for; a field without values is an empty column."""
    if fields is None:
        return table
    wanted = {name: None for name in ("objectType", "id") if name in table}
    for field in fields:
        inner = [name for name in table.columns if name.startswith(f"{field}.")]
        translated = [name for name in table.columns if name.startswith(f"{field}@")]
        wanted |= dict.fromkeys(inner if field in MAPS else [field, *translated])
    missing = {
        name: pd.Series(index=table.index, dtype=_STR) for name in wanted if name not in table
    }
    return table.assign(**missing)[list(wanted)]
