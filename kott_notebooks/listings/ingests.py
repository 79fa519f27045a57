"""Ingests of the guide, uploads of media, and how often assets are viewed, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.api.envelopes import decoded_object
from kott_notebooks.errors import ApiError, IncompleteError, KottError, TransportError
from kott_notebooks.listings.assets import window
from kott_notebooks.listings.filters import ids_of
from kott_notebooks.listings.gathering import Ids
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import with_facts
from kott_notebooks.times import When, filter_epoch, present

IngestKind: TypeAlias = Literal["epg", "vod"]
AssetKind: TypeAlias = Literal["media", "epg"]
_KINDS = ("epg", "vod")
_PACK = 25  # calls in one multirequest
_IDS = 100  # assets in one query
_PAGE = 500  # requested; servers may return fewer

_TIME = "datetime64[us, UTC]"
INGESTS = {
    "kind": "str",
    "ingestId": "Int64",
    "ingestName": "str",
    "ingestProfileId": "Int64",
    "ingestedByUserId": "Int64",
    "createdDate": _TIME,
    "completedDate": _TIME,
    "status": "str",
    "records": "Int64",
    "succeeded": "Int64",
    "failed": "Int64",
    "warned": "Int64",
}
RESULTS = {
    "kind": "str",
    "ingestId": "Int64",
    "ingestName": "str",
    "createdDate": _TIME,
    "indexInFile": "Int64",
    "programId": "Int64",
    "externalProgramId": "str",
    "name": "str",
    "linearChannelId": "Int64",
    "startDate": _TIME,
    "endDate": _TIME,
    "status": "str",
    "code": "str",
    "message": "str",
}
VIEWS = {
    "assetId": "Int64",
    "views": "Int64",
    "likes": "Int64",
    "ratingCount": "Int64",
    "rating": "Float64",
}


def ingests(
    session: Session,
    start: When = "today-7d",
    *,
    kind: IngestKind = "epg",
    tz: str | tzinfo | None = None,
) -> pd.DataFrame:
    """List the ingests of the guide, or the uploads of media, since a time.

    Parameters
    ----------
    session : Session
        A session of an operator.
    start : str, date, datetime or Timestamp, default "today-7d"
        The earliest creation time.
    kind : {"epg", "vod"}, default "epg"
        Ingests of programmes, or bulk uploads of media.
    tz : str or tzinfo, optional
        Zone of `start` where it has none; default KOTT_TZ, else UTC.

    Returns
    -------
    pandas.DataFrame
        One row per ingest, the oldest first: `kind`, `ingestId`, `ingestName` (of media the file),
        `ingestProfileId` (absent for media), `ingestedByUserId`, `createdDate`, `completedDate`
        `datetime64[us, UTC]`, `status`, and `Int64` counts of the records in it: `records`,
        `succeeded`, `failed`, `warned` (those with a warning are among `succeeded`). The last three
        are absent for uploads that share a file name, by which the API names their results.

    Raises
    ------
    IncompleteError
        The list or one of its counts could not be read.

    See Also
    --------
    ingest_results, schedule.audit_ingests

    Examples
    --------
    >>> session = demo.login(assets=200, channels=8, households=20)
    >>> kott.ingests(session, "today-3d")[["ingestId", "status", "failed"]].iloc[-1]["status"]
    'PARTIAL_FAILURE'
    """
    if kind not in _KINDS:
        raise KottError(f"kind must be 'epg' or 'vod', not {kind!r}.")
    first = filter_epoch(start, tz=tz)
    rows = _guide_ingests(session, first) if kind == "epg" else _uploads(session, first)
    table = _table([{"kind": kind, **row} for row in rows], INGESTS)
    table = table.sort_values(["createdDate", "ingestId"], ignore_index=True)
    return _with_origin(session, table, "kott.ingests", since=first, kind=kind)


def _guide_ingests(session: Session, since: int) -> Iterator[dict[str, Any]]:
    # the filter's bound is exclusive
    wanted = {
        "objectType": "KalturaIngestByCompoundFilter",
        "createdDateGreaterThan": since - 1,
    }
    listed = list(session.records("ingestStatus", "getEpgList", filter=wanted))
    calls = [("ingestStatus", "getEpgDetails", {"ingestId": one.get("ingestId")}) for one in listed]
    for one, details in zip(listed, _answers(session, calls), strict=True):
        every = decoded_object(details.get("aggregations") or {}, "ingestStatus.getEpgDetails")
        counts = decoded_object(every.get("all") or {}, "ingestStatus.getEpgDetails")
        records, failed = counts.get("resultsCount"), counts.get("totalFailureCount")
        succeeded = None
        if isinstance(records, int) and isinstance(failed, int):
            succeeded = records - failed
        yield {
            **one,
            "records": records,
            "failed": failed,
            "succeeded": succeeded,
            "warned": counts.get("warningsCount"),
        }


def _uploads(session: Session, since: int) -> Iterator[dict[str, Any]]:
    wanted = {
        "bulkObjectTypeEqual": "KalturaMediaAsset",
        "createDateGreaterThanOrEqual": since,
    }
    listed = list(session.records("bulkUpload", filter=wanted))
    by_file: dict[str, list[str]] = {}
    for result in _media_results(session, {"ingestDateGreaterThan": since - 1}):
        by_file.setdefault(str(result.get("fileName")), []).append(str(result.get("status")))
    files = Counter(str(one.get("fileName")) for one in listed)
    for one in listed:
        file = str(one.get("fileName"))
        statuses = by_file.get(file, []) if files[file] == 1 else []
        failed = sum(status.endswith("FAILURE") for status in statuses)
        yield {
            "ingestId": one.get("id"),
            "ingestName": one.get("fileName"),
            "ingestedByUserId": one.get("uploadedByUserId"),
            "createdDate": one.get("createDate"),
            "completedDate": one.get("updateDate"),
            "status": one.get("status"),
            "records": one.get("numOfObjects"),
            "succeeded": len(statuses) - failed if statuses else None,
            "failed": failed if statuses else None,
            "warned": statuses.count("SUCCESS_WARNING") if statuses else None,
        }


def ingest_results(
    session: Session, ingest: int | Iterable[int] | pd.DataFrame, *, kind: IngestKind = "epg"
) -> pd.DataFrame:
    """List what became of each record of one or several ingests.

    Parameters
    ----------
    session : Session
        A session of an operator.
    ingest : int, iterable of int or DataFrame
        Ids of ingests, or a table of `kott.ingests`.
    kind : {"epg", "vod"}, default "epg"
        What the ids are of; a table has its own `kind`. An upload has the results of all uploads
        with its file name.

    Returns
    -------
    pandas.DataFrame
        One row per programme or asset: `kind`, `ingestId`, `ingestName`, `createdDate` (of the
        ingest), `indexInFile` (place in the file, from 0), `programId`, `externalProgramId`,
        `name` (of an asset), `linearChannelId`, `startDate`, `endDate`, `status`, and `code` and
        `message` of its errors, else of its warnings, several separated by "; ".

    Raises
    ------
    KottError
        There is no such ingest.
    IncompleteError
        The list could not be completed.

    See Also
    --------
    ingests, schedule.explain

    Examples
    --------
    >>> session = demo.login(assets=200, channels=8, households=20)
    >>> results = kott.ingest_results(session, 4007)
    >>> results.loc[results["status"] == "FAILURE", "code"].notna().all()
    np.True_
    """
    if isinstance(ingest, pd.DataFrame):
        if "kind" in ingest and len(ingest):
            kind = ingest["kind"].iloc[0]
        ids = ids_of(ingest.rename(columns={"ingestId": "id"}), "ingests")
    else:
        ids = ids_of([ingest] if isinstance(ingest, int | np.integer) else ingest, "ingests")
    if kind not in _KINDS:
        raise KottError(f"kind must be 'epg' or 'vod', not {kind!r}.")
    rows = _programme_results(session, ids) if kind == "epg" else _asset_results(session, ids)
    table = _table([{"kind": kind, **row} for row in rows], RESULTS)
    return _with_origin(session, table, "kott.ingest_results", ingests=ids, kind=kind)


def _programme_results(session: Session, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    calls = [("ingestStatus", "getEpgDetails", {"ingestId": one}) for one in ids]
    for asked, ingest in zip(ids, _answers(session, calls), strict=True):
        about = {name: ingest.get(name) for name in ("ingestId", "ingestName", "createdDate")}
        results = session.records("ingestStatus", "getEpgProgramResultList", ingestId=asked)
        for one in results:
            yield {**about, **one, **_reasons(one)}


def _asset_results(session: Session, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    calls = [("bulkUpload", "get", {"id": one}) for one in ids]
    for upload in _answers(session, calls):
        file = upload.get("fileName")
        about = {
            "ingestId": upload.get("id"),
            "ingestName": file,
            "createdDate": upload.get("createDate"),
        }
        place = 0
        for one in _media_results(session, {"fileNameContains": file}):
            if one.get("fileName") == file:
                yield {
                    **about,
                    "indexInFile": place,
                    "name": one.get("assetName"),
                    "status": one.get("status"),
                    **_reasons(one),
                }
                place += 1


def _reasons(result: Mapping[str, Any]) -> dict[str, str | None]:
    """Return code and message of a result's errors, or of its warnings where it has no error."""
    reasons = _objects(result.get("errors") or result.get("warnings"), "an ingest's result")
    return {
        name: "; ".join(str(one[name]) for one in reasons if one.get(name) is not None) or None
        for name in ("code", "message")
    }


