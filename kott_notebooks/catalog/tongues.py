"""Asset tables to tables: which texts stand in which languages; no call, no drawing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from kott_notebooks.audits import texts
from kott_notebooks.catalog.looking import view_of
from kott_notebooks.catalog.translated import fields
from kott_notebooks.errors import KottError

_DTYPES = {"field": "str", "language": "str", "rows": "Int64", "given": "Int64", "filled": "Int64"}


def languages(assets: pd.DataFrame, *, languages: Iterable[str] | None = None) -> pd.DataFrame:
    """Measure in which languages the assets of each type have their names, descriptions and metas.

    One row a type, field and language: type `Int64`, field, language `str`, rows (of the type),
    given (those with the field in any language), filled (in this one) `Int64`, share `Float64`
    (filled / given, absent where none is given). `languages` are codes as the API has them ("eng"),
    by default those that occur. Values of tags are translated once for all, and not counted. Only
    a table listed with `language="*"` has translations: KottError says so of another.
    """
    view = view_of(assets, "type")
    laid = {field: view.translations(column) for field, column in fields(view).items()}
    if not laid and view.count:
        raise KottError('No text here tells its language: list the assets with language="*".')
    tokens = _tokens(laid)
    wanted = sorted(tokens["language"].dropna().unique()) if languages is None else [*languages]
    codes, types = pd.factorize(view.table["type"], sort=True, use_na_sentinel=False)
    tokens["code"] = codes[tokens["row"]]
    given = tokens.drop_duplicates(["row", "field"]).groupby(["code", "field"]).size()
    filled = tokens.drop_duplicates().groupby(["code", "field", "language"]).size()
    cells = pd.MultiIndex.from_product([range(len(types)), laid, wanted], names=filled.index.names)
    table = cells.to_frame(index=False).join(given.rename("given"), on=["code", "field"])
    table = table.join(filled.rename("filled"), on=["code", "field", "language"])
    code = table.pop("code").to_numpy(np.intp)
    table.insert(0, "type", types.take(code))
    table.insert(3, "rows", np.bincount(codes, minlength=len(types))[code])
    counted = table.fillna({"given": 0, "filled": 0}).astype(_DTYPES)
    return counted.assign(share=counted["filled"] / counted["given"].where(counted["given"] > 0))


def _tokens(laid: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the texts of all fields that are not blank: row, field, language."""
    none = pd.DataFrame({"row": np.array([], np.intp), "field": "", "language": ""})
    parts = [own[~texts.blank(own["value"])].assign(field=field) for field, own in laid.items()]
    return pd.concat([none, *parts], ignore_index=True)[["row", "field", "language"]]
