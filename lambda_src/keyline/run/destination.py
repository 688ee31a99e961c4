"""The destination of requests without botocore, and the headers that all of them have."""

from __future__ import annotations

import os
import platform
import random
from functools import lru_cache
from typing import Final
from urllib.parse import quote

import msgspec
from botocore import __version__ as botocore_version

from keyline.run.http1 import Origin
from keyline.run.service import DYNAMODB, Service
from keyline.run.signature import Keys, Signer

USER_AGENT: Final = (
    f"keyline Botocore/{botocore_version} Python/{platform.python_version()} "
    f"exec-env/{os.environ.get('AWS_EXECUTION_ENV', 'none')}"
)
"""Given to botocore whole, which otherwise puts it together twice for every request."""

_FUNCTION = "AWS_LAMBDA_FUNCTION_NAME"
"""The variable that functions on Lambda have."""
_TRACE_SAFE = "-=;:+&[]{}\"',"
"""What botocore does not escape in the name of an invocation."""


class Destination(msgspec.Struct, frozen=True):
    """The destination of requests, and the headers that all of them have.

    Attributes
    ----------
    attempts
        How often a call is tried at most.
    on_lambda
        Whether the process is a function on Lambda.
    """

    origin: Origin
    signer: Signer
    attempts: int
    service: Service = DYNAMODB
    agent: str = USER_AGENT
    on_lambda: bool = msgspec.field(default_factory=lambda: _FUNCTION in os.environ)

    def request(self, operation: str, keys: Keys, body: bytes) -> bytes:
        """Return a signed request, ready to be sent."""
        host, kind = self.origin.host, self.service.content_type
        target = self.service.targets + operation
        head = (
            f"POST / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {self.agent}\r\n"
            f"Content-Type: {kind}\r\nAccept-Encoding: identity\r\n"
            f"X-Amz-Target: {target}\r\n{_trace() if self.on_lambda else ''}"
            f"{self.signer.headers(keys, host, kind, target, body)}"
            f"amz-sdk-invocation-id: {_random_uuid()}\r\n"
            f"amz-sdk-request: attempt=1; max={self.attempts}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


def _random_uuid() -> str:
    """Return a UUID of version 4. `uuid.uuid4` takes ten microseconds more."""
    text = f"{random.getrandbits(128):032x}"  # no secret: a name of the call for AWS's support
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"


def _trace() -> str:
    """Return the line that names the invocation of a function, by which AWS recognizes loops."""
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    return _trace_line(trace) if trace else ""


@lru_cache(maxsize=8)
def _trace_line(trace: str) -> str:
    return f"X-Amzn-Trace-Id: {quote(trace, safe=_TRACE_SAFE)}\r\n"
