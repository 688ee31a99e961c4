"""The first attempt of a call, sent without botocore; botocore takes over what is not a success.

Where a request goes, and as what, is learned from the first request that botocore itself sends.
So the rules of endpoints stay botocore's. The account of the credentials is a part of them.
"""

from __future__ import annotations

import os
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.retries.quota import RetryQuota
from botocore.utils import get_environ_proxies

from keyline import variables
from keyline.errors import KeylineError
from keyline.run.attempts import is_checksum
from keyline.run.events import Handlers
from keyline.run.http1 import Origin, Response
from keyline.run.signature import SERVICE, Keys, Signer

BOTOCORE: Final = "botocore"
"""The value of the variable `variables.TRANSPORT` that leaves each attempt to botocore."""
_SCOPE = re.compile(rf"AWS4-HMAC-SHA256 Credential=[^/,]+/\d{{8}}/([^/,]+)/{SERVICE}/aws4_request,")


@dataclass(frozen=True, slots=True)
class First:
    """What a first attempt came to.

    Attributes
    ----------
    response, fault
        One of them, or None where botocore is to make the first attempt.
    account
        The account whose destination botocore's first attempt shows; None where it is known.
    succeeded
        Whether the response is the call's reply.
    """

    response: Response | None = None
    fault: Exception | None = None
    account: str | None = None
    succeeded: bool = False

    @property
    def body(self) -> bytes:
        """The reply's body."""
        return self.response.body if self.response else b""

    @property
    def request_id(self) -> str:
        """DynamoDB's name of the request."""
        if self.response is None:
            return ""
        return self.response.headers.get(b"x-amzn-requestid", b"").decode("latin-1")


_BY_BOTOCORE = First()


@dataclass(frozen=True, slots=True)
class _Destination:
    """Where an account's requests go, and what all of them say."""

    origin: Origin
    signer: Signer
    kind: str
    targets: str
    agent: str

    def request(self, operation: str, keys: Keys, body: bytes, attempts: int) -> bytes:
        """Return a signed request, ready to be sent."""
        host, target = self.origin.host, self.targets + operation
        head = (
            f"POST / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {self.agent}\r\n"
            f"Content-Type: {self.kind}\r\nAccept-Encoding: identity\r\nX-Amz-Target: {target}\r\n"
            f"{self.signer.headers(keys, host, self.kind, target, body)}"
            f"amz-sdk-invocation-id: {uuid.uuid4()}\r\n"
            f"amz-sdk-request: attempt=1; max={attempts}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body


class _Handed(threading.local):
    """What a thread's call hands to botocore."""

    first: First | None = None


class FirstAttempts:
    """Makes the first attempts of a client's calls.

    It leaves them to botocore where the variable `variables.TRANSPORT` says so, where somebody has
    registered a handler for the client's events, and where a proxy, a client certificate or an
    endpoint with a path is in use.

    Parameters
    ----------
    client
        The botocore client.
    credentials
        What the client signs with; None where it has none.
    handlers
        The handlers of the client's events. One that is registered from now on is another's.
    certificates
        The file of the authorities that the client trusts.

    Raises
    ------
    KeylineError
        If the variable `variables.TRANSPORT` has another value than `botocore`.
    """

    def __init__(
        self, client: Any, credentials: Credentials | None, handlers: Handlers, certificates: str
    ) -> None:
        self._events, self._config = client.meta.events, client.meta.config
        self._credentials = credentials
        self._certificates = certificates
        self._attempts = self._config.retries["total_max_attempts"]
        self._destinations: dict[str, _Destination | None] = {}
        self._origins: dict[str, Origin] = {}
        self._handed = _Handed()
        self._owed = 0
        self._events.register_last("before-send.dynamodb", self._before_send)
        self._handlers, self._ours = handlers, handlers.registered
        self._off = _is_off()

    def send(self, operation: str, body: bytes) -> First:
        """Make the first attempt of a call, or leave it to botocore."""
        if self._off or self._credentials is None or self._handlers.registered != self._ours:
            return _BY_BOTOCORE
        try:
            keys = self._credentials.get_frozen_credentials()
        except BotoCoreError:  # botocore meets it as well, and says it its own way
            return _BY_BOTOCORE
        account = keys.account_id or ""
        if account not in self._destinations:
            return First(account=account)
        destination = self._destinations[account]
        if destination is None:
            return _BY_BOTOCORE
        try:
            response = destination.origin.send(
                destination.request(operation, keys, body, self._attempts)
            )
        except BotoCoreError as fault:
            return First(fault=fault)
        checksum = response.headers.get(b"x-amz-crc32")
        if response.status != 200 or not is_checksum(checksum, response.body):
            return First(response)
        if self._owed:
            self._give_back(operation)
        return First(response, succeeded=True)

    @contextmanager
    def handed_over(self, first: First) -> Iterator[None]:
        """Have botocore take a first attempt as its own, in this thread, while this is open."""
        self._handed.first = first
        try:
            yield
        finally:
            self._handed.first = None

    def _before_send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        first, self._handed.first = self._handed.first, None
        if first is None:  # botocore tries again, which costs some of its quota
            self._owed = RetryQuota.INITIAL_CAPACITY
            return None
        if first.account is not None:
            self._destinations[first.account] = self._learned(request)
        if first.fault is not None:
            raise first.fault
        return None if first.response is None else _as_botocore(request.url, first.response)

    def _learned(self, request: AWSPreparedRequest) -> _Destination | None:
        """Where a request of botocore goes; None if only botocore can send such requests."""
        config = self._config
        url = urlsplit(request.url)
        base = f"{url.scheme}://{url.netloc}"
        scope = _SCOPE.match(_text(request.headers.get("Authorization")))
        prefix, _, operation = _text(request.headers.get("X-Amz-Target")).rpartition(".")
        plain = url.path in ("", "/") and not url.query and "@" not in url.netloc
        if scope is None or request.method != "POST" or not operation or not plain:
            return None
        if config.client_cert or config.proxies or get_environ_proxies(request.url):
            return None
        if base not in self._origins:
            self._origins[base] = Origin(
                base,
                connect_timeout=config.connect_timeout,
                read_timeout=config.read_timeout,
                pool=config.max_pool_connections,
                certificates=self._certificates,
            )
        return _Destination(
            origin=self._origins[base],
            signer=Signer(scope[1]),
            kind=_text(request.headers.get("Content-Type")),
            targets=f"{prefix}.",
            agent=_text(request.headers.get("User-Agent")),
        )

    def _give_back(self, operation: str) -> None:
        """Give the retry quota back one, as botocore does after each success."""
        self._owed -= 1
        self._events.emit(
            f"after-call.dynamodb.{operation}",
            http_response=_SUCCESS,
            parsed={},
            model=None,
            context={},
        )


def _is_off() -> bool:
    said = os.environ.get(variables.TRANSPORT, "")
    if said not in ("", BOTOCORE):
        raise KeylineError(
            variables.TRANSPORT, f"is {said!r}.", f"Write {BOTOCORE!r}, or leave it out."
        )
    return said == BOTOCORE


def _text(value: str | bytes | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""


class _Body:
    """What botocore reads a response's body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._content


def _as_botocore(url: str, response: Response) -> AWSResponse:
    headers = HeadersDict(
        {k.decode("latin-1"): v.decode("latin-1") for k, v in response.headers.items()}
    )
    return AWSResponse(url, response.status, headers, _Body(response.body))


_SUCCESS = AWSResponse("", 200, HeadersDict(), _Body(b""))
