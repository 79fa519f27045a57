"""Functions over a guide, for some channels at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd

from kott_notebooks import schedule
from kott_notebooks.audits.policy import Weights, judged_share, weights_of
from kott_notebooks.audits.rulebook import rules as rules_of
from kott_notebooks.errors import KottError, whole_number
from kott_notebooks.history.store import stacked
from kott_notebooks.scale.sources import (
    CHANNEL,
    ROWS,
    Partition,
    Source,
    by_channel,
    dask,
    facts_of,
    load,
    run,
    tasks,
)
from kott_notebooks.schedule.duplicates import folded_names
from kott_notebooks.schedule.spans import TIMED, keys, known_names, named, spans_of
from kott_notebooks.schedule.spans import by_channel as of_channels
from kott_notebooks.tables.columns import NAT, as_times, asked, micros
from kott_notebooks.tables.provenance import facts, with_facts
from kott_notebooks.times import When, present

_ACROSS = ("simulcasts", "changes", "compare")  # functions of schedule that compare channels
_BAD, _SAME = "schedule.bad_time", "schedule.same_as"  # rules that compare channels
_DAY = 86_400_000_000
_CHUNK, _BUCKETS = 28 * _DAY, 16  # channels are compared by four weeks; every 16th shares a bucket
_MARGIN = 2 * _DAY  # around four weeks: a local day, and the hours that a channel may be later
_EARLIEST, _LATEST_START = 315_532_800_000_000, 4_133_980_800_000_000  # 1980 and 2101
_LATEST_END = 253_402_300_800_000_000  # the end of the year 9999


def map_channels(
    source: Source,
    function: Callable[..., pd.DataFrame],
    *,
    name: str | None = None,
    at: When | None = None,
    rows: int = ROWS,
    **options: Any,
) -> pd.DataFrame:
    """Run a function of a guide for some channels at a time, on all cores or a cluster.

    `schedule.audit` finds what it finds on one machine: what it compares across channels
    (schedule.same_as, causes of bad times) is compared across partitions too.

    Parameters
    ----------
    source : str, path, DataFrame or Dask DataFrame
        A store of `kott.save`, whose files every worker can read; best saved with
        ``by="channel"``. Or a guide as a table.
    function : callable
        A function that takes a guide and looks at one channel at a time: `schedule.audit`, `gaps`,
        `overlaps`, `coverage`, `duplicates`, `horizon` ... or your own.
    name : str, optional
        Which table of the store.
    at : str, datetime or Timestamp, optional
        Which snapshot, as in `kott.load`.
    rows : int, default 250000
        The approximate number of programmes of a partition, which a worker holds in memory.
    **options
        Passed on to the function.

    Returns
    -------
    DataFrame
        The function's rows for all channels, with its provenance.

    Raises
    ------
    KottError
        Dask is not installed, the source has no column linearAssetId, or the function compares
        channels with each other.

    See Also
    --------
    map_assets, pull_assets

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, scale, schedule
    >>> session = demo.login(assets=200, channels=4, days=2, households=0)
    >>> epg = kott.epg(session, "today", "today+1d")
    >>> scale.map_channels(epg, schedule.gaps, rows=50).equals(schedule.gaps(epg))
    True
    """
    if function in [getattr(schedule, one) for one in _ACROSS]:
        raise KottError(
            f"schedule.{function.__name__} compares channels with each other: it needs one table."
        )
    if "columns" in options:
        raise KottError("columns= is not taken here: rename the columns before the table is saved.")
    rows = whole_number("rows", rows, 1)
    partitions = by_channel(source, name, at, rows)
    if function is schedule.audit:
        return _audited(partitions, options)
    results = run(_applied, [(one, function, options) for one in _listed(partitions)])
    return _stacked(_of_own_channels(results))


def _listed(partitions: Sequence[Partition]) -> list[list[Any]]:
    """Return partitions as lists: Dask computes what is in a list, but not in a NamedTuple."""
    return [list(one) for one in partitions]


def _applied(
    partition: list[Any], function: Callable[..., pd.DataFrame], options: dict[str, Any]
) -> tuple[pd.DataFrame, set[str]]:
    """Run a function on a partition; return its result, and the channels of the partition."""
    table = load(*partition)
    return function(table, **options), set(keys(table[CHANNEL]).dropna())


def _of_own_channels(results: Sequence[tuple[pd.DataFrame, set[str]]]) -> list[pd.DataFrame]:
    """Keep the rows of each partition's own channels; of the first, also those of no partition.

    A function that is given `channels` finds in each partition that all others have no programmes.
    """
    every = set().union(*(own for _, own in results))
    parts = []
    for place, (table, own) in enumerate(results):
        if CHANNEL in table:
            key = keys(table[CHANNEL])
            is_own = key.isin(own) | (key.isna() if place == 0 or "" in own else False)
            table = table[is_own | ~key.isin(every)] if place == 0 else table[is_own]
        parts.append(table)
    return parts


def _stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put results one below the other, with the first one's provenance."""
    known = facts(parts[0])
    return with_facts(stacked(parts), **known) if known else stacked(parts)


