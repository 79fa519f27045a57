"""Functions over a catalogue, for some assets at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.audits.rulebook import definitions, rules
from kott_notebooks.audits.summaries import score
from kott_notebooks.catalog.audit import is_programme, judged_share
from kott_notebooks.catalog.view import Mask
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.history.store import columns_of, common_schema, conformed
from kott_notebooks.scale.sources import ROWS, Partition, Source, by_rows, facts_of, load, run
from kott_notebooks.tables.columns import distinct, id_texts
from kott_notebooks.tables.provenance import facts, with_facts
from kott_notebooks.times import When, present

# Families of rules that look at one asset at a time; the others need the whole table
_ALONE = ("image", "file", "window", "language", "text")
_TOGETHER = ("identity", "series", "meta", "channel", "ingest")
_LARGE = ("images", "mediaFiles", "description", "multilingualDescription")  # that those need
# Rules whose KSQL depends on the values of all their findings
_STATED = ("text.missing_name", "text.missing_description", "text.placeholder")


def map_assets(
    source: Source,
    function: Callable[..., pd.DataFrame],
    *,
    name: str | None = None,
    at: When | None = None,
    rows: int = ROWS,
    **options: Any,
) -> pd.DataFrame:
    """Run a function of assets for some assets at a time, on all cores or a cluster.

    `catalog.audit` finds what it finds on one machine. Rules of images, files, windows, texts and
    languages are judged by partition. Those that compare assets (identity, series, values of tags)
    are judged over the whole table without its large columns.

    Parameters
    ----------
    source : str, path, DataFrame or Dask DataFrame
        A store of `kott.save`, whose files every worker can read, or assets as a table.
    function : callable
        `catalog.audit`, or a function whose first argument is a table of assets and whose result
        needs each asset's row alone, such as `kott.explode` with its column.
    name : str, optional
        Which table of the store.
    at : str, datetime or Timestamp, optional
        Which snapshot, as in `kott.load`.
    rows : int, default 250000
        Assets of a partition, about: what a worker holds in memory at a time.
    **options
        Passed on to the function.

    Returns
    -------
    DataFrame
        The rows of all assets: one row per what the function has a row per. Findings are ordered by
        rule, then as the assets are in the table.

    Raises
    ------
    KottError
        Dask is not installed, or checks of one's own are given to `catalog.audit`: they may need
        the whole table.

    See Also
    --------
    map_channels, pull_assets

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, scale
    >>> assets = kott.assets(demo.login(assets=200, channels=4, days=2, households=0))
    >>> findings = scale.map_assets(assets, catalog.audit, rows=50)
    >>> len(findings) == len(catalog.audit(assets))
    True
    """
    rows = whole_number("rows", rows, 1)
    partitions = by_rows(source, name, at, rows)
    if function is catalog.audit:
        return _audited(partitions, options)
    results = run(_applied, [(list(one), function, options) for one in partitions])
    return _joined(results)


def _applied(
    partition: list[Any], function: Callable[..., pd.DataFrame], options: dict[str, Any]
) -> pd.DataFrame:
    return function(load(*partition), **options)


def _joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables one below the other, without provenance."""
    schema = common_schema(columns_of(part) for part in parts)
    joined = pd.concat([conformed(part, schema) for part in parts], ignore_index=True)
    joined.attrs.clear()
    return joined


# The audit


def _audited(partitions: Sequence[Partition], options: dict[str, Any]) -> pd.DataFrame:
    """Audit assets by partitions, and by the whole table without its large columns."""
    if options.get("checks"):
        raise KottError("checks of your own may need the whole table: run them on one machine.")
    listed, known = [list(one) for one in partitions], facts_of(partitions[0])
    options = {"now": known.get("when") or present(), **options}
    alone = {name: option for name, option in options.items() if name != "epg"}
    slims = run(_without_large, [(one,) for one in listed])
    slim = with_facts(_joined(slims), **known)
    kept = slim.assign(_row=range(len(slim))).pipe(distinct)["_row"]
    once = np.isin(np.arange(len(slim)), kept)
    masks = np.split(once, np.cumsum([len(one) for one in slims])[:-1])
    outlines = run(_outlined, [(one, mask) for one, mask in zip(listed, masks, strict=True)])
    filled = _outline(_joined(outlines))
    known = {**known, "rows": None}  # partitions are smaller, and nothing is missing from them
    outline = catalog.audit(with_facts(filled, **known), **alone)
    whole = catalog.audit(slim, **options)
    calls = [(one, mask, filled, known, alone) for one, mask in zip(listed, masks, strict=True)]
    parts = [*run(_audited_part, calls), _of_families(outline, "field")]
    parts.append(_of_families(whole, *_TOGETHER))
    rows = _joined(parts)
    rows = _with_ksql(rows, listed, filled, known, alone)
    place = pd.Series(np.arange(len(slim)), id_texts(slim["id"])).groupby(level=0).last()
    order = {rule: at for at, rule in enumerate(definitions())}
    keys = rows.assign(rule=rows["rule"].map(order), id=rows["id"].map(place).fillna(-1))
    rows = rows.loc[keys.sort_values(["rule", "id"], kind="stable").index]
    said = [facts(one) for one in (*parts[:-2], outline, whole)]
    families = [*[_ALONE] * (len(parts) - 2), ("field",), _TOGETHER]
    missing = {
        rule: why
        for one, own in zip(said[-2:], ((*_ALONE, "field"), families[-1]), strict=True)
        for rule, why in one["not_judged"].items()
        if rule.partition(".")[0] in own or (rule == "programmes" and one is said[-1])
    }
    waived = Counter[str]()
    for one, own in zip(said, families, strict=True):
        waived.update(
            {rule: n for rule, n in one["waived"].items() if rule.partition(".")[0] in own}
        )
    media = slim[once & ~is_programme(slim)]
    findings = with_facts(
        rows.reset_index(drop=True),
        **{
            **said[-1],
            "not_judged": missing,
            "waived": dict(waived),
            "unused": said[-2]["unused"],
            "rules_judged": judged_share(rules(options.get("rules")), missing),
        },
    )
    return with_facts(findings, scores=score(findings, media).to_dict("records"))


