"""Test how functions are entered: streams, schedules, the HTTP API."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

from keyline.model import AnythingBut, DeclarationError, StreamSource, System
from keyline_cdk.data_table import DataTable
from keyline_cdk.handler_function import HandlerFunction
from keyline_cdk.stream_consumer import StreamConsumer, filters_of
from keyline_deploy.systems import systems
from tests.support.sample.books import BOOKS
from tests.support.sample.orders import ORDERS, STREAM
from tests.support.sample.shop import LARGE
from tests.support.templates import (
    ENVIRONMENTS,
    FULL,
    Templates,
    no_bundle,
    only,
    render,
    resources,
    schedules,
    topic,
)

MAPPING = "AWS::Lambda::EventSourceMapping"
CONSUMERS = [(s.name, f.name) for s in systems() for f in s.functions if f.source]
"""Every function that consumes a stream, with its system."""


@pytest.mark.requirement("X-05")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_stream_consumer_is_bounded_and_loses_nothing(
    environment: str, templates: Templates
) -> None:
    mappings = [
        (template, mapping)
        for template in templates(environment).values()
        for mapping in resources(template, MAPPING).values()
    ]
    assert len(mappings) == len(CONSUMERS)
    for template, mapping in mappings:
        assert 0 <= mapping["MaximumRetryAttempts"] <= 10
        assert 60 <= mapping["MaximumRecordAgeInSeconds"] <= 86_400
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        queue_id, _ = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"]
        queue = resources(template, "AWS::SQS::Queue")[queue_id]
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 86_400
        (policy,) = (
            policy["PolicyDocument"]["Statement"]
            for policy in resources(template, "AWS::SQS::QueuePolicy").values()
            if policy["Queues"] == [{"Ref": queue_id}]
        )
        assert [(s["Effect"], s["Condition"]) for s in policy] == [
            ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
        ]


@pytest.mark.requirement("X-05", "X-06")
def test_a_consumer_that_lags_or_gives_up_raises_an_alarm(templates: Templates) -> None:
    thresholds = {
        (alarm["MetricName"], dimension["Name"], dimension["Value"]): alarm["Threshold"]
        for template in templates("prod").values()
        for alarm in resources(template, "AWS::CloudWatch::Alarm").values()
        for dimension in alarm.get("Dimensions", [])
        if alarm["MetricName"] in ("IteratorAge", "ApproximateNumberOfMessagesVisible")
    }
    lags, failures = "IteratorAge", "ApproximateNumberOfMessagesVisible"
    names = [f"{system}-{function}-prod" for system, function in CONSUMERS]
    assert thresholds == {
        **{(lags, "FunctionName", name): 60_000 for name in names},
        **{(failures, "QueueName", f"{name}-failed"): 0 for name in names},
    }


@pytest.mark.requirement("X-10")
def test_a_condition_becomes_the_filter_of_the_mapping(out: Path) -> None:
    def add(stack: cdk.Stack) -> None:
        handler = HandlerFunction(
            stack,
            "Handler",
            system=LARGE,
            function=STREAM,
            environment=FULL,
            bundle=no_bundle(out)(LARGE, STREAM),
        )
        StreamConsumer(
            stack,
            "Consumer",
            system=LARGE,
            function=handler,
            source=StreamSource(
                table=ORDERS, events=("INSERT",), where={"total": AnythingBut((0,))}
            ),
            stream_arn="arn:aws:dynamodb:eu-west-1:222222222222:table/CustomerOrders/stream/x",
            environment=FULL,
            topic=topic(stack),
        )

    (mapping,) = resources(render(add, out), MAPPING).values()
    (only_filter,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(only_filter["Pattern"]) == {
        "dynamodb": {"NewImage": {"total": {"N": [{"anything-but": ["0"]}]}}},
        "eventName": ["INSERT"],
    }


def test_a_filter_that_is_longer_than_lambda_takes_is_refused() -> None:
    many = tuple(str(number) for number in range(1_000))
    source = StreamSource(table=ORDERS, events=("INSERT",), where={"city": many})
    with pytest.raises(DeclarationError, match="4096") as refused:
        filters_of(source)
    assert refused.value.path == "CustomerOrders.stream.where"


def test_a_table_without_a_stream_cannot_be_consumed(out: Path) -> None:
    def add(stack: cdk.Stack) -> None:
        assert DataTable(stack, "Data", table=BOOKS, environment=FULL).stream_arn

    with pytest.raises(DeclarationError, match=r"Books\.stream"):
        render(add, out)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_route_asks_for_a_token(
    system: System, environment: str, templates: Templates
) -> None:
    template = templates(environment)[f"{system.name}-service-{environment}"]
    routes = resources(template, "AWS::ApiGatewayV2::Route").values()
    assert {
        (route["RouteKey"], tuple(route.get("AuthorizationScopes", ()))) for route in routes
    } == {
        (f"{route.method} {route.path}", (route.scope,) if route.scope else ())
        for function in system.functions
        for route in function.routes
    }
    assert {route["AuthorizationType"] for route in routes} == {"JWT"}
    assert "$default" not in {route["RouteKey"] for route in routes}


@pytest.mark.requirement("X-07")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_each_route_has_a_permission_of_its_own(system: System, templates: Templates) -> None:
    template = templates("prod")[f"{system.name}-service-prod"]
    sources = [
        json.dumps(permission["SourceArn"])
        for permission in resources(template, "AWS::Lambda::Permission").values()
        if permission["Principal"] == "apigateway.amazonaws.com"
    ]
    routes = resources(template, "AWS::ApiGatewayV2::Route").values()
    assert len(sources) == len(routes)
    for route in routes:
        _, path = route["RouteKey"].split(" ")
        assert any(f'/*/*{path}"' in source for source in sources)


@pytest.mark.requirement("M-26")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_every_api_is_throttled_and_open_to_its_environment_s_pages_only(
    system: System, templates: Templates
) -> None:
    template = templates("prod")[f"{system.name}-service-prod"]
    stage = only(template, "AWS::ApiGatewayV2::Stage")
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": 500,
        "ThrottlingBurstLimit": 1000,
    }
    cors = only(template, "AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://app.example.com"]


@pytest.mark.requirement("X-18")
@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_the_access_log_holds_no_personal_data(system: System, templates: Templates) -> None:
    stage = only(templates("prod")[f"{system.name}-service-prod"], "AWS::ApiGatewayV2::Stage")
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert logged["requestId"] == "$context.requestId"
    for personal in ("identity", "claims", "$context.path", "principal", "userAgent"):
        assert not any(personal in variable for variable in logged.values())


@pytest.mark.parametrize("system", systems(), ids=lambda s: s.name)
def test_what_is_scheduled_runs_as_declared(system: System, templates: Templates) -> None:
    assert schedules(templates("prod")[f"{system.name}-service-prod"]) == {
        f"{system.name}-{function.name}-prod": function.schedule
        for function in system.functions
        if function.schedule
    }
