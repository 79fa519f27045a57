"""KSQL built, quoted and checked before it is sent; pure.

    from kott_notebooks import K

    dramas = (K.asset_type == "media") & K["Genre"].contains("Dra")
    str(dramas)                                 # (and asset_type='media' Genre~'Dra')
    kott.assets(session, dramas & (K.start_date >= "2026-03-01"))

A key is any meta, tag or property that the API can search: `K.start_date`, `K["Short title"]`.
Comparisons join with `&` and `|`, each in brackets of its own.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from numbers import Integral, Real
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pandas as pd

from kott_notebooks.errors import ApiError, KottError, api_error, as_list
from kott_notebooks.times import filter_epoch

__all__ = [
    "LIMIT",
    "Expression",
    "Group",
    "K",
    "Key",
    "Keys",
    "Term",
    "as_text",
    "check",
    "quoted",
    "read",
]


def __dir__() -> list[str]:
    return __all__


Value: TypeAlias = (  # what a key is compared with
    "str | float | date | timedelta | np.number[Any] | np.bool_ | np.datetime64 | np.timedelta64"
)

LIMIT = 4096  # characters of a filter
DEPTH = 50  # levels of brackets; more is a mistake
MAX_SEARCH = 20  # characters that ~, !~, ^ and ^= search for; the API ignores the rest

RESERVED = (
    "name", "description", "externalId", "media_id", "epg_id", "linear_media_id",
    "epg_channel_id", "start_date", "end_date", "create_date", "update_date", "asset_type",
    "entitled_assets", "geo_block", "parental_rules", "user_interests", "auto_fill",
)  # fmt: skip

_TAKES = {  # the values of keys that are compared with = alone
    "asset_type": "media, epg, recording",  # or an asset struct's number
    "entitled_assets": "free, entitled, not_entitled, both",
    **dict.fromkeys(("geo_block", "parental_rules", "user_interests", "auto_fill"), "true"),
}
_OPERATORS = ("=", "!=", ">", ">=", "<", "<=", ":", "~", "!~", "^", "^=", "+", "!+")
_NO_KEY = "()'=!~^<>+:"  # characters that end a key
_QUOTES = '"`\u00b4\u2018\u2019\u201c\u201d'  # that people and editors write in place of '
_WHOLE = re.compile(r"[+-]?\d+")
_WHOLES = re.compile(r"\s*-?\d+(\s*,\s*-?\d+)*\s*")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Expression(ABC):
    """A filter or a part of one: joins with `&` and `|`, and is KSQL by `str`.

    What it is joined with may be KSQL as text, too.

    Examples
    --------
    >>> from kott_notebooks import K
    >>> (K["Year"] > 1990) & "Genre='Drama'" | (K.name == "Ocean")
    <KSQL (or (and Year>'1990' Genre='Drama') name='Ocean')>
    """

    @abstractmethod
    def text(self) -> str:
        """Return the KSQL, of any length."""

    def __str__(self) -> str:
        text = self.text()
        if len(text) > LIMIT:
            raise KottError(
                f"The filter has {len(text):,} characters and the API takes {LIMIT:,}: "
                "split it into several."
            )
        return text

    def __repr__(self) -> str:
        return f"<KSQL {self.text()}>"

    def __and__(self, other: Expression | str) -> Expression:
        return _joined("and", self, other)

    def __or__(self, other: Expression | str) -> Expression:
        return _joined("or", self, other)

    def __rand__(self, other: str) -> Expression:
        return _joined("and", other, self)

    def __ror__(self, other: str) -> Expression:
        return _joined("or", other, self)

    def __bool__(self) -> NoReturn:
        raise KottError(
            "A filter is neither true nor false before the API has read it: join filters with & "
            "and |, each in brackets, and write a range as (K.Year > 1990) & (K.Year < 2000)."
        )

    def __invert__(self) -> NoReturn:
        raise KottError("KSQL has no 'not': ask with !=, .not_contains(...) or .missing().")


@dataclass(frozen=True, repr=False)
class Term(Expression):
    """One comparison.

    Attributes
    ----------
    key, operator : str
        As KSQL has them.
    value : str
        What the key is compared with, not quoted yet.
    """

    key: str
    operator: str
    value: str

    def text(self) -> str:
        """Return the KSQL: `key operator 'value'`, without the blanks."""
        return f"{self.key}{self.operator}{quoted(self.value)}"


@dataclass(frozen=True, repr=False)
class Group(Expression):
    """Several parts as one filter.

    Attributes
    ----------
    word : str
        Whether all parts must hold ("and") or at least one ("or").
    parts : tuple of Expression
        The parts.
    """

    word: str
    parts: tuple[Expression, ...]

    def text(self) -> str:
        """Return the KSQL: `(and part part)`."""
        return f"({self.word} {' '.join(part.text() for part in self.parts)})"


class Key:
    """A meta, tag or property; comparing it gives an Expression.

    It compares with text, numbers, True and False, and times: date, datetime or Timestamp become
    epoch seconds. Keys that end in `_date` take times as text too (ISO, `now`, `today-7d`), and a
    timedelta, which the API counts from the present: `K.end_date < timedelta(days=-7)`. Raises
    KottError for what the API would refuse, or silently read as something else.

    Parameters
    ----------
    name : str
        The name of the meta, tag or property; `K["Short title"]` makes a key of it.

    See Also
    --------
    K, check, as_text

    Examples
    --------
    >>> from kott_notebooks import K
    >>> (K.asset_type == "media") & (K["Genre"] != "Drama")
    <KSQL (and asset_type='media' Genre!='Drama')>
    >>> (K["Year"] >= 1990) & (K["Year"] < 2000)
    <KSQL (and Year>='1990' Year<'2000')>
    """

    def __init__(self, name: str) -> None:
        if not name.strip() or set(name) & set(_NO_KEY):
            raise KottError(f"{name!r} cannot be asked for: it is empty or holds one of {_NO_KEY}")
        self.name = name

    def __repr__(self) -> str:
        return f"K[{self.name!r}]"

    def __eq__(self, value: object) -> Any:
        return self._term("=", value)

    def __ne__(self, value: object) -> Any:
        return self._term("!=", value)

    def __gt__(self, value: Value) -> Expression:
        return self._term(">", value)

    def __ge__(self, value: Value) -> Expression:
        return self._term(">=", value)

    def __lt__(self, value: Value) -> Expression:
        return self._term("<", value)

    def __le__(self, value: Value) -> Expression:
        return self._term("<=", value)

    def isin(self, values: Iterable[Value]) -> Expression:
        """Ask for any of these values: whole numbers in one list, others one by one.

        A text is never in a list, even if it is a number: keys of texts take none.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K["Genre"].isin(["Drama", "Crime"])
        <KSQL (or Genre='Drama' Genre='Crime')>
        """
        given = [values] if isinstance(values, str) else as_list(f"{self.name}.isin", values)
        texts = [_written(self.name, value) for value in given]
        if not texts:
            raise KottError(f"{self.name}.isin takes no empty list: leave the condition out.")
        whole = not any(isinstance(value, str) for value in given)
        if whole and self.name.lower() not in _TAKES and all(map(_WHOLE.fullmatch, texts)):
            return Term(self.name, ":", ",".join(texts))
        terms = [self._checked("=", text) for text in texts]
        return terms[0] if len(terms) == 1 else Group("or", tuple(terms))

    def contains(self, text: str) -> Expression:
        """Ask for values that have this text anywhere in them; at most 20 characters.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K.name.contains("ocean")
        <KSQL name~'ocean'>
        """
        return self._term("~", text)

    def not_contains(self, text: str) -> Expression:
        """Ask for values that have this text nowhere in them; at most 20 characters.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K.name.not_contains("trailer")
        <KSQL name!~'trailer'>
        """
        return self._term("!~", text)

    def word_starts(self, text: str) -> Expression:
        """Ask for values of which some word starts with this text; at most 20 characters.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K.name.word_starts("elev")
        <KSQL name^'elev'>
        """
        return self._term("^", text)

    def starts(self, text: str) -> Expression:
        """Ask for values that start with this text; at most 20 characters.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K.name.starts("Ocean")
        <KSQL name^='Ocean'>
        """
        return self._term("^=", text)

    def exists(self) -> Expression:
        """Ask for what has a value here.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K["Year"].exists()
        <KSQL Year+''>
        """
        return self._checked("+", "")

    def missing(self) -> Expression:
        """Ask for what has no value here.

        Examples
        --------
        >>> from kott_notebooks import K
        >>> K["Year"].missing()
        <KSQL Year!+''>
        """
        return self._checked("!+", "")

    def _term(self, operator: str, value: object) -> Expression:
        return self._checked(operator, _written(self.name, value))

    def _checked(self, operator: str, text: str) -> Expression:
        written, wrong = quoted(text), _wrong(self.name, operator, text)
        if wrong:
            raise KottError(f"{self.name}{operator}{written} is not valid KSQL. {wrong}")
        return Term(self.name, operator, text)

    def __and__(self, other: Value | Expression | Key) -> NoReturn:
        raise KottError("Put each comparison in brackets: (K.a == 1) & (K.b == 2).")

    __or__ = __rand__ = __ror__ = __and__


class Keys:
    """Every key there is: `K.name`, `K["Short title"]`; `K.` and Tab show those of the API."""

    def __getattr__(self, name: str) -> Key:
        if name.startswith("_"):  # Python and Jupyter ask for these; K["_x"] is a key
            raise AttributeError(name)
        return Key(name)

    def __getitem__(self, name: str) -> Key:
        if not isinstance(name, str):
            raise KottError(f"A key is given by its name, as text, not by {name!r}.")
        return Key(name)

    def __dir__(self) -> list[str]:
        return list(RESERVED)

    def __repr__(self) -> str:
        return 'K: K.asset_type == "media", K["Genre"].contains("Dra")'


K = Keys()


def quoted(value: str) -> str:
    """Write a value as KSQL does: in single quotes, a quote inside as %27.

    Parameters
    ----------
    value : str
        Any text.

    Returns
    -------
    str
        The value as a filter has it.

    Raises
    ------
    KottError
        The text holds a %27 of its own, which the API would read as a quote.

    See Also
    --------
    as_text

    Examples
    --------
    >>> from kott_notebooks import ksql
    >>> ksql.quoted("Ocean's Eleven")
    "'Ocean%27s Eleven'"
    """
    if "%27" in value:
        raise KottError(f"KSQL cannot say {value!r}: it would read the %27 as a quote.")
    return f"""'{value.replace("'", "%27")}'"""


