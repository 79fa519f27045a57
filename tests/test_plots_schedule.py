"""Pictures of a guide read back: ticks when clocks change, genres, gaps, overlaps, findings."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import kott_notebooks as kott
from kott_notebooks import KottError, plots, schedule
from kott_notebooks.plots import clock, drawing
from kott_notebooks.plots import schedule as pictures
from kott_notebooks.report.page import unpacked
from kott_notebooks.tables.columns import as_times, stamp

MIDNIGHT = pd.Timestamp("2026-03-28", tz="UTC")
HOUR = pd.Timedelta(hours=1)


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(10, 4)).subplots()


def guide(
    *rows: tuple[int, float, float], since: pd.Timestamp = MIDNIGHT, genres: Any = None
) -> pd.DataFrame:
    """Make a guide of a channel, first and last minute."""
    channel, start, end = zip(*rows, strict=True)
    times = {
        name: (since + pd.to_timedelta(list(minutes), unit="min")).as_unit("us")
        for name, minutes in (("startDate", start), ("endDate", end))
    }
    columns = {"linearAssetId": pd.array(channel, dtype="Int64"), "name": "The News", **times}
    return pd.DataFrame({**columns, **({"tags.Genre": genres} if genres else {})})


def boxes(ax: Axes, label: str) -> list[tuple[float, float, float, float]]:
    """Read the boxes of a collection back: first and last minute, top and bottom row."""
    table = [one for one in ax.collections if one.get_label() == label]
    corners = [np.asarray(path.vertices) for one in table for path in one.get_paths()]
    first = MIDNIGHT.timestamp() / 86_400
    return [
        (
            *(round((x - first) * 1440, 3) for x in (box[:, 0].min(), box[:, 0].max())),
            *(round(float(y), 3) for y in (box[:, 1].min(), box[:, 1].max())),
        )
        for box in corners
    ]


def colours(ax: Axes, label: str) -> list[str]:
    (table,) = (one for one in ax.collections if one.get_label() == label)
    return [to_hex(one) for one in np.atleast_2d(table.get_facecolor())]


def key(ax: Axes) -> list[str]:
    box = ax.get_legend()
    return [] if box is None else [text.get_text() for text in box.get_texts()]


def ticks(ax: Axes) -> list[str]:
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(io.BytesIO())
    return [label.get_text() for label in ax.get_xticklabels()]


# Clock changes

NIGHTS = {
    "Europe/Berlin 2026-10-25": "Sun 25|01:00|02:00 CEST|02:00 CET|03:00|04:00",
    "America/New_York 2026-11-01": "01 Nov|01:00 EDT|01:00 EST|02:00|03:00|04:00",
    "Australia/Lord_Howe 2026-04-05": "Sun 05|01:00|01:30 +1030|03:00|04:00",
    "Europe/Berlin 2026-03-29": "Sun 29|01:00|03:00|04:00|05:00|06:00",
    "America/New_York 2026-03-08": "Sun 08|01:00|03:00|04:00|05:00|06:00",
    "Australia/Lord_Howe 2026-10-04": "Sun 04|01:00|03:00|04:00|05:00",
}


@pytest.mark.parametrize("night", NIGHTS)
def test_the_night_of_a_clock_change(night: str) -> None:
    """What is shown twice has two ticks with the zone's letters, what is left out has none."""
    zone, day = night.split()
    since = pd.Timestamp(day, tz=zone)
    table = guide((7, 0, 300), since=since.tz_convert("UTC"))
    ax = Figure(figsize=(5, 2)).subplots()
    plots.grid(table, start=since, end=since + 5 * HOUR, tz=zone, ax=ax)
    assert [label.replace("\n", " ") for label in ticks(ax)] == NIGHTS[night].split("|")


