"""SQL over tables and stores, by DuckDB; nested columns are views of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from kott_notebooks.errors import KottError
from kott_notebooks.history import files
from kott_notebooks.history.files import Place
from kott_notebooks.history.store import check_sizes, data_paths, ids, manifest_of

if TYPE_CHECKING:
    import duckdb

_DTYPES = {
    pa.bool_(): pd.BooleanDtype(),
    **dict.fromkeys((pa.int8(), pa.int16(), pa.int32(), pa.int64()), pd.Int64Dtype()),
    **dict.fromkeys((pa.float32(), pa.float64()), pd.Float64Dtype()),
    **dict.fromkeys((pa.string(), pa.large_string()), pd.StringDtype(na_value=float("nan"))),
}


def sql(query: str, source: Place | Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Query tables or a store in SQL.

    Needs DuckDB: `pip install 'kott_notebooks[sql]'`. Files are read as far as the query needs
    them, so a store may be larger than memory.

    Parameters
    ----------
    query : str
        SQL of DuckDB. Names with dots or blanks stand in double quotes: `"tags.Genre"`.
    source : str, path or mapping
        A store of `kott.save`: each of its tables by its name, with the rows of its newest
        snapshot, and `NAME_all` with those of every snapshot and a column `snapshot`. Or tables
        by the names that the query calls them. Nested columns are views: `NAME_tags` has one row
        per asset and tag value (`id`, `tag`, `value`), `NAME_images` and `NAME_mediaFiles` have one
        per entry (`id`, `entry`, which is JSON: `entry->>'ratio'`).

    Returns
    -------
    DataFrame
        The rows of the result: whole numbers `Int64`, numbers `Float64`, flags `boolean`, text
        `str`, times `datetime64[us, UTC]`.

    Raises
    ------
    KottError
        DuckDB is not installed, a name is unknown, or the query is wrong: the message has what
        DuckDB says.

    See Also
    --------
    load, load_all

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> channels = kott.channels(demo.login(assets=200))
    >>> kott.sql("select count(*) as n from channels", {"channels": channels})["n"].tolist()
    [40]
    """
    try:
        import duckdb
    except ImportError as error:
        raise KottError("SQL needs DuckDB: pip install 'kott_notebooks[sql]'.") from error
    with duckdb.connect() as database:
        try:
            if isinstance(source, Mapping):
                for name, given in source.items():
                    database.register(name, given)
            else:
                _register(database, source)
            for name in [row[0] for row in database.execute("show tables").fetchall()]:
                _unnest(database, name)
            result = database.from_query(query)
            arrow = None if result is None else result.to_arrow_table()
        except (duckdb.Error, UnicodeError) as error:
            raise KottError(f"The query failed: {error}") from error
    if arrow is None:
        raise KottError("The query has no result: write a SELECT.")
    table: pd.DataFrame = arrow.to_pandas(types_mapper=_DTYPES.get)
    for column, dtype in table.dtypes.items():
        if isinstance(dtype, pd.DatetimeTZDtype):
            table[column] = table[column].dt.tz_convert("UTC").astype("datetime64[us, UTC]")
    return table


def _register(database: duckdb.DuckDBPyConnection, store: Place) -> None:
    """Make a view of each table of a store, and one of all its snapshots."""
    system, root = files.opened(store)
    if "://" in os.fspath(store):
        import fsspec

        database.register_filesystem(fsspec.core.url_to_fs(os.fspath(store))[0])
    scheme = os.fspath(store).partition("://")[0] + "://" if "://" in os.fspath(store) else ""
    for name in files.folders(system, root):
        every = []
        for identity in ids(system, root, name):
            manifest = manifest_of(system, root, name, identity)
            paths = data_paths(f"{root}/{name}/{identity}", manifest)
            check_sizes(system, paths, manifest)
            paths = [scheme + path for path in paths]
            columns = ", ".join(map(_quoted, manifest.schema))
            rows = f"select {columns} from read_parquet({paths!r})"
            every.append(f"select timestamptz '{manifest.when}' as snapshot, * from ({rows})")
        if every:
            database.execute(f"create view {_quoted(name)} as {rows}")
            whole = " union all by name ".join(every)
            database.execute(f"create view {_quoted(f'{name}_all')} as {whole}")


def _unnest(database: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make views of a table's nested columns."""
    described = database.execute(f"describe {_quoted(name)}").fetchall()
    columns = [row[0] for row in described]
    if "id" not in columns:
        return
    tags = [one for one in columns if one.startswith("tags.") and "@" not in one]
    if tags:
        parts = [
            f"select id, {_text(tag.removeprefix('tags.'))} as tag, "
            f"unnest(from_json({_quoted(tag)}, '[\"VARCHAR\"]')) as value "
            f"from {_quoted(name)} where {_quoted(tag)} is not null"
            for tag in tags
        ]
        view = _quoted(f"{name}_tags")
        database.execute(f"create view {view} as {' union all '.join(parts)}")
    for column in {"images", "mediaFiles"} & set(columns):
        view = _quoted(f"{name}_{column}")
        database.execute(
            f"create view {view} as select id, unnest(from_json({_quoted(column)}, '[\"JSON\"]')) "
            f"as entry from {_quoted(name)} where {_quoted(column)} is not null"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: Any) -> str:
    return "'" + str(value).replace("'", "''") + "'"
