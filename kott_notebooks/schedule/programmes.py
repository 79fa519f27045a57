"""What is wrong with single programmes: their lengths, texts, flags and ratings; fillers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kott_notebooks.audits import texts as check
from kott_notebooks.schedule.genres import genre_of, values
from kott_notebooks.schedule.impact import minutes_between
from kott_notebooks.schedule.spans import (
    DAY,
    MINUTE,
    TIMED,
    Channels,
    Columns,
    Mask,
    Zone,
    keys,
    named,
    with_channel_names,
    zones_of,
)
from kott_notebooks.tables.columns import NAT, micros, need

FLAGS = ("enableCatchUp", "enableStartOver", "enableCdvr")
RUNTIME = "metas.Runtime"
RATING = "tags.Parental rating"
_SHOWN = ["id", "linearAssetId", "startDate", "endDate"]


def durations(
    epg: pd.DataFrame,
    *,
    min_minutes: float = 1,
    max_minutes: float = 480,
    genres: Mapping[str, tuple[float, float]] | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find programmes of zero or negative length, and absurdly short or long ones.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    min_minutes, max_minutes : float, default 1 and 480
        The shortest and the longest length that is not absurd, in minutes.
    genres : mapping, optional
        The shortest and longest of some genres: `{"News": (1, 120)}`. A programme is of the first
        genre in `tags.Genre`.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme: id, linearAssetId, channelName (`str`, where the guide has it),
        startDate, endDate, minutes (`Float64`), fault (`str`): `zero`, `negative`, `short` or
        `long`.

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    runtimes, audit

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "id": [1, 2], "linearAssetId": [7, 7],
    ...     "startDate": ["2026-03-01T20:00", "2026-03-01T20:30"],
    ...     "endDate": ["2026-03-01T20:00", "2026-03-02T20:00"],
    ... })
    >>> schedule.durations(epg)[["id", "fault"]].values.tolist()
    [[1, 'zero'], [2, 'long']]
    """
    epg = named(epg, columns, *TIMED, *(["tags.Genre"] if genres else []))
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    known = (start != NAT) & (end != NAT)
    minutes = np.where(known, end - start, 0) / MINUTE
    least, most = np.full(len(epg), float(min_minutes)), np.full(len(epg), float(max_minutes))
    own = genre_of(epg) if genres else np.zeros(0, object)
    for genre, limits in (genres or {}).items():
        least[own == genre], most[own == genre] = limits
    fault = np.select(
        [~known, minutes == 0, minutes < 0, minutes < least, minutes > most],
        ["", "zero", "negative", "short", "long"],
        "",
    )
    table = epg[_SHOWN].assign(
        minutes=pd.array(minutes, dtype="Float64"), fault=pd.array(fault, dtype="str")
    )
    return with_channel_names(_only(table, fault != ""), epg)


def _only(programmes: pd.DataFrame, mask: Mask) -> pd.DataFrame:
    return programmes.loc[mask].reset_index(drop=True)


