"""The kinds of a column: how its values travel, and what Arrow and pandas hold them as."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from kott_notebooks import schema
from kott_notebooks.api.decode import MAPS

STR = pd.StringDtype(na_value=np.nan)
MAX_TIME = 253_402_300_799  # epoch seconds of the end of 9999, the last that pandas shows
UTC = pd.DatetimeTZDtype("us", "UTC")
TEXT = pa.large_string()  # what pandas holds a `str` column as

ASSETS = ("KalturaMediaAsset", "KalturaLiveAsset", "KalturaProgramAsset", "KalturaRecordingAsset")
PEOPLE = (
    "KalturaHousehold", "KalturaHouseholdUser", "KalturaHouseholdDevice", "KalturaOTTUser",
)  # fmt: skip


class Kind(NamedTuple):
    """One kind of column."""

    wire: Any  # what a value is decoded as
    cells: Any  # and a column of values
    arrow: pa.DataType
    dtype: Any  # of pandas
    properties: tuple[str, ...] = ()  # the schema's types of this kind
    values: tuple[str, ...] = ()  # the classes of a meta's value object of this kind
    widens: str = ""  # the kind that holds all its values as well
    bounds: tuple[int, int] | None = None  # of the numbers that a column can hold


KINDS = {
    "int": Kind(
        int, list[int | None], pa.int64(), pd.Int64Dtype(),
        ("int",), ("KalturaIntegerValue",), "float", (-(2**63), 2**63 - 1),
    ),
    "time": Kind(  # metas of dates travel as epoch seconds in a long; pandas shows years 1 to 9999
        int, list[int | None], pa.int64(), UTC,
        ("time",), ("KalturaLongValue",), "", (-62_135_596_800, MAX_TIME),
    ),
    "float": Kind(
        int | float, list[int | float | None], pa.float64(), pd.Float64Dtype(),
        ("float",), ("KalturaDoubleValue",),
    ),
    "bool": Kind(
        bool, list[bool | None], pa.bool_(), pd.BooleanDtype(),
        ("bool",), ("KalturaBooleanValue",),
    ),
    "text": Kind(
        str, list[str | None], TEXT, STR,
        ("string", "enum", "file"), ("KalturaStringValue", "KalturaMultilingualStringValue"),
    ),
    "json": Kind(object, list[Any], TEXT, STR, ("object", "array", "map")),
}  # fmt: skip

OF_PROPERTY = {type_: kind for kind, one in KINDS.items() for type_ in one.properties}
OF_VALUE = {cls: kind for kind, one in KINDS.items() for cls in one.values}


@cache
def of_class(cls: str) -> dict[str, str]:
    """Return the kind of each column of a class except `metas` and `tags`, if it is known."""
    own = schema.properties(cls).items()
    kinds = {name: OF_PROPERTY[type_.partition(":")[0]] for name, type_ in own if name not in MAPS}
    return {"objectType": "text", **kinds}


def class_of(columns: Iterable[object]) -> str:
    """Return the class of a table's rows: the one that has most of its columns."""
    names = set(map(str, columns))
    return max((*ASSETS, *PEOPLE), key=lambda cls: len(names & of_class(cls).keys()))


def common(kinds: Iterable[str]) -> str:
    """Return the kind that holds the values of all these kinds, or an empty text."""
    held = set(kinds)
    if len(held) > 1:
        held = {KINDS[one].widens or one if one in KINDS else one for one in held}
    return held.pop() if len(held) == 1 else ""
