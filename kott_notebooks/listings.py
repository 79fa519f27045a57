"""A session -> a table: assets(), epg(), channels(), households() and any other list."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

import pandas as pd

from kott_notebooks import frames, privacy, schema
from kott_notebooks.errors import (
    ApiError,
    Forbidden,
    IncompleteError,
    KottError,
    TransportError,
    api_error,
)
from kott_notebooks.paging import Page, Progress, Pull, Split
from kott_notebooks.session import Session
from kott_notebooks.tables import channel_ids
from kott_notebooks.times import When, epoch, instant, present

KSQL_LIMIT = 4096  # characters of a filter
PACK = 50  # calls in one multirequest
NO_HOUSEHOLD = ("1006", "1005")
SPLITS = {"media": Split("media_id", 0, 2**20), "epg": Split("epg_id", 0, 2**20)}
CLASSES = {
    "media": "KalturaLiveAsset",  # extends KalturaMediaAsset: its columns serve both
    "epg": "KalturaProgramAsset",
    "recording": "KalturaRecordingAsset",
}

Ids: TypeAlias = Iterable[Any] | pd.DataFrame


def assets(
    session: Session,
    ksql: object = "",
    *,
    fields: Sequence[str] | None = None,
    order_by: str = "CREATE_DATE_ASC",
    language: str | None = None,
    limit: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List the catalogue's media, linear channels included; one row an asset.

    `ksql` narrows it (text, or an expression of `kott.K`); where it names an `asset_type` it
    decides what comes, and one that names several is pulled as several lists. `fields` asks for
    some columns only (`["name", "metas.Year", "tags"]`). `order_by` is a KalturaAssetOrderBy; it
    holds up to the server's result window and for `limit`. `language="*"` gives all languages.

    Columns: those of KalturaLiveAsset, which KalturaMediaAsset's are among (id, type `Int64`,
    name `str`, startDate, endDate `datetime64[us, UTC]`, status `boolean`; images, mediaFiles
    JSON text ...), then `metas.*` typed by their values, and `tags.*` as JSON text.
    Raises IncompleteError (with `.partial`) rather than give a short table. Source: asset.list.
    """
    _check_order(order_by)
    text = str(ksql).strip()
    kinds = _kinds(text) or ["media"]
    named = bool(_kinds(text)) and len(kinds) == 1
    cls = CLASSES[kinds[0]] if len(kinds) == 1 else "KalturaAsset"
    with _bar(progress, "assets") as bar:
        pulls = [
            session.pages(
                "asset",
                filter=_search(text if named else _and(f"asset_type='{kind}'", text), order_by),
                language=language,
                responseProfile=_profile(fields),
                limit=limit,
                split=SPLITS.get(kind),
                progress=bar,
            )
            for kind in kinds
        ]
        return _table(session, pulls, cls, fields=fields, source="kott.assets", limit=limit)


