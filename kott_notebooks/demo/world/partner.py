"""What the partner defines: structs, metas and tags, image and file types, roles, labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kott_notebooks.demo.world import words
from kott_notebooks.demo.world.shelf import Record, tokens
from kott_notebooks.demo.world.words import LANGUAGES, Phrase

PARTNER_ID = 478
MOVIE, SERIES, EPISODE, LINEAR = 411, 412, 413, 414
PROGRAM = 0  # the type of programmes
STRUCTS: dict[int, tuple[str, Phrase]] = {
    MOVIE: ("Movie", ("Movie", "Film", "Ταινία")),
    SERIES: ("Series", ("Series", "Série", "Σειρά")),
    EPISODE: ("Episode", ("Episode", "Épisode", "Επεισόδιο")),
    LINEAR: ("Linear", ("Linear", "Chaîne", "Κανάλι")),
    PROGRAM: ("Program", ("Programme", "Programme", "Πρόγραμμα")),
}
DATA_TYPES = {
    "string": "STRING",
    "multilingual": "MULTILINGUAL_STRING",
    "number": "NUMBER",
    "date": "DATE",
    "bool": "BOOLEAN",
}


@dataclass(frozen=True)
class Field:
    """A meta or a tag as the partner defines it; two definitions may share a name."""

    id: int
    name: str
    kind: str
    structs: tuple[int, ...]
    mandatory: tuple[int, ...] = ()  # the structs that require it
    tag: bool = False


VOD = (MOVIE, SERIES, EPISODE)
FIELDS = (
    Field(501, "Year", "number", VOD, (MOVIE, SERIES)),
    Field(502, "Runtime", "number", (MOVIE, EPISODE)),
    Field(503, "Short synopsis", "multilingual", VOD),
    Field(504, "Original name", "string", (MOVIE,)),
    Field(505, "Score", "number", (MOVIE,)),
    Field(506, "Score", "string", (SERIES,)),
    Field(507, "Adult", "bool", (*VOD, LINEAR)),
    Field(508, "License start", "date", (MOVIE, SERIES)),
    Field(509, "Series ID", "string", (SERIES, EPISODE), (SERIES, EPISODE)),
    Field(510, "Season number", "number", (EPISODE,), (EPISODE,)),
    Field(511, "Episode number", "number", (EPISODE,), (EPISODE,)),
    Field(512, "Channel number", "number", (LINEAR,), (LINEAR,)),
    Field(513, "Catchup allowed ", "bool", (LINEAR,)),
    Field(514, "Quality", "string", (LINEAR,)),
    Field(521, "Series ID", "string", (PROGRAM,)),
    Field(522, "Season number", "string", (PROGRAM,)),
    Field(523, "Episode number", "string", (PROGRAM,)),
    Field(524, "Episode name", "multilingual", (PROGRAM,)),
    Field(525, "Year", "string", (PROGRAM,)),
    Field(526, "Repeat", "string", (PROGRAM,)),
    Field(527, "Catchup allowed ", "string", (PROGRAM,)),
    Field(541, "Genre", "multilingual", (*VOD, LINEAR, PROGRAM), VOD, tag=True),
    Field(542, "Cast", "multilingual", VOD, tag=True),
    Field(543, "Director", "multilingual", (MOVIE, EPISODE), tag=True),
    Field(544, "Country", "multilingual", (MOVIE, SERIES), tag=True),
    Field(545, "Studio", "multilingual", (MOVIE, SERIES), tag=True),
    Field(546, "Parental rating", "multilingual", (*VOD, PROGRAM), (MOVIE,), tag=True),
    Field(547, "Quality", "multilingual", (MOVIE, EPISODE), tag=True),
)
RATIOS = {"16:9": (1, 16, 9), "2:3": (2, 2, 3), "1:1": (3, 1, 1)}
IMAGE_TYPES = {11: ("Landscape", "16:9"), 12: ("Poster", "2:3"), 13: ("Logo", "1:1")}
HLS, DASH, TRAILER, MOBILE = 21, 22, 23, 24
FILE_TYPES = {HLS: "HLS_Main", DASH: "DASH_Main", TRAILER: "Trailer", MOBILE: "HLS_Mobile"}
_STREAMERS = {HLS: "APPLE_HTTP", DASH: "MPEG_DASH", TRAILER: "APPLE_HTTP", MOBILE: "APPLE_HTTP"}
FAMILIES = {1: "Mobile", 2: "Tablet", 3: "PC", 4: "STB", 5: "Smart TV"}
BRANDS = {  # id: (name, its family, a manufacturer)
    31: ("Android phone", 1, "Kestrel"),
    32: ("iPhone", 1, "Apple"),
    33: ("Android tablet", 2, "Kestrel"),
    34: ("iPad", 2, "Apple"),
    35: ("Web browser", 3, "Any"),
    36: ("Set-top box", 4, "Meltemi"),
    37: ("Television", 5, "Nordlys"),
}
LIMITATIONS = {  # id: (name, devices, users, streams at a time)
    61: ("Basic", 4, 4, 2),
    62: ("Family", 8, 6, 4),
    63: ("Premium", 12, 8, 6),
}
REGIONS = {  # id: (name, its parent, every how many channels it has)
    70: ("National", 0, 1),
    71: ("North", 70, 2),
    72: ("South", 70, 3),
    73: ("Islands", 70, 5),
    74: ("Capital", 71, 7),
}
ROLES = {
    0: "anonymous",
    1: "user",
    2: "master",
    3: "operator",
    4: "manager",
    5: "administrator",
}
ROLE_NAMES = tuple(ROLES.values())
_LANGUAGE_NAMES = ("English", "Français", "Ελληνικά")
_CURRENCIES = (("EUR", "Euro", "€"), ("GBP", "Pound sterling", "£"), ("USD", "US dollar", "$"))
_COUNTRY_LANGUAGES = ("el", "fr", "en", "es", "it", "sv", "pl", "en", "ja", "pt")
_COUNTRY_ZONES = (
    "Europe/Athens",
    "Europe/Paris",
    "Europe/London",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Warsaw",
    "America/Toronto",
    "Asia/Tokyo",
    "America/Sao_Paulo",
)
_PERMISSIONS = (
    ("CATALOG_READ", "Reads the catalogue", 0),
    ("HOUSEHOLD_READ", "Reads its own household", 1),
    ("HOUSEHOLD_MANAGE", "Acts for the household's users", 2),
    ("PARTNER_READ", "Reads everything that the partner has", 3),
    ("PARTNER_MANAGE", "Manages the partner", 4),
    ("SYSTEM_MANAGE", "Manages the system", 5),
)


def translated(phrase: Sequence[str]) -> list[Record]:
    """Return a phrase's translations as the API does."""
    return tokens(dict(zip(LANGUAGES, phrase, strict=True)))


