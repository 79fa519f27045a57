"""What a pull would take, said before it, and kept to."""

from __future__ import annotations

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import demo
from kott_notebooks.listings.others import listing_pull
from kott_notebooks.listings.planned import table_of
from kott_notebooks.tables.provenance import Sheet, facts

NOW = 1_790_000_000.0
MEDIA = {"objectType": "KalturaSearchAssetFilter", "kSql": "asset_type='media'"}


@pytest.fixture(scope="module")
def session() -> kott.Session:
    """12,000 assets behind a result window of 10,000."""
    return demo.login(assets=12_000, channels=4, days=3, clock=lambda: NOW, defects=False)


def asked(session: kott.Session) -> int:
    return len(demo.backend_of(session).log)


def test_a_plan_counts_and_fetches_nothing(session: kott.Session) -> None:
    """A handful of requests say how many rows, windows and pages there are."""
    before = asked(session)
    plan = kott.plan(session, "asset")
    assert asked(session) - before < 12
    assert plan["rows"].sum() == session.count("asset", filter=MEDIA)
    assert len(plan) > 1
    assert (plan["rows"] < 10_000).all()
    assert (plan["pages"] == -(-plan["rows"] // 50)).all()
    assert pd.isna(plan["low"].iloc[0])
    assert pd.isna(plan["high"].iloc[-1])
    assert list(plan["low"].iloc[1:]) == list(plan["high"].iloc[:-1])
    assert set(plan["key"]) == {"media_id"}
    assert set(plan["proof"]) == {"tiles"}


def test_a_cell_sums_a_plan_up(session: kott.Session) -> None:
    """Rows, windows and requests stand above its table."""
    plan = kott.plan(session, "region")
    assert isinstance(plan, Sheet)
    rows, requests = int(plan["rows"].sum()), int(plan["requests"].sum())
    assert f"{rows} rows in 1 window: {requests} requests, about" in plan._repr_html_()


def test_the_same_plan_then_runs(session: kott.Session) -> None:
    """The windows of the table are those of the plan, and the rows those without one."""
    plan = kott.plan(session, "asset", fields=["name"])
    table = kott.assets(session, fields=["name"], plan=plan)
    windows = pd.DataFrame(facts(table)["windows"]).astype({"from": "Int64", "to": "Int64"})
    assert list(windows["rows"]) == list(plan["rows"])
    assert windows["from"].equals(plan["low"].rename("from"))
    plain = kott.assets(session, fields=["name"])
    assert set(plain["id"]) == set(table["id"])


def test_estimates_are_near(session: kott.Session) -> None:
    """Requests within a fifth of those made, bytes within a third of those received."""
    plan = kott.plan(session, "asset", "Genre='Drama'")
    known = facts(kott.assets(session, "Genre='Drama'"))
    assert plan["pages"].sum() == known["pages"]
    assert plan["MiB"].sum() * 2**20 == pytest.approx(known["bytes"], rel=0.34)


def test_a_guide_is_planned_by_its_ids(session: kott.Session) -> None:
    """`epg` takes what `kott.epg` takes; a programme's start may move, its id does not."""
    plan = kott.plan(session, "epg", "today", "today+1d")
    table = kott.epg(session, "today", "today+1d", plan=plan)
    assert plan["rows"].sum() == len(table)
    assert set(plan["key"]) == {"epg_id"}


def test_a_guide_is_planned_with_its_end_by_name(session: kott.Session) -> None:
    """As `kott.epg` takes it: the start by place, the end by name."""
    plan = kott.plan(session, "epg", "today", end="today+1d")
    assert plan["rows"].sum() == len(kott.epg(session, "today", end="today+1d"))


def test_a_list_in_one_reply_needs_one_request(session: kott.Session) -> None:
    """What fits into a page is its own proof; a limit is kept to."""
    plan = kott.plan(session, "asset", limit=20)
    assert plan[["pages", "requests", "proof"]].values.tolist() == [[1, 1, "limit"]]
    few = kott.plan(session, "assetStruct")
    assert few[["requests", "proof"]].values.tolist() == [[1, "one reply"]]


def test_a_list_that_cannot_be_cut_says_so(session: kott.Session) -> None:
    """Without a key to cut by, a list is paged as far as the server lets it."""
    plan = table_of(session, [listing_pull(session, "asset", filter=MEDIA)[0]])
    assert plan["key"].isna().all()
    assert plan["proof"][0].startswith("none: it cannot be cut")


def test_a_plan_of_another_question_is_refused(session: kott.Session) -> None:
    """Windows of one filter say nothing of another."""
    plan = kott.plan(session, "asset", "Genre='Drama'")
    with pytest.raises(kott.KottError, match="another question"):
        kott.assets(session, plan=plan)
    with pytest.raises(kott.KottError, match=r"Relative times .* move on: give fixed ones"):
        kott.assets(session, plan=plan)
    with pytest.raises(kott.KottError, match=r"table of kott\.plan"):
        kott.assets(session, plan=pd.DataFrame())


def test_a_plan_takes_what_its_pull_takes(session: kott.Session) -> None:
    """`progress` too, which shows nothing here."""
    for what, *times in (("asset",), ("epg", "today", "today+1d"), ("assetStruct",)):
        quiet = kott.plan(session, what, *times, progress=False)
        assert quiet["rows"].equals(kott.plan(session, what, *times)["rows"])


def test_a_line_up_that_pages_on_its_own_is_not_planned(session: kott.Session) -> None:
    """lineup.get knows no pager; lineup.list does, and nothing is asked for what is refused."""
    before = asked(session)
    with pytest.raises(kott.KottError, match=r"plan 'lineup' for lineup\.list"):
        kott.plan(session, "lineup", "get")
    assert asked(session) == before
    listed = kott.listing(session, "lineup", "get")
    assert kott.plan(session, "lineup", filter={})["rows"].tolist() == [len(listed)]
