"""The HTML of an explorer: rows, details, code, the static copy; every value is escaped."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

ROW = 34  # pixels: the height of a row


class Column(NamedTuple):
    """A column of the rows shown: its name, width in pixels, and the text of each row.

    Columns of texts are wider where there is place; those of other kinds are not.
    """

    name: str  # that it is sorted by
    title: str
    width: int
    cells: list[str]
    kind: str = "text"  # text, short, number, picture


@dataclass
class Detail:
    """What is known of one row; a part that is empty is not shown."""

    title: str
    subtitle: str = ""
    pictures: list[dict[str, Any]] = field(default_factory=list)  # url, words
    texts: list[dict[str, str]] = field(default_factory=list)  # language, name, words
    windows: list[dict[str, Any]] = field(default_factory=list)  # name, left, width, words, active
    now: float | None = None  # the place of the present on the time line, in percent
    findings: list[dict[str, str]] = field(default_factory=list)
    facts: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)  # header, rows
    code: str = ""
    # What can be requested of it:
    key: str = ""  # the KSQL that finds it
    media: int | None = None  # the asset that is viewed
    channel: int | None = None  # the linear channel that is watched
    user: str = ""  # the master of a household


@cache
def _parts() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, finalize=_whole, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals["style"] = Markup(style())
    return environment.from_string(_resource("parts.html"))


def _whole(value: Any) -> Any:
    """Replace lone surrogates, which UTF-8 cannot hold."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return value.encode("utf-8", "replace").decode()


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def style() -> str:
    """Return the style sheet: the colours of the notebook's theme."""
    return _resource("explorer.css")


def part(name: str, *values: Any) -> str:
    """Fill a part of parts.html."""
    return str(getattr(_parts().module, name)(*values))
