"""Lambda's rules for a batch of stream records: retry, split, give up. Pure functions.

The rules are AWS's, from the Lambda developer guide:

* A function error is retried "until the records expire, exceed the maximum age, or reach the
  configured retry quota". What could not be invoked at all (throttled) is retried until the records
  expire or exceed the age: it costs no retry (services-dynamodb-errors).
* With bisect a failed batch is split in two. "Splitting batches doesn't consume the retry
  quota" (services-dynamodb-errors), so a poison record is alone before its retries count.
* With partial batch responses the lowest reported sequence number is the checkpoint, and all
  from there on is retried (services-ddb-batchfailurereporting).
* With both, a partial success "is bisected at the returned sequence number and Lambda retries
  only the remaining records" (same page). A response that names the first record reports no
  success at all, and AWS does not document what follows. Here the batch is halved as after an
  error. keyline.stream's handler does not rely on it: it lets such an invocation fail.
"""

from __future__ import annotations

import json
import math
import random
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Record = Mapping[str, Any]
"""A stream record in the form a function receives it."""

MAX_PAYLOAD = 6 * 1024 * 1024
"""Bytes of a synchronous invocation's payload (Lambda quotas)."""

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
AGE_EXCEEDED = "RecordAgeExceeded"


@dataclass(frozen=True)
class Policy:
    """The retry settings of a mapping; None is AWS's infinite default."""

    max_retries: int | None = None
    max_age: float | None = None
    bisect: bool = False
    partial: bool = False


@dataclass(frozen=True)
class Batch:
    """Records that are invoked together, and how they have fared.

    Attributes
    ----------
    retries
        Retries that count against the quota.
    invocations
        Invocations that had these records, those before a split included.
    """

    records: tuple[Record, ...]
    retries: int = 0
    invocations: int = 0


@dataclass(frozen=True)
class Verdict:
    """The verdict of an invocation on its batch.

    Attributes
    ----------
    failed_from
        Position of the first failed record; None if all succeeded.
    error
        Lambda's `FunctionError` (`Unhandled`), or None.
    reason
        Why, for the log.
    """

    failed_from: int | None = None
    error: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Step:
    """The steps after an invocation: batches to run, in order, and the one given up."""

    retry: tuple[Batch, ...] = ()
    discarded: Batch | None = None


def sequence_number(record: Record) -> str:
    """Return a record's sequence number, which also names it in a partial batch response."""
    return str(record["dynamodb"]["SequenceNumber"])


def arrival(record: Record) -> float:
    """Return when a record was written, in epoch seconds."""
    return float(record["dynamodb"]["ApproximateCreationDateTime"])


def judge(payload: bytes, function_error: str | None, batch: Batch, *, partial: bool) -> Verdict:
    """Read an invocation's result.

    Without `partial` only a function error is a failure, whatever the function returns.
    With it (services-ddb-batchfailurereporting) an empty or null response, and an empty or
    null `batchItemFailures`, are a success; an empty, null or misnamed `itemIdentifier` fails
    the whole batch. So do, here, a response of another form and an identifier that is not in
    the batch: what was reported cannot be told, and retrying loses nothing.
    """
    if function_error:
        return Verdict(0, function_error, _shorten(payload))
    if not partial:
        return Verdict()
    try:
        response = json.loads(payload or b"null")
    except ValueError:
        return Verdict(0, reason=f"the response is not JSON: {_shorten(payload)}")
    return _judge_response(response, batch)


def _judge_response(response: Any, batch: Batch) -> Verdict:
    if response is None or response in ("", {}):
        return Verdict()
    if not isinstance(response, dict):
        return Verdict(0, reason="the response is not an object with batchItemFailures")
    failures = response.get("batchItemFailures")
    if failures is None or failures == []:
        return Verdict()
    if not isinstance(failures, list):
        return Verdict(0, reason="batchItemFailures is not a list")
    positions = {sequence_number(record): at for at, record in enumerate(batch.records)}
    found = []
    for failure in failures:
        name = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(name, str) or name not in positions:
            return Verdict(0, reason=f"{name!r} is not an itemIdentifier of this batch")
        found.append(positions[name])
    return Verdict(min(found), reason=f"{len(found)} batchItemFailures")


