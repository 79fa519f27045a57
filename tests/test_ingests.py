"""Ingests, their results and views as tables; what they say about a guide's gaps."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import demo, schedule
from kott_notebooks.errors import KottError

SEEDS = (31, 32, 33, 34, 35)


@pytest.fixture(scope="module")
def session() -> kott.Session:
    """An operator of a partner with defects."""
    return demo.login(seed=5, assets=200, channels=30, households=20, deployment="roomy")


def rows(table: pd.DataFrame) -> Iterator[Any]:
    """Give a table's rows as named tuples."""
    yield from table.itertuples()


@pytest.fixture(scope="module")
def ingests(session: kott.Session) -> pd.DataFrame:
    """The ingests of the guide of the last days, at whatever hour the test runs."""
    return kott.ingests(session, "today-9d")


def test_an_ingest_is_a_row_with_its_counts(session: kott.Session, ingests: pd.DataFrame) -> None:
    """As ingestStatus counts them, the oldest first."""
    known = {
        one["ingestId"]: one
        for one in demo.backend_of(session).partner.records("KalturaIngestEpgDetails")
    }
    assert set(ingests["ingestId"]) == set(known)
    assert ingests["createdDate"].is_monotonic_increasing
    for row in rows(ingests):
        counts = known[row.ingestId]["aggregations"]["all"]
        assert row.status == known[row.ingestId]["status"]
        assert (row.records, row.failed, row.warned) == (
            counts["resultsCount"],
            counts["totalFailureCount"],
            counts["warningsCount"],
        )
        assert row.succeeded == row.records - row.failed
    assert str(ingests["createdDate"].dtype) == "datetime64[us, UTC]"


def test_only_ingests_since_a_time_are_listed(session: kott.Session, ingests: pd.DataFrame) -> None:
    """The bound itself is included."""
    since = ingests["createdDate"].iloc[5]
    later = kott.ingests(session, since)
    assert later["createdDate"].tolist() == ingests["createdDate"].tolist()[5:]
    assert kott.ingests(session, "now+1d").dtypes.equals(ingests.dtypes)


def test_uploads_of_media_are_ingests_too(session: kott.Session) -> None:
    """With the counts of their files' results."""
    table = kott.ingests(session, kind="vod")
    assert table["kind"].eq("vod").all()
    assert (table["succeeded"] + table["failed"]).equals(table["records"])
    assert table["failed"].sum() == 3
    results = kott.ingest_results(session, table)
    assert len(results) == table["records"].sum()
    failed = results[results["status"] == "FAILURE"]
    assert failed["ingestId"].nunique() == 1
    assert failed["code"].eq("500050").all()
    assert results.groupby("ingestId")["indexInFile"].apply(list).iloc[0] == list(range(6))


def test_a_result_is_a_row_with_its_error(session: kott.Session, ingests: pd.DataFrame) -> None:
    """Code, message and place in the file; a warning where there is no error."""
    results = kott.ingest_results(session, ingests)
    failed = results["status"] == "FAILURE"
    warned = results["status"] == "WARNING"
    assert results.loc[failed | warned, ["code", "message"]].notna().all(axis=None)
    assert results.loc[~(failed | warned), "code"].isna().all()
    assert results.loc[failed, "programId"].isna().all()
    alone = kott.ingest_results(session, 4_007)
    expected = results[results["ingestId"] == 4_007].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected, check_like=False)
    assert alone["indexInFile"].tolist() == list(range(len(alone)))


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (kott.ingests, {"kind": "guide"}, "'epg' or 'vod', not 'guide'"),
        (kott.ingests, {"start": "1979-01-01"}, "before 1980"),
        (kott.ingest_results, {"ingest": 4_007, "kind": "x"}, "'epg' or 'vod', not 'x'"),
        (kott.ingest_results, {"ingest": 1}, "was not found"),
        (kott.ingest_results, {"ingest": 1, "kind": "vod"}, "does not exist"),
        (kott.views, {"assets": [1], "kind": "vod"}, "'media' or 'epg', not 'vod'"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    session: kott.Session,
    function: Callable[..., Any],
    arguments: dict[str, Any],
    message: str,
) -> None:
    """With the value given and the values allowed."""
    with pytest.raises(KottError, match=message):
        function(session, **arguments)


def test_uploads_that_share_a_file_name_have_no_counts() -> None:
    """The API names results by file: whose they are is not known. Other uploads keep theirs."""
    session = demo.login(assets=200, channels=2, households=2, deployment="roomy")
    partner = demo.backend_of(session).partner
    uploads = partner.records("KalturaBulkUpload")
    named = {one["fileName"]: "vod.xml" for one in uploads[:2]}
    for one in [*uploads, *partner.records("KalturaVodIngestAssetResult")]:
        one["fileName"] = named.get(one["fileName"], one["fileName"])
    table = kott.ingests(session, "now-30d", kind="vod")
    assert table["failed"].isna().tolist() == [True, True, *[False] * (len(table) - 2)]


