"""Pictures read back: marks, labels and words, not pixels."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import Collection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.path import Path

from kott_notebooks import plots
from kott_notebooks.plots import drawing
from kott_notebooks.tables.provenance import with_facts

MIDNIGHT = pd.Timestamp("2026-03-28", tz="UTC")
ATHENS = "Europe/Athens"
MOVIE, SERIES = 425, 426


@pytest.fixture(autouse=True)
def _own_figures() -> Iterator[None]:
    """Draw without a screen; close what others left open, and every figure after a test."""
    plt.close("all")
    with mpl.rc_context({"backend": "Agg"}):
        yield
        plt.close("all")


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(10, 4)).subplots()


def at(minute: float) -> pd.Timestamp:
    return MIDNIGHT + pd.Timedelta(minutes=minute)


def spans(*rows: tuple[int, float, float], **columns: Any) -> pd.DataFrame:
    """Make a table of gaps, overlaps or programmes: channel, first and last minute."""
    table = pd.DataFrame(rows, columns=["linearAssetId", "startDate", "endDate"])
    times = {name: pd.DatetimeIndex(table[name].map(at)) for name in ("startDate", "endDate")}
    times = {name: time.as_unit("us") for name, time in times.items()}
    return table.astype({"linearAssetId": "Int64"}).assign(**times, **columns)


def guide(*rows: tuple[int, float, float], title: str = "News") -> pd.DataFrame:
    return spans(*rows, name=pd.Series([title] * len(rows), dtype="str"))


def shares(*rows: tuple[int | None, str, float]) -> pd.DataFrame:
    """Make a table of completeness: type, field, share."""
    table = pd.DataFrame(rows, columns=["type", "field", "share"])
    return table.astype({"type": "Int64", "field": "str", "share": "Float64"})


def totals(*rows: tuple[str, int, int]) -> pd.DataFrame:
    """Make a table of growth: period, type, total."""
    table = pd.DataFrame(rows, columns=["period", "type", "total"])
    return table.assign(period=pd.to_datetime(table["period"], utc=True)).astype(
        {"type": "Int64", "total": "Int64"}
    )


def counts(*rows: tuple[str | int | None, int, int], of: str) -> pd.DataFrame:
    """Make a table of values or years: what is counted, type, assets."""
    table = pd.DataFrame(rows, columns=[of, "type", "assets"])
    dtypes = {of: "str" if of == "value" else "Int64", "type": "Int64", "assets": "Int64"}
    return table.astype(dtypes)


def twins(*rows: tuple[int, str, int, str]) -> pd.DataFrame:
    """Make a table of duplicates: group, rule, id, name."""
    table = pd.DataFrame(rows, columns=["group", "rule", "id", "name"])
    return table.assign(assets=table.groupby("group")["id"].transform("size"))


def texts(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    """Make a table of languages: field, language, given, filled."""
    table = pd.DataFrame(rows, columns=["field", "language", "given", "filled"])
    return table.astype({"given": "Int64", "filled": "Int64"})


def scores(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Make a table of a trend: when, type, score."""
    table = pd.DataFrame(rows, columns=["when", "type", "score"])
    return table.assign(when=pd.to_datetime(table["when"], utc=True)).astype({"score": "Float64"})


def days(*rows: tuple[int, str, float]) -> pd.DataFrame:
    """Make a table of coverage: channel, day, share."""
    table = pd.DataFrame(rows, columns=["linearAssetId", "day", "share"])
    return table.assign(day=pd.to_datetime(table["day"], utc=True)).astype(
        {"linearAssetId": "Int64", "share": "Float64"}
    )


def ahead(*rows: tuple[int, float, float, float]) -> pd.DataFrame:
    """Make a table of horizons: channel, hours behind, ahead, short."""
    table = pd.DataFrame(rows, columns=["linearAssetId", "behind", "ahead", "short"])
    return table.astype(dict.fromkeys(table, "Float64") | {"linearAssetId": "Int64"})


def mix(*rows: tuple[int, str, float]) -> pd.DataFrame:
    """Make a table of a lineup's mix: hour, genre, minutes."""
    table = pd.DataFrame(rows, columns=["hour", "genre", "minutes"])
    table = table.assign(share=table["minutes"] / 60)
    return table.astype({"hour": "Int64", "genre": "str", "minutes": "Float64"})


