"""Metrics of a table, and which operations are sent to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from keyline.model import deployment
from keyline_cdk.metrics import TableMetrics
from keyline_deploy.metric_catalogue import MAX_METRICS
from tests.support.sample.books import BOOKS, SMALL
from tests.support.sample.orders import MARKS, ORDERS
from tests.support.sample.shop import LARGE


@pytest.mark.parametrize("count", [1, 8, 9, 10, 18, 19])
def test_system_errors_are_split_into_sums_that_an_alarm_can_hold(count: int) -> None:
    operations = [f"Operation{number}" for number in range(count)]
    sums = TableMetrics("Books").system_errors(operations)

    summed = [
        metric.dimensions["Operation"]  # type: ignore[attr-defined]  # the protocol hides it
        for expression in sums
        for metric in (expression.using_metrics or {}).values()
    ]
    assert summed == operations
    for expression in sums:
        assert expression.using_metrics
        assert len(expression.using_metrics) + 1 <= MAX_METRICS
        assert expression.expression == " + ".join(
            f"FILL({id}, 0)" for id in expression.using_metrics
        )


def test_operations_are_those_that_functions_call() -> None:
    assert deployment.operations_on(SMALL, BOOKS) == ("GetItem",)
    assert deployment.operations_on(LARGE, MARKS) == (
        *("PutItem", "Query"),
        *("TransactGetItems", "TransactWriteItems"),
    )
    assert deployment.operations_on(LARGE, ORDERS) == (
        *("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"),
        *("TransactGetItems", "TransactWriteItems", "UpdateItem"),
    )


def test_what_only_scheduled_functions_send_is_not_steady() -> None:
    scheduled = replace(
        LARGE, functions=tuple(replace(f, schedule="rate(1 day)") for f in LARGE.functions)
    )
    for table in LARGE.tables:
        assert deployment.operations_on(scheduled, table) == deployment.operations_on(LARGE, table)
        assert deployment.steady_operations_on(scheduled, table) == ()
    assert "Query" in deployment.steady_operations_on(LARGE, ORDERS)
