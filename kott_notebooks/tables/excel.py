"""Excel workbooks: tables row by row, typed cells, within the limits of Excel.

Plain tables are written by rust_xlsxwriter, ten times as fast as XlsxWriter, which writes `Book`s.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks.errors import KottError

ROWS, COLUMNS, LETTERS = 1_048_576, 16_384, 32_767  # of a sheet, of a sheet, of a cell
NAME = 31  # letters of a sheet's name
_SAFE = LETTERS // 2  # letters, of which each may count twice
_DIGITS = 10**15  # a number from here on loses digits
_CHUNK = 2_000  # rows that are turned into cells at a time
_SAMPLED = 500  # rows by which the width of a column is chosen
_WIDTHS = (8, 60)  # letters of a column
_MINUTES, _SECONDS = "yyyy-mm-dd hh:mm", "yyyy-mm-dd hh:mm:ss"
_FIRST_DAY = np.datetime64("1900-03-01", "us")  # earlier, Excel counts a day that did not exist
_LAST = np.datetime64("9999-12-31T23:59:59", "us")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML cannot hold

Shortened = dict[tuple[str, str], int]  # texts that Excel has no room for, by sheet and column


@dataclass(frozen=True)
class Link:
    """A cell that is a link."""

    url: str
    words: str


def needs(module: str) -> Any:
    """Return a module that writes workbooks; KottError says how to install it."""
    try:
        return import_module(module)
    except ImportError as error:
        raise KottError(
            f"A workbook needs {module}: python3 -m pip install 'kott_notebooks[excel]'"
        ) from error


def check_size(name: str, table: pd.DataFrame) -> None:
    """Raise KottError for a table that does not fit into a sheet."""
    instead = "Export to .csv, .parquet, .duckdb or a folder, or fewer of them."
    if len(table) >= ROWS:
        raise KottError(
            f"{name} has {len(table):,} rows; a sheet of Excel holds {ROWS:,}, with the heading. "
            f"{instead}"
        )
    if table.shape[1] > COLUMNS:
        raise KottError(
            f"{name} has {table.shape[1]:,} columns; a sheet of Excel holds {COLUMNS:,}. {instead}"
        )


def sheet_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Name a sheet for each name: 31 letters, none of []:*?/\\', each once in any case."""
    sheets: dict[str, str] = {}
    used = {"history", *(one.casefold() for one in taken)}
    for name in names:
        plain = re.sub(r"[\[\]:*?/\\'\x00-\x1f]", "_", name)[:NAME] or "_"
        count, sheet = 1, plain
        while sheet.casefold() in used:
            count += 1
            sheet = f"{plain[: NAME - 1 - len(str(count))]}~{count}"
        used.add(sheet.casefold())
        sheets[name] = sheet
    return sheets


def write_tables(
    path: Path,
    tables: Mapping[str, pd.DataFrame],
    last: str,
    facts: Callable[[Shortened], Iterable[tuple[str, str]]],
) -> None:
    """Write a sheet per table, row after row in bounded memory, and a last one of facts.

    Headings are frozen and have filters; columns without a single cell are hidden. Text is written
    as text: never as a formula, a number or a link. `facts` is called when the tables are written,
    with how many of their texts were shortened.
    """
    writer, shortened = needs("rustpy_xlsxwriter"), Shortened()
    bold = writer.Format().set_bold().set_border_bottom("thin")
    times = {form: writer.Format().set_num_format(form) for form in (_MINUTES, _SECONDS)}
    times = {form: one.set_align("left") for form, one in times.items()}

    def about() -> Iterator[dict[str, str]]:
        for fact, value in facts(shortened):
            yield {"fact": fact, "value": value}

    titles: dict[str, list[str]] = {last: ["fact", "value"]}
    widths: dict[str, dict[str, float]] = {last: {"fact": 30, "value": _WIDTHS[1]}}
    formats: dict[str, dict[str, Any]] = {}
    for name, table in tables.items():
        check_size(name, table)
        columns = {str(title): column for title, column in table.items()}
        titles[name] = [*columns]
        widths[name] = {title: _shown_width(title, column) for title, column in columns.items()}
        forms = {title: _time_format(column) for title, column in columns.items()}
        formats[name] = {title: times[form] for title, form in forms.items() if form}
    try:
        writer.write_worksheets(
            [
                *((name, _records(table, name, shortened)) for name, table in tables.items()),
                (last, about()),
            ],
            str(path),
            freeze_panes={"general": {"row": 1, "col": 0}},
            header_format=dict.fromkeys(titles, bold),
            autofilter=dict.fromkeys(titles, True),
            column_formats={name: one for name, one in formats.items() if one},
            column_widths=widths,
            ignore_errors={name: one for name, one in titles.items() if one},  # ids are texts
        )
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # its own, where a temporary file is full
            raise OSError(f"no room for the sheets in {tempfile.gettempdir()}") from error
        raise


