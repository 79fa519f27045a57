"""`fields=`: the columns of a listing. A name that cannot be a column is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from kott_notebooks import schema
from kott_notebooks.errors import (
    ApiError,
    KottError,
    KsqlError,
    LoginError,
    SessionExpired,
    as_list,
)
from kott_notebooks.ksql import K
from kott_notebooks.listings.filters import only, search
from kott_notebooks.session import Session
from kott_notebooks.tables.columns import bare

Chosen: TypeAlias = Mapping[str, Sequence[str]]  # each field given, and the columns it may mean
Names: TypeAlias = dict[tuple[str, str], list[str]]  # ("tags", "genre") -> ["Genre"]

MAPS = ("metas", "tags")
LOOK = 50  # rows to look at for a name that neither the schema nor the partner's metas have


class Source(NamedTuple):
    """The list whose rows the fields are of."""

    service: str
    action: str
    items: str  # the class of its rows
    arguments: Mapping[str, Any]


def chosen(session: Session, fields: Sequence[str] | None, source: Source) -> Chosen | None:
    """Name the columns that each field may mean; KottError for one that none can be.

    A field is a property of the rows' class, `metas`, `tags`, `metas.NAME`, `tags.NAME`, or the
    name of a meta or tag alone. A name that neither the schema nor the partner's list of metas has
    is looked for in the first rows, since servers send more than any schema lists.
    """
    if fields is None:
        return None
    if isinstance(fields, str):
        raise KottError(f"fields is a list of names: write fields=[{fields!r}].")
    fields = as_list("fields", fields)
    if wrong := [one for one in fields if not isinstance(one, str)]:
        raise KottError(f"fields must be names of columns, not {wrong[0]!r:.80}.")
    known = {name for one in schema.extending(source.items) for name in schema.properties(one)}
    own = known | {"objectType"}
    names = _metas(session) if known.issuperset(MAPS) and not own.issuperset(fields) else {}
    columns = {field: _columns(field, own, names) for field in fields}
    unknown = [field for field, given in columns.items() if not given]
    if unknown and known:
        own, names = _looked(session, source, unknown, own, names)
    for field in unknown:
        columns[field] = _columns(field, own, names) or _searchable(session, field, source, names)
        if known and not columns[field]:
            raise KottError(_unknown(field, source.items, own, names))
    return {field: given or [field] for field, given in columns.items()}


def flat(fields: Chosen | None) -> list[str] | None:
    """List every column that the fields may mean."""
    return None if fields is None else [one for columns in fields.values() for one in columns]


def requested(
    fields: Chosen | None, cls: str, session: Session, language: str | None
) -> list[str] | None:
    """List the properties to request; of texts in all languages, their translations too.

    Raises KottError for a field of one language where the listing is not in all of them.
    """
    names = flat(fields)
    if names is None:
        return None
    all_languages = (language or session._globals["language"]) == "*"
    own = schema.properties(cls)
    wanted: dict[str, None] = {}
    for name in names:
        field, at, spoken = name.partition("@")
        if "." in name:
            wanted |= dict.fromkeys([name, field])  # a meta's name may hold an @ of its own
            continue
        if at and not all_languages:
            raise KottError(f'fields: {name!r} has the texts in {spoken}: list with language="*".')
        translations = f"multilingual{field[:1].upper()}{field[1:]}"
        also = [translations] if all_languages and translations in own else []
        wanted |= dict.fromkeys([field, *also])
    return list(wanted)


def narrowed(table: pd.DataFrame, fields: Chosen | None) -> pd.DataFrame:
    """Drop the columns that a field could have meant where others of it have values."""
    spare: set[str] = set()
    for columns in (fields or {}).values():
        used = [one for one in columns if one in table and table[one].notna().any()]
        spare |= {*columns} - {*(used or columns[:1])}
    return table.drop(columns=[one for one in table.columns if one in spare])


def _columns(field: str, own: Iterable[str], names: Names) -> list[str]:
    """Name the columns that a field may mean, by what is known."""
    text, at, language = field.partition("@")
    if text in own:
        return [field]
    maps, name = _split(text)
    return [
        f"{top}.{one}{at}{language}" for top in maps for one in names.get((top, bare(name)), [])
    ]


def _split(field: str) -> tuple[tuple[str, ...], str]:
    """Split `tags.Genre` into its possible places and its name."""
    top, dot, name = field.partition(".")
    return ((top,), name) if dot and top in MAPS else (MAPS, field)


def _metas(session: Session) -> Names:
    """List the partner's metas and tags by their names; empty where the role may not list them."""
    if "metas" not in session._cache:
        names: Names = {}
        try:
            for meta in session.records("meta"):
                top = "tags" if meta.get("multipleValue") else "metas"
                called = [str(meta[key]) for key in ("name", "systemName") if meta.get(key)]
                for one in called:
                    held = names.setdefault((top, bare(one)), [])
                    held += [other for other in called if other not in held]
        except (SessionExpired, LoginError):
            raise
        except ApiError:  # of a role that may not list them, or a server that does not
            names = {}
        session._cache["metas"] = names
    known: Names = session._cache["metas"]
    return known


def _looked(
    session: Session, source: Source, unknown: Sequence[str], own: set[str], names: Names
) -> tuple[set[str], Names]:
    """Add what the first rows have to what is known."""
    wanted = [
        *(name for name in unknown if name and "." not in name),
        *(MAPS if "tags" in own else ()),
    ]
    arguments = {**source.arguments, "responseProfile": only(wanted)}
    own, names = set(own), dict(names)
    for row in session.records(source.service, source.action, limit=LOOK, **arguments):
        own |= row.keys()
        for top in MAPS:
            for name in row.get(top) or {}:
                others = [one for one in names.get((top, bare(name)), []) if one != name]
                names[top, bare(name)] = [name, *others]
    return own, names


def _searchable(session: Session, field: str, source: Source, names: Names) -> list[str]:
    """Ask the search engine whether assets can have a meta or tag of this name."""
    text, at, language = field.partition("@")
    maps, name = _split(text)
    as_other = any((top, bare(name)) in names for top in MAPS)  # a tag where a meta is meant
    if as_other or (source.service, source.action) != ("asset", "list"):
        return []
    try:
        filter_ = search(str(K[name].exists()))
    except KottError:  # a name that KSQL cannot hold
        return []
    try:
        session.call("asset", "list", filter=filter_, pager={"pageSize": 1, "pageIndex": 1})
    except KsqlError:
        return []
    return [f"{top}.{name}{at}{language}" for top in maps]


def _unknown(field: str, items: str, own: Iterable[str], names: Names) -> str:
    """Return a message that there is no such column, with the nearest names."""
    columns = {*own, *(f"{top}.{name}" for (top, _), held in names.items() for name in held)}
    _, wanted = _split(field)
    nearest = {
        column
        for column in sorted(columns)
        if difflib.get_close_matches(bare(wanted), [bare(_split(column)[1])])
    }
    hint = (
        f"Did you mean {' or '.join(sorted(nearest))}?"
        if nearest
        else (
            f"kott.describe({items!r}) lists its properties"
            + (", kott.labels(session) its metas and tags." if "tags" in own else ".")
        )
    )
    return f"fields: {field!r} is not a column of {items}. {hint}"
