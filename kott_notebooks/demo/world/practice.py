"""More small lists: prices per file, sets, images, recordings as assets, a household's choices.

Everything refers to what exists: a price to a file, a favourite to an asset, a reminder to a
programme to come. Personal lists are the first household's, as in `shop`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.guide import frame
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import MOVIE, SERIES
from kott_notebooks.demo.world.shelf import Record, Shelf
from kott_notebooks.demo.world.shop import PPVS, details, offered_rows, price, some
from kott_notebooks.demo.world.words import LANGUAGES

RECORDING = 1  # the type of recordings, as programmes have 0
_SEARCHES = ("drama", "news", "the nineties", "Δράμα", "comédie")
_PRICED = 24  # movies that are sold one by one


def practice(
    dice: Dice, now: int, media: Shelf, epg: Shelf, objects: dict[str, list[Record]]
) -> dict[str, list[Record]]:
    """List everything by class; lists that `objects` have already are extended."""
    files = _sold_files(dice, now, media)
    prices = [_file_price(now, at, asset, file) for at, (asset, file) in enumerate(files)]
    lists = {
        "KalturaAssetFilePpv": [_file_ppv(now, at, file) for at, (_, file) in enumerate(files)],
        "KalturaProductPrice": objects["KalturaProductPrice"] + prices,
        "KalturaEntitlement": objects["KalturaEntitlement"]
        + _bought_once(dice, now, files, objects["KalturaEntitlement"]),
        "KalturaPriceDetails": [details(61 + at, amount) for at, (_, amount) in enumerate(PPVS)],
        "KalturaSubscriptionSet": _sets(),
        "KalturaMediaFile": [file for _, file in files],
        "KalturaImage": _images(media),
    }
    if objects["KalturaRecording"]:
        lists |= _choices(dice, now, media, epg)
    return lists


def _sold_files(dice: Dice, now: int, media: Shelf) -> list[tuple[int, Record]]:
    """Choose the first file of some movies on offer: asset id and file."""
    rows = some(dice, "sold", offered_rows(media, now, MOVIE), _PRICED)
    records = [media.record(row, LANGUAGES[0]) for row in sorted(rows)]
    return [(one["id"], one["mediaFiles"][0]) for one in records if one.get("mediaFiles")]


def _numbered(cls: str, first: int, records: Iterable[Record]) -> list[Record]:
    """Make objects of a class, with ids from the first on."""
    return [{"objectType": cls, "id": first + at, **one} for at, one in enumerate(records)]


def _on_sale(now: int) -> Record:
    return {"startDate": now - 200 * DAY, "endDate": now + 400 * DAY}


def _file_ppv(now: int, at: int, file: Record) -> Record:
    ppv = {"assetFileId": file["id"], "ppvModuleId": 1_201 + at % len(PPVS)}
    return {"objectType": "KalturaAssetFilePpv", **ppv, **_on_sale(now)}


def _file_price(now: int, at: int, asset: int, file: Record) -> Record:
    name, amount = PPVS[at % len(PPVS)]
    return {
        "objectType": "KalturaPpvPrice",
        "productId": str(1_201 + at % len(PPVS)),
        "productType": "ppv",
        "price": price(amount),
        "fullPrice": price(amount),
        "purchaseStatus": "for_purchase",
        "fileId": file["id"],
        "ppvModuleId": str(1_201 + at % len(PPVS)),
        "isSubscriptionOnly": False,
        "ppvDescriptions": [
            {"objectType": "KalturaTranslationToken", "language": LANGUAGES[0], "value": name}
        ],
        **_on_sale(now),
        "ppvProductCode": f"ppv-{at % len(PPVS) + 1}",
    }


def _bought_once(
    dice: Dice, now: int, files: list[tuple[int, Record]], bought: list[Record]
) -> list[Record]:
    """Let some other buyers have movies too: the API lists their purchases with id 0."""
    buyers = [(one["userId"], one["householdId"]) for one in bought[1:13:2]]
    return [
        {
            "objectType": "KalturaPpvEntitlement",
            "id": 0,
            "productId": str(1_201 + at % len(PPVS)),
            "userId": user,
            "householdId": household,
            "mediaId": files[at][0],
            "mediaFileId": files[at][1]["id"],
            "purchaseDate": now - (1 + dice.one("rented", at, 40)) * 3_600,
            "endDate": now + (2 + dice.one("rented until", at, 40)) * 3_600,
            "currentDate": now,
            "paymentMethod": "credit_card",
            "currentUses": at % 2,
            "maxUses": 0,
            "isCancelationWindowEnabled": False,
            "isPending": False,
        }
        for at, (user, household) in enumerate([one for one in buyers for _ in range(2)])
        if at < len(files)
    ]


def _sets() -> list[Record]:
    ids = ("1001", "1002", "1003")
    switch = {"name": "Change between plans", "type": "SWITCH", "subscriptionIds": ",".join(ids)}
    extra = {"name": "Premium needs Basic", "type": "DEPENDENCY", "subscriptionIds": ids[2]}
    return [
        *_numbered("KalturaSubscriptionSwitchSet", 1_401, [switch]),
        *_numbered(
            "KalturaSubscriptionDependencySet", 1_402, [extra | {"baseSubscriptionId": int(ids[0])}]
        ),
    ]


def _images(media: Shelf) -> list[Record]:
    """List the images of the first assets."""
    shown = (
        {
            **{name: one[name] for name in ("imageTypeId", "imageTypeName", "url")},
            "imageObjectId": int(media.ids[row]),
            "imageObjectType": "MEDIA_ASSET",
            "status": "READY",
            "contentId": one["id"],
            "isDefault": bool(one.get("isDefault")),
        }
        for row in range(min(media.count, 10))
        for one in media.record(row, LANGUAGES[0]).get("images", ())
    )
    return _numbered("KalturaImage", 1_501, shown)


def _choices(dice: Dice, now: int, media: Shelf, epg: Shelf) -> dict[str, list[Record]]:
    """Make a household's likes, follows, reminders and searches."""
    liked = [int(media.ids[row]) for row in some(dice, "liked", offered_rows(media, now), 15)]
    names = media.text("name", LANGUAGES[0])
    followed = some(dice, "followed", offered_rows(media, now, SERIES), 5)
    ahead = np.flatnonzero(epg.numbers["start_date"] > now).tolist()
    titles = epg.text("name", LANGUAGES[0])
    reminded = some(dice, "reminded", ahead, 6)
    return {
        "KalturaFavorite": [
            {"objectType": "KalturaFavorite", "assetId": asset, "createDate": now - at * 3 * DAY}
            for at, asset in enumerate(liked)
        ],
        "KalturaPersonalList": _numbered(
            "KalturaPersonalList",
            2_101,
            [
                {
                    "name": genre,
                    "ksql": f"(and asset_type='media' genre='{genre}')",
                    "createDate": now - (at + 1) * 20 * DAY,
                    "partnerListType": at % 2,
                }
                for at, genre in enumerate(("Drama", "Comedy", "Kids"))
            ],
        ),
        "KalturaFollowTvSeries": [
            {
                "objectType": "KalturaFollowTvSeries",
                "assetId": int(media.ids[row]),
                "announcementId": 2_201 + at,
                "status": 1,
                "title": names[row],
                "timestamp": now - at * 9 * DAY,
            }
            for at, row in enumerate(followed)
        ],
        "KalturaReminder": _numbered(
            "KalturaAssetReminder",
            2_301,
            [
                {"name": titles[row], "type": "ASSET", "assetId": int(epg.ids[row])}
                for row in reminded
            ],
        ),
        "KalturaSearchHistory": [
            {
                "objectType": "KalturaSearchHistory",
                "id": f"search-{at + 1}",
                "name": words,
                "filter": f"(or name~'{words}' description~'{words}')",
                "language": LANGUAGES[0],
                "createdAt": now - at * DAY - 3_600,
                "service": "asset",
                "action": "list",
            }
            for at, words in enumerate(_SEARCHES)
        ],
        "KalturaSeriesRecording": _series_recordings(dice, now, epg),
    }


