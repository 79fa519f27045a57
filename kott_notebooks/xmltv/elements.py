"""A guide's file -> the values of its elements, batch by batch, in one pass of expat.

Compression and encoding are recognized here; what a value means is left to others.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import gzip
import html.entities
import lzma
import re
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, TypeAlias, cast
from xml.parsers import expat

from kott_notebooks.errors import IncompleteError, KottError

Source: TypeAlias = str | Path | IO[bytes] | IO[str]
Value: TypeAlias = tuple[int, str, dict[str, str], int]  # row, text, attributes, line

PIECE = 1 << 16  # bytes that are parsed at a time
BATCH = 1_000  # programmes that become columns at a time
MAX_TAG = 1 << 20  # bytes; expat scans an open tag again with every piece
IN_MEMORY = 64 << 20  # bytes kept of a stream that cannot seek; a longer one goes to a file
CONTAINERS = {  # elements whose children are the values, and the child that their own text is
    **dict.fromkeys(("credits", "video", "audio"), ""),
    **{"subtitles": "language", "rating": "value", "star-rating": "value"},
}
_HIDDEN = {"image", "url"}  # inside a person's name
_UNREADABLE = (  # what a broken file raises, by the way that it is packed
    *(EOFError, OSError, ValueError, RuntimeError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
_WIDER = {  # what files that declare these encodings hold in fact
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950", "shift_jis": "cp932", "euc_kr": "cp949",
}  # fmt: skip
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_HTML_ENTITIES = "".join(  # `&eacute;`, which XMLTV's DTD does not declare and guides use
    f'<!ENTITY {name} "&#{code};">'
    for name, code in html.entities.name2codepoint.items()
    if name not in ("lt", "gt", "amp", "quot")
)


class Batch:
    """Some elements of one kind (channels or programmes), with the values that they hold.

    `values` maps a path (`title`, `credits/actor`) to one flat list: the row, the text, the
    attributes and the line of a value, then those of the next one.
    """

    def __init__(self) -> None:
        self.attributes: list[dict[str, str]] = []
        self.lines: list[int] = []
        self.values: defaultdict[str, list[Any]] = defaultdict(list)

    def add(self, events: list[Any]) -> None:
        """Add one element, given its events: line, name, attributes; texts; None at each end.

        The values are the children and, of CONTAINERS, the grandchildren. Elements below those are
        markup: their text is part of the value.
        """
        row, values = len(self.attributes), self.values
        depth, text, name, inner, nested = 0, "", "", "", False
        line, hidden, before = 0, False, ""
        attributes: dict[str, str] = {}
        outer = attributes
        walk = iter(events)
        for event in walk:
            if type(event) is str:
                text += event
            elif event is None:
                depth -= 1
                if depth == 1:
                    if not nested:
                        values[name] += (row, text, attributes, line)
                    elif not inner and CONTAINERS[name]:
                        values[f"{name}/{CONTAINERS[name]}"] += (row, text, attributes, line)
                elif nested and depth == 2:
                    values[f"{name}/{inner}"] += (row, text, attributes, line)
                elif nested and depth == 3 and hidden:
                    text = before
            else:
                tag, own = next(walk), next(walk)
                depth += 1
                if depth == 2:
                    line, name, attributes, text = event, tag, own, ""
                    nested, inner, outer = tag in CONTAINERS, "", own
                elif nested and depth == 3:
                    line, inner, text = event, tag, ""
                    attributes = {**outer, **own} if outer else own
                elif depth == 1:
                    self.attributes.append(own)
                    self.lines.append(event)
                elif nested and depth == 4:
                    hidden, before = tag in _HIDDEN, text

    def of(self, path: str, *, blank: bool = False) -> Iterable[Value]:
        """Return the values of a path that are not blank, or all of them, stripped."""
        flat = self.values.get(path, [])
        texts = map(str.strip, flat[1::4])
        values = zip(flat[0::4], texts, flat[2::4], flat[3::4], strict=True)
        return values if blank else filter(itemgetter(1), values)


class GuideFile:
    """A guide's file: `root` has the attributes of <tv>, `batches()` returns its children."""

    def __init__(self, source: Source) -> None:
        if not (isinstance(source, str | Path) or hasattr(source, "read")):
            raise KottError(f"source must be a path or a file object, not {source!r:.80}.")
        self.root: dict[str, str] | None = None
        self.name = str(source) if isinstance(source, str | Path) else "the guide"
        self._source = source
        self._batches: dict[str, Batch] = {}
        self._parser = expat.ParserCreate()

    @property
    def line(self) -> int:
        """Return the line up to which the file is parsed."""
        return self._parser.CurrentLineNumber

    def batches(self) -> Iterator[tuple[str, Batch]]:
        """Return `channel` or `programme` with some elements of that kind, in the file's order.

        Raises KottError for what is not XMLTV, and IncompleteError, after all that precedes the
        fault, where the file breaks off or is not XML from some line on.
        """
        failure: KottError | None = None
        try:
            with opened(self._source) as file:
                for _ in self._parse(file):
                    yield from self._taken()
        except KottError as error:
            failure = error
        except expat.ExpatError as error:
            failure = self._failure(f"{expat.ErrorString(error.code)}; this is not XML", error)
        except _UNREADABLE as error:
            failure = self._failure(f"the file is broken from here on ({error})", error)
        yield from self._taken()
        if failure is not None:
            raise failure

    def _failure(self, why: str, error: Exception) -> KottError:
        if self.root is None and isinstance(error, OSError):
            return KottError(f"The guide in {self.name} cannot be read: {error}")
        message = f"{self.name}, line {self.line}: {why}."
        return KottError(message) if self.root is None else IncompleteError(message)

    def _taken(self) -> Iterator[tuple[str, Batch]]:
        taken, self._batches = self._batches, {}
        yield from sorted(taken.items())  # channels first

    def _parse(self, file: IO[bytes]) -> Iterator[None]:
        """Parse a file, and stop after every BATCH elements for them to be taken."""
        read = getattr(file, "read1", file.read)  # read1 returns what precedes a broken part too
        data = read(PIECE)
        encoding, decoder = _encoding(data, self.name)
        parser = self._parser = self._prepared(encoding)
        size, fed, token = PIECE, 0, b""
        while data:
            if decoder is not None:
                data = decoder.decode(data).encode()
            parser.Parse(data)
            fed += len(data)
            open_bytes = fed - parser.CurrentByteIndex
            token = (token + data)[-open_bytes:] if open_bytes else b""
            is_tag = token[1:2] not in (b"!", b"?")  # and no comment or declaration
            if is_tag and len(token) > MAX_TAG:
                raise IncompleteError(
                    f"{self.name}, line {parser.CurrentLineNumber}: a tag with its attributes may "
                    f"have {MAX_TAG:,} bytes, and this one has more."
                )
            size = PIECE if is_tag else max(PIECE, len(token))  # else a long comment is quadratic
            if sum(len(one.lines) for one in self._batches.values()) >= BATCH:
                yield
            data = read(size)
        if decoder is not None:
            decoder.decode(b"", final=True)
        parser.Parse(b"", True)

    def _prepared(self, encoding: str | None) -> expat.XMLParserType:
        """Make a parser whose handlers collect the elements under the root.

        The handlers run for every tag, so they do little: `Batch.add` does the rest per element.
        """
        parser = expat.ParserCreate(encoding)
        parser.buffer_text = True
        parser.buffer_size = PIECE
        events: list[Any] = []
        append, extend = events.append, events.extend
        depth, wanted = 0, False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth, wanted
            depth += 1
            if depth == 1:
                self._begin(name, attributes)
            elif depth == 2:
                wanted = name in ("channel", "programme")
                events.clear()
            if wanted:
                extend((parser.CurrentLineNumber, name, attributes))

        def end(name: str) -> None:
            nonlocal depth, wanted
            depth -= 1
            if not wanted:
                events.clear()
            elif depth > 1:
                append(None)
            else:
                wanted = False
                self._batches.setdefault(name, Batch()).add(events)
                events.clear()

        parser.StartElementHandler = start
        parser.EndElementHandler = end
        parser.CharacterDataHandler = append
        parser.SkippedEntityHandler = lambda name, _: append(f"&{name};")
        self._declare_entities(parser)
        return parser

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name != "tv":
            raise KottError(
                f"{self.name}, line {self.line}: the root of a guide is <tv>, "
                f"and here it is <{name}>."
            )
        self.root = attributes

    def _declare_entities(self, parser: expat.XMLParserType) -> None:
        """Refuse entities that the file declares, and declare those of HTML as its DTD."""

        def refuse(*_: Any) -> None:
            raise KottError(
                f"{self.name}, line {parser.CurrentLineNumber}: entities are declared here, which "
                "no guide needs; they are not read, for safety."
            )

        def declare(context: str, *_: Any) -> int:
            dtd = parser.ExternalEntityParserCreate(context)
            dtd.EntityDeclHandler = None
            dtd.Parse(_HTML_ENTITIES, True)
            return 1

        parser.EntityDeclHandler = refuse
        parser.ExternalEntityRefHandler = declare  # instead of xmltv.dtd, which is never fetched
        parser.UseForeignDTD(True)
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)


