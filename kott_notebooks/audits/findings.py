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
    """Make a table of findings: every column in its place and of its dtype, also without rows.

    What a row lacks is absent. Other columns are left out.
    """
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    columns = {
        column: _typed(table[column], dtype)
        if column in table
        else pd.Series(pd.NA, index=table.index, dtype="object").astype(dtype)
        for column, dtype in DTYPES.items()
    }
    return pd.DataFrame(columns, index=table.index).reset_index(drop=True)


def needed(findings: pd.DataFrame, *columns: str) -> pd.DataFrame:
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


_KINDS = {  # of findings, by the class of what they are of; of any other it is "media"
    "KalturaProgramAsset": "epg",
    "KalturaRecordingAsset": "epg",
    "KalturaHousehold": "household",
    "KalturaHouseholdDevice": "device",
    "KalturaHouseholdUser": "user",
    "KalturaOTTUser": "user",
}
_NAMES = ("typeName", "regionName", "brandName", "userRole")


def join(findings: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Put the asset, programme, channel, household or device that a finding is of beside it.

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
        out. They are absent for a finding of something that the table does not hold; of a thing
        that it holds twice, the last row counts.

    Raises
    ------
    KottError
        The findings lack `kind` or `id`, or the table has no ids.

    See Also
    --------
    kott_notebooks.with_names : Names beside ids.

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
    """Return the row of the table that each finding is of, absent where there is none."""
    own = need(findings, "kind", "id")
    ids, kinds = id_texts(own["id"]), own["kind"].astype("str")
    if "linearAssetId" in own:  # a guide's finding of a channel has the channel's id in both
        kinds = kinds.mask(ids == id_texts(own["linearAssetId"]), "media")
    table = table.reset_index(drop=True)
    classes = table.get("objectType", pd.Series(class_of(table.columns), index=table.index))
    of = classes.astype("str").map(_KINDS).fillna("media")
    usual = "userId" if "userId" in table and "id" not in table else "id"
    keys = pd.Series("", index=table.index, dtype="str")
    for kind in of.unique():
        key = "udid" if kind == "device" else usual
        keys = keys.mask(of == kind, id_texts(need(table, key)[key]))
    rows = pd.MultiIndex.from_arrays([of, keys])
    places = pd.Series(table.index, index=rows)[~rows.duplicated(keep="last")]
    at = places.reindex(pd.MultiIndex.from_arrays([kinds, ids])).fillna(-1).astype(int)
    return typed(table).reindex(at).set_axis(findings.index)


def with_labels(
    findings: pd.DataFrame, labels: pd.DataFrame | None, *tables: pd.DataFrame | None
) -> pd.DataFrame:
    """Put the names of what findings are of after their `name`: its type, region, brand, role.

    Those that the labels know, or that the tables have already.
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
