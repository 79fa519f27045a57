"""Checks of single texts: missing, stand-ins, decoded wrongly, remains of HTML or code.

Each check takes a column of texts of any dtype and returns a numpy mask, True where the text fails.
An absent text is blank, and fails no other check. Arrow (RE2) finds the few texts that may fail;
Python decides about those.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from html.entities import html5
from importlib import resources
from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "Words",
    "blank",
    "control",
    "markup",
    "mojibake",
    "off_air",
    "placeholder",
    "residue",
    "same",
    "shouting",
    "too_long",
    "word_lists",
]


def __dir__() -> list[str]:
    return __all__


Mask: TypeAlias = npt.NDArray[np.bool_]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Lists of texts that the checks compare with whole names and descriptions.

    Attributes
    ----------
    stand_ins : tuple of str
        Texts in the place of a missing one ("TBA").
    ambiguous : tuple of str
        Stand-ins that may be a real text too.
    off_air : tuple of str
        Names that say that nothing is on.
    """

    stand_ins: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    off_air: tuple[str, ...] = ()


def word_lists(**more: Iterable[str]) -> Words:
    """Return the package's lists of words, with more words in some of them.

    Parameters
    ----------
    **more : iterable of str
        Words to add, by list: `stand_ins`, `ambiguous`, `off_air`.

    Returns
    -------
    Words
        The lists.

    Raises
    ------
    msgspec.ValidationError
        There is no list of that name.

    See Also
    --------
    off_air, placeholder, audits.rules

    Examples
    --------
    >>> from kott_notebooks.audits import texts
    >>> "Coming soon to you" in texts.word_lists(stand_ins=["Coming soon to you"]).stand_ins
    True
    """
    lists = {name: (*texts, *more.pop(name, ())) for name, texts in _package_words().items()}
    return msgspec.convert(lists | more, Words)


@cache
def _package_words() -> dict[str, list[str]]:
    text = resources.files(__package__).joinpath("words.toml").read_text("utf-8")
    lists: dict[str, list[str]] = tomllib.loads(text)
    return lists


def blank(texts: pd.Series[Any]) -> Mask:
    """Find texts that are absent, empty or nothing but blanks.

    Parameters
    ----------
    texts : Series
        Names or descriptions.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    placeholder

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.blank(pd.Series(["", None, " ", "News"])).tolist()
    [True, True, True, False]
    """
    return ~_mask(pc.match_substring_regex(_arrow(texts), r"[^\s\p{Z}]"))


# --- Stand-ins --------------------------------------------------------------------------------

_LOREM = "loremipsum"
_SYMBOL = r"[\p{P}\p{S}]"
_NO_SYMBOL = "[^\\p{P}\\p{S}\\p{Z}\\p{C}\\s\ufe00-\ufe0f]"  # FE00 to FE0F vary a symbol
_HEAD = 16  # characters that decide whether a text may be a stand-in


def placeholder(
    texts: pd.Series[Any], other: pd.Series[Any] | None = None, *, words: Words | None = None
) -> Mask:
    """Find stand-ins for a text: "TBA", "No information", "aaaa", "???", "Lorem ipsum ...".

    Compared without case, blanks and punctuation. "Unknown", "Untitled", "Test", "Title" and "None"
    are titles too: they count only where `other` is blank or a stand-in as well.

    Parameters
    ----------
    texts : Series
        Names or descriptions.
    other : Series, optional
        The other text of each row: the description of a name, or the name of a description. Without
        it, every other text counts as blank.
    words : Words, optional
        The lists to compare with; by default the package's: see `word_lists`.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    blank, off_air, word_lists

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.placeholder(pd.Series(["TBA", "Test"]), pd.Series(["", "A film."])).tolist()
    [True, False]
    """
    lists = words or word_lists()
    sure, ambiguous = _stand_ins(texts, lists)
    rows = np.flatnonzero(ambiguous)
    if other is not None and len(rows):
        beside = other.iloc[rows]
        ambiguous[rows] = blank(beside) | np.logical_or(*_stand_ins(beside, lists))
    return sure | ambiguous


def off_air(texts: pd.Series[Any], *, words: Words | None = None) -> Mask:
    """Find names that say that nothing is on: "Off air", "Sendepause".

    Parameters
    ----------
    texts : Series
        Names or descriptions.
    words : Words, optional
        The lists to compare with; by default the package's: see `word_lists`.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    placeholder, word_lists

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.off_air(pd.Series(["Sendepause", "News"])).tolist()
    [True, False]
    """
    return _equal_to(texts, (words or word_lists()).off_air)