# The audit


class _Audited(NamedTuple):
    """What a worker returns of a partition."""

    findings: pd.DataFrame
    channels: set[str]
    names: dict[str, str]  # of channels, where the guide has them
    bad: pd.DataFrame  # programmes whose times may not be valid


def _audited(partitions: Sequence[Partition], options: dict[str, Any]) -> pd.DataFrame:
    """Audit a guide by partitions, then what compares channels across them."""
    listed, known = _listed(partitions), facts_of(partitions[0])
    given = {"now": known.get("when") or present(), **options}
    weights = given.pop("weights", None)  # a partition may have none of their channels
    zone = None if isinstance(given.get("tz"), Mapping) else given.get("tz")
    empty = with_facts(pd.DataFrame(), **known) if known else pd.DataFrame()
    window = asked(empty, given.get("start"), given.get("end"), zone)
    edges = pd.DataFrame()
    if None in window:
        edges = pd.concat(run(_edges, [(one,) for one in listed]), ignore_index=True)
    own = rules_of(given.get("rules"), section="schedule")
    alone = msgspec.structs.replace(own.schedule, off=(*own.schedule.off, _SAME))
    of_part = {**given, "rules": msgspec.structs.replace(own, schedule=alone)}
    audited = tasks(_audited_part, [(one, of_part, edges) for one in listed])
    calls = [([one[1][bucket] for one in audited], given) for bucket in range(_BUCKETS)]
    pairs = [] if own.is_off(_SAME) else tasks(_pairs, calls)
    results, alike = dask().compute([one[0] for one in audited], pairs)
    parts = _of_own_channels([(one.findings, one.channels) for one in results])
    parts = [one[one["rule"] != _BAD] for one in parts]
    bad = pd.concat([one.bad for one in results], ignore_index=True)
    if len(bad):
        across = schedule.audit(_with_edges(bad, edges, known), **given)
        parts.append(across[across["rule"] == _BAD])
    for channels in _groups(alike):
        loaded = run(_of_channels, [(one, channels) for one in listed])
        across = schedule.audit(_with_edges(pd.concat(loaded), edges, known), **given)
        parts.append(across[across["rule"] == _SAME])
    rows = _stacked(parts)
    rows = _weighed(rows, results, weights, given.get("channels"))
    order = ["impact", CHANNEL, "startDate", "rule", "id"]
    rows = rows.sort_values(order, ascending=[False, True, True, True, True], kind="stable")
    made = [facts(one.findings) for one in results]
    waived = Counter(rule for one in made for rule in Counter(one["waived"]).elements())
    whole = {
        **made[0],
        "judged": sum(one["judged"] for one in made),
        "rules_judged": judged_share(own, ["schedule"], made[0]["not_judged"]),
        "waived": dict(waived),
    }
    rows.attrs.clear()
    return with_facts(rows.reset_index(drop=True), **whole)


def _weighed(
    rows: pd.DataFrame, results: Sequence[_Audited], weights: Weights | None, channels: Any
) -> pd.DataFrame:
    """Multiply the impact of findings by the weights of their channels, by id or name."""
    names = known_names(pd.DataFrame(), channels)
    for one in results:
        names |= one.names
    known = [*set().union(*(one.channels for one in results)), *names, *names.values()]
    code, labels = pd.factorize(rows[CHANNEL])
    weight = [*of_channels(weights_of(weights, known), labels, names), None]
    factor = np.array([1.0 if weight[one] is None else weight[one] for one in code])
    return rows.assign(impact=rows["impact"] * factor)


