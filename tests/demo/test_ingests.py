"""How the demo's guide and catalogue were delivered, who watches what, and where it plays from."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from kott_notebooks.demo import catalogue
from kott_notebooks.demo.backend import Backend
from kott_notebooks.demo.backend.roles import LADDER
from kott_notebooks.demo.catalogue import World

from .asking import NOW, Api, Clock, log_in
from .conftest import Make

DAY = 86_400
SEEDS = (21, 22, 23)


def spoilt(seed: int) -> World:
    """A small partner with defects in its guide."""
    return catalogue.build(seed=seed, now=NOW, assets=200, channels=30, days=6, households=20)


@pytest.fixture(scope="module", params=SEEDS)
def wrong(request: pytest.FixtureRequest) -> Api:
    """An operator of a partner with defects."""
    return log_in(Backend(spoilt(request.param), deployment="roomy", clock=Clock()))


def results(api: Api, ingest: int, **filter: Any) -> list[dict[str, Any]]:
    """List what became of each programme of an ingest."""
    given = {"filter": filter} if filter else {}
    pager = {"pageSize": 500}
    answer = api("ingestStatus.getEpgProgramResultList", ingestId=ingest, pager=pager, **given)
    rows: list[dict[str, Any]] = answer["objects"]
    return rows


def test_the_last_ingest_refused_programmes_that_are_missing(wrong: Api) -> None:
    """Each refused one has an error, no id, and nothing of its channel on at its time."""
    last = max(
        one["ingestId"]
        for one in wrong("ingestStatus.getEpgList")["objects"]
        if one["ingestProfileId"] == 1
    )
    refused = [one for one in results(wrong, last) if one["status"] == "FAILURE"]
    assert refused
    for one in refused:
        assert "programId" not in one
        assert one["errors"][0]["code"]
        during = (
            f"(and asset_type='epg' linear_media_id='{one['linearChannelId']}' "
            f"start_date<'{one['endDate']}' end_date>'{one['startDate']}')"
        )
        assert wrong.search(during)["totalCount"] == 0


def test_other_refusals_left_no_gap(wrong: Api) -> None:
    """Their programmes came again, and are on as they were delivered."""
    ingests = wrong("ingestStatus.getEpgList")["objects"]
    last = max(one["ingestId"] for one in ingests if one["ingestProfileId"] == 1)
    refused = [
        result
        for one in ingests
        if one["ingestId"] != last
        for result in results(wrong, one["ingestId"])
        if result["status"] == "FAILURE"
    ]
    assert len(refused) > 3
    for one in refused:
        same = (
            f"(and asset_type='epg' linear_media_id='{one['linearChannelId']}' "
            f"start_date='{one['startDate']}' end_date='{one['endDate']}')"
        )
        assert wrong.search(same)["totalCount"] >= 1


def test_an_ingest_counts_its_results(wrong: Api) -> None:
    """Altogether, by channel and by day, as its results have them; its status says the same."""
    for one in wrong("ingestStatus.getEpgList")["objects"]:
        details = wrong("ingestStatus.getEpgDetails", ingestId=one["ingestId"])
        assert {name: details[name] for name in one if name != "objectType"} == {
            name: value for name, value in one.items() if name != "objectType"
        }
        rows = results(wrong, one["ingestId"])
        counts = details["aggregations"]["all"]
        statuses = Counter(row["status"] for row in rows)
        assert counts["totalFailureCount"] == statuses["FAILURE"]
        assert counts["warningsCount"] == statuses["WARNING"]
        if rows:
            assert counts["resultsCount"] == len(rows)
            channels = details["aggregations"]["linearChannels"]
            assert sum(part["aggregatedErrors"]["resultsCount"] for part in channels) == len(rows)
        assert (one["status"] in ("PARTIAL_FAILURE", "TOTAL_FAILURE")) == (statuses["FAILURE"] > 0)


def test_results_are_found_by_status(wrong: Api) -> None:
    """`ingestStatusIn` takes a list."""
    wanted = {
        "objectType": "KalturaIngestProgramResultsByCompoundFilter",
        "ingestStatusIn": "FAILURE",
    }
    matches = results(wrong, 4_007, **wanted)
    assert {one["status"] for one in matches} == {"FAILURE"}


def test_a_gap_that_a_refusal_caused_says_so() -> None:
    """In the list of defects, and no other gap does."""
    for seed in SEEDS:
        world = spoilt(seed)
        refused = {
            str(one["linearChannelId"])
            for one in world.ingest_results[4_007]
            if one["status"] == "FAILURE"
        }
        said = [one for one in world.defects if "refused" in one.what]
        assert {one.rule for one in said} == {"schedule.gap"}
        assert {one.id for one in said} == refused


def test_one_feed_is_late_and_one_ingest_slow(wrong: Api) -> None:
    """The second profile delivered nothing for a day, though daily before."""
    ingests = wrong("ingestStatus.getEpgList")["objects"]
    late = [one["createdDate"] for one in ingests if one["ingestProfileId"] == 2]
    assert len(late) > 5
    assert NOW - max(late) > DAY
    took = [one["completedDate"] - one["createdDate"] for one in ingests]
    assert sum(seconds > 3 * sorted(took)[len(took) // 2] for seconds in took) == 1


def test_a_clean_partner_has_no_failures(api: Api) -> None:
    """Every ingest succeeded, of media too."""
    assert {one["status"] for one in api("ingestStatus.getEpgList")["objects"]} == {"SUCCESS"}
    uploads = api("bulkUpload.list", filter={"bulkObjectTypeEqual": "KalturaMediaAsset"})["objects"]
    assert {one["status"] for one in uploads} == {"Success"}
    answer = api("ingestStatus.getVodAssetResult", pager={"pageSize": 50})
    assert answer["aggregations"]["failureCount"] == 0
    assert answer["result"]["totalCount"] == sum(one["numOfObjects"] for one in uploads)


def test_media_results_are_those_of_their_file(wrong: Api) -> None:
    """An upload that succeeded in part has assets that failed, with the error."""
    uploads = wrong("bulkUpload.list", filter={})["objects"]
    partial = [one for one in uploads if one["status"] == "Partial"]
    assert len(partial) == 1
    wanted = {"fileNameContains": partial[0]["fileName"]}
    rows = wrong("ingestStatus.getVodAssetResult", filter=wanted)["result"]["objects"]
    assert len(rows) == partial[0]["numOfObjects"]
    failed = [one for one in rows if one["status"] == "FAILURE"]
    assert failed
    assert all(one["errors"][0]["code"] for one in failed)


# Views


def watched(api: Api, **query: Any) -> dict[int, dict[str, Any]]:
    """Give the statistics of assets by their ids."""
    given = {"objectType": "KalturaAssetStatisticsQuery", **query}
    return {one["assetId"]: one for one in api("assetStatistics.query", query=given)["objects"]}


def test_views_have_a_long_tail(api: Api) -> None:
    """Of all views, the first tenth of the assets has more than half."""
    views = sorted((one["views"] for one in watched(api).values()), reverse=True)
    assert len(views) == api.backend.world.media.count
    assert sum(views[: len(views) // 10]) > sum(views) / 2
    assert min(views) > 0


def test_views_are_those_of_the_period_and_the_assets(api: Api) -> None:
    """Half a year has half of them, and what lies ahead none."""
    whole = watched(api)
    ids = list(whole)[:5]
    some = watched(api, assetIdIn=",".join(map(str, ids)), assetTypeEqual="media")
    assert some == {one: whole[one] for one in ids}
    half = watched(api, startDateGreaterThanOrEqual=NOW - 365 * DAY // 2)
    assert all(abs(2 * half[one]["views"] - whole[one]["views"]) <= 2 for one in whole)
    assert not any(one["views"] for one in watched(api, startDateGreaterThanOrEqual=NOW).values())
    programmes = watched(api, assetTypeEqual="epg")
    assert programmes.keys() == set(api.backend.world.epg.ids.tolist())


@pytest.mark.parametrize(
    ("order", "name"),
    [("VIEWS_DESC", "views"), ("LIKES_DESC", "likes"), ("RATINGS_DESC", "rating")],
)
def test_orders_by_popularity_follow_the_statistics(roomy: Api, order: str, name: str) -> None:
    """A top list by views is that of assetStatistics."""
    whole = watched(roomy)
    matches = roomy.search("asset_type='media'", filter={"orderBy": order})["objects"]
    counts = [whole[one["id"]][name] for one in matches]
    assert counts == sorted(counts, reverse=True)


# Playback


def context(api: Api, asset: Any, kind: str = "media", **options: Any) -> dict[str, Any]:
    """Ask where an asset plays from."""
    given = {"objectType": "KalturaPlaybackContextOptions", "context": "PLAYBACK", **options}
    answer: dict[str, Any] = api(
        "asset.getPlaybackContext", assetId=str(asset), assetType=kind, contextDataParams=given
    )
    return answer


@pytest.mark.parametrize("role", LADDER)
def test_every_role_may_play_what_is_on_offer(make: Make, role: str) -> None:
    """A movie's active files, each with a format that players know."""
    api = log_in(make(), role)
    movie = api.search("(and asset_type='media' runtime>'80')")["objects"][0]
    sources = context(api, movie["id"])["sources"]
    active = [one["id"] for one in movie["mediaFiles"] if one["status"]]
    assert [one["id"] for one in sources] == active
    assert {one["format"] for one in sources} <= {"dash", "applehttp"}
    assert {one["objectType"] for one in sources} == {"KalturaPlaybackSource"}
    chosen = context(api, movie["id"], assetFileIds=str(active[0]))["sources"]
    assert [one["id"] for one in chosen] == active[:1]


def test_a_programme_plays_from_its_channel(api: Api) -> None:
    """And an asset that is not there is 4039."""
    programme = api.search("asset_type='epg'")["objects"][0]
    url = context(api, programme["id"], "epg")["sources"][0]["url"]
    assert str(programme["linearAssetId"]) in url
    assert context(api, 1)["error"]["code"] == "4039"
