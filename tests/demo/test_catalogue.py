"""The made-up partner: the same each time, true to itself, and clean unless defects are planted."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from kott_notebooks import schema
from kott_notebooks.demo.catalogue import Shelf, World, build
from kott_notebooks.demo.world.dice import Dice
from kott_notebooks.demo.world.media import channel_name
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, SERIES
from kott_notebooks.demo.world.titles import MOVIES, Titles

from .asking import NOW

DAY = 86_400
LANGUAGES = ("eng", "fra", "ell")
SIZES: dict[str, Any] = {
    "seed": 11, "assets": 400, "channels": 9, "days": 8, "households": 60, "now": NOW,
}  # fmt: skip


@pytest.fixture(scope="module")
def clean() -> World:
    """A world in which nothing is wrong."""
    return build(**SIZES, defects=False)


def records(shelf: Shelf) -> list[dict[str, Any]]:
    """Give every record of a shelf, in every language."""
    return [shelf.record(row) for row in range(shelf.count)]


def as_text(world: World) -> str:
    """Write a whole world down."""
    parts = [records(world.media), records(world.epg), world.objects]
    people = [asdict(account) for account in world.accounts]
    return json.dumps([*parts, people, [asdict(one) for one in world.defects]])


def rows_of(world: World, struct: int) -> list[int]:
    """Find the rows of an asset struct."""
    return np.flatnonzero(world.media.numbers["asset_type"] == struct).tolist()


@pytest.mark.parametrize("defects", [True, False])
def test_the_same_arguments_make_the_same_world(defects: bool) -> None:
    """Two worlds of one seed are equal to the letter."""
    sizes = SIZES | {"assets": 200, "channels": 6, "households": 40}
    assert as_text(build(**sizes, defects=defects)) == as_text(build(**sizes, defects=defects))


def test_another_seed_makes_another_world(clean: World) -> None:
    """The seed decides what the assets are."""
    assert as_text(build(**SIZES | {"seed": 12}, defects=False)) != as_text(clean)


def test_sizes_are_what_was_asked_for(clean: World) -> None:
    """Assets, channels and households are counted as asked; a day has about 30 programmes."""
    assert clean.media.count == 400
    assert len(rows_of(clean, LINEAR)) == 9
    assert len(clean.objects["KalturaHousehold"]) == 60
    assert 25 <= clean.epg.count / (9 * 8) <= 36


@pytest.mark.parametrize(
    "sizes", [{"assets": 0, "channels": 0}, {"days": 0}, {"assets": 2, "channels": 3, "days": 1}]
)
def test_a_world_may_be_tiny(sizes: dict[str, int]) -> None:
    """Empty and nearly empty worlds can be made and read."""
    world = build(**SIZES | sizes, defects=False)
    assert len(records(world.media)) == max(world.media.count, sizes.get("channels", 9))
    assert len(records(world.epg)) == world.epg.count


def test_a_world_of_now_is_made_when_nothing_is_said() -> None:
    """Without `now` the guide is around the present."""
    world = build(assets=20, channels=1, households=0, defects=False)
    assert abs(world.now - datetime.now(UTC).timestamp()) < 60


@pytest.mark.parametrize("name", ["media", "epg"])
def test_ids_ascend_and_are_unique(clean: World, name: str) -> None:
    """A shelf is sorted by id, and a row is found by it."""
    shelf: Shelf = getattr(clean, name)
    assert (np.diff(shelf.ids) > 0).all()
    assert shelf.row(int(shelf.ids[17])) == 17
    with pytest.raises(KeyError):
        shelf.row(int(shelf.ids[-1]) + 1)


def test_media_and_programmes_share_ids(clean: World) -> None:
    """An id alone does not say whether a movie or a programme is meant."""
    assert set(clean.media.ids.tolist()) & set(clean.epg.ids.tolist())


@pytest.mark.parametrize("name", ["media", "epg"])
def test_a_record_agrees_with_the_columns(clean: World, name: str) -> None:
    """What a search finds by is what the record shows."""
    shelf: Shelf = getattr(clean, name)
    numbers = {"startDate": "start_date", "endDate": "end_date", "type": "asset_type"}
    numbers |= {"createDate": "create_date", "updateDate": "update_date"}
    for row, record in enumerate(records(shelf)):
        assert record["id"] == shelf.ids[row]
        assert all(record[prop] == shelf.numbers[key][row] for prop, key in numbers.items())
        for key, prop in (("name", "multilingualName"), ("description", "multilingualDescription")):
            shown = {token["language"]: token["value"] for token in record[prop]}
            assert shown == {language: shelf.text(key, language)[row] for language in LANGUAGES}
        assert record["externalId"] == shelf.text("externalid", "eng")[row]
        assert set(record["metas"]) == {
            name for name, meta in shelf.metas.items() if meta.values("eng")[row] is not None
        }
        assert set(record["tags"]) == {
            name for name, tag in shelf.tags.items() if tag.values("eng")[row]
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_record_in_one_language_has_plain_texts(clean: World, language: str) -> None:
    """`name` and every meta and tag are in the language asked for."""
    shelf = clean.media
    row = rows_of(clean, MOVIE)[5]
    record = shelf.record(row, language)
    assert record["name"] == shelf.text("name", language)[row]
    assert (
        record["metas"]["Short synopsis"]["value"]
        == (shelf.metas["Short synopsis"].values(language)[row])
    )
    genres = [one["value"] for one in record["tags"]["Genre"]["objects"]]
    assert tuple(genres) == shelf.tags["Genre"].values(language)[row]


@pytest.mark.parametrize("name", ["media", "epg"])
def test_records_hold_to_the_schema(clean: World, name: str) -> None:
    """A record has no property that its class lacks, but the one that servers add."""
    for record in records(getattr(clean, name)):
        known = schema.properties(record["objectType"])
        assert set(record) - set(known) <= {"objectType", "typeDescription"}
        for inside in (*record.get("images", ()), *record.get("mediaFiles", ())):
            assert set(inside) - {"objectType"} <= set(schema.properties(inside["objectType"]))


def test_small_lists_hold_to_the_schema(clean: World) -> None:
    """Every small record is of its list's class, and has no property that its class lacks."""
    for cls, listed in clean.objects.items():
        for record in listed:
            assert schema.extends(record["objectType"], cls)
            assert set(record) - {"objectType"} <= set(schema.properties(record["objectType"]))


