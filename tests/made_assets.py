"""Assets with which nothing is wrong, as records of the API; for the tests of the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

MEDIA, LIVE = "KalturaMediaAsset", "KalturaLiveAsset"
NOW = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
DAY = 86_400
YEAR = round(365.25 * DAY)
START, END = NOW - 100 * DAY, NOW + 100 * DAY
MOVIE, SERIES, EPISODE, LINEAR = 425, 426, 427, 428
NAMES = {MOVIE: "Movie", SERIES: "Series", EPISODE: "Episode", LINEAR: "Linear"}


def number(value: float) -> dict[str, Any]:
    return {"objectType": "KalturaDoubleValue", "value": value}


def word(value: str) -> dict[str, Any]:
    return {"objectType": "KalturaStringValue", "value": value}


def tag(*values: str) -> dict[str, Any]:
    return {"objects": [{"value": value} for value in values]}


def image(ratio: str, width: int | None = 1_000, default: bool = False) -> dict[str, Any]:
    return {"ratio": ratio, "width": width, "isDefault": default}


def file(type: str, **changes: Any) -> dict[str, Any]:
    usual = {"type": type, "status": True, "startDate": START, "endDate": END, "duration": 5_000}
    return usual | changes


IMAGES = [image("16:9"), image("2:3")]
FILES = [file("HLS_Main"), file("DASH_Main"), file("Trailer", duration=90)]


def asset(type: Any = MOVIE, **changes: Any) -> dict[str, Any]:
    """Make an asset with which nothing is wrong, but for the changes; metas and tags add up."""
    metas = {"Year": number(2001)}
    if type == EPISODE:
        metas |= {"Series ID": word("S"), "Season number": number(1), "Episode number": number(1)}
    record = {
        "objectType": MEDIA,
        "type": type,
        "typeDescription": NAMES.get(type),
        "name": "The Quiet Harbour",
        "description": "Nobody leaves, and nobody says why.",
        "startDate": START,
        "endDate": END,
        "status": True,
        "images": IMAGES,
        "mediaFiles": FILES,
        **changes,
    }
    record["metas"] = metas | changes.get("metas", {})
    record["tags"] = {"Genre": tag("Drama"), "Parental rating": tag("12")} | changes.get("tags", {})
    return record
