"""The gallery: every picture with a line of code that draws it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

from kott_notebooks import plots

PAGE = (Path(__file__).parent.parent / "docs" / "gallery.md").read_text("utf-8")
START, *BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """Give what the first block of the page has made."""
    made: dict[str, Any] = {}
    exec(START, made)
    return made


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.partition("plots.")[2].split("(")[0])
def test_a_line_of_the_gallery_draws(names: dict[str, Any], code: str) -> None:
    """Something is drawn, and no sentence about nothing."""
    *before, last = code.strip().splitlines()
    exec("\n".join(before), names)
    drawn = eval(last, names)
    assert drawn
    if isinstance(drawn, Axes):
        assert drawn.has_data()
    plt.close("all")


def test_every_picture_is_in_the_gallery() -> None:
    """A new one needs its line."""
    shown = {name for block in BLOCKS for name in re.findall(r"plots\.(\w+)\(", block)}
    assert shown == set(plots.__all__)
