"""Tables to pages and files: HTML that needs no network, work books, JSON for programs."""

from kott_notebooks.report.audit import audit
from kott_notebooks.report.page import Page
from kott_notebooks.report.plain import as_json
from kott_notebooks.report.workbook import workbook

__all__ = ["Page", "as_json", "audit", "workbook"]
