"""A list's reply -> its rows, undecoded: what identifies them, how many the server counts.

A table wants the cells of a row, a record wants its text: `StructReader` and `TextReader` give one
or the other. Neither decodes what a cell holds. A body is decoded in one step where that is safe
(`fast`), else through `envelopes`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, unquote

import msgspec
import pyarrow as pa
from msgspec import Raw

from kott_notebooks.api.bodies import Call
from kott_notebooks.api.envelopes import decoded, results
from kott_notebooks.errors import ApiError, TransportError

# What identifies a row: its kind and its id; or NO_ID and a hash of its text
Key = tuple[bytes, bytes | int]

NO_ID = b"text"
NULL = Raw(b"null")  # the cell of a property that is null or absent
MAPS = ("metas", "tags")
_NESTED = (b"{", b"[")
_ODD = re.compile(r'["\\\x00-\x1f]')  # what a struct's field names cannot have
_BLANK = re.compile(rb"[\[{:,]\s")  # between the first names of a body; texts come later
_ESCAPED_NAME = "\ue000"  # prefix of a name that is percent-encoded, since it is _ODD


class Rows(NamedTuple):
    """What one reply of a list holds: its rows, what identifies each, the server's total."""

    rows: list[Any]
    keys: list[Key]
    total: int | None


class Decoded(NamedTuple):
    """What one body holds: the rows or the refusal of each call, and the server's seconds."""

    parts: list[Rows | ApiError]
    execution_time: float | None


class Page(NamedTuple):
    """Undecoded rows: their JSON text, how many, and the total, if one was claimed."""

    objects: bytes
    rows: int
    total: int | None = None

    def records(self) -> list[dict[str, Any]]:
        """Decode the rows."""
        records: list[dict[str, Any]] = decoded(self.objects, "list")
        return records

    def head(self, rows: int) -> Page:
        """Return the first rows, still undecoded."""
        return self if rows >= self.rows else self.select(range(rows))

    def select(self, positions: Sequence[int]) -> Page:
        """Return the rows at some positions, still undecoded."""
        texts = msgspec.json.decode(self.objects, type=list[Raw])
        return page_of([texts[position] for position in positions])


class Reader(Protocol):
    """How the replies of a list are read, and what is stored of their rows."""

    def fast(self, body: bytes, calls: int) -> tuple[list[Rows], float | None] | None:
        """Read a body of this many calls in one go; None where that way does not apply."""

    def read(self, result: bytes) -> Rows:
        """Read a result that is known to be no error, as compact JSON."""

    def lay_out(self, rows: list[Any]) -> Any:
        """Turn rows into what is stored: it has `rows`, `head(rows)` and `select(positions)`."""


def decode(body: bytes, calls: Sequence[Call], reader: Reader) -> Decoded:
    """Read the reply to one call or to a batch; a refused call stands in its place."""
    if fast := reader.fast(body, len(calls)):
        return Decoded([*fast[0]], fast[1])
    answers = results(body, calls)
    seconds = [one.execution_time or 0.0 for one in answers if not isinstance(one, ApiError)]
    try:
        parts = [one if isinstance(one, ApiError) else reader.read(one.result) for one in answers]
    except (msgspec.MsgspecError, RecursionError) as error:  # 1e999, or too deep nesting
        raise TransportError(f"{calls[0].name}: a row cannot be decoded: {error}.") from error
    return Decoded(parts, sum(seconds) or None)


class _List(msgspec.Struct):
    totalCount: Any = None  # noqa: N815 - the wire's name
    objects: Raw = NULL


class _Identity(msgspec.Struct):
    id: Raw = NULL
    type: Raw = NULL


class TextReader:
    """Reads rows as JSON texts and stores them as a Page."""

    def fast(self, body: bytes, calls: int) -> None:
        """Return None: texts are compared, and only `read` gets them as compact JSON."""

    def read(self, result: bytes) -> Rows:
        """Read the outline of a list: `objects` may be empty or absent, `totalCount` too."""
        objects, total = _outline(result)
        rows = msgspec.json.decode(objects, type=list[Raw])
        named = msgspec.json.decode(objects, type=list[_Identity])
        types, ids = [one.type for one in named], [one.id for one in named]
        return Rows(rows, keys(types, ids, rows), total)

    def lay_out(self, rows: list[Any]) -> Page:
        """Join the texts."""
        return page_of(rows)


