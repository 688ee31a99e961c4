"""Each construct with the least that it takes and with all that it can, on its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from keyline.model import Function, Query, StreamSource, System
from keyline_cdk.alarm_topic import AlarmTopic
from keyline_cdk.cost_budget import CostBudget
from keyline_cdk.cursor_secret import CursorSecret
from keyline_cdk.data_table import DataTable
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.http_api import HttpApi
from keyline_cdk.private_bucket import PrivateBucket
from keyline_cdk.schedule import Schedule
from keyline_cdk.stream_consumer import StreamConsumer
from keyline_cdk.system_dashboard import SystemDashboard
from keyline_cdk.table_alarms import TableAlarms
from keyline_cdk.user_pool import UserPoolClient
from keyline_deploy.environment import Budget, Environment
from tests.support.sample.books import BOOK_GET, BOOK_READER, BOOKS, SMALL
from tests.support.sample.orders import (
    API,
    MARKS,
    NIGHTLY,
    ORDERS,
    STREAM,
    WRITER,
    OrderSettings,
)
from tests.support.sample.shop import LARGE
from tests.support.templates import DEFAULTS, FULL, WEAK, no_bundle, render, topic

ORDERING = replace(
    LARGE,
    tables=(ORDERS, MARKS),
    functions=(API, WRITER, STREAM, NIGHTLY),
    settings=OrderSettings,
)
"""The orders of the large sample alone, which use all that a construct can hold."""
STREAM_ARN = "arn:aws:dynamodb:eu-west-1:222222222222:table/CustomerOrders/stream/label"

Build = Callable[[cdk.Stack, Path], object]


def _handler(
    stack: cdk.Stack, out: Path, system: System, function: Function, environment: Environment
) -> HandlerFunction:
    return HandlerFunction(
        stack,
        "Handler",
        system=system,
        function=function,
        environment=environment,
        bundle=no_bundle(out)(system, function),
    )


def data_table_minimal(stack: cdk.Stack, out: Path) -> object:
    return DataTable(stack, "Data", table=BOOKS, environment=WEAK)


def data_table_maximal(stack: cdk.Stack, out: Path) -> object:
    tags = {"team": "data", "system": "orders"}
    return DataTable(stack, "Data", table=ORDERS, environment=FULL, tags=tags)


def table_alarms_minimal(stack: cdk.Stack, out: Path) -> object:
    return TableAlarms(
        stack, "Alarms", system=SMALL, table=BOOKS, environment=DEFAULTS, topic=topic(stack)
    )


def table_alarms_maximal(stack: cdk.Stack, out: Path) -> object:
    return TableAlarms(
        stack, "Alarms", system=ORDERING, table=ORDERS, environment=FULL, topic=topic(stack)
    )


def handler_function_minimal(stack: cdk.Stack, out: Path) -> object:
    return _handler(stack, out, SMALL, BOOK_READER, WEAK)


def handler_function_maximal(stack: cdk.Stack, out: Path) -> object:
    return _handler(stack, out, ORDERING, API, FULL)


def handler_function_of_every_write(stack: cdk.Stack, out: Path) -> object:
    return _handler(stack, out, ORDERING, WRITER, DEFAULTS)


def stream_consumer_minimal(stack: cdk.Stack, out: Path) -> object:
    return _consumer(stack, out, StreamSource(table=ORDERS), DEFAULTS)


def stream_consumer_maximal(stack: cdk.Stack, out: Path) -> object:
    assert STREAM.source
    return _consumer(stack, out, STREAM.source, FULL)


def _consumer(
    stack: cdk.Stack, out: Path, source: StreamSource, environment: Environment
) -> StreamConsumer:
    return StreamConsumer(
        stack,
        "Consumer",
        system=ORDERING,
        function=_handler(stack, out, ORDERING, STREAM, environment),
        source=source,
        stream_arn=STREAM_ARN,
        environment=environment,
        topic=topic(stack),
    )


def http_api_minimal(stack: cdk.Stack, out: Path) -> object:
    return _api(stack, out, DEFAULTS)


def http_api_maximal(stack: cdk.Stack, out: Path) -> object:
    return _api(stack, out, FULL)


def _api(stack: cdk.Stack, out: Path, environment: Environment) -> HttpApi:
    handler = _handler(stack, out, ORDERING, API, environment)
    return HttpApi(
        stack,
        "Http",
        system=ORDERING,
        functions=[handler],
        environment=environment,
        topic=topic(stack),
    )


def schedule(stack: cdk.Stack, out: Path) -> object:
    return Schedule(
        stack,
        "Nightly",
        function=_handler(stack, out, ORDERING, NIGHTLY, DEFAULTS),
        expression=str(NIGHTLY.schedule),
        topic=topic(stack),
    )


def cursor_secret(stack: cdk.Stack, out: Path) -> object:
    return CursorSecret(stack, "Cursor", system=ORDERING, environment=DEFAULTS)


def alarm_topic_minimal(stack: cdk.Stack, out: Path) -> object:
    return AlarmTopic(stack, "Alarms", environment=DEFAULTS)


def alarm_topic_maximal(stack: cdk.Stack, out: Path) -> object:
    return AlarmTopic(stack, "Alarms", environment=FULL)


def private_bucket_minimal(stack: cdk.Stack, out: Path) -> object:
    return PrivateBucket(stack, "Sample", name="a-bucket", old_versions=1, environment=WEAK)


def private_bucket_maximal(stack: cdk.Stack, out: Path) -> object:
    return PrivateBucket(stack, "Sample", name="a-bucket", old_versions=30, environment=FULL)


def user_pool_client(stack: cdk.Stack, out: Path) -> object:
    return UserPoolClient(stack, "Pool", pool="eu-west-1_AbCdEfGhI", name="orders")


def cost_budget(stack: cdk.Stack, out: Path) -> object:
    alarms = AlarmTopic(stack, "Alarms", environment=DEFAULTS).resource
    budget = Budget(monthly_usd=500, alerts_usd=(50, 100))
    return CostBudget(stack, "Budget", budget=budget, environment=DEFAULTS, topic=alarms)


def system_dashboard_minimal(stack: cdk.Stack, out: Path) -> object:
    return SystemDashboard(stack, "Sample", system=SMALL, environment=DEFAULTS, api_id=None)


def system_dashboard_maximal(stack: cdk.Stack, out: Path) -> object:
    return SystemDashboard(stack, "Sample", system=ORDERING, environment=FULL, api_id="api")


CASES: tuple[Build, ...] = (
    data_table_minimal,
    data_table_maximal,
    table_alarms_minimal,
    table_alarms_maximal,
    handler_function_minimal,
    handler_function_maximal,
    handler_function_of_every_write,
    stream_consumer_minimal,
    stream_consumer_maximal,
    http_api_minimal,
    http_api_maximal,
    schedule,
    cursor_secret,
    alarm_topic_minimal,
    alarm_topic_maximal,
    private_bucket_minimal,
    private_bucket_maximal,
    user_pool_client,
    cost_budget,
    system_dashboard_minimal,
    system_dashboard_maximal,
)


@pytest.mark.requirement("X-08")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_construct(case: Build, out: Path, template_snapshot: SnapshotAssertion) -> None:
    assert render(lambda stack: case(stack, out), out) == template_snapshot


def test_the_samples_use_every_kind_of_pattern() -> None:
    kinds = {type(pattern).__name__ for pattern in (*ORDERING.patterns, BOOK_GET)}
    assert kinds == {
        *("Get", "Put", "Update", "Delete", "Check", Query.__name__),
        *("BatchGet", "BatchWrite", "TransactGet", "TransactWrite"),
    }
