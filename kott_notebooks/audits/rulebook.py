"""The rules of the audits, as data: the defaults, and those of a partner that replace them."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, reduce
from html import escape
from importlib import resources
from operator import getitem
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from kott_notebooks.audits import texts
from kott_notebooks.errors import KottError
from kott_notebooks.times import daily_span, dated_span

OTHER = "*"  # the struct that stands for those that the rules do not name

Severity: TypeAlias = Literal["error", "warning", "info", "off"]
Share: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1)]
DailySpan: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^\d{1,2}:\d{2}-\d{1,2}:\d{2}$")]
DatedSpan: TypeAlias = Annotated[
    str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d[^/]*/\d{4}-\d\d-\d\d[^/]*$")
]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a rules file."""


class Thresholds(_Section, frozen=True):
    """Thresholds of the rules for assets."""

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
    twin_edits: Annotated[int, msgspec.Meta(ge=0, le=1)]


class Fields(_Section, frozen=True):
    """Which metas, tags or properties hold the year, the series and so on that rules refer to."""

    year: str
    series: str
    series_key: str
    season: str
    episode: str


class Needs(_Section, frozen=True):
    """What the assets of one struct need."""

    role: Literal["movie", "series", "episode", "linear", ""] = ""
    ratios: tuple[str, ...] = ()
    mandatory: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    trailer: tuple[str, ...] = ()


class Channel(_Section, frozen=True):
    """What is known of one channel of the guide; times are those of its zone."""

    off_air: DailySpan | tuple[DailySpan, ...] = ()  # hours of every day in which nothing is on
    known_gaps: DatedSpan | tuple[DatedSpan, ...] = ()  # "2026-03-01T02:00/2026-03-01T05:30"

    @property
    def times_off_air(self) -> tuple[str, ...]:
        """Hours and times in which nothing is on, as `schedule.gaps(off_air=)` takes them."""
        spans = (self.off_air, self.known_gaps)
        return tuple(one for some in spans for one in ([some] if isinstance(some, str) else some))


class Schedule(_Section, frozen=True):
    """Thresholds and weights of the audit of a guide.

    Parameters
    ----------
    gap_minutes : float, default 1
        From this length on a gap is a finding.
    gap_error_minutes : float, default 60
        From this length on it is an error.
    overlap_seconds : float, default 0
        Longer overlaps are findings.
    overlap_error_minutes : float, default 1
        Longer overlaps are errors, others warnings.
    shortest_minutes, longest_minutes : float, default 1 and 480
        Shorter and longer programmes are findings.
    reingested_minutes : float, default 5
        How far apart a programme and its copy may start.
    band_slots : int, default 3
        From this number on, slots in a row with one fault are one finding.
    horizon_hours : float, default 120
        How far ahead a guide has to reach.
    same_as_share : float, default 0.9
        The share of a day's programmes that makes two channels the same.
    same_as_programmes : int, default 8
        Days of fewer programmes are not compared.
    runtime : str, default "metas.Runtime"
        The column of the stated runtime.
    runtime_percent, runtime_minutes : float, default 20 and 10
        A slot that differs by more than both is a finding.
    rating : str, default "tags.Parental rating"
        The column of the rating.
    watershed_rating : int, default 16
        From this age on a programme is for adults.
    watershed_hours : tuple of two float, default (6, 21)
        The hours of the day that are to be free of them.
    prime_hours : tuple of two float, default (18, 23)
        The hours of prime time.
    prime_weight : float, default 3
        The weight of a minute of prime time in the impact.
    channels : dict of Channel by id or name
        What is known of channels: `off_air` and `known_gaps`.
    off : tuple of str
        Rules that are not applied.

    See Also
    --------
    audit, audits.rules

    Examples
    --------
    >>> from kott_notebooks import schedule
    >>> schedule.Thresholds(gap_minutes=5).gap_error_minutes
    60
    """

    gap_minutes: float = 1
    gap_error_minutes: float = 60
    overlap_seconds: float = 0
    overlap_error_minutes: float = 1
    shortest_minutes: float = 1
    longest_minutes: float = 480
    reingested_minutes: float = 5
    band_slots: int = 3
    horizon_hours: float = 120
    same_as_share: Share = 0.9
    same_as_programmes: int = 8
    runtime: str = "metas.Runtime"
    runtime_percent: float = 20
    runtime_minutes: float = 10
    rating: str = "tags.Parental rating"
    watershed_rating: int = 16
    watershed_hours: tuple[float, float] = (6, 21)
    prime_hours: tuple[float, float] = (18, 23)
    prime_weight: float = 3
    channels: dict[str, Channel] = {}
    off: tuple[str, ...] = ()


