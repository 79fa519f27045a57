"""Provenance: how a table was gathered or made, as one JSON text in its `attrs`.

pandas copies `attrs` at every step, and a text costs nothing to copy.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import tzinfo
from html import escape
from typing import Any, ClassVar

import msgspec
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.times import When, bound, instant, present, zone

log = logging.getLogger("kott_notebooks")

ATTR = "kott"  # the only name in `attrs` that is ours
SHEET_ROWS = 200  # that a notebook's cell shows


class Sheet(pd.DataFrame):
    """A table with a title that a notebook's cell shows with every text whole.

    What is made of it is a plain DataFrame.
    """

    _metadata: ClassVar = ["title"]
    title = ""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _repr_html_(self) -> str:
        sides = ["right" if dtype.kind in "iuf" else "left" for dtype in self.dtypes]
        styles = [f"text-align:{side};overflow-wrap:anywhere" for side in sides]
        lines = [tuple(self.columns), *self.head(SHEET_ROWS).itertuples(index=False, name=None)]
        rows = ""
        for tag, line in zip(["th", *["td"] * len(self)], lines, strict=False):
            cells = zip(styles, map(_written, line), strict=True)
            rows += "".join(f"<{tag} style='{one}'>{text}</{tag}>" for one, text in cells)
            rows += "</tr><tr>"
        more = f"; the first {SHEET_ROWS} rows are shown" if len(self) > SHEET_ROWS else ""
        return f"<p><b>{escape(self.title)}{more}</b></p><table><tr>{rows}</tr></table>"


def _written(value: Any) -> str:
    if isinstance(value, str):
        return escape(value)
    return "" if pd.isna(value) else f"{value:,.2f}".removesuffix(".00")


def sheet(table: pd.DataFrame, title: str) -> Sheet:
    """Return the table as one with a title; its provenance stays."""
    titled = Sheet(table)
    titled.title, titled.attrs = title, table.attrs
    return titled


def check_table(table: object) -> None:
    """Raise KottError for what is not a table: a list, a column, the path of a file."""
    if not isinstance(table, pd.DataFrame):
        raise KottError(f"A table (pandas.DataFrame) is needed, not a {type(table).__name__}.")


def facts(table: pd.DataFrame) -> dict[str, Any]:
    """Return a table's provenance; empty for a table without one.

    Raises KottError where `attrs["kott"]` is not a JSON object.
    """
    check_table(table)
    text = table.attrs.get(ATTR)
    if isinstance(text, Mapping):  # as version 0.1 wrote it, also into Parquet
        return dict(text)
    try:
        return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
    except (msgspec.MsgspecError, TypeError) as error:
        raise KottError(
            f"attrs[{ATTR!r}] must be a JSON object, not {text!r:.80}. "
            f"Remove it with del table.attrs[{ATTR!r}]."
        ) from error


def with_facts(table: pd.DataFrame, /, **new: Any) -> pd.DataFrame:
    """Return the table with facts added to its provenance; those of the same name are replaced."""
    table = table.copy(deep=False)
    table.attrs[ATTR] = msgspec.json.encode(facts(table) | new, enc_hook=str).decode()
    return table


def provenance(table: pd.DataFrame) -> pd.DataFrame:
    """Show how a table was gathered or made.

    Parameters
    ----------
    table : DataFrame
        A table of one of the listing functions, or an audit's findings.

    Returns
    -------
    DataFrame
        One row per fact: `fact`, `value` (`str`). The first two are the number of rows when the
        table was made and now. A notebook's cell shows every value whole.

    Raises
    ------
    KottError
        The table has no provenance: it is not from a function of this package, or lost its `attrs`
        on the way (`pd.concat` and `merge` of tables with different provenance drop it).

    See Also
    --------
    verify

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> table = kott.assets(demo.login(assets=200, defects=False), "Genre='Drama'")
    >>> facts = kott.provenance(table.head(3)).set_index("fact")["value"]
    >>> facts["action"], facts["rows now"]
    ('asset.list', '3')
    """
    known = facts(table)
    if "source" not in known:
        raise KottError(
            "This table has no provenance: it is not from a function of kott_notebooks, or a step "
            "such as pd.concat dropped its attrs."
        )
    shown = {"rows then": known.pop("rows", None), "rows now": len(table), **known}
    rows = [
        (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for name, value in shown.items()
        if value is not None
    ]
    laid = pd.DataFrame(rows, columns=["fact", "value"]).astype("str")
    return sheet(laid, f"How this table was made: {known['source']}")


def snapshots_of(tables: pd.DataFrame) -> list[pd.Timestamp]:
    """List the times of the snapshots that `kott.load_all` returned, also of those without rows.

    Of a table from which rows were taken, only those of the rows that are left are known.
    """
    known = facts(tables)
    listed = known.get("snapshots", ()) if known.get("rows_loaded") == len(tables) else ()
    return sorted({*map(pd.Timestamp, listed), *tables["snapshot"].dropna().unique()})


def by_snapshot(tables: pd.DataFrame) -> dict[pd.Timestamp, pd.DataFrame]:
    """Return the rows of each snapshot, in their order."""
    groups: dict[Any, pd.DataFrame] = dict(iter(tables.groupby("snapshot")))
    return {when: groups.get(when, tables.iloc[:0]) for when in snapshots_of(tables)}


def why_partial(guide: pd.DataFrame) -> str:
    """Return why programmes may be missing from a guide; empty where nothing says so.

    A filter of `auto_fill` alone only adds programmes.
    """
    known = facts(guide)
    ksql = re.sub(r"(?i)\bauto_fill\s*=\s*'?true'?", "", known.get("ksql") or "").strip("() ")
    if ksql or known.get("limit") is not None or known.get("incomplete"):
        return "The guide is not whole: it was pulled with a filter or a limit, or broke off."
    return ""


def pulled(
    table: pd.DataFrame, now: When | None = None, tz: str | tzinfo | None = None
) -> pd.Timestamp:
    """Return `now` if it is given, else when the table was pulled, else the present time.

    Words and bare dates are days of `zone_of(table, tz)`. The present time is assumed of a table
    without provenance, and logged as a warning.
    """
    when = now if now is not None else facts(table).get("when")
    if when is not None:
        return bound(when, now=present(), tz=zone_of(table, tz))
    moment = present()
    log.warning(
        "This table does not say when it was pulled: it is judged at the present, %s. "
        "Give now= for another time.",
        moment.isoformat(timespec="seconds"),
    )
    return moment


def zone_of(table: pd.DataFrame, tz: str | tzinfo | None = None) -> tzinfo:
    """Return the zone given, else the one that the table was pulled for, else KOTT_TZ, else UTC."""
    return zone(facts(table).get("tz") if tz is None else tz)


def asked(
    table: pd.DataFrame,
    start: When | None = None,
    end: When | None = None,
    tz: str | tzinfo | None = None,
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Return the start and end given here, else those that were pulled, else None (unknown).

    Words such as `today` and bare dates are days of `zone_of(table, tz)`.
    """
    known, zoned = facts(table), zone_of(table, tz)
    when = known.get("when")
    moment = present() if when is None else instant(when)
    first, last = (
        None if edge is None else bound(edge, now=moment, tz=zoned)
        for edge in (
            known.get("start") if start is None else start,
            known.get("end") if end is None else end,
        )
    )
    if first is not None and last is not None and last <= first:
        raise KottError(f"The window ends at {last} and starts at {first}: give a later end.")
    return first, last
