"""The assets of a catalogue: pulled, audited, laid out as rows and details; no widget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from operator import and_, or_
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks import catalog, ksql
from kott_notebooks.audits import rules
from kott_notebooks.errors import KottError
from kott_notebooks.ksql import Expression, K
from kott_notebooks.listings import assets, labels
from kott_notebooks.paging import Progress
from kott_notebooks.report.parts import pictures as first_pictures
from kott_notebooks.report.parts import type_names
from kott_notebooks.session import Session
from kott_notebooks.tables import nested
from kott_notebooks.tables.columns import id_texts, is_flag
from kott_notebooks.tables.nested import flat
from kott_notebooks.tables.tags import fields
from kott_notebooks.times import present, zone
from kott_notebooks.widgets.explorer import cells
from kott_notebooks.widgets.explorer.pages import Column, Detail
from kott_notebooks.widgets.explorer.state import RULE, Pulled, Rows, State, literal, some

NAME, TITLE, LABEL = "assets", "Assets", "name"
row_names = cells.names
DATES = {"startDate": "start_date", "endDate": "end_date", "createDate": "create_date"}


def gather(session: Session, question: dict[str, Any], bar: Progress) -> pd.DataFrame:
    """List the assets."""
    return assets(session, question.get("ksql"), progress=bar)


def lay(session: Session, question: dict[str, Any], table: pd.DataFrame) -> Pulled:
    """Name the types of a table of assets, and choose its facets."""
    return laid(table, labels(session, ["assetStruct", "meta"]))


def laid(table: pd.DataFrame, known: pd.DataFrame) -> Pulled:
    """Name the types by labels, and choose the facets."""
    tags = fields(table, "tags.")
    genres = [one for one in tags if "genre" in one.lower()] or tags[:1]
    dates = [one for one in ("createDate", "endDate") if one in table]
    return Pulled(
        table,
        names={"type": type_names(table, known)},
        facets=("type", *genres[:2], *dates),
        more={"choices": _keys(table, known), "labels": known},
    )


def _keys(table: pd.DataFrame, known: pd.DataFrame) -> list[str]:
    """List the metas and tags that KSQL may ask for: those of the labels and of the table."""
    own = known.loc[known["kind"] == "meta", "systemName"].dropna().tolist()
    return sorted({*own, *(cells.title(one) for one in fields(table, "metas.", "tags."))})


def judge(session: Session, question: dict[str, Any], pulled: Pulled) -> Pulled:
    """Add the findings of the catalogue's audit."""
    findings = catalog.audit(pulled.table, labels=pulled.more["labels"])
    first = pd.Series(range(len(pulled.ids)), pulled.ids)
    rows = first[~first.index.duplicated()].reindex(findings["id"].fillna("")).fillna(-1)
    places = np.asarray(rows, dtype=np.intp)
    return replace(pulled, findings=findings, finding_rows=places)


def columns(pulled: Pulled, rows: Rows) -> Iterator[Column]:
    """Lay rows out for people: picture, type, year, genres, window, findings."""
    shown = dict.fromkeys(("id", "type", "images", "metas.Year", *pulled.facets))
    table = some(pulled.table[[one for one in shown if one in pulled.table]], rows)
    images = first_pictures(table, id_texts(table["id"]))
    yield Column("id", "Image", 58, [images.get(one, "") for one in pulled.ids[rows]], "picture")
    yield Column("type", "Type", 70, cells.texts(pulled.texts(table["type"])), "short")
    for name in pulled.facets:
        if name.startswith("tags."):
            genres = cells.texts(flat(table[[name]])[name])
            yield Column(name, cells.title(name), 80, genres)
    if "metas.Year" in table:
        years = pd.to_numeric(table["metas.Year"], errors="coerce").round().astype("Int64")
        yield Column("metas.Year", "Year", 56, cells.texts(years), "number")
    for name in ("createDate", "endDate"):
        if name in table:
            yield Column(name, cells.title(name), 94, cells.times(table[name], pulled.tz), "short")
    yield cells.finding_counts(pulled, rows)


