"""What is asked before a pull: the KSQL box, dates and channels, ids, a service and its filter."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import ipywidgets

from kott_notebooks import ksql, schema
from kott_notebooks.errors import KottError
from kott_notebooks.ksql import RESERVED, Expression, Group, Term
from kott_notebooks.listings.reference import services
from kott_notebooks.times import epoch
from kott_notebooks.widgets.static import ENTER

_WIDE = {"width": "36em", "max_width": "100%"}
_LABEL = {"description_width": "6.5em"}
_NO_KEY = re.compile(r"[()'=!~^<>+:]")  # what no key holds
_GROUP_WORD = re.compile(r"^\s*((and|or)\s+)?")
COMPLETIONS = 12


def completions(text: str, keys: Iterable[str]) -> list[str]:
    """Return the filter with the key that is being typed at its end, completed in every way."""
    if text.count("'") % 2:
        return []  # a value is being typed
    typed = _GROUP_WORD.sub("", _NO_KEY.split(text)[-1])
    start, typed = len(text) - len(typed), typed.casefold()
    fitting = [one for one in keys if typed and one.casefold().startswith(typed)]
    return [f"{text[:start]}{one}=" for one in fitting[:COMPLETIONS]]


def problem(text: str, keys: Iterable[str] = ()) -> str:
    """Return what is wrong with a filter: a mistake, or an unknown key; empty where nothing is."""
    try:
        tree = ksql.read(text)
    except KottError as error:
        return str(error)
    known = {one.casefold() for one in (*RESERVED, *keys)}
    unknown = [one for one in _keys_of(tree) if one.casefold() not in known] if keys else []
    if not unknown:
        return ""
    close = schema.near(unknown[0], [*RESERVED, *keys])
    return f"{unknown[0]} is not a key here." + (
        f" Did you mean {' or '.join(close)}?" if close else ""
    )


def _keys_of(tree: Expression | None) -> list[str]:
    if isinstance(tree, Group):
        return [key for part in tree.parts for key in _keys_of(part)]
    return [tree.key.strip()] if isinstance(tree, Term) else []


class Question:
    """Widgets that ask for the arguments of a pull; `ask` is called when somebody presses Enter."""

    box: ipywidgets.VBox

    def __init__(self, ask: Callable[[], None]) -> None:
        self.ask = ask
        self.hint = ipywidgets.HTML()

    def value(self) -> dict[str, Any]:
        """Return the arguments; raises KottError for what cannot be."""
        raise NotImplementedError

    def knows(self, choices: list[Any]) -> None:
        """Take what there is to choose from: keys, channels."""

    def _on_enter(self, *widgets: Any) -> None:
        for one in widgets:
            one.on_msg(self._entered)

    def _entered(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            threading.Timer(ENTER, self.ask).start()


class AssetQuestion(Question):
    """A KSQL box that is checked and completed while somebody types."""

    def __init__(self, given: dict[str, Any], ask: Callable[[], None]) -> None:
        super().__init__(ask)
        self.keys: list[str] = []
        self.text = ipywidgets.Combobox(
            value=ksql.as_text(given.get("ksql")),
            description="KSQL",
            placeholder="(and Genre='Drama' Year>'2000')",
            ensure_option=False,
            continuous_update=True,
            layout=_WIDE,
            style=_LABEL,
        )
        self.text.observe(self._check, "value")
        self._on_enter(self.text)
        self.box = ipywidgets.VBox([self.text, self.hint])
        self._check()

    def knows(self, keys: list[str]) -> None:
        """Take the keys that the partner has."""
        self.keys = keys
        self._check()

    def value(self) -> dict[str, Any]:
        """Return the arguments; raises KottError for a mistake."""
        return {"ksql": ksql.check(self.text.value.strip())}

    def _check(self, _: Any = None) -> None:
        text = self.text.value
        self.text.options = completions(text, [*self.keys, *RESERVED])
        wrong = problem(text, self.keys)
        if wrong:
            self.hint.value = f"<span class='kott-warning'>{escape(wrong)}</span>"
        else:
            self.hint.value = (
                "<span class='kott-dim'>KSQL is in order. Enter pulls.</span>" if text else ""
            )


class ScheduleQuestion(Question):
    """A start and an end, a day that fills in both, a zone, and channels."""

    def __init__(self, given: dict[str, Any], ask: Callable[[], None]) -> None:
        super().__init__(ask)
        self._given = given
        self.start = ipywidgets.Text(
            given.get("start") or "today", description="From", style=_LABEL
        )
        self.end = ipywidgets.Text(given.get("end") or "today+1d", description="To", style=_LABEL)
        self.day = ipywidgets.DatePicker(description="Day", style=_LABEL)
        self.day.observe(self._chosen_day, "value")
        self.tz = ipywidgets.Text(
            str(given.get("tz") or ""), description="Zone", placeholder="UTC", style=_LABEL
        )
        self.channels = ipywidgets.SelectMultiple(
            description="Channels", rows=5, layout=_WIDE, style=_LABEL,
            options=[(f"{one}", one) for one in given.get("channels") or []],
            value=list(given.get("channels") or []),
        )  # fmt: skip
        self._on_enter(self.start, self.end, self.tz)
        times = ipywidgets.VBox([self.day, self.start, self.end, self.tz])
        self.box = ipywidgets.VBox([ipywidgets.HBox([times, self.channels]), self.hint])

    def knows(self, pairs: list[tuple[str, int]]) -> None:
        """Take the channels that there are: name and id."""
        chosen = self.channels.value
        self.channels.options = pairs
        self.channels.value = [one for _, one in pairs if one in chosen]

    def value(self) -> dict[str, Any]:
        """Return the arguments."""
        return {
            "start": self.start.value.strip(),
            "end": self.end.value.strip(),
            "tz": self.tz.value.strip() or None,
            "channels": list(self.channels.value) or None,
        }

    def _chosen_day(self, change: dict[str, Any]) -> None:
        day = change["new"]
        if day is not None:
            self.start.value, self.end.value = str(day), str(day + dt.timedelta(days=1))


class HouseholdQuestion(Question):
    """Ids of households or ids of the partner's own records; none for all."""

    def __init__(self, given: dict[str, Any], ask: Callable[[], None]) -> None:
        super().__init__(ask)
        own = given.get("external_ids")
        ids = ", ".join(map(str, own or given.get("ids") or []))
        self.which = ipywidgets.Dropdown(
            options=[("ids", "ids"), ("external ids", "external_ids")],
            value="external_ids" if own else "ids", description="By", style=_LABEL,
        )  # fmt: skip
        self.ids = ipywidgets.Text(
            ids, description="Households", placeholder="20001, 20002; nothing for all",
            layout=_WIDE, style=_LABEL,
        )  # fmt: skip
        self._on_enter(self.ids)
        self.box = ipywidgets.VBox([self.which, self.ids, self.hint])

    def value(self) -> dict[str, Any]:
        """Return the arguments; raises KottError for an id that is no number."""
        words = [one for one in re.split(r"[\s,;]+", self.ids.value) if one]
        if self.which.value == "external_ids":
            return {"external_ids": words or None}
        wrong = [one for one in words if not one.isdecimal()]
        if wrong:
            raise KottError(f"Ids of households are whole numbers, not {wrong[0]!r}.")
        return {"ids": [int(one) for one in words] or None}