def _media_results(session: Session, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Read every page of the results of media, which the API nests deeper than its lists."""
    rows: list[dict[str, Any]] = []
    filter_ = {"objectType": "KalturaVodIngestAssetResultFilter", **wanted}
    name = "ingestStatus.getVodAssetResult"
    for index in range(1, 100_000):
        pager = {"pageSize": _PAGE, "pageIndex": index}
        answer = session.call("ingestStatus", "getVodAssetResult", filter=filter_, pager=pager)
        part = decoded_object(decoded_object(answer, name).get("result") or {}, name)
        page, total = _objects(part.get("objects"), name), part.get("totalCount")
        if page and page == rows[-len(page) :]:
            raise IncompleteError(f"{name} repeats a page that it gave before.", partial=rows)
        rows += page
        if not page or len(rows) == total:
            break
    if total is not None and len(rows) != total:
        raise IncompleteError(f"{name} counts {total} results and shows {len(rows)}.", partial=rows)
    return rows


def views(
    session: Session,
    assets: Ids,
    start: When | None = None,
    end: When | None = None,
    *,
    kind: AssetKind | None = None,
    tz: str | tzinfo | None = None,
) -> pd.DataFrame:
    """Count how often assets were viewed, liked and rated.

    Parameters
    ----------
    session : Session
        A session of an operator.
    assets : iterable of int or DataFrame
        Ids of assets, or a table of `kott.assets`, `kott.channels` or `kott.epg`.
    start, end : str, date, datetime or Timestamp, optional
        The period; without them all that the server has counted.
    kind : {"media", "epg"}, optional
        What the ids are of; default: what the table holds, else "media".
    tz : str or tzinfo, optional
        Zone of `start` and `end` where they have none; default KOTT_TZ, else UTC.

    Returns
    -------
    pandas.DataFrame
        One row per asset, in the order given: `assetId`, `views`, `likes`, `ratingCount` `Int64`,
        `rating` `Float64`. An asset that the server does not count has absent values. Both audits
        take the table as `weights=`.

    Raises
    ------
    ApiError
        The server refused one of the queries.

    See Also
    --------
    catalog.audit : Takes them as weights.

    Examples
    --------
    >>> session = demo.login(assets=200, channels=8, households=20)
    >>> counts = kott.views(session, kott.channels(session), "today-30d", "today")
    >>> list(counts)
    ['assetId', 'views', 'likes', 'ratingCount', 'rating']
    """
    programmes = isinstance(assets, pd.DataFrame) and (
        "epgId" in assets or "KalturaProgramAsset" in set(assets.get("objectType", ()))
    )
    kind = kind or ("epg" if programmes else "media")
    if kind not in ("media", "epg"):
        raise KottError(f"kind must be 'media' or 'epg', not {kind!r}.")
    ids = ids_of(assets, "assets")
    if start is not None and end is not None:
        window(start, end, tz)
    period = {}
    if start is not None:
        period["startDateGreaterThanOrEqual"] = filter_epoch(start, tz=tz)
    if end is not None:
        period["endDateGreaterThanOrEqual"] = filter_epoch(end, tz=tz)
    calls = []
    for first in range(0, len(ids), _IDS):
        wanted = ",".join(map(str, ids[first : first + _IDS]))
        query = {"assetIdIn": wanted, "assetTypeEqual": kind, **period}
        calls.append(("assetStatistics", "query", {"query": query}))
    counted = {
        str(one.get("assetId")): one
        for answer in _answers(session, calls)
        for one in _objects(answer.get("objects"), "assetStatistics.query")
    }
    table = _table([{**counted.get(str(one), {}), "assetId": one} for one in ids], VIEWS)
    return _with_origin(session, table, "kott.views", kind=kind, **period)


def _objects(value: Any, where: str) -> list[dict[str, Any]]:
    """Return the objects that a reply lists; a TransportError where it is no list of objects."""
    if not isinstance(value or [], list) or not all(isinstance(one, dict) for one in value or []):
        raise TransportError(f"{where}: what the server sends is not a list of objects; check url.")
    return value or []


def _answers(
    session: Session, calls: Sequence[tuple[str, str, dict[str, Any]]]
) -> list[dict[str, Any]]:
    """Call many actions, several in one request, and raise what one of them refuses."""
    answers: list[Any] = []
    for first in range(0, len(calls), _PACK):
        answers += session.multirequest(calls[first : first + _PACK])
    for one in answers:
        if isinstance(one, ApiError):
            raise one
    return [
        decoded_object(one, f"{service}.{action}")
        for one, (service, action, _) in zip(answers, calls, strict=True)
    ]


def _table(rows: Sequence[Mapping[str, Any]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Make a table of these columns and dtypes; times are epoch seconds on the wire."""
    columns = {}
    for name, dtype in dtypes.items():
        values = [row.get(name) for row in rows]
        try:
            if dtype == _TIME:
                stamps = [None if one is None else int(one) * 1_000_000 for one in values]
                whole = pd.Series(stamps, dtype="Int64")
                columns[name] = whole.astype("datetime64[us]").dt.tz_localize("UTC")
            else:
                texts = [None if one is None else str(one) for one in values]
                columns[name] = pd.Series(texts if dtype == "str" else values, dtype=dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise TransportError(
                f"{name}: what the server sends is not {dtype}: {error}"
            ) from error
    return pd.DataFrame(columns)


def _with_origin(session: Session, table: pd.DataFrame, source: str, **about: Any) -> pd.DataFrame:
    return with_facts(
        table,
        source=source,
        url=session.url,
        partner=session.partner_id,
        rows=len(table),
        when=present().isoformat(),
        **about,
    )
