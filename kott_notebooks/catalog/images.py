"""The rules of images: the ratios that a struct needs, large enough, and no stand-ins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from kott_notebooks.catalog.view import Found, Mask, View


def find(view: View) -> Iterator[Found]:
    """Find what is wrong with images."""
    none = np.flatnonzero(~view.filled("images"))
    yield Found("image.none", none, "images", "It has no image at all.")
    needed = {ratio for needs in view.needs for ratio in needs.ratios}
    for ratio in sorted(needed):
        asked = np.array([ratio in needs.ratios for needs in view.needs])
        yield from _of_ratio(view, ratio, asked[view.code])


def _of_ratio(view: View, ratio: str, needed: Mask) -> Iterator[Found]:
    at = np.flatnonzero(view.images.of["ratio"] == ratio)
    row, of = view.images.row[at], view.images.of.iloc[at]
    field = f"images.{ratio}"
    some = np.bincount(row, minlength=view.count) > 0
    own = np.bincount(row[~of["default"]], minlength=view.count) > 0
    missing = np.flatnonzero(needed & ~some)
    yield Found("image.missing_ratio", missing, field, f"It has no image of {ratio}.")
    alike = np.flatnonzero(needed & some & ~own)
    yield Found("image.default", alike, field, f"Its only image of {ratio} is the default picture.")
    least = view.rules.widths.get(ratio, 0)
    widest = of["width"].groupby(row).max().reindex(range(view.count))
    small = np.flatnonzero(needed & (widest < least).fillna(False).to_numpy(bool))
    wide = pd.Series(widest.iloc[small].astype("str"), dtype="str")
    detail = (f"Its largest image of {ratio} is " + wide + f" wide, not {least}.").to_numpy(object)
    yield Found("image.too_small", small, field, detail)
