"""Assets that are duplicates, or look like it."""

from __future__ import annotations

from kott_notebooks.demo.plants.assets import ENG, Assets
from kott_notebooks.demo.world.partner import EPISODE, MOVIE, SERIES


def shared_external_id(on: Assets) -> None:
    """Let two or three assets share an external id."""
    for struct, number in ((MOVIE, 2), (EPISODE, 2), (SERIES, 3)):
        rows = on.victims(struct, number)
        texts = on.shelf.texts["externalid"]
        for row in rows[1:]:
            texts.put(row, texts.at(rows[0]))
        for row in rows:
            shared = texts.at(row)[ENG]
            on.expect("identity.duplicate_external_id", row, f"{number} assets are {shared}.")


def shared_entry_id(on: Assets) -> None:
    """Let two assets share an entry id, in two structs also."""
    for rows in (on.victims(MOVIE), on.victims(EPISODE, 3), [on.victim(MOVIE), on.victim(EPISODE)]):
        shared = on.shelf.record(rows[0])["entryId"]
        for row in rows:
            on.patch(row, entryId=shared)
            on.expect("identity.duplicate_entry_id", row, f"{len(rows)} assets have {shared}.")


_TWINS: tuple[tuple[bool, int, int, tuple[str, ...]], ...] = (  # twins?, struct, years apart, names
    (True, MOVIE, 0, ("The Quiet Cartographer", "the quiet carto-grapher")),
    (True, MOVIE, 0, ("Marmalade Caf\xe9", "Marmalade Cafe", "Marmalade, Cafe!")),
    (True, MOVIE, 0, ("Windmills", "Windmill")),
    (True, SERIES, 0, ("Ferrymen of Patras", "Ferrymon of Patras")),
    (False, MOVIE, 0, ("Kestrel", "Kestral")),
    (False, MOVIE, 0, ("Saltwater Hymns", "Saltwater Hims")),
    (False, MOVIE, 1, ("The Parrot Ledger", "The Parrot Ledger")),
    (False, MOVIE, 0, ("Harbour Pirates II", "Harbour Pirates III")),
    (False, MOVIE, 0, ("Plan Lighthouse", "Plan B Lighthouse")),
)


def twins(on: Assets) -> None:
    """Make assets of one year whose names make them twins, and some that are nearly twins."""
    for are_twins, struct, apart, names in _TWINS:
        rows = on.victims(struct, len(names))
        for place, (row, name) in enumerate(zip(rows, names, strict=True)):
            on.shelf.texts["name"].put(row, {ENG: name})
            on.shelf.metas["Year"].put(row, 1987 + apart * place)
            if are_twins:
                on.expect("identity.twin", row, f"{' and '.join(map(repr, names))}, both of 1987.")


PLANTS = (
    shared_external_id,
    shared_entry_id,
    twins,
)
