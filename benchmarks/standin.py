"""A server that gives made-up assets again and again, fast enough not to be what is measured.

An asset is 5.7 KB of JSON: 15 metas, 8 tags of two values, 6 images, 3 media files; a programme is
1.5 KB. Pages hold at most 50 by default. `latency` is the way there and back, slept before each
reply; `work` is the server's work for a page, done for as many requests at a time as it
has workers; `rate` is what the link carries, in bits a second, whoever asked.

Texts are of 2,000 words, every tenth with accents. They are written in UTF-8 and not as `\\u....`,
since Kaltura's server escapes no letter; a description in a hundred has a line break and a quoted
word, which JSON does escape. An asset has 16 metas to have: the first six are always there, each
other is missing from an asset in ten and null in one in a hundred.

A reply is put together from what was encoded and compressed before: in small lists from pages,
which become a tenth as long, as a web server would make them (a turn that does not count prepares
them); in large ones from records, which become a fifth as long. Bad days and rows that come and go
are in `Chaos`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import struct
import threading
import time
import zlib
from bisect import bisect_left
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

SEED = 20_261_123
FIRST_ID = 1_000_000
VOWELS = "aeiou", "áéíóúőě"  # a text with one of the last two has two bytes a letter in Python
DISTINCT = 500  # records that are made up; the others repeat them under ids of their own
SMALL = 20_000  # rows of a list whose pages are prepared
SERVER_WORKERS = 8  # the number of the busy regimes, whatever ours has on its side


def words(count: int) -> list[str]:
    """Make up words, of one to four syllables."""
    dice = random.Random(SEED)
    plain, accented = ([a + b for a in "bdfglmnprstv" for b in vowels] for vowels in VOWELS)

    def word(number: int) -> str:
        syllables = dice.choices(plain, k=dice.randint(1, 4))
        if number % 10 == 0:
            syllables[-1] = dice.choice(accented)
        return "".join(syllables)

    return [word(number) for number in range(count)]


WORDS = words(2_000)


def asset(number: int) -> dict[str, Any]:
    """Make one asset; the same for the same number."""
    dice = random.Random(SEED + number)

    def text(words: int) -> str:
        return " ".join(dice.choice(WORDS) for _ in range(words))

    metas = {f"Text {n}": value("MultilingualString", text(6)) for n in range(10)}
    metas |= {f"Number {n}": value("Double", dice.randint(1, 2_000)) for n in range(3)}
    metas |= {f"Flag {n}": value("Boolean", dice.random() < 0.5) for n in range(2)}
    metas |= {"First shown": value("Long", 1_500_000_000 + number)}
    tags = {
        f"Tag {n}": {
            "objectType": "KalturaMultilingualStringValueArray",
            "objects": [value("MultilingualString", dice.choice(WORDS)) for _ in range(2)],
        }
        for n in range(8)
    }
    description = text(66)
    if dice.random() < 0.01:
        description += f'.\n"{text(1)}"'
    return {
        "objectType": "KalturaMediaAsset",
        "id": number,
        "type": 411,
        "name": text(4),
        "description": description,
        "images": [image(number, n) for n in range(6)],
        "mediaFiles": [media_file(number, n) for n in range(3)],
        "metas": with_gaps(metas, 6, dice),
        "tags": tags,
        "startDate": 1_600_000_000,
        "endDate": 1_900_000_000,
        "createDate": 1_600_000_000 + number,
        "updateDate": 1_700_000_000,
        "externalId": f"EXT-{number}",
        "status": True,
        "entryId": f"0_{number:08x}",
    }


def value(kind: str, content: object) -> dict[str, Any]:
    """Make a meta's value object."""
    return {"objectType": f"Kaltura{kind}Value", "value": content}


def with_gaps(metas: dict[str, Any], sure: int, dice: random.Random) -> dict[str, Any]:
    """Leave out a tenth of what comes after the sure ones, and make a hundredth null."""
    rows = {}
    for n, (name, meta) in enumerate(metas.items()):
        draw = 1.0 if n < sure else dice.random()
        if draw >= 0.10:
            rows[name] = meta if draw >= 0.11 else meta | {"value": None}
    return rows


def image(number: int, n: int) -> dict[str, Any]:
    """Make an asset's nth image."""
    return {
        "objectType": "KalturaMediaImage",
        "id": f"{number:08x}{n}",
        "imageTypeId": n,
        "imageTypeName": "Poster",
        "ratio": "16:9" if n % 2 else "2:3",
        "width": 1_280,
        "height": 720,
        "url": f"https://images.example.com/p/1/entry_id/{number:08x}{n}/version/1",
        "version": 1,
        "isDefault": False,
    }


