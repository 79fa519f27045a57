"""What is wrong on purpose: each rule, both sides of its threshold, every consequence, no more."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from kott_notebooks.demo.catalogue import World, build
from kott_notebooks.demo.plants.ledger import NoneLeft, Victims
from kott_notebooks.demo.world.dice import Dice

from .asking import NOW
from .oracle import Finding, findings

AUTUMN = int(datetime(2025, 10, 20, 12, tzinfo=UTC).timestamp())  # six days before the change
SPRING = int(datetime(2026, 3, 23, 12, tzinfo=UTC).timestamp())
_RULES = """
    image.none image.missing_ratio image.too_small image.default
    file.none file.inactive file.expired file.outside_window file.missing_type
    file.duration_mismatch file.no_trailer
    window.inverted window.expired window.not_started window.ending window.endless window.bad_time
    meta.missing meta.type meta.out_of_range meta.unknown_value meta.near_duplicate
    language.missing language.untranslated
    text.missing_name text.missing_description text.placeholder text.mojibake text.control
    text.markup text.residue text.shouting text.too_long text.description_is_name
    identity.duplicate_external_id identity.duplicate_entry_id identity.twin
    series.orphan_episode series.hole series.duplicate_number series.empty
    channel.no_epg_id channel.no_programmes channel.catchup_without_buffer
    schedule.gap schedule.overlap schedule.duplicate schedule.reingested schedule.zero_length
    schedule.negative_length schedule.absurd_length schedule.missing_title
    schedule.placeholder_title schedule.missing_synopsis schedule.title_is_synopsis
    schedule.mojibake schedule.markup schedule.residue schedule.horizon schedule.no_programmes
    schedule.clock_shift
    schedule.catchup_flag schedule.episode_order schedule.missing_episode schedule.filler
    schedule.missing_end schedule.bad_time schedule.unknown_channel schedule.same_as
    schedule.runtime schedule.watershed
    household.over_devices household.over_users household.at_limit household.no_master
    household.empty household.suspended household.idle
    device.idle device.duplicate_udid household.frequency_lock user.never_logged_in
"""
RULES = _RULES.split()
NATURAL = {"window.not_started", "window.ending", "window.endless"}


@pytest.fixture(scope="module")
def world() -> World:
    """The usual world, in a week in which the clocks change."""
    return build(now=AUTUMN)


def listed(world: World) -> Counter[Finding]:
    """Count the defects of a world."""
    return Counter((one.rule, one.kind, one.id) for one in world.defects)


def test_every_rule_is_broken_three_times_and_more(world: World) -> None:
    """No rule goes without plants, and nothing is planted that no rule finds."""
    times = Counter(one.rule for one in world.defects)
    assert set(times) == set(RULES)
    assert min(times.values()) >= 3


@pytest.mark.parametrize(
    "sizes",
    [
        {"now": AUTUMN},
        {"now": SPRING, "seed": 5, "assets": 1_200},
        {"now": NOW, "seed": 23, "assets": 1_200, "channels": 24},
        {"now": NOW, "assets": 300, "channels": 8, "days": 4, "households": 40},
    ],
    ids=["autumn", "spring", "winter", "small"],
)
def test_the_list_is_what_a_slow_reading_of_the_rules_finds(sizes: dict[str, Any]) -> None:
    """Each consequence of a plant is listed, and what lies just inside a threshold is not."""
    world = build(**sizes)
    assert listed(world) == findings(world)


@pytest.mark.parametrize("now", [AUTUMN, SPRING, NOW])
def test_a_world_without_defects_has_none(now: int) -> None:
    """All that a reading of the rules finds in a clean world is worth knowing, not wrong."""
    clean = build(now=now, assets=1_000, channels=20, defects=False)
    assert clean.defects == []
    assert {rule for rule, _, _ in findings(clean)} == NATURAL


def test_little_is_wrong(world: World) -> None:
    """Nine assets of ten and nearly all programmes and households are clean."""
    wrong = Counter(kind for _, kind, _ in {(one.id, one.kind, 0) for one in world.defects})
    assert wrong["media"] < world.media.count / 10
    assert wrong["epg"] < world.epg.count / 50
    assert wrong["household"] < len(world.objects["KalturaHousehold"]) / 10


def test_a_larger_world_has_no_more_plants() -> None:
    """What is planted does not grow with the world; what is natural does."""
    sizes: dict[str, Any] = {"now": NOW, "channels": 60, "days": 8, "households": 800}
    one, other = (listed(build(assets=assets, **sizes)) for assets in (3_000, 6_000))
    rules = [Counter(rule for rule, _, _ in of.elements()) for of in (one, other)]
    changed = {rule for rule in RULES if rules[0][rule] != rules[1][rule]}
    assert changed <= NATURAL | {"series.orphan_episode"}


def test_what_is_listed_exists(world: World) -> None:
    """Ids are those of assets, programmes, channels, households, users and devices."""
    linear = {str(one) for one in world.epg.numbers["linear_media_id"].tolist()}
    media = {str(one) for one in world.media.ids.tolist()}
    known = {
        "media": media | {""},
        "epg": {str(one) for one in world.epg.ids.tolist()} | linear | media,
        "household": {str(one["id"]) for one in world.objects["KalturaHousehold"]},
        "user": {one["id"] for one in world.objects["KalturaOTTUser"]},
        "device": {one["udid"] for one in world.objects["KalturaHouseholdDevice"]},
    }
    for one in world.defects:
        assert one.id in known[one.kind]
        assert one.what.endswith(".")


def test_several_things_can_be_wrong_with_one_asset(world: World) -> None:
    """Some plants lie on top of each other."""
    per_asset = Counter(one.id for one in world.defects if one.kind == "media" and one.id)
    assert max(per_asset.values()) >= 8


def test_the_fixed_accounts_live_in_a_household_that_is_well(world: World) -> None:
    """Nothing is wrong with the household that people log in to."""
    home = next(one.household_id for one in world.accounts if one.household_id)
    assert str(home) not in {one.id for one in world.defects if one.kind == "household"}


@pytest.mark.parametrize("households", [0, 1, 2, 7])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_tiny_worlds_take_what_they_can(channels: int, households: int) -> None:
    """Where there is no room for a plant, there is none, and half of everything stays clean."""
    world = build(now=NOW, assets=channels + 9, channels=channels, days=2, households=households)
    assert listed(world) == findings(world)


def test_an_asset_without_a_name_has_none(world: World) -> None:
    """In one language, a name that is not there is not there."""
    nameless = {one.id for one in world.defects if one.rule == "text.missing_name"}
    rows = [world.media.row(int(asset)) for asset in nameless]
    assert "name" not in set.intersection(*(set(world.media.record(row, "fra")) for row in rows))


def test_victims_are_taken_once_and_half_are_spared() -> None:
    """Nobody is a victim twice, and a small world runs out of them."""
    victims = Victims(Dice(1), "numbers", list(range(10)))
    odd = victims.take(lambda number: number % 2 == 1)
    assert odd not in victims
    with pytest.raises(NoneLeft):
        victims.take(lambda number: number > 10)
    taken = {odd, *(victims.take() for _ in range(4))}
    assert len(taken) == 5
    with pytest.raises(NoneLeft):
        victims.take()
