"""A list reply -> its rows, undecoded: what names them, how many the server counts.

Who lays rows out as a table wants their cells, who passes them on wants their texts: a `Reader`
is one or the other. Neither decodes what a cell holds.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, unquote

import msgspec
import pyarrow as pa
from msgspec import Raw

from kott_notebooks.api.envelopes import Reply, decoded
from kott_notebooks.errors import TransportError

Key = tuple[bytes, bytes]  # kind and id of a row; or b"text" and all of it, where it has no id

NULL = Raw(b"null")  # what a cell that is absent holds, as one that is null does
MAPS = ("metas", "tags")
_NESTED = (b"{", b"[")
_ODD = re.compile(r'["\\\x00-\x1f]')  # what the names of a struct must not have
_BLANK = re.compile(rb"[\[{:,]\s")  # between the first names of a body; texts come later
_SPELLED = "\ue000"  # begins a name that is spelled otherwise for that


class Found(NamedTuple):
    """What one reply holds: rows as its reader has them, what names each, the server's count."""

    rows: list[Any]
    keys: list[Key]
    total: int | None


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
        """Keep the first rows, still undecoded."""
        if rows >= self.rows:
            return self
        parts = msgspec.json.decode(self.objects, type=list[Raw])[:rows]
        return Page(b"[" + b",".join(parts) + b"]", len(parts), self.total)


class Reader(Protocol):
    """How a list's replies are read, and what is kept of their rows."""

    def at_once(self, body: bytes, calls: int) -> list[Reply] | None:
        """Read a whole body of so many calls in one go; None where it is not what one expects."""

    def read(self, result: bytes) -> Found:
        """Read a result that is known to be no error, as compact JSON."""

    def keep(self, rows: list[Any]) -> Any:
        """Make of rows what stays of them; it knows how many `rows` it has, and its `head`."""


class _List(msgspec.Struct):
    totalCount: int | None = None  # noqa: N815 - the wire's name
    objects: Raw = NULL


class _Identity(msgspec.Struct):
    id: Raw = NULL
    type: Raw = NULL


class Texts:
    """Reads rows as JSON texts and keeps them as a Page."""

    def at_once(self, body: bytes, calls: int) -> list[Reply] | None:
        """Leave it to `read`: texts are to be in one spelling."""
        return None

    def read(self, result: bytes) -> Found:
        """Read the outline of a list: `objects` may be empty or absent, `totalCount` too."""
        objects, total = _outline(result)
        rows = msgspec.json.decode(objects, type=list[Raw])
        named = msgspec.json.decode(objects, type=list[_Identity])
        return Found(
            rows, keys([one.type for one in named], [one.id for one in named], rows), total
        )

    def keep(self, rows: list[Any]) -> Page:
        """Join the texts."""
        return Page(b"[" + b",".join(rows) + b"]", len(rows))


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
    """Make what reads value objects of one class and kind, in half the time."""
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


class Cells:
    """Reads rows as structs of undecoded cells, of `metas` and `tags` a struct each.

    A struct is read several times as fast as a dict, but its names must be known: those that no
    schema lists, those of metas and tags, and the one class that the values of most metas are of,
    are learned. `keep` is how rows become what stays.
    """

    def __init__(self, names: Iterable[str] = (), keep: Callable[[list[Any]], Any] = list) -> None:
        self._keep = keep
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
        one = msgspec.defstruct("One", [("result", listed), executed])
        many = msgspec.defstruct("Many", [("result", list[listed]), executed])  # type: ignore[valid-type]
        self._rows = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._one, self._many = msgspec.json.Decoder(one), msgspec.json.Decoder(many)

    def at_once(self, body: bytes, calls: int) -> list[Reply] | None:
        """Read bodies that are compact JSON without an error in them, and without a new name."""
        if _BLANK.search(body[:64]) or _escaped(body):
            return None  # one spelling for one text: nested cells are compared as text
        try:
            _check_text(body)
            whole: Any = (self._one if calls == 1 else self._many).decode(body)
        except (msgspec.MsgspecError, pa.ArrowInvalid, RecursionError):
            return None
        parts = [whole.result] if calls == 1 else whole.result
        if len(parts) != calls or not all(map(_plain, parts)):
            return None
        share = whole.executionTime and whole.executionTime / calls
        found = [_found(part.objects or [], part.totalCount) for part in parts]
        return [Reply(b"", share, found=one, requests=int(n == 0)) for n, one in enumerate(found)]

    def read(self, result: bytes) -> Found:
        """Read what may have names that are new; they are known from then on."""
        objects, total = _outline(result)
        try:
            return _found(self._rows.decode(objects), total)
        except msgspec.ValidationError:
            records = [_mended(one) for one in msgspec.json.decode(objects)]
        self._learn(records)
        try:
            return _found(self._rows.decode(objects), total)
        except msgspec.ValidationError:
            return _found(self._rows.decode(msgspec.json.encode(records)), total)

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

    def keep(self, rows: list[Any]) -> Any:
        """Make of rows what stays; those from before a name was learned are read again."""
        if len(set(map(type, rows))) > 1:
            rows = self._rows.decode(msgspec.json.encode(rows))
        return self._keep(rows)