def labels(created: int) -> dict[str, list[Record]]:
    """List the records that name things (labels), by class."""
    dates = {"createDate": created, "updateDate": created}
    return {
        "KalturaAssetStruct": [_struct(struct) | dates for struct in STRUCTS],
        "KalturaMeta": [_meta(field) | dates for field in FIELDS],
        "KalturaTag": list(_tag_values()),
        "KalturaRatio": _ratios(),
        "KalturaImageType": _image_types(),
        "KalturaMediaFileType": [_file_type(one) | dates for one in FILE_TYPES],
        "KalturaLanguage": _languages(),
        "KalturaCurrency": _currencies(),
        "KalturaCountry": _countries(),
        "KalturaDeviceFamily": [
            {"objectType": "KalturaDeviceFamily", "id": key, "name": name, "type": "System"}
            for key, name in FAMILIES.items()
        ],
        "KalturaDeviceBrand": [
            {
                "objectType": "KalturaDeviceBrand",
                "id": key,
                "name": name,
                "deviceFamilyid": family,
                "type": "System",
            }
            for key, (name, family, _) in BRANDS.items()
        ],
        "KalturaHouseholdLimitations": [_limitation(key) for key in LIMITATIONS],
        "KalturaUserRole": [_role(key, name) for key, name in ROLES.items()],
        "KalturaPermission": _permissions(),
    }


def _struct(struct: int) -> Record:
    system, name = STRUCTS[struct]
    own = [field for field in FIELDS if struct in field.structs]
    needed = ",".join(str(field.id) for field in own if struct in field.mandatory)
    record: Record = {
        "objectType": "KalturaAssetStruct",
        "id": struct,
        "multilingualName": translated(name),
        "systemName": system,
        "isProtected": struct == PROGRAM,
        "metaIds": ",".join(str(field.id) for field in own),
        "pluralName": system if system.endswith("s") else f"{system}s",
        "dynamicData": {"mandatoryMetaIds": {"objectType": "KalturaStringValue", "value": needed}},
    }
    if struct == EPISODE:
        record |= {"parentId": SERIES, "connectingMetaId": 509, "connectedParentMetaId": 509}
    return record


def _meta(field: Field) -> Record:
    kind = DATA_TYPES[field.kind]
    system = "".join(word.capitalize() for word in field.name.split())
    shared = sum(other.name == field.name for other in FIELDS) > 1
    return {
        "objectType": "KalturaMeta",
        "id": str(field.id),
        "multilingualName": tokens({LANGUAGES[0]: field.name}),
        "systemName": f"{system}{field.id}" if shared else system,
        "dataType": kind,
        "multipleValue": field.tag,
        "isProtected": False,
        "features": "searchable",
    }


def field_id(name: str, *, tag: bool) -> int:
    """Find the first definition of a name."""
    return next(field.id for field in FIELDS if field.name == name and field.tag == tag)


def tag_vocabulary(name: str) -> tuple[Phrase, ...]:
    """List the values of a tag with a controlled list."""
    lists: dict[str, Sequence[Phrase | str]] = {
        "Genre": words.GENRES,
        "Country": words.COUNTRIES,
        "Studio": words.STUDIOS,
        "Parental rating": words.RATINGS,
        "Quality": words.QUALITIES,
    }
    return tuple((one, one, one) if isinstance(one, str) else one for one in lists[name])


