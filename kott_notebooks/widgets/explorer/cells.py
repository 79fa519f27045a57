"""Cells and details that the tabs share: texts, days, findings, pictures, a time line; pure."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from kott_notebooks.tables import nested
from kott_notebooks.times import present, zone
from kott_notebooks.widgets.explorer.pages import Column, Detail
from kott_notebooks.widgets.explorer.state import RULE, Pulled, Rows, some

WEB = ("https://", "http://")
NEVER = pd.Timestamp("2100-01-01", tz="UTC")  # later ends mean no end
TIMES = ("createDate", "startDate", "endDate")
MAX_PICTURES = 12
HIT = "Who is hit"  # the part of a detail that says so
_YEAR = pd.Timedelta(days=365)
TITLES = {
    "type": "Type", "createDate": "Added", "startDate": "Starts", "endDate": "Ends",
    RULE: "Finding", "linearAssetId": "Channel", "state": "State", "regionId": "Region",
    "devicesLimit": "Devices allowed", "usersLimit": "Users allowed",
}  # fmt: skip


def title(column: str) -> str:
    """Name a column as people do."""
    return TITLES.get(column, column.removeprefix("tags.").removeprefix("metas."))


def texts(column: pd.Series[Any]) -> list[str]:
    """Write a column's values as text, absent ones empty."""
    if column.dtype == "boolean":
        column = column.map({True: "yes", False: "no"})
    return [str(one) for one in column.astype("str").fillna("")]


def text(value: Any) -> str:
    """Write one value as text, an absent one empty, a whole number without a fraction."""
    if pd.isna(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)


def local(time: Any, tz: Any = None, form: str = "%Y-%m-%d %H:%M") -> str:
    """Write a time as that of a zone; one that means never as "no end"."""
    if pd.isna(time):
        return ""
    return "no end" if time > NEVER else str(time.tz_convert(zone(tz)).strftime(form))


def times(column: pd.Series[Any], tz: Any = None, form: str = "%Y-%m-%d") -> list[str]:
    """Write a column of times as `local` does."""
    return [local(one, tz, form) for one in column]


def filterable(table: pd.DataFrame) -> list[str]:
    """List the columns that a filter may choose of: those with values, nested ones aside."""
    nested_ = ("images", "mediaFiles", "relatedEntities", "multilingual", "id", "objectType")
    own = [str(one) for one in table if not str(one).startswith(nested_)]
    return [one for one in own if table[one].notna().any()]


def names(pulled: Pulled, rows: Rows) -> list[str]:
    """Name rows by their name, else by their id."""
    table = some(pulled.table[[one for one in ("name",) if one in pulled.table]], rows)
    own = texts(table["name"]) if "name" in table else [""] * len(rows)
    return [
        name or one or f"row {row + 1}"
        for name, one, row in zip(own, pulled.ids[rows], rows, strict=True)
    ]


def finding_counts(pulled: Pulled, rows: Rows) -> Column:
    """Count the findings of each row; blank for none."""
    own = pulled.finding_rows
    many = np.bincount(own[own >= 0], minlength=len(pulled.table))[rows]
    return Column(RULE, "Findings", 78, [str(one) if one else "" for one in many], "number")


def findings_of(pulled: Pulled, row: int) -> list[dict[str, str]]:
    """Return the findings of a row, as details show them."""
    if pulled.findings is None:
        return []
    own = pulled.findings[pulled.finding_rows == row]
    names = ("severity", "rule", "field", "detail", "hint", "ksql")
    return [
        dict(zip(names, cells, strict=True))
        for cells in zip(*(texts(own[one]) for one in names), strict=True)
    ]


def of_finding(pulled: Pulled, at: int) -> Detail:
    """Show a finding that is of no row: a gap, a channel."""
    assert pulled.findings is not None
    own = pulled.findings.iloc[at : at + 1]
    one = own.iloc[0]
    names = ("severity", "rule", "field", "detail", "hint", "ksql")
    span = " to ".join(
        filter(None, (local(one["startDate"], pulled.tz), local(one["endDate"], pulled.tz)))
    )
    whose = texts(pulled.texts(own["linearAssetId"]))[0]
    hit = [("viewers of", whose), ("when", span), ("impact", text(one["impact"]))]
    return Detail(
        text(one["name"]) or text(one["rule"]),
        findings=[{name: text(one[name]) for name in names}],
        facts={HIT: [(name, words) for name, words in hit if words]},
        channel=whole(one["linearAssetId"]),
    )


def listed(names: pd.Series[Any], most: int = 8) -> str:
    """Write names in a row, and how many there are beyond the first few."""
    own = [one for one in texts(names) if one]
    more = f" and {len(own) - most:,} more" if len(own) > most else ""
    return ", ".join(own[:most]) + more


def whole(number: Any) -> int | None:
    """Return an id as a number; None for an absent one and for a text."""
    written = text(number)
    return int(written) if written.isdecimal() else None


def alike(pulled: Pulled, row: int) -> list[tuple[str, str]]:
    """Count, for each rule that found a row, all the rows that it found."""
    facet = pulled.facet(RULE)
    own = np.unique(facet.codes[facet.rows == row])
    many = [len(np.unique(facet.rows[facet.codes == code])) for code in own]
    return [
        (f"same {facet.values[code]}", f"{n:,} of the rows here")
        for code, n in zip(own, many, strict=True)
    ]


def pictures(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Return the pictures of the rows, by their links."""
    if "images" not in rows:
        return []
    laid = nested.images(rows)
    if "url" not in laid:
        return []
    own = laid[laid["url"].str.startswith(WEB).fillna(False)].head(MAX_PICTURES)
    shown = []
    for image in own.to_dict("records"):
        size = f"{text(image.get('width'))} x {text(image.get('height'))}".strip(" x")
        words = " ".join(filter(None, (text(image.get("ratio")), size)))
        shown.append({"url": str(image["url"]), "words": words})
    return shown


class Window(NamedTuple):
    """A window of time on a time line; times may be absent."""

    name: str
    start: Any
    end: Any
    active: bool = True


def time_line(
    windows: list[Window],
    tz: Any = None,
    *,
    first: Any = None,
    last: Any = None,
    form: str = "%Y-%m-%d",
) -> tuple[list[dict[str, Any]], float | None]:
    """Place windows of time, and the present, on one line: in percent from `first` to `last`.

    Without bounds the line holds all windows as far as they are within three years of now. The
    place of the present is None where it is not on the line.
    """
    now = present()
    if first is None or last is None:
        known = [one for _, start, end, _ in windows for one in (start, end) if pd.notna(one)]
        near = [min(max(one, now - 3 * _YEAR), now + 3 * _YEAR) for one in [*known, now]]
        first, last = min(near) - _YEAR / 20, max(near) + _YEAR / 20

    def place(time: Any) -> float:
        return round(100 * float(min(max((time - first) / (last - first), 0), 1)), 2)

    placed = []
    for name, start, end, active in windows:
        left = place(start) if pd.notna(start) else 0.0
        right = place(end) if pd.notna(end) else 100.0
        words = f"{local(start, tz, form) or 'always'} to {local(end, tz, form) or 'no end'}"
        width = round(max(right - left, 0.0), 2)
        placed.append(
            {"name": name, "left": left, "width": width, "words": words, "active": active}
        )
    return placed, place(now) if first <= now <= last else None