def _escaped(body: bytes) -> bool:
    """Say whether a letter is written as an escape that JSON does not need."""
    at = body.find(b"\\")
    while at >= 0:
        if body[at + 1 : at + 2] in (b"u", b"/"):
            return True
        at = body.find(b"\\", at + 2)
    return False


def _check_text(body: bytes) -> None:
    """Refuse what is not UTF-8, which would be found out too late: nested cells are not decoded."""
    if not body.isascii():
        ends = struct.pack("<2q", 0, len(body))
        whole = pa.LargeStringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(body))
        whole.validate(full=True)


def _struct(name: str, kinds: Mapping[str, Any], absent: Any = None) -> Any:
    """Make what reads an object of these names, each of a kind, or null."""
    fields: list[Any] = []
    for n, (own, kind) in enumerate(kinds.items()):
        kept, default = (Raw, NULL) if kind is Raw else (kind | None, absent)
        fields.append((f"c{n}", kept, msgspec.field(default=default, name=own)))
    return msgspec.defstruct(name, fields, omit_defaults=True, forbid_unknown_fields=True, gc=False)


def _fitting(values: list[Any], known: type[Value] | None) -> type[Value]:
    """Choose what reads a meta's values: all of one class, or of any."""
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
    """Give metas and tags the form that they should have: what is no map has no entries."""
    maps = {name: record[name] for name in MAPS if name in record}
    kept = {name: _spelled(one) if isinstance(one, dict) else None for name, one in maps.items()}
    metas = kept.get("metas") or {}
    objects = {n: one if _is_value(one) else {"value": one} for n, one in metas.items()}
    return _spelled(record) | kept | ({"metas": objects} if metas else {})


def _spelled(record: dict[str, Any]) -> dict[str, Any]:
    """Spell names so that a struct can have them."""
    return {_SPELLED + quote(n) if _ODD.search(n) else n: one for n, one in record.items()}


def _own(name: str) -> str:
    """Give a name as it was before it was spelled for a struct."""
    return unquote(name.removeprefix(_SPELLED)) if name.startswith(_SPELLED) else name


def _is_value(one: Any) -> bool:
    return one is None or (isinstance(one, dict) and isinstance(one.get("objectType", ""), str))


def _found(rows: list[Any], total: int | None) -> Found:
    types, ids = [row.c2 for row in rows], [row.c1 for row in rows]
    return Found(rows, keys(types, ids, rows), total)


def columns(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Turn rows that `Cells` read, of one kind of struct, into columns; empty ones are left out.

    A cell is undecoded; those of `metas.NAME` are Values, ABSENT, or None for a null.
    """
    if not rows:
        return {}
    laid = _laid(rows)
    for name, absent in (("metas", ABSENT), ("tags", NULL)):
        maps = laid.pop(name, [])
        kind = next((type(one) for one in maps if one is not None), None)
        if kind is not None:
            filled = maps if None not in maps else [kind() if one is None else one for one in maps]
            laid |= {f"{name}.{own}": cells for own, cells in _laid(filled, absent).items()}
    return laid


def _laid(structs: Sequence[Any], absent: Any = NULL) -> dict[str, list[Any]]:
    names = structs[0].__struct_encode_fields__
    laid = {own: list(map(attrgetter(f"c{n}"), structs)) for n, own in enumerate(names)}
    return {_own(own): cells for own, cells in laid.items() if not empty(cells, absent)}


def empty(cells: list[Any], absent: Any = NULL) -> bool:
    """Say whether no cell of a column holds anything."""
    first = cells[0]
    return (first is absent or first == absent) and cells.count(absent) == len(cells)


def keys(types: list[Raw], ids: list[Raw], rows: Sequence[Any]) -> list[Key]:
    """Name each row: by kind and id, or by its whole text where the class has no id."""
    if NULL in ids:
        return [(b"text", msgspec.json.encode(row)) for row in rows]
    kinds = [_KINDS.get(kind, b"") for kind in map(bytes, types)]
    return list(zip(kinds, map(bytes, ids), strict=True))


# programmes and recordings have ids of their own, which media's may equal
_KINDS = {b"0": b"0", b'"0"': b"0", b"1": b"1", b'"1"': b"1"}


def _outline(result: bytes) -> tuple[bytes, int | None]:
    try:
        found = msgspec.json.decode(result, type=_List)
        objects = b"[]" if found.objects == NULL else bytes(found.objects)
        msgspec.json.decode(objects, type=list[dict[str, Raw]])
    except msgspec.MsgspecError as error:
        raise TransportError("The reply is not a list: does the action answer one?") from error
    return objects, found.totalCount


def _plain(part: Any) -> bool:
    """Say whether a part of a body is a list that is written without blanks, as one nested cell is.

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
