"""Pictures of the catalogue read back: marks, labels and words, at their fullest and emptiest."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from kott_notebooks import catalog, plots
from kott_notebooks.plots import drawing

MOVIE, SERIES = 425, 426


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(9, 4)).subplots()


def table(columns: str, *rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split()).convert_dtypes()


def offers(*rows: tuple[Any, int, int, int]) -> pd.DataFrame:
    """Make a table of availability: period, enters, leaves, on offer."""
    periods = table("period enters leaves onOffer", *rows)
    return periods.assign(period=pd.to_datetime(periods["period"], utc=True))


def bars(ax: Axes) -> list[list[float]]:
    """Give the heights of the bars of each colour."""
    return [[patch.get_height() for patch in part] for part in ax.containers]


def rows_of(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def legend(ax: Axes) -> list[str]:
    box = ax.get_legend()
    assert box is not None
    return [text.get_text() for text in box.get_texts()]


def render(ax: Axes) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(io.BytesIO())


def test_what_enters_goes_up_and_what_leaves_goes_down(ax: Axes) -> None:
    """Types are summed; the key has what is on offer at both ends; now is a line."""
    given = offers(("2026-01-05", 3, 0, 103), ("2026-01-05", 1, 1, 7), ("2026-01-12", 0, 20, 1_090))
    before = given.copy()
    assert plots.availability(given, now="2026-01-07", ax=ax) is ax
    assert bars(ax) == [[4, 0], [-1, -20]]
    assert legend(ax) == ["enters", "leaves", "onOffer 110 at first, 1,090 at last"]
    assert ax.get_xlabel() == "period, 05 Jan 2026 to 12 Jan 2026 (UTC)"
    assert len(ax.lines) == 2
    render(ax)
    assert "-20" not in [label.get_text() for label in ax.get_yticklabels()]
    pd.testing.assert_frame_equal(given, before)


def test_one_busy_week_leaves_the_others_visible(ax: Axes) -> None:
    """Its bar is cut, and says how long it would be."""
    weeks = pd.date_range("2026-01-05", periods=20, freq="W-MON", tz="UTC")
    given = offers(*((week, 10, 2, 0) for week in weeks[:19]), (weeks[19], 90_000, 2, 0))
    plots.availability(given, ax=ax)
    assert bars(ax)[0][:2] == [10, 10]
    assert 10 < bars(ax)[0][19] < 100
    assert [text.get_text() for text in ax.texts if text.get_text()] == ["90,000"]


def test_one_period_and_none_can_be_drawn(ax: Axes) -> None:
    """Without a table of assets, words stand in the place of bars; a line needs a now."""
    plots.availability(offers(("2026-01-05", 1, 0, 1)), ax=ax)
    assert len(ax.lines) == 1
    empty = Figure(figsize=(3, 2)).subplots()
    plots.availability(offers(("2026-01-05", 1, 0, 1))[:0], ax=empty)
    (words,) = (text.get_text() for text in empty.texts)
    assert words.replace("\n", " ") == "There are no assets here, so nothing enters or leaves."
    assert not empty.patches
    render(empty)


def test_values_are_bars_in_the_order_of_the_table(ax: Axes) -> None:
    """One part a type, types in their order; those without a value are called none."""
    given = table(
        "value type assets",
        ("Drama", SERIES, 1), ("Drama", MOVIE, 5), ("2 others", MOVIE, 9), (None, SERIES, 3),
    )  # fmt: skip
    plots.values(given, names={MOVIE: "Movie"}, ax=ax)
    assert rows_of(ax) == ["Drama", "2 others", "none"]
    assert legend(ax) == ["Movie", "426"]
    parts = [[patch.get_width() for patch in part] for part in ax.containers]
    assert parts == [[5, 9, 0], [1, 0, 3]]
    assert [patch.get_x() for patch in ax.containers[1]] == [5, 9, 0]
    assert ax.get_xlabel() == "assets"


def test_no_more_values_are_drawn_than_can_be_read(ax: Axes) -> None:
    """Ten thousand names would be a grey field; the label says what is left out."""
    given = table("value type assets", *((f"v{i}", MOVIE, 20_000 - i) for i in range(10_000)))
    plots.values(given, ax=ax)
    labels = rows_of(ax)
    assert 10 < len(labels) < 40
    assert labels == [f"v{i}" for i in range(len(labels))]
    assert ax.get_xlabel() == f"assets, the first {len(labels)} of 10,000 values"


def test_the_smallest_types_share_a_colour(ax: Axes) -> None:
    """There are no more colours than can be told apart, and nothing is lost."""
    plots.values(table("value type assets", *(("Drama", i, 20 - i) for i in range(12))), ax=ax)
    assert legend(ax) == ["0", "1", "2", "3", "4", "5", "6", "5 others"]
    widths = [part[0].get_width() for part in ax.containers]
    assert sum(widths) == sum(range(9, 21))


def test_years_stand_where_they_are(ax: Axes) -> None:
    """A gap of years is a gap; assets without one are told and not drawn."""
    given = table(
        "year type assets", (1950, MOVIE, 2), (2001, MOVIE, 3), (2001, SERIES, 4), (None, MOVIE, 7)
    )
    plots.years(given, ax=ax)
    places = [patch.get_x() + patch.get_width() / 2 for patch in ax.containers[0]]
    assert places == pytest.approx([1950, 2001])
    assert bars(ax) == [[2, 3], [0, 4]]
    assert ax.get_xlabel() == "year (7 assets without one)"


def test_a_catalogue_without_years_says_so(ax: Axes) -> None:
    """Also where there are assets, none of which has one."""
    plots.years(table("year type assets", (None, MOVIE, 7)).astype({"year": "Int64"}), ax=ax)
    assert [text.get_text() for text in ax.texts] == ["No asset here has a year."]


def test_ratios_cross_types(ax: Axes) -> None:
    """Ratios are rows, types have their names."""
    given = table("ratio type share", ("16:9", MOVIE, 1.0), ("2:3", MOVIE, 0.5))
    plots.ratios(given, names={MOVIE: "Movie"}, ax=ax)
    assert rows_of(ax) == ["16:9", "2:3"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Movie"]


def test_languages_are_of_what_is_given_in_any(ax: Axes) -> None:
    """Types are summed, not averaged; a field that nobody has is neither full nor empty."""
    given = table(
        "type field language given filled",
        (MOVIE, "name", "eng", 9, 9), (SERIES, "name", "eng", 1, 0), (MOVIE, "m", "eng", 0, 0),
    )  # fmt: skip
    plots.languages(given, ax=ax)
    cells = np.ma.asarray(ax.images[0].get_array(), dtype=np.float64).filled(np.nan)
    np.testing.assert_array_equal(cells, [[0.9], [np.nan]])
    assert ax.get_ylabel() == "field"


def twins(*sizes: int) -> pd.DataFrame:
    rows = [
        (at + 1, "identity.twin", 100 * at + i, f"Name {at}")
        for at, size in enumerate(sizes)
        for i in range(size)
    ]
    return table("group rule id name", *rows)


def test_duplicates_are_a_row_a_group_and_a_dot_an_asset(ax: Axes) -> None:
    """The colour is the rule's, and ids stand beside the dots."""
    given = twins(3, 2)
    given.loc[3:, "rule"] = "identity.duplicate_entry_id"
    plots.duplicates(given, ax=ax)
    assert rows_of(ax) == ["Name 0", "Name 1"]
    dots = [np.asarray(one.get_offsets()).tolist() for one in ax.collections]
    assert dots == [[[1, 1], [2, 1]], [[1, 0], [2, 0], [3, 0]]]
    assert legend(ax) == ["duplicate_entry_id", "twin"]
    assert {text.get_text() for text in ax.texts} == {"0", "1", "2", "100", "101"}
    assert ax.get_xlabel() == "assets"


