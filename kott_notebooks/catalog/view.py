"""An asset table as the rules see it: structs, texts, values, images and files, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property, reduce
from itertools import chain
from operator import or_
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.rulebook import Needs, Rules, ratio_text, rules
from kott_notebooks.errors import KottError
from kott_notebooks.ksql import Expression, K, read
from kott_notebooks.tables.columns import (
    NAT,
    Micros,
    bare,
    distinct,
    id_texts,
    is_flag,
    micros,
    need,
    pulled,
    stamp,
)
from kott_notebooks.tables.kinds import MAX_TIME
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import When

Mask: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]
Objects: TypeAlias = npt.NDArray[np.object_]
_T = TypeVar("_T")

LINEAR = "Linear"
LABELS = ("kind", "id", "name", "systemName", "dataType", "metaIds")  # columns of kott.labels
SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
FIRST_TIME = 315_532_800 * SECOND  # 1980: no asset's date is before
_MAPS = ("metas", "tags")
_MULTILINGUAL = {"name": "multilingualName", "description": "multilingualDescription"}


class Hits(NamedTuple):
    """The rows that break a rule, with a field and a sentence for each, or one for all."""

    rule: str
    rows: Rows  # -1 for the table as a whole
    field: Any
    detail: Any
    ksql: str = ""
    start: Micros | None = None
    end: Micros | None = None


class Listed(NamedTuple):
    """Images or files: the row that each belongs to, and its properties as columns."""

    row: Rows
    properties: pd.DataFrame


class _Token(msgspec.Struct, gc=False):
    language: str | None = None
    value: Any = None


class _Image(msgspec.Struct, gc=False):  # servers write numbers and flags as text too
    ratio: Any = None
    width: Any = None
    isDefault: Any = None  # noqa: N815 - the wire's name


class _File(msgspec.Struct, gc=False):
    id: Any = None
    type: Any = None
    status: Any = None
    startDate: Any = None  # noqa: N815
    endDate: Any = None  # noqa: N815
    duration: Any = None


def view_of(
    assets: pd.DataFrame,
    *columns: str,
    own: Rules | None = None,
    now: When | None = None,
    tz: str | tzinfo | None = None,
    labels: pd.DataFrame | None = None,
) -> View:
    """Return the view of a table that has these columns, each asset once."""
    table = need(assets, *columns)
    table = distinct(table) if "id" in table else table.reset_index(drop=True)
    known = None if labels is None else need(labels, *LABELS)
    return View(table, own or rules(), pulled(assets, now, tz), known)


@dataclass(frozen=True)
class View:
    """The table (its index is 0, 1, 2 ...), and what it is judged by."""

    table: pd.DataFrame
    rules: Rules
    now: pd.Timestamp
    labels: pd.DataFrame | None = None
    epg: pd.DataFrame | None = None
    partial: str = ""  # why assets may be missing from the table; blank where none are

    @property
    def count(self) -> int:
        return len(self.table)

    @property
    def moment(self) -> int:
        return stamp(self.now)

    @property
    def kinds(self) -> set[str]:
        """Return the kinds of labels there are: a role may not read them all."""
        return set() if self.labels is None else set(self.labels["kind"])

    # Structs

    @cached_property
    def needs(self) -> list[Needs]:
        """Return what each struct that occurs needs, in the order of `code`."""
        types, descriptions = (self._structs[column] for column in ("type", "description"))
        return [
            self.rules.needs(type_, *self._struct_names.get(type_, ()), description)
            for type_, description in zip(types, descriptions, strict=True)
        ]

    @cached_property
    def code(self) -> Rows:
        """Number each row's struct: its place in `needs`."""
        keys = self._keys.groupby(["type", "description"], sort=False)
        return np.asarray(keys.ngroup(), np.intp)

    @cached_property
    def _structs(self) -> pd.DataFrame:
        return self._keys.drop_duplicates()

    @cached_property
    def _keys(self) -> pd.DataFrame:
        """Pair each row's type with its description; a role may not read the type."""
        table, none = self.table, pd.Series("", index=self.table.index, dtype="str")
        description = table.get("typeDescription", none).astype("str").fillna("")
        live = table.get("objectType", none) == "KalturaLiveAsset"
        description = description.mask((description == "") & live, LINEAR)
        types = id_texts(table["type"]).fillna("")
        return pd.DataFrame({"type": types, "description": description})

    @cached_property
    def _struct_names(self) -> dict[str, tuple[str, ...]]:
        """Return each struct's system name and name by its id."""
        own = self.labels_of("assetStruct")
        triples = zip(own["id"], own["systemName"], own["name"], strict=True)
        return {
            str(key): tuple(name for name in names if isinstance(name, str))
            for key, *names in triples
        }

    def labels_of(self, kind: str) -> pd.DataFrame:
        """Return the labels of a kind, with ids as text; none without labels."""
        if self.labels is None:
            return pd.DataFrame(columns=list(LABELS), dtype="str")
        own = self.labels[self.labels["kind"] == kind]
        return own.assign(id=id_texts(own["id"]), metaIds=id_texts(own["metaIds"]))

    def metas_of(self, type_: str) -> pd.DataFrame | None:
        """Return the labels of the metas and tags that a struct has, or None if unknown."""
        structs = self.labels_of("assetStruct")
        listed = structs.loc[structs["id"] == type_, "metaIds"].dropna()
        ids = {key for text in listed for key in str(text).split(",")}
        metas = self.labels_of("meta")
        own = metas[metas["id"].isin(ids)]
        return own if len(own) else None  # a role may not read metas

    def field_names(self, type_: str) -> set[str] | None:
        """Return the names of these metas and tags, as `bare` writes them, or None if unknown."""
        own = self.metas_of(type_)
        return None if own is None else {bare(one) for one in [*own["name"], *own["systemName"]]}

    def where(self, fits: Callable[[Needs], Any]) -> Mask:
        """Return the rows whose struct has such needs."""
        return np.array([bool(fits(needs)) for needs in self.needs], bool)[self.code]

    def role(self, role: str) -> Mask:
        """Return the rows whose struct has a role."""
        return self.where(lambda needs: needs.role == role)

    def by_struct(self) -> Iterator[tuple[str, Needs, Mask]]:
        """Yield each struct that occurs: its asset type, its needs, its rows."""
        for code, (type_, needs) in enumerate(zip(self._structs["type"], self.needs, strict=True)):
            yield type_, needs, self.code == code

    # Columns

    @cached_property
    def ids(self) -> Objects:
        """Return each row's id and, last, that of no row."""
        return np.array([*id_texts(self.table["id"]), None], dtype=object)

    @cached_property
    def names(self) -> Objects:
        """Return each row's name and, last, that of no row."""
        return np.array([*self.text("name").astype("str"), None], dtype=object)

    def times(self, column: str) -> Micros:
        """Return a column of times; those before 1980 are absent, and all without a column."""
        times = self.all_times(column)
        return np.where(times < FIRST_TIME, NAT, times)

    def all_times(self, column: str) -> Micros:
        """Return a column of times, also those before 1980; a date of 0 is absent."""
        if column not in self.table:
            return np.full(self.count, NAT)
        times = micros(self.table, column)
        return np.where(times == 0, NAT, times)

    def text(self, column: str) -> pd.Series[Any]:
        """Return a column as text; of one in all languages, the first translation of each row."""
        if column not in self._texts:
            cells = self.table.get(column, pd.Series(np.nan, index=self.table.index, dtype="str"))
            for own in self.translations(column).values():
                given = cells.astype("str").mask(texts.blank(cells) | _is_token_list(cells))
                cells = given.fillna(own)
            self._texts[column] = cells
        return self._texts[column]

    @cached_property
    def _texts(self) -> dict[str, pd.Series[Any]]:
        return {}

    def translations(self, field: str) -> dict[str, pd.Series[Any]]:
        """Return a field's texts by language; empty where it is known in one language alone."""
        if field not in self._translations:
            start = f"{field}@"
            columns = [one for one in map(str, self.table.columns) if one.startswith(start)]
            self._translations[field] = {
                column.removeprefix(start): self.table[column].astype("str") for column in columns
            } or self._decoded_translations(_MULTILINGUAL.get(field, field))
        return self._translations[field]

    @cached_property
    def _translations(self) -> dict[str, dict[str, pd.Series[Any]]]:
        return {}

    def _decoded_translations(self, column: str) -> dict[str, pd.Series[Any]]:
        """Lay out a column whose cells are lists of a text in each language."""
        is_list = _is_token_list(self.table[column]) if column in self.table else np.array([], bool)
        if not is_list.any():
            return {}
        try:
            rows, lists = decoded(self.table[column][is_list], list[list[_Token]])
        except KottError:  # a text that looks like one
            return {}
        rows = np.flatnonzero(is_list)[rows]
        tokens = [(row, token) for row, one in zip(rows, lists, strict=True) for token in one]
        laid = pd.DataFrame({
            "row": np.array([row for row, _ in tokens], np.intp),
            "language": [token.language for _, token in tokens],
            "value": pd.Series([token.value for _, token in tokens], dtype="str"),
        })  # fmt: skip
        return {
            str(language): own.drop_duplicates("row")
            .set_index("row")["value"]
            .reindex(self.table.index)
            for language, own in laid.groupby("language", sort=False)
        }

    def columns_of(self, field: str) -> list[str]:
        """Find the columns of a field: a property, or metas and tags of a name or system name.

        Names are compared without case; `matched` has those that differ.
        """
        if field in self.table:
            return [field]
        top, dot, name = field.partition(".")
        if not dot or top not in _MAPS:
            top, name = "", field
        columns = [one for one in self._by_name.get(bare(name), []) if one.startswith(top)]
        others = [one for one in columns if one.partition(".")[2] != name]
        if others:
            self.matched[field] = others
        return columns

    @cached_property
    def matched(self) -> dict[str, list[str]]:
        """Return the columns that `columns_of` found under another name than the field's."""
        return {}

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = {}
        for column in map(str, self.table.columns):
            kind, dot, name = column.partition(".")
            if dot and kind in _MAPS and "@" not in name:
                by_name.setdefault(bare(name), []).append(column)
        own = self.labels_of("meta").dropna(subset=["name", "systemName"])
        for name, system in zip(own["name"].map(bare), own["systemName"].map(bare), strict=True):
            by_name.setdefault(system, by_name.get(name, []))
        return by_name

    def filled(self, column: str) -> Mask:
        """Return which rows have a value in a column that is not blank."""
        if column in ("images", "mediaFiles"):
            row, _ = self._images if column == "images" else self._files
            return np.asarray(np.bincount(row, minlength=self.count) > 0)
        if column.startswith("tags."):
            codes, lists = self._lists(column)
            given: Mask = np.array([*map(bool, lists), False])[codes]
            return given
        cells = self.table[column]
        if cells.dtype == "str":
            return ~texts.blank(self.text(column))
        return cells.notna().to_numpy(bool)

    def has(self, field: str) -> Mask:
        """Return which rows have a field, in any of its columns."""
        mask = np.zeros(self.count, bool)
        for column in self.columns_of(field):
            mask |= self.filled(column)
        if field in _MULTILINGUAL:
            mask |= ~texts.blank(self.text(field))
        return mask

    def anywhere(self, field: str) -> bool:
        """Return whether any row has a field."""
        return bool(self.has(field).any())

    def key(self, field: str) -> pd.Series[str]:
        """Return a field as text to join by, of the first of its columns with a value, or ""."""
        keys = pd.Series("", index=self.table.index, dtype="str")
        for column in self.columns_of(field):
            keys = keys.mask(keys == "", self.first(column).fillna(""))
        return keys

    def first(self, column: str) -> pd.Series[str]:
        """Return the first value of each row, as text without blanks around it."""
        if column.startswith("tags."):
            firsts = self.values(column).drop_duplicates("row").set_index("row")["value"]
            return firsts.reindex(self.table.index).str.strip()
        return id_texts(self.text(column)).str.strip()

    def number(self, field: str) -> npt.NDArray[np.float64]:
        """Return a field's numbers, NaN where there is none."""
        numbers = np.full(self.count, np.nan)
        for column in self.columns_of(field):
            numbers = np.where(np.isnan(numbers), self.numbers(column), numbers)
        return numbers

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """Return a column's numbers, NaN where there is none; of a tag, the first of each row."""
        numbers = pd.to_numeric(self.first(column), errors="coerce").astype("Float64")
        return np.asarray(numbers.to_numpy(float, na_value=np.nan), np.float64)

    def values(self, column: str) -> pd.DataFrame:
        """Lay the values of a column out (row, value), each value of a row once, without blanks."""
        if column not in self._values:
            self._values[column] = self._laid_values(column)
        return self._values[column]

    @cached_property
    def _values(self) -> dict[str, pd.DataFrame]:
        return {}

    def _laid_values(self, column: str) -> pd.DataFrame:
        if not column.startswith("tags."):
            cells: pd.Series[Any] = self.text(column)[self.filled(column)]
            if cells.dtype.kind == "f":
                cells = cells.map("{:.15g}".format)  # a year is 1999, and not 1999.0
            return pd.DataFrame({"row": cells.index, "value": cells.array}).astype({"value": "str"})
        codes, lists = self._lists(column)
        lists = [list(dict.fromkeys(own)) for own in lists]
        each = pd.DataFrame({"value": [one for own in lists for one in own]}, dtype="str")
        each = each.set_index(np.repeat(np.arange(len(lists)), list(map(len, lists))).astype(int))
        rows = pd.DataFrame({"row": range(self.count), "code": codes})
        laid = rows.merge(each, left_on="code", right_index=True).sort_values("row", kind="stable")
        return laid.drop(columns="code").reset_index(drop=True)

    def _lists(self, column: str) -> tuple[Rows, list[list[str]]]:
        """Number each row's cell of a tag (-1 for none); return the values of each cell."""
        if column not in self._tags:
            codes, distinct = pd.factorize(self.table[column])  # most tags repeat in many rows
            cells = distinct.to_numpy(object)
            try:
                lists = msgspec.json.decode(f"[{','.join(cells)}]", type=list[list[str]])
            except (msgspec.MsgspecError, TypeError):
                lists = []
            if len(lists) != len(cells):
                lists = list(map(tag_values, cells))
            if not all(map(str.strip, chain.from_iterable(lists))):
                lists = [[one for one in own if one.strip()] for own in lists]
            self._tags[column] = codes, lists
        return self._tags[column]

    @cached_property
    def _tags(self) -> dict[str, tuple[Rows, list[list[str]]]]:
        return {}

    # Images and files

    def ratios_or_types(self, column: str) -> tuple[Rows, pd.Series[Any]]:
        """Return the row of each image or file, and its ratio or type."""
        if column == "images":
            row, images = self._images
            return row, _once_each([one.ratio for one in images], ratio_text)
        row, files = self._files
        return row, _once_each([one.type for one in files], lambda one: str(one or "").strip())

    @cached_property
    def images(self) -> Listed:
        """Lay images out: ratio, width, default."""
        row, images = self._images
        defaults = _once_each([one.isDefault for one in images], lambda one: is_flag(one, True))
        properties = {
            "ratio": self.ratios_or_types("images")[1].astype("str"),
            "width": _numbers([one.width for one in images]).round().astype("Int64"),
            "default": defaults.to_numpy(bool),
        }
        return Listed(row, pd.DataFrame(properties))

    @cached_property
    def files(self) -> Listed:
        """Lay media files out: id, type, active, start, end, duration; times in microseconds."""
        row, files = self._files
        active = _once_each([one.status for one in files], lambda one: not is_flag(one, False))
        properties = {
            "id": pd.Series(["" if one.id is None else str(one.id) for one in files], dtype="str"),
            "type": self.ratios_or_types("mediaFiles")[1].astype("str"),
            "active": active.to_numpy(bool),
            "start": _moments([one.startDate for one in files]),
            "end": _moments([one.endDate for one in files]),
            "duration": _numbers([one.duration or None for one in files]).to_numpy(),
        }
        return Listed(row, pd.DataFrame(properties))

    @cached_property
    def _images(self) -> tuple[Rows, list[_Image]]:
        return self._listed("images", list[list[_Image | None]])

    @cached_property
    def _files(self) -> tuple[Rows, list[_File]]:
        return self._listed("mediaFiles", list[list[_File | None]])

    def _listed(self, column: str, shape: type[list[list[_T | None]]]) -> tuple[Rows, list[_T]]:
        rows, lists = decoded(self.table[column], shape)
        row = rows.repeat(np.fromiter(map(len, lists), np.intp, len(lists)))
        entries = [one for own in lists for one in own]
        present = np.fromiter((one is not None for one in entries), bool, len(entries))
        return row[present], [one for one in entries if one is not None]

    # KSQL

    def ksql(self, term: Expression) -> str:
        """Join a rule's KSQL with that of the table's own listing; blank where it has none."""
        try:
            return str(self._listing & term)
        except KottError:
            return ""

    def any_of(
        self,
        key: str,
        wrong: pd.Series[Any],
        every: pd.Series[Any],
        term: Expression | None = None,
    ) -> str:
        """Write KSQL for assets with a wrong value of a field; blank if it would find others too.

        KSQL compares values without case.
        """
        wanted = sorted(wrong.dropna().unique().tolist())
        others = {value.casefold() for value in set(every.dropna().unique().tolist()) - set(wanted)}
        if not wanted or any(value.casefold() in others for value in wanted):
            return ""
        try:
            one_of = K[key].isin(wanted)
        except KottError:
            return ""
        return self.ksql(one_of if term is None else term & one_of)

    def of_role(self, role: str) -> Expression | None:
        """Return a term for assets whose struct has a role; None where types are unknown."""
        types = [type_ for type_, needs, _ in self.by_struct() if needs.role == role]
        return reduce(or_, (K.asset_type == one for one in types)) if all(types) and types else None

    def absent(self, column: str, rows: Rows) -> Expression:
        """Return a term for assets without a field, or with the blanks that these rows hold."""
        key = K[column.partition(".")[2] or column]
        if column.startswith("tags."):
            held = [one for cell in self.table[column].iloc[rows] for one in tag_values(cell)]
        else:
            held = self.text(column).iloc[rows].dropna().astype("str").tolist()
        blanks = sorted({one for one in held if one and not one.strip()})
        return key.missing() | key.isin(blanks) if blanks else key.missing()

    @cached_property
    def _listing(self) -> Expression:
        own = read(listing_filter(self.table))
        return K.asset_type == "media" if own is None else own


