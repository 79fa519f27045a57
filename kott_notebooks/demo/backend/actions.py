"""What each action does: one table over every module of actions."""

from __future__ import annotations

from functools import cache

from kott_notebooks import schema
from kott_notebooks.demo.backend import assets, households, lists, login, offers
from kott_notebooks.demo.backend.partner import Handler

# Two facts that the schema file leaves out: what older servers have, and what every one answers.
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
    """Find what carries an action out; a list without a handler shows the samples of its class."""
    own = _handlers().get(f"{action.service}.{action.name}".lower())
    return own or (lists.sampled if action.items else None)


def known(service: str, name: str, *, old: bool) -> schema.Action | None:
    """Find an action of the schema, or one that only older servers have."""
    extra = EXTRA.get((service.lower(), name.lower())) if old else None
    return extra or schema.action(service, name)


@cache
def is_service(name: str) -> bool:
    """Say whether there is such a service, in whatever case."""
    return any(name.lower() == one.lower() for one in schema.data()["services"])