def _with_edges(table: pd.DataFrame, edges: pd.DataFrame, known: dict[str, Any]) -> pd.DataFrame:
    """Add the edges of the whole guide, and its provenance except what names rows of the table."""
    joined = pd.concat([table, edges]) if len(edges) else table
    joined = joined.reset_index(drop=True)
    joined.attrs.clear()
    known = {name: fact for name, fact in known.items() if name != "bad_times"}
    return with_facts(joined, **known) if known else joined


def _edges(partition: list[Any]) -> pd.DataFrame:
    """Return the programmes that start first, start last and end last in a partition.

    An audit of part of a guide without a known window takes the window from them, and leaves them
    out of what it finds.
    """
    table = load(*partition)
    epg = named(table, None, *TIMED)
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    fine = (start >= _EARLIEST) & (start < _LATEST_START) & (end < _LATEST_END)
    rows = np.flatnonzero(fine & ((end == NAT) | (end >= _EARLIEST)))
    _, spans = spans_of(epg.iloc[rows], believable=True)
    if not len(spans.row):
        return table.iloc[:0]
    chosen = [rows[spans.row[at]] for at in (spans.start.argmin(), spans.end.argmax())]
    return table.iloc[sorted({*chosen, rows[start[rows].argmax()]})]


def _audited_part(
    partition: list[Any], options: dict[str, Any], edges: pd.DataFrame
) -> tuple[_Audited, list[pd.DataFrame]]:
    """Audit a partition; return also what can be compared with other partitions, by time."""
    table = load(*partition)
    channels = set(keys(table[CHANNEL]).dropna())
    added = edges[~keys(edges[CHANNEL]).isin(channels)] if len(edges) else edges
    findings = schedule.audit(_with_edges(table, added, facts(table)), **options)
    findings = with_facts(findings, judged=facts(findings)["judged"] - len(added))
    epg = named(table, None, *TIMED)
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    odd = (start < _EARLIEST) | (start >= _LATEST_START) | (end < _EARLIEST) | (end >= _LATEST_END)
    slots = pd.DataFrame({CHANNEL: epg[CHANNEL], "start": start, "name": np.uint64(0)})
    if "name" in epg:
        own = rules_of(options.get("rules"), section="schedule")
        codes, folded = folded_names(epg, own.word_lists())
        hashed = pd.util.hash_array(folded.to_numpy(object))
        slots = slots.assign(name=np.append(hashed, np.uint64(0))[codes])[
            (codes >= 0) & (start != NAT)
        ]
    return _Audited(findings, channels, known_names(table), table[odd]), _by_time(slots)


def _by_time(slots: pd.DataFrame) -> list[pd.DataFrame]:
    """Divide programmes into buckets by their four weeks, each with the days around them."""
    start = slots["start"].to_numpy()
    first, last = ((start + margin) // _CHUNK % _BUCKETS for margin in (-_MARGIN, _MARGIN))
    return [slots[(first == bucket) | (last == bucket)] for bucket in range(_BUCKETS)]


def _pairs(slots: Sequence[pd.DataFrame], options: dict[str, Any]) -> pd.DataFrame:
    """Find channels that show the same, by the hashes of the names."""
    table = pd.concat(slots, ignore_index=True)
    if table.empty:
        return pd.DataFrame(columns=[CHANNEL, "otherChannelId"])
    times = as_times(table["start"].to_numpy())
    codes, hashes = pd.factorize(table["name"].to_numpy())
    names = pd.Categorical.from_codes(codes, pd.Index([f"h{one}" for one in hashes]))
    epg = pd.DataFrame({CHANNEL: table[CHANNEL], "startDate": times, "endDate": times})
    own, channels = rules_of(options.get("rules"), section="schedule"), options.get("channels")
    pairs = schedule.simulcasts(
        epg.assign(name=names),
        channels=channels if isinstance(channels, pd.DataFrame) else None,
        tz=options.get("tz"),
        min_share=own.schedule.same_as_share,
        min_programmes=own.schedule.same_as_programmes,
    )
    return pairs[[CHANNEL, "otherChannelId"]].drop_duplicates()


def _groups(pairs: Sequence[pd.DataFrame]) -> list[list[Any]]:
    """Join pairs of channels to groups."""
    groups: list[set[Any]] = []
    for pair in (pair for some in pairs for pair in some.itertuples(index=False)):
        touched = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touched]
        groups.append(set(pair).union(*touched))
    return [list(group) for group in groups]


def _of_channels(partition: list[Any], channels: list[Any]) -> pd.DataFrame:
    table = load(*partition)
    return table[table[CHANNEL].isin(channels)]