def test_half_hours_of_a_half_hour_change() -> None:
    """On Lord Howe, 01:30 comes again 30 minutes later, and 02:00 an hour after the first."""
    zone = ZoneInfo("Australia/Lord_Howe")
    first = stamp(pd.Timestamp("2026-04-05T01:00", tz=zone))
    table = clock.round_times(first, first + 2 * 3_600_000_000, 30, zone)
    local = as_times(table).tz_convert(zone)
    assert list(local.strftime("%H:%M %Z")) == [
        "01:00 +11",
        "01:30 +11",
        "01:30 +1030",
        "02:00 +1030",
        "02:30 +1030",
    ]


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]),
    st.sampled_from([60, 30, 15]),
)
def test_every_round_time_of_a_day_has_its_tick(moment: Any, name: str, minutes: int) -> None:
    """As many as walking through the day minute by minute finds."""
    zone = ZoneInfo(name)
    first = pd.Timestamp(moment).floor("min").tz_localize("UTC").as_unit("us")
    walk = pd.date_range(first, first + pd.Timedelta(days=1), freq="min", unit="us")
    local = walk.tz_convert(zone)
    round_ones = walk[(local.hour * 60 + local.minute) % minutes == 0]
    table = as_times(clock.round_times(stamp(walk[0]), stamp(walk[-1]), minutes, zone))
    put_back = clock._folds(stamp(walk[0]), stamp(walk[-1]), zone)
    near = np.abs(round_ones.asi8[:, None] - put_back).min(axis=1, initial=2**62) < 40e6 * minutes
    expected = round_ones[~near].union(as_times(put_back))
    assert set(expected) - set(table) == set()
    assert len(set(table)) == len(table)


def test_what_comes_again_after_the_beginning() -> None:
    """From 02:30 summer time on, 02:00 and 02:15 are still to come: in winter time."""
    zone = ZoneInfo("Europe/Berlin")
    first = stamp(pd.Timestamp("2026-10-25T00:30", tz="UTC"))
    table = as_times(clock.round_times(first, first + 3_600_000_000, 15, zone)).tz_convert(zone)
    shown = ["02:30 CEST", "02:45 CEST", "02:00 CET", "02:15 CET", "02:30 CET"]
    assert list(table.strftime("%H:%M %Z")) == shown


def test_a_day_without_midnight_begins_an_hour_later() -> None:
    """In Cairo the clocks go from 00:00 to 01:00: that is the day's tick."""
    zone = ZoneInfo("Africa/Cairo")
    day = pd.Timestamp("2026-04-24T01:00", tz=zone)
    table = clock.round_times(stamp(day) - 10**10, stamp(day) + 10**10, 1440, zone)
    assert list(as_times(table)) == [day.tz_convert("UTC")]
    assert clock._label(day) == "Fri 24"


def test_a_year_is_left_to_matplotlib(ax: Axes) -> None:
    """Months have their names."""
    plots.gaps(guide((7, 0, 60), (7, 500_000, 500_060)), ax=ax)
    assert "Jul" in ticks(ax)


def test_a_zone_that_does_not_exist_is_refused(ax: Axes) -> None:
    """By its name, with what to write."""
    with pytest.raises(KottError, match="'Berlin' is not a time zone: write 'Europe/Berlin'"):
        plots.grid(guide((7, 0, 60)), tz="Berlin", ax=ax)


# The grid


def test_genres_have_colours_and_a_key(ax: Axes) -> None:
    """Those with the most minutes have a colour each, the others share one."""
    genres = [f"G{i}" for i in range(10)]
    rows = [(7, 100 * i, 100 * i + 90 - i) for i in range(10)]
    plots.grid(guide(*rows, genres=genres), ax=ax)
    drawn = colours(ax, "programmes")
    assert sorted(drawn[:8]) == sorted(colour.lower() for colour in drawing.LIGHT)
    assert drawn[8:] == ["#dddddd"] * 2
    assert key(ax)[:9] == [*genres[:8], "others"]


def test_a_genre_has_one_colour_in_every_picture() -> None:
    """The grid of any window and the clock of the same guide agree, whatever is most there."""
    genres = ["News", "Drama", "Cookery", "Sport"]
    table = guide(*[(7, 60 * i, 60 * i + 60 - i) for i in range(4)], genres=genres)
    seen: dict[str, set[str]] = {genre: set() for genre in genres}
    pictures = [
        plots.grid(table, start=MIDNIGHT + i * HOUR, end=MIDNIGHT + 4 * HOUR, ax=one)
        for i, one in enumerate(Figure(figsize=(20, 10)).subplots(4))
    ]
    pictures.append(plots.genre_clock(schedule.lineup_mix(table), ax=Figure().subplots()))
    for ax in pictures:
        legend = ax.get_legend()
        assert legend is not None
        for text, patch in zip(legend.get_texts(), legend.get_patches(), strict=True):
            if text.get_text() in seen:
                seen[text.get_text()].add(to_hex(patch.get_facecolor()))
    assert [len(colours) for colours in seen.values()] == [1, 1, 1, 1]
    assert len(set.union(*seen.values())) == 4


def test_without_genres_there_is_one_colour(ax: Axes) -> None:
    """And nothing about it in the key."""
    plots.grid(guide((7, 0, 60), (7, 60, 90)), ax=ax)
    assert colours(ax, "programmes") == [drawing.SKY.lower()]
    assert key(ax) == []


