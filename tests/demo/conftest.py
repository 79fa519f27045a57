"""Small worlds at a fixed hour, and somebody who is logged in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kott_notebooks.demo import catalogue
from kott_notebooks.demo.backend import Backend

from .asking import NOW, Api, Clock, log_in


@pytest.fixture(scope="session")
def world() -> catalogue.World:
    """A small partner with nothing wrong in it."""
    return catalogue.build(
        seed=3, assets=300, channels=6, days=4, households=40, now=NOW, defects=False
    )


@pytest.fixture
def clock() -> Clock:
    """The server's clock."""
    return Clock()


Make = Callable[..., Backend]


@pytest.fixture
def make(world: catalogue.World, clock: Clock) -> Make:
    """A function that puts the small partner behind other rules."""

    def backend(**rules: Any) -> Backend:
        return Backend(world, clock=clock, **rules)

    return backend


@pytest.fixture
def api(make: Make) -> Api:
    """An operator of the small partner, on a strict server."""
    return log_in(make())


@pytest.fixture
def roomy(make: Make) -> Api:
    """An operator of the small partner, on a server with large pages."""
    return log_in(make(deployment="roomy"))
