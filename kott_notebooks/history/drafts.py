"""A snapshot that is written part by part, in bounded memory, and resumed by any process.

    STORE/assets/draft-1f0c.../draft.json            the query, when it was begun, and a state
    STORE/assets/draft-1f0c.../000001-a1b2.parquet   the rows of one part
    STORE/assets/draft-1f0c.../000001-a1b2.json      what the part is; without it there is no part

A draft's name is the hash of its query, so that the same query finds it again. No reader of the
store sees it. `commit` writes its parts as one snapshot, and removes it. A draft that is a day old
is started over: its first rows are out of date.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import IO, Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from kott_notebooks.errors import KottError
from kott_notebooks.history import files, store
from kott_notebooks.history.files import Place
from kott_notebooks.history.store import Column, DataFile
from kott_notebooks.times import present

ROWS_PER_FILE = 500_000
MAX_AGE = pd.Timedelta(days=1)  # up to which a draft is resumed
BEGUN = "draft.json"


class Part(msgspec.Struct, frozen=True):
    """A part of a draft: the writer's description, its columns, and its file."""

    about: dict[str, Any]
    columns: dict[str, Column]
    file: DataFile


class Begun(msgspec.Struct, frozen=True):
    """The description that a draft was begun with."""

    query: msgspec.Raw
    began: str
    state: Any


