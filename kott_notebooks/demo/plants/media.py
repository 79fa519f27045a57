"""All defects of media: those of channels, of assets with several, and of the other modules."""

from __future__ import annotations

from kott_notebooks.demo.plants import (
    fields,
    files,
    identities,
    pictures,
    series,
    texts,
    windows,
)
from kott_notebooks.demo.plants.assets import ELL, ENG, HOUR, LANDSCAPE, POSTER, Assets
from kott_notebooks.demo.plants.ledger import Defect, each
from kott_notebooks.demo.plants.pictures import narrow
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, TRAILER
from kott_notebooks.demo.world.shelf import Shelf


def no_epg_id(on: Assets) -> None:
    """Remove the id by which programmes name the channel."""
    for ids in (None, "", None):
        row = on.victim(LINEAR)
        on.patch(row, externalIds=ids, externalEpgIngestId=None)
        on.expect("channel.no_epg_id", row, "It has no id that programmes could refer to.")


def no_buffer(on: Assets) -> None:
    """Let channels have catch-up without a buffer; one second is a buffer."""
    for buffer in (0, None, 0, 1):
        row = on.victim(LINEAR, lambda row: on.number("catch_up", row) == 1)
        on.patch(row, catchUpBuffer=buffer)
        if not buffer:
            what = f"It has catch-up and {'a buffer of zero' if buffer == 0 else 'no buffer'}."
            on.expect("channel.catchup_without_buffer", row, what)


def several_defects(on: Assets) -> None:
    """Plant several defects in one asset."""
    row = on.victim(MOVIE)
    on.shelf.texts["name"].put(row, {ENG: "TEST"})
    on.shelf.texts["description"].put(row, {ENG: "test"})
    spoilt = [one | {"status": False, "endDate": on.now - DAY} for one in on.files(row)]
    on.patch(row, images=[], mediaFiles=[one for one in spoilt if one["typeId"] != TRAILER])
    on.expect("text.placeholder", row, "Its name is 'TEST'.")
    on.expect("text.placeholder", row, "Its description is 'test'.")
    on.expect("text.description_is_name", row, "Its description is its name.")
    on.expect("image.none", row, "It has no image at all.")
    for ratio in (LANDSCAPE, POSTER):
        on.expect("image.missing_ratio", row, f"It has no image of {ratio}: it has none at all.")
    on.expect("file.inactive", row, "None of its files is active.")
    on.expect("file.no_trailer", row, "It has no trailer.")
    row = on.victim(EPISODE)
    on.shelf.texts["name"].put(row, {ENG: "<i>Nobody</i>&nbsp;knows", ELL: ""})
    on.shelf.numbers["end_date"][row] = on.now - HOUR
    narrow(on, row, LANDSCAPE, 639)
    on.expect("text.markup", row, "Its name has markup.")
    on.expect("language.missing", row, "Its name has no text in ell.")
    on.expect("image.too_small", row, f"Its largest image of {LANDSCAPE} is 639 wide.")


# Series first: they need whole seasons without a defect.
PLANTS = (
    *series.PLANTS,
    *fields.PLANTS,
    no_epg_id,
    no_buffer,
    *pictures.PLANTS,
    *files.PLANTS,
    *windows.PLANTS,
    *texts.PLANTS,
    *identities.PLANTS,
    several_defects,
    windows.write_down_windows,
)


def plant_media(dice: Dice, now: int, shelf: Shelf) -> list[Defect]:
    """Plant all defects of media, and list them."""
    on = Assets(dice, now, shelf)
    each(PLANTS, on)
    return on.defects
