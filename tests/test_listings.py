"""Listings against the demo partner: what comes, in which form, and what is said if it does not."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

import kott_notebooks as kott
from kott_notebooks import K, demo, schedule, schema
from kott_notebooks.demo.transport import DemoAdapter
from kott_notebooks.session import retries
from kott_notebooks.tables.provenance import facts, with_facts

NOW = 1_764_000_123  # 2025-11-24T16:02:03Z
YESTERDAY, END = "2025-11-23", "2025-11-26"


@pytest.fixture(scope="module")
def login() -> Callable[..., kott.Session]:
    """Log in to a small, clean demo partner."""
    sizes: dict[str, Any] = {
        "assets": 160,
        "channels": 5,
        "days": 3,
        "households": 60,
        "defects": False,
    }

    def log_in(**arguments: Any) -> kott.Session:
        return demo.login(**sizes, clock=lambda: NOW, **arguments)

    return log_in


@pytest.fixture(scope="module")
def session(login: Callable[..., kott.Session]) -> kott.Session:
    """An operator's session on a strict server."""
    return login()


@pytest.fixture(scope="module")
def roomy(login: Callable[..., kott.Session]) -> kott.Session:
    """An operator's session on a server that lists its households."""
    return login(deployment="roomy")


@pytest.fixture(scope="module")
def reader(login: Callable[..., kott.Session]) -> kott.Session:
    """Somebody who may list assets and languages, and nothing else."""
    item = {"objectType": "KalturaApiActionPermissionItem", "action": "list"}
    roles = {"reader": [item | {"service": "asset"}, item | {"service": "language"}]}
    return login(roles=roles, user="reader")


Lists = Callable[[kott.Session, Any], pd.DataFrame]
ESTIMATED = ["key", "rows", "pages", "proof"]  # the rest are times and bytes
FILTERED: dict[str, Lists] = {
    "assets": lambda session, ksql: kott.assets(session, ksql),
    "epg": lambda session, ksql: kott.epg(session, YESTERDAY, END, ksql=ksql),
    "facets": lambda session, ksql: kott.facets(session, "Genre", ksql),
    "plan of assets": lambda session, ksql: kott.plan(session, "asset", ksql)[ESTIMATED],
    "plan of epg": lambda session, ksql: kott.plan(session, "epg", YESTERDAY, END, ksql=ksql)[
        ESTIMATED
    ],
    "listing": lambda session, ksql: kott.listing(
        session, "asset", filter={"objectType": "KalturaSearchAssetFilter", "kSql": ksql}
    ),
    "plan of a listing": lambda session, ksql: kott.plan(
        session, "channel", filter={"objectType": "KalturaChannelSearchByKsqlFilter", "kSql": ksql}
    )[ESTIMATED],
}


def facts_of(table: pd.DataFrame) -> dict[str, Any]:
    return facts(table)


# Filters


@pytest.mark.parametrize("listed", FILTERED.values(), ids=FILTERED)
def test_an_expression_filters_like_its_text(session: kott.Session, listed: Lists) -> None:
    """`(K["Genre"] == "Drama") & ...` and the KSQL that it writes find the same rows."""
    wanted = (K["Genre"] == "Drama") & (K.start_date >= "2015-03-01")
    table = listed(session, wanted)
    pd.testing.assert_frame_equal(table, listed(session, f"  {wanted} "))


@pytest.mark.parametrize("listed", FILTERED.values(), ids=FILTERED)
def test_none_is_no_filter(session: kott.Session, listed: Lists) -> None:
    """As the empty text is."""
    pd.testing.assert_frame_equal(listed(session, None), listed(session, ""))


@pytest.mark.parametrize("listed", FILTERED.values(), ids=FILTERED)
def test_a_key_is_not_a_filter(session: kott.Session, listed: Lists) -> None:
    """`K["Genre"]` alone is refused before anything is sent."""
    with pytest.raises(kott.KottError, match="alone is not a filter"):
        listed(session, K["Genre"])


def test_a_listing_takes_an_expression_as_its_filter(session: kott.Session) -> None:
    """Where the list takes KSQL; another list says what its filter is."""
    wanted = (K.asset_type == "media") & K.name.exists()
    assert len(kott.listing(session, "asset", filter=wanted)) == 160
    with pytest.raises(kott.KottError, match=r"region\.list takes no KSQL: give filter= as a dict"):
        kott.listing(session, "region", filter=wanted)


