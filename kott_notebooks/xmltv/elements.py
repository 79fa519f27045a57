"""The elements under an XMLTV file's root, one at a time, however large the file is."""

from __future__ import annotations

import gzip
import html
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.sax import make_parser

from kott_notebooks.errors import KottError

Attributes: TypeAlias = Any  # SAX's: get() and [] as a dict's

PIECE = 1 << 16  # bytes that are read at a time


class Element:
    """An element: its name, its attributes, its text without blanks at the ends, its children."""

    __slots__ = ("attributes", "children", "line", "name", "texts")

    def __init__(self, name: str, attributes: Attributes, line: int) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line  # of the root and what is right under it, else 0
        self.texts: list[str] = []
        self.children: dict[str, list[Element]] = {}

    @property
    def text(self) -> str:
        return "".join(self.texts).strip()

    def of(self, name: str) -> Sequence[Element]:
        """Give the children of a name."""
        return self.children.get(name, ())


def elements(path: str | Path) -> Iterator[Element]:
    """Give the root's start, without its children, then each element under it as it ends.

    Raises KottError that names the line where the file is no XML or no XMLTV.
    """
    handler = _Handler(path)
    parser = make_parser()
    parser.forbid_external = False  # a DOCTYPE names xmltv.dtd, which nobody fetches
    parser.setContentHandler(handler)
    handler.setDocumentLocator(parser)
    try:
        with _opened(path) as file:
            piece = None
            while piece != b"":
                piece = file.read(PIECE)
                parser.feed(piece)
                yield from handler.taken()
        parser.close()
    except SAXParseException as error:
        _refuse(path, error.getLineNumber(), f"{error.getMessage()}: this is no XML.", error)
    except DefusedXmlException as error:
        why = "entities are declared here, which no XMLTV needs."
        _refuse(path, handler.line, why, error)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        _refuse(path, handler.line, f"the gzip file is broken from here on: {error}.", error)
    except (OSError, LookupError, ValueError) as error:
        raise KottError(f"The guide in {path} cannot be read: {error}") from error
    yield from handler.taken()


def _opened(path: str | Path) -> Any:
    with Path(path).open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path) if zipped else Path(path).open("rb")


def _refuse(path: str | Path, line: int | None, why: str, error: Exception) -> None:
    raise KottError(f"{path}, line {line}: {why}") from error


class _Handler(ContentHandler):
    """Builds the elements under the root, and lets go of each that was taken."""

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = path
        self._done: list[Element] = []
        self._open: list[Element] = []

    @property
    def line(self) -> int:
        return int(self._locator.getLineNumber() or 0)  # type: ignore[attr-defined]

    def taken(self) -> list[Element]:
        """Give the elements that ended since the last time."""
        done, self._done = self._done, []
        return done

    def startElement(self, name: str, attrs: Attributes) -> None:  # noqa: N802 - SAX's name
        depth = len(self._open)
        element = Element(name, attrs, self.line if depth < 2 else 0)
        if depth == 0:
            self._begin(element)
        elif depth > 1:
            self._open[-1].children.setdefault(name, []).append(element)
        self._open.append(element)

    def endElement(self, name: str) -> None:  # noqa: N802
        ended = self._open.pop()
        if len(self._open) == 1:
            self._done.append(ended)

    def characters(self, content: str) -> None:
        if len(self._open) > 1:
            self._open[-1].texts.append(content)

    def skippedEntity(self, name: str) -> None:  # noqa: N802
        """Read `&eacute;` as the DTD of HTML has it; XMLTV's declares none."""
        self.characters(html.unescape(f"&{name};"))

    def _begin(self, root: Element) -> None:
        if root.name != "tv":
            raise KottError(
                f"{self.path}, line {root.line}: its root is <{root.name}>, and XMLTV's is <tv>."
            )
        self._done.append(root)
