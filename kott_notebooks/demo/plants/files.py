"""Defects of an asset's files."""

from __future__ import annotations

from kott_notebooks.demo.plants.assets import HOUR, Assets
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.partner import DASH, EPISODE, FILE_TYPES, HLS, MOBILE, MOVIE, TRAILER


def no_file(on: Assets) -> None:
    """Remove all files."""
    for struct, files in ((MOVIE, []), (EPISODE, []), (MOVIE, None)):
        row = on.victim(struct)
        on.patch(row, mediaFiles=files)
        on.expect("file.none", row, "It has no file at all.")
        on.expect("file.missing_type", row, "It has no main file: it has none at all.")
        if struct == MOVIE:
            on.expect("file.no_trailer", row, "It has no trailer: it has no file at all.")


def inactive_file(on: Assets) -> None:
    """Make all files inactive; one active file is right."""
    for struct in (MOVIE, EPISODE, MOVIE):
        row = on.victim(struct)
        on.patch(row, mediaFiles=[one | {"status": False} for one in on.files(row)])
        on.expect("file.inactive", row, "None of its files is active.")
    row = on.victim(MOVIE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first, *(one | {"status": False} for one in rest)])


def expired_file(on: Assets) -> None:
    """Let all active files end before now; one active file that goes on is right."""
    over = {"endDate": on.now - HOUR}
    for struct in (MOVIE, EPISODE):
        row = on.victim(struct)
        on.patch(row, mediaFiles=[one | over for one in on.files(row)])
        on.expect("file.expired", row, "All its files ended an hour ago, and it goes on.")
    row = on.victim(MOVIE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first | {"status": False}, *(one | over for one in rest)])
    on.expect("file.expired", row, "All its active files ended an hour ago, and it goes on.")
    row = on.victim(EPISODE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first | {"endDate": on.now + HOUR}, *(one | over for one in rest)])


def file_outside(on: Assets) -> None:
    """Let files reach a minute beyond the asset's window, or start after it."""
    row = on.victim(MOVIE)
    first, *rest = on.files(row)
    on.patch(row, mediaFiles=[first | {"startDate": first["startDate"] - 60}, *rest])
    on.expect("file.outside_window", row, f"{first['type']} starts a minute before the asset.")
    row = on.victim(EPISODE)
    files = [one | {"endDate": one["endDate"] + 60} for one in on.files(row)]
    on.patch(row, mediaFiles=files)
    for one in files:
        on.expect("file.outside_window", row, f"{one['type']} ends a minute after the asset.")
    row = on.victim(MOVIE)
    *rest, last = on.files(row)
    end = last["endDate"]
    on.patch(row, mediaFiles=[*rest, last | {"startDate": end + DAY, "endDate": end + 2 * DAY}])
    on.expect("file.outside_window", row, f"{last['type']} starts a day after the asset has ended.")
    row = on.victim(MOVIE)
    inside = [one | {"startDate": one["startDate"] + 60} for one in on.files(row)]
    on.patch(row, mediaFiles=[one | {"endDate": one["endDate"] - 60} for one in inside])


def missing_type(on: Assets) -> None:
    """Leave no main file; one of HLS and DASH is right."""
    for struct, kind in ((MOVIE, TRAILER), (EPISODE, MOBILE), (MOVIE, TRAILER)):
        row = on.victim(struct)
        own = {"typeId": kind, "type": FILE_TYPES[kind]}
        files = [one for one in on.files(row) if one["typeId"] == kind] or [on.files(row)[0] | own]
        on.patch(row, mediaFiles=files[:1])
        on.expect("file.missing_type", row, f"Its only file is {files[0]['type']}.")
    for struct, kind in ((EPISODE, DASH), (MOVIE, HLS)):
        row = on.victim(struct)
        kept = (kind, TRAILER)
        on.patch(row, mediaFiles=[one for one in on.files(row) if one["typeId"] in kept])


def mismatched_durations(on: Assets) -> None:
    """Let two main files differ from their median by 2.02 %, another two by 1.98 %."""
    for struct, off in ((MOVIE, 101), (EPISODE, 101), (MOVIE, 4_000), (EPISODE, 99), (MOVIE, 99)):
        row = on.victim(struct)
        main = {HLS: {"duration": 5_000 + off}, DASH: {"duration": 5_000 - off}}
        on.patch(row, mediaFiles=[one | main.get(one["typeId"], {}) for one in on.files(row)])
        if off > 100:
            on.expect("file.duration_mismatch", row, f"Its main files differ by {2 * off} seconds.")


def no_trailer(on: Assets) -> None:
    """Remove the trailer of a movie; an episode needs none."""
    for _ in range(3):
        row = on.victim(MOVIE)
        on.patch(row, mediaFiles=[one for one in on.files(row) if one["typeId"] != TRAILER])
        on.expect("file.no_trailer", row, "It has no trailer.")


PLANTS = (
    no_file,
    inactive_file,
    expired_file,
    file_outside,
    missing_type,
    mismatched_durations,
    no_trailer,
)
