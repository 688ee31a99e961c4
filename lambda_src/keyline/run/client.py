"""The one client of a process: botocore, without walking the shapes of every answer.

botocore keeps credentials, signing, endpoints, retries and the check of the answer's
checksum. Two things it does for every service are left out, which is where most of its
time goes (docs/adr/0005-lean-client.md): the request's body is written by us, and the
answer's body is handed over as bytes, to be decoded straight into the shape it is read as.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore
import botocore.session
import msgspec
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError
from botocore.loaders import Loader
from botocore.parsers import JSONParser

from keyline.run.errors import Unavailable

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
"""Seconds. With the attempts they stay below a function's default timeout of 10 s."""
ATTEMPTS = 3
POOL = 32
"""Connections, and so the most calls that are under way at once in one process."""

_BODY = "Body"


@dataclass(frozen=True)
class Answer:
    """A successful call.

    Attributes
    ----------
    retries
        How often it was tried again.
    """

    body: bytes
    request_id: str
    retries: int


class Refusal(Exception):
    """A call that DynamoDB refused, before it is told apart what that means.

    Attributes
    ----------
    code
        DynamoDB's name of the error.
    body
        The answer as it came.
    """

    def __init__(self, error: ClientError) -> None:
        said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        self.code = str(said.get("Code", ""))
        self.message = str(said.get("Message", ""))
        self.status = int(meta.get("HTTPStatusCode", 0))
        self.request_id = str(meta.get("RequestId", ""))
        self.retries = int(meta.get("RetryAttempts", 0))
        self.body = bytes(error.response.get(_BODY, b""))
        super().__init__(f"{self.code}: {self.message}")


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
    return client


class Connection:
    """Sends requests through a client that `dynamodb_client` made."""

    def __init__(self, client: Any) -> None:
        methods = client.meta.method_to_api_mapping
        self._methods = {name: getattr(client, method) for method, name in methods.items()}

    def send(self, path: str, operation: str, request: Mapping[str, Any]) -> Answer:
        """Make a call.

        Parameters
        ----------
        path
            What an error calls it: the pattern's name.
        operation
            DynamoDB's name of it: `GetItem`.

        Raises
        ------
        Refusal
            If DynamoDB refused it.
        Unavailable
            If there was no answer.
        """
        try:
            answer = self._methods[operation](Body=msgspec.json.encode(request))
        except ClientError as error:
            raise Refusal(error) from error
        except (HTTPClientError, ConnectionError) as error:
            raise Unavailable(
                path, f"got no answer from DynamoDB ({type(error).__name__}).", "Try again later."
            ) from error
        meta = answer["ResponseMetadata"]
        return Answer(answer[_BODY], meta["RequestId"], meta.get("RetryAttempts", 0))


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
    body = context.get(_BODY)
    if body is not None:
        params["body"] = body


# Given whole, because botocore otherwise puts it together twice for every request.
_USER_AGENT = (
    f"keyline Botocore/{botocore.__version__} Python/{platform.python_version()} "
    f"exec-env/{os.environ.get('AWS_EXECUTION_ENV', 'none')}"
)

_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
