"""Notebooks as pages: one file each that needs no network, and a summary on top for mail."""

from __future__ import annotations

import base64
import html
import io
import re
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from kott_notebooks.audits.rulebook import RulesSource
from kott_notebooks.report import parts
from kott_notebooks.report.page import Page, page, render, resource
from kott_notebooks.tables.columns import need
from kott_notebooks.tables.provenance import facts

CAUSES = 5  # rules that a summary names
_PNG = re.compile(r'src="data:image/png;base64,([^"]+)"')
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)  # of outputs: a page runs only its own


@dataclass(frozen=True)
class Digest:
    """A summary of an audit, three numbers and five causes, that notebooks and mails can show.

    Attributes
    ----------
    numbers : dict of str
        The numbers by what they count.
    causes : list of dict
        The causes, the worst first.
    """

    numbers: dict[str, str]
    causes: list[dict[str, Any]]

    def _repr_html_(self) -> str:
        """Show it by inline styles alone, which is what mail programs understand."""
        return render("digest.html", numbers=self.numbers, causes=self.causes)

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name} {value}" for name, value in self.numbers.items())
        causes = [f"{one['findings']:,} x {one['rule']}: {one['hint']}" for one in self.causes]
        return "\n".join([numbers, *causes])


def digest(findings: pd.DataFrame, rules: RulesSource | None = None) -> Digest:
    """Sum an audit up for a mail: three numbers and the five worst causes.

    Parameters
    ----------
    findings : DataFrame
        Findings of any audit.
    rules : path, mapping or Rules, optional
        The rules of the audit; see `audits.rules`.

    Returns
    -------
    Digest
        How much was audited, how many errors and, of assets, the score, else how many warnings;
        the rules with the worst severity and most impact. It shows itself in a notebook, with
        styles that survive in a mail.

    Raises
    ------
    KottError
        The table lacks a column.

    See Also
    --------
    audit, as_json

    Examples
    --------
    >>> import kott_notebooks as kott
    >>> from kott_notebooks import catalog, demo, report
    >>> session = demo.login(assets=200, channels=4, days=1, households=0)
    >>> summary = report.digest(catalog.audit(kott.assets(session)))
    >>> list(summary.numbers), len(summary.causes)
    (['assets', 'errors', 'score'], 5)
    """
    findings = need(findings, *parts.NEEDED)
    known, counts = facts(findings), parts.counted(findings)
    of = parts.audited(findings)
    numbers = {of.rows: f"{known['judged']:,}" if "judged" in known else "?"}
    numbers |= {"errors": f"{counts['error']:,}"}
    overall = [one["score"] for one in known.get("scores", []) if one["type"] == "all"]
    if overall and not pd.isna(overall[0]):
        numbers["score"] = f"{overall[0]:.1f} of 100"
    else:
        numbers["warnings"] = f"{counts['warning']:,}"
    worst = parts.by_rule(findings, rules).head(CAUSES)
    causes = [
        {"rule": rule, "severity": severity, "findings": int(count), "hint": hint}
        for rule, severity, count, hint in zip(
            worst["rule"], worst["severity"], worst["findings"], worst["hint"], strict=True
        )
    ]
    return Digest(numbers, causes)


def notebook(book: Any, title: str, *, code: bool = True) -> Page:
    """Make a page of a notebook that was run: words, code, tables that sort, pictures.

    The output of a cell that is tagged `summary` stands on top; cells tagged `screen`, which need
    scripts of their own, are left out. Without `code` only words and outputs are shown.
    """
    from nbconvert import HTMLExporter

    summaries = [cell for cell in book.cells if "summary" in cell.metadata.get("tags", [])]
    shown = {**book, "cells": [cell for cell in book.cells if not _is_left_out(cell)]}
    options: dict[str, Any] = {
        "template_name": "basic",
        "exclude_input": not code,
        "exclude_input_prompt": True,
        "exclude_output_prompt": True,
        "exclude_anchor_links": True,
    }
    exporter: Any = HTMLExporter(**options)
    body, _ = exporter.from_notebook_node(type(book)(shown))
    top = "".join(
        output["data"]["text/html"]
        for cell in summaries
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    )
    cells = Markup(_PNG.sub(_smaller, _SCRIPT.sub("", body)))
    content = render("notebook.html", title=title, summary=Markup(top), cells=cells)
    style = resource("notebook.css") + resource("tables.css")
    return page(title, content, style=style, script=resource("tables.js"))


def first_picture(made: Page) -> str:
    """Return the first picture of a page as a data URL, "" where it has none."""
    first = _PNG.search(made.html)
    return f"data:image/png;base64,{first[1]}" if first else ""


def _is_left_out(cell: Any) -> bool:
    return not {"summary", "screen"}.isdisjoint(cell.metadata.get("tags", []))


def _smaller(source: re.Match[str]) -> str:
    """Write a picture with 256 colours: it looks the same, and is a third of the size."""
    from PIL import Image

    given = base64.b64decode(html.unescape(source[1]))
    few = io.BytesIO()
    picture = Image.open(io.BytesIO(given)).convert("RGB")
    picture.quantize(method=Image.Quantize.FASTOCTREE).save(few, "PNG", optimize=True)
    least = min(given, few.getvalue(), key=len)
    return f'src="data:image/png;base64,{base64.b64encode(least).decode()}"'
