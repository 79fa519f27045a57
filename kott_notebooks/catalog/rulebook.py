"""What the audits judge by, as data: the defaults, and a partner's TOML over them."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol, TypeVar

import msgspec

from kott_notebooks.errors import KottError

OTHER = "*"  # the struct that stands for those that the rules do not name
_BY_RULE = ("severities", "hints", "movielabs")
_ELSEWHERE = ("schedule", "household")  # tables of a rules file that those audits read


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value begins to be found."""

    ending_days: float
    endless_years: float
    duration_percent: float
    year_first: int
    years_ahead: int
    name_characters: int
    description_characters: int
    shouting_letters: int
    untranslated_letters: int
    twin_letters: int


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which metas or tags hold what the rules speak of."""

    year: str
    series: str
    series_key: str
    season: str
    episode: str


class Needs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the assets of one struct need."""

    role: Literal["movie", "series", "episode", "linear", ""] = ""
    ratios: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    trailer: tuple[str, ...] = ()


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Findings that are known and accepted, for a reason and for a while."""

    rule: str
    reason: str
    until: date  # the last day, in UTC
    ids: tuple[int | str, ...] = ()  # none: of every asset
    field: str = ""  # blank: of every field


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the audit judges by; make it with `catalog.rules`."""

    thresholds: Thresholds
    widths: dict[str, int]
    fields: Fields
    structs: dict[str, Needs]
    values: dict[str, tuple[str, ...]]
    ranges: dict[str, tuple[float, float]]
    severities: dict[str, Literal["error", "warning", "info", "off"]]
    hints: dict[str, str]
    movielabs: dict[str, str]
    own: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()  # none: those of the labels, or of the table
    waivers: tuple[Waiver, ...] = ()

    def needs(self, *names: str) -> Needs:
        """Find what a struct needs by the first of its names that the rules have."""
        known = {name.casefold(): needs for name, needs in self.structs.items()}
        found = (known[name.casefold()] for name in names if name.casefold() in known)
        return next(found, self.structs[OTHER])


def rules(path: str | PathLike[str] | None = None) -> Rules:
    """Give the rules of the audit: the defaults, and over them what a TOML file says.

    Tables of the file: `thresholds`, `widths`, `fields`, `structs`, `values`, `ranges`,
    `severities`, `hints` and `movielabs`, merged key by key with the package's
    `catalog/defaults.toml`, which says what each means; a list `languages`; and `[[waivers]]` with
    rule, reason, until (a date), and ids or a field where not all are meant. A struct that is new
    has what the default struct of its `role` (movie, series, episode, linear) needs, but for what
    it says itself. Rules of other audits, or of one's own, may be named where the list `own` has
    them, or a pattern: `own = ["schedule.*", "acme.short_name"]`.
    `[schedule]` and `[household]` are left to `schedule.audit` and `household.audit`.
    Raises KottError that names the file, the line and the key for anything else.
    """
    defaults = _read(resources.files(__package__).joinpath("defaults.toml").read_text("utf-8"), "")
    if path is None:
        return msgspec.convert(defaults, Rules)
    text = _text(path)
    own = {name: one for name, one in _read(text, path).items() if name not in _ELSEWHERE}
    for section, key, part in _parts(own):
        try:
            msgspec.convert(_merged(defaults, part), Rules)
            _check(part, set(defaults["severities"]), own.get("own", ()))
        except (msgspec.ValidationError, ValueError) as error:
            _refuse(path, text, section, key, error)
    return msgspec.convert(_merged(defaults, own), Rules)


def given(rules_: Rules | str | PathLike[str] | None) -> Rules:
    """Give rules that are given as they are, as the path of a file, or not at all."""
    return rules_ if isinstance(rules_, Rules) else rules(rules_)


class Thresholded(Protocol):
    """What another audit judges by: a dataclass of its own, and the rules not to look for."""

    @property
    def off(self) -> tuple[str, ...]: ...


_Own = TypeVar("_Own", bound=Thresholded)


