"""What the API has, as tables: from the schema, without a request."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from kott_notebooks import schema
from kott_notebooks.errors import KottError


def services() -> pd.DataFrame:
    """List every action of the API, from the schema; nothing is requested.

    Returns
    -------
    DataFrame
        One row per action: service, action, returns, items `str` (the class of a list's entries,
        absent for an action that returns no list), pager `boolean`.

    See Also
    --------
    describe : One action, class or enum.

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> services = kott.services()
    >>> services.query("service == 'region' and action == 'list'")["items"].tolist()
    ['KalturaRegion']
    """
    rows = [(one.service, one.name, one.returns, one.items, one.pager) for one in schema.actions()]
    table = pd.DataFrame(rows, columns=["service", "action", "returns", "items", "pager"])
    texts = dict.fromkeys(("service", "action", "returns", "items"), "str")
    return table.astype({**texts, "pager": "boolean"})


def describe(name: str) -> pd.DataFrame:
    """Describe what the API calls by a name: an action, a class or an enum.

    Parameters
    ----------
    name : str
        An action (`"asset.list"`), a class (`"KalturaMediaAsset"`) or an enum
        (`"KalturaAssetOrderBy"`).

    Returns
    -------
    pandas.DataFrame
        Of an action, one row per argument: `name`, `type` str, `required` boolean, `default` str
        (as JSON; absent where the schema has none). Of a class, one row per property, the
        inherited ones first: `name`, `type`, `of` (the class that declares it) str, `personal`
        boolean. Of an enum, one row per value: `name`, `value` str.

    Raises
    ------
    KottError
        The API has no such name; the message gives names that come close.

    See Also
    --------
    services

    Examples
    --------
    >>> kott.describe("asset.semanticSearch")
              name    type  required default
    0        query  string      True     NaN
    1  refineQuery    bool     False   false
    2         size     int     False      10
    """
    name = str(name)
    service, _, action = name.partition(".")
    known = schema.action(service, action) if action else None
    if known:
        arguments = [
            (
                argument,
                kind.removesuffix("?"),
                not kind.endswith("?"),
                json.dumps(known.defaults[argument]) if argument in known.defaults else None,
            )
            for argument, kind in known.args.items()
        ]
        return _table(arguments, ["name", "type", "required", "default"])
    if schema.is_class(name):
        personal = schema.personal(name) | schema.secret(name)
        properties = [
            (own, kind, cls, own in personal)
            for cls in schema.ancestry(name)
            for own, kind in schema.own_properties(cls).items()
        ]
        return _table(properties, ["name", "type", "of", "personal"])
    if schema.enum(name):
        values = [(key, str(value)) for key, value in schema.enum(name).items()]
        return _table(values, ["name", "value"])
    close = ", ".join(schema.close_to(name))
    raise KottError(
        f"The API has no {name!r}{': did you mean ' + close + '?' if close else '.'} "
        "kott.services() lists every action."
    )


def _table(rows: Sequence[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    flags = ("required", "personal")
    dtypes = {name: "boolean" if name in flags else "str" for name in columns}
    return pd.DataFrame(rows, columns=columns).astype(dtypes)
