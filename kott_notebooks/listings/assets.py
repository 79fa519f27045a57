"""Assets, programmes and TV channels as tables, and their counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any

import msgspec
import pandas as pd

from kott_notebooks import schema
from kott_notebooks.errors import Forbidden, KottError, TransportError
from kott_notebooks.ksql import Expression, as_text
from kott_notebooks.listings.fields import Chosen, Source, chosen, flat
from kott_notebooks.listings.filters import (
    both,
    channel_conditions,
    ids_of,
    kind_required,
    kinds_named,
    only,
    quoted_kinds,
    search,
)
from kott_notebooks.listings.gathering import Ids, gathered
from kott_notebooks.listings.planned import plans_of
from kott_notebooks.listings.progress import progress_bar
from kott_notebooks.paging import WORKERS, Listing, Progress, Pull, Split
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.times import When, filter_epoch, instant, present, zone, zone_name

SPLITS = {
    "media": Split("media_id", 0, 2**20),
    "epg": Split("epg_id", 0, 2**20),
}
CLASSES = {
    "media": "KalturaLiveAsset",  # extends KalturaMediaAsset: its columns serve both
    "epg": "KalturaProgramAsset",
    "recording": "KalturaRecordingAsset",
}


def assets(
    session: Session,
    ksql: str | Expression | None = None,
    *,
    channel: int | None = None,
    fields: Sequence[str] | None = None,
    order_by: str = "CREATE_DATE_ASC",
    language: str | None = None,
    limit: int | None = None,
    workers: int = WORKERS,
    plan: pd.DataFrame | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List the catalogue's media, linear channels included; one row an asset.

    `ksql` narrows it (text, or an expression of `kott.K`); where it names an `asset_type` it
    decides what comes, and one that names several is pulled as several lists. `channel` narrows to
    the assets of a curated channel, by its id. `fields` asks for
    some columns only (`["name", "metas.Year", "tags"]`). `order_by` is a KalturaAssetOrderBy; it
    holds up to the server's result window and for `limit`. `language="*"` gives all languages.
    So many `workers` ask for pages at the same time. `plan` is what `kott.plan` made of the same
    question: the list is read as it says.

    Columns: those of KalturaLiveAsset, which KalturaMediaAsset's are among (id, type `Int64`,
    name `str`, startDate, endDate `datetime64[us, UTC]`, status `boolean`; images, mediaFiles
    JSON text ...), then `metas.*` typed by their values, and `tags.*` as JSON text.
    Raises IncompleteError (with `.partial`) rather than give a short table. Source: asset.list.
    """
    with progress_bar(progress, "assets") as bar:
        pulls, cls, columns = asset_pulls(
            session,
            ksql,
            channel=channel,
            fields=fields,
            order_by=order_by,
            language=language,
            limit=limit,
            workers=workers,
            plan=plan,
            bar=bar,
        )
        return gathered(session, pulls, cls, "kott.assets", fields=columns, limit=limit)


def asset_pulls(
    session: Session,
    ksql: str | Expression | None = None,
    *,
    channel: int | None = None,
    order_by: str = "CREATE_DATE_ASC",
    fields: Sequence[str] | None = None,
    **options: Any,
) -> tuple[list[Pull], str, Chosen | None]:
    """Give the lists that `assets` reads, one per kind, the class of their rows, their columns."""
    text = quoted_kinds(as_text(ksql).strip())
    named = kinds_named(text)
    wanted = {kind: both(f"asset_type='{kind}'", text) for kind in named or ["media"]}
    if len(named) == 1 and kind_required(text):
        wanted = {named[0]: text}
    cls = CLASSES[next(iter(wanted))] if len(wanted) == 1 else "KalturaAsset"
    asked = [(search(one, order_by, channel), SPLITS.get(kind)) for kind, one in wanted.items()]
    pulls, columns = _pulls(session, asked, cls, fields, **options)
    return pulls, cls, columns


