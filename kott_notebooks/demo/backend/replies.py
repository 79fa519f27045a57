"""Results -> the bytes of a reply: the envelope in JSON or in XML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable
from xml.sax.saxutils import escape

import msgspec

from kott_notebooks.demo.backend.protocol import JSON, XML
from kott_notebooks.demo.backend.refusals import Refusal

CONTENT_TYPES = {JSON: "application/json; charset=utf-8", XML: "text/xml; charset=utf-8"}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not in XML 1.0
_RETURN = {"\r": "&#13;"}  # a bare one would be read as a line feed


@runtime_checkable
class Encoded(Protocol):
    """A list of records that knows its own bytes, so that a page is joined and not built again."""

    def pieces(self, form: int) -> Sequence[bytes]:
        """Return each record's bytes in JSON or XML."""


def encoded(result: Any, seconds: float, form: int) -> bytes:
    """Wrap a result in its envelope."""
    if form == XML:
        return b"".join(
            (
                b'<?xml version="1.0" encoding="utf-8"?><xml>',
                b"<executionTime>%.7f</executionTime><result>" % seconds,
                xml(result),
                b"</result></xml>",
            )
        )
    return json({"executionTime": round(seconds, 7), "result": result})


def _hook(value: Any) -> Any:
    if isinstance(value, Refusal):
        return value.reply()
    if isinstance(value, Encoded):
        return msgspec.Raw(b"[" + b",".join(value.pieces(JSON)) + b"]")
    raise TypeError(f"no reply holds a {type(value).__name__}")


_encoder = msgspec.json.Encoder(enc_hook=_hook)


def json(value: Any) -> bytes:
    """Write a value as JSON."""
    return _encoder.encode(value)


def xml(value: Any) -> bytes:
    """Write a value as XML: objects by property, lists by `item`, maps by `item` with `itemKey`."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode()


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_escaped(value))
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, dict):
        _write_object(value, parts)
    elif isinstance(value, list | tuple):
        for item in value:
            parts.append("<item>")
            _write(item, parts)
            parts.append("</item>")
    elif isinstance(value, Refusal):
        _write_object(value.reply(), parts)
    elif isinstance(value, Encoded):
        parts.extend(f"<item>{piece.decode()}</item>" for piece in value.pieces(XML))
    else:
        parts.append(repr(value))


def _write_object(value: dict[str, Any], parts: list[str]) -> None:
    for name, child in value.items():
        parts.append(f"<{name}>")
        if isinstance(child, dict) and "objectType" not in child:
            _write_map(child, parts)
        else:
            _write(child, parts)
        parts.append(f"</{name}>")


def _write_map(value: dict[str, Any], parts: list[str]) -> None:
    for name, child in value.items():  # which are free text
        parts.append(f"<item><itemKey>{_escaped(name)}</itemKey>")
        _write(child, parts)
        parts.append("</item>")


def _escaped(text: str) -> str:
    return escape(_NOT_XML.sub("", text), _RETURN)
