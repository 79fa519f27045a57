"""One POST: bytes out, bytes in; what goes wrong on the way becomes a TransportError."""

from __future__ import annotations

import io
import logging
import math
import os
import re
import socket
import ssl
import time
import warnings
from email.utils import parsedate_to_datetime
from functools import partial
from http import client
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

try:
    from isal import isal_zlib as zlib  # over twice as fast, where there is a wheel of it
except ImportError:
    import zlib  # type: ignore[no-redef]

from kott_notebooks.api.secrets import Body
from kott_notebooks.errors import KottError, TransportError

GZIP, GZIP_MAGIC = ("gzip", "x-gzip"), b"\x1f\x8b"
POOL = 256  # connections that are kept, more than a listing has workers
CHUNK = 2**20  # bytes that are read at a time, at most

log = logging.getLogger("kott_notebooks")


class Limits(NamedTuple):
    """How long and how large a reply may be."""

    timeout: tuple[float, float] = (10.0, 90.0)  # seconds to connect, and between two parts
    reply_mb: float = 256.0  # decompressed
    reply_seconds: float = 600.0

    @classmethod
    def checked(cls, timeout: Any, max_reply_mb: float, max_reply_seconds: float) -> Limits:
        """Read the limits as login takes them; a KottError for what cannot be one."""
        connect, between = cls().timeout
        if isinstance(timeout, tuple | list) and len(timeout) == 2:
            connect, between = timeout
        elif timeout is not None:
            between = timeout
            connect = min(connect, positive("timeout", timeout))
        return cls(
            (positive("timeout", connect), positive("timeout", between)),
            positive("max_reply_mb", max_reply_mb),
            positive("max_reply_seconds", max_reply_seconds),
        )


def positive(name: str, value: Any) -> float:
    """Read a number above 0, as a number or a text; a KottError for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf or isinstance(value, bool):
        raise KottError(f"{name} must be a number above 0, not {value!r}.")
    return number


class Answer(NamedTuple):
    """A reply that is not decoded yet, with the seconds that it took."""

    status: int
    body: bytes
    seconds: float
    waited: float  # of them, until its headers were there
    wait: float | None  # seconds that the server asks for


class Connections:
    """The requests.Session that a Session sends through: one of its own, or one that was given.

    Of its own, proxies and certificates are those of the environment, read once; `.netrc` is never
    read. Connections belong to one process: after a fork the child opens its own.
    """

    def __init__(self, url: str, given: requests.Session | None, limits: Limits) -> None:
        self.limits = limits
        self._given = given is not None
        self._process = os.getpid()
        self._before_fork: list[requests.Session] = []  # kept, since dropping would close them
        self.http = given if given is not None else self._session(*_environment(url))

    def post(
        self, url: str, body: Body, headers: dict[str, str], name: str, *, method: str = "POST"
    ) -> Answer:
        """Send a body and wait for the answer; `name` is the call's, for messages."""
        started = time.monotonic()
        connect, between = self.limits.timeout
        try:
            with self.http.request(
                method,
                url,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                timeout=(connect, min(between, self.limits.reply_seconds)),
                allow_redirects=False,  # a redirect would carry the secrets elsewhere
                stream=True,
            ) as response:
                waited = time.monotonic() - started
                content = _content(response, started, self.limits, name)
        except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
            # requests' own are OSErrors; a ValueError is of an address that a redirect names
            if time.monotonic() - started >= self.limits.reply_seconds:
                raise _too_slow(name, self.limits) from error
            raise _no_answer(name, url, error) from error
        log.debug("%s: HTTP %d, %d bytes", name, response.status_code, len(content))
        if response.is_redirect:
            raise TransportError(
                f"{name}: the server sends us elsewhere, and secrets do not follow: "
                "check url (http instead of https?)."
            )
        wait = retry_after(response.headers.get("Retry-After"))
        return Answer(response.status_code, content, time.monotonic() - started, waited, wait)

    def close(self) -> None:
        """Close the connections of this process."""
        if os.getpid() == self._process:
            self.http.close()

    def leave_parent(self) -> bool:
        """Take new connections in a forked child, and return whether this is one.

        Two processes on one connection would get each other's replies.
        """
        if os.getpid() == self._process:
            return False
        if self._given:
            raise KottError(
                "This session was made before a fork, with an http= of yours, whose connections "
                "belong to the parent process: call kott.login() in this process."
            )
        self._before_fork.append(self.http)
        self.http = self._session(dict(self.http.proxies), self.http.verify)
        self._process = os.getpid()
        return True

    def _session(self, proxies: dict[str, str], verify: bool | str | None) -> requests.Session:
        http = requests.Session()
        http.trust_env = False
        http.proxies, http.verify = proxies, verify
        for scheme in ("https://", "http://"):
            http.mount(scheme, _Adapter(self.limits.reply_seconds))
        return http


