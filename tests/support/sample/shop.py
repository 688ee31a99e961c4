"""The whole shop: all that can be said of a system, and the same system while it moves."""

from __future__ import annotations

from msgspec.structs import replace

from keyline.model import Metric, Migration, MigrationSettings, System
from tests.support.sample.accounts import ACCOUNTANT, ACCOUNTS
from tests.support.sample.lending import LENDER, LIBRARY
from tests.support.sample.notes import NOTE_TAKER, NOTES
from tests.support.sample.orders import (
    API,
    MARKS,
    NIGHTLY,
    ORDERS,
    STREAM,
    WRITER,
    OrderSettings,
)


class Settings(OrderSettings, frozen=True):
    """Settings of the shop: those of the orders, and over how many shards the others spread."""

    topicShards: int = 1
    titleShards: int = 1


LARGE = System(
    name="orders",
    title="Orders of customers",
    tables=(ORDERS, MARKS, NOTES, ACCOUNTS, LIBRARY),
    functions=(API, WRITER, STREAM, NIGHTLY, NOTE_TAKER, ACCOUNTANT, LENDER),
    metrics=(Metric("Cost", dimensions=("Provider",)), Metric("Hits")),
    settings=Settings,
    user_pool=True,
)


class MovingSettings(MigrationSettings, frozen=True):
    """Settings of the shop while it moves."""

    shards: int = 4
    days: float = 30
    topicShards: int = 1
    titleShards: int = 1


MOVING = replace(
    LARGE,
    functions=(replace(API, services=("ssm",)), *LARGE.functions[1:]),
    settings=MovingSettings,
    migration=Migration(
        what="orders",
        source="memory",
        target="DynamoDB",
        functions=(API.name,),
        back="Safe at any time.",
        runbook="docs/runbooks/orders.md",
    ),
)
"""The large sample with a migration."""