def test_gaps_are_hatched(ax: Axes) -> None:
    """Between programmes, at the window's edges, and where a channel has none."""
    table = guide((7, 10, 60), (7, 70, 90))
    plots.grid(table, channels=[7, 8], start=MIDNIGHT, end=MIDNIGHT + 1.5 * HOUR, ax=ax)
    hatched = boxes(ax, "gaps")
    assert [box[:2] for box in hatched] == [(0, 10), (60, 70), (0, 90)]
    assert [round(np.mean(box[2:])) for box in hatched] == [0, 0, 1]
    (result,) = (one for one in ax.collections if one.get_label() == "gaps")
    assert result.get_hatch()
    assert key(ax) == ["gap"]


def test_overlaps_are_stacked(ax: Axes) -> None:
    """Each has a lane of the channel's row while they share time; alone, all of it."""
    plots.grid(guide((7, 0, 60), (7, 30, 90), (7, 90, 120)), ax=ax)
    assert boxes(ax, "programmes") == [
        (0, 60, -0.42, 0),
        (30, 90, 0, 0.42),
        (90, 120, -0.42, 0.42),
    ]
    heights = sorted(text.xy[1] for text in ax.texts if hasattr(text, "xy"))
    np.testing.assert_allclose(heights, [-0.21, 0, 0.21])


def test_prime_time_is_shaded_by_the_zone(ax: Axes) -> None:
    """18:00 to 23:00 in Athens, cut off at the window."""
    plots.grid(guide((7, 0, 1_200)), tz="Europe/Athens", ax=ax)
    assert [box[:2] for box in boxes(ax, "prime time")] == [(16 * 60, 20 * 60)]
    assert "prime time" in key(ax)


@pytest.mark.parametrize("draw", [plots.grid, plots.gaps])
def test_a_bare_date_is_a_day_of_the_zone(draw: Any, ax: Axes) -> None:
    """The window of a picture begins and ends at midnight in Athens."""
    table = guide((7, 0, 1_440))
    draw(table, start="2026-03-28", end="2026-03-29", tz="Europe/Athens", ax=ax)
    edges = [pd.Timestamp(edge, unit="D", tz="UTC").round("min") for edge in ax.get_xlim()]
    assert edges == [MIDNIGHT - 2 * HOUR, MIDNIGHT + 22 * HOUR]


def test_prime_time_of_many_days_is_not_shaded() -> None:
    """Stripes would be all that there is to see."""
    ax = Figure(figsize=(4, 2)).subplots()
    plots.grid(guide((7, 0, 60 * 24 * 60)), end=MIDNIGHT + 1440 * HOUR, ax=ax)
    assert boxes(ax, "prime time") == []


def test_findings_are_framed_by_severity(ax: Axes) -> None:
    """What lasts no time is a line; a gap is hatched already; what is elsewhere is left out."""
    findings = guide((7, 10, 20), (7, 30, 30), (7, 40, 50), (9, 0, 10), (7, -20, -10)).assign(
        severity=["warning", "error", "error", "error", "error"],
        rule=["schedule.mojibake", "schedule.zero_length", "schedule.gap", *["schedule.x"] * 2],
    )
    plots.grid(guide((7, 0, 60)), findings=findings, ax=ax)
    assert [box[:2] for box in boxes(ax, "warning")] == [(10, 20)]
    assert [box[:2] for box in boxes(ax, "error")] == [(30, 30)]
    assert key(ax) == ["warning", "error"]


def test_findings_with_ids_as_text_are_framed(ax: Axes) -> None:
    """A CSV file gives them back so."""
    findings = guide((7, 10, 20)).assign(severity="warning", rule="schedule.mojibake")
    plots.grid(guide((7, 0, 60)), findings=findings.astype("str"), ax=ax)
    assert [box[:2] for box in boxes(ax, "warning")] == [(10, 20)]


def test_a_look_of_ones_own_has_no_key_of_genres(ax: Axes) -> None:
    """One colour for all says nothing about them."""
    plots.grid(guide((7, 0, 60), genres=["News"]), facecolors="#123456", ax=ax)
    assert colours(ax, "programmes") == ["#123456"]
    assert key(ax) == []


def test_200_channels_by_7_days_are_one_collection() -> None:
    """Of 34,000 blocks, which takes a second to draw instead of minutes."""
    rows = [(c, m, m + 59) for c in range(200) for m in range(0, 10_080, 59)]
    table = guide(*rows, genres=[f"G{row[1] % 10}" for row in rows])
    ax = plots.grid(table, ax=Figure(figsize=(16, 14)).subplots())
    drawn: Any = next(one for one in ax.collections if isinstance(one, PolyCollection))
    assert len(ax.collections) < 20
    assert len(drawn.get_paths()) == len(table) > 34_000


