"""Pictures that can be read: in dark styles, with titles, with long names, in every script."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from test_plots import EVERY, PICTURES, guide, shares
from test_plots_schedule import key

from kott_notebooks import plots
from kott_notebooks.plots import drawing, lettering


def luminance(colour: object) -> float:
    """Work out how light a colour is, as the W3C defines it."""
    parts = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]  # type: ignore[arg-type]
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


def contrast(one: object, other: object) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def rendered(figure: Figure) -> npt.NDArray[np.float64]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return pixels[..., :3] / 255


@EVERY
def test_a_table_that_was_a_csv_file_is_drawn_alike(draw: Callable[..., Axes]) -> None:
    """Numbers and times as text are the same numbers and times."""
    written = io.StringIO(PICTURES[draw].to_csv(index=False))
    figures = []
    for table in (PICTURES[draw], pd.read_csv(written, dtype=str)):
        figures.append(Figure(figsize=(3, 2)))
        draw(table, ax=figures[-1].subplots())
    assert (rendered(figures[0]) == rendered(figures[1])).all()


@EVERY
@pytest.mark.parametrize("style", ["default", "dark_background", "Solarize_Light2", "grayscale"])
def test_lines_are_seen_in_every_style(draw: Callable[..., Axes], style: str) -> None:
    """Black lines in a dark picture, or white ones in a light one, would be lost."""
    with plt.style.context(style):
        ax = draw(PICTURES[draw], ax=Figure(figsize=(6, 4)).subplots())
        faint = [
            line.get_label()
            for line in ax.lines
            if line.get_color() not in drawing.SERIES
            and contrast(line.get_color(), ax.get_facecolor()) < 3
        ]
    assert faint == []


@EVERY
@pytest.mark.parametrize("size", [(4, 3), (12, 5)])
def test_a_title_never_lies_over_the_key(
    draw: Callable[..., Axes], size: tuple[float, float]
) -> None:
    """`ax.set_title` after drawing is what everybody does."""
    figure = Figure(figsize=size)
    ax = draw(PICTURES[draw], ax=figure.subplots())
    title = ax.set_title("A title of my own")
    rendered(figure)
    legend = ax.get_legend()
    if legend is not None:
        key, words = legend.get_window_extent(), title.get_window_extent()
        assert not key.overlaps(words)


@EVERY
@pytest.mark.parametrize("size", [(3, 2.3), (1.2, 1), (8, 6)])
def test_the_words_of_an_empty_picture_fit(
    draw: Callable[..., Axes], size: tuple[float, float]
) -> None:
    """However small the Axes, nothing of the sentence is outside of it."""
    figure = Figure(figsize=size)
    ax = draw(PICTURES[draw][:0], ax=figure.subplots())
    rendered(figure)
    (words,) = ax.texts
    room, taken = ax.get_window_extent(), words.get_window_extent()
    assert taken.width <= room.width
    assert taken.height <= room.height


NAMES = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs"]), max_size=60),
        st.tuples(st.just("National Geographic Channel "), st.text("ABW est", max_size=12)).map(
            "".join
        ),
    ),
    max_size=8,
)


@given(NAMES, st.integers(8, 40))
def test_names_that_differ_have_labels_that_differ(names: list[str], letters: int) -> None:
    """Wherever in a name the difference is."""
    labels = lettering.shortened(names, letters)
    whole = [" ".join(name.split()) for name in names]
    assert len(set(labels)) == len(set(whole))
    for name, label in zip(whole, labels, strict=True):
        assert label == name or "…" in label


@pytest.mark.parametrize("channels", [5, 40, 300])
def test_a_grid_shows_its_programmes_however_many_channels_it_has(channels: int) -> None:
    """Edges between blocks must not be all that is seen of thin rows."""
    rows = [(c, 60 * n, 60 * n + 60) for c in range(channels) for n in range(24)]
    table = guide(*rows).assign(**{"tags.Genre": '["Drama"]'})
    figure = Figure(figsize=(7, 4.2))
    ax = plots.grid(table, ax=figure.subplots())
    pixels = rendered(figure)
    box = ax.get_window_extent()
    height = pixels.shape[0]
    inside = pixels[
        int(height - box.y1) + 3 : int(height - box.y0) - 3, int(box.x0) + 3 : int(box.x1) - 3
    ]
    assert (inside.max(axis=2) - inside.min(axis=2)).mean() > 0.25


@given(st.text(st.sampled_from("aB 日本한ン"), max_size=30), st.integers(4, 20))
def test_a_title_is_cut_to_its_width_in_every_script(text: str, letters: int) -> None:
    """Chinese, Japanese and Korean letters are twice as wide as others."""
    cut = lettering.short(text, letters)
    assert lettering.width(cut.removesuffix("…")) <= letters * lettering.LETTER + 1e-6
    assert cut == " ".join(text.split()) or cut.endswith("…")


def test_the_shortest_gap_is_seen_in_the_dark() -> None:
    """The longer is the lighter there, but the shortest is still no part of the background."""
    with plt.style.context("dark_background"):
        figure = Figure(figsize=(6, 4))
        ax = plots.gaps(guide((7, 0, 10), (7, 60, 300)), ax=figure.subplots())
    (drawn,) = (one for one in ax.collections if isinstance(one, PolyCollection))
    colours = np.atleast_2d(np.asarray(drawn.get_facecolor()))
    shades = [contrast(one[:3], ax.get_facecolor()) for one in colours]
    assert 2.5 < shades[0] < shades[1]


def test_the_days_of_many_channels_do_not_run_into_each_other() -> None:
    """A cell of 0 % between full ones has its colour alone, however thin the rows."""
    rows = [(c, day, float(day != 1)) for c in range(150) for day in range(3)]
    table = pd.DataFrame(rows, columns=["linearAssetId", "day", "share"])
    table["day"] = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(table["day"], unit="D")
    figure = Figure(figsize=(6, 4))
    ax = plots.coverage(table, ax=figure.subplots())
    pixels, box = rendered(figure), ax.get_window_extent()
    middle = pixels[-int(box.y0 + box.height / 2), int(box.x0) + 3 : int(box.x1) - 3]
    assert len({tuple(one) for one in middle.round(3)}) == 2


def test_a_share_of_0_is_distinguished_from_an_absent_one() -> None:
    """0 % is a colour of its own; a cell without a share is hatched, and the key says so."""
    ax = plots.completeness(shares((1, "name", 0.0), (2, "genre", 0.6)), ax=Figure().subplots())
    colours = ax.images[0].to_rgba(np.array([0.0, 0.01, 0.6, 1.0]))
    assert len({tuple(one) for one in colours}) == 4
    assert contrast(colours[0][:3], ax.get_facecolor()) > 1.2
    assert key(ax)[-1] == drawing.CANNOT
    full = plots.completeness(shares((1, "name", 0.0)), ax=Figure().subplots())
    assert drawing.CANNOT not in key(full)


def fonts(monkeypatch: pytest.MonkeyPatch, **letters: str) -> None:
    """Pretend that these fonts are installed, each with these letters beside ASCII's."""
    known = {
        name: {*map(ord, map(chr, range(32, 127))), *map(ord, more)}
        for name, more in letters.items()
    }
    monkeypatch.setattr(
        lettering,
        "fontManager",
        SimpleNamespace(
            ttflist=[SimpleNamespace(name=n, fname=n, style="normal", weight=400) for n in letters]
        ),
    )
    monkeypatch.setattr(lettering, "findfont", lambda _: next(iter(letters)))
    monkeypatch.setattr(
        lettering, "get_font", lambda name: SimpleNamespace(get_charmap=lambda: known[name])
    )
    for cached in (lettering._lacking, lettering._covering):
        cached.cache_clear()


