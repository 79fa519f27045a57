"""Assets, programmes and TV channels as tables, and their counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any

import msgspec
import pandas as pd

from kott_notebooks import schema
from kott_notebooks.errors import (
    Forbidden,
    IncompleteError,
    KottError,
    KsqlError,
    TransportError,
    as_list,
)
from kott_notebooks.history.files import Place
from kott_notebooks.ksql import Expression, as_text, in_own_text
from kott_notebooks.listings.fields import Chosen, Source, chosen, requested
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
from kott_notebooks.listings.gathering import Ids, Layout, gathered
from kott_notebooks.listings.planned import plans_of
from kott_notebooks.listings.progress import progress_bar
from kott_notebooks.listings.streaming import streamed
from kott_notebooks.paging import WORKERS, Listing, Progress, Pull, Split
from kott_notebooks.session import Session
from kott_notebooks.tables import frames
from kott_notebooks.tables.names import with_names
from kott_notebooks.times import When, filter_epoch, instant, present, zone, zone_name

SPLITS = {
    "media": Split("media_id", 0, 2**20),
    "epg": Split("epg_id", 0, 2**20),
}
TIMES = ("startDate", "endDate")  # of programmes, compared with the window requested
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
    to: Place | None = None,
    progress: bool | Progress | None = None,
) -> pd.DataFrame:
    """List the media of the catalogue, linear channels included.

    A filter that names an `asset_type` decides which kinds are listed; one that names several is
    pulled as several lists. Source: asset.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    ksql : str or ksql.Expression, optional
        A filter: KSQL, or an expression of `kott.K`. Default: none.
    channel : int, optional
        Id of a curated channel: only its assets.
    fields : list of str, optional
        Only these columns: properties (`name`), `metas.Year`, `tags.Genre`, `metas`, `tags`, or the
        name of a meta or tag alone (`Genre`). Default: all.
    order_by : str, default "CREATE_DATE_ASC"
        A value of KalturaAssetOrderBy. It holds within the server's result window and for `limit`.
    language : str, optional
        A code such as `eng`, or `*` for all languages. Default: the session's.
    limit : int, optional
        Stop after this many rows. Default: all.
    workers : int, default 8
        Number of requests in flight.
    plan : DataFrame, optional
        What `kott.plan` returned for the same question: the list is read as it says.
    to : str or path, optional
        A store as in `kott.save`: the list goes straight there, part by part, in little memory.
        After a failure or a kill the same call goes on from what is there, within a day.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row per asset. The columns of KalturaLiveAsset (id, type `Int64`; name `str`; startDate,
        endDate `datetime64[us, UTC]`; status `boolean`; images, mediaFiles JSON text ...), then
        `metas.*` typed by their values and `tags.*` as JSON lists. With `to`, one row: the
        snapshot, as `kott.snapshots` lists it.

    Raises
    ------
    IncompleteError
        The list could not be completed; see `.partial` and `.resume()`.
    ApiError
        The API refuses the request.
    KottError
        An argument is not valid; the message says what is.

    See Also
    --------
    epg : Programmes.
    plan : What a pull would take.
    verify : What has changed since.

    Examples
    --------
    >>> from kott_notebooks import K, demo
    >>> import kott_notebooks as kott
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> dramas = kott.assets(session, K["Genre"] == "Drama", fields=["name", "Year"])
    >>> list(dramas.columns)
    ['objectType', 'id', 'name', 'metas.Year']
    >>> len(kott.assets(session)) > len(dramas)
    True
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
        asked = {
            "ksql": as_text(ksql).strip(),
            "channel": channel,
            "fields": None if columns is None else [*columns],
            "order_by": order_by,
            "language": language,
        }
        layout = Layout(cls, "kott.assets", columns, limit, about={"asked": asked})
        if to is not None:
            return streamed(session, pulls, layout, to, bar)
        return gathered(session, pulls, layout)


def asset_pulls(
    session: Session,
    ksql: str | Expression | None = None,
    *,
    channel: int | None = None,
    order_by: str = "CREATE_DATE_ASC",
    fields: Sequence[str] | None = None,
    **options: Any,
) -> tuple[list[Pull], str, Chosen | None]:
    """Return the lists that `assets` reads (one per kind), their rows' class and columns."""
    text = quoted_kinds(as_text(ksql).strip())
    named = kinds_named(text)
    wanted = {kind: both(f"asset_type='{kind}'", text) for kind in named or ["media"]}
    if len(named) == 1 and kind_required(text):
        wanted = {named[0]: text}
    cls = CLASSES[next(iter(wanted))] if len(wanted) == 1 else "KalturaAsset"
    asked = [(search(one, order_by, channel), SPLITS.get(kind)) for kind, one in wanted.items()]
    pulls, columns = _pulls(session, asked, cls, fields, text, **options)
    return pulls, cls, columns