def of_audit(
    rules_: _Own | Mapping[str, Any] | str | PathLike[str] | None,
    section: str,
    defaults: _Own,
    known: Iterable[str],
) -> _Own:
    """Give another audit's rules: as given, of a mapping, or of the table `section` of a file.

    Raises KottError that names the key, and of a file the line, for what is none of them.
    """
    if isinstance(rules_, Mapping | str | PathLike):
        path = "" if isinstance(rules_, Mapping) else rules_
        text = "" if isinstance(rules_, Mapping) else _text(path)
        table = rules_ if isinstance(rules_, Mapping) else _read(text, path).get(section, {})
        return _converted(table, type(defaults), tuple(known), (path, text, section))
    own = defaults if rules_ is None else rules_
    if not isinstance(own, type(defaults)):
        raise KottError(f"rules are {section}.Rules, a mapping or a file; not {repr(own)[:40]}.")
    try:
        _check_off(own.off, known)
    except ValueError as error:
        raise KottError(f"{section}.Rules: {error}.") from error
    return own


def _converted(
    table: Any,
    shape: type[_Own],
    known: tuple[str, ...],
    where: tuple[str | PathLike[str], str, str],
) -> _Own:
    path, text, section = where
    if not isinstance(table, Mapping):
        _refuse(path, text, "", section, ValueError(f"a table is wanted, not {table!r}"))
    for key, value in table.items():
        try:
            if key not in shape.__annotations__:
                raise ValueError(f"there is no such key: {', '.join(shape.__annotations__)}")
            _check_off(msgspec.convert({key: value}, shape).off, known)
        except (msgspec.ValidationError, ValueError, KottError) as error:
            _refuse(path, text, section, key, error)
    return msgspec.convert(dict(table), shape)


def _check_off(off: Iterable[str], known: Iterable[str]) -> None:
    for rule in off:
        if rule not in known:
            raise ValueError(f"there is no rule {rule!r}: the rules are {', '.join(known)}")


def _text(path: str | PathLike[str]) -> str:
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise KottError(f"The rules in {path} cannot be read: {error}") from error


def _read(text: str, path: object) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KottError(f"The rules in {path} are no TOML: {error}.") from error


def _merged(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = defaults | own
    for section, table in own.items():
        if isinstance(table, dict) and isinstance(defaults.get(section), dict):
            merged[section] = defaults[section] | table
    if isinstance(own.get("structs"), dict):
        structs = defaults["structs"]
        merged["structs"] = structs | {
            name: _inherited(name, needs, structs) for name, needs in own["structs"].items()
        }
    return merged


def _inherited(name: str, needs: Any, structs: dict[str, Any]) -> Any:
    if not isinstance(needs, dict):
        return needs
    role = needs.get("role")
    of_role = (one for one in structs.values() if role and one.get("role") == role)
    return structs.get(name, next(of_role, {})) | needs


def _parts(own: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give each entry of a file alone: its section, its key, and what a file of it would hold."""
    for section, table in own.items():
        if isinstance(table, dict):
            for key, value in table.items():
                yield section, key, {section: {key: value}}
        elif isinstance(table, list) and section == "waivers":
            for number, one in enumerate(table, 1):
                yield section, str(number), {section: [one]}
        else:
            yield "", section, {section: table}


def _check(part: dict[str, Any], known: set[str], own: Iterable[str]) -> None:
    """Refuse rules that do not exist, and empty ranges: a slip would quietly change nothing."""
    named = [name for section in _BY_RULE for name in part.get(section, ())]
    for name in [*named, *(one["rule"] for one in part.get("waivers", ()))]:
        if name not in known and not any(fnmatchcase(name, pattern) for pattern in own):
            close = ", ".join(difflib.get_close_matches(name, known)) or "is it in the list own"
            raise ValueError(f"there is no rule {name!r}: {close}?")
    for name, (least, most) in part.get("ranges", {}).items():
        if least > most:
            raise ValueError(f"the range of {name} ends before it begins")


def _refuse(path: object, text: str, section: str, key: str, error: Exception) -> NoReturn:
    where = f"{section}.{key}" if section else key
    what = re.sub(r" - at `[^`]*`$", "", str(error))
    line = _line(text, section, key)
    within = re.search(r"\]\.(\w+)[^`]*`$", str(error))
    if within:
        line = max(line, _line(text, where, within[1]))
        where = f"{where}.{within[1]}"
    place = f"{path}, line {line}: " if text else ""
    raise KottError(f"{place}{where}: {what.removesuffix('.')}.") from error


def _line(text: str, section: str, key: str) -> int:
    """Find the line of an entry, or else that of its section."""
    header, times, first = "", 0, 1
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"\s*\[+\s*(.+?)\s*\]+\s*(?:#.*)?$", line)
        if opened:
            header = re.sub(r"[\"']", "", opened[1])
            times += header == section
            first = number if header == section else first
            if header.startswith(f"{section}.{key}") or (header, str(times)) == (section, key):
                return number
        elif header == section and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return first
