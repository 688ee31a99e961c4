"""Answers put in DynamoDB's place, by a hook of botocore's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.awsrequest import AWSResponse

from keyline.run import Client


class _Body:
    """A response of urllib3 as botocore sees it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


def answer(status: int, body: Any, **headers: str) -> AWSResponse:
    """Return an HTTP response as botocore gets it.

    Parameters
    ----------
    body
        JSON, or bytes to be taken as they are.
    headers
        With underscores for dashes.
    """
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSResponse("http://localhost", status, named, _Body(content))


def refusal(code: str, status: int = 400, **more: Any) -> AWSResponse:
    """DynamoDB's refusal of a request."""
    return answer(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **more})


def intercept(client: Client, reply: Callable[[dict[str, Any]], AWSResponse | None]) -> None:
    """Let `reply` see each request's JSON before it is sent, and answer it if it likes."""

    def before_send(request: Any, **_: Any) -> AWSResponse | None:
        return reply(json.loads(request.body))

    client.botocore.meta.events.register("before-send.dynamodb", before_send)
