"""Several audits side by side: what became of each rule, and of the score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import pandas as pd

from kott_notebooks.audits.findings import SEVERITIES
from kott_notebooks.errors import KottError
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.provenance import facts
from kott_notebooks.times import instant

_DTYPES = {"when": "datetime64[us, UTC]", "rule": "str", "severity": "str", "type": "str"}
_DTYPES |= {"findings": "Int64", "assets": "Int64", "clean": "Int64", "score": "Float64"}
_BY_RULE = ("when", "rule", "severity", "findings", "assets")
_BY_TYPE = ("when", "type", "assets", "clean", "score")


def trend(
    audits: Mapping[Any, pd.DataFrame] | Iterable[pd.DataFrame],
    *,
    by: Literal["rule", "type"] = "rule",
) -> pd.DataFrame:
    """Lay several audits side by side, by when they were made: one row an audit and rule, or type.

    `audits` are findings as `catalog.audit` gave them, also read back from Parquet, which keeps
    when they were made; or a mapping from times to findings. By rule: when
    `datetime64[us, UTC]`, rule, severity (of then, or the last known) `str`, findings, assets
    `Int64`; a rule that any of the audits found has a row in each, of 0 where it found nothing. By
    type: when, type (and `all`), assets, clean, score `Float64`, as `catalog.score` gave them
    then. Raises KottError for findings that do not say when they were made, or how they scored.
    """
    if by not in ("rule", "type"):
        raise KottError(f'trend by {by!r} is not there: by="rule" or by="type".')
    dated = sorted(_dated(audits), key=lambda pair: pair[0])
    rows = _scores(dated) if by == "type" else _counts(dated)
    columns = _BY_TYPE if by == "type" else _BY_RULE
    table = pd.DataFrame(rows, columns=list(columns))
    return table.astype({column: _DTYPES[column] for column in columns})


def _dated(
    audits: Mapping[Any, pd.DataFrame] | Iterable[pd.DataFrame],
) -> list[tuple[pd.Timestamp, pd.DataFrame]]:
    if isinstance(audits, pd.DataFrame):
        raise KottError("A trend takes several audits: give a list of findings.")
    if isinstance(audits, Mapping):
        return [(instant(when), findings) for when, findings in audits.items()]
    return [(instant(str(_said(findings, "when"))), findings) for findings in audits]


def _said(findings: pd.DataFrame, what: str) -> Any:
    said = facts(findings).get(what)
    if said is None:
        raise KottError(
            f"These findings do not say {_MISSING[what]}: give them as catalog.audit gave them, "
            "or kept as Parquet; a mapping {time: findings} says when they were made."
        )
    return said


_MISSING = {"when": "when they were made", "scores": "how the assets scored"}


def _counts(dated: list[tuple[pd.Timestamp, pd.DataFrame]]) -> list[dict[str, Any]]:
    counted = [(when, _by_rule(findings)) for when, findings in dated]
    known = {rule: row["severity"] for _, rows in counted for rule, row in rows.items()}
    return [
        {"when": when, "rule": rule, "severity": severity, "findings": 0, "assets": 0}
        | rows.get(rule, {})
        for when, rows in counted
        for rule, severity in known.items()
    ]


def _by_rule(findings: pd.DataFrame) -> dict[str, dict[str, Any]]:
    return {
        str(rule): {
            "severity": min(of["severity"], key=SEVERITIES.index),  # the worst
            "findings": len(of),
            "assets": of["id"].nunique(),
        }
        for rule, of in need(findings, "rule", "severity", "id").groupby("rule", sort=False)
    }


def _scores(dated: list[tuple[pd.Timestamp, pd.DataFrame]]) -> list[dict[str, Any]]:
    return [{"when": when, **row} for when, findings in dated for row in _said(findings, "scores")]