class Household(_Section, frozen=True):
    """Thresholds of the rules for households, in days.

    Parameters
    ----------
    idle_days : float, default 180
        A household without an active device for longer is idle.
    device_idle_days : float, default 365
        A device that was not active for longer is idle.
    new_days : float, default 30
        Users created since need not have logged in.
    off : tuple of str
        Rules that are not applied.

    See Also
    --------
    audit, audits.rules

    Examples
    --------
    >>> from kott_notebooks import household
    >>> household.Thresholds(idle_days=90).device_idle_days
    365
    """

    idle_days: float = 180
    device_idle_days: float = 365
    new_days: float = 30
    off: tuple[str, ...] = ()


class Ingests(_Section, frozen=True):
    """Thresholds of the rules for ingests."""

    slow_factor: Annotated[float, msgspec.Meta(gt=1)] = 3  # times the median of the last 10
    regular_days: Annotated[int, msgspec.Meta(ge=1)] = 5  # with a delivery on each
    silent_hours: Annotated[float, msgspec.Meta(gt=0)] = 24  # without one
    off: tuple[str, ...] = ()


class Waiver(_Section, frozen=True):
    """Findings that are known and accepted, for a reason and until a day."""

    rule: str
    reason: str
    until: date  # the last day, in UTC
    ids: tuple[int | str, ...] = ()  # empty: all ids
    field: str = ""  # blank: all fields


