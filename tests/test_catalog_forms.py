"""Audits and analyses of assets that partners describe, save and join in ways of their own."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from made_assets import (
    EPISODE,
    FILES,
    LINEAR,
    LIVE,
    MEDIA,
    NOW,
    SERIES,
    asset,
    file,
    image,
    number,
    tag,
    word,
)

import kott_notebooks as kott
from kott_notebooks import audits, catalog, demo
from kott_notebooks.tables import frames
from kott_notebooks.tables.provenance import facts, with_facts

Form = Callable[[pd.DataFrame], pd.DataFrame]
LABELS = pd.DataFrame(
    [
        ("assetStruct", 425, "Movie", "Movie", None, "7"),
        ("assetStruct", 426, "Series", "Series", None, "8"),
        ("meta", 7, "Runtime", "Runtime", "NUMBER", None),
        ("meta", 8, "Network", "Network", "STRING", None),
    ],
    columns=["kind", "id", "name", "systemName", "dataType", "metaIds"],
)


def table(*records: dict[str, Any]) -> pd.DataFrame:
    numbered = [{"name": f"Film {n}", **one, "id": n} for n, one in enumerate(records, 1)]
    return frames.frame(numbered, MEDIA)


def audited(assets: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return catalog.audit(assets, now=datetime.fromtimestamp(NOW, UTC), **options)


def ids(assets: pd.DataFrame, rule: str, **options: Any) -> list[str]:
    findings = audited(assets, **options)
    return findings.loc[findings["rule"] == rule, "id"].tolist()


def not_judged(assets: pd.DataFrame, **options: Any) -> dict[str, str]:
    said: dict[str, str] = facts(audited(assets, **options))["not_judged"]
    return said


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(table.to_csv(index=False)), dtype="str")


def guessed(table: pd.DataFrame) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(table.to_csv(index=False)))


FORMS = [as_text, guessed, pd.DataFrame.convert_dtypes]


# Numbers and times of images, files and metas


def test_numbers_in_images_and_files_may_be_text() -> None:
    """Some servers write them in quotes."""
    wide = [image("16:9"), {"ratio": "2:3", "width": "480", "isDefault": "false"}]
    small = [image("16:9"), {"ratio": "2:3", "width": "479"}]
    assert ids(table(asset(images=wide), asset(images=small)), "image.too_small") == ["2"]
    off = [one | {"status": "false", "duration": "5000"} for one in FILES]
    assert ids(table(asset(mediaFiles=off), asset()), "file.inactive") == ["1"]


@pytest.mark.parametrize("end", [10**13, -(10**12), "soon", [2030], 1e300])
def test_a_time_of_a_file_that_is_not_valid_costs_that_file_alone(end: Any) -> None:
    """The rest of the table is judged."""
    odd = [file("HLS_Main", endDate=end), *FILES[1:]]
    assert ids(table(asset(mediaFiles=odd), asset(mediaFiles=[])), "file.none") == ["2"]


def test_numbers_with_a_decimal_comma_are_named_as_not_judged() -> None:
    """They are not dropped without a word."""
    years = [asset(metas={"Year": word(year)}) for year in ("1999,5", "1850", "2001")]
    said = [rule for rule in not_judged(table(*years)) if rule.startswith("meta.out_of_range")]
    assert said == ["meta.out_of_range metas.Year"]
    assert not set(said) & not_judged(table(*years[1:])).keys()


def test_a_meta_that_holds_json_of_its_own_is_text() -> None:
    """It is a value like any other, whatever it looks like."""
    cells = ['[{"language":"a list"}]', '{"objects":[]}', "[]"]
    assets = table(*(asset(metas={"Cue": word(cell)}) for cell in cells), asset())
    filled = catalog.completeness(assets).set_index("field")["filled"]
    assert filled["metas.Cue"] == 3
    assert set(catalog.values(assets, "Cue")["value"].dropna()) == set(cells)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_filled_is_the_same_in_every_form(form: Form) -> None:
    """Blank texts, empty lists and absent flags stay absent; 16x9 and 16:9 are one ratio."""
    assets = table(
        asset(images=[image("16x9")], metas={"Mood": word(" ")}, tags={"Genre": tag("A", "B")}),
        asset(images=[image("16:9")], metas={"Mood": word("Calm")}, tags={"Genre": tag(" ")}),
        asset(images=[], mediaFiles=[], description="", externalId="007"),
    )
    counts = ["field", "rows", "filled"]
    pulled = catalog.completeness(assets)[counts].set_index("field")
    assert pulled["filled"][["images.16:9", "metas.Mood", "tags.Genre"]].tolist() == [2, 1, 2]
    saved = catalog.completeness(form(assets))[counts].set_index("field")
    assert saved.to_dict() == pulled.to_dict()


# Types and labels


@pytest.mark.parametrize("form", FORMS)
def test_labels_work_in_every_form(form: Form) -> None:
    """A struct with one meta has a number as its list of them in CSV."""
    assets = table(
        asset(metas={"Runtime": word("ninety")}),
        asset(metas={"Runtime": word("")}),
        asset(SERIES, metas={"Network": word("7")}),
    )
    assert ids(assets, "meta.type", labels=form(LABELS)) == ["1"]
    shares = catalog.completeness(assets, labels=form(LABELS)).set_index(["typeName", "field"])
    assert (
        shares["share"].loc[[("Movie", "metas.Network"), ("Series", "metas.Runtime")]].isna().all()
    )
    assert shares["share"]["Movie", "metas.Runtime"] == 0.5


@pytest.mark.parametrize("hidden", ["type", "externalId"])
def test_a_property_that_the_role_may_not_read_hides_no_finding(hidden: str) -> None:
    """The audit goes on with what there is, and its KSQL names no type."""
    item = {"objectType": "KalturaApiParameterPermissionItem", "object": "KalturaAsset"}
    lists = {"objectType": "KalturaApiActionPermissionItem", "service": "asset", "action": "list"}
    role: list[dict[str, Any]] = [lists, {**item, "parameter": hidden, "isExcluded": True}]
    session = demo.login(roles={"analyst": role}, user="analyst", assets=60, channels=2, days=1)
    assets = kott.assets(session)
    assert assets[hidden].isna().all()
    findings = catalog.audit(assets)
    assert (findings["rule"] == "image.none").any()
    assert not findings["ksql"].dropna().str.contains("asset_type=''").any()


# Series


@pytest.mark.parametrize("place", ["metas", "tags"])
def test_series_ids_and_numbers_may_be_tags(place: str) -> None:
    """The rules name the fields; where they stand is the partner's choice."""

    def episode(series: str, number_: int) -> dict[str, Any]:
        values = {"Show": series, "Part": str(number_), "Run": "2"}
        own = {name: tag(one) if place == "tags" else word(one) for name, one in values.items()}
        return asset(EPISODE, metas={}) | {place: own}

    rules = {"fields": {"series": "Show", "series_key": "Show", "episode": "Part", "season": "Run"}}
    shows = [
        asset(SERIES) | {place: {"Show": tag(one) if place == "tags" else word(one)}}
        for one in "AB"
    ]
    parts = [episode("A", 3), episode("A", 7), episode("Z", 1), episode("A", 3)]
    assets = table(*shows, *parts)
    assert ids(assets, "series.hole", rules=rules) == ["1"]
    assert ids(assets, "series.orphan_episode", rules=rules) == ["5"]
    assert ids(assets, "series.empty", rules=rules) == ["2"]
    assert sorted(ids(assets, "series.duplicate_number", rules=rules)) == ["3", "6"]


