"""The demo lives: what changes from day to day is what `demo.changes` says."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import demo, schedule

from .asking import NOW, Clock

DAY = 86_400
SIZES: dict[str, Any] = {"assets": 200, "channels": 5, "days": 7, "households": 20}


def lived(seed: int, **more: Any) -> tuple[kott.Session, Clock]:
    """Log in to a partner whose clock stands still until it is moved."""
    clock = Clock()
    return demo.login(seed=seed, clock=clock, deployment="roomy", **SIZES, **more), clock


def pulled(session: kott.Session) -> dict[str, dict[int, dict[str, Any]]]:
    """Pull every asset and programme, by kind and id."""
    tables = {
        "media": kott.assets(session, fields=["id", "name", "description", "updateDate"]),
        "epg": kott.epg(session, "2025-11-20", "2025-12-20", fields=["id", "name", "updateDate"]),
    }
    return {
        kind: {
            int(row["id"]): dict(zip(map(str, row), row.values(), strict=True))
            for row in table.to_dict("records")
        }
        for kind, table in tables.items()
    }


def differences(before: dict[str, Any], after: dict[str, Any]) -> set[tuple[str, int, str, str]]:
    """Compare two pulls, in the naive way."""
    matches = set()
    for kind, rows in before.items():
        later = after[kind]
        matches |= {(kind, key, "removed", "") for key in rows.keys() - later.keys()}
        matches |= {(kind, key, "added", "") for key in later.keys() - rows.keys()}
        for key in rows.keys() & later.keys():
            changed = [name for name in rows[key] if str(rows[key][name]) != str(later[key][name])]
            matches |= {(kind, key, "changed", name) for name in changed}
    return matches


@pytest.mark.parametrize("seed", [3, 4])
@pytest.mark.parametrize("days", [1, 3])
def test_two_pulls_differ_by_what_changed(seed: int, days: int) -> None:
    """Every asset and field that differs is in the list, and nothing else is."""
    session, clock = lived(seed)
    before, start = pulled(session), clock.now
    clock.now += days * DAY - DAY // 2 * (days > 1)
    session = demo.login(backend=demo.backend_of(session))
    truth = demo.changes(session, pd.Timestamp(start, unit="s"), pd.Timestamp(clock.now, unit="s"))
    listed = set(truth[["kind", "id", "change", "field"]].itertuples(index=False, name=None))
    assert listed == differences(before, pulled(session))
    assert {"added", "removed", "changed"} == set(truth["change"])


def test_within_a_day_nothing_changes() -> None:
    """And the list of no time is empty, with its columns."""
    session, clock = lived(3)
    before = pulled(session)
    clock.now += DAY - 60
    assert pulled(session) == before
    none = demo.changes(session, "now", "now")
    assert (len(none), list(none)) == (0, ["time", "kind", "id", "change", "field"])


def test_the_same_seed_and_clock_live_alike() -> None:
    """In two partners; another seed lives otherwise."""
    first, second, third = (demo.changes(lived(seed)[0], "now", "now+4d") for seed in (3, 3, 5))
    assert first.equals(second)
    assert not first.equals(third)


def test_the_guide_goes_on_without_a_gap() -> None:
    """A day longer each day, as whole as before; its ingests are listed, some failed in part."""
    session, clock = lived(6, defects=False)
    end = kott.epg(session, "2025-11-20", "2025-12-20")["endDate"].max()
    clock.now += 4 * DAY
    session = demo.login(backend=demo.backend_of(session))
    epg = kott.epg(session, "2025-11-20", "2025-12-20")
    assert epg["endDate"].max() == end + pd.Timedelta(days=4)
    first = epg["startDate"].min()
    assert schedule.gaps(epg, start=first, end=epg["endDate"].max()).empty
    assert schedule.overlaps(epg).empty
    later = kott.ingests(session, pd.Timestamp(NOW + 60, unit="s"))
    assert later["status"].tolist() == ["SUCCESS", "SUCCESS", "PARTIAL_FAILURE", "SUCCESS"]
    assert later["failed"].tolist() == [0, 0, 1, 0]


def test_what_others_refer_to_stays() -> None:
    """Favourites, picks and sold files are never withdrawn; what was planted stays as it is."""
    session, clock = lived(7)
    world = demo.backend_of(session).world
    planted = {int(one.id) for one in world.defects if one.kind == "media" and one.id}
    clock.now += 5 * DAY
    changed = demo.changes(session, "now-5d", "now")
    media = changed[changed["kind"] == "media"]
    assert not planted & set(media["id"])
    gone = set(media.loc[media["change"] == "removed", "id"])
    assert gone
    assert not gone & {one["assetId"] for one in world.objects["KalturaFavorite"]}