def _of_families(findings: pd.DataFrame, *families: str) -> pd.DataFrame:
    return findings[findings["rule"].str.split(".").str[0].isin(families)]


def _without_large(partition: list[Any]) -> pd.DataFrame:
    table = load(*partition)
    large = [one for one in table.columns if str(one).partition("@")[0] in _LARGE]
    return table.drop(columns=large)


def _outlined(partition: list[Any], mask: Mask) -> pd.DataFrame:
    return _outline(load(*partition)[mask])


def _outline(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each type that has each column: what a rule asks of a whole table."""
    chosen: set[Any] = set()
    types = table["type"] if "type" in table else pd.Series(0, table.index)
    for name in table:
        cells = table[name]
        has = cells.notna()
        if cells.dtype == "str":
            has &= (cells.str.strip() != "") & (cells != "[]")
        chosen |= set(types[has].drop_duplicates().index)
    chosen |= set(types.drop_duplicates().index)
    return table[table.index.isin(chosen)].reset_index(drop=True)


def _audited_part(
    partition: list[Any],
    mask: Mask,
    filled: pd.DataFrame,
    known: dict[str, Any],
    options: dict[str, Any],
) -> pd.DataFrame:
    """Audit the assets of a partition, each once, by the rules that look at one asset alone."""
    table = load(*partition)[mask]
    rest = table[~table["id"].isin(filled["id"])]
    joined = _joined([filled, rest])  # those that are first of their types stay first
    findings = catalog.audit(with_facts(joined, **known), **options)
    mine = findings["id"].isin(id_texts(table["id"]))
    return _of_families(findings[mine], *_ALONE)


def _with_ksql(
    rows: pd.DataFrame,
    listed: list[list[Any]],
    filled: pd.DataFrame,
    known: dict[str, Any],
    options: dict[str, Any],
) -> pd.DataFrame:
    """State again, over all partitions, the rules whose KSQL names what their findings hold."""
    stated = rows["rule"].isin(_STATED)
    if not stated.any():
        return rows
    ids, fields = set(rows.loc[stated, "id"]), ("name", "description")
    held = run(_held, [(one, ids, fields) for one in listed])
    texts = set().union(*held)
    of = [*run(_holding, [(one, ids, fields, texts) for one in listed]), filled]
    table = _joined(of).drop_duplicates("id", ignore_index=True)
    again = catalog.audit(with_facts(table, **known), **options)
    key = ["rule", "id", "field"]
    ksql = again[again["rule"].isin(_STATED)].drop_duplicates(key).set_index(key)["ksql"]
    wanted = pd.MultiIndex.from_frame(rows.loc[stated, key])
    rows.loc[stated, "ksql"] = ksql.reindex(wanted).array
    return rows


def _folded(table: pd.DataFrame, field: str) -> pd.Series[str]:
    return table[field].astype("str").str.casefold()


def _held(partition: list[Any], ids: set[str], fields: Sequence[str]) -> set[str]:
    """Return the texts of some assets, without case."""
    table = load(*partition)
    own = table[id_texts(table["id"]).isin(ids)]
    return {text for one in fields if one in own for text in _folded(own, one).dropna()}


def _holding(
    partition: list[Any], ids: set[str], fields: Sequence[str], texts: set[str]
) -> pd.DataFrame:
    """Return some assets, and those whose texts KSQL takes for theirs."""
    table = load(*partition)
    mask = id_texts(table["id"]).isin(ids)
    for field in fields:
        if field in table:
            mask |= _folded(table, field).isin(texts)
    return table[mask]
