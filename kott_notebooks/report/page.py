"""What every self-contained page shares: templates, data and files embedded, light and dark.

    from kott_notebooks.report.page import Page, page, render, resource

    body = render("audit.html", title=title, rules=rules)
    page("Audit", body, data=rows, style=resource("audit.css"), script=resource("audit.js"))

`body` is trusted HTML: text from a table is escaped by the template, or goes into `data`. The
script gets `data` (anything that JSON can hold) by `const rows = await data()`, since it runs as a
module after page.js, and has to write it as text (`textContent`), never as HTML. page.css has the
colours, for light and dark, as variables (`--ink` on `--paper`, `--error` ...); a button of the
class `theme` in the body switches between them. The content security policy lets a page load
nothing and run no script but its own: an `onclick=` does nothing, a `style=` is fine.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from kott_notebooks.tables.files import write_text

# A frame takes its colour scheme from the element that holds it
_LIGHT_OR_DARK = (
    '[data-jp-theme-light="true"] .kott-page, .vscode-light .kott-page { color-scheme: light } '
    '[data-jp-theme-light="false"] .kott-page, .vscode-dark .kott-page, '
    "html[theme=dark] .kott-page { color-scheme: dark }"
)


@dataclass(frozen=True, repr=False)
class Page:
    """A page, which a notebook's cell shows.

    Attributes
    ----------
    title : str
        What the page is called.
    html : str
        All of it.
    height : int
        Pixels in a notebook.
    """

    title: str
    html: str
    height: int = 700

    def save(self, path: str | Path) -> Path:
        """Write the page to a file that any browser opens, and return its path."""
        return write_text(path, [self.html])

    def __repr__(self) -> str:
        return f"<kott page: {self.title}, {len(self.html.encode()) / 1000:,.0f} kB>"

    def _repr_html_(self) -> str:
        """Show the page in a frame that cannot reach the notebook; its links open elsewhere.

        It is light or dark as the notebook is (JupyterLab, VS Code, Colab).
        """
        return (
            f"<style>{_LIGHT_OR_DARK}</style>"
            f'<iframe class="kott-page" srcdoc="{text(self.html)}" title="{text(self.title)}" '
            'sandbox="allow-scripts allow-downloads allow-popups allow-popups-to-escape-sandbox" '
            f'style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )


def page(
    title: str, body: str, *, data: Any = None, style: str = "", script: str = "", height: int = 700
) -> Page:
    """Make a page of a body, its data, and the text of its own style and script."""
    code = f"{resource('page.js')}\n{script}"
    html = render(
        "page.html",
        title=title,
        digest=base64.b64encode(hashlib.sha256(code.encode()).digest()).decode(),
        style=Markup(f"{resource('page.css')}\n{style}"),
        body=Markup(body),
        data=packed(data),
        code=Markup(code),
    )
    return Page(title, html, height)


def render(name: str, **values: Any) -> Markup:
    """Fill a template of this package; every value is escaped."""
    return Markup(_templates().get_template(name).render(**values))


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FunctionLoader(resource),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["percent"] = _percent
    return templates


def _finalized(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def encodable(value: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode."""
    return value.encode("utf-8", "replace").decode()


def _percent(share: float) -> str:
    if share in (0, 1):
        return "100 %" if share else ""
    return f"{min(99.9, 100 * share):.1f} %"


def text(value: object) -> str:
    """Return a value as text that is escaped for HTML, also within an attribute."""
    return html.escape(encodable(str(value)))


def packed(value: Any) -> str:
    """Pack data as base64 of deflated JSON: small, and no text in it can end the script."""
    plain = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(plain.encode("utf-8", "replace"), 9)).decode()


def unpacked(encoded: str) -> Any:
    """Return the data that was packed, as `data()` does in a page."""
    return json.loads(zlib.decompress(base64.b64decode(encoded)))


def resource(name: str) -> str:
    """Read a file of this package: a style, a script."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")
