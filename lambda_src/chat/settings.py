"""Settings of the chat system that an environment may give; each has a default."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.model import Claim, TokenMark, TokenMarks

Days = Annotated[float, msgspec.Meta(gt=0)]
Shards = Annotated[int, msgspec.Meta(ge=1, le=64)]
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
Dollars = Annotated[float, msgspec.Meta(ge=0)]


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
        How long daily totals and last activities are kept after their last change.
    marker_days
        How long a counted message is remembered. It must be longer than a stream record (1 day)
        and a message on the on-failure queue (14 days) can live, so that no replay counts twice.
    provider_shards
        The number of key values over which one provider is spread in ProviderUsageIndex.
    roster_shards
        The number of key values over which the list of students by last activity is spread.
    prices_per_1k_tokens, prices_as_of
        USD per 1,000 tokens by provider, and the day on which the prices were read. A message of
        any other provider is refused, because its cost cannot be computed. The prices are rough:
        input and output tokens cost the same.
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
    marker_days: Days = 15
    provider_shards: Shards = 1
    roster_shards: Shards = 4
    prices_per_1k_tokens: dict[Provider, Dollars] = msgspec.field(default_factory=_prices)
    prices_as_of: str = "2025-01-31"
    daily_budget_usd: dict[str, Dollars] = msgspec.field(default_factory=_budgets)
    max_messages: Annotated[int, msgspec.Meta(ge=1)] = 20_000
    max_rollups: Annotated[int, msgspec.Meta(ge=1)] = 50_000
    cache_url: str = ""
    cache_seconds: Annotated[int, msgspec.Meta(ge=300, le=900)] = 600
    student_claim: Claim = "student_id"
    staff: TokenMarks = (TokenMark("cognito:groups", "staff"),)
