"""The small lists: labels, offers, people. Filters are read by the names of their properties."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.backend.partner import Call, Handler, Record
from kott_notebooks.demo.backend.refusals import Refusal

# How the name of a filter's property says what it does: (what is found, what is asked) -> bool.
_ENDINGS: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThanOrEqual": lambda found, asked: found >= asked,
    "LessThanOrEqual": lambda found, asked: found <= asked,
    "GreaterThan": lambda found, asked: found > asked,
    "SmallerThan": lambda found, asked: found < asked,
    "StartsWith": lambda found, asked: str(found).lower().startswith(asked.lower()),
    "Contains": lambda found, asked: asked.lower() in str(found).lower(),
    "Equal": lambda found, asked: str(found).lower() == str(asked).lower(),
    "In": lambda found, asked: str(found) in _list(asked),
}
_ENDING = re.compile("(.+?)(" + "|".join(_ENDINGS) + ")$")


def _list(asked: object) -> list[str]:
    return [part.strip() for part in str(asked).split(",")]


def matching(call: Call, records: Iterable[Record], given: dict[str, Any]) -> list[Record]:
    """Keep the records that every property of a filter finds; absent properties find nothing."""
    tests = [
        (name, value) for name, value in given.items() if name not in ("objectType", "orderBy")
    ]
    return [one for one in records if all(_holds(call, one, *test) for test in tests)]


def _holds(call: Call, record: Record, name: str, asked: Any) -> bool:
    ending = _ENDING.match(name)
    if ending is None:
        return True  # a property that is no comparison, such as `alsoInactive`
    prop = _property(record, ending.group(1))
    if prop is None:
        return True
    found = _value(call, record, prop)
    return found is not None and _ENDINGS[ending.group(2)](found, asked)


def _property(record: Record, stem: str) -> str | None:
    """Find which property of a record a filter's name means: `subscriptionIdIn` is about `id`."""
    known = schema.properties(record["objectType"])
    if stem in known:
        return stem
    cls = record["objectType"].removeprefix("Kaltura")
    bare = stem[len(cls) :] if stem.lower().startswith(cls.lower()) else ""
    bare = bare[:1].lower() + bare[1:]
    return bare if bare in known else None


def _value(call: Call, record: Record, name: str) -> Any:
    tokens = record.get(f"multilingual{name[0].upper()}{name[1:]}")
    return call.view.text(tokens) if tokens else record.get(name)


def ordered(call: Call, records: Iterable[Record], given: dict[str, Any]) -> list[Record]:
    """Sort as `orderBy` says, `NAME_ASC` or `CREATE_DATE_DESC`; equal ones keep their places."""
    asked = str(given.get("orderBy") or "NONE")
    field, _, direction = asked.rpartition("_")
    if direction not in ("ASC", "DESC"):
        return list(records)
    first, *more = field.lower().split("_")
    name = first + "".join(word.capitalize() for word in more)
    reverse = direction == "DESC"
    return sorted(records, key=lambda one: _sortable(_value(call, one, name)), reverse=reverse)


def _sortable(value: Any) -> tuple[float, str]:
    if isinstance(value, bool | int | float):
        return (float(value), "")
    return (0.0, "" if value is None else str(value).casefold())


def listed(records: Callable[[Call], Iterable[Record]]) -> Handler:
    """Make the action that lists records by its filter, order and pager."""

    def handler(call: Call) -> dict[str, Any]:
        given = call.filter()
        return call.paged(ordered(call, matching(call, records(call), given), given))

    return handler


def every(cls: str) -> Callable[[Call], Iterable[Record]]:
    """Give all of the partner's records of a class."""
    return lambda call: call.partner.records(cls)


def nothing(call: Call) -> dict[str, Any]:
    """Answer an empty list of the declared class: what the demo has no data for."""
    call.page()
    return call.response(0, [])


def got(cls: str, missing: str) -> Handler:
    """Make the action that gets one record by its id."""

    def handler(call: Call) -> dict[str, Any]:
        record = call.partner.find(cls, "id", call.arguments["id"])
        if record is None:
            raise Refusal(missing, type=cls, id=call.arguments["id"])
        return call.view.item(record)

    return handler


def _metas(call: Call) -> Iterable[Record]:
    """List metas, of one asset struct if asked."""
    wanted = call.filter().get("assetStructIdEqual")
    if wanted is None:
        return call.partner.records("KalturaMeta")
    struct = call.partner.find("KalturaAssetStruct", "id", wanted)
    if struct is None:
        raise Refusal("AssetStructDoesNotExist", id=wanted)
    ids = _list(struct.get("metaIds", ""))
    return [one for one in call.partner.records("KalturaMeta") if str(one["id"]) in ids]


def _structs(call: Call) -> Iterable[Record]:
    """List asset structs, those that have a meta if asked."""
    wanted = call.filter().get("metaIdEqual")
    structs = call.partner.records("KalturaAssetStruct")
    if wanted is None:
        return structs
    return [one for one in structs if str(wanted) in _list(one.get("metaIds", ""))]


def _regions(call: Call) -> Iterable[Record]:
    """List regions, those that have a linear channel if asked."""
    wanted = call.filter().get("liveAssetIdEqual")
    return [
        one
        for one in call.partner.records("KalturaRegion")
        if wanted is None
        or any(of["linearChannelId"] == wanted for of in one.get("linearChannels", ()))
    ]


ACTIONS: dict[str, Handler] = {
    "assetStruct.list": listed(_structs),
    "assetStruct.get": got("KalturaAssetStruct", "AssetStructDoesNotExist"),
    "meta.list": listed(_metas),
    "region.list": listed(_regions),
    "tag.list": listed(every("KalturaTag")),
    "topic.list": listed(every("KalturaTopic")),
    "imageType.list": listed(every("KalturaImageType")),
    "mediaFileType.list": listed(every("KalturaMediaFileType")),
    "ratio.list": listed(every("KalturaRatio")),
    "language.list": listed(every("KalturaLanguage")),
    "currency.list": listed(every("KalturaCurrency")),
    "country.list": listed(every("KalturaCountry")),
    "deviceBrand.list": listed(every("KalturaDeviceBrand")),
    "deviceFamily.list": listed(every("KalturaDeviceFamily")),
    "userRole.list": listed(every("KalturaUserRole")),
    "permission.list": listed(every("KalturaPermission")),
}
