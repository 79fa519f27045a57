"""A session -> a table: assets(), epg(), channels(), households() and any other list."""

from kott_notebooks.listings.assets import assets, channels, epg, facets
from kott_notebooks.listings.households import household_devices, household_users, households
from kott_notebooks.listings.ingests import ingest_results, ingests, views
from kott_notebooks.listings.others import labels, listing
from kott_notebooks.listings.planning import plan
from kott_notebooks.listings.refreshing import refresh
from kott_notebooks.listings.verifying import verify

__all__ = [
    "assets",
    "channels",
    "epg",
    "facets",
    "household_devices",
    "household_users",
    "households",
    "ingest_results",
    "ingests",
    "labels",
    "listing",
    "plan",
    "refresh",
    "verify",
    "views",
]
