"""Calls: the first attempt is sent by us, and everything that is not a clean success by botocore.

botocore takes what the first attempt came to as its own first attempt, through its `before-send`
event. So retries, their quota and waits, error classes, a refresh of credentials and the rules of
endpoints stay botocore's (docs/adr/0018-first-attempt.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from keyline.run.attempts import BODY, Attempts
from keyline.run.client import Client

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
        self.body = bytes(error.response.get(BODY, b""))
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


class Connection:
    """Sends requests through a client that `dynamodb_client` made."""

    def __init__(self, client: Client) -> None:
        methods = client.botocore.meta.method_to_api_mapping
        self._methods = {name: getattr(client.botocore, method) for method, name in methods.items()}
        self._first = client.first

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
        first = self._first.send(operation, body)
        if first.succeeded:
            return Reply(first.body, first.request_id, 0)
        attempts = Attempts(body, repeatable)
        try:
            with self._first.handed_over(first):
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
        return Reply(reply[BODY], meta["RequestId"], meta.get("RetryAttempts", 0))
