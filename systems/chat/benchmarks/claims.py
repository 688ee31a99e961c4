"""The chat specification's claims of a query's latency, measured on the embedded engine.

    python -m systems.chat.benchmarks.claims

The engine runs on one machine without a network, so its times are not times of DynamoDB. What
carries over is how many requests one after the other an answer takes: a page is 1 MB.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.result import keep, parser
from chat.patterns import MODULE_FACTS, PROVIDER_FACTS, STUDENT_FACTS
from chat.system import SYSTEM
from chat.tables import MESSAGES, Message
from keyline.model import item_size
from keyline.run import ItemWriter, Store, TableSettings, dynamodb_client
from tests.support.engine import admin_client, running_engine, where
from tests.support.tables import create_table_params

ITEM_BYTES = 2_048
QUESTION_BYTES = 1_356
"""What makes a message 2 KB."""
ROUNDS = 5
WRITES = 25
"""Items of one BatchWriteItem call."""


@dataclass(frozen=True)
class Claim:
    """A claimed latency and what was measured.

    Attributes
    ----------
    pages
        Requests one after the other.
    read_units
        Of the whole answer.
    milliseconds
        Median of the whole answer.
    """

    line: str
    what: str
    claimed_ms: float
    items: int
    pages: int
    read_units: float
    milliseconds: float


def run() -> list[Claim]:
    """Fill a table of 10,000 messages of 2 KB and read it as the specification does."""
    with running_engine() as url:
        store = _filled(url)
        return [
            _claim("T-15", "1,000 messages of a module", 10, 1_000, store, _module),
            _claim("T-31", "200 messages of a student", 10, 200, store, _student),
            _claim("T-41", "10,000 messages of a provider", 20, 10_000, store, _provider),
        ]


def main() -> int:
    """Measure, print and keep the result."""
    arguments = parser(__doc__, __file__).parse_args()
    keep(run(), arguments.json)
    return 0


def _module(store: Store) -> int:
    return sum(1 for _ in store.items(MODULE_FACTS, moduleId=1, timestamp=_ALWAYS))


def _student(store: Store) -> int:
    return sum(1 for _ in store.items(STUDENT_FACTS, studentId=1, timestamp=_ALWAYS))


def _provider(store: Store) -> int:
    return sum(1 for _ in store.items(PROVIDER_FACTS, provider="openai", timestamp=_ALWAYS))


def _claim(
    line: str, what: str, claimed: float, items: int, store: Store, read: Callable[[Store], int]
) -> Claim:
    times: list[float] = []
    for _ in range(ROUNDS):
        before = len(store.meter.calls)
        started = time.perf_counter()
        found = read(store)
        times.append((time.perf_counter() - started) * 1000)
        if found != items:
            raise RuntimeError(f"{what}: found {found}")
    calls = store.meter.calls[before:]
    return Claim(
        line=line,
        what=what,
        claimed_ms=claimed,
        items=items,
        pages=len(calls),
        read_units=sum(call.read for call in calls),
        milliseconds=round(statistics.median(times), 1),
    )


def _filled(url: str) -> Store:
    client = admin_client(url)
    client.create_table(**create_table_params(MESSAGES, "claims"))
    writer = ItemWriter(MESSAGES, MESSAGES.kinds[0], TableSettings(SYSTEM.settings()))
    size = item_size(writer.attributes(_message(1_000), time.time()))
    if abs(size - ITEM_BYTES) > 2:  # a time that ends with zeros takes a byte less
        raise RuntimeError(f"a message is {size} B")
    name = MESSAGES.physical_name("claims")
    for start in range(0, 10_000, WRITES):
        puts: list[Any] = [
            {"PutRequest": {"Item": writer.attributes(_message(n), time.time())}}
            for n in range(start, start + WRITES)
        ]
        client.batch_write_item(RequestItems={name: puts})
    dynamodb = dynamodb_client(**where(url), read_timeout=30)
    return Store(system=SYSTEM, environment="claims", client=dynamodb)


def _message(number: int) -> Message:
    return Message(
        conversationId=f"c-{number // 10}",
        timestamp=round(time.time() * 1000) + number,
        messageId=f"m-{number}",
        moduleId=1 + number // 1_000,
        provider="openai",
        modelUsed="small",
        question="q" * QUESTION_BYTES,
        response="r" * 500,
        tokenCount=500,
        responseTime=1_500,
        hasFile=False,
        createdAt="2026-01-01T00:00:00.000Z",
        studentId=1 + number // 200,
    )


_ALWAYS = (0.0, 1e14)

if __name__ == "__main__":
    sys.exit(main())
