"""Buses, rules, schedules and the notifications of buckets, as templates have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Deployment, Holds, Input, TargetKind
from tests.keyline_local.local_assembly import deployment

PATTERN = {"source": ["shop"]}


def resource(type_: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type_, "Properties": properties}


def arn(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def rule(*targets: Any, **more: Any) -> dict[str, Any]:
    return resource("AWS::Events::Rule", EventPattern=PATTERN, Targets=targets, **more)


FUNCTION = resource(
    "AWS::Lambda::Function",
    Code={"ZipFile": "x"},
    Handler="index.handler",
    Runtime="python3.13",
    Role=arn("Role"),
)


def fifo(**more: Any) -> dict[str, Any]:
    return resource("AWS::SQS::Queue", QueueName="q.fifo", FifoQueue=True, **more)


def read(path: Path, **more: Any) -> Deployment:
    resources = {
        "Role": resource("AWS::IAM::Role"),
        "F": FUNCTION,
        "Q": fifo(ContentBasedDeduplication=True),
        "P": resource("AWS::SQS::Queue", QueueName="plain"),
        "T": resource("AWS::SNS::Topic"),
        "O": resource("AWS::SNS::Topic", TopicName="t.fifo", FifoTopic=True),
        "Bus": resource("AWS::Events::EventBus", Name="shop"),
        **more,
    }
    return deployment(path, {"Data": {"Resources": resources}})


def test_a_rule_of_a_bus_has_its_targets_of_each_kind(tmp_path: Path) -> None:
    transformer = {"InputPathsMap": {"a": "$.detail.a"}, "InputTemplate": '"<a>"'}
    made = rule(
        {"Id": "1", "Arn": arn("F"), "InputPath": "$.detail"},
        {"Id": "2", "Arn": arn("Q"), "SqsParameters": {"MessageGroupId": "g"}},
        {"Id": "3", "Arn": {"Ref": "T"}, "InputTransformer": transformer},
        {"Id": "4", "Arn": "arn:aws:events:us-east-1:000000000000:event-bus/default"},
        {"Id": "5", "Arn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/x"},
        Name="orders",
        EventBusName=arn("Bus"),
        State="DISABLED",
    )
    found = read(tmp_path, R=made)
    (taken,) = found.rules
    assert (taken.name, taken.bus, taken.enabled, taken.pattern) == (
        "orders",
        "shop",
        False,
        PATTERN,
    )
    assert taken.arn == "arn:aws:events:us-east-1:000000000000:rule/shop/orders"
    assert [each.kind for each in taken.targets] == [*TargetKind]
    assert [each.address for each in taken.targets] == [
        "Data-F",
        found.queues[0].url,
        found.topics[0].arn,
        "default",
        "/aws/events/x",
    ]
    assert taken.targets[0].input == Input(path="$.detail")
    assert taken.targets[1].group == "g"
    assert taken.targets[2].input == Input(paths={"a": "$.detail.a"}, template='"<a>"')
    assert (found.buses, found.schedules) == (["shop"], [])


def test_a_rule_of_a_bus_is_referred_to_with_its_bus(tmp_path: Path) -> None:
    outputs = {"Rule": {"Value": {"Ref": "R"}}}
    resources = {
        "Bus": resource("AWS::Events::EventBus", Name="shop"),
        "R": rule(Name="orders", EventBusName={"Ref": "Bus"}),
    }
    found = deployment(tmp_path, {"Data": {"Resources": resources, "Outputs": outputs}})
    assert found.outputs == {"Data.Rule": "shop|orders"}


def test_a_rule_may_listen_to_a_bus_of_others(tmp_path: Path) -> None:
    found = read(tmp_path, R=rule(EventBusName="aws.partner/shop.example/1"))
    assert found.rules[0].bus == "aws.partner/shop.example/1"
    assert found.buses == ["aws.partner/shop.example/1", "shop"]


def test_a_schedule_of_scheduler_has_a_time_zone_and_one_target(tmp_path: Path) -> None:
    entry = {"DetailType": "Tick", "Source": "clock"}
    found = read(
        tmp_path,
        S=resource(
            "AWS::Scheduler::Schedule",
            ScheduleExpression="cron(0 9 * * ? *)",
            ScheduleExpressionTimezone="Europe/Madrid",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn("F"), "RoleArn": arn("Role"), "Input": "{}"},
        ),
        E=resource(
            "AWS::Scheduler::Schedule",
            ScheduleExpression="at(2030-01-01T00:00:00)",
            Target={"Arn": arn("Bus"), "EventBridgeParameters": entry},
        ),
    )
    clock, event = found.schedules
    assert (clock.timezone, clock.is_scheduler) == ("Europe/Madrid", True)
    assert clock.targets[0].input == Input(constant="{}")
    assert (event.targets[0].kind, event.targets[0].entry) == (TargetKind.BUS, entry)


def invoke_config(**more: Any) -> dict[str, Any]:
    return resource("AWS::Lambda::EventInvokeConfig", FunctionName={"Ref": "F"}, **more)


def test_a_function_has_the_retries_of_its_configuration(tmp_path: Path) -> None:
    found = read(tmp_path, I=invoke_config(MaximumRetryAttempts=0, Qualifier="$LATEST"))
    assert found.functions[0].retries == 0
    assert read(tmp_path / "default").functions[0].retries == 2


def bucket(**more: Any) -> dict[str, Any]:
    return resource("AWS::S3::Bucket", BucketName="b", NotificationConfiguration=more)


BRIDGED = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectAcl:Put"]
FILTER = {"S3Key": {"Rules": [{"Name": "suffix", "Value": ".png"}]}}


def test_a_bucket_tells_a_function_through_a_queue_of_the_platform(tmp_path: Path) -> None:
    created = "s3:ObjectCreated:*"
    configured = bucket(
        LambdaConfigurations=[{"Event": created, "Function": arn("F"), "Filter": FILTER}],
        QueueConfigurations=[{"Event": created, "Queue": arn("P")}],
        TopicConfigurations=[{"Event": created, "Topic": {"Ref": "T"}}],
        EventBridgeConfiguration={"EventBridgeEnabled": True},
    )
    found = read(tmp_path, B=configured)
    (made,) = found.buckets
    function, bus = found.queue_mappings
    assert (function.function, function.holds) == ("Data-F", Holds.OBJECT_EVENTS)
    assert (bus.function, bus.holds) == ("", Holds.EVENTS_FOR_THE_BUS)
    assert function.queue in found.queues
    assert bus.queue in found.queues
    key = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".png"}]}}
    assert made.notifications["QueueConfigurations"] == [
        {"QueueArn": function.queue.arn, "Events": [created], "Filter": key},
        {"QueueArn": found.queues[1].arn, "Events": [created]},
        {"QueueArn": bus.queue.arn, "Events": BRIDGED},
    ]
    assert made.notifications["TopicConfigurations"] == [
        {"TopicArn": found.topics[0].arn, "Events": [created]}
    ]


def test_the_custom_resource_of_the_cdk_says_the_same(tmp_path: Path) -> None:
    configured = {
        "LambdaFunctionConfigurations": [
            {
                "Events": ["s3:ObjectCreated:Put"],
                "LambdaFunctionArn": arn("F"),
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
            }
        ],
        "EventBridgeConfiguration": {},
    }
    custom = resource(
        "Custom::S3BucketNotifications",
        ServiceToken=arn("Provider"),
        BucketName={"Ref": "B"},
        NotificationConfiguration=configured,
        Managed=True,
    )
    provider = resource("AWS::Lambda::Function", Runtime="nodejs22.x", Handler="index.handler")
    found = read(tmp_path, B=resource("AWS::S3::Bucket"), N=custom, Provider=provider)
    function, bus = found.queue_mappings
    first, _ = found.buckets[0].notifications["QueueConfigurations"]
    assert first["QueueArn"] == function.queue.arn
    assert first["Filter"]["Key"]["FilterRules"] == [{"Name": "prefix", "Value": "in/"}]
    assert bus.holds is Holds.EVENTS_FOR_THE_BUS
    assert [each.name for each in found.functions] == ["Data-F"]


GROUPED = {"Id": "1", "Arn": arn("Q"), "SqsParameters": {"MessageGroupId": "g"}}


def notified(name: str) -> dict[str, Any]:
    bridged: dict[str, Any] = {"EventBridgeConfiguration": {}}
    return resource(
        "Custom::S3BucketNotifications", BucketName=name, NotificationConfiguration=bridged
    )


def scheduled(**more: Any) -> dict[str, Any]:
    return resource("AWS::Events::Rule", **{"ScheduleExpression": "rate(1 day)", **more})


def clock(**more: Any) -> dict[str, Any]:
    target = {"Arn": arn("F")}
    return resource(
        "AWS::Scheduler::Schedule", ScheduleExpression="rate(1 day)", Target=target, **more
    )


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"R": rule({"Id": "1", "Arn": "arn:aws:states:r:1:stateMachine:x"})}, "events go to"),
        ({"R": rule({"Id": "1", "Arn": arn("F"), "HttpParameters": {}})}, "HttpParameters of a"),
        ({"R": rule({"Id": "1", "Arn": arn("F"), "InputPath": "detail"})}, "is not a path"),
        (
            {"R": rule({"Id": "1", "Arn": "arn:aws:events:us-east-1:1:event-bus/default"})},
            "no stack defines the event bus",
        ),
        ({"I": invoke_config(DestinationConfig={})}, "does not support DestinationConfig"),
        ({"B": bucket(LambdaConfigurations=[{"Event": "e", "Function": "g"}])}, "Lambda function"),
        ({"B": bucket(QueueConfigurations=[{"Event": "e", "Queue": "a:q"}])}, "defines the queue"),
        ({"B": bucket(TopicConfigurations=[{"Event": "e", "Topic": "a:t"}])}, "defines the topic"),
        ({"B": bucket(QueueConfigurations=[{"Event": "e", "Queue": arn("Q")}])}, "a FIFO queue"),
        ({"B": bucket(TopicConfigurations=[{"Event": "e", "Topic": {"Ref": "O"}}])}, "FIFO topic"),
        ({"N": notified("of-others")}, "no stack defines the bucket 'of-others'"),
        ({"R": rule({"Id": "1", "Arn": arn("Q")})}, "a FIFO queue needs a MessageGroupId"),
        ({"R": rule(GROUPED), "Q": fifo()}, "ContentBasedDeduplication"),
        ({"R": rule({"Id": "1", "Arn": {"Ref": "O"}})}, "a FIFO topic"),
        ({"R": rule({**GROUPED, "SqsParameters": {"Delay": 1}})}, "Delay of SqsParameters"),
        ({"R": rule({"Id": "1", "Arn": arn("F"), "Input": "{}", "InputPath": "$"})}, "InputPath"),
        ({"R": rule({"Id": "1", "Arn": arn("F"), "InputTransformer": {}})}, "InputTemplate"),
        ({"R": rule(State="Enabled")}, "'Enabled' is not a state"),
        ({"R": resource("AWS::Events::Rule", Name="x")}, "neither an EventPattern nor a"),
        ({"R": scheduled(ScheduleExpression="cron(0 3 * * * *)")}, "exactly one of day-of-month"),
        ({"R": scheduled(EventBusName={"Ref": "Bus"})}, "only the default bus has schedules"),
        ({"R": scheduled(Name="x"), "S": clock(Name="x")}, "the name 'x' of the schedule"),
        ({"S": clock(State="on")}, "'on' is not a state"),
        ({"I": invoke_config() | {"Properties": {"FunctionName": "g"}}}, "Lambda function 'g'"),
        (
            {"I": invoke_config(MaximumRetryAttempts=0), "J": invoke_config(Qualifier="live")},
            "another configuration of Data-F",
        ),
        (
            {"S": resource("AWS::Scheduler::Schedule", ScheduleExpression="at(x)", Target={})},
            "a moment is written as",
        ),
    ],
)
def test_what_could_not_be_honoured_is_refused(tmp_path: Path, more: Any, says: str) -> None:
    with pytest.raises(LocalPlatformError, match=says):
        read(tmp_path, **more)
