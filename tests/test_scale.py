"""The same functions by partitions on Dask: results of one machine, and no secret on the way."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pandas as pd
import pytest
from dask.dataframe import from_pandas as dask_table
from distributed.protocol import pickle

import kott_notebooks as kott
from kott_notebooks import KottError, catalog, demo, scale, schedule
from kott_notebooks.demo.backend.deployments import STRICT
from kott_notebooks.scale import sources
from kott_notebooks.tables.provenance import facts

NOON = pd.Timestamp("2026-03-01T12:00", tz="UTC")
SECRET = "Kanarie-scale-word"


@pytest.fixture(scope="module")
def session() -> kott.Session:
    clock = NOON.timestamp
    return demo.login(assets=300, channels=8, days=4, households=5, clock=clock)


@pytest.fixture(scope="module")
def channels(session: kott.Session) -> pd.DataFrame:
    return kott.channels(session)


@pytest.fixture(scope="module")
def epg(session: kott.Session) -> pd.DataFrame:
    """A guide with defects, and a channel that shows what another one shows."""
    table = kott.epg(session, NOON, NOON + pd.Timedelta(days=3))
    first = table["linearAssetId"].iloc[0]
    copied = table[table["linearAssetId"] == first]
    other = table["linearAssetId"][table["linearAssetId"] != first].iloc[-1]
    own = table[table["linearAssetId"] != other]
    copied = copied.assign(linearAssetId=other, id=copied["id"] + 10**9)
    joined: pd.DataFrame = pd.concat([own, copied], ignore_index=True)
    joined.attrs = table.attrs
    return joined


@pytest.fixture(scope="module")
def assets(session: kott.Session) -> pd.DataFrame:
    return kott.assets(session, language="*")


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    with dask.config.set(scheduler="threads"):
        yield


def same_findings(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Compare findings whatever the order of equal ones, and what was judged."""
    by = ["rule", "id", "field", "detail", "linearAssetId"]
    one, other = (table.sort_values(by, ignore_index=True) for table in (found, expected))
    pd.testing.assert_frame_equal(one, other, check_dtype=True)
    for fact in ("not_judged", "waived", "judged", "rules_judged", "scores", "unused", "matched"):
        assert facts(found).get(fact) == facts(expected).get(fact), fact


@pytest.mark.parametrize("function", [schedule.gaps, schedule.overlaps, schedule.horizon])
def test_a_function_of_channels_returns_what_it_returns_on_one_machine(
    epg: pd.DataFrame, function: Any
) -> None:
    """Whatever the number of channels in a partition."""
    for rows in (1, 200, 10**6):
        found = scale.map_channels(epg, function, rows=rows)
        pd.testing.assert_frame_equal(found, function(epg))


@pytest.mark.parametrize("with_channels", [False, True])
def test_the_audit_of_a_guide_finds_the_same(
    epg: pd.DataFrame, channels: pd.DataFrame, with_channels: bool
) -> None:
    """Channels without programmes and channels that are the same, which no partition shows."""
    options: dict[str, Any] = {"channels": channels} if with_channels else {}
    expected = schedule.audit(epg, tz="Europe/Berlin", **options)
    assert "schedule.same_as" in set(expected["rule"])
    found = scale.map_channels(epg, schedule.audit, rows=100, tz="Europe/Berlin", **options)
    same_findings(found, expected)


def test_a_guide_without_provenance_has_the_edges_of_the_whole(
    epg: pd.DataFrame, channels: pd.DataFrame
) -> None:
    """The window is that of all partitions; causes of bad times are counted over all of them."""
    plain = epg.sort_values(["linearAssetId", "startDate"], ignore_index=True)
    plain.attrs.clear()
    plain["startDate"] = plain["startDate"].mask(np.arange(len(plain)) % 40 == 0)
    expected = schedule.audit(plain, channels, now=NOON)
    assert "schedule.bad_time" in set(expected["rule"])
    found = scale.map_channels(plain, schedule.audit, rows=100, channels=channels, now=NOON)
    same_findings(found, expected)


@pytest.mark.parametrize("by", ["channel", "day", None])
def test_a_store_is_read_by_the_workers(epg: pd.DataFrame, tmp_path: Path, by: Any) -> None:
    """However its files are split."""
    kott.save(epg, tmp_path, name="epg", by=by)
    found = scale.map_channels(tmp_path, schedule.audit, rows=100)
    same_findings(found, schedule.audit(epg))


def test_channels_have_the_weights_of_one_machine(epg: pd.DataFrame) -> None:
    """A partition need not have a channel with a weight."""
    weights = {epg["linearAssetId"].iloc[0]: 5}
    expected = schedule.audit(epg, weights=weights)
    same_findings(scale.map_channels(epg, schedule.audit, rows=100, weights=weights), expected)