def test_a_list_whose_filter_is_abstract_needs_none(session: kott.Session) -> None:
    """`kott.listing(session, "region")` and `session.records("region")` list every region."""
    table = kott.listing(session, "region")
    assert len(table) == len(list(session.records("region"))) == session.count("region") > 1


# Assets


@pytest.mark.parametrize(
    ("service", "filter", "hint"),
    [
        ("asset", {"objectType": "KalturaSearchAssetFilter", "ksql": "name='x'"}, "kSql"),
        ("subscription", {"channelIdEquals": 1}, "channelIdEqual"),
        ("region", {"parentonly": True}, "parentOnly"),
        (
            "asset",
            {"objectType": "KalturaSearchAssetFilter", "dynamicOrderBy": {"nam": "Year"}},
            "name",
        ),
    ],
)
def test_a_misspelt_property_of_a_filter_is_not_sent(
    roomy: kott.Session, service: str, filter: dict[str, Any], hint: str
) -> None:
    """A server that ignores what it does not know would list everything; the near name is given."""
    before = len(demo.backend_of(roomy).log)
    for attempt in (kott.listing, kott.Session.pages, kott.Session.count):
        with pytest.raises(kott.KottError, match=f"Did you mean {hint}"):
            attempt(roomy, service, filter=filter)
    assert len(demo.backend_of(roomy).log) == before


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"ksql": "name='x'"}, "Did you mean kSql.*KalturaSearchAssetFilter"),
        ({"idEquals": 801}, "Did you mean idEqual.*KalturaChannelFilter"),
        ({"nothing like it": 1}, "It has orderBy, name"),
        ({"objectType": "KalturaBaseSearchAssetFilter"}, "it takes .*KalturaSearchAssetFilter"),
    ],
)
def test_a_filter_of_a_class_above_the_one_that_was_meant_names_it(
    roomy: kott.Session, filter: dict[str, Any], message: str
) -> None:
    """The near name of a property of a class below is said; an abstract class is not sent."""
    with pytest.raises(kott.KottError, match=message):
        kott.listing(roomy, "asset", filter=filter)


def test_a_misspelt_argument_of_a_list_is_not_sent(session: kott.Session) -> None:
    """Its near name is in the message."""
    with pytest.raises(kott.KottError, match="Did you mean filter"):
        kott.listing(session, "channel", filtre={})


def test_a_class_that_the_schema_does_not_list_is_not_checked(roomy: kott.Session) -> None:
    """Newer servers have classes of their own: what they say about it reaches the caller."""
    with pytest.raises(kott.ApiError, match="KalturaNewFilter"):
        kott.listing(roomy, "channel", filter={"objectType": "KalturaNewFilter", "newEqual": 1})


def test_a_response_profile_chooses_the_columns(session: kott.Session) -> None:
    """The properties that it names, and no others; one without names asks for everything."""
    profile = {"objectType": "KalturaOnDemandResponseProfile"}
    named = profile | {"retrievedProperties": "objectType,id, name"}
    table = kott.listing(session, "channel", responseProfile=named)
    assert list(table) == ["objectType", "id", "name"]
    assert table["name"].notna().all()
    whole = kott.listing(session, "channel", responseProfile=profile)
    assert list(whole) == list(kott.listing(session, "channel"))


@pytest.mark.parametrize(
    ("profile", "fields", "message"),
    [
        ({"retrievedProperties": "id"}, ["id"], "not both"),
        ("id,name", None, "responseProfile is a dict"),
    ],
)
def test_a_response_profile_is_a_dict_and_stands_alone(
    session: kott.Session, profile: Any, fields: list[str] | None, message: str
) -> None:
    """`fields=` makes a profile itself."""
    with pytest.raises(kott.KottError, match=message):
        kott.listing(session, "channel", fields=fields, responseProfile=profile)


def test_assets_are_the_media(session: kott.Session) -> None:
    """Linear channels included, programmes not; one row each, all of them."""
    table = kott.assets(session)
    assert len(table) == 160
    assert table["id"].is_unique
    assert (table["objectType"] == "KalturaLiveAsset").sum() == 5
    assert set(schema.properties("KalturaLiveAsset")) - {"metas", "tags"} <= set(table.columns)


