"""One message to a webhook, whose address is a secret like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from kott_notebooks.api.secrets import Body, Secret, masked
from kott_notebooks.errors import CredentialsError, TransportError
from kott_notebooks.session.sending import Connections, Limits

SECONDS = 30.0  # that a webhook may take


def check_webhook(url: Secret) -> None:
    """Raise CredentialsError unless this can be the address of a webhook; it is not shown."""
    parts = urlsplit(url.reveal())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CredentialsError("The webhook must be an address such as https://HOST/PATH.")


def post_webhook(url: Secret, payload: Mapping[str, Any]) -> None:
    """Send a message as JSON, once; TransportError where the webhook does not take it.

    Redirects are not followed, and no word of the address is in an error.
    """
    check_webhook(url)
    body, problem = Body(msgspec.json.encode(payload, enc_hook=str)), ""
    connections = Connections(url.reveal(), None, Limits((10.0, SECONDS), 1.0, SECONDS))
    try:
        answer = connections.post(url.reveal(), body, {}, "webhook")
        if not 200 <= answer.status < 300:
            problem = f"it answered with HTTP {answer.status}"
    except TransportError as error:
        problem = masked(str(error), [url])
    finally:
        connections.close()
    if problem:  # raised here, where no frame below holds the address
        raise TransportError(f"The webhook did not take the message: {problem}")