def test_metas_are_what_their_definitions_say(clean: World) -> None:
    """A value's class follows from the definition that its struct has for the name."""
    classes = {
        "STRING": "KalturaStringValue",
        "MULTILINGUAL_STRING": "KalturaMultilingualStringValue",
        "NUMBER": "KalturaDoubleValue",
        "BOOLEAN": "KalturaBooleanValue",
        "DATE": "KalturaLongValue",
    }
    metas = {one["id"]: one for one in clean.objects["KalturaMeta"]}
    known = {}
    for struct in clean.objects["KalturaAssetStruct"]:
        for one in (metas[key] for key in struct["metaIds"].split(",")):
            name, many = one["multilingualName"][0]["value"], one["multipleValue"]
            known[struct["id"], name, many] = classes[one["dataType"]]
    for record in [*records(clean.media), *records(clean.epg)]:
        for name, value in record["metas"].items():
            assert value["objectType"] == known[record["type"], name, False]
        for name in record["tags"]:
            assert (record["type"], name, True) in known


def test_the_partner_writes_as_partners_do(clean: World) -> None:
    """There is a trailing blank, a meta named like a tag, and a meta of two types."""
    assert "Catchup allowed " in clean.media.metas
    assert set(clean.media.metas) & set(clean.media.tags) == {"Quality"}
    scores = {type(value) for value in clean.media.metas["Score"].values("eng")}
    assert {float, str} < scores