# The others


def test_gaps_are_coloured_by_length(ax: Axes) -> None:
    """The longer, the darker; the key names the lengths that occur."""
    plots.gaps(guide((7, 0, 10), (7, 60, 119), (8, 0, 60), (8, 100, 1_540)), ax=ax)
    (drawn,) = (one for one in ax.collections if isinstance(one, PolyCollection))
    hues = [to_hex(one) for one in np.atleast_2d(drawn.get_facecolor())]
    expected = [colour.lower() for _, colour in pictures.LENGTHS.values()]
    assert hues == [expected[0], expected[1], expected[2], expected[4]]
    assert key(ax) == ["< 15 min", "< 1 h", "< 6 h", "1 day and more"]


def test_lead_times_are_shares_of_each_channel(ax: Axes) -> None:
    """The channel with the shortest median on top; each class in its own colour."""
    minutes = {7: [6_000, 6_000, 100, 6_000], 8: [-5, 100], 9: [2_000]}
    rows = [(channel, of) for channel, every in minutes.items() for of in every]
    table = pd.DataFrame(rows, columns=["linearAssetId", "minutes"]).astype({"minutes": "Float64"})
    plots.lead_times(table, names={8: "Eight"}, ax=ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Eight", "9", "7"]
    widths = {bars.get_label(): [bar.get_width() for bar in bars] for bars in ax.containers}
    assert widths == {
        "after its start": [0.5, 0, 0],
        "< 6 h": [0.5, 0, 0.25],
        "< 3 days": [0, 1, 0],
        "earlier": [0, 0, 0.75],
    }
    assert key(ax) == list(widths)


def horizons(*rows: tuple[int, float, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["linearAssetId", "behind", "ahead", "short"])
    return table.astype(dict.fromkeys(table, "Float64") | {"linearAssetId": "Int64"})


def test_horizons_are_bars_against_the_target(ax: Axes) -> None:
    """The shortest on top; enough, less, and under a third are three colours."""
    table = horizons((7, 5, 130, 0), (8, 0, 100, 20), (9, 6, 30, 90), (10, 0, 0, 120))
    plots.horizon(table, names={10: "Ten"}, ax=ax)
    ahead, behind = ([bar.get_width() for bar in bars] for bars in ax.containers)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Ten", "9", "8", "7"]
    assert (ahead, behind) == ([0, 30, 100, 130], [0, -6, 0, -5])
    looks = [to_hex(bar.get_facecolor()) for bar in ax.containers[0]]
    assert looks == [
        one.lower()
        for one in (drawing.VERMILLION, drawing.VERMILLION, drawing.ORANGE, drawing.BLUE)
    ]
    assert [line.get_xdata()[0] for line in ax.lines] == [0, 120]  # type: ignore[index]
    assert key(ax) == ["enough", "less", "under a third", "behind", "target: 120 h"]


def test_a_guide_without_end_does_not_hide_the_others(ax: Axes) -> None:
    """Bars end at twice the target."""
    plots.horizon(horizons((7, 9_999, 9_999_999, 0), (8, 0, 12, 36)), hours=48, ax=ax)
    assert [bar.get_width() for bar in ax.containers[0]] == [12, 96]
    assert [bar.get_width() for bar in ax.containers[1]] == [0, -48]


def test_genres_share_each_hour(ax: Axes) -> None:
    """Bars add up to all that is shown in an hour; the fewest minutes are others."""
    rows = [(20, f"G{i}", 100 - i) for i in range(10)] + [(21, "none", 5), (21, "G9", 15)]
    table = pd.DataFrame(rows, columns=["hour", "genre", "minutes"])
    plots.genre_clock(table.astype({"minutes": "Float64"}), tz="Europe/Athens", ax=ax)
    heights = [[bar.get_height() for bar in bars] for bars in ax.containers]
    assert [sum(bars[hour] for bars in heights) for hour in (19, 20, 21)] == pytest.approx(
        [0, 1, 1]
    )
    by_name = {str(bars.get_label()): bars for bars in ax.containers}
    assert list(by_name) == ["G9", *(f"G{i}" for i in range(7)), "others"]
    assert by_name["others"][21].get_height() == 0.25
    assert ax.get_xlabel() == "hour (Europe/Athens)"


def test_changes_are_counted_by_the_time_that_is_left(ax: Axes) -> None:
    """A class begins where the one before it ends; a change without a time is in none."""
    hours = [-0.5, 0, 0.9, 1, 2.9, 5, 23, 24, 100, 168, None]
    table = pd.DataFrame({"change": ["moved", "added"] * 5 + ["added"], "hours": hours})
    plots.changes(table.astype({"hours": "Float64", "change": "str"}), ax=ax)
    heights = {str(bars.get_label()): [int(b.get_height()) for b in bars] for bars in ax.containers}
    assert heights == {"added": [0, 1, 1, 1, 0, 1, 0, 1], "moved": [1, 1, 1, 0, 1, 0, 1, 0]}
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        *("begun", "< 1 h", "< 3 h", "< 6 h", "< 1 day", "< 3 days", "< 7 days", "later")
    ]
    assert key(ax) == ["added", "moved"]
    assert [text.get_text() for text in ax.texts] == ["1", "2", "2", "1", "1", "1", "1", "1"]


def test_changes_without_a_time_are_said_in_words(ax: Axes) -> None:
    """In words, where there is nothing to draw."""
    table = pd.DataFrame({"change": ["added"], "hours": pd.array([None], dtype="Float64")})
    plots.changes(table, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["There is no change here that has a time."]


# Ingests


def test_ingests_are_marks_by_what_became_of_them(ax: Axes) -> None:
    """A row per profile, a colour per outcome; more records, a larger mark."""
    outcomes = {
        "SUCCESS": (100, 0, 0),
        "WARNING": (100, 0, 2),
        "PARTIAL_FAILURE": (25, 3, 0),
        "TOTAL_FAILURE": (4, 4, 0),
        "IN_PROGRESS": (0, 0, 0),
    }
    records, failed, warned = zip(*outcomes.values(), strict=True)
    table = pd.DataFrame(
        {
            "ingestProfileId": pd.array([1, 2, 1, 2, None], dtype="Int64"),
            "createdDate": MIDNIGHT + HOUR * np.arange(5),
            "status": list(outcomes),
            "records": records,
            "succeeded": np.subtract(records, failed),
            "failed": failed,
            "warned": warned,
        }
    )
    plots.ingests(table, names={1: "Sport"}, ax=ax)
    assert key(ax) == ["complete", "with warnings", "partly failed", "failed", "under way"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Sport", "2", "none"]
    marks: list[Any] = list(ax.collections)
    assert [one.get_offsets()[0][1] for one in marks] == [0, 1, 0, 1, 2]
    sizes = [one.get_sizes()[0] for one in marks]
    assert sizes[0] == sizes[1] > sizes[2] > sizes[3] == sizes[4]


def test_without_ingests_a_picture_says_so(ax: Axes) -> None:
    """In words."""
    table = pd.DataFrame(columns=["ingestProfileId", "createdDate", "status", "records"])
    plots.ingests(table, ax=ax)
    assert [text.get_text() for text in ax.texts] == ["There are no ingests."]


# The zone that is looked at where none is given


def shown_in(tz: Any = None) -> list[Any]:
    """Say what each picture, page and count of days shows of a zone, without being given one."""
    table = guide((7, 0, 1440)).assign(**{"tags.Genre": "News"})
    given = {} if tz is None else {"tz": tz}
    mix, cover = schedule.lineup_mix(table, **given), schedule.coverage(table, **given)
    result = schedule.gaps(table, start=MIDNIGHT - HOUR)
    drawn = [
        plots.coverage(cover, ax=Figure().subplots(), **given),
        plots.genre_clock(mix, ax=Figure().subplots(), **given),
        plots.gaps(result, ax=Figure().subplots(), **given),
        plots.grid(table, ax=Figure().subplots(), **given),
    ]
    days = [one.isoformat() for one in cover["day"]]
    result = schedule.audit(table, now=MIDNIGHT, **given)
    html = kott.guide(table, findings=result, **given).html
    page = unpacked(html.partition('id="data">')[2].partition("<")[0])
    labels = [ax.get_xlabel() for ax in drawn]
    return [days, mix["hour"].tolist(), labels, result["impact"].tolist(), page["zone"]]


def test_a_variable_names_the_zone_of_all_that_shows_times(monkeypatch: Any) -> None:
    """KOTT_TZ does what tz= would do everywhere; without either it is UTC."""
    assert shown_in() == shown_in("UTC")
    monkeypatch.setenv("KOTT_TZ", "Asia/Tokyo")
    assert shown_in() == shown_in("Asia/Tokyo")
    assert shown_in() != shown_in("UTC")
