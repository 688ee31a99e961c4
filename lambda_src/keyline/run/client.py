"""The one client of a process: botocore, without walking the shapes of every reply.

botocore keeps credentials, signing, endpoints, retries and the check of the reply's
checksum. Two things it does for every service are left out, which is where most of its
time goes (docs/adr/0005-lean-client.md): the request's body is written by us, and the
reply's body is handed over as bytes, to be decoded straight into the shape it is read as.

One thing is added: after each attempt it is noted whether DynamoDB may have carried the attempt
out although its reply did not arrive. What a write's caller is told depends on it.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import botocore
import botocore.session
import msgspec
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
)
from botocore.loaders import Loader
from botocore.parsers import JSONParser

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
"""Seconds. With the attempts they stay below a function's default timeout of 10 s."""
ATTEMPTS = 3
POOL = 32
"""Connections, and so the most calls that are under way at once in one process."""

_BODY = "Body"
_DAMAGED = "a damaged answer"


@dataclass(frozen=True)
class Reply:
    """What DynamoDB replied to a call that it carried out.

    Attributes
    ----------
    retries
        How often it was tried again.
    """

    body: bytes
    request_id: str
    retries: int


class ReplyError(Exception):
    """DynamoDB replied with an error. What it means depends on the pattern.

    Attributes
    ----------
    code
        DynamoDB's name of the error.
    body
        The reply as it came.
    in_doubt
        Whether an attempt of the call may have been carried out: an earlier one, or this one
        where `status` is 500 or above.
    """

    def __init__(self, error: ClientError, *, in_doubt: bool) -> None:
        said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        self.code = str(said.get("Code", ""))
        self.message = str(said.get("Message", ""))
        self.status = int(meta.get("HTTPStatusCode", 0))
        self.request_id = str(meta.get("RequestId", ""))
        self.retries = int(meta.get("RetryAttempts", 0))
        self.body = bytes(error.response.get(_BODY, b""))
        self.in_doubt = in_doubt
        super().__init__(f"{self.code}: {self.message}")


class NoReplyError(Exception):
    """A call that ended without a reply, or with one that is damaged.

    Attributes
    ----------
    in_doubt
        Whether an attempt of the call may have been carried out.
    """

    def __init__(self, reason: str, *, in_doubt: bool) -> None:
        super().__init__(reason)
        self.in_doubt = in_doubt


def dynamodb_client(
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    attempts: int = ATTEMPTS,
    pool: int = POOL,
    credentials: tuple[str, str] | None = None,
) -> Any:
    """A botocore client of DynamoDB as a `Store` uses it.

    Parameters
    ----------
    endpoint_url, region
        Where DynamoDB is; from the environment where not given.
    connect_timeout, read_timeout
        Seconds.
    attempts
        How often a call is tried at most, the first time included.
    pool
        Connections that are kept open.
    credentials
        Access key and secret; from the environment, or the role, where not given.
    """
    session = botocore.session.get_session()
    session.register_component("response_parser_factory", _Parsers())
    session.register_component("data_loader", _Loader())
    key, secret = credentials or (None, None)
    client = session.create_client(
        "dynamodb",
        region_name=region or os.environ.get("AWS_REGION"),
        endpoint_url=endpoint_url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
            tcp_keepalive=True,
            max_pool_connections=pool,
            parameter_validation=False,
            user_agent=_USER_AGENT,
        ),
    )
    client.meta.events.register("before-parameter-build.dynamodb", _take_body)
    client.meta.events.register("before-call.dynamodb", _put_body)
    # The first answer of all handlers counts, so that this one can end botocore's attempts.
    client.meta.events.register_first("needs-retry.dynamodb", _note_attempt)
    return client


