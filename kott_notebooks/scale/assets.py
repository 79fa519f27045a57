"""Functions over a catalogue, for some assets at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kott_notebooks import catalog
from kott_notebooks.audits.policy import Weights, judged, judged_share, weights_of
from kott_notebooks.audits.rulebook import RulesSource, definitions
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.audits.summaries import score
from kott_notebooks.catalog.audit import FAMILIES, Check, is_programme
from kott_notebooks.catalog.view import Mask
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.history.store import stacked
from kott_notebooks.scale.shuffled import compared, only
from kott_notebooks.scale.sources import ROWS, Partition, Source, by_rows, facts_of, load, run
from kott_notebooks.tables.columns import distinct, id_texts
from kott_notebooks.tables.provenance import facts, with_facts
from kott_notebooks.times import When, present

# Families of rules that look at one asset, at the assets of one key, or at the whole table
_ALONE = ("image", "file", "window", "language", "text")
_COMPARED = ("identity", "series")
_TOGETHER = ("meta", "channel", "ingest")
_LARGE = {  # columns that only `_ALONE` needs, unless a rule names their field
    "images": "images", "mediaFiles": "mediaFiles", "description": "description",
    "multilingualDescription": "description",
}  # fmt: skip
# Rules whose KSQL depends on the texts of all their findings, and the columns of those texts
_STATED = ("text.missing_name", "text.missing_description", "text.placeholder")
_TEXTS = ("name", "description")


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
    languages are judged by partition. For those of identity and series a shuffle brings together
    the assets of one id, of one struct and year, and of one series. Metas, tags and channels are
    judged where `map_assets` is called, over the whole table without its large columns.

    Parameters
    ----------
    source : str, path, DataFrame or Dask DataFrame
        A store of `kott.save`, whose files every worker can read, or assets as a table.
    function : callable
        `catalog.audit`, or a function that takes a table of assets and looks at one row at a time,
        such as `kott.explode` with its column.
    name : str, optional
        Which table of the store.
    at : str, datetime or Timestamp, optional
        Which snapshot, as in `kott.load`.
    rows : int, default 250000
        The approximate number of assets of a partition, which a worker holds in memory.
    **options
        Passed on to the function.

    Returns
    -------
    DataFrame
        The function's rows for all assets. Findings are ordered by rule, then as the assets are in
        the table.

    Raises
    ------
    KottError
        Dask is not installed, or `catalog.audit` is given `checks`, which may need the whole table.

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
        return _audited(partitions, **options)
    results = run(_applied, [(list(one), function, options) for one in partitions])
    return stacked(results)


def _applied(
    partition: list[Any], function: Callable[..., pd.DataFrame], options: dict[str, Any]
) -> pd.DataFrame:
    return function(load(*partition), **options)


# The audit


def _audited(
    partitions: Sequence[Partition],
    *,
    checks: Iterable[Check] = (),
    rules: RulesSource | None = None,
    weights: Weights | None = None,
    now: When | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Audit assets by partitions, by keys, and by the whole table without its large columns.

    Findings are weighed and waived where all of them are known.
    """
    if list(checks):
        raise KottError(
            "checks= may need the whole table: run catalog.audit on one machine, or a check that "
            "looks at one asset at a time as scale.map_assets(source, check)."
        )
    listed, known, own = [list(one) for one in partitions], facts_of(partitions[0]), rules_of(rules)
    options["now"] = now or known.get("when") or present()
    fields = {field for needs in own.structs.values() for field in needs.mandatory}
    fields |= {*own.values, *own.ranges}
    large = [column for column, field in _LARGE.items() if field not in fields]
    slims = run(_without, [(one, large) for one in listed])
    slim = with_facts(stacked(slims), **known)
    last = slim.assign(_row=range(len(slim))).pipe(distinct)["_row"]
    once = np.isin(np.arange(len(slim)), last)  # each asset once: the last of its rows
    masks = np.split(once, np.cumsum([len(one) for one in slims])[:-1])
    whole = catalog.audit(slim, **options, rules=only(own, *_TOGETHER))

    # A few assets, which have every column that the whole table has
    alone = {name: option for name, option in options.items() if name not in ("epg", "ingests")}
    outlines = run(_outlined, [(one, mask) for one, mask in zip(listed, masks, strict=True)])
    known = {**known, "rows": None}  # partitions are smaller, and nothing is missing from them
    outline = with_facts(_outline(stacked(outlines)), **known)
    unused = catalog.audit(outline, **alone, rules=only(own, "field"))

    # What compares assets by their keys
    first = once & slim["id"].isin(outline["id"]).to_numpy(bool)
    slim = with_facts(slim, **known)
    by_key = compared(listed, masks, slim, first, {**alone, "rules": only(own, *_COMPARED)})
    missing = {
        rule: why
        for one, families in ((unused, (*_ALONE, "field")), (whole, (*_COMPARED, *_TOGETHER)))
        for rule, why in facts(one)["not_judged"].items()
        if rule.partition(".")[0] in (*families, "programmes")
    }
    by_key = by_key[~by_key["rule"].isin(missing)]  # those that the whole table cannot judge

    # What looks at one asset at a time
    alone["rules"] = only(own, *_ALONE)
    calls = [(one, mask, outline, alone) for one, mask in zip(listed, masks, strict=True)]
    parts = [whole, by_key, unused, *run(_audited_part, calls)]
    rows = _with_ksql(stacked(parts), listed, outline, alone)
    matched = [facts(one).get("matched", {}) for one in parts]
    made = {
        **facts(whole),
        "not_judged": missing,
        "unused": facts(unused)["unused"],
        "rules_judged": judged_share(own, FAMILIES, missing),
        "matched": {name: columns for one in matched for name, columns in one.items()},
    }
    findings = judged(with_facts(_in_order(rows, slim, weights), **made), own, now=options["now"])
    media = slim[once & ~is_programme(slim)]
    return with_facts(findings, scores=score(findings, media).to_dict("records"))


