"""Snapshots: tables kept as Parquet, each with a manifest that is written last.

A snapshot is a folder of Parquet files and a manifest beside it. Every name is new and no file is
ever changed, so two writers never touch the same file; without a manifest there is no snapshot, so
a writer that is killed leaves nothing that could be taken for one.

    STORE/assets/20261126T143000.123456Z-0655a1b2c3d4e5f6.json         the manifest
    STORE/assets/20261126T143000.123456Z-0655a1b2c3d4e5f6/part-0.parquet
    STORE/epg/20261126T143512.000000Z-0655a1b2c40718ab/day=2026-11-26/part-0.parquet

A snapshot's id is made of the time that it is of, the time when it was saved, and a random end. The
order of ids is the order of snapshots, so that a manifest is only opened where it is needed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

from kott_notebooks.errors import KottError, as_list
from kott_notebooks.history import files
from kott_notebooks.history.files import Place
from kott_notebooks.tables.provenance import ATTR, facts, with_facts
from kott_notebooks.times import When, instant, present

VERSION = 1  # of the manifest
STAMP = "%Y%m%dT%H%M%S.%fZ"
LARGEST = 2**53  # up to which a float holds every whole number
ROWS_PER_GROUP = 100_000  # of a Parquet row group
ROW = "__row"  # a partitioned snapshot keeps the order of its rows in this column
PARTITIONS = {"day": "startDate", "channel": "linearAssetId"}  # and the column each comes from
By: TypeAlias = Literal["day", "channel"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")


class DataFile(msgspec.Struct, frozen=True):
    """A Parquet file of a snapshot: its path below the snapshot's folder, and what it holds."""

    path: str
    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot holds: `when` it is of, when it was `saved`, and its files."""

    version: int
    id: str
    name: str
    when: str
    saved: str
    rows: int
    schema: dict[str, str]
    by: str | None
    provenance: dict[str, Any]
    files: list[DataFile]


class _Version(msgspec.Struct):
    version: int


def save(
    table: pd.DataFrame,
    store: Place,
    *,
    name: str | None = None,
    by: By | None = None,
    when: When | None = None,
) -> str:
    """Save a table as a snapshot in a store.

    Parameters
    ----------
    table : DataFrame
        Any table of this package; its types, its nested columns and its provenance are kept.
    store : str or path
        A local folder, or the address of an object store that fsspec opens (`s3://bucket/kott`).
        It is made if it is not there.
    name : str, optional
        What the table is called in the store. Default: the function that it came from ("assets",
        "epg" ...).
    by : {"day", "channel"}, optional
        Split the files by the UTC day of `startDate`, or by `linearAssetId`.
    when : str, datetime or Timestamp, optional
        The time that the table is of. Default: when it was pulled, else now.

    Returns
    -------
    str
        The snapshot's id, which `kott.load(store, at=...)` takes.

    Raises
    ------
    KottError
        The table has no name and none is given, lacks the column that `by` needs, or the store
        cannot be written. A snapshot that could not be written whole is not there.

    See Also
    --------
    load, snapshots

    Examples
    --------
    >>> import tempfile
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> store = tempfile.mkdtemp()
    >>> assets = kott.assets(demo.login(assets=200))
    >>> at = kott.save(assets, store)
    >>> kott.load(store).equals(assets)
    True
    """
    known = facts(table)
    called = checked_name(name or str(known.get("source", "")).removeprefix("kott."))
    if by is not None and by not in PARTITIONS:
        raise KottError(f"by must be {' or '.join(map(repr, PARTITIONS))}, not {by!r}.")
    if by is not None and PARTITIONS[by] not in table:
        raise KottError(f"by={by!r} needs the column {PARTITIONS[by]}, which the table lacks.")
    if by is not None and by in table:
        raise KottError(f"by={by!r} makes a column {by}, which the table has already: rename it.")
    system, root = files.opened(store)
    with new_snapshot(system, root, called, known.get("when") if when is None else when) as new:
        written = _write(system, f"{root}/{called}/{new.id}", as_arrow(table, by), by)
        manifest = msgspec.structs.replace(
            new,
            rows=len(table),
            schema=schema_of(table),
            by=by,
            provenance=known,
            files=written,
        )
        write_manifest(system, root, manifest)
    return new.id


@contextlib.contextmanager
def new_snapshot(
    system: fs.FileSystem, root: str, name: str, when: When | None
) -> Iterator[Manifest]:
    """Make the folder of a new snapshot, and yield a manifest that lists no files yet.

    If the block fails before it has written the manifest, the folder is removed.
    """
    saved = present()
    time = saved if when is None else instant(when)
    order = int(saved.timestamp() * 1000)
    identity = f"{time.strftime(STAMP)}-{order:012x}{secrets.token_hex(2)}"
    folder = f"{root}/{name}/{identity}"
    try:
        system.create_dir(folder, recursive=True)
        yield Manifest(
            version=VERSION,
            id=identity,
            name=name,
            when=time.isoformat(),
            saved=saved.isoformat(),
            rows=0,
            schema={},
            by=None,
            provenance={},
            files=[],
        )
    except BaseException as error:
        if f"{identity}.json" not in files.listed(system, f"{root}/{name}"):
            files.remove(system, folder)
        if isinstance(error, OSError | pa.ArrowException):
            raise KottError(
                f"The snapshot of {name} could not be written to {root}: {error}. Nothing of it "
                "was kept; the snapshots before it are as they were."
            ) from error
        raise


def write_manifest(system: fs.FileSystem, root: str, manifest: Manifest) -> None:
    """Write a snapshot's manifest, which makes it one."""
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    files.write_once(system, f"{root}/{manifest.name}/{manifest.id}.json", encoded)