def as_text(ksql: str | Expression | None) -> str:
    """Write a filter as the text that the API takes.

    Parameters
    ----------
    ksql : str, Expression or None
        KSQL, an expression of `kott.K`, or None for no filter.

    Returns
    -------
    str
        The KSQL; empty for no filter.

    Raises
    ------
    KottError
        `ksql` is anything else, such as a key that is compared with nothing.

    See Also
    --------
    check, read

    Examples
    --------
    >>> from kott_notebooks import K, ksql
    >>> ksql.as_text((K["Genre"] == "Drama") & (K["Year"] > 1990))
    "(and Genre='Drama' Year>'1990')"
    """
    if ksql is None:
        return ""
    if isinstance(ksql, str | Expression):
        return str(ksql)
    if isinstance(ksql, Key):
        raise KottError(
            f"{ksql!r} alone is not a filter: compare it ({ksql!r} == 'x'), or write "
            f"{ksql!r}.exists()."
        )
    raise KottError(
        f"A filter is KSQL text, an expression of kott.K or None, not {type(ksql).__name__}."
    )


def check(ksql: str | Expression | None) -> str:
    """Find mistakes in KSQL before it is sent.

    Whether a partner has a meta or tag of some name is for the API to say.

    Parameters
    ----------
    ksql : str, Expression or None
        The filter.

    Returns
    -------
    str
        The filter as text, if it has no mistake.

    Raises
    ------
    KsqlError
        There is a mistake: the message has the place and what to write instead. Mistakes are
        values without quotes or in double ones, AND in capitals or between items, `not`, brackets
        that do not pair, dates that are not epoch seconds, operators that a key does not take,
        texts and filters that are too long.

    See Also
    --------
    read, as_text

    Examples
    --------
    >>> from kott_notebooks import ksql
    >>> ksql.check("(and Genre='Drama' Year>'2000')")
    "(and Genre='Drama' Year>'2000')"
    """
    text = as_text(ksql)
    read(text)
    return text


