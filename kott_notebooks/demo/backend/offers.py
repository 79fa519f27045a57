"""What is for sale, and what belongs to the user acted for: entitlements, recordings, history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kott_notebooks.demo.backend.arguments import whole
from kott_notebooks.demo.backend.assets import get_asset, ids_found
from kott_notebooks.demo.backend.columns import DAY
from kott_notebooks.demo.backend.lists import listed, split
from kott_notebooks.demo.backend.partner import Call, Handler, Record
from kott_notebooks.demo.world import views
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.partner import FILE_TYPES, HLS

RATES = {"EUR": 1.0, "GBP": 0.85, "USD": 1.1}  # made up, of one euro; another currency stays as is


def in_currency(call: Call, value: Any) -> Any:
    """Turn every price inside a record into the currency of the call."""
    if isinstance(value, list):
        return [in_currency(call, one) for one in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("objectType") == "KalturaPrice":
        return _price(call, value)
    return {name: in_currency(call, one) for name, one in value.items()}


def _price(call: Call, price: Record) -> Record:
    currency = call.partner.find("KalturaCurrency", "code", call.currency) or {}
    rate = RATES.get(call.currency, 1.0) / RATES.get(price["currency"], 1.0)
    return {
        **price,
        "currencyId": currency["id"],
        "currency": currency["code"],
        "currencySign": currency["sign"],
        "amount": round(price["amount"] * rate, 2),
    }


def _for_sale(cls: str, *, channel: str = "") -> Handler:
    """Make the action that lists offers: those that are no longer made are for staff who ask."""

    def offers(call: Call) -> Iterable[Record]:
        given = call.filter()
        inactive = call.role.is_staff and given.get("alsoInactive")
        for one in call.partner.records(cls):
            holds = channel not in given or str(given[channel]) in split(one["channelsIds"])
            if holds and (one.get("isActive") or inactive):
                yield in_currency(call, one)

    return listed(offers, handled=(channel,))


def _prices(call: Call) -> Iterable[Record]:
    """Return prices of products, those asked for by their ids."""
    given = call.filter()
    lists = ("subscriptionIdIn", "collectionIdIn", "fileIdIn", "programAssetGroupOfferIdIn")
    asked = {
        name.removesuffix("IdIn").lower(): split(given[name]) for name in lists if name in given
    }
    for one in call.partner.records("KalturaProductPrice"):
        of_file = str(one.get("fileId")) in asked.get("file", ())
        if not asked or of_file or one["productId"] in asked.get(one["productType"].lower(), ()):
            yield in_currency(call, one)


def _entitlements(call: Call) -> Iterable[Record]:
    """Return what the user, or the user's household, has bought; what has expired only if asked."""
    given = call.filter()
    by_household = given.get("entityReferenceEqual") == "household"
    owner: tuple[str, object] = ("userId", call.user_id)
    if by_household and not call.sees_everybody:
        owner = ("householdId", call.household_id())
    expired = bool(given.get("isExpiredEqual"))
    for one in call.partner.records("KalturaEntitlement"):
        over = one["endDate"] < call.partner.now
        of_product = str(given.get("productTypeEqual", "")).lower() in one["objectType"].lower()
        owned = call.sees_everybody or one[owner[0]] == owner[1]
        if owned and over == expired and of_product:
            yield {**one, "currentDate": call.partner.now}


def _recordings(call: Call) -> Iterable[Record]:
    """Return recordings, of the programmes that a filter finds."""
    return _of_assets(call, call.own("KalturaRecording"), epg=True)


def _history(call: Call) -> Iterable[Record]:
    """Return what was watched: done or not, within some days, of the assets that a filter finds."""
    given = call.filter()
    since = call.partner.now - DAY * given.get("daysLessThanOrEqual", 10_000)
    done = {"done": True, "progress": False}.get(str(given.get("statusEqual")))
    for one in _of_assets(call, call.own("KalturaAssetHistory"), epg=False):
        if one["watchedDate"] >= since and done in (None, one["finishedWatching"]):
            yield one


def _of_assets(call: Call, records: list[dict[str, Any]], *, epg: bool) -> list[dict[str, Any]]:
    wanted = call.filter().get("kSql")
    if not wanted:
        return records
    ids = ids_found(call, wanted, epg=epg)
    return [one for one in records if one["assetId"] in ids]