def _stand_ins(texts: pd.Series[Any], lists: Words) -> tuple[Mask, Mask]:
    """Find certain stand-ins, and texts that are a stand-in or a title."""
    codes, values = pd.factorize(texts)  # names repeat: a million programmes share a few
    text = _arrow(pd.Series(values, dtype="str"))
    symbols = _mask(pc.match_substring_regex(text, _SYMBOL))
    sure = symbols & ~_mask(pc.match_substring_regex(text, _NO_SYMBOL))
    sure |= _mask(pc.equal(text, "xxx"))  # in capitals it is a title
    known, ambiguous = _folded_words(lists.stand_ins), _folded_words(lists.ambiguous)
    rows, folded = _folded_candidates(text, pa.concat_arrays([known, ambiguous]))
    sure[rows] |= _mask(pc.is_in(folded, known)) | _mask(pc.starts_with(folded, _LOREM))
    sure[rows] |= _mask(
        pc.and_(_one_character(folded), pc.greater_equal(pc.utf8_length(folded), 4))
    )
    title = np.zeros(len(text), bool)
    title[rows] = _mask(pc.is_in(folded, ambiguous))
    return np.append(sure, False)[codes], np.append(title & ~sure, False)[codes]


def _equal_to(texts: pd.Series[Any], listed: tuple[str, ...]) -> Mask:
    """Find texts that are one of those listed, without case, blanks and punctuation."""
    codes, values = pd.factorize(texts)
    known = _folded_words(listed)
    rows, folded = _folded_candidates(_arrow(pd.Series(values, dtype="str")), known)
    equal = np.zeros(len(values) + 1, bool)
    equal[rows] = _mask(pc.is_in(folded, known))
    return equal[codes]


def _folded_candidates(text: Any, known: Any) -> tuple[npt.NDArray[np.intp], Any]:
    """Fold the texts whose head begins a known one or repeats one character; return their rows too.

    Folding all descriptions in full would take seconds. The last character of a head is left out:
    a combining mark of it may lie behind the cut.
    """
    begins = {one[:size] for one in [*known.to_pylist(), _LOREM] for size in range(_HEAD)}
    head = pc.utf8_slice_codeunits(_fold(pc.utf8_slice_codeunits(text, 0, _HEAD)), 0, -1)
    likely = pc.or_(pc.is_in(head, pa.array(sorted(begins), pa.string())), _one_character(head))
    rows = np.flatnonzero(_mask(likely))
    return rows, _fold(text.take(pa.array(rows)))


@cache
def _folded_words(listed: tuple[str, ...]) -> Any:
    return pc.drop_null(_fold(pa.array(listed, pa.string())))


def _fold(text: Any) -> Any:
    """Normalize (NFKC), fold case, and drop all but letters, digits and combining marks."""
    lower = pc.utf8_lower(pc.utf8_normalize(text, form="NFKC"))
    for letter, folded in (("\u03c2", "\u03c3"), ("ß", "ss")):  # as str.casefold does
        lower = pc.replace_substring(lower, letter, folded)
    return pc.replace_substring_regex(lower, r"[^\p{L}\p{M}\p{N}]+", "")


def _one_character(text: Any) -> Any:
    """Find texts that repeat one character; empty ones too."""
    return pc.equal(pc.utf8_slice_codeunits(text, 1), pc.utf8_slice_codeunits(text, 0, -1))


# --- Texts decoded wrongly ----------------------------------------------------------------------