def read(text: str) -> Expression | None:
    """Parse KSQL into an expression.

    Parameters
    ----------
    text : str
        The filter.

    Returns
    -------
    Expression or None
        The expression, None for an empty filter.

    Raises
    ------
    KsqlError
        There is a mistake, such as `check` finds.

    See Also
    --------
    check, as_text

    Examples
    --------
    >>> from kott_notebooks import ksql
    >>> ksql.read("(and Genre='Drama' Year>'2000')")
    <KSQL (and Genre='Drama' Year>'2000')>
    """
    return _Reader(text).whole()


def _joined(word: str, *sides: object) -> Expression:
    parts = [part for side in sides for part in _parts(word, side)]
    return parts[0] if len(parts) == 1 else Group(word, tuple(parts))


def _parts(word: str, side: object) -> tuple[Expression, ...]:
    """Return the parts that a side adds to a join: a group of the same word adds its own."""
    if isinstance(side, str):
        side = read(side)
        if side is None:
            return ()
    if isinstance(side, Key):
        raise KottError("Put each comparison in brackets: (K.a == 1) & (K.b == 2).")
    if not isinstance(side, Expression):
        raise KottError(f"A filter joins with filters and KSQL text, not with {side!r}.")
    return side.parts if isinstance(side, Group) and side.word == word else (side,)


