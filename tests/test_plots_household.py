"""Pictures of households read back, at their fullest and emptiest."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from kott_notebooks import plots
from kott_notebooks.plots import drawing


@pytest.fixture
def ax() -> Axes:
    return Figure(figsize=(9, 4)).subplots()


def counted(*rows: tuple[str, int]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["group", "count"])
    return table.astype({"group": "str", "count": "Int64"})


def limits(*left: int) -> pd.DataFrame:
    """Make a table of limits of devices, each with the number that is free."""
    used = pd.array([9 - rest for rest in left], dtype="Int64")
    table = pd.DataFrame({"limit": "devices", "allowed": 9, "used": used}).convert_dtypes()
    return table


def rows_of(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_groups_are_bars_with_their_counts(ax: Axes) -> None:
    """In the order of the table, the first on top; what was folded is grey."""
    plots.groups(counted(("iPad", 1_200), ("$Web_1$", 30), ("other", 7)), ax=ax)
    assert rows_of(ax) == ["iPad", "$Web_1$", "other"]
    assert ax.yaxis_inverted()
    (bars,) = ax.containers
    assert [bar.get_width() for bar in bars] == [1_200, 30, 7]
    assert [text.get_text() for text in ax.texts] == ["1,200", "30", "7"]
    colours = [to_hex(bar.get_facecolor()) for bar in bars]
    assert colours == [drawing.BLUE.lower(), drawing.BLUE.lower(), drawing.GREY]


def test_counts_stand_inside_the_picture(ax: Axes) -> None:
    """Also that of the longest bar."""
    plots.groups(counted(("iPad", 123_456_789), ("iPhone", 1)), ax=ax)
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(io.BytesIO())
    assert max(text.get_window_extent().x1 for text in ax.texts) <= ax.get_window_extent().x1


def test_no_more_groups_are_drawn_than_can_be_read(ax: Axes) -> None:
    """A thousand models are a long tail; the label says what is left out."""
    plots.groups(counted(*((f"model {i}", 2_000 - i) for i in range(1_000))), ax=ax)
    drawn = len(rows_of(ax))
    assert 10 < drawn < 40
    assert ax.get_xlabel() == f"count, the first {drawn} of 1,000 groups"


def test_too_few_households_to_be_shown_are_not() -> None:
    """The words say so, and not that there are none."""
    for draw, table in ((plots.groups, counted()), (plots.limits, limits(1, 2))):
        axes = draw(table, ax=Figure().subplots())
        assert [text.get_text() for text in axes.texts] == [
            "These are too few households to be shown."
        ]


def test_few_households_at_a_limit_join_their_neighbours(ax: Axes) -> None:
    """The one household that is over its limit cannot be told from its fellows."""
    plots.limits(limits(-1, *[1] * 6, *[5] * 9), ax=ax)
    box = ax.get_legend()
    assert box is not None
    assert [text.get_text() for text in box.get_texts()] == ["1 or fewer left", "3 or more left"]
    assert [bar[0].get_width() for bar in ax.containers] == [7, 9]


def test_the_key_says_what_few_households_without_a_limit_were_joined_with(ax: Axes) -> None:
    """A group of its own would tell who they are; "other" would hide the many beside them."""
    table = limits(*[-1] * 6, *[5] * 9, 5)
    table.loc[len(table) - 1, "allowed"] = None
    plots.limits(table, ax=ax)
    box = ax.get_legend()
    assert box is not None
    assert [text.get_text() for text in box.get_texts()] == [
        "over the limit",
        "at the limit or below, no limit set or not known",
    ]
    assert [bar[0].get_width() for bar in ax.containers] == [6, 10]
