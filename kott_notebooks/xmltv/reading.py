"""XMLTV -> records in the API's form -> a table, a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pandas as pd

from kott_notebooks.api.decode import Page
from kott_notebooks.errors import KottError
from kott_notebooks.tables import frames
from kott_notebooks.tables.provenance import with_facts
from kott_notebooks.xmltv import places
from kott_notebooks.xmltv.elements import Attributes, Element, elements
from kott_notebooks.xmltv.moments import seconds

Record: TypeAlias = dict[str, Any]


def read(path: str | Path) -> pd.DataFrame:
    """Read an XMLTV guide, gzipped or not, as the table that `kott.epg` would give.

    One row a programme, in the guide's order; columns: those of KalturaProgramAsset, `metas.*` and
    `tags.*` (`write` says from what). Times are UTC, texts without blanks at their ends;
    `multilingualName` and `multilingualDescription` have those that name their language.
    linearAssetId is the number of a channel that `write` wrote (`276507.478.kott`); where any
    channel is somebody else's, it is text: their ids as they stand. `id` counts the programmes
    where the guide has no ids of ours. A programme without a stop ends when the channel's next one
    starts; those of a clump share its time.

    `kott.provenance(table)` shows the guide's file and generator; when it was made is the `now` of
    an audit. It does not say for which window it was made: give the analyses start and end.

    The file is read in pieces; what stays is the table. Raises KottError that names the line for
    what is no XML, no XMLTV, or has a time that cannot be read; entities declared in the file are
    refused.
    """
    guide = _Guide(path)
    table = frames.frame(_pages(guide.programmes()), "KalturaProgramAsset")
    about = guide.about() | {"mixed": None}  # ids of channels are text by design
    table = with_facts(table, source="xmltv.read", rows=len(table), **about)
    return _ended(table)


def channels(path: str | Path) -> pd.DataFrame:
    """Read the channels of an XMLTV guide as the table that `kott.channels` would give.

    One row a channel, in the guide's order: id as in `read`'s linearAssetId, name (the first one),
    multilingualName where names say their language, externalId (as it stands in the guide), images
    (icons: url, width, height). What `channel` elements do not say is absent. Errors as `read`.
    """
    guide = _Guide(path)
    table = frames.frame(_pages(guide.channels()), "KalturaLiveAsset")
    return with_facts(table, source="xmltv.channels", rows=len(table), **guide.about())


def _pages(records: Iterable[Record]) -> Iterator[Page]:
    left = iter(records)
    while batch := list(islice(left, frames.BATCH)):
        yield Page(msgspec.json.encode(batch), len(batch), None)


def _ended(table: pd.DataFrame) -> pd.DataFrame:
    """Let a programme without an end last until a later one of its channel starts."""
    if table["endDate"].notna().all():
        return table
    ordered = table[["linearAssetId", "startDate"]].sort_values("startDate", kind="stable")
    starts = ordered["startDate"].groupby(ordered["linearAssetId"])
    following = starts.shift(-1)
    later = following.where(following > ordered["startDate"])
    later = later.groupby(ordered["linearAssetId"]).bfill()
    return table.assign(endDate=table["endDate"].fillna(later.reindex(table.index)))


class _Guide:
    """A file, and what is learnt of it while it is read."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.partner: str | None = None
        self.root: Attributes = {}
        self.counted = False  # whether a programme had no id of ours

    def programmes(self) -> Iterator[Record]:
        found = (one for one in self._elements() if one.name == "programme")
        for number, element in enumerate(found, start=1):
            record = self._made(element, _programme)
            self.counted |= "id" not in record
            yield {"id": number, **record}

    def channels(self) -> Iterator[Record]:
        for element in self._elements():
            if element.name == "channel":
                yield self._made(element, _channel)

    def about(self) -> Record:
        """Say where the table is from, in the words of a pull."""
        told = {name: self.root.get(f"{name}-info-name") for name in ("source", "generator")}
        return {
            "file": Path(self.path).name,
            "partner": _number(self.partner),
            "from": told["source"],
            "generator": told["generator"],
            "when": _when(self.root.get("date", "")),
            "ids": "counted" if self.counted else None,
        }

    def _elements(self) -> Iterator[Element]:
        for element in elements(self.path):
            if element.name == "tv":
                self.root = element.attributes
                continue
            named_by = "id" if element.name == "channel" else "channel"
            self._channel_id(element.attributes.get(named_by, ""))  # the partner is the first one's
            yield element

    def _made(self, element: Element, make: Any) -> Record:
        try:
            record: Record = make(element, self._channel_id)
        except KeyError as error:
            why = f"a {element.name} without {error}"
        except ValueError as error:
            why = str(error)
        else:
            return record
        raise KottError(f"{self.path}, line {element.line}: {why}. Mend the line, and read again.")

    def _channel_id(self, written: str) -> int | str:
        """Give the number of a channel of ours; of several partners', of the first one's."""
        ours = places.read_id(written)
        if ours is None:
            return written
        self.partner = self.partner or ours[1]
        return ours[0] if ours[1] == self.partner else written


