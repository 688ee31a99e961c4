"""Compute what tokens cost, exactly.

Money is a `Decimal`. A price has at most 6 decimals for 1,000 tokens, so a cost has at most 9.
No cost is rounded, so the costs of the parts of a whole add up to the cost of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property

import msgspec

from chat.settings import Settings

COST = "ProviderCost"
"""The metric of a provider's cost, USD. The sum of this metric over a day is compared with the
daily budget."""


class Prices(msgspec.Struct, frozen=True, dict=True):
    """USD per 1,000 tokens by provider.

    Parameters
    ----------
    as_of
        The day on which the prices were read.
    retired
        Providers whose new messages are refused.
    """

    per_1k: Mapping[str, Decimal]
    as_of: str
    retired: frozenset[str] = frozenset()

    @cached_property
    def current(self) -> tuple[str, ...]:
        """The providers whose new messages are taken, in order."""
        return tuple(sorted(self.per_1k.keys() - self.retired))

    @classmethod
    def of(cls, settings: Settings) -> Prices:
        """Return the prices of an environment."""
        return cls(
            {name: exact(price) for name, price in settings.prices_per_1k_tokens.items()},
            settings.prices_as_of.isoformat(),
            frozenset(settings.retired_providers),
        )

    def usd(self, provider: str, tokens: int) -> Decimal | None:
        """Return the exact cost of tokens of a provider; None if the provider has no price."""
        price = self.per_1k.get(provider)
        return None if price is None else price * tokens / 1000


def exact(usd: float) -> Decimal:
    """Return an amount as it is written, without the error of its binary form."""
    return Decimal(str(usd))


def added_up(costs: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of costs; None if one of them is not known."""
    known = list(costs)
    return None if None in known else sum((cost for cost in known if cost is not None), Decimal(0))
