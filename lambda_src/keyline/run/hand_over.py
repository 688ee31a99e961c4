"""The hand-over to botocore: it takes our first attempt as its own, and goes on from there.

A first attempt that is not a clean success comes to botocore in its `before-send` event: the
response, or the exception that stands for the fault. So retries, their quota and waits, and the
classes of errors stay botocore's (docs/adr/0018-first-attempt.md).

Where the environment is not plain, botocore also says where requests go: it is learned from the
first request that botocore itself sends. The account of the credentials is a part of that.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.retries.quota import RetryQuota
from botocore.utils import get_environ_proxies

from keyline.causes import cause_of
from keyline.run.attempts import Attempts
from keyline.run.botocore_client import botocore_client
from keyline.run.client_settings import ClientSettings
from keyline.run.destination import Destination
from keyline.run.first_attempt import BY_BOTOCORE, First, Way, origin_of
from keyline.run.http1 import (
    ClosedError,
    ConnectError,
    ConnectTimeoutError,
    Origin,
    ReadTimeoutError,
    Response,
    TlsError,
    TransportError,
)
from keyline.run.in_doubt import BODY
from keyline.run.outcome import NoReplyError, Reply, ReplyError
from keyline.run.plain_environment import PlainEnvironment
from keyline.run.service import DYNAMODB
from keyline.run.signature import Signer

_DAMAGED: Final = "a damaged answer"
_SCOPE = re.compile(
    rf"AWS4-HMAC-SHA256 Credential=[^/,]+/\d{{8}}/([^/,]+)/{DYNAMODB.name}/aws4_request,"
)
_FAULTS: Final[Mapping[type[TransportError], type[BotoCoreError]]] = {
    ConnectTimeoutError: exceptions.ConnectTimeoutError,
    ConnectError: exceptions.EndpointConnectionError,
    TlsError: exceptions.SSLError,
    ReadTimeoutError: exceptions.ReadTimeoutError,
    ClosedError: exceptions.ConnectionClosedError,
}
"""What botocore raises for each fault; for any other an `HTTPClientError`."""


class _Handed(threading.local):
    """The data that a thread's call hands to botocore."""

    first: First | None = None


class Botocore:
    """A botocore client that goes on from our first attempts.

    Attributes
    ----------
    client
        The client itself.
    """

    def __init__(self, settings: ClientSettings, plain: PlainEnvironment | None) -> None:
        made = botocore_client(settings, plain)
        self.client = made.client
        self._settings, self._config = settings, made.client.meta.config
        self._credentials, self._certificates = made.credentials, made.certificates
        methods = made.client.meta.method_to_api_mapping
        self._methods = {name: getattr(made.client, method) for method, name in methods.items()}
        self._destinations: dict[str, Destination | None] = {}
        self._origins: dict[str, Origin] = {}
        self._handed = _Handed()
        self._owed = 0
        made.client.meta.events.register_last("before-send.dynamodb", self._before_send)
        self._handlers, self._ours = made.handlers, made.handlers.registered

    @property
    def is_watched(self) -> bool:
        """Return whether other code has registered a handler, and so expects to see each call."""
        return self._handlers.registered != self._ours

    def way(self) -> Way | First:
        """Return where a call goes without botocore; else botocore makes the first attempt."""
        if self._credentials is None:
            return BY_BOTOCORE
        try:
            keys = self._credentials.get_frozen_credentials()
        except BotoCoreError:  # botocore meets it as well, and says it its own way
            return BY_BOTOCORE
        account = keys.account_id or ""
        if account not in self._destinations:
            return First(account=account)
        destination = self._destinations[account]
        return BY_BOTOCORE if destination is None else Way(destination, keys)

    def complete(self, operation: str, body: bytes, first: First, *, repeatable: bool) -> Reply:
        """Go on from a first attempt until the call has ended.

        Parameters
        ----------
        repeatable
            As for `Connection.send`.

        Raises
        ------
        ReplyError
            If DynamoDB refused it.
        NoReplyError
            If there was no reply, or only a damaged one.
        """
        attempts = Attempts(body, repeatable)
        try:
            with self._handed_over(first):
                reply = self._methods[operation](Body=attempts)
        except ClientError as error:
            if attempts.damaged:
                raise NoReplyError(_DAMAGED, in_doubt=attempts.in_doubt) from error
            raise _reply_error(error, in_doubt=attempts.in_doubt) from error
        except BotoCoreError as error:
            # Credentials may fail as well, and a call in doubt stays in doubt then.
            is_lost = isinstance(error, HTTPClientError | exceptions.ConnectionError)
            if not attempts.in_doubt and not is_lost:
                raise
            raise NoReplyError(cause_of(error), in_doubt=attempts.in_doubt) from error
        if attempts.damaged:
            raise NoReplyError(_DAMAGED, in_doubt=True)
        meta = reply["ResponseMetadata"]
        return Reply(reply[BODY], meta["RequestId"], meta.get("RetryAttempts", 0))

    def note_success(self, operation: str) -> None:
        """Give the retry quota back one where some is owed, as botocore does after a success."""
        if not self._owed:
            return
        self._owed -= 1
        self.client.meta.events.emit(
            f"after-call.dynamodb.{operation}",
            http_response=_SUCCESS,
            parsed={},
            model=None,
            context={},
        )

    @contextmanager
    def _handed_over(self, first: First) -> Iterator[None]:
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
            raise _as_fault(request.url, first.fault)
        return None if first.response is None else _as_response(request.url, first.response)

    def _learned(self, request: AWSPreparedRequest) -> Destination | None:
        """Return where a request of botocore goes; None if only botocore can send such requests."""
        config, settings = self._config, self._settings
        url = urlsplit(request.url)
        base = f"{url.scheme}://{url.netloc}"
        scope = _SCOPE.match(_text(request.headers.get("Authorization")))
        plain = url.path in ("", "/") and not url.query and "@" not in url.netloc
        usual = _text(request.headers.get("Content-Type")) == DYNAMODB.content_type and _text(
            request.headers.get("X-Amz-Target")
        ).startswith(DYNAMODB.targets)
        if scope is None or request.method != "POST" or not usual or not plain:
            return None
        proxies = get_environ_proxies(request.url) if config.proxies is None else config.proxies
        if config.client_cert or proxies:
            return None
        if base not in self._origins:
            self._origins[base] = origin_of(base, settings, self._certificates)
        return Destination(
            origin=self._origins[base],
            signer=Signer(scope[1]),
            attempts=settings.attempts,
            agent=_text(request.headers.get("User-Agent")),
        )


def _reply_error(error: ClientError, *, in_doubt: bool) -> ReplyError:
    said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    return ReplyError(
        code=str(said.get("Code", "")),
        message=str(said.get("Message", "")),
        status=int(meta.get("HTTPStatusCode", 0)),
        request_id=str(meta.get("RequestId", "")),
        retries=int(meta.get("RetryAttempts", 0)),
        body=bytes(error.response.get(BODY, b"")),
        in_doubt=in_doubt,
    )


def _text(value: str | bytes | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""


class _Body:
    """The stream from which botocore reads a response's body."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._content


def _as_fault(url: str, fault: TransportError) -> BotoCoreError:
    return _FAULTS.get(type(fault), HTTPClientError)(endpoint_url=url, error=fault)


def _as_response(url: str, response: Response) -> AWSResponse:
    headers = HeadersDict(
        {k.decode("latin-1"): v.decode("latin-1") for k, v in response.headers.items()}
    )
    return AWSResponse(url, response.status, headers, _Body(response.body))


_SUCCESS = AWSResponse("", 200, HeadersDict(), _Body(b""))
