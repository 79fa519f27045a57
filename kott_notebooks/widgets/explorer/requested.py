"""What a detail shows beyond its row, by requests: texts in every language, and who is hit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

import pandas as pd

from kott_notebooks.errors import KottError
from kott_notebooks.listings import assets, listing, views
from kott_notebooks.session import Session
from kott_notebooks.tables import nested
from kott_notebooks.tables.columns import id_texts
from kott_notebooks.widgets.explorer import cells
from kott_notebooks.widgets.explorer.pages import Detail

_TEXTS = {"name": "name", "words": "description"}  # of a detail, and the fields they come from
_SUBSCRIPTIONS = {"entityReferenceEqual": "household", "productTypeEqual": "subscription"}
MAX_HOUSEHOLDS = 50  # that are asked what they bought, one by one
Tables: TypeAlias = Mapping[str, pd.DataFrame]  # what was pulled, by tab
Facts: TypeAlias = Iterator[tuple[str, str]]


def in_full(session: Session, one: Detail, tables: Tables) -> Iterator[Detail]:
    """Yield the detail with more and more of what takes requests; what is refused is named."""
    if one.key:
        whole = assets(session, one.key, language="*", progress=False)
        pictures = cells.pictures(whole) or one.pictures
        one = replace(one, texts=_spoken(whole) or one.texts, pictures=pictures)
        yield one
    hit = list(one.facts.get(cells.HIT, []))
    for title, facts in _questions(session, one, tables):
        try:
            hit += facts
        except KottError as error:
            hit.append((title, f"not known ({error})"))
        yield replace(one, facts=one.facts | {cells.HIT: list(hit)})


def _spoken(whole: pd.DataFrame) -> list[dict[str, str]]:
    """Return the name and the description in every language that has one."""
    texts = []
    for code, part in nested.translations(whole).groupby("language", sort=False):
        by = dict(zip(part["field"], part["value"], strict=True))
        own = {name: cells.text(by.get(field)) for name, field in _TEXTS.items()}
        texts += [{"language": str(code), **own}] if any(own.values()) else []
    return texts


def _questions(session: Session, one: Detail, tables: Tables) -> Iterator[tuple[str, Facts]]:
    """Yield what is to be asked of the server, and how it is called where that fails."""
    if one.media is not None:
        yield "views", _views(session, one.media, "views in 30 days")
    elif one.channel is not None:
        yield "views", _views(session, one.channel, "views of its channel in 30 days")
    if one.channel is not None:
        yield "regions", _regions(session, one.channel, tables)
    elif one.media is not None:
        yield "entitled households", _entitled(session, one.media, tables)
    if one.user:
        yield "subscriptions", _subscribed(session, one.user)


def _views(session: Session, asset: int, title: str) -> Facts:
    counted = views(session, [asset], "today-30d", "now")["views"]
    yield title, "not counted" if counted.isna().all() else f"{int(counted.iloc[0]):,}"


def _regions(session: Session, channel: int, tables: Tables) -> Facts:
    """Name the regions that have a channel, and count the households there that are at hand."""
    regions = listing(session, "region", filter={"liveAssetIdEqual": channel}, progress=False)
    yield "regions", cells.listed(regions["name"]) or "none has this channel"
    homes = tables.get("households")
    if homes is not None and "regionId" in homes:
        there = id_texts(homes["regionId"]).isin(id_texts(regions["id"])).sum()
        yield "households there", f"{there:,} of the {len(homes):,} in the tab Households"


def _entitled(session: Session, media: int, tables: Tables) -> Facts:
    """Name the curated channels with an asset, their subscriptions, and count who has those."""
    held = listing(session, "channel", filter={"mediaIdEqual": media}, progress=False)
    yield "curated channels", cells.listed(held["name"]) or "none holds it"
    filters = [{"channelIdEqual": int(one)} for one in held["id"]]
    offers = [listing(session, "subscription", filter=one, progress=False) for one in filters]
    if not offers:
        return
    sold = pd.concat(offers).drop_duplicates("id")
    yield "subscriptions", cells.listed(sold["name"]) or "none has these channels"
    if not len(sold):
        return
    users = tables.get("users", pd.DataFrame(columns=["isMaster", "userId"]))
    masters = users.loc[users["isMaster"].fillna(False).astype(bool), "userId"].head(MAX_HOUSEHOLDS)
    if masters.empty:
        bought = [_bought(session)]
        of = "those that this login may see; the tab Households, once pulled, tells of its own"
    else:  # a server lists them for one user at a time
        bought = [_bought(session, one) for one in masters]
        of = f"the first {len(masters):,} in the tab Households"
    every = pd.concat(bought)
    homes = every.loc[id_texts(every["productId"]).isin(id_texts(sold["id"])), "householdId"]
    yield "entitled households", f"{homes.nunique():,} of {of}"


def _bought(session: Session, user: str | None = None) -> pd.DataFrame:
    """List the subscriptions of a user's household; without a user, those of the login's own."""
    return listing(session, "entitlement", filter=_SUBSCRIPTIONS, progress=False, userId=user)


def _subscribed(session: Session, user: str) -> Facts:
    """Name the subscriptions of the household of a user."""
    ids = id_texts(_bought(session, user)["productId"])
    names: dict[str, str] = {}
    if len(ids):
        sold = listing(session, "subscription", progress=False)
        names = dict(zip(id_texts(sold["id"]), sold["name"], strict=True))
    yield "subscriptions", cells.listed(ids.map(lambda one: names.get(one, one))) or "none"
