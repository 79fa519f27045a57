"""Records become tables; nothing here asks the network or draws."""

from kott_notebooks.tables.frames import frame

__all__ = ["frame"]
