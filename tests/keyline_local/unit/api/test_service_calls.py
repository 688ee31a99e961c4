"""Routes that call a service: what is sent, and what the client gets."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from keyline_local.api.http_event import HttpRequest, HttpResponse
from keyline_local.api.service_calls import MissingPartError, ServiceCalls
from keyline_local.call_parameters import is_known
from keyline_local.host.errors import LocalPlatformError
from keyline_local.resources import Deployment, EventRule, ServiceCall, Target, TargetKind
from keyline_local.triggers.event_bus import EventBuses
from keyline_local.triggers.targets import Sent, Targets
from tests.keyline_local.local_assembly import deployment

CONTEXT = {"requestId": "r1", "stage": "$default"}


class Sqs:
    """Takes note of what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **given: Any) -> dict[str, str]:
        self.sent.append(given)
        return {"MessageId": "m1", "MD5OfMessageBody": "md5"}


class Invoker:
    """Takes note of what a function is handed."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def invoke(self, name: str, payload: bytes) -> Sent:
        self.events.append(json.loads(payload))
        return Sent()


def call(
    operation: str, parameters: dict[str, str], body: bytes = b"", query: str = ""
) -> tuple[HttpResponse, Sqs, Invoker]:
    sqs, invoker = Sqs(), Invoker()
    target = Target(kind=TargetKind.FUNCTION, address="f")
    pattern = {"source": [{"exists": True}]}
    rule = EventRule(
        logical_id="R", name="r", arn="arn:r", bus="default", pattern=pattern, targets=[target]
    )
    request = HttpRequest(
        method="POST",
        path="/x",
        query=query,
        headers=[("x-kind", "big")],
        source_ip="127.0.0.1",
        protocol="HTTP/1.1",
        received=datetime.now(UTC),
    )

    async def run() -> HttpResponse:
        buses = EventBuses([rule], [], account="1", region="r", targets=Targets(invoker))
        calls = ServiceCalls(lambda: sqs, buses)
        made = ServiceCall(operation=operation, parameters=parameters)
        answer = await calls.answer(made, request, body, {"id": "7"}, CONTEXT)
        await buses.settle()
        return answer

    return asyncio.run(run()), sqs, invoker


def test_a_message_has_the_parts_of_the_request() -> None:
    answer, sqs, _ = call(
        "SQS-SendMessage",
        {
            "QueueUrl": "http://q",
            "MessageBody": "$request.body.order",
            "MessageGroupId": "$request.path.id",
            "DelaySeconds": "$request.querystring.wait",
        },
        json.dumps({"order": {"id": 5}}).encode(),
        "wait=3",
    )
    assert sqs.sent == [
        {
            "QueueUrl": "http://q",
            "MessageBody": '{"id": 5}',
            "MessageGroupId": "7",
            "DelaySeconds": 3,
        }
    ]
    assert answer.status == 200
    assert b"<MessageId>m1</MessageId>" in answer.body


def test_an_event_has_the_parts_of_the_request() -> None:
    answer, _, invoker = call(
        "EventBridge-PutEvents",
        {
            "Source": "web",
            "DetailType": "of ${request.header.X-Kind} in ${context.stage}",
            "Detail": "$request.body",
        },
        b'{"id": "a"}',
    )
    (event,) = invoker.events
    assert (event["source"], event["detail-type"]) == ("web", "of big in $default")
    assert event["detail"] == {"id": "a"}
    told = json.loads(answer.body)
    assert (told["FailedEntryCount"], told["Entries"]) == (0, [{"EventId": event["id"]}])


def test_an_event_that_eventbridge_refuses_is_told_in_the_entry() -> None:
    given = {"Source": "web", "DetailType": "x", "Detail": "$request.body"}
    answer, _, invoker = call("EventBridge-PutEvents", given, b"no JSON")
    told = json.loads(answer.body)
    assert (told["FailedEntryCount"], told["Entries"][0]["ErrorCode"]) == (1, "MalformedDetail")
    assert invoker.events == []


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}"])
def test_a_required_part_that_is_not_there_is_told(body: bytes) -> None:
    with pytest.raises(MissingPartError, match="MessageBody"):
        call("SQS-SendMessage", {"QueueUrl": "q", "MessageBody": "$request.body.a"}, body)


@pytest.mark.parametrize(
    ("value", "known"),
    [
        ("plain", True),
        ("$request.body", True),
        ("$request.body.a.b", True),
        ("$request.header.x-a", True),
        ("of ${request.path.id}", True),
        ("costs 5 $", True),
        ("$context.identity.sourceIp", False),
        ("$stageVariables.a", False),
        ("$request.body[0]", False),
        ("of ${context.authorizer.x}", False),
    ],
)
def test_a_value_that_cannot_be_read_is_known_before_a_request(value: str, known: bool) -> None:
    assert is_known(value) is known


def read(path: Path, **integration: Any) -> Deployment:
    def part(kind: str, **properties: Any) -> dict[str, Any]:
        owner = {} if kind == "Api" else {"ApiId": {"Ref": "Api"}}
        return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {**owner, **properties}}

    given = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "1.0", **integration}
    target = {"Fn::Join": ["/", ["integrations", {"Ref": "To"}]]}
    resources = {
        "Api": part("Api", Name="api", ProtocolType="HTTP"),
        "Stage": part("Stage", StageName="$default", AutoDeploy=True),
        "To": part("Integration", CredentialsArn="arn:aws:iam::1:role/x", **given),
        "Post": part("Route", RouteKey="POST /", Target=target),
    }
    return deployment(path, {"Data": {"Resources": resources}})


def test_a_route_has_its_call(tmp_path: Path) -> None:
    given = {"QueueUrl": "http://q", "MessageBody": "$request.body"}
    found = read(tmp_path, IntegrationSubtype="SQS-SendMessage", RequestParameters=given)
    (route,) = found.apis[0].routes
    assert route.call == ServiceCall(operation="SQS-SendMessage", parameters=given)
    assert route.function == ""


@pytest.mark.parametrize(
    ("subtype", "parameters", "says"),
    [
        ("Kinesis-PutRecord", {}, "does not call 'Kinesis-PutRecord'"),
        ("SQS-SendMessage", {"Region": "x"}, "does not support Region"),
        ("SQS-SendMessage", {"MessageBody": "$context.error.message"}, "support MessageBody"),
    ],
)
def test_what_could_not_be_called_is_refused(
    tmp_path: Path, subtype: str, parameters: dict[str, str], says: str
) -> None:
    with pytest.raises(LocalPlatformError, match=says):
        read(tmp_path, IntegrationSubtype=subtype, RequestParameters=parameters)
