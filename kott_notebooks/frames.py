"""Records -> DataFrame; pure.

A record's own properties become columns by the API's names; `metas` and `tags` become one column
a name (`metas.Year`, `tags.Genre`). A cell is a scalar, or JSON text for whatever is nested. A page
becomes columns as it arrives, and what nobody looks at is never decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kott_notebooks import privacy, schema
from kott_notebooks.errors import KottError
from kott_notebooks.paging import Page
from kott_notebooks.privacy import Hide

Cells: TypeAlias = list[bytes | None]  # the JSON text of each row's cell; None where it is absent

BATCH = 1_000  # rows that are turned into columns at a time
SPREAD = ("metas", "tags")  # the maps whose entries become columns

# The kinds of a column, by what the schema says of a property, or a meta of itself
_BY_TYPE = {
    "int": "int", "time": "time", "float": "float", "bool": "bool",
    "string": "text", "enum": "text", "file": "text",
    "object": "json", "array": "json", "map": "json",
}  # fmt: skip
_BY_VALUE = {
    "KalturaIntegerValue": "int",
    "KalturaLongValue": "time",  # metas of dates travel as epoch seconds in a long
    "KalturaDoubleValue": "float",
    "KalturaBooleanValue": "bool",
    "KalturaStringValue": "text",
    "KalturaMultilingualStringValue": "text",
}
_ARROW = {
    "int": pa.int64(), "time": pa.int64(), "float": pa.float64(), "bool": pa.bool_(),
    "text": pa.string(), "json": pa.string(),
}  # fmt: skip
_STRICT = {
    "int": list[int | None], "time": list[int | None], "float": list[float | None],
    "bool": list[bool | None], "text": list[str | None],
}  # fmt: skip
_PYTHON = {int: "int", float: "float", bool: "bool", str: "text"}
_BOOLS = {"0": False, "1": True, "false": False, "true": True}
_STR = pd.StringDtype(na_value=np.nan)
_DTYPES = {
    pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype(), pa.bool_(): pd.BooleanDtype(),
    pa.string(): _STR,
}  # fmt: skip
_LAST_TIME = 253_402_300_799  # the end of the year 9999, the last that pandas can show


class _Chunk(NamedTuple):
    """One page's part of a column."""

    kind: str
    values: pa.Array


class _Value(msgspec.Struct):
    """A meta's value object, as far as a table needs it."""

    objectType: str = ""  # noqa: N815 - the wire's name
    value: msgspec.Raw = msgspec.Raw(b"null")
    multilingualValue: msgspec.Raw = msgspec.Raw(b"null")  # noqa: N815


def frame(
    source: Iterable[Page] | Iterable[dict[str, Any]],
    cls: str | None = None,
    *,
    fields: Sequence[str] | None = None,
    hide: Hide = privacy.keep,
) -> pd.DataFrame:
    """Lay pages or records out as a table, one row a record.

    `cls` is the records' class: its own properties are always columns, in the schema's order and
    types, also when no record has them; `fields` narrows them. Others follow as they occur, then
    `metas.*` and `tags.*` by name. dtypes: `Int64`, `Float64`, `boolean`, `str`, and
    `datetime64[us, UTC]` for times; what is nested is JSON text. A column whose values disagree
    about their type is text, and `attrs["kott"]["mixed"]` names it. `hide` replaces personal texts.
    """
    declared = _declared(cls)
    parts = [(page.rows, _chunks(_hidden(page, cls, hide), declared)) for page in _batches(source)]
    return _narrowed(_assembled(parts, declared), fields)


