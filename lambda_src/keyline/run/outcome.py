"""The outcome of a call: a reply, a refusal, or neither."""

from __future__ import annotations

from typing import Final

import msgspec

OTHER_ACTIONS: Final = "IdempotentParameterMismatchException"
ANSWERS: Final = frozenset(
    {"ConditionalCheckFailedException", "TransactionCanceledException", OTHER_ACTIONS}
)
"""Refusals that the patterns' own functions explain. botocore repeats none of them."""


class Reply(msgspec.Struct, frozen=True):
    """The reply of DynamoDB to a call that it carried out.

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

    def __init__(
        self,
        *,
        code: str,
        message: str,
        status: int,
        request_id: str,
        retries: int,
        body: bytes,
        in_doubt: bool,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.retries = retries
        self.body = body
        self.in_doubt = in_doubt


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
