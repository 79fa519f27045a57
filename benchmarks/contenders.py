"""One way each of pulling every asset into a DataFrame; run alone, it prints what that cost."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

PAGE = 50
FIELDS = [
    *("name", "type", "startDate", "endDate", "createDate", "updateDate", "externalId"),
    *("status", "entryId", "description"),
]


def ours(url: str) -> int:
    """kott.assets, everything kept."""
    import kott_notebooks as kott

    return len(kott.assets(kott.login(url, 1, ks="djJ8-benchmark")))


def ours_fields(url: str) -> int:
    """kott.assets with ten scalars."""
    import kott_notebooks as kott

    return len(kott.assets(kott.login(url, 1, ks="djJ8-benchmark"), fields=FIELDS))


def loop(url: str) -> int:
    """What a notebook has: requests.post and pandas.json_normalize."""
    import pandas as pd

    return len(
        pd.json_normalize([row for page in _pages(url) for row in page.json()["result"]["objects"]])
    )


def bytes_only(url: str) -> int:
    """Read every page, and look at nothing."""
    return sum(PAGE for page in _pages(url) if page.content)


def _pages(url: str) -> Iterator[Any]:
    import requests

    with requests.Session() as session:
        index, total = 0, 1
        while index * PAGE < total:
            index += 1
            body = {
                "apiVersion": "11.5.0.0",
                "ks": "djJ8-benchmark",
                "format": 1,
                "filter": {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"},
                "pager": {"pageSize": PAGE, "pageIndex": index},
            }
            page = session.post(f"{url}/api_v3/service/asset/action/list", json=body)
            if total == 1:
                total = page.json()["result"]["totalCount"]
            yield page


def kaltura(url: str) -> int:
    """Kaltura's published client, its objects into a list of dicts."""
    from KalturaClient import KalturaClient, KalturaConfiguration
    from KalturaClient.Plugins.Core import KalturaFilterPager, KalturaSearchAssetFilter

    config = KalturaConfiguration()
    config.serviceUrl = url
    config.requestTimeout = 600
    client = KalturaClient(config)
    client.setKs("djJ8-benchmark")
    rows, index = [], 0
    while True:
        index += 1
        wanted = KalturaSearchAssetFilter()
        wanted.kSql = "asset_type='media'"
        pager = KalturaFilterPager()
        pager.pageSize, pager.pageIndex = PAGE, index
        found = client.asset.list(wanted, pager)
        rows += [vars(one) for one in found.objects or []]
        if len(rows) >= found.totalCount or not found.objects:
            return len(rows)


CONTENDERS: dict[str, Callable[[str], int]] = {
    "bytes": bytes_only,
    "loop": loop,
    "kaltura": kaltura,
    "ours": ours,
    "ours, fields": ours_fields,
}


def main() -> None:
    """Run one contender: its name, the server's url."""
    if sys.argv[1].startswith("ours"):
        import kott_notebooks  # noqa: F401
    elif sys.argv[1] == "loop":
        import pandas  # noqa: F401
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    rows = CONTENDERS[sys.argv[1]](sys.argv[2])
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = (after.ru_maxrss - before.ru_maxrss) / 1024
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "peak": peak}))


if __name__ == "__main__":
    main()