def test_mandatory_fields_are_there(clean: World) -> None:
    """No asset lacks what its struct cannot do without."""
    needed = {
        struct["id"]: struct["dynamicData"]["mandatoryMetaIds"]["value"].split(",")
        for struct in clean.objects["KalturaAssetStruct"]
    }
    names = {one["id"]: one["multilingualName"][0]["value"] for one in clean.objects["KalturaMeta"]}
    for record in records(clean.media):
        fields = {names[key] for key in needed[record["type"]]}
        assert fields <= {*record["metas"], *record["tags"]}


def test_every_text_is_in_every_language(clean: World) -> None:
    """Names, descriptions and translated metas have three texts, and they differ where long."""
    for record in [*records(clean.media), *records(clean.epg)]:
        translated = [record["multilingualName"], record["multilingualDescription"]]
        translated += [
            one["multilingualValue"]
            for one in record["metas"].values()
            if "multilingualValue" in one
        ]
        for tokens in translated:
            assert [token["language"] for token in tokens] == list(LANGUAGES)
            texts = {token["value"] for token in tokens}
            assert len(texts) == 3 or max(map(len, texts)) <= 20


def test_names_within_a_struct_differ(clean: World) -> None:
    """No two assets of a struct share a name, an external id or an entry id."""
    matches = records(clean.media)
    names = Counter((one["type"], one["multilingualName"][0]["value"].lower()) for one in matches)
    assert max(names.values()) == 1
    for prop in ("externalId", "entryId"):
        assert len({one[prop] for one in matches}) == len(matches)


def test_episodes_belong_to_series_and_count_from_one(clean: World) -> None:
    """Each series has episodes, numbered without a hole in each season."""
    series = clean.media.metas["Series ID"].values("eng")
    whole = {series[row] for row in rows_of(clean, SERIES)}
    numbers: dict[tuple[Any, Any], list[Any]] = {}
    for row in rows_of(clean, EPISODE):
        season = clean.media.metas["Season number"].values("eng")[row]
        numbers.setdefault((series[row], season), []).append(
            clean.media.metas["Episode number"].values("eng")[row]
        )
    assert {of for of, _ in numbers} == whole
    assert all(sorted(of) == list(range(1, len(of) + 1)) for of in numbers.values())


def test_files_lie_within_their_assets_window(clean: World) -> None:
    """Playable assets have main files of nearly one length, active, and no longer on offer."""
    for record in records(clean.media):
        files = record["mediaFiles"]
        main = [one["duration"] for one in files if one["type"].endswith("_Main")]
        assert bool(main) == (record["type"] != SERIES)
        assert max(main, default=0) - min(main, default=0) <= 1
        assert all(one["status"] and one["assetId"] == record["id"] for one in files)
        assert all(one["startDate"] >= record["startDate"] for one in files)
        assert all(one["endDate"] <= record["endDate"] for one in files)
        assert ("Trailer" in {one["type"] for one in files}) == (record["type"] == MOVIE)


def test_a_few_movies_are_not_on_offer() -> None:
    """Some are inactive, some not yet started, some expired, and one is there for ever."""
    numbers = build(now=NOW, channels=4, households=1, days=1, defects=False).media.numbers
    expired = numbers["end_date"] < NOW
    assert 0 < (numbers["status"] == 0).mean() < 0.1
    assert 0 < (numbers["start_date"] > NOW).mean() < 0.05
    assert 0 < expired.mean() < 0.05
    assert not numbers["status"][expired].any()
    ends = [datetime.fromtimestamp(int(end), UTC).year for end in numbers["end_date"]]
    assert ends.count(2999) == 1
    assert (numbers["end_date"] > numbers["start_date"]).all()
    assert (numbers["update_date"] <= NOW).all()


CHANGES = {
    "in no season of change": NOW,
    "when clocks go back": int(datetime(2025, 10, 24, 9, tzinfo=UTC).timestamp()),
    "when clocks go on": int(datetime(2026, 3, 27, 9, tzinfo=UTC).timestamp()),
}