@pytest.mark.parametrize("name", ["bar", "known", "self"])
def test_a_slip_in_an_argument_is_named(session: kott.Session, name: str) -> None:
    """Whatever the functions below call their own arguments."""
    slip: dict[str, Any] = {name: 1}
    with pytest.raises(kott.KottError, match=f"region.list has no argument '{name}'"):
        kott.listing(session, "region", **slip)


def test_what_cannot_be_sent_is_no_unfinished_list(session: kott.Session) -> None:
    """Nothing was requested, so that there is nothing to go on with."""
    with pytest.raises(kott.KottError, match="cannot be sent") as refused:
        kott.assets(session, "name='\ud800'")
    assert type(refused.value) is kott.KottError
    assert session.unfinished == []


def test_the_assets_of_a_curated_channel(session: kott.Session) -> None:
    """By the channel's id, narrowed by KSQL; a channel that is not there is refused."""
    media = kott.assets(session)
    channels = kott.listing(session, "channel").set_index("name")
    drama = kott.assets(session, channel=channels["id"]["Drama"])
    tagged = kott.assets(session, "(and genre='Drama' (or asset_type='411' asset_type='412'))")
    assert set(drama["id"]) == set(tagged["id"])
    old = kott.assets(session, K.year < 1980, channel=int(channels["id"]["Drama"]))
    assert set(old["id"]) == set(drama.loc[drama["metas.Year"] < 1980, "id"])
    every = kott.assets(session, channel=int(channels["id"]["All channels"]))
    assert set(every["id"]) <= set(media["id"])
    with pytest.raises(kott.ApiError, match="does not exist"):
        kott.assets(session, channel=1)
    with pytest.raises(kott.KottError, match="not 'Drama'"):
        kott.assets(session, channel="Drama")  # type: ignore[arg-type]


def test_no_asset_has_the_same_columns(session: kott.Session) -> None:
    """An empty table is one that other tables can be joined to."""
    full, none = kott.assets(session), kott.assets(session, "name='nobody made this'")
    assert none.empty
    assert set(schema.properties("KalturaLiveAsset")) - {"metas", "tags"} <= set(none.columns)
    assert none.dtypes.equals(full[list(none.columns)].dtypes)


def test_a_filter_narrows_and_an_order_holds(session: kott.Session) -> None:
    """The server's own filter and order, with a limit."""
    struct = int(kott.channels(session)["type"].iloc[0])
    table = kott.assets(session, f"asset_type='{struct}'", order_by="NAME_DESC", limit=3)
    names = table["name"].tolist()
    assert len(names) == 3
    assert names == sorted(names, reverse=True)
    assert facts_of(table)["windows"][0]["proof"] == "limit"


def test_an_asset_type_in_the_filter_decides(session: kott.Session) -> None:
    """Programmes by a filter of one's own; two kinds are pulled as two lists."""
    programmes = kott.assets(session, "asset_type='epg'", limit=4)
    assert set(programmes["objectType"]) == {"KalturaProgramAsset"}
    both = kott.assets(session, "(or asset_type='epg' asset_type='media')")
    count = both["objectType"].value_counts()
    assert count["KalturaMediaAsset"] + count["KalturaLiveAsset"] == 160
    assert count["KalturaProgramAsset"] == len(kott.epg(session, YESTERDAY, END))
    assert len(facts_of(both)["arguments"]) == 2


def test_a_kind_named_in_one_branch_only_is_asked_for(session: kott.Session) -> None:
    """So that the list can be cut by media_id and no programme is missed quietly."""
    struct = int(kott.channels(session)["type"].iloc[0])
    table = kott.assets(session, f"(or asset_type='{struct}' name~'the')")
    assert set(table["objectType"]) <= {"KalturaMediaAsset", "KalturaLiveAsset"}
    assert (table["type"] == struct).sum() == 5


def test_a_limit_holds_over_two_lists(session: kott.Session) -> None:
    """170 rows of 160 media and many programmes."""
    assert len(kott.assets(session, "(or asset_type='media' asset_type='epg')", limit=170)) == 170


def test_fields_are_the_only_columns(session: kott.Session) -> None:
    """And the only properties that travel."""
    whole, some = kott.assets(session), kott.assets(session, fields=["name", "metas.Year"])
    assert list(some.columns) == ["objectType", "id", "name", "metas.Year"]
    pd.testing.assert_frame_equal(some, whole[list(some.columns)])
    assert facts_of(some)["bytes"] < facts_of(whole)["bytes"] / 2


