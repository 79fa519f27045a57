"""Columns in the dtypes of our listings, whatever a table has been through since it was pulled.

A table that comes back from pandas, CSV, Excel, Parquet, DuckDB, Polars or SQL may have its texts
as `str`, `string`, Arrow, category or object, its ids as numbers or text, its times as text. Every
function that takes a table gets the columns that it needs from `need`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from kott_notebooks.errors import KottError
from kott_notebooks.tables import kinds, tags
from kott_notebooks.tables.kinds import STR, UTC
from kott_notebooks.tables.provenance import (
    asked,
    check_table,
    facts,
    pulled,
    with_facts,
    zone_of,
)

__all__ = [
    "NAT", "Micros", "Names", "as_times", "asked", "bare", "called", "cast", "channel_ids",
    "check_table", "distinct", "id_texts", "is_flag", "micros", "need", "own_name", "pulled",
    "stamp", "times", "typed", "wall", "zone_of",
]  # fmt: skip

log = logging.getLogger("kott_notebooks")

Names: TypeAlias = "Mapping[Any, str] | pd.Series[str]"
Micros: TypeAlias = npt.NDArray[np.int64]
Series: TypeAlias = "pd.Series[Any]"
Bad: TypeAlias = "list[tuple[int, str]]"  # the row and the text of each value that is not valid

NAT = np.iinfo(np.int64).min  # what numpy makes of a time that is absent
MAX_NAMED = 10_000  # invalid values per column that the provenance names

_FINDINGS = dict.fromkeys(
    [
        *("rule", "severity", "kind", "id", "name", "field", "detail", "ksql", "hint"),
        *("typeName", "channelName", "regionName", "brandName", "userRole"),
    ],
    "text",
) | {"startDate": "time", "endDate": "time", "linearAssetId": "int", "impact": "float"}
_INGESTS = (  # ingests and their results
    dict.fromkeys(("kind", "ingestName", "externalProgramId", "name", "status"), "text")
    | dict.fromkeys(("code", "message"), "text")
    | dict.fromkeys(("ingestId", "ingestProfileId", "ingestedByUserId", "programId"), "int")
    | dict.fromkeys(("linearChannelId", "indexInFile"), "int")
    | dict.fromkeys(("records", "succeeded", "failed", "warned"), "int")
    | dict.fromkeys(("createdDate", "completedDate", "startDate", "endDate"), "time")
)
_MADE = (  # columns that our analyses make, whatever the table is of
    dict.fromkeys(("snapshot", "when", "period", "published", "changeDate"), "time")
    | dict.fromkeys(("firstSeen", "lastSeen", "newStartDate", "newEndDate"), "time")
    | dict.fromkeys(("added", "removed", "changed", "total", "enters", "leaves", "onOffer"), "int")
    | dict.fromkeys(("assets", "values", "year", "rows", "given", "filled", "clean"), "int")
    | dict.fromkeys(("count", "households", "allowed", "used", "hour", "programmes"), "int")
    | dict.fromkeys(("share", "score", "minutes", "hours", "behind", "ahead", "short"), "float")
)
_WHOLE = r"-?(?:0|[1-9]\d{0,17})(?:\.0+)?"
_ISO = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_DAY_FIRST = r"\d{1,2}([./-])\d{1,2}\1\d{2,4}\b.*"
_ABSENT = ("", "NaT", "nan", "None", "<NA>", "null")  # what other programs write for an absent time
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_DAY = pd.Timedelta(days=1)
_CLOCKS: Any = (  # what every zone can show in the years 1 to 9999
    pd.Timestamp("0001-01-02", tz="UTC"),
    pd.Timestamp("9999-12-30T23:59:59", tz="UTC"),
)
_SERIAL = (18_264, 2_958_466)  # days since 1899-12-30, as Excel counts: 1950 to 9999


def need(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the table, typed as our listings type it; KottError names columns that it lacks."""
    check_table(table)
    missing = [column for column in columns if column not in table.columns]
    if missing:
        has = ", ".join(map(str, table.columns[:8])) or "none at all"
        more = ", ..." if len(table.columns) > 8 else ""
        raise KottError(
            f"The table has no column {', '.join(missing)}; it has {has}{more}. "
            "Give a table of kott.assets, kott.epg or kott.households with these columns kept."
        )
    return typed(table, *columns)