class ObjectReader:
    """Reads results that are one object each, as lists of one row."""

    def fast(self, body: bytes, calls: int) -> None:
        """Return None: `read` does it."""

    def read(self, result: bytes) -> Rows:
        """Read an object as the only row; null is no row."""
        rows = [] if result == NULL else [result]
        return TextReader().read(b'{"objects":[' + b"".join(rows) + b"]}")

    def lay_out(self, rows: list[Any]) -> Page:
        """Join the texts."""
        return page_of(rows)


def page_of(texts: Sequence[bytes]) -> Page:
    """Join undecoded rows."""
    return Page(b"[" + b",".join(texts) + b"]", len(texts))


class Value(msgspec.Struct, gc=False):
    """A meta's value object of any class, as far as a table needs it."""

    objectType: str = ""  # noqa: N815 - the wire's name
    value: Any = None
    multilingualValue: Raw = NULL  # noqa: N815


class _Absent(msgspec.Struct, frozen=True):
    """A meta that a record does not have, in the form of one without a value."""

    objectType: str = ""  # noqa: N815
    value: None = None
    multilingualValue: Raw = NULL  # noqa: N815


ABSENT: Any = _Absent()


def _holding(cls: str, kind: Any) -> Any:
    """Make a struct for value objects of one class and kind: read in half the time of Value."""
    return msgspec.defstruct(
        cls,
        [("value", kind | None, None), ("multilingualValue", Raw, NULL)],
        tag_field="objectType",
        tag=cls,
        namespace={"objectType": cls},
        gc=False,
    )


_VALUES: dict[str, Any] = {
    cls: _holding(cls, kind)
    for cls, kind in {
        "KalturaStringValue": str,
        "KalturaMultilingualStringValue": str,
        "KalturaIntegerValue": int,
        "KalturaLongValue": int,
        "KalturaDoubleValue": int | float,  # a whole number that no float holds stays exact
        "KalturaBooleanValue": bool,
    }.items()
}


class StructReader:
    """Reads rows as structs of undecoded cells, with one struct each for `metas` and `tags`.

    A struct is read several times as fast as a dict, but its names must be known: those that no
    schema lists, those of metas and tags, and the class of most metas' values are learned.
    `lay_out` turns rows into what is stored.
    """

    def __init__(
        self, names: Iterable[str] = (), lay_out: Callable[[list[Any]], Any] = list
    ) -> None:
        self._lay_out = lay_out
        self._names = dict.fromkeys(["objectType", "id", "type", *names])
        self._metas: dict[str, type[Value]] = {}
        self._tags: dict[str, Any] = {}
        self._ready()

    def _ready(self) -> None:
        """Make the structs that have the names known so far."""
        row = _struct(
            "Row",
            dict.fromkeys(self._names, Raw)
            | {"metas": _struct("Metas", self._metas, ABSENT), "tags": _struct("Tags", self._tags)},
        )
        listed = msgspec.defstruct(
            "Listed",
            [("totalCount", int | None, None), ("objects", list[row] | None, None),  # type: ignore[valid-type]
             ("error", Raw, NULL), ("objectType", str, "")],
        )  # fmt: skip
        executed = ("executionTime", float | None, None)
        failed = ("error", Raw, NULL)
        one = msgspec.defstruct("One", [("result", listed), executed, failed])
        many = msgspec.defstruct("Many", [("result", list[listed]), executed, failed])  # type: ignore[valid-type]
        self._rows = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._one, self._many = msgspec.json.Decoder(one), msgspec.json.Decoder(many)

    def fast(self, body: bytes, calls: int) -> tuple[list[Rows], float | None] | None:
        """Read a body in one go.

        It applies to compact UTF-8 JSON whose only escapes are those that JSON needs (nested cells
        are compared as text, so that one text must be written in one way), without an error in
        it, with whole numbers for totals, and without a name that is new to this reader.
        """
        if _BLANK.search(body[:64]) or _escaped(body):
            return None
        try:
            _check_text(body)
            whole: Any = (self._one if calls == 1 else self._many).decode(body)
        except (msgspec.MsgspecError, pa.ArrowInvalid, RecursionError):
            return None
        parts = [whole.result] if calls == 1 else whole.result
        if whole.error != NULL or len(parts) != calls or not all(map(_plain, parts)):
            return None
        return [_rows(part.objects or [], part.totalCount) for part in parts], whole.executionTime

    def read(self, result: bytes) -> Rows:
        """Read what may have names that are new; they are known from then on."""
        objects, total = _outline(result)
        try:
            return _rows(self._rows.decode(objects), total)
        except msgspec.ValidationError:
            records = [_mended(one) for one in msgspec.json.decode(objects)]
        self._learn(records)
        try:
            return _rows(self._rows.decode(objects), total)
        except msgspec.ValidationError:
            return _rows(self._rows.decode(msgspec.json.encode(records)), total)

    def _learn(self, records: list[dict[str, Any]]) -> None:
        """Know the names that records have, and of what class the values of each meta are."""
        self._names |= dict.fromkeys(chain(*records))
        self._tags |= dict.fromkeys(chain(*(one.get("tags") or {} for one in records)), Raw)
        values: dict[str, list[Any]] = {}
        for name, value in chain(*((one.get("metas") or {}).items() for one in records)):
            values.setdefault(name, []).append(value)
        self._metas |= {
            name: _fitting(some, self._metas.get(name)) for name, some in values.items()
        }
        self._ready()

    def lay_out(self, rows: list[Any]) -> Any:
        """Turn rows into what is stored; those from before a name was learned are read again."""
        if len(set(map(type, rows))) > 1:
            rows = self._rows.decode(msgspec.json.encode(rows))
        return self._lay_out(rows)


