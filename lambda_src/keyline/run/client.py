"""The one client of a process: botocore, without walking the shapes of every reply.

botocore keeps credentials, signing, endpoints, retries and the check of the reply's
checksum. Two things it does for every service are left out, which is where most of its
time goes (docs/adr/0005-lean-client.md): the request's body is written by us, and the
reply's body is handed over as bytes, to be decoded straight into the shape it is read as.

One thing is added: after each attempt it is noted whether DynamoDB may have carried the attempt
out although its reply did not arrive (keyline.run.attempts).
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import Any

import botocore
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.parsers import JSONParser
from botocore.session import Session

from keyline.run.attempts import ATTEMPTS, BODY, note_attempt
from keyline.run.events import Handlers
from keyline.run.first_attempt import FirstAttempts

CONNECT_TIMEOUT = 1.0
READ_TIMEOUT = 2.0
"""Seconds. With the attempts they stay below a function's default timeout of 10 s."""
POOL = 32
"""Connections, and so the most calls that are under way at once in one process."""


@dataclass(frozen=True, slots=True)
class Client:
    """DynamoDB's client of botocore, and what makes its first attempts.

    Stores may share it.
    """

    botocore: Any
    first: FirstAttempts


def dynamodb_client(
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
    read_timeout: float = READ_TIMEOUT,
    attempts: int = ATTEMPTS,
    pool: int = POOL,
    credentials: tuple[str, str] | None = None,
) -> Client:
    """Make a client of DynamoDB as a `Store` uses it.

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
    handlers = Handlers()
    session = Session(event_hooks=handlers)
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
    client.meta.events.register_first("needs-retry.dynamodb", note_attempt)
    trusted = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    first = FirstAttempts(
        client,
        Credentials(key, secret) if credentials else session.get_credentials(),
        handlers,
        get_cert_path(trusted or True),
    )
    return Client(client, first)


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
            parsed[BODY] = response["body"]
            return parsed
        headers = response["headers"]
        meta = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": response["status_code"],
        }
        return {BODY: response["body"], "ResponseMetadata": meta}


class _Parsers:
    """What botocore asks for the parser of a protocol; DynamoDB has one."""

    def __init__(self) -> None:
        self._parser = _Parser()

    def set_parser_defaults(self, **_: Any) -> None:
        """Nothing: the defaults concern timestamps and blobs, which we decode ourselves."""

    def create_parser(self, protocol_name: str) -> _Parser:
        return self._parser


def _take_body(params: dict[str, Any], context: dict[str, Any], model: Any, **_: Any) -> None:
    context[BODY] = params.pop(BODY, None)
    if model.name in _BATCHES:
        params["RequestItems"] = {}  # the rules of endpoints ask for its keys


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    attempts = context.get(BODY)
    if attempts is not None:
        params["body"] = attempts.body


# Given whole, because botocore otherwise puts it together twice for every request.
_USER_AGENT = (
    f"keyline Botocore/{botocore.__version__} Python/{platform.python_version()} "
    f"exec-env/{os.environ.get('AWS_EXECUTION_ENV', 'none')}"
)

_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
