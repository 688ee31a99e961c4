"""Test what Lambda does with a failed batch: retries, bisect, partial responses, age, order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyline_local.triggers.on_failure import document
from keyline_local.triggers.stream_retry import (
    Backoff,
    Batch,
    Policy,
    Record,
    Verdict,
    advance,
    batches,
    event,
    expire,
    judge,
    lanes,
    sequence_number,
)


def record(number: int, key: str = "k", size: int = 0) -> Record:
    return {
        "dynamodb": {
            "SequenceNumber": str(number),
            "Keys": {"pk": {"S": key}},
            "NewImage": {"pk": {"S": key}, "text": {"S": "x" * size}},
            "ApproximateCreationDateTime": float(number),
        }
    }


def batch(*numbers: int, **state: int) -> Batch:
    return Batch(tuple(record(number) for number in numbers), **state)


def numbers(of: Batch | None) -> list[int]:
    return [int(sequence_number(one)) for one in of.records] if of else []


def failures(*identifiers: Any) -> bytes:
    return json.dumps(
        {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}
    ).encode()


@pytest.mark.parametrize(
    ("payload", "failed_from"),
    [
        (b"", None),
        (b"null", None),
        (b"{}", None),
        (b'""', None),
        (b'{"batchItemFailures": []}', None),
        (b'{"batchItemFailures": null}', None),
        (b'{"statusCode": 200}', None),
        (failures("2"), 1),
        (failures("3", "2"), 1),  # the lowest is the checkpoint
        (failures("1"), 0),
        (failures(""), 0),
        (failures(None), 0),
        (failures("2", ""), 0),
        (failures("99"), 0),
        (failures(2), 0),
        (b'{"batchItemFailures": [{"id": "2"}]}', 0),
        (b'{"batchItemFailures": ["2"]}', 0),
        (b'{"batchItemFailures": "2"}', 0),
        (b'["2"]', 0),
        (b"ok", 0),
    ],
)
def test_a_partial_batch_response_is_read_as_aws_reads_it(
    payload: bytes, failed_from: int | None
) -> None:
    assert judge(payload, None, batch(1, 2, 3), partial=True).failed_from == failed_from


def test_a_response_counts_only_where_partial_responses_are_on_and_an_error_always() -> None:
    assert judge(failures("2"), None, batch(1, 2), partial=False).failed_from is None
    for partial in (True, False):
        verdict = judge(b"{}", "Unhandled", batch(1, 2), partial=partial)
        assert (verdict.failed_from, verdict.error) == (0, "Unhandled")


def test_an_error_repeats_the_batch_until_the_quota_is_used_up() -> None:
    policy, current = Policy(max_retries=2), batch(1, 2)
    for retries in (1, 2):
        step = advance(current, Verdict(0, "Unhandled"), policy)
        assert step.discarded is None
        (current,) = step.retry
        assert (numbers(current), current.retries) == ([1, 2], retries)
    step = advance(current, Verdict(0, "Unhandled"), policy)
    assert step.retry == ()
    assert step.discarded is not None
    assert (numbers(step.discarded), step.discarded.invocations) == ([1, 2], 3)


def test_without_a_quota_a_batch_is_repeated_for_good() -> None:
    step = advance(batch(1, retries=10_000), Verdict(0, "Unhandled"), Policy())
    assert [numbers(one) for one in step.retry] == [[1]]


def test_bisect_halves_and_costs_no_retry() -> None:
    step = advance(batch(1, 2, 3, retries=1), Verdict(0), Policy(max_retries=1, bisect=True))
    assert [(numbers(one), one.retries) for one in step.retry] == [([1, 2], 1), ([3], 1)]


def test_a_single_record_cannot_be_halved_so_its_retries_count() -> None:
    policy = Policy(max_retries=1, bisect=True)
    (again,) = advance(batch(1), Verdict(0), policy).retry
    assert again.retries == 1
    assert numbers(advance(again, Verdict(0), policy).discarded) == [1]


def test_bisect_cuts_at_the_reported_record_and_keeps_what_succeeded() -> None:
    step = advance(batch(1, 2, 3, 4), Verdict(2), Policy(max_retries=0, bisect=True))
    assert [(numbers(one), one.retries) for one in step.retry] == [([3, 4], 0)]
    assert step.discarded is None


def test_bisect_halves_when_the_first_record_is_reported() -> None:
    step = advance(batch(1, 2, 3, 4), Verdict(0), Policy(max_retries=0, bisect=True))
    assert [numbers(one) for one in step.retry] == [[1, 2], [3, 4]]


def test_without_bisect_the_rest_from_the_reported_record_is_retried_and_then_given_up() -> None:
    policy = Policy(max_retries=1)
    (rest,) = advance(batch(1, 2, 3), Verdict(1), policy).retry
    assert (numbers(rest), rest.retries) == ([2, 3], 1)
    assert numbers(advance(rest, Verdict(0), policy).discarded) == [2, 3]


def aged(now: float) -> Callable[[float], float]:
    return lambda moment: now - moment


def test_records_over_the_age_are_split_off_the_front() -> None:
    expired, rest = expire(batch(10, 20, 30), max_age=15, age=aged(40))
    assert (numbers(expired), numbers(rest)) == ([10, 20], [30])
    assert expire(batch(10), None, aged(1e9)) == (None, batch(10))
    expired, rest = expire(batch(10, 20), max_age=60, age=aged(40))
    assert (expired, numbers(rest)) == (None, [10, 20])
    expired, rest = expire(batch(10, 20), max_age=60, age=aged(1000))
    assert (numbers(expired), rest) == ([10, 20], None)


def run(
    records: Sequence[Record], policy: Policy, function: Callable[[Batch], Verdict]
) -> tuple[list[int], list[int]]:
    """Drive a batch to its end; return the delivered and the discarded numbers, in order."""
    todo, delivered, discarded = [Batch(tuple(records))], [], []
    while todo:
        current = todo.pop(0)
        verdict = function(current)
        upto = len(current.records) if verdict.failed_from is None else verdict.failed_from
        delivered += numbers(current)[:upto]
        step = advance(current, verdict, policy)
        discarded += numbers(step.discarded)
        todo[:0] = step.retry
    return delivered, discarded


sets = st.integers(1, 40).flatmap(
    lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1)))
)


@given(shape=sets, retries=st.integers(0, 3), partial=st.booleans())
def test_with_bisect_exactly_the_poison_is_given_up_and_all_else_delivered_in_order(
    shape: tuple[int, set[int]], retries: int, partial: bool
) -> None:
    size, poison = shape

    def function(current: Batch) -> Verdict:
        bad = [at for at, number in enumerate(numbers(current)) if number in poison]
        if not bad:
            return Verdict()
        return Verdict(bad[0]) if partial else Verdict(0, "Unhandled")

    policy = Policy(max_retries=retries, bisect=True, partial=partial)
    delivered, discarded = run([record(number) for number in range(size)], policy, function)
    assert discarded == sorted(poison)
    assert delivered == [number for number in range(size) if number not in poison]


@given(shape=sets, retries=st.integers(0, 3), bisect=st.booleans(), partial=st.booleans())
def test_every_record_is_delivered_or_given_up_whatever_the_settings(
    shape: tuple[int, set[int]], retries: int, bisect: bool, partial: bool
) -> None:
    size, poison = shape

    def function(current: Batch) -> Verdict:
        bad = [at for at, number in enumerate(numbers(current)) if number in poison]
        return Verdict(bad[0] if partial else 0, None if partial else "E") if bad else Verdict()

    policy = Policy(max_retries=retries, bisect=bisect, partial=partial)
    delivered, discarded = run([record(number) for number in range(size)], policy, function)
    assert sorted(delivered + discarded) == list(range(size))
    assert delivered == sorted(delivered)
    assert poison <= set(discarded)


@given(
    sizes=st.lists(st.integers(0, 400), max_size=30),
    count=st.integers(1, 7),
    limit=st.integers(300, 2000),
)
def test_batches_keep_the_order_and_both_limits(sizes: list[int], count: int, limit: int) -> None:
    records = [record(at, size=size) for at, size in enumerate(sizes)]
    cut = list(batches(records, count, limit))
    assert [one for part in cut for one in part.records] == records
    for part in cut:
        assert 1 <= len(part.records) <= count
        assert len(event(part)) <= limit or len(part.records) == 1


@given(keys=st.lists(st.sampled_from("abcdefgh"), max_size=40), count=st.integers(1, 10))
def test_lanes_keep_a_key_together_and_in_order(keys: list[str], count: int) -> None:
    records = [record(at, key) for at, key in enumerate(keys)]

    def key_of(one: Record) -> str:
        return str(one["dynamodb"]["Keys"]["pk"]["S"])

    spread = lanes(records, count, key_of)
    assert len(spread) <= count
    assert sorted(int(sequence_number(one)) for lane in spread for one in lane) == list(
        range(len(keys))
    )
    for key in set(keys):
        homes = [[one for one in lane if key_of(one) == key] for lane in spread]
        (home,) = [found for found in homes if found]
        assert [int(sequence_number(one)) for one in home] == [
            at for at, of in enumerate(keys) if of == key
        ]


def test_the_wait_doubles_up_to_its_cap_under_the_jitter() -> None:
    backoff = Backoff(base=0.1, cap=1.0, jitter=lambda: 1.0)
    assert [round(backoff.delay(failures), 3) for failures in (1, 2, 3, 4, 5, 500)] == [
        0.1, 0.2, 0.4, 0.8, 1.0, 1.0,
    ]  # fmt: skip
    assert Backoff(jitter=lambda: 0.0).delay(9) == 0.0


def test_the_message_of_a_batch_given_up_has_the_form_of_lambdas() -> None:
    body = json.loads(
        document(
            batch(1573690399, 1573690400, invocations=3),
            condition="RetryAttemptsExhausted",
            function_arn="arn:aws:lambda:us-east-2:123456789012:function:roll-up",
            function_error="Unhandled",
            shard_id="shardId-00000001-CustomerOrders",
            stream_arn="arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/label",
            now=1573690429.717,
            request_id="316aa6d0-8154-4e5c-9af7-85d5f4a6bc81",
        )
    )
    assert body == {
        "requestContext": {
            "requestId": "316aa6d0-8154-4e5c-9af7-85d5f4a6bc81",
            "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:roll-up",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2019-11-14T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001-CustomerOrders",
            "startSequenceNumber": "1573690399",
            "endSequenceNumber": "1573690400",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:13:20Z",
            "batchSize": 2,
            "streamArn": "arn:aws:dynamodb:us-east-2:123456789012:table/t/stream/label",
        },
    }


def test_records_that_were_never_invoked_have_no_response_context() -> None:
    body = json.loads(
        document(
            batch(1),
            condition="RecordAgeExceeded",
            function_arn="arn",
            function_error=None,
            shard_id="s",
            stream_arn="arn",
            now=100.0,
        )
    )
    assert "responseContext" not in body
    assert body["requestContext"]["approximateInvokeCount"] == 0
