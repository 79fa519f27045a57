"""The catalogue's actions: assets, channels, the programmes of a day, line-ups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kott_notebooks.demo.backend import groups, ksql
from kott_notebooks.demo.backend.columns import DAY, OFFSETS_BELOW, Rows
from kott_notebooks.demo.backend.lists import listed, split
from kott_notebooks.demo.backend.partner import Call, Handler, Record
from kott_notebooks.demo.backend.records import Joined, Shown
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.backend.search import (
    EPG_SHELF,
    MEDIA_SHELF,
    RECORDING_SHELF,
    Question,
)

_SEARCHES = ("KalturaAssetFilter", "KalturaSearchAssetFilter", "KalturaSearchAssetListFilter")
LINEUP_SIZES = (100, 200, 800, 1200, 1600)
_DEFAULT_ORDER = "RELEVANCY_DESC"


def shown(call: Call, rows: Iterable[int]) -> Joined | Shown:
    """Show rows of all shelves in their order; a page of one shelf, the usual case, in one step."""
    search = call.partner.search
    places: list[list[int]] = [[] for _ in search.libraries]
    order = []
    for row in rows:
        shelf, place = search.place(row)
        order.append((shelf, len(places[shelf])))
        places[shelf].append(place)
    parts = [
        Shown(library.name, library.shelf.record, of, call.view, call.partner.cache)
        for library, of in zip(search.libraries, places, strict=True)
    ]
    filled = [part for part in parts if part.rows]
    return filled[0] if len(filled) == 1 else Joined(parts, order)


def question(call: Call, kinds: Iterable[str] | None = None, *trees: ksql.Tree | None) -> Question:
    """Make the search of a call: its filter's KSQL, and further conditions."""
    given = call.filter()
    own = parsed(call, given.get("kSql", ""))
    items = tuple(tree for tree in (*trees, own) if tree)
    return Question(
        tree=ksql.Group("and", items) if len(items) > 1 else next(iter(items), None),
        order=_order(call, given),
        language=_language(call),
        now=call.partner.now,
        sees_all=call.role.is_staff,
        recordings=bool(call.own("KalturaRecording")),
        types=None if kinds is None else frozenset(kinds),
    )


def parsed(call: Call, text: str) -> ksql.Tree | None:
    """Parse a filter as the deployment does, and check its keys, operators and values."""
    tree = ksql.parse(text, lenient=call.partner.deployment.lenient_ksql)
    call.partner.search.check(tree)
    return tree


def _language(call: Call) -> str:
    known = call.partner.languages
    return call.view.language if call.view.language in known else call.partner.default_language


def _order(call: Call, given: dict[str, Any]) -> str:
    """Read the order: of `orderBy`, or the first of `orderingParameters`, or by a meta."""
    first = next(iter(given.get("orderingParameters", ())), {}) or given.get("dynamicOrderBy") or {}
    if first.get("name"):
        return f"{call.partner.search.known(first['name'])}:{first.get('orderBy', 'META_ASC')}"
    order = str(first.get("orderBy") or given.get("orderBy") or "NONE")
    if order.startswith("META_"):
        raise Refusal("MissingParameter", parameter=f"{first['objectType']}.name")
    return _DEFAULT_ORDER if order.upper() in ("NONE", "ORDER_NUM") else order


def list_assets(call: Call) -> dict[str, Any]:
    """Answer one page of assets; pages beyond the result window are refused."""
    first, size = call.page()
    window = call.partner.deployment.result_window
    if first + size > window:
        raise Refusal("Error", why=f"Search failed: row {first + size} is beyond {window}")
    rows, sizes = matching_rows(call)
    places, total = call.cut(len(rows), first, size)
    if call.partner.deployment.caps_totals:
        total = min(total, window)
    at = np.asarray(places, np.int64)
    objects = shown(call, rows[at].tolist())
    if call.view.related and sizes is not None:
        pairs = zip(objects.values(), sizes[at].tolist(), strict=True)
        return call.response(total, [_with_size(call, *pair) for pair in pairs])
    return call.response(total, objects)


def _with_size(call: Call, asset: dict[str, Any], size: int) -> dict[str, Any]:
    """Add the size of an asset's group, under each name that the response profile gives it."""
    counted = {
        "objectType": "KalturaIntegerValueListResponse",
        "totalCount": 1,
        "objects": [{"objectType": "KalturaIntegerValue", "value": size}],
    }
    return {**asset, "relatedObjects": dict.fromkeys(call.view.related, counted)}