def _pulls(
    session: Session,
    asked: Sequence[tuple[dict[str, Any], Split | None]],
    cls: str,
    fields: Sequence[str] | None,
    *,
    language: str | None = None,
    limit: int | None = None,
    workers: int = WORKERS,
    plan: pd.DataFrame | None = None,
    bar: Progress | None = None,
) -> tuple[list[Pull], Chosen | None]:
    """Make a pull of each filter, by its part of the plan if there is one; name their columns."""
    columns = chosen(session, fields, Source("asset", "list", cls, {"filter": asked[0][0]}))
    wanted = flat(columns)
    plans = plans_of(plan, [filter_ for filter_, _ in asked], session)
    pulls = []
    for (filter_, split), planned in zip(asked, plans, strict=True):
        listing = Listing(
            "asset",
            "list",
            {"filter": filter_, "language": language, "responseProfile": only(wanted)},
            limit=limit,
            split=split,
            reader=frames.reader(cls, fields=wanted),
            windows=planned.windows if planned else None,
            page_rows=planned.cost.rows if planned else 0,
        )
        cost = planned.cost if planned and planned.cost.size else None
        pulls.append(session._pull(listing, workers=workers, progress=bar, cost=cost))
    return pulls, columns


def epg(
    session: Session,
    start: When,
    end: When,
    *,
    tz: str | tzinfo | None = None,
    channels: Ids | None = None,
    ksql: str | Expression | None = None,
    fields: Sequence[str] | None = None,
    language: str | None = None,
    limit: int | None = None,
    workers: int = WORKERS,
    plan: pd.DataFrame | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List every programme on air at some time in [start, end), each once; one row a programme.

    Those that began before `start` and those that end after `end` are among them. `start` and
    `end` take ISO text, `now`, `today`, `today 20:00`, `tomorrow`, `today+7d`, or date objects;
    without a zone of their own they are local times of `tz`, else of KOTT_TZ, else UTC. The zone
    is in the provenance, and the analyses of `schedule` take their days from it.
    `channels` narrows to ids of linear assets, or to a table of `kott.channels`.

    Columns: those of KalturaProgramAsset (id, linearAssetId, epgChannelId `Int64`, name `str`,
    startDate, endDate `datetime64[us, UTC]`, enableCatchUp `boolean` ...), `metas.*` as text
    (`frames.coerce` types them), `tags.*` as JSON text; by start, or by id where the list was split
    (a programme may be moved while it is read; its id stays).
    Raises IncompleteError (with `.partial`) rather than give a short table. Source: asset.list.
    """
    first, last = window(start, end, tz)
    ids = None if channels is None else ids_of(channels, "channels")
    with progress_bar(progress, "epg") as bar:
        pulls, columns = epg_pulls(
            session,
            first,
            last,
            channels=ids,
            ksql=ksql,
            fields=fields,
            language=language,
            limit=limit,
            workers=workers,
            plan=plan,
            bar=bar,
        )
        return gathered(
            session,
            pulls,
            CLASSES["epg"],
            "kott.epg",
            fields=columns,
            limit=limit,
            start=first.isoformat(),
            end=last.isoformat(),
            tz=zone_name(zone(tz)),
            channels=ids,
        )


def window(
    start: When, end: When, tz: str | tzinfo | None = None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the two ends of a window of time, in UTC."""
    now = present()
    first, last = instant(start, now=now, tz=tz), instant(end, now=now, tz=tz)
    if last <= first:
        raise KottError(f"The window ends at {last} and starts at {first}: give a later end.")
    return first, last


def epg_pulls(
    session: Session,
    start: When,
    end: When,
    *,
    tz: str | tzinfo | None = None,
    channels: Ids | None = None,
    ksql: str | Expression | None = None,
    fields: Sequence[str] | None = None,
    **options: Any,
) -> tuple[list[Pull], Chosen | None]:
    """Give the lists that `epg` reads, one per group of channels, and their columns."""
    first, last = window(start, end, tz)
    a, b = filter_epoch(first), filter_epoch(last)
    during = ("asset_type='epg'", f"start_date<'{b}'", f"end_date>'{a}'")
    ids = None if channels is None else ids_of(channels, "channels")
    asked = [
        (
            search(both(*during, condition, quoted_kinds(as_text(ksql).strip())), "START_DATE_ASC"),
            SPLITS["epg"],
        )
        for condition in channel_conditions(ids)
    ]
    return _pulls(session, asked, CLASSES["epg"], fields, **options)


def channels(session: Session, *, progress: bool | None = None) -> pd.DataFrame:
    """List the linear (TV) channels; one row a channel.

    A programme's `linearAssetId` is a channel's `id`, and its `epgChannelId` is the channel's
    `externalIds`, as text. Channels are told by their asset struct, since older servers have no
    class of their own for them. Columns as `assets`. Source: assetStruct.list, asset.list.
    """
    structs = linear_structs(session)
    types = " ".join(f"asset_type='{number}'" for number in structs)
    return assets(
        session,
        types if len(structs) == 1 else f"(or {types})",
        order_by="NAME_ASC",
        progress=progress,
    )


def linear_structs(session: Session) -> list[int]:
    """Find the ids of the asset structs that stand for TV channels, by their names."""
    try:
        structs = list(session.records("assetStruct"))
    except Forbidden as error:
        raise error.hinted(
            "This role may not read the asset structs: name the channels' own, "
            "kott.assets(session, \"asset_type='NUMBER'\")."
        ) from error
    linear = [
        str(one.get("id"))
        for one in structs
        if "linear" in f"{one.get('systemName')} {one.get('name')}".lower()
    ]
    if not all(number.isdecimal() for number in linear):
        raise TransportError("assetStruct.list: the struct of the linear channels has no id.")
    if not linear:
        names = ", ".join(f"{one.get('name')} ({one.get('id')})" for one in structs)
        raise KottError(
            f"No asset struct is called linear; this partner has {names or 'none'}. "
            "List the channels' own: kott.assets(session, \"asset_type='NUMBER'\")."
        )
    return [int(number) for number in linear]


def facets(
    session: Session, by: str | Sequence[str], ksql: str | Expression | None = None
) -> pd.DataFrame:
    """Count assets by metas, tags or fields, on the server; one row a value, most first.

    `by` is one name or several (nested in that order); each is a column, `str`, beside `count`
    `Int64`. Fields are those of KalturaGroupByField (`media_type_id`, `linear_media_id` ...).
    An asset with two values of a tag counts for both. Source: asset.count.
    """
    names = [by] if isinstance(by, str) else list(by)
    if not names or len(set(names)) < len(names):
        raise KottError("by is a name, or several names that differ.")
    text = quoted_kinds(as_text(ksql).strip())
    wanted = search(text if kinds_named(text) else both("asset_type='media'", text))
    wanted["groupBy"] = [_group_by(name) for name in names]
    result = session.call("asset", "count", filter=wanted)
    try:
        counted = msgspec.convert(result, _Count, strict=False)
    except msgspec.ValidationError as error:
        raise TransportError(f"asset.count: the result is not a count: {error}.") from error
    rows = [dict(zip([*names, "count"], row, strict=True)) for row in _leaves(counted, len(names))]
    table = pd.DataFrame(rows, columns=[*names, "count"])
    table = table.astype({**dict.fromkeys(names, "str"), "count": "Int64"})
    return table.sort_values(
        ["count", *names], ascending=[False, *[True] * len(names)]
    ).reset_index(drop=True)


def _group_by(name: str) -> dict[str, str]:
    fields = schema.enum("KalturaGroupByField").values()
    kind = "Field" if name in fields else "MetaOrTag"
    return {"objectType": f"KalturaAsset{kind}GroupBy", "value": name}


class _Counts(msgspec.Struct):
    objects: list[_Count] | None = None


class _Count(msgspec.Struct):
    """A KalturaAssetCount, as far as a table needs it."""

    value: Any = None
    count: int | None = None
    subs: list[_Counts] | None = None


def _leaves(count: _Count, depth: int) -> Iterator[list[Any]]:
    """Walk the nested counts down to the innermost."""
    if depth == 0:
        yield [count.count]
        return
    for sub in count.subs or []:
        for one in sub.objects or []:
            for rest in _leaves(one, depth - 1):
                yield [one.value, *rest]