def _pulls(
    session: Session,
    asked: Sequence[tuple[dict[str, Any], Split | None]],
    cls: str,
    fields: Sequence[str] | None,
    own_ksql: str,
    *,
    language: str | None = None,
    limit: int | None = None,
    workers: int = WORKERS,
    plan: pd.DataFrame | None = None,
    bar: Progress | None = None,
    also: Sequence[str] = (),
) -> tuple[list[Pull], Chosen | None]:
    """Make a pull of each filter, by its part of the plan if there is one; name their columns.

    `also` are columns that are requested beside the `fields`.
    """
    columns = chosen(session, fields, Source("asset", "list", cls, {"filter": asked[0][0]}))
    wanted = requested(columns, cls, session, language)
    wanted = None if wanted is None else [*wanted, *also]
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
            ksql=own_ksql,
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
    to: Place | None = None,
    progress: bool | Progress | None = None,
) -> pd.DataFrame:
    """List every programme on air at some time in [start, end), each once.

    Programmes that began before `start` and those that end after `end` are included. Source:
    asset.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    start, end : str, date, datetime or Timestamp
        The window of time: ISO text, `now`, `today` (midnight of `tz`), `tomorrow`, `today 20:00`,
        `today+7d`, or date objects.
    tz : str or tzinfo, optional
        Zone of local times and days. Default: KOTT_TZ, else UTC.
    channels : iterable of int or DataFrame, optional
        Ids of linear assets, or a table of `kott.channels`, whose names then stand beside the ids
        as `channelName` (unless `fields` are named). Default: all channels.
    ksql : str or ksql.Expression, optional
        A filter: KSQL, or an expression of `kott.K`. Default: none.
    fields : list of str, optional
        Only these columns: properties (`name`), `metas.Year`, `tags.Genre`, `metas`, `tags`, or the
        name of a meta or tag alone (`Genre`). Default: all.
    language : str, optional
        A code such as `eng`, or `*` for all languages. Default: the session's.
    limit : int, optional
        Stop after this many rows. Default: all.
    workers : int, default 8
        Number of requests in flight.
    plan : DataFrame, optional
        What `kott.plan` returned for the same question: the list is read as it says.
    to : str or path, optional
        A store as in `kott.save`: the list goes straight there, part by part, in little memory.
        After a failure or a kill the same call goes on from what is there, within a day.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row per programme. The columns of KalturaProgramAsset (id, linearAssetId, epgChannelId
        `Int64`; name `str`; startDate, endDate `datetime64[us, UTC]`; enableCatchUp `boolean` ...),
        `metas.*` as text (`kott.coerce` types them) and `tags.*` as JSON lists. By start, or by id
        where the list was split. With `to`, one row: the snapshot, as `kott.snapshots` lists it.

    Raises
    ------
    IncompleteError
        The list could not be completed; see `.partial` and `.resume()`.
    ApiError
        The API refuses the request.
    KottError
        An argument is not valid; the message says what is.

    See Also
    --------
    channels : The channels that `linearAssetId` refers to.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> evening = kott.epg(session, "today 20:00", "today 23:00", tz="Europe/Berlin")
    >>> evening["linearAssetId"].nunique() <= 4
    True
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
        layout = Layout(
            CLASSES["epg"],
            "kott.epg",
            columns,
            limit,
            also=TIMES,
            check=lambda programmes: _check_times(programmes, first, last),
            names=channels if isinstance(channels, pd.DataFrame) else None,
            about={
                "start": first.isoformat(),
                "end": last.isoformat(),
                "tz": zone_name(zone(tz)),
                "ksql": as_text(ksql).strip() or None,
                "channels": ids,
            },
        )
        if to is not None:
            return streamed(session, pulls, layout, to, bar)
        return gathered(session, pulls, layout)


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
    """Return the lists that `epg` reads, one per group of channels, and their columns."""
    first, last = window(start, end, tz)
    since, until = filter_epoch(first), filter_epoch(last)
    during = ("asset_type='epg'", f"start_date<'{until}'", f"end_date>'{since}'")
    ids = None if channels is None else ids_of(channels, "channels")
    text = quoted_kinds(as_text(ksql).strip())
    asked = [
        (search(both(*during, condition, text), "START_DATE_ASC"), SPLITS["epg"])
        for condition in channel_conditions(ids)
    ]
    return _pulls(session, asked, CLASSES["epg"], fields, text, also=TIMES, **options)


def _check_times(programmes: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Raise IncompleteError for programmes that are not on air in the window requested."""
    start, end = (pd.Timestamp(filter_epoch(one), unit="s", tz="UTC") for one in (first, last))
    outside = (programmes["startDate"] >= end) | (programmes["endDate"] <= start)
    if outside.any():
        raise IncompleteError(
            f"asset.list: {outside.sum():,} of {len(programmes):,} programmes received are not on "
            f"air between {first} and {last}: the server ignores the times of the filter, so "
            "that its list cannot be trusted."
        )


