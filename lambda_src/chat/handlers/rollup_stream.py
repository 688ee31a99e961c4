"""Add the messages of the stream to the daily totals, each exactly once.

Only new messages count. A changed message was counted when it was new. A message that is
deleted (by TTL, after 12 months) stays in the totals of its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from chat.context import CONTEXT
from chat.prices import COST, Prices
from chat.rollup import Rollup
from chat.system import SYSTEM
from chat.tables import Message
from chat.totals import Totals
from keyline.metrics import Metrics, MetricUnit
from keyline.run import Store
from keyline.stream import Change, stream_handler

_rollup = Rollup(Store.for_function(SYSTEM), CONTEXT.settings)
_prices = Prices.of(CONTEXT.settings)
_metrics = Metrics(CONTEXT.environment, SYSTEM)


def process(changes: Sequence[Change[Message]]) -> None:
    """Count the new messages among these changes."""
    new = [c.new for c in changes if c.kind == "INSERT" and c.new is not None]
    _publish_cost(_rollup.count(new))


def _publish_cost(added: Iterable[Totals]) -> None:
    tokens: dict[str, int] = defaultdict(int)
    for totals in added:
        for total in totals.providers.values():
            tokens[total.provider] += total.tokens
    for provider, used in tokens.items():
        if provider in _prices.per_1k:
            usd = _prices.usd(provider, used)
            _metrics.put(COST, usd, MetricUnit.NoUnit, Provider=provider)


handler = stream_handler(SYSTEM, Message, process)