def advance(batch: Batch, verdict: Verdict, policy: Policy) -> Step:
    """Decide what follows from a verdict.

    Parameters
    ----------
    batch
        What was invoked.
    verdict
        What came of it.
    policy
        The mapping's settings.
    """
    if verdict.failed_from is None:
        return Step()
    rest = replace(
        batch,
        records=batch.records[verdict.failed_from :],
        invocations=batch.invocations + 1,
    )
    if policy.bisect and verdict.failed_from > 0:
        return Step(retry=(rest,))
    if policy.bisect and len(rest.records) > 1:
        return Step(retry=_halves(rest))
    if policy.max_retries is not None and rest.retries >= policy.max_retries:
        return Step(discarded=rest)
    return Step(retry=(replace(rest, retries=rest.retries + 1),))


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    middle = (len(batch.records) + 1) // 2
    return (
        replace(batch, records=batch.records[:middle]),
        replace(batch, records=batch.records[middle:]),
    )


def expire(
    batch: Batch, max_age: float | None, age: Callable[[float], float]
) -> tuple[Batch | None, Batch | None]:
    """Split off the leading records that are older than `max_age` seconds.

    Parameters
    ----------
    age
        Says how many seconds ago something was that has the epoch seconds of a record.

    Returns
    -------
    tuple
        The expired and the remaining records, each None if there are none.
    """
    if max_age is None:
        return None, batch
    live = next(
        (at for at, record in enumerate(batch.records) if age(arrival(record)) <= max_age),
        len(batch.records),
    )
    expired = replace(batch, records=batch.records[:live]) if live else None
    rest = replace(batch, records=batch.records[live:]) if live < len(batch.records) else None
    return expired, rest


def event(batch: Batch) -> bytes:
    """Return the payload a function receives for a batch."""
    return json.dumps({"Records": batch.records}, separators=(",", ":")).encode()


def batches(
    records: Sequence[Record], size: int, max_payload: int = MAX_PAYLOAD
) -> Iterator[Batch]:
    """Cut records into batches of at most `size` records and `max_payload` bytes.

    A single record that is larger goes alone: it is the function's to refuse.
    """
    current: list[Record] = []
    used = _ENVELOPE
    for record in records:
        needed = len(json.dumps(record, separators=(",", ":"))) + 1
        if current and (len(current) == size or used + needed > max_payload):
            yield Batch(tuple(current))
            current, used = [], _ENVELOPE
        current.append(record)
        used += needed
    if current:
        yield Batch(tuple(current))


_ENVELOPE = len('{"Records":[]}')


def lanes(
    records: Sequence[Record], count: int, key: Callable[[Record], str]
) -> list[list[Record]]:
    """Spread records over `count` lanes so that those with one key stay together, in order.

    Lambda's parallelization factor "still ensures in-order processing at the partition-key
    level" (services-dynamodb-eventsourcemapping).
    """
    spread: list[list[Record]] = [[] for _ in range(count)]
    for record in records:
        # crc32, because Python's own hash differs from process to process.
        spread[zlib.crc32(key(record).encode()) % count].append(record)
    return [lane for lane in spread if lane]


@dataclass(frozen=True)
class Backoff:
    """Exponential backoff with full jitter; seconds.

    Lambda documents none for streams; the curve is that of the AWS Architecture Blog,
    "Exponential Backoff And Jitter", with figures that suit a person who waits.
    """

    base: float = 0.1
    cap: float = 5.0
    jitter: Callable[[], float] = random.random

    def delay(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row (1, 2, ...)."""
        ceiling = math.ldexp(self.base, min(failures - 1, 60))
        return min(self.cap, ceiling) * self.jitter()


def _shorten(payload: bytes) -> str:
    return payload[:500].decode(errors="replace")
