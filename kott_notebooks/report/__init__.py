"""Tables to pages: one HTML file that needs no network and shows itself in a notebook."""

from kott_notebooks.report.page import Page

__all__ = ["Page"]
