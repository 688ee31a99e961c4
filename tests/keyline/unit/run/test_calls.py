"""Refusals, faults and damaged answers."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from keyline.run import Store
from keyline.run.errors import (
    ConditionFailedError,
    ItemUnreadableError,
    RequestRefusedError,
    ThrottledError,
    ThrottlingReason,
    UnavailableError,
)
from tests.support.answers import answer, refusal
from tests.support.sample.notes import GET_NOTE, PUT_NOTE, note
from tests.support.wire import Wire

KEY: dict[str, Any] = {"owner": "ann", "timestamp": 1_800_000_000_000.0}
ITEM = {
    "owner": {"S": "ann"},
    "timestamp": {"N": "1800000000000"},
    "name": {"S": "plan"},
    "size": {"N": "1"},
    "topic": {"S": "work"},
}
pytestmark = pytest.mark.usefixtures("no_sleep")


@pytest.mark.requirement("T-82")
@pytest.mark.parametrize(
    ("code", "member"),
    [
        ("ProvisionedThroughputExceededException", "ThrottlingReasons"),
        ("ThrottlingException", "throttlingReasons"),  # as botocore's model of DynamoDB has it
    ],
)
def test_throttling_says_why_and_where(wire: Wire, store: Store, code: str, member: str) -> None:
    # Given a table that stays throttled through all attempts
    reasons = [{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": "arn:aws:t"}]
    body: dict[str, Any] = {member: reasons}
    wire.replies += [refusal(code, **body) for _ in range(3)]
    with pytest.raises(ThrottledError) as error:
        store.put(PUT_NOTE, note(**KEY))
    assert error.value.reasons == (
        ThrottlingReason("TableWriteKeyRangeThroughputExceeded", "arn:aws:t"),
    )
    # Then it was tried three times, and the meter has it
    assert len(wire.sent) == 3
    (call,) = store.meter.calls
    assert (call.throttles, call.failed) == (3, True)


def test_a_condition_that_does_not_hold_is_an_answer_and_no_failure(
    wire: Wire, store: Store
) -> None:
    wire.replies.append(refusal("ConditionalCheckFailedException"))
    with pytest.raises(ConditionFailedError):
        store.put(PUT_NOTE, note(**KEY))
    (call,) = store.meter.calls
    assert (call.throttles, call.failed) == (0, False)


def test_an_item_that_cannot_be_read_is_a_failure(wire: Wire, store: Store) -> None:
    wire.replies.append(answer(200, {"Item": {**ITEM, "size": {"S": "large"}}}))
    with pytest.raises(ItemUnreadableError):
        store.get(GET_NOTE, **KEY)
    (call,) = store.meter.calls
    assert (call.pattern, call.failed) == (GET_NOTE.name, True)


@pytest.mark.requirement("T-63")
def test_a_passing_throttle_is_tried_again(wire: Wire, store: Store) -> None:
    wire.replies += [
        refusal("ThrottlingException"),
        answer(
            200,
            {"Item": ITEM, "ConsumedCapacity": {"TableName": "t", "CapacityUnits": 0.5}},
            x_amzn_requestid="request-1",
        ),
    ]
    got = store.get(GET_NOTE, **KEY)
    assert got is not None
    (call,) = store.meter.calls
    assert (call.throttles, call.read, call.request_id) == (1, 0.5, "request-1")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("InternalServerError", 500, UnavailableError),
        ("ServiceUnavailable", 503, UnavailableError),
        ("AccessDeniedException", 400, RequestRefusedError),
        ("ResourceNotFoundException", 400, RequestRefusedError),
    ],
)
def test_other_refusals(
    wire: Wire, store: Store, code: str, status: int, kind: type[Exception]
) -> None:
    wire.replies += [refusal(code, status, message="What DynamoDB says.") for _ in range(3)]
    with pytest.raises(kind, match=code):
        store.get(GET_NOTE, **KEY)


@pytest.mark.parametrize(
    "body", [b"<html>busy</html>", "beschäftigt".encode("latin-1"), b"[]", b'"x"', b'{"__type":1}']
)
def test_a_page_of_somebody_else_is_a_fault_of_the_service(
    wire: Wire, store: Store, body: bytes
) -> None:
    wire.replies += [answer(503, body) for _ in range(3)]
    with pytest.raises(UnavailableError):
        store.get(GET_NOTE, **KEY)


@pytest.mark.requirement("X-11")
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (ReadTimeoutError(endpoint_url="x"), "no answer came in time"),
        (ConnectTimeoutError(endpoint_url="x"), "no connection was made in time"),
        (EndpointConnectionError(endpoint_url="x", error="refused"), "no connection was made"),
    ],
)
def test_no_answer(
    wire: Wire, store: Store, fault: Exception, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(request: Any) -> Any:
        wire.sent.append(request)
        raise fault

    monkeypatch.setattr(wire, "reply", fail)
    with pytest.raises(UnavailableError, match=rf"\({says}\)"):
        wire.store().get(GET_NOTE, **KEY)
    assert len(wire.sent) == 3


def test_a_damaged_answer_is_asked_for_again(wire: Wire, store: Store) -> None:
    # Given an answer whose checksum is another's, then a whole one
    wire.replies += [
        answer(200, {"Item": {**ITEM, "name": {"S": "damaged"}}}, x_amz_crc32="1"),
        answer(200, {"Item": ITEM}),
    ]
    got = store.get(GET_NOTE, **KEY)
    assert got is not None
    assert got.name == "plan"
    assert len(wire.sent) == 2
