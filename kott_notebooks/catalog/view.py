"""An asset table as the rules see it: structs, texts, tags, images and files, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, NamedTuple, TypeAlias, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.audits.rulebook import Needs, Rules
from kott_notebooks.errors import KottError
from kott_notebooks.ksql import Expression, K, read
from kott_notebooks.tables.columns import NAT, Micros, is_flag, micros, stamp
from kott_notebooks.tables.kinds import MAX_TIME
from kott_notebooks.tables.provenance import facts

Mask: TypeAlias = npt.NDArray[np.bool_]
Rows: TypeAlias = npt.NDArray[np.intp]
Objects: TypeAlias = npt.NDArray[np.object_]
_T = TypeVar("_T")

LINEAR = "Linear"
LABELS = ("kind", "id", "name", "systemName", "dataType", "metaIds")  # columns of kott.labels
SECOND = 1_000_000  # microseconds
DAY = 86_400 * SECOND
_IN_LANGUAGES = {"name": "multilingualName", "description": "multilingualDescription"}


class Found(NamedTuple):
    """What a rule found: the rows, and of each (or of all) a field and a sentence."""

    rule: str
    rows: Rows
    field: Any
    detail: Any
    ksql: str = ""
    start: Micros | None = None
    end: Micros | None = None


class Listed(NamedTuple):
    """Images or files: of which row each is, and its properties as columns."""

    row: Rows
    of: pd.DataFrame


class _Token(msgspec.Struct, gc=False):
    language: str | None = None
    value: Any = None


class _Value(msgspec.Struct, gc=False):
    value: Any = None
    multilingualValue: list[_Token] | None = None  # noqa: N815 - the wire's name


class _Tag(msgspec.Struct, gc=False):
    objects: list[_Value | None] | None = None
    value: Any = None


class _Image(msgspec.Struct, gc=False):  # servers write numbers and flags as text too
    ratio: Any = None
    width: Any = None
    isDefault: Any = None  # noqa: N815


class _File(msgspec.Struct, gc=False):
    type: Any = None
    status: Any = None
    startDate: Any = None  # noqa: N815
    endDate: Any = None  # noqa: N815
    duration: Any = None


@dataclass(frozen=True)
class View:
    """The table (its index 0, 1, 2 ...), and what it is judged by."""

    table: pd.DataFrame
    rules: Rules
    now: pd.Timestamp
    labels: pd.DataFrame | None = None
    epg: pd.DataFrame | None = None

    @property
    def count(self) -> int:
        return len(self.table)

    @property
    def moment(self) -> int:
        return stamp(self.now)

    @property
    def kinds(self) -> set[str]:
        """Give the kinds of labels that are there: a role may not read them all."""
        return set() if self.labels is None else set(self.labels["kind"])

    # Structs

    @cached_property
    def needs(self) -> list[Needs]:
        """Give what each struct that occurs needs, in the order of `code`."""
        types, said = (self._structs[column] for column in ("type", "said"))
        return [
            self.rules.needs(type_, *self._struct_names.get(type_, ()), own)
            for type_, own in zip(types, said, strict=True)
        ]

    @cached_property
    def code(self) -> Rows:
        """Number each row's struct: its place in `needs`."""
        return np.asarray(self._keys.groupby(["type", "said"], sort=False).ngroup(), np.intp)

    @cached_property
    def _structs(self) -> pd.DataFrame:
        return self._keys.drop_duplicates()

    @cached_property
    def _keys(self) -> pd.DataFrame:
        """Pair each row's type with what the table says of it."""
        table, none = self.table, pd.Series("", index=self.table.index)
        said = table.get("typeDescription", none).astype("str").fillna("")
        live = table.get("objectType", none) == "KalturaLiveAsset"
        types = table["type"].convert_dtypes().astype("str").fillna("")  # Excel has 425.0
        return pd.DataFrame({"type": types, "said": said.mask((said == "") & live, LINEAR)})

    @cached_property
    def _struct_names(self) -> dict[str, tuple[str, ...]]:
        """Give each struct's system name and name by its id."""
        if self.labels is None:
            return {}
        own = self.labels[self.labels["kind"] == "assetStruct"]
        triples = zip(own["id"], own["systemName"], own["name"], strict=True)
        return {
            str(key): tuple(name for name in names if isinstance(name, str))
            for key, *names in triples
        }

    def where(self, fits: Callable[[Needs], Any]) -> Mask:
        """Say of which rows the struct's needs fit."""
        return np.array([bool(fits(needs)) for needs in self.needs], bool)[self.code]

    def role(self, role: str) -> Mask:
        """Say of which rows the struct plays a role."""
        return self.where(lambda needs: needs.role == role)

    def by_struct(self) -> Iterator[tuple[str, Needs, Mask]]:
        """Give each struct that occurs: its asset type, its needs, its rows."""
        for code, (type_, needs) in enumerate(zip(self._structs["type"], self.needs, strict=True)):
            yield type_, needs, self.code == code

    # Columns

    def times(self, column: str) -> Micros:
        """Give a column of times, all absent where the table has no such column."""
        if column not in self.table:
            return np.full(self.count, NAT)
        return micros(self.table, column)

    @cached_property
    def ids(self) -> Objects:
        """Give each row's id and, last, that of no row."""
        return np.array([*self.table["id"].astype("str"), None], dtype=object)

    @cached_property
    def names(self) -> Objects:
        """Give each row's name and, last, that of no row."""
        return np.array([*self.text("name").astype("str"), None], dtype=object)

    def text(self, column: str) -> pd.Series[Any]:
        """Give a column as text; of one in all languages, the first translation."""
        if column not in self._texts:
            self._texts[column] = self._text(column)
        return self._texts[column]

    @cached_property
    def _texts(self) -> dict[str, pd.Series[Any]]:
        return {}

    def _text(self, column: str) -> pd.Series[Any]:
        cells = self.table.get(column, pd.Series(np.nan, index=self.table.index, dtype="str"))
        other = _IN_LANGUAGES.get(column)
        if other is not None and other in self.table:
            cells = cells.astype("str").fillna(self.text(other))
        if cells.dtype != "str" or not is_translated(cells):
            return cells
        firsts = self.translations(column).drop_duplicates("row").set_index("row")["value"]
        return firsts.reindex(self.table.index).astype("str")

    def translations(self, column: str) -> pd.DataFrame:
        """Lay a text in all languages out: row, language, value."""
        if column not in self._translations:
            self._translations[column] = self._laid_translations(column)
        return self._translations[column]

    @cached_property
    def _translations(self) -> dict[str, pd.DataFrame]:
        return {}

    def _laid_translations(self, column: str) -> pd.DataFrame:
        rows, lists = decoded(self.table[column], list[list[_Token]])
        sizes = np.fromiter(map(len, lists), np.intp, len(lists))
        tokens = [token for one in lists for token in one]
        laid = {
            "row": rows.repeat(sizes),
            "language": pd.Series([token.language for token in tokens], dtype="str"),
            "value": pd.Series([token.value for token in tokens], dtype="str"),
        }
        return pd.DataFrame(laid)

    def columns_of(self, field: str) -> list[str]:
        """Find the columns of a field: a property, or metas and tags of a name or system name."""
        if field in self.table:
            return [field]
        return self._by_name.get(_bare(field), [])

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for column in map(str, self.table.columns):
            kind, dot, name = column.partition(".")
            if dot and kind in ("metas", "tags"):
                found.setdefault(_bare(name), []).append(column)
        for name, system in self._systems:
            found.setdefault(system, found.get(name, []))
        return found

    @property
    def _systems(self) -> Iterable[tuple[str, str]]:
        if self.labels is None:
            return ()
        own = self.labels[self.labels["kind"] == "meta"].dropna(subset=["name", "systemName"])
        return zip(map(_bare, own["name"]), map(_bare, own["systemName"]), strict=True)

    def filled(self, column: str) -> Mask:
        """Say which rows have something in a column that is not blank."""
        cells = self.table[column]
        if column in ("images", "mediaFiles"):
            listed = self.images if column == "images" else self.files
            return np.asarray(np.bincount(listed.row, minlength=self.count) > 0)
        if column.startswith("tags."):
            return np.isin(np.arange(self.count), self.tag(column)["row"])
        if cells.dtype != "str":
            return cells.notna().to_numpy(bool)
        return ~texts.blank(self.text(column))

    def has(self, field: str) -> Mask:
        """Say which rows have a field, in any of its columns."""
        mask = np.zeros(self.count, bool)
        for column in self.columns_of(field):
            mask |= self.filled(column)
        return mask

    def anywhere(self, field: str) -> bool:
        """Say whether any row has a field: one that no row has is reported once."""
        return bool(self.has(field).any())

    def number(self, field: str) -> npt.NDArray[np.float64]:
        """Give a meta's numbers, NaN where there is none; of several columns, the first's."""
        for column in self.columns_of(field)[:1]:
            return self.numbers(column)
        return np.full(self.count, np.nan)

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """Give a column's numbers, NaN where there is none."""
        numbers = pd.to_numeric(self.text(column), errors="coerce").astype("Float64")
        return np.asarray(numbers.to_numpy(float, na_value=np.nan), np.float64)

    def tag(self, column: str) -> pd.DataFrame:
        """Lay a tag out: row, value; each value of a row once, blank ones aside."""
        if column not in self._tags:
            self._tags[column] = self._laid_tag(column)
        return self._tags[column]

    @cached_property
    def _tags(self) -> dict[str, pd.DataFrame]:
        return {}

    def _laid_tag(self, column: str) -> pd.DataFrame:
        codes, cells = pd.factorize(self.table[column])  # most tags say the same in many rows
        at, tags = decoded(pd.Series(cells, dtype=self.table[column].dtype, name=column), _TAGS)
        values = [list(dict.fromkeys(_values(tag))) for tag in tags]
        of_code = pd.Series(np.repeat(at, [len(of) for of in values]), dtype=np.intp)
        each = pd.DataFrame({"value": [value for of in values for value in of]}, dtype="str")
        each = each.set_index(of_code)[~texts.blank(each["value"])]
        rows = pd.DataFrame({"row": range(self.count), "code": codes})
        laid = rows.merge(each, left_on="code", right_index=True).sort_values("row", kind="stable")
        return laid.drop(columns="code").reset_index(drop=True)

    # Images and files

    @cached_property
    def images(self) -> Listed:
        """Lay images out; a ratio is written 16:9, whoever wrote 16x9."""
        row, images = self._listed("images", list[list[_Image | None]])
        ratios = [str(one.ratio or "").strip().replace("x", ":") for one in images]
        of = {
            "ratio": pd.Series(ratios, dtype="str"),
            "width": _numbers([one.width for one in images]).round().astype("Int64"),
            "default": np.array([is_flag(one.isDefault, True) for one in images], bool),
        }
        return Listed(row, pd.DataFrame(of))

    @cached_property
    def files(self) -> Listed:
        """Lay media files out; times are microseconds, a status that is not told is active."""
        row, files = self._listed("mediaFiles", list[list[_File | None]])
        of = {
            "type": pd.Series([str(one.type or "").strip() for one in files], dtype="str"),
            "active": np.array([not is_flag(one.status, False) for one in files], bool),
            "start": _moments([one.startDate for one in files]),
            "end": _moments([one.endDate for one in files]),
            "duration": _numbers([one.duration or None for one in files]).to_numpy(),
        }
        return Listed(row, pd.DataFrame(of))

    def _listed(self, column: str, shape: type[list[list[_T | None]]]) -> tuple[Rows, list[_T]]:
        rows, lists = decoded(self.table[column], shape)
        row = rows.repeat(np.fromiter(map(len, lists), np.intp, len(lists)))
        entries = [one for entries in lists for one in entries]
        there = np.fromiter((one is not None for one in entries), bool, len(entries))
        return row[there], [one for one in entries if one is not None]

    # KSQL

    def ksql(self, term: Expression) -> str:
        """Join a rule's KSQL with that of the table's own listing; blank where it has none."""
        try:
            return str(self._base & term)
        except KottError:
            return ""

    def any_of(
        self,
        key: str,
        found: pd.Series[Any],
        every: pd.Series[Any],
        of: Expression | None = None,
    ) -> str:
        """Say in KSQL that a field has one of these values, unless others read the same there."""
        wanted = sorted(found.dropna().unique().tolist())
        others = {value.casefold() for value in set(every.dropna().unique().tolist()) - set(wanted)}
        if not wanted or any(value.casefold() in others for value in wanted):
            return ""
        try:
            term = K[key].isin(wanted)
        except KottError:
            return ""
        return self.ksql(term if of is None else of & term)

    def types(self, role: str) -> Expression | None:
        """Say in KSQL that an asset is of a struct that plays a role."""
        terms = [
            K.asset_type == type_ for type_, needs, _ in self.by_struct() if needs.role == role
        ]
        return reduce(or_, terms) if terms else None

    def absent(self, column: str, rows: Rows) -> Expression:
        """Say in KSQL that a field is absent, or holds the blanks that these rows hold."""
        key = K[column.partition(".")[2] or column]
        blanks = self._blanks(column, rows)
        return key.missing() | key.isin(blanks) if blanks else key.missing()

    def _blanks(self, column: str, rows: Rows) -> list[str]:
        if column.startswith("tags."):
            tags = decoded(self.table[column].iloc[rows], _TAGS)[1]
            values = [value for tag in tags for value in _values(tag)]
        else:
            values = self.text(column).iloc[rows].dropna().astype("str").tolist()
        return sorted({one for one in values if one and not one.strip()})

    @cached_property
    def _base(self) -> Expression:
        asked = facts(self.table)
        text = ((asked.get("arguments") or {}).get("filter") or {}).get("kSql") or ""
        own = read(text)
        return K.asset_type == "media" if own is None else own


