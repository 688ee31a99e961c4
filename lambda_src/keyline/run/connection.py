"""Calls: the first attempt is sent by us, and what it does not settle is settled by botocore.

The first attempt settles a success, and a refusal that is an ordinary answer of a pattern. botocore
takes all else as its own first attempt (keyline.run.hand_over).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from keyline.run.client import Client
from keyline.run.first_attempt import First
from keyline.run.outcome import ANSWERS, Reply, ReplyError
from keyline.run.refused import refused


class Sender(Protocol):
    """The sender of the requests of a store."""

    def send(self, operation: str, request: Mapping[str, Any], *, repeatable: bool = True) -> Reply:
        """Make a call, as `Connection.send` says."""
        ...


class Connection:
    """Sends requests through a client that `dynamodb_client` made."""

    def __init__(self, client: Client) -> None:
        self._client = client

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
        body = msgspec.json.encode(request)
        first = self._client.first_attempt(operation, body)
        if first.succeeded:
            return Reply(first.body, first.request_id, 0)
        refusal = _refusal(first)
        if refusal is not None:
            raise refusal
        return self._client.by_botocore.complete(operation, body, first, repeatable=repeatable)


_OTHER_CODE = b"x-amzn-query-error"
"""A header that has another code than the body. DynamoDB does not send it."""


def _refusal(first: First) -> ReplyError | None:
    """Return the refusal of a first attempt, if it is an ordinary answer of a pattern."""
    response = first.response
    if response is None or response.status != 400 or not first.is_whole:
        return None
    if _OTHER_CODE in response.headers:
        return None
    said = refused(first.body)
    if said is None or said.code not in ANSWERS:
        return None
    return ReplyError(
        code=said.code,
        message=said.text,
        status=first.status,
        request_id=first.request_id,
        retries=0,
        body=first.body,
        in_doubt=False,
    )