def _number(partner: str | None) -> int | str | None:
    return int(partner) if partner and partner.isdecimal() else partner


def _when(text: str) -> str | None:
    try:
        return pd.Timestamp(seconds(text), unit="s", tz="UTC").isoformat()
    except ValueError:
        return None


# Records


def _channel(element: Element, channel_id: Any) -> Record:
    written = element.attributes["id"]
    return {
        "objectType": "KalturaLiveAsset",
        "id": channel_id(written),
        **_named(element, "display-name", "name", "multilingualName"),
        "externalId": written,
        "images": _images(element),
    }


def _programme(element: Element, channel_id: Any) -> Record:
    stop = element.attributes.get("stop")
    known = _identities(element)
    metas = _metas(element) | {"Series ID": known.pop("metas.Series ID", "")}
    return {
        "objectType": "KalturaProgramAsset",
        "type": 0,
        **_named(element, "title", "name", "multilingualName"),
        **_named(element, "desc", "description", "multilingualDescription"),
        "images": _images(element),
        "metas": {name: _text_value(text) for name, text in metas.items() if text},
        "tags": {name: _tag_value(texts) for name, texts in _tags(element).items() if texts},
        "startDate": seconds(element.attributes["start"]),
        "endDate": None if stop is None else seconds(stop),
        "linearAssetId": channel_id(element.attributes["channel"]),
        **known,
    }


def _named(element: Element, name: str, one: str, many: str) -> Record:
    """Give a text: the first that there is, and all those that say their language."""
    said = [(child.attributes.get("lang", ""), child.text) for child in element.of(name)]
    tokens = [
        {
            "objectType": "KalturaTranslationToken",
            "language": places.three_letters(language),
            "value": text,
        }
        for language, text in said
        if language and text
    ]
    return {one: next((text for _, text in said if text), None), many: tokens or None}


def _images(element: Element) -> list[Record] | None:
    found = []
    for icon in element.of("icon"):
        sizes = {
            side: int(icon.attributes[side])
            for side in ("width", "height")
            if icon.attributes.get(side, "").isdecimal()
        }
        url = icon.attributes["src"]
        found.append({"objectType": "KalturaMediaImage", **sizes, "url": url})
    return found or None


def _identities(element: Element) -> Record:
    """Give what tells a programme of ours apart, by the names of the columns."""
    known: Record = {}
    for url in element.of("url"):
        ours, _, name = url.attributes.get("system", "").partition(places.SYSTEM)
        if not ours and name in places.IDENTITIES and url.text:
            known[name] = places.from_url(url.text)
    own = known.get("id", "")
    return known | ({"id": int(own)} if own.isdecimal() else {})


def _metas(element: Element) -> dict[str, str]:
    return {
        **{meta: _first(element, name) for name, meta in places.METAS.items()},
        **_numbers(element),
        **{meta: "true" for name, meta in places.FLAGS.items() if element.of(name)},
    }


def _first(element: Element, name: str) -> str:
    for child in element.of(name):
        text = _value(child)
        if name == "date":
            return text[:4]
        return _minutes(child) if name == "length" else text
    return ""


def _value(element: Element) -> str:
    """Give an element's text, which ratings have in a `value`."""
    inner = element.of("value")
    return inner[0].text if inner else element.text


def _minutes(length: Element) -> str:
    factor = {"seconds": 1 / 60, "hours": 60}.get(length.attributes.get("units"), 1)
    return f"{round(float(length.text) * factor, 2):g}" if length.text else ""


def _numbers(element: Element) -> dict[str, str]:
    """Give season and episode, by the first numbering that says either: xmltv_ns before others."""
    written = sorted(
        ((one.attributes.get("system", "onscreen"), one.text) for one in element.of("episode-num")),
        key=lambda pair: pair[0] != "xmltv_ns",
    )
    read = (places.numbers(system, text) for system, text in written)
    season, episode = next((pair for pair in read if any(pair)), ("", ""))
    return {places.SEASON: season, places.EPISODE: episode}


def _tags(element: Element) -> dict[str, list[str]]:
    own = {tag: element.of(name) for name, tag in places.TAGS.items()}
    for credits in element.of("credits"):
        own |= {tag: credits.of(name) for name, tag in places.CREDITS.items()}
    return {tag: [text for one in of if (text := _value(one))] for tag, of in own.items()}


def _text_value(text: str) -> Record:
    return {"objectType": "KalturaStringValue", "value": text}


def _tag_value(texts: list[str]) -> Record:
    return {
        "objectType": "KalturaMultilingualStringValueArray",
        "objects": [
            {"objectType": "KalturaMultilingualStringValue", "value": text} for text in texts
        ],
    }
