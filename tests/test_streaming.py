"""Lists that go straight to disk: whole in the end, whatever stops them, and not begun anew."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

import kott_notebooks as kott
from kott_notebooks import IncompleteError, KottError, Session, TransportError, demo
from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.transport import DemoAdapter
from kott_notebooks.tables.provenance import facts, with_facts

START = pd.Timestamp("2026-03-01", tz="UTC")
WINDOWS = 12


def partner(**options: Any) -> Session:
    """Log in anew, as another process would: to the same partner, by another session."""
    made: dict[str, Any] = {
        "assets": 300,
        "channels": 3,
        "days": 2,
        "households": 3,
        "clock": START.timestamp,
    }
    return demo.login(**(made | options))


@pytest.fixture(scope="module")
def assets() -> pd.DataFrame:
    return kott.assets(partner())


@pytest.fixture(scope="module")
def plan(assets: pd.DataFrame) -> pd.DataFrame:
    """Plan the list as if the server paged 25 rows deep: many windows in a small world."""
    made = kott.plan(partner())
    (known,) = facts(made)["plans"]
    edges = sorted(assets["id"].tolist())[:: len(assets) // WINDOWS][1:WINDOWS]
    windows = [[a, b, None] for a, b in zip([None, *edges], [*edges, None], strict=True)]
    return with_facts(made, plans=[known | {"windows": windows}])


class Stopping(DemoAdapter):
    """Carries requests until a number of them, which raises."""

    def __init__(self, backend: Backend, at: int, error: BaseException) -> None:
        super().__init__(backend)
        self.remaining, self.error = at, error

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        self.remaining -= 1
        if self.remaining <= 0:
            raise self.error
        return super().send(*arguments, **options)


def stopping(session: Session, at: int, error: BaseException) -> Stopping:
    """Let a session's requests fail from one of them on."""
    adapter = Stopping(demo.backend_of(session), at, error)
    session._connections.http.mount(demo.URL, adapter)
    return adapter


def requested(session: Session) -> int:
    """Count the pages that a session's partner was asked for."""
    return sum(one["action"] == "list" for one in demo.backend_of(session).log)