def is_guide(source: Source) -> bool:
    """Return whether a file is an XMLTV guide, by its content: XML whose root is <tv>.

    Parameters
    ----------
    source : str, Path or file object
        As in `read`. A file object that can seek is left where it stood.

    Returns
    -------
    bool
        False for anything else, also for what cannot be read.

    Raises
    ------
    KottError
        `source` is neither a path nor a file object.

    See Also
    --------
    read, read_guide

    Examples
    --------
    >>> import io
    >>> from kott_notebooks import xmltv
    >>> xmltv.is_guide(io.BytesIO(b"<tv></tv>")), xmltv.is_guide(io.BytesIO(b"id,name"))
    (True, False)
    """
    file = GuideFile(source)
    with contextlib.suppress(KottError):
        next(file.batches(), None)
    return file.root is not None


@contextlib.contextmanager
def opened(source: Source) -> Iterator[IO[bytes]]:
    """Open a path, or a file object where it stands, and unpack gzip, xz, bz2 and zip."""
    with contextlib.ExitStack() as stack:
        if isinstance(source, str | Path):
            file: IO[bytes] = stack.enter_context(Path(source).open("rb"))
        elif source.seekable() and isinstance(source.read(0), bytes):
            file = cast("IO[bytes]", source)
            stack.callback(file.seek, file.tell())
        else:
            file = stack.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
            piece = source.read(PIECE)
            if isinstance(piece, str):  # the encoding that it declares no longer applies
                file.write(codecs.BOM_UTF8)
            while piece:
                file.write(piece.encode() if isinstance(piece, str) else piece)
                piece = source.read(PIECE)
            file.seek(0)
        head = file.read(6)
        file.seek(-len(head), 1)
        unpack = next((make for magic, make in _PACKED.items() if head.startswith(magic)), None)
        yield file if unpack is None else stack.enter_context(unpack(file))


