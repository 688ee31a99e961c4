"""The stores of the function `interactions`: memory and DynamoDB, as the phase says."""

from __future__ import annotations

import msgspec

from interactions.dynamo_store import DynamoStore
from interactions.memory_store import MemoryStore
from interactions.migration import MigratingStore
from interactions.migration_rate_limit import MemoryRateLimiter, MigratingRateLimiter
from interactions.rate_limit import DynamoRateLimiter
from interactions.settings import Settings
from interactions.system import SYSTEM
from keyline.metrics import Metrics
from keyline.migration import Breaker, phase_of_function
from keyline.run import Store


class Stores(msgspec.Struct, frozen=True):
    """The stores of a process, which share what is known of the phase and of DynamoDB."""

    history: MigratingStore
    limiter: MigratingRateLimiter

    @classmethod
    def of_function(cls, store: Store, settings: Settings) -> Stores:
        """Return the stores of a Lambda function's process."""
        metrics = Metrics(store.environment, SYSTEM)
        current = phase_of_function(settings, metrics)
        breaker = Breaker()
        return cls(
            MigratingStore(
                MemoryStore(settings.history_days),
                DynamoStore(store, settings),
                current,
                metrics,
                breaker=breaker,
                share=settings.compare_share,
            ),
            MigratingRateLimiter(
                MemoryRateLimiter(settings),
                DynamoRateLimiter(store, settings),
                current,
                metrics,
                breaker,
            ),
        )