class Connection:
    """Sends requests through a client that `dynamodb_client` made."""

    def __init__(self, client: Any) -> None:
        methods = client.meta.method_to_api_mapping
        self._methods = {name: getattr(client, method) for method, name in methods.items()}

    def send(self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True) -> Reply:
        """Make a call.

        Parameters
        ----------
        operation
            DynamoDB's name of it: `GetItem`.
        repeatable
            Whether an attempt that may have been carried out is made again. One that was
            throttled, or that never reached DynamoDB, always is.

        Raises
        ------
        ReplyError
            If DynamoDB refused it.
        NoReplyError
            If there was no reply, or only a damaged one.
        """
        attempts = _Attempts(msgspec.json.encode(request), repeatable)
        try:
            reply = self._methods[operation](Body=attempts)
        except ClientError as error:
            if attempts.damaged:
                raise NoReplyError(_DAMAGED, in_doubt=attempts.in_doubt) from error
            raise ReplyError(error, in_doubt=attempts.in_doubt) from error
        except BotoCoreError as error:
            # Credentials may fail as well, and a call in doubt stays in doubt then.
            if not attempts.in_doubt and not isinstance(error, HTTPClientError | ConnectionError):
                raise
            raise NoReplyError(type(error).__name__, in_doubt=attempts.in_doubt) from error
        if attempts.damaged:
            raise NoReplyError(_DAMAGED, in_doubt=True)
        meta = reply["ResponseMetadata"]
        return Reply(reply[_BODY], meta["RequestId"], meta.get("RetryAttempts", 0))


class _Attempts:
    """What is sent in each attempt of one call, and what has become of them.

    Attributes
    ----------
    in_doubt
        Whether one may have been carried out, and did not give a whole reply.
    damaged
        Whether the last one gave a damaged reply.
    """

    __slots__ = ("body", "damaged", "in_doubt", "repeatable")

    def __init__(self, body: bytes, repeatable: bool) -> None:
        self.body = body
        self.repeatable = repeatable
        self.in_doubt = False
        self.damaged = False


_UNCONNECTED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
"""Faults before any byte of a request was sent (botocore.httpsession, URLLib3Session.send).

An SSLError is not one of them: it may come while the reply is read.
"""


def _note_attempt(
    response: tuple[Any, Any] | None,
    caught_exception: Exception | None,
    request_dict: Mapping[str, Any],
    attempts: int,
    **_: Any,
) -> float | bool | None:
    """Take note of an attempt; False ends the call, a number of seconds repeats it.

    None leaves that to botocore. It repeats a reply whose checksum is wrong, but knows nothing
    of one that is shorter than it says.
    """
    made = request_dict["context"].get(_BODY)
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
    """Whether an attempt without a whole reply may have been carried out all the same."""
    if response is None:
        return not isinstance(fault, _UNCONNECTED)
    status = int(response[0].status_code)
    return status >= 500 or (damaged and status < 300)


def _is_damaged(response: Any) -> bool:
    """Whether a reply is not as it was sent.

    botocore itself does not compare the length, and hands over the reply of the last attempt
    whatever its checksum (botocore.httpsession, botocore.retries.standard).
    """
    length, checksum = (response.headers.get(n) for n in ("content-length", "x-amz-crc32"))
    body = response.content
    return (length is not None and int(length) != len(body)) or (
        checksum is not None and int(checksum) != crc32(body)
    )


class _Loader(Loader):  # type: ignore[misc] # botocore has no types
    """Knows which services there are without looking into the folders of all of AWS's."""

    def list_available_services(self, type_name: str) -> list[str]:
        """DynamoDB, and the services that botocore's credentials may come from."""
        return ["dynamodb", "signin", "sso", "sso-oidc", "sts"]


class _Parser(JSONParser):  # type: ignore[misc] # botocore has no types
    """Hands the body over as it is; an error is parsed as botocore does."""

    def parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        if response["status_code"] >= 300:
            parsed: dict[str, Any] = super().parse(response, shape)
            parsed[_BODY] = response["body"]
            return parsed
        headers = response["headers"]
        meta = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": response["status_code"],
        }
        return {_BODY: response["body"], "ResponseMetadata": meta}


class _Parsers:
    """What botocore asks for the parser of a protocol; DynamoDB has one."""

    def __init__(self) -> None:
        self._parser = _Parser()

    def set_parser_defaults(self, **_: Any) -> None:
        """Nothing: the defaults concern timestamps and blobs, which we decode ourselves."""

    def create_parser(self, protocol_name: str) -> _Parser:
        return self._parser


def _take_body(params: dict[str, Any], context: dict[str, Any], model: Any, **_: Any) -> None:
    context[_BODY] = params.pop(_BODY, None)
    if model.name in _BATCHES:
        params["RequestItems"] = {}  # the rules of endpoints ask for its keys


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    attempts = context.get(_BODY)
    if attempts is not None:
        params["body"] = attempts.body


# Given whole, because botocore otherwise puts it together twice for every request.
_USER_AGENT = (
    f"keyline Botocore/{botocore.__version__} Python/{platform.python_version()} "
    f"exec-env/{os.environ.get('AWS_EXECUTION_ENV', 'none')}"
)

_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
