"""A list reply -> its rows, undecoded: what names them, how many the server counts.

Who lays rows out as a table wants their cells, who passes them on wants their texts: a `Reader`
is one or the other. Neither decodes what a cell holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

import msgspec
from msgspec import Raw

from kott_notebooks.errors import TransportError
from kott_notebooks.wire import Reply

Key = tuple[bytes, bytes]  # kind and id of a row; or b"text" and all of it, where it has no id

NULL = Raw(b"null")  # what a cell that is absent holds, as one that is null does
_NESTED = (b"{", b"[")
_ESCAPED = re.compile(rb"\\[u/]")


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
        found: list[dict[str, Any]] = msgspec.json.decode(self.objects)
        return found

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


class Cells:
    """Reads rows as structs of undecoded cells; names that no schema lists are learned.

    A struct is read several times as fast as a dict. `keep` is how rows become what stays.
    """

    def __init__(self, names: Iterable[str] = (), keep: Callable[[list[Any]], Any] = list) -> None:
        self._keep = keep
        self._learn(["objectType", "id", "type", *names])

    def _learn(self, names: Iterable[str]) -> None:
        self.names = dict.fromkeys(names)
        fields = [
            (f"c{n}", Raw, msgspec.field(default=NULL, name=name))
            for n, name in enumerate(self.names)
        ]
        row = msgspec.defstruct(
            "Row", fields, omit_defaults=True, forbid_unknown_fields=True, gc=False
        )
        listed = msgspec.defstruct(
            "Listed",
            [("totalCount", int | None, None), ("objects", list[row] | None, None),  # type: ignore[valid-type]
             ("error", Raw, NULL), ("objectType", str, "")],
        )  # fmt: skip
        seconds = ("executionTime", float | None, None)
        one = msgspec.defstruct("One", [("result", listed), seconds])
        many = msgspec.defstruct("Many", [("result", list[listed]), seconds])  # type: ignore[valid-type]
        self._rows = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]
        self._one, self._many = msgspec.json.Decoder(one), msgspec.json.Decoder(many)

    def at_once(self, body: bytes, calls: int) -> list[Reply] | None:
        """Read bodies that are compact JSON without an error in them."""
        if b"\\" in body and _ESCAPED.search(body):
            return None  # one spelling for one text: nested cells are compared as text
        try:
            body.decode("utf-8")
            whole: Any = (self._one if calls == 1 else self._many).decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        parts = [whole.result] if calls == 1 else whole.result
        if len(parts) != calls or not all(map(_plain, parts)):
            return None
        share = whole.executionTime and whole.executionTime / calls
        found = [self._found(part.objects or [], part.totalCount) for part in parts]
        return [Reply(b"", share, found=one, requests=int(n == 0)) for n, one in enumerate(found)]

    def read(self, result: bytes) -> Found:
        """Read what may have names that are new; they are known from then on."""
        objects, total = _outline(result)
        try:
            rows = self._rows.decode(objects)
        except msgspec.ValidationError:
            named = msgspec.json.decode(objects, type=list[dict[str, Raw]])
            self._learn(dict.fromkeys([*self.names, *(name for row in named for name in row)]))
            rows = self._rows.decode(objects)
        return self._found(rows, total)

    def keep(self, rows: list[Any]) -> Any:
        """Make of rows what stays; those from before a name was learned are read again."""
        if len(set(map(type, rows))) > 1:
            rows = self._rows.decode(msgspec.json.encode(rows))
        return self._keep(rows)

    def _found(self, rows: list[Any], total: int | None) -> Found:
        types, ids = [row.c2 for row in rows], [row.c1 for row in rows]
        return Found(rows, keys(types, ids, rows), total)


def columns(rows: Sequence[Any]) -> dict[str, list[Raw]]:
    """Turn rows that `Cells` read, of one kind of struct, into columns; empty ones are left out."""
    names = rows[0].__struct_encode_fields__ if rows else ()
    laid = {name: list(map(attrgetter(f"c{n}"), rows)) for n, name in enumerate(names)}
    return {name: cells for name, cells in laid.items() if not empty(cells)}


def empty(cells: list[Any], absent: Any = NULL) -> bool:
    """Say whether no cell of a column holds anything."""
    return cells[0] == absent and cells.count(absent) == len(cells)


def keys(types: list[Raw], ids: list[Raw], rows: Sequence[Any]) -> list[Key]:
    """Name each row: by kind and id, or by its whole text where the class has no id."""
    if NULL in ids:
        return [(b"text", msgspec.json.encode(row)) for row in rows]
    return [
        (_KINDS.get(bytes(kind), b""), bytes(one)) for kind, one in zip(types, ids, strict=True)
    ]


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
    """Say whether a part of a body is a list, and its nested cells are written without blanks."""
    if part.error != NULL or part.objectType == "KalturaAPIException":
        return False
    first = [
        bytes(cell) for row in (part.objects or [])[:1] for cell in msgspec.structs.astuple(row)
    ]
    return all(msgspec.json.format(one, indent=-1) == one for one in first if one[:1] in _NESTED)
