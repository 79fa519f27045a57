"""What is curated, sold, recorded and watched: small lists about media, guide and households.

What belongs to a user or a household and does not name them (recordings, history, transactions)
is that of the first household, in which the fixed accounts live.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, SERIES, translated
from kott_notebooks.demo.world.shelf import Record, Shelf
from kott_notebooks.demo.world.words import LANGUAGES, Phrase

_MONTH = 30 * DAY
_CURATED: tuple[tuple[Phrase, str, tuple[int, ...]], ...] = (
    (
        ("New films", "Nouveaux films", "Νέες ταινίες"),
        f"create_date > '-{3 * _MONTH}'",
        (MOVIE,),
    ),
    (("Drama", "Drame", "Δράμα"), "genre = 'Drama'", (MOVIE, SERIES)),
    (("Comedy", "Comédie", "Κωμωδία"), "genre = 'Comedy'", (MOVIE, SERIES)),
    (
        ("For the young", "Pour les jeunes", "Για παιδιά"),
        "genre = 'Kids'",
        (MOVIE, SERIES, EPISODE),
    ),
    (("All channels", "Toutes les chaînes", "Όλα τα κανάλια"), "", (LINEAR,)),
    (
        ("The nineties", "Les années 90", "Δεκαετία του 90"),
        "(and year>='1990' year<'2000')",
        (MOVIE,),
    ),
)
_PICKS: Phrase = ("Our picks", "Nos choix", "Δικές μας επιλογές")
_DRAFT: Phrase = ("Summer draft", "Projet d'été", "Καλοκαιρινό σχέδιο")
_SUBSCRIPTIONS: tuple[tuple[Phrase, float], ...] = (
    (("Basic", "Essentiel", "Βασικό"), 5.99),
    (("Family", "Famille", "Οικογενειακό"), 9.99),
    (("Premium", "Premium", "Πλήρες"), 14.99),
)
PPVS = (("Rent for two days", 3.99), ("Rent in UHD", 5.99), ("Buy", 11.99))


def shop(
    dice: Dice, now: int, media: Shelf, epg: Shelf, homes: dict[str, list[Record]]
) -> dict[str, list[Record]]:
    """List everything by class."""
    return {
        "KalturaChannel": _curated(dice, now, media),
        "KalturaSubscription": _subscriptions(now),
        "KalturaCollection": _collections(now),
        "KalturaPpv": _ppvs(now),
        "KalturaProductPrice": _product_prices(),
        "KalturaEntitlement": _entitlements(dice, now, homes["KalturaHouseholdUser"]),
        "KalturaBillingTransaction": _transactions(now),
        "KalturaRecording": _recordings(dice, now, epg),
        **_watched(dice, now, media, homes["KalturaOTTUser"]),
        "KalturaTopic": _topics(media),
    }


def some(dice: Dice, purpose: str, rows: Sequence[int], count: int) -> list[int]:
    """Choose some of the rows, in random order."""
    return [rows[at] for at in dice.order(purpose, len(rows))[:count].tolist()]


def offered_rows(media: Shelf, now: int, *structs: int) -> list[int]:
    """Find the rows on offer of some structs, or of all."""
    of = media.numbers
    offered = (of["status"] == 1) & (of["start_date"] <= now) & (of["end_date"] > now)
    rows: list[int] = np.flatnonzero(
        offered & (np.isin(of["asset_type"], structs) | (not structs))
    ).tolist()
    return rows


def _curated(dice: Dice, now: int, media: Shelf) -> list[Record]:
    dynamic = [
        _channel(now, at, name, "KalturaDynamicChannel")
        | {
            "kSql": ksql,
            "assetTypes": [{"objectType": "KalturaIntegerValue", "value": one} for one in structs],
        }
        for at, (name, ksql, structs) in enumerate(_CURATED)
    ]
    picked = some(dice, "picks", offered_rows(media, now, MOVIE, SERIES), 12)
    manual = {"mediaIds": ",".join(str(int(media.ids[row])) for row in picked)}
    count = len(dynamic)
    return [
        *dynamic,
        _channel(now, count, _PICKS, "KalturaManualChannel") | manual,
        _channel(now, count + 1, _DRAFT, "KalturaManualChannel") | manual | {"isActive": False},
    ]


def _channel(now: int, at: int, name: Phrase, cls: str) -> Record:
    return {
        "objectType": cls,
        "id": 801 + at,
        "multilingualName": translated(name),
        "multilingualDescription": translated(name),
        "systemName": name[0].lower().replace(" ", "_"),
        "isActive": True,
        "createDate": now - 400 * DAY + at * DAY,
        "updateDate": now - 20 * DAY,
        "supportSegmentBasedOrdering": False,
    }


def price(amount: float) -> Record:
    return {
        "objectType": "KalturaPrice",
        "currencyId": 1,
        "currency": "EUR",
        "currencySign": "€",
        "amount": amount,
    }


def details(key: int, amount: float) -> Record:
    return {
        "objectType": "KalturaPriceDetails",
        "id": key,
        "name": f"{amount:.2f} EUR",
        "price": price(amount),
    }


def _offered(now: int) -> Record:
    return {"isActive": True, "createDate": now - 700 * DAY, "updateDate": now - 60 * DAY}


def _subscriptions(now: int) -> list[Record]:
    return [
        {
            "objectType": "KalturaSubscription",
            "id": str(1_001 + at),
            "multilingualName": translated(name),
            "multilingualDescription": translated(name),
            "channelsIds": ",".join(str(801 + one) for one in range(2 * at + 2)),
            "startDate": now - 700 * DAY,
            "endDate": now + 1_500 * DAY,
            "isRenewable": True,
            "isInfiniteRenewal": True,
            "price": details(51 + at, amount),
            "householdLimitationsId": 61 + at,
            "externalId": f"sub-{name[0].lower()}",
            "gracePeriodMinutes": 4_320,
            "isCancellationBlocked": False,
        }
        | _offered(now)
        for at, (name, amount) in enumerate(_SUBSCRIPTIONS)
    ]


def _collections(now: int) -> list[Record]:
    return [
        {
            "objectType": "KalturaCollection",
            "id": str(1_101 + at),
            "multilingualName": translated(name),
            "multilingualDescription": translated(name),
            "channelsIds": str(801 + at),
            "startDate": now - 300 * DAY,
            "endDate": now + 300 * DAY,
            "externalId": f"col-{at + 1}",
        }
        | _offered(now)
        for at, (name, _, _) in enumerate(_CURATED[:2])
    ]


def _ppvs(now: int) -> list[Record]:
    return [
        {
            "objectType": "KalturaPpv",
            "id": str(1_201 + at),
            "name": name,
            "price": details(61 + at, amount),
            "priceDetailsId": 61 + at,
            "productCode": f"ppv-{at + 1}",
            "isSubscriptionOnly": False,
            "firstDeviceLimitation": False,
        }
        | _offered(now)
        for at, (name, amount) in enumerate(PPVS)
    ]


def _product_prices() -> list[Record]:
    return [
        {
            "objectType": "KalturaSubscriptionPrice",
            "productId": str(1_001 + at),
            "productType": "subscription",
            "price": price(amount),
            "fullPrice": price(amount),
            "purchaseStatus": "for_purchase",
        }
        for at, (_, amount) in enumerate(_SUBSCRIPTIONS)
    ]


def _entitlements(dice: Dice, now: int, members: list[Record]) -> list[Record]:
    """Let two of three masters have a subscription, the first household's among them."""
    masters = [one for one in members if one["isMaster"]]
    buyers = [one for at, one in enumerate(masters) if at == 0 or dice.one("buys", at, 3)]
    return [
        {
            "objectType": "KalturaSubscriptionEntitlement",
            "id": 50_001 + at,
            "productId": str(1_001 + dice.one("bought", at, len(_SUBSCRIPTIONS))),
            "userId": buyer["userId"],
            "householdId": buyer["householdId"],
            "purchaseDate": now - (1 + dice.one("paid", at, 29)) * DAY,
            "endDate": now + (1 + dice.one("lasts", at, 29)) * DAY,
            "currentDate": now,
            "nextRenewalDate": now + (1 + dice.one("lasts", at, 29)) * DAY,
            "paymentMethod": "credit_card",
            "currentUses": 0,
            "maxUses": 0,
            "isRenewable": True,
            "isRenewableForPurchase": True,
            "isCancelationWindowEnabled": False,
            "isInGracePeriod": False,
            "isPending": False,
            "isSuspended": False,
        }
        for at, buyer in enumerate(buyers)
    ]