def test_views_are_rows_in_the_order_given(session: kott.Session) -> None:
    """Of a table or of ids; an asset that the server does not count has no value."""
    channels = kott.channels(session)
    table = kott.views(session, channels)
    assert table["assetId"].tolist() == channels["id"].tolist()
    assert table["views"].gt(0).all()
    some = kott.views(session, [int(channels["id"][3]), 1])
    assert some["views"].tolist() == [table["views"][3], pd.NA]
    half = kott.views(session, channels, "now-100d", "now-50d")
    assert half["views"].sum() < table["views"].sum()


def test_views_of_programmes_are_asked_as_such(session: kott.Session) -> None:
    """A table of the guide says so itself; more ids than one query takes are several queries."""
    epg = kott.epg(session, "today", "today+1d")
    table = kott.views(session, epg)
    assert len(table) == len(epg) > 100
    assert table["views"].notna().all()
    ids = epg["id"].head(3)
    assert kott.views(session, ids, kind="epg")["views"].tolist() == table["views"][:3].tolist()


def test_views_of_programmes_with_few_columns_are_asked_as_such(session: kott.Session) -> None:
    """Their class says what they are, where `fields` left their own columns out."""
    epg = kott.epg(session, "today", "today+1d", fields=["name"])
    assert kott.views(session, epg)["views"].notna().all()


def test_views_weigh_the_findings_of_a_guide(session: kott.Session) -> None:
    """A channel's impact grows with its views; the mean of them counts once."""
    channels = kott.channels(session)
    epg = kott.epg(session, "today", "today+2d", channels=channels)
    views = kott.views(session, channels)
    keys = ["rule", "id", "field", "startDate"]
    plain = schedule.audit(epg, channels).set_index(keys)["impact"]
    audited = schedule.audit(epg, channels, weights=views).set_index([*keys, "linearAssetId"])
    share = dict(zip(views["assetId"], views["views"] / views["views"].mean(), strict=True))
    weight = audited.index.get_level_values("linearAssetId").map(share)
    expected = plain.reindex(audited.droplevel("linearAssetId").index).to_numpy(float)
    assert audited["impact"].to_numpy(float) == pytest.approx(expected * weight.to_numpy(float))


# What ingests say


@pytest.mark.parametrize("seed", SEEDS)
def test_each_gap_that_an_ingest_caused_is_explained_and_no_other(seed: int) -> None:
    """By the demo's list of defects, which says so where it planted a refusal."""
    session = demo.login(seed=seed, assets=200, channels=30, households=20, deployment="roomy")
    channels = kott.channels(session)
    epg = kott.epg(session, "today-1d", "today+7d", channels=channels)
    audited = schedule.audit(epg, channels)
    brought = kott.ingest_results(session, kott.ingests(session))
    explained = schedule.explain(audited, brought)
    planted = demo.defects(session)
    planted = planted[planted["what"].str.contains("refused")]
    caused = {(one.id, one.what.split(" from ")[1][:19]) for one in rows(planted)}
    gaps = explained[explained["rule"] == "schedule.gap"]
    known = gaps[gaps["cause"].notna()]
    assert {
        (str(one.linearAssetId), f"{one.startDate:%Y-%m-%d %H:%M:%S}") for one in rows(known)
    } == caused
    assert caused
    assert known["ingestId"].eq(4_007).all()
    assert known["detail"].str.contains("11003|11004|500049").all()
    silent = explained[explained["rule"] == "schedule.no_programmes"]
    assert silent["detail"].str.contains("last delivered by ingest 4002").all()
    others = explained.drop(index=[*known.index, *silent.index])
    assert others["cause"].isna().all()
    assert others["detail"].equals(audited.loc[others.index, "detail"])


def findings(*rows: tuple[str, int, str, str]) -> pd.DataFrame:
    """Make findings of channel 7 by rule, id, start and end."""
    table = pd.DataFrame(rows, columns=["rule", "id", "startDate", "endDate"])
    return table.assign(
        startDate=pd.to_datetime(table["startDate"], utc=True),
        endDate=pd.to_datetime(table["endDate"], utc=True),
        linearAssetId=7,
        detail="A gap.",
    )


def results(*given: tuple[int, str, str, str, str], channel: int = 7) -> pd.DataFrame:
    """Make results by ingest (created on that day of May), external id, status, start and end."""
    names = ["ingestId", "externalProgramId", "status", "startDate", "endDate"]
    table = pd.DataFrame(given, columns=names)
    days = [f"2026-05-{one:02d}" for one in table["ingestId"]]
    return table.assign(
        startDate=pd.to_datetime(table["startDate"], utc=True),
        endDate=pd.to_datetime(table["endDate"], utc=True),
        createdDate=pd.to_datetime(days, utc=True),
        linearChannelId=channel,
        code="1",
        message="Wrong",
    )