def test_a_series_without_an_id_has_no_episodes() -> None:
    """No episode can name it; a blank id is none."""
    ids_of = [{}, {"Series ID": word(" ")}, {"Series ID": word("S")}]
    series = [asset(SERIES) | {"metas": metas} for metas in ids_of]
    assert ids(table(*series, asset(EPISODE)), "series.empty") == ["1", "2"]


@pytest.mark.parametrize("said", ["filter", "channel", "limit", "head", "incomplete"])
def test_a_part_of_a_catalogue_has_no_orphans(said: str) -> None:
    """Their series may be among what was left out: that is said instead."""
    assets = table(asset(SERIES), asset(EPISODE, metas={"Series ID": word("Z")}))
    if said == "filter":
        arguments = {"filter": {"kSql": "asset_type='media' Genre='Drama'"}}
        assets = with_facts(assets, arguments=arguments, rows=2, totals=[2])
    elif said == "channel":
        own = {"objectType": "KalturaChannelFilter", "idEqual": 7, "kSql": "asset_type='media'"}
        assets = with_facts(assets, arguments={"filter": own}, rows=2, totals=[2])
    elif said == "incomplete":
        assets = with_facts(assets, incomplete="The server stopped.", rows=2, totals=[9])
    elif said == "limit":
        assets = with_facts(assets, limit=2, rows=2, totals=[9])
    else:
        assets = with_facts(assets, rows=3, totals=[3])
    assert ids(assets, "series.orphan_episode") == []
    assert {"series.orphan_episode", "series.empty", "series.hole"} <= not_judged(assets).keys()


