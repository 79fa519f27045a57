"""Widgets in a notebook that is saved, and opened again without a kernel."""

from __future__ import annotations

from typing import Any

import ipywidgets

ENTER = 0.5  # seconds: the message of Enter overtakes the one with the last letters typed
_STYLE = """\
.jp-OutputArea-child:has(.kott-live) + .jp-OutputArea-child:has(.kott-static),
.jp-OutputArea-child:not(:has(.kott-live)):has(+ .jp-OutputArea-child .kott-static)
  { display: none }"""


class WithCopy:
    """Shows a box of widgets, and beside it a copy in HTML for whoever opens the notebook later.

    JupyterLab and Notebook write "model not found" where a widget has no kernel; the style sheet of
    the copy hides that, and hides the copy as long as the widget is alive (its class is
    `kott-live`).
    """

    def __init__(self, box: ipywidgets.VBox) -> None:
        self.box = box
        self.box.add_class("kott-live")
        self._copy: Any = None  # what IPython updates in the cell

    def static(self) -> str:
        """Return what is shown as HTML that needs no kernel."""
        raise NotImplementedError

    def update(self) -> None:
        """Bring the copy up to date."""
        if self._copy is not None:
            self._copy.update(self._bundle(), raw=True)

    def _bundle(self) -> dict[str, Any]:
        html = f"<style>{_STYLE}</style><div class='kott-static'>{self.static()}</div>"
        return {"text/plain": repr(self), "text/html": html}

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle = self.box._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        display({**data, "text/plain": repr(self)}, raw=True)
        self._copy = display(self._bundle(), raw=True, display_id=True)
