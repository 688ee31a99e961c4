"""botocore's client of DynamoDB, without walking the shapes of every reply.

botocore keeps credentials, endpoints, retries and the check of the reply's checksum. Two things
that botocore does for every service take most of its time, and are left out
(docs/adr/0005-lean-client.md). The request's body is written by us. The reply's body is handed over
as bytes, to be decoded straight into the shape it is read as.

One thing is added: after each attempt it is noted whether DynamoDB may have carried the attempt
out although its reply did not arrive (keyline.run.in_doubt).
"""

from __future__ import annotations

import os
from typing import Any

import msgspec
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.parsers import JSONParser
from botocore.session import Session

from keyline.run.client_settings import ClientSettings
from keyline.run.destination import USER_AGENT
from keyline.run.events import Handlers
from keyline.run.in_doubt import BODY, note_attempt
from keyline.run.plain_environment import PlainEnvironment


class BotocoreClient(msgspec.Struct, frozen=True):
    """A client of botocore.

    Attributes
    ----------
    credentials
        What it signs with; None where it has none.
    handlers
        The handlers of its events. One that is registered from now on is another's.
    certificates
        The file of the authorities that it trusts.
    """

    client: Any
    credentials: Credentials | None
    handlers: Handlers
    certificates: str


def botocore_client(settings: ClientSettings, plain: PlainEnvironment | None) -> BotocoreClient:
    """Make the client.

    Parameters
    ----------
    plain
        What the environment said when our client was made, so that botocore's goes to the same
        place; None where botocore is to read the environment.
    """
    handlers = Handlers()
    session = Session(event_hooks=handlers)
    session.register_component("response_parser_factory", _Parsers())
    session.register_component("data_loader", _Loader())
    config = Config(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        tcp_keepalive=True,
        max_pool_connections=settings.pool,
        parameter_validation=False,
        proxies=None if settings.proxied else {},  # with None, botocore reads the environment
        user_agent=USER_AGENT,
    )
    client = session.create_client(
        "dynamodb", config=config, **(_of_environment(settings) if plain is None else _of(plain))
    )
    client.meta.events.register("before-parameter-build.dynamodb", _take_body)
    client.meta.events.register("before-call.dynamodb", _put_body)
    # The first answer of all handlers counts, so that this one can end botocore's attempts.
    client.meta.events.register_first("needs-retry.dynamodb", note_attempt)
    trusted = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    credentials = (
        Credentials(*settings.credentials) if settings.credentials else session.get_credentials()
    )
    return BotocoreClient(client, credentials, handlers, get_cert_path(trusted or True))


def _of_environment(settings: ClientSettings) -> dict[str, Any]:
    key, secret = settings.credentials or (None, None)
    return {
        "region_name": settings.region or os.environ.get("AWS_REGION"),
        "endpoint_url": settings.endpoint_url,
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
    }


def _of(plain: PlainEnvironment) -> dict[str, Any]:
    return {
        "region_name": plain.region,
        "endpoint_url": plain.endpoint_url,
        "aws_access_key_id": plain.keys.access_key,
        "aws_secret_access_key": plain.keys.secret_key,
        "aws_session_token": plain.keys.token,
        "verify": plain.certificates,
    }


class _Loader(Loader):  # type: ignore[misc] # botocore has no types
    """Knows which services there are without looking into the folders of all of AWS's."""

    def list_available_services(self, type_name: str) -> list[str]:
        """Return DynamoDB, and the services that botocore's credentials may come from."""
        return ["dynamodb", "signin", "sso", "sso-oidc", "sts"]


class _Parser(JSONParser):  # type: ignore[misc] # botocore has no types
    """Hands the body over as it is; an error is parsed as botocore does."""

    def parse(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        if response["status_code"] >= 300:
            parsed = self._parse_error(response, shape)
            parsed[BODY] = response["body"]
            return parsed
        headers = response["headers"]
        meta = {
            "RequestId": headers.get("x-amzn-requestid", ""),
            "HTTPStatusCode": response["status_code"],
        }
        return {BODY: response["body"], "ResponseMetadata": meta}

    def _parse_error(self, response: dict[str, Any], shape: Any) -> dict[str, Any]:
        """Take a body that botocore fails to parse as one that says nothing: its status counts.

        botocore fails with text that is not UTF-8, and with JSON that is not as DynamoDB writes it.
        """
        parsed: dict[str, Any]
        try:
            parsed = super().parse(response, shape)
        except (AttributeError, TypeError, UnicodeDecodeError):
            parsed = super().parse({**response, "body": b""}, shape)
        return parsed


class _Parsers:
    """The factory that botocore asks for the parser of a protocol; DynamoDB has one."""

    def __init__(self) -> None:
        self._parser = _Parser()

    def set_parser_defaults(self, **_: Any) -> None:
        """Do nothing: the defaults concern timestamps and blobs, which we decode ourselves."""

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


_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
