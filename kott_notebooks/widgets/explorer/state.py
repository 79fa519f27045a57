"""What an explorer shows, as values: what was pulled, its facets, what is chosen; no widget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.schema import near
from kott_notebooks.tables import tags
from kott_notebooks.tables.columns import id_texts
from kott_notebooks.times import zone

Rows: TypeAlias = npt.NDArray[np.intp]
Mask: TypeAlias = npt.NDArray[np.bool_]
Filters: TypeAlias = Mapping[str, tuple[str, ...]]
LATEST_FIRST = ("createDate", "updateDate")  # other times begin with the first
LAST = np.iinfo(np.int64).max  # the rank of a row without a value
RULE = "rule"  # the facet of the findings
_YEARS = 3  # of times that lie further apart, a facet has years, else months


@dataclass(frozen=True)
class State:
    """What somebody asked for and chose: all that the line of code says."""

    tab: str
    question: Mapping[str, Any] = field(default_factory=dict)  # arguments of what pulls the table
    filters: Filters = field(default_factory=dict)  # the values chosen, by facet
    sort: str | None = None  # a column; "-name" begins with the last
    selected: str | None = None  # the id of the row whose details are shown

    def toggled(self, facet: str, value: str) -> State:
        """Choose a value of a facet, or take it back."""
        chosen = self.filters.get(facet, ())
        values = (
            tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)
        )
        others = {name: own for name, own in self.filters.items() if name != facet}
        return replace(self, filters=others | ({facet: values} if values else {}))

    def sorted_by(self, column: str) -> State:
        """Sort by a column; by the same once more, begin with the last."""
        return replace(self, sort=f"-{column}" if self.sort == column else column)

    def code(self, *, masked: bool = False) -> str:
        """Write the line that shows this state; `masked` hides the question, which names people."""
        question = {name: one for name, one in self.question.items() if one not in (None, "", {})}
        if masked:
            question = dict.fromkeys(question, "***")
        given = {"tab": self.tab, **question}
        given |= {"filters": {name: list(own) for name, own in self.filters.items()} or None}
        given |= {"sort": self.sort, "selected": self.selected}
        arguments = [f"{name}={literal(one)}" for name, one in given.items() if one is not None]
        return f"kott.explore(session, {', '.join(arguments)})"


def literal(value: Any) -> str:
    """Write a value as Python does, texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        pairs = [f"{literal(name)}: {literal(one)}" for name, one in value.items()]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value.item() if isinstance(value, np.generic) else value)


class Facet(NamedTuple):
    """The values of a column, and which rows have which: a row may have several, or none."""

    name: str
    values: list[str]
    rows: Rows  # a row of the table,
    codes: Rows  # and the place of a value that it has
    of_findings: Rows  # the place of each finding's own value, -1 for none

    def mask(self, chosen: tuple[str, ...], count: int) -> Mask:
        """Return which rows have one of these values."""
        wanted = self._wanted(chosen)
        mask = np.zeros(count, bool)
        mask[self.rows[wanted[self.codes]]] = True
        return mask

    def findings(self, chosen: tuple[str, ...]) -> Mask:
        """Return which findings have one of these values themselves."""
        return np.append(self._wanted(chosen), False)[self.of_findings]

    def _wanted(self, chosen: tuple[str, ...]) -> Mask:
        return np.array([value in chosen for value in self.values], bool)


class Chosen(NamedTuple):
    """What the filters leave: rows in their order, counts of each facet's values, findings."""

    rows: Rows
    counts: dict[str, npt.NDArray[np.int64]]
    findings: Rows


