"""Settings of the chat system that an environment may give; each has a default."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from keyline.errors import instead_of
from keyline.settings import (
    MAX_RETENTION_DAYS,
    CacheUrl,
    Claim,
    Days,
    Dollars,
    Items,
    SettingError,
    Shards,
    TokenMark,
    TokenMarks,
)

MIN_MARKER_DAYS = 15
"""How long a stream record (1 day) and then a message on the on-failure queue (14 days) live."""
MarkerDays = Annotated[
    float,
    msgspec.Meta(
        ge=MIN_MARKER_DAYS,
        le=MAX_RETENTION_DAYS,
        description=f"a number of days from {MIN_MARKER_DAYS} up to {MAX_RETENTION_DAYS}, so that"
        " no replay counts a message twice",
    ),
]
Provider = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=128,
        pattern=r"\A[^#\U0010ffff]*\Z",
        description="a provider's name of 1 to 128 characters without #",
    ),
]
"""A provider's name. In the keys of the daily totals, a # follows it."""
PRICE_DECIMALS = 6
"""The most decimals of a price for 1,000 tokens. Each cost then has at most 9 decimals, exactly."""


def _prices() -> dict[str, float]:
    return {"openai": 0.01, "anthropic": 0.015}


def _budgets() -> dict[str, float]:
    return {"openai": 50.0, "anthropic": 50.0}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the chat system.

    Attributes
    ----------
    retention_days
        How long a message is kept: 12 months.
    rollup_days
        How long daily totals and last activities are kept after their last change. The setting is
        not below `retention_days`: the totals of a message would be gone before the message.
    marker_days
        How long a counted message is remembered: at least as long as a stream record (1 day) and
        then a message on the on-failure queue (14 days) can live, so that no replay counts twice.
    idempotency_days
        How long an idempotency key is remembered. A request with an older key is a new request.
    provider_shards
        The number of key values over which one provider is spread in ProviderUsageIndex. The number
        may be raised at any time. If it is lowered, the messages in the shards above are not read
        by provider for up to `retention_days`; raised again, they are read again.
    roster_shards
        The number of key values over which the list of students by last activity is spread. The
        number may be raised at any time. If it is lowered, silent students in the shards above are
        not listed; raised again, they are listed again.
    prices_per_1k_tokens, prices_as_of
        USD per 1,000 tokens by provider, to at most 6 decimals, and the day on which the prices
        were read. A message of any other provider is refused, because its cost cannot be computed.
        The prices are rough: input and output tokens cost the same. If a provider is taken out,
        the cost of its stored messages is null: put it on `retired_providers` instead.
    retired_providers
        Providers whose new messages are refused. Each keeps its price here, so that the cost of
        its stored messages can still be computed.
    daily_budget_usd
        The most USD that a provider may cost on one UTC day, by provider.
    max_messages
        The most messages that one analytics request reads.
    max_rollups
        The most roll-up items that one analytics request reads.
    cache_url
        The URL of a redis that caches analytics. If empty, the function's own memory does.
    cache_seconds
        The greatest age of an answer of the analytics.
    student_claim
        The claim that has a student's id, a whole number from 1. Cognito's access tokens have
        no attribute of a user unless a trigger of the user pool adds it.
    staff
        What marks staff's and services' tokens; one is enough. A token with a mark is staff's
        also if it has a student's id.
    """

    retention_days: Days = 365
    rollup_days: Days = 1095
    marker_days: MarkerDays = 15
    idempotency_days: Days = 1
    provider_shards: Shards = 1
    roster_shards: Shards = 4
    prices_per_1k_tokens: dict[Provider, Dollars] = msgspec.field(default_factory=_prices)
    retired_providers: tuple[Provider, ...] = ()
    prices_as_of: date = date(2025, 1, 31)
    daily_budget_usd: dict[Provider, Dollars] = msgspec.field(default_factory=_budgets)
    max_messages: Items = 20_000
    max_rollups: Items = 50_000
    cache_url: CacheUrl = ""
    cache_seconds: Annotated[int, msgspec.Meta(ge=300, le=900)] = 600
    student_claim: Claim = "student_id"
    staff: TokenMarks = (TokenMark("cognito:groups", "staff"),)

    def __post_init__(self) -> None:
        """Refuse totals that end before their messages, and what contradicts the prices.

        Raises
        ------
        SettingError
            With the name of the setting.
        """
        if self.rollup_days < self.retention_days:
            raise SettingError(
                "rollup_days",
                f"is {self.rollup_days:g}, below retention_days ({self.retention_days:g}): the"
                " totals of a message would be gone before the message.",
                f"Write at least {self.retention_days:g}.",
            )
        for provider, price in self.prices_per_1k_tokens.items():
            if price != round(price, PRICE_DECIMALS):
                raise SettingError(
                    f"prices_per_1k_tokens.{provider}",
                    f"has more than {PRICE_DECIMALS} decimals.",
                    f"Write the price to at most {PRICE_DECIMALS} decimals: "
                    f"{max(round(price, PRICE_DECIMALS), 10**-PRICE_DECIMALS):f}.",
                )
        for provider in self.retired_providers:
            if provider not in self.prices_per_1k_tokens:
                raise SettingError(
                    "retired_providers",
                    f"holds {provider!r}, which has no price in prices_per_1k_tokens.",
                    instead_of(provider, self.prices_per_1k_tokens),
                )
        known = self.prices_per_1k_tokens.keys() | _budgets().keys()  # prices alone may be given
        for provider in self.daily_budget_usd.keys() - known:
            raise SettingError(
                f"daily_budget_usd.{provider}",
                "the provider has no price, so no message of it is counted.",
                instead_of(provider, known),
            )
