"""The guide of some channels: pulled, audited, laid out as rows and details; no widget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from operator import and_
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks import schedule
from kott_notebooks.errors import KottError
from kott_notebooks.ksql import Expression, K
from kott_notebooks.listings import channels, epg
from kott_notebooks.paging import Progress
from kott_notebooks.report.guide import guide
from kott_notebooks.session import Session
from kott_notebooks.tables.columns import id_texts
from kott_notebooks.tables.nested import flat
from kott_notebooks.tables.tags import fields
from kott_notebooks.widgets.explorer import assets, cells
from kott_notebooks.widgets.explorer.pages import Column, Detail
from kott_notebooks.widgets.explorer.state import RULE, Chosen, Pulled, Rows, State, literal, some

NAME, TITLE, LABEL = "schedule", "Schedule", "name"
row_names = cells.names
_MARGIN = pd.Timedelta(hours=1)  # of the time line, on both sides of a programme


def gather(session: Session, question: dict[str, Any], bar: Progress) -> pd.DataFrame:
    """List the programmes."""
    start, end = question.get("start") or "today", question.get("end") or "today+1d"
    own = question.get("channels") or None
    return epg(session, start, end, tz=question.get("tz"), channels=own, progress=bar)


def lay(session: Session, question: dict[str, Any], table: pd.DataFrame) -> Pulled:
    """Name the channels of a table of programmes, and choose its facets."""
    every = channels(session, progress=False)
    ids, names = id_texts(every["id"]), every["name"].astype("str").fillna("")
    twice = names.duplicated(keep=False) | (names == "")
    named = names.where(~twice, names + " (" + ids + ")")
    genres = [one for one in fields(table, "tags.") if "genre" in one.lower()]
    return Pulled(
        table,
        names={"linearAssetId": dict(zip(ids, named, strict=True))},
        facets=("linearAssetId", *genres[:1], "startDate"),
        tz=question.get("tz"),
        more={"channels": every, "choices": list(zip(named, every["id"].tolist(), strict=True))},
    )


def judge(session: Session, question: dict[str, Any], pulled: Pulled) -> Pulled:
    """Add the findings of the guide's audit; those of a gap or a channel are of no programme."""
    asked, own = pulled.more["channels"], question.get("channels")
    asked = asked[asked["id"].isin(own)] if own else asked
    findings = schedule.audit(pulled.table, asked, tz=pulled.tz)
    whose = id_texts(findings["linearAssetId"]).fillna("")
    keys_of_findings = whose + " " + findings["id"].fillna("")
    of_programme = (findings["id"] != whose).to_numpy(bool)
    keys = (
        id_texts(pulled.table["linearAssetId"]).fillna("") + " " + pulled.ids.to_series().to_numpy()
    )
    places = pd.Series(range(len(keys)), keys)
    rows = places[~places.index.duplicated()].reindex(keys_of_findings).fillna(-1).to_numpy(np.intp)
    return replace(pulled, findings=findings, finding_rows=np.where(of_programme, rows, -1))


def columns(pulled: Pulled, rows: Rows) -> Iterator[Column]:
    """Lay rows out for people: channel, local start and end, minutes, genre, findings."""
    tags = [one for one in pulled.facets if one.startswith("tags.")]
    table = some(pulled.table[["linearAssetId", "startDate", "endDate", *tags]], rows)
    yield Column("linearAssetId", "Channel", 90, cells.texts(pulled.texts(table["linearAssetId"])))
    for name, form, width in (("startDate", "%a %d %b %H:%M", 140), ("endDate", "%H:%M", 52)):
        yield Column(
            name, cells.title(name), width, cells.times(table[name], pulled.tz, form), "short"
        )
    minutes = (table["endDate"] - table["startDate"]).dt.total_seconds() / 60
    yield Column("endDate", "Minutes", 74, cells.texts(minutes.round().astype("Int64")), "number")
    for name in tags:
        yield Column(name, cells.title(name), 80, cells.texts(flat(table[[name]])[name]))
    yield cells.finding_counts(pulled, rows)