class Draft:
    """A snapshot that is being written. Made by `begin`; closed at the end of its `with` block."""

    def __init__(
        self,
        system: fs.FileSystem,
        root: str,
        name: str,
        query: bytes,
        state: Callable[[], Any],
    ) -> None:
        self._system, self._root, self._name = system, root, name
        self._folder = f"{root}/{name}/draft-{hashlib.sha256(query).hexdigest()[:16]}"
        self._parts: list[Part] = []
        self._lock: IO[bytes] | None = None
        try:
            system.create_dir(self._folder, recursive=True)
            self._lock = files.lock(system, f"{self._folder}/lock")
            begun = self._resumed()
            if begun is None:
                begun = Begun(msgspec.Raw(query), present().isoformat(), state())
                content = msgspec.json.encode(begun)
                files.write_once(system, f"{self._folder}/{BEGUN}", content)
        except BlockingIOError as error:
            raise KottError(
                f"Another process is writing the same table to {root}: wait until it has ended."
            ) from error
        except (OSError, pa.ArrowException, msgspec.MsgspecError) as error:
            self._close()
            raise KottError(f"The draft {self._folder} cannot be used: {error}") from error
        except BaseException:
            self._close()
            raise
        self.began, self.state = pd.Timestamp(begun.began), begun.state

    def _resumed(self) -> Begun | None:
        """Read the draft that is on disk; one that is too old is removed, and None returned."""
        names = files.listed(self._system, self._folder)
        begun = None
        if BEGUN in names:
            content = files.read_bytes(self._system, f"{self._folder}/{BEGUN}")
            begun = msgspec.json.decode(content, type=Begun)
            if present() - pd.Timestamp(begun.began) > MAX_AGE:
                begun = None
        for name in names:
            path = f"{self._folder}/{name}"
            if begun is None and name != "lock":
                self._system.delete_file(path)
            elif name.endswith(".json") and name != BEGUN:
                content = files.read_bytes(self._system, path)
                self._parts.append(msgspec.json.decode(content, type=Part))
        return begun

    @property
    def parts(self) -> list[dict[str, Any]]:
        """What `append` was given about each part that is on disk, in the order of writing."""
        return [part.about for part in self._parts]

    @property
    def columns(self) -> list[str]:
        """The columns that any part has."""
        return list(self._schema())

    def _schema(self) -> dict[str, str]:
        """Return the columns of all parts: as the first has them, then metas and tags by name."""
        schema = store.common_schema(part.columns for part in self._parts)
        named = sorted(one for one in schema if one.startswith(("metas.", "tags.")))
        return {one: schema[one] for one in [*(one for one in schema if one not in named), *named]}

    def tables(self, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
        """Read the parts, one table each, with those of `columns` that it has."""
        for part in self._parts:
            has = None if columns is None else [one for one in columns if one in part.columns]
            yield self._table(part, has)

    def _table(self, part: Part, columns: list[str] | None = None) -> pd.DataFrame:
        path = f"{self._folder}/{part.file.path}"
        store.check(self._system, path, part.file)
        arrow = pq.read_table(path, filesystem=self._system, columns=columns)
        table: pd.DataFrame = arrow.to_pandas()
        return table.astype({name: part.columns[name].dtype for name in table.columns})

    def append(self, table: pd.DataFrame, about: Mapping[str, Any]) -> None:
        """Write a part, which is whole and on disk when this returns.

        `about` is any JSON that identifies the part, such as the window of its ids.
        """
        name = f"{len(self._parts) + 1:06d}-{secrets.token_hex(4)}"
        path = f"{self._folder}/{name}.parquet"
        try:
            pq.write_table(store.as_arrow(table), path, filesystem=self._system)
            file = store.described(self._system, self._folder, path, len(table))
            part = Part(dict(about), store.columns_of(table), file)
            files.write_once(self._system, f"{self._folder}/{name}.json", msgspec.json.encode(part))
        except (OSError, pa.ArrowException) as error:
            raise KottError(
                f"A part of {self._name} could not be written to {self._folder}: {error}. The "
                f"{len(self._parts):,} parts before it are on disk: the same call goes on."
            ) from error
        self._parts.append(part)

    def commit(
        self,
        provenance: Mapping[str, Any],
        *,
        order: Callable[[dict[str, Any]], Any] | None = None,
    ) -> str:
        """Write the parts as one snapshot, one in memory at a time, and return the snapshot's id.

        `order` returns the sort key of a part; by default parts stay in the order of writing. The
        snapshot is of the time in the provenance, else of when the draft was begun.
        """
        parts = self._parts if order is None else sorted(self._parts, key=lambda p: order(p.about))
        schema = self._schema()
        when = provenance.get("when", self.began)
        with store.new_snapshot(self._system, self._root, self._name, when) as new:
            written = self._merged(parts, schema, f"{self._root}/{self._name}/{new.id}")
            manifest = msgspec.structs.replace(
                new,
                rows=sum(file.rows for file in written),
                schema=schema,
                provenance=dict(provenance),
                files=written,
            )
            store.write_manifest(self._system, self._root, manifest)
        self.discard()
        return new.id

    def _merged(self, parts: list[Part], schema: dict[str, str], folder: str) -> list[DataFile]:
        """Write parts one below the other, with the columns and types of all, into few files."""
        written: list[DataFile] = []
        writer: pq.ParquetWriter | None = None
        path, rows = "", 0
        try:
            for place, part in enumerate(parts):
                arrow = store.as_arrow(store.conformed(self._table(part), schema))
                if writer is None:
                    path, rows = f"{folder}/part-{len(written):05d}.parquet", 0
                    writer = pq.ParquetWriter(path, arrow.schema, filesystem=self._system)
                writer.write_table(arrow.cast(writer.schema), row_group_size=store.ROWS_PER_GROUP)
                rows += arrow.num_rows
                if rows >= ROWS_PER_FILE or place == len(parts) - 1:
                    writer.close()
                    writer = None
                    written.append(store.described(self._system, folder, path, rows))
        finally:
            if writer is not None:
                writer.close()
        return written

    def discard(self) -> None:
        """Remove the draft from the store, and close it."""
        if os.name == "nt":  # where an open file cannot be removed
            self._close()
        try:
            files.remove(self._system, self._folder)
        finally:
            self._close()

    def _close(self) -> None:
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()


def begin(
    place: Place, *, name: str, query: Mapping[str, Any], state: Callable[[], Any] = dict
) -> Draft:
    """Begin a snapshot that is written part by part, or resume the one of the same query.

    Parameters
    ----------
    place : str or path
        The store, as `kott.save` takes it.
    name : str
        What the table is called in the store.
    query : mapping
        All that decides which rows and columns the table has, as JSON: url, partner, action,
        filter, fields, language. No secret.
    state : callable, optional
        Called when a draft is begun; what it returns is kept in the draft, as JSON: its `state`.

    Returns
    -------
    Draft
        To be used as a context manager. Its `parts` are those that are on disk already; `began` is
        when it was begun.

    Raises
    ------
    KottError
        Another process is writing the same table, or the store cannot be written.
    """
    system, root = files.opened(place)
    encoded = msgspec.json.encode(query, order="deterministic")
    return Draft(system, root, store.checked_name(name), encoded, state)