def _escaped(body: bytes) -> bool:
    """Return whether a letter is written as an escape that JSON does not need."""
    at = body.find(b"\\")
    while at >= 0:
        if body[at + 1 : at + 2] in (b"u", b"/"):
            return True
        at = body.find(b"\\", at + 2)
    return False


def _check_text(body: bytes) -> None:
    """Refuse what is not UTF-8, which nobody would notice: nested cells are not decoded."""
    if not body.isascii():
        ends = struct.pack("<2q", 0, len(body))
        whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(body))
        whole.validate(full=True)


def _struct(name: str, kinds: Mapping[str, Any], absent: Any = None) -> Any:
    """Make a struct with fields of these names, each of a kind or null."""
    fields: list[Any] = []
    for n, (own, kind) in enumerate(kinds.items()):
        kept, default = (Raw, NULL) if kind is Raw else (kind | None, absent)
        fields.append((f"c{n}", kept, msgspec.field(default=default, name=own)))
    return msgspec.defstruct(name, fields, omit_defaults=True, forbid_unknown_fields=True, gc=False)


def _fitting(values: list[Any], known: type[Value] | None) -> type[Value]:
    """Choose the struct for a meta's values: that of their one class, else Value."""
    names = {one.get("objectType", "") for one in values if one is not None}
    kind: type[Value] | None = _VALUES.get(names.pop()) if len(names) == 1 else None
    if kind is None or known not in (None, kind):
        return Value
    try:
        msgspec.convert(values, list[kind | None])  # type: ignore[valid-type]
    except msgspec.ValidationError:
        return Value
    return kind


def _mended(record: dict[str, Any]) -> dict[str, Any]:
    """Convert metas and tags to maps; a value that is not a map has no entries."""
    maps = {name: record[name] for name in MAPS if name in record}
    kept = {
        name: _escaped_names(one) if isinstance(one, dict) else None for name, one in maps.items()
    }
    metas = kept.get("metas") or {}
    objects = {n: one if _is_value(one) else {"value": one} for n, one in metas.items()}
    return _escaped_names(record) | kept | ({"metas": objects} if metas else {})


def _escaped_names(record: dict[str, Any]) -> dict[str, Any]:
    """Spell names so that a struct can have them."""
    return {_ESCAPED_NAME + quote(n) if _ODD.search(n) else n: one for n, one in record.items()}


