"""The rule of fields that no row has: said once, instead of once a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kott_notebooks import schema
from kott_notebooks.audits import texts
from kott_notebooks.catalog.metas import mandatory
from kott_notebooks.catalog.view import Found, View

_ASIDE = {"metas", "tags", "multilingualName", "multilingualDescription"}
_MEDIA = "KalturaMediaAsset"


def find(view: View) -> Iterator[Found]:
    """Find fields of the rows' classes, or that the rules need, that no row has."""
    listed = _listed(view)
    for field in [*listed, *(one for one in _needed(view) if one not in listed)]:
        if not _anywhere(view, field):
            why = "" if view.columns_of(field) else ", or not asked for"
            who = "The schema lists it" if field in listed else "The rules need it"
            detail = f"{who}, and no row has it: not filled{why}, or not readable by your role."
            yield Found("field.unused", np.array([-1], np.intp), field, detail)


def _listed(view: View) -> list[str]:
    classes = set(view.table["objectType"].dropna()) if "objectType" in view.table else set()
    known = [_MEDIA, *sorted(cls for cls in classes if schema.is_class(cls))]
    return list(
        dict.fromkeys(n for cls in known for n in schema.properties(cls) if n not in _ASIDE)
    )


def _needed(view: View) -> list[str]:
    names = view.rules.fields
    series = [names.series, names.series_key, names.season, names.episode]
    return [*mandatory(view), *(series if view.role("episode").any() else ())]


def _anywhere(view: View, field: str) -> bool:
    if field in ("name", "description"):
        return not texts.blank(view.text(field)).all()
    return view.anywhere(field)
