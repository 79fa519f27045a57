"""The handler of each action: one table over all modules of actions."""

from __future__ import annotations

from functools import cache

from kott_notebooks import schema
from kott_notebooks.demo.backend import assets, households, lists, login, offers
from kott_notebooks.demo.backend.partner import Handler

# Two facts that the schema file lacks: actions of older servers, and of every server.
EXTRA = {
    ("ottuser", "refreshsession"): schema.Action(
        service="ottUser",
        name="refreshSession",
        args={"refreshToken": "string", "udid": "string?"},
        returns="object:KalturaLoginSession",
        items=None,
        pager=False,
    )
}


@cache
def _handlers() -> dict[str, Handler]:
    every = login.ACTIONS | assets.ACTIONS | households.ACTIONS | lists.ACTIONS
    every |= offers.ACTIONS
    return {name.lower(): handler for name, handler in every.items()}


def handler(action: schema.Action) -> Handler | None:
    """Find the handler of an action; a list without one returns the samples of its class."""
    own = _handlers().get(f"{action.service}.{action.name}".lower())
    return own or (lists.sampled if action.items else None)


def known(service: str, name: str, *, old: bool) -> schema.Action | None:
    """Find an action of the schema, or one that only older servers have."""
    extra = EXTRA.get((service.lower(), name.lower())) if old else None
    return extra or schema.action(service, name)


@cache
def is_service(name: str) -> bool:
    """Return whether there is such a service, in any case."""
    return any(name.lower() == one.lower() for one in schema.data()["services"])
