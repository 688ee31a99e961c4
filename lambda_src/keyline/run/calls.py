"""One call: sent, decoded, metered, and its refusal turned into an error of ours."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

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

THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"}
)
_PLACE = re.compile(r"at `(\$[^`]*)`")
_STEP = re.compile(r"\.([^.[]+)|\[(\d+)\]|\[(\.\.\.)\]")


class Decoder(Protocol):
    """What decodes an answer's body."""

    def decode(self, body: bytes, /) -> Any: ...


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
            decoded = decode(pattern, decoder, answer.body)
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
                floor=floor(answer.body) if floor and self.measuring else None,
            ),
        )
        return decoded


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def decode(
    pattern: Pattern[Any], decoder: Decoder, body: bytes | msgspec.Raw, at: str = "$"
) -> Any:
    """An answer's body in its type.

    Parameters
    ----------
    at
        Where in the answer the body is.

    Raises
    ------
    ItemUnreadable
        If an item does not fit the pattern's shape. The error says where, not what is there.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        inner = place.group(1) if place else "$"
        message, suggestion = _misfit(pattern, body, inner)
        raise ItemUnreadable(f"{pattern.name}.{at}{inner[1:]}", message, suggestion) from None


def _misfit(pattern: Pattern[Any], body: bytes | msgspec.Raw, place: str) -> tuple[str, str]:
    """Why an item did not fit, and what to do: it may be of another kind."""
    named = {kind.tag: s.__name__ for kind, s in zip(pattern.kinds, pattern.shapes, strict=True)}
    shape, name = " or ".join(named.values()), pattern.table.discriminator
    item = _tagged(msgspec.json.decode(body), _STEP.findall(place), name) if name else None
    tag = str(item[name].get("S")) if item else ""
    if name is None or tag in named:
        fits = named.get(tag, shape)
        return f"does not fit {fits}.", "Read it as a shape that it fits, or migrate the item."
    found = [kind.shape.__name__ for kind in pattern.table.kinds if kind.tag == tag]
    if found:
        return f"is a {found[0]}, no {shape}.", "Read it by a pattern of its own kind."
    return (
        f"is no {shape}: its {name} is missing or that of no kind of the table.",
        "Declare its kind, or give the item the attribute.",
    )


def _tagged(node: Any, steps: Sequence[tuple[str, str, str]], name: str) -> Any:
    """The item on the way to a place, by its discriminator; None if there is none on it."""
    for field, number, _ in (*steps, ("", "", "")):
        if isinstance(node, dict) and isinstance(node.get(name), dict):
            return node
        if number:
            node = node[int(number)]
        elif field:
            node = node.get(field)
        elif isinstance(node, dict):
            node = next(iter(node.values()), None)
    return None


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