def channels(session: Session, *, progress: bool | Progress | None = None) -> pd.DataFrame:
    """List the linear (TV) channels.

    A programme's `linearAssetId` is a channel's `id`, and its `epgChannelId` is the channel's
    `externalIds`, as text. Channels are known by their asset struct, since older servers have no
    class of their own for them. Source: assetStruct.list, asset.list.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    progress : bool or Progress, optional
        Show a progress bar, or move yours (`total`, `n`, `reset`, `update`). Default: in a terminal
        and in a notebook, unless KOTT_PROGRESS is 0.

    Returns
    -------
    DataFrame
        One row per channel; columns as those of `kott.assets`.

    Raises
    ------
    Forbidden
        The role may not read the asset structs; the message says how to list channels without.
    KottError
        No asset struct is called linear.
    IncompleteError
        The list could not be completed; see `.partial` and `.resume()`.
    ApiError
        The API refuses the request.

    See Also
    --------
    epg, with_names

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> len(kott.channels(session))
    4
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
    """Find the ids of the asset structs of TV channels, by their names."""
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
    session: Session,
    by: str | Sequence[str],
    ksql: str | Expression | None = None,
    *,
    labels: pd.DataFrame | None = None,
    channels: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count assets by metas, tags or fields, on the server.

    An asset with two values of a tag counts for both. Source: asset.count.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    by : str or list of str
        Name of a meta, a tag or a value of KalturaGroupByField; several are nested in that order.
    ksql : str or ksql.Expression, optional
        A filter: KSQL, or an expression of `kott.K`. Default: none.
    labels, channels : DataFrame, optional
        `kott.labels` and `kott.channels`: names then stand beside the ids of types and channels.

    Returns
    -------
    DataFrame
        One row per value, the commonest first: a column `str` per name, and count `Int64`. With
        `labels`, typeName (`str`) stands after `media_type_id`; with `channels`, channelName
        (`str`) after `linear_media_id`. Other values are texts that need no names.

    Raises
    ------
    ApiError
        The API refuses the request, such as a name that it does not know.
    KottError
        `by` names nothing, or a name twice.

    See Also
    --------
    catalog.values : The same from a table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> list(kott.facets(session, "Genre").columns)
    ['Genre', 'count']
    >>> list(kott.facets(session, "media_type_id", labels=kott.labels(session)).columns)
    ['media_type_id', 'typeName', 'count']
    """
    names = [by] if isinstance(by, str) else as_list("by", by)
    if not names or not all(isinstance(one, str) for one in names) or len({*names}) < len(names):
        raise KottError("by is a name, or several names that differ.")
    text = quoted_kinds(as_text(ksql).strip())
    wanted = search(text if kinds_named(text) else both("asset_type='media'", text))
    wanted["groupBy"] = [_group_by(name) for name in names]
    try:
        result = session.call("asset", "count", filter=wanted)
    except KsqlError as error:
        raise in_own_text(error, wanted["kSql"], text) from None
    try:
        counted = msgspec.convert(result, _Count, strict=False)
    except msgspec.ValidationError as error:
        raise TransportError(f"asset.count: the result is not a count: {error}.") from error
    rows = [
        dict(zip([*names, "count"], row, strict=True)) for row in _leaves(counted, [], len(names))
    ]
    table = pd.DataFrame(rows, columns=[*names, "count"])
    table = table.astype({**dict.fromkeys(names, "str"), "count": "Int64"})
    table = table.sort_values(
        ["count", *names], ascending=[False, *[True] * len(names)]
    ).reset_index(drop=True)
    if labels is None and channels is None:
        return table
    return with_names(table, labels, channels)


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


def _leaves(count: _Count, values: list[Any], depth: int) -> Iterator[list[Any]]:
    """Walk the nested counts down to the innermost; a count without inner counts is a row too."""
    inner = [one for sub in count.subs or [] for one in sub.objects or []]
    if values and not inner:
        yield [*values, *[None] * (depth - len(values)), count.count]
    for one in inner:
        yield from _leaves(one, [*values, one.value], depth)