def listing_filter(table: pd.DataFrame) -> str:
    """Return the KSQL that a table was listed with."""
    return asked_filter(table).get("kSql") or ""


def asked_filter(table: pd.DataFrame) -> dict[str, Any]:
    """Return the filter that a table was listed with, as it was sent."""
    arguments = facts(table).get("arguments") or {}
    return arguments.get("filter") or {}


def decoded(cells: pd.Series[Any], shape: type[list[_T]]) -> tuple[Rows, list[_T]]:
    """Decode the JSON cells of a column together: the rows that have one, and the values."""
    if cells.dtype != "str":
        if cells.notna().any():
            raise _not_json(cells.name)
        return np.array([], np.intp), []
    given = ~texts.blank(cells)
    text = ",".join(cells[given].to_numpy(object))
    try:
        return np.flatnonzero(given), msgspec.json.decode(f"[{text}]", type=shape)
    except msgspec.DecodeError as error:
        raise _not_json(cells.name) from error


def _not_json(column: object) -> KottError:
    return KottError(
        f"{column} does not hold JSON: give the table as it was pulled, such as its Parquet file, "
        "not kott.flat's, which is for people."
    )


def tag_values(cell: Any) -> list[str]:
    """Return the values in a tag's cell: a JSON list of texts, the API's envelope, or a text."""
    if not isinstance(cell, str) or cell[:1] not in ("[", "{"):
        return [cell] if isinstance(cell, str) else []
    try:
        content = msgspec.json.decode(cell)
    except msgspec.DecodeError:
        return [cell]
    if isinstance(content, dict):
        content = content["objects"] if content.get("objects") else [content.get("value")]
    return [text for one in content if (text := _tag_text(one)) is not None]


