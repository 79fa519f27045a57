"""Where partitions come from: a store, a table, or a Dask DataFrame."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds

from kott_notebooks.errors import KottError
from kott_notebooks.history import files, store
from kott_notebooks.schedule.spans import keys
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import When

Source: TypeAlias = "str | os.PathLike[str] | pd.DataFrame | Any"  # Any: a Dask DataFrame
ROWS = 250_000  # of a partition
CHANNEL = "linearAssetId"


class Partition(NamedTuple):
    """Some rows of a snapshot or of a table, which a worker loads with `load`."""

    place: str | None
    content: Any  # a manifest, a table, or a partition of a Dask DataFrame
    select: Any = None  # which rows of a manifest's files


def dask() -> Any:
    """Import Dask; KottError where it is not installed."""
    try:
        import dask
    except ImportError as error:
        raise KottError(
            "More than one machine needs Dask: pip install 'kott_notebooks[dask]'."
        ) from error
    return dask


def run(function: Callable[..., Any], calls: Iterable[Sequence[Any]]) -> list[Any]:
    """Make calls of a function where Dask runs tasks; return the results, in the same order."""
    return list(dask().compute(*tasks(function, calls)))


def tasks(function: Callable[..., Any], calls: Iterable[Sequence[Any]]) -> list[Any]:
    """Return a task of Dask per call, none of them begun."""
    delayed = dask().delayed(function, pure=False)
    return [delayed(*arguments) for arguments in calls]


def load(place: str | None, manifest: store.Manifest | pd.DataFrame, select: Any) -> pd.DataFrame:
    """Load the rows of a partition."""
    if isinstance(manifest, pd.DataFrame):
        return manifest
    system, root = files.opened(str(place))
    folder = f"{root}/{manifest.name}/{manifest.id}"
    if select is None:
        return store.read_checked(system, folder, manifest)
    return store.read(system, folder, manifest, select=select)


def snapshot(place: Any, name: str | None, at: When | None) -> tuple[str, store.Manifest]:
    """Return the address of a store for workers in any folder, and a snapshot's manifest."""
    system, root = files.opened(place)
    called = store.chosen_name(system, root, place, name)
    manifest = store.manifest_of(system, root, called, store.chosen(system, root, called, at))
    paths = store.data_paths(f"{root}/{called}/{manifest.id}", manifest)
    store.check_sizes(system, paths, manifest)
    return (os.fspath(place) if "://" in os.fspath(place) else root), manifest


def by_rows(source: Source, name: str | None, at: When | None, rows: int) -> list[Partition]:
    """Cut a source into partitions of consecutive rows."""
    if isinstance(source, pd.DataFrame):
        starts = range(0, max(len(source), 1), rows)
        return [Partition(None, source.iloc[one : one + rows]) for one in starts]
    if hasattr(source, "to_delayed"):
        return [Partition(None, one) for one in source.to_delayed()]
    place, manifest = snapshot(source, name, at)
    partitions: list[Partition] = []
    group: list[store.DataFile] = []
    for file in manifest.files:
        group.append(file)
        if sum(one.rows for one in group) >= rows or file is manifest.files[-1]:
            own = msgspec.structs.replace(manifest, files=group)
            partitions.append(Partition(place, own))
            group = []
    return partitions


def by_channel(source: Source, name: str | None, at: When | None, rows: int) -> list[Partition]:
    """Cut a guide into partitions of whole channels.

    A snapshot that was saved with `by="channel"` is read file by file. Of any other, each partition
    reads all files and takes its channels' rows. A Dask DataFrame is shuffled.
    """
    if hasattr(source, "columns") and CHANNEL not in source.columns:
        raise KottError(f"The source has no column {CHANNEL}: it is not a guide.")
    if hasattr(source, "to_delayed"):
        shuffled: Any = source
        return [Partition(None, one) for one in shuffled.shuffle(on=CHANNEL).to_delayed()]
    if isinstance(source, pd.DataFrame):
        ids = keys(source[CHANNEL]).fillna("")
        groups = _groups(ids.value_counts(sort=False), rows)
        return [Partition(None, source[ids.isin(own)]) for own in groups] or [
            Partition(None, source)
        ]
    place, manifest = snapshot(source, name, at)
    if CHANNEL not in manifest.schema:
        raise KottError(f"{manifest.name} has no column {CHANNEL}: it is not a guide.")
    system, root = files.opened(place)
    paths = store.data_paths(f"{root}/{manifest.name}/{manifest.id}", manifest)
    data = ds.dataset(paths, format="parquet", filesystem=system)
    counts = data.to_table(columns=[CHANNEL]).group_by(CHANNEL).aggregate([([], "count_all")])
    known = counts.to_pandas().astype({CHANNEL: manifest.schema[CHANNEL]})
    known["key"] = keys(known[CHANNEL]).fillna("")
    partitions = []
    for own in _groups(known.set_index("key")["count_all"], rows):
        if manifest.by == "channel":
            folders = {f"channel={one or 'none'}" for one in own}
            its = [one for one in manifest.files if one.path.partition("/")[0] in folders]
            partitions.append(Partition(place, msgspec.structs.replace(manifest, files=its)))
            continue
        given = known[known["key"].isin(own)][CHANNEL]
        select = pc.field(CHANNEL).isin(given.dropna().tolist())
        if given.isna().any():
            select = select | pc.field(CHANNEL).is_null()
        partitions.append(Partition(place, manifest, select))
    return partitions or [Partition(place, manifest)]


def _groups(counts: pd.Series[int], rows: int) -> list[list[str]]:
    """Group channels, in order, so that each group has about that number of rows."""
    ordered = counts.sort_index(key=lambda index: index.map(_order))
    group = (ordered.cumsum() - ordered) // rows
    return [list(own.index) for _, own in ordered.groupby(group)]


def _order(key: str) -> tuple[float, str]:
    return (float(key), "") if key.isdigit() else (np.inf, key)


def facts_of(partition: Partition) -> dict[str, Any]:
    """Return the provenance of a partition's source; empty for a Dask DataFrame."""
    if isinstance(partition.content, store.Manifest):
        return dict(partition.content.provenance)
    return facts(partition.content) if isinstance(partition.content, pd.DataFrame) else {}
