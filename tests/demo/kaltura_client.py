"""Walks the demo with Kaltura's published client, and prints what it saw as JSON.

Not a test: `test_kaltura_client.py` runs it in an environment of its own, where that client (and
nothing of ours) is installed. Arguments: the server's address, partner, username, password, a
household's id and the KSQL to list by.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

kaltura = import_module("KalturaClient")
core = import_module("KalturaClient.Plugins.Core")
exceptions = import_module("KalturaClient.exceptions")


def connect(url: str) -> Any:
    """Make a client of a server."""
    return kaltura.KalturaClient(kaltura.KalturaConfiguration(url))


def search(ksql: str) -> Any:
    """Make a filter."""
    made = core.KalturaSearchAssetFilter()
    made.setKSql(ksql)
    return made


def page(index: int, size: int = 50) -> Any:
    """Make a pager."""
    made = core.KalturaFilterPager()
    made.setPageIndex(index)
    made.setPageSize(size)
    return made


def code(call: Callable[..., Any], *arguments: Any) -> str | None:
    """Call what must be refused, and give the code that the client's exception carries."""
    try:
        call(*arguments)
    except exceptions.KalturaException as error:
        return str(error.code)
    return None


def every_asset(client: Any, ksql: str) -> tuple[list[Any], int]:
    """List assets through all pages."""
    matches: list[Any] = []
    index = 1
    while True:
        answer = client.asset.list(search(ksql), page(index))
        matches += answer.objects
        if not answer.objects or len(matches) >= answer.totalCount:
            return matches, answer.totalCount
        index += 1


def together(client: Any, partner: int, household: int) -> Any:
    """Log in and list in one request; give what came, or the name of what the client lacks."""
    client.setKs(None)
    client.startMultiRequest()
    session = client.ottUser.anonymousLogin(partner)
    client.setKs(session.ks)
    client.asset.list(search("asset_type='media'"), page(1, 3))
    client.household.get(household)
    try:
        return client.doMultiRequest()
    except AttributeError as error:
        return str(error)


class WithChildren(ElementTree.Element):
    """An element with the method that Python 3.9 took away."""

    def getchildren(self) -> list[ElementTree.Element]:
        """List the children."""
        return list(self)


class Shim:
    """What the client needs of ElementTree, with elements that have `getchildren`."""

    ParseError = ElementTree.ParseError

    @staticmethod
    def fromstring(text: bytes) -> Any:
        """Parse a reply."""
        builder = ElementTree.TreeBuilder(element_factory=WithChildren)
        return ElementTree.fromstring(text, parser=ElementTree.XMLParser(target=builder))


def walk(
    url: str, partner: int, username: str, password: str, household: int, ksql: str
) -> dict[str, Any]:
    """Do what issue 3 asks of the client, in order."""
    client = connect(url)
    saw: dict[str, Any] = {"wrong_password": code(client.ottUser.login, partner, username, "wrong")}
    client.setKs(client.ottUser.anonymousLogin(partner).ks)
    saw["anonymous"] = client.asset.list(search(ksql), page(1)).totalCount
    saw["forbidden"] = code(client.household.get, household)
    answer = client.ottUser.login(partner, username, password)
    saw["user"] = answer.user.username
    client.setKs(answer.loginSession.ks)
    assets, saw["total"] = every_asset(client, ksql)
    saw["ids"] = [one.id for one in assets]
    saw["names"] = [one.name for one in assets]
    saw["years"] = [getattr(one.metas.get("Year"), "value", None) for one in assets]
    saw["tags"] = {
        name: [value.value for value in tag.objects] for name, tag in assets[0].tags.items()
    }
    got = client.asset.get(assets[0].id, "media")
    saw["got"] = [got.id, got.name, got.startDate]
    saw["no_such_asset"] = code(client.asset.get, 1, "media")
    saw["syntax"] = code(client.asset.list, search("(and name"), page(1))
    home = client.household.get(household)
    saw["household"] = [home.id, home.externalId, home.devicesLimit]
    given = core.KalturaHouseholdUserFilter()
    given.setHouseholdIdEqual(household)
    saw["users"] = [one.userId for one in client.householdUser.list(given).objects]
    saw["without_shim"] = together(connect(url), partner, household)
    vars(import_module("KalturaClient.Client"))["etree"] = Shim
    login, listed, refused = together(connect(url), partner, household)
    saw["together"] = [login.ks[:5], len(listed.objects), str(refused.code)]
    return saw


if __name__ == "__main__":
    url, partner, username, password, household, ksql = sys.argv[1:]
    print(json.dumps(walk(url, int(partner), username, password, int(household), ksql)))