def test_the_provenance_can_be_kept_as_json(session: kott.Session) -> None:
    """It says what was asked, how much came and how it is known to be all; no secret."""
    table = kott.assets(session)
    about = facts_of(table)
    assert json.loads(json.dumps(about)) == about
    assert (about["source"], about["action"]) == ("kott.assets", "asset.list")
    assert (about["rows"], about["totals"], about["page_size"]) == (160, [160], 50)
    window = {"from": None, "to": None, "rows": 160, "proof": "tiles", "tiles": 4}
    assert about["windows"] == [window]
    assert 3 <= about["requests"] <= 8  # pages travel together where that pays
    assert session._secrets["ks"].reveal() not in json.dumps(about)
    assert demo.PASSWORD not in json.dumps(about)


def test_tables_survive_parquet(session: kott.Session, tmp_path: Any) -> None:
    """Types, times of the year 2999 and provenance included."""
    table = kott.assets(session)
    table.to_parquet(tmp_path / "assets.parquet")
    again = pd.read_parquet(tmp_path / "assets.parquet")
    pd.testing.assert_frame_equal(again, table)
    assert facts_of(again) == facts_of(table)
    assert table["endDate"].max().year == 2999


# The guide


def test_the_guide_has_every_programme_on_air_once(session: kott.Session) -> None:
    """Those that began before the window too, and none that ended at its start."""
    whole = kott.epg(session, YESTERDAY, END)
    start, end = pd.Timestamp("2025-11-24T10:00Z"), pd.Timestamp("2025-11-24T20:00Z")
    table = kott.epg(session, "2025-11-24T10:00", end)
    during = whole[(whole["startDate"] < end) & (whole["endDate"] > start)]
    assert sorted(table["id"]) == sorted(during["id"])
    assert table["id"].is_unique
    assert (table["startDate"] < start).sum() > 0
    assert (facts_of(table)["start"], facts_of(table)["end"]) == (
        start.isoformat(),
        end.isoformat(),
    )


class Heedless(DemoAdapter):
    """A server that does not heed the times of a filter."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        always = rb"start_date>'1000000000'"
        request.body = re.sub(rb"(start|end)_date[<>]'\d+'", always, request.body)
        request.headers["Content-Length"] = str(len(request.body))
        return super().send(request, *args, **options)


@pytest.mark.parametrize("fields", [None, ["name"]])
def test_programmes_outside_of_the_window_are_an_error(
    login: Callable[..., kott.Session], fields: list[str] | None
) -> None:
    """A server that does not heed the times of the filter is found out, whatever the fields."""
    session = login()
    day = ("2025-11-24T10:00", "2025-11-24T12:00")
    table = kott.epg(session, *day, fields=fields)
    assert len(table) > 0
    assert ("startDate" in table) == (fields is None)
    session._connections.http.mount(demo.URL, Heedless(demo.backend_of(session)))
    with pytest.raises(kott.IncompleteError, match="are not on air between"):
        kott.epg(session, *day, fields=fields)


def test_the_guide_of_some_channels(session: kott.Session) -> None:
    """By ids, or by a table of channels, which names them."""
    channels = kott.channels(session).head(2)
    by_table = kott.epg(session, YESTERDAY, END, channels=channels)
    by_ids = kott.epg(session, YESTERDAY, END, channels=channels["id"])
    assert set(by_table["linearAssetId"]) == set(channels["id"])
    pd.testing.assert_frame_equal(by_table.drop(columns="channelName"), by_ids)


def test_the_guide_beyond_the_result_window_is_whole() -> None:
    """10,000 programmes and more come in windows of time, each once."""
    session = demo.login(clock=lambda: NOW, defects=False, deployment="old")
    table = kott.epg(session, "2025-11-23", "2025-12-01", fields=["startDate", "linearAssetId"])
    true = demo.backend_of(session).world.epg.count
    assert true > 10_000
    assert len(table) == true == table["id"].nunique()
    assert len(facts_of(table)["windows"]) > 1


def test_the_days_of_the_guide_are_local_ones(session: kott.Session) -> None:
    """`tz=` is the zone of days and of times without one, and the provenance has it."""
    athens = kott.epg(session, "2025-11-24", "2025-11-25", tz="Europe/Athens")
    same = kott.epg(session, "2025-11-23T22:00", "2025-11-24T22:00")
    assert athens["id"].tolist() == same["id"].tolist()
    assert schedule.coverage(athens)["asked"].unique().tolist() == [1440]
    assert schedule.coverage(same)["asked"].unique().tolist() == [120, 1320]


def test_a_window_that_ends_before_it_starts_is_refused(session: kott.Session) -> None:
    """The message shows both ends."""
    with pytest.raises(kott.KottError, match="give a later end"):
        kott.epg(session, "2025-11-24", "2025-11-24")


def test_channels_are_recognized_by_their_struct(session: kott.Session) -> None:
    """One row each, with the ids that programmes refer to."""
    channels, guide = kott.channels(session), kott.epg(session, YESTERDAY, END)
    assert len(channels) == 5
    assert set(guide["linearAssetId"]) == set(channels["id"])
    assert set(guide["epgChannelId"].astype("str")) == set(channels["externalIds"])


def test_channels_without_the_right_to_read_structs_say_how_else(reader: kott.Session) -> None:
    """The refusal tells how to name the channels' struct."""
    with pytest.raises(kott.Forbidden, match=r"kott\.assets\(session, \"asset_type='NUMBER'\"\)"):
        kott.channels(reader)