class ListQuestion(Question):
    """A list action, and a field for each property of its filter, as the schema has them."""

    def __init__(self, given: dict[str, Any], ask: Callable[[], None]) -> None:
        super().__init__(ask)
        known = services().dropna(subset=["items"])
        self._actions = [f"{a}.{b}" for a, b in zip(known["service"], known["action"], strict=True)]
        self._given = dict(given.get("filter") or {})
        service = given.get("service")
        self.action = ipywidgets.Combobox(
            value=f"{service}.{given.get('action') or 'list'}" if service else "",
            options=self._actions, placeholder="region.list", description="Action",
            ensure_option=False, layout=_WIDE, style=_LABEL,
        )  # fmt: skip
        self.cls = ipywidgets.Dropdown(description="Filter", layout=_WIDE, style=_LABEL)
        self.fields: dict[str, Any] = {}
        self._kinds: dict[str, str] = {}
        self._rows = ipywidgets.VBox()
        self.action.observe(self._of_action, "value")
        self.cls.observe(self._of_class, "value")
        self._on_enter(self.action)
        self.box = ipywidgets.VBox([self.action, self.cls, self._rows, self.hint])
        self._of_action()
        self._first = self.action.value, self.cls.value

    def value(self) -> dict[str, Any]:
        """Return the arguments; raises KottError for what cannot be."""
        service, _, action = self.action.value.strip().partition(".")
        if not service:
            raise KottError("Choose an action, such as region.list.")
        filled = {
            name: _typed(name, self._kinds[name], one.value) for name, one in self.fields.items()
        }
        is_first = self._first == (self.action.value, self.cls.value)
        hidden = {  # without a field; what the class lacks is refused by the listing
            name: one
            for name, one in self._given.items()
            if name not in (*self.fields, "objectType") and (is_first or name in self._kinds)
        }
        chosen = hidden | {name: one for name, one in filled.items() if one is not None}
        usual = schema.usual(self._argument()) if self._argument() else None
        if self.cls.value and (self.cls.value != usual):
            chosen = {"objectType": self.cls.value, **chosen}
        return {
            "service": service,
            "action": action if action != "list" else None,
            "filter": chosen or None,
        }

    def _argument(self) -> str:
        """Return the class of the action's filter; blank where it takes none."""
        service, _, action = self.action.value.strip().partition(".")
        known = schema.action(service, action or "list")
        kind = known.args.get("filter", "") if known else ""
        return kind.removesuffix("?").partition(":")[2]

    def _of_action(self, _: Any = None) -> None:
        base = self._argument()
        classes = (
            [one for one in schema.extending(base) if not schema.is_abstract(one)] if base else []
        )
        usual = self._given.get("objectType") or (schema.usual(base) if base else None)
        self.cls.options = classes
        self.cls.layout.display = "flex" if len(classes) > 1 else "none"
        self.cls.value = usual if usual in classes else (classes[0] if classes else None)
        known = not self.action.value.strip() or self.action.value.strip() in self._actions
        self.hint.value = (
            "" if known else "<span class='kott-dim'>The schema has no such list.</span>"
        )
        self._of_class()

    def _of_class(self, _: Any = None) -> None:
        """Make a field for each property of the filter that a line of text can hold."""
        self._kinds = schema.properties(self.cls.value) if self.cls.value else {}
        self.fields = {
            name: _field(name, kind, self._given.get(name))
            for name, kind in self._kinds.items()
            if kind.partition(":")[0] not in ("array", "map", "object")
        }
        fields = [*self.fields.values()]
        self._on_enter(*(one for one in fields if isinstance(one, ipywidgets.Text)))
        self._rows.children = fields