def matching_rows(call: Call) -> tuple[Rows, Rows | None]:
    """Find the rows that an asset list's filter matches; if grouped, each group's size too."""
    given = call.filter()
    cls = given.get("objectType", "KalturaSearchAssetFilter")
    if cls == "KalturaChannelFilter":
        rows = call.partner.search.rows(_channel_question(call, given.get("idEqual")))
    elif cls in _SEARCHES:
        rows = call.partner.search.rows(question(call, _kinds(given)))
    elif cls == "KalturaBundleFilter":
        rows = _bundled(call, given)
    else:
        rows = np.zeros(0, np.int64)  # related assets and the like, which the demo lacks
    if given.get("groupBy"):
        return groups.first_of_each(call, rows, given)
    return rows, None


def _kinds(given: dict[str, Any]) -> list[str] | None:
    """Read `typeIn`, the older way to pick kinds of assets."""
    return split(given["typeIn"]) if given.get("typeIn") else None


def _channel_question(call: Call, wanted: object, *more: ksql.Term) -> Question:
    channel = _channel(call, wanted)
    kinds = [str(one["value"]) for one in channel.get("assetTypes", ())] or None
    trees = [ksql.parse(channel.get("kSql", ""))]
    if channel["objectType"] == "KalturaManualChannel":
        trees.append(ksql.Term("media_id", ":", channel.get("mediaIds") or "0", 0))
    return question(call, kinds, *trees, *more)


def _bundled(call: Call, given: dict[str, Any]) -> Rows:
    """Find the assets of a subscription or a collection: those of its channels, each once."""
    is_collection = given.get("bundleTypeEqual") == "collection"
    cls = "KalturaCollection" if is_collection else "KalturaSubscription"
    bundle = call.partner.find(cls, "id", given.get("idEqual"))
    if bundle is None:
        return np.zeros(0, np.int64)
    kinds = frozenset(split(given["typeIn"])) if given.get("typeIn") else None
    parts = [
        call.partner.search.rows(_channel_question(call, channel))
        for channel in split(bundle["channelsIds"])
    ]
    rows: Rows = np.unique(np.concatenate(parts))
    if kinds is None:
        return rows
    types = call.partner.search.libraries[MEDIA_SHELF].shelf.numbers["asset_type"]
    return rows[np.isin(types[rows], [int(one) for one in kinds if one.isdigit()])]


def suggest(call: Call) -> dict[str, Any]:
    """Answer some assets on offer: those whose texts contain `query`, else the latest ones."""
    size = min(call.arguments.get("size", 10), call.partner.deployment.page_max)
    words = str(call.arguments.get("query", ""))
    terms = tuple(ksql.Term(key, "~", words, 0) for key in ("name", "description") if words)
    media = ksql.Term("asset_type", "=", "media", 0)
    trees = (media, ksql.Group("or", terms)) if terms else (media,)
    rows = call.partner.search.rows(
        Question(
            ksql.Group("and", trees),
            _DEFAULT_ORDER,
            _language(call),
            call.partner.now,
            call.role.is_staff,
        )
    )
    return call.response(min(len(rows), size), shown(call, rows[:size].tolist()))


def represent(call: Call) -> dict[str, Any]:
    """Answer one asset of each group."""
    own = call.filter()
    given = {"groupBy": [call.arguments["groupBy"]]}
    rows = call.partner.search.rows(question(call, _kinds(own)))
    firsts, _ = groups.first_of_each(call, rows, given)
    places, total = call.cut(len(firsts), *call.page())
    return call.response(total, shown(call, firsts[np.asarray(places, np.int64)].tolist()))


def _channel(call: Call, wanted: object) -> Record:
    channel = call.partner.find("KalturaChannel", "id", wanted)
    if channel is None or not (channel.get("isActive") or call.role.is_staff):
        raise Refusal("ChannelDoesNotExist", id=wanted)
    return channel


def ids_found(call: Call, text: str, *, epg: bool) -> set[int]:
    """Return the ids of the programmes, or of the media, that KSQL finds, whenever they are on."""
    tree = parsed(call, text)
    ever = ksql.Term("start_date", ">", str(OFFSETS_BELOW), 0) if epg else None
    items = tuple(one for one in (tree, ever) if one)
    whole = ksql.Group("and", items) if items else None
    asked = Question(whole, _DEFAULT_ORDER, _language(call), call.partner.now, sees_all=True)
    places = map(call.partner.search.place, call.partner.search.rows(asked).tolist())
    wanted = EPG_SHELF if epg else MEDIA_SHELF
    ids = call.partner.search.libraries[wanted].shelf.ids
    return {int(ids[row]) for shelf, row in places if shelf == wanted}


