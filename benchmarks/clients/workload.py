"""The work of each client: the same items, keys, conditions and numbers of calls.

It imports no client, so that a process has only the one that it measures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

ITEMS = 1_000
BATCH = 100
CALLS = {"get": 200, "query": 6, "batch get": 20, "put": 150, "update": 150}
PARTITION, SORT = "conversationId", "timestamp"
TEXT = "x" * 360
UNTIL = 10**15
"""A number above each sort key."""

CONDITION = "#c = :c AND #t BETWEEN :a AND :b"
CONDITION_NAMES = {"#c": PARTITION, "#t": SORT}
UPDATE = "SET #r = :r ADD #n :n"
UPDATE_NAMES = {"#r": "response", "#n": "tokenCount"}

Item = dict[str, Any]
Spread = Callable[[int, int], None]
"""Gets the item a number of times, in a number of threads or tasks."""


def item(number: int) -> Item:
    """Return the item of a number, with about 600 B in DynamoDB."""
    return {
        PARTITION: "conversation-1",
        SORT: 1_700_000_000_000.0 + number,
        "messageId": f"message-{number:06d}",
        "moduleId": 42,
        "studentId": number % 97,
        "provider": "openai",
        "modelUsed": "gpt-large",
        "question": "How many apples are left when three of ten are eaten?",
        "response": TEXT,
        "tokenCount": 120 + number,
        "responseTime": 812.5,
        "hasFile": False,
        "createdAt": "2026-11-20T12:00:00Z",
    }


def key_of(whole: Mapping[str, Any]) -> Item:
    """Return the key of an item."""
    return {name: whole[name] for name in (PARTITION, SORT)}


KEYS = [key_of(item(number)) for number in range(BATCH)]


def in_dynamodb_json(plain: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return an item as DynamoDB's API writes it."""
    return {name: _typed(value) for name, value in plain.items()}


def from_dynamodb_json(typed: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return a plain item of what DynamoDB's API wrote."""
    return {
        name: float(value) if kind == "N" else value
        for name, entry in typed.items()
        for kind, value in entry.items()
    }


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"S": value} if isinstance(value, str) else {"N": repr(value)}


@dataclass(frozen=True)
class Client:
    """A client of a table.

    Attributes
    ----------
    operations
        What it calls, by the names in `CALLS`.
    plain
        Turns what an operation that reads has returned into items of plain values. Numbers may be
        of any type.
    spread
        How it gets side by side, where it does not in threads.
    """

    operations: Mapping[str, Callable[[], Any]]
    plain: Callable[[Any], Sequence[Mapping[str, Any]]]
    spread: Spread | None = None

    def get_side_by_side(self, calls: int, workers: int) -> None:
        """Get the item so often, each worker the same number of times."""
        if self.spread:
            self.spread(calls, workers)
            return
        get = self.operations["get"]

        def some() -> None:
            for _ in range(calls // workers):
                get()

        with ThreadPoolExecutor(workers) as pool:
            for done in [pool.submit(some) for _ in range(workers)]:
                done.result()