def _written(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


class Rules(_Section, frozen=True):
    """Everything that the audits judge by; made by `rules`.

    Attributes
    ----------
    thresholds : Thresholds
        Those of the rules for assets.
    widths : dict of int by ratio
        The least width of pictures, in pixels.
    fields : Fields
        Which metas, tags or properties hold the year, the series and so on.
    structs : dict of Needs by name
        What the assets of each struct need.
    severities, hints, movielabs : dict of str by rule
        The severity, the remedy and the MovieLabs term of each rule.
    values : dict of tuple by field
        The values that a field may have.
    ranges : dict of two float by field
        The least and the greatest number that a field may have.
    languages : tuple of str
        Those that texts need; if empty, those of the labels, or of the table.
    words : Words
        Added to the package's lists.
    schedule, household, ingests : Schedule, Household and Ingests
        The rules for guides, households and ingests.
    own : tuple of str
        Names or patterns of rules that are not the package's ("acme.*").
    waivers : tuple of Waiver
        Findings that are accepted.
    graded : tuple of str
        The rules whose severity is a partner's.
    """

    thresholds: Thresholds
    widths: dict[str, int]
    fields: Fields
    structs: dict[str, Needs]
    severities: dict[str, Severity]
    hints: dict[str, str]
    movielabs: dict[str, str]
    values: dict[str, tuple[str, ...]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    languages: tuple[str, ...] = ()
    words: texts.Words = texts.Words()
    schedule: Schedule = Schedule()
    household: Household = Household()
    ingests: Ingests = Ingests()
    own: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    graded: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Show the sections in a notebook's cell, each with its settings; empty ones are absent."""
        shown = []
        for name, section in msgspec.to_builtins(self).items():
            lines = section.items() if isinstance(section, dict) else enumerate(section, 1)
            cells = [
                f"<tr><th style='text-align:left'>{escape(str(key))}</th><td style="
                f"'text-align:left'>{escape(_written(value))}</td></tr>"
                for key, value in lines
                if value not in ("", [], {})
            ]
            if cells:
                shown.append(
                    f"<details><summary>{name} ({len(cells)})</summary>"
                    f"<table>{''.join(cells)}</table></details>"
                )
        return f"<div><b>Rules of the audits</b>{''.join(shown)}</div>"

    def needs(self, *names: str) -> Needs:
        """Return what a struct needs by the first of its names that the rules have."""
        known = {name.casefold(): needs for name, needs in self.structs.items()}
        by_name = (known[name.casefold()] for name in names if name.casefold() in known)
        return next(by_name, self.structs[OTHER])

    def is_off(self, rule: str) -> bool:
        """Return whether a rule is not to be looked for."""
        off = {*self.schedule.off, *self.household.off, *self.ingests.off}
        return self.severities.get(rule) == "off" or rule in off

    def word_lists(self) -> texts.Words:
        """Return the package's lists of words with these rules' own."""
        return texts.word_lists(**msgspec.structs.asdict(self.words))


RulesSource: TypeAlias = (
    "Rules | Schedule | Household | Ingests | Mapping[str, Any] | str | PathLike[str]"
)
_SECTIONS: dict[str, type[Schedule | Household | Ingests]] = {
    "schedule": Schedule,
    "household": Household,
    "ingests": Ingests,
}


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The package's definition of a rule."""

    severity: Severity
    hint: str
    threshold: str = ""  # a format string over `Rules`
    movielabs: str = ""
    ksql: bool = False  # whether findings can carry KSQL


@cache
def definitions() -> dict[str, Definition]:
    """Return the package's definition of each rule, in the order of findings."""
    return msgspec.convert(_packaged("rules.toml"), dict[str, Definition])


def rules(
    source: RulesSource | None = None,
    *,
    section: Literal["schedule", "household", "ingests", ""] = "",
) -> Rules:
    """Return the rules of the audits: the defaults, changed by a partner's rules.

    All audits take their rules in this one shape. The tables of a rules file are

    - ``[thresholds]``, ``[widths]``, ``[fields]``, ``[structs.NAME]``, ``[values]``, ``[ranges]``
      and the list ``languages``, for assets;
    - ``[schedule]`` for programmes, ``[household]`` for households, ``[ingests]`` for ingests;
    - ``[schedule.channels."ID"]``, by the id or the name of a channel: ``off_air``, the hours of
      every day in which nothing is on (``"02:00-06:00"``), and ``known_gaps``, times of single days
      (``"2026-03-01T02:00/2026-03-01T05:30"``), in the channel's zone; or lists of such;
    - ``[words]``: stand_ins, ambiguous, off_air, added to the package's lists;
    - ``[severities]`` ("error", "warning", "info", "off"), ``[hints]``, ``[movielabs]``, by rule;
    - ``[[waivers]]`` with rule, reason, until (a date), and ids or a field where not all are meant;
    - the list ``own``: names or patterns of rules that are not the package's ("acme.*").

    A new struct has the needs of the default struct of its `role`, except those that it sets.

    Parameters
    ----------
    source : path, mapping, Rules or None
        The path of a TOML file, or what such a file would hold, or rules as they are. None: the
        defaults.
    section : str, default ""
        "schedule", "household" or "ingests": the audit that asks. A mapping may then hold the keys
        of this table alone (``{"gap_minutes": 5}``), and `source` may be the table's own class.

    Returns
    -------
    Rules
        The rules; a Rules that was given is returned unchanged.

    Raises
    ------
    KottError
        The file cannot be read, or holds a key, a type or a rule that does not exist; the message
        names the file and the key.

    See Also
    --------
    audits.rule_table, audits.judged

    Examples
    --------
    >>> from kott_notebooks import audits
    >>> audits.rules({"thresholds": {"ending_days": 3}}).thresholds.ending_days
    3.0
    """
    if isinstance(source, Rules):
        return source
    if section and isinstance(source, _SECTIONS[section]):
        source = {section: msgspec.to_builtins(source)}
    if source is None:
        return _defaults()
    place, own = _read(source)
    if section and not own.keys() <= set(Rules.__struct_fields__):
        own = {section: own}
    try:
        made = msgspec.convert(_merged(_default_tables(), own), Rules)
        _check(made, own)
    except (msgspec.ValidationError, ValueError) as error:
        raise KottError(f"{place}: {_explained(str(error), own)}") from error
    return msgspec.structs.replace(made, graded=tuple(own.get("severities", ())))


@cache
def _defaults() -> Rules:
    return msgspec.convert(_default_tables(), Rules)


def _default_tables() -> dict[str, Any]:
    known = definitions()
    return {
        **_packaged("defaults.toml"),
        "severities": {rule: one.severity for rule, one in known.items()},
        "hints": {rule: one.hint for rule, one in known.items()},
        "movielabs": {rule: one.movielabs for rule, one in known.items() if one.movielabs},
    }


def _packaged(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(name).read_text("utf-8"))


def _read(source: Any) -> tuple[str, dict[str, Any]]:
    """Return how messages name the rules, and what the rules hold."""
    if isinstance(source, Mapping):
        return "The rules", dict(source)
    if not isinstance(source, str | PathLike):
        raise KottError(
            "rules must be the path of a TOML file, a mapping of its tables, or audits.Rules; "
            f"not {source!r:.60}."
        )
    try:
        return f"The rules in {source}", tomllib.loads(Path(source).read_text("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise KottError(f"The rules in {source} are not TOML: {error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise KottError(f"The rules in {source} cannot be read: {error}") from error


def ratio_text(ratio: Any) -> str:
    """Write a ratio as 16:9, also one that was written as 16x9."""
    return str(ratio or "").strip().lower().replace("x", ":")


def _merged(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = defaults | own
    for name, table in own.items():
        if isinstance(table, Mapping) and isinstance(defaults.get(name), dict):
            merged[name] = defaults[name] | table
    for name, needs in merged["structs"].items() if isinstance(own.get("structs"), dict) else ():
        if isinstance(needs, dict):
            merged["structs"][name] = _usual_needs(name, needs, defaults["structs"]) | needs
    return merged


def _usual_needs(name: str, needs: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    """Return what the default struct of the same name, else of the same role, needs."""
    of_role = [
        one for one in usual.values() if needs.get("role") and one.get("role") == needs["role"]
    ]
    needed: dict[str, Any] = usual.get(name) or next(iter(of_role), {})
    return needed


def _check(made: Rules, own: Mapping[str, Any]) -> None:
    """Refuse values of the right type that are not valid: unknown rules, empty ranges."""
    named = [name for table in ("severities", "hints", "movielabs") for name in own.get(table, ())]
    named += [*made.schedule.off, *made.household.off, *made.ingests.off]
    named += [*(one.rule for one in made.waivers)]
    known = definitions()
    for name in named:
        if name not in known and not any(fnmatchcase(name, pattern) for pattern in made.own):
            raise ValueError(
                f"there is no rule {name!r}{_near(name, known)} Rules that are not the package's "
                "are named in the list own."
            )
    for section in ("thresholds", "schedule", "household", "ingests"):
        for key, value in msgspec.structs.asdict(getattr(made, section)).items():
            if isinstance(value, int | float) and not value >= 0:  # nan is not either
                raise ValueError(f"{section}.{key} must be a number of at least 0, not {value:g}")
    required = [ratio_text(one) for needs in made.structs.values() for one in needs.ratios]
    for ratio in own.get("widths", ()):
        if ratio_text(ratio) not in required:
            raise ValueError(
                f"widths.{ratio}: no struct has this ratio; they have "
                f"{', '.join(dict.fromkeys(required))}"
            )
        if made.widths[ratio] < 0:
            raise ValueError(f"widths.{ratio} must be at least 0, not {made.widths[ratio]}")
    for name, (least, most) in made.ranges.items():
        if not least <= most:
            raise ValueError(f"ranges.{name}: {least:g} to {most:g} is not a range")
    for key, channel in made.schedule.channels.items():
        for name, span in (("off_air", daily_span), ("known_gaps", dated_span)):
            given = getattr(channel, name)
            for written in [given] if isinstance(given, str) else given:
                try:
                    span(written)
                except KottError as error:
                    raise ValueError(f"schedule.channels.{key}.{name}: {error}") from error
    for name in ("prime_hours", "watershed_hours"):
        first, last = getattr(made.schedule, name)
        if not 0 <= first < last <= first + 24:
            raise ValueError(
                f"schedule.{name} must be two hours, the later one second (past midnight is 25 and "
                f"so on), not {first:g} to {last:g}"
            )


def _explained(message: str, own: dict[str, Any]) -> str:
    """Put the place of an error first, and suggest keys for one that does not exist."""
    what, _, path = message.partition(" - at ")
    where = re.sub(r"\[(\d+)\]", r".\1", path.strip("`").removeprefix("$").removeprefix("."))
    table, of_any, _ = where.partition("[...]")  # msgspec does not name the key of a mapping
    if of_any:
        where = where.replace(of_any, f".{_wrong_key(table, own)}")
    unknown = re.search("unknown field `(.*)`", what)
    if unknown:
        keys = _keys(where)
        table = f"{where} has" if where else "there is"
        return f"{table} no key {unknown[1]!r}{_near(unknown[1], keys)}"
    return f"{where}: {what.rstrip('.')}." if where else f"{what.rstrip('.')}."


def _wrong_key(table: str, own: dict[str, Any]) -> str:
    """Return the key of a table that cannot be converted alone."""
    entries = reduce(getitem, table.split("."), own)
    for key, value in entries.items():
        alone = reduce(lambda one, name: {name: one}, reversed(table.split(".")), {key: value})
        try:
            msgspec.convert(_merged(_default_tables(), alone), Rules)
        except msgspec.ValidationError:
            return str(key)
    return OTHER


def _keys(where: str) -> tuple[str, ...]:
    section = where.partition(".")[0]
    classes: dict[str, type[msgspec.Struct]] = {
        "": Rules, "thresholds": Thresholds, "fields": Fields, "structs": Needs,
        "waivers": Waiver, "words": texts.Words, **_SECTIONS,
    }  # fmt: skip
    cls = Channel if where.startswith("schedule.channels") else classes.get(section, Rules)
    return cls.__struct_fields__


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.5)
    return f". Did you mean {' or '.join(map(repr, close))}?" if close else "."
