"""The rules of languages: every text in every one, for tables listed with `language="*"`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.view import Found, View, is_translated

_OWN = {"name": "multilingualName", "description": "multilingualDescription"}


def find(view: View) -> Iterator[Found]:
    """Find what is not translated: names, descriptions, and metas in languages that are there.

    The values of tags are translated once for all, in the partner's tags, and not judged here.
    """
    laid = {field: view.translations(column) for field, column in fields(view).items()}
    wanted = languages(view, laid)
    for field, tokens in laid.items():
        tokens = tokens[~texts.blank(tokens["value"])]
        asked = np.ones(view.count, bool)
        if field not in _OWN:
            asked = view.table[field].notna().to_numpy(bool)
        for language in wanted:
            own = tokens.loc[tokens["language"] == language, "row"]
            rows = np.flatnonzero(asked & ~np.isin(np.arange(view.count), own))
            detail = f"Its {field.removeprefix('metas.').strip()} has no text in {language}."
            yield Found("language.missing", rows, f"{field}.{language}", detail)
        yield _untranslated(view, field, tokens)


def fields(view: View) -> dict[str, str]:
    """Give the fields that hold texts in all languages, and their columns."""
    own = {
        field: column
        for field, column in _OWN.items()
        if column in view.table and view.table[column].notna().any()
    }
    metas = [column for column in map(str, view.table.columns) if column.startswith("metas.")]
    return own | {
        column: column
        for column in metas
        if view.table[column].dtype == "str" and is_translated(view.table[column])
    }


def languages(view: View, laid: dict[str, pd.DataFrame]) -> list[str]:
    """List the languages that there should be: the rules', the labels', or those that occur."""
    if view.rules.languages:
        return list(view.rules.languages)
    found = [tokens["language"] for tokens in laid.values()]
    occurring = pd.concat(found).dropna().unique() if found else []
    if view.labels is not None:
        own = view.labels[view.labels["kind"] == "language"]
        for column in ("systemName", "id"):  # which of them has the code depends on the server
            if set(occurring) <= set(own[column]):
                return own[column].tolist()
    return sorted(occurring)


def _untranslated(view: View, field: str, tokens: pd.DataFrame) -> Found:
    again = tokens[tokens.duplicated(["row", "value"], keep=False)]
    letters = again["value"].str.count(r"[^\W\d_]")
    found = again[letters > view.rules.thresholds.untranslated_letters]
    said = found.groupby("row")["language"].agg(" and ".join)
    detail = f"Its {field.removeprefix('metas.').strip()} is the same in " + said + "."
    rows = said.index.to_numpy(np.intp)
    return Found("language.untranslated", rows, field, detail.to_numpy(object))
