"""One POST: bytes out, bytes in; what goes wrong on the way becomes a TransportError."""

from __future__ import annotations

import logging
import time
import warnings
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from kott_notebooks.errors import TransportError

TIMEOUT = (10.0, 90.0)  # seconds to connect, and between two parts of a reply

log = logging.getLogger("kott_notebooks")


class Answer(NamedTuple):
    """What came back: undecoded, with the seconds that it took."""

    status: int
    body: bytes
    seconds: float
    wait: float | None  # seconds that the server wants to be left alone


def post(
    http: requests.Session, url: str, body: bytes, headers: dict[str, str], asked: str
) -> Answer:
    """Send a body and wait for the answer; `asked` names the call in messages."""
    started = time.perf_counter()
    try:
        response = http.post(
            url,
            data=body,
            headers={"Content-Type": "application/json", **headers},
            timeout=TIMEOUT,
            allow_redirects=False,  # a redirect would carry the secrets elsewhere
            stream=True,
        )
        # all at once: requests reads 10 KiB at a time, which costs more than to decode them
        content = response.raw.read(decode_content=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _no_answer(asked, url, error) from _bare(error)
    seconds = time.perf_counter() - started
    log.debug("%s: HTTP %d, %d bytes", asked, response.status_code, len(content))
    if response.is_redirect:
        raise TransportError(
            f"{asked}: the server sends us elsewhere, and secrets do not follow: "
            "check url (http instead of https?)."
        )
    wait = _seconds(response.headers.get("Retry-After"))
    return Answer(response.status_code, content, seconds, wait)


def warn_of_plain_http(url: str) -> None:
    """Warn where passwords would travel readable."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        warnings.warn(
            f"{parts.hostname} is asked over plain http: passwords can be read on the way. "
            "Use https.",
            stacklevel=5,
        )


_NO_ANSWER: list[tuple[tuple[type[Exception], ...], bool, str]] = [
    # which, whether it may pass, in words
    (
        (requests.exceptions.ProxyError,),
        False,
        "the proxy on the way to {host} refused; check the proxy.",
    ),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        False,
        "{host} shows a certificate that is not trusted; check url, or set REQUESTS_CA_BUNDLE.",
    ),
    (
        (requests.exceptions.ConnectTimeout,),
        True,
        "{host} does not answer; check url and the network.",
    ),
    (
        (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
        True,
        "{host} took too long to reply; ask again, or for less.",
    ),
    (
        (requests.exceptions.ConnectionError,),
        True,
        "{host} cannot be reached; check url and the network.",
    ),
    ((urllib3.exceptions.ProtocolError,), True, "{host} broke off its reply; ask again."),
    ((urllib3.exceptions.DecodeError,), True, "{host} garbled its reply; ask again."),
]


def _no_answer(asked: str, url: str, error: Exception) -> TransportError:
    host = urlsplit(url).netloc
    for kinds, passing, words in _NO_ANSWER:
        if isinstance(error, kinds):
            return TransportError(f"{asked}: {words.format(host=host)}", passing=passing)
    return TransportError(f"{asked}: no reply from {host} ({type(error).__name__}); ask again.")


def _bare(error: Exception) -> Exception:
    """Take the request out of an exception: its body holds the password."""
    if isinstance(error, requests.RequestException):
        error.request = error.response = None
    return error


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None
