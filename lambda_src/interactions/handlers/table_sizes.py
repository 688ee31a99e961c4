"""Keeps a daily snapshot of the interactions table's size, and tells how fast it grows."""

from __future__ import annotations

import time
from typing import Any

from interactions.context import CONTEXT
from interactions.patterns import GROWTH
from interactions.system import SYSTEM
from interactions.tables import DATA
from keyline.growth.measure import SizeWatch, dynamodb_describe
from keyline.metrics import Metrics
from keyline.run import Store, flush

_watch = SizeWatch(
    store=Store.for_function(SYSTEM),
    growth=GROWTH,
    tables=(DATA,),
    environment=CONTEXT.environment,
    describe=dynamodb_describe(),
    metrics=Metrics(CONTEXT.environment, SYSTEM.name),
)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Take today's snapshot; the answer is for the log."""
    try:
        snapshots = _watch.run(time.time())
    finally:
        flush()
    return {"tables": {s.tableName: s.total_bytes for s in snapshots}}