def _series_recordings(dice: Dice, now: int, epg: Shelf) -> list[Record]:
    """Record the series of some programmes: series id, channel and a programme of it."""
    series = epg.metas["Series ID"].values(LANGUAGES[0]) if "Series ID" in epg.metas else ()
    of, recordable = epg.numbers, []
    if series:
        recordable = [row for row in np.flatnonzero(of["cdvr"] == 1).tolist() if series[row]]
    return _numbered(
        "KalturaSeriesRecording",
        71_001,
        [
            {
                "epgId": int(epg.ids[row]),
                "channelId": int(of["linear_media_id"][row]),
                "seriesId": str(series[row]),
                "type": "SERIES",
                "createDate": now - (at + 2) * 10 * DAY,
                "updateDate": now - (at + 1) * DAY,
            }
            for at, row in enumerate(some(dice, "series recorded", recordable, 4))
        ],
    )


def recordings_shelf(epg: Shelf, recordings: list[Record]) -> Shelf:
    """Make the shelf of finished recordings: their programmes, under the recording's id."""
    made = {one["id"]: one for one in recordings if one["status"] == "RECORDED"}

    def framed(shelf: Shelf, row: int) -> Record:
        recording = made[int(shelf.ids[row])]
        return {
            **frame(shelf, row),
            "objectType": "KalturaRecordingAsset",
            "epgId": str(recording["assetId"]),
            "recordingId": str(recording["id"]),
            "recordingType": recording["type"],
            "viewableUntilDate": recording["viewableUntilDate"],
        }

    rows = np.array([epg.row(one["assetId"]) for one in made.values()], np.int64)
    shelf = epg.picked(rows, framed)
    shelf.ids = np.array(list(made), np.int64)
    shelf.numbers["asset_type"] = np.full(len(made), RECORDING)
    return shelf
