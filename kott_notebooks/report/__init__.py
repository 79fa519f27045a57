"""Tables to pages and files: HTML that needs no network, workbooks, JSON for programs."""

from kott_notebooks.report.audit import audit
from kott_notebooks.report.guide import guide
from kott_notebooks.report.notebook import Digest, digest
from kott_notebooks.report.page import Page
from kott_notebooks.report.plain import as_json
from kott_notebooks.report.shown import Shown, show
from kott_notebooks.report.workbook import workbook

__all__ = [
    "Digest", "Page", "Shown", "as_json", "audit", "digest", "guide", "show", "workbook",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
