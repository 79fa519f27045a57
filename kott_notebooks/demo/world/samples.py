"""A few records, made from the schema, for every list that no other part of the world fills.

They show the shape of a class: enums take their values in turn, times lie around the present, and
what refers to something by id refers to something that exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kott_notebooks import schema
from kott_notebooks.demo.world.shelf import Record

DAY = 86_400
COUNT = 3  # records per class
DEPTH = 2  # of objects in objects
_IDS = """
    linearchannel:linear linearasset:linear liveasset:linear epg:programme program:programme
    assetfile:file mediafile:file asset:media media:media assetstruct:KalturaAssetStruct
    assettype:KalturaAssetStruct mediafiletype:KalturaMediaFileType filetype:KalturaMediaFileType
    household:KalturaHousehold user:KalturaOTTUser channel:KalturaChannel topic:KalturaTopic
    subscription:KalturaSubscription collection:KalturaCollection ppv:KalturaPpv
    ppvmodule:KalturaPpv meta:KalturaMeta region:KalturaRegion country:KalturaCountry
    currency:KalturaCurrency language:KalturaLanguage imagetype:KalturaImageType
    ratio:KalturaRatio devicebrand:KalturaDeviceBrand brand:KalturaDeviceBrand
    devicefamily:KalturaDeviceFamily family:KalturaDeviceFamily role:KalturaUserRole
    limitations:KalturaHouseholdLimitations
"""  # the end of a property's name, in lower case, and the class whose ids it holds
_CLASSES = sorted((pair.split(":") for pair in _IDS.split()), key=lambda one: -len(one[0]))
_FUTURE = ("end", "expir", "until", "valid", "next")
_TEXTS = {  # part of a property's name, in lower case -> its text
    "url": "https://demo.kott.invalid/sample",
    "ksql": "asset_type='media'",
    "language": "eng",
    "currency": "EUR",
    "udid": "udid-of-a-sample",
    "email": "sample@example.com",
    "ip": "192.0.2.1",
}


def samples(
    now: int, objects: Mapping[str, list[Record]], ids: Mapping[str, Sequence[int]]
) -> dict[str, list[Record]]:
    """Make records of each class that a list action returns and that `objects` lacks.

    `ids` are those of assets, by `media`, `linear`, `programme` and `file`.
    """
    pools = {cls: [one["id"] for one in records if "id" in one] for cls, records in objects.items()}
    maker = _Maker(now, pools | {name: list(of) for name, of in ids.items()})
    missing = {one.items for one in schema.actions() if one.items} - objects.keys()
    return {cls: maker.records(cls) for cls in sorted(missing)}


class _Maker:
    def __init__(self, now: int, pools: Mapping[str, Sequence[Any]]) -> None:
        self.now = now
        self.pools = pools

    def records(self, cls: str) -> list[Record]:
        """Make records of a class; if it is abstract, of each class that extends it in turn."""
        classes = [one for one in schema.extending(cls) if not schema.is_abstract(one)]
        count = max(COUNT, min(len(classes), 2 * COUNT)) if schema.is_abstract(cls) else COUNT
        return [self.record(cls, at, 0) for at in range(count)]

    def record(self, cls: str, at: int, depth: int) -> Record:
        classes = [one for one in schema.extending(cls) if not schema.is_abstract(one)]
        actual = classes[at % len(classes)] if schema.is_abstract(cls) else cls
        record: Record = {"objectType": actual}
        kinds = schema.properties(actual)
        for name, kind in kinds.items():
            if f"multilingual{name[0].upper()}{name[1:]}" in kinds:
                continue  # made from its translations
            value = self.value(actual, name, kind, at, depth)
            if value is not None:
                record[name] = value
        return record

    def value(self, cls: str, name: str, kind: str, at: int, depth: int) -> Any:
        """Make the value of one property; None leaves it out."""
        family, _, of = kind.partition(":")
        if family in ("object", "array", "map"):
            return self.nested(family, of, cls, name, at, depth)
        if family == "enum":
            values = list(schema.enum(of).values())
            return values[at % len(values)] if values else None
        if family == "bool":
            return at % 2 == 0
        if family == "time" or (family == "int" and "date" in name.lower()):
            ahead = any(part in name.lower() for part in _FUTURE)
            return self.now + (400 - at if ahead else -30 * (at + 1)) * DAY
        known = self.known(name)
        if family in ("int", "float"):
            number = known[at % len(known)] if known and str(known[0]).isdigit() else at + 1
            return float(number) if family == "float" else int(number)
        if known:
            several = name.lower().endswith(("in", "ids"))
            return (
                ",".join(str(one) for one in known[:2]) if several else str(known[at % len(known)])
            )
        return self.text(cls, name, at)

    def nested(self, family: str, of: str, cls: str, name: str, at: int, depth: int) -> Any:
        """Make an object, or a list or a map of one; plain values as themselves."""
        if of == "KalturaTranslationToken":
            text = self.text(cls, name.removeprefix("multilingual"), at)
            return [{"objectType": of, "language": "eng", "value": text}]
        if depth >= DEPTH or not any(not schema.is_abstract(one) for one in schema.extending(of)):
            return None
        one = self.record(of, at, depth + 1)
        return one if family == "object" else [one] if family == "array" else {"sample": one}

    def known(self, name: str) -> Sequence[Any]:
        """Return the ids that a property may refer to; none if its name does not say."""
        lower = name.lower()
        for end in ("idin", "ids", "id"):
            if lower.endswith(end) and len(lower) > len(end):
                stem = lower.removesuffix(end)
                of = next((pool for part, pool in _CLASSES if stem.endswith(part)), "")
                return self.pools.get(of, ())
        return ()

    def text(self, cls: str, name: str, at: int) -> str:
        """Make a text: of its class and number, or one that fits its name."""
        fitting = next((text for part, text in _TEXTS.items() if part in name.lower()), None)
        words = "".join(
            f" {one.lower()}" if one.isupper() else one for one in cls[len("Kaltura") :]
        )
        number = f"{at + 1}"
        if name.lower() == "id":
            return number
        if name.lower().endswith(("name", "title")):
            return f"{words.strip().capitalize()} {number}"
        return fitting or f"Sample {name} {number}"