def test_five_thousand_assets_come_through_small_pages() -> None:
    """500 a page are requested, 50 are received, and all are there."""
    session = demo.login(assets=5_000, clock=lambda: NOW, defects=False)
    table = kott.assets(session, fields=["name"])
    assert len(table) == 5_000 == table["id"].nunique()
    assert facts_of(table)["page_size"] == 50


def test_totals_that_move_prove_nothing() -> None:
    """A server whose totals are off by up to three gets no table; the error says what was seen."""
    faults = demo.Faults(seed=5, moving=3)
    session = demo.login(assets=300, clock=lambda: NOW, defects=False, faults=faults)
    with pytest.raises(kott.IncompleteError, match=r"totals move by \d from one reply") as caught:
        kott.assets(session, fields=["name"])
    assert len(caught.value.partial) == 300 == caught.value.partial["id"].nunique()


def test_a_guide_of_all_times_is_whole_and_one_from_before_1980_refused(
    login: Callable[..., kott.Session],
) -> None:
    """Windows are never cut where a bound would count from now."""
    session = login(deployment="old")
    table = kott.epg(session, "1980-02-01", "2999-01-01")
    assert len(table) == len(kott.epg(session, YESTERDAY, END))
    with pytest.raises(kott.KottError, match="before 1980"):
        kott.epg(session, "1970-01-01", "2999-01-01")


# Households


def test_all_households_where_the_server_lists_them(roomy: kott.Session) -> None:
    """Names hashed, ids not; the provenance says by what."""
    table = kott.households(roomy)
    assert len(table) == 60
    plain = kott.households(roomy, pii=True)
    assert (table["name"] != plain["name"]).all()
    assert table["name"].nunique() == plain["name"].nunique()
    assert table["id"].tolist() == plain["id"].tolist()
    assert "session's own key" in facts_of(table)["personal"]


def test_all_households_where_it_does_not_say_what_to_give(session: kott.Session) -> None:
    """The API's refusal, with the way that works."""
    with pytest.raises(kott.ApiError, match="does not list all households: give ids="):
        kott.households(session)


def test_households_by_ids_come_in_packs(session: kott.Session) -> None:
    """Sixty in two requests, in the order asked for."""
    ids = [one["id"] for one in demo.backend_of(session).world.objects["KalturaHousehold"]]
    table = kott.households(session, reversed(ids))
    assert table["id"].tolist() == ids[::-1]
    assert facts_of(table)["requests"] == 2


def test_households_by_external_ids(session: kott.Session) -> None:
    """As the operator's other systems know them."""
    known = demo.backend_of(session).world.objects["KalturaHousehold"][:3]
    table = kott.households(session, external_ids=[one["externalId"] for one in known])
    assert table["id"].tolist() == [one["id"] for one in known]
    assert known[0]["externalId"] not in str(table.attrs) + table.to_csv()