def media_file(number: int, n: int) -> dict[str, Any]:
    """Make an asset's nth media file."""
    return {
        "objectType": "KalturaMediaFile",
        "assetId": number,
        "id": number * 10 + n,
        "type": "HLS_Main",
        "typeId": n,
        "url": f"https://cdn.example.com/{number}/{n}/main.m3u8",
        "duration": 5_400,
        "externalId": f"{number}-{n}",
        "fileSize": 0,
        "status": True,
        "startDate": 1_600_000_000,
        "endDate": 1_900_000_000,
    }


def programme(number: int) -> dict[str, Any]:
    """Make one programme of 1.5 KB; times and channel come with its place in the guide."""
    dice = random.Random(SEED + number)
    text = " ".join(dice.choice(WORDS) for _ in range(85))
    metas = {f"Text {n}": value("MultilingualString", dice.choice(WORDS)) for n in range(4)}
    tags = {
        f"Tag {n}": {
            "objectType": "KalturaMultilingualStringValueArray",
            "objects": [value("MultilingualString", dice.choice(WORDS))],
        }
        for n in range(3)
    }
    return {
        "objectType": "KalturaProgramAsset",
        "id": number,
        "type": 0,
        "name": text[:30].strip(),
        "description": text,
        "metas": with_gaps(metas, 2, dice),
        "tags": tags,
        "externalId": f"EPG-{number}",
        "crid": f"crid://{number}",
        "enableCatchUp": True,
    }


Piece = tuple[bytes, bytes]


class Record(NamedTuple):
    """A record around the place of what is its own, as it is and deflated."""

    head: bytes
    tail: bytes
    packed_head: bytes
    packed_tail: bytes


def deflated(text: bytes) -> bytes:
    """Compress a piece so that pieces can be joined."""
    pressed = zlib.compressobj(6, zlib.DEFLATED, -15)
    return pressed.compress(text) + pressed.flush(zlib.Z_FULL_FLUSH)


def stored(text: bytes) -> bytes:
    """Wrap a short piece as deflate has it, uncompressed."""
    return b"\0" + struct.pack("<HH", len(text), 0xFFFF ^ len(text)) + text


def piece(text: bytes) -> Piece:
    """Give a short text as it is, and as deflate has it."""
    return text, stored(text)


def gzipped(pieces: list[Piece]) -> bytes:
    """Join pieces, each as it is and deflated, into one gzip body."""
    crc = size = 0
    for text, _ in pieces:
        crc, size = zlib.crc32(text, crc), size + len(text)
    body = b"".join(packed for _, packed in pieces)
    end = b"\3\0" + struct.pack("<II", crc, size & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + body + end


MAPS = ("metas", "tags")
COMMA = piece(b",")
JSON_LIST = b'{"objectType":"KalturaAssetListResponse","totalCount":%d,"objects":['
XML_LIST = b"<objectType>KalturaAssetListResponse</objectType><totalCount>%d</totalCount><objects>"
XML_END = b"</objects>"


def is_xml(asked: dict[str, Any]) -> bool:
    """Return whether a request wants XML, as Kaltura's own client does."""
    return str(asked.get("format")) == "2"


def as_json(record: dict[str, Any]) -> str:
    """Write a record as the API's JSON does."""
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False)


def as_xml(tag: str, content: Any) -> str:
    """Write a value as the API's XML does, which leaves out what is null."""
    if isinstance(content, dict):
        inner = "".join(
            as_xml("item", {"itemKey": key, **one}) if tag in MAPS else as_xml(key, one)
            for key, one in content.items()
            if one is not None
        )
        return f"<{tag}>{inner}</{tag}>"
    if isinstance(content, list):
        return f"<{tag}>{''.join(as_xml('item', one) for one in content)}</{tag}>"
    written = str(content).lower() if isinstance(content, bool) else str(content)
    return f"<{tag}>{escape(written)}</{tag}>"