# Values


def _written(key: str, value: object) -> str:
    """Write a value as the text that KSQL has for it."""
    if isinstance(value, np.datetime64 | np.timedelta64):  # the latter passes for a whole number
        value = pd.Series([value])[0]
    if isinstance(value, str):
        return _date_text(key, value) if _is_date(key) else value
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real) and math.isfinite(value):
        return np.format_float_positional(float(value), trim="-")
    if isinstance(value, timedelta):
        if not _is_date(key):
            raise KottError(f"Only keys that end in _date count from now; {key} does not.")
        return str(round(value.total_seconds()))
    if isinstance(value, date):
        return str(filter_epoch(value))
    raise KottError(
        f"{key} cannot be compared with {value!r}: give text, a number, True, False or a time; "
        "and ask for what is absent with .missing()."
    )


def _is_date(key: str) -> bool:
    return key.strip().lower().endswith("_date")


def _date_text(key: str, value: str) -> str:
    if _NUMBER.fullmatch(value.strip()):
        raise KottError(
            f"{key} with {value!r} may mean a year or seconds: write a date such as '2026-03-01', "
            "or seconds as a number."
        )
    return str(filter_epoch(value))


def _wrong(key: str, operator: str, value: str) -> str:
    """Return what is wrong with a comparison, and what to do; empty where nothing is."""
    name = key.strip().lower()
    if name in _TAKES:
        return _wrong_choice(name, operator, value)
    if operator in ("~", "!~", "^", "^="):
        return _wrong_search(value)
    if operator in ("+", "!+"):
        return f"It takes no value: write {key}{operator}''." if value else ""
    if operator == ":":
        listed = _WHOLES.fullmatch(value)
        return "" if listed else f"A list has whole numbers; else write (or {key}='a' {key}='b')."
    if _is_date(key) and not _WHOLE.fullmatch(value):
        return f"Dates are epoch seconds; K.{name} takes '2026-03-01' and writes them."
    if operator not in ("=", "!=") and not _NUMBER.fullmatch(value):
        return f"{operator} takes a number."
    return ""


def _wrong_choice(name: str, operator: str, value: str) -> str:
    if operator != "=":
        return f"{name} takes only =."
    known = value.lower() in _TAKES[name].split(", ")
    if known or (name == "asset_type" and value.isdecimal()):
        return ""
    also = ", or an asset struct's number" if name == "asset_type" else ""
    return f"{name} takes {_TAKES[name]}{also}."


def _wrong_search(value: str) -> str:
    if not value.strip():
        return "It takes some text."
    if len(value) > MAX_SEARCH:
        return f"Only {MAX_SEARCH} characters of it would count, not {len(value)}: shorten it."
    return ""


# Text


