"""A requests adapter that carries a request to a backend in this process: no socket, same bytes."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse

from kott_notebooks.demo.backend import Backend, Reply

__all__ = ["DemoAdapter"]


class DemoAdapter(BaseAdapter):
    """An adapter to mount on a URL: the backend answers its requests."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer a request as a server over a network would, with its failures."""
        reply = self.backend.handle(
            request.method or "GET",
            request.path_url,
            {name: _text(value) for name, value in request.headers.items()},
            _bytes(request.body),
        )
        _wait(reply, timeout, request)
        if reply.broken:
            aborted = ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
            raise requests.ConnectionError(aborted, request=request)
        raw = HTTPResponse(
            body=io.BytesIO(reply.sent),
            headers=reply.headers,
            status=reply.status,
            preload_content=False,
            enforce_content_length=True,
            request_method=request.method,
        )
        response = HTTPAdapter().build_response(request, raw)
        if not stream:
            _ = response.content  # read now, as requests does
        return response

    def close(self) -> None:
        """Close nothing: there is no connection."""


def _wait(reply: Reply, timeout: Any, request: requests.PreparedRequest) -> None:
    """Wait for the reply's delay, or raise when the client's timeout ends."""
    patience = timeout[1] if isinstance(timeout, tuple) else timeout
    if patience is not None and reply.delay > patience:
        time.sleep(patience)
        raise requests.ReadTimeout(f"Read timed out. (read timeout={patience})", request=request)
    time.sleep(reply.delay)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    if isinstance(body, str):
        return body.encode()
    return bytes(body or b"")
