"""One way each of pulling every asset into a DataFrame; run alone, it prints what that cost.

Ours is what `kott.assets` gives: complete, proved by tiles, with typed columns. The others
page once and trust it. `KOTT_BENCH_WORKERS` and `KOTT_BENCH_PACK` fix what ours would choose.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

PAGE = int(os.environ.get("KOTT_BENCH_PAGE", "50"))  # what the server gives at most
FIELDS = [
    *("name", "type", "startDate", "endDate", "createDate", "updateDate", "externalId"),
    *("status", "entryId", "description"),
]


def ours(url: str, fields: list[str] | None = None) -> int:
    """kott.assets, everything kept."""
    import kott_notebooks as kott
    from kott_notebooks.paging import run

    if pack := int(os.environ.get("KOTT_BENCH_PACK", "0")):
        run.batch_size = lambda *_: pack
    workers = int(os.environ.get("KOTT_BENCH_WORKERS", "8"))
    session = kott.login(url, 1, ks="djJ8-benchmark")
    return _kept(kott.assets(session, fields=fields, workers=workers))


def ours_fields(url: str) -> int:
    """kott.assets with ten scalars."""
    return ours(url, FIELDS)


def ours_epg(url: str) -> int:
    """kott.epg of a long window."""
    import kott_notebooks as kott

    session = kott.login(url, 1, ks="djJ8-benchmark")
    return _kept(kott.epg(session, "2023-11-14T22:13:20", "2030-01-01"))


def loop(url: str) -> int:
    """What a notebook has: requests.post and pandas.json_normalize."""
    import pandas as pd

    rows = [row for page, _ in _pages(url) for row in page.json()["result"]["objects"]]
    return _kept(pd.json_normalize(rows))


def bytes_only(url: str) -> int:
    """Read every page, and look at nothing but the server's count."""
    rows = 0
    for page, total in _pages(url):
        rows = min(rows + PAGE * bool(page.content), total)  # the last page may be short
    return rows


def _pages(url: str) -> Iterator[tuple[Any, int]]:
    import requests

    with requests.Session() as session:
        index, total = 0, 1
        while index * PAGE < total:
            index += 1
            page = session.post(f"{url}/api_v3/service/asset/action/list", json=_body(index))
            if total == 1:
                total = page.json()["result"]["totalCount"]
            yield page, total


def _body(index: int) -> dict[str, Any]:
    return {
        "apiVersion": "11.5.0.0",
        "ks": "djJ8-benchmark",
        "format": 1,
        "filter": {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"},
        "pager": {"pageSize": PAGE, "pageIndex": index},
    }


def kaltura(url: str) -> int:
    """Kaltura's published client, the properties of its objects into a DataFrame."""
    import pandas as pd
    from KalturaClient import KalturaClient, KalturaConfiguration
    from KalturaClient.Plugins.Core import KalturaFilterPager, KalturaSearchAssetFilter

    config = KalturaConfiguration()
    config.serviceUrl = url
    config.requestTimeout = 600
    client = KalturaClient(config)
    client.setKs("djJ8-benchmark")
    rows: list[dict[str, Any]] = []
    index = 0
    while True:
        index += 1
        wanted = KalturaSearchAssetFilter()
        wanted.kSql = "asset_type='media'"
        pager = KalturaFilterPager()
        pager.pageSize, pager.pageIndex = PAGE, index
        page = client.asset.list(wanted, pager)
        rows += [vars(one) for one in page.objects or []]
        if len(rows) >= page.totalCount or not page.objects:
            return _kept(pd.DataFrame(rows))


def dlt_source(url: str) -> int:
    """dlt's REST source with its page-number pagination, its records into a DataFrame."""
    import pandas as pd
    from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
    from dlt.sources.rest_api import rest_api_source

    pages = PageNumberPaginator(base_page=1, total_path=None, page_body_path="pager.pageIndex")
    source = rest_api_source(
        {
            "client": {"base_url": f"{url}/api_v3/service/"},
            "resources": [
                {
                    "name": "assets",
                    "endpoint": {
                        "path": "asset/action/list",
                        "method": "POST",
                        "json": _body(1),
                        "paginator": pages,
                        "data_selector": "result.objects",
                    },
                }
            ],
        }
    )
    return _kept(pd.json_normalize(list(source.resources["assets"])))


CONTENDERS: dict[str, Callable[[str], int]] = {
    "bytes": bytes_only,
    "loop": loop,
    "kaltura": kaltura,
    "dlt": dlt_source,
    "ours": ours,
    "ours, fields": ours_fields,
    "ours, epg": ours_epg,
}
KEPT: list[Any] = []  # the finished table, weighed when the clock has stopped

# What a notebook has imported long before it pulls, and what is imported at the first use.
OF_ALL = ("requests", "netrc")
NEEDS: dict[str, tuple[str, ...]] = {
    "bytes": (),
    "loop": ("pandas", "pyarrow.pandas_compat"),
    "kaltura": (
        "pandas",
        "KalturaClient",
        "KalturaClient.Plugins.Core",
        "KalturaClient.Plugins.__init__",
    ),
    "dlt": (
        *("pandas", "pyarrow.pandas_compat", "dlt", "dlt.sources.rest_api"),
        *("dlt.sources.helpers.requests", "dlt.sources.helpers.rest_client.paginators"),
        *("dlt.common.configuration.plugins", "dlt._workspace._plugins"),
        *("dlt._workspace.cli._plugins", "dlt.__plugins__"),
    ),
    "ours": ("kott_notebooks", "pandas.core.arrays.arrow._arrow_utils"),
}


def _kept(table: Any) -> int:
    KEPT.append(table)
    return len(table)


def _table() -> float:
    return sum(float(table.memory_usage(deep=True).sum()) for table in KEPT) / 2**20


class Peak:
    """The most memory that this process held while something was done, above what it began with."""

    def __init__(self) -> None:
        self._before = self._most = _resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, _resident())

    def mib(self) -> float:
        """Stop looking, and say."""
        self._over.set()
        self._thread.join()
        return (max(self._most, _resident()) - self._before) / 2**20


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def main() -> None:
    """Run one contender: its name, the server's url."""
    for module in (*OF_ALL, *NEEDS[sys.argv[1].partition(",")[0]]):
        importlib.import_module(module)
    peak, before = Peak(), resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    rows = CONTENDERS[sys.argv[1]](sys.argv[2])
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = {"rows": rows, "seconds": seconds, "cpu": cpu, "peak": peak.mib(), "table": _table()}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
