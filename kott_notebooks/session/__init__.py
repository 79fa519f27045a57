"""login() and the Session it gives: the one object with state, and the only one that asks."""

from kott_notebooks.session.session import Session, __version__, login

__all__ = ["Session", "__version__", "login"]