def texts(
    epg: pd.DataFrame,
    *,
    words: check.Words | None = None,
    name_characters: int = 100,
    description_characters: int = 2_000,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find names and descriptions that are missing, stand-ins, damaged, too long, or the same.

    A table without descriptions is judged by its names alone. `kott_notebooks.audits.texts` defines
    each fault.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    words : Words, optional
        The lists of stand-ins; `kott_notebooks.audits.texts.word_lists` makes them.
    name_characters, description_characters : int, default 100 and 2000
        The longest allowed, in characters.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme, field and fault: id, linearAssetId, channelName (where the guide has
        it), startDate, endDate, name, field (`name` or `description`), fault (all `str`):
        `missing`, `placeholder`, `mojibake`, `markup`, `residue`, `too_long`, or `is_name` (a
        description that repeats the name).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    fillers, completeness

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "id": [1], "linearAssetId": [7], "name": ["TBA"], "description": ["A <b>big</b> film."],
    ...     "startDate": ["2026-03-01T20:00"], "endDate": ["2026-03-01T21:00"],
    ... })
    >>> schedule.texts(epg)[["field", "fault"]].values.tolist()
    [['name', 'placeholder'], ['description', 'markup']]
    """
    epg = named(epg, columns, *TIMED, "name")
    name, description = epg["name"], epg.get("description")
    faults: list[tuple[str, str, Mask]] = []
    for field, longest in (("name", name_characters), ("description", description_characters)):
        if field not in epg.columns:
            continue
        text = epg[field]
        other = description if field == "name" else name
        faults += [
            (field, "missing", check.blank(text)),
            (field, "placeholder", check.placeholder(text, other, words=words)),
        ]
        codes, known = pd.factorize(text)  # texts repeat: a million programmes share some
        of = pd.Series(known, dtype="str")
        faults += [
            (field, fault, np.append(mask, False)[codes])
            for fault, mask in (
                ("mojibake", check.mojibake(of)),
                ("markup", check.markup(of)),
                ("residue", check.residue(of)),
                ("too_long", check.too_long(of, longest)),
            )
        ]
    if description is not None:
        faults.append(("description", "is_name", check.same(name, description, full_stop=True)))
    shown = epg[[*_SHOWN, "name"]]
    parts = [shown.iloc[:0].assign(field="", fault="")] + [
        shown[mask].assign(field=field, fault=fault) for field, fault, mask in faults if mask.any()
    ]
    table = pd.concat(parts, ignore_index=True).astype({"field": "str", "fault": "str"})
    return with_channel_names(table, epg)


def fillers(
    epg: pd.DataFrame, *, words: check.Words | None = None, columns: Columns | None = None
) -> pd.DataFrame:
    """Find programmes that were made up to fill a gap, and names that say that nothing is on.

    Parameters
    ----------
    epg : DataFrame
        Programmes. The server's own (`auto_fill='true'`) are known by `externalId` and `crid`.
    words : Words, optional
        The list `off_air`; `kott_notebooks.audits.texts.word_lists` makes it.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme: id, linearAssetId, channelName (`str`, where the guide has it),
        startDate, endDate, name, minutes (`Float64`), why (`str`): `made up` (it has neither an
        externalId nor a crid, while others of its channel have) or `off air` (its name says so).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    texts, gaps

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=8, days=3, households=0)
    >>> epg = kott.epg(session, "today-1d", "today+2d", ksql="auto_fill='true'")
    >>> "made up" in set(schedule.fillers(epg)["why"])
    True
    """
    epg = named(epg, columns, *TIMED, "name")
    made_up = _made_up(epg)
    minutes = (micros(epg, "endDate") - micros(epg, "startDate")) / MINUTE
    table = epg[[*_SHOWN, "name"]].assign(
        minutes=pd.array(minutes, dtype="Float64"),
        why=pd.array(np.where(made_up, "made up", "off air"), dtype="str"),
    )
    fillers = _only(table, made_up | check.off_air(epg["name"], words=words))
    return with_channel_names(fillers, epg)


def _made_up(epg: pd.DataFrame) -> Mask:
    """Find programmes without an identity, on a channel on which others have one."""
    if not {"externalId", "crid"} <= set(epg.columns):
        return np.zeros(len(epg), dtype=bool)
    known = pd.Series(~(check.blank(epg["externalId"]) & check.blank(epg["crid"])))
    others = known.groupby(pd.factorize(epg["linearAssetId"])[0]).transform("any")
    made: Mask = ~known.to_numpy(dtype=bool) & others.to_numpy(dtype=bool)
    return made


def restart(
    epg: pd.DataFrame, channels: pd.DataFrame, *, columns: Columns | None = None
) -> pd.DataFrame:
    """Find programmes that allow catch-up, start-over or recording while their channel does not.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : DataFrame of `kott.channels`
        The channels and their flags. A flag that is absent on either side is not judged.
    columns : mapping, optional
        What the table of programmes calls our columns.

    Returns
    -------
    DataFrame
        One row per programme: id, linearAssetId, startDate, endDate, name, flags (`str`: the names
        of those flags, by commas).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    audit, kott.channels

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo, schedule
    >>> session = demo.login(assets=200, channels=4, days=3, households=0, defects=False)
    >>> epg = kott.epg(session, "today-1d", "today+2d")
    >>> len(schedule.restart(epg, kott.channels(session)))
    0
    """
    epg = named(epg, columns, *TIMED, channels=channels)
    known = need(channels, "id").assign(key=keys(channels["id"])).drop_duplicates("key")
    known = known.set_index("key")
    own = keys(epg["linearAssetId"])
    flags = np.full(len(epg), "", dtype=object)
    for flag in FLAGS:
        if flag in epg.columns and flag in known.columns:
            forbidden = _is(own.map(known[flag]), False) & _is(epg[flag], True)
            flags[forbidden] += np.where(flags[forbidden] == "", "", ", ") + flag
    table = epg[_SHOWN].assign(
        name=epg["name"] if "name" in epg.columns else None,
        flags=pd.array(flags, dtype="str"),
    )
    return with_channel_names(_only(table, flags != ""), epg, channels)


def _is(flags: pd.Series[Any], value: bool) -> Mask:
    return (flags.astype("boolean") == value).to_numpy(dtype=bool, na_value=False)


def runtimes(
    epg: pd.DataFrame,
    *,
    max_percent: float = 20,
    max_minutes: float = 10,
    runtime: str = RUNTIME,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find programmes whose slot differs from their stated runtime.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    max_percent, max_minutes : float, default 20 and 10
        How much they may differ; a slot that differs by more than both is listed.
    runtime : str, default "metas.Runtime"
        The column of runtimes, in minutes. What is not a number above 0 is not judged.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme: id, linearAssetId, startDate, endDate, name, minutes (of the slot),
        runtime (minutes; both `Float64`).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    durations, audit

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "id": [1], "linearAssetId": [7], "name": ["Film"], "metas.Runtime": ["118"],
    ...     "startDate": ["2026-03-01T20:00"], "endDate": ["2026-03-01T21:00"],
    ... })
    >>> schedule.runtimes(epg)[["minutes", "runtime"]].values.tolist()
    [[60.0, 118.0]]
    """
    epg = named(epg, columns, *TIMED, "name", runtime)
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    stated = numbers_in(epg[runtime])
    known = (start != NAT) & (end > start) & (stated > 0)
    slot = np.where(known, end - start, 0) / MINUTE
    apart = np.abs(slot - np.where(known, stated, 0))
    table = epg[[*_SHOWN, "name"]].assign(
        minutes=pd.array(slot, dtype="Float64"), runtime=pd.array(stated, dtype="Float64")
    )
    off = known & (apart > max_minutes) & (apart > np.where(known, stated, 0) * max_percent / 100)
    return with_channel_names(_only(table, off), epg)