def coerce(table: pd.DataFrame, columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Type text columns whose every value agrees: whole numbers, numbers, true/false.

    EPG metas are text on the wire even when they mean a number. Without `columns`, tries every
    `metas.*` column that is text. A value that does not fit leaves its column as it is.
    """
    named = list(table.columns) if columns is None else list(columns)
    if missing := [name for name in named if name not in table]:
        raise KottError(f"The table has no column {', '.join(map(str, missing))}.")
    texts = [
        name
        for name in named
        if table[name].dtype == _STR and (columns is not None or str(name).startswith("metas."))
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
    (r"-?\d+\.\d+|-?(?:0|[1-9]\d*)", "Float64", float),
)


# Pages


def _batches(source: Iterable[Page] | Iterable[dict[str, Any]]) -> Iterator[Page]:
    """Give records as pages, small pages joined: a column's part costs the same for any size."""
    held: list[Page] = []
    records: list[dict[str, Any]] = []
    for one in source:
        if not isinstance(one, Page):
            records.append(one)
        elif one.rows:
            held.append(one)
        if sum(page.rows for page in held) >= BATCH:
            yield _merged(held)
            held = []
    if held:
        yield _merged(held)
    if records:
        yield Page(msgspec.json.encode(records), len(records), len(records))


def _merged(pages: list[Page]) -> Page:
    rows = sum(page.rows for page in pages)
    inner = b",".join(page.objects.strip()[1:-1] for page in pages)
    return Page(b"[" + inner + b"]", rows, pages[-1].total)


def _hidden(page: Page, cls: str | None, hide: Hide) -> bytes:
    if cls is None or not privacy.sensitive(cls):
        return page.objects
    return msgspec.json.encode(privacy.hidden(page.records(), cls, hide))


def _declared(cls: str | None) -> dict[str, str]:
    """Name a class's columns and their kinds."""
    if cls is None:
        return {}
    own = schema.properties(cls).items()
    kinds = {name: _BY_TYPE[kind.partition(":")[0]] for name, kind in own if name not in SPREAD}
    return {"objectType": "text", **kinds}


def _chunks(objects: bytes, declared: dict[str, str]) -> dict[str, _Chunk]:
    """Turn one page's rows into its part of each column."""
    records = msgspec.json.decode(objects, type=list[dict[str, msgspec.Raw]])
    columns = _turned(records)
    classes = {text.strip(b'"').decode() for text in columns.get("objectType", []) if text}
    known = {name: kind for cls in sorted(classes) for name, kind in _declared(cls).items()}
    chunks = {
        name: _chunk(cells, declared.get(name) or known.get(name) or "")
        for name, cells in columns.items()
        if name not in SPREAD
    }
    for name, cells in _spread(columns.get("metas"), "metas").items():
        chunks[name] = _meta(cells)
    for name, cells in _spread(columns.get("tags"), "tags").items():
        chunks[name] = _chunk(cells, "json")
    return chunks


def _turned(records: Sequence[dict[str, msgspec.Raw] | None]) -> dict[str, Cells]:
    """Turn rows into columns of undecoded cells."""
    columns: dict[str, Cells] = {}
    for row, record in enumerate(records):
        for name, cell in (record or {}).items():
            text = bytes(cell)
            if text != b"null":
                held = columns.get(name)
                if held is None:
                    held = columns[name] = [None] * len(records)
                held[row] = text
    return columns


def _spread(cells: Cells | None, prefix: str) -> dict[str, Cells]:
    if cells is None:
        return {}
    maps = [None if cell is None or cell[:1] != b"{" else cell for cell in cells]
    rows = msgspec.json.decode(_array(maps), type=list[dict[str, msgspec.Raw] | None])
    return {f"{prefix}.{name}": inner for name, inner in _turned(rows).items()}


def _array(cells: Cells) -> bytes:
    return b"[" + b",".join(b"null" if cell is None else cell for cell in cells) + b"]"


# Columns


def _chunk(cells: Cells, kind: str) -> _Chunk:
    """Type undecoded cells; where one does not fit the kind expected, all become text."""
    if kind == "json" or (not kind and _any_nested(cells)):
        return _Chunk("json", _texts(cells))
    kind = kind or _guessed(msgspec.json.decode(_array(cells)))
    try:
        return _Chunk(kind, pa.array(_decoded(cells, kind), _ARROW[kind]))
    except (ValueError, OverflowError, KeyError):
        return _Chunk("mixed", _texts([_unquoted(cell) for cell in cells]))


def _meta(cells: Cells) -> _Chunk:
    """Type a meta's column by its value objects."""
    try:
        values = msgspec.json.decode(_array(cells), type=list[_Value | None])
    except msgspec.ValidationError:
        return _chunk(cells, "")
    shown = [_shown(one) for one in values]
    kinds = {_BY_VALUE.get(one.objectType, "") for one in values if one}
    if len(kinds) > 1:
        return _Chunk("mixed", _texts([_unquoted(cell) for cell in shown]))
    return _chunk(shown, "" if _any_nested(shown) else kinds.pop())


def _shown(value: _Value | None) -> bytes | None:
    """Choose a meta's cell: its value, or its translations where all languages were asked for."""
    if value is None:
        return None
    for text in (bytes(value.value), bytes(value.multilingualValue)):
        if text != b"null":
            return text
    return None


def _any_nested(cells: Cells) -> bool:
    return any(cell is not None and cell[:1] in (b"{", b"[") for cell in cells)


def _guessed(values: Sequence[Any]) -> str:
    """Name the kind of values that no schema lists."""
    types = {type(one) for one in values if one is not None}
    if types == {int, float}:
        return "float"
    return _PYTHON.get(types.pop(), "") if len(types) == 1 else ""


def _decoded(cells: Cells, kind: str) -> list[Any]:
    """Decode cells as a kind, also where a server writes it otherwise (`"425"`, `1` for true)."""
    text = _array(cells)
    try:
        values: list[Any] = msgspec.json.decode(text, type=_STRICT[kind])
    except msgspec.ValidationError:
        values = [None if one is None else _fitted(one, kind) for one in msgspec.json.decode(text)]
    if kind == "time" and any(one is not None and abs(one) > _LAST_TIME for one in values):
        raise OverflowError("a time after the year 9999")
    return values


def _fitted(value: Any, kind: str) -> Any:
    """Give a value as the kind expected; raises ValueError where it is none."""
    if kind == "bool" and str(value).lower() in _BOOLS:
        return _BOOLS[str(value).lower()]
    if kind in ("int", "time") and re.fullmatch(r"-?\d+(\.0+)?", str(value)):
        return int(str(value).partition(".")[0])
    if kind == "float" and isinstance(value, str):
        return float(value)
    raise ValueError(f"{value!r} is no {kind}")


def _unquoted(cell: bytes | None) -> bytes | None:
    """Give a cell's text: a string without its quotes, anything else as its JSON."""
    if cell is None or cell[:1] != b'"':
        return cell
    return str(msgspec.json.decode(cell)).encode()


def _texts(cells: Cells) -> pa.Array:
    """Lay texts end to end, as Arrow keeps them; the wire has checked that they are UTF-8."""
    lengths = [0 if cell is None else len(cell) for cell in cells]
    ends = np.cumsum([0, *lengths], dtype=np.int32)
    given = np.packbits([cell is not None for cell in cells], bitorder="little")
    data = b"".join(cell for cell in cells if cell is not None)
    buffers = (pa.py_buffer(buffer) for buffer in (ends, data, given))
    return pa.StringArray.from_buffers(len(cells), *buffers)


# The table


def _assembled(
    parts: list[tuple[int, dict[str, _Chunk]]], declared: dict[str, str]
) -> pd.DataFrame:
    """Join the pages' parts: declared columns, then others as they occur, then metas and tags."""
    others = [name for _, chunks in parts for name in chunks if name not in declared]
    spread = sorted({name for name in others if name.startswith(("metas.", "tags."))})
    ordered = dict.fromkeys([*declared, *(name for name in others if name not in spread), *spread])
    joined = {name: _joined(name, parts, declared.get(name, "text")) for name in ordered}
    table: pd.DataFrame = pa.table(
        {name: values for name, (_, values) in joined.items()}
    ).to_pandas(types_mapper=_DTYPES.get)
    mixed = [name for name, (kind, _) in joined.items() if kind == "mixed"]
    table.attrs["kott"] = {"mixed": mixed} if mixed else {}
    return table


def _joined(
    name: str, parts: list[tuple[int, dict[str, _Chunk]]], declared: str
) -> tuple[str, pa.ChunkedArray]:
    """Join a column's parts; where their kinds differ, as numbers if they are, else as text."""
    chunks = [chunks.get(name) or _Chunk("none", pa.nulls(rows)) for rows, chunks in parts]
    kinds = {chunk.kind for chunk in chunks if chunk.values.null_count < len(chunk.values)}
    if kinds == {"int", "float"}:
        kinds = {"float"}
    kind = declared if not kinds else kinds.pop() if len(kinds) == 1 else "mixed"
    target = _ARROW.get(kind, pa.string())
    try:
        values = pa.chunked_array([chunk.values.cast(target) for chunk in chunks], target)
    except pa.ArrowInvalid:  # a whole number that no float holds exactly
        kind, target = "mixed", pa.string()
        values = pa.chunked_array([chunk.values.cast(target) for chunk in chunks], target)
    return kind, _timed(values) if kind == "time" else values


def _narrowed(table: pd.DataFrame, fields: Sequence[str] | None) -> pd.DataFrame:
    """Keep objectType, id and the fields asked for; one that never came is an empty column."""
    if fields is None:
        return table
    wanted = {name: None for name in ("objectType", "id") if name in table}
    for field in fields:
        inner = [name for name in table.columns if name.startswith(f"{field}.")]
        wanted |= dict.fromkeys(inner if field in SPREAD else [field])
    missing = {
        name: pd.Series(index=table.index, dtype=_STR) for name in wanted if name not in table
    }
    return table.assign(**missing)[list(wanted)]


def _timed(seconds: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.multiply(seconds, 1_000_000).cast(pa.timestamp("us", "UTC"))


def provenance(table: pd.DataFrame) -> pd.DataFrame:
    """Show how a table was gathered: one row a fact; `fact`, `value` str, rows then and now first.

    Raises KottError for a table that does not know: one that is not from a listing function, or
    that lost its `attrs` on the way.
    """
    known = dict(table.attrs.get("kott") or {})
    if "source" not in known:
        raise KottError("This table does not say where it is from: it is not from a kott listing.")
    facts = {"rows then": known.pop("rows", None), "rows now": len(table), **known}
    rows = [(name, _told(value)) for name, value in facts.items() if value is not None]
    return pd.DataFrame(rows, columns=["fact", "value"]).astype("str")


def _told(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