def test_a_dask_table_is_shuffled(epg: pd.DataFrame) -> None:
    """Its partitions need not hold whole channels."""
    shuffled = epg.sample(frac=1, random_state=1).reset_index(drop=True)
    shuffled.attrs.clear()
    parts: Any = dask_table(shuffled, npartitions=3)  # type: ignore[no-untyped-call]
    found = scale.map_channels(parts, schedule.gaps)
    expected = schedule.gaps(shuffled)
    by = ["linearAssetId", "startDate"]
    pd.testing.assert_frame_equal(
        found.sort_values(by, ignore_index=True), expected.sort_values(by, ignore_index=True)
    )


def test_functions_that_compare_channels_are_refused(epg: pd.DataFrame) -> None:
    """They would compare those of one partition alone."""
    with pytest.raises(KottError, match=r"schedule\.simulcasts compares channels"):
        scale.map_channels(epg, schedule.simulcasts)
    with pytest.raises(KottError, match="rows must be at least 1, not 0"):
        scale.map_channels(epg, schedule.gaps, rows=0)


def test_the_audit_of_assets_finds_the_same(assets: pd.DataFrame, session: kott.Session) -> None:
    """Twins, series, values of tags and KSQL, which no partition shows."""
    labels = kott.labels(session)
    expected = catalog.audit(assets, labels=labels)
    families = set(expected["rule"].str.partition(".")[0])
    assert {"identity", "series", "image", "text", "meta"} <= families
    same_findings(scale.map_assets(assets, catalog.audit, rows=110, labels=labels), expected)


def test_fields_that_rules_name_are_judged_however_large(assets: pd.DataFrame) -> None:
    """A description or images that a partner's rules make mandatory."""
    rules = {"structs": {"Movie": {"mandatory": ["description", "images"]}}}
    expected = catalog.audit(assets, rules=rules)
    missing = expected["field"][expected["rule"] == "meta.missing"]
    assert {"description", "images"} & set(missing)
    same_findings(scale.map_assets(assets, catalog.audit, rows=110, rules=rules), expected)


def test_a_table_without_assets_has_no_findings(assets: pd.DataFrame, epg: pd.DataFrame) -> None:
    """Nor has one of programmes, which the provenance says are not judged."""
    for table in (assets.iloc[:0], epg):
        same_findings(scale.map_assets(table, catalog.audit), catalog.audit(table))


def test_assets_of_a_store_are_audited(assets: pd.DataFrame, tmp_path: Path) -> None:
    """By files, of which a snapshot may have several; an asset that is there twice is one asset."""
    twice = pd.concat([assets, assets.iloc[:20]], ignore_index=True)
    twice.attrs = assets.attrs
    same_findings(scale.map_assets(twice, catalog.audit, rows=200), catalog.audit(twice))
    kott.save(assets, tmp_path)
    same_findings(scale.map_assets(tmp_path, catalog.audit), catalog.audit(assets))


def test_checks_of_one_s_own_are_refused(assets: pd.DataFrame) -> None:
    """They may need the whole table."""
    with pytest.raises(KottError, match=r"as scale\.map_assets\(source, check\)"):
        scale.map_assets(assets, catalog.audit, checks=[lambda table: table])


def test_waivers_and_weights_are_those_of_one_machine(assets: pd.DataFrame) -> None:
    """A waiver counts once, and a partition need not have an asset with a weight."""
    waived = catalog.audit(assets).groupby("rule")["id"].first()
    rules = {
        "waivers": [
            {"rule": rule, "ids": [id_], "reason": "known", "until": "2099-01-01"}
            for rule, id_ in waived.items()
            if id_ is not None
        ]
    }
    options: dict[str, Any] = {"rules": rules, "weights": {str(assets["id"].iloc[0]): 7}}
    expected = catalog.audit(assets, **options)
    same_findings(scale.map_assets(assets, catalog.audit, rows=200, **options), expected)


SMALL: dict[str, Any] = {"assets": 150, "channels": 2, "days": 1, "households": 5}
DEEP = dataclasses.replace(STRICT, page_max=10, result_window=40)
login = partial(demo.login, clock=NOON.timestamp, deployment=DEEP, **SMALL)


def test_windows_are_pulled_by_workers(tmp_path: Path) -> None:
    """Each with a session of its own; the table is that of one session, in a store too."""
    expected = kott.assets(login())
    expected = expected.sort_values("id", ignore_index=True)
    row = scale.pull_assets(login, to=tmp_path, windows=3)
    assert row["rows"].tolist() == [len(expected)]
    for pulled in (scale.pull_assets(login, windows=5), kott.load(tmp_path)):
        assert sorted(pulled.columns) == sorted(expected.columns)
        pulled = pulled.sort_values("id", ignore_index=True)
        pd.testing.assert_frame_equal(pulled[expected.columns.tolist()], expected)


