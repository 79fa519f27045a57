"""Exports: tables to Excel, CSV, DuckDB, Parquet, and folders for BI tools."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pandas as pd
import pyarrow as pa

from kott_notebooks import schema
from kott_notebooks.errors import KottError
from kott_notebooks.tables import columns, excel, nested
from kott_notebooks.tables.columns import Names, id_texts, typed, wall
from kott_notebooks.tables.files import replacing, write_text
from kott_notebooks.tables.kinds import STR
from kott_notebooks.tables.names import with_names
from kott_notebooks.tables.provenance import check_table, facts, provenance, zone_of
from kott_notebooks.times import zone, zone_name

_Namer: TypeAlias = Callable[[pd.DataFrame], pd.DataFrame]
log = logging.getLogger("kott_notebooks")

SUFFIXES = (".xlsx", ".csv", ".duckdb", ".parquet")
ABOUT = "about"  # the sheet with the provenance of the others
TIMES = "times are of"  # its line that names their zone
_SUFFIXES = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
_CHUNK = 10_000  # rows that are decoded at a time


def export(
    table: pd.DataFrame,
    path: str | Path,
    *,
    tz: str | tzinfo | None = None,
    labels: pd.DataFrame | None = None,
    channels: pd.DataFrame | Names | None = None,
    safe: bool = False,
) -> Path:
    """Write a table to a file, or to several tables that join, for Excel, BI tools and archives.

    The file is whole or not there: it is written beside an older one and takes its place at the
    end. What is nested (images, media files, tags) becomes tables of its own, one row per entry,
    keyed by the id of the row that it belongs to (`assetId`); where ids repeat or are absent, by
    a column `row` that counts the rows.

    Parameters
    ----------
    table : DataFrame
        Any table of ours: assets, a guide, households, findings ... Names of columns that are not
        text, such as the years of a pivot table, become text.
    path : str or Path
        Where to write; the suffix says the format:

        - `.xlsx`: a workbook with a sheet for the table, as `kott.flat` shows it, one for each
          nested column, and `about`, which has the zone of the times and the provenance. Texts
          stay texts. Needs the extra `excel`.
        - `.csv`: one file, as `kott.flat` shows the table.
        - `.duckdb`: a database with a table for the rows and one for each nested column. Needs the
          extra `sql`.
        - `.parquet`: one file with exact types, nested cells as JSON and the provenance.
        - without a suffix: a folder with a CSV file for the rows and one for each nested column.
          It must be new, or hold an earlier export.
    tz : str or tzinfo, optional
        Zone of the times, which are written as local times without a zone. Default: in `.xlsx`,
        `.duckdb` and folders the zone that the table was pulled for, else KOTT_TZ, else UTC; in
        `.csv` UTC with its Z, so that the times are unambiguous. In `.parquet`, times keep their
        zone.
    labels, channels : DataFrame, optional
        `kott.labels` and `kott.channels`: names then stand beside ids, as `kott.with_names` has
        them, in the nested parts too.
    safe : bool, default False
        In CSV, put an apostrophe before texts that a spreadsheet would run as a formula.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    KottError
        The suffix is none of these, the file cannot be written, the extra is missing, or the table
        is larger than a sheet of Excel: 1,048,576 rows and 16,384 columns. A nested column with
        more rows continues in a second sheet; a text of more than 32,767 letters is cut, which the
        sheet `about` and the log say.

    See Also
    --------
    flat : Cells that people read.
    conform : The same columns and dtypes for each day.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> assets = kott.assets(demo.login(assets=40, households=0), "Genre='Drama'")
    >>> with TemporaryDirectory() as folder:
    ...     star = kott.export(assets, Path(folder, "star"), tz="Europe/Berlin")
    ...     sorted(one.name for one in star.iterdir())
    ['assets.csv', 'images.csv', 'mediaFiles.csv', 'tags.csv']
    """
    check_table(table)
    path = Path(path)
    suffix = path.suffix.lower()
    name: _Namer = partial(with_names, labels=labels, channels=channels)
    if labels is None and channels is None:
        name = _unchanged
    table = name(typed(table.set_axis(table.columns.map(str), axis="columns")))
    if suffix == ".xlsx":
        _write_book(table, path, zone_of(table, tz), name)
    elif suffix == ".csv":
        write_text(path, csv_lines(table, tz=tz, safe=safe))
    elif suffix == ".parquet":
        _write_parquet(table, path, tz)
    elif suffix == ".duckdb":
        _write_duckdb(star(table, zone_of(table, tz), name), path)
    elif suffix == "" or path.is_dir():
        _write_folder(star(table, zone_of(table, tz), name), path, safe=safe)
    else:
        raise KottError(
            f"path must end in {_SUFFIXES}, or be a folder without a suffix; not {path.name!r}."
        )
    return path


def _unchanged(table: pd.DataFrame) -> pd.DataFrame:
    return table


def star(table: pd.DataFrame, tz: tzinfo, name: _Namer = _unchanged) -> dict[str, pd.DataFrame]:
    """Split a table, as a star schema: one without nested columns, and one per nested column.

    They join by the id. All tags are one table, with a tag and one of its values per row. Times are
    those of `tz`, without a zone. `name` puts names beside the ids of the parts.
    """
    table, parts = _laid_out(table, name)
    split = [one for one in table.columns if one in parts or str(one).startswith("tags.")]
    tables = {_name(table, parts): table.drop(columns=split), **parts}
    return {one: _local(cells, tz) for one, cells in tables.items()}


def _laid_out(table: pd.DataFrame, name: _Namer) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return the table with the column by which its parts join, and the parts by name."""
    tags = [str(tag) for tag in table.columns if str(tag).startswith("tags.")]
    lists = _nested_columns(table)
    if not tags and not lists:
        return table, {}
    key = "id"
    ids = table["id"] if "id" in table.columns else pd.Series(pd.NA, table.index, dtype="Int64")
    if ids.isna().any() or ids.duplicated().any():
        key = "row"
        table = table.drop(columns=key, errors="ignore")
        table.insert(0, key, pd.Series(range(1, len(table) + 1), table.index, dtype="Int64"))
    chunks = [table.iloc[at : at + _CHUNK] for at in range(0, max(len(table), 1), _CHUNK)]
    parts = {
        column: name(_stacked(nested.explode(one, column, key=key) for one in chunks))
        for column in lists
    }
    if tags:
        names = [tag.removeprefix("tags.") for tag in tags]
        parts["tags"] = _stacked(nested.tags(one.assign(id=one[key]), *names) for one in chunks)
    foreign_key = "row" if key == "row" else f"{_service(table)}Id"
    return table, {
        column: part.rename(columns={part.columns[0]: foreign_key})
        for column, part in parts.items()
    }