GAP = ("schedule.gap", 7, "2026-05-09 20:00", "2026-05-09 21:00")


@pytest.mark.parametrize(
    ("given", "explained"),
    [
        ([(8, "a", "FAILURE", "2026-05-09 20:00", "2026-05-09 21:00")], True),
        ([(8, "a", "FAILURE", "2026-05-09 19:30", "2026-05-09 20:30")], True),  # half of it
        ([(8, "a", "FAILURE", "2026-05-09 19:00", "2026-05-09 20:10")], False),  # hardly touches
        ([(8, "a", "FAILURE", "2026-05-09 21:00", "2026-05-09 22:00")], False),  # after it
        ([(8, "a", "WARNING", "2026-05-09 20:00", "2026-05-09 21:00")], False),
        (
            [
                (7, "a", "FAILURE", "2026-05-09 20:00", "2026-05-09 21:00"),
                (8, "a", "SUCCESS", "2026-05-09 20:00", "2026-05-09 21:00"),
            ],
            False,  # it came again, and something else took it away
        ),
        (
            [
                (7, "a", "SUCCESS", "2026-05-09 20:00", "2026-05-09 21:00"),
                (8, "a", "FAILURE", "2026-05-09 20:00", "2026-05-09 21:00"),
            ],
            True,
        ),
    ],
)
def test_a_gap_is_explained_by_what_was_refused_within_it(
    given: list[tuple[int, str, str, str, str]], explained: bool
) -> None:
    """At least half of the programme lies in it, and no later ingest brought the programme."""
    table = schedule.explain(findings(GAP), results(*given))
    assert table["cause"].notna().tolist() == [explained]
    assert ("Wrong" in table["detail"][0]) == explained
    other = schedule.explain(findings(GAP), results(*given, channel=8))
    assert other["cause"].isna().all()


CSV: dict[str, dict[str, Any]] = {"CSV": {}, "text": {"dtype": "str"}}
CSV["Arrow"] = {"dtype_backend": "pyarrow"}


def read_again(table: pd.DataFrame, form: str) -> pd.DataFrame:
    """Return a table as pandas reads it from a CSV file."""
    again: pd.DataFrame = pd.read_csv(io.StringIO(table.to_csv(index=False)), **CSV[form])
    return again


@pytest.mark.parametrize("form", CSV)
def test_tables_that_were_files_explain_the_same(form: str) -> None:
    """A channel that has nothing names its last delivery too."""
    silent = ("schedule.no_programmes", 7, "2026-05-09 00:00", "2026-05-10 00:00")
    brought = results(
        (7, "b", "SUCCESS", "2026-05-07 20:00", "2026-05-07 21:00"),
        (8, "a", "FAILURE", "2026-05-09 20:00", "2026-05-09 21:00"),
    )
    known = findings(GAP, silent)
    wanted = schedule.explain(known, brought)
    assert wanted["ingestId"].tolist() == [8, 7]
    result = schedule.explain(read_again(known, form), read_again(brought, form))
    assert result[["cause", "ingestId"]].equals(wanted[["cause", "ingestId"]])


@pytest.mark.parametrize("form", CSV)
def test_ingests_that_were_a_file_are_audited_the_same(ingests: pd.DataFrame, form: str) -> None:
    """Their counts and times are read again."""
    wanted = schedule.audit_ingests(ingests)
    now = wanted["endDate"].max()
    result = schedule.audit_ingests(read_again(ingests, form), now=now)
    assert result["rule"].tolist() == wanted["rule"].tolist()
    assert result["impact"].round(6).equals(wanted["impact"].round(6))


def test_no_results_explain_nothing(session: kott.Session) -> None:
    """An empty table changes no finding, and has the columns all the same."""
    empty = kott.ingest_results(session, [])
    table = schedule.explain(findings(GAP), empty)
    assert table["detail"].tolist() == ["A gap."]
    assert table["ingestId"].isna().all()


def test_ingests_are_audited(session: kott.Session, ingests: pd.DataFrame) -> None:
    """What failed, in whole or in part, was slow, or is missing today."""
    table = schedule.audit_ingests(ingests)
    assert table["kind"].eq("ingest").all()
    result = table.groupby("rule")["id"].apply(set).to_dict()
    assert result == {
        "ingest.failed": {"4013"},
        "ingest.partly_failed": {"4005", "4007"},
        "ingest.slow": {"4004"},
        "ingest.none_today": {"2"},
    }
    assert table.set_index("rule")["severity"].to_dict()["ingest.failed"] == "error"