def own_name(table: pd.DataFrame, column: str) -> str:
    """Return what a table calls a meta or tag: `tags.genre` for `tags.Genre`.

    A column of exactly this name comes first, then the only one that differs from it in case and
    blanks alone. Where there are several such, or none, the name is returned as it is.
    """
    check_table(table)
    if column in table.columns or not column.startswith(("metas.", "tags.")):
        return column
    top, _, name = column.partition(".")
    alike = [
        one
        for one in map(str, table.columns)
        if one.startswith(f"{top}.") and bare(one.partition(".")[2]) == bare(name)
    ]
    return alike[0] if len(alike) == 1 else column


def bare(name: str) -> str:
    """Return a name as names are compared: without case and blanks around it."""
    return str(name).strip().casefold()


def called(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return a table whose metas and tags have these names where only case or blanks differ.

    `matched` in the provenance has each such name with the table's own.
    """
    matched = {name: own for name in columns if (own := own_name(table, name)) not in columns}
    if not matched:
        return table
    log.info("Columns are matched whatever their case: %s.", matched)
    renamed = table.rename(columns={own: name for name, own in matched.items()})
    return with_facts(renamed, matched=facts(table).get("matched", {}) | matched)


def typed(table: pd.DataFrame, *needed: str) -> pd.DataFrame:
    """Return a table with each column that we know in the dtype of our listings.

    Texts become `str`, whole numbers `Int64`, times `datetime64[us, UTC]` (without a zone they
    are UTC), flags `boolean`, decoded lists and objects JSON text. Ids that are not all whole
    numbers stay text. A time or a flag that is not valid is absent in the result; a line in the
    log and `unreadable` in the provenance name it. A column of times of which no value can be
    read, or with days before months, raises KottError if it is one of `needed`; else it stays.
    """
    check_table(table)
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()].unique()
        raise KottError(f"The table has several columns called {', '.join(map(str, twice))}.")
    known = kinds_of(table.columns)
    changed: dict[str, Series] = {}
    unreadable: list[dict[str, str]] = []
    for name, dtype in table.dtypes.items():
        kind = _kind_of(str(name), dtype, known)
        if _is_ready(dtype, kind) and (kind != "tags" or tags.has_lists(table[name])):
            continue
        try:
            changed[str(name)], bad = _READERS[kind](table[name])
            if name in needed and kind in _NUMBERS and changed[str(name)].dtype == STR:
                _refuse_text(table[name], kind)
        except KottError:
            if name in needed:
                raise
            continue
        if bad and str(name) in _MADE and name not in needed:  # a partner's own column
            del changed[str(name)]
        elif bad:
            ids = id_texts(table["id"]) if "id" in table else pd.Series("", table.index, dtype=STR)
            unreadable += [
                {"column": str(name), "id": str(ids.iloc[row]), "value": text}
                for row, text in bad[:MAX_NAMED]
            ]
            log.warning(
                "%s: %d of %d values cannot be read and count as absent, such as %r.",
                name, len(bad), table[name].notna().sum(), bad[0][1],
            )  # fmt: skip
    if changed:
        table = table.assign(**changed)
    if unreadable:
        table = with_facts(table, unreadable=facts(table).get("unreadable", []) + unreadable)
    return table


_NUMBERS = {"int": "whole numbers", "float": "numbers", "bool": "flags (true, false)"}


def _refuse_text(values: Series, kind: str) -> None:
    """Raise KottError for amounts and flags that hold other text; ids and types may be text."""
    if not str(values.name).lower().endswith(("id", "ids", "type")):
        text = _texts(values).str.strip()
        readable = text.str.fullmatch(_WHOLE) if kind == "int" else pd.Series(False, text.index)
        wrong = text[text.notna() & (text != "") & ~readable.fillna(False).astype(bool)]
        raise KottError(f"{values.name} must hold {_NUMBERS[kind]}, not {wrong.iloc[0]!r}.")


def kinds_of(columns: pd.Index[Any]) -> dict[str, str]:
    """Return the kinds of columns by name: of findings, of ingests, or of the nearest class."""
    names = set(map(str, columns))
    if "rule" in names and names & {"severity", "kind"}:
        return _MADE | _FINDINGS
    if names & {"ingestId", "ingestProfileId"} or {"succeeded", "failed"} <= names:
        return _MADE | _INGESTS
    best = kinds.class_of(columns)
    if best in kinds.PEOPLE:
        return _MADE | kinds.of_class(best)
    own = {name: kind for cls in kinds.ASSETS for name, kind in kinds.of_class(cls).items()}
    return _MADE | own


def _kind_of(name: str, dtype: Any, known: dict[str, str]) -> str:
    if name.startswith("tags."):
        return "tags"
    if name.startswith("metas."):
        return "time" if dtype.kind == "M" else ""
    return known.get(name, "")


def _is_ready(dtype: Any, kind: str) -> bool:
    """Return whether a column of a kind already has a dtype that our functions take."""
    if kind in ("text", "json", "tags") or dtype == STR:
        return bool(dtype == STR and kind in ("text", "json", "tags", ""))
    if kind == "time":
        return bool(dtype == UTC)
    if isinstance(dtype, pd.ArrowDtype) or dtype.kind == "O":
        return False
    return dtype.kind in {"int": "iu", "float": "iuf", "bool": "b"}.get(kind, dtype.kind)


def _texts(values: Series) -> Series:
    """Return values as `str`; whole numbers have no fraction, lists and objects become JSON."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind == "f":
        values = values.astype(object)
    if values.dtype != object:
        return values.astype(STR)
    texts = [_text(one) for one in values]
    try:
        return pd.Series(texts, values.index, STR, name=values.name)
    except UnicodeEncodeError:  # half a character, as of an emoji that was cut
        whole = [one and one.encode("utf-8", "replace").decode() for one in texts]
        return pd.Series(whole, values.index, STR, name=values.name)


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list | dict | tuple | np.ndarray):
        plain = value.tolist() if isinstance(value, np.ndarray) else value
        return msgspec.json.encode(plain, enc_hook=_plain).decode()
    if pd.isna(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _read_any(values: Series) -> tuple[Series, Bad]:
    """Return a column of no known kind: numbers, flags and times if they are, else text."""
    if isinstance(values.dtype, pd.ArrowDtype):
        values = pd.Series(
            _arrow(values).to_pandas(types_mapper=_NUMPY.get), name=values.name
        ).set_axis(values.index)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype == object:
        plain = values.map(lambda one: not isinstance(one, list | dict | tuple | np.ndarray)).all()
        with contextlib.suppress(UnicodeEncodeError):  # `_texts` makes such texts whole
            values = values.convert_dtypes() if plain else values
    if values.dtype == object or isinstance(values.dtype, pd.StringDtype):
        return _texts(values), []
    return values, []


# Without times, which `frames` has as whole numbers: a column of whole numbers is not of times.
_NUMPY = {one.arrow: one.dtype for name, one in kinds.KINDS.items() if name != "time"}


def _arrow(values: Series) -> Any:
    return pa.chunked_array(pa.array(values.array))


def _read_texts(values: Series) -> tuple[Series, Bad]:
    return _texts(values), []


def _read_whole(values: Series) -> tuple[Series, Bad]:
    """Return whole numbers as `Int64`, or all values as text where one is something else."""
    text = _texts(values).str.strip()
    text = text.mask(text == "")
    given = text.dropna()
    if not given.str.fullmatch(_WHOLE).all():
        return _texts(values), []
    numbers = [int(one.partition(".")[0]) for one in given]
    whole = pd.Series(numbers, given.index, dtype="Int64", name=values.name)
    return whole.reindex(values.index), []


def _read_numbers(values: Series) -> tuple[Series, Bad]:
    """Return numbers as `Float64`; a column without any number stays text."""
    text = _texts(values)
    numbers = pd.to_numeric(text, errors="coerce").astype("Float64")
    return _with_bad(text, numbers, values)


def _read_flags(values: Series) -> tuple[Series, Bad]:
    """Return flags as `boolean`; a column without any flag stays text."""
    text = _texts(values)
    flags = text.str.strip().str.lower().map(_FLAGS).astype("boolean")
    return _with_bad(text, flags, values)


def is_flag(value: Any, flag: bool) -> bool:
    """Return whether a value is this flag, in any of the forms that servers and files write."""
    return _FLAGS.get(str(value).strip().lower()) is flag


def _with_bad(text: Series, parsed: Series, values: Series) -> tuple[Series, Bad]:
    lost = (text.notna() & parsed.isna() & (text.str.strip() != "")).to_numpy(bool)
    if lost.any() and parsed.isna().all():
        return text, []
    return parsed, [(int(row), str(text.iloc[row])) for row in np.flatnonzero(lost)]


_READERS: dict[str, Callable[[Series], tuple[Series, Bad]]] = {
    "": _read_any,
    "int": _read_whole,
    "float": _read_numbers,
    "bool": _read_flags,
    "text": _read_texts,
    "json": _read_texts,
    "tags": lambda values: (tags.read(_texts(values)), []),
    "time": lambda values: times(values),
}


def cast(values: Series, dtype: Any) -> Series:
    """Return a column in another dtype; KottError names a value that does not fit it."""
    kind = next((name for name, one in kinds.KINDS.items() if one.dtype == dtype), None)
    try:
        parsed, bad = _READERS[kind](values) if kind else (values.astype(dtype), [])
    except (TypeError, ValueError) as error:
        raise KottError(f"{values.name} does not fit the dtype {dtype}: {error}.") from error
    if bad or parsed.dtype != dtype:
        wrong = bad[0][1] if bad else _first_unlike(values, dtype)
        raise KottError(f"{values.name} does not fit the dtype {dtype}: it holds {wrong!r}.")
    return parsed


def _first_unlike(values: Series, dtype: Any) -> str:
    given = _texts(values).dropna()
    if dtype == pd.Int64Dtype():
        given = given[~given.str.strip().str.fullmatch(_WHOLE)]
    return str(given.iloc[0])


def times(values: Series) -> tuple[Series, Bad]:
    """Return a column of times in UTC, and which of its values are not valid times.

    Takes datetimes of any unit and zone (UTC without one), dates, ISO text and the day numbers of
    Excel. Raises KottError where no value can be read, and for dates with the day first.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    arrow = getattr(values.dtype, "pyarrow_dtype", None)
    if arrow is not None and (pa.types.is_timestamp(arrow) or pa.types.is_date(arrow)):
        stamps = _arrow(values).cast(pa.timestamp("us", "UTC"), safe=False)
        return pd.Series(stamps.to_pandas(), name=values.name).set_axis(values.index), []
    if values.dtype.kind == "M":
        zoned = values.dt.tz_localize("UTC") if values.dt.tz is None else values
        return zoned.dt.tz_convert("UTC").dt.as_unit("us"), []
    if values.dtype.kind in "fiu":
        return _from_serial(values), []
    is_other = arrow is not None and values.dtype.kind == "O"  # a dictionary, times of day, bytes
    text = _texts(values.astype(object) if is_other else values).str.strip()
    given = text[text.notna() & ~text.isin(_ABSENT)]
    if given.str.fullmatch(_DAY_FIRST).any():
        first = given[given.str.fullmatch(_DAY_FIRST)].iloc[0]
        raise KottError(
            f"{values.name} holds {first!r}: only ISO dates are read (2026-04-03T18:00), since "
            "days and months cannot be told apart. Convert the column with pd.to_datetime."
        )
    iso = given.str.fullmatch(_ISO).to_numpy(bool)
    parsed = pd.to_datetime(given[iso], utc=True, errors="coerce", format="ISO8601")
    parsed = parsed.astype(UTC).reindex(values.index)
    if len(given) and parsed.isna().all():
        raise KottError(
            f"{values.name} does not hold times ({given.iloc[0]!r}): write ISO text such as "
            "2026-04-03T18:00, or convert the column with pd.to_datetime."
        )
    lost = text.notna() & ~text.isin(_ABSENT) & parsed.isna()
    return parsed, [(int(row), str(text.iloc[row])) for row in np.flatnonzero(lost)]


def _from_serial(values: Series) -> Series:
    """Return times of Excel's day numbers, to the second."""
    days = values.astype("Float64")
    if not days.dropna().between(*_SERIAL, inclusive="left").all():
        raise KottError(
            f"{values.name} does not hold times ({values.dtype}): convert it with pd.to_datetime."
        )
    seconds = ((days - 25_569) * 86_400).round().astype("Int64")
    return pd.to_datetime(seconds, unit="s", utc=True).astype(UTC)


def wall(values: Series, tz: dt.tzinfo) -> Series:
    """Return times as the clocks of a zone show them, without a zone, up to the end of 9999."""
    inside = values.clip(*_CLOCKS)
    local = inside.dt.tz_convert(tz).dt.tz_localize(None) + (values - inside)
    shown: Series = local.clip(upper=_CLOCKS[1].tz_localize(None) + _DAY)
    return shown


def id_texts(values: Series) -> Series:
    """Return ids as text, the same for 7, 7.0 and "7": what joins tables whatever their dtypes."""
    text = _texts(values).str.strip()
    return text.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)


