"""One call: sent, decoded, metered, and its refusal turned into an error of ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from keyline.model.pattern import Pattern, TransactWrite
from keyline.problem import KeylineError
from keyline.run import reply
from keyline.run.client import Connection, Refusal
from keyline.run.errors import (
    ItemUnreadable,
    RequestRefused,
    Throttled,
    ThrottlingReason,
    Unavailable,
)
from keyline.run.meter import Call, Labels, Meter
from keyline.run.misfit import Decoder, decode

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
        self, connection: Connection, meter: Meter, labels: Labels, *, measuring: bool
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
    ) -> Any:
        """Make a call and decode its answer.

        Parameters
        ----------
        count
            How many items the answer stands for.

        Raises
        ------
        Refusal
            If a condition did not hold, or a transaction was cancelled.
        Throttled, Unavailable, RequestRefused
            If DynamoDB refused for another reason.
        ItemUnreadable
            If an item does not fit the pattern's shape.
        """
        request["ReturnConsumedCapacity"] = "INDEXES"
        call = partial(
            Call,
            pattern=pattern.name,
            operation=operation,
            table=pattern.table.name,
            index=pattern.index_name or "",
        )
        started = time.perf_counter()
        try:
            answer = self._connection.send(pattern.name, operation, request)
        except Refusal as refusal:
            error = explain(pattern.name, refusal)
            self._meter.record(
                self._labels,
                call(
                    latency=_milliseconds_since(started),
                    throttles=refusal.retries + (refusal.code in THROTTLED),
                    request_id=refusal.request_id,
                    failed=error is not refusal,
                ),
            )
            raise error from refusal if error is not refusal else None
        except Unavailable:
            self._meter.record(
                self._labels, call(latency=_milliseconds_since(started), failed=True)
            )
            raise
        latency = _milliseconds_since(started)
        call = partial(
            call, latency=latency, throttles=answer.retries, request_id=answer.request_id
        )
        try:
            decoded, left_out = decode(pattern, decoder, answer.body)
        except ItemUnreadable:
            self._meter.record(self._labels, call(failed=True))
            raise
        read, write, by_index = consumed(pattern, decoded.ConsumedCapacity)
        self._meter.record(
            self._labels,
            call(
                read=read,
                write=write,
                by_index=by_index,
                items=count(decoded),
                unreadable=len(left_out),
                floor=floor(answer.body) if floor and self.measuring else None,
            ),
        )
        return decoded


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def consumed(
    pattern: Pattern[Any], capacity: reply.Capacity | Sequence[reply.Capacity] | None
) -> tuple[float, float, dict[str, float]]:
    """Read units, write units, and the units of each index."""
    parts = (
        [] if capacity is None else [capacity] if isinstance(capacity, reply.Capacity) else capacity
    )
    total = sum(part.CapacityUnits for part in parts)
    replayed = isinstance(pattern, TransactWrite) and any(p.ReadCapacityUnits for p in parts)
    by_index: dict[str, float] = {}
    for part in parts:
        for name, units in part.GlobalSecondaryIndexes.items():
            by_index[name] = by_index.get(name, 0.0) + units.CapacityUnits
    reads = pattern.reads or replayed  # a token's second call reads what the first wrote
    return (total, 0.0, by_index) if reads else (0.0, total, by_index)


def explain(path: str, refusal: Refusal) -> KeylineError | Refusal:
    """What a refusal means; itself where that depends on the pattern."""
    if refusal.code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
        return refusal
    if refusal.code in THROTTLED:
        return Throttled(path, throttling_reasons(refusal.body))
    if refusal.status >= 500:
        return Unavailable(path, f"DynamoDB failed ({refusal.code}).", "Try again later.")
    return RequestRefused(path, refusal.code, refusal.message)


def throttling_reasons(body: bytes) -> tuple[ThrottlingReason, ...]:
    """Why a request was throttled, as far as DynamoDB says."""
    said: Mapping[str, Any] = reply.decoder(reply.ThrottledReply).decode(body or b"{}")
    return tuple(ThrottlingReason(r.reason, r.resource) for r in said.ThrottlingReasons)  # type: ignore[attr-defined] # a decoder of any type