def get_asset(call: Call) -> dict[str, Any]:
    """Answer one asset by its id and kind, if the caller may see it."""
    wanted, kind = call.arguments["id"], call.arguments["assetReferenceType"]
    search = call.partner.search
    if kind == "media":
        row = _numbered(call, wanted, MEDIA_SHELF, "MediaIdsMustBeNumeric", "AssetDoesNotExist")
        media = search.libraries[MEDIA_SHELF]
        if not (call.role.is_staff or media.on_offer(call.partner.now)[row]):
            raise Refusal("AssetDoesNotExist", id=wanted)
        return _single(call, row)
    if kind == "epg_internal":
        row = _numbered(
            call, wanted, EPG_SHELF, "EpgInternalIdsMustBeNumeric", "ProgramDoesntExist"
        )
        return _single(call, search.starts[EPG_SHELF] + row)
    if kind == "epg_external":
        return _single(call, _external(call, wanted))
    if not call.own("KalturaRecording"):
        raise Refusal("AssetDoesNotExist", id=wanted)
    row = _numbered(call, wanted, RECORDING_SHELF, "MediaIdsMustBeNumeric", "AssetDoesNotExist")
    return _single(call, search.starts[RECORDING_SHELF] + row)


def _single(call: Call, row: int) -> dict[str, Any]:
    return dict(shown(call, [row]).values()[0])


def _numbered(call: Call, wanted: str, shelf: int, not_numeric: str, not_there: str) -> int:
    """Return the row of an id on a shelf, or refuse by one of two errors."""
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 19):
        raise Refusal(not_numeric, id=wanted)
    ids = call.partner.search.libraries[shelf].shelf.ids
    row = int(np.searchsorted(ids, int(wanted)))
    if row == len(ids) or ids[row] != int(wanted):
        raise Refusal(not_there, id=wanted)
    return row


def _external(call: Call, wanted: str) -> int:
    search = call.partner.search
    column = search.libraries[EPG_SHELF].column("externalid", call.partner.default_language)
    rows = np.flatnonzero(column.find("=", wanted, 0)) if column else np.zeros(0, np.int64)
    if rows.size == 0:
        raise Refusal("ProgramDoesntExist", id=wanted)
    return search.starts[EPG_SHELF] + int(rows[0])


def count_assets(call: Call) -> dict[str, Any]:
    """Count the assets of a filter, by the values of each `groupBy` within the one before."""
    given = call.filter()
    rows = call.partner.search.rows(question(call, _kinds(given)))
    return groups.counted(call, rows, given)


def _channels(call: Call) -> Iterable[Record]:
    """Return the curated channels: inactive ones for staff, those that hold an asset if asked.

    A filter of KSQL is about the channels' own assets, which the demo's do not have.
    """
    given = call.filter()
    wanted = given.get("mediaIdEqual")
    for one in call.partner.records("KalturaChannel"):
        if given.get("kSql") or not (one.get("isActive") or call.role.is_staff):
            continue
        if wanted is None or _holds(call, one, int(wanted)):
            yield one


def _holds(call: Call, channel: Record, asset: int) -> bool:
    """Return whether a curated channel holds an asset: by its list, or by its KSQL."""
    if channel["objectType"] == "KalturaManualChannel":
        return str(asset) in split(channel.get("mediaIds", ""))
    asked = _channel_question(call, channel["id"], ksql.Term("media_id", ":", str(asset), 0))
    return len(call.partner.search.rows(asked)) > 0


def list_epg(call: Call) -> dict[str, Any]:
    """List one day of one channel, whole: the programmes that start on it."""
    given, shelf = call.filter(), call.partner.world.epg
    day = given.get("dateEqual", call.partner.now - call.partner.now % DAY)
    start = shelf.numbers["start_date"]
    wanted = (start >= day) & (start < day + DAY)
    if "liveAssetIdEqual" in given:
        wanted &= shelf.numbers["linear_media_id"] == given["liveAssetIdEqual"]
    rows = np.flatnonzero(wanted)
    rows = rows[np.lexsort((shelf.ids[rows], start[rows]))]
    view = call.view
    records = [view.asset(shelf.record(int(row), view.language)) for row in rows]
    objects = [_as(record, "KalturaEpg") for record in records]
    return call.response(len(objects), objects)