def changed(*rows: tuple[str, float | None]) -> pd.DataFrame:
    """Make a table of changes: what changed, hours before air."""
    table = pd.DataFrame(rows, columns=["change", "hours"])
    return table.astype({"change": "str", "hours": "Float64"})


def left(*rows: tuple[str, int | None, int | None]) -> pd.DataFrame:
    """Make a table of limits: limit, allowed, used."""
    table = pd.DataFrame(rows, columns=["limit", "allowed", "used"])
    table = table.astype({"limit": "str", "allowed": "Int64", "used": "Int64"})
    return table.assign(left=table["allowed"] - table["used"])


PICTURES: dict[Callable[..., Axes], pd.DataFrame] = {
    plots.completeness: shares((MOVIE, "name", 1.0), (SERIES, "name", 0.5)),
    plots.growth: totals(("2026-01-01", MOVIE, 2), ("2026-02-01", MOVIE, 3)),
    plots.values: counts(("Drama", MOVIE, 2), ("News", SERIES, 1), of="value"),
    plots.years: counts((1999, MOVIE, 2), (2001, SERIES, 1), of="year"),
    plots.ratios: shares((MOVIE, "16:9", 1.0)).rename(columns={"field": "ratio"}),
    plots.languages: texts(("name", "eng", 2, 2), ("name", "fra", 2, 1)),
    plots.duplicates: twins((1, "identity.twin", 7, "Dune"), (1, "identity.twin", 8, "Dune")),
    plots.trend: scores(("2026-01-01", "425", 80), ("2026-01-01", "all", 80)),
    plots.gaps: spans((7, 0, 10), (8, 60, 90)),
    plots.overlaps: spans((7, 0, 10), (8, 60, 90)),
    plots.coverage: days((7, "2026-03-28", 1.0), (8, "2026-03-28", 0.25)),
    plots.limits: left(*[("devices", 4, 5), ("users", 4, 1)] * 5),
    plots.groups: pd.DataFrame({"group": ["iPad", "other"], "count": [7, 9]}),
    plots.grid: guide((7, 0, 60), (8, 30, 90)),
    plots.horizon: ahead((7, 5, 100, 20), (8, 5, 150, 0)),
    plots.genre_clock: mix((20, "News", 60), (21, "Drama", 60)),
    plots.changes: changed(("added", 2), ("moved", 30)),
    plots.lead_times: pd.DataFrame({"linearAssetId": [7, 8], "minutes": [30.0, 9_000.0]}),
}
EVERY = pytest.mark.parametrize("draw", PICTURES, ids=lambda draw: draw.__name__)


