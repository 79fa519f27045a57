"""Somebody's own guide as the demo partner's."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import kott_notebooks as kott
from kott_notebooks import demo, plots, schedule, xmltv
from kott_notebooks.errors import KottError

GUIDE = """\
<tv>
  <channel id="one.example"><display-name>One</display-name></channel>
  <channel id="silent.example"><display-name>Silent</display-name></channel>
  <programme start="20261024200000 +0200" stop="20261024210000 +0200" channel="one.example">
    <title lang="de">Das M\u00e4dchen</title><title lang="fr">La fille</title>
    <desc>A film.</desc><category>Film</category><category>Drama</category>
    <icon src="https://one.example/still.jpg"/><episode-num>S2E5</episode-num>
  </programme>
  <programme start="20261024204500 +0200" channel="one.example"><title>News</title></programme>
  <programme start="20261024220000 +0200" channel="one.example"><title>Night</title></programme>
  <programme start="20261024200000 +0200" stop="20261024230000 +0200" channel="two.example">
    <title>Talk</title>
  </programme>
</tv>
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write somebody's guide."""
    path = tmp_path / "guide.xml"
    path.write_text(GUIDE, "utf-8")
    return path


@pytest.fixture
def session(file: Path) -> kott.Session:
    """Log in to a partner that serves that guide."""
    return demo.login(assets=40, households=3, guide=file)


def test_a_guides_channels_are_linear_assets(session: kott.Session) -> None:
    """Those that programmes alone name, too; each has the guide's id for its externalId."""
    channels = kott.channels(session)
    assert channels.set_index("externalId")["name"].to_dict() == {
        "one.example": "One",
        "silent.example": "Silent",
        "two.example": "two.example",
    }


def test_a_guides_programmes_are_served(session: kott.Session, file: Path) -> None:
    """As they stand, but for the last one of a channel, of which nobody knows the end."""
    own = kott.channels(session).set_index("id")["externalId"]
    epg = kott.epg(session, "2026-10-24", "2026-10-25").sort_values("id")
    read = xmltv.read(file)
    read = read[read["endDate"].notna()]
    assert epg["name"].tolist() == ["Das M\u00e4dchen", "News", "Talk"]
    assert epg["linearAssetId"].map(own).tolist() == read["linearAssetId"].tolist()
    for column in ("id", "startDate", "endDate", "metas.Season number", "tags.Genre", "images"):
        mine = epg[column].mask(epg[column] == "[]").reset_index(drop=True)
        pd.testing.assert_series_equal(mine, read[column].reset_index(drop=True))
    french = kott.epg(session, "2026-10-24", "2026-10-25", language="fra")
    assert "La fille" in french["name"].tolist()


def test_a_guide_is_searched_as_any(session: kott.Session) -> None:
    """Its genres and its numbers are keys of KSQL."""
    for ksql in ("Genre='drama'", "(and genre='Film' Season number='2')"):
        matches = kott.epg(session, "2026-10-24", "2026-10-25", ksql=ksql)
        assert matches["id"].tolist() == [1]


def test_a_guide_is_judged_and_drawn_without_an_account(session: kott.Session) -> None:
    """What is wrong with it is its own: nothing is planted in it."""
    channels = kott.channels(session)
    epg = kott.epg(session, "2026-10-24T18:00", "2026-10-24T20:00", channels=channels)
    matches = schedule.audit(epg, channels, now="2026-10-24")
    assert matches["rule"].value_counts().to_dict() == {
        "schedule.missing_synopsis": 2,
        "schedule.overlap": 1,
        "schedule.no_programmes": 1,
    }
    assert not demo.defects(session)["rule"].str.startswith("schedule.").any()
    assert {text.get_text() for text in plots.grid(epg, channels=channels).texts} > {"Talk"}


def test_a_guide_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Before anything is made."""
    with pytest.raises(KottError, match="cannot be read"):
        demo.make(guide=tmp_path / "nowhere.xml")


def test_a_guide_without_programmes_is_served(tmp_path: Path) -> None:
    """Its channels are there, and nothing is on."""
    path = tmp_path / "guide.xml"
    path.write_text('<tv><channel id="a.b"><display-name>A</display-name></channel></tv>')
    session = demo.login(assets=40, households=0, guide=path)
    assert kott.channels(session)["name"].tolist() == ["A"]
    assert kott.epg(session, "2026-10-24", "2026-10-25").empty
