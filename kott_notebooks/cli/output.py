"""A table -> text or bytes for a file or a pipe, in the format that was asked for."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec
import pandas as pd

import kott_notebooks as kott
from kott_notebooks import schema, xmltv
from kott_notebooks.errors import KottError
from kott_notebooks.report import Page
from kott_notebooks.tables import excel, files
from kott_notebooks.tables.export import csv_lines, needs_duckdb
from kott_notebooks.tables.provenance import facts

FORMATS = ("table", "csv", "json", "parquet", "xlsx", "duckdb", "xmltv")
BINARY = {"parquet": "Parquet", "xlsx": "A workbook", "duckdb": "A database"}
FIRST = ("id", "type", "name", "startDate", "endDate")  # what people look for in a row
WIDEST = 40  # characters of a cell that people see
NESTED = ("object:", "array:", "map:")


def write(
    table: pd.DataFrame,
    format: str | None,
    out: Path | None,
    *,
    whole: bool = False,
    safe: bool = False,
    tz: str | None = None,
    labels: pd.DataFrame | None = None,
    channels: pd.DataFrame | None = None,
) -> str:
    """Write a table to a file, else to stdout, and return a line on what was written.

    `table` is for people: only the columns that fit the terminal, unless `whole` is set. `xmltv`
    leaves out what XMLTV cannot hold, and takes names from `channels`; the other formats leave
    nothing out. `safe` is for CSV that people open in a spreadsheet, `tz` the zone of the times in
    `xlsx` and `duckdb`, which have the names of `labels` and `channels` beside ids.
    """
    chosen = chosen_format(format, out)
    summary = _counted(table)
    if chosen in BINARY:
        exported = {} if chosen == "parquet" else {"tz": tz, "labels": labels, "channels": channels}
        _write_binary(table, chosen, out, exported)
    elif chosen == "xmltv":
        _write_xmltv(table, channels, out)
    elif chosen == "table":
        columns = _columns(table)
        shown = columns if whole or out else _fitting(columns, shutil.get_terminal_size().columns)
        if len(shown) < len(columns):
            summary += f"; {len(shown)} of them shown (--fields picks, --format csv has all)"
        write_text(_lines(shown), out)
    else:
        write_text(csv_lines(table, safe=safe) if chosen == "csv" else json(table), out)
    return f"{summary}, in {out}" if out else summary


def write_page(page: Page, out: Path | None) -> str:
    """Write a page to a file, else to stdout, and return how large it is and where."""
    if out is None:
        write_text([page.html], None)
    else:
        page.save(out)
    size = f"{len(page.html.encode()) / 1000:,.0f} kB"
    return f"{size}, in {out}" if out else size


def json(table: pd.DataFrame) -> Iterable[str]:
    """Return a table as a JSON array, one object per row: nested cells nested, absent ones null."""
    nested = _nested(table)
    columns = [[_value(cell, name in nested) for cell in table[name].tolist()] for name in table]
    for position, row in enumerate(zip(*columns, strict=True)):
        record = dict(zip(table.columns, row, strict=True))
        yield ("[\n" if position == 0 else ",\n") + msgspec.json.encode(record).decode()
    yield "[]\n" if table.empty else "\n]\n"


def _value(cell: Any, nested: bool) -> Any:
    if pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.isoformat().replace("+00:00", "Z")
    if nested:
        return msgspec.Raw(str(cell).encode())
    return cell


def _nested(table: pd.DataFrame) -> set[str]:
    """Name the columns that hold JSON text, by the schema of the rows' classes."""
    classes = table["objectType"].dropna().unique() if "objectType" in table else ()
    kinds = {name: kind for cls in classes for name, kind in schema.properties(cls).items()}
    return {
        str(name)
        for name in table.columns
        if str(name).startswith("tags.") or kinds.get(str(name), "").startswith(NESTED)
    }


def chosen_format(format: str | None, out: Path | None) -> str:
    """Return the format that was named, else that of the file's suffix, else `table`."""
    return format or _by_suffix(out) or "table"


def checked_format(format: str | None, out: Path | None) -> str:
    """Return the chosen format; KottError for one that cannot be written there."""
    chosen = chosen_format(format, out)
    if chosen in BINARY:
        check_screen(out, BINARY[chosen], "--out FILE")
    if chosen == "xlsx":
        excel.needs("rustpy_xlsxwriter")
    if chosen == "duckdb":
        needs_duckdb()
    return chosen


