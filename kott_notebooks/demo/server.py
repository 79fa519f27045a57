"""The demo's backend behind a real HTTP port on this machine, for browsers and other clients."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from kott_notebooks.demo.backend import Backend, Reply

__all__ = ["Server"]

IDLE_SECONDS = 60  # a kept connection that asks nothing is closed
BODY_MAX = 64 * 2**20


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # one write per reply, head and body together

    server: _HTTPServer

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer a HEAD: the headers of a GET."""
        self._answer()

    def do_OPTIONS(self) -> None:
        """Answer the preflight of a browser for a request of another origin."""
        self._answer()

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        known = re.fullmatch("[0-9]{1,12}", length) and "Transfer-Encoding" not in self.headers
        if not known or int(length) > BODY_MAX:
            self.send_error(411)
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        backend = self.server.backend
        reply = backend.handle(self.command, self.path, dict(self.headers.items()), body)
        self.server.closing.wait(reply.delay)
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.broken:
            self._reset()
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.sent)
        if len(reply.sent) < len(reply.body):
            self.close_connection = True

    def _reset(self) -> None:
        """Reset the connection as a crashed server does."""
        self.close_connection = True
        at_once = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        socket.close(self.connection.detach())

    def log_message(self, format: str, *args: object) -> None:
        """Write nothing: the backend keeps its own log."""


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = False  # they are joined when the server closes
    request_queue_size = 64

    def __init__(self, backend: Backend, port: int) -> None:
        self.backend = backend
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection, and list it while it is open."""
        self._connections.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.discard(request)

    def hang_up(self) -> None:
        """End every connection that is still open, so that no thread waits for its next request."""
        self.closing.set()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # the client may have closed it
                connection.shutdown(socket.SHUT_RD)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that hung up; report any other error as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """A running server; also a context manager.

    Attributes
    ----------
    backend : Backend
        The partner that answers.
    url : str
        The address to log in to.
    """

    def __init__(self, backend: Backend, port: int = 0) -> None:
        self.backend = backend
        self._server = _HTTPServer(backend, port)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        """Stop the server, and end open connections."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()