def test_a_household_that_is_not_there_is_said(session: kott.Session) -> None:
    """The others are kept; the external id, which is personal, is not in the message."""
    known = demo.backend_of(session).world.objects["KalturaHousehold"][0]
    with pytest.raises(kott.IncompleteError, match=r"1 of 2 households .* position 2") as caught:
        kott.households(session, [known["id"], 999_999_999])
    assert caught.value.partial["id"].tolist() == [known["id"]]
    with pytest.raises(kott.IncompleteError) as caught:
        kott.households(session, external_ids=["no-such-home"])
    assert "no-such-home" not in str(caught.value)


def test_ids_and_external_ids_are_not_mixed(session: kott.Session) -> None:
    """One or the other."""
    with pytest.raises(kott.KottError, match="not both"):
        kott.households(session, [1], external_ids=["x"])


def test_users_and_devices_join_their_households(roomy: kott.Session) -> None:
    """By id; hashed texts join too, within the session."""
    homes = kott.households(roomy)
    users, devices = kott.household_users(roomy), kott.household_devices(roomy, homes)
    assert set(users["householdId"]) <= set(homes["id"])
    assert set(devices["householdId"]) <= set(homes["id"])
    world = demo.backend_of(roomy).world.objects
    assert len(users) == len(world["KalturaHouseholdUser"])
    assert len(devices) == len(world["KalturaHouseholdDevice"])
    assert devices["udid"].str.fullmatch("[0-9a-f]{16}").all()
    masters = users.loc[users["isMaster"].fillna(False)]
    assert masters.groupby("householdId").size().max() == 1


