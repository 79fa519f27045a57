"""A table of widgets: headers that sort, a button for each row, pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import ipywidgets

from kott_notebooks.widgets.explorer.pages import ROW, Column, part

NAME_WIDTH = 190  # pixels
_BARE = {"margin": "0"}


class Grid:
    """Rows with a button each, whose columns sort; it shows what it is given.

    `pick(place)` is called with the place of a row on the page, `sort(column)` with a column,
    `turn(pages)` with how many pages to go.
    """

    def __init__(
        self,
        size: int,
        pick: Callable[[int], None],
        turn: Callable[[int], None],
        sort: Callable[[str], None] | None = None,
    ) -> None:
        self.size, self._sort = size, sort
        layout = {**_BARE, "width": f"{NAME_WIDTH}px", "height": f"{ROW}px"}
        self.names = [ipywidgets.Button(layout=layout) for _ in range(size)]
        for place, button in enumerate(self.names):
            button.on_click(lambda _, place=place: pick(place))
        self.heads: list[ipywidgets.Button] = []
        self._sorted_by: list[str] = []
        self.rows = ipywidgets.HTML(layout={**_BARE, "flex": "1 1 0"})
        self.before = ipywidgets.Button(description="Previous", layout={"width": "auto"})
        self.after = ipywidgets.Button(description="Next", layout={"width": "auto"})
        self.before.on_click(lambda _: turn(-1))
        self.after.on_click(lambda _: turn(1))
        self.place = ipywidgets.HTML()
        self._heads = ipywidgets.HBox(layout={**_BARE, "flex_flow": "row nowrap"})
        self._names = ipywidgets.VBox(layout={**_BARE, "flex": "0 0 auto"})
        self._names.add_class("kott-pick")
        self._heads.add_class("kott-heads")
        body = ipywidgets.HBox([self._names, self.rows], layout={**_BARE})
        whole = ipywidgets.VBox([self._heads, body], layout={**_BARE, "overflow": "auto"})
        pager = ipywidgets.HBox(
            [self.before, self.after, self.place], layout={"align_items": "center"}
        )
        self.box = ipywidgets.VBox([whole, pager])

    def show(
        self,
        names: Sequence[str],
        columns: Sequence[Column],
        total: int,
        page: int,
        sort: str | None = None,
        label: tuple[str, str] = ("name", "Name"),
    ) -> None:
        """Show a page of rows: their names, their columns; the first row is `page * size`.

        `label` is the column by which the names sort, and its title.
        """
        for button, name in zip(self.names, names, strict=False):
            button.description = button.tooltip = name or "(no name)"
        self._names.children = self.names[: len(names)]
        self.rows.value = part("cells", columns, ROW) if names else "No rows."
        self._show_heads([Column(*label, NAME_WIDTH, [], "short"), *columns], sort)
        first = page * self.size
        self.place.value = f"{first + 1:,} to {first + len(names):,} of {total:,}" if names else ""
        self.before.disabled, self.after.disabled = page <= 0, first + len(names) >= total

    def _show_heads(self, heads: Sequence[Column], sort: str | None) -> None:
        """Show the headings, as wide as their columns: those of texts share the place there is."""
        if self._sorted_by != [one.name for one in heads]:
            self._sorted_by = [one.name for one in heads]
            texts = [one.width for one in heads if one.kind == "text"]
            share = round(sum(texts) / max(len(texts), 1))
            self.heads = [
                ipywidgets.Button(
                    layout={
                        **_BARE,
                        "width": "auto",
                        "flex": f"1 0 {share}px" if one.kind == "text" else f"0 0 {one.width}px",
                    }
                )
                for one in heads
            ]
            self.rows.layout.min_width = f"{sum(one.width for one in heads[1:])}px"
            self.rows.layout.flex = "1 1 0" if texts else "0 0 auto"
            for name, button in zip(self._sorted_by, self.heads, strict=True):
                button.disabled = self._sort is None
                button.on_click(partial(self._sort_pressed, name))
            self._heads.children = self.heads
        for one, button in zip(heads, self.heads, strict=True):
            mark = {one.name: " ▲", f"-{one.name}": " ▼"}.get(sort or "", "")
            button.description = one.title + mark

    def _sort_pressed(self, column: str, _: object) -> None:
        if self._sort is not None:
            self._sort(column)
