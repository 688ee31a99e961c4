"""Test which attempts of a call may have been carried out, and what a write tells of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)

from keyline.errors import KeylineError
from keyline.run import Store, Write
from keyline.run.attempts import ATTEMPTS
from keyline.run.errors import (
    OutcomeUnknownError,
    RequestRefusedError,
    ThrottledError,
    UnavailableError,
)
from tests.support.answers import answer, refusal
from tests.support.sample.notes import (
    COUNT_NOTE,
    DROP_NOTE,
    GET_NOTE,
    MOVE,
    PUT_NOTE,
    STRIP_NOTE,
    WRITE_NOTES,
    note,
)
from tests.support.wire import Wire

KEY: dict[str, Any] = {"owner": "ann", "timestamp": 1.8e12}
Reply = Callable[[], AWSResponse]
pytestmark = pytest.mark.usefixtures("no_sleep")


def fails(error: Exception) -> Reply:
    def reply() -> AWSResponse:
        raise error

    return reply


MAY_BE_DONE: dict[str, Reply] = {
    "read time-out": fails(ReadTimeoutError(endpoint_url="x")),
    "connection closed": fails(ConnectionClosedError(endpoint_url="x", error="reset")),
    "answer cut off": fails(ResponseStreamingError(error="incomplete read")),
    "any other fault": fails(HTTPClientError(error="unknown")),
    "broken encryption": fails(SSLError(endpoint_url="x", error="bad record")),
    "500": lambda: refusal("InternalServerError", 500),
    "502": lambda: answer(502, b"<html></html>"),
    "503": lambda: refusal("ServiceUnavailable", 503),
    "another checksum": lambda: answer(200, {}, x_amz_crc32="1"),
    "another length": lambda: answer(200, {}, content_length="17"),
}
NOT_DONE: dict[str, Reply] = {
    "connect time-out": fails(ConnectTimeoutError(endpoint_url="x")),
    "no connection": fails(EndpointConnectionError(endpoint_url="x", error="refused")),
    "no proxy": fails(ProxyConnectionError(proxy_url="x", error="refused")),
    "throttled": lambda: refusal("ProvisionedThroughputExceededException"),
    "too many requests": lambda: refusal("ThrottlingException"),
    "a damaged refusal": lambda: refusal("ThrottlingException", x_amz_crc32="1"),
}
WRITES: dict[str, Callable[[Store], object]] = {
    "put": lambda store: store.put(PUT_NOTE, note(**KEY)),
    "update": lambda store: store.update(STRIP_NOTE, {"tags": {"a"}}, **KEY),
    "count": lambda store: store.update(COUNT_NOTE, {"count": 1}, **KEY),
    "delete": lambda store: store.delete(DROP_NOTE, **KEY),
    "batch": lambda store: store.batch_write(WRITE_NOTES, puts=[note(**KEY)]),
    "transaction": lambda store: store.transact(MOVE, [Write.delete(DROP_NOTE, **KEY)]),
}


@pytest.fixture
def replies(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> list[Reply]:
    """Return what the requests are answered with, in order."""
    coming: list[Reply] = []

    def reply(request: dict[str, Any]) -> AWSResponse:
        wire.sent.append(request)
        return coming.pop(0)()

    monkeypatch.setattr(wire, "reply", reply)
    return coming


def told(call: Callable[[], object]) -> KeylineError:
    """Return the error that a call raises."""
    with pytest.raises(KeylineError) as error:
        call()
    return error.value


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("reply", MAY_BE_DONE)
def test_a_write_that_may_have_been_carried_out_says_so(
    wire: Wire, replies: list[Reply], write: str, reply: str
) -> None:
    replies += [MAY_BE_DONE[reply]] * ATTEMPTS
    assert isinstance(told(lambda: WRITES[write](wire.store())), OutcomeUnknownError)
    assert len(wire.sent) == (1 if write == "count" else ATTEMPTS)


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("reply", NOT_DONE)
def test_a_write_that_was_not_carried_out_is_tried_again_and_says_why(
    wire: Wire, replies: list[Reply], write: str, reply: str
) -> None:
    replies += [NOT_DONE[reply]] * ATTEMPTS
    error = told(lambda: WRITES[write](wire.store()))
    assert isinstance(error, ThrottledError | UnavailableError)
    assert not isinstance(error, OutcomeUnknownError)
    assert len(wire.sent) == ATTEMPTS


@pytest.mark.parametrize("last", NOT_DONE)
def test_one_attempt_in_doubt_leaves_the_whole_call_in_doubt(
    wire: Wire, replies: list[Reply], last: str
) -> None:
    replies += [MAY_BE_DONE["read time-out"], *[NOT_DONE[last]] * (ATTEMPTS - 1)]
    assert isinstance(told(lambda: WRITES["put"](wire.store())), OutcomeUnknownError)


def test_a_refusal_after_an_attempt_in_doubt_says_nothing_of_that_attempt(
    wire: Wire, replies: list[Reply]
) -> None:
    replies += [MAY_BE_DONE["500"], lambda: refusal("ExpiredTokenException")]
    assert isinstance(told(lambda: WRITES["put"](wire.store())), OutcomeUnknownError)
    replies.append(lambda: refusal("ExpiredTokenException"))
    assert isinstance(told(lambda: WRITES["put"](wire.store())), RequestRefusedError)


def test_credentials_that_fail_after_an_attempt_in_doubt_leave_it_in_doubt(
    wire: Wire, replies: list[Reply]
) -> None:
    replies += [
        MAY_BE_DONE["read time-out"],
        fails(CredentialRetrievalError(provider="role", error_msg="expired")),
    ]
    assert isinstance(told(lambda: WRITES["put"](wire.store())), OutcomeUnknownError)


@pytest.mark.parametrize("reply", MAY_BE_DONE)
def test_a_read_is_tried_again_and_is_in_no_doubt(
    wire: Wire, replies: list[Reply], reply: str
) -> None:
    replies += [MAY_BE_DONE[reply]] * ATTEMPTS
    error = told(lambda: wire.store().get(GET_NOTE, **KEY))
    assert isinstance(error, UnavailableError)
    assert not isinstance(error, OutcomeUnknownError)
    assert len(wire.sent) == ATTEMPTS


@pytest.mark.parametrize(
    ("write", "repeatable", "suggests"),
    [
        ("put", True, "Read the item"),
        ("update", True, "Read the item"),
        ("count", False, "exactly_once=True"),
        ("delete", True, "Read the item"),
        ("batch", True, "the same batch again"),
        ("transaction", False, "token="),
    ],
)
def test_an_unknown_outcome_says_what_to_do(
    wire: Wire, replies: list[Reply], write: str, repeatable: bool, suggests: str
) -> None:
    replies += [MAY_BE_DONE["500"]] * ATTEMPTS
    error = told(lambda: WRITES[write](wire.store()))
    assert isinstance(error, OutcomeUnknownError)
    assert error.message == "the write may have been carried out, or not."
    assert (error.repeatable, suggests in error.suggestion) == (repeatable, True)


def test_a_transaction_with_a_token_may_be_sent_again_with_it(
    wire: Wire, replies: list[Reply]
) -> None:
    replies += [MAY_BE_DONE["500"]] * ATTEMPTS
    actions = [Write.delete(DROP_NOTE, **KEY)]
    error = told(lambda: wire.store().transact(MOVE, actions, token="t"))
    assert isinstance(error, OutcomeUnknownError)
    assert (error.repeatable, "same token" in error.suggestion) == (True, True)


def test_a_transaction_that_another_call_is_carrying_out_is_in_doubt(
    wire: Wire, replies: list[Reply]
) -> None:
    replies += [lambda: refusal("TransactionInProgressException")] * ATTEMPTS
    actions = [Write.delete(DROP_NOTE, **KEY)]
    assert isinstance(
        told(lambda: wire.store().transact(MOVE, actions, token="t")), OutcomeUnknownError
    )


def test_the_attempts_of_a_transaction_share_a_token(wire: Wire, replies: list[Reply]) -> None:
    replies += [MAY_BE_DONE["500"], lambda: answer(200, {})]
    WRITES["transaction"](wire.store())
    first, second = (request["ClientRequestToken"] for request in wire.sent)
    assert first == second


@pytest.mark.parametrize("reply", [*MAY_BE_DONE, *NOT_DONE])
def test_a_call_is_recorded_once_however_it_ends(
    wire: Wire, replies: list[Reply], reply: str
) -> None:
    replies += [{**MAY_BE_DONE, **NOT_DONE}[reply]] * ATTEMPTS
    store = wire.store()
    told(lambda: WRITES["put"](store))
    (call,) = store.meter.calls
    assert (call.pattern, call.operation, call.failed) == (PUT_NOTE.name, "PutItem", True)