def detail(pulled: Pulled, row: int) -> Detail:
    """Show an asset as an app does, and what is wrong with it, from the row alone."""
    asset = pulled.table.iloc[row : row + 1]
    one, own = asset.iloc[0], pulled.ids[row]
    key = f"media_id='{own}'"
    readable = flat(asset).iloc[0]
    metas = [name for name in map(str, asset) if name.startswith(("metas.", "tags."))]
    known = [(cells.title(name), cells.text(readable.get(name))) for name in ("externalId", *metas)]
    windows = [
        cells.Window(
            "asset", one.get("startDate"), one.get("endDate"), not is_flag(one.get("status"), False)
        )
    ]
    for file in nested.media_files(asset).to_dict("records") if "mediaFiles" in asset else []:
        name = cells.text(file.get("type")) or f"file {cells.text(file.get('id'))}"
        active = not is_flag(file.get("status"), False)
        windows.append(cells.Window(name, file.get("startDate"), file.get("endDate"), active))
    bars, now = cells.time_line(windows, pulled.tz)
    type_ = cells.texts(pulled.texts(asset["type"]))[0]
    live = one.get("objectType") == "KalturaLiveAsset"  # older servers have no class of their own
    is_channel = live or rules().needs(type_).role == "linear"
    return Detail(
        cells.text(one.get("name")) or "(no name)",
        f"{type_}, id {own}",
        pictures=cells.pictures(asset),
        texts=[{"language": "", "name": "", "words": cells.text(one.get("description"))}],
        windows=bars,
        now=now,
        findings=cells.findings_of(pulled, row),
        facts={
            cells.HIT: [
                ("viewers", _offer(one, pulled.tz)),
                *_series(pulled, row),
                *cells.alike(pulled, row),
            ],
            "Fields": [(name, words) for name, words in known if words],
            "KSQL": [("this asset", key)],
        },
        code=f'kott.assets(session, {literal(key)}, language="*")',
        key=key,
        media=cells.whole(own),
        channel=cells.whole(own) if is_channel else None,
    )


def _offer(asset: pd.Series[Any], tz: Any) -> str:
    """Return whether viewers can find an asset now."""
    now, start, end = present(), asset.get("startDate"), asset.get("endDate")
    if is_flag(asset.get("status"), False):
        return "nobody sees it: it is not active"
    if pd.notna(start) and start > now:
        return f"nobody sees it before {cells.local(start, tz)}"
    if pd.notna(end) and end <= now:
        return f"nobody sees it since {cells.local(end, tz)}"
    return "all who may see this type see it now"


def _series(pulled: Pulled, row: int) -> list[tuple[str, str]]:
    """Name the other assets of a row's series, by type, as far as the table has them."""
    field = rules().fields.series.casefold()
    columns = fields(pulled.table, "metas.", "tags.")
    own = [one for one in columns if cells.title(one).casefold() == field]
    given = [one for one in own if cells.text(pulled.table[one].iloc[row])]
    if not given:
        return []
    column = pulled.table[given[0]]
    same = np.flatnonzero((column == column.iloc[row]).fillna(False))
    others = pulled.table[["type", "name"]].iloc[same[same != row]]
    types = pulled.texts(others["type"]).fillna("other").to_numpy()
    return [
        (f"same series, {type_}", f"{len(those):,}: {cells.listed(those['name'])}")
        for type_, those in others.groupby(types)
    ]


def lines(state: State, pulled: Pulled | None) -> str:
    """Write the lines that give the same table without the explorer."""
    asked = ksql.read(ksql.as_text(state.question.get("ksql")))
    parts, after = [] if asked is None else [asked], []
    for name, chosen in state.filters.items():
        condition = None if name == RULE else _condition(name, chosen, pulled)
        if condition is not None:
            parts.append(condition)
        elif name == RULE:
            after += judged(
                "assets", "kott.catalog.audit(assets, labels=kott.labels(session))", chosen
            )
        else:
            after.append(f"# {name}: KSQL cannot say {literal(chosen)}")
    asked_for = f", {literal(str(reduce(and_, parts)))}" if parts else ""
    return "\n".join([f"assets = kott.assets(session{asked_for})", *after])


def judged(table: str, audit: str, rules: tuple[str, ...]) -> list[str]:
    """Write the lines that choose the rows of a table that some rules found."""
    return [
        f"findings = {audit}",
        f'ids = findings.loc[findings["rule"].isin({literal(rules)}), "id"]',
        f'{table} = {table}[{table}["id"].astype("str").isin(ids)]',
    ]


def _condition(name: str, chosen: tuple[str, ...], pulled: Pulled | None) -> Expression | None:
    """Write the values of a facet as KSQL; None where it cannot say them."""
    try:
        if name == "type" and pulled is not None:
            ids = [own for own, known in pulled.names["type"].items() if known in chosen]
            return K.asset_type.isin(ids)
        if name in DATES:
            return reduce(or_, (_within(DATES[name], value, pulled) for value in chosen))
        is_text = pulled is not None and pulled.table[name].dtype == "str"
        if name.startswith(("tags.", "metas.")) and is_text:
            return K[cells.title(name)].isin(chosen)
    except KottError:
        return None
    return None


def _within(key: str, value: str, pulled: Pulled | None) -> Expression:
    """Ask for the times of a year, a month or a day."""
    period, tz = pd.Period(value), zone(pulled.tz if pulled else None)
    first, last = (one.start_time.tz_localize(tz) for one in (period, period + 1))
    return (K[key] >= first) & (K[key] < last)
