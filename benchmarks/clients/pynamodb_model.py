"""PynamoDB: items as models."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from benchmarks.clients.workload import (
    ITEMS,
    KEYS,
    PARTITION,
    SORT,
    TEXT,
    UNTIL,
    Client,
    Item,
    item,
)


def make(url: str, table: str) -> Client:
    """Return the client of an engine."""
    model = _model(url, table)
    first = model(**item(1))
    key = (first.conversationId, first.timestamp)
    keys = [tuple(each.values()) for each in KEYS]
    actions = [model.response.set(TEXT), model.tokenCount.add(1)]
    return Client(
        {
            "get": lambda: [model.get(*key)],
            "query": lambda: list(
                model.query("conversation-1", model.timestamp.between(0, UNTIL), limit=ITEMS)
            ),
            "batch get": lambda: list(model.batch_get(keys)),
            "put": first.save,
            "update": lambda: model(*key).update(actions=actions),
        },
        _plain,
    )


def _model(url: str, table: str) -> Any:
    meta = {"table_name": table, "host": url, "region": os.environ["AWS_REGION"]}
    body: dict[str, Any] = {"Meta": type("Meta", (), meta)}
    for name, value in item(1).items():
        body[name] = _attribute(value)(hash_key=name == PARTITION, range_key=name == SORT)
    return type("MessageModel", (Model,), body)


def _attribute(value: Any) -> Any:
    if isinstance(value, bool):
        return BooleanAttribute
    return UnicodeAttribute if isinstance(value, str) else NumberAttribute


def _plain(answer: Any) -> Sequence[Item]:
    return [each.attribute_values for each in answer]
