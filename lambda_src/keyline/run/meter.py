"""The meter: what each call consumed and how long it took, written as CloudWatch EMF.

EMF is a line of JSON on stdout that CloudWatch turns into metrics: no call, no waiting.
Source: CloudWatch user guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from keyline.model.metric import (
    CALL_DIMENSIONS,
    CALL_METRICS,
    COMMON_DIMENSIONS,
    LATENCY_METRICS,
    NAMESPACE,
    READ_LATENCY,
    UNREADABLE_ITEMS,
    WRITE_LATENCY,
)

MAX_VALUES = 100
"""Values of one metric in one line."""
MAX_CALLS = 10_000
"""Calls that a meter holds which is not flushed; the oldest go first."""


class Call(msgspec.Struct, kw_only=True):
    """One call of DynamoDB, filled in while it is made.

    Attributes
    ----------
    index
        The index read; empty for the table.
    latency
        Milliseconds, with retries.
    read, write
        Units consumed, with the indexes.
    by_index
        Units consumed by index name.
    items
        Items returned or written.
    unreadable
        Items left out of the answer because they cannot be read.
    throttles
        Tries that had to be repeated, and one more if the call was given up as throttled.
    floor
        Units that the item sizes imply; None where that cannot be known.
    failed
        Whether it ended in an error that the pattern does not provide for: a condition that did
        not hold is an answer.
    """

    pattern: str
    operation: str
    table: str
    index: str = ""
    latency: float = 0.0
    read: float = 0.0
    write: float = 0.0
    by_index: dict[str, float] = {}
    items: int = 0
    unreadable: int = 0
    throttles: int = 0
    request_id: str = ""
    floor: float | None = None
    failed: bool = False


class Labels(msgspec.Struct, frozen=True):
    """The dimensions and properties that all calls of a process share.

    Attributes
    ----------
    latencies
        Whether the system declares `LATENCY_METRICS`.
    """

    environment: str
    system: str
    function: str = ""
    latencies: bool = False


class Meter:
    """Collects calls and writes them.

    Parameters
    ----------
    write
        Takes a line without its end; None only collects.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write
        self._calls: deque[tuple[Labels, Call]] = deque(maxlen=MAX_CALLS)
        self._lock = threading.Lock()

    @property
    def calls(self) -> Sequence[Call]:
        """The calls since the last flush."""
        return [call for _, call in self._calls]

    def record(self, labels: Labels, call: Call) -> None:
        """Take note of a call."""
        with self._lock:
            self._calls.append((labels, call))

    def flush(self) -> None:
        """Write what was collected, one line per pattern, and start again."""
        with self._lock:
            taken = list(self._calls)
            self._calls.clear()
        if self._write is None:
            return
        groups: dict[tuple[Labels, str, str, str], list[Call]] = {}
        for labels, call in taken:
            key = (labels, call.pattern, call.operation, call.index)
            groups.setdefault(key, []).append(call)
        for (labels, *_), calls in groups.items():
            for start in range(0, len(calls), MAX_VALUES):
                self._write(emf(labels, calls[start : start + MAX_VALUES], time.time()))


def emf(labels: Labels, calls: Sequence[Call], now: float) -> str:
    """Return one EMF line of calls of one pattern.

    Only `CALL_METRICS` become metrics. The other members are for queries of the log, which cannot
    add up lists: so that there are totals beside them.

    Parameters
    ----------
    now
        Epoch seconds.
    """
    first = calls[0]
    metrics = [_METRICS]
    line: dict[str, Any] = {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": metrics},
        "Environment": labels.environment,
        "System": labels.system,
        "Pattern": first.pattern,
        "Operation": first.operation,
        "Function": labels.function,
        "Table": first.table,
        "Index": first.index,
        "RequestId": [c.request_id for c in calls],
        "Latency": [round(c.latency, 3) for c in calls],
        "ReadUnits": [c.read for c in calls],
        "WriteUnits": [c.write for c in calls],
        "Items": [c.items for c in calls],
        "Throttles": [c.throttles for c in calls],
        "Errors": [int(c.failed) for c in calls],
        "Calls": len(calls),
        "ReadTotal": sum(c.read for c in calls),
        "WriteTotal": sum(c.write for c in calls),
    }
    if labels.latencies:
        name = READ_LATENCY if first.operation in _READS else WRITE_LATENCY
        metrics.append(_BY_TABLE[name])
        line[name] = line["Latency"]
    if any(c.unreadable for c in calls):
        metrics.append(_UNREADABLE)
        line[UNREADABLE_ITEMS] = [c.unreadable for c in calls]
    floors = [c.floor for c in calls]
    if any(floor is not None for floor in floors):
        line["Floor"] = floors
    return msgspec.json.encode(line).decode()


_DIMENSIONS = [[*COMMON_DIMENSIONS, *names] for names in CALL_DIMENSIONS]
_METRICS = {
    "Namespace": NAMESPACE,
    "Dimensions": _DIMENSIONS,
    "Metrics": [{"Name": name, "Unit": unit} for name, unit in CALL_METRICS.items()],
}
_READS = frozenset({"BatchGetItem", "GetItem", "Query", "TransactGetItems"})
_BY_TABLE = {
    metric.name: {
        "Namespace": NAMESPACE,
        "Dimensions": [[*COMMON_DIMENSIONS, *metric.dimensions]],
        "Metrics": [{"Name": metric.name, "Unit": "Milliseconds"}],
    }
    for metric in LATENCY_METRICS
}
_UNREADABLE = {
    "Namespace": NAMESPACE,
    "Dimensions": _DIMENSIONS,
    "Metrics": [{"Name": UNREADABLE_ITEMS, "Unit": "Count"}],
}
"""Published only where there are some: each metric of each operation has its price."""


def _to_stdout(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


PROCESS = Meter(_to_stdout)
"""The meter of a function's process: flushed once per invocation."""


def flush() -> None:
    """Write what this process' stores have consumed since the last time."""
    PROCESS.flush()