def _in_order(rows: pd.DataFrame, slim: pd.DataFrame, weights: Weights | None) -> pd.DataFrame:
    """Order findings by rule, then as the assets are in the table; weigh those of assets."""
    ids = id_texts(slim["id"])
    weight = rows["id"].str.lower().map(weights_of(weights, ids)).where(rows["kind"] == "media")
    place = pd.Series(np.arange(len(slim)), ids).groupby(level=0).last()
    order = {rule: at for at, rule in enumerate(definitions())}
    keys = rows.assign(rule=rows["rule"].map(order), id=rows["id"].map(place).fillna(-1))
    rows = rows.assign(impact=rows["impact"] * weight.fillna(1).to_numpy(float))
    return rows.loc[keys.sort_values(["rule", "id"], kind="stable").index].reset_index(drop=True)


def _without(partition: list[Any], columns: list[str]) -> pd.DataFrame:
    table = load(*partition)
    return table.drop(columns=[one for one in table if str(one).partition("@")[0] in columns])


def _outlined(partition: list[Any], mask: Mask) -> pd.DataFrame:
    return _outline(load(*partition)[mask])


def _outline(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first row of each type that has each column: what a table has in any row."""
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
    partition: list[Any], mask: Mask, outline: pd.DataFrame, options: dict[str, Any]
) -> pd.DataFrame:
    """Audit the assets of a partition, each once, by the rules that look at one asset alone."""
    table = load(*partition)[mask]
    rest = table[~table["id"].isin(outline["id"])]
    joined = stacked([outline, rest])  # the first of their types stay first
    findings = catalog.audit(with_facts(joined, **facts(outline)), **options)
    return findings[findings["id"].isin(id_texts(table["id"]))]


def _with_ksql(
    rows: pd.DataFrame, listed: list[list[Any]], outline: pd.DataFrame, options: dict[str, Any]
) -> pd.DataFrame:
    """Write the KSQL again that depends on texts of all partitions."""
    stated = rows["rule"].isin(_STATED)
    if not stated.any():
        return rows
    ids = set(rows.loc[stated, "id"])
    texts = set().union(*run(_texts_of, [(one, ids) for one in listed]))
    parts = run(_with_texts, [(one, ids, texts) for one in listed])
    table = stacked([*parts, outline]).drop_duplicates("id", ignore_index=True)
    again = catalog.audit(with_facts(table, **facts(outline)), **options)
    key = ["rule", "id", "field"]
    ksql = again[again["rule"].isin(_STATED)].drop_duplicates(key).set_index(key)["ksql"]
    wanted = pd.MultiIndex.from_frame(rows.loc[stated, key])
    rows.loc[stated, "ksql"] = ksql.reindex(wanted).array
    return rows


def _folded(table: pd.DataFrame, field: str) -> pd.Series[str]:
    return table[field].astype("str").str.casefold()


def _texts_of(partition: list[Any], ids: set[str]) -> set[str]:
    """Return the texts of some assets, without case."""
    table = load(*partition)
    own = table[id_texts(table["id"]).isin(ids)]
    return {text for one in _TEXTS if one in own for text in _folded(own, one).dropna()}


def _with_texts(partition: list[Any], ids: set[str], texts: set[str]) -> pd.DataFrame:
    """Return some assets, and those with the same texts, which KSQL compares without case."""
    table = load(*partition)
    mask = id_texts(table["id"]).isin(ids)
    for field in _TEXTS:
        if field in table:
            mask |= _folded(table, field).isin(texts)
    return table[mask]