def _as(record: dict[str, Any], cls: str, **more: Any) -> dict[str, Any]:
    known = {"objectType": cls} if "objectType" in record else {}
    return {**record, **known, **more}


def get_lineup(call: Call) -> dict[str, Any]:
    """Answer a page of the caller's line-up: the channels of the region, by their numbers."""
    index, size = call.arguments["pageIndex"], call.arguments["pageSize"]
    if index < 1:
        raise Refusal("ArgumentMinValueCrossed", argument="pageIndex", value=1)
    if size not in LINEUP_SIZES:
        allowed = ", ".join(map(str, LINEUP_SIZES))
        raise Refusal("ArgumentNotInPredefinedRange", argument="pageSize", value=allowed)
    return _lineup(call, _numbers(call, _own_region(call)), (index - 1) * size, size)


def _region(call: Call, wanted: int | None) -> Record:
    """Return a region by its id, or the caller's own."""
    if not wanted:
        return _own_region(call)
    region = call.partner.find("KalturaRegion", "id", wanted)
    if region is None:
        raise Refusal("RegionDoesNotExist", id=wanted)
    return region


def _own_region(call: Call) -> Record:
    household_id = (call.user() or {}).get("householdId")
    household = call.partner.find("KalturaHousehold", "id", household_id) or {}
    own = call.partner.find("KalturaRegion", "id", household.get("regionId"))
    return own or next(one for one in call.partner.records("KalturaRegion") if one.get("isDefault"))


def _numbers(call: Call, region: Record) -> list[tuple[int, int]]:
    """List a region's (channel number, linear asset id), sorted; missing ones are its parent's."""
    own = region.get("linearChannels", ())
    numbered = {one["linearChannelId"] for one in own}
    parent = call.partner.find("KalturaRegion", "id", region.get("parentId")) or {}
    shared = [
        one for one in parent.get("linearChannels", ()) if one["linearChannelId"] not in numbered
    ]
    return sorted((one["channelNumber"], one["linearChannelId"]) for one in (*own, *shared))


def list_lineup(call: Call) -> dict[str, Any]:
    """Answer a page of a region's line-up, between two numbers and by a filter if asked."""
    given = call.filter()
    region = _region(call, given.get("regionIdEqual"))
    low, high = given.get("lcnGreaterThanOrEqual", 0), given.get("lcnLessThanOrEqual", 2**31)
    wanted = ids_found(call, given["kSql"], epg=False) if given.get("kSql") else None
    numbers = [
        (number, channel)
        for number, channel in _numbers(call, region)
        if low <= number <= high and (wanted is None or channel in wanted)
    ]
    return _lineup(call, numbers, *call.page())


def _lineup(
    call: Call, numbers: Sequence[tuple[int, int]], first: int, size: int
) -> dict[str, Any]:
    shelf = call.partner.world.media
    seen = _seen(call, [channel for _, channel in numbers])
    on_offer = [(number, seen[channel]) for number, channel in numbers if channel in seen]
    objects = [
        _as(
            call.view.asset(shelf.record(row, call.view.language)),
            "KalturaLineupChannelAsset",
            lcn=number,
        )
        for number, row in on_offer[first : first + size]
    ]
    return call.response(len(on_offer), objects)


def _seen(call: Call, channels: Sequence[int]) -> dict[int, int]:
    """Return the rows of the linear channels that the caller may see, by id."""
    tree = ksql.Term("media_id", ":", ",".join(map(str, channels)) or "0", 0)
    question = Question(tree, _DEFAULT_ORDER, _language(call), call.partner.now, call.role.is_staff)
    ids = call.partner.world.media.ids
    return {int(ids[row]): int(row) for row in call.partner.search.rows(question)}


ACTIONS: dict[str, Handler] = {
    "asset.list": list_assets,
    "asset.get": get_asset,
    "asset.count": count_assets,
    "asset.semanticSearch": suggest,
    "asset.listPersonalSelection": suggest,
    "asset.watchBasedRecommendationsList": suggest,
    "asset.groupRepresentativeList": represent,
    "channel.list": listed(_channels, handled=("mediaIdEqual",)),
    "channel.get": lambda call: call.view.item(_channel(call, call.arguments["id"])),
    "epg.list": list_epg,
    "lineup.get": get_lineup,
    "lineup.list": list_lineup,
}
