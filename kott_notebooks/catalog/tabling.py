"""The rules of the audit laid out as a table that people read."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

import pandas as pd

from kott_notebooks.catalog.rulebook import OTHER, Rules, given

STATED = (
    frozenset(  # those of which KSQL can say what they find, where it can be quoted and is short
        (
            *("window.not_started", "window.ending", "window.endless"),
            *("meta.missing", "meta.out_of_range", "meta.unknown_value", "meta.near_duplicate"),
            *("text.missing_name", "text.missing_description", "text.placeholder"),
            *("identity.duplicate_external_id", "series.orphan_episode"),
        )
    )
)


def rule_table(rules: Rules | str | PathLike[str] | None = None) -> pd.DataFrame:
    """Lay the rules of the audit of assets out: one row a rule, in the order of findings.

    rule, severity (error, warning, info, off) `str`; threshold (in words, as the rules have it;
    absent where a rule has none), hint (what to do), movielabs (category/term of the MovieLabs QC
    Vocabulary, absent where none fits) `str`; ksql `boolean`: whether findings can carry KSQL that
    finds them on the server. `rules` are those of `catalog.rules`, or the path of a file.
    """
    own = given(rules)
    rows = [
        {
            "rule": rule,
            "severity": severity,
            "threshold": _THRESHOLDS[rule](own) or None if rule in _THRESHOLDS else None,
            "hint": own.hints.get(rule),
            "movielabs": own.movielabs.get(rule),
            "ksql": rule in STATED,
        }
        for rule, severity in own.severities.items()
    ]
    texts = ("rule", "severity", "threshold", "hint", "movielabs")
    return pd.DataFrame(rows).astype(dict.fromkeys(texts, "str") | {"ksql": "boolean"})


def _by_struct(rules: Rules, need: str) -> str:
    """Say what structs need, those with the same need together."""
    same: dict[tuple[str, ...], list[str]] = {}
    for struct, needs in rules.structs.items():
        if getattr(needs, need):
            name = "others" if struct == OTHER else struct
            same.setdefault(getattr(needs, need), []).append(name)
    return "; ".join(f"{', '.join(names)}: {', '.join(own)}" for own, names in same.items())


def _ranges(rules: Rules) -> str:
    limits = rules.thresholds
    year = f"{rules.fields.year} {limits.year_first} to {limits.years_ahead} years ahead"
    own = [f"{name} {least:g} to {most:g}" for name, (least, most) in rules.ranges.items()]
    return "; ".join([year, *own])


_THRESHOLDS: dict[str, Callable[[Rules], str]] = {
    "image.missing_ratio": lambda own: _by_struct(own, "ratios"),
    "image.too_small": lambda own: (
        "below " + ", ".join(f"{width} pixels at {ratio}" for ratio, width in own.widths.items())
    ),
    "image.default": lambda own: _by_struct(own, "ratios"),
    "file.none": lambda own: _by_struct(own, "files"),
    "file.missing_type": lambda own: _by_struct(own, "files"),
    "file.duration_mismatch": lambda own: (
        f"more than {own.thresholds.duration_percent:g} % off their median"
    ),
    "file.no_trailer": lambda own: _by_struct(own, "trailer"),
    "window.ending": lambda own: f"within {own.thresholds.ending_days:g} days",
    "window.endless": lambda own: f"{own.thresholds.endless_years:g} years ahead and more",
    "meta.missing": lambda own: _by_struct(own, "mandatory"),
    "meta.out_of_range": _ranges,
    "meta.unknown_value": lambda own: "; ".join(
        f"{name}: {', '.join(values)}" for name, values in own.values.items()
    ),
    "language.missing": lambda own: ", ".join(own.languages),
    "language.untranslated": lambda own: f"more than {own.thresholds.untranslated_letters} letters",
    "text.shouting": lambda own: f"more than {own.thresholds.shouting_letters} letters",
    "text.too_long": lambda own: (
        f"name over {own.thresholds.name_characters:,}, "
        f"description over {own.thresholds.description_characters:,} characters"
    ),
    "identity.twin": lambda own: (
        f"one edit apart, in names of {own.thresholds.twin_letters} letters and more"
    ),
}
