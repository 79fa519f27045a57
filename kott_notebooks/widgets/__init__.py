"""Widgets of a notebook: the login form. They are held, not subclassed."""

from kott_notebooks.widgets.login import LoginForm

__all__ = ["LoginForm"]
