"""The rules of linear channels: reachable by programmes, and able to do what they promise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kott_notebooks.audits import texts
from kott_notebooks.catalog.view import Found, View
from kott_notebooks.tables.columns import need


def find(view: View) -> Iterator[Found]:
    """Find what is wrong with linear channels."""
    linear = view.role("linear")
    ids = view.text("externalIds")
    if not texts.blank(ids).all():
        mute = np.flatnonzero(linear & texts.blank(ids))
        detail = "It has no id that programmes could refer to."
        yield Found("channel.no_epg_id", mute, "externalIds", detail)
    if view.epg is not None:
        on_air = need(view.epg, "linearAssetId")["linearAssetId"].drop_duplicates()
        known = on_air.convert_dtypes().astype("str")  # as text: files make numbers of ids, or not
        silent = np.flatnonzero(linear & ~np.isin(view.ids[:-1].astype(str), list(known.dropna())))
        yield Found("channel.no_programmes", silent, "id", "No programme is on it.")
    if "enableCatchUp" in view.table and view.anywhere("catchUpBuffer"):
        on = view.table["enableCatchUp"].astype("boolean").fillna(False).to_numpy(bool)
        none = view.table["catchUpBuffer"].fillna(0).le(0).to_numpy(bool)
        rows = np.flatnonzero(linear & on & none)
        detail = "It has catch-up, and no buffer for it."
        yield Found("channel.catchup_without_buffer", rows, "catchUpBuffer", detail)