def test_the_audit_of_a_guide_judges_its_ingests(
    session: kott.Session, ingests: pd.DataFrame
) -> None:
    """With the thresholds of the rules, and beside the findings of the guide."""
    epg = kott.epg(session, "today", "today+1d")
    audited = schedule.audit(epg, ingests=ingests, rules={"ingests": {"slow_factor": 1_000}})
    alone = schedule.audit_ingests(ingests, rules={"slow_factor": 1_000})
    of_ingests = audited[audited["kind"] == "ingest"]
    assert set(of_ingests["rule"]) == {
        "ingest.failed",
        "ingest.partly_failed",
        "ingest.none_today",
    }
    assert sorted(of_ingests["id"]) == sorted(alone["id"])
    assert audited["kind"].eq("epg").any()
    assert audited["impact"].is_monotonic_decreasing
    with pytest.raises(KottError, match="kind 'epg', not 'vod'"):
        schedule.audit(epg, ingests=kott.ingests(session, kind="vod"))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"silent_hours": 40}, False),
        ({"regular_days": 7}, False),
        ({"off": ["ingest.none_today"]}, False),
        ({}, True),
    ],
)
def test_a_rules_file_says_when_a_profile_is_missed(rules: dict[str, Any], expected: bool) -> None:
    """Hours of silence after days with a delivery."""
    table = made(*((at, 3, at + 1.1, "SUCCESS", 9, 0) for at in range(5)))
    assert schedule.audit_ingests(table, rules=rules, now=NOW).empty != expected


def test_a_slip_in_the_rules_for_ingests_is_named() -> None:
    """With the near key."""
    with pytest.raises(KottError, match=r"'slow_faktor'.* Did you mean 'slow_factor'"):
        schedule.audit_ingests(made((1, 1, 1, "SUCCESS", 9, 0)), rules={"slow_faktor": 2})


def test_weights_of_programmes_are_refused_by_the_audit_of_a_guide(session: kott.Session) -> None:
    """They are of no channel, and would weigh nothing in silence."""
    epg = kott.epg(session, "today", "today+1d")
    with pytest.raises(KottError, match="takes those of its channels"):
        schedule.audit(epg, weights=kott.views(session, epg.head(5)))


def test_ingests_of_a_clean_partner_have_no_finding() -> None:
    """Daily, fast and whole."""
    session = demo.login(assets=200, channels=4, days=3, households=20, defects=False)
    assert schedule.audit_ingests(kott.ingests(session)).empty


def made(*ingests: tuple[int, int, float, str, int, int]) -> pd.DataFrame:
    """Make ingests by id, profile, days ago, status, records and failed ones; all take an hour."""
    names = ["ingestId", "ingestProfileId", "ago", "status", "records", "failed"]
    table = pd.DataFrame(ingests, columns=names)
    created = NOW - pd.to_timedelta(table["ago"], unit="D")
    return table.assign(
        ingestName="x",
        createdDate=created,
        completedDate=created + pd.Timedelta(hours=1),
        succeeded=table["records"] - table["failed"],
    )


NOW = pd.Timestamp("2026-05-10 12:00", tz="UTC")


@pytest.mark.parametrize(
    ("status", "records", "failed", "rule"),
    [
        ("SUCCESS", 9, 0, None),
        ("SUCCESS", 0, 0, None),
        ("WARNING", 9, 0, None),
        ("IN_PROGRESS", 0, 0, None),
        ("PARTIAL_FAILURE", 9, 1, "ingest.partly_failed"),
        ("PARTIAL_FAILURE", 9, 9, "ingest.failed"),
        ("TOTAL_FAILURE", 0, 0, "ingest.failed"),
        ("Fatal", 9, 2, "ingest.failed"),
        ("Partial", 9, 2, "ingest.partly_failed"),
    ],
)
def test_a_failure_is_of_the_whole_or_of_a_part(
    status: str, records: int, failed: int, rule: str | None
) -> None:
    """By the status, or by the counts where no record succeeded."""
    table = schedule.audit_ingests(made((1, 1, 0.5, status, records, failed)), now=NOW)
    assert table["rule"].tolist() == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("ago", "missed"),
    [
        ([1.1, 2.1, 3.1, 4.1, 5.1], True),
        ([0.9, 2.1, 3.1, 4.1, 5.1], False),  # one came within the day
        ([1.1, 2.1, 3.1, 5.1, 6.1], False),  # not daily before
        ([1.1, 2.1, 3.1, 4.1], False),  # not for long enough
        ([1.1, 1.2, 2.1, 3.9, 4.9, 5.9], True),
    ],
)
def test_a_daily_profile_is_missed_after_a_day(ago: list[float], missed: bool) -> None:
    """It delivered on each of the five days before the last 24 hours."""
    table = made(*((at, 3, days, "SUCCESS", 9, 0) for at, days in enumerate(ago)))
    result = schedule.audit_ingests(table, now=NOW)
    assert result["id"].tolist() == (["3"] if missed else [])
