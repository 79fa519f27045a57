"""What the API has, as tables: read from the schema, asks nobody."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kott_notebooks import schema
from kott_notebooks.errors import KottError


def services() -> pd.DataFrame:
    """List every action, one row each: service, action, returns, items `str`, pager `boolean`.

    `items` is the class of a list's entries, absent for an action that answers no list.
    """
    rows = [(one.service, one.name, one.returns, one.items, one.pager) for one in schema.actions()]
    table = pd.DataFrame(rows, columns=["service", "action", "returns", "items", "pager"])
    texts = dict.fromkeys(("service", "action", "returns", "items"), "str")
    return table.astype({**texts, "pager": "boolean"})


def describe(name: str) -> pd.DataFrame:
    """Describe what the API calls by a name.

    - `"asset.list"`, an action: one row an argument; `name`, `type` str, `required` boolean.
    - `"KalturaMediaAsset"`, a class: one row a property; `name`, `type`, `of` (the class that
      brings it) str, `personal` boolean.
    - `"KalturaAssetOrderBy"`, an enum: one row a value; `name`, `value` str.

    Raises KottError, naming what comes close, for a name that the API does not have.
    """
    service, _, action = name.partition(".")
    found = schema.action(service, action) if action else None
    if found:
        return _table(
            {"name": arg, "type": kind.removesuffix("?"), "required": not kind.endswith("?")}
            for arg, kind in found.args.items()
        ).astype({"required": "boolean"})
    if schema.is_class(name):
        personal = schema.personal(name) | schema.secret(name)
        return _table(
            {"name": own, "type": kind, "of": cls, "personal": own in personal}
            for cls in schema.ancestry(name)
            for own, kind in schema.own_properties(cls).items()
        ).astype({"personal": "boolean"})
    if schema.enum(name):
        return _table({"name": key, "value": str(v)} for key, v in schema.enum(name).items())
    close = ", ".join(schema.close_to(name))
    raise KottError(
        f"The API has no {name!r}{': did you mean ' + close + '?' if close else '.'} "
        "kott.services() lists every action."
    )


def _table(rows: Any) -> pd.DataFrame:
    table = pd.DataFrame(list(rows))
    columns = list(table.columns) or ["name", "type", "required"]
    table = table.reindex(columns=columns)
    return table.astype({c: "str" for c in columns if c not in ("required", "personal")})