@pytest.mark.parametrize("now", CHANGES.values(), ids=CHANGES)
def test_the_guide_has_no_gap_and_no_overlap(now: int) -> None:
    """Each channel's programmes fill the window to the second, clock changes or not."""
    world = build(**SIZES | {"now": now}, defects=False)
    numbers = world.epg.numbers
    begin = (now // DAY - 1) * DAY
    for channel in np.unique(numbers["linear_media_id"]):
        of = numbers["linear_media_id"] == channel
        start, end = np.sort(numbers["start_date"][of]), np.sort(numbers["end_date"][of])
        assert start[0] == begin
        assert end[-1] == begin + 8 * DAY
        assert (start[1:] == end[:-1]).all()
        assert (end - start >= 300).all()
        assert (end - start <= 8 * 3_600).all()


def test_the_guide_keeps_to_the_clock_on_the_wall() -> None:
    """From a clock change on, programmes start at the same local hour, so another UTC hour."""
    world = build(**SIZES | {"now": CHANGES["when clocks go back"]}, defects=False)
    change = int(datetime(2025, 10, 26, 1, tzinfo=UTC).timestamp())
    start, channel = world.epg.numbers["start_date"], world.epg.numbers["linear_media_id"]
    starts = start[channel == channel[0]]
    before = starts[(starts > change - 20 * 3_600) & (starts < change - 5 * 3_600)]
    after = starts[(starts > change + 5 * 3_600) & (starts < change + 20 * 3_600)]
    assert set((before + 25 * 3_600).tolist()) & set(after.tolist())
    assert not set((before + 24 * 3_600).tolist()) >= set(after.tolist())


def test_no_programme_follows_itself() -> None:
    """What a channel shows next has another name, so nothing looks as if ingested twice."""
    epg = build(**SIZES | {"assets": 60, "channels": 60}, defects=False).epg
    names, channels = epg.text("name", "eng"), epg.numbers["linear_media_id"]
    order = np.lexsort((epg.numbers["start_date"], channels)).tolist()
    assert all(
        names[one] != names[other] or channels[one] != channels[other]
        for one, other in pairwise(order)
    )


def test_programmes_belong_to_their_channels(clean: World) -> None:
    """A programme names its channel twice, and allows no more than the channel does."""
    channels = {one["id"]: one for one in records(clean.media) if one["type"] == LINEAR}
    for programme in records(clean.epg):
        channel = channels[programme["linearAssetId"]]
        assert channel["externalIds"] == str(programme["epgChannelId"])
        for flag in ("enableCatchUp", "enableStartOver", "enableCdvr", "enableTrickPlay"):
            assert channel[flag] or not programme[flag]
    assert all(bool(one["catchUpBuffer"]) == one["enableCatchUp"] for one in channels.values())


def test_series_on_air_go_on_where_they_stopped(clean: World) -> None:
    """On one channel an episode number goes up, or back to 1 with a new season."""
    epg = clean.epg
    last: dict[tuple[int, Any], tuple[int, int]] = {}
    for row in np.lexsort((epg.numbers["start_date"], epg.numbers["linear_media_id"])):
        series = epg.metas["Series ID"].at(row)
        season, episode = epg.metas["Season number"].at(row), epg.metas["Episode number"].at(row)
        assert (series is None) == (season is None) == (episode is None)
        if series is None:
            continue
        place = (int(epg.numbers["linear_media_id"][row]), series)
        now = (int(season), int(episode))
        assert now >= last.get(place, (0, 0))
        last[place] = now


def test_programmes_have_texts_for_metas(clean: World) -> None:
    """Numbers and flags of programmes are texts, as ingest leaves them."""
    values = {
        type(meta.values("eng")[row])
        for meta in clean.epg.metas.values()
        for row in range(0, clean.epg.count, 50)
    }
    assert values == {str, type(None)}


def test_the_joins_of_households_hold(clean: World) -> None:
    """Users, devices, regions, limits and brands that are named exist."""
    objects = clean.objects
    ids = {cls: {one["id"] for one in listed if "id" in one} for cls, listed in objects.items()}
    for home in objects["KalturaHousehold"]:
        assert home["householdLimitationsId"] in ids["KalturaHouseholdLimitations"]
        assert home["regionId"] in ids["KalturaRegion"]
    for user in objects["KalturaHouseholdUser"]:
        assert user["householdId"] in ids["KalturaHousehold"]
        assert user["userId"] in ids["KalturaOTTUser"]
    for device in objects["KalturaHouseholdDevice"]:
        assert device["householdId"] in ids["KalturaHousehold"]
        assert device["brandId"] in ids["KalturaDeviceBrand"]
        assert device["deviceFamilyId"] in ids["KalturaDeviceFamily"]
    for region in objects["KalturaRegion"]:
        of = {one["linearChannelId"] for one in region["linearChannels"]}
        assert of <= set(clean.media.ids[rows_of(clean, LINEAR)].tolist())
        assert region.get("parentId", 70) in ids["KalturaRegion"]


def test_households_keep_within_their_limits(clean: World) -> None:
    """Every home has one master and fewer users and devices than it may have."""
    objects = clean.objects
    users = Counter(one["householdId"] for one in objects["KalturaHouseholdUser"])
    masters = Counter(
        one["householdId"] for one in objects["KalturaHouseholdUser"] if one["isMaster"]
    )
    devices = Counter(one["householdId"] for one in objects["KalturaHouseholdDevice"])
    for home in objects["KalturaHousehold"]:
        assert 0 < users[home["id"]] < home["usersLimit"]
        assert 0 < devices[home["id"]] < home["devicesLimit"]
        assert masters[home["id"]] == 1
    udids = [one["udid"] for one in objects["KalturaHouseholdDevice"]]
    assert len(set(udids)) == len(udids)


def test_people_are_plainly_made_up(clean: World) -> None:
    """No mail of a user could reach anybody, and no two users share a name."""
    users = clean.objects["KalturaOTTUser"]
    assert all(one["email"].endswith(("@example.com", ".invalid")) for one in users)
    assert len({one["username"] for one in users}) == len(users)
    assert len({one["id"] for one in users}) == len(users)


def test_everybody_who_logs_in_is_a_user(clean: World) -> None:
    """Each account has its user's record, and the role that the record says."""
    users = {one["id"]: one for one in clean.objects["KalturaOTTUser"]}
    roles = {one["id"]: one["name"].lower() for one in clean.objects["KalturaUserRole"]}
    assert {account.roles[-1] for account in clean.accounts} == set(roles.values()) - {"anonymous"}
    for account in clean.accounts:
        user = users[account.user_id]
        assert user["username"] == account.username
        assert user.get("householdId") == account.household_id
        assert roles[int(user["roleIds"].split(",")[-1])] == account.roles[-1]


def test_a_large_world_is_made_in_time() -> None:
    """100,000 assets and 300,000 programmes are columns, not records, until asked for."""
    world = build(assets=100_000, channels=1_250, households=10, now=NOW, defects=False)
    assert world.media.count == 100_000
    assert world.epg.count > 300_000
    names = world.media.text("name", "eng")
    movies = [names[row] for row in rows_of(world, MOVIE)]
    assert len(set(movies)) == len(movies)
    channels = [names[row] for row in rows_of(world, LINEAR)]
    assert len(set(channels)) == len(channels)


def test_titles_run_out_with_a_word() -> None:
    """More assets than there are titles for are refused, saying so."""
    with pytest.raises(ValueError, match="ask for fewer assets"):
        Titles(Dice(1), "movies", 30_000_000, MOVIES)


def test_dice_fall_alike_one_at_a_time_and_all_at_once() -> None:
    """What comes up depends on seed, purpose and index alone."""
    dice = Dice(5)
    many = dice.many("colour", 50, 6)
    assert many.tolist() == [dice.one("colour", at, 6) for at in range(50)]
    assert sorted(dice.order("colour", 50).tolist()) == list(range(50))
    assert len(set(many.tolist())) == 6


def test_a_column_can_be_changed_in_one_row() -> None:
    """A new value stands in its row, in its language, and nowhere else."""
    shelf = build(**SIZES | {"days": 1}, defects=False).media
    before = shelf.record(3)
    other = shelf.record(4)
    shelf.texts["name"].put(3, {"fra": "Autre"})
    shelf.metas["Year"].put(3, "soon")
    shelf.metas["Short synopsis"].put(3, {"eng": "Other", "fra": "", "ell": ""})
    shelf.metas["Adult"].put(3, None)
    shelf.tags["Genre"].put(3, [])
    shelf.patch(int(shelf.ids[3]), images=[], entryId=None)
    after = shelf.record(3)
    assert [one["value"] for one in after["multilingualName"]] == [
        "Autre" if one["language"] == "fra" else one["value"] for one in before["multilingualName"]
    ]
    assert shelf.text("name", "fra")[3] == "Autre"
    assert after["metas"]["Year"] == {"objectType": "KalturaStringValue", "value": "soon"}
    assert len(after["metas"]["Short synopsis"]["multilingualValue"]) == 1
    assert shelf.record(3, "fra")["metas"]["Short synopsis"]["value"] == "Other"
    assert "Adult" not in after["metas"]
    assert "Genre" not in after["tags"]
    assert after["images"] == []
    assert "entryId" not in after
    assert shelf.record(4) == other


def test_no_two_channels_share_a_name() -> None:
    """However many channels there are, a name stands for one of them."""
    assert len({channel_name(at, "fra") for at in range(5_000)}) == 5_000


def test_texts_are_sequences(clean: World) -> None:
    """A column of texts is counted, cut and read from its end, as lists are."""
    names = clean.media.text("name", "eng")
    assert names[-1] == list(names)[-1]
    assert names[1:4] == list(names)[1:4]
    with pytest.raises(IndexError):
        names[clean.media.count]


def test_rows_can_be_taken_twice_or_not_at_all() -> None:
    """A shelf can lose rows and double others; every column follows."""
    shelf = build(**SIZES | {"days": 1}, defects=False).epg
    before = [shelf.record(row) for row in (0, 2, 3)]
    shelf.take(np.array([0, 2, 3, 0]))
    shelf.ids[3] = shelf.ids[2] + 1
    after = [shelf.record(row) for row in range(shelf.count)]
    assert after[:3] == before
    assert {key: after[3][key] for key in ("startDate", "tags")} == {
        key: before[0][key] for key in ("startDate", "tags")
    }


def test_the_shop_sells_and_keeps_what_there_is(clean: World) -> None:
    """Curated sets, entitlements, recordings and bookmarks point at what exists."""
    objects = clean.objects
    media, programmes = set(clean.media.ids.tolist()), set(clean.epg.ids.tolist())
    users = {one["id"]: one.get("householdId") for one in objects["KalturaOTTUser"]}
    products = {
        one["id"]
        for cls in ("KalturaSubscription", "KalturaCollection", "KalturaPpv")
        for one in objects[cls]
    }
    for channel in objects["KalturaChannel"]:
        picked = channel.get("mediaIds", "")
        assert {int(one) for one in picked.split(",") if one} <= media
    for one in objects["KalturaEntitlement"]:
        assert users[one["userId"]] == one["householdId"]
        assert one["productId"] in products
    assert {one["assetId"] for one in objects["KalturaRecording"]} <= programmes
    assert {one["assetId"] for one in objects["KalturaAssetHistory"]} <= media
    assert {one["userId"] for one in objects["KalturaBookmark"]} <= set(users)
    assert {one["programId"] for one in objects["KalturaIngestEpgProgramResult"]} <= programmes
    assert all(objects[cls] for cls in ("KalturaChannel", "KalturaPpv", "KalturaCollection"))
    assert {one["status"] for one in objects["KalturaRecording"]} == {"RECORDED", "SCHEDULED"}
