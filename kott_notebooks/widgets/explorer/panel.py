"""One tab of an explorer: its question, facets, rows, findings, details and line of code."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html import escape
from types import ModuleType
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd

from kott_notebooks.errors import IncompleteError, KottError
from kott_notebooks.session import Session
from kott_notebooks.tables.provenance import facts
from kott_notebooks.widgets.explorer import assets, cells, households, lists, schedule
from kott_notebooks.widgets.explorer.grid import Grid
from kott_notebooks.widgets.explorer.pages import Column, Detail, part
from kott_notebooks.widgets.explorer.questions import QUESTIONS
from kott_notebooks.widgets.explorer.requested import in_full
from kott_notebooks.widgets.explorer.state import RULE, Chosen, Pulled, State, some
from kott_notebooks.widgets.explorer.work import Bar, Work

TABS: dict[str, ModuleType] = {one.NAME: one for one in (assets, schedule, households, lists)}
ROWS, FINDINGS, VALUES, STATIC_ROWS = 10, 6, 6, 50  # shown at once
_BUTTON = {"width": "auto"}
_FACET = {"width": "185px"}


class FacetBox:
    """The values of a facet as buttons with counts; those beyond the first few by name."""

    def __init__(self, name: str, toggle: Callable[[str, str], None]) -> None:
        self.name, self._toggle = name, toggle
        self.values: list[str] = []  # of the buttons
        self.buttons = [ipywidgets.Button(layout=_FACET) for _ in range(VALUES)]
        for place, button in enumerate(self.buttons):
            button.on_click(partial(self._pressed, place))
        self.other = ipywidgets.Combobox(
            placeholder="another, then Enter", continuous_update=False, layout=_FACET
        )
        self.other.observe(self._named, "value")
        self._title = ipywidgets.HTML(f"<b>{escape(cells.title(name))}</b>")
        self.box = ipywidgets.VBox()

    def show(self, values: list[str], counts: Any, chosen: tuple[str, ...]) -> None:
        """Show the chosen values, then those that most rows have, or the latest times."""
        by_time = self.name in cells.TIMES
        order = np.arange(len(values)) if by_time else np.argsort(-counts, kind="stable")
        known = dict(zip(values, counts.tolist(), strict=True))
        others = [values[at] for at in order if counts[at] and values[at] not in chosen]
        self.values = [*chosen, *others][:VALUES]
        for value, button in zip(self.values, self.buttons, strict=False):
            button.description, button.tooltip = f"{value}  {known.get(value, 0):,}", value
            button.button_style = "primary" if value in chosen else ""
        self.other.options = values if len(values) > VALUES else []
        more = [self.other] if len(values) > VALUES else []
        self.box.children = [self._title, *self.buttons[: len(self.values)], *more]

    def _pressed(self, place: int, _: Any) -> None:
        self._toggle(self.name, self.values[place])

    def _named(self, change: dict[str, Any]) -> None:
        if change["new"] in self.other.options:
            self.other.value = ""
            self._toggle(self.name, change["new"])


class Panel:
    """The widgets of a tab over its state; `changed` is called when something else is shown.

    `tables` are those of all tabs, by name: what one has pulled, another may count.
    """

    def __init__(
        self,
        session: Session,
        state: State,
        changed: Callable[[], None],
        tables: dict[str, pd.DataFrame] | None = None,
    ) -> None:
        self.session, self.state, self._changed = session, state, changed
        self._tables = {} if tables is None else tables
        self.tab = TABS[state.tab]
        self.pulled: Pulled | None = None
        self.chosen: Chosen | None = None
        self.error: KottError | None = None  # of the pull
        self.refused: KottError | None = None  # of the filters
        self.unfinished: IncompleteError | None = None
        self.words = "Nothing was pulled yet."
        self._page = self._finding_page = 0
        self._is_judging = False
        self._parts: dict[str, households.Part] = {}  # tables that the tab pulls beside its own
        self._lock = threading.RLock()
        self._work, self._more = Work(self._show_progress), Work(lambda *_: None)
        self._make_widgets()

    def _make_widgets(self) -> None:
        self.question = QUESTIONS[self.state.tab](dict(self.state.question), self.pull)
        self.go = ipywidgets.Button(description="Pull", button_style="primary", layout=_BUTTON)
        self.stop = ipywidgets.Button(description="Stop", layout=_BUTTON, disabled=True)
        self.clear = ipywidgets.Button(description="Clear filters", layout=_BUTTON)
        self.go_on = ipywidgets.Button(description="Go on", layout=_BUTTON)
        self.bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "12em"})
        self.status = ipywidgets.HTML()
        self.also = ipywidgets.Dropdown(options=[("filter by ...", "")], layout=_FACET)
        self.facet_boxes: dict[str, FacetBox] = {}
        self._facet_names: tuple[str, ...] = ()
        self.facets = ipywidgets.VBox(layout={"width": "200px", "flex": "0 0 auto"})
        self.facets.add_class("kott-facets")
        self.rows = Grid(ROWS, self._pick_row, self._turn, self.sort)
        self.findings = Grid(FINDINGS, self._pick_finding, self._turn_findings)
        self.findings_title = ipywidgets.HTML()
        self.detail = ipywidgets.HTML()
        self.close = ipywidgets.Button(description="Close details", layout=_BUTTON)
        self.close.add_class("kott-close")  # when it is focused, what is below is in view
        self.close.on_click(lambda _: self._show_no_detail())
        self.details = ipywidgets.VBox()
        self._picked: ipywidgets.Button | None = None  # what the details are of
        self.code = ipywidgets.HTML()
        self.guide = ipywidgets.HTML()
        self.as_guide = ipywidgets.ToggleButton(
            description="As a guide", layout={**_BUTTON, "align_self": "flex-start"}
        )
        self.go.on_click(lambda _: self.pull())
        self.stop.on_click(lambda _: self.halt())
        self.clear.on_click(lambda _: self.start_over())
        self.go_on.on_click(lambda _: self.resume())
        self.also.observe(self._filter_also, "value")
        self.as_guide.observe(lambda _: self.show(), "value")
        main = ipywidgets.VBox(
            [self.rows.box, self.guide, self.findings_title, self.findings.box, self.details],
            layout={"flex": "1 1 0", "min_width": "0", "overflow": "hidden"},
        )
        self._result = ipywidgets.VBox([self.code, ipywidgets.HBox([self.facets, main])])
        if self.tab is schedule:
            self._result.children = [self.code, self.as_guide, *self._result.children[1:]]
        self._buttons = ipywidgets.HBox(
            [self.go, self.stop, self.status], layout={"align_items": "center"}
        )
        self.box = ipywidgets.VBox([self.question.box, self._buttons])

    # Pulling

    def pull(self) -> None:
        """Pull what the question asks, in a thread."""
        try:
            asked = self.question.value()
        except KottError as error:
            self._say("Not pulled", str(error))
            return
        question = {name: one for name, one in asked.items() if one not in (None, "", [], {})}
        with self._lock:
            if question != dict(self.state.question):
                self.state = replace(self.state, question=question, selected=None)
        self._parts = {}
        self._start(lambda bar: self.tab.gather(self.session, question, bar))

    def resume(self) -> None:
        """Go on with a pull that was stopped or failed: nothing that was received is requested."""
        unfinished, table = self.unfinished, self._tables.get(self.tab.NAME)
        if unfinished is None:
            return
        if table is None:
            self._start(lambda _: unfinished.resume(), again=True)
        else:  # it is complete; its parts are not
            self._start(lambda _: table, again=True)

    def halt(self) -> None:
        """Stop: what was received stays, and what is being judged is not waited for."""
        self._work.stop()
        if self._is_judging:
            self._work.leave()
            self._ended("Stopped", "The table is complete; its findings were not judged.")
        else:
            self._say("Stopping", "What was received stays.")

    def wait(self, seconds: float | None = None) -> None:
        """Wait until nothing is under way."""
        self._work.wait(seconds)
        self._more.wait(seconds)

    def _start(self, gather: Callable[[Bar], pd.DataFrame], *, again: bool = False) -> None:
        """Pull in a thread; until rows come, none of another question are shown."""
        for name in ("households", "users") if self.tab is households else (self.tab.NAME,):
            self._tables.pop(name, None)
        self.error = self.refused = self.unfinished = self.pulled = self.chosen = None
        self._page = self._finding_page = 0
        self.details.children = []
        self.box.children = [self.question.box, self._buttons]
        self.go.disabled, self.stop.disabled = True, False
        self.bar.value = 0
        self._buttons.children = [self.go, self.stop, self.bar, self.status]
        self._say("Pulling", "...")
        self._work.start(partial(self._do, gather), again=again)

    def _do(self, gather: Callable[[Bar], pd.DataFrame], bar: Bar) -> None:
        """Pull, lay out, judge; runs in a thread, and shows each step as soon as it is there."""
        question = dict(self.state.question)
        state, words = "Failed", "Python's message says why."  # an error that is not one of ours
        try:
            try:
                table = gather(bar)
            except IncompleteError as error:
                if not self._work.is_current(bar):
                    return  # another pull has begun
                self.error = self.unfinished = error
                table = error.partial
            pulled = self.tab.lay(self.session, question, table)
            self._take(pulled, bar)
            if self.unfinished is None and self._work.is_current(bar):
                self._add(pulled, question, bar)
            state, words = self._outcome(pulled)
        except KottError as error:
            if self._work.is_current(bar):
                self.error = error
            state, words = "Not complete" if self.pulled is not None else "Not pulled", str(error)
        finally:
            if self._work.is_current(bar):
                self._ended(state, words)

    def _add(self, pulled: Pulled, question: dict[str, Any], bar: Bar) -> None:
        """Add to a table that is complete what belongs to its rows, and their findings."""
        rows = f"{len(pulled.table):,} rows are here"
        self._tables[self.tab.NAME] = pulled.table
        if self.tab is households:
            self._say("Pulling", f"{rows}; their users and devices follow.")
            try:
                pulled = households.add(self.session, pulled, self._parts, bar)
            except IncompleteError as error:
                if self._work.is_current(bar):
                    self.error = self.unfinished = error
                return
            self._tables["users"] = pulled.more["users"]
        self._is_judging = True
        self._say("Judging", f"{rows}; findings follow.")
        self._take(self.tab.judge(self.session, question, pulled), bar)

    def _outcome(self, pulled: Pulled) -> tuple[str, str]:
        if self.refused is not None:
            return "Not shown", str(self.refused)
        if self.unfinished is not None:
            return "Not complete", str(self.unfinished)
        missing = len(facts(pulled.table).get("missing") or ())
        also = f" {missing:,} of those asked for do not exist." if missing else ""
        return "Complete", f"{len(pulled.table):,} rows.{also}"

    def _ended(self, state: str, words: str) -> None:
        """Say how a pull ended."""
        self._is_judging = False
        self.go.disabled, self.stop.disabled = False, True
        again = [self.go_on] if self.unfinished is not None else []
        self._buttons.children = [self.go, self.stop, *again, self.status]
        self._say(state, words)
        self._changed()

    def _show_progress(self, rows: float, total: float | None) -> None:
        self.bar.value = rows / total if total else 0
        self._say("Pulling", f"{rows:,.0f}" + (f" of {total:,.0f}" if total else "") + " rows")

    def _say(self, state: str, words: str) -> None:
        self.words = f"{state}: {words}"
        self.status.value = f"<b>{escape(state)}</b> {escape(words)}"

    def _take(self, pulled: Pulled, bar: Bar) -> None:
        if self._work.is_current(bar):
            if self.tab.LABEL in pulled.table:
                pulled.ranks(self.tab.LABEL)  # so that the first click on the names is quick
            with self._lock:
                self.pulled = pulled
                self.question.knows(pulled.more.get("choices", []))
                names = [(cells.title(one), one) for one in cells.filterable(pulled.table)]
                self.also.options = [("filter by ...", ""), *names]
                self.show()
                if self.state.selected is not None:
                    self._show_row(pulled.row_of(self.state.selected))

    # Choosing

    def toggle(self, facet: str, value: str) -> None:
        """Choose a value of a facet, or take it back, and show what the filters give."""
        with self._lock:
            self.state = self.state.toggled(facet, value)
            self._page = self._finding_page = 0
            self.show()

    def start_over(self) -> None:
        """Take every choice back."""
        with self._lock:
            self.state, self._page, self._finding_page = (
                State(self.state.tab, self.state.question),
                0,
                0,
            )
            self.details.children = []
            self.show()

    def sort(self, column: str) -> None:
        """Sort by a column; once more, begin with the last."""
        with self._lock:
            self.state, self._page = self.state.sorted_by(column), 0
            self.show()

    def _turn(self, pages: int) -> None:
        with self._lock:
            self._page += pages
            self.show()

    def _turn_findings(self, pages: int) -> None:
        with self._lock:
            self._finding_page += pages
            self.show()

    def _filter_also(self, change: dict[str, Any]) -> None:
        if change["new"]:
            self._facet_names = (*self._facet_names, change["new"])
            self.also.value = ""
            self.show()

    # Showing

    def show(self) -> None:
        """Show what the state says of what was pulled."""
        if self.pulled is None:
            return
        pulled, state = self.pulled, self.state
        self.box.children = [self.question.box, self._buttons, self._result]
        names = dict.fromkeys((*pulled.facets, *self._facet_names, *state.filters, RULE))
        try:
            self.chosen = chosen = pulled.choose(state, tuple(names))
        except KottError as error:  # a filter of somebody's code that this table cannot have
            self.refused, self.chosen = error, None
            self._say("Not shown", str(error))
            return
        self.refused = None
        for name in names:
            if name not in self.facet_boxes:
                self.facet_boxes[name] = FacetBox(name, self.toggle)
            facet = pulled.facet(name)
            self.facet_boxes[name].show(
                facet.values, chosen.counts[name], state.filters.get(name, ())
            )
        shown = [self.facet_boxes[name].box for name in names if pulled.facet(name).values]
        self.facets.children = [*shown, self.also, self.clear]
        page = chosen.rows[self._page * ROWS : (self._page + 1) * ROWS]
        columns = list(self.tab.columns(pulled, page))
        names_shown = self.tab.row_names(pulled, page)
        label = (self.tab.LABEL, cells.title(self.tab.LABEL).capitalize())
        self.rows.show(names_shown, columns, len(chosen.rows), self._page, state.sort, label)
        self._show_findings(pulled, chosen)
        self.guide.value = self._guide(pulled, chosen)
        self._show_code()
        self._changed()

    def _guide(self, pulled: Pulled, chosen: Chosen) -> str:
        return schedule.guide_of(pulled, chosen) if self.as_guide.value else ""

    def _show_findings(self, pulled: Pulled, chosen: Chosen) -> None:
        if pulled.findings is None:
            self.findings_title.value, self.findings.box.layout.display = "", "none"
            return
        self.findings.box.layout.display = "flex"
        self.findings_title.value = (
            f"<h4>{len(chosen.findings):,} findings</h4> A name shows what is wrong, and the cure."
        )
        first = self._finding_page * FINDINGS
        at = chosen.findings[first : first + FINDINGS]
        shown = ["name", *(name for name, *_ in _FINDING_COLUMNS)]
        own, rows = some(pulled.findings[shown], at), pulled.finding_rows[at]
        columns = [
            Column(name, title, width, cells.texts(own[name]), kind)
            for name, title, width, kind in _FINDING_COLUMNS
        ]
        named = iter(self.tab.row_names(pulled, rows[rows >= 0]))
        loose = cells.texts(own["name"].fillna(own["rule"]))
        names = [next(named) if row >= 0 else one for row, one in zip(rows, loose, strict=True)]
        self.findings.show(names, columns, len(chosen.findings), self._finding_page)

    def _show_code(self) -> None:
        lines = self.tab.lines(self.state, self.pulled)
        self.code.value = part("code", self.state.code()) + part("code", lines)

    def _pick_row(self, place: int) -> None:
        if self.chosen is not None:
            self._picked = self.rows.names[place]
            self._select(int(self.chosen.rows[self._page * ROWS + place]))
            self.close.focus()

    def _pick_finding(self, place: int) -> None:
        """Show what a finding is about; one of a gap or a channel stands for itself."""
        if self.pulled is None or self.chosen is None or self.pulled.findings is None:
            return
        self._picked = self.findings.names[place]
        at = self.chosen.findings[self._finding_page * FINDINGS + place]
        row = int(self.pulled.finding_rows[at])
        if row >= 0:
            self._select(row)
        else:
            self._show_detail(cells.of_finding(self.pulled, at))
        self.close.focus()

    def _select(self, row: int) -> None:
        with self._lock:
            if self.pulled is not None:
                self.state = replace(self.state, selected=self.pulled.ids[row])
                self._show_code()
                self._show_row(row)
                self._changed()

    def _show_row(self, row: int) -> None:
        if self.pulled is not None and row >= 0:
            self._show_detail(self.tab.detail(self.pulled, row))

    def _show_detail(self, one: Detail) -> None:
        """Show details, and then more and more of those that take requests."""
        self.detail.value = part("detail", one)
        self.details.children = [self.close, self.detail]
        self._more.start(partial(self._complete, one))

    def _show_no_detail(self) -> None:
        """Close the details, and go back to the name that was pressed."""
        with self._lock:
            self.state = replace(self.state, selected=None)
            self.details.children, self.detail.value = [], ""
            self._show_code()
            self._changed()
        if self._picked is not None:
            self._picked.focus()

    def _complete(self, one: Detail, bar: Bar) -> None:
        try:
            for fuller in in_full(self.session, one, self._tables):
                if not self._more.is_current(bar):
                    return
                self.detail.value = part("detail", fuller)
        except KottError as error:
            if self._more.is_current(bar):
                words = f"{one.subtitle}. Not complete: {error}"
                self.detail.value = part("detail", replace(one, subtitle=words))

    def static(self) -> str:
        """Return the table as HTML that needs no kernel."""
        if self.pulled is None or self.chosen is None:
            return part("static", self.tab.TITLE, self.words, self._masked_code(), [], [], [])
        rows = self.chosen.rows[:STATIC_ROWS]
        columns = [one for one in self.tab.columns(self.pulled, rows) if one.kind != "picture"]
        cells_of = [self.tab.row_names(self.pulled, rows), *(one.cells for one in columns)]
        words = f"{self.words} {len(rows):,} of {len(self.chosen.rows):,} rows are shown here."
        facet, counts = self.pulled.facet(RULE), self.chosen.counts[RULE]
        rules = [(rule, f"{n:,}") for rule, n in zip(facet.values, counts, strict=True) if n]
        header = ["Name", *(one.title for one in columns)]
        line = self._masked_code()
        laid = list(zip(*cells_of, strict=True))
        return part("static", self.tab.TITLE, words, line, header, laid, rules)

    def _masked_code(self) -> str:
        return self.state.code(masked=self.state.tab in ("households", "listing"))


_FINDING_COLUMNS = (
    ("severity", "Severity", 76, "short"), ("rule", "Rule", 176, "short"),
    ("detail", "What is wrong", 200, "text"),
)  # fmt: skip