def distinct(table: pd.DataFrame) -> pd.DataFrame:
    """Return each asset or programme once: of rows of one kind and id, the last.

    Two pulls that were joined with pd.concat hold twice what both of them listed. A media asset and
    a programme may have the same id; rows without an id all stay. The index is 0, 1, 2 ...
    """
    programmes = table.get("objectType", pd.Series("", table.index)) == "KalturaProgramAsset"
    keys = pd.DataFrame({"programme": programmes, "id": need(table, "id")["id"]})
    again = keys.duplicated(keep="last") & keys["id"].notna()
    return (table[~again] if again.any() else table).reset_index(drop=True)


def channel_ids(channels: Iterable[Any] | pd.DataFrame) -> list[Any]:
    """List the ids of channels that are given as ids, or as the table of `kott.channels`.

    KottError for what is neither, such as one text, records, or a table of another library.
    """
    if isinstance(channels, pd.DataFrame):
        channels = need(channels, "id")["id"]
    is_list = isinstance(channels, Iterable) and not isinstance(channels, str | bytes | Mapping)
    try:
        ids = list(dict.fromkeys(channels)) if is_list else []
    except TypeError:
        is_list = False
    if not is_list:
        raise KottError(
            "channels must be a list of ids or names, or the table of kott.channels, not "
            f"{channels!r:.80}."
        )
    return ids


def micros(table: pd.DataFrame, column: str) -> Micros:
    """Return a column of times as whole microseconds since 1970, UTC; what is absent is `NAT`.

    Takes what `times` takes. Raises KottError for a column of something else.
    """
    values = table[column]
    if values.dtype != UTC:
        values = times(values)[0]
    return values.to_numpy("datetime64[us]").view(np.int64)


def stamp(time: pd.Timestamp) -> int:
    """Return a time as whole microseconds since 1970, UTC."""
    return int(time.as_unit("us").asm8.astype(np.int64))


def as_times(stamps: Micros) -> pd.DatetimeIndex:
    """Return times in UTC of microseconds since 1970."""
    return pd.DatetimeIndex(stamps.view("datetime64[us]")).tz_localize("UTC")