def _nested_columns(table: pd.DataFrame) -> list[str]:
    """Name the columns of JSON lists and maps, except tags and translations, that have entries."""
    classes = table["objectType"].dropna().unique() if "objectType" in table.columns else ()
    known = {name: kind for cls in classes for name, kind in schema.properties(cls).items()}
    columns = []
    for name in map(str, table.columns):
        if table[name].dtype != STR or name.startswith(("metas.", "tags.", "multilingual")):
            continue
        cells = table[name].dropna()
        kind = known.get(name, "array:" if _are_lists(cells) else "")
        if kind.startswith(("array:", "map:")) and cells.str.startswith(("[", "{")).any():
            columns.append(name)
    return columns


def _are_lists(cells: pd.Series[Any]) -> bool:
    """Return whether all cells are JSON lists; a text such as "[REC]" is not."""
    if cells.empty or not cells.str.startswith("[").all():
        return False
    try:
        lists = msgspec.json.decode(f"[{','.join(cells)}]", type=list[list[msgspec.Raw]])
    except msgspec.MsgspecError:
        return False
    return len(lists) == len(cells)


def _stacked(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Join the rows of tables; a column whose dtypes differ becomes text."""
    tables = list(parts)
    seen: dict[str, set[Any]] = {}
    for one in tables:
        for name, dtype in one.dtypes.items():
            seen.setdefault(str(name), set()).update({dtype} if one[name].notna().any() else ())
    mixed = [name for name, dtypes in seen.items() if len(dtypes) > 1]
    return pd.concat(
        [
            one.assign(**{name: id_texts(one[name]) for name in mixed if name in one})
            for one in tables
        ],
        ignore_index=True,
    )


def _service(table: pd.DataFrame) -> str:
    return str(facts(table).get("action", "asset.list")).partition(".")[0]


def _name(table: pd.DataFrame, parts: Iterable[str]) -> str:
    """Name a table by the function that made it (assets, epg, findings ...), unlike its parts."""
    known = facts(table)
    source = str(known.get("source", "table")).rpartition(".")[2]
    others = {"listing": _service(table), "load_all": str(known.get("name")), "read": "epg"}
    name = others.get(source, source)  # `xmltv.read` reads a guide
    if {"rule", "severity"} <= set(table.columns):
        name = "findings"
    return f"{name} rows" if name in parts else name


def _local(table: pd.DataFrame, tz: tzinfo) -> pd.DataFrame:
    """Return a table with its times as those of a zone, without a zone."""
    zoned = [name for name in table.columns if isinstance(table[name].dtype, pd.DatetimeTZDtype)]
    return table.assign(**{str(name): wall(table[name], tz) for name in zoned})


def csv_lines(
    table: pd.DataFrame, *, tz: str | tzinfo | None = None, safe: bool = False
) -> Iterator[str]:
    """Yield a table as CSV, with the cells of `kott.flat`.

    Times are those of `tz`, without a zone; by default of UTC, with a Z.
    """
    flat = nested.flat(table, tz="UTC" if tz is None else tz)
    return _csv(flat, "%Y-%m-%dT%H:%M:%SZ" if tz is None else "%Y-%m-%d %H:%M:%S", safe=safe)


def _csv(table: pd.DataFrame, times: str, *, safe: bool) -> Iterator[str]:
    if safe:
        table = table.set_axis(nested.harmless(pd.Series(table.columns)), axis="columns")
    for start in range(0, max(len(table), 1), _CHUNK):
        part = table.iloc[start : start + _CHUNK]
        part = part.apply(nested.harmless) if safe and len(part) else part
        form: Any = {"index": False, "header": start == 0, "date_format": times}
        text = part.to_csv(None, lineterminator="\n", **form)
        if "\r" in text:  # for which nothing is quoted, and readers end a row there
            text = part.to_csv(None, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC, **form)
        yield text


def _write_folder(tables: dict[str, pd.DataFrame], folder: Path, *, safe: bool) -> None:
    """Write a CSV file per table; all are written before the first replaces an older one."""
    files = {re.sub(r"[^\w.@-]", "_", name) + ".csv": one for name, one in tables.items()}
    if folder.is_file():
        raise KottError(f"{folder} is a file: name a folder, or a file that ends in {_SUFFIXES}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = sorted({one.name for one in folder.iterdir()} - files.keys())
    except OSError as error:
        raise KottError(f"{folder} cannot be written: {error.strerror}.") from error
    if others:
        raise KottError(
            f"{folder} holds other files, such as {others[0]}: export to a new folder, since what "
            "is in a folder is read as one data set."
        )
    with ExitStack() as stack:
        for name, one in files.items():
            new = stack.enter_context(replacing(folder / name))
            with new.open("w", encoding="utf-8", newline="") as file:
                file.writelines(_csv(one, "%Y-%m-%d %H:%M:%S", safe=safe))


def _write_book(table: pd.DataFrame, path: Path, tz: tzinfo, name: _Namer) -> None:
    """Write a workbook: the table, its parts, and how they were made."""
    excel.check_size("The table", table)
    keyed, parts = _laid_out(table, name)
    main = nested.flat(keyed, tz=tz)
    most = excel.ROWS - 1
    sheets = {_name(table, parts): main} | {
        f"{column} from {start + 1:,}" if start else column: part.iloc[start : start + most]
        for column, part in parts.items()
        for start in range(0, len(part), most)
    }
    names = excel.sheet_names(sheets, taken=[ABOUT])

    def about(shortened: excel.Shortened) -> Iterator[tuple[str, str]]:
        yield TIMES, zone_name(tz)
        for (sheet, column), count in shortened.items():
            words = f"{count:,} texts are cut at Excel's {excel.LETTERS:,} letters per cell"
            log.warning("%s, sheet %s, column %s: %s.", path, sheet, column, words)
            yield f"{sheet}, {column}", words
        if "source" in facts(table):
            yield from provenance(table).astype(str).itertuples(index=False)

    local = {names[one]: _local(shown, tz) for one, shown in sheets.items()}
    with replacing(path) as new:
        excel.write_tables(new, local, ABOUT, about)


def read_book(path: Path) -> pd.DataFrame:
    """Read the first sheet of a workbook: texts, numbers and times.

    Times are of the zone that the sheet `about` names, else of UTC. An hour that clocks show twice
    is read as the second of the two.
    """
    with pd.ExcelFile(path, engine="openpyxl") as book:
        options: dict[str, Any] = {"dtype": object, "keep_default_na": False, "na_values": [""]}
        table: pd.DataFrame = pd.read_excel(book, **options)
        about = (
            pd.read_excel(book, ABOUT, **options) if ABOUT in book.sheet_names else pd.DataFrame()
        )
    known = dict(zip(about["fact"], about["value"], strict=True)) if "fact" in about else {}
    if TIMES in known:
        zoned = zone(known[TIMES])
        for name in table.columns:
            table[name] = [_in_utc(cell, zoned) for cell in table[name]]
    return table


def _in_utc(cell: Any, tz: tzinfo) -> Any:
    if not isinstance(cell, datetime) or pd.isna(cell):
        return cell
    local = pd.Timestamp(cell).as_unit("us")
    return local.tz_localize(tz, ambiguous=False, nonexistent="shift_forward").tz_convert("UTC")


def _write_parquet(table: pd.DataFrame, path: Path, tz: str | tzinfo | None) -> None:
    if tz is not None:
        zoned = [
            name for name in table.columns if isinstance(table[name].dtype, pd.DatetimeTZDtype)
        ]
        table = table.assign(**{str(name): table[name].dt.tz_convert(zone(tz)) for name in zoned})
    try:
        with replacing(path) as new:
            table.to_parquet(new, index=False)
    except pa.ArrowException as error:
        raise KottError(f"The table has a column that Parquet cannot hold: {error}") from error


def needs_duckdb() -> Any:
    """Return the module duckdb; KottError says how to install it."""
    try:
        import duckdb
    except ImportError as error:
        raise KottError(
            "A DuckDB database needs duckdb: python3 -m pip install 'kott_notebooks[sql]'"
        ) from error
    return duckdb


def _write_duckdb(tables: dict[str, pd.DataFrame], path: Path) -> None:
    duckdb = needs_duckdb()
    with replacing(path) as new:
        try:
            with duckdb.connect(str(new)) as database:
                for name, one in tables.items():
                    database.register("exported", pa.Table.from_pandas(one, preserve_index=False))
                    quoted = name.replace('"', '""')
                    database.execute(f'create table "{quoted}" as select * from exported')
                    database.unregister("exported")
        except (duckdb.Error, pa.ArrowException) as error:
            raise OSError(str(error)) from error
        finally:
            new.with_name(f"{new.name}.wal").unlink(missing_ok=True)


def conform(table: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Convert a table to the columns and dtypes of another, so that daily files form one data set.

    Parameters
    ----------
    table : DataFrame
        Any table of ours.
    like : DataFrame
        The table whose columns and dtypes are wanted: of the first day, or of
        `pd.read_parquet(first).head(0)`.

    Returns
    -------
    DataFrame
        One row per row of `table`: the columns of `like`, in their order and dtypes (absent where
        `table` lacks them), then the columns that `like` lacks, unchanged.

    Raises
    ------
    KottError
        A value does not fit the dtype of its column.

    See Also
    --------
    coerce, load_all

    Examples
    --------
    >>> import pandas as pd
    >>> import kott_notebooks as kott
    >>> first = pd.DataFrame({"id": pd.array([7], "Int64"), "metas.Year": pd.array([1], "Int64")})
    >>> kott.conform(pd.DataFrame({"metas.Year": ["2024"], "id": ["8"]}), like=first).dtypes
    id            Int64
    metas.Year    Int64
    dtype: object
    """
    for one in (table, like):
        check_table(one)
    pinned: dict[str, pd.Series[Any]] = {}
    for name, dtype in like.dtypes.items():
        given = table.get(name, pd.Series(pd.NA, table.index, dtype=STR, name=name))
        pinned[str(name)] = given if given.dtype == dtype else columns.cast(given, dtype)
    others = [name for name in table.columns if name not in pinned]
    result = pd.DataFrame(pinned, index=table.index).assign(**{str(n): table[n] for n in others})
    result.attrs = dict(table.attrs)
    return result