def _tag_text(value: Any) -> str | None:
    if isinstance(value, dict):
        tokens = value.get("multilingualValue") or [{}]
        value = value["value"] if value.get("value") is not None else tokens[0].get("value")
    return None if value is None else str(value)


def _is_token_list(cells: pd.Series[Any]) -> Mask:
    """Return which cells are lists of a text in each language, as version 0.1 had them."""
    if cells.dtype != "str":
        return np.zeros(len(cells), bool)
    is_list = cells.str.startswith("[{").fillna(False)
    for name in ("language", "value"):
        is_list &= cells.str.contains(f'"{name}":', regex=False).fillna(False)
    return is_list.to_numpy(bool)


def _once_each(values: list[Any], parse: Callable[[Any], Any]) -> pd.Series[Any]:
    """Apply a function once to each distinct value; there are few of them."""
    codes, distinct = pd.factorize(np.array([*values, None], dtype=object)[:-1])
    every = pd.Series([*map(parse, distinct), parse(None)], dtype=object)
    return every.take(codes).reset_index(drop=True)


def _numbers(values: list[Any]) -> pd.Series[float]:
    """Return numbers, also those written as text; absent where there is none."""
    return pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").astype(float)


def _moments(values: list[Any]) -> Micros:
    """Return epoch seconds as microseconds; 0 and times after 9999 are absent."""
    seconds = _numbers(values)
    valid = (seconds.abs() <= MAX_TIME) & (seconds != 0)
    return np.where(valid, seconds.where(valid, 0) * SECOND, NAT).astype(np.int64)
