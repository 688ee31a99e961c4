"""The settings of the interactions system; each setting has a default."""

from __future__ import annotations

from typing import Annotated

import msgspec

from keyline.model import MigrationSettings
from keyline.moments import DAY_SECONDS
from keyline.settings import Days, Ipv6Prefix, Items, Shards, Share


class Settings(MigrationSettings, frozen=True):
    """Settings of the interactions system, those of its migration included.

    Attributes
    ----------
    history_days
        How long a check is kept.
    session_days
        How long after it was opened a session ends, and with it the way to its checks: what is
        checked late in a session can be read for less than `history_days`.
    idempotency_days
        How long an idempotency key is remembered. A request with an older key is a new request.
    faq_days
        How long an FAQ search is kept.
    faq_shards
        Over how many partitions a day's searches are spread. A lower number does not read
        what a higher one has spread: lower it for days to come only.
    faq_keep_text
        Whether a search is kept with its words, which may tell of somebody's health. The digest of
        a search is kept either way.
    faq_max_searches
        The most searches that the analytics of one day read.
    rate_limit, rate_window_seconds
        How many requests one client may make in a window.
    rate_slack_seconds
        How long a window's item outlives the window, so that no difference between clocks
        lets it expire early.
    client_ipv6_prefix
        How many bits of an IPv6 address name one client, 48 to 64. All addresses of a network
        share one window. With another number, all IPv6 clients begin new windows.
    compare_share
        Which share of the reads that memory answers is compared with DynamoDB, 0 to 1.
    """

    history_days: Days = 30
    session_days: Days = 30
    idempotency_days: Days = 1
    faq_days: Days = 90
    faq_shards: Shards = 1
    faq_keep_text: bool = False
    faq_max_searches: Items = 20_000
    rate_limit: Items = 100
    rate_window_seconds: Annotated[int, msgspec.Meta(ge=1, le=DAY_SECONDS)] = 3_600
    rate_slack_seconds: Annotated[int, msgspec.Meta(ge=0, le=DAY_SECONDS)] = 300
    client_ipv6_prefix: Ipv6Prefix = 64
    compare_share: Share = 0.1
