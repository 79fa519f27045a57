"""The login form and the explorer; they hold ipywidgets, and subclass none."""

from kott_notebooks.widgets.explorer import Explorer, explore
from kott_notebooks.widgets.login import LoginForm

__all__ = ["Explorer", "LoginForm", "explore"]


def __dir__() -> list[str]:
    return __all__
