"""Kaltura OTT Backend lists as complete pandas tables.

`login()` gives a Session; every other function takes one and gives a table, or takes a table.
`import kott_notebooks as kott` is all that a notebook needs: the modules that the functions below
do without (`demo`, `household`, `plots`, `scale`, `widgets`, `xmltv`) are loaded when they are
first used, the others (`audits`, `catalog`, `history`, `report`, `schedule`) at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kott_notebooks import ksql
from kott_notebooks.errors import (
    ApiError,
    CredentialsError,
    Forbidden,
    IncompleteError,
    Interrupted,
    KottError,
    KsqlError,
    LoginError,
    RateLimited,
    SessionExpired,
    TransportError,
    full_tracebacks,
)
from kott_notebooks.history import load, load_all, save, snapshots, sql
from kott_notebooks.ksql import K
from kott_notebooks.listings import (
    assets,
    channels,
    epg,
    facets,
    household_devices,
    household_users,
    households,
    ingest_results,
    ingests,
    labels,
    listing,
    plan,
    refresh,
    verify,
    views,
)
from kott_notebooks.listings.reference import describe, services
from kott_notebooks.report import guide, show
from kott_notebooks.session import Session, __version__, configured, login
from kott_notebooks.tables.diff import diff
from kott_notebooks.tables.export import conform, export
from kott_notebooks.tables.frames import coerce
from kott_notebooks.tables.names import with_names
from kott_notebooks.tables.nested import explode, flat, images, media_files, tags, translations
from kott_notebooks.tables.provenance import provenance

if TYPE_CHECKING:
    from kott_notebooks import (
        audits,
        catalog,
        demo,
        history,
        household,
        plots,
        report,
        scale,
        schedule,
        widgets,
        xmltv,
    )
    from kott_notebooks.widgets import explore

__all__ = [
    "ApiError",
    "CredentialsError",
    "Forbidden",
    "IncompleteError",
    "Interrupted",
    "K",
    "KottError",
    "KsqlError",
    "LoginError",
    "RateLimited",
    "Session",
    "SessionExpired",
    "TransportError",
    "__version__",
    "assets",
    "audits",
    "catalog",
    "channels",
    "coerce",
    "configured",
    "conform",
    "demo",
    "describe",
    "diff",
    "epg",
    "explode",
    "explore",
    "export",
    "facets",
    "flat",
    "full_tracebacks",
    "guide",
    "history",
    "household",
    "household_devices",
    "household_users",
    "households",
    "images",
    "ingest_results",
    "ingests",
    "ksql",
    "labels",
    "listing",
    "load",
    "load_all",
    "login",
    "media_files",
    "plan",
    "plots",
    "provenance",
    "refresh",
    "report",
    "save",
    "scale",
    "schedule",
    "services",
    "show",
    "snapshots",
    "sql",
    "tags",
    "translations",
    "verify",
    "views",
    "widgets",
    "with_names",
    "xmltv",
]

# Modules that are loaded when they are first used, so that importing this package stays light
_LAZY = frozenset({
    "audits", "catalog", "demo", "household", "plots", "scale", "schedule", "widgets", "xmltv",
})  # fmt: skip

if not TYPE_CHECKING:  # a type checker would accept any name

    def __getattr__(name: str) -> Any:
        if name in _LAZY:
            return import_module(f"kott_notebooks.{name}")
        if name == "explore":
            return import_module("kott_notebooks.widgets").explore
        raise AttributeError(f"module 'kott_notebooks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