@dataclass(frozen=True)
class Pulled:
    """A table with its findings, and what reading it takes: names of numbers, a time zone."""

    table: pd.DataFrame
    findings: pd.DataFrame | None = None  # None: not audited
    finding_rows: Rows = field(default_factory=lambda: np.array([], np.intp))  # -1: of no row
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by column, then id
    facets: tuple[str, ...] = ()  # that are shown from the start
    tz: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)  # further tables that a tab needs
    _facets: dict[str, Facet] = field(default_factory=dict, init=False, repr=False)
    _ranks: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def ids(self) -> pd.Index[str]:
        """Return the id of each row, as text."""
        column = self.table["id"] if "id" in self.table else pd.Series(range(len(self.table)))
        ids: pd.Index[str] = pd.Index(id_texts(column).fillna(""), dtype="str")
        return ids

    def row_of(self, selected: str | None) -> int:
        """Return the row of an id, -1 for none."""
        return -1 if selected is None else int(self.ids.get_indexer_for(pd.Index([selected]))[0])

    def facet(self, name: str) -> Facet:
        """Return the facet of a column, or of the findings' rules; KottError for any other."""
        if name not in self._facets:
            self._facets[name] = self._of_rules() if name == RULE else self._of_column(name)
        return self._facets[name]

    def _of_rules(self) -> Facet:
        if self.findings is None:
            empty = np.array([], np.intp)
            return Facet(RULE, [], empty, empty, empty)
        codes, values = _by_count(self.findings[RULE])
        of_row = self.finding_rows >= 0
        return Facet(RULE, values, self.finding_rows[of_row], codes[of_row], codes)

    def _column(self, name: str) -> pd.Series[Any]:
        if name in self.table:
            return self.table[name]
        columns = [RULE, *map(str, self.table.columns)]
        hint = f" Did you mean {' or '.join(near(name, columns)) or ', '.join(columns[:5])}?"
        raise KottError(f"{name!r} is not a column of this table.{hint}")

    def _of_column(self, name: str) -> Facet:
        column = self._column(name)
        rows, values = np.arange(len(self.table)), self.texts(column)
        if name.startswith("tags."):
            laid = tags.values(tags.read(column))
            rows, values = laid["row"].to_numpy(np.intp), laid["value"]
        codes, known = _by_count(values)
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            order = np.argsort(known)
            order = order[::-1] if name in LATEST_FIRST else order
            codes, known = np.append(np.argsort(order), -1)[codes], [known[at] for at in order]
        own = np.full(len(self.finding_rows), -1, np.intp)
        if self.findings is not None and name in self.findings:
            texts = self.texts(self.findings[name], like=column)
            own = pd.Index(known).get_indexer(pd.Index(texts.fillna("")))
        given = codes >= 0
        return Facet(name, known, rows[given], codes[given], own)

    def texts(self, column: pd.Series[Any], like: pd.Series[Any] | None = None) -> pd.Series[str]:
        """Write a column's values as a facet has them: names for numbers, years, months or days."""
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            return self._periods(column, column if like is None else like)
        names = self.names.get(str(column.name), {})
        texts = id_texts(column)
        return texts.map(lambda one: names.get(one, one), na_action="ignore") if names else texts

    def _periods(self, times: pd.Series[Any], like: pd.Series[Any]) -> pd.Series[str]:
        """Write times as years, months or days, as far apart as the column `like` lies."""
        span = like.quantile(0.95) - like.quantile(0.05)  # the year 2999 aside
        local = times.dt.tz_convert(zone(self.tz)).dt
        parts = [local.year.astype("Int64").astype("str").str.zfill(4)]
        if not span > pd.Timedelta(days=365 * _YEARS):
            parts.append(local.month.astype("Int64").astype("str").str.zfill(2))
        if not span > pd.Timedelta(days=62):
            parts.append(local.day.astype("Int64").astype("str").str.zfill(2))
        text = parts[0]
        for part in parts[1:]:
            text = text + "-" + part
        written: pd.Series[str] = text.where(times.notna())
        return written

    def ranks(self, column: str) -> npt.NDArray[np.int64]:
        """Number the rows by a column, by name where it has names; those without a value last."""
        if column not in self._ranks:
            if column == RULE:
                own = self.finding_rows[self.finding_rows >= 0]
                ranks = -np.bincount(own, minlength=len(self.table))
            else:
                values = self._column(column)
                if values.dtype == "str" or column in self.names:
                    values = self.texts(values).str.casefold()
                codes, _ = pd.factorize(values, sort=True)
                ranks = np.where(codes < 0, LAST, codes)
            self._ranks[column] = ranks.astype(np.int64)
        return self._ranks[column]

    def choose(self, state: State, shown: tuple[str, ...] = ()) -> Chosen:
        """Apply filters: the rows and findings that all of them leave, and what each value has.

        A facet's counts are those under the filters of the other facets, so that one sees what
        another of its values would give. `shown` are facets to count, beside those of the filters.
        """
        count, filters = len(self.table), state.filters
        facets = {name: self.facet(name) for name in dict.fromkeys((*shown, *filters, RULE))}
        masks = {name: facets[name].mask(own, count) for name, own in filters.items()}
        of_row = self.finding_rows >= 0
        seen = {
            name: np.where(
                of_row & (name != RULE),
                np.append(masks[name], False)[self.finding_rows],
                facets[name].findings(own),
            )
            for name, own in filters.items()
        }
        counts = {}
        for name, facet in facets.items():
            if name == RULE:
                visible = _all([one for other, one in seen.items() if other != name], len(of_row))
                codes = facet.of_findings[visible]
            else:
                mask = _all([one for other, one in masks.items() if other != name], count)
                codes = facet.codes[mask[facet.rows]]
            counts[name] = np.bincount(codes, minlength=len(facet.values))
        rows = np.flatnonzero(_all(list(masks.values()), count))
        if state.sort:
            ranks = self.ranks(state.sort.removeprefix("-"))[rows]
            if state.sort.startswith("-"):
                ranks = np.where(ranks == LAST, LAST, -ranks)
            rows = rows[np.argsort(ranks, kind="stable")]
        return Chosen(rows, counts, np.flatnonzero(_all(list(seen.values()), len(of_row))))


def some(table: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Take a few rows of a table, one by one: `iloc` takes as long as the table's texts are."""
    return pd.concat([table.iloc[:0], *(table.iloc[row : row + 1] for row in rows)])


def _all(masks: list[Mask], count: int) -> Mask:
    return np.logical_and.reduce(masks) if masks else np.ones(count, bool)


def _by_count(values: pd.Series[Any]) -> tuple[Rows, list[str]]:
    """Number values, the commonest first, then by name; -1 for absent ones."""
    codes, uniques = pd.factorize(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(uniques))
    order = np.lexsort((np.array(uniques, dtype=str), -counts))
    return np.append(np.argsort(order), -1)[codes], [str(uniques[at]) for at in order]