class _Reader:
    """Reads KSQL from left to right; `at` is the place, from 0."""

    _GROUP = re.compile(r"(and|or|not)(?![^\s()])", re.IGNORECASE)
    _INFIX = re.compile(r"(and|or|not|AND|OR|NOT)(?![^\s()])")  # a key may be "Not rated"
    _KEY = re.compile(rf"[^{re.escape(_NO_KEY)}]*")
    _SIGNS = re.compile(r"[=!~^<>+:]*")
    _BARE = re.compile(rf"[{_QUOTES}][^{_QUOTES}]*[{_QUOTES}]?|[^\s()]*")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Expression | None:
        if len(self.text) > LIMIT:
            why = f"{len(self.text):,} characters are too many"
            self.fail(why, f"Split it: the API takes {LIMIT:,}.", LIMIT)
        self.blanks()
        if self.ended:
            return None
        expression = self.item()
        blanks = self.blanks()
        if self.ended:
            return expression
        if self.next == ")":
            self.fail("a bracket closes that was not opened", "Take it away, or open it before.")
        self.check_parted(blanks)
        self.no_infix()
        self.fail("a second item stands alone", "Put both in a group: (and item item).")

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    @property
    def next(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        taken = match.group() if match else ""
        self.at += len(taken)
        return taken

    def blanks(self) -> str:
        return self.take(re.compile(r"\s*"))

    def fail(self, why: str, hint: str, at: int | None = None) -> NoReturn:
        at = self.at if at is None else at
        rest = " ".join(self.text[at : at + 16].split())
        place = f"before {rest!r}" if rest else "at the end"
        message = f"{why}, at character {at + 1}, {place}"
        raise api_error("4004", message, {"position": str(at)}, hint=hint)

    def item(self, depth: int = 0) -> Expression:
        return self.group(depth + 1) if self.next == "(" else self.term()

    def group(self, depth: int) -> Expression:
        opened = self.at
        if depth > DEPTH:
            self.fail("brackets are nested too deeply", f"{DEPTH} levels are allowed.")
        self.at += 1
        self.blanks()
        word = self.group_word()
        parts: list[Expression] = []
        while True:
            blanks = self.blanks()
            if self.ended:
                self.fail("this bracket is not closed", "Close it with ).", opened)
            if self.next == ")":
                break
            self.check_parted(blanks)
            parts.append(self.item(depth))
        if not parts:
            self.fail("this group is empty", f"Write ({word} item item), or nothing.", opened)
        self.at += 1
        return Group(word, tuple(parts))

    def check_parted(self, blanks: str) -> None:
        """Refuse what follows a value without a blank."""
        if not blanks and self.text[self.at - 1] == "'":
            self.fail(
                "a value ends here without a blank",
                "Part items by blanks, and write a quote inside a value as %27.",
            )

    def group_word(self) -> str:
        start = self.at
        word = self.take(self._GROUP)
        if word in ("and", "or"):
            return word
        if word.lower() == "not":
            self.no_not(start)
        if word:
            self.fail(f"{word} is not in lower case", f"Write {word.lower()}.", start)
        self.fail("a bracket opens no group", "Write (and item item) or (or item item).")

    def no_not(self, at: int) -> NoReturn:
        self.fail("KSQL has no 'not'", "Ask with !=, !~ or !+ instead.", at)

    def no_infix(self) -> None:
        """Refuse `and`, `or` and `not` where an item should start."""
        start = self.at
        word = self.take(self._INFIX)
        self.at = start
        if word.lower() == "not":
            self.no_not(start)
        if word:
            self.fail(
                f"{word} stands between items",
                f"It comes once, before them: ({word.lower()} item item).",
            )

    def term(self) -> Expression:
        self.no_infix()
        start = self.at
        key = self.take(self._KEY).rstrip()
        if not key:
            self.fail("a key should stand here", "Write key='value'; keys have no quotes.", start)
        if key[0] in ',;&|"':
            self.fail(f"{key[0]} is not KSQL", "Keys have no quotes; part items by blanks.", start)
        operator = self.operator(key)
        self.blanks()
        quote = self.at
        value = self.value()
        wrong = _wrong(key, operator, value)
        if wrong:
            self.fail(f"{key}{operator} does not take this", wrong, quote)
        return Term(key, operator, value)

    def operator(self, key: str) -> str:
        start = self.at
        signs = self.take(self._SIGNS)
        if signs in _OPERATORS:
            return signs
        why = f"{signs} is no operator" if signs else f"{key!r} has no operator after it"
        self.fail(why, f"Operators are {' '.join(_OPERATORS)}", start)

    def value(self) -> str:
        start = self.at
        if self.next != "'":
            self.unquoted()
        end = self.text.find("'", start + 1)
        if end < 0:
            self.fail("this quote is not closed", "Close the value with a single quote.", start)
        self.at = end + 1
        return self.text[start + 1 : end].replace("%27", "'")

    def unquoted(self) -> NoReturn:
        start = self.at
        bare = self.take(self._BARE)
        inner = bare.strip(_QUOTES)
        why = "this value is not in single quotes" if bare else "a value should stand here"
        self.fail(why, f"Write '{inner}'.", start)


_POSITION = re.compile(r" at position (\d+)")


def in_own_text(error: ApiError, sent: str, own: str) -> ApiError:
    """Count the position that a refusal names within the caller's part of what was sent.

    A position outside of that part is left out: the caller has not written what stands there.
    """
    start = sent.find(own)

    def own_position(position: Any) -> str:
        at = int(position) - start if str(position).isdecimal() else -1
        return str(at) if start >= 0 and 0 <= at <= len(own) else ""

    def moved(match: re.Match[str]) -> str:
        at = own_position(match[1])
        return f" at position {at}" if at else ""

    given = {n: one if n != "position" else own_position(one) for n, one in error.arguments.items()}
    given = {name: one for name, one in given.items() if one != ""}
    message = _POSITION.sub(moved, error.message)
    return api_error(error.code, message, given, action=error.action, hint=error.hint)