class Shop:
    """Records in the order of their ids, whole or some of their properties."""

    def __init__(self, rows: int, kind: str = "media", *, prepares: bool = False) -> None:
        self.ids: list[int] = list(range(FIRST_ID, FIRST_ID + rows))
        self.lock = threading.Lock()
        self._kind = kind
        self.depth = 0  # how deep pages go; 0 is no end
        self.given = 0  # pages, counted roughly by several threads
        self._channels, self._slot = 100, 900  # seconds between two starts on a channel
        self._encoded: dict[str, list[Record]] = {}
        self._prepared: dict[Any, list[Piece]] | None = {} if prepares else None

    def page(self, asked: dict[str, Any], most: int) -> list[Piece]:
        """Give a page as pieces of a body: each as it is, and deflated."""
        pager = asked.get("pager") or {}
        size = min(int(pager.get("pageSize", 25)), most)
        first = (int(pager.get("pageIndex", 1)) - 1) * size
        ksql = str((asked.get("filter") or {}).get("kSql", ""))
        order = str((asked.get("filter") or {}).get("orderBy", ""))
        fields = (asked.get("responseProfile") or {}).get("retrievedProperties", "")
        if self.depth and first + size > self.depth and first:
            return [piece(TOO_DEEP)]
        with self.lock:
            low, high = self._bounds(ksql)
            if order.endswith("_DESC"):
                ids = self.ids[low:high][::-1][first : first + size]
            else:
                ids = self.ids[min(low + first, high) : min(low + first + size, high)]
        xml, many = is_xml(asked), high - low
        if self._prepared is None:
            return self._listed(ids, many, fields, xml)
        key = (tuple(ids), many, fields, xml)
        if key not in self._prepared:
            text = b"".join(text for text, _ in self._listed(ids, many, fields, xml))
            self._prepared[key] = [(text, deflated(text))]
        return self._prepared[key]

    def _listed(self, ids: list[int], many: int, fields: str, xml: bool) -> list[Piece]:
        head, end = (XML_LIST if xml else JSON_LIST) % many, XML_END if xml else b"]}"
        pieces = [piece(head)]
        records = self._records(fields, xml)
        for n, number in enumerate(ids):
            one = records[number % DISTINCT]
            pieces.append((one.head, one.packed_head))
            pieces.append(piece(self._own(number, fields, xml)))
            pieces.append((one.tail, one.packed_tail))
            if n < len(ids) - 1 and not xml:
                pieces.append(COMMA)
        return [*pieces, piece(end)]

    def _own(self, number: int, fields: str, xml: bool) -> bytes:
        """Write what a record has of its own: its id, and a programme's channel and times."""
        if xml:
            return b"<id>%d</id>" % number
        if self._kind == "media" or fields == "objectType,id,type":
            return b'"id":%d' % number
        place, channel = divmod(number - FIRST_ID, self._channels)
        start = 1_700_000_000 + place * self._slot
        return b'"id":%d,"linearAssetId":%d,"startDate":%d,"endDate":%d' % (
            number, channel, start, start + self._slot,
        )  # fmt: skip

    def _bounds(self, ksql: str) -> tuple[int, int]:
        """Find between which places a filter's rows lie."""
        low, high = 0, len(self.ids)
        for operator, bound in re.findall(r"(?:media_id|epg_id)(>=|<)'(-?\d+)'", ksql):
            at = bisect_left(self.ids, int(bound))
            low, high = (max(low, at), high) if operator == ">=" else (low, min(high, at))
        if self._kind == "epg":
            for key, operator, bound in re.findall(r"(start|end)_date(>=|<|>)'(\d+)'", ksql):
                late = self._slot if key == "end" else 0
                beyond = (int(bound) - late - 1_700_000_000) / self._slot
                place = int(beyond // 1) + 1 if operator == ">" else -int(-beyond // 1)
                at = bisect_left(self.ids, FIRST_ID + place * self._channels)
                low, high = (low, min(high, at)) if operator == "<" else (max(low, at), high)
        return low, max(low, high)

    def _records(self, fields: str, xml: bool) -> list[Record]:
        """Encode each made-up record around the place of its own part."""
        key = f"{fields} {xml}"
        if key not in self._encoded:
            make = asset if self._kind == "media" else programme
            wanted = set(fields.split(",")) if fields else None
            made = []
            for number in range(DISTINCT):
                kept = {k: v for k, v in make(number).items() if wanted is None or k in wanted}
                text = as_xml("item", kept) if xml else as_json(kept)
                mark = rb"<id>\d+</id>" if xml else rb'"id":\d+'
                head, tail = re.split(mark, text.encode(), maxsplit=1)
                made.append(Record(head, tail, deflated(head), deflated(tail)))
            self._encoded[key] = made
        return self._encoded[key]


class Chaos:
    """A bad day from a seed: what befalls a request, and which rows come and go after it."""

    def __init__(self, seed: int, shop: Shop) -> None:
        self._dice, self._shop = random.Random(seed), shop
        self.stayed = set(shop.ids)  # rows that were there all the time
        self.calls = 0

    def strike(self) -> str:
        """Say what befalls the next request."""
        with self._shop.lock:
            self.calls += 1
            draw = self._dice.random()
            for rate, kind in ((0.05, "5xx"), (0.02, "reset"), (0.01, "truncated"), (0.01, "429")):
                if draw < rate:
                    return kind
                draw -= rate
            return "expired" if self.calls % 200 == 0 else ""

    def churn(self) -> None:
        """Let a row go and another come, at a place and with an id of chance."""
        with self._shop.lock:
            ids = self._shop.ids
            gone = ids.pop(self._dice.randrange(len(ids)))
            self.stayed.discard(gone)
            ids.append(ids[-1] + self._dice.randint(1, 3))


class Handler(BaseHTTPRequestHandler):
    """Answers asset.list and multirequests of it; any other action is a login."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    shop: Shop
    most = 50
    latency = work = 0.0
    rate = 0.0
    compress = True
    chaos: Chaos | None = None
    busy = threading.Semaphore(SERVER_WORKERS)
    link = threading.Lock()

    def do_POST(self) -> None:
        """Answer."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.latency)
        strike = self.chaos.strike() if self.chaos and "/asset/" in self.path else ""
        if self.chaos and "multirequest" in self.path:
            strike = self.chaos.strike()
        if strike:
            self._strike(strike)
            return
        if "multirequest" in self.path:
            calls = [one for key, one in asked.items() if key.isdigit()]
        elif "/asset/" in self.path:
            calls = [asked]
        else:
            ks = b"djJ8-benchmark-%d" % next(LOGINS)
            self._send(200, b'{"result":{"objectType":"KalturaLoginSession","ks":"%s"}}' % ks)
            return
        parts = [self._listed(one) for one in calls]
        many = "multirequest" in self.path
        seconds = self.work * len(parts) + 0.0005
        if is_xml(asked):
            head, end = b"<xml><executionTime>%.4f</executionTime><result>", b"</result></xml>"
        else:
            head = b'{"executionTime":%.4f,"result":' + b"[" * many
            end = b"]" * many + b"}"
        pieces = [piece(head % seconds)]
        for n, part in enumerate(parts):
            pieces += [COMMA] * (n > 0) + part
        pieces.append(piece(end))
        if self.compress and "gzip" in self.headers.get("Accept-Encoding", ""):
            self._send(200, gzipped(pieces), "gzip")
        else:
            self._send(200, b"".join(text for text, _ in pieces))

    def do_GET(self) -> None:
        """Say how many pages were given."""
        self._send(200, b"%d" % self.shop.given)

    def _listed(self, asked: dict[str, Any]) -> list[Piece]:
        self.shop.given += 1
        if self.work:
            with self.busy:
                time.sleep(self.work)
        page = self.shop.page(asked, self.most)
        if self.chaos:
            self.chaos.churn()
        return page

    def _send(self, status: int, body: bytes, encoding: str = "", wait: str = "") -> None:
        if self.rate:
            with self.link:  # one link, shared by whoever asks
                time.sleep(len(body) * 8 / self.rate)
        self.send_response_only(status)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        if wait:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _strike(self, kind: str) -> None:
        if kind == "5xx":
            self._send(503, b"<html>busy</html>")
        elif kind == "429":
            self._send(429, b"", wait="1")
        elif kind == "expired":
            self._send(200, EXPIRED)
        elif kind == "truncated":
            self.send_response_only(200)
            self.send_header("Content-Length", "9000")
            self.end_headers()
            self.wfile.write(b'{"executionTime":0.1,"result":{"objects":[')
            self.close_connection = True
        else:
            self.close_connection = True
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


LOGINS = itertools.count(1)
TOO_DEEP = b'{"error":{"objectType":"KalturaAPIException","code":"1","message":"Search failed"}}'
EXPIRED = (
    b'{"result":{"error":{"objectType":"KalturaAPIException","code":"500016",'
    b'"message":"KS expired"}}}'
)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--kind", choices=("media", "epg"), default="media")
    parser.add_argument("--page", type=int, default=50)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--work", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--depth", type=int, default=0, help="how deep pages go; 0: no end")
    parser.add_argument("--plain", action="store_true", help="no gzip, whoever asks for it")
    given = parser.parse_args()
    prepares = given.rows <= SMALL and not given.plain
    Handler.shop, Handler.most = Shop(given.rows, given.kind, prepares=prepares), given.page
    Handler.shop.depth = given.depth
    Handler.latency, Handler.work, Handler.rate = given.latency, given.work, given.rate
    Handler.compress = not given.plain
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients are killed
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
