"""How the guide and the catalogue were delivered: ingests, their results, and refusals.

Some of the guide's gaps were caused by a refusal in the last delivery: the programme stands in its
results with an error. Refusals of an older delivery cause no gap, as the programmes were delivered
again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from kott_notebooks.demo.plants.guide import utc_text
from kott_notebooks.demo.plants.ledger import Defect
from kott_notebooks.demo.world.dice import Dice, Ints
from kott_notebooks.demo.world.media import DAY
from kott_notebooks.demo.world.shelf import Record, Shelf
from kott_notebooks.demo.world.words import LANGUAGES

GUIDE, LATE_FEED = 1, 2  # ingest profiles
FIRST, FIRST_LATE, FIRST_UPLOAD, FIRST_LATER = 4_001, 4_011, 4_101, 4_200
_COUNT = 7  # daily deliveries of a profile that are listed
_LAST = FIRST + _COUNT - 1
_SINCE_LAST = 18 * 3_600  # seconds
_USUAL, _SLOW = 600, 4_000  # seconds that an ingest takes
_UPLOADS, _PER_UPLOAD = 5, 6
ERRORS = (
    ("11003", "EPGSProgramDatesError", "The programme's end is not later than its start"),
    ("11004", "EPGLanguageNotFound", "The programme has a language that the partner does not have"),
    ("500049", "DuplicateAsset", "The file holds two programmes with this external id"),
)
_OVERLAP = (11_005, "The programme overlapped the one before; its start was moved")


@dataclass(frozen=True)
class Delivered:
    """The programmes as they were delivered, before defects were planted in the guide."""

    ids: Ints
    start: Ints
    end: Ints
    linear: Ints  # the linear asset's id
    external: list[str]

    @classmethod
    def of(cls, epg: Shelf) -> Delivered:
        """Copy the columns of the guide that are needed."""
        start, end, linear = (
            epg.numbers[key].copy() for key in ("start_date", "end_date", "linear_media_id")
        )
        return cls(epg.ids.copy(), start, end, linear, list(epg.text("externalid", LANGUAGES[0])))


def ingests(
    dice: Dice,
    now: int,
    media: Shelf,
    epg: Shelf,
    delivered: Delivered,
    defects: list[Defect],
) -> tuple[dict[str, list[Record]], dict[int, list[Record]], list[Defect]]:
    """List records by class, results by ingest, and the defects with what caused them.

    Without defects every ingest succeeded, and the results of the last one are listed.
    """
    ages = [(_COUNT - at) * DAY for at in range(_COUNT - 1)] + [_SINCE_LAST]
    daily = [_ingest(now, FIRST + at, GUIDE, age) for at, age in enumerate(ages)]
    results = _Results(delivered)
    if not defects or not len(delivered.ids):
        results.brought(_LAST, _last_day(delivered))
        uploads = _uploads(dice, now, media, refused=0)
        return *_records(daily, results, uploads), defects
    missing = _runs(epg, delivered)
    refused = [run for run in missing if dice.one("refused", run[0], 3)] or missing[:1]
    for number, run in enumerate(refused):
        results.refused(_LAST, run, number)
    results.brought(_LAST, _around(delivered, refused) or _last_day(delivered))
    without_programmes = np.setdiff1d(delivered.linear, epg.numbers["linear_media_id"])
    for channel in without_programmes.tolist():  # the last delivery of channels without programmes
        results.brought(FIRST + 1, np.flatnonzero(delivered.linear == channel).tolist()[:8])
    present = _unchanged(epg, delivered)
    again = present[dice.order("delivered again", len(present))[:6]].tolist()
    results.refused(FIRST + 4, again[:3], 1)
    results.brought(FIRST + 4, again[3:])
    results.brought(FIRST + 5, again)
    results.brought(FIRST + 2, again[3:], warned=True)
    daily[3]["completedDate"] = daily[3]["createdDate"] + _SLOW
    for at, status in ((2, "WARNING"), (4, "PARTIAL_FAILURE")):
        daily[at]["status"] = status
    daily[-1]["status"] = "PARTIAL_FAILURE" if refused else "SUCCESS"
    late = [
        _ingest(now, FIRST_LATE + at, LATE_FEED, (_COUNT - 1 - at) * DAY + 30 * 3_600)
        for at in range(_COUNT)
    ]
    late[2]["status"] = "TOTAL_FAILURE"
    results.refused(late[2]["ingestId"], present[:4].tolist(), 2)
    causes = [_gap(epg, delivered, run) for run in refused]
    explained = [_explained(one, causes) for one in defects]
    uploads = _uploads(dice, now, media, refused=3)
    return *_records([*daily, *late], results, uploads), explained


def daily_ingest(
    objects: dict[str, list[Record]],
    results: dict[int, list[Record]],
    epg: Shelf,
    now: int,
    day: int,
    renamed: Ints,
) -> None:
    """Add the ingest of one more day, which delivers programmes again; each third fails in part."""
    key = FIRST_LATER + day
    brought = _Results(Delivered.of(epg))
    refused = renamed[:1].tolist() if day % 3 == 0 else []
    brought.refused(key, refused, day)
    brought.brought(key, renamed[len(refused) :].tolist())
    ingest = _ingest(now, key, GUIDE, 0)
    ingest |= {"ingestName": f"guide-later-{day}"}
    ingest["status"] = "PARTIAL_FAILURE" if refused else "SUCCESS"
    rows = brought.ordered(key)
    results[key] = rows
    added = {
        "KalturaIngestEpg": [ingest],
        "KalturaIngestEpgDetails": [_details(ingest, rows, 1)],
        "KalturaIngestEpgProgramResult": rows,
    }
    for cls, records in added.items():
        objects[cls] = objects[cls] + records


def _ingest(now: int, key: int, profile: int, ago: int) -> Record:
    name = "guide" if profile == GUIDE else "late-feed"
    return {
        "objectType": "KalturaIngestEpg",
        "ingestId": key,
        "ingestName": f"{name}-{key - (FIRST if profile == GUIDE else FIRST_LATE) + 1}",
        "ingestFilenameExtension": "xml",
        "createdDate": now - ago,
        "completedDate": now - ago + _USUAL,
        "ingestedByUserId": 900,
        "ingestProfileId": profile,
        "status": "SUCCESS",
    }


class _Results:
    """The results of each ingest, by programme."""

    def __init__(self, delivered: Delivered) -> None:
        self.delivered = delivered
        self.of: dict[int, list[Record]] = {}

    def brought(self, ingest: int, rows: Iterable[int], *, warned: bool = False) -> None:
        """Note programmes that an ingest delivered, each with its warning if it has one."""
        for row in rows:
            result = self._result(row) | {"programId": int(self.delivered.ids[row])}
            if warned:
                code, message = _OVERLAP
                warning = {"objectType": "KalturaMessage", "code": code, "message": message}
                result |= {"status": "WARNING", "warnings": [warning]}
            self.of.setdefault(ingest, []).append(result)

    def refused(self, ingest: int, rows: Iterable[int], kind: int) -> None:
        """Note programmes that an ingest refused, with the error."""
        code, _, message = ERRORS[kind % len(ERRORS)]
        error = {"objectType": "KalturaEpgIngestErrorMessage", "code": code, "message": message}
        for row in rows:
            result = self._result(row) | {"status": "FAILURE", "errors": [error]}
            self.of.setdefault(ingest, []).append(result)

    def _result(self, row: int) -> Record:
        of = self.delivered
        return {
            "objectType": "KalturaIngestEpgProgramResult",
            "externalProgramId": of.external[row],
            "linearChannelId": int(of.linear[row]),
            "startDate": int(of.start[row]),
            "endDate": int(of.end[row]),
            "status": "SUCCESS",
        }

    def ordered(self, ingest: int) -> list[Record]:
        """Return an ingest's results in the order of its file: by channel and time."""
        rows = self.of.get(ingest, [])
        rows = sorted(rows, key=lambda one: (one["linearChannelId"], one["startDate"]))
        return [one | {"indexInFile": at} for at, one in enumerate(rows)]