def test_of_many_duplicates_the_largest_groups_are_drawn(ax: Axes) -> None:
    """A large group has no room for ids; the label says how many groups there are."""
    plots.duplicates(twins(400, *[2] * 3_000), ax=ax)
    drawn = len(rows_of(ax))
    assert 10 < drawn < 40
    assert ax.get_xlabel() == f"assets, the first {drawn} of 3,001 groups"
    assert not ax.texts
    render(ax)


def scores(types: int, audits: int = 3) -> pd.DataFrame:
    rows = [
        (pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=day), str(of), 50.0 + of + day)
        for day in range(audits)
        for of in range(types)
    ]
    rows += [(when, "all", 70.0) for when in {row[0] for row in rows}]
    return table("when type score", *rows)


def test_a_trend_is_a_line_a_type(ax: Axes) -> None:
    """That of all assets is thick and stands last; names are found."""
    plots.trend(scores(2), names={"0": "Movie"}, ax=ax)
    assert legend(ax) == ["Movie", "1", "all"]
    assert np.asarray(ax.lines[0].get_ydata()).tolist() == [50, 51, 52]
    assert [line.get_linewidth() for line in ax.lines] == [1.5, 1.5, 3]
    assert to_hex(ax.lines[2].get_color()) == drawing.INK.lower()
    assert ax.get_xlabel() == "when, 01 Jan 2026 to 03 Jan 2026 (UTC)"


def test_of_many_types_those_with_the_lowest_score_have_colours(ax: Axes) -> None:
    """The others are grey, and nameless; an audit that lacks a type leaves its line whole."""
    given = scores(12)
    given = given[~((given["type"] == "3") & (given["score"] == 54))]
    plots.trend(given, ax=ax)
    assert legend(ax) == ["0", "1", "2", "3", "4", "5", "6", "all"]
    assert len(ax.lines) == 13
    (third,) = (line for line in ax.lines if np.asarray(line.get_ydata())[0] == 53)
    assert np.asarray(third.get_ydata()).tolist() == [53, 55]


def test_audits_of_two_days_are_drawn_as_the_catalogue_has_them(ax: Axes) -> None:
    """From findings to the picture, nothing in between."""
    assets = pd.DataFrame({"id": [1, 2], "type": [MOVIE, SERIES], "name": ["Dune", "n/a"]})
    audits = [catalog.audit(assets, now=f"2026-01-0{day}") for day in (1, 2)]
    plots.trend(catalog.trend(audits, by="type"), ax=ax)
    assert legend(ax) == ["425", "426", "all"]
    assert ax.get_xlabel() == "when, 01 Jan 2026 to 02 Jan 2026 (UTC)"


def test_one_audit_is_a_dot(ax: Axes) -> None:
    """With room to its sides."""
    plots.trend(scores(1, audits=1), ax=ax)
    left, right = ax.get_xlim()
    assert right - left == pytest.approx(1)
    render(ax)