@pytest.mark.parametrize("text", ["日本テレビ", "ช่อง 7", "समाचार", "News 📺"])
def test_letters_are_drawn_with_a_font_that_has_them(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual font comes first, then one that is installed and has what it lacks."""
    fonts(monkeypatch, Usual="", Other="žš", Right=text)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts, look = lettering.lettering(["BBC One", text])
    assert texts == ["BBC One", text]
    assert look["fontfamily"][-1] == "Right"


def test_without_a_font_there_is_one_warning_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And boxes where the letters would be, so that matplotlib does not warn of each."""
    fonts(monkeypatch, Usual="")
    with pytest.warns(UserWarning, match="Noto Sans CJK") as seen:
        texts, _ = lettering.lettering(["日本 News"])
    assert texts == ["□□ News"]
    assert len(seen) == 1


@pytest.mark.parametrize("hidden", ["\x84", "\x07", "\u2066", "\ue000", "\U000e0020"])
def test_a_character_that_nobody_sees_is_no_warning(hidden: str) -> None:
    """Controls of a text that was decoded wrongly, marks of direction, letters of nobody."""
    ax = Figure(figsize=(6, 4)).subplots()
    plots.grid(guide((7, 0, 60), title=f"New{hidden}s"), names={7: f"Har{hidden}bour"}, ax=ax)
    rendered(ax.figure)  # type: ignore[arg-type]
    assert [one.get_text() for one in ax.texts] == ["News"]


def test_alternative_text_says_what_is_drawn() -> None:
    """Those who cannot see a picture read its axes, its rows and its key."""
    ax = plots.completeness(shares((1, "name", 0.5)), names={1: "Movie"}, ax=Figure().subplots())
    ax.set_title("How complete")
    words = plots.alt_text(ax)
    assert words.startswith("How complete. field by type. Rows: name. Key: 0 %")
    empty = plots.coverage(
        pd.DataFrame({"linearAssetId": [], "day": [], "share": []}), ax=Figure().subplots()
    )
    assert plots.alt_text(empty) == "There is no programme here, so no day is covered."