class _Adapter(requests.adapters.HTTPAdapter):
    """Keeps a connection per thread, and reads no reply, its headers included, for too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(pool_maxsize=POOL)
        response = partial(_TimedResponse, seconds=seconds)
        self._timed = {
            cls: type(cls.__name__, (cls,), {"response_class": staticmethod(response)})
            for cls in (urllib3.connection.HTTPConnection, urllib3.connection.HTTPSConnection)
        }

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the pool of a host, whose connections read in time."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self._timed.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool


class _TimedResponse(client.HTTPResponse):
    """A reply whose status, headers and body have to arrive within some seconds."""

    def __init__(self, *args: Any, seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fp = io.BufferedReader(_TimedReader(self.fp.detach(), seconds))


class _TimedReader(io.RawIOBase):
    """Reads a socket until a deadline."""

    def __init__(self, inner: io.RawIOBase, seconds: float) -> None:
        self._inner, self._end = inner, time.monotonic() + seconds

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has arrived."""
        if time.monotonic() > self._end:
            raise TimeoutError("the reply takes too long")
        return self._inner.readinto(buffer)

    def close(self) -> None:
        """Close the socket's side too."""
        self._inner.close()
        super().close()


def _environment(url: str) -> tuple[dict[str, str], bool | str]:
    """Read the proxies and the certificates that requests would read at each call."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if bundle := os.getenv(name):
            _check_certificates(name, Path(bundle), all_of_them=url.startswith("https:"))
            return dict(requests.utils.get_environ_proxies(url)), bundle
    return dict(requests.utils.get_environ_proxies(url)), True


def _check_certificates(name: str, bundle: Path, *, all_of_them: bool) -> None:
    """Raise KottError for a file without certificates; loading them takes 20 ms, reading 1 ms."""
    try:
        if not bundle.exists():
            raise KottError(f"{name} names {bundle}, which does not exist: correct or unset it.")
        if all_of_them and bundle.is_file():  # else a folder of certificates
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
        elif bundle.is_file() and b"CERTIFICATE-----" not in bundle.read_bytes():
            raise ssl.SSLError("no certificate in it")
    except OSError as error:  # SSLError is one
        raise KottError(
            f"{name} names {bundle}, which is no file of certificates in PEM that can be "
            f"read ({error}): correct or unset it."
        ) from error


def _content(response: requests.Response, started: float, limits: Limits, name: str) -> bytes:
    """Read a reply, decompressed; refuse one that is too large or too slow."""
    raw, encoding = response.raw, response.headers.get("Content-Encoding", "").strip().lower()
    zipped, length = encoding in GZIP, None
    if isinstance(getattr(raw, "_original_response", None), _TimedResponse) and (
        zipped or not encoding
    ):
        length = raw.length_remaining  # such a reply ends in time by itself
    if length:
        if length > limits.reply_mb * 1e6:
            raise _too_large(name, limits)
        content = raw.read(length, decode_content=False)  # into one buffer, without a copy
        if len(content) < length:
            raise urllib3.exceptions.ProtocolError(f"{len(content)} of {length} bytes")
    else:
        buffer = io.BytesIO()
        read = getattr(raw, "read1", raw.read)  # read1 returns what has arrived
        while part := read(CHUNK, decode_content=not zipped):
            buffer.write(part)
            if buffer.tell() > limits.reply_mb * 1e6:
                raise _too_large(name, limits)
            if time.monotonic() - started > limits.reply_seconds:
                raise _too_slow(name, limits)
        content = buffer.getvalue()
    return _unzipped(content, started, limits, name) if zipped else content


def _unzipped(content: bytes, started: float, limits: Limits, name: str) -> bytes:
    """Decompress gzip of one member or several.

    urllib3 would do it part by part, and a thread waits for the interpreter after each.
    """
    most, whole = int(limits.reply_mb * 1e6), b""
    if content and not content.startswith(GZIP_MAGIC):
        raise urllib3.exceptions.DecodeError("no gzip")
    while content.startswith(GZIP_MAGIC):
        member = zlib.decompressobj(wbits=31)
        try:
            whole += member.decompress(content, most + 1 - len(whole))
        except zlib.error as error:  # type: ignore[misc]
            raise urllib3.exceptions.DecodeError(str(error)) from error
        if len(whole) > most:
            raise _too_large(name, limits)
        if not member.eof:
            raise urllib3.exceptions.ProtocolError("compressed data that breaks off")
        if time.monotonic() - started > limits.reply_seconds:
            raise _too_slow(name, limits)
        content = member.unused_data
    return whole


def _too_large(name: str, limits: Limits) -> TransportError:
    return TransportError(
        f"{name}: the reply is larger than max_reply_mb={limits.reply_mb:g} "
        "(decompressed) and was not read on: ask for less, or log in with a larger one."
    )


def _too_slow(name: str, limits: Limits) -> TransportError:
    return TransportError(
        f"{name}: the reply takes longer than max_reply_seconds={limits.reply_seconds:g} "
        "and was not read on: ask for less, or log in with more."
    )


def warn_of_plain_http(url: str) -> None:
    """Warn where passwords would travel readable."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        warnings.warn(
            f"{parts.hostname} is asked over plain http: passwords can be read on the way. "
            "Use https.",
            stacklevel=5,
        )