def test_a_key_of_one_s_own_joins_sessions(
    roomy: kott.Session, login: Callable[..., kott.Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """KOTT_PII_KEY makes hashes that last; without it they do not."""
    other = login(deployment="roomy")
    assert not kott.households(roomy)["name"].equals(kott.households(other)["name"])
    monkeypatch.setenv("KOTT_PII_KEY", "a long and private key")
    first, second = kott.households(roomy), kott.households(other)
    assert first["name"].equals(second["name"])
    assert facts_of(first)["personal"] == "hashed with KOTT_PII_KEY"


# Anything else


@pytest.mark.parametrize(
    ("service", "action"),
    [
        ("assetStruct", "list"),
        ("meta", "list"),
        ("country", "list"),
        ("region", "list"),
        ("lineup", "get"),
    ],
)
def test_any_list_action_is_a_table(session: kott.Session, service: str, action: str) -> None:
    """With a pager, without one, with a pager of its own, with a filter that is required."""
    wanted = {"objectType": "KalturaRegionFilter"} if service == "region" else None
    table = kott.listing(session, service, action, filter=wanted)
    assert len(table) > 0
    known = schema.action(service, action)
    assert known is not None
    assert known.items is not None
    assert set(schema.properties(known.items)) - {"metas", "tags"} <= set(table.columns)


def test_users_are_hashed_and_their_filter_is_not_kept(session: kott.Session) -> None:
    """A user's name stands neither in the table nor in how it was gathered."""
    table = kott.listing(session, "ottUser", filter={"usernameEqual": demo.USERNAME})
    assert len(table) == 1
    assert demo.USERNAME not in table.to_csv() + str(table.attrs)
    plain = kott.listing(session, "ottUser", filter={"usernameEqual": demo.USERNAME}, pii=True)
    assert plain["username"].tolist() == [demo.USERNAME]


def test_what_is_no_list_action_is_refused(session: kott.Session) -> None:
    """Naming those of the service, or those that come close."""
    with pytest.raises(kott.KottError, match=r"asset\.get is not a list action; try .*asset\.list"):
        kott.listing(session, "asset", "get")
    with pytest.raises(kott.KottError, match=r"assetStrct\.list .*; try assetStruct\.list"):
        kott.listing(session, "assetStrct")


def test_facets_count_what_tables_hold(session: kott.Session) -> None:
    """By a tag, by two at once; most first."""
    assets = kott.assets(session)
    genres = kott.tags(assets, "Genre")["value"].value_counts()
    facets = kott.facets(session, "Genre")
    assert facets.set_index("Genre")["count"].to_dict() == genres.to_dict()
    assert facets["count"].is_monotonic_decreasing
    crossed = kott.facets(session, ["media_type_id", "Genre"])
    assert crossed.columns.tolist() == ["media_type_id", "Genre", "count"]
    assert crossed["count"].sum() == genres.sum()


def test_facets_by_type_have_the_names_of_types(session: kott.Session) -> None:
    """Beside the ids, where labels are given."""
    facets = kott.facets(session, ["media_type_id", "Genre"], labels=kott.labels(session))
    assert facets.columns.tolist() == ["media_type_id", "typeName", "Genre", "count"]
    counted = facets.groupby("typeName")["count"].sum()
    tags = kott.tags(kott.with_names(kott.assets(session)), "Genre")
    assert counted.sum() == len(tags)
    assert {"Movie", "Series"} <= set(counted.index)


def test_labels_name_what_tables_number(session: kott.Session) -> None:
    """Ids have the API's type: every asset's type maps to a name, in a query and a merge too."""
    labels = kott.labels(session)
    structs = labels.query("kind == 'assetStruct' and id > 0").set_index("id")["systemName"]
    types = kott.assets(session)["type"]
    assert set(types.map(structs)) == {"Movie", "Series", "Episode", "Linear"}
    assert types.to_frame().merge(structs, left_on="type", right_index=True).shape[0] == len(types)
    assert facts_of(labels)["refused"] == {}
    languages = labels.query("kind == 'language'").set_index("code")
    assert languages["name"]["eng"] == "English"


def test_labels_are_requested_once(login: Callable[..., kott.Session]) -> None:
    """After a log-out the labels of the session are still known, each call's table its own."""
    session = login()
    first = kott.labels(session)
    session.logout()
    pd.testing.assert_frame_equal(kott.labels(session), first)
    assert set(kott.labels(session, ["meta"])["kind"]) == {"meta"}


def test_labels_in_all_languages_have_names(login: Callable[..., kott.Session]) -> None:
    """They are those of one language: an audit finds fields by them."""
    plain, every = kott.labels(login()), kott.labels(login(language="*"))
    assert every["name"].notna().sum() == plain["name"].notna().sum() > 40
    own = ["assetStruct", "meta"]
    assert every[every["kind"].isin(own)]["name"].tolist() == (
        plain[plain["kind"].isin(own)]["name"].tolist()
    )


def test_labels_of_a_ks_that_is_over_are_no_labels(session: kott.Session) -> None:
    """An ended session is an error, not an empty table."""
    ready = kott.login(demo.URL, demo.PARTNER_ID, ks="djJ8-over", http=session._connections.http)
    with pytest.raises(kott.SessionExpired):
        kott.labels(ready)
    with pytest.raises(kott.KottError, match="kinds is a list of assetStruct"):
        kott.labels(session, ["nope"])


def test_labels_that_the_role_may_not_read_are_named_in_the_provenance(
    reader: kott.Session,
) -> None:
    """The others come."""
    labels = kott.labels(reader, ["assetStruct", "language"])
    assert set(labels["kind"]) == {"language"}
    assert "500004" in facts_of(labels)["refused"]["assetStruct"]


# Verified


def test_what_came_and_went_is_listed(login: Callable[..., kott.Session]) -> None:
    """The ids are listed again; where nothing changed, nothing is listed."""
    session = login()
    table, guide = kott.assets(session), kott.epg(session, YESTERDAY, END)
    assert kott.verify(session, table).empty
    assert kott.verify(session, guide.sort_values("name")).empty
    assert kott.verify(
        session, kott.assets(session, "(or asset_type='media' asset_type='epg')")
    ).empty
    partner = demo.make(assets=160, channels=5, days=3, seed=8, clock=lambda: NOW)
    other = login(backend=partner)
    then, now = set(table["id"]), set(kott.assets(other)["id"])
    changes = kott.verify(other, table)
    assert set(changes.query("change == 'gone'")["id"]) == then - now != set()
    assert set(changes.query("change == 'new'")["id"]) == now - then != set()
    assert [str(kind) for kind in changes.dtypes] == ["str", "Int64", "str"]


def test_a_table_that_was_changed_is_not_verified(session: kott.Session) -> None:
    """Cut, filtered, of somewhere else, or of no listing: refused, saying why."""
    table = kott.assets(session)
    with pytest.raises(kott.KottError, match="160 then, 159 now"):
        kott.verify(session, table.iloc[1:])
    with pytest.raises(kott.KottError, match="cut by a limit"):
        kott.verify(session, kott.assets(session, limit=3))
    with pytest.raises(kott.KottError, match=r"Only tables of kott\.assets"):
        kott.verify(session, kott.labels(session))
    elsewhere = table.copy()
    elsewhere = with_facts(elsewhere, url="https://tv.example.com")
    with pytest.raises(kott.KottError, match="log in there"):
        kott.verify(session, elsewhere)


# Stopped


def test_what_came_before_a_stop_is_kept_and_gone_on_with(
    login: Callable[..., kott.Session],
) -> None:
    """Ctrl-C in mid-pull: the rows so far are a table, the next cell has the rest."""
    session = login()
    replies = 0

    def stop_once(*_: Any, **__: Any) -> None:
        nonlocal replies
        replies += 1
        if replies == 2:
            raise KeyboardInterrupt

    session._connections.http.hooks["response"].append(stop_once)
    with pytest.raises(kott.Interrupted, match=r"session\.unfinished\[-1\]\.resume") as caught:
        kott.assets(session, workers=1)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert len(caught.value.partial) == 50
    assert "incomplete" in facts_of(caught.value.partial)
    with pytest.raises(kott.KottError, match="not the whole list"):
        kott.verify(session, caught.value.partial)
    whole = session.unfinished[-1].resume()
    pd.testing.assert_frame_equal(whole, kott.assets(session))
    assert session.unfinished == []
    assert "incomplete" not in facts_of(whole)


def test_a_bad_line_in_mid_pull_is_incomplete_and_can_go_on(
    login: Callable[..., kott.Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stops answering for longer than anybody waits."""
    monkeypatch.setattr(retries, "pause", lambda seconds: None)
    session = login()
    backend = demo.backend_of(session)
    quiet = backend.bad_day
    backend.bad_day = type(quiet)(demo.Faults(spare=1, error=1.0))
    with pytest.raises(
        kott.IncompleteError, match=r"50 of 160 rows, at page 2, then: .*: HTTP 50"
    ) as e:
        kott.assets(session, workers=1)
    assert len(e.value.partial) == 50
    backend.bad_day = quiet
    assert len(e.value.resume()) == 160


def test_the_first_of_two_lists_is_kept_when_the_second_fails(
    login: Callable[..., kott.Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came is in the error, whichever list it is of."""
    monkeypatch.setattr(retries, "pause", lambda seconds: None)
    session = login(deployment="roomy")
    backend = demo.backend_of(session)
    quiet = backend.bad_day
    backend.bad_day = type(quiet)(demo.Faults(spare=1, error=1.0))
    with pytest.raises(kott.IncompleteError) as e:
        kott.assets(session, "(or asset_type='media' asset_type='epg')")
    assert len(e.value.partial) == 160
    backend.bad_day = quiet
    assert len(e.value.resume()) == 160 + len(kott.epg(session, YESTERDAY, END))


def test_households_that_do_not_exist_can_be_skipped(roomy: kott.Session) -> None:
    """The others are a table, whose provenance has the positions of those that are missing."""
    known = [one["id"] for one in demo.backend_of(roomy).world.objects["KalturaHousehold"][:3]]
    table = kott.households(roomy, [known[0], 1, *known[1:], 2], missing="skip")
    assert table["id"].tolist() == known
    assert facts_of(table)["missing"] == [1, 4]
    with pytest.raises(kott.KottError, match="missing is 'error' or 'skip', not 'drop'"):
        kott.households(roomy, known, missing="drop")  # type: ignore[arg-type]


def test_few_of_our_frames_lie_between_a_call_and_its_request(
    login: Callable[..., kott.Session],
) -> None:
    """From `kott.assets` to what posts, so that a traceback can be read: at most twelve."""
    ours, demo_room = Path(kott.__file__).parent, Path(demo.__file__).parent
    depths: list[int] = []

    class Looking(DemoAdapter):
        def send(self, *arguments: Any, **options: Any) -> requests.Response:
            files = [Path(frame.filename) for frame in inspect.stack(0)]
            depths.append(
                sum(ours in one.parents and demo_room not in one.parents for one in files)
            )
            return super().send(*arguments, **options)

    session = login()
    session._connections.http.mount(demo.URL, Looking(demo.backend_of(session)))
    kott.assets(session, workers=1)
    assert 5 < max(depths) <= 12