def check_screen(out: Path | None, what: str, option: str) -> None:
    """Refuse to write a file format to a terminal."""
    if out is None and stdout().isatty():
        raise KottError(f"{what} is not for the screen: give {option}, or a pipe.")


def stdout() -> TextIO:
    """Return stdout; KottError where whoever started the command has closed it."""
    if sys.stdout is None:
        raise KottError("stdout is closed: give --out FILE.")
    return sys.stdout


def _by_suffix(out: Path | None) -> str | None:
    suffix = out.suffix.lower().removeprefix(".") if out else ""
    if suffix in ("", "txt"):
        return None
    suffix = "xmltv" if suffix == "xml" else suffix
    if suffix not in FORMATS:
        raise KottError(
            f"--out {out}: no format is called {suffix}; say --format, or end it in "
            f"{', '.join(f'.{one}' for one in FORMATS if one != 'table')}."
        )
    return suffix


def _counted(table: pd.DataFrame) -> str:
    rows, columns = table.shape
    count = f"{rows:,} row{'' if rows == 1 else 's'} of {columns} columns"
    known = facts(table)
    if "requests" not in known:
        return count
    return f"{count}; {known['requests']} request{'' if known['requests'] == 1 else 's'}"


def write_text(parts: Iterable[str], out: Path | None) -> None:
    if out is not None:
        files.write_text(out, parts)
        return
    for part in parts:
        stdout().write(part)
    stdout().flush()


def _write_xmltv(table: pd.DataFrame, channels: pd.DataFrame | None, out: Path | None) -> None:
    if out is None:
        write_text(xmltv.lines(table, channels), None)
    else:
        xmltv.write(table, channels, out)


def _write_binary(
    table: pd.DataFrame, format: str, out: Path | None, options: dict[str, Any]
) -> None:
    """Export to a file, whatever its suffix, or through a temporary file to stdout."""
    if out is not None and out.suffix.lower() == f".{format}":
        kott.export(table, out, **options)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"table.{format}")
        _write_binary(table, format, path, options)
        if out is None:
            stdout().buffer.write(path.read_bytes())
            stdout().buffer.flush()
            return
        with files.replacing(out) as new:
            shutil.copyfile(path, new)


# Columns for people


def _columns(table: pd.DataFrame) -> list[list[str]]:
    """Return a table's columns as padded texts, a heading on top; empty columns are left out."""
    flat = kott.flat(table)
    names = [name for name in FIRST if name in flat]
    names += [name for name in flat.columns if name not in FIRST and name != "objectType"]
    columns = [_padded(str(name), flat[name]) for name in names]
    return [column for column in columns if any(map(str.strip, column[1:])) or table.empty]


def _padded(name: str, cells: pd.Series[Any]) -> list[str]:
    texts = [_cut(name), *(_cut(_shown(cell)) for cell in cells)]
    width = max(map(len, texts))
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return [text.rjust(width) for text in texts]
    return [text.ljust(width) for text in texts]


def _shown(cell: Any) -> str:
    if pd.isna(cell):
        return ""
    if isinstance(cell, pd.Timestamp):
        return f"{cell:%Y-%m-%d %H:%M}Z"
    if isinstance(cell, float):
        return f"{cell:g}"
    return str(cell)


def _cut(text: str) -> str:
    """Make a cell one short line that cannot steer the terminal."""
    line = " ".join(one_line(text).split())
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 1]}…"


def one_line(text: str) -> str:
    """Return a text with blanks for all that would break the line or steer the terminal."""
    return "".join(one if one.isprintable() else " " for one in text)


def _fitting(columns: Sequence[list[str]], width: int) -> list[list[str]]:
    """Keep the first columns that stand side by side on a line; one at least."""
    kept: list[list[str]] = []
    room = width
    for column in columns:
        room -= len(column[0]) + (2 if kept else 0)
        if room < 0 and kept:
            break
        kept.append(column)
    return kept


def _lines(columns: Sequence[list[str]]) -> Iterable[str]:
    for row in zip(*columns, strict=True):
        yield "  ".join(row).rstrip() + "\n"