def test_no_secret_is_in_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers read credentials of their own: the graph that travels to them has no word of it."""
    seen: list[bytes] = []
    with demo.serve(deployment=DEEP, **SMALL) as server:
        monkeypatch.setenv("KOTT_URL", server.url)
        monkeypatch.setenv("KOTT_PARTNER_ID", str(demo.PARTNER_ID))
        monkeypatch.setenv("KOTT_USERNAME", demo.USERNAME)
        monkeypatch.setenv("KOTT_PASSWORD", demo.PASSWORD)

        def watched(graph: Any, keys: Any, **options: Any) -> Any:
            seen.append(pickle.dumps(graph))  # type: ignore[no-untyped-call]
            return dask.threaded.get(graph, keys, **options)

        with dask.config.set(scheduler=watched):
            assert len(scale.pull_assets(kott.login))
    assert seen
    assert demo.PASSWORD.encode() not in b"".join(seen)


@pytest.mark.parametrize(
    "login",
    [
        partial(kott.login, password=SECRET),
        partial(kott.login, "https://x.invalid", 1, ks=SECRET),
    ],
)
def test_a_login_that_holds_a_secret_is_refused(login: Any) -> None:
    """Before anything is sent anywhere."""
    with pytest.raises(KottError, match="would travel to the workers") as caught:
        scale.pull_assets(login)
    assert SECRET not in str(caught.value)


def test_partners_are_pulled_side_by_side() -> None:
    """One table, with the partner's name in each row."""
    logins = {name: partial(login, seed=seed) for name, seed in (("north", 1), ("south", 2))}
    table = scale.map_partners(logins, kott.channels)
    assert table.groupby("partner").size().to_dict() == {"north": 2, "south": 2}


def test_a_killed_worker_costs_nothing(epg: pd.DataFrame, tmp_path: Path) -> None:
    """One of a cluster's two processes ends in the middle: audits and pulls are complete."""
    distributed = pytest.importorskip("distributed")
    kott.save(epg, tmp_path / "store", name="epg", by="channel")
    marks = [tmp_path / name for name in ("audit", "pull")]
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster),
    ):
        gaps = partial(gaps_once_killed, mark=marks[0])
        found = scale.map_channels(tmp_path / "store", gaps, rows=1)
        dying = partial(login_once_killed, mark=marks[1], client=os.getpid())
        pulled = scale.pull_assets(dying, windows=4, fields=["id", "name"])
    assert all(mark.exists() for mark in marks)
    pd.testing.assert_frame_equal(found, schedule.gaps(epg))
    expected = kott.assets(login(), fields=["id", "name"]).sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(pulled.sort_values("id", ignore_index=True), expected)


def end_once(mark: Path) -> None:
    """End the second process that comes here, and no other."""
    for path in (mark.with_suffix(".begun"), mark):
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        if path == mark:
            os._exit(1)
        return


def gaps_once_killed(epg: pd.DataFrame, mark: Path) -> pd.DataFrame:
    """Find gaps, on workers of which one ends."""
    end_once(mark)
    return schedule.gaps(epg)


def login_once_killed(mark: Path, client: int) -> kott.Session:
    """Log in, on workers of which one ends."""
    if os.getpid() != client:
        end_once(mark)
    return login()


def test_without_dask_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    monkeypatch.setitem(__import__("sys").modules, "dask", None)
    with pytest.raises(KottError, match=r"pip install 'kott_notebooks\[dask\]'"):
        sources.dask()


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_the_recipe_for_spark_finds_the_same(
    epg: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gaps by channel, where pyspark and Java are installed; one programme never ends."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    submitted = "--master local[1] --conf spark.ui.enabled=false pyspark-shell"
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", submitted)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    never = epg["endDate"].mask(epg.index == 0, pd.Timestamp("2999-01-01", tz="UTC"))
    guide = epg.assign(endDate=never)
    kott.save(guide, tmp_path / "store", name="epg", by="channel")
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[1] / "docs" / "history.md").read_text("utf-8")
    names: dict[str, Any] = {"kott": kott, "schedule": schedule}
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[-1], names)
    found = {tuple(row) for row in names["gaps_of_all"].collect()}
    names["spark"].stop()
    expected = schedule.gaps(guide, start="2026-03-03", end="2026-03-04")
    texts = expected.astype(dict.fromkeys(["startDate", "endDate"], "str"))
    assert found == {*texts[["linearAssetId", "startDate", "endDate"]].itertuples(False, None)}


def test_what_partitions_cannot_do_is_refused(assets: pd.DataFrame) -> None:
    """Channels of a table that has none, and a limit, which each window would have."""
    with pytest.raises(KottError, match="has no column linearAssetId: it is not a guide"):
        scale.map_channels(assets.drop(columns="linearAssetId", errors="ignore"), schedule.gaps)
    with pytest.raises(KottError, match="limit= would hold for each window"):
        scale.pull_assets(demo.login, limit=5)