def schema_of(table: pd.DataFrame) -> dict[str, str]:
    """Return the names of a table's columns and of their dtypes."""
    return {str(column): str(dtype) for column, dtype in table.dtypes.items()}


def load(
    store: Place,
    *,
    name: str | None = None,
    at: When | None = None,
    fields: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read a snapshot back, as the table that was saved.

    Parameters
    ----------
    store : str or path
        As in `save`.
    name : str, optional
        Which table; may be left out where the store has one.
    at : str, datetime or Timestamp, optional
        The newest snapshot at or before this time; or a snapshot's id. Default: the newest.
    fields : list of str, optional
        Read these columns only.

    Returns
    -------
    DataFrame
        The rows, columns, dtypes and provenance of the table that was saved.

    Raises
    ------
    KottError
        There is no such snapshot, a file of it is missing or damaged (the message names it), or a
        newer version of kott_notebooks wrote it.

    See Also
    --------
    save, snapshots

    Examples
    --------
    >>> import tempfile
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> store = tempfile.mkdtemp()
    >>> _ = kott.save(kott.channels(demo.login(assets=200)), store, name="channels")
    >>> kott.load(store, fields=["id", "name"]).columns.tolist()
    ['id', 'name']
    """
    wanted = None if fields is None else as_list("fields", fields)
    system, root = files.opened(store)
    name = chosen_name(system, root, store, name)
    manifest = manifest_of(system, root, name, chosen(system, root, name, at))
    return read_checked(system, f"{root}/{manifest.name}/{manifest.id}", manifest, wanted)


def load_all(
    store: Place,
    *,
    name: str | None = None,
    start: When | None = None,
    end: When | None = None,
    fields: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read the snapshots of a table one below the other.

    Parameters
    ----------
    store, name : path and str
        As in `load`.
    start, end : str, datetime or Timestamp, optional
        The snapshots of a time in [start, end). Default: all.
    fields : list of str, optional
        Read these columns only; a snapshot that lacks one has no values there.

    Returns
    -------
    DataFrame
        One row per row and snapshot: `snapshot` (`datetime64[us, UTC]`), then every column that
        any of the snapshots has. Where the type of a column differs from one to another it is the
        one that holds both (`Int64` and `Float64` give `Float64`), else `str`.

    Raises
    ------
    KottError
        There is no snapshot in that time, none of them has a column, or a file is damaged.

    See Also
    --------
    load, snapshots, history.churn

    Examples
    --------
    >>> import tempfile
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> store, channels = tempfile.mkdtemp(), kott.channels(demo.login(assets=200))
    >>> _ = kott.save(channels, store, name="channels", when="2026-03-01")
    >>> _ = kott.save(channels[:3], store, name="channels", when="2026-03-02")
    >>> kott.load_all(store).groupby("snapshot").size().tolist()
    [40, 3]
    """
    named = [] if fields is None else as_list("fields", fields)
    system, root = files.opened(store)
    name = chosen_name(system, root, store, name)
    first, last = (None if one is None else instant(one) for one in (start, end))
    wanted = [
        one
        for one in ids(system, root, name)
        if (first is None or time_of(one) >= first) and (last is None or time_of(one) < last)
    ]
    if not wanted:
        raise KottError(f"There is no snapshot of {name!r} from {first} to {last}.")
    parts = []
    for one in wanted:
        manifest = manifest_of(system, root, name, one)
        has = None if fields is None else [c for c in named if c in manifest.schema]
        part = read_checked(system, f"{root}/{name}/{one}", manifest, has)
        if "snapshot" in part:
            raise KottError(
                f"The table {name!r} has a column snapshot of its own: kott.load reads one of its "
                "snapshots, and fields= can leave it out."
            )
        part.insert(0, "snapshot", pd.Series(time_of(one), part.index, "datetime64[us, UTC]"))
        parts.append(part)
    absent = set(named) - {column for part in parts for column in part}
    if absent:
        raise KottError(f"fields: no snapshot of {name!r} has {', '.join(sorted(absent))}.")
    table, times = stacked(parts), [time_of(one).isoformat() for one in wanted]
    return with_facts(
        table, source="kott.load_all", name=name, snapshots=times, rows_loaded=len(table)
    )


def stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables one below the other, with the columns and dtypes of all, without provenance."""
    schema = common_schema(map(columns_of, tables))
    table = pd.concat([conformed(one, schema) for one in tables], ignore_index=True)
    table.attrs.clear()
    return table


class Column(msgspec.Struct, frozen=True):
    """What `common_schema` has to know of a column."""

    dtype: str
    filled: bool  # it has a value
    large: bool  # it has a whole number that no float holds


def columns_of(table: pd.DataFrame) -> dict[str, Column]:
    """Describe the columns of a table, as `common_schema` takes them."""
    described = {}
    for name, cells in table.items():
        large = cells.dtype == "Int64" and bool((cells.abs() > LARGEST).any())
        described[str(name)] = Column(str(cells.dtype), bool(cells.notna().any()), large)
    return described


def common_schema(tables: Iterable[dict[str, Column]]) -> dict[str, str]:
    """Return the columns that any table has, and for each a dtype that holds all its values.

    A column without a value does not count, unless it has none in any table.
    """
    columns: dict[str, list[Column]] = {}
    for table in tables:
        for name, column in table.items():
            columns.setdefault(name, []).append(column)
    schema = {}
    for name, every in columns.items():
        own = [one for one in every if one.filled] or every[:1]
        dtypes = {one.dtype for one in own}
        schema[name] = "str" if len(dtypes) > 1 else own[0].dtype
        if dtypes == {"Int64", "Float64"} and not any(one.large for one in own):
            schema[name] = "Float64"
    return schema


def conformed(table: pd.DataFrame, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Convert a table to the columns and dtypes of a schema; columns that it lacks are absent."""
    columns = {}
    for name, dtype in schema.items():
        column = table.get(name, pd.Series(pd.NA, table.index, "object"))
        if not column.notna().any():
            column = pd.Series(pd.NA, table.index, "object")
        if dtype == "str" and column.dtype != "str":
            column = column.astype("object").map(_text, na_action="ignore")
            column = column.where(column.notna(), None)
        columns[name] = column.astype(dtype)
    return pd.DataFrame(columns, index=table.index)


def _text(value: Any) -> str:
    """Write a value as the API does."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)


def snapshots(store: Place, *, name: str | None = None) -> pd.DataFrame:
    """List the snapshots of a store.

    Parameters
    ----------
    store : str or path
        As in `save`.
    name : str, optional
        Those of this table only.

    Returns
    -------
    DataFrame
        One row per snapshot, the oldest first: `name`, `id` (`str`), `when`, `saved`
        (`datetime64[us, UTC]`), `rows`, `columns`, `files`, `bytes` (`Int64`), `action`, `url`
        (`str`), `partner` (`Int64`).

    Raises
    ------
    KottError
        `name` is not the name of a table, the store cannot be opened, or a manifest is damaged.

    See Also
    --------
    load, load_all

    Examples
    --------
    >>> import tempfile
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> store = tempfile.mkdtemp()
    >>> _ = kott.save(kott.channels(demo.login(assets=200)), store, name="channels")
    >>> kott.snapshots(store)["name"].tolist()
    ['channels']
    """
    system, root = files.opened(store)
    names = files.folders(system, root) if name is None else [checked_name(name)]
    manifests = [
        manifest_of(system, root, called, one)
        for called in names
        for one in ids(system, root, called)
    ]
    rows = [
        {
            "name": one.name,
            "id": one.id,
            "when": one.when,
            "saved": one.saved,
            "rows": one.rows,
            "columns": len(one.schema),
            "files": len(one.files),
            "bytes": sum(file.bytes for file in one.files),
            "action": one.provenance.get("action"),
            "url": one.provenance.get("url"),
            "partner": one.provenance.get("partner"),
        }
        for one in manifests
    ]
    table = pd.DataFrame(rows, columns=list(_DTYPES))
    for column in ("when", "saved"):
        table[column] = pd.to_datetime(table[column], utc=True, format="ISO8601")
    return table.astype(_DTYPES).sort_values(["id", "name"], ignore_index=True)


_DTYPES: dict[str, Any] = {
    **{"name": "str", "id": "str"},
    **dict.fromkeys(("when", "saved"), "datetime64[us, UTC]"),
    **dict.fromkeys(("rows", "columns", "files", "bytes"), "Int64"),
    **{"action": "str", "url": "str", "partner": "Int64"},
}


def ids(system: fs.FileSystem, root: str, name: str) -> list[str]:
    """List the ids of a table's snapshots, the oldest first."""
    names = files.listed(system, f"{root}/{name}")
    return [one.removesuffix(".json") for one in names if one.endswith(".json")]


def manifest_of(system: fs.FileSystem, root: str, name: str, identity: str) -> Manifest:
    """Read a snapshot's manifest."""
    path = f"{root}/{name}/{identity}.json"
    content = files.read_bytes(system, path)
    try:
        version = msgspec.json.decode(content, type=_Version).version
        if version > VERSION:
            raise KottError(
                f"{path} was written by a newer kott_notebooks (manifest version {version}; this "
                f"one reads {VERSION}): update it with pip."
            )
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise KottError(f"{path} is not a manifest, or it is damaged: {error}") from error


def data_paths(folder: str, manifest: Manifest) -> list[str]:
    """List the Parquet files of a snapshot."""
    return [f"{folder}/{file.path}" for file in manifest.files]


def time_of(identity: str) -> pd.Timestamp:
    """Return the time that a snapshot is of, from its id."""
    return pd.Timestamp(dt.datetime.strptime(identity.partition("-")[0], STAMP), tz="UTC")


def tables_of(
    store: Place, *, name: str | None = None, at: When | None = None
) -> Iterator[pd.DataFrame]:
    """Read a snapshot file by file, each checked first: one table per file, in bounded memory.

    Tables come in the order of the files, and without provenance.
    """
    system, root = files.opened(store)
    name = chosen_name(system, root, store, name)
    manifest = manifest_of(system, root, name, chosen(system, root, name, at))
    for file in manifest.files:
        one = msgspec.structs.replace(manifest, files=[file], provenance={})
        yield read_checked(system, f"{root}/{name}/{manifest.id}", one)


def read_checked(
    system: fs.FileSystem, folder: str, manifest: Manifest, columns: list[str] | None = None
) -> pd.DataFrame:
    """Read a snapshot's files, each checked before it is read."""
    missing = [column for column in columns or () if column not in manifest.schema]
    if missing:
        raise KottError(
            f"fields: the snapshot {manifest.id} has no column {', '.join(missing)}; it has "
            f"{', '.join(manifest.schema)}."
        )
    for path, file in zip(data_paths(folder, manifest), manifest.files, strict=True):
        check(system, path, file)
    return read(system, folder, manifest, columns)


def read(
    system: fs.FileSystem,
    folder: str,
    manifest: Manifest,
    columns: list[str] | None = None,
    *,
    select: Any = None,
) -> pd.DataFrame:
    """Read a snapshot's files without a check; of their rows, those that `select` has."""
    data = ds.dataset(data_paths(folder, manifest), format="parquet", filesystem=system)
    wanted = list(manifest.schema) if columns is None else columns
    arrow = data.to_table(columns=[*wanted, ROW] if manifest.by else wanted, filter=select)
    if manifest.by:
        arrow = arrow.sort_by(ROW).drop_columns(ROW)
    table: pd.DataFrame = arrow.to_pandas()
    table = table.astype({column: manifest.schema[column] for column in table.columns})
    table.attrs.clear()
    if manifest.provenance:
        table.attrs[ATTR] = msgspec.json.encode(manifest.provenance).decode()
    return table


def _write(system: fs.FileSystem, folder: str, arrow: pa.Table, by: str | None) -> list[DataFile]:
    """Write a table's files, and describe each."""
    written: list[tuple[str, int]] = []
    if arrow.num_rows:
        split = ds.partitioning(pa.schema([(by, pa.string())]), flavor="hive") if by else None
        ds.write_dataset(
            arrow,
            folder,
            filesystem=system,
            format="parquet",
            basename_template="part-{i}.parquet",
            partitioning=split,
            max_partitions=100_000,
            max_open_files=500,
            min_rows_per_group=ROWS_PER_GROUP,  # not one per chunk of a concatenated table
            max_rows_per_group=ROWS_PER_GROUP,
            preserve_order=True,  # of row groups, which threads write
            existing_data_behavior="overwrite_or_ignore",  # the folder is new
            file_visitor=lambda file: written.append((file.path, file.metadata.num_rows)),
        )
    else:  # of no rows, a dataset writer makes no file
        written.append((f"{folder}/part-0.parquet", 0))
        pq.write_table(arrow, written[0][0], filesystem=system)
    return [described(system, folder, path, rows) for path, rows in sorted(written)]


def described(system: fs.FileSystem, folder: str, path: str, rows: int) -> DataFile:
    """Describe a file that was written, once it is on the disk."""
    files.flush(system, path)
    size, sha256 = files.digest(system, path)
    return DataFile(path.removeprefix(folder).lstrip("/"), rows, size, sha256)


def as_arrow(table: pd.DataFrame, by: str | None = None) -> pa.Table:
    """Return a table for Parquet; a partitioned one with its key and the order of its rows."""
    try:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowException, ValueError) as error:  # ValueError: two columns of one name
        raise KottError(f"The table cannot be written as Parquet: {error}") from error
    if by is None:
        return arrow
    key = table[PARTITIONS[by]]
    texts = key.dt.strftime("%Y-%m-%d") if by == "day" else key.astype("str")
    arrow = arrow.append_column(ROW, pa.array(range(len(table)), pa.int64()))
    return arrow.append_column(by, pa.array(texts.fillna("none"), pa.string()))