def _tag_values() -> Iterable[Record]:
    key = 9_000
    for name in ("Genre", "Country", "Studio", "Parental rating", "Quality"):
        for phrase in tag_vocabulary(name):
            key += 1
            yield {
                "objectType": "KalturaTag",
                "id": key,
                "type": field_id(name, tag=True),
                "multilingualTag": translated(phrase),
            }


def _ratios() -> list[Record]:
    return [
        {
            "objectType": "KalturaRatio",
            "id": key,
            "name": name,
            "width": width,
            "height": height,
            "precisionPrecentage": 2,
        }
        for name, (key, width, height) in RATIOS.items()
    ]


def _image_types() -> list[Record]:
    return [
        {
            "objectType": "KalturaImageType",
            "id": key,
            "name": name,
            "systemName": name,
            "ratioId": RATIOS[ratio][0],
            "helpText": f"{name}, {ratio}",
        }
        for key, (name, ratio) in IMAGE_TYPES.items()
    ]


def _file_type(key: int) -> Record:
    return {
        "objectType": "KalturaMediaFileType",
        "id": key,
        "name": FILE_TYPES[key],
        "description": FILE_TYPES[key].replace("_", " "),
        "status": True,
        "isTrailer": key == TRAILER,
        "streamerType": _STREAMERS[key],
        "quality": "ADAPTIVE",
        "videoCodecs": "h264",
        "audioCodecs": "aac",
    }


def _languages() -> list[Record]:
    return [
        {
            "objectType": "KalturaLanguage",
            "id": at + 1,
            "name": name,
            "systemName": code,
            "code": code,
            "direction": "LTR",
            "isDefault": at == 0,
        }
        for at, (code, name) in enumerate(zip(LANGUAGES, _LANGUAGE_NAMES, strict=True))
    ]


def _currencies() -> list[Record]:
    return [
        {
            "objectType": "KalturaCurrency",
            "id": at + 1,
            "name": name,
            "code": code,
            "sign": sign,
            "isDefault": at == 0,
        }
        for at, (code, name, sign) in enumerate(_CURRENCIES)
    ]


def _countries() -> list[Record]:
    return [
        {
            "objectType": "KalturaCountry",
            "id": at + 1,
            "name": phrase[0],
            "code": code,
            "mainLanguageCode": language,
            "languagesCode": language,
            "timeZoneId": zone,
        }
        for at, (phrase, code, language, zone) in enumerate(
            zip(
                words.COUNTRIES,
                words.COUNTRY_CODES,
                _COUNTRY_LANGUAGES,
                _COUNTRY_ZONES,
                strict=True,
            )
        )
    ]


def _limitation(key: int) -> Record:
    name, devices, users, streams = LIMITATIONS[key]
    return {
        "objectType": "KalturaHouseholdLimitations",
        "id": key,
        "name": name,
        "description": f"{devices} devices, {users} users, {streams} streams at a time",
        "deviceLimit": devices,
        "usersLimit": users,
        "concurrentLimit": streams,
        "deviceFrequency": 43_200,
        "deviceFrequencyDescription": "30 days",
        "userFrequency": 43_200,
        "userFrequencyDescription": "30 days",
        "npvrQuotaInSeconds": 360_000,
        "deviceFamiliesLimitations": [
            {
                "objectType": "KalturaHouseholdDeviceFamilyLimitations",
                "id": family,
                "name": of,
                "deviceLimit": devices,
                "concurrentLimit": streams,
                "frequency": 43_200,
            }
            for family, of in FAMILIES.items()
        ],
    }


def _role(key: int, name: str) -> Record:
    return {
        "objectType": "KalturaUserRole",
        "id": key,
        "name": name.capitalize(),
        "permissionNames": ",".join(code for code, _, rank in _PERMISSIONS if rank <= key),
        "excludedPermissionNames": "",
        "type": "SYSTEM",
    }


def _permissions() -> list[Record]:
    return [
        {
            "objectType": "KalturaPermission",
            "id": at + 1,
            "name": code,
            "friendlyName": name,
            "type": "NORMAL",
        }
        for at, (code, name, _) in enumerate(_PERMISSIONS)
    ]


def regions(linear: Sequence[int]) -> list[Record]:
    """List the regions with their line-ups of linear channels; a region shares its parent's.

    On the islands the first channel has two numbers, as partners may allow.
    """
    regions: list[Record] = [
        {
            "objectType": "KalturaRegion",
            "id": key,
            "name": name,
            "externalId": f"region-{name.lower()}",
            "isDefault": parent == 0,
            **({"parentId": parent} if parent else {}),
            "linearChannels": [
                {
                    "objectType": "KalturaRegionalChannel",
                    "linearChannelId": channel,
                    "channelNumber": (key - 70) * 10_000 + at + 1,
                }
                for at, channel in enumerate(linear)
                if at % every == 0
            ],
        }
        for key, (name, parent, every) in REGIONS.items()
    ]
    islands = next(one["linearChannels"] for one in regions if one["name"] == "Islands")
    islands += [one | {"channelNumber": one["channelNumber"] + 500} for one in islands[:1]]
    return regions