def numbers_in(cells: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Return what cells of any dtype hold as numbers, NaN where they hold something else."""
    codes, known = pd.factorize(cells)
    read = pd.to_numeric(pd.Series(known, dtype="object").astype("str"), errors="coerce")
    return np.append(read.to_numpy(float, na_value=np.nan), np.nan)[codes]


def watershed(
    epg: pd.DataFrame,
    channels: Channels | None = None,
    *,
    min_age: int = 16,
    daytime_hours: tuple[float, float] = (6, 21),
    rating: str = RATING,
    tz: Zone | None = None,
    columns: Columns | None = None,
) -> pd.DataFrame:
    """Find programmes for adults that are on air in the daytime.

    Parameters
    ----------
    epg : DataFrame
        Programmes.
    channels : DataFrame of `kott.channels`, optional
        Its column `tz`, if it has one, says in which zone a channel is.
    min_age : int, default 16
        The lowest rating that is for the evening.
    daytime_hours : tuple of two hours, default (6, 21)
        The daytime in which it may not be on, as the clocks of `tz` show it.
    rating : str, default "tags.Parental rating"
        The column of ratings. The highest number in it counts ("FSK 16", "18+"); a rating without
        a number is not judged.
    tz : str, tzinfo or mapping, default: the zone of the pull, else KOTT_TZ, else UTC
        The zone of the hours, or of each channel.
    columns : mapping, optional
        What the table calls our columns.

    Returns
    -------
    DataFrame
        One row per programme: id, linearAssetId, startDate, endDate, name, age (`Int64`), minutes
        (in the daytime, `Float64`).

    Raises
    ------
    KottError
        A column is missing, or holds no times.

    See Also
    --------
    audit, lineup_mix

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks import schedule
    >>> epg = pd.DataFrame({
    ...     "id": [1], "linearAssetId": [7], "name": ["Film"], "tags.Parental rating": ["FSK 18"],
    ...     "startDate": ["2026-03-01T20:00"], "endDate": ["2026-03-01T22:00"],
    ... })
    >>> schedule.watershed(epg, tz="UTC")[["age", "minutes"]].values.tolist()
    [[18, 60.0]]
    """
    epg = named(epg, columns, *TIMED, "name", rating, channels=channels)
    codes, cells = pd.factorize(epg[rating])
    ages = np.append([_age(cell) for cell in cells], 0)[codes].astype(int)
    code, labels = pd.factorize(epg["linearAssetId"])
    start, end = micros(epg, "startDate"), micros(epg, "endDate")
    adult = np.flatnonzero((ages >= min_age) & (code >= 0) & (start != NAT) & (end > start))
    zones = zones_of(epg, labels, tz, channels)
    in_daytime = np.zeros(len(epg))
    until = np.minimum(end, start + 7 * DAY)[adult]  # the year 2999 has too many days to count
    in_daytime[adult] = minutes_between(
        start[adult], until, daytime_hours, [zones[one] for one in code[adult]]
    )
    table = epg[[*_SHOWN, "name"]].assign(
        age=pd.array(ages, dtype="Int64"), minutes=pd.array(in_daytime, dtype="Float64")
    )
    return with_channel_names(_only(table, in_daytime > 0), epg, channels)


def _age(cell: Any) -> int:
    """Return the highest number of up to two digits in a rating, 0 where there is none."""
    words = " ".join(values(cell))
    numbers = "".join(one if one.isascii() and one.isdigit() else " " for one in words).split()
    return max((int(number) for number in numbers if len(number) < 3), default=0)
