"""Two snapshots of 500,000 assets compared, and a year of 400 channels audited by Dask.

python benchmarks/history.py                   compare
python benchmarks/history.py guide --workers 2  save 10,000,000 programmes, audit them
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd

import kott_notebooks as kott
from kott_notebooks import demo, scale, schedule
from kott_notebooks.history import drafts
from kott_notebooks.history.store import tables_of

CHANNELS, DAYS, A_DAY = 400, 365, 68  # programmes of a channel and day


def compare(rows: int, changes: int) -> None:
    """Save two tables apart by known changes, load both, and compare them.

    Another process makes the tables, so that the peak is that of loading and comparing.
    """
    with tempfile.TemporaryDirectory() as store:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            changed = pool.submit(save_two, store, rows, changes).result()
        begin, cpu = time.perf_counter(), time.process_time()
        first = kott.load(store, at="2026-03-01")
        last = kott.load(store, at="2026-03-02")
        loaded, loaded_cpu = time.perf_counter() - begin, time.process_time() - cpu
        print(f"loaded: {peak():.2f} GiB", flush=True)
        begin, cpu = time.perf_counter(), time.process_time()
        found = kott.diff(first, last)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    exact = set(found["key"]) == set(map(str, changed)) and len(found) == changes
    print(f"{rows:,} assets of {first.shape[1]} columns, {changes:,} changes: exact {exact}")
    print(f"load both {loaded:.1f} s ({loaded_cpu:.1f} s of CPU), diff {seconds:.1f} s ({cpu:.1f})")
    print(f"peak {peak():.2f} GiB")


def save_two(store: str, rows: int, changes: int) -> list[int]:
    """Save two tables, of which some rows have another name; returns the ids of those."""
    few = kott.assets(demo.login(assets=2_000, channels=4, days=1, households=0))
    times = -(-rows // len(few))
    before = pd.concat([few] * times, ignore_index=True).iloc[:rows]
    before = before.assign(id=pd.array(range(rows), dtype="Int64"))
    kott.save(before, store, name="assets", when="2026-03-01")
    changed = np.random.default_rng(1).choice(rows, changes, replace=False)
    before.loc[changed, "name"] = before.loc[changed, "name"].fillna("") + " anew"
    kott.save(before, store, name="assets", when="2026-03-02")
    return [int(one) for one in changed]


def guide(store: str, workers: int, channels: int) -> None:
    """Audit ten million programmes with a number of worker processes, and a sample without."""
    from distributed import Client, LocalCluster

    if kott.snapshots(store).empty:
        with drafts.begin(store, name="epg", query={"channels": CHANNELS}) as draft:
            for place in range(len(draft.parts) * 20, channels, 20):
                draft.append(year(range(place, place + 20)), {"first": place})
            draft.commit({})
    rows = int(kott.snapshots(store)["rows"].sum())
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit="1.6GiB",
            dashboard_address=None,
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
    ):
        begin, cpu = time.perf_counter(), time.process_time()
        before = sum(client.run(time.process_time).values())
        found = scale.map_channels(store, schedule.audit, now="2026-12-30")
        seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
        there = sum(client.run(time.process_time).values()) - before
        memory = [peak(), *client.run(peak).values()]
    print(f"{rows:,} programmes, {workers} workers: {seconds:.0f} s, {len(found):,} findings")
    print(f"{cpu:.0f} s of CPU here, {there:.0f} s on the workers")
    each = ", ".join(f"{one:.2f}" for one in memory[1:])
    print(f"peak {memory[0]:.2f} GiB here, {each} there, {sum(memory):.2f} in all")
    sample = next(tables_of(store))
    sample = sample[sample["linearAssetId"].isin(range(5))]
    own = found[found["linearAssetId"].isin(range(5))]
    plain = schedule.audit(sample, now="2026-12-30")
    key = ["rule", "id", "linearAssetId"]
    equal = sorted(map(tuple, plain[key].astype("str").to_numpy())) == sorted(
        map(tuple, own[key].astype("str").to_numpy())
    )
    print(f"a sample of 5 channels has the same findings: {equal}")


def year(channels: range) -> pd.DataFrame:
    """Make a year of some channels: 68 programmes a day, now and then a gap or no description."""
    per_channel = DAYS * A_DAY
    dice = np.random.default_rng(channels.start)
    start = pd.Timestamp("2026-01-01", tz="UTC").value // 1000
    slot = 86_400_000_000 // A_DAY
    begins = start + np.tile(np.arange(per_channel, dtype=np.int64) * slot, len(channels))
    size = per_channel * len(channels)
    ends = begins + np.where(dice.random(size) < 0.0005, slot // 2, slot)
    names = np.array([f"Show {one} of the week" for one in range(5_000)], dtype=object)
    stories = np.array([f"What happens in part {one}" for one in range(5_000)], dtype=object)
    picked = dice.integers(0, 5_000, size)
    said = pd.Series(stories[picked], dtype="str").mask(dice.random(size) < 0.0005)
    return pd.DataFrame(
        {
            "id": pd.array(np.arange(size) + channels.start * per_channel, dtype="Int64"),
            "linearAssetId": pd.array(np.repeat(np.array(channels), per_channel), dtype="Int64"),
            "name": pd.Series(names[picked], dtype="str"),
            "description": said,
            "startDate": pd.to_datetime(begins, unit="us", utc=True).as_unit("us"),
            "endDate": pd.to_datetime(ends, unit="us", utc=True).as_unit("us"),
        }
    )


def peak() -> float:
    """Return this process's peak memory in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("what", nargs="?", default="diff", choices=("diff", "guide"))
    arguments.add_argument("--rows", type=int, default=500_000)
    arguments.add_argument("--changes", type=int, default=1_000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--channels", type=int, default=CHANNELS)
    arguments.add_argument("--store", default="kott-year")
    given = arguments.parse_args()
    if given.what == "diff":
        compare(given.rows, given.changes)
    else:
        guide(given.store, given.workers, given.channels)