def _records(table: pd.DataFrame, sheet: str, shortened: Shortened) -> Any:
    """Return the rows of a sheet as they are written; of an empty one, the table itself."""
    titles = [*map(str, table.columns)]
    if not len(table):
        return pd.DataFrame(columns=titles, dtype=object)
    return (
        dict(zip(titles, cells, strict=True))
        for start in range(0, len(table), _CHUNK)
        for cells in zip(
            *(_cells(one, sheet, shortened) for _, one in table[start : start + _CHUNK].items()),
            strict=True,
        )
    )


class Book:
    """A small workbook that is being written, with lines on top of its tables and with links.

    Text is written as text: never as a formula, a number or a link.
    """

    def __init__(self, path: Path) -> None:
        xlsxwriter = needs("xlsxwriter")
        self._file = _File(path, "w")
        self._scratch = tempfile.TemporaryDirectory(dir=path.parent, prefix=".kott-")
        options = {"constant_memory": True, "tmpdir": self._scratch.name}
        self._book = xlsxwriter.Workbook(self._file, options)
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._times = {
            form: self._book.add_format({"num_format": form, "align": "left"})
            for form in (_MINUTES, _SECONDS)
        }

    def __enter__(self) -> Book:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._book.close()
        finally:
            for sheet in self._book.worksheets():
                with suppress(OSError):  # the rest of its content is dropped
                    sheet._opt_close()
            self._file.close()
            self._scratch.cleanup()
        if kind is None and self._file.failed:
            raise self._file.failed

    def sheet(
        self, name: str, table: pd.DataFrame, *, lead: Sequence[Any], widths: Mapping[str, int]
    ) -> None:
        """Write a sheet: lines on top, then the table, its heading frozen and with filters.

        Columns without a single cell are hidden.
        """
        check_size(name, table)
        sheet = self._book.add_worksheet(name)
        top = len(lead) + 1
        titles = list(map(str, table.columns))
        columns = [table.iloc[:, at] for at in range(len(titles))]
        forms = [self._times.get(_time_format(column)) for column in columns]
        for at, (title, column) in enumerate(zip(titles, columns, strict=True)):
            width = _shown_width(title, column)
            width = widths.get(title, width) if width else 0
            sheet.set_column(at, at, width, None, {"hidden": not width})
        for row, line in enumerate(lead):
            self._cell(sheet, row, 0, line)
        for at, title in enumerate(titles):
            sheet.write_string(top, at, _text(title)[0], self._bold)
        cells = [_cells(column, name, {}) for column in columns]
        for row, line in enumerate(zip(*cells, strict=True), top + 1):
            for at, cell in enumerate(line):
                self._cell(sheet, row, at, cell, forms[at])
        last = top + max(len(table), 1)
        sheet.freeze_panes(top + 1, 0)
        sheet.autofilter(top, 0, last, max(len(titles), 1) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})  # ids are texts

    def _cell(self, sheet: Any, row: int, column: int, cell: Any, form: Any = None) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            # XlsxWriter would parse such a text as markup
            sheet.write_string(row, column, f" {cell}" if cell.startswith("<r>") else cell)
        elif isinstance(cell, Link):
            sheet.write_url(row, column, cell.url, string=_text(cell.words)[0])
        elif isinstance(cell, bool):
            sheet.write_boolean(row, column, cell)
        else:
            sheet.write_number(row, column, cell, form)


