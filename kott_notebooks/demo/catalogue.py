"""The demo partner's world, built from its parts and a seed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kott_notebooks.demo.plants import Defect, plant_media, plant_people, plant_programmes
from kott_notebooks.demo.plants.ingests import Delivered, ingests
from kott_notebooks.demo.world import partner
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.given import Given, given_shelf, name_channels
from kott_notebooks.demo.world.guide import channels_of, guide_shelf
from kott_notebooks.demo.world.homes import Account, accounts, homes
from kott_notebooks.demo.world.media import media_shelf
from kott_notebooks.demo.world.practice import practice, recordings_shelf
from kott_notebooks.demo.world.samples import samples
from kott_notebooks.demo.world.shelf import Record, Shelf
from kott_notebooks.demo.world.shop import shop

__all__ = ["Account", "Defect", "Given", "Shelf", "World", "build"]

_YEAR = 365 * 86_400


@dataclass(frozen=True)
class World:
    """Everything that the demo partner has at one moment."""

    now: int
    seed: int
    partner_id: int
    days: int  # of the guide; 0 for a given guide
    media: Shelf
    epg: Shelf
    recordings: Shelf  # programmes that the first household has recorded
    ingest_results: dict[int, list[Record]]  # the result of each programme, by the ingest's id
    objects: dict[str, list[Record]]  # every small list, by the class of its records
    accounts: list[Account]
    defects: list[Defect]  # planted on purpose


def build(
    *,
    seed: int = 7,
    assets: int = 2_000,
    channels: int = 40,
    days: int = 8,
    households: int = 500,
    now: int | None = None,
    defects: bool = True,
    given: Given | None = None,
) -> World:
    """Make a world; the same arguments make the same one, and `now` is the present if left out.

    `assets` counts all media, of which `channels` are linear. The programmes run from midnight UTC
    of the day before `now` for `days` days, without gap or overlap unless `defects` are planted.
    With a given guide, its channels and programmes are used instead, as they are.
    """
    moment = int(time.time()) if now is None else now
    dice = Dice(seed)
    if given:
        channels = len(given.channels["id"])
        assets = max(assets, channels)
    media = media_shelf(dice, moment, assets, channels)
    linear = channels_of(media)
    objects = partner.labels(moment - 5 * _YEAR)
    objects["KalturaRegion"] = partner.regions(linear.ids.tolist())
    objects |= homes(dice, moment, households)
    epg = given_shelf(moment, linear, given) if given else guide_shelf(dice, moment, days, linear)
    planted: list[Defect] = []
    delivered = Delivered.of(epg)
    if defects:
        planted += plant_media(dice, moment, media)
        if not given:
            planted += plant_programmes(dice, moment, days, epg, media)
        planted += plant_people(dice, moment, objects)
    if given:
        name_channels(media, given)
    objects |= shop(dice, moment, media, epg, objects)
    ingested, results, planted = ingests(
        dice, moment, media, epg, delivered, [] if given else planted
    )
    objects |= ingested
    objects |= practice(dice, moment, media, epg, objects)
    ids = {"media": media.ids, "linear": linear.ids, "programme": epg.ids}
    files = [one["id"] for one in objects["KalturaMediaFile"]]
    objects |= samples(
        moment, objects, {key: of[:50].tolist() for key, of in ids.items()} | {"file": files}
    )
    return World(
        now=moment,
        seed=seed,
        partner_id=partner.PARTNER_ID,
        days=0 if given else days,
        media=media,
        epg=epg,
        ingest_results=results,
        recordings=recordings_shelf(epg, objects["KalturaRecording"]),
        objects=objects,
        accounts=accounts(objects["KalturaOTTUser"]),
        defects=planted,
    )
