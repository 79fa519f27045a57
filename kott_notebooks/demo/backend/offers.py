"""What is for sale, and what belongs to the user acted for: entitlements, recordings, history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kott_notebooks.demo.backend.assets import ids_found
from kott_notebooks.demo.backend.columns import DAY
from kott_notebooks.demo.backend.lists import listed, split
from kott_notebooks.demo.backend.partner import Call, Handler, Record

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
    """Give prices of products, those asked for by their ids."""
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
    """Give what the user, or the user's household, has bought; what has expired only if asked."""
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
    """Give recordings, of the programmes that a filter finds."""
    return _of_assets(call, call.own("KalturaRecording"), epg=True)


def _history(call: Call) -> Iterable[Record]:
    """Give what was watched: done or not, within some days, of the assets that a filter finds."""
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
    found = ids_found(call, wanted, epg=epg)
    return [one for one in records if one["assetId"] in found]


def _file_ppvs(call: Call) -> Iterable[Record]:
    """Give which pay-per-view each file is sold by: of one asset's files if asked."""
    asset = call.filter().get("assetIdEqual")
    files = call.partner.records("KalturaMediaFile")
    wanted = {one["id"] for one in files if asset in (None, one["assetId"])}
    every = call.partner.records("KalturaAssetFilePpv")
    return [one for one in every if one["assetFileId"] in wanted]


ACTIONS: dict[str, Handler] = {
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