def _own(name: str) -> str:
    """Return a name as it was before it was spelled for a struct."""
    return unquote(name.removeprefix(_ESCAPED_NAME)) if name.startswith(_ESCAPED_NAME) else name


def _is_value(one: Any) -> bool:
    return one is None or (isinstance(one, dict) and isinstance(one.get("objectType", ""), str))


def _rows(rows: list[Any], total: int | None) -> Rows:
    types, ids = [row.c2 for row in rows], [row.c1 for row in rows]
    return Rows(rows, keys(types, ids, rows), total)


def columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Turn rows that `StructReader` gives, of one struct, into columns; empty ones are left out.

    A cell is undecoded; those of `metas.NAME` are Values, ABSENT, or None for a null.
    """
    if not rows:
        return {}
    laid = _laid(rows)
    if odd := [name for name in laid if name.startswith(("metas.", "tags."))]:
        raise TransportError(
            f"A row has a property {odd[0]!r}, which is what a meta is called here."
        )
    for name, absent in (("metas", ABSENT), ("tags", NULL)):
        maps = laid.pop(name, [])
        kind = next((type(one) for one in maps if one is not None), None)
        if kind is not None:
            filled = maps if None not in maps else [kind() if one is None else one for one in maps]
            laid |= {f"{name}.{own}": cells for own, cells in _laid(filled, absent).items()}
    return laid


def _laid(structs: Sequence[Any], absent: Any = NULL) -> dict[str, list[Any]]:
    names = structs[0].__struct_encode_fields__
    rows = map(msgspec.structs.astuple, structs)  # half the time of a getter for each column
    laid = dict(zip(names, map(list, zip(*rows, strict=True)), strict=bool(names)))
    return {_own(own): cells for own, cells in laid.items() if not empty(cells, absent)}


def empty(cells: Sequence[Any], absent: Any = NULL) -> bool:
    """Return whether no cell of a column holds anything."""
    first = cells[0]
    return (first is absent or first == absent) and cells.count(absent) == len(cells)


def keys(types: list[Raw], ids: list[Raw], rows: Sequence[Any]) -> list[Key]:
    """Identify each row: by kind and id, or by its text where the class has no id."""
    if NULL in ids:
        return [(NO_ID, text) for text in text_hashes(rows)]
    kinds = [_KINDS.get(kind, b"") for kind in map(bytes, types)]
    return list(zip(kinds, map(bytes, ids), strict=True))


def text_hashes(rows: Sequence[Any]) -> list[int]:
    """Hash the texts of rows, whichever reader they are from."""
    return [hash(msgspec.json.encode(row)) for row in rows]


# programmes and recordings have ids of their own, which media's may equal
_KINDS = {b"0": b"0", b'"0"': b"0", b"1": b"1", b'"1"': b"1"}


def _outline(result: bytes) -> tuple[bytes, int | None]:
    try:
        whole = msgspec.json.decode(result, type=_List)
        objects = b"[]" if whole.objects == NULL else bytes(whole.objects)
        msgspec.json.decode(objects, type=list[dict[str, Raw]])
    except msgspec.MsgspecError as error:
        raise TransportError("The reply is not a list: does the action answer one?") from error
    total = whole.totalCount
    if isinstance(total, str) and re.fullmatch(r"-?[0-9]{1,18}", total.strip()):
        total = int(total)
    return objects, total if type(total) is int else None


def _plain(part: Any) -> bool:
    """Return whether a part of a body is a list without blanks, as one nested cell is written.

    A server that writes blanks writes them everywhere.
    """
    if part.error != NULL or part.objectType == "KalturaAPIException":
        return False
    first = part.objects[:1] if part.objects else []
    texts = (bytes(cell) for row in first for cell in _cells(row))
    nested = next((one for one in texts if one[:1] in _NESTED and one not in (b"[]", b"{}")), b"[]")
    return msgspec.json.format(nested, indent=-1) == nested


def _cells(struct: msgspec.Struct) -> Iterator[Raw]:
    for cell in msgspec.structs.astuple(struct):
        if isinstance(cell, msgspec.Struct):
            yield from _cells(cell)
        elif type(cell) is Raw and cell is not NULL:
            yield cell
