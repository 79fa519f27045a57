"""The table that every audit returns: one row per finding, the same columns for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import id_texts, need, typed
from kott_notebooks.tables.kinds import class_of
from kott_notebooks.tables.names import with_names

ERROR, WARNING, INFO = SEVERITIES = ("error", "warning", "info")

DTYPES: dict[str, Any] = {
    "rule": "str",  # stable, dotted: schedule.gap
    "severity": "str",
    "kind": "str",  # media, epg, household, user, device
    "id": "str",  # of what is wrong; ids are unique within a kind
    "name": "str",
    "field": "str",
    "startDate": "datetime64[us, UTC]",
    "endDate": "datetime64[us, UTC]",
    "linearAssetId": "Int64",  # as in the guide, where its channels are not numbers
    "impact": "Float64",  # to sort by; its meaning is the audit's
    "detail": "str",
    "ksql": "str",  # finds the rule's findings on the server; absent where KSQL cannot
    "hint": "str",
}


def as_findings(rows: pd.DataFrame | Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table of findings, with all their columns, in order and typed, also without rows.

    What a row lacks is absent; columns that findings do not have are left out.
    """
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    columns = {
        column: _typed(table[column], dtype)
        if column in table
        else pd.Series(pd.NA, index=table.index, dtype="object").astype(dtype)
        for column, dtype in DTYPES.items()
    }
    return pd.DataFrame(columns, index=table.index).reset_index(drop=True)


def need_findings(findings: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return findings that have these columns, typed; KottError for an unknown severity."""
    table = need(findings, "severity", *columns)
    unknown = sorted(set(table["severity"].dropna()) - set(SEVERITIES))
    if unknown:
        raise KottError(f"severity must be {', '.join(SEVERITIES)}, not {unknown[0]!r}.")
    return table


def _typed(column: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    try:
        typed: pd.Series[Any] = pd.Series(column, dtype=dtype)
    except (ValueError, TypeError):
        if column.name != "linearAssetId":
            raise
        typed = column.astype("str")
    return typed


_KINDS = {  # of findings, by the class of what they are about; for other classes it is "media"
    "KalturaProgramAsset": "epg",
    "KalturaRecordingAsset": "epg",
    "KalturaHousehold": "household",
    "KalturaHouseholdDevice": "device",
    "KalturaHouseholdUser": "user",
    "KalturaOTTUser": "user",
}
_NAMES = ("typeName", "regionName", "brandName", "userRole")


def join(findings: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of what each finding is about: an asset, programme, household or device.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit, also read back from a file.
    table : DataFrame
        What was audited: assets, programmes, channels (which are assets), households, devices or
        users. Ids match whether they are numbers or text.

    Returns
    -------
    DataFrame
        One row per finding, in their order: its columns, then those of the table. Columns of the
        table that findings have too are called `name_row`, `startDate_row` ...; its ids are left
        out. They are absent for a finding about something that the table does not hold; of rows
        with one id, the last counts.

    Raises
    ------
    KottError
        The findings lack `kind` or `id`, or the table has no ids.

    See Also
    --------
    kott.with_names : Names beside ids.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import audits, catalog, demo
    >>> assets = kott.assets(demo.login(assets=200))
    >>> joined = audits.join(catalog.audit(assets), assets)
    >>> joined.loc[joined["rule"] == "window.inverted", "type"].notna().all()
    np.True_
    """
    beside = _rows_of(findings, table).drop(columns="id", errors="ignore")
    beside = beside.rename(columns={one: f"{one}_row" for one in beside if one in findings})
    joined = pd.concat([findings, beside], axis=1)
    joined.attrs = dict(findings.attrs)
    return joined


def _rows_of(findings: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return the row of the table that each finding is about, absent where there is none."""
    ids = id_texts(need(findings, "id")["id"])
    table = table.reset_index(drop=True)
    kinds = kinds_of_rows(table)
    id_column = "userId" if "userId" in table and "id" not in table else "id"
    keys = pd.Series("", index=table.index, dtype="str")
    for kind in kinds.unique():
        column = "udid" if kind == "device" else id_column
        keys = keys.mask(kinds == kind, id_texts(need(table, column)[column]))
    rows = pd.MultiIndex.from_arrays([kinds, keys])
    places = pd.Series(table.index, index=rows)[~rows.duplicated(keep="last")]
    wanted = pd.MultiIndex.from_arrays([kinds_of_findings(findings), ids])
    at = places.reindex(wanted).fillna(-1).astype(int)
    return typed(table).reindex(at).set_axis(findings.index)


def kinds_of_findings(findings: pd.DataFrame) -> pd.Series[str]:
    """Return the kind of what each finding is about: of a channel in a guide, it is media."""
    own = need(findings, "kind", "id")
    kinds = own["kind"].astype("str")
    if "linearAssetId" not in own:
        return kinds
    return kinds.mask(id_texts(own["id"]) == id_texts(own["linearAssetId"]), "media")


def kinds_of_rows(table: pd.DataFrame) -> pd.Series[str]:
    """Return the kind that findings about each row of a table have."""
    classes = table.get("objectType", pd.Series(class_of(table.columns), index=table.index))
    return classes.astype("str").map(_KINDS).fillna("media")


def with_labels(
    findings: pd.DataFrame, labels: pd.DataFrame | None, *tables: pd.DataFrame | None
) -> pd.DataFrame:
    """Add the type, region, brand and role of what findings are about, after their `name`.

    The names are those of the labels, or those that the tables have already.
    """
    names: dict[str, pd.Series[Any]] = {}
    for table in tables:
        if table is not None:
            rows = _rows_of(findings, table if labels is None else with_names(table, labels))
            for column in [one for one in _NAMES if one in rows]:
                names[column] = (
                    names[column].fillna(rows[column]) if column in names else rows[column]
                )
    for column in reversed(list(names)):
        findings.insert(list(findings.columns).index("name") + 1, column, names[column])
    return findings