def _no_answer(name: str, url: str, error: Exception) -> TransportError:
    """Return why there was no reply, and whether another attempt may succeed."""
    host, passing = urlsplit(url).netloc, True
    reason = _reason(error)
    if isinstance(error, requests.exceptions.ProxyError):
        why, passing = f"the proxy on the way to {host} refused; check the proxy.", False
    elif isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        passing = False
        why = (
            f"{host} shows a certificate that is not trusted; check url, or set REQUESTS_CA_BUNDLE."
        )
    elif isinstance(error, requests.exceptions.ConnectTimeout):
        why = f"{host} does not answer; check url and the network."
    elif isinstance(
        error, requests.exceptions.ReadTimeout | urllib3.exceptions.ReadTimeoutError | TimeoutError
    ):
        why = f"{host} took too long to reply; ask again, or for less."
    elif isinstance(reason, urllib3.exceptions.NameResolutionError):
        passing = isinstance(reason.__cause__, socket.gaierror) and (
            reason.__cause__.errno == socket.EAI_AGAIN
        )
        why = f"{host} is not known to the network; check url and the network."
    elif isinstance(reason, urllib3.exceptions.ProtocolError) and isinstance(
        error, requests.exceptions.ConnectionError
    ):
        why = f"{host} closed the connection without a reply; ask again."
    elif isinstance(error, requests.exceptions.ConnectionError):
        why = f"{host} cannot be reached; check url and the network."
    elif isinstance(error, urllib3.exceptions.ProtocolError | ConnectionError):
        why = f"{host} broke off its reply; ask again."
    elif isinstance(error, urllib3.exceptions.DecodeError):
        why = f"{host} garbled its reply; ask again."
    elif isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError):
        why, passing = f"no reply from {host} ({type(error).__name__}); check url.", False
    elif isinstance(error, ValueError) and not isinstance(error, OSError):
        why, passing = f"{host} sends us to an address that cannot be read; check url.", False
    else:  # requests reads the files of certificates when it connects
        why, passing = f"a file could not be read ({error}); check verify= and cert=.", False
    return TransportError(f"{name}: {why}", passing=passing)


def _reason(error: BaseException) -> object:
    """Return what requests or urllib3 wrapped, the innermost that they name."""
    inner = error.args[0] if isinstance(error, requests.RequestException) and error.args else error
    return getattr(inner, "reason", None) or inner


def retry_after(header: str | None) -> float | None:
    """Read a Retry-After header, seconds or a date; any other text is ignored."""
    if header is None:
        return None
    if re.fullmatch(r"\s*[0-9]+(\.[0-9]*)?\s*", header):
        seconds = float(header)
        return seconds if math.isfinite(seconds) else None
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return None
