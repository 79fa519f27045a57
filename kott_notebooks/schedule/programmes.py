"""What is wrong with single programmes: their lengths, texts and flags, and what made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts as check
from kott_notebooks.schedule.genres import genre_of
from kott_notebooks.schedule.spans import MINUTE, TIMED, Columns, named
from kott_notebooks.tables.columns import NAT, micros, need

Mask: TypeAlias = npt.NDArray[np.bool_]

FLAGS = ("enableCatchUp", "enableStartOver", "enableCdvr")
_SHOWN = ["id", "linearAssetId", "startDate", "endDate"]


def durations(
    epg: pd.DataFrame,
    *,
    shortest: float = 1,
    longest: float = 480,
    genres: Mapping[str, tuple[float, float]] | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find programmes of no length, of less than none, and absurdly short or long ones.

    One row a programme: id, linearAssetId, startDate, endDate, minutes (Float64), fault: `zero`,
    `negative`, `short` (under `shortest` minutes) or `long` (over `longest`). `genres` sets the
    shortest and longest of some genres apart: {"News": (1, 120)}; a programme is of the first
    genre in `tags.Genre`.
    """
    epg = named(epg, columns, *TIMED, *(["tags.Genre"] if genres else []))
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    known = (start != NAT) & (end != NAT)
    lasts = np.where(known, end - start, 0) / MINUTE
    least, most = np.full(len(epg), float(shortest)), np.full(len(epg), float(longest))
    for genre, limits in (genres or {}).items():
        least[genre_of(epg) == genre], most[genre_of(epg) == genre] = limits
    fault = np.select(
        [~known, lasts == 0, lasts < 0, lasts < least, lasts > most],
        ["", "zero", "negative", "short", "long"],
        "",
    )
    minutes = pd.array(lasts, dtype="Float64")
    found = epg[_SHOWN].assign(minutes=minutes, fault=pd.array(fault, dtype="str"))
    return _left(found, fault != "")


def _left(programmes: pd.DataFrame, found: Mask) -> pd.DataFrame:
    return programmes.loc[found].reset_index(drop=True)


def texts(
    epg: pd.DataFrame,
    *,
    placeholders: Iterable[str] = (),
    longest_name: int = 100,
    longest_description: int = 2_000,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find names and descriptions that are missing, stand-ins, decoded wrongly, long, or the same.

    One row a programme, field and fault: id, linearAssetId, startDate, endDate, name, field
    (`name` or `description`), fault: `missing`, `placeholder`, `mojibake`, `too_long`, or
    `is_name` (a description that repeats the name, case and blanks aside). What a stand-in is,
    `kott_notebooks.audits.texts.placeholder` says. A table without descriptions is judged by its
    names.
    """
    epg = named(epg, columns, *TIMED, "name")
    words = check.word_lists(stand_ins=placeholders)
    others = {"name": epg.get("description"), "description": epg["name"]}
    faults: list[tuple[str, str, Mask]] = []
    for field, longest in (("name", longest_name), ("description", longest_description)):
        if field in epg.columns:
            text = epg[field]
            faults += [
                (field, "missing", check.blank(text)),
                (field, "placeholder", check.placeholder(text, others.get(field), words=words)),
                (field, "mojibake", check.mojibake(text)),
                (field, "too_long", check.too_long(text, longest)),
            ]
    if "description" in epg.columns:
        faults.append(("description", "is_name", check.same(epg["name"], epg["description"])))
    parts = [
        epg.loc[mask, [*_SHOWN, "name"]].assign(field=field, fault=fault)
        for field, fault, mask in faults
    ]
    return pd.concat(parts, ignore_index=True).astype({"field": "str", "fault": "str"})


def fillers(
    epg: pd.DataFrame,
    *,
    placeholders: Iterable[str] = (),
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find programmes that were made up to fill a hole, and tell them from real ones.

    One row a programme: id, linearAssetId, startDate, endDate, name, minutes (Float64), why:
    `made up` (it has neither an externalId nor a crid, while others of its channel have: so
    does `auto_fill`)
    or `placeholder` (its name is a stand-in, and the channel has real programmes before it and
    after it).
    """
    epg = named(epg, columns, *TIMED, "name")
    made = _made_up(epg)
    words = check.word_lists(stand_ins=placeholders)
    stand_in = check.placeholder(epg["name"], epg.get("description"), words=words)
    real = ~made & ~stand_in & ~check.blank(epg["name"])
    found = made | (stand_in & _between(epg, real))
    lasts = (micros(epg, "endDate") - micros(epg, "startDate")) / MINUTE
    shown = epg[[*_SHOWN, "name"]].assign(
        minutes=pd.array(lasts, dtype="Float64"),
        why=pd.array(np.where(made, "made up", "placeholder"), dtype="str"),
    )
    return _left(shown, found)


def _made_up(epg: pd.DataFrame) -> Mask:
    """Find programmes without an identity, on a channel on which others have one."""
    if not {"externalId", "crid"} <= set(epg.columns):
        return np.zeros(len(epg), dtype=bool)
    known = pd.Series(~(check.blank(epg["externalId"]) & check.blank(epg["crid"])))
    others = known.groupby(pd.factorize(epg["linearAssetId"])[0]).transform("any")
    made: Mask = ~known.to_numpy(dtype=bool) & others.to_numpy(dtype=bool)
    return made


def _between(epg: pd.DataFrame, real: Mask) -> Mask:
    """Find programmes that start after a real one of their channel and before another."""
    starts = pd.Series(micros(epg, "startDate")).where(real)
    own = starts.groupby(pd.factorize(epg["linearAssetId"])[0])
    start = pd.Series(micros(epg, "startDate"))
    inside: Mask = ((start > own.transform("min")) & (start < own.transform("max"))).to_numpy()
    return inside


def restart(
    epg: pd.DataFrame, channels: pd.DataFrame, *, columns: Columns | None = None
) -> pd.DataFrame:
    """Find programmes that allow catch-up, start-over or recording while their channel does not.

    One row a programme: id, linearAssetId, startDate, endDate, name, flags (the names of those
    flags, by commas). `channels` is the table of `kott.channels`; where a flag of it, or of the
    programme, is absent, nobody can say.
    """
    epg = named(epg, columns, *TIMED)
    need(channels, "id")
    own = channels.drop_duplicates("id").set_index("id")
    flags = [flag for flag in FLAGS if flag in epg.columns and flag in channels.columns]
    told = np.full(len(epg), "", dtype=object)
    for flag in flags:
        forbidden = _is(epg["linearAssetId"].map(own[flag]), False) & _is(epg[flag], True)
        told[forbidden] += np.where(told[forbidden] == "", "", ", ") + flag
    shown = epg[_SHOWN].assign(
        name=epg["name"] if "name" in epg.columns else None,
        flags=pd.array(told, dtype="str"),
    )
    return _left(shown, told != "")


def _is(flags: pd.Series[Any], value: bool) -> Mask:
    return (flags.astype("boolean") == value).to_numpy(dtype=bool, na_value=False)
