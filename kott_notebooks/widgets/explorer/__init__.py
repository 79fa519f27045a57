"""`kott.explore`: look at a partner's catalogue, guide, households and lists without code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import ipywidgets
import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.ksql import Expression, as_text
from kott_notebooks.session import Session
from kott_notebooks.tables.columns import channel_ids
from kott_notebooks.widgets.explorer.pages import style
from kott_notebooks.widgets.explorer.panel import TABS, Panel
from kott_notebooks.widgets.explorer.state import State
from kott_notebooks.widgets.static import WithCopy

__all__ = ["Explorer", "explore"]

_TAKES = {  # arguments of each tab
    "assets": ("ksql",),
    "schedule": ("start", "end", "channels", "tz"),
    "households": ("ids", "external_ids"),
    "listing": ("service", "action", "filter"),
}
_AT_ONCE = ("assets", "schedule")  # pull as soon as they are shown


def explore(
    session: Session,
    tab: Literal["assets", "schedule", "households", "listing"] = "assets",
    *,
    ksql: str | Expression | None = None,
    start: str | None = None,
    end: str | None = None,
    channels: Iterable[int] | pd.DataFrame | None = None,
    tz: str | None = None,
    ids: Iterable[int] | pd.DataFrame | None = None,
    external_ids: Iterable[str] | None = None,
    service: str | None = None,
    action: str | None = None,
    filter: Mapping[str, Any] | None = None,
    filters: Mapping[str, str | Iterable[str]] | None = None,
    sort: str | None = None,
    selected: str | int | None = None,
) -> Explorer:
    """Explore a partner in a notebook: assets, schedule, households, any list.

    Facets, table and findings follow each click, and the line of code that shows the same grows
    with it. A pull runs beside the notebook: it shows how far it is and can be stopped. The saved
    notebook holds the last table as HTML, which needs no kernel.

    Parameters
    ----------
    session : Session
        What `kott.login` returned.
    tab : {"assets", "schedule", "households", "listing"}, default "assets"
        The tab that is shown first; the arguments below are its own.
    ksql : str or ksql.Expression, optional
        Of assets: a filter for the server.
    start, end : str, optional
        Of the schedule: the window, as `kott.epg` takes it. Default: today.
    channels : iterable of int or DataFrame, optional
        Of the schedule: ids of linear assets, or a table of `kott.channels`. Default: all channels.
    tz : str, optional
        Of the schedule: the zone of days and times. Default: KOTT_TZ, else UTC.
    ids : iterable of int or DataFrame, optional
        Of households: their ids, or a table with a column `id`. Default: all that the server lists.
    external_ids : iterable of str, optional
        Of households: ids of the partner's own records, instead of `ids`.
    service, action : str, optional
        Of listing: a list action, such as `region` and `list` (the default).
    filter : mapping, optional
        Of listing: the action's filter object.
    filters : mapping, optional
        The values that are chosen, by facet: a column, or `rule` for findings.
    sort : str, optional
        The column that rows are sorted by; `-name` begins with the last.
    selected : str or int, optional
        The id of the row whose details are shown.

    Returns
    -------
    Explorer
        A cell that ends in it shows it. `.table` and `.findings` are what is chosen, `.code` is the
        line that shows the same; `.wait()` waits for the pull.

    Raises
    ------
    KottError
        There is no such tab, or an argument is not one of its own.

    See Also
    --------
    assets : Assets as a table.
    epg : Programmes as a table.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import demo
    >>> session = demo.login(assets=200, channels=4, days=2, households=3)
    >>> explorer = kott.explore(session, filters={"type": "Movie"}).wait()
    >>> explorer.table["typeDescription"].unique().tolist()
    ['Movie']
    >>> explorer.code
    'kott.explore(session, tab="assets", filters={"type": ["Movie"]})'
    """
    if tab not in TABS:
        raise KottError(f"tab is one of {', '.join(TABS)}; not {tab!r}.")
    given = {
        "ksql": as_text(ksql) or None, "start": start, "end": end, "channels": channels, "tz": tz,
        "ids": ids, "external_ids": external_ids, "service": service, "action": action,
        "filter": filter,
    }  # fmt: skip
    question = {name: _plain(one) for name, one in given.items() if one is not None}
    foreign = [name for name in question if name not in _TAKES[tab]]
    if foreign:
        raise KottError(f"{tab} takes {', '.join(_TAKES[tab])}; not {foreign[0]}.")
    chosen = {
        name: (own,) if isinstance(own, str) else tuple(map(str, own))
        for name, own in (filters or {}).items()
    }
    shown = None if selected is None else str(selected)
    return Explorer(session, State(tab, question, chosen, sort, shown))


def _plain(value: Any) -> Any:
    """Turn what somebody gives into what code can say."""
    if isinstance(value, str):
        return value
    return dict(value) if isinstance(value, Mapping) else channel_ids(value)


class Explorer(WithCopy):
    """The tabs; each is made when it is first looked at.

    Attributes
    ----------
    session : Session
        Who asks.
    panels : dict of Panel by tab
        The tabs that were looked at.
    tabs : ipywidgets.Tab
        The widget of the tabs.
    """

    def __init__(self, session: Session, state: State) -> None:
        self.session = session
        self.panels: dict[str, Panel] = {}
        self._tables: dict[str, pd.DataFrame] = {}  # what the tabs have pulled
        self._first = state
        self._places = [ipywidgets.VBox() for _ in TABS]
        titles = [tab.TITLE for tab in TABS.values()]
        self.tabs = ipywidgets.Tab(
            self._places, titles=titles, selected_index=[*TABS].index(state.tab)
        )
        self.tabs.observe(lambda _: self._open(), "selected_index")
        head = ipywidgets.HTML(f"<style>{style()}</style>")
        super().__init__(ipywidgets.VBox([head, self.tabs]))
        self.box.add_class("kott-explorer")
        self._open()

    @property
    def panel(self) -> Panel:
        """The tab that is shown."""
        return self.panels[[*TABS][self.tabs.selected_index or 0]]

    @property
    def state(self) -> State:
        """What was asked for and chosen in the tab that is shown."""
        return self.panel.state

    @property
    def code(self) -> str:
        """The line that shows the same."""
        return self.state.code()

    @property
    def table(self) -> pd.DataFrame:
        """The rows that are chosen; raises what the pull raised, if there is none."""
        panel = self.panel
        if panel.pulled is None or panel.chosen is None:
            raise (
                panel.error
                or panel.refused
                or KottError("Nothing was pulled yet: press Pull, or call .wait().")
            )
        return panel.pulled.table.iloc[panel.chosen.rows]

    @property
    def findings(self) -> pd.DataFrame:
        """The findings of the rows that are chosen."""
        panel = self.panel
        if panel.pulled is None or panel.chosen is None or panel.pulled.findings is None:
            raise panel.error or KottError(
                "Nothing was judged: not yet, or no audit knows the list."
            )
        return panel.pulled.findings.iloc[panel.chosen.findings]

    def wait(self, seconds: float | None = None) -> Explorer:
        """Wait until the pull has ended; raise what it raised."""
        self.panel.wait(seconds)
        error = self.panel.error or self.panel.refused
        if error is not None:
            raise error
        return self

    def __repr__(self) -> str:
        return f"<kott Explorer: {self.code}>"

    def _open(self) -> None:
        """Make the tab that is looked at, and pull where that needs no question."""
        place = self.tabs.selected_index or 0
        name = [*TABS][place]
        if name in self.panels:
            self.update()
            return
        is_first = not self.panels
        state = self._first if is_first else State(name)
        panel = self.panels[name] = Panel(self.session, state, self.update, self._tables)
        self._places[place].children = [panel.box]
        if name in _AT_ONCE or (is_first and state.question):
            panel.pull()

    def static(self) -> str:
        """Return what is shown as HTML that needs no kernel."""
        return self.panel.static()
