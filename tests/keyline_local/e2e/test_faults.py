"""A fault on purpose sets off its alarm, which tells its topic, and ends it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from keyline import variables
from keyline_deploy.alarms import State
from keyline_local.host.clients import client
from keyline_local.host.errors import LocalPlatformError
from keyline_local.platform import Platform
from keyline_local.services.faults import Kind
from tests.keyline_local.local_assembly import table, write_assembly

HANDLER = "def handler(event, context):\n    return {}\n"
MINUTE, DAY = 60, 86_400


def alarm(metric: str, **properties: Any) -> Mapping[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": "daily"}],
            "Period": MINUTE,
            "Statistic": "Sum",
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmDescription": "It fails. Runbook: docs/runbooks/alarms.md#a-function-fails",
            "AlarmActions": [{"Ref": "Told"}],
            "OKActions": [{"Ref": "Told"}],
            **properties,
        },
    }


RUNS = {
    "Namespace": "AWS/Lambda",
    "MetricName": "Invocations",
    "Dimensions": [{"Name": "FunctionName", "Value": "daily"}],
}
SILENT = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "Metrics": [
            {"Id": "e1", "Expression": "FILL(m1, 0)", "ReturnData": True},
            {
                "Id": "m1",
                "MetricStat": {"Metric": RUNS, "Period": DAY, "Stat": "Sum"},
                "ReturnData": False,
            },
        ],
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
    },
}
THROTTLED = {
    "Namespace": "AWS/DynamoDB",
    "Dimensions": [{"Name": "TableName", "Value": "Notes-local"}],
    "EvaluationPeriods": 7,
    "DatapointsToAlarm": 5,
}
TEMPLATE = {
    "Resources": {
        "Notes": table("Notes-local"),
        "Role": {"Type": "AWS::IAM::Role", "Properties": {}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "daily",
                "Code": {"S3Bucket": "assets", "S3Key": "code.zip"},
                "Handler": "app.handler",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": "daily",
                "ScheduleExpression": "rate(1 day)",
                "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}],
            },
        },
        "Told": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "told"}},
        "Mails": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "mails"}},
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Told"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Mails", "Arn"]},
                "RawMessageDelivery": True,
            },
        },
        "Errors": alarm("Errors"),
        "Silent": SILENT,
        "Throttled": alarm("WriteThrottleEvents", **THROTTLED),
    }
}


@pytest.fixture
def assembly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(variables.DYNAMODB_ENDPOINT, raising=False)
    folder = write_assembly(
        tmp_path / "cdk.out", {"Orders": TEMPLATE}, assets={"code.zip": "asset.code"}
    )
    (folder / "asset.code").mkdir()
    (folder / "asset.code" / "app.py").write_text(HANDLER)
    return folder


class Seen:
    """The alarms of a platform, and what its topic's subscriber has received."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._sqs = client("sqs", platform.endpoints.aws, platform.deployment.region)
        self._mails = next(q.url for q in platform.deployment.queues if q.name == "mails")

    @property
    def on(self) -> list[str]:
        return [each.name for each in self._platform.alarms() if each.state is State.ALARM]

    async def mails(self) -> list[tuple[str, str]]:
        answer = await asyncio.to_thread(
            self._sqs.receive_message, QueueUrl=self._mails, MaxNumberOfMessages=10
        )
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        return [(body["AlarmName"], body["NewStateValue"]) for body in bodies]


def test_faults_set_off_alarms_that_tell_and_end(root: Path, assembly: Path) -> None:
    async def scenario() -> None:
        state = assembly.parent / "state"
        async with Platform(root=root, assembly=assembly, state=state) as platform:
            seen = Seen(platform)

            # A function that dies with each event, until that is repaired
            platform.begin_fault(Kind.CRASH, "daily", 600)
            crashed = await platform.invoke("daily", {})
            assert b"signal: killed" in crashed.payload
            await platform.advance(MINUTE)
            assert seen.on == ["Errors"]
            assert await seen.mails() == [("Orders/Errors", "ALARM")]
            assert [each.name for each in platform.status().alarms] == ["Errors"]
            assert [fault.name for fault in platform.end_faults("daily")] == ["daily"]
            assert (await platform.invoke("daily", {})).function_error is None
            await platform.advance(MINUTE)
            assert seen.on == []
            assert await seen.mails() == [("Orders/Errors", "OK")]

            # A table that is throttled for five minutes; nothing asks it meanwhile
            platform.begin_fault(Kind.THROTTLE, "Notes", 5 * MINUTE)
            await platform.advance(5 * MINUTE)
            assert seen.on == ["Throttled"]
            await platform.advance(7 * MINUTE)
            assert seen.on == []

            # A rule that does not run, for whole days
            platform.begin_fault(Kind.PAUSE, "daily", 3 * DAY)
            await platform.advance(3 * DAY)
            assert seen.on == ["Silent"]
            await platform.advance(2 * DAY)
            assert seen.on == []

            with pytest.raises(LocalPlatformError, match="no such table or index"):
                platform.begin_fault(Kind.THROTTLE, "Notse", 60)
            with pytest.raises(LocalPlatformError, match="nothing goes wrong there"):
                platform.end_faults("Notes")
            with pytest.raises(LocalPlatformError, match="not a time that can be skipped"):
                await platform.advance(0)
        lines = (state / "logs" / "alarms.log").read_text()
        assert "Orders/Errors is ALARM: read docs/runbooks/alarms.md#a-function-fails" in lines

    asyncio.run(scenario())