def epg(
    session: Session,
    start: When,
    end: When,
    *,
    channels: Ids | None = None,
    ksql: object = "",
    fields: Sequence[str] | None = None,
    language: str | None = None,
    limit: int | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List every programme on air at some time in [start, end), each once; one row a programme.

    Those that began before `start` and those that end after `end` are among them. `start` and
    `end` take ISO text, `now`, `today+7d`, or date objects; without a zone they are UTC.
    `channels` narrows to ids of linear assets, or to a table of `kott.channels`.

    Columns: those of KalturaProgramAsset (id, linearAssetId, epgChannelId `Int64`, name `str`,
    startDate, endDate `datetime64[us, UTC]`, enableCatchUp `boolean` ...), `metas.*` as text
    (`frames.coerce` types them), `tags.*` as JSON text; by start where the list was not split.
    Raises IncompleteError (with `.partial`) rather than give a short table. Source: asset.list.
    """
    now = present()
    first, last = instant(start, now=now), instant(end, now=now)
    if last <= first:
        raise KottError(f"The window ends at {last} and starts at {first}: give a later end.")
    a, b = epoch(first), epoch(last)
    during = f"asset_type='epg' start_date<'{b}' end_date>'{a}'"
    ids = None if channels is None else channel_ids(channels)
    with _bar(progress, "epg") as bar:
        pulls = [
            session.pages(
                "asset",
                filter=_search(_and(during, group, str(ksql).strip()), "START_DATE_ASC"),
                language=language,
                responseProfile=_profile(fields),
                limit=limit,
                split=Split("start_date", a, b),
                progress=bar,
            )
            for group in _channel_groups(ids)
        ]
        window: dict[str, Any] = {
            "start": first.isoformat(),
            "end": last.isoformat(),
            "channels": ids,
        }
        return _table(
            session, pulls, CLASSES["epg"], fields=fields, source="kott.epg", limit=limit, **window
        )


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
        raise api_error(
            error.code,
            error.message,
            error.arguments,
            action=error.action,
            hint="This role may not read the asset structs: name the channels' own, "
            "kott.assets(session, \"asset_type='NUMBER'\").",
        ) from error
    found = [
        int(one["id"])
        for one in structs
        if "linear" in f"{one.get('systemName')} {one.get('name')}".lower()
    ]
    if not found:
        names = ", ".join(f"{one.get('name')} ({one['id']})" for one in structs)
        raise KottError(
            f"No asset struct is called linear; this partner has {names or 'none'}. "
            "List the channels' own: kott.assets(session, \"asset_type='NUMBER'\")."
        )
    return found


def households(
    session: Session,
    ids: Ids | None = None,
    *,
    external_ids: Iterable[str] | None = None,
    pii: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List households, by their ids or external ids, or all of them; one row a household.

    All of them come only where the server lists them; where it refuses, the error says so.
    Columns: those of KalturaHousehold (id, devicesLimit, usersLimit, concurrentLimit, regionId
    `Int64`, state `str`, createDate `datetime64[us, UTC]` ...). name, description and externalId
    are hashed unless `pii=True`. Raises IncompleteError, with `.partial`, if some do not exist.
    Source: household.get or household.list.
    """
    if ids is not None and external_ids is not None:
        raise KottError("Give ids or external_ids, not both.")
    if ids is not None:
        calls = [("household", "get", {"id": number}) for number in channel_ids(ids)]
        return _packed(session, calls, "KalturaHousehold", pii, progress, "kott.households")
    if external_ids is not None:
        names = list(dict.fromkeys(external_ids))
        calls = [("household", "list", {"filter": {"externalIdEqual": name}}) for name in names]
        return _packed(session, calls, "KalturaHousehold", pii, progress, "kott.households")
    try:
        return listing(session, "household", filter={}, pii=pii, progress=progress)
    except (Forbidden, IncompleteError):
        raise
    except ApiError as error:
        raise api_error(
            error.code,
            error.message,
            error.arguments,
            action=error.action,
            hint="This server does not list all households: give ids= or external_ids=.",
        ) from error


def household_users(
    session: Session,
    households: Ids | None = None,
    *,
    pii: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List the users of households; one row a user in a household.

    `households` are ids or a table of `kott.households`; without them, all that the server lists.
    Columns: householdId `Int64`, userId `str`, isMaster, isDefault `boolean`, status `str`,
    householdMasterUsername `str`, hashed unless `pii=True`. Source: householdUser.list.
    """
    return _of_households(session, "householdUser", households, pii, progress)


def household_devices(
    session: Session,
    households: Ids | None = None,
    *,
    pii: bool = False,
    progress: bool | None = None,
) -> pd.DataFrame:
    """List the devices of households; one row a device.

    `households` are ids or a table of `kott.households`; without them, all that the server lists.
    Columns: those of KalturaHouseholdDevice (householdId, brandId, deviceFamilyId `Int64`, status
    `str`, activatedOn, lastActivityTime `datetime64[us, UTC]` ...); udid, name, macAddress,
    externalId and dynamicData are hashed unless `pii=True`. Source: householdDevice.list.
    """
    return _of_households(session, "householdDevice", households, pii, progress)


def listing(
    session: Session,
    service: str,
    action: str = "list",
    *,
    filter: dict[str, Any] | None = None,
    fields: Sequence[str] | None = None,
    limit: int | None = None,
    pii: bool = False,
    progress: bool | None = None,
    **arguments: Any,
) -> pd.DataFrame:
    """List any other list action, paged where it has pages; one row a record.

    `filter` is a dict; without `objectType` it is of the argument's own class. Columns: those of
    the class that the action lists (`kott.describe`), then others as they occur. Personal texts
    are hashed unless `pii=True`; tokens, pins and passwords are masked always.
    Raises IncompleteError, with `.partial`, rather than give a short table.
    """
    known = schema.action(service, action)
    if known is None or known.items is None:
        raise KottError(_no_list(service, action))
    asked = arguments if filter is None else {"filter": filter, **arguments}
    with _bar(progress, known.service) as bar:
        pull = session.pages(
            known.service,
            known.name,
            responseProfile=_profile(fields),
            limit=limit,
            progress=bar,
            **asked,
        )
        source = "kott.listing" if known.service != "household" else "kott.households"
        return _table(
            session, [pull], known.items, fields=fields, source=source, pii=pii, limit=limit
        )


def facets(session: Session, by: str | Sequence[str], ksql: object = "") -> pd.DataFrame:
    """Count assets by metas, tags or fields, on the server; one row a value, most first.

    `by` is one name or several (nested in that order); each is a column, `str`, beside `count`
    `Int64`. Fields are those of KalturaGroupByField (`media_type_id`, `linear_media_id` ...).
    An asset with two values of a tag counts for both. Source: asset.count.
    """
    names = [by] if isinstance(by, str) else list(by)
    text = str(ksql).strip()
    wanted = _search(text if _kinds(text) else _and("asset_type='media'", text), None)
    wanted["groupBy"] = [_group_by(name) for name in names]
    found = session.call("asset", "count", filter=wanted)
    rows = [dict(zip([*names, "count"], row, strict=True)) for row in _leaves(found, len(names))]
    table = pd.DataFrame(rows, columns=[*names, "count"])
    table = table.astype({**dict.fromkeys(names, "str"), "count": "Int64"})
    return table.sort_values(
        ["count", *names], ascending=[False, *[True] * len(names)]
    ).reset_index(drop=True)


LABELS: dict[str, dict[str, Any]] = {
    "assetStruct": {},
    "meta": {},
    "imageType": {},
    "mediaFileType": {},
    "ratio": {},
    "region": {"filter": {"objectType": "KalturaRegionFilter"}},
    "deviceBrand": {},
    "deviceFamily": {},
    "language": {"filter": {"objectType": "KalturaLanguageFilter"}},
}


def labels(session: Session, kinds: Iterable[str] = tuple(LABELS)) -> pd.DataFrame:
    """Name what tables hold as numbers; one row a label.

    Columns: kind (`assetStruct`, `meta`, `imageType`, `mediaFileType`, `ratio`, `region`,
    `deviceBrand`, `deviceFamily`, `language`), id, name, systemName, dataType (of a meta), metaIds
    (of a struct: a comma list), all `str`. A kind that the role may not read, or that the server
    does not have, is left out and named in `attrs["kott"]["refused"]`. Source: the list actions.
    """
    rows: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    for kind in kinds:
        try:
            rows += [{"kind": kind, **one} for one in session.records(kind, **LABELS[kind])]
        except ApiError as error:
            refused[kind] = str(error)
    columns = ["kind", "id", "name", "systemName", "dataType", "metaIds"]
    cells = [{name: _label(row, name) for name in columns} for row in rows]
    table = pd.DataFrame(cells, columns=columns).astype("str")
    table.attrs["kott"] = _origin(session, "kott.labels") | {"refused": refused, "rows": len(rows)}
    return table


def _label(row: dict[str, Any], name: str) -> str | None:
    value = row.get("code") if name == "id" and "id" not in row else row.get(name)
    return None if value is None else str(value)


# Filters


def _search(ksql: str, order_by: str | None) -> dict[str, Any]:
    if len(ksql) > KSQL_LIMIT:
        raise KottError(
            f"The filter has {len(ksql):,} characters and the API takes {KSQL_LIMIT:,}: "
            "split it into several."
        )
    wanted = {"objectType": "KalturaSearchAssetFilter", "kSql": ksql}
    return wanted | ({"orderBy": order_by} if order_by else {})


def _and(*items: str) -> str:
    given = [item for item in items if item]
    return given[0] if len(given) == 1 and "' " not in given[0] else f"(and {' '.join(given)})"


def _kinds(ksql: str) -> list[str]:
    """Name the kinds of asset that a filter asks for by itself."""
    named = re.findall(r"\basset_type\s*=\s*'\s*(\w+)\s*'", ksql, re.IGNORECASE)
    kinds = [one.lower() if one.lower() in CLASSES else "media" for one in named]
    return list(dict.fromkeys(kinds))


def _channel_groups(ids: Sequence[Any] | None) -> Iterator[str]:
    """Write channels as conditions, each short enough to leave room in the filter."""
    if ids is None:
        yield ""
        return
    if not ids:
        raise KottError("channels names no channel: leave it out for all of them.")
    try:
        numbers = [str(int(one)) for one in ids]
    except (TypeError, ValueError) as error:
        raise KottError("channels takes the ids of linear assets, whole numbers.") from error
    for group in _batched(numbers, 200):
        yield f"linear_media_id:'{','.join(group)}'"


def _check_order(order_by: str) -> None:
    orders = schema.enum("KalturaAssetOrderBy")
    if order_by not in orders:
        raise KottError(f"order_by is one of {', '.join(orders)}; not {order_by!r}.")


def _profile(fields: Sequence[str] | None) -> dict[str, str] | None:
    """Ask for some properties only; `metas.Year` asks for metas."""
    if fields is None:
        return None
    names = dict.fromkeys(["objectType", "id", "type", *(one.split(".")[0] for one in fields)])
    return {
        "objectType": "KalturaOnDemandResponseProfile",
        "retrievedProperties": ",".join(names),
    }


def _group_by(name: str) -> dict[str, str]:
    fields = schema.enum("KalturaGroupByField").values()
    kind = "Field" if name in fields else "MetaOrTag"
    return {"objectType": f"KalturaAsset{kind}GroupBy", "value": name}


def _leaves(count: dict[str, Any], depth: int) -> Iterator[list[Any]]:
    """Walk the nested counts down to the innermost."""
    if depth == 0:
        yield [count.get("count", 0)]
        return
    for sub in count.get("subs") or []:
        for one in sub.get("objects") or []:
            for rest in _leaves(one, depth - 1):
                yield [one.get("value"), *rest]


def _no_list(service: str, action: str) -> str:
    lists = [f"{one.service}.{one.name}" for one in schema.actions() if one.items]
    own = [name for name in lists if name.lower().startswith(f"{service.lower()}.")]
    close = own or [name for name in schema.close_to(f"{service}.{action}") if name in lists]
    hint = f"; try {', '.join(close)}" if close else ": kott.services() lists those that are"
    return f"{service}.{action} is no list action{hint}."


# Gathering


def _table(
    session: Session,
    pulls: list[Pull],
    cls: str,
    *,
    fields: Sequence[str] | None = None,
    source: str,
    limit: int | None = None,
    pii: bool = False,
    **about: Any,
) -> pd.DataFrame:
    """Lay pulls out as one table that says how it was gathered; keep what came if one stops."""

    def lay(pages: Iterable[Page]) -> pd.DataFrame:
        hide = privacy.keep if pii else privacy.hasher(_key(session))
        table = frames.frame(_first(pages, limit), cls, fields=fields, hide=hide)
        told = _reported(pulls, cls) | about | _personal(cls, pii)
        table.attrs["kott"] = _origin(session, source) | told | table.attrs["kott"]
        return table

    def gather() -> pd.DataFrame:
        try:
            return lay(chain.from_iterable(pulls))
        except (IncompleteError, KeyboardInterrupt) as error:
            came = lay(page for pull in pulls for page in pull.came)
            raise session.stopped(error, came, gather) from error

    return gather()


def _first(pages: Iterable[Page], limit: int | None) -> Iterator[Page]:
    """Cut pages of several lists to the limit that they share."""
    left = limit
    for page in pages:
        kept = page if left is None else page.only([n < left for n in range(page.rows)])
        if left is not None:
            left -= kept.rows
        if kept.rows:
            yield kept


def _reported(pulls: list[Pull], cls: str) -> dict[str, Any]:
    """Add up how several lists were gathered."""
    reports = [pull.report() for pull in pulls]
    if privacy.sensitive(cls):  # a filter may hold a user's name
        for report in reports:
            report["arguments"] = dict.fromkeys(report["arguments"], privacy.MASK)
    if len(reports) == 1:
        return reports[0]
    whole = dict(reports[0]) | {"arguments": [report["arguments"] for report in reports]}
    for name, value in whole.items():
        if name in ("totals", "windows") or (type(value) in (int, float) and name != "limit"):
            whole[name] = sum((report[name] for report in reports), start=type(value)())
    return whole | {"page_size": max(report["page_size"] for report in reports)}


def _packed(
    session: Session,
    calls: list[tuple[str, str, dict[str, Any]]],
    cls: str,
    pii: bool,
    progress: bool | None,
    source: str,
) -> pd.DataFrame:
    """Make one table of many small calls, packed into multirequests."""
    answers: list[Any] = []
    began, requests = present(), 0

    def lay() -> pd.DataFrame:
        hide = privacy.keep if pii else privacy.hasher(_key(session))
        records = [one for answer in answers for one in _records(answer)]
        table = frames.frame(records, cls, hide=hide)
        told = {"action": ".".join(calls[0][:2]) if calls else "", "rows": len(records)}
        told |= {"asked": len(calls), "requests": requests, "when": began.isoformat()}
        table.attrs["kott"] = _origin(session, source) | told | _personal(cls, pii)
        return table

    def gather() -> pd.DataFrame:
        nonlocal requests
        try:
            with _bar(progress, source.removeprefix("kott."), total=len(calls)) as bar:
                for pack in _batched(calls[len(answers) :], PACK):
                    answers.extend(_allowed(session.multirequest(pack)))
                    requests += 1
                    if bar is not None:
                        bar.update(len(pack))
        except (TransportError, KeyboardInterrupt) as error:
            if not answers:
                raise
            raise session.stopped(error, lay(), gather) from error
        return _complete(lay(), answers)

    return gather()


def _allowed(answers: list[Any]) -> list[Any]:
    """Raise what stands for an error in a multirequest, but for households that do not exist."""
    for answer in answers:
        if isinstance(answer, ApiError) and answer.code not in NO_HOUSEHOLD:
            raise answer
        if isinstance(answer, dict) and len(_records(answer)) < answer.get("totalCount", 0):
            raise IncompleteError("The server gave fewer records than it counts; ask again.")
    return answers


def _records(answer: Any) -> list[dict[str, Any]]:
    if isinstance(answer, ApiError):
        return []
    if "objects" in answer or "totalCount" in answer:
        return answer.get("objects") or []
    return [answer]


def _complete(table: pd.DataFrame, answers: list[Any]) -> pd.DataFrame:
    """Give the table if every household was found, or was asked for its users and devices."""
    empty = [
        n
        for n, answer in enumerate(answers, 1)
        if isinstance(answer, ApiError)
        or (answer.get("objectType") == "KalturaHouseholdListResponse" and not _records(answer))
    ]
    if not empty:
        return table
    shown = ", ".join(map(str, empty[:10])) + (", ..." if len(empty) > 10 else "")
    raise IncompleteError(
        f"{len(empty):,} of {len(answers):,} households asked for do not exist here: those at "
        f"position {shown}. Leave them out; .partial holds the others.",
        partial=table,
    )


def _of_households(
    session: Session, service: str, households_: Ids | None, pii: bool, progress: bool | None
) -> pd.DataFrame:
    if households_ is None:
        households_ = households(session, progress=progress)
    known = schema.action(service, "list")
    calls = [
        (service, "list", {"filter": {"householdIdEqual": int(number)}})
        for number in channel_ids(households_)
    ]
    name = "kott.household_users" if service == "householdUser" else "kott.household_devices"
    return _packed(session, calls, (known and known.items) or "", pii, progress, name)


def _origin(session: Session, source: str) -> dict[str, Any]:
    return {"source": source, "url": session.url, "partner": session.partner_id}


def _personal(cls: str, pii: bool) -> dict[str, str]:
    if not privacy.sensitive(cls):
        return {}
    if pii:
        return {"personal": "as the API gives it"}
    if os.environ.get("KOTT_PII_KEY"):
        return {"personal": "hashed with KOTT_PII_KEY"}
    return {
        "personal": "hashed with this session's own key; set KOTT_PII_KEY to join across sessions"
    }


def _key(session: Session) -> bytes:
    return os.environ.get("KOTT_PII_KEY", "").encode() or session.salt


@contextlib.contextmanager
def _bar(wanted: bool | None, name: str, total: int | None = None) -> Iterator[Progress | None]:
    """Show a progress bar, where somebody looks: in notebooks and terminals, unless told."""
    told = os.environ.get("KOTT_PROGRESS", "").lower()
    if wanted is None and told:
        wanted = told not in ("0", "off", "false", "no")
    if wanted is False:
        yield None
        return
    from tqdm.auto import tqdm  # chooses between terminal and notebook when it is first imported

    with tqdm(
        desc=name, total=total, unit=" rows", leave=False, disable=None if wanted is None else False
    ) as bar:
        yield bar


def _batched(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
