"""The small lists (labels, roles, ingests), filtered as the names of a filter's properties say."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.backend.partner import Call, Handler, Record
from kott_notebooks.demo.backend.refusals import Refusal
from kott_notebooks.demo.backend.roles import PERSONAL

# Comparisons, by the ending of a filter's property: (the record's value, the filter's) -> bool.
_ENDINGS: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThanOrEqual": lambda value, asked: _sortable(value) >= _sortable(asked),
    "LessThanOrEqual": lambda value, asked: _sortable(value) <= _sortable(asked),
    "GreaterThan": lambda value, asked: _sortable(value) > _sortable(asked),
    "SmallerThan": lambda value, asked: _sortable(value) < _sortable(asked),
    "StartsWith": lambda value, asked: str(value).lower().startswith(str(asked).lower()),
    "Contains": lambda value, asked: str(asked).lower() in str(value).lower(),
    "Equal": lambda value, asked: str(value).lower() == str(asked).lower(),
    "In": lambda value, asked: str(value) in split(asked),
}
_ENDING = re.compile("(.+?)(" + "|".join(_ENDINGS) + ")$")
Source = Callable[[Call], Iterable[Record]]


def split(asked: object) -> list[str]:
    """Split a comma list."""
    return [part.strip() for part in str(asked).split(",")]


def matching(
    call: Call,
    records: Iterable[Record],
    given: Mapping[str, Any],
    *,
    handled: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> list[Record]:
    """Return the records that match every comparison of a filter.

    `handled` are properties that the caller has applied already, `names` maps the properties that
    the filter calls otherwise than the record. What is no comparison, such as `alsoInactive`, is
    ignored.
    """
    tests = [
        (names.get(stem, stem) if names else stem, _ENDINGS[ending], asked)
        for name, asked in given.items()
        if name not in ("objectType", "orderBy", *handled)
        for stem, ending in (match.groups() for match in [_ENDING.match(name)] if match)
    ]
    return [
        one
        for one in records
        if all(_holds(holds, _value(call, one, stem), asked) for stem, holds, asked in tests)
    ]


def _holds(holds: Callable[[Any, Any], bool], value: Any, asked: Any) -> bool:
    return value is not None and holds(value, asked)


def _value(call: Call, record: Record, stem: str) -> Any:
    """Return the value that a filter's property means, in any case: a subscription's `id`, say."""
    cls = record["objectType"].removeprefix("Kaltura").lower()
    wanted = stem.lower()
    names = {name.lower(): name for name in schema.properties(record["objectType"])}
    name = names.get(wanted) or names.get(wanted.removeprefix(cls))
    if name is None:
        return None
    tokens = record.get(f"multilingual{name[0].upper()}{name[1:]}")
    return call.view.text(tokens) if tokens else record.get(name)


def ordered(call: Call, records: Iterable[Record], given: Mapping[str, Any]) -> list[Record]:
    """Sort as `orderBy` says, `NAME_ASC` or `CREATE_DATE_DESC`; a stable sort."""
    field, _, direction = str(given.get("orderBy") or "NONE").rpartition("_")
    if direction not in ("ASC", "DESC"):
        return list(records)
    name, reverse = field.replace("_", ""), direction == "DESC"
    return sorted(records, key=lambda one: _sortable(_value(call, one, name)), reverse=reverse)


def _sortable(value: Any) -> tuple[float, str]:
    if isinstance(value, bool | int | float):
        return (float(value), "")
    return (0.0, "" if value is None else str(value).casefold())


def listed(
    records: Source,
    *,
    handled: Collection[str] = (),
    names: Mapping[str, str] | None = None,
) -> Handler:
    """Make the action that lists records by its filter, order and pager."""

    def handler(call: Call) -> dict[str, Any]:
        given = call.filter()
        kept = matching(call, records(call), given, handled=handled, names=names)
        return call.paged(ordered(call, kept, given))

    return handler


def every(cls: str) -> Source:
    """Return all of the partner's records of a class."""
    return lambda call: call.partner.records(cls)


def sampled(call: Call) -> dict[str, Any]:
    """List the records of the class that the action declares: for users, their own."""
    cls = call.action.items or ""
    personal = f"{call.action.service}.{call.action.name}".lower() in PERSONAL
    records = call.own(cls) if personal else call.partner.records(cls)
    given = call.filter()
    return call.paged(ordered(call, matching(call, records, given), given))


def getter(cls: str, missing: str) -> Handler:
    """Make the action that gets one record by its id."""

    def handler(call: Call) -> dict[str, Any]:
        record = call.partner.find(cls, "id", call.arguments["id"])
        if record is None:
            raise Refusal(missing, type=cls, id=call.arguments["id"])
        return call.view.item(record)

    return handler


# Labels


def _metas(call: Call) -> Iterable[Record]:
    """Return metas, of one asset struct if asked."""
    wanted = call.filter().get("assetStructIdEqual")
    if wanted is None:
        return call.partner.records("KalturaMeta")
    struct = call.partner.find("KalturaAssetStruct", "id", wanted)
    if struct is None:
        raise Refusal("AssetStructDoesNotExist", id=wanted)
    ids = split(struct.get("metaIds", ""))
    return [one for one in call.partner.records("KalturaMeta") if str(one["id"]) in ids]


def _structs(call: Call) -> Iterable[Record]:
    """Return asset structs, those that have a meta if asked."""
    wanted = call.filter().get("metaIdEqual")
    structs = call.partner.records("KalturaAssetStruct")
    if wanted is None:
        return structs
    return [one for one in structs if str(wanted) in split(one.get("metaIds", ""))]