def _last_day(delivered: Delivered) -> list[int]:
    """Return the programmes of the last day of the first channel."""
    if not len(delivered.ids):
        return []
    first = delivered.linear == delivered.linear[0]
    rows: list[int] = np.flatnonzero(
        first & (delivered.start >= delivered.end[first].max() - DAY)
    ).tolist()
    return rows


def _runs(epg: Shelf, delivered: Delivered) -> list[list[int]]:
    """Find runs of missing programmes of a channel, where nothing else is on."""
    linear = epg.numbers["linear_media_id"]
    missing = ~np.isin(delivered.ids, epg.ids) & np.isin(delivered.linear, linear)
    rows = np.flatnonzero(missing)
    edges = np.flatnonzero((np.diff(rows) > 1) | (np.diff(delivered.linear[rows]) != 0)) + 1
    runs = [part.tolist() for part in np.split(rows, edges) if 0 < len(part) <= 4]
    return [run for run in runs if not _covered(epg, delivered, run)]


def _unchanged(epg: Shelf, delivered: Delivered) -> Ints:
    """Find the programmes that are on as they were delivered."""
    place = np.minimum(np.searchsorted(epg.ids, delivered.ids), epg.count - 1)
    same = epg.ids[place] == delivered.ids
    same &= epg.numbers["linear_media_id"][place] == delivered.linear
    same &= epg.numbers["start_date"][place] == delivered.start
    return np.flatnonzero(same & (epg.numbers["end_date"][place] == delivered.end))


def _covered(epg: Shelf, delivered: Delivered, run: list[int]) -> bool:
    of = epg.numbers
    same = of["linear_media_id"] == delivered.linear[run[0]]
    same &= of["start_date"] < delivered.end[run[-1]]
    return bool((same & (of["end_date"] > delivered.start[run[0]])).any())


def _around(delivered: Delivered, runs: list[list[int]]) -> list[int]:
    """Return the programmes that were delivered beside the refused ones."""
    refused = {row for run in runs for row in run}
    near = {row for run in runs for row in range(run[0] - 3, run[-1] + 4)} - refused
    known = [row for row in sorted(near) if 0 <= row < len(delivered.ids)]
    return known


