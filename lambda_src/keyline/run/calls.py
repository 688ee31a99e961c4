"""One call: sent, decoded, metered, and its refusal turned into an error of ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from keyline.errors import KeylineError
from keyline.model.pattern import Pattern
from keyline.run import reply
from keyline.run.connection import Sender
from keyline.run.errors import (
    ItemUnreadableError,
    RequestRefusedError,
    ThrottledError,
    ThrottlingReason,
    UnavailableError,
)
from keyline.run.meter import Call, Labels, Meter
from keyline.run.misfit import Decoder, decode
from keyline.run.outcome import ANSWERS, NoReplyError, Reply, ReplyError
from keyline.run.repeat import Repeat

_NOT_AS_DESCRIBED = "an answer that is not as its API describes it"
THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
)
Floor = Callable[[bytes], float | None]
"""What computes the units that an answer's item sizes imply."""


class Calls:
    """Makes a store's calls.

    Attributes
    ----------
    measuring
        Whether the floor of each call is computed.
    """

    def __init__(
        self, connection: Sender, meter: Meter, labels: Labels, *, measuring: bool
    ) -> None:
        self._connection = connection
        self._meter = meter
        self._labels = labels
        self.measuring = measuring

    def send(
        self,
        pattern: Pattern[Any],
        operation: str,
        request: dict[str, Any],
        decoder: Decoder,
        count: Callable[[Any], int],
        floor: Floor | None = None,
        *,
        repeat: Repeat | None = None,
    ) -> Any:
        """Make a call and decode its answer.

        Parameters
        ----------
        count
            How many items the answer stands for.
        repeat
            How a write may be repeated; None for a read, which always may.

        Raises
        ------
        ReplyError
            If a condition did not hold, or a transaction was cancelled, or its token was used for
            another one.
        ThrottledError, UnavailableError, RequestRefusedError
            If DynamoDB refused for another reason.
        OutcomeUnknownError
            If a write ended so, and one of its attempts may have been carried out.
        ItemUnreadableError
            If an item does not fit the pattern's shape.
        """
        request["ReturnConsumedCapacity"] = "INDEXES"
        call = Call(
            pattern=pattern.name,
            operation=operation,
            table=pattern.table.name,
            index=pattern.index_name or "",
            failed=True,
        )
        try:
            answer = self._ask(call, request, repeat)
            decoded, left_out = _decoded(pattern, decoder, answer.body, repeat)
            call.read, call.write, call.by_index = consumed(pattern, decoded.ConsumedCapacity)
            call.unreadable = len(left_out)
            call.items = count(decoded)
            call.floor = floor(answer.body) if floor and self.measuring else None
            call.failed = False
        finally:  # however it ends: as failed until it says that it is not
            self._meter.record(self._labels, call)
        return decoded

    def _ask(self, call: Call, request: dict[str, Any], repeat: Repeat | None) -> Reply:
        """Send a request and note how it went; what is wrong comes as an error of ours."""
        repeatable = repeat is None or repeat.repeated
        started = time.perf_counter()
        try:
            answer = self._connection.send(call.operation, request, repeatable=repeatable)
        except NoReplyError as lost:
            raise explain(call.pattern, lost, repeat) from lost
        except ReplyError as refusal:
            call.throttles = refusal.retries + (refusal.code in THROTTLED)
            call.request_id = refusal.request_id
            error = explain(call.pattern, refusal, repeat)
            call.failed = error is not refusal
            raise error from (refusal if call.failed else None)
        finally:
            call.latency = _milliseconds_since(started)
        call.throttles, call.request_id = answer.retries, answer.request_id
        return answer


def _decoded(
    pattern: Pattern[Any], decoder: Decoder, body: bytes, repeat: Repeat | None
) -> tuple[Any, Sequence[ItemUnreadableError]]:
    """Return an answer in its type, and why items are left out.

    What is not as DynamoDB answers is not an answer: a proxy may have written it.
    """
    try:
        return decode(pattern, decoder, body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise explain(
            pattern.name, NoReplyError(_NOT_AS_DESCRIBED, in_doubt=True), repeat
        ) from None


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def consumed(
    pattern: Pattern[Any], capacity: reply.Capacity | Sequence[reply.Capacity] | None
) -> tuple[float, float, dict[str, float]]:
    """Read units, write units, and the units of each index."""
    parts = () if capacity is None else capacity
    if isinstance(parts, reply.Capacity):
        parts = (parts,)
    total, replayed = 0.0, False
    by_index: dict[str, float] = {}
    for part in parts:
        total += part.CapacityUnits
        replayed = replayed or bool(part.ReadCapacityUnits)
        for name, units in part.GlobalSecondaryIndexes.items():
            by_index[name] = by_index.get(name, 0.0) + units.CapacityUnits
    reads = pattern.reads or replayed  # a token's second call reads what the first wrote
    return (total, 0.0, by_index) if reads else (0.0, total, by_index)


def explain(
    path: str, failure: ReplyError | NoReplyError, repeat: Repeat | None
) -> KeylineError | ReplyError:
    """Return what a call that failed means; a refusal itself where that depends on the pattern.

    Parameters
    ----------
    path
        The pattern's name.
    repeat
        How a write may be repeated; None for a read.
    """
    if isinstance(failure, ReplyError) and failure.code in ANSWERS:
        return failure
    if repeat is not None and (failure.in_doubt or _is_under_way(failure)):
        return repeat.unknown(path)
    if isinstance(failure, NoReplyError):
        return UnavailableError(
            path, f"got no answer from DynamoDB ({failure}).", "Try again later."
        )
    if failure.code in THROTTLED:
        return ThrottledError(path, throttling_reasons(failure.body))
    if failure.status >= 500:
        return UnavailableError(path, f"DynamoDB failed ({failure.code}).", "Try again later.")
    return RequestRefusedError(path, failure.code, failure.message)


def _is_under_way(failure: ReplyError | NoReplyError) -> bool:
    """Return whether another call with the same token is being carried out at this very moment."""
    return isinstance(failure, ReplyError) and failure.code == "TransactionInProgressException"


def throttling_reasons(body: bytes) -> tuple[ThrottlingReason, ...]:
    """Return why a request was throttled, as far as DynamoDB says."""
    said: Mapping[str, Any] = reply.decoder(reply.ThrottledReply).decode(body or b"{}")
    reasons = [*said.ThrottlingReasons, *said.throttlingReasons]  # type: ignore[attr-defined] # a decoder of any type
    return tuple(ThrottlingReason(each.reason, each.resource) for each in reasons)