def _field(name: str, kind: str, given: Any) -> Any:
    style = {"description_width": "14em"}
    options: list[Any] = []
    if kind == "bool":
        options = [True, False]
    elif kind.startswith("enum:"):
        options = list(schema.enum(kind.partition(":")[2]).values())
    if options:
        pairs = [("", None), *((str(one), one) for one in options)]
        value = given if given in options else None
        return ipywidgets.Dropdown(
            options=pairs, value=value, description=name, layout=_WIDE, style=style
        )
    text = "" if given is None else str(given)
    return ipywidgets.Text(text, description=name, placeholder=kind, layout=_WIDE, style=style)


def _typed(name: str, kind: str, value: Any) -> Any:
    """Read what stands in a field as its type; None for nothing."""
    if not isinstance(value, str) or kind.startswith("enum:"):
        return value
    text = value.strip()
    if not text:
        return None
    try:
        return _READERS.get(kind, str)(text)
    except ValueError:
        raise KottError(f"{name} is a number ({kind}), not {text!r}.") from None


_READERS: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "time": epoch}
QUESTIONS: dict[str, Callable[[dict[str, Any], Callable[[], None]], Question]] = {
    "assets": AssetQuestion,
    "schedule": ScheduleQuestion,
    "households": HouseholdQuestion,
    "listing": ListQuestion,
}
