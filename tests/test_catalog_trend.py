"""Several audits side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kott_notebooks import catalog
from kott_notebooks.errors import KottError


def audited(now: str, *names: str | None) -> pd.DataFrame:
    """Audit assets of these names, and nothing else to them."""
    own = pd.Series(names, dtype="str")
    table = pd.DataFrame({"id": range(len(names)), "type": 9, "name": own})
    return catalog.audit(table, now=now)


BEFORE = audited("2026-03-01", None, None, "Harbour")
AFTER = audited("2026-03-02", "Ferry", "tba", "Harbour")


def rows(trend: pd.DataFrame, *rules: str) -> list[list[Any]]:
    own = trend[trend["rule"].isin(rules)]
    own = own.assign(when=own["when"].dt.day)
    return own[["when", "rule", "severity", "findings", "assets"]].to_numpy().tolist()


def test_a_rule_has_a_row_in_every_audit() -> None:
    """Also where it found nothing; the audits are put in order."""
    assert rows(catalog.trend([AFTER, BEFORE]), "text.missing_name", "text.placeholder") == [
        [1, "text.missing_name", "error", 2, 2],
        [1, "text.placeholder", "warning", 0, 0],
        [2, "text.missing_name", "error", 0, 0],
        [2, "text.placeholder", "warning", 1, 1],
    ]


def test_scores_are_those_of_each_audit() -> None:
    """By type, and over all; the table of assets is not needed again."""
    table = catalog.trend([BEFORE, AFTER], by="type")
    assert table["type"].tolist() == ["9", "all"] * 2
    assert table[["assets", "clean"]].to_numpy().tolist() == [[3, 1]] * 2 + [[3, 2]] * 2
    assert table["score"].tolist() == pytest.approx([250 / 3] * 2 + [292 / 3] * 2)


def test_audits_that_were_kept_say_when_they_were_made(tmp_path: Path) -> None:
    """Parquet keeps it; of another file the mapping says it."""
    AFTER.to_parquet(tmp_path / "after.parquet")
    kept = pd.read_parquet(tmp_path / "after.parquet")
    pd.testing.assert_frame_equal(catalog.trend([BEFORE, kept]), catalog.trend([BEFORE, AFTER]))
    plain = AFTER.copy()
    plain.attrs = {}
    dated = catalog.trend({"2026-03-01": BEFORE, "2026-03-02": plain})
    pd.testing.assert_frame_equal(dated, catalog.trend([BEFORE, AFTER]))
    with pytest.raises(KottError, match="do not say when they were made"):
        catalog.trend([plain])
    with pytest.raises(KottError, match="do not say how the assets scored"):
        catalog.trend({"2026-03-02": plain}, by="type")


@pytest.mark.parametrize("by", ["rule", "type"])
def test_no_audit_is_no_row(by: Any) -> None:
    """The columns and dtypes are those that a full table has."""
    none, some = catalog.trend([], by=by), catalog.trend([BEFORE], by=by)
    assert none.empty
    assert none.dtypes.equals(some.dtypes)


def test_a_slip_says_what_to_give() -> None:
    """One table is no list of them, and there are two ways to count."""
    with pytest.raises(KottError, match="give a list of findings"):
        catalog.trend(BEFORE)  # type: ignore[arg-type]
    with pytest.raises(KottError, match='by must be "rule" or "type"'):
        catalog.trend([BEFORE], by="id")  # type: ignore[arg-type]
