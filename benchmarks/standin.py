"""A server that gives the same assets again and again, fast enough not to be what is measured.

An asset is 5.7 KB of JSON: 15 metas, 8 tags of two values, 6 images, 3 media files. Pages hold at
most 50 unless told; `latency` is slept before each reply. JSON and XML, gzip as asked for.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

SEED = 20_261_123
FIRST_ID = 1_000_000
MAPS = ("metas", "tags")
WORDS = ("harbour", "winter", "letter", "garden", "stranger", "river", "promise", "mirror")


def asset(number: int) -> dict[str, Any]:
    """Make one asset; the same for the same number."""
    dice = random.Random(SEED + number)

    def text(words: int) -> str:
        return " ".join(dice.choice(WORDS) for _ in range(words))

    def value(kind: str, content: object) -> dict[str, Any]:
        return {"objectType": f"Kaltura{kind}Value", "value": content}

    metas = {f"Text {n}": value("MultilingualString", text(6)) for n in range(9)}
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
    images = [
        {
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
        for n in range(6)
    ]
    files = [
        {
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
        for n in range(3)
    ]
    return {
        "objectType": "KalturaMediaAsset",
        "id": number,
        "type": 411,
        "name": text(4),
        "description": text(30),
        "images": images,
        "mediaFiles": files,
        "metas": metas,
        "tags": tags,
        "startDate": 1_600_000_000,
        "endDate": 1_900_000_000,
        "createDate": 1_600_000_000 + number,
        "updateDate": 1_700_000_000,
        "externalId": f"EXT-{number}",
        "status": True,
        "entryId": f"0_{number:08x}",
    }


def xml(tag: str, value: Any) -> str:
    """Write a value as the API's XML does."""
    if isinstance(value, dict):
        inner = "".join(
            xml("item", {"itemKey": key, **one}) if tag in MAPS else xml(key, one)
            for key, one in value.items()
        )
        return f"<{tag}>{inner}</{tag}>"
    if isinstance(value, list):
        return f"<{tag}>{''.join(xml('item', one) for one in value)}</{tag}>"
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{tag}>{escape(written)}</{tag}>"


class Shop:
    """Encoded assets, whole or some properties of them."""

    def __init__(self, rows: int, distinct: int = 500) -> None:
        self.rows, self.distinct = rows, distinct
        self._assets = [asset(number) for number in range(distinct)]
        self._encoded: dict[tuple[str, str], list[tuple[bytes, bytes]]] = {}

    def page(self, form: str, fields: str, ksql: str, first: int, size: int) -> bytes:
        """Join a page's records; each has an id of its own, by which a filter may narrow them."""
        halves = self._halves(form, fields)
        within = range(self.rows)
        for operator, bound in re.findall(r"media_id(>=|<)'(\d+)'", ksql):
            at = min(max(int(bound) - FIRST_ID, 0), self.rows)
            kept = range(at, self.rows) if operator == ">=" else range(at)
            within = range(max(within.start, kept.start), min(within.stop, kept.stop))
        parts = [
            head + str(FIRST_ID + number).encode() + tail
            for number in within[first : first + size]
            for head, tail in [halves[number % self.distinct]]
        ]
        if form == "xml":
            inner = b"".join(parts)
            return (
                b"<xml><executionTime>0.001</executionTime><result>"
                b"<objectType>KalturaAssetListResponse</objectType>"
                b"<totalCount>%d</totalCount><objects>%s</objects></result></xml>"
            ) % (len(within), inner)
        return (
            b'{"executionTime":0.001,"result":{"objectType":"KalturaAssetListResponse",'
            b'"totalCount":%d,"objects":[%s]}}'
        ) % (len(within), b",".join(parts))

    def _halves(self, form: str, fields: str) -> list[tuple[bytes, bytes]]:
        """Encode each asset around the place of its id."""
        key = (form, fields)
        if key not in self._encoded:
            wanted = set(fields.split(",")) if fields else None
            made = []
            for one in self._assets:
                kept = {n: v for n, v in one.items() if wanted is None or n in wanted}
                kept["id"] = "\0"
                text = (
                    xml("item", kept) if form == "xml" else json.dumps(kept, separators=(",", ":"))
                )
                mark = "\0" if form == "xml" else '"\\u0000"'
                head, tail = text.split(mark, 1)
                made.append((head.encode(), tail.encode()))
            self._encoded[key] = made
        return self._encoded[key]


class Handler(BaseHTTPRequestHandler):
    """Answers asset.list; any other action is a login."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    shop: Shop
    latency: float
    most: int

    def do_POST(self) -> None:
        """Answer."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(self.latency)
        if "multirequest" in self.path:
            parts = [self._listed(one) for key, one in asked.items() if key.isdigit()]
            body = b'{"executionTime":0.001,"result":[%s]}' % b",".join(map(_result, parts))
        else:
            body = self._listed(asked) if "asset" in self.path else LOGIN[_form(asked)]
        self.send_response_only(200)
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 1_400:
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header(
            "Content-Type", "text/xml" if _form(asked) == "xml" else "application/json"
        )
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _listed(self, asked: dict[str, Any]) -> bytes:
        pager = asked.get("pager") or {}
        size = min(int(pager.get("pageSize", 25)), self.most)
        fields = (asked.get("responseProfile") or {}).get("retrievedProperties", "")
        first = (int(pager.get("pageIndex", 1)) - 1) * size
        ksql = (asked.get("filter") or {}).get("kSql", "")
        return self.shop.page(_form(asked), fields, ksql, first, size)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _result(reply: bytes) -> bytes:
    return reply[reply.index(b'"result":') + 9 : -1]


def _form(asked: dict[str, Any]) -> str:
    return "xml" if str(asked.get("format")) == "2" else "json"


LOGIN = {
    "json": b'{"result":{"objectType":"KalturaLoginSession","ks":"djJ8-benchmark"}}',
    "xml": b"<xml><result><objectType>KalturaLoginSession</objectType>"
    b"<ks>djJ8-benchmark</ks></result></xml>",
}


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--page", type=int, default=50)
    given = parser.parse_args()
    Handler.shop, Handler.latency, Handler.most = Shop(given.rows), given.latency, given.page
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
