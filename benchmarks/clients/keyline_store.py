"""Keyline's run time: typed items, capacity metered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from benchmarks.clients.workload import BATCH, ITEMS, KEYS, TEXT, Client, Item, item, key_of
from keyline.model import (
    BatchGet,
    Function,
    Get,
    Key,
    Put,
    Query,
    System,
    Table,
    Update,
    between,
)
from keyline.run import Store, dynamodb_client


class Message(msgspec.Struct, kw_only=True):
    """A message as the benchmark stores it."""

    conversationId: str
    timestamp: float
    messageId: str
    moduleId: int
    studentId: int | None = None
    provider: str
    modelUsed: str
    question: str
    response: str
    tokenCount: int
    responseTime: float
    hasFile: bool
    fileName: str | None = None
    createdAt: str


TABLE = Table(
    "LeanMessages",
    "Key design: a conversation's messages lie together, in the order of time.",
    key=Key("conversationId", "timestamp"),
    entities=[Message],
)


def _common(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "why": "Measured.",
        "table": TABLE,
        "shape": Message,
        "item_bytes": 600,
        "per_month": 1,
    }


GET = Get(**_common("get-message"))
QUERY = Query(sort=between("timestamp"), page=ITEMS, **_common("messages-between"))
BATCH_GET = BatchGet(items=BATCH, **_common("get-messages"))
PUT = Put(replace=True, **_common("put-message"))
UPDATE = Update(set=("response",), add=("tokenCount",), **_common("update-message"))
SYSTEM = System(
    name="lean",
    title="Lean",
    tables=(TABLE,),
    functions=(
        Function(
            name="all",
            handler="lean.handlers.all.handler",
            why="All.",
            patterns=(GET, QUERY, BATCH_GET, PUT, UPDATE),
        ),
    ),
)
ENVIRONMENT = "local"


def message(number: int) -> Message:
    """Return the message of this number."""
    return Message(**item(number))


def make(url: str, table: str) -> Client:
    """Return the client of an engine; its declaration names the table."""
    if table != TABLE.physical_name(ENVIRONMENT):
        raise ValueError(f"the table is {TABLE.physical_name(ENVIRONMENT)}, not {table}")
    client = dynamodb_client(endpoint_url=url)
    store = Store(system=SYSTEM, environment=ENVIRONMENT, client=client)
    first = message(1)
    key = key_of(item(1))
    return Client(
        {
            "get": lambda: store.get(GET, **key),
            "query": lambda: store.query(
                QUERY, limit=ITEMS, conversationId="conversation-1", timestamp=(0.0, 1e15)
            ),
            "batch get": lambda: store.batch_get(BATCH_GET, keys=KEYS),
            "put": lambda: store.put(PUT, first),
            "update": lambda: store.update(UPDATE, {"response": TEXT, "tokenCount": 1}, **key),
        },
        _plain,
    )


def _plain(answer: Any) -> Sequence[Item]:
    found = [answer] if isinstance(answer, Message) else getattr(answer, "items", answer)
    return [msgspec.structs.asdict(each) for each in found]
