"""Kaltura OTT Backend lists as complete pandas tables.

`login()` gives a Session; every other function takes one and gives a table, or takes a table.
"""

from kott_notebooks import ksql, schema
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
    labels,
    listing,
    plan,
    verify,
)
from kott_notebooks.listings.reference import describe, services
from kott_notebooks.report import guide
from kott_notebooks.session import Session, __version__, login
from kott_notebooks.tables.frames import coerce
from kott_notebooks.tables.nested import explode, flat, images, media_files, tags, translations
from kott_notebooks.tables.provenance import provenance

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
    "channels",
    "coerce",
    "describe",
    "epg",
    "explode",
    "facets",
    "flat",
    "guide",
    "household_devices",
    "household_users",
    "households",
    "images",
    "ksql",
    "labels",
    "listing",
    "load",
    "load_all",
    "login",
    "media_files",
    "plan",
    "provenance",
    "save",
    "schema",
    "services",
    "snapshots",
    "sql",
    "tags",
    "translations",
    "verify",
]