def _transactions(now: int) -> list[Record]:
    name, amount = _SUBSCRIPTIONS[1]
    return [
        {
            "objectType": "KalturaBillingTransaction",
            "recieptCode": f"R{at + 1:05d}",
            "purchasedItemName": name[0],
            "purchasedItemCode": "1002",
            "itemType": "subscription",
            "billingAction": "renew_payment" if at else "purchase",
            "price": price(amount),
            "actionDate": now - (12 - at) * _MONTH,
            "startDate": now - (12 - at) * _MONTH,
            "endDate": now - (11 - at) * _MONTH,
            "paymentMethod": "credit_card",
            "isRecurring": True,
            "purchaseId": 90_001 + at,
            "billingPriceType": "FullPeriod",
        }
        for at in range(12)
    ]


def _recordings(dice: Dice, now: int, epg: Shelf) -> list[Record]:
    """Make recordings of past programmes, and of a few future ones."""
    start, end, allowed = (epg.numbers[key] for key in ("start_date", "end_date", "cdvr"))
    past = np.flatnonzero((allowed == 1) & (end < now)).tolist()
    future = np.flatnonzero((allowed == 1) & (start > now)).tolist()
    rows = some(dice, "recorded", past, 12) + some(dice, "to be recorded", future, 4)
    return [
        {
            "objectType": "KalturaRecording",
            "id": 70_001 + at,
            "assetId": int(epg.ids[row]),
            "status": "RECORDED" if end[row] < now else "SCHEDULED",
            "type": "SINGLE",
            "isProtected": False,
            "viewableUntilDate": int(end[row]) + 90 * DAY,
            "createDate": int(start[row]) - 3_600 if end[row] < now else now - 3_600,
            "updateDate": min(int(end[row]), now),
            "duration": int(end[row] - start[row]),
        }
        for at, row in enumerate(rows)
    ]