def _statistics(call: Call) -> dict[str, Any]:
    """Count views, likes and ratings of some assets, or of all media, within a period."""
    query, now = call.arguments["query"], call.partner.now
    kind = query.get("assetTypeEqual", "media")
    shelf = call.partner.world.epg if kind == "epg" else call.partner.world.media
    wanted = [whole(one) or 0 for one in split(query.get("assetIdIn", ""))]
    known = shelf.ids if not query.get("assetIdIn") else np.intersect1d(shelf.ids, wanted)
    # the API's names of the two ends of the period
    start = query.get("startDateGreaterThanOrEqual", 0)
    end = query.get("endDateGreaterThanOrEqual") or now
    dice = Dice(call.partner.world.seed)
    watched, liked, rated = (
        views.within(count(dice, kind, known), start, end, now).tolist()
        for count in (views.views, views.likes, views.votes)
    )
    means = views.ratings(dice, kind, known).tolist()
    objects = [
        {
            "objectType": "KalturaAssetStatistics",
            "assetId": asset,
            "views": watched[at],
            "likes": liked[at],
            "ratingCount": rated[at],
            "rating": means[at],
        }
        for at, asset in enumerate(known.tolist())
    ]
    return call.listed(objects, len(objects))


def _playback(call: Call) -> dict[str, Any]:
    """Answer the sources of an asset: its active files, or the stream of a programme's channel."""
    given = call.arguments["contextDataParams"]
    reference = {"media": "media", "epg": "epg_internal", "recording": "npvr"}
    one = {
        "id": call.arguments["assetId"],
        "assetReferenceType": reference[call.arguments["assetType"]],
    }
    asset = get_asset(replace(call, arguments=one, view=replace(call.view, properties=None)))
    wanted = split(given["assetFileIds"]) if given.get("assetFileIds") else None
    files = asset.get("mediaFiles", ()) or [_stream(call, asset)]
    sources = [
        _source(file, str(given.get("mediaProtocol") or "https"))
        for file in files
        if file.get("status", True) and (wanted is None or str(file["id"]) in wanted)
    ]
    return {
        "objectType": "KalturaPlaybackContext",
        "sources": sources,
        "actions": [],
        "messages": [_OK] if sources else [_NO_FILES],
    }


_OK = {"objectType": "KalturaAccessControlMessage", "code": "OK", "message": "OK"}
_NO_FILES = {
    "objectType": "KalturaAccessControlMessage",
    "code": "NoFilesFound",
    "message": "The asset has no file to play",
}


def _stream(call: Call, asset: dict[str, Any]) -> dict[str, Any]:
    """Make the file of a live channel, or of a programme on it: the demo stores none."""
    channel = asset.get("linearAssetId", asset.get("id", 0))
    return {
        "id": int(channel) * 10 + 1,
        "assetId": int(asset.get("id", 0)),
        "type": FILE_TYPES[HLS],
        "typeId": HLS,
        "url": f"https://cdn.demo.kott.invalid/live/{channel}/index.m3u8",
    }


def _source(file: dict[str, Any], protocol: str) -> dict[str, Any]:
    is_dash = "DASH" in str(file.get("type", ""))
    return {
        **file,
        "objectType": "KalturaPlaybackSource",
        "format": "dash" if is_dash else "applehttp",
        "protocols": protocol,
        "drm": [],
        "isTokenized": False,
    }


def _file_ppvs(call: Call) -> Iterable[Record]:
    """Return which pay-per-view each file is sold by: of one asset's files if asked."""
    asset = call.filter().get("assetIdEqual")
    files = call.partner.records("KalturaMediaFile")
    wanted = {one["id"] for one in files if asset in (None, one["assetId"])}
    every = call.partner.records("KalturaAssetFilePpv")
    return [one for one in every if one["assetFileId"] in wanted]


ACTIONS: dict[str, Handler] = {
    "assetStatistics.query": _statistics,
    "asset.getPlaybackContext": _playback,
    "assetFilePpv.list": listed(_file_ppvs, handled=("assetIdEqual",)),
    "favorite.list": listed(lambda call: call.own("KalturaFavorite"), names={"mediaId": "assetId"}),
    "subscription.list": _for_sale("KalturaSubscription", channel="channelIdEqual"),
    "collection.list": _for_sale("KalturaCollection"),
    "ppv.list": _for_sale("KalturaPpv"),
    "productPrice.list": listed(
        _prices,
        handled=("subscriptionIdIn", "collectionIdIn", "fileIdIn", "programAssetGroupOfferIdIn"),
    ),
    "entitlement.list": listed(
        _entitlements, handled=("productTypeEqual", "entityReferenceEqual", "isExpiredEqual")
    ),
    "transactionHistory.list": listed(
        lambda call: call.own("KalturaBillingTransaction"),
        handled=("entityReferenceEqual",),
        names={
            "billingItemsType": "itemType",
            "entitlementId": "purchaseId",
            "externalId": "externalTransactionId",
        },
    ),
    "recording.list": listed(_recordings),
    "assetHistory.list": listed(
        _history,
        handled=("statusEqual", "daysLessThanOrEqual"),
        names={"type": "assetType"},
    ),
    "bookmark.list": listed(
        lambda call: call.own("KalturaBookmark"), names={"assetId": "id", "assetType": "type"}
    ),
}