# What stands beside assets


def test_programmes_and_recordings_are_not_judged_as_assets() -> None:
    """A guide's rows are counted in what was not judged; alone they make no finding."""
    programme = {"objectType": "KalturaProgramAsset", "type": 0, "name": "", "endDate": NOW - 9}
    recording = programme | {"objectType": "KalturaRecordingAsset"}
    assets = table(asset(description=""), programme, recording, asset(name="Grey Ferry"))
    findings = audited(assets)
    assert set(findings["id"].dropna()) == {"1"}
    assert facts(findings)["not_judged"]["programmes"].startswith("2 rows")
    assert audited(table(programme, recording)).empty


@pytest.mark.parametrize("dtype", ["Int64", "float64", "str"])
def test_a_channel_is_known_by_either_of_its_ids(dtype: Any) -> None:
    """A guide's epgChannelId is the channel's externalIds, with or without linearAssetId."""
    channel = {"objectType": LIVE, "images": [image("1:1")], "metas": {"Channel number": number(1)}}
    channels = table(*(asset(LINEAR, **channel, externalIds=one) for one in ("801", "802", "803")))
    guide = pd.DataFrame({"linearAssetId": [2, None], "epgChannelId": [None, 801]})
    guide = guide.astype("Int64").astype(dtype)
    assert ids(channels, "channel.no_programmes", epg=guide) == ["3"]


def test_a_stand_in_in_any_language_is_found() -> None:
    """The finding names the language."""
    spoken = [{"language": "eng", "value": "Amber Road"}, {"language": "fra", "value": "T.B.A."}]
    one = asset(multilingualDescription=spoken)
    one.pop("description")
    findings = audited(table(one, asset()))
    own = findings[findings["rule"] == "text.placeholder"]
    assert own[["id", "field"]].to_numpy().tolist() == [["1", "description@fra"]]


@pytest.mark.parametrize(
    ("column", "rules"),
    [
        ("name", {"text.missing_name", "identity.twin", "text.description_is_name"}),
        ("description", {"text.missing_description", "text.description_is_name"}),
        ("externalId", {"identity.duplicate_external_id"}),
        ("images", {"image.*"}),
        ("mediaFiles", {"file.*"}),
        ("endDate", {"window.expired", "window.ending", "window.endless", "window.inverted"}),
        ("startDate", {"window.not_started"}),
        ("metas.Year", {"identity.twin", "meta.out_of_range"}),
        ("tags.Genre", {"meta.missing"}),
    ],
)
def test_every_rule_that_lacks_its_column_is_named(column: str, rules: set[str]) -> None:
    """Absent and empty columns are alike."""
    assets = table(asset(externalId="x"), asset(externalId="y"))
    said = not_judged(assets.drop(columns=column))
    assert rules <= said.keys()
    assert not rules & not_judged(assets).keys()


# Findings that were saved, and checks of one's own


@pytest.mark.parametrize("form", FORMS)
def test_saved_findings_score_and_waive_as_before(form: Form) -> None:
    """Ids that became numbers, beside a finding without one, are the same ids."""
    assets = table(asset(description=""), asset(), asset(images=[]))
    findings = audited(assets)
    findings = findings[findings["rule"] != "field.unused"]
    saved = form(findings)
    columns = ["type", "assets", "clean", "score"]
    before, after = audits.score(findings, assets), audits.score(saved, assets)
    assert after[columns].to_numpy().tolist() == before[columns].to_numpy().tolist()
    written = audits.waivers(saved, reason="known", until="2027-01-01")
    assert written == audits.waivers(findings, reason="known", until="2027-01-01")


def test_a_check_of_one_s_own_sees_each_asset_once() -> None:
    """Two pulls that were joined hold what both saw twice."""
    one = table(asset(), asset())
    both = pd.concat([one, one.iloc[1:]])

    def check(assets: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"rule": "acme.seen", "id": assets["id"]})

    assert ids(both, "acme.seen", checks=[check]) == ["1", "2"]
