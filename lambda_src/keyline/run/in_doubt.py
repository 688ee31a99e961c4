"""The attempts of botocore that may have been carried out although no whole reply came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
)

from keyline.run.attempts import ATTEMPTS, is_checksum

BODY: Final = "Body"
"""Under this name a call's attempts go through botocore, and a reply's bytes come back."""
_UNCONNECTED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
"""Faults before any byte of a request was sent (botocore.httpsession, URLLib3Session.send).

An SSLError is not one of them: it may come while the reply is read.
"""


def note_attempt(
    response: tuple[Any, Any] | None,
    caught_exception: Exception | None,
    request_dict: Mapping[str, Any],
    attempts: int,
    **_: Any,
) -> float | bool | None:
    """Take note of an attempt; False ends the call, a number of seconds repeats it.

    None leaves that to botocore. botocore repeats a reply whose checksum is wrong, but knows
    nothing of one that is shorter than it says.
    """
    made = request_dict["context"].get(BODY)
    if made is None:
        return None
    made.damaged = response is not None and _is_damaged(response[0])
    if _may_be_done(response, caught_exception, damaged=made.damaged):
        made.in_doubt = True
        if not made.repeatable:
            return False
    most = request_dict["context"]["retries"].get("max", ATTEMPTS)
    return 0.0 if made.damaged and attempts < most else None


def _may_be_done(
    response: tuple[Any, Any] | None, fault: Exception | None, *, damaged: bool
) -> bool:
    """Return whether an attempt without a whole reply may have been carried out all the same."""
    if response is None:
        return not isinstance(fault, _UNCONNECTED)
    status = int(response[0].status_code)
    return status >= 500 or (damaged and status < 300)


def _is_damaged(response: Any) -> bool:
    """Return whether a reply is not as it was sent.

    botocore itself does not compare the length, and hands over the reply of the last attempt
    whatever its checksum (botocore.httpsession, botocore.retries.standard).
    """
    length, checksum = (response.headers.get(n) for n in ("content-length", "x-amz-crc32"))
    body = response.content
    return (length is not None and int(length) != len(body)) or not is_checksum(checksum, body)