def detail(pulled: Pulled, row: int) -> Detail:
    """Show a programme as an app does, and what is wrong with it, from the row alone."""
    table, own = pulled.table.iloc[row : row + 1], pulled.ids[row]
    one = table.iloc[0]
    channel = cells.texts(pulled.texts(table["linearAssetId"]))[0]
    readable = flat(table).iloc[0]
    metas = [name for name in map(str, table) if name.startswith(("metas.", "tags."))]
    known = [
        (cells.title(name), cells.text(readable.get(name)))
        for name in ("externalId", "crid", *metas)
    ]
    bars, now = cells.time_line(
        _around(pulled, row),
        pulled.tz,
        first=one["startDate"] - _MARGIN,
        last=max(one["endDate"], one["startDate"]) + _MARGIN,
        form="%H:%M",
    )
    key = f"(and asset_type='epg' epg_id='{own}')"
    span = [cells.local(one[name], pulled.tz) for name in ("startDate", "endDate")]
    return Detail(
        cells.text(one.get("name")) or "(no title)",
        f"{channel}, {' to '.join(span)}",
        pictures=cells.pictures(table),
        texts=[{"language": "", "name": "", "words": cells.text(one.get("description"))}],
        windows=bars,
        now=now,
        findings=cells.findings_of(pulled, row),
        facts={
            cells.HIT: [("viewers of", channel), *cells.alike(pulled, row)],
            "Fields": [(name, words) for name, words in known if words],
            "KSQL": [("this programme", key)],
        },
        code=f'kott.assets(session, {literal(key)}, language="*")',
        key=key,
        channel=cells.whole(one["linearAssetId"]),
    )


def _around(pulled: Pulled, row: int) -> list[cells.Window]:
    """Return a programme and those of its channel that are on air within an hour of it."""
    table, one = pulled.table, pulled.table.iloc[row]
    near = table[
        (table["linearAssetId"] == one["linearAssetId"])
        & (table["startDate"] < one["endDate"] + _MARGIN)
        & (table["endDate"] > one["startDate"] - _MARGIN)
    ].sort_values("startDate", kind="stable")
    return [
        cells.Window(cells.text(other["name"]), other["startDate"], other["endDate"], place == row)
        for place, (_, other) in zip(
            table.index.get_indexer_for(near.index), near.iterrows(), strict=True
        )
    ]


def lines(state: State, pulled: Pulled | None) -> str:
    """Write the lines that give the same table without the explorer."""
    given = {name: one for name, one in state.question.items() if one}
    times = [literal(given.pop("start", "today")), literal(given.pop("end", "today+1d"))]
    after: list[str] = []
    conditions: list[Expression] = []
    for name, chosen in state.filters.items():
        if name == "linearAssetId" and pulled is not None:
            known = pulled.names[name].items()
            given["channels"] = [int(own) for own, channel in known if channel in chosen]
        elif name.startswith("tags."):
            try:
                conditions.append(K[cells.title(name)].isin(chosen))
            except KottError:
                after.append(f"# {name}: KSQL cannot say {literal(chosen)}")
        elif name == RULE:
            after += assets.judged("epg", "kott.schedule.audit(epg)", chosen)
        else:
            after.append(f"# and {name} in {literal(chosen)}")
    if conditions:
        given["ksql"] = str(reduce(and_, conditions))
    options = "".join(f", {name}={literal(one)}" for name, one in given.items())
    return "\n".join([f"epg = kott.epg(session, {', '.join(times)}{options})", *after])


def guide_of(pulled: Pulled, chosen: Chosen) -> str:
    """Draw the programmes that are chosen as a guide, with their findings."""
    table = pulled.table.iloc[np.sort(chosen.rows)]
    if not len(table):
        return "No rows."
    every = pulled.more["channels"]
    own = every[every["id"].isin(table["linearAssetId"])]
    findings = None if pulled.findings is None else pulled.findings.iloc[chosen.findings]
    return guide(table, own, findings=findings, tz=pulled.tz)._repr_html_()