def _gap(epg: Shelf, delivered: Delivered, run: list[int]) -> tuple[str, str]:
    """Return the channel and the first moment of the gap that a run of refusals left."""
    of, channel = epg.numbers, int(delivered.linear[run[0]])
    first = int(delivered.start[run[0]])
    before = (of["linear_media_id"] == channel) & (of["end_date"] <= first)
    start = int(of["end_date"][before].max()) if before.any() else first
    return str(channel), utc_text(start)


def _explained(defect: Defect, causes: list[tuple[str, str]]) -> Defect:
    for channel, start in causes:
        if defect.rule == "schedule.gap" and defect.id == channel and start in defect.what:
            return replace(defect, what=f"{defect.what} Ingest {_LAST} refused what was to be on.")
    return defect


def _records(
    ingests: list[Record], results: _Results, uploads: dict[str, list[Record]]
) -> tuple[dict[str, list[Record]], dict[int, list[Record]]]:
    usual = max(len(results.delivered.ids) // _COUNT, 1)
    of = {one["ingestId"]: results.ordered(one["ingestId"]) for one in ingests}
    lists = {
        "KalturaIngestEpg": ingests,
        "KalturaIngestEpgDetails": [_details(one, of[one["ingestId"]], usual) for one in ingests],
        "KalturaIngestEpgProgramResult": [one for rows in of.values() for one in rows],
        **uploads,
    }
    return lists, of


def _details(ingest: Record, results: list[Record], usual: int) -> Record:
    """Count an ingest's results; one without results delivered the usual number."""
    by_channel = _grouped(results, lambda one: one["linearChannelId"])
    by_day = _grouped(results, lambda one: one["startDate"] // DAY * DAY)
    whole = _counts(results)
    if not results:
        whole["resultsCount"] = usual
    return ingest | {
        "objectType": "KalturaIngestEpgDetails",
        "errors": [error for one in results for error in one.get("errors", ())][:10],
        "aggregations": {
            "objectType": "KalturaIngestEpgDetailsAggregation",
            "linearChannels": [
                {
                    "objectType": "KalturaChannelAggregatedIngestInfo",
                    "linearChannelId": channel,
                    "aggregatedErrors": _counts(rows),
                }
                for channel, rows in by_channel
            ],
            "dates": [
                {
                    "objectType": "KalturaDateAggregatedIngestInfo",
                    "date": day,
                    "aggregatedErrors": _counts(rows),
                }
                for day, rows in by_day
            ],
            "all": whole,
        },
    }


def _grouped(results: list[Record], key: Callable[[Record], int]) -> list[tuple[int, list[Record]]]:
    groups: dict[int, list[Record]] = {}
    for one in results:
        groups.setdefault(key(one), []).append(one)
    return sorted(groups.items())


def _counts(results: list[Record]) -> Record:
    statuses = Counter(one["status"] for one in results)
    return {
        "objectType": "KalturaAggregatedIngestInfo",
        "resultsCount": len(results),
        "totalFailureCount": statuses["FAILURE"],
        "partialFailureCount": 0,
        "warningsCount": statuses["WARNING"],
    }


def _uploads(dice: Dice, now: int, media: Shelf, *, refused: int) -> dict[str, list[Record]]:
    """Make the last uploads of media, and the result of each asset in their files."""
    newest = np.argsort(-media.numbers["create_date"], kind="stable")
    names = media.text("name", LANGUAGES[0])
    rows = newest[: _UPLOADS * _PER_UPLOAD].tolist()
    uploads, results = [], []
    for at in range(_UPLOADS):
        moment = now - (_UPLOADS - at) * DAY
        file = f"vod-{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}.xml"
        failed = refused if at == _UPLOADS - 1 else 0
        of = rows[at * _PER_UPLOAD : (at + 1) * _PER_UPLOAD]
        uploads.append(
            {
                "objectType": "KalturaBulkUpload",
                "id": FIRST_UPLOAD + at,
                "fileName": file,
                "status": "Partial" if failed else "Success",
                "action": "Upsert",
                "numOfObjects": len(of),
                "createDate": moment,
                "updateDate": moment + _USUAL,
                "uploadedByUserId": 900,
            }
        )
        for place, row in enumerate(of):
            results.append(_asset_result(names[row] or "-", file, moment, place < failed))
    return {"KalturaBulkUpload": uploads, "KalturaVodIngestAssetResult": results}


def _asset_result(name: str, file: str, moment: int, failed: bool) -> Record:
    error = {
        "objectType": "KalturaVodIngestAssetResultErrorMessage",
        "code": "500050",
        "message": "The asset has this file already",
    }
    return {
        "objectType": "KalturaVodIngestAssetResult",
        "assetName": name,
        "fileName": file,
        "ingestDate": moment,
        "status": "FAILURE" if failed else "SUCCESS",
        "vodTypeSystemName": "Movie",
        **({"errors": [error]} if failed else {}),
        "fileUploadDate": moment - 60,
        "processingStartDate": moment,
        "processingCompletionDate": moment + 30,
    }