_WINDOWS = {  # characters of Windows-1252 by their byte, where Latin-1 has a control
    ord(bytes([byte]).decode("cp1252")): byte
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_CONTINUATION = "\u0080-\u00bf" + "".join(map(chr, _WINDOWS))  # what a byte 80 to BF looks like
_SUSPECT = f"\ufffd|ï¿½|ï»¿|[\u0080-\u0084\u0086-\u009f]|[\u00c2-\u00f4][{_CONTINUATION}]"
_CERTAIN = re.compile("\ufffd|ï¿½|ï»¿|[\u0080-\u0084\u0086-\u009f]")

# In texts whose characters are bytes: sequences of UTF-8 of which one is enough,
_SINGLE = (
    "\u00c2[\u00a0-\u00bf]|[\u00c3-\u00c5][\u0080-\u00bf]"  # Latin-1 Supplement, Extended-A
    "|\u00c8[\u0098-\u009b]|\u00c9\u0099"  # Romanian, Azerbaijani
    "|\u00e1[\u00b8-\u00bb][\u0080-\u00bf]"  # Vietnamese
    "|\u00e2(?:\u0080[\u0080-\u00bf]|\u0081[\u0080-\u00af]|\u0082\u00ac|\u0084\u00a2)"  # signs
    "|\u00f0\u009f[\u0080-\u00bf]{2}"  # pictures
)
# and letters of other scripts, of which two in a row are needed
_LETTER = (
    "(?:[\u00c6-\u00ca\u00cd-\u00df][\u0080-\u00bf]"  # Latin Extended-B, Greek to N'Ko
    "|\u00e0[\u00a4-\u00bf][\u0080-\u00bf]"  # India, Thailand, Laos, Tibet
    "|\u00e1[\u0080-\u0099\u009e-\u00a2][\u0080-\u00bf]"  # Burma, Georgia, Ethiopia, Cambodia
    "|[\u00e3-\u00ed\u00ef][\u0080-\u00bf]{2})"  # China, Japan, Korea
)
_SEQUENCE = re.compile(f"{_SINGLE}|{_LETTER}{{2}}")
# A capital at the end of a word in capitals, and a mark: "AMANHÃ…".
_MARKS = "\u2026\u2019\u201d\u201c\u00bb\u2013\u2014\u2122\u00ae"
_RIGHT = re.compile(f"(?<=[^\\W\\d_])[\u00c2-\u00de](?=[{_MARKS}](?!\\w)|\u00a0)")


def mojibake(texts: pd.Series[Any]) -> Mask:
    """Find texts that were decoded wrongly: "Ã©", "â€™", "ÅšwiÄ™ta", "æ—¥æœ¬", U+FFFD.

    A text is found where neighbouring characters, written as bytes of Windows-1252 or Latin-1, are
    whole sequences of UTF-8: one sequence is enough where it is a letter or a sign of European
    texts, two are needed of other scripts.

    Parameters
    ----------
    texts : Series
        Names or descriptions.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    control, residue

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.mojibake(pd.Series(["CafÃ©", "Café"])).tolist()
    [True, False]
    """
    return _decided(texts, _SUSPECT, _is_mojibake)


def _is_mojibake(text: str) -> bool:
    if _CERTAIN.search(text):
        return True
    for right in [*_RIGHT.finditer(text)]:
        before, capital = text[right.start() - 1], right.start()
        if before.isupper() and text[capital].isupper():
            text = f"{text[:capital]} {text[capital + 1 :]}"
    return bool(_SEQUENCE.search(text.translate(_WINDOWS)))


# --- Controls, markup, remains of code ------------------------------------------------------------

_CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_ZERO_WIDTH = "\u200b-\u200d\u2060-\u2064\ufeff"
_HIDDEN = f"{_ZERO_WIDTH}{_DIRECTIONS}"
_CLOSED_BY = dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c")  # embeddings, overrides
_CLOSED_BY |= dict.fromkeys("\u2066\u2067\u2068", "\u2069")  # isolates

_ELEMENTS = (
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|bgsound|"
    "big|blink|blockquote|body|br|button|canvas|caption|center|cite|code|col|colgroup|data|"
    "datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|figure|"
    "font|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hgroup|hr|html|i|iframe|"
    "image|img|input|ins|isindex|kbd|keygen|label|legend|li|link|listing|main|map|mark|"
    "marquee|math|menu|menuitem|meta|meter|multicol|nav|nextid|nobr|noembed|noframes|noscript|"
    "object|ol|optgroup|option|output|p|param|picture|plaintext|pre|progress|q|rb|rp|rt|rtc|"
    "ruby|s|samp|script|search|section|select|slot|small|source|spacer|span|strike|strong|"
    "style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|"
    "track|tt|u|ul|var|video|wbr|xmp"
)
_MARKUP = (
    rf"(?i)<!--|<!doctype\b|</?(?:{_ELEMENTS})(?:\s[^<>]*)?/?>"
    r"|&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]*);"
)
_ENTITY = re.compile(r"&([a-zA-Z][a-zA-Z0-9]*;)")
_RESIDUE = (
    r'"\}[\s\p{Z}]*$|\{\{|\$\{|\[object Object\]|%s|^[\s\p{Z}]*(?:null|undefined|NaN)[\s\p{Z}]*$'
)


def control(texts: pd.Series[Any]) -> Mask:
    """Find control characters, hidden characters at a text's ends, and directions left open.

    Line ends and tabs are fine, and so are direction marks in texts with right-to-left letters.

    Parameters
    ----------
    texts : Series
        Names or descriptions.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    markup, residue

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.control(pd.Series(["News\x07", "News\t"])).tolist()
    [True, False]
    """
    return _decided(texts, f"{_CONTROL}|[{_HIDDEN}]", _has_control)


def _has_control(text: str) -> bool:
    if re.search(_CONTROL, text) or _is_open(text):
        return True
    from_right = any(
        one.isalpha() and unicodedata.bidirectional(one) in ("R", "AL") for one in text
    )
    at_ends = "".join(re.findall(rf"^[\s{_HIDDEN}]+|[\s{_HIDDEN}]+$", text))
    return bool(re.search(f"[{_HIDDEN if not from_right else _ZERO_WIDTH}]", at_ends))


def _is_open(text: str) -> bool:
    """Return whether an embedding or an isolate is not closed; an isolate closes what is in it."""
    closers: list[str] = []
    for one in text:
        if one in _CLOSED_BY:
            closers.append(_CLOSED_BY[one])
        elif one == "\u202c" and closers[-1:] == [one]:
            closers.pop()
        elif one == "\u2069" and one in closers:
            while closers.pop() != one:
                pass
    return bool(closers)


def markup(texts: pd.Series[Any]) -> Mask:
    """Find tags, comments and entities of HTML: "<br/>", "<font size=2>", "&eacute;", "&#39;".

    Parameters
    ----------
    texts : Series
        Names or descriptions.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    control, residue

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.markup(pd.Series(["Tom &amp; Jerry", "Tom & Jerry"])).tolist()
    [True, False]
    """
    return _decided(texts, _MARKUP, _has_markup)


def _has_markup(text: str) -> bool:
    unnamed = _ENTITY.sub(lambda entity: entity[0] if entity[1] in html5 else " ", text)
    return bool(re.search(_MARKUP, unnamed))


def residue(texts: pd.Series[Any]) -> Mask:
    """Find remains of code: "{{title}}", "${name}", "[object Object]", "null", "NaN", "%s".

    Parameters
    ----------
    texts : Series
        Names or descriptions.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    markup, placeholder

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.residue(pd.Series(["{{title}}", "News"])).tolist()
    [True, False]
    """
    return _mask(pc.match_substring_regex(_arrow(texts), _RESIDUE))


# --- Case, length, equality -----------------------------------------------------------------------


def shouting(texts: pd.Series[Any], letters: int) -> Mask:
    """Find texts of more than `letters` letters, all of them capitals.

    Parameters
    ----------
    texts : Series
        Names or descriptions.
    letters : int
        The longest text in capitals that is not found.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    too_long

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.shouting(pd.Series(["THE EVENING NEWS", "BBC"]), 12).tolist()
    [True, False]
    """
    return _decided(texts, r"^[^\p{Ll}\p{Lo}]*$", lambda text: _shouts(text, letters))


def _shouts(text: str, letters: int) -> bool:
    alphabetic = [one for one in text if one.isalpha()]
    return len(alphabetic) > letters and all(map(str.isupper, alphabetic))


def too_long(texts: pd.Series[Any], characters: int) -> Mask:
    """Find texts of more than `characters` characters.

    Parameters
    ----------
    texts : Series
        Names or descriptions.
    characters : int
        The longest text that is not found.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    shouting

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.too_long(pd.Series(["News at ten", "News"]), 10).tolist()
    [True, False]
    """
    return _mask(pc.greater(pc.utf8_length(_arrow(texts)), characters))


def same(one: pd.Series[Any], other: pd.Series[Any], *, full_stop: bool = False) -> Mask:
    """Find rows whose two texts are equal but for case and blanks; blank texts are not found.

    Parameters
    ----------
    one, other : Series
        The two texts of each row.
    full_stop : bool, default False
        Whether a full stop at the end of either is ignored too.

    Returns
    -------
    array of bool
        One value per text: True where it fails.

    See Also
    --------
    placeholder

    Examples
    --------
    >>> import pandas as pd
    >>> from kott_notebooks.audits import texts
    >>> texts.same(pd.Series(["News"]), pd.Series(["news."]), full_stop=True).tolist()
    [True]
    """
    sides = [pc.utf8_trim_whitespace(_arrow(texts)) for texts in (one, other)]
    first = [pc.utf8_lower(pc.utf8_slice_codeunits(side, 0, 1)) for side in sides]
    equal = _mask(pc.equal(*first))  # the rest is compared for those alone: folding takes seconds
    rows = np.flatnonzero(equal)
    bare, others = (_without_blanks(side.take(pa.array(rows)), full_stop) for side in sides)
    equal[rows] = [a == b != "" for a, b in zip(bare, others, strict=True)]
    return equal


def _without_blanks(side: Any, full_stop: bool) -> list[str]:
    bare = pc.replace_substring_regex(side, r"[\s\p{Z}]+", "")
    if full_stop:
        bare = pc.replace_substring_regex(bare, "[.。।]$", "")
    return [text.casefold() for text in bare.to_pylist()]


def _decided(texts: pd.Series[Any], pattern: str, decide: Callable[[str], bool]) -> Mask:
    """Find texts that match a pattern and satisfy a function."""
    text = _arrow(texts)
    mask = _mask(pc.match_substring_regex(text, pattern))
    rows = np.flatnonzero(mask)
    mask[rows] = [decide(one) for one in text.take(pa.array(rows)).to_pylist()]
    return mask


def _arrow(texts: pd.Series[Any]) -> Any:
    return pa.array(texts.astype("str").array, pa.string())


def _mask(answers: Any) -> Mask:
    """Return answers as a mask; an absent one is False."""
    return np.asarray(pc.fill_null(answers, False), dtype=bool)