def _unzipped(file: IO[bytes]) -> IO[bytes]:
    archive = zipfile.ZipFile(file)
    files = [one for one in archive.namelist() if not one.startswith("__MACOSX/")]
    guides = [one for one in files if one.lower().endswith((".xml", ".xmltv"))]
    if len(guides) != 1:
        raise KottError(f"A zip archive must hold one .xml file; this one holds {files!r:.200}.")
    return archive.open(guides[0])


_PACKED: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"BZh": bz2.BZ2File,
    b"PK\x03\x04": _unzipped,
}


def _encoding(head: bytes, name: str) -> tuple[str | None, codecs.IncrementalDecoder | None]:
    """Return the encoding that expat is to use, or what decodes an encoding that it cannot."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8", None
    declared = _DECLARED.match(head)
    if declared is None:
        return None, None
    try:
        encoding = _codec(declared[1].decode())
        with contextlib.suppress(UnicodeError):
            b"<".decode(encoding)  # LookupError for a codec that is not of texts, such as hex
    except LookupError as error:
        raise KottError(f"{name}, line 1: unknown encoding: {declared[1].decode()}.") from error
    if encoding in ("utf-8", "ascii") or encoding.startswith(("utf-16", "utf-32")):
        return "utf-8", None  # the declaration itself was read byte by byte, so it is not UTF-16
    return "utf-8", codecs.getincrementaldecoder(_WIDER.get(encoding, encoding))()


def _codec(name: str) -> str:
    """Return Python's name of an encoding, also by a browser's: `windows-874`, `x-sjis`."""
    with contextlib.suppress(LookupError):
        return codecs.lookup(name).name
    plain = name.lower().removeprefix("x-").replace("windows-31j", "cp932")
    return codecs.lookup(plain.replace("windows-", "cp")).name
