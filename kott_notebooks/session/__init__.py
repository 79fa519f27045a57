"""login() and the Session it returns: the only object with state, and the only sender."""

from kott_notebooks.session.credentials import configured
from kott_notebooks.session.login import login
from kott_notebooks.session.pending import PendingSession
from kott_notebooks.session.session import Session, __version__

__all__ = ["PendingSession", "Session", "__version__", "configured", "login"]