def rows_of(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def columns_of(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_xticklabels()]


def titles(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_text() != "now"]


def legend(ax: Axes) -> list[str]:
    box = ax.get_legend()
    assert box is not None
    return [text.get_text() for text in box.get_texts()]


def blocks(ax: Axes) -> PolyCollection:
    """Give the one collection that all blocks are in."""
    return next(one for one in ax.collections if isinstance(one, PolyCollection))


def corners(path: Path) -> npt.NDArray[np.float64]:
    """Give the lower left and upper right corner of what a path goes around."""
    points = np.asarray(path.vertices, dtype=np.float64)
    return np.array([points.min(axis=0), points.max(axis=0)])


def render(ax: Axes) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(io.BytesIO())


def minute(day: float) -> float:
    """Read a place on the axis of times back, as minutes since midnight."""
    return round((day - MIDNIGHT.timestamp() / 86_400) * 1440, 3)


def marks(ax: Axes) -> list[tuple[int, float, float]]:
    """Read each block back: its row, first and last minute."""
    boxes = [corners(path) for path in blocks(ax).get_paths()]
    return [(round((y0 + y1) / 2), minute(x0), minute(x1)) for (x0, y0), (x1, y1) in boxes]


def cells_of(ax: Axes) -> list[list[float | None]]:
    """Read a heat map back, row by row; None where nothing is known."""
    values = np.ma.filled(np.ma.asarray(ax.images[0].get_array(), dtype=np.float64), np.nan)
    return [[None if np.isnan(value) else float(value) for value in row] for row in values]


def tops(ax: Axes) -> list[float]:
    """Give the highest point of each area."""
    return [float(corners(one.get_paths()[0])[1, 1]) for one in ax.collections]


def colours(collection: Collection) -> list[str]:
    return [to_hex(colour) for colour in np.atleast_2d(collection.get_facecolor())]


# What all pictures owe


@EVERY
def test_the_axes_given_is_filled_and_returned(draw: Callable[..., Axes], ax: Axes) -> None:
    """No other Axes, no figure and no window comes of it."""
    assert draw(PICTURES[draw], ax=ax) is ax
    assert ax.has_data()
    assert ax.figure.axes == [ax]
    assert plt.get_fignums() == []


@EVERY
def test_without_axes_the_current_one_is_filled(draw: Callable[..., Axes]) -> None:
    """As pyplot's own functions do."""
    current = plt.figure().subplots()
    assert draw(PICTURES[draw]) is current


@EVERY
def test_a_second_picture_gets_axes_of_its_own(draw: Callable[..., Axes]) -> None:
    """The first stays as it is, also where it is only words; the second is of the same size."""
    figure = plt.figure(figsize=(7, 3))
    first = draw(PICTURES[draw].iloc[:0])
    second = draw(PICTURES[draw])
    assert (first.figure, second.figure) == (figure, plt.gcf())
    assert second.figure is not first.figure
    assert plt.gcf().get_size_inches().tolist() == [7, 3]


@EVERY
def test_an_empty_table_says_why_nothing_is_there(draw: Callable[..., Axes], ax: Axes) -> None:
    """Words in the place of marks."""
    draw(PICTURES[draw][:0], ax=ax)
    (words,) = ax.texts
    assert words.get_text().endswith(".")
    assert not [*ax.collections, *ax.patches, *ax.images, *ax.get_xticks()]


@EVERY
def test_the_style_and_the_table_are_left_alone(draw: Callable[..., Axes], ax: Axes) -> None:
    """Drawing changes nothing but the Axes."""
    style, table = dict(mpl.rcParams), PICTURES[draw].copy()
    draw(PICTURES[draw], ax=ax)
    assert dict(mpl.rcParams) == style
    pd.testing.assert_frame_equal(PICTURES[draw], table)


@EVERY
def test_every_picture_renders(draw: Callable[..., Axes]) -> None:
    """On a small figure too, with no warning."""
    render(draw(PICTURES[draw], ax=Figure(figsize=(3, 2)).subplots()))


@EVERY
def test_axes_have_the_tables_own_names(draw: Callable[..., Axes], ax: Axes) -> None:
    """What an axis shows is a column's name."""
    draw(PICTURES[draw], ax=ax)
    known = {*PICTURES[draw].columns, "households", "changes"}
    assert ax.get_ylabel() in known
    assert ax.get_xlabel().split(",")[0].split(" ")[0] in known


# Heat maps


def test_completeness_is_fields_by_types(ax: Axes) -> None:
    """Each cell stands where its field and type cross; one that is not in the table is empty."""
    table = shares((MOVIE, "name", 1.0), (MOVIE, "metas.Year", 0.5), (SERIES, "name", 0.996))
    plots.completeness(table, names={MOVIE: "Movie"}, ax=ax)
    assert cells_of(ax) == [[1.0, 0.996], [0.5, None]]
    assert rows_of(ax) == ["name", "metas.Year"]
    assert columns_of(ax) == ["Movie", "426"]


@pytest.mark.parametrize("names", [{"425": "Movie"}, pd.Series(["Movie"], index=[MOVIE])])
def test_names_are_found_by_number_or_text(names: Any, ax: Axes) -> None:
    """The tables of labels have ids as text; an id without a name stays as it is."""
    table = shares((MOVIE, "name", 1.0), (SERIES, "name", 1.0), (None, "name", 1.0))
    plots.completeness(table, names=names, ax=ax)
    assert columns_of(ax) == ["Movie", "426", "none"]


def test_percentages_are_rounded_down(ax: Axes) -> None:
    """100 is all, 0 is none."""
    values = [1.0, 0.999, 0.29, 0.001, 0.0]
    plots.completeness(shares(*((1, f"f{v}", v) for v in values)), ax=ax)
    assert [text.get_text() for text in ax.texts] == ["100", "99", "29", "<1", "0"]


def test_all_nearly_all_and_none_are_three_colours(ax: Axes) -> None:
    """99.9 % is not the colour of 100 %, nor 0.1 % that of nothing."""
    plots.completeness(PICTURES[plots.completeness], ax=ax)
    colours = ax.images[0].to_rgba(np.array([0, 0.001, 0.999, 1.0]))
    assert len({tuple(colour) for colour in colours}) == 4


def test_many_rows_are_labelled_as_far_as_they_read(ax: Axes) -> None:
    """200 channels in a low Axes: every n-th label, no percentages, the picture whole."""
    table = days(*((i, "2026-03-28", 0.5) for i in range(200)))
    plots.coverage(table, ax=ax)
    labels = rows_of(ax)
    step = int(labels[1])
    assert labels == [str(i) for i in range(0, 200, step)]
    assert 20 < len(labels) < 60
    assert ax.images[0].get_size() == (200, 1)
    assert not ax.texts


def test_five_rows_are_all_labelled(ax: Axes) -> None:
    """Where there is room, each row has its label."""
    plots.coverage(days(*((i, "2026-03-28", 0.5) for i in range(5))), ax=ax)
    assert rows_of(ax) == ["0", "1", "2", "3", "4"]


def test_narrow_columns_have_slanted_labels(ax: Axes) -> None:
    """Long names below narrow columns would run into each other."""
    long = {i: f"A rather long name {i}" for i in range(12)}
    plots.completeness(shares(*((i, "name", 1.0) for i in range(12))), names=long, ax=ax)
    assert {label.get_rotation() for label in ax.get_xticklabels()} == {45}
    assert columns_of(ax) == list(long.values())


def test_coverage_is_channels_by_local_days(ax: Axes) -> None:
    """Days in their order and by their local date; channels by id."""
    table = days((8, "2026-03-28T22:00", 0.5), (7, "2026-03-27T22:00", 1.0))
    plots.coverage(table, tz=ATHENS, names=pd.Series({7: "Επτά"}), ax=ax)
    assert rows_of(ax) == ["Επτά", "8"]
    assert columns_of(ax) == ["Sat 28 Mar", "Sun 29 Mar"]
    assert cells_of(ax) == [[1.0, None], [None, 0.5]]


# Areas and bars


@pytest.mark.parametrize("form", ["naive", "mixed"])
def test_days_of_coverage_may_have_any_zone(form: str, ax: Axes) -> None:
    """As Excel gives them back, or of two tables that were joined."""
    table = PICTURES[plots.coverage]
    zones = [None, None] if form == "naive" else ["Asia/Tokyo", "UTC"]
    moments = zip(table["day"], zones, strict=True)
    days = pd.Series([day.tz_convert(tz) for day, tz in moments], dtype=object)
    plots.coverage(
        table.assign(day=days.astype("datetime64[us]") if form == "naive" else days), ax=ax
    )
    assert columns_of(ax) == ["Sat 28 Mar"]


def test_growth_stacks_types_and_names_them(ax: Axes) -> None:
    """The top edge is the sum; a period's value holds until the next one."""
    table = totals(
        ("2026-01-01", MOVIE, 2),
        ("2026-01-01", SERIES, 1),
        ("2026-02-01", MOVIE, 3),
        ("2026-02-01", SERIES, 4),
    )
    plots.growth(table, names={MOVIE: "_Movie $1$"}, ax=ax)
    assert legend(ax) == ["426", "_Movie $1$"]
    assert tops(ax) == [3, 7]
    assert ax.get_xlabel() == "period, 01 Jan 2026 to 01 Feb 2026 (UTC)"


def test_the_smallest_of_many_types_stand_together(ax: Axes) -> None:
    """No two areas share a colour, and none is lost from the sum."""
    plots.growth(totals(*(("2026-01-01", i, 20 - i) for i in range(12))), ax=ax)
    assert legend(ax) == ["5 others", "6", "5", "4", "3", "2", "1", "0"]
    assert len({colours(one)[0] for one in ax.collections}) == 8
    assert tops(ax)[-1] == sum(range(9, 21))


def test_limits_counts_households_by_what_is_left(ax: Axes) -> None:
    """One bar a limit; its parts add up to all households."""
    table = left(
        ("devices", 4, 6),
        ("devices", 4, 4),
        ("devices", 4, 3),
        ("devices", 4, 2),
        ("devices", 4, 1),
        ("devices", 9, 1),
        ("devices", None, 1),
        ("users", 2, None),
    ).set_index(pd.Index([0] * 8))
    plots.limits(table, k=1, ax=ax)
    assert legend(ax) == [
        "over the limit",
        "at the limit",
        "1 left",
        "2 left",
        "3 or more left",
        "no limit set",
        "not known",
    ]
    widths = [[patch.get_width() for patch in bar] for bar in ax.containers]
    assert widths == [[1, 0], [1, 0], [1, 0], [1, 0], [2, 0], [1, 0], [0, 1]]
    assert [bar[0].get_x() for bar in ax.containers] == [0, 1, 2, 3, 4, 6, 7]
    assert rows_of(ax) == ["devices", "users"]


def test_states_that_no_household_is_in_are_left_out(ax: Axes) -> None:
    """The key names what is there."""
    plots.limits(left(*[("users", 4, 4)] * 5), ax=ax)
    assert legend(ax) == ["at the limit"]
    assert [text.get_text() for text in ax.texts] == ["5"]


# Strips


@pytest.mark.parametrize("draw", [plots.gaps, plots.overlaps])
def test_strips_mark_times_by_channel(draw: Callable[..., Axes], ax: Axes) -> None:
    """Channels by id, the first on top; each time where it is."""
    draw(spans((8, 60, 90), (7, 0, 10), (8, 100, 101)), ax=ax)
    assert rows_of(ax) == ["7", "8"]
    assert sorted(marks(ax)) == [(0, 0, 10), (1, 60, 90), (1, 100, 101)]
    assert ax.yaxis_inverted()


@pytest.mark.parametrize("draw", [plots.gaps, plots.overlaps])
def test_the_shortest_mark_is_seen(draw: Callable[..., Axes], ax: Axes) -> None:
    """A minute in a month is far less than a pixel, so marks have an edge of a point."""
    draw(spans((7, 0, 1), (7, 43_200, 43_201)), ax=ax)
    assert np.min(blocks(ax).get_linewidth()) >= 1
    np.testing.assert_array_equal(blocks(ax).get_edgecolor(), blocks(ax).get_facecolor())


def test_channels_without_a_gap_are_shown_when_asked_for(ax: Axes) -> None:
    """The channel table gives their order and their names."""
    channels = pd.DataFrame({"id": pd.array([9, 7], "Int64"), "name": ["Nine", "Seven $ 7 $"]})
    plots.gaps(spans((7, 0, 10)), channels=channels, ax=ax)
    assert rows_of(ax) == ["Nine", "Seven $ 7 $"]
    assert marks(ax) == [(1, 0, 10)]


def test_the_window_given_is_shown_whole(ax: Axes) -> None:
    """Marks are cut off at its edges, and the label names them in the zone."""
    plots.gaps(spans((7, -30, 10), (7, 100, 200)), start=at(0), end=at(120), tz=ATHENS, ax=ax)
    assert marks(ax) == [(0, 0, 10), (0, 100, 120)]
    assert ax.get_xlabel() == ("startDate, 28 Mar 2026 02:00 to 28 Mar 2026 04:00 (Europe/Athens)")


# The grid


def test_the_grid_is_channels_by_hours(ax: Axes) -> None:
    """A block a programme, cut off at the window; what has no length or no time is none."""
    epg = guide((8, 0, 60), (7, 30, 90), (7, 70, 70), (7, 60, 50), (7, 80, 95))
    epg.loc[5] = epg.loc[0].to_dict() | {"startDate": pd.NaT}
    plots.grid(epg, start=at(0), end=at(80), ax=ax)
    assert rows_of(ax) == ["7", "8"]
    assert sorted(marks(ax)) == [(0, 30, 80), (1, 0, 60)]


def test_ticks_are_local_times(ax: Axes) -> None:
    """Hours as the zone's clocks show them, across their change too."""
    plots.grid(guide((7, 1320, 1620)), tz=ATHENS, ax=ax)
    render(ax)
    shown = columns_of(ax)
    assert shown[0] == "Sun 29"
    assert "03:00" not in shown  # the hour that the clocks leave out
    assert {"02:00", "04:00"} <= set(shown)


def test_the_pull_gives_window_and_now(ax: Axes) -> None:
    """The provenance says which window was asked for and when."""
    epg = guide((7, 0, 60))
    epg = with_facts(
        epg,
        start=at(-60).isoformat(),
        end=at(120).isoformat(),
        when=at(30).isoformat(),
    )
    plots.grid(epg, ax=ax)
    (now,) = ax.lines
    assert now.get_label() == "now"
    assert minute(np.asarray(now.get_xdata())[0]) == 30
    assert ax.get_xlabel().startswith("startDate, 27 Mar 2026 23:00 to 28 Mar 2026 02:00")


def test_a_present_outside_the_window_has_no_line(ax: Axes) -> None:
    """The window's end is outside."""
    plots.grid(guide((7, 0, 60)), now=at(60), ax=ax)
    assert not ax.lines


def test_a_programme_that_never_ends_does_not_widen_the_window(ax: Axes) -> None:
    """The last start and a day is far enough."""
    epg = guide((7, 0, 60), (7, 60, 120))
    epg.loc[1, "endDate"] = pd.Timestamp("2999-12-31", tz="UTC")
    plots.grid(epg, ax=ax)
    assert marks(ax) == [(0, 0, 60), (0, 60, 60 + 1440)]


def test_titles_stand_where_they_fit(ax: Axes) -> None:
    """A long block has its title, a shorter one some letters of it, the shortest none."""
    epg = guide((7, 0, 600), (7, 600, 690), (7, 690, 706), title="Δελτίο Ειδήσεων")
    plots.grid(epg, ax=ax)
    whole, cut = titles(ax)
    assert whole == "Δελτίο Ειδήσεων"
    assert cut.endswith("…")
    assert len(cut) >= drawing.LETTERS
    assert whole.startswith(cut[:-1])


def test_titles_are_cut_off_at_their_block(ax: Axes) -> None:
    """Also where the guess of their width was too low."""
    plots.grid(guide((7, 0, 400), (7, 400, 600), title="W" * 40), ax=ax)
    clips = [text.get_clip_box() for text in ax.texts]
    assert all(text.get_clip_on() for text in ax.texts)
    inside = [ax.transData.inverted().transform(box) for box in clips if box is not None]
    assert [(minute(x0), minute(x1)) for (x0, _), (x1, _) in inside] == [(0, 400), (400, 600)]


def test_a_title_is_text_and_not_a_formula(ax: Axes) -> None:
    """Dollar signs are prices."""
    plots.grid(guide((7, 0, 60), title="$5_and_$6"), ax=ax)
    assert not ax.texts[0].get_parse_math()
    render(ax)


def test_titles_are_bounded() -> None:
    """However large the picture, no more are written than anybody reads."""
    ax = Figure(figsize=(80, 80)).subplots()
    plots.grid(guide(*((c, m, m + 30) for c in range(100) for m in range(0, 720, 30))), ax=ax)
    assert len(marks(ax)) == 2400
    assert len(titles(ax)) == drawing.TITLES


def test_200_channels_have_blocks_without_titles(ax: Axes) -> None:
    """Rows too thin for letters have none, and no space between them."""
    plots.grid(guide(*((c, 0, 600) for c in range(200))), ax=ax)
    assert not titles(ax)
    assert {float(np.ptp(corners(path)[:, 1])) for path in blocks(ax).get_paths()} == {1.0}


def test_strips_too_thin_have_no_lines_between_them(ax: Axes) -> None:
    """200 channels would be lines and nothing else."""
    plots.gaps(spans(*((c, 0, 600) for c in range(200))), ax=ax)
    assert len(ax.collections) == 1


def test_channels_asked_for_are_rows_even_when_empty(ax: Axes) -> None:
    """In the order given."""
    plots.grid(guide((7, 0, 60)), channels=[9, 7], names={9: "Nine"}, ax=ax)
    assert rows_of(ax) == ["Nine", "7"]
    assert marks(ax) == [(1, 0, 60)]


def test_long_names_are_cut_in_the_middle(ax: Axes) -> None:
    """Labels leave room for the picture, and show how a name begins and ends."""
    plots.grid(guide((7, 0, 60)), names={7: "Beginning " + "x" * 100 + " end"}, ax=ax)
    (label,) = rows_of(ax)
    assert len(label) <= drawing.LABEL
    assert label.startswith("Beginning")
    assert label.endswith(" end")


def test_further_keywords_reach_the_artist(ax: Axes) -> None:
    """A look of one's own is a keyword."""
    plots.gaps(spans((7, 0, 10)), color="#123456", ax=ax)
    assert colours(blocks(ax)) == ["#123456"]