def by_id(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("id").reset_index(drop=True)


def test_a_list_goes_straight_to_disk_as_it_would_into_a_table(
    assets: pd.DataFrame, plan: pd.DataFrame, tmp_path: Path
) -> None:
    """The same rows, columns and types as the table of the same call, whatever the parts have."""
    made = kott.assets(partner(), plan=plan, to=tmp_path)
    assert made["rows"].tolist() == [300]
    assert made["name"].tolist() == ["assets"]
    loaded = kott.load(tmp_path)
    pd.testing.assert_frame_equal(by_id(loaded), by_id(assets))
    assert facts(loaded)["fingerprint"] == facts(assets)["fingerprint"]
    assert len(facts(loaded)["windows"]) == WINDOWS / 2  # of a part, neighbours stand together
    assert kott.verify(partner(), loaded).empty


def test_a_guide_goes_straight_to_disk(tmp_path: Path) -> None:
    """The programmes of the window of time, with their times."""
    window = (START, START + pd.Timedelta(days=1))
    made = kott.epg(partner(), *window, to=tmp_path)
    pd.testing.assert_frame_equal(kott.load(tmp_path), kott.epg(partner(), *window))
    assert made["name"].tolist() == ["epg"]


def test_only_some_columns_go_to_disk(plan: pd.DataFrame, tmp_path: Path) -> None:
    """`fields=` decides, as it does for a table."""
    fields = ["name", "Year"]
    kott.assets(partner(), fields=fields, plan=plan_of(fields, plan), to=tmp_path)
    wanted = kott.assets(partner(), fields=fields)
    pd.testing.assert_frame_equal(by_id(kott.load(tmp_path)), by_id(wanted))


def plan_of(fields: list[str], plan: pd.DataFrame) -> pd.DataFrame:
    """Plan with the windows of another plan."""
    made = kott.plan(partner(), "asset", fields=fields)
    (known,), (other,) = facts(made)["plans"], facts(plan)["plans"]
    return with_facts(made, plans=[known | {"windows": other["windows"]}])


@pytest.mark.parametrize("seed", range(4))
def test_whatever_stops_it_another_process_goes_on(
    seed: int, assets: pd.DataFrame, plan: pd.DataFrame, tmp_path: Path
) -> None:
    """Stopped at requests drawn by chance: complete, and little is requested twice."""
    dice = random.Random(seed)
    whole = partner()
    kott.assets(whole, plan=plan, to=tmp_path / "undisturbed")
    needed = requested(whole)
    total, stops = 0, 0
    for _ in range(40):
        error = dice.choice([KeyboardInterrupt(), requests.exceptions.SSLError("gone")])
        session = partner()
        stopping(session, dice.randint(3, 8), error)
        try:
            kott.assets(session, plan=plan, to=tmp_path / "store", workers=1)
        except (IncompleteError, TransportError):
            total, stops = total + requested(session), stops + 1
            continue
        total += requested(session)
        break
    pd.testing.assert_frame_equal(by_id(kott.load(tmp_path / "store")), by_id(assets))
    assert stops
    assert total <= needed + stops * 10  # what a part takes


def test_the_error_says_where_the_parts_are_and_resumes(
    assets: pd.DataFrame, plan: pd.DataFrame, tmp_path: Path
) -> None:
    """`.partial` is what is on disk; `.resume()` gives what the call would have given."""
    session = partner()
    adapter = stopping(session, 12, requests.exceptions.SSLError("gone"))
    with pytest.raises(IncompleteError, match="parts of the list are in") as caught:
        kott.assets(session, plan=plan, to=tmp_path, workers=1)
    assert set(caught.value.partial["id"]) < set(assets["id"])
    assert kott.snapshots(tmp_path).empty
    adapter.remaining = 1_000
    assert caught.value.resume()["rows"].tolist() == [300]


def test_what_is_stopped_before_its_first_part_has_an_empty_table(
    assets: pd.DataFrame, plan: pd.DataFrame, tmp_path: Path
) -> None:
    """`.partial` has the columns and no row; `.resume()` gives the whole list."""
    session = partner()
    adapter = stopping(session, 1, KeyboardInterrupt())
    with pytest.raises(kott.Interrupted) as caught:
        kott.assets(session, plan=plan, to=tmp_path, workers=1)
    assert caught.value.partial["id"].tolist() == []
    adapter.remaining = 1_000
    assert caught.value.resume()["rows"].tolist() == [len(assets)]


def test_a_deadline_of_all_parts_is_named_as_it_was_given(
    plan: pd.DataFrame, tmp_path: Path
) -> None:
    """Not what is left of it for the part that was being read."""
    session = partner(deadline=1e-6)
    with pytest.raises(IncompleteError, match=r"deadline=1e-06 seconds are over"):
        kott.assets(session, plan=plan, to=tmp_path, workers=1)


def test_the_same_call_after_the_end_makes_another_snapshot(tmp_path: Path) -> None:
    """What is whole is not gone on with."""
    for _ in range(2):
        kott.assets(partner(), "Genre='Drama'", to=tmp_path)
    assert len(kott.snapshots(tmp_path)) == 2


def test_another_question_begins_a_snapshot_of_its_own(plan: pd.DataFrame, tmp_path: Path) -> None:
    """Another filter, or other columns: nothing of an unfinished list gets into it."""
    session = partner()
    stopping(session, 12, requests.exceptions.SSLError("gone"))
    with pytest.raises(IncompleteError):
        kott.assets(session, plan=plan, to=tmp_path, workers=1)
    kott.assets(partner(), "Genre='Drama'", to=tmp_path)
    dramas = kott.assets(partner(), "Genre='Drama'")
    assert set(kott.load(tmp_path)["id"]) == set(dramas["id"])


def test_a_limit_is_refused(tmp_path: Path) -> None:
    """A snapshot is of a whole list."""
    with pytest.raises(KottError, match="leave out limit"):
        kott.assets(partner(), limit=5, to=tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_list_that_is_proved_as_a_whole_is_to_be_saved(tmp_path: Path) -> None:
    """The message says how."""
    with pytest.raises(
        KottError, match=r"kott\.save\(kott\.listing\(\.\.\.\), store, name='region'\)"
    ):
        kott.listing(partner(), "region", to=tmp_path)


# Refreshing


def test_a_snapshot_is_refreshed_by_what_has_changed(tmp_path: Path) -> None:
    """Updated rows are requested, new ones too, and those that are gone are left out."""
    times = [START]
    session = partner(clock=lambda: times[0].timestamp())
    kott.assets(session, to=tmp_path)
    times[0] += pd.Timedelta(days=3)
    made = kott.refresh(session, tmp_path)
    pd.testing.assert_frame_equal(by_id(kott.load(tmp_path)), by_id(kott.assets(session)))
    assert made["rows"].tolist() == [len(kott.assets(session))]
    refreshed = facts(kott.load(tmp_path))["refreshed"]
    assert refreshed["from"] == kott.snapshots(tmp_path)["id"][0]
    assert 0 < refreshed["updated"] < 150
    assert refreshed["removed"]


def test_a_snapshot_of_another_partner_or_of_a_part_is_not_refreshed(tmp_path: Path) -> None:
    """The error says what it is."""
    with pytest.raises(KottError, match="has no snapshot of 'assets'"):
        kott.refresh(partner(), tmp_path)
    kott.save(kott.assets(partner(), limit=5), tmp_path)
    with pytest.raises(KottError, match="not the whole list"):
        kott.refresh(partner(), tmp_path)
    kott.save(kott.labels(partner()), tmp_path, name="assets")
    with pytest.raises(KottError, match=r"not a table of kott\.assets"):
        kott.refresh(partner(), tmp_path)