class _File(io.FileIO):
    """A file that remembers a failure instead of raising it, so that its writer can finish.

    XlsxWriter's archive would fail a second time when it is thrown away, where it cannot be caught.
    """

    failed: OSError | None = None

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        try:
            while len(rest) and self.failed is None:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.failed = error
        return len(data)


def _wall(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.dt.tz_localize(None) if column.dt.tz is not None else column


def _time_format(column: pd.Series[Any]) -> str:
    """Return the format of a column of times; of any other, nothing."""
    if column.dtype.kind != "M":
        return ""
    wall = _wall(column).dropna()
    return _SECONDS if (wall != wall.dt.floor("min")).any() else _MINUTES


def _cells(column: pd.Series[Any], sheet: str, shortened: Shortened) -> list[Any]:
    """Turn a column into texts, numbers, flags and links; absent values are None."""
    if column.dtype.kind == "M":
        return _serials(_wall(column))
    cells: list[Any] = column.astype(object).where(column.notna(), None).tolist()
    if column.dtype.kind in "biuf" and (column.dtype.kind == "b" or _are_short(column)):
        return cells
    if isinstance(column.dtype, pd.StringDtype) and _are_plain(cells):
        return cells
    return [_cell(cell, (sheet, str(column.name)), shortened) for cell in cells]


def _cell(cell: Any, where: tuple[str, str], shortened: Shortened) -> Any:
    if isinstance(cell, pd.Timestamp):
        return _serials(_wall(pd.Series([cell])))[0]
    if cell is None or isinstance(cell, bool | Link):
        return cell
    if isinstance(cell, int | float) and abs(cell) < _DIGITS:
        return cell  # one of more digits would lose some, and Excel knows no infinity
    text, is_cut = _text(str(cell))
    if is_cut:
        shortened[where] = shortened.get(where, 0) + 1
    return text


def _serials(wall: pd.Series[Any]) -> list[Any]:
    """Write times as Excel counts them, in days since 1899-12-30; earlier ones are ISO text."""
    stamps = wall.to_numpy("datetime64[us]")
    days = np.minimum(stamps, _LAST).astype(np.int64) / 86_400_000_000 + 25_569
    cells: list[Any] = days.tolist()
    for at in np.flatnonzero(np.isnat(stamps) | (stamps < _FIRST_DAY)):
        cells[at] = None if np.isnat(stamps[at]) else str(stamps[at].astype("datetime64[s]"))
    return cells


def _text(text: str) -> tuple[str, bool]:
    """Return a text that a cell can hold, and whether it had to be cut."""
    if len(text) < _SAFE and text.isprintable():
        return text, False
    whole = text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    legal = _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", whole)
    units = legal.encode("utf-16-le")  # which Excel counts
    if len(units) <= 2 * LETTERS:
        return legal, False
    return units[: 2 * (LETTERS - 1)].decode("utf-16-le", "ignore") + "…", True


def _are_short(numbers: pd.Series[Any]) -> bool:
    """Return whether Excel holds all numbers exactly."""
    given = numbers.dropna()
    return bool(given.between(-_DIGITS, _DIGITS, inclusive="neither").all())


def _are_plain(texts: list[str | None]) -> bool:
    """Return whether all texts can be written unchanged, without a check of each."""
    given = [text for text in texts if text]
    joined = "".join(given)
    return joined.isprintable() and max(map(len, given), default=0) < _SAFE


def _shown_width(title: str, column: pd.Series[Any]) -> float:
    """Return the width of a column in letters: that of its title and most of its cells.

    One without a single cell has none, which hides it.
    """
    if len(column) and column.isna().all():
        return 0
    if column.dtype.kind == "M":
        return max(len(title) + 4, 17)
    lengths = [
        len(max(str(cell.words if isinstance(cell, Link) else cell).split("\n"), key=len))
        for cell in column.iloc[:_SAMPLED].dropna()
    ]
    usual = float(np.quantile(lengths, 0.95)) if lengths else 0
    low, high = _WIDTHS
    return min(max(len(title) + 4, usual + 1, low), high)