def _watched(dice: Dice, now: int, media: Shelf, users: list[Record]) -> dict[str, list[Record]]:
    """Make what was watched in the first household, and up to which position."""
    watchers = [one["id"] for one in users if "householdId" in one][:2]
    rows = some(dice, "watched", offered_rows(media, now, MOVIE, EPISODE), 20 if watchers else 0)
    history, bookmarks = [], []
    for at, row in enumerate(rows):
        duration = int(media.numbers["duration"][row])
        position = dice.one("position", at, duration)
        finished = position > duration * 0.9
        history.append(
            {
                "objectType": "KalturaAssetHistory",
                "assetId": int(media.ids[row]),
                "assetType": "media",
                "duration": duration,
                "position": position,
                "watchedDate": now - at * DAY - dice.one("watched at", at, DAY),
                "finishedWatching": finished,
            }
        )
        bookmarks.append(
            {
                "objectType": "KalturaBookmark",
                "id": str(media.ids[row]),
                "type": "media",
                "userId": watchers[at % len(watchers)],
                "position": position,
                "positionOwner": "user",
                "finishedWatching": finished,
            }
        )
    return {"KalturaAssetHistory": history, "KalturaBookmark": bookmarks}


def _topics(media: Shelf) -> list[Record]:
    """Make a topic to follow of the first few series."""
    rows = np.flatnonzero(media.numbers["asset_type"] == SERIES)[:5].tolist()
    names = media.text("name", LANGUAGES[0])
    return [
        {
            "objectType": "KalturaTopic",
            "id": str(301 + at),
            "name": names[row],
            "subscribersAmount": str(10 + 7 * at),
            "automaticIssueNotification": "Inherit",
        }
        for at, row in enumerate(rows)
    ]
