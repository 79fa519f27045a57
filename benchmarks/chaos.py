"""Pull 100,000 rows through bad days, one a seed, and count what is missing or there twice.

5 % of the requests get an HTTP 503, 2 % a reset, 1 % half a body, 1 % a 429 with Retry-After; the
ks is over every 200 calls; and after each page that is given, a row goes and another comes. A run
is good if every row that was there all the time is in the table, once. Then the same is tried with
one attempt a call instead of six.
"""

from __future__ import annotations

import argparse
import threading
import time
from http.server import ThreadingHTTPServer

import standin

import kott_notebooks as kott
from kott_notebooks.tables.provenance import facts


def main() -> None:
    """Print a row a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    print(f"{'seed':>6}{'rows':>9}{'missing':>9}{'twice':>7}{'requests':>10}{'retries':>9}{'s':>8}")
    good = sum(row(seed, given.rows) for seed in range(given.seeds))
    print(f"good: {good} of {given.seeds}")
    print(f"without retries: {failure(given.rows)}")


def row(seed: int, rows: int) -> bool:
    """Pull through one bad day, and return whether all is there."""
    began = time.perf_counter()
    table, chaos = pulled(seed, rows)
    ids = set(table["id"])
    missing, twice = len(chaos.stayed - ids), len(table) - len(ids)
    known = facts(table)
    print(
        f"{seed:>6}{len(table):>9,}{missing:>9}{twice:>7}{known['requests']:>10,}"
        f"{known['retries']:>9,}{time.perf_counter() - began:>8.1f}",
        flush=True,
    )
    return missing == twice == 0


def failure(rows: int) -> str:
    """Say how the same run ends where nothing is asked for again."""
    try:
        pulled(0, rows, attempts=1)
    except kott.KottError as error:
        return f"{type(error).__name__}: {error}"
    return "all of it came"


def pulled(seed: int, rows: int, attempts: int = 6):  # type: ignore[no-untyped-def]
    """Pull a table from a server of its own; give the chaos that it went through as well."""
    shop = standin.Shop(rows)
    chaos = standin.Chaos(seed, shop)

    class Handler(standin.Handler):
        pass

    Handler.shop, Handler.chaos, Handler.most = shop, chaos, 50
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        session = kott.login(url, 1, anonymous=True, attempts=attempts)
        return kott.assets(session, fields=["name"], progress=False), chaos
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
