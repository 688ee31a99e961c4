"""A store whose requests are answered by the test."""

from __future__ import annotations

from typing import Any

from botocore.awsrequest import AWSResponse

from keyline.model import System
from keyline.run import Store, dynamodb_client
from tests.support.answers import answer, intercept
from tests.support.sample.shop import LARGE


class Wire:
    """The requests of a store, and their answers.

    Attributes
    ----------
    sent
        The requests' JSON.
    replies
        The answers to come; an empty JSON object where there is none.
    """

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.replies: list[AWSResponse] = []

    def reply(self, request: dict[str, Any]) -> AWSResponse:
        """Take a request and answer it."""
        self.sent.append(request)
        return self.replies.pop(0) if self.replies else answer(200, {})

    def store(self, system: System = LARGE, **more: Any) -> Store:
        """Return a store that is answered so."""
        client = dynamodb_client(
            endpoint_url="http://127.0.0.1:9", region="eu-west-1", credentials=("key", "secret")
        )
        intercept(client, self.reply)
        return Store(system=system, environment="dev", client=client, **more)
