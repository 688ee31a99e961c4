"""Keeps a daily snapshot of the chat system's table sizes, and tells how fast they grow."""

from __future__ import annotations

import time
from typing import Any

from chat.context import CONTEXT
from chat.patterns import GROWTH
from chat.system import SYSTEM
from chat.tables import MESSAGES, ROLLUPS
from keyline.growth.measure import SizeWatch, dynamodb_describe
from keyline.metrics import Metrics
from keyline.run import Store, flush

_watch = SizeWatch(
    store=Store.for_function(SYSTEM),
    growth=GROWTH,
    tables=(MESSAGES, ROLLUPS),
    environment=CONTEXT.environment,
    describe=dynamodb_describe(),
    metrics=Metrics(CONTEXT.environment, SYSTEM.name),
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take today's snapshots; the answer is for the log."""
    try:
        snapshots = _watch.run(time.time())
    finally:
        flush()
    return {"tables": {s.tableName: s.total_bytes for s in snapshots}}