def _regions(call: Call) -> Iterable[Record]:
    """Return regions: the default one, those on top, those that have a linear channel."""
    given, regions = call.filter(), call.partner.records("KalturaRegion")
    if given.get("objectType") == "KalturaDefaultRegionFilter":
        regions = [one for one in regions if one.get("isDefault")]
    if given.get("parentOnly"):
        regions = [one for one in regions if not one.get("parentId")]
    channel = given.get("liveAssetIdEqual")
    return [one for one in regions if channel is None or channel in _channels(one)]


def _channels(region: Record) -> set[int]:
    return {one["linearChannelId"] for one in region.get("linearChannels", ())}


# Roles


def _own_roles(call: Call) -> Sequence[Record]:
    names = call.session.account.roles if call.session.account else ("anonymous",)
    roles = call.partner.records("KalturaUserRole")
    return [one for one in roles if one["name"].lower() in names]


def _roles(call: Call) -> Iterable[Record]:
    """Return roles, the caller's own if asked."""
    own = call.filter().get("currentUserRoleIdsContains")
    return _own_roles(call) if own else call.partner.records("KalturaUserRole")


def _permissions(call: Call) -> Iterable[Record]:
    """Return permissions: those of a role, or of the caller, if asked."""
    given = call.filter()
    roles: Sequence[Record] = call.partner.records("KalturaUserRole")
    if given.get("currentUserPermissionsContains"):
        roles = _own_roles(call)
    elif "roleIdIn" in given:
        roles = [one for one in roles if one["id"] == given["roleIdIn"]]
    names = {name for one in roles for name in split(one["permissionNames"])}
    return [one for one in call.partner.records("KalturaPermission") if one["name"] in names]


# Ingests


def _ingests(call: Call) -> dict[str, Any]:
    """List ingests by either of the action's two filters."""
    records: list[Record] = list(call.partner.records("KalturaIngestEpg"))
    for argument in ("idsFilter", "filter"):
        given = call.arguments.get(argument) or {}
        records = matching(call, records, given, names={"ingestStatus": "status"})
    return call.paged(records)


def _ingest(call: Call) -> Record:
    wanted = call.arguments["ingestId"]
    details = call.partner.find("KalturaIngestEpgDetails", "ingestId", wanted)
    if details is None:
        raise Refusal("ObjectIdNotFound", type="KalturaIngestEpg", id=wanted)
    return details


def _ingested(call: Call) -> Iterable[Record]:
    """Return the result of each programme of an ingest, where it is known."""
    return call.partner.world.ingest_results.get(_ingest(call)["ingestId"], ())


def _ingested_media(call: Call) -> dict[str, Any]:
    """Answer a page of the result of each uploaded asset, and the number of failures."""
    given = call.filter()
    names = {"ingestStatus": "status", "vodTypeSystemName": "vodTypeSystemName"}
    results = call.partner.records("KalturaVodIngestAssetResult")
    rows = ordered(call, matching(call, results, given, names=names), given)
    places, total = call.cut(len(rows), *call.page())
    failed = sum(one["status"] == "FAILURE" for one in rows)
    return {
        "objectType": "KalturaVodIngestAssetResultResponse",
        "result": {
            "objectType": "KalturaVodIngestAssetResultList",
            "totalCount": total,
            "objects": [call.view.item(rows[place]) for place in places],
        },
        "aggregations": {
            "objectType": "KalturaVodIngestAssetResultAggregation",
            "failureCount": failed,
            "successCount": len(rows) - failed,
            "externalFailureCount": 0,
            "successWithWarningCount": 0,
        },
    }


ACTIONS: dict[str, Handler] = {
    "assetStruct.list": listed(_structs, handled=("metaIdEqual",)),
    "assetStruct.get": getter("KalturaAssetStruct", "AssetStructDoesNotExist"),
    "meta.list": listed(_metas, handled=("assetStructIdEqual",)),
    "tag.list": listed(every("KalturaTag"), handled=("languageEqual",)),
    "topic.list": listed(every("KalturaTopic")),
    "imageType.list": listed(every("KalturaImageType")),
    "mediaFileType.list": listed(every("KalturaMediaFileType")),
    "ratio.list": listed(every("KalturaRatio")),
    "region.list": listed(_regions, handled=("liveAssetIdEqual",)),
    "language.list": listed(every("KalturaLanguage")),
    "currency.list": listed(every("KalturaCurrency")),
    "country.list": listed(every("KalturaCountry")),
    "deviceBrand.list": listed(every("KalturaDeviceBrand")),
    "deviceFamily.list": listed(every("KalturaDeviceFamily")),
    "userRole.list": listed(_roles, handled=("currentUserRoleIdsContains",)),
    "permission.list": listed(_permissions, handled=("currentUserPermissionsContains", "roleIdIn")),
    "ingestStatus.getEpgList": _ingests,
    "ingestStatus.getEpgDetails": lambda call: call.view.item(_ingest(call)),
    "ingestStatus.getEpgProgramResultList": listed(
        _ingested, names={"ingestStatus": "status", "program": "programId"}
    ),
    "ingestStatus.getVodAssetResult": _ingested_media,
    "bulkUpload.get": getter("KalturaBulkUpload", "BulkUploadDoesNotExist"),
    "bulkUpload.list": listed(
        every("KalturaBulkUpload"), handled=("bulkObjectTypeEqual", "uploadedByUserIdEqualCurrent")
    ),
}
