"""Compute what tokens cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chat.settings import Settings
from keyline.errors import KeylineError, instead_of

COST = "ProviderCost"
"""The metric of a provider's cost, USD. Its sum over a day is compared with the daily budget."""


@dataclass(frozen=True)
class Prices:
    """USD per 1,000 tokens by provider.

    Parameters
    ----------
    as_of
        The day on which the prices were read.
    """

    per_1k: Mapping[str, float]
    as_of: str

    @classmethod
    def of(cls, settings: Settings) -> Prices:
        """Return the prices of an environment."""
        return cls(settings.prices_per_1k_tokens, settings.prices_as_of.isoformat())

    def usd(self, provider: str, tokens: int) -> float:
        """Return the cost of tokens of a provider, rounded to a millionth of a dollar.

        Raises
        ------
        KeylineError
            If the provider has no price. A total without that provider would be wrong.
        """
        if provider not in self.per_1k:
            raise KeylineError(
                "settings.prices_per_1k_tokens",
                f"the provider {provider!r} has no price.",
                instead_of(provider, self.per_1k),
            )
        return round(self.per_1k[provider] * tokens / 1000, 6)