def checked_name(name: str) -> str:
    """Return the name of a table in a store; KottError for one that cannot be a folder's name."""
    if not _NAME.fullmatch(name):
        raise KottError(
            f"name must be letters, digits, blanks, '.', '_' and '-', not {name!r}. Say what the "
            'table is called in the store: name="assets".'
        )
    return name


def chosen_name(system: fs.FileSystem, root: str, store: Place, name: str | None) -> str:
    """Return the table's name: the one given, or that of the only table of the store."""
    names = files.folders(system, root)
    has = f"it has {', '.join(names)}" if names else "it is empty"
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise KottError(f"Say which table of the store {store}, as name=: {has}.")
    if checked_name(name) not in names:
        raise KottError(f"The store {store} has no table {name!r}; {has}.")
    return name


def chosen(system: fs.FileSystem, root: str, name: str, at: When | None) -> str:
    """Return the id of the newest snapshot at or before a time, or of the one with that id."""
    known = ids(system, root, name)
    if not known:
        raise KottError(f"There is no whole snapshot of {name!r}.")
    if at is None:
        return known[-1]
    if isinstance(at, str) and at in known:
        return at
    limit = instant(at)
    before = [one for one in known if time_of(one) <= limit]
    if not before:
        raise KottError(
            f"No snapshot of {name!r} is as old as {limit}; the oldest is of {time_of(known[0])}."
        )
    return before[-1]


def check(system: fs.FileSystem, path: str, file: DataFile) -> None:
    """Raise KottError unless a file holds what was written."""
    try:
        size, sha256 = files.digest(system, path)
    except (OSError, pa.ArrowException) as error:
        raise KottError(f"{path} cannot be read: {error}") from error
    if (size, sha256) != (file.bytes, file.sha256):
        raise KottError(
            f"{path} is damaged: it has {size:,} bytes of {file.bytes:,}, or other ones than were "
            "written. Load an older snapshot, or pull the table again."
        )


def check_sizes(system: fs.FileSystem, paths: list[str], manifest: Manifest) -> None:
    """Raise KottError for a file that is missing, or shorter or longer than what was written."""
    for path, file, is_now in zip(paths, manifest.files, system.get_file_info(paths), strict=True):
        if is_now.type != fs.FileType.File:
            raise KottError(f"{path} cannot be read: it is missing.")
        if is_now.size != file.bytes:
            raise KottError(f"{path} is damaged: it has {is_now.size:,} bytes of {file.bytes:,}.")
