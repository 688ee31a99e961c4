"""Add the messages of the stream to the daily totals, each exactly once.

Only new messages count. A changed message was counted when it was new. A message that is
deleted (by TTL, after 12 months) stays in the totals of its day.

What messages cost is published as a metric, once for each transaction that has counted some of
them. The metric is a line of the log, written after the transaction. If the function ends between
the two, or every answer of DynamoDB about a transaction is lost, the cost of its messages (fewer
than 100) is not published. So the metric can be too low, and is never too high. The totals are
exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from chat.context import CONTEXT
from chat.prices import COST, Prices
from chat.rollup import Rollup
from chat.system import SYSTEM
from chat.tables import Message
from chat.totals import Totals
from keyline.metrics import Metrics, MetricUnit
from keyline.run import Store
from keyline.stream import Change, stream_handler

_prices = Prices.of(CONTEXT.settings)
_metrics = Metrics(CONTEXT.environment, SYSTEM)


def process(changes: Sequence[Change[Message]]) -> None:
    """Count the new messages among these changes."""
    _rollup.count([c.new for c in changes if c.kind == "INSERT" and c.new is not None])


def _publish_cost(added: Totals) -> None:
    """Publish what the messages of one transaction cost; nothing of a provider without a price."""
    tokens: dict[str, int] = defaultdict(int)
    for total in added.providers.values():
        tokens[total.provider] += total.tokens
    for provider, used in tokens.items():
        usd = _prices.usd(provider, used)
        if usd is not None:
            _metrics.put(COST, float(usd), MetricUnit.NoUnit, Provider=provider)


_rollup = Rollup(Store.for_function(SYSTEM), CONTEXT.settings, added=_publish_cost)
handler = stream_handler(SYSTEM, Message, process)