_TAGS = list[_Tag]


def decoded(cells: pd.Series[Any], shape: type[list[_T]]) -> tuple[Rows, list[_T]]:
    """Decode the JSON cells of a column, in one go: the rows that have one, and theirs."""
    if cells.dtype != "str":
        if cells.notna().any():
            raise KottError(_flat(cells.name))
        return np.array([], np.intp), []
    given = cells.notna().to_numpy(bool)
    text = ",".join(cells[given].to_numpy(object))
    try:
        return np.flatnonzero(given), msgspec.json.decode(f"[{text}]", type=shape)
    except msgspec.DecodeError as error:
        raise KottError(_flat(cells.name)) from error


def is_translated(cells: pd.Series[Any]) -> bool:
    """Say whether a column holds texts in all languages."""
    given = cells.dropna()
    lists = bool(len(given)) and bool(given.str.startswith(("[{", "[]")).all())
    return lists and bool((given != "[]").any())


def _flat(column: object) -> str:
    return (
        f"{column} does not hold JSON: give the table as it was pulled, such as its Parquet file, "
        "and not kott.flat's, which the CSV for people is."
    )


def _values(tag: _Tag) -> Iterator[str]:
    for one in tag.objects or ([_Value(tag.value)] if tag.objects is None else []):
        if one is not None:
            tokens = one.multilingualValue or ()
            first = next((token.value for token in tokens), None)
            yield str(first or "") if one.value is None else str(one.value)


def _numbers(values: list[Any]) -> pd.Series[float]:
    """Give numbers, also those that are written as text; what is none is absent."""
    return pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").astype(float)


def _moments(values: list[Any]) -> Micros:
    """Give epoch seconds as microseconds; what no calendar shows is absent."""
    seconds = _numbers(values)
    valid = seconds.abs() <= MAX_TIME
    return np.where(valid, seconds.where(valid, 0) * SECOND, NAT).astype(np.int64)


def _bare(name: str) -> str:
    return name.strip().casefold()
